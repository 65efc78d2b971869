/* SPDX-License-Identifier: MIT
 *
 * Blocks by reference. A block that several sequences hold is never written: extending a sequence
 * whose last block is shared and half full first gives it a copy of its own.
 */
#include "model/kv_cache.h"

#include <assert.h>
#include <string.h>

#include "base/intl.h"
#include "base/mem.h"

enum { ALIGNMENT = 128 };

static size_t blocks_for(size_t n_positions) {
    return n_positions / KV_BLOCK + (n_positions % KV_BLOCK != 0);
}

/* Every sequence may leave its last block unfilled, so each gets one above its share. */
static bool count_blocks(size_t *n_blocks, const struct kv_shape *s) {
    return size_add(n_blocks, blocks_for(s->n_positions), s->n_seq_max > 1 ? s->n_seq_max : 0) &&
           *n_blocks < UINT32_MAX;
}

/* Bytes of keys, or of values. */
static bool side_bytes(size_t *out, const struct kv_shape *s, size_t n_blocks) {
    size_t n;
    return size_mul(&n, dtype_row_bytes(s->type, s->head_dim), KV_BLOCK) &&
           size_mul(&n, n, s->n_head_kv) && size_mul(&n, n, n_blocks) &&
           size_mul(out, n, s->n_layer);
}

bool kv_cache_memory(size_t *size_bytes, const struct kv_shape *shape) {
    size_t n_blocks, side, tables;
    return count_blocks(&n_blocks, shape) && side_bytes(&side, shape, n_blocks) &&
           size_mul(&side, side, 2) &&
           size_mul(&tables, blocks_for(shape->n_ctx) * sizeof(uint32_t), shape->n_seq_max) &&
           size_add(&side, side, tables) && size_add(size_bytes, side, n_blocks * 8);
}

enum status kv_cache_check_shape(const struct kv_shape *s, struct error *err) {
    if (s->type != DTYPE_F32 && s->type != DTYPE_F16 && s->type != DTYPE_Q8_0)
        return fail(err, ERR_UNSUPPORTED, _("a cache of type %s; it can be f32, f16 or q8_0"),
                    dtype_traits(s->type)->name);
    if (s->head_dim % dtype_traits(s->type)->block_weights != 0)
        return fail(err, ERR_UNSUPPORTED,
                    _("a q8_0 cache needs heads of a multiple of 32, not %zu; use f16"),
                    s->head_dim);
    if (s->n_ctx == 0 || s->n_seq_max == 0 || s->n_positions == 0)
        return fail(err, ERR_INVALID,
                    _("a cache without room: context and sequences must be 1 or "
                      "more"));
    return OK;
}

enum status kv_cache_open(struct kv_cache **out, const struct kv_shape *shape, struct error *err) {
    size_t n_blocks, side, total;
    const enum status st = kv_cache_check_shape(shape, err);
    if (st) return st;
    if (!kv_cache_memory(&total, shape) || !count_blocks(&n_blocks, shape) ||
        !side_bytes(&side, shape, n_blocks))
        return fail(err, ERR_NOMEM, _("a cache of %zu positions is too large"), shape->n_positions);
    struct kv_cache *kv = mem_zalloc(sizeof(*kv));
    if (!kv) return fail(err, ERR_NOMEM, _("not enough memory for the cache"));
    kv->shape = *shape;
    kv->n_blocks = n_blocks;
    kv->row_bytes = dtype_row_bytes(shape->type, shape->head_dim);
    const size_t table = blocks_for(shape->n_ctx);
    kv->keys = mem_alloc_aligned(side, ALIGNMENT);
    kv->values = mem_alloc_aligned(side, ALIGNMENT);
    kv->sequences = mem_zalloc(shape->n_seq_max * sizeof(*kv->sequences));
    kv->tables = mem_alloc(shape->n_seq_max * table * sizeof(*kv->tables));
    kv->references = mem_zalloc(n_blocks * sizeof(*kv->references));
    kv->free_blocks = mem_alloc(n_blocks * sizeof(*kv->free_blocks));
    kv->n_new = mem_zalloc(shape->n_seq_max * sizeof(*kv->n_new));
    if (!kv->n_new || !kv->keys || !kv->values || !kv->sequences || !kv->tables ||
        !kv->references || !kv->free_blocks) {
        kv_cache_close(kv);
        return fail(err, ERR_NOMEM,
                    _("not enough memory: a cache of %zu positions needs %zu bytes"),
                    shape->n_positions, total);
    }
    for (size_t s = 0; s < shape->n_seq_max; s++)
        kv->sequences[s].blocks = kv->tables + s * table;
    for (size_t b = 0; b < n_blocks; b++) /* the stack hands out low blocks first */
        kv->free_blocks[kv->n_free++] = (uint32_t)(n_blocks - 1 - b);
    *out = kv;
    return OK;
}

void kv_cache_close(struct kv_cache *kv) {
    size_t side;
    if (!kv) return;
    if (side_bytes(&side, &kv->shape, kv->n_blocks)) { /* keys and values tell of the text */
        mem_wipe_free(kv->keys, kv->keys ? side : 0);
        mem_wipe_free(kv->values, kv->values ? side : 0);
    }
    mem_free(kv->sequences);
    mem_free(kv->tables);
    mem_free(kv->references);
    mem_free(kv->free_blocks);
    mem_free(kv->n_new);
    mem_free(kv);
}

static unsigned char *row(const struct kv_cache *kv, unsigned char *side, size_t layer, size_t seq,
                          size_t block, size_t head) {
    const struct kv_sequence *s = &kv->sequences[seq];
    const size_t at = (layer * kv->n_blocks + s->blocks[block]) * kv->shape.n_head_kv + head;
    return side + at * KV_BLOCK * kv->row_bytes;
}

static void drop_block(struct kv_cache *kv, uint32_t block) {
    assert(kv->references[block] > 0);
    if (--kv->references[block] == 0) kv->free_blocks[kv->n_free++] = block;
}

static uint32_t take_block(struct kv_cache *kv) {
    assert(kv->n_free > 0);
    const uint32_t block = kv->free_blocks[--kv->n_free];
    kv->references[block] = 1;
    return block;
}

static bool last_is_shared(const struct kv_cache *kv, const struct kv_sequence *s) {
    return s->length % KV_BLOCK != 0 && kv->references[s->blocks[s->length / KV_BLOCK]] > 1;
}

/* Gives the sequence a copy of its own of its half-full last block. */
static void unshare_last(struct kv_cache *kv, struct kv_sequence *s) {
    const size_t at = s->length / KV_BLOCK;
    const uint32_t from = s->blocks[at], to = take_block(kv);
    const size_t bytes = kv->shape.n_head_kv * KV_BLOCK * kv->row_bytes;
    for (size_t layer = 0; layer < kv->shape.n_layer; layer++) {
        const size_t base = layer * kv->n_blocks;
        memcpy(kv->keys + (base + to) * bytes, kv->keys + (base + from) * bytes, bytes);
        memcpy(kv->values + (base + to) * bytes, kv->values + (base + from) * bytes, bytes);
    }
    s->blocks[at] = to;
    drop_block(kv, from);
}

enum status kv_cache_extend(struct kv_cache *kv, const size_t *n_new, struct error *err) {
    size_t n_wanted = 0, n_held = 0, n_more = 0;
    for (size_t i = 0; i < kv->shape.n_seq_max; i++) {
        const struct kv_sequence *s = &kv->sequences[i];
        n_held += s->length;
        if (n_new[i] == 0) continue;
        if (n_new[i] > kv->shape.n_ctx - s->length)
            return fail(
                err, ERR_FULL,
                _("the context is full: %zu positions and %zu new ones do not fit into %zu"),
                s->length, n_new[i], kv->shape.n_ctx);
        n_more += n_new[i];
        n_wanted += blocks_for(s->length + n_new[i]) - blocks_for(s->length) +
                    (last_is_shared(kv, s) ? 1 : 0);
    }
    if (n_wanted > kv->n_free)
        return fail(err, ERR_FULL,
                    _("the cache is full: %zu positions in all sequences and %zu new ones do not "
                      "fit into %zu"),
                    n_held, n_more, kv->shape.n_positions);
    for (size_t i = 0; i < kv->shape.n_seq_max; i++) {
        struct kv_sequence *s = &kv->sequences[i];
        if (n_new[i] == 0) continue;
        if (last_is_shared(kv, s)) unshare_last(kv, s);
        for (size_t b = blocks_for(s->length); b < blocks_for(s->length + n_new[i]); b++)
            s->blocks[b] = take_block(kv);
        s->length += n_new[i];
    }
    assert(kv_cache_check(kv));
    return OK;
}

static void encode_row(const struct kv_cache *kv, const struct kernels *kernels, const float *in,
                       unsigned char *out) {
    if (kv->shape.type == DTYPE_F32)
        memcpy(out, in, kv->row_bytes);
    else if (kv->shape.type == DTYPE_F16)
        kernels->encode_f16(kv->shape.head_dim, in, NULL, out);
    else
        dtype_traits(kv->shape.type)->encode(kv->shape.head_dim, in, NULL, out);
}

void kv_cache_store(struct kv_cache *kv, const struct kernels *kernels, size_t layer, size_t seq,
                    size_t position, const float *key, const float *value) {
    assert(position < kv->sequences[seq].length);
    const size_t block = position / KV_BLOCK, at = position % KV_BLOCK * kv->row_bytes;
    for (size_t h = 0; h < kv->shape.n_head_kv; h++) {
        encode_row(kv, kernels, key + h * kv->shape.head_dim,
                   row(kv, kv->keys, layer, seq, block, h) + at);
        encode_row(kv, kernels, value + h * kv->shape.head_dim,
                   row(kv, kv->values, layer, seq, block, h) + at);
    }
}

static const float *decoded(const struct kv_cache *kv, const struct kernels *kernels,
                            const unsigned char *rows, size_t n_rows, float *scratch) {
    if (kv->shape.type == DTYPE_F32) return (const float *)(const void *)rows;
    kernels->decode[kv->shape.type](n_rows * kv->shape.head_dim, rows, scratch);
    return scratch;
}

const float *kv_cache_keys(const struct kv_cache *kv, const struct kernels *kernels, size_t layer,
                           size_t seq, size_t block, size_t head, size_t n_rows, float *scratch) {
    return decoded(kv, kernels, row(kv, kv->keys, layer, seq, block, head), n_rows, scratch);
}

const float *kv_cache_values(const struct kv_cache *kv, const struct kernels *kernels, size_t layer,
                             size_t seq, size_t block, size_t head, size_t n_rows, float *scratch) {
    return decoded(kv, kernels, row(kv, kv->values, layer, seq, block, head), n_rows, scratch);
}

void kv_cache_truncate(struct kv_cache *kv, size_t seq, size_t n_keep) {
    struct kv_sequence *s = &kv->sequences[seq];
    if (n_keep >= s->length) return;
    for (size_t b = blocks_for(n_keep); b < blocks_for(s->length); b++)
        drop_block(kv, s->blocks[b]);
    s->length = n_keep;
    assert(kv_cache_check(kv));
}

void kv_cache_share(struct kv_cache *kv, size_t to, size_t from, size_t n) {
    assert(n <= kv->sequences[from].length);
    kv_cache_truncate(kv, to, to == from ? n : 0);
    if (to == from) return;
    for (size_t b = 0; b < blocks_for(n); b++) {
        kv->sequences[to].blocks[b] = kv->sequences[from].blocks[b];
        kv->references[kv->sequences[to].blocks[b]]++;
    }
    kv->sequences[to].length = n;
    assert(kv_cache_check(kv));
}

bool kv_cache_check(const struct kv_cache *kv) {
    size_t held = 0, counted = 0, n_unused = 0;
    for (size_t i = 0; i < kv->shape.n_seq_max; i++) {
        const struct kv_sequence *s = &kv->sequences[i];
        if (s->length > kv->shape.n_ctx) return false;
        held += blocks_for(s->length);
        for (size_t b = 0; b < blocks_for(s->length); b++)
            if (s->blocks[b] >= kv->n_blocks || kv->references[s->blocks[b]] == 0) return false;
    }
    for (size_t b = 0; b < kv->n_blocks; b++) {
        counted += kv->references[b];
        n_unused += kv->references[b] == 0;
    }
    return held == counted && n_unused == kv->n_free;
}
