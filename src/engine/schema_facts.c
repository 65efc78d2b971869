/* SPDX-License-Identifier: MIT
 *
 * What the plain schemas of one leaf say together: the types they all allow, the narrowest bounds,
 * the values that satisfy every one of them.
 */
#include "engine/schema.h"

#include <math.h>
#include <string.h>

#include "base/intl.h"

/* --- types --- */

/* `not` of types, of everything and of nothing is honoured; beside an enum, whatever. */
static enum status apply_not(struct translator *t, const struct member *m, struct facts *f) {
    const json_t *not = json_object_get(m->schema, "not");
    const json_t *type = json_object_get(not, "type");
    if (!not || json_is_false(not )) return OK;
    if (json_is_true(not ) || json_object_size(not ) == 0) {
        f->stated = 0;
    } else if (type && json_object_size(not ) == 1 && schema_types(type)) {
        f->stated &= ~schema_types(type);
    } else if (!f->finite) {
        return schema_refuse(t, ERR_UNSUPPORTED, m->at,
                             _("\"not\" can be honoured with a \"type\" in it and nothing else, or "
                               "beside \"enum\""));
    }
    return OK;
}

static enum status find_types(struct translator *t, const struct members *leaf, struct facts *f) {
    unsigned implied = 0;
    bool is_stated = false;
    enum status st = OK;
    f->stated = TYPE_ALL;
    for (size_t i = 0; i < leaf->n; i++) {
        json_t *schema = leaf->m[i]->schema;
        const json_t *type = json_object_get(schema, "type");
        if (json_object_get(schema, "enum") || json_object_get(schema, "const")) f->finite = true;
        if (type) f->stated &= schema_types(type);
        is_stated = is_stated || type;
        implied |= schema_implied_types(schema);
    }
    for (size_t i = 0; !st && i < leaf->n; i++)
        st = apply_not(t, leaf->m[i], f);
    f->anything = !is_stated && !implied && f->stated == TYPE_ALL && !f->finite;
    f->types = f->stated;
    if (!is_stated && implied) f->types &= implied;
    return st;
}

/* --- values --- */

/* Keeps those of the candidates that the whole leaf accepts. */
static enum status keep_valid(struct translator *t, const struct members *leaf, struct facts *f,
                              json_t *const *candidates, size_t n) {
    enum status st = OK;
    f->values = arena_alloc(&t->arena, (n + 1) * sizeof(json_t *));
    if (!f->values) return schema_no_memory(t);
    for (size_t i = 0; !st && i < n; i++) {
        bool valid;
        st = schema_valid_all(t, candidates[i], leaf, true, &valid);
        if (!st && valid) f->values[f->n_values++] = candidates[i];
    }
    return st;
}

static enum status find_values(struct translator *t, const struct members *leaf, struct facts *f) {
    const json_t *list = NULL;
    json_t *constant = NULL;
    for (size_t i = 0; i < leaf->n; i++) {
        if (!constant) constant = json_object_get(leaf->m[i]->schema, "const");
        if (!list) list = json_object_get(leaf->m[i]->schema, "enum");
    }
    if (constant) return keep_valid(t, leaf, f, &constant, 1);
    const size_t n = json_array_size(list);
    json_t **candidates = arena_alloc(&t->arena, (n + 1) * sizeof(json_t *));
    if (!candidates) return schema_no_memory(t);
    for (size_t i = 0; i < n; i++)
        candidates[i] = json_array_get(list, i);
    const json_t *before = t->trusted;
    t->trusted = list;
    const enum status st = keep_valid(t, leaf, f, candidates, n);
    t->trusted = before;
    return st;
}

/* --- numbers --- */

static enum status keep_bound(struct translator *t, struct decimal **to,
                              const struct decimal *bound) {
    if (!*to) *to = arena_alloc(&t->arena, sizeof(**to));
    if (!*to) return schema_no_memory(t);
    **to = *bound;
    return OK;
}

static enum status raise_low(struct translator *t, struct facts *f, const struct decimal *bound) {
    if (f->low && decimal_compare(bound, f->low) <= 0) return OK;
    return keep_bound(t, &f->low, bound);
}

static enum status lower_high(struct translator *t, struct facts *f, const struct decimal *bound) {
    if (f->high && decimal_compare(bound, f->high) >= 0) return OK;
    return keep_bound(t, &f->high, bound);
}

/* A bound that does not belong to the range gives way to the binary fraction beside it: readers
 * that keep numbers in binary then agree that what lies on that side is within. */
static enum status add_bounds(struct translator *t, struct facts *f, const json_t *schema) {
    const json_t *low = json_object_get(schema, "minimum");
    const json_t *high = json_object_get(schema, "maximum");
    const json_t *above = json_object_get(schema, "exclusiveMinimum");
    const json_t *below = json_object_get(schema, "exclusiveMaximum");
    struct decimal bound;
    enum status st = OK;
    if (low) {
        decimal_from_json(&bound, low);
        st = raise_low(t, f, &bound);
    }
    if (!st && above) {
        decimal_from_double(&bound, nextafter(json_number_value(above), INFINITY));
        st = raise_low(t, f, &bound);
    }
    if (!st && high) {
        decimal_from_json(&bound, high);
        st = lower_high(t, f, &bound);
    }
    if (!st && below) {
        decimal_from_double(&bound, nextafter(json_number_value(below), -INFINITY));
        st = lower_high(t, f, &bound);
    }
    return st;
}

/* OpenAPI's int32 and int64 are whole numbers of so many bits. */
static enum status add_number_format(struct translator *t, struct facts *f, const json_t *schema) {
    const char *format = json_string_value(json_object_get(schema, "format"));
    struct decimal bound;
    if (!format || (strcmp(format, "int32") != 0 && strcmp(format, "int64") != 0)) return OK;
    const bool is_short = strcmp(format, "int32") == 0;
    if (!f->multiple) f->multiple = 1;
    decimal_from_integer(&bound, is_short ? INT32_MIN : INT64_MIN);
    const enum status st = raise_low(t, f, &bound);
    decimal_from_integer(&bound, is_short ? INT32_MAX : INT64_MAX);
    return st ? st : lower_high(t, f, &bound);
}

static json_int_t greatest_divisor(json_int_t a, json_int_t b) {
    while (b) {
        const json_int_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static enum status refuse_multiple(struct translator *t, const struct member *m, double value) {
    return schema_refuse(t, ERR_UNSUPPORTED, m->at,
                         _("multipleOf %.15g cannot be honoured: it must be a whole number"),
                         value);
}

static enum status add_multiple(struct translator *t, const struct member *m, struct facts *f) {
    const json_t *multiple = json_object_get(m->schema, "multipleOf");
    const double value = json_number_value(multiple);
    if (!multiple) return OK;
    if (!(value > 0))
        return schema_refuse(t, ERR_INVALID, m->at, _("\"multipleOf\" must be more than 0"));
    if (floor(value) != value || value > 1e9) return refuse_multiple(t, m, value);
    const json_int_t of = (json_int_t)value, now = f->multiple ? f->multiple : 1;
    f->multiple = now / greatest_divisor(now, of) * of;
    return f->multiple > 1000000000 ? refuse_multiple(t, m, (double)f->multiple) : OK;
}

static enum status find_numbers(struct translator *t, const struct members *leaf, struct facts *f) {
    enum status st = OK;
    for (size_t i = 0; !st && i < leaf->n; i++) {
        st = add_bounds(t, f, leaf->m[i]->schema);
        if (!st) st = add_number_format(t, f, leaf->m[i]->schema);
        if (!st) st = add_multiple(t, leaf->m[i], f);
    }
    return st;
}

/* --- strings --- */

static enum status add_pattern(struct translator *t, struct facts *f, struct pattern *pattern,
                               const struct place *at) {
    if (!pattern) return OK;
    for (size_t i = 0; i < f->n_patterns; i++)
        if (f->patterns[i] == pattern) return OK;
    if (f->n_patterns == LANGUAGE_PARTS_MAX)
        return schema_refuse(t, ERR_LIMIT, at,
                             _("more than %d of pattern and format must hold at once"),
                             (int)LANGUAGE_PARTS_MAX);
    f->patterns[f->n_patterns++] = pattern;
    return OK;
}

static enum status add_strings(struct translator *t, const struct member *m, struct facts *f) {
    const char *pattern = json_string_value(json_object_get(m->schema, "pattern"));
    const char *format = json_string_value(json_object_get(m->schema, "format"));
    const size_t min = schema_count(m->schema, "minLength", 0);
    const size_t max = schema_count(m->schema, "maxLength", SIZE_MAX);
    struct pattern *p = NULL;
    enum status st = OK;
    if (min > f->min_length) f->min_length = min;
    if (max < f->max_length) f->max_length = max;
    if (pattern) {
        st = schema_pattern(t, pattern, m->at, &p);
        if (!st) st = add_pattern(t, f, p, m->at);
    }
    if (!st && format) {
        st = schema_format(t, format, m->at, &p);
        if (!st) st = add_pattern(t, f, p, m->at);
    }
    return st;
}

enum status schema_string_facts(struct translator *t, const struct members *leaf, struct facts *f) {
    enum status st = OK;
    f->patterns = arena_alloc(&t->arena, LANGUAGE_PARTS_MAX * sizeof(struct pattern *));
    if (!f->patterns) return schema_no_memory(t);
    f->n_patterns = 0;
    f->min_length = 0;
    f->max_length = SIZE_MAX;
    f->at = leaf->n ? leaf->m[0]->at : NULL;
    for (size_t i = 0; !st && i < leaf->n; i++)
        st = add_strings(t, leaf->m[i], f);
    return st;
}

/* --- sizes --- */

static void add_sizes(const json_t *schema, struct facts *f) {
    const size_t min_items = schema_count(schema, "minItems", 0);
    const size_t max_items = schema_count(schema, "maxItems", SIZE_MAX);
    const size_t min_properties = schema_count(schema, "minProperties", 0);
    const size_t max_properties = schema_count(schema, "maxProperties", SIZE_MAX);
    if (min_items > f->min_items) f->min_items = min_items;
    if (max_items < f->max_items) f->max_items = max_items;
    if (min_properties > f->min_properties) f->min_properties = min_properties;
    if (max_properties < f->max_properties) f->max_properties = max_properties;
}

enum status schema_facts(struct translator *t, const struct members *leaf, struct facts *f) {
    memset(f, 0, sizeof(*f));
    f->max_length = f->max_items = f->max_properties = SIZE_MAX;
    f->at = leaf->n ? leaf->m[0]->at : NULL;
    enum status st = find_types(t, leaf, f);
    if (st) return st;
    if (f->finite) return find_values(t, leaf, f);
    for (size_t i = 0; i < leaf->n; i++)
        add_sizes(leaf->m[i]->schema, f);
    if (f->types & TYPE_NUMBER) st = find_numbers(t, leaf, f);
    if (!st && (f->types & TYPE_STRING)) st = schema_string_facts(t, leaf, f);
    return st;
}
