/* SPDX-License-Identifier: MIT
 *
 * Can a value that the grammar makes of one alternative of a oneOf satisfy another one as well?
 *
 * Shown is only what is plain: types, listed values, bounds and lengths that do not meet; objects
 * where a required property has values that are apart, or where one alternative requires a
 * property that the other one's grammar never writes. What choices (anyOf) stand in an alternative
 * is not looked at, which can only make it look wider than it is.
 */
#include "engine/schema.h"

#include <string.h>

enum { DEPTH_MAX = 4 };

struct pair {
    struct translator *t;
    const struct members *made, *other;
    bool settled; /* no choice is left in `made` */
    unsigned depth;
};

static enum status look(const struct pair *p, bool *apart);

/* --- values --- */

/* Is each of the values refused? */
static enum status refuses_all(struct translator *t, const struct facts *f,
                               const struct members *other, bool *refuses) {
    enum status st = OK;
    bool valid = false;
    for (size_t i = 0; !st && !valid && i < f->n_values; i++)
        st = schema_valid_all(t, f->values[i], other, true, &valid);
    *refuses = !valid;
    return st;
}

static bool numbers_apart(const struct facts *a, const struct facts *b) {
    return (a->high && b->low && decimal_compare(a->high, b->low) < 0) ||
           (b->high && a->low && decimal_compare(b->high, a->low) < 0);
}

static bool sizes_apart(const struct facts *a, const struct facts *b, unsigned type) {
    if (type == TYPE_STRING) return a->max_length < b->min_length || b->max_length < a->min_length;
    if (type == TYPE_ARRAY) return a->max_items < b->min_items || b->max_items < a->min_items;
    return a->max_properties < b->min_properties || b->max_properties < a->min_properties;
}

/* --- objects --- */

static bool requires(const struct members *all, const char *name) {
    for (size_t i = 0; i < all->n; i++) {
        const json_t *required = json_object_get(all->m[i]->schema, "required");
        for (size_t k = 0; k < json_array_size(required); k++)
            if (strcmp(json_string_value(json_array_get(required, k)), name) == 0) return true;
    }
    return false;
}

/* Does what we make of these never have the property? Only listed ones are written where nothing is
 * said of others. `only` false: forbidden by the schema itself, so that nobody may write it. */
static bool never_writes(const struct members *all, const char *name, bool only) {
    bool lists = false, says = false, forbids = false;
    for (size_t i = 0; i < all->n; i++) {
        const json_t *schema = all->m[i]->schema;
        const json_t *properties = json_object_get(schema, "properties");
        const json_t *own = json_object_get(properties, name);
        const json_t *others = json_object_get(schema, "additionalProperties");
        if (json_is_false(own)) return true;
        if (json_object_get(schema, "patternProperties")) return false;
        forbids = forbids || (json_is_false(others) && !own);
        lists = lists || properties;
        says = says || others || own || json_object_get(schema, "unevaluatedProperties") ||
               json_object_get(schema, "propertyNames");
    }
    return forbids || (only && lists && !says && !requires(all, name));
}

/* Required in one of them: its values are apart, or the other one has no such property. */
static enum status named_apart(const struct pair *p, const char *name, bool *apart) {
    struct members mine = {0}, its = {0}, flat_mine = {0}, flat_its = {0};
    bool chooses_mine = true, chooses_its;
    *apart = (requires(p->made, name) && never_writes(p->other, name, false)) ||
             (requires(p->other, name) && p->settled && never_writes(p->made, name, true));
    if (*apart) return OK;
    enum status st = schema_property(p->t, p->made, name, &mine);
    if (!st) st = schema_property(p->t, p->other, name, &its);
    if (!st) st = schema_flatten(p->t, &mine, &flat_mine, &chooses_mine);
    if (!st) st = schema_flatten(p->t, &its, &flat_its, &chooses_its);
    const struct pair values = {.t = p->t,
                                .made = &flat_mine,
                                .other = &flat_its,
                                .settled = !chooses_mine,
                                .depth = p->depth + 1};
    return st ? st : look(&values, apart);
}

static enum status objects_apart(const struct pair *p, bool *apart) {
    const struct members *both[] = {p->made, p->other};
    enum status st = OK;
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < both[k]->n; i++) {
            const json_t *required = json_object_get(both[k]->m[i]->schema, "required");
            for (size_t r = 0; !st && !*apart && r < json_array_size(required); r++)
                st = named_apart(p, json_string_value(json_array_get(required, r)), apart);
        }
    }
    return st;
}

/* --- the whole --- */

static enum status type_apart(const struct pair *p, const struct facts *a, const struct facts *b,
                              unsigned type, bool *apart) {
    *apart = false;
    if (type & TYPE_NUMBER) *apart = numbers_apart(a, b);
    if (type & (TYPE_STRING | TYPE_ARRAY | TYPE_OBJECT)) *apart = sizes_apart(a, b, type);
    if (type != TYPE_OBJECT || *apart) return OK;
    return objects_apart(p, apart);
}

static enum status look(const struct pair *p, bool *apart) {
    struct facts a, b;
    *apart = p->made->never || p->other->never;
    if (*apart || p->depth > DEPTH_MAX) return OK;
    enum status st = schema_facts(p->t, p->made, &a);
    if (!st) st = schema_facts(p->t, p->other, &b);
    *apart = p->depth == 0 && a.finite; /* its values are asked about the oneOf itself */
    if (st || *apart) return st;
    if (a.finite) return refuses_all(p->t, &a, p->other, apart);
    if (b.finite) return refuses_all(p->t, &b, p->made, apart);
    /* types that no `type` states bind only what we make, and a choice may state one yet */
    const unsigned common = (p->settled ? a.types : a.stated) & b.stated;
    *apart = true;
    for (unsigned type = 1; !st && *apart && type < TYPE_ALL; type <<= 1)
        if (common & type) st = type_apart(p, &a, &b, type, apart);
    return st;
}

enum status schema_apart(struct translator *t, const struct members *made, bool settled,
                         const struct members *other, bool *apart) {
    const struct pair p = {.t = t, .made = made, .other = other, .settled = settled};
    struct error *err = t->err;
    struct error ignored = {.status = OK};
    t->err = &ignored;
    t->lenient = true; /* the choice that is being opened must not be asked */
    enum status st = look(&p, apart);
    t->lenient = false;
    t->err = err;
    if (st == ERR_NOMEM) return schema_no_memory(t);
    if (st) *apart = false; /* what cannot be judged here is refused in its own place */
    return schema_work(t, 4, NULL);
}
