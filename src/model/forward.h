/* SPDX-License-Identifier: MIT
 *
 * The steps a forward pass is told in. An architecture's file calls them in its own order; each
 * works on all tokens of the batch and on all threads.
 *
 *   hidden   [n][n_embd]   the stream that layers add to
 *   normed   [n][n_embd]   what a norm made of it: the input of products
 *   q k v    [n][heads * head_dim]
 *   mixed    [n][n_head * head_dim]   what attention gathered
 *   gate up  [n][n_ff]
 *   delta    [n][n_embd]   what a block is about to add
 */
#ifndef SIGILO_MODEL_FORWARD_H
#define SIGILO_MODEL_FORWARD_H

#include "kernels/matmul.h"
#include "model/attention.h"
#include "model/bind.h"
#include "model/model.h"
#include "model/rope.h"

struct linear { /* y = W x + bias */
    struct matrix w;
    const float *bias; /* [w.m] or NULL */
};

struct layer {
    const float *attn_norm; /* [n_embd] */
    struct linear wq, wk, wv, wo;
    const float *attn_post_norm; /* [n_embd]; gemma2 */
    const float *ffn_norm;       /* [n_embd] */
    struct matrix gate, up, down;
    const float *ffn_post_norm; /* [n_embd]; gemma2 */
    size_t window;              /* 0: every earlier token is seen */
};

struct model {
    struct hparams hp;
    const struct architecture *arch;
    struct matrix token_embd; /* [n_vocab][n_embd] */
    struct matrix output;     /* [n_vocab][n_embd]; may be token_embd */
    const float *output_norm; /* [n_embd] */
    struct layer *layers;     /* [n_layer] */
    float embedding_scale;    /* multiplies embeddings */
    float attention_scale;    /* multiplies scores */
    float attention_cap;      /* 0: none */
    float logits_cap;         /* 0: none */
    enum rope_pairs rope_pairs;
    const float *rope_factors;      /* [rope_dim / 2] or NULL */
    const float *rope_factors_long; /* the set for contexts above n_ctx_original, or NULL */
    unsigned types;                 /* OR of 1u << enum dtype of all matrices */
    size_t k_max;                   /* the widest of them */
};

struct architecture {
    const char *name; /* general.architecture */
    /* Binds layers and what the model has beside them; embeddings, output and its norm are bound.
     */
    enum status (*bind)(struct model *m, struct binder *b);
    /* hidden holds the embeddings; afterwards it holds what the last layer left. */
    void (*layers)(const struct model *m, struct forward *f);
};

extern const struct architecture architecture_llama, architecture_qwen2, architecture_phi3,
    architecture_gemma2;

struct forward {
    const struct model *model;
    const struct kernels *kernels;
    struct pool *pool;
    struct matmul matmul;
    struct rope rope;
    struct attention attention;
    size_t n_batch;
    unsigned char *storage; /* all buffers below */
    size_t storage_bytes;
    float *hidden, *normed, *q, *k, *v, *mixed, *gate, *up, *delta;
    float *turns;      /* [n][rope pairs][2] */
    size_t *positions; /* [n] */
    uint32_t *seqs;    /* [n] */
    float *outputs;    /* [n_outputs][n_embd]: normed rows that logits are made of */
    size_t n_outputs;
    /* while a batch runs */
    size_t n;
    struct kv_cache *kv;
};

/* to = norm(from) * weight, [n][n_embd]; to may be from. */
void step_norm(struct forward *f, float *to, const float *from, const float *weight);

/* The rows that the products after it multiply: [f->n][k]. */
void step_input(struct forward *f, const float *x, size_t k);

/* y [n][w.m] = W x + bias, x being step_input's. */
void step_linear(struct forward *f, float *y, const struct linear *w);
void step_matrix(struct forward *f, float *y, const struct matrix *w);

/* Turns q and k by their positions. */
void step_rotate(struct forward *f);

/* Stores k and v of this layer in the cache, and gathers: mixed = attention of q. */
void step_attend(struct forward *f, size_t layer);

/* gate = fn(gate) * up */
void step_gate(struct forward *f, gate_fn *fn);

/* hidden += delta */
void step_add(struct forward *f);

/* --- parts that several architectures share --- */

/* Norm, q k v, rotation, attention, output: delta is what attention adds. */
void part_attention(struct forward *f, size_t layer);

/* Norm, gate and up, down: delta is what the inner layer adds. */
void part_feed_forward(struct forward *f, size_t layer, gate_fn *fn);

/* Every layer: attention added, then the inner layer with silu added. */
void part_plain_layers(const struct model *m, struct forward *f);

/* attn_q, attn_k, attn_v, attn_output with their biases if the file has them. */
enum status bind_attention(struct model *m, struct binder *b, struct layer *l);
/* ffn_gate, ffn_up, ffn_down. */
enum status bind_feed_forward(struct model *m, struct binder *b, struct layer *l);
/* Both, for every layer. */
enum status bind_plain_layers(struct model *m, struct binder *b);

#endif
