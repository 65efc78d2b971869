/* SPDX-License-Identifier: MIT
 *
 * f32 by f32 on POWER10's matrix unit. xvf32gerpp takes 4 activations and 4 weights of one input p
 * and adds their 16 products to a 4x4 accumulator: t[r][c] = fma(a[r], b[c], t[r][c]) (Power ISA
 * 3.1, the instruction's own page). Peak needs all eight accumulators: two units, four cycles from
 * one use of an accumulator to the next. A tile is therefore eight of them,
 *
 *   tile_16x8   16 outputs (one panel) by 8 tokens     4 + 2 loads for each p
 *   tile_32x4   32 outputs (two panels) by 4 tokens    8 + 1 loads, where few tokens are left
 *
 * Activations come first in the instruction, weights second, so a row of an accumulator is four
 * neighbouring outputs of one token: stores are whole vectors. Each output is one chain of fused
 * multiply-adds from p = 0 upwards, in both tiles.
 *
 * Activations are turned token-minor into a strip on the stack, missing tokens being zeros. The
 * strip has a fixed size, so k is taken in blocks of K_BLOCK; between two blocks the sums rest in
 * y, which loses nothing: they are f32 there and in the accumulator.
 *
 * A tile at the edge of y works on a small copy of it and the part that exists is copied back: the
 * arithmetic stays on the matrix unit and nothing past the edge is touched.
 *
 * The accumulators are eight names, not an array: gcc spills an array at every step unless it
 * unrolls every loop over it. Vectors are loaded one by one: __builtin_vsx_lxvp obeys type-based
 * aliasing and gcc 12 read stale data through it.
 */
#include <altivec.h>
#include <assert.h>
#include <string.h>

#include "kernels/variants.h"

typedef __vector float v4f;
typedef __vector unsigned char v16u; /* what the built-ins take; clang 14 refuses a const one */

enum { MR = 16, K_BLOCK = 512 };

#define EACH_ACC(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)
#define LOAD(p) (v16u) vec_xl(0, p)
#define GER(acc, a, b) __builtin_mma_xvf32gerpp(&acc, a, b)

/* Accumulator i covers rows out + ROW(i)... and columns COLUMN(i)... of the tile, four of each. */
#define OPEN(i)                                                                                    \
    __vector_quad acc##i;                                                                          \
    if (first) {                                                                                   \
        __builtin_mma_xxsetaccz(&acc##i);                                                          \
    } else {                                                                                       \
        const float *o = out + ROW(i) * stride + COLUMN(i);                                        \
        __builtin_mma_build_acc(&acc##i, LOAD(o), LOAD(o + stride), LOAD(o + 2 * stride),          \
                                LOAD(o + 3 * stride));                                             \
    }
#define CLOSE(i)                                                                                   \
    {                                                                                              \
        v4f t[4];                                                                                  \
        float *o = out + ROW(i) * stride + COLUMN(i);                                              \
        __builtin_mma_disassemble_acc(t, &acc##i);                                                 \
        vec_xst(t[0], 0, o);                                                                       \
        vec_xst(t[1], 0, o + stride);                                                              \
        vec_xst(t[2], 0, o + 2 * stride);                                                          \
        vec_xst(t[3], 0, o + 3 * stride);                                                          \
    }

/* One panel of weights, w [k][16], by a strip of eight tokens, x [k][8], into out [8][16], rows
 * `stride` apart; first: out holds nothing yet. */
static void tile_16x8(size_t k, const float *w, const float *x, float *out, size_t stride,
                      bool first) {
#define ROW(i) (i / 4 * 4)
#define COLUMN(i) (i % 4 * 4)
#define STEP(q)                                                                                    \
    {                                                                                              \
        v16u x0 = LOAD(x + 8 * q), x1 = LOAD(x + 8 * q + 4);                                       \
        v16u w0 = LOAD(w + MR * q), w1 = LOAD(w + MR * q + 4);                                     \
        v16u w2 = LOAD(w + MR * q + 8), w3 = LOAD(w + MR * q + 12);                                \
        GER(acc0, x0, w0);                                                                         \
        GER(acc1, x0, w1);                                                                         \
        GER(acc2, x0, w2);                                                                         \
        GER(acc3, x0, w3);                                                                         \
        GER(acc4, x1, w0);                                                                         \
        GER(acc5, x1, w1);                                                                         \
        GER(acc6, x1, w2);                                                                         \
        GER(acc7, x1, w3);                                                                         \
    }
    EACH_ACC(OPEN)
    for (; k >= 4; k -= 4, w += 4 * MR, x += 4 * 8) {
        STEP(0)
        STEP(1)
        STEP(2)
        STEP(3)
    }
    for (; k > 0; k--, w += MR, x += 8)
        STEP(0)
    EACH_ACC(CLOSE)
#undef ROW
#undef COLUMN
#undef STEP
}

/* Two panels, w and v [k][16], by a strip of four tokens, x [k][4], into out [4][32]. */
static void tile_32x4(size_t k, const float *w, const float *v, const float *x, float *out,
                      size_t stride, bool first) {
#define ROW(i) 0
#define COLUMN(i) (i * 4)
#define STEP(q)                                                                                    \
    {                                                                                              \
        v16u x0 = LOAD(x + 4 * q);                                                                 \
        GER(acc0, x0, LOAD(w + MR * q));                                                           \
        GER(acc1, x0, LOAD(w + MR * q + 4));                                                       \
        GER(acc2, x0, LOAD(w + MR * q + 8));                                                       \
        GER(acc3, x0, LOAD(w + MR * q + 12));                                                      \
        GER(acc4, x0, LOAD(v + MR * q));                                                           \
        GER(acc5, x0, LOAD(v + MR * q + 4));                                                       \
        GER(acc6, x0, LOAD(v + MR * q + 8));                                                       \
        GER(acc7, x0, LOAD(v + MR * q + 12));                                                      \
    }
    EACH_ACC(OPEN)
    for (; k >= 4; k -= 4, w += 4 * MR, v += 4 * MR, x += 4 * 4) {
        STEP(0)
        STEP(1)
        STEP(2)
        STEP(3)
    }
    for (; k > 0; k--, w += MR, v += MR, x += 4)
        STEP(0)
    EACH_ACC(CLOSE)
#undef ROW
#undef COLUMN
#undef STEP
}

/* Stands in for a token that is not there: a branch in the loop below would cost more. */
static const float no_token[K_BLOCK];

/* Turns n_tokens rows of x, `stride` apart, into strip [k][width]; width is 4 or 8, the tokens fill
 * all but the last three at most. */
static void turn(float *strip, size_t width, size_t n_tokens, size_t k, const float *x,
                 size_t stride) {
    for (size_t j = 0; j < width; j += 4) {
        const size_t n = n_tokens - j; /* tokens among these four, one at least */
        const float *x0 = x + j * stride;
        const float *x1 = n > 1 ? x0 + stride : no_token;
        const float *x2 = n > 2 ? x0 + 2 * stride : no_token;
        const float *x3 = n > 3 ? x0 + 3 * stride : no_token;
        float *s = strip + j;
        size_t p = 0;
        for (; p + 4 <= k; p += 4, s += 4 * width) {
            const v4f r0 = vec_xl(0, x0 + p), r1 = vec_xl(0, x1 + p);
            const v4f r2 = vec_xl(0, x2 + p), r3 = vec_xl(0, x3 + p);
            const v4f a = vec_mergeh(r0, r2), b = vec_mergeh(r1, r3);
            const v4f c = vec_mergel(r0, r2), d = vec_mergel(r1, r3);
            vec_xst(vec_mergeh(a, b), 0, s);
            vec_xst(vec_mergel(a, b), 0, s + width);
            vec_xst(vec_mergeh(c, d), 0, s + 2 * width);
            vec_xst(vec_mergel(c, d), 0, s + 3 * width);
        }
        for (; p < k; p++, s += width) {
            s[0] = x0[p];
            s[1] = x1[p];
            s[2] = x2[p];
            s[3] = x3[p];
        }
    }
}

static void copy_rows(float *to, size_t to_stride, const float *from, size_t from_stride,
                      size_t n_rows, size_t n_columns) {
    for (size_t r = 0; r < n_rows; r++)
        memcpy(to + r * to_stride, from + r * from_stride, n_columns * sizeof(float));
}

/* One strip of tokens against all panels, for a block of k_block inputs; w_stride is what lies
 * between two panels. */
static void strip_times_panels(size_t m, size_t n_tokens, size_t width, size_t k_block,
                               const float *w, size_t w_stride, const float *strip, float *y,
                               size_t y_stride, bool first) {
    const size_t tile_rows = width == 8 ? MR : 2 * MR;
    for (size_t i = 0; i < m; i += tile_rows, y += tile_rows) {
        float edge[8 * MR]; /* either tile has 128 elements */
        const float *panel = w + i / MR * w_stride;
        const size_t n_rows = m - i < tile_rows ? m - i : tile_rows;
        const bool whole = n_rows == tile_rows && n_tokens == width;
        float *out = whole ? y : edge;
        const size_t stride = whole ? y_stride : tile_rows;

        if (!whole && !first) {
            memset(edge, 0, sizeof(edge));
            copy_rows(edge, stride, y, y_stride, n_tokens, n_rows);
        }
        if (width == 8) {
            tile_16x8(k_block, panel, strip, out, stride, first);
        } else {
            /* a last odd panel is its own neighbour, and that half is dropped: four accumulators
             * alone would run at half the rate, so this costs nothing */
            const float *next = n_rows > MR ? panel + w_stride : panel;
            tile_32x4(k_block, panel, next, strip, out, stride, first);
        }
        if (!whole) copy_rows(y, y_stride, edge, stride, n_tokens, n_rows);
    }
}

void gemm_f32_f32_mma(enum dtype type, size_t m, size_t n, size_t k, const void *w, const void *x,
                      float *y, size_t y_stride) {
    (void)type; /* packed panels are f32 whatever the rows were */
    assert(k > 0);
    assert(y_stride >= m);
    float strip[8 * K_BLOCK] __attribute__((aligned(128)));
    for (size_t p = 0; p < k; p += K_BLOCK) {
        const size_t k_block = k - p < K_BLOCK ? k - p : K_BLOCK;
        for (size_t j = 0; j < n; j += 8) {
            const size_t n_tokens = n - j < 8 ? n - j : 8;
            const size_t width = n_tokens > 4 ? 8 : 4;
            turn(strip, width, n_tokens, k_block, (const float *)x + j * k + p, k);
            strip_times_panels(m, n_tokens, width, k_block, (const float *)w + p * MR, MR * k,
                               strip, y + j * y_stride, y_stride, p == 0);
        }
    }
}
