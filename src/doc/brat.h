/* SPDX-License-Identifier: MIT
 *
 * BRAT standoff annotation (https://brat.nlplab.org/standoff.html): X.ann beside X.txt, a line
 *     T1 <tab> LABEL start end <tab> text
 * for each text-bound annotation, offsets in code points of the text, end exclusive. Other kinds
 * of line (relations, attributes, notes) are skipped.
 */
#ifndef SIGILO_DOC_BRAT_H
#define SIGILO_DOC_BRAT_H

#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"

struct brat_entity {
    const char *label; /* in the arena, UTF-8 */
    const char *text;  /* as the annotation has it */
    size_t start, end; /* code points, end exclusive */
    size_t line;       /* in the .ann file, from 1 */
};

struct brat {
    struct brat_entity *entities; /* [n], in file order; in the arena */
    size_t n;
    struct arena arena;
};

/* Parses the bytes of an .ann file. `name` stands in messages. A discontinuous annotation
 * ("start end;start end") is read as one from its first start to its last end.
 * ERR_INVALID names the line (never its text). */
enum status brat_parse(struct brat *out, const char *bytes, size_t n, const char *name,
                       struct error *err);

/* Reads and parses a file. ERR_NOT_FOUND when there is none. */
enum status brat_read(struct brat *out, const char *path, struct error *err);

void brat_release(struct brat *b);

#endif
