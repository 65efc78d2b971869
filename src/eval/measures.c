/* SPDX-License-Identifier: MIT
 *
 * Span measures. Both sides are sorted and walked together, so a note costs its number of spans.
 */
#include "eval/measures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/intl.h"
#include "text/fold.h"
#include "text/words.h"

bool eval_is_alnum(uint32_t cp) {
    switch (cp) { /* where folding is kinder than Unicode, or the reverse */
    case 0xaa:
    case 0xb2:
    case 0xb3:
    case 0xb5:
    case 0xb9:
    case 0xba:
    case 0xbc:
    case 0xbd:
    case 0xbe: return true;
    case 0xd7: return false;
    default: break;
    }
    const int c = fold_codepoint(cp);
    return c >= 0 && (fold_is_letter((unsigned char)c) || fold_is_digit((unsigned char)c));
}

double eval_share(size_t part, size_t whole) {
    return whole ? (double)part / (double)whole : (double)NAN;
}

double eval_precision(const struct eval_counts *c) {
    return eval_share(c->tp, c->tp + c->fp);
}

double eval_recall(const struct eval_counts *c) {
    return eval_share(c->tp, c->tp + c->fn);
}

double eval_f1(const struct eval_counts *c) {
    return eval_share(2 * c->tp, 2 * c->tp + c->fp + c->fn);
}

static int compare_places(const struct eval_span *a, const struct eval_span *b) {
    if (a->start != b->start) return a->start < b->start ? -1 : 1;
    if (a->end != b->end) return a->end < b->end ? -1 : 1;
    return 0;
}

static int compare_strictly(const struct eval_span *a, const struct eval_span *b) {
    const int c = compare_places(a, b);
    return c ? c : strcmp(a->label, b->label);
}

static int compare_for_sort(const void *a, const void *b) {
    return compare_strictly(a, b);
}

void eval_spans_sort(struct eval_span *spans, size_t *n) {
    if (*n < 2) return;
    qsort(spans, *n, sizeof(*spans), compare_for_sort);
    size_t kept = 1;
    for (size_t i = 1; i < *n; i++)
        if (compare_strictly(&spans[i], &spans[kept - 1]) != 0) spans[kept++] = spans[i];
    *n = kept;
}

struct eval_label *eval_label_of(struct eval_scores *scores, const char *label) {
    struct eval_label *rows = scores->labels.data;
    size_t at = 0;
    for (; at < scores->labels.n; at++) {
        const int c = strcmp(rows[at].label, label);
        if (c == 0) return &rows[at];
        if (c > 0) break;
    }
    struct eval_label row = {.label = mem_strdup(label)};
    if (!row.label || !array_push(&scores->labels, &row, sizeof(row))) {
        mem_free(row.label);
        return NULL;
    }
    rows = scores->labels.data;
    memmove(&rows[at + 1], &rows[at], (scores->labels.n - 1 - at) * sizeof(*rows));
    rows[at] = row;
    return &rows[at];
}

void eval_scores_release(struct eval_scores *scores) {
    struct eval_label *rows = scores->labels.data;
    for (size_t i = 0; i < scores->labels.n; i++)
        mem_free(rows[i].label);
    array_release(&scores->labels);
    *scores = (struct eval_scores){0};
}

typedef int compare_fn(const struct eval_span *a, const struct eval_span *b);

/* One step of the walk along two sorted lists: which of them has the next span. */
struct walk {
    const struct eval_span *gold, *gold_end;
    const struct eval_span *found, *found_end;
    compare_fn *compare;
};

/* The next span of both lists (*gold and *found set), or of one (the other NULL); false at the end.
 * Spans that compare equal within a list are taken as one. */
static bool walk_next(struct walk *w, const struct eval_span **gold,
                      const struct eval_span **found) {
    const bool has_gold = w->gold < w->gold_end, has_found = w->found < w->found_end;
    if (!has_gold && !has_found) return false;
    int c = has_gold && has_found ? w->compare(w->gold, w->found) : has_gold ? -1 : 1;
    *gold = c <= 0 ? w->gold : NULL;
    *found = c >= 0 ? w->found : NULL;
    if (*gold)
        while (w->gold < w->gold_end && w->compare(w->gold, *gold) == 0)
            w->gold++;
    if (*found)
        while (w->found < w->found_end && w->compare(w->found, *found) == 0)
            w->found++;
    return true;
}

static struct walk walk_of(const struct eval_note *note, compare_fn *compare) {
    return (struct walk){
        .gold = note->gold,
        .gold_end = note->n_gold ? note->gold + note->n_gold : note->gold,
        .found = note->found,
        .found_end = note->n_found ? note->found + note->n_found : note->found,
        .compare = compare,
    };
}

static void count(struct eval_counts *c, const struct eval_span *gold,
                  const struct eval_span *found) {
    c->tp += gold && found;
    c->fn += gold && !found;
    c->fp += !gold && found;
}

static enum status measure_strict(struct eval_scores *scores, const struct eval_note *note,
                                  struct error *err) {
    struct walk w = walk_of(note, compare_strictly);
    const struct eval_span *gold, *found;
    while (walk_next(&w, &gold, &found)) {
        struct eval_label *row = eval_label_of(scores, gold ? gold->label : found->label);
        if (!row) return fail(err, ERR_NOMEM, _("not enough memory to score"));
        count(&scores->strict, gold, found);
        count(&row->strict, gold, found);
        row->n_entities += gold != NULL;
        scores->n_entities += gold != NULL;
    }
    return OK;
}

static bool apart(const struct eval_note *note, size_t from, size_t to) {
    if (to > note->n) to = note->n;
    for (size_t i = from; i < to; i++)
        if (eval_is_alnum(note->text[i])) return true;
    return false;
}

/* Joins neighbours of a sorted list into `out` (room for n); returns how many are left. */
static size_t merge(struct eval_span *out, const struct eval_span *spans, size_t n,
                    const struct eval_note *note) {
    size_t n_out = 0;
    for (size_t i = 0; i < n; i++) {
        struct eval_span *last = n_out ? &out[n_out - 1] : NULL;
        if (last && !apart(note, last->end, spans[i].start)) {
            if (spans[i].end > last->end) last->end = spans[i].end;
        } else {
            out[n_out++] = spans[i];
        }
    }
    return n_out;
}

static enum status measure_merged(struct eval_scores *scores, const struct eval_note *note,
                                  struct error *err) {
    struct eval_span *merged = mem_alloc((note->n_gold + note->n_found) * sizeof(struct eval_span));
    if (!merged) return fail(err, ERR_NOMEM, _("not enough memory to score"));
    struct eval_note joined = *note;
    joined.gold = merged;
    joined.found = merged + note->n_gold;
    joined.n_gold = merge(merged, note->gold, note->n_gold, note);
    joined.n_found = merge(merged + note->n_gold, note->found, note->n_found, note);
    struct walk w = walk_of(&joined, compare_places);
    const struct eval_span *gold, *found;
    while (walk_next(&w, &gold, &found))
        count(&scores->merged, gold, found);
    mem_free(merged);
    return OK;
}

enum status eval_measure_spans(struct eval_scores *scores, const struct eval_note *note,
                               struct error *err) {
    enum status st = measure_strict(scores, note, err);
    if (st) return st;
    struct walk w = walk_of(note, compare_places);
    const struct eval_span *gold, *found;
    while (walk_next(&w, &gold, &found))
        count(&scores->span, gold, found);
    return measure_merged(scores, note, err);
}

void eval_errors(const struct eval_note *note, bool labels_comparable, eval_error_fn *fn,
                 void *ctx) {
    struct walk w = walk_of(note, labels_comparable ? compare_strictly : compare_places);
    const struct eval_span *gold, *found;
    while (walk_next(&w, &gold, &found))
        if (!gold || !found) fn(ctx, gold ? gold : found, found != NULL);
}
