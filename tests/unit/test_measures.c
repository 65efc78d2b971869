/* SPDX-License-Identifier: MIT
 *
 * eval/measures, eval/privacy, eval/clinical: every measure on cases small enough to count by hand.
 */
#include "check.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "eval/clinical.h"
#include "eval/privacy.h"
#include "eval/report.h"

enum { TEXT_MAX = 256, SPANS_MAX = 8 };

#define D IDENTIFIER_DIRECT
#define Q IDENTIFIER_QUASI

/* A note made of ASCII text, and the spans of either side. */
struct fixture {
    const char *text;
    struct eval_span gold[SPANS_MAX], found[SPANS_MAX], aside[SPANS_MAX], clinical[SPANS_MAX];
    size_t n_gold, n_found, n_aside, n_clinical;
    const char *output; /* NULL: found spans each become one '#' */
};

static size_t widen(uint32_t *out, const char *text) {
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)text[i];
    return n;
}

static size_t replace(uint32_t *out, const uint32_t *text, size_t n, const struct eval_span *found,
                      size_t n_found) {
    size_t at = 0, m = 0;
    for (size_t i = 0; i < n_found; i++) {
        while (at < found[i].start)
            out[m++] = text[at++];
        out[m++] = '#';
        at = found[i].end;
    }
    while (at < n)
        out[m++] = text[at++];
    return m;
}

static void add(struct eval_scores *scores, struct fixture f) {
    struct error err;
    uint32_t text[TEXT_MAX], output[TEXT_MAX];
    struct eval_note note = {.text = text, .n = widen(text, f.text), .output = output};
    for (size_t i = 0; i < f.n_found; i++)
        f.found[i].n_replacement = 1;
    eval_spans_sort(f.gold, &f.n_gold);
    eval_spans_sort(f.found, &f.n_found);
    note.gold = f.gold;
    note.n_gold = f.n_gold;
    note.found = note.replaced = f.found;
    note.n_found = note.n_replaced = f.n_found;
    note.aside = f.aside;
    note.n_aside = f.n_aside;
    note.clinical = f.clinical;
    note.n_clinical = f.n_clinical;
    note.n_output = f.output ? widen(output, f.output)
                             : replace(output, text, note.n, f.found, f.n_found);
    scores->n_documents++;
    scores->labels_comparable = true;
    assert_int_equal(eval_measure_spans(scores, &note, &err), OK);
    assert_int_equal(eval_measure_privacy(scores, &note, &err), OK);
}

static void check_counts(struct eval_counts c, size_t tp, size_t fp, size_t fn) {
    assert_int_equal(c.tp, tp);
    assert_int_equal(c.fp, fp);
    assert_int_equal(c.fn, fn);
}

static bool near(double a, double b) {
    return fabs(a - b) < 1e-12;
}

static double share_of(const struct eval_scores *s, const char *key) {
    json_t *o = eval_report_json(s, "x");
    assert_non_null(o);
    const json_t *v = json_object_get(o, key);
    assert_non_null(v);
    const double value = json_is_null(v) ? (double)NAN : json_number_value(v);
    json_decref(o);
    return value;
}

static void strict_wants_label_and_offsets(void **state) {
    (void)state;
    struct eval_scores s = {0};
    add(&s, (struct fixture){.text = "Ana 40 Rivera 099123456",
                             .gold = {{0, 3, "NOMBRE", D, 0, 0},
                                      {4, 6, "EDAD", Q, 0, 0},
                                      {7, 13, "UBICACION", Q, 0, 0},
                                      {14, 23, "TELEFONO", D, 0, 0}},
                             .n_gold = 4,
                             .found = {{14, 23, "CI", D, 0, 0},        /* wrong label */
                                       {0, 3, "NOMBRE", D, 0, 0},      /* right */
                                       {7, 12, "UBICACION", Q, 0, 0}}, /* wrong end */
                             .n_found = 3});
    check_counts(s.strict, 1, 2, 3);
    check_counts(s.span, 2, 1, 2);
    check_counts(s.merged, 0, 3, 1); /* only blanks between the marked ones: all are one piece */
    assert_true(near(eval_precision(&s.strict), 1.0 / 3));
    assert_true(near(eval_recall(&s.strict), 1.0 / 4));
    assert_true(near(eval_f1(&s.strict), 2.0 / 7));
    assert_int_equal(s.n_entities, 4);
    /* per label, sorted by name */
    const struct eval_label *row = s.labels.data;
    assert_int_equal(s.labels.n, 5);
    assert_string_equal(row[0].label, "CI");
    check_counts(row[0].strict, 0, 1, 0);
    assert_string_equal(row[2].label, "NOMBRE");
    check_counts(row[2].strict, 1, 0, 0);
    assert_int_equal(row[2].n_covered, 1);
    assert_string_equal(row[3].label, "TELEFONO");
    check_counts(row[3].strict, 0, 0, 1);
    assert_int_equal(row[3].n_covered, 1); /* covered, whatever it is called */
    assert_string_equal(row[4].label, "UBICACION");
    check_counts(row[4].strict, 0, 1, 1);
    assert_int_equal(row[4].n_covered, 0);
    eval_scores_release(&s);
}

static void merged_joins_neighbours_of_any_label(void **state) {
    (void)state;
    struct eval_scores s = {0};
    /* "Ana, Rivera" is one piece on both sides; "y" keeps the last apart */
    add(&s, (struct fixture){.text = "Ana, Rivera y Juan-Paz",
                             .gold = {{0, 3, "NOMBRE", D, 0, 0},
                                      {5, 11, "UBICACION", Q, 0, 0},
                                      {14, 22, "NOMBRE", D, 0, 0}},
                             .n_gold = 3,
                             .found = {{0, 11, "NOMBRE", D, 0, 0},
                                       {14, 18, "NOMBRE", D, 0, 0},
                                       {19, 22, "NOMBRE", D, 0, 0}},
                             .n_found = 3});
    check_counts(s.strict, 0, 3, 3);
    check_counts(s.merged, 2, 0, 0);
    eval_scores_release(&s);
}

static void repetitions_and_wild_offsets(void **state) {
    (void)state;
    struct eval_scores s = {0};
    add(&s, (struct fixture){.text = "Ana",
                             .gold = {{0, 3, "NOMBRE", D, 0, 0}, {0, 3, "NOMBRE", D, 0, 0}},
                             .n_gold = 2,
                             .found = {{0, 3, "NOMBRE", D, 0, 0}, {0, 3, "NOMBRE", D, 0, 0}},
                             .n_found = 2});
    check_counts(s.strict, 1, 0, 0);
    check_counts(s.span, 1, 0, 0);
    assert_int_equal(s.n_entities, 1);
    eval_scores_release(&s);

    struct error err;
    const uint32_t text[] = {'A', 'n', 'a'};
    const struct eval_span gold[] = {{0, 3, "NOMBRE", D, 0, 0}};
    const struct eval_span found[] = {
        {0, 3, "NOMBRE", D, 0, 0}, {90, 80, "CI", D, 0, 0}, {90, 95, "CI", D, 0, 0}};
    const struct eval_note note = {
        .text = text, .n = 3, .gold = gold, .n_gold = 1, .found = found, .n_found = 3};
    assert_int_equal(eval_measure_spans(&s, &note, &err), OK);
    check_counts(s.strict, 1, 2, 0);
    check_counts(s.span, 1, 2, 0);
    eval_scores_release(&s);
}

static void what_is_not_returned_is_missed(void **state) {
    (void)state;
    struct eval_scores s = {0};
    const struct fixture whole = {.text = "Ana 40",
                                  .gold = {{0, 3, "NOMBRE", D, 0, 0}, {4, 6, "EDAD", Q, 0, 0}},
                                  .n_gold = 2,
                                  .found = {{0, 3, "NOMBRE", D, 0, 0}, {4, 6, "EDAD", Q, 0, 0}},
                                  .n_found = 2};
    struct fixture missing = whole;
    missing.n_found = 0;
    add(&s, whole);
    add(&s, missing);
    check_counts(s.strict, 2, 0, 2);
    check_counts(s.span, 2, 0, 2);
    check_counts(s.merged, 1, 0, 1);
    assert_true(near(share_of(&s, "coverage"), 0.5));
    assert_true(near(share_of(&s, "lrdi"), 0.5));
    assert_true(near(share_of(&s, "lrqi"), 0.5));
    assert_true(near(share_of(&s, "alid"), 0.5));
    assert_true(near(share_of(&s, "lr"), 0.5));
    assert_true(near(share_of(&s, "preservation"), 1));
    assert_int_equal(s.n_documents_leak, 1);
    eval_scores_release(&s);
}

static void coverage_wants_every_letter_and_digit(void **state) {
    (void)state;
    struct eval_scores s = {0};
    /* the dots of the cédula stay, which is no leak; one letter of "Rivera" does */
    add(&s,
        (struct fixture){
            .text = "CI 1.234 Rivera",
            .gold = {{3, 8, "CI", D, 0, 0}, {9, 15, "UBICACION", Q, 0, 0}},
            .n_gold = 2,
            .found = {{3, 4, "CI", D, 0, 0}, {5, 8, "CI", D, 0, 0}, {9, 14, "UBICACION", Q, 0, 0}},
            .n_found = 3});
    assert_int_equal(s.n_covered, 1);
    assert_int_equal(s.n_direct, 1);
    assert_int_equal(s.n_direct_covered, 1);
    assert_int_equal(s.n_documents_leak, 1);
    assert_int_equal(s.n_documents_direct_leak, 0);
    assert_true(near(share_of(&s, "coverage"), 0.5));
    assert_true(near(share_of(&s, "coverage_direct"), 1));
    assert_true(near(share_of(&s, "lrdi"), 1));
    assert_true(near(share_of(&s, "lrqi"), 0));
    /* 1 - s: 4 of 5 characters, and 5 of 6 */
    assert_true(near(share_of(&s, "alid"), (4.0 / 5 + 5.0 / 6) / 2));
    assert_true(near(share_of(&s, "lr"), 0));
    eval_scores_release(&s);
}

static void lr_begins_at_85_percent(void **state) {
    (void)state;
    struct eval_scores s = {0};
    /* 17 of 20 characters are exactly 85 %; 16 of 19 are less */
    add(&s, (struct fixture){.text = "abcdefghijklmnopqrst abcdefghijklmnopqrs",
                             .gold = {{0, 20, "ID", D, 0, 0}, {21, 40, "ID", D, 0, 0}},
                             .n_gold = 2,
                             .found = {{0, 17, "ID", D, 0, 0}, {21, 37, "ID", D, 0, 0}},
                             .n_found = 2});
    assert_int_equal(s.n_replaced_enough, 1);
    eval_scores_release(&s);
}

static size_t leaks(const char *text, enum identifier_class identifier, size_t end) {
    struct eval_scores s = {0};
    add(&s, (struct fixture){.text = text,
                             .gold = {{0, end, "NOMBRE", identifier, 0, 0}},
                             .n_gold = 1,
                             .found = {{0, end, "NOMBRE", identifier, 0, 0}},
                             .n_found = 1});
    assert_int_equal(s.n_covered, 1);
    const size_t n = s.n_documents_leak;
    if (identifier == D) assert_int_equal(n, s.n_documents_direct_leak);
    eval_scores_release(&s);
    return n;
}

static void a_direct_value_elsewhere_is_a_leak(void **state) {
    (void)state;
    assert_int_equal(leaks("Juan refiere", D, 4), 0);
    assert_int_equal(leaks("Juan, y Juan refiere", D, 4), 1);
    assert_int_equal(leaks("Juan y Juan", D, 4), 1); /* at the end */
    assert_int_equal(leaks("Juan y (Juan)", D, 4), 1);
    assert_int_equal(leaks("Juan y Juanita", D, 4), 0); /* not whole words */
    assert_int_equal(leaks("Juan y SanJuan", D, 4), 0);
    assert_int_equal(leaks("Juan y SanJuan y Juan", D, 4), 1);
    assert_int_equal(leaks("Juan y JUAN", D, 4), 0);     /* not the same case */
    assert_int_equal(leaks("Ana y Ana", D, 3), 0);       /* under four characters */
    assert_int_equal(leaks("Juan Paz y Juan", D, 8), 0); /* only a part of the value */
    assert_int_equal(leaks("Salto y Salto", Q, 5), 0);   /* quasi: only in place */
}

static void over_redaction_is_of_other_characters(void **state) {
    (void)state;
    struct eval_scores s = {0};
    /* 10 characters, 4 personal; found 2 of them and 3 others */
    add(&s, (struct fixture){.text = "abcdefghij",
                             .gold = {{0, 4, "ID", D, 0, 0}},
                             .n_gold = 1,
                             .found = {{2, 7, "ID", D, 0, 0}},
                             .n_found = 1,
                             .clinical = {{6, 8, "CLINICO", 0, 0, 0}, {8, 10, "CLINICO", 0, 0, 0}},
                             .n_clinical = 2});
    s.clinical_known = true;
    assert_true(near(share_of(&s, "over_redaction"), 3.0 / 6));
    assert_true(near(share_of(&s, "clinical_touched"), 1.0 / 2));
    assert_true(near(share_of(&s, "preservation"), 1));
    assert_int_equal(s.n_personal, 4);
    assert_int_equal(s.n_personal_replaced, 2);
    assert_int_equal(s.n_other_replaced, 3);
    s.clinical_known = false;
    assert_true(isnan(share_of(&s, "clinical_touched")));
    eval_scores_release(&s);
}

static void preservation_is_read_from_the_output(void **state) {
    (void)state;
    struct eval_scores s = {0};
    struct fixture f = {.text = "Ana tiene fiebre",
                        .gold = {{0, 3, "NOMBRE", D, 0, 0}},
                        .n_gold = 1,
                        .found = {{0, 3, "NOMBRE", D, 0, 0}},
                        .n_found = 1,
                        .output = "# tiene"};
    add(&s, f); /* cut short: 6 of 13 characters */
    assert_true(near(share_of(&s, "preservation"), 6.0 / 13));
    eval_scores_release(&s);
    f.output = "# tiene FIEbre";
    add(&s, f);
    assert_true(near(share_of(&s, "preservation"), 10.0 / 13));
    eval_scores_release(&s);
}

static void kept_kinds_leave_every_measure(void **state) {
    (void)state;
    struct eval_scores s = {0};
    add(&s, (struct fixture){.text = "madre Ana ok",
                             .gold = {{6, 9, "NOMBRE", D, 0, 0}},
                             .n_gold = 1,
                             .aside = {{0, 5, "FAMILIARES", Q, 0, 0}},
                             .n_aside = 1,
                             .found = {{0, 9, "NOMBRE", D, 0, 0}},
                             .n_found = 1});
    assert_int_equal(s.n_entities, 1);
    assert_int_equal(s.n_other, 4); /* the blank after "madre", and " ok" */
    assert_int_equal(s.n_other_replaced, 1);
    assert_int_equal(s.n_kept, 3);
    eval_scores_release(&s);
}

static void nothing_of_nothing_is_unknown(void **state) {
    (void)state;
    struct eval_scores s = {0};
    add(&s, (struct fixture){.text = ""});
    static const char *const unknown[] = {
        "coverage",       "coverage_direct",  "lrqi",        "alid", "lr",
        "over_redaction", "clinical_touched", "preservation"};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        assert_true(isnan(share_of(&s, unknown[i])));
    assert_true(near(share_of(&s, "lrdi"), 1)); /* one document, no leak */
    assert_true(isnan(eval_precision(&s.strict)));
    assert_true(isnan(eval_recall(&s.strict)));
    assert_true(isnan(eval_f1(&s.strict)));
    const struct eval_counts none_found = {.fn = 3};
    assert_true(isnan(eval_precision(&none_found)));
    assert_true(near(eval_recall(&none_found), 0));
    assert_true(near(eval_f1(&none_found), 0));
    eval_scores_release(&s);
}

static void reports_keep_their_keys_in_order(void **state) {
    (void)state;
    struct eval_scores s = {.labels_comparable = true};
    add(&s, (struct fixture){.text = "Ana", .gold = {{0, 3, "A,B", D, 0, 0}}, .n_gold = 1});
    json_t *o = eval_report_json(&s, "corp\xffus");
    static const char *const keys[] = {"corpus",
                                       "documents",
                                       "missing",
                                       "entities",
                                       "strict",
                                       "span",
                                       "merged",
                                       "labels",
                                       "characters",
                                       "coverage",
                                       "coverage_direct",
                                       "documents_with_leak",
                                       "documents_with_direct_leak",
                                       "review",
                                       "failed",
                                       "lrdi",
                                       "lrqi",
                                       "alid",
                                       "lr",
                                       "over_redaction",
                                       "clinical_touched",
                                       "preservation",
                                       "seconds"};
    const char *key;
    json_t *value;
    size_t i = 0;
    json_object_foreach(o, key, value) {
        assert_true(i < sizeof(keys) / sizeof(keys[0]));
        assert_string_equal(key, keys[i++]);
    }
    assert_int_equal(i, sizeof(keys) / sizeof(keys[0]));
    struct strbuf csv;
    strbuf_init(&csv, 1 << 16);
    eval_report_csv(&csv, o);
    assert_non_null(strstr(strbuf_str(&csv), "measure,value\ncorpus,corp\xef\xbf\xbdus\n"));
    assert_non_null(strstr(strbuf_str(&csv), "\nstrict.precision,\n"));
    assert_non_null(strstr(strbuf_str(&csv), "\n\"labels.A,B.fn\",1\n"));
    strbuf_release(&csv);
    json_decref(o);
    s.labels_comparable = false;
    o = eval_report_json(&s, "x");
    assert_true(json_is_null(json_object_get(o, "strict")));
    json_decref(o);
    eval_scores_release(&s);
}

static void letters_and_digits(void **state) {
    (void)state;
    static const uint32_t yes[] = {'a',  'Z',  '0',   0xe9,   0xf1,   0xaa,
                                   0xba, 0xb2, 0x416, 0x4e00, 0xff11, 0xfffd};
    static const uint32_t no[] = {' ',   '\n',   '.',    '-',    0xb0, 0xb7, 0xd7, 0xf7,
                                  0x301, 0x200b, 0x2014, 0x20ac, '/',  0xa0, 0};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        assert_true(eval_is_alnum(yes[i]));
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        assert_false(eval_is_alnum(no[i]));
}

static void find_terms(struct array *spans, const char *list, const char *text) {
    struct error err;
    struct clinical_terms *terms;
    *spans = (struct array){0};
    assert_int_equal(clinical_parse(&terms, list, strlen(list), &err), OK);
    assert_int_equal(clinical_find(terms, spans, ENCODING_UTF_8, (const unsigned char *)text,
                                   strlen(text), &err),
                     OK);
    clinical_close(terms);
}

static void check_terms(const char *list, const char *text, size_t n, const size_t *places) {
    struct array spans;
    find_terms(&spans, list, text);
    const struct eval_span *s = spans.data;
    assert_int_equal(spans.n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(s[i].start, places[2 * i]);
        assert_int_equal(s[i].end, places[2 * i + 1]);
    }
    array_release(&spans);
}

static void clinical_terms_are_whole_words(void **state) {
    (void)state;
    static const char list[] = "# comment\n"
                               "fiebre\r\n"
                               "insuficiencia card\xc3\xad"
                               "aca\n"
                               "insuficiencia\n"
                               "TAC\n"
                               "\n"
                               "beta-bloqueante";
    check_terms(list, "Fiebre, FIEBRE y fiebrecita", 2, (const size_t[]){0, 6, 8, 14});
    /* the longest; across a line end; accents either way */
    check_terms(list, "Insuficiencia\nCARDIACA e insuficiencia renal", 2,
                (const size_t[]){0, 22, 25, 38});
    check_terms(list, "insuficiencia, cardiaca", 1, (const size_t[]){0, 13});
    check_terms(list, "TAC tac Tac (TAC)", 2, (const size_t[]){0, 3, 13, 16});
    check_terms(list, "beta bloqueante beta-bloqueante", 2, (const size_t[]){0, 15, 16, 31});
    check_terms(list, "comment", 0, NULL);
    check_terms("", "fiebre", 0, NULL);
    check_terms(list, "", 0, NULL);
    check_terms("TOS\ntos\n", "Tos", 1, (const size_t[]){0, 3}); /* one entry frees the case */
    /* offsets are code points of the note */
    check_terms(list,
                "\xc3\xa9\xc3\xa9 fie\xe2\x80\x8b"
                "bre",
                1, (const size_t[]){3, 10});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strict_wants_label_and_offsets),
        cmocka_unit_test(merged_joins_neighbours_of_any_label),
        cmocka_unit_test(repetitions_and_wild_offsets),
        cmocka_unit_test(what_is_not_returned_is_missed),
        cmocka_unit_test(coverage_wants_every_letter_and_digit),
        cmocka_unit_test(lr_begins_at_85_percent),
        cmocka_unit_test(a_direct_value_elsewhere_is_a_leak),
        cmocka_unit_test(over_redaction_is_of_other_characters),
        cmocka_unit_test(preservation_is_read_from_the_output),
        cmocka_unit_test(kept_kinds_leave_every_measure),
        cmocka_unit_test(nothing_of_nothing_is_unknown),
        cmocka_unit_test(reports_keep_their_keys_in_order),
        cmocka_unit_test(letters_and_digits),
        cmocka_unit_test(clinical_terms_are_whole_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
