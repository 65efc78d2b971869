/* SPDX-License-Identifier: MIT
 *
 * A byte string that grows up to a ceiling. It is always NUL-terminated, so `data` can be handed
 * to functions that want a C string; embedded NULs are ordinary bytes.
 *
 * Appending never reports failure by itself: the first lack of memory marks the buffer `failed`
 * and later appends do nothing, so a long series needs one check at its end.
 */
#ifndef SIGILO_BASE_STRBUF_H
#define SIGILO_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

struct strbuf {
    char *data; /* [capacity], data[n] == 0; NULL while nothing was appended */
    size_t n;
    size_t capacity;
    size_t ceiling; /* largest n allowed */
    bool failed;    /* memory was short or the ceiling was hit: the content is not whole */
};

void strbuf_init(struct strbuf *sb, size_t ceiling);
void strbuf_append(struct strbuf *sb, const char *bytes, size_t n);
void strbuf_puts(struct strbuf *sb, const char *s);
void strbuf_putc(struct strbuf *sb, char c);
__attribute__((format(printf, 2, 3))) void strbuf_printf(struct strbuf *sb, const char *format,
                                                         ...);

/* Makes room for n more bytes at once; false when it cannot (the buffer is then failed). */
bool strbuf_reserve(struct strbuf *sb, size_t n);

/* The content as a C string, never NULL. */
const char *strbuf_str(const struct strbuf *sb);

/* Empties, keeping the storage. */
void strbuf_clear(struct strbuf *sb);

/* Wipes and frees. */
void strbuf_release(struct strbuf *sb);

/* Hands the bytes over (free with mem_free); NULL when failed or empty. The buffer is emptied. */
char *strbuf_take(struct strbuf *sb, size_t *n);

#endif
