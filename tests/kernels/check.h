/* SPDX-License-Identifier: MIT
 *
 * What the parts of kernel_check share: numbers, memory with a fence, the count of what was done.
 */
#ifndef SIGILO_TESTS_KERNELS_CHECK_H
#define SIGILO_TESTS_KERNELS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

/* --- numbers: a stream that --seed repeats ---------------------------------------------------- */

uint64_t random_next(void);
size_t random_below(size_t n);
float random_unit(void); /* in [-1, 1), multiples of 2^-24: exact */

enum data_kind { DATA_RANDOM, DATA_EXTREME, DATA_TINY, DATA_SPARSE, DATA_N };
extern const char *const data_names[DATA_N];

/* Extreme: products of two reach 2^110, so a sum of a few thousand stays finite in f32 whatever the
 * order, and cancellation is as bad as it gets. Tiny: products near 2^-140, subnormal. Sparse:
 * mostly zeros of both signs. */
float random_value(enum data_kind kind);

/* Same bits, or both NaN: which NaN comes out is the processor's choice. */
bool same_float(float a, float b);

/* --- memory with a fence ---------------------------------------------------------------------- */

/* p, or the end of the program: out of memory. */
void *checked(void *p);

struct fenced { /* pages that fault, `size_bytes` that do not, pages that fault */
    unsigned char *data;
    size_t size_bytes;
};

struct fenced fenced_new(size_t size_bytes);
void fenced_free(struct fenced *f);

/* Room for so many bytes against the fence at the end, or at the beginning: each odd size at the
 * end is also an unaligned pointer. */
void *fenced_place(const struct fenced *f, size_t size_bytes, bool at_end);

/* A float no arithmetic makes (a NaN of its own): where outputs must not be touched, and where
 * they must. */
void canary_fill(float *at, size_t n);
bool canary_intact(const float *at, size_t n);

/* --- the run ---------------------------------------------------------------------------------- */

/* Names what runs from now on, for the handler of the fence and for failures: "avx2", "gemm Q4_K".
 * Both must live as long as they are named. */
void running(const char *isa, const char *kernel);
void running_at(size_t m, size_t n, size_t k);

/* Counts a failure of what is running and prints the first few: printf's arguments. */
void failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Begins and ends one kernel: prints "ok" or "FAIL" with the number of calls made meanwhile, and
 * counts it among those checked. */
void kernel_begin(const char *isa, const char *kernel);
void kernel_called(void);
void kernel_end(void);

double now_s(void);

/* The best of `runs` timings, in calls a second, of f(context): what else the machine does can only
 * make it slower. */
double calls_per_second(void (*f)(void *context), void *context, int runs);

/* --- the parts -------------------------------------------------------------------------------- */

/* Each checks (or times) what the table `t` has that the table of the level below has not; `below`
 * is NULL for ref itself. type: only this format, DTYPE_N: all. */
void check_gemm(const struct kernels *t, const struct kernels *below, enum dtype type, bool quick);
void bench_gemm(const struct kernels *t, const struct kernels *below, enum dtype type, bool quick);
void check_quantize(const struct kernels *t, const struct kernels *below, const struct kernels *ref,
                    bool quick);

/* The operations beside the products; for each function of t that is not that of ref, and for all
 * of them where t is ref (t->isa "ref"): kernel_begin .. kernel_end. */
void check_ops(const struct kernels *t, const struct kernels *ref, bool quick);

/* Runs one product, or the packing of one, between the marker nops of tools/ppccount.c. */
enum roi { ROI_RUN, ROI_PACK, ROI_STREAM };
void roi_gemm(const struct kernels *t, enum dtype type, enum roi what, size_t m, size_t n,
              size_t k);

#endif
