/* SPDX-License-Identifier: MIT
 *
 * Q4_0 and Q8_0 on AVX2: the packed panel and the arithmetic that packed and streamed rows share.
 * Private to x86/.
 *
 * Q4_0's codes stay unsigned, 0 to 15, and 8 times the sum of activations is taken away: vpmaddubsw
 * wants one operand unsigned. Q8_0's are signed: magnitudes, and activations with the weight's
 * sign.
 */
#ifndef SIGILO_KERNELS_X86_Q_AVX2_H
#define SIGILO_KERNELS_X86_Q_AVX2_H

#include <assert.h>

#include "kernels/kernels.h"
#include "kernels/x86/int8_avx2.h"
#include "quant/blocks.h"

enum { Q_MR = 16 };

struct panel_q { /* 16 rows of one block, dwords of four neighbours, 16 rows side by side */
    uint8_t q[8][Q_MR][4];
    float d[Q_MR];
};

/* f(type, ...) with a type that the compiler knows. */
#define WITH_Q(type, f, ...)                                                                       \
    do {                                                                                           \
        switch (type) {                                                                            \
        case DTYPE_Q4_0: f(DTYPE_Q4_0, __VA_ARGS__); break;                                        \
        default: assert(type == DTYPE_Q8_0); f(DTYPE_Q8_0, __VA_ARGS__);                           \
        }                                                                                          \
    } while (0)

INLINE size_t q_block_bytes(const enum dtype type) {
    return type == DTYPE_Q4_0 ? sizeof(struct block_q4_0) : sizeof(struct block_q8_0);
}

/* 32 products of signed bytes in 16 sums of two: at most 2 * 128 * 127 = 32512. */
INLINE __m256i multiply_signed(__m256i w, __m256i w_abs, __m256i x) {
    return _mm256_maddubs_epi16(w_abs, _mm256_sign_epi8(x, w));
}

/* Neighbouring int16 added, into 8 lanes. */
INLINE __m256i widen(__m256i v) {
    return _mm256_madd_epi16(v, _mm256_set1_epi16(1));
}

/* S of 8 rows, where codes were counted from 0: 8 times the sum of activations too much. */
INLINE __m256i less_8_sums(__m256i s, const struct act_q8_32 *x) {
    return _mm256_sub_epi32(s, _mm256_slli_epi32(broadcast_4(&x->sum), 3));
}

/* The float step: y + d * dx * S, fused. */
INLINE __m256 q_add_block_8(__m256 y, __m256 d, const struct act_q8_32 *x, __m256i s) {
    return _mm256_fmadd_ps(_mm256_mul_ps(d, _mm256_broadcast_ss(&x->d)), _mm256_cvtepi32_ps(s), y);
}

#endif
