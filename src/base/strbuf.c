/* SPDX-License-Identifier: MIT
 *
 * Growable byte strings with a ceiling; see the header.
 */
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

void strbuf_init(struct strbuf *sb, size_t ceiling) {
    *sb = (struct strbuf){.ceiling = ceiling};
}

bool strbuf_reserve(struct strbuf *sb, size_t n) {
    if (sb->failed) return false;
    if (n > sb->ceiling || sb->n > sb->ceiling - n) {
        sb->failed = true;
        return false;
    }
    if (sb->n + n < sb->capacity) return true;
    size_t capacity = sb->capacity + sb->capacity / 2 + 64;
    if (capacity < sb->n + n + 1) capacity = sb->n + n + 1;
    char *data = mem_realloc(sb->data, capacity);
    if (!data) {
        sb->failed = true;
        return false;
    }
    sb->data = data;
    sb->capacity = capacity;
    return true;
}

void strbuf_append(struct strbuf *sb, const char *bytes, size_t n) {
    if (!strbuf_reserve(sb, n)) return;
    if (n) memcpy(sb->data + sb->n, bytes, n);
    sb->n += n;
    sb->data[sb->n] = '\0';
}

void strbuf_puts(struct strbuf *sb, const char *s) {
    strbuf_append(sb, s, strlen(s));
}

void strbuf_putc(struct strbuf *sb, char c) {
    strbuf_append(sb, &c, 1);
}

void strbuf_printf(struct strbuf *sb, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0) sb->failed = true;
    if (n >= 0 && strbuf_reserve(sb, (size_t)n)) {
        vsnprintf(sb->data + sb->n, (size_t)n + 1, format, again);
        sb->n += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

const char *strbuf_str(const struct strbuf *sb) {
    return sb->data ? sb->data : "";
}

void strbuf_clear(struct strbuf *sb) {
    sb->n = 0;
    sb->failed = false;
    if (sb->data) sb->data[0] = '\0';
}

void strbuf_release(struct strbuf *sb) {
    mem_wipe_free(sb->data, sb->n);
    *sb = (struct strbuf){.ceiling = sb->ceiling};
}

char *strbuf_take(struct strbuf *sb, size_t *n) {
    if (sb->failed) return NULL;
    char *data = sb->data;
    if (n) *n = sb->n;
    *sb = (struct strbuf){.ceiling = sb->ceiling};
    return data;
}
