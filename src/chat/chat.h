/* SPDX-License-Identifier: MIT
 *
 * chat: messages to prompt. The Jinja template inside the model file is run by an interpreter of
 * our own: bounded in steps, depth and output, without any access to the machine.
 * docs/chat-templates.md has the language it knows. Source: the Jinja documentation, "Template
 * Designer Documentation" (version 3.1), as Hugging Face transformers sets it up: trim_blocks,
 * lstrip_blocks, raise_exception, strftime_now, tojson.
 *
 * Every character of the result knows whether the template wrote it or whether it came from the
 * caller's data (messages, tools, kwargs). Tokenisation keeps the second kind free of special
 * tokens.
 */
#ifndef SIGILO_CHAT_CHAT_H
#define SIGILO_CHAT_CHAT_H

#include <jansson.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "tokenizer/tokenizer.h"

enum {
    CHAT_TEMPLATE_BYTES_MAX = 1 << 20,
    CHAT_STEPS_MAX = 10000000,
    CHAT_DEPTH_MAX = 64,
    CHAT_OUTPUT_BYTES_MAX = 64 << 20,
    CHAT_MEMORY_BYTES_MAX = 256 << 20, /* of one rendering, the output aside */
};

struct chat_template;

/* Parses a template, n bytes; `name` (a file, "the model's chat template") is for messages, which
 * name the line: "NAME, line 12: expected 'endif', found 'else'". The bytes are not kept.
 * ERR_INVALID, ERR_LIMIT (size, depth), ERR_NOMEM. */
enum status chat_template_open(struct chat_template **out, const char *source, size_t n,
                               const char *name, struct error *err);
void chat_template_close(struct chat_template *tpl); /* NULL is accepted */

/* What is rendered; all borrowed. */
struct chat_input {
    const json_t *messages; /* array of objects {"role","content",...}; content a string, null, or a
                               list of parts */
    const json_t *tools;    /* NULL or JSON null: none */
    const json_t *kwargs;   /* object: more variables; NULL: none */
    const char *bos_token;  /* NULL: undefined */
    const char *eos_token;  /* NULL: undefined */
    bool add_generation_prompt;
    bool continue_final_message; /* the last message is the beginning of the answer: the others
                                    are rendered with a generation prompt, its content follows */
    const char *now;             /* "YYYY-MM-DD", what strftime_now goes by; NULL: today */
};

/* What a vocabulary calls its BOS and EOS, for the input above (mem_free); NULL where it has none,
 * or one whose name is no text. ERR_NOMEM: both are NULL. */
enum status chat_special_names(const struct tokenizer *t, char **bos, char **eos,
                               struct error *err);

struct chat_prompt {     /* zero-initialised is empty */
    struct strbuf text;  /* UTF-8 */
    struct array pieces; /* struct chat_piece, in order, covering the text */
    char *raised;        /* the template's own message, when it called raise_exception */
};

struct chat_piece { /* bytes [start, end) of the text */
    size_t start, end;
    bool is_data; /* came from the caller; else the template wrote it */
};

/* ERR_INVALID: the messages are no list of messages; the template raised an exception (`raised` is
 * set then) or cannot be run (where, and why). ERR_LIMIT: steps, depth or output. The error names
 * no text of a message. A role counts as the template's own when it is a word of letters, digits,
 * '-' and '_'. */
enum status chat_render(const struct chat_template *tpl, struct chat_prompt *out,
                        const struct chat_input *input, struct error *err);

/* Messages whose first one, of role system, is joined to the first user message with one line end:
 * for templates that refuse a system message. A new array (json_decref); NULL when memory is short.
 * Without a user message it becomes one. */
json_t *chat_fold_system(const json_t *messages);

void chat_prompt_release(struct chat_prompt *prompt); /* wipes */

/* The prompt's tokens: special tokens are recognised where the template wrote them, and nowhere
 * else. No BOS is added where the rendering begins with one. */
enum status chat_tokenize(const struct tokenizer *t, struct token_list *out,
                          const struct chat_prompt *prompt, struct error *err);

#endif
