/* SPDX-License-Identifier: MIT
 *
 * Where an answer stands in a grammar: a state (matcher_states.h), and the mask of a state, made by
 * walking the vocabulary's trie in step with the states.
 */
#include "engine/grammar.h"

#include <assert.h>
#include <string.h>

#include "base/intl.h"
#include "base/mem.h"
#include "engine/matcher_internal.h"
#include "engine/matcher_plain.h"
#include "engine/matcher_states.h"
#include "engine/sampler.h"
#include "engine/token_trie.h"

enum {
    PLAIN_SETS = 4,  /* kept: a grammar has one kind of string, or a few */
    WALKED_PART = 4, /* if more than one token in so many is too long, all are walked in order */
};

struct matcher {
    const struct grammar *g;
    const struct token_trie *trie; /* NULL: only bytes */
    struct states states;
    uint32_t start, now;
    bool ended; /* an end token was accepted */
    size_t n_forgotten;
    struct plain_tokens *plain[PLAIN_SETS]; /* NULL: none yet; those used last come first */
    uint32_t *path; /* [longest token + 2] states along the bytes of a token; path[0] is now */
};

enum status matcher_open_within(struct matcher **out, const struct grammar *g,
                                const struct token_trie *trie, size_t ceiling_bytes,
                                struct error *err) {
    struct matcher *m = mem_zalloc(sizeof(*m));
    if (!m) return fail(err, ERR_NOMEM, _("not enough memory to follow the grammar"));
    const size_t n_words = trie ? TOKEN_MASK_WORDS(trie->n_vocab) : 0;
    m->g = g;
    m->trie = trie;
    m->path = mem_alloc((trie ? trie->longest_bytes + 2 : 1) * sizeof(*m->path));
    enum status st = states_init(&m->states, g, n_words, ceiling_bytes, err);
    if (!st && !m->path) st = fail(err, ERR_NOMEM, _("not enough memory to follow the grammar"));
    if (!st) st = states_start(&m->states, &m->start, err);
    if (st) {
        matcher_close(m);
        return st;
    }
    m->now = m->start;
    *out = m;
    return OK;
}

enum status matcher_open(struct matcher **out, const struct grammar *g,
                         const struct token_trie *trie, struct error *err) {
    return matcher_open_within(out, g, trie, STATES_CEILING_BYTES, err);
}

void matcher_close(struct matcher *m) {
    if (!m) return;
    states_release(&m->states);
    for (size_t i = 0; i < PLAIN_SETS; i++)
        plain_tokens_close(m->plain[i]);
    mem_free(m->path);
    mem_wipe_free(m, sizeof(*m));
}

struct matcher_usage matcher_usage(const struct matcher *m) {
    return (struct matcher_usage){.n_states = m->states.states.n,
                                  .n_forgotten = m->n_forgotten,
                                  .bytes = states_used_bytes(&m->states)};
}

void matcher_reset(struct matcher *m) {
    m->now = m->start;
    m->ended = false;
}

bool matcher_may_end(const struct matcher *m) {
    return states_at(&m->states, m->now)->may_end;
}

/* Forgets all but the start and the states on the path [n]; the first is now. There is room for one
 * more on the path. */
static enum status forget(struct matcher *m, uint32_t *path, size_t n, struct error *err) {
    path[n] = m->start;
    const enum status st = states_forget(&m->states, path, n + 1, err);
    if (st) return st;
    m->now = path[0];
    m->start = path[n];
    m->n_forgotten++;
    return OK;
}

/* states_step from the last state on the path [n], computed where it is not known. */
static inline enum status step(struct matcher *m, uint32_t *path, size_t n, unsigned char byte,
                               uint32_t *out, struct error *err) {
    const unsigned class = m->g->classes[byte];
    *out = states_step(&m->states, path[n - 1], class);
    if (*out != STATE_UNKNOWN) return OK;
    enum status st = OK;
    if (states_are_full(&m->states)) st = forget(m, path, n, err);
    return st ? st : states_compute(&m->states, path[n - 1], class, out, err);
}

/* --- masks --- */

static bool same_characters(const struct plain_characters *a, const struct plain_characters *b) {
    return memcmp(a->ascii, b->ascii, sizeof(a->ascii)) == 0 && a->others == b->others;
}

static void allow(uint32_t *mask, int32_t id) {
    mask[id >> 5] |= (uint32_t)1 << (id & 31);
}

/* Goes from path[at] along a token's bytes [n] as far as they lead; returns how far that is. */
static enum status walk_token(struct matcher *m, const unsigned char *bytes, size_t n, size_t *at,
                              struct error *err) {
    const unsigned char *classes = m->g->classes;
    const size_t n_classes = m->g->n_classes;
    size_t i = *at;
    for (;;) {
        const uint32_t *steps = m->states.steps.data;
        uint32_t state = m->path[i];
        for (; i < n; i++) { /* what is known already: nearly always */
            state = steps[state * n_classes + classes[bytes[i]]];
            if (state <= STATE_DEAD) break;
            m->path[i + 1] = state;
        }
        *at = i;
        if (i == n || state == STATE_DEAD) return OK;
        const enum status st = step(m, m->path, i + 1, bytes[i], &m->path[i + 1], err);
        if (st || m->path[i + 1] == STATE_DEAD) return st;
        i++;
    }
}

/* Walks tokens [n] of the trie in order, each of which shares so many bytes with the one before:
 * those of the list, or, list NULL, those from `first` on. */
static enum status walk(struct matcher *m, uint32_t *mask, const uint32_t *list, size_t first,
                        const uint16_t *shared, size_t n, struct error *err) {
    const struct token_trie *trie = m->trie;
    size_t refused = SIZE_MAX; /* so many first bytes of the last token walked lead nowhere */
    for (size_t i = 0; i < n; i++) {
        if (shared[i] >= refused) continue;
        const size_t t = list ? list[i] : first + i;
        const size_t n_bytes = trie->offsets[t + 1] - trie->offsets[t];
        size_t at = shared[i];
        const enum status st = walk_token(m, trie->bytes + trie->offsets[t], n_bytes, &at, err);
        if (st) return st;
        refused = at < n_bytes ? at + 1 : SIZE_MAX;
        if (at == n_bytes) allow(mask, trie->ids[t]);
    }
    return OK;
}

/* All tokens, those with a first byte that leads nowhere passed over at once. */
static enum status walk_all(struct matcher *m, uint32_t *mask, struct error *err) {
    const uint32_t *first = m->trie->first;
    enum status st = OK;
    memset(mask, 0, m->states.n_mask_words * sizeof(*mask));
    for (unsigned byte = 0; !st && byte < 256; byte++) {
        const size_t n = first[byte + 1] - first[byte];
        if (!n) continue;
        st = step(m, m->path, 1, (unsigned char)byte, &m->path[1], err);
        if (!st && m->path[1] != STATE_DEAD)
            st = walk(m, mask, NULL, first[byte], m->trie->shared + first[byte], n, err);
    }
    return st;
}

/* The tokens of these characters, sorted out when they are met first; the set that was not asked
 * for longest makes room. */
static enum status find_plain(struct matcher *m, const struct plain_characters *of,
                              struct plain_tokens **out, struct error *err) {
    size_t i = 0;
    while (i < PLAIN_SETS - 1 && m->plain[i] && !same_characters(&m->plain[i]->of, of))
        i++;
    struct plain_tokens *found = m->plain[i];
    if (!found || !same_characters(&found->of, of)) {
        struct plain_tokens *fresh;
        const enum status st = plain_tokens_open(&fresh, m->trie, of, err);
        if (st) return st;
        plain_tokens_close(found);
        found = fresh;
    }
    for (; i > 0; i--)
        m->plain[i] = m->plain[i - 1];
    m->plain[0] = *out = found;
    return OK;
}

/* Tokens of plain characters are allowed as far as the row of states reaches; longer ones and all
 * others are walked. */
static enum status walk_rest(struct matcher *m, uint32_t *mask, const struct plain_tokens *plain,
                             size_t row, struct error *err) {
    const struct token_trie *trie = m->trie;
    enum status st = OK;
    memcpy(mask, plain->mask, m->states.n_mask_words * sizeof(*mask));
    for (size_t i = 0; !st && i < plain->n_longer[row]; i++) {
        const uint32_t t = plain->longest[i];
        const size_t n = trie->offsets[t + 1] - trie->offsets[t];
        size_t at = 0;
        st = walk_token(m, trie->bytes + trie->offsets[t], n, &at, err);
        if (at < n) mask[trie->ids[t] >> 5] &= ~((uint32_t)1 << (trie->ids[t] & 31));
    }
    return st ? st : walk(m, mask, plain->rest, 0, plain->shared, plain->n_rest, err);
}

/* Fills in the mask of the state now. */
static enum status make_mask(struct matcher *m, uint32_t *mask, struct error *err) {
    struct plain_characters of;
    struct plain_tokens *plain = NULL;
    size_t row, n = 0;
    m->path[0] = m->now;
    enum status st = states_are_full(&m->states) ? forget(m, m->path, 1, err) : OK;
    if (!st) st = plain_look(&m->states, m->now, &of, &row, err);
    if (!st && row > 0) st = find_plain(m, &of, &plain, err);
    if (!st && plain && plain->n_longer[row] <= m->trie->n / WALKED_PART)
        st = walk_rest(m, mask, plain, row, err);
    else if (!st)
        st = walk_all(m, mask, err);
    const int32_t *ends = tokenizer_ends(m->trie->tokenizer, &n);
    for (size_t i = 0; i < n && !st && matcher_may_end(m); i++)
        allow(mask, ends[i]);
    return st;
}

/* Remembers the mask of the state now. */
static enum status keep_mask(struct matcher *m, const uint32_t *mask, struct error *err) {
    const size_t size_bytes = m->states.n_mask_words * sizeof(*mask);
    uint32_t *copy = mem_alloc(size_bytes);
    if (!copy) return fail(err, ERR_NOMEM, _("not enough memory to follow the grammar"));
    memcpy(copy, mask, size_bytes);
    states_at(&m->states, m->now)->mask = copy;
    m->states.mask_bytes += size_bytes;
    return OK;
}

static enum status refuse_empty(const struct matcher *m, struct error *err) {
    if (m->states.was_too_deep)
        return fail(err, ERR_INVALID, _("the answer is nested deeper than %d rules of the grammar"),
                    (int)GRAMMAR_CALLS_MAX);
    return fail(err, ERR_INVALID,
                _("the grammar cannot go on: no token of the vocabulary fits what must follow"));
}

enum status matcher_mask(struct matcher *m, uint32_t *mask, struct error *err) {
    assert(m->trie);
    const size_t n_words = m->states.n_mask_words;
    if (m->ended) return fail(err, ERR_INVALID, _("the answer has ended: nothing may follow"));
    states_begin_work(&m->states);
    const uint32_t *known = states_at(&m->states, m->now)->mask;
    if (known) {
        memcpy(mask, known, n_words * sizeof(*mask));
    } else {
        enum status st = make_mask(m, mask, err);
        if (!st) st = keep_mask(m, mask, err);
        if (st) return st;
    }
    for (size_t i = 0; i < n_words; i++)
        if (mask[i]) return OK;
    return refuse_empty(m, err);
}

/* --- going on --- */

enum status matcher_accept_bytes(struct matcher *m, const char *bytes, size_t n, bool *ok,
                                 struct error *err) {
    uint32_t path[3] = {m->now, m->now}; /* where it began, where it is, and room */
    *ok = !m->ended || n == 0;
    states_begin_work(&m->states);
    for (size_t i = 0; i < n && *ok; i++) {
        uint32_t next;
        const enum status st = step(m, path, 2, (unsigned char)bytes[i], &next, err);
        if (st) return st;
        *ok = next != STATE_DEAD;
        path[1] = next;
    }
    if (*ok) m->now = path[1];
    return OK;
}

static enum status refuse_token(struct error *err) {
    return fail(err, ERR_INVALID, _("the grammar does not allow this token here"));
}

enum status matcher_accept(struct matcher *m, int32_t id, struct error *err) {
    assert(m->trie);
    bool ok = false;
    if (id < 0 || (size_t)id >= m->trie->n_vocab) return refuse_token(err);
    if (tokenizer_is_end(m->trie->tokenizer, id)) {
        if (m->ended || !matcher_may_end(m)) return refuse_token(err);
        m->ended = true;
        return OK;
    }
    if (!token_trie_has(m->trie, id)) return refuse_token(err);
    const struct bytes bytes = tokenizer_bytes(m->trie->tokenizer, id);
    const enum status st = matcher_accept_bytes(m, bytes.data, bytes.n, &ok, err);
    return st || ok ? st : refuse_token(err);
}
