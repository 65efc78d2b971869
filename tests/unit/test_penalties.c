/* SPDX-License-Identifier: MIT
 *
 * What the history takes off the logits: repetition, presence and frequency against their formulas,
 * DRY against a search of all pairs of places, with its breakers found in the text itself.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "sampler_make.h"
#include "vocab_make.h"

enum { N = 8, VOCAB_MAX = 400 };

static void accept(struct sampler *s, const int32_t *ids, size_t n) {
    struct error err = {0};
    if (sampler_accept(s, ids, n, &err)) fail_msg("%s", err.message);
}

/* Every logit after a history of n tokens, as far as it can be told: less that of token 0. */
static void logits_after(const struct sampling *settings, const struct tokenizer *t, size_t n_vocab,
                         const int32_t *history, size_t n, const float *logits, double *out) {
    struct sampler *s = open_sampler(settings, n_vocab, t);
    float copy[VOCAB_MAX];
    struct token_logprob taken, left[VOCAB_MAX];
    double of_zero = NAN;
    accept(s, history, n);
    memcpy(copy, logits, n_vocab * sizeof(*copy));
    assert_int_equal(draw_and_tell(s, copy, NULL, &taken, left, n_vocab), n_vocab);
    for (size_t i = 0; i < n_vocab; i++) {
        if (i) assert_true(left[i - 1].logprob >= left[i].logprob);
        if (left[i].id == 0) of_zero = (double)left[i].logprob;
    }
    for (size_t i = 0; i < n_vocab; i++)
        out[left[i].id] = (double)left[i].logprob - of_zero;
    sampler_close(s);
}

/* --- repetition, presence, frequency --- */

static void penalties_subtract_what_they_say(void **state) {
    (void)state;
    static const float logits[N] = {0, 2, -1, 1, 0.5f, -0.5f, 0, 3};
    static const int32_t history[] = {3, 3, 3, 1, 5, 1, 6}; /* 1 twice, 5 and 6 once */
    struct sampling s = plain();
    double got[N];
    s.repeat_last_n = 4;
    s.repeat_penalty = 1.5f;
    s.presence_penalty = 0.25f;
    s.frequency_penalty = 0.5f;
    const double want[N] = {0,   2 / 1.5 - 2 * 0.5 - 0.25, -1,          1,
                            0.5, -0.5 * 1.5 - 0.5 - 0.25,  -0.5 - 0.25, 3};
    logits_after(&s, NULL, N, history, 7, logits, got);
    for (size_t i = 0; i < N; i++)
        expect_near(got[i], want[i]);
    s.repeat_last_n = -1; /* all */
    logits_after(&s, NULL, N, history, 7, logits, got);
    expect_near(got[3], 1 / 1.5 - 3 * 0.5 - 0.25);
    s.repeat_last_n = 0; /* none */
    logits_after(&s, NULL, N, history, 7, logits, got);
    for (size_t i = 0; i < N; i++)
        expect_near(got[i], (double)logits[i]);
}

static void each_penalty_acts_alone(void **state) {
    (void)state;
    static const float logits[N] = {0, 2, -1, 1, 0.5f, -2, 0, 3};
    static const int32_t history[] = {2, 7, 2};
    double got[N];
    for (int which = 0; which < 3; which++) {
        struct sampling s = plain();
        if (which == 0) s.repeat_penalty = 2;
        if (which == 1) s.presence_penalty = -0.5f; /* below 0: wanted again */
        if (which == 2) s.frequency_penalty = 1;
        logits_after(&s, NULL, N, history, 3, logits, got);
        expect_near(got[1], 2);
        expect_near(got[2], which == 0 ? -2 : which == 1 ? -0.5 : -3);
        expect_near(got[7], which == 0 ? 1.5 : which == 1 ? 3.5 : 2);
    }
}

/* Tokens that are none (of another vocabulary, or broken) are no matter; a history that grows one
 * by one is the same as one given whole. */
static void a_history_is_a_history(void **state) {
    (void)state;
    static const float logits[N] = {0, 1, 1, 1, 1, 1, 1, 1};
    static const int32_t history[] = {-1, 3, INT32_MAX, 3, N, INT32_MIN, 5};
    struct sampling s = plain();
    double got[N];
    s.frequency_penalty = 0.5f;
    s.dry_multiplier = 1;
    s.repeat_last_n = s.dry_last_n = -1;
    logits_after(&s, NULL, N, history, 7, logits, got);
    expect_near(got[3], 0);
    expect_near(got[5], 0.5);
    struct sampler *one_by_one = open_sampler(&s, N, NULL);
    struct token_logprob taken, left[N];
    float copy[N];
    for (size_t i = 0; i < 7; i++) {
        memcpy(copy, logits, sizeof(copy));
        draw_and_tell(one_by_one, copy, NULL, &taken, left, N);
        accept(one_by_one, &history[i], 1);
    }
    memcpy(copy, logits, sizeof(copy));
    draw_and_tell(one_by_one, copy, NULL, &taken, left, N);
    static const int32_t order[N] = {1, 2, 4, 6, 7, 5, 0, 3};
    for (size_t i = 0; i < N; i++)
        assert_int_equal(left[i].id, order[i]);
    expect_near((double)(left[0].logprob - left[5].logprob), 0.5);
    expect_near((double)(left[0].logprob - left[7].logprob), 1);
    sampler_close(one_by_one);
}

/* Penalties that come after a cut change the order of what it left, for the cuts that follow. */
static void penalties_may_come_later(void **state) {
    (void)state;
    static const int32_t history[] = {7, 7, 1, 7, 7};
    for (int dry = 0; dry < 2; dry++) {
        struct sampling s = plain();
        s.steps[0] = SAMPLING_TOP_K;
        s.steps[1] = dry ? SAMPLING_DRY : SAMPLING_PENALTIES;
        s.steps[2] = SAMPLING_TOP_P;
        s.n_steps = 3;
        s.top_k = 4;
        s.top_p = 0;
        s.frequency_penalty = 10;
        s.dry_multiplier = 10;
        s.dry_allowed_length = 1;
        struct sampler *sampler = open_sampler(&s, N, NULL);
        float logits[N] = {0, 2, 0, 0, 1, 0.5f, 0, 3};
        struct token_logprob taken, left[N];
        accept(sampler, history, 5);
        assert_int_equal(draw_and_tell(sampler, logits, NULL, &taken, left, N), 1);
        assert_int_equal(taken.id, 4); /* 7 and 1 were likelier */
        sampler_close(sampler);
    }
}

/* The likeliest is what it is after the penalties, and alone, whatever is to be kept of a cut. */
static void greedy_draws_are_penalised(void **state) {
    (void)state;
    static const int32_t history[] = {7};
    struct sampling s = plain();
    s.temperature = 0;
    s.presence_penalty = 2;
    s.min_keep = 3;
    struct sampler *sampler = open_sampler(&s, N, NULL);
    float logits[N] = {0, 2, 0, 0, 1, 0.5f, 0, 3};
    struct token_logprob taken, left[N];
    accept(sampler, history, 1);
    assert_int_equal(draw_and_tell(sampler, logits, NULL, &taken, left, N), 1);
    assert_int_equal(taken.id, 1);
    assert_true(taken.logprob == 0);
    sampler_close(sampler);
}

/* However large, what comes out is a distribution. */
static void extremes_stay_a_distribution(void **state) {
    (void)state;
    static const float logits[] = {FLT_MAX, 1e38f, -1e38f, -FLT_MAX, 0, INFINITY};
    static const int32_t history[] = {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1};
    enum { MOST = 6 };
    for (int round = 0; round < 4; round++) {
        struct sampling s = plain();
        s.repeat_penalty = round % 2 ? 0.01f : 100;
        s.frequency_penalty = round / 2 ? 100 : -100;
        s.dry_multiplier = 1000;
        s.dry_base = 1000;
        struct sampler *sampler = open_sampler(&s, MOST, NULL);
        struct token_logprob taken, left[MOST];
        float copy[MOST];
        double sum = 0;
        memcpy(copy, logits, sizeof(copy));
        accept(sampler, history, 14);
        const size_t n = draw_and_tell(sampler, copy, NULL, &taken, left, MOST);
        assert_int_equal(n, MOST);
        for (size_t i = 0; i < n; i++)
            sum += exp((double)left[i].logprob);
        expect_near(sum, 1);
        assert_true(taken.logprob > -50);
        sampler_close(sampler);
    }
}

/* --- DRY --- */

static struct sampling dry_settings(void) {
    struct sampling s = plain();
    s.dry_multiplier = 0.5f;
    s.dry_base = 2;
    s.dry_allowed_length = 2;
    s.dry_last_n = -1;
    s.n_dry_breakers = 0;
    return s;
}

/* What a token lost after a history: all logits were equal, and token 0 loses nothing. */
static double dry_lost(const struct sampling *s, const struct tokenizer *t, size_t n_vocab,
                       const int32_t *history, size_t n, int32_t of) {
    static const float equal[VOCAB_MAX];
    double got[VOCAB_MAX];
    logits_after(s, t, n_vocab, history, n, equal, got);
    return -got[of];
}

static void dry_grows_with_the_sequence_repeated(void **state) {
    (void)state;
    struct sampling s = dry_settings();
    const int32_t one[] = {1, 2, 3, 4, 6, 1, 2, 3}; /* 4 would make it four */
    const int32_t twice[] = {2, 3, 5, 6, 1, 2, 3, 4, 6, 1, 2, 3};
    expect_near(dry_lost(&s, NULL, N, one, 8, 4), 0.5 * 2);
    expect_near(dry_lost(&s, NULL, N, one, 8, 6), 0);
    expect_near(dry_lost(&s, NULL, N, one, 7, 3), 0.5); /* 1 2, the least that counts */
    expect_near(dry_lost(&s, NULL, N, one, 6, 2), 0);   /* 1 alone is too short */
    expect_near(dry_lost(&s, NULL, N, twice, 12, 5), 0.5);
    expect_near(dry_lost(&s, NULL, N, twice, 12, 4), 0.5 * 4); /* 6 1 2 3... behind 6 too */
    s.dry_last_n = 6;                                          /* the first 1 2 3 is out of sight */
    expect_near(dry_lost(&s, NULL, N, one, 8, 4), 0);
    s.dry_last_n = 0;
    expect_near(dry_lost(&s, NULL, N, twice, 12, 4), 0);
    const int32_t same[] = {5, 5, 5, 5};
    s = dry_settings();
    expect_near(dry_lost(&s, NULL, N, same, 4, 5), 0.5 * 2);
    s.dry_base = 1.75f;
    s.dry_multiplier = 0.8f;
    s.dry_allowed_length = 1;
    expect_near(dry_lost(&s, NULL, N, same, 4, 5), 0.8 * 1.75 * 1.75);
    s.dry_base = 0.9f; /* below 1 it would reward: off */
    expect_near(dry_lost(&s, NULL, N, same, 4, 5), 0);
}

/* What a draw found is forgotten by the next: there the history goes on another way. */
static void dry_looks_anew_at_every_draw(void **state) {
    (void)state;
    const struct sampling s = dry_settings();
    struct sampler *sampler = open_sampler(&s, N, NULL);
    const int32_t history[] = {1, 2, 3, 4, 1, 2, 3}, other[] = {6};
    struct token_logprob taken, left[N];
    float logits[N] = {0};
    accept(sampler, history, 7);
    draw_and_tell(sampler, logits, NULL, &taken, left, N);
    assert_int_equal(left[N - 1].id, 4);
    expect_near((double)(left[0].logprob - left[N - 1].logprob), 0.5 * 2);
    accept(sampler, other, 1); /* nothing ends in 6 */
    memset(logits, 0, sizeof(logits));
    draw_and_tell(sampler, logits, NULL, &taken, left, N);
    assert_true(left[0].logprob == left[N - 1].logprob);
    accept(sampler, history, 2); /* 1 2, before 3 twice: the least that counts */
    memset(logits, 0, sizeof(logits));
    draw_and_tell(sampler, logits, NULL, &taken, left, N);
    assert_int_equal(left[N - 1].id, 3);
    expect_near((double)(left[0].logprob - left[N - 1].logprob), 0.5);
    assert_true(left[0].logprob == left[N - 2].logprob);
    sampler_close(sampler);
}

/* A history of one token over and over: the longest repeats there can be, and all of them. */
static void dry_stands_a_long_history(void **state) {
    (void)state;
    enum { LONG = 200000 };
    const struct sampling s = dry_settings();
    int32_t *same = mem_alloc(LONG * sizeof(*same));
    assert_non_null(same);
    for (size_t i = 0; i < LONG; i++)
        same[i] = 5;
    struct sampler *sampler = open_sampler(&s, N, NULL);
    float logits[N] = {0};
    struct token_logprob taken, left[N];
    accept(sampler, same, LONG);
    draw_and_tell(sampler, logits, NULL, &taken, left, N);
    assert_int_equal(left[N - 1].id, 5);
    assert_true(left[N - 1].logprob < -1e29f && left[N - 1].logprob > -INFINITY);
    mem_free(same);
    sampler_close(sampler);
}

/* Which tokens of a text does a breaker end in? Looked for in the text put together. */
static void find_breaks(const struct tokenizer *t, const struct sampling *s, const int32_t *ids,
                        size_t n, bool *breaks) {
    char text[4096];
    size_t n_text = 0;
    for (size_t i = 0; i < n; i++) {
        const struct bytes own = tokenizer_bytes(t, ids[i]);
        const size_t begin = n_text;
        memcpy(text + n_text, own.data, own.n);
        n_text += own.n;
        breaks[i] = false;
        for (size_t b = 0; b < s->n_dry_breakers; b++) {
            const size_t length = strlen(s->dry_breakers[b]);
            for (size_t end = begin + 1; end <= n_text; end++)
                if (length <= end && !memcmp(text + end - length, s->dry_breakers[b], length))
                    breaks[i] = true;
        }
    }
}

static bool holds_breaker(const struct tokenizer *t, const struct sampling *s, int32_t id) {
    const struct bytes own = tokenizer_bytes(t, id);
    for (size_t b = 0; b < s->n_dry_breakers; b++)
        if (memmem(own.data, own.n, s->dry_breakers[b], strlen(s->dry_breakers[b]))) return true;
    return false;
}

/* The longest end of history[0, n), without a break in it, that stood before an `of`. */
static size_t longest_before(const int32_t *history, const bool *breaks, size_t n, int32_t of) {
    size_t longest = 0;
    for (size_t i = 1; i < n; i++) {
        size_t length = 0;
        while (length < i && !breaks[n - 1 - length] &&
               history[i - 1 - length] == history[n - 1 - length])
            length++;
        if (history[i] == of && length > longest) longest = length;
    }
    return longest;
}

/* Random histories over a few tokens, among them some whose texts together hold breakers. */
static void dry_agrees_with_a_search(void **state) {
    (void)state;
    enum { MOST = 60, LA = 256, DE = 257, QUOTE_COLON = 273 };
    static const int32_t tokens[] = {'a', 'b', LA, DE, QUOTE_COLON, ':', 'x', 'y', VOCAB_EOT};
    static const char *const breakers[] = {":", "xyb", "ade", "|>l"};
    static const float equal[VOCAB_BPE_TOKENS];
    struct random64 r = {3};
    struct vocab v;
    double got[VOCAB_BPE_TOKENS];
    int penalised = 0;
    assert_true(vocab_open_bpe(&v));
    for (int round = 0; round < 1500; round++) {
        int32_t history[MOST];
        bool breaks[MOST];
        struct sampling s = dry_settings();
        s.dry_allowed_length = 1 + (int32_t)(random64_next(&r) % 3);
        s.dry_last_n = round % 3 ? -1 : (int32_t)(random64_next(&r) % MOST);
        s.dry_breakers = breakers;
        s.n_dry_breakers = random64_next(&r) % 5;
        const size_t n = random64_next(&r) % MOST, n_tokens = 2 + random64_next(&r) % 8;
        for (size_t i = 0; i < n; i++)
            history[i] = i > 9 && random64_next(&r) % 4 ? history[i - 9]
                                                        : tokens[random64_next(&r) % n_tokens];
        const size_t seen = s.dry_last_n >= 0 && (size_t)s.dry_last_n < n ? (size_t)s.dry_last_n
                                                                          : n;
        find_breaks(v.tokenizer, &s, history, n, breaks);
        logits_after(&s, v.tokenizer, VOCAB_BPE_TOKENS, history, n, equal, got);
        for (size_t i = 0; i < n_tokens; i++) {
            const int32_t of = tokens[i];
            const size_t length = longest_before(history + n - seen, breaks + n - seen, seen, of);
            double want = 0;
            if (length >= (size_t)s.dry_allowed_length && !holds_breaker(v.tokenizer, &s, of))
                want = 0.5 * pow(2, (double)length - s.dry_allowed_length);
            penalised += want > 0;
            if (fabs(got[of] + want) > 1e-5 * (1 + want))
                fail_msg("round %d, token %d: %g, not %g", round, (int)of, -got[of], want);
        }
    }
    assert_true(penalised > 1000);
    vocab_close(&v);
}

/* A breaker that ends in a token longer than what is remembered of the text before it. */
static void dry_breakers_meet_long_tokens(void **state) {
    (void)state;
    static const char *const breakers[] = {"zq"};
    struct vocab_maker *m = mem_alloc(sizeof(*m));
    struct vocab v;
    struct sampling s = dry_settings();
    assert_non_null(m);
    vocab_make_bpe(m);
    memset(m->tokens[VOCAB_ENTERO].text, 'q', 70);
    m->tokens[VOCAB_ENTERO].text[70] = '\0';
    assert_true(vocab_open_made(&v, m));
    s.dry_breakers = breakers;
    s.n_dry_breakers = 1;
    const int32_t with[] = {'a', 'z', VOCAB_ENTERO, 'b', 'c', 'a', 'z', VOCAB_ENTERO, 'b'};
    const int32_t without[] = {'a', 'y', VOCAB_ENTERO, 'b', 'c', 'a', 'y', VOCAB_ENTERO, 'b'};
    expect_near(dry_lost(&s, v.tokenizer, VOCAB_BPE_TOKENS, with, 9, 'c'), 0); /* b alone */
    expect_near(dry_lost(&s, v.tokenizer, VOCAB_BPE_TOKENS, without, 9, 'c'), 0.5 * 4);
    mem_free(m);
    vocab_close(&v);
}

static void memory_may_be_short(void **state) {
    (void)state;
    static const char *const breakers[] = {"a", "b"};
    static const int32_t history[] = {1, 2, 1, 2};
    struct sampling s = dry_settings();
    const struct logit_bias bias = {1, 1};
    s.biases = &bias;
    s.n_biases = 1;
    s.dry_breakers = breakers;
    s.n_dry_breakers = 2;
    enum status st = ERR_NOMEM;
    for (unsigned long nth = 1; st == ERR_NOMEM; nth++) {
        struct sampler *sampler = NULL;
        struct error err = {0};
        float logits[N] = {0};
        int32_t id;
        mem_fail_after(nth);
        st = sampler_open(&sampler, &s, N, NULL, &err);
        assert_true(st == OK || sampler == NULL);
        if (!st) st = sampler_accept(sampler, history, 4, &err);
        if (!st) sampler_keep_logprobs(sampler, true);
        if (!st) st = sampler_draw(sampler, &id, logits, NULL, &err);
        mem_fail_after(0);
        sampler_close(sampler);
    }
    assert_int_equal(st, OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(penalties_subtract_what_they_say),
        cmocka_unit_test(each_penalty_acts_alone),
        cmocka_unit_test(a_history_is_a_history),
        cmocka_unit_test(penalties_may_come_later),
        cmocka_unit_test(greedy_draws_are_penalised),
        cmocka_unit_test(extremes_stay_a_distribution),
        cmocka_unit_test(dry_grows_with_the_sequence_repeated),
        cmocka_unit_test(dry_looks_anew_at_every_draw),
        cmocka_unit_test(dry_stands_a_long_history),
        cmocka_unit_test(dry_agrees_with_a_search),
        cmocka_unit_test(dry_breakers_meet_long_tokens),
        cmocka_unit_test(memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
