/* SPDX-License-Identifier: MIT
 *
 * model: from tokens to logits. A model is bound once, to an open GGUF file, and never written
 * again; any thread may read it. What changes from token to token lies in a struct forward
 * (scratch, sized once: a forward pass allocates nothing) and a struct kv_cache.
 *
 * One file an architecture (llama.c, qwen2.c, phi3.c, gemma2.c), over the steps of forward.h. How
 * to add one: docs/adding-an-architecture.md.
 */
#ifndef SIGILO_MODEL_MODEL_H
#define SIGILO_MODEL_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/threads.h"
#include "gguf/gguf.h"
#include "kernels/kernels.h"
#include "model/hparams.h"
#include "model/kv_cache.h"

struct model;
struct forward;

/* Binds a file's tensors; `g` is borrowed until close. ERR_UNSUPPORTED: an architecture, a tensor
 * or a quantity this program does not compute; ERR_NOT_FOUND, ERR_INVALID: keys and tensors that
 * are missing or have the wrong shape, named. */
enum status model_open(struct model **out, const struct gguf *g, struct error *err);
void model_close(struct model *m); /* NULL is accepted */

const struct hparams *model_hparams(const struct model *m);

/* The part of a cache's shape that the model decides; the rest is 0. */
struct kv_shape model_kv_shape(const struct model *m);

/* What one token costs. */
struct model_weights {
    size_t token_bytes;   /* weights read for a token that wants logits */
    size_t layer_macs;    /* products of all layers, the output left out */
    enum dtype main_type; /* the format of most of those products */
};
struct model_weights model_weights(const struct model *m);

/* What goes through the layers together: tokens in the order given; each is appended to its
 * sequence. Tokens of one sequence stand in its order; sequences may be mixed. */
struct batch {
    size_t n;
    const int32_t *tokens;    /* [n] */
    const uint32_t *seqs;     /* [n]; NULL: all of sequence 0 */
    const bool *wants_logits; /* [n]; NULL: the last token alone */
};

struct forward_options {
    const struct kernels *kernels; /* borrowed */
    struct pool *pool;             /* borrowed */
    size_t n_batch;                /* tokens a batch may hold */
    size_t n_ctx;                  /* decides which set of RoPE factors phi3 takes */
};

/* Bytes forward_open would allocate; false when that would wrap. */
bool forward_memory(size_t *size_bytes, const struct model *m, const struct forward_options *opt);

enum status forward_open(struct forward **out, const struct model *m,
                         const struct forward_options *opt, struct error *err);
void forward_close(struct forward *f); /* NULL is accepted; wipes */

/* Runs a batch and appends it to the cache. ERR_INVALID: no token, more than n_batch, a token or a
 * sequence that does not exist; ERR_FULL: no room. Cache and outputs are then unchanged. */
enum status forward_run(struct forward *f, struct kv_cache *kv, const struct batch *batch,
                        struct error *err);

/* How many tokens of the last batch asked for logits. */
size_t forward_n_outputs(const struct forward *f);

/* Logits of outputs [first, first + n), in the order of the batch: out [n][n_vocab], f32. They are
 * computed here, from what the pass left, so a caller takes as many at once as it has room for. */
void forward_logits(struct forward *f, size_t first, size_t n, float *out);

#endif
