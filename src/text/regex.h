/* SPDX-License-Identifier: MIT
 *
 * Regular expressions (PCRE2) with limits on work and memory: for patterns that a site writes into
 * its policy. The built-in rules are token grammars and need none.
 */
#ifndef SIGILO_TEXT_REGEX_H
#define SIGILO_TEXT_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct regex;

/* Compiles a pattern of at most REGEX_PATTERN_MAX bytes (ASCII: it is matched against folded
 * text), without regard to case. ERR_INVALID says where it breaks. */
enum { REGEX_PATTERN_MAX = 1000 };
enum status regex_open(struct regex **out, const char *pattern, struct error *err);
void regex_close(struct regex *re); /* accepts NULL */

/* The first match in text[at, n): OK and *found, or ERR_LIMIT when the match limit was hit,
 * ERR_NOMEM. Thread-safe: the state of a match is the call's own. */
enum status regex_find(const struct regex *re, const unsigned char *text, size_t n, size_t at,
                       bool *found, size_t *start, size_t *end, struct error *err);

#endif
