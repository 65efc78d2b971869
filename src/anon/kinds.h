/* SPDX-License-Identifier: MIT
 *
 * The inventory of kinds: what detectors speak. A policy maps kinds to its labels and actions
 * (table of docs/anonymiser.md).
 */
#ifndef SIGILO_ANON_KINDS_H
#define SIGILO_ANON_KINDS_H

#include <stdbool.h>

enum kind {
    KIND_NAME_PATIENT,
    KIND_NAME_RELATIVE,
    KIND_NAME_OTHER,
    KIND_NAME_STAFF,
    KIND_ID_NATIONAL,
    KIND_ID_FOREIGN,
    KIND_ID_RECORD,
    KIND_ID_EPISODE,
    KIND_ID_INSURANCE,
    KIND_ID_STAFF_LICENCE,
    KIND_ID_STAFF_EMPLOYEE,
    KIND_ID_FISCAL,
    KIND_ID_ACCOUNT,
    KIND_ID_USER,
    KIND_ID_OTHER,
    KIND_ID_VEHICLE,
    KIND_ID_DEVICE,
    KIND_URL,
    KIND_IP,
    KIND_PHONE,
    KIND_FAX,
    KIND_EMAIL,
    KIND_STREET,
    KIND_PLACE,
    KIND_COUNTRY,
    KIND_HOSPITAL,
    KIND_HEALTH_CENTRE,
    KIND_INSTITUTION,
    KIND_DATE,
    KIND_AGE,
    KIND_PROFESSION,
    KIND_SEX,
    KIND_KINSHIP,
    KIND_OTHER,
    KIND_COUNT
};

/* "NAME_PATIENT"...; static storage. */
const char *kind_name(enum kind kind);

/* The kind of that name, or KIND_COUNT. */
enum kind kind_from_name(const char *name);

/* Direct identifiers name one person by themselves; the rest are quasi-identifiers or neither. */
bool kind_is_direct(enum kind kind);
bool kind_is_name(enum kind kind);
bool kind_is_id(enum kind kind);

#endif
