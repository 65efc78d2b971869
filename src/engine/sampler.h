/* SPDX-License-Identifier: MIT
 *
 * Sampling: logits to a token. The steps and their order, each off unless its number says
 * otherwise; docs/sampling.md has formulas and sources:
 *
 *   mask (grammar), logit bias, penalties, DRY, top-n-sigma, top-k, typical, top-p, min-p, XTC,
 *   temperature (fixed or dynamic), draw          -- or mirostat 2 in place of all from top-n-sigma
 *
 * A draw depends on the logits, the history and the seed; not on time, threads or other samplers.
 */
#ifndef SIGILO_ENGINE_SAMPLER_H
#define SIGILO_ENGINE_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tokenizer/tokenizer.h"

struct logit_bias {
    int32_t id;
    float bias; /* added to the logit; -INFINITY: never */
};

enum sampling_step { /* those whose order a caller may choose (`samplers` in the HTTP API) */
                     SAMPLING_PENALTIES,
                     SAMPLING_DRY,
                     SAMPLING_TOP_N_SIGMA,
                     SAMPLING_TOP_K,
                     SAMPLING_TYPICAL,
                     SAMPLING_TOP_P,
                     SAMPLING_MIN_P,
                     SAMPLING_XTC,
                     SAMPLING_TEMPERATURE,
                     SAMPLING_STEP_COUNT
};

struct sampling {
    uint64_t seed;        /* SAMPLING_SEED_RANDOM: another one every time */
    float temperature;    /* 0.8; 0: the likeliest */
    float dynatemp_range; /* 0: temperature stays; else temperature -range to +range by entropy */
    float dynatemp_exponent; /* 1 */
    int32_t top_k;           /* 40; 0 or less: all */
    float top_p;             /* 0.95; 1: all */
    float min_p;             /* 0.05; 0: all */
    float typical_p;         /* 1: all */
    float top_n_sigma;       /* -1: all */
    float xtc_probability;   /* 0: never */
    float xtc_threshold;     /* 0.1 */
    int32_t min_keep;        /* 0: candidates that every cut leaves at least */
    int32_t repeat_last_n;  /* 64: tokens of the history that penalties look at; -1: all; 0: none */
    float repeat_penalty;   /* 1: none */
    float presence_penalty; /* 0: none */
    float frequency_penalty;         /* 0: none */
    float dry_multiplier;            /* 0: off */
    float dry_base;                  /* 1.75 */
    int32_t dry_allowed_length;      /* 2 */
    int32_t dry_last_n;              /* 64; -1: all; 0: none */
    const char *const *dry_breakers; /* [n_dry_breakers], UTF-8; borrowed while opening */
    size_t n_dry_breakers;           /* 4: "\n" ":" "\"" "*" */
    int32_t mirostat;                /* 0: off; 2 */
    float mirostat_tau;              /* 5 */
    float mirostat_eta;              /* 0.1 */
    const struct logit_bias *biases; /* [n_biases]; borrowed while opening */
    size_t n_biases;
    enum sampling_step steps[SAMPLING_STEP_COUNT]; /* [n_steps] in this order */
    size_t n_steps;
};

#define SAMPLING_SEED_RANDOM UINT64_MAX
/* The largest that is drawn at random, and that programs read from JSON without loss. */
#define SAMPLING_SEED_MAX ((UINT64_C(1) << 53) - 1)

/* The step of a name of n bytes, as the HTTP API spells it ("penalties", "dry", "top_n_sigma",
 * "top_k", "typ_p" or "typical_p", "top_p", "min_p", "xtc", "temperature"); false: there is none.
 */
bool sampling_step_find(enum sampling_step *out, const char *name, size_t n);

/* All the names, ", " between them. Static storage. */
const char *sampling_step_list(void);

/* The defaults in the comments above, all steps in the order above. */
void sampling_init(struct sampling *s);

/* ERR_INVALID names the setting that is out of its range, and the range. */
enum status sampling_check(const struct sampling *s, size_t n_vocab, struct error *err);

struct sampler;

/* `t` may be NULL: then DRY has no breakers. Allocates all it will need, but for the history and,
 * at the first draw that is to have them, what log probabilities take. */
enum status sampler_open(struct sampler **out, const struct sampling *opt, size_t n_vocab,
                         const struct tokenizer *t, struct error *err);
void sampler_close(struct sampler *s); /* NULL is accepted */

/* The seed in use (drawn at opening when SAMPLING_SEED_RANDOM). */
uint64_t sampler_seed(const struct sampler *s);

/* Adds tokens to the history: those of the prompt, then each one that was taken. */
enum status sampler_accept(struct sampler *s, const int32_t *ids, size_t n, struct error *err);

/* One bit a token, bit id & 31 of word id >> 5; set: may be taken. */
#define TOKEN_MASK_WORDS(n_vocab) (((n_vocab) + 31) / 32)

/* Takes a token. logits [n_vocab] are changed. `mask` may be NULL. A logit that is NaN or -infinity
 * is never taken; +infinity counts as the largest float. ERR_INVALID: every logit that may be taken
 * is NaN or -infinity. */
enum status sampler_draw(struct sampler *s, int32_t *out, float *logits, const uint32_t *mask,
                         struct error *err);

struct token_logprob {
    int32_t id;
    float logprob; /* natural logarithm */
};

/* Of the last draw: the token taken and the n likeliest, best first (ties: lower id first), n at
 * most n_vocab. `after`: of the distribution drawn from, without what was cut; else the model's
 * own, before mask and bias. Order is that of the logits, also where two round to one logarithm.
 * Returns how many were written to top (fewer where fewer are left). Only when
 * sampler_keep_logprobs(s, true) was called before the draw. */
void sampler_keep_logprobs(struct sampler *s, bool keep);
size_t sampler_logprobs(const struct sampler *s, bool after, struct token_logprob *taken,
                        struct token_logprob *top, size_t n);

#endif
