/* SPDX-License-Identifier: MIT
 *
 * What is done to a row of activations, eight elements at a time with AVX2. The last ones of a row
 * take the same instructions under a mask: where an element stands changes nothing.
 */
#include <math.h>

#include "kernels/variants.h"
#include "kernels/x86/math_avx2.h"

struct doubles { /* eight */
    __m256d low, high;
};

INLINE struct doubles to_doubles(__m256 v) {
    return (struct doubles){_mm256_cvtps_pd(_mm256_castps256_ps128(v)),
                            _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1))};
}

INLINE __m256d scaled(__m256d x, __m256d scale, __m256d weight) {
    return _mm256_mul_pd(_mm256_mul_pd(x, scale), weight);
}

/* In double, where squares are exact; eight partial sums, p mod 8, in order of p. */
void rms_norm_avx2(size_t k, const float *x, const float *weight, float epsilon, float *y) {
    __m256d low = _mm256_setzero_pd(), high = low;
    for (size_t p = 0; p < k; p += 8) {
        const struct doubles v = to_doubles(lanes_load(x + p, k - p));
        low = _mm256_fmadd_pd(v.low, v.low, low);
        high = _mm256_fmadd_pd(v.high, v.high, high);
    }
    double sums[4];
    _mm256_storeu_pd(sums, _mm256_add_pd(low, high));
    const double mean = ((sums[0] + sums[1]) + (sums[2] + sums[3])) / (double)k;
    const __m256d scale = _mm256_set1_pd(1 / sqrt(mean + (double)epsilon));

    for (size_t p = 0; p < k; p += 8) {
        const struct doubles v = to_doubles(lanes_load(x + p, k - p));
        const struct doubles w = to_doubles(lanes_load(weight + p, k - p));
        const __m128 first = _mm256_cvtpd_ps(scaled(v.low, scale, w.low));
        const __m128 second = _mm256_cvtpd_ps(scaled(v.high, scale, w.high));
        lanes_store(y + p, k - p, _mm256_set_m128(second, first));
    }
}

void silu_gate_avx2(size_t k, float *gate, const float *up) {
    for (size_t p = 0; p < k; p += 8) {
        const __m256 f = silu_ps(lanes_load(gate + p, k - p));
        lanes_store(gate + p, k - p, _mm256_mul_ps(f, lanes_load(up + p, k - p)));
    }
}

void gelu_gate_avx2(size_t k, float *gate, const float *up) {
    for (size_t p = 0; p < k; p += 8) {
        const __m256 f = gelu_ps(lanes_load(gate + p, k - p));
        lanes_store(gate + p, k - p, _mm256_mul_ps(f, lanes_load(up + p, k - p)));
    }
}

void soft_cap_avx2(size_t k, float *x, float cap) {
    for (size_t p = 0; p < k; p += 8)
        lanes_store(x + p, k - p, soft_cap_ps(lanes_load(x + p, k - p), all(cap)));
}

void add_avx2(size_t k, float *y, const float *x) {
    for (size_t p = 0; p < k; p += 8) {
        const __m256 sum = _mm256_add_ps(lanes_load(y + p, k - p), lanes_load(x + p, k - p));
        lanes_store(y + p, k - p, sum);
    }
}
