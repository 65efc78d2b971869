/* SPDX-License-Identifier: MIT
 *
 * From f32 to Q6_K: w = d s q, with one d for 256 weights, a signed byte s for each 16 of them and
 * q from -32 to 31.
 *
 * As in encode_q4_k.c: under a given d all reasonable s are tried, then d is refitted by least
 * squares with s and q held fast, and so on as long as it helps.
 */
#include "quant/formats.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "quant/search.h"

enum { SUBS = 16, SUB_WEIGHTS = 16 };

struct fit {
    float d, error;
    int8_t s[SUBS];
};

/* The better of *s, which leaves *error, and LANES scales in a row from `first` away from zero. */
static void try_scales(int8_t *s, float *error, const float *w, const float *cost, float d,
                       int first) {
    int candidate[LANES];
    float errors[LANES];
    struct scales tries = {.shift = {0}};
    for (int lane = 0; lane < LANES; lane++) {
        const int c = first > 0 ? first + lane : first - lane;
        candidate[lane] = c > 127 ? 127 : c < -128 ? -128 : c;
        tries.inverse[lane] = 1 / (d * (float)candidate[lane]);
    }
    scales_errors(errors, &tries, SUB_WEIGHTS, w, cost, -32, 31);
    for (int lane = 0; lane < LANES; lane++) {
        const float scale = d * (float)candidate[lane];
        errors[lane] *= scale * scale;
        if (errors[lane] < *error) {
            *error = errors[lane];
            *s = (int8_t)candidate[lane];
        }
    }
}

/* The best s of every sub-block under fit->d. The smallest that is tried brings the largest weight
 * half a step beyond the last code; of either sign, as the codes reach one further down than up. */
static void search_scales(struct fit *fit, const struct group *g) {
    fit->error = 0;
    for (int i = 0; i < SUBS; i++) {
        const float *w = g->w + SUB_WEIGHTS * i, *cost = g->cost + SUB_WEIGHTS * i;
        const float peak = group_peak(SUB_WEIGHTS, w);
        const float reach = fabsf(peak) / fit->d;
        const int down = reach < 127 * 32.5f ? (int)(reach / 32.5f) : 127;
        const int up = reach < 127 * 31.5f ? (int)(reach / 31.5f) : 127;
        const int sign = peak < 0 ? 1 : -1;
        fit->s[i] = 0;
        if (peak == 0) continue;
        float error = FLT_MAX;
        try_scales(&fit->s[i], &error, w, cost, fit->d, sign * (down > 0 ? down : 1));
        try_scales(&fit->s[i], &error, w, cost, fit->d, -sign * (up > 0 ? up : 1));
        fit->error += error;
    }
}

static void find_codes(int8_t q[SUPER_BLOCK_WEIGHTS], const struct group *g,
                       const struct fit *fit) {
    for (int i = 0; i < SUPER_BLOCK_WEIGHTS; i++) {
        const float scale = fit->d * (float)fit->s[i / SUB_WEIGHTS];
        q[i] = (int8_t)(scale != 0 ? nearest_code(g->w[i] / scale, -32, 31) : 0);
    }
}

/* d of the least error, s and q staying. */
static float refit(const struct group *g, const struct fit *fit) {
    int8_t q[SUPER_BLOCK_WEIGHTS];
    double xx = 0, wx = 0;
    find_codes(q, g, fit);
    for (int i = 0; i < SUPER_BLOCK_WEIGHTS; i++) {
        const double x = q[i] * fit->s[i / SUB_WEIGHTS], cost = (double)g->cost[i];
        xx += cost * x * x;
        wx += cost * x * (double)g->w[i];
    }
    return xx > 0 ? nearest_half((float)(wx / xx)) : fit->d;
}

static void fit_super_block(struct fit *best, const struct group *g) {
    /* room for s to grow above what just covers the largest weight: 1.14, found by trying */
    best->d = half_at_least(1.14f * fabsf(group_peak(SUPER_BLOCK_WEIGHTS, g->w)) / 32 / 127);
    if (best->d == 0) return;
    search_scales(best, g);
    for (int round = 0; round < 2; round++) {
        struct fit fit = *best;
        fit.d = refit(g, best);
        if (!(fit.d > 0)) return;
        search_scales(&fit, g);
        if (!(fit.error < best->error)) return;
        *best = fit;
    }
}

DECL_ENCODE(encode_q6_k) {
    assert(k % SUPER_BLOCK_WEIGHTS == 0);
    struct block_q6_k *b = blocks;
    for (size_t i = 0; i < k; i += SUPER_BLOCK_WEIGHTS, b++) {
        struct group g;
        struct fit fit = {.s = {0}};
        int8_t q[SUPER_BLOCK_WEIGHTS];
        group_init(&g, SUPER_BLOCK_WEIGHTS, in + i, importance ? importance + i : NULL);
        fit_super_block(&fit, &g);
        find_codes(q, &g, &fit);
        *b = (struct block_q6_k){.codes = {0}};
        block_put_half(b->d, fit.d);
        memcpy(b->scales, fit.s, sizeof(fit.s));
        for (int j = 0; j < SUPER_BLOCK_WEIGHTS; j++) {
            const int code = q[j] + 32, half = j / 128, field = j / 32 % 4;
            b->codes[64 * half + field % 2 * 32 + j % 32] |= (uint8_t)((code & 15)
                                                                       << (field / 2 * 4));
            b->high[32 * half + j % 32] |= (uint8_t)(code >> 4 << (2 * field));
        }
    }
}
