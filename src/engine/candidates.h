/* SPDX-License-Identifier: MIT
 *
 * The tokens that may still be drawn, and the cuts: each takes candidates away, none changes what
 * the others weigh. Formulas and sources: docs/sampling.md. Nothing here allocates.
 */
#ifndef SIGILO_ENGINE_CANDIDATES_H
#define SIGILO_ENGINE_CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct candidate {
    int32_t id;
    float logit;   /* finite */
    double weight; /* set by candidates_weigh: e^(logit - the largest), not divided by the sum */
};

struct candidates {
    struct candidate *data; /* [n] */
    size_t n;
    size_t n_sorted; /* so many of the first are the best, in order */
    size_t min_keep; /* every cut leaves at least so many (and one) */
};

/* The float nearest to a logit: what lies beyond becomes the largest one. */
float bounded_logit(double logit);

/* Fills with those of logits[0, n) that `mask` allows (NULL: all) and that are numbers above
 * -infinity. Only the k best are wanted: data has room for k, or for n where that is fewer. */
void candidates_collect(struct candidates *c, const float *logits, size_t n, const uint32_t *mask,
                        size_t k);

/* Brings the k best to the front, in order: the larger logit first, of equal ones the lower id. k
 * is cut to n. */
void candidates_sort(struct candidates *c, size_t k);

/* Sets all weights; returns their sum, at least 1. */
double candidates_weigh(struct candidates *c);

/* n is at least 1 before and after. `p`, `sigma`, `k` mean what their setting says; "off" values
 * are the caller's matter. */
void candidates_top_n_sigma(struct candidates *c, float sigma);
void candidates_top_k(struct candidates *c, size_t k);
void candidates_typical(struct candidates *c, float p); /* leaves the most typical first */
void candidates_top_p(struct candidates *c, float p);
void candidates_min_p(struct candidates *c, float p);
void candidates_xtc(struct candidates *c, float threshold);

/* Keeps those that surprise by at most so many bits, the first cut of mirostat. */
void candidates_surprise(struct candidates *c, double bits);

/* Divides the logits; `range` above 0: by a temperature that follows the entropy. */
void candidates_temperature(struct candidates *c, float temperature, float range, float exponent);

#endif
