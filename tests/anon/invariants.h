/* SPDX-License-Identifier: MIT
 *
 * What must hold of the anonymiser on any bytes at all. Shared by the property test, which brings
 * corpora and mutants, and by the fuzzer of the rules, which brings the rest.
 */
#ifndef SIGILO_TESTS_ANON_INVARIANTS_H
#define SIGILO_TESTS_ANON_INVARIANTS_H

#include <stdbool.h>
#include <stddef.h>

#include "anon/anon.h"

/* An anonymiser with a policy of its own. */
struct subject {
    const char *policy_name; /* a shipped one */
    const char *action;      /* the default operator put into it */
    struct policy *policy;
    struct anonymizer *anonymizer;
};

/* Opens a shipped policy with another default operator; false when it cannot. */
bool subject_open(struct subject *s, const char *policy_name, const char *action);
void subject_close(struct subject *s);

/* True when everything holds, or when the bytes are no text and so are refused:
 *
 *   spans in order, in range, apart, not empty, without a line end in them
 *   code-point and byte offsets agree, by a decoder that is not the program's
 *   the output with each replacement put back by position is the input, byte for byte
 *   CHECK_REPEAT: a second run over the input gives the same spans
 *   CHECK_STABLE: a run over the output finds nothing (placeholder and numbered)
 *
 * Else false, and `err` says which, with numbers and never text of the document. The two that cost
 * a run of their own are for the caller to choose. */
enum { CHECK_REPEAT = 1, CHECK_STABLE = 2 };
bool invariants_hold(const struct subject *s, const void *bytes, size_t n, unsigned checks,
                     struct error *err);

/* The decoder of the tests: bytes that the code point at s[0], n > 0, takes. */
size_t test_decode(enum encoding encoding, const unsigned char *s, size_t n, uint32_t *cp);

#endif
