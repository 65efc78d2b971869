/* SPDX-License-Identifier: MIT
 *
 * Filters of lists and mappings. Where Jinja gives a generator, these give a list.
 */
#include <string.h>

#include "base/intl.h"
#include "chat/eval.h"
#include "chat/text_tools.h"

static bool self_items(struct runtime *rt, const struct call *call, const struct list **out) {
    return value_items(rt, &call->self, out);
}

static bool give_list(struct list *l, struct value *out) {
    *out = value_of_list(V_LIST, l);
    return l != NULL;
}

/* --- keys: attributes of items, and text without case --- */

/* "a.b.0" of an item, or item a of it for a number; the item itself without one. */
static bool take(struct runtime *rt, const struct value *attribute, const struct value *item,
                 struct value *out) {
    *out = *item;
    if (attribute->type == V_ABSENT || attribute->type == V_NONE) return true;
    if (attribute->type != V_STRING) return access_item(rt, item, attribute, out);
    const struct string *path = attribute->string;
    for (size_t start = 0; start <= path->n;) {
        const char *dot = memchr(path->data + start, '.', path->n - start);
        const size_t end = dot ? (size_t)(dot - path->data) : path->n;
        const struct string *part = string_slice(rt, path, start, end);
        const struct value object = *out;
        int64_t number;
        if (!part) return false;
        const bool is_number = part->n && part->data[0] >= '0' && part->data[0] <= '9' &&
                               text_to_int(part, 10, &number);
        const struct value key = is_number ? value_of_int(number) : value_of_string(part);
        if (!access_item(rt, &object, &key, out)) return false;
        start = end + 1;
    }
    return true;
}

/* What items are compared by: the attribute, in lower case unless case counts. */
static bool take_key(struct runtime *rt, const struct value *attribute, bool case_sensitive,
                     const struct value *item, struct value *out) {
    if (!take(rt, attribute, item, out)) return false;
    if (case_sensitive || out->type != V_STRING) return true;
    *out = value_of_string(text_case(rt, out->string, CASE_LOWER));
    return out->string != NULL;
}

/* --- sorting --- */

struct keyed {
    struct value key, item;
};

static struct keyed *take_keys(struct runtime *rt, const struct list *items,
                               const struct value *attribute, bool case_sensitive) {
    struct keyed *keyed = rt_alloc(rt, items->n * sizeof(*keyed));
    for (size_t i = 0; keyed && i < items->n; i++) {
        keyed[i].item = items->items[i];
        if (!take_key(rt, attribute, case_sensitive, &keyed[i].item, &keyed[i].key)) return NULL;
    }
    return keyed;
}

/* Merges the sorted halves [low, middle) and [middle, high) by way of `spare`. Equal ones keep
 * their order, in a reversed sort too. */
static bool merge(struct runtime *rt, struct keyed *a, struct keyed *spare, size_t low,
                  size_t middle, size_t high, bool reverse) {
    size_t i = low, k = middle;
    for (size_t at = low; at < high; at++) {
        int order = 0;
        if (i < middle && k < high && !value_compare(rt, &a[k].key, &a[i].key, &order))
            return false;
        const bool right = i == middle || (k < high && (reverse ? order > 0 : order < 0));
        spare[at] = right ? a[k++] : a[i++];
    }
    memcpy(a + low, spare + low, (high - low) * sizeof(*a));
    return rt_steps(rt, high - low);
}

static bool sort(struct runtime *rt, struct keyed *a, size_t n, bool reverse) {
    struct keyed *spare = rt_alloc(rt, n * sizeof(*spare));
    if (!spare) return false;
    for (size_t width = 1; width < n; width *= 2)
        for (size_t low = 0; low + width < n; low += 2 * width) {
            const size_t high = low + 2 * width < n ? low + 2 * width : n;
            if (!merge(rt, a, spare, low, low + width, high, reverse)) return false;
        }
    return true;
}

static bool give_sorted(struct runtime *rt, const struct keyed *a, size_t n, struct value *out) {
    struct list *l = list_new(rt, n);
    for (size_t i = 0; l && i < n; i++)
        if (!list_push(rt, l, a[i].item)) return false;
    return give_list(l, out);
}

/* Several attributes, "a,b", of an item as a list, as Jinja does: one is a list, too, so that two
 * that have no order, but are equal, can be sorted. */
static bool take_keys_of(struct runtime *rt, const struct value *attribute, bool case_sensitive,
                         const struct value *item, struct value *out) {
    const struct string *path = attribute->type == V_STRING ? attribute->string : NULL;
    struct list *parts = list_new(rt, 0), *keys = list_new(rt, 1);
    static const struct string comma = {.data = ",", .n = 1};
    if (!parts || !keys) return false;
    if (path && !text_split(rt, path, &comma, -1, false, parts)) return false;
    if (!path && !list_push(rt, parts, *attribute)) return false;
    for (size_t i = 0; i < parts->n; i++) {
        struct value key;
        if (!take_key(rt, &parts->items[i], case_sensitive, item, &key) ||
            !list_push(rt, keys, key))
            return false;
    }
    *out = value_of_list(V_LIST, keys);
    return true;
}

static bool filter_sort(struct runtime *rt, struct call *call, struct value *out) {
    const struct list *items;
    const bool case_sensitive = call_flag(call, 1, false);
    if (!self_items(rt, call, &items)) return false;
    struct keyed *a = rt_alloc(rt, items->n * sizeof(*a));
    for (size_t i = 0; a && i < items->n; i++) {
        a[i].item = items->items[i];
        if (!take_keys_of(rt, &call->bound[2], case_sensitive, &a[i].item, &a[i].key)) return false;
    }
    return a && sort(rt, a, items->n, call_flag(call, 0, false)) &&
           give_sorted(rt, a, items->n, out);
}

/* The entries as pairs. */
static bool pairs(struct runtime *rt, const struct value *v, struct list **out) {
    *out = list_new(rt, v->type == V_DICT ? v->dict->n : 0);
    if (!*out || v->type == V_UNDEFINED) return *out != NULL;
    if (v->type != V_DICT)
        return rt_fail(rt, ERR_INVALID, _("%s has no keys and values"), value_type_name(v));
    for (size_t i = 0; i < v->dict->n; i++) {
        struct list *pair = list_new(rt, 2);
        if (!pair || !list_push(rt, pair, v->dict->entries[i].key) ||
            !list_push(rt, pair, v->dict->entries[i].value) ||
            !list_push(rt, *out, value_of_list(V_TUPLE, pair)))
            return false;
    }
    return true;
}

static bool filter_dictsort(struct runtime *rt, struct call *call, struct value *out) {
    static const struct string key = {.data = "key", .n = 3};
    const struct string *by;
    struct list *l;
    if (!pairs(rt, &call->self, &l) || !call_text(rt, call, 1, &key, &by)) return false;
    if (!by || (!string_is(by, "key") && !string_is(by, "value")))
        return rt_fail(rt, ERR_INVALID, _("dictsort sorts by 'key' or by 'value'"));
    const struct value position = value_of_int(string_is(by, "value"));
    struct keyed *a = take_keys(rt, l, &position, call_flag(call, 0, false));
    return a && sort(rt, a, l->n, call_flag(call, 2, false)) && give_sorted(rt, a, l->n, out);
}

/* Groups of equal keys, as pairs of key and list, in the order of keys. */
static bool filter_groupby(struct runtime *rt, struct call *call, struct value *out) {
    const struct list *items;
    struct list *groups = list_new(rt, 0), *group = NULL;
    if (!groups || !self_items(rt, call, &items)) return false;
    const bool case_sensitive = call_flag(call, 2, false);
    struct keyed *a = take_keys(rt, items, &call->bound[0], case_sensitive);
    if (!a) return false;
    for (size_t i = 0; i < items->n; i++)
        if (a[i].key.type == V_UNDEFINED && call->bound[1].type != V_ABSENT)
            a[i].key = call->bound[1];
    if (!sort(rt, a, items->n, false)) return false;
    for (size_t i = 0; i < items->n; i++) {
        if (i == 0 || !value_equal(rt, &a[i].key, &a[i - 1].key)) {
            struct value key = a[i].key; /* as the first of the group spells it */
            struct list *pair = list_new(rt, 2);
            group = list_new(rt, 0);
            if (!case_sensitive && key.type == V_STRING &&
                !take(rt, &call->bound[0], &a[i].item, &key))
                return false;
            if (key.type == V_UNDEFINED) key = a[i].key;
            if (!pair || !group || !list_push(rt, pair, key) ||
                !list_push(rt, pair, value_of_list(V_LIST, group)) ||
                !list_push(rt, groups, value_of_list(V_TUPLE, pair)))
                return false;
        }
        if (!list_push(rt, group, a[i].item)) return false;
    }
    return give_list(groups, out);
}

/* The least or greatest item; undefined of none. */
static bool extreme(struct runtime *rt, struct call *call, int sign, struct value *out) {
    const struct list *items;
    *out = value_undefined(NULL);
    if (!self_items(rt, call, &items)) return false;
    const struct keyed *a = take_keys(rt, items, &call->bound[1], call_flag(call, 0, false));
    size_t best = 0;
    for (size_t i = 1; a && i < items->n; i++) {
        int order;
        if (!value_compare(rt, &a[i].key, &a[best].key, &order)) return false;
        if (order * sign > 0) best = i;
    }
    if (a && items->n) *out = a[best].item;
    return a != NULL;
}

static bool filter_max(struct runtime *rt, struct call *call, struct value *out) {
    return extreme(rt, call, 1, out);
}

static bool filter_min(struct runtime *rt, struct call *call, struct value *out) {
    return extreme(rt, call, -1, out);
}

/* --- choosing and changing items --- */

/* map, select and the like take the name of a filter or test, and its arguments. `skip` of the
 * positional ones come before that name. */
static bool inner_call(const struct call *call, size_t skip, struct call *out,
                       const struct string **name) {
    *name = NULL;
    *out = (struct call){.named = call->named, .n_named = call->n_named};
    if (call->n_positional <= skip) return true;
    const struct value *v = &call->positional[skip];
    if (v->type != V_STRING) return false;
    *name = v->string;
    out->positional = v + 1;
    out->n_positional = call->n_positional - skip - 1;
    return true;
}

static const struct value *named_argument(const struct call *call, const char *name) {
    for (size_t i = 0; i < call->n_named; i++)
        if (string_is(call->named[i].name, name)) return &call->named[i].value;
    return NULL;
}

static bool map_attribute(struct runtime *rt, const struct call *call,
                          const struct value *attribute, struct list *out) {
    const struct value *standard = named_argument(call, "default");
    const struct list *items;
    if (!self_items(rt, call, &items)) return false;
    for (size_t i = 0; i < items->n; i++) {
        struct value v;
        if (!take(rt, attribute, &items->items[i], &v)) return false;
        if (v.type == V_UNDEFINED && standard) v = *standard;
        if (!list_push(rt, out, v)) return false;
    }
    return true;
}

static bool unknown(struct runtime *rt, const char *kind, const struct string *name) {
    if (string_has_data(name)) return rt_fail(rt, ERR_UNSUPPORTED, _("there is no such %s"), kind);
    return rt_fail(rt, ERR_UNSUPPORTED, _("there is no %s '%.*s'"), kind, string_shown(name),
                   name->data);
}

static bool filter_map(struct runtime *rt, struct call *call, struct value *out) {
    struct list *l = list_new(rt, 0);
    const struct value *attribute = named_argument(call, "attribute");
    const struct string *name;
    const struct list *items;
    struct call inner;
    if (!l) return false;
    if (!value_truth(&call->self)) return give_list(l, out); /* none, too, has no items then */
    if (attribute && call->n_positional == 0)
        return map_attribute(rt, call, attribute, l) && give_list(l, out);
    if (!inner_call(call, 0, &inner, &name) || !name)
        return rt_fail(rt, ERR_INVALID, _("map needs the name of a filter, or attribute="));
    const struct builtin *filter = filter_find(name);
    if (!filter) return unknown(rt, _("filter"), name);
    if (!self_items(rt, call, &items)) return false;
    for (size_t i = 0; i < items->n; i++) {
        struct value v;
        inner.self = items->items[i];
        if (!builtin_call(rt, filter, &inner, &v) || !list_push(rt, l, v)) return false;
    }
    return give_list(l, out);
}

/* select, reject and, with an attribute, selectattr, rejectattr. */
static bool choose(struct runtime *rt, struct call *call, bool by_attribute, bool wanted,
                   struct value *out) {
    const struct value none = {.type = V_ABSENT};
    const struct value *attribute = by_attribute ? call->positional : &none;
    const struct builtin *test = NULL;
    const struct string *name;
    const struct list *items;
    struct list *l = list_new(rt, 0);
    struct call inner;
    if (l && !value_truth(&call->self)) return give_list(l, out);
    if (by_attribute && call->n_positional == 0)
        return rt_fail(rt, ERR_INVALID, _("selectattr and rejectattr need an attribute"));
    if (!inner_call(call, by_attribute, &inner, &name))
        return rt_fail(rt, ERR_INVALID, _("the name of a test is a string"));
    if (name && !(test = test_find(name))) return unknown(rt, _("test"), name);
    if (!l || !self_items(rt, call, &items)) return false;
    for (size_t i = 0; i < items->n; i++) {
        if (!take(rt, attribute, &items->items[i], &inner.self)) return false;
        bool holds = value_truth(&inner.self);
        if (test && !test_call(rt, test, &inner, &holds)) return false;
        if (holds == wanted && !list_push(rt, l, items->items[i])) return false;
    }
    return give_list(l, out);
}

static bool filter_select(struct runtime *rt, struct call *call, struct value *out) {
    return choose(rt, call, false, true, out);
}

static bool filter_reject(struct runtime *rt, struct call *call, struct value *out) {
    return choose(rt, call, false, false, out);
}

static bool filter_selectattr(struct runtime *rt, struct call *call, struct value *out) {
    return choose(rt, call, true, true, out);
}

static bool filter_rejectattr(struct runtime *rt, struct call *call, struct value *out) {
    return choose(rt, call, true, false, out);
}

static bool filter_unique(struct runtime *rt, struct call *call, struct value *out) {
    const struct list *items;
    struct list *l = list_new(rt, 0);
    struct dict *seen = dict_new(rt);
    if (!l || !seen || !self_items(rt, call, &items)) return false;
    const struct keyed *a = take_keys(rt, items, &call->bound[1], call_flag(call, 0, false));
    if (!a) return false;
    for (size_t i = 0; i < items->n; i++) {
        if (dict_find(rt, seen, &a[i].key)) continue;
        if (!dict_set(rt, seen, a[i].key, a[i].key) || !list_push(rt, l, a[i].item)) return false;
    }
    return give_list(l, out);
}

/* --- the rest --- */

static bool filter_length(struct runtime *rt, struct call *call, struct value *out) {
    size_t n;
    if (!value_length(rt, &call->self, &n)) return false;
    *out = value_of_int((int64_t)n);
    return true;
}

static bool filter_list(struct runtime *rt, struct call *call, struct value *out) {
    const struct list *items;
    if (!self_items(rt, call, &items)) return false;
    struct list *l = list_new(rt, items->n);
    for (size_t i = 0; l && i < items->n; i++)
        if (!list_push(rt, l, items->items[i])) return false;
    return give_list(l, out);
}

static bool filter_join(struct runtime *rt, struct call *call, struct value *out) {
    const struct list *items;
    struct list *taken = list_new(rt, 0);
    const struct value *separator = &call->bound[0];
    const struct string *text = separator->type == V_ABSENT ? NULL : value_string(rt, separator);
    if (!taken || rt->status || !self_items(rt, call, &items)) return false;
    for (size_t i = 0; i < items->n; i++) {
        struct value v;
        if (!take(rt, &call->bound[1], &items->items[i], &v) || !list_push(rt, taken, v))
            return false;
    }
    return text_join(rt, text, taken, false, out);
}

static bool filter_first(struct runtime *rt, struct call *call, struct value *out) {
    const struct list *items;
    if (!self_items(rt, call, &items)) return false;
    *out = items->n ? items->items[0] : value_undefined(NULL);
    return true;
}

static bool filter_last(struct runtime *rt, struct call *call, struct value *out) {
    const struct list *items;
    if (!self_items(rt, call, &items)) return false;
    *out = items->n ? items->items[items->n - 1] : value_undefined(NULL);
    return true;
}

static bool filter_reverse(struct runtime *rt, struct call *call, struct value *out) {
    if (call->self.type == V_STRING) {
        const struct value back[3] = {
            {.type = V_NONE}, {.type = V_NONE}, {.type = V_INT, .integer = -1}};
        return access_slice(rt, &call->self, back, out);
    }
    const struct list *items;
    if (!self_items(rt, call, &items)) return false;
    struct list *l = list_new(rt, items->n);
    for (size_t i = items->n; l && i > 0; i--)
        if (!list_push(rt, l, items->items[i - 1])) return false;
    return give_list(l, out);
}

static bool filter_items(struct runtime *rt, struct call *call, struct value *out) {
    struct list *l;
    return pairs(rt, &call->self, &l) && give_list(l, out);
}

static bool filter_sum(struct runtime *rt, struct call *call, struct value *out) {
    const struct list *items;
    struct value sum = call->bound[1].type == V_ABSENT ? value_of_int(0) : call->bound[1];
    if (!self_items(rt, call, &items)) return false;
    for (size_t i = 0; i < items->n; i++) {
        struct value v;
        if (!take(rt, &call->bound[0], &items->items[i], &v) || !operate(rt, '+', &sum, &v, out))
            return false;
        sum = *out;
    }
    *out = sum;
    return true;
}

static bool filter_batch(struct runtime *rt, struct call *call, struct value *out) {
    const struct list *items;
    const struct value *fill = &call->bound[1];
    struct list *batches = list_new(rt, 0), *batch = NULL;
    int64_t size;
    if (!batches || !self_items(rt, call, &items) || !call_int(rt, call, 0, 1, &size)) return false;
    if (size < 1) return rt_fail(rt, ERR_INVALID, _("batch: the size is less than 1"));
    for (size_t i = 0; i < items->n; i++) {
        if (!batch || batch->n == (uint64_t)size) {
            batch = list_new(rt, 0);
            if (!batch || !list_push(rt, batches, value_of_list(V_LIST, batch))) return false;
        }
        if (!list_push(rt, batch, items->items[i])) return false;
    }
    while (batch && fill->type != V_ABSENT && fill->type != V_NONE && batch->n < (uint64_t)size)
        if (!list_push(rt, batch, *fill)) return false;
    return give_list(batches, out);
}

static bool filter_default(struct runtime *rt, struct call *call, struct value *out) {
    const bool falls = call->self.type == V_UNDEFINED ||
                       (call_flag(call, 1, false) && !value_truth(&call->self));
    *out = call->self;
    if (!falls) return true;
    if (call->bound[0].type != V_ABSENT) {
        *out = call->bound[0];
        return true;
    }
    *out = value_of_string(string_new(rt, "", 0, false));
    return out->string != NULL;
}

/* attr is for what a value is, not for its keys. */
static bool filter_attr(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *name;
    if (!call_text(rt, call, 0, NULL, &name)) return false;
    if (!name) return rt_fail(rt, ERR_INVALID, _("attr needs a name"));
    if (call->self.type != V_DICT) return access_attribute(rt, &call->self, name, out);
    struct dict none = {0};
    const struct value keyless = value_of_dict(V_DICT, &none);
    *out = value_undefined(NULL);
    return !method_find(&keyless, name) || access_attribute(rt, &call->self, name, out);
}

const struct builtin list_filters[] = {
    {"length", filter_length, {NULL}, 0, false},
    {"count", filter_length, {NULL}, 0, false},
    {"list", filter_list, {NULL}, 0, false},
    {"join", filter_join, {"d", "attribute"}, 0, false},
    {"first", filter_first, {NULL}, 0, false},
    {"last", filter_last, {NULL}, 0, false},
    {"default", filter_default, {"default_value", "boolean"}, 0, false},
    {"d", filter_default, {"default_value", "boolean"}, 0, false},
    {"map", filter_map, {NULL}, 0, true},
    {"select", filter_select, {NULL}, 0, true},
    {"reject", filter_reject, {NULL}, 0, true},
    {"selectattr", filter_selectattr, {NULL}, 0, true},
    {"rejectattr", filter_rejectattr, {NULL}, 0, true},
    {"items", filter_items, {NULL}, 0, false},
    {"dictsort", filter_dictsort, {"case_sensitive", "by", "reverse"}, 0, false},
    {"sort", filter_sort, {"reverse", "case_sensitive", "attribute"}, 0, false},
    {"unique", filter_unique, {"case_sensitive", "attribute"}, 0, false},
    {"reverse", filter_reverse, {NULL}, 0, false},
    {"groupby", filter_groupby, {"attribute", "default", "case_sensitive"}, 1, false},
    {"sum", filter_sum, {"attribute", "start"}, 0, false},
    {"min", filter_min, {"case_sensitive", "attribute"}, 0, false},
    {"max", filter_max, {"case_sensitive", "attribute"}, 0, false},
    {"batch", filter_batch, {"linecount", "fill_with"}, 1, false},
    {"attr", filter_attr, {"name"}, 1, false},
    {NULL, NULL, {NULL}, 0, false},
};
