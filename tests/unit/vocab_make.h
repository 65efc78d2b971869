/* SPDX-License-Identifier: MIT
 *
 * Small vocabularies of the project's own, made in memory: one of each algorithm. For the tests of
 * the tokenizer, and for whoever needs an open tokenizer:
 *
 *     struct vocab v;
 *     vocab_open_bpe(&v);              or vocab_open_spm(&v)
 *     ... v.tokenizer, v.gguf ...
 *     vocab_close(&v);
 *
 * vocab_open_bpe: model gpt2, pre llama-bpe (so BOS is added, whole words are taken whole). Ids:
 *
 *     0-255   the byte of that number
 *     256     "la" "de" " de" "ho" "hola" " m" "un" "do" "undo" " mundo" "ñ" "  " "12" "123" "\n\n"
 *             "aa" "aaaa" "\":" (273)       each made by one merge, in this order
 * (vocab_bpe_merges) 274     "entero"                      no merge leads to it 275
 * <|begin_of_text|> (BOS), 276 <|end_of_text|> (an end), 277 <|start_header_id|>, 278
 * <|end_header_id|>, 279 <|eot_id|> (EOS, an end): control 280     <tool_call>: user-defined 281
 * [PAD281]: unused
 *
 * vocab_open_spm: model llama. Ids: 0 <unk>, 1 <s> (BOS), 2 </s> (EOS, the end); 3-258 the bytes
 * <0x00>-<0xFF>; from 259 the pieces of vocab_spm_pieces in order, each with a lower score than the
 * one before. Neither carries a chat template.
 *
 * To change something, call vocab_make_*, change the struct vocab_maker, then vocab_open_made.
 */
#ifndef SIGILO_TESTS_UNIT_VOCAB_MAKE_H
#define SIGILO_TESTS_UNIT_VOCAB_MAKE_H

#include <stdio.h>

#include "gguf_make.h"
#include "tokenizer/tokenizer.h"

enum { VOCAB_TOKENS_MAX = 512, VOCAB_MERGES_MAX = 64 };

struct vocab_token {
    char text[72]; /* as in the file */
    uint32_t type;
    float score;
};

struct vocab_maker {
    const char *model, *pre; /* pre NULL: no such key */
    struct vocab_token tokens[VOCAB_TOKENS_MAX];
    size_t n_tokens;
    char merges[VOCAB_MERGES_MAX][64]; /* as in the file */
    size_t n_merges;
    int64_t bos, eos;              /* -1: no such key */
    int add_bos, add_space_prefix; /* 0, 1; -1: no such key */
    const char *chat_template;     /* NULL: no such key */
    bool no_types, no_scores, no_merges;
};

static const char *const vocab_bpe_merges[][2] = {
    {"l", "a"}, {"d", "e"},  {" ", "de"},  {"h", "o"},     {"ho", "la"},     {" ", "m"},
    {"u", "n"}, {"d", "o"},  {"un", "do"}, {" m", "undo"}, {"\xc3", "\xb1"}, {" ", " "},
    {"1", "2"}, {"12", "3"}, {"\n", "\n"}, {"a", "a"},     {"aa", "aa"},     {"\"", ":"},
};
enum { VOCAB_BPE_MERGES = sizeof(vocab_bpe_merges) / sizeof(vocab_bpe_merges[0]) };
enum { /* ids of the BPE vocabulary */
       VOCAB_ENTERO = 256 + VOCAB_BPE_MERGES,
       VOCAB_BEGIN,
       VOCAB_END,
       VOCAB_START_HEADER,
       VOCAB_END_HEADER,
       VOCAB_EOT,
       VOCAB_TOOL_CALL,
       VOCAB_PAD,
       VOCAB_BPE_TOKENS,
};

/* "_" stands for U+2581. */
static const char *const vocab_spm_pieces[] = {
    "_d", "_de",  "la", "ho",   "hola", "_hola", "_m", "un", "do",       "undo", "_mundo",
    "__", "____", "aa", "aaaa", "_a",   "_",     "a",  "d",  "e",        "h",    "l",
    "m",  "n",    "o",  "u",    "s",    "r",     "t",  "i",  "\xc3\xb1", "1",    "2",
    "3",  "<",    ">",  "/",    "x",    "0",     "4",  ".",  ",",
};
enum { VOCAB_SPM_PIECES = sizeof(vocab_spm_pieces) / sizeof(vocab_spm_pieces[0]) };
enum {
    VOCAB_SPM_BYTES = 3,
    VOCAB_SPM_FIRST = 259,
    VOCAB_SPM_TOKENS = VOCAB_SPM_FIRST + VOCAB_SPM_PIECES
};

/* Appends; a scratch that is too small is the test's own fault. */
static inline struct vocab_token *vocab_add(struct vocab_maker *m, const char *text,
                                            enum token_kind type, float score) {
    struct vocab_token *token = &m->tokens[m->n_tokens++];
    snprintf(token->text, sizeof(token->text), "%s", text);
    token->type = type;
    token->score = score;
    return token;
}

/* The letters that stand for bytes in byte-level vocabularies: those that print stand for
 * themselves, the others for U+0100 onwards. */
static inline void vocab_spell(char *out, const char *bytes, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const unsigned b = (unsigned char)bytes[i];
        unsigned cp = b;
        if (b <= 32)
            cp = 256 + b;
        else if (b >= 127 && b <= 160)
            cp = 256 + 33 + b - 127;
        else if (b == 173)
            cp = 256 + 67;
        if (cp >= 0x80) {
            *out++ = (char)(0xc0 | cp >> 6);
            *out++ = (char)(0x80 | (cp & 0x3f));
        } else {
            *out++ = (char)cp;
        }
    }
    *out = '\0';
}

static inline void vocab_make_bpe(struct vocab_maker *m) {
    *m = (struct vocab_maker){.model = "gpt2",
                              .pre = "llama-bpe",
                              .bos = VOCAB_BEGIN,
                              .eos = VOCAB_EOT,
                              .add_bos = -1,
                              .add_space_prefix = -1};
    char text[64], left[32], right[32];
    for (int b = 0; b < 256; b++) {
        const char byte = (char)b;
        vocab_spell(text, &byte, 1);
        vocab_add(m, text, TOKEN_NORMAL, 0);
    }
    for (size_t i = 0; i < VOCAB_BPE_MERGES; i++) {
        vocab_spell(left, vocab_bpe_merges[i][0], strlen(vocab_bpe_merges[i][0]));
        vocab_spell(right, vocab_bpe_merges[i][1], strlen(vocab_bpe_merges[i][1]));
        snprintf(text, sizeof(text), "%s%s", left, right);
        vocab_add(m, text, TOKEN_NORMAL, 0);
        snprintf(m->merges[m->n_merges++], sizeof(m->merges[0]), "%s %s", left, right);
    }
    vocab_add(m, "entero", TOKEN_NORMAL, 0);
    vocab_add(m, "<|begin_of_text|>", TOKEN_CONTROL, 0);
    vocab_add(m, "<|end_of_text|>", TOKEN_CONTROL, 0);
    vocab_add(m, "<|start_header_id|>", TOKEN_CONTROL, 0);
    vocab_add(m, "<|end_header_id|>", TOKEN_CONTROL, 0);
    vocab_add(m, "<|eot_id|>", TOKEN_CONTROL, 0);
    vocab_add(m, "<tool_call>", TOKEN_USER_DEFINED, 0);
    vocab_add(m, "[PAD281]", TOKEN_UNUSED, 0);
}

/* Adds a piece of an SPM vocabulary, "_" standing for U+2581. */
static inline void vocab_add_piece(struct vocab_maker *m, const char *piece, enum token_kind type,
                                   float score) {
    char text[64] = "";
    for (size_t n = 0; *piece; piece++) {
        snprintf(text + n, sizeof(text) - n, *piece == '_' ? "\xe2\x96\x81" : "%c", *piece);
        n = strlen(text);
    }
    vocab_add(m, text, type, score);
}

static inline void vocab_make_spm(struct vocab_maker *m) {
    *m = (struct vocab_maker){
        .model = "llama", .bos = 1, .eos = 2, .add_bos = -1, .add_space_prefix = -1};
    char text[8];
    vocab_add(m, "<unk>", TOKEN_UNKNOWN, 0);
    vocab_add(m, "<s>", TOKEN_CONTROL, 0);
    vocab_add(m, "</s>", TOKEN_CONTROL, 0);
    for (unsigned b = 0; b < 256; b++) {
        snprintf(text, sizeof(text), "<0x%02X>", b);
        vocab_add(m, text, TOKEN_BYTE, 0);
    }
    for (size_t i = 0; i < VOCAB_SPM_PIECES; i++)
        vocab_add_piece(m, vocab_spm_pieces[i], TOKEN_NORMAL, -(float)i);
}

static inline void vocab_put_array(struct strbuf *b, const char *key, enum gguf_value_type type,
                                   size_t n) {
    put_key(b, key, GGUF_ARRAY);
    put_u32(b, type);
    put_u64(b, n);
}

static inline void vocab_put_bool(struct strbuf *b, const char *key, bool v) {
    put_key(b, key, GGUF_BOOL);
    strbuf_putc(b, v ? 1 : 0);
}

/* The pairs that stand or not as the maker says; returns how many were written. */
static inline uint64_t vocab_put_pairs(struct strbuf *b, const struct vocab_maker *m) {
    uint64_t n = 2;
    put_pair_string(b, "general.architecture", "llama");
    put_pair_string(b, "tokenizer.ggml.model", m->model);
    if (m->pre) put_pair_string(b, "tokenizer.ggml.pre", m->pre), n++;
    if (m->bos >= 0) put_pair_u32(b, "tokenizer.ggml.bos_token_id", (uint32_t)m->bos), n++;
    if (m->eos >= 0) put_pair_u32(b, "tokenizer.ggml.eos_token_id", (uint32_t)m->eos), n++;
    if (m->add_bos >= 0) vocab_put_bool(b, "tokenizer.ggml.add_bos_token", m->add_bos), n++;
    if (m->add_space_prefix >= 0)
        vocab_put_bool(b, "tokenizer.ggml.add_space_prefix", m->add_space_prefix), n++;
    if (m->chat_template) put_pair_string(b, "tokenizer.chat_template", m->chat_template), n++;
    if (!m->no_types) {
        vocab_put_array(b, "tokenizer.ggml.token_type", GGUF_I32, m->n_tokens), n++;
        for (size_t i = 0; i < m->n_tokens; i++)
            put_u32(b, m->tokens[i].type);
    }
    if (!m->no_scores && strcmp(m->model, "llama") == 0) {
        vocab_put_array(b, "tokenizer.ggml.scores", GGUF_F32, m->n_tokens), n++;
        for (size_t i = 0; i < m->n_tokens; i++)
            strbuf_append(b, (const char *)&m->tokens[i].score, sizeof(float));
    }
    if (!m->no_merges && strcmp(m->model, "gpt2") == 0) {
        vocab_put_array(b, "tokenizer.ggml.merges", GGUF_STRING, m->n_merges), n++;
        for (size_t i = 0; i < m->n_merges; i++)
            put_string(b, m->merges[i]);
    }
    vocab_put_array(b, "tokenizer.ggml.tokens", GGUF_STRING, m->n_tokens), n++;
    for (size_t i = 0; i < m->n_tokens; i++)
        put_string(b, m->tokens[i].text);
    return n;
}

/* The bytes of the file; release `out`. */
static inline void vocab_write(struct strbuf *out, const struct vocab_maker *m) {
    struct strbuf pairs;
    strbuf_init(&pairs, 1 << 24);
    strbuf_init(out, 1 << 24);
    const uint64_t n = vocab_put_pairs(&pairs, m);
    put_head(out, 3, 0, n);
    strbuf_append(out, pairs.data, pairs.n);
    strbuf_release(&pairs);
}

struct vocab {
    unsigned char *bytes;
    struct gguf *gguf;
    struct tokenizer *tokenizer;
    struct error err; /* why it did not open */
};

/* False, with v->err filled and nothing to close, when it was refused. */
static inline bool vocab_open_made(struct vocab *v, const struct vocab_maker *m) {
    struct strbuf file;
    *v = (struct vocab){0};
    vocab_write(&file, m);
    v->gguf = open_exact(&v->bytes, file.data, file.n, &v->err);
    strbuf_release(&file);
    if (!v->gguf) return false;
    v->err.status = tokenizer_open(&v->tokenizer, v->gguf, &v->err);
    if (v->err.status == OK) return true;
    gguf_close(v->gguf);
    mem_free(v->bytes);
    return false;
}

static inline bool vocab_open_bpe(struct vocab *v) {
    struct vocab_maker m;
    vocab_make_bpe(&m);
    return vocab_open_made(v, &m);
}

static inline bool vocab_open_spm(struct vocab *v) {
    struct vocab_maker m;
    vocab_make_spm(&m);
    return vocab_open_made(v, &m);
}

static inline void vocab_close(struct vocab *v) {
    tokenizer_close(v->tokenizer);
    gguf_close(v->gguf);
    mem_free(v->bytes);
    *v = (struct vocab){0};
}

#endif
