/* SPDX-License-Identifier: MIT
 *
 * What this machine could do at best with a model, measured: the yardstick of `sigilo bench`.
 */
#ifndef SIGILO_ENGINE_LIMITS_H
#define SIGILO_ENGINE_LIMITS_H

#include "engine/engine.h"

struct engine_limits {
    double read_bytes_per_second;       /* all threads reading the weights from memory */
    double generated_tokens_per_second; /* the same, by the bytes one token reads */
    double macs_per_second;             /* all threads in the product the model has most of, on
                                           packed weights and activations that lie in the cache */
    double prompt_tokens_per_second;    /* the same, by the products of one token; the output matrix
                                           is left out: a prompt needs it once */
};

/* Takes about a second. */
enum status engine_measure_limits(struct engine_limits *out, struct engine *e, struct error *err);

#endif
