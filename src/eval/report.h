/* SPDX-License-Identifier: MIT
 *
 * Reports of a scored corpus: JSON for programs (CLI.md's keys, in order), a table for people, CSV
 * for spreadsheets. What is unknown (0/0, or not comparable) is null, a dash, or an empty cell.
 */
#ifndef SIGILO_EVAL_REPORT_H
#define SIGILO_EVAL_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "base/strbuf.h"
#include "eval/measures.h"

/* A new reference, or NULL when memory is short. */
json_t *eval_report_json(const struct eval_scores *scores, const char *corpus);

/* In the user's language; documents with a leak first, F1 after (docs/quality.md). */
void eval_report_table(FILE *out, const struct eval_scores *scores, const char *corpus,
                       const char *policy);

/* "measure,value" lines made of the JSON, a dot between nested keys: strict.f1, labels.FECHAS.f1.*/
void eval_report_csv(struct strbuf *out, const json_t *report);

#endif
