/* SPDX-License-Identifier: MIT
 *
 * Sampling against its formulas: which tokens each step leaves, and how often each is drawn. Logits
 * are logarithms of probabilities here, so that survivors can be read off.
 */
#include <math.h>
#include <string.h>

#include "check.h"
#include "base/mem.h"
#include "base/random.h"
#include "sampler_make.h"

enum { N = 8, DRAWS = 20000 };

static const float probabilities[N] = {0.05f, 0.3f, 0.02f, 0.25f, 0.08f, 0.2f, 0.07f, 0.03f};

static void fill(float *logits) {
    for (size_t i = 0; i < N; i++)
        logits[i] = logf(probabilities[i]);
}

static int32_t draw(struct sampler *s, const uint32_t *mask) {
    float logits[N];
    int32_t id = -1;
    struct error err = {0};
    fill(logits);
    if (sampler_draw(s, &id, logits, mask, &err)) fail_msg("%s", err.message);
    return id;
}

/* p of a chi-square of k degrees of freedom being above x, roughly (Wilson and Hilferty 1931). */
static double chi_square_p(double x, double k) {
    const double z = (cbrt(x / k) - (1 - 2 / (9 * k))) / sqrt(2 / (9 * k));
    return 0.5 * erfc(z / sqrt(2));
}

/* Draws many times: tokens that ought to have no chance never come, the others as often as they
 * ought to. want[] need not be normalised. */
static void expect_distribution(const struct sampling *settings, const double *want) {
    struct sampler *s = open_sampler(settings, N, NULL);
    double counts[N] = {0}, total = 0, x = 0, k = -1;
    for (size_t i = 0; i < N; i++)
        total += want[i];
    for (int i = 0; i < DRAWS; i++)
        counts[draw(s, NULL)]++;
    for (size_t i = 0; i < N; i++) {
        const double expected = want[i] / total * DRAWS;
        if (want[i] == 0) {
            if (counts[i] > 0) fail_msg("token %zu was drawn %g times", i, counts[i]);
            continue;
        }
        x += (counts[i] - expected) * (counts[i] - expected) / expected;
        k++;
    }
    if (k > 0 && chi_square_p(x, k) < 1e-4) fail_msg("chi-square %g with %g degrees", x, k);
    sampler_close(s);
}

/* What is drawn from: the tokens whose bits stand in `kept`, in the model's proportions. */
static void expect_survivors(const struct sampling *settings, unsigned kept) {
    struct sampler *s = open_sampler(settings, N, NULL);
    struct token_logprob taken, left[N];
    float logits[N];
    double sum = 0;
    unsigned found = 0;
    for (size_t i = 0; i < N; i++)
        if (kept >> i & 1) sum += (double)probabilities[i];
    fill(logits);
    const size_t n = draw_and_tell(s, logits, NULL, &taken, left, N);
    for (size_t i = 0; i < n; i++) {
        found |= 1u << left[i].id;
        expect_near(exp((double)left[i].logprob), (double)probabilities[left[i].id] / sum);
    }
    if (found != kept) fail_msg("%#x is left, not %#x", found, kept);
    sampler_close(s);
}

#define BITS(a, b, c) ((1u << (a)) | (1u << (b)) | (1u << (c)))

static void nothing_on_is_the_models_own_distribution(void **state) {
    (void)state;
    const struct sampling s = plain();
    double want[N];
    for (size_t i = 0; i < N; i++)
        want[i] = (double)probabilities[i];
    expect_distribution(&s, want);
    expect_survivors(&s, 0xff);
}

static void temperature_raises_to_a_power(void **state) {
    (void)state;
    struct sampling s = plain();
    double want[N];
    for (int round = 0; round < 2; round++) {
        s.temperature = round ? 2 : 0.5f;
        for (size_t i = 0; i < N; i++)
            want[i] = pow((double)probabilities[i], 1 / (double)s.temperature);
        expect_distribution(&s, want);
    }
}

static void dynamic_temperature_follows_the_entropy(void **state) {
    (void)state;
    struct sampling s = plain();
    double h = 0, want[N];
    s.dynatemp_range = 0.5f;
    s.dynatemp_exponent = 2;
    for (size_t i = 0; i < N; i++)
        h -= (double)probabilities[i] * log((double)probabilities[i]);
    const double t = 0.5 + 1.0 * pow(h / log(N), 2);
    for (size_t i = 0; i < N; i++)
        want[i] = pow((double)probabilities[i], 1 / t);
    expect_distribution(&s, want);
}

static void cuts_leave_what_their_formula_says(void **state) {
    (void)state;
    struct sampling s = plain();
    s.top_k = 3;
    expect_survivors(&s, BITS(1, 3, 5));
    s = plain();
    s.top_p = 0.74f; /* .3 + .25 < .74 <= .3 + .25 + .2 */
    expect_survivors(&s, BITS(1, 3, 5));
    s.top_p = 0.76f;
    expect_survivors(&s, BITS(1, 3, 5) | 1u << 4);
    s.top_p = 0;
    expect_survivors(&s, 1u << 1);
    s = plain();
    s.min_p = 0.6f; /* at least .18 */
    expect_survivors(&s, BITS(1, 3, 5));
    s = plain();
    s.top_n_sigma = 0.5f; /* deviation of the logits: 0.957 */
    expect_survivors(&s, BITS(1, 3, 5));
}

/* Surprise of each: 3.00 1.20 3.91 1.39 2.53 1.61 2.66 3.51; expected: 1.80. In order of distance:
 * 5 (.19), 3 (.42), 1 (.60), 4 (.72), 6 (.86)... */
static void typical_takes_the_expected_surprise_first(void **state) {
    (void)state;
    struct sampling s = plain();
    s.typical_p = 0.4f;
    expect_survivors(&s, 1u << 5 | 1u << 3);
    s.typical_p = 0.8f;
    expect_survivors(&s, BITS(5, 3, 1) | 1u << 4);
}

static void xtc_leaves_out_the_top_choices(void **state) {
    (void)state;
    struct sampling s = plain();
    s.xtc_probability = 1;
    s.xtc_threshold = 0.19f; /* 1, 3 and 5 reach it: of them 5 stays */
    expect_survivors(&s, 0xff & ~(1u << 1 | 1u << 3));
    s.xtc_threshold = 0.26f; /* only 1: nothing is left out */
    expect_survivors(&s, 0xff);
    s.xtc_threshold = 0.19f;
    s.xtc_probability = 0.25f;
    double want[N];
    for (size_t i = 0; i < N; i++) {
        const double p = (double)probabilities[i], cut = i == 1 || i == 3 ? 0 : p / 0.45;
        want[i] = 0.75 * p + 0.25 * cut;
    }
    expect_distribution(&s, want);
}

static void min_keep_holds_for_every_cut(void **state) {
    (void)state;
    const unsigned best_four = BITS(1, 3, 5) | 1u << 4;
    struct sampling s = plain();
    s.min_keep = 4;
    s.top_k = 1;
    expect_survivors(&s, best_four);
    s.top_k = 0;
    s.top_p = 0.1f;
    expect_survivors(&s, best_four);
    s.top_p = 1;
    s.min_p = 1;
    expect_survivors(&s, best_four);
    s.min_p = 0;
    s.top_n_sigma = 0.01f;
    expect_survivors(&s, best_four);
}

static void steps_go_in_the_order_asked_for(void **state) {
    (void)state;
    struct sampling s = plain();
    s.temperature = 10; /* flattens, so that top-p then needs more */
    s.top_p = 0.74f;
    double want[N] = {0};
    want[1] = pow(0.3, 0.1), want[3] = pow(0.25, 0.1), want[5] = pow(0.2, 0.1);
    expect_distribution(&s, want);
    s.n_steps = 2;
    s.steps[0] = SAMPLING_TEMPERATURE;
    s.steps[1] = SAMPLING_TOP_P;
    want[4] = pow(0.08, 0.1), want[6] = pow(0.07, 0.1), want[0] = pow(0.05, 0.1);
    expect_distribution(&s, want);
    s.n_steps = 0; /* nothing at all */
    expect_survivors(&s, 0xff);
}

/* Only the k best are looked at where top-k comes first. That must not show: here a cut that cuts
 * nothing comes before it. */
static void what_is_not_collected_is_not_missed(void **state) {
    (void)state;
    enum { MANY = 700 };
    struct sampling quick, slow;
    struct random64 r = {9};
    sampling_init(&quick);
    quick.seed = 5;
    quick.min_keep = 6;
    slow = quick;
    slow.top_n_sigma = 1000;
    float logits[MANY], copy[MANY];
    uint32_t mask[TOKEN_MASK_WORDS(MANY)];
    for (int round = 0; round < 60; round++) {
        quick.top_k = slow.top_k = 1 + round;
        quick.temperature = slow.temperature = round % 5 ? 0.8f : 0;
        struct sampler *one = open_sampler(&quick, MANY, NULL);
        struct sampler *other = open_sampler(&slow, MANY, NULL);
        struct token_logprob left[2][MANY], taken[2];
        for (size_t i = 0; i < MANY; i++)
            copy[i] = logits[i] = (float)(random64_next(&r) % 128) / 16;
        for (size_t i = 0; i < TOKEN_MASK_WORDS(MANY); i++)
            mask[i] = (uint32_t)(random64_next(&r) & random64_next(&r));
        const uint32_t *masked = round % 2 ? mask : NULL;
        const size_t n = draw_and_tell(one, logits, masked, &taken[0], left[0], MANY);
        assert_int_equal(draw_and_tell(other, copy, masked, &taken[1], left[1], MANY), n);
        assert_int_equal(taken[0].id, taken[1].id);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(left[0][i].id, left[1][i].id);
        sampler_close(one);
        sampler_close(other);
    }
}

/* Temperature 0: no cut may take the likeliest away, no die is thrown. */
static void greedy_takes_the_likeliest(void **state) {
    (void)state;
    struct sampling s = plain();
    s.temperature = 0;
    s.dynatemp_range = 5;
    s.xtc_probability = 1;
    s.xtc_threshold = 0;
    s.typical_p = 0.1f;
    s.min_keep = 4;
    s.mirostat = 2;
    expect_survivors(&s, 1u << 1);
    s.n_steps = 0;
    expect_survivors(&s, 1u << 1);
}

/* The token loop: nothing is allocated but where the history outgrows its storage. */
static void a_draw_allocates_nothing(void **state) {
    (void)state;
    struct sampling s = plain();
    s.repeat_penalty = 1.1f;
    s.dry_multiplier = 1;
    s.top_n_sigma = 5;
    s.typical_p = 0.99f;
    s.xtc_probability = 1;
    struct sampler *sampler = open_sampler(&s, N, NULL);
    const int32_t history[] = {1, 2, 1};
    struct error err = {0};
    float logits[N];
    int32_t id;
    assert_int_equal(sampler_accept(sampler, history, 3, &err), OK);
    for (int i = 0; i < 5; i++) {
        fill(logits);
        mem_fail_after(1);
        const enum status st = sampler_draw(sampler, &id, logits, NULL, &err);
        mem_fail_after(0);
        assert_int_equal(st, OK);
    }
    sampler_close(sampler);
}

static void masks_and_biases_come_first(void **state) {
    (void)state;
    struct sampling s = plain();
    const struct logit_bias biases[] = {{1, -INFINITY}, {2, logf(10)}};
    const uint32_t mask = 1u << 2 | 1u << 4;
    s.biases = biases;
    s.n_biases = 2;
    double want[N];
    for (size_t i = 0; i < N; i++)
        want[i] = i == 1 ? 0 : i == 2 ? 0.2 : (double)probabilities[i];
    expect_distribution(&s, want);
    s.temperature = 0;
    struct sampler *sampler = open_sampler(&s, N, NULL);
    assert_int_equal(draw(sampler, NULL), 3);
    assert_int_equal(draw(sampler, &mask), 2); /* .02 x 10 > .08 */
    sampler_close(sampler);
}

/* What is left at each draw is what the bound mu says, mu moves by the surprise of what was drawn,
 * and so the mean surprise goes to tau. */
static void mirostat_holds_the_surprise(void **state) {
    (void)state;
    enum { MANY = 1000, ROUNDS = 600 };
    struct sampling s = plain();
    float logits[MANY];
    struct token_logprob taken, left[MANY];
    double sum = 0, mean = 0;
    for (int i = 0; i < MANY; i++)
        sum += 1.0 / (i + 1); /* as Zipf has words */
    s.mirostat = 2;
    s.mirostat_tau = 3;
    s.mirostat_eta = 0.2f;
    s.top_k = 2; /* left out, as all cuts are */
    double mu = 6;
    struct sampler *sampler = open_sampler(&s, MANY, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < MANY; i++)
            logits[i] = -logf((float)(i + 1));
        const size_t n = draw_and_tell(sampler, logits, NULL, &taken, left, MANY);
        const double surprise = -log2(exp((double)taken.logprob)), n_wanted = pow(2, mu) / sum;
        if (fabs((double)n - n_wanted) > 1.01) fail_msg("%zu are left, not %g", n, n_wanted);
        mu -= (double)s.mirostat_eta * (surprise - 3);
        mean += surprise / ROUNDS;
    }
    if (fabs(mean - 3) > 0.05) fail_msg("mean surprise %g", mean);
    sampler_close(sampler);
}

/* Surprise may not be higher than all there is, nor the best be cut off. */
static void mirostat_stays_within_what_there_is(void **state) {
    (void)state;
    struct sampling s = plain();
    s.mirostat = 2;
    s.mirostat_tau = 30;
    expect_survivors(&s, 0xff);
    s.mirostat_tau = 0;
    s.mirostat_eta = 1;
    expect_survivors(&s, 1u << 1);
    s.min_keep = 3;
    s.mirostat_eta = 0;
    expect_survivors(&s, BITS(1, 3, 5));
}

static void a_seed_is_a_text(void **state) {
    (void)state;
    struct sampling s = plain();
    struct sampler *one = open_sampler(&s, N, NULL), *two = open_sampler(&s, N, NULL);
    s.seed = 8;
    struct sampler *other = open_sampler(&s, N, NULL);
    int differs = 0;
    for (int i = 0; i < 100; i++) {
        const int32_t id = draw(one, NULL);
        assert_int_equal(id, draw(two, NULL));
        differs += id != draw(other, NULL);
    }
    assert_true(differs > 20);
    assert_int_equal(sampler_seed(other), 8);
    sampler_close(one);
    sampler_close(two);
    sampler_close(other);
    s.seed = SAMPLING_SEED_RANDOM;
    one = open_sampler(&s, N, NULL);
    two = open_sampler(&s, N, NULL);
    assert_true(sampler_seed(one) != sampler_seed(two));
    assert_true(sampler_seed(one) <= SAMPLING_SEED_MAX);
    sampler_close(one);
    sampler_close(two);
}

static void ties_go_to_the_lower_id(void **state) {
    (void)state;
    struct sampling s = plain();
    s.temperature = 0;
    struct sampler *sampler = open_sampler(&s, N, NULL);
    struct error err = {0};
    int32_t id;
    float logits[N] = {1, 3, 3, NAN, 3, -INFINITY, 2, 3};
    assert_int_equal(sampler_draw(sampler, &id, logits, NULL, &err), OK);
    assert_int_equal(id, 1);
    const uint32_t mask = 1u << 2 | 1u << 7;
    assert_int_equal(sampler_draw(sampler, &id, logits, &mask, &err), OK);
    assert_int_equal(id, 2);
    sampler_close(sampler);
}

static void nothing_to_draw_is_an_error(void **state) {
    (void)state;
    const struct sampling s = plain();
    struct sampler *sampler = open_sampler(&s, N, NULL);
    struct error err = {0};
    int32_t id = -1;
    float logits[N];
    const uint32_t none = 0, broken = 1u << 3;
    fill(logits);
    logits[3] = NAN;
    assert_int_equal(sampler_draw(sampler, &id, logits, &none, &err), ERR_INVALID);
    assert_int_equal(sampler_draw(sampler, &id, logits, &broken, &err), ERR_INVALID);
    logits[3] = INFINITY; /* wins, and breaks nothing */
    assert_int_equal(sampler_draw(sampler, &id, logits, NULL, &err), OK);
    assert_int_equal(id, 3);
    sampler_close(sampler);
}

static void log_probabilities_are_the_models_own_or_those_drawn_from(void **state) {
    (void)state;
    struct sampling s = plain();
    s.top_k = 2;
    struct sampler *sampler = open_sampler(&s, N, NULL);
    struct token_logprob taken, top[N];
    sampler_keep_logprobs(sampler, true);
    const int32_t id = draw(sampler, NULL);
    assert_int_equal(sampler_logprobs(sampler, false, &taken, top, 3), 3);
    assert_int_equal(top[0].id, 1);
    assert_int_equal(top[2].id, 5);
    expect_near((double)top[2].logprob, log(0.2));
    expect_near((double)taken.logprob, log((double)probabilities[id]));
    assert_int_equal(sampler_logprobs(sampler, true, &taken, top, N), 2);
    expect_near((double)top[0].logprob, log(0.3 / 0.55));
    expect_near((double)taken.logprob, log((double)probabilities[id] / 0.55));
    sampler_close(sampler);
}

/* Logits one float apart: their logarithms round to one, yet the likelier is told first, as it was
 * drawn. What may not be drawn is no likely token either. */
static void log_probabilities_keep_the_order_of_logits(void **state) {
    (void)state;
    struct sampling s = plain();
    s.temperature = 0;
    struct sampler *sampler = open_sampler(&s, N, NULL);
    struct token_logprob taken, top[N];
    float logits[N] = {-INFINITY, 0.01f, nextafterf(0.01f, 1), NAN, 30, -INFINITY, 30, 0};
    const uint32_t mask = 0x8e; /* not the two of 30, whose ids are in order */
    assert_int_equal(draw_and_tell(sampler, logits, &mask, &taken, top, N), 1);
    assert_int_equal(taken.id, 2);
    assert_true(taken.logprob == 0);
    const size_t n = sampler_logprobs(sampler, false, &taken, top, N);
    const int32_t want[] = {4, 6, 2, 1, 7};
    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(top[i].id, want[i]);
    expect_near((double)top[0].logprob, -log(2));
    expect_near((double)taken.logprob, 0.01 - 30 - log(2));
    assert_true(top[2].logprob == top[3].logprob);
    assert_int_equal(sampler_logprobs(sampler, false, &taken, top, 0), 0);
    assert_int_equal(sampler_logprobs(sampler, true, &taken, top, 0), 0);
    float infinite[N] = {1, INFINITY, 2, 3, INFINITY, 0, 0, 0};
    assert_int_equal(draw_and_tell(sampler, infinite, NULL, &taken, top, N), 1);
    assert_int_equal(sampler_logprobs(sampler, false, &taken, top, 2), 2);
    assert_int_equal(taken.id, 1);
    expect_near((double)taken.logprob, -log(2));
    expect_near((double)top[1].logprob, -log(2));
    sampler_close(sampler);
}

/* The model's own and those drawn from, over a vocabulary, against sums in long double. */
static void log_probabilities_of_a_vocabulary_add_up(void **state) {
    (void)state;
    enum { MANY = 5000 };
    struct sampling s = plain();
    struct random64 r = {13};
    float *logits = mem_alloc(MANY * sizeof(*logits)), *copy = mem_alloc(MANY * sizeof(*copy));
    struct token_logprob *top = mem_alloc(MANY * sizeof(*top)), taken;
    long double sum = 0;
    assert_true(logits && copy && top);
    for (size_t i = 0; i < MANY; i++) {
        copy[i] = logits[i] = (float)(40 * random64_double(&r) - 20);
        sum += expl((long double)logits[i]);
    }
    struct sampler *sampler = open_sampler(&s, MANY, NULL);
    draw_and_tell(sampler, copy, NULL, &taken, top, MANY);
    for (int after = 0; after < 2; after++) {
        assert_int_equal(sampler_logprobs(sampler, after, &taken, top, MANY), MANY);
        for (size_t i = 0; i < MANY; i++) {
            const double want = (double)((long double)logits[top[i].id] - logl(sum));
            if (fabs((double)top[i].logprob - want) > 2e-6) fail_msg("%zu: not %g", i, want);
        }
    }
    mem_free(logits);
    mem_free(copy);
    mem_free(top);
    sampler_close(sampler);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_on_is_the_models_own_distribution),
        cmocka_unit_test(temperature_raises_to_a_power),
        cmocka_unit_test(dynamic_temperature_follows_the_entropy),
        cmocka_unit_test(cuts_leave_what_their_formula_says),
        cmocka_unit_test(typical_takes_the_expected_surprise_first),
        cmocka_unit_test(xtc_leaves_out_the_top_choices),
        cmocka_unit_test(min_keep_holds_for_every_cut),
        cmocka_unit_test(steps_go_in_the_order_asked_for),
        cmocka_unit_test(masks_and_biases_come_first),
        cmocka_unit_test(mirostat_holds_the_surprise),
        cmocka_unit_test(a_seed_is_a_text),
        cmocka_unit_test(ties_go_to_the_lower_id),
        cmocka_unit_test(nothing_to_draw_is_an_error),
        cmocka_unit_test(log_probabilities_are_the_models_own_or_those_drawn_from),
        cmocka_unit_test(mirostat_stays_within_what_there_is),
        cmocka_unit_test(what_is_not_collected_is_not_missed),
        cmocka_unit_test(greedy_takes_the_likeliest),
        cmocka_unit_test(a_draw_allocates_nothing),
        cmocka_unit_test(log_probabilities_keep_the_order_of_logits),
        cmocka_unit_test(log_probabilities_of_a_vocabulary_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
