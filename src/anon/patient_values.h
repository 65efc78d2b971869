/* SPDX-License-Identifier: MIT
 *
 * What is known of a patient, as the matcher compares it: everything folded, lower case.
 */
#ifndef SIGILO_ANON_PATIENT_VALUES_H
#define SIGILO_ANON_PATIENT_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "anon/kinds.h"
#include "base/error.h"
#include "base/mem.h"

enum { PATIENT_VALUE_MAX = 256 };

enum patient_form {
    PATIENT_NAME,   /* words in any order, any part */
    PATIENT_DIGITS, /* digits alone count */
    PATIENT_CODE,   /* letters and digits, in a row */
    PATIENT_STREET, /* words in this order, then perhaps the number */
    PATIENT_DATE,   /* day, month, year */
    PATIENT_TEXT,   /* as it is: an e-mail address */
};

struct patient_value {
    enum kind kind;
    enum patient_form form;
    char text[PATIENT_VALUE_MAX]; /* folded: words with single blanks; digits; as it is */
    unsigned day, month, year;    /* of a date */
};

struct patient {
    struct array values; /* struct patient_value */
};

/* Adds a value in UTF-8, in each form it may be written in. A value without a letter or digit is
 * left out. false when memory is short. */
bool patient_add(struct patient *p, enum kind kind, const char *utf8);

/* The kind that a key or heading stands for, or KIND_COUNT. */
enum kind patient_kind_of_key(const char *utf8);

#endif
