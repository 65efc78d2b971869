/* SPDX-License-Identifier: MIT
 *
 * Values as Python prints them: str() and repr().
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intl.h"
#include "chat/characters.h"
#include "chat/value.h"

/* The shortest decimals that read back as the same float, laid out as Python does: 1.0, 1e-05,
 * 1.5e+16. */
void float_print(char text[FLOAT_TEXT_MAX], double d) {
    if (isnan(d) || isinf(d)) {
        snprintf(text, FLOAT_TEXT_MAX, "%s", isnan(d) ? "nan" : d < 0 ? "-inf" : "inf");
        return;
    }
    char digits[FLOAT_TEXT_MAX];
    int precision = 0;
    do
        snprintf(digits, sizeof(digits), "%.*e", precision, d);
    while (strtod(digits, NULL) != d && ++precision < 17);
    const int exponent = atoi(strchr(digits, 'e') + 1);
    if (exponent < -4 || exponent >= 16) {
        snprintf(text, FLOAT_TEXT_MAX, "%s", digits);
        return;
    }
    const int decimals = precision - exponent;
    snprintf(text, FLOAT_TEXT_MAX, "%.*f", decimals > 1 ? decimals : 1, d);
}

/* Python's choice of quotes and escapes. */
static bool repr_string(struct runtime *rt, struct builder *b, const struct string *s) {
    const bool has_single = memchr(s->data, '\'', s->n), has_double = memchr(s->data, '"', s->n);
    const char quote = has_single && !has_double ? '"' : '\'';
    bool good = builder_add(rt, b, &quote, 1, false);
    for (size_t at = 0; good && at < s->n;) {
        uint32_t cp;
        char text[16];
        const size_t length = char_decode(s->data + at, s->n - at, &cp);
        const char *escape = cp == '\n' ? "\\n" : cp == '\r' ? "\\r" : cp == '\t' ? "\\t" : NULL;
        if (cp == '\\' || cp == (unsigned char)quote)
            snprintf(text, sizeof(text), "\\%c", (char)cp);
        else if (escape)
            snprintf(text, sizeof(text), "%s", escape);
        else if (!char_is_printable(cp))
            snprintf(text, sizeof(text), cp < 0x100 ? "\\x%02" PRIx32 : "\\u%04" PRIx32, cp);
        else
            text[0] = '\0';
        good = rt_steps(rt, 1) &&
               (text[0] ? builder_add(rt, b, text, strlen(text), string_mark(s, at))
                        : builder_add(rt, b, s->data + at, length, string_mark(s, at)));
        at += length;
    }
    return good && builder_add(rt, b, &quote, 1, false);
}

static bool repr(struct runtime *rt, struct builder *b, const struct value *v);

static bool repr_list(struct runtime *rt, struct builder *b, const struct value *v) {
    const struct list *l = v->list;
    bool good = builder_puts(rt, b, v->type == V_LIST ? "[" : "(");
    for (size_t i = 0; good && i < l->n; i++)
        good = builder_puts(rt, b, i ? ", " : "") && repr(rt, b, &l->items[i]);
    if (v->type == V_LIST) return good && builder_puts(rt, b, "]");
    return good && builder_puts(rt, b, l->n == 1 ? ",)" : ")");
}

static bool repr_dict(struct runtime *rt, struct builder *b, const struct dict *d) {
    bool good = builder_puts(rt, b, "{");
    for (size_t i = 0; good && i < d->n; i++)
        good = builder_puts(rt, b, i ? ", " : "") && repr(rt, b, &d->entries[i].key) &&
               builder_puts(rt, b, ": ") && repr(rt, b, &d->entries[i].value);
    return good && builder_puts(rt, b, "}");
}

/* What is no container. */
static bool print_plain(struct runtime *rt, struct builder *b, const struct value *v) {
    char text[FLOAT_TEXT_MAX];
    switch (v->type) {
    case V_UNDEFINED: return true;
    case V_NONE: return builder_puts(rt, b, "None");
    case V_BOOL: snprintf(text, sizeof(text), "%s", v->boolean ? "True" : "False"); break;
    case V_INT: snprintf(text, sizeof(text), "%" PRId64, v->integer); break;
    case V_FLOAT: float_print(text, v->real); break;
    default: return rt_fail(rt, ERR_INVALID, _("%s cannot be printed"), value_type_name(v));
    }
    return builder_add(rt, b, text, strlen(text), v->is_data);
}

static bool repr(struct runtime *rt, struct builder *b, const struct value *v) {
    if (!rt_steps(rt, 1) || !rt_enter(rt)) return false;
    bool good;
    switch (v->type) {
    case V_UNDEFINED: good = builder_puts(rt, b, "Undefined"); break;
    case V_STRING: good = repr_string(rt, b, v->string); break;
    case V_LIST:
    case V_TUPLE: good = repr_list(rt, b, v); break;
    case V_DICT: good = repr_dict(rt, b, v->dict); break;
    default: good = print_plain(rt, b, v);
    }
    rt_leave(rt);
    return good;
}

const struct string *value_string(struct runtime *rt, const struct value *v) {
    if (v->type == V_STRING) return v->string;
    struct builder b = {0};
    const bool is_container = v->type == V_LIST || v->type == V_TUPLE || v->type == V_DICT;
    if (!(is_container ? repr(rt, &b, v) : print_plain(rt, &b, v))) return NULL;
    builder_blend(&b);
    return builder_string_of(rt, &b);
}
