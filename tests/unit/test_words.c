/* SPDX-License-Identifier: MIT
 *
 * text/words: tokens, their shapes, and the gaps before them.
 */
#include "check.h"

#include <string.h>

#include "base/mem.h"
#include "text/words.h"

static struct token *scan(struct array *a, const char *text) {
    *a = (struct array){0};
    assert_true(words_scan(a, (const unsigned char *)text, 0, strlen(text)));
    return a->data;
}

static void cuts_words_numbers_marks_and_lines(void **state) {
    (void)state;
    struct array a;
    const struct token *t = scan(&a, "Dr.Perez 12mg\n-");
    static const struct {
        uint32_t start, end;
        int type;
    } wanted[] = {
        {0, 2, TOKEN_WORD},   {2, 3, TOKEN_MARK},      {3, 8, TOKEN_WORD},   {9, 11, TOKEN_NUMBER},
        {11, 13, TOKEN_WORD}, {13, 14, TOKEN_NEWLINE}, {14, 15, TOKEN_MARK},
    };
    assert_int_equal(a.n, 7);
    for (size_t i = 0; i < a.n; i++) {
        assert_int_equal(t[i].start, wanted[i].start);
        assert_int_equal(t[i].end, wanted[i].end);
        assert_int_equal(t[i].type, wanted[i].type);
        assert_int_equal(t[i].classes, 0);
    }
    array_release(&a);
}

static void tells_shapes_apart(void **state) {
    (void)state;
    struct array a;
    const struct token *t = scan(&a, "perez Perez PEREZ P p McBurney pEREZ \xc0x \xc0\xc0");
    static const int shapes[] = {SHAPE_LOWER, SHAPE_TITLE, SHAPE_UPPER, SHAPE_UPPER, SHAPE_LOWER,
                                 SHAPE_MIXED, SHAPE_MIXED, SHAPE_LOWER, SHAPE_LOWER};
    assert_int_equal(a.n, 9);
    for (size_t i = 0; i < a.n; i++)
        assert_int_equal(t[i].shape, shapes[i]);
    array_release(&a);
}

static void gaps_are_blanks_before_a_token(void **state) {
    (void)state;
    struct array a;
    const struct token *t = scan(&a, "  a\tb \t c\n d");
    static const int gaps[] = {2, 4, 6, 0, 1};
    assert_int_equal(a.n, 5);
    for (size_t i = 0; i < a.n; i++)
        assert_int_equal(t[i].gap, gaps[i]);
    array_release(&a);
    char wide[70002];
    memset(wide, ' ', 70000);
    memcpy(wide + 70000, "x", 2);
    t = scan(&a, wide);
    assert_int_equal(t[0].gap, 0xffff);
    array_release(&a);
}

static void appends_and_keeps_to_its_range(void **state) {
    (void)state;
    struct array a = {0};
    const unsigned char text[] = "abc def ghi";
    assert_true(words_scan(&a, text, 4, 7));
    assert_true(words_scan(&a, text, 9, 11)); /* begins inside a word: takes what is given */
    assert_true(words_scan(&a, text, 5, 5));
    assert_int_equal(a.n, 2);
    const struct token *t = a.data;
    assert_int_equal(t[0].start, 4);
    assert_int_equal(t[0].end, 7);
    assert_int_equal(t[1].start, 9);
    assert_int_equal(t[1].end, 11);
    array_release(&a);
}

static void lack_of_memory_is_told(void **state) {
    (void)state;
    struct array a = {0};
    mem_fail_after(1);
    assert_false(words_scan(&a, (const unsigned char *)"a", 0, 1));
    mem_fail_after(0);
    assert_int_equal(a.n, 0);
    array_release(&a);
}

/* Every byte value alone: tokens cover exactly what is not blank, in order. */
static void every_byte_is_a_token_or_a_blank(void **state) {
    (void)state;
    for (int c = 0; c < 256; c++) {
        const unsigned char text[] = {'a', (unsigned char)c, '1'};
        struct array a = {0};
        assert_true(words_scan(&a, text, 0, 3));
        const struct token *t = a.data;
        size_t covered = 0;
        for (size_t i = 0; i < a.n; i++) {
            assert_true(t[i].start < t[i].end);
            if (i) assert_true(t[i].start >= t[i - 1].end);
            covered += t[i].end - t[i].start;
        }
        assert_int_equal(covered, c == ' ' || c == '\t' || c == '\r' ? 2 : 3);
        array_release(&a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_words_numbers_marks_and_lines),
        cmocka_unit_test(tells_shapes_apart),
        cmocka_unit_test(gaps_are_blanks_before_a_token),
        cmocka_unit_test(appends_and_keeps_to_its_range),
        cmocka_unit_test(lack_of_memory_is_told),
        cmocka_unit_test(every_byte_is_a_token_or_a_blank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
