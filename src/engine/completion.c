/* SPDX-License-Identifier: MIT
 *
 * One answer, token by token: mask, draw, is it an end, decode, look for a stop string. What may be
 * shown is collected in `text`: the detokenizer holds halves of characters back, the stop strings
 * what may become one of them.
 */
#include "engine/completion.h"

#include <assert.h>
#include <math.h>

#include "base/clock.h"
#include "base/intl.h"
#include "engine/stops.h"

enum { TEXT_MAX = 4 * TOKEN_BYTES_MAX + (1 << 20) }; /* one token's characters and what was held */

struct completion {
    const struct tokenizer *tokenizer;
    struct sampler *sampler;
    struct matcher *matcher; /* NULL: any text */
    struct stops *stops;     /* NULL: none */
    struct detokenizer detokenizer;
    struct strbuf decoded, shown;
    uint32_t *mask; /* [TOKEN_MASK_WORDS(n_vocab)]; NULL: every token may be taken */
    bool masks_by_grammar;
    bool ignore_eos;
    bool wants_logprobs, logprobs_after;
    struct token_logprob *top; /* [n_logprobs] */
    size_t n_logprobs, n_taken, n_predict;
    double time_max_ms, first_ms;
};

static const char *const stop_names[] = {
    [COMPLETION_GOES_ON] = "none",        [COMPLETION_END] = "end",
    [COMPLETION_WORD] = "word",           [COMPLETION_LIMIT] = "limit",
    [COMPLETION_TIME] = "time",           [COMPLETION_CONTEXT] = "context",
    [COMPLETION_CANCELLED] = "cancelled",
};

const char *completion_stop_name(enum completion_stop stop) {
    return stop_names[stop];
}

void completion_options_init(struct completion_options *opt) {
    *opt = (struct completion_options){.n_predict = SIZE_MAX};
    sampling_init(&opt->sampling);
}

/* Without a grammar the mask is made once: everything but the ends of answer. */
static void mask_ends(struct completion *c) {
    size_t n_ends;
    const int32_t *ends = tokenizer_ends(c->tokenizer, &n_ends);
    for (size_t i = 0; i < n_ends; i++)
        c->mask[ends[i] >> 5] &= ~(UINT32_C(1) << (ends[i] & 31));
}

static enum status open_mask(struct completion *c, struct error *err) {
    const size_t n_words = TOKEN_MASK_WORDS(tokenizer_n_vocab(c->tokenizer));
    if (!c->matcher && !c->ignore_eos) return OK;
    c->mask = mem_alloc(n_words * sizeof(*c->mask));
    if (!c->mask) return fail(err, ERR_NOMEM, _("not enough memory for an answer"));
    for (size_t i = 0; i < n_words; i++)
        c->mask[i] = UINT32_MAX;
    if (!c->matcher) mask_ends(c);
    return OK;
}

static enum status open_logprobs(struct completion *c, const struct completion_options *opt,
                                 struct error *err) {
    c->wants_logprobs = opt->wants_logprobs || opt->n_logprobs;
    c->logprobs_after = opt->logprobs_after;
    sampler_keep_logprobs(c->sampler, c->wants_logprobs);
    if (opt->n_logprobs > COMPLETION_LOGPROBS_MAX)
        return fail(err, ERR_INVALID,
                    _("log probabilities of %zu tokens were asked for; at most %d can be told"),
                    opt->n_logprobs, COMPLETION_LOGPROBS_MAX);
    const size_t n_vocab = tokenizer_n_vocab(c->tokenizer);
    c->n_logprobs = opt->n_logprobs < n_vocab ? opt->n_logprobs : n_vocab;
    if (!c->n_logprobs) return OK;
    c->top = mem_alloc(c->n_logprobs * sizeof(*c->top));
    return c->top ? OK : fail(err, ERR_NOMEM, _("not enough memory for an answer"));
}

enum status completion_open(struct completion **out, const struct tokenizer *t,
                            const struct completion_options *opt, struct error *err) {
    struct completion *c = mem_zalloc(sizeof(*c));
    if (!c) return fail(err, ERR_NOMEM, _("not enough memory for an answer"));
    c->tokenizer = t;
    c->n_predict = opt->n_predict;
    c->time_max_ms = opt->time_max_ms;
    c->ignore_eos = opt->ignore_eos;
    strbuf_init(&c->decoded, TEXT_MAX);
    strbuf_init(&c->shown, TEXT_MAX);
    detokenizer_init(&c->detokenizer, t, opt->specials, opt->at_start);
    enum status st = sampler_open(&c->sampler, &opt->sampling, tokenizer_n_vocab(t), t, err);
    if (!st && opt->grammar) st = matcher_open(&c->matcher, opt->grammar, opt->trie, err);
    if (!st && opt->n_stops) st = stops_open(&c->stops, opt->stops, opt->n_stops, err);
    if (!st) st = open_mask(c, err);
    if (!st) st = open_logprobs(c, opt, err);
    if (st) {
        completion_close(c);
        return st;
    }
    *out = c;
    return OK;
}

void completion_close(struct completion *c) {
    if (!c) return;
    sampler_close(c->sampler);
    matcher_close(c->matcher);
    stops_close(c->stops);
    strbuf_release(&c->decoded);
    strbuf_release(&c->shown);
    mem_free(c->mask);
    mem_free(c->top);
    mem_wipe_free(c, sizeof(*c));
}

uint64_t completion_seed(const struct completion *c) {
    return sampler_seed(c->sampler);
}

enum status completion_prompt(struct completion *c, const int32_t *ids, size_t n,
                              struct error *err) {
    return sampler_accept(c->sampler, ids, n, err);
}

static bool any_token(const struct completion *c) {
    for (size_t i = 0; i < TOKEN_MASK_WORDS(tokenizer_n_vocab(c->tokenizer)); i++)
        if (c->mask[i]) return true;
    return false;
}

/* What may follow. *ended: the grammar is complete and the vocabulary has no token to say so. */
static enum status update_mask(struct completion *c, bool *ended, struct error *err) {
    *ended = false;
    if (!c->matcher) return OK;
    const enum status st = matcher_mask(c->matcher, c->mask, err);
    if (st == ERR_INVALID && matcher_may_end(c->matcher)) {
        *ended = true;
        return OK;
    }
    if (st || !c->ignore_eos) return st;
    mask_ends(c);
    *ended = !any_token(c);
    return OK;
}

/* `id` becomes part of the answer: its characters go to `decoded`, and from there, as far as they
 * cannot be the beginning of a stop string, to `shown`. */
static void show(struct completion *c, struct completion_token *out) {
    strbuf_clear(&c->decoded);
    detokenizer_feed(&c->detokenizer, out->id, &c->decoded);
    if (!c->stops)
        strbuf_append(&c->shown, strbuf_str(&c->decoded), c->decoded.n);
    else if (stops_feed(c->stops, strbuf_str(&c->decoded), c->decoded.n, &c->shown,
                        &out->stop_index))
        out->stop = COMPLETION_WORD;
}

static void show_rest(struct completion *c) {
    strbuf_clear(&c->decoded);
    detokenizer_finish(&c->detokenizer, &c->decoded);
    size_t which;
    if (!c->stops)
        strbuf_append(&c->shown, strbuf_str(&c->decoded), c->decoded.n);
    else if (!stops_feed(c->stops, strbuf_str(&c->decoded), c->decoded.n, &c->shown, &which))
        stops_finish(c->stops, &c->shown);
}

struct bytes completion_finish(struct completion *c) {
    strbuf_clear(&c->shown);
    show_rest(c);
    return (struct bytes){strbuf_str(&c->shown), c->shown.n};
}

/* The token was drawn: goes on with history, grammar and text, or ends. */
static enum status take(struct completion *c, struct completion_token *out, struct error *err) {
    if (tokenizer_is_end(c->tokenizer, out->id) && !c->ignore_eos) {
        out->stop = COMPLETION_END;
        return OK;
    }
    enum status st = sampler_accept(c->sampler, &out->id, 1, err);
    if (!st && c->matcher) st = matcher_accept(c->matcher, out->id, err);
    if (st) return st;
    show(c, out);
    c->n_taken++;
    if (c->n_taken == 1) c->first_ms = clock_ms();
    if (out->stop == COMPLETION_GOES_ON && c->n_taken >= c->n_predict) out->stop = COMPLETION_LIMIT;
    if (out->stop == COMPLETION_GOES_ON && c->time_max_ms > 0 &&
        clock_ms() - c->first_ms >= c->time_max_ms)
        out->stop = COMPLETION_TIME;
    return OK;
}

enum status completion_next(struct completion *c, struct completion_token *out, float *logits,
                            struct error *err) {
    bool ended;
    *out = (struct completion_token){.id = -1, .top = c->top};
    strbuf_clear(&c->shown);
    enum status st = update_mask(c, &ended, err);
    if (st) return st;
    if (ended) {
        out->stop = COMPLETION_END;
    } else {
        st = sampler_draw(c->sampler, &out->id, logits, c->mask, err);
        if (!st && c->wants_logprobs)
            out->n_top = sampler_logprobs(c->sampler, c->logprobs_after, &out->logprob, c->top,
                                          c->n_logprobs);
        if (!st) st = take(c, out, err);
        if (st) return st;
    }
    if (out->stop != COMPLETION_GOES_ON && out->stop != COMPLETION_WORD) show_rest(c);
    if (c->shown.failed || c->decoded.failed)
        return fail(err, ERR_NOMEM, _("not enough memory for the text of an answer"));
    out->text = (struct bytes){strbuf_str(&c->shown), c->shown.n};
    return OK;
}
