/* SPDX-License-Identifier: MIT
 *
 * The settings of sampling: what is out of its range is refused by its name.
 */
#include <math.h>
#include <string.h>

#include "sampler_make.h"

enum { N = 8 };

static void expect_refused(const struct sampling *s, const char *name) {
    struct error err = {0};
    assert_int_equal(sampling_check(s, N, &err), ERR_INVALID);
    if (!strstr(err.message, name)) fail_msg("%s: %s", name, err.message);
}

static void settings_out_of_range_are_named(void **state) {
    (void)state;
    const struct {
        size_t offset;
        float value;
        const char *name;
    } cases[] = {
        {offsetof(struct sampling, temperature), -1, "temperature"},
        {offsetof(struct sampling, temperature), NAN, "temperature"},
        {offsetof(struct sampling, top_p), 1.5f, "top_p"},
        {offsetof(struct sampling, min_p), -0.1f, "min_p"},
        {offsetof(struct sampling, typical_p), 2, "typical_p"},
        {offsetof(struct sampling, top_n_sigma), -2, "top_n_sigma"},
        {offsetof(struct sampling, xtc_probability), 2, "xtc_probability"},
        {offsetof(struct sampling, xtc_threshold), -1, "xtc_threshold"},
        {offsetof(struct sampling, dynatemp_range), -1, "dynatemp_range"},
        {offsetof(struct sampling, dynatemp_exponent), -1, "dynatemp_exponent"},
        {offsetof(struct sampling, repeat_penalty), 0, "repeat_penalty"},
        {offsetof(struct sampling, presence_penalty), 1000, "presence_penalty"},
        {offsetof(struct sampling, frequency_penalty), INFINITY, "frequency_penalty"},
        {offsetof(struct sampling, dry_multiplier), -1, "dry_multiplier"},
        {offsetof(struct sampling, dry_base), -1, "dry_base"},
        {offsetof(struct sampling, mirostat_tau), -1, "mirostat_tau"},
        {offsetof(struct sampling, mirostat_eta), -1, "mirostat_eta"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sampling s = plain();
        *(float *)(void *)((char *)&s + cases[i].offset) = cases[i].value;
        expect_refused(&s, cases[i].name);
    }
}

/* Those at their bounds, and those that stand in the header. */
static void settings_in_range_are_taken(void **state) {
    (void)state;
    struct sampling s;
    struct error err = {0};
    sampling_init(&s);
    assert_int_equal(sampling_check(&s, N, &err), OK);
    assert_true(s.temperature == 0.8f && s.top_p == 0.95f && s.min_p == 0.05f);
    assert_true(s.top_k == 40 && s.repeat_last_n == 64 && s.dry_last_n == 64 && s.min_keep == 0);
    assert_true(s.n_dry_breakers == 4 && s.n_steps == SAMPLING_STEP_COUNT);
    const struct logit_bias ends[] = {{0, -INFINITY}, {N - 1, INFINITY}, {0, 1}};
    s.biases = ends;
    s.n_biases = 3;
    s.temperature = s.top_p = s.min_p = s.typical_p = s.xtc_probability = s.xtc_threshold = 0;
    s.mirostat_tau = s.mirostat_eta = s.dry_multiplier = s.dry_base = s.dynatemp_exponent = 0;
    s.repeat_penalty = 0.01f;
    s.top_k = INT32_MIN;
    s.repeat_last_n = s.dry_last_n = -1;
    s.min_keep = 1 << 24;
    s.mirostat = 2;
    s.n_steps = 0;
    if (sampling_check(&s, N, &err)) fail_msg("%s", err.message);
}

static void whole_numbers_out_of_range_are_named(void **state) {
    (void)state;
    const struct {
        size_t offset;
        int32_t value;
        const char *name;
    } cases[] = {
        {offsetof(struct sampling, min_keep), -1, "min_keep"},
        {offsetof(struct sampling, min_keep), INT32_MAX, "from 0 to 16777216"},
        {offsetof(struct sampling, repeat_last_n), -2, "repeat_last_n"},
        {offsetof(struct sampling, dry_allowed_length), -1, "dry_allowed_length"},
        {offsetof(struct sampling, dry_last_n), -2, "dry_penalty_last_n"},
        {offsetof(struct sampling, mirostat), 1, "mirostat"},
        {offsetof(struct sampling, mirostat), 3, "mirostat"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sampling s = plain();
        *(int32_t *)(void *)((char *)&s + cases[i].offset) = cases[i].value;
        expect_refused(&s, cases[i].name);
    }
}

static void lists_are_looked_through(void **state) {
    (void)state;
    static const char *const empty[] = {"\n", ""};
    static const char *const large[] = {"01234567890123456789012345678901234567890"};
    const char *many[65];
    for (size_t i = 0; i < 65; i++)
        many[i] = "x";
    struct sampling s = plain();
    s.dry_breakers = empty;
    s.n_dry_breakers = 2;
    expect_refused(&s, "dry_sequence_breakers");
    s.dry_breakers = large;
    s.n_dry_breakers = 1;
    expect_refused(&s, "1 to 40 bytes");
    s.dry_breakers = many;
    s.n_dry_breakers = 65;
    expect_refused(&s, "64");
    const struct logit_bias beyond = {N, 1}, below = {-1, 1}, none = {0, NAN};
    s = plain();
    s.n_biases = 1;
    s.biases = &beyond;
    expect_refused(&s, "token 8");
    s.biases = &below;
    expect_refused(&s, "token -1");
    s.biases = &none;
    expect_refused(&s, "logit_bias");
    s = plain();
    s.steps[0] = s.steps[1];
    expect_refused(&s, "samplers");
    s = plain();
    s.n_steps = SAMPLING_STEP_COUNT + 1;
    expect_refused(&s, "samplers");
    s = plain();
    s.steps[3] = SAMPLING_STEP_COUNT;
    expect_refused(&s, "samplers");
}

static void steps_have_names(void **state) {
    (void)state;
    enum sampling_step step;
    assert_true(sampling_step_find(&step, "top_k;min_p", 5));
    assert_int_equal(step, SAMPLING_TOP_K);
    assert_true(sampling_step_find(&step, "typical_p", 9));
    assert_int_equal(step, SAMPLING_TYPICAL);
    assert_false(sampling_step_find(&step, "top", 3));
    assert_false(sampling_step_find(&step, "", 0));
    int n_told = 0; /* every name that is told is found, and they are all there are */
    for (const char *name = sampling_step_list(); *name; n_told++) {
        const size_t n = strcspn(name, ",");
        assert_true(sampling_step_find(&step, name, n));
        assert_int_equal(step, n_told);
        name += n + strspn(name + n, ", ");
    }
    assert_int_equal(n_told, SAMPLING_STEP_COUNT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_in_range_are_taken),
        cmocka_unit_test(settings_out_of_range_are_named),
        cmocka_unit_test(whole_numbers_out_of_range_are_named),
        cmocka_unit_test(lists_are_looked_through),
        cmocka_unit_test(steps_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
