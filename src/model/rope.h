/* SPDX-License-Identifier: MIT
 *
 * Rotary position embedding (Su et al., arXiv:2104.09864): pair j of a head turns by the angle
 * position * inverse_frequency[j].
 *
 * Angles are taken in double: in f32, position 8000 is off by a thousandth of a radian in the fast
 * pairs. They are computed once a token and serve every layer and head.
 */
#ifndef SIGILO_MODEL_ROPE_H
#define SIGILO_MODEL_ROPE_H

#include <stddef.h>

#include "model/hparams.h"

enum rope_pairs {
    ROPE_NEIGHBOURS, /* elements 2j and 2j + 1 */
    ROPE_HALVES,     /* elements j and j + rope_dim / 2 */
};

struct rope {
    enum rope_pairs pairs;
    size_t n_pairs;            /* rope_dim / 2 */
    double *inverse_frequency; /* [n_pairs]: scale * base^(-2j / rope_dim) / factor[j] */
    double magnitude;
};

/* `factors` [rope_dim / 2], all positive, or NULL: all 1. ERR_NOMEM. */
enum status rope_init(struct rope *r, const struct hparams *h, enum rope_pairs pairs,
                      const float *factors, struct error *err);
void rope_release(struct rope *r);

/* turns [n_pairs][2]: cosine and sine, times the magnitude, at `position`. */
void rope_turns(const struct rope *r, size_t position, float *turns);

/* Turns n_heads heads of head_dim elements, one after the other, in place. */
void rope_rotate(const struct rope *r, const float *turns, size_t n_heads, size_t head_dim,
                 float *heads);

#endif
