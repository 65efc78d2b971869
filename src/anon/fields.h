/* SPDX-License-Identifier: MIT
 *
 * The names of fields that forms use (src/anon/lexicon/fields.txt), and the words that announce an
 * identifier in running text (cues.txt), as static hash tables that tools/embed.py makes at build
 * time.
 */
#ifndef SIGILO_ANON_FIELDS_H
#define SIGILO_ANON_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "anon/kinds.h"

/* What a field's value is made of. */
enum value_type {
    VALUE_NAME,
    VALUE_STAFF,
    VALUE_CEDULA,
    VALUE_CODE,
    VALUE_PHONE,
    VALUE_DATE,
    VALUE_AGE,
    VALUE_ADDRESS,
    VALUE_PLACE,
    VALUE_COUNTRY,
    VALUE_INSTITUTION,
    VALUE_PROFESSION,
    VALUE_SEX,
    VALUE_USER,
    VALUE_POSTAL_CODE,
    VALUE_EMAIL,
    VALUE_OTHER, /* a heading that ends the value before it, and holds nothing itself */
};

struct field {
    enum value_type type;
    enum kind kind;
    bool needs_colon; /* too ordinary a word to count alone on its line or before a gap */
};

struct name_slot {
    const char *name;   /* folded, single blanks; NULL: an empty slot */
    uint16_t index;     /* index in the table; FIELD_NONE: only the first word of longer names */
    bool begins_longer; /* it is the first word of names of several words */
};

enum { FIELD_NONE = 0xffff };

extern const uint32_t field_slots_size; /* a power of two */
extern const struct name_slot field_slots[];
extern const struct field fields[];

struct cue {
    enum kind kind;
    unsigned char digits_min; /* how few digits still make a code after it */
};

extern const uint32_t cue_slots_size;
extern const struct name_slot cue_slots[];
extern const struct cue cues[];

/* The cue a word is (any case), or NULL. */
const struct cue *cue_lookup(const char *word, size_t n);

/* The field of that name (n folded, lower-case bytes), or NULL. */
const struct field *field_lookup(const char *name, size_t n);

/* Whether a word (any case) begins some field's name: dismisses most words of prose. */
bool field_may_begin(const unsigned char *word, size_t n);

#endif
