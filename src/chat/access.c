/* SPDX-License-Identifier: MIT
 *
 * Attributes, items and slices. As in Jinja, a.b looks for a method first and for a key then, and
 * a['b'] the other way round; what is not there is undefined, and only using that fails.
 */
#include <string.h>

#include "base/intl.h"
#include "chat/eval.h"

static bool loop_item(const struct loop *loop, ptrdiff_t offset, struct value *out) {
    const ptrdiff_t at = (ptrdiff_t)loop->at + offset;
    const bool there = at >= 0 && (size_t)at < loop->items.n;
    *out = there ? loop->items.items[at] : value_undefined(NULL);
    return true;
}

static bool loop_attribute(const struct loop *loop, const struct string *name, struct value *out) {
    const int64_t at = (int64_t)loop->at, n = (int64_t)loop->items.n;
    const struct {
        const char *name;
        struct value value;
    } attributes[] = {
        {"index", value_of_int(at + 1)},
        {"index0", value_of_int(at)},
        {"revindex", value_of_int(n - at)},
        {"revindex0", value_of_int(n - at - 1)},
        {"first", value_of_bool(at == 0)},
        {"last", value_of_bool(at + 1 == n)},
        {"length", value_of_int(n)},
        {"depth", value_of_int((int64_t)loop->depth)},
        {"depth0", value_of_int((int64_t)loop->depth - 1)},
    };
    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
        if (string_is(name, attributes[i].name)) {
            *out = attributes[i].value;
            return true;
        }
    if (string_is(name, "previtem")) return loop_item(loop, -1, out);
    if (string_is(name, "nextitem")) return loop_item(loop, 1, out);
    return false;
}

/* A method, bound to what it was taken from. */
static bool take_method(struct runtime *rt, const struct value *object, const struct string *name,
                        struct value *out) {
    const struct builtin *found = method_find(object, name);
    if (!found) return false;
    struct method *method = rt_alloc(rt, sizeof(*method));
    if (!method) return false;
    *method = (struct method){.self = *object, .builtin = found};
    *out = (struct value){.type = V_METHOD, .method = method};
    return true;
}

static bool take_key(struct runtime *rt, const struct value *object, const struct value *key,
                     struct value *out) {
    if (object->type != V_DICT && object->type != V_NAMESPACE) return false;
    const struct entry *e = dict_find(rt, object->dict, key);
    if (e) *out = e->value;
    return e != NULL;
}

static bool fail_undefined(struct runtime *rt, const struct value *object) {
    const struct string *name = object->string;
    if (!name) return rt_fail(rt, ERR_INVALID, _("something undefined has no attributes"));
    return rt_fail(rt, ERR_INVALID, _("'%.*s' is undefined and has no attributes"),
                   string_shown(name), name->data);
}

bool access_attribute(struct runtime *rt, const struct value *object, const struct string *name,
                      struct value *out) {
    const struct value key = value_of_string(name);
    if (object->type == V_UNDEFINED) return fail_undefined(rt, object);
    if (take_method(rt, object, name, out)) return true;
    if (take_key(rt, object, &key, out)) return true;
    if (object->type == V_LOOP && loop_attribute(object->loop, name, out)) return true;
    if (object->type == V_CYCLER && string_is(name, "current"))
        *out = object->cycler->items->items[object->cycler->at];
    else if (object->type == V_MACRO && string_is(name, "name") && object->macro->name)
        *out = value_of_string(object->macro->name);
    else
        *out = value_undefined(string_has_data(name) ? NULL : name);
    return !rt->status;
}

/* The item of a list, tuple or string. */
static bool take_index(struct runtime *rt, const struct value *object, int64_t at,
                       struct value *out) {
    size_t n;
    *out = value_undefined(NULL);
    if (object->type != V_LIST && object->type != V_TUPLE && object->type != V_STRING) return true;
    if (!value_length(rt, object, &n)) return false;
    if (at < 0) at += (int64_t)n;
    if (at < 0 || (size_t)at >= n) return true;
    if (object->type != V_STRING) {
        *out = object->list->items[at];
        return true;
    }
    const struct string *s = object->string;
    const size_t start = string_offset(s, (size_t)at);
    const struct string rest = {.data = s->data + start, .n = s->n - start};
    *out = value_of_string(string_slice(rt, s, start, start + string_offset(&rest, 1)));
    return out->string != NULL;
}

bool access_item(struct runtime *rt, const struct value *object, const struct value *key,
                 struct value *out) {
    if (object->type == V_UNDEFINED) return fail_undefined(rt, object);
    if (take_key(rt, object, key, out)) return true;
    if (rt->status) return false;
    if (key->type == V_STRING) return access_attribute(rt, object, key->string, out);
    if (key->type == V_INT || key->type == V_BOOL)
        return take_index(rt, object, value_int(key), out);
    *out = value_undefined(NULL);
    return true;
}

/* --- slices --- */

struct span_of { /* the indices that a slice takes: start, start + step... */
    int64_t start, step, n;
};

static bool bound(struct runtime *rt, const struct value *v, int64_t standard, int64_t *out) {
    *out = standard;
    if (v->type == V_NONE) return true;
    if (v->type != V_INT && v->type != V_BOOL)
        return rt_fail(rt, ERR_INVALID, _("a slice is bounded by integers, not by %s"),
                       value_type_name(v));
    *out = value_int(v);
    return true;
}

static int64_t clamp(int64_t at, int64_t length, int64_t low, int64_t high) {
    if (at < 0) at += length;
    return at < low ? low : at > high ? high : at;
}

/* Python's rules for indices out of range, for either direction. */
static bool resolve(struct runtime *rt, const struct value bounds[3], size_t length,
                    struct span_of *out) {
    const int64_t n = (int64_t)length;
    int64_t start, stop, step;
    if (!bound(rt, &bounds[2], 1, &step)) return false;
    if (step == 0) return rt_fail(rt, ERR_INVALID, _("a slice cannot step by 0"));
    if (step < -INT64_MAX) step = -INT64_MAX;
    if (!bound(rt, &bounds[0], step > 0 ? 0 : n - 1, &start)) return false;
    if (!bound(rt, &bounds[1], step > 0 ? n : -1 - n, &stop)) return false;
    start = step > 0 ? clamp(start, n, 0, n) : clamp(start, n, -1, n - 1);
    stop = step > 0 ? clamp(stop, n, 0, n) : clamp(stop, n, -1, n - 1);
    *out = (struct span_of){.start = start, .step = step};
    if (step > 0 && stop > start) out->n = (stop - start - 1) / step + 1;
    if (step < 0 && start > stop) out->n = (start - stop - 1) / -step + 1;
    return true;
}

static bool slice_string(struct runtime *rt, const struct string *s, struct span_of span,
                         struct value *out) {
    if (span.step == 1 || span.n == 0) {
        const size_t start = string_offset(s, (size_t)(span.n ? span.start : 0));
        const struct string rest = {.data = s->data + start, .n = s->n - start};
        const size_t end = start + string_offset(&rest, (size_t)span.n);
        *out = value_of_string(string_slice(rt, s, start, end));
        return rt_bytes(rt, s->n) && out->string;
    }
    const struct value whole = value_of_string(s);
    const struct list *letters;
    struct builder b = {0};
    if (!value_items(rt, &whole, &letters)) return false;
    for (int64_t i = 0; i < span.n; i++)
        if (!builder_string(rt, &b, letters->items[span.start + i * span.step].string))
            return false;
    return builder_value(rt, &b, out);
}

bool access_slice(struct runtime *rt, const struct value *object, const struct value bounds[3],
                  struct value *out) {
    size_t length;
    struct span_of span = {0};
    if (object->type == V_UNDEFINED) return fail_undefined(rt, object);
    if (object->type != V_STRING && object->type != V_LIST && object->type != V_TUPLE)
        return rt_fail(rt, ERR_INVALID, _("%s cannot be sliced"), value_type_name(object));
    if (!value_length(rt, object, &length) || !resolve(rt, bounds, length, &span)) return false;
    if (object->type == V_STRING) return slice_string(rt, object->string, span, out);
    struct list *l = list_new(rt, (size_t)span.n);
    if (!l) return false;
    for (int64_t i = 0; i < span.n; i++)
        if (!list_push(rt, l, object->list->items[span.start + i * span.step])) return false;
    *out = value_of_list(object->type, l);
    return true;
}
