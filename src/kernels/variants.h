/* SPDX-License-Identifier: MIT
 *
 * Every variant by name, for the tables that choose among them; private to this folder. A name is
 * <op>_<weights>_<activations>_<isa>, in the file of that name. Those of other processors are
 * declared and never defined.
 */
#ifndef SIGILO_KERNELS_VARIANTS_H
#define SIGILO_KERNELS_VARIANTS_H

#include "kernels/kernels.h"

DECL_GEMM(gemm_f32_f32_ref);
DECL_GEMM(gemm_f32_f32_avx2);
DECL_GEMM(gemm_f32_f32_vsx);
DECL_GEMM(gemm_f32_f32_mma);

/* pack_f32_<mr>: panels of mr rows, [panel][k][mr] */
DECL_PACK(pack_f32_1);
DECL_PACK_SIZE(pack_size_f32_1);
DECL_PACK(pack_f32_16);
DECL_PACK_SIZE(pack_size_f32_16);

/* Improve a table that holds ref, as far as the features reach. */
void kernels_init_x86(struct kernels *t, unsigned features);
void kernels_init_ppc(struct kernels *t, unsigned features);

#endif
