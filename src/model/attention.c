/* SPDX-License-Identifier: MIT
 *
 * Attention in tiles of queries. Work is shared out by (tile, head of keys and values).
 */
#include "model/attention.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/intl.h"
#include "base/mem.h"

enum { ALIGNMENT = 128 };

/* What a worker needs for one tile. */
struct scratch {
    float *queries;          /* [ATTENTION_QUERIES][head_dim] */
    float *gathered;         /* the same */
    float *scores;           /* [ATTENTION_QUERIES][ATTENTION_BLOCK] */
    float *keys, *values;    /* [ATTENTION_BLOCK][head_dim], decoded */
    float *max, *sum, *keep; /* [ATTENTION_QUERIES] */
    uint8_t *lo, *hi;        /* [ATTENTION_QUERIES] */
};

static size_t scratch_floats(size_t head_dim) {
    return 2 * ATTENTION_QUERIES * head_dim + ATTENTION_QUERIES * ATTENTION_BLOCK +
           2 * ATTENTION_BLOCK * head_dim + 3 * ATTENTION_QUERIES;
}

static size_t scratch_size(size_t head_dim) {
    const size_t bytes = scratch_floats(head_dim) * sizeof(float) + 2 * ATTENTION_QUERIES;
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static struct scratch scratch_of(const struct attention *a, size_t worker) {
    float *p = (float *)(void *)(a->scratch + worker * a->scratch_bytes);
    struct scratch s;
    s.queries = p;
    s.gathered = s.queries + ATTENTION_QUERIES * a->head_dim;
    s.keys = s.gathered + ATTENTION_QUERIES * a->head_dim;
    s.values = s.keys + ATTENTION_BLOCK * a->head_dim;
    s.scores = s.values + ATTENTION_BLOCK * a->head_dim;
    s.max = s.scores + ATTENTION_QUERIES * ATTENTION_BLOCK;
    s.sum = s.max + ATTENTION_QUERIES;
    s.keep = s.sum + ATTENTION_QUERIES;
    s.lo = (uint8_t *)(s.keep + ATTENTION_QUERIES);
    s.hi = s.lo + ATTENTION_QUERIES;
    return s;
}

/* A batch of single tokens has one tile a token at least, and more where many heads share one. */
static bool tiles_bytes(size_t *size_bytes, const struct attention_options *opt) {
    const size_t group = opt->n_head / opt->n_head_kv;
    return size_mul(size_bytes, opt->n_batch,
                    (group / ATTENTION_QUERIES + 1) * sizeof(struct attention_tile));
}

bool attention_memory(size_t *size_bytes, const struct attention_options *opt) {
    size_t tiles, scratch;
    return tiles_bytes(&tiles, opt) &&
           size_mul(&scratch, pool_size(opt->pool), scratch_size(opt->head_dim)) &&
           size_add(size_bytes, tiles, scratch);
}

enum status attention_init(struct attention *a, const struct attention_options *opt,
                           struct error *err) {
    assert(opt->n_head % opt->n_head_kv == 0);
    *a = (struct attention){
        .kernels = opt->kernels,
        .pool = opt->pool,
        .n_head = opt->n_head,
        .n_head_kv = opt->n_head_kv,
        .head_dim = opt->head_dim,
        .scale = opt->scale,
        .cap = opt->cap,
        .scratch_bytes = scratch_size(opt->head_dim),
    };
    size_t tiles;
    if (!tiles_bytes(&tiles, opt))
        return fail(err, ERR_NOMEM, _("a batch of %zu tokens is too large"), opt->n_batch);
    a->tiles = mem_alloc(tiles);
    a->scratch = mem_alloc_aligned(pool_size(opt->pool) * a->scratch_bytes, ALIGNMENT);
    if (a->tiles && a->scratch) return OK;
    attention_release(a);
    return fail(err, ERR_NOMEM, _("not enough memory for attention"));
}

void attention_release(struct attention *a) {
    mem_free(a->tiles);
    if (a->scratch) mem_wipe_free(a->scratch, pool_size(a->pool) * a->scratch_bytes);
    *a = (struct attention){0};
}

void attention_plan(struct attention *a, size_t n, const uint32_t *seqs, const size_t *positions) {
    const size_t group = a->n_head / a->n_head_kv;
    a->n_tiles = 0;
    size_t run;
    for (size_t j = 0; j < n; j += run) {
        for (run = 1; j + run < n && seqs[j + run] == seqs[j]; run++)
            assert(positions[j + run] == positions[j] + run);
        const size_t n_pairs = run * group;
        for (size_t u = 0; u < n_pairs; u += ATTENTION_QUERIES) {
            const size_t left = n_pairs - u;
            a->tiles[a->n_tiles++] = (struct attention_tile){
                .first_token = j,
                .n_tokens = run,
                .first_pair = u,
                .n_pairs = left < ATTENTION_QUERIES ? left : ATTENTION_QUERIES,
            };
        }
    }
}

struct walk { /* one attention_run */
    const struct attention *a;
    const struct kv_cache *kv;
    size_t layer, window;
    const uint32_t *seqs;
    const size_t *positions;
    const float *q;
    float *out;
};

/* The first position a token at `position` sees. */
static size_t first_seen(const struct walk *w, size_t position) {
    return w->window && position >= w->window ? position - w->window + 1 : 0;
}

/* Offset of pair u's query in q, and of its result in out. */
static size_t offset_of(const struct walk *w, const struct attention_tile *t, size_t head_kv,
                        size_t u) {
    const size_t group = w->a->n_head / w->a->n_head_kv;
    const size_t token = t->first_token + u / group, head = head_kv * group + u % group;
    return (token * w->a->n_head + head) * w->a->head_dim;
}

static size_t position_of(const struct walk *w, const struct attention_tile *t, size_t u) {
    return w->positions[t->first_token + u / (w->a->n_head / w->a->n_head_kv)];
}

/* One block for all queries of the tile. */
static void take_block(const struct walk *w, const struct attention_tile *t, size_t head_kv,
                       size_t block, const struct scratch *s) {
    const struct attention *a = w->a;
    const struct kernels *kernels = a->kernels;
    const size_t seq = w->seqs[t->first_token], start = block * ATTENTION_BLOCK;
    const size_t last = position_of(w, t, t->first_pair + t->n_pairs - 1);
    const size_t n_keys = last - start + 1 < ATTENTION_BLOCK ? last - start + 1 : ATTENTION_BLOCK;

    const float *keys = kv_cache_keys(w->kv, kernels, w->layer, seq, block, head_kv, n_keys,
                                      s->keys);
    kernels->scores(n_keys, t->n_pairs, a->head_dim, keys, s->queries, s->scores);
    for (size_t i = 0; i < t->n_pairs; i++) {
        const size_t position = position_of(w, t, t->first_pair + i);
        const size_t first = first_seen(w, position);
        const size_t lo = first > start ? first - start : 0;
        size_t hi = position >= start ? position - start + 1 : 0;
        if (hi > ATTENTION_BLOCK) hi = ATTENTION_BLOCK;
        const bool sees = lo < hi;
        s->lo[i] = (uint8_t)(sees ? lo : 0);
        s->hi[i] = (uint8_t)(sees ? hi : 0);
        s->keep[i] = sees ? kernels->softmax_step(lo, hi, a->scale, a->cap,
                                                  s->scores + i * ATTENTION_BLOCK, &s->max[i],
                                                  &s->sum[i])
                          : 1.0f;
    }
    const float *values = kv_cache_values(w->kv, kernels, w->layer, seq, block, head_kv, n_keys,
                                          s->values);
    kernels->mix(t->n_pairs, a->head_dim, s->lo, s->hi, s->scores, s->keep, values, s->gathered);
}

static void tile_of_head(const struct walk *w, const struct attention_tile *t, size_t head_kv,
                         const struct scratch *s) {
    const size_t head_dim = w->a->head_dim;
    for (size_t i = 0; i < t->n_pairs; i++) {
        memcpy(s->queries + i * head_dim, w->q + offset_of(w, t, head_kv, t->first_pair + i),
               head_dim * sizeof(float));
        s->max[i] = -INFINITY;
        s->sum[i] = 0;
    }
    memset(s->gathered, 0, t->n_pairs * head_dim * sizeof(float));

    const size_t first = first_seen(w, position_of(w, t, t->first_pair)) / ATTENTION_BLOCK;
    const size_t last = position_of(w, t, t->first_pair + t->n_pairs - 1) / ATTENTION_BLOCK;
    for (size_t block = first; block <= last; block++)
        take_block(w, t, head_kv, block, s);

    for (size_t i = 0; i < t->n_pairs; i++) {
        float *out = w->out + offset_of(w, t, head_kv, t->first_pair + i);
        const float *gathered = s->gathered + i * head_dim;
        const float share = 1.0f / s->sum[i];
        for (size_t d = 0; d < head_dim; d++)
            out[d] = gathered[d] * share;
    }
}

static void walk_range(void *context, size_t begin, size_t end, size_t worker) {
    const struct walk *w = context;
    const struct scratch s = scratch_of(w->a, worker);
    for (size_t i = begin; i < end;
         i++) /* the heads of a tile lie apart: neighbours share a block */
        tile_of_head(w, &w->a->tiles[i / w->a->n_head_kv], i % w->a->n_head_kv, &s);
}

void attention_run(struct attention *a, const struct kv_cache *kv, size_t layer, size_t window,
                   const uint32_t *seqs, const size_t *positions, const float *q, float *out) {
    struct walk w = {a, kv, layer, window, seqs, positions, q, out};
    parallel_for(a->pool, a->n_tiles * a->n_head_kv, 1, walk_range, &w);
}
