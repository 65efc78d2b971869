/* SPDX-License-Identifier: MIT
 *
 * A compiled grammar: a network of nodes that eats bytes.
 *
 *   BYTES   eats a byte of its set, and goes on at b
 *   SPLIT   goes on at a and at b
 *   CALL    goes on at a, the first node of a rule; when that returns, at b
 *   RETURN  the rule is matched: whoever called it goes on
 *   END     the answer is matched: what the start of an answer is called from
 *
 * No rule matches nothing: where the source lets it, a SPLIT goes around the call. So between two
 * bytes a rule never returns once it was called, SPLITs and CALLs make no ring (left recursion was
 * refused), and nodes are numbered so that all but BYTES lead to greater numbers: a walk that takes
 * the smallest number first meets each node once.
 */
#ifndef SIGILO_ENGINE_GRAMMAR_NODES_H
#define SIGILO_ENGINE_GRAMMAR_NODES_H

#include "engine/grammar.h"
#include "engine/grammar_tree.h"

enum node_kind { NODE_BYTES, NODE_SPLIT, NODE_CALL, NODE_RETURN, NODE_END };

enum { /* numbers of the nodes there is one of */
       NODE_NONE = 0,
       AT_RETURN = 1,
       AT_END = 2,
       NODES_FIXED = 3,
};

enum {
    GRAMMAR_NODES_MAX = 1 << 21,
    GRAMMAR_CALLS_MAX = 2048, /* rules in one another, while an answer is matched */
};

struct node {
    uint32_t a; /* BYTES: the set; SPLIT: a node; CALL: a node */
    uint32_t b; /* a node */
    uint8_t kind;
    bool returns; /* RETURN is reached without a byte */
};

struct byte_set {
    uint32_t bits[8];
};

static inline bool byte_set_has(const struct byte_set *set, unsigned char byte) {
    return set->bits[byte >> 5] >> (byte & 31) & 1;
}

struct grammar {
    struct node *nodes; /* [n_nodes] */
    size_t n_nodes;
    struct byte_set *sets; /* [n_sets] */
    size_t n_sets;
    uint32_t root;  /* a node; NODE_NONE: only the empty answer matches */
    bool may_empty; /* the empty answer matches */
    size_t n_classes;
    unsigned char classes[256]; /* bytes of one class are in the same sets */
    unsigned char samples[256]; /* [n_classes] a byte of each */
};

/* Fills nodes, sets, root and may_empty of a zeroed grammar; nodes are numbered as they came. */
enum status grammar_emit(struct grammar *g, const struct grammar_tree *tree, struct error *err);

/* Numbers the nodes as said above, drops those that are not reached, and sorts bytes into classes.
 * ERR_LIMIT: more than GRAMMAR_CALLS_MAX rules begin with one another. */
enum status grammar_arrange(struct grammar *g, struct error *err);

#endif
