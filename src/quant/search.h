/* SPDX-License-Identifier: MIT
 *
 * What the encoders share: a group of weights made fit for arithmetic, and the error that each of
 * many scales would leave in it. The folder's own.
 */
#ifndef SIGILO_QUANT_SEARCH_H
#define SIGILO_QUANT_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include "quant/blocks.h"

enum { LANES = 16 }; /* scales tried at a time */

/* Some weights and what an error in each of them costs. */
struct group {
    float w[SUPER_BLOCK_WEIGHTS];
    float cost[SUPER_BLOCK_WEIGHTS];
};

/* Fills the first n of a group: NaN becomes 0, what no format can hold is brought to the edge, and
 * costs are relative to the largest (all 1 where importance is NULL or all zero). */
void group_init(struct group *g, size_t n, const float *in, const float *importance);

/* The weight of the largest magnitude, the first of several; 0 when all are. */
float group_peak(size_t n, const float *w);

/* Codes q are t = w * inverse + shift, rounded to the nearest integer from lo to hi. */
struct scales {
    float inverse[LANES], shift[LANES];
};

/* error[lane] = sum of cost (q - t)^2 over n weights; in weights it is the scale's square of that.
 */
void scales_errors(float error[LANES], const struct scales *s, size_t n, const float *w,
                   const float *cost, float lo, float hi);

static inline float nearest_code(float t, float lo, float hi) {
    t = t < lo ? lo : t;
    t = t > hi ? hi : t;
    /* 1.5 * 2^23 leaves no bits for a fraction: the sum is rounded to the nearest, ties to even */
    return (t + 0x1.8p23f) - 0x1.8p23f;
}

/* The nearest half that is finite. */
static inline float nearest_half(float f) {
    f = f > 65504.0f ? 65504.0f : f < -65504.0f ? -65504.0f : f;
    return half_decode(half_encode(f));
}

/* The smallest half that is not below f (f >= 0), or the largest there is. */
static inline float half_at_least(float f) {
    const float near = nearest_half(f);
    return near >= f || near == 65504.0f ? near : half_decode((uint16_t)(half_encode(near) + 1));
}

static inline void block_put_half(uint8_t bytes[2], float f) {
    block_put_u16(bytes, half_encode(f));
}

#endif
