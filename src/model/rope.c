/* SPDX-License-Identifier: MIT
 *
 * Rotary position embedding.
 */
#include "model/rope.h"

#include <assert.h>
#include <math.h>

#include "base/intl.h"
#include "base/mem.h"

enum status rope_init(struct rope *r, const struct hparams *h, enum rope_pairs pairs,
                      const float *factors, struct error *err) {
    *r = (struct rope){.pairs = pairs, .n_pairs = h->rope_dim / 2, .magnitude = h->rope_magnitude};
    r->inverse_frequency = mem_alloc(r->n_pairs * sizeof(*r->inverse_frequency));
    if (!r->inverse_frequency) return fail(err, ERR_NOMEM, _("not enough memory for RoPE"));
    for (size_t j = 0; j < r->n_pairs; j++) {
        const double factor = factors ? (double)factors[j] : 1.0;
        assert(factor > 0);
        const double exponent = -2.0 * (double)j / (double)h->rope_dim;
        r->inverse_frequency[j] = h->rope_scale * pow(h->rope_base, exponent) / factor;
    }
    return OK;
}

void rope_release(struct rope *r) {
    mem_free(r->inverse_frequency);
    *r = (struct rope){0};
}

void rope_turns(const struct rope *r, size_t position, float *turns) {
    for (size_t j = 0; j < r->n_pairs; j++) {
        const double angle = (double)position * r->inverse_frequency[j];
        turns[2 * j] = (float)(cos(angle) * r->magnitude);
        turns[2 * j + 1] = (float)(sin(angle) * r->magnitude);
    }
}

static void turn(float *a, float *b, const float *cos_sin) {
    const float x = *a, y = *b;
    *a = x * cos_sin[0] - y * cos_sin[1];
    *b = x * cos_sin[1] + y * cos_sin[0];
}

void rope_rotate(const struct rope *r, const float *turns, size_t n_heads, size_t head_dim,
                 float *heads) {
    for (size_t h = 0; h < n_heads; h++, heads += head_dim) {
        if (r->pairs == ROPE_NEIGHBOURS)
            for (size_t j = 0; j < r->n_pairs; j++)
                turn(heads + 2 * j, heads + 2 * j + 1, turns + 2 * j);
        else
            for (size_t j = 0; j < r->n_pairs; j++)
                turn(heads + j, heads + r->n_pairs + j, turns + 2 * j);
    }
}
