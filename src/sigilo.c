/* SPDX-License-Identifier: MIT
 *
 * The public C API over the engine: translates options and errors, and nothing else.
 */
#include <string.h>

#include "../include/sigilo/sigilo.h"
#include "base/mem.h"
#include "config.h"
#include "engine/engine.h"

struct sigilo_engine {
    struct engine *engine;
};

struct sigilo_session {
    struct session *session;
    bool has_logits;
};

static enum sigilo_status public_status(enum status st) {
    switch (st) {
    case OK: return SIGILO_OK;
    case ERR_NOMEM:
    case ERR_LIMIT: return SIGILO_NO_MEMORY;
    case ERR_IO:
    case ERR_EXISTS: return SIGILO_IO;
    case ERR_NOT_FOUND: return SIGILO_NOT_FOUND;
    case ERR_INVALID: return SIGILO_INVALID;
    case ERR_UNSUPPORTED: return SIGILO_UNSUPPORTED;
    case ERR_FULL: return SIGILO_FULL;
    }
    return SIGILO_INVALID;
}

static enum sigilo_status report(enum status st, const struct error *err,
                                 struct sigilo_error *error) {
    if (st && error) {
        _Static_assert(sizeof(error->message) >= sizeof(err->message), "messages are copied whole");
        error->status = public_status(st);
        memcpy(error->message, err->message, sizeof(err->message));
    }
    return public_status(st);
}

const char *sigilo_version(void) {
    return SIGILO_VERSION;
}

enum sigilo_status sigilo_engine_open(struct sigilo_engine **out, const char *path,
                                      const struct sigilo_engine_options *options,
                                      struct sigilo_error *error) {
    struct error err;
    struct engine_options opt = {.model_path = path};
    if (options) {
        opt.n_threads = options->n_threads;
        opt.isa = options->isa;
        opt.exact = options->exact != 0;
    }
    struct sigilo_engine *e = mem_zalloc(sizeof(*e));
    enum status st = e ? engine_open(&e->engine, &opt, &err)
                       : fail(&err, ERR_NOMEM, "not enough memory for the engine");
    if (st) mem_free(e);
    if (!st) *out = e;
    return report(st, &err, error);
}

void sigilo_engine_close(struct sigilo_engine *engine) {
    if (!engine) return;
    engine_close(engine->engine);
    mem_free(engine);
}

size_t sigilo_engine_n_vocab(const struct sigilo_engine *engine) {
    return engine_hparams(engine->engine)->n_vocab;
}

const char *sigilo_engine_isa(const struct sigilo_engine *engine) {
    return engine_isa(engine->engine);
}

static enum status cache_type(enum dtype *out, enum sigilo_cache cache, struct error *err) {
    switch (cache) {
    case SIGILO_CACHE_F16: *out = DTYPE_F16; return OK;
    case SIGILO_CACHE_F32: *out = DTYPE_F32; return OK;
    case SIGILO_CACHE_Q8_0: *out = DTYPE_Q8_0; return OK;
    }
    return fail(err, ERR_INVALID, "there is no cache of kind %d", (int)cache);
}

enum sigilo_status sigilo_session_open(struct sigilo_session **out, struct sigilo_engine *engine,
                                       const struct sigilo_session_options *options,
                                       struct sigilo_error *error) {
    struct error err;
    struct session_options opt = {.cache_type = DTYPE_F16};
    enum status st = OK;
    if (options) {
        opt.n_ctx = options->n_ctx;
        opt.n_batch = options->n_batch;
        st = cache_type(&opt.cache_type, options->cache, &err);
    }
    struct sigilo_session *s = mem_zalloc(sizeof(*s));
    if (!s && !st) st = fail(&err, ERR_NOMEM, "not enough memory for a session");
    if (!st) st = session_open(&s->session, engine->engine, &opt, &err);
    if (st) mem_free(s);
    if (!st) *out = s;
    return report(st, &err, error);
}

void sigilo_session_close(struct sigilo_session *session) {
    if (!session) return;
    session_close(session->session);
    mem_free(session);
}

enum sigilo_status sigilo_session_feed(struct sigilo_session *session, const int32_t *tokens,
                                       size_t n, struct sigilo_error *error) {
    struct error err;
    const enum status st = session_feed(session->session, 0, tokens, n, &err);
    if (!st) session->has_logits = true;
    return report(st, &err, error);
}

size_t sigilo_session_length(const struct sigilo_session *session) {
    return session_length(session->session, 0);
}

void sigilo_session_truncate(struct sigilo_session *session, size_t n) {
    if (n >= sigilo_session_length(session)) return;
    session_truncate(session->session, 0, n);
    session->has_logits = false;
}

enum sigilo_status sigilo_session_logits(struct sigilo_session *session, float *out,
                                         struct sigilo_error *error) {
    struct error err;
    if (!session->has_logits)
        return report(fail(&err, ERR_INVALID, "no token was fed, so there are no logits"), &err,
                      error);
    session_logits(session->session, 0, 1, out);
    return SIGILO_OK;
}
