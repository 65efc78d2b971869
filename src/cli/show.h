/* SPDX-License-Identifier: MIT
 *
 * A result for the eye (--show, --explain) and for programs (--json).
 */
#ifndef SIGILO_CLI_SHOW_H
#define SIGILO_CLI_SHOW_H

#include <stdbool.h>
#include <stdio.h>

#include "anon/anon.h"

/* The note with its spans coloured by label, and a legend; without colour, ⟪LABEL|text⟫ marks. */
enum status show_note(FILE *out, const struct anon_result *result, const struct document *doc,
                      bool colour, struct error *err);

/* A line a span: where, label, score, which rule and why. */
enum status show_explanation(FILE *out, const struct anon_result *result,
                             const struct document *doc, struct error *err);

/* The object of `--json`, one line. `doc` and `result` are NULL for a FAILED document. */
enum status show_json(FILE *out, const char *file, const struct anon_result *result,
                      const struct document *doc, const struct error *failure, double read_ms,
                      struct error *err);

/* "NOMBRE 3, FECHA 2": how often each label was replaced. Appends to `out`. */
void show_counts(struct strbuf *out, const struct anon_result *result);

#endif
