/* SPDX-License-Identifier: MIT
 *
 * Every variant by name, for the tables that choose among them; private to this folder. A name is
 * <op>_<weights>_<activations>_<isa>, in the file of that name; `decoded` weights are those of any
 * format, `kquant` those of Q4_K, Q5_K and Q6_K. Those of other processors are declared and never
 * defined.
 */
#ifndef SIGILO_KERNELS_VARIANTS_H
#define SIGILO_KERNELS_VARIANTS_H

#include "kernels/kernels.h"

DECL_QUANTIZE(quantize_q8_32_ref);
DECL_QUANTIZE(quantize_q8_256_ref);
DECL_QUANTIZE(quantize_q8_32_avx2);
DECL_QUANTIZE(quantize_q8_256_avx2);

/* Weights of any format by f32 activations. The f32 kernels below take the panels of pack_f32_16,
 * which holds any format decoded. */
DECL_GEMM(gemm_decoded_f32_ref);
DECL_GEMM(gemm_f32_f32_avx2); /* takes rows as they are */
DECL_GEMM(gemm_f16_f32_avx2);
DECL_GEMM(gemm_bf16_f32_avx2);
DECL_GEMM(gemm_f32_f32_vsx);
DECL_GEMM(gemm_f32_f32_mma);

/* Panels of 16 rows of f32, [panel][k][16] */
DECL_PACK(pack_f32_16);
DECL_PANEL_BYTES(panel_bytes_f32_16);

/* Rows of any format, decoded, one after the other; filled up to a multiple of 8 */
DECL_PACK(pack_rows_8_avx2);
DECL_PANEL_BYTES(panel_bytes_rows_8);

DECL_DECODE(decode_f16_avx2);
DECL_DECODE(decode_bf16_avx2);
DECL_DECODE(decode_q8_0_avx2);
DECL_ENCODE(encode_f16_avx2);

DECL_RMS_NORM(rms_norm_ref);
DECL_GATE(silu_gate_ref);
DECL_GATE(gelu_gate_ref);
DECL_SOFT_CAP(soft_cap_ref);
DECL_ADD(add_ref);
DECL_SCORES(scores_ref);
DECL_SOFTMAX_STEP(softmax_step_ref);
DECL_MIX(mix_ref);

DECL_RMS_NORM(rms_norm_avx2);
DECL_GATE(silu_gate_avx2);
DECL_GATE(gelu_gate_avx2);
DECL_SOFT_CAP(soft_cap_avx2);
DECL_ADD(add_avx2);
DECL_SCORES(scores_avx2);
DECL_SOFTMAX_STEP(softmax_step_avx2);
DECL_MIX(mix_avx2);

/* Integer arithmetic. */
DECL_GEMM(gemm_kquant_q8_256_ref); /* Q4_K, Q5_K, Q6_K */
DECL_GEMM(gemm_q_q8_32_ref);       /* Q4_0, Q8_0 */

DECL_GEMM(gemm_kquant_q8_256_avx2);
DECL_GEMM(stream_kquant_q8_256_avx2);

/* Panels of 16 rows: bytes [block][k / 4][16][4] and what belongs to them, x86/kquant_avx2.h */
DECL_PACK(pack_kquant_16_avx2);
DECL_PANEL_BYTES(panel_bytes_q45_k_16);
DECL_PANEL_BYTES(panel_bytes_q6_k_16);

DECL_GEMM(gemm_q_q8_32_avx2);
DECL_GEMM(stream_q_q8_32_avx2);
DECL_PACK(pack_q_16_avx2); /* the same, by blocks of 32: x86/q_avx2.h */
DECL_PANEL_BYTES(panel_bytes_q_16);

/* Improve a table that holds ref, as far as the features reach. The entry of a
 * format that is multiplied decoded (Q4_1, say) must take any format of weights: --exact puts it in
 * the place of the integer products. */
void kernels_init_x86(struct kernels *t, unsigned features);
void kernels_init_ppc(struct kernels *t, unsigned features);

/* Every format that is multiplied decoded (those with ACT_F32): `gemm`. */
void kernels_set_decoded(struct kernels *t, const struct gemm *gemm);

#endif
