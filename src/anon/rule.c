/* SPDX-License-Identifier: MIT
 *
 * Names and reasons of the rules.
 */
#include "anon/rule.h"

#include <stddef.h>

#include "anon/anon.h"
#include "base/intl.h"

static const struct {
    const char *detector;
    const char *why;
} rules[RULE_COUNT] = {
    [RULE_FIELD] = {"rules:field", N_("value of a labelled field")},
    [RULE_FIELD_BELOW] = {"rules:field", N_("value on the line below its label")},
    [RULE_EMAIL] = {"rules:email", N_("e-mail address")},
    [RULE_URL] = {"rules:url", N_("web address")},
    [RULE_IP] = {"rules:ip", N_("network address")},
    [RULE_HANDLE] = {"rules:handle", N_("user of a messaging service")},
    [RULE_DATE_NUMERIC] = {"rules:date", N_("day, month and year in figures")},
    [RULE_DATE_WORDS] = {"rules:date", N_("date with the month in words")},
    [RULE_DATE_PART] = {"rules:date", N_("part of a date: day and month, month, or year")},
    [RULE_DATE_DAY] = {"rules:date", N_("day of the month alone")},
    [RULE_PHONE] = {"rules:phone", N_("shape of a telephone number")},
    [RULE_PHONE_CUED] = {"rules:phone", N_("number after a word for telephone")},
    [RULE_CEDULA] = {"rules:cedula", N_("shape of a cédula; its check digit does not agree")},
    [RULE_CEDULA_CHECKED] = {"rules:cedula", N_("cédula whose check digit agrees")},
    [RULE_ID_CUED] = {"rules:id", N_("code after its word")},
    [RULE_ID_SHAPE] = {"rules:id", N_("shape of an identifier")},
    [RULE_STREET] = {"rules:street", N_("street, route or plot")},
    [RULE_STREET_PLACE] = {"rules:street", N_("landmark of somebody's home")},
    [RULE_POSTAL_CODE] = {"rules:place", N_("postal code")},
    [RULE_TITLE] = {"rules:title", N_("name after a title or a role")},
    [RULE_STAFF_LIST] = {"rules:title", N_("name in a list of staff")},
    [RULE_COURTESY] = {"rules:title", N_("name after a form of courtesy")},
    [RULE_KIN_NAME] = {"rules:kin", N_("name beside a word of kinship")},
    [RULE_NAME_LISTED] = {"rules:name", N_("words of the name lists")},
    [RULE_NAME_SHAPE] = {"rules:name", N_("capitalised word where a person is expected")},
    [RULE_INITIALS] = {"rules:name", N_("initials of a person")},
    [RULE_INSTITUTION_HEAD] = {"rules:institution", N_("generic word and a proper name")},
    [RULE_INSTITUTION_LISTED] = {"rules:institution", N_("institution of the lists")},
    [RULE_PLACE_LISTED] = {"rules:place", N_("place of the lists")},
    [RULE_PLACE_CUED] = {"rules:place", N_("place after a word that announces one")},
    [RULE_AGE] = {"rules:age", N_("age of a person")},
    [RULE_SEX] = {"rules:sex", N_("sex of the patient")},
    [RULE_KIN] = {"rules:kin", N_("word of kinship")},
    [RULE_PROFESSION] = {"rules:profession", N_("occupation")},
    [RULE_PROPAGATED] = {"propagated", N_("the same value was found elsewhere in the document")},
    [RULE_SITE] = {"rules:site", N_("the site's list of what is always replaced")},
    [RULE_PATIENT] = {"patient", N_("known of the patient (--patient)")},
    [RULE_TAGGER] = {"tagger", N_("the built-in tagger")},
};

const char *rule_detector(unsigned i) {
    return i < RULE_COUNT ? rules[i].detector : NULL;
}

const char *rule_why(unsigned i) {
    return i < RULE_COUNT ? _(rules[i].why) : NULL;
}
