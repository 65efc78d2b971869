/* SPDX-License-Identifier: MIT
 *
 * The states a grammar can be in, and which byte leads from one to another: found when they are
 * first asked for, and remembered. docs/grammars.md tells the idea.
 *
 * A stack is a node and the calls it returns to. A state is a set of stacks, kept as a list of
 * pairs (node, list of callers), where a list of callers is again a list of pairs (node to return
 * to, list of its callers); in one list each node stands once. Every list is kept once, so two sets
 * of stacks are the same if their numbers are, however many ways led to them and however many
 * stacks they hold: an ambiguous grammar makes broad lists, and not many.
 */
#ifndef SIGILO_ENGINE_MATCHER_STATES_H
#define SIGILO_ENGINE_MATCHER_STATES_H

#include "base/mem.h"
#include "engine/grammar_nodes.h"

enum {                    /* numbers of states */
       STATE_UNKNOWN = 0, /* not computed yet; as a result: an error */
       STATE_DEAD = 1,    /* nothing matches any more */
};

enum {
    STATES_CEILING_BYTES = 64 << 20, /* of all that is remembered */
    STATES_WORK_MAX = 50000000,      /* pairs looked at for one mask or one token */
};

struct pair {
    uint32_t node;
    uint32_t callers; /* a list */
};

struct list {
    uint32_t first, n; /* of `pairs`: sorted by node */
    uint32_t depth;    /* calls in one another; of the list of the start 0 */
    uint32_t state;    /* the state that has these stacks; 0: none */
};

struct state {
    uint32_t list;
    uint32_t may_end;
    uint32_t *mask; /* [n_mask_words] tokens that may follow; NULL: not computed yet */
};

struct joined { /* a and b together are list c; a 0: a free place */
    uint32_t a, b, c;
};

struct states {
    const struct grammar *g;
    size_t ceiling_bytes;
    size_t n_mask_words;
    struct array pairs;    /* struct pair */
    struct array lists;    /* struct list; 0 is none */
    struct array states;   /* struct state; STATE_UNKNOWN and STATE_DEAD among them */
    struct array steps;    /* uint32_t [states][n_classes] */
    uint32_t *list_table;  /* [n_list_table] lists by content; 0: free; a power of 2 */
    struct joined *unions; /* [n_union_table]; a power of 2 */
    size_t n_list_table, n_union_table, n_unions;
    size_t mask_bytes;
    uint64_t work;     /* since states_begin_work */
    bool was_too_deep; /* calls deeper than GRAMMAR_CALLS_MAX were left out */
    /* while a step is computed */
    uint32_t *waiting;    /* [n_nodes] callers of the nodes in the heap; 0: not in it */
    struct array heap;    /* uint32_t: nodes, the smallest first */
    struct array entries; /* struct pair: where bytes and returns led */
    struct array scratch; /* struct pair: lists being made */
    struct pair *met;     /* [n_met_table] of entries, to meet each once; node 0: free */
    size_t n_met_table;
};

/* Releases also what was begun only. */
enum status states_init(struct states *s, const struct grammar *g, size_t n_mask_words,
                        size_t ceiling_bytes, struct error *err);
void states_release(struct states *s);

/* The state before the first byte. */
enum status states_start(struct states *s, uint32_t *out, struct error *err);

/* Computes what states_step has not found. */
enum status states_compute(struct states *s, uint32_t from, unsigned class, uint32_t *out,
                           struct error *err);

static inline struct state *states_at(const struct states *s, uint32_t i) {
    return (struct state *)s->states.data + i;
}

/* Where bytes of the class lead; STATE_UNKNOWN: ask states_compute. */
static inline uint32_t states_step(const struct states *s, uint32_t from, unsigned class) {
    return ((const uint32_t *)s->steps.data)[from * s->g->n_classes + class];
}

/* Work is counted from here on; more than STATES_WORK_MAX is ERR_LIMIT. */
void states_begin_work(struct states *s);

/* Is it time to forget? */
size_t states_used_bytes(const struct states *s);
bool states_are_full(const struct states *s);

/* Forgets all but the states in roots [n], which get new numbers. ERR_LIMIT: they alone are too
 * large. After an error the states are as they were. */
enum status states_forget(struct states *s, uint32_t *roots, size_t n, struct error *err);

#endif
