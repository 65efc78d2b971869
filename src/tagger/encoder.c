/* SPDX-License-Identifier: MIT
 *
 * The encoder's passes.
 */
#include "tagger/encoder.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/intl.h"
#include "model/bind.h"

enum { ALIGNMENT = 128, SHAPE_MAX = 4096, LAYERS_MAX = 64 };
static const float EPSILON = 1e-6f;
static const double ROPE_BASE = 10000;

/* ---- opening ---- */

static enum status read_shape(struct encoder_shape *out, const struct gguf *g, struct error *err) {
    static const char *const keys[] = {"tagger.width", "tagger.layers", "tagger.heads",
                                       "tagger.inner", "tagger.window"};
    uint32_t v[5];
    for (size_t i = 0; i < 5; i++) {
        const enum status st = gguf_get_u32(g, &v[i], keys[i], err);
        if (st) return st;
        if (v[i] == 0 || v[i] > SHAPE_MAX)
            return fail(err, ERR_INVALID, _("%s: %s is %u; it must be from 1 to %d"), g->path,
                        keys[i], v[i], SHAPE_MAX);
    }
    *out = (struct encoder_shape){
        .width = v[0], .layers = v[1], .heads = v[2], .inner = v[3], .window = v[4]};
    if (v[1] > LAYERS_MAX || v[0] % v[2] || v[0] / v[2] % 2 || v[0] % 32 || v[3] % 32)
        return fail(err, ERR_INVALID,
                    _("%s: a tagger of width %u, %u layers, %u heads and %u inner units cannot be: "
                      "widths go by 32, heads are of even size"),
                    g->path, v[0], v[1], v[2], v[3]);
    return OK;
}

static enum status pack(struct encoder_weights *w, const struct encoder *e, struct error *err) {
    const struct gemm *g = &e->kernels.gemm[w->w.type];
    if (!g->pack) return OK;
    const size_t n_panels = (w->w.m + g->mr - 1) / g->mr;
    w->packed = mem_alloc_aligned(n_panels * g->panel_bytes(w->w.k), ALIGNMENT);
    if (!w->packed) return fail(err, ERR_NOMEM, _("not enough memory for the tagger"));
    g->pack(w->w.type, w->packed, w->w.m, w->w.k, w->w.data);
    return OK;
}

static enum status bind_packed(struct encoder_weights *out, struct encoder *e, struct binder *b,
                               const char *name, size_t m, size_t k) {
    const enum status st = bind_matrix(b, &out->w, name, m, k);
    return st ? st : pack(out, e, b->err);
}

static enum status bind_layer(struct encoder_layer *l, struct encoder *e, struct binder *b) {
    const size_t width = e->shape.width, inner = e->shape.inner;
    enum status st = bind_vector(b, &l->attn_norm, "attn_norm", width);
    if (!st) st = bind_packed(&l->qkv, e, b, "attn_qkv", 3 * width, width);
    if (!st) st = bind_packed(&l->out, e, b, "attn_output", width, width);
    if (!st) st = bind_vector(b, &l->ffn_norm, "ffn_norm", width);
    if (!st) st = bind_packed(&l->gate, e, b, "ffn_gate", inner, width);
    if (!st) st = bind_packed(&l->up, e, b, "ffn_up", inner, width);
    if (!st) st = bind_packed(&l->down, e, b, "ffn_down", width, inner);
    return st;
}

static enum status bind_all(struct encoder *e, struct binder *b, size_t n_rows) {
    const size_t width = e->shape.width;
    enum status st = bind_matrix(b, &e->embedding, "token_embd", n_rows, width);
    if (!st) st = bind_vector(b, &e->norm_in, "token_embd_norm", width);
    if (!st) st = bind_vector(b, &e->norm_out, "output_norm", width);
    if (!st) st = bind_packed(&e->tags, e, b, "output", e->shape.n_tags, width);
    if (!st) st = bind_opt_bias(b, &e->tag_bias, "output", e->shape.n_tags);
    for (size_t i = 0; !st && i < e->shape.layers; i++) {
        b->layer = (int)i;
        st = bind_layer(&e->layers[i], e, b);
    }
    return st ? st : binder_finish(b, "sigilo-tagger");
}

/* Pair j of a head turns by position / base^(2j / head_dim). */
static void fill_turns(struct encoder *e) {
    const size_t half = e->shape.width / e->shape.heads / 2;
    for (size_t at = 0; at < e->shape.window; at++)
        for (size_t j = 0; j < half; j++) {
            const double angle = (double)at * pow(ROPE_BASE, -(double)j / (double)half);
            e->turns[(at * half + j) * 2] = (float)cos(angle);
            e->turns[(at * half + j) * 2 + 1] = (float)sin(angle);
        }
}

enum status encoder_open(struct encoder *out, const struct gguf *g, size_t n_rows, size_t n_tags,
                         const char *isa, struct error *err) {
    struct encoder e = {0};
    struct binder b;
    enum status st = read_shape(&e.shape, g, err);
    if (!st) st = kernels_init(&e.kernels, isa, cpu_features(), err);
    if (st) return st;
    e.shape.n_tags = n_tags;
    e.layers = mem_zalloc(e.shape.layers * sizeof(*e.layers));
    e.turns = mem_alloc(e.shape.window * e.shape.width / e.shape.heads * sizeof(float));
    if (!e.layers || !e.turns)
        st = fail(err, ERR_NOMEM, _("not enough memory for the tagger"));
    else
        fill_turns(&e);
    if (!st) st = binder_init(&b, g, err);
    if (!st) {
        st = bind_all(&e, &b, n_rows);
        binder_release(&b);
    }
    if (st) encoder_release(&e);
    *out = e;
    return st;
}

void encoder_release(struct encoder *e) {
    for (size_t i = 0; e->layers && i < e->shape.layers; i++) {
        struct encoder_layer *l = &e->layers[i];
        struct encoder_weights *const all[] = {&l->qkv, &l->out, &l->gate, &l->up, &l->down};
        for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
            mem_free(all[k]->packed);
    }
    mem_free(e->tags.packed);
    mem_free(e->layers);
    mem_free(e->turns);
    *e = (struct encoder){0};
}

/* ---- scratch ---- */

struct encoder_scratch {
    float *hidden, *normed, *delta; /* [window][width] */
    float *qkv;                     /* [window][3 * width] */
    float *gate, *up;               /* [window][inner] */
    float *head;                    /* [3][window][head_dim]: one head's queries, keys, values */
    float *gathered;                /* [ATTENTION_BLOCK][head_dim] */
    float *weights;                 /* [ATTENTION_BLOCK][ATTENTION_BLOCK] */
    float *row;                     /* [width] */
    void *quantized;                /* [window] rows of activations */
    float *floats;                  /* all of the above */
    size_t n_floats, quantized_bytes;
};

static size_t quantized_bytes(const struct encoder *e) {
    const size_t k = e->shape.width > e->shape.inner ? e->shape.width : e->shape.inner;
    size_t largest = 0;
    for (int act = ACT_F32 + 1; act < ACT_N; act++)
        if (k % 256 == 0 || act == ACT_Q8_32) {
            const size_t bytes = act_row_bytes((enum act)act, k);
            if (bytes > largest) largest = bytes;
        }
    return e->shape.window * largest;
}

struct encoder_scratch *encoder_scratch_new(const struct encoder *e) {
    const size_t w = e->shape.window, d = e->shape.width, dim = d / e->shape.heads;
    const size_t sizes[] = {w * d,
                            w * d,
                            w * d,
                            3 * w * d,
                            w * e->shape.inner,
                            w * e->shape.inner,
                            3 * w * dim,
                            ATTENTION_BLOCK * dim,
                            (size_t)ATTENTION_BLOCK * ATTENTION_BLOCK,
                            d};
    struct encoder_scratch *s = mem_zalloc(sizeof(*s));
    if (!s) return NULL;
    float **const parts[] = {&s->hidden, &s->normed, &s->delta,    &s->qkv,     &s->gate,
                             &s->up,     &s->head,   &s->gathered, &s->weights, &s->row};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        s->n_floats += sizes[i];
    s->quantized_bytes = quantized_bytes(e);
    s->floats = mem_alloc_aligned(s->n_floats * sizeof(float), ALIGNMENT);
    s->quantized = mem_alloc_aligned(s->quantized_bytes, ALIGNMENT);
    if (!s->floats || !s->quantized) {
        encoder_scratch_free(s);
        return NULL;
    }
    float *at = s->floats;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        *parts[i] = at;
        at += sizes[i];
    }
    return s;
}

void encoder_scratch_free(struct encoder_scratch *s) {
    if (!s) return;
    if (s->floats) mem_wipe_free(s->floats, s->n_floats * sizeof(float));
    if (s->quantized) mem_wipe_free(s->quantized, s->quantized_bytes);
    mem_free(s);
}

/* ---- passes ---- */

/* The activations of the products that follow, in the form that weights of `type` take. */
static const void *activations(const struct encoder *e, struct encoder_scratch *s,
                               const struct encoder_weights *w, const float *x, size_t n) {
    const enum act act = e->kernels.gemm[w->w.type].act;
    const size_t k = w->w.k;
    if (act == ACT_F32) return x;
    const size_t bytes = act_row_bytes(act, k);
    for (size_t i = 0; i < n; i++)
        e->kernels.quantize[act](k, x + i * k, (unsigned char *)s->quantized + i * bytes);
    return s->quantized;
}

static void product(const struct encoder *e, const struct encoder_weights *w, const void *x,
                    float *y, size_t n) {
    const struct gemm *g = &e->kernels.gemm[w->w.type];
    g->run(w->w.type, w->w.m, n, w->w.k, w->packed ? w->packed : w->w.data, x, y, w->w.m);
}

static void norm(const struct encoder *e, const float *x, const float *weight, float *y, size_t n) {
    const size_t width = e->shape.width;
    for (size_t i = 0; i < n; i++)
        e->kernels.rms_norm(width, x + i * width, weight, EPSILON, y + i * width);
}

static void embed(const struct encoder *e, struct encoder_scratch *s, const struct features *f,
                  const unsigned char *text, const struct tagger_unit *units, size_t n) {
    const size_t width = e->shape.width;
    const size_t row_bytes = dtype_row_bytes(e->embedding.type, width);
    decode_fn *decode = e->kernels.decode[e->embedding.type];
    uint32_t rows[TAGGER_ROWS_MAX];
    for (size_t i = 0; i < n; i++) {
        float *x = s->hidden + i * width;
        const size_t n_rows = features_rows(f, text, &units[i], rows);
        memset(x, 0, width * sizeof(*x));
        for (size_t r = 0; r < n_rows; r++) {
            decode(width, (const unsigned char *)e->embedding.data + rows[r] * row_bytes, s->row);
            e->kernels.add(width, x, s->row);
        }
    }
    norm(e, s->hidden, e->norm_in, s->hidden, n);
}

/* One head's vectors, one after the other, turned by their places. `part`: 0 queries, 1 keys. */
static void take_head(const struct encoder *e, const struct encoder_scratch *s, size_t head,
                      size_t part, size_t n, float *out) {
    const size_t width = e->shape.width, dim = width / e->shape.heads, half = dim / 2;
    for (size_t i = 0; i < n; i++) {
        const float *from = s->qkv + i * 3 * width + part * width + head * dim;
        const float *turn = e->turns + i * dim;
        float *to = out + i * dim;
        if (part == 2) {
            memcpy(to, from, dim * sizeof(*to));
            continue;
        }
        for (size_t j = 0; j < half; j++) {
            const float cosine = turn[2 * j], sine = turn[2 * j + 1];
            to[j] = from[j] * cosine - from[j + half] * sine;
            to[j + half] = from[j] * sine + from[j + half] * cosine;
        }
    }
}

/* ATTENTION_BLOCK queries over all keys, block by block, with a softmax carried along
 * (Milakov and Gimelshein, arXiv:1805.02867). */
static void attend_block(const struct encoder *e, struct encoder_scratch *s, const float *q,
                         size_t n_queries, const float *keys, const float *values, size_t n,
                         float *sum) {
    const size_t dim = e->shape.width / e->shape.heads;
    const float scale = 1.0f / sqrtf((float)dim);
    float max[ATTENTION_BLOCK], keep[ATTENTION_BLOCK];
    uint8_t lo[ATTENTION_BLOCK] = {0}, hi[ATTENTION_BLOCK];
    for (size_t i = 0; i < n_queries; i++) {
        max[i] = -INFINITY;
        sum[i] = 0;
    }
    memset(s->gathered, 0, n_queries * dim * sizeof(float));
    for (size_t at = 0; at < n; at += ATTENTION_BLOCK) {
        const size_t n_keys = n - at < ATTENTION_BLOCK ? n - at : ATTENTION_BLOCK;
        e->kernels.scores(n_keys, n_queries, dim, keys + at * dim, q, s->weights);
        for (size_t i = 0; i < n_queries; i++) {
            hi[i] = (uint8_t)n_keys;
            keep[i] = e->kernels.softmax_step(0, n_keys, scale, 0, s->weights + i * ATTENTION_BLOCK,
                                              &max[i], &sum[i]);
        }
        e->kernels.mix(n_queries, dim, lo, hi, s->weights, keep, values + at * dim, s->gathered);
    }
}

/* mixed [n][width] = attention of qkv; it goes where `normed` was. */
static void attend(const struct encoder *e, struct encoder_scratch *s, size_t n) {
    const size_t width = e->shape.width, dim = width / e->shape.heads;
    float *q = s->head, *k = q + e->shape.window * dim, *v = k + e->shape.window * dim;
    float sum[ATTENTION_BLOCK];
    for (size_t head = 0; head < e->shape.heads; head++) {
        take_head(e, s, head, 0, n, q);
        take_head(e, s, head, 1, n, k);
        take_head(e, s, head, 2, n, v);
        for (size_t at = 0; at < n; at += ATTENTION_BLOCK) {
            const size_t some = n - at < ATTENTION_BLOCK ? n - at : ATTENTION_BLOCK;
            attend_block(e, s, q + at * dim, some, k, v, n, sum);
            for (size_t i = 0; i < some; i++) {
                float *to = s->normed + (at + i) * width + head * dim;
                const float share = 1.0f / sum[i];
                for (size_t d = 0; d < dim; d++)
                    to[d] = s->gathered[i * dim + d] * share;
            }
        }
    }
}

static void layer(const struct encoder *e, struct encoder_scratch *s, const struct encoder_layer *l,
                  size_t n) {
    const size_t width = e->shape.width, inner = e->shape.inner;
    norm(e, s->hidden, l->attn_norm, s->normed, n);
    product(e, &l->qkv, activations(e, s, &l->qkv, s->normed, n), s->qkv, n);
    attend(e, s, n);
    product(e, &l->out, activations(e, s, &l->out, s->normed, n), s->delta, n);
    e->kernels.add(n * width, s->hidden, s->delta);

    norm(e, s->hidden, l->ffn_norm, s->normed, n);
    const void *x = activations(e, s, &l->gate, s->normed, n);
    product(e, &l->gate, x, s->gate, n);
    if (e->kernels.gemm[l->up.w.type].act != e->kernels.gemm[l->gate.w.type].act)
        x = activations(e, s, &l->up, s->normed, n);
    product(e, &l->up, x, s->up, n);
    e->kernels.gelu_gate(n * inner, s->gate, s->up);
    product(e, &l->down, activations(e, s, &l->down, s->gate, n), s->delta, n);
    e->kernels.add(n * width, s->hidden, s->delta);
}

void encoder_run(const struct encoder *e, struct encoder_scratch *s, const struct features *f,
                 const unsigned char *text, const struct tagger_unit *units, size_t n,
                 float *scores) {
    embed(e, s, f, text, units, n);
    for (size_t i = 0; i < e->shape.layers; i++)
        layer(e, s, &e->layers[i], n);
    norm(e, s->hidden, e->norm_out, s->normed, n);
    product(e, &e->tags, activations(e, s, &e->tags, s->normed, n), scores, n);
    for (size_t i = 0; e->tag_bias && i < n; i++)
        e->kernels.add(e->shape.n_tags, scores + i * e->shape.n_tags, e->tag_bias);
}
