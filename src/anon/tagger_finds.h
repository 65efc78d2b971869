/* SPDX-License-Identifier: MIT
 *
 * What the built-in tagger finds, as spans of the anonymiser.
 */
#ifndef SIGILO_ANON_TAGGER_FINDS_H
#define SIGILO_ANON_TAGGER_FINDS_H

#include "anon/detect.h"

struct text_range {
    uint32_t start, end; /* of the folded text, end exclusive */
};

/* Appends the tagger's finds to `spans`, which hold those of the rules. `closed` (struct
 * text_range, in order) is what detectors leave alone: placeholders, and what the clinical rules
 * know; a find is cut around it. A find made of words that the lexicon guards (drugs, clinical and
 * ordinary words) and nothing speaks for loses score. ERR_NOMEM. */
enum status tagger_finds(struct array *spans, const struct folded *text, const struct array *closed,
                         const struct detect_options *opt, struct error *err);

#endif
