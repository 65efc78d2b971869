/* SPDX-License-Identifier: MIT
 *
 * The vocabulary as a trie (token_trie.h): sorting it.
 */
#include "engine/token_trie.h"

#include <stdlib.h>
#include <string.h>

#include "base/intl.h"
#include "base/mem.h"

struct entry {
    uint64_t head; /* the first eight bytes as a number: most comparisons end here */
    const char *data;
    uint32_t n;
    int32_t id;
};

bool token_trie_has(const struct token_trie *trie, int32_t id) {
    const enum token_kind type = tokenizer_type(trie->tokenizer, id);
    return type != TOKEN_CONTROL && type != TOKEN_UNKNOWN && type != TOKEN_UNUSED &&
           !tokenizer_is_end(trie->tokenizer, id) && tokenizer_bytes(trie->tokenizer, id).n > 0;
}

static uint64_t head_of(struct bytes bytes) {
    uint64_t head = 0;
    for (size_t i = 0; i < sizeof(head); i++)
        head = head << 8 | (i < bytes.n ? (unsigned char)bytes.data[i] : 0);
    return head;
}

static int by_bytes(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    if (x->head != y->head) return x->head < y->head ? -1 : 1;
    const int order = memcmp(x->data, y->data, x->n < y->n ? x->n : y->n);
    if (order) return order;
    if (x->n != y->n) return x->n < y->n ? -1 : 1;
    return x->id < y->id ? -1 : 1;
}

/* Gathers and sorts the tokens; entries has room for n_vocab. */
static void gather(struct token_trie *trie, struct entry *entries, size_t *n_bytes) {
    *n_bytes = 0;
    for (size_t i = 0; i < trie->n_vocab; i++) {
        if (!token_trie_has(trie, (int32_t)i)) continue;
        const struct bytes bytes = tokenizer_bytes(trie->tokenizer, (int32_t)i);
        entries[trie->n++] = (struct entry){
            .head = head_of(bytes), .data = bytes.data, .n = (uint32_t)bytes.n, .id = (int32_t)i};
        *n_bytes += bytes.n;
        if (bytes.n > trie->longest_bytes) trie->longest_bytes = bytes.n;
    }
    qsort(entries, trie->n, sizeof(*entries), by_bytes);
}

static uint16_t shared_bytes(const struct entry *a, const struct entry *b) {
    size_t n = 0;
    while (n < a->n && n < b->n && n < TRIE_SHARED_MAX && a->data[n] == b->data[n])
        n++;
    return (uint16_t)n;
}

static void lay_out(struct token_trie *trie, const struct entry *entries) {
    uint32_t at = 0;
    size_t byte = 0;
    for (size_t i = 0; i < trie->n; i++) {
        const struct entry *e = &entries[i];
        for (; byte <= (unsigned char)e->data[0]; byte++)
            trie->first[byte] = (uint32_t)i;
        trie->offsets[i] = at;
        trie->ids[i] = e->id;
        trie->shared[i] = i ? shared_bytes(e - 1, e) : 0;
        memcpy(trie->bytes + at, e->data, e->n);
        at += e->n;
    }
    for (; byte <= 256; byte++)
        trie->first[byte] = (uint32_t)trie->n;
    trie->offsets[trie->n] = at;
}

static enum status no_memory(const struct token_trie *trie, struct error *err) {
    return fail(err, ERR_NOMEM, _("not enough memory for the trie of a vocabulary of %zu tokens"),
                trie->n_vocab);
}

static enum status build(struct token_trie *trie, struct entry *entries, struct error *err) {
    size_t n_bytes;
    gather(trie, entries, &n_bytes);
    if (n_bytes > UINT32_MAX)
        return fail(err, ERR_LIMIT, _("the vocabulary's tokens have %zu bytes, more than %zu"),
                    n_bytes, (size_t)UINT32_MAX);
    trie->bytes = mem_alloc(n_bytes);
    trie->offsets = mem_alloc((trie->n + 1) * sizeof(*trie->offsets));
    trie->ids = mem_alloc(trie->n * sizeof(*trie->ids));
    trie->shared = mem_alloc(trie->n * sizeof(*trie->shared));
    if (!trie->bytes || !trie->offsets || !trie->ids || !trie->shared) return no_memory(trie, err);
    lay_out(trie, entries);
    return OK;
}

enum status token_trie_open(struct token_trie **out, const struct tokenizer *t, struct error *err) {
    const struct token_trie empty = {.tokenizer = t, .n_vocab = tokenizer_n_vocab(t)};
    struct token_trie *trie = mem_alloc(sizeof(*trie));
    if (!trie) return no_memory(&empty, err);
    *trie = empty;
    struct entry *entries = mem_alloc(trie->n_vocab * sizeof(*entries));
    const enum status st = entries ? build(trie, entries, err) : no_memory(trie, err);
    mem_free(entries);
    if (st) {
        token_trie_close(trie);
        return st;
    }
    *out = trie;
    return OK;
}

void token_trie_close(struct token_trie *trie) {
    if (!trie) return;
    mem_free(trie->bytes);
    mem_free(trie->offsets);
    mem_free(trie->ids);
    mem_free(trie->shared);
    mem_free(trie);
}
