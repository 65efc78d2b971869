/* SPDX-License-Identifier: MIT
 *
 * Measures of privacy and utility: what of a note's personal data is still in the output, and
 * what of the rest is not. After Pissarra et al., arXiv:2406.00062; the formulas are this
 * project's reading of it (the paper's own text could not be had).
 *
 * A character is a code point of the note, replaced when a replaced span covers it. An entity is a
 * marked span; it is covered when each of its letters and digits is replaced. For an entity v,
 * 1 - s(v) is the share of its characters replaced.
 *
 *   characters.recall     characters of entities replaced / characters of entities
 *   characters.precision  characters of entities replaced / characters replaced
 *   coverage              entities covered / entities
 *   coverage_direct       the same of direct identifiers
 *   ALID                  mean of 1 - s(v) over entities
 *   LR                    share of entities with 1 - s(v) >= 0.85
 *   leak of v             v is not covered; or v is direct, at least 4 characters long, and stands
 *                         elsewhere in the output, as whole words and in the same case
 *   documents_with_leak   documents with a leak of any entity; ..._direct_leak: of a direct one
 *   LRDI                  documents without a direct leak / documents
 *   LRQI                  quasi-identifiers not leaked / quasi-identifiers
 *   over_redaction        characters outside entities replaced / characters outside entities
 *   clinical_touched      clinical terms with a character replaced / clinical terms
 *   preservation          characters outside entities and replaced spans that stand in the output,
 *                         in order / all such characters
 *
 * Characters of entities whose kind the policy keeps are neither in nor outside entities.
 */
#ifndef SIGILO_EVAL_PRIVACY_H
#define SIGILO_EVAL_PRIVACY_H

#include "eval/measures.h"

/* Adds a note. `output` must be the note's text with `replaced` spans replaced, which is verified:
 * what differs otherwise costs preservation. ERR_NOMEM. */
enum status eval_measure_privacy(struct eval_scores *scores, const struct eval_note *note,
                                 struct error *err);

#endif
