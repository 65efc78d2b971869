/* SPDX-License-Identifier: MIT
 *
 * A layer's product on all threads: which path (packed or streamed), which rows to whom, and the
 * activations in the form the weights want them.
 */
#ifndef SIGILO_KERNELS_MATMUL_H
#define SIGILO_KERNELS_MATMUL_H

#include "base/threads.h"
#include "kernels/kernels.h"

struct matrix { /* weights, borrowed from the mapped file */
    enum dtype type;
    size_t m, k;      /* rows (outputs), columns (inputs) */
    const void *data; /* [m][dtype_row_bytes(type, k)] */
};

/* Rows of activations and the forms they were brought into, each at most once. */
struct activations {
    size_t n, k;
    const float *x;         /* [n][k], borrowed */
    void *quantized[ACT_N]; /* storage for n_max rows of k_max; ACT_F32's is NULL */
    bool ready[ACT_N];
};

/* What a product needs beside its operands; made once, for the largest product to come. */
struct matmul {
    const struct kernels *kernels;
    struct pool *pool;
    struct activations act;
    unsigned char *panels; /* [pool_size][panel_bytes]: packed weights, a thread's own */
    size_t panel_bytes;
};

/* `types`: an OR of 1u << enum dtype of the weights to come: only what they need is made. */
enum status matmul_init(struct matmul *mm, const struct kernels *kernels, struct pool *pool,
                        unsigned types, size_t n_max, size_t k_max, struct error *err);
void matmul_release(struct matmul *mm);

/* Bytes matmul_init would allocate; false when that would wrap. */
bool matmul_memory(size_t *size_bytes, const struct kernels *kernels, size_t n_threads,
                   unsigned types, size_t n_max, size_t k_max);

/* The activations of the products that follow: x [n][k], which must stay as it is meanwhile. */
void matmul_set(struct matmul *mm, const float *x, size_t n, size_t k);

/* y [n][m] = x * transpose(w), y rows y_stride apart. */
void matmul(struct matmul *mm, const struct matrix *w, float *y, size_t y_stride);

#endif
