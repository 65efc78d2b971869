/* SPDX-License-Identifier: MIT
 *
 * split: the scanners cut as the published regular expressions do, as PCRE2 runs them: random
 * strings over alphabets chosen to be nasty, and cases by hand. The characters are those whose
 * classes no Unicode version of the last ten years has touched.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "check.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tokenizer/unicode.h"
#include "tokenizer/vocab.h"

static const struct way {
    enum split split;
    const char *name, *expression;
} ways[] = {
    {SPLIT_LLAMA3, "llama-bpe",
     "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
     " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},
    {SPLIT_QWEN2, "qwen2",
     "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|"
     " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},
    {SPLIT_TEKKEN, "tekken",
     "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|"
     "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|"
     "\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},
};
enum { N_WAYS = sizeof(ways) / sizeof(ways[0]) };

/* Each line an alphabet; its characters are drawn alike. */
static const char *const alphabets[] = {
    "aB1 ' \n.",
    "'sStTrReEvVmMlLdD\u017f a",
    "a \t\r\n\u00a0\xc2\x85\u2028\u3000\ufeff\u200b",
    "AaBb\u00aa\u02b0\u0301\u0300\u01c5\u5b57 -",
    "\u0301\u0902\u093e\u0915A a1\n!",
    "0123\u0663\u00bd\u2160 .,a",
    "/\r\n.-/ aA1",
    "\u00d1\u00f1\u00c1\u00e1 nN\u0303 .",
    "  \t\n  a",
    "\U0001f600\U0001d7d8\U00010400\U00010428 aA\u0301",
    "\x01\x1f\x7f a\n\u00ad\u2060",
};
enum { N_ALPHABETS = sizeof(alphabets) / sizeof(alphabets[0]), PER_ALPHABET = 2000, N_MAX = 24 };

static uint32_t state = 20240607;
static uint32_t draw(uint32_t n) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % n;
}

/* A character of the alphabet, of n_characters; its bytes are appended. */
static size_t put_character(char *out, const char *alphabet) {
    const unsigned char *p = (const unsigned char *)alphabet;
    size_t n = 0, at = 0;
    for (size_t i = 0; p[i]; i += utf8_length(p[i]))
        n++;
    for (uint32_t skip = draw((uint32_t)n); skip > 0; skip--)
        at += utf8_length(p[at]);
    memcpy(out, p + at, utf8_length(p[at]));
    return utf8_length(p[at]);
}

static void print_bytes(const char *text, size_t n) {
    for (size_t i = 0; i < n; i++)
        print_error("%02x ", (unsigned char)text[i]);
    print_error("\n");
}

/* Both cut text[0, n) alike. */
static void compare(const struct way *way, pcre2_code *code, pcre2_match_data *match,
                    const char *text, size_t n) {
    for (size_t at = 0; at < n;) {
        const int found = pcre2_match(code, (PCRE2_SPTR)text, n, at, PCRE2_ANCHORED, match, NULL);
        const size_t end = split_next(way->split, (const unsigned char *)text, n, at);
        const size_t wanted = found > 0 ? pcre2_get_ovector_pointer(match)[1] : SIZE_MAX;
        if (end != wanted) {
            print_bytes(text, n);
            fail_msg("%s: from byte %zu to %zu, the expression says %zu", way->name, at, end,
                     wanted);
        }
        at = end;
    }
}

static pcre2_code *compile(const char *expression) {
    int error;
    PCRE2_SIZE where;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
                                     PCRE2_UTF | PCRE2_UCP, &error, &where, NULL);
    assert_non_null(code);
    return code;
}

static void check_random(const struct way *way) {
    pcre2_code *code = compile(way->expression);
    pcre2_match_data *match = pcre2_match_data_create(4, NULL);
    for (size_t a = 0; a < N_ALPHABETS; a++)
        for (int i = 0; i < PER_ALPHABET; i++) {
            char text[N_MAX * 4];
            size_t n = 0;
            for (uint32_t left = 1 + draw(N_MAX - 1); left > 0; left--)
                n += put_character(text + n, alphabets[a]);
            compare(way, code, match, text, n);
        }
    pcre2_match_data_free(match);
    pcre2_code_free(code);
}

static void llama_is_cut_as_published(void **unused) {
    check_random(&ways[0]);
}
static void qwen2_is_cut_as_published(void **unused) {
    check_random(&ways[1]);
}
static void tekken_is_cut_as_published(void **unused) {
    check_random(&ways[2]);
}

/* The pieces of a text with a bar between, for comparing by eye. */
static void check_cut(enum split split, const char *wanted) {
    char text[256], found[512];
    size_t n = 0, n_found = 0;
    for (const char *p = wanted; *p; p++)
        if (*p != '|') text[n++] = *p;
    for (size_t at = 0, end; at < n; at = end) {
        end = split_next(split, (const unsigned char *)text, n, at);
        if (at > 0) found[n_found++] = '|';
        memcpy(found + n_found, text + at, end - at);
        n_found += end - at;
    }
    found[n_found] = '\0';
    assert_string_equal(found, wanted);
}

static void cuts_by_hand(void **unused) {
    check_cut(SPLIT_LLAMA3, "El| paciente|,| de| |123|456|7| años|.\n\n|Fin");
    check_cut(SPLIT_LLAMA3, "it|'s| you|'LL| l|'eau");
    check_cut(SPLIT_LLAMA3, "a|  | b|   ");
    check_cut(SPLIT_LLAMA3, "a| \n|  | b");
    check_cut(SPLIT_LLAMA3, "¡¡|hola|!!\n\n|x");
    check_cut(SPLIT_LLAMA3, "(nota|)");
    check_cut(SPLIT_QWEN2, "CI| |1|.|2|3|4");
    check_cut(SPLIT_TEKKEN, "Hola|Mundo|ABCdef| EEUU|.|1|2");
    check_cut(SPLIT_TEKKEN, "http|://|www|.a|/b");
    check_cut(SPLIT_TEKKEN, "रोगी| को");
}

/* A long run of anything is passed over in few steps: this ends, or the test runs for hours. */
static void long_runs_are_linear(void **unused) {
    static const char *const units[] = {" ", "a",       "\n ",    " \n",     "'",      "1",
                                        "A", "\u00aaA", "\u0301", "A\u0301", "\u3000", "-"};
    enum { N = 300000 };
    char *text = mem_alloc(N);
    for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
        const size_t length = strlen(units[u]), n = N / length * length;
        for (size_t i = 0; i < n; i++)
            text[i] = units[u][i % length];
        for (size_t w = 0; w < N_WAYS; w++)
            for (size_t at = 0; at < n;)
                at = split_next(ways[w].split, (const unsigned char *)text, n, at);
    }
    mem_free(text);
}

/* --- characters --- */

static void classes_are_those_of_the_standard(void **unused) {
    static const struct {
        uint32_t cp;
        unsigned flags;
    } rows[] = {
        {'a', UNICODE_LETTER | UNICODE_LOWERISH},
        {'Z', UNICODE_LETTER | UNICODE_UPPERISH},
        {'7', UNICODE_NUMBER},
        {' ', UNICODE_SPACE},
        {'-', 0},
        {0xf1, UNICODE_LETTER | UNICODE_LOWERISH},
        {0x85, UNICODE_SPACE},
        {0xfeff, 0},
        {0x200b, 0},
        {0x3000, UNICODE_SPACE},
        {0xaa, UNICODE_LETTER | UNICODE_UPPERISH | UNICODE_LOWERISH},
        {0x2160, UNICODE_NUMBER},
        {0x01c5, UNICODE_LETTER | UNICODE_UPPERISH},
        {0x5b57, UNICODE_LETTER | UNICODE_UPPERISH | UNICODE_LOWERISH},
        {0x0301, UNICODE_UPPERISH | UNICODE_LOWERISH | UNICODE_UNSTABLE},
        {0x10428, UNICODE_LETTER | UNICODE_LOWERISH},
        {0xe000, 0},
        {0x10ffff, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (unicode_flags(rows[i].cp) != rows[i].flags)
            fail_msg("U+%04X: %u, not %u", (unsigned)rows[i].cp, unicode_flags(rows[i].cp),
                     rows[i].flags);
}

static void check_bytes(const char *bytes, size_t n, size_t length, size_t bad, bool cut) {
    size_t found_bad;
    bool found_cut;
    assert_int_equal(utf8_check((const unsigned char *)bytes, n, &found_bad, &found_cut), length);
    if (length == 0) assert_int_equal(found_bad, bad);
    assert_int_equal(found_cut, cut);
}

static void broken_bytes_are_maximal_subparts(void **unused) {
    check_bytes("a", 1, 1, 0, false);
    check_bytes("\xc3\xb1", 2, 2, 0, false);
    check_bytes("\xf4\x8f\xbf\xbf", 4, 4, 0, false);
    check_bytes("\xc3", 1, 0, 1, true);
    check_bytes("\xc3(", 2, 0, 1, false);
    check_bytes("\xe2\x82", 2, 0, 2, true);
    check_bytes("\xe2\x82 ", 3, 0, 2, false);
    check_bytes("\xf0\x9f\x98 ", 4, 0, 3, false);
    check_bytes("\xed\xa0\x80", 3, 0, 1, false);     /* a surrogate: each byte by itself */
    check_bytes("\xc0\xaf", 2, 0, 1, false);         /* overlong */
    check_bytes("\xe0\x9f\xbf", 3, 0, 1, false);     /* overlong */
    check_bytes("\xf0\x8f\xbf\xbf", 4, 0, 1, false); /* overlong */
    check_bytes("\xf4\x90\x80\x80", 4, 0, 1, false); /* above U+10FFFF */
    check_bytes("\x80", 1, 0, 1, false);
    check_bytes("\xff", 1, 0, 1, false);
}

static void check_nfc(const char *given, const char *wanted) {
    unsigned char *out;
    size_t n;
    assert_true(nfc(&out, &n, NULL, (const unsigned char *)given, strlen(given)));
    if (n != strlen(wanted) || memcmp(out, wanted, n) != 0) {
        print_bytes(given, strlen(given));
        print_bytes((const char *)out, n);
        fail_msg("not the composed form");
    }
    assert_true(strcmp(given, wanted) == 0 ||
                !nfc_is_stable((const unsigned char *)given, strlen(given)));
    mem_free(out);
}

static void text_is_composed(void **unused) {
    check_nfc("", "");
    check_nfc("nin\u0303o", "ni\u00f1o");
    check_nfc("ni\u00f1o", "ni\u00f1o");
    check_nfc("\u0301a", "\u0301a");              /* nothing before it */
    check_nfc("A\u030a \u212b", "\u00c5 \u00c5"); /* a singleton */
    check_nfc("a\u0301\u0323", "\u1ea1\u0301");   /* reordered first: dot below */
    check_nfc("a\u0323\u0301", "\u1ea1\u0301");
    check_nfc("a\u0308\u0304", "\u01df");        /* twice */
    check_nfc("a\u0304\u0308", "\u0101\u0308");  /* blocked */
    check_nfc("a\u030d\u0301", "a\u030d\u0301"); /* blocked by one of its own rank */
    check_nfc("\u0915\u093c", "\u0915\u093c");   /* excluded from composition */
    check_nfc("\u0958", "\u0915\u093c");
    check_nfc("\u1112\u1161\u11ab\u1100\u1173\u11af", "\ud55c\uae00"); /* Hangul */
    check_nfc("\uac00\u11a8", "\uac01");
    check_nfc("\u2126", "\u03a9");
    check_nfc("\U0001d15e", "\U0001d157\U0001d165");
    check_nfc("x\u1e9b\u0323y", "x\u1e9b\u0323y");
    check_nfc("\u037e\u0340", ";\u0300");
}

/* Marks in a row of any length and order, in linear time, and stable: equal ranks keep their order.
 */
static void many_marks_are_sorted(void **unused) {
    enum { PAIRS = 200000 };
    struct strbuf given, wanted;
    unsigned char *out;
    size_t n;
    strbuf_init(&given, 1 << 24);
    strbuf_init(&wanted, 1 << 24);
    for (int i = 0; i < PAIRS; i++)
        strbuf_puts(&given, "\u0302\u0323"); /* ranks 230 and 220 */
    for (int i = 0; i < 2 * PAIRS; i++)
        strbuf_puts(&wanted, i < PAIRS ? "\u0323" : "\u0302");
    assert_true(nfc(&out, &n, NULL, (const unsigned char *)given.data, given.n));
    assert_int_equal(n, wanted.n);
    assert_memory_equal(out, wanted.data, n);
    mem_free(out);
    strbuf_release(&given);
    strbuf_release(&wanted);
}

static void changes_lead_back(void **unused) {
    static const char given[] = "ni\u00f1o y nin\u0303a, a\u0323\u0301";
    struct array changes = {0};
    unsigned char *out;
    size_t n;
    assert_true(nfc(&out, &n, &changes, (const unsigned char *)given, strlen(given)));
    const struct nfc_change *c = changes.data;
    assert_int_equal(changes.n, 2);
    assert_memory_equal(given + c[0].source_at, "n\u0303", c[0].source_n);
    assert_memory_equal(out + c[0].at, "\u00f1", c[0].n);
    assert_memory_equal(given + c[1].source_at, "a\u0323\u0301", c[1].source_n);
    assert_memory_equal(out + c[1].at, "\u1ea1\u0301", c[1].n);
    mem_free(out);
    array_release(&changes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(llama_is_cut_as_published),
        cmocka_unit_test(qwen2_is_cut_as_published),
        cmocka_unit_test(tekken_is_cut_as_published),
        cmocka_unit_test(cuts_by_hand),
        cmocka_unit_test(long_runs_are_linear),
        cmocka_unit_test(classes_are_those_of_the_standard),
        cmocka_unit_test(broken_bytes_are_maximal_subparts),
        cmocka_unit_test(text_is_composed),
        cmocka_unit_test(many_marks_are_sorted),
        cmocka_unit_test(changes_lead_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
