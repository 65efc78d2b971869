/* SPDX-License-Identifier: MIT
 *
 * The table of formats, and finding a row of it.
 */
#include "quant/quant.h"

#include <assert.h>
#include <strings.h>

#include "quant/formats.h"

static const struct dtype_traits table[DTYPE_N] = {
    [DTYPE_F32] = {"F32", 0, 1, 4, decode_f32, encode_f32},
    [DTYPE_F16] = {"F16", 1, 1, 2, decode_f16, encode_f16},
    [DTYPE_BF16] = {"BF16", 30, 1, 2, decode_bf16, encode_bf16},
    [DTYPE_Q4_0] = {"Q4_0", 2, 32, 18, decode_q4_0, encode_q4_0},
    [DTYPE_Q4_1] = {"Q4_1", 3, 32, 20, decode_q4_1, NULL},
    [DTYPE_Q5_0] = {"Q5_0", 6, 32, 22, decode_q5_0, encode_q5_0},
    [DTYPE_Q5_1] = {"Q5_1", 7, 32, 24, decode_q5_1, NULL},
    [DTYPE_Q8_0] = {"Q8_0", 8, 32, 34, decode_q8_0, encode_q8_0},
    [DTYPE_Q2_K] = {"Q2_K", 10, 256, 84, decode_q2_k, NULL},
    [DTYPE_Q3_K] = {"Q3_K", 11, 256, 110, decode_q3_k, NULL},
    [DTYPE_Q4_K] = {"Q4_K", 12, 256, 144, decode_q4_k, encode_q4_k},
    [DTYPE_Q5_K] = {"Q5_K", 13, 256, 176, decode_q5_k, encode_q5_k},
    [DTYPE_Q6_K] = {"Q6_K", 14, 256, 210, decode_q6_k, encode_q6_k},
    [DTYPE_IQ4_NL] = {"IQ4_NL", 20, 32, 18, decode_iq4_nl, NULL},
    [DTYPE_IQ4_XS] = {"IQ4_XS", 23, 256, 136, decode_iq4_xs, NULL},
};

const struct dtype_traits *dtype_traits(enum dtype type) {
    assert((unsigned)type < DTYPE_N);
    return &table[type];
}

bool dtype_from_name(enum dtype *out, const char *name) {
    for (int i = 0; i < DTYPE_N; i++)
        if (strcasecmp(table[i].name, name) == 0) {
            *out = (enum dtype)i;
            return true;
        }
    return false;
}

bool dtype_from_gguf(enum dtype *out, uint32_t gguf_type) {
    for (int i = 0; i < DTYPE_N; i++)
        if (table[i].gguf_type == gguf_type) {
            *out = (enum dtype)i;
            return true;
        }
    return false;
}

size_t dtype_row_bytes(enum dtype type, size_t k) {
    const struct dtype_traits *t = dtype_traits(type);
    assert(k % t->block_weights == 0);
    assert(k <= (size_t)1 << 32);
    return k / t->block_weights * t->block_bytes;
}
