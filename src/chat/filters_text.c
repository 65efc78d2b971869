/* SPDX-License-Identifier: MIT
 *
 * Filters of text and numbers.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intl.h"
#include "chat/eval.h"
#include "chat/text_tools.h"
#include "chat/characters.h"

/* What is filtered, as text: NULL on failure. */
static const struct string *self_text(struct runtime *rt, const struct call *call) {
    return value_string(rt, &call->self);
}

/* The same, of filters that take nothing but a string. */
static const struct string *need_string(struct runtime *rt, const struct call *call,
                                        const char *filter) {
    if (call->self.type == V_STRING) return call->self.string;
    rt_fail(rt, ERR_INVALID, _("%s needs a string, not %s"), filter, value_type_name(&call->self));
    return NULL;
}

static bool give(const struct string *s, struct value *out) {
    *out = value_of_string(s);
    return s != NULL;
}

static bool filter_trim(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *s = self_text(rt, call), *chars;
    return s && call_text(rt, call, 0, NULL, &chars) &&
           give(string_strip(rt, s, chars, STRIP_LEFT | STRIP_RIGHT), out);
}

static bool filter_upper(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *s = self_text(rt, call);
    return s && give(text_case(rt, s, CASE_UPPER), out);
}

static bool filter_lower(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *s = self_text(rt, call);
    return s && give(text_case(rt, s, CASE_LOWER), out);
}

static bool filter_title(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *s = self_text(rt, call);
    return s && give(text_case(rt, s, CASE_TITLE_FILTER), out);
}

static bool filter_capitalize(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *s = self_text(rt, call);
    return s && give(text_case(rt, s, CASE_CAPITALIZE), out);
}

static bool filter_replace(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *s = self_text(rt, call), *from, *to;
    int64_t count;
    if (!s || !call_int(rt, call, 2, -1, &count)) return false;
    if (count < 0) count = -1;
    from = value_string(rt, &call->bound[0]);
    to = from ? value_string(rt, &call->bound[1]) : NULL;
    return to && give(text_replace(rt, s, from, to, count), out);
}

static bool filter_string(struct runtime *rt, struct call *call, struct value *out) {
    return give(self_text(rt, call), out);
}

/* Each line but the first, if it holds anything, after so many blanks. */
static bool filter_indent(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *s = need_string(rt, call, "indent"), *indent = NULL;
    const bool first = call_flag(call, 1, false), blank = call_flag(call, 2, false);
    int64_t width = 4;
    if (call->bound[0].type == V_STRING)
        indent = call->bound[0].string;
    else if (!call_int(rt, call, 0, 4, &width))
        return false;
    if (!indent) {
        struct builder spaces = {0};
        for (int64_t i = 0; i < width; i++)
            if (!rt_steps(rt, 1) || !builder_puts(rt, &spaces, " ")) return false;
        indent = builder_string_of(rt, &spaces);
    }
    struct list *lines = list_new(rt, 0);
    struct builder b = {0};
    if (!s || !indent || !lines || !text_lines(rt, s, false, lines)) return false;
    /* a line end at the end begins one more, empty line */
    const char last = s->n ? s->data[s->n - 1] : '\n';
    if (last == '\n' || last == '\r') {
        const struct string *empty = string_new(rt, "", 0, false);
        if (!empty || !list_push(rt, lines, value_of_string(empty))) return false;
    }
    for (size_t i = 0; i < lines->n; i++) {
        const struct string *line = lines->items[i].string;
        const bool wanted = i == 0 ? first : blank || line->n > 0;
        if ((i && !builder_puts(rt, &b, "\n")) || (wanted && !builder_string(rt, &b, indent)) ||
            !builder_string(rt, &b, line))
            return false;
    }
    return builder_value(rt, &b, out);
}

static bool filter_escape(struct runtime *rt, struct call *call, struct value *out) {
    static const struct {
        char c;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&#34;"}, {'\'', "&#39;"}};
    const struct string *s = self_text(rt, call);
    struct builder b = {0};
    if (!s || !rt_steps(rt, s->n)) return false;
    for (size_t at = 0; at < s->n; at++) {
        const char *entity = NULL;
        for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
            if (entities[i].c == s->data[at]) entity = entities[i].entity;
        if (!builder_add(rt, &b, entity ? entity : s->data + at, entity ? strlen(entity) : 1,
                         string_mark(s, at)))
            return false;
    }
    return builder_value(rt, &b, out);
}

static bool filter_urlencode(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *s = self_text(rt, call);
    struct builder b = {0};
    if (!s || !rt_steps(rt, s->n)) return false;
    for (size_t at = 0; at < s->n; at++) {
        const char c = s->data[at];
        const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                              (c >= 'A' && c <= 'Z') || (c && strchr("_.-~/", c));
        char text[4];
        snprintf(text, sizeof(text), is_plain ? "%c" : "%%%02X", (unsigned char)c);
        if (!builder_add(rt, &b, text, strlen(text), string_mark(s, at))) return false;
    }
    return builder_value(rt, &b, out);
}

static bool filter_wordcount(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *s = self_text(rt, call);
    size_t n = 0;
    bool in_word = false;
    if (!s || !rt_bytes(rt, s->n)) return false;
    for (size_t at = 0; at < s->n;) {
        uint32_t cp;
        at += char_decode(s->data + at, s->n - at, &cp);
        const bool is_word = char_is_letter(cp) || char_is_digit(cp) || cp == '_';
        n += is_word && !in_word;
        in_word = is_word;
    }
    *out = value_of_int((int64_t)n);
    return true;
}

/* "%s" % values, as a filter. */
static bool filter_format(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *s = self_text(rt, call);
    if (call->n_named)
        return rt_fail(rt, ERR_UNSUPPORTED, _("format: arguments by name are not supported"));
    struct value *items = (struct value *)(uintptr_t)call->positional; /* only read */
    const struct list values = {.items = items, .n = call->n_positional};
    return s && format_percent(rt, s, &values, out);
}

static bool filter_truncate(struct runtime *rt, struct call *call, struct value *out) {
    static const struct string dots = {.data = "...", .n = 3};
    const struct string *s = need_string(rt, call, "truncate"), *end;
    int64_t length, leeway;
    if (!s || !call_int(rt, call, 0, 255, &length) || !call_text(rt, call, 2, &dots, &end) ||
        !call_int(rt, call, 3, 5, &leeway) || !rt_bytes(rt, s->n))
        return false;
    const int64_t n = (int64_t)string_length(s), n_end = end ? (int64_t)string_length(end) : 0;
    if (length < n_end || leeway < 0 || length > INT32_MAX || leeway > INT32_MAX)
        return rt_fail(rt, ERR_INVALID, _("truncate: the length is out of range"));
    if (n <= length + leeway) return give(s, out);
    const struct string *kept = string_slice(rt, s, 0, string_offset(s, (size_t)(length - n_end)));
    if (kept && !call_flag(call, 1, false)) { /* not within a word */
        const char *blank = memrchr(kept->data, ' ', kept->n);
        if (blank) kept = string_slice(rt, kept, 0, (size_t)(blank - kept->data));
    }
    return kept && give(end ? string_concat(rt, kept, end) : kept, out);
}

/* --- JSON --- */

/* tojson's indent: a number of blanks, or a text. */
static bool json_indent(struct runtime *rt, const struct value *v, const struct string **out) {
    struct builder spaces = {0};
    *out = NULL;
    if (v->type == V_ABSENT || v->type == V_NONE) return true;
    if (v->type == V_STRING) {
        *out = v->string;
        return true;
    }
    if (v->type != V_INT)
        return rt_fail(rt, ERR_INVALID, _("tojson: the indent is %s"), value_type_name(v));
    for (int64_t i = 0; i < v->integer; i++)
        if (!rt_steps(rt, 1) || !builder_puts(rt, &spaces, " ")) return false;
    *out = builder_string_of(rt, &spaces);
    return *out != NULL;
}

/* separators=(item, key) */
static bool json_separators(struct runtime *rt, const struct value *v, struct json_style *style) {
    if (v->type == V_ABSENT || v->type == V_NONE) return true;
    const bool is_pair = (v->type == V_TUPLE || v->type == V_LIST) && v->list->n == 2 &&
                         v->list->items[0].type == V_STRING && v->list->items[1].type == V_STRING;
    if (!is_pair) return rt_fail(rt, ERR_INVALID, _("tojson: the separators are not two strings"));
    style->item_separator = v->list->items[0].string;
    style->key_separator = v->list->items[1].string;
    return true;
}

static bool filter_tojson(struct runtime *rt, struct call *call, struct value *out) {
    struct json_style style = {.ascii = call_flag(call, 1, false),
                               .sort_keys = call_flag(call, 3, false)};
    /* the first parameter is the indent in Jinja, ensure_ascii in transformers: its type tells */
    const struct value none = {.type = V_NONE}, *indent = &call->bound[0];
    if (indent->type == V_BOOL) {
        style.ascii = indent->boolean;
        indent = &none;
    }
    return json_indent(rt, indent, &style.indent) && json_separators(rt, &call->bound[2], &style) &&
           value_json(rt, &call->self, &style, out);
}

/* --- numbers --- */

static bool need_number(struct runtime *rt, const struct value *v, const char *filter) {
    if (value_is_number(v)) return true;
    return rt_fail(rt, ERR_INVALID, _("%s needs a number, not %s"), filter, value_type_name(v));
}

static bool filter_int(struct runtime *rt, struct call *call, struct value *out) {
    const struct value *v = &call->self;
    int64_t i = 0, base;
    double d = NAN;
    if (v->type == V_UNDEFINED) return need_number(rt, v, "int");
    if (!call_int(rt, call, 1, 10, &base)) return false;
    if (base != 0 && (base < 2 || base > 36))
        return rt_fail(rt, ERR_INVALID, _("int: the base is out of range"));
    bool known = v->type == V_INT || v->type == V_BOOL;
    if (known) i = value_int(v);
    if (v->type == V_FLOAT) d = v->real;
    if (v->type == V_STRING) {
        known = text_to_int(v->string, (int)base, &i);
        if (!known && !text_to_float(v->string, &d)) d = NAN;
    }
    if (!known && fabs(d) < 0x1p63) {
        i = (int64_t)d;
        known = true;
    }
    *out = known                             ? value_of_int(i)
           : call->bound[0].type == V_ABSENT ? value_of_int(0)
                                             : call->bound[0];
    if (known) out->is_data = v->type == V_STRING ? string_has_data(v->string) : v->is_data;
    return true;
}

static bool filter_float(struct runtime *rt, struct call *call, struct value *out) {
    const struct value *v = &call->self;
    double d = 0;
    if (v->type == V_UNDEFINED) return need_number(rt, v, "float");
    const bool known = value_is_number(v) || (v->type == V_STRING && text_to_float(v->string, &d));
    if (value_is_number(v)) d = value_real(v);
    *out = known || call->bound[0].type == V_ABSENT ? value_of_float(d) : call->bound[0];
    if (known) out->is_data = v->type == V_STRING ? string_has_data(v->string) : v->is_data;
    return true;
}

static bool filter_abs(struct runtime *rt, struct call *call, struct value *out) {
    *out = call->self;
    if (!need_number(rt, out, "abs")) return false;
    const bool negative = out->type == V_FLOAT ? signbit(out->real) : value_int(out) < 0;
    return negate(rt, negative, out);
}

/* To `precision` decimals; halves of the exact value go to the even digit, as in Python. */
static double round_decimals(double d, int precision) {
    char text[400];
    if (precision >= 0) {
        snprintf(text, sizeof(text), "%.*f", precision, d);
        return strtod(text, NULL);
    }
    const double unit = pow(10, -precision);
    return nearbyint(d / unit) * unit;
}

static bool filter_round(struct runtime *rt, struct call *call, struct value *out) {
    static const struct string common = {.data = "common", .n = 6};
    const struct string *method;
    int64_t precision;
    if (!need_number(rt, &call->self, "round") || !call_int(rt, call, 0, 0, &precision) ||
        !call_text(rt, call, 1, &common, &method))
        return false;
    if (precision < -300) precision = -300;
    if (precision > 60) precision = 60;
    const double d = value_real(&call->self), unit = pow(10, (double)precision);
    if (!method || string_is(method, "common")) {
        if (call->self.type != V_FLOAT && precision >= 0)
            *out = value_of_int(value_int(&call->self));
        else if (call->self.type != V_FLOAT)
            *out = value_of_int((int64_t)round_decimals(d, (int)precision));
        else
            *out = value_of_float(isfinite(d) ? round_decimals(d, (int)precision) : d);
    } else if (string_is(method, "ceil") || string_is(method, "floor")) {
        *out =
            value_of_float((string_is(method, "ceil") ? ceil(d * unit) : floor(d * unit)) / unit);
    } else {
        return rt_fail(rt, ERR_INVALID, _("round: the method is common, ceil or floor"));
    }
    out->is_data = call->self.is_data;
    return true;
}

const struct builtin text_filters[] = {
    {"trim", filter_trim, {"chars"}, 0, false},
    {"tojson", filter_tojson, {"indent", "ensure_ascii", "separators", "sort_keys"}, 0, false},
    {"string", filter_string, {NULL}, 0, false},
    {"upper", filter_upper, {NULL}, 0, false},
    {"lower", filter_lower, {NULL}, 0, false},
    {"title", filter_title, {NULL}, 0, false},
    {"capitalize", filter_capitalize, {NULL}, 0, false},
    {"replace", filter_replace, {"old", "new", "count"}, 2, false},
    {"indent", filter_indent, {"width", "first", "blank"}, 0, false},
    {"escape", filter_escape, {NULL}, 0, false},
    {"e", filter_escape, {NULL}, 0, false},
    {"forceescape", filter_escape, {NULL}, 0, false},
    {"safe", filter_string, {NULL}, 0, false},
    {"urlencode", filter_urlencode, {NULL}, 0, false},
    {"wordcount", filter_wordcount, {NULL}, 0, false},
    {"format", filter_format, {NULL}, 0, true},
    {"truncate", filter_truncate, {"length", "killwords", "end", "leeway"}, 0, false},
    {"int", filter_int, {"default", "base"}, 0, false},
    {"float", filter_float, {"default"}, 0, false},
    {"abs", filter_abs, {NULL}, 0, false},
    {"round", filter_round, {"precision", "method"}, 0, false},
    {NULL, NULL, {NULL}, 0, false},
};
