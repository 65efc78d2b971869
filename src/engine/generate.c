/* SPDX-License-Identifier: MIT
 *
 * Running one completion on one sequence: the prompt from where it parts with what the sequence
 * holds, then a token at a time.
 */
#include "engine/generate.h"

#include <string.h>

#include "base/clock.h"
#include "base/intl.h"

void sequence_release(struct sequence *s) {
    if (s->ids.data) mem_wipe(s->ids.data, s->ids.capacity * sizeof(int32_t));
    array_release(&s->ids);
}

static enum status no_memory(struct error *err) {
    return fail(err, ERR_NOMEM, _("not enough memory for the tokens"));
}

void sequence_truncate(struct sequence *s, size_t n) {
    if (n >= s->ids.n) return;
    session_truncate(s->session, s->seq, n);
    mem_wipe((int32_t *)s->ids.data + n, (s->ids.n - n) * sizeof(int32_t));
    s->ids.n = n;
}

enum status sequence_append(struct sequence *s, const int32_t *ids, size_t n, struct error *err) {
    if (!array_reserve(&s->ids, n, sizeof(*ids))) return no_memory(err);
    const enum status st = session_feed(s->session, s->seq, ids, n, err);
    for (size_t i = 0; !st && i < n; i++)
        array_push(&s->ids, &ids[i], sizeof(ids[i])); /* there is room: it was reserved */
    return st;
}

static size_t common_prefix(const struct array *held, const int32_t *ids, size_t n) {
    const int32_t *have = held->data;
    size_t i = 0;
    while (i < n && i < held->n && have[i] == ids[i])
        i++;
    return i;
}

enum status sequence_prompt(struct sequence *s, const int32_t *ids, size_t n, size_t *n_reused,
                            const atomic_bool *cancel, bool *cancelled, struct error *err) {
    const size_t n_ctx = session_n_ctx(s->session), n_batch = session_n_batch(s->session);
    *cancelled = false;
    if (n == 0) return fail(err, ERR_INVALID, _("the prompt has no tokens"));
    if (n > n_ctx)
        return fail(err, ERR_FULL, _("the prompt has %zu tokens and the context room for %zu"), n,
                    n_ctx);
    size_t done = common_prefix(&s->ids, ids, n);
    if (done == n) done--; /* the logits of the last token are wanted */
    sequence_truncate(s, done);
    if (n_reused) *n_reused = done;
    enum status st = OK;
    while (!st && done < n) {
        if (cancel && atomic_load(cancel)) {
            *cancelled = true;
            return OK;
        }
        const size_t piece = n - done < n_batch ? n - done : n_batch;
        st = sequence_append(s, ids + done, piece, err);
        done += piece;
    }
    return st;
}

/* Makes room in a full context; what stays is computed again at its new place, for keys carry the
 * place they were computed at. */
static enum status shift(struct sequence *s, const struct context_shift *how, struct error *err) {
    const size_t n = s->ids.n;
    const size_t n_keep = how->n_keep < n ? how->n_keep : n - 1;
    size_t n_discard = how->n_discard ? how->n_discard : (n - n_keep) / 2;
    if (n_discard > n - n_keep - 1) n_discard = n - n_keep - 1;
    if (n_discard == 0)
        return fail(err, ERR_FULL,
                    _("a context of %zu tokens of which %zu are to be kept has no room to shift"),
                    session_n_ctx(s->session), n_keep);
    int32_t *ids = s->ids.data;
    const size_t n_left = n - n_keep - n_discard;
    memmove(ids + n_keep, ids + n_keep + n_discard, n_left * sizeof(*ids));
    session_truncate(s->session, s->seq, n_keep);
    const enum status st = session_feed(s->session, s->seq, ids + n_keep, n_left, err);
    s->ids.n = st ? n_keep : n_keep + n_left;
    return st;
}

struct run { /* one generate() */
    struct sequence *sequence;
    const struct generate_options *opt;
    struct completion *completion;
    float *logits; /* [n_vocab of the model] */
    generate_fn *fn;
    void *context;
    struct generated *out;
};

static bool is_cancelled(const struct run *r) {
    return r->opt->cancel && atomic_load(r->opt->cancel);
}

/* Tells what was held back, when it is not the completion that ends the answer. */
static void end_early(struct run *r, enum completion_stop stop) {
    struct completion_token last = {
        .id = -1, .text = completion_finish(r->completion), .stop = stop};
    r->out->stop = stop;
    if (r->fn) r->fn(r->context, &last);
}

/* Appends the token taken, so that the next can be asked for. *full: there was no room. */
static enum status append(struct run *r, int32_t id, bool *full, struct error *err) {
    struct sequence *s = r->sequence;
    *full = s->ids.n >= session_n_ctx(s->session);
    enum status st = OK;
    if (*full && r->opt->shift.allowed) {
        *full = false;
        r->out->n_shifts++;
        st = shift(s, &r->opt->shift, err);
    }
    if (st || *full) return st;
    return sequence_append(s, &id, 1, err);
}

static enum status answer(struct run *r, struct error *err) {
    for (;;) {
        struct completion_token token;
        bool full = false;
        session_logits(r->sequence->session, 0, 1, r->logits);
        enum status st = completion_next(r->completion, &token, r->logits, err);
        if (st) return st;
        if (token.stop != COMPLETION_END) r->out->n_answer++;
        const bool go_on = !r->fn || r->fn(r->context, &token);
        r->out->stop = token.stop;
        r->out->stop_index = token.stop_index;
        if (token.stop != COMPLETION_GOES_ON) return OK;
        if (!go_on || is_cancelled(r)) {
            end_early(r, COMPLETION_CANCELLED);
            return OK;
        }
        st = append(r, token.id, &full, err);
        if (st) return st;
        if (full) {
            end_early(r, COMPLETION_CONTEXT);
            return OK;
        }
    }
}

static enum status run(struct run *r, const int32_t *ids, size_t n, struct error *err) {
    bool cancelled;
    const double start_ms = clock_ms();
    enum status st = sequence_prompt(r->sequence, ids, n, &r->out->n_reused, r->opt->cancel,
                                     &cancelled, err);
    const double first_ms = clock_ms();
    r->out->prompt_ms = first_ms - start_ms;
    if (st) return st;
    if (cancelled)
        end_early(r, COMPLETION_CANCELLED);
    else
        st = answer(r, err);
    r->out->answer_ms = clock_ms() - first_ms;
    return st;
}

enum status generate(struct sequence *s, const struct tokenizer *t, const int32_t *ids, size_t n,
                     const struct generate_options *opt, generate_fn *fn, void *context,
                     struct generated *out, struct error *err) {
    struct run r = {.sequence = s, .opt = opt, .fn = fn, .context = context, .out = out};
    const size_t n_vocab = session_n_vocab(s->session);
    *out = (struct generated){.n_prompt = n};
    enum status st = completion_open(&r.completion, t, &opt->completion, err);
    if (st) return st;
    out->seed = completion_seed(r.completion);
    r.logits = mem_alloc(n_vocab * sizeof(float));
    if (!r.logits) st = fail(err, ERR_NOMEM, _("not enough memory for logits"));
    if (!st) st = completion_prompt(r.completion, ids, n, err);
    if (!st) st = run(&r, ids, n, err);
    if (r.logits) mem_wipe_free(r.logits, n_vocab * sizeof(float));
    completion_close(r.completion);
    return st;
}
