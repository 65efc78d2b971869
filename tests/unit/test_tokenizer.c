/* SPDX-License-Identifier: MIT
 *
 * tokenizer: every rule of both algorithms on small vocabularies made here, joining against the
 * plain rule on random text, what is refused and in which words, and lack of memory.
 */
#include "check.h"

#include <stdlib.h>

#include "vocab_make.h"

enum { LIST_MAX = 64 };

/* A list of ids, ended by -1. */
#define IDS(...)                                                                                   \
    (const int32_t[]) {                                                                            \
        __VA_ARGS__, -1                                                                            \
    }
static const int32_t no_ids[] = {-1};

static void print_ids(const char *what, const int32_t *ids, size_t n) {
    print_error("%s:", what);
    for (size_t i = 0; i < n && i < LIST_MAX; i++)
        print_error(" %d", ids[i]);
    print_error("\n");
}

static size_t count(const int32_t *ids) {
    size_t n = 0;
    while (ids[n] >= 0)
        n++;
    return n;
}

static void check_ids(const struct token_list *tokens, const int32_t *wanted) {
    const size_t n = count(wanted);
    if (tokens->ids.n == n && (n == 0 || !memcmp(tokens->ids.data, wanted, n * sizeof(*wanted))))
        return;
    print_ids("found", tokens->ids.data, tokens->ids.n);
    print_ids("wanted", wanted, n);
    fail_msg("other tokens");
}

/* The spans go up and cover the whole text but for `n_skipped` bytes at the end. */
static void check_spans(const struct token_list *tokens, size_t n) {
    const struct token_span *spans = tokens->spans.data;
    size_t begin = 0, end = 0;
    assert_int_equal(tokens->spans.n, tokens->ids.n);
    for (size_t i = 0; i < tokens->spans.n; i++) {
        assert_true(spans[i].start <= spans[i].end);
        assert_true(spans[i].start >= begin);
        assert_true(spans[i].start <= end);
        assert_true(spans[i].end >= end);
        begin = spans[i].start;
        end = spans[i].end;
    }
    assert_int_equal(end, n);
}

static void check_bytes(const struct vocab *v, const char *text, size_t n, enum specials specials,
                        bool add_bos, const int32_t *wanted) {
    struct token_list tokens = {.wants_spans = true};
    struct error err;
    assert_int_equal(tokenizer_encode(v->tokenizer, &tokens, text, n, specials, add_bos, &err), OK);
    check_ids(&tokens, wanted);
    check_spans(&tokens, n);
    token_list_release(&tokens);
}

static void check(const struct vocab *v, const char *text, enum specials specials,
                  const int32_t *wanted) {
    check_bytes(v, text, strlen(text), specials, false, wanted);
}

static void check_text(const struct vocab *v, const char *text, const int32_t *wanted) {
    check(v, text, SPECIALS_TEXT, wanted);
}

static void open_made(struct vocab *v, const struct vocab_maker *m) {
    if (!vocab_open_made(v, m)) fail_msg("%s", v->err.message);
}

/* Ids by what they are. */
static int32_t id_of(const struct vocab *v, const char *name) {
    const int32_t id = tokenizer_find(v->tokenizer, name, strlen(name));
    if (id < 0) fail_msg("no token %s", name);
    return id;
}

/* --- byte-level BPE --- */

enum {
    LA = 256,
    DE,
    _DE,
    HO,
    HOLA,
    _M,
    UN,
    DO,
    UNDO,
    _MUNDO,
    NTILDE,
    TWO_SPACES,
    N12,
    N123,
    TWO_LINES,
    AA,
    AAAA,
    QUOTE_COLON
};

static void bpe_joins_by_rank(void **unused) {
    struct vocab v;
    assert_true(vocab_open_bpe(&v));
    check_text(&v, "", no_ids);
    check_text(&v, "hola", IDS(HOLA));
    check_text(&v, "hola mundo", IDS(HOLA, _MUNDO));
    check_text(&v, "ola", IDS('o', LA));
    check_text(&v, "aaa", IDS(AA, 'a')); /* the leftmost of equals */
    check_text(&v, "aaaaaaa", IDS(AAAA, AA, 'a'));
    check_text(&v, "xde de", IDS('x', DE, _DE));
    check_text(&v, "a\xc3\xb1o", IDS('a', NTILDE, 'o'));
    check_text(&v, "\xe2\x82\xac", IDS(0xe2, 0x82, 0xac)); /* bytes of their own */
    check_bytes(&v, "a\0b", 3, SPECIALS_TEXT, false, IDS('a', 0, 'b'));
    vocab_close(&v);
}

static void bpe_words_and_numbers(void **unused) {
    struct vocab v;
    struct vocab_maker m;
    assert_true(vocab_open_bpe(&v));
    check_text(&v, "entero", IDS(VOCAB_ENTERO)); /* whole, though no merge leads there */
    check_text(&v, "enteros", IDS('e', 'n', 't', 'e', 'r', 'o', 's'));
    check_text(&v, "123123", IDS(N123, N123)); /* digits in threes from the left */
    check_text(&v, "1212", IDS(N12, '1', '2'));
    check_text(&v, "\n\n  x", IDS(TWO_LINES, ' ', ' ', 'x'));
    check_text(&v, "x   ", IDS('x', TWO_SPACES, ' '));
    vocab_close(&v);

    vocab_make_bpe(&m);
    m.pre = "qwen2";
    open_made(&v, &m);
    assert_false(tokenizer_adds_bos(v.tokenizer));
    check_text(&v, "entero", IDS('e', 'n', 't', 'e', 'r', 'o'));
    check_text(&v, "123", IDS('1', '2', '3'));            /* digits alone */
    check_text(&v, "an\xcc\x83o", IDS('a', NTILDE, 'o')); /* composed first */
    vocab_close(&v);

    m.pre = "tekken";
    open_made(&v, &m);
    assert_true(tokenizer_adds_bos(v.tokenizer));
    check_text(&v, "entero", IDS(VOCAB_ENTERO));
    check_text(&v, "holaHola", IDS(HOLA, 'H', 'o', LA)); /* a capital begins a word */
    check_text(&v, "an\xcc\x83o", IDS('a', 'n', 0xcc, 0x83, 'o'));
    vocab_close(&v);
}

static void bos_as_the_family_has_it(void **unused) {
    struct vocab v;
    struct vocab_maker m;
    assert_true(vocab_open_bpe(&v)); /* llama-bpe, no key: added */
    check_bytes(&v, "hola", 4, SPECIALS_TEXT, true, IDS(VOCAB_BEGIN, HOLA));
    check_bytes(&v, "", 0, SPECIALS_TEXT, true, IDS(VOCAB_BEGIN));
    check_bytes(&v, "<|begin_of_text|>", 17, SPECIALS_PARSE, true, IDS(VOCAB_BEGIN, VOCAB_BEGIN));
    vocab_close(&v);

    vocab_make_bpe(&m);
    m.add_bos = 0;
    open_made(&v, &m);
    check_bytes(&v, "hola", 4, SPECIALS_TEXT, true, IDS(HOLA));
    vocab_close(&v);

    m.add_bos = 1;
    m.bos = -1; /* nothing to add */
    open_made(&v, &m);
    assert_int_equal(tokenizer_bos(v.tokenizer), -1);
    check_bytes(&v, "hola", 4, SPECIALS_TEXT, true, IDS(HOLA));
    vocab_close(&v);

    assert_true(vocab_open_spm(&v));
    assert_true(tokenizer_adds_bos(v.tokenizer));
    check_bytes(&v, "hola", 4, SPECIALS_TEXT, true, IDS(1, id_of(&v, "\xe2\x96\x81hola")));
    vocab_close(&v);
}

static void specials_as_asked(void **unused) {
    static const char text[] = "hola<|eot_id|><tool_call>hola";
    struct vocab v;
    struct vocab_maker m;
    assert_true(vocab_open_bpe(&v));
    check(&v, text, SPECIALS_PARSE, IDS(HOLA, VOCAB_EOT, VOCAB_TOOL_CALL, HOLA));
    check(&v, text, SPECIALS_TEXT,
          IDS(HOLA, '<', '|', 'e', 'o', 't', '_', 'i', 'd', '|', '>', VOCAB_TOOL_CALL, HOLA));
    check(&v, "<tool_call>", SPECIALS_NONE, IDS(VOCAB_TOOL_CALL)); /* no template has it */
    check(&v, "[PAD281]", SPECIALS_PARSE, IDS('[', 'P', 'A', 'D', '2', '8', '1', ']'));
    check(&v, "<|eot_id", SPECIALS_PARSE, IDS('<', '|', 'e', 'o', 't', '_', 'i', 'd'));
    check(&v, "<<|eot_id|>", SPECIALS_PARSE, IDS('<', VOCAB_EOT));
    check(&v, "hola<|eot_id|>hola", SPECIALS_PARSE, IDS(HOLA, VOCAB_EOT, HOLA));
    vocab_close(&v);

    vocab_make_bpe(&m);
    m.chat_template = "{{ '<tool_call>' }}";
    open_made(&v, &m);
    check(&v, "<tool_call>", SPECIALS_TEXT, IDS(VOCAB_TOOL_CALL));
    check(&v, "<tool_call>", SPECIALS_NONE,
          IDS('<', 't', 'o', 'o', 'l', '_', 'c', 'a', 'l', 'l', '>'));
    vocab_close(&v);
}

static void the_longest_of_the_leftmost(void **unused) {
    struct vocab v;
    struct vocab_maker m;
    vocab_make_bpe(&m);
    const int32_t first = (int32_t)m.n_tokens;
    vocab_add(&m, "<a>", TOKEN_CONTROL, 0);
    vocab_add(&m, "<a><b>", TOKEN_CONTROL, 0);
    vocab_add(&m, "b><c", TOKEN_CONTROL, 0);
    vocab_add(&m, "<a>", TOKEN_CONTROL, 0); /* a double: the first counts */
    vocab_add(&m, "<a>x", TOKEN_USER_DEFINED, 0);
    open_made(&v, &m);
    check(&v, "<a><b><c", SPECIALS_PARSE, IDS(first + 1, '<', 'c'));
    check(&v, "<a><c", SPECIALS_PARSE, IDS(first, '<', 'c'));
    check(&v, "<b><c", SPECIALS_PARSE, IDS('<', first + 2));
    check(&v, "<a>xx", SPECIALS_TEXT, IDS(first + 4, 'x'));
    assert_int_equal(id_of(&v, "<a>"), first);
    vocab_close(&v);
}

/* A special token must lie in pieces that are parsed whole; words go across the seams. */
static void pieces_are_one_text(void **unused) {
    struct vocab v;
    struct error err;
    assert_true(vocab_open_bpe(&v));
    const struct text_piece seamless[] = {{"ho", 2, SPECIALS_PARSE},
                                          {"", 0, SPECIALS_NONE},
                                          {"la<|eot", 7, SPECIALS_PARSE},
                                          {"_id|>la", 7, SPECIALS_PARSE}};
    const struct text_piece split[] = {{"hola<|eot", 9, SPECIALS_PARSE},
                                       {"_id|>", 5, SPECIALS_NONE}};
    const struct text_piece begun[] = {{"<|eot", 5, SPECIALS_NONE}, {"_id|>", 5, SPECIALS_PARSE}};
    const struct text_piece bos[] = {{"<|begin_of_text|>", 17, SPECIALS_PARSE},
                                     {"hola", 4, SPECIALS_NONE}};
    const struct text_piece no_bos[] = {{"<|begin_of_text|>", 17, SPECIALS_NONE}};
    struct token_list tokens = {.wants_spans = true};
    assert_int_equal(tokenizer_encode_pieces(v.tokenizer, &tokens, seamless, 4, false, &err), OK);
    check_ids(&tokens, IDS(HOLA, VOCAB_EOT, LA));
    check_spans(&tokens, 16);
    const struct token_span *span = (const struct token_span *)tokens.spans.data + 1;
    assert_int_equal(span->start, 4);
    assert_int_equal(span->end, 14);
    tokens.ids.n = tokens.spans.n = 0;
    assert_int_equal(tokenizer_encode_pieces(v.tokenizer, &tokens, split, 2, false, &err), OK);
    check_ids(&tokens, IDS(HOLA, '<', '|', 'e', 'o', 't', '_', 'i', 'd', '|', '>'));
    tokens.ids.n = tokens.spans.n = 0;
    assert_int_equal(tokenizer_encode_pieces(v.tokenizer, &tokens, begun, 2, false, &err), OK);
    check_ids(&tokens, IDS('<', '|', 'e', 'o', 't', '_', 'i', 'd', '|', '>'));
    tokens.ids.n = tokens.spans.n = 0;
    assert_int_equal(tokenizer_encode_pieces(v.tokenizer, &tokens, bos, 2, true, &err), OK);
    check_ids(&tokens, IDS(VOCAB_BEGIN, HOLA)); /* the template has written it */
    tokens.ids.n = tokens.spans.n = 0;
    assert_int_equal(tokenizer_encode_pieces(v.tokenizer, &tokens, no_bos, 1, true, &err), OK);
    assert_int_equal(((const int32_t *)tokens.ids.data)[0], VOCAB_BEGIN);
    assert_int_equal(((const int32_t *)tokens.ids.data)[1], '<'); /* a message did not */
    token_list_release(&tokens);
    vocab_close(&v);
}

/* --- SentencePiece --- */

#define M "\xe2\x96\x81" /* U+2581 */

static void spm_joins_by_score(void **unused) {
    struct vocab v;
    assert_true(vocab_open_spm(&v));
    const int32_t space = id_of(&v, M), a = id_of(&v, "a"), aa = id_of(&v, "aa");
    check_text(&v, "", no_ids);
    check_text(&v, "hola", IDS(id_of(&v, M "hola")));
    check_text(&v, "hola mundo", IDS(id_of(&v, M "hola"), id_of(&v, M "mundo")));
    check_text(&v, " hola", IDS(space, id_of(&v, M "hola"))); /* one space more, not less */
    check_text(&v, "aaa", IDS(space, aa, a)); /* "aa" before "_a", the leftmost of equals */
    check_text(&v, "de", IDS(id_of(&v, M "de")));
    check_text(&v, "    x", IDS(id_of(&v, M M M M), space, id_of(&v, "x")));
    check_text(&v, "Z", IDS(space, VOCAB_SPM_BYTES + 'Z')); /* in no entry: its bytes */
    check_text(&v, "\xe2\x82\xac",
               IDS(space, VOCAB_SPM_BYTES + 0xe2, VOCAB_SPM_BYTES + 0x82, VOCAB_SPM_BYTES + 0xac));
    check_text(&v, "<0x41>",
               IDS(space, id_of(&v, "<"), id_of(&v, "0"), id_of(&v, "x"), id_of(&v, "4"),
                   id_of(&v, "1"), id_of(&v, ">")));
    check_text(&v, M "hola", IDS(space, id_of(&v, M "hola"))); /* U+2581 is a space */
    check_bytes(&v, "a\0a", 3, SPECIALS_TEXT, false, IDS(id_of(&v, M "a"), VOCAB_SPM_BYTES, a));
    vocab_close(&v);
}

static void spm_prefix_after_specials(void **unused) {
    struct vocab v;
    struct vocab_maker m;
    assert_true(vocab_open_spm(&v));
    const int32_t hola = id_of(&v, M "hola"), space = id_of(&v, M);
    check(&v, "<s>hola</s>hola", SPECIALS_PARSE, IDS(1, hola, 2, hola));
    check(&v, "<s> hola", SPECIALS_PARSE, IDS(1, space, hola));
    check(&v, "<s></s>", SPECIALS_PARSE, IDS(1, 2));
    check(&v, "<unk>", SPECIALS_PARSE, IDS(0));
    check(&v, "<s>", SPECIALS_TEXT, IDS(space, id_of(&v, "<"), id_of(&v, "s"), id_of(&v, ">")));
    vocab_close(&v);

    vocab_make_spm(&m);
    m.add_space_prefix = 0;
    open_made(&v, &m);
    check(&v, "hola<s>hola hola", SPECIALS_PARSE,
          IDS(id_of(&v, "hola"), 1, id_of(&v, "hola"), hola));
    vocab_close(&v);
}

/* As Gemma has them: runs of line ends and of spaces are tokens of their own, the longest first. */
static void spm_user_defined_runs(void **unused) {
    struct vocab v;
    struct vocab_maker m;
    vocab_make_spm(&m);
    m.add_space_prefix = 0;
    m.chat_template = "{{ '\n<b>' }}";
    const int32_t first = (int32_t)m.n_tokens;
    vocab_add(&m, "\n", TOKEN_USER_DEFINED, 0);
    vocab_add(&m, "\n\n", TOKEN_USER_DEFINED, 0);
    vocab_add(&m, "\n\n\n", TOKEN_USER_DEFINED, 0);
    vocab_add(&m, M M M, TOKEN_USER_DEFINED, 0);
    vocab_add(&m, "<b>", TOKEN_USER_DEFINED, 0);
    vocab_add(&m, "</s>x", TOKEN_USER_DEFINED, 0);
    open_made(&v, &m);
    const int32_t hola = id_of(&v, "hola"), space = id_of(&v, M);
    check_text(&v, "hola\n\n\n\nhola", IDS(hola, first + 2, first, hola));
    check_text(&v, "hola   \nhola", IDS(hola, first + 3, first, hola));
    check_text(&v, "    ", IDS(first + 3, space));
    check_text(&v, "<b>hola", IDS(first + 4, hola));
    /* in a message white space is no structure, a mark of the template is */
    check(&v, "\n\n", SPECIALS_NONE, IDS(first + 1));
    check(&v, "\n", SPECIALS_NONE, IDS(first));
    check(&v, "<b>", SPECIALS_NONE, IDS(id_of(&v, "<"), VOCAB_SPM_BYTES + 'b', id_of(&v, ">")));
    check(&v, "</s>x", SPECIALS_NONE, IDS(first + 5));
    vocab_close(&v);
}

static void make_phi(struct vocab_maker *m, int32_t *first) {
    vocab_make_spm(m);
    m->tokens[2].type = TOKEN_USER_DEFINED; /* </s> */
    *first = (int32_t)m->n_tokens;
    m->eos = *first;
    vocab_add(m, "<|endoftext|>", TOKEN_CONTROL, 0);
    vocab_add(m, "<|assistant|>", TOKEN_CONTROL, 0);
    vocab_add(m, "<|placeholder1|>", TOKEN_CONTROL, 0);
    vocab_add(m, "<|system|>", TOKEN_CONTROL, 0);
    vocab_add(m, "<|end|>", TOKEN_CONTROL, 0);
    vocab_add(m, "<|user|>", TOKEN_CONTROL, 0);
}

static void phi_swallows_space(void **unused) {
    struct vocab v;
    struct vocab_maker m;
    int32_t first;
    make_phi(&m, &first);
    open_made(&v, &m);
    const int32_t hola = id_of(&v, M "hola"), space = id_of(&v, M);
    check(&v, "<|user|> \n\t hola<|end|>\n", SPECIALS_PARSE, IDS(first + 5, hola, first + 4));
    check(&v, "<|user|>\xc2\xa0\xe3\x80\x80hola", SPECIALS_PARSE, IDS(first + 5, hola));
    check(&v, "<|placeholder1|> hola", SPECIALS_PARSE, IDS(first + 2, hola));
    check(&v, "hola</s> hola", SPECIALS_TEXT, IDS(hola, 2, hola));
    check(&v, "<|endoftext|> hola", SPECIALS_PARSE, IDS(first, space, hola)); /* not after this */
    check(&v, "<s> hola", SPECIALS_PARSE, IDS(1, space, hola));
    check(&v, "<unk> hola", SPECIALS_PARSE, IDS(0, space, hola));
    check(&v, "</s>", SPECIALS_NONE,
          IDS(space, id_of(&v, "<"), id_of(&v, "/"), id_of(&v, "s"), id_of(&v, ">"))); /* an end */
    size_t n;
    const int32_t *ends = tokenizer_ends(v.tokenizer, &n);
    assert_int_equal(n, 3);
    assert_int_equal(ends[0], 2);
    assert_int_equal(ends[1], first);
    assert_int_equal(ends[2], first + 4);
    vocab_close(&v);

    m.n_tokens--; /* without <|user|> it is another family */
    open_made(&v, &m);
    check(&v, "<|end|> hola", SPECIALS_PARSE, IDS(first + 4, space, hola));
    vocab_close(&v);
}

/* --- invalid UTF-8, spans --- */

static void broken_bytes_become_one_sign(void **unused) {
    struct vocab v;
    assert_true(vocab_open_bpe(&v));
#define FFFD 0xef, 0xbf, 0xbd
    check_text(&v,
               "a\xff\xfe"
               "b",
               IDS('a', FFFD, FFFD, 'b'));
    check_text(&v, "\xe2\x82", IDS(FFFD));
    check_text(&v, "\xf0\x9f\x98 x", IDS(FFFD, ' ', 'x'));
    check_text(&v, "\xed\xa0\x80", IDS(FFFD, FFFD, FFFD));
    check_text(&v, "\xf4\x90\x80\x80", IDS(FFFD, FFFD, FFFD, FFFD));
    vocab_close(&v);
    assert_true(vocab_open_spm(&v));
    const int32_t bytes = VOCAB_SPM_BYTES;
    check_text(&v, "\xe2\x82", IDS(id_of(&v, M), bytes + 0xef, bytes + 0xbf, bytes + 0xbd));
    vocab_close(&v);
}

static void check_span_list(const struct vocab *v, const char *text, const size_t (*wanted)[2],
                            size_t n) {
    struct token_list tokens = {.wants_spans = true};
    struct error err;
    assert_int_equal(
        tokenizer_encode(v->tokenizer, &tokens, text, strlen(text), SPECIALS_PARSE, true, &err),
        OK);
    const struct token_span *spans = tokens.spans.data;
    assert_int_equal(tokens.spans.n, n);
    for (size_t i = 0; i < n; i++)
        if (spans[i].start != wanted[i][0] || spans[i].end != wanted[i][1])
            fail_msg("%s: span %zu is %zu-%zu, not %zu-%zu", text, i, spans[i].start, spans[i].end,
                     wanted[i][0], wanted[i][1]);
    token_list_release(&tokens);
}

static void spans_are_bytes_of_the_text(void **unused) {
    static const size_t euro[][2] = {{0, 0}, {0, 4}, {4, 7}, {4, 7}, {4, 7}, {7, 17}};
    static const size_t broken[][2] = {{0, 0}, {0, 1}, {1, 3}, {1, 3}, {1, 3}, {3, 5}};
    static const size_t prefixed[][2] = {{0, 0}, {0, 1}, {1, 6}, {6, 10}, {10, 14}};
    static const size_t marked[][2] = {{0, 0}, {0, 0}, {0, 7}, {7, 8}};
    static const size_t composed[][2] = {{0, 1}, {1, 4}, {4, 5}};
    struct vocab v;
    struct vocab_maker m;
    assert_true(vocab_open_bpe(&v));
    check_span_list(&v, "hola\xe2\x82\xac<|eot_id|>", euro, 6);
    check_span_list(&v,
                    "x\xe2\x82"
                    "la",
                    broken, 6);
    vocab_close(&v);
    assert_true(vocab_open_spm(&v));
    check_span_list(&v, "  hola</s>hola", prefixed, 5);
    check_span_list(&v, M "holax", marked, 4);
    vocab_close(&v);
    vocab_make_bpe(&m);
    m.pre = "qwen2";
    open_made(&v, &m);
    check_span_list(&v, "an\xcc\x83o", composed, 3);
    vocab_close(&v);
}

/* --- joining against the plain rule --- */

static uint32_t state = 77;
static uint32_t draw(uint32_t n) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % n;
}

/* The rules of a vocabulary, the best first: what joins with what, or (SPM) what may come out. A
 * "_" is a space. */
struct rule {
    const char *left, *right; /* right NULL: left is the whole */
};

/* The plain rule: look through all neighbours for the best, join, again. Pieces as ends. */
struct plain {
    const struct rule *rules;
    size_t n_rules;
    const char *text;
    size_t ends[512], n;
};

static bool is_piece(const char *piece, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (piece[i] != text[i] && !(piece[i] == '_' && text[i] == ' ')) return false;
    return piece[n] == '\0';
}

/* Which rule joins text [start, middle) and [middle, end); SIZE_MAX: none. */
static size_t plain_rank(const struct plain *p, size_t start, size_t middle, size_t end) {
    for (size_t i = 0; i < p->n_rules; i++) {
        const struct rule *r = &p->rules[i];
        const bool fits = r->right ? is_piece(r->left, p->text + start, middle - start) &&
                                         is_piece(r->right, p->text + middle, end - middle)
                                   : is_piece(r->left, p->text + start, end - start);
        if (fits) return i;
    }
    return SIZE_MAX;
}

static void plain_join(struct plain *p) {
    for (;;) {
        size_t at = 0, best = SIZE_MAX;
        for (size_t i = 0; i + 1 < p->n; i++) {
            const size_t rank = plain_rank(p, i ? p->ends[i - 1] : 0, p->ends[i], p->ends[i + 1]);
            if (rank >= best) continue;
            best = rank;
            at = i;
        }
        if (best == SIZE_MAX) return;
        memmove(p->ends + at, p->ends + at + 1, (p->n - at - 1) * sizeof(size_t));
        p->n--;
    }
}

/* The tokens have the lengths of the plain rule's pieces; SPM text begins with a space that was put
 * there, and a character that is no token is one piece. */
static void compare_with_plain(const struct vocab *v, struct plain *p, size_t n) {
    struct token_list tokens = {0};
    struct error err;
    const bool spm = !p->rules[0].right;
    p->n = 0;
    for (size_t at = 0; at < n;) {
        at += spm && (unsigned char)p->text[at] >= 0xc0 ? 2 : 1;
        p->ends[p->n++] = at;
    }
    plain_join(p);
    assert_int_equal(
        tokenizer_encode(v->tokenizer, &tokens, p->text + spm, n - spm, SPECIALS_TEXT, false, &err),
        OK);
    const int32_t *ids = tokens.ids.data;
    size_t at = 0;
    for (size_t i = 0; i < tokens.ids.n; i++) {
        at += tokenizer_bytes(v->tokenizer, ids[i]).n;
        if (i < p->n && p->ends[i] == at) continue;
        print_error("%.*s\n", (int)n, p->text);
        fail_msg("token %zu ends at byte %zu, by the plain rule at %zu", i, at,
                 i < p->n ? p->ends[i] : 0);
    }
    assert_int_equal(tokens.ids.n, p->n);
    token_list_release(&tokens);
}

/* Texts of parts drawn at random, now and then the same some times. */
static void random_against_plain(const struct vocab *v, const struct rule *rules, size_t n_rules,
                                 const char *const *parts, uint32_t n_parts, size_t n_texts) {
    for (size_t i = 0; i < n_texts; i++) {
        char text[256];
        struct plain p = {.rules = rules, .n_rules = n_rules, .text = text};
        const size_t wanted = 2 + draw(i % 4 ? 40 : 200);
        size_t n = 0;
        if (!rules[0].right) text[n++] = ' ';
        while (n < wanted) {
            const char *part = parts[draw(n_parts)];
            for (size_t k = draw(8) == 0 ? 1 + draw(9) : 1; k > 0 && n + 8 < sizeof(text); k--) {
                memcpy(text + n, part, strlen(part));
                n += strlen(part);
            }
            if (n + 8 >= sizeof(text)) break;
        }
        compare_with_plain(v, &p, n);
    }
}

static void joins_as_the_plain_rule(void **unused) {
    static const char *const parts[] = {"a",        "de", "la", "ho", "mundo", "un", "do",
                                        "\xc3\xb1", "aa", "h",  "l",  "o",     "m",  "u",
                                        "n",        "d",  "e",  " ",  "  "};
    struct rule rules[VOCAB_SPM_PIECES + VOCAB_BPE_MERGES];
    struct vocab v;
    struct vocab_maker m;
    assert_true(vocab_open_spm(&v));
    for (size_t i = 0; i < VOCAB_SPM_PIECES; i++)
        rules[i] = (struct rule){vocab_spm_pieces[i], NULL};
    random_against_plain(&v, rules, VOCAB_SPM_PIECES, parts, 19, 300);
    vocab_close(&v);
    vocab_make_bpe(&m);
    m.pre = "qwen2"; /* no whole words: the letters are one word */
    open_made(&v, &m);
    for (size_t i = 0; i < VOCAB_BPE_MERGES; i++)
        rules[i] = (struct rule){vocab_bpe_merges[i][0], vocab_bpe_merges[i][1]};
    random_against_plain(&v, rules, VOCAB_BPE_MERGES, parts, 17, 300);
    vocab_close(&v);
}

/* All words of two to five letters a and b, in random order: every pair of bytes stands in some
 * token, so nothing is cut and long texts are joined as one. */
enum { AB_WORDS = 4 + 8 + 16 + 32 };

static void make_ab_words(char words[AB_WORDS][8]) {
    size_t n = 0;
    for (size_t length = 2; length <= 5; length++)
        for (unsigned bits = 0; bits < 1u << length; bits++, n++) {
            for (size_t i = 0; i < length; i++)
                words[n][i] = bits >> i & 1 ? 'b' : 'a';
            words[n][length] = '\0';
        }
    for (size_t i = AB_WORDS - 1; i > 0; i--) {
        char other[8];
        const size_t k = draw((uint32_t)i + 1);
        memcpy(other, words[i], 8);
        memcpy(words[i], words[k], 8);
        memcpy(words[k], other, 8);
    }
}

static void dense_spm(char words[AB_WORDS][8]) {
    static const char *const parts[] = {"a", "b"};
    struct rule rules[AB_WORDS];
    struct vocab v;
    struct vocab_maker m;
    vocab_make_spm(&m);
    m.n_tokens = VOCAB_SPM_FIRST;
    vocab_add_piece(&m, "a", TOKEN_NORMAL, -1000);
    vocab_add_piece(&m, "b", TOKEN_NORMAL, -1000);
    vocab_add_piece(&m, "_", TOKEN_NORMAL, -1000);
    for (size_t i = 0; i < AB_WORDS; i++) {
        vocab_add_piece(&m, words[i], TOKEN_NORMAL, 50 - (float)i);
        rules[i] = (struct rule){words[i], NULL};
    }
    open_made(&v, &m);
    random_against_plain(&v, rules, AB_WORDS, parts, 2, 200);
    vocab_close(&v);
}

static void dense_bpe(char words[AB_WORDS][8]) {
    static const char *const parts[] = {"a", "b"};
    static char lefts[AB_WORDS][8];
    struct rule rules[AB_WORDS];
    struct vocab v;
    struct vocab_maker m;
    vocab_make_bpe(&m);
    m.pre = "qwen2";
    m.n_tokens = 256;
    m.n_merges = 0;
    m.bos = m.eos = -1;
    for (size_t i = 0; i < AB_WORDS; i++) {
        const size_t n_left = 1 + draw((uint32_t)strlen(words[i]) - 1);
        snprintf(lefts[i], sizeof(lefts[i]), "%.*s", (int)n_left, words[i]);
        rules[i] = (struct rule){lefts[i], words[i] + n_left};
        vocab_add(&m, words[i], TOKEN_NORMAL, 0);
        snprintf(m.merges[m.n_merges++], sizeof(m.merges[0]), "%s %s", lefts[i], words[i] + n_left);
    }
    open_made(&v, &m);
    random_against_plain(&v, rules, AB_WORDS, parts, 2, 200);
    vocab_close(&v);
}

static void joins_where_nothing_is_cut(void **unused) {
    for (int round = 0; round < 4; round++) {
        char words[AB_WORDS][8];
        make_ab_words(words);
        dense_spm(words);
        dense_bpe(words);
    }
}

/* Words of one length, more than are remembered: each gives what it gives alone. */
static void words_are_not_mixed_up(void **unused) {
    enum { WORDS = 12000, LENGTH = 6 };
    struct vocab v;
    struct error err;
    char *text = mem_alloc(WORDS * LENGTH);
    struct token_list whole = {0}, alone = {0};
    assert_true(vocab_open_bpe(&v));
    for (size_t i = 0; i < WORDS * LENGTH; i++)
        text[i] = i % LENGTH == 0 ? ' ' : "adehlmnou"[draw(9)];
    assert_int_equal(
        tokenizer_encode(v.tokenizer, &whole, text, WORDS * LENGTH, SPECIALS_TEXT, false, &err),
        OK);
    for (size_t i = 0; i < WORDS; i++)
        assert_int_equal(tokenizer_encode(v.tokenizer, &alone, text + i * LENGTH, LENGTH,
                                          SPECIALS_TEXT, false, &err),
                         OK);
    assert_int_equal(whole.ids.n, alone.ids.n);
    assert_memory_equal(whole.ids.data, alone.ids.data, alone.ids.n * sizeof(int32_t));
    token_list_release(&whole);
    token_list_release(&alone);
    vocab_close(&v);
    mem_free(text);
}

/* The same words over and over, as prose has them, and long runs: whatever is remembered or cut,
 * the tokens are those of each word alone. This ends, or the test runs for hours. */
static void long_texts(void **unused) {
    enum { N = 100000 };
    struct vocab v;
    struct error err;
    char *text = mem_alloc(N);
    for (int model = 0; model < 2; model++) {
        assert_true(model ? vocab_open_spm(&v) : vocab_open_bpe(&v));
        struct token_list tokens = {.wants_spans = true};
        for (size_t i = 0; i < N; i++)
            text[i] = "hola mundo de la "[i % 17];
        assert_int_equal(
            tokenizer_encode(v.tokenizer, &tokens, text, N, SPECIALS_TEXT, false, &err), OK);
        check_spans(&tokens, N);
        const int32_t *ids = tokens.ids.data;
        const size_t period = model ? 5 : 6;
        for (size_t i = 2 * period; i + period < tokens.ids.n; i++)
            assert_int_equal(ids[i], ids[i - period]);
        for (const char *c = "a .\n<"; *c; c++) {
            memset(text, *c, N);
            tokens.ids.n = tokens.spans.n = 0;
            assert_int_equal(
                tokenizer_encode(v.tokenizer, &tokens, text, N, SPECIALS_PARSE, false, &err), OK);
            check_spans(&tokens, N);
        }
        token_list_release(&tokens);
        vocab_close(&v);
    }
    mem_free(text);
}

/* --- decoding --- */

static void check_decoded(const struct vocab *v, const int32_t *ids, bool specials, bool at_start,
                          const char *wanted) {
    struct detokenizer d;
    struct strbuf out;
    strbuf_init(&out, 1 << 20);
    detokenizer_init(&d, v->tokenizer, specials, at_start);
    for (; *ids >= 0; ids++)
        detokenizer_feed(&d, *ids, &out);
    detokenizer_finish(&d, &out);
    assert_string_equal(strbuf_str(&out), wanted);
    strbuf_release(&out);
}

static void decoding_undoes_encoding(void **unused) {
    struct vocab v;
    struct vocab_maker m;
    assert_true(vocab_open_bpe(&v));
    check_decoded(&v, IDS(VOCAB_BEGIN, HOLA, _MUNDO, VOCAB_EOT), false, true, "hola mundo");
    check_decoded(&v, IDS(VOCAB_BEGIN, HOLA, VOCAB_EOT), true, true,
                  "<|begin_of_text|>hola<|eot_id|>");
    check_decoded(&v, IDS(VOCAB_TOOL_CALL, HOLA, VOCAB_PAD), false, true, "<tool_call>hola");
    check_decoded(&v, IDS(_MUNDO), false, true, " mundo"); /* no space was put there */
    vocab_close(&v);

    assert_true(vocab_open_spm(&v));
    const int32_t hola = id_of(&v, M "hola"), space = id_of(&v, M);
    check_decoded(&v, IDS(1, hola, hola), false, true, "hola hola");
    check_decoded(&v, IDS(hola, 2, hola), true, true, "hola</s>hola");
    check_decoded(&v, IDS(1, space, hola), true, true, "<s> hola");
    check_decoded(&v, IDS(hola), false, false, " hola"); /* goes on with another text */
    check_decoded(&v, IDS(0, VOCAB_SPM_BYTES + 'A'), false, true, "A");
    vocab_close(&v);

    int32_t first;
    make_phi(&m, &first);
    open_made(&v, &m);
    check_decoded(&v, IDS(hola, 2), false, true, "hola"); /* an end, though user-defined */
    check_decoded(&v, IDS(hola, 2), true, true, "hola</s>");
    vocab_close(&v);
}

/* A character that comes in pieces appears when its last byte does. */
static void characters_are_whole(void **unused) {
    static const struct {
        int32_t ids[6];
        const char *after[6]; /* each token */
        const char *end;
    } rows[] = {
        {{0xe2, 0x82, 0xac, 'x', -1}, {"", "", "\xe2\x82\xac", "\xe2\x82\xacx"}, "\xe2\x82\xacx"},
        {{0xf0, 0x9f, 0x98, 0x80, -1}, {"", "", "", "\xf0\x9f\x98\x80"}, "\xf0\x9f\x98\x80"},
        {{0xe2, 'x', -1}, {"", "\xef\xbf\xbdx"}, "\xef\xbf\xbdx"},
        {{0xe2, 0x82, 0xe2, -1}, {"", "", "\xef\xbf\xbd"}, "\xef\xbf\xbd\xef\xbf\xbd"},
        {{0x80, 0xff, -1},
         {"\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd"},
         "\xef\xbf\xbd\xef\xbf\xbd"},
        {{0xed, 0xa0, -1}, {"", "\xef\xbf\xbd\xef\xbf\xbd"}, "\xef\xbf\xbd\xef\xbf\xbd"},
        {{0xc3, HOLA, -1}, {"", "\xef\xbf\xbdhola"}, "\xef\xbf\xbdhola"},
        {{0xc3, VOCAB_EOT, 0xb1, -1},
         {"", "\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd"},
         "\xef\xbf\xbd\xef\xbf\xbd"},
    };
    struct vocab v;
    assert_true(vocab_open_bpe(&v));
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        struct detokenizer d;
        struct strbuf out;
        strbuf_init(&out, 100);
        detokenizer_init(&d, v.tokenizer, false, true);
        for (size_t i = 0; rows[r].ids[i] >= 0; i++) {
            detokenizer_feed(&d, rows[r].ids[i], &out);
            assert_string_equal(strbuf_str(&out), rows[r].after[i]);
        }
        detokenizer_finish(&d, &out);
        assert_string_equal(strbuf_str(&out), rows[r].end);
        strbuf_release(&out);
    }
    vocab_close(&v);
}

/* --- what is asked of a vocabulary --- */

static void the_vocabulary_answers(void **unused) {
    struct vocab v;
    struct vocab_maker m;
    vocab_make_bpe(&m);
    m.chat_template = "{{ messages }}";
    open_made(&v, &m);
    const struct tokenizer *t = v.tokenizer;
    assert_int_equal(tokenizer_n_vocab(t), VOCAB_BPE_TOKENS);
    assert_int_equal(tokenizer_type(t, HOLA), TOKEN_NORMAL);
    assert_int_equal(tokenizer_type(t, VOCAB_TOOL_CALL), TOKEN_USER_DEFINED);
    assert_int_equal(tokenizer_bytes(t, _MUNDO).n, 6);
    assert_memory_equal(tokenizer_bytes(t, _MUNDO).data, " mundo", 6);
    assert_memory_equal(tokenizer_bytes(t, VOCAB_EOT).data, "<|eot_id|>", 10);
    assert_int_equal(tokenizer_bos(t), VOCAB_BEGIN);
    assert_int_equal(tokenizer_eos(t), VOCAB_EOT);
    size_t n;
    const int32_t *ends = tokenizer_ends(t, &n);
    assert_int_equal(n, 2);
    assert_int_equal(ends[0], VOCAB_END);
    assert_int_equal(ends[1], VOCAB_EOT);
    assert_true(tokenizer_is_end(t, VOCAB_EOT));
    assert_false(tokenizer_is_end(t, VOCAB_BEGIN));
    assert_int_equal(tokenizer_find(t, "<|eot_id|>", 10), VOCAB_EOT);
    assert_int_equal(tokenizer_find(t, "[PAD281]", 8), VOCAB_PAD);
    assert_int_equal(tokenizer_find(t, "nada", 4), -1);
    assert_int_equal(tokenizer_chat_template(t, NULL).n, 14);
    assert_int_equal(tokenizer_chat_template(t, "default").n, 14);
    assert_int_equal(tokenizer_chat_template(t, "tool_use").n, 0);
    vocab_close(&v);

    assert_true(vocab_open_spm(&v));
    assert_memory_equal(tokenizer_bytes(v.tokenizer, VOCAB_SPM_BYTES + 'A').data, "A", 1);
    assert_int_equal(tokenizer_find(v.tokenizer, "<0x41>", 6), VOCAB_SPM_BYTES + 'A');
    assert_int_equal(tokenizer_ends(v.tokenizer, &n)[0], 2);
    assert_int_equal(n, 1);
    vocab_close(&v);
}

/* "</s>" that is ordinary, or a mark of HTML, ends nothing; names that are ordinary text neither.
 */
static void ends_are_the_family_s(void **unused) {
    struct vocab v;
    struct vocab_maker m;
    size_t n;
    vocab_make_bpe(&m);
    vocab_add(&m, "</s>", TOKEN_NORMAL, 0);
    vocab_add(&m, "<|im_end|>", TOKEN_NORMAL, 0);
    vocab_add(&m, "<|endoftext|>", TOKEN_CONTROL, 0);
    open_made(&v, &m);
    const int32_t *ends = tokenizer_ends(v.tokenizer, &n);
    assert_int_equal(n, 3);
    assert_int_equal(ends[2], VOCAB_BPE_TOKENS + 2);
    vocab_close(&v);

    vocab_make_spm(&m);
    m.tokens[2].type = TOKEN_USER_DEFINED;
    const int32_t first = (int32_t)m.n_tokens;
    m.bos = first; /* <bos>: so <s> and </s> are Gemma's strike-out marks */
    m.eos = first + 1;
    vocab_add(&m, "<bos>", TOKEN_CONTROL, 0);
    vocab_add(&m, "<eos>", TOKEN_CONTROL, 0);
    vocab_add(&m, "<end_of_turn>", TOKEN_CONTROL, 0);
    open_made(&v, &m);
    ends = tokenizer_ends(v.tokenizer, &n);
    assert_int_equal(n, 2);
    assert_int_equal(ends[0], first + 1);
    assert_int_equal(ends[1], first + 2);
    vocab_close(&v);
}

/* --- what is refused --- */

static void check_refused(const struct vocab_maker *m, enum status status, const char *words) {
    struct vocab v;
    assert_false(vocab_open_made(&v, m));
    if (v.err.status != status || !strstr(v.err.message, words) ||
        strncmp(v.err.message, "model.gguf: ", 12) != 0)
        fail_msg("%s: \"%s\" lacks \"%s\"", status_name(v.err.status), v.err.message, words);
}

static void broken_bpe_is_refused(void **unused) {
    struct vocab_maker good, m;
    vocab_make_bpe(&good);
#define REFUSED(status, words, ...)                                                                \
    do {                                                                                           \
        m = good;                                                                                  \
        __VA_ARGS__;                                                                               \
        check_refused(&m, status, words);                                                          \
    } while (0)
    REFUSED(ERR_UNSUPPORTED, "\"bert\" is not known; known are llama and gpt2", m.model = "bert");
    REFUSED(ERR_UNSUPPORTED, "\"gpt-2\" is not known; known are llama-bpe", m.pre = "gpt-2");
    REFUSED(ERR_UNSUPPORTED, "tokenizer.ggml.pre is missing", m.pre = NULL);
    REFUSED(ERR_INVALID, "lack the key tokenizer.ggml.merges", m.no_merges = true);
    REFUSED(ERR_INVALID, "lack the key tokenizer.ggml.token_type", m.no_types = true);
    REFUSED(ERR_INVALID, "merge 3 is not two tokens", strcpy(m.merges[2], "nospace"));
    REFUSED(ERR_INVALID, "merge 3 is not two tokens", strcpy(m.merges[2], " a"));
    REFUSED(ERR_INVALID, "merge 3 is not two tokens", strcpy(m.merges[2], "a "));
    REFUSED(ERR_INVALID, "merge 3 is not two tokens", strcpy(m.merges[2], "a b c"));
    REFUSED(ERR_INVALID, "merge 3 is not two tokens", strcpy(m.merges[2], "a \xe2\x82\xac"));
    REFUSED(ERR_INVALID, "merge 3 is not two tokens", strcpy(m.merges[2], ""));
    REFUSED(ERR_INVALID, "merge 4 joins what is no token", strcpy(m.merges[3], "xyz a"));
    REFUSED(ERR_INVALID, "merge 4 makes what is no token", strcpy(m.merges[3], "x y"));
    REFUSED(ERR_INVALID, "no token stands for the byte 0x41", strcpy(m.tokens['A'].text, "otro"));
    REFUSED(ERR_INVALID, "token 7 is of type 9", m.tokens[7].type = 9);
    REFUSED(ERR_INVALID, "token 7 is of type 0", m.tokens[7].type = 0);
    REFUSED(ERR_INVALID, "bos_token_id is 9999", m.bos = 9999);
    REFUSED(ERR_INVALID, "eos_token_id is 282, and the vocabulary has 282", m.eos = 282);
    REFUSED(ERR_INVALID, "0 tokens", m.n_tokens = 0);
}

static void broken_spm_is_refused(void **unused) {
    struct vocab_maker good, m;
    vocab_make_spm(&good);
    REFUSED(ERR_INVALID, "lack the key tokenizer.ggml.scores", m.no_scores = true);
    REFUSED(ERR_INVALID, "token 300 has a score that is no finite number",
            m.tokens[300].score = (float)strtod("nan", NULL));
    REFUSED(ERR_INVALID, "token 5 has a score that is no finite number",
            m.tokens[5].score = (float)strtod("-inf", NULL));
    REFUSED(ERR_INVALID, "token 68 is a byte and not written as",
            strcpy(m.tokens[68].text, "<0x4>"));
    REFUSED(ERR_INVALID, "no token stands for the byte 0x41", strcpy(m.tokens[68].text, "<0x42>"));
    REFUSED(ERR_INVALID, "token 68 is a byte and not", strcpy(m.tokens[68].text, "<0xZZ>"));
}

/* Arrays of other lengths and types, tokens that are too long: written by hand. */
static void refuse_file(struct strbuf *pairs, uint64_t n_pairs, enum status status,
                        const char *words) {
    struct strbuf file;
    struct error err;
    unsigned char *bytes;
    struct tokenizer *t;
    strbuf_init(&file, (size_t)1 << 30);
    put_head(&file, 3, 0, n_pairs);
    strbuf_append(&file, pairs->data, pairs->n);
    struct gguf *g = open_exact(&bytes, file.data, file.n, &err);
    assert_non_null(g);
    assert_int_equal(tokenizer_open(&t, g, &err), status);
    if (!strstr(err.message, words)) fail_msg("\"%s\" lacks \"%s\"", err.message, words);
    gguf_close(g);
    mem_free(bytes);
    strbuf_release(&file);
    strbuf_release(pairs);
}

static void begin_pairs(struct strbuf *pairs, const char *model) {
    strbuf_init(pairs, (size_t)1 << 30);
    put_pair_string(pairs, "tokenizer.ggml.model", model);
}

static void put_types(struct strbuf *pairs, size_t n, uint32_t type) {
    vocab_put_array(pairs, "tokenizer.ggml.token_type", GGUF_I32, n);
    for (size_t i = 0; i < n; i++)
        put_u32(pairs, type);
}

static void put_scores(struct strbuf *pairs, size_t n) {
    vocab_put_array(pairs, "tokenizer.ggml.scores", GGUF_F32, n);
    for (size_t i = 0; i < n; i++)
        put_u32(pairs, 0);
}

static void put_long_token(struct strbuf *pairs, size_t n) {
    vocab_put_array(pairs, "tokenizer.ggml.tokens", GGUF_STRING, 1);
    put_u64(pairs, n);
    for (size_t i = 0; i < n; i++)
        strbuf_putc(pairs, 'a');
}

static void broken_arrays_are_refused(void **unused) {
    struct strbuf p;
    strbuf_init(&p, 1000);
    put_pair_string(&p, "general.architecture", "llama");
    refuse_file(&p, 1, ERR_NOT_FOUND, "the file has no tokenizer");
    begin_pairs(&p, "llama");
    refuse_file(&p, 1, ERR_INVALID, "lack the key tokenizer.ggml.tokens");
    begin_pairs(&p, "llama");
    put_pair_u32(&p, "tokenizer.ggml.tokens", 3);
    refuse_file(&p, 2, ERR_INVALID, "is of type u32, an array is wanted");
    begin_pairs(&p, "llama");
    put_types(&p, 1, 1);
    put_scores(&p, 2);
    put_long_token(&p, 1);
    refuse_file(&p, 4, ERR_INVALID, "tokenizer.ggml.scores has 2 items, and there are 1 tokens");
    begin_pairs(&p, "llama");
    put_types(&p, 2, 1);
    put_scores(&p, 1);
    put_long_token(&p, 1);
    refuse_file(&p, 4, ERR_INVALID, "tokenizer.ggml.token_type has 2 items");
    begin_pairs(&p, "llama");
    put_types(&p, 1, 1);
    vocab_put_array(&p, "tokenizer.ggml.tokens", GGUF_I32, 1);
    put_u32(&p, 1);
    refuse_file(&p, 3, ERR_INVALID, "is an array of i32, one of string is wanted");
    begin_pairs(&p, "llama");
    put_types(&p, 1, 1);
    put_scores(&p, 1);
    put_long_token(&p, TOKEN_BYTES_MAX + 1);
    refuse_file(&p, 4, ERR_INVALID, "token 0 has 4097 bytes, more than 4096");
    begin_pairs(&p, "llama");
    put_types(&p, 1, TOKEN_CONTROL);
    put_scores(&p, 1);
    put_long_token(&p, 300);
    refuse_file(&p, 4, ERR_INVALID, "no token stands for the byte");
}

static void a_long_special_is_refused(void **unused) {
    struct vocab_maker m;
    struct strbuf file, changed;
    struct error err;
    unsigned char *bytes;
    struct tokenizer *t;
    vocab_make_bpe(&m);
    vocab_add(&m, "<largo>", TOKEN_CONTROL, 0);
    vocab_write(&file, &m);
    /* the last string of the file, made longer */
    strbuf_init(&changed, 1 << 24);
    strbuf_append(&changed, file.data, file.n - 7 - 8);
    put_u64(&changed, 300);
    for (int i = 0; i < 300; i++)
        strbuf_putc(&changed, 'x');
    struct gguf *g = open_exact(&bytes, changed.data, changed.n, &err);
    assert_non_null(g);
    assert_int_equal(tokenizer_open(&t, g, &err), ERR_INVALID);
    assert_non_null(strstr(err.message, "token 282 is a special one and has 300 bytes"));
    gguf_close(g);
    mem_free(bytes);
    strbuf_release(&file);
    strbuf_release(&changed);
}

/* --- lack of memory --- */

static void no_allocation_is_taken_for_granted(void **unused) {
    struct vocab_maker m;
    struct error err;
    for (int model = 0; model < 2; model++) {
        struct vocab v;
        if (model)
            vocab_make_spm(&m);
        else
            vocab_make_bpe(&m);
        if (!model) m.pre = "qwen2";
        open_made(&v, &m);
        enum status st = ERR_NOMEM;
        for (unsigned long nth = 1; st; nth++) {
            struct tokenizer *t;
            mem_fail_after(nth);
            st = tokenizer_open(&t, v.gguf, &err);
            mem_fail_after(0);
            if (st) assert_int_equal(st, ERR_NOMEM);
            if (!st) tokenizer_close(t);
        }
        char text[2000];
        for (size_t i = 0; i < sizeof(text); i++)
            text[i] = i < 1500 ? 'a' : "hola n\xcc\x83 \xff</s>"[i % 14];
        struct token_list whole = {.wants_spans = true};
        assert_int_equal(
            tokenizer_encode(v.tokenizer, &whole, text, sizeof(text), SPECIALS_PARSE, true, &err),
            OK);
        st = ERR_NOMEM;
        for (unsigned long nth = 1; st; nth++) {
            struct token_list tokens = {.wants_spans = true};
            assert_int_equal(
                tokenizer_encode(v.tokenizer, &tokens, "hola", 4, SPECIALS_TEXT, false, &err), OK);
            const size_t before = tokens.ids.n;
            mem_fail_after(nth);
            st = tokenizer_encode(v.tokenizer, &tokens, text, sizeof(text), SPECIALS_PARSE, true,
                                  &err);
            mem_fail_after(0);
            if (st) assert_int_equal(st, ERR_NOMEM);
            assert_int_equal(tokens.ids.n, st ? before : before + whole.ids.n);
            assert_int_equal(tokens.spans.n, tokens.ids.n);
            if (!st) /* the words that could not be remembered are the same words */
                assert_memory_equal((int32_t *)tokens.ids.data + before, whole.ids.data,
                                    whole.ids.n * sizeof(int32_t));
            token_list_release(&tokens);
            if (!st) break;
        }
        token_list_release(&whole);
        vocab_close(&v);
    }
}

static void too_much_text_is_refused(void **unused) {
    struct vocab v;
    struct error err;
    struct token_list tokens = {0};
    assert_true(vocab_open_bpe(&v));
    const struct text_piece pieces[] = {{"a", 1, SPECIALS_TEXT},
                                        {"a", (size_t)1 << 32, SPECIALS_TEXT}};
    assert_int_equal(tokenizer_encode_pieces(v.tokenizer, &tokens, pieces, 2, true, &err),
                     ERR_LIMIT);
    assert_int_equal(tokens.ids.n, 0);
    vocab_close(&v);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bpe_joins_by_rank),
        cmocka_unit_test(bpe_words_and_numbers),
        cmocka_unit_test(bos_as_the_family_has_it),
        cmocka_unit_test(specials_as_asked),
        cmocka_unit_test(the_longest_of_the_leftmost),
        cmocka_unit_test(pieces_are_one_text),
        cmocka_unit_test(spm_joins_by_score),
        cmocka_unit_test(spm_prefix_after_specials),
        cmocka_unit_test(spm_user_defined_runs),
        cmocka_unit_test(phi_swallows_space),
        cmocka_unit_test(broken_bytes_become_one_sign),
        cmocka_unit_test(spans_are_bytes_of_the_text),
        cmocka_unit_test(joins_as_the_plain_rule),
        cmocka_unit_test(joins_where_nothing_is_cut),
        cmocka_unit_test(words_are_not_mixed_up),
        cmocka_unit_test(long_texts),
        cmocka_unit_test(decoding_undoes_encoding),
        cmocka_unit_test(characters_are_whole),
        cmocka_unit_test(the_vocabulary_answers),
        cmocka_unit_test(ends_are_the_family_s),
        cmocka_unit_test(broken_bpe_is_refused),
        cmocka_unit_test(broken_spm_is_refused),
        cmocka_unit_test(broken_arrays_are_refused),
        cmocka_unit_test(a_long_special_is_refused),
        cmocka_unit_test(no_allocation_is_taken_for_granted),
        cmocka_unit_test(too_much_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
