/* SPDX-License-Identifier: MIT
 *
 * Finding builtins by name and handing them their arguments.
 */
#include "chat/builtins.h"

#include <string.h>

#include "base/intl.h"

const struct builtin *builtin_find(const struct builtin *table, const struct string *name) {
    for (const struct builtin *b = table; b->name; b++)
        if (b->name[0] == name->data[0] && string_is(name, b->name)) return b;
    return NULL;
}

const struct builtin *filter_find(const struct string *name) {
    if (name->n == 0) return NULL;
    const struct builtin *found = builtin_find(text_filters, name);
    return found ? found : builtin_find(list_filters, name);
}

const struct builtin *method_find(const struct value *self, const struct string *name) {
    if (name->n == 0) return NULL;
    switch (self->type) {
    case V_STRING: return builtin_find(string_methods, name);
    case V_LIST:
    case V_TUPLE: return builtin_find(list_methods, name);
    case V_DICT: return builtin_find(dict_methods, name);
    case V_CYCLER: return builtin_find(cycler_methods, name);
    case V_LOOP: return builtin_find(loop_methods, name);
    default: return NULL;
    }
}

/* Where a parameter of that name stands; PARAMETERS_MAX: nowhere. */
static size_t parameter_index(const struct builtin *b, const struct string *name) {
    size_t i = 0;
    while (i < PARAMETERS_MAX && b->parameters[i] && !string_is(name, b->parameters[i]))
        i++;
    return i < PARAMETERS_MAX && b->parameters[i] ? i : PARAMETERS_MAX;
}

static bool bind(struct runtime *rt, const struct builtin *b, struct call *call) {
    size_t n = 0;
    while (n < PARAMETERS_MAX && b->parameters[n])
        n++;
    if (call->n_positional > n)
        return rt_fail(rt, ERR_INVALID, _("'%s' takes %zu arguments and was given %zu"), b->name, n,
                       call->n_positional);
    memset(call->bound, 0, sizeof(call->bound)); /* V_ABSENT */
    for (size_t i = 0; i < call->n_positional; i++)
        call->bound[i] = call->positional[i];
    for (size_t i = 0; i < call->n_named; i++) {
        const struct string *name = call->named[i].name;
        const size_t at = parameter_index(b, name);
        if (at == PARAMETERS_MAX)
            return rt_fail(rt, ERR_INVALID, _("'%s' has no argument '%.*s'"), b->name,
                           string_shown(name), name->data);
        call->bound[at] = call->named[i].value;
    }
    for (size_t i = 0; i < b->n_required; i++)
        if (call->bound[i].type == V_ABSENT)
            return rt_fail(rt, ERR_INVALID, _("'%s' needs an argument '%s'"), b->name,
                           b->parameters[i]);
    return true;
}

bool builtin_call(struct runtime *rt, const struct builtin *b, struct call *call,
                  struct value *out) {
    if (!b->is_variadic && !bind(rt, b, call)) return false;
    return b->run(rt, call, out) && !rt->status;
}

bool test_call(struct runtime *rt, const struct builtin *b, struct call *call, bool *out) {
    struct value v;
    if (!builtin_call(rt, b, call, &v)) return false;
    *out = value_truth(&v);
    return true;
}

bool call_int(struct runtime *rt, const struct call *call, size_t i, int64_t standard,
              int64_t *out) {
    const struct value *v = &call->bound[i];
    *out = standard;
    if (v->type == V_ABSENT || v->type == V_NONE) return true;
    if (v->type != V_INT && v->type != V_BOOL)
        return rt_fail(rt, ERR_INVALID, _("expected an integer as argument %zu, not %s"), i + 1,
                       value_type_name(v));
    *out = value_int(v);
    return true;
}

bool call_text(struct runtime *rt, const struct call *call, size_t i, const struct string *standard,
               const struct string **out) {
    const struct value *v = &call->bound[i];
    *out = v->type == V_STRING ? v->string : v->type == V_ABSENT ? standard : NULL;
    if (v->type == V_STRING || v->type == V_ABSENT || v->type == V_NONE) return true;
    return rt_fail(rt, ERR_INVALID, _("expected a string as argument %zu, not %s"), i + 1,
                   value_type_name(v));
}

bool call_flag(const struct call *call, size_t i, bool standard) {
    return call->bound[i].type == V_ABSENT ? standard : value_truth(&call->bound[i]);
}
