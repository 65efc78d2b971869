/* SPDX-License-Identifier: MIT
 *
 * A template cut into lexemes: text between tags, and what stands inside them. White space around
 * tags, comments and raw blocks are dealt with here and seen by nobody else.
 */
#ifndef SIGILO_CHAT_LEXER_H
#define SIGILO_CHAT_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"

enum lexeme_kind { /* a single character stands for itself: '+', '[', '.'... */
                   LEX_END = 256,
                   LEX_FAILED,
                   LEX_TEXT,
                   LEX_BLOCK_BEGIN,
                   LEX_BLOCK_END,
                   LEX_PRINT_BEGIN,
                   LEX_PRINT_END,
                   LEX_NAME,
                   LEX_STRING,
                   LEX_INT,
                   LEX_FLOAT,
                   LEX_POWER,        /* ** */
                   LEX_FLOOR_DIVIDE, /* // */
                   LEX_EQ,
                   LEX_NE,
                   LEX_LE,
                   LEX_GE,
};

struct lexeme {
    int kind;
    uint32_t line;
    const char *text; /* [n]: of text, a name, a string (escapes resolved) */
    size_t n;
    int64_t integer;
    double real;
};

struct lexer {
    const char *source, *at, *end;
    uint32_t line;
    int tag; /* LEX_BLOCK_BEGIN or LEX_PRINT_BEGIN while inside one, else 0 */
    unsigned n_open;
    struct arena *arena; /* for strings with escapes */
    const char *name;    /* of the template */
    struct error *err;
    enum status status;
};

/* The next lexeme; LEX_FAILED with `status` and the error set when there is none to be had. */
struct lexeme lexer_next(struct lexer *lex);

/* "NAME, line N: ..."; the first failure counts. */
__attribute__((format(printf, 4, 5))) void lexer_fail(struct lexer *lex, uint32_t line,
                                                      enum status status, const char *format, ...);

#endif
