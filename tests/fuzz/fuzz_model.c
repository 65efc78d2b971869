/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a model: refused with a message that names it, or bound; and one that is small is
 * run, with the plain kernels and with the machine's own, on a few tokens in one piece and then
 * one by one. Both must give the same logits to the bit, whatever the weights, NaN among them.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/mem.h"
#include "base/threads.h"
#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { N_TOKENS = 5, VOCAB_MAX = 64 };

static void require(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "fuzz_model: %s\n", what);
    abort();
}

/* So small that running it takes a millisecond. */
static bool is_small(const struct hparams *h) {
    return h->n_layer <= 3 && h->n_embd <= 512 && h->n_ff <= 512 && h->n_vocab <= VOCAB_MAX &&
           h->n_head * h->head_dim <= 512;
}

/* How a model is run. */
struct way {
    const char *isa;
    enum dtype cache_type;
    size_t piece; /* tokens in a batch */
};

static struct pool *the_pool(void) {
    static struct pool *pool;
    struct error err;
    if (!pool) require(pool_open(&pool, 1, &err) == OK, "no pool");
    return pool;
}

static void feed(struct forward *f, struct kv_cache *kv, size_t n_vocab, size_t piece,
                 float *logits) {
    int32_t tokens[N_TOKENS];
    bool wants[N_TOKENS];
    struct error err;
    for (size_t j = 0; j < N_TOKENS; j++) {
        tokens[j] = (int32_t)(j * 7 % n_vocab);
        wants[j] = true;
    }
    for (size_t done = 0; done < N_TOKENS; done += piece) {
        const struct batch batch = {piece, tokens + done, NULL, wants};
        require(forward_run(f, kv, &batch, &err) == OK, "a pass is refused");
        require(forward_n_outputs(f) == piece, "outputs are missing");
        forward_logits(f, 0, piece, logits + done * n_vocab);
    }
}

/* logits [N_TOKENS][n_vocab] */
static void run(const struct model *m, const struct way *way, float *logits) {
    struct kernels kernels;
    struct forward *f;
    struct kv_cache *kv;
    struct error err;
    struct kv_shape shape = model_kv_shape(m);
    require(kernels_init(&kernels, way->isa, cpu_features(), &err) == OK, "no kernels");
    const struct forward_options opt = {&kernels, the_pool(), N_TOKENS, N_TOKENS};
    shape.type = way->cache_type;
    shape.n_ctx = shape.n_positions = N_TOKENS;
    shape.n_seq_max = 1;
    if (kv_cache_check_shape(&shape, &err)) shape.type = DTYPE_F16; /* heads not whole in Q8_0 */
    require(kv_cache_open(&kv, &shape, &err) == OK, "no cache");
    require(forward_open(&f, m, &opt, &err) == OK, "no scratch");
    feed(f, kv, model_hparams(m)->n_vocab, way->piece, logits);
    forward_close(f);
    kv_cache_close(kv);
}

static bool same(const float *a, const float *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof(a[i])) != 0 && !(isnan(a[i]) && isnan(b[i]))) return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static float pieces[N_TOKENS * VOCAB_MAX], whole[N_TOKENS * VOCAB_MAX];
    struct gguf *g;
    struct model *m;
    struct error err = {.status = OK};
    if (gguf_open_memory(&g, data, n, "fuzz", &err)) return 0;
    if (model_open(&m, g, &err)) {
        require(err.status != OK && strncmp(err.message, "fuzz: ", 6) == 0,
                "refused without a word");
        gguf_close(g);
        return 0;
    }
    const struct hparams *h = model_hparams(m);
    for (size_t i = 0; i < 2 && is_small(h); i++) {
        const enum dtype cache_type = i ? DTYPE_Q8_0 : DTYPE_F32;
        run(m, &(struct way){i ? NULL : "ref", cache_type, N_TOKENS}, whole);
        run(m, &(struct way){i ? NULL : "ref", cache_type, 1}, pieces);
        require(same(pieces, whole, N_TOKENS * h->n_vocab), "other bits in one piece");
    }
    model_close(m);
    gguf_close(g);
    return 0;
}
