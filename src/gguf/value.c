/* SPDX-License-Identifier: MIT
 *
 * Metadata values: from the bytes of the file, which have no alignment, to C types. The parser has
 * checked that the bytes are there, so nothing here can run past them.
 */
#include "gguf/gguf.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/intl.h"

static const struct type_row {
    const char *name;
    size_t size_bytes; /* 0: the value tells */
} type_rows[] = {
    [GGUF_U8] = {"u8", 1},       [GGUF_I8] = {"i8", 1},     [GGUF_U16] = {"u16", 2},
    [GGUF_I16] = {"i16", 2},     [GGUF_U32] = {"u32", 4},   [GGUF_I32] = {"i32", 4},
    [GGUF_F32] = {"f32", 4},     [GGUF_BOOL] = {"bool", 1}, [GGUF_STRING] = {"string", 0},
    [GGUF_ARRAY] = {"array", 0}, [GGUF_U64] = {"u64", 8},   [GGUF_I64] = {"i64", 8},
    [GGUF_F64] = {"f64", 8},
};

const char *gguf_type_name(enum gguf_value_type type) {
    return type_rows[type].name;
}

size_t gguf_type_bytes(enum gguf_value_type type) {
    return type_rows[type].size_bytes;
}

bool gguf_string_is(struct gguf_string s, const char *text) {
    return s.n == strlen(text) && memcmp(s.data, text, s.n) == 0;
}

const char *gguf_printable(char text[GGUF_PRINTABLE_MAX], struct gguf_string s) {
    const size_t room = GGUF_PRINTABLE_MAX - 1;
    const size_t n = s.n <= room ? s.n : room - 3;
    for (size_t i = 0; i < n; i++)
        text[i] = s.data[i] >= ' ' && s.data[i] <= '~' ? s.data[i] : '?';
    memcpy(text + n, s.n <= room ? "" : "...", s.n <= room ? 1 : 4);
    return text;
}

/* One number of the file. Which member holds it is `kind`. */
struct number {
    enum { NUMBER_NONE, NUMBER_UNSIGNED, NUMBER_SIGNED, NUMBER_FLOAT } kind;
    uint64_t u;
    int64_t i;
    double f;
};

#define READ(number_kind, member, type)                                                            \
    do {                                                                                           \
        type value;                                                                                \
        memcpy(&value, data, sizeof(value));                                                       \
        return (struct number){.kind = number_kind, .member = value};                              \
    } while (0)

static struct number read_number(enum gguf_value_type type, const unsigned char *data) {
    switch (type) {
    case GGUF_BOOL:
    case GGUF_U8: READ(NUMBER_UNSIGNED, u, uint8_t);
    case GGUF_I8: READ(NUMBER_SIGNED, i, int8_t);
    case GGUF_U16: READ(NUMBER_UNSIGNED, u, uint16_t);
    case GGUF_I16: READ(NUMBER_SIGNED, i, int16_t);
    case GGUF_U32: READ(NUMBER_UNSIGNED, u, uint32_t);
    case GGUF_I32: READ(NUMBER_SIGNED, i, int32_t);
    case GGUF_U64: READ(NUMBER_UNSIGNED, u, uint64_t);
    case GGUF_I64: READ(NUMBER_SIGNED, i, int64_t);
    case GGUF_F32: READ(NUMBER_FLOAT, f, float);
    case GGUF_F64: READ(NUMBER_FLOAT, f, double);
    case GGUF_STRING:
    case GGUF_ARRAY: break;
    }
    return (struct number){.kind = NUMBER_NONE};
}

static bool to_double(struct number x, double *out) {
    switch (x.kind) {
    case NUMBER_UNSIGNED: *out = (double)x.u; return true;
    case NUMBER_SIGNED: *out = (double)x.i; return true;
    case NUMBER_FLOAT: *out = x.f; return true;
    case NUMBER_NONE: break;
    }
    return false;
}

bool gguf_value_u64(const struct gguf_value *value, uint64_t *out) {
    if (value->type == GGUF_BOOL) return false;
    const struct number x = read_number(value->type, value->data);
    if (x.kind == NUMBER_SIGNED && x.i >= 0) {
        *out = (uint64_t)x.i;
        return true;
    }
    if (x.kind != NUMBER_UNSIGNED) return false;
    *out = x.u;
    return true;
}

bool gguf_value_number(const struct gguf_value *value, double *out) {
    return value->type != GGUF_BOOL && to_double(read_number(value->type, value->data), out);
}

bool gguf_value_string(const struct gguf_value *value, struct gguf_string *out) {
    if (value->type != GGUF_STRING) return false;
    *out = (struct gguf_string){(const char *)value->data + 8, value->size_bytes - 8};
    return true;
}

/* By key. A missing one is an error, or leaves *out alone and is none. */

static enum status missing(const struct gguf *g, const char *key, struct error *err) {
    return fail(err, ERR_NOT_FOUND, _("%s: the metadata lack the key %s"), g->path, key);
}

static enum status mistyped(const struct gguf *g, const char *key, const struct gguf_value *value,
                            const char *wanted, struct error *err) {
    double number;
    if (gguf_value_number(value, &number))
        return fail(err, ERR_INVALID, _("%s: the key %s is %s %.15g, %s is wanted"), g->path, key,
                    gguf_type_name(value->type), number, wanted);
    return fail(err, ERR_INVALID, _("%s: the key %s is of type %s, %s is wanted"), g->path, key,
                gguf_type_name(value->type), wanted);
}

enum status gguf_opt_u32(const struct gguf *g, uint32_t *out, const char *key, struct error *err) {
    uint64_t u;
    const struct gguf_value *value = gguf_find(g, key);
    if (!value) return OK;
    if (!gguf_value_u64(value, &u) || u > UINT32_MAX)
        return mistyped(g, key, value, _("a whole number from 0 to 4294967295"), err);
    *out = (uint32_t)u;
    return OK;
}

enum status gguf_get_u32(const struct gguf *g, uint32_t *out, const char *key, struct error *err) {
    return gguf_find(g, key) ? gguf_opt_u32(g, out, key, err) : missing(g, key, err);
}

enum status gguf_opt_f32(const struct gguf *g, float *out, const char *key, struct error *err) {
    double number;
    const struct gguf_value *value = gguf_find(g, key);
    if (!value) return OK;
    if (!gguf_value_number(value, &number) || !isfinite((float)number))
        return mistyped(g, key, value, _("a finite number"), err);
    *out = (float)number;
    return OK;
}

enum status gguf_get_f32(const struct gguf *g, float *out, const char *key, struct error *err) {
    return gguf_find(g, key) ? gguf_opt_f32(g, out, key, err) : missing(g, key, err);
}

enum status gguf_opt_bool(const struct gguf *g, bool *out, const char *key, struct error *err) {
    const struct gguf_value *value = gguf_find(g, key);
    if (!value) return OK;
    if (value->type != GGUF_BOOL) return mistyped(g, key, value, _("a bool"), err);
    *out = value->data[0] != 0;
    return OK;
}

enum status gguf_opt_string(const struct gguf *g, struct gguf_string *out, const char *key,
                            struct error *err) {
    const struct gguf_value *value = gguf_find(g, key);
    if (!value || gguf_value_string(value, out)) return OK;
    return mistyped(g, key, value, _("a string"), err);
}

enum status gguf_get_string(const struct gguf *g, struct gguf_string *out, const char *key,
                            struct error *err) {
    return gguf_find(g, key) ? gguf_opt_string(g, out, key, err) : missing(g, key, err);
}

/* Arrays */

double gguf_array_number(const struct gguf_value *array, uint64_t i) {
    const size_t size = gguf_type_bytes(array->item_type);
    double number = 0;
    assert(array->type == GGUF_ARRAY);
    assert(size > 0);
    assert(i < array->n_items);
    to_double(read_number(array->item_type, array->data + i * size), &number);
    return number;
}

/* Bytes of the value of `type` that begins at p; of an array those of its items, to which *p moves,
 * having told type and count. */
static size_t walk(enum gguf_value_type type, const unsigned char **p, struct gguf_value *array) {
    uint64_t n;
    if (gguf_type_bytes(type)) return gguf_type_bytes(type);
    if (type == GGUF_STRING) {
        memcpy(&n, *p, sizeof(n));
        return 8 + (size_t)n;
    }
    uint32_t item_type;
    memcpy(&item_type, *p, sizeof(item_type));
    memcpy(&array->n_items, *p + 4, sizeof(array->n_items));
    array->item_type = (enum gguf_value_type)item_type;
    *p += 12;
    const size_t fixed = gguf_type_bytes(array->item_type);
    if (fixed) return fixed * (size_t)array->n_items;
    const unsigned char *at = *p;
    for (uint64_t i = 0; i < array->n_items; i++) {
        struct gguf_value inner;
        at += walk(array->item_type, &at, &inner);
    }
    return (size_t)(at - *p);
}

struct gguf_value gguf_array_next(const struct gguf_value *array, const unsigned char **cursor) {
    struct gguf_value item = {.type = array->item_type, .n_items = 1};
    assert(array->type == GGUF_ARRAY);
    const unsigned char *at = *cursor ? *cursor : array->data;
    item.size_bytes = walk(item.type, &at, &item);
    item.data = at;
    *cursor = at + item.size_bytes;
    assert(*cursor <= array->data + array->size_bytes);
    return item;
}

struct gguf_string gguf_array_next_string(const struct gguf_value *array,
                                          const unsigned char **cursor) {
    struct gguf_string string = {"", 0};
    const struct gguf_value item = gguf_array_next(array, cursor);
    assert(item.type == GGUF_STRING);
    gguf_value_string(&item, &string);
    return string;
}
