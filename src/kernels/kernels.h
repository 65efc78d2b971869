/* SPDX-License-Identifier: MIT
 *
 * kernels: the arithmetic. One table of functions, filled once at start with the best this
 * processor can run; from there on it is const and an argument.
 *
 * ref/ is plain C and defines what is right; x86/ and ppc/ improve on it, each instruction set in
 * its own files, compiled with its own flags. How to add one: docs/kernels.md.
 *
 * One answer, whatever the company: the bits of an output depend on its own inputs, the shape of
 * what is summed over, and the instruction set, and on nothing else: not on how many rows or tokens
 * travel with it, their values (NaN included), where in a tile it fell, which of two paths (packed
 * or as stored) it took, nor threads.
 */
#ifndef SIGILO_KERNELS_KERNELS_H
#define SIGILO_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "quant/quant.h"

/* --- activations ------------------------------------------------------------------------------ */

/* How a product takes its activations. */
enum act {
    ACT_F32,    /* as they are */
    ACT_Q8_32,  /* struct act_q8_32 [k / 32]: for formats with blocks of 32 */
    ACT_Q8_256, /* struct act_q8_256 [k / 256]: for the K-quants */
    ACT_N,
};

/* x[p] is about d * q[p]; d = max |x| / 127 of the block, q = x / d to nearest, ties to even, and 0
 * where d is 0. All within -127..127. A block with a NaN or an infinity in it has d NaN, q 0: the
 * harm stays visible in its own token's outputs. */
struct act_q8_32 {
    float d;
    int32_t sum; /* of q */
    int8_t q[32];
};

struct act_q8_256 {
    float d;
    int16_t sums[16]; /* of q, by 16 */
    int8_t q[256];
};

_Static_assert(sizeof(struct act_q8_32) == 40, "read by kernels");
_Static_assert(sizeof(struct act_q8_256) == 292, "read by kernels");

/* Bytes of a row of k activations. */
size_t act_row_bytes(enum act act, size_t k);

/* One row of k floats, k a multiple of the block, into its blocks. */
#define DECL_QUANTIZE(name) void name(size_t k, const float *x, void *out)
typedef DECL_QUANTIZE(quantize_fn);

/* --- matrix products -------------------------------------------------------------------------- */

/* y = x * transpose(w):  y[j][i] = sum over p < k of w[i][p] * x[j][p]
 *
 *   type the format of w
 *   m    rows of w: outputs of the layer
 *   n    rows of x: tokens
 *   k    what is summed over: inputs of the layer; at least 1, whole blocks of w and of x
 *   w    [m][k] weights: rows as the file holds them (`stream`), or as `pack` laid them out (`run`)
 *   x    [n] rows of act_row_bytes(act, k), one after the other
 *   y    [n][m] f32, row j at y + j * y_stride, y_stride >= m; what lies between m and y_stride is
 *        neither read nor written
 *
 * Pointers need the alignment of what they point to and no more; w as the file holds it needs none.
 * y overlaps neither w nor x. m or n may be 0. Pure: no state, no allocation; any thread.
 *
 * The integer arithmetic (x in blocks of b, w in q, block j): S_j = the exact int32 sums over block
 * j that the format needs, then, block after block from j = 0, y = y + (scales) * (float)S_j, in
 * one order and one rounding rule that the ref of the format writes down. Float arithmetic: one
 * fixed order along k, the same in every tile. */
#define DECL_GEMM(name)                                                                            \
    void name(enum dtype type, size_t m, size_t n, size_t k, const void *w, const void *x,         \
              float *y, size_t y_stride)
typedef DECL_GEMM(gemm_fn);

/* Lays rows of w, as the file holds them, out the way `run` reads it: panels of mr rows, one after
 * the other, the last one filled up with zeros. */
#define DECL_PACK(name) void name(enum dtype type, void *packed, size_t m, size_t k, const void *w)
typedef DECL_PACK(pack_fn);

/* Bytes of one packed panel of mr rows of k weights. */
#define DECL_PANEL_BYTES(name) size_t name(size_t k)
typedef DECL_PANEL_BYTES(panel_bytes_fn);

struct gemm { /* what has to agree stays together */
    enum act act;
    gemm_fn *run; /* on packed panels, or, pack being NULL, on rows as the file holds them */
    pack_fn *pack;
    panel_bytes_fn *panel_bytes;
    gemm_fn *stream;  /* the same product on rows as the file holds them, for few tokens, reading
                         each weight once; NULL: there is only `run` */
    uint8_t n_stream; /* up to so many tokens `stream` is the faster */
    uint8_t mr, nr;   /* output tile: mr rows of w by nr rows of x */
};

/* --- everything else -------------------------------------------------------------------------- */

/* y[p] = x[p] / sqrt(mean of x^2 + epsilon) * weight[p]; y may be x. */
#define DECL_RMS_NORM(name)                                                                        \
    void name(size_t k, const float *x, const float *weight, float epsilon, float *y)
typedef DECL_RMS_NORM(rms_norm_fn);

/* gate[p] = f(gate[p]) * up[p]; f is silu, x / (1 + exp(-x)), or gelu in its tanh form,
 * x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). Each element depends on itself alone. */
#define DECL_GATE(name) void name(size_t k, float *gate, const float *up)
typedef DECL_GATE(gate_fn);

/* x[p] = cap * tanh(x[p] / cap) */
#define DECL_SOFT_CAP(name) void name(size_t k, float *x, float cap)
typedef DECL_SOFT_CAP(soft_cap_fn);

/* y[p] += x[p] */
#define DECL_ADD(name) void name(size_t k, float *y, const float *x)
typedef DECL_ADD(add_fn);

/* Keys that attention takes at a time; positions p with p / ATTENTION_BLOCK equal go together. */
enum { ATTENTION_BLOCK = 64 };

/* scores[j][i] = dot(keys[i], queries[j]) for i < n_keys, j < n_queries
 *
 *   keys [n_keys][head_dim], queries [n_queries][head_dim], scores [n_queries][ATTENTION_BLOCK],
 *   all f32. One order along head_dim. */
#define DECL_SCORES(name)                                                                          \
    void name(size_t n_keys, size_t n_queries, size_t head_dim, const float *keys,                 \
              const float *queries, float *scores)
typedef DECL_SCORES(scores_fn);

/* One step of softmax over a stream of key blocks (Milakov and Gimelshein, arXiv:1805.02867), for
 * one query. Of scores [ATTENTION_BLOCK] those from lo up to hi count, lo < hi:
 *
 *   s_i = scores[i] * scale;  cap > 0: s_i = cap * tanh(s_i / cap)
 *   new = max(*max, s_i...);  scores[i] = exp(s_i - new), and 0 outside [lo, hi)
 *   *sum = *sum * exp(*max - new) + sum of scores;  *max = new
 *
 * Returns exp(old max - new), by which what was gathered before must be multiplied. *max starts at
 * -infinity, *sum at 0. The sum's order is fixed by i. NaN scores give NaN sums. */
#define DECL_SOFTMAX_STEP(name)                                                                    \
    float name(size_t lo, size_t hi, float scale, float cap, float *scores, float *max, float *sum)
typedef DECL_SOFTMAX_STEP(softmax_step_fn);

/* out[j][d] = out[j][d] * keep[j] + sum over lo[j] <= i < hi[j] of weights[j][i] * values[i][d]
 *
 *   values [ATTENTION_BLOCK][head_dim], rows outside every [lo, hi) are not read and may hold
 *   anything; weights [n_queries][ATTENTION_BLOCK]; out [n_queries][head_dim]. In order of i, from
 *   each query's own lo. lo == hi: only the multiplication. */
#define DECL_MIX(name)                                                                             \
    void name(size_t n_queries, size_t head_dim, const uint8_t *lo, const uint8_t *hi,             \
              const float *weights, const float *keep, const float *values, float *out)
typedef DECL_MIX(mix_fn);

struct kernels {
    const char *isa;              /* the highest level in use, one of kernels_isas() */
    struct gemm gemm[DTYPE_N];    /* by format of w */
    quantize_fn *quantize[ACT_N]; /* ACT_F32's is NULL */
    decode_fn *decode[DTYPE_N];   /* same values as dtype_traits()->decode, maybe faster */
    encode_fn *encode_f16;        /* same bits as the format's own */
    rms_norm_fn *rms_norm;
    gate_fn *silu_gate, *gelu_gate;
    soft_cap_fn *soft_cap;
    add_fn *add;
    scores_fn *scores;
    softmax_step_fn *softmax_step;
    mix_fn *mix;
};

/* The levels this build knows, lowest ("ref") to highest, ended by NULL. Static storage. */
const char *const *kernels_isas(void);

/* Fills the table with ref, then with what `features` (base/cpu.h) allow up to and including level
 * `isa_cap`; NULL is no cap. A level the processor lacks is not an error: t->isa tells what was
 * reached. ERR_INVALID when no level has that name; t is then unchanged. */
enum status kernels_init(struct kernels *t, const char *isa_cap, unsigned features,
                         struct error *err);

/* Makes every product take f32 activations and decoded weights: the yardstick (--exact). */
void kernels_make_exact(struct kernels *t);

#endif
