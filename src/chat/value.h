/* SPDX-License-Identifier: MIT
 *
 * What a template computes with: values that live in the rendering's arena, and strings whose
 * every byte knows whether the template wrote it or whether it came from the caller's data.
 *
 * Strings are never changed. A slice shares its source's bytes; what is lengthened again and again
 * grows in place (struct builder), so that gathering a prompt piece by piece stays linear.
 */
#ifndef SIGILO_CHAT_VALUE_H
#define SIGILO_CHAT_VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat/runtime.h"

struct builder;

struct string {
    const char *data;           /* [n], UTF-8 */
    const unsigned char *marks; /* [n], 1: data, 0: template; NULL: all of it as is_data says */
    size_t n;
    struct builder *room; /* where it may be lengthened in place, or NULL */
    bool is_data;
};

enum value_type {
    V_ABSENT, /* no value at all: an argument that was not given */
    V_UNDEFINED,
    V_NONE,
    V_BOOL,
    V_INT,
    V_FLOAT,
    V_STRING,
    V_LIST,
    V_TUPLE,
    V_DICT,
    V_NAMESPACE,
    V_LOOP,
    V_MACRO,
    V_BUILTIN, /* a function of the environment: range, namespace... */
    V_METHOD,
    V_CYCLER,
    V_JOINER,
};

struct value {
    uint8_t type; /* enum value_type */
    bool is_data; /* of a number: it came from the caller, or was computed from what did */
    union {
        bool boolean;
        int64_t integer;
        double real;
        const struct string *string; /* of V_UNDEFINED: the name that is not defined, or NULL */
        struct list *list;           /* list, tuple */
        struct dict *dict;           /* dict, namespace */
        struct loop *loop;
        const struct macro *macro;
        const struct builtin *builtin;
        const struct method *method;
        struct cycler *cycler;
        struct joiner *joiner;
    };
};

struct list {
    struct value *items; /* [capacity], [0, n) in use */
    size_t n, capacity;
};

struct entry {
    struct value key, value;
};

struct dict { /* keeps the order of insertion */
    struct entry *entries;
    size_t n, capacity;
    uint32_t *index; /* [n_index] entry + 1, open addressing; NULL while small or out of date */
    size_t n_index;
};

struct loop { /* the variable `loop` */
    struct list items;
    size_t at;
    size_t depth; /* from 1 */
};

struct method { /* a method with the value it was taken from */
    struct value self;
    const struct builtin *builtin;
};

struct cycler {
    struct list *items;
    size_t at;
};

struct joiner {
    const struct string *separator;
    bool used;
};

static inline struct value value_of_bool(bool b) {
    return (struct value){.type = V_BOOL, .boolean = b};
}
static inline struct value value_of_int(int64_t i) {
    return (struct value){.type = V_INT, .integer = i};
}
static inline struct value value_of_float(double d) {
    return (struct value){.type = V_FLOAT, .real = d};
}
static inline struct value value_of_string(const struct string *s) {
    return (struct value){.type = V_STRING, .string = s};
}
static inline struct value value_of_list(enum value_type type, struct list *l) {
    return (struct value){.type = (uint8_t)type, .list = l};
}
static inline struct value value_of_dict(enum value_type type, struct dict *d) {
    return (struct value){.type = (uint8_t)type, .dict = d};
}
/* `name` may be NULL; it is the template's, never data. */
static inline struct value value_undefined(const struct string *name) {
    return (struct value){.type = V_UNDEFINED, .string = name};
}
static inline bool value_is_number(const struct value *v) {
    return v->type == V_INT || v->type == V_FLOAT || v->type == V_BOOL;
}
/* Of a bool or an int. */
static inline int64_t value_int(const struct value *v) {
    return v->type == V_BOOL ? v->boolean : v->integer;
}
static inline double value_real(const struct value *v) {
    return v->type == V_FLOAT ? v->real : (double)value_int(v);
}

/* --- strings --- */

/* A string that grows in the arena. Zero-initialised is empty. */
struct builder {
    char *data;
    unsigned char *marks; /* NULL while all bytes are of one kind */
    size_t n, capacity;
    bool is_data;
};

/* All return false with the runtime failed when a bound is hit. */
bool builder_add(struct runtime *rt, struct builder *b, const char *data, size_t n, bool is_data);
bool builder_puts(struct runtime *rt, struct builder *b, const char *text); /* the template's */
bool builder_string(struct runtime *rt, struct builder *b, const struct string *s);
/* Code point, with the mark given. */
bool builder_codepoint(struct runtime *rt, struct builder *b, uint32_t cp, bool is_data);
/* If any byte is data, all of it becomes data. */
void builder_blend(struct builder *b);
/* The string; NULL when a bound is hit. The builder may not be added to afterwards. */
const struct string *builder_string_of(struct runtime *rt, const struct builder *b);
/* The same as a value. */
bool builder_value(struct runtime *rt, const struct builder *b, struct value *out);

/* NULL on failure. The bytes are borrowed. */
const struct string *string_new(struct runtime *rt, const char *data, size_t n, bool is_data);
const struct string *string_slice(struct runtime *rt, const struct string *s, size_t start,
                                  size_t end);
const struct string *string_concat(struct runtime *rt, const struct string *a,
                                   const struct string *b);
bool string_equal(const struct string *a, const struct string *b);
bool string_is(const struct string *s, const char *text);
int string_compare(const struct string *a, const struct string *b);
bool string_has_data(const struct string *s);
/* How many bytes of a name a message shows, for "%.*s". */
int string_shown(const struct string *s);
static inline bool string_mark(const struct string *s, size_t at) {
    return s->marks ? s->marks[at] != 0 : s->is_data;
}

/* Bytes of the first `count` code points, or all. */
size_t string_offset(const struct string *s, size_t count);
size_t string_length(const struct string *s); /* code points */
/* Where b stands in a at or after `from`; SIZE_MAX: nowhere. */
size_t string_find(const struct string *a, const struct string *b, size_t from);

/* Start and end without the white space, or without characters of `chars` (NULL: white space). */
enum { STRIP_LEFT = 1, STRIP_RIGHT = 2 };
const struct string *string_strip(struct runtime *rt, const struct string *s,
                                  const struct string *chars, int sides);

/* --- lists and dicts; NULL or false on failure --- */

struct list *list_new(struct runtime *rt, size_t capacity);
bool list_push(struct runtime *rt, struct list *l, struct value v);
void list_reverse(struct list *l);

struct dict *dict_new(struct runtime *rt);
/* NULL: not there (or failed: rt->status). */
struct entry *dict_find(struct runtime *rt, struct dict *d, const struct value *key);
struct entry *dict_find_string(struct runtime *rt, struct dict *d, const struct string *key);
bool dict_set(struct runtime *rt, struct dict *d, struct value key, struct value v);
void dict_remove(struct dict *d, struct entry *e);
void dict_clear(struct dict *d);

/* --- values --- */

bool value_truth(const struct value *v);

/* Python's ==. */
bool value_equal(struct runtime *rt, const struct value *a, const struct value *b);
/* Python's <: -1, 0, 1 into *order; fails where Python would. */
bool value_compare(struct runtime *rt, const struct value *a, const struct value *b, int *order);
/* Python's `in`. */
bool value_contains(struct runtime *rt, const struct value *needle, const struct value *hay,
                    bool *out);

/* What iterating over the value gives; a list's own items are borrowed. */
bool value_items(struct runtime *rt, const struct value *v, const struct list **out);
/* len(); fails where Python would. */
bool value_length(struct runtime *rt, const struct value *v, size_t *out);

/* str(): a string itself, else as Python prints it. NULL on failure. */
const struct string *value_string(struct runtime *rt, const struct value *v);

struct json_style {
    const struct string *indent;                         /* one level; NULL: on one line */
    const struct string *item_separator, *key_separator; /* NULL: Python's */
    bool ascii, sort_keys;
};
/* json.dumps(). Data if anything in it is. */
bool value_json(struct runtime *rt, const struct value *v, const struct json_style *style,
                struct value *out);

/* The caller's JSON; strings are borrowed from it. `as_role`: a word counts as the template's. */
bool value_from_json(struct runtime *rt, const json_t *json, struct value *out);
bool value_from_messages(struct runtime *rt, const json_t *messages, size_t n, struct value *out);

/* "a string", "a list"..., for messages. */
const char *value_type_name(const struct value *v);

/* A float as Python prints it. */
enum { FLOAT_TEXT_MAX = 40 };
void float_print(char text[FLOAT_TEXT_MAX], double d);

#endif
