/* SPDX-License-Identifier: MIT
 *
 * K-quants on AVX2: the packed panel and the unpacking that packing and streaming share. Private to
 * x86/.
 *
 * A panel is 16 rows, block after block of 256 weights. Weights are bytes again, unsigned, four
 * neighbours of one row a dword, 16 rows side by side: one step along k of the tile is two
 * registers. Scales and minima are pairs of int16, what vpmaddwd multiplies. Q6_K counts its -32 as
 * minima: sum of scale * (q - 32) * x is sum of scale * q * x less sum of (32 * scale) * sum of x.
 */
#ifndef SIGILO_KERNELS_X86_KQUANT_AVX2_H
#define SIGILO_KERNELS_X86_KQUANT_AVX2_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"
#include "kernels/x86/int8_avx2.h"
#include "quant/blocks.h"

enum { KQUANT_MR = 16 };

struct panel_q45_k { /* Q4_K and Q5_K */
    uint8_t q[64][KQUANT_MR][4];
    int16_t scale[8][KQUANT_MR][2];   /* the scale of a sub-block of 32, twice */
    int16_t minimum[4][KQUANT_MR][2]; /* those of two neighbouring sub-blocks */
    float d[KQUANT_MR], dmin[KQUANT_MR];
};

struct panel_q6_k {
    uint8_t q[64][KQUANT_MR][4];
    int16_t scale[16][KQUANT_MR][2];  /* of a sub-block of 16, twice */
    int16_t minimum[8][KQUANT_MR][2]; /* 32 * scale of two neighbouring sub-blocks */
    float d[KQUANT_MR];
};

/* f(type, ...) with a type that the compiler knows. */
#define WITH_KQUANT(type, f, ...)                                                                  \
    do {                                                                                           \
        switch (type) {                                                                            \
        case DTYPE_Q4_K: f(DTYPE_Q4_K, __VA_ARGS__); break;                                        \
        case DTYPE_Q5_K: f(DTYPE_Q5_K, __VA_ARGS__); break;                                        \
        default: assert(type == DTYPE_Q6_K); f(DTYPE_Q6_K, __VA_ARGS__);                           \
        }                                                                                          \
    } while (0)

/* Bytes of a block in the file. */
INLINE size_t kquant_block_bytes(const enum dtype type) {
    return type == DTYPE_Q4_K   ? sizeof(struct block_q4_k)
           : type == DTYPE_Q5_K ? sizeof(struct block_q5_k)
                                : sizeof(struct block_q6_k);
}

/* Byte s of each dword as the first int16 of it, byte t as the second. */
INLINE __m256i pick_bytes(__m256i v, const int s, const int t) {
    const char a = (char)s, b = (char)t, no = -1;
    const __m128i mask = _mm_setr_epi8(a, no, b, no, (char)(a + 4), no, (char)(b + 4), no,
                                       (char)(a + 8), no, (char)(b + 8), no, (char)(a + 12), no,
                                       (char)(b + 12), no);
    return _mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(mask));
}

/* The halves in the low or the high 16 bits of 8 dwords, as f32. */
INLINE __m256 half_of_dwords(__m256i v, const bool high) {
    const __m256i low_16 = _mm256_set1_epi32(0xffff);
    const __m256i words = high ? _mm256_srli_epi32(v, 16) : _mm256_and_si256(v, low_16);
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(words, words), 0x88);
    return _mm256_cvtph_ps(_mm256_castsi256_si128(packed));
}

/* What stands at the head of a block of Q4_K or Q5_K, for 8 rows: dwords of two int16. */
struct headers {
    __m256i scale[8];   /* the scale of a sub-block, twice */
    __m256i minimum[4]; /* those of two neighbouring sub-blocks */
    __m256 d, dmin;
};

_Static_assert(offsetof(struct block_q4_k, scales) == 4, "a header of 16 bytes");
_Static_assert(offsetof(struct block_q5_k, scales) == 4, "the same");

/* The bits of q4_k_scales() of quant/blocks.h, after turning: byte s of a row's dword belongs to
 * sub-block s or 4 + s. */
INLINE void headers_load(struct headers *h, const unsigned char *rows, size_t stride) {
    const __m256i low_6 = _mm256_set1_epi8(63), low_4 = _mm256_set1_epi8(15);
    const __m256i high_2 = _mm256_set1_epi8(48);
    __m256i turned[4];
    turn_8_rows(rows, stride, turned);
    const __m256i a = turned[1], b = turned[2], c = turned[3];
    const __m256i a_high = _mm256_and_si256(_mm256_srli_epi32(a, 2), high_2);
    const __m256i b_high = _mm256_and_si256(_mm256_srli_epi32(b, 2), high_2);
    const __m256i c_high = _mm256_and_si256(_mm256_srli_epi32(c, 4), low_4);
    const __m256i scale_0 = _mm256_and_si256(a, low_6), minimum_0 = _mm256_and_si256(b, low_6);
    const __m256i scale_4 = _mm256_or_si256(_mm256_and_si256(c, low_4), a_high);
    const __m256i minimum_4 = _mm256_or_si256(c_high, b_high);
#pragma GCC unroll 4
    for (int s = 0; s < 4; s++) {
        h->scale[s] = pick_bytes(scale_0, s, s);
        h->scale[4 + s] = pick_bytes(scale_4, s, s);
    }
    h->minimum[0] = pick_bytes(minimum_0, 0, 1);
    h->minimum[1] = pick_bytes(minimum_0, 2, 3);
    h->minimum[2] = pick_bytes(minimum_4, 0, 1);
    h->minimum[3] = pick_bytes(minimum_4, 2, 3);
    h->d = half_of_dwords(turned[0], false);
    h->dmin = half_of_dwords(turned[0], true);
}

/* The 6-bit codes of 128 weights of Q6_K, a quarter (32 weights of each row) a register: codes are
 * 2 * 32 bytes of nibbles, high 32 bytes of pairs; in the order of the file or turned, the bits of
 * a byte stay together. */
INLINE void codes_q6_k(__m256i codes_0, __m256i codes_1, __m256i high, __m256i out[4]) {
    const __m256i low_4 = _mm256_set1_epi8(15), pair = _mm256_set1_epi8(48);
    const __m256i high_0 = _mm256_and_si256(_mm256_slli_epi32(high, 4), pair);
    const __m256i high_1 = _mm256_and_si256(_mm256_slli_epi32(high, 2), pair);
    const __m256i high_2 = _mm256_and_si256(high, pair);
    const __m256i high_3 = _mm256_and_si256(_mm256_srli_epi32(high, 2), pair);
    out[0] = _mm256_or_si256(_mm256_and_si256(codes_0, low_4), high_0);
    out[1] = _mm256_or_si256(_mm256_and_si256(codes_1, low_4), high_1);
    out[2] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi32(codes_0, 4), low_4), high_2);
    out[3] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi32(codes_1, 4), low_4), high_3);
}

/* The sums of activations in pairs, dwords of two int16, as the minima meet them: by 16 for Q6_K,
 * by 32 for the others. */
INLINE void pair_sums(const enum dtype type, const struct act_q8_256 *x, int32_t pairs[8]) {
    const __m128i low = _mm_loadu_si128((const void *)x->sums);
    const __m128i high = _mm_loadu_si128((const void *)(x->sums + 8));
    if (type == DTYPE_Q6_K) {
        _mm_storeu_si128((void *)pairs, low);
        _mm_storeu_si128((void *)(pairs + 4), high);
    } else {
        _mm_storeu_si128((void *)pairs, _mm_hadd_epi16(low, high));
    }
}

/* S2 of 8 rows: minima, `step` bytes from one pair of sub-blocks to the next. */
INLINE __m256i minima_8(const int n_pairs, const unsigned char *minimum, size_t step,
                        const int32_t pairs[8]) {
    __m256i sum = _mm256_madd_epi16(load_256(minimum), _mm256_set1_epi32(pairs[0]));
    for (int s = 1; s < n_pairs; s++) {
        const __m256i pair = _mm256_set1_epi32(pairs[s]);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(load_256(minimum + step * s), pair));
    }
    return sum;
}

/* The float step: y + d * dx * S1, fused; and, but for Q6_K, that - dmin * dx * S2. */
INLINE __m256 add_block_8(const enum dtype type, __m256 y, __m256 dx, __m256 d, __m256i s1,
                          __m256 dmin, __m256i s2) {
    y = _mm256_fmadd_ps(_mm256_mul_ps(d, dx), _mm256_cvtepi32_ps(s1), y);
    if (type == DTYPE_Q6_K) return y;
    return _mm256_fnmadd_ps(_mm256_mul_ps(dmin, dx), _mm256_cvtepi32_ps(s2), y);
}

#endif
