/* SPDX-License-Identifier: MIT
 *
 * The ladder of POWER processors. VSX is in the baseline (POWER8), so no feature guards it.
 */
#include "base/cpu.h"
#include "kernels/variants.h"

void kernels_init_ppc(struct kernels *t, unsigned features) {
    t->isa = "vsx";
    t->gemm[DTYPE_F32] = (struct gemm){gemm_f32_f32_vsx, pack_f32_16, pack_size_f32_16, .mr = 16,
                                       .nr = 6};

    if (!(features & CPU_PPC_MMA)) return;
    t->isa = "mma";
    t->gemm[DTYPE_F32] = (struct gemm){gemm_f32_f32_mma, pack_f32_16, pack_size_f32_16, .mr = 16,
                                       .nr = 8};
}
