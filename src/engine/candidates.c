/* SPDX-License-Identifier: MIT
 *
 * Cuts. A vocabulary has up to 256,000 tokens and an answer is drawn from a few dozen, so nothing
 * is sorted whole unless the cut leaves nearly all: the k best are kept in a heap while the others
 * go by, and where k is not known beforehand it grows until it suffices.
 */
#include "engine/candidates.h"

#include <float.h>
#include <math.h>

#include "base/math.h"

enum { BLOCK = 32 }; /* tokens of one word of a mask */

typedef bool before_fn(const struct candidate *a, const struct candidate *b);

static bool likelier(const struct candidate *a, const struct candidate *b) {
    return a->logit > b->logit || (a->logit == b->logit && a->id < b->id);
}

/* While typical sorts, `weight` holds how far a token's surprise is from the expected one. */
static bool more_typical(const struct candidate *a, const struct candidate *b) {
    return a->weight < b->weight || (a->weight == b->weight && likelier(a, b));
}

float bounded_logit(double logit) {
    if (logit > (double)FLT_MAX) return FLT_MAX;
    return logit < -(double)FLT_MAX ? -FLT_MAX : (float)logit;
}

static void swap(struct candidate *a, struct candidate *b) {
    const struct candidate t = *a;
    *a = *b;
    *b = t;
}

/* heap[0, k) has the worst at its top: entry i has moved there and sinks to its place. */
static inline void sink(struct candidate *heap, size_t k, size_t i, before_fn *before) {
    for (;;) {
        size_t worst = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < k; child++)
            if (before(&heap[worst], &heap[child])) worst = child;
        if (worst == i) return;
        swap(&heap[i], &heap[worst]);
        i = worst;
    }
}

static inline void make_heap(struct candidate *heap, size_t k, before_fn *before) {
    for (size_t i = k / 2; i-- > 0;)
        sink(heap, k, i, before);
}

/* A heap in order, the best first: the worst goes to the end, again and again. */
static inline void sort_heap(struct candidate *heap, size_t k, before_fn *before) {
    while (k > 1) {
        swap(&heap[0], &heap[--k]);
        sink(heap, k, 0, before);
    }
}

/* Brings the k best of data[0, n) to the front, in order. */
static inline void select_best(struct candidate *data, size_t n, size_t k, before_fn *before) {
    make_heap(data, k, before);
    for (size_t i = k; i < n; i++)
        if (before(&data[i], &data[0])) {
            swap(&data[i], &data[0]);
            sink(data, k, 0, before);
        }
    sort_heap(data, k, before);
}

void candidates_sort(struct candidates *c, size_t k) {
    if (k > c->n) k = c->n;
    if (k <= c->n_sorted) return;
    select_best(c->data + c->n_sorted, c->n - c->n_sorted, k - c->n_sorted, likelier);
    c->n_sorted = k;
}

/* No branch in it: most blocks of a vocabulary have nothing above. */
static bool any_above(const float *logits, float bound) {
    int found = 0;
    for (size_t i = 0; i < BLOCK; i++)
        found |= logits[i] > bound; /* NaN is not */
    return found;
}

/* Ids come in ascending order, so that of equal logits the one that is held stays. */
static void offer(struct candidates *c, size_t k, size_t id, float logit) {
    if (!(logit > -INFINITY)) return; /* nor is NaN */
    const struct candidate fresh = {.id = (int32_t)id, .logit = logit > FLT_MAX ? FLT_MAX : logit};
    if (c->n < k) {
        c->data[c->n++] = fresh;
        if (c->n == k) make_heap(c->data, k, likelier);
    } else if (fresh.logit > c->data[0].logit) {
        c->data[0] = fresh;
        sink(c->data, k, 0, likelier);
    }
}

void candidates_collect(struct candidates *c, const float *logits, size_t n, const uint32_t *mask,
                        size_t k) {
    c->n = c->n_sorted = 0;
    if (k >= n) k = SIZE_MAX; /* never full: no heap is made */
    for (size_t first = 0; first < n && k > 0; first += BLOCK) {
        const uint32_t allowed = mask ? mask[first / BLOCK] : UINT32_MAX;
        const size_t end = n - first < BLOCK ? n : first + BLOCK;
        const float bound = c->n == k ? c->data[0].logit : -INFINITY;
        if (!allowed || (end == first + BLOCK && !any_above(logits + first, bound))) continue;
        for (size_t id = first; id < end; id++)
            if (allowed >> (id - first) & 1) offer(c, k, id, logits[id]);
    }
    if (c->n < k) return;
    sort_heap(c->data, k, likelier);
    c->n_sorted = k;
}

static float largest(const struct candidates *c) {
    float max = c->data[0].logit;
    for (size_t i = 1; i < c->n && !c->n_sorted; i++)
        if (c->data[i].logit > max) max = c->data[i].logit;
    return max;
}

double candidates_weigh(struct candidates *c) {
    const double max = (double)largest(c);
    double sum = 0;
    for (size_t i = 0; i < c->n; i++) {
        c->data[i].weight = math_exp((double)c->data[i].logit - max);
        sum += c->data[i].weight;
    }
    return sum;
}

/* How many are left when `wanted` would be. */
static size_t at_least(const struct candidates *c, size_t wanted) {
    if (wanted < c->min_keep) wanted = c->min_keep;
    if (wanted < 1) wanted = 1;
    return wanted < c->n ? wanted : c->n;
}

void candidates_top_k(struct candidates *c, size_t k) {
    k = at_least(c, k);
    candidates_sort(c, k);
    c->n = k;
    if (c->n_sorted > k) c->n_sorted = k;
}

/* Keeps those with a logit of at least `bound`, in the order they are in. Where that would be too
 * few, the best. */
static void keep_above(struct candidates *c, double bound) {
    size_t n = 0, n_sorted = 0;
    for (size_t i = 0; i < c->n; i++)
        if ((double)c->data[i].logit >= bound) n++;
    if (at_least(c, n) > n) {
        candidates_top_k(c, n);
        return;
    }
    n = 0;
    for (size_t i = 0; i < c->n; i++) {
        if ((double)c->data[i].logit < bound) continue;
        if (i < c->n_sorted) n_sorted++;
        c->data[n++] = c->data[i];
    }
    c->n = n;
    c->n_sorted = n_sorted;
}

void candidates_top_n_sigma(struct candidates *c, float sigma) {
    double mean = 0, square = 0;
    for (size_t i = 0; i < c->n; i++)
        mean += (double)c->data[i].logit;
    mean /= (double)c->n;
    for (size_t i = 0; i < c->n; i++) {
        const double d = (double)c->data[i].logit - mean;
        square += d * d;
    }
    const double deviation = sqrt(square / (double)c->n);
    keep_above(c, (double)largest(c) - (double)sigma * deviation);
}

void candidates_min_p(struct candidates *c, float p) {
    keep_above(c, (double)largest(c) + math_log((double)p));
}

void candidates_surprise(struct candidates *c, double bits) {
    static const double ln2 = 0x1.62e42fefa39efp-1;
    keep_above(c, (double)largest(c) + math_log(candidates_weigh(c)) - bits * ln2);
}

/* The next size of a selection that has turned out too small. */
static size_t grown(size_t n_selected) {
    return n_selected ? 4 * n_selected : 64;
}

void candidates_top_p(struct candidates *c, float p) {
    const double wanted = (double)p * candidates_weigh(c);
    double sum = 0;
    size_t n = 0;
    while (n < c->n && (n == 0 || sum < wanted)) {
        if (n == c->n_sorted) candidates_sort(c, grown(n));
        sum += c->data[n++].weight;
    }
    candidates_top_k(c, n);
}

/* In nats, of weights that make up `sum`: of log p = logit - max - log sum, the mean. */
static double entropy(const struct candidates *c, double sum) {
    const double max = (double)largest(c);
    double mean = 0;
    for (size_t i = 0; i < c->n; i++)
        mean += c->data[i].weight * ((double)c->data[i].logit - max);
    return math_log(sum) - mean / sum;
}

void candidates_typical(struct candidates *c, float p) {
    const double total = candidates_weigh(c), h = entropy(c, total);
    const double log_total = (double)largest(c) + math_log(total);
    double sum = 0;
    size_t n = 0, selected = 0;
    for (size_t i = 0; i < c->n; i++)
        c->data[i].weight = fabs(log_total - (double)c->data[i].logit - h);
    while (n < c->n && (n < at_least(c, 1) || sum < (double)p)) {
        if (n == selected) {
            selected = grown(n) < c->n ? grown(n) : c->n;
            select_best(c->data + n, c->n - n, selected - n, more_typical);
        }
        sum += math_exp((double)c->data[n++].logit - log_total);
    }
    c->n = n;
    c->n_sorted = 0;
}

/* Those above the threshold all go, but for the least likely of them. */
void candidates_xtc(struct candidates *c, float threshold) {
    const double bound = (double)threshold * candidates_weigh(c);
    const struct candidate *least = NULL;
    size_t n_above = 0, n = 0, n_sorted = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (c->data[i].weight < bound) continue;
        if (!least || likelier(least, &c->data[i])) least = &c->data[i];
        n_above++;
    }
    if (n_above < 2 || c->n - (n_above - 1) < at_least(c, 1)) return;
    const int32_t stays = least->id;
    for (size_t i = 0; i < c->n; i++) {
        if (c->data[i].weight >= bound && c->data[i].id != stays) continue;
        if (i < c->n_sorted) n_sorted++;
        c->data[n++] = c->data[i];
    }
    c->n = n;
    c->n_sorted = n_sorted;
}

void candidates_temperature(struct candidates *c, float temperature, float range, float exponent) {
    double t = (double)temperature;
    if (range > 0 && c->n > 1) {
        const double low = fmax(0, t - (double)range), high = t + (double)range;
        const double share = entropy(c, candidates_weigh(c)) / math_log((double)c->n);
        if (exponent == 0 || share >= 1)
            t = high;
        else
            t = low + (high - low) * math_exp((double)exponent * math_log(fmax(0, share)));
    }
    if (t < 1e-6) t = 1e-6; /* all but the likeliest then weigh nothing */
    const double max = (double)largest(c);
    for (size_t i = 0; i < c->n; i++) /* from the largest down: no overflow */
        c->data[i].logit = bounded_logit(((double)c->data[i].logit - max) / t);
}
