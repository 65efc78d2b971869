/* SPDX-License-Identifier: MIT
 *
 * Half precision (IEEE 754 binary16) and bfloat16 to and from f32, in integer arithmetic: the same
 * bits on every processor. Encoding rounds to nearest, ties to even.
 */
#ifndef SIGILO_QUANT_HALF_H
#define SIGILO_QUANT_HALF_H

#include <stdint.h>
#include <string.h>

static inline float float_from_bits(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof(f));
    return f;
}

static inline uint32_t float_bits(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof(bits));
    return bits;
}

/* Exact. The exponent is moved by a multiplication with a power of two, which also turns
 * subnormals into normal numbers; infinities and NaN are put back by hand. */
static inline float half_decode(uint16_t h) {
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
    const uint32_t magnitude = h & 0x7fffu;
    if (magnitude >= 0x7c00u)
        return float_from_bits(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
    const float value = float_from_bits(magnitude << 13) * 0x1p112f;
    return float_from_bits(float_bits(value) | sign);
}

/* Too large becomes infinity; NaN stays NaN. */
static inline uint16_t half_encode(float f) {
    const uint32_t bits = float_bits(f), sign = bits >> 16 & 0x8000u;
    uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return (uint16_t)(sign | 0x7e00u);
    if (magnitude >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* 65520 and above */
    if (magnitude < 0x38800000u) { /* subnormal: adding 0.5 leaves the answer in the low bits */
        const float shifted = float_from_bits(magnitude) + 0.5f;
        return (uint16_t)(sign | (float_bits(shifted) - 0x3f000000u));
    }
    magnitude += 0xc8000fffu + (magnitude >> 13 & 1); /* exponent from 127 to 15, round to even */
    return (uint16_t)(sign | magnitude >> 13);
}

static inline float bf16_decode(uint16_t h) {
    return float_from_bits((uint32_t)h << 16);
}

static inline uint16_t bf16_encode(float f) {
    const uint32_t bits = float_bits(f);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

#endif
