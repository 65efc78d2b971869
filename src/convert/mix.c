/* SPDX-License-Identifier: MIT
 *
 * The rules of the mixes, so that a file made here has the sizes of the published ones of the same
 * name. Source of the rules: llama.cpp, src/llama-quant.cpp, read in August 2026. (Files of before
 * 2025 hold the fused attn_qkv of phi3 in Q5_K throughout; the rule here is the present one.)
 */
#include "convert/mix.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct mix_row {
    const char *name;
    uint32_t file_type;
    enum dtype usual; /* of the matrices without a rule */
} mix_rows[] = {
    {"Q4_K_S", 14, DTYPE_Q4_K},
    {"Q4_K_M", 15, DTYPE_Q4_K},
    {"Q5_K_S", 16, DTYPE_Q5_K},
    {"Q5_K_M", 17, DTYPE_Q5_K},
};
_Static_assert(sizeof(mix_rows) / sizeof(mix_rows[0]) == MIX_N - DTYPE_N, "a row for each mix");

/* general.file_type of a model all in one format. */
static const uint8_t pure_file_types[DTYPE_N] = {
    [DTYPE_F32] = 0,   [DTYPE_F16] = 1,     [DTYPE_BF16] = 32,   [DTYPE_Q4_0] = 2,
    [DTYPE_Q4_1] = 3,  [DTYPE_Q5_0] = 8,    [DTYPE_Q5_1] = 9,    [DTYPE_Q8_0] = 7,
    [DTYPE_Q2_K] = 10, [DTYPE_Q3_K] = 11,   [DTYPE_Q4_K] = 14,   [DTYPE_Q5_K] = 16,
    [DTYPE_Q6_K] = 18, [DTYPE_IQ4_NL] = 25, [DTYPE_IQ4_XS] = 30,
};

bool mix_from_name(enum mix *out, const char *name) {
    enum dtype type;
    for (int i = DTYPE_N; i < MIX_N; i++) {
        if (strcasecmp(mix_rows[i - DTYPE_N].name, name) != 0) continue;
        *out = (enum mix)i;
        return true;
    }
    if (!dtype_from_name(&type, name)) return false;
    *out = (enum mix)type;
    return true;
}

const char *mix_name(enum mix mix) {
    assert(mix < MIX_N);
    return (int)mix < DTYPE_N ? dtype_traits((enum dtype)mix)->name : mix_rows[mix - DTYPE_N].name;
}

uint32_t mix_file_type(enum mix mix) {
    assert(mix < MIX_N);
    return (int)mix < DTYPE_N ? pure_file_types[mix] : mix_rows[mix - DTYPE_N].file_type;
}

static bool ends_with(const char *s, const char *end) {
    const size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

bool mix_is_matrix(const char *tensor_name, uint32_t n_dims) {
    return n_dims >= 2 && ends_with(tensor_name, ".weight") &&
           !ends_with(tensor_name, "_norm.weight");
}

/* The first and the last eighth of the layers, and every third between. */
static bool gets_more_bits(uint32_t layer, uint32_t n_layer) {
    const uint32_t eighth = n_layer / 8;
    return layer < eighth || layer >= 7 * n_layer / 8 || (layer - eighth) % 3 == 2;
}

static enum dtype type_of_values(enum mix mix, const struct mix_shape *shape, uint32_t layer) {
    const bool more = gets_more_bits(layer, shape->n_layer);
    enum dtype type = mix_rows[mix - DTYPE_N].usual;
    if ((mix == MIX_Q4_K_M || mix == MIX_Q5_K_M) && more) type = DTYPE_Q6_K;
    if (mix == MIX_Q4_K_S && layer < 4) type = DTYPE_Q5_K;
    /* of the 70B models, where eight heads share the matrix */
    const bool shared = shape->n_layer == 80 && shape->n_head != shape->n_head_kv;
    return shared && type == DTYPE_Q4_K ? DTYPE_Q5_K : type;
}

static enum dtype type_of_ffn_down(enum mix mix, const struct mix_shape *shape, uint32_t layer) {
    const bool more = gets_more_bits(layer, shape->n_layer);
    if ((mix == MIX_Q4_K_M || mix == MIX_Q5_K_M) && more) return DTYPE_Q6_K;
    if (mix == MIX_Q4_K_S && layer < shape->n_layer / 8) return DTYPE_Q5_K;
    return mix_rows[mix - DTYPE_N].usual;
}

static enum dtype wanted(enum mix mix, const struct mix_shape *shape, const char *name) {
    unsigned layer = 0;
    if (strcmp(name, "output.weight") == 0) return DTYPE_Q6_K;
    if (strcmp(name, "token_embd.weight") == 0 && shape->tied) return DTYPE_Q6_K;
    if (sscanf(name, "blk.%9u.", &layer) == 1) {
        if (ends_with(name, ".attn_v.weight") || ends_with(name, ".attn_qkv.weight"))
            return type_of_values(mix, shape, layer);
        if (ends_with(name, ".ffn_down.weight")) return type_of_ffn_down(mix, shape, layer);
    }
    return mix_rows[mix - DTYPE_N].usual;
}

static enum dtype smaller_block(enum dtype type) {
    switch (type) {
    case DTYPE_Q2_K:
    case DTYPE_Q3_K: return DTYPE_Q4_0;
    case DTYPE_Q4_K: return DTYPE_Q5_0;
    case DTYPE_Q5_K: return DTYPE_Q5_1;
    case DTYPE_Q6_K: return DTYPE_Q8_0;
    case DTYPE_IQ4_XS: return DTYPE_IQ4_NL;
    default: return DTYPE_F16;
    }
}

enum dtype mix_type(enum mix mix, const struct mix_shape *shape, const char *tensor_name,
                    size_t k) {
    assert(mix < MIX_N);
    enum dtype type = (int)mix < DTYPE_N ? (enum dtype)mix : wanted(mix, shape, tensor_name);
    while (k % dtype_traits(type)->block_weights)
        type = smaller_block(type);
    return type;
}
