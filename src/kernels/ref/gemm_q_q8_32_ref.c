/* SPDX-License-Identifier: MIT
 *
 * Q4_0 and Q8_0 by 8-bit activations, as it is meant. Block j of a row and of a token:
 *
 *   S = sum over p of q[p] * x[p]        exact, int32 (Q4_0: q from -8 to 7)
 *   y = y + (d * dx) * S
 *
 * from j = 0 upwards, y beginning at +0, every operation rounded once. The fast kernels do the same
 * with the last multiplication and the addition fused.
 */
#include <assert.h>
#include <string.h>

#include "kernels/variants.h"
#include "quant/blocks.h"

struct unpacked {
    float d;
    int8_t q[32];
};

static void unpack_q4_0(struct unpacked *u, const struct block_q4_0 *b) {
    u->d = block_half(b->d);
    for (int p = 0; p < 32; p++)
        u->q[p] = (int8_t)((b->codes[p % 16] >> p / 16 * 4 & 15) - 8);
}

static void unpack_q8_0(struct unpacked *u, const struct block_q8_0 *b) {
    u->d = block_half(b->d);
    memcpy(u->q, b->codes, sizeof(u->q));
}

static float add_block(float y, const struct unpacked *u, const struct act_q8_32 *x) {
    int32_t s = 0;
    for (int p = 0; p < 32; p++)
        s += u->q[p] * x->q[p];
    return y + (u->d * x->d) * (float)s;
}

void gemm_q_q8_32_ref(enum dtype type, size_t m, size_t n, size_t k, const void *w, const void *x,
                      float *y, size_t y_stride) {
    assert(k > 0 && k % 32 == 0);
    assert(y_stride >= m);
    assert(type == DTYPE_Q4_0 || type == DTYPE_Q8_0);
    const size_t block_bytes = dtype_traits(type)->block_bytes, n_blocks = k / 32;
    const struct act_q8_32 *tokens = x;
    const unsigned char *block = w;
    struct unpacked u;
    for (size_t i = 0; i < m; i++)
        for (size_t b = 0; b < n_blocks; b++, block += block_bytes) {
            if (type == DTYPE_Q4_0)
                unpack_q4_0(&u, (const void *)block);
            else
                unpack_q8_0(&u, (const void *)block);
            for (size_t j = 0; j < n; j++) { /* between two blocks the sums rest in y */
                float *out = y + j * y_stride + i;
                *out = add_block(b ? *out : 0, &u, tokens + j * n_blocks + b);
            }
        }
}
