/* SPDX-License-Identifier: MIT
 *
 * A stream of 64-bit numbers that looks random and is the same on every machine: splitmix64
 * (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014). Not for
 * secrets.
 */
#ifndef SIGILO_BASE_RANDOM_H
#define SIGILO_BASE_RANDOM_H

#include <stdint.h>

struct random64 { /* {seed} begins a stream */
    uint64_t state;
};

uint64_t random64_next(struct random64 *r);

/* From 0 up to, not including, 1: a multiple of 2^-53. */
double random64_double(struct random64 *r);

#endif
