/* SPDX-License-Identifier: MIT
 *
 * Generating: a prompt goes in, an answer comes out, in one sequence of a session. What the
 * sequence holds is remembered, so that a prompt which begins as the last one did, and its answer,
 * is computed from where they part; the bits are the same (engine.h).
 */
#ifndef SIGILO_ENGINE_GENERATE_H
#define SIGILO_ENGINE_GENERATE_H

#include <stdatomic.h>

#include "base/mem.h"
#include "engine/completion.h"
#include "engine/engine.h"

struct sequence { /* {session, seq} to begin with; the sequence must be empty then */
    struct session *session;
    size_t seq;
    struct array ids; /* int32_t: the tokens in the cache, in order */
};

/* Goes back to the first n tokens (0: empties it); n beyond what it holds changes nothing. */
void sequence_truncate(struct sequence *s, size_t n);

/* Appends any number of tokens, in batches. On an error nothing has changed. */
enum status sequence_append(struct sequence *s, const int32_t *ids, size_t n, struct error *err);

/* Frees what it remembers, wiped; the session is the caller's. */
void sequence_release(struct sequence *s);

/* Makes the sequence hold the n tokens (at least one), computing what it did not hold yet, and at
 * least the last one: its logits can then be asked. *n_reused (may be NULL): how many were there
 * already. ERR_FULL names both numbers; the sequence is unchanged then. `cancel` (may be NULL) is
 * looked at between batches: *cancelled, and the sequence holds what was done. */
enum status sequence_prompt(struct sequence *s, const int32_t *ids, size_t n, size_t *n_reused,
                            const atomic_bool *cancel, bool *cancelled, struct error *err);

/* When the context is full in the middle of an answer, the tokens from n_keep on are dropped, so
 * many, and the rest is computed again at its new place. */
struct context_shift {
    bool allowed;
    size_t n_keep;    /* tokens at the start that stay */
    size_t n_discard; /* 0: half of the others */
};

/* Called for every token; false ends the answer (COMPLETION_CANCELLED). */
typedef bool generate_fn(void *context, const struct completion_token *token);

struct generate_options {
    struct completion_options completion;
    struct context_shift shift;
    const atomic_bool *cancel; /* NULL: never */
};

struct generated {
    enum completion_stop stop;
    size_t stop_index;
    size_t n_prompt;  /* tokens of the prompt */
    size_t n_reused;  /* of them, those that were not computed again */
    size_t n_answer;  /* tokens taken, an end token not among them */
    size_t n_shifts;  /* how often the context was shifted */
    double prompt_ms; /* until the first token could be drawn */
    double answer_ms; /* from there to the end */
    uint64_t seed;
};

/* ERR_FULL: the prompt does not fit (both numbers are named) or leaves no room for an answer.
 * `out` is filled as far as it went, also on an error. `fn` may be NULL. */
enum status generate(struct sequence *s, const struct tokenizer *t, const int32_t *ids, size_t n,
                     const struct generate_options *opt, generate_fn *fn, void *context,
                     struct generated *out, struct error *err);

#endif
