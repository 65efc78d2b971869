/* SPDX-License-Identifier: MIT
 *
 * Statements: what stands between {% and %}, and what the parser's two halves share.
 */
#include "chat/parse.h"

#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "chat/characters.h"
#include "chat/chat.h"

/* --- what both halves share --- */

/* From here on every lexeme is LEX_FAILED. */
static void stop(struct parser *p) {
    p->current.kind = LEX_FAILED;
    p->has_ahead = false;
}

void *parser_make(struct parser *p, size_t size_bytes) {
    void *made = p->lexer.status ? NULL : arena_alloc(p->arena, size_bytes);
    if (made) return memset(made, 0, size_bytes);
    lexer_fail(&p->lexer, p->current.line, ERR_NOMEM, _("not enough memory for the template"));
    stop(p);
    return NULL;
}

void parser_next(struct parser *p) {
    if (p->lexer.status) {
        stop(p);
        return;
    }
    p->current = p->has_ahead ? p->ahead : lexer_next(&p->lexer);
    p->has_ahead = false;
}

const struct lexeme *parser_peek(struct parser *p) {
    if (!p->has_ahead) p->ahead = lexer_next(&p->lexer);
    p->has_ahead = true;
    return &p->ahead;
}

bool parser_is_name(const struct parser *p, const char *name) {
    return p->current.kind == LEX_NAME && p->current.n == strlen(name) &&
           memcmp(p->current.text, name, p->current.n) == 0;
}

bool parser_skip(struct parser *p, int kind) {
    if (p->current.kind != kind) return false;
    parser_next(p);
    return true;
}

bool parser_skip_name(struct parser *p, const char *name) {
    if (!parser_is_name(p, name)) return false;
    parser_next(p);
    return true;
}

/* The lexeme for a message; names are the template's own words. */
static const char *describe(const struct lexeme *l, char text[64]) {
    switch (l->kind) {
    case LEX_END: return _("the end of the template");
    case LEX_TEXT: return _("text");
    case LEX_BLOCK_BEGIN: return "'{%'";
    case LEX_BLOCK_END: return "'%}'";
    case LEX_PRINT_BEGIN: return "'{{'";
    case LEX_PRINT_END: return "'}}'";
    case LEX_NAME:
        snprintf(text, 64, "'%.*s'", (int)char_clip(l->text, l->n, 40), l->text);
        return text;
    case LEX_STRING: return _("a string");
    case LEX_INT:
    case LEX_FLOAT: return _("a number");
    case LEX_POWER: return "'**'";
    case LEX_FLOOR_DIVIDE: return "'//'";
    case LEX_EQ: return "'=='";
    case LEX_NE: return "'!='";
    case LEX_LE: return "'<='";
    case LEX_GE: return "'>='";
    default: snprintf(text, 64, "'%c'", l->kind); return text;
    }
}

void parser_unexpected(struct parser *p, const char *wanted) {
    char text[64];
    if (p->current.kind != LEX_FAILED)
        lexer_fail(&p->lexer, p->current.line, ERR_INVALID, _("expected %s, found %s"), wanted,
                   describe(&p->current, text));
    stop(p);
}

void parser_expect(struct parser *p, int kind, const char *what) {
    if (!parser_skip(p, kind)) parser_unexpected(p, what);
}

bool parser_enter(struct parser *p) {
    if (p->lexer.status) return false;
    if (p->depth == CHAT_DEPTH_MAX) {
        lexer_fail(&p->lexer, p->current.line, ERR_LIMIT,
                   _("brackets or blocks are nested more than %d deep"), CHAT_DEPTH_MAX);
        stop(p);
        return false;
    }
    p->depth++;
    return true;
}

void parser_leave(struct parser *p) {
    p->depth--;
}

static const struct string *make_string(struct parser *p, const struct lexeme *l) {
    struct string *s = parser_make(p, sizeof(*s));
    if (s) *s = (struct string){.data = l->text, .n = l->n};
    return s;
}

const struct string *parser_name(struct parser *p, const char *what) {
    if (p->current.kind != LEX_NAME) {
        parser_unexpected(p, what);
        return NULL;
    }
    const struct string *name = make_string(p, &p->current);
    parser_next(p);
    return name;
}

/* --- statements --- */

static struct statement *parse_body(struct parser *p, const char *const *ends);

static struct statement *make_statement(struct parser *p, enum statement_kind kind) {
    struct statement *s = parser_make(p, sizeof(*s));
    if (!s) return NULL;
    s->kind = (uint8_t)kind;
    s->line = p->current.line;
    return s;
}

/* Statements up to one of `ends`, which becomes the current lexeme; behind a block's own end. */
static struct statement *parse_block(struct parser *p, const char *const *ends) {
    parser_expect(p, LEX_BLOCK_END, "'%}'");
    if (!parser_enter(p)) return NULL;
    struct statement *body = parse_body(p, ends);
    parser_leave(p);
    return body;
}

/* The same up to `end` alone, which is taken. */
static struct statement *parse_block_to(struct parser *p, const char *end) {
    const char *const ends[] = {end, NULL};
    struct statement *body = parse_block(p, ends);
    parser_skip_name(p, end);
    return body;
}

static struct statement *parse_if(struct parser *p) {
    static const char *const ends[] = {"elif", "else", "endif", NULL};
    struct statement *first = NULL, **last = &first;
    for (;;) { /* the current lexeme is if, elif or else */
        const bool is_else = parser_is_name(p, "else");
        parser_next(p);
        struct statement *branch = make_statement(p, STATEMENT_IF);
        if (!branch) return NULL;
        if (!is_else) branch->expression = parse_tuple(p, false);
        branch->body = is_else ? parse_block_to(p, "endif") : parse_block(p, ends);
        *last = branch;
        last = &branch->otherwise;
        if (is_else || parser_skip_name(p, "endif")) return first;
        if (p->current.kind == LEX_FAILED) return NULL;
    }
}

static struct statement *parse_for(struct parser *p) {
    static const char *const ends[] = {"else", "endfor", NULL};
    struct statement *s = make_statement(p, STATEMENT_FOR);
    parser_next(p);
    if (!s) return NULL;
    s->target = parse_target(p, false);
    if (!parser_skip_name(p, "in")) parser_unexpected(p, "'in'");
    s->expression = parse_tuple(p, false);
    if (parser_skip_name(p, "if")) s->test = parse_expression(p);
    if (parser_is_name(p, "recursive"))
        parser_unexpected(p, _("the end of the tag: recursive loops are not supported"));
    p->n_loops++;
    s->body = parse_block(p, ends);
    p->n_loops--;
    if (parser_skip_name(p, "else"))
        s->otherwise = parse_block_to(p, "endfor");
    else
        parser_skip_name(p, "endfor");
    return s;
}

static struct statement *parse_set(struct parser *p) {
    struct statement *s = make_statement(p, STATEMENT_SET);
    parser_next(p);
    if (!s) return NULL;
    s->target = parse_target(p, true);
    if (parser_skip(p, '=')) {
        s->expression = parse_tuple(p, true);
        return s;
    }
    s->kind = STATEMENT_SET_BLOCK;
    s->filters = parse_filters(p, false);
    s->body = parse_block_to(p, "endset");
    return s;
}

/* A body that runs elsewhere: break and continue of a loop around it do not reach into it. */
static struct statement *parse_apart(struct parser *p, const char *end) {
    const unsigned n_loops = p->n_loops;
    p->n_loops = 0;
    struct statement *body = parse_block_to(p, end);
    p->n_loops = n_loops;
    return body;
}

static struct statement *parse_macro(struct parser *p) {
    struct statement *s = make_statement(p, STATEMENT_MACRO);
    parser_next(p);
    if (!s) return NULL;
    s->name = parser_name(p, _("the name of the macro"));
    s->parameters = parse_parameters(p);
    s->body = parse_apart(p, "endmacro");
    return s;
}

static bool is_call(const struct node *node) {
    if (!node || node->kind != NODE_STEPS) return false;
    const struct step *step = node->steps;
    while (step->next)
        step = step->next;
    return step->kind == STEP_CALL;
}

static struct statement *parse_call_block(struct parser *p) {
    struct statement *s = make_statement(p, STATEMENT_CALL);
    parser_next(p);
    if (!s) return NULL;
    if (p->current.kind == '(') s->parameters = parse_parameters(p);
    s->expression = parse_expression(p);
    if (!is_call(s->expression)) parser_unexpected(p, _("the call of a macro"));
    s->body = parse_apart(p, "endcall");
    return s;
}

static struct statement *parse_filter_block(struct parser *p) {
    struct statement *s = make_statement(p, STATEMENT_FILTER);
    parser_next(p);
    if (!s) return NULL;
    s->filters = parse_filters(p, true);
    s->body = parse_block_to(p, "endfilter");
    return s;
}

static struct statement *parse_generation(struct parser *p) {
    struct statement *s = make_statement(p, STATEMENT_SCOPE);
    parser_next(p);
    if (s) s->body = parse_block_to(p, "endgeneration");
    return s;
}

static struct statement *parse_with(struct parser *p) {
    struct statement *s = make_statement(p, STATEMENT_SCOPE);
    parser_next(p);
    if (!s) return NULL;
    struct parameter **last = &s->parameters;
    while (p->current.kind == LEX_NAME) {
        struct parameter *one = parser_make(p, sizeof(*one));
        if (!one) break;
        one->name = parser_name(p, _("a name to assign to"));
        parser_expect(p, '=', "'='");
        one->standard = parse_expression(p);
        *last = one;
        last = &one->next;
        if (!parser_skip(p, ',')) break;
    }
    s->body = parse_block_to(p, "endwith");
    return s;
}

static struct statement *parse_jump(struct parser *p) {
    struct statement *s = make_statement(p, parser_is_name(p, "break") ? STATEMENT_BREAK
                                                                       : STATEMENT_CONTINUE);
    if (p->n_loops == 0) parser_unexpected(p, _("a statement that may stand outside a loop"));
    parser_next(p);
    return s;
}

static struct statement *parse_print(struct parser *p) {
    struct statement *s = make_statement(p, STATEMENT_PRINT);
    parser_next(p);
    if (s) s->expression = parse_tuple(p, true);
    return s;
}

/* The lexeme after {%; its %} is taken by the caller. */
static struct statement *parse_statement(struct parser *p) {
    static const struct {
        const char *name;
        struct statement *(*parse)(struct parser *p);
    } statements[] = {
        {"if", parse_if},
        {"for", parse_for},
        {"set", parse_set},
        {"macro", parse_macro},
        {"call", parse_call_block},
        {"filter", parse_filter_block},
        {"generation", parse_generation},
        {"with", parse_with},
        {"break", parse_jump},
        {"continue", parse_jump},
    };
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        if (parser_is_name(p, statements[i].name)) return statements[i].parse(p);
    parser_unexpected(p,
                      _("a statement that chat templates use (if, for, set, macro, call, filter, "
                        "generation, with, break, continue)"));
    return NULL;
}

/* "'elif' or 'else' or 'endif'" */
static void expected_ends(struct parser *p, const char *const *ends) {
    char wanted[128] = "";
    for (size_t i = 0; ends[i]; i++)
        snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted), "%s'%s'", i ? ", " : "",
                 ends[i]);
    parser_unexpected(p, wanted);
}

/* One piece of a body; NULL at its end or when failed. */
static struct statement *parse_piece(struct parser *p, const char *const *ends) {
    if (p->current.kind == LEX_TEXT) {
        struct statement *text = make_statement(p, STATEMENT_TEXT);
        if (text) text->name = make_string(p, &p->current);
        parser_next(p);
        return text;
    }
    if (p->current.kind == LEX_PRINT_BEGIN) {
        struct statement *print = parse_print(p);
        parser_expect(p, LEX_PRINT_END, "'}}'");
        return print;
    }
    if (p->current.kind != LEX_BLOCK_BEGIN) {
        if (ends[0] || p->current.kind != LEX_END) expected_ends(p, ends);
        return NULL;
    }
    parser_next(p);
    for (size_t i = 0; ends[i]; i++)
        if (parser_is_name(p, ends[i])) return NULL;
    const bool is_stray = p->current.kind == LEX_NAME && p->current.n > 2 &&
                          (memcmp(p->current.text, "end", 3) == 0 || parser_is_name(p, "else") ||
                           parser_is_name(p, "elif"));
    if (is_stray && ends[0]) {
        expected_ends(p, ends);
        return NULL;
    }
    struct statement *s = parse_statement(p);
    parser_expect(p, LEX_BLOCK_END, "'%}'");
    return s;
}

static struct statement *parse_body(struct parser *p, const char *const *ends) {
    struct statement *first = NULL, **last = &first, *piece;
    while ((piece = parse_piece(p, ends)) != NULL) {
        *last = piece;
        last = &piece->next;
    }
    return first;
}

enum status tree_parse(struct statement **out, struct arena *arena, const char *source, size_t n,
                       const char *name, struct error *err) {
    static const char *const no_ends[] = {NULL};
    struct parser p = {
        .lexer = {.source = source,
                  .at = source,
                  .end = source + n,
                  .line = 1,
                  .arena = arena,
                  .name = name,
                  .err = err},
        .arena = arena,
    };
    parser_next(&p);
    *out = parse_body(&p, no_ends);
    return p.lexer.status;
}
