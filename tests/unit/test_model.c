/* SPDX-License-Identifier: MIT
 *
 * model: what binds and what is refused. Every tiny shape of `sigilo synth` binds; then copies of
 * them with one thing changed, a key or a tensor, each with the status and the words that the
 * message must have: the thing, and the numbers.
 */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "convert/synth.h"
#include "engine/engine.h"
#include "gguf_make.h"

static const char *const shapes[] = {"tiny-llama", "tiny-llama3",      "tiny-nemo",  "tiny-qwen2",
                                     "tiny-phi3",  "tiny-phi3-window", "tiny-gemma2"};
enum { N_SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

static char directory[] = "/tmp/sigilo-model-XXXXXX";

static const char *path_of(const char *name) {
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s.gguf", directory, name);
    return path;
}

static int write_models(void **state) {
    struct error err;
    (void)state;
    if (!mkdtemp(directory)) return -1;
    for (size_t i = 0; i < N_SHAPES; i++) {
        const struct synth_options opt = {
            .shape = synth_shape_find(shapes[i]), .mix = (enum mix)DTYPE_Q4_0, .seed = 3};
        if (synth(path_of(shapes[i]), &opt, &err) == OK) continue;
        print_error("%s\n", err.message);
        return -1;
    }
    return 0;
}

static int remove_models(void **state) {
    (void)state;
    unlink(path_of("changed"));
    for (size_t i = 0; i < N_SHAPES; i++)
        unlink(path_of(shapes[i]));
    return rmdir(directory);
}

/* --- a copy with one thing changed --------------------------------------------------------------
 */

enum what { /* a key is put in the place of one of that name, or added */
            NOTHING,
            DROP,     /* key or tensor, or what begins with `name` and ends here with '*' */
            U32,      /* key = a */
            F32,      /* key = x */
            STRING,   /* key = text */
            NUMBERS,  /* key = the array of a and b */
            REALS,    /* key = the array of x and x */
            NONE,     /* key = the array of no u32 */
            RESHAPED, /* tensor: dimensions a, b, c, those that are 0 left out; zeros */
            RETYPED,  /* tensor: F16; zeros */
            ADDED,    /* tensor: a vector of a F32 zeros */
            FILLED,   /* tensor: all x, F32 */
};

struct change {
    enum what what;
    const char *name;
    uint64_t a, b, c;
    double x;
    const char *text;
};

static bool is_named(struct gguf_string name, const char *wanted) {
    const size_t n = strlen(wanted);
    if (wanted[n - 1] != '*') return gguf_string_is(name, wanted);
    return name.n >= n - 1 && memcmp(name.data, wanted, n - 1) == 0;
}

static enum status put_change(struct gguf_writer *w, const struct change *c, struct error *err) {
    const uint32_t numbers[] = {(uint32_t)c->a, (uint32_t)c->b};
    const float reals[] = {(float)c->x, (float)c->x};
    switch (c->what) {
    case U32: return gguf_writer_put_u32(w, c->name, (uint32_t)c->a, err);
    case F32: return gguf_writer_put_f32(w, c->name, (float)c->x, err);
    case STRING: return gguf_writer_put_string(w, c->name, c->text, strlen(c->text), err);
    case NUMBERS: return gguf_writer_put_array(w, c->name, GGUF_U32, numbers, 2, err);
    case REALS: return gguf_writer_put_array(w, c->name, GGUF_F32, reals, 2, err);
    case NONE: return gguf_writer_put_array(w, c->name, GGUF_U32, NULL, 0, err);
    default: return OK;
    }
}

/* The tensor as the copy has it; false: it is left out. */
static bool changed_tensor(struct gguf_tensor *t, const struct change *c) {
    if (c->what < DROP || !is_named(t->name, c->name)) return true;
    const uint64_t dims[] = {c->a, c->b, c->c};
    switch (c->what) {
    case DROP: return false;
    case RETYPED: t->type = DTYPE_F16; break;
    case FILLED: t->type = DTYPE_F32; break;
    case RESHAPED:
        for (t->n_dims = 0; t->n_dims < 3 && dims[t->n_dims]; t->n_dims++)
            t->dims[t->n_dims] = dims[t->n_dims];
        break;
    default: return true;
    }
    t->data = NULL;
    t->size_bytes = dtype_row_bytes(t->type, (size_t)t->dims[0]);
    for (uint32_t i = 1; i < t->n_dims; i++)
        t->size_bytes *= (size_t)t->dims[i];
    return true;
}

static enum status put_tensor_data(struct gguf_writer *w, const struct gguf_tensor *t, float fill,
                                   struct error *err) {
    if (t->data) return gguf_writer_data(w, t->data, t->size_bytes, err);
    float *data = mem_zalloc(t->size_bytes);
    for (size_t i = 0; t->type == DTYPE_F32 && i < t->size_bytes / sizeof(*data); i++)
        data[i] = fill;
    const enum status st = gguf_writer_data(w, data, t->size_bytes, err);
    mem_free(data);
    return st;
}

static enum status copy_changed(struct gguf_writer *w, const struct gguf *g, const struct change *c,
                                struct error *err) {
    struct gguf_tensor tensors[64];
    size_t n = 0;
    enum status st = OK;
    for (size_t i = 0; !st && i < g->n_pairs; i++)
        if (c->what == NOTHING || c->what >= RESHAPED || !is_named(g->pairs[i].key, c->name))
            st = gguf_writer_put_pair(w, &g->pairs[i], err);
    if (!st) st = put_change(w, c, err);
    for (size_t i = 0; i < g->n_tensors; i++) {
        assert_true(n + 1 < sizeof(tensors) / sizeof(tensors[0]));
        tensors[n] = g->tensors[i];
        n += changed_tensor(&tensors[n], c);
    }
    if (c->what == ADDED)
        tensors[n++] = (struct gguf_tensor){.name = {c->name, strlen(c->name)},
                                            .n_dims = 1,
                                            .dims = {c->a, 1, 1, 1},
                                            .size_bytes = c->a * sizeof(float)};
    for (size_t i = 0; !st && i < n; i++)
        st = gguf_writer_declare(w, tensors[i].name, tensors[i].type, tensors[i].n_dims,
                                 tensors[i].dims, err);
    if (!st) st = gguf_writer_begin_data(w, err);
    for (size_t i = 0; !st && i < n; i++)
        st = put_tensor_data(w, &tensors[i], (float)c->x, err);
    return st ? st : gguf_writer_commit(w, err);
}

/* Writes the copy; its path. */
static const char *changed(const char *shape, const struct change *c) {
    struct gguf *g;
    struct gguf_writer *w;
    struct error err;
    if (gguf_open(&g, path_of(shape), &err)) fail_msg("%s", err.message);
    if (gguf_writer_open(&w, path_of("changed"), true, &err)) fail_msg("%s", err.message);
    if (copy_changed(w, g, c, &err)) fail_msg("%s", err.message);
    gguf_writer_close(w);
    gguf_close(g);
    return path_of("changed");
}

static enum status open_and_close(const char *path, struct error *err) {
    struct gguf *g;
    struct model *m;
    enum status st = gguf_open(&g, path, err);
    if (st) return st;
    st = model_open(&m, g, err);
    if (!st) model_close(m);
    gguf_close(g);
    return st;
}

/* --- the cases ----------------------------------------------------------------------------------
 */

static void shapes_bind(void **state) {
    (void)state;
    for (size_t i = 0; i < N_SHAPES; i++) {
        struct error err;
        if (open_and_close(path_of(shapes[i]), &err)) fail_msg("%s", err.message);
    }
}

static const struct {
    const char *shape;
    struct change change;
} good[] = {
    {"tiny-llama", {.what = DROP, .name = "llama.context_length"}},
    {"tiny-llama", {.what = DROP, .name = "llama.rope.freq_base"}},
    {"tiny-llama", {.what = DROP, .name = "llama.rope.dimension_count"}},
    {"tiny-llama", {.what = DROP, .name = "output.weight"}}, /* tied */
    {"tiny-llama", {.what = U32, .name = "llama.rope.dimension_count", .a = 32}},
    {"tiny-llama", {.what = U32, .name = "llama.expert_count", .a = 0}},
    {"tiny-llama", {.what = U32, .name = "llama.unknown", .a = 7}},
    {"tiny-llama", {.what = NUMBERS, .name = "llama.attention.head_count_kv", .a = 2, .b = 2}},
    {"tiny-llama", {.what = NUMBERS, .name = "llama.feed_forward_length", .a = 512, .b = 512}},
    {"tiny-llama", {.what = REALS, .name = "llama.attention.head_count", .x = 4}},
    {"tiny-llama", {.what = STRING, .name = "llama.rope.scaling.type", .text = "none"}},
    {"tiny-llama", {.what = STRING, .name = "llama.rope.scaling.type", .text = "linear"}},
    {"tiny-llama", {.what = F32, .name = "llama.rope.scaling.factor", .x = 8}},
    {"tiny-llama", {.what = F32, .name = "llama.attention.layer_norm_rms_epsilon", .x = 0}},
    {"tiny-llama", {.what = ADDED, .name = "blk.1.attn_q.bias", .a = 256}},
    {"tiny-llama3", {.what = DROP, .name = "rope_freqs.weight"}},
    {"tiny-phi3-window", {.what = U32, .name = "phi3.attention.sliding_window", .a = 0}},
    {"tiny-phi3-window", {.what = U32, .name = "phi3.attention.sliding_window", .a = 1}},
    {"tiny-phi3-window", {.what = U32, .name = "phi3.attention.sliding_window", .a = UINT32_MAX}},
    {"tiny-phi3", {.what = DROP, .name = "phi3.rope.scaling.original_context_length"}},
    {"tiny-phi3", {.what = DROP, .name = "rope_factors_*"}},
    {"tiny-gemma2", {.what = U32, .name = "gemma2.attention.sliding_window", .a = 0}},
    {"tiny-gemma2", {.what = U32, .name = "gemma2.attention.sliding_window", .a = 1}},
    {"tiny-gemma2", {.what = U32, .name = "gemma2.attention.sliding_window", .a = UINT32_MAX}},
    {"tiny-gemma2", {.what = DROP, .name = "gemma2.final_logit_softcapping"}},
    {"tiny-gemma2", {.what = F32, .name = "gemma2.attn_logit_softcapping", .x = 0}},
};

/* A few tokens through a model: the logits of the last. */
static void run_some(const char *path, float *logits, size_t n_vocab) {
    struct engine *e;
    struct session *s;
    struct error err;
    const struct engine_options opt = {.model_path = path, .n_threads = 1};
    const struct session_options session_opt = {.n_ctx = 8, .cache_type = DTYPE_F16};
    const int32_t tokens[] = {1, 511, 7, 7, 80};
    if (engine_open(&e, &opt, &err)) fail_msg("%s", err.message);
    assert_int_equal(engine_hparams(e)->n_vocab, n_vocab);
    if (session_open(&s, e, &session_opt, &err)) fail_msg("%s", err.message);
    if (session_feed(s, 0, tokens, 5, &err)) fail_msg("%s", err.message);
    session_logits(s, 0, 1, logits);
    session_close(s);
    engine_close(e);
}

static void what_may_vary_binds_and_runs(void **state) {
    float logits[512];
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        run_some(changed(good[i].shape, &good[i].change), logits, 512);
        for (size_t t = 0; t < 512; t++)
            if (!isfinite(logits[t]))
                fail_msg("%s, %s: logit %zu is %g", good[i].shape, good[i].change.name, t,
                         (double)logits[t]);
    }
}

static const struct bad {
    const char *shape;
    struct change change;
    enum status status;
    const char *words[3]; /* beside the path and, but for DROP *, the name */
} bad[] = {
    /* the architecture */
    {"tiny-llama", {.what = DROP, .name = "general.architecture"}, ERR_NOT_FOUND, {NULL}},
    {"tiny-llama",
     {.what = U32, .name = "general.architecture", .a = 3},
     ERR_INVALID,
     {"u32", "string"}},
    {"tiny-llama",
     {.what = STRING, .name = "general.architecture", .text = "mam\033[31m\xff\nmoth %s %n"},
     ERR_UNSUPPORTED,
     {"general.architecture is mam?[31m??moth %s %n;", "llama, qwen2, phi3, gemma2"}},
    {"tiny-llama",
     {.what = STRING, .name = "general.architecture", .text = ""},
     ERR_UNSUPPORTED,
     {NULL}},
    {"tiny-llama",
     {.what = STRING,
      .name = "general.architecture",
      .text = "llamallamallamallamallamallamallamallama"},
     ERR_UNSUPPORTED,
     {"llamallamallama"}},
    {"tiny-llama",
     {.what = STRING, .name = "general.architecture", .text = "qwen2"},
     ERR_NOT_FOUND,
     {"qwen2."}},
    /* keys that must be there */
    {"tiny-llama", {.what = DROP, .name = "llama.block_count"}, ERR_NOT_FOUND, {NULL}},
    {"tiny-llama", {.what = DROP, .name = "llama.embedding_length"}, ERR_NOT_FOUND, {NULL}},
    {"tiny-llama", {.what = DROP, .name = "llama.feed_forward_length"}, ERR_NOT_FOUND, {NULL}},
    {"tiny-llama", {.what = DROP, .name = "llama.attention.head_count"}, ERR_NOT_FOUND, {NULL}},
    {"tiny-llama",
     {.what = DROP, .name = "llama.attention.layer_norm_rms_epsilon"},
     ERR_NOT_FOUND,
     {NULL}},
    /* of another type */
    {"tiny-llama",
     {.what = STRING, .name = "llama.block_count", .text = "2"},
     ERR_INVALID,
     {"string"}},
    {"tiny-llama", {.what = F32, .name = "llama.block_count", .x = 2.5}, ERR_INVALID, {"2.5"}},
    {"tiny-llama",
     {.what = STRING, .name = "llama.rope.freq_base", .text = "x"},
     ERR_INVALID,
     {"string"}},
    {"tiny-llama", {.what = U32, .name = "llama.rope.scaling.type", .a = 1}, ERR_INVALID, {"u32"}},
    {"tiny-llama",
     {.what = NUMBERS, .name = "llama.rope.freq_base", .a = 1, .b = 1},
     ERR_INVALID,
     {"array"}},
    /* counts */
    {"tiny-llama", {.what = U32, .name = "llama.block_count", .a = 0}, ERR_INVALID, {"0", "1024"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.block_count", .a = 1000000000},
     ERR_INVALID,
     {"1000000000", "1024"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.block_count", .a = 3},
     ERR_NOT_FOUND,
     {"blk.2.attn_norm.weight"}},
    {"tiny-llama", {.what = U32, .name = "llama.block_count", .a = 1}, ERR_UNSUPPORTED, {"blk.1."}},
    {"tiny-llama", {.what = U32, .name = "llama.embedding_length", .a = 0}, ERR_INVALID, {"is 0"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.embedding_length", .a = 1u << 31},
     ERR_INVALID,
     {"2147483648"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.embedding_length", .a = 512},
     ERR_INVALID,
     {"token_embd.weight", "512x512", "256x512"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.feed_forward_length", .a = 0},
     ERR_INVALID,
     {"is 0"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.feed_forward_length", .a = UINT32_MAX},
     ERR_INVALID,
     {"4294967295"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.feed_forward_length", .a = 500},
     ERR_INVALID,
     {"blk.0.ffn_gate.weight", "256x500", "256x512"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.context_length", .a = UINT32_MAX},
     ERR_INVALID,
     {"4294967295"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.attention.head_count", .a = 0},
     ERR_INVALID,
     {"is 0"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.attention.head_count", .a = 100000},
     ERR_INVALID,
     {"100000"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.attention.head_count", .a = 256},
     ERR_INVALID,
     {"head size of 1"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.attention.head_count", .a = 4096},
     ERR_INVALID,
     {"head size of 0"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.attention.head_count_kv", .a = 0},
     ERR_INVALID,
     {"4 ", "0 "}},
    {"tiny-llama",
     {.what = U32, .name = "llama.attention.head_count_kv", .a = 3},
     ERR_INVALID,
     {"4 ", "3 "}},
    {"tiny-llama",
     {.what = U32, .name = "llama.attention.head_count_kv", .a = 8},
     ERR_INVALID,
     {"4 ", "8 "}},
    {"tiny-nemo",
     {.what = U32, .name = "llama.attention.key_length", .a = 63},
     ERR_UNSUPPORTED,
     {"63", "128"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.attention.value_length", .a = 32},
     ERR_UNSUPPORTED,
     {"32", "64"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.rope.dimension_count", .a = 0},
     ERR_INVALID,
     {"0 elements"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.rope.dimension_count", .a = 7},
     ERR_INVALID,
     {"7 elements"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.rope.dimension_count", .a = 128},
     ERR_INVALID,
     {"128", "64"}},
    {"tiny-llama",
     {.what = U32, .name = "llama.expert_count", .a = 8},
     ERR_UNSUPPORTED,
     {"8 experts"}},
    /* by layer */
    {"tiny-llama",
     {.what = NUMBERS, .name = "llama.attention.head_count_kv", .a = 2, .b = 1},
     ERR_UNSUPPORTED,
     {"layer"}},
    {"tiny-llama",
     {.what = NUMBERS, .name = "llama.block_count", .a = 0, .b = 0},
     ERR_INVALID,
     {"is 0"}},
    {"tiny-llama",
     {.what = NONE, .name = "llama.attention.head_count_kv"},
     ERR_INVALID,
     {"no numbers"}},
    {"tiny-llama",
     {.what = REALS, .name = "llama.attention.head_count", .x = 4.5},
     ERR_INVALID,
     {"4.5"}},
    {"tiny-llama",
     {.what = REALS, .name = "llama.attention.head_count", .x = -4},
     ERR_INVALID,
     {"-4"}},
    {"tiny-llama",
     {.what = REALS, .name = "llama.attention.head_count", .x = NAN},
     ERR_UNSUPPORTED,
     {NULL}},
    /* numbers that are none, or out of range */
    {"tiny-llama", {.what = F32, .name = "llama.rope.freq_base", .x = NAN}, ERR_INVALID, {"nan"}},
    {"tiny-llama",
     {.what = F32, .name = "llama.rope.freq_base", .x = INFINITY},
     ERR_INVALID,
     {"inf"}},
    {"tiny-llama", {.what = F32, .name = "llama.rope.freq_base", .x = 0}, ERR_INVALID, {"0"}},
    {"tiny-llama",
     {.what = F32, .name = "llama.rope.freq_base", .x = -10000},
     ERR_INVALID,
     {"-10000"}},
    {"tiny-llama",
     {.what = F32, .name = "llama.attention.layer_norm_rms_epsilon", .x = NAN},
     ERR_INVALID,
     {NULL}},
    {"tiny-llama",
     {.what = F32, .name = "llama.attention.layer_norm_rms_epsilon", .x = -1},
     ERR_INVALID,
     {"-1"}},
    {"tiny-llama",
     {.what = F32, .name = "llama.attention.layer_norm_rms_epsilon", .x = 2},
     ERR_INVALID,
     {"2"}},
    {"tiny-llama",
     {.what = F32, .name = "llama.rope.scaling.factor", .x = -4},
     ERR_INVALID,
     {"-4"}},
    {"tiny-llama",
     {.what = F32, .name = "llama.rope.scaling.attn_factor", .x = 0},
     ERR_INVALID,
     {"0"}},
    {"tiny-llama",
     {.what = STRING, .name = "llama.rope.scaling.type", .text = "yarn"},
     ERR_UNSUPPORTED,
     {"yarn"}},
    {"tiny-gemma2",
     {.what = F32, .name = "gemma2.attn_logit_softcapping", .x = -1},
     ERR_INVALID,
     {"-1"}},
    {"tiny-gemma2",
     {.what = F32, .name = "gemma2.final_logit_softcapping", .x = -2},
     ERR_INVALID,
     {"-2"}},
    {"tiny-gemma2",
     {.what = F32, .name = "gemma2.final_logit_softcapping", .x = NAN},
     ERR_INVALID,
     {NULL}},
    /* tensors */
    {"tiny-llama", {.what = DROP, .name = "token_embd.weight"}, ERR_NOT_FOUND, {NULL}},
    {"tiny-llama", {.what = DROP, .name = "output_norm.weight"}, ERR_NOT_FOUND, {NULL}},
    {"tiny-llama", {.what = DROP, .name = "blk.1.ffn_down.weight"}, ERR_NOT_FOUND, {NULL}},
    {"tiny-phi3", {.what = DROP, .name = "blk.0.attn_qkv.weight"}, ERR_NOT_FOUND, {NULL}},
    {"tiny-gemma2", {.what = DROP, .name = "blk.1.post_ffw_norm.weight"}, ERR_NOT_FOUND, {NULL}},
    {"tiny-llama",
     {.what = RESHAPED, .name = "blk.1.attn_q.weight", .a = 256, .b = 128},
     ERR_INVALID,
     {"256x256", "256x128"}},
    {"tiny-llama",
     {.what = RESHAPED, .name = "output.weight", .a = 256, .b = 511},
     ERR_INVALID,
     {"256x512", "256x511"}},
    {"tiny-llama",
     {.what = RESHAPED, .name = "blk.0.attn_k.weight", .a = 256, .b = 64, .c = 2},
     ERR_INVALID,
     {"256x128", "256x64x2"}},
    {"tiny-llama",
     {.what = RESHAPED, .name = "blk.0.attn_k.weight", .a = 256},
     ERR_INVALID,
     {"256x128", "found 256"}},
    {"tiny-llama",
     {.what = RESHAPED, .name = "token_embd.weight", .a = 256},
     ERR_INVALID,
     {"256x1", "found 256"}},
    {"tiny-llama",
     {.what = RESHAPED, .name = "output_norm.weight", .a = 255},
     ERR_INVALID,
     {"256", "255"}},
    {"tiny-llama",
     {.what = RESHAPED, .name = "output_norm.weight", .a = 256, .b = 1},
     ERR_INVALID,
     {"256x1"}},
    {"tiny-qwen2",
     {.what = RESHAPED, .name = "blk.1.attn_k.bias", .a = 64},
     ERR_INVALID,
     {"128", "64"}},
    {"tiny-llama3",
     {.what = RESHAPED, .name = "rope_freqs.weight", .a = 16},
     ERR_INVALID,
     {"32", "16"}},
    {"tiny-llama",
     {.what = RETYPED, .name = "blk.0.attn_norm.weight"},
     ERR_UNSUPPORTED,
     {"F16", "F32"}},
    {"tiny-llama",
     {.what = ADDED, .name = "blk.0.surprise.weight", .a = 8},
     ERR_UNSUPPORTED,
     {"llama"}},
    {"tiny-llama",
     {.what = ADDED, .name = "blk.2.attn_norm.weight", .a = 256},
     ERR_UNSUPPORTED,
     {"llama"}},
    {"tiny-phi3",
     {.what = ADDED, .name = "blk.0.attn_q.bias", .a = 256},
     ERR_UNSUPPORTED,
     {"phi3"}},
    {"tiny-phi3", {.what = DROP, .name = "rope_factors_long.weight"}, ERR_NOT_FOUND, {NULL}},
    {"tiny-phi3", {.what = DROP, .name = "rope_factors_short.weight"}, ERR_NOT_FOUND, {NULL}},
    {"tiny-phi3",
     {.what = FILLED, .name = "rope_factors_long.weight", .x = 0},
     ERR_INVALID,
     {"factor 0", "is 0"}},
    {"tiny-phi3",
     {.what = FILLED, .name = "rope_factors_short.weight", .x = -1},
     ERR_INVALID,
     {"-1"}},
    {"tiny-phi3",
     {.what = FILLED, .name = "rope_factors_short.weight", .x = NAN},
     ERR_INVALID,
     {"nan"}},
    {"tiny-llama3",
     {.what = FILLED, .name = "rope_freqs.weight", .x = INFINITY},
     ERR_INVALID,
     {"inf"}},
    {"tiny-llama", {.what = DROP, .name = "*"}, ERR_NOT_FOUND, {"general.architecture"}},
    {"tiny-llama", {.what = DROP, .name = "blk.*"}, ERR_NOT_FOUND, {"blk.0.attn_norm.weight"}},
};

static void expect_words(const struct bad *b, const struct error *err) {
    const char *name = b->change.name;
    if (!strstr(err->message, path_of("changed"))) fail_msg("%s: no path: %s", name, err->message);
    for (const char *c = err->message; *c; c++)
        if (*c < ' ' || *c > '~') fail_msg("%s: an odd byte in: %s", name, err->message);
    for (size_t w = 0; w < 3 && b->words[w]; w++)
        if (!strstr(err->message, b->words[w]))
            fail_msg("%s: no \"%s\" in: %s", name, b->words[w], err->message);
}

/* Keys that say how many of something are named by what contradicts them. */
static bool names_itself(const struct bad *b) {
    return b->change.what >= DROP && !strchr(b->change.name, '*') && !b->words[0];
}

static void what_is_wrong_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct bad *b = &bad[i];
        struct error err = {.message = "nothing said"};
        const enum status st = open_and_close(changed(b->shape, &b->change), &err);
        if (st != b->status)
            fail_msg("%s, %s: status %d, not %d: %s", b->shape, b->change.name, (int)st,
                     (int)b->status, err.message);
        expect_words(b, &err);
        if (names_itself(b) && !strstr(err.message, b->change.name))
            fail_msg("%s is not named: %s", b->change.name, err.message);
    }
}

/* A vocabulary that the file only claims is refused by its bytes, and nothing is allocated by it.
 */
static void claimed_vocabulary_is_refused(void **state) {
    (void)state;
    struct strbuf b;
    struct error err;
    unsigned char *copy;
    strbuf_init(&b, 1 << 16);
    put_head(&b, 3, 1, 1);
    put_pair_string(&b, "general.architecture", "llama");
    put_tensor(&b, "token_embd.weight", 32, (uint64_t)1 << 31, 8, 0);
    put_data(&b, 32, 34);
    assert_null(open_exact(&copy, b.data, b.n, &err));
    assert_int_equal(err.status, ERR_INVALID);
    assert_non_null(strstr(err.message, "token_embd.weight"));
    assert_non_null(strstr(err.message, "32x2147483648"));
    strbuf_release(&b);
}

static void file_without_tensors_is_refused(void **state) {
    (void)state;
    struct strbuf b;
    struct error err;
    struct model *m;
    unsigned char *copy;
    strbuf_init(&b, 1 << 16);
    put_head(&b, 3, 0, 6);
    put_pair_string(&b, "general.architecture", "llama");
    put_pair_u32(&b, "llama.block_count", 1);
    put_pair_u32(&b, "llama.embedding_length", 64);
    put_pair_u32(&b, "llama.feed_forward_length", 64);
    put_pair_u32(&b, "llama.attention.head_count", 2);
    put_pair_u32(&b, "llama.context_length", 64);
    struct gguf *g = open_exact(&copy, b.data, b.n, &err);
    if (!g) fail_msg("%s", err.message);
    assert_int_equal(model_open(&m, g, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "token_embd.weight"));
    gguf_close(g);
    mem_free(copy);
    strbuf_release(&b);
}

/* Weights are not looked at when a model opens: what is wrong with them comes out in the logits. */
static void broken_weights_run_to_their_end(void **state) {
    static const struct change broken[] = {
        {.what = FILLED, .name = "output_norm.weight", .x = NAN},
        {.what = FILLED, .name = "output_norm.weight", .x = INFINITY},
        {.what = FILLED, .name = "blk.0.attn_norm.weight", .x = NAN},
        {.what = FILLED, .name = "blk.1.ffn_norm.weight", .x = NAN},
        {.what = FILLED, .name = "token_embd.weight", .x = INFINITY},
        {.what = FILLED, .name = "token_embd.weight", .x = 1e38},
        {.what = FILLED, .name = "blk.0.attn_q.weight", .x = -INFINITY},
        {.what = FILLED, .name = "blk.0.attn_v.weight", .x = NAN},
        {.what = FILLED, .name = "blk.1.ffn_down.weight", .x = 3e38},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        float logits[512];
        run_some(changed("tiny-llama", &broken[i]), logits, 512);
        const int32_t best = logits_argmax(logits, 512);
        for (size_t t = 0; isnan(broken[i].x) && t < 512; t++)
            if (!isnan(logits[t])) fail_msg("%s: NaN is lost on the way", broken[i].name);
        assert_int_equal(best < 0, isnan(logits[0]));
    }
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    enum status st = ERR_NOMEM;
    unsigned long n = 1;
    for (; st == ERR_NOMEM && n < 1000; n++) {
        struct error err;
        mem_fail_after(n);
        st = open_and_close(path_of("tiny-phi3"), &err);
        mem_fail_after(0);
    }
    assert_int_equal(st, OK);
    assert_true(n > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_bind),
        cmocka_unit_test(what_may_vary_binds_and_runs),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(claimed_vocabulary_is_refused),
        cmocka_unit_test(file_without_tensors_is_refused),
        cmocka_unit_test(broken_weights_run_to_their_end),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, write_models, remove_models);
}
