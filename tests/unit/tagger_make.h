/* SPDX-License-Identifier: MIT
 *
 * Small tagger files (docs/tagger.md), right ones and wrong ones, for the tests of the tagger.
 */
#ifndef SIGILO_TESTS_UNIT_TAGGER_MAKE_H
#define SIGILO_TESTS_UNIT_TAGGER_MAKE_H

#include <stdbool.h>
#include <stdio.h>

#include "gguf_make.h"

enum { MADE_KINDS = 3, MADE_LISTS = 2, MADE_WORDS = 6, MADE_TYPE_F32 = 0, MADE_ALIGNMENT = 32 };

static const char *const made_kinds[MADE_KINDS] = {"PERSON", "PLACE", "NUMBER"};
static const char *const made_words[MADE_WORDS] = {"el",         "perez", "<year>",
                                                   "<3 digits>", "12",    "\n"};

/* First rows of the channels that made_words give (tagger/unit_features.h). */
enum {
    MADE_SHAPE = MADE_WORDS + 1,
    MADE_LENGTH = MADE_SHAPE + 512,
    MADE_CASE = MADE_LENGTH + 16,
    MADE_AFFIX = MADE_CASE + 6,
    MADE_GRAM = MADE_AFFIX + 4096,
    MADE_SPACING = MADE_GRAM + 8192,
    MADE_FLAG = MADE_SPACING + 6,
    MADE_ROWS = MADE_FLAG + MADE_LISTS + 1
};

struct tagger_make { /* what is written; tagger_make_right() is a file that opens */
    const char *architecture;
    uint32_t version, width, layers, heads, inner, window, overlap;
    const char *kinds[MADE_KINDS + 1];
    size_t n_kinds; /* listed; the tensors are for MADE_KINDS */
    size_t n_calibration, n_flags;
    const char *without;  /* this key or tensor is left out */
    const char *number;   /* this key is a number, whatever it should be */
    const char *reshaped; /* this tensor has a row too many */
    const char *extra;    /* this tensor comes on top */
};

static inline struct tagger_make tagger_make_right(void) {
    return (struct tagger_make){
        .architecture = "sigilo-tagger",
        .version = 1,
        .width = 32,
        .layers = 1,
        .heads = 2,
        .inner = 32,
        .window = 16,
        .overlap = 4,
        .kinds = {made_kinds[0], made_kinds[1], made_kinds[2], "MORE"},
        .n_kinds = MADE_KINDS,
        .n_calibration = 3,
        .n_flags = 2,
    };
}

struct tagger_maker {
    const struct tagger_make *make;
    struct strbuf pairs, directory, data;
    uint64_t n_pairs, n_tensors;
    uint32_t seed;
};

/* Whether the key is to be written by the caller: it is neither left out nor made a number here. */
static inline bool made_key(struct tagger_maker *m, const char *key) {
    if (m->make->without && strcmp(m->make->without, key) == 0) return false;
    m->n_pairs++;
    if (!m->make->number || strcmp(m->make->number, key) != 0) return true;
    put_pair_u32(&m->pairs, key, 7);
    return false;
}

static inline void make_u32(struct tagger_maker *m, const char *key, uint32_t v) {
    if (made_key(m, key)) put_pair_u32(&m->pairs, key, v);
}

static inline void make_strings(struct tagger_maker *m, const char *key, const char *const *items,
                                size_t n) {
    if (!made_key(m, key)) return;
    put_key(&m->pairs, key, GGUF_ARRAY);
    put_u32(&m->pairs, GGUF_STRING);
    put_u64(&m->pairs, n);
    for (size_t i = 0; i < n; i++)
        put_string(&m->pairs, items[i]);
}

/* Numbers of 32 bits, as they lie in memory. */
static inline void make_numbers(struct tagger_maker *m, const char *key, enum gguf_value_type type,
                                const void *items, size_t n) {
    if (!made_key(m, key)) return;
    put_key(&m->pairs, key, GGUF_ARRAY);
    put_u32(&m->pairs, type);
    put_u64(&m->pairs, n);
    strbuf_append(&m->pairs, items, 4 * n);
}

static inline void make_pairs(struct tagger_maker *m) {
    static const char *const listed[] = {"perez", "salto"};
    static const uint32_t flags[] = {0x83, 1}; /* 0x80: of a list that there is not */
    static const float calibration[] = {0, 0.75f, 1};
    const struct tagger_make *k = m->make;
    if (made_key(m, "general.architecture"))
        put_pair_string(&m->pairs, "general.architecture", k->architecture);
    make_u32(m, "tagger.version", k->version);
    make_u32(m, "tagger.width", k->width);
    make_u32(m, "tagger.layers", k->layers);
    make_u32(m, "tagger.heads", k->heads);
    make_u32(m, "tagger.inner", k->inner);
    make_u32(m, "tagger.window", k->window);
    make_u32(m, "tagger.overlap", k->overlap);
    make_u32(m, "tagger.n_lists", MADE_LISTS);
    make_strings(m, "tagger.kinds", k->kinds, k->n_kinds);
    make_strings(m, "tagger.words", made_words, MADE_WORDS);
    make_strings(m, "tagger.listed", listed, 2);
    make_numbers(m, "tagger.listed_flags", GGUF_U32, flags, k->n_flags);
    make_numbers(m, "tagger.calibration", GGUF_F32, calibration, k->n_calibration);
}

/* Of any sign, up to `size`: the same in every run. */
static inline float made_weight(struct tagger_maker *m, float size) {
    m->seed = m->seed * 1664525u + 1013904223u;
    return size * ((float)(m->seed >> 8) / (float)(1 << 23) - 1);
}

/* rows 0: a vector, of norms (near 1). */
static inline void make_tensor(struct tagger_maker *m, const char *name, size_t rows,
                               size_t columns) {
    if (m->make->without && strcmp(m->make->without, name) == 0) return;
    if (m->make->reshaped && strcmp(m->make->reshaped, name) == 0) rows++;
    put_string(&m->directory, name);
    put_u32(&m->directory, rows ? 2 : 1);
    put_u64(&m->directory, columns);
    if (rows) put_u64(&m->directory, rows);
    put_u32(&m->directory, MADE_TYPE_F32);
    put_u64(&m->directory, m->data.n);
    for (size_t i = 0; i < (rows ? rows : 1) * columns; i++) {
        const float w = rows ? made_weight(m, 0.5f) : 1 + made_weight(m, 0.2f);
        strbuf_append(&m->data, (const char *)&w, sizeof(w));
    }
    while (m->data.n % MADE_ALIGNMENT)
        strbuf_putc(&m->data, '\0');
    m->n_tensors++;
}

static inline void make_tensors(struct tagger_maker *m) {
    const size_t width = m->make->width, inner = m->make->inner;
    make_tensor(m, "token_embd.weight", MADE_ROWS, width);
    make_tensor(m, "token_embd_norm.weight", 0, width);
    make_tensor(m, "output_norm.weight", 0, width);
    make_tensor(m, "output.weight", 1 + 4 * MADE_KINDS, width);
    make_tensor(m, "output.bias", 0, 1 + 4 * MADE_KINDS);
    make_tensor(m, "blk.0.attn_norm.weight", 0, width);
    make_tensor(m, "blk.0.attn_qkv.weight", 3 * width, width);
    make_tensor(m, "blk.0.attn_output.weight", width, width);
    make_tensor(m, "blk.0.ffn_norm.weight", 0, width);
    make_tensor(m, "blk.0.ffn_gate.weight", inner, width);
    make_tensor(m, "blk.0.ffn_up.weight", inner, width);
    make_tensor(m, "blk.0.ffn_down.weight", width, inner);
    if (m->make->extra) make_tensor(m, m->make->extra, 1, width);
}

/* The bytes of the file, appended to out. */
static inline void tagger_make(struct strbuf *out, const struct tagger_make *make) {
    struct tagger_maker m = {.make = make, .seed = 1};
    strbuf_init(&m.pairs, 1 << 20);
    strbuf_init(&m.directory, 1 << 20);
    strbuf_init(&m.data, 1 << 24);
    make_pairs(&m);
    make_tensors(&m);
    put_head(out, 3, m.n_tensors, m.n_pairs);
    strbuf_append(out, m.pairs.data, m.pairs.n);
    strbuf_append(out, m.directory.data, m.directory.n);
    while (out->n % MADE_ALIGNMENT)
        strbuf_putc(out, '\0');
    strbuf_append(out, m.data.data, m.data.n);
    strbuf_release(&m.pairs);
    strbuf_release(&m.directory);
    strbuf_release(&m.data);
}

#endif
