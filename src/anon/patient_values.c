/* SPDX-License-Identifier: MIT
 *
 * Values in the forms people write them in.
 */
#include "anon/patient_values.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "text/fold.h"

enum { DIGITS_MIN = 5 };

static const struct {
    const char *key; /* folded */
    enum kind kind;
} keys[] = {
    {"nombre", KIND_NAME_PATIENT},
    {"nombres", KIND_NAME_PATIENT},
    {"apellido", KIND_NAME_PATIENT},
    {"apellidos", KIND_NAME_PATIENT},
    {"nombre completo", KIND_NAME_PATIENT},
    {"name", KIND_NAME_PATIENT},
    {"names", KIND_NAME_PATIENT},
    {"first name", KIND_NAME_PATIENT},
    {"last name", KIND_NAME_PATIENT},
    {"familiar", KIND_NAME_RELATIVE},
    {"familiares", KIND_NAME_RELATIVE},
    {"relative", KIND_NAME_RELATIVE},
    {"relatives", KIND_NAME_RELATIVE},
    {"ci", KIND_ID_NATIONAL},
    {"cedula", KIND_ID_NATIONAL},
    {"documento", KIND_ID_NATIONAL},
    {"dni", KIND_ID_NATIONAL},
    {"id", KIND_ID_NATIONAL},
    {"ids", KIND_ID_NATIONAL},
    {"pasaporte", KIND_ID_FOREIGN},
    {"passport", KIND_ID_FOREIGN},
    {"hc", KIND_ID_RECORD},
    {"historia", KIND_ID_RECORD},
    {"historia clinica", KIND_ID_RECORD},
    {"registro", KIND_ID_RECORD},
    {"record", KIND_ID_RECORD},
    {"telefono", KIND_PHONE},
    {"telefonos", KIND_PHONE},
    {"celular", KIND_PHONE},
    {"celulares", KIND_PHONE},
    {"phone", KIND_PHONE},
    {"phones", KIND_PHONE},
    {"email", KIND_EMAIL},
    {"e mail", KIND_EMAIL},
    {"correo", KIND_EMAIL},
    {"direccion", KIND_STREET},
    {"domicilio", KIND_STREET},
    {"address", KIND_STREET},
    {"fecha nacimiento", KIND_DATE},
    {"fecha de nacimiento", KIND_DATE},
    {"birth date", KIND_DATE},
    {"birthdate", KIND_DATE},
};

enum kind patient_kind_of_key(const char *utf8) {
    char folded[64];
    fold_phrase(folded, sizeof(folded), utf8);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(keys[i].key, folded) == 0) return keys[i].kind;
    return KIND_COUNT;
}

static bool push(struct patient *p, const struct patient_value *v) {
    return array_push(&p->values, v, sizeof(*v));
}

static bool push_digits(struct patient *p, struct patient_value v, const char *digits) {
    v.form = PATIENT_DIGITS;
    snprintf(v.text, sizeof(v.text), "%s", digits);
    return push(p, &v);
}

static size_t keep_digits(char out[PATIENT_VALUE_MAX], const char *folded) {
    size_t n = 0;
    for (const char *c = folded; *c && n + 1 < PATIENT_VALUE_MAX; c++)
        if (isdigit((unsigned char)*c)) out[n++] = *c;
    out[n] = '\0';
    return n;
}

/* A cédula with and without its check digit and leading zero. */
static bool add_cedula(struct patient *p, const struct patient_value *v, const char *digits) {
    char other[PATIENT_VALUE_MAX];
    const size_t n = strlen(digits);
    if (n < 7 || n > 8) return true;
    snprintf(other, sizeof(other), "%.*s", (int)n - 1, digits);
    if (!push_digits(p, *v, other)) return false;
    snprintf(other, sizeof(other), "0%.*s", (int)n - 1, digits);
    if (!push_digits(p, *v, other)) return false;
    if (digits[0] == '0') return push_digits(p, *v, digits + 1);
    if (n == 8) return true;
    snprintf(other, sizeof(other), "0%.*s", PATIENT_VALUE_MAX - 2, digits);
    return push_digits(p, *v, other);
}

/* A telephone number with and without +598 and the 0 of a mobile. */
static bool add_phone(struct patient *p, const struct patient_value *v, const char *digits) {
    char other[PATIENT_VALUE_MAX];
    const char *national = strncmp(digits, "598", 3) == 0 && strlen(digits) > 9 ? digits + 3
                                                                                : digits;
    const char *bare = national[0] == '0' ? national + 1 : national;
    static const char *const before[] = {"", "0", "598", "00598", "5980"};
    if (strlen(bare) < 6) return true;
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        snprintf(other, sizeof(other), "%s%.*s", before[i], PATIENT_VALUE_MAX - 8, bare);
        if (strcmp(other, digits) != 0 && !push_digits(p, *v, other)) return false;
    }
    return true;
}

static bool add_number(struct patient *p, struct patient_value v) {
    char digits[PATIENT_VALUE_MAX];
    bool letters = false;
    const size_t n = keep_digits(digits, v.text);
    for (const char *c = v.text; *c; c++)
        letters |= isalpha((unsigned char)*c) != 0;
    if (letters) {
        size_t to = 0;
        for (const char *c = v.text; *c; c++)
            if (*c != ' ') v.text[to++] = *c;
        v.text[to] = '\0';
        v.form = PATIENT_CODE;
        return to < 3 || push(p, &v);
    }
    if (n < DIGITS_MIN) return true; /* a short number is a dose or a pulse as well */
    if (!push_digits(p, v, digits)) return false;
    if (v.kind == KIND_ID_NATIONAL) return add_cedula(p, &v, digits);
    return v.kind != KIND_PHONE || add_phone(p, &v, digits);
}

/* 1950-03-04 or 04/03/1950; anything else is left to the rules. */
static bool add_date(struct patient *p, struct patient_value v) {
    unsigned a = 0, b = 0, c = 0;
    if (sscanf(v.text, "%4u %4u %4u", &a, &b, &c) != 3) return true;
    v.form = PATIENT_DATE;
    v.year = a > 31 ? a : c;
    v.month = b;
    v.day = a > 31 ? c : a;
    if (v.day < 1 || v.day > 31 || v.month < 1 || v.month > 12) return true;
    if (v.year < 100) v.year += v.year > 30 ? 1900 : 2000;
    return push(p, &v);
}

/* The address itself, in lower case. */
static bool add_text(struct patient *p, struct patient_value v, const char *utf8) {
    size_t n = 0;
    for (const char *c = utf8; *c && n + 1 < sizeof(v.text); c++)
        if (!isspace((unsigned char)*c)) v.text[n++] = (char)tolower((unsigned char)*c);
    v.text[n] = '\0';
    v.form = PATIENT_TEXT;
    return n < 5 || push(p, &v);
}

/* Given names and surnames come under keys of their own: all words are of one name, so that an
 * initial of one goes with the other. */
static bool add_name(struct patient *p, const struct patient_value *v) {
    struct patient_value *known = p->values.data;
    for (size_t i = 0; v->kind == KIND_NAME_PATIENT && i < p->values.n; i++) {
        const size_t n = strlen(known[i].text);
        if (known[i].kind != KIND_NAME_PATIENT || n + strlen(v->text) + 2 > PATIENT_VALUE_MAX)
            continue;
        snprintf(known[i].text + n, PATIENT_VALUE_MAX - n, " %s", v->text);
        return true;
    }
    return push(p, v);
}

bool patient_add(struct patient *p, enum kind kind, const char *utf8) {
    struct patient_value v = {.kind = kind, .form = PATIENT_NAME};
    if (fold_phrase(v.text, sizeof(v.text), utf8) == 0) return true;
    if (kind_is_name(kind)) return add_name(p, &v);
    switch ((int)kind) {
    case KIND_EMAIL: return add_text(p, v, utf8);
    case KIND_DATE: return add_date(p, v);
    case KIND_STREET: v.form = PATIENT_STREET; return push(p, &v);
    default: return add_number(p, v);
    }
}
