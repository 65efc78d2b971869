/* SPDX-License-Identifier: MIT
 *
 * Reading a vocabulary: every token's text in the file becomes the bytes it stands for, in one
 * block.
 *
 * The two spellings: SentencePiece writes a space as U+2581 and a byte as <0x41>; byte-level BPE
 * writes each byte as a letter that prints (those that print anyway as themselves, the others as
 * U+0100 onwards), as GPT-2 did.
 */
#include "tokenizer/vocab.h"

#include <inttypes.h>
#include <math.h>

#include "base/intl.h"

static const char tokens_key[] = "tokenizer.ggml.tokens";
static const char types_key[] = "tokenizer.ggml.token_type";
static const char scores_key[] = "tokenizer.ggml.scores";
static const char merges_key[] = "tokenizer.ggml.merges";

static int byte_of_letter(uint32_t cp) {
    const uint32_t k = cp - 256;
    if ((cp >= 33 && cp <= 126) || (cp >= 161 && cp <= 172) || (cp >= 174 && cp <= 255))
        return (int)cp;
    if (k <= 32) return (int)k;
    if (k <= 66) return (int)(127 + k - 33);
    return k == 67 ? 173 : -1;
}

bool vocab_unspell(char *out, size_t *n_out, const char *text, size_t n) {
    size_t at = 0;
    *n_out = 0;
    while (at < n) {
        uint32_t cp = (unsigned char)text[at++];
        if (cp >= 0x80) { /* two bytes, or no letter of the alphabet */
            if ((cp & 0xe0) != 0xc0 || at == n || ((unsigned char)text[at] & 0xc0) != 0x80)
                return false;
            cp = (cp & 0x1f) << 6 | ((unsigned char)text[at++] & 0x3f);
        }
        const int byte = byte_of_letter(cp);
        if (byte < 0) return false;
        out[(*n_out)++] = (char)byte;
    }
    return true;
}

/* U+2581 becomes a space. */
static size_t unspell_spaces(char *out, const char *text, size_t n) {
    size_t n_out = 0;
    for (size_t at = 0; at < n;) {
        const bool space = n - at >= 3 && memcmp(text + at, "\xe2\x96\x81", 3) == 0;
        out[n_out++] = space ? ' ' : text[at];
        at += space ? 3 : 1;
    }
    return n_out;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "<0x41>" */
static bool parse_byte(char *out, struct gguf_string s) {
    if (s.n != 6 || memcmp(s.data, "<0x", 3) != 0 || s.data[5] != '>') return false;
    const int high = hex_digit(s.data[3]), low = hex_digit(s.data[4]);
    if (high < 0 || low < 0) return false;
    *out = (char)(high << 4 | low);
    return true;
}

/* An array of the metadata, of n items unless n is 0. NULL: ERR_INVALID, `err` is filled. */
static const struct gguf_value *get_array(const struct tokenizer *t, const char *key, size_t n,
                                          struct error *err) {
    const struct gguf_value *value = gguf_find(t->gguf, key);
    if (!value)
        fail(err, ERR_INVALID, _("%s: the metadata lack the key %s"), t->gguf->path, key);
    else if (value->type != GGUF_ARRAY)
        fail(err, ERR_INVALID, _("%s: the key %s is of type %s, an array is wanted"), t->gguf->path,
             key, gguf_type_name(value->type));
    else if (n > 0 && value->n_items != n)
        fail(err, ERR_INVALID, _("%s: the key %s has %" PRIu64 " items, and there are %zu tokens"),
             t->gguf->path, key, value->n_items, n);
    else
        return value;
    return NULL;
}

static enum status wrong_items(const struct tokenizer *t, const char *key,
                               const struct gguf_value *value, const char *wanted,
                               struct error *err) {
    return fail(err, ERR_INVALID, _("%s: the key %s is an array of %s, one of %s is wanted"),
                t->gguf->path, key, gguf_type_name(value->item_type), wanted);
}

static enum status read_types(struct tokenizer *t, struct error *err) {
    const struct gguf_value *types = get_array(t, types_key, t->n_vocab, err);
    if (!types) return ERR_INVALID;
    if (types->item_type != GGUF_I32 && types->item_type != GGUF_U32)
        return wrong_items(t, types_key, types, "i32", err);
    for (size_t i = 0; i < t->n_vocab; i++) {
        uint32_t kind;
        memcpy(&kind, types->data + i * sizeof(kind), sizeof(kind));
        if (kind < TOKEN_NORMAL || kind > TOKEN_BYTE)
            return fail(err, ERR_INVALID, _("%s: token %zu is of type %d, the types are 1 to 6"),
                        t->gguf->path, i, (int)(int32_t)kind);
        t->entries[i].kind = (uint8_t)kind;
    }
    return OK;
}

static enum status read_scores(struct tokenizer *t, struct error *err) {
    const struct gguf_value *scores = get_array(t, scores_key, t->n_vocab, err);
    if (!scores) return ERR_INVALID;
    if (scores->item_type != GGUF_F32) return wrong_items(t, scores_key, scores, "f32", err);
    for (size_t i = 0; i < t->n_vocab; i++) {
        float score;
        memcpy(&score, scores->data + i * sizeof(score), sizeof(score));
        if (!isfinite(score))
            return fail(err, ERR_INVALID, _("%s: token %zu has a score that is no finite number"),
                        t->gguf->path, i);
    }
    t->scores = scores->data;
    return OK;
}

/* The bytes of a token, into the pool; fills the entry. */
static enum status read_token(struct tokenizer *t, size_t i, struct gguf_string s,
                              struct error *err) {
    struct entry *e = &t->entries[i];
    char *out = t->pool + t->n_pool;
    size_t n = s.n;
    if (s.n > TOKEN_BYTES_MAX)
        return fail(err, ERR_INVALID, _("%s: token %zu has %zu bytes, more than %d"), t->gguf->path,
                    i, s.n, TOKEN_BYTES_MAX);
    bool joins = e->kind == TOKEN_NORMAL && s.n > 0;
    if (e->kind == TOKEN_BYTE && t->model == MODEL_SPM) {
        if (!parse_byte(out, s))
            return fail(err, ERR_INVALID, _("%s: token %zu is a byte and not written as <0x41> is"),
                        t->gguf->path, i);
        n = 1;
        int32_t *byte = &t->bytes[(unsigned char)*out];
        if (*byte < 0) *byte = (int32_t)i;
    } else if (t->model == MODEL_SPM) {
        n = unspell_spaces(out, s.data, s.n);
    } else if (!joins || !vocab_unspell(out, &n, s.data, s.n)) {
        joins = false; /* its text is what it is */
        memcpy(out, s.data, s.n);
        n = s.n;
    }
    *e = (struct entry){.at = (uint32_t)t->n_pool,
                        .n = (uint16_t)n,
                        .kind = e->kind,
                        .flags = joins ? TOKEN_JOINS : 0};
    if (joins && n > t->longest) t->longest = n;
    t->n_pool += n;
    return OK;
}

/* Which bytes stand side by side in tokens that join. */
static void note_neighbours(struct tokenizer *t, const struct entry *e) {
    const unsigned char *p = (const unsigned char *)entry_text(t, e);
    for (size_t i = 1; i < e->n; i++)
        t->neighbours[p[i - 1] << 5 | p[i] >> 3] |= (uint8_t)(1 << (p[i] & 7));
}

static enum status check_bytes(const struct tokenizer *t, struct error *err) {
    for (int b = 0; b < 256; b++)
        if (t->bytes[b] < 0)
            return fail(err, ERR_INVALID, _("%s: no token stands for the byte 0x%02x"),
                        t->gguf->path, (unsigned)b);
    return OK;
}

static enum status read_texts(struct tokenizer *t, const struct gguf_value *tokens,
                              struct error *err) {
    const unsigned char *cursor = NULL;
    enum status st = OK;
    for (size_t i = 0; !st && i < t->n_vocab; i++) {
        st = read_token(t, i, gguf_array_next_string(tokens, &cursor), err);
        if (!st && t->entries[i].flags & TOKEN_JOINS) note_neighbours(t, &t->entries[i]);
    }
    if (!st) st = texts_build(t, err);
    for (int b = 0; !st && t->model == MODEL_BPE && b < 256; b++) {
        const char byte = (char)b;
        t->bytes[b] = texts_find(t, &byte, 1);
    }
    return st ? st : check_bytes(t, err);
}

enum status vocab_read_tokens(struct tokenizer *t, struct error *err) {
    const struct gguf_value *tokens = get_array(t, tokens_key, 0, err);
    if (!tokens) return ERR_INVALID;
    if (tokens->item_type != GGUF_STRING) return wrong_items(t, tokens_key, tokens, "string", err);
    if (tokens->n_items == 0 || tokens->n_items > VOCAB_TOKENS_MAX_OPEN)
        return fail(err, ERR_INVALID,
                    _("%s: the vocabulary has %" PRIu64 " tokens, 1 to %d are read"), t->gguf->path,
                    tokens->n_items, VOCAB_TOKENS_MAX_OPEN);
    t->n_vocab = (size_t)tokens->n_items;
    const size_t n_text = tokens->size_bytes - 8 * t->n_vocab;
    if (n_text > VOCAB_TEXT_MAX)
        return fail(err, ERR_LIMIT, _("%s: the tokens have %zu bytes together, more than %d"),
                    t->gguf->path, n_text, VOCAB_TEXT_MAX);
    t->entries = mem_zalloc(t->n_vocab * sizeof(struct entry));
    t->pool = mem_alloc(n_text);
    if (!t->entries || !t->pool)
        return fail(err, ERR_NOMEM, _("%s: not enough memory for a vocabulary of %zu tokens"),
                    t->gguf->path, t->n_vocab);
    memset(t->bytes, 0xff, sizeof(t->bytes));
    enum status st = read_types(t, err);
    if (!st && t->model == MODEL_SPM) st = read_scores(t, err);
    return st ? st : read_texts(t, tokens, err);
}

/* Merges: "left right", both spelled. */

struct merge {
    char text[2 * TOKEN_BYTES_MAX]; /* left and right, one after the other */
    size_t n_left, n;
};

static bool parse_merge(struct merge *m, struct gguf_string s) {
    const char *space = s.n > 0 ? memchr(s.data, ' ', s.n) : NULL;
    if (!space || s.n > sizeof(m->text)) return false; /* no letter is longer spelled out */
    const size_t n_left = (size_t)(space - s.data), n_right = s.n - n_left - 1;
    size_t n;
    if (n_left == 0 || n_right == 0) return false;
    if (!vocab_unspell(m->text, &m->n_left, s.data, n_left)) return false;
    if (!vocab_unspell(m->text + m->n_left, &n, space + 1, n_right)) return false;
    m->n = m->n_left + n;
    return true;
}

static enum status read_merge(struct tokenizer *t, size_t i, struct gguf_string s,
                              struct error *err) {
    struct merge m;
    if (!parse_merge(&m, s))
        return fail(err, ERR_INVALID, _("%s: merge %zu is not two tokens with a space between"),
                    t->gguf->path, i + 1);
    const int32_t left = texts_find(t, m.text, m.n_left),
                  right = texts_find(t, m.text + m.n_left, m.n - m.n_left);
    if (left < 0 || right < 0)
        return fail(err, ERR_INVALID, _("%s: merge %zu joins what is no token"), t->gguf->path,
                    i + 1);
    const struct join join = {(uint32_t)i, texts_find(t, m.text, m.n)};
    if (join.id < 0)
        return fail(err, ERR_INVALID, _("%s: merge %zu makes what is no token"), t->gguf->path,
                    i + 1);
    return pairs_put(t, left, right, join, err);
}

enum status vocab_read_merges(struct tokenizer *t, struct error *err) {
    const struct gguf_value *merges = get_array(t, merges_key, 0, err);
    if (!merges) return ERR_INVALID;
    if (merges->item_type != GGUF_STRING && merges->n_items > 0)
        return wrong_items(t, merges_key, merges, "string", err);
    if (merges->n_items > VOCAB_TOKENS_MAX_OPEN)
        return fail(err, ERR_INVALID, _("%s: %" PRIu64 " merges, more than %d"), t->gguf->path,
                    merges->n_items, VOCAB_TOKENS_MAX_OPEN);
    enum status st = pairs_init(t, (size_t)merges->n_items, err);
    const unsigned char *cursor = NULL;
    for (size_t i = 0; !st && i < merges->n_items; i++)
        st = read_merge(t, i, gguf_array_next_string(merges, &cursor), err);
    return st;
}
