/* SPDX-License-Identifier: MIT
 *
 * Joining: from the characters or bytes of a word to its tokens, the pair with the lowest rank
 * first, the leftmost of equals.
 */
#ifndef SIGILO_TOKENIZER_JOINER_H
#define SIGILO_TOKENIZER_JOINER_H

#include "tokenizer/vocab.h"

/* The scratch of one call. Zero-initialised but for the vocabulary. */
struct joiner {
    const struct tokenizer *tokenizer;
    struct array *ids;    /* int32_t: where the tokens go */
    struct cached *cache; /* words met before; NULL: none are kept */
    /* a long stretch, by byte */
    uint32_t *link, *rank;
    int32_t *id;
    size_t n_room;
    struct array heap; /* uint64_t: rank << 32 | byte */
};

/* Lets words be remembered: worth it for more than a few. Lack of memory is no matter. */
void joiner_remember(struct joiner *j);

/* Wipes and frees the scratch. */
void joiner_release(struct joiner *j);

/* Appends the tokens of n bytes of text (under 2^31), which for SPM are whole characters; false:
 * memory is short. A word is joined as one, whole if the vocabulary does so; a run has no words. */
bool joiner_word(struct joiner *j, const char *text, size_t n);
bool joiner_run(struct joiner *j, const char *text, size_t n);

#endif
