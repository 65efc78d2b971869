/* SPDX-License-Identifier: MIT
 *
 * What detectors find: ranges of folded text with a kind and a score.
 */
#ifndef SIGILO_ANON_SPAN_H
#define SIGILO_ANON_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "anon/kinds.h"
#include "base/mem.h"

/* Compact, for a 100 MB document may hold millions. */
struct span {
    uint32_t start, end; /* in the folded text, end exclusive */
    uint64_t rules;      /* RULE_BIT()s */
    uint8_t kind;        /* enum kind */
    uint8_t score;       /* percent */
};

static inline struct span *spans_data(const struct array *spans) {
    return spans->data;
}

/* Orders spans by start, the longer first. */
void spans_sort(struct array *spans);

#endif
