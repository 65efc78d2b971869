/* SPDX-License-Identifier: MIT
 *
 * What the pre-tokenisers ask of a character, and canonical composition (NFC). The tables are those
 * of one Unicode version, named in unicode_data.c, and no library's, so that the tokens of a text
 * do not depend on the machine.
 */
#ifndef SIGILO_TOKENIZER_UNICODE_H
#define SIGILO_TOKENIZER_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

enum {
    UNICODE_LETTER = 1,    /* \p{L} */
    UNICODE_NUMBER = 2,    /* \p{N} */
    UNICODE_SPACE = 4,     /* White_Space, which is \s */
    UNICODE_UPPERISH = 8,  /* Lu Lt Lm Lo M */
    UNICODE_LOWERISH = 16, /* Ll Lm Lo M */
    UNICODE_UNSTABLE = 32, /* NFC may change it or join it to what stands before */
};

enum { UNICODE_FIRST = 0x600 };
extern const uint8_t unicode_first[UNICODE_FIRST]; /* flags of the first characters */
extern const uint32_t unicode_runs[];              /* code point << 8 | flags, where they change */
extern const size_t unicode_n_runs;

/* The flags of a code point from UNICODE_FIRST on. */
unsigned unicode_flags_far(uint32_t cp);

static inline unsigned unicode_flags(uint32_t cp) {
    return cp < UNICODE_FIRST ? unicode_first[cp] : unicode_flags_far(cp);
}

/* Canonical combining classes other than 0, and canonical decompositions in one step; a
 * decomposition to one code point has second 0. By code point; compositions are positions in the
 * decompositions, in the order of (first, second). */
struct unicode_rank {
    uint32_t first, last;
    uint8_t rank;
};
struct unicode_decomposition {
    uint32_t cp, first, second;
};
extern const struct unicode_rank unicode_ranks[];
extern const struct unicode_decomposition unicode_decompositions[];
extern const uint16_t unicode_compositions[];
extern const size_t unicode_n_ranks, unicode_n_decompositions, unicode_n_compositions;

/* Decodes the character at p of valid UTF-8; returns its bytes. */
static inline size_t utf8_decode(const unsigned char *p, uint32_t *cp) {
    if (p[0] < 0x80) {
        *cp = p[0];
        return 1;
    }
    if (p[0] < 0xe0) {
        *cp = (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
        return 2;
    }
    if (p[0] < 0xf0) {
        *cp = (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
        return 3;
    }
    *cp = (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 |
          (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
    return 4;
}

/* Bytes of the character that begins with this byte, or 1: valid UTF-8. */
static inline size_t utf8_length(unsigned char lead) {
    return lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Bytes of the character at p of any n > 0 bytes. 0: there is none, *bad bytes are the maximal
 * subpart that becomes one U+FFFD (the Unicode standard, section 3.9, table 3-7). *cut: the bytes
 * end before they could be told to be a character or not. */
size_t utf8_check(const unsigned char *p, size_t n, size_t *bad, bool *cut);

/* A stretch that normalisation changed: bytes of the result, and of the source. */
struct nfc_change {
    uint32_t at, n;
    uint32_t source_at, source_n;
};

/* Whether NFC leaves n bytes of valid UTF-8 as they are, for sure. */
bool nfc_is_stable(const unsigned char *text, size_t n);

/* NFC of n bytes of valid UTF-8 (Unicode standard annex 15), as n_out bytes that the caller wipes
 * and frees. `changes`, if wanted, gets struct nfc_change, in order; what lies between is as it
 * was. Time and memory are linear. false: memory is short. */
bool nfc(unsigned char **out, size_t *n_out, struct array *changes, const unsigned char *text,
         size_t n);

#endif
