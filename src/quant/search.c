/* SPDX-License-Identifier: MIT
 *
 * The inner loop of the encoders. Every lane tries another scale on the same weight, so nothing is
 * summed across lanes: the compiler makes vectors of the lane loop, and the order of the additions,
 * thus every bit, is the same on every machine.
 */
#include "quant/search.h"

#include <math.h>

/* More than any block format reaches (Q6_K: 65504 * 128 * 32); sums of squares stay finite. */
#define WEIGHT_MAX 0x1p30f

void group_init(struct group *g, size_t n, const float *in, const float *importance) {
    float largest = 0;
    for (size_t i = 0; i < n; i++) {
        const float w = in[i] > WEIGHT_MAX ? WEIGHT_MAX : in[i] < -WEIGHT_MAX ? -WEIGHT_MAX : in[i];
        g->w[i] = isnan(w) ? 0 : w;
        if (importance && importance[i] > largest) largest = importance[i];
    }
    for (size_t i = 0; i < n; i++)
        g->cost[i] = importance && largest > 0 ? importance[i] / largest : 1;
}

float group_peak(size_t n, const float *w) {
    float peak = 0;
    for (size_t i = 0; i < n; i++)
        if (fabsf(w[i]) > fabsf(peak)) peak = w[i];
    return peak;
}

void scales_errors(float error[LANES], const struct scales *s, size_t n, const float *w,
                   const float *cost, float lo, float hi) {
    float sum[LANES] = {0};
    for (size_t i = 0; i < n; i++)
        for (int lane = 0; lane < LANES; lane++) {
            const float t = w[i] * s->inverse[lane] + s->shift[lane];
            const float e = nearest_code(t, lo, hi) - t;
            sum[lane] += cost[i] * (e * e);
        }
    for (int lane = 0; lane < LANES; lane++)
        error[lane] = sum[lane];
}
