/* SPDX-License-Identifier: MIT
 *
 * DRY ("don't repeat yourself", p-e-w 2024): a token that would make the end of the text repeat a
 * longer and longer sequence of before is penalised more and more. docs/sampling.md.
 */
#ifndef SIGILO_ENGINE_DRY_H
#define SIGILO_ENGINE_DRY_H

#include "engine/candidates.h"
#include "engine/sampler.h"

struct dry;

/* `t` may be NULL: no breakers. */
enum status dry_open(struct dry **out, const struct sampling *s, size_t n_vocab,
                     const struct tokenizer *t, struct error *err);
void dry_close(struct dry *d); /* NULL is accepted; wipes */

/* Adds to the history. */
enum status dry_accept(struct dry *d, const int32_t *ids, size_t n, struct error *err);

/* Lowers logits. */
void dry_apply(struct dry *d, struct candidates *c);

#endif
