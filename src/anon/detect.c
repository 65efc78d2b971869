/* SPDX-License-Identifier: MIT
 *
 * Detection round by round. Each round reads the masked text: the document with each span so far
 * replaced by its placeholder, as the output will have it. Placeholders are closed to every rule.
 * Finds of a round are carried back to the document's positions through the segments between
 * spans, within which positions differ by a constant.
 */
#include "anon/detect.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "anon/placeholder.h"
#include "anon/propagate.h"
#include "anon/rules.h"
#include "anon/tagger_finds.h"
#include "base/intl.h"
#include "base/mem.h"

/* ---- one round over a text ---- */

/* Where the piece is closed to detectors: placeholders, and what the clinical rules know. */
static bool collect_closed(struct array *closed, const struct note *note) {
    for (size_t i = 0; i < note_n(note); i++) {
        if (!note_is_closed(note, i)) continue;
        const struct text_range range = {note_token(note, i)->start, note_token(note, i)->end};
        if (!array_push(closed, &range, sizeof(range))) return false;
    }
    return true;
}

/* `closed`: struct text_range, appended; NULL: nobody asks. */
static enum status run_rules(struct array *spans, struct array *closed, const struct folded *text,
                             const struct placeholders *p, const struct detect_options *opt,
                             struct error *err) {
    struct note note;
    enum status st = OK;
    note_init(&note, text, p, spans);
    while (st == OK && note_next(&note, text->n)) {
        if (opt->patient) patient_claim(opt->patient, &note);
        st = site_claim_always(opt->site, &note, err);
        if (st == OK && opt->rules) rules_run(&note);
        if (closed && !collect_closed(closed, &note)) note.nomem = true;
    }
    const bool nomem = note.nomem;
    note_release(&note);
    if (nomem) return fail(err, ERR_NOMEM, _("not enough memory to search the document"));
    return st;
}

/* Marks the tokens of spans as taken in a fresh piece; `next` walks the sorted spans. */
static void close_spans(struct note *note, const struct array *spans, size_t *next) {
    const struct span *span = spans_data(spans);
    size_t i = 0;
    while (*next < spans->n && span[*next].start < note->end) {
        while (i < note_n(note) && note_token(note, i)->end <= span[*next].start)
            i++;
        size_t end = i;
        while (end < note_n(note) && note_token(note, end)->start < span[*next].end)
            end++;
        note_close(note, i, end);
        i = end;
        ++*next;
    }
}

static enum status propagate(struct array *spans, const struct folded *text,
                             const struct known *known, const struct placeholders *p,
                             struct error *err) {
    struct note note;
    struct array found = {0};
    size_t next = 0;
    spans_sort(spans);
    note_init(&note, text, p, &found);
    while (note_next(&note, text->n)) {
        close_spans(&note, spans, &next);
        known_claim(known, &note);
    }
    bool nomem = note.nomem;
    for (size_t i = 0; i < found.n && !nomem; i++)
        nomem = !array_push(spans, spans_data(&found) + i, sizeof(struct span));
    note_release(&note);
    array_release(&found);
    return nomem ? fail(err, ERR_NOMEM, _("not enough memory to search the document")) : OK;
}

static void count_residue(struct detection *d, const struct folded *text, const struct known *known,
                          const struct patient *patient, const struct placeholders *p) {
    const struct array *spans = &d->spans;
    struct note note;
    struct array none = {0};
    size_t next = 0;
    note_init(&note, text, p, &none);
    while (note_next(&note, text->n)) {
        close_spans(&note, spans, &next);
        d->n_residue += known_residue(known, &note);
        if (patient) d->n_patient_residue += patient_residue(patient, &note);
    }
    note_release(&note);
}

/* ---- reconcile ---- */

static bool outranks(const struct span *a, const struct span *b) {
    if (a->score != b->score) return a->score > b->score;
    const bool direct_a = kind_is_direct((enum kind)a->kind),
               direct_b = kind_is_direct((enum kind)b->kind);
    if (direct_a != direct_b) return direct_a;
    return a->end - a->start > b->end - b->start;
}

static bool has_newline(const struct folded *text, size_t start, size_t end) {
    return memchr(text->text + start, '\n', end - start) != NULL;
}

/* Two of rules, tagger and the rest say different direct labels of one place, one a person's name
 * and the other none: which of two kinds of number it is changes nothing for the reader. */
static bool disagree(const struct span *a, const struct span *b, const struct policy *policy) {
    const struct policy_row *row_a = &policy->rows[a->kind], *row_b = &policy->rows[b->kind];
    const uint64_t tagger = RULE_BIT(RULE_TAGGER);
    if ((a->rules & tagger) == (b->rules & tagger)) return false;
    if (kind_is_name((enum kind)a->kind) == kind_is_name((enum kind)b->kind)) return false;
    return row_a->identifier == IDENTIFIER_DIRECT && row_b->identifier == IDENTIFIER_DIRECT &&
           strcmp(row_a->label, row_b->label) != 0;
}

/* The covering union: overlapping spans become one, named by the strongest. Returns how many were
 * named differently. */
static size_t reconcile(struct array *spans, const struct folded *text,
                        const struct policy *policy) {
    spans_sort(spans);
    struct span *s = spans->data;
    size_t n = 0, n_disagree = 0;
    for (size_t i = 0; i < spans->n; i++) {
        struct span *last = n ? &s[n - 1] : NULL;
        if (!last || s[i].start >= last->end) {
            s[n++] = s[i];
            continue;
        }
        const uint32_t start = last->start, end = s[i].end > last->end ? s[i].end : last->end;
        const uint64_t rules = last->rules | s[i].rules;
        if (has_newline(text, start,
                        end)) { /* never across a line: the second keeps its own rest */
            s[i].start = last->end;
            if (s[i].start < s[i].end) s[n++] = s[i];
            continue;
        }
        n_disagree += disagree(&s[i], last, policy);
        if (outranks(&s[i], last)) *last = s[i];
        last->start = start;
        last->end = end;
        last->rules = rules;
    }
    spans->n = n;
    return n_disagree;
}

static enum status drop_unwanted(struct array *spans, const struct folded *text,
                                 const struct policy *policy, const struct site *site,
                                 struct error *err) {
    struct span *s = spans->data;
    size_t n = 0;
    for (size_t i = 0; i < spans->n; i++) {
        const struct policy_row *row = &policy->rows[s[i].kind];
        bool never = false;
        if (!row->label || row->operator== OPERATOR_KEEP) continue;
        const enum status st = site_is_never(site, text->text, s[i].start, s[i].end, &never, err);
        if (st) return st;
        if (!never) s[n++] = s[i];
    }
    spans->n = n;
    return OK;
}

/* ---- the masked text ---- */

struct segment {
    uint32_t masked, original,
        n; /* where a stretch of the document begins in each, and its length */
};

static bool is_replaced(const struct span *s, const struct policy *policy) {
    return s->score >= policy->rows[s->kind].replace * 100 - 0.001;
}

static void mask_one(struct strbuf *out, const struct policy_row *row) {
    if (row->operator== OPERATOR_REMOVE) return;
    size_t width = encoding_count(ENCODING_UTF_8, (const unsigned char *)row->placeholder,
                                  strlen(row->placeholder));
    if (row->operator== OPERATOR_NUMBERED) width += 2;
    strbuf_putc(out, '[');
    for (size_t i = 2; i < width || i < 3; i++)
        strbuf_putc(out, PLACEHOLDER_MASK);
    strbuf_putc(out, ']');
}

static bool mask(struct strbuf *out, struct array *segments, const struct folded *text,
                 const struct array *spans, const struct policy *policy) {
    const struct span *s = spans_data(spans);
    size_t at = 0;
    for (size_t i = 0; i <= spans->n; i++) {
        if (i < spans->n && !is_replaced(&s[i], policy)) continue;
        const size_t to = i < spans->n ? s[i].start : text->n;
        const struct segment segment = {(uint32_t)out->n, (uint32_t)at, (uint32_t)(to - at)};
        if (!array_push(segments, &segment, sizeof(segment))) return false;
        strbuf_append(out, (const char *)text->text + at, to - at);
        if (i == spans->n) break;
        mask_one(out, &policy->rows[s[i].kind]);
        at = s[i].end;
    }
    return !out->failed;
}

/* Carries a find of the masked text back to the document; false when it does not lie within one
 * stretch of it. */
static bool carry_back(struct span *s, const struct array *segments) {
    const struct segment *g = segments->data;
    size_t low = 0, high = segments->n;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (g[middle].masked <= s->start)
            low = middle;
        else
            high = middle;
    }
    if (s->start < g[low].masked || s->end > g[low].masked + g[low].n) return false;
    const uint32_t shift = s->start - g[low].masked;
    const uint32_t length = s->end - s->start;
    s->start = g[low].original + shift;
    s->end = s->start + length;
    return true;
}

/* Another look at what would be written. *found: new spans of the document, appended. */
static enum status look_again(struct array *spans, size_t *found, const struct folded *text,
                              const struct detect_options *opt, const struct placeholders *p,
                              struct error *err) {
    const struct policy *policy = opt->policy;
    struct strbuf masked;
    struct array segments = {0}, again = {0};
    strbuf_init(&masked, UINT32_MAX);
    *found = 0;
    enum status st = OK;
    if (!strbuf_reserve(&masked, text->n) || !mask(&masked, &segments, text, spans, policy))
        st = fail(err, ERR_NOMEM, _("not enough memory to search the document"));
    if (st == OK && masked.n) {
        const struct folded view = {.text = (unsigned char *)masked.data, .n = masked.n};
        st = run_rules(&again, NULL, &view, p, opt, err);
        if (st == OK) st = drop_unwanted(&again, &view, policy, opt->site, err);
    }
    for (size_t i = 0; st == OK && i < again.n; i++) {
        struct span *s = spans_data(&again) + i;
        if (!is_replaced(s, policy) || !carry_back(s, &segments)) continue;
        if (!array_push(spans, s, sizeof(*s)))
            st = fail(err, ERR_NOMEM, _("not enough memory to search the document"));
        ++*found;
    }
    strbuf_release(&masked);
    array_release(&segments);
    array_release(&again);
    return st;
}

/* The likeliest reading: of what rules found only that stays which no find of the tagger touches
 * and which they are sure of. */
static void prefer_tagger(struct array *spans) {
    enum { SURE = 101 };
    struct span *s = spans->data;
    uint32_t reach = 0; /* the end of the tagger's finds so far */
    size_t n = 0;
    spans_sort(spans);
    for (size_t i = 0; i < spans->n; i++) {
        const bool tagger = (s[i].rules & (RULE_BIT(RULE_TAGGER) | RULE_BIT(RULE_PATIENT))) != 0;
        bool keep = tagger || (s[i].score >= SURE && s[i].start >= reach);
        for (size_t j = i + 1; keep && !tagger && j < spans->n && s[j].start < s[i].end; j++)
            keep = !(s[j].rules & RULE_BIT(RULE_TAGGER));
        if (tagger && s[i].end > reach) reach = s[i].end;
        if (keep) s[n++] = s[i];
    }
    spans->n = n;
}

static bool is_list_gap(const unsigned char *text, size_t start, size_t end) {
    enum { GAP_MAX = 4 };
    bool mark = false;
    if (start >= end || end - start > GAP_MAX) return false;
    for (size_t i = start; i < end; i++) {
        if (fold_is_letter(text[i]) || fold_is_digit(text[i]) || text[i] == '\n') return false;
        mark |= text[i] == ',' || text[i] == ';' || text[i] == '/' || text[i] == '|';
    }
    return mark;
}

static int by_start(const void *a, const void *b) {
    const struct text_range *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

/* "Methol, Camejo": what lies between two finds of the rules in a list is closed to the tagger,
 * which may see one name in them; lists stay separate. */
static bool close_list_gaps(struct array *closed, struct array *spans, const unsigned char *text) {
    const struct span *s = spans->data;
    spans_sort(spans);
    for (size_t i = 1; i < spans->n; i++) {
        const struct text_range gap = {s[i - 1].end, s[i].start};
        if (is_list_gap(text, gap.start, gap.end) && !array_push(closed, &gap, sizeof(gap)))
            return false;
    }
    if (closed->n) qsort(closed->data, closed->n, sizeof(struct text_range), by_start);
    return true;
}

/* Rules and tagger, each on the text as it came. */
static enum status first_look(struct array *spans, const struct folded *text,
                              const struct placeholders *p, const struct detect_options *opt,
                              struct error *err) {
    struct array closed = {0};
    enum status st = run_rules(spans, opt->tagger ? &closed : NULL, text, p, opt, err);
    if (!st && opt->tagger && !close_list_gaps(&closed, spans, text->text))
        st = fail(err, ERR_NOMEM, _("not enough memory to search the document"));
    if (!st && opt->tagger) st = tagger_finds(spans, text, &closed, opt, err);
    array_release(&closed);
    if (!st && opt->likeliest) prefer_tagger(spans);
    return st;
}

enum status detect(struct detection *out, const struct folded *folded,
                   const struct detect_options *opt, struct error *err) {
    const struct policy *policy = opt->policy;
    const struct site *site = opt->site;
    struct detection d = {0};
    struct placeholders p = {0};
    struct known *known = NULL;
    enum status st = OK;
    if (!placeholders_init(&p, policy)) {
        st = fail(err, ERR_NOMEM, _("not enough memory to search the document"));
        goto fail;
    }
    if ((st = first_look(&d.spans, folded, &p, opt, err))) goto fail;
    for (int round = 0; round < DETECT_ROUNDS; round++) {
        size_t found = 0;
        if ((st = drop_unwanted(&d.spans, folded, policy, site, err))) goto fail;
        d.n_disagreements += reconcile(&d.spans, folded, policy);
        known_free(known);
        known = known_new(folded->text, &d.spans);
        if (!known) {
            st = fail(err, ERR_NOMEM, _("not enough memory to search the document"));
            goto fail;
        }
        if (!opt->likeliest && (st = propagate(&d.spans, folded, known, &p, err))) goto fail;
        if ((st = drop_unwanted(&d.spans, folded, policy, site, err))) goto fail;
        d.n_disagreements += reconcile(&d.spans, folded, policy);
        if (opt->likeliest) break;
        if ((st = look_again(&d.spans, &found, folded, opt, &p, err))) goto fail;
        if (found == 0) break;
        d.n_disagreements += reconcile(&d.spans, folded, policy);
    }
    count_residue(&d, folded, known, opt->patient, &p);
    *out = d;
    known_free(known);
    placeholders_release(&p);
    return OK;

fail:
    known_free(known);
    placeholders_release(&p);
    detection_release(&d);
    return st;
}

void detection_release(struct detection *d) {
    array_release(&d->spans);
}
