/* SPDX-License-Identifier: MIT
 *
 * Packing K-quants for AVX2: 8 rows at a time, 16 bytes of each are turned into four registers of
 * one dword a row, and what the bits of a byte mean is taken apart afterwards, for 8 rows at once.
 * Two such halves fill a panel of 16 rows. It runs once a batch over all weights: about a fifth of
 * an instruction a weight for Q4_K.
 */
#include "kernels/variants.h"
#include "kernels/x86/kquant_avx2.h"

enum { MR = KQUANT_MR, AHEAD = 4 };

/* Where the 8 rows of one half lie in a panel: `half` is 0 or 8. */
INLINE void store_half(void *row_of_16, int half, __m256i v) {
    _mm256_storeu_si256((void *)((unsigned char *)row_of_16 + 4 * half), v);
}

INLINE void pack_headers(struct panel_q45_k *p, int half, const unsigned char *rows,
                         size_t stride) {
    struct headers h;
    headers_load(&h, rows, stride);
#pragma GCC unroll 8
    for (int s = 0; s < 8; s++)
        store_half(p->scale[s], half, h.scale[s]);
#pragma GCC unroll 4
    for (int s = 0; s < 4; s++)
        store_half(p->minimum[s], half, h.minimum[s]);
    _mm256_storeu_ps(p->d + half, h.d);
    _mm256_storeu_ps(p->dmin + half, h.dmin);
}

/* Nibbles of 32 bytes are two sub-blocks: dword s of 16 bytes is step s of the first in its low
 * nibbles, of the second in its high ones. high: the fifth bits of the steps, sub-block 0 lowest.
 */
INLINE void pack_q45_k(void *panel, int half, const unsigned char *rows, size_t stride,
                       const bool five_bits) {
    struct panel_q45_k *p = panel;
    const __m256i low_4 = _mm256_set1_epi8(15), bit_4 = _mm256_set1_epi8(16);
    const size_t codes = five_bits ? offsetof(struct block_q5_k, codes)
                                   : offsetof(struct block_q4_k, codes);
    __m256i high[8];
    if (five_bits) {
        turn_8_rows(rows + offsetof(struct block_q5_k, high), stride, high);
        turn_8_rows(rows + offsetof(struct block_q5_k, high) + 16, stride, high + 4);
    }
    pack_headers(p, half, rows, stride);
    for (int s = 0; s < 8; s += 2) /* sub-blocks */
        for (int part = 0; part < 2; part++) {
            __m256i turned[4];
            turn_8_rows(rows + codes + 16 * (s + part), stride, turned);
#pragma GCC unroll 4
            for (int c = 0; c < 4; c++) {
                const int step = 8 * s + 4 * part + c;
                __m256i even = _mm256_and_si256(turned[c], low_4);
                __m256i odd = _mm256_and_si256(_mm256_srli_epi32(turned[c], 4), low_4);
                if (five_bits) {
                    const __m256i bits = high[4 * part + c]; /* of these two in bits 0 and 1 */
                    high[4 * part + c] = _mm256_srli_epi32(bits, 2);
                    even = _mm256_or_si256(even,
                                           _mm256_and_si256(_mm256_slli_epi32(bits, 4), bit_4));
                    odd = _mm256_or_si256(odd, _mm256_and_si256(_mm256_slli_epi32(bits, 3), bit_4));
                }
                store_half(p->q[step], half, even);
                store_half(p->q[step + 8], half, odd);
            }
        }
}

INLINE void pack_q6_k_scales(struct panel_q6_k *p, int half, const unsigned char *rows,
                             size_t stride) {
    __m256i turned[4]; /* byte s of dword c: the scale of sub-block 4 c + s */
    turn_8_rows(rows + offsetof(struct block_q6_k, scales), stride, turned);
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++) { /* bytes to the upper halves of int16, then down with the sign */
#pragma GCC unroll 4
        for (int s = 0; s < 4; s++) {
            const __m256i upper = _mm256_slli_epi16(pick_bytes(turned[c], s, s), 8);
            store_half(p->scale[4 * c + s], half, _mm256_srai_epi16(upper, 8));
        }
#pragma GCC unroll 2
        for (int s = 0; s < 4; s += 2) {
            const __m256i upper = _mm256_slli_epi16(pick_bytes(turned[c], s, s + 1), 8);
            store_half(p->minimum[2 * c + s / 2], half, _mm256_srai_epi16(upper, 3));
        }
    }
    _mm256_storeu_ps(p->d + half, halves_of_8_rows(rows + offsetof(struct block_q6_k, d), stride));
}

INLINE void pack_q6_k(void *panel, int half, const unsigned char *rows, size_t stride) {
    struct panel_q6_k *p = panel;
    pack_q6_k_scales(p, half, rows, stride);
    for (int part = 0; part < 4; part++) { /* 16 of each quarter, for each half of the weights */
        const int i = part / 2, at = part % 2 * 16;
        __m256i codes_0[4], codes_1[4], high[4];
        turn_8_rows(rows + offsetof(struct block_q6_k, codes) + 64 * i + at, stride, codes_0);
        turn_8_rows(rows + offsetof(struct block_q6_k, codes) + 64 * i + 32 + at, stride, codes_1);
        turn_8_rows(rows + offsetof(struct block_q6_k, high) + 32 * i + at, stride, high);
#pragma GCC unroll 4
        for (int c = 0; c < 4; c++) {
            __m256i quarter[4];
            codes_q6_k(codes_0[c], codes_1[c], high[c], quarter);
#pragma GCC unroll 4
            for (int q = 0; q < 4; q++)
                store_half(p->q[32 * i + 8 * q + at / 4 + c], half, quarter[q]);
        }
    }
}

INLINE void pack_half(const enum dtype type, void *panel, int half, const unsigned char *rows,
                      size_t stride) {
    if (type == DTYPE_Q6_K)
        pack_q6_k(panel, half, rows, stride);
    else
        pack_q45_k(panel, half, rows, stride, type == DTYPE_Q5_K);
}

/* Rows that are not there are blocks of zeros. */
INLINE void pack_last(const enum dtype type, void *panel, size_t n_rows, const unsigned char *rows,
                      size_t stride, size_t block_bytes) {
    unsigned char copy[MR * sizeof(struct block_q6_k)];
    copy_blocks(copy, MR, n_rows, rows, stride, block_bytes);
    pack_half(type, panel, 0, copy, block_bytes);
    pack_half(type, panel, 8, copy + 8 * block_bytes, block_bytes);
}

INLINE void pack_rows(const enum dtype type, unsigned char *panel, size_t m, size_t n_blocks,
                      const unsigned char *w) {
    const size_t block_bytes = kquant_block_bytes(type);
    const size_t panel_bytes = type == DTYPE_Q6_K ? sizeof(struct panel_q6_k)
                                                  : sizeof(struct panel_q45_k);
    const size_t stride = n_blocks * block_bytes;
    const struct walk walk = {MR, n_blocks, block_bytes, AHEAD};
    walk_begin(walk, w, m);
    for (size_t i = 0; i < m; i += MR, w += MR * stride)
        for (size_t b = 0; b < n_blocks; b++, panel += panel_bytes) {
            const unsigned char *rows = w + b * block_bytes;
            const size_t ahead = walk_distance(walk, b, m - i);
            for (size_t r = 0; r < MR && ahead; r++)
                ask_for(rows + r * stride + ahead, block_bytes);
            if (m - i < MR) {
                pack_last(type, panel, m - i, rows, stride, block_bytes);
            } else {
                pack_half(type, panel, 0, rows, stride);
                pack_half(type, panel, 8, rows + 8 * stride, stride);
            }
        }
}

void pack_kquant_16_avx2(enum dtype type, void *packed, size_t m, size_t k, const void *w) {
    WITH_KQUANT(type, pack_rows, packed, m, k / 256, w);
}

size_t panel_bytes_q45_k_16(size_t k) {
    return k / 256 * sizeof(struct panel_q45_k);
}

size_t panel_bytes_q6_k_16(size_t k) {
    return k / 256 * sizeof(struct panel_q6_k);
}
