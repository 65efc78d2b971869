/* SPDX-License-Identifier: MIT
 *
 * Members of an object that are not listed in its properties: additionalProperties,
 * patternProperties, propertyNames.
 *
 * Every set of patterns that a key may match, and match no other, has its own alternative with
 * its own kind of value; an automaton keeps the listed names out of all of them.
 */
#include "engine/schema.h"

#include "base/intl.h"

enum { KEY_PATTERNS_MAX = 6 };

/* Any text at all. */
static const char any_text[] = "^[^]*$";

struct keys { /* patterns of patternProperties, of all members */
    struct {
        const struct member *m;
        struct pattern *pattern;
        json_t *schema;
        const struct place *at;
    } p[KEY_PATTERNS_MAX];
    size_t n;
    struct language names; /* what propertyNames says of all keys */
    bool none;             /* there is no key but those that are listed */
};

struct others {
    struct translator *t;
    const struct members *leaf;
    const struct facts *f;
    const char *const *words; /* [n_words] listed */
    size_t n_words;
};

static enum status gather_keys(struct others *o, struct keys *keys) {
    struct translator *t = o->t;
    const char *text;
    json_t *schema;
    enum status st = OK;
    for (size_t i = 0; i < o->leaf->n; i++) {
        const struct member *m = o->leaf->m[i];
        json_object_foreach(json_object_get(m->schema, "patternProperties"), text, schema) {
            const struct place *under = place_keyword(t, m->at, "patternProperties");
            if (st) continue;
            if (keys->n == KEY_PATTERNS_MAX)
                return schema_refuse(t, ERR_LIMIT, under,
                                     _("more than %d patterns of keys for one object"),
                                     (int)KEY_PATTERNS_MAX);
            keys->p[keys->n].m = m;
            keys->p[keys->n].schema = schema;
            keys->p[keys->n].at = place_name(t, under, text);
            st = schema_pattern(t, text, under, &keys->p[keys->n++].pattern);
        }
    }
    return st;
}

/* What the values of keys must be that match just the patterns in `chosen`. */
static enum status gather_value(struct others *o, const struct keys *keys, unsigned chosen,
                                struct members *of) {
    enum status st = OK;
    for (size_t i = 0; !st && i < o->leaf->n; i++) {
        const struct member *m = o->leaf->m[i];
        json_t *others = json_object_get(m->schema, "additionalProperties");
        bool known = false;
        for (size_t k = 0; !st && k < keys->n; k++) {
            if (keys->p[k].m != m || !(chosen >> k & 1)) continue;
            known = true;
            st = members_add(o->t, of, keys->p[k].schema, keys->p[k].at, NULL);
        }
        if (!st && !known && others)
            st = members_add(o->t, of, others, place_keyword(o->t, m->at, "additionalProperties"),
                             NULL);
    }
    return st;
}

/* Are keys that match no pattern left out, though nothing forbids them? Where properties are listed
 * and nothing is said about others, a model is not to invent any. */
static enum status others_are_left_out(struct others *o, bool *left_out) {
    bool lists = false, says = false;
    for (size_t i = 0; i < o->leaf->n; i++) {
        const json_t *schema = o->leaf->m[i]->schema;
        lists = lists || json_object_get(schema, "properties") ||
                json_object_get(schema, "patternProperties");
        says = says || json_object_get(schema, "additionalProperties") ||
               json_is_true(json_object_get(schema, "unevaluatedProperties"));
    }
    const enum status st = schema_is_strict(o->t, o->leaf, "unevaluatedProperties", left_out);
    *left_out = !says && (lists || *left_out);
    return st;
}

static enum status gather_name_schemas(struct others *o, struct members *all) {
    enum status st = OK;
    for (size_t i = 0; !st && i < o->leaf->n; i++) {
        const struct member *m = o->leaf->m[i];
        json_t *names = json_object_get(m->schema, "propertyNames");
        if (names)
            st = members_add(o->t, all, names, place_keyword(o->t, m->at, "propertyNames"), NULL);
    }
    return st;
}

/* What propertyNames say of keys. The names of an enum are listed ones, so none is left then. */
static enum status gather_names(struct others *o, struct keys *keys) {
    struct members all = {0}, flat = {0};
    bool chooses = false;
    struct facts f;
    keys->names = (struct language){.max = SIZE_MAX};
    enum status st = gather_name_schemas(o, &all);
    if (st || (!all.n && !all.never)) return st;
    st = schema_flatten(o->t, &all, &flat, &chooses);
    if (!st && chooses)
        st = schema_refuse(o->t, ERR_UNSUPPORTED, all.m[0]->at,
                           _("anyOf and oneOf cannot be honoured for the names of properties"));
    if (!st) st = schema_facts(o->t, &flat, &f);
    if (st) return st;
    keys->none = flat.never || f.finite || !(f.stated & TYPE_STRING);
    if (f.types & TYPE_STRING) schema_language(&f, &keys->names);
    return OK;
}

/* Keys that match just the chosen patterns and are not listed. */
static enum status write_key(struct others *o, struct strbuf *out, const struct keys *keys,
                             unsigned chosen, bool *empty) {
    struct language l = keys->names;
    l.words = o->words;
    l.n_words = o->n_words;
    *empty = false;
    if (!keys->n && !l.n_parts && !l.n_words && l.min == 0 && l.max == SIZE_MAX) {
        strbuf_puts(out, schema_shared(o->t, SHARED_STRING));
        return OK;
    }
    if (l.n_parts + keys->n + 1 > LANGUAGE_PARTS_MAX)
        return schema_refuse(o->t, ERR_LIMIT, o->f->at,
                             _("more than %d patterns for the names of properties"),
                             (int)LANGUAGE_PARTS_MAX - 1);
    for (size_t k = 0; k < keys->n; k++) {
        l.parts[l.n_parts].pattern = keys->p[k].pattern;
        l.parts[l.n_parts++].forbidden = !(chosen >> k & 1);
    }
    struct pattern *any;
    enum status st = schema_pattern(o->t, any_text, o->f->at, &any);
    if (st) return st;
    l.parts[l.n_parts++].pattern = any;
    strbuf_puts(out, "\"\\\"\" ");
    return language_write(o->t, out, &l, o->f->at, empty);
}

/* The members whose keys match just the chosen patterns; no alternative where there is none. */
static enum status write_chosen(struct others *o, struct strbuf *out, size_t *n,
                                const struct keys *keys, unsigned chosen) {
    struct members of = {0};
    struct strbuf key;
    char rule[SCHEMA_NAME_MAX];
    bool empty = false;
    enum status st = gather_value(o, keys, chosen, &of);
    if (st || of.never) return st;
    strbuf_init(&key, SCHEMA_TEXT_MAX);
    st = write_key(o, &key, keys, chosen, &empty);
    if (!st && !empty) st = schema_rule(o->t, &of, o->f->at, rule, &empty);
    if (!st && !empty) {
        gbnf_bar(out, n);
        strbuf_printf(out, "%s \":\" %s %s", strbuf_str(&key), schema_shared(o->t, SHARED_SPACE),
                      rule);
        if (key.failed) st = schema_no_memory(o->t);
    }
    strbuf_release(&key);
    return st;
}

enum status schema_write_others(struct translator *t, const struct members *leaf,
                                const struct facts *f, const char *const *words, size_t n_words,
                                char name[SCHEMA_NAME_MAX]) {
    struct others o = {.t = t, .leaf = leaf, .f = f, .words = words, .n_words = n_words};
    struct keys keys = {0};
    struct strbuf body;
    bool left_out;
    size_t n = 0;
    name[0] = '\0';
    enum status st = others_are_left_out(&o, &left_out);
    if (!st) st = gather_keys(&o, &keys);
    if (!st) st = gather_names(&o, &keys);
    if (st || keys.none) return st;
    strbuf_init(&body, SCHEMA_TEXT_MAX);
    for (unsigned chosen = left_out; !st && chosen < 1u << keys.n; chosen++)
        st = write_chosen(&o, &body, &n, &keys, chosen);
    if (!st && n) {
        schema_new_name(t, name);
        st = schema_write_rule(t, name, &body);
    }
    strbuf_release(&body);
    return st;
}
