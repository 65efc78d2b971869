/* SPDX-License-Identifier: MIT
 *
 * The formats of JSON Schema, as patterns: none allows what its specification forbids, some allow
 * less than all of it (docs/json-schema.md has the table). They are patterns like the schema's own
 * and go together with lengths and patterns.
 */
#include "engine/schema.h"

#include <string.h>

#include "base/intl.h"

/* RFC 3339. No year 0, which Python does not know; February has 29 days in leap years alone; no
 * leap second, since it depends on the date. */
#define YEAR "([1-9]\\d{3}|0[1-9]\\d\\d|00[1-9]\\d|000[1-9])"
#define LEAP_YEAR                                                                                  \
    "([1-9]\\d|\\d[1-9])(0[48]|[2468][048]|[13579][26])|00(0[48]|[2468][048]|[13579][26])|"        \
    "(0[48]|[2468][048]|[13579][26])00"
#define DATE                                                                                       \
    "(" YEAR "-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|"          \
    "02-(0[1-9]|1\\d|2[0-8]))|(" LEAP_YEAR ")-02-29)"
#define HOUR "([01]\\d|2[0-3])"
#define TIME HOUR ":[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]" HOUR ":[0-5]\\d)"

/* RFC 1123: labels of at most 63 characters, 253 in all. No two hyphens in a row: those are names
 * in another script, encoded, and not every text is one. */
#define LABEL_LONG "[A-Za-z0-9]{1,30}(-[A-Za-z0-9]{1,10}){0,3}"
#define LABEL_SHORT "[A-Za-z0-9]{1,12}(-[A-Za-z0-9]{1,12})?"
#define HOST "(" LABEL_SHORT "(\\." LABEL_SHORT "){0,8}|" LABEL_LONG "(\\." LABEL_LONG "){0,2})"
#define HOST_DOTTED LABEL_SHORT "(\\." LABEL_SHORT "){0,6}\\.[A-Za-z]{2,12}"

#define ATEXT "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
#define OCTET "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
#define IPV4 OCTET "(\\." OCTET "){3}"
#define H16 "[0-9A-Fa-f]{1,4}"
#define IPV6                                                                                       \
    "(" H16 "(:" H16 "){7}|::(" H16 "(:" H16 "){0,6})?|" H16 "::(" H16 "(:" H16 "){0,5})?|" H16    \
    "(:" H16 "){1}::(" H16 "(:" H16 "){0,4})?|" H16 "(:" H16 "){2}::(" H16 "(:" H16                \
    "){0,3})?|" H16 "(:" H16 "){3}::(" H16 "(:" H16 "){0,2})?|" H16 "(:" H16 "){4}::(" H16         \
    "(:" H16 ")?)?|" H16 "(:" H16 "){5}::(" H16 ")?|" H16 "(:" H16 "){6}::)"

/* RFC 3986: with a scheme and a host, or the scheme and a path of the kind of urn:a:b. */
#define PCHAR "([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
#define SCHEME "[A-Za-z][A-Za-z0-9+.-]{0,15}:"
#define TAIL "(\\?(" PCHAR "|[/?])*)?(#(" PCHAR "|[/?])*)?"
#define URI SCHEME "(//" HOST "(:\\d{1,4})?(/" PCHAR "*)*|" PCHAR "+(/" PCHAR "+)*)" TAIL
#define POINTER "(/([^/~]|~[01])*)*"

#define WHOLE(body) "^(" body ")$"

static const struct format {
    const char *name;
    const char *pattern; /* NULL: says nothing about strings */
} formats[] = {
    {"date", WHOLE(DATE)},
    {"time", WHOLE(TIME)},
    {"date-time", WHOLE(DATE "T" TIME)},
    {"duration", WHOLE("P(\\d{1,6}W|(\\d{1,6}Y(\\d{1,6}M(\\d{1,6}D)?)?|\\d{1,6}M(\\d{1,6}D)?|"
                       "\\d{1,6}D)(T(\\d{1,6}H(\\d{1,6}M(\\d{1,6}S)?)?|\\d{1,6}M(\\d{1,6}S)?|"
                       "\\d{1,6}S))?|T(\\d{1,6}H(\\d{1,6}M(\\d{1,6}S)?)?|\\d{1,6}M(\\d{1,6}S)?|"
                       "\\d{1,6}S))")},
    {"uuid", WHOLE("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")},
    {"email", WHOLE(ATEXT "{1,20}(\\." ATEXT "{1,20}){0,2}@" HOST_DOTTED)},
    {"idn-email", WHOLE(ATEXT "{1,20}(\\." ATEXT "{1,20}){0,2}@" HOST_DOTTED)},
    {"hostname", WHOLE(HOST)},
    {"idn-hostname", WHOLE(HOST)},
    {"ipv4", WHOLE(IPV4)},
    {"ipv6", WHOLE(IPV6)},
    {"uri", WHOLE(URI)},
    {"uri-reference", WHOLE(URI)},
    {"iri", WHOLE(URI)},
    {"iri-reference", WHOLE(URI)},
    {"json-pointer", WHOLE(POINTER)},
    {"relative-json-pointer", WHOLE("(0|[1-9]\\d{0,8})(#|" POINTER ")")},
    /* of OpenAPI, for numbers */
    {"int32", NULL},
    {"int64", NULL},
    {"float", NULL},
    {"double", NULL},
};

static const struct format *find_format(const char *name) {
    for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
        if (strcmp(formats[i].name, name) == 0) return &formats[i];
    return NULL;
}

bool schema_knows_format(const char *name) {
    return find_format(name) != NULL;
}

unsigned schema_format_types(const char *name) {
    const struct format *f = find_format(name);
    return f && !f->pattern ? TYPE_NUMBER : TYPE_STRING;
}

enum status schema_format(struct translator *t, const char *name, const struct place *at,
                          struct pattern **out) {
    const struct format *f = find_format(name);
    *out = NULL;
    if (!f || !f->pattern) return OK; /* an unknown one was refused with the keywords */
    return schema_pattern(t, f->pattern, at, out);
}
