/* SPDX-License-Identifier: MIT
 *
 * Character encodings: deciding which one a document is in, decoding it code point by code point
 * so that no byte is lost, and writing replacements back in it.
 *
 * An undecodable byte (in UTF-16 and UTF-32: an undecodable unit, or the odd bytes at the end)
 * counts as one code point and decodes to U+FFFD. A byte-order mark and every CR are ordinary
 * code points. So byte offsets and code-point offsets map to each other without exception.
 */
#ifndef SIGILO_TEXT_ENCODING_H
#define SIGILO_TEXT_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

enum encoding {
    ENCODING_UTF_8,
    ENCODING_UTF_16LE,
    ENCODING_UTF_16BE,
    ENCODING_UTF_32LE,
    ENCODING_UTF_32BE,
    ENCODING_WINDOWS_1252, /* Latin-1 is read as its subset */
};

/* "utf-8", "utf-16le", ..., "windows-1252". Static storage. */
const char *encoding_name(enum encoding encoding);

/* Decides on the whole input: a byte-order mark; valid UTF-8; else UTF-8 with broken bytes if
 * well-formed multibyte sequences outnumber stray bytes; else Windows-1252.  (Encoding of the
 * web: https://encoding.spec.whatwg.org/ for the 1252 table.) */
enum encoding encoding_detect(const unsigned char *bytes, size_t n);

/* Decodes the code point that starts at bytes[at], at < n, and returns the bytes it takes (>= 1).
 * `*cp` is U+FFFD and `*broken` true for what cannot be decoded (`broken` may be NULL). */
size_t encoding_decode(enum encoding encoding, const unsigned char *bytes, size_t n, size_t at,
                       uint32_t *cp, bool *broken);

/* Appends one code point in the encoding; '?' where the encoding lacks it (1252 only). */
void encoding_append(struct strbuf *out, enum encoding encoding, uint32_t cp);

/* Appends a UTF-8 string (NUL-terminated, ours) in the encoding. */
void encoding_append_utf8(struct strbuf *out, enum encoding encoding, const char *utf8);

/* Appends n bytes of a document as UTF-8, broken bytes as U+FFFD. */
void encoding_to_utf8(struct strbuf *out, enum encoding encoding, const unsigned char *bytes,
                      size_t n);

/* Number of code points in n bytes. */
size_t encoding_count(enum encoding encoding, const unsigned char *bytes, size_t n);

/* How far a document is from clean text; see doc/doc.h for what follows from it. */
struct encoding_faults {
    size_t n_broken;   /* undecodable bytes or units */
    size_t n_nul;      /* U+0000 */
    size_t n_controls; /* control characters other than TAB, LF, CR, FF (NUL among them) */
    size_t n_codepoints;
};
struct encoding_faults encoding_inspect(enum encoding encoding, const unsigned char *bytes,
                                        size_t n);

#endif
