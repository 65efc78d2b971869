/* SPDX-License-Identifier: MIT
 *
 * The history backwards, and how far it agrees with itself from each place on (the Z algorithm,
 * Gusfield 1997, section 1.4: linear). Where the end of the text agrees for z tokens with what
 * stood before a token, saying that token now would repeat z tokens.
 *
 * Sequences do not go over a breaker: a token in whose text, or in whose text together with that of
 * the tokens before it, a breaker ends.
 */
#include "engine/dry.h"

#include <math.h>
#include <string.h>

#include "base/intl.h"
#include "base/mem.h"

enum { TAIL_BYTES = 64 }; /* at least as long as the longest breaker */

struct entry {
    int32_t id;
    bool breaks;
};

struct dry {
    const struct tokenizer *tokenizer;
    double multiplier, base;
    size_t allowed_length, n_last, n_vocab;
    char **breakers; /* [n_breakers] */
    size_t n_breakers;
    struct array history;  /* struct entry */
    struct array lengths;  /* uint32_t: z, as many as the history */
    uint32_t *longest;     /* [n_vocab], 0 between draws */
    char tail[TAIL_BYTES]; /* the end of the text so far */
    size_t n_tail;
};

static enum status no_memory(struct error *err) {
    return fail(err, ERR_NOMEM, _("not enough memory for sampling"));
}

static bool copy_breakers(struct dry *d, const struct sampling *s) {
    d->breakers = mem_zalloc(s->n_dry_breakers * sizeof(*d->breakers));
    if (!d->breakers) return false;
    for (; d->n_breakers < s->n_dry_breakers; d->n_breakers++) {
        d->breakers[d->n_breakers] = mem_strdup(s->dry_breakers[d->n_breakers]);
        if (!d->breakers[d->n_breakers]) return false;
    }
    return true;
}

enum status dry_open(struct dry **out, const struct sampling *s, size_t n_vocab,
                     const struct tokenizer *t, struct error *err) {
    struct dry *d = mem_zalloc(sizeof(*d));
    if (!d) return no_memory(err);
    d->tokenizer = t;
    d->multiplier = (double)s->dry_multiplier;
    d->base = (double)s->dry_base;
    d->allowed_length = (size_t)s->dry_allowed_length;
    d->n_last = s->dry_last_n < 0 ? SIZE_MAX : (size_t)s->dry_last_n;
    d->n_vocab = n_vocab;
    d->longest = mem_zalloc(n_vocab * sizeof(*d->longest));
    if (!d->longest || !copy_breakers(d, s)) {
        dry_close(d);
        return no_memory(err);
    }
    *out = d;
    return OK;
}

void dry_close(struct dry *d) {
    if (!d) return;
    for (size_t i = 0; i < d->n_breakers; i++)
        mem_free(d->breakers[i]);
    mem_free(d->breakers);
    mem_wipe_free(d->history.data, d->history.capacity * sizeof(struct entry));
    array_release(&d->lengths);
    mem_free(d->longest);
    mem_wipe_free(d, sizeof(*d));
}

static bool is_known(const struct dry *d, int32_t id) {
    return id >= 0 && (size_t)id < d->n_vocab;
}

/* Does a breaker end in text[from, n)? */
static bool breaker_ends(const struct dry *d, const char *text, size_t n, size_t from) {
    for (size_t i = 0; i < d->n_breakers; i++) {
        const size_t length = strlen(d->breakers[i]);
        const size_t start = from + 1 > length ? from + 1 - length : 0;
        if (n > start && memmem(text + start, n - start, d->breakers[i], length)) return true;
    }
    return false;
}

static bool is_breaker(const struct dry *d, int32_t id) {
    if (!d->tokenizer) return false;
    const struct bytes own = tokenizer_bytes(d->tokenizer, id);
    return breaker_ends(d, own.data, own.n, 0);
}

/* Appends the token's text to the tail. True when a breaker ends in it. */
static bool extend_tail(struct dry *d, int32_t id) {
    if (!d->tokenizer || !is_known(d, id)) return false;
    const struct bytes own = tokenizer_bytes(d->tokenizer, id);
    char text[2 * TAIL_BYTES];
    const size_t n_new = own.n < TAIL_BYTES ? own.n : TAIL_BYTES, n = d->n_tail + n_new;
    memcpy(text, d->tail, d->n_tail);
    memcpy(text + d->n_tail, own.data, n_new);
    const bool breaks = breaker_ends(d, own.data, own.n, 0) || breaker_ends(d, text, n, d->n_tail);
    d->n_tail = n < TAIL_BYTES ? n : TAIL_BYTES;
    if (own.n >= TAIL_BYTES)
        memcpy(d->tail, own.data + own.n - TAIL_BYTES, TAIL_BYTES);
    else
        memcpy(d->tail, text + n - d->n_tail, d->n_tail);
    return breaks;
}

enum status dry_accept(struct dry *d, const int32_t *ids, size_t n, struct error *err) {
    if (!array_reserve(&d->history, n, sizeof(struct entry)) ||
        !array_reserve(&d->lengths, d->history.n + n, sizeof(uint32_t)))
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        const struct entry e = {ids[i], extend_tail(d, ids[i])};
        array_push(&d->history, &e, sizeof(e)); /* there is room: it was reserved */
    }
    return OK;
}

/* z[i]: how many tokens from backwards[i] on are those from backwards[0] on. */
static void agree(uint32_t *z, const struct entry *last, size_t n) {
    size_t left = 0, right = 0; /* the agreement that reaches farthest: [left, right) */
    for (size_t i = 1; i < n; i++) {
        size_t length = i < right ? z[i - left] : 0;
        if (length > right - i && i < right) length = right - i;
        while (i + length < n && last[-(ptrdiff_t)length].id == last[-(ptrdiff_t)(i + length)].id)
            length++;
        z[i] = (uint32_t)length;
        if (i + length > right) {
            left = i;
            right = i + length;
        }
    }
}

/* base^n in products alone: libm's pow rounds differently from place to place. May be infinite. */
static double power(double base, size_t n) {
    double result = 1;
    for (; n; n >>= 1, base *= base)
        if (n & 1) result *= base;
    return result;
}

static void penalise(struct dry *d, struct candidates *c) {
    for (size_t i = 0; i < c->n; i++) {
        const size_t length = d->longest[c->data[i].id];
        if (length < d->allowed_length || length == 0 || is_breaker(d, c->data[i].id)) continue;
        c->data[i].logit = bounded_logit(
            (double)c->data[i].logit - d->multiplier * power(d->base, length - d->allowed_length));
        c->n_sorted = 0;
    }
}

void dry_apply(struct dry *d, struct candidates *c) {
    const size_t n = d->history.n < d->n_last ? d->history.n : d->n_last;
    if (n < 2) return;
    const struct entry *last = (const struct entry *)d->history.data + d->history.n - 1;
    size_t reach = 0; /* tokens at the end without a breaker */
    while (reach < n && !last[-(ptrdiff_t)reach].breaks)
        reach++;
    if (reach == 0 || reach < d->allowed_length) return;
    uint32_t *z = d->lengths.data;
    agree(z, last, n);
    for (size_t i = 1; i < n; i++) {
        const int32_t id = last[-(ptrdiff_t)(i - 1)].id;
        const uint32_t length = z[i] < reach ? z[i] : (uint32_t)reach;
        if (is_known(d, id) && length > d->longest[id]) d->longest[id] = length;
    }
    penalise(d, c);
    for (size_t i = 1; i < n; i++) {
        const int32_t id = last[-(ptrdiff_t)(i - 1)].id;
        if (is_known(d, id)) d->longest[id] = 0;
    }
}
