/* SPDX-License-Identifier: MIT
 *
 * Objects: the listed properties in their order, each once, and then the others.
 *
 * The rules are states (i, c): the properties before i are decided, c members were written. Each
 * writes property i, with a comma if c > 0, and goes on at (i + 1, c + 1), or leaves it out. c is
 * counted as far as it matters: to 1 for the comma, further for minProperties and maxProperties.
 */
#include "engine/schema.h"

#include <stdio.h>
#include <string.h>

#include "base/intl.h"

enum { STATES_MAX = 100000 };

struct property {
    const char *name;
    bool required;
    char rule[SCHEMA_NAME_MAX]; /* of its value */
};

struct object {
    struct translator *t;
    const struct members *leaf;
    const struct facts *f;
    struct property *list; /* [n] */
    size_t n;
    const char **names; /* [n_names] listed, also those that can have no value */
    size_t n_names;
    bool impossible;            /* a required property can have no value */
    char free[SCHEMA_NAME_MAX]; /* the rule of a member that is not listed; "": there is none */
    char name[SCHEMA_NAME_MAX]; /* of the states */
    size_t count_max;           /* c stays there */
    bool counts_high;           /* no more than count_max members */
    uint8_t *alive;             /* [n + 1][count_max + 1] can be finished */
    uint8_t *reached;
};

/* --- what the members say --- */

static enum status key_matches(struct translator *t, const struct member *m, const char *pattern,
                               const char *name, bool *matches) {
    const struct place *at = place_keyword(t, m->at, "patternProperties");
    struct pattern *p;
    enum status st = schema_pattern(t, pattern, at, &p);
    const struct language l = {.parts = {{.pattern = p}}, .n_parts = 1, .max = SIZE_MAX};
    return st ? st : language_has(t, &l, name, at, matches);
}

static enum status check_name(struct translator *t, const struct member *m, const char *name,
                              struct members *of) {
    json_t *names = json_object_get(m->schema, "propertyNames");
    bool valid = true;
    if (!names) return OK;
    json_t *text = json_string(name);
    if (!text) return schema_no_memory(t);
    const enum status st = schema_valid(t, text, names, place_keyword(t, m->at, "propertyNames"),
                                        &valid);
    json_decref(text);
    if (!valid) of->never = true;
    return st;
}

enum status schema_property_of(struct translator *t, const struct member *m, const char *name,
                               struct members *of) {
    json_t *listed = json_object_get(json_object_get(m->schema, "properties"), name);
    json_t *patterns = json_object_get(m->schema, "patternProperties");
    json_t *others = json_object_get(m->schema, "additionalProperties"), *schema;
    const char *pattern;
    bool known = listed != NULL;
    enum status st = check_name(t, m, name, of);
    if (!st && listed)
        st = members_add(t, of, listed, place_name(t, place_keyword(t, m->at, "properties"), name),
                         NULL);
    json_object_foreach(patterns, pattern, schema) {
        bool matches = false;
        if (!st) st = key_matches(t, m, pattern, name, &matches);
        if (st || !matches) continue;
        known = true;
        st = members_add(t, of, schema,
                         place_name(t, place_keyword(t, m->at, "patternProperties"), pattern),
                         NULL);
    }
    if (!st && !known && others)
        st = members_add(t, of, others, place_keyword(t, m->at, "additionalProperties"), NULL);
    return st;
}

enum status schema_property(struct translator *t, const struct members *leaf, const char *name,
                            struct members *of) {
    enum status st = OK;
    for (size_t i = 0; !st && i < leaf->n; i++)
        st = schema_property_of(t, leaf->m[i], name, of);
    return st;
}

enum status schema_is_strict(struct translator *t, const struct members *leaf, const char *keyword,
                             bool *strict) {
    *strict = false;
    for (size_t i = 0; i < leaf->n; i++) {
        const struct member *m = leaf->m[i];
        const json_t *value = json_object_get(m->schema, keyword);
        if (!value || json_is_true(value)) continue;
        if (!json_is_false(value) || !schema_has_one_source(leaf, m))
            return schema_refuse(t, ERR_UNSUPPORTED, m->at,
                                 _("\"%s\" can be honoured where it is false and all else is "
                                   "brought in by the same schema"),
                                 keyword);
        *strict = true;
    }
    return OK;
}

/* --- the listed properties --- */

/* Adds a property unless its value can only be left out. */
static enum status add_property(struct object *o, const char *name, bool required) {
    struct translator *t = o->t;
    struct members of = {0};
    bool empty = true;
    struct property *p = &o->list[o->n];
    enum status st = schema_property(t, o->leaf, name, &of);
    *p = (struct property){.name = name, .required = required};
    if (!st && !of.never) st = schema_rule(t, &of, place_name(t, o->f->at, name), p->rule, &empty);
    if (!st && !empty) o->n++;
    if (!st && empty && required) o->impossible = true;
    return st;
}

/* Names in the order they come in, each once: `names` maps a name to whether it is required. */
static bool add_name(json_t *names, const char *name, bool required) {
    if (json_object_get(names, name) && !required) return true;
    return json_object_set_new(names, name, json_boolean(required)) == 0;
}

/* The keys that propertyNames lists in an enum are as good as properties. */
static bool add_listed_names(const struct members *leaf, json_t *names) {
    bool good = true;
    for (size_t i = 0; i < leaf->n; i++) {
        const json_t *schema = json_object_get(leaf->m[i]->schema, "propertyNames");
        const json_t *list = json_object_get(schema, "enum");
        for (size_t k = 0; good && k < json_array_size(list); k++) {
            const char *name = json_string_value(json_array_get(list, k));
            good = !name || add_name(names, name, false);
        }
    }
    return good;
}

static bool gather_names(const struct members *leaf, json_t *names) {
    const char *name;
    json_t *value;
    bool good = true;
    for (size_t i = 0; i < leaf->n; i++) {
        json_object_foreach(json_object_get(leaf->m[i]->schema, "properties"), name, value)
            good = good && add_name(names, name, false);
    }
    for (size_t i = 0; i < leaf->n; i++) {
        const json_t *required = json_object_get(leaf->m[i]->schema, "required");
        for (size_t k = 0; good && k < json_array_size(required); k++)
            good = add_name(names, json_string_value(json_array_get(required, k)), true);
    }
    return good && add_listed_names(leaf, names);
}

static enum status list_properties(struct object *o) {
    struct translator *t = o->t;
    json_t *names = json_object(), *required;
    const char *name;
    enum status st = OK;
    if (!names || !gather_names(o->leaf, names)) st = schema_no_memory(t);
    o->list = arena_alloc(&t->arena, (json_object_size(names) + 1) * sizeof(*o->list));
    o->names = arena_alloc(&t->arena, (json_object_size(names) + 1) * sizeof(*o->names));
    if (!st && (!o->list || !o->names)) st = schema_no_memory(t);
    json_object_foreach(names, name, required) {
        const char *copy = st ? NULL : arena_strndup(&t->arena, name, strlen(name));
        if (!st && !copy) st = schema_no_memory(t);
        if (st) continue;
        o->names[o->n_names++] = copy;
        st = add_property(o, copy, json_is_true(required));
    }
    json_decref(names);
    return st;
}

/* --- states --- */

static size_t state_at(const struct object *o, size_t i, size_t c) {
    return i * (o->count_max + 1) + c;
}

static size_t one_more(const struct object *o, size_t c) {
    return c < o->count_max ? c + 1 : c;
}

static bool may_add(const struct object *o, size_t c) {
    return !o->counts_high || c < o->f->max_properties;
}

/* Behind the listed ones: a member more is sure to have another name, two may have the same. */
static bool may_finish(const struct object *o, size_t c) {
    return c + (*o->free && may_add(o, c)) >= o->f->min_properties;
}

static enum status plan_counts(struct object *o) {
    const size_t max = o->f->max_properties, min = o->f->min_properties;
    o->counts_high = max < o->n || (*o->free && max != SIZE_MAX);
    o->count_max = o->counts_high ? max : min;
    if (o->count_max > o->n + 1) o->count_max = o->n + 1;
    if (o->count_max < 1) o->count_max = 1;
    const size_t n = (o->n + 1) * (o->count_max + 1);
    if (n > STATES_MAX)
        return schema_refuse(o->t, ERR_LIMIT, o->f->at,
                             _("%zu properties to be counted are too many"), o->n);
    o->alive = arena_alloc(&o->t->arena, n);
    o->reached = arena_alloc(&o->t->arena, n);
    if (!o->alive || !o->reached) return schema_no_memory(o->t);
    memset(o->alive, 0, n);
    memset(o->reached, 0, n);
    return OK;
}

static bool adds(const struct object *o, size_t i, size_t c) {
    return may_add(o, c) && o->alive[state_at(o, i + 1, one_more(o, c))];
}

static bool skips(const struct object *o, size_t i, size_t c) {
    return !o->list[i].required && o->alive[state_at(o, i + 1, c)];
}

static void plan_states(struct object *o) {
    for (size_t c = 0; c <= o->count_max; c++)
        o->alive[state_at(o, o->n, c)] = may_finish(o, c);
    for (size_t i = o->n; i-- > 0;)
        for (size_t c = 0; c <= o->count_max; c++)
            o->alive[state_at(o, i, c)] = adds(o, i, c) || skips(o, i, c);
    o->reached[0] = 1;
    for (size_t i = 0; i < o->n; i++) {
        for (size_t c = 0; c <= o->count_max; c++) {
            if (!o->reached[state_at(o, i, c)]) continue;
            if (adds(o, i, c)) o->reached[state_at(o, i + 1, one_more(o, c))] = 1;
            if (skips(o, i, c)) o->reached[state_at(o, i + 1, c)] = 1;
        }
    }
}

static void write_comma(struct object *o, struct strbuf *out, size_t c) {
    if (c) strbuf_printf(out, "\",\" %s ", schema_shared(o->t, SHARED_SPACE));
}

static void write_pair(struct object *o, struct strbuf *out, const struct property *p) {
    struct strbuf key;
    strbuf_init(&key, SCHEMA_TEXT_MAX);
    json_text(&key, p->name, strlen(p->name));
    strbuf_putc(&key, ':');
    gbnf_text(out, strbuf_str(&key), key.n);
    strbuf_printf(out, " %s %s", schema_shared(o->t, SHARED_SPACE), p->rule);
    out->failed = out->failed || key.failed;
    strbuf_release(&key);
}

static void write_state(struct object *o, struct strbuf *out, size_t i, size_t c) {
    size_t n = 0;
    if (adds(o, i, c)) {
        gbnf_bar(out, &n);
        write_comma(o, out, c);
        write_pair(o, out, &o->list[i]);
        strbuf_printf(out, " %s-%zu-%zu", o->name, i + 1, one_more(o, c));
    }
    if (skips(o, i, c)) {
        gbnf_bar(out, &n);
        strbuf_printf(out, "%s-%zu-%zu", o->name, i + 1, c);
    }
}

/* The members that are not listed, and the closing brace. */
static enum status write_last_state(struct object *o, struct strbuf *out, size_t c) {
    const size_t max = o->f->max_properties;
    size_t n = 0;
    if (c >= o->f->min_properties) {
        gbnf_bar(out, &n);
        strbuf_puts(out, "\"}\"");
    }
    if (!*o->free || !may_add(o, c)) return OK;
    gbnf_bar(out, &n);
    write_comma(o, out, c);
    strbuf_printf(out, "%s (\",\" %s %s)", o->free, schema_shared(o->t, SHARED_SPACE), o->free);
    if (max == SIZE_MAX) {
        strbuf_puts(out, "*");
    } else {
        const size_t more = max - c - 1;
        if (more > GRAMMAR_REPEAT_MAX)
            return schema_refuse(o->t, ERR_LIMIT, o->f->at,
                                 _("maxProperties %zu: at most %d can be counted"), max,
                                 (int)GRAMMAR_REPEAT_MAX);
        strbuf_printf(out, "{0,%zu}", more);
    }
    strbuf_puts(out, " \"}\"");
    return OK;
}

static enum status write_states(struct object *o) {
    enum status st = OK;
    struct strbuf body;
    char name[3 * SCHEMA_NAME_MAX];
    strbuf_init(&body, SCHEMA_TEXT_MAX);
    for (size_t i = 0; !st && i <= o->n; i++) {
        for (size_t c = 0; !st && c <= o->count_max; c++) {
            if (!o->reached[state_at(o, i, c)]) continue;
            if (i < o->n)
                write_state(o, &body, i, c);
            else
                st = write_last_state(o, &body, c);
            snprintf(name, sizeof(name), "%s-%zu-%zu", o->name, i, c);
            if (!st) st = schema_write_rule(o->t, name, &body);
        }
    }
    strbuf_release(&body);
    return st;
}

enum status schema_write_object(struct translator *t, struct strbuf *out, size_t *n,
                                const struct members *leaf, const struct facts *f) {
    struct object o = {.t = t, .leaf = leaf, .f = f};
    enum status st = list_properties(&o);
    if (st || o.impossible) return st;
    st = schema_write_others(t, leaf, f, o.names, o.n_names, o.free);
    if (!st) st = plan_counts(&o);
    if (st) return st;
    plan_states(&o);
    if (!o.alive[0]) return OK;
    schema_new_name(t, o.name);
    st = write_states(&o);
    gbnf_bar(out, n);
    strbuf_printf(out, "\"{\" %s-0-0", o.name);
    return st;
}
