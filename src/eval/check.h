/* SPDX-License-Identifier: MIT
 *
 * Verifying a corpus: whether annotations and notes agree, before anything is scored on them.
 */
#ifndef SIGILO_EVAL_CHECK_H
#define SIGILO_EVAL_CHECK_H

#include "eval/corpus.h"

struct check_options {
    /* Whether a label belongs to the corpus; NULL: every label does. */
    bool (*is_label)(void *ctx, const char *label);
    const char *labels_name; /* whose labels they are, for the reason */
    /* Called for each fault. `reason` is translated and holds no text of the note. */
    void (*on_fault)(void *ctx, const char *file, size_t line, const char *reason);
    void *ctx;
};

struct check_counts {
    size_t n_documents; /* pairs of X.txt and X.ann */
    size_t n_entities, n_clinical;
    size_t n_faults;
};

/* Checks every file of a listed corpus. Faults are: X.ann without X.txt and the reverse; text that
 * cannot be decoded; a line that is no annotation; offsets outside the text; an empty span, or one
 * that begins or ends with a blank; annotated text that is not the note's (any blank or line end
 * stands for any other, as BRAT writes them); a label that is not one of the corpus's; a span that
 * overlaps or repeats an earlier one. ERR_NOMEM, ERR_IO. */
enum status check_corpus(struct check_counts *out, const struct corpus *corpus,
                         const struct check_options *opt, struct error *err);

#endif
