/* SPDX-License-Identifier: MIT
 *
 * Units: what is tagged. Runs of letters, cut where a small letter meets a capital; runs of digits;
 * single signs; line ends. Blanks are no units: what stood before a unit is told by its spacing.
 * training/tagger/units.py says the same in Python; a test compares the two.
 */
#ifndef SIGILO_TAGGER_UNITS_H
#define SIGILO_TAGGER_UNITS_H

#include <stdbool.h>

#include "tagger/tagger.h"

enum unit_spacing {
    UNIT_GLUED,
    UNIT_ONE_BLANK,
    UNIT_BLANKS,
    UNIT_TAB,
    UNIT_LINE_START,
    UNIT_INDENT,
    UNIT_SPACINGS
};

struct unit_reader {
    const unsigned char *text; /* folded, borrowed */
    size_t n, at;
    bool first; /* the next unit is the first of its line */
};

/* Reads the next unit; false at the end. */
bool unit_next(struct unit_reader *r, struct tagger_unit *out);

bool unit_is_letter(unsigned char c);

#endif
