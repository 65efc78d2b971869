/* SPDX-License-Identifier: MIT
 *
 * Cutting a folded text into units.
 */
#include "tagger/units.h"

#include "text/fold.h"

bool unit_is_letter(unsigned char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == FOLD_LETTER;
}

static bool is_digit(unsigned char c) {
    return c >= '0' && c <= '9';
}

static bool is_capital(unsigned char c) {
    return c >= 'A' && c <= 'Z';
}

static bool is_blank(unsigned char c) {
    return c <= ' ' && c != '\n';
}

/* The end of the run of letters that begins at `at`: before a capital after a small letter. */
static size_t letters_end(const struct unit_reader *r, size_t at) {
    size_t end = at + 1;
    while (end < r->n && unit_is_letter(r->text[end]) &&
           !(is_capital(r->text[end]) && !is_capital(r->text[end - 1])))
        end++;
    return end;
}

static enum unit_spacing spacing_of(const unsigned char *gap, size_t n, bool first) {
    if (first) return n ? UNIT_INDENT : UNIT_LINE_START;
    if (n == 0) return UNIT_GLUED;
    for (size_t i = 0; i < n; i++)
        if (gap[i] == '\t') return UNIT_TAB;
    return n == 1 ? UNIT_ONE_BLANK : UNIT_BLANKS;
}

bool unit_next(struct unit_reader *r, struct tagger_unit *out) {
    const size_t gap = r->at;
    size_t at = gap;
    while (at < r->n && is_blank(r->text[at]))
        at++;
    if (at == r->n) return false;
    size_t end = at + 1;
    if (unit_is_letter(r->text[at]))
        end = letters_end(r, at);
    else if (is_digit(r->text[at]))
        while (end < r->n && is_digit(r->text[end]))
            end++;
    *out = (struct tagger_unit){(uint32_t)at, (uint32_t)end,
                                (uint8_t)spacing_of(r->text + gap, at - gap, r->first)};
    r->first = r->text[at] == '\n';
    r->at = end;
    return true;
}
