/* SPDX-License-Identifier: MIT
 *
 * A model's shape, as the metadata of its file tell it.
 */
#ifndef SIGILO_MODEL_HPARAMS_H
#define SIGILO_MODEL_HPARAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "gguf/gguf.h"

struct hparams {
    char arch[32]; /* general.architecture: the prefix of the other keys */
    size_t n_layer, n_embd, n_ff, n_vocab;
    size_t n_head, n_head_kv;
    size_t head_dim;    /* need not be n_embd / n_head */
    size_t n_ctx_train; /* 0: the file does not say */
    float norm_epsilon;
    size_t rope_dim; /* elements of a head that turn; even */
    double rope_base;
    double rope_scale;     /* positions are multiplied by it; 1 unless scaling is linear */
    double rope_magnitude; /* multiplies cosine and sine: phi3's attention factor */
    size_t n_ctx_original; /* above it long RoPE factors are taken, where there are two sets */
};

/* Reads and checks what every architecture has. ERR_NOT_FOUND, ERR_INVALID (a value out of range,
 * or values that contradict each other), ERR_UNSUPPORTED (mixtures of experts, YaRN, quantities
 * that vary by layer); each names the key. n_vocab is the number of rows of token_embd.weight. */
enum status hparams_read(struct hparams *h, const struct gguf *g, struct error *err);

/* `<arch>.<suffix>`, which may be missing (*out is then unchanged), or an array of equal numbers.
 */
enum status hparams_opt_size(const struct hparams *h, size_t *out, const struct gguf *g,
                             const char *suffix, struct error *err);
enum status hparams_opt_float(const struct hparams *h, float *out, const struct gguf *g,
                              const char *suffix, struct error *err);

#endif
