/* SPDX-License-Identifier: MIT
 *
 * anon/patient: what is known of a patient is found in every spelling, what is not stays, and files
 * that are no such thing are refused without telling what is in them.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "anon/anon.h"
#include "anon/patient.h"
#include "base/strbuf.h"

static const char JSON[] =
    "{\"nombre\":\"Graciela Noem\xc3\xad\",\"apellidos\":\"Etchepare Sosa\",\"ci\":\"3.456.789-0\","
    "\"hc\":284417,\"telefono\":[\"099 412 087\",\"+598 2481 5530\"],\"pasaporte\":\"AB 123456\","
    "\"email\":\"getchepare57@correo.com.uy\",\"direccion\":\"Bulevar Artigas 2847\","
    "\"fecha_nacimiento\":\"1957-11-02\","
    "\"familiares\":[{\"nombre\":\"Luc\xc3\xad"
    "a Etchepare\",\"telefono\":\"098123456\"},\"Hugo Pereyra\"]}";

static void write_file(char path[64], const char *text) {
    snprintf(path, 64, "/tmp/sigilo-patient-XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static enum status open_text(struct patient **p, const char *text, struct error *err) {
    char path[64];
    write_file(path, text);
    const enum status st = patient_open(p, path, err);
    unlink(path);
    return st;
}

/* The text as it comes back with nothing but the known patient looking. */
static enum status run(struct strbuf *out, const char *known, const char *policy_name,
                       const char *text, struct error *err) {
    struct patient *patient;
    struct policy *policy;
    struct anonymizer *a;
    struct document doc;
    struct anon_result result;
    if (open_text(&patient, known, err)) fail_msg("refused: %s", err->message);
    assert_int_equal(policy_open(&policy, policy_name, err), OK);
    const struct anonymizer_options opt = {
        .policy = policy, .detectors = DETECTOR_PATIENT, .patient = patient};
    assert_int_equal(anonymizer_open(&a, &opt, err), OK);
    assert_int_equal(document_from_bytes(&doc, text, strlen(text), err), OK);
    const enum status st = anonymize(&result, a, &doc, err);
    strbuf_init(out, 1 << 20);
    if (st == OK) {
        assert_int_equal(anon_render(out, &result, &doc, err), OK);
        anon_result_release(&result);
    }
    document_close(&doc);
    anonymizer_close(a);
    policy_close(policy);
    patient_close(patient);
    return st;
}

static void becomes(const char *text, const char *want) {
    struct error err;
    struct strbuf out;
    assert_int_equal(run(&out, JSON, "uruguay", text, &err), OK);
    assert_string_equal(strbuf_str(&out), want);
    strbuf_release(&out);
}

static void stays(const char *text) {
    becomes(text, text);
}

static void names_are_found_in_every_spelling(void **state) {
    (void)state;
    becomes("Graciela Etchepare", "[NOMBRE]");
    becomes("ETCHEPARE SOSA, Graciela N. refiere", "[NOMBRE] refiere");
    becomes("pte noemi etchepare hoy", "pte [NOMBRE] hoy");
    becomes("G. Etchepare y G.N. Etchepare", "[NOMBRE] y [NOMBRE]");
    becomes("Echepare; Etchepar\xc3\xa9; Etcheparre", "[NOMBRE]; [NOMBRE]; [NOMBRE]");
    becomes("Grasiela y Graziela", "[NOMBRE] y [NOMBRE]");
    becomes("con la hija lucia y con Pereira, Ugo", "con la hija [NOMBRE] y con [NOMBRE]");
}

static void other_words_stay(void **state) {
    (void)state;
    stays("Graciana Etcheverry, Lucas, Hugonote");
    stays("soda, sopa; artigas sola; E. coli, G. lamblia");
    stays("dosis 2844170 y 12844170");
}

static void numbers_are_found_whatever_their_marks(void **state) {
    (void)state;
    becomes("CI 3456789-0 y 3.456.789-0 y 34567890", "CI [CI] y [CI] y [CI]");
    becomes("CI 3.456.789 y 03456789", "CI [CI] y [CI]");
    becomes("cel 099412087, 99 412 087, +598 99 412 087",
            "cel [TELEFONO], [TELEFONO], +[TELEFONO]");
    becomes("fijo 2481-5530 o 598 24815530", "fijo [TELEFONO] o [TELEFONO]");
    becomes("HC 284417; pasaporte AB123456, ab-123456", "HC [REGISTRO]; pasaporte [ID], [ID]");
    becomes("llamar al 098 12 34 56", "llamar al [TELEFONO]");
}

static void dates_streets_and_addresses_too(void **state) {
    (void)state;
    becomes("nac 02/11/1957, 2-11-57, 2 de noviembre de 1957, 1957-11-02",
            "nac [FECHA], [FECHA], [FECHA], [FECHA]");
    stays("control 02/12/1957");
    becomes("vive en Artigas 2847 apto 3", "vive en [DIRECCI\xc3\x93N] apto 3");
    becomes("Bvar. Artigas N", "Bvar. [DIRECCI\xc3\x93N] N");
    becomes("mail GEtchepare57@correo.com.uy.", "mail [EMAIL].");
}

static void csv_is_read_alike(void **state) {
    (void)state;
    struct error err;
    struct strbuf out;
    const char *csv = "\xef\xbb\xbfNombre,C\xc3\xa9"
                      "dula,Tel\xc3\xa9"
                      "fonos,familiares\r\n\"Rosa, Xim\xc3\xa9nez\",12345672,099111222; 24001122,"
                      "\r\n,,,\"Blanca \"\"Tita\"\" Luz\"\r\n";
    assert_int_equal(run(&out, csv, "uruguay",
                         "color rosa; Rosa X. Ximenez, 1.234.567-2, 2400 1122, Tita", &err),
                     OK);
    assert_string_equal(strbuf_str(&out), "color rosa; [NOMBRE], [CI], [TELEFONO], [NOMBRE]");
    strbuf_release(&out);
}

static void a_short_number_may_be_a_pulse(void **state) {
    (void)state;
    struct error err;
    struct strbuf out;
    assert_int_equal(run(&out, "{\"hc\":\"1012\",\"ci\":\"34567\"}", "uruguay",
                         "FC 101, dosis 1012 mg, doc. 34.567", &err),
                     OK);
    assert_string_equal(strbuf_str(&out), "FC 101, dosis 1012 mg, doc. [CI]");
    strbuf_release(&out);
}

static void what_a_site_never_replaces_fails_the_document(void **state) {
    (void)state;
    char path[64], yaml_path[72];
    size_t n;
    struct error err;
    struct strbuf out, yaml;
    const char *shipped = policy_shipped_yaml("uruguay", &n);
    strbuf_init(&yaml, 1 << 20);
    strbuf_append(&yaml, shipped, (size_t)(strstr(shipped, "\nsite:") - shipped) + 1);
    strbuf_puts(&yaml, "site:\n  never: [{word: 'Etchepare'}]\n");
    write_file(path, strbuf_str(&yaml));
    snprintf(yaml_path, sizeof(yaml_path), "%s.yaml", path);
    assert_int_equal(rename(path, yaml_path), 0);
    assert_int_equal(run(&out, JSON, yaml_path, "sala Etchepare", &err), ERR_INVALID);
    assert_non_null(strstr(err.message, "known of the patient"));
    assert_null(strstr(err.message, "Etchepare"));
    unlink(yaml_path);
    strbuf_release(&out);
    strbuf_release(&yaml);
}

static void bad_files_are_refused_without_their_values(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "unknown key"},
        {"{}", "nothing is known"},
        {"{\"nombre\":", "no JSON"},
        {"[\"Secreto\"]", "one JSON object"},
        {"{\"apodo\":\"Secreto\"}", "unknown key apodo"},
        {"{\"nombre\":{\"x\":\"Secreto\"}}", "must be a string"},
        {"{\"nombre\":[[\"Secreto\"]]}", "must be a string"},
        {"{\"nombre\":true}", "must be a string"},
        {"{\"familiares\":[{\"familiares\":\"Secreto\"}]}", "unknown key"},
        {"nombre,apodo\nSecreto,x\n", "unknown key apodo"},
        {"nombre\nSecreto,x\n", ":2: more cells"},
        {"nombre\n\"Secreto\n", "no CSV"},
        {"nombre\n\"Secreto\"x\n", "no CSV"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error err;
        struct patient *p = NULL;
        assert_int_not_equal(open_text(&p, bad[i].text, &err), OK);
        if (!strstr(err.message, bad[i].says)) fail_msg("%zu: %s", i, err.message);
        assert_null(strstr(err.message, "Secreto"));
    }
}

static void long_values_and_many_are_refused(void **state) {
    (void)state;
    struct error err;
    struct patient *p = NULL;
    struct strbuf sb;
    strbuf_init(&sb, 1 << 20);
    strbuf_puts(&sb, "{\"nombre\":\"");
    for (int i = 0; i < 300; i++)
        strbuf_putc(&sb, 'a');
    strbuf_puts(&sb, "\"}");
    assert_int_equal(open_text(&p, strbuf_str(&sb), &err), ERR_LIMIT);
    strbuf_release(&sb);
    strbuf_init(&sb, 1 << 20);
    strbuf_puts(&sb, "hc\n");
    for (int i = 0; i < 3000; i++)
        strbuf_printf(&sb, "%d\n", 100000 + i);
    assert_int_equal(open_text(&p, strbuf_str(&sb), &err), ERR_LIMIT);
    strbuf_release(&sb);
    assert_int_equal(patient_open(&p, "/nowhere/p.json", &err), ERR_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_in_every_spelling),
        cmocka_unit_test(other_words_stay),
        cmocka_unit_test(numbers_are_found_whatever_their_marks),
        cmocka_unit_test(dates_streets_and_addresses_too),
        cmocka_unit_test(csv_is_read_alike),
        cmocka_unit_test(a_short_number_may_be_a_pulse),
        cmocka_unit_test(what_a_site_never_replaces_fails_the_document),
        cmocka_unit_test(bad_files_are_refused_without_their_values),
        cmocka_unit_test(long_values_and_many_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
