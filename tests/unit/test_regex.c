/* SPDX-License-Identifier: MIT
 *
 * text/regex: a site's patterns find, break or hit their limit, and never hang.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "text/regex.h"

static bool find(const char *pattern, const char *text, size_t at, size_t *start, size_t *end) {
    struct error err;
    struct regex *re;
    bool found;
    assert_int_equal(regex_open(&re, pattern, &err), OK);
    assert_int_equal(
        regex_find(re, (const unsigned char *)text, strlen(text), at, &found, start, end, &err),
        OK);
    regex_close(re);
    return found;
}

static void finds_without_regard_to_case(void **state) {
    (void)state;
    size_t start, end;
    assert_true(find("hc-\\d+", "x HC-123 hc-4", 0, &start, &end));
    assert_int_equal(start, 2);
    assert_int_equal(end, 8);
    assert_true(find("hc-\\d+", "x HC-123 hc-4", 3, &start, &end));
    assert_int_equal(start, 9);
    assert_int_equal(end, 13);
    assert_false(find("hc-\\d+", "x HC-123 hc-4", 10, &start, &end));
    assert_false(find("a", "", 0, &start, &end));
    assert_false(find("a", "a", 1, &start, &end));
}

static void lines_have_their_own_ends(void **state) {
    (void)state;
    size_t start, end;
    assert_true(find("^b$", "a\nb\nc", 0, &start, &end));
    assert_int_equal(start, 2);
    assert_false(find("a.b", "a\nb", 0, &start, &end));
    assert_false(find("^b", "ab", 1, &start, &end)); /* `at` is not the start of a line */
    assert_true(find("(?<=a)b", "ab", 1, &start, &end));
}

static void an_empty_match_is_none(void **state) {
    (void)state;
    size_t start, end;
    assert_false(find("x*", "abc", 0, &start, &end));
    assert_true(find("x*", "abxc", 0, &start, &end));
    assert_int_equal(start, 2);
    assert_false(find("(?=ab)", "ab", 0, &start, &end));
}

static void bad_patterns_say_where(void **state) {
    (void)state;
    static const char *const patterns[] = {"(",   "a)",      "[a",   "*",  "a{2,1}",
                                           "\\C", "(*UTF)a", "(?<n", "\\", "(?R"};
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        struct error err;
        struct regex *re = NULL;
        assert_int_equal(regex_open(&re, patterns[i], &err), ERR_INVALID);
        assert_true(strlen(err.message) > 10);
    }
    char long_one[REGEX_PATTERN_MAX + 2];
    memset(long_one, 'a', sizeof(long_one));
    long_one[REGEX_PATTERN_MAX + 1] = '\0';
    struct error err;
    struct regex *re = NULL;
    assert_int_equal(regex_open(&re, long_one, &err), ERR_INVALID);
    long_one[REGEX_PATTERN_MAX] = '\0';
    assert_int_equal(regex_open(&re, long_one, &err), OK);
    regex_close(re);
    regex_close(NULL);
}

static void the_match_limit_is_an_error(void **state) {
    (void)state;
    static const char *const patterns[] = {
        "(a+)+b",
        "(a|a)*b",
        "(.*)*b",
        "(?:a?){30}a{30}b",
        "(*LIMIT_MATCH=1000000000)(a+)+b", /* a pattern cannot raise the limit */
        "(*LIMIT_DEPTH=1000000000)(*LIMIT_HEAP=1000000000)(a(?R)?)+b",
    };
    char text[64];
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        struct error err;
        struct regex *re;
        bool found = true;
        size_t start, end;
        /* the b that is wanted stands behind the end of what may match */
        char pattern[128];
        snprintf(pattern, sizeof(pattern), "%s(?<!x)[bc]", patterns[i]);
        assert_int_equal(regex_open(&re, pattern, &err), OK);
        text[63] = 'b';
        assert_int_equal(regex_find(re, (const unsigned char *)text, sizeof(text), 0, &found,
                                    &start, &end, &err),
                         ERR_LIMIT);
        assert_false(found);
        assert_null(strstr(err.message, "aaa"));
        regex_close(re);
    }
}

/* Stack and heap stay bounded however deep the recursion. */
static void deep_recursion_is_an_error(void **state) {
    (void)state;
    struct error err;
    struct regex *re;
    bool found;
    size_t start, end;
    enum { N = 100000 };
    unsigned char *text = mem_alloc(N);
    memset(text, '(', N);
    assert_int_equal(regex_open(&re, "\\((?:[^()]|(?R))*\\)", &err), OK);
    assert_int_equal(regex_find(re, text, N, 0, &found, &start, &end, &err), OK);
    memset(text + N / 2, ')', N / 2);
    assert_int_equal(regex_find(re, text, N, 0, &found, &start, &end, &err), ERR_LIMIT);
    regex_close(re);
    mem_free(text);
}

static void a_match_that_runs_backwards_is_none(void **state) {
    (void)state;
    struct error err;
    struct regex *re;
    bool found;
    size_t start, end;
    if (regex_open(&re, "(?=ab\\K)a", &err) != OK) return; /* newer PCRE2 refuses it */
    assert_int_equal(regex_find(re, (const unsigned char *)"ab", 2, 0, &found, &start, &end, &err),
                     OK);
    assert_false(found);
    regex_close(re);
}

static void lack_of_memory_is_told(void **state) {
    (void)state;
    struct error err;
    struct regex *re;
    mem_fail_after(1);
    assert_int_equal(regex_open(&re, "a", &err), ERR_NOMEM);
    mem_fail_after(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_without_regard_to_case),
        cmocka_unit_test(lines_have_their_own_ends),
        cmocka_unit_test(an_empty_match_is_none),
        cmocka_unit_test(bad_patterns_say_where),
        cmocka_unit_test(the_match_limit_is_an_error),
        cmocka_unit_test(deep_recursion_is_an_error),
        cmocka_unit_test(a_match_that_runs_backwards_is_none),
        cmocka_unit_test(lack_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
