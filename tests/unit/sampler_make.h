/* SPDX-License-Identifier: MIT
 *
 * For tests of sampling: settings with everything off, samplers, and draws that say what was left.
 */
#ifndef SIGILO_TESTS_UNIT_SAMPLER_MAKE_H
#define SIGILO_TESTS_UNIT_SAMPLER_MAKE_H

#include <math.h>

#include "check.h"
#include "engine/sampler.h"

/* Everything off: each token has its own probability. */
static inline struct sampling plain(void) {
    struct sampling s;
    sampling_init(&s);
    s.seed = 7;
    s.temperature = 1;
    s.top_k = 0;
    s.top_p = 1;
    s.min_p = 0;
    return s;
}

static inline struct sampler *open_sampler(const struct sampling *s, size_t n,
                                           const struct tokenizer *t) {
    struct sampler *out = NULL;
    struct error err = {0};
    if (sampler_open(&out, s, n, t, &err)) fail_msg("%s", err.message);
    return out;
}

/* Draws from logits [n], which change, and writes what it drew from, best first, to left [n].
 * Returns how many. */
static inline size_t draw_and_tell(struct sampler *s, float *logits, const uint32_t *mask,
                                   struct token_logprob *taken, struct token_logprob *left,
                                   size_t n) {
    struct error err = {0};
    int32_t id = -1;
    sampler_keep_logprobs(s, true);
    if (sampler_draw(s, &id, logits, mask, &err)) fail_msg("%s", err.message);
    n = sampler_logprobs(s, true, taken, left, n);
    assert_int_equal(taken->id, id);
    return n;
}

static inline void expect_near(double got, double want) {
    if (!(fabs(got - want) < 1e-4)) fail_msg("%g, not %g", got, want);
}

#endif
