/* SPDX-License-Identifier: MIT
 *
 * anon: finds personal data in a document and replaces it, leaving every other byte as it was.
 * The face of the folder.
 *
 *     detect -> reconcile -> propagate -> decide (policy) -> replace (operator) -> re-scan ->
 * verdict
 *
 * An anonymizer is opened once, never written again, and may be used by any thread. Text is never
 * generated: the output is the input with spans replaced by position.
 */
#ifndef SIGILO_ANON_ANON_H
#define SIGILO_ANON_ANON_H

#include <stddef.h>
#include <stdint.h>

#include "anon/kinds.h"
#include "anon/policy.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "doc/doc.h"

enum detector {
    DETECTOR_RULES = 1u << 0,
    DETECTOR_TAGGER = 1u << 1,
    DETECTOR_LLM = 1u << 2,
    DETECTOR_PATIENT = 1u << 3,
    DETECTOR_ALL = 1u << 30, /* those that can run */
};

/* Parses "rules,tagger" or "all". ERR_INVALID names the unknown one. */
enum status detectors_parse(unsigned *out, const char *list, struct error *err);

enum verdict { VERDICT_PASS, VERDICT_REVIEW, VERDICT_FAIL };
const char *verdict_name(enum verdict verdict); /* "PASS"... */

struct anonymizer;
struct patient; /* anon/patient.h */

enum operating_point {
    POINT_DEFAULT, /* the policy's: chosen by what leaks */
    POINT_F1,      /* the likeliest reading, for comparing with published figures */
};

struct anonymizer_options {
    const struct policy *policy;   /* borrowed for the anonymizer's life */
    unsigned detectors;            /* OR of enum detector, or DETECTOR_ALL */
    const struct patient *patient; /* borrowed; NULL: nobody is known */
    const char *tagger_path;       /* NULL: the built-in one */
    const char *isa;               /* the tagger's highest instruction set; NULL: all there is */
    size_t n_threads;              /* the tagger's; 0: as many as there are, at most 8 */
    enum operating_point point;
};

/* ERR_NOT_FOUND, ERR_INVALID, ERR_UNSUPPORTED for a tagger file that cannot be used. */
enum status anonymizer_open(struct anonymizer **out, const struct anonymizer_options *opt,
                            struct error *err);
void anonymizer_close(struct anonymizer *a); /* accepts NULL */

/* One replaced span. */
struct anon_span {                 /* compact: a 100 MB document may have ten million */
    uint32_t start, end;           /* code points of the decoded input, end exclusive */
    uint32_t start_byte, end_byte; /* bytes of the original */
    uint64_t rules;                /* which rules found it: bits of enum rule (anon/rule.h) */
    const char *replacement;       /* UTF-8, borrowed from the result */
    const char *label;             /* the policy's, borrowed from the policy */
    enum kind kind;
    float score; /* 0..1 */
};

/* Why a document is not a PASS; static sentences with counts, never text of the note. */
struct anon_reason {
    const char *code; /* "low_confidence", "residual", "encoding", "nul", "disagreement" */
    size_t count;
};

enum { ANON_REASONS_MAX = 8 };

struct anon_result {
    enum verdict verdict;
    struct anon_reason reasons[ANON_REASONS_MAX];
    size_t n_reasons;
    struct anon_span *spans; /* [n_spans], in order, never overlapping */
    size_t n_spans;
    double detect_ms, total_ms;
    struct arena arena; /* replacements live here */
};

/* Finds, decides, re-scans. The result borrows from the anonymizer's policy.
 * ERR_LIMIT when a pattern of the site hit its match limit (the message names the pattern's place
 * in the policy), ERR_UNSUPPORTED when a detector asked for cannot run, ERR_INVALID when something
 * known of the patient would be left in the text, ERR_NOMEM. */
enum status anonymize(struct anon_result *out, const struct anonymizer *a,
                      const struct document *doc, struct error *err);

/* The whole output, in the document's own encoding. ERR_NOMEM. */
enum status anon_render(struct strbuf *out, const struct anon_result *result,
                        const struct document *doc, struct error *err);

void anon_result_release(struct anon_result *result);

/* A sentence for people about a reason, translated; static storage. */
const char *anon_reason_text(const char *code);

/* The rules behind a span, for --json and --explain: bit `i` of anon_span.rules. */
const char *rule_detector(unsigned i); /* "rules:date", "propagated"; NULL past the last */
const char *rule_why(unsigned i);      /* translated: "día, mes y año en cifras" */

#endif
