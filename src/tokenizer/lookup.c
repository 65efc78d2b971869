/* SPDX-License-Identifier: MIT
 *
 * The two hash tables: which token a text is, and what two tokens join to.
 *
 * Both are filled once, with what a file says, so a file could be made whose texts all fall on one
 * place. No seed is needed against it: a chain that grows past PROBES_MAX, which chance does not
 * make at half load, is refused when the file is opened, and so every later search is short.
 */
#include <assert.h>

#include "base/intl.h"
#include "tokenizer/vocab.h"

enum { PROBES_MAX = 512 };

static inline uint64_t scramble(uint64_t h) {
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static inline uint64_t load(const char *p, size_t n) {
    uint64_t v = 0;
    memcpy(&v, p, n);
    return v;
}

static inline uint64_t hash_text(const char *p, size_t n) {
    uint64_t h = n * 0xff51afd7ed558ccdu;
    for (; n > 8; p += 8, n -= 8)
        h = scramble(h ^ load(p, 8));
    uint64_t tail = 0; /* fixed sizes: a memcpy of any n is a call */
    if (n == 8)
        tail = load(p, 8);
    else if (n >= 4)
        tail = load(p, 4) | load(p + n - 4, 4) << 32;
    else
        for (size_t i = 0; i < n; i++)
            tail = tail << 8 | (unsigned char)p[i];
    return scramble(scramble(h ^ tail));
}

/* Twice the items, rounded up to a power of two. */
static size_t slots_for(size_t n) {
    size_t slots = 16;
    while (slots < n * 2)
        slots *= 2;
    return slots;
}

static enum status colliding(const struct tokenizer *t, struct error *err) {
    return fail(err, ERR_LIMIT,
                _("%s: more than %d tokens or merges fall on one place of a table; the file was "
                  "made to be slow"),
                t->gguf->path, PROBES_MAX);
}

static bool is_text(const struct tokenizer *t, int32_t id, const char *text, size_t n) {
    const struct entry *e = &t->entries[id];
    return e->n == n && memcmp(entry_text(t, e), text, n) == 0;
}

static enum status put_text(struct tokenizer *t, int32_t id, struct error *err) {
    const struct entry *e = &t->entries[id];
    const uint64_t h = hash_text(entry_text(t, e), e->n);
    const uint32_t tag = (uint32_t)(h >> 32);
    for (size_t i = 0; i < PROBES_MAX; i++) {
        struct text_slot *slot = &t->texts.slots[(h + i) & t->texts.mask];
        if (slot->id < 0) {
            *slot = (struct text_slot){tag, id};
            return OK;
        }
        if (slot->tag == tag && is_text(t, slot->id, entry_text(t, e), e->n)) return OK;
    }
    return colliding(t, err);
}

enum status texts_build(struct tokenizer *t, struct error *err) {
    size_t n = 0;
    for (size_t i = 0; i < t->n_vocab; i++)
        n += t->entries[i].flags & TOKEN_JOINS;
    const size_t slots = slots_for(n);
    t->texts.slots = mem_alloc(slots * sizeof(struct text_slot));
    if (!t->texts.slots)
        return fail(err, ERR_NOMEM, _("%s: not enough memory for the vocabulary"), t->gguf->path);
    memset(t->texts.slots, 0xff, slots * sizeof(struct text_slot));
    t->texts.mask = slots - 1;
    enum status st = OK;
    for (size_t i = 0; !st && i < t->n_vocab; i++)
        if (t->entries[i].flags & TOKEN_JOINS) st = put_text(t, (int32_t)i, err);
    return st;
}

int32_t texts_find(const struct tokenizer *t, const char *text, size_t n) {
    if (n > t->longest) return -1;
    const uint64_t h = hash_text(text, n);
    const uint32_t tag = (uint32_t)(h >> 32);
    for (size_t i = h;; i++) {
        const struct text_slot *slot = &t->texts.slots[i & t->texts.mask];
        if (slot->id < 0) return -1;
        if (slot->tag == tag && is_text(t, slot->id, text, n)) return slot->id;
    }
}

static uint64_t pair_key(int32_t left, int32_t right) {
    return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}

enum status pairs_init(struct tokenizer *t, size_t n_merges, struct error *err) {
    const size_t slots = slots_for(n_merges);
    t->pairs.slots = mem_alloc(slots * sizeof(struct pair_slot));
    if (!t->pairs.slots)
        return fail(err, ERR_NOMEM, _("%s: not enough memory for %zu merges"), t->gguf->path,
                    n_merges);
    for (size_t i = 0; i < slots; i++)
        t->pairs.slots[i].key = PAIR_EMPTY;
    t->pairs.mask = slots - 1;
    return OK;
}

enum status pairs_put(struct tokenizer *t, int32_t left, int32_t right, struct join join,
                      struct error *err) {
    const uint64_t key = pair_key(left, right), h = scramble(scramble(key));
    for (size_t i = 0; i < PROBES_MAX; i++) {
        struct pair_slot *slot = &t->pairs.slots[(h + i) & t->pairs.mask];
        if (slot->key == key) return OK;
        if (slot->key != PAIR_EMPTY) continue;
        *slot = (struct pair_slot){key, join};
        return OK;
    }
    return colliding(t, err);
}

struct join pairs_find(const struct tokenizer *t, int32_t left, int32_t right) {
    const uint64_t key = pair_key(left, right);
    for (size_t i = scramble(scramble(key));; i++) {
        const struct pair_slot *slot = &t->pairs.slots[i & t->pairs.mask];
        if (slot->key == key) return slot->join;
        if (slot->key == PAIR_EMPTY) return (struct join){JOIN_NONE, -1};
    }
}
