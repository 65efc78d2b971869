/* SPDX-License-Identifier: MIT
 *
 * The folded view of a document: what detectors read instead of the text itself.
 *
 * One byte a visible character, ASCII as far as it goes: accents are dropped (case is kept),
 * full-width and foreign digits, look-alike Greek and Cyrillic letters, typographic dashes,
 * quotes and blanks become their plain forms; zero-width characters, soft hyphens and combining
 * marks vanish. So "Pérez", "Pe´rez" in combining form and "Рérez" with a Cyrillic Р read alike,
 * and a cédula with a zero-width space in it is still a cédula.
 *
 * The way back costs an eighth of a byte a character: every 64th folded character remembers where
 * it came from, and the few between are walked again.
 */
#ifndef SIGILO_TEXT_FOLD_H
#define SIGILO_TEXT_FOLD_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "text/encoding.h"

/* Folded bytes that are not ASCII. */
enum {
    FOLD_ORDINAL = 0xba, /* º ° ª: they are typed for each other */
    FOLD_BULLET = 0xb7,  /* · • and the like */
    FOLD_LETTER = 0xc0,  /* a letter of no Latin look, or a broken byte: part of a word */
    FOLD_SYMBOL = 0xa4,  /* any other character */
};

struct fold_checkpoint {
    uint32_t byte;
    uint32_t codepoint;
};

struct folded {
    unsigned char *text; /* [n], owned; NUL after the last */
    size_t n;
    struct fold_checkpoint *checkpoints; /* one every FOLD_STRIDE folded characters, owned */
    enum encoding encoding;
    const unsigned char *source; /* [n_source], borrowed from the document */
    size_t n_source;
};

/* Folds n bytes (at most 2^32 - 1) of a document, which must outlive the view. ERR_NOMEM. */
enum status fold_text(struct folded *out, enum encoding encoding, const unsigned char *bytes,
                      size_t n, struct error *err);

/* Wipes and frees. */
void folded_release(struct folded *f);

/* Where folded characters [start, end) lie in the source: from the first character to the end of
 * the last, with the combining marks that belong to it. start < end <= n. */
struct source_range {
    size_t start_byte, end_byte;
    size_t start, end; /* code points */
};
struct source_range folded_source(const struct folded *f, size_t start, size_t end);

/* Folds one code point: the byte, or -1 when it vanishes. */
int fold_codepoint(uint32_t cp);

/* Folds a UTF-8 string of ours to lower case with single blanks, for comparing words and phrases:
 * what is neither letter nor digit becomes a blank. Writes at most size - 1 bytes and a NUL;
 * returns the length. The build's word lists are folded alike (tools/embed.py). */
size_t fold_phrase(char *out, size_t size, const char *utf8);

#endif
