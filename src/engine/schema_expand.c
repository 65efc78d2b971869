/* SPDX-License-Identifier: MIT
 *
 * Several schemas that must hold at once, made into alternatives of plain ones.
 *
 * $ref and allOf bring in more that must hold; anyOf and oneOf bring in a choice. All that must
 * hold is gathered first, then one choice after another is opened, so that an alternative (a leaf)
 * is a list of schemas of which only the keywords about types and values are left to be read.
 * Schemas inside others (properties, items) are not looked into here.
 */
#include "engine/schema.h"

#include <string.h>

#include "base/intl.h"

enum { CHAIN_MAX = 400, CHOICES_MAX = 256, ONE_OF_MAX = 256 };

struct choice {
    const struct member *owner;
    const char *keyword;
};

struct gathering {
    struct members done;
    struct choice *choices; /* [n_choices] met so far */
    size_t n_choices, n_opened, capacity;
};

struct leaves {
    struct array all; /* struct members */
    struct translator *t;
};

static enum status push_member(struct translator *t, struct members *all, struct member *m) {
    if (all->n == all->capacity) {
        const size_t capacity = all->capacity ? 2 * all->capacity : 4;
        struct member **grown = arena_alloc(&t->arena, capacity * sizeof(struct member *));
        if (!grown) return schema_no_memory(t);
        if (all->n) memcpy(grown, all->m, all->n * sizeof(struct member *));
        all->m = grown;
        all->capacity = capacity;
    }
    all->m[all->n++] = m;
    return OK;
}

static bool has_schema(const struct members *all, const json_t *schema) {
    for (size_t i = 0; i < all->n; i++)
        if (all->m[i]->schema == schema) return true;
    return false;
}

enum status members_add(struct translator *t, struct members *all, json_t *schema,
                        const struct place *at, const struct member *from) {
    if (json_is_true(schema)) return OK;
    if (json_is_false(schema)) {
        all->never = true;
        return OK;
    }
    if (!json_is_object(schema))
        return schema_refuse(t, ERR_INVALID, at, _("a schema must be an object, true or false"));
    const enum status st = schema_work(t, 1 + all->n / 16, at);
    if (st || has_schema(all, schema)) return st;
    struct member *m = arena_alloc(&t->arena, sizeof(*m));
    if (!m) return schema_no_memory(t);
    *m = (struct member){
        .schema = schema, .at = at, .from = from, .depth = from ? from->depth + 1 : 0};
    return push_member(t, all, m);
}

/* --- what must hold --- */

static enum status refuse_ring(struct translator *t, const struct place *at) {
    return schema_refuse(t, ERR_INVALID, at,
                         _("this schema leads back to itself with nothing in between"));
}

static enum status gather(struct translator *t, struct gathering *g, json_t *schema,
                          const struct place *at, const struct member *from);

static bool grow_choices(struct translator *t, struct gathering *g) {
    const size_t capacity = 2 * g->n_choices + 2;
    struct choice *grown = arena_alloc(&t->arena, capacity * sizeof(*grown));
    if (!grown) return false;
    if (g->n_choices) memcpy(grown, g->choices, g->n_choices * sizeof(*grown));
    g->choices = grown;
    g->capacity = capacity;
    return true;
}

static enum status add_choice(struct translator *t, struct gathering *g, const struct member *m,
                              const char *keyword) {
    if (!json_object_get(m->schema, keyword)) return OK;
    if (g->n_choices == CHOICES_MAX)
        return schema_refuse(t, ERR_LIMIT, m->at,
                             _("more than %d of anyOf and oneOf must hold at once"),
                             (int)CHOICES_MAX);
    if (g->n_choices == g->capacity && !grow_choices(t, g)) return schema_no_memory(t);
    g->choices[g->n_choices++] = (struct choice){.owner = m, .keyword = keyword};
    return OK;
}

/* What the keywords of a member bring in. */
static enum status gather_from(struct translator *t, struct gathering *g, const struct member *m) {
    const char *ref = json_string_value(json_object_get(m->schema, "$ref"));
    json_t *all = json_object_get(m->schema, "allOf"), *schema;
    enum status st = OK;
    if (ref) {
        const struct place *target;
        st = schema_resolve(t, ref, m->at, &schema, &target);
        if (!st) st = gather(t, g, schema, target, m);
    }
    for (size_t i = 0; !st && i < json_array_size(all); i++) {
        const struct place *at = place_index(t, place_keyword(t, m->at, "allOf"), i);
        st = gather(t, g, json_array_get(all, i), at, m);
    }
    if (!st) st = add_choice(t, g, m, "anyOf");
    if (!st) st = add_choice(t, g, m, "oneOf");
    return st;
}

static enum status gather(struct translator *t, struct gathering *g, json_t *schema,
                          const struct place *at, const struct member *from) {
    for (const struct member *m = from; m; m = m->from)
        if (m->schema == schema) return refuse_ring(t, at);
    if (from && from->depth > CHAIN_MAX)
        return schema_refuse(t, ERR_LIMIT, at,
                             _("more than %d of $ref, allOf, anyOf and oneOf follow one another"),
                             (int)CHAIN_MAX);
    const size_t before = g->done.n;
    enum status st = members_add(t, &g->done, schema, at, from);
    if (st || g->done.n == before) return st;
    struct member *m = g->done.m[before];
    st = schema_check_keywords(t, m);
    return st ? st : gather_from(t, g, m);
}

static enum status gathering_begin(struct translator *t, struct gathering *g,
                                   const struct members *all) {
    enum status st = OK;
    *g = (struct gathering){.done = {.never = all->never}};
    for (size_t i = 0; !st && i < all->n; i++)
        st = gather(t, g, all->m[i]->schema, all->m[i]->at, NULL);
    return st;
}

enum status schema_flatten(struct translator *t, const struct members *all, struct members *flat,
                           bool *chooses) {
    struct gathering g;
    const enum status st = gathering_begin(t, &g, all);
    if (st) return st;
    *flat = g.done;
    *chooses = g.n_choices > 0;
    return OK;
}

bool schema_has_one_source(const struct members *leaf, const struct member *source) {
    for (size_t i = 0; i < leaf->n; i++) {
        const struct member *m = leaf->m[i];
        while (m && m != source)
            m = m->from;
        if (!m) return false;
    }
    return true;
}

/* --- choices --- */

static enum status copy_gathering(struct translator *t, struct gathering *to,
                                  const struct gathering *g) {
    *to = *g;
    to->done.capacity = g->done.n + 4;
    to->done.m = arena_alloc(&t->arena, to->done.capacity * sizeof(struct member *));
    if (!to->done.m || !grow_choices(t, to)) return schema_no_memory(t);
    if (g->done.n) memcpy(to->done.m, g->done.m, g->done.n * sizeof(struct member *));
    return schema_work(t, 1 + g->done.n / 4, NULL);
}

static enum status refuse_one_of(struct translator *t, const struct choice *c, size_t i, size_t j) {
    return schema_refuse(t, ERR_UNSUPPORTED, c->owner->at,
                         _("one value may satisfy the alternatives %zu and %zu of \"oneOf\" at "
                           "once, which cannot be ruled out here; \"anyOf\" allows it, and a "
                           "required property with another \"const\" in each excludes it"),
                         i, j);
}

static bool is_settled(const struct gathering *g) {
    return g->n_opened == g->n_choices;
}

/* What is made of alternative i must satisfy no other one. Comparing leaves nothing behind. */
static enum status compare_with_others(struct translator *t, const struct choice *c,
                                       const struct gathering *g, size_t n, size_t i) {
    const struct arena before = t->arena;
    enum status st = OK;
    bool apart = true;
    size_t j = 0;
    t->arena = (struct arena){0};
    for (; !st && apart && j < n; j++)
        if (j != i) st = schema_apart(t, &g[i].done, is_settled(&g[i]), &g[j].done, &apart);
    arena_release(&t->arena);
    t->arena = before;
    if (st || apart) return st;
    j--;
    return refuse_one_of(t, c, i < j ? i : j, i < j ? j : i);
}

/* No two alternatives may hold at once: what is made of one must not satisfy another. */
static enum status check_one_of(struct translator *t, const struct choice *c,
                                const struct gathering *g, size_t n) {
    enum status st = OK;
    if (n > ONE_OF_MAX)
        return schema_refuse(t, ERR_LIMIT, c->owner->at,
                             _("\"oneOf\" has %zu alternatives; more than %d are too many to "
                               "compare; use \"anyOf\""),
                             n, (int)ONE_OF_MAX);
    for (size_t i = 0; !st && i < n; i++)
        st = compare_with_others(t, c, g, n, i);
    return st;
}

static enum status open_choices(struct leaves *leaves, struct gathering *g);

static enum status add_leaf(struct leaves *leaves, const struct gathering *g) {
    struct translator *t = leaves->t;
    if (g->done.never) return OK;
    if (leaves->all.n == SCHEMA_LEAVES_MAX)
        return schema_refuse(t, ERR_LIMIT, g->done.n ? g->done.m[0]->at : NULL,
                             _("more than %d alternatives come together"), (int)SCHEMA_LEAVES_MAX);
    return array_push(&leaves->all, &g->done, sizeof(g->done)) ? OK : schema_no_memory(t);
}

static enum status open_one(struct leaves *leaves, struct gathering *g) {
    struct translator *t = leaves->t;
    const struct choice c = g->choices[g->n_opened++];
    json_t *all = json_object_get(c.owner->schema, c.keyword);
    const size_t n = json_array_size(all);
    const struct place *at = place_keyword(t, c.owner->at, c.keyword);
    struct gathering *each = arena_alloc(&t->arena, n * sizeof(*each));
    enum status st = each ? OK : schema_no_memory(t);
    for (size_t i = 0; !st && i < n; i++) {
        st = copy_gathering(t, &each[i], g);
        if (!st) st = gather(t, &each[i], json_array_get(all, i), place_index(t, at, i), c.owner);
    }
    if (!st && strcmp(c.keyword, "oneOf") == 0 && n > 1) st = check_one_of(t, &c, each, n);
    for (size_t i = 0; !st && i < n; i++)
        st = open_choices(leaves, &each[i]);
    return st;
}

/* Its recursion is as deep as there are choices, CHOICES_MAX. */
static enum status open_choices(struct leaves *leaves, struct gathering *g) {
    if (g->done.never) return OK;
    return is_settled(g) ? add_leaf(leaves, g) : open_one(leaves, g);
}

enum status schema_expand(struct translator *t, const struct members *all, struct members **leaves,
                          size_t *n_leaves) {
    struct leaves found = {.t = t};
    struct gathering g;
    enum status st = gathering_begin(t, &g, all);
    if (!st) st = open_choices(&found, &g);
    *n_leaves = st ? 0 : found.all.n;
    *leaves = arena_alloc(&t->arena, (*n_leaves + 1) * sizeof(struct members));
    if (!st && !*leaves) st = schema_no_memory(t);
    if (!st && *n_leaves) memcpy(*leaves, found.all.data, *n_leaves * sizeof(struct members));
    array_release(&found.all);
    return st;
}
