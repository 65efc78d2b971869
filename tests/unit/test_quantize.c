/* SPDX-License-Identifier: MIT
 *
 * convert/quantize: models made by synth, in other formats: types by the mix, metadata kept, errors
 * small and truly told, the same bytes for any number of threads, and refusals that leave no trace.
 */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "convert/quantize.h"
#include "convert/synth.h"

static char directory[] = "/tmp/sigilo-test-XXXXXX";
static char in_path[64], out_path[64], other_path[64];
static struct pool *pool;

static void make_model(const char *shape, enum dtype type) {
    struct error err;
    const struct synth_options opt = {
        .shape = synth_shape_find(shape), .mix = (enum mix)type, .seed = 1, .replace = true};
    if (synth(in_path, &opt, &err)) fail_msg("%s", err.message);
}

static struct gguf *open_model(const char *path) {
    struct gguf *g;
    struct error err;
    if (gguf_open(&g, path, &err)) fail_msg("%s", err.message);
    return g;
}

enum { TOLD_MAX = 64 };

struct told {
    struct quantize_tensor tensors[TOLD_MAX];
    size_t n, done_bytes, total_bytes;
};

static void on_tensor(void *context, const struct quantize_tensor *t) {
    struct told *told = context;
    assert_true(told->n < TOLD_MAX);
    told->tensors[told->n++] = *t;
}

static void on_progress(void *context, size_t done_bytes, size_t total_bytes) {
    struct told *told = context;
    assert_true(done_bytes >= told->done_bytes);
    told->done_bytes = done_bytes;
    told->total_bytes = total_bytes;
}

static enum status convert_to(const char *path, enum mix mix, struct told *told,
                              struct error *err) {
    const struct quantize_options opt = {.mix = mix,
                                         .pool = pool,
                                         .replace = true,
                                         .on_tensor = on_tensor,
                                         .on_progress = on_progress,
                                         .context = told};
    *told = (struct told){.n = 0};
    return quantize(in_path, path, &opt, err);
}

static struct gguf *convert(enum mix mix, struct told *told) {
    struct error err;
    if (convert_to(out_path, mix, told, &err)) fail_msg("%s: %s", mix_name(mix), err.message);
    return open_model(out_path);
}

static float *decode_all(const struct gguf_tensor *t, size_t *n) {
    const struct dtype_traits *traits = dtype_traits(t->type);
    *n = t->size_bytes / traits->block_bytes * traits->block_weights;
    float *w = mem_alloc(*n * sizeof(*w));
    assert_non_null(w);
    traits->decode(*n, t->data, w);
    return w;
}

/* The error, from the two files. */
static double error_between(const struct gguf_tensor *a, const struct gguf_tensor *b) {
    size_t n, m;
    float *x = decode_all(a, &n), *y = decode_all(b, &m);
    double error = 0, square = 0;
    assert_int_equal(n, m);
    for (size_t i = 0; i < n; i++) {
        const double e = (double)x[i] - (double)y[i];
        error += e * e;
        square += (double)x[i] * (double)x[i];
    }
    mem_free(x);
    mem_free(y);
    return square > 0 ? error / square : 0;
}

/* Under an emulator (MESON_EXE_WRAPPER, which Meson sets) one of the mixes and half of the tests:
 * encoding is slow there, and test_encode shows that its bytes are the same. */
static bool quick;

static void every_offered_mix_is_written(void **state) {
    (void)state;
    static const double bound[DTYPE_N] = {
        [DTYPE_F32] = 1e-30, [DTYPE_F16] = 1e-7,  [DTYPE_BF16] = 4e-6,
        [DTYPE_Q8_0] = 3e-5, [DTYPE_Q6_K] = 4e-4, [DTYPE_Q5_K] = 1.5e-3,
        [DTYPE_Q5_0] = 2e-3, [DTYPE_Q4_K] = 6e-3, [DTYPE_Q4_0] = 8e-3,
    };
    int n_offered = 0;
    make_model("tiny-llama", DTYPE_F32);
    struct gguf *in = open_model(in_path);
    for (int mix = 0; mix < MIX_N; mix++) {
        if (!quantize_offers((enum mix)mix)) continue;
        n_offered++;
        if (quick && mix != (int)DTYPE_Q8_0) continue;
        struct told told;
        struct gguf *out = convert((enum mix)mix, &told);
        assert_int_equal(told.n, in->n_tensors);
        assert_int_equal(out->n_tensors, in->n_tensors);
        assert_int_equal(told.done_bytes, told.total_bytes);
        for (size_t i = 0; i < in->n_tensors; i++) {
            const struct gguf_tensor *a = &in->tensors[i], *b = &out->tensors[i];
            const double error = error_between(a, b);
            assert_int_equal(a->name.n, b->name.n);
            assert_memory_equal(a->name.data, b->name.data, a->name.n);
            assert_int_equal(b->dims[1], a->dims[1]);
            assert_int_equal(b->type, told.tensors[i].to);
            assert_int_equal(b->size_bytes, told.tensors[i].sums.out_bytes);
            assert_true(fabs(error - quantize_nmse(&told.tensors[i].sums)) <= 1e-9 * error);
            assert_true(error <= bound[b->type]);
            if (a->n_dims == 1) assert_int_equal(b->type, DTYPE_F32);
        }
        gguf_close(out);
    }
    gguf_close(in);
    assert_int_equal(n_offered, 11);
}

static enum dtype type_of(const struct gguf *g, const char *name) {
    const struct gguf_tensor *t = gguf_find_tensor(g, name);
    assert_non_null(t);
    return t->type;
}

static void mixes_choose_as_users_know_them(void **state) {
    (void)state;
    struct told told;
    make_model("tiny-llama", DTYPE_F16); /* two layers: the second gets more bits */
    struct gguf *out = convert(MIX_Q4_K_M, &told);
    assert_int_equal(type_of(out, "blk.0.attn_v.weight"), DTYPE_Q4_K);
    assert_int_equal(type_of(out, "blk.1.attn_v.weight"), DTYPE_Q6_K);
    assert_int_equal(type_of(out, "blk.1.ffn_down.weight"), DTYPE_Q6_K);
    assert_int_equal(type_of(out, "token_embd.weight"), DTYPE_Q4_K);
    assert_int_equal(type_of(out, "output.weight"), DTYPE_Q6_K);
    gguf_close(out);
    out = convert((enum mix)DTYPE_Q4_0, &told);
    assert_int_equal(type_of(out, "token_embd.weight"), DTYPE_Q4_0);
    assert_int_equal(type_of(out, "output.weight"), DTYPE_Q6_K);
    gguf_close(out);
    make_model("tiny-gemma2", DTYPE_F16); /* tied */
    out = convert((enum mix)DTYPE_Q5_0, &told);
    assert_int_equal(type_of(out, "token_embd.weight"), DTYPE_Q6_K);
    assert_int_equal(type_of(out, "blk.0.ffn_up.weight"), DTYPE_Q5_0);
    gguf_close(out);
}

static void metadata_are_kept(void **state) {
    (void)state;
    struct told told;
    struct error err;
    uint32_t u = 0;
    make_model("tiny-phi3", DTYPE_BF16);
    struct gguf *in = open_model(in_path), *out = convert(MIX_Q5_K_M, &told);
    assert_int_equal(out->n_pairs, in->n_pairs);
    for (size_t i = 0; i < in->n_pairs; i++) {
        char key[128];
        snprintf(key, sizeof(key), "%.*s", (int)in->pairs[i].key.n, in->pairs[i].key.data);
        const struct gguf_value *a = &in->pairs[i].value, *b = gguf_find(out, key);
        assert_non_null(b);
        if (strcmp(key, "general.file_type") == 0) continue;
        assert_int_equal(a->type, b->type);
        assert_int_equal(a->size_bytes, b->size_bytes);
        assert_memory_equal(a->data, b->data, a->size_bytes);
    }
    assert_int_equal(gguf_get_u32(out, &u, "general.file_type", &err), OK);
    assert_int_equal(u, 17);
    assert_int_equal(gguf_get_u32(out, &u, "general.quantization_version", &err), OK);
    assert_int_equal(u, 2);
    gguf_close(in);
    gguf_close(out);
}

static void threads_do_not_show(void **state) {
    (void)state;
    struct told told;
    struct error err;
    struct pool *alone, *both = pool;
    make_model("tiny-qwen2", DTYPE_F16);
    struct gguf *out = convert(MIX_Q4_K_M, &told);
    assert_int_equal(pool_open(&alone, 1, &err), OK);
    pool = alone;
    struct told told_alone;
    const enum status st = convert_to(other_path, MIX_Q4_K_M, &told_alone, &err);
    pool = both;
    pool_close(alone);
    assert_int_equal(st, OK);
    struct gguf *other = open_model(other_path);
    assert_int_equal(out->map_bytes, other->map_bytes);
    assert_memory_equal(out->map, other->map, out->map_bytes);
    for (size_t i = 0; i < told.n; i++)
        assert_true(told.tensors[i].sums.error == told_alone.tensors[i].sums.error);
    gguf_close(other);
    gguf_close(out);
}

/* What is there already is copied; what is quantised otherwise is told to lose twice. */
static void quantised_input_is_taken(void **state) {
    (void)state;
    struct told told;
    make_model("tiny-llama", DTYPE_Q4_K);
    struct gguf *in = open_model(in_path), *out = convert(MIX_Q4_K_S, &told);
    for (size_t i = 0; i < told.n; i++) {
        const struct gguf_tensor *a = &in->tensors[i], *b = &out->tensors[i];
        assert_int_equal(told.tensors[i].again, a->type != b->type);
        if (a->type != b->type) continue;
        assert_int_equal(a->size_bytes, b->size_bytes);
        assert_memory_equal(a->data, b->data, a->size_bytes);
    }
    assert_int_equal(type_of(out, "blk.0.attn_q.weight"), DTYPE_Q4_K);
    assert_int_equal(type_of(out, "output.weight"), DTYPE_Q6_K);
    gguf_close(in);
    gguf_close(out);
}

/* A matrix [k, 3] and what holds it, by hand; every 97th weight is undefined. */
static void make_matrix(const char *name, uint64_t k) {
    struct gguf_writer *w = NULL;
    struct error err;
    const struct gguf_string tensor = {name, strlen(name)};
    const uint64_t dims[] = {k, 3};
    float row[512];
    assert_true(k <= 512);
    for (uint64_t i = 0; i < k; i++)
        row[i] = i % 97 == 5 ? (i % 2 ? NAN : INFINITY) : (float)(i % 13) - 6;
    enum status st = gguf_writer_open(&w, in_path, true, &err);
    if (st == OK) st = gguf_writer_put_string(w, "general.architecture", "llama", 5, &err);
    if (st == OK) st = gguf_writer_declare(w, tensor, DTYPE_F32, 2, dims, &err);
    if (st == OK) st = gguf_writer_begin_data(w, &err);
    for (int i = 0; i < 3 && st == OK; i++)
        st = gguf_writer_data(w, row, (size_t)k * sizeof(*row), &err);
    if (st == OK) st = gguf_writer_commit(w, &err);
    gguf_writer_close(w);
    if (st) fail_msg("%s", err.message);
}

static void rows_that_do_not_fit_fall_back(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum mix mix;
        uint64_t k;
        enum dtype to, wanted;
    } cases[] = {
        {"blk.0.attn_q.weight", MIX_Q4_K_M, 96, DTYPE_Q5_0, DTYPE_Q4_K},
        {"blk.0.attn_q.weight", MIX_Q5_K_M, 96, DTYPE_Q8_0, DTYPE_Q5_K},
        {"output.weight", MIX_Q4_K_M, 160, DTYPE_Q8_0, DTYPE_Q6_K},
        {"blk.0.attn_q.weight", (enum mix)DTYPE_Q8_0, 100, DTYPE_F16, DTYPE_Q8_0},
        {"blk.0.attn_q.weight", MIX_Q4_K_M, 512, DTYPE_Q4_K, DTYPE_Q4_K},
        {"blk.0.attn_norm.weight", MIX_Q4_K_M, 256, DTYPE_F32, DTYPE_F32},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct told told;
        make_matrix(cases[i].name, cases[i].k);
        struct gguf *out = convert(cases[i].mix, &told);
        assert_int_equal(told.n, 1);
        assert_int_equal(out->tensors[0].type, cases[i].to);
        assert_int_equal(told.tensors[0].wanted, cases[i].wanted);
        if (cases[i].to != DTYPE_F32)
            assert_int_equal(told.tensors[0].sums.n_undefined, 3 * ((cases[i].k - 6) / 97 + 1));
        assert_true(isfinite(quantize_nmse(&told.tensors[0].sums)));
        gguf_close(out);
    }
}

static void refusals_leave_the_output_alone(void **state) {
    (void)state;
    struct error err;
    struct quantize_options opt = {.mix = MIX_Q4_K_M, .pool = pool};
    make_model("tiny-llama", DTYPE_F16);
    assert_int_equal(file_write(out_path, "mine", 4, true, &err), OK);
    assert_int_equal(quantize(in_path, out_path, &opt, &err), ERR_EXISTS);
    opt.replace = true;
    unlink(other_path);
    assert_int_equal(link(in_path, other_path), 0);
    assert_int_equal(quantize(in_path, other_path, &opt, &err), ERR_INVALID);
    assert_int_equal(quantize(in_path, in_path, &opt, &err), ERR_INVALID);
    assert_int_equal(unlink(other_path), 0);
    assert_int_equal(quantize(in_path, directory, &opt, &err), ERR_INVALID);
    assert_int_equal(quantize("/nowhere/at/all", out_path, &opt, &err), ERR_NOT_FOUND);
    assert_int_equal(file_write(other_path, "GGUF", 4, true, &err), OK);
    assert_int_equal(quantize(other_path, out_path, &opt, &err), ERR_INVALID);
    struct file_bytes bytes;
    assert_int_equal(file_read(&bytes, out_path, 100, &err), OK);
    assert_int_equal(bytes.n, 4);
    assert_memory_equal(bytes.data, "mine", 4);
    file_bytes_release(&bytes);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    struct error err;
    struct told told;
    make_model("tiny-llama", DTYPE_F16);
    unsigned long n = 1;
    for (;; n++) {
        mem_fail_after(n);
        const enum status st = convert_to(out_path, MIX_Q4_K_M, &told, &err);
        mem_fail_after(0);
        if (st == OK) break;
        assert_int_equal(st, ERR_NOMEM);
    }
    assert_true(n > 20);
}

static int set_up(void **state) {
    (void)state;
    struct error err;
    if (!mkdtemp(directory)) return -1;
    snprintf(in_path, sizeof(in_path), "%s/in.gguf", directory);
    snprintf(out_path, sizeof(out_path), "%s/out.gguf", directory);
    snprintf(other_path, sizeof(other_path), "%s/other.gguf", directory);
    return pool_open(&pool, 2, &err) == OK ? 0 : -1;
}

/* Fails where a temporary file was left behind. */
static int tear_down(void **state) {
    (void)state;
    pool_close(pool);
    unlink(in_path);
    unlink(out_path);
    unlink(other_path);
    return rmdir(directory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_offered_mix_is_written),
        cmocka_unit_test(mixes_choose_as_users_know_them),
        cmocka_unit_test(metadata_are_kept),
        cmocka_unit_test(refusals_leave_the_output_alone),
        /* from here on not under an emulator */
        cmocka_unit_test(threads_do_not_show),
        cmocka_unit_test(quantised_input_is_taken),
        cmocka_unit_test(rows_that_do_not_fit_fall_back),
        cmocka_unit_test(every_allocation_may_fail),
    };
    const size_t n = sizeof(tests) / sizeof(tests[0]);
    quick = getenv("MESON_EXE_WRAPPER") != NULL;
    return _cmocka_run_group_tests("tests", tests, quick ? n - 4 : n, set_up, tear_down);
}
