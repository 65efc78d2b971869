/* SPDX-License-Identifier: MIT
 *
 * A line in, a line out. What a line holds may be a note: messages tell where it breaks, never what
 * stands there, and the buffer is wiped.
 */
#include "cli/jsonl.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "cli/cli.h"

enum { ANSWER_MAX = INT32_MAX };

void jsonl_put_string(struct strbuf *out, const char *text, size_t n) {
    size_t plain = 0; /* where what was not written yet begins */
    strbuf_putc(out, '"');
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c >= ' ' && c != '"' && c != '\\' && c != 0x7f) continue;
        strbuf_append(out, text + plain, i - plain);
        plain = i + 1;
        if (c == '"' || c == '\\')
            strbuf_printf(out, "\\%c", c);
        else if (c == '\n')
            strbuf_puts(out, "\\n");
        else
            strbuf_printf(out, "\\u%04x", c);
    }
    strbuf_append(out, text + plain, n - plain);
    strbuf_putc(out, '"');
}

enum status jsonl_get_bool(bool *out, const json_t *line, const char *key, bool otherwise,
                           struct error *err) {
    const json_t *value = json_object_get(line, key);
    *out = otherwise;
    if (!value || json_is_null(value)) return OK;
    if (!json_is_boolean(value))
        return fail(err, ERR_INVALID, _("\"%s\" must be true or false"), key);
    *out = json_is_true(value);
    return OK;
}

/* Reads a line without its end; false: there is none. A line that is too long is read to its end
 * all the same, and `line` has failed. */
static bool read_line(struct strbuf *line) {
    int c = getc_unlocked(stdin);
    strbuf_clear(line);
    if (c == EOF) return false;
    for (; c != EOF && c != '\n'; c = getc_unlocked(stdin))
        strbuf_putc(line, (char)c);
    return true;
}

static enum status answer_line(jsonl_fn *fn, void *context, const struct strbuf *line,
                               struct strbuf *answer, struct error *err) {
    json_error_t where;
    if (line->failed)
        return fail(err, ERR_LIMIT, _("the line is longer than %d bytes, or memory is short"),
                    JSONL_LINE_MAX);
    json_t *value = json_loadb(line->data, line->n, JSON_ALLOW_NUL, &where);
    if (!value)
        return fail(err, ERR_INVALID, _("the line is not JSON: it breaks at byte %d"),
                    where.position);
    const enum status st = json_is_object(value)
                               ? fn(context, value, answer, err)
                               : fail(err, ERR_INVALID, _("the line is not a JSON object"));
    json_decref(value);
    if (!st && answer->failed)
        return fail(err, ERR_LIMIT, _("the answer is too long, or memory is short"));
    return st;
}

static void put_error(struct strbuf *answer, const struct error *err) {
    strbuf_clear(answer);
    strbuf_printf(answer, "{\"error\":{\"code\":\"%s\",\"message\":", status_name(err->status));
    jsonl_put_string(answer, err->message, strlen(err->message));
    strbuf_puts(answer, "}}");
}

int jsonl_run(jsonl_fn *fn, void *context) {
    struct strbuf line, answer;
    int code = EXIT_DONE;
    strbuf_init(&line, JSONL_LINE_MAX);
    strbuf_init(&answer, ANSWER_MAX);
    for (size_t number = 1; read_line(&line); number++) {
        struct error err;
        if (!line.failed && line.n == strspn(strbuf_str(&line), " \t\r")) continue;
        strbuf_clear(&answer);
        if (answer_line(fn, context, &line, &answer, &err)) {
            cli_say(_("line %zu: %s"), number, err.message);
            put_error(&answer, &err);
            code = EXIT_FAILED;
        }
        strbuf_putc(&answer, '\n');
        fwrite(strbuf_str(&answer), 1, answer.n, stdout);
        if (fflush(stdout)) {
            cli_say(_("standard output: %s"), strerror(errno));
            code = EXIT_FAILED;
            break;
        }
    }
    if (ferror(stdin)) {
        cli_say(_("standard input: %s"), strerror(errno));
        code = EXIT_FAILED;
    }
    strbuf_release(&line);
    strbuf_release(&answer);
    return code;
}
