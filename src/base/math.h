/* SPDX-License-Identifier: MIT
 *
 * exp, log and tanh with the same bits on every processor and C library; those of libm differ.
 */
#ifndef SIGILO_BASE_MATH_H
#define SIGILO_BASE_MATH_H

/* Within 3 ulp of double. math_exp: 0 for -infinity and below the smallest subnormal, infinity
 * above the largest double. NaN gives NaN. */
double math_exp(double x);
/* The natural logarithm: -infinity of 0, NaN of what is below 0. */
double math_log(double x);
double math_tanh(double x);

/* The above, rounded to float: right to within 0.50000001 ulp. */
float math_expf(float x);
float math_tanhf(float x);

#endif
