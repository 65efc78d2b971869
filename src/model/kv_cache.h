/* SPDX-License-Identifier: MIT
 *
 * The cache of keys and values: what every later token of a sequence must see of the earlier ones.
 * Layout and reasons: docs/kv-cache.md.
 *
 * A sequence is the list of its positions, 0 to length - 1, without holes. It owns blocks of
 * KV_BLOCK positions each, by way of a table; position p lies in block p / KV_BLOCK of the table,
 * whatever the block's place in memory. So attention walks any sequence in the same steps, and the
 * bits of an answer do not depend on where its cache lies. Sequences share whole blocks (counted
 * references); a shared block is copied before somebody appends to it.
 *
 * Not thread-safe: a cache belongs to its session.
 */
#ifndef SIGILO_MODEL_KV_CACHE_H
#define SIGILO_MODEL_KV_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kernels/kernels.h"

enum { KV_BLOCK = ATTENTION_BLOCK };

struct kv_shape {
    size_t n_layer, n_head_kv, head_dim;
    enum dtype type;    /* DTYPE_F32, DTYPE_F16 or DTYPE_Q8_0 */
    size_t n_ctx;       /* the longest a sequence may become */
    size_t n_seq_max;   /* sequences, numbered from 0 */
    size_t n_positions; /* room for all of them together */
};

struct kv_sequence {
    size_t length;    /* positions */
    uint32_t *blocks; /* [ceil(n_ctx / KV_BLOCK)], the first ceil(length / KV_BLOCK) in use */
};

struct kv_cache {
    struct kv_shape shape;
    size_t n_blocks;
    size_t row_bytes;              /* one head at one position */
    unsigned char *keys;           /* [n_layer][n_blocks][n_head_kv][KV_BLOCK][row_bytes] */
    unsigned char *values;         /* the same */
    struct kv_sequence *sequences; /* [n_seq_max] */
    uint32_t *tables;              /* storage of all sequences' blocks */
    uint32_t *references;          /* [n_blocks]: sequences that hold it */
    uint32_t *free_blocks;         /* [n_free]: a stack */
    size_t n_free;
    size_t *n_new; /* [n_seq_max]: room for whoever counts what kv_cache_extend is told */
};

/* ERR_UNSUPPORTED: a type other than the three, or Q8_0 with heads that are no whole blocks;
 * ERR_INVALID: a size of 0. */
enum status kv_cache_check_shape(const struct kv_shape *shape, struct error *err);

/* Bytes kv_cache_open would allocate for a checked shape; false when that would wrap. */
bool kv_cache_memory(size_t *size_bytes, const struct kv_shape *shape);

/* As kv_cache_check_shape; ERR_NOMEM. */
enum status kv_cache_open(struct kv_cache **out, const struct kv_shape *shape, struct error *err);
void kv_cache_close(struct kv_cache *kv); /* NULL is accepted; wipes */

/* Makes room for n_new[s] more positions in each sequence s < n_seq_max and lengthens them; what
 * lies there is undefined until kv_cache_store. All or nothing: ERR_FULL, naming the numbers, when
 * a sequence would pass n_ctx or the blocks run out, the cache being then unchanged. */
enum status kv_cache_extend(struct kv_cache *kv, const size_t *n_new, struct error *err);

/* Writes one position of one layer: key and value [n_head_kv][head_dim], f32. */
void kv_cache_store(struct kv_cache *kv, const struct kernels *kernels, size_t layer, size_t seq,
                    size_t position, const float *key, const float *value);

/* The rows of a block of one head, as f32 [KV_BLOCK][head_dim]: the cache's own memory when that is
 * f32, else decoded into scratch. Only the first n_rows are made. */
const float *kv_cache_keys(const struct kv_cache *kv, const struct kernels *kernels, size_t layer,
                           size_t seq, size_t block, size_t head, size_t n_rows, float *scratch);
const float *kv_cache_values(const struct kv_cache *kv, const struct kernels *kernels, size_t layer,
                             size_t seq, size_t block, size_t head, size_t n_rows, float *scratch);

/* Drops the positions from n_keep on; n_keep beyond the length changes nothing. */
void kv_cache_truncate(struct kv_cache *kv, size_t seq, size_t n_keep);

/* `to` becomes the first n positions of `from` (n at most its length); blocks are shared, nothing
 * is copied yet. to == from is kv_cache_truncate. */
void kv_cache_share(struct kv_cache *kv, size_t to, size_t from, size_t n);

/* States the invariants; for assert(). */
bool kv_cache_check(const struct kv_cache *kv);

#endif
