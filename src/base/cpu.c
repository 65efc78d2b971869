/* SPDX-License-Identifier: MIT
 *
 * Processor features. On Power the kernel's hardware capabilities are asked, not the processor's
 * name: __builtin_cpu_is("power10") is 0 under qemu, and a POWER10 machine in POWER9
 * compatibility mode must not be handed MMA instructions.
 */
#include "base/cpu.h"

#if defined(__powerpc64__)
#include <sys/auxv.h>

unsigned cpu_features(void) {
    const unsigned long hwcap2 = getauxval(AT_HWCAP2);
    unsigned features = 0;
    if (hwcap2 & PPC_FEATURE2_ARCH_3_00) features |= CPU_PPC_VSX3;
    if ((hwcap2 & PPC_FEATURE2_ARCH_3_1) && (hwcap2 & PPC_FEATURE2_MMA)) features |= CPU_PPC_MMA;
    return features;
}

#elif defined(__x86_64__)
#include <cpuid.h>

/* Not every compiler's __builtin_cpu_supports knows the name. */
static int has_f16c(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}

unsigned cpu_features(void) {
    unsigned features = 0;
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c())
        features |= CPU_X86_AVX2;
    return features;
}

#else

unsigned cpu_features(void) {
    return 0;
}

#endif
