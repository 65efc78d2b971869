/* SPDX-License-Identifier: MIT
 *
 * Random weights straight in the formats of the file.
 */
#ifndef SIGILO_CONVERT_RANDOM_ROWS_H
#define SIGILO_CONVERT_RANDOM_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "quant/quant.h"

/* From -1 to 1, an exact multiple of 2^-23. */
float random64_float(struct random64 *r);

/* Fills n bytes, a multiple of the format's block, with weights of mean 0 and about this
 * deviation. Every bit pattern is one that an encoder could have written. */
void random_blocks(struct random64 *r, enum dtype type, float deviation, void *blocks, size_t n);

#endif
