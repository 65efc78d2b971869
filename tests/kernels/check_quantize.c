/* SPDX-License-Identifier: MIT
 *
 * Activations to 8 bits: ref against the definition in double, every other level against ref, byte
 * for byte. Among the data are blocks with a NaN or an infinity, blocks whose scale is subnormal or
 * zero, and values half-way between two codes.
 */
#include "check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { K_MAX = 2560, FRONT = 16 };

enum block_kind { PLAIN, WITH_NAN, WITH_INFINITY, SUBNORMAL, TINIEST, ZERO, TIES, HUGE, BLOCK_N };

static void fill_block(enum block_kind kind, size_t n, float *x) {
    for (size_t p = 0; p < n; p++)
        x[p] = random_value(DATA_RANDOM);
    switch (kind) {
    case WITH_NAN: x[random_below(n)] = random_below(2) ? NAN : -NAN; break;
    case WITH_INFINITY: x[random_below(n)] = random_below(2) ? INFINITY : -INFINITY; break;
    case SUBNORMAL: /* max / 127 has a few bits left, or none */
        for (size_t p = 0; p < n; p++)
            x[p] = ldexpf(x[p], -127 - (int)(n % 7));
        break;
    case TINIEST:
        for (size_t p = 0; p < n; p++)
            x[p] = (float)((int)random_below(600) - 300) * 0x1p-149f;
        break;
    case ZERO:
        for (size_t p = 0; p < n; p++)
            x[p] = random_below(2) ? 0.0f : -0.0f;
        break;
    case TIES: /* d is a power of two, half of the values lie between two codes */
        for (size_t p = 0; p < n; p++)
            x[p] = (float)((int)random_below(507) - 253) * 0x1p-4f;
        x[random_below(n)] = 127 * 0x1p-3f;
        break;
    case HUGE:
        for (size_t p = 0; p < n; p++)
            x[p] *= FLT_MAX;
        x[random_below(n)] = FLT_MAX;
        break;
    default: break;
    }
}

/* One block of ref: d, q [n], sums [n_sums]. */
static void compare_with_definition(size_t n, const float *x, float d, const int8_t *q,
                                    const int32_t *sums, size_t n_sums) {
    bool finite = true;
    double max = 0;
    for (size_t p = 0; p < n; p++) {
        finite &= isfinite(x[p]) != 0;
        max = fmax(max, fabs((double)x[p]));
    }
    if (finite ? (double)d != (double)(float)(max / 127) : !isnan(d))
        failed("the scale is %a, the largest value %a", (double)d, max);
    for (size_t s = 0; s < n_sums; s++) {
        int32_t sum = 0;
        for (size_t p = s * n / n_sums; p < (s + 1) * n / n_sums; p++) {
            sum += q[p];
            const double v = finite && d > 0 ? (double)x[p] / (double)d : 0;
            /* x / d is rounded to f32 once before it is rounded to an integer */
            const bool near = fabs(v - q[p]) <= 0.5 + 127 * 0x1p-24;
            const bool clamped = fabs(v) > 127 && abs(q[p]) == 127;
            const bool odd = fabs(v) < 127 && fabs(v - q[p]) == 0.5 && q[p] % 2 != 0;
            if ((!near && !clamped) || odd || q[p] == -128)
                failed("%a at scale %a became %d", (double)x[p], (double)d, q[p]);
        }
        if (sum != sums[s]) failed("the sum %zu of a block is %d, not %d", s, sums[s], sum);
    }
}

static void compare_row(enum act act, size_t k, const float *x, const void *row) {
    int32_t sums[16];
    if (act == ACT_Q8_32) {
        const struct act_q8_32 *block = row;
        for (size_t p = 0; p < k; p += 32, block++) {
            sums[0] = block->sum;
            compare_with_definition(32, x + p, block->d, block->q, sums, 1);
        }
    } else {
        const struct act_q8_256 *block = row;
        for (size_t p = 0; p < k; p += 256, block++) {
            for (size_t s = 0; s < 16; s++)
                sums[s] = block->sums[s];
            compare_with_definition(256, x + p, block->d, block->q, sums, 16);
        }
    }
}

/* One row of k floats, in fences, at either end of them. */
static void check_row(enum act act, quantize_fn *quantize, quantize_fn *ref, size_t k,
                      const float *x, const struct fenced *x_room, const struct fenced *out_room,
                      float *want) {
    const bool at_end = random_below(2);
    const size_t n_out = act_row_bytes(act, k) / sizeof(float), behind = at_end ? 0 : FRONT;
    float *x_in = fenced_place(x_room, k * sizeof(float), at_end);
    float *room = fenced_place(out_room, (FRONT + n_out + behind) * sizeof(float), at_end);
    float *out = room + FRONT;
    memcpy(x_in, x, k * sizeof(float));
    canary_fill(room, FRONT + n_out + behind);
    running_at(1, 1, k);
    quantize(k, x_in, out);
    kernel_called();
    if (!canary_intact(room, FRONT) || !canary_intact(out + n_out, behind))
        failed("wrote outside the output");
    if (quantize == ref) {
        compare_row(act, k, x, out);
        return;
    }
    ref(k, x, want);
    if (memcmp(out, want, n_out * sizeof(float)) != 0) failed("other bytes than ref");
}

static void check_act(const char *isa, enum act act, quantize_fn *quantize, quantize_fn *ref,
                      bool quick) {
    const size_t block = act == ACT_Q8_32 ? 32 : 256;
    float *x = checked(malloc(2 * K_MAX * sizeof(float))), *want = x + K_MAX;
    struct fenced x_room = fenced_new(K_MAX * sizeof(float));
    struct fenced out_room = fenced_new((K_MAX + 2 * FRONT) * sizeof(float));
    kernel_begin(isa, act == ACT_Q8_32 ? "quantize Q8_32" : "quantize Q8_256");
    for (int kind = 0; kind < BLOCK_N; kind++) /* each alone */
        for (int times = 0; times < (quick ? 4 : 64); times++) {
            fill_block((enum block_kind)kind, block, x);
            check_row(act, quantize, ref, block, x, &x_room, &out_room, want);
        }
    for (size_t n = 1; n * block <= K_MAX; n = 2 * n + 1) /* and one after the other */
        for (int times = 0; times < (quick ? 2 : 32); times++) {
            for (size_t b = 0; b < n; b++)
                fill_block((enum block_kind)random_below(BLOCK_N), block, x + b * block);
            check_row(act, quantize, ref, n * block, x, &x_room, &out_room, want);
        }
    kernel_end();
    fenced_free(&x_room);
    fenced_free(&out_room);
    free(x);
}

void check_quantize(const struct kernels *t, const struct kernels *below, const struct kernels *ref,
                    bool quick) {
    for (int act = 0; act < ACT_N; act++)
        if (t->quantize[act] && (!below || t->quantize[act] != below->quantize[act]))
            check_act(t->isa, (enum act)act, t->quantize[act], ref->quantize[act], quick);
}
