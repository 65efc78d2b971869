/* SPDX-License-Identifier: MIT
 *
 * Q4_K, Q5_K and Q6_K by 8-bit activations for AVX2, on rows as the file holds them, each weight
 * read and expanded once for up to 4 tokens: what writing text, one token at a time, needs. It is
 * bound by memory, so every instruction a weight counts.
 *
 * Eight rows go together: their headers are unpacked at once, their sums across registers are four
 * for the price of one, and the float step takes eight outputs. Inside a block it is row by row: 32
 * weights by 32 activations are 16 sums of 16 bits (two products of 15, 31 or 63 by 127: they fit),
 * which vpmaddwd multiplies with their scale at once. S1 and S2 are the integers and the float step
 * is the code of the packed path, so the bits are the same.
 */
#include <assert.h>

#include "kernels/variants.h"
#include "kernels/x86/kquant_avx2.h"

enum { MR = 8, NR = 4, AHEAD = 8 };

/* Eight rows' blocks at one place along k, and how far from each lies what to ask for meanwhile. */
struct rows {
    const unsigned char *at;
    size_t stride, ahead;
};

struct sums { /* of a block, row by row: 8 lanes that are yet to be added */
    __m256i lanes[NR][MR];
};

#define COLUMNS(DO) DO(0) DO(1) DO(2) DO(3)
#define OPEN(j) const int8_t *x##j = x[(j < n_cols ? j : 0) * n_blocks].q;
#define OPEN_ROW(j) __m256i sum##j = _mm256_setzero_si256();
#define CLOSE_ROW(j)                                                                               \
    if (j < n_cols) t->lanes[j][r] = sum##j;

/* Two sub-blocks of 32, codes and scales in low and high, against activations p, p + 32. */
#define TWO(j)                                                                                     \
    if (j < n_cols) {                                                                              \
        const __m256i by_low = _mm256_maddubs_epi16(low, load_256(x##j + p));                      \
        const __m256i by_high = _mm256_maddubs_epi16(high, load_256(x##j + p + 32));               \
        sum##j = _mm256_add_epi32(sum##j, _mm256_madd_epi16(by_low, scale_low));                   \
        sum##j = _mm256_add_epi32(sum##j, _mm256_madd_epi16(by_high, scale_high));                 \
    }

INLINE void dot_q45_k(const enum dtype type, const size_t n_cols, struct rows rows,
                      const struct act_q8_256 *x, size_t n_blocks, const struct headers *h,
                      struct sums *t) {
    const __m256i low_4 = _mm256_set1_epi8(15), bit_4 = _mm256_set1_epi8(16);
    const bool five_bits = type == DTYPE_Q5_K;
    const size_t codes = five_bits ? offsetof(struct block_q5_k, codes)
                                   : offsetof(struct block_q4_k, codes);
    const unsigned char *scale = (const void *)h->scale;
    COLUMNS(OPEN)
    for (size_t r = 0; r < MR; r++, scale += 4) {
        const unsigned char *row = rows.at + r * rows.stride;
        ask_for(row + rows.ahead, kquant_block_bytes(type));
        COLUMNS(OPEN_ROW)
        __m256i fifth = _mm256_setzero_si256(); /* bits: of the next two sub-blocks in 0 and 1 */
        if (five_bits) fifth = load_256(row + offsetof(struct block_q5_k, high));
#pragma GCC unroll 4
        for (size_t p = 0; p < 256; p += 64) {
            const __m256i both = load_256(row + codes + p / 2);
            const __m256i scale_low = broadcast_4(scale + p);
            const __m256i scale_high = broadcast_4(scale + p + 32);
            __m256i low = _mm256_and_si256(both, low_4);
            __m256i high = _mm256_and_si256(_mm256_srli_epi32(both, 4), low_4);
            if (five_bits) {
                const __m256i of_low = _mm256_and_si256(_mm256_slli_epi32(fifth, 4), bit_4);
                const __m256i of_high = _mm256_and_si256(_mm256_slli_epi32(fifth, 3), bit_4);
                low = _mm256_or_si256(low, of_low);
                high = _mm256_or_si256(high, of_high);
                fifth = _mm256_srli_epi32(fifth, 2);
            }
            COLUMNS(TWO)
        }
        COLUMNS(CLOSE_ROW)
    }
}

/* 32 weights are two sub-blocks of 16, one in each half of a register. */
#define QUARTER(j)                                                                                 \
    if (j < n_cols) {                                                                              \
        const __m256i by = _mm256_maddubs_epi16(quarter[q], load_256(x##j + 128 * i + 32 * q));    \
        sum##j = _mm256_add_epi32(sum##j, _mm256_madd_epi16(by, scale));                           \
    }
/* The -32 of every code: 32 times the scales by the sums of activations. */
#define OFFSET(j)                                                                                  \
    if (j < n_cols) {                                                                              \
        const __m256i by = _mm256_madd_epi16(scales, load_256(x[j * n_blocks].sums));              \
        sum##j = _mm256_sub_epi32(sum##j, _mm256_slli_epi32(by, 5));                               \
    }

INLINE void dot_q6_k(const size_t n_cols, struct rows rows, const struct act_q8_256 *x,
                     size_t n_blocks, struct sums *t) {
    /* even bytes, then odd ones: widened, a register's halves are even and odd scales */
    const __m128i even_odd = _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
    COLUMNS(OPEN)
    for (size_t r = 0; r < MR; r++) {
        const unsigned char *row = rows.at + r * rows.stride;
        ask_for(row + rows.ahead, sizeof(struct block_q6_k));
        const __m128i packed =
            _mm_loadu_si128((const void *)(row + offsetof(struct block_q6_k, scales)));
        const __m256i scales = _mm256_cvtepi8_epi16(packed);
        const __m256i split = _mm256_cvtepi8_epi16(_mm_shuffle_epi8(packed, even_odd));
        COLUMNS(OPEN_ROW)
#pragma GCC unroll 2
        for (size_t i = 0; i < 2; i++) {
            const unsigned char *codes = row + 64 * i;
            __m256i quarter[4];
            codes_q6_k(load_256(codes), load_256(codes + 32),
                       load_256(row + offsetof(struct block_q6_k, high) + 32 * i), quarter);
#pragma GCC unroll 4
            for (size_t q = 0; q < 4; q++) {
                const short at = (short)((8 * i + 2 * q + 1) << 8 | (8 * i + 2 * q));
                const __m256i scale = _mm256_shuffle_epi8(split, _mm256_set1_epi16(at));
                COLUMNS(QUARTER)
            }
        }
        COLUMNS(OFFSET)
        COLUMNS(CLOSE_ROW)
    }
}

/* One block of 8 rows by n_cols tokens, added to y. */
INLINE void add_block(const enum dtype type, const size_t n_cols, struct rows rows,
                      const struct act_q8_256 *x, size_t n_blocks, __m256 y[NR]) {
    struct headers h;
    struct sums t;
    if (type == DTYPE_Q6_K) {
        h.d = h.dmin = halves_of_8_rows(rows.at + offsetof(struct block_q6_k, d), rows.stride);
        dot_q6_k(n_cols, rows, x, n_blocks, &t);
    } else {
        headers_load(&h, rows.at, rows.stride);
        dot_q45_k(type, n_cols, rows, x, n_blocks, &h, &t);
    }
    for (size_t j = 0; j < n_cols; j++, x += n_blocks) {
        __m256i s2 = _mm256_setzero_si256();
        if (type != DTYPE_Q6_K) {
            int32_t pairs[8];
            pair_sums(type, x, pairs);
            s2 = minima_8(4, (const void *)h.minimum, sizeof(h.minimum[0]), pairs);
        }
        const __m256 dx = _mm256_broadcast_ss(&x->d);
        y[j] = add_block_8(type, y[j], dx, h.d, sums_of_8(t.lanes[j]), h.dmin, s2);
    }
}

INLINE struct walk walk_of(const enum dtype type, size_t n_blocks) {
    return (struct walk){MR, n_blocks, kquant_block_bytes(type), AHEAD};
}

/* n_rows are left of w, 8 of them are taken. */
INLINE void tile(const enum dtype type, const size_t n_cols, size_t n_rows, size_t n_blocks,
                 const unsigned char *w, const struct act_q8_256 *x, float *y, size_t y_stride) {
    const size_t block_bytes = kquant_block_bytes(type), stride = n_blocks * block_bytes;
    unsigned char copy[MR * sizeof(struct block_q6_k)];
    __m256 sums[NR];
    for (size_t j = 0; j < n_cols; j++)
        sums[j] = _mm256_setzero_ps();
    for (size_t b = 0; b < n_blocks; b++, w += block_bytes, x++) {
        struct rows rows = {w, stride, walk_distance(walk_of(type, n_blocks), b, n_rows)};
        if (n_rows < MR) {
            copy_blocks(copy, MR, n_rows, w, stride, block_bytes);
            rows = (struct rows){copy, block_bytes, 0};
        }
        add_block(type, n_cols, rows, x, n_blocks, sums);
    }
    for (size_t j = 0; j < n_cols; j++)
        lanes_store(y + j * y_stride, n_rows, sums[j]);
}

INLINE void product(const enum dtype type, size_t m, size_t n, size_t n_blocks,
                    const unsigned char *w, const struct act_q8_256 *x, float *y, size_t y_stride) {
    const size_t row_bytes = n_blocks * kquant_block_bytes(type);
    walk_begin(walk_of(type, n_blocks), w, m);
    for (size_t i = 0; i < m; i += MR, w += MR * row_bytes)
        for (size_t j = 0; j < n; j += NR) {
            const struct act_q8_256 *xj = x + j * n_blocks;
            float *yij = y + j * y_stride + i;
            switch (n - j < NR ? n - j : NR) {
                TILE_CASE(1, tile, type, m - i, n_blocks, w, xj, yij, y_stride)
                TILE_CASE(2, tile, type, m - i, n_blocks, w, xj, yij, y_stride)
                TILE_CASE(3, tile, type, m - i, n_blocks, w, xj, yij, y_stride)
                TILE_CASE(4, tile, type, m - i, n_blocks, w, xj, yij, y_stride)
            }
        }
}

void stream_kquant_q8_256_avx2(enum dtype type, size_t m, size_t n, size_t k, const void *w,
                               const void *x, float *y, size_t y_stride) {
    assert(k > 0 && k % 256 == 0);
    assert(y_stride >= m);
    WITH_KQUANT(type, product, m, n, k / 256, w, x, y, y_stride);
}
