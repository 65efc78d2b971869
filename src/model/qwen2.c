/* SPDX-License-Identifier: MIT
 *
 * qwen2: Qwen2 and Qwen2.5 (arXiv:2407.10671). As llama, with biases on q, k and v, and RoPE pairs
 * half a head apart. Small ones have no output matrix: the embeddings serve in its place.
 */
#include "model/forward.h"

static enum status bind(struct model *m, struct binder *b) {
    m->rope_pairs = ROPE_HALVES;
    return bind_plain_layers(m, b);
}

const struct architecture architecture_qwen2 = {"qwen2", bind, part_plain_layers};
