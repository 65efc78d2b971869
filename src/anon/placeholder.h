/* SPDX-License-Identifier: MIT
 *
 * Placeholders that stand in a text already: "[NOMBRE]", "[FECHA_2]". Each is read as one token
 * that no rule can see into, so "[FECHA] 12" is no field with a value, and a second run over an
 * output finds nothing new.
 */
#ifndef SIGILO_ANON_PLACEHOLDER_H
#define SIGILO_ANON_PLACEHOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "anon/policy.h"
#include "base/mem.h"
#include "text/words.h"

enum { PLACEHOLDER_MAX = 112 }; /* folded; a policy allows 100 bytes */

/* What a placeholder is made of, between its brackets, in the masked text that is looked at again
 * (anon/detect.c): as wide as the placeholder, so columns stay, and never mistaken for text. */
enum { PLACEHOLDER_MASK = 0x1a };

struct placeholders {
    struct array words; /* char[PLACEHOLDER_MAX]: what stands inside the brackets, folded */
};

/* Those of a policy; false when memory is short. */
bool placeholders_init(struct placeholders *p, const struct policy *policy);
void placeholders_release(struct placeholders *p);

/* Makes every placeholder among the tokens one token: a mark of more than one character. */
void placeholders_collapse(const struct placeholders *p, struct array *tokens,
                           const unsigned char *text);

static inline bool token_is_placeholder(const struct token *t) {
    return t->type == TOKEN_MARK && t->end - t->start > 1;
}

#endif
