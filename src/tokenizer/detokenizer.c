/* SPDX-License-Identifier: MIT
 *
 * Decoding: the bytes of tokens, in whole characters. What undoes encoding is known here too: the
 * space that was put in front of text, and of text after a special token, is dropped.
 */
#include <assert.h>

#include "tokenizer/unicode.h"
#include "tokenizer/vocab.h"

static const char replacement[] = "\xef\xbf\xbd";

void detokenizer_init(struct detokenizer *d, const struct tokenizer *t, bool specials,
                      bool at_start) {
    *d = (struct detokenizer){
        .tokenizer = t, .specials = specials, .at_start = at_start && t->space_prefix};
}

/* Gives what can be told of the bytes held and p[0, n) together, and holds the rest. */
static void give(struct detokenizer *d, const unsigned char *p, size_t n, struct strbuf *out) {
    size_t at = 0;
    while (at < n || d->n_held > 0) {
        unsigned char four[DETOKENIZER_HELD_MAX];
        const unsigned char *from = p + at;
        size_t bad, left = n - at;
        bool cut;
        if (d->n_held > 0) { /* the next character begins in what is held */
            left = d->n_held;
            memcpy(four, d->held, left);
            for (size_t i = at; i < n && left < sizeof(four); i++)
                four[left++] = p[i];
            from = four;
        }
        const size_t length = utf8_check(from, left, &bad, &cut);
        if (cut) { /* all of it may still become a character */
            assert(left < sizeof(d->held));
            memcpy(d->held, from, left);
            d->n_held = left;
            return;
        }
        strbuf_append(out, length ? (const char *)from : replacement, length ? length : 3);
        /* a maximal subpart never ends within what was held: each byte held was fit to go on */
        at += (length ? length : bad) - d->n_held;
        d->n_held = 0;
    }
}

static bool is_left_out(const struct detokenizer *d, const struct entry *e, int32_t id) {
    if (d->specials) return false;
    if (e->kind == TOKEN_USER_DEFINED) return tokenizer_is_end(d->tokenizer, id);
    return e->kind == TOKEN_CONTROL || e->kind == TOKEN_UNKNOWN || e->kind == TOKEN_UNUSED;
}

void detokenizer_feed(struct detokenizer *d, int32_t id, struct strbuf *out) {
    const struct tokenizer *t = d->tokenizer;
    assert(id >= 0);
    assert((size_t)id < t->n_vocab);
    const struct entry *e = &t->entries[id];
    const char *text = entry_text(t, e);
    size_t n = e->n;
    const bool special = e->kind == TOKEN_CONTROL || e->kind == TOKEN_UNKNOWN ||
                         e->kind == TOKEN_USER_DEFINED;
    if (!special && d->at_start && n > 0 && text[0] == ' ') {
        text++;
        n--;
    }
    d->at_start = special && t->space_prefix;
    if (special) detokenizer_finish(d, out);
    if (!is_left_out(d, e, id)) give(d, (const unsigned char *)text, n, out);
}

void detokenizer_finish(struct detokenizer *d, struct strbuf *out) {
    if (d->n_held > 0) strbuf_puts(out, replacement);
    d->n_held = 0;
}
