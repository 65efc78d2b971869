/* SPDX-License-Identifier: MIT
 *
 * Activations to 8 bits, as it is meant; every instruction set gives the same bytes.
 *
 *   max = largest |x| of the block, as f32 bits with the sign off: compared as integers they order
 *         like numbers, with infinity and NaN on top, so one comparison finds both
 *   d   = max / 127, rounded to f32
 *   q   = x / d, rounded to f32, then to an integer, ties to even
 *
 * Where d is a normal number, q cannot pass 127: max / d is at most 127 (1 + 2^-23). Where it is
 * subnormal it may be off by half, hence the clamp.
 */
#include <assert.h>
#include <string.h>

#include "kernels/variants.h"
#include "quant/half.h"

/* To an integer, ties to even, |v| < 2^22: past 1.5 * 2^23 floats are integers and the addition
 * rounds. (rint is a call into libm on some processors.) */
static int32_t round_even(float v) {
    return (int32_t)((v + 0x1.8p23f) - 0x1.8p23f);
}

/* Quantises `count` floats, returns d. */
static float quantize_block(size_t count, const float *x, int8_t *q) {
    uint32_t max_bits = 0;
    for (size_t p = 0; p < count; p++) {
        const uint32_t bits = float_bits(x[p]) & 0x7fffffffu;
        if (bits > max_bits) max_bits = bits;
    }
    const float d = float_from_bits(max_bits) / 127;
    memset(q, 0, count);
    if (max_bits >= 0x7f800000u) return float_from_bits(0x7fc00000u); /* infinity, NaN */
    if (d == 0) return 0;
    for (size_t p = 0; p < count; p++) {
        const float v = x[p] / d;
        q[p] = (int8_t)round_even(v < -127 ? -127 : v > 127 ? 127 : v);
    }
    return d;
}

static int32_t sum_of(size_t count, const int8_t *q) {
    int32_t sum = 0;
    for (size_t p = 0; p < count; p++)
        sum += q[p];
    return sum;
}

void quantize_q8_32_ref(size_t k, const float *x, void *out) {
    assert(k % 32 == 0);
    struct act_q8_32 *block = out;
    for (size_t p = 0; p < k; p += 32, block++) {
        block->d = quantize_block(32, x + p, block->q);
        block->sum = sum_of(32, block->q);
    }
}

void quantize_q8_256_ref(size_t k, const float *x, void *out) {
    assert(k % 256 == 0);
    struct act_q8_256 *block = out;
    for (size_t p = 0; p < k; p += 256, block++) {
        block->d = quantize_block(256, x + p, block->q);
        for (size_t s = 0; s < 16; s++)
            block->sums[s] = (int16_t)sum_of(16, block->q + 16 * s);
    }
}
