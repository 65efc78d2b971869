/* SPDX-License-Identifier: MIT
 *
 * A grammar as it was written: rules, and the tree of each. Made by grammar_parse.c, judged by
 * grammar_check.c, turned into nodes by grammar_emit.c, and then dropped.
 *
 * Every part is made after the parts in it, so a child's number is smaller than its parent's. The
 * parts in a part hang on a list with the last one first: nodes are emitted from the end.
 */
#ifndef SIGILO_ENGINE_GRAMMAR_TREE_H
#define SIGILO_ENGINE_GRAMMAR_TREE_H

#include "base/mem.h"
#include "engine/grammar.h"

enum part_kind {
    PART_TEXT,   /* bytes, perhaps none */
    PART_CLASS,  /* one code point out of ranges, never of none */
    PART_RULE,   /* what another rule says */
    PART_SEQ,    /* its parts, one after another; perhaps none */
    PART_CHOICE, /* one of its parts */
    PART_REPEAT, /* its one part, min to max times */
};

enum part_fact {
    FACT_EMPTY = 1, /* may match nothing */
    FACT_SOLID = 2, /* may match something that is not nothing */
    FACT_ENDS = 4,  /* may match at all, without needing itself for ever */
};

#define REPEAT_FOREVER UINT32_MAX
#define PART_NONE UINT32_MAX

struct part {
    enum part_kind kind;
    uint32_t facts;
    uint32_t last;     /* SEQ, CHOICE, REPEAT: its last part; PART_NONE: none */
    uint32_t previous; /* the part before it in the same parent */
    uint32_t parent;   /* PART_NONE: the body of a rule */
    uint32_t a, b; /* TEXT: offset and length in `text`; CLASS: first and number of `ranges`; RULE:
                      the rule, and the next part that names it; REPEAT: min and max */
};

struct code_range {
    uint32_t lo, hi; /* both belong to it */
};

struct rule {
    const char *name; /* in the source */
    uint32_t name_n;
    uint32_t body; /* PART_NONE: named but not there (yet) */
    uint32_t uses; /* the parts that name it: a list through part.b */
    size_t at;     /* in the source: where it is defined, or first named */
};

struct grammar_tree {
    const char *source; /* borrowed */
    size_t n;
    struct array parts;  /* struct part */
    struct array rules;  /* struct rule */
    struct array text;   /* char */
    struct array ranges; /* struct code_range: sorted and apart within one class */
    uint32_t root;       /* a rule */
};

static inline struct part *tree_part(const struct grammar_tree *tree, uint32_t i) {
    return (struct part *)tree->parts.data + i;
}

static inline struct rule *tree_rule(const struct grammar_tree *tree, uint32_t i) {
    return (struct rule *)tree->rules.data + i;
}

enum { RULE_NAME_SHOWN = 60 }; /* of a name in a message */

/* A name and its length, for "%.*s". */
static inline int rule_shown(const struct rule *r) {
    return r->name_n < RULE_NAME_SHOWN ? (int)r->name_n : RULE_NAME_SHOWN;
}

/* Line and column (in code points), both from 1, of a place in the source. */
struct source_place {
    size_t line, column;
};
struct source_place tree_place(const struct grammar_tree *tree, size_t at);

/* Fills a zeroed tree; release it also after an error. */
enum status grammar_parse(struct grammar_tree *tree, const char *gbnf, size_t n, struct error *err);
void grammar_tree_release(struct grammar_tree *tree);

/* Fills in the facts; refuses rules that never end or begin with themselves. */
enum status grammar_check(struct grammar_tree *tree, struct error *err);

#endif
