/* SPDX-License-Identifier: MIT
 *
 * Commands that answer one JSON object a line: standard input to standard output.
 */
#ifndef SIGILO_CLI_JSONL_H
#define SIGILO_CLI_JSONL_H

#include <jansson.h>

#include "base/error.h"
#include "base/strbuf.h"

enum { JSONL_LINE_MAX = 64 << 20 };

/* Appends the answer to one line, an object, to `answer`. */
typedef enum status jsonl_fn(void *context, const json_t *line, struct strbuf *answer,
                             struct error *err);

/* Answers every line as it comes; blank ones are passed over. A line that is no object, is longer
 * than JSONL_LINE_MAX, or that `fn` refuses is answered {"error":{"code","message"}}, and the rest
 * goes on. Returns the exit code. */
int jsonl_run(jsonl_fn *fn, void *context);

/* A JSON string of n bytes of valid UTF-8. */
void jsonl_put_string(struct strbuf *out, const char *text, size_t n);

/* The value of a key, `otherwise` where it is missing or null; ERR_INVALID when it is no bool. */
enum status jsonl_get_bool(bool *out, const json_t *line, const char *key, bool otherwise,
                           struct error *err);

#endif
