/* SPDX-License-Identifier: MIT
 *
 * Plain characters: finding them in a state, and the tokens made of them (matcher_plain.h).
 */
#include "engine/matcher_plain.h"

#include <string.h>

#include "base/intl.h"
#include "engine/sampler.h"
#include "text/encoding.h"

/* --- states --- */

/* As states_step, computed where it is not known; nothing is forgotten meanwhile. */
static enum status look_step(struct states *s, uint32_t from, unsigned byte, uint32_t *out,
                             struct error *err) {
    const unsigned class = s->g->classes[byte];
    *out = states_step(s, from, class);
    return *out != STATE_UNKNOWN ? OK : states_compute(s, from, class, out, err);
}

/* Where all bytes lo to hi lead; STATE_DEAD: not to one place. */
static enum status step_range(struct states *s, uint32_t from, unsigned lo, unsigned hi,
                              uint32_t *out, struct error *err) {
    enum status st = look_step(s, from, lo, out, err);
    for (unsigned byte = lo + 1; !st && byte <= hi && *out != STATE_DEAD; byte++) {
        uint32_t next;
        if (s->g->classes[byte] == s->g->classes[byte - 1]) continue;
        st = look_step(s, from, byte, &next, err);
        if (!st && next != *out) *out = STATE_DEAD;
    }
    return st;
}

/* Do all characters beyond ASCII lead to `to`? Rows: table 3-7 of the Unicode standard. */
static enum status look_beyond(struct states *s, uint32_t from, uint32_t to, bool *all,
                               struct error *err) {
    static const struct {
        unsigned char lo, hi, second_lo, second_hi, n_more;
    } rows[] = {{0xC2, 0xDF, 0x80, 0xBF, 0}, {0xE0, 0xE0, 0xA0, 0xBF, 1},
                {0xE1, 0xEC, 0x80, 0xBF, 1}, {0xED, 0xED, 0x80, 0x9F, 1},
                {0xEE, 0xEF, 0x80, 0xBF, 1}, {0xF0, 0xF0, 0x90, 0xBF, 2},
                {0xF1, 0xF3, 0x80, 0xBF, 2}, {0xF4, 0xF4, 0x80, 0x8F, 2}};
    enum status st = OK;
    *all = true;
    for (size_t i = 0; !st && *all && i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t at;
        st = step_range(s, from, rows[i].lo, rows[i].hi, &at, err);
        if (!st) st = step_range(s, at, rows[i].second_lo, rows[i].second_hi, &at, err);
        for (unsigned k = 0; !st && k < rows[i].n_more; k++)
            st = step_range(s, at, 0x80, 0xBF, &at, err);
        *all = !st && at == to;
    }
    return st;
}

/* The characters that lead to the same state as most of ASCII does; *to STATE_DEAD: none are. */
static enum status look_at(struct states *s, uint32_t state, struct plain_characters *out,
                           uint32_t *to, struct error *err) {
    uint32_t nexts[128];
    size_t lead = 0, n = 0;
    *out = (struct plain_characters){0};
    *to = STATE_DEAD;
    for (unsigned byte = 0; byte < 128; byte++) { /* what more than half are stays in the lead */
        const enum status st = look_step(s, state, byte, &nexts[byte], err);
        if (st) return st;
        if (!lead) *to = nexts[byte];
        lead += nexts[byte] == *to ? 1 : (size_t)-1;
    }
    for (unsigned byte = 0; byte < 128; byte++) {
        const bool plain = nexts[byte] == *to;
        out->ascii[byte >> 5] |= (uint32_t)plain << (byte & 31);
        n += plain;
    }
    if (n < PLAIN_CHARACTERS_MIN) *to = STATE_DEAD;
    return *to == STATE_DEAD ? OK : look_beyond(s, state, *to, &out->others, err);
}

static bool includes(const struct plain_characters *a, const struct plain_characters *b) {
    for (size_t i = 0; i < 4; i++)
        if (b->ascii[i] & ~a->ascii[i]) return false;
    return a->others || !b->others;
}

enum status plain_look(struct states *s, uint32_t state, struct plain_characters *out, size_t *row,
                       struct error *err) {
    uint32_t next;
    enum status st = look_at(s, state, out, &next, err);
    struct plain_characters here = *out;
    *row = 0;
    while (!st && next != STATE_DEAD && includes(&here, out) && *row < PLAIN_ROW_MAX) {
        if (next == state) {
            *row = PLAIN_ROW_MAX;
            return OK;
        }
        ++*row;
        state = next;
        st = look_at(s, state, &here, &next, err);
    }
    return st;
}

/* --- tokens --- */

/* Characters of a token, up to one more than PLAIN_ROW_MAX; 0: not all of them are plain. */
static size_t count_plain(const struct plain_characters *of, const unsigned char *bytes, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        bool broken = false;
        if (bytes[i] < 0x80) {
            if (!(of->ascii[bytes[i] >> 5] >> (bytes[i] & 31) & 1)) return 0;
            i++;
        } else {
            if (!of->others) return 0;
            i += encoding_decode(ENCODING_UTF_8, bytes, n, i, &cp, &broken);
            if (broken) return 0;
        }
        count += count <= PLAIN_ROW_MAX;
    }
    return count;
}

/* Places of plain tokens by characters, most first: counts[c] have c characters. */
static void sort_plain(struct plain_tokens *p, const struct token_trie *trie,
                       const unsigned char *characters, const size_t *counts) {
    size_t starts[PLAIN_ROW_MAX + 2], n = 0;
    for (size_t c = PLAIN_ROW_MAX + 1; c > 0; c--) {
        starts[c] = n;
        n += counts[c];
        p->n_longer[c - 1] = n;
    }
    for (size_t t = 0; t < trie->n; t++)
        if (characters[t]) p->longest[starts[characters[t]]++] = (uint32_t)t;
}

static void sort_rest(struct plain_tokens *p, const struct token_trie *trie,
                      const unsigned char *characters) {
    uint16_t common = 0;
    for (size_t t = 0; t < trie->n; t++) {
        if (trie->shared[t] < common) common = trie->shared[t];
        if (characters[t]) continue;
        p->shared[p->n_rest] = common;
        p->rest[p->n_rest++] = (uint32_t)t;
        common = TRIE_SHARED_MAX;
    }
}

static enum status no_memory(struct error *err) {
    return fail(err, ERR_NOMEM, _("not enough memory to follow the grammar"));
}

static enum status sort_tokens(struct plain_tokens *p, const struct token_trie *trie,
                               unsigned char *characters, struct error *err) {
    size_t counts[PLAIN_ROW_MAX + 2] = {0};
    for (size_t t = 0; t < trie->n; t++) {
        characters[t] = (unsigned char)count_plain(&p->of, trie->bytes + trie->offsets[t],
                                                   trie->offsets[t + 1] - trie->offsets[t]);
        counts[characters[t]]++;
        if (characters[t]) p->mask[trie->ids[t] >> 5] |= (uint32_t)1 << (trie->ids[t] & 31);
    }
    p->longest = mem_alloc((trie->n - counts[0]) * sizeof(*p->longest));
    p->rest = mem_alloc(counts[0] * sizeof(*p->rest));
    p->shared = mem_alloc(counts[0] * sizeof(*p->shared));
    if (!p->longest || !p->rest || !p->shared) return no_memory(err);
    sort_plain(p, trie, characters, counts);
    sort_rest(p, trie, characters);
    return OK;
}

enum status plain_tokens_open(struct plain_tokens **out, const struct token_trie *trie,
                              const struct plain_characters *of, struct error *err) {
    struct plain_tokens *p = mem_zalloc(sizeof(*p));
    if (!p) return no_memory(err);
    unsigned char *characters = mem_alloc(trie->n);
    p->of = *of;
    p->mask = mem_zalloc(TOKEN_MASK_WORDS(trie->n_vocab) * sizeof(*p->mask));
    const enum status st = characters && p->mask ? sort_tokens(p, trie, characters, err)
                                                 : no_memory(err);
    mem_free(characters);
    if (st) {
        plain_tokens_close(p);
        return st;
    }
    *out = p;
    return OK;
}

void plain_tokens_close(struct plain_tokens *p) {
    if (!p) return;
    mem_free(p->mask);
    mem_free(p->longest);
    mem_free(p->rest);
    mem_free(p->shared);
    mem_free(p);
}
