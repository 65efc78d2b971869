/* SPDX-License-Identifier: MIT
 *
 * Detection on folded text: the site's lists, the rules, propagation, and looking again at what
 * would be written.
 */
#ifndef SIGILO_ANON_DETECT_H
#define SIGILO_ANON_DETECT_H

#include "anon/anon.h"
#include "anon/site.h"
#include "anon/span.h"

struct detection {
    struct array spans; /* struct span: in order, not overlapping, over the folded document */
    size_t n_residue;   /* values found that still stand outside the spans */
};

/* Finds everything in the document. A span that the policy keeps is not in the result.
 *
 * The text is looked at again with the replacements in place, until nothing new is found (at most
 * DETECT_ROUNDS times): so a second run over the output finds nothing, and what one replacement
 * uncovers is not left. ERR_LIMIT, ERR_NOMEM. */
enum { DETECT_ROUNDS = 4 };
enum status detect(struct detection *out, const struct folded *folded, const struct policy *policy,
                   const struct site *site, struct error *err);
void detection_release(struct detection *d);

#endif
