/* SPDX-License-Identifier: MIT
 *
 * Writing a model file. Metadata and directory are small and gather in memory, so that the counts
 * and offsets that stand before them are known when the first byte goes out; the data, which are
 * large, pass straight through.
 */
#include "gguf/gguf.h"

#include <assert.h>
#include <string.h>

#include "base/file.h"
#include "base/intl.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "gguf/parse.h"

enum { DIRECTORY_MAX = 1 << 30, VERSION = 3 };

struct gguf_writer {
    struct file_writer file;
    struct strbuf pairs, directory;
    uint64_t n_pairs;
    struct array sizes; /* size_t, of each tensor declared */
    size_t offset;      /* where the next tensor declared begins */
    size_t alignment;
    size_t current;    /* the tensor whose data are being written */
    size_t left_bytes; /* of the current tensor */
    bool in_data;
};

static enum status out_of_memory(const struct gguf_writer *w, struct error *err) {
    return fail(err, ERR_NOMEM, _("%s: not enough memory for its directory"), w->file.path);
}

enum status gguf_writer_open(struct gguf_writer **out, const char *path, bool replace,
                             struct error *err) {
    struct gguf_writer *w = mem_zalloc(sizeof(*w));
    if (!w) return fail(err, ERR_NOMEM, _("%s: not enough memory to write it"), path);
    strbuf_init(&w->pairs, DIRECTORY_MAX);
    strbuf_init(&w->directory, DIRECTORY_MAX);
    w->alignment = GGUF_ALIGNMENT_DEFAULT;
    const enum status st = file_writer_open(&w->file, path, replace, err);
    if (st) {
        gguf_writer_close(w);
        return st;
    }
    *out = w;
    return OK;
}

/* Metadata */

#define APPEND(sb, x) strbuf_append(sb, (const char *)&(x), sizeof(x))

static void append_string(struct strbuf *sb, const char *bytes, size_t n) {
    const uint64_t length = n;
    APPEND(sb, length);
    strbuf_append(sb, bytes, n);
}

static void begin_pair(struct gguf_writer *w, struct gguf_string key, enum gguf_value_type type) {
    const uint32_t number = type;
    assert(!w->in_data);
    assert(key.n > 0 && key.n <= GGUF_KEY_MAX);
    append_string(&w->pairs, key.data, key.n);
    APPEND(&w->pairs, number);
    w->n_pairs++;
}

static enum status end_pair(const struct gguf_writer *w, struct error *err) {
    return w->pairs.failed ? out_of_memory(w, err) : OK;
}

static struct gguf_string string_of(const char *text) {
    return (struct gguf_string){text, strlen(text)};
}

static enum status put_bytes(struct gguf_writer *w, struct gguf_string key,
                             enum gguf_value_type type, const void *bytes, size_t n,
                             struct error *err) {
    begin_pair(w, key, type);
    strbuf_append(&w->pairs, bytes, n);
    return end_pair(w, err);
}

/* The file's alignment is that of its own metadata, wherever they came from. */
static void take_alignment(struct gguf_writer *w, struct gguf_string key, uint32_t v) {
    if (!gguf_string_is(key, "general.alignment")) return;
    assert(v >= 8 && v <= GGUF_ALIGNMENT_MAX && (v & (v - 1)) == 0);
    assert(w->sizes.n == 0);
    w->alignment = v;
}

enum status gguf_writer_put_u32(struct gguf_writer *w, const char *key, uint32_t v,
                                struct error *err) {
    take_alignment(w, string_of(key), v);
    return put_bytes(w, string_of(key), GGUF_U32, &v, sizeof(v), err);
}

enum status gguf_writer_put_f32(struct gguf_writer *w, const char *key, float v,
                                struct error *err) {
    return put_bytes(w, string_of(key), GGUF_F32, &v, sizeof(v), err);
}

enum status gguf_writer_put_bool(struct gguf_writer *w, const char *key, bool v,
                                 struct error *err) {
    const unsigned char byte = v;
    return put_bytes(w, string_of(key), GGUF_BOOL, &byte, 1, err);
}

enum status gguf_writer_put_string(struct gguf_writer *w, const char *key, const char *bytes,
                                   size_t n, struct error *err) {
    begin_pair(w, string_of(key), GGUF_STRING);
    append_string(&w->pairs, bytes, n);
    return end_pair(w, err);
}

static void begin_array(struct gguf_writer *w, struct gguf_string key, enum gguf_value_type type,
                        uint64_t n) {
    const uint32_t number = type;
    begin_pair(w, key, GGUF_ARRAY);
    APPEND(&w->pairs, number);
    APPEND(&w->pairs, n);
}

enum status gguf_writer_put_strings(struct gguf_writer *w, const char *key,
                                    const struct gguf_string *items, size_t n, struct error *err) {
    begin_array(w, string_of(key), GGUF_STRING, n);
    for (size_t i = 0; i < n; i++)
        append_string(&w->pairs, items[i].data, items[i].n);
    return end_pair(w, err);
}

enum status gguf_writer_put_array(struct gguf_writer *w, const char *key, enum gguf_value_type type,
                                  const void *items, size_t n, struct error *err) {
    assert(gguf_type_bytes(type) > 0);
    begin_array(w, string_of(key), type, n);
    strbuf_append(&w->pairs, items, n * gguf_type_bytes(type));
    return end_pair(w, err);
}

enum status gguf_writer_put_pair(struct gguf_writer *w, const struct gguf_pair *pair,
                                 struct error *err) {
    const struct gguf_value *v = &pair->value;
    uint64_t alignment;
    if (v->type == GGUF_ARRAY) {
        begin_array(w, pair->key, v->item_type, v->n_items);
        strbuf_append(&w->pairs, (const char *)v->data, v->size_bytes);
        return end_pair(w, err);
    }
    if (gguf_value_u64(v, &alignment)) take_alignment(w, pair->key, (uint32_t)alignment);
    return put_bytes(w, pair->key, v->type, v->data, v->size_bytes, err);
}

/* Tensors */

static size_t padding(const struct gguf_writer *w, size_t n) {
    return (w->alignment - n % w->alignment) % w->alignment;
}

enum status gguf_writer_declare(struct gguf_writer *w, struct gguf_string name, enum dtype type,
                                uint32_t n_dims, const uint64_t *dims, struct error *err) {
    const uint32_t number = dtype_traits(type)->gguf_type;
    const uint64_t offset = w->offset;
    assert(!w->in_data);
    assert(name.n > 0 && name.n <= GGUF_TENSOR_NAME_MAX);
    assert(n_dims >= 1 && n_dims <= GGUF_DIMS_MAX);
    assert(dims[0] <= UINT32_MAX && dims[0] % dtype_traits(type)->block_weights == 0);
    size_t n = dtype_row_bytes(type, (size_t)dims[0]);
    bool fits = true;
    append_string(&w->directory, name.data, name.n);
    APPEND(&w->directory, n_dims);
    for (uint32_t i = 0; i < n_dims; i++) {
        assert(dims[i] > 0);
        APPEND(&w->directory, dims[i]);
        if (i > 0) fits = fits && size_mul(&n, n, (size_t)dims[i]);
    }
    APPEND(&w->directory, number);
    APPEND(&w->directory, offset);
    fits = fits && size_add(&w->offset, w->offset, n) &&
           size_add(&w->offset, w->offset, padding(w, w->offset));
    if (!fits)
        return fail(err, ERR_LIMIT, _("%s: the tensors are too large for a file"), w->file.path);
    if (w->directory.failed || !array_push(&w->sizes, &n, sizeof(n))) return out_of_memory(w, err);
    return OK;
}

static size_t size_at(const struct gguf_writer *w, size_t i) {
    return i < w->sizes.n ? ((const size_t *)w->sizes.data)[i] : 0;
}

static enum status pad(struct gguf_writer *w, size_t n, struct error *err) {
    static const unsigned char zeros[4096];
    size_t left = padding(w, n);
    enum status st = OK;
    while (left > 0 && st == OK) {
        const size_t piece = left < sizeof(zeros) ? left : sizeof(zeros);
        st = file_writer_write(&w->file, zeros, piece, err);
        left -= piece;
    }
    return st;
}

enum status gguf_writer_begin_data(struct gguf_writer *w, struct error *err) {
    const uint32_t version = VERSION;
    const uint64_t n_tensors = w->sizes.n;
    struct strbuf head;
    assert(!w->in_data);
    strbuf_init(&head, DIRECTORY_MAX);
    strbuf_append(&head, "GGUF", 4);
    APPEND(&head, version);
    APPEND(&head, n_tensors);
    APPEND(&head, w->n_pairs);
    enum status st = head.failed ? out_of_memory(w, err) : OK;
    if (st == OK) st = file_writer_write(&w->file, head.data, head.n, err);
    if (st == OK) st = file_writer_write(&w->file, strbuf_str(&w->pairs), w->pairs.n, err);
    if (st == OK) st = file_writer_write(&w->file, strbuf_str(&w->directory), w->directory.n, err);
    if (st == OK) st = pad(w, head.n + w->pairs.n + w->directory.n, err);
    strbuf_release(&head);
    w->in_data = true;
    w->left_bytes = size_at(w, 0);
    return st;
}

enum status gguf_writer_data(struct gguf_writer *w, const void *data, size_t n, struct error *err) {
    assert(w->in_data);
    assert(n <= w->left_bytes);
    enum status st = file_writer_write(&w->file, data, n, err);
    if (st) return st;
    w->left_bytes -= n;
    if (w->left_bytes > 0) return OK;
    st = pad(w, size_at(w, w->current), err);
    w->current++;
    w->left_bytes = size_at(w, w->current);
    return st;
}

enum status gguf_writer_commit(struct gguf_writer *w, struct error *err) {
    assert(w->in_data);
    assert(w->current == w->sizes.n);
    return file_writer_commit(&w->file, err);
}

void gguf_writer_close(struct gguf_writer *w) {
    if (!w) return;
    file_writer_close(&w->file);
    strbuf_release(&w->pairs);
    strbuf_release(&w->directory);
    array_release(&w->sizes);
    mem_free(w);
}
