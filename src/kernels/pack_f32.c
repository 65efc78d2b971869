/* SPDX-License-Identifier: MIT
 *
 * Packing f32 weights: a panel of mr rows turned so that the mr weights that meet the same input
 * lie side by side, which is what one step of a tile loads.
 */
#include <string.h>

#include "base/mem.h"
#include "kernels/variants.h"

bool pack_size_f32_1(size_t *size_bytes, size_t m, size_t k) {
    size_t n;
    return size_mul(&n, m, k) && size_mul(size_bytes, n, sizeof(float));
}

void pack_f32_1(void *packed, size_t m, size_t k, const void *w) {
    if (m) memcpy(packed, w, m * k * sizeof(float));
}

bool pack_size_f32_16(size_t *size_bytes, size_t m, size_t k) {
    size_t filled;
    return size_add(&filled, m, 15) && pack_size_f32_1(size_bytes, filled / 16 * 16, k);
}

void pack_f32_16(void *packed, size_t m, size_t k, const void *w) {
    float *out = packed;
    for (size_t i0 = 0; i0 < m; i0 += 16) {
        const float *rows = (const float *)w + i0 * k;
        const size_t n_rows = m - i0 < 16 ? m - i0 : 16;
        for (size_t p = 0; p < k; p++, out += 16) {
            for (size_t r = 0; r < n_rows; r++)
                out[r] = rows[r * k + p];
            for (size_t r = n_rows; r < 16; r++)
                out[r] = 0;
        }
    }
}
