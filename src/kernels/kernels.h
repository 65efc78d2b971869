/* SPDX-License-Identifier: MIT
 *
 * kernels: the arithmetic. One table of functions, filled once at start with the best this
 * processor can run; from there on it is const and an argument.
 *
 * ref/ is plain C and defines what is right; x86/ and ppc/ improve on it, each instruction set in
 * its own files, compiled with its own flags. How to add one: docs/kernels.md.
 */
#ifndef SIGILO_KERNELS_KERNELS_H
#define SIGILO_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The formats weights come in: the rows of the table. Ours, not GGUF's numbers: gguf/ maps them. */
enum dtype {
    DTYPE_F32,
    DTYPE_N, /* how many there are */
};

/* The matrix product  y = x * transpose(w):  y[j][i] = sum over p < k of w[i][p] * x[j][p]
 *
 *   m   rows of w: outputs of the layer
 *   n   rows of x: tokens
 *   k   what is summed over: inputs of the layer; at least 1
 *   w   [m][k] weights, as the same struct gemm's `pack` laid them out
 *   x   [n][k] activations, f32, row-major, rows one after the other
 *   y   [n][m] f32, row j at y + j * y_stride, y_stride >= m; what lies between m and y_stride is
 *       neither read nor written
 *
 * Every pointer needs the alignment of its own elements and no more. y overlaps neither w nor x.
 * m or n may be 0. Pure: no state, no allocation; any thread.
 *
 * One answer whatever the company: the bits of y[j][i] depend on row i of w, row j of x, k and the
 * instruction set, and on nothing else: not on m, n, the other rows (NaN included), or where in a
 * tile the element fell. So every variant sums along k in one fixed order (today: from p = 0
 * upwards, one running sum), in its widest tile and in its last, narrow one alike. */
#define DECL_GEMM(name)                                                                            \
    void name(size_t m, size_t n, size_t k, const void *w, const void *x, float *y, size_t y_stride)
typedef DECL_GEMM(gemm_fn);

/* Lays out w, [m][k] row-major in its format, the way a gemm reads it: panels of mr rows, one after
 * the other, the last one filled up with zeros. `packed` has what the pack_size_fn says and
 * overlaps w nowhere. */
#define DECL_PACK(name) void name(void *packed, size_t m, size_t k, const void *w)
typedef DECL_PACK(pack_fn);

/* Bytes of the packed form; false when that would wrap (size_bytes is then unset). Panels are whole
 * and equal, so rows from i on, i a multiple of mr, begin at the size of the first i rows: that is
 * how threads share a product. */
#define DECL_PACK_SIZE(name) bool name(size_t *size_bytes, size_t m, size_t k)
typedef DECL_PACK_SIZE(pack_size_fn);

struct gemm { /* what has to agree stays together */
    gemm_fn *run;
    pack_fn *pack;
    pack_size_fn *pack_size;
    uint8_t mr, nr; /* output tile: mr rows of w by nr rows of x */
};

struct kernels {
    const char *isa;           /* the highest level in use, one of kernels_isas() */
    struct gemm gemm[DTYPE_N]; /* by format of w; x and y are f32 */
};

/* The levels this build knows, lowest ("ref") to highest, ended by NULL. Static storage. */
const char *const *kernels_isas(void);

/* Fills the table with ref, then with what `features` (base/cpu.h) allow up to and including level
 * `isa_cap`; NULL is no cap. A level the processor lacks is not an error: t->isa tells what was
 * reached. ERR_INVALID when no level has that name; t is then unchanged. */
enum status kernels_init(struct kernels *t, const char *isa_cap, unsigned features,
                         struct error *err);

#endif
