/* SPDX-License-Identifier: MIT
 *
 * The steps of a forward pass, and the pass around them: check the batch, make room in the cache,
 * embed, let the architecture tell its story, keep the rows that logits are wanted of.
 */
#include "model/forward.h"

#include <assert.h>
#include <string.h>

#include "base/intl.h"
#include "base/mem.h"

enum { ALIGNMENT = 128 };

/* --- steps: rows of a batch on all threads ------------------------------------------------------
 */

struct rows { /* one step; what it does not use is NULL */
    struct forward *f;
    float *to;
    const float *from, *weight;
    size_t k;
    gate_fn *gate;
    size_t layer;
};

static void norm_rows(void *context, size_t begin, size_t end, size_t worker) {
    const struct rows *r = context;
    (void)worker;
    for (size_t j = begin; j < end; j++)
        r->f->kernels->rms_norm(r->k, r->from + j * r->k, r->weight, r->f->model->hp.norm_epsilon,
                                r->to + j * r->k);
}

void step_norm(struct forward *f, float *to, const float *from, const float *weight) {
    struct rows r = {.f = f, .to = to, .from = from, .weight = weight, .k = f->model->hp.n_embd};
    parallel_for(f->pool, f->n, 1, norm_rows, &r);
}

void step_input(struct forward *f, const float *x, size_t k) {
    matmul_set(&f->matmul, x, f->n, k);
}

void step_matrix(struct forward *f, float *y, const struct matrix *w) {
    matmul(&f->matmul, w, y, w->m);
}

static void bias_rows(void *context, size_t begin, size_t end, size_t worker) {
    const struct rows *r = context;
    (void)worker;
    for (size_t j = begin; j < end; j++)
        r->f->kernels->add(r->k, r->to + j * r->k, r->weight);
}

void step_linear(struct forward *f, float *y, const struct linear *w) {
    step_matrix(f, y, &w->w);
    if (!w->bias) return;
    struct rows r = {.f = f, .to = y, .weight = w->bias, .k = w->w.m};
    parallel_for(f->pool, f->n, 1, bias_rows, &r);
}

static void rotate_rows(void *context, size_t begin, size_t end, size_t worker) {
    const struct rows *r = context;
    const struct forward *f = r->f;
    const struct hparams *hp = &f->model->hp;
    (void)worker;
    for (size_t j = begin; j < end; j++) {
        const float *turns = f->turns + j * hp->rope_dim;
        rope_rotate(&f->rope, turns, hp->n_head, hp->head_dim,
                    f->q + j * hp->n_head * hp->head_dim);
        rope_rotate(&f->rope, turns, hp->n_head_kv, hp->head_dim,
                    f->k + j * hp->n_head_kv * hp->head_dim);
    }
}

void step_rotate(struct forward *f) {
    struct rows r = {.f = f};
    parallel_for(f->pool, f->n, 1, rotate_rows, &r);
}

static void store_rows(void *context, size_t begin, size_t end, size_t worker) {
    const struct rows *r = context;
    const struct forward *f = r->f;
    const size_t width = f->model->hp.n_head_kv * f->model->hp.head_dim;
    (void)worker;
    for (size_t j = begin; j < end; j++)
        kv_cache_store(f->kv, f->kernels, r->layer, f->seqs[j], f->positions[j], f->k + j * width,
                       f->v + j * width);
}

void step_attend(struct forward *f, size_t layer) {
    struct rows r = {.f = f, .layer = layer};
    parallel_for(f->pool, f->n, 1, store_rows, &r);
    attention_run(&f->attention, f->kv, layer, f->model->layers[layer].window, f->seqs,
                  f->positions, f->q, f->mixed);
}

static void gate_rows(void *context, size_t begin, size_t end, size_t worker) {
    const struct rows *r = context;
    (void)worker;
    for (size_t j = begin; j < end; j++)
        r->gate(r->k, r->f->gate + j * r->k, r->f->up + j * r->k);
}

void step_gate(struct forward *f, gate_fn *fn) {
    struct rows r = {.f = f, .gate = fn, .k = f->model->hp.n_ff};
    parallel_for(f->pool, f->n, 1, gate_rows, &r);
}

static void add_rows(void *context, size_t begin, size_t end, size_t worker) {
    const struct rows *r = context;
    (void)worker;
    r->f->kernels->add((end - begin) * r->k, r->f->hidden + begin * r->k,
                       r->f->delta + begin * r->k);
}

void step_add(struct forward *f) {
    struct rows r = {.f = f, .k = f->model->hp.n_embd};
    parallel_for(f->pool, f->n, 1, add_rows, &r);
}

/* --- parts --------------------------------------------------------------------------------------
 */

void part_attention(struct forward *f, size_t layer) {
    const struct layer *l = &f->model->layers[layer];
    step_norm(f, f->normed, f->hidden, l->attn_norm);
    step_input(f, f->normed, f->model->hp.n_embd);
    step_linear(f, f->q, &l->wq);
    step_linear(f, f->k, &l->wk);
    step_linear(f, f->v, &l->wv);
    step_rotate(f);
    step_attend(f, layer);
    step_input(f, f->mixed, l->wo.w.k);
    step_linear(f, f->delta, &l->wo);
}

void part_feed_forward(struct forward *f, size_t layer, gate_fn *fn) {
    const struct layer *l = &f->model->layers[layer];
    step_norm(f, f->normed, f->hidden, l->ffn_norm);
    step_input(f, f->normed, f->model->hp.n_embd);
    step_matrix(f, f->gate, &l->gate);
    step_matrix(f, f->up, &l->up);
    step_gate(f, fn);
    step_input(f, f->gate, f->model->hp.n_ff);
    step_matrix(f, f->delta, &l->down);
}

void part_plain_layers(const struct model *m, struct forward *f) {
    for (size_t i = 0; i < m->hp.n_layer; i++) {
        part_attention(f, i);
        step_add(f);
        part_feed_forward(f, i, f->kernels->silu_gate);
        step_add(f);
    }
}

enum status bind_attention(struct model *m, struct binder *b, struct layer *l) {
    const struct hparams *hp = &m->hp;
    const size_t q = hp->n_head * hp->head_dim, kv = hp->n_head_kv * hp->head_dim;
    const struct {
        struct linear *to;
        const char *name;
        size_t m, k;
    } linears[] = {
        {&l->wq, "attn_q", q, hp->n_embd},
        {&l->wk, "attn_k", kv, hp->n_embd},
        {&l->wv, "attn_v", kv, hp->n_embd},
        {&l->wo, "attn_output", hp->n_embd, q},
    };
    enum status st = bind_vector(b, &l->attn_norm, "attn_norm", hp->n_embd);
    for (size_t i = 0; !st && i < sizeof(linears) / sizeof(linears[0]); i++) {
        st = bind_matrix(b, &linears[i].to->w, linears[i].name, linears[i].m, linears[i].k);
        if (!st) st = bind_opt_bias(b, &linears[i].to->bias, linears[i].name, linears[i].m);
    }
    return st;
}

enum status bind_feed_forward(struct model *m, struct binder *b, struct layer *l) {
    const size_t n_embd = m->hp.n_embd, n_ff = m->hp.n_ff;
    enum status st;
    if ((st = bind_vector(b, &l->ffn_norm, "ffn_norm", n_embd))) return st;
    if ((st = bind_matrix(b, &l->gate, "ffn_gate", n_ff, n_embd))) return st;
    if ((st = bind_matrix(b, &l->up, "ffn_up", n_ff, n_embd))) return st;
    return bind_matrix(b, &l->down, "ffn_down", n_embd, n_ff);
}

enum status bind_plain_layers(struct model *m, struct binder *b) {
    enum status st = OK;
    for (size_t i = 0; !st && i < m->hp.n_layer; i++) {
        b->layer = (int)i;
        st = bind_attention(m, b, &m->layers[i]);
        if (!st) st = bind_feed_forward(m, b, &m->layers[i]);
    }
    return st;
}

/* --- memory -------------------------------------------------------------------------------------
 */

/* Floats a token: what attention uses and what the inner layer uses are never in use together, so
 * they share one stretch. */
struct widths {
    size_t embd, q, kv, ff, shared;
};

static struct widths widths_of(const struct hparams *hp) {
    struct widths w = {
        .embd = hp->n_embd,
        .q = hp->n_head * hp->head_dim,
        .kv = hp->n_head_kv * hp->head_dim,
        .ff = hp->n_ff,
    };
    const size_t attention = 2 * w.q + 2 * w.kv, inner = 2 * w.ff;
    w.shared = attention > inner ? attention : inner;
    return w;
}

static bool storage_size(size_t *size_bytes, const struct hparams *hp, size_t n_batch) {
    const struct widths w = widths_of(hp);
    const size_t token = (3 * w.embd + w.shared + hp->rope_dim) * sizeof(float) + sizeof(size_t) +
                         sizeof(uint32_t);
    return size_mul(size_bytes, n_batch, token);
}

static struct attention_options attention_of(const struct model *m,
                                             const struct forward_options *opt) {
    return (struct attention_options){
        .kernels = opt->kernels,
        .pool = opt->pool,
        .n_head = m->hp.n_head,
        .n_head_kv = m->hp.n_head_kv,
        .head_dim = m->hp.head_dim,
        .scale = m->attention_scale,
        .cap = m->attention_cap,
        .n_batch = opt->n_batch,
    };
}

bool forward_memory(size_t *size_bytes, const struct model *m, const struct forward_options *opt) {
    const struct attention_options attention = attention_of(m, opt);
    size_t storage, products, part;
    return storage_size(&storage, &m->hp, opt->n_batch) &&
           matmul_memory(&products, opt->kernels, pool_size(opt->pool), m->types, opt->n_batch,
                         m->k_max) &&
           attention_memory(&part, &attention) && size_add(&part, part, storage) &&
           size_add(size_bytes, part, products);
}

static void lay_out(struct forward *f, const struct hparams *hp) {
    const struct widths w = widths_of(hp);
    const size_t n = f->n_batch;
    f->positions = (size_t *)(void *)f->storage;
    float *p = (float *)(void *)(f->positions + n);
    f->hidden = p;
    f->normed = f->hidden + n * w.embd;
    f->delta = f->normed + n * w.embd;
    f->turns = f->delta + n * w.embd;
    p = f->turns + n * hp->rope_dim;
    f->q = p;
    f->k = f->q + n * w.q;
    f->v = f->k + n * w.kv;
    f->mixed = f->v + n * w.kv;
    f->gate = p;
    f->up = f->gate + n * w.ff;
    f->seqs = (uint32_t *)(void *)(p + n * w.shared);
    f->outputs = f->normed; /* free between two passes */
}

static const float *rope_factors_for(const struct model *m, size_t n_ctx) {
    return m->rope_factors_long && n_ctx > m->hp.n_ctx_original ? m->rope_factors_long
                                                                : m->rope_factors;
}

enum status forward_open(struct forward **out, const struct model *m,
                         const struct forward_options *opt, struct error *err) {
    struct forward *f = mem_zalloc(sizeof(*f));
    if (!f) return fail(err, ERR_NOMEM, _("not enough memory for a session"));
    f->model = m;
    f->kernels = opt->kernels;
    f->pool = opt->pool;
    f->n_batch = opt->n_batch;
    enum status st = OK;
    const struct attention_options attention = attention_of(m, opt);
    if (!storage_size(&f->storage_bytes, &m->hp, opt->n_batch))
        st = fail(err, ERR_NOMEM, _("a batch of %zu tokens is too large"), opt->n_batch);
    if (!st) st = rope_init(&f->rope, &m->hp, m->rope_pairs, rope_factors_for(m, opt->n_ctx), err);
    if (!st)
        st = matmul_init(&f->matmul, opt->kernels, opt->pool, m->types, opt->n_batch, m->k_max,
                         err);
    if (!st) st = attention_init(&f->attention, &attention, err);
    if (!st) {
        f->storage = mem_alloc_aligned(f->storage_bytes, ALIGNMENT);
        if (!f->storage)
            st = fail(err, ERR_NOMEM, _("not enough memory: a batch of %zu tokens needs %zu bytes"),
                      opt->n_batch, f->storage_bytes);
    }
    if (st) {
        forward_close(f);
        return st;
    }
    lay_out(f, &m->hp);
    *out = f;
    return OK;
}

void forward_close(struct forward *f) {
    if (!f) return;
    rope_release(&f->rope);
    matmul_release(&f->matmul);
    attention_release(&f->attention);
    mem_wipe_free(f->storage, f->storage ? f->storage_bytes : 0);
    mem_free(f);
}

/* --- the pass -----------------------------------------------------------------------------------
 */

static enum status check_batch(const struct forward *f, const struct kv_cache *kv,
                               const struct batch *batch, struct error *err) {
    const size_t n_vocab = f->model->hp.n_vocab;
    if (batch->n == 0) return fail(err, ERR_INVALID, _("a batch without a token"));
    if (batch->n > f->n_batch)
        return fail(err, ERR_INVALID, _("a batch of %zu tokens; this session takes %zu"), batch->n,
                    f->n_batch);
    for (size_t j = 0; j < batch->n; j++) {
        if (batch->tokens[j] < 0 || (size_t)batch->tokens[j] >= n_vocab)
            return fail(err, ERR_INVALID,
                        _("token %d (number %zu of those given) is outside the vocabulary of %zu"),
                        (int)batch->tokens[j], j + 1, n_vocab);
        if (batch->seqs && batch->seqs[j] >= kv->shape.n_seq_max)
            return fail(err, ERR_INVALID, _("there is no sequence %u; this session has %zu"),
                        (unsigned)batch->seqs[j], kv->shape.n_seq_max);
    }
    return OK;
}

/* Room in the cache for all, then each token's place. */
static enum status place(struct forward *f, struct kv_cache *kv, const struct batch *batch,
                         struct error *err) {
    memset(kv->n_new, 0, kv->shape.n_seq_max * sizeof(*kv->n_new));
    for (size_t j = 0; j < batch->n; j++)
        kv->n_new[batch->seqs ? batch->seqs[j] : 0]++;
    const enum status st = kv_cache_extend(kv, kv->n_new, err);
    if (st) return st;
    for (size_t j = 0; j < batch->n; j++) {
        const uint32_t seq = batch->seqs ? batch->seqs[j] : 0;
        f->seqs[j] = seq;
        f->positions[j] = kv->sequences[seq].length - kv->n_new[seq]--;
        rope_turns(&f->rope, f->positions[j], f->turns + j * f->model->hp.rope_dim);
    }
    return OK;
}

static void embed(struct forward *f, const int32_t *tokens) {
    const struct matrix *w = &f->model->token_embd;
    const size_t row_bytes = dtype_row_bytes(w->type, w->k);
    const float scale = f->model->embedding_scale;
    for (size_t j = 0; j < f->n; j++) {
        float *to = f->hidden + j * w->k;
        f->kernels->decode[w->type](
            w->k, (const unsigned char *)w->data + (size_t)tokens[j] * row_bytes, to);
        for (size_t p = 0; scale != 1.0f && p < w->k; p++)
            to[p] *= scale;
    }
}

/* The last norm, of the rows that logits are wanted of. */
static void keep_outputs(struct forward *f, const bool *wants_logits) {
    const struct model *m = f->model;
    f->n_outputs = 0;
    for (size_t j = 0; j < f->n; j++) {
        if (wants_logits ? !wants_logits[j] : j + 1 < f->n) continue;
        f->kernels->rms_norm(m->hp.n_embd, f->hidden + j * m->hp.n_embd, m->output_norm,
                             m->hp.norm_epsilon, f->outputs + f->n_outputs++ * m->hp.n_embd);
    }
}

enum status forward_run(struct forward *f, struct kv_cache *kv, const struct batch *batch,
                        struct error *err) {
    enum status st = check_batch(f, kv, batch, err);
    if (!st) st = place(f, kv, batch, err);
    if (st) return st;
    f->n = batch->n;
    f->kv = kv;
    attention_plan(&f->attention, f->n, f->seqs, f->positions);
    embed(f, batch->tokens);
    f->model->arch->layers(f->model, f);
    keep_outputs(f, batch->wants_logits);
    return OK;
}

size_t forward_n_outputs(const struct forward *f) {
    return f->n_outputs;
}

void forward_logits(struct forward *f, size_t first, size_t n, float *out) {
    const struct model *m = f->model;
    assert(first + n <= f->n_outputs);
    matmul_set(&f->matmul, f->outputs + first * m->hp.n_embd, n, m->hp.n_embd);
    matmul(&f->matmul, &m->output, out, m->hp.n_vocab);
    for (size_t j = 0; m->logits_cap > 0 && j < n; j++)
        f->kernels->soft_cap(m->hp.n_vocab, out + j * m->hp.n_vocab, m->logits_cap);
}
