/* SPDX-License-Identifier: MIT
 *
 * kernel_check's part for all that is not a product: each operation against its formula in double,
 * within bounds derived here, at every length up to five vectors, its data against fences and
 * canaries; and each element alone must have the bits it has in company.
 *
 * u = 2^-24, the unit roundoff: one f32 operation errs by at most u times its result. Levels above
 * ref may compute in f32 throughout (the sum of rms_norm excepted); what an operation may lose is
 * counted in u beside it. ref computes in double and rounds once.
 */
#include "check.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "quant/half.h"

static const double u = 0x1p-24, smallest = 0x1p-149;

/* exp in f32: with x = n ln 2 + r, rounding r (below 0.35) and exp(r) - 1 costs u/4 each, the
 * polynomial u/4; that over exp(r) > 0.7, and u for adding the 1. */
#define EXP_UNITS 2.5

/* tanh as e / (e + 2), e = expm1(2|x|): the 0.75 u of exp times 2^n over e, 3.7 at most, for n = 1,
 * where e > 0.41; and u each for e itself, the sum and the quotient. */
#define TANH_UNITS 7

/* --- data ------------------------------------------------------------------------------------- */

enum { AREA_BYTES = 160 * 1024, FRONT = 16, N_AREAS = 4, LONGEST = 4096 };
static struct fenced areas[N_AREAS];

/* n floats of data in an area, against its fence at either side. */
static float *input(int area, size_t n, const float *data) {
    float *at = fenced_place(&areas[area], n * sizeof(float), random_below(2));
    memcpy(at, data, n * sizeof(float));
    return at;
}

struct output {
    float *at;
    size_t n, behind; /* so many canaries follow, or the fence */
};

static struct output output(int area, size_t n, const float *data) {
    const size_t behind = random_below(2) ? FRONT : 0;
    float *room = fenced_place(&areas[area], (FRONT + n + behind) * sizeof(float), behind == 0);
    canary_fill(room, FRONT + n + behind);
    if (data) memcpy(room + FRONT, data, n * sizeof(float));
    return (struct output){room + FRONT, n, behind};
}

static void output_done(const struct output *o) {
    kernel_called();
    if (!canary_intact(o->at - FRONT, FRONT) || !canary_intact(o->at + o->n, o->behind))
        failed("wrote outside its output");
}

static void fill(size_t n, float *x, enum data_kind kind) {
    for (size_t i = 0; i < n; i++)
        x[i] = random_value(kind);
}

static void fill_nan(size_t n, float *x) {
    for (size_t i = 0; i < n; i++)
        x[i] = NAN;
}

/* Whether got lies within `units` u of what is exact, and `absolute`; NaN and infinities must be
 * where they belong. At the very edge of the range either side of it is right. */
static bool is_near(float got, double exact, double units, double absolute) {
    if (isnan(exact) || isnan(got)) return isnan(exact) && isnan(got);
    const double bound = units * u * fabs(exact) + absolute + smallest;
    if (isinf(got)) return (got > 0) == (exact > 0) && fabs(exact) + bound > (double)FLT_MAX;
    if (isinf(exact)) return false;
    return fabs((double)got - exact) <= bound;
}

/* Every length up to five vectors of 8, then long ones; 0 when there are no more. */
static size_t length_after(size_t n, bool quick) {
    static const size_t quick_ones[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 0};
    static const size_t long_ones[] = {64, 80, 127, 576, 1001, LONGEST, 0};
    if (!quick && n < 40) return n + 1;
    const size_t *list = quick ? quick_ones : long_ones;
    while (*list && *list <= n)
        list++;
    return *list;
}

/* --- one element at a time -------------------------------------------------------------------- */

static double exact_silu(double x, double up) {
    return x / (1 + exp(-x)) * up;
}

static double exact_gelu(double x, double up) {
    static const double two_sqrt_2_pi = 1.5957691216057307117597842;
    return x / (1 + exp(-two_sqrt_2_pi * (x + 0.044715 * x * x * x))) * up;
}

static double exact_soft_cap(double x, double cap) {
    return cap * tanh(x / cap);
}

static double exact_add(double y, double x) {
    return y + x;
}

static void run_silu(const struct kernels *t, size_t k, float *x, const float *other) {
    t->silu_gate(k, x, other);
}

static void run_gelu(const struct kernels *t, size_t k, float *x, const float *other) {
    t->gelu_gate(k, x, other);
}

static void run_soft_cap(const struct kernels *t, size_t k, float *x, const float *other) {
    t->soft_cap(k, x, *other);
}

static void run_add(const struct kernels *t, size_t k, float *x, const float *other) {
    t->add(k, x, other);
}

struct element_op {
    const char *name;
    void (*run)(const struct kernels *t, size_t k, float *x, const float *other);
    double (*exact)(double x, double other);
    double units, ref_units;
    double absolute; /* of a level above ref, times |other| */
    bool one_other;  /* `other` is one number, not a row */
};

/* The gates: exp, 1 added, the quotient, the product with up. Where exp(-x) overflows f32 the
 * answer may be 0: x times 2^-128 is lost, x being down to -89, or -10.1 for gelu. gelu's exponent
 * needs to be right to u absolutely, although it grows to 89. */
static const struct element_op
    op_silu = {"silu_gate", run_silu, exact_silu, EXP_UNITS + 3, 2.01, 0x1.7p-122, false},
    op_gelu = {"gelu_gate", run_gelu, exact_gelu, EXP_UNITS + 3, 2.01, 0x1.6p-125, false},
    op_soft_cap = {"soft_cap", run_soft_cap, exact_soft_cap, TANH_UNITS + 2, 1.01, 0, true},
    op_add = {"add", run_add, exact_add, 1, 1, 0, false};

struct subject {
    const struct kernels *t;
    bool is_ref, quick;
};

/* Runs a row, compares it with double; with `alone` each element by itself too. */
static void check_row(const struct subject *s, const struct element_op *op, size_t k,
                      const float *x, const float *other, bool alone) {
    const size_t n_other = op->one_other ? 1 : k;
    running_at(1, 1, k);
    const struct output out = output(0, k, x);
    op->run(s->t, k, out.at, input(1, n_other, other));
    output_done(&out);
    for (size_t i = 0; i < k; i++) {
        const float o = other[op->one_other ? 0 : i];
        /* what is rounded to a subnormal is then multiplied by o */
        const double absolute = (s->is_ref ? smallest : op->absolute + smallest) * fabs((double)o);
        if (!is_near(out.at[i], op->exact((double)x[i], (double)o),
                     s->is_ref ? op->ref_units : op->units, absolute))
            failed("element %zu, of %a and %a, is %a", i, (double)x[i], (double)o,
                   (double)out.at[i]);
        if (!alone) continue;
        float single = x[i];
        op->run(s->t, 1, &single, &o);
        if (!same_float(single, out.at[i]))
            failed("element %zu, of %a, has other bits alone", i, (double)x[i]);
    }
}

/* Values over the whole range of floats, evenly by their bits: exponents from 2^-30 to 2^8 where
 * the curves are, 2^15 of each 2^23, the rest more thinly. */
static void check_curve(const struct subject *s, const struct element_op *op, float other_value) {
    static float x[LONGEST], other[LONGEST];
    for (size_t i = 0; i < LONGEST; i++)
        other[i] = other_value;
    const uint32_t stride = s->quick ? 0x10001 : 0x401;
    size_t n = 0;
    for (uint32_t bits = 0; bits < 0x7f800000u; bits += stride) {
        const bool thinly = bits < 0x30000000u || bits > 0x43800000u;
        if (thinly) bits += 63 * stride;
        x[n] = float_from_bits(bits);
        x[n + 1] = -x[n];
        n += 2;
        if (n == LONGEST) {
            check_row(s, op, n, x, other, false);
            n = 0;
        }
    }
    check_row(s, op, n, x, other, false);
}

static void check_elements(const struct subject *s, const struct element_op *op) {
    static const float special[] = {
        NAN,           0,  -0.0f, INFINITY, -INFINITY, FLT_MAX, -88.8f, -FLT_MAX, FLT_TRUE_MIN,
        -FLT_TRUE_MIN, 89, -89,   -1000,    -104,      30,      -10.5f};
    enum { N_SPECIAL = sizeof(special) / sizeof(special[0]) };
    static float x[LONGEST], other[LONGEST];
    kernel_begin(s->t->isa, op->name);
    for (size_t k = 0; (k = length_after(k, s->quick)) > 0;)
        for (int kind = 0; kind < DATA_N; kind++) {
            fill(k, x, (enum data_kind)kind);
            fill(k, other, DATA_RANDOM);
            for (size_t i = 0; i < k; i++)
                x[i] *= kind == DATA_RANDOM ? 16 : 1;
            if (op->one_other) other[0] = 0.5f + (float)random_below(60);
            check_row(s, op, k, x, other, true);
            for (size_t i = 0; i < k; i += 1 + random_below(5))
                x[i] = special[random_below(N_SPECIAL)];
            check_row(s, op, k, x, other, true);
        }
    check_curve(s, op, 1);
    check_curve(s, op, 30);
    kernel_end();
}

/* --- rms_norm --------------------------------------------------------------------------------- */

/* The sum is in double: k 2^-53 of it; scaling may round three times in f32. */
static void check_rms_row(const struct subject *s, size_t k, const float *x, const float *weight,
                          float epsilon) {
    double sum = 0;
    for (size_t p = 0; p < k; p++)
        sum += (double)x[p] * (double)x[p];
    const double scale = 1 / sqrt(sum / (double)k + (double)epsilon);
    const double units = (s->is_ref ? 1.01 : 3) + (double)k * 0x1p-28;

    running_at(1, 1, k);
    const struct output out = output(0, k, NULL), in_place = output(1, k, x);
    const float *w = input(2, k, weight);
    s->t->rms_norm(k, input(3, k, x), w, epsilon, out.at);
    output_done(&out);
    s->t->rms_norm(k, in_place.at, w, epsilon, in_place.at);
    output_done(&in_place);
    for (size_t p = 0; p < k; p++) {
        if (!is_near(out.at[p], (double)x[p] * scale * (double)weight[p], units, 0))
            failed("element %zu, of %a, is %a", p, (double)x[p], (double)out.at[p]);
        if (!same_float(out.at[p], in_place.at[p])) failed("element %zu differs in place", p);
    }
}

static void check_rms_norm(const struct subject *s) {
    static float x[LONGEST], weight[LONGEST];
    kernel_begin(s->t->isa, "rms_norm");
    for (size_t k = 0; (k = length_after(k, s->quick)) > 0;)
        for (int kind = 0; kind < DATA_N; kind++) {
            fill(k, x, (enum data_kind)kind);
            fill(k, weight, DATA_RANDOM);
            check_rms_row(s, k, x, weight, kind == DATA_RANDOM ? 1e-6f : 1e-30f);
            memset(x, 0, k * sizeof(x[0])); /* 0, not 0 / 0 */
            check_rms_row(s, k, x, weight, 1e-5f);
            x[random_below(k)] = kind == DATA_TINY ? INFINITY : NAN;
            check_rms_row(s, k, x, weight, 1e-5f);
        }
    kernel_end();
}

/* --- scores ----------------------------------------------------------------------------------- */

/* A sum of k products, each operation rounding once: k u / (1 - k u) of the sum of absolute values,
 * and half the smallest subnormal a product (check_gemm.c has the derivation). */
static double dot_bound(size_t k, double sum_abs) {
    const double ku = (double)k * u;
    return ku / (1 - ku) * sum_abs + (double)k * smallest;
}

static void check_scores_at(const struct subject *s, size_t n_keys, size_t n_queries,
                            size_t head_dim, enum data_kind kind) {
    static float keys[ATTENTION_BLOCK * 256], queries[16 * 256];
    fill(n_keys * head_dim, keys, kind);
    fill(n_queries * head_dim, queries, kind);
    running_at(n_keys, n_queries, head_dim);
    const struct output out = output(0, n_queries * ATTENTION_BLOCK, NULL);
    s->t->scores(n_keys, n_queries, head_dim, input(1, n_keys * head_dim, keys),
                 input(2, n_queries * head_dim, queries), out.at);
    output_done(&out);
    for (size_t j = 0; j < n_queries; j++)
        for (size_t i = 0; i < n_keys; i++) {
            const float *a = keys + i * head_dim, *b = queries + j * head_dim;
            double sum = 0, sum_abs = 0;
            for (size_t d = 0; d < head_dim; d++) {
                sum += (double)a[d] * (double)b[d];
                sum_abs += fabs((double)a[d] * (double)b[d]);
            }
            const float got = out.at[j * ATTENTION_BLOCK + i];
            if (!(fabs((double)got - sum) <= dot_bound(head_dim, sum_abs)))
                failed("%s: key %zu by query %zu is %a", data_names[kind], i, j, (double)got);
        }

    /* one pair in other company, all of it NaN: the same bits */
    const size_t i = random_below(n_keys), j = random_below(n_queries);
    const float before = out.at[j * ATTENTION_BLOCK + i];
    const size_t m = 1 + random_below(9), n = 1 + random_below(4);
    const size_t to_i = random_below(m), to_j = random_below(n);
    static float nan_keys[9 * 256], nan_queries[4 * 256];
    fill_nan(m * head_dim, nan_keys);
    fill_nan(n * head_dim, nan_queries);
    memcpy(nan_keys + to_i * head_dim, keys + i * head_dim, head_dim * sizeof(float));
    memcpy(nan_queries + to_j * head_dim, queries + j * head_dim, head_dim * sizeof(float));
    const struct output again = output(0, n * ATTENTION_BLOCK, NULL);
    s->t->scores(m, n, head_dim, input(1, m * head_dim, nan_keys),
                 input(2, n * head_dim, nan_queries), again.at);
    output_done(&again);
    if (!same_float(again.at[to_j * ATTENTION_BLOCK + to_i], before))
        failed("key %zu by query %zu has other bits in other company", i, j);
}

static void check_scores(const struct subject *s) {
    static const size_t dims[] = {64, 72, 80, 96, 128, 256};
    kernel_begin(s->t->isa, "scores");
    for (size_t n_keys = 1; n_keys <= ATTENTION_BLOCK; n_keys += s->quick ? 13 : 1) {
        for (size_t n_queries = 1; n_queries <= 7; n_queries++)
            check_scores_at(s, n_keys, n_queries, 1 + random_below(40),
                            (enum data_kind)random_below(DATA_N));
        check_scores_at(s, n_keys, 1 + random_below(16), dims[random_below(6)], DATA_RANDOM);
    }
    kernel_end();
}

/* --- softmax_step ----------------------------------------------------------------------------- */

struct stream { /* what softmax_step carries on */
    float max, sum;
};

/* One step: scores [ATTENTION_BLOCK] in, probabilities before division out. */
static float step(const struct subject *s, size_t lo, size_t hi, float scale, float cap,
                  float *scores, struct stream *stream) {
    running_at(lo, hi, ATTENTION_BLOCK);
    const struct output out = output(0, ATTENTION_BLOCK, scores);
    const float keep = s->t->softmax_step(lo, hi, scale, cap, out.at, &stream->max, &stream->sum);
    output_done(&out);
    memcpy(scores, out.at, ATTENTION_BLOCK * sizeof(float));
    return keep;
}

/* |exp(computed s - max) - exp(s - max)| in u of it: the scale, and with a cap its function, err
 * relatively in s and in max, which exp takes absolutely; so does the rounding of the difference.
 */
static double step_units(double s, double max, bool capped) {
    return EXP_UNITS + (capped ? TANH_UNITS + 3 : 1) * (fabs(s) + fabs(max)) + fabs(s - max);
}

static double scaled(float score, float scale, float cap) {
    const double s = (double)score * (double)scale;
    return cap > 0 ? (double)cap * tanh(s / (double)cap) : s;
}

static void check_step(const struct subject *s, size_t lo, size_t hi, float scale, float cap,
                       struct stream start) {
    float scores[ATTENTION_BLOCK], given[ATTENTION_BLOCK];
    fill(ATTENTION_BLOCK, scores, DATA_RANDOM);
    for (size_t i = 0; i < ATTENTION_BLOCK; i++)
        scores[i] = i < lo || i >= hi ? (i % 2 ? NAN : INFINITY) : scores[i] * 60;
    memcpy(given, scores, sizeof(given));
    double max = (double)start.max;
    for (size_t i = lo; i < hi; i++)
        max = fmax(max, scaled(given[i], scale, cap));

    struct stream after = start;
    const float keep = step(s, lo, hi, scale, cap, scores, &after);
    const double max_units = cap > 0 ? TANH_UNITS + 3 : 1;
    if (!is_near(after.max, max, max_units, 0)) failed("the maximum is %a", (double)after.max);
    const double old = (double)start.max;
    const double keep_units = isinf(old) ? 0 : step_units(old, max, cap > 0);
    if (!is_near(keep, exp(old - max), keep_units, 0)) failed("what is kept: %a", (double)keep);
    double sum = (double)start.sum * (double)keep;
    for (size_t i = 0; i < ATTENTION_BLOCK; i++) {
        const double x = scaled(given[i], scale, cap);
        const bool in = i >= lo && i < hi;
        if (in ? !is_near(scores[i], exp(x - max), step_units(x, max, cap > 0), 0) : scores[i] != 0)
            failed("score %zu, of %a, is %a", i, (double)given[i], (double)scores[i]);
        sum += (double)scores[i];
    }
    if (!is_near(after.sum, sum, ATTENTION_BLOCK + 2, 0))
        failed("the sum is %a", (double)after.sum);

    /* each at another place and alone, before a maximum that stays: the same bits */
    const size_t i = lo + random_below(hi - lo), to = random_below(ATTENTION_BLOCK);
    float alone[ATTENTION_BLOCK];
    fill_nan(ATTENTION_BLOCK, alone);
    alone[to] = given[i];
    struct stream again = {after.max, 0};
    step(s, to, to + 1, scale, cap, alone, &again);
    if (!same_float(alone[to], scores[i])) failed("score %zu has other bits at %zu", i, to);
    if (!same_float(again.sum, scores[i])) failed("the sum of one is not the one");
}

/* A stream of blocks against softmax in double. Each block's exp is within step_units, 40 for
 * |s| <= 8 without a cap; each later block multiplies by a keep as good; sums add 66 each. */
static void check_stream(const struct subject *s) {
    enum { N_BLOCKS = 5 };
    float given[N_BLOCKS][ATTENTION_BLOCK], p[N_BLOCKS][ATTENTION_BLOCK];
    size_t lo[N_BLOCKS], hi[N_BLOCKS];
    struct stream stream = {-INFINITY, 0};
    float keeps[N_BLOCKS];
    double sum = 0;
    for (size_t b = 0; b < N_BLOCKS; b++) {
        lo[b] = b == 0 ? random_below(40) : 0;
        hi[b] = b == N_BLOCKS - 1 ? lo[b] + 1 + random_below(60) : ATTENTION_BLOCK;
        if (hi[b] > ATTENTION_BLOCK) hi[b] = ATTENTION_BLOCK;
        fill(ATTENTION_BLOCK, given[b], DATA_RANDOM);
        memcpy(p[b], given[b], sizeof(p[b]));
        keeps[b] = step(s, lo[b], hi[b], 8, 0, p[b], &stream);
        for (size_t i = lo[b]; i < hi[b]; i++)
            sum += exp(8 * (double)given[b][i]);
    }
    double later = 1;
    const double units = 2 * N_BLOCKS * (EXP_UNITS + 3 * 16) + N_BLOCKS * (ATTENTION_BLOCK + 2);
    for (size_t b = N_BLOCKS; b-- > 0;) {
        for (size_t i = lo[b]; i < hi[b]; i++) {
            const float got = (float)((double)p[b][i] * later / (double)stream.sum);
            if (!is_near(got, exp(8 * (double)given[b][i]) / sum, units, 0))
                failed("block %zu, score %zu: probability %a", b, i, (double)got);
        }
        later *= (double)keeps[b];
    }
}

/* -infinity is no weight, NaN harms the sum and no other score. */
static void check_step_edges(const struct subject *s) {
    float scores[ATTENTION_BLOCK];
    for (size_t i = 0; i < ATTENTION_BLOCK; i++)
        scores[i] = -INFINITY;
    scores[13] = 3;
    struct stream stream = {-INFINITY, 0};
    const float keep = step(s, 0, ATTENTION_BLOCK, 1, 0, scores, &stream);
    if (keep != 0 || stream.sum != 1 || stream.max != 3 || scores[13] != 1 || scores[12] != 0)
        failed("-infinity has weight");
    stream = (struct stream){-INFINITY, 0};
    scores[2] = scores[3] = -INFINITY; /* of these alone there is no softmax: NaN, but inside */
    step(s, 2, 4, 1, 0, scores, &stream);
    if (scores[1] != 0 || scores[4] != 0 || !isnan(stream.sum)) failed("no maximum");

    fill(ATTENTION_BLOCK, scores, DATA_RANDOM);
    float with_nan[ATTENTION_BLOCK];
    const size_t at = random_below(ATTENTION_BLOCK);
    scores[at] = -2;
    memcpy(with_nan, scores, sizeof(scores));
    with_nan[at] = NAN;
    struct stream good = {-INFINITY, 0}, bad = good;
    step(s, 0, ATTENTION_BLOCK, 1, 0, scores, &good);
    step(s, 0, ATTENTION_BLOCK, 1, 0, with_nan, &bad);
    if (!isnan(bad.sum) || !isnan(with_nan[at]) || bad.max != good.max)
        failed("a NaN score is lost");
    for (size_t i = 0; i < ATTENTION_BLOCK; i++)
        if (i != at && !same_float(scores[i], with_nan[i])) failed("a NaN score spreads");
}

static void check_softmax_step(const struct subject *s) {
    kernel_begin(s->t->isa, "softmax_step");
    for (size_t lo = 0; lo < ATTENTION_BLOCK; lo += s->quick ? 11 : 1)
        for (size_t hi = lo + 1; hi <= ATTENTION_BLOCK; hi += s->quick ? 7 : 1) {
            check_step(s, lo, hi, 0.125f, 0, (struct stream){-INFINITY, 0});
            const float max = 8 * random_unit();
            check_step(s, lo, hi, 0.125f, hi % 2 ? 20.0f : 0.0f, (struct stream){max, 7.5f});
        }
    for (int times = 0; times < (s->quick ? 3 : 50); times++) {
        check_stream(s);
        check_step_edges(s);
    }
    kernel_end();
}

/* --- mix -------------------------------------------------------------------------------------- */

enum { QUERIES_MAX = 9, DIM_MAX = 256 };

struct mix_data {
    size_t n_queries, head_dim;
    uint8_t lo[QUERIES_MAX], hi[QUERIES_MAX];
    float keep[QUERIES_MAX], weights[QUERIES_MAX * ATTENTION_BLOCK];
    float values[ATTENTION_BLOCK * DIM_MAX], before[QUERIES_MAX * DIM_MAX];
};

/* Causal ranges, or any; weights outside them are NaN. */
static void mix_fill(struct mix_data *m, size_t n_queries, size_t head_dim) {
    m->n_queries = n_queries;
    m->head_dim = head_dim;
    fill(ATTENTION_BLOCK * head_dim, m->values, DATA_RANDOM);
    fill(n_queries * head_dim, m->before, DATA_RANDOM);
    const bool causal = random_below(2);
    const size_t first = random_below(ATTENTION_BLOCK);
    fill_nan(n_queries * ATTENTION_BLOCK, m->weights);
    for (size_t j = 0; j < n_queries; j++) {
        const size_t hi = causal ? first + j / 2 : random_below(ATTENTION_BLOCK + 1);
        m->hi[j] = (uint8_t)(hi > ATTENTION_BLOCK ? ATTENTION_BLOCK : hi);
        m->lo[j] = (uint8_t)(causal && random_below(2) ? 0 : random_below(m->hi[j] + 1u));
        m->keep[j] = random_below(4) ? random_unit() : 0;
        for (size_t i = m->lo[j]; i < m->hi[j]; i++)
            m->weights[j * ATTENTION_BLOCK + i] = random_unit();
    }
}

/* Only the rows that some query takes are there: outside them lies the fence, or nothing. */
static struct output mix_run(const struct subject *s, const struct mix_data *m) {
    const size_t dim = m->head_dim;
    size_t first = ATTENTION_BLOCK, end = 0;
    for (size_t j = 0; j < m->n_queries; j++) {
        if (m->lo[j] == m->hi[j]) continue;
        if (m->lo[j] < first) first = m->lo[j];
        if (m->hi[j] > end) end = m->hi[j];
    }
    if (first > end) first = end;
    running_at(m->n_queries, end - first, dim);
    const float *rows = input(1, (end - first) * dim, m->values + first * dim);
    const float *values = (const float *)((uintptr_t)rows - first * dim * sizeof(float));
    const struct output out = output(0, m->n_queries * dim, m->before);
    s->t->mix(m->n_queries, dim, m->lo, m->hi, input(2, m->n_queries * ATTENTION_BLOCK, m->weights),
              m->keep, values, out.at);
    output_done(&out);
    return out;
}

static void check_mix_at(const struct subject *s, size_t n_queries, size_t head_dim) {
    static struct mix_data m, one;
    static float got[QUERIES_MAX * DIM_MAX];
    mix_fill(&m, n_queries, head_dim);
    memcpy(got, mix_run(s, &m).at, n_queries * head_dim * sizeof(float));
    for (size_t j = 0; j < n_queries; j++)
        for (size_t d = 0; d < head_dim; d++) {
            double sum = (double)m.before[j * head_dim + d] * (double)m.keep[j];
            double sum_abs = fabs(sum);
            for (size_t i = m.lo[j]; i < m.hi[j]; i++) {
                const double w = (double)m.weights[j * ATTENTION_BLOCK + i];
                sum += w * (double)m.values[i * head_dim + d];
                sum_abs += fabs(w * (double)m.values[i * head_dim + d]);
            }
            const double bound = dot_bound(m.hi[j] - m.lo[j] + 1u, sum_abs);
            if (!(fabs((double)got[j * head_dim + d] - sum) <= bound))
                failed("query %zu, element %zu is %a", j, d, (double)got[j * head_dim + d]);
        }

    /* one query alone, and one element of it alone */
    const size_t j = random_below(n_queries), d = random_below(head_dim);
    one = (struct mix_data){1, head_dim, {m.lo[j]}, {m.hi[j]}, {m.keep[j]}, {0}, {0}, {0}};
    memcpy(one.weights, m.weights + j * ATTENTION_BLOCK, sizeof(float) * ATTENTION_BLOCK);
    memcpy(one.before, m.before + j * head_dim, sizeof(float) * head_dim);
    memcpy(one.values, m.values, sizeof(m.values));
    const struct output alone = mix_run(s, &one);
    for (size_t e = 0; e < head_dim; e++)
        if (!same_float(alone.at[e], got[j * head_dim + e]))
            failed("query %zu, element %zu: other bits alone", j, e);
    one.head_dim = 1;
    one.before[0] = one.before[d];
    for (size_t i = 0; i < ATTENTION_BLOCK; i++)
        one.values[i] = m.values[i * head_dim + d];
    if (!same_float(mix_run(s, &one).at[0], got[j * head_dim + d]))
        failed("query %zu, element %zu: other bits in a row of one", j, d);

    /* rows that this query does not take are NaN for the others: no harm to it */
    for (size_t i = 0; i < ATTENTION_BLOCK; i++)
        if (i < m.lo[j] || i >= m.hi[j]) fill_nan(head_dim, m.values + i * head_dim);
    const struct output harmed = mix_run(s, &m);
    for (size_t e = 0; e < head_dim; e++)
        if (!same_float(harmed.at[j * head_dim + e], got[j * head_dim + e]))
            failed("query %zu: another query's row came through", j);
}

static void check_mix(const struct subject *s) {
    kernel_begin(s->t->isa, "mix");
    for (size_t dim = 0; (dim = length_after(dim, s->quick)) > 0 && dim <= DIM_MAX;)
        for (size_t n_queries = 1; n_queries <= QUERIES_MAX; n_queries++)
            for (int times = 0; times < (s->quick ? 1 : 4); times++)
                check_mix_at(s, n_queries, dim);
    for (size_t n_queries = 1; n_queries <= QUERIES_MAX; n_queries++) {
        check_mix_at(s, n_queries, 128);
        check_mix_at(s, n_queries, 256);
    }
    kernel_end();
}

/* --- decode, encode: the bits of the format's own plain C ---------------------------------------
 */

/* k weights, whole blocks, from fence to fence. */
static void check_decode_row(const struct kernels *t, enum dtype type, size_t k,
                             const unsigned char *blocks) {
    static float want[LONGEST];
    const size_t bytes = dtype_row_bytes(type, k);
    unsigned char *in = fenced_place(&areas[1], bytes, random_below(2));
    memcpy(in, blocks, bytes);
    running_at(1, 1, k);
    const struct output out = output(0, k, NULL);
    t->decode[type](k, in, out.at);
    output_done(&out);
    dtype_traits(type)->decode(k, blocks, want);
    for (size_t p = 0; p < k; p++)
        if (float_bits(out.at[p]) != float_bits(want[p])) {
            failed("weight %zu is %a, not %a", p, (double)out.at[p], (double)want[p]);
            return;
        }
}

static void check_decode(const struct kernels *t, enum dtype type, bool quick) {
    static unsigned char blocks[LONGEST * sizeof(float)];
    static char names[DTYPE_N][16];
    const struct dtype_traits *traits = dtype_traits(type);
    snprintf(names[type], sizeof(names[type]), "decode %s", traits->name);
    kernel_begin(t->isa, names[type]);
    for (size_t k = 0; (k = length_after(k, quick)) > 0;) {
        const size_t whole = k * traits->block_weights;
        if (whole > LONGEST) break;
        for (size_t i = 0; i < sizeof(blocks); i++)
            blocks[i] = (unsigned char)random_next();
        check_decode_row(t, type, whole, blocks);
    }
    if (traits->block_bytes == 2) /* each half float there is */
        for (uint32_t h = 0; h < 0x10000u; h += LONGEST) {
            for (uint32_t i = 0; i < LONGEST; i++) {
                const uint16_t bits = (uint16_t)(h + i);
                memcpy(blocks + 2 * i, &bits, sizeof(bits));
            }
            check_decode_row(t, type, LONGEST, blocks);
        }
    kernel_end();
}

static void check_encode_row(const struct kernels *t, size_t k, const float *x) {
    running_at(1, 1, k);
    const struct output out = output(0, (k + 1) / 2, NULL);
    unsigned char *at = (unsigned char *)out.at;
    t->encode_f16(k, input(1, k, x), NULL, at);
    if (k % 2 && memcmp(at + 2 * k, "\xc5\x7f", 2) != 0) failed("wrote past its last");
    output_done(&out);
    for (size_t p = 0; p < k; p++) {
        const uint16_t want = half_encode(x[p]);
        if (memcmp(at + 2 * p, &want, sizeof(want)) == 0) continue;
        failed("%a, %#x, is not %#x", (double)x[p], float_bits(x[p]), want);
        return;
    }
}

/* Each half float, the floats beside it and beside the middle to the next one; and any floats. */
static void check_encode(const struct kernels *t, bool quick) {
    static float x[LONGEST];
    kernel_begin(t->isa, "encode_f16");
    for (size_t k = 0; (k = length_after(k, quick)) > 0;) {
        for (size_t i = 0; i < k; i++)
            x[i] = float_from_bits((uint32_t)random_next());
        check_encode_row(t, k, x);
    }
    size_t n = 0;
    for (uint32_t h = 0; h < 0x10000u; h += quick ? 7 : 1) {
        const uint32_t bits = float_bits(half_decode((uint16_t)h));
        for (uint32_t middle = 0; middle <= 0x1000; middle += 0x1000)
            for (int beside = -1; beside <= 1; beside++)
                x[n++] = float_from_bits(bits + middle + (uint32_t)beside);
        if (n + 6 <= LONGEST) continue;
        check_encode_row(t, n, x);
        n = 0;
    }
    check_encode_row(t, n, x);
    kernel_end();
}

/* --- all of them ------------------------------------------------------------------------------ */

void check_ops(const struct kernels *t, const struct kernels *ref, bool quick) {
    const bool is_ref = strcmp(t->isa, ref->isa) == 0;
    const struct subject s = {t, is_ref, quick};
    for (int area = 0; area < N_AREAS; area++)
        areas[area] = fenced_new(AREA_BYTES);
    if (is_ref || t->rms_norm != ref->rms_norm) check_rms_norm(&s);
    if (is_ref || t->silu_gate != ref->silu_gate) check_elements(&s, &op_silu);
    if (is_ref || t->gelu_gate != ref->gelu_gate) check_elements(&s, &op_gelu);
    if (is_ref || t->soft_cap != ref->soft_cap) check_elements(&s, &op_soft_cap);
    if (is_ref || t->add != ref->add) check_elements(&s, &op_add);
    if (is_ref || t->scores != ref->scores) check_scores(&s);
    if (is_ref || t->softmax_step != ref->softmax_step) check_softmax_step(&s);
    if (is_ref || t->mix != ref->mix) check_mix(&s);
    for (int type = 0; type < DTYPE_N; type++) /* ref's are the formats' own */
        if (t->decode[type] != ref->decode[type]) check_decode(t, (enum dtype)type, quick);
    if (t->encode_f16 != ref->encode_f16) check_encode(t, quick);
    for (int area = 0; area < N_AREAS; area++)
        fenced_free(&areas[area]);
}
