/* SPDX-License-Identifier: MIT
 *
 * A parsed template. What can be repeated without brackets (a + b + c..., x.y.z|f|g, elif...) is a
 * list and not a deep tree, so that only brackets and blocks nest, and their depth is bounded.
 */
#ifndef SIGILO_CHAT_TREE_H
#define SIGILO_CHAT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "chat/value.h"

struct builtin;

enum node_kind {
    NODE_CONST,
    NODE_NAME,
    NODE_LIST,
    NODE_TUPLE,
    NODE_DICT,      /* items: key, value, key, value... */
    NODE_CHAIN,     /* first, then operators of one rank, each with its operand */
    NODE_COMPARE,   /* the same, of comparisons */
    NODE_AND,       /* items */
    NODE_OR,        /* items */
    NODE_NOT,       /* first */
    NODE_SIGN,      /* first; `negative` */
    NODE_CONDITION, /* items: value, test, value, test..., and an else if their number is odd */
    NODE_STEPS,     /* first, then attributes, items, calls, filters, tests */
};

enum membership {
    OP_IN = 512, /* the others are lexemes */
    OP_NOT_IN,
};

struct node {
    uint8_t kind; /* enum node_kind */
    bool negative;
    uint32_t line;
    struct node *next; /* in the list it is part of */
    union {
        struct value constant;
        const struct string *name;
        struct {
            struct node *items;
            size_t n;
        };
        struct {
            struct node *first;
            union {
                struct link *links;
                struct step *steps;
            };
        };
    };
};

struct link {
    int op; /* enum lexeme_kind or enum membership */
    uint32_t line;
    struct node *operand;
    struct link *next;
};

struct argument {
    const struct string *keyword; /* NULL: by position */
    struct node *value;
    struct argument *next;
};

enum step_kind { STEP_ATTRIBUTE, STEP_ITEM, STEP_SLICE, STEP_CALL, STEP_FILTER, STEP_TEST };

struct step {
    uint8_t kind; /* enum step_kind */
    bool negated; /* is not */
    uint32_t line;
    const struct string *name;
    const struct builtin
        *builtin; /* of a filter or test; NULL: unknown, which only fails when run */
    struct argument *arguments;
    struct node *bounds[3]; /* of a slice, NULL where left out; [0] of an item: what is asked for */
    struct step *next;
};

enum statement_kind {
    STATEMENT_TEXT,
    STATEMENT_PRINT,     /* expression */
    STATEMENT_IF,        /* expression (NULL: else), body, otherwise */
    STATEMENT_FOR,       /* target in expression if test: body, otherwise */
    STATEMENT_SET,       /* target = expression */
    STATEMENT_SET_BLOCK, /* target = body|filters */
    STATEMENT_MACRO,     /* name, parameters, body */
    STATEMENT_CALL,      /* expression is a call; parameters, body are its caller */
    STATEMENT_FILTER,    /* body|filters */
    STATEMENT_SCOPE,     /* parameters are set in a scope of their own around body */
    STATEMENT_BREAK,
    STATEMENT_CONTINUE,
};

struct parameter {
    const struct string *name;
    struct node *standard; /* the default, or NULL */
    struct parameter *next;
};

struct statement {
    uint8_t kind; /* enum statement_kind */
    uint32_t line;
    struct statement *next;
    const struct string *name; /* of a macro; the text */
    struct node *expression, *target, *test;
    struct statement *body;
    struct statement *otherwise; /* of for: else; of if: the next branch, an if itself */
    struct step *filters;
    struct parameter *parameters;
};

/* Parses source[n], which the tree borrows; `arena` holds the tree. NULL body: an empty template.
 * ERR_INVALID, ERR_LIMIT, ERR_NOMEM. */
enum status tree_parse(struct statement **out, struct arena *arena, const char *source, size_t n,
                       const char *name, struct error *err);

#endif
