/* SPDX-License-Identifier: MIT
 *
 * Looking field names up; hashed as the lexicon is.
 */
#include "anon/fields.h"

#include <string.h>

#include "text/words.h"

static const struct name_slot *find(const struct name_slot *slots, uint32_t size,
                                    const unsigned char *name, size_t n) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ fold_lower(name[i])) * 16777619u;
    for (uint32_t at = hash & (size - 1);; at = (at + 1) & (size - 1)) {
        const struct name_slot *slot = &slots[at];
        if (!slot->name) return NULL;
        size_t i = 0;
        while (i < n && (unsigned char)slot->name[i] == fold_lower(name[i]))
            i++;
        if (i == n && slot->name[n] == '\0') return slot;
    }
}

const struct field *field_lookup(const char *name, size_t n) {
    const struct name_slot *slot = find(field_slots, field_slots_size, (const unsigned char *)name,
                                        n);
    return slot && slot->index != FIELD_NONE ? &fields[slot->index] : NULL;
}

bool field_may_begin(const unsigned char *word, size_t n) {
    return find(field_slots, field_slots_size, word, n) != NULL;
}

const struct cue *cue_lookup(const char *word, size_t n) {
    const struct name_slot *slot = find(cue_slots, cue_slots_size, (const unsigned char *)word, n);
    return slot && slot->index != FIELD_NONE ? &cues[slot->index] : NULL;
}
