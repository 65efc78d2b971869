/* SPDX-License-Identifier: MIT
 *
 * Privacy and utility. One byte of marks a character; every share is then a count.
 */
#include "eval/privacy.h"

#include <string.h>

#include "base/intl.h"

enum {
    MARK_ENTITY = 1,
    MARK_REPLACED = 2,
    MARK_ASIDE = 4,
    LEAK_VALUE_MIN = 4, /* characters of a value that is looked for elsewhere */
};

#define LR_ENOUGH 0.85

static void mark(unsigned char *marks, size_t n, const struct eval_span *spans, size_t n_spans,
                 unsigned char bit) {
    for (size_t i = 0; i < n_spans; i++)
        for (size_t at = spans[i].start; at < spans[i].end && at < n; at++)
            marks[at] |= bit;
}

static void measure_characters(struct eval_scores *s, const unsigned char *marks, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const bool replaced = marks[i] & MARK_REPLACED;
        if (marks[i] & MARK_ENTITY) {
            s->n_personal++;
            s->n_personal_replaced += replaced;
        } else if (!(marks[i] & MARK_ASIDE)) {
            s->n_other++;
            s->n_other_replaced += replaced;
        }
    }
}

/* Whether text[0, n) stands in the output as whole words. */
static bool stands_in_output(const struct eval_note *note, const uint32_t *value, size_t n) {
    const uint32_t *out = note->output;
    for (size_t at = 0; at + n <= note->n_output; at++) {
        if (out[at] != value[0] || memcmp(out + at, value, n * sizeof(*value)) != 0) continue;
        const bool left = at == 0 || !eval_is_alnum(value[0]) || !eval_is_alnum(out[at - 1]);
        const bool right = at + n == note->n_output || !eval_is_alnum(value[n - 1]) ||
                           !eval_is_alnum(out[at + n]);
        if (left && right) return true;
    }
    return false;
}

static bool is_covered(const struct eval_note *note, const unsigned char *marks,
                       const struct eval_span *v) {
    for (size_t at = v->start; at < v->end; at++)
        if (!(marks[at] & MARK_REPLACED) && eval_is_alnum(note->text[at])) return false;
    return true;
}

static double replaced_share(const unsigned char *marks, const struct eval_span *v) {
    size_t n_replaced = 0;
    for (size_t at = v->start; at < v->end; at++)
        n_replaced += (marks[at] & MARK_REPLACED) != 0;
    return eval_share(n_replaced, v->end - v->start);
}

static enum status measure_entities(struct eval_scores *s, const struct eval_note *note,
                                    const unsigned char *marks, struct error *err) {
    bool any_leak = false, any_direct_leak = false;
    for (size_t i = 0; i < note->n_gold; i++) {
        const struct eval_span *v = &note->gold[i];
        const size_t n = v->end - v->start;
        const bool direct = v->identifier == IDENTIFIER_DIRECT;
        const bool covered = is_covered(note, marks, v);
        const bool leak = !covered || (direct && n >= LEAK_VALUE_MIN &&
                                       stands_in_output(note, note->text + v->start, n));
        struct eval_label *row = eval_label_of(s, v->label);
        if (!row) return fail(err, ERR_NOMEM, _("not enough memory to score"));
        row->n_covered += covered;
        s->n_covered += covered;
        s->n_direct += direct;
        s->n_direct_covered += direct && covered;
        s->n_quasi += v->identifier == IDENTIFIER_QUASI;
        s->n_quasi_leaked += v->identifier == IDENTIFIER_QUASI && leak;
        const double share = replaced_share(marks, v);
        s->replaced_share_sum += share;
        s->n_replaced_enough += share >= LR_ENOUGH;
        any_leak |= leak;
        any_direct_leak |= direct && leak;
    }
    s->n_documents_leak += any_leak;
    s->n_documents_direct_leak += any_direct_leak;
    return OK;
}

static void measure_clinical(struct eval_scores *s, const struct eval_note *note,
                             const unsigned char *marks) {
    for (size_t i = 0; i < note->n_clinical; i++) {
        bool touched = false;
        for (size_t at = note->clinical[i].start; at < note->clinical[i].end && at < note->n; at++)
            touched |= (marks[at] & MARK_REPLACED) != 0;
        s->n_clinical_touched += touched;
    }
    s->n_clinical += note->n_clinical;
}

/* Walks text and output side by side: between replaced spans they must be the same. */
static void measure_preservation(struct eval_scores *s, const struct eval_note *note,
                                 const unsigned char *marks) {
    size_t in = 0, out = 0;
    for (size_t i = 0; i <= note->n_replaced; i++) {
        const struct eval_span *r = i < note->n_replaced ? &note->replaced[i] : NULL;
        for (const size_t stop = r ? r->start : note->n; in < stop; in++, out++) {
            if (marks[in] & (MARK_ENTITY | MARK_ASIDE)) continue;
            s->n_kept++;
            s->n_kept_surviving += out < note->n_output && note->output[out] == note->text[in];
        }
        if (!r) break;
        out += r->n_replacement;
        in = r->end;
    }
}

enum status eval_measure_privacy(struct eval_scores *scores, const struct eval_note *note,
                                 struct error *err) {
    unsigned char *marks = mem_zalloc(note->n);
    if (!marks) return fail(err, ERR_NOMEM, _("not enough memory to score"));
    mark(marks, note->n, note->gold, note->n_gold, MARK_ENTITY);
    mark(marks, note->n, note->aside, note->n_aside, MARK_ASIDE);
    mark(marks, note->n, note->replaced, note->n_replaced, MARK_REPLACED);
    measure_characters(scores, marks, note->n);
    measure_clinical(scores, note, marks);
    measure_preservation(scores, note, marks);
    const enum status st = measure_entities(scores, note, marks, err);
    mem_free(marks);
    return st;
}
