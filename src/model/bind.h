/* SPDX-License-Identifier: MIT
 *
 * Binding: from tensors by name to matrices and vectors whose shapes are known to be right. The
 * binder marks what was taken; a tensor nobody took means that the architecture would compute
 * something else than the file's maker meant, so the model is refused.
 */
#ifndef SIGILO_MODEL_BIND_H
#define SIGILO_MODEL_BIND_H

#include <stdbool.h>

#include "base/error.h"
#include "gguf/gguf.h"
#include "kernels/matmul.h"

struct binder {
    const struct gguf *gguf;
    bool *taken;    /* [gguf->n_tensors] */
    int layer;      /* -1: names as they are; else "blk.<layer>." stands before them */
    unsigned types; /* OR of 1u << enum dtype of the matrices bound so far */
    size_t k_max;   /* the widest of them */
    struct error *err;
};

enum status binder_init(struct binder *b, const struct gguf *g, struct error *err);
void binder_release(struct binder *b);

/* `name` without ".weight". A matrix of m rows of k. */
enum status bind_matrix(struct binder *b, struct matrix *out, const char *name, size_t m, size_t k);

/* A vector of n f32, borrowed from the mapping: "<name>.weight". */
enum status bind_vector(struct binder *b, const float **out, const char *name, size_t n);

/* "<name>.bias", NULL when the file has none. */
enum status bind_opt_bias(struct binder *b, const float **out, const char *name, size_t n);

/* As bind_vector, NULL when the file has none. */
enum status bind_opt_vector(struct binder *b, const float **out, const char *name, size_t n);

/* RoPE factors, "<name>.weight": as bind_opt_vector, and every one must be positive. */
enum status bind_opt_factors(struct binder *b, const float **out, const char *name, size_t n);

bool binder_has(const struct binder *b, const char *name);

/* Rows [first, first + m) of a matrix: fused tensors are bound whole and cut with this. */
struct matrix matrix_rows(const struct matrix *w, size_t first, size_t m);

/* Every tensor was taken? Else ERR_UNSUPPORTED, naming one. */
enum status binder_finish(struct binder *b, const char *arch);

#endif
