/* SPDX-License-Identifier: MIT
 *
 * gguf: what a good file holds is what is read from it. Bad files: test_gguf_bad.c.
 */
#include "check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gguf_make.h"

static const char *models; /* of the reference, "" where there are none */

/* One pair of every type, two tensors. */
static void put_model(struct strbuf *b, uint32_t version) {
    const float f = 0.1f;
    const double d = 0.1;
    strbuf_init(b, 1 << 24);
    put_head(b, version, 2, 14);
    put_key(b, "u8", GGUF_U8);
    strbuf_putc(b, (char)200);
    put_key(b, "i8", GGUF_I8);
    strbuf_putc(b, (char)-100);
    put_key(b, "u16", GGUF_U16);
    strbuf_append(b, "\xff\xff", 2);
    put_key(b, "i16", GGUF_I16);
    strbuf_append(b, "\xfe\xff", 2);
    put_pair_u32(b, "u32", 4000000000u);
    put_key(b, "i32", GGUF_I32);
    put_u32(b, 7);
    put_key(b, "f32", GGUF_F32);
    strbuf_append(b, (const char *)&f, sizeof(f));
    put_key(b, "bool", GGUF_BOOL);
    strbuf_putc(b, 1);
    put_pair_string(b, "string", "ñandú");
    put_key(b, "u64", GGUF_U64);
    put_u64(b, UINT64_MAX);
    put_key(b, "i64", GGUF_I64);
    put_u64(b, (uint64_t)-5);
    put_key(b, "f64", GGUF_F64);
    strbuf_append(b, (const char *)&d, sizeof(d));
    put_key(b, "strings", GGUF_ARRAY);
    put_u32(b, GGUF_STRING);
    put_u64(b, 3);
    put_string(b, "uno");
    put_string(b, "");
    put_string(b, "tres");
    put_key(b, "nested", GGUF_ARRAY);
    put_u32(b, GGUF_ARRAY);
    put_u64(b, 2);
    put_u32(b, GGUF_U8);
    put_u64(b, 3);
    strbuf_append(b, "\1\2\3", 3);
    put_u32(b, GGUF_ARRAY);
    put_u64(b, 1);
    put_u32(b, GGUF_STRING);
    put_u64(b, 1);
    put_string(b, "deep");
    put_tensor(b, "b.weight", 32, 2, 2, 32); /* Q4_0 */
    put_tensor(b, "a.bias", 4, 1, 0, 0);     /* F32 */
    put_data(b, 32, 32 + 36);
}

static struct gguf *open_model(struct strbuf *b, unsigned char **copy, uint32_t version) {
    struct error err;
    put_model(b, version);
    struct gguf *g = open_exact(copy, b->data, b->n, &err);
    if (!g) fail_msg("%s", err.message);
    return g;
}

static void close_model(struct gguf *g, struct strbuf *b, unsigned char *copy) {
    gguf_close(g);
    strbuf_release(b);
    mem_free(copy);
}

static void check_number(const struct gguf *g, const char *key, double wanted) {
    double number;
    const struct gguf_value *v = gguf_find(g, key);
    assert_non_null(v);
    assert_true(gguf_value_number(v, &number));
    assert_true(number == wanted);
}

static void reads_every_type(void **state) {
    (void)state;
    for (uint32_t version = 2; version <= 3; version++) {
        struct strbuf b;
        unsigned char *copy;
        struct gguf *g = open_model(&b, &copy, version);
        uint64_t u;
        struct gguf_string s;
        assert_int_equal(g->version, version);
        assert_int_equal(g->n_pairs, 14);
        assert_int_equal(g->alignment, 32);
        check_number(g, "u8", 200);
        check_number(g, "i8", -100);
        check_number(g, "u16", 65535);
        check_number(g, "i16", -2);
        check_number(g, "u32", 4e9);
        check_number(g, "i32", 7);
        check_number(g, "f32", 0.1f);
        check_number(g, "i64", -5);
        check_number(g, "f64", 0.1);
        assert_true(gguf_value_u64(gguf_find(g, "u64"), &u));
        assert_true(u == UINT64_MAX);
        assert_true(gguf_value_string(gguf_find(g, "string"), &s));
        assert_true(gguf_string_is(s, "ñandú"));
        assert_false(gguf_value_string(gguf_find(g, "u8"), &s));
        assert_false(gguf_value_u64(gguf_find(g, "i8"), &u));
        assert_false(gguf_value_u64(gguf_find(g, "bool"), &u));
        assert_null(gguf_find(g, "u9"));
        assert_null(gguf_find(g, ""));
        close_model(g, &b, copy);
    }
}

static void reads_arrays(void **state) {
    (void)state;
    struct strbuf b;
    unsigned char *copy;
    struct gguf *g = open_model(&b, &copy, 3);
    const unsigned char *cursor = NULL, *inner = NULL;

    const struct gguf_value *strings = gguf_find(g, "strings");
    assert_int_equal(strings->item_type, GGUF_STRING);
    assert_int_equal(strings->n_items, 3);
    assert_true(gguf_string_is(gguf_array_next_string(strings, &cursor), "uno"));
    assert_true(gguf_string_is(gguf_array_next_string(strings, &cursor), ""));
    assert_true(gguf_string_is(gguf_array_next_string(strings, &cursor), "tres"));

    const struct gguf_value *nested = gguf_find(g, "nested");
    cursor = NULL;
    const struct gguf_value numbers = gguf_array_next(nested, &cursor);
    assert_int_equal(numbers.item_type, GGUF_U8);
    assert_int_equal(numbers.n_items, 3);
    assert_true(gguf_array_number(&numbers, 2) == 3);
    const struct gguf_value outer = gguf_array_next(nested, &cursor);
    assert_int_equal(outer.item_type, GGUF_ARRAY);
    const struct gguf_value deep = gguf_array_next(&outer, &inner);
    inner = NULL;
    assert_true(gguf_string_is(gguf_array_next_string(&deep, &inner), "deep"));
    close_model(g, &b, copy);
}

static void reads_tensors(void **state) {
    (void)state;
    struct strbuf b;
    unsigned char *copy;
    struct gguf *g = open_model(&b, &copy, 3);
    const struct gguf_tensor *t = gguf_find_tensor(g, "b.weight");
    assert_int_equal(g->n_tensors, 2);
    assert_ptr_equal(t, &g->tensors[0]);
    assert_int_equal(t->type, DTYPE_Q4_0);
    assert_int_equal(t->n_dims, 2);
    assert_int_equal(t->dims[0], 32);
    assert_int_equal(t->dims[1], 2);
    assert_int_equal(t->dims[2], 1);
    assert_int_equal(t->size_bytes, 36);
    assert_int_equal(*(const unsigned char *)t->data, 32);
    t = gguf_find_tensor(g, "a.bias");
    assert_int_equal(t->type, DTYPE_F32);
    assert_int_equal(t->size_bytes, 16);
    assert_int_equal(*(const unsigned char *)t->data, 0);
    assert_null(gguf_find_tensor(g, "a"));
    close_model(g, &b, copy);
}

static void getters_check_type_and_range(void **state) {
    (void)state;
    struct strbuf b;
    unsigned char *copy;
    struct error err;
    struct gguf *g = open_model(&b, &copy, 3);
    uint32_t u = 1;
    float f = 1;
    bool flag = false;
    struct gguf_string s = {"x", 1};
    assert_int_equal(gguf_get_u32(g, &u, "u8", &err), OK);
    assert_int_equal(u, 200);
    assert_int_equal(gguf_get_u32(g, &u, "i32", &err), OK);
    assert_int_equal(u, 7);
    assert_int_equal(gguf_get_u32(g, &u, "none", &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "none"));
    assert_int_equal(gguf_opt_u32(g, &u, "none", &err), OK);
    assert_int_equal(gguf_get_u32(g, &u, "u64", &err), ERR_INVALID);
    assert_int_equal(gguf_get_u32(g, &u, "i8", &err), ERR_INVALID);
    assert_non_null(strstr(err.message, "i8 -100"));
    assert_int_equal(gguf_opt_u32(g, &u, "string", &err), ERR_INVALID);
    assert_non_null(strstr(err.message, "model.gguf"));
    assert_non_null(strstr(err.message, "string"));
    assert_int_equal(u, 7);
    assert_int_equal(gguf_get_f32(g, &f, "f64", &err), OK);
    assert_true(f == 0.1f);
    assert_int_equal(gguf_get_f32(g, &f, "i16", &err), OK);
    assert_true(f == -2);
    assert_int_equal(gguf_get_f32(g, &f, "strings", &err), ERR_INVALID);
    assert_int_equal(gguf_get_f32(g, &f, "none", &err), ERR_NOT_FOUND);
    assert_int_equal(gguf_opt_bool(g, &flag, "none", &err), OK);
    assert_false(flag);
    assert_int_equal(gguf_opt_bool(g, &flag, "bool", &err), OK);
    assert_true(flag);
    assert_int_equal(gguf_opt_bool(g, &flag, "u8", &err), ERR_INVALID);
    assert_int_equal(gguf_opt_string(g, &s, "none", &err), OK);
    assert_true(gguf_string_is(s, "x"));
    assert_int_equal(gguf_get_string(g, &s, "string", &err), OK);
    assert_int_equal(gguf_get_string(g, &s, "bool", &err), ERR_INVALID);
    assert_int_equal(gguf_get_string(g, &s, "none", &err), ERR_NOT_FOUND);
    close_model(g, &b, copy);
}

static void a_number_that_is_none_is_refused(void **state) {
    (void)state;
    struct strbuf b;
    unsigned char *copy;
    struct error err;
    const float infinite = (float)1e39;
    float f = 1;
    strbuf_init(&b, 1000);
    put_head(&b, 3, 0, 1);
    put_key(&b, "epsilon", GGUF_F32);
    strbuf_append(&b, (const char *)&infinite, sizeof(infinite));
    struct gguf *g = open_exact(&copy, b.data, b.n, &err);
    assert_non_null(g);
    assert_int_equal(gguf_get_f32(g, &f, "epsilon", &err), ERR_INVALID);
    assert_true(f == 1);
    close_model(g, &b, copy);
}

static void alignment_is_the_files(void **state) {
    (void)state;
    struct strbuf b;
    unsigned char *copy;
    struct error err;
    strbuf_init(&b, 1 << 20);
    put_head(&b, 3, 1, 1);
    put_pair_u32(&b, "general.alignment", 4096);
    put_tensor(&b, "t.weight", 8, 1, 0, 4096);
    put_data(&b, 4096, 4096 + 32);
    struct gguf *g = open_exact(&copy, b.data, b.n, &err);
    assert_non_null(g);
    assert_int_equal(g->alignment, 4096);
    assert_int_equal((const unsigned char *)g->tensors[0].data - copy, 8192);
    close_model(g, &b, copy);
}

/* Names that differ at their ends, in an order that is none. */
static void finds_among_many(void **state) {
    (void)state;
    enum { N = 100000 };
    struct strbuf b;
    unsigned char *copy;
    struct error err;
    char name[64];
    strbuf_init(&b, 1 << 26);
    put_head(&b, 3, N, N);
    for (uint32_t i = 0; i < N; i++) {
        snprintf(name, sizeof(name), "a.key.like.others.%u", (unsigned)(i * 7919u % N));
        put_pair_u32(&b, name, i);
    }
    for (uint32_t i = 0; i < N; i++) {
        snprintf(name, sizeof(name), "a.tensor.like.others.%u", (unsigned)(i * 7919u % N));
        put_tensor(&b, name, 8, 1, 0, (uint64_t)i * 32);
    }
    put_data(&b, 32, (size_t)N * 32);
    struct gguf *g = open_exact(&copy, b.data, b.n, &err);
    assert_non_null(g);
    for (uint32_t i = 0; i < N; i++) {
        uint32_t u;
        snprintf(name, sizeof(name), "a.key.like.others.%u", (unsigned)(i * 7919u % N));
        assert_int_equal(gguf_get_u32(g, &u, name, &err), OK);
        assert_int_equal(u, i);
        snprintf(name, sizeof(name), "a.tensor.like.others.%u", (unsigned)(i * 7919u % N));
        assert_ptr_equal(gguf_find_tensor(g, name), &g->tensors[i]);
    }
    close_model(g, &b, copy);
}

static void names_are_shown_safely(void **state) {
    (void)state;
    char text[GGUF_PRINTABLE_MAX], longest[200];
    memset(longest, 'x', sizeof(longest));
    assert_string_equal(gguf_printable(text, (struct gguf_string){"a\033[1m\0b\xff", 8}),
                        "a?[1m?b?");
    gguf_printable(text, (struct gguf_string){longest, sizeof(longest)});
    assert_int_equal(strlen(text), GGUF_PRINTABLE_MAX - 1);
    assert_string_equal(text + GGUF_PRINTABLE_MAX - 4, "...");
    gguf_printable(text, (struct gguf_string){longest, GGUF_PRINTABLE_MAX - 1});
    assert_null(strchr(text, '.'));
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    struct strbuf b;
    struct gguf *g;
    struct error err;
    unsigned long n = 1;
    put_model(&b, 3);
    for (;; n++) {
        mem_fail_after(n);
        const enum status st = gguf_open_memory(&g, b.data, b.n, "model.gguf", &err);
        mem_fail_after(0);
        if (st == OK) break;
        assert_int_equal(st, ERR_NOMEM);
        assert_non_null(strstr(err.message, "model.gguf"));
    }
    assert_true(n > 6);
    gguf_close(g);
    strbuf_release(&b);
}

static void opens_the_reference_models(void **state) {
    (void)state;
    DIR *d = opendir(models);
    int n = 0;
    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d));) {
        char path[1024];
        struct gguf *g;
        struct error err;
        if (!strstr(entry->d_name, ".gguf")) continue;
        snprintf(path, sizeof(path), "%s/%s", models, entry->d_name);
        if (gguf_open(&g, path, &err)) fail_msg("%s", err.message);
        assert_non_null(gguf_find_tensor(g, "token_embd.weight"));
        for (size_t i = 0; i < g->n_tensors; i++)
            assert_int_equal((uintptr_t)g->tensors[i].data % 32, 0);
        gguf_close(g);
        n++;
    }
    closedir(d);
    assert_true(n >= 24);
}

/* With a directory: what is in it alone, or 77, which Meson takes for a skip, where it is absent.
 */
int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_type),
        cmocka_unit_test(reads_arrays),
        cmocka_unit_test(reads_tensors),
        cmocka_unit_test(getters_check_type_and_range),
        cmocka_unit_test(a_number_that_is_none_is_refused),
        cmocka_unit_test(alignment_is_the_files),
        cmocka_unit_test(finds_among_many),
        cmocka_unit_test(names_are_shown_safely),
        cmocka_unit_test(every_allocation_may_fail),
    };
    const struct CMUnitTest reference_tests[] = {
        cmocka_unit_test(opens_the_reference_models),
    };
    if (argc < 2) return cmocka_run_group_tests(tests, NULL, NULL);
    models = argv[1];
    if (access(models, R_OK) != 0) return 77;
    return cmocka_run_group_tests(reference_tests, NULL, NULL);
}
