/* SPDX-License-Identifier: MIT
 *
 * quant/half: every half both ways, and rounding against a definition that is slow and plain.
 */
#include "check.h"

#include <math.h>
#include <stdbool.h>

#include "quant/half.h"

/* The value of a finite half, from its definition. */
static double half_value(unsigned h) {
    const int exponent = (int)(h >> 10 & 31);
    const double mantissa = (double)(h & 1023);
    const double magnitude = exponent ? ldexp(1024 + mantissa, exponent - 25)
                                      : ldexp(mantissa, -24);
    return h & 0x8000 ? -magnitude : magnitude;
}

/* Nearest half, ties to the even one, by search: halves of one sign are ordered by their bits. */
static unsigned nearest_half(float f) {
    const double magnitude = fabs((double)f);
    const unsigned sign = signbit(f) ? 0x8000 : 0;
    unsigned below = 0;
    while (below < 0x7bff && half_value(below + 1) <= magnitude)
        below++;
    const double low = half_value(below);
    const double high = below == 0x7bff ? 65536.0 : half_value(below + 1);
    const double middle = (low + high) / 2; /* exact in double */
    const bool up = magnitude > middle || (magnitude == middle && below % 2 == 1);
    return sign | (below + up);
}

static void every_half_comes_back(void **state) {
    (void)state;
    for (unsigned h = 0; h < 0x10000; h++) {
        const float f = half_decode((uint16_t)h);
        const unsigned back = half_encode(f);
        if ((h & 0x7fff) > 0x7c00) {
            assert_true(isnan(f));
            assert_true((back & 0x7fff) > 0x7c00);
            continue;
        }
        assert_int_equal(back, h);
        if ((h & 0x7fff) == 0x7c00)
            assert_true(isinf(f) && !!signbit(f) == !!(h & 0x8000));
        else
            assert_true((double)f == half_value(h) && !!signbit(f) == !!(h & 0x8000));
    }
}

/* Around every 389th half, its neighbour and the middle between them: one f32 below, at, above. */
static void halves_round_to_nearest_even(void **state) {
    (void)state;
    for (unsigned h = 0; h < 0x7c00; h += 389)
        for (int step = 0; step < 2; step++) {
            const double low = half_value(h);
            const double high = h == 0x7bff ? 65536.0 : half_value(h + 1);
            const float at = (float)(step ? (low + high) / 2 : low);
            const float around[] = {nextafterf(at, -1), at, nextafterf(at, INFINITY)};
            for (int i = 0; i < 3; i++) {
                assert_int_equal(half_encode(around[i]), nearest_half(around[i]));
                assert_int_equal(half_encode(-around[i]), nearest_half(-around[i]));
            }
        }
}

static void halves_at_the_edges(void **state) {
    (void)state;
    static const struct {
        float f;
        unsigned half;
    } edges[] = {
        {0.0f, 0x0000},
        {-0.0f, 0x8000},
        {0x1p-25f, 0x0000}, /* half of the smallest: a tie, to the even zero */
        {0x1.000002p-25f, 0x0001},
        {0x1p-24f, 0x0001},
        {0x1.8p-24f, 0x0002},   /* a tie: even */
        {0x1.ffcp-15f, 0x0400}, /* a tie between the largest subnormal and the smallest normal */
        {0x1.ffbffep-15f, 0x03ff},
        {0x1p-14f, 0x0400},
        {1.0f, 0x3c00},
        {0x1.002p0f, 0x3c00},
        {0x1.006p0f, 0x3c02},
        {65504.0f, 0x7bff},
        {65519.99f, 0x7bff},
        {65520.0f, 0x7c00}, /* a tie: away, as to an even 65536 */
        {1e30f, 0x7c00},
        {-1e30f, 0xfc00},
        {INFINITY, 0x7c00},
        {-INFINITY, 0xfc00},
        {0x1p-149f, 0x0000},
        {-0x1p-149f, 0x8000},
    };
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
        assert_int_equal(half_encode(edges[i].f), edges[i].half);
    assert_true((half_encode(NAN) & 0x7fff) > 0x7c00);
    assert_true((half_encode(float_from_bits(0x7f800001)) & 0x7fff) > 0x7c00);
    assert_true((half_encode(float_from_bits(0xffffffff)) & 0xffff) > 0xfc00);
}

static void bf16_rounds_to_nearest_even(void **state) {
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++) {
        const float f = bf16_decode((uint16_t)h);
        if (isnan(f))
            assert_true(isnan(bf16_decode(bf16_encode(f))));
        else
            assert_int_equal(bf16_encode(f), h);
    }
    static const struct {
        uint32_t bits;
        unsigned bf16;
    } edges[] = {
        {0x3f808000, 0x3f80}, {0x3f808001, 0x3f81}, {0x3f818000, 0x3f82}, {0x3f817fff, 0x3f81},
        {0x00008000, 0x0000}, {0x00008001, 0x0001}, {0x7f7fffff, 0x7f80}, {0xff7f8000, 0xff80},
        {0x7f7f7fff, 0x7f7f}, {0x80018000, 0x8002},
    };
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
        assert_int_equal(bf16_encode(float_from_bits(edges[i].bits)), edges[i].bf16);
    assert_true(isnan(bf16_decode(bf16_encode(float_from_bits(0x7f800001)))));
    assert_true(isnan(bf16_decode(bf16_encode(float_from_bits(0xffffffff)))));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_comes_back),
        cmocka_unit_test(halves_round_to_nearest_even),
        cmocka_unit_test(halves_at_the_edges),
        cmocka_unit_test(bf16_rounds_to_nearest_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
