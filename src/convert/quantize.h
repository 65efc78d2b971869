/* SPDX-License-Identifier: MIT
 *
 * A model file in, the same model in other formats out.
 */
#ifndef SIGILO_CONVERT_QUANTIZE_H
#define SIGILO_CONVERT_QUANTIZE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/threads.h"
#include "convert/mix.h"
#include "gguf/gguf.h"

/* What became of a tensor, or of all of them together. */
struct quantize_sums {
    size_t n_weights, in_bytes, out_bytes;
    size_t n_undefined;   /* weights that were infinite or NaN; they are in no error */
    double error, square; /* sums over the weights of (out - in)^2 and in^2 */
};

struct quantize_tensor {
    struct gguf_string name; /* in the input's mapping: valid during the call */
    enum dtype from, to;
    enum dtype wanted; /* unlike `to`: the rows do not fit that format's blocks */
    bool again;        /* `from` was quantised already: what it lost is lost in addition */
    struct quantize_sums sums;
};

struct quantize_options {
    enum mix mix; /* one that quantize_offers() */
    struct pool *pool;
    bool replace; /* an existing output */
    /* Called from the calling thread as bytes of the input are done, and after each tensor, in the
     * order of the file. May be NULL. */
    void (*on_progress)(void *context, size_t done_bytes, size_t total_bytes);
    void (*on_tensor)(void *context, const struct quantize_tensor *t);
    void *context;
};

/* Whether this program writes every format the mix needs, under a name that users know. */
bool quantize_offers(enum mix mix);

/* NMSE: error / square; 0 for zeros. */
double quantize_nmse(const struct quantize_sums *sums);

/* Writes `out_path`, whole or not at all, with all metadata of `in_path` but general.file_type and
 * general.quantization_version, which are set. Takes some MiB of memory, whatever the model. The
 * same bytes for any number of threads, on every machine.
 *
 * ERR_INVALID: the two are one file, the output is a device or the like, or what gguf_open says.
 * ERR_NOT_FOUND, ERR_EXISTS, ERR_IO (a full disk, too), ERR_UNSUPPORTED, ERR_NOMEM. */
enum status quantize(const char *in_path, const char *out_path, const struct quantize_options *opt,
                     struct error *err);

#endif
