/* SPDX-License-Identifier: MIT
 *
 * Filters, tests, methods and functions: one shape for all, found by name in tables.
 */
#ifndef SIGILO_CHAT_BUILTINS_H
#define SIGILO_CHAT_BUILTINS_H

#include "chat/value.h"

enum { PARAMETERS_MAX = 5 };

struct named {
    const struct string *name;
    struct value value;
};

/* One call. What is bound follows the builtin's parameters; a variadic one reads `positional` and
 * `named` itself. */
struct call {
    struct value self; /* what a filter, test or method is applied to */
    const struct value *positional;
    size_t n_positional;
    const struct named *named;
    size_t n_named;
    struct value bound[PARAMETERS_MAX]; /* V_ABSENT where not given */
};

typedef bool builtin_fn(struct runtime *rt, struct call *call, struct value *out);

struct builtin {
    const char *name;
    builtin_fn *run;
    const char *parameters[PARAMETERS_MAX]; /* up to the first NULL */
    uint8_t n_required;
    bool is_variadic;
};

/* NULL: there is none of that name. */
const struct builtin *filter_find(const struct string *name);
const struct builtin *test_find(const struct string *name);
const struct builtin *function_find(const struct string *name);
const struct builtin *method_find(const struct value *self, const struct string *name);

/* Searches a table that ends with a nameless row. */
const struct builtin *builtin_find(const struct builtin *table, const struct string *name);

/* Binds the arguments and runs it. */
bool builtin_call(struct runtime *rt, const struct builtin *b, struct call *call,
                  struct value *out);
/* A test's answer. */
bool test_call(struct runtime *rt, const struct builtin *b, struct call *call, bool *out);

/* Bound arguments, by type; false when it has another. A default stands where none was given. */
bool call_int(struct runtime *rt, const struct call *call, size_t i, int64_t standard,
              int64_t *out);
bool call_text(struct runtime *rt, const struct call *call, size_t i, const struct string *standard,
               const struct string **out); /* a string, or none (NULL) */
bool call_flag(const struct call *call, size_t i, bool standard);

extern const struct builtin text_filters[], list_filters[], string_methods[], list_methods[],
    dict_methods[], cycler_methods[], loop_methods[];

#endif
