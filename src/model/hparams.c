/* SPDX-License-Identifier: MIT
 *
 * Reading a model's shape. Bounds are generous against any model there is and small enough that
 * no product of two of them wraps.
 */
#include "model/hparams.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/intl.h"

enum {
    KEY_MAX = 96,
    LAYERS_MAX = 1024,
    EMBD_MAX = 1 << 20,
    FF_MAX = 1 << 22,
    HEADS_MAX = 1 << 12,
    HEAD_DIM_MAX = 1 << 10,
    CTX_MAX = 1 << 30,
};

static void key_of(char key[KEY_MAX], const struct hparams *h, const char *suffix) {
    snprintf(key, KEY_MAX, "%s.%s", h->arch, suffix);
}

/* Some files give one number a layer; here they must all be the same. */
static enum status uniform(const struct gguf *g, double *out, const char *key,
                           const struct gguf_value *value, struct error *err) {
    if (value->n_items == 0 || value->item_type == GGUF_STRING || value->item_type == GGUF_ARRAY ||
        value->item_type == GGUF_BOOL)
        return fail(err, ERR_INVALID, _("%s: key %s is an array of no numbers"), g->path, key);
    *out = gguf_array_number(value, 0);
    for (uint64_t i = 1; i < value->n_items; i++)
        if (gguf_array_number(value, i) != *out)
            return fail(err, ERR_UNSUPPORTED,
                        _("%s: key %s differs from layer to layer, which this program cannot do"),
                        g->path, key);
    return OK;
}

enum status hparams_opt_size(const struct hparams *h, size_t *out, const struct gguf *g,
                             const char *suffix, struct error *err) {
    char key[KEY_MAX];
    key_of(key, h, suffix);
    const struct gguf_value *value = gguf_find(g, key);
    if (!value) return OK;
    if (value->type == GGUF_ARRAY) {
        double number = 0;
        const enum status st = uniform(g, &number, key, value, err);
        if (st) return st;
        if (!(number >= 0 && number <= 4294967295.0 && number == floor(number)))
            return fail(err, ERR_INVALID, _("%s: key %s is %g, not a count"), g->path, key, number);
        *out = (size_t)number;
        return OK;
    }
    uint32_t number = 0;
    const enum status st = gguf_get_u32(g, &number, key, err);
    if (st == OK) *out = number;
    return st;
}

enum status hparams_opt_float(const struct hparams *h, float *out, const struct gguf *g,
                              const char *suffix, struct error *err) {
    char key[KEY_MAX];
    key_of(key, h, suffix);
    const enum status st = gguf_opt_f32(g, out, key, err);
    if (st) return st;
    if (!isfinite(*out))
        return fail(err, ERR_INVALID, _("%s: key %s is not a finite number"), g->path, key);
    return OK;
}

/* A count that must be there and lie in [1, max]. */
static enum status get_size(const struct hparams *h, size_t *out, const struct gguf *g,
                            const char *suffix, size_t max, struct error *err) {
    char key[KEY_MAX];
    key_of(key, h, suffix);
    if (!gguf_find(g, key))
        return fail(err, ERR_NOT_FOUND, _("%s: the key %s is missing"), g->path, key);
    const enum status st = hparams_opt_size(h, out, g, suffix, err);
    if (st) return st;
    if (*out < 1 || *out > max)
        return fail(err, ERR_INVALID, _("%s: key %s is %zu; it must be from 1 to %zu"), g->path,
                    key, *out, max);
    return OK;
}

static enum status read_heads(struct hparams *h, const struct gguf *g, struct error *err) {
    enum status st = get_size(h, &h->n_head, g, "attention.head_count", HEADS_MAX, err);
    if (st) return st;
    h->n_head_kv = h->n_head;
    if ((st = hparams_opt_size(h, &h->n_head_kv, g, "attention.head_count_kv", err))) return st;
    if (h->n_head_kv < 1 || h->n_head % h->n_head_kv != 0)
        return fail(err, ERR_INVALID, _("%s: %zu query heads cannot share %zu key and value heads"),
                    g->path, h->n_head, h->n_head_kv);
    h->head_dim = h->n_embd / h->n_head;
    if ((st = hparams_opt_size(h, &h->head_dim, g, "attention.key_length", err))) return st;
    size_t value_dim = h->head_dim;
    if ((st = hparams_opt_size(h, &value_dim, g, "attention.value_length", err))) return st;
    if (value_dim != h->head_dim)
        return fail(err, ERR_UNSUPPORTED,
                    _("%s: heads of %zu for keys and %zu for values, which this program cannot do"),
                    g->path, h->head_dim, value_dim);
    if (h->head_dim < 2 || h->head_dim > HEAD_DIM_MAX || h->head_dim % 2 != 0)
        return fail(err, ERR_INVALID, _("%s: a head size of %zu; it must be even and from 2 to %d"),
                    g->path, h->head_dim, HEAD_DIM_MAX);
    return OK;
}

/* rope.scaling.*: linear is done here, phi3's longrope by its two sets of factors. */
static enum status read_rope_scaling(struct hparams *h, const struct gguf *g, struct error *err) {
    char key[KEY_MAX], shown[GGUF_PRINTABLE_MAX];
    struct gguf_string kind = {"none", 4};
    key_of(key, h, "rope.scaling.type");
    enum status st = gguf_opt_string(g, &kind, key, err);
    if (st) return st;
    const bool longrope = gguf_string_is(kind, "longrope");
    if (!longrope && !gguf_string_is(kind, "none") && !gguf_string_is(kind, "linear"))
        return fail(err, ERR_UNSUPPORTED,
                    _("%s: RoPE scaling of kind %s; this program does none, linear and longrope"),
                    g->path, gguf_printable(shown, kind));
    float factor = 0, magnitude = 1;
    if ((st = hparams_opt_float(h, &factor, g, "rope.scale_linear", err))) return st;
    if ((st = hparams_opt_float(h, &factor, g, "rope.scaling.factor", err))) return st;
    if ((st = hparams_opt_float(h, &magnitude, g, "rope.scaling.attn_factor", err))) return st;
    if (factor < 0)
        return fail(err, ERR_INVALID, _("%s: a RoPE scaling factor of %g; it must be positive"),
                    g->path, (double)factor);
    if (magnitude <= 0)
        return fail(err, ERR_INVALID, _("%s: an attention factor of %g; it must be positive"),
                    g->path, (double)magnitude);
    h->rope_scale = factor > 0 && !longrope ? 1.0 / (double)factor : 1.0;
    h->rope_magnitude = (double)magnitude;
    h->n_ctx_original = h->n_ctx_train;
    return hparams_opt_size(h, &h->n_ctx_original, g, "rope.scaling.original_context_length", err);
}

static enum status read_rope(struct hparams *h, const struct gguf *g, struct error *err) {
    h->rope_dim = h->head_dim;
    enum status st = hparams_opt_size(h, &h->rope_dim, g, "rope.dimension_count", err);
    if (st) return st;
    if (h->rope_dim < 2 || h->rope_dim % 2 != 0 || h->rope_dim > h->head_dim)
        return fail(err, ERR_INVALID,
                    _("%s: %zu elements to rotate in heads of %zu; it must be even and no more"),
                    g->path, h->rope_dim, h->head_dim);
    float base = 10000;
    if ((st = hparams_opt_float(h, &base, g, "rope.freq_base", err))) return st;
    if (!(base > 0))
        return fail(err, ERR_INVALID, _("%s: a RoPE base of %g; it must be positive"), g->path,
                    (double)base);
    h->rope_base = (double)base;
    return read_rope_scaling(h, g, err);
}

static enum status read_vocabulary(struct hparams *h, const struct gguf *g, struct error *err) {
    const struct gguf_tensor *t = gguf_find_tensor(g, "token_embd.weight");
    if (!t)
        return fail(err, ERR_NOT_FOUND, _("%s: the tensor token_embd.weight is missing"), g->path);
    if (t->dims[1] < 1 || t->dims[1] > INT32_MAX)
        return fail(err, ERR_INVALID, _("%s: a vocabulary of %llu entries"), g->path,
                    (unsigned long long)t->dims[1]);
    h->n_vocab = (size_t)t->dims[1];
    return OK;
}

enum status hparams_read(struct hparams *h, const struct gguf *g, struct error *err) {
    struct gguf_string arch;
    *h = (struct hparams){0};
    enum status st = gguf_get_string(g, &arch, "general.architecture", err);
    if (st) return st;
    if (arch.n >= sizeof(h->arch) || memchr(arch.data, '\0', arch.n))
        return fail(err, ERR_UNSUPPORTED,
                    _("%s: general.architecture names one this program does not know"), g->path);
    memcpy(h->arch, arch.data, arch.n);

    if ((st = get_size(h, &h->n_layer, g, "block_count", LAYERS_MAX, err))) return st;
    if ((st = get_size(h, &h->n_embd, g, "embedding_length", EMBD_MAX, err))) return st;
    if ((st = get_size(h, &h->n_ff, g, "feed_forward_length", FF_MAX, err))) return st;
    if ((st = hparams_opt_size(h, &h->n_ctx_train, g, "context_length", err))) return st;
    if (h->n_ctx_train > CTX_MAX)
        return fail(err, ERR_INVALID, _("%s: a context length of %zu"), g->path, h->n_ctx_train);
    size_t n_expert = 0;
    if ((st = hparams_opt_size(h, &n_expert, g, "expert_count", err))) return st;
    if (n_expert)
        return fail(err, ERR_UNSUPPORTED,
                    _("%s: a mixture of %zu experts, which this program cannot do"), g->path,
                    n_expert);
    if ((st = read_heads(h, g, err))) return st;
    if ((st = read_rope(h, g, err))) return st;
    if ((st = read_vocabulary(h, g, err))) return st;

    char key[KEY_MAX];
    key_of(key, h, "attention.layer_norm_rms_epsilon");
    if ((st = gguf_get_f32(g, &h->norm_epsilon, key, err))) return st;
    if (!(h->norm_epsilon >= 0 && h->norm_epsilon < 1))
        return fail(err, ERR_INVALID, _("%s: key %s is %g; it must be from 0 to 1"), g->path, key,
                    (double)h->norm_epsilon);
    return OK;
}
