/* SPDX-License-Identifier: MIT
 *
 * Masks of permissive states without a walk through the vocabulary.
 *
 * Inside a string nearly every character leads to the same place: to the state itself, or, where
 * characters are counted, to the next of a row of states that are all like it. Such characters are
 * called plain. Tokens of plain characters alone, no more of them than the row is long, are allowed
 * without looking further; only the rest is walked, one token in twenty, or fewer. What is plain
 * differs little within a grammar, so the tokens are sorted into the two kinds once, and kept.
 */
#ifndef SIGILO_ENGINE_MATCHER_PLAIN_H
#define SIGILO_ENGINE_MATCHER_PLAIN_H

#include "engine/matcher_states.h"
#include "engine/token_trie.h"

enum {
    PLAIN_ROW_MAX = 32,       /* longer rows are not told apart */
    PLAIN_CHARACTERS_MIN = 65 /* of ASCII; with fewer, a walk ends soon */
};

struct plain_characters {
    uint32_t ascii[4]; /* bit c & 31 of word c >> 5 */
    bool others;       /* all that are not ASCII, too */
};

struct plain_tokens {
    struct plain_characters of;
    uint32_t *mask;    /* [n_mask_words] tokens of these characters alone */
    uint32_t *longest; /* [n_plain] their places in the trie, those of most characters first */
    size_t n_longer[PLAIN_ROW_MAX + 1]; /* [r] how many of them have more than r characters */
    uint32_t *rest;                     /* [n_rest] places of the other tokens, in order */
    uint16_t *shared;                   /* [n_rest] bytes shared with the one before in `rest` */
    size_t n_rest;
};

/* What is plain in a state, and how long the row of states is in which it is: 0: too little is, or
 * PLAIN_ROW_MAX and more. */
enum status plain_look(struct states *s, uint32_t state, struct plain_characters *out, size_t *row,
                       struct error *err);

/* Sorts the tokens of a trie. */
enum status plain_tokens_open(struct plain_tokens **out, const struct token_trie *trie,
                              const struct plain_characters *of, struct error *err);
void plain_tokens_close(struct plain_tokens *p); /* NULL is accepted */

#endif
