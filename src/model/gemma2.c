/* SPDX-License-Identifier: MIT
 *
 * gemma2: Gemma 2 (arXiv:2408.00118).
 *
 *   x = embedding * sqrt(n_embd)
 *   x = x + norm(attention(norm x))
 *   x = x + norm(down(gelu(gate(norm x)) * up(norm x)))
 *   logits = cap * tanh(output(norm x) / cap)
 *
 * - The norms after attention and after the inner layer apply to what is about to be added. The
 *   "1 +" of the published norm weights is already in the file's.
 * - Scores are capped by cap * tanh(score / cap) before the mask.
 * - Layers 0, 2, 4... see a window, 1, 3, 5... everything.
 * - The 27B model scales scores by n_embd / n_head and not by the head size, which no key of its
 *   file tells; its 46 layers do.
 */
#include <math.h>

#include "base/intl.h"
#include "model/forward.h"

enum { LAYERS_OF_27B = 46, WINDOW = 4096 };

static enum status bind_caps(struct model *m, struct binder *b, size_t *window) {
    const struct hparams *hp = &m->hp;
    enum status st;
    m->attention_cap = 50;
    m->logits_cap = 30;
    *window = WINDOW;
    if ((st = hparams_opt_float(hp, &m->attention_cap, b->gguf, "attn_logit_softcapping", b->err)))
        return st;
    if ((st = hparams_opt_float(hp, &m->logits_cap, b->gguf, "final_logit_softcapping", b->err)))
        return st;
    const float least = m->attention_cap < m->logits_cap ? m->attention_cap : m->logits_cap;
    if (least < 0)
        return fail(b->err, ERR_INVALID, _("%s: a soft cap of %g; it must not be below 0"),
                    b->gguf->path, (double)least);
    return hparams_opt_size(hp, window, b->gguf, "attention.sliding_window", b->err);
}

static enum status bind(struct model *m, struct binder *b) {
    const struct hparams *hp = &m->hp;
    size_t window;
    enum status st = bind_caps(m, b, &window);
    m->rope_pairs = ROPE_HALVES;
    m->embedding_scale = (float)sqrt((double)hp->n_embd);
    if (hp->n_layer == LAYERS_OF_27B)
        m->attention_scale = (float)(1.0 / sqrt((double)(hp->n_embd / hp->n_head)));
    for (size_t i = 0; !st && i < hp->n_layer; i++) {
        struct layer *l = &m->layers[i];
        b->layer = (int)i;
        l->window = i % 2 == 0 ? window : 0;
        st = bind_attention(m, b, l);
        if (!st) st = bind_vector(b, &l->attn_post_norm, "post_attention_norm", hp->n_embd);
        if (!st) st = bind_feed_forward(m, b, l);
        if (!st) st = bind_vector(b, &l->ffn_post_norm, "post_ffw_norm", hp->n_embd);
    }
    return st;
}

static void layers(const struct model *m, struct forward *f) {
    for (size_t i = 0; i < m->hp.n_layer; i++) {
        const struct layer *l = &m->layers[i];
        part_attention(f, i);
        step_norm(f, f->delta, f->delta, l->attn_post_norm);
        step_add(f);
        part_feed_forward(f, i, f->kernels->gelu_gate);
        step_norm(f, f->delta, f->delta, l->ffn_post_norm);
        step_add(f);
    }
}

const struct architecture architecture_gemma2 = {"gemma2", bind, layers};
