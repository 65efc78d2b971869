/* SPDX-License-Identifier: MIT
 *
 * From blocks to f32, in plain C: the definition that the kernels are tested against.
 *
 * The values are exact because the products are: a half has 11 significant bits, the integers that
 * multiply it at most 13, and an f32 holds 24. What remains is at most one addition, rounded once:
 * there is nothing for a compiler, a processor or an order of evaluation to do differently.
 */
#include "quant/formats.h"

#include <assert.h>
#include <string.h>

#include "quant/blocks.h"

const int8_t iq4_levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                               1,    13,   25,  38,  53,  69,  89,  113};

DECL_DECODE(decode_f32) {
    memcpy(out, blocks, k * sizeof(float));
}

DECL_DECODE(decode_f16) {
    const uint8_t *bytes = blocks;
    for (size_t i = 0; i < k; i++)
        out[i] = block_half(bytes + 2 * i);
}

DECL_DECODE(decode_bf16) {
    const uint8_t *bytes = blocks;
    for (size_t i = 0; i < k; i++)
        out[i] = bf16_decode(block_u16(bytes + 2 * i));
}

/* decode_<format>: a row, by <format>_block, which does one block. */
#define DECODE_ROW(format, weights)                                                                \
    DECL_DECODE(decode_##format) {                                                                 \
        assert(k % (weights) == 0);                                                                \
        const struct block_##format *b = blocks;                                                   \
        for (size_t i = 0; i < k / (weights); i++)                                                 \
            format##_block(&b[i], out + i * (weights));                                            \
    }

/* --- blocks of 32 --- */

static void q4_0_block(const struct block_q4_0 *b, float *out) {
    const float d = block_half(b->d);
    for (int i = 0; i < 16; i++) {
        out[i] = d * (float)((b->codes[i] & 15) - 8);
        out[16 + i] = d * (float)((b->codes[i] >> 4) - 8);
    }
}
DECODE_ROW(q4_0, BLOCK_WEIGHTS)

static void q4_1_block(const struct block_q4_1 *b, float *out) {
    const float d = block_half(b->d), m = block_half(b->m);
    for (int i = 0; i < 16; i++) {
        out[i] = d * (float)(b->codes[i] & 15) + m;
        out[16 + i] = d * (float)(b->codes[i] >> 4) + m;
    }
}
DECODE_ROW(q4_1, BLOCK_WEIGHTS)

/* Code i of Q5_0 and Q5_1. */
static int fifth_bit_code(const uint8_t codes[16], const uint8_t high[4], int i) {
    const int low = i < 16 ? codes[i] & 15 : codes[i - 16] >> 4;
    return low | (high[i / 8] >> (i % 8) & 1) << 4;
}

static void q5_0_block(const struct block_q5_0 *b, float *out) {
    const float d = block_half(b->d);
    for (int i = 0; i < BLOCK_WEIGHTS; i++)
        out[i] = d * (float)(fifth_bit_code(b->codes, b->high, i) - 16);
}
DECODE_ROW(q5_0, BLOCK_WEIGHTS)

static void q5_1_block(const struct block_q5_1 *b, float *out) {
    const float d = block_half(b->d), m = block_half(b->m);
    for (int i = 0; i < BLOCK_WEIGHTS; i++)
        out[i] = d * (float)fifth_bit_code(b->codes, b->high, i) + m;
}
DECODE_ROW(q5_1, BLOCK_WEIGHTS)

static void q8_0_block(const struct block_q8_0 *b, float *out) {
    const float d = block_half(b->d);
    for (int i = 0; i < BLOCK_WEIGHTS; i++)
        out[i] = d * (float)b->codes[i];
}
DECODE_ROW(q8_0, BLOCK_WEIGHTS)

static void iq4_levels_32(const uint8_t codes[16], float d, float *out) {
    for (int i = 0; i < 16; i++) {
        out[i] = d * (float)iq4_levels[codes[i] & 15];
        out[16 + i] = d * (float)iq4_levels[codes[i] >> 4];
    }
}

static void iq4_nl_block(const struct block_iq4_nl *b, float *out) {
    iq4_levels_32(b->codes, block_half(b->d), out);
}
DECODE_ROW(iq4_nl, BLOCK_WEIGHTS)

/* --- blocks of 256 --- */

/* Two bits of weight i from the planes of Q2_K and Q3_K. */
static int plane_code(const uint8_t codes[64], int i) {
    return codes[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2) & 3;
}

static void q2_k_block(const struct block_q2_k *b, float *out) {
    const float d = block_half(b->d), dmin = block_half(b->dmin);
    for (int sub = 0; sub < 16; sub++) {
        const float scale = d * (float)(b->scales[sub] & 15);
        const float min = dmin * (float)(b->scales[sub] >> 4);
        for (int i = 16 * sub; i < 16 * sub + 16; i++)
            out[i] = scale * (float)plane_code(b->codes, i) - min;
    }
}
DECODE_ROW(q2_k, SUPER_BLOCK_WEIGHTS)

static void q3_k_block(const struct block_q3_k *b, float *out) {
    const float d = block_half(b->d);
    int8_t scales[16];
    q3_k_scales(b->scales, scales);
    for (int i = 0; i < SUPER_BLOCK_WEIGHTS; i++) {
        const int high = b->high[i % 32] >> (i / 32) & 1;
        out[i] = d * (float)scales[i / 16] * (float)(plane_code(b->codes, i) + 4 * high - 4);
    }
}
DECODE_ROW(q3_k, SUPER_BLOCK_WEIGHTS)

static void q4_k_block(const struct block_q4_k *b, float *out) {
    const float d = block_half(b->d), dmin = block_half(b->dmin);
    uint8_t scales[8], mins[8];
    q4_k_scales(b->scales, scales, mins);
    for (int sub = 0; sub < 8; sub++) {
        const float scale = d * (float)scales[sub], min = dmin * (float)mins[sub];
        const uint8_t *codes = b->codes + sub / 2 * 32;
        for (int i = 0; i < 32; i++)
            out[32 * sub + i] = scale * (float)(codes[i] >> (sub % 2 * 4) & 15) - min;
    }
}
DECODE_ROW(q4_k, SUPER_BLOCK_WEIGHTS)

static void q5_k_block(const struct block_q5_k *b, float *out) {
    const float d = block_half(b->d), dmin = block_half(b->dmin);
    uint8_t scales[8], mins[8];
    q4_k_scales(b->scales, scales, mins);
    for (int sub = 0; sub < 8; sub++) {
        const float scale = d * (float)scales[sub], min = dmin * (float)mins[sub];
        const uint8_t *codes = b->codes + sub / 2 * 32;
        for (int i = 0; i < 32; i++) {
            const int low = codes[i] >> (sub % 2 * 4) & 15;
            const int high = b->high[i] >> sub & 1;
            out[32 * sub + i] = scale * (float)(low | high << 4) - min;
        }
    }
}
DECODE_ROW(q5_k, SUPER_BLOCK_WEIGHTS)

static void q6_k_block(const struct block_q6_k *b, float *out) {
    const float d = block_half(b->d);
    for (int run = 0; run < 8; run++) { /* 32 weights: one field of a plane */
        const int half = run / 4, field = run % 4;
        const uint8_t *codes = b->codes + 64 * half + field % 2 * 32;
        const uint8_t *high = b->high + 32 * half;
        for (int i = 0; i < 32; i++) {
            const float scale = d * (float)b->scales[2 * run + i / 16];
            const int low = codes[i] >> (field / 2 * 4) & 15;
            out[32 * run + i] = scale * (float)((low | (high[i] >> (2 * field) & 3) << 4) - 32);
        }
    }
}
DECODE_ROW(q6_k, SUPER_BLOCK_WEIGHTS)

static void iq4_xs_block(const struct block_iq4_xs *b, float *out) {
    for (int sub = 0; sub < 8; sub++)
        iq4_levels_32(b->codes + 16 * sub, block_half(b->d) * (float)iq4_xs_scale(b, sub),
                      out + 32 * sub);
}
DECODE_ROW(iq4_xs, SUPER_BLOCK_WEIGHTS)
