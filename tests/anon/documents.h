/* SPDX-License-Identifier: MIT
 *
 * The documents that the tests of this folder run over: every .txt of the project's corpora and
 * examples, or of ../shared where it is present.
 */
#ifndef SIGILO_TESTS_ANON_DOCUMENTS_H
#define SIGILO_TESTS_ANON_DOCUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

struct text {
    char *name; /* below the source directory: for messages */
    unsigned char *bytes;
    size_t n;
};

struct texts {
    struct array list; /* struct text, in order of names within each directory */
};

/* Reads the project's own documents, or those of ../shared: none where it is absent. With `few`,
 * one in ten of MEDDOCAN: emulated processors are some twenty times slower. false: some cannot be
 * read. */
bool texts_load(struct texts *out, const char *source_dir, bool shared, bool few);
void texts_release(struct texts *t);

static inline const struct text *texts_at(const struct texts *t, size_t i) {
    return (const struct text *)t->list.data + i;
}

#endif
