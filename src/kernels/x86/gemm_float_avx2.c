/* SPDX-License-Identifier: MIT
 *
 * f32, f16 and bf16 by f32 for AVX2 and FMA, with lanes along k: neither weights nor activations
 * need another layout, eight of a row's weights meet eight of a token's activations.
 *
 * An output is eight partial sums: lane l takes the p with p mod 8 = l, one chain of fused
 * multiply-adds from p = 0 upwards; the end of k by masked loads. They are added in the one order
 * of lanes_sum_4. Every tile does so, so that tiles differ in speed alone: 4 rows by 3 tokens, 12
 * chains in 16 registers, hide the latency of two FMA units and load 7 vectors for 12
 * operations; a single token takes 8 rows at once. Rows past the last are the last one again, not
 * stored.
 *
 * Half floats become f32 as they are loaded, exactly: the same products as on decoded rows.
 */
#include <assert.h>
#include <string.h>

#include "kernels/variants.h"
#include "kernels/x86/lanes_avx2.h"

enum {
    MR = 4,
    NR = 3,
    MAX_ROWS = 8,
    CHUNK_BYTES = 256 * 1024, /* of weights that all tokens meet before the next: half an L2 */
};

/* Eight weights, or the `left` < 8 last ones and zeros. */
INLINE __m256 load_weights(const enum dtype type, const unsigned char *w, size_t left) {
    if (type == DTYPE_F32) return lanes_load((const float *)(const void *)w, left);
    __m128i halves;
    if (left >= 8) {
        halves = _mm_loadu_si128((const __m128i *)(const void *)w);
    } else {
        uint16_t last[8] = {0};
        memcpy(last, w, left * sizeof(last[0]));
        halves = _mm_loadu_si128((const __m128i *)(const void *)last);
    }
    if (type == DTYPE_F16) return _mm256_cvtph_ps(halves);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

/* Stores four outputs of one token, as many as are there. */
INLINE void store_4(float *y, size_t n_there, __m256 s0, __m256 s1, __m256 s2, __m256 s3) {
    const __m128 four = lanes_sum_4(s0, s1, s2, s3);
    if (n_there >= 4)
        _mm_storeu_ps(y, four);
    else
        _mm_maskstore_ps(y, _mm256_castsi256_si128(lanes_first(n_there)), four);
}

/* Rows of the next tile, which may lie past the last one: nothing is read. Four streams are too few
 * for the processor's own prefetching to reach the memory's rate. */
INLINE void fetch_later(const unsigned char *w, size_t ahead_bytes) {
    _mm_prefetch((const char *)((uintptr_t)w + ahead_bytes), _MM_HINT_T1);
}

/* n_rows outputs, of which n_there are there, by n_cols tokens. type, n_rows (4 or 8), n_cols
 * (1 to 3) and fetch are constants at every call: what lies beyond them vanishes at compile time.
 */
INLINE void tile(const enum dtype type, const size_t n_rows, const size_t n_cols, const bool fetch,
                 size_t n_there, size_t k, const unsigned char *w, const float *x, float *y,
                 size_t y_stride) {
    const size_t weight_bytes = type == DTYPE_F32 ? 4 : 2;
    const float *xa = x, *xb = n_cols > 1 ? xa + k : xa, *xc = n_cols > 2 ? xb + k : xa;
#define ROWS(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)
#define OPEN(i)                                                                                    \
    __m256 a##i = _mm256_setzero_ps(), b##i = a##i, c##i = a##i;                                   \
    const unsigned char *w##i = w + (i < n_there ? i : n_there - 1) * k * weight_bytes;
#define STEP(i)                                                                                    \
    if (i < n_rows) {                                                                              \
        const __m256 v = load_weights(type, w##i + p * weight_bytes, left);                        \
        if (fetch) fetch_later(w##i + p * weight_bytes, n_rows * k * weight_bytes);                \
        a##i = _mm256_fmadd_ps(v, va, a##i);                                                       \
        if (n_cols > 1) b##i = _mm256_fmadd_ps(v, vb, b##i);                                       \
        if (n_cols > 2) c##i = _mm256_fmadd_ps(v, vc, c##i);                                       \
    }
#define ALONG_K(n)                                                                                 \
    const size_t left = n;                                                                         \
    const __m256 va = lanes_load(xa + p, left);                                                    \
    const __m256 vb = n_cols > 1 ? lanes_load(xb + p, left) : va;                                  \
    const __m256 vc = n_cols > 2 ? lanes_load(xc + p, left) : va;                                  \
    ROWS(STEP)
    ROWS(OPEN)
    size_t p = 0;
    for (; p + 8 <= k; p += 8) {
        ALONG_K(8)
    }
    if (p < k) {
        ALONG_K(k - p)
    }
    store_4(y, n_there, a0, a1, a2, a3);
    if (n_rows > 4 && n_there > 4) store_4(y + 4, n_there - 4, a4, a5, a6, a7);
    if (n_cols > 1) store_4(y + y_stride, n_there, b0, b1, b2, b3);
    if (n_cols > 2) store_4(y + 2 * y_stride, n_there, c0, c1, c2, c3);
#undef ROWS
#undef OPEN
#undef STEP
#undef ALONG_K
}

/* Rows outermost by chunks that stay in the cache for all tokens. */
INLINE void gemm(const enum dtype type, size_t m, size_t n, size_t k, const unsigned char *w,
                 const float *x, float *y, size_t y_stride) {
    assert(k > 0);
    assert(y_stride >= m);
    const size_t row_bytes = k * (type == DTYPE_F32 ? 4 : 2);
    size_t chunk = CHUNK_BYTES / row_bytes / MAX_ROWS * MAX_ROWS;
    if (chunk < MAX_ROWS) chunk = MAX_ROWS;
    for (size_t i0 = 0; i0 < m; i0 += chunk) {
        const size_t i_end = m - i0 < chunk ? m : i0 + chunk;
        size_t n_cols;
        for (size_t j = 0; j < n; j += n_cols) {
            n_cols = n - j == 4 ? 2 : n - j < NR ? n - j : NR;
            const float *xj = x + j * k;
            const size_t step_rows = n_cols == 1 ? MAX_ROWS : MR;
            for (size_t i = i0; i < i_end; i += step_rows) {
                const unsigned char *wi = w + i * row_bytes;
                float *out = y + j * y_stride + i;
                const size_t n_there = i_end - i;
#define TILE(rows, cols, fetch) tile(type, rows, cols, fetch, n_there, k, wi, xj, out, y_stride)
                if (n_cols == 1)
                    TILE(MAX_ROWS, 1, false);
                else if (n_cols == 2)
                    TILE(MR, 2, true);
                else if (j == 0) /* weights that come from memory */
                    TILE(MR, NR, true);
                else
                    TILE(MR, NR, false);
#undef TILE
            }
        }
    }
}

void gemm_f32_f32_avx2(enum dtype type, size_t m, size_t n, size_t k, const void *w, const void *x,
                       float *y, size_t y_stride) {
    gemm(DTYPE_F32, m, n, k, w, x, y, y_stride);
}

void gemm_f16_f32_avx2(enum dtype type, size_t m, size_t n, size_t k, const void *w, const void *x,
                       float *y, size_t y_stride) {
    gemm(DTYPE_F16, m, n, k, w, x, y, y_stride);
}

void gemm_bf16_f32_avx2(enum dtype type, size_t m, size_t n, size_t k, const void *w, const void *x,
                        float *y, size_t y_stride) {
    gemm(DTYPE_BF16, m, n, k, w, x, y, y_stride);
}
