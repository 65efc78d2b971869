/* SPDX-License-Identifier: MIT
 *
 * Measuring what is possible: a walk over the mapped weights, and a product that never leaves the
 * cache.
 */
#include "engine/limits.h"

#include <string.h>

#include "base/clock.h"
#include "base/intl.h"
#include "base/mem.h"
#include "engine/internal.h"

enum {
    READ_PIECE = 1 << 20,
    READ_STREAMS = 8,
    READ_MAX = 1 << 30, /* so many bytes are read, or the file, in each of READ_TIMES */
    READ_TIMES = 5,     /* the best counts: whatever else runs only slows it down */
    PRODUCT_ROWS = 32,
    PRODUCT_TOKENS = 32,
    PRODUCT_K = 1024,
    PRODUCT_TIMES = 600, /* a worker's share */
};

/* --- reading ------------------------------------------------------------------------------------
 */

struct reading {
    const unsigned char *from;
    uint64_t *sums; /* [pool_size]: so that no compiler drops the loads */
};

/* Several places at once, as kernels read several rows: one stream alone does not fill the bus. */
static void read_piece(void *context, size_t begin, size_t end, size_t worker) {
    const struct reading *r = context;
    const size_t part = (end - begin) / READ_STREAMS / sizeof(uint64_t) * sizeof(uint64_t);
    uint64_t sum[READ_STREAMS] = {0};
    for (size_t i = 0; i < part; i += sizeof(uint64_t))
        for (size_t s = 0; s < READ_STREAMS; s++) {
            uint64_t word;
            memcpy(&word, r->from + begin + s * part + i, sizeof(word));
            sum[s] += word;
        }
    for (size_t s = 0; s < READ_STREAMS; s++)
        r->sums[worker] += sum[s];
}

static enum status measure_reading(double *bytes_per_second, struct engine *e, struct error *err) {
    struct reading r = {e->gguf->map, mem_zalloc(pool_size(e->pool) * sizeof(uint64_t))};
    if (!r.sums) return fail(err, ERR_NOMEM, _("not enough memory"));
    const size_t n = e->gguf->map_bytes < READ_MAX ? e->gguf->map_bytes : READ_MAX;
    *bytes_per_second = 0;
    for (int i = 0; i < READ_TIMES; i++) {
        const double start = clock_s();
        parallel_for(e->pool, n, READ_PIECE, read_piece, &r);
        const double rate = (double)n / (clock_s() - start);
        if (rate > *bytes_per_second) *bytes_per_second = rate;
    }
    mem_free(r.sums);
    return OK;
}

/* --- products -----------------------------------------------------------------------------------
 */

struct multiplying {
    const struct gemm *gemm;
    enum dtype type;
    unsigned char *w, *packed, *x;
    float *y; /* [pool_size][PRODUCT_TOKENS][PRODUCT_ROWS] */
};

static void multiply(void *context, size_t begin, size_t end, size_t worker) {
    const struct multiplying *p = context;
    float *y = p->y + worker * PRODUCT_TOKENS * PRODUCT_ROWS;
    for (size_t i = begin; i < end; i++)
        p->gemm->run(p->type, PRODUCT_ROWS, PRODUCT_TOKENS, PRODUCT_K,
                     p->gemm->pack ? p->packed : p->w, p->x, y, PRODUCT_ROWS);
}

static enum status measure_products(double *macs_per_second, struct engine *e, enum dtype type,
                                    struct error *err) {
    const struct gemm *g = &e->kernels.gemm[type];
    const size_t n_workers = pool_size(e->pool), panels = (PRODUCT_ROWS + g->mr - 1u) / g->mr;
    struct multiplying p = {.gemm = g, .type = type};
    p.w = mem_zalloc(PRODUCT_ROWS * dtype_row_bytes(type, PRODUCT_K));
    p.packed = mem_alloc_aligned(g->pack ? panels * g->panel_bytes(PRODUCT_K) : 1, 128);
    p.x = mem_zalloc(PRODUCT_TOKENS * act_row_bytes(g->act, PRODUCT_K));
    p.y = mem_alloc(n_workers * PRODUCT_TOKENS * PRODUCT_ROWS * sizeof(float));
    enum status st = p.w && p.packed && p.x && p.y ? OK
                                                   : fail(err, ERR_NOMEM, _("not enough memory"));
    if (!st) {
        if (g->pack) g->pack(type, p.packed, PRODUCT_ROWS, PRODUCT_K, p.w);
        const size_t times = PRODUCT_TIMES * n_workers;
        parallel_for(e->pool, n_workers, 1, multiply, &p);
        const double start = clock_s();
        parallel_for(e->pool, times, 8, multiply, &p);
        *macs_per_second = (double)times * PRODUCT_ROWS * PRODUCT_TOKENS * PRODUCT_K /
                           (clock_s() - start);
    }
    mem_free(p.w);
    mem_free(p.packed);
    mem_free(p.x);
    mem_free(p.y);
    return st;
}

enum status engine_measure_limits(struct engine_limits *out, struct engine *e, struct error *err) {
    const struct model_weights weights = model_weights(e->model);
    enum status st = measure_reading(&out->read_bytes_per_second, e, err);
    if (!st) st = measure_products(&out->macs_per_second, e, weights.main_type, err);
    if (st) return st;
    out->generated_tokens_per_second = out->read_bytes_per_second / (double)weights.token_bytes;
    out->prompt_tokens_per_second = out->macs_per_second / (double)weights.layer_macs;
    return OK;
}
