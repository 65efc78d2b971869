/* SPDX-License-Identifier: MIT
 *
 * doc: documents in and out. A document is the bytes as they lay in the file plus what they mean
 * as text; nothing here changes them. The face of the folder.
 */
#ifndef SIGILO_DOC_DOC_H
#define SIGILO_DOC_DOC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "doc/brat.h"
#include "text/encoding.h"

/* Largest document accepted: offsets inside the pipeline are 32 bits. */
#define DOCUMENT_SIZE_MAX_BYTES ((size_t)2 << 30)

struct document {
    unsigned char *bytes; /* [n_bytes], the original, owned */
    size_t n_bytes;
    enum encoding encoding;
    struct encoding_faults faults;
};

/* Reads a plain-text document from a path, "-" being standard input.
 *
 * ERR_UNSUPPORTED for binary content: a known format that is not text, or at least 16 control
 * characters (other than TAB, LF, CR, FF) that are more than 1 % of the code points.
 * Else as file_read. Broken bytes and NULs are kept and counted in `faults`. */
enum status document_read(struct document *out, const char *path, struct error *err);

/* As document_read, from bytes in memory: takes a copy. */
enum status document_from_bytes(struct document *out, const void *bytes, size_t n,
                                struct error *err);

/* Wipes and frees; accepts a zeroed document. */
void document_close(struct document *doc);

/* True when a directory entry of this name is a document this program reads (.txt, .md). */
bool document_name_is_readable(const char *name);

#endif
