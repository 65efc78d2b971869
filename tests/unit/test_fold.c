/* SPDX-License-Identifier: MIT
 *
 * text/fold: what a detector reads, and that every folded character knows where it came from.
 */
#include "check.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "text/fold.h"

static void check_fold(const char *utf8, const char *wanted) {
    struct error err;
    struct folded f;
    assert_int_equal(fold_text(&f, ENCODING_UTF_8, (const unsigned char *)utf8, strlen(utf8), &err),
                     OK);
    assert_string_equal((const char *)f.text, wanted);
    assert_int_equal(f.n, strlen(wanted));
    folded_release(&f);
}

static void reads_alike_what_looks_alike(void **state) {
    (void)state;
    check_fold("", "");
    check_fold("P\xc3\xa9rez \xc3\x91u\xc3\xb1"
               "ez \xc3\x9c",
               "Perez Nunez U");
    check_fold("Pe\xcc\x81rez", "Perez");       /* combining acute */
    check_fold("\xd0\xa0\xd0\xb5rez", "Perez"); /* Cyrillic Er and ie */
    check_fold("\xce\x9f\xce\xbd", "Ov");       /* Greek Omicron, nu */
    check_fold("1\xe2\x80\x8b"
               "2\xc2\xad"
               "3\xef\xbb\xbf",
               "123"); /* ZWSP, soft hyphen, BOM */
    check_fold("\xef\xbc\x91\xef\xbc\x92\xef\xbc\x8e\xef\xbc\xa1", "12.A"); /* full-width */
    check_fold("\xd9\xa0\xd9\xa9\xf0\x9d\x9f\x8e\xf0\x9d\x9f\xbf", "0909"); /* Arabic, maths */
    check_fold("a\xc2\xa0"
               "b\xe2\x80\xaf"
               "c\xe3\x80\x80"
               "d",
               "a b c d");
    check_fold("a\xe2\x80\x93"
               "b\xe2\x80\x94"
               "c\xe2\x88\x92"
               "d",
               "a-b-c-d");
    check_fold("\xe2\x80\x9cx\xe2\x80\x9d\xe2\x80\x99", "\"x\"'");
    check_fold("n\xc2\xba n\xc2\xb0", "n\xba n\xba");
    check_fold("\xe2\x80\xa2", "\xb7");
    check_fold("\xe4\xb8\x80\xff", "\xc0\xc0"); /* a letter of no Latin look, a broken byte */
    check_fold("\xe2\x82\xac", "\xa4");         /* the euro sign */
}

static void line_ends_are_one_character(void **state) {
    (void)state;
    check_fold("a\r\nb\rc\nd\r", "a \nb\nc\nd\n");
    check_fold("\r\r\n", "\n \n");
    check_fold("a\fb\vc\xe2\x80\xa8"
               "d\xc2\x85"
               "e",
               "a\nb\nc\nd\ne");
}

static void phrases_fold_to_lower_case_words(void **state) {
    (void)state;
    char out[32];
    assert_int_equal(fold_phrase(out, sizeof(out), "  Cerro-LARGO, 2\xc2\xaa  "), 13);
    assert_string_equal(out, "cerro largo 2");
    assert_int_equal(fold_phrase(out, sizeof(out), ""), 0);
    assert_string_equal(out, "");
    assert_int_equal(fold_phrase(out, 4, "abcdef"), 3);
    assert_string_equal(out, "abc");
    assert_int_equal(fold_phrase(out, 4, "ab cd"), 2); /* no trailing blank */
    assert_string_equal(out, "ab");
    assert_int_equal(fold_phrase(out, 0, "ab"), 0);
    assert_int_equal(fold_phrase(out, 1, "ab"), 0);
    assert_string_equal(out, "");
}

/* One code point of a naive reading. */
struct place {
    uint32_t cp;
    size_t byte, len;
    int folded; /* -1: vanishes */
};

static bool is_mark(uint32_t cp) {
    return (cp >= 0x300 && cp <= 0x36f) || (cp >= 0x1ab0 && cp <= 0x1aff) ||
           (cp >= 0x1dc0 && cp <= 0x1dff) || (cp >= 0x20d0 && cp <= 0x20ff) ||
           (cp >= 0xfe20 && cp <= 0xfe2f);
}

static size_t read_naively(struct place *places, enum encoding e, const unsigned char *s,
                           size_t n) {
    size_t count = 0;
    for (size_t at = 0; at < n; count++) {
        struct place *p = &places[count];
        p->byte = at;
        p->len = encoding_decode(e, s, n, at, &p->cp, NULL);
        at += p->len;
        p->folded = fold_codepoint(p->cp);
    }
    for (size_t i = 0; i < count; i++) {
        struct place *p = &places[i];
        const bool pair = i + 1 < count && places[i + 1].cp == '\n';
        if (p->cp == '\r') p->folded = pair ? ' ' : '\n';
        if (p->cp == '\v' || p->cp == '\f') p->folded = '\n';
    }
    return count;
}

static uint32_t seed;
static uint32_t rnd(uint32_t n) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static const uint32_t alphabet[] = {'a',    'Z',    ' ',   '\n',  '\r',   '\r',    '\t',
                                    '7',    0xe9,   0x301, 0x303, 0x200b, 0x200d,  0xad,
                                    0xfeff, 0xff11, 0x420, 0x435, 0x4e00, 0x1f600, 0x1d7d0,
                                    0xa0,   0x2028, 0x0c,  0,     0xfffd, 0x92};

enum { TEXT_CODEPOINTS = 700 };

static void make_text(struct strbuf *sb, enum encoding e, size_t n) {
    strbuf_init(sb, 1 << 16);
    for (size_t i = 0; i < n; i++) {
        encoding_append(sb, e, alphabet[rnd(sizeof(alphabet) / sizeof(alphabet[0]))]);
        if (rnd(40) == 0) strbuf_putc(sb, (char)rnd(256)); /* breaks what follows */
    }
}

static struct source_range naive_range(const struct place *places, size_t n, size_t first,
                                       size_t last) {
    struct source_range r = {.start_byte = places[first].byte, .start = first};
    while (last + 1 < n && is_mark(places[last + 1].cp))
        last++;
    r.end = last + 1;
    r.end_byte = places[last].byte + places[last].len;
    return r;
}

static void check_range(struct source_range got, struct source_range wanted) {
    assert_int_equal(got.start_byte, wanted.start_byte);
    assert_int_equal(got.end_byte, wanted.end_byte);
    assert_int_equal(got.start, wanted.start);
    assert_int_equal(got.end, wanted.end);
}

static void check_text(enum encoding e, const struct strbuf *sb) {
    struct error err;
    struct folded f;
    const unsigned char *bytes = (const unsigned char *)strbuf_str(sb);
    struct place *places = mem_alloc((sb->n + 1) * sizeof(*places));
    size_t *visible = mem_alloc((sb->n + 1) * sizeof(*visible));
    const size_t n = read_naively(places, e, bytes, sb->n);
    size_t n_visible = 0;
    assert_int_equal(fold_text(&f, e, bytes, sb->n, &err), OK);
    for (size_t i = 0; i < n; i++) {
        if (places[i].folded < 0) continue;
        assert_true(n_visible < f.n);
        assert_int_equal(f.text[n_visible], places[i].folded);
        visible[n_visible++] = i;
    }
    assert_int_equal(f.n, n_visible);
    assert_int_equal(f.text[f.n], 0);
    for (size_t i = 0; i < f.n; i++) {
        check_range(folded_source(&f, i, i + 1), naive_range(places, n, visible[i], visible[i]));
        const size_t j = i + rnd((uint32_t)(f.n - i));
        check_range(folded_source(&f, i, j + 1), naive_range(places, n, visible[i], visible[j]));
    }
    folded_release(&f);
    mem_free(visible);
    mem_free(places);
}

static void ranges_agree_with_a_naive_walk(void **state) {
    (void)state;
    for (int round = 0; round < 60; round++) {
        seed = (uint32_t)round;
        const enum encoding e = (enum encoding)(round % 6);
        struct strbuf sb;
        make_text(&sb, e, rnd(TEXT_CODEPOINTS));
        check_text(e, &sb);
        strbuf_release(&sb);
    }
}

/* Lengths about the stride of the checkpoints, and long runs that vanish between them. */
static void ranges_hold_at_checkpoints(void **state) {
    (void)state;
    for (size_t n = 60; n < 70; n++) {
        struct strbuf sb;
        strbuf_init(&sb, 1 << 16);
        for (size_t i = 0; i < 2 * n; i++) {
            strbuf_putc(&sb, (char)('a' + i % 26));
            if (i % n == 0)
                for (int k = 0; k < 200; k++)
                    encoding_append(&sb, ENCODING_UTF_8, k % 2 ? 0x200b : 0x301);
        }
        check_text(ENCODING_UTF_8, &sb);
        strbuf_release(&sb);
    }
}

static void lack_of_memory_is_told(void **state) {
    (void)state;
    struct error err;
    struct folded f;
    for (unsigned long n = 1; n <= 2; n++) {
        mem_fail_after(n);
        assert_int_equal(fold_text(&f, ENCODING_UTF_8, (const unsigned char *)"abc", 3, &err),
                         ERR_NOMEM);
    }
    mem_fail_after(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_alike_what_looks_alike),
        cmocka_unit_test(line_ends_are_one_character),
        cmocka_unit_test(phrases_fold_to_lower_case_words),
        cmocka_unit_test(ranges_agree_with_a_naive_walk),
        cmocka_unit_test(ranges_hold_at_checkpoints),
        cmocka_unit_test(lack_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
