/* SPDX-License-Identifier: MIT
 *
 * Stop strings, against a search of the whole text.
 */
#include <string.h>

#include "check.h"
#include "base/mem.h"
#include "engine/stops.h"

static struct stops *open_stops(const char *const *strings, size_t n) {
    struct stops *s = NULL;
    struct error err = {0};
    if (stops_open(&s, strings, n, &err)) fail_msg("%s", err.message);
    return s;
}

/* Where the first stop string begins in text[0, n); *which: the longest of those that end there. */
static bool naive(const char *text, size_t n, const char *const *strings, size_t n_strings,
                  size_t *start, size_t *which) {
    for (size_t end = 1; end <= n; end++) {
        size_t longest = 0;
        for (size_t i = 0; i < n_strings; i++) {
            const size_t length = strlen(strings[i]);
            if (length > longest && length <= end &&
                memcmp(text + end - length, strings[i], length) == 0) {
                longest = length;
                *which = i;
            }
        }
        *start = end - longest;
        if (longest) return true;
    }
    return false;
}

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* Random strings over two letters, random text, cut at random places: what is shown is the text
 * before the string, and after each piece nothing is held that could not become one. */
static void random_texts_end_where_a_search_says(void **state) {
    (void)state;
    uint32_t r = 7;
    for (int round = 0; round < 3000; round++) {
        char strings_text[4][8], text[41];
        const char *strings[4];
        const size_t n_strings = 1 + next_random(&r) % 4, n = next_random(&r) % 40;
        for (size_t i = 0; i < n_strings; i++) {
            const size_t length = 1 + next_random(&r) % 6;
            for (size_t j = 0; j < length; j++)
                strings_text[i][j] = (char)('a' + next_random(&r) % 2);
            strings_text[i][length] = '\0';
            strings[i] = strings_text[i];
        }
        for (size_t i = 0; i < n; i++)
            text[i] = (char)('a' + next_random(&r) % (round % 2 ? 2 : 3));
        size_t want_start = n, want_which = 99, which = 99;
        const bool want = naive(text, n, strings, n_strings, &want_start, &want_which);
        struct stops *s = open_stops(strings, n_strings);
        struct strbuf shown;
        strbuf_init(&shown, 1000);
        bool found = false;
        for (size_t at = 0; at < n && !found;) {
            size_t piece = 1 + next_random(&r) % 5;
            if (piece > n - at) piece = n - at;
            found = stops_feed(s, text + at, piece, &shown, &which);
            at += piece;
        }
        assert_int_equal(found, want);
        if (!found) stops_finish(s, &shown);
        assert_int_equal(shown.n, want ? want_start : n);
        assert_memory_equal(strbuf_str(&shown), text, shown.n);
        if (want) assert_string_equal(strings[which], strings[want_which]);
        strbuf_release(&shown);
        stops_close(s);
    }
}

static void only_what_may_become_one_is_held(void **state) {
    (void)state;
    const char *const strings[] = {"Usuario:", "\n\n"};
    struct stops *s = open_stops(strings, 2);
    struct strbuf shown;
    size_t which = 99;
    strbuf_init(&shown, 100);
    assert_false(stops_feed(s, "Dosis: 5 mg\nUsu", 15, &shown, &which));
    assert_string_equal(strbuf_str(&shown), "Dosis: 5 mg\n");
    assert_false(stops_feed(s, "al", 2, &shown, &which));
    assert_string_equal(strbuf_str(&shown), "Dosis: 5 mg\nUsual");
    assert_false(stops_feed(s, "\n", 1, &shown, &which));
    assert_string_equal(strbuf_str(&shown), "Dosis: 5 mg\nUsual");
    assert_true(stops_feed(s, "\nmore", 5, &shown, &which));
    assert_string_equal(strbuf_str(&shown), "Dosis: 5 mg\nUsual");
    assert_int_equal(which, 1);
    strbuf_clear(&shown);
    assert_false(stops_feed(s, "Us", 2, &shown, &which)); /* a fresh start */
    stops_reset(s);
    stops_finish(s, &shown);
    assert_int_equal(shown.n, 0);
    strbuf_release(&shown);
    stops_close(s);
}

/* What is held grows to thousands of bytes and then moves on by one for each that comes: the text
 * of the strings is its own, whichever of those that begin alike was read first. */
static void a_long_string_is_held_whole(void **state) {
    (void)state;
    enum { LENGTH = 5000, TEXT = 3 * LENGTH };
    char *text = mem_alloc(TEXT), *near = mem_alloc(LENGTH + 2), *far = mem_alloc(LENGTH + 2);
    assert_true(text && near && far);
    memset(text, 'a', TEXT);
    memcpy(near, text, LENGTH);
    memcpy(near + LENGTH, "c", 2);
    memcpy(far, text, LENGTH);
    memcpy(far + LENGTH, "b", 2);
    const char *const strings[] = {near, far};
    struct stops *s = open_stops(strings, 2);
    mem_free(near);
    mem_free(far);
    struct strbuf shown;
    size_t which = 99;
    strbuf_init(&shown, TEXT);
    assert_false(stops_feed(s, text, LENGTH, &shown, &which));
    assert_int_equal(shown.n, 0);
    assert_false(stops_feed(s, text, TEXT - LENGTH, &shown, &which));
    assert_int_equal(shown.n, TEXT - LENGTH);
    assert_true(stops_feed(s, "b", 1, &shown, &which));
    assert_int_equal(which, 1);
    assert_int_equal(shown.n, TEXT - LENGTH);
    assert_false(stops_feed(s, text, LENGTH, &shown, &which));
    stops_finish(s, &shown);
    assert_int_equal(shown.n, TEXT);
    assert_memory_equal(shown.data, text, TEXT);
    mem_free(text);
    strbuf_release(&shown);
    stops_close(s);
}

static void what_cannot_be_a_stop_string_is_refused(void **state) {
    (void)state;
    struct stops *s = NULL;
    struct error err = {0};
    const char *many[STOPS_MAX + 1];
    const char *const empty[] = {"a", ""};
    for (size_t i = 0; i <= STOPS_MAX; i++)
        many[i] = "x";
    assert_int_equal(stops_open(&s, empty, 2, &err), ERR_INVALID);
    assert_non_null(strstr(err.message, "empty"));
    assert_int_equal(stops_open(&s, many, STOPS_MAX + 1, &err), ERR_INVALID);
    assert_non_null(strstr(err.message, "65"));
    char *large = mem_alloc(STOP_BYTES_MAX + 2);
    assert_non_null(large);
    memset(large, 'x', STOP_BYTES_MAX + 1);
    large[STOP_BYTES_MAX + 1] = '\0';
    const char *const one[] = {large};
    assert_int_equal(stops_open(&s, one, 1, &err), ERR_INVALID);
    mem_free(large);
    assert_null(s);
    stops_close(NULL);
}

static void memory_may_be_short(void **state) {
    (void)state;
    const char *const strings[] = {"abc", "abd", "x"};
    enum status st = ERR_NOMEM;
    for (unsigned long nth = 1; st == ERR_NOMEM; nth++) {
        struct stops *s = NULL;
        struct error err = {0};
        mem_fail_after(nth);
        st = stops_open(&s, strings, 3, &err);
        mem_fail_after(0);
        stops_close(s);
    }
    assert_int_equal(st, OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_texts_end_where_a_search_says),
        cmocka_unit_test(only_what_may_become_one_is_held),
        cmocka_unit_test(a_long_string_is_held_whole),
        cmocka_unit_test(what_cannot_be_a_stop_string_is_refused),
        cmocka_unit_test(memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
