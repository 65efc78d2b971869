/* SPDX-License-Identifier: MIT
 *
 * text/encoding: no byte is lost, whatever the bytes are.
 */
#include "check.h"

#include <string.h>

#include "base/strbuf.h"
#include "text/encoding.h"

enum { LIST_MAX = 64 };

/* Decodes all of it as a list of code points; broken ones as 0xfffd with their count. */
static size_t decode(enum encoding e, const void *bytes, size_t n, uint32_t *list,
                     size_t *n_broken) {
    size_t count = 0;
    *n_broken = 0;
    for (size_t at = 0; at < n; count++) {
        bool broken;
        assert_true(count < LIST_MAX);
        const size_t len = encoding_decode(e, bytes, n, at, &list[count], &broken);
        assert_in_range(len, 1, n - at);
        if (broken) assert_int_equal(list[count], 0xfffd);
        *n_broken += broken;
        at += len;
    }
    return count;
}

static void check_decoding(enum encoding e, const char *bytes, size_t n, const uint32_t *wanted,
                           size_t n_wanted, size_t n_broken) {
    uint32_t list[LIST_MAX];
    size_t broken;
    assert_int_equal(decode(e, bytes, n, list, &broken), n_wanted);
    assert_memory_equal(list, wanted, n_wanted * sizeof(*wanted));
    assert_int_equal(broken, n_broken);
    assert_int_equal(encoding_count(e, (const unsigned char *)bytes, n), n_wanted);
}

#define CHECK_UTF_8(bytes, n_broken, ...)                                                          \
    do {                                                                                           \
        static const uint32_t wanted[] = {__VA_ARGS__};                                            \
        check_decoding(ENCODING_UTF_8, bytes, sizeof(bytes) - 1, wanted,                           \
                       sizeof(wanted) / sizeof(wanted[0]), n_broken);                              \
    } while (0)

static void well_formed_utf8(void **state) {
    (void)state;
    CHECK_UTF_8("a\x7f", 0, 'a', 0x7f);
    CHECK_UTF_8("\xc2\x80\xdf\xbf", 0, 0x80, 0x7ff);
    CHECK_UTF_8("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", 0, 0x800, 0xd7ff, 0xe000,
                0xffff);
    CHECK_UTF_8("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 0, 0x10000, 0x10ffff);
    CHECK_UTF_8("\xef\xbb\xbf"
                "a\r\n",
                0, 0xfeff, 'a', '\r', '\n');
    CHECK_UTF_8("\xef\xbf\xbd", 0, 0xfffd); /* a U+FFFD that stands in the file is not broken */
}

static void overlong_forms_and_surrogates_are_broken(void **state) {
    (void)state;
    CHECK_UTF_8("\xc0\x80", 2, 0xfffd, 0xfffd);
    CHECK_UTF_8("\xc1\xbf", 2, 0xfffd, 0xfffd);
    CHECK_UTF_8("\xe0\x9f\xbf", 3, 0xfffd, 0xfffd, 0xfffd);
    CHECK_UTF_8("\xf0\x8f\xbf\xbf", 4, 0xfffd, 0xfffd, 0xfffd, 0xfffd);
    CHECK_UTF_8("\xed\xa0\x80", 3, 0xfffd, 0xfffd, 0xfffd);
    CHECK_UTF_8("\xed\xbf\xbf", 3, 0xfffd, 0xfffd, 0xfffd);
    CHECK_UTF_8("\xf4\x90\x80\x80", 4, 0xfffd, 0xfffd, 0xfffd, 0xfffd);
    CHECK_UTF_8("\xf5\x80\x80\x80", 4, 0xfffd, 0xfffd, 0xfffd, 0xfffd);
}

static void stray_bytes_and_cut_tails_count_one_each(void **state) {
    (void)state;
    CHECK_UTF_8("a\xffz", 1, 'a', 0xfffd, 'z');
    CHECK_UTF_8("\x80\xbf", 2, 0xfffd, 0xfffd);
    CHECK_UTF_8("\xc3", 1, 0xfffd);
    CHECK_UTF_8("\xc3z", 1, 0xfffd, 'z');
    CHECK_UTF_8("\xe2\x82", 2, 0xfffd, 0xfffd);
    CHECK_UTF_8("\xe2\x82z", 2, 0xfffd, 0xfffd, 'z');
    CHECK_UTF_8("\xf0\x9f\x98", 3, 0xfffd, 0xfffd, 0xfffd);
    CHECK_UTF_8("\xe2\xc3\xa9", 1, 0xfffd, 0xe9); /* what follows keeps its own reading */
}

static void utf16_pairs_and_unpaired(void **state) {
    (void)state;
    static const uint32_t good[] = {0xfeff, 'a', 0x1f600};
    check_decoding(ENCODING_UTF_16LE,
                   "\xff\xfe"
                   "a\0\x3d\xd8\x00\xde",
                   8, good, 3, 0);
    check_decoding(ENCODING_UTF_16BE, "\xfe\xff\0a\xd8\x3d\xde\x00", 8, good, 3, 0);
    static const uint32_t lone[] = {0xfffd, 'a', 0xfffd, 0xfffd};
    /* a high one before a letter, a low one, and a high one at the end */
    check_decoding(ENCODING_UTF_16LE,
                   "\x3d\xd8"
                   "a\0\x00\xde\x3d\xd8",
                   8, lone, 4, 3);
    check_decoding(ENCODING_UTF_16BE, "\xd8\x3d\0a\xde\x00\xd8\x3d", 8, lone, 4, 3);
    static const uint32_t two_high[] = {0xfffd, 0x1f600};
    check_decoding(ENCODING_UTF_16LE, "\x3d\xd8\x3d\xd8\x00\xde", 6, two_high, 2, 1);
    static const uint32_t odd[] = {'a', 0xfffd};
    check_decoding(ENCODING_UTF_16LE, "a\0b", 3, odd, 2, 1);
    check_decoding(ENCODING_UTF_16BE, "\0ab", 3, odd, 2, 1);
    /* a high one cut from its low by an odd tail */
    static const uint32_t cut[] = {0xfffd, 0xfffd};
    check_decoding(ENCODING_UTF_16LE, "\x3d\xd8\x00", 3, cut, 2, 2);
}

static void utf32_ranges_and_tails(void **state) {
    (void)state;
    static const uint32_t good[] = {0xfeff, 0x10ffff, 0};
    check_decoding(ENCODING_UTF_32LE, "\xff\xfe\0\0\xff\xff\x10\0\0\0\0\0", 12, good, 3, 0);
    check_decoding(ENCODING_UTF_32BE, "\0\0\xfe\xff\0\x10\xff\xff\0\0\0\0", 12, good, 3, 0);
    static const uint32_t bad[] = {0xfffd, 0xfffd, 0xfffd, 'a', 0xfffd};
    check_decoding(ENCODING_UTF_32LE,
                   "\0\0\x11\0\0\xd8\0\0\xff\xff\xff\xff"
                   "a\0\0\0xyz",
                   19, bad, 5, 4);
    check_decoding(ENCODING_UTF_32BE, "\0\x11\0\0\0\0\xd8\0\xff\xff\xff\xff\0\0\0axyz", 19, bad, 5,
                   4);
}

static enum encoding detect(const char *bytes, size_t n) {
    return encoding_detect((const unsigned char *)bytes, n);
}
#define DETECT(text) detect(text, sizeof(text) - 1)

static void detection_follows_its_rule(void **state) {
    (void)state;
    assert_int_equal(DETECT(""), ENCODING_UTF_8);
    assert_int_equal(DETECT("abc"), ENCODING_UTF_8);
    assert_int_equal(DETECT("P\xc3\xa9rez"), ENCODING_UTF_8);
    assert_int_equal(DETECT("P\xe9rez"), ENCODING_WINDOWS_1252);
    assert_int_equal(DETECT("\xc3\xa9\xc3\xb1 \xff"), ENCODING_UTF_8);
    assert_int_equal(DETECT("\xc3\xa9 \xff"), ENCODING_WINDOWS_1252); /* a tie is 1252 */
    assert_int_equal(DETECT("\xff\xfe"), ENCODING_UTF_16LE);
    assert_int_equal(DETECT("\xff\xfe\0"), ENCODING_UTF_16LE);
    assert_int_equal(DETECT("\xff\xfe\0\0"), ENCODING_UTF_32LE);
    assert_int_equal(DETECT("\0\0\xfe\xff"), ENCODING_UTF_32BE);
    assert_int_equal(DETECT("\xfe\xff\0a"), ENCODING_UTF_16BE);
    assert_int_equal(DETECT("\xef\xbb\xbf\xff\xff\xff"), ENCODING_UTF_8); /* a BOM decides */
    assert_int_equal(DETECT("\xff"), ENCODING_WINDOWS_1252);
    assert_int_equal(DETECT("a\0b"), ENCODING_UTF_8);
}

static void windows_1252_keeps_every_byte(void **state) {
    (void)state;
    for (int i = 0; i < 256; i++) {
        const unsigned char byte = (unsigned char)i;
        uint32_t cp;
        bool broken;
        assert_int_equal(encoding_decode(ENCODING_WINDOWS_1252, &byte, 1, 0, &cp, &broken), 1);
        assert_false(broken);
        struct strbuf sb;
        strbuf_init(&sb, 8);
        encoding_append(&sb, ENCODING_WINDOWS_1252, cp);
        assert_int_equal(sb.n, 1);
        assert_int_equal((unsigned char)sb.data[0], byte);
        strbuf_release(&sb);
    }
    static const uint32_t wanted[] = {0x20ac, 0x2019, 0x0178, 0xa0, 0xff};
    check_decoding(ENCODING_WINDOWS_1252, "\x80\x92\x9f\xa0\xff", 5, wanted, 5, 0);
    struct strbuf sb;
    strbuf_init(&sb, 8);
    encoding_append(&sb, ENCODING_WINDOWS_1252, 0x4e00);
    assert_string_equal(strbuf_str(&sb), "?");
    strbuf_release(&sb);
}

static void every_code_point_comes_back(void **state) {
    (void)state;
    for (int e = ENCODING_UTF_8; e <= ENCODING_UTF_32BE; e++) {
        struct strbuf sb;
        strbuf_init(&sb, 8);
        for (uint32_t cp = 0; cp <= 0x10ffff; cp += cp < 0x1000 ? 1 : 97) {
            if (cp >= 0xd800 && cp <= 0xdfff) continue;
            strbuf_clear(&sb);
            encoding_append(&sb, (enum encoding)e, cp);
            uint32_t back;
            bool broken;
            const size_t len = encoding_decode((enum encoding)e, (const unsigned char *)sb.data,
                                               sb.n, 0, &back, &broken);
            assert_int_equal(len, sb.n);
            assert_int_equal(back, cp);
            assert_false(broken);
        }
        strbuf_release(&sb);
    }
}

static uint32_t seed = 12345;
static uint32_t rnd(uint32_t n) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

/* For random bytes in every encoding: lengths sum to n, the count agrees, faults agree, and the
 * UTF-8 made of it is valid with as many code points. */
static void random_bytes_are_never_lost(void **state) {
    (void)state;
    static const unsigned char heads[] = {0xc3, 0xe2, 0xf0, 0x80, 0xd8, 0xdc, 0, 'a', 0xff, 0xed};
    for (int round = 0; round < 3000; round++) {
        unsigned char bytes[48];
        const size_t n = rnd(sizeof(bytes) + 1);
        for (size_t i = 0; i < n; i++)
            bytes[i] = rnd(2) ? (unsigned char)rnd(256) : heads[rnd(sizeof(heads))];
        for (int e = ENCODING_UTF_8; e <= ENCODING_WINDOWS_1252; e++) {
            uint32_t list[LIST_MAX];
            size_t n_broken;
            const size_t count = decode((enum encoding)e, bytes, n, list, &n_broken);
            const struct encoding_faults f = encoding_inspect((enum encoding)e, bytes, n);
            assert_int_equal(f.n_codepoints, count);
            assert_int_equal(f.n_broken, n_broken);
            struct strbuf sb;
            strbuf_init(&sb, 1000);
            encoding_to_utf8(&sb, (enum encoding)e, bytes, n);
            const unsigned char *utf8 = (const unsigned char *)strbuf_str(&sb);
            const struct encoding_faults g = encoding_inspect(ENCODING_UTF_8, utf8, sb.n);
            assert_int_equal(g.n_codepoints, count);
            assert_int_equal(g.n_broken, 0);
            strbuf_release(&sb);
        }
    }
}

static void faults_are_counted(void **state) {
    (void)state;
    const char text[] = "a\0\x01\t\n\r\f\x7f\xc2\x80\xff";
    const struct encoding_faults f = encoding_inspect(ENCODING_UTF_8, (const unsigned char *)text,
                                                      sizeof(text) - 1);
    assert_int_equal(f.n_codepoints, 10);
    assert_int_equal(f.n_nul, 1);
    assert_int_equal(f.n_broken, 1);
    assert_int_equal(f.n_controls, 4); /* NUL, U+0001, DEL, U+0080 */
}

static void replacements_take_the_documents_encoding(void **state) {
    (void)state;
    static const struct {
        enum encoding encoding;
        const char *bytes;
        size_t n;
    } cases[] = {
        {ENCODING_UTF_8, "[\xc3\x93]", 4},
        {ENCODING_WINDOWS_1252, "[\xd3]", 3},
        {ENCODING_UTF_16LE, "[\0\xd3\0]\0", 6},
        {ENCODING_UTF_16BE, "\0[\0\xd3\0]", 6},
        {ENCODING_UTF_32LE, "[\0\0\0\xd3\0\0\0]\0\0\0", 12},
        {ENCODING_UTF_32BE, "\0\0\0[\0\0\0\xd3\0\0\0]", 12},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct strbuf sb;
        strbuf_init(&sb, 100);
        encoding_append_utf8(&sb, cases[i].encoding, "[\xc3\x93]");
        assert_int_equal(sb.n, cases[i].n);
        assert_memory_equal(sb.data, cases[i].bytes, sb.n);
        strbuf_release(&sb);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_utf8),
        cmocka_unit_test(overlong_forms_and_surrogates_are_broken),
        cmocka_unit_test(stray_bytes_and_cut_tails_count_one_each),
        cmocka_unit_test(utf16_pairs_and_unpaired),
        cmocka_unit_test(utf32_ranges_and_tails),
        cmocka_unit_test(detection_follows_its_rule),
        cmocka_unit_test(windows_1252_keeps_every_byte),
        cmocka_unit_test(every_code_point_comes_back),
        cmocka_unit_test(random_bytes_are_never_lost),
        cmocka_unit_test(faults_are_counted),
        cmocka_unit_test(replacements_take_the_documents_encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
