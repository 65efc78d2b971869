/* SPDX-License-Identifier: MIT
 *
 * Lines that a person types: with editing and history (libedit) at a terminal, else as they come.
 * History lives in memory alone: lines may be clinical text.
 */
#ifndef SIGILO_CLI_LINE_READER_H
#define SIGILO_CLI_LINE_READER_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strbuf.h"

enum { LINE_BYTES_MAX = 16 << 20 };

struct line_reader;

enum status line_reader_open(struct line_reader **out, struct error *err);
void line_reader_close(struct line_reader *r); /* NULL is accepted; wipes */

/* True when lines come from a terminal. */
bool line_reader_is_terminal(const struct line_reader *r);

/* Replaces `line` by the next message, without its line end. A line that ends in a backslash goes
 * on in the next one. *end: there is no more. A line given up with Ctrl-C is empty. `prompt` is
 * shown at a terminal. ERR_LIMIT: longer than LINE_BYTES_MAX. */
enum status line_reader_next(struct line_reader *r, const char *prompt, struct strbuf *line,
                             bool *end, struct error *err);

#endif
