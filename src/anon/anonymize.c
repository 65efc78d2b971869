/* SPDX-License-Identifier: MIT
 *
 * From a document to a result: detect, decide by the policy, write replacements, reach a verdict.
 */
#include "anon/anon.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "anon/detect.h"
#include "anon/rule.h"
#include "anon/site.h"
#include "base/clock.h"
#include "base/intl.h"
#include "base/mem.h"
#include "tagger/tagger.h"

struct anonymizer {
    const struct policy *policy;
    struct site *site;
    struct tagger *tagger; /* NULL: not asked for */
    const struct patient *patient;
    unsigned detectors;
    enum operating_point point;
};

static const struct {
    const char *name;
    enum detector detector;
} detector_names[] = {
    {"rules", DETECTOR_RULES},
    {"tagger", DETECTOR_TAGGER},
    {"llm", DETECTOR_LLM},
    {"patient", DETECTOR_PATIENT},
};

enum status detectors_parse(unsigned *out, const char *list, struct error *err) {
    unsigned detectors = 0;
    if (strcmp(list, "all") == 0) {
        *out = DETECTOR_ALL;
        return OK;
    }
    for (const char *s = list;;) {
        const size_t n = strcspn(s, ",");
        unsigned found = 0;
        for (size_t i = 0; i < sizeof(detector_names) / sizeof(detector_names[0]); i++)
            if (strlen(detector_names[i].name) == n && memcmp(detector_names[i].name, s, n) == 0)
                found = detector_names[i].detector;
        if (!found)
            return fail(err, ERR_INVALID,
                        _("unknown detector in \"%s\"; there are rules, tagger, llm, patient, all"),
                        list);
        detectors |= found;
        if (s[n] == '\0') break;
        s += n + 1;
    }
    *out = detectors;
    return OK;
}

const char *verdict_name(enum verdict verdict) {
    switch (verdict) {
    case VERDICT_PASS: return "PASS";
    case VERDICT_REVIEW: return "REVIEW";
    case VERDICT_FAIL: return "FAIL";
    }
    return "FAIL";
}

static bool wants(unsigned detectors, enum detector one) {
    return (detectors & ((unsigned)DETECTOR_ALL | (unsigned)one)) != 0;
}

static enum status open_tagger(struct tagger **out, const struct anonymizer_options *opt,
                               struct error *err) {
    const char *kinds[KIND_COUNT];
    uint64_t kept = 0;
    for (int k = 0; k < KIND_COUNT; k++) {
        const struct policy_row *row = &opt->policy->rows[k];
        kinds[k] = kind_name((enum kind)k);
        if (!row->label || row->operator== OPERATOR_KEEP) kept |= (uint64_t)1 << k;
    }
    const struct tagger_options options = {.path = opt->tagger_path,
                                           .kinds = kinds,
                                           .n_kinds = KIND_COUNT,
                                           .joined = kept,
                                           .isa = opt->isa,
                                           .n_threads = opt->n_threads};
    return tagger_open(out, &options, err);
}

enum status anonymizer_open(struct anonymizer **out, const struct anonymizer_options *opt,
                            struct error *err) {
    struct anonymizer *a = mem_zalloc(sizeof(*a));
    if (!a) return fail(err, ERR_NOMEM, _("not enough memory for the anonymiser"));
    a->policy = opt->policy;
    a->detectors = opt->detectors;
    a->point = opt->point;
    a->patient = wants(opt->detectors, DETECTOR_PATIENT) ? opt->patient : NULL;
    enum status st = site_open(&a->site, opt->policy, err);
    if (!st && wants(opt->detectors, DETECTOR_TAGGER)) st = open_tagger(&a->tagger, opt, err);
    if (st) {
        anonymizer_close(a);
        return st;
    }
    *out = a;
    return OK;
}

void anonymizer_close(struct anonymizer *a) {
    if (!a) return;
    site_close(a->site);
    tagger_close(a->tagger);
    mem_free(a);
}

static void add_reason(struct anon_result *result, const char *code, size_t count) {
    assert(result->n_reasons < ANON_REASONS_MAX);
    if (count == 0) return;
    result->reasons[result->n_reasons++] = (struct anon_reason){code, count};
    if (result->verdict == VERDICT_PASS) result->verdict = VERDICT_REVIEW;
}

const char *anon_reason_text(const char *code) {
    if (strcmp(code, "low_confidence") == 0)
        return _("possible personal data below the threshold was left in the text");
    if (strcmp(code, "disagreement") == 0) return _("detectors named the same place differently");
    if (strcmp(code, "residual") == 0)
        return _("words of a replaced value may still stand in the text");
    if (strcmp(code, "encoding") == 0) return _("bytes that break the encoding");
    if (strcmp(code, "nul") == 0) return _("NUL characters");
    return code;
}

/* ---- numbered placeholders ---- */

struct numbering {
    struct array entries; /* struct numbered, sorted by hash only when large: notes hold few */
};

struct numbered {
    uint64_t hash;
    const char *label;
    unsigned number;
};

/* The number of a value under its label: the same for the same letters and digits, any case. */
static unsigned number_of(struct numbering *n, const struct folded *f, const struct span *s,
                          const char *label, bool *nomem) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = s->start; i < s->end; i++) {
        const unsigned char c = fold_lower(f->text[i]);
        if (fold_is_letter(c) || fold_is_digit(c)) hash = (hash ^ c) * 1099511628211u;
    }
    const struct numbered *e = n->entries.data;
    unsigned last = 0;
    for (size_t i = 0; i < n->entries.n; i++) {
        if (strcmp(e[i].label, label) != 0) continue;
        if (e[i].hash == hash) return e[i].number;
        if (e[i].number > last) last = e[i].number;
    }
    const struct numbered fresh = {hash, label, last + 1};
    if (!array_push(&n->entries, &fresh, sizeof(fresh))) *nomem = true;
    return fresh.number;
}

static const char *numbered_placeholder(struct arena *arena, const char *placeholder,
                                        unsigned number) {
    const size_t n = strlen(placeholder);
    char *text = arena_alloc(arena, n + 16);
    if (!text) return NULL;
    const bool bracket = n > 0 && placeholder[n - 1] == ']';
    memcpy(text, placeholder, n - bracket);
    size_t at = n - bracket;
    text[at++] = '_';
    char digits[12];
    int k = 0;
    do {
        digits[k++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    while (k)
        text[at++] = digits[--k];
    if (bracket) text[at++] = ']';
    text[at] = '\0';
    return text;
}

/* Every letter and digit becomes '*'; marks and blanks stay, so a table keeps its columns. */
static const char *masked_value(struct arena *arena, const struct folded *f, const struct span *s) {
    const size_t n = s->end - s->start;
    char *text = arena_alloc(arena, n + 1);
    if (!text) return NULL;
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = f->text[s->start + i];
        text[i] = fold_is_letter(c) || fold_is_digit(c) || c >= 0x80 ? '*' : (char)c;
    }
    text[n] = '\0';
    return text;
}

static const char *replacement_of(struct anon_result *result, struct numbering *numbering,
                                  const struct policy_row *row, const struct folded *f,
                                  const struct span *s) {
    bool nomem = false;
    switch (row->operator) {
    case OPERATOR_NUMBERED: {
        const unsigned number = number_of(numbering, f, s, row->label, &nomem);
        return nomem ? NULL : numbered_placeholder(&result->arena, row->placeholder, number);
    }
    case OPERATOR_MASK: return masked_value(&result->arena, f, s);
    case OPERATOR_REMOVE: return "";
    case OPERATOR_PLACEHOLDER:
    case OPERATOR_KEEP: break;
    }
    return row->placeholder;
}

/* ---- deciding ---- */

static enum status decide(struct anon_result *result, const struct detection *d,
                          const struct policy *policy, const struct folded *f, struct error *err) {
    struct array spans = {0};
    struct numbering numbering = {0};
    size_t n_doubtful = 0;
    enum status st = OK;
    if (!array_reserve(&spans, d->spans.n, sizeof(struct anon_span)))
        st = fail(err, ERR_NOMEM, _("not enough memory for the result"));
    for (size_t i = 0; i < d->spans.n && st == OK; i++) {
        const struct span *s = spans_data(&d->spans) + i;
        const struct policy_row *row = &policy->rows[s->kind];
        const double score = s->score / 100.0;
        if (score < row->replace - 1e-9) {
            n_doubtful += score >= row->review - 1e-9;
            continue;
        }
        const struct source_range r = folded_source(f, s->start, s->end);
        struct anon_span span = {.start = (uint32_t)r.start,
                                 .end = (uint32_t)r.end,
                                 .start_byte = (uint32_t)r.start_byte,
                                 .end_byte = (uint32_t)r.end_byte,
                                 .rules = s->rules,
                                 .label = row->label,
                                 .kind = (enum kind)s->kind,
                                 .score = (float)score};
        span.replacement = replacement_of(result, &numbering, row, f, s);
        if (!span.replacement || !array_push(&spans, &span, sizeof(span)))
            st = fail(err, ERR_NOMEM, _("not enough memory for the result"));
    }
    array_release(&numbering.entries);
    result->spans = spans.data;
    result->n_spans = spans.n;
    add_reason(result, "low_confidence", n_doubtful);
    return st;
}

static enum status check_detectors(const struct anonymizer *a, struct error *err) {
    if (a->detectors == DETECTOR_ALL) return OK;
    if (a->detectors & DETECTOR_LLM)
        return fail(err, ERR_UNSUPPORTED,
                    _("the detector %s cannot run: this version has rules, tagger and patient"),
                    "llm");
    if ((a->detectors & DETECTOR_PATIENT) && !a->patient)
        return fail(err, ERR_UNSUPPORTED,
                    _("the detector %s cannot run: nothing is known of the patient; give --patient "
                      "FILE"),
                    "patient");
    return OK;
}

/* What is known of the patient must not be left, whatever the policy's lists say. */
static enum status check_patient(const struct detection *d, struct error *err) {
    return d->n_patient_residue
               ? fail(err, ERR_INVALID,
                      _("what is known of the patient would be left in the text: %zu places"),
                      d->n_patient_residue)
               : OK;
}

enum status anonymize(struct anon_result *out, const struct anonymizer *a,
                      const struct document *doc, struct error *err) {
    const double start = clock_ms();
    struct anon_result result = {.verdict = VERDICT_PASS};
    struct folded folded = {0};
    struct detection detection = {0};
    enum status st = check_detectors(a, err);
    if (st) return st;
    if ((st = fold_text(&folded, doc->encoding, doc->bytes, doc->n_bytes, err))) return st;
    const struct detect_options search = {
        .policy = a->policy,
        .site = a->site,
        .rules = wants(a->detectors, DETECTOR_RULES),
        .patient = a->patient,
        .tagger = a->tagger,
        .tagger_outside = a->point == POINT_F1 ? 0 : (float)a->policy->tagger_outside,
        .likeliest = a->tagger && a->point == POINT_F1,
    };
    st = detect(&detection, &folded, &search, err);
    if (st == OK) st = check_patient(&detection, err);
    result.detect_ms = clock_ms() - start;
    if (st == OK) st = decide(&result, &detection, a->policy, &folded, err);
    if (st == OK) {
        add_reason(&result, "disagreement", detection.n_disagreements);
        add_reason(&result, "residual", detection.n_residue);
        add_reason(&result, "encoding", doc->faults.n_broken);
        add_reason(&result, "nul", doc->faults.n_nul);
        result.total_ms = clock_ms() - start;
        *out = result;
    } else {
        anon_result_release(&result);
    }
    detection_release(&detection);
    folded_release(&folded);
    return st;
}

enum status anon_render(struct strbuf *out, const struct anon_result *result,
                        const struct document *doc, struct error *err) {
    size_t at = 0;
    strbuf_reserve(out, doc->n_bytes);
    for (size_t i = 0; i < result->n_spans; i++) {
        const struct anon_span *s = &result->spans[i];
        strbuf_append(out, (const char *)doc->bytes + at, s->start_byte - at);
        encoding_append_utf8(out, doc->encoding, s->replacement);
        at = s->end_byte;
    }
    strbuf_append(out, (const char *)doc->bytes + at, doc->n_bytes - at);
    return out->failed ? fail(err, ERR_NOMEM, _("not enough memory for the result")) : OK;
}

void anon_result_release(struct anon_result *result) {
    mem_free(result->spans);
    arena_release(&result->arena);
    *result = (struct anon_result){0};
}
