/* SPDX-License-Identifier: MIT
 *
 * Values of labelled fields: a stretch of tokens, and the field that says what it is made of.
 */
#ifndef SIGILO_ANON_FIELD_VALUES_H
#define SIGILO_ANON_FIELD_VALUES_H

#include "anon/fields.h"
#include "anon/note.h"

struct value {
    size_t first, end; /* tokens, on one line */
    const struct field *field;
    enum rule rule; /* RULE_FIELD or RULE_FIELD_BELOW */
};

/* rules_field.c: the longest field name that starts at token i: its tokens, and *field; 0: none. */
size_t field_at(const struct note *note, size_t i, const struct field **field);

/* Claims in a value what its field says it holds: a name, codes, a date and the age beside it... */
void value_take(struct note *note, const struct value *v);

/* Marks that fill the way from a label to its value: ". : _ - = * > " | # º" and bullets. */
bool form_is_filler(const struct note *note, size_t i);

/* Two points or underscores in a row: the ruled box of a form ("....", "____"). */
bool form_is_rule_line(const struct note *note, size_t i);

#endif
