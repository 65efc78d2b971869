/* SPDX-License-Identifier: MIT
 *
 * engine/matcher: random grammars against a recogniser of another kind (tables of where a part that
 * begins here may stop, grown until nothing changes), masks against one token at a time, what is
 * forgotten against what is not, and the bounds.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/matcher_internal.h"
#include "engine/matcher_states.h"
#include "engine/sampler.h"
#include "vocab_make.h"

/* --- random grammars, as trees of the test's own --- */

enum kind { TEXT, CLASS, RULE, SEQ, CHOICE, REPEAT };
enum { PARTS_MAX = 200, RULES_MAX = 4, KIDS_MAX = 3, TEXT_MAX = 10, FOREVER = -1 };

struct piece {
    enum kind kind;
    int kids[KIDS_MAX], n_kids;
    int min, max; /* REPEAT */
    int rule;
    char text[8];     /* TEXT, and the members of a CLASS: one byte each */
    bool inverted;    /* CLASS */
    bool empty, ends; /* may match nothing; may match at all */
};

static const char *const rule_names[RULES_MAX] = {"root", "r", "s", "t"};

struct random_grammar {
    struct piece parts[PARTS_MAX];
    int n_parts, n_rules, bodies[RULES_MAX];
};

static int add_part(struct random_grammar *g, enum kind kind) {
    g->parts[g->n_parts] = (struct piece){.kind = kind};
    return g->n_parts++;
}

static int random_part(struct random_grammar *g, int depth) {
    static const char *const texts[] = {"a", "b", "ab", "ba", "", "aa", "c"};
    static const char *const classes[] = {"a", "ab", "c", "abc"};
    const bool leaf = depth == 0 || g->n_parts > PARTS_MAX - 50;
    const int i = add_part(g, (enum kind)(rand() % (leaf ? 3 : 6)));
    struct piece *p = &g->parts[i];
    if (p->kind == TEXT) snprintf(p->text, sizeof(p->text), "%s", texts[rand() % 7]);
    if (p->kind == CLASS) snprintf(p->text, sizeof(p->text), "%s", classes[rand() % 4]);
    p->inverted = rand() % 4 == 0;
    p->rule = rand() % g->n_rules;
    p->min = rand() % 3;
    p->max = rand() % 3 ? p->min + rand() % 3 : FOREVER;
    p->n_kids = p->kind < SEQ ? 0 : p->kind == REPEAT ? 1 : 1 + rand() % KIDS_MAX;
    for (int k = 0; k < p->n_kids; k++) {
        const int kid = random_part(g, depth - 1);
        g->parts[i].kids[k] = kid;
    }
    return i;
}

static void make_random(struct random_grammar *g) {
    g->n_parts = 0;
    g->n_rules = 1 + rand() % RULES_MAX;
    for (int i = 0; i < g->n_rules; i++)
        g->bodies[i] = random_part(g, 3);
}

static void write_part(struct strbuf *out, const struct random_grammar *g, int i) {
    const struct piece *p = &g->parts[i];
    if (p->kind == TEXT) strbuf_printf(out, "\"%s\"", p->text);
    if (p->kind == CLASS) strbuf_printf(out, "[%s%s]", p->inverted ? "^" : "", p->text);
    if (p->kind == RULE) strbuf_puts(out, rule_names[p->rule]);
    if (p->kind < SEQ) return;
    strbuf_puts(out, "(");
    for (int k = 0; k < p->n_kids; k++) {
        if (k) strbuf_puts(out, p->kind == SEQ ? " " : " | ");
        write_part(out, g, p->kids[k]);
    }
    strbuf_puts(out, ")");
    if (p->kind != REPEAT) return;
    if (p->max == FOREVER && p->min < 2)
        strbuf_puts(out, p->min ? "+" : "*");
    else if (p->max == FOREVER)
        strbuf_printf(out, "{%d,}", p->min);
    else
        strbuf_printf(out, "{%d,%d}", p->min, p->max);
}

static struct strbuf write_grammar(const struct random_grammar *g) {
    struct strbuf out;
    strbuf_init(&out, 1 << 16);
    for (int i = 0; i < g->n_rules; i++) {
        strbuf_printf(&out, "%s ::= ", rule_names[i]);
        write_part(&out, g, g->bodies[i]);
        strbuf_puts(&out, "\n");
    }
    return out;
}

/* --- the other recogniser --- */

/* Where part i may stop, for each place it begins in text [n], all at once: tables of all parts and
 * places, each line computed from the others until none grows. */
struct tables {
    const struct random_grammar *g;
    const char *text;
    int n;
    unsigned stops[PARTS_MAX][TEXT_MAX + 1]; /* bit j: may begin there and stop at j */
    bool runs_out[PARTS_MAX][TEXT_MAX + 1];  /* may begin there and need more than there is */
};

/* From all places in `from`, one more match of the part; whether one of them runs out. */
static unsigned after(const struct tables *t, int part, unsigned from, bool *runs_out) {
    unsigned to = 0;
    for (int i = 0; i <= t->n; i++) {
        if (!(from >> i & 1)) continue;
        to |= t->stops[part][i];
        *runs_out |= t->runs_out[part][i];
    }
    return to;
}

static unsigned stops_of_repeat(const struct tables *t, const struct piece *p, int at, bool *out) {
    unsigned from = 1u << at, all = p->min == 0 ? from : 0;
    const int max = p->max == FOREVER ? p->min + TEXT_MAX + 1 : p->max;
    for (int k = 1; k <= max; k++) {
        from = after(t, p->kids[0], from, out);
        if (k >= p->min) all |= from;
    }
    return all;
}

static unsigned stops_of(const struct tables *t, const struct piece *p, int at, bool *out) {
    unsigned from = 1u << at, all = 0;
    const int left = t->n - at, n_text = (int)strlen(p->text);
    switch (p->kind) {
    case TEXT:
        *out = left < n_text && memcmp(t->text + at, p->text, (size_t)left) == 0;
        return left >= n_text && memcmp(t->text + at, p->text, (size_t)n_text) == 0 ? from << n_text
                                                                                    : 0;
    case CLASS:
        *out = left == 0;
        return left && (strchr(p->text, t->text[at]) != NULL) != p->inverted ? from << 1 : 0;
    case RULE:
        *out = t->runs_out[t->g->bodies[p->rule]][at];
        return t->stops[t->g->bodies[p->rule]][at];
    case SEQ:
        for (int k = 0; k < p->n_kids; k++)
            from = after(t, p->kids[k], from, out);
        return from;
    case CHOICE:
        for (int k = 0; k < p->n_kids; k++)
            all |= after(t, p->kids[k], from, out);
        return all;
    case REPEAT: return stops_of_repeat(t, p, at, out);
    }
    return 0;
}

static void fill(struct tables *t) {
    for (bool grew = true; grew;) {
        grew = false;
        for (int i = t->g->n_parts; i-- > 0;) {
            for (int at = 0; at <= t->n; at++) {
                bool out = false;
                const unsigned stops = stops_of(t, &t->g->parts[i], at, &out);
                grew |= stops != t->stops[i][at] || out != t->runs_out[i][at];
                t->stops[i][at] = stops;
                t->runs_out[i][at] = out;
            }
        }
    }
}

/* Does the grammar match the text; does it match something that begins so? */
static void recognise(const struct random_grammar *g, const char *text, int n, bool *whole,
                      bool *begun) {
    static struct tables t;
    t = (struct tables){.g = g, .text = text, .n = n};
    fill(&t);
    *whole = t.stops[g->bodies[0]][0] >> n & 1;
    *begun = *whole || t.runs_out[g->bodies[0]][0];
}

/* --- is it a grammar at all? --- */

static bool holds(const struct random_grammar *g, const struct piece *p, bool empty) {
    bool all = true, any = false;
    for (int k = 0; k < p->n_kids; k++) {
        const bool kid = empty ? g->parts[p->kids[k]].empty : g->parts[p->kids[k]].ends;
        all &= kid;
        any |= kid;
    }
    const struct piece *body = &g->parts[g->bodies[p->rule]];
    switch (p->kind) {
    case TEXT: return !empty || !*p->text;
    case CLASS: return !empty;
    case RULE: return empty ? body->empty : body->ends;
    case SEQ: return all;
    case CHOICE: return any;
    case REPEAT: return p->min == 0 || any;
    }
    return false;
}

/* Rules that part p may begin with. */
static unsigned begins(const struct random_grammar *g, const struct piece *p) {
    unsigned rules = 0;
    if (p->kind == RULE) return 1u << p->rule;
    if (p->kind == REPEAT && p->max == 0) return 0;
    for (int k = 0; k < p->n_kids; k++) {
        rules |= begins(g, &g->parts[p->kids[k]]);
        if (p->kind == SEQ && !g->parts[p->kids[k]].empty) break;
    }
    return rules;
}

static bool is_sound(struct random_grammar *g) {
    unsigned reach[RULES_MAX];
    for (int round = 0; round <= g->n_parts; round++) {
        for (int i = g->n_parts; i-- > 0;) {
            g->parts[i].empty = holds(g, &g->parts[i], true);
            g->parts[i].ends = holds(g, &g->parts[i], false);
        }
    }
    for (int i = 0; i < g->n_rules; i++) {
        if (!g->parts[g->bodies[i]].ends) return false;
        reach[i] = begins(g, &g->parts[g->bodies[i]]);
    }
    for (int round = 0; round < g->n_rules; round++)
        for (int i = 0; i < g->n_rules; i++)
            for (int k = 0; k < g->n_rules; k++)
                if (reach[i] >> k & 1) reach[i] |= reach[k];
    for (int i = 0; i < g->n_rules; i++)
        if (reach[i] >> i & 1) return false;
    return true;
}

/* --- the tests with random grammars --- */

/* A sound one and its compiled form; those that are not must be refused. */
static struct grammar *open_random(struct random_grammar *r, struct strbuf *text) {
    for (;;) {
        struct grammar *g;
        struct error err = {0};
        make_random(r);
        *text = write_grammar(r);
        const enum status st = grammar_open(&g, text->data, text->n, &err);
        if (is_sound(r)) {
            if (st) fail_msg("%s refused: %s", text->data, err.message);
            return g;
        }
        if (st != ERR_INVALID) fail_msg("%s accepted", text->data);
        strbuf_release(text);
    }
}

static void check_text(struct matcher *m, const struct random_grammar *r, const char *gbnf,
                       const char *text, int n) {
    bool ok, whole, begun;
    recognise(r, text, n, &whole, &begun);
    matcher_reset(m);
    assert_int_equal(matcher_accept_bytes(m, text, (size_t)n, &ok, NULL), OK);
    if (ok != begun) fail_msg("%s \"%.*s\": may begin: %d", gbnf, n, text, begun);
    if (ok && matcher_may_end(m) != whole)
        fail_msg("%s \"%.*s\": is whole: %d", gbnf, n, text, whole);
}

/* All texts up to five characters of a, b, c, and longer ones by chance. */
static void agrees_with_another_recogniser(void **state) {
    (void)state;
    srand(11);
    for (int round = 0; round < 400; round++) {
        struct random_grammar r;
        struct strbuf gbnf;
        struct matcher *m;
        struct grammar *g = open_random(&r, &gbnf);
        assert_int_equal(matcher_open(&m, g, NULL, NULL), OK);
        for (int n = 0; n <= TEXT_MAX; n++) {
            static const int counts[] = {1, 3, 9, 27};
            for (int i = 0; i < (n < 4 ? counts[n] : 8); i++) {
                char text[TEXT_MAX + 1];
                for (int k = 0, left = i; k < n; k++, left /= 3)
                    text[k] = (char)('a' + (n < 4 ? left : rand()) % 3);
                check_text(m, &r, gbnf.data, text, n);
            }
        }
        matcher_close(m);
        grammar_close(g);
        strbuf_release(&gbnf);
    }
}

/* --- masks --- */

static bool mask_has(const uint32_t *mask, int32_t id) {
    return mask[id >> 5] >> (id & 31) & 1;
}

static bool is_text(const struct tokenizer *t, int32_t id) {
    const enum token_kind kind = tokenizer_type(t, id);
    return kind != TOKEN_CONTROL && kind != TOKEN_UNKNOWN && kind != TOKEN_UNUSED;
}

struct walker {
    const struct tokenizer *tokenizer;
    struct matcher *m;     /* the one looked at */
    struct matcher *other; /* follows, and is asked token by token */
    char text[400];
    size_t n;
    const char *gbnf;
};

/* The mask, bit by bit; returns one of the tokens allowed, or -1: none, or the end. */
static int32_t check_mask(struct walker *w) {
    uint32_t mask[TOKEN_MASK_WORDS(VOCAB_TOKENS_MAX)];
    const size_t n_vocab = tokenizer_n_vocab(w->tokenizer);
    int32_t taken = -1;
    size_t n_allowed = 0;
    struct error err = {0};
    memset(mask, 0xff, sizeof(mask));
    const enum status st = matcher_mask(w->m, mask, &err);
    if (st && st != ERR_INVALID) fail_msg("%s: %s", w->gbnf, err.message);
    for (int32_t id = 0; id < (int32_t)n_vocab; id++) {
        const struct bytes bytes = tokenizer_bytes(w->tokenizer, id);
        bool ok;
        matcher_reset(w->other);
        assert_int_equal(matcher_accept_bytes(w->other, w->text, w->n, &ok, NULL), OK);
        assert_true(ok);
        const bool may_end = matcher_may_end(w->other);
        assert_int_equal(matcher_may_end(w->m), may_end);
        if (is_text(w->tokenizer, id))
            assert_int_equal(matcher_accept_bytes(w->other, bytes.data, bytes.n, &ok, NULL), OK);
        else
            ok = tokenizer_is_end(w->tokenizer, id) && may_end;
        if (mask_has(mask, id) != ok)
            fail_msg("%s after \"%.*s\": token %d: %d", w->gbnf, (int)w->n, w->text, (int)id, ok);
        n_allowed += ok;
        if (ok && rand() % (int)n_allowed == 0) taken = id;
    }
    assert_int_equal(st, n_allowed ? OK : ERR_INVALID);
    return taken;
}

static void walk(struct walker *w, size_t n_tokens) {
    w->n = 0;
    matcher_reset(w->m);
    for (size_t i = 0; i < n_tokens; i++) {
        const int32_t id = check_mask(w);
        if (id < 0 || tokenizer_is_end(w->tokenizer, id)) break;
        const struct bytes bytes = tokenizer_bytes(w->tokenizer, id);
        assert_int_equal(matcher_accept(w->m, id, NULL), OK);
        memcpy(w->text + w->n, bytes.data, bytes.n);
        w->n += bytes.n;
    }
}

static void walk_grammar(const struct tokenizer *t, const struct grammar *g, const char *gbnf,
                         size_t ceiling_bytes, int n_walks, size_t n_tokens, size_t *n_forgotten) {
    struct token_trie *trie;
    struct walker w = {.tokenizer = t, .gbnf = gbnf};
    assert_int_equal(token_trie_open(&trie, t, NULL), OK);
    assert_int_equal(matcher_open_within(&w.m, g, trie, ceiling_bytes, NULL), OK);
    assert_int_equal(matcher_open(&w.other, g, NULL, NULL), OK);
    for (int i = 0; i < n_walks; i++)
        walk(&w, n_tokens);
    *n_forgotten = matcher_usage(w.m).n_forgotten;
    matcher_close(w.m);
    matcher_close(w.other);
    token_trie_close(trie);
}

/* With tokens of several characters beyond ASCII, some of them broken, and of many characters. */
static void open_vocab(struct vocab *v, bool spm) {
    static const char *const more[] = {"a\xc3\xb1",
                                       "ay",
                                       "yya",
                                       "\xc3\xb1\xc3",
                                       "\xb1\xc3\xb1",
                                       "\xed\x95\x95",
                                       "\xe0\xa0\x80",
                                       "\xe1\x80\x80",
                                       "\xf0\x9f\x98\x80",
                                       "\xf1\x80\x80\x80",
                                       "\xc3\xb1\xc3\xb1\xc3\xb1",
                                       "\"\xc3\xb1",
                                       "\xf4\x8f\xbf\xbf",
                                       ("\xee\x80\x80"
                                        "a"),
                                       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    struct vocab_maker m;
    char text[72];
    if (spm)
        vocab_make_spm(&m);
    else
        vocab_make_bpe(&m);
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]) && !spm; i++) {
        vocab_spell(text, more[i], strlen(more[i]));
        vocab_add(&m, text, TOKEN_NORMAL, 0);
    }
    if (!vocab_open_made(v, &m)) fail_msg("%s", v->err.message);
}

static void masks_are_those_of_single_tokens(void **state) {
    (void)state;
    srand(13);
    for (int spm = 0; spm < 2; spm++) {
        struct vocab v;
        open_vocab(&v, spm);
        for (int round = 0; round < 40; round++) {
            struct random_grammar r;
            struct strbuf gbnf;
            size_t n_forgotten;
            struct grammar *g = open_random(&r, &gbnf);
            walk_grammar(v.tokenizer, g, gbnf.data, STATES_CEILING_BYTES, 1, 5, &n_forgotten);
            assert_int_equal(n_forgotten, 0);
            grammar_close(g);
            strbuf_release(&gbnf);
        }
        vocab_close(&v);
    }
}

/* Grammars with the permissive states that masks are made for without a walk, and states near them:
 * few characters left, all characters but some beyond ASCII, tokens that span the end. */
static const char *const permissive[] = {
    "root ::= \"\\\"\" [^\"\\\\]* \"\\\"\" \":\"?",
    "root ::= [^\"\\\\]{0,3} \"\\\"\" | \"aaaaaaaa\"",
    "root ::= [^\"\\\\]{2,40} \"\\\":\"",
    "root ::= [\\x20-\\x7e]{1,6} \"\xc3\xb1\" [^a]*",
    "root ::= [^\\u00f1]{0,5} | [^b]* \"undo\"",
    "root ::= [^\\U0001F600]*",
    "root ::= ([^a] | \"aa\" [^a])*",
    "root ::= (. | \"aaaa\" \"1\")* \"x\"",
    "root ::= [^x]{40} [^y]{2} .*",
    "root ::= \"a\" root \"b\" | [^c]*",
    "root ::= [^x] [^y]*",
    "root ::= [^\"] [\\x00-\\x7f]{3} [^y]*",
    "root ::= [^\"] [\\x01-\\x7e]{3} [^y]*",
    "root ::= [^\\ud555]*",
    "root ::= [^\\u0800]*",
    "root ::= [^\\u1000]*",
    "root ::= [^\\ue000]*",
    "root ::= [^\\U00040000]*",
    "root ::= [^\\U0010ffff]*",
    "root ::= [^q]{34,36}",
    "root ::= \"1\" [^a]* | \"2\" [^b]* | \"3\" [^c]* | \"l\" [^d]* | \"h\" [^e]* | \" \" [^f]*",
};

static void masks_of_permissive_states_are_right(void **state) {
    (void)state;
    srand(17);
    for (size_t i = 0; i < sizeof(permissive) / sizeof(permissive[0]); i++) {
        struct vocab v;
        struct grammar *g;
        size_t n_forgotten;
        open_vocab(&v, false);
        assert_int_equal(grammar_open(&g, permissive[i], strlen(permissive[i]), NULL), OK);
        walk_grammar(v.tokenizer, g, permissive[i], STATES_CEILING_BYTES, 8, 5, &n_forgotten);
        grammar_close(g);
        vocab_close(&v);
    }
}

static void forgetting_changes_nothing(void **state) {
    (void)state;
    static const char *const grammars[] = {
        "root ::= (\"[\" | \"(\" root \")\" | [0-9a]){40}",
        "root ::= \"a\"{0,6}{0,6} [^b]{3} | .{12}",
    };
    size_t n_all = 0;
    srand(19);
    for (size_t i = 0; i < 2; i++) {
        struct vocab v;
        struct grammar *g;
        size_t n_forgotten;
        open_vocab(&v, false);
        assert_int_equal(grammar_open(&g, grammars[i], strlen(grammars[i]), NULL), OK);
        walk_grammar(v.tokenizer, g, grammars[i], 20000, 6, 12, &n_forgotten);
        n_all += n_forgotten;
        grammar_close(g);
        vocab_close(&v);
    }
    assert_true(n_all > 5);
}

static void a_state_that_is_too_large_is_said(void **state) {
    (void)state;
    static const char gbnf[] = "root ::= \"a\"{0,200}{0,200}";
    struct grammar *g;
    struct matcher *m;
    struct error err = {0};
    char text[200];
    bool ok;
    memset(text, 'a', sizeof(text));
    assert_int_equal(grammar_open(&g, gbnf, sizeof(gbnf) - 1, NULL), OK);
    assert_int_equal(matcher_open_within(&m, g, NULL, 8000, NULL), OK);
    assert_int_equal(matcher_accept_bytes(m, text, sizeof(text), &ok, &err), ERR_LIMIT);
    assert_non_null(strstr(err.message, "to be followed at this place"));
    matcher_reset(m); /* it stands */
    assert_int_equal(matcher_accept_bytes(m, text, 1, &ok, &err), OK);
    assert_true(ok);
    matcher_close(m);
    grammar_close(g);
}

/* --- the ways to go on, and to end --- */

struct fixture {
    struct vocab v;
    struct grammar *g;
    struct token_trie *trie;
    struct matcher *m;
};

static void open_fixture(struct fixture *f, const char *gbnf) {
    struct error err = {0};
    if (!vocab_open_bpe(&f->v)) fail_msg("%s", f->v.err.message);
    if (grammar_open(&f->g, gbnf, strlen(gbnf), &err)) fail_msg("%s", err.message);
    assert_int_equal(token_trie_open(&f->trie, f->v.tokenizer, NULL), OK);
    assert_int_equal(matcher_open(&f->m, f->g, f->trie, NULL), OK);
}

static void close_fixture(struct fixture *f) {
    matcher_close(f->m);
    token_trie_close(f->trie);
    grammar_close(f->g);
    vocab_close(&f->v);
}

static void a_refused_token_changes_nothing(void **state) {
    (void)state;
    struct fixture f;
    struct error err = {0};
    open_fixture(&f, "root ::= \"hola\" \"x\"?");
    static const int32_t refused[] = {
        -1,          VOCAB_BPE_TOKENS, 'l',       VOCAB_EOT, VOCAB_END,
        VOCAB_BEGIN, VOCAB_TOOL_CALL,  VOCAB_PAD, 256 /* la */};
    assert_int_equal(matcher_accept(f.m, 259, NULL), OK); /* ho */
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (refused[i] == 'l' || refused[i] == 256) continue;
        assert_int_equal(matcher_accept(f.m, refused[i], &err), ERR_INVALID);
        assert_string_equal(err.message, "the grammar does not allow this token here");
    }
    assert_int_equal(matcher_accept(f.m, 'l', NULL), OK);
    assert_int_equal(matcher_accept(f.m, 256, &err), ERR_INVALID); /* "la" after "hol" */
    assert_int_equal(matcher_accept(f.m, 'a', NULL), OK);
    assert_true(matcher_may_end(f.m));
    assert_int_equal(matcher_accept(f.m, VOCAB_EOT, NULL), OK);
    close_fixture(&f);
}

static void after_the_end_nothing_follows(void **state) {
    (void)state;
    struct fixture f;
    struct error err = {0};
    uint32_t mask[TOKEN_MASK_WORDS(VOCAB_TOKENS_MAX)];
    bool ok;
    open_fixture(&f, "root ::= \"a\"*");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(matcher_mask(f.m, mask, NULL), OK);
        assert_true(mask_has(mask, VOCAB_EOT) && mask_has(mask, VOCAB_END));
        assert_int_equal(matcher_accept(f.m, VOCAB_END, NULL), OK);
        assert_int_equal(matcher_accept(f.m, VOCAB_END, &err), ERR_INVALID);
        assert_int_equal(matcher_accept(f.m, 'a', &err), ERR_INVALID);
        assert_int_equal(matcher_accept_bytes(f.m, "a", 1, &ok, NULL), OK);
        assert_false(ok);
        assert_int_equal(matcher_mask(f.m, mask, &err), ERR_INVALID);
        assert_string_equal(err.message, "the answer has ended: nothing may follow");
        matcher_reset(f.m);
        assert_int_equal(matcher_accept(f.m, 'a', NULL), OK);
    }
    close_fixture(&f);
}

/* --- bounds --- */

static enum status accept_times(struct matcher *m, const char *text, size_t times, bool *ok,
                                struct error *err) {
    enum status st = OK;
    *ok = true;
    for (size_t i = 0; i < times && *ok && !st; i++)
        st = matcher_accept_bytes(m, text, strlen(text), ok, err);
    return st;
}

/* Deeper than the bound nothing is allowed that goes deeper still; the way back is. */
static void nesting_is_bounded(void **state) {
    (void)state;
    struct fixture f;
    uint32_t mask[TOKEN_MASK_WORDS(VOCAB_TOKENS_MAX)];
    bool ok;
    open_fixture(&f, "root ::= \"[\" root \"]\" | \"x\"");
    size_t depth = 0;
    assert_int_equal(matcher_mask(f.m, mask, NULL), OK);
    for (; mask_has(mask, '[') && depth < 5000; depth++) {
        assert_int_equal(matcher_accept(f.m, '[', NULL), OK);
        assert_int_equal(matcher_mask(f.m, mask, NULL), OK);
        assert_true(mask_has(mask, 'x'));
    }
    assert_int_equal(depth, GRAMMAR_CALLS_MAX);
    assert_int_equal(accept_times(f.m, "x", 1, &ok, NULL), OK);
    assert_true(ok);
    assert_int_equal(accept_times(f.m, "]", depth, &ok, NULL), OK);
    assert_true(ok && matcher_may_end(f.m));
    close_fixture(&f);
}

/* A call at the end of a rule needs no stack. */
static void recursion_at_the_end_is_not_nesting(void **state) {
    (void)state;
    struct fixture f;
    bool ok;
    open_fixture(&f, "root ::= \"a\" b | \"\"\nb ::= \"b\" root | \"b\"");
    assert_int_equal(accept_times(f.m, "ab", 20000, &ok, NULL), OK);
    assert_true(ok && matcher_may_end(f.m));
    assert_true(matcher_usage(f.m).n_states < 10);
    close_fixture(&f);
}

/* Where an answer can be read in very many ways, states grow as its length, and not as the ways. */
static void ambiguity_is_cheap(void **state) {
    (void)state;
    static const struct {
        const char *gbnf, *text;
        size_t times, n_states;
    } cases[] = {
        {"root ::= a*\na ::= \"x\"*", "x", 10000, 8},
        {"root ::= ((\"x\"?)?)* (\"x\"*)* (\"x\"+)+", "x", 10000, 8},
        {"root ::= \"x\" root root | \"x\"", "x", 300, 400},
        {"root ::= \"[\" root \"]\" | \"[\" root \",\" root \"]\" | \"[\" root \";\" root \"]\" | "
         "\"x\"",
         "[", 500, 600},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        bool ok;
        open_fixture(&f, cases[i].gbnf);
        assert_int_equal(accept_times(f.m, cases[i].text, cases[i].times, &ok, NULL), OK);
        assert_true(ok);
        if (matcher_usage(f.m).n_states > cases[i].n_states)
            fail_msg("%s: %zu states", cases[i].gbnf, matcher_usage(f.m).n_states);
        close_fixture(&f);
    }
}

/* Twenty levels of operators: without sharing, a million ways to the first character. */
static void levels_of_operators_are_cheap(void **state) {
    (void)state;
    struct strbuf gbnf;
    struct fixture f;
    bool ok;
    strbuf_init(&gbnf, 1 << 16);
    strbuf_puts(&gbnf, "root ::= e0\n");
    for (int i = 0; i < 20; i++)
        strbuf_printf(&gbnf, "e%d ::= e%d | e%d \"%c\" e%d\n", i, i + 1, i + 1, 'a' + i, i);
    strbuf_puts(&gbnf, "e20 ::= \"x\" | \"(\" e0 \")\"");
    open_fixture(&f, gbnf.data);
    assert_int_equal(accept_times(f.m, "(xaxtxbx)s", 20, &ok, NULL), OK);
    assert_true(ok && !matcher_may_end(f.m));
    matcher_reset(f.m);
    assert_int_equal(accept_times(f.m, "(xaxtxbx)sxc", 20, &ok, NULL), OK);
    assert_true(ok && !matcher_may_end(f.m));
    assert_true(matcher_usage(f.m).bytes < 1000000);
    close_fixture(&f);
    strbuf_release(&gbnf);
}

/* What cannot be kept small is an error after a bounded time. */
static void work_is_bounded(void **state) {
    (void)state;
    static const char gbnf[] = "root ::= \"x\"{0,20000}{0,20000}";
    struct grammar *g;
    struct matcher *m;
    struct error err = {0};
    bool ok;
    static char text[40000];
    memset(text, 'x', sizeof(text));
    assert_int_equal(grammar_open(&g, gbnf, sizeof(gbnf) - 1, NULL), OK);
    assert_int_equal(matcher_open(&m, g, NULL, NULL), OK);
    assert_int_equal(matcher_accept_bytes(m, text, sizeof(text), &ok, &err), ERR_LIMIT);
    assert_non_null(strstr(err.message, "read in too many ways"));
    matcher_close(m);
    grammar_close(g);
}

/* The bound falls between two brackets that only come together. */
static void a_dead_end_is_said(void **state) {
    (void)state;
    struct fixture f;
    struct error err = {0};
    uint32_t mask[TOKEN_MASK_WORDS(VOCAB_TOKENS_MAX)];
    bool ok;
    open_fixture(&f, "root ::= \"[\" \"[\" root \"]\" \"]\" | \"x\"");
    assert_int_equal(accept_times(f.m, "[[", GRAMMAR_CALLS_MAX, &ok, NULL), OK);
    assert_true(ok);
    assert_int_equal(accept_times(f.m, "[", 1, &ok, NULL), OK);
    assert_true(ok);
    assert_int_equal(matcher_mask(f.m, mask, &err), ERR_INVALID);
    assert_string_equal(err.message, "the answer is nested deeper than 2048 rules of the grammar");
    close_fixture(&f);
}

/* --- lack of memory --- */

static enum status use_once(const struct tokenizer *t, const struct grammar *g) {
    static const int32_t ids[] = {'"', 259, 'l', 'a', '"'};
    uint32_t mask[TOKEN_MASK_WORDS(VOCAB_TOKENS_MAX)];
    struct token_trie *trie = NULL;
    struct matcher *m = NULL;
    struct error err;
    enum status st = token_trie_open(&trie, t, &err);
    if (!st) st = matcher_open_within(&m, g, trie, 20000, &err);
    for (size_t i = 0; !st && i < sizeof(ids) / sizeof(ids[0]); i++) {
        st = matcher_mask(m, mask, &err);
        if (!st) assert_true(mask_has(mask, ids[i]));
        if (!st) st = matcher_accept(m, ids[i], &err);
    }
    matcher_close(m);
    token_trie_close(trie);
    return st;
}

static void lack_of_memory_is_an_error(void **state) {
    (void)state;
    struct fixture f;
    enum status st = ERR_NOMEM;
    unsigned long n = 1;
    open_fixture(&f, "root ::= \"\\\"\" (c{0,20} | c{4} root) \"\\\"\"\nc ::= [^\"x] | \"x\" root");
    for (; st == ERR_NOMEM && n < 5000; n++) {
        mem_fail_after(n);
        st = use_once(f.v.tokenizer, f.g);
        mem_fail_after(0);
    }
    assert_int_equal(st, OK);
    assert_true(n > 60);
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_another_recogniser),
        cmocka_unit_test(masks_are_those_of_single_tokens),
        cmocka_unit_test(masks_of_permissive_states_are_right),
        cmocka_unit_test(forgetting_changes_nothing),
        cmocka_unit_test(a_state_that_is_too_large_is_said),
        cmocka_unit_test(a_refused_token_changes_nothing),
        cmocka_unit_test(after_the_end_nothing_follows),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(recursion_at_the_end_is_not_nesting),
        cmocka_unit_test(ambiguity_is_cheap),
        cmocka_unit_test(levels_of_operators_are_cheap),
        cmocka_unit_test(work_is_bounded),
        cmocka_unit_test(a_dead_end_is_said),
        cmocka_unit_test(lack_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
