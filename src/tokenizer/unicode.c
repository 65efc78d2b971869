/* SPDX-License-Identifier: MIT
 *
 * Looking up characters, and telling characters from bytes that are none.
 */
#include "tokenizer/unicode.h"

unsigned unicode_flags_far(uint32_t cp) {
    size_t low = 0, high = unicode_n_runs; /* the last run that begins at cp or before */
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (unicode_runs[middle] >> 8 <= cp)
            low = middle;
        else
            high = middle;
    }
    return unicode_runs[low] & 0xff;
}

/* What the second byte after this lead byte may be; false: it leads nothing. */
static bool second_of(unsigned char lead, unsigned char *low, unsigned char *high, size_t *length) {
    *low = 0x80;
    *high = 0xbf;
    *length = utf8_length(lead);
    if (lead < 0xc2 || lead > 0xf4) return false;
    if (lead == 0xe0) *low = 0xa0; /* no overlong forms */
    if (lead == 0xf0) *low = 0x90;
    if (lead == 0xed) *high = 0x9f; /* no surrogates */
    if (lead == 0xf4) *high = 0x8f; /* nothing above U+10FFFF */
    return true;
}

size_t utf8_check(const unsigned char *p, size_t n, size_t *bad, bool *cut) {
    unsigned char low, high;
    size_t length;
    *cut = false;
    *bad = 1;
    if (p[0] < 0x80) return 1;
    if (!second_of(p[0], &low, &high, &length)) return 0;
    for (size_t i = 1; i < length; i++) {
        if (i == n) {
            *cut = true;
            *bad = n;
            return 0;
        }
        if (p[i] < low || p[i] > high) {
            *bad = i;
            return 0;
        }
        low = 0x80;
        high = 0xbf;
    }
    return length;
}
