/* SPDX-License-Identifier: MIT
 *
 * GGUF files made byte by byte, right ones and wrong ones, for the tests of the reader.
 */
#ifndef SIGILO_TESTS_UNIT_GGUF_MAKE_H
#define SIGILO_TESTS_UNIT_GGUF_MAKE_H

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "gguf/gguf.h"

static inline void put_u32(struct strbuf *b, uint32_t v) {
    strbuf_append(b, (const char *)&v, sizeof(v));
}

static inline void put_u64(struct strbuf *b, uint64_t v) {
    strbuf_append(b, (const char *)&v, sizeof(v));
}

static inline void put_string(struct strbuf *b, const char *s) {
    put_u64(b, strlen(s));
    strbuf_puts(b, s);
}

static inline void put_head(struct strbuf *b, uint32_t version, uint64_t n_tensors,
                            uint64_t n_pairs) {
    strbuf_puts(b, "GGUF");
    put_u32(b, version);
    put_u64(b, n_tensors);
    put_u64(b, n_pairs);
}

/* The value's bytes follow. */
static inline void put_key(struct strbuf *b, const char *key, uint32_t type) {
    put_string(b, key);
    put_u32(b, type);
}

static inline void put_pair_u32(struct strbuf *b, const char *key, uint32_t v) {
    put_key(b, key, GGUF_U32);
    put_u32(b, v);
}

static inline void put_pair_string(struct strbuf *b, const char *key, const char *v) {
    put_key(b, key, GGUF_STRING);
    put_string(b, v);
}

/* A matrix of the type with that number in the file. */
static inline void put_tensor(struct strbuf *b, const char *name, uint64_t d0, uint64_t d1,
                              uint32_t type, uint64_t offset) {
    put_string(b, name);
    put_u32(b, 2);
    put_u64(b, d0);
    put_u64(b, d1);
    put_u32(b, type);
    put_u64(b, offset);
}

static inline void put_data(struct strbuf *b, size_t alignment, size_t n) {
    while (b->n % alignment)
        strbuf_putc(b, '\0');
    for (size_t i = 0; i < n; i++)
        strbuf_putc(b, (char)(i & 0x3f));
}

/* In a block of just their size, so that a sanitizer sees one read too many. NULL: refused. */
static inline struct gguf *open_exact(unsigned char **copy, const char *bytes, size_t n,
                                      struct error *err) {
    struct gguf *g = NULL;
    *copy = mem_alloc(n);
    if (n) memcpy(*copy, bytes, n);
    err->status = gguf_open_memory(&g, *copy, n, "model.gguf", err);
    if (err->status == OK) return g;
    mem_free(*copy);
    *copy = NULL;
    return NULL;
}

#endif
