/* SPDX-License-Identifier: MIT
 *
 * engine/grammar: what each construct of GBNF accepts and refuses, what is refused as a grammar and
 * in which words, and the bounds.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/grammar.h"
#include "engine/grammar_nodes.h"

enum { CASES_MAX = 12 };

static struct grammar *open_text(const char *gbnf) {
    struct grammar *g = NULL;
    struct error err = {0};
    if (grammar_open(&g, gbnf, strlen(gbnf), &err)) fail_msg("%s: %s", gbnf, err.message);
    return g;
}

enum answer { REFUSED, BEGUN, WHOLE };

static enum answer judge(struct matcher *m, const char *text, size_t n) {
    struct error err = {0};
    bool ok;
    matcher_reset(m);
    if (matcher_accept_bytes(m, text, n, &ok, &err)) fail_msg("%s", err.message);
    return !ok ? REFUSED : matcher_may_end(m) ? WHOLE : BEGUN;
}

/* whole, begun, refused: texts up to a NULL. */
static const struct {
    const char *gbnf;
    const char *whole[CASES_MAX], *begun[CASES_MAX], *refused[CASES_MAX];
} cases[] = {
    {"root ::= \"ab\"", {"ab"}, {"", "a"}, {"b", "aa", "abc"}},
    {"root ::= \"\"", {""}, {NULL}, {"a"}},
    {"root ::=", {""}, {NULL}, {"a"}},
    {"root ::= \"a\" | \"bc\" | ", {"", "a", "bc"}, {"b"}, {"c", "ab"}},
    {"root ::= \"\\n\\r\\t\\\\\\\"\"", {"\n\r\t\\\""}, {"\n"}, {"n"}},
    {"root ::= \"\\x41\\u00e9\\U0001F600\"",
     {"A\xc3\xa9\xf0\x9f\x98\x80"},
     {"A\xc3", "A\xc3\xa9\xf0\x9f"},
     {"A\xe9", "a"}},
    {"root ::= \"\\xe9\"", {"\xc3\xa9"}, {"\xc3"}, {"\xe9"}}, /* a code point, not a byte */
    {"root ::= \"ñ\"", {"ñ"}, {"\xc3"}, {"n", "\xc3\xa1"}},
    {"root ::= [a-cx]", {"a", "b", "c", "x"}, {""}, {"d", "w", "ab"}},
    {"root ::= [a-]", {"a", "-"}, {""}, {"b"}},
    {"root ::= [-a]", {"a", "-"}, {""}, {"b"}},
    {"root ::= [\\]\\[\\^\\-\\\\]", {"]", "[", "^", "-", "\\"}, {""}, {"a"}},
    {"root ::= [\\x30-\\u0039]", {"0", "9"}, {""}, {"/", ":"}},
    {"root ::= [^a-z]",
     {"A", "\n", "é", "\xf4\x8f\xbf\xbf", "\x7f"},
     {"", "\xc3", "\xf0\x90"},
     {"a", "z", "\x80", "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90", "\xe0\x80"}},
    {"root ::= [^]", {"a", "é"}, {"\xc3"}, {"\xff"}},
    {"root ::= [á-ú€]", {"á", "é", "ú", "€"}, {"\xc3", "\xe2\x82"}, {"a", "\xc3\xbb", "\xe2\x83"}},
    {"root ::= .", {"a", "\n", "é", "€"}, {"\xe2", "\xe2\x82"}, {"ab", "\x80"}},
    {"root ::= \"a\"?", {"", "a"}, {NULL}, {"aa"}},
    {"root ::= \"a\"*", {"", "a", "aaaaaaaa"}, {NULL}, {"b"}},
    {"root ::= \"a\"+", {"a", "aaaa"}, {""}, {"b"}},
    {"root ::= \"ab\"{2}", {"abab"}, {"ab", "aba"}, {"ababa"}},
    {"root ::= \"a\"{2,}", {"aa", "aaaaaa"}, {"", "a"}, {"b"}},
    {"root ::= \"a\"{1,3}", {"a", "aa", "aaa"}, {""}, {"aaaa"}},
    {"root ::= \"a\"{,2}", {"", "a", "aa"}, {NULL}, {"aaa"}},
    {"root ::= \"a\"{ 1 , 2 }", {"a", "aa"}, {""}, {"aaa"}},
    {"root ::= \"a\"{0} \"b\"", {"b"}, {""}, {"ab"}},
    {"root ::= \"a\"{0,0}", {""}, {NULL}, {"a"}},
    {"root ::= (\"ab\" | \"cde\"){2,3}",
     {"abab", "cdeab", "ababcde"},
     {"ab", "cd", "abcd"},
     {"abababa", "abce"}},
    {"root ::= (\"a\"? \"b\"?){2}", {"", "ab", "abab", "ba", "aab", "bb"}, {NULL}, {"aaa", "babb"}},
    {"root ::= (\"a\"* | \"b\"?)*", {"", "abba", "aaab"}, {NULL}, {"c"}},
    {"root ::= \"a\"?*+{2}", {"", "aaaaa"}, {NULL}, {"b"}},
    {"root ::= (\"a\" | (\"b\" (\"c\")))", {"a", "bc"}, {"b"}, {"c"}},
    {"root ::= ( \"a\"\n # with a remark\n | \"b\"\n ) \"c\"", {"ac", "bc"}, {"a"}, {"c"}},
    {"root ::= \"a\" |\n  \"b\"", {"a", "b"}, {""}, {"ab"}},
    {"root ::= \"a\"\n  | \"b\"\n\n  # between\n  | \"c\"", {"a", "b", "c"}, {""}, {"ab"}},
    {"root ::=\n  \"a\"", {"a"}, {""}, {"b"}},
    {"# first\nroot ::= a-1 b_2 # then\na-1 ::= \"x\"\r\nb_2 ::= \"y\"\n", {"xy"}, {"x"}, {"y"}},
    {"a ::= root\nroot ::= \"x\"", {"x"}, {""}, {"y"}},
    {"root ::= \"(\" root \")\" | \"x\"", {"x", "((x))"}, {"((x", "("}, {"(x))", "()"}},
    {"root ::= \"x\" root | \"\"", {"", "xxxx"}, {NULL}, {"y"}},
    {"root ::= a \"z\"\na ::= b?\nb ::= \"b\" a", {"z", "bbz"}, {"bb"}, {"zb"}},
    {"root ::= e e \"a\" e\ne ::= \"\"", {"a"}, {""}, {"b"}},
    {"root ::= e* e{3,5}\ne ::= \"\"", {""}, {NULL}, {"b"}},
    {"root ::= p p\np ::= \"a\" | \"b\" p | \"ab\"",
     {"aa", "aab",
      "bab"
      "a",
      "abab"},
     {"a", "b"},
     {"aaa", "c"}},
    {"root ::= a \"1\" | b \"2\"\na ::= \"x\"\nb ::= [xy]", {"x1", "x2", "y2"}, {"x"}, {"y1"}},
    {"root ::= [^\\\\\"]* \"\\\"\"", {"\"", "hola\""}, {"", "hola"}, {"\\", "a\"b"}},
    {"root ::= \"a\nb\"", {"a\nb"}, {"a"}, {"ab"}},
};

static void judge_all(struct matcher *m, const char *gbnf, const char *const *texts,
                      enum answer wanted) {
    for (size_t i = 0; i < CASES_MAX && texts[i]; i++) {
        const enum answer got = judge(m, texts[i], strlen(texts[i]));
        if (got != wanted)
            fail_msg("%s: \"%s\" gives %d, not %d", gbnf, texts[i], (int)got, (int)wanted);
    }
}

static void constructs_accept_and_refuse(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct grammar *g = open_text(cases[i].gbnf);
        struct matcher *m;
        assert_int_equal(matcher_open(&m, g, NULL, NULL), OK);
        judge_all(m, cases[i].gbnf, cases[i].whole, WHOLE);
        judge_all(m, cases[i].gbnf, cases[i].begun, BEGUN);
        judge_all(m, cases[i].gbnf, cases[i].refused, REFUSED);
        matcher_close(m);
        grammar_close(g);
    }
}

static void zero_bytes_are_characters(void **state) {
    (void)state;
    struct grammar *g = open_text("root ::= \"a\\x00\" [^b]");
    struct matcher *m;
    assert_int_equal(matcher_open(&m, g, NULL, NULL), OK);
    assert_int_equal(judge(m, "a\0\0", 3), WHOLE);
    assert_int_equal(judge(m, "a\0b", 3), REFUSED);
    assert_int_equal(judge(m, "ab", 2), REFUSED);
    matcher_close(m);
    grammar_close(g);
}

/* --- classes against the definition --- */

static size_t utf8(char *out, uint32_t cp) {
    if (cp < 0x80) return out[0] = (char)cp, 1;
    const size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n - 1; i > 0; i--, cp >>= 6)
        out[i] = (char)(0x80 | (cp & 0x3F));
    out[0] = (char)(leads[n] | cp);
    return n;
}

static void check_class(uint32_t lo, uint32_t hi, uint32_t lo2, uint32_t hi2) {
    static const uint32_t edges[] = {0,      0x7F,   0x80,   0x7FF,   0x800,    0xFFF,   0x1000,
                                     0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF, 0x3FFFF, 0x40000};
    char gbnf[100], text[8];
    struct matcher *m;
    snprintf(gbnf, sizeof(gbnf), "root ::= [\\U%08X-\\U%08X\\U%08X-\\U%08X]", (unsigned)lo,
             (unsigned)hi, (unsigned)lo2, (unsigned)hi2);
    struct grammar *g = open_text(gbnf);
    assert_int_equal(matcher_open(&m, g, NULL, NULL), OK);
    for (int i = 0; i < 200; i++) {
        const uint32_t bases[] = {
            lo, hi, lo2, hi2, edges[(size_t)i % 14], (uint32_t)rand() % 0x110000};
        const uint32_t cp = bases[i % 6] + (uint32_t)(i / 6 % 5) - 2;
        if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF)) continue;
        const bool inside = (cp >= lo && cp <= hi) || (cp >= lo2 && cp <= hi2);
        const enum answer got = judge(m, text, utf8(text, cp));
        if (got != (inside ? WHOLE : REFUSED)) fail_msg("%s: U+%04X", gbnf, (unsigned)cp);
    }
    matcher_close(m);
    grammar_close(g);
}

static uint32_t any_code_point(void) {
    static const uint32_t bounds[] = {0x80, 0x800, 0x10000, 0x110000};
    const uint32_t cp = (uint32_t)rand() % bounds[rand() % 4];
    return cp >= 0xD800 && cp <= 0xDFFF ? cp - 0x800 : cp;
}

static void classes_are_ranges_of_code_points(void **state) {
    (void)state;
    srand(7);
    check_class(0, 0x10FFFF, 'a', 'a');
    check_class(0xD000, 0xE100, 0x10000, 0x10000);
    for (int i = 0; i < 150; i++) {
        uint32_t a = any_code_point(), b = any_code_point(), c = any_code_point(),
                 d = c + (uint32_t)rand() % 70;
        if (d > 0x10FFFF || (d >= 0xD800 && d <= 0xDFFF)) d = c;
        check_class(a < b ? a : b, a < b ? b : a, c, d);
    }
}

/* --- what is no grammar --- */

static const struct {
    const char *gbnf;
    enum status status;
    const char *message; /* all of it */
} refusals[] = {
    {"", ERR_INVALID, "the grammar has no rule named root, which is where an answer begins"},
    {"start ::= \"a\"", ERR_INVALID,
     "the grammar has no rule named root, which is where an answer begins"},
    {"root ::= a", ERR_INVALID, "the grammar, line 1, column 10: there is no rule named a"},
    {"x ::= root", ERR_INVALID, "the grammar, line 1, column 7: there is no rule named root"},
    {"root ::= \"a\"\n\nroot ::= \"b\"", ERR_INVALID,
     "the grammar, line 3, column 1: this rule is there already"},
    {"root := \"a\"", ERR_INVALID,
     "the grammar, line 1, column 6: expected ::= after the name of a rule"},
    {"root ::= \"a\"\n  \"b\"", ERR_INVALID,
     "the grammar, line 2, column 3: expected the name of a rule (letters, digits, - and _)"},
    {"root ::= \"é\" )", ERR_INVALID,
     "the grammar, line 1, column 14: expected a text, a class, a rule, ( or |, or the end of the "
     "line"},
    {"root ::= *", ERR_INVALID,
     "the grammar, line 1, column 10: expected a text, a class, a rule, ( or |, or the end of the "
     "line"},
    {"root ::= (\"a\" ::= )", ERR_INVALID,
     "the grammar, line 1, column 15: expected a text, a class, a rule, ( | or )"},
    {"root ::= (\"a\"\nb ::= \"c\"", ERR_INVALID,
     "the grammar, line 2, column 1: expected a text, a class, a rule, ( | or )"},
    {"root ::= (\"a\"", ERR_INVALID, "the grammar, line 1, column 10: this ( has no partner"},
    {"root ::= \"a", ERR_INVALID, "the grammar, line 1, column 10: this \" has no partner"},
    {"root ::= [a", ERR_INVALID, "the grammar, line 1, column 10: this [ has no partner"},
    {"root ::= []", ERR_INVALID, "the grammar, line 1, column 10: this class holds no character"},
    {"root ::= [^\\x00-\\U0010FFFF]", ERR_INVALID,
     "the grammar, line 1, column 10: this class holds no character"},
    {"root ::= [z-a]", ERR_INVALID, "the grammar, line 1, column 11: this range runs backwards"},
    {"root ::= \"\\q\"", ERR_INVALID,
     "the grammar, line 1, column 12: after a backslash may stand n r t x u U \" \\ [ ] ^ - / or "
     "'"},
    {"root ::= \"\\", ERR_INVALID,
     "the grammar, line 1, column 12: after a backslash may stand n r t x u U \" \\ [ ] ^ - / or "
     "'"},
    {"root ::= \"\\x4\"", ERR_INVALID,
     "the grammar, line 1, column 14: \\x wants two hexadecimal digits, \\u four and \\U eight"},
    {"root ::= \"\\ud800\"", ERR_INVALID,
     "the grammar, line 1, column 17: this number is no character of Unicode"},
    {"root ::= \"\\U00110000\"", ERR_INVALID,
     "the grammar, line 1, column 21: this number is no character of Unicode"},
    {"root ::= \"\xff\"", ERR_INVALID, "the grammar, line 1, column 11: these bytes are no UTF-8"},
    {"root ::= [\xed\xa0\x80]", ERR_INVALID,
     "the grammar, line 1, column 11: these bytes are no UTF-8"},
    {"root ::= \"a\"{}", ERR_INVALID, "the grammar, line 1, column 14: expected a number"},
    {"root ::= \"a\"{x}", ERR_INVALID, "the grammar, line 1, column 14: expected a number"},
    {"root ::= \"a\"{1;2}", ERR_INVALID, "the grammar, line 1, column 15: expected }"},
    {"root ::= \"a\"{1", ERR_INVALID, "the grammar, line 1, column 15: expected }"},
    {"root ::= \"a\"{3,2}", ERR_INVALID,
     "the grammar, line 1, column 13: {m,n} wants m to be at most n"},
    {"root ::= \"a\"{20001}", ERR_LIMIT,
     "the grammar, line 1, column 14: at most 20000 repetitions can be counted; {n,} or * repeats "
     "without end"},
    {"root ::= \"a\"{1,99999999999999999999}", ERR_LIMIT,
     "the grammar, line 1, column 16: at most 20000 repetitions can be counted; {n,} or * repeats "
     "without end"},
    {"root ::= \"a\"*****", ERR_INVALID,
     "the grammar, line 1, column 17: too many of ? * + {} follow one another"},
    {"root ::= root \"a\" | \"b\"", ERR_INVALID,
     "the grammar, line 1, column 1: rule root begins with itself (root -> root); write left "
     "recursion as a repetition"},
    {"root ::= x\nx ::= y \"a\" | \"b\"\ny ::= z\nz ::= x", ERR_INVALID,
     "the grammar, line 2, column 1: rule x begins with itself (x -> y -> z -> x); write left "
     "recursion as a repetition"},
    {"root ::= n? (\"\" | n)* root \"a\" | \"b\"\nn ::= \"n\" | e\ne ::= \"\"", ERR_INVALID,
     "the grammar, line 1, column 1: rule root begins with itself (root -> root); write left "
     "recursion as a repetition"},
    {"root ::= e* \"x\"\ne ::= e | \"\"", ERR_INVALID,
     "the grammar, line 2, column 1: rule e begins with itself (e -> e); write left recursion as a "
     "repetition"},
    {"root ::= \"a\" | x\nx ::= \"b\" x", ERR_INVALID,
     "the grammar, line 2, column 1: nothing ever matches rule x, since each of its alternatives "
     "needs one that never ends"},
    {"root ::= \"a\" b\nb ::= \"b\" c\nc ::= b | \"c\" c", ERR_INVALID,
     "the grammar, line 1, column 1: nothing ever matches rule root, since each of its "
     "alternatives "
     "needs one that never ends"},
};

static void what_is_wrong_is_said(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct grammar *g;
        struct error err = {0};
        const enum status st = grammar_open(&g, refusals[i].gbnf, strlen(refusals[i].gbnf), &err);
        if (st != refusals[i].status || strcmp(err.message, refusals[i].message) != 0)
            fail_msg("%s: %d %s", refusals[i].gbnf, (int)st, st ? err.message : "accepted");
    }
}

static void refuse_made(struct strbuf *text, enum status status, const char *message) {
    struct grammar *g;
    struct error err = {0};
    assert_false(text->failed);
    assert_int_equal(grammar_open(&g, text->data, text->n, &err), status);
    assert_non_null(strstr(err.message, message));
    strbuf_release(text);
}

static struct strbuf begin_text(const char *begin) {
    struct strbuf text;
    strbuf_init(&text, 16 << 20);
    strbuf_puts(&text, begin);
    return text;
}

static void put_times(struct strbuf *text, const char *what, int n) {
    for (int i = 0; i < n; i++)
        strbuf_puts(text, what);
}

static void bounds_are_kept(void **state) {
    (void)state;
    struct strbuf text = begin_text("root ::= ");
    put_times(&text, "(", 100000);
    refuse_made(&text, ERR_LIMIT, "column 74: more than 64 parentheses stand in one another");

    text = begin_text("root ::= \"");
    put_times(&text, "aaaaaaaaaaaaaaaa", GRAMMAR_BYTES_MAX / 16);
    refuse_made(&text, ERR_LIMIT, "at most 4194304 are taken");

    text = begin_text("root ::= \"x\"");
    put_times(&text, " [^a]{20000}", 200);
    refuse_made(&text, ERR_LIMIT, "the grammar grows to more than 2097152 nodes");

    text = begin_text("root ::= r0\n");
    for (int i = 0; i < 3000; i++)
        strbuf_printf(&text, "r%d ::= r%d \"x\"\n", i, i + 1);
    strbuf_puts(&text, "r3000 ::= \"y\"");
    refuse_made(&text, ERR_LIMIT, "more than 2048 rules that begin with one another");

    text = begin_text("root ::= r0\n"); /* a ring of 50,000 rules */
    for (int i = 0; i < 50000; i++)
        strbuf_printf(&text, "r%d ::= r%d | \"x\"\n", i, (i + 1) % 50000);
    refuse_made(&text, ERR_INVALID, "begins with itself (r0 -> r1 -> r2 -> r3 -> ... -> r0)");
}

static void large_grammars_open(void **state) {
    (void)state;
    struct strbuf text = begin_text("root ::= "); /* facts spread against the order of rules */
    for (int i = 0; i < 20000; i++)
        strbuf_printf(&text, "\"a\" r%d\nr%d ::= ", i, i);
    strbuf_puts(&text, "\"b\"");
    struct grammar *g = NULL;
    assert_int_equal(grammar_open(&g, text.data, text.n, NULL), OK);
    grammar_close(g);
    strbuf_release(&text);

    text = begin_text("root ::= r0\n"); /* calls that hand on their callers are not nested */
    for (int i = 0; i < 5000; i++)
        strbuf_printf(&text, "r%d ::= \"x\" | r%d\n", i, i + 1);
    strbuf_puts(&text, "r5000 ::= \"y\"");
    assert_int_equal(grammar_open(&g, text.data, text.n, NULL), OK);
    grammar_close(g);
    strbuf_release(&text);

    text = begin_text("root ::= [");
    for (int i = 0; i < 20000; i++) /* every second code point: 20,000 ranges */
        strbuf_printf(&text, "\\u%04x", 0x1000 + 2 * i);
    strbuf_puts(&text, "]");
    assert_int_equal(grammar_open(&g, text.data, text.n, NULL), OK);
    assert_true(g->n_nodes < 50);
    grammar_close(g);
    strbuf_release(&text);
}

/* Repetitions in repetitions add up, and do not multiply. */
static void repetitions_are_linear(void **state) {
    (void)state;
    static const struct {
        const char *gbnf;
        size_t n_nodes;
    } grammars[] = {
        {"root ::= \"a\"{0,20000}", 40100},
        {"root ::= [^a\"]{20000}", 20100},
        {"root ::= (\"abc\" | [^x]){0,20000}", 40200},
        {"root ::= (((\"a\"{0,20000} \"b\"){0,20000} \"c\"){0,20000} \"d\"){0,20000}", 160200},
    };
    for (size_t i = 0; i < sizeof(grammars) / sizeof(grammars[0]); i++) {
        struct grammar *g = open_text(grammars[i].gbnf);
        if (g->n_nodes > grammars[i].n_nodes)
            fail_msg("%s: %zu nodes", grammars[i].gbnf, g->n_nodes);
        grammar_close(g);
    }
}

static void lack_of_memory_is_an_error(void **state) {
    (void)state;
    static const char gbnf[] = "root ::= \"a\"{2,5} b* | [^x-z\\u0100-\\u0200] | (\"cd\" b){3,} .\n"
                               "b ::= \"(\" b \")\" | \"é\"?";
    enum status st = ERR_NOMEM;
    unsigned long n = 1;
    for (; st == ERR_NOMEM && n < 1000; n++) {
        struct grammar *g = NULL;
        struct error err;
        mem_fail_after(n);
        st = grammar_open(&g, gbnf, sizeof(gbnf) - 1, &err);
        mem_fail_after(0);
        if (!st) grammar_close(g);
    }
    assert_int_equal(st, OK);
    assert_true(n > 30);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constructs_accept_and_refuse),
        cmocka_unit_test(zero_bytes_are_characters),
        cmocka_unit_test(classes_are_ranges_of_code_points),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(large_grammars_open),
        cmocka_unit_test(repetitions_are_linear),
        cmocka_unit_test(lack_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
