/* SPDX-License-Identifier: MIT
 *
 * The ladder of x86-64 processors.
 */
#include "base/cpu.h"
#include "kernels/variants.h"

/* Products of f32 activations: f32, f16 and bf16 weights as the file holds them, all others decoded
 * row by row. */
static void set_float_products(struct kernels *t) {
    struct gemm gemm = {.act = ACT_F32,
                        .run = gemm_f32_f32_avx2,
                        .pack = pack_rows_8_avx2,
                        .panel_bytes = panel_bytes_rows_8,
                        .mr = 8,
                        .nr = 3};
    kernels_set_decoded(t, &gemm);
    gemm.pack = NULL;
    gemm.panel_bytes = NULL;
    t->gemm[DTYPE_F32] = gemm;
    gemm.run = gemm_f16_f32_avx2;
    t->gemm[DTYPE_F16] = gemm;
    gemm.run = gemm_bf16_f32_avx2;
    t->gemm[DTYPE_BF16] = gemm;
}

/* Products of 8-bit activations. */
static void set_integer_products(struct kernels *t) {
    struct gemm kquant = {.act = ACT_Q8_256,
                          .run = gemm_kquant_q8_256_avx2,
                          .pack = pack_kquant_16_avx2,
                          .panel_bytes = panel_bytes_q45_k_16,
                          .stream = stream_kquant_q8_256_avx2,
                          .n_stream = 4,
                          .mr = 16,
                          .nr = 3};
    t->gemm[DTYPE_Q4_K] = t->gemm[DTYPE_Q5_K] = kquant;
    kquant.panel_bytes = panel_bytes_q6_k_16;
    t->gemm[DTYPE_Q6_K] = kquant;
    const struct gemm q = {.act = ACT_Q8_32,
                           .run = gemm_q_q8_32_avx2,
                           .pack = pack_q_16_avx2,
                           .panel_bytes = panel_bytes_q_16,
                           .stream = stream_q_q8_32_avx2,
                           .n_stream = 4,
                           .mr = 16,
                           .nr = 3};
    t->gemm[DTYPE_Q4_0] = t->gemm[DTYPE_Q8_0] = q;
    t->quantize[ACT_Q8_32] = quantize_q8_32_avx2;
    t->quantize[ACT_Q8_256] = quantize_q8_256_avx2;
}

static void set_ops(struct kernels *t) {
    t->decode[DTYPE_F16] = decode_f16_avx2;
    t->decode[DTYPE_BF16] = decode_bf16_avx2;
    t->decode[DTYPE_Q8_0] = decode_q8_0_avx2;
    t->encode_f16 = encode_f16_avx2;
    t->rms_norm = rms_norm_avx2;
    t->silu_gate = silu_gate_avx2;
    t->gelu_gate = gelu_gate_avx2;
    t->soft_cap = soft_cap_avx2;
    t->add = add_avx2;
    t->scores = scores_avx2;
    t->softmax_step = softmax_step_avx2;
    t->mix = mix_avx2;
}

void kernels_init_x86(struct kernels *t, unsigned features) {
    if (!(features & CPU_X86_AVX2)) return;
    t->isa = "avx2";
    set_float_products(t);
    set_integer_products(t);
    set_ops(t);
}
