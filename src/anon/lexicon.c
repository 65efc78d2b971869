/* SPDX-License-Identifier: MIT
 *
 * Looking words up: FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/) and linear probing over
 * the table that the build made, at most half full.
 */
#include "anon/lexicon.h"

#include <stdbool.h>

#include "text/words.h"

static bool same(const char *key, const unsigned char *word, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)key[i] != fold_lower(word[i])) return false;
    return true;
}

uint64_t lexicon_lookup(const unsigned char *word, size_t n) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ fold_lower(word[i])) * 16777619u;
    for (uint32_t at = hash & (lexicon_size - 1);; at = (at + 1) & (lexicon_size - 1)) {
        const struct lexicon_slot *slot = &lexicon_slots[at];
        if (slot->n == 0) return 0;
        if (slot->n == n && same(lexicon_keys + slot->offset, word, n)) return slot->classes;
    }
}
