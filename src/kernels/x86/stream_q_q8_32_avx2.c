/* SPDX-License-Identifier: MIT
 *
 * Q4_0 and Q8_0 by 8-bit activations for AVX2, on rows as the file holds them, each weight read and
 * expanded once for up to 4 tokens; the why is that of stream_kquant_q8_256_avx2.c. Eight rows go
 * together, block by block: their sums across registers become the lanes of one register, S of 8
 * outputs, for one float step. S and the step are those of the packed path, so the bits are.
 */
#include <assert.h>

#include "kernels/variants.h"
#include "kernels/x86/q_avx2.h"

enum {
    MR = 8,
    NR = 4,
    AHEAD = 48,
};

/* 16 bytes of nibbles: the low ones, then the high ones. */
INLINE __m256i expand_q4_0(const unsigned char *codes) {
    const __m256i both = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)codes));
    const __m256i shift = _mm256_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4);
    return _mm256_and_si256(_mm256_srlv_epi32(both, shift), _mm256_set1_epi8(15));
}

/* Sums of four registers of 16 int16, each lane at most 2 * 15 * 127 in magnitude: four of those
 * fit 16 bits. */
INLINE __m128i sums_of_4_int16(const __m256i s[4]) {
    const __m256i by_2 = _mm256_hadd_epi16(s[0], s[1]), by_2_too = _mm256_hadd_epi16(s[2], s[3]);
    const __m256i abcd = widen(_mm256_hadd_epi16(by_2, by_2_too));
    return _mm_add_epi32(_mm256_castsi256_si128(abcd), _mm256_extracti128_si256(abcd, 1));
}

/* One block of 8 rows by n_cols tokens, added to y. What will be needed later lies `ahead` bytes
 * from each row. */
INLINE void add_block(const enum dtype type, const size_t n_cols, const unsigned char *rows,
                      size_t stride, size_t ahead, const struct act_q8_32 *x, size_t n_blocks,
                      __m256 y[NR]) {
    const __m256 d = halves_of_8_rows(rows, stride);
    __m256i lanes[NR][MR];
#pragma GCC unroll 8
    for (size_t r = 0; r < MR; r++) {
        const unsigned char *codes = rows + r * stride + 2;
        ask_for(codes + ahead, 1);
        const __m256i w = type == DTYPE_Q4_0 ? expand_q4_0(codes) : load_256(codes);
        const __m256i w_abs = type == DTYPE_Q4_0 ? w : _mm256_abs_epi8(w);
#pragma GCC unroll 4
        for (size_t j = 0; j < n_cols; j++) {
            const __m256i xj = load_256(x[j * n_blocks].q);
            lanes[j][r] = type == DTYPE_Q4_0 ? _mm256_maddubs_epi16(w, xj)
                                             : widen(multiply_signed(w, w_abs, xj));
        }
    }
#pragma GCC unroll 4
    for (size_t j = 0; j < n_cols; j++, x += n_blocks) {
        __m256i s;
        if (type == DTYPE_Q4_0) {
            const __m256i low = _mm256_castsi128_si256(sums_of_4_int16(lanes[j]));
            s = less_8_sums(_mm256_inserti128_si256(low, sums_of_4_int16(lanes[j] + 4), 1), x);
        } else {
            s = sums_of_8(lanes[j]);
        }
        y[j] = q_add_block_8(y[j], d, x, s);
    }
}

INLINE struct walk walk_of(const enum dtype type, size_t n_blocks) {
    return (struct walk){MR, n_blocks, q_block_bytes(type), AHEAD};
}

/* n_rows are left of w, 8 of them are taken. */
INLINE void tile(const enum dtype type, const size_t n_cols, size_t n_rows, size_t n_blocks,
                 const unsigned char *w, const struct act_q8_32 *x, float *y, size_t y_stride) {
    const size_t block_bytes = q_block_bytes(type), row_bytes = n_blocks * block_bytes;
    unsigned char copy[MR * sizeof(struct block_q8_0)];
    __m256 sums[NR];
#pragma GCC unroll 4
    for (size_t j = 0; j < n_cols; j++)
        sums[j] = _mm256_setzero_ps();
    for (size_t b = 0; b < n_blocks; b++, w += block_bytes, x++) {
        const unsigned char *rows = w;
        size_t stride = row_bytes, ahead = walk_distance(walk_of(type, n_blocks), b, n_rows);
        if (n_rows < MR) {
            copy_blocks(copy, MR, n_rows, w, row_bytes, block_bytes);
            rows = copy;
            stride = block_bytes;
            ahead = 0;
        }
        add_block(type, n_cols, rows, stride, ahead, x, n_blocks, sums);
    }
#pragma GCC unroll 4
    for (size_t j = 0; j < n_cols; j++)
        lanes_store(y + j * y_stride, n_rows, sums[j]);
}

INLINE void product(const enum dtype type, size_t m, size_t n, size_t n_blocks,
                    const unsigned char *w, const struct act_q8_32 *x, float *y, size_t y_stride) {
    const size_t row_bytes = n_blocks * q_block_bytes(type);
    walk_begin(walk_of(type, n_blocks), w, m);
    for (size_t i = 0; i < m; i += MR, w += MR * row_bytes)
        for (size_t j = 0; j < n; j += NR) {
            const struct act_q8_32 *xj = x + j * n_blocks;
            float *yij = y + j * y_stride + i;
            switch (n - j < NR ? n - j : NR) {
                TILE_CASE(1, tile, type, m - i, n_blocks, w, xj, yij, y_stride)
                TILE_CASE(2, tile, type, m - i, n_blocks, w, xj, yij, y_stride)
                TILE_CASE(3, tile, type, m - i, n_blocks, w, xj, yij, y_stride)
                TILE_CASE(4, tile, type, m - i, n_blocks, w, xj, yij, y_stride)
            }
        }
}

void stream_q_q8_32_avx2(enum dtype type, size_t m, size_t n, size_t k, const void *w,
                         const void *x, float *y, size_t y_stride) {
    assert(k > 0 && k % 32 == 0);
    assert(y_stride >= m);
    WITH_Q(type, product, m, n, k / 32, w, x, y, y_stride);
}
