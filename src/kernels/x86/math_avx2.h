/* SPDX-License-Identifier: MIT
 *
 * exp and its kin for eight floats, one code for all values and no branch: an element's bits depend
 * on the element alone. NaN gives NaN. check_ops.c measures the errors named here.
 *
 * x = n ln 2 + r with |r| < 0.347; exp(r) - 1 = r + r^2 q(r), where q has degree 4 and meets
 * (exp(r) - 1 - r) / r^2 at the Chebyshev points of the interval, which leaves 2^-26 of r at most;
 * exp(x) = 2^n (1 + that).
 */
#ifndef SIGILO_KERNELS_X86_MATH_AVX2_H
#define SIGILO_KERNELS_X86_MATH_AVX2_H

#include "kernels/x86/lanes_avx2.h"

INLINE __m256 all(float v) {
    return _mm256_set1_ps(v);
}

/* Within low..high. NaN stays: min and max give their second operand when one is NaN. */
INLINE __m256 clamp(__m256 x, float low, float high) {
    return _mm256_min_ps(all(high), _mm256_max_ps(all(low), x));
}

INLINE __m256 sign_of(__m256 x) {
    return _mm256_and_ps(x, all(-0.0f));
}

/* 2^n for -126 <= n <= 127 */
INLINE __m256 power_of_two(__m256i n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}

/* x + x_low, near n ln 2: exp(x + x_low - n ln 2) - 1, and n. |x| < 200, x_low far smaller. */
INLINE __m256 reduced_expm1(__m256 x, __m256 x_low, __m256i *n) {
    const __m256 log2_e = all(0x1.715476p+0f);
    const __m256 ln2_high = all(0x1.62e430p-1f), ln2_low = all(-0x1.05c610p-29f);
    const __m256 whole = _mm256_round_ps(_mm256_mul_ps(x, log2_e),
                                         _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    *n = _mm256_cvtps_epi32(whole);
    __m256 r = _mm256_fnmadd_ps(whole, ln2_high, x); /* exact: its bits fit */
    r = _mm256_add_ps(r, _mm256_fnmadd_ps(whole, ln2_low, x_low));

    __m256 q = all(0x1.6d10fcp-10f);
    q = _mm256_fmadd_ps(q, r, all(0x1.120b62p-7f));
    q = _mm256_fmadd_ps(q, r, all(0x1.55551ap-5f));
    q = _mm256_fmadd_ps(q, r, all(0x1.5554dep-3f));
    q = _mm256_fmadd_ps(q, r, all(0.5f));
    return _mm256_fmadd_ps(_mm256_mul_ps(r, r), q, r);
}

/* exp(x + x_low), x_low far smaller than x: within 1.5 ulp (half of the smallest subnormal more
 * below 2^-126); infinity above the largest float, 0 for -infinity. */
INLINE __m256 exp_sum(__m256 x, __m256 x_low) {
    __m256i n; /* -150..128: 2^n is taken in two factors, so that only the last rounds */
    const __m256 e = reduced_expm1(clamp(x, -104, 89), x_low, &n);
    const __m256i half = _mm256_srai_epi32(n, 1);
    const __m256 scaled = _mm256_mul_ps(_mm256_add_ps(e, all(1)), power_of_two(half));
    return _mm256_mul_ps(scaled, power_of_two(_mm256_sub_epi32(n, half)));
}

INLINE __m256 exp_ps(__m256 x) {
    return exp_sum(x, _mm256_setzero_ps());
}

/* expm1(2|x|) / (expm1(2|x|) + 2), within 3 ulp; above 10 it is 1 as at 10. */
INLINE __m256 tanh_ps(__m256 x) {
    const __m256 sign = sign_of(x);
    const __m256 twice =
        _mm256_min_ps(all(20), _mm256_add_ps(_mm256_xor_ps(x, sign), _mm256_xor_ps(x, sign)));
    __m256i n;
    const __m256 e = reduced_expm1(twice, _mm256_setzero_ps(), &n);
    const __m256 scale = power_of_two(n);
    const __m256 expm1 = _mm256_fmadd_ps(scale, e, _mm256_sub_ps(scale, all(1)));
    return _mm256_or_ps(_mm256_div_ps(expm1, _mm256_add_ps(expm1, all(2))), sign);
}

/* cap * tanh(x / cap) */
INLINE __m256 soft_cap_ps(__m256 x, __m256 cap) {
    return _mm256_mul_ps(cap, tanh_ps(_mm256_div_ps(x, cap)));
}

/* x / (1 + exp(-x)), within 3 ulp; -0 where exp(-x) is infinite. */
INLINE __m256 silu_ps(__m256 x) {
    return _mm256_div_ps(x, _mm256_add_ps(all(1), exp_ps(_mm256_xor_ps(x, all(-0.0f)))));
}

/* x/2 (1 + tanh(u)) = x / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3): nothing cancels. But
 * exp turns an absolute error of 2u, up to 88, into a relative one; so 2u = x (a + b x^2) is made
 * in two floats, t + t_low. Within 3 ulp; -0 where exp(-2u) is infinite. */
INLINE __m256 gelu_ps(__m256 x) {
    const __m256 a = all(0x1.988454p+0f), a_low = all(-0x1.857936p-25f);
    const __m256 b = all(0x1.2444f2p-4f), b_low = all(0x1.49b16ap-29f);
    const __m256 c = clamp(x, -12, 12); /* beyond, exp(-2u) is 0 or infinite as there */
    const __m256 square = _mm256_mul_ps(c, c), square_low = _mm256_fmsub_ps(c, c, square);
    const __m256 d = _mm256_mul_ps(b, square);
    const __m256 d_low = _mm256_fmadd_ps(
        b, square_low, _mm256_fmadd_ps(b_low, square, _mm256_fmsub_ps(b, square, d)));
    /* s + s_low = a + d, exactly (Knuth's two-sum), and their low parts */
    const __m256 s = _mm256_add_ps(a, d), of_d = _mm256_sub_ps(s, a);
    const __m256 lost = _mm256_add_ps(_mm256_sub_ps(a, _mm256_sub_ps(s, of_d)),
                                      _mm256_sub_ps(d, of_d));
    const __m256 s_low = _mm256_add_ps(lost, _mm256_add_ps(d_low, a_low));
    const __m256 minus = _mm256_xor_ps(c, all(-0.0f));
    const __m256 t = _mm256_mul_ps(minus, s);
    const __m256 t_low = _mm256_fmadd_ps(minus, s_low, _mm256_fmsub_ps(minus, s, t));
    return _mm256_div_ps(x, _mm256_add_ps(all(1), exp_sum(t, t_low)));
}

#endif
