/* SPDX-License-Identifier: MIT
 *
 * engine: a loaded model and its sessions.
 *
 * An engine holds a mapped model file, the kernels for this processor and the thread pool. A
 * session holds what changes: the cache of one or more sequences and the scratch of a batch. One
 * session runs at a time (they share the pool); a session belongs to one thread.
 *
 * The bits of the logits depend on the model, the tokens before, the cache's type, the context size
 * (phi3 alone) and the instruction set; not on threads, batch sizes, other sequences, or whether a
 * prefix was computed or shared.
 */
#ifndef SIGILO_ENGINE_ENGINE_H
#define SIGILO_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/model.h"
#include "tokenizer/tokenizer.h"

struct engine;
struct session;

struct engine_options {
    const char *model_path;
    size_t n_threads; /* 0: one a physical core; clamped to what the process may use */
    const char *isa;  /* highest instruction set, NULL: all the processor has */
    bool exact;       /* f32 activations: the yardstick, slow */
    bool wants_text;  /* as engine_open_text */
};

/* Maps and binds the file; reads none of the weights. */
enum status engine_open(struct engine **out, const struct engine_options *opt, struct error *err);
void engine_close(struct engine *e); /* NULL is accepted; its sessions must be closed */

/* Brings the whole file into memory, telling how far it is; without it pages come as they are
 * needed. `progress` may be NULL. */
typedef void load_progress_fn(void *context, size_t done_bytes, size_t total_bytes);
void engine_load(const struct engine *e, load_progress_fn *progress, void *context);

const struct gguf *engine_gguf(const struct engine *e);
const struct hparams *engine_hparams(const struct engine *e);
const char *engine_isa(const struct engine *e);
size_t engine_n_threads(const struct engine *e);

/* Opens the file's tokenizer, unless it is open: to be called before the engine is shared by
 * threads. ERR_UNSUPPORTED and others of tokenizer_open: the model then still runs, on ids alone.
 */
enum status engine_open_text(struct engine *e, struct error *err);

/* NULL unless opened. Its vocabulary is not larger than the model's; a model may
 * have more logits (padding), which no token stands for. */
const struct tokenizer *engine_tokenizer(const struct engine *e);

struct session_options {
    size_t n_ctx;          /* the longest a sequence may become; 0: the model's own, at most 8192 */
    size_t n_batch;        /* tokens that go through the layers together; 0: 256 */
    size_t n_seq_max;      /* sequences; 0: 1 */
    size_t n_positions;    /* room in the cache for all; 0: n_ctx for each sequence */
    enum dtype cache_type; /* DTYPE_F16, DTYPE_F32, DTYPE_Q8_0 */
};

struct session_memory { /* bytes */
    size_t weights;     /* the mapped file */
    size_t cache;
    size_t scratch; /* a batch's activations, packed weights, attention */
};

/* What a session would take. ERR_UNSUPPORTED: a cache of that type cannot be; ERR_NOMEM when a sum
 * wraps. */
enum status session_measure(struct session_memory *out, const struct engine *e,
                            const struct session_options *opt, struct error *err);

/* ERR_NOMEM, with the numbers, when weights, cache and scratch do not fit into what the system has
 * left: asked before anything is allocated. */
enum status session_open(struct session **out, struct engine *e, const struct session_options *opt,
                         struct error *err);
void session_close(struct session *s); /* NULL is accepted */

size_t session_n_ctx(const struct session *s);
size_t session_n_batch(const struct session *s);
size_t session_n_vocab(const struct session *s); /* logits of a position */

/* Positions a sequence holds. */
size_t session_length(const struct session *s, size_t seq);

/* Runs a batch of at most n_batch tokens, each appended to its sequence; see model.h. On an error
 * nothing has changed. */
enum status session_run(struct session *s, const struct batch *batch, struct error *err);

/* Appends any number of tokens to a sequence, in batches; the logits of the last can then be asked.
 * Room for all is made sure of first: on an error nothing has changed. */
enum status session_feed(struct session *s, size_t seq, const int32_t *tokens, size_t n,
                         struct error *err);

/* Of the last batch: how many tokens asked for logits, and the logits of some of them,
 * [n][n_vocab]. */
size_t session_n_outputs(const struct session *s);
void session_logits(struct session *s, size_t first, size_t n, float *out);

/* Rolls a sequence back to its first n_keep positions (0: empties it). */
void session_truncate(struct session *s, size_t seq, size_t n_keep);

/* Makes `to` the first n positions of `from`; they share them until one writes. ERR_INVALID: a
 * sequence that does not exist, more positions than there are. */
enum status session_share(struct session *s, size_t to, size_t from, size_t n, struct error *err);

/* The id of the largest logit; the lowest of several. NaN never wins; -1 when all are NaN. */
int32_t logits_argmax(const float *logits, size_t n_vocab);

#endif
