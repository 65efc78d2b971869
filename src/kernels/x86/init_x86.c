/* SPDX-License-Identifier: MIT
 *
 * The ladder of x86-64 processors.
 */
#include "base/cpu.h"
#include "kernels/variants.h"

void kernels_init_x86(struct kernels *t, unsigned features) {
    if (!(features & CPU_X86_AVX2)) return;
    t->isa = "avx2";
    t->gemm[DTYPE_F32] = (struct gemm){gemm_f32_f32_avx2, pack_f32_16, pack_size_f32_16, .mr = 16,
                                       .nr = 6};
}
