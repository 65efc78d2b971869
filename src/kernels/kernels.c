/* SPDX-License-Identifier: MIT
 *
 * Choosing the kernels. A cap is a mask on the processor's features: what lies above the named
 * level is taken away before the processor's own _init_ looks. This file is the one place that
 * asks which processor family it is built for.
 */
#include "kernels/kernels.h"

#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "base/intl.h"
#include "kernels/variants.h"

/* levels[i] may use features_by_level[i]; ref comes first */
#if defined(__x86_64__)
static const char *const levels[] = {"ref", "avx2", NULL};
static const unsigned features_by_level[] = {0, CPU_X86_AVX2};
#elif defined(__powerpc64__)
static const char *const levels[] = {"ref", "vsx", "mma", NULL};
static const unsigned features_by_level[] = {0, CPU_PPC_VSX3, CPU_PPC_VSX3 | CPU_PPC_MMA};
#else
static const char *const levels[] = {"ref", NULL};
static const unsigned features_by_level[] = {0};
#endif

const char *const *kernels_isas(void) {
    return levels;
}

static enum status fail_unknown(struct error *err, const char *isa) {
    char names[64];
    size_t n = 0;
    names[0] = '\0';
    for (size_t i = 0; levels[i]; i++)
        n += (size_t)snprintf(names + n, sizeof(names) - n, i ? ", %s" : "%s", levels[i]);
    return fail(err, ERR_INVALID, _("unknown instruction set %s; this program knows %s"), isa,
                names);
}

size_t act_row_bytes(enum act act, size_t k) {
    switch (act) {
    case ACT_Q8_32: return k / 32 * sizeof(struct act_q8_32);
    case ACT_Q8_256: return k / 256 * sizeof(struct act_q8_256);
    default: return k * sizeof(float);
    }
}

void kernels_set_decoded(struct kernels *t, const struct gemm *gemm) {
    for (int type = 0; type < DTYPE_N; type++)
        if (t->gemm[type].act == ACT_F32) t->gemm[type] = *gemm;
}

void kernels_make_exact(struct kernels *t) {
    for (int type = 0; type < DTYPE_N; type++)
        if (t->gemm[type].act != ACT_F32) t->gemm[type] = t->gemm[DTYPE_Q4_1]; /* takes any */
}

static void fill_ref(struct kernels *t) {
    static const struct gemm decoded = {
        .act = ACT_F32, .run = gemm_decoded_f32_ref, .mr = 1, .nr = 1};
    static const struct gemm kquant = {
        .act = ACT_Q8_256, .run = gemm_kquant_q8_256_ref, .mr = 1, .nr = 1};
    static const struct gemm q = {.act = ACT_Q8_32, .run = gemm_q_q8_32_ref, .mr = 1, .nr = 1};
    *t = (struct kernels){.isa = "ref"};
    kernels_set_decoded(t, &decoded);
    t->gemm[DTYPE_Q4_K] = t->gemm[DTYPE_Q5_K] = t->gemm[DTYPE_Q6_K] = kquant;
    t->gemm[DTYPE_Q4_0] = t->gemm[DTYPE_Q8_0] = q;
    t->quantize[ACT_Q8_32] = quantize_q8_32_ref;
    t->quantize[ACT_Q8_256] = quantize_q8_256_ref;
    for (int type = 0; type < DTYPE_N; type++)
        t->decode[type] = dtype_traits((enum dtype)type)->decode;
    t->rms_norm = rms_norm_ref;
    t->silu_gate = silu_gate_ref;
    t->gelu_gate = gelu_gate_ref;
    t->soft_cap = soft_cap_ref;
    t->add = add_ref;
    t->scores = scores_ref;
    t->softmax_step = softmax_step_ref;
    t->mix = mix_ref;
    t->encode_f16 = dtype_traits(DTYPE_F16)->encode;
}

enum status kernels_init(struct kernels *t, const char *isa_cap, unsigned features,
                         struct error *err) {
    size_t level = sizeof(features_by_level) / sizeof(features_by_level[0]) - 1;
    if (isa_cap) {
        for (level = 0; levels[level]; level++)
            if (strcmp(isa_cap, levels[level]) == 0) break;
        if (!levels[level]) return fail_unknown(err, isa_cap);
    }

    fill_ref(t);
    if (level == 0) return OK; /* a POWER8 has VSX and no feature bit to mask it with */

    features &= features_by_level[level];
#if defined(__x86_64__)
    kernels_init_x86(t, features);
#elif defined(__powerpc64__)
    kernels_init_ppc(t, features);
#endif
    return OK;
}
