/* SPDX-License-Identifier: MIT
 *
 * Inside the trie of tokens: the vocabulary sorted by bytes, with the length of what each token
 * shares with the one before it. Read in order, this is a walk in depth through the trie: a token
 * goes on where the shared bytes end, and when some first bytes led nowhere, all that follow and
 * share as many are passed over.
 */
#ifndef SIGILO_ENGINE_TOKEN_TRIE_H
#define SIGILO_ENGINE_TOKEN_TRIE_H

#include "engine/grammar.h"

enum {
    TRIE_SHARED_MAX = UINT16_MAX
}; /* more is written as this; to go back further does no harm */

struct token_trie {
    const struct tokenizer *tokenizer;
    size_t n_vocab;
    size_t n;             /* tokens in the trie */
    size_t longest_bytes; /* of them */
    unsigned char *bytes; /* of all of them, one after another */
    uint32_t *offsets;    /* [n + 1] in `bytes` */
    int32_t *ids;         /* [n] */
    uint16_t *shared;     /* [n] bytes */
    uint32_t first[257];  /* tokens that begin with byte b: [first[b], first[b + 1]) */
};

/* May the token be part of an answer's text? */
bool token_trie_has(const struct token_trie *trie, int32_t id);

#endif
