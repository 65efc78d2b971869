/* SPDX-License-Identifier: MIT
 *
 * Activations to 8 bits for AVX2: the steps of quantize_ref.c, 32 floats at a time, to the same
 * bytes. Each token's activations are quantised once for all products of a layer, so the division
 * is left as it is meant.
 */
#include <assert.h>

#include "kernels/variants.h"
#include "kernels/x86/int8_avx2.h"
#include "quant/half.h"

/* Floats without their sign order like integers, infinity and NaN on top. */
INLINE __m256i max_bits(__m256i max, const float *x) {
    const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
    return _mm256_max_epi32(max, _mm256_and_si256(load_256(x), magnitude));
}

INLINE uint32_t largest_bits(size_t n, const float *x) {
    __m256i a = _mm256_setzero_si256(), b = a;
    for (size_t p = 0; p < n; p += 16) {
        a = max_bits(a, x + p);
        b = max_bits(b, x + p + 8);
    }
    a = _mm256_max_epi32(a, b);
    __m128i c = _mm_max_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    c = _mm_max_epi32(c, _mm_shuffle_epi32(c, 0x4e));
    c = _mm_max_epi32(c, _mm_shuffle_epi32(c, 0xb1));
    return (uint32_t)_mm_cvtsi128_si32(c);
}

/* max / 127, or NaN. */
INLINE float scale_of(uint32_t bits) {
    return bits >= 0x7f800000u ? float_from_bits(0x7fc00000u) : float_from_bits(bits) / 127;
}

INLINE __m256i codes_8(const float *x, __m256 d) {
    const __m256 limit = _mm256_set1_ps(127);
    const __m256 v = _mm256_div_ps(_mm256_loadu_ps(x), d);
    const __m256 clamped = _mm256_max_ps(_mm256_min_ps(v, limit),
                                         _mm256_sub_ps(_mm256_setzero_ps(), limit));
    return _mm256_cvtps_epi32(clamped); /* to nearest, ties to even */
}

/* 32 codes; d is neither 0 nor NaN. */
INLINE __m256i codes_32(const float *x, __m256 d) {
    const __m256i a = _mm256_packs_epi32(codes_8(x, d), codes_8(x + 8, d));
    const __m256i b = _mm256_packs_epi32(codes_8(x + 16, d), codes_8(x + 24, d));
    /* packing goes by halves of a register: put the dwords back in order */
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    return _mm256_permutevar8x32_epi32(_mm256_packs_epi16(a, b), order);
}

/* Sums of 16 codes each: of the low half and the high half of a register, as dwords 0 and 4. */
INLINE __m256i sums_of_halves(__m256i codes) {
    const __m256i ones = _mm256_set1_epi8(1);
    const __m256i by_2 = _mm256_maddubs_epi16(ones, codes);
    const __m256i by_4 = _mm256_madd_epi16(by_2, _mm256_set1_epi16(1));
    const __m256i by_8 = _mm256_add_epi32(by_4, _mm256_shuffle_epi32(by_4, 0x4e));
    return _mm256_add_epi32(by_8, _mm256_shuffle_epi32(by_8, 0xb1));
}

void quantize_q8_32_avx2(size_t k, const float *x, void *out) {
    assert(k % 32 == 0);
    struct act_q8_32 *block = out;
    for (size_t p = 0; p < k; p += 32, block++) {
        block->d = scale_of(largest_bits(32, x + p));
        const __m256i codes = block->d > 0 ? codes_32(x + p, _mm256_set1_ps(block->d))
                                           : _mm256_setzero_si256();
        const __m256i sums = sums_of_halves(codes);
        _mm256_storeu_si256((void *)block->q, codes);
        block->sum = _mm256_extract_epi32(sums, 0) + _mm256_extract_epi32(sums, 4);
    }
}

void quantize_q8_256_avx2(size_t k, const float *x, void *out) {
    assert(k % 256 == 0);
    struct act_q8_256 *block = out;
    for (size_t p = 0; p < k; p += 256, block++) {
        block->d = scale_of(largest_bits(256, x + p));
        for (size_t c = 0; c < 256; c += 32) {
            const __m256i codes = block->d > 0 ? codes_32(x + p + c, _mm256_set1_ps(block->d))
                                               : _mm256_setzero_si256();
            const __m256i sums = sums_of_halves(codes);
            _mm256_storeu_si256((void *)(block->q + c), codes);
            block->sums[c / 16] = (int16_t)_mm256_extract_epi32(sums, 0);
            block->sums[c / 16 + 1] = (int16_t)_mm256_extract_epi32(sums, 4);
        }
    }
}
