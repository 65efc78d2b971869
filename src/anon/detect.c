/* SPDX-License-Identifier: MIT
 *
 * Detection round by round. Each round reads the masked text: the document with each span so far
 * replaced by its placeholder, as the output will have it. Placeholders are closed to every rule.
 * Finds of a round are carried back to the document's positions through the segments between
 * spans, within which positions differ by a constant.
 */
#include "anon/detect.h"

#include <assert.h>
#include <string.h>

#include "anon/placeholder.h"
#include "anon/propagate.h"
#include "anon/rules.h"
#include "base/intl.h"
#include "base/mem.h"

/* ---- one round over a text ---- */

static enum status run_rules(struct array *spans, const struct folded *text,
                             const struct placeholders *p, const struct site *site,
                             struct error *err) {
    struct note note;
    enum status st = OK;
    note_init(&note, text, p, spans);
    while (st == OK && note_next(&note, text->n)) {
        st = site_claim_always(site, &note, err);
        if (st == OK) rules_run(&note);
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

static size_t residue(const struct folded *text, const struct array *spans,
                      const struct known *known, const struct placeholders *p) {
    struct note note;
    struct array none = {0};
    size_t next = 0, n = 0;
    note_init(&note, text, p, &none);
    while (note_next(&note, text->n)) {
        close_spans(&note, spans, &next);
        n += known_residue(known, &note);
    }
    note_release(&note);
    return n;
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

/* The covering union: overlapping spans become one, named by the strongest. */
static void reconcile(struct array *spans, const struct folded *text) {
    spans_sort(spans);
    struct span *s = spans->data;
    size_t n = 0;
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
        if (outranks(&s[i], last)) *last = s[i];
        last->start = start;
        last->end = end;
        last->rules = rules;
    }
    spans->n = n;
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
                              const struct policy *policy, const struct site *site,
                              const struct placeholders *p, struct error *err) {
    struct strbuf masked;
    struct array segments = {0}, again = {0};
    strbuf_init(&masked, UINT32_MAX);
    *found = 0;
    enum status st = OK;
    if (!strbuf_reserve(&masked, text->n) || !mask(&masked, &segments, text, spans, policy))
        st = fail(err, ERR_NOMEM, _("not enough memory to search the document"));
    if (st == OK && masked.n) {
        const struct folded view = {.text = (unsigned char *)masked.data, .n = masked.n};
        st = run_rules(&again, &view, p, site, err);
        if (st == OK) st = drop_unwanted(&again, &view, policy, site, err);
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

enum status detect(struct detection *out, const struct folded *folded, const struct policy *policy,
                   const struct site *site, struct error *err) {
    struct detection d = {0};
    struct placeholders p = {0};
    struct known *known = NULL;
    enum status st = OK;
    if (!placeholders_init(&p, policy)) {
        st = fail(err, ERR_NOMEM, _("not enough memory to search the document"));
        goto fail;
    }
    if ((st = run_rules(&d.spans, folded, &p, site, err))) goto fail;
    for (int round = 0; round < DETECT_ROUNDS; round++) {
        size_t found = 0;
        if ((st = drop_unwanted(&d.spans, folded, policy, site, err))) goto fail;
        reconcile(&d.spans, folded);
        known_free(known);
        known = known_new(folded->text, &d.spans);
        if (!known) {
            st = fail(err, ERR_NOMEM, _("not enough memory to search the document"));
            goto fail;
        }
        if ((st = propagate(&d.spans, folded, known, &p, err))) goto fail;
        if ((st = drop_unwanted(&d.spans, folded, policy, site, err))) goto fail;
        reconcile(&d.spans, folded);
        if ((st = look_again(&d.spans, &found, folded, policy, site, &p, err))) goto fail;
        if (found == 0) break;
        reconcile(&d.spans, folded);
    }
    d.n_residue = residue(folded, &d.spans, known, &p);
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
