/* SPDX-License-Identifier: MIT
 *
 * Names of the kinds.
 */
#include "anon/kinds.h"

#include <string.h>

static const char *const names[KIND_COUNT] = {
    [KIND_NAME_PATIENT] = "NAME_PATIENT",
    [KIND_NAME_RELATIVE] = "NAME_RELATIVE",
    [KIND_NAME_OTHER] = "NAME_OTHER",
    [KIND_NAME_STAFF] = "NAME_STAFF",
    [KIND_ID_NATIONAL] = "ID_NATIONAL",
    [KIND_ID_FOREIGN] = "ID_FOREIGN",
    [KIND_ID_RECORD] = "ID_RECORD",
    [KIND_ID_EPISODE] = "ID_EPISODE",
    [KIND_ID_INSURANCE] = "ID_INSURANCE",
    [KIND_ID_STAFF_LICENCE] = "ID_STAFF_LICENCE",
    [KIND_ID_STAFF_EMPLOYEE] = "ID_STAFF_EMPLOYEE",
    [KIND_ID_FISCAL] = "ID_FISCAL",
    [KIND_ID_ACCOUNT] = "ID_ACCOUNT",
    [KIND_ID_USER] = "ID_USER",
    [KIND_ID_OTHER] = "ID_OTHER",
    [KIND_ID_VEHICLE] = "ID_VEHICLE",
    [KIND_ID_DEVICE] = "ID_DEVICE",
    [KIND_URL] = "URL",
    [KIND_IP] = "IP",
    [KIND_PHONE] = "PHONE",
    [KIND_FAX] = "FAX",
    [KIND_EMAIL] = "EMAIL",
    [KIND_STREET] = "STREET",
    [KIND_PLACE] = "PLACE",
    [KIND_COUNTRY] = "COUNTRY",
    [KIND_HOSPITAL] = "HOSPITAL",
    [KIND_HEALTH_CENTRE] = "HEALTH_CENTRE",
    [KIND_INSTITUTION] = "INSTITUTION",
    [KIND_DATE] = "DATE",
    [KIND_AGE] = "AGE",
    [KIND_PROFESSION] = "PROFESSION",
    [KIND_SEX] = "SEX",
    [KIND_KINSHIP] = "KINSHIP",
    [KIND_OTHER] = "OTHER",
};

const char *kind_name(enum kind kind) {
    return kind < KIND_COUNT ? names[kind] : "?";
}

enum kind kind_from_name(const char *name) {
    for (int k = 0; k < KIND_COUNT; k++)
        if (strcmp(names[k], name) == 0) return (enum kind)k;
    return KIND_COUNT;
}

bool kind_is_direct(enum kind kind) {
    return kind <= KIND_EMAIL;
}

bool kind_is_name(enum kind kind) {
    return kind <= KIND_NAME_STAFF;
}

bool kind_is_id(enum kind kind) {
    return kind >= KIND_ID_NATIONAL && kind <= KIND_IP;
}
