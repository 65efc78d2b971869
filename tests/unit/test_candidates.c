/* SPDX-License-Identifier: MIT
 *
 * The cuts against a reference that sorts everything and adds up in the plainest way: which tokens
 * are left, for vocabularies small and large, with many ties, in any order of cuts. And what the
 * candidates say of themselves, that so many of them are in order, must be true.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "base/mem.h"
#include "base/random.h"
#include "engine/candidates.h"

enum { LARGE = 3000 };

struct entry {
    int32_t id;
    double logit, p, key;
};

struct reference {
    struct entry data[LARGE];
    size_t n, min_keep;
};

static int by_logit(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    if (x->logit != y->logit) return x->logit > y->logit ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static int by_key(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return by_logit(a, b);
}

/* Sorts and sets all p. */
static void normalise(struct reference *r) {
    double sum = 0;
    qsort(r->data, r->n, sizeof(r->data[0]), by_logit);
    for (size_t i = 0; i < r->n; i++)
        sum += exp(r->data[i].logit - r->data[0].logit);
    for (size_t i = 0; i < r->n; i++)
        r->data[i].p = exp(r->data[i].logit - r->data[0].logit) / sum;
}

static void keep(struct reference *r, size_t n) {
    if (n < r->min_keep) n = r->min_keep;
    if (n < 1) n = 1;
    if (n < r->n) r->n = n;
}

/* How many of the first make up p. */
static size_t nucleus(const struct reference *r, double p) {
    double sum = 0;
    size_t n = 0;
    do
        sum += r->data[n++].p;
    while (n < r->n && sum < p);
    return n;
}

static size_t count_from(const struct reference *r, double logit) {
    size_t n = 0;
    while (n < r->n && r->data[n].logit >= logit)
        n++;
    return n;
}

static double entropy(const struct reference *r) {
    double h = 0;
    for (size_t i = 0; i < r->n; i++)
        if (r->data[i].p > 0) h -= r->data[i].p * log(r->data[i].p);
    return h;
}

static double deviation(const struct reference *r) {
    double mean = 0, square = 0;
    for (size_t i = 0; i < r->n; i++)
        mean += r->data[i].logit / (double)r->n;
    for (size_t i = 0; i < r->n; i++)
        square += (r->data[i].logit - mean) * (r->data[i].logit - mean) / (double)r->n;
    return sqrt(square);
}

static void reference_xtc(struct reference *r, double threshold) {
    size_t n = 0;
    while (n < r->n && r->data[n].p >= threshold)
        n++;
    if (n < 2 || r->n - (n - 1) < (r->min_keep < r->n ? r->min_keep : r->n)) return;
    r->n -= n - 1;
    memmove(r->data, r->data + n - 1, r->n * sizeof(r->data[0]));
}

static void reference_typical(struct reference *r, double p) {
    const double h = entropy(r);
    for (size_t i = 0; i < r->n; i++)
        r->data[i].key = fabs(-log(r->data[i].p) - h);
    qsort(r->data, r->n, sizeof(r->data[0]), by_key);
    keep(r, nucleus(r, p));
}

static void reference_temperature(struct reference *r, double t, double range, double exponent) {
    if (range > 0 && r->n > 1) {
        const double low = t > range ? t - range : 0;
        t = low + (t + range - low) * pow(entropy(r) / log((double)r->n), exponent);
    }
    if (t < 1e-6) t = 1e-6;
    const double max = r->data[0].logit;
    for (size_t i = 0; i < r->n; i++)
        r->data[i].logit = (double)(float)((r->data[i].logit - max) / t);
}

enum cut { TOP_K, TOP_N_SIGMA, TYPICAL, TOP_P, MIN_P, XTC, SURPRISE, TEMPERATURE, CUTS };

/* The same cut, of a number from 0 to 1, to both. */
static void cut_both(struct candidates *c, struct reference *r, enum cut cut, float u) {
    normalise(r);
    switch (cut) {
    case TOP_K: {
        const size_t k = 1 + (size_t)(u * (float)r->n);
        candidates_top_k(c, k);
        keep(r, k);
        break;
    }
    case TOP_N_SIGMA:
        candidates_top_n_sigma(c, 3 * u);
        keep(r, count_from(r, r->data[0].logit - (double)(3 * u) * deviation(r)));
        break;
    case TYPICAL:
        candidates_typical(c, u);
        reference_typical(r, (double)u);
        break;
    case TOP_P:
        candidates_top_p(c, u);
        keep(r, nucleus(r, (double)u));
        break;
    case MIN_P:
        candidates_min_p(c, u * u);
        keep(r, count_from(r, r->data[0].logit + log((double)(u * u))));
        break;
    case XTC:
        candidates_xtc(c, u * u / 4);
        reference_xtc(r, (double)(u * u / 4));
        break;
    case SURPRISE:
        candidates_surprise(c, (double)u * 12);
        keep(r, count_from(r, r->data[0].logit + log(pow(2, -12 * (double)u) / r->data[0].p)));
        break;
    case TEMPERATURE:
        candidates_temperature(c, 0.2f + u, u > 0.5f ? 2 * u : 0, 2 * u);
        reference_temperature(r, (double)(0.2f + u), u > 0.5f ? (double)(2 * u) : 0,
                              (double)(2 * u));
        break;
    case CUTS: assert_true(false); break;
    }
}

static bool goes_before(const struct candidate *a, const struct candidate *b) {
    return a->logit > b->logit || (a->logit == b->logit && a->id < b->id);
}

static void expect_truly_sorted(const struct candidates *c) {
    assert_true(c->n_sorted <= c->n);
    for (size_t i = 1; i < c->n_sorted; i++)
        if (c->data[i - 1].logit < c->data[i].logit) fail_msg("%zu is out of order", i);
    for (size_t i = c->n_sorted; c->n_sorted && i < c->n; i++)
        if (c->data[c->n_sorted - 1].logit < c->data[i].logit) fail_msg("%zu is better", i);
}

/* The same tokens with the same logits. Sorts both. */
static void expect_alike(struct candidates *c, struct reference *r, const char *what) {
    expect_truly_sorted(c);
    if (c->n != r->n) fail_msg("%s: %zu are left, not %zu", what, c->n, r->n);
    struct candidate *copy = mem_alloc(c->n * sizeof(*copy));
    assert_non_null(copy);
    memcpy(copy, c->data, c->n * sizeof(*copy));
    struct candidates sorted = {.data = copy, .n = c->n};
    candidates_sort(&sorted, c->n);
    normalise(r);
    for (size_t i = 0; i < c->n; i++) {
        if (i) assert_true(goes_before(&copy[i - 1], &copy[i]));
        if (copy[i].id != r->data[i].id ||
            fabs((double)copy[i].logit - r->data[i].logit) > 1e-4 + 1e-6 * fabs(r->data[i].logit))
            fail_msg("%s: token %d (%g) in place %zu, not %d (%g)", what, (int)copy[i].id,
                     (double)copy[i].logit, i, (int)r->data[i].id, r->data[i].logit);
        r->data[i].logit = (double)copy[i].logit; /* roundings do not add up */
    }
    mem_free(copy);
}

static const char *const cut_names[] = {"top_k", "top_n_sigma", "typical",  "top_p",
                                        "min_p", "xtc",         "surprise", "temperature"};

static void cuts_agree_with_a_reference(struct random64 *random, size_t n_max, int rounds) {
    struct reference *r = mem_alloc(sizeof(*r));
    float *logits = mem_alloc(LARGE * sizeof(*logits));
    struct candidates c = {.data = mem_alloc(LARGE * sizeof(*c.data))};
    assert_true(r && logits && c.data);
    for (int round = 0; round < rounds; round++) {
        const size_t n = 1 + random64_next(random) % n_max;
        const double spread = 16 * random64_double(random);
        const bool ties = round % 2;
        for (size_t i = 0; i < n; i++) {
            const double logit = spread * random64_double(random) - 9;
            logits[i] = (float)(ties ? rint(logit * 3) / 3 : logit);
            r->data[i] = (struct entry){.id = (int32_t)i, .logit = (double)logits[i]};
        }
        r->n = n;
        r->min_keep = c.min_keep = round % 3 ? 0 : random64_next(random) % 7;
        candidates_collect(&c, logits, n, NULL, n);
        for (int i = 0; i < 3; i++) {
            const enum cut cut = (enum cut)(random64_next(random) % CUTS);
            const float u = (float)random64_double(random);
            cut_both(&c, r, cut, u);
            expect_alike(&c, r, cut_names[cut]);
        }
    }
    mem_free(r);
    mem_free(logits);
    mem_free(c.data);
}

static void small_vocabularies_are_cut_alike(void **state) {
    (void)state;
    struct random64 random = {1};
    cuts_agree_with_a_reference(&random, 12, 4000);
}

/* Large enough that selections grow several times before they suffice. */
static void large_vocabularies_are_cut_alike(void **state) {
    (void)state;
    struct random64 random = {2};
    cuts_agree_with_a_reference(&random, LARGE, 40);
}

/* Collecting k of n logits, some of which may not be taken, against sorting them all. */
static void the_best_are_collected(void **state) {
    (void)state;
    enum { MOST = 200 };
    static const float odd[] = {NAN, -INFINITY, INFINITY, FLT_MAX, -FLT_MAX, -NAN};
    struct random64 random = {3};
    float logits[MOST];
    uint32_t mask[(MOST + 31) / 32];
    struct candidate found[MOST], all[MOST];
    for (int round = 0; round < 3000; round++) {
        const size_t n = 1 + random64_next(&random) % MOST, k = random64_next(&random) % (n + 3);
        const bool masked = round % 2, sparse = round % 5 == 1;
        size_t n_all = 0;
        for (size_t i = 0; i < sizeof(mask) / sizeof(mask[0]); i++)
            mask[i] = sparse && random64_next(&random) % 2 ? 0 : (uint32_t)random64_next(&random);
        for (size_t i = 0; i < n; i++) {
            const uint64_t u = random64_next(&random);
            logits[i] = u % 16 < 6 && round % 3 ? odd[u % 16] : (float)(u % 64) / 8 - 4;
            const bool allowed = !masked || mask[i >> 5] >> (i & 31) & 1;
            if (!allowed || isnan(logits[i]) || logits[i] == -INFINITY) continue;
            all[n_all++] = (struct candidate){.id = (int32_t)i, .logit = fminf(logits[i], FLT_MAX)};
        }
        struct candidates sorted = {.data = all, .n = n_all}, c = {.data = found, .n = 99};
        candidates_sort(&sorted, n_all);
        candidates_collect(&c, logits, n, masked ? mask : NULL, k);
        assert_int_equal(c.n, k < n_all ? k : n_all);
        expect_truly_sorted(&c);
        candidates_sort(&c, c.n);
        for (size_t i = 0; i < c.n; i++) {
            assert_int_equal(found[i].id, all[i].id);
            assert_true(found[i].logit == all[i].logit);
        }
    }
}

/* Sorting some, then more: the first stay where they are. */
static void sorting_goes_on_where_it_ended(void **state) {
    (void)state;
    enum { MANY = 500 };
    struct random64 random = {4};
    struct candidate data[MANY];
    for (int round = 0; round < 50; round++) {
        struct candidates c = {.data = data, .n = MANY};
        for (int32_t i = 0; i < MANY; i++)
            data[i] = (struct candidate){.id = i, .logit = (float)(random64_next(&random) % 99)};
        for (size_t k = 0; k < MANY + 90; k += random64_next(&random) % 90) {
            candidates_sort(&c, k);
            assert_true(c.n_sorted >= (k < MANY ? k : MANY));
            expect_truly_sorted(&c);
        }
        candidates_sort(&c, MANY);
        for (size_t i = 1; i < MANY; i++)
            assert_true(goes_before(&data[i - 1], &data[i]));
    }
}

/* Logits as far apart as floats go, through every cut: finite, and never nothing. */
static void extremes_stay_finite(void **state) {
    (void)state;
    static const float logits[] = {FLT_MAX, -FLT_MAX, 0, FLT_MAX, -1, 1e30f, -FLT_MAX};
    enum { N = sizeof(logits) / sizeof(logits[0]) };
    struct candidate data[N];
    struct reference *r = mem_zalloc(sizeof(*r));
    assert_non_null(r);
    for (int cut = 0; cut < CUTS; cut++)
        for (int i = 0; i <= 8; i++) {
            struct candidates c = {.data = data};
            candidates_collect(&c, logits, N, NULL, N);
            for (size_t j = 0; j < N; j++)
                r->data[j] = (struct entry){.id = (int32_t)j, .logit = (double)logits[j]};
            r->n = N;
            cut_both(&c, r, (enum cut)cut, (float)i / 8);
            assert_true(c.n >= 1 && c.n <= N);
            const double sum = candidates_weigh(&c);
            assert_true(sum >= 1 && sum <= N);
            for (size_t j = 0; j < c.n; j++) {
                assert_true(isfinite(data[j].logit));
                assert_true(data[j].weight >= 0 && data[j].weight <= 1);
            }
        }
    mem_free(r);
}

static void a_temperature_near_zero_leaves_the_likeliest(void **state) {
    (void)state;
    static const float logits[] = {1, 1.001f, -3, 1.0005f};
    static const float temperatures[] = {0, 1e-45f, 1e-30f, 1e-6f};
    for (size_t i = 0; i < sizeof(temperatures) / sizeof(temperatures[0]); i++) {
        struct candidate data[4];
        struct candidates c = {.data = data};
        candidates_collect(&c, logits, 4, NULL, 4);
        candidates_temperature(&c, temperatures[i], 0, 1);
        assert_true(candidates_weigh(&c) == 1);
        assert_true(data[1].weight == 1);
    }
}

/* Dynamic temperature at its ends: one sure token has no entropy, equal ones have all there is. */
static void entropy_leads_the_temperature(void **state) {
    (void)state;
    static const float sure[] = {900, 0, 0, 0}, equal[] = {2, 2, 2, 2};
    struct candidate data[4];
    struct candidates c = {.data = data};
    candidates_collect(&c, sure, 4, NULL, 4);
    candidates_temperature(&c, 2, 1, 1);
    assert_true(fabs((double)data[1].logit + 900) < 1e-3); /* 2 - 1 */
    candidates_collect(&c, sure, 4, NULL, 4);
    candidates_temperature(&c, 2, 1, 0);
    assert_true(fabs((double)data[1].logit + 300) < 1e-3); /* x^0 is 1: 2 + 1 */
    candidates_collect(&c, equal, 4, NULL, 4);
    candidates_temperature(&c, 2, 1, 5);
    assert_true(candidates_weigh(&c) == 4);
    candidates_collect(&c, sure, 1, NULL, 1); /* one: nothing to lead */
    candidates_temperature(&c, 2, 1, 1);
    assert_true(data[0].logit == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_vocabularies_are_cut_alike),
        cmocka_unit_test(large_vocabularies_are_cut_alike),
        cmocka_unit_test(the_best_are_collected),
        cmocka_unit_test(sorting_goes_on_where_it_ended),
        cmocka_unit_test(extremes_stay_finite),
        cmocka_unit_test(a_temperature_near_zero_leaves_the_likeliest),
        cmocka_unit_test(entropy_leads_the_temperature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
