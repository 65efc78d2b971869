/* SPDX-License-Identifier: MIT
 *
 * Expressions.
 */
#include "chat/eval.h"

#include <string.h>

#include "base/intl.h"
#include "chat/lexer.h"

static bool eval_name(struct runtime *rt, const struct string *name, struct value *out) {
    for (struct scope *scope = rt->scope; scope; scope = scope->parent) {
        const struct entry *e = dict_find_string(rt, &scope->variables, name);
        if (!rt_steps(rt, 1)) return false;
        if (!e) continue;
        *out = e->value;
        return true;
    }
    const struct builtin *function = function_find(name);
    if (function)
        *out = (struct value){.type = V_BUILTIN, .builtin = function};
    else
        *out = value_undefined(name);
    return true;
}

static bool eval_list(struct runtime *rt, const struct node *node, struct value *out) {
    struct list *l = list_new(rt, node->n);
    if (!l) return false;
    for (const struct node *item = node->items; item; item = item->next) {
        struct value v;
        if (!eval(rt, item, &v) || !list_push(rt, l, v)) return false;
    }
    *out = value_of_list(node->kind == NODE_LIST ? V_LIST : V_TUPLE, l);
    return true;
}

static bool eval_dict(struct runtime *rt, const struct node *node, struct value *out) {
    struct dict *d = dict_new(rt);
    if (!d) return false;
    for (const struct node *key = node->items; key; key = key->next->next) {
        struct value k, v;
        if (!eval(rt, key, &k) || !eval(rt, key->next, &v) || !dict_set(rt, d, k, v)) return false;
    }
    *out = value_of_dict(V_DICT, d);
    return true;
}

static bool eval_chain(struct runtime *rt, const struct node *node, struct value *out) {
    struct value left, right;
    if (!eval(rt, node->first, &left)) return false;
    for (const struct link *link = node->links; link; link = link->next) {
        if (!eval(rt, link->operand, &right)) return false;
        rt->line = link->line;
        if (!rt_steps(rt, 1) || !operate(rt, link->op, &left, &right, out)) return false;
        left = *out;
    }
    return true;
}

static bool compare(struct runtime *rt, int op, const struct value *a, const struct value *b,
                    bool *out) {
    int order = 0;
    if (op == LEX_EQ || op == LEX_NE) {
        *out = value_equal(rt, a, b) == (op == LEX_EQ);
        return !rt->status;
    }
    if (op == OP_IN || op == OP_NOT_IN) {
        if (!value_contains(rt, a, b, out)) return false;
        *out = *out == (op == OP_IN);
        return true;
    }
    if (!value_compare(rt, a, b, &order)) return false;
    *out = op == '<' ? order < 0 : op == '>' ? order > 0 : op == LEX_LE ? order <= 0 : order >= 0;
    return true;
}

/* a < b < c is a < b and b < c. */
static bool eval_compare(struct runtime *rt, const struct node *node, struct value *out) {
    struct value left, right;
    bool holds = true;
    if (!eval(rt, node->first, &left)) return false;
    for (const struct link *link = node->links; link && holds; link = link->next) {
        if (!eval(rt, link->operand, &right)) return false;
        rt->line = link->line;
        if (!rt_steps(rt, 1) || !compare(rt, link->op, &left, &right, &holds)) return false;
        left = right;
    }
    *out = value_of_bool(holds);
    return true;
}

/* The first value that decides, or the last one. */
static bool eval_logic(struct runtime *rt, const struct node *node, struct value *out) {
    const bool decides = node->kind == NODE_OR;
    for (const struct node *item = node->items; item; item = item->next) {
        if (!eval(rt, item, out)) return false;
        if (value_truth(out) == decides) return true;
    }
    return true;
}

static bool eval_condition(struct runtime *rt, const struct node *node, struct value *out) {
    const struct node *item = node->items;
    while (item && item->next) {
        struct value test;
        if (!eval(rt, item->next, &test)) return false;
        if (value_truth(&test)) return eval(rt, item, out);
        item = item->next->next;
    }
    if (item) return eval(rt, item, out);
    *out = value_undefined(NULL);
    return true;
}

/* --- steps --- */

bool eval_arguments(struct runtime *rt, const struct argument *arguments, struct call *call) {
    size_t n_positional = 0, n_named = 0;
    for (const struct argument *a = arguments; a; a = a->next)
        *(a->keyword ? &n_named : &n_positional) += 1;
    if (n_positional + n_named == 0) return true;
    struct value *positional = rt_alloc(rt, n_positional * sizeof(*positional));
    struct named *named = rt_alloc(rt, n_named * sizeof(*named));
    if (!positional || !named) return false;
    call->positional = positional;
    call->named = named;
    for (const struct argument *a = arguments; a; a = a->next) {
        struct value v;
        if (!eval(rt, a->value, &v)) return false;
        if (a->keyword)
            named[call->n_named++] = (struct named){.name = a->keyword, .value = v};
        else
            positional[call->n_positional++] = v;
    }
    return true;
}

static bool run_macro(struct runtime *rt, const struct macro *macro, const struct call *call,
                      struct value *out) {
    if (!rt_enter(rt)) return false;
    const bool done = macro_call(rt, macro, call, out);
    rt_leave(rt);
    return done;
}

static bool call_joiner(struct runtime *rt, struct joiner *joiner, struct value *out) {
    const struct string *nothing = string_new(rt, "", 0, false);
    *out = value_of_string(joiner->used ? joiner->separator : nothing);
    joiner->used = true;
    return nothing != NULL;
}

bool call_value(struct runtime *rt, const struct value *callee, struct call *call,
                struct value *out) {
    switch (callee->type) {
    case V_BUILTIN: return builtin_call(rt, callee->builtin, call, out);
    case V_METHOD:
        call->self = callee->method->self;
        return builtin_call(rt, callee->method->builtin, call, out);
    case V_MACRO: return run_macro(rt, callee->macro, call, out);
    case V_JOINER: return call_joiner(rt, callee->joiner, out);
    case V_UNDEFINED:
        if (callee->string)
            return rt_fail(rt, ERR_INVALID, _("'%.*s' is undefined and cannot be called"),
                           string_shown(callee->string), callee->string->data);
        break;
    default: break;
    }
    return rt_fail(rt, ERR_INVALID, _("%s cannot be called"), value_type_name(callee));
}

static bool step_named(struct runtime *rt, const struct step *step, struct value *v) {
    struct call call = {.self = *v};
    const char *kind = step->kind == STEP_FILTER ? _("filter") : _("test");
    if (!step->builtin)
        return rt_fail(rt, ERR_UNSUPPORTED, _("there is no %s '%.*s'"), kind,
                       string_shown(step->name), step->name->data);
    if (!eval_arguments(rt, step->arguments, &call)) return false;
    rt->line = step->line;
    if (step->kind == STEP_FILTER) return builtin_call(rt, step->builtin, &call, v);
    bool holds;
    if (!test_call(rt, step->builtin, &call, &holds)) return false;
    *v = value_of_bool(holds != step->negated);
    return true;
}

static bool step_bounds(struct runtime *rt, const struct step *step, struct value *v) {
    struct value bounds[3], object = *v;
    for (int i = 0; i < 3; i++) {
        bounds[i] = (struct value){.type = V_NONE};
        if (step->bounds[i] && !eval(rt, step->bounds[i], &bounds[i])) return false;
    }
    rt->line = step->line;
    return step->kind == STEP_SLICE ? access_slice(rt, &object, bounds, v)
                                    : access_item(rt, &object, &bounds[0], v);
}

bool apply_step(struct runtime *rt, const struct step *step, struct value *v) {
    if (!rt_steps(rt, 1)) return false;
    rt->line = step->line;
    struct value object = *v;
    struct call call = {0};
    switch (step->kind) {
    case STEP_ATTRIBUTE: return access_attribute(rt, &object, step->name, v);
    case STEP_ITEM:
    case STEP_SLICE: return step_bounds(rt, step, v);
    case STEP_CALL:
        if (!eval_arguments(rt, step->arguments, &call)) return false;
        rt->line = step->line;
        return call_value(rt, &object, &call, v);
    default: return step_named(rt, step, v);
    }
}

static bool eval_steps(struct runtime *rt, const struct node *node, struct value *out) {
    if (!eval(rt, node->first, out)) return false;
    for (const struct step *step = node->steps; step; step = step->next)
        if (!apply_step(rt, step, out)) return false;
    return true;
}

static bool eval_node(struct runtime *rt, const struct node *node, struct value *out) {
    switch (node->kind) {
    case NODE_CONST: *out = node->constant; return true;
    case NODE_NAME: return eval_name(rt, node->name, out);
    case NODE_LIST:
    case NODE_TUPLE: return eval_list(rt, node, out);
    case NODE_DICT: return eval_dict(rt, node, out);
    case NODE_CHAIN: return eval_chain(rt, node, out);
    case NODE_COMPARE: return eval_compare(rt, node, out);
    case NODE_AND:
    case NODE_OR: return eval_logic(rt, node, out);
    case NODE_CONDITION: return eval_condition(rt, node, out);
    case NODE_NOT:
        if (!eval(rt, node->first, out)) return false;
        *out = value_of_bool(value_truth(out) != node->negative);
        return true;
    case NODE_SIGN: return eval(rt, node->first, out) && negate(rt, node->negative, out);
    default: return eval_steps(rt, node, out);
    }
}

bool eval(struct runtime *rt, const struct node *node, struct value *out) {
    if (!rt_steps(rt, 1) || !rt_enter(rt)) return false;
    rt->line = node->line;
    *out = (struct value){0};
    const bool done = eval_node(rt, node, out);
    rt_leave(rt);
    return done;
}
