/* SPDX-License-Identifier: MIT
 *
 * Any text as a grammar, a zero byte, and any bytes as an answer. The grammar is refused with a
 * sentence; or it is followed by two matchers, one of which forgets all the time: both say the same
 * of each byte and give the same masks, and the mask allows the tokens of one byte exactly where
 * the byte is accepted.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/vocab_make.h"
#include "engine/matcher_internal.h"
#include "engine/matcher_states.h"
#include "engine/sampler.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { ANSWER_MAX = 64, MASKS_MAX = 6, SMALL_CEILING_BYTES = 32 << 10 };

static void require(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "fuzz_grammar: %s\n", what);
    abort();
}

/* The tokens 0 to 255 of the vocabulary are the bytes. */
static const struct token_trie *the_trie(void) {
    static struct vocab vocab;
    static struct token_trie *trie;
    if (trie) return trie;
    require(vocab_open_bpe(&vocab), "our own vocabulary is refused");
    require(token_trie_open(&trie, vocab.tokenizer, NULL) == OK, "no trie");
    return trie;
}

/* True, and nothing to close, if it would not: the bound on work may be hit at once. */
static struct matcher *open_matcher(const struct grammar *g, size_t ceiling_bytes) {
    struct matcher *m = NULL;
    struct error err = {.status = OK};
    if (matcher_open_within(&m, g, the_trie(), ceiling_bytes, &err))
        require(err.status == ERR_LIMIT, "a matcher does not open");
    return m;
}

/* The masks of both; whether they were made. */
static bool check_masks(struct matcher *a, struct matcher *b) {
    uint32_t x[TOKEN_MASK_WORDS(VOCAB_BPE_TOKENS)], y[TOKEN_MASK_WORDS(VOCAB_BPE_TOKENS)];
    struct error err = {.status = OK};
    const enum status st = matcher_mask(a, x, &err), other = matcher_mask(b, y, &err);
    if (st == ERR_LIMIT || other == ERR_LIMIT) return false;
    require(st == other, "one of two masks is empty");
    require(memcmp(x, y, sizeof(x)) == 0, "two masks differ");
    for (int32_t byte = 0; byte < 256; byte++) {
        struct error why;
        const bool allowed = x[byte >> 5] >> (byte & 31) & 1;
        if (allowed) continue;
        const enum status refused = matcher_accept(a, byte, &why);
        require(refused == ERR_INVALID || refused == ERR_LIMIT, "a token is accepted unasked");
    }
    return true;
}

static void follow(struct matcher *a, struct matcher *b, const uint8_t *answer, size_t n) {
    for (size_t i = 0; i < n && i < ANSWER_MAX; i++) {
        const char byte = (char)answer[i];
        bool ok, other;
        require(matcher_may_end(a) == matcher_may_end(b), "one of two may end");
        if (i < MASKS_MAX && !check_masks(a, b)) return;
        const enum status st = matcher_accept_bytes(a, &byte, 1, &ok, NULL);
        if (st || matcher_accept_bytes(b, &byte, 1, &other, NULL)) return;
        require(ok == other, "one of two accepts");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    const uint8_t *zero = n ? memchr(data, 0, n) : NULL;
    const size_t n_text = zero ? (size_t)(zero - data) : n;
    struct grammar *g;
    struct error err = {.status = OK};
    if (grammar_open(&g, (const char *)data, n_text, &err)) {
        require(err.status != OK && strncmp(err.message, "the grammar", 11) == 0,
                "refused without a word");
        return 0;
    }
    struct matcher *a = open_matcher(g, STATES_CEILING_BYTES),
                   *b = open_matcher(g, SMALL_CEILING_BYTES);
    if (a && b) follow(a, b, zero ? zero + 1 : data, zero ? n - n_text - 1 : 0);
    matcher_close(a);
    matcher_close(b);
    grammar_close(g);
    return 0;
}
