/* SPDX-License-Identifier: MIT
 *
 * Tags: 0 is outside; of kind k the four 1 + 4k to 4 + 4k: begin, inside, end, single (BIOES).
 */
#ifndef SIGILO_TAGGER_TAGS_H
#define SIGILO_TAGGER_TAGS_H

#include <stdint.h>

#include "tagger/tagger.h"

enum { TAG_OUTSIDE = 0 };
enum tag_place { TAG_BEGIN, TAG_INSIDE, TAG_END, TAG_SINGLE };

static inline size_t tags_of_kinds(size_t n_kinds) {
    return 1 + 4 * n_kinds;
}

/* The best row of tags among those that are rows of whole spans (Viterbi, 1967): scores [n][n_tags]
 * are logits or log-probabilities, from which the outside tag loses `outside`. tags: [n].
 * ERR_NOMEM. */
enum status tags_decode(uint16_t *tags, const float *scores, size_t n, size_t n_kinds,
                        float outside, struct error *err);

/* Adds the probabilities of the tags of some kinds (bit k of `joined`) to that of the outside tag,
 * and makes them impossible: scores [n][n_tags] are changed in place. Where a note's annotators did
 * not mark a kind, the model may scatter what is outside over its tags; only the sum is learnt. */
void tags_join(float *scores, size_t n, size_t n_kinds, uint64_t joined);

/* 1 minus the probability of the outside tag. */
float tags_personal(const float *scores, size_t n_tags);

#endif
