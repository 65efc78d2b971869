/* SPDX-License-Identifier: MIT
 *
 * Which policy a corpus is scored under, and how its labels are read.
 *
 * A policy covers a corpus when each label that occurs is one of its own. One that does not may be
 * chosen all the same: labels are then read as kinds through a shipped policy that covers, and
 * what is found is written back in the corpus's labels through it.
 */
#ifndef SIGILO_EVAL_POLICIES_H
#define SIGILO_EVAL_POLICIES_H

#include "anon/policy.h"
#include "eval/corpus.h"

struct eval_policies {
    struct policy *policy; /* what is done: chosen, or the one that covers */
    struct policy *reader; /* how labels are read; NULL when `policy` covers */
};

/* `name` is a shipped policy, a file, or NULL for the first shipped one that covers the corpus.
 * ERR_NOT_FOUND (no such policy, or none that covers), ERR_INVALID, ERR_IO, ERR_NOMEM. */
enum status eval_policies_open(struct eval_policies *out, const struct corpus *corpus,
                               const char *name, struct error *err);
void eval_policies_close(struct eval_policies *p);

/* The shipped policy that has most of the corpus's labels, for checking it. */
enum status eval_policies_nearest(struct policy **out, const struct corpus *corpus,
                                  struct error *err);

/* How a label of the corpus is taken. */
struct eval_reading {
    const char *label; /* in the corpus's vocabulary */
    enum identifier_class identifier;
    bool aside; /* the policy keeps its kinds: no measure sees it */
};

/* A marked label. A label of several kinds is read as the first of them. */
struct eval_reading eval_read_label(const struct eval_policies *p, const char *label);

/* A label that another program wrote: the corpus's or the policy's; others stand for themselves. */
struct eval_reading eval_read_prediction(const struct eval_policies *p, const char *label);

/* A span of ours, of that label and kind. */
struct eval_reading eval_read_kind(const struct eval_policies *p, const char *label,
                                   enum kind kind);

#endif
