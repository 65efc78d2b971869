/* SPDX-License-Identifier: MIT
 *
 * The three steps of attention over a block of keys, as they are meant: sums in f32 in the order of
 * the formulas, each operation rounded; exp and tanh in double, rounded once. Built with
 * -ffp-contract=off, so that every compiler and processor gives the same bits.
 */
#include <assert.h>

#include "base/math.h"
#include "kernels/variants.h"

void scores_ref(size_t n_keys, size_t n_queries, size_t head_dim, const float *keys,
                const float *queries, float *scores) {
    assert(n_keys <= ATTENTION_BLOCK);
    for (size_t j = 0; j < n_queries; j++)
        for (size_t i = 0; i < n_keys; i++) {
            float sum = 0;
            for (size_t d = 0; d < head_dim; d++)
                sum += keys[i * head_dim + d] * queries[j * head_dim + d];
            scores[j * ATTENTION_BLOCK + i] = sum;
        }
}

/* A NaN score is no maximum; it comes out of its exp, and so into the sum. */
float softmax_step_ref(size_t lo, size_t hi, float scale, float cap, float *scores, float *max,
                       float *sum) {
    assert(lo < hi && hi <= ATTENTION_BLOCK);
    float highest = *max;
    for (size_t i = lo; i < hi; i++) {
        scores[i] *= scale;
        if (cap > 0) scores[i] = (float)((double)cap * math_tanh((double)scores[i] / (double)cap));
        if (scores[i] > highest) highest = scores[i];
    }
    const float keep = math_expf(*max - highest);
    double added = 0;
    for (size_t i = 0; i < ATTENTION_BLOCK; i++) {
        scores[i] = i < lo || i >= hi ? 0 : math_expf(scores[i] - highest);
        added += (double)scores[i];
    }
    *sum = (float)((double)*sum * (double)keep + added);
    *max = highest;
    return keep;
}

void mix_ref(size_t n_queries, size_t head_dim, const uint8_t *lo, const uint8_t *hi,
             const float *weights, const float *keep, const float *values, float *out) {
    for (size_t j = 0; j < n_queries; j++, weights += ATTENTION_BLOCK, out += head_dim)
        for (size_t d = 0; d < head_dim; d++) {
            float sum = out[d] * keep[j];
            for (size_t i = lo[j]; i < hi[j]; i++)
                sum += weights[i] * values[i * head_dim + d];
            out[d] = sum;
        }
}
