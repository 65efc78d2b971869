/* SPDX-License-Identifier: MIT
 *
 * Reading plain text. What the bytes are is decided once, here, on the whole input: a format that
 * is not text is named by its first bytes, anything else that is mostly not text by its control
 * characters. Whatever passes is kept byte for byte, faults and all.
 */
#include "doc/doc.h"

#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/intl.h"
#include "base/mem.h"

/* First bytes of formats that are often found where notes are kept, with what a person calls
 * them. ASCII ones are taken only with something that prose does not have. */
static const struct {
    const char *magic;
    size_t n;
    const char *name;
} known_formats[] = {
    {"%PDF", 4, N_("a PDF document")},
    {"PK\3\4", 4, N_("a ZIP container (docx, xlsx, odt or an archive)")},
    {"PK\5\6", 4, N_("an empty ZIP archive")},
    {"PK\7\10", 4, N_("a part of a ZIP archive")},
    {"\x89PNG", 4, N_("a PNG image")},
    {"\xff\xd8\xff", 3, N_("a JPEG image")},
    {"GIF87a", 6, N_("a GIF image")},
    {"GIF89a", 6, N_("a GIF image")},
    {"\x1f\x8b", 2, N_("gzip-compressed data")},
    {"\x7f"
     "ELF",
     4, N_("an ELF program")},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, N_("an OLE2 container (an old doc, xls or msg)")},
    {"{\\rtf", 5, N_("an RTF document")},
};

/* "GGUF" alone could begin a sentence: its version, a small number in either byte order, tells. */
static bool is_gguf(const unsigned char *b, size_t n) {
    if (n < 8 || memcmp(b, "GGUF", 4) != 0) return false;
    return (b[5] == 0 && b[6] == 0 && b[7] == 0) || (b[4] == 0 && b[5] == 0 && b[6] == 0);
}

/* The name of a known format that is not text, or NULL. */
static const char *format_of(const unsigned char *b, size_t n) {
    for (size_t i = 0; i < sizeof(known_formats) / sizeof(known_formats[0]); i++)
        if (n >= known_formats[i].n && memcmp(b, known_formats[i].magic, known_formats[i].n) == 0)
            return known_formats[i].name;
    return is_gguf(b, n) ? N_("a GGUF model") : NULL;
}

enum { BINARY_CONTROLS_MIN = 16, BINARY_SHARE_DIVISOR = 100 };

/* Decides encoding and faults of the bytes that `doc` already owns. */
static enum status document_inspect(struct document *doc, const char *name, struct error *err) {
    const char *format = format_of(doc->bytes, doc->n_bytes);
    if (format)
        return fail(err, ERR_UNSUPPORTED, _("%s is %s; only plain text is read so far"), name,
                    gettext(format));
    doc->encoding = encoding_detect(doc->bytes, doc->n_bytes);
    doc->faults = encoding_inspect(doc->encoding, doc->bytes, doc->n_bytes);
    const size_t n = doc->faults.n_controls;
    if (n >= BINARY_CONTROLS_MIN && n > doc->faults.n_codepoints / BINARY_SHARE_DIVISOR)
        return fail(err, ERR_UNSUPPORTED,
                    _("%s is binary: %zu of its %zu characters are control characters"), name, n,
                    doc->faults.n_codepoints);
    return OK;
}

enum status document_read(struct document *out, const char *path, struct error *err) {
    struct file_bytes file;
    enum status st = file_read(&file, path, DOCUMENT_SIZE_MAX_BYTES, err);
    if (st) return st;
    struct document doc = {.bytes = file.data, .n_bytes = file.n};
    const char *name = strcmp(path, "-") == 0 ? _("standard input") : path;
    if ((st = document_inspect(&doc, name, err))) {
        document_close(&doc);
        return st;
    }
    *out = doc;
    return OK;
}

enum status document_from_bytes(struct document *out, const void *bytes, size_t n,
                                struct error *err) {
    if (n > DOCUMENT_SIZE_MAX_BYTES)
        return fail(err, ERR_LIMIT, _("document of %zu bytes; at most %zu are read"), n,
                    DOCUMENT_SIZE_MAX_BYTES);
    struct document doc = {.bytes = mem_alloc(n + 1), .n_bytes = n};
    if (!doc.bytes)
        return fail(err, ERR_NOMEM, _("not enough memory for a document of %zu bytes"), n);
    if (n) memcpy(doc.bytes, bytes, n);
    doc.bytes[n] = '\0';
    enum status st = document_inspect(&doc, _("the document"), err);
    if (st) {
        document_close(&doc);
        return st;
    }
    *out = doc;
    return OK;
}

void document_close(struct document *doc) {
    mem_wipe_free(doc->bytes, doc->n_bytes);
    *doc = (struct document){0};
}

bool document_name_is_readable(const char *name) {
    const char *dot = strrchr(name, '.');
    if (!dot || dot == name || name[0] == '.') return false;
    return strcasecmp(dot, ".txt") == 0 || strcasecmp(dot, ".md") == 0;
}
