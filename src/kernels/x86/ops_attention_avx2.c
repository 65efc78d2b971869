/* SPDX-License-Identifier: MIT
 *
 * The three steps of attention over a block of keys, with AVX2.
 *
 * scores is the product of f32 by f32 with keys for weights. softmax_step takes its scores in eight
 * vectors; the sum is eight partial sums, i mod 8, in order of i. mix has its lanes along head_dim,
 * each element a chain of fused multiply-adds in order of i, so its tiles differ in speed alone: up
 * to three queries meet a row of values once it is loaded. Where their ranges of rows differ, as
 * under a causal mask they do by one, each takes the rows before and behind the common ones alone.
 */
#include <assert.h>
#include <math.h>

#include "kernels/variants.h"
#include "kernels/x86/math_avx2.h"

void scores_avx2(size_t n_keys, size_t n_queries, size_t head_dim, const float *keys,
                 const float *queries, float *scores) {
    assert(n_keys <= ATTENTION_BLOCK);
    gemm_f32_f32_avx2(DTYPE_F32, n_keys, n_queries, head_dim, keys, queries, scores,
                      ATTENTION_BLOCK);
}

/* Lanes whose i = first + lane lies in [lo, hi). */
INLINE __m256 lanes_within(size_t first, size_t lo, size_t hi) {
    const __m256i i = _mm256_add_epi32(_mm256_set1_epi32((int)first),
                                       _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    return _mm256_castsi256_ps(
        _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32((int)lo), i),
                            _mm256_cmpgt_epi32(_mm256_set1_epi32((int)hi), i)));
}

/* The greatest of eight. */
INLINE float lanes_max(__m256 v) {
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_shuffle_ps(m, m, 1)));
}

/* A NaN score is no maximum; it comes out of its exp, and so into the sum. */
float softmax_step_avx2(size_t lo, size_t hi, float scale, float cap, float *scores, float *max,
                        float *sum) {
    assert(lo < hi && hi <= ATTENTION_BLOCK);
    const size_t first = lo / 8 * 8;
    __m256 highest = all(*max);
    for (size_t i = first; i < hi; i += 8) {
        __m256 s = _mm256_mul_ps(_mm256_loadu_ps(scores + i), all(scale));
        if (cap > 0) s = soft_cap_ps(s, all(cap));
        s = _mm256_blendv_ps(all(-INFINITY), s, lanes_within(i, lo, hi));
        _mm256_storeu_ps(scores + i, s);
        highest = _mm256_max_ps(s, highest);
    }
    const float new_max = lanes_max(highest);
    __m256 added = _mm256_setzero_ps();
    for (size_t i = 0; i < ATTENTION_BLOCK; i += 8) {
        __m256 e = _mm256_setzero_ps();
        if (i >= first && i < hi) {
            e = exp_ps(_mm256_sub_ps(_mm256_loadu_ps(scores + i), all(new_max)));
            e = _mm256_and_ps(e, lanes_within(i, lo, hi));
            added = _mm256_add_ps(added, e);
        }
        _mm256_storeu_ps(scores + i, e);
    }
    const float keep = _mm256_cvtss_f32(exp_ps(all(*max - new_max)));
    *sum = fmaf(*sum, keep, lanes_sum(added));
    *max = new_max;
    return keep;
}

/* --- mix -------------------------------------------------------------------------------------- */

enum { MAX_QUERIES = 3 };

struct mix { /* some queries of one call */
    size_t head_dim;
    const float *weights, *values;
    float *out;
};

/* n_queries by n_vectors * 8 elements from d on (of which `left` are there) meet rows [from, to).
 * The two numbers are constants at every call: what lies beyond them vanishes at compile time. */
INLINE void mix_tile(const size_t n_queries, const size_t n_vectors, const struct mix *m, size_t d,
                     size_t left, size_t from, size_t to) {
    float *a = m->out + d, *b = a + (n_queries > 1) * m->head_dim;
    float *c = b + (n_queries > 2) * m->head_dim;
#define VECTORS(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)
#define OPEN(v)                                                                                    \
    __m256 a##v = _mm256_setzero_ps(), b##v = a##v, c##v = a##v;                                   \
    if (v < n_vectors) {                                                                           \
        a##v = lanes_load(a + 8 * v, left - 8 * v);                                                \
        if (n_queries > 1) b##v = lanes_load(b + 8 * v, left - 8 * v);                             \
        if (n_queries > 2) c##v = lanes_load(c + 8 * v, left - 8 * v);                             \
    }
#define STEP(v)                                                                                    \
    if (v < n_vectors) {                                                                           \
        const __m256 x = lanes_load(value + 8 * v, left - 8 * v);                                  \
        a##v = _mm256_fmadd_ps(wa, x, a##v);                                                       \
        if (n_queries > 1) b##v = _mm256_fmadd_ps(wb, x, b##v);                                    \
        if (n_queries > 2) c##v = _mm256_fmadd_ps(wc, x, c##v);                                    \
    }
#define CLOSE(v)                                                                                   \
    if (v < n_vectors) {                                                                           \
        lanes_store(a + 8 * v, left - 8 * v, a##v);                                                \
        if (n_queries > 1) lanes_store(b + 8 * v, left - 8 * v, b##v);                             \
        if (n_queries > 2) lanes_store(c + 8 * v, left - 8 * v, c##v);                             \
    }
    VECTORS(OPEN)
    for (size_t i = from; i < to; i++) {
        const float *value = m->values + i * m->head_dim + d, *weight = m->weights + i;
        const __m256 wa = all(weight[0]);
        const __m256 wb = n_queries > 1 ? all(weight[ATTENTION_BLOCK]) : wa;
        const __m256 wc = n_queries > 2 ? all(weight[2 * ATTENTION_BLOCK]) : wa;
        VECTORS(STEP)
    }
    VECTORS(CLOSE)
#undef VECTORS
#undef OPEN
#undef STEP
#undef CLOSE
}

/* Rows [from, to) for n_queries: as wide as twelve sums, or eight for one query, allow. */
INLINE void mix_rows(const size_t n_queries, const struct mix *m, size_t from, size_t to) {
    const size_t wide = n_queries == 1 ? 8 : 4;
    size_t d = 0;
    if (from >= to) return;
    for (; d + 8 * wide <= m->head_dim; d += 8 * wide)
        mix_tile(n_queries, wide, m, d, 8 * wide, from, to);
    for (; d < m->head_dim; d += 8)
        mix_tile(n_queries, 1, m, d, m->head_dim - d, from, to);
}

static void mix_1(const struct mix *m, size_t j, size_t from, size_t to) {
    const struct mix one = {m->head_dim, m->weights + j * ATTENTION_BLOCK, m->values,
                            m->out + j * m->head_dim};
    mix_rows(1, &one, from, to);
}

static void mix_together(size_t n_queries, const struct mix *m, size_t from, size_t to) {
    if (n_queries == 3)
        mix_rows(3, m, from, to);
    else if (n_queries == 2)
        mix_rows(2, m, from, to);
    else
        mix_rows(1, m, from, to);
}

/* n_queries <= 3: what is common together, the rest one by one. */
static void mix_some(size_t n_queries, const uint8_t *lo, const uint8_t *hi, const struct mix *m) {
    size_t from = 0, to = ATTENTION_BLOCK;
    for (size_t j = 0; j < n_queries; j++) {
        assert(lo[j] <= hi[j] && hi[j] <= ATTENTION_BLOCK);
        if (lo[j] > from) from = lo[j];
        if (hi[j] < to) to = hi[j];
    }
    if (from > to) { /* nothing in common */
        for (size_t j = 0; j < n_queries; j++)
            mix_1(m, j, lo[j], hi[j]);
        return;
    }
    for (size_t j = 0; j < n_queries; j++)
        mix_1(m, j, lo[j], from);
    mix_together(n_queries, m, from, to);
    for (size_t j = 0; j < n_queries; j++)
        mix_1(m, j, to, hi[j]);
}

void mix_avx2(size_t n_queries, size_t head_dim, const uint8_t *lo, const uint8_t *hi,
              const float *weights, const float *keep, const float *values, float *out) {
    for (size_t j = 0; j < n_queries; j++)
        for (size_t d = 0; d < head_dim; d += 8) {
            float *p = out + j * head_dim + d;
            const __m256 kept = _mm256_mul_ps(lanes_load(p, head_dim - d), all(keep[j]));
            lanes_store(p, head_dim - d, kept);
        }
    size_t n_together;
    for (size_t j = 0; j < n_queries; j += n_together) {
        const size_t left = n_queries - j;
        n_together = left == 4 ? 2 : left < MAX_QUERIES ? left : MAX_QUERIES;
        const struct mix m = {head_dim, weights + j * ATTENTION_BLOCK, values, out + j * head_dim};
        mix_some(n_together, lo + j, hi + j, &m);
    }
}
