/* SPDX-License-Identifier: MIT
 *
 * Features: what is known of a unit, as rows of one table of embeddings that the encoder's input is
 * the sum of. The table is laid out in stretches, one a channel:
 *
 *   word (0: unknown)  shape  length  case  affix  gram  spacing  list flags (0: in none)
 *
 * Affixes, grams and shapes are hashed: FNV-1a, 32 bits, its start value XORed with the channel's
 * seed (http://www.isthe.com/chongo/tech/comp/fnv/). Words, and which lists hold a word, come from
 * the model file. training/tagger/features.py says the same in Python; a test compares the two.
 */
#ifndef SIGILO_TAGGER_UNIT_FEATURES_H
#define SIGILO_TAGGER_UNIT_FEATURES_H

#include "tagger/tagger.h"

struct vocabulary_slot {
    const char *key; /* borrowed from the file; NULL: empty */
    uint32_t n;
    uint32_t row;   /* of the word; 0: none of its own */
    uint32_t flags; /* bit i: list i holds it */
};

struct features {
    struct vocabulary_slot *slots; /* [size], a power of two */
    size_t size;
    size_t n_words, n_flags;
    uint32_t shape, length, cases, affix, gram, spacing, flag; /* first rows of the channels */
    uint32_t n_rows;
};

/* Reads words and lists of a model file, which must stay open. */
enum status features_open(struct features *out, const struct gguf *g, struct error *err);
void features_release(struct features *f);

size_t features_rows(const struct features *f, const unsigned char *text,
                     const struct tagger_unit *unit, uint32_t rows[TAGGER_ROWS_MAX]);

#endif
