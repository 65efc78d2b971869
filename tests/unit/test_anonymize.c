/* SPDX-License-Identifier: MIT
 *
 * anon/anonymize: operators, thresholds and verdicts, detectors, propagation; and every allocation
 * failing once. What the rules find: the tagger's finds change with its model.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anon/anon.h"
#include "anon/rule.h"
#include "base/mem.h"
#include "base/strbuf.h"

/* Policy `uruguay` with other defaults and lists of the site. */
static struct policy *policy_with(const char *defaults, const char *site) {
    size_t n = 0;
    struct error err;
    struct policy *policy = NULL;
    struct strbuf yaml;
    const char *shipped = policy_shipped_yaml("uruguay", &n);
    const char *labels = strstr(shipped, "\nlabels:"), *end = strstr(shipped, "\nsite:");
    assert_true(labels && end && labels < end);
    strbuf_init(&yaml, 1 << 20);
    strbuf_printf(&yaml, "name: x\ndefaults: {%s}\n", defaults);
    /* without the labels' own thresholds, so that the defaults are those of the test */
    for (const char *line = labels + 1; line <= end;) {
        const size_t length = strcspn(line, "\n") + 1;
        if (strncmp(line, "    replace:", 12) != 0 && strncmp(line, "    review:", 11) != 0)
            strbuf_append(&yaml, line, length);
        line += length;
    }
    strbuf_puts(&yaml, site);
    if (policy_parse(&policy, strbuf_str(&yaml), yaml.n, "x.yaml", &err))
        fail_msg("refused: %s", err.message);
    strbuf_release(&yaml);
    return policy;
}

/* One document under one policy. */
struct run {
    struct policy *policy;
    struct anonymizer *anonymizer;
    struct document doc;
    struct anon_result result;
    struct strbuf out;
    struct error err;
};

static void run_bytes(struct run *r, const char *defaults, const char *site, const char *text,
                      size_t n) {
    *r = (struct run){0};
    r->policy = policy_with(defaults, site);
    const struct anonymizer_options opt = {.policy = r->policy, .detectors = DETECTOR_RULES};
    assert_int_equal(anonymizer_open(&r->anonymizer, &opt, &r->err), OK);
    assert_int_equal(document_from_bytes(&r->doc, text, n, &r->err), OK);
    assert_int_equal(anonymize(&r->result, r->anonymizer, &r->doc, &r->err), OK);
    strbuf_init(&r->out, 1 << 20);
    assert_int_equal(anon_render(&r->out, &r->result, &r->doc, &r->err), OK);
}

static void run_end(struct run *r) {
    strbuf_release(&r->out);
    anon_result_release(&r->result);
    document_close(&r->doc);
    anonymizer_close(r->anonymizer);
    policy_close(r->policy);
}

static void becomes(const char *defaults, const char *text, const char *want) {
    struct run r;
    run_bytes(&r, defaults, "", text, strlen(text));
    assert_string_equal(strbuf_str(&r.out), want);
    run_end(&r);
}

static size_t reason(const struct anon_result *result, const char *code) {
    for (size_t i = 0; i < result->n_reasons; i++)
        if (strcmp(result->reasons[i].code, code) == 0) return result->reasons[i].count;
    return 0;
}

#define NOTE                                                                                       \
    "Paciente: Graciela Etchepare  CI: 1.234.567-2\n"                                              \
    "Dra. Zumar\xc3\xa1n, control el 15/11/2024.\n"                                                \
    "Cel.: 099 123 456, la hija Nair.\n"

static void placeholders_are_the_policys(void **state) {
    (void)state;
    becomes("operator: placeholder", NOTE,
            "Paciente: [NOMBRE]  CI: [CI]\nDra. [NOMBRE], control el [FECHA].\n"
            "Cel.: [TELEFONO], la hija [NOMBRE].\n");
    becomes("operator: placeholder", "", "");
    becomes("operator: placeholder", "\n\n", "\n\n");
}

static void numbers_are_the_same_for_the_same_value(void **state) {
    (void)state;
    becomes("operator: numbered",
            "Dra. Zumar\xc3\xa1n, Dr. Methol.\nFirma: ZUMARAN\nDr. Methol el 15/11/2024, "
            "control 16/11/2024, alta 15-11-2024\n",
            "Dra. [NOMBRE_1], Dr. [NOMBRE_2].\nFirma: [NOMBRE_1]\nDr. [NOMBRE_2] el [FECHA_1], "
            "control [FECHA_2], alta [FECHA_1]\n");
}

static void a_mask_keeps_the_layout_and_no_letter_or_digit(void **state) {
    (void)state;
    becomes("operator: mask", NOTE,
            "Paciente: ******** *********  CI: *.***.***-*\n"
            "Dra. *******, control el **/**/****.\n"
            "Cel.: *** *** ***, la hija ****.\n");
    /* an ordinal, a letter of no Latin look */
    becomes("operator: mask", "Domicilio: Calle Mayor 23, 3\xc2\xba D\n",
            "Domicilio: ***** ***** **, ** *\n");
    becomes("operator: mask", "Dra. Zumar\xd7\x90n\n", "Dra. *******\n");
}

static void removing_leaves_nothing(void **state) {
    (void)state;
    becomes("operator: remove", NOTE, "Paciente:   CI: \nDra. , control el .\nCel.: , la hija .\n");
}

static void spans_tell_where_and_why(void **state) {
    (void)state;
    struct run r;
    const char *text = "\xc3\x91"
                       "and\xc3\xba. Dra. Zumar\xc3\xa1n";
    run_bytes(&r, "operator: placeholder", "", text, strlen(text));
    assert_int_equal(r.result.n_spans, 1);
    const struct anon_span *s = r.result.spans;
    assert_int_equal(s->start, 12);
    assert_int_equal(s->end, 19);
    assert_int_equal(s->start_byte, 14);
    assert_int_equal(s->end_byte, 22);
    assert_int_equal(s->kind, KIND_NAME_STAFF);
    assert_string_equal(s->label, "NOMBRE");
    assert_string_equal(s->replacement, "[NOMBRE]");
    assert_true(s->score >= 0.5 && s->score <= 1);
    assert_true(s->rules != 0);
    assert_int_equal(r.result.verdict, VERDICT_PASS);
    assert_true(r.result.total_ms >= r.result.detect_ms);
    run_end(&r);
}

static void a_find_between_the_thresholds_is_left_and_told(void **state) {
    (void)state;
    struct run r;
    const char *text = "Dra. Zumar\xc3\xa1n valora.";
    run_bytes(&r, "replace: '1', review: '0.5'", "", text, strlen(text));
    assert_string_equal(strbuf_str(&r.out), text);
    assert_int_equal(r.result.n_spans, 0);
    assert_int_equal(r.result.verdict, VERDICT_REVIEW);
    assert_int_equal(reason(&r.result, "low_confidence"), 1);
    run_end(&r);
    run_bytes(&r, "replace: '1', review: '1'", "", text, strlen(text));
    assert_string_equal(strbuf_str(&r.out), text);
    assert_int_equal(r.result.verdict, VERDICT_PASS);
    assert_int_equal(r.result.n_reasons, 0);
    run_end(&r);
    /* what the site always replaces is sure: 1.00 reaches the highest threshold */
    run_bytes(&r, "replace: '1', review: '1'", "site:\n  always: [{word: valora, kind: DATE}]\n",
              text, strlen(text));
    assert_int_equal(r.result.n_spans, 1);
    assert_true(r.result.spans[0].rules & RULE_BIT(RULE_SITE));
    run_end(&r);
}

static void faults_of_the_encoding_are_told(void **state) {
    (void)state;
    struct run r;
    /* more good sequences than stray bytes: UTF-8 with one broken byte */
    const char *text = "Dra. Zumar\xc3\xa1n, \xc3\xb1\xc3\xb1 \xff fin";
    run_bytes(&r, "operator: placeholder", "", text, strlen(text));
    assert_string_equal(strbuf_str(&r.out), "Dra. [NOMBRE], \xc3\xb1\xc3\xb1 \xff fin");
    assert_int_equal(r.result.verdict, VERDICT_REVIEW);
    assert_int_equal(reason(&r.result, "encoding"), 1);
    assert_int_equal(reason(&r.result, "nul"), 0);
    run_end(&r);
    run_bytes(&r, "operator: placeholder", "", "uno \0 dos \0", 11);
    assert_int_equal(r.out.n, 11);
    assert_memory_equal(r.out.data, "uno \0 dos \0", 11);
    assert_int_equal(r.result.verdict, VERDICT_REVIEW);
    assert_int_equal(reason(&r.result, "nul"), 2);
    run_end(&r);
}

static void placeholders_are_written_in_the_documents_encoding(void **state) {
    (void)state;
    struct run r;
    const char *text = "Domicilio: Bulevar Artigas 2847, se\xf1"
                       "ora"; /* Windows-1252 */
    run_bytes(&r, "operator: placeholder", "", text, strlen(text));
    assert_string_equal(strbuf_str(&r.out), "Domicilio: [DIRECCI\xd3N], se\xf1"
                                            "ora");
    run_end(&r);
}

static void reasons_and_verdicts_have_names(void **state) {
    (void)state;
    static const char *const codes[] = {"low_confidence", "disagreement", "residual", "encoding",
                                        "nul"};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        assert_true(strlen(anon_reason_text(codes[i])) > strlen(codes[i]));
    assert_string_equal(anon_reason_text("x"), "x");
    assert_string_equal(verdict_name(VERDICT_PASS), "PASS");
    assert_string_equal(verdict_name(VERDICT_REVIEW), "REVIEW");
    assert_string_equal(verdict_name(VERDICT_FAIL), "FAIL");
    for (unsigned i = 0; i < RULE_COUNT; i++) {
        assert_non_null(rule_detector(i));
        assert_non_null(rule_why(i));
    }
    assert_null(rule_detector(RULE_COUNT));
}

static void detectors_that_cannot_run_are_an_error(void **state) {
    (void)state;
    struct error err;
    unsigned detectors = 0;
    assert_int_equal(detectors_parse(&detectors, "rules", &err), OK);
    assert_int_equal(detectors, DETECTOR_RULES);
    assert_int_equal(detectors_parse(&detectors, "all", &err), OK);
    assert_int_equal(detectors, DETECTOR_ALL);
    assert_int_equal(detectors_parse(&detectors, "rules,tagger", &err), OK);
    assert_int_equal(detectors, DETECTOR_RULES | DETECTOR_TAGGER);
    static const char *const bad[] = {"",     ",",         "rules,",    ",rules",    "Rules",
                                      "rule", "rules;llm", "all,rules", "rules, llm"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(detectors_parse(&detectors, bad[i], &err), ERR_INVALID);

    struct policy *policy = policy_with("operator: placeholder", "");
    static const struct {
        unsigned detector;
        const char *name;
    } later[] = {{DETECTOR_LLM, "llm"}, {DETECTOR_PATIENT, "patient"}};
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
        struct anonymizer *a = NULL;
        const struct anonymizer_options opt = {.policy = policy,
                                               .detectors = DETECTOR_RULES | later[i].detector};
        assert_int_equal(anonymizer_open(&a, &opt, &err), OK);
        struct document doc;
        struct anon_result result;
        assert_int_equal(document_from_bytes(&doc, "x", 1, &err), OK);
        assert_int_equal(anonymize(&result, a, &doc, &err), ERR_UNSUPPORTED);
        assert_non_null(strstr(err.message, later[i].name));
        document_close(&doc);
        anonymizer_close(a);
    }
    anonymizer_close(NULL);
    policy_close(policy);
}

/* With the detectors, of the options given, and whatever they find. */
static void run_detectors(struct run *r, const struct anonymizer_options *opt, const char *text) {
    assert_int_equal(anonymizer_open(&r->anonymizer, opt, &r->err), OK);
    assert_int_equal(document_from_bytes(&r->doc, text, strlen(text), &r->err), OK);
    assert_int_equal(anonymize(&r->result, r->anonymizer, &r->doc, &r->err), OK);
    strbuf_init(&r->out, 1 << 20);
    assert_int_equal(anon_render(&r->out, &r->result, &r->doc, &r->err), OK);
}

/* Every span of a result says who found it: none but these, or what was found again. */
static void found_by(const struct anon_result *result, uint64_t rules) {
    for (size_t i = 0; i < result->n_spans; i++)
        assert_int_equal(result->spans[i].rules & ~rules, 0);
}

static void the_tagger_runs_alone_with_rules_and_with_all(void **state) {
    (void)state;
    struct run r = {.policy = policy_with("operator: placeholder", "")};
    struct anonymizer_options opt = {.policy = r.policy, .detectors = DETECTOR_TAGGER};
    run_detectors(&r, &opt, NOTE);
    found_by(&r.result, RULE_BIT(RULE_TAGGER) | RULE_BIT(RULE_PROPAGATED));
    run_end(&r);

    static const unsigned both[] = {DETECTOR_RULES | DETECTOR_TAGGER, DETECTOR_ALL};
    for (size_t i = 0; i < 2; i++) {
        struct run rules = {0};
        run_bytes(&rules, "operator: placeholder", "", NOTE, strlen(NOTE));
        r = (struct run){.policy = policy_with("operator: placeholder", "")};
        opt = (struct anonymizer_options){.policy = r.policy, .detectors = both[i]};
        run_detectors(&r, &opt, NOTE);
        for (size_t k = 0; k < rules.result.n_spans; k++) { /* what rules find stays found */
            const struct anon_span *want = &rules.result.spans[k];
            size_t at = 0;
            while (at < r.result.n_spans && r.result.spans[at].end < want->end)
                at++;
            assert_true(at < r.result.n_spans && r.result.spans[at].start <= want->start);
        }
        run_end(&rules);
        run_end(&r);
    }
}

static void a_tagger_that_cannot_be_used_is_an_error_where_it_is_asked_for(void **state) {
    (void)state;
    struct error err;
    struct anonymizer *a = NULL;
    struct policy *policy = policy_with("operator: placeholder", "");
    struct anonymizer_options opt = {
        .policy = policy, .detectors = DETECTOR_ALL, .tagger_path = "/nowhere/tagger.gguf"};
    assert_int_equal(anonymizer_open(&a, &opt, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "/nowhere/tagger.gguf"));
    opt.detectors = DETECTOR_TAGGER;
    assert_int_equal(anonymizer_open(&a, &opt, &err), ERR_NOT_FOUND);
    opt = (struct anonymizer_options){.policy = policy, .detectors = DETECTOR_ALL, .isa = "z80"};
    assert_int_not_equal(anonymizer_open(&a, &opt, &err), OK);
    assert_non_null(strstr(err.message, "z80"));
    opt.detectors = DETECTOR_RULES; /* it is not opened then */
    assert_int_equal(anonymizer_open(&a, &opt, &err), OK);
    anonymizer_close(a);
    policy_close(policy);
}

static void a_name_is_found_again(void **state) {
    (void)state;
    const char *placeholder = "operator: placeholder";
    becomes(placeholder, "Dr. Methol opera.\nlo ve METHOL y despu\xc3\xa9s methol.\n",
            "Dr. [NOMBRE] opera.\nlo ve [NOMBRE] y despu\xc3\xa9s [NOMBRE].\n");
    /* one letter other, missing, too many; without its accent */
    becomes(placeholder,
            "Dra. Zumar\xc3\xa1n\nse comenta a Zumaran / Zumarin / Zumran / Zumarran\n",
            "Dra. [NOMBRE]\nse comenta a [NOMBRE] / [NOMBRE] / [NOMBRE] / [NOMBRE]\n");
    /* two letters other: not the same */
    becomes(placeholder, "Dra. Quagliotti\nla mesa Xuaglxotti\n",
            "Dra. [NOMBRE]\nla mesa Xuaglxotti\n");
    /* the whole number of a document, not part of it */
    becomes(placeholder, "HC: 448207\netiqueta=448207=\n",
            "HC: [REGISTRO]\netiqueta=[REGISTRO]=\n");
}

static void an_ordinary_word_is_told_and_not_replaced(void **state) {
    (void)state;
    struct run r;
    const char *text = "Dr. Murphy opera.\nEl signo de Murphy es negativo, con sala limpia.\n";
    run_bytes(&r, "operator: placeholder", "", text, strlen(text));
    assert_string_equal(strbuf_str(&r.out),
                        "Dr. [NOMBRE] opera.\nEl signo de Murphy es negativo, con sala limpia.\n");
    assert_int_equal(r.result.verdict, VERDICT_REVIEW);
    assert_int_equal(reason(&r.result, "residual"), 1);
    run_end(&r);
    /* no cue of an eponym beside it: the word itself is ordinary */
    text = "Dr. Blanco opera.\nSe deja el Blanco limpio, blanco y seco.\n";
    run_bytes(&r, "operator: placeholder", "", text, strlen(text));
    assert_string_equal(strbuf_str(&r.out),
                        "Dr. [NOMBRE] opera.\nSe deja el Blanco limpio, blanco y seco.\n");
    assert_int_equal(reason(&r.result, "residual"), 1);
    run_end(&r);
}

static void a_second_run_finds_nothing(void **state) {
    (void)state;
    static const char *const defaults[] = {"operator: placeholder", "operator: numbered"};
    for (size_t i = 0; i < 2; i++) {
        struct run first, second;
        run_bytes(&first, defaults[i], "", NOTE, strlen(NOTE));
        run_bytes(&second, defaults[i], "", strbuf_str(&first.out), first.out.n);
        assert_int_equal(second.result.n_spans, 0);
        assert_string_equal(strbuf_str(&second.out), strbuf_str(&first.out));
        run_end(&second);
        run_end(&first);
    }
}

static const char long_note[] = "HOSPITAL MACIEL   HC: 448207\n"
                                "Paciente: Graciela Noem\xc3\xad Etchepare Sosa   CI: 1.234.567-2\n"
                                "F. nac.: 09/11/1946 (77 a)  Sexo: F\n"
                                "Domicilio: Bulevar Artigas 2847 apto 302, Montevideo\n"
                                "Tel.: 2487 1234  Cel.: 099 123 456\n"
                                "Email: graciela.etchepare@correo.uy\n"
                                "Prestador: CASMU\n"
                                "\n"
                                "15/11/2024 10:30  Dra. Zumar\xc3\xa1n\n"
                                "Mujer de 77 a\xc3\xb1"
                                "os, jubilada, fue maestra en la Escuela N\xc2\xb0 10.\n"
                                "Viene con su hija Nair Olivera (42 a\xc3\xb1os, enfermera).\n"
                                "Enalapril 10 mg c/12 hs. Signo de Murphy negativo.\n"
                                "PA 140/90, FC 88. Colecistectom\xc3\xad"
                                "a en 2016 por Dr. Methol.\n"
                                "Se habla con Etchepar, se cita para el lunes 18.\n"
                                "Oriunda de Tacuaremb\xc3\xb3. Viaj\xc3\xb3 a Brasil en marzo.\n"
                                "Turnos en https://portal.hospital.uy/t/889 desde 10.0.0.7\n"
                                "Cirujano: Dr. Methol  Ayudantes: P\xc3\xa9rez, L\xc3\xb3pez\n"
                                "Muestra 552903. Pasaporte AB123456.\n"
                                "EXP-1234 y sala azulejo.\n"
                                "Firma: Zumaran\n";

static void every_allocation_may_fail(void **state) {
    (void)state;
    static const char *const defaults[] = {"operator: placeholder", "operator: numbered",
                                           "operator: mask"};
    const char *site = "site:\n  always: [{word: azulejo, kind: INSTITUTION}, "
                       "{pattern: 'EXP-[0-9]+', kind: ID_OTHER}]\n  never: [{word: Brasil}]\n";
    for (size_t i = 0; i < 3; i++) {
        struct error err;
        struct document doc;
        struct policy *policy = policy_with(defaults[i], site);
        assert_int_equal(document_from_bytes(&doc, long_note, strlen(long_note), &err), OK);
        struct strbuf whole;
        strbuf_init(&whole, 1 << 20);
        unsigned long n = 0;
        for (bool done = false; !done; n++) { /* n 0: none fails */
            struct anonymizer *a = NULL;
            struct anon_result result;
            struct strbuf out;
            strbuf_init(&out, 1 << 20);
            const struct anonymizer_options opt = {.policy = policy, .detectors = DETECTOR_RULES};
            mem_fail_after(n);
            enum status st = anonymizer_open(&a, &opt, &err);
            bool found = false;
            if (st == OK && (st = anonymize(&result, a, &doc, &err)) == OK) {
                found = true;
                st = anon_render(&out, &result, &doc, &err);
            }
            /* the countdown is still running when the last allocation was before it */
            void *after = mem_alloc(1);
            done = n > 0 && !after;
            mem_free(after);
            mem_fail_after(0);
            if (n == 0) {
                assert_int_equal(st, OK);
                assert_true(result.n_spans > 25);
                strbuf_append(&whole, out.data, out.n);
            } else if (st != OK) {
                assert_int_equal(st, ERR_NOMEM);
            } else if (strcmp(strbuf_str(&out), strbuf_str(&whole)) != 0) {
                fail_msg("another output when allocation %lu fails", n);
            }
            if (found) anon_result_release(&result);
            anonymizer_close(a);
            strbuf_release(&out);
        }
        assert_true(n > 20);
        strbuf_release(&whole);
        document_close(&doc);
        policy_close(policy);
    }
}

/* Opening has its own test (test_tagger.c). */
static void every_allocation_may_fail_with_the_tagger_too(void **state) {
    (void)state;
    struct error err;
    struct document doc;
    struct anonymizer *a = NULL;
    struct policy *policy = policy_with("operator: placeholder", "");
    const struct anonymizer_options opt = {
        .policy = policy, .detectors = DETECTOR_ALL, .n_threads = 1};
    assert_int_equal(anonymizer_open(&a, &opt, &err), OK);
    assert_int_equal(document_from_bytes(&doc, long_note, strlen(long_note), &err), OK);
    size_t n_spans = 0;
    unsigned long n = 0;
    /* hundreds of passes are too many for an emulator */
    const unsigned long step = getenv("MESON_EXE_WRAPPER") ? 60 : 1;
    for (bool done = false; !done; n += step) { /* n 0: none fails */
        struct anon_result result;
        mem_fail_after(n);
        const enum status st = anonymize(&result, a, &doc, &err);
        void *after = mem_alloc(1);
        done = n > 0 && (!after || (step > 1 && st == OK));
        mem_free(after);
        mem_fail_after(0);
        assert_int_equal(st, st == OK ? OK : ERR_NOMEM);
        assert_true(n > 0 || st == OK);
        if (st) continue;
        if (n == 0) n_spans = result.n_spans;
        assert_int_equal(result.n_spans, n_spans);
        anon_result_release(&result);
    }
    assert_true(n > 20);
    document_close(&doc);
    anonymizer_close(a);
    policy_close(policy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(placeholders_are_the_policys),
        cmocka_unit_test(numbers_are_the_same_for_the_same_value),
        cmocka_unit_test(a_mask_keeps_the_layout_and_no_letter_or_digit),
        cmocka_unit_test(removing_leaves_nothing),
        cmocka_unit_test(spans_tell_where_and_why),
        cmocka_unit_test(a_find_between_the_thresholds_is_left_and_told),
        cmocka_unit_test(faults_of_the_encoding_are_told),
        cmocka_unit_test(placeholders_are_written_in_the_documents_encoding),
        cmocka_unit_test(reasons_and_verdicts_have_names),
        cmocka_unit_test(detectors_that_cannot_run_are_an_error),
        cmocka_unit_test(the_tagger_runs_alone_with_rules_and_with_all),
        cmocka_unit_test(a_tagger_that_cannot_be_used_is_an_error_where_it_is_asked_for),
        cmocka_unit_test(a_name_is_found_again),
        cmocka_unit_test(an_ordinary_word_is_told_and_not_replaced),
        cmocka_unit_test(a_second_run_finds_nothing),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_allocation_may_fail_with_the_tagger_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
