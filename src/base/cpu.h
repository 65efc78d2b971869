/* SPDX-License-Identifier: MIT
 *
 * What this processor can do, asked once at start.
 */
#ifndef SIGILO_BASE_CPU_H
#define SIGILO_BASE_CPU_H

enum cpu_feature {
    CPU_X86_AVX2 = 1u << 0, /* AVX2, FMA and F16C, and the system saves the YMM registers */
    CPU_PPC_VSX3 = 1u << 8, /* ISA 3.0: POWER9 */
    CPU_PPC_MMA = 1u << 9,  /* ISA 3.1 with the Matrix-Multiply Assist: POWER10 */
};

/* The features of the processor this runs on, an OR of enum cpu_feature. */
unsigned cpu_features(void);

#endif
