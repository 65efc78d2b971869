/* SPDX-License-Identifier: MIT
 *
 * anon/policy: what a policy may not say is refused, and the message says where.
 */
#include "check.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "anon/policy.h"
#include "base/mem.h"
#include "base/strbuf.h"

/* Lines 1 to 6 of a policy; what follows is named by line 7 and on. A map counts from its first
 * key. REST takes twelve lines. */
#define HEAD                                                                                       \
    "name: x\n"                                                                                    \
    "labels:\n"                                                                                    \
    "  NOMBRE:\n"                                                                                  \
    "    kinds: [NAME_PATIENT, NAME_RELATIVE, NAME_OTHER, NAME_STAFF]\n"                           \
    "    placeholder: \"[NOMBRE]\"\n"                                                              \
    "    identifier: direct\n"
/* The other kinds. */
#define REST                                                                                       \
    "  ID:\n"                                                                                      \
    "    kinds: [ID_NATIONAL, ID_FOREIGN, ID_RECORD, ID_EPISODE, ID_INSURANCE, "                   \
    "ID_STAFF_LICENCE,\n"                                                                          \
    "      ID_STAFF_EMPLOYEE, ID_FISCAL, ID_ACCOUNT, ID_USER, ID_OTHER, ID_VEHICLE, ID_DEVICE,\n"  \
    "      URL, IP, PHONE, FAX, EMAIL]\n"                                                          \
    "    placeholder: \"[ID]\"\n"                                                                  \
    "    identifier: direct\n"                                                                     \
    "  OTRO:\n"                                                                                    \
    "    kinds: [STREET, PLACE, COUNTRY, HOSPITAL, HEALTH_CENTRE, INSTITUTION, DATE, AGE,\n"       \
    "      PROFESSION]\n"                                                                          \
    "    placeholder: \"[OTRO]\"\n"                                                                \
    "    identifier: quasi\n"                                                                      \
    "keep: [SEX, KINSHIP, OTHER]\n"

static enum status parse(struct policy **p, const char *yaml, struct error *err) {
    return policy_parse(p, yaml, strlen(yaml), "x.yaml", err);
}

static void refused(const char *yaml, size_t line, const char *why) {
    struct error err;
    struct policy *p = NULL;
    char where[32];
    snprintf(where, sizeof(where), "x.yaml:%zu: ", line);
    const enum status st = parse(&p, yaml, &err);
    if (st != ERR_INVALID) {
        print_error("accepted or another status (%d): %s\n", st, yaml);
        policy_close(p);
    }
    assert_int_equal(st, ERR_INVALID);
    if (strncmp(err.message, where, strlen(where)) != 0 || !strstr(err.message, why))
        fail_msg("expected '%s... %s', not '%s'", where, why, err.message);
}

static void accepted(const char *yaml) {
    struct error err;
    struct policy *p = NULL;
    if (parse(&p, yaml, &err)) fail_msg("refused: %s", err.message);
    policy_close(p);
}

static void the_shipped_policies_hold(void **state) {
    (void)state;
    struct error err;
    size_t n_names = 0;
    for (const char *const *name = policy_shipped_names(); *name; name++, n_names++) {
        struct policy *p = NULL;
        assert_int_equal(policy_open(&p, *name, &err), OK);
        assert_string_equal(p->name, *name);
        for (int k = 0; k < KIND_COUNT; k++) {
            const struct policy_row *row = &p->rows[k];
            if (!kind_is_direct((enum kind)k)) continue;
            assert_non_null(row->label);
            assert_int_equal(row->identifier, IDENTIFIER_DIRECT);
            assert_int_not_equal(row->operator, OPERATOR_KEEP);
            assert_true(row->review <= row->replace);
        }
        size_t n = 0;
        assert_non_null(policy_shipped_yaml(*name, &n));
        assert_true(n > 0);
        policy_close(p);
    }
    assert_int_equal(n_names, 2);
    assert_string_equal(policy_shipped_names()[0], "uruguay");
}

static void rows_carry_what_was_written(void **state) {
    (void)state;
    struct error err;
    struct policy *p = NULL;
    assert_int_equal(parse(&p,
                           HEAD "    operator: mask\n    replace: \"0.7\"\n    review: .25\n" REST
                                "site:\n  always: [{word: Sala, kind: INSTITUTION}]\n"
                                "  never: [{pattern: 'a+'}, {word: b}]\n",
                           &err),
                     OK);
    const struct policy_row *row = &p->rows[KIND_NAME_STAFF];
    assert_string_equal(row->label, "NOMBRE");
    assert_string_equal(row->placeholder, "[NOMBRE]");
    assert_int_equal(row->operator, OPERATOR_MASK);
    assert_true(row->replace > 0.699 && row->replace < 0.701);
    assert_true(row->review > 0.249 && row->review < 0.251);
    row = &p->rows[KIND_AGE];
    assert_int_equal(row->operator, OPERATOR_PLACEHOLDER);
    assert_true(row->replace > 0.499 && row->replace < 0.501);
    assert_null(p->rows[KIND_SEX].label);
    assert_int_equal(p->n_always, 1);
    assert_int_equal(p->always[0].kind, KIND_INSTITUTION);
    assert_false(p->always[0].is_regex);
    assert_int_equal(p->n_never, 2);
    assert_true(p->never[0].is_regex);
    assert_true(policy_has_label(p, "NOMBRE"));
    assert_false(policy_has_label(p, "nombre"));
    assert_int_equal(policy_kind_of_label(p, "OTRO"), KIND_STREET);
    assert_int_equal(policy_kind_of_label(p, "X"), KIND_COUNT);
    policy_close(p);
}

static void defaults_hold_for_rows_that_say_nothing(void **state) {
    (void)state;
    struct error err;
    struct policy *p = NULL;
    assert_int_equal(
        parse(&p, HEAD REST "defaults: {operator: numbered, replace: '1', review: '0'}\n", &err),
        OK);
    assert_int_equal(p->rows[KIND_DATE].operator, OPERATOR_NUMBERED);
    assert_true(p->rows[KIND_DATE].replace > 0.999 && p->rows[KIND_DATE].review < 0.001);
    policy_close(p);
}

static void unknown_keys_are_refused(void **state) {
    (void)state;
    refused(HEAD REST "extra: y\n", 19, "extra");
    refused(HEAD "    colour: red\n" REST, 7, "colour");
    refused(HEAD REST "defaults: {placeholder: a}\n", 19, "placeholder");
    refused(HEAD REST "site:\n  sometimes: []\n", 20, "sometimes");
    refused(HEAD REST "site:\n  always:\n    - {word: a, kind: DATE, x: y}\n", 21, "x");
    refused(HEAD REST "site:\n  never:\n    - {word: a, kind: DATE}\n", 21, "kind");
    refused(HEAD REST "site: [a]\n", 19, "map");
    refused("- a\n", 1, "map");
    refused("just words\n", 1, "map");
}

static void every_kind_stands_once(void **state) {
    (void)state;
    refused(HEAD
            "  B:\n    kinds: [DATE, NAME_OTHER]\n    placeholder: b\n    identifier: direct\n",
            8, "NAME_OTHER");
    refused(HEAD REST "site: {}\n"
                      "keep2: []\n",
            20, "keep2");
    refused("name: x\nlabels: {}\n", 1, "NAME_PATIENT");
    refused(HEAD, 1, "ID_NATIONAL");
    refused(HEAD "  B:\n    kinds: [NAMES]\n    placeholder: b\n    identifier: direct\n", 8,
            "NAMES");
    refused(HEAD "  B:\n    kinds: [[DATE]]\n    placeholder: b\n    identifier: direct\n", 8,
            "kind");
    refused(HEAD "  B:\n    kinds: []\n    placeholder: b\n    identifier: direct\n", 8, "kinds");
    refused(HEAD "  B:\n    kinds: DATE\n    placeholder: b\n    identifier: direct\n", 8, "kinds");
    refused(HEAD "  B:\n    placeholder: b\n    identifier: direct\n", 8, "kinds");
}

static void a_direct_identifier_is_never_kept(void **state) {
    (void)state;
    refused(HEAD "    operator: keep\n" REST, 4, "NAME_PATIENT");
    refused("name: x\nlabels: {}\nkeep: [SEX,\n  EMAIL]\n", 4, "EMAIL");
    refused("defaults: {operator: keep}\n" HEAD REST, 5, "NAME_PATIENT");
}

static void keep_takes_kinds_once(void **state) {
    (void)state;
    refused("name: x\nlabels: {}\nkeep: [SEX, SEX]\n", 3, "SEX");
    refused("name: x\nlabels: {}\nkeep: [NOBODY]\n", 3, "NOBODY");
    refused("name: x\nlabels: {}\nkeep: [{a: b}]\n", 3, "kind");
    refused("name: x\nlabels: {}\nkeep: {a: SEX}\n", 3, "list");
    refused("name: x\nlabels: {}\nkeep: SEX\n", 3, "list");
}

static void shares_are_from_0_to_1_with_a_point(void **state) {
    (void)state;
    static const char *const bad[] = {"1.01", "-0.1",  "0,5",  "x",      "0.5x",
                                      "\"\"", "\".\"", "1e-1", "\" 1\"", "nan",
                                      "0x1",  "[a]",   "2",    "+0.5",   "0.5 %"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char yaml[2048];
        snprintf(yaml, sizeof(yaml), HEAD "    replace: %s\n" REST, bad[i]);
        refused(yaml, 7, "replace");
        snprintf(yaml, sizeof(yaml), HEAD "    review: %s\n" REST, bad[i]);
        refused(yaml, 7, "review");
        snprintf(yaml, sizeof(yaml), HEAD REST "defaults:\n  replace: %s\n", bad[i]);
        refused(yaml, 20, "replace");
    }
    accepted(HEAD "    replace: 1.\n    review: 1\n" REST);
    accepted(HEAD "    replace: .5\n    review: 0\n" REST);
}

/* The program never reads numbers by the locale; tried under one with a comma if there is one. */
static void a_comma_is_refused_whatever_the_locale(void **state) {
    (void)state;
    static const char *const locales[] = {"es_UY.UTF-8", "es_UY",       "es_ES.UTF-8", "es_ES",
                                          "de_DE.UTF-8", "pt_BR.UTF-8", "fr_FR.UTF-8", "C.UTF-8"};
    for (size_t i = 0; i < sizeof(locales) / sizeof(locales[0]); i++) {
        if (!setlocale(LC_NUMERIC, locales[i])) continue;
        refused(HEAD "    replace: 0,6\n" REST, 7, "replace");
        accepted(HEAD "    replace: 0.6\n" REST);
    }
    setlocale(LC_NUMERIC, "C");
}

static void thresholds_are_in_order(void **state) {
    (void)state;
    refused(HEAD "    replace: '0.4'\n    review: '0.6'\n" REST, 4, "NOMBRE");
    refused(HEAD "    replace: '0.40'\n" REST, 4, "NOMBRE"); /* above the default of review */
    accepted(HEAD "    replace: '0.4'\n    review: '0.4'\n" REST);
    refused("defaults: {replace: '0.1'}\n" HEAD REST, 5, "NOMBRE");
}

static void labels_and_placeholders_have_their_form(void **state) {
    (void)state;
    const char *rest = "    kinds: [DATE]\n    placeholder: b\n    identifier: quasi\n";
    static const char *const labels[] = {"Fecha", "FECHA-X", "FE CHA", "FEC\xc3\x91"};
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        char yaml[1024];
        snprintf(yaml, sizeof(yaml), HEAD "  %s:\n%s", labels[i], rest);
        refused(yaml, 8, labels[i]);
    }
    refused(HEAD "  B:\n    kinds: [DATE]\n    identifier: quasi\n", 8, "placeholder");
    refused(HEAD "  B:\n    kinds: [DATE]\n    placeholder: ''\n    identifier: quasi\n", 8,
            "placeholder");
    refused(HEAD "  B:\n    kinds: [DATE]\n    placeholder: [a]\n    identifier: quasi\n", 8,
            "placeholder");
    refused(HEAD "  B:\n    kinds: [DATE]\n    placeholder: \"a\\nb\"\n    identifier: quasi\n", 9,
            "line");
    char yaml[1024], long_one[102];
    memset(long_one, 'x', sizeof(long_one) - 1);
    long_one[sizeof(long_one) - 1] = '\0';
    snprintf(yaml, sizeof(yaml),
             HEAD "  B:\n    kinds: [DATE]\n    placeholder: %s\n    identifier: quasi\n",
             long_one);
    refused(yaml, 8, "placeholder");
}

static void identifier_and_operator_are_of_the_few(void **state) {
    (void)state;
    refused(HEAD "  B:\n    kinds: [DATE]\n    placeholder: b\n", 8, "identifier");
    refused(HEAD "  B:\n    kinds: [DATE]\n    placeholder: b\n    identifier: half\n", 10,
            "identifier");
    refused(HEAD "    operator: shred\n" REST, 7, "shred");
    refused(HEAD "    operator: [mask]\n" REST, 7, "operator");
    refused(HEAD REST "defaults: {operator: Mask}\n", 19, "Mask");
}

static void a_key_is_missing(void **state) {
    (void)state;
    refused("labels: {}\n", 1, "name");
    refused("name: [x]\nlabels: {}\n", 1, "name");
    refused("name: x\n", 1, "labels");
    refused("name: x\nlabels: []\n", 1, "labels");
}

static void site_entries_are_checked(void **state) {
    (void)state;
#define ALWAYS HEAD REST "site:\n  always:\n    - "
    refused(ALWAYS "{word: a}\n", 21, "kind");
    refused(ALWAYS "{word: a, kind: THING}\n", 21, "kind");
    refused(ALWAYS "{kind: DATE}\n", 21, "always");
    refused(ALWAYS "{word: a, pattern: b, kind: DATE}\n", 21, "always");
    refused(ALWAYS "{word: '', kind: DATE}\n", 21, "always");
    refused(ALWAYS "{word: [a], kind: DATE}\n", 21, "always");
    refused(ALWAYS "a\n", 21, "map");
    refused(ALWAYS "{word: '...', kind: DATE}\n", 21, "letter");
    refused(HEAD REST "site:\n  never:\n    - {word: ' - '}\n", 21, "letter");
    refused(ALWAYS "{pattern: '(', kind: DATE}\n", 21, "pattern");
    refused(ALWAYS "{pattern: '[z-a]', kind: DATE}\n", 21, "pattern");
    refused(ALWAYS "{pattern: '\\C', kind: DATE}\n", 21, "pattern");
    refused(HEAD REST "site:\n  never:\n    - {pattern: '*'}\n", 21, "pattern");
    refused(HEAD REST "site:\n  never: {a: b}\n", 20, "never");
    refused(HEAD REST "site:\n  always: x\n", 20, "always");
    static char yaml[8192], text[1100];
    memset(text, 'a', sizeof(text));
    snprintf(yaml, sizeof(yaml), ALWAYS "{word: %.201s, kind: DATE}\n", text);
    refused(yaml, 21, "word");
    snprintf(yaml, sizeof(yaml), ALWAYS "{word: %.200s, kind: DATE}\n", text);
    accepted(yaml);
    snprintf(yaml, sizeof(yaml), ALWAYS "{pattern: %.1001s, kind: DATE}\n", text);
    refused(yaml, 21, "1001");
    snprintf(yaml, sizeof(yaml), ALWAYS "{pattern: %.1000s, kind: DATE}\n", text);
    accepted(yaml);
}

static void a_list_holds_a_thousand_entries(void **state) {
    (void)state;
    for (int n = 1000; n <= 1001; n++) {
        struct strbuf sb;
        strbuf_init(&sb, 1 << 20);
        strbuf_puts(&sb, HEAD REST "site:\n  never:\n");
        for (int i = 0; i < n; i++)
            strbuf_puts(&sb, "    - {word: a}\n");
        if (n == 1000)
            accepted(strbuf_str(&sb));
        else
            refused(strbuf_str(&sb), 21, "never");
        strbuf_release(&sb);
    }
}

static void yaml_is_kept_small(void **state) {
    (void)state;
    refused("name: &a x\nlabels: {}\n", 1, "anchors");
    refused("name: x\nlabels: *a\n", 2, "anchors");
    refused("name: !!str x\nlabels: {}\n", 1, "tags");
    refused("name: x\nname: y\nlabels: {}\n", 2, "twice");
    refused(HEAD "    identifier: direct\n" REST, 7, "twice");
    refused(HEAD "  NOMBRE:\n    kinds: [DATE]\n", 7, "twice");
    refused("name: \"a\\0b\"\nlabels: {}\n", 1, "NUL");
    refused("\"na\\0me\": x\nlabels: {}\n", 1, "key");
    refused(HEAD REST "---\nname: y\n", 19, "second");
    refused("", 1, "empty");
    refused("name: x\nlabels: {\n", 3, "");
    char deep[128] = "name: x\nlabels: ";
    for (int i = 0; i < 17; i++)
        strcat(deep, "[");
    for (int i = 0; i < 17; i++)
        strcat(deep, "]");
    refused(deep, 2, "deep");
}

static void a_policy_is_of_a_megabyte_at_most(void **state) {
    (void)state;
    struct error err;
    struct policy *p = NULL;
    const size_t n = (1 << 20) + 1;
    char *yaml = mem_alloc(n);
    assert_non_null(yaml);
    memset(yaml, '\n', n);
    memcpy(yaml, HEAD REST, strlen(HEAD REST));
    assert_int_equal(policy_parse(&p, yaml, n, "x.yaml", &err), ERR_LIMIT);
    assert_non_null(strstr(err.message, "x.yaml"));
    assert_int_equal(policy_parse(&p, yaml, n - 1, "x.yaml", &err), OK);
    policy_close(p);
    mem_free(yaml);
}

static void policies_are_opened_by_name_or_path(void **state) {
    (void)state;
    struct error err;
    struct policy *p = NULL;
    assert_int_equal(policy_open(&p, "nowhere", &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "uruguay"));
    assert_int_equal(policy_open(&p, "./nowhere", &err), ERR_NOT_FOUND);
    assert_int_equal(policy_open(&p, "nowhere.yaml", &err), ERR_NOT_FOUND);
    assert_int_equal(policy_open(&p, "nowhere.yml", &err), ERR_NOT_FOUND);
    size_t n = 0;
    assert_null(policy_shipped_yaml("nowhere", &n));
    policy_close(NULL);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    struct error err;
    const char *yaml = HEAD REST "site:\n  always: [{word: Sala, kind: INSTITUTION}]\n"
                                 "  never: [{pattern: 'a+'}, {word: b}]\n";
    for (unsigned long n = 1;; n++) {
        struct policy *p = NULL;
        mem_fail_after(n);
        const enum status st = parse(&p, yaml, &err);
        mem_fail_after(0);
        if (st == OK) {
            policy_close(p);
            assert_true(n > 50);
            break;
        }
        assert_true(st == ERR_NOMEM || (st == ERR_INVALID && strstr(err.message, "memory")));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_policies_hold),
        cmocka_unit_test(rows_carry_what_was_written),
        cmocka_unit_test(defaults_hold_for_rows_that_say_nothing),
        cmocka_unit_test(unknown_keys_are_refused),
        cmocka_unit_test(every_kind_stands_once),
        cmocka_unit_test(a_direct_identifier_is_never_kept),
        cmocka_unit_test(keep_takes_kinds_once),
        cmocka_unit_test(shares_are_from_0_to_1_with_a_point),
        cmocka_unit_test(a_comma_is_refused_whatever_the_locale),
        cmocka_unit_test(thresholds_are_in_order),
        cmocka_unit_test(labels_and_placeholders_have_their_form),
        cmocka_unit_test(identifier_and_operator_are_of_the_few),
        cmocka_unit_test(a_key_is_missing),
        cmocka_unit_test(site_entries_are_checked),
        cmocka_unit_test(a_list_holds_a_thousand_entries),
        cmocka_unit_test(yaml_is_kept_small),
        cmocka_unit_test(a_policy_is_of_a_megabyte_at_most),
        cmocka_unit_test(policies_are_opened_by_name_or_path),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
