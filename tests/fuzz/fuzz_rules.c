/* SPDX-License-Identifier: MIT
 *
 * The rules on any bytes: the invariants of tests/anon hold under both policies. The first byte
 * chooses policy and operator, the rest is the document.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../anon/invariants.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static const char *const operators[] = {"placeholder", "numbered", "mask", "remove"};
    static struct subject subjects[8]; /* opened once: an anonymiser is never written again */
    if (n == 0) return 0;
    struct subject *s = &subjects[data[0] % 8];
    struct error err;
    if (!s->anonymizer &&
        !subject_open(s, data[0] % 8 < 4 ? "uruguay" : "meddocan", operators[data[0] % 4]))
        abort();
    if (invariants_hold(s, data + 1, n - 1, CHECK_REPEAT | CHECK_STABLE, &err)) return 0;
    fprintf(stderr, "fuzz_rules: %s, %s: %s\n", s->policy_name, s->action, err.message);
    abort();
}
