/* SPDX-License-Identifier: MIT
 *
 * Sorting finds.
 */
#include "anon/span.h"

#include <stdlib.h>

static int compare(const void *a, const void *b) {
    const struct span *x = a, *y = b;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    if (x->end != y->end) return x->end > y->end ? -1 : 1;
    return 0;
}

void spans_sort(struct array *spans) {
    if (spans->n > 1) qsort(spans->data, spans->n, sizeof(struct span), compare);
}
