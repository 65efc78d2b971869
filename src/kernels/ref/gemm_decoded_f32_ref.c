/* SPDX-License-Identifier: MIT
 *
 * The product of weights of any format, decoded to f32, and f32 activations, as it is meant:
 *
 *   y[j][i] = (...((0 + w[i][0]*x[j][0]) + w[i][1]*x[j][1]) + ...) + w[i][k-1]*x[j][k-1]
 *
 * each product and each sum rounded to f32. Built with -ffp-contract=off, so that every compiler
 * and processor gives the same bits. A row is decoded a stretch at a time; between two stretches
 * the sums rest in y, as f32, which loses nothing.
 */
#include <assert.h>

#include "kernels/variants.h"

void gemm_decoded_f32_ref(enum dtype type, size_t m, size_t n, size_t k, const void *w,
                          const void *x, float *y, size_t y_stride) {
    assert(k > 0);
    assert(y_stride >= m);
    enum { STRETCH = 256 }; /* whole blocks of every format */
    const struct dtype_traits *traits = dtype_traits(type);
    const size_t row_bytes = dtype_row_bytes(type, k);
    float decoded[STRETCH];
    for (size_t i = 0; i < m; i++)
        for (size_t p0 = 0; p0 < k; p0 += STRETCH) {
            const size_t count = k - p0 < STRETCH ? k - p0 : STRETCH;
            const unsigned char *row = (const unsigned char *)w + i * row_bytes;
            traits->decode(count, row + dtype_row_bytes(type, p0), decoded);
            for (size_t j = 0; j < n; j++) {
                const float *x_row = (const float *)x + j * k + p0;
                float sum = p0 ? y[j * y_stride + i] : 0;
                for (size_t p = 0; p < count; p++)
                    sum += decoded[p] * x_row[p];
                y[j * y_stride + i] = sum;
            }
        }
}
