/* SPDX-License-Identifier: MIT
 *
 * Statements, and macros.
 */
#include <string.h>

#include "base/intl.h"
#include "chat/chat.h"
#include "chat/eval.h"

/* --- output --- */

static bool add_piece(struct runtime *rt, size_t start, size_t end, bool is_data) {
    struct array *pieces = &rt->out->pieces;
    struct chat_piece *last = pieces->n ? (struct chat_piece *)pieces->data + pieces->n - 1 : NULL;
    if (last && last->is_data == is_data) {
        last->end = end;
        return true;
    }
    const struct chat_piece piece = {.start = start, .end = end, .is_data = is_data};
    if (array_push(pieces, &piece, sizeof(piece))) return true;
    return rt_fail(rt, ERR_NOMEM, _("not enough memory for the prompt"));
}

bool emit(struct runtime *rt, const struct string *s) {
    if (rt->capture) return builder_string(rt, rt->capture, s);
    struct strbuf *text = &rt->out->text;
    const size_t start = text->n;
    if (!rt_bytes(rt, s->n)) return false;
    if (s->n > text->ceiling - text->n)
        return rt_fail(rt, ERR_LIMIT, _("the template writes more than %d MiB"),
                       CHAT_OUTPUT_BYTES_MAX >> 20);
    strbuf_append(text, s->data, s->n);
    if (text->failed) return rt_fail(rt, ERR_NOMEM, _("not enough memory for the prompt"));
    if (!s->marks) return s->n == 0 || add_piece(rt, start, text->n, s->is_data);
    for (size_t at = 0; at < s->n;) {
        size_t end = at + 1;
        while (end < s->n && s->marks[end] == s->marks[at])
            end++;
        if (!add_piece(rt, start + at, start + end, s->marks[at] != 0)) return false;
        at = end;
    }
    return true;
}

/* --- scopes --- */

static struct scope *scope_new(struct runtime *rt, struct scope *parent) {
    struct scope *scope = rt_alloc(rt, sizeof(*scope));
    if (scope) scope->parent = parent;
    return scope;
}

bool scope_set(struct runtime *rt, struct scope *scope, const struct string *name, struct value v) {
    return dict_set(rt, &scope->variables, value_of_string(name), v);
}

/* a.b = v: of a namespace alone. */
static bool assign_attribute(struct runtime *rt, const struct node *target, struct value v) {
    struct value object;
    if (!eval(rt, target->first, &object)) return false;
    if (object.type != V_NAMESPACE)
        return rt_fail(rt, ERR_INVALID, _("attributes of a namespace can be set, not those of %s"),
                       value_type_name(&object));
    return dict_set(rt, object.dict, value_of_string(target->steps->name), v);
}

static bool assign(struct runtime *rt, const struct node *target, struct value v) {
    if (target->kind == NODE_NAME) return scope_set(rt, rt->scope, target->name, v);
    if (target->kind == NODE_STEPS) return assign_attribute(rt, target, v);
    const struct list *items;
    if (!value_items(rt, &v, &items)) return false;
    if (items->n != target->n)
        return rt_fail(rt, ERR_INVALID, _("%zu values cannot be assigned to %zu names"), items->n,
                       target->n);
    size_t i = 0;
    for (const struct node *one = target->items; one; one = one->next)
        if (!assign(rt, one, items->items[i++])) return false;
    return true;
}

/* --- bodies --- */

/* Runs a body in a scope of its own. */
static enum flow execute_scoped(struct runtime *rt, struct scope *scope,
                                const struct statement *body) {
    struct scope *outer = rt->scope;
    rt->scope = scope;
    const enum flow flow = execute(rt, body);
    rt->scope = outer;
    return flow;
}

/* Runs a body in the scope given and keeps what it writes. */
static enum flow capture(struct runtime *rt, struct scope *scope, const struct statement *body,
                         struct value *out) {
    struct builder written = {0}, *outer = rt->capture;
    if (!scope) return FLOW_FAILED;
    rt->capture = &written;
    const enum flow flow = execute_scoped(rt, scope, body);
    rt->capture = outer;
    if (flow == FLOW_FAILED || !builder_value(rt, &written, out)) return FLOW_FAILED;
    return flow;
}

static bool apply_filters(struct runtime *rt, const struct step *filters, struct value *v) {
    for (const struct step *step = filters; step; step = step->next)
        if (!apply_step(rt, step, v)) return false;
    return true;
}

static enum flow run_filter_block(struct runtime *rt, const struct statement *s) {
    struct value v;
    const enum flow flow = capture(rt, scope_new(rt, rt->scope), s->body, &v);
    if (flow == FLOW_FAILED || !apply_filters(rt, s->filters, &v)) return FLOW_FAILED;
    const struct string *text = value_string(rt, &v);
    return text && emit(rt, text) ? flow : FLOW_FAILED;
}

static enum flow run_set_block(struct runtime *rt, const struct statement *s) {
    struct value v;
    const enum flow flow = capture(rt, scope_new(rt, rt->scope), s->body, &v);
    if (flow != FLOW_NEXT) return flow;
    return apply_filters(rt, s->filters, &v) && assign(rt, s->target, v) ? FLOW_NEXT : FLOW_FAILED;
}

static enum flow run_set(struct runtime *rt, const struct statement *s) {
    struct value v;
    return eval(rt, s->expression, &v) && assign(rt, s->target, v) ? FLOW_NEXT : FLOW_FAILED;
}

static enum flow run_if(struct runtime *rt, const struct statement *s) {
    for (; s; s = s->otherwise) {
        struct value v = value_of_bool(true);
        if (s->expression && !eval(rt, s->expression, &v)) return FLOW_FAILED;
        if (value_truth(&v)) return execute(rt, s->body);
    }
    return FLOW_NEXT;
}

static enum flow run_scope(struct runtime *rt, const struct statement *s) {
    struct scope *scope = scope_new(rt, rt->scope);
    if (!scope) return FLOW_FAILED;
    for (const struct parameter *p = s->parameters; p; p = p->next) {
        struct value v;
        if (!eval(rt, p->standard, &v) || !scope_set(rt, scope, p->name, v)) return FLOW_FAILED;
    }
    return execute_scoped(rt, scope, s->body);
}

static enum flow run_print(struct runtime *rt, const struct statement *s) {
    struct value v;
    if (!eval(rt, s->expression, &v)) return FLOW_FAILED;
    rt->line = s->line;
    const struct string *text = value_string(rt, &v);
    return text && emit(rt, text) ? FLOW_NEXT : FLOW_FAILED;
}

/* --- loops --- */

/* The items for which the loop's own if holds. */
static bool select_items(struct runtime *rt, const struct statement *s, struct scope *scope,
                         const struct list **items) {
    const struct list *all = *items;
    struct scope *outer = rt->scope;
    struct list *chosen = list_new(rt, 0);
    bool good = chosen != NULL;
    rt->scope = scope;
    for (size_t i = 0; good && i < all->n; i++) {
        struct value v;
        good = assign(rt, s->target, all->items[i]) && eval(rt, s->test, &v) &&
               (!value_truth(&v) || list_push(rt, chosen, all->items[i]));
    }
    rt->scope = outer;
    dict_clear(&scope->variables);
    *items = chosen;
    return good;
}

/* One turn: the loop's variables, then the body, in a scope that is new or clean. */
static enum flow run_turn(struct runtime *rt, const struct statement *s, struct scope *scope,
                          struct loop *loop) {
    static const struct string name = {.data = "loop", .n = 4};
    const struct value v = {.type = V_LOOP, .loop = loop};
    struct scope *outer = rt->scope;
    rt->scope = scope;
    const bool good = scope_set(rt, scope, &name, v) &&
                      assign(rt, s->target, loop->items.items[loop->at]);
    const enum flow flow = good ? execute(rt, s->body) : FLOW_FAILED;
    rt->scope = outer;
    return flow;
}

static enum flow run_for(struct runtime *rt, const struct statement *s) {
    struct value v;
    const struct list *items;
    struct scope *scope = scope_new(rt, rt->scope);
    struct loop *loop = rt_alloc(rt, sizeof(*loop));
    if (!scope || !loop || !eval(rt, s->expression, &v) || !value_items(rt, &v, &items))
        return FLOW_FAILED;
    if (s->test && !select_items(rt, s, scope, &items)) return FLOW_FAILED;
    *loop = (struct loop){.items = *items,
                          .depth = 1}; /* changes of the list meanwhile don't count */
    for (; loop->at < loop->items.n; loop->at++) {
        if (scope->is_kept) scope = scope_new(rt, rt->scope);
        if (!scope) return FLOW_FAILED;
        dict_clear(&scope->variables);
        const enum flow flow = run_turn(rt, s, scope, loop);
        if (flow == FLOW_FAILED) return flow;
        if (flow == FLOW_BREAK) return FLOW_NEXT;
    }
    if (loop->items.n > 0 || !s->otherwise) return FLOW_NEXT;
    return execute_scoped(rt, scope, s->otherwise);
}

/* --- macros --- */

static bool define(struct runtime *rt, const struct statement *s, struct value *out) {
    struct macro *macro = rt_alloc(rt, sizeof(*macro));
    if (!macro) return false;
    *macro = (struct macro){
        .name = s->name, .parameters = s->parameters, .body = s->body, .scope = rt->scope};
    for (struct scope *scope = rt->scope; scope && !scope->is_kept; scope = scope->parent)
        scope->is_kept = true;
    *out = (struct value){.type = V_MACRO, .macro = macro};
    return true;
}

static bool is_parameter(const struct macro *macro, const struct string *name) {
    for (const struct parameter *p = macro->parameters; p; p = p->next)
        if (string_equal(p->name, name)) return true;
    return false;
}

/* Arguments that the macro has no parameter for; `caller` is every macro's. */
static bool check_arguments(struct runtime *rt, const struct macro *macro,
                            const struct call *call) {
    size_t n = 0;
    const struct string *name = macro->name;
    for (const struct parameter *p = macro->parameters; p; p = p->next)
        n++;
    if (call->n_positional > n)
        return rt_fail(rt, ERR_INVALID, _("the macro '%.*s' takes %zu arguments and was given %zu"),
                       name ? string_shown(name) : 6, name ? name->data : "caller", n,
                       call->n_positional);
    for (size_t i = 0; i < call->n_named; i++) {
        const struct string *given = call->named[i].name;
        if (!rt_steps(rt, n) || (!is_parameter(macro, given) && !string_is(given, "caller")))
            return rt_fail(rt, ERR_INVALID, _("the macro '%.*s' has no parameter '%.*s'"),
                           name ? string_shown(name) : 6, name ? name->data : "caller",
                           string_shown(given), given->data);
    }
    return true;
}

static const struct value *named_argument(const struct call *call, const struct string *name) {
    for (size_t i = 0; i < call->n_named; i++)
        if (string_equal(call->named[i].name, name)) return &call->named[i].value;
    return NULL;
}

/* Defaults are computed in the macro's scope and see the parameters before them. */
static bool bind(struct runtime *rt, const struct macro *macro, const struct call *call,
                 struct scope *scope) {
    size_t i = 0;
    for (const struct parameter *p = macro->parameters; p; p = p->next, i++) {
        struct value v = value_undefined(p->name);
        const struct value *given = i < call->n_positional ? &call->positional[i]
                                                           : named_argument(call, p->name);
        if (!rt_steps(rt, call->n_named)) return false;
        if (given)
            v = *given;
        else if (p->standard && !eval(rt, p->standard, &v))
            return false;
        if (!scope_set(rt, scope, p->name, v)) return false;
    }
    static const struct string caller = {.data = "caller", .n = 6};
    const struct value *given = named_argument(call, &caller);
    return !given || scope_set(rt, scope, &caller, *given);
}

bool macro_call(struct runtime *rt, const struct macro *macro, const struct call *call,
                struct value *out) {
    struct scope *scope = scope_new(rt, macro->scope), *outer = rt->scope;
    if (!scope || !check_arguments(rt, macro, call)) return false;
    rt->scope = scope;
    const bool bound = bind(rt, macro, call, scope);
    rt->scope = outer;
    return bound && capture(rt, scope, macro->body, out) != FLOW_FAILED;
}

static enum flow run_macro(struct runtime *rt, const struct statement *s) {
    struct value v;
    return define(rt, s, &v) && scope_set(rt, rt->scope, s->name, v) ? FLOW_NEXT : FLOW_FAILED;
}

/* {% call f(x) %}: f gets the body as its argument `caller`. The last step of the expression is the
 * call, as the parser saw to. */
static enum flow run_call(struct runtime *rt, const struct statement *s) {
    static const struct string name = {.data = "caller", .n = 6};
    struct value caller, callee, v;
    if (!define(rt, s, &caller) || !eval(rt, s->expression->first, &callee)) return FLOW_FAILED;
    const struct step *step = s->expression->steps;
    for (; step->next; step = step->next)
        if (!apply_step(rt, step, &callee)) return FLOW_FAILED;
    struct call call = {0};
    if (!eval_arguments(rt, step->arguments, &call)) return FLOW_FAILED;
    struct named *named = rt_alloc(rt, (call.n_named + 1) * sizeof(*named));
    if (!named) return FLOW_FAILED;
    if (call.n_named) memcpy(named, call.named, call.n_named * sizeof(*named));
    named[call.n_named++] = (struct named){.name = &name, .value = caller};
    call.named = named;
    rt->line = step->line;
    if (!call_value(rt, &callee, &call, &v)) return FLOW_FAILED;
    const struct string *text = value_string(rt, &v);
    return text && emit(rt, text) ? FLOW_NEXT : FLOW_FAILED;
}

/* --- all --- */

static enum flow run_statement(struct runtime *rt, const struct statement *s) {
    switch (s->kind) {
    case STATEMENT_TEXT: return emit(rt, s->name) ? FLOW_NEXT : FLOW_FAILED;
    case STATEMENT_PRINT: return run_print(rt, s);
    case STATEMENT_IF: return run_if(rt, s);
    case STATEMENT_FOR: return run_for(rt, s);
    case STATEMENT_SET: return run_set(rt, s);
    case STATEMENT_SET_BLOCK: return run_set_block(rt, s);
    case STATEMENT_MACRO: return run_macro(rt, s);
    case STATEMENT_CALL: return run_call(rt, s);
    case STATEMENT_FILTER: return run_filter_block(rt, s);
    case STATEMENT_SCOPE: return run_scope(rt, s);
    case STATEMENT_BREAK: return FLOW_BREAK;
    default: return FLOW_CONTINUE;
    }
}

enum flow execute(struct runtime *rt, const struct statement *body) {
    if (!rt_enter(rt)) return FLOW_FAILED;
    enum flow flow = FLOW_NEXT;
    for (const struct statement *s = body; s && flow == FLOW_NEXT; s = s->next) {
        rt->line = s->line;
        flow = rt_steps(rt, 1) ? run_statement(rt, s) : FLOW_FAILED;
    }
    rt_leave(rt);
    return flow;
}
