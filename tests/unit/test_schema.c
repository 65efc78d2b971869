/* SPDX-License-Identifier: MIT
 *
 * JSON Schema to GBNF: what grammars accept and refuse, by keyword; sentences; limits; memory.
 * tests/schema compares many more schemas with a validator by others.
 */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "base/mem.h"
#include "engine/grammar.h"

static struct grammar *open_schema(const char *schema) {
    struct grammar *g = NULL;
    struct error err = {0};
    if (grammar_open_schema(&g, schema, strlen(schema), &err))
        fail_msg("%s: %s", schema, err.message);
    return g;
}

static bool accepts(const struct grammar *g, const char *text) {
    struct matcher *m = NULL;
    struct error err = {0};
    bool ok = false;
    if (matcher_open(&m, g, NULL, &err) || matcher_accept_bytes(m, text, strlen(text), &ok, &err))
        fail_msg("%s", err.message);
    ok = ok && matcher_may_end(m);
    matcher_close(m);
    return ok;
}

struct row {
    const char *schema;
    const char *yes[6], *no[6];
};

static void check_rows(const struct row *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct grammar *g = open_schema(rows[i].schema);
        for (size_t j = 0; j < 6 && rows[i].yes[j]; j++)
            if (!accepts(g, rows[i].yes[j]))
                fail_msg("%s does not accept %s", rows[i].schema, rows[i].yes[j]);
        for (size_t j = 0; j < 6 && rows[i].no[j]; j++)
            if (accepts(g, rows[i].no[j])) fail_msg("%s accepts %s", rows[i].schema, rows[i].no[j]);
        grammar_close(g);
    }
}

#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void types_accept_their_values(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"{}",
         {"null", "-1.5e3", "\"a\\n\"", "[1, {\"b\":[]}]"},
         {"", "[1,]", "01", "\"\n\"", "+1"}},
        {"true", {"1", "{}"}, {"tru"}},
        {"{\"type\":\"integer\"}", {"0", "-12"}, {"1.0", "-0", "1e3", "\"1\""}},
        {"{\"type\":[\"string\",\"null\"]}", {"null", "\"\""}, {"1", "[]"}},
        {"{\"enum\":[\"a\\\"b\",0.1,[1,{}]]}", {"\"a\\\"b\"", "0.1", "[1,{}]"}, {"a", "0.10"}},
        {"{\"const\":\"\\u00e9\"}", {"\"\xc3\xa9\""}, {"\"e\""}},
        /* half of a pair of UTF-16 is never written as an escape */
        {"{\"type\":\"string\"}",
         {"\"\\u0041\"", "\"\\ud7ff\""},
         {"\"\\x\"", "\"\\u12\"", "\"\\ud800\""}},
    };
    CHECK(rows);
}

static void white_space_is_one_space_after_colon_and_comma(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"{\"properties\":{\"a\":{},\"b\":{}}}",
         {"{\"a\":1,\"b\":2}", "{\"a\": 1, \"b\": 2}"},
         {"{ \"a\":1}", "{\"a\" :1}", "{\"a\":  1}", "{\"a\":1 }", "{\"a\":1,\n\"b\":2}", " {}"}},
        {"{\"items\":{\"type\":\"null\"}}", {"[null, null]"}, {"[ null]", "[null ,null]"}},
    };
    CHECK(rows);
}

static void properties_come_in_their_order(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"{\"properties\":{\"b\":{\"const\":1},\"a\":{\"const\":2}}}",
         {"{}", "{\"b\":1}", "{\"a\":2}", "{\"b\":1,\"a\":2}"},
         {"{\"a\":2,\"b\":1}", "{,\"a\":2}", "{\"b\":1,}", "{\"c\":1}", "{\"b\":1\"a\":2}"}},
        {"{\"properties\":{\"a\":{},\"b\":{}},\"required\":[\"b\"]}",
         {"{\"b\":1}", "{\"a\":0,\"b\":1}"},
         {"{}", "{\"a\":0}"}},
        {"{\"properties\":{\"a\":{}},\"additionalProperties\":{\"type\":\"null\"}}",
         {"{\"ab\":null}", "{\"\":null,\"b\":null}", "{\"a\":1,\"aa\":null}"},
         {"{\"b\":1}", "{\"b\":null,\"a\":null}", "{\"\\u0061\":null}"}},
        {"{\"patternProperties\":{\"a\":{\"minimum\":3},\"b\":{\"type\":\"integer\"}},"
         "\"additionalProperties\":{\"type\":\"null\"}}",
         {"{\"xa\":3.5}", "{\"b\":1}", "{\"ab\":3,\"c\":null}"},
         {"{\"a\":2}", "{\"ab\":3.5}", "{\"ba\":2}", "{\"c\":1}"}},
        {"{\"propertyNames\":{\"pattern\":\"^[A-Z]\"},\"properties\":{\"B\":{},\"b\":{}},"
         "\"additionalProperties\":true}",
         {"{\"B\":1}", "{\"B\":1,\"C\":1}", "{\"BB\":1}"},
         {"{\"b\":1}", "{\"c\":1}", "{\"C\":1,\"B\":1}"}},
        {"{\"type\":\"object\",\"required\":[\"x\"]}", {"{\"x\":1,\"y\":2}"}, {"{}", "{\"y\":2}"}},
        {"{\"properties\":{\"a\":{},\"b\":{},\"c\":{}},\"minProperties\":2,\"maxProperties\":2}",
         {"{\"a\":1,\"b\":1}", "{\"a\":1,\"c\":1}", "{\"b\":1,\"c\":1}"},
         {"{}", "{\"a\":1}", "{\"a\":1,\"b\":1,\"c\":1}"}},
    };
    CHECK(rows);
}

static void arrays_count_their_items(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"{\"items\":{\"const\":1},\"minItems\":1,\"maxItems\":2}",
         {"[1]", "[1,1]"},
         {"[]", "[1,1,1]"}},
        {"{\"prefixItems\":[{\"const\":1},{\"const\":2}],\"items\":{\"const\":3},\"minItems\":1}",
         {"[1]", "[1,2]", "[1,2,3,3]"},
         {"[]", "[1,3]", "[2]"}},
        {"{\"items\":[{\"const\":1}],\"additionalItems\":false}", {"[]", "[1]"}, {"[1,1]"}},
        {"{\"items\":false}", {"[]"}, {"[1]"}},
        {"{\"items\":{\"enum\":[1,1.0,2,\"a\"]},\"uniqueItems\":true,\"minItems\":2}",
         {"[1,2]", "[2, 1]", "[\"a\",2,1]"},
         {"[1]", "[1,1]", "[1,2,1]", "[]"}},
    };
    CHECK(rows);
}

static void strings_have_lengths_patterns_and_formats(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"{\"minLength\":1,\"maxLength\":2}",
         {"\"\xf0\x9f\x98\x80\"", "\"\\n\\u00e9\""},
         {"\"\"", "\"abc\""}},
        {"{\"pattern\":\"^[A-Z]\\\\d{2}(\\\\.\\\\d)?$\"}",
         {"\"I21\"", "\"I21.0\""},
         {"\"I2\"", "\"I21.\""}},
        {"{\"pattern\":\"b\"}", {"\"abc\"", "\"\\n\\\"b\""}, {"\"ac\""}},
        {"{\"pattern\":\"^[\\\"\\\\\\\\\\\\n]$\"}",
         {"\"\\\"\"", "\"\\\\\"", "\"\\n\""},
         {"\"\"\"", "\"n\""}},
        {"{\"pattern\":\"^a*$\",\"minLength\":2,\"maxLength\":3}",
         {"\"aa\"", "\"aaa\""},
         {"\"a\"", "\"aaaa\""}},
        {"{\"pattern\":\"^[a-c]+$\",\"minLength\":2,\"allOf\":[{\"pattern\":\"b\"}],\"maxLength\":"
         "3}",
         {"\"ab\"", "\"bcb\""},
         {"\"b\"", "\"acc\"", "\"abcb\"", "\"bd\""}},
        {"{\"pattern\":\"^(^a|b$)\"}", {"\"ax\"", "\"b\""}, {"\"xb\"", "\"bx\""}},
        {"{\"format\":\"ipv4\",\"pattern\":\"^10\"}", {"\"10.0.0.1\""}, {"\"11.0.0.1\""}},
        {"{\"enum\":[\"a1\",\"b\",3],\"pattern\":\"\\\\d\",\"not\":{\"type\":\"integer\"}}",
         {"\"a1\""},
         {"\"b\"", "3"}},
        {"{\"format\":\"date\"}",
         {"\"2024-02-29\"", "\"2000-02-29\""},
         {"\"2023-02-29\"", "\"1900-02-29\"", "\"2024-06-31\""}},
    };
    CHECK(rows);
}

/* Every integer near the bounds, against arithmetic. */
static void integers_keep_their_bounds(void **state) {
    (void)state;
    static const int bounds[][3] = {{0, 120, 1},     {-15, 23, 1},      {1987, 2034, 1},
                                    {-999, -100, 1}, {12, 1005, 5},     {-40, 40, 4},
                                    {95, 301, 25},   {10, 100, 7},      {7, 7, 1},
                                    {99, 1001, 2},   {-1500, 1500, 100}};
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        char schema[120], text[20];
        const int *b = bounds[i];
        snprintf(schema, sizeof(schema),
                 "{\"type\":\"integer\",\"minimum\":%d,\"maximum\":%d,\"multipleOf\":%d}", b[0],
                 b[1], b[2]);
        struct grammar *g = open_schema(schema);
        for (int n = b[0] - 30; n <= b[1] + 30; n++) {
            snprintf(text, sizeof(text), "%d", n);
            const bool wanted = n >= b[0] && n <= b[1] && n % b[2] == 0;
            if (accepts(g, text) != wanted) fail_msg("%s: %s", schema, text);
        }
        grammar_close(g);
    }
}

/* Hundredths near the bounds, in every spelling of up to two decimals. */
static void decimals_keep_their_bounds(void **state) {
    (void)state;
    static const struct {
        const char *schema;
        int lo, hi; /* hundredths that belong to it */
    } cases[] = {{"{\"type\":\"number\",\"minimum\":0.5,\"maximum\":2.25}", 50, 225},
                 {"{\"type\":\"number\",\"exclusiveMinimum\":0,\"exclusiveMaximum\":1}", 1, 99},
                 {"{\"type\":\"number\",\"minimum\":9.9,\"exclusiveMaximum\":10.1}", 990, 1009},
                 {"{\"type\":\"number\",\"minimum\":3}", 300, 9999}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct grammar *g = open_schema(cases[i].schema);
        for (int n = 0; n < 1100; n++) {
            char text[20];
            snprintf(text, sizeof(text), "%d.%02d", n / 100, n % 100);
            const bool wanted = n >= cases[i].lo && n <= cases[i].hi;
            if (accepts(g, text) != wanted) fail_msg("%s: %s", cases[i].schema, text);
            text[strlen(text) - (n % 10 ? 0 : n % 100 ? 1 : 3)] = '\0';
            if (accepts(g, text) != wanted) fail_msg("%s: %s", cases[i].schema, text);
        }
        grammar_close(g);
    }
}

static void schemas_are_combined(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"{\"anyOf\":[{\"const\":1},{\"const\":2},false]}", {"1", "2"}, {"3"}},
        {"{\"type\":\"integer\",\"anyOf\":[{\"minimum\":5},{\"maximum\":1}]}", {"5", "1"}, {"3"}},
        {"{\"oneOf\":[{\"type\":\"null\"},{\"type\":\"integer\"}]}", {"null", "1"}, {"1.5"}},
        {"{\"type\":\"object\",\"oneOf\":[{\"properties\":{\"a\":{}},\"required\":[\"a\"]},"
         "{\"properties\":{\"b\":{}},\"required\":[\"b\"]}]}",
         {"{\"a\":1}", "{\"b\":1}"},
         {"{}", "{\"a\":1,\"b\":1}"}},
        {"{\"enum\":[1,2,3],\"oneOf\":[{\"minimum\":2},{\"maximum\":2}]}", {"1", "3"}, {"2"}},
        {"{\"not\":{\"type\":[\"object\",\"array\",\"number\"]}}",
         {"null", "\"\""},
         {"1", "{}", "[]"}},
        {"{\"allOf\":[{\"minimum\":2},{\"maximum\":3}],\"type\":\"integer\"}",
         {"2", "3"},
         {"1", "4"}},
        {"{\"properties\":{\"k\":{\"items\":{\"$ref\":\"#\"}}},\"additionalProperties\":false}",
         {"{}", "{\"k\":[{\"k\":[]},{}]}"},
         {"{\"k\":[1]}", "[]"}},
        {"{\"$ref\":\"#/$defs/a~1b\",\"$defs\":{\"a/b\":{\"const\":1}}}", {"1"}, {"2"}},
        {"{\"allOf\":[{\"properties\":{\"a\":{}},\"additionalProperties\":false},"
         "{\"properties\":{\"a\":{\"const\":1},\"b\":{}}}]}",
         {"{}", "{\"a\":1}"},
         {"{\"a\":2}", "{\"b\":1}"}},
    };
    CHECK(rows);
}

static void refusals_say_where_and_why(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"{\"properties\":{\"age\":{\"type\":\"integer\",\"multipleOf\":7}}}",
         "schema, at /properties/age: multipleOf 7 cannot be honoured"},
        {"{\"x\":1}", "schema: the keyword \"x\" is not known"},
        {"{\"a\\nb\":1}", "the keyword \"a?b\" is not known"},
        {"{\"properties\":{\"a/~b\":{\"not\":{\"minimum\":1}}}}",
         "schema, at /properties/a~1~0b: \"not\" can be honoured with"},
        {"{\"items\":{\"anyOf\":[true,{\"contains\":{}}]}}",
         "schema, at /items/anyOf/1: \"contains\" cannot be honoured"},
        {"{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"type\":\"x\"}}}",
         "schema, at /$defs/a: \"type\" must be"},
        {"{\"$ref\":\"#\"}", "leads back to itself"},
        {"{\"anyOf\":[{\"type\":\"null\"},{\"$ref\":\"#\"}]}", "leads back to itself"},
        {"{\"$ref\":\"#/a\"}", "\"#/a\" leads nowhere"},
        {"{\"$ref\":\"other.json\"}", "leads out of this document"},
        {"{\"type\":\"array\",\"uniqueItems\":true}", "\"uniqueItems\" cannot be honoured"},
        {"{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"number\"}]}",
         "alternatives 0 and 1 of \"oneOf\""},
        {"{\"oneOf\":[{\"const\":1},{\"type\":\"integer\"}]}", "alternatives 0 and 1 of \"oneOf\""},
        /* what has the keyword alone is no object as well as any other string */
        {"{\"oneOf\":[{\"required\":[\"a\"]},{\"type\":\"string\"}]}", "of \"oneOf\""},
        {"{\"enum\":[]}", "no value can satisfy this"},
        {"false", "no value can satisfy this"},
        {"{\"required\":[\"a\"],\"properties\":{\"a\":{\"maxLength\":1,\"minLength\":2}}}",
         "schema, at /properties/a: no value can satisfy this"},
        {"{\"type\":\"integer\",\"minimum\":2,\"maximum\":1}", "no value can satisfy this"},
        {"{\"format\":\"regex\"}", "the format \"regex\" cannot be honoured"},
        {"{\"type\":\"integer\",\"format\":\"date32\"}", "the format \"date32\" cannot"},
        {"{\"pattern\":\"(?=a)\"}", "byte 1: looking ahead or behind"},
        {"{\"pattern\":\"a(b\"}", "byte 3: a ( has no partner"},
        {"{\"pattern\":\"^(((a{1000}){1000}){1000})$\"}", "repeats too much"},
        {"{\"pattern\":\"a.{20}$\",\"maxLength\":60}", "too large an automaton"},
        {"{\"minLength\":20001}", "at most 20000 can"},
        {"{\"items\":{},\"minItems\":20002}", "at most 20000 can"},
        {"{\"minLength\":-1}", "\"minLength\" must be a whole number"},
        {"{\"properties\":{\"a\":{\"$ref\":\"#\"}},\"required\":[\"a\"]}",
         "another one like itself"},
        {"{\"$schema\":\"http://json-schema.org/draft-04/schema#\"}", "is not known"},
        {"{\"a\":1,\"a\":2}", "schema, line 1, column 10: not JSON: duplicate"},
        {"{\"maximum\":12345678901234567890}", "too big integer"},
        {"{\"const\":\"\xff\"}", "not JSON"},
        {"[", "not JSON"},
        {"", "not JSON"},
        {"3", "a schema must be an object"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct grammar *g = NULL;
        struct error err = {0};
        assert_int_not_equal(grammar_open_schema(&g, cases[i][0], strlen(cases[i][0]), &err), OK);
        if (!strstr(err.message, cases[i][1])) fail_msg("%s: %s", cases[i][0], err.message);
        assert_null(g);
    }
}

/* times: how often `open` is written, then `core`, then as often `close`. */
static enum status open_nested(const char *open, const char *core, const char *close, size_t times,
                               struct error *err) {
    struct strbuf text;
    struct grammar *g = NULL;
    strbuf_init(&text, SCHEMA_BYTES_MAX + 2);
    for (size_t i = 0; i < times; i++)
        strbuf_puts(&text, open);
    strbuf_puts(&text, core);
    for (size_t i = 0; i < times; i++)
        strbuf_puts(&text, close);
    assert_false(text.failed);
    const enum status st = grammar_open_schema(&g, text.data, text.n, err);
    grammar_close(g);
    strbuf_release(&text);
    return st;
}

static void what_is_too_large_is_refused(void **state) {
    (void)state;
    struct error err = {0};
    assert_int_equal(open_nested("{\"items\":", "{}", "}", 60, &err), OK);
    assert_int_equal(open_nested("{\"items\":", "{}", "}", 100, &err), ERR_LIMIT);
    assert_non_null(strstr(err.message, "/items/items: more than 64 schemas"));
    assert_int_equal(open_nested("{\"items\":", "{}", "}", 20000, &err), ERR_LIMIT);
    assert_int_equal(open_nested("[", "", "", 20000, &err), ERR_LIMIT);
    assert_int_equal(open_nested("{\"allOf\":[", "{}", "]}", 100, &err), ERR_LIMIT);
    assert_int_equal(open_nested(" ", "{}", " ", SCHEMA_BYTES_MAX / 2, &err), ERR_LIMIT);
}

/* Choices that multiply: refused after a bounded amount of work. */
static void what_multiplies_is_refused(void **state) {
    (void)state;
    struct strbuf text;
    struct error err = {0};
    struct grammar *g = NULL;
    strbuf_init(&text, SCHEMA_BYTES_MAX);
    strbuf_puts(&text, "{\"allOf\":[true");
    for (int i = 0; i < 30; i++)
        strbuf_printf(&text, ",{\"anyOf\":[{\"minimum\":%d},{\"maximum\":%d}]}", i, i + 100);
    strbuf_puts(&text, "]}");
    assert_int_equal(grammar_open_schema(&g, text.data, text.n, &err), ERR_LIMIT);
    strbuf_release(&text);
}

static void many_values_are_fine(void **state) {
    (void)state;
    struct strbuf text;
    strbuf_init(&text, SCHEMA_BYTES_MAX);
    strbuf_puts(&text, "{\"enum\":[null");
    for (int i = 0; i < 10000; i++)
        strbuf_printf(&text, ",\"v%d\"", i);
    strbuf_puts(&text, "]}");
    struct grammar *g = open_schema(strbuf_str(&text));
    assert_true(accepts(g, "\"v9999\""));
    assert_false(accepts(g, "\"v10000\""));
    grammar_close(g);
    strbuf_release(&text);
}

static void short_memory_is_an_error(void **state) {
    (void)state;
    static const char schema[] =
        "{\"type\":\"object\",\"properties\":{\"a\":{\"pattern\":\"^[a-c]\\\\s$\"},\"b\":{"
        "\"prefixItems\":"
        "[{\"minimum\":3,\"type\":\"number\"}]},\"c\":{\"$ref\":\"#\"},\"d\":{\"format\":\"date\","
        "\"maxLength\":10,\"pattern\":\"^19\"},\"e\":{\"oneOf\":[{\"const\":1},"
        "{\"type\":\"string\"}]}}"
        ","
        "\"additionalProperties\":{\"enum\":[1,\"x\"]},\"anyOf\":[{\"required\":[\"a\"]},true]}";
    size_t n_failed = 0;
    for (unsigned long n = 1; n < 400; n++) {
        struct strbuf out;
        struct error err = {0};
        strbuf_init(&out, GRAMMAR_BYTES_MAX);
        mem_fail_after(n);
        const enum status st = schema_to_gbnf(&out, schema, sizeof(schema) - 1, &err);
        mem_fail_after(0);
        strbuf_release(&out);
        n_failed += st != OK;
        /* a place in a message may be less exact without memory: that is no error */
        if (st != OK && st != ERR_NOMEM) fail_msg("allocation %lu: %s", n, err.message);
    }
    assert_in_range(n_failed, 100, 398);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_accept_their_values),
        cmocka_unit_test(white_space_is_one_space_after_colon_and_comma),
        cmocka_unit_test(properties_come_in_their_order),
        cmocka_unit_test(arrays_count_their_items),
        cmocka_unit_test(strings_have_lengths_patterns_and_formats),
        cmocka_unit_test(integers_keep_their_bounds),
        cmocka_unit_test(decimals_keep_their_bounds),
        cmocka_unit_test(schemas_are_combined),
        cmocka_unit_test(refusals_say_where_and_why),
        cmocka_unit_test(what_is_too_large_is_refused),
        cmocka_unit_test(what_multiplies_is_refused),
        cmocka_unit_test(many_values_are_fine),
        cmocka_unit_test(short_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
