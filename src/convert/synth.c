/* SPDX-License-Identifier: MIT
 *
 * A model with random weights: first the plan, a list of its tensors with what each is drawn from,
 * then metadata, directory and data from that one list. Each tensor has a generator of its own,
 * seeded by the seed and its name, so what one holds does not depend on the others.
 *
 * The deviations make logits healthy: matrices keep the size of what they multiply, queries and
 * keys are large enough for attention to be peaked, the embedding is small beside what the layers
 * add (or a tied model would repeat each token), and nothing is so small that leaving it out would
 * not show.
 */
#include "convert/synth.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "convert/random_rows.h"
#include "gguf/gguf.h"
#include "quant/half.h"

/* Sources: the config.json of each model, and the conversion to GGUF of llama.cpp. */
static const struct synth_shape shapes[] = {
    {"llama-3.2-1b", "Llama 3.2 1B", "llama", 2048, 16, 32, 8, 64, 8192, 128256, 131072, 500000,
     1e-5f, 0, 32, 0, true, true},
    {"llama-3.2-3b", "Llama 3.2 3B", "llama", 3072, 28, 24, 8, 128, 8192, 128256, 131072, 500000,
     1e-5f, 0, 32, 0, true, true},
    {"llama-3.1-8b", "Llama 3.1 8B", "llama", 4096, 32, 32, 8, 128, 14336, 128256, 131072, 500000,
     1e-5f, 0, 8, 0, false, false},
    {"llama-2-7b", "Llama 2 7B", "llama", 4096, 32, 32, 32, 128, 11008, 32000, 4096, 10000, 1e-5f,
     0, 0, 0, false, false},
    {"mistral-7b-v0.3", "Mistral 7B v0.3", "llama", 4096, 32, 32, 8, 128, 14336, 32768, 32768,
     1000000, 1e-5f, 0, 0, 0, false, false},
    {"biomistral-7b", "BioMistral 7B", "llama", 4096, 32, 32, 8, 128, 14336, 32000, 32768, 10000,
     1e-5f, 0, 0, 0, false, false},
    {"mistral-nemo-12b", "Mistral Nemo 12B", "llama", 5120, 40, 32, 8, 128, 14336, 131072, 1024000,
     1000000, 1e-5f, 0, 0, 0, false, true},
    {"qwen2.5-1.5b", "Qwen2.5 1.5B", "qwen2", 1536, 28, 12, 2, 128, 8960, 151936, 32768, 1000000,
     1e-6f, 0, 0, 0, true, false},
    {"qwen2.5-3b", "Qwen2.5 3B", "qwen2", 2048, 36, 16, 2, 128, 11008, 151936, 32768, 1000000,
     1e-6f, 0, 0, 0, true, false},
    {"qwen2.5-7b", "Qwen2.5 7B", "qwen2", 3584, 28, 28, 4, 128, 18944, 152064, 32768, 1000000,
     1e-6f, 0, 0, 0, false, false},
    {"qwen2.5-14b", "Qwen2.5 14B", "qwen2", 5120, 48, 40, 8, 128, 13824, 152064, 32768, 1000000,
     1e-6f, 0, 0, 0, false, false},
    {"phi-3.5-mini", "Phi 3.5 mini", "phi3", 3072, 32, 32, 32, 96, 8192, 32064, 131072, 10000,
     1e-5f, 262144, 0, 4096, false, false},
    {"gemma-2-2b", "Gemma 2 2B", "gemma2", 2304, 26, 8, 4, 256, 9216, 256000, 8192, 0, 1e-6f, 4096,
     0, 0, true, true},
    {"gemma-2-9b", "Gemma 2 9B", "gemma2", 3584, 42, 16, 8, 256, 14336, 256000, 8192, 0, 1e-6f,
     4096, 0, 0, true, true},

    {"tiny-llama", "tiny llama", "llama", 256, 2, 4, 2, 64, 512, 512, 2048, 10000, 1e-5f, 0, 0, 0,
     false, false},
    {"tiny-llama3", "tiny llama 3", "llama", 256, 2, 4, 2, 64, 512, 512, 131072, 500000, 1e-5f, 0,
     32, 0, true, true},
    {"tiny-nemo", "tiny Nemo", "llama", 256, 2, 4, 2, 128, 512, 512, 2048, 1000000, 1e-5f, 0, 0, 0,
     false, true},
    {"tiny-qwen2", "tiny qwen2", "qwen2", 256, 2, 4, 2, 64, 512, 512, 32768, 1000000, 1e-6f, 0, 0,
     0, true, false},
    {"tiny-phi3", "tiny phi3", "phi3", 256, 2, 4, 2, 64, 512, 512, 2048, 10000, 1e-5f, 262144, 0,
     64, false, false},
    {"tiny-phi3-window", "tiny phi3 with a window", "phi3", 256, 2, 4, 2, 64, 512, 512, 2048, 10000,
     1e-5f, 20, 0, 0, false, false},
    {"tiny-gemma2", "tiny gemma2", "gemma2", 256, 2, 4, 2, 64, 512, 512, 8192, 0, 1e-6f, 32, 0, 0,
     true, true},
};

const struct synth_shape *synth_shapes(size_t *n) {
    *n = sizeof(shapes) / sizeof(shapes[0]);
    return shapes;
}

const struct synth_shape *synth_shape_find(const char *name) {
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        if (strcmp(shapes[i].name, name) == 0) return &shapes[i];
    return NULL;
}

/* The plan */

enum content { CONTENT_RANDOM, CONTENT_LLAMA3, CONTENT_LONG, CONTENT_SHORT };

struct planned {
    char name[48];
    enum dtype type;
    uint32_t n_dims;
    uint64_t dims[2];
    enum content content;
    float centre, deviation;
};

struct plan {
    const struct synth_shape *shape;
    const struct synth_options *opt;
    uint32_t n_layer;
    struct array tensors; /* struct planned */
    bool failed;
};

static bool arch_is(const struct plan *p, const char *arch) {
    return strcmp(p->shape->arch, arch) == 0;
}

/* `layer` below 0: a tensor of the whole model. */
static struct planned named(int64_t layer, const char *name) {
    struct planned t = {.dims = {1, 1}};
    if (layer < 0)
        snprintf(t.name, sizeof(t.name), "%s", name);
    else
        snprintf(t.name, sizeof(t.name), "blk.%u.%s", (unsigned)layer, name);
    return t;
}

static void add(struct plan *p, const struct planned *t) {
    p->failed |= !array_push(&p->tensors, t, sizeof(*t));
}

/* `gain`: how much larger the product is than what is multiplied. */
static void matrix(struct plan *p, int64_t layer, const char *name, uint64_t n_in, uint64_t n_out,
                   float gain) {
    const struct synth_shape *s = p->shape;
    const struct mix_shape shape = {p->n_layer, s->n_head, s->n_head_kv, s->tied};
    struct planned t = named(layer, name);
    t.n_dims = 2;
    t.dims[0] = n_in;
    t.dims[1] = n_out;
    t.type = mix_type(p->opt->mix, &shape, t.name, n_in);
    t.deviation = gain / sqrtf((float)n_in);
    add(p, &t);
}

static void vector(struct plan *p, int64_t layer, const char *name, uint64_t n, float centre,
                   float deviation) {
    struct planned t = named(layer, name);
    t.type = DTYPE_F32;
    t.n_dims = 1;
    t.dims[0] = n;
    t.centre = centre;
    t.deviation = deviation;
    add(p, &t);
}

static void factors(struct plan *p, const char *name, enum content content) {
    struct planned t = named(-1, name);
    t.type = DTYPE_F32;
    t.n_dims = 1;
    t.dims[0] = p->shape->head_dim / 2;
    t.content = content;
    add(p, &t);
}

static const float attention_gain = 1.5f; /* scores deviate by its square */

static void plan_attention(struct plan *p, int64_t i) {
    const struct synth_shape *s = p->shape;
    const uint64_t n_q = (uint64_t)s->n_head * s->head_dim,
                   n_kv = (uint64_t)s->n_head_kv * s->head_dim;
    vector(p, i, "attn_norm.weight", s->n_embd, 1, 0.1f);
    if (arch_is(p, "phi3")) {
        matrix(p, i, "attn_qkv.weight", s->n_embd, n_q + 2 * n_kv, attention_gain);
    } else {
        matrix(p, i, "attn_q.weight", s->n_embd, n_q, attention_gain);
        matrix(p, i, "attn_k.weight", s->n_embd, n_kv, attention_gain);
        matrix(p, i, "attn_v.weight", s->n_embd, n_kv, 1);
    }
    if (arch_is(p, "qwen2")) {
        vector(p, i, "attn_q.bias", n_q, 0, 0.7f);
        vector(p, i, "attn_k.bias", n_kv, 0, 0.7f);
        vector(p, i, "attn_v.bias", n_kv, 0, 0.3f);
    }
    matrix(p, i, "attn_output.weight", n_q, s->n_embd, 1);
    if (arch_is(p, "gemma2")) vector(p, i, "post_attention_norm.weight", s->n_embd, 1, 0.1f);
}

static void plan_ffn(struct plan *p, int64_t i) {
    const struct synth_shape *s = p->shape;
    vector(p, i, "ffn_norm.weight", s->n_embd, 1, 0.1f);
    if (arch_is(p, "phi3")) {
        matrix(p, i, "ffn_up.weight", s->n_embd, 2 * (uint64_t)s->n_ff, 1);
    } else {
        matrix(p, i, "ffn_gate.weight", s->n_embd, s->n_ff, 1);
        matrix(p, i, "ffn_up.weight", s->n_embd, s->n_ff, 1);
    }
    matrix(p, i, "ffn_down.weight", s->n_ff, s->n_embd, 1);
    if (arch_is(p, "gemma2")) vector(p, i, "post_ffw_norm.weight", s->n_embd, 1, 0.1f);
}

static void make_plan(struct plan *p) {
    const struct synth_shape *s = p->shape;
    /* gemma2 multiplies the embedding by sqrt(n_embd), and its last norm makes logits that reach
     * the final cap */
    const bool gemma2 = arch_is(p, "gemma2");
    const float embd_gain = gemma2 ? 0.25f : 0.1f * sqrtf((float)s->n_embd);
    matrix(p, -1, "token_embd.weight", s->n_embd, s->n_vocab, embd_gain);
    if (s->llama3_factor > 0) factors(p, "rope_freqs.weight", CONTENT_LLAMA3);
    if (s->rope_original) {
        factors(p, "rope_factors_long.weight", CONTENT_LONG);
        factors(p, "rope_factors_short.weight", CONTENT_SHORT);
    }
    for (uint32_t i = 0; i < p->n_layer; i++) {
        plan_attention(p, i);
        plan_ffn(p, i);
    }
    vector(p, -1, "output_norm.weight", s->n_embd, gemma2 ? 60 : 1, gemma2 ? 6 : 0.1f);
    if (!s->tied) matrix(p, -1, "output.weight", s->n_embd, s->n_vocab, 1);
}

/* Metadata. The writer's first failure stays; what follows does nothing. */

#define VOCAB_PREFIX "tokenizer."
enum { VOCAB_TOKENS_MAX = 1 << 24 };

struct metadata {
    struct gguf_writer *w;
    const char *arch;
    enum status st;
    struct error *err;
};

static void put_string(struct metadata *m, const char *key, const char *value) {
    if (m->st == OK) m->st = gguf_writer_put_string(m->w, key, value, strlen(value), m->err);
}

static void put_u32(struct metadata *m, const char *key, uint32_t value) {
    char full[96];
    snprintf(full, sizeof(full), "%s.%s", m->arch, key);
    if (m->st == OK) m->st = gguf_writer_put_u32(m->w, full, value, m->err);
}

static void put_f32(struct metadata *m, const char *key, float value) {
    char full[96];
    snprintf(full, sizeof(full), "%s.%s", m->arch, key);
    if (m->st == OK) m->st = gguf_writer_put_f32(m->w, full, value, m->err);
}

static void put_general(struct metadata *m, const struct plan *p) {
    char name[128];
    struct metadata general = *m;
    general.arch = "general";
    snprintf(name, sizeof(name), "%s, random weights, seed %llu", p->shape->title,
             (unsigned long long)p->opt->seed);
    put_string(&general, "general.architecture", p->shape->arch);
    put_string(&general, "general.type", "model");
    put_string(&general, "general.name", name);
    put_u32(&general, "file_type", mix_file_type(p->opt->mix));
    put_u32(&general, "quantization_version", 2);
    m->st = general.st;
}

static void put_attention(struct metadata *m, const struct synth_shape *s) {
    put_u32(m, "attention.head_count", s->n_head);
    put_u32(m, "attention.head_count_kv", s->n_head_kv);
    put_f32(m, "attention.layer_norm_rms_epsilon", s->norm_epsilon);
    if (s->key_length) {
        put_u32(m, "attention.key_length", s->head_dim);
        put_u32(m, "attention.value_length", s->head_dim);
    }
    if (s->window) put_u32(m, "attention.sliding_window", s->window);
    if (strcmp(s->arch, "gemma2") == 0) {
        put_f32(m, "attn_logit_softcapping", 50);
        put_f32(m, "final_logit_softcapping", 30);
    }
}

static void put_vocab(struct metadata *m, const struct gguf *vocab) {
    if (!vocab) put_string(m, "tokenizer.ggml.model", "none");
    for (size_t i = 0; vocab && m->st == OK && i < vocab->n_pairs; i++) {
        const struct gguf_string key = vocab->pairs[i].key;
        const size_t n = strlen(VOCAB_PREFIX);
        if (key.n > n && memcmp(key.data, VOCAB_PREFIX, n) == 0)
            m->st = gguf_writer_put_pair(m->w, &vocab->pairs[i], m->err);
    }
}

static enum status put_metadata(struct gguf_writer *w, const struct plan *p, struct error *err) {
    const struct synth_shape *s = p->shape;
    struct metadata m = {w, s->arch, OK, err};
    put_general(&m, p);
    put_u32(&m, "vocab_size", s->n_vocab);
    put_u32(&m, "context_length", s->n_ctx);
    put_u32(&m, "embedding_length", s->n_embd);
    put_u32(&m, "block_count", p->n_layer);
    put_u32(&m, "feed_forward_length", s->n_ff);
    put_attention(&m, s);
    if (s->rope_base > 0) {
        put_f32(&m, "rope.freq_base", s->rope_base);
        put_u32(&m, "rope.dimension_count", s->head_dim);
    }
    if (s->rope_original) {
        put_u32(&m, "rope.scaling.original_context_length", s->rope_original);
        put_f32(&m, "rope.scaling.attn_factor", 1.1902381f);
    }
    put_vocab(&m, p->opt->vocab);
    return m.st;
}

/* Data */

/* Llama 3: pairs that turn fast stay, slow ones turn `factor` times slower, and between a quarter
 * and all of the original context of 8192 there is a passage. Source: Llama 3.1's model code. */
static float llama3_factor(const struct synth_shape *s, uint32_t j) {
    const double original = 8192, low = 1, high = 4;
    const double pi = 3.14159265358979323846;
    const double turns = original * pow(s->rope_base, -2.0 * j / s->head_dim) / (2 * pi);
    if (turns > high) return 1;
    if (turns < low) return s->llama3_factor;
    const double share = (turns - low) / (high - low);
    return (float)(1 / ((1 - share) / s->llama3_factor + share));
}

/* phi3: rising from 1 in an S, to the ends that the factors of Phi 3.5 mini have. */
static float phi3_factor(const struct synth_shape *s, uint32_t j, float end) {
    const uint32_t last = s->head_dim / 2 - 1;
    const float t = (float)j / (float)last;
    return 1 + (end - 1) * (t * t * (3 - 2 * t));
}

static float factor(const struct synth_shape *s, enum content content, uint32_t j) {
    switch (content) {
    case CONTENT_LLAMA3: return llama3_factor(s, j);
    case CONTENT_LONG: return phi3_factor(s, j, 64.84f);
    case CONTENT_SHORT: return phi3_factor(s, j, 2.84f);
    case CONTENT_RANDOM: break;
    }
    return 1;
}

static void fill_vector(struct random64 *r, const struct plan *p, const struct planned *t,
                        float *out) {
    random_blocks(r, DTYPE_F32, t->deviation, out, (size_t)t->dims[0] * sizeof(*out));
    for (uint32_t j = 0; j < t->dims[0]; j++)
        out[j] = t->content == CONTENT_RANDOM ? out[j] + t->centre
                                              : factor(p->shape, t->content, j);
}

/* FNV-1a of the name, mixed with the seed. */
static struct random64 generator(uint64_t seed, const char *name) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    struct random64 r = {seed};
    r.state = random64_next(&r) ^ hash;
    return r;
}

enum { PIECE_BYTES_MAX = 1 << 20 };

struct output {
    struct gguf_writer *w;
    unsigned char *piece; /* [PIECE_BYTES_MAX], aligned for floats */
    size_t done_bytes, total_bytes;
};

static size_t planned_bytes(const struct planned *t) {
    return dtype_row_bytes(t->type, (size_t)t->dims[0]) * (size_t)t->dims[1];
}

static enum status write_tensor(struct output *o, const struct plan *p, const struct planned *t,
                                struct error *err) {
    const size_t block_bytes = dtype_traits(t->type)->block_bytes;
    const size_t whole_piece = PIECE_BYTES_MAX / block_bytes * block_bytes;
    struct random64 r = generator(p->opt->seed, t->name);
    enum status st = OK;
    for (size_t left = planned_bytes(t); left > 0 && st == OK;) {
        const size_t n = left < whole_piece ? left : whole_piece;
        if (t->n_dims == 1)
            fill_vector(&r, p, t, (float *)(void *)o->piece);
        else
            random_blocks(&r, t->type, t->deviation, o->piece, n);
        st = gguf_writer_data(o->w, o->piece, n, err);
        left -= n;
        o->done_bytes += n;
        if (p->opt->progress) p->opt->progress(p->opt->context, o->done_bytes, o->total_bytes);
    }
    return st;
}

static enum status write_data(struct output *o, const struct plan *p, struct error *err) {
    const struct planned *tensors = p->tensors.data;
    enum status st = gguf_writer_begin_data(o->w, err);
    for (size_t i = 0; i < p->tensors.n && st == OK; i++)
        st = write_tensor(o, p, &tensors[i], err);
    return st ? st : gguf_writer_commit(o->w, err);
}

static enum status declare(struct output *o, const struct plan *p, struct error *err) {
    const struct planned *tensors = p->tensors.data;
    enum status st = put_metadata(o->w, p, err);
    for (size_t i = 0; i < p->tensors.n && st == OK; i++) {
        const struct planned *t = &tensors[i];
        const struct gguf_string name = {t->name, strlen(t->name)};
        st = gguf_writer_declare(o->w, name, t->type, t->n_dims, t->dims, err);
        o->total_bytes += planned_bytes(t);
    }
    return st;
}

static enum status write_file(const char *path, const struct plan *p, struct error *err) {
    struct output o = {.piece = mem_alloc(PIECE_BYTES_MAX)};
    if (!o.piece) return fail(err, ERR_NOMEM, _("%s: not enough memory to write it"), path);
    enum status st = gguf_writer_open(&o.w, path, p->opt->replace, err);
    if (st == OK) st = declare(&o, p, err);
    if (st == OK) st = write_data(&o, p, err);
    gguf_writer_close(o.w);
    mem_free(o.piece);
    return st;
}

static enum status take_vocab(struct synth_shape *shape, const struct gguf *vocab,
                              struct error *err) {
    const struct gguf_value *tokens = gguf_find(vocab, VOCAB_PREFIX "ggml.tokens");
    if (!tokens || tokens->type != GGUF_ARRAY || tokens->n_items == 0 ||
        tokens->n_items > VOCAB_TOKENS_MAX)
        return fail(err, ERR_NOT_FOUND, _("%s holds no vocabulary"), vocab->path);
    shape->n_vocab = (uint32_t)tokens->n_items;
    return OK;
}

enum status synth(const char *path, const struct synth_options *opt, struct error *err) {
    struct synth_shape shape = *opt->shape;
    struct plan p = {.shape = &shape, .opt = opt};
    enum status st = opt->vocab ? take_vocab(&shape, opt->vocab, err) : OK;
    if (st) return st;
    p.n_layer = opt->n_layer ? opt->n_layer : p.shape->n_layer;
    make_plan(&p);
    st = p.failed ? fail(err, ERR_NOMEM, _("not enough memory for the plan"))
                  : write_file(path, &p, err);
    array_release(&p.tensors);
    return st;
}
