/* SPDX-License-Identifier: MIT
 *
 * Q4_0 and Q8_0 by 8-bit activations for AVX2, on packed panels: 16 outputs by 3 tokens, a step
 * along k as in gemm_kquant_q8_256_avx2.c.
 *
 *   Q4_0   a block of 32 fits 16 bits: 8 steps * 2 * 15 * 127 = 30480
 *   Q8_0   one step nearly fills 16 bits, and is widened at once
 *
 * A block ends with the float step of the ref, fused: y = fma(d * dx, S, y).
 */
#include <assert.h>

#include "kernels/variants.h"
#include "kernels/x86/q_avx2.h"

enum { MR = Q_MR, NR = 3, AHEAD = 24 };

#define COLUMNS(DO) DO(0) DO(1) DO(2)
#define OPEN(j) __m256i low##j = _mm256_setzero_si256(), high##j = low##j;
#define STEP_Q4_0(j)                                                                               \
    if (j < n_cols) {                                                                              \
        const __m256i xb = broadcast_4(x##j->q + 4 * s);                                           \
        low##j = _mm256_add_epi16(low##j, _mm256_maddubs_epi16(w_low, xb));                        \
        high##j = _mm256_add_epi16(high##j, _mm256_maddubs_epi16(w_high, xb));                     \
    }
#define STEP_Q8_0(j)                                                                               \
    if (j < n_cols) {                                                                              \
        const __m256i xb = broadcast_4(x##j->q + 4 * s);                                           \
        const __m256i by_low = multiply_signed(w_low, low_abs, xb);                                \
        const __m256i by_high = multiply_signed(w_high, high_abs, xb);                             \
        low##j = _mm256_add_epi32(low##j, widen(by_low));                                          \
        high##j = _mm256_add_epi32(high##j, widen(by_high));                                       \
    }
#define CLOSE(j)                                                                                   \
    if (j < n_cols) {                                                                              \
        if (type == DTYPE_Q4_0) {                                                                  \
            low##j = less_8_sums(widen(low##j), x##j);                                             \
            high##j = less_8_sums(widen(high##j), x##j);                                           \
        }                                                                                          \
        y_low##j = q_add_block_8(y_low##j, _mm256_loadu_ps(w->d), x##j, low##j);                   \
        y_high##j = q_add_block_8(y_high##j, _mm256_loadu_ps(w->d + 8), x##j, high##j);            \
        x##j++;                                                                                    \
    }
#define OPEN_TILE(j)                                                                               \
    __m256 y_low##j = _mm256_setzero_ps(), y_high##j = y_low##j;                                   \
    const struct act_q8_32 *x##j = x + (j < n_cols ? j : 0) * n_blocks;
#define CLOSE_TILE(j)                                                                              \
    if (j < n_cols) store_16(y + j * y_stride, n_rows, y_low##j, y_high##j);

INLINE void tile(const enum dtype type, const size_t n_cols, size_t n_rows, size_t n_blocks,
                 const struct panel_q *w, const struct act_q8_32 *x, float *y, size_t y_stride) {
    COLUMNS(OPEN_TILE)
    for (size_t b = 0; b < n_blocks; b++, w++) {
        COLUMNS(OPEN)
#pragma GCC unroll 8
        for (int s = 0; s < 8; s++) {
            const __m256i w_low = load_256(w->q[s]), w_high = load_256(w->q[s][8]);
            if (type == DTYPE_Q4_0) {
                COLUMNS(STEP_Q4_0)
            } else {
                const __m256i low_abs = _mm256_abs_epi8(w_low), high_abs = _mm256_abs_epi8(w_high);
                COLUMNS(STEP_Q8_0)
            }
        }
        COLUMNS(CLOSE)
    }
    COLUMNS(CLOSE_TILE)
}

INLINE void product(const enum dtype type, size_t m, size_t n, size_t n_blocks,
                    const struct panel_q *w, const struct act_q8_32 *x, float *y, size_t y_stride) {
    for (size_t i = 0; i < m; i += MR, w += n_blocks) {
        size_t j_step;
        for (size_t j = 0; j < n; j += j_step) {
            const struct act_q8_32 *xj = x + j * n_blocks;
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

void gemm_q_q8_32_avx2(enum dtype type, size_t m, size_t n, size_t k, const void *w, const void *x,
                       float *y, size_t y_stride) {
    assert(k > 0 && k % 32 == 0);
    assert(y_stride >= m);
    WITH_Q(type, product, m, n, k / 32, w, x, y, y_stride);
}

/* --- packing ---------------------------------------------------------------------------------- */

/* 8 rows of one block: dword c of 16 bytes is step c, or in Q4_0 its high nibbles are step 4 + c.
 */
INLINE void pack_half(const enum dtype type, struct panel_q *p, int half, const unsigned char *rows,
                      size_t stride) {
    const __m256i low_4 = _mm256_set1_epi8(15);
    __m256i step[8];
    _Static_assert(offsetof(struct block_q4_0, codes) == 2, "d, then codes");
    _Static_assert(offsetof(struct block_q8_0, codes) == 2, "d, then codes");
    turn_8_rows(rows + 2, stride, step);
    if (type == DTYPE_Q8_0) turn_8_rows(rows + 18, stride, step + 4);
    for (int c = 0; c < 4 && type == DTYPE_Q4_0; c++) {
        step[4 + c] = _mm256_and_si256(_mm256_srli_epi32(step[c], 4), low_4);
        step[c] = _mm256_and_si256(step[c], low_4);
    }
#pragma GCC unroll 8
    for (int s = 0; s < 8; s++)
        _mm256_storeu_si256((void *)p->q[s][half], step[s]);
    _mm256_storeu_ps(p->d + half, halves_of_8_rows(rows, stride));
}

INLINE void pack_rows(const enum dtype type, struct panel_q *p, size_t m, size_t n_blocks,
                      const unsigned char *w) {
    const size_t block_bytes = q_block_bytes(type), row_bytes = n_blocks * block_bytes;
    unsigned char copy[MR * sizeof(struct block_q8_0)];
    const struct walk walk = {MR, n_blocks, block_bytes, AHEAD};
    walk_begin(walk, w, m);
    for (size_t i = 0; i < m; i += MR, w += MR * row_bytes)
        for (size_t b = 0; b < n_blocks; b++, p++) {
            const unsigned char *rows = w + b * block_bytes;
            size_t stride = row_bytes, ahead = walk_distance(walk, b, m - i);
            for (size_t r = 0; r < MR && ahead && b % 2 == 0; r++)
                ask_for(rows + r * stride + ahead, 1);
            if (m - i < MR) {
                copy_blocks(copy, MR, m - i, rows, stride, block_bytes);
                rows = copy;
                stride = block_bytes;
            }
            pack_half(type, p, 0, rows, stride);
            pack_half(type, p, 8, rows + 8 * stride, stride);
        }
}

void pack_q_16_avx2(enum dtype type, void *packed, size_t m, size_t k, const void *w) {
    WITH_Q(type, pack_rows, packed, m, k / 32, w);
}

size_t panel_bytes_q_16(size_t k) {
    return k / 32 * sizeof(struct panel_q);
}
