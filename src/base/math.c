/* SPDX-License-Identifier: MIT
 *
 * exp, log and tanh in nothing but +, -, *, / of IEEE doubles, built with -ffp-contract=off: each
 * of these rounds alike everywhere, so the answers do too.
 *
 * x = n ln 2 + r with |r| <= ln(2) / 2; exp(r) - 1 is its Taylor series up to r^13, whose first
 * term left out is below 0.35^14 / 14! < 2^-57; exp(x) = 2^n (1 + that).
 *
 * x = 2^n m with sqrt(1/2) <= m < sqrt(2), s = (m - 1) / (m + 1), |s| < 0.1716; log m = 2 artanh s,
 * whose series s + s^3/3 + ... is taken up to s^21: the first term left out is below 2^-60 of it.
 */
#include "base/math.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* ln 2 in two parts; the first has 32 bits, so that its product with n is exact. */
static const double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
static const double log2_e = 0x1.71547652b82fep+0;

/* x near n ln 2: exp(x - n ln 2) - 1, and n as a whole number. |x| < 2^20. */
static double reduced_expm1(double x, double *n) {
    static const double to_whole = 0x1.8p52; /* adding it leaves no room for a fraction */
    *n = (x * log2_e + to_whole) - to_whole;
    const double r = (x - *n * ln2_high) - *n * ln2_low;

    static const double inverse_factorials[] = {
        1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
        1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      1.0 / 2,     1};
    double sum = 1.0 / 6227020800.0; /* 1 / 13! */
    for (size_t i = 0; i < sizeof(inverse_factorials) / sizeof(inverse_factorials[0]); i++)
        sum = sum * r + inverse_factorials[i];
    return sum * r;
}

/* 2^n for -1022 <= n <= 1023. */
static double power_of_two(double n) {
    const uint64_t bits = (uint64_t)((int64_t)n + 1023) << 52;
    double out;
    memcpy(&out, &bits, sizeof(out));
    return out;
}

double math_exp(double x) {
    if (isnan(x)) return x;
    if (x > 709.79) return INFINITY;
    if (x < -745.2) return 0;
    double n;
    const double e = reduced_expm1(x, &n) + 1;
    /* in two steps: 2^n alone may be too large, or subnormal where the answer is not yet */
    const double half = n < 0 ? (double)(-(int64_t)(-n / 2)) : (double)(int64_t)(n / 2);
    return e * power_of_two(half) * power_of_two(n - half);
}

double math_log(double x) {
    if (isnan(x) || x < 0) return NAN;
    if (x == 0) return -INFINITY;
    if (x == INFINITY) return x;
    int exponent;
    double m = frexp(x, &exponent); /* exact */
    if (m < 0x1.6a09e667f3bcdp-1) { /* sqrt(1/2) */
        m *= 2;
        exponent--;
    }
    const double s = (m - 1) / (m + 1), square = s * s;
    double sum = 0;
    for (int k = 21; k > 1; k -= 2)
        sum = sum * square + 1.0 / k;
    const double log_m = 2 * (s + s * square * sum), n = (double)exponent;
    return n * ln2_high + (n * ln2_low + log_m);
}

double math_tanh(double x) { /* expm1(2|x|) / (expm1(2|x|) + 2) */
    if (isnan(x)) return x;
    if (fabs(x) > 20) return copysign(1, x); /* 1 - 2 exp(-40) rounds to 1 */
    double n;
    const double e = reduced_expm1(2 * fabs(x), &n), scale = power_of_two(n);
    const double expm1 = scale * e + (scale - 1);
    return copysign(expm1 / (expm1 + 2), x);
}

float math_expf(float x) {
    return (float)math_exp((double)x);
}

float math_tanhf(float x) {
    return (float)math_tanh((double)x);
}
