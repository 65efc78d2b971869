/* SPDX-License-Identifier: MIT
 *
 * Values and texts of the schema as GBNF that matches exactly them.
 */
#include "engine/schema.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intl.h"

void gbnf_text(struct strbuf *out, const char *bytes, size_t n) {
    strbuf_putc(out, '"');
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)bytes[i];
        if (c == '"' || c == '\\') strbuf_putc(out, '\\');
        if (c < ' ' || c == 0x7F)
            strbuf_printf(out, "\\x%02X", c);
        else
            strbuf_putc(out, (char)c);
    }
    strbuf_putc(out, '"');
}

void json_text(struct strbuf *out, const char *text, size_t n) {
    static const char escapes[] = "\bb\ff\nn\rr\tt\"\"\\\\"; /* pairs */
    strbuf_putc(out, '"');
    for (size_t i = 0; i < n; i++) {
        const char c = text[i];
        size_t e = 0;
        while (escapes[e] && escapes[e] != c)
            e += 2;
        if (c && escapes[e]) {
            strbuf_putc(out, '\\');
            strbuf_putc(out, escapes[e + 1]);
        } else if ((unsigned char)c < ' ') {
            strbuf_printf(out, "\\u%04x", (unsigned char)c);
        } else {
            strbuf_putc(out, c);
        }
    }
    strbuf_putc(out, '"');
}

static void number_text(struct strbuf *out, const json_t *number) {
    char text[40];
    if (json_is_integer(number)) {
        snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(number));
    } else {
        const double value = json_real_value(number);
        for (int digits = 1; digits <= 17; digits++) {
            snprintf(text, sizeof(text), "%.*g", digits, value);
            if (strtod(text, NULL) == value) break;
        }
    }
    strbuf_puts(out, text);
}

/* Writes what has gathered in `bytes` as one text, and the shared space. */
static void flush_space(struct translator *t, struct strbuf *out, struct strbuf *bytes) {
    gbnf_text(out, strbuf_str(bytes), bytes->n);
    strbuf_printf(out, " %s ", schema_shared(t, SHARED_SPACE));
    strbuf_clear(bytes);
}

/* Its recursion is as deep as the schema's brackets, SCHEMA_NESTING_MAX. */
static void write_value(struct translator *t, struct strbuf *out, struct strbuf *bytes,
                        const json_t *value) {
    const char *key;
    json_t *part;
    size_t i, n = 0;
    switch (json_typeof(value)) {
    case JSON_NULL: strbuf_puts(bytes, "null"); break;
    case JSON_TRUE: strbuf_puts(bytes, "true"); break;
    case JSON_FALSE: strbuf_puts(bytes, "false"); break;
    case JSON_INTEGER:
    case JSON_REAL: number_text(bytes, value); break;
    case JSON_STRING: json_text(bytes, json_string_value(value), json_string_length(value)); break;
    case JSON_ARRAY:
        strbuf_putc(bytes, '[');
        json_array_foreach(value, i, part) {
            if (i) {
                strbuf_putc(bytes, ',');
                flush_space(t, out, bytes);
            }
            write_value(t, out, bytes, part);
        }
        strbuf_putc(bytes, ']');
        break;
    case JSON_OBJECT:
        strbuf_putc(bytes, '{');
        json_object_foreach((json_t *)value, key, part) {
            if (n++) {
                strbuf_putc(bytes, ',');
                flush_space(t, out, bytes);
            }
            json_text(bytes, key, strlen(key));
            strbuf_putc(bytes, ':');
            flush_space(t, out, bytes);
            write_value(t, out, bytes, part);
        }
        strbuf_putc(bytes, '}');
        break;
    }
}

enum status gbnf_value(struct translator *t, struct strbuf *out, const json_t *value) {
    struct strbuf bytes;
    strbuf_init(&bytes, SCHEMA_TEXT_MAX);
    write_value(t, out, &bytes, value);
    gbnf_text(out, strbuf_str(&bytes), bytes.n);
    const bool failed = bytes.failed;
    strbuf_release(&bytes);
    return failed ? schema_no_memory(t) : OK;
}
