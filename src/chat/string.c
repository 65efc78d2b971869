/* SPDX-License-Identifier: MIT
 *
 * Strings whose bytes know where they came from. A string that is all of one kind carries no marks
 * of its own; they are written out, a byte each, when two kinds first meet.
 */
#include <string.h>

#include "base/intl.h"
#include "chat/characters.h"
#include "chat/value.h"

enum { NAME_SHOWN_MAX = 60 };

/* Makes room for n more bytes; what was there before stays where it is, for older strings. */
static bool builder_reserve(struct runtime *rt, struct builder *b, size_t n) {
    if (n <= b->capacity - b->n) return true;
    const size_t capacity = b->n + n + (b->n + n) / 2 + 32;
    char *data = rt_alloc(rt, capacity);
    unsigned char *marks = b->marks ? rt_alloc(rt, capacity) : NULL;
    if (!data || (b->marks && !marks)) return false;
    if (b->n) memcpy(data, b->data, b->n);
    if (b->n && marks) memcpy(marks, b->marks, b->n);
    b->data = data;
    b->marks = marks;
    b->capacity = capacity;
    return true;
}

/* Appends bytes with marks of their own, or all of one kind. */
static bool add_marked(struct runtime *rt, struct builder *b, const char *data, size_t n,
                       const unsigned char *marks, bool is_data) {
    if (n == 0) return true;
    if (!rt_bytes(rt, n) || !builder_reserve(rt, b, n)) return false;
    if (b->n == 0 && !marks) b->is_data = is_data;
    if (!b->marks && (marks || b->is_data != is_data)) {
        b->marks = rt_alloc(rt, b->capacity);
        if (!b->marks) return false;
        memset(b->marks, b->is_data, b->n);
    }
    memcpy(b->data + b->n, data, n);
    if (b->marks && marks)
        memcpy(b->marks + b->n, marks, n);
    else if (b->marks)
        memset(b->marks + b->n, is_data, n);
    b->n += n;
    return true;
}

bool builder_add(struct runtime *rt, struct builder *b, const char *data, size_t n, bool is_data) {
    return add_marked(rt, b, data, n, NULL, is_data);
}

bool builder_puts(struct runtime *rt, struct builder *b, const char *text) {
    return add_marked(rt, b, text, strlen(text), NULL, false);
}

bool builder_string(struct runtime *rt, struct builder *b, const struct string *s) {
    return add_marked(rt, b, s->data, s->n, s->marks, s->is_data);
}

bool builder_codepoint(struct runtime *rt, struct builder *b, uint32_t cp, bool is_data) {
    char bytes[4];
    return add_marked(rt, b, bytes, char_encode(bytes, cp), NULL, is_data);
}

void builder_blend(struct builder *b) {
    const bool any = b->marks ? memchr(b->marks, 1, b->n) != NULL : b->is_data;
    b->marks = NULL;
    b->is_data = any;
}

static const struct string *string_make(struct runtime *rt, struct string s) {
    struct string *made = rt_alloc(rt, sizeof(*made));
    if (made) *made = s;
    return made;
}

const struct string *builder_string_of(struct runtime *rt, const struct builder *b) {
    return string_make(rt, (struct string){.data = b->data ? b->data : "",
                                           .marks = b->marks,
                                           .n = b->n,
                                           .is_data = b->is_data});
}

bool builder_value(struct runtime *rt, const struct builder *b, struct value *out) {
    *out = value_of_string(builder_string_of(rt, b));
    return out->string != NULL;
}

const struct string *string_new(struct runtime *rt, const char *data, size_t n, bool is_data) {
    return string_make(rt, (struct string){.data = data, .n = n, .is_data = is_data});
}

const struct string *string_slice(struct runtime *rt, const struct string *s, size_t start,
                                  size_t end) {
    if (start == 0 && end == s->n) return s;
    return string_make(rt, (struct string){.data = s->data + start,
                                           .marks = s->marks ? s->marks + start : NULL,
                                           .n = end - start,
                                           .is_data = s->is_data});
}

const struct string *string_concat(struct runtime *rt, const struct string *a,
                                   const struct string *b) {
    if (b->n == 0) return a;
    if (a->n == 0) return b;
    struct builder *room = a->room;
    if (!room || a->data != room->data || a->n != room->n) { /* nobody built on it yet? */
        room = rt_alloc(rt, sizeof(*room));
        if (!room || !builder_string(rt, room, a)) return NULL;
    }
    if (!builder_string(rt, room, b)) return NULL;
    return string_make(rt, (struct string){.data = room->data,
                                           .marks = room->marks,
                                           .n = room->n,
                                           .room = room,
                                           .is_data = room->is_data});
}

bool string_equal(const struct string *a, const struct string *b) {
    return a->n == b->n && (a->data == b->data || memcmp(a->data, b->data, a->n) == 0);
}

bool string_is(const struct string *s, const char *text) {
    return s->n == strlen(text) && memcmp(s->data, text, s->n) == 0;
}

/* The order of bytes is that of code points. */
int string_compare(const struct string *a, const struct string *b) {
    const int order = memcmp(a->data, b->data, a->n < b->n ? a->n : b->n);
    return order ? order : (a->n > b->n) - (a->n < b->n);
}

bool string_has_data(const struct string *s) {
    if (s->n == 0) return false;
    return s->marks ? memchr(s->marks, 1, s->n) != NULL : s->is_data;
}

int string_shown(const struct string *s) {
    return (int)char_clip(s->data, s->n, NAME_SHOWN_MAX);
}

size_t string_offset(const struct string *s, size_t count) {
    size_t at = 0;
    uint32_t cp;
    while (count-- > 0 && at < s->n)
        at += char_decode(s->data + at, s->n - at, &cp);
    return at;
}

size_t string_length(const struct string *s) {
    size_t n = 0;
    uint32_t cp;
    for (size_t at = 0; at < s->n; n++)
        at += char_decode(s->data + at, s->n - at, &cp);
    return n;
}

size_t string_find(const struct string *a, const struct string *b, size_t from) {
    if (from > a->n) return SIZE_MAX;
    if (b->n == 0) return from;
    const char *p = memmem(a->data + from, a->n - from, b->data, b->n);
    return p ? (size_t)(p - a->data) : SIZE_MAX;
}

static bool is_stripped(struct runtime *rt, uint32_t cp, const struct string *chars) {
    if (!chars) return char_is_space(cp);
    if (!rt_bytes(rt, chars->n + RUNTIME_BYTES_PER_STEP)) return false;
    for (size_t at = 0; at < chars->n;) {
        uint32_t one;
        at += char_decode(chars->data + at, chars->n - at, &one);
        if (one == cp) return true;
    }
    return false;
}

const struct string *string_strip(struct runtime *rt, const struct string *s,
                                  const struct string *chars, int sides) {
    size_t start = 0, end = s->n;
    uint32_t cp;
    if (!rt_bytes(rt, s->n)) return NULL;
    while (sides & STRIP_LEFT && start < end) {
        const size_t length = char_decode(s->data + start, end - start, &cp);
        if (!is_stripped(rt, cp, chars)) break;
        start += length;
    }
    while (sides & STRIP_RIGHT && start < end) {
        const size_t length = char_last(s->data + start, end - start);
        char_decode(s->data + end - length, length, &cp);
        if (!is_stripped(rt, cp, chars)) break;
        end -= length;
    }
    return rt->status ? NULL : string_slice(rt, s, start, end);
}
