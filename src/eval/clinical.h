/* SPDX-License-Identifier: MIT
 *
 * Clinical terms that no redaction may touch, where a corpus does not mark them itself: a list,
 * one term a line, '#' before a comment. Terms are found as whole words without regard to accents
 * and case; an entry written all in capitals ("TAC") only in capitals. Where several begin at a
 * word the longest is taken. The anonymiser itself may not read this list.
 */
#ifndef SIGILO_EVAL_CLINICAL_H
#define SIGILO_EVAL_CLINICAL_H

#include "base/error.h"
#include "base/mem.h"
#include "eval/measures.h"
#include "text/encoding.h"

struct clinical_terms;

/* Opens the list at `path`, or when that is NULL the shipped one: corpora/clinical-terms.txt under
 * $SIGILO_DATADIR, else the source directory of the build, else where it was installed.
 * ERR_NOT_FOUND; else as file_read. */
enum status clinical_open(struct clinical_terms **out, const char *path, struct error *err);

/* From the list's bytes. ERR_NOMEM. */
enum status clinical_parse(struct clinical_terms **out, const char *bytes, size_t n,
                           struct error *err);

void clinical_close(struct clinical_terms *terms); /* accepts NULL */

/* Appends the occurrences in a document to `spans` (an array of struct eval_span, start and end
 * set), in order, never overlapping. Linear in the document. ERR_NOMEM. */
enum status clinical_find(const struct clinical_terms *terms, struct array *spans,
                          enum encoding encoding, const unsigned char *bytes, size_t n,
                          struct error *err);

#endif
