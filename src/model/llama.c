/* SPDX-License-Identifier: MIT
 *
 * llama: Llama 2, 3, 3.1, 3.2, Mistral 7B and Nemo, BioMistral.
 *
 *   x = x + attention(norm x)
 *   x = x + down(silu(gate(norm x)) * up(norm x))
 *
 * (Touvron et al., arXiv:2302.13971; grouped heads: Ainslie et al., arXiv:2305.13245.) RoPE pairs
 * are neighbours: the rows of q and k were permuted when the file was made. From Llama 3.1 on the
 * file carries one factor a pair, rope_freqs, whatever the context. Heads need not be n_embd /
 * n_head wide (Mistral-Nemo), so attention may be wider or narrower than the stream.
 */
#include "model/forward.h"

static enum status bind(struct model *m, struct binder *b) {
    const enum status st = bind_opt_factors(b, &m->rope_factors, "rope_freqs", m->hp.rope_dim / 2);
    m->rope_pairs = ROPE_NEIGHBOURS;
    return st ? st : bind_plain_layers(m, b);
}

const struct architecture architecture_llama = {"llama", bind, part_plain_layers};
