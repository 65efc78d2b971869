/* SPDX-License-Identifier: MIT
 *
 * Characters, as far as templates ask about them: UTF-8, white space, case, classes.
 */
#ifndef SIGILO_CHAT_CHARACTERS_H
#define SIGILO_CHAT_CHARACTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes the code point at s[0], n > 0, and returns its bytes; a byte that begins none is U+FFFD
 * and one byte long. */
size_t char_decode(const char *s, size_t n, uint32_t *cp);
/* Writes up to four bytes and returns how many. */
size_t char_encode(char out[4], uint32_t cp);
/* Where the first byte lies that breaks UTF-8 (overlong forms and surrogates do); n if none. */
size_t char_check(const char *s, size_t n);
/* Bytes of the code point that ends at s[n], n > 0. */
size_t char_last(const char *s, size_t n);

/* Bytes of whole characters, at most `max`, for messages. */
size_t char_clip(const char *s, size_t n, size_t max);

bool char_is_space(uint32_t cp); /* Python's str.isspace */

/* Simple case mapping of Latin, Greek, Cyrillic, Armenian, Cherokee...; itself if it has none. */
uint32_t char_upper(uint32_t cp);
uint32_t char_lower(uint32_t cp);
bool char_is_letter(uint32_t cp);
bool char_is_digit(uint32_t cp);

/* Whether Python's repr() shows it as it is. */
bool char_is_printable(uint32_t cp);

#endif
