/* SPDX-License-Identifier: MIT
 *
 * libsigilo: run a language model from C.
 *
 *   struct sigilo_engine   a model file, mapped; what does not change
 *   struct sigilo_session  one sequence of tokens and its cache; what does
 *
 * Link with `pkg-config --cflags --libs sigilo`; examples/greedy.c is a whole program. An engine
 * may be used by one thread at a time, and so may its sessions. Nothing here writes to stdout or
 * stderr or exits. Until version 1.0 functions may change between minor versions.
 */
#ifndef SIGILO_SIGILO_H
#define SIGILO_SIGILO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum sigilo_status {
    SIGILO_OK = 0,
    SIGILO_NO_MEMORY,   /* less is available than is needed; the message has the numbers */
    SIGILO_IO,          /* the system refused to read */
    SIGILO_NOT_FOUND,   /* no such file; or a key or tensor that the file lacks */
    SIGILO_INVALID,     /* a broken file, a token outside the vocabulary, a bad option */
    SIGILO_UNSUPPORTED, /* well formed, but not something this library computes */
    SIGILO_FULL,        /* the context has no room for the tokens; nothing was changed */
};

struct sigilo_error {
    enum sigilo_status status;
    char message[512]; /* one sentence, English, UTF-8: what, where, and what to do */
};

struct sigilo_engine;
struct sigilo_session;

struct sigilo_engine_options { /* all zero: the defaults */
    unsigned n_threads;        /* 0: one a physical core; never more than the process may use */
    const char *isa; /* the highest instruction set to use ("ref", "avx2", "mma"...); NULL: all */
    int exact;       /* not 0: activations in f32. Slow; a yardstick */
};

enum sigilo_cache { SIGILO_CACHE_F16 = 0, SIGILO_CACHE_F32, SIGILO_CACHE_Q8_0 };

struct sigilo_session_options { /* all zero: the defaults */
    size_t n_ctx;               /* positions; 0: the model's own context, at most 8192 */
    size_t n_batch;             /* tokens that go through the layers together; 0: 256 */
    enum sigilo_cache cache;    /* how keys and values are kept */
};

/* "0.1.0". Static storage. */
const char *sigilo_version(void);

/* Maps a GGUF file and checks it. `options` may be NULL; `error` may be NULL. *out is set on
 * success alone. The file must not be shortened while it is open. */
enum sigilo_status sigilo_engine_open(struct sigilo_engine **out, const char *path,
                                      const struct sigilo_engine_options *options,
                                      struct sigilo_error *error);

/* Its sessions must have been closed. NULL is accepted. */
void sigilo_engine_close(struct sigilo_engine *engine);

/* Token ids are 0 to this less one; logits are so many. */
size_t sigilo_engine_n_vocab(const struct sigilo_engine *engine);

/* The instruction set in use. Static storage. */
const char *sigilo_engine_isa(const struct sigilo_engine *engine);

/* Takes all the memory the session will ever need. */
enum sigilo_status sigilo_session_open(struct sigilo_session **out, struct sigilo_engine *engine,
                                       const struct sigilo_session_options *options,
                                       struct sigilo_error *error);
void sigilo_session_close(struct sigilo_session *session); /* NULL is accepted */

/* Appends n tokens (at least one). On an error nothing was appended. */
enum sigilo_status sigilo_session_feed(struct sigilo_session *session, const int32_t *tokens,
                                       size_t n, struct sigilo_error *error);

/* Positions so far. */
size_t sigilo_session_length(const struct sigilo_session *session);

/* Goes back to the first n positions, so that another continuation can be fed; n beyond the length
 * changes nothing. The logits of before are then no longer to be asked for. */
void sigilo_session_truncate(struct sigilo_session *session, size_t n);

/* What the model says after the last token fed: out[n_vocab], natural logarithms up to a constant.
 * SIGILO_INVALID when nothing was fed since the session was opened or truncated. */
enum sigilo_status sigilo_session_logits(struct sigilo_session *session, float *out,
                                         struct sigilo_error *error);

#ifdef __cplusplus
}
#endif

#endif
