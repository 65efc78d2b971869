/* SPDX-License-Identifier: MIT
 *
 * The ladder of POWER processors. VSX is in the baseline (POWER8), so no feature guards it. What is
 * multiplied in integers is so by ref, for now; all the rest is decoded to f32 while it is packed.
 */
#include "base/cpu.h"
#include "kernels/variants.h"

void kernels_init_ppc(struct kernels *t, unsigned features) {
    static const struct gemm vsx = {.act = ACT_F32,
                                    .run = gemm_f32_f32_vsx,
                                    .pack = pack_f32_16,
                                    .panel_bytes = panel_bytes_f32_16,
                                    .mr = 16,
                                    .nr = 6};
    t->isa = "vsx";
    kernels_set_decoded(t, &vsx);

    if (!(features & CPU_PPC_MMA)) return;
    static const struct gemm mma = {.act = ACT_F32,
                                    .run = gemm_f32_f32_mma,
                                    .pack = pack_f32_16,
                                    .panel_bytes = panel_bytes_f32_16,
                                    .mr = 16,
                                    .nr = 8};
    t->isa = "mma";
    kernels_set_decoded(t, &mma);
}
