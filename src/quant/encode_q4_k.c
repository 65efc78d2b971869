/* SPDX-License-Identifier: MIT
 *
 * From f32 to Q4_K and Q5_K: w = d s q - dmin m, with one d and dmin for 256 weights and integers
 * s, m from 0 to 63 for each 32 of them.
 *
 * Once d and dmin are chosen, a sub-block has no more than 64 x 64 pairs (s, m), and those that can
 * be good are few: s spreads the codes just over the range of the weights, m puts zero within a
 * step. They are all tried, so that rounding the scales to 6 bits costs nothing that could be
 * avoided. Then d and dmin are refitted by least squares with everything else held fast, and s and
 * m searched again near where they were, as long as it helps.
 */
#include "quant/formats.h"

#include <assert.h>
#include <float.h>
#include <stdbool.h>
#include <string.h>

#include "quant/search.h"

enum { SUBS = 8, SUB_WEIGHTS = 32, SCALE_MAX = 63 };

struct sub_block {
    const float *w, *cost; /* [SUB_WEIGHTS] */
    float lo, hi;          /* the range to cover: that of the weights, and 0 */
};

/* What d and dmin make possible. */
struct grid {
    float d, dmin;
    float top; /* the largest code */
};

struct pick {
    uint8_t s, m;
    float error;
};

struct fit {
    struct grid grid;
    struct pick subs[SUBS];
    float error;
};

/* The nearest of 0 to SCALE_MAX; NaN is 0. */
static int scale_code(float f) {
    return f >= SCALE_MAX ? SCALE_MAX : f > 0 ? (int)(f + 0.5f) : 0;
}

/* The better of `best` and a sub-block without codes: all weights are -dmin m. */
static void try_flat(struct pick *best, const struct sub_block *b, float dmin) {
    float sum = 0, cost = 0, error = 0;
    for (int i = 0; i < SUB_WEIGHTS; i++) {
        sum += b->cost[i] * b->w[i];
        cost += b->cost[i];
    }
    const int m = dmin > 0 ? scale_code(-(sum / cost) / dmin) : 0;
    for (int i = 0; i < SUB_WEIGHTS; i++) {
        const float e = b->w[i] + dmin * (float)m;
        error += b->cost[i] * (e * e);
    }
    if (error < best->error) *best = (struct pick){0, (uint8_t)m, error};
}

/* The better of `best` and s with every m that centres the codes on the weights to half a step (a
 * selection, where those are many). */
static void try_minima(struct pick *best, const struct sub_block *b, const struct grid *grid,
                       int s) {
    const float scale = grid->d * (float)s;
    const float centre = (scale * grid->top - (b->lo + b->hi)) / 2, reach = 0.6f * scale;
    const int first = grid->dmin > 0 ? scale_code((centre - reach) / grid->dmin) : 0;
    const int last = grid->dmin > 0 ? scale_code((centre + reach) / grid->dmin) : 0;
    const int step = (last - first) / LANES + 1;
    int m[LANES];
    float error[LANES];
    struct scales tries;
    for (int lane = 0; lane < LANES; lane++) {
        m[lane] = first + lane * step < last ? first + lane * step : last;
        tries.inverse[lane] = 1 / scale;
        tries.shift[lane] = grid->dmin * (float)m[lane] / scale;
    }
    scales_errors(error, &tries, SUB_WEIGHTS, b->w, b->cost, 0, grid->top);
    for (int lane = 0; lane < LANES; lane++) {
        error[lane] *= scale * scale;
        if (error[lane] < best->error)
            *best = (struct pick){(uint8_t)s, (uint8_t)m[lane], error[lane]};
    }
}

static void search_sub_block(struct pick *best, const struct sub_block *b, const struct grid *grid,
                             int first, int last) {
    best->error = FLT_MAX;
    if (first == 0 || grid->d == 0) try_flat(best, b, grid->dmin);
    for (int s = first > 0 ? first : 1; s <= last && grid->d != 0; s++)
        try_minima(best, b, grid, s);
}

/* The best s and m of every sub-block under fit->grid: all that are reasonable, or those near the
 * ones there are. */
static void search_scales(struct fit *fit, const struct sub_block subs[SUBS], bool near) {
    const struct grid *grid = &fit->grid;
    fit->error = 0;
    for (int i = 0; i < SUBS; i++) {
        const float spread = (subs[i].hi - subs[i].lo) / grid->top / grid->d; /* s, not rounded */
        int first = scale_code(0.95f * spread - 0.5f), last = scale_code(1.1f * spread + 0.5f);
        if (near) {
            const int s = fit->subs[i].s;
            first = s > 0 ? s - 1 : 0;
            last = s < SCALE_MAX ? s + 1 : SCALE_MAX;
        }
        search_sub_block(&fit->subs[i], &subs[i], grid, first, last);
        fit->error += fit->subs[i].error;
    }
}

static void find_codes(uint8_t q[SUPER_BLOCK_WEIGHTS], const struct group *g,
                       const struct fit *fit) {
    for (int i = 0; i < SUPER_BLOCK_WEIGHTS; i++) {
        const struct pick *sub = &fit->subs[i / SUB_WEIGHTS];
        const float scale = fit->grid.d * (float)sub->s;
        const float shifted = g->w[i] + fit->grid.dmin * (float)sub->m;
        q[i] = (uint8_t)(scale != 0 ? nearest_code(shifted / scale, 0, fit->grid.top) : 0);
    }
}

/* d and dmin of the least error, q, s and m staying: the normal equations of w = d (s q) - dmin m.
 * Where one of the two does nothing, the other is found alone. */
static void refit(struct grid *grid, const struct group *g, const struct fit *fit) {
    uint8_t q[SUPER_BLOCK_WEIGHTS];
    double xx = 0, xm = 0, mm = 0, wx = 0, wm = 0;
    find_codes(q, g, fit);
    for (int i = 0; i < SUPER_BLOCK_WEIGHTS; i++) {
        const struct pick *sub = &fit->subs[i / SUB_WEIGHTS];
        const double x = sub->s * q[i], m = sub->m, cost = (double)g->cost[i];
        xx += cost * x * x;
        xm += cost * x * m;
        mm += cost * m * m;
        wx += cost * x * (double)g->w[i];
        wm += cost * m * (double)g->w[i];
    }
    const double det = xx * mm - xm * xm;
    double d = (double)grid->d, dmin = (double)grid->dmin;
    if (det > 1e-6 * xx * mm) {
        d = (wx * mm - wm * xm) / det;
        dmin = (wx * xm - wm * xx) / det;
    } else if (xx > 0) {
        d = (wx + dmin * xm) / xx;
    } else if (mm > 0) {
        dmin = -wm / mm;
    }
    grid->d = d > 0 ? nearest_half((float)d) : 0;
    grid->dmin = dmin > 0 ? nearest_half((float)dmin) : 0;
}

static void fit_super_block(struct fit *best, const struct group *g, float top) {
    struct sub_block subs[SUBS];
    float spread = 0, depth = 0;
    for (int i = 0; i < SUBS; i++) {
        struct sub_block *b = &subs[i];
        *b = (struct sub_block){.w = g->w + SUB_WEIGHTS * i, .cost = g->cost + SUB_WEIGHTS * i};
        b->hi = b->w[0];
        for (int j = 0; j < SUB_WEIGHTS; j++) {
            b->lo = b->w[j] < b->lo ? b->w[j] : b->lo;
            b->hi = b->w[j] > b->hi ? b->w[j] : b->hi;
        }
        spread = b->hi - b->lo > spread ? b->hi - b->lo : spread;
        depth = -b->lo > depth ? -b->lo : depth;
    }
    /* Room for s to grow above what just covers the widest sub-block: 1.05, found by trying.
     * Weights that are all positive still want minima, up to a step, for a choice of where the
     * steps lie. */
    depth = depth > spread / top ? depth : spread / top;
    best->grid = (struct grid){half_at_least(1.05f * spread / top / SCALE_MAX),
                               half_at_least(depth / SCALE_MAX), top};
    search_scales(best, subs, false);
    for (int round = 0; round < 2; round++) {
        struct fit fit = *best;
        refit(&fit.grid, g, best);
        search_scales(&fit, subs, true);
        if (!(fit.error < best->error)) return;
        *best = fit;
    }
}

/* The reverse of q4_k_scales(). */
static void pack_scales(uint8_t packed[12], const struct pick subs[SUBS]) {
    for (int i = 0; i < 4; i++) {
        const struct pick *low = &subs[i], *high = &subs[4 + i];
        packed[i] = (uint8_t)(low->s | high->s >> 4 << 6);
        packed[4 + i] = (uint8_t)(low->m | high->m >> 4 << 6);
        packed[8 + i] = (uint8_t)((high->s & 15) | (high->m & 15) << 4);
    }
}

/* The low 4 bits of every code, two sub-blocks to 32 bytes. */
static void pack_nibbles(uint8_t packed[128], const uint8_t q[SUPER_BLOCK_WEIGHTS]) {
    for (int i = 0; i < 128; i++) {
        const uint8_t *low = q + i / 32 * 64 + i % 32;
        packed[i] = (uint8_t)((low[0] & 15) | (low[32] & 15) << 4);
    }
}

/* What Q4_K and Q5_K have in common: everything but bit 4 of the codes. */
static void encode_block(uint8_t d[2], uint8_t dmin[2], uint8_t scales[12], uint8_t nibbles[128],
                         uint8_t q[SUPER_BLOCK_WEIGHTS], const float *in, const float *importance,
                         float top) {
    struct group g;
    struct fit fit;
    group_init(&g, SUPER_BLOCK_WEIGHTS, in, importance);
    fit_super_block(&fit, &g, top);
    find_codes(q, &g, &fit);
    block_put_half(d, fit.grid.d);
    block_put_half(dmin, fit.grid.dmin);
    pack_scales(scales, fit.subs);
    pack_nibbles(nibbles, q);
}

DECL_ENCODE(encode_q4_k) {
    assert(k % SUPER_BLOCK_WEIGHTS == 0);
    struct block_q4_k *b = blocks;
    for (size_t i = 0; i < k; i += SUPER_BLOCK_WEIGHTS, b++) {
        uint8_t q[SUPER_BLOCK_WEIGHTS];
        encode_block(b->d, b->dmin, b->scales, b->codes, q, in + i,
                     importance ? importance + i : NULL, 15);
    }
}

DECL_ENCODE(encode_q5_k) {
    assert(k % SUPER_BLOCK_WEIGHTS == 0);
    struct block_q5_k *b = blocks;
    for (size_t i = 0; i < k; i += SUPER_BLOCK_WEIGHTS, b++) {
        uint8_t q[SUPER_BLOCK_WEIGHTS];
        encode_block(b->d, b->dmin, b->scales, b->codes, q, in + i,
                     importance ? importance + i : NULL, 31);
        memset(b->high, 0, sizeof(b->high));
        for (int j = 0; j < SUPER_BLOCK_WEIGHTS; j++)
            b->high[j % 32] |= (uint8_t)(q[j] >> 4 << (j / 32));
    }
}
