/* SPDX-License-Identifier: MIT
 *
 * Inside a matcher, for its tests and measurements: memory that is forgotten early, and how much is
 * in use.
 */
#ifndef SIGILO_ENGINE_MATCHER_INTERNAL_H
#define SIGILO_ENGINE_MATCHER_INTERNAL_H

#include "engine/grammar.h"

/* As matcher_open, with another ceiling than STATES_CEILING_BYTES. */
enum status matcher_open_within(struct matcher **out, const struct grammar *g,
                                const struct token_trie *trie, size_t ceiling_bytes,
                                struct error *err);

struct matcher_usage {
    size_t n_states, n_forgotten; /* states remembered; times all was forgotten */
    size_t bytes;
};
struct matcher_usage matcher_usage(const struct matcher *m);

#endif
