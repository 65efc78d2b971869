/* SPDX-License-Identifier: MIT
 *
 * Model files with random weights in the shapes of real models: what speed and memory are measured
 * on, and small ones for tests. The text such a model writes means nothing.
 */
#ifndef SIGILO_CONVERT_SYNTH_H
#define SIGILO_CONVERT_SYNTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "convert/mix.h"
#include "gguf/gguf.h"

/* The hyper-parameters of a published model, as its GGUF file tells them; 0 where it tells none. */
struct synth_shape {
    const char *name, *title, *arch;
    uint32_t n_embd, n_layer, n_head, n_head_kv, head_dim, n_ff, n_vocab, n_ctx;
    float rope_base; /* 0: the key is missing, as in gemma2 */
    float norm_epsilon;
    uint32_t window;        /* attention.sliding_window */
    float llama3_factor;    /* rope_freqs.weight of Llama 3: how much the slow pairs are slowed */
    uint32_t rope_original; /* phi3: the context up to which the short factors serve */
    bool tied;              /* no output.weight */
    bool key_length;        /* the head size stands in the file */
};

/* All of them, real ones first, [*n]; static storage. */
const struct synth_shape *synth_shapes(size_t *n);

/* NULL when there is none of the name. */
const struct synth_shape *synth_shape_find(const char *name);

struct synth_options {
    const struct synth_shape *shape;
    enum mix mix;
    uint64_t seed;
    uint32_t n_layer;         /* 0: the shape's own */
    const struct gguf *vocab; /* NULL: none; else its tokenizer.* keys are copied, and the model
                                 has as many tokens as they name */
    bool replace;
    void (*progress)(void *context, size_t done_bytes, size_t total_bytes); /* may be NULL */
    void *context;
};

/* Writes the file; the same bytes on every machine for the same options. ERR_NOT_FOUND (no such
 * directory; a vocabulary without tokens), ERR_EXISTS, ERR_IO, ERR_NOMEM. */
enum status synth(const char *path, const struct synth_options *opt, struct error *err);

#endif
