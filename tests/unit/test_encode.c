/* SPDX-License-Identifier: MIT
 *
 * quant: encoding. How near the weights come, what becomes of values that no format holds, and that
 * the bytes are the same on every machine.
 */
#include "check.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "quant/blocks.h"
#include "quant/quant.h"

enum { N = 1 << 13 };

static const enum dtype encodable[] = {DTYPE_F32,  DTYPE_F16,  DTYPE_BF16, DTYPE_Q8_0, DTYPE_Q5_0,
                                       DTYPE_Q4_0, DTYPE_Q4_K, DTYPE_Q5_K, DTYPE_Q6_K};
enum { N_ENCODABLE = sizeof(encodable) / sizeof(encodable[0]), FIRST_BLOCK_FORMAT = 3 };

static float weights[N], decoded[N];
static unsigned char blocks[1 + 4 * N], other_blocks[4 * N];

static uint32_t next_random(uint64_t *x) {
    *x = *x * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*x >> 32);
}

/* Nearly normal: a sum of uniform integers; exact, so alike on every machine. */
static void random_weights(uint64_t seed) {
    for (int i = 0; i < N; i++) {
        int64_t sum = 0;
        for (int j = 0; j < 8; j++)
            sum += (int32_t)next_random(&seed) >> 12;
        weights[i] = (float)sum * 0x1p-26f;
    }
}

static void round_trip(enum dtype type, size_t n, const float *importance) {
    dtype_traits(type)->encode(n, weights, importance, blocks);
    dtype_traits(type)->decode(n, blocks, decoded);
}

/* Sum of weighted squared errors over that of weighted squares. */
static double error_of(size_t n, const float *importance) {
    double error = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        const double cost = importance ? (double)importance[i] : 1;
        const double e = (double)decoded[i] - (double)weights[i];
        error += cost * e * e;
        square += cost * (double)weights[i] * (double)weights[i];
    }
    return error / square;
}

/* The bounds: what llama.cpp (d32676d) leaves on these weights, save the first three rows. */
static void error_is_below_the_peers(void **state) {
    (void)state;
    static const double bound[N_ENCODABLE] = {0,        6e-8,     4e-6,     2.789e-5, 1.743e-3,
                                              7.064e-3, 4.949e-3, 1.280e-3, 3.075e-4};
    random_weights(1);
    for (int i = 0; i < N_ENCODABLE; i++) {
        round_trip(encodable[i], N, NULL);
        const double error = error_of(N, NULL);
        if (!(error <= bound[i]))
            fail_msg("%s: error %.3g, not below %.3g", dtype_traits(encodable[i])->name, error,
                     bound[i]);
    }
}

static uint64_t fnv1a(const unsigned char *bytes, size_t n) {
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ bytes[i]) * 0x100000001b3u;
    return h;
}

/* The hashes were taken on x86-64 with gcc. An encoder that is changed on purpose changes them. */
static void bytes_are_the_same_on_every_machine(void **state) {
    (void)state;
    static const uint64_t expected[N_ENCODABLE] = {
        0xbae060ae9dce3990u, 0x6762df1fce5b16acu, 0x0a5ae2468b775358u,
        0x94c2bbe5d5f12fb3u, 0xca2a06b604bc1dbdu, 0xcf5a5a8ca937c047u,
        0xd6e104f16a5a6b12u, 0x6342b210453c6918u, 0x42d0225b01507af9u,
    };
    random_weights(2);
    for (int i = 0; i < N; i += 256) /* some wide, some narrow, some far from zero */
        for (int j = 0; j < 256; j++)
            weights[i + j] = weights[i + j] * (float)(1 + i % 7) + (float)(j / 32 % 3 - 1);
    bool same = true;
    for (int i = 0; i < N_ENCODABLE; i++) {
        const struct dtype_traits *t = dtype_traits(encodable[i]);
        t->encode(N, weights, NULL, blocks + 1); /* at an odd address */
        const uint64_t h = fnv1a(blocks + 1, dtype_row_bytes(encodable[i], N));
        if (h == expected[i]) continue;
        print_error("%s: hash 0x%016llxu\n", t->name, (unsigned long long)h);
        same = false;
    }
    assert_true(same);
}

static void importance_moves_the_error(void **state) {
    (void)state;
    static float importance[N], ones[N], zeros[N];
    random_weights(3);
    for (int i = 0; i < N; i++) {
        importance[i] = i % 8 == 0 ? 50.0f : 0.5f;
        ones[i] = 3.0f;
    }
    for (int i = FIRST_BLOCK_FORMAT; i < N_ENCODABLE; i++) {
        const size_t n_bytes = dtype_row_bytes(encodable[i], N);
        round_trip(encodable[i], N, importance);
        const double with = error_of(N, importance);
        round_trip(encodable[i], N, NULL);
        assert_true(with < 0.85 * error_of(N, importance));
        dtype_traits(encodable[i])->encode(N, weights, ones, other_blocks);
        assert_memory_equal(blocks, other_blocks, n_bytes);
        dtype_traits(encodable[i])->encode(N, weights, zeros, other_blocks);
        assert_memory_equal(blocks, other_blocks, n_bytes);
    }
}

static void zeros_stay_zero(void **state) {
    (void)state;
    memset(weights, 0, sizeof(weights));
    weights[5] = -0.0f;
    for (int i = 0; i < N_ENCODABLE; i++) {
        round_trip(encodable[i], 512, NULL);
        for (int j = 0; j < 512; j++)
            assert_true(decoded[j] == 0);
    }
}

static void constants_stay_constant(void **state) {
    (void)state;
    static const float constants[] = {1.0f, -1.0f, 0.37f, -0.37f, 1234.5f, -1234.5f};
    for (size_t c = 0; c < sizeof(constants) / sizeof(constants[0]); c++)
        for (int i = 0; i < N_ENCODABLE; i++) {
            for (int j = 0; j < 256; j++)
                weights[j] = constants[c];
            round_trip(encodable[i], 256, NULL);
            for (int j = 0; j < 256; j++)
                assert_true(fabsf(decoded[j] - constants[c]) < 0x1p-8f * fabsf(constants[c]));
        }
}

/* What the format can hold exactly, it holds. */
static void plain_blocks_come_back(void **state) {
    (void)state;
    uint64_t x = 9;
    for (int i = 0; i < N; i++)
        weights[i] = i % 32 == 7 ? -8.0f : (float)(next_random(&x) >> 28) - 8;
    for (int i = 0; i < N; i++)
        weights[i] *= 0.0625f * (float)(1 + i / 32 % 5);
    round_trip(DTYPE_Q4_0, N, NULL);
    assert_true(error_of(N, NULL) == 0);
    for (int i = 0; i < N; i++)
        weights[i] = (i % 32 == 7 ? 127.0f : (float)(next_random(&x) % 255) - 127) * 0.125f;
    round_trip(DTYPE_Q8_0, N, NULL);
    assert_true(error_of(N, NULL) == 0);
}

static void assert_finite(const char *name, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(decoded[i])) fail_msg("%s: weight %zu is not finite", name, i);
}

static void what_is_too_large_saturates(void **state) {
    (void)state;
    static const float large[] = {INFINITY, 3e38f, 1e20f, 3e9f};
    for (size_t l = 0; l < sizeof(large) / sizeof(large[0]); l++)
        for (int i = 1; i < N_ENCODABLE; i++) {
            random_weights(4);
            weights[3] = large[l];
            weights[300] = -large[l];
            round_trip(encodable[i], 512, NULL);
            assert_finite(dtype_traits(encodable[i])->name, 512);
            assert_true(decoded[3] > 60000 && decoded[300] < -60000);
        }
}

static void nan_counts_as_zero(void **state) {
    (void)state;
    for (int i = FIRST_BLOCK_FORMAT; i < N_ENCODABLE; i++) {
        random_weights(5);
        weights[17] = weights[400] = NAN;
        round_trip(encodable[i], 512, NULL);
        assert_finite(dtype_traits(encodable[i])->name, 512);
        weights[17] = weights[400] = 0;
        dtype_traits(encodable[i])->encode(512, weights, NULL, other_blocks);
        assert_memory_equal(blocks, other_blocks, dtype_row_bytes(encodable[i], 512));
    }
    weights[0] = NAN;
    for (int i = 0; i < FIRST_BLOCK_FORMAT; i++) {
        round_trip(encodable[i], 1, NULL);
        assert_true(isnan(decoded[0]));
    }
}

/* Down to where scales are subnormal halves, and below: coarser, never worse than zeros. */
static void what_is_tiny_fades_out(void **state) {
    (void)state;
    for (int exponent = -12; exponent > -149; exponent -= 3)
        for (int i = 0; i < N_ENCODABLE; i++) {
            random_weights(6);
            for (int j = 0; j < 512; j++)
                weights[j] *= ldexpf(1, exponent);
            round_trip(encodable[i], 512, NULL);
            double error = 0, square = 0;
            for (int j = 0; j < 512; j++) {
                const double w = (double)weights[j], e = (double)decoded[j] - w;
                error += e * e;
                square += w * w;
            }
            assert_true(error <= square);
            if (exponent > -15) assert_true(error <= 0.05 * square);
        }
}

/* Any 32 bits are a float. */
static void any_bits_encode(void **state) {
    (void)state;
    uint64_t x = 7;
    for (int i = 0; i < N; i++)
        weights[i] = float_from_bits(next_random(&x));
    for (int i = FIRST_BLOCK_FORMAT; i < N_ENCODABLE; i++) {
        round_trip(encodable[i], N, NULL);
        assert_finite(dtype_traits(encodable[i])->name, N);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_is_below_the_peers),
        cmocka_unit_test(bytes_are_the_same_on_every_machine),
        cmocka_unit_test(importance_moves_the_error),
        cmocka_unit_test(zeros_stay_zero),
        cmocka_unit_test(constants_stay_constant),
        cmocka_unit_test(plain_blocks_come_back),
        cmocka_unit_test(what_is_too_large_saturates),
        cmocka_unit_test(nan_counts_as_zero),
        cmocka_unit_test(what_is_tiny_fades_out),
        cmocka_unit_test(any_bits_encode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
