/* SPDX-License-Identifier: MIT
 *
 * Arithmetic as in Python: // and % round towards minus infinity, / and negative powers give
 * floats, + joins strings and lists, * repeats them, % formats strings. Integers have 64 bits;
 * what does not fit is an error.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "chat/eval.h"
#include "chat/lexer.h"

static bool too_large(struct runtime *rt) {
    return rt_fail(rt, ERR_INVALID, _("the result is too large for an integer"));
}

static bool by_zero(struct runtime *rt) {
    return rt_fail(rt, ERR_INVALID, _("division by zero"));
}

static bool power_of_int(int64_t base, int64_t exponent, int64_t *out) {
    *out = 1;
    while (exponent > 0) {
        if (exponent & 1 && __builtin_mul_overflow(*out, base, out)) return false;
        exponent >>= 1;
        if (exponent && __builtin_mul_overflow(base, base, &base)) return false;
    }
    return true;
}

static int64_t floor_divide(int64_t a, int64_t b) {
    const int64_t q = a / b;
    return q - (a % b != 0 && (a < 0) != (b < 0));
}

static bool operate_ints(struct runtime *rt, int op, int64_t a, int64_t b, struct value *out) {
    int64_t r = 0;
    bool fits = true;
    switch (op) {
    case '+': fits = !__builtin_add_overflow(a, b, &r); break;
    case '-': fits = !__builtin_sub_overflow(a, b, &r); break;
    case '*': fits = !__builtin_mul_overflow(a, b, &r); break;
    case '/':
        if (b == 0) return by_zero(rt);
        *out = value_of_float((double)a / (double)b);
        return true;
    case LEX_FLOOR_DIVIDE:
    case '%':
        if (b == 0) return by_zero(rt);
        if (b == -1) /* the one quotient that may not fit */
            fits = op == '%' || !__builtin_sub_overflow((int64_t)0, a, &r);
        else
            r = op == '%' ? a - floor_divide(a, b) * b : floor_divide(a, b);
        break;
    default:
        if (b < 0) {
            if (a == 0) return by_zero(rt);
            *out = value_of_float(pow((double)a, (double)b));
            return true;
        }
        fits = power_of_int(a, b, &r);
    }
    if (!fits) return too_large(rt);
    *out = value_of_int(r);
    return true;
}

static double float_modulo(double a, double b) {
    const double r = fmod(a, b);
    if (r == 0) return copysign(0, b);
    return (r < 0) != (b < 0) ? r + b : r;
}

static bool operate_floats(struct runtime *rt, int op, double a, double b, struct value *out) {
    double r;
    if (b == 0 && (op == '/' || op == LEX_FLOOR_DIVIDE || op == '%')) return by_zero(rt);
    if (a == 0 && b < 0 && op == LEX_POWER) return by_zero(rt);
    switch (op) {
    case '+': r = a + b; break;
    case '-': r = a - b; break;
    case '*': r = a * b; break;
    case '/': r = a / b; break;
    case LEX_FLOOR_DIVIDE: r = round((a - float_modulo(a, b)) / b); break;
    case '%': r = float_modulo(a, b); break;
    default: r = pow(a, b);
    }
    if (op == LEX_POWER && (isnan(r) || isinf(r)) && !isinf(a) && !isinf(b))
        return rt_fail(rt, ERR_INVALID, _("the power has no value as a float"));
    *out = value_of_float(r);
    return true;
}

static bool join_lists(struct runtime *rt, const struct value *a, const struct value *b,
                       struct value *out) {
    struct list *l = list_new(rt, a->list->n + b->list->n);
    if (!l || !rt_steps(rt, a->list->n + b->list->n)) return false;
    if (a->list->n) memcpy(l->items, a->list->items, a->list->n * sizeof(*l->items));
    if (b->list->n) memcpy(l->items + a->list->n, b->list->items, b->list->n * sizeof(*l->items));
    l->n = a->list->n + b->list->n;
    *out = value_of_list(a->type, l);
    return true;
}

static bool repeat(struct runtime *rt, const struct value *what, int64_t times, struct value *out) {
    if (what->type == V_STRING) {
        struct builder b = {0};
        if (what->string->n == 0) times = 0;
        for (int64_t i = 0; i < times; i++)
            if (!rt_steps(rt, 1) || !builder_string(rt, &b, what->string)) return false;
        return builder_value(rt, &b, out);
    }
    struct list *l = list_new(rt, 0);
    if (!l) return false;
    if (what->list->n == 0) times = 0;
    for (int64_t i = 0; i < times; i++)
        for (size_t k = 0, n = what->list->n; k < n; k++)
            if (!list_push(rt, l, what->list->items[k])) return false;
    *out = value_of_list(what->type, l);
    return true;
}

static bool is_sequence(const struct value *v) {
    return v->type == V_STRING || v->type == V_LIST || v->type == V_TUPLE;
}

static const char *operator_name(int op, char text[4]) {
    if (op == LEX_POWER) return "**";
    if (op == LEX_FLOOR_DIVIDE) return "//";
    snprintf(text, 4, "%c", op);
    return text;
}

static bool no_operation(struct runtime *rt, int op, const struct value *a, const struct value *b) {
    char text[4];
    const struct value *undefined = a->type == V_UNDEFINED ? a : b->type == V_UNDEFINED ? b : NULL;
    if (undefined && undefined->string)
        return rt_fail(rt, ERR_INVALID, _("'%.*s' is undefined"), string_shown(undefined->string),
                       undefined->string->data);
    return rt_fail(rt, ERR_INVALID, _("%s cannot be done with %s and %s"), operator_name(op, text),
                   value_type_name(a), value_type_name(b));
}

/* "..." % (a, b) or "..." % a */
static bool percent(struct runtime *rt, const struct value *format, const struct value *values,
                    struct value *out) {
    if (values->type == V_TUPLE) return format_percent(rt, format->string, values->list, out);
    struct value one = *values;
    const struct list single = {.items = &one, .n = 1, .capacity = 1};
    return format_percent(rt, format->string, &single, out);
}

bool operate(struct runtime *rt, int op, const struct value *a, const struct value *b,
             struct value *out) {
    if (op == '~') {
        const struct string *x = value_string(rt, a), *y = x ? value_string(rt, b) : NULL;
        *out = value_of_string(y ? string_concat(rt, x, y) : NULL);
        return out->string != NULL;
    }
    if (value_is_number(a) && value_is_number(b)) {
        const bool ints = a->type != V_FLOAT && b->type != V_FLOAT;
        const bool is_data = a->is_data || b->is_data;
        if (!(ints ? operate_ints(rt, op, value_int(a), value_int(b), out)
                   : operate_floats(rt, op, value_real(a), value_real(b), out)))
            return false;
        out->is_data = is_data;
        return true;
    }
    if (op == '+' && a->type == V_STRING && b->type == V_STRING) {
        *out = value_of_string(string_concat(rt, a->string, b->string));
        return out->string != NULL;
    }
    if (op == '+' && a->type == b->type && is_sequence(a)) return join_lists(rt, a, b, out);
    const bool a_counts = a->type == V_INT || a->type == V_BOOL;
    const bool b_counts = b->type == V_INT || b->type == V_BOOL;
    if (op == '*' && is_sequence(a) && b_counts) return repeat(rt, a, value_int(b), out);
    if (op == '*' && a_counts && is_sequence(b)) return repeat(rt, b, value_int(a), out);
    if (op == '%' && a->type == V_STRING) return percent(rt, a, b, out);
    return no_operation(rt, op, a, b);
}

bool negate(struct runtime *rt, bool negative, struct value *v) {
    const bool is_data = v->is_data;
    if (!value_is_number(v)) {
        const struct value zero = value_of_int(0);
        return no_operation(rt, negative ? '-' : '+', v, &zero);
    }
    if (v->type == V_FLOAT)
        *v = value_of_float(negative ? -v->real : v->real);
    else if (negative && value_int(v) == INT64_MIN)
        return too_large(rt);
    else
        *v = value_of_int(negative ? -value_int(v) : value_int(v));
    v->is_data = is_data;
    return true;
}

/* --- formatting with % --- */

/* One conversion, "%-5.2f": its flags and sizes are handed to printf, which reads them alike. */
static bool convert(struct runtime *rt, struct builder *b, const char *spec, char kind,
                    const struct value *v) {
    char format[24], text[400];
    if (kind == 's' || kind == 'r') {
        const struct list single = {.items = (struct value[]){*v}, .n = 1, .capacity = 1};
        const struct value list = {.type = V_LIST, .list = (struct list *)(uintptr_t)&single};
        const struct string *s = value_string(rt, kind == 's' ? v : &list);
        if (s && kind == 'r') s = string_slice(rt, s, 1, s->n - 1);
        if (s && spec[0])
            return rt_fail(rt, ERR_UNSUPPORTED, _("%%%s%c: widths of text are not supported"), spec,
                           kind);
        return s && builder_string(rt, b, s);
    }
    if (!value_is_number(v))
        return rt_fail(rt, ERR_INVALID, _("%%%c needs a number, not %s"), kind, value_type_name(v));
    if (kind == 'd' || kind == 'i' || kind == 'x' || kind == 'X' || kind == 'o') {
        const double real = value_real(v);
        if (v->type == V_FLOAT && !(fabs(real) < 0x1p62)) return too_large(rt);
        snprintf(format, sizeof(format), "%%%sll%c", spec, kind);
        snprintf(text, sizeof(text), format,
                 (long long)(v->type == V_FLOAT ? (int64_t)real : value_int(v)));
    } else {
        snprintf(format, sizeof(format), "%%%s%c", spec, kind);
        snprintf(text, sizeof(text), format, value_real(v));
    }
    return builder_add(rt, b, text, strlen(text), v->is_data);
}

/* Flags, width and precision behind a %, short ones alone; false: too much. */
static bool read_spec(const struct string *format, size_t *at, char spec[8]) {
    size_t n = 0, digits = 0;
    while (*at < format->n && strchr("-+ #0123456789.", format->data[*at]) && format->data[*at]) {
        const char c = format->data[(*at)++];
        digits = c >= '0' && c <= '9' ? digits + 1 : 0;
        if (n == 7 || digits > 2) return false;
        spec[n++] = c;
    }
    spec[n] = '\0';
    return true;
}

bool format_percent(struct runtime *rt, const struct string *format, const struct list *values,
                    struct value *out) {
    struct builder b = {0};
    size_t used = 0, start = 0;
    for (size_t at = 0; at < format->n;) {
        const char *p = memchr(format->data + at, '%', format->n - at);
        const size_t next = p ? (size_t)(p - format->data) : format->n;
        const struct string *plain = string_slice(rt, format, start, next);
        if (!plain || !builder_string(rt, &b, plain)) return false;
        if (!p) break;
        char spec[8];
        at = next + 1;
        if (!read_spec(format, &at, spec) || at >= format->n ||
            !strchr("srdixXofFeEgG%", format->data[at]) || !format->data[at])
            return rt_fail(rt, ERR_UNSUPPORTED,
                           _("a conversion of the format string is not supported"));
        const char kind = format->data[at++];
        start = at;
        if (kind == '%') {
            if (!builder_puts(rt, &b, "%")) return false;
            continue;
        }
        if (used == values->n)
            return rt_fail(rt, ERR_INVALID, _("the format string asks for more than %zu values"),
                           values->n);
        if (!convert(rt, &b, spec, kind, &values->items[used++])) return false;
    }
    if (used < values->n)
        return rt_fail(rt, ERR_INVALID, _("the format string does not use all its values"));
    return builder_value(rt, &b, out);
}
