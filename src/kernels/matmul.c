/* SPDX-License-Identifier: MIT
 *
 * A product on all threads. Rows of w are shared out, never columns: one worker sums an output
 * element. For a batch, a worker packs a group of panels into scratch of its own, small enough to
 * stay in its cache, and runs all tokens over it, TOKENS_AT_ONCE at a time so that their
 * activations stay there too; for few tokens the rows are read once, as the file holds them. Both
 * give the same bits (kernels.h), so the choice is one of speed alone.
 */
#include "kernels/matmul.h"

#include <assert.h>
#include <string.h>

#include "base/intl.h"
#include "base/mem.h"

enum {
    GROUP_BYTES = 192 * 1024, /* packed weights a worker holds at a time */
    TOKENS_AT_ONCE = 64,
    STREAM_ROWS_MIN =
        32, /* rows a worker takes at a time where nothing is packed; many are better: */
    STREAM_ROWS_MAX = 128, /* at the start of each call nothing that it reads is on its way yet */
    QUANTIZE_ROWS = 4,
    ALIGNMENT = 128,
};

static size_t round_up(size_t n, size_t step) {
    return (n + step - 1) / step * step;
}

/* The largest group of packed panels, for products of k up to k_max. */
static size_t group_bytes_max(const struct kernels *kernels, unsigned types, size_t k_max) {
    size_t largest = 0;
    for (int type = 0; type < DTYPE_N; type++) {
        const struct gemm *g = &kernels->gemm[type];
        if (!(types >> type & 1) || !g->pack) continue;
        const size_t panel = g->panel_bytes(k_max);
        const size_t group = panel > GROUP_BYTES ? panel : GROUP_BYTES;
        if (group > largest) largest = group;
    }
    return round_up(largest, ALIGNMENT);
}

static unsigned acts_of(const struct kernels *kernels, unsigned types) {
    unsigned acts = 0;
    for (int type = 0; type < DTYPE_N; type++)
        if (types >> type & 1) acts |= 1u << kernels->gemm[type].act;
    return acts & ~(1u << ACT_F32);
}

bool matmul_memory(size_t *size_bytes, const struct kernels *kernels, size_t n_threads,
                   unsigned types, size_t n_max, size_t k_max) {
    const unsigned acts = acts_of(kernels, types);
    size_t total;
    if (!size_mul(&total, n_threads, group_bytes_max(kernels, types, k_max))) return false;
    for (int act = 0; act < ACT_N; act++) {
        size_t bytes;
        if (!(acts >> act & 1)) continue;
        if (!size_mul(&bytes, n_max, act_row_bytes((enum act)act, k_max))) return false;
        if (!size_add(&total, total, bytes)) return false;
    }
    *size_bytes = total;
    return true;
}

enum status matmul_init(struct matmul *mm, const struct kernels *kernels, struct pool *pool,
                        unsigned types, size_t n_max, size_t k_max, struct error *err) {
    *mm = (struct matmul){.kernels = kernels, .pool = pool};
    size_t total;
    if (!matmul_memory(&total, kernels, pool_size(pool), types, n_max, k_max))
        return fail(err, ERR_NOMEM, _("a batch of %zu tokens is too large"), n_max);
    mm->panel_bytes = group_bytes_max(kernels, types, k_max);
    mm->panels = mem_alloc_aligned(pool_size(pool) * mm->panel_bytes, ALIGNMENT);
    bool whole = mm->panels != NULL;
    for (int act = 0; act < ACT_N; act++) {
        if (!(acts_of(kernels, types) >> act & 1)) continue;
        mm->act.quantized[act] = mem_alloc_aligned(n_max * act_row_bytes((enum act)act, k_max),
                                                   ALIGNMENT);
        whole &= mm->act.quantized[act] != NULL;
    }
    if (whole) return OK;
    matmul_release(mm);
    return fail(err, ERR_NOMEM, _("not enough memory: products of %zu tokens need %zu bytes"),
                n_max, total);
}

void matmul_release(struct matmul *mm) {
    mem_free(mm->panels);
    for (int act = 0; act < ACT_N; act++)
        mem_free(mm->act.quantized[act]);
    *mm = (struct matmul){0};
}

void matmul_set(struct matmul *mm, const float *x, size_t n, size_t k) {
    struct activations *a = &mm->act;
    a->x = x;
    a->n = n;
    a->k = k;
    memset(a->ready, 0, sizeof(a->ready));
    a->ready[ACT_F32] = true;
}

struct quantizing {
    const struct activations *a;
    quantize_fn *quantize;
    unsigned char *out;
    size_t row_bytes;
};

static void quantize_rows(void *context, size_t begin, size_t end, size_t worker) {
    const struct quantizing *q = context;
    (void)worker;
    for (size_t j = begin; j < end; j++)
        q->quantize(q->a->k, q->a->x + j * q->a->k, q->out + j * q->row_bytes);
}

/* The activations as `act` wants them. */
static const void *prepare(struct matmul *mm, enum act act) {
    struct activations *a = &mm->act;
    if (act == ACT_F32) return a->x;
    if (!a->ready[act]) {
        struct quantizing q = {a, mm->kernels->quantize[act], a->quantized[act],
                               act_row_bytes(act, a->k)};
        parallel_for(mm->pool, a->n, QUANTIZE_ROWS, quantize_rows, &q);
        a->ready[act] = true;
    }
    return a->quantized[act];
}

struct product {
    const struct matmul *mm;
    const struct gemm *gemm;
    gemm_fn *run; /* where nothing is packed */
    const struct matrix *w;
    const unsigned char *x;
    size_t n, w_row_bytes, x_row_bytes, y_stride;
    float *y;
};

static void rows_as_stored(void *context, size_t begin, size_t end, size_t worker) {
    const struct product *p = context;
    (void)worker;
    p->run(p->w->type, end - begin, p->n, p->w->k,
           (const unsigned char *)p->w->data + begin * p->w_row_bytes, p->x, p->y + begin,
           p->y_stride);
}

static void rows_packed(void *context, size_t begin, size_t end, size_t worker) {
    const struct product *p = context;
    unsigned char *packed = p->mm->panels + worker * p->mm->panel_bytes;
    p->gemm->pack(p->w->type, packed, end - begin, p->w->k,
                  (const unsigned char *)p->w->data + begin * p->w_row_bytes);
    for (size_t j = 0; j < p->n; j += TOKENS_AT_ONCE) {
        const size_t n = p->n - j < TOKENS_AT_ONCE ? p->n - j : TOKENS_AT_ONCE;
        p->gemm->run(p->w->type, end - begin, n, p->w->k, packed, p->x + j * p->x_row_bytes,
                     p->y + j * p->y_stride + begin, p->y_stride);
    }
}

/* A quarter of a worker's share, so that none is without work, within [least, most]. */
static size_t piece_of(const struct product *p, size_t least, size_t most) {
    const size_t share = p->w->m / (4 * pool_size(p->mm->pool));
    const size_t rows = share < least ? least : share > most ? most : share;
    return round_up(rows, p->gemm->mr);
}

void matmul(struct matmul *mm, const struct matrix *w, float *y, size_t y_stride) {
    const struct gemm *g = &mm->kernels->gemm[w->type];
    assert(w->k == mm->act.k);
    struct product p = {
        .mm = mm,
        .gemm = g,
        .w = w,
        .x = prepare(mm, g->act),
        .n = mm->act.n,
        .w_row_bytes = dtype_row_bytes(w->type, w->k),
        .x_row_bytes = act_row_bytes(g->act, w->k),
        .y = y,
        .y_stride = y_stride,
    };
    if (!g->pack || (g->stream && p.n <= g->n_stream)) {
        p.run = g->pack ? g->stream : g->run;
        parallel_for(mm->pool, w->m, piece_of(&p, STREAM_ROWS_MIN, STREAM_ROWS_MAX), rows_as_stored,
                     &p);
        return;
    }
    const size_t panel = g->panel_bytes(w->k), n_panels = GROUP_BYTES / panel;
    assert(panel <= mm->panel_bytes);
    /* not more panels than the scratch holds: piece_of rounds up, so whole panels go in */
    parallel_for(mm->pool, w->m, piece_of(&p, g->mr, (n_panels ? n_panels : 1) * g->mr),
                 rows_packed, &p);
}
