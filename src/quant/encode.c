/* SPDX-License-Identifier: MIT
 *
 * From f32 to the plain formats: F32, F16, BF16, and blocks of 32 weights with one scale.
 *
 * A block's error as a function of its scale is rugged: a change of one part in a hundred rounds
 * most weights to other codes. So the scale is not computed but searched: some dozens around the
 * one that just reaches the largest weight are tried, as the halves they will be, and the best one
 * is polished by least squares.
 */
#include "quant/formats.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "quant/search.h"

DECL_ENCODE(encode_f32) {
    memcpy(blocks, in, k * sizeof(float));
}

/* f, or the finite end of the format's range. */
static float saturated(float f, float most) {
    return f > most ? most : f < -most ? -most : f;
}

DECL_ENCODE(encode_f16) {
    uint8_t *bytes = blocks;
    for (size_t i = 0; i < k; i++)
        block_put_u16(bytes + 2 * i, half_encode(saturated(in[i], 65504.0f)));
}

DECL_ENCODE(encode_bf16) {
    uint8_t *bytes = blocks;
    for (size_t i = 0; i < k; i++)
        block_put_u16(bytes + 2 * i, bf16_encode(saturated(in[i], bf16_decode(0x7f7f))));
}

/* The codes of a format, and the codes that the scales tried bring the largest weight to: from
 * `first` on, `step` apart, LANES of them in a row. Where codes reach further to one side, both
 * directions are worth trying, a negative scale being as good as another. */
struct code_range {
    float lo, hi;
    struct {
        float first, step;
    } rows[2];
};

struct choice {
    float scale, error;
};

/* The better of `best` and LANES scales, as halves, that bring `peak` to the codes of one row. */
static void try_scales(struct choice *best, const struct group *g, const struct code_range *codes,
                       float peak, float first, float step) {
    float scale[LANES], error[LANES];
    struct scales s = {.shift = {0}};
    for (int lane = 0; lane < LANES; lane++) {
        scale[lane] = nearest_half(peak / (first + step * (float)lane));
        s.inverse[lane] = scale[lane] != 0 ? 1 / scale[lane] : 0;
    }
    scales_errors(error, &s, BLOCK_WEIGHTS, g->w, g->cost, codes->lo, codes->hi);
    for (int lane = 0; lane < LANES; lane++) {
        error[lane] *= scale[lane] * scale[lane];
        if (scale[lane] != 0 && error[lane] < best->error)
            *best = (struct choice){scale[lane], error[lane]};
    }
}

/* The scale of the least error when every weight keeps the code that `scale` gives it. */
static float least_squares_scale(const struct group *g, const struct code_range *codes,
                                 float scale) {
    float wq = 0, qq = 0;
    for (int i = 0; i < BLOCK_WEIGHTS; i++) {
        const float q = nearest_code(g->w[i] / scale, codes->lo, codes->hi);
        wq += g->cost[i] * g->w[i] * q;
        qq += g->cost[i] * q * q;
    }
    return qq > 0 ? wq / qq : scale;
}

/* 0 when no code but 0 is near. */
static float search_scale(const struct group *g, const struct code_range *codes) {
    const float peak = group_peak(BLOCK_WEIGHTS, g->w);
    struct choice best = {0, FLT_MAX};
    for (int row = 0; row < 2; row++)
        try_scales(&best, g, codes, peak, codes->rows[row].first, codes->rows[row].step);
    for (int round = 0; round < 2 && best.scale != 0; round++) {
        const float before = best.error, scale = least_squares_scale(g, codes, best.scale);
        try_scales(&best, g, codes, scale, 1 - LANES / 2 * 0x1p-10f, 0x1p-10f);
        if (!(best.error < before)) break;
    }
    return best.scale;
}

/* Encodes one block of 32: its scale is returned, its codes lie in `q`. */
static float encode_block(int8_t q[BLOCK_WEIGHTS], const float *in, const float *importance,
                          const struct code_range *codes) {
    struct group g;
    group_init(&g, BLOCK_WEIGHTS, in, importance);
    const float scale = search_scale(&g, codes);
    for (int i = 0; i < BLOCK_WEIGHTS; i++)
        q[i] = (int8_t)(scale != 0 ? nearest_code(g.w[i] / scale, codes->lo, codes->hi) : 0);
    return scale;
}

DECL_ENCODE(encode_q8_0) {
    /* -128 is left out: kernels that negate codes are out there */
    static const struct code_range codes = {-127, 127, {{127.5f, -0.5f}, {119.5f, -0.5f}}};
    assert(k % BLOCK_WEIGHTS == 0);
    struct block_q8_0 *b = blocks;
    for (size_t i = 0; i < k; i += BLOCK_WEIGHTS, b++) {
        const float d = encode_block(b->codes, in + i, importance ? importance + i : NULL, &codes);
        for (int j = 0; j < BLOCK_WEIGHTS && d < 0; j++)
            b->codes[j] = (int8_t)-b->codes[j];
        block_put_half(b->d, fabsf(d));
    }
}

DECL_ENCODE(encode_q4_0) {
    static const struct code_range codes = {-8, 7, {{-8.8f, 0.15f}, {7.8f, -0.15f}}};
    assert(k % BLOCK_WEIGHTS == 0);
    struct block_q4_0 *b = blocks;
    for (size_t i = 0; i < k; i += BLOCK_WEIGHTS, b++) {
        int8_t q[BLOCK_WEIGHTS];
        block_put_half(b->d, encode_block(q, in + i, importance ? importance + i : NULL, &codes));
        for (int j = 0; j < 16; j++)
            b->codes[j] = (uint8_t)((q[j] + 8) | (q[16 + j] + 8) << 4);
    }
}

DECL_ENCODE(encode_q5_0) {
    static const struct code_range codes = {-16, 15, {{-17.0f, 0.2f}, {16.0f, -0.2f}}};
    assert(k % BLOCK_WEIGHTS == 0);
    struct block_q5_0 *b = blocks;
    for (size_t i = 0; i < k; i += BLOCK_WEIGHTS, b++) {
        int8_t q[BLOCK_WEIGHTS];
        *b = (struct block_q5_0){.high = {0}};
        block_put_half(b->d, encode_block(q, in + i, importance ? importance + i : NULL, &codes));
        for (int j = 0; j < BLOCK_WEIGHTS; j++) {
            b->codes[j % 16] |= (uint8_t)(((q[j] + 16) & 15) << (j / 16 * 4));
            b->high[j / 8] |= (uint8_t)((q[j] + 16) >> 4 << (j % 8));
        }
    }
}
