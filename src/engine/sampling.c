/* SPDX-License-Identifier: MIT
 *
 * The settings of sampling: their defaults, their names, their ranges.
 */
#include <math.h>
#include <string.h>

#include "base/intl.h"
#include "engine/sampler.h"

enum { DRY_BREAKERS_MAX = 64, DRY_BREAKER_BYTES_MAX = 40, WHOLE_MAX = 1 << 24 };

static const char *const default_breakers[] = {"\n", ":", "\"", "*"};

static const struct {
    const char *name;
    enum sampling_step step;
} step_names[] = {
    {"penalties", SAMPLING_PENALTIES},
    {"dry", SAMPLING_DRY},
    {"top_n_sigma", SAMPLING_TOP_N_SIGMA},
    {"top_k", SAMPLING_TOP_K},
    {"typ_p", SAMPLING_TYPICAL},
    {"top_p", SAMPLING_TOP_P},
    {"min_p", SAMPLING_MIN_P},
    {"xtc", SAMPLING_XTC},
    {"temperature", SAMPLING_TEMPERATURE},
    {"typical_p", SAMPLING_TYPICAL},
};

bool sampling_step_find(enum sampling_step *out, const char *name, size_t n) {
    for (size_t i = 0; i < sizeof(step_names) / sizeof(step_names[0]); i++)
        if (strlen(step_names[i].name) == n && memcmp(step_names[i].name, name, n) == 0) {
            *out = step_names[i].step;
            return true;
        }
    return false;
}

const char *sampling_step_list(void) {
    return "penalties, dry, top_n_sigma, top_k, typ_p, top_p, min_p, xtc, temperature";
}

void sampling_init(struct sampling *s) {
    *s = (struct sampling){
        .seed = SAMPLING_SEED_RANDOM,
        .temperature = 0.8f,
        .dynatemp_exponent = 1,
        .top_k = 40,
        .top_p = 0.95f,
        .min_p = 0.05f,
        .typical_p = 1,
        .top_n_sigma = -1,
        .xtc_threshold = 0.1f,
        .repeat_last_n = 64,
        .repeat_penalty = 1,
        .dry_base = 1.75f,
        .dry_allowed_length = 2,
        .dry_last_n = 64,
        .dry_breakers = default_breakers,
        .n_dry_breakers = sizeof(default_breakers) / sizeof(default_breakers[0]),
        .mirostat_tau = 5,
        .mirostat_eta = 0.1f,
        .n_steps = SAMPLING_STEP_COUNT,
    };
    for (size_t i = 0; i < SAMPLING_STEP_COUNT; i++)
        s->steps[i] = (enum sampling_step)i;
}

static enum status check_range(float value, const char *name, float min, float max,
                               struct error *err) {
    if (value >= min && value <= max) return OK; /* NaN is neither */
    return fail(err, ERR_INVALID, _("%s must be from %g to %g"), name, (double)min, (double)max);
}

static enum status check_whole(int32_t value, const char *name, int min, struct error *err) {
    if (value >= min && value <= WHOLE_MAX) return OK;
    return fail(err, ERR_INVALID, _("%s must be from %d to %d"), name, min, WHOLE_MAX);
}

static enum status check_breakers(const struct sampling *s, struct error *err) {
    if (s->n_dry_breakers > DRY_BREAKERS_MAX)
        return fail(err, ERR_INVALID, _("dry_sequence_breakers may be %d at most"),
                    DRY_BREAKERS_MAX);
    for (size_t i = 0; i < s->n_dry_breakers; i++) {
        const size_t n = strlen(s->dry_breakers[i]);
        if (n == 0 || n > DRY_BREAKER_BYTES_MAX)
            return fail(err, ERR_INVALID,
                        _("each of dry_sequence_breakers must have 1 to %d bytes"),
                        DRY_BREAKER_BYTES_MAX);
    }
    return OK;
}

static enum status check_biases(const struct sampling *s, size_t n_vocab, struct error *err) {
    for (size_t i = 0; i < s->n_biases; i++) {
        if (s->biases[i].id < 0 || (size_t)s->biases[i].id >= n_vocab)
            return fail(err, ERR_INVALID,
                        _("logit_bias: token %d is outside the vocabulary of %zu"),
                        (int)s->biases[i].id, n_vocab);
        if (isnan(s->biases[i].bias))
            return fail(err, ERR_INVALID, _("logit_bias of token %d is not a number"),
                        (int)s->biases[i].id);
    }
    return OK;
}

static enum status check_steps(const struct sampling *s, struct error *err) {
    bool seen[SAMPLING_STEP_COUNT] = {false}, good = s->n_steps <= SAMPLING_STEP_COUNT;
    for (size_t i = 0; good && i < s->n_steps; i++) {
        good = (size_t)s->steps[i] < SAMPLING_STEP_COUNT && !seen[s->steps[i]];
        if (good) seen[s->steps[i]] = true;
    }
    if (good) return OK;
    return fail(err, ERR_INVALID, _("samplers: each may stand there once, of %s"),
                sampling_step_list());
}

static enum status check_numbers(const struct sampling *s, struct error *err) {
    const struct {
        float value;
        const char *name;
        float min, max;
    } ranges[] = {
        {s->temperature, "temperature", 0, 1000},
        {s->dynatemp_range, "dynatemp_range", 0, 1000},
        {s->dynatemp_exponent, "dynatemp_exponent", 0, 1000},
        {s->top_p, "top_p", 0, 1},
        {s->min_p, "min_p", 0, 1},
        {s->typical_p, "typical_p", 0, 1},
        {s->top_n_sigma, "top_n_sigma", -1, 1000},
        {s->xtc_probability, "xtc_probability", 0, 1},
        {s->xtc_threshold, "xtc_threshold", 0, 1},
        {s->repeat_penalty, "repeat_penalty", 0.01f, 100},
        {s->presence_penalty, "presence_penalty", -100, 100},
        {s->frequency_penalty, "frequency_penalty", -100, 100},
        {s->dry_multiplier, "dry_multiplier", 0, 1000},
        {s->dry_base, "dry_base", 0, 1000},
        {s->mirostat_tau, "mirostat_tau", 0, 1000},
        {s->mirostat_eta, "mirostat_eta", 0, 1000},
    };
    enum status st = OK;
    for (size_t i = 0; !st && i < sizeof(ranges) / sizeof(ranges[0]); i++)
        st = check_range(ranges[i].value, ranges[i].name, ranges[i].min, ranges[i].max, err);
    if (!st) st = check_whole(s->min_keep, "min_keep", 0, err);
    if (!st) st = check_whole(s->repeat_last_n, "repeat_last_n", -1, err);
    if (!st) st = check_whole(s->dry_allowed_length, "dry_allowed_length", 0, err);
    if (!st) st = check_whole(s->dry_last_n, "dry_penalty_last_n", -1, err);
    if (!st && s->mirostat != 0 && s->mirostat != 2)
        st = fail(err, ERR_INVALID, _("mirostat must be 0 or 2"));
    return st;
}

enum status sampling_check(const struct sampling *s, size_t n_vocab, struct error *err) {
    enum status st = check_numbers(s, err);
    if (!st) st = check_breakers(s, err);
    if (!st) st = check_steps(s, err);
    return st ? st : check_biases(s, n_vocab, err);
}
