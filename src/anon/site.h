/* SPDX-License-Identifier: MIT
 *
 * A site's own lists: words and patterns that are always, or never, replaced.
 */
#ifndef SIGILO_ANON_SITE_H
#define SIGILO_ANON_SITE_H

#include "anon/note.h"
#include "anon/policy.h"

struct site;

/* Folds the words and compiles the patterns of a policy. */
enum status site_open(struct site **out, const struct policy *policy, struct error *err);
void site_close(struct site *site); /* accepts NULL */

/* Claims what the `always` list finds in a piece, before any rule. ERR_LIMIT when a pattern hit
 * its match limit: the message says which entry. */
enum status site_claim_always(const struct site *site, struct note *note, struct error *err);

/* True when the `never` list names this find: the whole of it, folded. */
enum status site_is_never(const struct site *site, const unsigned char *text, size_t start,
                          size_t end, bool *never, struct error *err);

#endif
