/* SPDX-License-Identifier: MIT
 *
 * Arrays: the items that have a schema of their own by number, then the others, counted.
 *
 * Different items of few values (uniqueItems) are a walk over the sets of values that were used.
 */
#include "engine/schema.h"

#include <stdio.h>
#include <string.h>

#include "base/intl.h"

enum { NUMBERED_MAX = 10000, UNIQUE_MAX = 8 };

struct array_of {
    struct translator *t;
    const struct members *leaf;
    const struct facts *f;
    size_t n_numbered;
    size_t min, max; /* items */
    char name[SCHEMA_NAME_MAX];
};

/* prefixItems, or in older drafts a list in `items`. */
static json_t *numbered(const json_t *schema, const char **keyword) {
    json_t *prefix = json_object_get(schema, "prefixItems");
    json_t *items = json_object_get(schema, "items");
    *keyword = prefix ? "prefixItems" : "items";
    return prefix ? prefix : json_is_array(items) ? items : NULL;
}

json_t *schema_item(struct translator *t, const struct member *m, size_t i,
                    const struct place **at) {
    const char *keyword;
    json_t *list = numbered(m->schema, &keyword);
    json_t *items = json_object_get(m->schema, "items");
    if (i < json_array_size(list)) {
        *at = place_index(t, place_keyword(t, m->at, keyword), i);
        return json_array_get(list, i);
    }
    const char *rest = json_is_array(items) ? "additionalItems" : "items";
    *at = place_keyword(t, m->at, rest);
    return json_object_get(m->schema, rest);
}

static enum status gather_item(struct array_of *a, size_t i, struct members *of) {
    enum status st = OK;
    for (size_t k = 0; !st && k < a->leaf->n; k++) {
        const struct place *at;
        json_t *schema = schema_item(a->t, a->leaf->m[k], i, &at);
        if (schema) st = members_add(a->t, of, schema, at, NULL);
    }
    return st;
}

/* *empty: there can be no such item. */
static enum status item_rule(struct array_of *a, size_t i, char rule[SCHEMA_NAME_MAX],
                             bool *empty) {
    struct members of = {0};
    const enum status st = gather_item(a, i, &of);
    *empty = of.never;
    return st || of.never ? st : schema_rule(a->t, &of, a->f->at, rule, empty);
}

/* --- plain arrays --- */

static enum status write_repeat(struct array_of *a, struct strbuf *out, const char *rule,
                                size_t min, size_t max) {
    const size_t most = max == SIZE_MAX ? min : max;
    if (most > GRAMMAR_REPEAT_MAX)
        return schema_refuse(a->t, ERR_LIMIT, a->f->at,
                             _("an array of %zu items: at most %d can be counted"), most,
                             (int)GRAMMAR_REPEAT_MAX);
    strbuf_printf(out, "(\",\" %s %s){%zu,", schema_shared(a->t, SHARED_SPACE), rule, min);
    if (max != SIZE_MAX) strbuf_printf(out, "%zu", max);
    strbuf_puts(out, "} \"]\"");
    return OK;
}

/* Behind the numbered items. */
static enum status write_tail(struct array_of *a, struct strbuf *out) {
    const size_t done = a->n_numbered;
    const size_t min = a->min > done ? a->min - done : 0;
    const size_t max = a->max == SIZE_MAX ? SIZE_MAX : a->max - done;
    char rule[SCHEMA_NAME_MAX] = "";
    bool empty = true;
    enum status st = max ? item_rule(a, SIZE_MAX, rule, &empty) : OK;
    if (st) return st;
    if (empty) {
        strbuf_puts(out, "\"]\""); /* min is 0: it was seen to */
        return OK;
    }
    if (done) return write_repeat(a, out, rule, min, max);
    if (min == 0) strbuf_puts(out, "\"]\" | ");
    strbuf_printf(out, "%s ", rule);
    return write_repeat(a, out, rule, min ? min - 1 : 0, max == SIZE_MAX ? SIZE_MAX : max - 1);
}

static enum status write_item(struct array_of *a, struct strbuf *out, size_t i) {
    char rule[SCHEMA_NAME_MAX];
    bool empty;
    const enum status st = item_rule(a, i, rule, &empty);
    if (i >= a->min) strbuf_puts(out, empty ? "\"]\"" : "\"]\" | ");
    if (st || empty) return st;
    if (i) strbuf_printf(out, "\",\" %s ", schema_shared(a->t, SHARED_SPACE));
    strbuf_printf(out, "%s %s-%zu", rule, a->name, i + 1);
    return OK;
}

static enum status write_items(struct array_of *a) {
    char name[2 * SCHEMA_NAME_MAX + 8];
    enum status st = OK;
    struct strbuf body;
    schema_new_name(a->t, a->name);
    strbuf_init(&body, SCHEMA_TEXT_MAX);
    for (size_t i = 0; !st && i <= a->n_numbered; i++) {
        st = i < a->n_numbered ? write_item(a, &body, i) : write_tail(a, &body);
        snprintf(name, sizeof(name), "%s-%zu", a->name, i);
        if (!st) st = schema_write_rule(a->t, name, &body);
    }
    strbuf_release(&body);
    return st;
}

/* How many items there may be: none behind one that cannot be. */
static enum status plan(struct array_of *a) {
    bool strict, empty = false;
    char rule[SCHEMA_NAME_MAX];
    enum status st = schema_is_strict(a->t, a->leaf, "unevaluatedItems", &strict);
    bool says = false;
    a->min = a->f->min_items;
    a->max = a->f->max_items;
    for (size_t i = 0; i < a->leaf->n; i++) {
        const char *keyword;
        const size_t n = json_array_size(numbered(a->leaf->m[i]->schema, &keyword));
        const struct place *at;
        if (n > a->n_numbered) a->n_numbered = n;
        says = says || schema_item(a->t, a->leaf->m[i], SIZE_MAX, &at);
    }
    if (a->n_numbered > a->max) a->n_numbered = a->max;
    if (a->n_numbered > NUMBERED_MAX)
        return schema_refuse(a->t, ERR_LIMIT, a->f->at, _("more than %d items in \"prefixItems\""),
                             (int)NUMBERED_MAX);
    for (size_t i = 0; !st && i <= a->n_numbered && i < a->max; i++) {
        st = item_rule(a, i < a->n_numbered ? i : SIZE_MAX, rule, &empty);
        if (!st && empty) a->max = i;
    }
    if (strict && !says && a->max > a->n_numbered) a->max = a->n_numbered;
    if (a->n_numbered > a->max) a->n_numbered = a->max;
    return st;
}

/* --- different items --- */

struct values {
    const json_t *v[UNIQUE_MAX];
    size_t n;
    bool too_many;
};

static void add_value(struct values *values, const json_t *value) {
    for (size_t i = 0; i < values->n; i++)
        if (schema_same(values->v[i], value)) return;
    if (values->n == UNIQUE_MAX)
        values->too_many = true;
    else
        values->v[values->n++] = value;
}

/* The values of an item, if they are few. */
static enum status gather_values(struct array_of *a, struct values *values) {
    struct members of = {0}, *leaves;
    size_t n_leaves = 0;
    enum status st = gather_item(a, SIZE_MAX, &of);
    if (!st) st = schema_expand(a->t, &of, &leaves, &n_leaves);
    for (size_t i = 0; !st && i < n_leaves; i++) {
        struct facts f;
        st = schema_facts(a->t, &leaves[i], &f);
        if (!st && !f.finite && (f.types & ~(unsigned)(TYPE_NULL | TYPE_BOOLEAN)))
            values->too_many = true;
        if (!f.finite && (f.types & TYPE_NULL)) add_value(values, json_null());
        if (!f.finite && (f.types & TYPE_BOOLEAN)) add_value(values, json_true());
        if (!f.finite && (f.types & TYPE_BOOLEAN)) add_value(values, json_false());
        for (size_t k = 0; !st && f.finite && k < f.n_values; k++)
            add_value(values, f.values[k]);
    }
    return st;
}

/* Those in the bits of `used` were written. */
static enum status write_used(struct array_of *a, struct strbuf *out, const struct values *values,
                              unsigned used) {
    const size_t count = (size_t)__builtin_popcount(used);
    enum status st = OK;
    size_t n = 0;
    if (count >= a->min) {
        gbnf_bar(out, &n);
        strbuf_puts(out, "\"]\"");
    }
    for (size_t i = 0; !st && i < values->n && count < a->max; i++) {
        if (used >> i & 1) continue;
        gbnf_bar(out, &n);
        if (used) strbuf_printf(out, "\",\" %s ", schema_shared(a->t, SHARED_SPACE));
        st = gbnf_value(a->t, out, values->v[i]);
        strbuf_printf(out, " %s-%u", a->name, used | 1u << i);
    }
    return st;
}

static enum status write_unique(struct array_of *a, struct strbuf *out, size_t *n) {
    char name[2 * SCHEMA_NAME_MAX];
    struct values values = {0};
    struct strbuf body;
    enum status st = gather_values(a, &values);
    if (!st && (values.too_many || a->n_numbered))
        st = schema_refuse(a->t, ERR_UNSUPPORTED, a->f->at,
                           _("\"uniqueItems\" cannot be honoured but for one item at most "
                             "(maxItems 1) or items of an \"enum\" of at most %d values"),
                           (int)UNIQUE_MAX);
    if (st || a->min > values.n || a->min > a->max) return st;
    if (a->max > values.n) a->max = values.n;
    schema_new_name(a->t, a->name);
    strbuf_init(&body, SCHEMA_TEXT_MAX);
    for (unsigned used = 0; !st && used < 1u << values.n; used++) {
        if ((size_t)__builtin_popcount(used) > a->max) continue;
        st = write_used(a, &body, &values, used);
        snprintf(name, sizeof(name), "%s-%u", a->name, used);
        if (!st) st = schema_write_rule(a->t, name, &body);
    }
    strbuf_release(&body);
    gbnf_bar(out, n);
    strbuf_printf(out, "\"[\" %s-0", a->name);
    return st;
}

static bool wants_unique(const struct members *leaf) {
    for (size_t i = 0; i < leaf->n; i++)
        if (json_is_true(json_object_get(leaf->m[i]->schema, "uniqueItems"))) return true;
    return false;
}

enum status schema_write_array(struct translator *t, struct strbuf *out, size_t *n,
                               const struct members *leaf, const struct facts *f) {
    struct array_of a = {.t = t, .leaf = leaf, .f = f};
    enum status st = plan(&a);
    if (st || a.min > a.max) return st;
    if (wants_unique(leaf) && a.max > 1) return write_unique(&a, out, n);
    st = write_items(&a);
    gbnf_bar(out, n);
    strbuf_printf(out, "\"[\" %s-0", a.name);
    return st;
}
