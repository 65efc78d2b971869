/* SPDX-License-Identifier: MIT
 *
 * The rules by name. A span carries the set of rules that found it (one bit each), from which the
 * detector's name in --json and the reason in --explain follow.
 */
#ifndef SIGILO_ANON_RULE_H
#define SIGILO_ANON_RULE_H

#include <stdint.h>

enum rule {
    RULE_FIELD,       /* value of a labelled field */
    RULE_FIELD_BELOW, /* value on the line below its label, or in the column below */
    RULE_EMAIL,
    RULE_URL,
    RULE_IP,
    RULE_HANDLE, /* @user of a messaging service */
    RULE_DATE_NUMERIC,
    RULE_DATE_WORDS,
    RULE_DATE_PART, /* day/month without year, a month, a year */
    RULE_DATE_DAY,  /* "el 11" */
    RULE_PHONE,
    RULE_PHONE_CUED, /* digits after tel, cel, int. */
    RULE_CEDULA,
    RULE_CEDULA_CHECKED, /* its check digit agrees */
    RULE_ID_CUED,        /* a code after its word */
    RULE_ID_SHAPE,       /* the shape alone tells: DNI, NIE, IBAN, RUT, plates */
    RULE_STREET,
    RULE_STREET_PLACE, /* "atrás del club" */
    RULE_POSTAL_CODE,
    RULE_TITLE, /* title or role, then a name */
    RULE_STAFF_LIST,
    RULE_COURTESY,
    RULE_KIN_NAME,    /* kinship word, then a name */
    RULE_NAME_LISTED, /* words from the name lists */
    RULE_NAME_SHAPE,  /* an unknown capitalised word where a person is expected */
    RULE_INITIALS,
    RULE_INSTITUTION_HEAD,
    RULE_INSTITUTION_LISTED,
    RULE_PLACE_LISTED,
    RULE_PLACE_CUED,
    RULE_AGE,
    RULE_SEX,
    RULE_KIN,
    RULE_PROFESSION,
    RULE_PROPAGATED,
    RULE_SITE,    /* the site's `always` list */
    RULE_TAGGER,  /* the built-in tagger */
    RULE_PATIENT, /* what is known of the patient */
    RULE_COUNT
};

_Static_assert(RULE_COUNT <= 64, "a span keeps its rules as bits of 64");

#define RULE_BIT(rule) ((uint64_t)1 << (rule))

#endif
