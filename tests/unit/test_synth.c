/* SPDX-License-Identifier: MIT
 *
 * convert/synth: every shape in every format is a file that reads back as it should, the same bytes
 * each time and on every machine, with weights of the deviation that was asked for.
 */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "convert/random_rows.h"
#include "convert/synth.h"
#include "gguf/gguf.h"

static char path[] = "/tmp/sigilo-test-XXXXXX";

static struct gguf *make(const char *shape, enum mix mix, uint64_t seed, uint32_t n_layer) {
    struct error err;
    struct gguf *g;
    const struct synth_options opt = {.shape = synth_shape_find(shape),
                                      .mix = mix,
                                      .seed = seed,
                                      .n_layer = n_layer,
                                      .replace = true};
    assert_non_null(opt.shape);
    if (synth(path, &opt, &err)) fail_msg("%s: %s", shape, err.message);
    if (gguf_open(&g, path, &err)) fail_msg("%s: %s", shape, err.message);
    return g;
}

static uint64_t hash(const unsigned char *bytes, size_t n) {
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ bytes[i]) * 0x100000001b3u;
    return h;
}

static bool is_tiny(const struct synth_shape *s) {
    return strncmp(s->name, "tiny-", 5) == 0;
}

static void tiny_shapes_take_every_format(void **state) {
    (void)state;
    size_t n;
    const struct synth_shape *shapes = synth_shapes(&n);
    assert_true(n >= 21);
    for (size_t i = 0; i < n; i++) {
        for (int mix = 0; is_tiny(&shapes[i]) && mix < MIX_N; mix++) {
            struct gguf *g = make(shapes[i].name, (enum mix)mix, 1, 0);
            const struct gguf_tensor *t = gguf_find_tensor(g, "blk.1.attn_output.weight");
            assert_non_null(t);
            if (mix < DTYPE_N) assert_int_equal(t->type, mix);
            assert_int_equal(gguf_find_tensor(g, "output_norm.weight")->type, DTYPE_F32);
            assert_int_equal(gguf_find_tensor(g, "output.weight") == NULL, shapes[i].tied);
            gguf_close(g);
        }
    }
}

/* Hashes (FNV-1a) of whole files, met on x86-64 and ppc64le; a change of shapes or generator
 * changes them, on purpose or not. */
static void a_seed_means_the_same_bytes(void **state) {
    (void)state;
    static const struct {
        const char *shape;
        enum mix mix;
        uint64_t hash;
    } wanted[] = {
        {"tiny-llama3", MIX_Q4_K_M, 0xec1b13ff61159698u},
        {"tiny-phi3", (enum mix)DTYPE_IQ4_XS, 0xe1eafebd19c7a9c7u},
        {"tiny-gemma2", (enum mix)DTYPE_Q2_K, 0x90477e9d69f1a68bu},
        {"tiny-qwen2", (enum mix)DTYPE_F16, 0x2cf93c9c778711d4u},
    };
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct gguf *g = make(wanted[i].shape, wanted[i].mix, 1, 0);
        const uint64_t h = hash(g->map, g->map_bytes);
        if (h != wanted[i].hash)
            fail_msg("%s: hash 0x%016llx", wanted[i].shape, (unsigned long long)h);
        gguf_close(g);
        g = make(wanted[i].shape, wanted[i].mix, 2, 0);
        assert_true(hash(g->map, g->map_bytes) != h);
        gguf_close(g);
    }
}

/* What the metadata of the real shapes say, and what their tensors hold. One layer is enough. */
static void real_shapes_have_their_sizes(void **state) {
    (void)state;
    struct error err;
    uint32_t u = 0;
    float f = 0;
    struct gguf *g = make("llama-3.2-1b", (enum mix)DTYPE_Q2_K, 1, 1);
    assert_int_equal(gguf_get_u32(g, &u, "llama.block_count", &err), OK);
    assert_int_equal(u, 1);
    assert_int_equal(gguf_get_u32(g, &u, "llama.attention.key_length", &err), OK);
    assert_int_equal(u, 64);
    assert_int_equal(gguf_get_f32(g, &f, "llama.rope.freq_base", &err), OK);
    assert_true(f == 500000);
    assert_int_equal(gguf_find_tensor(g, "token_embd.weight")->dims[1], 128256);
    assert_int_equal(gguf_find_tensor(g, "blk.0.attn_k.weight")->dims[1], 512);
    const struct gguf_tensor *t = gguf_find_tensor(g, "rope_freqs.weight");
    assert_int_equal(t->dims[0], 32);
    assert_true(((const float *)t->data)[0] == 1);
    assert_true(((const float *)t->data)[31] == 32);
    gguf_close(g);
    g = make("phi-3.5-mini", (enum mix)DTYPE_Q2_K, 1, 1);
    assert_int_equal(gguf_find_tensor(g, "blk.0.attn_qkv.weight")->dims[1], 9216);
    assert_int_equal(gguf_find_tensor(g, "blk.0.ffn_up.weight")->dims[1], 16384);
    assert_int_equal(gguf_find_tensor(g, "rope_factors_long.weight")->dims[0], 48);
    assert_int_equal(gguf_get_u32(g, &u, "phi3.rope.scaling.original_context_length", &err), OK);
    assert_int_equal(u, 4096);
    gguf_close(g);
}

static void blocks_have_the_deviation(void **state) {
    (void)state;
    enum { N = 256 * 400 };
    float *weights = mem_alloc(N * sizeof(float));
    void *blocks = mem_alloc(N * sizeof(float));
    for (int type = 0; type < DTYPE_N; type++) {
        struct random64 r = {7};
        double sum = 0, squares = 0;
        random_blocks(&r, (enum dtype)type, 0.02f, blocks, dtype_row_bytes((enum dtype)type, N));
        dtype_traits((enum dtype)type)->decode(N, blocks, weights);
        for (size_t i = 0; i < N; i++) {
            sum += weights[i];
            squares += (double)weights[i] * weights[i];
        }
        const double deviation = sqrt(squares / N);
        if (fabs(deviation - 0.02) > 0.001 || fabs(sum / N) > 0.001)
            fail_msg("%s: mean %g, deviation %g", dtype_traits((enum dtype)type)->name, sum / N,
                     deviation);
    }
    mem_free(blocks);
    mem_free(weights);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    struct error err;
    const struct synth_options opt = {
        .shape = synth_shape_find("tiny-llama"), .mix = MIX_Q4_K_M, .replace = true};
    unsigned long n = 1;
    for (;; n++) {
        mem_fail_after(n);
        const enum status st = synth(path, &opt, &err);
        mem_fail_after(0);
        if (st == OK) break;
        assert_int_equal(st, ERR_NOMEM);
    }
    assert_true(n > 8);
}

static void mixes_spend_bits_where_it_counts(void **state) {
    (void)state;
    const struct mix_shape tied = {.n_layer = 28, .n_head = 24, .n_head_kv = 8, .tied = true};
    const struct mix_shape untied = {.n_layer = 32, .n_head = 32, .n_head_kv = 8};
    const struct mix_shape large = {.n_layer = 80, .n_head = 64, .n_head_kv = 8};
    enum mix mix;
    assert_true(mix_from_name(&mix, "q4_k_m"));
    assert_int_equal(mix, MIX_Q4_K_M);
    assert_int_equal(mix_file_type(mix), 15);
    assert_string_equal(mix_name(mix), "Q4_K_M");
    assert_true(mix_from_name(&mix, "q6_k"));
    assert_int_equal(mix, DTYPE_Q6_K);
    assert_false(mix_from_name(&mix, "q4_k_x"));

    const enum mix m = MIX_Q4_K_M, s = MIX_Q4_K_S;
    assert_int_equal(mix_type(m, &tied, "token_embd.weight", 3072), DTYPE_Q6_K);
    assert_int_equal(mix_type(m, &untied, "token_embd.weight", 4096), DTYPE_Q4_K);
    assert_int_equal(mix_type(m, &untied, "output.weight", 4096), DTYPE_Q6_K);
    assert_int_equal(mix_type(m, &untied, "blk.0.attn_q.weight", 4096), DTYPE_Q4_K);
    /* of 32 layers 0-3, 28-31, and 6, 9, 12... */
    assert_int_equal(mix_type(m, &untied, "blk.3.attn_v.weight", 4096), DTYPE_Q6_K);
    assert_int_equal(mix_type(m, &untied, "blk.4.attn_v.weight", 4096), DTYPE_Q4_K);
    assert_int_equal(mix_type(m, &untied, "blk.6.ffn_down.weight", 14336), DTYPE_Q6_K);
    assert_int_equal(mix_type(m, &untied, "blk.27.ffn_down.weight", 14336), DTYPE_Q6_K);
    assert_int_equal(mix_type(m, &untied, "blk.26.ffn_down.weight", 14336), DTYPE_Q4_K);
    assert_int_equal(mix_type(m, &untied, "blk.28.attn_qkv.weight", 4096), DTYPE_Q6_K);
    assert_int_equal(mix_type(MIX_Q5_K_M, &untied, "blk.28.attn_v.weight", 4096), DTYPE_Q6_K);
    assert_int_equal(mix_type(MIX_Q5_K_S, &untied, "blk.28.attn_v.weight", 4096), DTYPE_Q5_K);
    assert_int_equal(mix_type(s, &untied, "blk.3.attn_v.weight", 4096), DTYPE_Q5_K);
    assert_int_equal(mix_type(s, &untied, "blk.4.attn_v.weight", 4096), DTYPE_Q4_K);
    assert_int_equal(mix_type(s, &untied, "blk.3.ffn_down.weight", 4096), DTYPE_Q5_K);
    assert_int_equal(mix_type(s, &untied, "blk.4.ffn_down.weight", 4096), DTYPE_Q4_K);
    assert_int_equal(mix_type(m, &large, "blk.20.attn_v.weight", 8192), DTYPE_Q5_K);
    /* rows that are no multiple of 256, or not even of 32 */
    assert_int_equal(mix_type(m, &untied, "blk.4.attn_v.weight", 96), DTYPE_Q5_0);
    assert_int_equal(mix_type(m, &untied, "output.weight", 96), DTYPE_Q8_0);
    assert_int_equal(mix_type(m, &untied, "output.weight", 97), DTYPE_F16);

    assert_true(mix_is_matrix("blk.0.attn_q.weight", 2));
    assert_false(mix_is_matrix("blk.0.attn_norm.weight", 1));
    assert_false(mix_is_matrix("blk.0.attn_q.bias", 1));
}

static int make_file(void **state) {
    (void)state;
    const int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state) {
    (void)state;
    return unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixes_spend_bits_where_it_counts),
        cmocka_unit_test(blocks_have_the_deviation),
        cmocka_unit_test(tiny_shapes_take_every_format),
        cmocka_unit_test(a_seed_means_the_same_bytes),
        cmocka_unit_test(real_shapes_have_their_sizes),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
