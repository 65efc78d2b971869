/* SPDX-License-Identifier: MIT
 *
 * A loaded model: file, kernels, threads.
 */
#include "engine/engine.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/intl.h"
#include "base/mem.h"
#include "engine/internal.h"

enum { LOAD_STEP = 64 << 20 };

enum status engine_open_text(struct engine *e, struct error *err) {
    const size_t n_logits = model_hparams(e->model)->n_vocab;
    struct tokenizer *t = e->tokenizer;
    enum status st = t ? OK : tokenizer_open(&t, e->gguf, err);
    if (!st && tokenizer_n_vocab(t) <= n_logits) e->tokenizer = t;
    if (st || e->tokenizer) return st;
    st = fail(err, ERR_INVALID, _("%s: its tokenizer has %zu tokens, its model only %zu"),
              e->gguf->path, tokenizer_n_vocab(t), n_logits);
    tokenizer_close(t);
    return st;
}

enum status engine_open(struct engine **out, const struct engine_options *opt, struct error *err) {
    struct engine *e = mem_zalloc(sizeof(*e));
    if (!e) return fail(err, ERR_NOMEM, _("not enough memory for the engine"));
    enum status st = kernels_init(&e->kernels, opt->isa, cpu_features(), err);
    if (!st && opt->exact) kernels_make_exact(&e->kernels);
    if (!st) st = gguf_open(&e->gguf, opt->model_path, err);
    if (!st) st = model_open(&e->model, e->gguf, err);
    if (!st && opt->wants_text) st = engine_open_text(e, err);
    if (!st) st = pool_open(&e->pool, opt->n_threads, err);
    if (st) {
        engine_close(e);
        return st;
    }
    *out = e;
    return OK;
}

void engine_close(struct engine *e) {
    if (!e) return;
    pool_close(e->pool);
    tokenizer_close(e->tokenizer);
    model_close(e->model);
    gguf_close(e->gguf);
    mem_free(e);
}

/* Asks the system for the pages; where it cannot be asked, touches each. */
static void bring_in(const unsigned char *from, size_t n, size_t page) {
#ifdef MADV_POPULATE_READ
    if (madvise((void *)(uintptr_t)from, n, MADV_POPULATE_READ) == 0) return;
#endif
    for (size_t i = 0; i < n; i += page)
        (void)*(const volatile unsigned char *)(from + i);
}

void engine_load(const struct engine *e, load_progress_fn *progress, void *context) {
    const size_t total = e->gguf->map_bytes, page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t done = 0; done < total; done += LOAD_STEP) {
        const size_t n = total - done < LOAD_STEP ? total - done : LOAD_STEP;
        bring_in(e->gguf->map + done, n, page);
        if (progress) progress(context, done + n, total);
    }
}

const struct gguf *engine_gguf(const struct engine *e) {
    return e->gguf;
}

const struct hparams *engine_hparams(const struct engine *e) {
    return model_hparams(e->model);
}

const char *engine_isa(const struct engine *e) {
    return e->kernels.isa;
}

size_t engine_n_threads(const struct engine *e) {
    return pool_size(e->pool);
}

const struct tokenizer *engine_tokenizer(const struct engine *e) {
    return e->tokenizer;
}
