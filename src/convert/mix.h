/* SPDX-License-Identifier: MIT
 *
 * Which format each matrix of a model gets. A mix spends bits where rounding hurts most: the output
 * matrix, the values of attention, the second matrix of the inner layer.
 */
#ifndef SIGILO_CONVERT_MIX_H
#define SIGILO_CONVERT_MIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quant/quant.h"

/* The values below DTYPE_N are those of enum dtype: every matrix of that format. */
enum mix {
    MIX_Q4_K_S = DTYPE_N,
    MIX_Q4_K_M,
    MIX_Q5_K_S,
    MIX_Q5_K_M,
    MIX_N, /* one past the last */
};

/* What the choice depends on. */
struct mix_shape {
    uint32_t n_layer, n_head, n_head_kv;
    bool tied; /* no output.weight: the embedding serves as output too */
};

/* By name, without regard to case: "Q4_K_M", or a format's. False when there is none. */
bool mix_from_name(enum mix *out, const char *name);
const char *mix_name(enum mix mix);

/* The number in general.file_type. */
uint32_t mix_file_type(enum mix mix);

/* Whether a tensor takes the mix's formats; the others (norms, biases, factors) stay as they are,
 * F32 in all files seen. */
bool mix_is_matrix(const char *tensor_name, uint32_t n_dims);

/* The format of a matrix whose rows have k weights. Where k is no multiple of the block, that of
 * the nearest format with a smaller one; F16 when none fits. */
enum dtype mix_type(enum mix mix, const struct mix_shape *shape, const char *tensor_name, size_t k);

#endif
