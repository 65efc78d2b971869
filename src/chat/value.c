/* SPDX-License-Identifier: MIT
 *
 * Values: lists, dictionaries, Python's equality, order, truth and iteration.
 *
 * A dictionary is a list of entries; from DICT_INDEXED of them on, a table of hashes finds them.
 * Probes are paid in steps, so keys that were chosen to collide buy nobody time.
 */
#include "chat/value.h"

#include <math.h>
#include <string.h>

#include "base/intl.h"
#include "chat/characters.h"

enum { DICT_INDEXED = 9, GROWTH_MIN = 4 };

/* --- lists --- */

/* Room for one more; the old items stay where they are, for who is walking over them. */
static bool grow(struct runtime *rt, void **items, size_t n, size_t *capacity, size_t size_bytes) {
    if (n < *capacity) return true;
    const size_t wanted = *capacity ? *capacity * 2 : GROWTH_MIN;
    void *moved = rt_alloc(rt, wanted * size_bytes);
    if (!moved) return false;
    if (n) memcpy(moved, *items, n * size_bytes);
    *items = moved;
    *capacity = wanted;
    return rt_steps(rt, n);
}

struct list *list_new(struct runtime *rt, size_t capacity) {
    struct list *l = rt_alloc(rt, sizeof(*l));
    if (!l || capacity == 0) return l;
    l->items = rt_alloc(rt, capacity * sizeof(*l->items));
    l->capacity = capacity;
    return l->items ? l : NULL;
}

bool list_push(struct runtime *rt, struct list *l, struct value v) {
    void *items = l->items;
    if (!rt_steps(rt, 1) || !grow(rt, &items, l->n, &l->capacity, sizeof(v))) return false;
    l->items = items;
    l->items[l->n++] = v;
    return true;
}

void list_reverse(struct list *l) {
    for (size_t i = 0; i < l->n / 2; i++) {
        const struct value v = l->items[i];
        l->items[i] = l->items[l->n - 1 - i];
        l->items[l->n - 1 - i] = v;
    }
}

/* --- dictionaries --- */

struct dict *dict_new(struct runtime *rt) {
    return rt_alloc(rt, sizeof(struct dict));
}

static uint32_t mix(uint64_t x) {
    x *= 0x9e3779b97f4a7c15u;
    return (uint32_t)(x >> 32);
}

static uint32_t hash_bytes(const char *data, size_t n) {
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)data[i]) * 16777619u;
    return h;
}

/* Equal values have equal hashes. What cannot be a key in Python shares one. */
static uint32_t value_hash(struct runtime *rt, const struct value *v) {
    switch (v->type) {
    case V_STRING: rt_bytes(rt, v->string->n); return hash_bytes(v->string->data, v->string->n);
    case V_BOOL:
    case V_INT: return mix((uint64_t)value_int(v));
    case V_FLOAT:
        if (v->real >= -0x1p62 && v->real <= 0x1p62 && v->real == floor(v->real))
            return mix((uint64_t)(int64_t)v->real);
        return 1;
    default: return 0;
    }
}

static void index_put(struct dict *d, uint32_t hash, size_t entry) {
    size_t at = hash & (d->n_index - 1);
    while (d->index[at])
        at = (at + 1) & (d->n_index - 1);
    d->index[at] = (uint32_t)entry + 1;
}

static bool index_build(struct runtime *rt, struct dict *d) {
    size_t n_index = 32;
    while (n_index < d->n * 3)
        n_index *= 2;
    if (n_index != d->n_index) d->index = rt_alloc(rt, n_index * sizeof(*d->index));
    if (!d->index || !rt_steps(rt, d->n)) return false;
    memset(d->index, 0, n_index * sizeof(*d->index));
    d->n_index = n_index;
    for (size_t i = 0; i < d->n; i++)
        index_put(d, value_hash(rt, &d->entries[i].key), i);
    return !rt->status;
}

static struct entry *find_indexed(struct runtime *rt, struct dict *d, const struct value *key) {
    for (size_t at = value_hash(rt, key);; at++) {
        const uint32_t slot = d->index[at & (d->n_index - 1)];
        if (slot == 0 || !rt_steps(rt, 1)) return NULL;
        struct entry *e = &d->entries[slot - 1];
        if (value_equal(rt, &e->key, key)) return e;
    }
}

struct entry *dict_find(struct runtime *rt, struct dict *d, const struct value *key) {
    if (d->n >= DICT_INDEXED && !d->n_index && !index_build(rt, d)) return NULL;
    if (d->n_index) return find_indexed(rt, d, key);
    for (size_t i = 0; i < d->n; i++)
        if (value_equal(rt, &d->entries[i].key, key)) return &d->entries[i];
    return NULL;
}

struct entry *dict_find_string(struct runtime *rt, struct dict *d, const struct string *key) {
    const struct value v = value_of_string(key);
    return dict_find(rt, d, &v);
}

bool dict_set(struct runtime *rt, struct dict *d, struct value key, struct value v) {
    if (key.type == V_LIST || key.type == V_DICT)
        return rt_fail(rt, ERR_INVALID, _("%s cannot be a key"), value_type_name(&key));
    struct entry *e = dict_find(rt, d, &key);
    if (rt->status) return false;
    if (e) {
        e->value = v;
        return true;
    }
    void *entries = d->entries;
    if (!rt_steps(rt, 1) || !grow(rt, &entries, d->n, &d->capacity, sizeof(*e))) return false;
    d->entries = entries;
    d->entries[d->n++] = (struct entry){.key = key, .value = v};
    if (!d->n_index) return true;
    if (d->n * 2 > d->n_index) return index_build(rt, d);
    index_put(d, value_hash(rt, &key), d->n - 1);
    return !rt->status;
}

static void index_drop(struct dict *d) {
    d->index = NULL;
    d->n_index = 0;
}

void dict_remove(struct dict *d, struct entry *e) {
    const size_t at = (size_t)(e - d->entries);
    memmove(e, e + 1, (d->n - at - 1) * sizeof(*e));
    d->n--;
    index_drop(d);
}

void dict_clear(struct dict *d) {
    d->n = 0;
    index_drop(d);
}

/* --- truth, equality, order --- */

bool value_truth(const struct value *v) {
    switch (v->type) {
    case V_ABSENT:
    case V_UNDEFINED:
    case V_NONE: return false;
    case V_BOOL: return v->boolean;
    case V_INT: return v->integer != 0;
    case V_FLOAT: return v->real != 0;
    case V_STRING: return v->string->n > 0;
    case V_LIST:
    case V_TUPLE: return v->list->n > 0;
    case V_DICT: return v->dict->n > 0;
    default: return true;
    }
}

static bool lists_equal(struct runtime *rt, const struct list *a, const struct list *b) {
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n && i < b->n; i++)
        if (!rt_steps(rt, 1) || !value_equal(rt, &a->items[i], &b->items[i])) return false;
    return true;
}

static bool dicts_equal(struct runtime *rt, const struct dict *a, struct dict *b) {
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++) {
        const struct entry *e = rt_steps(rt, 1) ? dict_find(rt, b, &a->entries[i].key) : NULL;
        if (!e || !value_equal(rt, &a->entries[i].value, &e->value)) return false;
    }
    return true;
}

/* An integer and a float are compared exactly, as Python does. */
static int compare_numbers(const struct value *a, const struct value *b) {
    if (a->type != V_FLOAT && b->type != V_FLOAT)
        return (value_int(a) > value_int(b)) - (value_int(a) < value_int(b));
    const double x = value_real(a), y = value_real(b);
    if (x == y && a->type != b->type && fabs(x) >= 0x1p53 && fabs(x) < 0x1p63) {
        const int64_t i = a->type == V_FLOAT ? (int64_t)a->real : value_int(a);
        const int64_t k = b->type == V_FLOAT ? (int64_t)b->real : value_int(b);
        return (i > k) - (i < k);
    }
    return (x > y) - (x < y);
}

bool value_equal(struct runtime *rt, const struct value *a, const struct value *b) {
    if (a->type == V_STRING && b->type == V_STRING)
        return rt_bytes(rt, a->string->n) && string_equal(a->string, b->string);
    if (value_is_number(a) && value_is_number(b)) {
        const bool is_nan = isnan(value_real(a)) || isnan(value_real(b));
        return !is_nan && compare_numbers(a, b) == 0;
    }
    if (a->type != b->type) return false;
    if (a->type == V_NONE || a->type == V_UNDEFINED) return true;
    if (a->list == b->list) return true; /* the very same thing, of whatever kind */
    if (a->type != V_LIST && a->type != V_TUPLE && a->type != V_DICT) return false;
    if (!rt_enter(rt)) return false;
    const bool equal = a->type == V_DICT ? dicts_equal(rt, a->dict, b->dict)
                                         : lists_equal(rt, a->list, b->list);
    rt_leave(rt);
    return equal;
}

static bool compare_lists(struct runtime *rt, const struct list *a, const struct list *b,
                          int *order) {
    *order = (a->n > b->n) - (a->n < b->n);
    for (size_t i = 0; i < a->n && i < b->n; i++) {
        if (!rt_steps(rt, 1)) return false;
        if (value_equal(rt, &a->items[i], &b->items[i])) continue;
        return value_compare(rt, &a->items[i], &b->items[i], order);
    }
    return !rt->status;
}

bool value_compare(struct runtime *rt, const struct value *a, const struct value *b, int *order) {
    if (value_is_number(a) && value_is_number(b)) {
        *order = compare_numbers(a, b);
        return true;
    }
    if (a->type == V_STRING && b->type == V_STRING) {
        *order = string_compare(a->string, b->string);
        return rt_bytes(rt, a->string->n);
    }
    if (a->type == b->type && (a->type == V_LIST || a->type == V_TUPLE)) {
        if (!rt_enter(rt)) return false;
        const bool done = compare_lists(rt, a->list, b->list, order);
        rt_leave(rt);
        return done;
    }
    return rt_fail(rt, ERR_INVALID, _("%s and %s have no order"), value_type_name(a),
                   value_type_name(b));
}

/* --- iteration --- */

static bool string_items(struct runtime *rt, const struct string *s, struct list *l) {
    uint32_t cp;
    for (size_t at = 0; at < s->n;) {
        const size_t length = char_decode(s->data + at, s->n - at, &cp);
        const struct string *one = string_slice(rt, s, at, at + length);
        if (!one || !list_push(rt, l, value_of_string(one))) return false;
        at += length;
    }
    return true;
}

bool value_items(struct runtime *rt, const struct value *v, const struct list **out) {
    if (v->type == V_LIST || v->type == V_TUPLE) {
        *out = v->list;
        return rt_steps(rt, v->list->n);
    }
    struct list *l = list_new(rt, 0);
    if (!l) return false;
    *out = l;
    switch (v->type) {
    case V_UNDEFINED: return true;
    case V_STRING: return string_items(rt, v->string, l);
    case V_DICT:
        for (size_t i = 0; i < v->dict->n; i++)
            if (!list_push(rt, l, v->dict->entries[i].key)) return false;
        return true;
    default: return rt_fail(rt, ERR_INVALID, _("%s cannot be iterated over"), value_type_name(v));
    }
}

bool value_length(struct runtime *rt, const struct value *v, size_t *out) {
    switch (v->type) {
    case V_UNDEFINED: *out = 0; return true;
    case V_STRING: *out = string_length(v->string); return rt_bytes(rt, v->string->n);
    case V_LIST:
    case V_TUPLE: *out = v->list->n; return true;
    case V_DICT: *out = v->dict->n; return true;
    case V_LOOP: *out = v->loop->items.n; return true;
    default: return rt_fail(rt, ERR_INVALID, _("%s has no length"), value_type_name(v));
    }
}

bool value_contains(struct runtime *rt, const struct value *needle, const struct value *hay,
                    bool *out) {
    *out = false;
    if (hay->type == V_DICT) {
        *out = dict_find(rt, hay->dict, needle) != NULL;
        return !rt->status;
    }
    if (hay->type == V_STRING) {
        if (needle->type != V_STRING)
            return rt_fail(rt, ERR_INVALID,
                           _("'in' of a string needs a string on its left, not %s"),
                           value_type_name(needle));
        *out = string_find(hay->string, needle->string, 0) != SIZE_MAX;
        return rt_bytes(rt, hay->string->n);
    }
    const struct list *items;
    if (!value_items(rt, hay, &items)) return false;
    for (size_t i = 0; i < items->n && !*out; i++)
        *out = value_equal(rt, needle, &items->items[i]);
    return !rt->status;
}

const char *value_type_name(const struct value *v) {
    static const char *const names[] = {
        [V_ABSENT] = N_("nothing"),
        [V_UNDEFINED] = N_("something undefined"),
        [V_NONE] = N_("none"),
        [V_BOOL] = N_("a boolean"),
        [V_INT] = N_("an integer"),
        [V_FLOAT] = N_("a float"),
        [V_STRING] = N_("a string"),
        [V_LIST] = N_("a list"),
        [V_TUPLE] = N_("a tuple"),
        [V_DICT] = N_("a mapping"),
        [V_NAMESPACE] = N_("a namespace"),
        [V_LOOP] = N_("the loop variable"),
        [V_MACRO] = N_("a macro"),
        [V_BUILTIN] = N_("a function"),
        [V_METHOD] = N_("a method"),
        [V_CYCLER] = N_("a cycler"),
        [V_JOINER] = N_("a joiner"),
    };
    return _(names[v->type]);
}
