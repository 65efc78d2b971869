/* SPDX-License-Identifier: MIT
 *
 * f32 by f32 for AVX2 and FMA: a tile of 16 outputs by 6 tokens lives in 12 of the 16 registers,
 * enough independent chains to hide the latency of two FMA units (4 cycles x 2 on AMD, 4-5 x 2 on
 * Intel). One step along k loads 16 packed weights, two registers, and meets each with one
 * broadcast activation a token; x needs no packing, its rows are six streams.
 *
 * Each output is one chain of fused multiply-adds from p = 0 upwards, in every tile.
 *
 * Tails run on the same code: fewer tokens are the tile with fewer columns, fixed at compile time;
 * for three tokens or fewer two panels are taken together, 32 outputs, so that a single token
 * still has four chains in flight. Outputs past m are computed on the zeros of the packing and not
 * stored.
 */
#include <assert.h>
#include <immintrin.h>

#include "kernels/variants.h"

#define INLINE static inline __attribute__((always_inline))

enum { MR = 16, NR = 6 };

/* All ones in the first `count` of 8 lanes; any count is fine. */
static __m256i lane_mask(ptrdiff_t count) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const int bounded = count < 0 ? 0 : count > 8 ? 8 : (int)count;
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(bounded), lane);
}

/* Stores the first n_rows of 16 outputs of one token. */
INLINE void store_16(float *y, size_t n_rows, __m256 low, __m256 high) {
    if (n_rows >= MR) {
        _mm256_storeu_ps(y, low);
        _mm256_storeu_ps(y + 8, high);
        return;
    }
    _mm256_maskstore_ps(y, lane_mask((ptrdiff_t)n_rows), low);
    if (n_rows > 8) _mm256_maskstore_ps(y + 8, lane_mask((ptrdiff_t)n_rows - 8), high);
}

/* One panel by n_cols <= 6 tokens. n_cols is a constant at every call, so the columns that are
 * not there vanish at compile time. */
INLINE void tile_16(const size_t n_cols, size_t n_rows, size_t k, const float *w, const float *x,
                    float *y, size_t y_stride) {
#define COLUMNS(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)
#define OPEN(j)                                                                                    \
    __m256 low##j = _mm256_setzero_ps(), high##j = low##j;                                         \
    const float *x##j = x + (j < n_cols ? j : 0) * k;
#define STEP(j)                                                                                    \
    if (j < n_cols) {                                                                              \
        const __m256 xb = _mm256_broadcast_ss(x##j + p);                                           \
        low##j = _mm256_fmadd_ps(w_low, xb, low##j);                                               \
        high##j = _mm256_fmadd_ps(w_high, xb, high##j);                                            \
    }
#define CLOSE(j)                                                                                   \
    if (j < n_cols) store_16(y + j * y_stride, n_rows, low##j, high##j);

    COLUMNS(OPEN)
    for (size_t p = 0; p < k; p++) {
        const __m256 w_low = _mm256_loadu_ps(w + p * MR);
        const __m256 w_high = _mm256_loadu_ps(w + p * MR + 8);
        COLUMNS(STEP)
    }
    COLUMNS(CLOSE)
#undef COLUMNS
#undef OPEN
#undef STEP
#undef CLOSE
}

/* Two panels, the first one whole, by n_cols <= 3 tokens. */
INLINE void tile_32(const size_t n_cols, size_t n_rows, size_t k, const float *w, const float *x,
                    float *y, size_t y_stride) {
    const float *v = w + MR * k; /* the second panel */
#define COLUMNS(DO) DO(0) DO(1) DO(2)
#define OPEN(j)                                                                                    \
    __m256 a##j = _mm256_setzero_ps(), b##j = a##j, c##j = a##j, d##j = a##j;                      \
    const float *x##j = x + (j < n_cols ? j : 0) * k;
#define STEP(j)                                                                                    \
    if (j < n_cols) {                                                                              \
        const __m256 xb = _mm256_broadcast_ss(x##j + p);                                           \
        a##j = _mm256_fmadd_ps(w_a, xb, a##j);                                                     \
        b##j = _mm256_fmadd_ps(w_b, xb, b##j);                                                     \
        c##j = _mm256_fmadd_ps(w_c, xb, c##j);                                                     \
        d##j = _mm256_fmadd_ps(w_d, xb, d##j);                                                     \
    }
#define CLOSE(j)                                                                                   \
    if (j < n_cols) {                                                                              \
        store_16(y + j * y_stride, MR, a##j, b##j);                                                \
        store_16(y + j * y_stride + MR, n_rows - MR, c##j, d##j);                                  \
    }

    COLUMNS(OPEN)
    for (size_t p = 0; p < k; p++) {
        const __m256 w_a = _mm256_loadu_ps(w + p * MR), w_b = _mm256_loadu_ps(w + p * MR + 8);
        const __m256 w_c = _mm256_loadu_ps(v + p * MR), w_d = _mm256_loadu_ps(v + p * MR + 8);
        COLUMNS(STEP)
    }
    COLUMNS(CLOSE)
#undef COLUMNS
#undef OPEN
#undef STEP
#undef CLOSE
}

void gemm_f32_f32_avx2(size_t m, size_t n, size_t k, const void *w, const void *x, float *y,
                       size_t y_stride) {
    assert(k > 0);
    assert(y_stride >= m);
    /* weights outermost: a panel comes once from memory and stays near for all tokens */
    size_t i_step;
    for (size_t i = 0; i < m; i += i_step) {
        const size_t n_rows = m - i;
        const float *wi = (const float *)w + i * k;
        const bool two_panels = n <= 3 && n_rows > MR;
        i_step = two_panels ? 2 * MR : MR;
        size_t j_step;
        for (size_t j = 0; j < n; j += j_step) {
            const float *xj = (const float *)x + j * k;
            float *yij = y + j * y_stride + i;
            size_t n_cols = n - j;
            if (n_cols > NR) n_cols = n_cols < 2 * NR ? (n_cols + 1) / 2 : NR; /* 7 is 4 + 3 */
            j_step = n_cols;
#define TILE(name, cols)                                                                           \
    case cols: name(cols, n_rows, k, wi, xj, yij, y_stride); break;
            if (two_panels) {
                switch (n_cols) { TILE(tile_32, 1) TILE(tile_32, 2) TILE(tile_32, 3) }
            } else {
                switch (n_cols) {
                    TILE(tile_16, 1)
                    TILE(tile_16, 2)
                    TILE(tile_16, 3)
                    TILE(tile_16, 4)
                    TILE(tile_16, 5)
                    TILE(tile_16, 6)
                }
            }
#undef TILE
        }
    }
}
