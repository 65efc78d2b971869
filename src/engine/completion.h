/* SPDX-License-Identifier: MIT
 *
 * A completion: one answer, token by token. It takes logits and gives tokens and text; it owns
 * the sampler, the place in the grammar, the half characters and the stop strings, and runs no
 * model, so that a caller may batch as many completions as it likes (engine/generate.h runs one).
 */
#ifndef SIGILO_ENGINE_COMPLETION_H
#define SIGILO_ENGINE_COMPLETION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/grammar.h"
#include "engine/sampler.h"
#include "tokenizer/tokenizer.h"

enum completion_stop {
    COMPLETION_GOES_ON = 0,
    COMPLETION_END,       /* the model said so */
    COMPLETION_WORD,      /* a stop string */
    COMPLETION_LIMIT,     /* n_predict tokens */
    COMPLETION_TIME,      /* time_max_ms */
    COMPLETION_CONTEXT,   /* no room is left (generate.h) */
    COMPLETION_CANCELLED, /* the caller said so (generate.h) */
};

/* "end", "word", "limit"...; static storage. */
const char *completion_stop_name(enum completion_stop stop);

enum { COMPLETION_LOGPROBS_MAX = 1000 };

struct completion_options { /* everything is borrowed: while opening, but for grammar and trie */
    struct sampling sampling;
    const struct grammar *grammar; /* NULL: any text; used until close */
    const struct token_trie *trie; /* with a grammar; used until close */
    const char *const *stops;      /* [n_stops], UTF-8 */
    size_t n_stops;
    size_t n_predict;    /* tokens at most; SIZE_MAX: until the answer ends */
    double time_max_ms;  /* from the first token on; 0: for ever */
    bool ignore_eos;     /* an end token is never taken, unless the grammar allows nothing else */
    bool specials;       /* special tokens appear in the text by name */
    bool at_start;       /* the answer is a text of its own: a space that only encoding put in
                            front of it is dropped */
    size_t n_logprobs;   /* likeliest tokens told for each one taken; at most
                            COMPLETION_LOGPROBS_MAX */
    bool wants_logprobs; /* of the token taken, even if n_logprobs is 0 */
    bool logprobs_after; /* after sampling; else the model's own */
};

/* All off, sampling_init, n_predict SIZE_MAX. */
void completion_options_init(struct completion_options *opt);

struct completion_token {
    int32_t id;
    struct bytes text; /* what may be shown now: whole characters, no beginning of a stop string;
                          may be empty; the completion's own, until the next call */
    enum completion_stop stop;
    size_t stop_index;               /* COMPLETION_WORD: which of the stop strings */
    struct token_logprob logprob;    /* when wanted */
    const struct token_logprob *top; /* [n_top], the completion's own, until the next call */
    size_t n_top;
};

struct completion;

/* ERR_INVALID: a setting out of range, an empty stop string; ERR_NOMEM. */
enum status completion_open(struct completion **out, const struct tokenizer *t,
                            const struct completion_options *opt, struct error *err);
void completion_close(struct completion *c); /* NULL is accepted; wipes */

/* The tokens before the answer, for penalties. */
enum status completion_prompt(struct completion *c, const int32_t *ids, size_t n,
                              struct error *err);

/* Takes the next token by the logits [n_vocab of the tokenizer], which are changed. When `stop` is
 * COMPLETION_GOES_ON or _LIMIT, `id` belongs to the answer; the id of _END and what followed a stop
 * string do not. After a stop nothing more may be asked. */
enum status completion_next(struct completion *c, struct completion_token *out, float *logits,
                            struct error *err);

/* The text still held back, when a caller ends the answer by itself; the completion's own. */
struct bytes completion_finish(struct completion *c);

uint64_t completion_seed(const struct completion *c);

#endif
