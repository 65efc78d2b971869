/* SPDX-License-Identifier: MIT
 *
 * Annotated corpora: directories of BRAT files, X.txt beside X.ann, sub-directories included.
 */
#ifndef SIGILO_EVAL_CORPUS_H
#define SIGILO_EVAL_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "doc/doc.h"

/* The label of marks that are no personal data: clinical terms that no redaction may touch. */
#define CORPUS_CLINICAL_LABEL "CLINICO"

struct corpus_file {
    const char *name; /* below the directory, without ending: "dev/cti-01" */
    bool has_txt, has_ann;
};

struct corpus {
    const char *path;          /* as it was given */
    struct corpus_file *files; /* [n], by name */
    size_t n;
    const char **labels; /* [n_labels], those that occur, by name; CLINICO is not among them */
    size_t n_labels;
    bool has_clinical; /* CLINICO occurs */
    struct arena arena;
};

/* Lists the files of a directory; hidden ones and directories behind symbolic links are passed
 * over. ERR_NOT_FOUND, ERR_IO, ERR_LIMIT (nested too deep), ERR_NOMEM. */
enum status corpus_list(struct corpus *out, const char *path, struct error *err);

/* Reads every annotation once, to know the labels. ERR_INVALID names file and line; with
 * `pass_over` files that cannot be read are passed over. */
enum status corpus_read_labels(struct corpus *corpus, bool pass_over, struct error *err);

void corpus_release(struct corpus *corpus);

/* "corpus/dev/cti-01" + ".ann"; NULL when memory is short. Free with mem_free. */
char *corpus_path(const char *directory, const char *name, const char *ending);

/* The code points of bytes in an encoding, [*n]; NULL when memory is short. Free with
 * mem_wipe_free(p, *n * sizeof(uint32_t)). */
uint32_t *corpus_decode(enum encoding encoding, const unsigned char *bytes, size_t n_bytes,
                        size_t *n);

#endif
