/* SPDX-License-Identifier: MIT
 *
 * JSON Schema to GBNF: reads the schema, and writes one rule for every set of schemas that must
 * hold together somewhere. A rule is known by its set before its text is there, so a schema that
 * refers to itself is a rule that does.
 */
#include "engine/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intl.h"

enum { RULES_MAX = 1 << 16 };

/* --- names and texts --- */

void schema_new_name(struct translator *t, char name[SCHEMA_NAME_MAX]) {
    snprintf(name, SCHEMA_NAME_MAX, "x%zu", ++t->n_names);
}

static const struct {
    unsigned which, needs;
    const char *name, *body;
} shared_rules[] = {
    {SHARED_VALUE, SHARED_OBJECT | SHARED_ARRAY | SHARED_STRING | SHARED_NUMBER, "value",
     "object | array | string | number | \"true\" | \"false\" | \"null\""},
    {SHARED_OBJECT, SHARED_VALUE | SHARED_STRING | SHARED_SPACE, "object",
     "\"{\" (string \":\" sp value (\",\" sp string \":\" sp value)*)? \"}\""},
    {SHARED_ARRAY, SHARED_VALUE | SHARED_SPACE, "array", "\"[\" (value (\",\" sp value)*)? \"]\""},
    {SHARED_STRING, SHARED_CHAR, "string", "\"\\\"\" char* \"\\\"\""},
    {SHARED_CHAR, 0, "char",
     "[^\\x00-\\x1F\\x22\\x5C] | \"\\\\\" ([\\x22\\x5C/bfnrt] | \"u\" (\n"
     "  \"000\" [1-9A-Fa-f] | \"00\" [1-9A-Fa-f] [0-9A-Fa-f] | \"0\" [1-9A-Fa-f] [0-9A-Fa-f]{2} |\n"
     "  [1-9A-Ca-cEeFf] [0-9A-Fa-f]{3} | [Dd] [0-7] [0-9A-Fa-f]{2} |\n"
     "  [Dd] [89ABab] [0-9A-Fa-f]{2} \"\\\\u\" [Dd] [C-Fc-f] [0-9A-Fa-f]{2}))"},
    {SHARED_INTEGER, 0, "integer", "\"0\" | \"-\"? [1-9] [0-9]{0,17}"},
    {SHARED_NUMBER, 0, "number",
     "\"-\"? (\"0\" | [1-9] [0-9]{0,17}) (\".\" [0-9]{1,17})? ([eE] [+-]? [0-9]{1,2})?"},
    {SHARED_SPACE, 0, "sp", "\" \"?"},
};

enum { N_SHARED = sizeof(shared_rules) / sizeof(*shared_rules) };

const char *schema_shared(struct translator *t, unsigned which) {
    const char *name = NULL;
    for (size_t i = 0; i < N_SHARED; i++)
        if (shared_rules[i].which == which) name = shared_rules[i].name;
    t->shared |= which;
    return name;
}

static void write_shared(struct translator *t) {
    for (int round = 0; round < 4; round++) /* what they need, and what that needs */
        for (size_t i = 0; i < N_SHARED; i++)
            if (t->shared & shared_rules[i].which) t->shared |= shared_rules[i].needs;
    for (size_t i = 0; i < N_SHARED; i++)
        if (t->shared & shared_rules[i].which)
            strbuf_printf(t->out, "%s ::= %s\n", shared_rules[i].name, shared_rules[i].body);
}

static enum status refuse_length(struct translator *t) {
    return schema_refuse(t, ERR_LIMIT, NULL,
                         _("its grammar would have more than %d bytes; make the schema simpler"),
                         (int)SCHEMA_TEXT_MAX);
}

enum status schema_check_text(struct translator *t, const struct strbuf *text) {
    if (!text->failed) return OK;
    return text->n > SCHEMA_TEXT_MAX / 2 ? refuse_length(t) : schema_no_memory(t);
}

enum status schema_write_rule(struct translator *t, const char *name, struct strbuf *body) {
    const enum status st = schema_check_text(t, body);
    if (st) return st;
    if (t->out->n + body->n > SCHEMA_TEXT_MAX - 3 * SCHEMA_NAME_MAX) return refuse_length(t);
    strbuf_printf(t->out, "%s ::= ", name);
    strbuf_append(t->out, strbuf_str(body), body->n);
    strbuf_putc(t->out, '\n');
    strbuf_clear(body);
    return schema_check_text(t, t->out);
}

/* --- rules --- */

static struct schema_rule *rule_at(const struct translator *t, size_t i) {
    return (struct schema_rule *)t->rules.data + i;
}

static int by_address(const void *a, const void *b) {
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    return x < y ? -1 : x > y;
}

/* The schemas of a set in an order of their own. */
static json_t **make_key(struct translator *t, const struct members *all) {
    json_t **key = arena_alloc(&t->arena, all->n * sizeof(json_t *));
    if (!key) return NULL;
    for (size_t i = 0; i < all->n; i++)
        key[i] = all->m[i]->schema;
    qsort(key, all->n, sizeof(json_t *), by_address);
    return key;
}

static uint32_t *find_bucket(const struct translator *t, json_t *const *key, size_t n) {
    uint64_t h = 0xCBF29CE484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (uintptr_t)key[i]) * 0x9E3779B97F4A7C15u;
    size_t i = (size_t)(h >> 40) & (t->n_buckets - 1);
    for (; t->buckets[i]; i = (i + 1) & (t->n_buckets - 1)) {
        const struct schema_rule *r = rule_at(t, t->buckets[i] - 1);
        if (r->n_key == n && memcmp(r->key, key, n * sizeof(json_t *)) == 0) break;
    }
    return &t->buckets[i];
}

static enum status write_values(struct translator *t, struct strbuf *out, size_t *n,
                                const struct facts *f) {
    enum status st = OK;
    for (size_t i = 0; !st && i < f->n_values; i++) {
        gbnf_bar(out, n);
        st = gbnf_value(t, out, f->values[i]);
    }
    return st;
}

static enum status write_leaf(struct translator *t, struct strbuf *out, size_t *n,
                              const struct members *leaf) {
    struct facts f;
    enum status st = schema_facts(t, leaf, &f);
    if (st || f.finite) return st ? st : write_values(t, out, n, &f);
    if (f.anything) {
        gbnf_bar(out, n);
        strbuf_puts(out, schema_shared(t, SHARED_VALUE));
        return OK;
    }
    if (f.types & TYPE_OBJECT) st = schema_write_object(t, out, n, leaf, &f);
    if (!st && (f.types & TYPE_ARRAY)) st = schema_write_array(t, out, n, leaf, &f);
    if (!st && (f.types & TYPE_STRING)) st = schema_write_string(t, out, n, &f);
    if (!st && (f.types & TYPE_NUMBER)) st = schema_write_number(t, out, n, &f);
    if (!st && (f.types & TYPE_BOOLEAN)) {
        gbnf_bar(out, n);
        strbuf_puts(out, "\"true\" | \"false\"");
    }
    if (!st && (f.types & TYPE_NULL)) {
        gbnf_bar(out, n);
        strbuf_puts(out, "\"null\"");
    }
    return st;
}

static enum status write_rule(struct translator *t, size_t i, const struct members *all,
                              const struct place *at, const char *name) {
    struct members *leaves;
    size_t n_leaves, n = 0;
    struct strbuf body;
    strbuf_init(&body, SCHEMA_TEXT_MAX);
    enum status st = schema_expand(t, all, &leaves, &n_leaves);
    for (size_t k = 0; !st && k < n_leaves; k++)
        st = write_leaf(t, &body, &n, &leaves[k]);
    if (!st && n) st = schema_write_rule(t, name, &body);
    strbuf_release(&body);
    if (!st && !n && rule_at(t, i)->is_used)
        st = schema_refuse(t, ERR_INVALID, at, _("nothing can satisfy this schema"));
    rule_at(t, i)->state = n ? RULE_WRITTEN : RULE_EMPTY;
    if (!st && !n && !t->n_empty++) t->empty_at = at;
    return st;
}

enum status schema_rule(struct translator *t, struct members *all, const struct place *at,
                        char name[SCHEMA_NAME_MAX], bool *empty) {
    *empty = all->never;
    if (all->never) return OK;
    if (!all->n) {
        snprintf(name, SCHEMA_NAME_MAX, "%s", schema_shared(t, SHARED_VALUE));
        return OK;
    }
    struct schema_rule rule = {.key = make_key(t, all), .n_key = all->n};
    if (!rule.key) return schema_no_memory(t);
    uint32_t *bucket = find_bucket(t, rule.key, rule.n_key);
    const bool is_new = !*bucket;
    enum status st = OK;
    if (is_new && (t->n_deep == SCHEMA_RULES_DEEP_MAX || t->rules.n == RULES_MAX))
        return schema_refuse(
            t, ERR_LIMIT, at,
            _("the schemas that follow from one another are too many or too deep"));
    if (is_new && !array_push(&t->rules, &rule, sizeof(rule))) return schema_no_memory(t);
    if (is_new) *bucket = (uint32_t)t->rules.n;
    const size_t i = *bucket - 1;
    snprintf(name, SCHEMA_NAME_MAX, "r%zu", i);
    if (is_new) {
        t->n_deep++;
        st = write_rule(t, i, all, all->m[0]->at, name);
        t->n_deep--;
    }
    if (rule_at(t, i)->state == RULE_BEGUN) rule_at(t, i)->is_used = true;
    *empty = rule_at(t, i)->state == RULE_EMPTY;
    return st;
}

/* --- the document --- */

/* Brackets in brackets are counted before anything reads the text by recursion. */
static enum status check_nesting(const char *json, size_t n, struct error *err) {
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < n; i++) {
        const char c = json[i];
        if (quoted && c == '\\') {
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == '{' || c == '[')) {
            if (++depth > SCHEMA_NESTING_MAX)
                return fail(err, ERR_LIMIT,
                            _("schema: more than %d brackets stand in one another, from byte %zu"),
                            (int)SCHEMA_NESTING_MAX, i);
        } else if (!quoted && (c == '}' || c == ']') && depth) {
            depth--;
        }
    }
    return OK;
}

static enum status load(struct translator *t, const char *json, size_t n) {
    json_error_t why;
    char shown[SCHEMA_SHOWN];
    if (n > SCHEMA_BYTES_MAX)
        return fail(t->err, ERR_LIMIT, _("schema: it has %zu bytes; at most %zu are taken"), n,
                    (size_t)SCHEMA_BYTES_MAX);
    const enum status st = check_nesting(json, n, t->err);
    if (st) return st;
    t->root = json_loadb(json, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (t->root) return OK;
    return fail(t->err, ERR_INVALID, _("schema, line %d, column %d: not JSON: %s"), why.line,
                why.column, schema_shown(shown, why.text));
}

static enum status find_draft(struct translator *t) {
    static const struct {
        const char *part;
        enum schema_draft draft;
    } drafts[] = {{"/draft/2020-12/", DRAFT_2020},
                  {"/draft/2019-09/", DRAFT_OLD},
                  {"/draft-07/", DRAFT_OLD},
                  {"/draft-06/", DRAFT_OLD}};
    char shown[SCHEMA_SHOWN];
    const char *uri = json_string_value(json_object_get(t->root, "$schema"));
    t->root_id = json_string_value(json_object_get(t->root, "$id"));
    t->draft = DRAFT_ANY;
    for (size_t i = 0; uri && i < sizeof(drafts) / sizeof(*drafts); i++)
        if (strstr(uri, drafts[i].part)) t->draft = drafts[i].draft;
    if (!uri || t->draft != DRAFT_ANY) return OK;
    return schema_refuse(t, ERR_UNSUPPORTED, NULL,
                         _("\"$schema\": \"%s\" is not known; drafts 06, 07, 2019-09 and 2020-12 "
                           "are"),
                         schema_shown(shown, uri));
}

static enum status translate(struct translator *t) {
    struct members all = {0};
    char name[SCHEMA_NAME_MAX] = "";
    bool empty = true;
    t->n_buckets = 2 * RULES_MAX;
    t->buckets = mem_zalloc(t->n_buckets * sizeof(*t->buckets));
    if (!t->buckets) return schema_no_memory(t);
    enum status st = find_draft(t);
    if (!st) st = members_add(t, &all, t->root, NULL, NULL);
    if (!st) st = schema_rule(t, &all, NULL, name, &empty);
    if (!st && empty)
        st = schema_refuse(t, ERR_INVALID, t->empty_at,
                           _("no value can satisfy this, and so none the whole schema"));
    if (st) return st;
    strbuf_printf(t->out, "root ::= %s\n", name);
    write_shared(t);
    return schema_check_text(t, t->out);
}

enum status schema_to_gbnf(struct strbuf *out, const char *json, size_t n, struct error *err) {
    struct strbuf rules;
    struct translator t = {.out = &rules, .err = err};
    strbuf_init(&rules, SCHEMA_TEXT_MAX);
    enum status st = load(&t, json, n);
    if (!st) st = translate(&t);
    if (!st) strbuf_append(out, strbuf_str(&rules), rules.n);
    if (!st && out->failed) st = schema_no_memory(&t);
    strbuf_release(&rules);
    array_release(&t.rules);
    array_release(&t.patterns);
    mem_free(t.buckets);
    arena_release(&t.arena);
    arena_release(&t.kept);
    json_decref(t.root);
    return st;
}

enum status grammar_open_schema(struct grammar **out, const char *json, size_t n,
                                struct error *err) {
    struct strbuf gbnf;
    struct error why = {.status = OK};
    strbuf_init(&gbnf, SCHEMA_TEXT_MAX);
    enum status st = schema_to_gbnf(&gbnf, json, n, err);
    if (!st) st = grammar_open(out, strbuf_str(&gbnf), gbnf.n, &why);
    if (why.status == ERR_INVALID) /* we wrote it: all that can be wrong with it is this */
        st = fail(err, ERR_INVALID,
                  _("schema: an object or a list in it must hold another one like itself, so no "
                    "value can satisfy it; make that property optional or allow null"));
    else if (why.status)
        st = fail(err, why.status, _("schema: %s"), why.message);
    strbuf_release(&gbnf);
    return st;
}
