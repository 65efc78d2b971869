/* SPDX-License-Identifier: MIT
 *
 * doc/brat: text-bound lines are read, others skipped, broken ones named by their line.
 */
#include "check.h"

#include <string.h>

#include "base/mem.h"
#include "doc/brat.h"

static enum status parse(struct brat *b, const char *text, struct error *err) {
    *b = (struct brat){0};
    return brat_parse(b, text, strlen(text), "x.ann", err);
}

static void reads_text_bound_lines(void **state) {
    (void)state;
    struct error err;
    struct brat b;
    assert_int_equal(parse(&b,
                           "\xef\xbb\xbfT1\tFECHAS 3 13\t15/11/2024\r\n"
                           "#1\tAnnotatorNotes T1\tnota\n"
                           "A1\tNegation T1\n"
                           "R1\tX Arg1:T1 Arg2:T2\n"
                           "\n"
                           "T22\tNOMBRE 20 24;30 35\tAna  P\xc3\xa9rez",
                           &err),
                     OK);
    assert_int_equal(b.n, 2);
    assert_string_equal(b.entities[0].label, "FECHAS");
    assert_string_equal(b.entities[0].text, "15/11/2024");
    assert_int_equal(b.entities[0].start, 3);
    assert_int_equal(b.entities[0].end, 13);
    assert_int_equal(b.entities[0].line, 1);
    assert_string_equal(b.entities[1].text, "Ana  P\xc3\xa9rez");
    assert_int_equal(b.entities[1].start, 20);
    assert_int_equal(b.entities[1].end, 35);
    assert_int_equal(b.entities[1].line, 6);
    brat_release(&b);
    assert_null(b.entities);
}

static void an_empty_file_has_no_entities(void **state) {
    (void)state;
    struct error err;
    struct brat b;
    assert_int_equal(brat_parse(&b, NULL, 0, "x.ann", &err), OK);
    assert_int_equal(b.n, 0);
    brat_release(&b);
    assert_int_equal(parse(&b, "\n\r\n", &err), OK);
    assert_int_equal(b.n, 0);
    brat_release(&b);
}

static void a_line_may_lack_its_text(void **state) {
    (void)state;
    struct error err;
    struct brat b;
    assert_int_equal(parse(&b, "T1\tCI 3 4\n", &err), OK);
    assert_string_equal(b.entities[0].text, "");
    brat_release(&b);
}

static void broken_lines_are_named_without_their_text(void **state) {
    (void)state;
    static const char *const lines[] = {
        "T1",
        "T1 FECHA 1 2\tsecreto",
        "T\tFECHA 1 2\tsecreto",
        "T1\tFECHA\tsecreto",
        "T1\t 1 2\tsecreto",
        "T1\tFECHA 1\tsecreto",
        "T1\tFECHA 1 x\tsecreto",
        "T1\tFECHA -1 2\tsecreto",
        "T1\tFECHA 1  2\tsecreto",
        "T1\tFECHA 1 2 \tsecreto",
        "T1\tFECHA 1 2;3\tsecreto",
        "T1\tFECHA 1 2;\tsecreto",
        "T1\tFECHA 1 99999999999999999999999\tsecreto",
        "T1\tFE\x01"
        "CHA 1 2\tsecreto",
        "T1\tFE\xff"
        "CHA 1 2\tsecreto",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct error err;
        struct brat b;
        char text[128] = "T1\tCI 3 4\tx\n";
        strcat(text, lines[i]);
        assert_int_equal(parse(&b, text, &err), ERR_INVALID);
        assert_non_null(strstr(err.message, "x.ann:2:"));
        assert_null(strstr(err.message, "secreto"));
    }
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    struct error err;
    struct brat b;
    for (unsigned long n = 1;; n++) {
        mem_fail_after(n);
        enum status st = parse(&b, "T1\tCI 3 4\tx\nT2\tCI 5 6\ty\n", &err);
        mem_fail_after(0);
        if (st == OK) {
            assert_true(n > 1);
            break;
        }
        assert_int_equal(st, ERR_NOMEM);
    }
    brat_release(&b);
}

static void a_missing_file_is_not_found(void **state) {
    (void)state;
    struct error err;
    struct brat b;
    assert_int_equal(brat_read(&b, "/nonexistent/x.ann", &err), ERR_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_text_bound_lines),
        cmocka_unit_test(an_empty_file_has_no_entities),
        cmocka_unit_test(a_line_may_lack_its_text),
        cmocka_unit_test(broken_lines_are_named_without_their_text),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_missing_file_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
