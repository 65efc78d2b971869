/* SPDX-License-Identifier: MIT
 *
 * Decoding. Only two kinds of step exist: from a closed state (outside, or the end of a span) to
 * one that opens, and on within a span of one kind. So a step costs as many operations as there are
 * tags, not their square.
 */
#include "tagger/tags.h"

#include <math.h>

#include "base/intl.h"
#include "base/math.h"

static const double NEVER = -1e9;

struct viterbi {
    size_t n_tags, n_kinds;
    float outside;
    double *best;   /* [n_tags]: sums over thousands of units need more than a float holds */
    uint16_t *back; /* [n][n_tags] */
};

static double score_of(const struct viterbi *v, const float *scores, size_t tag) {
    return (double)scores[tag] - (tag == TAG_OUTSIDE ? (double)v->outside : 0);
}

/* The best closed state; the first of equals. */
static size_t best_closed(const struct viterbi *v) {
    size_t best = TAG_OUTSIDE;
    for (size_t k = 0; k < v->n_kinds; k++)
        for (size_t tag = 1 + 4 * k + TAG_END; tag <= 1 + 4 * k + TAG_SINGLE; tag++)
            if (v->best[tag] > v->best[best]) best = tag;
    return best;
}

static void start(struct viterbi *v, const float *scores) {
    for (size_t k = 0; k < v->n_kinds; k++) {
        double *b = v->best + 1 + 4 * k;
        b[TAG_BEGIN] = (double)scores[1 + 4 * k + TAG_BEGIN];
        b[TAG_SINGLE] = (double)scores[1 + 4 * k + TAG_SINGLE];
        b[TAG_INSIDE] = b[TAG_END] = NEVER;
    }
    v->best[TAG_OUTSIDE] = score_of(v, scores, TAG_OUTSIDE);
}

static void step(struct viterbi *v, const float *scores, uint16_t *back) {
    const size_t closed = best_closed(v);
    const double from_closed = v->best[closed];
    for (size_t k = 0; k < v->n_kinds; k++) {
        const size_t first = 1 + 4 * k;
        double *b = v->best + first;
        const bool begins = b[TAG_BEGIN] >= b[TAG_INSIDE];
        const double within = begins ? b[TAG_BEGIN] : b[TAG_INSIDE];
        const uint16_t source = (uint16_t)(first + (begins ? TAG_BEGIN : TAG_INSIDE));
        b[TAG_INSIDE] = within + (double)scores[first + TAG_INSIDE];
        b[TAG_END] = within + (double)scores[first + TAG_END];
        b[TAG_BEGIN] = from_closed + (double)scores[first + TAG_BEGIN];
        b[TAG_SINGLE] = from_closed + (double)scores[first + TAG_SINGLE];
        back[first + TAG_INSIDE] = back[first + TAG_END] = source;
        back[first + TAG_BEGIN] = back[first + TAG_SINGLE] = (uint16_t)closed;
    }
    v->best[TAG_OUTSIDE] = from_closed + score_of(v, scores, TAG_OUTSIDE);
    back[TAG_OUTSIDE] = (uint16_t)closed;
}

enum status tags_decode(uint16_t *tags, const float *scores, size_t n, size_t n_kinds,
                        float outside, struct error *err) {
    const size_t n_tags = tags_of_kinds(n_kinds);
    if (n == 0) return OK;
    struct viterbi v = {.n_tags = n_tags, .n_kinds = n_kinds, .outside = outside};
    v.best = mem_alloc(n_tags * sizeof(*v.best));
    v.back = mem_alloc(n * n_tags * sizeof(*v.back));
    const bool whole = v.best && v.back;
    if (whole) {
        start(&v, scores);
        for (size_t i = 1; i < n; i++)
            step(&v, scores + i * n_tags, v.back + i * n_tags);
        tags[n - 1] = (uint16_t)best_closed(&v);
        for (size_t i = n - 1; i > 0; i--)
            tags[i - 1] = v.back[i * n_tags + tags[i]];
    }
    mem_free(v.best);
    if (v.back) mem_wipe_free(v.back, n * n_tags * sizeof(*v.back));
    return whole ? OK : fail(err, ERR_NOMEM, _("not enough memory for the tagger"));
}

static void join_unit(float *scores, size_t n_kinds, uint64_t joined) {
    double max = (double)scores[TAG_OUTSIDE], sum = 0;
    for (size_t k = 0; k < n_kinds; k++)
        for (size_t tag = 1 + 4 * k; joined >> k & 1 && tag < 5 + 4 * k; tag++)
            if ((double)scores[tag] > max) max = (double)scores[tag];
    sum = math_exp((double)scores[TAG_OUTSIDE] - max);
    for (size_t k = 0; k < n_kinds; k++)
        for (size_t tag = 1 + 4 * k; joined >> k & 1 && tag < 5 + 4 * k; tag++) {
            sum += math_exp((double)scores[tag] - max);
            scores[tag] = (float)NEVER;
        }
    scores[TAG_OUTSIDE] = (float)(max + log(sum));
}

void tags_join(float *scores, size_t n, size_t n_kinds, uint64_t joined) {
    for (size_t i = 0; joined && i < n; i++)
        join_unit(scores + i * tags_of_kinds(n_kinds), n_kinds, joined);
}

float tags_personal(const float *scores, size_t n_tags) {
    double max = (double)scores[0], sum = 0;
    for (size_t t = 1; t < n_tags; t++)
        if ((double)scores[t] > max) max = (double)scores[t];
    for (size_t t = 0; t < n_tags; t++)
        sum += math_exp((double)scores[t] - max);
    return (float)(1 - math_exp((double)scores[TAG_OUTSIDE] - max) / sum);
}
