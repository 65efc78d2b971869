/* SPDX-License-Identifier: MIT
 *
 * The keywords of JSON Schema: what each one's value must look like, which type it speaks of, and
 * which are refused.
 *
 * A keyword that is not in the table is refused as well: one that is misspelt would otherwise be
 * taken for a promise.
 */
#include "engine/schema.h"

#include <math.h>
#include <string.h>

#include "base/intl.h"

enum value_kind {
    VALUE_ANY,
    VALUE_NUMBER,
    VALUE_COUNT, /* a whole number, not negative */
    VALUE_STRING,
    VALUE_BOOLEAN,
    VALUE_ARRAY,
    VALUE_STRINGS, /* an array of strings */
    VALUE_SCHEMA,  /* an object, true or false */
    VALUE_SCHEMAS, /* an array of those, one at least */
    VALUE_OBJECT,  /* an object, whatever is in it */
    VALUE_ITEMS,   /* a schema; an array of them in older drafts */
    VALUE_TYPE,    /* a type, or several */
    VALUE_REFUSED,
};

static const struct keyword {
    const char *name;
    enum value_kind kind;
    unsigned type;
} keywords[] = {
    {"type", VALUE_TYPE, 0},
    {"enum", VALUE_ARRAY, 0},
    {"const", VALUE_ANY, 0},
    {"properties", VALUE_OBJECT, TYPE_OBJECT},
    {"required", VALUE_STRINGS, TYPE_OBJECT},
    {"additionalProperties", VALUE_SCHEMA, TYPE_OBJECT},
    {"patternProperties", VALUE_OBJECT, TYPE_OBJECT},
    {"propertyNames", VALUE_SCHEMA, TYPE_OBJECT},
    {"minProperties", VALUE_COUNT, TYPE_OBJECT},
    {"maxProperties", VALUE_COUNT, TYPE_OBJECT},
    {"unevaluatedProperties", VALUE_SCHEMA, TYPE_OBJECT},
    {"items", VALUE_ITEMS, TYPE_ARRAY},
    {"prefixItems", VALUE_SCHEMAS, TYPE_ARRAY},
    {"additionalItems", VALUE_SCHEMA, TYPE_ARRAY},
    {"minItems", VALUE_COUNT, TYPE_ARRAY},
    {"maxItems", VALUE_COUNT, TYPE_ARRAY},
    {"uniqueItems", VALUE_BOOLEAN, TYPE_ARRAY},
    {"unevaluatedItems", VALUE_SCHEMA, TYPE_ARRAY},
    {"minLength", VALUE_COUNT, TYPE_STRING},
    {"maxLength", VALUE_COUNT, TYPE_STRING},
    {"pattern", VALUE_STRING, TYPE_STRING},
    {"format", VALUE_STRING, 0},
    {"minimum", VALUE_NUMBER, TYPE_NUMBER},
    {"maximum", VALUE_NUMBER, TYPE_NUMBER},
    {"exclusiveMinimum", VALUE_NUMBER, TYPE_NUMBER},
    {"exclusiveMaximum", VALUE_NUMBER, TYPE_NUMBER},
    {"multipleOf", VALUE_NUMBER, TYPE_NUMBER},
    {"anyOf", VALUE_SCHEMAS, 0},
    {"oneOf", VALUE_SCHEMAS, 0},
    {"allOf", VALUE_SCHEMAS, 0},
    {"not", VALUE_SCHEMA, 0},
    {"$ref", VALUE_STRING, 0},
    {"$id", VALUE_STRING, 0},
    {"$anchor", VALUE_STRING, 0},
    {"$schema", VALUE_STRING, 0},
    {"$defs", VALUE_OBJECT, 0},
    {"definitions", VALUE_OBJECT, 0},
    /* these say nothing about what is valid */
    {"title", VALUE_ANY, 0},
    {"description", VALUE_ANY, 0},
    {"default", VALUE_ANY, 0},
    {"example", VALUE_ANY, 0},
    {"examples", VALUE_ANY, 0},
    {"deprecated", VALUE_ANY, 0},
    {"readOnly", VALUE_ANY, 0},
    {"writeOnly", VALUE_ANY, 0},
    {"discriminator", VALUE_ANY, 0},
    {"$comment", VALUE_ANY, 0},
    /* these do, and a grammar cannot hold a model to them */
    {"if", VALUE_REFUSED, 0},
    {"then", VALUE_REFUSED, 0},
    {"else", VALUE_REFUSED, 0},
    {"contains", VALUE_REFUSED, 0},
    {"minContains", VALUE_REFUSED, 0},
    {"maxContains", VALUE_REFUSED, 0},
    {"dependentRequired", VALUE_REFUSED, 0},
    {"dependentSchemas", VALUE_REFUSED, 0},
    {"dependencies", VALUE_REFUSED, 0},
    {"contentEncoding", VALUE_REFUSED, 0},
    {"contentMediaType", VALUE_REFUSED, 0},
    {"contentSchema", VALUE_REFUSED, 0},
    {"$dynamicRef", VALUE_REFUSED, 0},
    {"$dynamicAnchor", VALUE_REFUSED, 0},
    {"$recursiveRef", VALUE_REFUSED, 0},
    {"$recursiveAnchor", VALUE_REFUSED, 0},
    {"$vocabulary", VALUE_REFUSED, 0},
};

enum { N_KEYWORDS = sizeof(keywords) / sizeof(*keywords) };

static const struct keyword *find_keyword(const char *name) {
    for (size_t i = 0; i < N_KEYWORDS; i++)
        if (strcmp(keywords[i].name, name) == 0) return &keywords[i];
    return NULL;
}

unsigned schema_implied_types(const json_t *schema) {
    unsigned types = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)schema, key, value) {
        const struct keyword *k = find_keyword(key);
        if (k) types |= k->type;
        if (strcmp(key, "format") == 0) types |= schema_format_types(json_string_value(value));
    }
    return types;
}

static unsigned type_named(const char *name) {
    static const struct {
        const char *name;
        unsigned type;
    } types[] = {{"null", TYPE_NULL},     {"boolean", TYPE_BOOLEAN}, {"integer", TYPE_INTEGER},
                 {"number", TYPE_NUMBER}, {"string", TYPE_STRING},   {"array", TYPE_ARRAY},
                 {"object", TYPE_OBJECT}};
    for (size_t i = 0; name && i < sizeof(types) / sizeof(*types); i++)
        if (strcmp(types[i].name, name) == 0) return types[i].type;
    return 0;
}

unsigned schema_types(const json_t *type) {
    if (!json_is_array(type)) return type_named(json_string_value(type));
    unsigned all = 0;
    for (size_t i = 0; i < json_array_size(type); i++) {
        const unsigned one = type_named(json_string_value(json_array_get(type, i)));
        if (!one) return 0;
        all |= one;
    }
    return all;
}

static bool is_count(const json_t *value) {
    if (json_is_integer(value)) return json_integer_value(value) >= 0;
    const double d = json_is_real(value) ? json_real_value(value) : -1;
    return d >= 0 && d < 1e15 && floor(d) == d;
}

size_t schema_count(const json_t *schema, const char *keyword, size_t absent) {
    const json_t *value = json_object_get(schema, keyword);
    return value ? (size_t)json_number_value(value) : absent;
}

static bool is_schema(const json_t *value) {
    return json_is_object(value) || json_is_boolean(value);
}

static bool all_strings(const json_t *value) {
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!json_is_string(json_array_get(value, i))) return false;
    return json_is_array(value);
}

/* NULL: the value is as it must be; else what it must be. */
static const char *wrong_value(const struct translator *t, enum value_kind kind,
                               const json_t *value) {
    switch (kind) {
    case VALUE_NUMBER: return json_is_number(value) ? NULL : _("a number");
    case VALUE_COUNT: return is_count(value) ? NULL : _("a whole number from 0");
    case VALUE_STRING: return json_is_string(value) ? NULL : _("a string");
    case VALUE_BOOLEAN: return json_is_boolean(value) ? NULL : _("true or false");
    case VALUE_ARRAY: return json_is_array(value) ? NULL : _("an array");
    case VALUE_STRINGS: return all_strings(value) ? NULL : _("an array of strings");
    case VALUE_SCHEMA: return is_schema(value) ? NULL : _("a schema: an object, true or false");
    case VALUE_SCHEMAS: return json_array_size(value) ? NULL : _("an array of schemas");
    case VALUE_OBJECT: return json_is_object(value) ? NULL : _("an object");
    case VALUE_ITEMS:
        if (json_is_array(value) && t->draft != DRAFT_2020) return NULL;
        return is_schema(value) ? NULL : _("a schema (a list of them is \"prefixItems\")");
    case VALUE_TYPE:
        return schema_types(value) ? NULL
                                   : _("null, boolean, integer, number, string, array or object, "
                                       "or a list of these");
    case VALUE_ANY:
    case VALUE_REFUSED: break;
    }
    return NULL;
}

/* Does a keyword that cannot be honoured ask for nothing where it stands? */
static bool asks_nothing(const json_t *schema, const char *name, const json_t *value) {
    if (strcmp(name, "then") == 0 || strcmp(name, "else") == 0)
        return !json_object_get(schema, "if");
    if (strcmp(name, "if") == 0)
        return !json_object_get(schema, "then") && !json_object_get(schema, "else");
    return strncmp(name, "depend", 6) == 0 && json_is_object(value) && !json_object_size(value);
}

static enum status check_keyword(struct translator *t, const struct member *m, const char *name,
                                 const json_t *value) {
    char shown[SCHEMA_SHOWN];
    const struct keyword *k = find_keyword(name);
    if (!k && strncmp(name, "x-", 2) == 0) return OK; /* somebody's own, by custom */
    if (!k)
        return schema_refuse(
            t, ERR_UNSUPPORTED, m->at,
            _("the keyword \"%s\" is not known; if it only remarks, name it x-..."),
            schema_shown(shown, name));
    if (k->kind == VALUE_REFUSED && asks_nothing(m->schema, name, value)) return OK;
    if (k->kind == VALUE_REFUSED)
        return schema_refuse(t, ERR_UNSUPPORTED, m->at, _("\"%s\" cannot be honoured"), name);
    if (strcmp(name, "format") == 0 && json_is_string(value) &&
        !schema_knows_format(json_string_value(value)))
        return schema_refuse(t, ERR_UNSUPPORTED, m->at,
                             _("the format \"%s\" cannot be honoured; a \"pattern\" can"),
                             schema_shown(shown, json_string_value(value)));
    const char *wrong = wrong_value(t, k->kind, value);
    if (wrong) return schema_refuse(t, ERR_INVALID, m->at, _("\"%s\" must be %s"), name, wrong);
    return OK;
}

enum status schema_check_keywords(struct translator *t, const struct member *m) {
    const char *name;
    json_t *value;
    enum status st = schema_work(t, 1, m->at);
    if (!st && m->at && m->at->depth > GRAMMAR_DEPTH_MAX)
        st = schema_refuse(t, ERR_LIMIT, m->at,
                           _("more than %d schemas stand in one another; give the inner ones a "
                             "place in \"$defs\""),
                           (int)GRAMMAR_DEPTH_MAX);
    json_object_foreach(m->schema, name, value) if (!st) st = check_keyword(t, m, name, value);
    const char *id = json_string_value(json_object_get(m->schema, "$id"));
    if (!st && id && id[0] != '#' && m->schema != t->root)
        st = schema_refuse(t, ERR_UNSUPPORTED, m->at,
                           _("\"$id\" is honoured at the top alone; refer by \"#/...\""));
    return st;
}
