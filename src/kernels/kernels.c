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

enum status kernels_init(struct kernels *t, const char *isa_cap, unsigned features,
                         struct error *err) {
    size_t level = sizeof(features_by_level) / sizeof(features_by_level[0]) - 1;
    if (isa_cap) {
        for (level = 0; levels[level]; level++)
            if (strcmp(isa_cap, levels[level]) == 0) break;
        if (!levels[level]) return fail_unknown(err, isa_cap);
    }

    *t = (struct kernels){.isa = "ref"};
    t->gemm[DTYPE_F32] = (struct gemm){gemm_f32_f32_ref, pack_f32_1, pack_size_f32_1, .mr = 1,
                                       .nr = 1};
    if (level == 0) return OK; /* a POWER8 has VSX and no feature bit to mask it with */

    features &= features_by_level[level];
#if defined(__x86_64__)
    kernels_init_x86(t, features);
#elif defined(__powerpc64__)
    kernels_init_ppc(t, features);
#endif
    return OK;
}
