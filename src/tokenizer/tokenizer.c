/* SPDX-License-Identifier: MIT
 *
 * Opening a vocabulary: which family it is, what the family does unless the file says otherwise,
 * and the reading of it in the order in which each part needs the one before.
 */
#include "tokenizer/tokenizer.h"

#include <assert.h>
#include <stdio.h>

#include "base/intl.h"
#include "tokenizer/vocab.h"

/* The pre-tokenisers of byte-level BPE, by the name in the file. */
static const struct family {
    const char *pre;
    enum split split;
    bool whole_words, composes, adds_bos;
} families[] = {
    {"llama-bpe", SPLIT_LLAMA3, true, false, true},
    {"llama3", SPLIT_LLAMA3, true, false, true},
    {"llama-v3", SPLIT_LLAMA3, true, false, true},
    {"qwen2", SPLIT_QWEN2, false, true, false},
    {"deepseek-r1-qwen", SPLIT_QWEN2, false, true, false},
    {"tekken", SPLIT_TEKKEN, true, false, true},
};
enum { N_FAMILIES = sizeof(families) / sizeof(families[0]) };

static enum status choose_split(struct tokenizer *t, struct error *err) {
    char name[GGUF_PRINTABLE_MAX], known[128] = "";
    struct gguf_string pre = {"", 0};
    const enum status st = gguf_opt_string(t->gguf, &pre, "tokenizer.ggml.pre", err);
    if (st) return st;
    for (size_t i = 0; i < N_FAMILIES; i++) {
        const struct family *f = &families[i];
        if (gguf_string_is(pre, f->pre)) {
            t->split = f->split;
            t->whole_words = f->whole_words;
            t->composes = f->composes;
            t->adds_bos = f->adds_bos;
            return OK;
        }
        snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s", i ? ", " : "",
                 f->pre);
    }
    if (pre.n == 0)
        return fail(err, ERR_UNSUPPORTED,
                    _("%s: the key tokenizer.ggml.pre is missing: how words are cut is not known; "
                      "known are %s"),
                    t->gguf->path, known);
    return fail(err, ERR_UNSUPPORTED, _("%s: the pre-tokeniser \"%s\" is not known; known are %s"),
                t->gguf->path, gguf_printable(name, pre), known);
}

static enum status choose_model(struct tokenizer *t, struct error *err) {
    static const char key[] = "tokenizer.ggml.model";
    char name[GGUF_PRINTABLE_MAX];
    struct gguf_string model;
    if (!gguf_find(t->gguf, key))
        return fail(err, ERR_NOT_FOUND, _("%s: the file has no tokenizer: the key %s is missing"),
                    t->gguf->path, key);
    const enum status st = gguf_get_string(t->gguf, &model, key, err);
    if (st) return st;
    if (gguf_string_is(model, "llama")) {
        t->model = MODEL_SPM;
        t->adds_bos = t->space_prefix = true;
        return gguf_opt_bool(t->gguf, &t->space_prefix, "tokenizer.ggml.add_space_prefix", err);
    }
    if (!gguf_string_is(model, "gpt2"))
        return fail(err, ERR_UNSUPPORTED,
                    _("%s: the tokenizer \"%s\" is not known; known are llama and gpt2"),
                    t->gguf->path, gguf_printable(name, model));
    t->model = MODEL_BPE;
    return choose_split(t, err);
}

/* A special id of the file, -1 when it names none. */
static enum status read_id(const struct tokenizer *t, int32_t *out, const char *key,
                           struct error *err) {
    uint32_t id = UINT32_MAX;
    const enum status st = gguf_opt_u32(t->gguf, &id, key, err);
    *out = -1;
    if (st || id == UINT32_MAX) return st;
    if (id >= t->n_vocab)
        return fail(err, ERR_INVALID, _("%s: the key %s is %u, and the vocabulary has %zu tokens"),
                    t->gguf->path, key, (unsigned)id, t->n_vocab);
    *out = (int32_t)id;
    return OK;
}

static enum status read_all(struct tokenizer *t, struct error *err) {
    enum status st = choose_model(t, err);
    if (!st) st = vocab_read_tokens(t, err);
    if (!st && t->model == MODEL_BPE) st = vocab_read_merges(t, err);
    if (!st) st = read_id(t, &t->bos, "tokenizer.ggml.bos_token_id", err);
    if (!st) st = read_id(t, &t->eos, "tokenizer.ggml.eos_token_id", err);
    if (!st) st = gguf_opt_bool(t->gguf, &t->adds_bos, "tokenizer.ggml.add_bos_token", err);
    if (!st) st = specials_build(t, err);
    t->adds_bos = t->adds_bos && t->bos >= 0;
    return st;
}

enum status tokenizer_open(struct tokenizer **out, const struct gguf *g, struct error *err) {
    struct tokenizer *t = mem_zalloc(sizeof(*t));
    if (!t) return fail(err, ERR_NOMEM, _("%s: not enough memory for the vocabulary"), g->path);
    t->gguf = g;
    const enum status st = read_all(t, err);
    if (st) {
        tokenizer_close(t);
        return st;
    }
    *out = t;
    return OK;
}

void tokenizer_close(struct tokenizer *t) {
    if (!t) return;
    mem_free(t->entries);
    mem_free(t->pool);
    mem_free(t->texts.slots);
    mem_free(t->pairs.slots);
    mem_free(t->specials);
    array_release(&t->ends);
    mem_free(t);
}

size_t tokenizer_n_vocab(const struct tokenizer *t) {
    return t->n_vocab;
}

static const struct entry *entry_of(const struct tokenizer *t, int32_t id) {
    assert(id >= 0);
    assert((size_t)id < t->n_vocab);
    return &t->entries[id];
}

enum token_kind tokenizer_type(const struct tokenizer *t, int32_t id) {
    return (enum token_kind)entry_of(t, id)->kind;
}

struct bytes tokenizer_bytes(const struct tokenizer *t, int32_t id) {
    const struct entry *e = entry_of(t, id);
    return (struct bytes){entry_text(t, e), e->n};
}

int32_t tokenizer_bos(const struct tokenizer *t) {
    return t->bos;
}

int32_t tokenizer_eos(const struct tokenizer *t) {
    return t->eos;
}

bool tokenizer_adds_bos(const struct tokenizer *t) {
    return t->adds_bos;
}

const int32_t *tokenizer_ends(const struct tokenizer *t, size_t *n) {
    *n = t->ends.n;
    return t->ends.data;
}

bool tokenizer_is_end(const struct tokenizer *t, int32_t id) {
    const int32_t *ends = t->ends.data;
    for (size_t i = 0; i < t->ends.n; i++)
        if (ends[i] == id) return true;
    return false;
}

int32_t tokenizer_find(const struct tokenizer *t, const char *name, size_t n) {
    const unsigned char *cursor = NULL;
    const struct gguf_value *tokens = gguf_find(t->gguf, "tokenizer.ggml.tokens");
    for (size_t i = 0; i < t->n_vocab; i++) {
        const struct gguf_string s = gguf_array_next_string(tokens, &cursor);
        if (s.n == n && memcmp(s.data, name, n) == 0) return (int32_t)i;
    }
    return -1;
}

struct bytes tokenizer_chat_template(const struct tokenizer *t, const char *name) {
    static const char key[] = "tokenizer.chat_template";
    const bool named = name && strcmp(name, "default") != 0;
    const size_t n = sizeof(key) - 1, n_name = named ? strlen(name) : 0;
    for (size_t i = 0; i < t->gguf->n_pairs; i++) {
        const struct gguf_pair *pair = &t->gguf->pairs[i];
        struct gguf_string text;
        if (pair->key.n != n + (named ? 1 + n_name : 0)) continue;
        if (memcmp(pair->key.data, key, n) != 0) continue;
        if (named &&
            (pair->key.data[n] != '.' || memcmp(pair->key.data + n + 1, name, n_name) != 0))
            continue;
        if (gguf_value_string(&pair->value, &text)) return (struct bytes){text.data, text.n};
    }
    return (struct bytes){"", 0};
}
