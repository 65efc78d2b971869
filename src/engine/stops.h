/* SPDX-License-Identifier: MIT
 *
 * Stop strings: the text of an answer arrives in pieces, and ends before the first of some strings,
 * also where it lies across pieces. What may still become one is held back.
 */
#ifndef SIGILO_ENGINE_STOPS_H
#define SIGILO_ENGINE_STOPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"

enum { STOPS_MAX = 64, STOP_BYTES_MAX = 1 << 14 }; /* bytes of all of them together */

struct stops;

/* The strings are copied. ERR_INVALID: an empty string, too many, too long
 * together; ERR_NOMEM. */
enum status stops_open(struct stops **out, const char *const *strings, size_t n, struct error *err);
void stops_close(struct stops *s); /* NULL is accepted */

/* Forgets what is held. */
void stops_reset(struct stops *s);

/* Takes n bytes and appends to `out` what is now safe to show. True when a stop string is complete:
 * the text before it was appended, *which is its index, what came after it is dropped. The one that
 * ends first wins; of several that end at one place, the longest. */
bool stops_feed(struct stops *s, const char *bytes, size_t n, struct strbuf *out, size_t *which);

/* No more will come: appends what is held. */
void stops_finish(struct stops *s, struct strbuf *out);

#endif
