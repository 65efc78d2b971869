/* SPDX-License-Identifier: MIT
 *
 * kernels/kernels: the table: caps, unknown names, processors without the newer features; packing.
 */
#include "../unit/check.h"

#include <string.h>

#include "base/cpu.h"
#include "kernels/kernels.h"

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
            assert_non_null(t.gemm[d].run);
            assert_non_null(t.gemm[d].pack);
            assert_non_null(t.gemm[d].pack_size);
            assert_true(t.gemm[d].mr > 0 && t.gemm[d].nr > 0);
        }
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

static void packed_sizes_do_not_wrap(void **state) {
    (void)state;
    for (const char *const *isa = kernels_isas(); *isa; isa++) {
        struct kernels t;
        assert_int_equal(kernels_init(&t, *isa, ~0u, NULL), OK);
        const struct gemm *g = &t.gemm[DTYPE_F32];
        size_t one, many;
        assert_true(g->pack_size(&one, g->mr, 10));
        assert_int_equal(one, g->mr * 10 * sizeof(float));
        assert_true(g->pack_size(&many, 3 * (size_t)g->mr, 10));
        assert_int_equal(many, 3 * one); /* how threads find their rows */
        assert_true(g->pack_size(&many, 0, 10));
        assert_int_equal(many, 0);
        assert_false(g->pack_size(&many, SIZE_MAX, 1));
        assert_false(g->pack_size(&many, SIZE_MAX / 8, 16));
    }
}

static void a_small_product_by_hand(void **state) {
    (void)state;
    const float w[2][3] = {{1, 2, 3}, {4, 5, 6}}, x[2][3] = {{1, 0, -1}, {2, 2, 2}};
    const float want[2][2] = {{-2, -2}, {12, 30}};
    float packed[16 * 3], y[2][2];
    for (const char *const *isa = kernels_isas(); *isa; isa++) {
        struct kernels t;
        assert_int_equal(kernels_init(&t, *isa, cpu_features(), NULL), OK);
        const struct gemm *g = &t.gemm[DTYPE_F32];
        assert_true(g->mr <= 16);
        g->pack(packed, 2, 3, w);
        g->run(2, 2, 3, packed, x, &y[0][0], 2);
        assert_memory_equal(y, want, sizeof(want)); /* small integers are exact */
        g->run(0, 2, 3, packed, x, &y[0][0], 2);
        g->run(2, 0, 3, packed, x, &y[0][0], 2);
        assert_memory_equal(y, want, sizeof(want));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_fills_the_table),
        cmocka_unit_test(ref_comes_first_and_without_cap_the_highest),
        cmocka_unit_test(a_cap_is_a_ceiling_not_a_demand),
        cmocka_unit_test(another_familys_features_change_nothing),
        cmocka_unit_test(unknown_names_are_refused_with_the_known_ones),
        cmocka_unit_test(packed_sizes_do_not_wrap),
        cmocka_unit_test(a_small_product_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
