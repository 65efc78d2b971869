/* SPDX-License-Identifier: MIT
 *
 * Does a value satisfy a schema? For the values that a schema lists itself (enum, const): those
 * that the rest of the schema refuses are left out of the grammar.
 *
 * Recursion follows the value and the references; DEPTH_MAX bounds both together.
 */
#include "engine/schema.h"

#include <math.h>
#include <string.h>

#include "base/intl.h"

enum { DEPTH_MAX = 600 };

struct judge {
    struct translator *t;
    const json_t *value;
    const struct member *m; /* the schema */
    bool opened;            /* what it brings in by $ref, allOf and anyOf is judged elsewhere */
    bool valid;
};

static enum status judge_value(struct judge *j);

/* Judges a value by a schema under this one. */
static enum status judge_part(const struct judge *j, const json_t *value, json_t *schema,
                              const struct place *at, bool *valid) {
    const struct member m = {.schema = schema, .at = at};
    struct judge part = {.t = j->t, .value = value, .m = &m};
    const enum status st = judge_value(&part);
    *valid = part.valid;
    return st;
}

/* As above, and all must be valid. */
static enum status judge_also(struct judge *j, const json_t *value, json_t *schema,
                              const struct place *at) {
    bool valid = true;
    const enum status st = judge_part(j, value, schema, at, &valid);
    j->valid = j->valid && valid;
    return st;
}

static const json_t *get(const struct judge *j, const char *keyword) {
    return json_object_get(j->m->schema, keyword);
}

static const struct place *under(const struct judge *j, const char *keyword) {
    return place_keyword(j->t, j->m->at, keyword);
}

/* --- equality --- */

static bool same_numbers(const json_t *a, const json_t *b) {
    struct decimal x, y;
    if (json_is_integer(a) && json_is_integer(b))
        return json_integer_value(a) == json_integer_value(b);
    decimal_from_json(&x, a);
    decimal_from_json(&y, b);
    return decimal_compare(&x, &y) == 0;
}

/* As JSON Schema has it: 1 and 1.0 are the same. */
bool schema_same(const json_t *a, const json_t *b) {
    const char *key;
    json_t *value;
    if (json_is_number(a) && json_is_number(b)) return same_numbers(a, b);
    if (json_is_array(a) && json_is_array(b)) {
        bool same = json_array_size(a) == json_array_size(b);
        for (size_t i = 0; same && i < json_array_size(a); i++)
            same = schema_same(json_array_get(a, i), json_array_get(b, i));
        return same;
    }
    if (!json_is_object(a) || !json_is_object(b)) return json_equal(a, b);
    bool same = json_object_size(a) == json_object_size(b);
    json_object_foreach((json_t *)a, key, value) {
        const json_t *other = json_object_get(b, key);
        same = same && other && schema_same(value, other);
    }
    return same;
}

/* --- keywords --- */

static unsigned type_of(const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_NULL: return TYPE_NULL;
    case JSON_TRUE:
    case JSON_FALSE: return TYPE_BOOLEAN;
    case JSON_INTEGER: return TYPE_INTEGER;
    case JSON_REAL:
        return floor(json_real_value(value)) == json_real_value(value) ? TYPE_INTEGER
                                                                       : TYPE_FRACTION;
    case JSON_STRING: return TYPE_STRING;
    case JSON_ARRAY: return TYPE_ARRAY;
    case JSON_OBJECT: return TYPE_OBJECT;
    }
    return 0;
}

static enum status judge_listed(struct judge *j) {
    const json_t *constant = get(j, "const"), *list = get(j, "enum"), *type = get(j, "type");
    if (type && !(schema_types(type) & type_of(j->value))) j->valid = false;
    if (constant && !schema_same(constant, j->value)) j->valid = false;
    if (!list || list == j->t->trusted) return OK;
    bool found = false;
    for (size_t i = 0; !found && i < json_array_size(list); i++)
        found = schema_same(json_array_get(list, i), j->value);
    j->valid = j->valid && found;
    return schema_work(j->t, 1 + json_array_size(list) / 4, j->m->at);
}

/* <0, 0, >0: the value against the bound. */
static int against(const struct judge *j, const json_t *bound) {
    struct decimal value, limit;
    decimal_from_json(&value, j->value);
    decimal_from_json(&limit, bound);
    return decimal_compare(&value, &limit);
}

static void judge_number(struct judge *j) {
    const json_t *bound;
    if ((bound = get(j, "minimum")) && against(j, bound) < 0) j->valid = false;
    if ((bound = get(j, "maximum")) && against(j, bound) > 0) j->valid = false;
    if ((bound = get(j, "exclusiveMinimum")) && against(j, bound) <= 0) j->valid = false;
    if ((bound = get(j, "exclusiveMaximum")) && against(j, bound) >= 0) j->valid = false;
    const json_t *multiple = get(j, "multipleOf");
    if (!multiple) return;
    const double ratio = json_number_value(j->value) / json_number_value(multiple);
    if (!(floor(ratio) == ratio)) j->valid = false;
}

static enum status judge_string(struct judge *j) {
    struct members alone = {0};
    struct facts f;
    struct language l;
    bool has = true;
    /* a member of its own, with the strings' keywords alone */
    enum status st = members_add(j->t, &alone, j->m->schema, j->m->at, NULL);
    if (!st) st = schema_string_facts(j->t, &alone, &f);
    if (st) return st;
    schema_language(&f, &l);
    st = language_has(j->t, &l, json_string_value(j->value), j->m->at, &has);
    j->valid = j->valid && has;
    return st;
}

static enum status judge_items(struct judge *j) {
    const size_t n = json_array_size(j->value);
    enum status st = OK;
    if (n < schema_count(j->m->schema, "minItems", 0)) j->valid = false;
    if (n > schema_count(j->m->schema, "maxItems", SIZE_MAX)) j->valid = false;
    for (size_t i = 0; !st && i < n; i++) {
        const struct place *at;
        json_t *schema = schema_item(j->t, j->m, i, &at);
        if (schema) st = judge_also(j, json_array_get(j->value, i), schema, at);
    }
    if (!json_is_true(get(j, "uniqueItems"))) return st;
    for (size_t i = 0; !st && i < n; i++) {
        for (size_t k = 0; k < i; k++)
            if (schema_same(json_array_get(j->value, i), json_array_get(j->value, k)))
                j->valid = false;
        st = schema_work(j->t, 1 + i, j->m->at);
    }
    return st;
}

static enum status judge_properties(struct judge *j) {
    const size_t n = json_object_size(j->value);
    const json_t *required = get(j, "required");
    const char *name;
    json_t *value;
    enum status st = OK;
    if (n < schema_count(j->m->schema, "minProperties", 0)) j->valid = false;
    if (n > schema_count(j->m->schema, "maxProperties", SIZE_MAX)) j->valid = false;
    for (size_t i = 0; i < json_array_size(required); i++)
        if (!json_object_get(j->value, json_string_value(json_array_get(required, i))))
            j->valid = false;
    json_object_foreach((json_t *)j->value, name, value) {
        struct members of = {0};
        bool valid = true;
        if (!st) st = schema_property_of(j->t, j->m, name, &of);
        if (!st) st = schema_valid_all(j->t, value, &of, false, &valid);
        j->valid = j->valid && valid;
    }
    return st;
}

/* anyOf: at least 1 valid; oneOf: 1. */
static enum status judge_choice(struct judge *j, const char *keyword, size_t at_most) {
    const json_t *all = get(j, keyword);
    size_t n_valid = 0;
    enum status st = OK;
    for (size_t i = 0; !st && i < json_array_size(all); i++) {
        bool valid;
        st = judge_part(j, j->value, json_array_get(all, i),
                        place_index(j->t, under(j, keyword), i), &valid);
        n_valid += valid;
    }
    if (all && (n_valid == 0 || n_valid > at_most)) j->valid = false;
    return st;
}

static enum status judge_not(struct judge *j) {
    json_t *schema = json_object_get(j->m->schema, "not");
    bool valid = false;
    if (!schema) return OK;
    const enum status st = judge_part(j, j->value, schema, under(j, "not"), &valid);
    if (valid) j->valid = false;
    return st;
}

static enum status judge_brought_in(struct judge *j) {
    const json_t *all = get(j, "allOf");
    const char *ref = json_string_value(get(j, "$ref"));
    enum status st = OK;
    if (ref) {
        const struct place *target;
        json_t *schema;
        st = schema_resolve(j->t, ref, j->m->at, &schema, &target);
        if (!st) st = judge_also(j, j->value, schema, target);
    }
    for (size_t i = 0; !st && i < json_array_size(all); i++)
        st = judge_also(j, j->value, json_array_get(all, i),
                        place_index(j->t, under(j, "allOf"), i));
    if (st || j->t->lenient) return st;
    return judge_choice(j, "anyOf", SIZE_MAX);
}

static enum status judge_combined(struct judge *j) {
    enum status st = j->opened ? OK : judge_brought_in(j);
    if (st || j->t->lenient) return st;
    st = judge_not(j);
    return st ? st : judge_choice(j, "oneOf", 1);
}

static enum status judge_keywords(struct judge *j) {
    enum status st = schema_check_keywords(j->t, j->m);
    if (!st && (get(j, "unevaluatedProperties") || get(j, "unevaluatedItems")))
        st = schema_refuse(j->t, ERR_UNSUPPORTED, j->m->at,
                           _("\"unevaluated...\" cannot be honoured beside \"enum\" or \"const\""));
    if (!st) st = judge_listed(j);
    if (!st && json_is_number(j->value)) judge_number(j);
    if (!st && json_is_string(j->value)) st = judge_string(j);
    if (!st && json_is_array(j->value)) st = judge_items(j);
    if (!st && json_is_object(j->value)) st = judge_properties(j);
    return st ? st : judge_combined(j);
}

static enum status judge_value(struct judge *j) {
    j->valid = !json_is_false(j->m->schema);
    if (json_is_boolean(j->m->schema)) return OK;
    if (!json_is_object(j->m->schema))
        return schema_refuse(j->t, ERR_INVALID, j->m->at,
                             _("a schema must be an object, true or false"));
    if (j->t->n_judging == DEPTH_MAX)
        return schema_refuse(j->t, ERR_LIMIT, j->m->at,
                             _("more than %d schemas refer to one another"), (int)DEPTH_MAX);
    j->t->n_judging++;
    const enum status st = judge_keywords(j);
    j->t->n_judging--;
    return st;
}

static enum status judge(struct translator *t, const json_t *value, const struct member *m,
                         bool opened, bool *valid) {
    struct judge j = {.t = t, .value = value, .m = m, .opened = opened};
    const enum status st = judge_value(&j);
    *valid = j.valid;
    return st;
}

enum status schema_valid(struct translator *t, const json_t *value, json_t *schema,
                         const struct place *at, bool *valid) {
    const struct member m = {.schema = schema, .at = at};
    return judge(t, value, &m, false, valid);
}

enum status schema_valid_all(struct translator *t, const json_t *value, const struct members *all,
                             bool opened, bool *valid) {
    enum status st = OK;
    *valid = !all->never;
    for (size_t i = 0; !st && *valid && i < all->n; i++)
        st = judge(t, value, all->m[i], opened, valid);
    return st;
}
