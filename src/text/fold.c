/* SPDX-License-Identifier: MIT
 *
 * Folding. The step from a source position to a folded byte depends on nothing but the source from
 * there on, so a walk may begin at any checkpoint.
 */
#include "text/fold.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/intl.h"
#include "base/mem.h"

enum { FOLD_STRIDE = 64 };

/* U+00C0..U+017F (Latin-1 letters and Latin Extended-A) without their marks. */
static const char latin_base[] = "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTs"  /* U+00C0 */
                                 "aaaaaaaceeeeiiiidnooooo/ouuuuyty"  /* U+00E0 */
                                 "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGg"  /* U+0100 */
                                 "GgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlL"  /* U+0120 */
                                 "lLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSs"  /* U+0140 */
                                 "SsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs"; /* U+0160 */

/* U+0180..U+024F and U+1E00..U+1EFF (Romanian, Guaraní, Vietnamese...): the base of each letter
 * that has one; '#' is a letter of its own. */
static const char latin_extended[] = "################################" /* U+0180 */
                                     "Oo#############Uu###############" /* U+01A0 */
                                     "#############AaIiOoUuUuUuUuUu#Aa" /* U+01C0 */
                                     "Aa####GgKkOoOo##j###Gg##NnAa####" /* U+01E0 */
                                     "AaAaEeEeIiIiOoOoRrRrUuUuSsTt##Hh" /* U+0200 */
                                     "######AaEeOoOoOoOoYy############" /* U+0220 */
                                     "################" /* U+0240 */;
static const char latin_additional[] = "AaBbBbBbCcDdDdDdDdDdEeEeEeEeEeFf" /* U+1E00 */
                                       "GgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMm" /* U+1E20 */
                                       "MmMmNnNnNnNnOoOoOoOoPpPpRrRrRrRr" /* U+1E40 */
                                       "SsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVv" /* U+1E60 */
                                       "WwWwWwWwWwXxXxYyZzZzZzhtwy######" /* U+1E80 */
                                       "AaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEe" /* U+1EA0 */
                                       "EeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOo" /* U+1EC0 */
                                       "OoOoUuUuUuUuUuUuUuYyYyYyYy######" /* U+1EE0 */;

/* Cyrillic and Greek capitals and small letters that look like Latin ones. */
static const struct {
    uint16_t cp;
    char latin;
} look_alikes[] = {
    {0x0391, 'A'}, {0x0392, 'B'}, {0x0395, 'E'}, {0x0396, 'Z'}, {0x0397, 'H'}, {0x0399, 'I'},
    {0x039a, 'K'}, {0x039c, 'M'}, {0x039d, 'N'}, {0x039f, 'O'}, {0x03a1, 'P'}, {0x03a4, 'T'},
    {0x03a5, 'Y'}, {0x03a7, 'X'}, {0x03bf, 'o'}, {0x03bd, 'v'}, {0x0405, 'S'}, {0x0406, 'I'},
    {0x0408, 'J'}, {0x0410, 'A'}, {0x0412, 'B'}, {0x0415, 'E'}, {0x041a, 'K'}, {0x041c, 'M'},
    {0x041d, 'H'}, {0x041e, 'O'}, {0x0420, 'P'}, {0x0421, 'C'}, {0x0422, 'T'}, {0x0423, 'Y'},
    {0x0425, 'X'}, {0x0430, 'a'}, {0x0435, 'e'}, {0x043e, 'o'}, {0x0440, 'p'}, {0x0441, 'c'},
    {0x0443, 'y'}, {0x0445, 'x'}, {0x0455, 's'}, {0x0456, 'i'}, {0x0458, 'j'},
};

static bool is_combining(uint32_t cp) {
    return (cp >= 0x0300 && cp <= 0x036f) || (cp >= 0x1ab0 && cp <= 0x1aff) ||
           (cp >= 0x1dc0 && cp <= 0x1dff) || (cp >= 0x20d0 && cp <= 0x20ff) ||
           (cp >= 0xfe20 && cp <= 0xfe2f);
}

static bool is_invisible(uint32_t cp) {
    return cp == 0x00ad || cp == 0x034f || cp == 0x061c || (cp >= 0x200b && cp <= 0x200f) ||
           (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x2064) ||
           (cp >= 0x2066 && cp <= 0x206f) || (cp >= 0xfe00 && cp <= 0xfe0f) || cp == 0xfeff;
}

/* The first digit of each block of ten decimal digits that scripts other than ASCII use. */
static const uint32_t digit_zeros[] = {0x0660,  0x06f0,  0x0966,  0x09e6,  0xff10,
                                       0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6};

static int fold_digit(uint32_t cp) {
    for (size_t i = 0; i < sizeof(digit_zeros) / sizeof(digit_zeros[0]); i++)
        if (cp >= digit_zeros[i] && cp < digit_zeros[i] + 10)
            return '0' + (int)(cp - digit_zeros[i]);
    return -1;
}

static int fold_latin_1_sign(uint32_t cp) {
    switch (cp) {
    case 0x00a0: return ' ';
    case 0x00aa:
    case 0x00b0:
    case 0x00ba: return FOLD_ORDINAL;
    case 0x00ab:
    case 0x00bb: return '"';
    case 0x00b4: return '\'';
    case 0x00b7: return FOLD_BULLET;
    case 0x0085: return '\n';
    default: return cp < 0xa0 ? FOLD_LETTER : FOLD_SYMBOL; /* C1: likely a broken letter */
    }
}

static int fold_punctuation(uint32_t cp) {
    if (cp == 0x2028 || cp == 0x2029) return '\n';
    if (cp <= 0x200a || cp == 0x202f || cp == 0x205f) return ' ';
    if (cp <= 0x2015) return '-';
    if (cp >= 0x2018 && cp <= 0x201b) return '\'';
    if (cp >= 0x201c && cp <= 0x201f) return '"';
    if (cp == 0x2024) return '.';
    if (cp == 0x2026) return '.';
    if (cp == 0x2032) return '\'';
    if (cp == 0x2022 || cp == 0x2023 || cp == 0x2027 || cp == 0x2043) return FOLD_BULLET;
    if (cp == 0x2044) return '/';
    return FOLD_SYMBOL;
}

static int fold_look_alike(uint32_t cp) {
    for (size_t i = 0; i < sizeof(look_alikes) / sizeof(look_alikes[0]); i++)
        if (look_alikes[i].cp == cp) return look_alikes[i].latin;
    return FOLD_LETTER;
}

static int letter_or(char base) {
    return base == '#' ? FOLD_LETTER : base;
}

int fold_codepoint(uint32_t cp) {
    if (cp < 0x80) return (int)cp;
    if (is_combining(cp) || is_invisible(cp)) return -1;
    if (cp < 0xc0) return fold_latin_1_sign(cp);
    if (cp < 0x180) return latin_base[cp - 0xc0];
    if (cp == 0x0192) return 'f';
    if (cp < 0x250) return letter_or(latin_extended[cp - 0x180]);
    if (cp >= 0x1e00 && cp < 0x1f00) return letter_or(latin_additional[cp - 0x1e00]);
    if (cp >= 0x0370 && cp < 0x0530) return fold_look_alike(cp);
    const int digit = fold_digit(cp);
    if (digit >= 0) return digit;
    if (cp >= 0x1e00 && cp < 0x2000) return FOLD_LETTER;
    if (cp >= 0x2000 && cp < 0x2070) return fold_punctuation(cp);
    if (cp == 0x2116) return FOLD_ORDINAL; /* the numero sign */
    if (cp == 0x2212) return '-';
    if (cp == 0x3000) return ' ';
    if (cp >= 0xff01 && cp <= 0xff5e) return (int)(cp - 0xff01) + '!';
    if (cp >= 0x2070 && cp < 0x2c00) return FOLD_SYMBOL;
    if (cp >= 0x1f000 && cp < 0x20000) return FOLD_SYMBOL;
    return FOLD_LETTER;
}

/* One step: decodes at `at`, returns its length and sets the folded byte, or -1. */
static size_t step(const struct folded *f, size_t at, int *byte, bool *combining) {
    const unsigned char c = f->source[at];
    uint32_t cp = c;
    size_t len = 1;
    if (c >= 0x80 || (f->encoding != ENCODING_UTF_8 && f->encoding != ENCODING_WINDOWS_1252))
        len = encoding_decode(f->encoding, f->source, f->n_source, at, &cp, NULL);
    *combining = is_combining(cp);
    if (cp == '\r') {
        /* of a pair, the LF ends the line; a CR alone is a line end of its own */
        uint32_t next = 0;
        if (at + len < f->n_source)
            encoding_decode(f->encoding, f->source, f->n_source, at + len, &next, NULL);
        *byte = next == '\n' ? ' ' : '\n';
    } else if (cp == '\v' || cp == '\f') {
        *byte = '\n';
    } else {
        *byte = fold_codepoint(cp);
    }
    return len;
}

enum status fold_text(struct folded *out, enum encoding encoding, const unsigned char *bytes,
                      size_t n, struct error *err) {
    assert(n <= UINT32_MAX);
    struct folded f = {.encoding = encoding, .source = bytes, .n_source = n};
    struct array text = {0}, checkpoints = {0};
    /* UTF-16 and UTF-32 fold to fewer bytes than they have; others to at most as many */
    size_t room = n;
    if (encoding == ENCODING_UTF_16LE || encoding == ENCODING_UTF_16BE) room = n / 2 + 1;
    if (encoding == ENCODING_UTF_32LE || encoding == ENCODING_UTF_32BE) room = n / 4 + 1;
    if (!array_reserve(&text, room + 1, 1) ||
        !array_reserve(&checkpoints, room / FOLD_STRIDE + 1, sizeof(struct fold_checkpoint)))
        goto nomem;
    f.text = text.data;
    f.checkpoints = checkpoints.data;

    uint32_t codepoint = 0;
    for (size_t at = 0; at < n; codepoint++) {
        int byte;
        bool combining;
        const size_t len = step(&f, at, &byte, &combining);
        if (byte >= 0) {
            if (f.n % FOLD_STRIDE == 0)
                f.checkpoints[f.n / FOLD_STRIDE] = (struct fold_checkpoint){.byte = (uint32_t)at,
                                                                            .codepoint = codepoint};
            f.text[f.n++] = (unsigned char)byte;
        }
        at += len;
    }
    f.text[f.n] = '\0';
    *out = f;
    return OK;

nomem:
    array_release(&text);
    array_release(&checkpoints);
    return fail(err, ERR_NOMEM, _("not enough memory for a document of %zu bytes"), n);
}

void folded_release(struct folded *f) {
    mem_wipe_free(f->text, f->n);
    mem_free(f->checkpoints);
    *f = (struct folded){0};
}

/* Walks from the checkpoint at or before folded character `index` to that character. */
static void seek(const struct folded *f, size_t index, size_t *byte, size_t *codepoint) {
    const struct fold_checkpoint c = f->checkpoints[index / FOLD_STRIDE];
    size_t left = index % FOLD_STRIDE;
    *byte = c.byte;
    *codepoint = c.codepoint;
    for (;; ++*codepoint) {
        int folded;
        bool combining;
        const size_t len = step(f, *byte, &folded, &combining);
        if (folded >= 0 && left-- == 0) return;
        *byte += len;
    }
}

struct source_range folded_source(const struct folded *f, size_t start, size_t end) {
    assert(start < end && end <= f->n);
    struct source_range r;
    seek(f, start, &r.start_byte, &r.start);
    seek(f, end - 1, &r.end_byte, &r.end);
    int folded;
    bool combining;
    r.end_byte += step(f, r.end_byte, &folded, &combining);
    r.end++;
    while (r.end_byte < f->n_source) {
        const size_t len = step(f, r.end_byte, &folded, &combining);
        if (!combining) break;
        r.end_byte += len;
        r.end++;
    }
    return r;
}

size_t fold_phrase(char *out, size_t size, const char *utf8) {
    const unsigned char *s = (const unsigned char *)utf8;
    const size_t n = strlen(utf8);
    size_t len = 0;
    bool blank = false;
    for (size_t at = 0; at < n;) {
        uint32_t cp;
        at += encoding_decode(ENCODING_UTF_8, s, n, at, &cp, NULL);
        int c = fold_codepoint(cp);
        if (c < 0) continue;
        if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
        const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == FOLD_LETTER;
        if (!word) {
            blank = len > 0;
            continue;
        }
        if (len + 2 + (size_t)blank > size) break;
        if (blank) out[len++] = ' ';
        blank = false;
        out[len++] = (char)c;
    }
    if (size) out[len] = '\0';
    return len;
}
