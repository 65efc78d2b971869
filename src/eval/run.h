/* SPDX-License-Identifier: MIT
 *
 * Scoring a corpus: each note is read, anonymised (or somebody else's annotations of it are read),
 * measured and forgotten; only sums are kept.
 */
#ifndef SIGILO_EVAL_RUN_H
#define SIGILO_EVAL_RUN_H

#include "anon/anon.h"
#include "eval/clinical.h"
#include "eval/measures.h"
#include "eval/policies.h"

struct eval_run {
    const struct corpus *corpus; /* listed, labels read; as all here borrowed */
    const struct eval_policies *policies;
    const struct anonymizer *anonymizer; /* NULL: score `predictions` */
    const char *predictions;             /* a directory with X.ann for each X */
    const struct clinical_terms *terms;  /* NULL: only what the corpus marks itself */

    /* Called for each missed and spurious span; NULL: nobody asks. */
    void (*on_error)(void *ctx, const char *name, const struct eval_note *note,
                     const struct eval_span *span, bool found);
    /* Called for each document that FAILED, with the sentence that says why; may be NULL. */
    void (*on_failed)(void *ctx, const char *name, const char *why);
    void *ctx;
};

/* Scores every pair of X.txt and X.ann. A document that FAILED or that the predictions lack is
 * measured as if it had come back untouched. `out` is released with eval_scores_release.
 * ERR_INVALID for annotations that do not fit their note, ERR_NOT_FOUND when the corpus has no
 * pair; else as the readers. */
enum status eval_run(struct eval_scores *out, const struct eval_run *run, struct error *err);

#endif
