/* SPDX-License-Identifier: MIT
 *
 * Q4_K, Q5_K and Q6_K by 8-bit activations, as it is meant. Block j of a row and of a token:
 *
 *   S1 = sum over sub-blocks s of scale[s] * sum over p in s of q[p] * x[p]     exact, int32
 *   S2 = sum over sub-blocks s of minimum[s] * sum over p in s of x[p]          exact, int32
 *   y  = y + (d * dx) * S1        then, Q4_K and Q5_K:    y = y - (dmin * dx) * S2
 *
 * from j = 0 upwards, y beginning at +0, every operation (S to f32 too) rounded once. The fast
 * kernels do the same with the last multiplication and the addition fused.
 *
 * |S1| stays below 2^28: Q6_K's 256 * 128 * 32 * 127 is the largest.
 */
#include <assert.h>

#include "kernels/variants.h"
#include "quant/blocks.h"

struct unpacked { /* a block of any of the three, sub-blocks cut to 16 */
    float d, dmin;
    int scale[16], minimum[16];
    int8_t q[256];
};

/* Eight scales and minima, each for the two halves of its sub-block of 32. */
static void unpack_scales(struct unpacked *u, const uint8_t packed[12]) {
    uint8_t scales[8], minima[8];
    q4_k_scales(packed, scales, minima);
    for (int s = 0; s < 16; s++) {
        u->scale[s] = scales[s / 2];
        u->minimum[s] = minima[s / 2];
    }
}

/* Code p of Q4_K: 32 bytes are 32 low nibbles, then 32 high ones. */
static int low_code(const uint8_t codes[128], int p) {
    return codes[p / 64 * 32 + p % 32] >> p / 32 % 2 * 4 & 15;
}

static void unpack_q4_k(struct unpacked *u, const struct block_q4_k *b) {
    u->d = block_half(b->d);
    u->dmin = block_half(b->dmin);
    unpack_scales(u, b->scales);
    for (int p = 0; p < 256; p++)
        u->q[p] = (int8_t)low_code(b->codes, p);
}

static void unpack_q5_k(struct unpacked *u, const struct block_q5_k *b) {
    u->d = block_half(b->d);
    u->dmin = block_half(b->dmin);
    unpack_scales(u, b->scales);
    for (int p = 0; p < 256; p++)
        u->q[p] = (int8_t)(low_code(b->codes, p) + (b->high[p % 32] >> p / 32 & 1) * 16);
}

static void unpack_q6_k(struct unpacked *u, const struct block_q6_k *b) {
    u->d = block_half(b->d);
    for (int s = 0; s < 16; s++)
        u->scale[s] = b->scales[s];
    for (int p = 0; p < 256; p++) { /* two halves of 128: 64 bytes of nibbles, 32 of pairs */
        const int low = b->codes[p / 128 * 64 + p % 64] >> p / 64 % 2 * 4 & 15;
        const int high = b->high[p / 128 * 32 + p % 32] >> p / 32 % 4 * 2 & 3;
        u->q[p] = (int8_t)(low + high * 16 - 32);
    }
}

static float add_block(float y, const struct unpacked *u, const struct act_q8_256 *x,
                       bool has_minima) {
    int32_t s1 = 0, s2 = 0;
    for (int s = 0; s < 16; s++) {
        int32_t dot = 0;
        for (int p = 16 * s; p < 16 * s + 16; p++)
            dot += u->q[p] * x->q[p];
        s1 += u->scale[s] * dot;
        if (has_minima) s2 += u->minimum[s] * x->sums[s];
    }
    y = y + (u->d * x->d) * (float)s1;
    return has_minima ? y - (u->dmin * x->d) * (float)s2 : y;
}

void gemm_kquant_q8_256_ref(enum dtype type, size_t m, size_t n, size_t k, const void *w,
                            const void *x, float *y, size_t y_stride) {
    assert(k > 0 && k % 256 == 0);
    assert(y_stride >= m);
    const size_t block_bytes = dtype_traits(type)->block_bytes, n_blocks = k / 256;
    const struct act_q8_256 *tokens = x;
    const unsigned char *block = w;
    struct unpacked u;
    for (size_t i = 0; i < m; i++)
        for (size_t b = 0; b < n_blocks; b++, block += block_bytes) {
            switch (type) {
            case DTYPE_Q4_K: unpack_q4_k(&u, (const void *)block); break;
            case DTYPE_Q5_K: unpack_q5_k(&u, (const void *)block); break;
            default: assert(type == DTYPE_Q6_K); unpack_q6_k(&u, (const void *)block);
            }
            for (size_t j = 0; j < n; j++) { /* between two blocks the sums rest in y */
                float *out = y + j * y_stride + i;
                *out = add_block(b ? *out : 0, &u, tokens + j * n_blocks + b, type != DTYPE_Q6_K);
            }
        }
}
