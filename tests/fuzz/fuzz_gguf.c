/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a model file: refused with a message that names it, or a directory in which every
 * key, value, item and tensor lies inside the bytes and is found by its name.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gguf/gguf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "fuzz_gguf: %s\n", what);
    abort();
}

static volatile unsigned char sink; /* what is read here is read */

static void touch(const struct gguf *g, const void *bytes, size_t n) {
    const unsigned char *p = bytes;
    require(p >= g->map && p <= g->map + g->map_bytes, "it begins outside the file");
    require(n <= (size_t)(g->map + g->map_bytes - p), "it ends outside the file");
    if (n) sink = p[0] ^ p[n - 1];
}

static void walk_array(const struct gguf *g, const struct gguf_value *array) {
    const unsigned char *cursor = NULL;
    for (uint64_t i = 0; i < array->n_items; i++) {
        const struct gguf_value item = gguf_array_next(array, &cursor);
        touch(g, item.data, item.size_bytes);
        if (item.type == GGUF_ARRAY)
            walk_array(g, &item);
        else if (item.type != GGUF_STRING)
            sink = gguf_array_number(array, i) > 0;
    }
    if (cursor) require(cursor == array->data + array->size_bytes, "the items are not the array");
}

static void use_pair(const struct gguf *g, const struct gguf_pair *pair) {
    char text[GGUF_PRINTABLE_MAX], key[256];
    struct gguf_string s;
    struct error err;
    uint32_t u = 0;
    float f = 0;
    touch(g, pair->key.data, pair->key.n);
    touch(g, pair->value.data, pair->value.size_bytes);
    require(strlen(gguf_printable(text, pair->key)) < sizeof(text), "the printed key is too long");
    if (pair->value.type == GGUF_ARRAY) walk_array(g, &pair->value);
    if (gguf_value_string(&pair->value, &s)) touch(g, s.data, s.n);
    if (pair->key.n >= sizeof(key) || memchr(pair->key.data, '\0', pair->key.n)) return;
    memcpy(key, pair->key.data, pair->key.n);
    key[pair->key.n] = '\0';
    require(gguf_find(g, key) == &pair->value, "a key is not found");
    const bool whole = gguf_get_u32(g, &u, key, &err) == OK;
    if (gguf_get_f32(g, &f, key, &err) != OK) require(!whole, "a whole number is no number");
}

static void use_tensor(const struct gguf *g, const struct gguf_tensor *t) {
    char name[65];
    const struct dtype_traits *traits = dtype_traits(t->type);
    const size_t n = t->dims[0] * t->dims[1] * t->dims[2] * t->dims[3];
    touch(g, t->data, t->size_bytes);
    require((t->offset & (g->alignment - 1)) == 0, "a tensor is not aligned");
    require(n / traits->block_weights * traits->block_bytes == t->size_bytes, "sizes disagree");
    if (memchr(t->name.data, '\0', t->name.n)) return;
    memcpy(name, t->name.data, t->name.n);
    name[t->name.n] = '\0';
    require(gguf_find_tensor(g, name) == t, "a tensor is not found");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct gguf *g;
    struct error err = {.status = OK};
    if (gguf_open_memory(&g, data, n, "fuzz", &err)) {
        require(err.status != OK && strncmp(err.message, "fuzz: ", 6) == 0,
                "refused without a word");
        return 0;
    }
    for (size_t i = 0; i < g->n_pairs; i++)
        use_pair(g, &g->pairs[i]);
    for (size_t i = 0; i < g->n_tensors; i++)
        use_tensor(g, &g->tensors[i]);
    gguf_close(g);
    return 0;
}
