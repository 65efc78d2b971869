/* SPDX-License-Identifier: MIT
 *
 * phi3: Phi-3 and Phi-3.5 (arXiv:2404.14219). As llama, save for:
 *
 * - fused matrices: attn_qkv holds the rows of q, then of k, then of v; ffn_up those of the gate,
 *   then of the rest. Rows are rows, so they are cut here and the passes know nothing of it.
 * - RoPE pairs half a head apart, with two sets of factors (LongRoPE, arXiv:2402.13753): the long
 *   ones for a context above the original length. The session's context decides, once: deciding by
 *   the length reached would have to turn keys that are already in the cache. Cosine and sine are
 *   multiplied by the attention factor with either set.
 * - a sliding window on every layer, in the files that give one.
 */
#include "base/intl.h"
#include "model/forward.h"

static enum status bind_rope(struct model *m, struct binder *b) {
    const size_t n_pairs = m->hp.rope_dim / 2;
    enum status st;
    m->rope_pairs = ROPE_HALVES;
    if ((st = bind_opt_factors(b, &m->rope_factors, "rope_factors_short", n_pairs))) return st;
    if ((st = bind_opt_factors(b, &m->rope_factors_long, "rope_factors_long", n_pairs))) return st;
    if (!m->rope_factors != !m->rope_factors_long)
        return fail(
            b->err, ERR_NOT_FOUND,
            _("%s: the tensor %s is missing; RoPE factors come in two sets, long and short"),
            b->gguf->path,
            m->rope_factors ? "rope_factors_long.weight" : "rope_factors_short.weight");
    return OK;
}

static enum status bind_layer(struct model *m, struct binder *b, struct layer *l) {
    const struct hparams *hp = &m->hp;
    const size_t q = hp->n_head * hp->head_dim, kv = hp->n_head_kv * hp->head_dim;
    const size_t n_embd = hp->n_embd, n_ff = hp->n_ff;
    struct matrix qkv, gate_up;
    enum status st;
    if ((st = bind_vector(b, &l->attn_norm, "attn_norm", n_embd))) return st;
    if ((st = bind_matrix(b, &qkv, "attn_qkv", q + 2 * kv, n_embd))) return st;
    if ((st = bind_matrix(b, &l->wo.w, "attn_output", n_embd, q))) return st;
    if ((st = bind_vector(b, &l->ffn_norm, "ffn_norm", n_embd))) return st;
    if ((st = bind_matrix(b, &gate_up, "ffn_up", 2 * n_ff, n_embd))) return st;
    if ((st = bind_matrix(b, &l->down, "ffn_down", n_embd, n_ff))) return st;
    l->wq.w = matrix_rows(&qkv, 0, q);
    l->wk.w = matrix_rows(&qkv, q, kv);
    l->wv.w = matrix_rows(&qkv, q + kv, kv);
    l->gate = matrix_rows(&gate_up, 0, n_ff);
    l->up = matrix_rows(&gate_up, n_ff, n_ff);
    return OK;
}

static enum status bind(struct model *m, struct binder *b) {
    size_t window = 0;
    enum status st = bind_rope(m, b);
    if (!st) st = hparams_opt_size(&m->hp, &window, b->gguf, "attention.sliding_window", b->err);
    for (size_t i = 0; !st && i < m->hp.n_layer; i++) {
        b->layer = (int)i;
        st = bind_layer(m, b, &m->layers[i]);
        m->layers[i].window = window;
    }
    return st;
}

const struct architecture architecture_phi3 = {"phi3", bind, part_plain_layers};
