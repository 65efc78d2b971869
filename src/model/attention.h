/* SPDX-License-Identifier: MIT
 *
 * Attention over the cache: every query walks the blocks of its own sequence from the first it sees
 * to its own, with a softmax that is carried along (Milakov and Gimelshein, arXiv:1805.02867; in
 * blocks: Dao et al., arXiv:2205.14135). What a query computes depends on its sequence and position
 * alone; queries go through a block together only so that its keys and values are fetched once.
 */
#ifndef SIGILO_MODEL_ATTENTION_H
#define SIGILO_MODEL_ATTENTION_H

#include "base/threads.h"
#include "kernels/kernels.h"
#include "model/kv_cache.h"

/* Queries that go through a block together: neighbouring tokens, and all query heads that share a
 * head of keys and values. */
enum { ATTENTION_QUERIES = 64 };

struct attention_tile {
    size_t first_token, n_tokens; /* of one sequence, one after the other */
    size_t first_pair, n_pairs;   /* of the (token, query head) pairs of those tokens */
};

struct attention {
    const struct kernels *kernels;
    struct pool *pool;
    size_t n_head, n_head_kv, head_dim;
    float scale, cap;             /* cap 0: none */
    struct attention_tile *tiles; /* [n_tiles] of the batch */
    size_t n_tiles;
    unsigned char *scratch; /* [pool_size][scratch_bytes] */
    size_t scratch_bytes;
};

struct attention_options {
    const struct kernels *kernels;
    struct pool *pool;
    size_t n_head, n_head_kv, head_dim;
    float scale, cap;
    size_t n_batch;
};

bool attention_memory(size_t *size_bytes, const struct attention_options *opt);
enum status attention_init(struct attention *a, const struct attention_options *opt,
                           struct error *err);
void attention_release(struct attention *a); /* wipes */

/* Cuts a batch into tiles: once a batch, it serves all layers. */
void attention_plan(struct attention *a, size_t n, const uint32_t *seqs, const size_t *positions);

/* out [n][n_head * head_dim], q the same shape; window 0: all earlier positions are seen, else the
 * token itself and the window - 1 before it. Keys and values of the batch are in the cache. */
void attention_run(struct attention *a, const struct kv_cache *kv, size_t layer, size_t window,
                   const uint32_t *seqs, const size_t *positions, const float *q, float *out);

#endif
