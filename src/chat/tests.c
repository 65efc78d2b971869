/* SPDX-License-Identifier: MIT
 *
 * What may stand behind `is`. Each answers with a boolean in *out.
 */
#include "base/intl.h"
#include "chat/eval.h"
#include "chat/text_tools.h"

static bool answer(struct value *out, bool holds) {
    *out = value_of_bool(holds);
    return true;
}

/* Tests of the type alone. */
#define TYPE_TEST(name, condition)                                                                 \
    static bool name(struct runtime *rt, struct call *call, struct value *out) {                   \
        const enum value_type t = call->self.type;                                                 \
        return answer(out, condition);                                                             \
    }
TYPE_TEST(is_defined, t != V_UNDEFINED)
TYPE_TEST(is_undefined, t == V_UNDEFINED)
TYPE_TEST(is_none, t == V_NONE)
TYPE_TEST(is_boolean, t == V_BOOL)
TYPE_TEST(is_integer, t == V_INT)
TYPE_TEST(is_float, t == V_FLOAT)
TYPE_TEST(is_number, t == V_INT || t == V_FLOAT || t == V_BOOL)
TYPE_TEST(is_string, t == V_STRING)
TYPE_TEST(is_mapping, t == V_DICT)
TYPE_TEST(is_sequence,
          t == V_STRING || t == V_LIST || t == V_TUPLE || t == V_DICT || t == V_UNDEFINED)
TYPE_TEST(is_iterable, t == V_STRING || t == V_LIST || t == V_TUPLE || t == V_DICT ||
                           t == V_UNDEFINED || t == V_LOOP)
TYPE_TEST(is_callable,
          t == V_MACRO || t == V_BUILTIN || t == V_METHOD || t == V_JOINER || t == V_UNDEFINED)
TYPE_TEST(is_escaped, t > V_JOINER) /* nothing ever is */
#undef TYPE_TEST

static bool is_true(struct runtime *rt, struct call *call, struct value *out) {
    return answer(out, call->self.type == V_BOOL && call->self.boolean);
}

static bool is_false(struct runtime *rt, struct call *call, struct value *out) {
    return answer(out, call->self.type == V_BOOL && !call->self.boolean);
}

static bool remainder_of(struct runtime *rt, struct call *call, int64_t divisor,
                         struct value *out) {
    const struct value d = value_of_int(divisor);
    return operate(rt, '%', &call->self, &d, out);
}

static bool is_odd(struct runtime *rt, struct call *call, struct value *out) {
    const struct value one = value_of_int(1);
    return remainder_of(rt, call, 2, out) && answer(out, value_equal(rt, out, &one));
}

static bool is_even(struct runtime *rt, struct call *call, struct value *out) {
    return remainder_of(rt, call, 2, out) && answer(out, !value_truth(out));
}

static bool is_divisible(struct runtime *rt, struct call *call, struct value *out) {
    return operate(rt, '%', &call->self, &call->bound[0], out) && answer(out, !value_truth(out));
}

static bool is_equal(struct runtime *rt, struct call *call, struct value *out) {
    return answer(out, value_equal(rt, &call->self, &call->bound[0]));
}

static bool is_unequal(struct runtime *rt, struct call *call, struct value *out) {
    return answer(out, !value_equal(rt, &call->self, &call->bound[0]));
}

static bool is_less(struct runtime *rt, struct call *call, struct value *out) {
    int order;
    return value_compare(rt, &call->self, &call->bound[0], &order) && answer(out, order < 0);
}

static bool is_at_most(struct runtime *rt, struct call *call, struct value *out) {
    int order;
    return value_compare(rt, &call->self, &call->bound[0], &order) && answer(out, order <= 0);
}

static bool is_greater(struct runtime *rt, struct call *call, struct value *out) {
    int order;
    return value_compare(rt, &call->self, &call->bound[0], &order) && answer(out, order > 0);
}

static bool is_at_least(struct runtime *rt, struct call *call, struct value *out) {
    int order;
    return value_compare(rt, &call->self, &call->bound[0], &order) && answer(out, order >= 0);
}

static bool is_in(struct runtime *rt, struct call *call, struct value *out) {
    bool found;
    return value_contains(rt, &call->self, &call->bound[0], &found) && answer(out, found);
}

/* The very same object; of plain values, equal and of one type. */
static bool is_same(struct runtime *rt, struct call *call, struct value *out) {
    const struct value *a = &call->self, *b = &call->bound[0];
    if (a->type != b->type) return answer(out, false);
    const bool is_object = a->type >= V_LIST;
    return answer(out, is_object ? a->list == b->list : value_equal(rt, a, b));
}

static bool is_cased(struct runtime *rt, struct call *call, bool upper, struct value *out) {
    const struct string *s = value_string(rt, &call->self);
    return s && rt_bytes(rt, s->n) && answer(out, text_has_case(s, upper));
}

static bool is_upper(struct runtime *rt, struct call *call, struct value *out) {
    return is_cased(rt, call, true, out);
}

static bool is_lower(struct runtime *rt, struct call *call, struct value *out) {
    return is_cased(rt, call, false, out);
}

static bool is_filter(struct runtime *rt, struct call *call, struct value *out) {
    return answer(out, call->self.type == V_STRING && filter_find(call->self.string));
}

static bool is_test(struct runtime *rt, struct call *call, struct value *out) {
    return answer(out, call->self.type == V_STRING && test_find(call->self.string));
}

static const struct builtin tests[] = {
    {"defined", is_defined, {NULL}, 0, false},
    {"undefined", is_undefined, {NULL}, 0, false},
    {"none", is_none, {NULL}, 0, false},
    {"boolean", is_boolean, {NULL}, 0, false},
    {"true", is_true, {NULL}, 0, false},
    {"false", is_false, {NULL}, 0, false},
    {"integer", is_integer, {NULL}, 0, false},
    {"float", is_float, {NULL}, 0, false},
    {"number", is_number, {NULL}, 0, false},
    {"string", is_string, {NULL}, 0, false},
    {"mapping", is_mapping, {NULL}, 0, false},
    {"sequence", is_sequence, {NULL}, 0, false},
    {"iterable", is_iterable, {NULL}, 0, false},
    {"callable", is_callable, {NULL}, 0, false},
    {"escaped", is_escaped, {NULL}, 0, false},
    {"odd", is_odd, {NULL}, 0, false},
    {"even", is_even, {NULL}, 0, false},
    {"divisibleby", is_divisible, {"num"}, 1, false},
    {"equalto", is_equal, {"other"}, 1, false},
    {"eq", is_equal, {"other"}, 1, false},
    {"==", is_equal, {"other"}, 1, false},
    {"ne", is_unequal, {"other"}, 1, false},
    {"!=", is_unequal, {"other"}, 1, false},
    {"lt", is_less, {"other"}, 1, false},
    {"<", is_less, {"other"}, 1, false},
    {"lessthan", is_less, {"other"}, 1, false},
    {"le", is_at_most, {"other"}, 1, false},
    {"<=", is_at_most, {"other"}, 1, false},
    {"gt", is_greater, {"other"}, 1, false},
    {">", is_greater, {"other"}, 1, false},
    {"greaterthan", is_greater, {"other"}, 1, false},
    {"ge", is_at_least, {"other"}, 1, false},
    {">=", is_at_least, {"other"}, 1, false},
    {"in", is_in, {"seq"}, 1, false},
    {"sameas", is_same, {"other"}, 1, false},
    {"upper", is_upper, {NULL}, 0, false},
    {"lower", is_lower, {NULL}, 0, false},
    {"filter", is_filter, {NULL}, 0, false},
    {"test", is_test, {NULL}, 0, false},
    {NULL, NULL, {NULL}, 0, false},
};

const struct builtin *test_find(const struct string *name) {
    return name->n ? builtin_find(tests, name) : NULL;
}
