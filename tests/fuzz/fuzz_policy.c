/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a policy: refused with a message, or a policy that keeps no direct identifier and
 * can be used.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anon/anon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "fuzz_policy: %s\n", what);
    abort();
}

/* Its own patterns and words run over a note; a pattern may hit its limit. */
static void use(const struct policy *policy) {
    static const char note[] =
        "Paciente: Ana Etchepare CI 4.027.713-0, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 099 412 087\n";
    struct anonymizer *anonymizer;
    struct document doc;
    struct anon_result result;
    struct error err = {.status = OK};
    const struct anonymizer_options opt = {.policy = policy, .detectors = DETECTOR_RULES};
    require(anonymizer_open(&anonymizer, &opt, &err) == OK,
            "a policy that was read cannot be opened");
    require(document_from_bytes(&doc, note, sizeof(note) - 1, &err) == OK,
            "the note is no document");
    const enum status st = anonymize(&result, anonymizer, &doc, &err);
    require(st == OK || st == ERR_LIMIT, "the note cannot be anonymised");
    if (st == OK) anon_result_release(&result);
    document_close(&doc);
    anonymizer_close(anonymizer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct policy *policy;
    struct error err = {.status = OK};
    if (policy_parse(&policy, (const char *)data, n, "fuzz", &err)) {
        require(err.status != OK && *err.message, "refused without a word");
        return 0;
    }
    for (int k = 0; k < KIND_COUNT; k++) {
        const struct policy_row *row = &policy->rows[k];
        if (kind_is_direct((enum kind)k))
            require(row->label && row->operator!= OPERATOR_KEEP, "a direct identifier is kept");
        require(!row->label || row->placeholder, "a label without a placeholder");
    }
    use(policy);
    policy_close(policy);
    return 0;
}
