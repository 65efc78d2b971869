/* SPDX-License-Identifier: MIT
 *
 * Random weights. Encoding random numbers would take minutes for a large model; here the blocks are
 * filled with random bits and only their scales are set, which is as fast as the generator. Each
 * format's levels are known, so the scale that gives the wanted deviation is too. All in integers
 * and in single float products and sums, in a library built without contraction: the bytes are the
 * same on every machine.
 *
 * The levels of most formats are not centred (Q4_0: -8..7). Scales of random sign even that out;
 * formats with a minimum get the one that centres them.
 */
#include "convert/random_rows.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "quant/blocks.h"

float random64_float(struct random64 *r) {
    const int32_t i = (int32_t)(random64_next(r) >> 40) - (1 << 23);
    return (float)i * 0x1p-23f;
}

/* How a block carries its scale, and the deviation of its levels at scale 1. */
static const struct random_format {
    float deviation;
    uint8_t scale_at;   /* offset of the half */
    uint8_t minimum_at; /* offset of the half of the minimum; 0: none, the scale's sign is random */
    float minimum;      /* over scale */
} formats[DTYPE_N] = {
    [DTYPE_Q4_0] = {4.637f, offsetof(struct block_q4_0, d), 0, 0},
    [DTYPE_Q4_1] = {4.610f, offsetof(struct block_q4_1, d), offsetof(struct block_q4_1, m), -7.5f},
    [DTYPE_Q5_0] = {9.247f, offsetof(struct block_q5_0, d), 0, 0},
    [DTYPE_Q5_1] = {9.233f, offsetof(struct block_q5_1, d), offsetof(struct block_q5_1, m), -15.5f},
    [DTYPE_Q8_0] = {73.47f, offsetof(struct block_q8_0, d), 0, 0},
    [DTYPE_Q2_K] = {13.11f, offsetof(struct block_q2_k, d), offsetof(struct block_q2_k, dmin),
                    1.5f},
    [DTYPE_Q3_K] = {43.34f, offsetof(struct block_q3_k, d), 0, 0},
    [DTYPE_Q4_K] = {223.1f, offsetof(struct block_q4_k, d), offsetof(struct block_q4_k, dmin),
                    7.5f},
    [DTYPE_Q5_K] = {446.8f, offsetof(struct block_q5_k, d), offsetof(struct block_q5_k, dmin),
                    15.5f},
    [DTYPE_Q6_K] = {1365.7f, offsetof(struct block_q6_k, d), 0, 0},
    [DTYPE_IQ4_NL] = {67.44f, offsetof(struct block_iq4_nl, d), 0, 0},
    [DTYPE_IQ4_XS] = {1246.25f, offsetof(struct block_iq4_xs, d), 0, 0},
};

static void fill(struct random64 *r, unsigned char *bytes, size_t n) {
    uint64_t word;
    for (; n >= sizeof(word); n -= sizeof(word), bytes += sizeof(word)) {
        word = random64_next(r);
        memcpy(bytes, &word, sizeof(word));
    }
    word = random64_next(r);
    memcpy(bytes, &word, n);
}

/* Eight scales a little apart, so that blocks differ as they do in real files. */
enum { N_SCALES = 8 };
struct scale {
    uint16_t scale, minimum; /* halves */
};

static void make_scales(struct scale scales[N_SCALES], const struct random_format *format,
                        float deviation) {
    const float middle = deviation / format->deviation;
    for (int i = 0; i < N_SCALES; i++) {
        const float apart = 0.825f + 0.05f * (float)i;
        scales[i].scale = half_encode(middle * apart);
        scales[i].minimum = half_encode(half_decode(scales[i].scale) * format->minimum);
    }
}

/* Q4_K and Q5_K: eight scales of 6 bits and eight minima equal to them, in 12 bytes at 4. Bit 5 of
 * each scale is set: 32 to 63. */
static void pack_scales_6(unsigned char *block) {
    unsigned char *p = block + 4;
    for (int j = 0; j < 4; j++) {
        p[j] |= 0xa0;
        p[4 + j] = p[j];
        p[8 + j] = (unsigned char)((p[8 + j] & 15) * 0x11);
    }
}

/* Q2_K: sixteen scales of 4 bits, each beside a minimum equal to it: 8 to 15. */
static void pack_scales_4(unsigned char *block) {
    for (int j = 0; j < 16; j++)
        block[j] = (unsigned char)((block[j] & 7) * 0x11 + 0x88);
}

/* Q8_0: encoders write -127 to 127. */
static void drop_lowest(unsigned char *block) {
    for (int j = 2; j < 34; j++)
        if (block[j] == 0x80) block[j] = 0;
}

static void set_scales(enum dtype type, const struct random_format *format,
                       const struct scale *scales, unsigned char *block, uint64_t choice) {
    const struct scale *s = &scales[choice % N_SCALES];
    const uint16_t sign = choice & N_SCALES ? 0x8000 : 0;
    const uint16_t scale = format->minimum_at ? s->scale : s->scale | sign;
    memcpy(block + format->scale_at, &scale, sizeof(scale));
    if (format->minimum_at) memcpy(block + format->minimum_at, &s->minimum, sizeof(s->minimum));
    if (type == DTYPE_Q4_K || type == DTYPE_Q5_K) pack_scales_6(block);
    if (type == DTYPE_Q2_K) pack_scales_4(block);
    if (type == DTYPE_Q8_0) drop_lowest(block);
}

static void fill_quantised(struct random64 *r, enum dtype type, float deviation,
                           unsigned char *blocks, size_t n) {
    const struct random_format *format = &formats[type];
    const size_t block_bytes = dtype_traits(type)->block_bytes;
    struct scale scales[N_SCALES];
    assert(format->deviation > 0);
    make_scales(scales, format, deviation);
    fill(r, blocks, n);
    uint64_t bits = 0;
    for (size_t i = 0; i * block_bytes < n; i++, bits >>= 4) {
        if (i % 16 == 0) bits = random64_next(r);
        set_scales(type, format, scales, blocks + i * block_bytes, bits);
    }
}

static void fill_floats(struct random64 *r, enum dtype type, float deviation, unsigned char *out,
                        size_t n) {
    const float largest = deviation * 1.7320508f; /* of a uniform distribution: sqrt(3) */
    const size_t size = dtype_traits(type)->block_bytes;
    for (size_t i = 0; i < n; i += size) {
        const float f = random64_float(r) * largest;
        const uint16_t h = type == DTYPE_F16 ? half_encode(f) : bf16_encode(f);
        if (type == DTYPE_F32)
            memcpy(out + i, &f, sizeof(f));
        else
            memcpy(out + i, &h, sizeof(h));
    }
}

void random_blocks(struct random64 *r, enum dtype type, float deviation, void *blocks, size_t n) {
    assert(n % dtype_traits(type)->block_bytes == 0);
    if (dtype_traits(type)->block_weights == 1)
        fill_floats(r, type, deviation, blocks, n);
    else
        fill_quantised(r, type, deviation, blocks, n);
}
