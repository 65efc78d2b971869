/* SPDX-License-Identifier: MIT
 *
 * How fast the products are, format by format: on packed panels in multiply-adds a second, packing
 * in weights a second, and for one token rows as stored, more of them than the caches hold, in
 * weights and bytes a second.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In tools/ppccount.c these two switch counting on and off; elsewhere they are nothing. */
#if defined(__powerpc64__)
#define ROI_BEGIN() __asm__ volatile("ori 21,21,0" ::: "memory")
#define ROI_END() __asm__ volatile("ori 22,22,0" ::: "memory")
#else
#define ROI_BEGIN() ((void)0)
#define ROI_END() ((void)0)
#endif

enum { PIECE = 32 }; /* rows packed at a time */

struct timed { /* one product and its operands */
    const struct gemm *gemm;
    enum dtype type;
    size_t m, n, k;
    unsigned char *w, *packed, *x;
    float *y;
};

/* Timings do not depend on values, as long as they are normal. */
static void timed_init(struct timed *t, const struct gemm *g, enum dtype type, size_t m, size_t n,
                       size_t k, bool packed) {
    const size_t w_bytes = m * dtype_row_bytes(type, k), x_bytes = n * act_row_bytes(g->act, k);
    *t = (struct timed){.gemm = g, .type = type, .m = m, .n = n, .k = k};
    t->w = checked(malloc(w_bytes));
    t->x = checked(calloc(1, x_bytes));
    t->y = checked(malloc(m * n * sizeof(float)));
    for (size_t c = 0; c < w_bytes; c++)
        t->w[c] = (unsigned char)(c % 61); /* halves and floats of it are small, and none is NaN */
    if (!g->pack) return;
    const size_t m_packed = packed || m < PIECE ? m : PIECE;
    const size_t bytes = (m_packed + g->mr - 1) / g->mr * g->panel_bytes(k);
    t->packed = checked(aligned_alloc(128, (bytes + 127) / 128 * 128));
    if (packed) g->pack(type, t->packed, m, k, t->w);
}

static void timed_release(struct timed *t) {
    free(t->w);
    free(t->packed);
    free(t->x);
    free(t->y);
}

static void call_run(void *context) {
    struct timed *t = context;
    t->gemm->run(t->type, t->m, t->n, t->k, t->gemm->pack ? t->packed : t->w, t->x, t->y, t->m);
}

static void call_pack(void *context) {
    struct timed *t = context;
    t->gemm->pack(t->type, t->packed, t->m, t->k, t->w);
}

static void call_pack_pieces(void *context) {
    struct timed *t = context;
    const size_t row_bytes = dtype_row_bytes(t->type, t->k);
    for (size_t i = 0; i < t->m; i += PIECE) {
        const size_t m = t->m - i < PIECE ? t->m - i : PIECE;
        t->gemm->pack(t->type, t->packed, m, t->k, t->w + i * row_bytes);
    }
}

static void call_stream(void *context) {
    struct timed *t = context;
    t->gemm->stream(t->type, t->m, t->n, t->k, t->w, t->x, t->y, t->m);
}

static void bench_format(const char *isa, const struct gemm *g, enum dtype type, bool quick) {
    const char *name = dtype_traits(type)->name;
    const int runs = quick ? 1 : 11;
    static const size_t tokens[] = {64, 16, 7, 4, 1};
    struct timed t;
    for (size_t c = 0; c < sizeof(tokens) / sizeof(tokens[0]) && !(quick && c > 0); c++) {
        timed_init(&t, g, type, 96, tokens[c], quick ? 512 : 4096, true);
        const double macs = (double)t.m * (double)t.n * (double)t.k;
        printf("bench %s %s run m=%zu n=%zu k=%zu: %.1f GMAC/s\n", isa, name, t.m, t.n, t.k,
               macs * calls_per_second(call_run, &t, runs) * 1e-9);
        timed_release(&t);
    }
    const size_t k = quick ? 512 : 4096, row_bytes = dtype_row_bytes(type, k);
    const size_t m = (quick ? 1u << 16 : 96u << 20) / row_bytes; /* more than the caches hold */
    for (size_t n = 1; g->stream && n <= 4; n++) {
        timed_init(&t, g, type, m, n, k, false);
        const double rate = (double)m * calls_per_second(call_stream, &t, runs) * 1e-9;
        printf("bench %s %s stream m=%zu n=%zu k=%zu: %.2f G weights/s, %.2f GB/s\n", isa, name, m,
               n, k, rate * (double)k, rate * (double)row_bytes);
        timed_release(&t);
    }
    if (g->pack) { /* as matmul() does it: some rows at a time into the same place */
        timed_init(&t, g, type, m, 1, k, false);
        const double rate = (double)m * calls_per_second(call_pack_pieces, &t, runs) * 1e-9;
        printf("bench %s %s pack m=%zu k=%zu: %.2f G weights/s, %.2f GB/s\n", isa, name, m, k,
               rate * (double)k, rate * (double)row_bytes);
        timed_release(&t);
    }
    fflush(stdout);
}

void bench_gemm(const struct kernels *t, const struct kernels *below, enum dtype type, bool quick) {
    for (int d = 0; d < DTYPE_N; d++) {
        if (type != DTYPE_N && (int)type != d) continue;
        if (below && t->gemm[d].run == below->gemm[d].run) continue;
        bench_format(t->isa, &t->gemm[d], (enum dtype)d, quick);
    }
}

void roi_gemm(const struct kernels *k, enum dtype type, enum roi what, size_t m, size_t n,
              size_t depth) {
    struct timed t;
    timed_init(&t, &k->gemm[type], type, m, n, depth, true);
    ROI_BEGIN();
    if (what == ROI_PACK)
        call_pack(&t);
    else if (what == ROI_STREAM)
        call_stream(&t);
    else
        call_run(&t);
    ROI_END();
    printf("roi %s %s m=%zu n=%zu k=%zu\n", k->isa, dtype_traits(type)->name, m, n, depth);
    timed_release(&t);
}
