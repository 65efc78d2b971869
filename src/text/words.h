/* SPDX-License-Identifier: MIT
 *
 * Folded text cut into tokens: letter runs, digit runs, single marks, line ends. Blanks are not
 * tokens; each token knows how wide the gap before it was, for columns of a form are told apart
 * by nothing else.
 */
#ifndef SIGILO_TEXT_WORDS_H
#define SIGILO_TEXT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/* A number may hold letters that a bad scan shows for digits: see fold_digit_value(). */
enum token_type { TOKEN_WORD, TOKEN_NUMBER, TOKEN_MARK, TOKEN_NEWLINE };

enum token_shape {
    SHAPE_LOWER, /* apellido */
    SHAPE_TITLE, /* Apellido */
    SHAPE_UPPER, /* APELLIDO; a single capital is upper */
    SHAPE_MIXED, /* McBurney, apEllido */
};

struct token {
    uint32_t start, end; /* in the folded text */
    uint8_t type;        /* enum token_type */
    uint8_t shape;       /* enum token_shape, of a word */
    uint16_t gap;        /* blanks before it on its line; a tab counts four */
    uint64_t classes;    /* for the caller: what a lexicon says of a word */
};

/* Appends the tokens of text[start, end) to `tokens` (an array of struct token). false when memory
 * is short. */
bool words_scan(struct array *tokens, const unsigned char *text, size_t start, size_t end);

static inline bool fold_is_letter(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == 0xc0;
}

static inline bool fold_is_digit(unsigned char c) {
    return c >= '0' && c <= '9';
}

/* The digit a character of a number token stands for: "O7" and "l948" are 07 and 1948. */
static inline int fold_digit_value(unsigned char c) {
    if (fold_is_digit(c)) return c - '0';
    return c == 'O' || c == 'o' ? 0 : 1;
}

static inline unsigned char fold_lower(unsigned char c) {
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

#endif
