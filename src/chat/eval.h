/* SPDX-License-Identifier: MIT
 *
 * Running a parsed template. Variables live in scopes: one for the whole, one for each turn of a
 * loop, each call of a macro, each block that has its own; a name is looked for outwards.
 */
#ifndef SIGILO_CHAT_EVAL_H
#define SIGILO_CHAT_EVAL_H

#include "chat/builtins.h"
#include "chat/tree.h"
#include "chat/value.h"

struct scope {
    struct dict variables;
    struct scope *parent;
    bool is_kept; /* a macro was defined in it and may outlive it */
};

struct macro {
    const struct string *name;
    const struct parameter *parameters;
    const struct statement *body;
    struct scope *scope; /* where it was defined */
};

/* All return false with the runtime failed. */
bool eval(struct runtime *rt, const struct node *node, struct value *out);

enum flow { FLOW_NEXT, FLOW_BREAK, FLOW_CONTINUE, FLOW_FAILED };
enum flow execute(struct runtime *rt, const struct statement *body);

/* What a template may add to: the output, or what captures it now. */
bool emit(struct runtime *rt, const struct string *s);
bool scope_set(struct runtime *rt, struct scope *scope, const struct string *name, struct value v);

/* obj.name and obj[key], as Jinja looks: undefined where there is nothing. */
bool access_attribute(struct runtime *rt, const struct value *object, const struct string *name,
                      struct value *out);
bool access_item(struct runtime *rt, const struct value *object, const struct value *key,
                 struct value *out);
bool access_slice(struct runtime *rt, const struct value *object, const struct value bounds[3],
                  struct value *out);

/* a OP b for an arithmetic lexeme. */
bool operate(struct runtime *rt, int op, const struct value *a, const struct value *b,
             struct value *out);
bool negate(struct runtime *rt, bool negative, struct value *v);

/* "..." % values, of strings. */
bool format_percent(struct runtime *rt, const struct string *format, const struct list *values,
                    struct value *out);

/* The values of a call's arguments, into `call`. */
bool eval_arguments(struct runtime *rt, const struct argument *arguments, struct call *call);

/* Calls whatever can be called. */
bool call_value(struct runtime *rt, const struct value *callee, struct call *call,
                struct value *out);
/* Runs a filter or test step on a value: *out is the new value. */
bool apply_step(struct runtime *rt, const struct step *step, struct value *out);

/* One macro, with a scope of its own; its output as a string. */
bool macro_call(struct runtime *rt, const struct macro *macro, const struct call *call,
                struct value *out);

#endif
