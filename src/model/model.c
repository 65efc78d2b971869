/* SPDX-License-Identifier: MIT
 *
 * Opening a model: its shape, its architecture, what every architecture has, then the rest by the
 * architecture's own file.
 */
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "base/mem.h"
#include "model/forward.h"

static const struct architecture *const architectures[] = {
    &architecture_llama,
    &architecture_qwen2,
    &architecture_phi3,
    &architecture_gemma2,
};
enum { N_ARCHITECTURES = sizeof(architectures) / sizeof(architectures[0]) };

static enum status fail_architecture(const struct gguf *g, const char *arch, struct error *err) {
    char names[128];
    size_t n = 0;
    for (size_t i = 0; i < N_ARCHITECTURES; i++)
        n += (size_t)snprintf(names + n, sizeof(names) - n, i ? ", %s" : "%s",
                              architectures[i]->name);
    return fail(err, ERR_UNSUPPORTED, _("%s: general.architecture is %s; this program knows %s"),
                g->path, arch, names);
}

/* The architecture before all else: of one that is not known, no key can be asked. */
static enum status find_architecture(struct model *m, const struct gguf *g, struct error *err) {
    struct gguf_string name;
    const enum status st = gguf_get_string(g, &name, "general.architecture", err);
    if (st) return st;
    for (size_t i = 0; i < N_ARCHITECTURES; i++)
        if (gguf_string_is(name, architectures[i]->name)) m->arch = architectures[i];
    if (m->arch) return OK;
    char shown[GGUF_PRINTABLE_MAX];
    return fail_architecture(g, gguf_printable(shown, name), err);
}

static enum status bind_common(struct model *m, struct binder *b) {
    const struct hparams *hp = &m->hp;
    enum status st;
    if ((st = bind_matrix(b, &m->token_embd, "token_embd", hp->n_vocab, hp->n_embd))) return st;
    if ((st = bind_vector(b, &m->output_norm, "output_norm", hp->n_embd))) return st;
    m->output = m->token_embd; /* tied, unless the file has one of its own */
    if (binder_has(b, "output"))
        return bind_matrix(b, &m->output, "output", hp->n_vocab, hp->n_embd);
    return OK;
}

static enum status bind(struct model *m, const struct gguf *g, struct error *err) {
    struct binder b;
    enum status st = binder_init(&b, g, err);
    if (!st) st = bind_common(m, &b);
    if (!st) st = m->arch->bind(m, &b);
    if (!st) st = binder_finish(&b, m->arch->name);
    m->types = b.types;
    m->k_max = b.k_max;
    binder_release(&b);
    return st;
}

enum status model_open(struct model **out, const struct gguf *g, struct error *err) {
    struct model *m = mem_zalloc(sizeof(*m));
    if (!m) return fail(err, ERR_NOMEM, _("%s: not enough memory to open it"), g->path);
    enum status st = find_architecture(m, g, err);
    if (!st) st = hparams_read(&m->hp, g, err);
    if (!st) {
        m->layers = mem_zalloc(m->hp.n_layer * sizeof(*m->layers));
        if (!m->layers) st = fail(err, ERR_NOMEM, _("%s: not enough memory to open it"), g->path);
    }
    if (!st) {
        m->embedding_scale = 1.0f;
        m->attention_scale = (float)(1.0 / sqrt((double)m->hp.head_dim));
        st = bind(m, g, err);
    }
    if (st) {
        model_close(m);
        return st;
    }
    *out = m;
    return OK;
}

void model_close(struct model *m) {
    if (!m) return;
    mem_free(m->layers);
    mem_free(m);
}

const struct hparams *model_hparams(const struct model *m) {
    return &m->hp;
}

struct kv_shape model_kv_shape(const struct model *m) {
    return (struct kv_shape){
        .n_layer = m->hp.n_layer,
        .n_head_kv = m->hp.n_head_kv,
        .head_dim = m->hp.head_dim,
    };
}

static size_t matrix_bytes(const struct matrix *w) {
    return w->m * dtype_row_bytes(w->type, w->k);
}

struct model_weights model_weights(const struct model *m) {
    struct model_weights sum = {.token_bytes = matrix_bytes(&m->output)};
    size_t macs[DTYPE_N] = {0};
    for (size_t i = 0; i < m->hp.n_layer; i++) {
        const struct layer *l = &m->layers[i];
        const struct matrix *all[] = {&l->wq.w, &l->wk.w, &l->wv.w, &l->wo.w,
                                      &l->gate, &l->up,   &l->down};
        for (size_t j = 0; j < sizeof(all) / sizeof(all[0]); j++) {
            sum.token_bytes += matrix_bytes(all[j]);
            sum.layer_macs += all[j]->m * all[j]->k;
            macs[all[j]->type] += all[j]->m * all[j]->k;
        }
    }
    for (int type = 0; type < DTYPE_N; type++)
        if (macs[type] > macs[sum.main_type]) sum.main_type = (enum dtype)type;
    return sum;
}
