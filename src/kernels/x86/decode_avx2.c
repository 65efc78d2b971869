/* SPDX-License-Identifier: MIT
 *
 * Half floats, bfloat16 and Q8_0 to f32, and f32 to half floats, with AVX2 and F16C: the bits of
 * quant's plain C, NaN included. The two conversion instructions make NaN quiet and keep what they
 * can of its payload; plain C keeps a signalling NaN as it is when it decodes, and has one NaN of
 * each sign when it encodes.
 */
#include <assert.h>
#include <string.h>

#include "kernels/variants.h"
#include "kernels/x86/lanes_avx2.h"
#include "quant/blocks.h"
#include "quant/half.h"

INLINE __m128i load_128(const void *p) {
    return _mm_loadu_si128((const __m128i *)p);
}

/* The quiet bit is that of the half float, not the one the instruction put there. */
static __m256 nan_as_stored(__m256 f, __m128i halves) {
    const __m256i bits = _mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 13);
    const __m256i quiet = _mm256_set1_epi32(0x400000);
    const __m256 nan = _mm256_cmp_ps(f, f, _CMP_UNORD_Q);
    const __m256i undo = _mm256_andnot_si256(bits, quiet);
    return _mm256_andnot_ps(_mm256_and_ps(nan, _mm256_castsi256_ps(undo)), f);
}

INLINE __m256 decode_8_f16(__m128i halves) {
    const __m256 f = _mm256_cvtph_ps(halves);
    if (!_mm256_movemask_ps(_mm256_cmp_ps(f, f, _CMP_UNORD_Q))) return f;
    return nan_as_stored(f, halves);
}

INLINE __m256 decode_8_bf16(__m128i halves) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

#define DEFINE_DECODE_16_BITS(name, decode_8)                                                      \
    void name(size_t k, const void *blocks, float *out) {                                          \
        const unsigned char *in = blocks;                                                          \
        size_t p = 0;                                                                              \
        for (; p + 8 <= k; p += 8)                                                                 \
            _mm256_storeu_ps(out + p, decode_8(load_128(in + 2 * p)));                             \
        if (p == k) return;                                                                        \
        uint16_t last[8] = {0};                                                                    \
        memcpy(last, in + 2 * p, 2 * (k - p));                                                     \
        lanes_store(out + p, k - p, decode_8(load_128(last)));                                     \
    }
DEFINE_DECODE_16_BITS(decode_f16_avx2, decode_8_f16)
DEFINE_DECODE_16_BITS(decode_bf16_avx2, decode_8_bf16)

void decode_q8_0_avx2(size_t k, const void *blocks, float *out) {
    assert(k % 32 == 0);
    const struct block_q8_0 *block = blocks;
    for (size_t p = 0; p < k; p += 32, block++) {
        const __m256 d = _mm256_set1_ps(half_decode(block_u16(block->d)));
        for (size_t i = 0; i < 32; i += 8) {
            const __m128i q = _mm_loadl_epi64((const __m128i *)(const void *)(block->codes + i));
            const __m256 v = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(q));
            _mm256_storeu_ps(out + p + i, _mm256_mul_ps(d, v));
        }
    }
}

INLINE __m128i encode_8(__m256 v) {
    const __m256 sign = _mm256_and_ps(v, _mm256_set1_ps(-0.0f));
    const __m256 nan = _mm256_or_ps(sign, _mm256_castsi256_ps(_mm256_set1_epi32(0x7fc00000)));
    const __m256 cleaned = _mm256_blendv_ps(v, nan, _mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    return _mm256_cvtps_ph(cleaned, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

void encode_f16_avx2(size_t k, const float *in, const float *importance, void *blocks) {
    (void)importance; /* each value is its own block */
    unsigned char *out = blocks;
    for (size_t p = 0; p < k; p += 8) {
        const __m128i halves = encode_8(lanes_load(in + p, k - p));
        if (k - p >= 8) {
            _mm_storeu_si128((__m128i *)(void *)(out + 2 * p), halves);
        } else {
            uint16_t last[8];
            _mm_storeu_si128((__m128i *)(void *)last, halves);
            memcpy(out + 2 * p, last, 2 * (k - p));
        }
    }
}

/* --- rows for the float product --------------------------------------------------------------- */

enum { MR = 8 };

size_t panel_bytes_rows_8(size_t k) {
    return k * MR * sizeof(float);
}

static decode_fn *decode_of(enum dtype type) {
    switch (type) {
    case DTYPE_F16: return decode_f16_avx2;
    case DTYPE_BF16: return decode_bf16_avx2;
    case DTYPE_Q8_0: return decode_q8_0_avx2;
    default: return dtype_traits(type)->decode;
    }
}

void pack_rows_8_avx2(enum dtype type, void *packed, size_t m, size_t k, const void *w) {
    decode_fn *decode = decode_of(type);
    const size_t row_bytes = dtype_row_bytes(type, k);
    float *out = packed;
    for (size_t i = 0; i < m; i++, out += k)
        decode(k, (const unsigned char *)w + i * row_bytes, out);
    const size_t n_missing = (MR - m % MR) % MR;
    memset(out, 0, n_missing * k * sizeof(float));
}
