/* SPDX-License-Identifier: MIT
 *
 * What the AVX2 kernels on 8-bit activations share: turning rows into panels, sums across a
 * register, stores of part of a register. Private to x86/.
 *
 * The one instruction all rests on, vpmaddubsw, multiplies 32 unsigned bytes by 32 signed ones and
 * adds neighbours into 16 lanes of 16 bits, where it saturates: each user says why it never does.
 */
#ifndef SIGILO_KERNELS_X86_INT8_AVX2_H
#define SIGILO_KERNELS_X86_INT8_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/x86/lanes_avx2.h"

INLINE __m256i load_256(const void *p) {
    return _mm256_loadu_si256(p);
}

/* 4 bytes of activations, in every lane. */
INLINE __m256i broadcast_4(const void *p) {
    int32_t v;
    memcpy(&v, p, sizeof(v));
    return _mm256_set1_epi32(v);
}

/* The 16 bytes at p and those at q. */
INLINE __m256i load_two(const void *p, const void *q) {
    const __m256i low = _mm256_castsi128_si256(_mm_loadu_si128(p));
    return _mm256_inserti128_si256(low, _mm_loadu_si128(q), 1);
}

/* 16 bytes of each of 8 rows, `stride` apart, as four dwords: out[c] holds dword c of rows 0..7. */
INLINE void turn_8_rows(const unsigned char *rows, size_t stride, __m256i out[4]) {
    const __m256i a = load_two(rows, rows + 4 * stride);
    const __m256i b = load_two(rows + stride, rows + 5 * stride);
    const __m256i c = load_two(rows + 2 * stride, rows + 6 * stride);
    const __m256i d = load_two(rows + 3 * stride, rows + 7 * stride);
    const __m256i ab_low = _mm256_unpacklo_epi32(a, b), ab_high = _mm256_unpackhi_epi32(a, b);
    const __m256i cd_low = _mm256_unpacklo_epi32(c, d), cd_high = _mm256_unpackhi_epi32(c, d);
    out[0] = _mm256_unpacklo_epi64(ab_low, cd_low);
    out[1] = _mm256_unpackhi_epi64(ab_low, cd_low);
    out[2] = _mm256_unpacklo_epi64(ab_high, cd_high);
    out[3] = _mm256_unpackhi_epi64(ab_high, cd_high);
}

/* The sums of the 8 lanes of each of four registers. */
INLINE __m128i sums_of_4(__m256i a, __m256i b, __m256i c, __m256i d) {
    const __m256i abcd = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
    return _mm_add_epi32(_mm256_castsi256_si128(abcd), _mm256_extracti128_si256(abcd, 1));
}

/* The same of eight. */
INLINE __m256i sums_of_8(const __m256i s[8]) {
    const __m128i low = sums_of_4(s[0], s[1], s[2], s[3]);
    const __m128i high = sums_of_4(s[4], s[5], s[6], s[7]);
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

INLINE short load_16(const unsigned char *p) {
    short v;
    memcpy(&v, p, sizeof(v));
    return v;
}

/* A half of each of 8 rows, as f32. Inserted one by one: stored and loaded again, it would wait for
 * the stores. */
INLINE __m256 halves_of_8_rows(const unsigned char *rows, size_t stride) {
    const unsigned char *rows_4 = rows + 4 * stride;
    return _mm256_cvtph_ps(
        _mm_setr_epi16(load_16(rows), load_16(rows + stride), load_16(rows + 2 * stride),
                       load_16(rows + 3 * stride), load_16(rows_4), load_16(rows_4 + stride),
                       load_16(rows_4 + 2 * stride), load_16(rows_4 + 3 * stride)));
}

/* The blocks of n_rows rows, and zeros for the rows up to `all`, one after the other. */
INLINE void copy_blocks(unsigned char *copy, size_t all, size_t n_rows, const unsigned char *rows,
                        size_t stride, size_t block_bytes) {
    memset(copy, 0, all * block_bytes);
    for (size_t r = 0; r < n_rows; r++)
        memcpy(copy + r * block_bytes, rows + r * stride, block_bytes);
}

/* Rows side by side are more places than a processor's own prefetchers follow: they read 4 to 12
 * GB/s where a single stream gets 45 (measured). So each block asks for one that comes later. */
INLINE void ask_for(const unsigned char *block, size_t block_bytes) {
    for (size_t b = 0; b < block_bytes; b += 64)
        _mm_prefetch((const void *)(block + b), _MM_HINT_T0);
}

/* How rows are walked: `at_once` of them side by side, block after block, then the next ones. */
struct walk {
    size_t at_once, n_blocks, block_bytes;
    size_t ahead; /* blocks: how much later comes what is asked for */
};

/* From block b of a row to the one to ask for; 0 where there is none. Behind the last block of a
 * row lies the first of the next one; but `at_once` of them are at work. */
INLINE size_t walk_distance(struct walk w, size_t b, size_t n_rows_left) {
    const size_t ahead = w.ahead < w.n_blocks ? w.ahead : w.n_blocks;
    if (b + ahead < w.n_blocks) return ahead * w.block_bytes;
    if (n_rows_left < 2 * w.at_once) return 0;
    return (ahead + (w.at_once - 1) * w.n_blocks) * w.block_bytes;
}

/* What nobody asked for yet: the first blocks of the first rows. */
INLINE void walk_begin(struct walk w, const unsigned char *rows, size_t n_rows) {
    const size_t ahead = w.ahead < w.n_blocks ? w.ahead : w.n_blocks;
    for (size_t r = 0; r < w.at_once && r < n_rows; r++)
        ask_for(rows + r * w.n_blocks * w.block_bytes, ahead * w.block_bytes);
}

/* In a switch on a tile's number of tokens: the tile with that number known to the compiler. */
#define TILE_CASE(n_cols, tile, type, ...)                                                         \
    case n_cols: tile(type, n_cols, __VA_ARGS__); break;

/* Of n tokens that are left, how many the next tile takes: nr, and the last ones evenly shared. */
INLINE size_t n_cols_of(size_t n, size_t nr) {
    return n <= nr ? n : n < 2 * nr ? (n + 1) / 2 : nr;
}

/* Stores the first n_rows of 16 outputs of one token. */
INLINE void store_16(float *y, size_t n_rows, __m256 low, __m256 high) {
    lanes_store(y, n_rows, low);
    if (n_rows > 8) lanes_store(y + 8, n_rows - 8, high);
}

#endif
