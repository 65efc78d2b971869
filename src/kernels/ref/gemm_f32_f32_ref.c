/* SPDX-License-Identifier: MIT
 *
 * The product of f32 weights and f32 activations, as it is meant:
 *
 *   y[j][i] = (...((0 + w[i][0]*x[j][0]) + w[i][1]*x[j][1]) + ...) + w[i][k-1]*x[j][k-1]
 *
 * each product and each sum rounded to f32. Built with -ffp-contract=off, so that every compiler
 * and processor gives the same bits.
 */
#include <assert.h>

#include "kernels/variants.h"

void gemm_f32_f32_ref(size_t m, size_t n, size_t k, const void *w, const void *x, float *y,
                      size_t y_stride) {
    assert(k > 0);
    assert(y_stride >= m);
    for (size_t j = 0; j < n; j++) {
        const float *x_row = (const float *)x + j * k;
        for (size_t i = 0; i < m; i++) {
            const float *w_row = (const float *)w + i * k;
            float sum = 0;
            for (size_t p = 0; p < k; p++)
                sum += w_row[p] * x_row[p];
            y[j * y_stride + i] = sum;
        }
    }
}
