/* SPDX-License-Identifier: MIT
 *
 * Q4_K, Q5_K and Q6_K by 8-bit activations for AVX2, on packed panels: 16 outputs by 3 tokens.
 *
 * A step along k loads two registers of weights, 8 rows by 4 each, and meets them with one dword
 * of activations a token. The products are gathered in 16 bits as long as they provably fit:
 *
 *   Q4_K   8 steps, a sub-block of 32:   8 * 2 * 15 * 127 = 30480
 *   Q5_K   4 steps:                      4 * 2 * 31 * 127 = 31496
 *   Q6_K   2 steps:                      2 * 2 * 63 * 127 = 32004
 *
 * then vpmaddwd multiplies them with the scales into 32 bits. Minima take one vpmaddwd for two
 * sub-blocks, on the sums of activations. A block ends with the float step of the ref, the last
 * multiplication and the addition fused:
 *
 *   y = fma(d * dx, S1, y)     then, Q4_K and Q5_K:     y = fma(-(dmin * dx), S2, y)
 *
 * Six sums of 16 bits and six of 32, two weights, one activation and one product fill the 16
 * registers; four tokens with the sums of 32 bits on the stack are no faster (measured: their loads
 * and stores take the slots that the fourth token saves), 8 outputs by 6 tokens neither. Tails take
 * fewer tokens, fixed at compile time; outputs past m are computed on the zeros of the packing.
 *
 * gcc must be kept from gathering the products of all steps first and adding them later, which
 * spills at every step: -fno-tree-ter -fno-tree-reassoc.
 */
#include <assert.h>

#include "kernels/variants.h"
#include "kernels/x86/kquant_avx2.h"

enum { MR = KQUANT_MR, NR = 3 };

/* What differs, a constant at every call. */
struct shape {
    int n_scales; /* a block */
    int groups;   /* 16-bit sums a scale */
    int steps;    /* a 16-bit sum */
    int n_pairs;  /* of minima */
    size_t block_bytes;
};

INLINE struct shape shape_of(enum dtype type) {
    switch (type) {
    case DTYPE_Q4_K: return (struct shape){8, 1, 8, 4, sizeof(struct panel_q45_k)};
    case DTYPE_Q5_K: return (struct shape){8, 2, 4, 4, sizeof(struct panel_q45_k)};
    default: return (struct shape){16, 2, 2, 8, sizeof(struct panel_q6_k)};
    }
}

#define COLUMNS(DO) DO(0) DO(1) DO(2)

/* S1 of one block, without the minima of Q6_K: two registers a token, 8 rows and 8 rows. */
INLINE void dot_block(const enum dtype type, const size_t n_cols, const unsigned char *w,
                      const struct act_q8_256 *x, size_t n_blocks, __m256i s1[NR][2]) {
#define OPEN(j)                                                                                    \
    const int8_t *x##j = x[(j < n_cols ? j : 0) * n_blocks].q;                                     \
    __m256i sum_low##j = _mm256_setzero_si256(), sum_high##j = sum_low##j;
#define FIRST(j)                                                                                   \
    __m256i low##j, high##j;                                                                       \
    if (j < n_cols) {                                                                              \
        const __m256i xb = broadcast_4(x##j + p);                                                  \
        low##j = _mm256_maddubs_epi16(w_low, xb);                                                  \
        high##j = _mm256_maddubs_epi16(w_high, xb);                                                \
    }
#define STEP(j)                                                                                    \
    if (j < n_cols) {                                                                              \
        const __m256i xb = broadcast_4(x##j + p);                                                  \
        low##j = _mm256_add_epi16(low##j, _mm256_maddubs_epi16(w_low, xb));                        \
        high##j = _mm256_add_epi16(high##j, _mm256_maddubs_epi16(w_high, xb));                     \
    }
#define SCALE(j)                                                                                   \
    if (j < n_cols) {                                                                              \
        sum_low##j = _mm256_add_epi32(sum_low##j, _mm256_madd_epi16(low##j, scale_low));           \
        sum_high##j = _mm256_add_epi32(sum_high##j, _mm256_madd_epi16(high##j, scale_high));       \
    }
#define CLOSE(j)                                                                                   \
    if (j < n_cols) {                                                                              \
        s1[j][0] = sum_low##j;                                                                     \
        s1[j][1] = sum_high##j;                                                                    \
    }
    const struct shape shape = shape_of(type);
    const unsigned char *scale = w + 64 * 64;
    COLUMNS(OPEN)
    for (size_t p = 0; p < 256; scale += 64)
        for (int g = 0; g < shape.groups; g++) {
            __m256i w_low = load_256(w), w_high = load_256(w + 32);
            COLUMNS(FIRST)
            p += 4;
            w += 64;
#pragma GCC unroll 8
            for (int step = 1; step < shape.steps; step++, p += 4, w += 64) {
                w_low = load_256(w);
                w_high = load_256(w + 32);
                COLUMNS(STEP)
            }
            const __m256i scale_low = load_256(scale), scale_high = load_256(scale + 32);
            COLUMNS(SCALE)
        }
    COLUMNS(CLOSE)
#undef OPEN
#undef FIRST
#undef STEP
#undef SCALE
#undef CLOSE
}

/* The float step of one block and one token. */
INLINE void add_block(const enum dtype type, const unsigned char *w, const struct act_q8_256 *x,
                      const __m256i s1[2], __m256 y[2]) {
    const struct shape shape = shape_of(type);
    const unsigned char *minimum = w + 64 * 64 + 64 * shape.n_scales;
    const float *d = (const void *)(minimum + 64 * shape.n_pairs);
    int32_t pairs[8];
    pair_sums(type, x, pairs);
    const __m256 dx = _mm256_broadcast_ss(&x->d);
    for (int half = 0; half < 2; half++) {
        const __m256i s2 = minima_8(shape.n_pairs, minimum + 32 * half, 64, pairs);
        const __m256i s = type == DTYPE_Q6_K ? _mm256_sub_epi32(s1[half], s2) : s1[half];
        const float *d_half = d + 8 * half;
        const __m256 dmin = _mm256_loadu_ps(type == DTYPE_Q6_K ? d_half : d_half + MR);
        y[half] = add_block_8(type, y[half], dx, _mm256_loadu_ps(d_half), s, dmin, s2);
    }
}

INLINE void tile(const enum dtype type, const size_t n_cols, size_t n_rows, size_t n_blocks,
                 const unsigned char *w, const struct act_q8_256 *x, float *y, size_t y_stride) {
    __m256 sums[NR][2];
    for (size_t j = 0; j < n_cols; j++)
        sums[j][0] = sums[j][1] = _mm256_setzero_ps();
    for (size_t b = 0; b < n_blocks; b++, w += shape_of(type).block_bytes) {
        __m256i s1[NR][2];
        dot_block(type, n_cols, w, x + b, n_blocks, s1);
        for (size_t j = 0; j < n_cols; j++)
            add_block(type, w, x + j * n_blocks + b, s1[j], sums[j]);
    }
    for (size_t j = 0; j < n_cols; j++)
        store_16(y + j * y_stride, n_rows, sums[j][0], sums[j][1]);
}

INLINE void product(const enum dtype type, size_t m, size_t n, size_t n_blocks,
                    const unsigned char *w, const struct act_q8_256 *x, float *y, size_t y_stride) {
    const size_t panel_bytes = n_blocks * shape_of(type).block_bytes;
    /* weights outermost: a panel stays near for all tokens */
    for (size_t i = 0; i < m; i += MR, w += panel_bytes) {
        size_t j_step;
        for (size_t j = 0; j < n; j += j_step) {
            const struct act_q8_256 *xj = x + j * n_blocks;
            float *yij = y + j * y_stride + i;
            j_step = n_cols_of(n - j, NR);
            switch (j_step) {
                TILE_CASE(1, tile, type, m - i, n_blocks, w, xj, yij, y_stride)
                TILE_CASE(2, tile, type, m - i, n_blocks, w, xj, yij, y_stride)
                TILE_CASE(3, tile, type, m - i, n_blocks, w, xj, yij, y_stride)
            }
        }
    }
}

void gemm_kquant_q8_256_avx2(enum dtype type, size_t m, size_t n, size_t k, const void *w,
                             const void *x, float *y, size_t y_stride) {
    assert(k > 0 && k % 256 == 0);
    assert(y_stride >= m);
    WITH_KQUANT(type, product, m, n, k / 256, w, x, y, y_stride);
}
