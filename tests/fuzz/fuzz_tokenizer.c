/* SPDX-License-Identifier: MIT
 *
 * Any text with each family's rules, and any bytes as a vocabulary. The first byte says which: 0,
 * the rest is a model file, opened or refused with a message that names it; else a small vocabulary
 * of ours, and the rest is text. Whatever the tokens are, they are of the vocabulary, their spans
 * cover the text in order, they decode to the text (broken bytes as U+FFFD), and the text in two
 * pieces gives the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/vocab_make.h"
#include "text/encoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "fuzz_tokenizer: %s\n", what);
    abort();
}

enum { N_VOCABS = 6 };

/* Gemma's and Phi's ways with text. */
static void make_spm(struct vocab_maker *m, size_t kind) {
    static const char *const marks[] = {"<|endoftext|>", "<|assistant|>", "<|system|>", "<|end|>",
                                        "<|user|>"};
    vocab_make_spm(m);
    if (kind == 4) {
        m->add_space_prefix = 0;
        m->chat_template = "<b>";
        vocab_add(m, "\n", TOKEN_USER_DEFINED, 0);
        vocab_add(m, "\n\n", TOKEN_USER_DEFINED, 0);
        vocab_add(m, "\xe2\x96\x81\xe2\x96\x81\xe2\x96\x81", TOKEN_USER_DEFINED, 0);
        vocab_add(m, "<b>", TOKEN_USER_DEFINED, 0);
    }
    for (size_t i = 0; kind == 5 && i < sizeof(marks) / sizeof(marks[0]); i++)
        vocab_add(m, marks[i], TOKEN_CONTROL, 0);
}

static const struct vocab *the_vocab(size_t kind) {
    static struct vocab vocabs[N_VOCABS];
    static const char *const pres[] = {"llama-bpe", "qwen2", "tekken"};
    struct vocab_maker m;
    if (vocabs[kind].tokenizer) return &vocabs[kind];
    if (kind < 3) {
        vocab_make_bpe(&m);
        m.pre = pres[kind];
        m.chat_template = "<tool_call>";
    } else {
        make_spm(&m, kind);
    }
    require(vocab_open_made(&vocabs[kind], &m), "our own vocabulary is refused");
    return &vocabs[kind];
}

static void check_tokens(const struct tokenizer *t, const struct token_list *tokens, size_t n) {
    const int32_t *ids = tokens->ids.data;
    const struct token_span *spans = tokens->spans.data;
    size_t begin = 0, end = 0;
    require(tokens->spans.n == tokens->ids.n, "a span for each token");
    for (size_t i = 0; i < tokens->ids.n; i++) {
        require(ids[i] >= 0 && (size_t)ids[i] < tokenizer_n_vocab(t), "a token of the vocabulary");
        require(spans[i].start >= begin && spans[i].start <= end, "a span leaves a gap");
        require(spans[i].end >= end && spans[i].start <= spans[i].end, "a span goes back");
        begin = spans[i].start;
        end = spans[i].end;
    }
    require(end == n, "the spans are not the text");
}

static void encode(const struct tokenizer *t, struct token_list *tokens,
                   const struct text_piece *pieces, size_t n_pieces) {
    struct error err;
    *tokens = (struct token_list){.wants_spans = true};
    require(tokenizer_encode_pieces(t, tokens, pieces, n_pieces, true, &err) == OK, "refused");
}

static size_t decode_at(const uint8_t *text, size_t n, size_t at, uint32_t *cp, bool *broken) {
    return encoding_decode(ENCODING_UTF_8, text, n, at, cp, broken);
}

static bool is_valid(const uint8_t *text, size_t n) {
    bool broken = false;
    uint32_t cp;
    for (size_t at = 0; at < n && !broken;)
        at += decode_at(text, n, at, &cp, &broken);
    return !broken;
}

static void decode(const struct tokenizer *t, const struct token_list *tokens, struct strbuf *out) {
    const int32_t *ids = tokens->ids.data;
    const struct token_span *spans = tokens->spans.data;
    const bool bos = tokens->ids.n > 0 && ids[0] == tokenizer_bos(t) && spans[0].end == 0;
    struct detokenizer d;
    detokenizer_init(&d, t, true, true);
    for (size_t i = bos; i < tokens->ids.n; i++)
        detokenizer_feed(&d, ids[i], out);
    detokenizer_finish(&d, out);
    require(is_valid((const uint8_t *)strbuf_str(out), out->n), "half a character");
}

/* Valid text comes back; of SPM U+2581 as a space. */
static void check_decoded(const struct tokenizer *t, const struct token_list *tokens,
                          const uint8_t *text, size_t n, bool spm) {
    struct strbuf out;
    size_t at = 0, k = 0;
    strbuf_init(&out, 1 << 24);
    decode(t, tokens, &out);
    while (k < out.n && at < n) {
        uint32_t cp, wanted;
        bool broken;
        k += decode_at((const uint8_t *)out.data, out.n, k, &cp, &broken);
        at += decode_at(text, n, at, &wanted, &broken);
        require(cp == (spm && wanted == 0x2581 ? ' ' : wanted), "another text");
    }
    require(k == out.n && at == n, "more or less text");
    strbuf_release(&out);
}

static void use_text(size_t kind, const uint8_t *text, size_t n) {
    const struct tokenizer *t = the_vocab(kind)->tokenizer;
    struct token_list whole, cut;
    for (enum specials mode = SPECIALS_PARSE; mode <= SPECIALS_NONE; mode++) {
        const struct text_piece piece = {(const char *)text, n, mode};
        encode(t, &whole, &piece, 1);
        check_tokens(t, &whole, n);
        const bool loses = kind == 1 || kind == 5; /* composes, swallows */
        if (!loses && is_valid(text, n)) check_decoded(t, &whole, text, n, kind >= 3);
        size_t middle = n / 2;
        while (middle > 0 && (text[middle] >= 0x80 || text[middle - 1] >= 0x80))
            middle--;
        const struct text_piece two[] = {{(const char *)text, middle, mode},
                                         {(const char *)text + middle, n - middle, mode}};
        encode(t, &cut, two, 2);
        require(cut.ids.n == whole.ids.n &&
                    (cut.ids.n == 0 ||
                     memcmp(cut.ids.data, whole.ids.data, cut.ids.n * sizeof(int32_t)) == 0),
                "two pieces are another text");
        token_list_release(&cut);
        token_list_release(&whole);
    }
}

static void use_file(const uint8_t *data, size_t n) {
    static const char text[] = "hola mundo, 1234 <|end|> <tool>\n\n  </s>\xff\xcc\x83 "
                               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    struct gguf *g;
    struct tokenizer *t;
    struct error err = {.status = OK};
    if (gguf_open_memory(&g, data, n, "fuzz", &err)) return;
    if (tokenizer_open(&t, g, &err)) {
        require(err.status != OK && strncmp(err.message, "fuzz: ", 6) == 0,
                "refused without a word");
    } else {
        struct token_list tokens;
        const size_t n_tail = n < 200 ? n : 200;
        const struct text_piece pieces[] = {
            {text, sizeof(text) - 1, SPECIALS_PARSE},
            {(const char *)data + n - n_tail, n_tail, SPECIALS_NONE}};
        encode(t, &tokens, pieces, 2);
        check_tokens(t, &tokens, sizeof(text) - 1 + n_tail);
        struct strbuf out;
        size_t n_ends;
        strbuf_init(&out, 1 << 24);
        decode(t, &tokens, &out);
        tokenizer_ends(t, &n_ends);
        tokenizer_chat_template(t, "tool_use");
        strbuf_release(&out);
        token_list_release(&tokens);
        tokenizer_close(t);
    }
    gguf_close(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    if (n == 0 || n > 1 << 20) return 0;
    if (data[0] == 0)
        use_file(data + 1, n - 1);
    else
        use_text((data[0] - 1u) % N_VOCABS, data + 1, n - 1);
    return 0;
}
