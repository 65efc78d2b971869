/* SPDX-License-Identifier: MIT
 *
 * A sampler: the history, the penalties that come from it, and the draw. The cuts are candidates.c.
 * Nothing is allocated in a draw: the candidates of a whole vocabulary, a count and a length for
 * each token lie ready, and only what was touched is cleared again. Where the first step that does
 * anything is top-k, only k candidates are ever made.
 */
#include "engine/sampler.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/intl.h"
#include "base/math.h"
#include "base/mem.h"
#include "base/random.h"
#include "engine/candidates.h"
#include "engine/dry.h"

struct sampler {
    struct sampling opt; /* without what it borrowed */
    size_t n_vocab;
    struct random64 random;
    uint64_t seed;
    struct logit_bias *biases; /* [opt.n_biases] */
    struct array history;      /* int32_t */
    uint32_t *counts;          /* [n_vocab], 0 between draws */
    struct dry *dry;           /* NULL: off */
    struct candidate *storage; /* [n_vocab] */
    struct candidates left;    /* of the last draw: what was drawn from */
    double left_sum;           /* of their weights */
    double mu;                 /* mirostat's bound on surprise, bits */
    int32_t taken;
    float taken_logit; /* among what was left */
    bool keeps_logprobs;
    float *raw;                /* [n_vocab] the model's own logits; NULL until wanted */
    struct candidate *ranking; /* [n_vocab] for them; NULL until wanted */
};

static enum status no_memory(struct error *err) {
    return fail(err, ERR_NOMEM, _("not enough memory for sampling"));
}

static uint64_t random_seed(void) {
    uint64_t seed;
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
        seed = (uint64_t)(clock_ms() * 1e6);
    return seed & SAMPLING_SEED_MAX;
}

static bool wants_dry(const struct sampling *s) {
    return s->dry_multiplier > 0 && s->dry_base >= 1 && s->dry_last_n != 0;
}

static enum status allocate(struct sampler *s, const struct sampling *opt,
                            const struct tokenizer *t, struct error *err) {
    s->storage = mem_alloc(s->n_vocab * sizeof(*s->storage));
    s->counts = mem_zalloc(s->n_vocab * sizeof(*s->counts));
    s->biases = mem_alloc(opt->n_biases * sizeof(*s->biases));
    if (!s->storage || !s->counts || !s->biases) return no_memory(err);
    if (opt->n_biases) memcpy(s->biases, opt->biases, opt->n_biases * sizeof(*s->biases));
    return wants_dry(opt) ? dry_open(&s->dry, opt, s->n_vocab, t, err) : OK;
}

enum status sampler_open(struct sampler **out, const struct sampling *opt, size_t n_vocab,
                         const struct tokenizer *t, struct error *err) {
    enum status st = sampling_check(opt, n_vocab, err);
    if (st) return st;
    struct sampler *s = mem_zalloc(sizeof(*s));
    if (!s) return no_memory(err);
    s->opt = *opt;
    s->opt.biases = NULL;
    s->opt.dry_breakers = NULL;
    s->n_vocab = n_vocab;
    s->seed = opt->seed == SAMPLING_SEED_RANDOM ? random_seed() : opt->seed;
    s->random = (struct random64){s->seed};
    s->mu = 2 * (double)opt->mirostat_tau;
    s->taken = -1;
    st = allocate(s, opt, t, err);
    if (st)
        sampler_close(s);
    else
        *out = s;
    return st;
}

void sampler_close(struct sampler *s) {
    if (!s) return;
    mem_wipe_free(s->history.data, s->history.capacity * sizeof(int32_t));
    mem_wipe_free(s->raw, s->n_vocab * sizeof(*s->raw));
    mem_free(s->ranking);
    mem_free(s->storage);
    mem_free(s->counts);
    mem_free(s->biases);
    dry_close(s->dry);
    mem_free(s);
}

uint64_t sampler_seed(const struct sampler *s) {
    return s->seed;
}

void sampler_keep_logprobs(struct sampler *s, bool keep) {
    s->keeps_logprobs = keep;
}

enum status sampler_accept(struct sampler *s, const int32_t *ids, size_t n, struct error *err) {
    if (!array_reserve(&s->history, n, sizeof(*ids))) return no_memory(err);
    enum status st = s->dry ? dry_accept(s->dry, ids, n, err) : OK;
    for (size_t i = 0; !st && i < n; i++)
        array_push(&s->history, &ids[i], sizeof(ids[i])); /* there is room: it was reserved */
    return st;
}

/* The last n tokens of the history; n -1: all. */
static const int32_t *window(const struct sampler *s, int32_t last_n, size_t *n) {
    *n = last_n < 0 || (size_t)last_n > s->history.n ? s->history.n : (size_t)last_n;
    return (const int32_t *)s->history.data + (s->history.n - *n);
}

/* Repeat (Keskar et al. 2019, "CTRL"), presence and frequency (as OpenAI's API describes them). */
static float penalised(const struct sampling *o, float logit, uint32_t count) {
    const double repeat = (double)o->repeat_penalty;
    const double scaled = logit > 0 ? (double)logit / repeat : (double)logit * repeat;
    return bounded_logit(scaled - (double)count * (double)o->frequency_penalty -
                         (double)o->presence_penalty);
}

static void penalise(struct sampler *s, struct candidates *c) {
    size_t n;
    const int32_t *ids = window(s, s->opt.repeat_last_n, &n);
    for (size_t i = 0; i < n; i++)
        if ((size_t)ids[i] < s->n_vocab) s->counts[ids[i]]++;
    for (size_t i = 0; i < c->n; i++) {
        struct candidate *at = &c->data[i];
        const uint32_t count = s->counts[at->id];
        if (count) at->logit = penalised(&s->opt, at->logit, count);
    }
    for (size_t i = 0; i < n; i++)
        if ((size_t)ids[i] < s->n_vocab) s->counts[ids[i]] = 0;
    c->n_sorted = 0;
}

static bool is_off(const struct sampler *s, enum sampling_step which) {
    const struct sampling *o = &s->opt;
    switch (which) {
    case SAMPLING_PENALTIES:
        return o->repeat_last_n == 0 || s->history.n == 0 ||
               (o->repeat_penalty == 1 && o->presence_penalty == 0 && o->frequency_penalty == 0);
    case SAMPLING_DRY: return !s->dry;
    case SAMPLING_TOP_N_SIGMA: return o->top_n_sigma <= 0;
    case SAMPLING_TOP_K: return o->top_k <= 0;
    case SAMPLING_TYPICAL: return o->typical_p >= 1;
    case SAMPLING_TOP_P: return o->top_p >= 1;
    case SAMPLING_MIN_P: return o->min_p <= 0;
    case SAMPLING_XTC: return o->xtc_probability <= 0;
    case SAMPLING_TEMPERATURE: return o->temperature == 1 && o->dynatemp_range == 0;
    case SAMPLING_STEP_COUNT: break;
    }
    return true;
}

/* Steps that a greedy draw, or mirostat, leaves out. */
static bool is_left_out(const struct sampler *s, enum sampling_step which) {
    return (s->opt.temperature == 0 || s->opt.mirostat == 2) && which != SAMPLING_PENALTIES &&
           which != SAMPLING_DRY;
}

static void apply_temperature(const struct sampler *s, struct candidates *c) {
    candidates_temperature(c, s->opt.temperature, s->opt.dynatemp_range, s->opt.dynatemp_exponent);
}

static void step(struct sampler *s, struct candidates *c, enum sampling_step which) {
    const struct sampling *o = &s->opt;
    switch (which) {
    case SAMPLING_PENALTIES: penalise(s, c); break;
    case SAMPLING_DRY: dry_apply(s->dry, c); break;
    case SAMPLING_TOP_N_SIGMA: candidates_top_n_sigma(c, o->top_n_sigma); break;
    case SAMPLING_TOP_K: candidates_top_k(c, (size_t)o->top_k); break;
    case SAMPLING_TYPICAL: candidates_typical(c, o->typical_p); break;
    case SAMPLING_TOP_P: candidates_top_p(c, o->top_p); break;
    case SAMPLING_MIN_P: candidates_min_p(c, o->min_p); break;
    case SAMPLING_XTC: /* the die is thrown only where it may count: off, it moves no seed */
        if (random64_double(&s->random) < (double)o->xtc_probability)
            candidates_xtc(c, o->xtc_threshold);
        break;
    case SAMPLING_TEMPERATURE: apply_temperature(s, c); break;
    case SAMPLING_STEP_COUNT: assert(false); break;
    }
}

/* How many of the best logits suffice: all, unless the first step that does anything takes the k
 * best. */
static size_t candidates_wanted(const struct sampler *s) {
    const struct sampling *o = &s->opt;
    for (size_t i = 0; i < o->n_steps; i++) {
        if (is_left_out(s, o->steps[i]) || is_off(s, o->steps[i])) continue;
        if (o->steps[i] != SAMPLING_TOP_K) return s->n_vocab;
        return (size_t)(o->top_k > o->min_keep ? o->top_k : o->min_keep);
    }
    return o->temperature == 0 ? 1 : s->n_vocab;
}

/* Picks by weight. */
static size_t pick(struct sampler *s) {
    const double wanted = random64_double(&s->random) * s->left_sum;
    double sum = 0;
    for (size_t i = 0; i < s->left.n; i++) {
        sum += s->left.data[i].weight;
        if (sum > wanted) return i;
    }
    return s->left.n - 1; /* the sum was rounded */
}

/* Mirostat 2 (Basu et al., ICLR 2021, algorithm 2): what surprises more than mu bits is cut off,
 * and mu follows what was drawn. */
static size_t mirostat(struct sampler *s) {
    static const double log2_e = 0x1.71547652b82fep+0;
    apply_temperature(s, &s->left);
    candidates_surprise(&s->left, s->mu);
    s->left_sum = candidates_weigh(&s->left);
    const size_t i = pick(s);
    const double surprise = -log2_e * math_log(s->left.data[i].weight / s->left_sum);
    s->mu -= (double)s->opt.mirostat_eta * (surprise - (double)s->opt.mirostat_tau);
    return i;
}

static size_t draw(struct sampler *s) {
    for (size_t i = 0; i < s->opt.n_steps; i++) {
        const enum sampling_step which = s->opt.steps[i];
        if (!is_left_out(s, which) && !is_off(s, which)) step(s, &s->left, which);
    }
    if (s->opt.temperature == 0) {
        s->left.min_keep = 1;
        candidates_top_k(&s->left, 1);
    } else if (s->opt.mirostat == 2) {
        return mirostat(s);
    }
    s->left_sum = candidates_weigh(&s->left);
    return s->opt.temperature == 0 ? 0 : pick(s);
}

static enum status keep_raw(struct sampler *s, const float *logits, struct error *err) {
    if (!s->keeps_logprobs) return OK;
    if (!s->raw) s->raw = mem_alloc(s->n_vocab * sizeof(*s->raw));
    if (!s->ranking) s->ranking = mem_alloc(s->n_vocab * sizeof(*s->ranking));
    if (!s->raw || !s->ranking) return no_memory(err);
    memcpy(s->raw, logits, s->n_vocab * sizeof(*s->raw));
    return OK;
}

enum status sampler_draw(struct sampler *s, int32_t *out, float *logits, const uint32_t *mask,
                         struct error *err) {
    const enum status st = keep_raw(s, logits, err);
    if (st) return st;
    for (size_t i = 0; i < s->opt.n_biases; i++)
        logits[s->biases[i].id] += s->biases[i].bias;
    s->left = (struct candidates){.data = s->storage, .min_keep = (size_t)s->opt.min_keep};
    candidates_collect(&s->left, logits, s->n_vocab, mask, candidates_wanted(s));
    if (s->left.n == 0)
        return fail(err, ERR_INVALID,
                    _("no token can be taken: the model's logits are not numbers, or every token "
                      "was ruled out"));
    const struct candidate *drawn = &s->left.data[draw(s)];
    s->taken = *out = drawn->id;
    s->taken_logit = drawn->logit;
    return OK;
}

/* --- log probabilities --- */

/* A softmax: log p = logit - max - log_sum. In this order, so that huge logits lose nothing. */
struct softmax {
    double max, log_sum;
};

static float logprob(const struct softmax *m, double logit) {
    return (float)(logit - m->max - m->log_sum);
}

/* Over all of the model's own logits. */
static struct softmax softmax_before(const struct sampler *s) {
    float max = -INFINITY;
    double sum = 0;
    for (size_t i = 0; i < s->n_vocab; i++)
        if (s->raw[i] > max) max = s->raw[i];
    const double most = (double)bounded_logit((double)max);
    for (size_t i = 0; i < s->n_vocab; i++)
        if (s->raw[i] > -INFINITY) /* nor NaN */
            sum += math_exp((double)bounded_logit((double)s->raw[i]) - most);
    return (struct softmax){most, math_log(sum)};
}

/* Takes the n best in order out of c. */
static size_t tell_best(struct candidates *c, const struct softmax *m, struct token_logprob *top,
                        size_t n) {
    if (n > c->n) n = c->n;
    candidates_sort(c, n);
    for (size_t i = 0; i < n; i++)
        top[i] = (struct token_logprob){c->data[i].id, logprob(m, (double)c->data[i].logit)};
    return n;
}

size_t sampler_logprobs(const struct sampler *s, bool after, struct token_logprob *taken,
                        struct token_logprob *top, size_t n) {
    assert(s->keeps_logprobs && s->taken >= 0);
    *taken = (struct token_logprob){.id = s->taken};
    if (after) {
        struct candidates c = s->left;
        candidates_sort(&c, 1);
        const struct softmax m = {(double)c.data[0].logit, math_log(s->left_sum)};
        taken->logprob = logprob(&m, (double)s->taken_logit);
        return tell_best(&c, &m, top, n);
    }
    struct candidates c = {.data = s->ranking};
    const struct softmax m = softmax_before(s);
    taken->logprob = logprob(&m, (double)bounded_logit((double)s->raw[s->taken]));
    candidates_collect(&c, s->raw, s->n_vocab, NULL, n);
    return tell_best(&c, &m, top, n);
}
