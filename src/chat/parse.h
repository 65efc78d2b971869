/* SPDX-License-Identifier: MIT
 *
 * The parser's two halves, statements and expressions, and what they share.
 *
 * The first failure sticks and turns every further lexeme into LEX_FAILED, so loops end by
 * themselves and a returned NULL is carried on without being looked at.
 */
#ifndef SIGILO_CHAT_PARSE_H
#define SIGILO_CHAT_PARSE_H

#include "chat/lexer.h"
#include "chat/tree.h"

struct parser {
    struct lexer lexer;
    struct lexeme current, ahead;
    bool has_ahead;
    struct arena *arena;
    unsigned depth;   /* of brackets and blocks */
    unsigned n_loops; /* around what is parsed now */
};

/* Cleared, in the arena; NULL on failure. */
void *parser_make(struct parser *p, size_t size_bytes);
void parser_next(struct parser *p);
const struct lexeme *parser_peek(struct parser *p); /* what comes after the current one */
bool parser_is_name(const struct parser *p, const char *name);
bool parser_skip(struct parser *p, int kind); /* goes on if it is that; false otherwise */
bool parser_skip_name(struct parser *p, const char *name);
void parser_expect(struct parser *p, int kind, const char *what);
void parser_unexpected(struct parser *p, const char *wanted);
bool parser_enter(struct parser *p);
void parser_leave(struct parser *p);
/* The current name as a string of the tree; NULL (failed) if it is none. Goes on. */
const struct string *parser_name(struct parser *p, const char *what);

struct node *parse_expression(struct parser *p);
/* An expression, or several with commas between as a tuple; `conditional` false: a trailing if is
 * not part of it; `end` is a name that ends the tuple, or NULL. */
struct node *parse_tuple(struct parser *p, bool conditional);
/* What can be assigned to: a name, a.b, or names with commas between. */
struct node *parse_target(struct parser *p, bool attributes);
/* "|f|g(x)"; NULL when there is none. With `inline_` the first stands without its bar. */
struct step *parse_filters(struct parser *p, bool inline_);
/* "(a, b=c)" of a macro or call block; NULL when empty. */
struct parameter *parse_parameters(struct parser *p);

#endif
