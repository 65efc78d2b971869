/* SPDX-License-Identifier: MIT
 *
 * gguf: what the writer wrote, the reader reads; a file that was not finished does not exist.
 */
#include "check.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gguf_make.h"

static char directory[] = "/tmp/sigilo-test-XXXXXX";
static char path[64];

static int make_directory(void **state) {
    (void)state;
    if (!mkdtemp(directory)) return -1;
    snprintf(path, sizeof(path), "%s/model.gguf", directory);
    return 0;
}

static int remove_directory(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command);
}

static int entries(void) {
    int n = 0;
    DIR *d = opendir(directory);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static struct gguf_string string_of(const char *text) {
    return (struct gguf_string){text, strlen(text)};
}

static enum status put_metadata(struct gguf_writer *w, struct error *err) {
    const struct gguf_string strings[] = {string_of("uno"), string_of(""), {"a\0b", 3}};
    const int32_t numbers[] = {1, -2, 3};
    const double doubles[] = {0.1};
    const unsigned char bools[] = {1, 0};
    enum status st;
    if ((st = gguf_writer_put_u32(w, "u32", 4000000000u, err))) return st;
    if ((st = gguf_writer_put_f32(w, "f32", -0.1f, err))) return st;
    if ((st = gguf_writer_put_bool(w, "true", true, err))) return st;
    if ((st = gguf_writer_put_bool(w, "false", false, err))) return st;
    if ((st = gguf_writer_put_string(w, "string", "ñ\0ñ", 5, err))) return st;
    if ((st = gguf_writer_put_string(w, "nothing", "", 0, err))) return st;
    if ((st = gguf_writer_put_strings(w, "strings", strings, 3, err))) return st;
    if ((st = gguf_writer_put_strings(w, "no strings", NULL, 0, err))) return st;
    if ((st = gguf_writer_put_array(w, "numbers", GGUF_I32, numbers, 3, err))) return st;
    if ((st = gguf_writer_put_array(w, "doubles", GGUF_F64, doubles, 1, err))) return st;
    return gguf_writer_put_array(w, "bools", GGUF_BOOL, bools, 2, err);
}

/* Three tensors; the data of each are bytes of one value, written in pieces. */
static enum status put_tensors(struct gguf_writer *w, struct error *err) {
    static const uint64_t dims[3][GGUF_DIMS_MAX] = {{5}, {256, 3}, {32, 2, 2, 2}};
    static const enum dtype types[3] = {DTYPE_F32, DTYPE_Q4_K, DTYPE_Q8_0};
    static const uint32_t n_dims[3] = {1, 2, 4};
    static const char *const names[3] = {"bias", "blk.0.ffn_up.weight", "four"};
    static const size_t sizes[3] = {20, 3 * 144, 8 * 34};
    enum status st = OK;
    for (int i = 0; i < 3 && st == OK; i++)
        st = gguf_writer_declare(w, string_of(names[i]), types[i], n_dims[i], dims[i], err);
    if (st == OK) st = gguf_writer_begin_data(w, err);
    for (int i = 0; i < 3; i++) {
        char bytes[512];
        memset(bytes, 'a' + i, sizeof(bytes));
        if (st == OK) st = gguf_writer_data(w, bytes, 7, err);
        if (st == OK) st = gguf_writer_data(w, bytes, sizes[i] - 7, err);
    }
    return st;
}

static enum status write_model(bool replace, struct error *err) {
    struct gguf_writer *w;
    enum status st = gguf_writer_open(&w, path, replace, err);
    if (st) return st;
    st = put_metadata(w, err);
    if (st == OK) st = put_tensors(w, err);
    if (st == OK) st = gguf_writer_commit(w, err);
    gguf_writer_close(w);
    return st;
}

static void check_metadata(const struct gguf *g) {
    struct error err;
    struct gguf_string s;
    const unsigned char *cursor = NULL;
    uint32_t u = 0;
    float f = 0;
    bool yes = false, no = true;
    assert_int_equal(g->n_pairs, 11);
    assert_int_equal(gguf_get_u32(g, &u, "u32", &err), OK);
    assert_int_equal(u, 4000000000u);
    assert_int_equal(gguf_get_f32(g, &f, "f32", &err), OK);
    assert_true(f == -0.1f);
    assert_int_equal(gguf_opt_bool(g, &yes, "true", &err), OK);
    assert_int_equal(gguf_opt_bool(g, &no, "false", &err), OK);
    assert_true(yes && !no);
    assert_int_equal(gguf_get_string(g, &s, "string", &err), OK);
    assert_int_equal(s.n, 5);
    assert_memory_equal(s.data, "ñ\0ñ", 5);
    assert_int_equal(gguf_get_string(g, &s, "nothing", &err), OK);
    assert_int_equal(s.n, 0);
    const struct gguf_value *strings = gguf_find(g, "strings");
    assert_int_equal(strings->n_items, 3);
    assert_true(gguf_string_is(gguf_array_next_string(strings, &cursor), "uno"));
    assert_true(gguf_string_is(gguf_array_next_string(strings, &cursor), ""));
    assert_int_equal(gguf_array_next_string(strings, &cursor).n, 3);
    assert_int_equal(gguf_find(g, "no strings")->n_items, 0);
    assert_true(gguf_array_number(gguf_find(g, "numbers"), 1) == -2);
    assert_true(gguf_array_number(gguf_find(g, "doubles"), 0) == 0.1);
    assert_true(gguf_array_number(gguf_find(g, "bools"), 0) == 1);
}

static void check_tensors(const struct gguf *g) {
    assert_int_equal(g->n_tensors, 3);
    const struct gguf_tensor *t = gguf_find_tensor(g, "four");
    assert_int_equal(t->type, DTYPE_Q8_0);
    assert_int_equal(t->n_dims, 4);
    assert_int_equal(t->dims[3], 2);
    for (size_t i = 0; i < 3; i++) {
        t = &g->tensors[i];
        const unsigned char *data = t->data;
        assert_int_equal(data[0], 'a' + i);
        assert_int_equal(data[t->size_bytes - 1], 'a' + i);
    }
}

static void what_was_written_is_read(void **state) {
    (void)state;
    struct error err;
    struct gguf *g;
    assert_int_equal(write_model(false, &err), OK);
    if (gguf_open(&g, path, &err)) fail_msg("%s", err.message);
    assert_int_equal(g->version, 3);
    assert_int_equal(g->map_bytes % 32, 0);
    check_metadata(g);
    check_tensors(g);
    gguf_close(g);
    unlink(path);
}

static void an_existing_file_stays_unless_told(void **state) {
    (void)state;
    struct error err;
    assert_int_equal(write_model(false, &err), OK);
    assert_int_equal(write_model(false, &err), ERR_EXISTS);
    assert_int_equal(write_model(true, &err), OK);
    unlink(path);
}

/* Every pair as it is, and the alignment that the pairs tell. */
static void a_copy_has_the_same_metadata(void **state) {
    (void)state;
    struct strbuf b;
    struct gguf *from, *to;
    struct gguf_writer *w;
    struct error err;
    strbuf_init(&b, 1 << 20);
    put_head(&b, 3, 1, 4);
    put_pair_u32(&b, "general.alignment", 64);
    put_key(&b, "u8", GGUF_U8);
    strbuf_putc(&b, 9);
    put_pair_string(&b, "name", "x");
    put_key(&b, "nested", GGUF_ARRAY);
    put_u32(&b, GGUF_ARRAY);
    put_u64(&b, 1);
    put_u32(&b, GGUF_STRING);
    put_u64(&b, 1);
    put_string(&b, "deep");
    put_tensor(&b, "t", 8, 1, 0, 0);
    put_data(&b, 64, 64);
    if (gguf_open_memory(&from, b.data, b.n, "from", &err)) fail_msg("%s", err.message);

    assert_int_equal(gguf_writer_open(&w, path, false, &err), OK);
    for (size_t i = 0; i < from->n_pairs; i++)
        assert_int_equal(gguf_writer_put_pair(w, &from->pairs[i], &err), OK);
    const struct gguf_tensor *t = &from->tensors[0];
    assert_int_equal(gguf_writer_declare(w, t->name, t->type, t->n_dims, t->dims, &err), OK);
    assert_int_equal(gguf_writer_begin_data(w, &err), OK);
    assert_int_equal(gguf_writer_data(w, t->data, t->size_bytes, &err), OK);
    assert_int_equal(gguf_writer_commit(w, &err), OK);
    gguf_writer_close(w);

    if (gguf_open(&to, path, &err)) fail_msg("%s", err.message);
    assert_int_equal(to->map_bytes, b.n);
    assert_memory_equal(to->map, b.data, (size_t)((const char *)t->data - b.data) + t->size_bytes);
    gguf_close(to);
    gguf_close(from);
    strbuf_release(&b);
    unlink(path);
}

static void metadata_alone_are_a_file(void **state) {
    (void)state;
    struct gguf_writer *w;
    struct gguf *g;
    struct error err;
    assert_int_equal(gguf_writer_open(&w, path, false, &err), OK);
    assert_int_equal(gguf_writer_begin_data(w, &err), OK);
    assert_int_equal(gguf_writer_commit(w, &err), OK);
    gguf_writer_close(w);
    assert_int_equal(gguf_open(&g, path, &err), OK);
    assert_int_equal(g->n_pairs + g->n_tensors, 0);
    assert_null(gguf_find(g, "a"));
    assert_null(gguf_find_tensor(g, "a"));
    gguf_close(g);
    unlink(path);
}

static void unfinished_nothing_is_left(void **state) {
    (void)state;
    struct gguf_writer *w;
    struct error err;
    assert_int_equal(gguf_writer_open(&w, path, false, &err), OK);
    assert_int_equal(put_metadata(w, &err), OK);
    assert_int_equal(put_tensors(w, &err), OK);
    gguf_writer_close(w);
    assert_int_equal(entries(), 0);
    gguf_writer_close(NULL);
}

/* A limit on file sizes stands for the full disk: write() fails halfway. */
static void a_full_disk_is_an_error(void **state) {
    (void)state;
    struct error err;
    struct rlimit usual, small = {1024, 1024};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
    small.rlim_max = usual.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const enum status st = write_model(false, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
    assert_int_equal(st, ERR_IO);
    assert_non_null(strstr(err.message, "model.gguf"));
    assert_int_equal(entries(), 0);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    struct error err;
    unsigned long n = 1;
    for (;; n++) {
        mem_fail_after(n);
        const enum status st = write_model(false, &err);
        mem_fail_after(0);
        if (st == OK) break;
        assert_int_equal(st, ERR_NOMEM);
        assert_int_equal(entries(), 0);
    }
    assert_true(n > 6);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(an_existing_file_stays_unless_told),
        cmocka_unit_test(a_copy_has_the_same_metadata),
        cmocka_unit_test(metadata_alone_are_a_file),
        cmocka_unit_test(unfinished_nothing_is_left),
        cmocka_unit_test(a_full_disk_is_an_error),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
