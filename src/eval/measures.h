/* SPDX-License-Identifier: MIT
 *
 * Span measures: what a detector found against what a person marked.
 *
 * With tp found and marked, fp found only, fn marked only:
 *
 *     precision = tp / (tp + fp)   recall = tp / (tp + fn)   F1 = 2 tp / (2 tp + fp + fn)
 *
 *   strict   label, start and end agree          (MEDDOCAN track 1: Marimon et al., IberLEF 2019)
 *   span     start and end agree                 (track 2, strict)
 *   merged   start and end agree once neighbours of any label are joined, when only characters
 *            that are neither letter nor digit lie between them (track 2, merged)
 *
 * All are micro: counted over the whole corpus. The same span twice counts once. Whatever is not
 * returned counts as missed (the shared task's script skips such documents). A share 0/0 is
 * unknown, which is NAN here and null in a report. Nothing here detects: these functions take
 * spans from anywhere.
 */
#ifndef SIGILO_EVAL_MEASURES_H
#define SIGILO_EVAL_MEASURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "anon/policy.h"
#include "base/error.h"
#include "base/mem.h"

/* A marked or found span of a note. */
struct eval_span {
    size_t start, end;                /* code points, end exclusive */
    const char *label;                /* borrowed */
    enum identifier_class identifier; /* of marked ones */
    size_t n_replacement; /* of replaced ones: code points that stand in its place in the output */
    size_t line;          /* of marked ones: in the .ann file, 0 when there is none */
};

/* One note to score; everything borrowed. Spans are as eval_spans_sort leaves them. Marked spans
 * lie inside the text; found ones, being somebody else's, may not: they are then simply wrong. */
struct eval_note {
    const uint32_t *text; /* [n], code points */
    size_t n;
    const struct eval_span *gold; /* [n_gold], marked and counted */
    size_t n_gold;
    const struct eval_span *aside; /* [n_aside], marked, of kinds the policy keeps: no measure */
    size_t n_aside;                /* sees them */
    const struct eval_span *found; /* [n_found] */
    size_t n_found;
    const struct eval_span *replaced; /* [n_replaced], in order, apart, inside the text: what the */
    size_t n_replaced;                /* output has something else for */
    const struct eval_span *clinical; /* [n_clinical], terms that no redaction may touch */
    size_t n_clinical;
    const uint32_t *output; /* [n_output], the anonymised text */
    size_t n_output;
};

struct eval_counts {
    size_t tp, fp, fn;
};

struct eval_label {
    char *label; /* owned */
    struct eval_counts strict;
    size_t n_entities, n_covered;
};

/* Sums over a corpus; the shares are made of them when a report is written. */
struct eval_scores {
    size_t n_documents, n_missing, n_review, n_failed;
    size_t n_entities;
    bool labels_comparable; /* the corpus has the policy's labels: strict means something */
    struct eval_counts strict, span, merged;
    struct array labels; /* of struct eval_label, sorted by name */

    /* privacy.h */
    size_t n_personal, n_personal_replaced;           /* characters inside entities */
    size_t n_other, n_other_replaced;                 /* characters outside them */
    size_t n_kept, n_kept_surviving;                  /* outside entities and replacements */
    size_t n_covered, n_direct, n_direct_covered;     /* entities */
    size_t n_quasi, n_quasi_leaked;                   /* entities */
    size_t n_documents_leak, n_documents_direct_leak; /* documents */
    double replaced_share_sum;                        /* over entities, for ALID */
    size_t n_replaced_enough;                         /* entities, for LR */
    bool clinical_known;
    size_t n_clinical, n_clinical_touched; /* terms */

    double seconds;        /* of the whole run */
    double detect_seconds; /* of detection alone */
};

/* Sorts by start, end and label and drops repetitions. */
void eval_spans_sort(struct eval_span *spans, size_t *n);

/* Adds a note's strict, span and merged counts. ERR_NOMEM. */
enum status eval_measure_spans(struct eval_scores *scores, const struct eval_note *note,
                               struct error *err);

/* The row of a label, made when there is none; NULL when memory is short. */
struct eval_label *eval_label_of(struct eval_scores *scores, const char *label);

void eval_scores_release(struct eval_scores *scores);

/* part / whole; NAN for 0/0. */
double eval_share(size_t part, size_t whole);
double eval_precision(const struct eval_counts *c);
double eval_recall(const struct eval_counts *c);
double eval_f1(const struct eval_counts *c);

/* Calls back for every missed (found false) and spurious (found true) span of a note, strictly
 * compared, or without labels when they are not comparable. */
typedef void eval_error_fn(void *ctx, const struct eval_span *span, bool found);
void eval_errors(const struct eval_note *note, bool labels_comparable, eval_error_fn *fn,
                 void *ctx);

/* A letter or a digit, as Unicode has it (categories L and N), and a broken byte, which may have
 * been one. */
bool eval_is_alnum(uint32_t cp);

#endif
