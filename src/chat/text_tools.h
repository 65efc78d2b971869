/* SPDX-License-Identifier: MIT
 *
 * What filters and methods of strings have in common.
 */
#ifndef SIGILO_CHAT_TEXT_TOOLS_H
#define SIGILO_CHAT_TEXT_TOOLS_H

#include "chat/value.h"

enum letter_case { CASE_UPPER, CASE_LOWER, CASE_TITLE_FILTER, CASE_TITLE_METHOD, CASE_CAPITALIZE };

/* The text with its letters changed; NULL on failure. */
const struct string *text_case(struct runtime *rt, const struct string *s, enum letter_case which);

/* At most `count` occurrences replaced; negative: all. */
const struct string *text_replace(struct runtime *rt, const struct string *s,
                                  const struct string *from, const struct string *to,
                                  int64_t count);

/* Appends the pieces of s between separators (NULL: runs of white space), `count` cuts at most, if
 * not negative; from the right if so asked. */
bool text_split(struct runtime *rt, const struct string *s, const struct string *separator,
                int64_t count, bool from_right, struct list *out);
bool text_lines(struct runtime *rt, const struct string *s, bool keep_ends, struct list *out);

/* Strings of items between separators, as str.join (only_strings) or the filter join. */
bool text_join(struct runtime *rt, const struct string *separator, const struct list *items,
               bool only_strings, struct value *out);

/* Whether there are cased letters and all are of that case. */
bool text_has_case(const struct string *s, bool upper);

/* A number from text as Python's int() and float() read it. */
bool text_to_int(const struct string *s, int base, int64_t *out);
bool text_to_float(const struct string *s, double *out);

#endif
