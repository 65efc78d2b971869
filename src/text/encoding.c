/* SPDX-License-Identifier: MIT
 *
 * Decoding without loss. UTF-8 follows the Unicode standard's table 3-7 (no overlong forms, no
 * surrogates); a stray byte is one code point, so that everything after it keeps its offset.
 */
#include "text/encoding.h"

#include <assert.h>
#include <string.h>

enum { REPLACEMENT_CHARACTER = 0xfffd };

const char *encoding_name(enum encoding encoding) {
    switch (encoding) {
    case ENCODING_UTF_8: return "utf-8";
    case ENCODING_UTF_16LE: return "utf-16le";
    case ENCODING_UTF_16BE: return "utf-16be";
    case ENCODING_UTF_32LE: return "utf-32le";
    case ENCODING_UTF_32BE: return "utf-32be";
    case ENCODING_WINDOWS_1252: return "windows-1252";
    }
    return "unknown";
}

/* Bytes 0x80-0x9f of Windows-1252; the five undefined ones are C1 controls, as the web reads
 * them, so every byte has a code point and Latin-1 files lose nothing. */
static const uint16_t windows_1252_high[32] = {
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
};

static bool is_continuation(unsigned char c) {
    return (c & 0xc0) == 0x80;
}

static size_t decode_utf8(const unsigned char *s, size_t n, uint32_t *cp, bool *broken) {
    const unsigned char c = s[0];
    *broken = false;
    if (c < 0x80) {
        *cp = c;
        return 1;
    }
    if (c >= 0xc2 && c <= 0xdf && n >= 2 && is_continuation(s[1])) {
        *cp = (uint32_t)(c & 0x1f) << 6 | (s[1] & 0x3f);
        return 2;
    }
    if ((c & 0xf0) == 0xe0 && n >= 3 && is_continuation(s[1]) && is_continuation(s[2])) {
        *cp = (uint32_t)(c & 0x0f) << 12 | (uint32_t)(s[1] & 0x3f) << 6 | (s[2] & 0x3f);
        if (*cp >= 0x800 && (*cp < 0xd800 || *cp > 0xdfff)) return 3;
    }
    if (c >= 0xf0 && c <= 0xf4 && n >= 4 && is_continuation(s[1]) && is_continuation(s[2]) &&
        is_continuation(s[3])) {
        *cp = (uint32_t)(c & 0x07) << 18 | (uint32_t)(s[1] & 0x3f) << 12 |
              (uint32_t)(s[2] & 0x3f) << 6 | (s[3] & 0x3f);
        if (*cp >= 0x10000 && *cp <= 0x10ffff) return 4;
    }
    *cp = REPLACEMENT_CHARACTER;
    *broken = true;
    return 1;
}

static uint32_t unit16(const unsigned char *s, bool big) {
    return big ? (uint32_t)s[0] << 8 | s[1] : (uint32_t)s[1] << 8 | s[0];
}

static size_t decode_utf16(const unsigned char *s, size_t n, bool big, uint32_t *cp, bool *broken) {
    *broken = true;
    *cp = REPLACEMENT_CHARACTER;
    if (n < 2) return n;
    const uint32_t u = unit16(s, big);
    if (u >= 0xd800 && u <= 0xdbff && n >= 4) {
        const uint32_t low = unit16(s + 2, big);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *broken = false;
            *cp = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
            return 4;
        }
    }
    if (u >= 0xd800 && u <= 0xdfff) return 2;
    *broken = false;
    *cp = u;
    return 2;
}

static size_t decode_utf32(const unsigned char *s, size_t n, bool big, uint32_t *cp, bool *broken) {
    *broken = true;
    *cp = REPLACEMENT_CHARACTER;
    if (n < 4) return n;
    const uint32_t u =
        big ? (uint32_t)s[0] << 24 | (uint32_t)s[1] << 16 | (uint32_t)s[2] << 8 | s[3]
            : (uint32_t)s[3] << 24 | (uint32_t)s[2] << 16 | (uint32_t)s[1] << 8 | s[0];
    if (u > 0x10ffff || (u >= 0xd800 && u <= 0xdfff)) return 4;
    *broken = false;
    *cp = u;
    return 4;
}

size_t encoding_decode(enum encoding encoding, const unsigned char *bytes, size_t n, size_t at,
                       uint32_t *cp, bool *broken) {
    assert(at < n);
    bool ignored;
    if (!broken) broken = &ignored;
    const unsigned char *s = bytes + at;
    switch (encoding) {
    case ENCODING_UTF_8: return decode_utf8(s, n - at, cp, broken);
    case ENCODING_UTF_16LE: return decode_utf16(s, n - at, false, cp, broken);
    case ENCODING_UTF_16BE: return decode_utf16(s, n - at, true, cp, broken);
    case ENCODING_UTF_32LE: return decode_utf32(s, n - at, false, cp, broken);
    case ENCODING_UTF_32BE: return decode_utf32(s, n - at, true, cp, broken);
    case ENCODING_WINDOWS_1252: break;
    }
    *broken = false;
    *cp = s[0] >= 0x80 && s[0] < 0xa0 ? windows_1252_high[s[0] - 0x80] : s[0];
    return 1;
}

enum encoding encoding_detect(const unsigned char *bytes, size_t n) {
    /* the UTF-32LE mark begins like the UTF-16LE one: ask for it first */
    if (n >= 4 && memcmp(bytes, "\xff\xfe\0\0", 4) == 0) return ENCODING_UTF_32LE;
    if (n >= 4 && memcmp(bytes, "\0\0\xfe\xff", 4) == 0) return ENCODING_UTF_32BE;
    if (n >= 2 && memcmp(bytes, "\xff\xfe", 2) == 0) return ENCODING_UTF_16LE;
    if (n >= 2 && memcmp(bytes, "\xfe\xff", 2) == 0) return ENCODING_UTF_16BE;
    if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) return ENCODING_UTF_8;

    size_t n_multibyte = 0, n_stray = 0;
    for (size_t at = 0; at < n;) {
        uint32_t cp;
        bool broken;
        const size_t len = decode_utf8(bytes + at, n - at, &cp, &broken);
        n_stray += broken;
        n_multibyte += len > 1;
        at += len;
    }
    return n_stray == 0 || n_multibyte > n_stray ? ENCODING_UTF_8 : ENCODING_WINDOWS_1252;
}

static void append_unit16(struct strbuf *out, uint32_t u, bool big) {
    const char high = (char)(u >> 8 & 0xff), low = (char)(u & 0xff);
    strbuf_putc(out, big ? high : low);
    strbuf_putc(out, big ? low : high);
}

static void append_utf8(struct strbuf *out, uint32_t cp) {
    char b[4];
    size_t n = 0;
    if (cp < 0x80) {
        b[n++] = (char)cp;
    } else if (cp < 0x800) {
        b[n++] = (char)(0xc0 | cp >> 6);
        b[n++] = (char)(0x80 | (cp & 0x3f));
    } else if (cp < 0x10000) {
        b[n++] = (char)(0xe0 | cp >> 12);
        b[n++] = (char)(0x80 | (cp >> 6 & 0x3f));
        b[n++] = (char)(0x80 | (cp & 0x3f));
    } else {
        b[n++] = (char)(0xf0 | cp >> 18);
        b[n++] = (char)(0x80 | (cp >> 12 & 0x3f));
        b[n++] = (char)(0x80 | (cp >> 6 & 0x3f));
        b[n++] = (char)(0x80 | (cp & 0x3f));
    }
    strbuf_append(out, b, n);
}

static void append_utf16(struct strbuf *out, uint32_t cp, bool big) {
    if (cp < 0x10000) {
        append_unit16(out, cp, big);
        return;
    }
    append_unit16(out, 0xd800 + ((cp - 0x10000) >> 10), big);
    append_unit16(out, 0xdc00 + ((cp - 0x10000) & 0x3ff), big);
}

static void append_utf32(struct strbuf *out, uint32_t cp, bool big) {
    for (int i = 0; i < 4; i++)
        strbuf_putc(out, (char)(cp >> (big ? 24 - 8 * i : 8 * i) & 0xff));
}

static void append_windows_1252(struct strbuf *out, uint32_t cp) {
    if (cp < 0x80 || (cp >= 0xa0 && cp <= 0xff)) {
        strbuf_putc(out, (char)cp);
        return;
    }
    for (int i = 0; i < 32; i++) {
        if (windows_1252_high[i] != cp) continue;
        strbuf_putc(out, (char)(0x80 + i));
        return;
    }
    strbuf_putc(out, '?');
}

void encoding_append(struct strbuf *out, enum encoding encoding, uint32_t cp) {
    switch (encoding) {
    case ENCODING_UTF_8: append_utf8(out, cp); return;
    case ENCODING_UTF_16LE: append_utf16(out, cp, false); return;
    case ENCODING_UTF_16BE: append_utf16(out, cp, true); return;
    case ENCODING_UTF_32LE: append_utf32(out, cp, false); return;
    case ENCODING_UTF_32BE: append_utf32(out, cp, true); return;
    case ENCODING_WINDOWS_1252: append_windows_1252(out, cp); return;
    }
}

void encoding_append_utf8(struct strbuf *out, enum encoding encoding, const char *utf8) {
    const unsigned char *s = (const unsigned char *)utf8;
    const size_t n = strlen(utf8);
    for (size_t at = 0; at < n;) {
        uint32_t cp;
        at += encoding_decode(ENCODING_UTF_8, s, n, at, &cp, NULL);
        encoding_append(out, encoding, cp);
    }
}

void encoding_to_utf8(struct strbuf *out, enum encoding encoding, const unsigned char *bytes,
                      size_t n) {
    strbuf_reserve(out, n); /* one growth for the common cases */
    for (size_t at = 0; at < n;) {
        size_t run = at; /* ASCII runs are most of a note: copy them whole */
        if (encoding == ENCODING_UTF_8 || encoding == ENCODING_WINDOWS_1252) {
            while (run < n && bytes[run] < 0x80)
                run++;
            strbuf_append(out, (const char *)bytes + at, run - at);
            at = run;
            if (at == n) break;
        }
        uint32_t cp;
        at += encoding_decode(encoding, bytes, n, at, &cp, NULL);
        append_utf8(out, cp);
    }
}

size_t encoding_count(enum encoding encoding, const unsigned char *bytes, size_t n) {
    size_t count = 0;
    for (size_t at = 0; at < n; count++) {
        uint32_t cp;
        at += encoding_decode(encoding, bytes, n, at, &cp, NULL);
    }
    return count;
}

struct encoding_faults encoding_inspect(enum encoding encoding, const unsigned char *bytes,
                                        size_t n) {
    struct encoding_faults f = {0};
    for (size_t at = 0; at < n; f.n_codepoints++) {
        uint32_t cp;
        bool broken;
        at += encoding_decode(encoding, bytes, n, at, &cp, &broken);
        f.n_broken += broken;
        f.n_nul += cp == 0;
        const bool blank = cp == '\t' || cp == '\n' || cp == '\r' || cp == '\f';
        const bool control = cp < 0x20 || cp == 0x7f || (cp >= 0x80 && cp < 0xa0);
        f.n_controls += control && !blank && cp != 0x85;
    }
    return f;
}
