/* SPDX-License-Identifier: MIT
 *
 * The products, format by format. For each, over several k and four kinds of data:
 *   1. one big product, m and n a bit over two tiles. Integer arithmetic must give the very bits of
 *      a model written here: block sums as exact integers, taken from the format's own decoder with
 *      the scales set to one, then the float steps in their order. Decoded weights must come within
 *      the bound derived below of sums in double;
 *   2. every smaller m and n, at random places of the big one and on both paths (packed panels,
 * rows as stored), must give the bits of the big one: that proves each tail, that the two paths
 *      agree and that an answer does not depend on its company;
 *   3. the same with all other rows and tokens NaN, whose own outputs must be NaN.
 * All pointers lie against a page that faults, outputs among canaries.
 */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/matmul.h"
#include "quant/blocks.h"
#include "quant/half.h"

/* --- data ------------------------------------------------------------------------------------- */

/* Where the scales of a block lie, halves; the second one -1: there is none. */
struct scales {
    int d, other;
};

static struct scales scales_of(enum dtype type) {
#define AT(type, d, other)                                                                         \
    (struct scales) {                                                                              \
        (int)offsetof(struct type, d), (int)offsetof(struct type, other)                           \
    }
#define ONE(type)                                                                                  \
    (struct scales) {                                                                              \
        (int)offsetof(struct type, d), -1                                                          \
    }
    switch (type) {
    case DTYPE_Q4_0: return ONE(block_q4_0);
    case DTYPE_Q4_1: return AT(block_q4_1, d, m);
    case DTYPE_Q5_0: return ONE(block_q5_0);
    case DTYPE_Q5_1: return AT(block_q5_1, d, m);
    case DTYPE_Q8_0: return ONE(block_q8_0);
    case DTYPE_Q2_K: return AT(block_q2_k, d, dmin);
    case DTYPE_Q3_K: return ONE(block_q3_k);
    case DTYPE_Q4_K: return AT(block_q4_k, d, dmin);
    case DTYPE_Q5_K: return AT(block_q5_k, d, dmin);
    case DTYPE_Q6_K: return ONE(block_q6_k);
    case DTYPE_IQ4_NL: return ONE(block_iq4_nl);
    case DTYPE_IQ4_XS: return ONE(block_iq4_xs);
    default: return (struct scales){-1, -1};
    }
#undef AT
#undef ONE
}

static uint16_t random_half(enum data_kind kind) {
    switch (kind) {
    case DATA_EXTREME: return (uint16_t)(random_next() & 0xfbff); /* any but infinity and NaN */
    case DATA_TINY: return (uint16_t)(random_next() & 0x83ff);
    case DATA_SPARSE: return random_below(4) ? 0 : half_encode(random_unit());
    default: return half_encode(random_unit());
    }
}

static void put_half(unsigned char *block, int at, uint16_t half) {
    if (at >= 0) memcpy(block + at, &half, sizeof(half));
}

static void random_weights(enum dtype type, enum data_kind kind, size_t n, unsigned char *w) {
    const struct dtype_traits *traits = dtype_traits(type);
    const struct scales scales = scales_of(type);
    for (size_t b = 0; b < n / traits->block_weights; b++, w += traits->block_bytes) {
        const float value = random_value(kind);
        /* f16 cannot hold the extremes of f32: keep the low part of the exponent's range */
        const float small = kind == DATA_EXTREME ? ldexpf(random_unit(), (int)random_below(29) - 14)
                                                 : value;
        const uint16_t f16 = half_encode(small), bf16 = bf16_encode(value);
        switch (type) {
        case DTYPE_F32: memcpy(w, &value, sizeof(value)); continue;
        case DTYPE_F16: memcpy(w, &f16, sizeof(f16)); continue;
        case DTYPE_BF16: memcpy(w, &bf16, sizeof(bf16)); continue;
        default: break;
        }
        const size_t style = kind == DATA_EXTREME ? random_below(3) : 0;
        for (size_t c = 0; c < traits->block_bytes; c++)
            w[c] = style == 0 ? (unsigned char)random_next() : style == 1 ? 0 : 255;
        put_half(w, scales.d, random_half(kind));
        put_half(w, scales.other, random_half(kind));
    }
}

static int8_t random_code(enum data_kind kind) {
    const int8_t any = (int8_t)((int)random_below(255) - 127);
    switch (kind) {
    case DATA_EXTREME: return random_below(8) ? 127 : -127;
    case DATA_SPARSE: return random_below(8) ? 0 : any;
    default: return any;
    }
}

static float random_act_scale(enum data_kind kind) {
    switch (kind) {
    case DATA_EXTREME: return ldexpf(1 + fabsf(random_unit()), (int)random_below(81) - 40);
    case DATA_TINY: return ldexpf(fabsf(random_unit()), -118 - (int)random_below(20));
    default: return fabsf(random_unit());
    }
}

/* n activations, whole blocks. */
static void random_activations(enum act act, enum data_kind kind, size_t n, void *x) {
    if (act == ACT_F32) {
        for (size_t c = 0; c < n; c++)
            ((float *)x)[c] = random_value(kind);
    } else if (act == ACT_Q8_32) {
        struct act_q8_32 *block = x;
        for (size_t b = 0; b < n / 32; b++, block++) {
            block->d = random_act_scale(kind);
            block->sum = 0;
            for (size_t c = 0; c < 32; c++)
                block->sum += block->q[c] = random_code(kind);
        }
    } else {
        struct act_q8_256 *block = x;
        for (size_t b = 0; b < n / 256; b++, block++) {
            block->d = random_act_scale(kind);
            memset(block->sums, 0, sizeof(block->sums));
            for (size_t c = 0; c < 256; c++) {
                block->q[c] = random_code(kind);
                block->sums[c / 16] = (int16_t)(block->sums[c / 16] + block->q[c]);
            }
        }
    }
}

/* --- what is right ---------------------------------------------------------------------------- */

struct subject { /* the kernel under test, its operands and its outputs */
    const struct gemm *gemm;
    bool fused; /* integer arithmetic: the last multiplication and the addition round once */
    enum dtype type;
    enum data_kind kind;
    size_t m, n, k;
    size_t w_bytes, x_bytes; /* a row */
    unsigned char *w, *x;    /* [m], [n] */
    float *want;             /* [n][m] */
    struct fenced w_room, packed_room, x_room, y_room;
};

/* How far an f32 sum of terms may lie from the exact one, when each term goes through at most
 * `roundings` of them.
 *
 * With u = 2^-24 the unit roundoff and S the sum of the terms' magnitudes, |computed - exact| is at
 * most g S, g = r u / (1 - r u) (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
 * section 3.1). Underflow adds to each rounded product at most half the smallest subnormal, 2^-150;
 * additions alone underflow exactly; later roundings enlarge that as they do S, and a product that
 * is multiplied again (a scale by a sum) carries its underflow times `gain`. S and the exact sum
 * are taken in double: the last term. */
static double bound(size_t roundings, size_t n_terms, double gain, double sum_abs) {
    const double ru = (double)roundings * 0x1p-24, g = ru / (1 - ru);
    const double underflow = (double)n_terms * 0x1p-150 * (1 + gain);
    return (g * sum_abs + underflow * (1 + g)) * (1 + 0x1p-30) +
           (double)n_terms * 0x1p-52 * sum_abs;
}

/* Decoded weights: k products, each in at most k roundings (k - 1 additions and its own, or k fused
 * ones, the addition to 0 being one). */
static void want_decoded(struct subject *s, const float *y) {
    float *row = checked(malloc(s->k * sizeof(float)));
    for (size_t i = 0; i < s->m; i++) {
        dtype_traits(s->type)->decode(s->k, s->w + i * s->w_bytes, row);
        for (size_t j = 0; j < s->n; j++) {
            const float *x = (const void *)(s->x + j * s->x_bytes);
            double sum = 0, sum_abs = 0;
            for (size_t p = 0; p < s->k; p++) {
                const double term = (double)row[p] * (double)x[p];
                sum += term;
                sum_abs += fabs(term);
            }
            const float got = y[j * s->m + i];
            s->want[j * s->m + i] = got;
            if (!(fabs((double)got - sum) <= bound(s->k, s->k, 0, sum_abs)))
                failed("%s data, output %zu of token %zu is %g instead of %g", data_names[s->kind],
                       i, j, (double)got, sum);
        }
    }
    free(row);
}

/* The weights of a row with the scales set: what is left are integers. */
static void decode_with_scales(const struct subject *s, const unsigned char *row, uint16_t d,
                               uint16_t other, float *out) {
    const struct dtype_traits *traits = dtype_traits(s->type);
    const struct scales scales = scales_of(s->type);
    unsigned char block[256];
    for (size_t p = 0; p < s->k; p += traits->block_weights, row += traits->block_bytes) {
        memcpy(block, row, traits->block_bytes);
        put_half(block, scales.d, d);
        put_half(block, scales.other, other);
        traits->decode(traits->block_weights, block, out + p);
    }
}

/* y + a * b in one rounding or two; volatile, lest a compiler fuse what must not be. */
static float multiply_add(bool fused, float a, float b, float y) {
    if (fused) return fmaf(a, b, y);
    volatile float product = a * b;
    return y + product;
}

/* One output of the integer arithmetic; `scaled` and `minima` are the row with scales 1, 0 and 0, 1
 * (minima of formats without are 0). */
static float model(const struct subject *s, const unsigned char *row, const float *scaled,
                   const float *minima, const unsigned char *x) {
    const struct dtype_traits *traits = dtype_traits(s->type);
    const struct scales scales = scales_of(s->type);
    const size_t width = traits->block_weights, n_blocks = s->k / width;
    float y = 0;
    double exact = 0, sum_abs = 0;
    for (size_t b = 0; b < n_blocks; b++, row += traits->block_bytes) {
        const struct act_q8_32 *x32 = (const void *)x;
        const struct act_q8_256 *x256 = (const void *)x;
        const int8_t *q = width == 32 ? x32[b].q : x256[b].q;
        const float dx = width == 32 ? x32[b].d : x256[b].d;
        int64_t s1 = 0, s2 = 0;
        for (size_t p = 0; p < width; p++) {
            s1 += (int64_t)scaled[b * width + p] * q[p];
            s2 -= (int64_t)minima[b * width + p] * q[p]; /* decoded, they are negative */
        }
        const float d = block_half(row + scales.d);
        y = multiply_add(s->fused, d * dx, (float)s1, y);
        exact += (double)d * (double)dx * (double)s1;
        sum_abs += fabs((double)d * (double)dx * (double)s1);
        if (scales.other < 0) continue;
        const float dmin = block_half(row + scales.other);
        y = multiply_add(s->fused, -(dmin * dx), (float)s2, y);
        exact -= (double)dmin * (double)dx * (double)s2;
        sum_abs += fabs((double)dmin * (double)dx * (double)s2);
    }
    /* a term: scale by scale, S to f32, their product, then 2 additions a block; S below 2^28 */
    const size_t roundings = 3 + 2 * n_blocks;
    if (!(fabs((double)y - exact) <= bound(roundings, 2 * n_blocks, 0x1p28, sum_abs)))
        failed("the model itself is %g instead of %g, %s data", (double)y, exact,
               data_names[s->kind]);
    return y;
}

static void want_integer(struct subject *s, const float *y) {
    enum { HALF_ONE = 0x3c00 };
    float *scaled = checked(malloc(2 * s->k * sizeof(float))), *minima = scaled + s->k;
    for (size_t i = 0; i < s->m; i++) {
        const unsigned char *row = s->w + i * s->w_bytes;
        decode_with_scales(s, row, HALF_ONE, 0, scaled);
        decode_with_scales(s, row, 0, HALF_ONE, minima);
        for (size_t j = 0; j < s->n; j++) {
            float *want = &s->want[j * s->m + i];
            *want = model(s, row, scaled, minima, s->x + j * s->x_bytes);
            if (!same_float(y[j * s->m + i], *want))
                failed("%s data, output %zu of token %zu is %a instead of %a", data_names[s->kind],
                       i, j, (double)y[j * s->m + i], (double)*want);
        }
    }
    free(scaled);
}

/* --- one product ------------------------------------------------------------------------------ */

enum path { PACKED, AS_STORED };

static size_t packed_bytes(const struct gemm *g, size_t m, size_t k) {
    return g->pack ? (m + g->mr - 1) / g->mr * g->panel_bytes(k) : 0;
}

/* y [n][m] = the product, run inside fences and looked over. */
static void product(const struct subject *s, enum path path, size_t m, size_t n,
                    const unsigned char *w, const unsigned char *x, float *y) {
    const struct gemm *g = s->gemm;
    const bool at_end = random_below(2);
    const size_t y_stride = m + random_below(4);
    const size_t slack = at_end ? 0 : 16 + random_below(16); /* behind y, before the fence */
    const size_t y_need = (n - 1) * y_stride + m, y_room = y_need + 16 + slack;

    void *w_in = fenced_place(&s->w_room, m * s->w_bytes, at_end);
    void *x_in = fenced_place(&s->x_room, n * s->x_bytes, at_end);
    float *room = fenced_place(&s->y_room, y_room * sizeof(float), at_end), *y_out = room + 16;
    memcpy(w_in, w, m * s->w_bytes);
    memcpy(x_in, x, n * s->x_bytes);
    canary_fill(room, y_room);

    running_at(m, n, s->k);
    if (path == AS_STORED || !g->pack) {
        (path == AS_STORED ? g->stream : g->run)(s->type, m, n, s->k, w_in, x_in, y_out, y_stride);
    } else {
        void *packed = fenced_place(&s->packed_room, packed_bytes(g, m, s->k), at_end);
        memset(packed, 0xff, packed_bytes(g, m, s->k)); /* NaN where pack forgets something */
        g->pack(s->type, packed, m, s->k, w_in);
        g->run(s->type, m, n, s->k, packed, x_in, y_out, y_stride);
    }
    kernel_called();

    bool intact = canary_intact(room, 16) && canary_intact(y_out + y_need, slack);
    for (size_t j = 0; j + 1 < n; j++)
        intact &= canary_intact(y_out + j * y_stride + m, y_stride - m);
    if (!intact) failed("wrote outside the output");
    for (size_t j = 0; j < n; j++)
        memcpy(y + j * m, y_out + j * y_stride, m * sizeof(float));
}

/* Step 2: m outputs by n tokens somewhere in the big product, on both paths. */
static void same_bits(const struct subject *s, size_t m, size_t n, float *y) {
    const size_t i0 = random_below(s->m - m + 1), j0 = random_below(s->n - n + 1);
    for (int path = PACKED; path <= (s->gemm->stream ? AS_STORED : PACKED); path++) {
        product(s, (enum path)path, m, n, s->w + i0 * s->w_bytes, s->x + j0 * s->x_bytes, y);
        for (size_t c = 0; c < m * n; c++) {
            const size_t i = c % m, j = c / m;
            if (same_float(y[c], s->want[(j0 + j) * s->m + i0 + i])) continue;
            failed("%s data, other bits in other company, %s, output %zu of token %zu",
                   data_names[s->kind], path == PACKED ? "packed" : "as stored", i, j);
            break;
        }
    }
}

/* Step 3: one row of w and one of x among NaN keep their output's bits, and the others are NaN. All
 * bits set make every scale and every float a NaN. */
static void same_among_nan(const struct subject *s, float *y) {
    unsigned char *w = checked(malloc(s->m * s->w_bytes)), *x = checked(malloc(s->n * s->x_bytes));
    for (int path = PACKED; path <= (s->gemm->stream ? AS_STORED : PACKED); path++) {
        const size_t i = random_below(s->m), j = random_below(s->n);
        memset(w, 0xff, s->m * s->w_bytes);
        memset(x, 0xff, s->n * s->x_bytes);
        memcpy(w + i * s->w_bytes, s->w + i * s->w_bytes, s->w_bytes);
        memcpy(x + j * s->x_bytes, s->x + j * s->x_bytes, s->x_bytes);
        product(s, (enum path)path, s->m, s->n, w, x, y);
        for (size_t c = 0; c < s->m * s->n; c++)
            if (c == j * s->m + i) {
                if (!same_float(y[c], s->want[c])) failed("a neighbour's NaN came through");
            } else if (!isnan(y[c])) {
                failed("output %zu of token %zu lost its NaN", c % s->m, c / s->m);
                break;
            }
    }
    free(w);
    free(x);
}

/* --- one kernel ------------------------------------------------------------------------------- */

static bool is_tail_size(size_t v, size_t tile) { /* what --quick keeps of a range */
    return v <= 1 || v == tile - 1 || v == tile + 1 || v == 2 * tile + 2;
}

enum tails { FEW_TAILS, QUICK_TAILS, ALL_TAILS };

static void check_at(struct subject *s, size_t m, size_t n, size_t k, enum data_kind kind,
                     enum tails tails) {
    const struct gemm *g = s->gemm;
    s->kind = kind;
    s->m = m;
    s->n = n;
    s->k = k;
    s->w_bytes = dtype_row_bytes(s->type, k);
    s->x_bytes = act_row_bytes(g->act, k);
    s->w = checked(malloc(m * s->w_bytes));
    s->x = checked(malloc(n * s->x_bytes));
    s->want = checked(malloc(2 * m * n * sizeof(float)));
    float *y = s->want + m * n;
    random_weights(s->type, kind, m * k, s->w);
    random_activations(g->act, kind, n * k, s->x);
    s->w_room = fenced_new(m * s->w_bytes);
    s->packed_room = fenced_new(packed_bytes(g, m, k) + 1);
    s->x_room = fenced_new(n * s->x_bytes);
    s->y_room = fenced_new((n * (m + 3) + 48) * sizeof(float));

    product(s, PACKED, m, n, s->w, s->x, y);
    if (g->act == ACT_F32)
        want_decoded(s, y);
    else
        want_integer(s, y);

    for (size_t b = 1; tails != FEW_TAILS && b <= n; b++)
        for (size_t a = 1; a <= m; a++)
            if (tails == ALL_TAILS || (is_tail_size(a, g->mr) && is_tail_size(b, g->nr)))
                same_bits(s, a, b, y);
    for (int times = 0; tails == FEW_TAILS && times < 4; times++) /* one, a row, a ragged middle */
        same_bits(s, times == 0 ? 1 : 1 + random_below(m), times <= 1 ? 1 : 1 + random_below(n), y);
    same_bits(s, m, n, y);
    same_among_nan(s, y);

    fenced_free(&s->w_room);
    fenced_free(&s->packed_room);
    fenced_free(&s->x_room);
    fenced_free(&s->y_room);
    free(s->w);
    free(s->x);
    free(s->want);
}

/* thorough: every tail, for kernels that have not been seen with another format. */
static void check_format(struct subject *s, bool thorough, bool quick) {
    const struct gemm *g = s->gemm;
    const size_t step = dtype_traits(s->type)->block_weights;
    /* ref has a tile of 1 by 1: give it some company all the same */
    const size_t m = g->mr > 1 ? 2u * g->mr + 3 : 7;
    size_t n = g->nr > 1 ? 2u * g->nr + 3 : 7;
    if (g->stream && n < g->n_stream + 2u) n = g->n_stream + 2u;

    const enum tails tails = !thorough ? FEW_TAILS : quick ? QUICK_TAILS : ALL_TAILS;
    const size_t n_short = step == 1 ? 19 : step == 32 ? 5 : 2; /* in blocks */
    for (int kind = 0; kind < DATA_N; kind++)
        for (size_t b = 1; b <= n_short; b++) {
            const bool first = kind == DATA_RANDOM && (b == 1 || b == 2 || b == 5);
            if (quick && !(first && (thorough || b == 1))) continue;
            check_at(s, m, n, b * step, (enum data_kind)kind, first ? tails : FEW_TAILS);
        }
    if (quick) {
        for (int kind = 1; kind < DATA_N; kind++)
            check_at(s, m / 2, 2, 2 * step, (enum data_kind)kind, FEW_TAILS);
        if (thorough) check_at(s, 5, 2, step == 1 ? 1029 : 768, DATA_RANDOM, FEW_TAILS);
        return;
    }
    /* blocks along k, and a stride of whole pages */
    static const size_t long_k[] = {511, 512, 513, 1024, 1029, 2560};
    for (size_t c = 0; c < sizeof(long_k) / sizeof(long_k[0]); c++)
        if (long_k[c] % step == 0 && (thorough || long_k[c] == 2560))
            for (int kind = 0; kind < DATA_N; kind++)
                check_at(s, m, n, long_k[c], (enum data_kind)kind, FEW_TAILS);
    if (thorough) check_at(s, 200, 70, 768, DATA_EXTREME, FEW_TAILS);
}

static bool same_gemm(const struct gemm *a, const struct gemm *b) {
    return a->run == b->run && a->stream == b->stream && a->pack == b->pack;
}

static void check_table(const struct kernels *t, const struct kernels *below, enum dtype only,
                        bool exact, bool quick) {
    for (int type = 0; type < DTYPE_N; type++) {
        const struct gemm *g = &t->gemm[type];
        if (only != DTYPE_N && (int)only != type) continue;
        if (below && same_gemm(g, &below->gemm[type])) continue;
        bool seen = exact; /* the f32 kernels were under test with the plain table */
        for (int before = 0; before < type; before++)
            seen |= g->act == ACT_F32 && same_gemm(g, &t->gemm[before]);
        struct subject s = {.gemm = g, .type = (enum dtype)type, .fused = strcmp(t->isa, "ref")};
        char name[40];
        snprintf(name, sizeof(name), "gemm %s%s", dtype_traits(s.type)->name,
                 exact ? " exact" : "");
        kernel_begin(t->isa, name);
        check_format(&s, !seen || only != DTYPE_N, quick);
        kernel_end();
    }
}

void check_gemm(const struct kernels *t, const struct kernels *below, enum dtype type, bool quick) {
    check_table(t, below, type, false, quick);
    struct kernels exact = *t;
    kernels_make_exact(
        &exact); /* what differs from the plain table is checked as if it lay above */
    check_table(&exact, t, type, true, quick);
}
