/* SPDX-License-Identifier: MIT
 *
 * The blocks of the quantised formats, as they lie in a GGUF file. Every struct is made of bytes,
 * so a block may stand at any address; numbers of two bytes are read by block_u16 and block_half.
 *
 * Notation: w weight, q code, d scale of the block, s scale of a sub-block. "Nibbles" of n bytes
 * are 2n codes of 4 bits: the low halves of all the bytes first, then the high ones. A "plane" of
 * 32 bytes is cut in the same way: field 0 (the lowest bits) of all 32 bytes, then field 1, ...
 * Source: the GGUF specification and the files themselves; each layout is told in docs/formats.md.
 */
#ifndef SIGILO_QUANT_BLOCKS_H
#define SIGILO_QUANT_BLOCKS_H

#include <stdint.h>

#include "quant/half.h"

enum {
    BLOCK_WEIGHTS = 32,        /* of the plain formats */
    SUPER_BLOCK_WEIGHTS = 256, /* of the _K and _XS formats */
};

static inline uint16_t block_u16(const uint8_t bytes[2]) {
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline float block_half(const uint8_t bytes[2]) {
    return half_decode(block_u16(bytes));
}

static inline void block_put_u16(uint8_t bytes[2], uint16_t value) {
    bytes[0] = (uint8_t)(value & 255);
    bytes[1] = (uint8_t)(value >> 8);
}

/* w = d (q - 8) */
struct block_q4_0 {
    uint8_t d[2];      /*  0  half */
    uint8_t codes[16]; /*  2  nibbles */
};
_Static_assert(sizeof(struct block_q4_0) == 18, "block_q4_0");

/* w = d q + m */
struct block_q4_1 {
    uint8_t d[2];      /*  0  half */
    uint8_t m[2];      /*  2  half */
    uint8_t codes[16]; /*  4  nibbles */
};
_Static_assert(sizeof(struct block_q4_1) == 20, "block_q4_1");

/* w = d (q - 16) */
struct block_q5_0 {
    uint8_t d[2];      /*  0  half */
    uint8_t high[4];   /*  2  bit 4 of code j is bit j of this little-endian word */
    uint8_t codes[16]; /*  6  nibbles: bits 0 to 3 */
};
_Static_assert(sizeof(struct block_q5_0) == 22, "block_q5_0");

/* w = d q + m */
struct block_q5_1 {
    uint8_t d[2];      /*  0  half */
    uint8_t m[2];      /*  2  half */
    uint8_t high[4];   /*  4  as in Q5_0 */
    uint8_t codes[16]; /*  8  nibbles: bits 0 to 3 */
};
_Static_assert(sizeof(struct block_q5_1) == 24, "block_q5_1");

/* w = d q */
struct block_q8_0 {
    uint8_t d[2];     /*  0  half */
    int8_t codes[32]; /*  2 */
};
_Static_assert(sizeof(struct block_q8_0) == 34, "block_q8_0");

/* w = d s q - dmin m; 16 sub-blocks of 16 weights */
struct block_q2_k {
    uint8_t scales[16]; /*  0  one byte a sub-block: s in the low nibble, m in the high one */
    uint8_t codes[64];  /* 16  2 bits: for each half of the weights a plane of 32 bytes */
    uint8_t d[2];       /* 80  half */
    uint8_t dmin[2];    /* 82  half */
};
_Static_assert(sizeof(struct block_q2_k) == 84, "block_q2_k");

/* w = d (s - 32) (q - 4); 16 sub-blocks of 16 weights */
struct block_q3_k {
    uint8_t high[32];   /*   0  bit 2 of the codes: one plane, 8 fields of 1 bit */
    uint8_t codes[64];  /*  32  bits 0 and 1: for each half of the weights a plane */
    uint8_t scales[12]; /*  96  q3_k_scales() */
    uint8_t d[2];       /* 108  half */
};
_Static_assert(sizeof(struct block_q3_k) == 110, "block_q3_k");

/* w = d s q - dmin m; 8 sub-blocks of 32 weights */
struct block_q4_k {
    uint8_t d[2];       /*  0  half */
    uint8_t dmin[2];    /*  2  half */
    uint8_t scales[12]; /*  4  q4_k_scales() */
    uint8_t codes[128]; /* 16  nibbles of 32 bytes: two sub-blocks, four times */
};
_Static_assert(sizeof(struct block_q4_k) == 144, "block_q4_k");

/* w = d s q - dmin m; 8 sub-blocks of 32 weights */
struct block_q5_k {
    uint8_t d[2];       /*  0  half */
    uint8_t dmin[2];    /*  2  half */
    uint8_t scales[12]; /*  4  q4_k_scales() */
    uint8_t high[32];   /* 16  bit 4 of the codes: one plane, field i is sub-block i */
    uint8_t codes[128]; /* 48  bits 0 to 3, as in Q4_K */
};
_Static_assert(sizeof(struct block_q5_k) == 176, "block_q5_k");

/* w = d s (q - 32); 16 sub-blocks of 16 weights */
struct block_q6_k {
    uint8_t codes[128]; /*   0  bits 0 to 3: for each half of the weights nibbles of 64 bytes */
    uint8_t high[64];   /* 128  bits 4 and 5: for each half of the weights a plane of 32 bytes */
    int8_t scales[16];  /* 192 */
    uint8_t d[2];       /* 208  half */
};
_Static_assert(sizeof(struct block_q6_k) == 210, "block_q6_k");

/* w = d iq4_levels[q] */
struct block_iq4_nl {
    uint8_t d[2];      /*  0  half */
    uint8_t codes[16]; /*  2  nibbles */
};
_Static_assert(sizeof(struct block_iq4_nl) == 18, "block_iq4_nl");

/* w = d (s - 32) iq4_levels[q]; 8 sub-blocks of 32 weights */
struct block_iq4_xs {
    uint8_t d[2];           /*  0  half */
    uint8_t scales_high[2]; /*  2  bits 4 and 5 of scale i: bits 2i, 2i + 1 of this u16 */
    uint8_t scales_low[4];  /*  4  bits 0 to 3: byte i holds scales 2i (low nibble) and 2i + 1 */
    uint8_t codes[128];     /*  8  nibbles of 16 bytes: one sub-block, eight times */
};
_Static_assert(sizeof(struct block_iq4_xs) == 136, "block_iq4_xs");

/* What the 16 codes of IQ4_NL and IQ4_XS stand for. */
extern const int8_t iq4_levels[16];

/* The 6-bit scales and minima of Q4_K and Q5_K, eight of each in 12 bytes. Those of sub-blocks 0 to
 * 3 are the low 6 bits of bytes 0 to 3 (scales) and 4 to 7 (minima). Sub-block 4 + i has its low 4
 * bits in byte 8 + i (scale: low nibble, minimum: high nibble) and its upper 2 bits at the top of
 * bytes i (scale) and 4 + i (minimum). */
static inline void q4_k_scales(const uint8_t packed[12], uint8_t scales[8], uint8_t mins[8]) {
    for (int i = 0; i < 4; i++) {
        scales[i] = packed[i] & 63;
        mins[i] = packed[4 + i] & 63;
        scales[4 + i] = (uint8_t)((packed[8 + i] & 15) | packed[i] >> 6 << 4);
        mins[4 + i] = (uint8_t)(packed[8 + i] >> 4 | packed[4 + i] >> 6 << 4);
    }
}

/* The 16 scales of Q3_K, less 32: low 4 bits are the nibbles of bytes 0 to 7, the upper 2 bits four
 * fields of bytes 8 to 11. */
static inline void q3_k_scales(const uint8_t packed[12], int8_t scales[16]) {
    for (int i = 0; i < 16; i++) {
        const int low = i < 8 ? packed[i] & 15 : packed[i - 8] >> 4;
        const int high = packed[8 + i % 4] >> (i / 4 * 2) & 3;
        scales[i] = (int8_t)(low + 16 * high - 32);
    }
}

/* The scale of sub-block i of IQ4_XS, less 32. */
static inline int iq4_xs_scale(const struct block_iq4_xs *b, int i) {
    const int low = b->scales_low[i / 2] >> (i % 2 * 4) & 15;
    const int high = block_u16(b->scales_high) >> (2 * i) & 3;
    return low + 16 * high - 32;
}

#endif
