/* SPDX-License-Identifier: MIT
 *
 * Packing for kernels that multiply f32 by f32: rows of any format are decoded, a stretch of a
 * panel at a time, and turned so that the 16 weights that meet the same input lie side by side,
 * which is what one step of a tile loads.
 */
#include <string.h>

#include "kernels/variants.h"

enum { MR = 16, STRETCH = 256 /* whole blocks of every format */ };

size_t panel_bytes_f32_16(size_t k) {
    return k * MR * sizeof(float);
}

/* rows [16][STRETCH], of which `count` columns are there, to out [count][16] */
static void turn(size_t count, float (*rows)[STRETCH], float *out) {
    for (size_t p = 0; p < count; p++)
        for (size_t r = 0; r < MR; r++)
            out[p * MR + r] = rows[r][p];
}

void pack_f32_16(enum dtype type, void *packed, size_t m, size_t k, const void *w) {
    const struct dtype_traits *traits = dtype_traits(type);
    const size_t row_bytes = dtype_row_bytes(type, k);
    float *out = packed;
    float rows[MR][STRETCH];
    for (size_t i0 = 0; i0 < m; i0 += MR) {
        const unsigned char *panel = (const unsigned char *)w + i0 * row_bytes;
        const size_t n_rows = m - i0 < MR ? m - i0 : MR;
        if (n_rows < MR) memset(rows, 0, sizeof(rows)); /* the rows that are not there */
        for (size_t p = 0; p < k; p += STRETCH) {
            const size_t count = k - p < STRETCH ? k - p : STRETCH;
            const size_t offset = dtype_row_bytes(type, p);
            for (size_t r = 0; r < n_rows; r++)
                traits->decode(count, panel + r * row_bytes + offset, rows[r]);
            turn(count, rows, out);
            out += count * MR;
        }
    }
}
