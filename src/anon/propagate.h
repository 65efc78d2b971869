/* SPDX-License-Identifier: MIT
 *
 * A name found once is looked for in the whole document: its parts, in capitals, without accents,
 * with one letter wrong when it is six letters or longer; and so are long numbers.
 */
#ifndef SIGILO_ANON_PROPAGATE_H
#define SIGILO_ANON_PROPAGATE_H

#include "anon/note.h"

struct known; /* what was found, as hashes: no text is kept */

/* Collects from the finds: parts of names of four letters or more that are no ordinary words,
 * numbers of five digits or more. NULL when memory is short. */
struct known *known_new(const unsigned char *text, const struct array *spans);
void known_free(struct known *known); /* accepts NULL */

/* Claims occurrences in a piece that no rule has claimed. */
void known_claim(const struct known *known, struct note *note);

/* The number of values that stand in free tokens of a piece all the same (guarded words): what a
 * second look should be told. */
size_t known_residue(const struct known *known, const struct note *note);

#endif
