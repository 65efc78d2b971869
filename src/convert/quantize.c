/* SPDX-License-Identifier: MIT
 *
 * Tensor by tensor: read from the mapping, decode, encode, measure, write. Rows being whole blocks
 * in every format, a tensor is one run of blocks; it is cut in pieces of 8192 weights, which the
 * threads take one by one, a few hundred to a batch. So memory is that of a batch, and the bytes
 * and sums do not depend on who did which piece.
 */
#include "convert/quantize.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/intl.h"
#include "base/mem.h"
#include "quant/blocks.h"

enum {
    PIECE_WEIGHTS = 8192,
    BATCH_PIECES = 256,
    COPY_BYTES = 8 << 20,
    QUANTIZATION_VERSION = 2, /* of the layouts of the K formats; 1 was before 2023-06 */
};

bool quantize_offers(enum mix mix) {
    static const bool offered[MIX_N] = {
        [DTYPE_F32] = true,  [DTYPE_F16] = true,  [DTYPE_BF16] = true, [DTYPE_Q4_0] = true,
        [DTYPE_Q5_0] = true, [DTYPE_Q8_0] = true, [DTYPE_Q6_K] = true, [MIX_Q4_K_S] = true,
        [MIX_Q4_K_M] = true, [MIX_Q5_K_S] = true, [MIX_Q5_K_M] = true,
    };
    return mix < MIX_N && offered[mix];
}

double quantize_nmse(const struct quantize_sums *sums) {
    return sums->square > 0 ? sums->error / sums->square : 0;
}

/* The plan */

struct planned {
    const struct gguf_tensor *in;
    enum dtype to, wanted;
    size_t n_weights;
};

struct plan {
    const struct gguf *g;
    const struct quantize_options *opt;
    struct mix_shape shape;
    struct planned *tensors; /* [g->n_tensors] */
    size_t total_bytes;
};

static bool is_quantised(enum dtype type) {
    return dtype_traits(type)->block_weights > 1;
}

/* The number in "blk.N.", or -1. */
static int64_t layer_of(struct gguf_string name) {
    int64_t layer = 0;
    size_t i = 4;
    if (name.n < 6 || memcmp(name.data, "blk.", 4) != 0) return -1;
    for (; i < name.n && i < 12 && name.data[i] >= '0' && name.data[i] <= '9'; i++)
        layer = 10 * layer + name.data[i] - '0';
    return i > 4 && i < name.n && name.data[i] == '.' ? layer : -1;
}

/* The layers are counted, so that no architecture need be known; heads that the metadata do not
 * give as plain numbers count as all alike. */
static void find_shape(struct mix_shape *shape, const struct gguf *g) {
    struct gguf_string arch = {"", 0};
    struct error ignored;
    char key[160];
    *shape = (struct mix_shape){.tied = gguf_find_tensor(g, "output.weight") == NULL};
    for (size_t i = 0; i < g->n_tensors; i++) {
        const int64_t layer = layer_of(g->tensors[i].name);
        if (layer >= shape->n_layer) shape->n_layer = (uint32_t)layer + 1;
    }
    if (gguf_opt_string(g, &arch, "general.architecture", &ignored) || arch.n > 64) return;
    snprintf(key, sizeof(key), "%.*s.attention.head_count", (int)arch.n, arch.data);
    if (gguf_opt_u32(g, &shape->n_head, key, &ignored)) return;
    snprintf(key, sizeof(key), "%.*s.attention.head_count_kv", (int)arch.n, arch.data);
    shape->n_head_kv = shape->n_head;
    if (gguf_opt_u32(g, &shape->n_head_kv, key, &ignored)) shape->n_head_kv = shape->n_head;
}

/* The mixes of one plain format are all in that format but for the output matrix, which costs
 * little and matters most: as llama.cpp has it. */
static enum mix mix_of(const struct plan *p, const char *name) {
    const enum mix mix = p->opt->mix;
    if (mix != (enum mix)DTYPE_Q4_0 && mix != (enum mix)DTYPE_Q5_0) return mix;
    const bool output = strcmp(name, p->shape.tied ? "token_embd.weight" : "output.weight") == 0;
    return output ? (enum mix)DTYPE_Q6_K : mix;
}

static enum dtype writable(enum dtype type, size_t k) {
    if (dtype_traits(type)->encode) return type;
    return k % dtype_traits(DTYPE_Q8_0)->block_weights == 0 ? DTYPE_Q8_0 : DTYPE_F16;
}

static enum status plan_tensor(struct plan *p, struct planned *t, const struct gguf_tensor *in,
                               struct error *err) {
    *t = (struct planned){.in = in, .to = in->type, .wanted = in->type};
    char *name = mem_strndup(in->name.data, in->name.n);
    if (!name) return fail(err, ERR_NOMEM, _("%s: not enough memory for the plan"), p->g->path);
    const struct dtype_traits *traits = dtype_traits(in->type);
    t->n_weights = in->size_bytes / traits->block_bytes * traits->block_weights;
    p->total_bytes += in->size_bytes;
    if (mix_is_matrix(name, in->n_dims)) {
        const enum mix mix = mix_of(p, name);
        const size_t k = (size_t)in->dims[0];
        t->wanted = mix_type(mix, &p->shape, name, SUPER_BLOCK_WEIGHTS);
        t->to = writable(mix_type(mix, &p->shape, name, k), k);
    }
    mem_free(name);
    return OK;
}

static enum status make_plan(struct plan *p, struct error *err) {
    size_t n_bytes;
    find_shape(&p->shape, p->g);
    if (!size_mul(&n_bytes, p->g->n_tensors, sizeof(*p->tensors)) ||
        !(p->tensors = mem_alloc(n_bytes)))
        return fail(err, ERR_NOMEM, _("%s: not enough memory for the plan"), p->g->path);
    enum status st = OK;
    for (size_t i = 0; i < p->g->n_tensors && st == OK; i++)
        st = plan_tensor(p, &p->tensors[i], &p->g->tensors[i], err);
    return st;
}

/* The data */

struct worker {
    float in[PIECE_WEIGHTS], out[PIECE_WEIGHTS];
};

struct job {
    const struct plan *plan;
    struct gguf_writer *writer;
    struct worker *workers;       /* [pool_size] */
    unsigned char *batch;         /* [BATCH_PIECES * PIECE_WEIGHTS floats] encoded */
    struct quantize_sums *pieces; /* [BATCH_PIECES] */
    const struct planned *t;
    size_t first; /* weight of the tensor that the batch begins with */
    size_t done_bytes;
};

static size_t run_bytes(enum dtype type, size_t n_weights) {
    const struct dtype_traits *traits = dtype_traits(type);
    return n_weights / traits->block_weights * traits->block_bytes;
}

static void measure(struct quantize_sums *sums, const struct worker *w, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const double in = (double)w->in[i], e = (double)w->out[i] - in;
        if (!isfinite(w->in[i])) {
            sums->n_undefined++;
            continue;
        }
        sums->error += e * e;
        sums->square += in * in;
    }
}

static void encode_pieces(void *context, size_t begin, size_t end, size_t worker) {
    struct job *job = context;
    const struct planned *t = job->t;
    struct worker *w = &job->workers[worker];
    for (size_t i = begin; i < end; i++) {
        const size_t first = job->first + i * PIECE_WEIGHTS, left = t->n_weights - first;
        const size_t n = left < PIECE_WEIGHTS ? left : PIECE_WEIGHTS;
        const unsigned char *in = t->in->data;
        unsigned char *out = job->batch + run_bytes(t->to, i * PIECE_WEIGHTS);
        dtype_traits(t->in->type)->decode(n, in + run_bytes(t->in->type, first), w->in);
        dtype_traits(t->to)->encode(n, w->in, NULL, out);
        dtype_traits(t->to)->decode(n, out, w->out);
        job->pieces[i] = (struct quantize_sums){.n_weights = n};
        measure(&job->pieces[i], w, n);
    }
}

static void step(struct job *job, size_t n_bytes) {
    const struct quantize_options *opt = job->plan->opt;
    job->done_bytes += n_bytes;
    if (opt->on_progress) opt->on_progress(opt->context, job->done_bytes, job->plan->total_bytes);
}

static enum status encode_tensor(struct job *job, struct quantize_sums *sums, struct error *err) {
    const struct planned *t = job->t;
    enum status st = OK;
    for (job->first = 0; job->first < t->n_weights && st == OK;) {
        const size_t left = t->n_weights - job->first;
        const size_t all = BATCH_PIECES * (size_t)PIECE_WEIGHTS, n = left < all ? left : all;
        const size_t n_pieces = (n + PIECE_WEIGHTS - 1) / PIECE_WEIGHTS;
        parallel_for(job->plan->opt->pool, n_pieces, 1, encode_pieces, job);
        for (size_t i = 0; i < n_pieces; i++) {
            sums->n_undefined += job->pieces[i].n_undefined;
            sums->error += job->pieces[i].error;
            sums->square += job->pieces[i].square;
        }
        st = gguf_writer_data(job->writer, job->batch, run_bytes(t->to, n), err);
        job->first += n;
        step(job, run_bytes(t->in->type, n));
    }
    return st;
}

static enum status copy_tensor(struct job *job, struct error *err) {
    const struct gguf_tensor *in = job->t->in;
    enum status st = OK;
    for (size_t at = 0; at < in->size_bytes && st == OK;) {
        const size_t left = in->size_bytes - at, n = left < COPY_BYTES ? left : COPY_BYTES;
        st = gguf_writer_data(job->writer, (const unsigned char *)in->data + at, n, err);
        at += n;
        step(job, n);
    }
    return st;
}

static enum status write_tensor(struct job *job, struct error *err) {
    const struct planned *t = job->t;
    const struct quantize_options *opt = job->plan->opt;
    struct quantize_tensor told = {.name = t->in->name,
                                   .from = t->in->type,
                                   .to = t->to,
                                   .wanted = t->wanted,
                                   .again = t->to != t->in->type && is_quantised(t->in->type),
                                   .sums = {.n_weights = t->n_weights,
                                            .in_bytes = t->in->size_bytes,
                                            .out_bytes = run_bytes(t->to, t->n_weights)}};
    const enum status st = t->to == t->in->type ? copy_tensor(job, err)
                                                : encode_tensor(job, &told.sums, err);
    if (st == OK && opt->on_tensor) opt->on_tensor(opt->context, &told);
    return st;
}

/* The file */

static enum status put_metadata(struct gguf_writer *w, const struct plan *p, struct error *err) {
    enum status st = OK;
    for (size_t i = 0; i < p->g->n_pairs && st == OK; i++) {
        const struct gguf_pair *pair = &p->g->pairs[i];
        if (gguf_string_is(pair->key, "general.file_type") ||
            gguf_string_is(pair->key, "general.quantization_version"))
            continue;
        st = gguf_writer_put_pair(w, pair, err);
    }
    if (st == OK)
        st = gguf_writer_put_u32(w, "general.quantization_version", QUANTIZATION_VERSION, err);
    if (st == OK) st = gguf_writer_put_u32(w, "general.file_type", mix_file_type(p->opt->mix), err);
    return st;
}

static enum status write_all(struct job *job, struct error *err) {
    const struct plan *p = job->plan;
    enum status st = put_metadata(job->writer, p, err);
    for (size_t i = 0; i < p->g->n_tensors && st == OK; i++) {
        const struct gguf_tensor *in = p->tensors[i].in;
        st = gguf_writer_declare(job->writer, in->name, p->tensors[i].to, in->n_dims, in->dims,
                                 err);
    }
    if (st == OK) st = gguf_writer_begin_data(job->writer, err);
    for (size_t i = 0; i < p->g->n_tensors && st == OK; i++) {
        job->t = &p->tensors[i];
        st = write_tensor(job, err);
    }
    return st ? st : gguf_writer_commit(job->writer, err);
}

static enum status write_file(const char *path, const struct plan *p, struct error *err) {
    struct job job = {.plan = p};
    job.workers = mem_alloc(pool_size(p->opt->pool) * sizeof(*job.workers));
    job.batch = mem_alloc(BATCH_PIECES * PIECE_WEIGHTS * sizeof(float));
    job.pieces = mem_alloc(BATCH_PIECES * sizeof(*job.pieces));
    enum status st = OK;
    if (!job.workers || !job.batch || !job.pieces)
        st = fail(err, ERR_NOMEM, _("%s: not enough memory to write it"), path);
    if (st == OK) st = gguf_writer_open(&job.writer, path, p->opt->replace, err);
    if (st == OK) st = write_all(&job, err);
    gguf_writer_close(job.writer);
    mem_free(job.pieces);
    mem_free(job.batch);
    mem_free(job.workers);
    return st;
}

/* Replacing the file that is being read would lose the better one of the two; replacing a device or
 * a pipe would do harm elsewhere. */
static enum status check_output(const char *in_path, const char *out_path, struct error *err) {
    struct stat in, out;
    if (stat(out_path, &out)) return OK;
    if (!S_ISREG(out.st_mode))
        return fail(err, ERR_INVALID, _("%s is there and is no regular file"), out_path);
    if (stat(in_path, &in) || in.st_dev != out.st_dev || in.st_ino != out.st_ino) return OK;
    return fail(err, ERR_INVALID, _("%s and %s are the same file"), in_path, out_path);
}

enum status quantize(const char *in_path, const char *out_path, const struct quantize_options *opt,
                     struct error *err) {
    assert(quantize_offers(opt->mix));
    struct gguf *g;
    enum status st = check_output(in_path, out_path, err);
    if (st) return st;
    if ((st = gguf_open(&g, in_path, err))) return st;
    struct plan p = {.g = g, .opt = opt};
    st = make_plan(&p, err);
    if (st == OK) st = write_file(out_path, &p, err);
    mem_free(p.tensors);
    gguf_close(g);
    return st;
}
