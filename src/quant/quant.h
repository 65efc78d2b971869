/* SPDX-License-Identifier: MIT
 *
 * quant: the formats weights come in. One table row a format: its name, its block, and plain C that
 * decodes and encodes rows. The layouts are those of GGUF files; each block is a struct of
 * quant/blocks.h with its offsets above it.
 */
#ifndef SIGILO_QUANT_QUANT_H
#define SIGILO_QUANT_QUANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ours, not GGUF's numbers: those stand in the table. */
enum dtype {
    DTYPE_F32,
    DTYPE_F16,
    DTYPE_BF16,
    DTYPE_Q4_0,
    DTYPE_Q4_1,
    DTYPE_Q5_0,
    DTYPE_Q5_1,
    DTYPE_Q8_0,
    DTYPE_Q2_K,
    DTYPE_Q3_K,
    DTYPE_Q4_K,
    DTYPE_Q5_K,
    DTYPE_Q6_K,
    DTYPE_IQ4_NL,
    DTYPE_IQ4_XS,
    DTYPE_N, /* how many there are */
};

/* Decodes k weights, a multiple of the block, that begin at `blocks`; any alignment.
 * The f32 values are exact: what the format means, rounded once where f32 cannot hold it. */
#define DECL_DECODE(name) void name(size_t k, const void *blocks, float *out)
typedef DECL_DECODE(decode_fn);

/* Encodes k weights, a multiple of the block. `importance` [k] weighs the squared error of each
 * weight, finite and not negative; NULL: all alike. Deterministic: the same bytes on every machine.
 * Values beyond the format, infinities among them, saturate; NaN becomes 0 in the block formats. */
#define DECL_ENCODE(name)                                                                          \
    void name(size_t k, const float *in, const float *importance, void *blocks)
typedef DECL_ENCODE(encode_fn);

struct dtype_traits {
    const char *name;       /* as GGUF people write it: "Q4_K" */
    uint32_t gguf_type;     /* its number in a GGUF tensor directory */
    uint16_t block_weights; /* weights a block: 1, 32 or 256 */
    uint16_t block_bytes;
    decode_fn *decode;
    encode_fn *encode; /* NULL: this program does not write the format */
};

/* The row of the table; never NULL for a value below DTYPE_N. Static storage. */
const struct dtype_traits *dtype_traits(enum dtype type);

/* Looks a format up; false when there is none. Names compare without regard to case. */
bool dtype_from_name(enum dtype *out, const char *name);
bool dtype_from_gguf(enum dtype *out, uint32_t gguf_type);

/* Bytes of a row of k weights, k a multiple of the block. k is at most 2^32. */
size_t dtype_row_bytes(enum dtype type, size_t k);

#endif
