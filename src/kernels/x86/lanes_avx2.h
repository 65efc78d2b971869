/* SPDX-License-Identifier: MIT
 *
 * Eight floats at a time, for the AVX2 files: the end of a row by masks, so that its last few
 * elements go through the very instructions of all others, and the one order of a sum.
 */
#ifndef SIGILO_KERNELS_X86_LANES_AVX2_H
#define SIGILO_KERNELS_X86_LANES_AVX2_H

#include <immintrin.h>
#include <stddef.h>

#define INLINE static inline __attribute__((always_inline))

/* All ones in the first `count` of 8 lanes, all eight for more. */
INLINE __m256i lanes_first(size_t count) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count < 8 ? (int)count : 8), lane);
}

/* Those of the next 8 floats that are among the `left` ones left; 0 in the other lanes. */
INLINE __m256 lanes_load(const float *p, size_t left) {
    return left >= 8 ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, lanes_first(left));
}

INLINE void lanes_store(float *p, size_t left, __m256 v) {
    if (left >= 8)
        _mm256_storeu_ps(p, v);
    else
        _mm256_maskstore_ps(p, lanes_first(left), v);
}

/* Four sums, each ((l0 + l1) + (l2 + l3)) + ((l4 + l5) + (l6 + l7)) of its lanes. */
INLINE __m128 lanes_sum_4(__m256 a, __m256 b, __m256 c, __m256 d) {
    const __m256 halves = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    return _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps(halves, 1));
}

INLINE float lanes_sum(__m256 a) {
    return _mm_cvtss_f32(lanes_sum_4(a, a, a, a));
}

#endif
