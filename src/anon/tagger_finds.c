/* SPDX-License-Identifier: MIT
 *
 * From the tagger's spans to the anonymiser's.
 */
#include "anon/tagger_finds.h"

#include "anon/lexicon.h"
#include "anon/policy.h"
#include "anon/rule.h"
#include "base/intl.h"
#include "tagger/tagger.h"
#include "text/words.h"

/* What speaks for a word as part of something personal. */
static const uint64_t EVIDENCE = LEX_ANY_NAME | LEX_PLACE | LEX_PLACE_WEAK | LEX_COUNTRY |
                                 LEX_INSTITUTION | LEX_PROFESSION | LEX_ANY_HEAD | LEX_STREET_TYPE |
                                 LEX_MONTH | LEX_MONTH_SHORT | LEX_WEEKDAY;

/* What speaks against it. Ordinary words do not: people are called by them. */
static const uint64_t GUARD = LEX_DRUG | LEX_EPONYM | LEX_CLINICAL | LEX_UNIT;

enum { WORD_MAX = 40, GUARDED_SCORE_MAX = 20 };

/* Every word of the find is one that the lexicon guards, and none speaks for it. Names of people
 * and places alone: ages, trades and kin are ordinary words. */
static bool is_guarded(const unsigned char *text, const struct tagger_span *s) {
    const enum kind kind = (enum kind)s->kind;
    bool any = false;
    if (!kind_is_name(kind) && (kind < KIND_PLACE || kind > KIND_INSTITUTION)) return false;
    for (size_t at = s->start; at < s->end;) {
        if (fold_is_digit(text[at])) return false;
        if (!fold_is_letter(text[at])) {
            at++;
            continue;
        }
        const size_t first = at;
        while (at < s->end && fold_is_letter(text[at]))
            at++;
        if (at - first > WORD_MAX) return false;
        const uint64_t classes = lexicon_lookup(text + first, at - first);
        if (!(classes & GUARD) || (classes & EVIDENCE)) return false;
        any = true;
    }
    return any;
}

/* How many digits stand at s[at] on; one or two, else 0. */
static size_t short_number(const unsigned char *s, size_t at, size_t end) {
    size_t n = 0;
    while (at + n < end && fold_is_digit(s[at + n]))
        n++;
    return n <= 2 ? n : 0;
}

/* "12/7", a blood pressure in its column: two short numbers, and behind two blanks or more another
 * figure on the same line. A day and a month stand so only in tables of dates, which rules read. */
static bool is_reading(const unsigned char *text, size_t n, const struct tagger_span *s) {
    if (s->kind != KIND_DATE) return false;
    const size_t first = short_number(text, s->start, s->end), slash = s->start + first;
    if (!first || slash >= s->end || text[slash] != '/') return false;
    const size_t second = short_number(text, slash + 1, s->end);
    if (!second || slash + 1 + second != s->end) return false;
    size_t at = s->end;
    while (at < n && (text[at] == ' ' || text[at] == '\t'))
        at++;
    const bool column = at < n && (at - s->end >= 2 || text[s->end] == '\t');
    return column && fold_is_digit(text[at]);
}

static struct span span_of(const unsigned char *text, size_t n, const struct tagger_span *s) {
    int score = (int)(s->score * 100 + 0.5f);
    if (score > GUARDED_SCORE_MAX && (is_guarded(text, s) || is_reading(text, n, s)))
        score = GUARDED_SCORE_MAX;
    return (struct span){.start = s->start,
                         .end = s->end,
                         .rules = RULE_BIT(RULE_TAGGER),
                         .kind = (uint8_t)s->kind,
                         .score = (uint8_t)score};
}

static bool is_word_byte(unsigned char c) {
    return fold_is_letter(c) || fold_is_digit(c);
}

/* Drops what is neither letter nor digit at both ends; false when nothing is left. */
static bool trim(struct tagger_span *s, const unsigned char *text) {
    while (s->start < s->end && !is_word_byte(text[s->start]))
        s->start++;
    while (s->end > s->start && !is_word_byte(text[s->end - 1]))
        s->end--;
    return s->start < s->end;
}

struct cutter {
    struct array *spans;
    const unsigned char *text;
    size_t n_text;
    const struct policy *policy;
    const struct text_range *closed;
    size_t n_closed, at; /* the first closed range that may touch the next find */
};

static bool push_part(struct cutter *c, const struct tagger_span *whole, uint32_t start,
                      uint32_t end) {
    struct tagger_span part = *whole;
    part.start = start;
    part.end = end;
    if (start >= end || ((start != whole->start || end != whole->end) && !trim(&part, c->text)))
        return true;
    const struct span s = span_of(c->text, c->n_text, &part);
    /* what nobody would act on must not widen what others are sure of */
    if (s.score < c->policy->rows[s.kind].review * 100 - 0.001) return true;
    return array_push(c->spans, &s, sizeof(s));
}

/* What of a find lies outside the closed ranges. */
static bool push_open(struct cutter *c, const struct tagger_span *found) {
    uint32_t start = found->start;
    while (c->at < c->n_closed && c->closed[c->at].end <= found->start)
        c->at++;
    for (size_t i = c->at; i < c->n_closed && c->closed[i].start < found->end; i++) {
        if (!push_part(c, found, start, c->closed[i].start)) return false;
        start = c->closed[i].end;
    }
    return push_part(c, found, start, found->end);
}

enum status tagger_finds(struct array *spans, const struct folded *text, const struct array *closed,
                         const struct detect_options *opt, struct error *err) {
    struct array found = {0};
    struct cutter c = {.spans = spans,
                       .text = text->text,
                       .n_text = text->n,
                       .policy = opt->policy,
                       .closed = closed->data,
                       .n_closed = closed->n};
    enum status st = tagger_run(opt->tagger, text->text, text->n, opt->tagger_outside, &found, err);
    bool whole = true;
    for (size_t i = 0; st == OK && i < found.n && whole; i++)
        whole = push_open(&c, (const struct tagger_span *)found.data + i);
    if (!whole) st = fail(err, ERR_NOMEM, _("not enough memory to search the document"));
    array_release(&found);
    return st;
}
