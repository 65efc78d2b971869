/* SPDX-License-Identifier: MIT
 *
 * kernels/kernels: the table: caps, unknown names, processors without the newer features; packing.
 */
#include "../unit/check.h"

#include <string.h>

#include "base/cpu.h"
#include "kernels/kernels.h"
#include "quant/blocks.h"

static const char *highest_without_features(void) {
#if defined(__powerpc64__)
    return "vsx"; /* the baseline of the architecture */
#else
    return "ref";
#endif
}

static void every_level_fills_the_table(void **state) {
    (void)state;
    for (const char *const *isa = kernels_isas(); *isa; isa++) {
        struct kernels t;
        struct error err;
        assert_int_equal(kernels_init(&t, *isa, ~0u, &err), OK);
        assert_string_equal(t.isa, *isa);
        for (int d = 0; d < DTYPE_N; d++) {
            const struct gemm *g = &t.gemm[d];
            assert_non_null(g->run);
            assert_true((g->pack != NULL) == (g->panel_bytes != NULL));
            assert_true((g->stream != NULL) == (g->n_stream > 0));
            assert_true(g->mr > 0 && g->nr > 0);
            assert_true(g->act == ACT_F32 || t.quantize[g->act]);
            assert_non_null(t.decode[d]);
        }
        assert_non_null(t.encode_f16);
        assert_true(t.rms_norm && t.silu_gate && t.gelu_gate && t.soft_cap && t.add);
        assert_true(t.scores && t.softmax_step && t.mix);
    }
}

static void ref_comes_first_and_without_cap_the_highest(void **state) {
    (void)state;
    const char *const *isa = kernels_isas();
    assert_string_equal(isa[0], "ref");
    while (isa[1])
        isa++;
    struct kernels t;
    assert_int_equal(kernels_init(&t, NULL, ~0u, NULL), OK);
    assert_string_equal(t.isa, *isa);
}

static void a_cap_is_a_ceiling_not_a_demand(void **state) {
    (void)state;
    struct kernels capped, none;
    assert_int_equal(kernels_init(&none, NULL, 0, NULL), OK);
    assert_string_equal(none.isa, highest_without_features());
    for (const char *const *isa = kernels_isas(); *isa; isa++) {
        assert_int_equal(kernels_init(&capped, *isa, 0, NULL), OK);
        if (isa > kernels_isas()) assert_string_equal(capped.isa, highest_without_features());
    }
    assert_int_equal(kernels_init(&capped, "ref", ~0u, NULL), OK);
    assert_string_equal(capped.isa, "ref");
}

static void another_familys_features_change_nothing(void **state) {
    (void)state;
#if defined(__x86_64__)
    const unsigned foreign = CPU_PPC_VSX3 | CPU_PPC_MMA;
#else
    const unsigned foreign = CPU_X86_AVX2;
#endif
    struct kernels t;
    assert_int_equal(kernels_init(&t, NULL, foreign, NULL), OK);
    assert_string_equal(t.isa, highest_without_features());
}

static void unknown_names_are_refused_with_the_known_ones(void **state) {
    (void)state;
    static const char *const names[] = {"", "REF", "sse9", "avx", "ref "};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct kernels t = {.isa = "untouched"};
        struct error err = {0};
        assert_int_equal(kernels_init(&t, names[i], ~0u, &err), ERR_INVALID);
        assert_string_equal(t.isa, "untouched");
        for (const char *const *isa = kernels_isas(); *isa; isa++)
            assert_non_null(strstr(err.message, *isa));
    }
}

static void panels_grow_with_k(void **state) {
    (void)state;
    for (const char *const *isa = kernels_isas(); *isa; isa++) {
        struct kernels t;
        assert_int_equal(kernels_init(&t, *isa, ~0u, NULL), OK);
        for (int d = 0; d < DTYPE_N; d++) {
            const struct gemm *g = &t.gemm[d];
            if (!g->pack) continue;
            const size_t one = g->panel_bytes(256);
            assert_true(one >= 256u * g->mr); /* a byte a weight is the least */
            assert_int_equal(g->panel_bytes(4 * 256), 4 * one);
        }
    }
}

static void activations_take_their_blocks(void **state) {
    (void)state;
    assert_int_equal(act_row_bytes(ACT_F32, 5), 5 * sizeof(float));
    assert_int_equal(act_row_bytes(ACT_Q8_32, 64), 2 * sizeof(struct act_q8_32));
    assert_int_equal(act_row_bytes(ACT_Q8_256, 768), 3 * sizeof(struct act_q8_256));
}

/* What must agree with the exact table: products of f32 activations, for every format. */
static void exact_means_f32_activations(void **state) {
    (void)state;
    for (const char *const *isa = kernels_isas(); *isa; isa++) {
        struct kernels t, plain;
        assert_int_equal(kernels_init(&plain, *isa, ~0u, NULL), OK);
        t = plain;
        assert_int_equal(t.gemm[DTYPE_Q4_K].act, ACT_Q8_256);
        assert_int_equal(t.gemm[DTYPE_Q4_0].act, ACT_Q8_32);
        kernels_make_exact(&t);
        for (int d = 0; d < DTYPE_N; d++) {
            assert_int_equal(t.gemm[d].act, ACT_F32);
            if (plain.gemm[d].act == ACT_F32)
                assert_memory_equal(&t.gemm[d], &plain.gemm[d], sizeof(struct gemm));
        }
    }
}

/* w [2][k] of one format as file rows, by x [2][k] of small integers: exact on every level. */
static void small_product(const struct gemm *g, enum dtype type, size_t k, const void *w,
                          const void *x, const float want[2][2]) {
    float packed[16 * 256 * sizeof(float)], y[2][2] = {{0}};
    const void *operand = w;
    assert_true(g->mr <= 16);
    if (g->pack) {
        assert_true(g->panel_bytes(k) <= sizeof(packed));
        g->pack(type, packed, 2, k, w);
        operand = packed;
    }
    g->run(type, 2, 2, k, operand, x, &y[0][0], 2);
    assert_memory_equal(y, want, sizeof(y));
    g->run(type, 0, 2, k, operand, x, &y[0][0], 2);
    g->run(type, 2, 0, k, operand, x, &y[0][0], 2);
    assert_memory_equal(y, want, sizeof(y));
    if (!g->stream) return;
    memset(y, 0, sizeof(y));
    g->stream(type, 2, 2, k, w, x, &y[0][0], 2);
    assert_memory_equal(y, want, sizeof(y));
}

static void a_small_product_by_hand(void **state) {
    (void)state;
    const float w[2][3] = {{1, 2, 3}, {4, 5, 6}}, x[2][3] = {{1, 0, -1}, {2, 2, 2}};
    const float want[2][2] = {{-2, -2}, {12, 30}};
    for (const char *const *isa = kernels_isas(); *isa; isa++) {
        struct kernels t;
        assert_int_equal(kernels_init(&t, *isa, cpu_features(), NULL), OK);
        small_product(&t.gemm[DTYPE_F32], DTYPE_F32, 3, w, x, want);
    }
}

/* Q8_0 with the scales 1 and 2: rows of ones and of p - 16; tokens of 127, -127 and of p, whose
 * scales come out as 1. */
static void a_quantised_product_by_hand(void **state) {
    (void)state;
    struct block_q8_0 w[2] = {{.d = {0x00, 0x3c}}, {.d = {0x00, 0x40}}};
    float x[2][32];
    for (int p = 0; p < 32; p++) {
        w[0].codes[p] = 1;
        w[1].codes[p] = (int8_t)(p - 16);
        x[0][p] = p < 16 ? 127 : -127;
        x[1][p] = p == 31 ? 127 : (float)p;
    }
    const float ramp = 31 * 30 / 2 + 127; /* sum of the second token; then sum of p (p - 16) */
    const float squares = 30 * 31 * 61 / 6 - 16 * 31 * 30 / 2 + 127 * 15;
    const float want[2][2] = {{0, 2 * 127 * -256}, {ramp, 2 * squares}};
    for (const char *const *isa = kernels_isas(); *isa; isa++) {
        struct kernels t;
        struct act_q8_32 q[2];
        assert_int_equal(kernels_init(&t, *isa, cpu_features(), NULL), OK);
        for (int j = 0; j < 2; j++)
            t.quantize[ACT_Q8_32](32, x[j], &q[j]);
        assert_true(q[0].d == 1 && q[1].d == 1);
        assert_int_equal(q[0].sum, 0);
        small_product(&t.gemm[DTYPE_Q8_0], DTYPE_Q8_0, 32, w, q, want);
        kernels_make_exact(&t);
        small_product(&t.gemm[DTYPE_Q8_0], DTYPE_Q8_0, 32, w, x, want);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_fills_the_table),
        cmocka_unit_test(ref_comes_first_and_without_cap_the_highest),
        cmocka_unit_test(a_cap_is_a_ceiling_not_a_demand),
        cmocka_unit_test(another_familys_features_change_nothing),
        cmocka_unit_test(unknown_names_are_refused_with_the_known_ones),
        cmocka_unit_test(panels_grow_with_k),
        cmocka_unit_test(activations_take_their_blocks),
        cmocka_unit_test(exact_means_f32_activations),
        cmocka_unit_test(a_small_product_by_hand),
        cmocka_unit_test(a_quantised_product_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
