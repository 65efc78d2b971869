/* SPDX-License-Identifier: MIT
 *
 * The cut into tokens: one pass, no look-back.
 */
#include "text/words.h"

#include "text/fold.h"

static enum token_shape shape_of(const unsigned char *s, size_t n) {
    size_t n_upper = 0;
    for (size_t i = 0; i < n; i++)
        n_upper += s[i] >= 'A' && s[i] <= 'Z';
    const bool first = s[0] >= 'A' && s[0] <= 'Z';
    if (n_upper == 0) return SHAPE_LOWER;
    if (n_upper == n) return SHAPE_UPPER;
    return first && n_upper == 1 ? SHAPE_TITLE : SHAPE_MIXED;
}

static bool is_scanned_digit(unsigned char c) {
    return fold_is_digit(c) || c == 'O' || c == 'o' || c == 'l';
}

/* End of a number that a bad scan damaged: digits with O, o, l among them and no other letter, as
 * in "O7/l1/l948". "O2" is oxygen, "2l" two litres, "lo" a word: 0 for those. */
static size_t scanned_number(const unsigned char *text, size_t start, size_t at, size_t end) {
    size_t to = at, n_digits = 0, n_letters = 0;
    if (at > start && fold_is_letter(text[at - 1])) return 0;
    while (to < end && is_scanned_digit(text[to])) {
        n_digits += fold_is_digit(text[to]);
        n_letters += !fold_is_digit(text[to]);
        to++;
    }
    if (n_digits == 0 || n_letters == 0 || (to < end && fold_is_letter(text[to]))) return 0;
    if (n_letters == 1 && !fold_is_digit(text[to - 1])) return 0; /* the unit after a number */
    if (to - at == 2 && (text[at] == 'O' || text[at] == 'o')) {
        /* "O7" only where the next mark makes it part of a date or a code */
        if (to >= end || (text[to] != '/' && text[to] != '-') || to + 1 >= end ||
            !is_scanned_digit(text[to + 1]))
            return 0;
    }
    return to;
}

static bool is_blank(unsigned char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

/* "MartínezNº", "dolorHTA": a capital after three small letters begins another word; McBurney and
 * mmHg stay whole. */
static bool two_words_meet(const unsigned char *text, size_t start, size_t at) {
    if (at < start + 3 || text[at] < 'A' || text[at] > 'Z') return false;
    for (size_t i = at - 3; i < at; i++)
        if (i > start && (text[i] < 'a' || text[i] > 'z')) return false;
    return text[at - 1] >= 'a' && text[at - 1] <= 'z';
}

bool words_scan(struct array *tokens, const unsigned char *text, size_t start, size_t end) {
    unsigned gap = 0;
    for (size_t at = start; at < end;) {
        const unsigned char c = text[at];
        if (is_blank(c)) {
            gap += c == '\t' ? 4 : 1;
            at++;
            continue;
        }
        struct token t = {.start = (uint32_t)at, .gap = gap > 0xffff ? 0xffff : (uint16_t)gap};
        size_t to = at + 1;
        const size_t scanned = is_scanned_digit(c) ? scanned_number(text, start, at, end) : 0;
        if (scanned) {
            to = scanned;
            t.type = TOKEN_NUMBER;
        } else if (fold_is_letter(c)) {
            while (to < end && fold_is_letter(text[to]) && !two_words_meet(text, at, to))
                to++;
            t.type = TOKEN_WORD;
            t.shape = (uint8_t)shape_of(text + at, to - at);
        } else if (fold_is_digit(c)) {
            while (to < end && fold_is_digit(text[to]))
                to++;
            t.type = TOKEN_NUMBER;
        } else {
            t.type = c == '\n' ? TOKEN_NEWLINE : TOKEN_MARK;
            if (c == '\n')
                t.gap = 0; /* blanks, and the CR of a pair, at a line's end say nothing */
        }
        t.end = (uint32_t)to;
        if (!array_push(tokens, &t, sizeof(t))) return false;
        gap = 0;
        at = to;
    }
    return true;
}
