/* SPDX-License-Identifier: MIT
 *
 * The encoder: rows of features in, tag scores out, one window at a time. Weights are packed once,
 * at open; a window is then the work of one thread, so windows of a text go side by side.
 */
#ifndef SIGILO_TAGGER_ENCODER_H
#define SIGILO_TAGGER_ENCODER_H

#include "kernels/matmul.h"
#include "tagger/unit_features.h"

struct encoder_shape {
    size_t width, layers, heads, inner; /* inner: of the feed-forward part */
    size_t window;                      /* units, the most that go through together */
    size_t n_tags;
};

struct encoder_weights { /* one product: packed where the kernel wants it so */
    struct matrix w;
    void *packed; /* owned; NULL: w.data as the file holds it */
};

struct encoder_layer {
    const float *attn_norm, *ffn_norm; /* [width] */
    struct encoder_weights qkv;        /* [3 * width][width]: queries, keys, values */
    struct encoder_weights out;        /* [width][width] */
    struct encoder_weights gate, up;   /* [inner][width] */
    struct encoder_weights down;       /* [width][inner] */
};

struct encoder {
    struct encoder_shape shape;
    struct kernels kernels;
    struct matrix embedding; /* [n_rows][width] */
    const float *norm_in, *norm_out, *tag_bias;
    struct encoder_layer *layers; /* [shape.layers] */
    struct encoder_weights tags;  /* [n_tags][width] */
    float *turns;                 /* [window][head_dim / 2][2]: cosine and sine of a position */
};

/* Binds the tensors of an open file, which must stay open. */
enum status encoder_open(struct encoder *out, const struct gguf *g, size_t n_rows, size_t n_tags,
                         const char *isa, struct error *err);
void encoder_release(struct encoder *e);

/* What a thread needs for a window. */
struct encoder_scratch;
struct encoder_scratch *encoder_scratch_new(const struct encoder *e); /* NULL: no memory */
void encoder_scratch_free(struct encoder_scratch *s);                 /* wipes */

/* Tag scores [n][n_tags], before any softmax, of the n <= window units of a text. */
void encoder_run(const struct encoder *e, struct encoder_scratch *s, const struct features *f,
                 const unsigned char *text, const struct tagger_unit *units, size_t n,
                 float *scores);

#endif
