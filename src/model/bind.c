/* SPDX-License-Identifier: MIT
 *
 * Binding tensors by name, with shapes checked once.
 */
#include "model/bind.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "base/mem.h"

enum { NAME_MAX_BYTES = 96 };

enum status binder_init(struct binder *b, const struct gguf *g, struct error *err) {
    *b = (struct binder){.gguf = g, .layer = -1, .err = err};
    b->taken = mem_zalloc(g->n_tensors * sizeof(*b->taken));
    if (!b->taken) return fail(err, ERR_NOMEM, _("%s: not enough memory to open it"), g->path);
    return OK;
}

void binder_release(struct binder *b) {
    mem_free(b->taken);
    b->taken = NULL;
}

static void full_name(char out[NAME_MAX_BYTES], const struct binder *b, const char *name,
                      const char *ending) {
    if (b->layer < 0)
        snprintf(out, NAME_MAX_BYTES, "%s.%s", name, ending);
    else
        snprintf(out, NAME_MAX_BYTES, "blk.%d.%s.%s", b->layer, name, ending);
}

bool binder_has(const struct binder *b, const char *name) {
    char full[NAME_MAX_BYTES];
    full_name(full, b, name, "weight");
    return gguf_find_tensor(b->gguf, full) != NULL;
}

static const struct gguf_tensor *take(struct binder *b, const char *full) {
    const struct gguf_tensor *t = gguf_find_tensor(b->gguf, full);
    if (t) b->taken[t - b->gguf->tensors] = true;
    return t;
}

static enum status fail_missing(const struct binder *b, const char *full) {
    return fail(b->err, ERR_NOT_FOUND, _("%s: the tensor %s is missing"), b->gguf->path, full);
}

static enum status fail_shape(const struct binder *b, const char *full, const struct gguf_tensor *t,
                              size_t m, size_t k) {
    char found[96];
    size_t n = 0;
    for (uint32_t i = 0; i < t->n_dims; i++)
        n += (size_t)snprintf(found + n, sizeof(found) - n, i ? "x%llu" : "%llu",
                              (unsigned long long)t->dims[i]);
    if (m)
        return fail(b->err, ERR_INVALID, _("%s: tensor %s: expected %zux%zu, found %s"),
                    b->gguf->path, full, k, m, found);
    return fail(b->err, ERR_INVALID, _("%s: tensor %s: expected %zu, found %s"), b->gguf->path,
                full, k, found);
}

enum status bind_matrix(struct binder *b, struct matrix *out, const char *name, size_t m,
                        size_t k) {
    char full[NAME_MAX_BYTES];
    full_name(full, b, name, "weight");
    const struct gguf_tensor *t = take(b, full);
    if (!t) return fail_missing(b, full);
    if (t->n_dims != 2 || t->dims[0] != k || t->dims[1] != m) return fail_shape(b, full, t, m, k);
    *out = (struct matrix){.type = t->type, .m = m, .k = k, .data = t->data};
    b->types |= 1u << t->type;
    if (k > b->k_max) b->k_max = k;
    return OK;
}

static enum status vector(struct binder *b, const float **out, const char *full, size_t n,
                          bool required) {
    const struct gguf_tensor *t = take(b, full);
    *out = NULL;
    if (!t) return required ? fail_missing(b, full) : OK;
    if (t->n_dims != 1 || t->dims[0] != n) return fail_shape(b, full, t, 0, n);
    if (t->type != DTYPE_F32)
        return fail(b->err, ERR_UNSUPPORTED, _("%s: tensor %s is of type %s; it must be F32"),
                    b->gguf->path, full, dtype_traits(t->type)->name);
    if ((uintptr_t)t->data % _Alignof(float) != 0)
        return fail(b->err, ERR_UNSUPPORTED, _("%s: tensor %s is not aligned to %zu bytes"),
                    b->gguf->path, full, _Alignof(float));
    *out = t->data;
    return OK;
}

enum status bind_vector(struct binder *b, const float **out, const char *name, size_t n) {
    char full[NAME_MAX_BYTES];
    full_name(full, b, name, "weight");
    return vector(b, out, full, n, true);
}

enum status bind_opt_vector(struct binder *b, const float **out, const char *name, size_t n) {
    char full[NAME_MAX_BYTES];
    full_name(full, b, name, "weight");
    return vector(b, out, full, n, false);
}

enum status bind_opt_bias(struct binder *b, const float **out, const char *name, size_t n) {
    char full[NAME_MAX_BYTES];
    full_name(full, b, name, "bias");
    return vector(b, out, full, n, false);
}

enum status bind_opt_factors(struct binder *b, const float **out, const char *name, size_t n) {
    const enum status st = bind_opt_vector(b, out, name, n);
    for (size_t j = 0; !st && *out && j < n; j++)
        if (!((*out)[j] > 0) || isinf((*out)[j]))
            return fail(b->err, ERR_INVALID,
                        _("%s: factor %zu of tensor %s.weight is %g; it must be positive"),
                        b->gguf->path, j, name, (double)(*out)[j]);
    return st;
}

struct matrix matrix_rows(const struct matrix *w, size_t first, size_t m) {
    assert(first + m <= w->m);
    struct matrix part = *w;
    part.m = m;
    part.data = (const unsigned char *)w->data + first * dtype_row_bytes(w->type, w->k);
    return part;
}

enum status binder_finish(struct binder *b, const char *arch) {
    for (size_t i = 0; i < b->gguf->n_tensors; i++) {
        char name[GGUF_PRINTABLE_MAX];
        if (b->taken[i]) continue;
        return fail(b->err, ERR_UNSUPPORTED,
                    _("%s: the tensor %s has no place in the architecture %s as this program "
                      "knows it; without it the answers would be wrong"),
                    b->gguf->path, gguf_printable(name, b->gguf->tensors[i].name), arch);
    }
    return OK;
}
