/* SPDX-License-Identifier: MIT
 *
 * text/yaml_tree: maps, lists and strings with their lines; the rest of YAML is refused.
 */
#include "check.h"

#include <string.h>

#include "text/yaml_tree.h"

static enum status parse(struct yaml_value **v, struct arena *arena, const char *yaml,
                         struct error *err) {
    *v = NULL;
    return yaml_parse(v, arena, yaml, strlen(yaml), "x.yaml", err);
}

static void refused_bytes(const char *yaml, size_t n, const char *message) {
    struct error err;
    struct arena arena = {0};
    struct yaml_value *v = NULL;
    const enum status st = yaml_parse(&v, &arena, yaml, n, "x.yaml", &err);
    arena_release(&arena);
    if (st != ERR_INVALID) fail_msg("status %d for: %s", st, yaml);
    if (!strstr(err.message, message)) fail_msg("expected '%s', not '%s'", message, err.message);
}

static void refused(const char *yaml, const char *message) {
    refused_bytes(yaml, strlen(yaml), message);
}

static void values_know_their_key_and_line(void **state) {
    (void)state;
    struct error err;
    struct arena arena = {0};
    struct yaml_value *v;
    assert_int_equal(parse(&v, &arena,
                           "# note\n"
                           "a: one\n"
                           "b:\n"
                           "  - x\n"
                           "  - {k: 'y: z', l: \"\\u00f1\"}\n"
                           "c: {}\n"
                           "d: []\n"
                           "e:\n",
                           &err),
                     OK);
    assert_int_equal(v->type, YAML_MAP);
    assert_int_equal(v->line, 2);
    assert_null(v->key);
    const struct yaml_value *a = yaml_get(v, "a");
    assert_int_equal(a->type, YAML_STRING);
    assert_string_equal(a->string, "one");
    assert_string_equal(a->key, "a");
    assert_int_equal(a->line, 2);
    const struct yaml_value *b = yaml_get(v, "b");
    assert_int_equal(b->type, YAML_LIST);
    assert_string_equal(b->child->string, "x");
    assert_int_equal(b->child->line, 4);
    assert_null(b->child->key);
    const struct yaml_value *map = b->child->sibling;
    assert_string_equal(yaml_get(map, "k")->string, "y: z");
    assert_string_equal(yaml_get(map, "l")->string, "\xc3\xb1");
    assert_int_equal(yaml_get(map, "l")->line, 5);
    assert_null(map->sibling);
    assert_int_equal(yaml_get(v, "c")->type, YAML_MAP);
    assert_null(yaml_get(v, "c")->child);
    assert_int_equal(yaml_get(v, "d")->type, YAML_LIST);
    assert_string_equal(yaml_get(v, "e")->string, "");
    assert_null(yaml_get(v, "z"));
    arena_release(&arena);
}

static void everything_is_a_string(void **state) {
    (void)state;
    struct error err;
    struct arena arena = {0};
    struct yaml_value *v;
    assert_int_equal(parse(&v, &arena, "[yes, ~, 1.50, 0x10, null, 2024-11-15]", &err), OK);
    static const char *const want[] = {"yes", "~", "1.50", "0x10", "null", "2024-11-15"};
    const struct yaml_value *item = v->child;
    for (size_t i = 0; i < 6; i++, item = item->sibling) {
        assert_int_equal(item->type, YAML_STRING);
        assert_string_equal(item->string, want[i]);
    }
    assert_null(item);
    arena_release(&arena);
}

static void a_key_is_looked_for_in_maps_alone(void **state) {
    (void)state;
    struct error err;
    struct arena arena = {0};
    struct yaml_value *v;
    assert_null(yaml_get(NULL, "a"));
    assert_int_equal(parse(&v, &arena, "[a, b]", &err), OK);
    assert_null(yaml_get(v, "a"));
    assert_null(yaml_get(v->child, "a"));
    arena_release(&arena);
}

static void anchors_aliases_and_tags_are_refused(void **state) {
    (void)state;
    refused("a: &x b\n", "x.yaml:1:");
    refused("a: 1\nb: &x [c]\n", "x.yaml:2:");
    refused("a: &x {c: d}\n", "x.yaml:1:");
    refused("a: *x\n", "x.yaml:1:");
    refused("a: !!int 3\n", "x.yaml:1:");
    refused("\n- !x [a]\n", "x.yaml:2:");
    refused("a: !x {b: c}\n", "x.yaml:1:");
    refused("&x a: b\n", "x.yaml:1:");
    refused("*x : b\n", "x.yaml:1:");
    refused("<<: *x\n", "x.yaml:1:");
    refused("&x [a]\n", "x.yaml:1:");
}

static void keys_are_plain_and_stand_once(void **state) {
    (void)state;
    refused("[a]: b\n", "x.yaml:1:");
    refused("{a: b}: c\n", "x.yaml:1:");
    refused("a: 1\nb: 2\na: 3\n", "x.yaml:3:");
    refused("x:\n  a: 1\n  'a': 3\n", "x.yaml:3:");
    refused("x:\n  \"a\\0b\": 1\n", "x.yaml:2:");
}

static void a_file_is_one_document(void **state) {
    (void)state;
    struct error err;
    struct arena arena = {0};
    struct yaml_value *v;
    refused("a: b\n---\nc: d\n", "x.yaml:2:");
    refused("a: b\n---\n[\n", "x.yaml:2:");
    refused("a: b\n...\nc: d\n", "x.yaml:");
    assert_int_equal(parse(&v, &arena, "%YAML 1.1\n---\na: b\n...\n# end\n", &err), OK);
    assert_string_equal(yaml_get(v, "a")->string, "b");
    arena_release(&arena);
}

static void depth_is_bounded(void **state) {
    (void)state;
    for (int depth = 15; depth <= 18; depth++) {
        struct error err;
        struct arena arena = {0};
        struct yaml_value *v;
        char yaml[64] = "";
        for (int i = 0; i < depth; i++)
            strcat(yaml, "[");
        strcat(yaml, "a");
        for (int i = 0; i < depth; i++)
            strcat(yaml, "]");
        /* the innermost string is one deeper than its lists */
        const enum status st = parse(&v, &arena, yaml, &err);
        assert_int_equal(st, depth <= YAML_DEPTH_MAX ? OK : ERR_INVALID);
        arena_release(&arena);
    }
    /* a million brackets are refused at the same depth */
    static char wide[1 << 20];
    memset(wide, '[', sizeof(wide));
    refused_bytes(wide, sizeof(wide), "x.yaml:1:");
}

static void size_is_bounded(void **state) {
    (void)state;
    static char yaml[YAML_SIZE_MAX_BYTES + 1];
    struct error err;
    struct arena arena = {0};
    struct yaml_value *v = NULL;
    memset(yaml, ' ', sizeof(yaml));
    yaml[0] = 'a';
    assert_int_equal(yaml_parse(&v, &arena, yaml, sizeof(yaml) - 1, "x.yaml", &err), OK);
    assert_int_equal(yaml_parse(&v, &arena, yaml, sizeof(yaml), "x.yaml", &err), ERR_LIMIT);
    assert_non_null(strstr(err.message, "1048576"));
    arena_release(&arena);
}

static void what_is_no_yaml_is_named_by_its_line(void **state) {
    (void)state;
    refused("a: b\n c: d\n", "x.yaml:2:");
    refused("a: [b\n", "x.yaml:");
    refused("a: 'b\n", "x.yaml:");
    refused("\tb: c\n", "x.yaml:1:");
    refused("a: b\n\xff\n", "x.yaml:");
    refused("a: \"\\q\"\n", "x.yaml:1:");
    refused("", "x.yaml:1:");
    refused("# only a note\n", "x.yaml:1:");
    refused_bytes("a: b\0c\n", 7, "x.yaml:");
    refused("a: \"b\\0c\"\n", "NUL");
}

static void a_byte_order_mark_is_no_text(void **state) {
    (void)state;
    struct error err;
    struct arena arena = {0};
    struct yaml_value *v;
    assert_int_equal(parse(&v, &arena,
                           "\xef\xbb\xbf"
                           "a: b\r\nc: d\r\n",
                           &err),
                     OK);
    assert_string_equal(yaml_get(v, "a")->string, "b");
    assert_string_equal(yaml_get(v, "c")->string, "d");
    arena_release(&arena);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    struct error err;
    for (unsigned long n = 1;; n++) {
        struct arena arena = {0};
        struct yaml_value *v;
        mem_fail_after(n);
        const enum status st = parse(&v, &arena, "a: b\nc: [d, {e: f}]\n", &err);
        mem_fail_after(0);
        arena_release(&arena);
        if (st == OK) {
            assert_true(n > 1);
            break;
        }
        assert_int_equal(st, ERR_NOMEM);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_know_their_key_and_line),
        cmocka_unit_test(everything_is_a_string),
        cmocka_unit_test(a_key_is_looked_for_in_maps_alone),
        cmocka_unit_test(anchors_aliases_and_tags_are_refused),
        cmocka_unit_test(keys_are_plain_and_stand_once),
        cmocka_unit_test(a_file_is_one_document),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(size_is_bounded),
        cmocka_unit_test(what_is_no_yaml_is_named_by_its_line),
        cmocka_unit_test(a_byte_order_mark_is_no_text),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
