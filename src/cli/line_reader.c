/* SPDX-License-Identifier: MIT
 *
 * Reading lines. libedit reads the terminal; a pipe or a file is read with getline.
 */
#include "cli/line_reader.h"

#include <errno.h>
#include <histedit.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/intl.h"
#include "base/mem.h"

enum { HISTORY_LINES = 1000 };

struct line_reader {
    EditLine *edit; /* NULL: no terminal */
    History *history;
    const char *prompt;
    char *line; /* getline's */
    size_t capacity;
};

static char *current_prompt(EditLine *edit) {
    struct line_reader *r = NULL;
    el_get(edit, EL_CLIENTDATA, &r);
    return (char *)(uintptr_t)r->prompt;
}

static enum status open_editor(struct line_reader *r, struct error *err) {
    HistEvent event;
    r->edit = el_init("sigilo", stdin, stdout, stderr);
    r->history = history_init();
    if (!r->edit || !r->history)
        return fail(err, ERR_NOMEM, _("not enough memory for the line editor"));
    history(r->history, &event, H_SETSIZE, HISTORY_LINES);
    history(r->history, &event, H_SETUNIQUE, 1);
    el_set(r->edit, EL_CLIENTDATA, r);
    el_set(r->edit, EL_PROMPT, current_prompt);
    el_set(r->edit, EL_EDITOR, "emacs");
    el_set(r->edit, EL_HIST, history, r->history);
    el_set(r->edit, EL_SIGNAL, 1);
    el_source(r->edit, NULL); /* the user's ~/.editrc */
    return OK;
}

enum status line_reader_open(struct line_reader **out, struct error *err) {
    struct line_reader *r = mem_zalloc(sizeof(*r));
    if (!r) return fail(err, ERR_NOMEM, _("not enough memory for the line editor"));
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) {
        const enum status st = open_editor(r, err);
        if (st) {
            line_reader_close(r);
            return st;
        }
    }
    *out = r;
    return OK;
}

void line_reader_close(struct line_reader *r) {
    if (!r) return;
    if (r->history) history_end(r->history);
    if (r->edit) el_end(r->edit);
    if (r->line) mem_wipe(r->line, r->capacity);
    free(r->line);
    mem_free(r);
}

bool line_reader_is_terminal(const struct line_reader *r) {
    return r->edit != NULL;
}

/* One line as it stands, its line end included; NULL at the end. `n` is -1 when Ctrl-C came. */
static const char *read_line(struct line_reader *r, int *n) {
    if (r->edit) {
        errno = 0;
        const char *line = el_gets(r->edit, n);
        if (!line && *n == -1 && errno == EINTR) return "";
        return line && *n > 0 ? line : NULL;
    }
    const ssize_t got = getline(&r->line, &r->capacity, stdin);
    *n = (int)got;
    return got > 0 ? r->line : NULL;
}

static void remember(struct line_reader *r, const char *line) {
    HistEvent event;
    if (r->history && line[0]) history(r->history, &event, H_ENTER, line);
}

enum status line_reader_next(struct line_reader *r, const char *prompt, struct strbuf *line,
                             bool *end, struct error *err) {
    bool goes_on = true;
    strbuf_clear(line);
    *end = false;
    r->prompt = prompt;
    while (goes_on) {
        int n = 0;
        const char *text = read_line(r, &n);
        if (!text) {
            *end = line->n == 0;
            break;
        }
        if (n < 0) { /* given up */
            strbuf_clear(line);
            break;
        }
        size_t length = (size_t)n;
        while (length && (text[length - 1] == '\n' || text[length - 1] == '\r'))
            length--;
        goes_on = length && text[length - 1] == '\\';
        strbuf_append(line, text, goes_on ? length - 1 : length);
        if (goes_on) strbuf_putc(line, '\n');
        r->prompt = "... ";
    }
    if (line->failed)
        return fail(err, ERR_LIMIT, _("a message may have %d bytes at most"), LINE_BYTES_MAX);
    remember(r, strbuf_str(line));
    return OK;
}
