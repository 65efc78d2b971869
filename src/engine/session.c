/* SPDX-License-Identifier: MIT
 *
 * A session: one cache, one scratch, one owner.
 */
#include <math.h>

#include "base/intl.h"
#include "base/mem.h"
#include "base/sysmem.h"
#include "engine/internal.h"

enum { BATCH_DEFAULT = 256, CTX_DEFAULT_MAX = 8192 };

struct session {
    struct engine *engine;
    struct kv_cache *kv;
    struct forward *forward;
    size_t n_ctx, n_batch;
    uint32_t *seqs; /* [n_batch]: session_feed's */
};

/* Options with the defaults put in. */
static struct session_options completed(const struct engine *e, const struct session_options *opt) {
    struct session_options o = *opt;
    const size_t trained = engine_hparams(e)->n_ctx_train;
    if (!o.n_ctx) o.n_ctx = trained && trained < CTX_DEFAULT_MAX ? trained : CTX_DEFAULT_MAX;
    if (!o.n_batch) o.n_batch = BATCH_DEFAULT;
    if (!o.n_seq_max) o.n_seq_max = 1;
    if (!o.n_positions && !size_mul(&o.n_positions, o.n_ctx, o.n_seq_max)) o.n_positions = SIZE_MAX;
    return o;
}

static struct kv_shape cache_shape(const struct engine *e, const struct session_options *o) {
    struct kv_shape shape = model_kv_shape(e->model);
    shape.type = o->cache_type;
    shape.n_ctx = o->n_ctx;
    shape.n_seq_max = o->n_seq_max;
    shape.n_positions = o->n_positions;
    return shape;
}

static struct forward_options forward_of(struct engine *e, const struct session_options *o) {
    return (struct forward_options){
        .kernels = &e->kernels, .pool = e->pool, .n_batch = o->n_batch, .n_ctx = o->n_ctx};
}

static enum status measure(struct session_memory *out, const struct engine *e,
                           const struct session_options *o, struct error *err) {
    const struct kv_shape shape = cache_shape(e, o);
    const struct forward_options forward = forward_of((struct engine *)(uintptr_t)e, o);
    const enum status st = kv_cache_check_shape(&shape, err);
    if (st) return st;
    out->weights = e->gguf->map_bytes;
    if (!kv_cache_memory(&out->cache, &shape) || !forward_memory(&out->scratch, e->model, &forward))
        return fail(err, ERR_NOMEM, _("a context of %zu and batches of %zu tokens are too large"),
                    o->n_ctx, o->n_batch);
    return OK;
}

enum status session_measure(struct session_memory *out, const struct engine *e,
                            const struct session_options *opt, struct error *err) {
    const struct session_options o = completed(e, opt);
    return measure(out, e, &o, err);
}

static double gib(size_t bytes) {
    return (double)bytes / (double)(1u << 30);
}

/* The mapped file can be dropped and read again by the system, but a model that does not fit beside
 * its cache would be read again for every token: that is refused too. */
static enum status check_memory(const struct engine *e, const struct session_options *o,
                                struct error *err) {
    struct session_memory need;
    size_t total;
    const enum status st = measure(&need, e, o, err);
    if (st) return st;
    const size_t available = sysmem_available(need.weights);
    if (size_add(&total, need.cache, need.scratch) && size_add(&total, total, need.weights) &&
        total <= available)
        return OK;
    return fail(
        err, ERR_NOMEM,
        _("not enough memory: %s needs %.2f GiB (weights %.2f, cache %.2f for a context of "
          "%zu, scratch %.2f) and %.2f are available; use a smaller context, a q8_0 cache or "
          "a smaller model"),
        e->gguf->path, gib(need.weights) + gib(need.cache) + gib(need.scratch), gib(need.weights),
        gib(need.cache), o->n_ctx, gib(need.scratch), gib(available));
}

enum status session_open(struct session **out, struct engine *e, const struct session_options *opt,
                         struct error *err) {
    const struct session_options o = completed(e, opt);
    enum status st = check_memory(e, &o, err);
    if (st) return st;
    struct session *s = mem_zalloc(sizeof(*s));
    if (!s) return fail(err, ERR_NOMEM, _("not enough memory for a session"));
    const struct kv_shape shape = cache_shape(e, &o);
    const struct forward_options forward = forward_of(e, &o);
    s->engine = e;
    s->n_ctx = o.n_ctx;
    s->n_batch = o.n_batch;
    s->seqs = mem_alloc(o.n_batch * sizeof(*s->seqs));
    if (!s->seqs) st = fail(err, ERR_NOMEM, _("not enough memory for a session"));
    if (!st) st = kv_cache_open(&s->kv, &shape, err);
    if (!st) st = forward_open(&s->forward, e->model, &forward, err);
    if (st) {
        session_close(s);
        return st;
    }
    *out = s;
    return OK;
}

void session_close(struct session *s) {
    if (!s) return;
    forward_close(s->forward);
    kv_cache_close(s->kv);
    mem_free(s->seqs);
    mem_free(s);
}

size_t session_n_ctx(const struct session *s) {
    return s->n_ctx;
}

size_t session_n_batch(const struct session *s) {
    return s->n_batch;
}

size_t session_n_vocab(const struct session *s) {
    return engine_hparams(s->engine)->n_vocab;
}

size_t session_length(const struct session *s, size_t seq) {
    return seq < s->kv->shape.n_seq_max ? s->kv->sequences[seq].length : 0;
}

enum status session_run(struct session *s, const struct batch *batch, struct error *err) {
    return forward_run(s->forward, s->kv, batch, err);
}

/* Room for n more positions of a sequence? Nothing is changed. */
static enum status check_room(struct session *s, size_t seq, size_t n, struct error *err) {
    const size_t before = session_length(s, seq);
    for (size_t i = 0; i < s->kv->shape.n_seq_max; i++)
        s->kv->n_new[i] = i == seq ? n : 0;
    const enum status st = kv_cache_extend(s->kv, s->kv->n_new, err);
    if (!st) kv_cache_truncate(s->kv, seq, before);
    return st;
}

static enum status fail_no_sequence(const struct session *s, size_t seq, struct error *err) {
    return fail(err, ERR_INVALID, _("there is no sequence %zu; this session has %zu"), seq,
                s->kv->shape.n_seq_max);
}

enum status session_feed(struct session *s, size_t seq, const int32_t *tokens, size_t n,
                         struct error *err) {
    if (seq >= s->kv->shape.n_seq_max) return fail_no_sequence(s, seq, err);
    const size_t before = session_length(s, seq);
    enum status st = check_room(s, seq, n, err);
    size_t done = 0;
    do {
        const size_t piece = n - done < s->n_batch ? n - done : s->n_batch;
        for (size_t j = 0; j < piece; j++)
            s->seqs[j] = (uint32_t)seq;
        const struct batch batch = {.n = piece, .tokens = tokens + done, .seqs = s->seqs};
        if (!st) st = session_run(s, &batch, err);
        done += piece;
    } while (!st && done < n);
    if (st) session_truncate(s, seq, before);
    return st;
}

size_t session_n_outputs(const struct session *s) {
    return forward_n_outputs(s->forward);
}

void session_logits(struct session *s, size_t first, size_t n, float *out) {
    forward_logits(s->forward, first, n, out);
}

void session_truncate(struct session *s, size_t seq, size_t n_keep) {
    if (seq < s->kv->shape.n_seq_max) kv_cache_truncate(s->kv, seq, n_keep);
}

enum status session_share(struct session *s, size_t to, size_t from, size_t n, struct error *err) {
    if (to >= s->kv->shape.n_seq_max) return fail_no_sequence(s, to, err);
    if (from >= s->kv->shape.n_seq_max) return fail_no_sequence(s, from, err);
    if (n > session_length(s, from))
        return fail(err, ERR_INVALID,
                    _("sequence %zu has %zu positions, fewer than the %zu to share"), from,
                    session_length(s, from), n);
    kv_cache_share(s->kv, to, from, n);
    return OK;
}

int32_t logits_argmax(const float *logits, size_t n_vocab) {
    int32_t best = -1;
    for (size_t i = 0; i < n_vocab; i++)
        if (!isnan(logits[i]) && (best < 0 || logits[i] > logits[best])) best = (int32_t)i;
    return best;
}
