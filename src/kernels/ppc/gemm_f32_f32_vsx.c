/* SPDX-License-Identifier: MIT
 *
 * f32 by f32 for VSX (POWER8 and later without MMA): a tile of 16 outputs by 6 tokens is 24 of the
 * 64 registers, more chains than two units of 7 cycles need. Each output is one chain of fused
 * multiply-adds from p = 0 upwards, in every tile. A tile of fewer tokens is the same code with
 * fewer columns; outputs past m are computed on the zeros of the packing and not stored.
 */
#include <altivec.h>
#include <assert.h>
#include <string.h>

#include "kernels/variants.h"

typedef __vector float v4f; /* a vector type has no other short name */

enum { MR = 16, NR = 6 };

static void store_16(float *y, size_t n_rows, v4f a, v4f b, v4f c, v4f d) {
    const v4f sums[4] = {a, b, c, d};
    if (n_rows >= MR) {
        for (int i = 0; i < 4; i++)
            vec_xst(sums[i], 0, y + 4 * i);
        return;
    }
    memcpy(y, sums, n_rows * sizeof(float));
}

/* n_cols is a constant at every call, so the columns that are not there vanish. */
static inline __attribute__((always_inline)) void tile_16(const size_t n_cols, size_t n_rows,
                                                          size_t k, const float *w, const float *x,
                                                          float *y, size_t y_stride) {
#define COLUMNS(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)
#define OPEN(j)                                                                                    \
    v4f a##j = vec_splats(0.0f), b##j = a##j, c##j = a##j, d##j = a##j;                            \
    const float *x##j = x + (j < n_cols ? j : 0) * k;
#define STEP(j)                                                                                    \
    if (j < n_cols) {                                                                              \
        const v4f xb = vec_splats(x##j[p]);                                                        \
        a##j = vec_madd(w_a, xb, a##j);                                                            \
        b##j = vec_madd(w_b, xb, b##j);                                                            \
        c##j = vec_madd(w_c, xb, c##j);                                                            \
        d##j = vec_madd(w_d, xb, d##j);                                                            \
    }
#define CLOSE(j)                                                                                   \
    if (j < n_cols) store_16(y + j * y_stride, n_rows, a##j, b##j, c##j, d##j);

    COLUMNS(OPEN)
    for (size_t p = 0; p < k; p++) {
        const float *wp = w + p * MR;
        const v4f w_a = vec_xl(0, wp), w_b = vec_xl(0, wp + 4);
        const v4f w_c = vec_xl(0, wp + 8), w_d = vec_xl(0, wp + 12);
        COLUMNS(STEP)
    }
    COLUMNS(CLOSE)
#undef COLUMNS
#undef OPEN
#undef STEP
#undef CLOSE
}

void gemm_f32_f32_vsx(enum dtype type, size_t m, size_t n, size_t k, const void *w, const void *x,
                      float *y, size_t y_stride) {
    (void)type; /* packed panels are f32 whatever the rows were */
    assert(k > 0);
    assert(y_stride >= m);
    for (size_t i = 0; i < m; i += MR) {
        const float *wi = (const float *)w + i * k;
        size_t j_step;
        for (size_t j = 0; j < n; j += j_step) {
            const float *xj = (const float *)x + j * k;
            float *yij = y + j * y_stride + i;
            size_t n_cols = n - j;
            if (n_cols > NR) n_cols = n_cols < 2 * NR ? (n_cols + 1) / 2 : NR; /* 7 is 4 + 3 */
            j_step = n_cols;
            switch (n_cols) {
            case 1: tile_16(1, m - i, k, wi, xj, yij, y_stride); break;
            case 2: tile_16(2, m - i, k, wi, xj, yij, y_stride); break;
            case 3: tile_16(3, m - i, k, wi, xj, yij, y_stride); break;
            case 4: tile_16(4, m - i, k, wi, xj, yij, y_stride); break;
            case 5: tile_16(5, m - i, k, wi, xj, yij, y_stride); break;
            case 6: tile_16(6, m - i, k, wi, xj, yij, y_stride); break;
            }
        }
    }
}
