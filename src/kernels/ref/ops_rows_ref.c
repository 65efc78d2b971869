/* SPDX-License-Identifier: MIT
 *
 * What is done to a row of activations, as it is meant: the formulas of kernels.h in double,
 * rounded to f32 once. Built with -ffp-contract=off, on the exp and tanh of base/math.h, so that
 * every compiler and processor gives the same bits.
 */
#include <math.h>

#include "base/math.h"
#include "kernels/variants.h"

void rms_norm_ref(size_t k, const float *x, const float *weight, float epsilon, float *y) {
    double sum = 0;
    for (size_t p = 0; p < k; p++)
        sum += (double)x[p] * (double)x[p]; /* the product is exact */
    const double scale = 1 / sqrt(sum / (double)k + (double)epsilon);
    for (size_t p = 0; p < k; p++)
        y[p] = (float)((double)x[p] * scale * (double)weight[p]);
}

/* x * the logistic function of t */
static float gated(double x, double t) {
    return (float)(x / (1 + math_exp(-t)));
}

void silu_gate_ref(size_t k, float *gate, const float *up) {
    for (size_t p = 0; p < k; p++)
        gate[p] = gated((double)gate[p], (double)gate[p]) * up[p];
}

/* (1 + tanh(u)) / 2 is 1 / (1 + exp(-2u)), which for u far below 0 does not cancel. */
void gelu_gate_ref(size_t k, float *gate, const float *up) {
    static const double sqrt_2_pi = 0x1.9884533d43651p-1, cubic = 0.044715;
    for (size_t p = 0; p < k; p++) {
        const double x = (double)gate[p];
        gate[p] = gated(x, 2 * sqrt_2_pi * (x + cubic * x * x * x)) * up[p];
    }
}

void soft_cap_ref(size_t k, float *x, float cap) {
    for (size_t p = 0; p < k; p++)
        x[p] = (float)((double)cap * math_tanh((double)x[p] / (double)cap));
}

void add_ref(size_t k, float *y, const float *x) {
    for (size_t p = 0; p < k; p++)
        y[p] += x[p];
}
