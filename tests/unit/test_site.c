/* SPDX-License-Identifier: MIT
 *
 * anon/site: a site's words and patterns, always and never, as they act on a document.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "anon/anon.h"
#include "anon/site.h"
#include "base/mem.h"
#include "base/strbuf.h"

/* Policy `uruguay` with these lists. */
static struct policy *policy_with(const char *site) {
    size_t n = 0;
    struct error err;
    struct policy *policy = NULL;
    struct strbuf yaml;
    const char *shipped = policy_shipped_yaml("uruguay", &n);
    const char *end = strstr(shipped, "\nsite:");
    assert_non_null(end);
    strbuf_init(&yaml, 1 << 20);
    strbuf_append(&yaml, shipped, (size_t)(end - shipped) + 1);
    strbuf_puts(&yaml, site);
    if (policy_parse(&policy, strbuf_str(&yaml), yaml.n, "x.yaml", &err))
        fail_msg("refused: %s", err.message);
    strbuf_release(&yaml);
    return policy;
}

static enum status run(struct strbuf *out, const char *site, const char *text, struct error *err) {
    struct policy *policy = policy_with(site);
    struct anonymizer *a = NULL;
    const struct anonymizer_options opt = {.policy = policy, .detectors = DETECTOR_RULES};
    assert_int_equal(anonymizer_open(&a, &opt, err), OK);
    struct document doc;
    assert_int_equal(document_from_bytes(&doc, text, strlen(text), err), OK);
    struct anon_result result;
    const enum status st = anonymize(&result, a, &doc, err);
    strbuf_init(out, 1 << 20);
    if (st == OK) {
        assert_int_equal(anon_render(out, &result, &doc, err), OK);
        anon_result_release(&result);
    }
    document_close(&doc);
    anonymizer_close(a);
    policy_close(policy);
    return st;
}

static void becomes(const char *site, const char *text, const char *want) {
    struct error err;
    struct strbuf out;
    assert_int_equal(run(&out, site, text, &err), OK);
    assert_string_equal(strbuf_str(&out), want);
    strbuf_release(&out);
}

#define ALWAYS(entries) "site:\n  always: [" entries "]\n"
#define NEVER(entries) "site:\n  never: [" entries "]\n"

static void a_word_is_found_whatever_its_case_and_accents(void **state) {
    (void)state;
    const char *site = ALWAYS("{word: 'Pabell\xc3\xb3n \xc3\x91"
                              "and\xc3\xba', kind: INSTITUTION}");
    becomes(site,
            "pasa a Pabell\xc3\xb3n \xc3\x91"
            "and\xc3\xba hoy",
            "pasa a [UBICACI\xc3\x93N] hoy");
    becomes(site, "pasa a pabellon nandu hoy", "pasa a [UBICACI\xc3\x93N] hoy");
    becomes(site,
            "pasa a PABELLON \xc3\x91"
            "AND\xc3\x9a hoy",
            "pasa a [UBICACI\xc3\x93N] hoy");
    /* combining accents, a zero-width space */
    becomes(site, "pasa a pabello\xcc\x81n \xe2\x80\x8bnandu hoy", "pasa a [UBICACI\xc3\x93N] hoy");
}

static void a_word_is_found_whole(void **state) {
    (void)state;
    const char *site = ALWAYS("{word: azulejo, kind: ID_OTHER}, {word: b12, kind: ID_OTHER}");
    becomes(site, "el azulejo y los azulejos", "el [ID] y los azulejos");
    becomes(site, "xazulejo", "xazulejo");
    becomes(site, "zona B12.", "zona [ID].");
    becomes(site, "zona b 12", "zona b 12");
    becomes(site, "zona b123", "zona b123");
}

static void marks_may_stand_between_words(void **state) {
    (void)state;
    const char *site = ALWAYS("{word: 'sala dos hermanas', kind: INSTITUTION}");
    becomes(site, "en sala dos hermanas", "en [UBICACI\xc3\x93N]");
    becomes(site, "en sala \"dos-hermanas\"", "en [UBICACI\xc3\x93N]\"");
    becomes(site, "en sala   dos\thermanas", "en [UBICACI\xc3\x93N]");
    becomes(site, "en sala dos\nhermanas", "en sala dos\nhermanas");
}

static void always_comes_before_the_rules(void **state) {
    (void)state;
    becomes(ALWAYS("{word: Murphy, kind: PROFESSION}"), "Signo de Murphy positivo",
            "Signo de [PROFESION] positivo");
    becomes(ALWAYS("{word: 'ver 3', kind: DATE}"), "ver 3 veces", "[FECHA] veces");
}

static void patterns_are_looked_for_in_text_without_accents(void **state) {
    (void)state;
    const char *site = ALWAYS("{pattern: '\\bexp-[0-9]{4}\\b', kind: ID_OTHER}");
    becomes(site, "ver EXP-1234 y exp-5678.", "ver [ID] y [ID].");
    becomes(site, "ver exp-123", "ver exp-123");
    becomes(ALWAYS("{pattern: 'pabellon [a-z]', kind: INSTITUTION}"), "en Pabell\xc3\xb3n C",
            "en [UBICACI\xc3\x93N]");
    /* a match inside a word takes the whole word */
    becomes(ALWAYS("{pattern: 'zulej', kind: ID_OTHER}"), "un azulejo", "un [ID]");
    becomes(ALWAYS("{pattern: 'x*', kind: ID_OTHER}"), "nada", "nada");
    becomes(ALWAYS("{pattern: '^turno', kind: ID_OTHER}"), "turno\nel turno\nturno b",
            "[ID]\nel turno\n[ID] b");
}

static void never_takes_a_find_away_only_as_a_whole(void **state) {
    (void)state;
    const char *site = NEVER("{word: ASSE}, {pattern: 'hospital .*'}");
    becomes(site, "Usuario de ASSE.", "Usuario de ASSE.");
    becomes(site, "Usuario de asse, Asse.", "Usuario de asse, Asse.");
    becomes(site, "Usuario de CASMU.", "Usuario de [UBICACI\xc3\x93N].");
    becomes(site, "Derivado del Hospital Maciel.", "Derivado del Hospital Maciel.");
    becomes(site, "Paciente: Asse P\xc3\xa9rez, Ana", "Paciente: [NOMBRE]");
    becomes(NEVER("{word: 'Plan Ceibal'}"), "Email: a@plan.uy", "Email: [EMAIL]");
}

static void never_reads_marks_and_blanks_as_one(void **state) {
    (void)state;
    const char *text = "CI 1.234.567-2";
    becomes(NEVER("{word: '1.234.567-2'}"), text, text);
    becomes(NEVER("{word: '1 234 567 2'}"), text, text);
    becomes(NEVER("{word: '1.234.567'}"), text, "CI [CI]");
    becomes(NEVER("{word: '1.234.567-23'}"), text, "CI [CI]");
    becomes(NEVER("{pattern: '1.234.567'}"), text, "CI [CI]");
    becomes(NEVER("{pattern: '[0-9.]+-[0-9]'}"), text, text);
}

static void what_is_always_and_never_stays(void **state) {
    (void)state;
    becomes("site:\n  always: [{word: sala, kind: DATE}]\n  never: [{word: sala}]\n", "en sala",
            "en sala");
}

static void the_match_limit_names_its_entry(void **state) {
    (void)state;
    struct error err;
    struct strbuf out;
    char text[200] = "Dra. ";
    memset(text + 5, 'a', 60);
    text[5 + 60] = '\0';
    enum status st = run(&out, ALWAYS("{word: b, kind: DATE}, {pattern: '(a+)+[!?]', kind: DATE}"),
                         text, &err);
    assert_int_equal(st, ERR_LIMIT);
    assert_non_null(strstr(err.message, "entry 2"));
    assert_non_null(strstr(err.message, "always"));
    assert_null(strstr(err.message, "aaaa"));
    strbuf_release(&out);
    text[5] = 'A';
    st = run(&out, NEVER("{word: b}, {word: c}, {pattern: '(a+)+[!?]'}"), text, &err);
    assert_int_equal(st, ERR_LIMIT);
    assert_non_null(strstr(err.message, "entry 3"));
    assert_non_null(strstr(err.message, "never"));
    strbuf_release(&out);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    struct error err;
    struct policy *policy = policy_with("site:\n  always: [{word: a, kind: DATE}, "
                                        "{pattern: b, kind: DATE}]\n  never: [{word: c}]\n");
    for (unsigned long n = 1;; n++) {
        struct site *site = NULL;
        mem_fail_after(n);
        const enum status st = site_open(&site, policy, &err);
        mem_fail_after(0);
        if (st == OK) {
            site_close(site);
            assert_true(n > 4);
            break;
        }
        assert_int_equal(st, ERR_NOMEM);
    }
    site_close(NULL);
    policy_close(policy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_is_found_whatever_its_case_and_accents),
        cmocka_unit_test(a_word_is_found_whole),
        cmocka_unit_test(marks_may_stand_between_words),
        cmocka_unit_test(always_comes_before_the_rules),
        cmocka_unit_test(patterns_are_looked_for_in_text_without_accents),
        cmocka_unit_test(never_takes_a_find_away_only_as_a_whole),
        cmocka_unit_test(never_reads_marks_and_blanks_as_one),
        cmocka_unit_test(what_is_always_and_never_stays),
        cmocka_unit_test(the_match_limit_names_its_entry),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
