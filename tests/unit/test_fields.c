/* SPDX-License-Identifier: MIT
 *
 * anon/fields: names of fields and cues, as tools/embed.py wrote them into tables.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "anon/fields.h"
#include "text/fold.h"

static const struct field *field_of(const char *utf8) {
    char folded[64];
    const size_t n = fold_phrase(folded, sizeof(folded), utf8);
    return field_lookup(folded, n);
}

static void fields_have_a_type_and_a_kind(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum value_type type;
        enum kind kind;
        bool needs_colon;
    } cases[] = {
        {"Paciente", VALUE_NAME, KIND_NAME_PATIENT, false},
        {"Apellidos y Nombres", VALUE_NAME, KIND_NAME_PATIENT, false},
        {"C\xc3\xb3nyuge", VALUE_NAME, KIND_NAME_RELATIVE, false},
        {"Testigo", VALUE_NAME, KIND_NAME_OTHER, true},
        {"M\xc3\xa9"
         "dico tratante",
         VALUE_STAFF, KIND_NAME_STAFF, false},
        {"C.I.", VALUE_CEDULA, KIND_ID_NATIONAL, false},
        {"C\xc3\xa9"
         "dula de Identidad",
         VALUE_CEDULA, KIND_ID_NATIONAL, false},
        {"DNI", VALUE_CODE, KIND_ID_FOREIGN, false},
        {"H.C.", VALUE_CODE, KIND_ID_RECORD, false},
        {"N\xc2\xba episodio", VALUE_CODE, KIND_ID_EPISODE, false},
        {"NASS", VALUE_CODE, KIND_ID_INSURANCE, false},
        {"N\xc2\xba Col.", VALUE_CODE, KIND_ID_STAFF_LICENCE, false},
        {"RUT", VALUE_CODE, KIND_ID_FISCAL, false},
        {"Expediente", VALUE_CODE, KIND_ID_OTHER, false},
        {"Patente", VALUE_CODE, KIND_ID_VEHICLE, true},
        {"N\xc2\xba serie", VALUE_CODE, KIND_ID_DEVICE, true},
        {"Cuenta", VALUE_CODE, KIND_ID_ACCOUNT, false},
        {"Login", VALUE_USER, KIND_ID_USER, false},
        {"Tel\xc3\xa9"
         "fono",
         VALUE_PHONE, KIND_PHONE, false},
        {"FAX", VALUE_PHONE, KIND_FAX, false},
        {"E-mail", VALUE_EMAIL, KIND_EMAIL, false},
        {"F. nac.", VALUE_DATE, KIND_DATE, false},
        {"Edad", VALUE_AGE, KIND_AGE, false},
        {"Sexo", VALUE_SEX, KIND_SEX, false},
        {"Domicilio", VALUE_ADDRESS, KIND_STREET, false},
        {"Localidad/ Provincia", VALUE_PLACE, KIND_PLACE, false},
        {"C\xc3\xb3"
         "digo postal",
         VALUE_POSTAL_CODE, KIND_PLACE, false},
        {"Pa\xc3\xads", VALUE_COUNTRY, KIND_COUNTRY, false},
        {"Mutualista", VALUE_INSTITUTION, KIND_INSTITUTION, false},
        {"Ocupaci\xc3\xb3n", VALUE_PROFESSION, KIND_PROFESSION, false},
        {"Diagn\xc3\xb3stico", VALUE_OTHER, KIND_OTHER, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct field *f = field_of(cases[i].name);
        if (!f || f->type != cases[i].type || f->kind != cases[i].kind ||
            f->needs_colon != cases[i].needs_colon)
            fail_msg("field '%s' is another or none", cases[i].name);
    }
}

static void other_words_are_no_fields(void **state) {
    (void)state;
    static const char *const words[] = {
        "", "xqzwv", "pacient", "pacientes hoy", "apellidos y", "de nacimiento"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_null(field_of(words[i]));
    /* what only begins a longer name is no field itself */
    assert_null(field_of("nro"));
    assert_true(field_may_begin((const unsigned char *)"nro", 3));
    assert_true(field_may_begin((const unsigned char *)"NRO", 3));
    assert_true(field_may_begin((const unsigned char *)"Paciente", 8));
    assert_false(field_may_begin((const unsigned char *)"xqzwv", 5));
    assert_false(field_may_begin((const unsigned char *)"", 0));
}

/* Each name is folded, found, and begins with a word that says so. */
static void every_name_is_found(void **state) {
    (void)state;
    size_t n = 0;
    assert_int_equal(field_slots_size & (field_slots_size - 1), 0);
    for (uint32_t i = 0; i < field_slots_size; i++) {
        const struct name_slot *slot = &field_slots[i];
        if (!slot->name) continue;
        char folded[64];
        fold_phrase(folded, sizeof(folded), slot->name);
        assert_string_equal(folded, slot->name);
        const size_t first = strcspn(slot->name, " ");
        assert_true(field_may_begin((const unsigned char *)slot->name, first));
        if (slot->index == FIELD_NONE) {
            assert_true(slot->begins_longer);
            assert_null(field_lookup(slot->name, strlen(slot->name)));
            continue;
        }
        n++;
        const struct field *f = field_lookup(slot->name, strlen(slot->name));
        assert_ptr_equal(f, &fields[slot->index]);
        assert_true(f->type <= VALUE_OTHER && f->kind < KIND_COUNT);
    }
    assert_true(n > 300);
    assert_true(n < field_slots_size);
}

static void cues_have_a_kind_and_fewest_digits(void **state) {
    (void)state;
    static const struct {
        const char *word;
        enum kind kind;
    } cases[] = {
        {"ci", KIND_ID_NATIONAL},         {"CEDULA", KIND_ID_NATIONAL},
        {"Pasaporte", KIND_ID_FOREIGN},   {"hc", KIND_ID_RECORD},
        {"Muestra", KIND_ID_RECORD},      {"episodio", KIND_ID_EPISODE},
        {"poliza", KIND_ID_INSURANCE},    {"caja", KIND_ID_STAFF_LICENCE},
        {"func", KIND_ID_STAFF_EMPLOYEE}, {"expediente", KIND_ID_OTHER},
        {"chapa", KIND_ID_VEHICLE},       {"serie", KIND_ID_DEVICE},
        {"iban", KIND_ID_ACCOUNT},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct cue *cue = cue_lookup(cases[i].word, strlen(cases[i].word));
        if (!cue || cue->kind != cases[i].kind) fail_msg("cue '%s' is another", cases[i].word);
        assert_true(cue->digits_min >= 3 && cue->digits_min <= 5);
    }
    assert_null(cue_lookup("xqzwv", 5));
    assert_null(cue_lookup("", 0));
    for (uint32_t i = 0; i < cue_slots_size; i++) {
        const struct name_slot *slot = &cue_slots[i];
        if (!slot->name) continue;
        /* a cue is one word: cue_lookup() knows no longer ones */
        assert_null(strchr(slot->name, ' '));
        assert_int_not_equal(slot->index, FIELD_NONE);
        assert_ptr_equal(cue_lookup(slot->name, strlen(slot->name)), &cues[slot->index]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_have_a_type_and_a_kind),
        cmocka_unit_test(other_words_are_no_fields),
        cmocka_unit_test(every_name_is_found),
        cmocka_unit_test(cues_have_a_kind_and_fewest_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
