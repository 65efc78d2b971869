/* SPDX-License-Identifier: MIT
 *
 * Special tokens: control, unknown and user-defined ones, which are found in the text before
 * anything else.
 *
 * They lie sorted by their bytes, so those that begin with the bytes read so far are a range, and
 * each further byte narrows it by two binary searches: no tree, no memory but the order. The length
 * of a name is bounded, hence so is the work at each place of the text.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/intl.h"
#include "tokenizer/vocab.h"

enum { SPECIAL_BYTES_MAX = 256 };

static const struct entry *special_at(const struct tokenizer *t, size_t i) {
    return &t->entries[t->specials[i]];
}

static bool is_special(const struct entry *e) {
    return e->n > 0 &&
           (e->kind == TOKEN_CONTROL || e->kind == TOKEN_UNKNOWN || e->kind == TOKEN_USER_DEFINED);
}

/* By bytes; of the same name the lower id first. */
static int compare(const void *a, const void *b, void *context) {
    const struct tokenizer *t = context;
    const int32_t i = *(const int32_t *)a, j = *(const int32_t *)b;
    const struct entry *x = &t->entries[i], *y = &t->entries[j];
    const int order = memcmp(entry_text(t, x), entry_text(t, y), x->n < y->n ? x->n : y->n);
    if (order) return order;
    if (x->n != y->n) return x->n < y->n ? -1 : 1;
    return (i > j) - (i < j);
}

/* Names that begin alike: [low, high) of the specials, alike in the first n bytes. */
struct range {
    size_t low, high, n;
};

static unsigned char byte_at(const struct tokenizer *t, size_t i, size_t at) {
    return (unsigned char)entry_text(t, special_at(t, i))[at];
}

/* The first in [low, high) whose byte at `at` is c or more; all have that many bytes. */
static size_t lower_bound(const struct tokenizer *t, size_t low, size_t high, size_t at,
                          unsigned c) {
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (byte_at(t, middle, at) < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Those of the range, which is not empty, that go on with c. */
static bool narrow(const struct tokenizer *t, struct range *r, unsigned char c) {
    if (special_at(t, r->low)->n == r->n) r->low++; /* a name that ends here does not go on */
    r->low = lower_bound(t, r->low, r->high, r->n, c);
    r->high = lower_bound(t, r->low, r->high, r->n, c + 1u);
    r->n++;
    return r->low < r->high;
}

/* All that begin with the byte. */
static struct range begin(const struct tokenizer *t, unsigned char c) {
    return (struct range){t->special_range[c], t->special_range[c + 1], 1};
}

/* The first of the range, when its name is what was read; the others are longer. */
static const struct entry *complete(const struct tokenizer *t, const struct range *r) {
    const struct entry *e = special_at(t, r->low);
    return e->n == r->n ? e : NULL;
}

static bool allows(const struct entry *e, enum specials worst) {
    if (worst == SPECIALS_PARSE) return true;
    if (e->kind != TOKEN_USER_DEFINED) return false;
    return worst == SPECIALS_TEXT || !(e->flags & TOKEN_STRUCTURE);
}

bool specials_match(const struct tokenizer *t, const char *text, size_t n, size_t at,
                    const struct seam *seam, int32_t *id) {
    struct range r = begin(t, (unsigned char)text[at]);
    enum specials worst = seam->mode;
    *id = -1;
    while (r.low < r.high) {
        const struct entry *e = complete(t, &r);
        if (e && allows(e, worst)) *id = t->specials[r.low];
        if (at + r.n == n) break;
        for (; at + r.n >= seam->end; seam++) /* the byte to come lies in another piece */
            if (seam[1].mode > worst) worst = seam[1].mode;
        if (!narrow(t, &r, (unsigned char)text[at + r.n])) break;
    }
    return *id >= 0;
}

int32_t specials_find(const struct tokenizer *t, const char *name) {
    struct range r = begin(t, (unsigned char)name[0]);
    const size_t n = strlen(name);
    while (r.low < r.high && r.n < n)
        if (!narrow(t, &r, (unsigned char)name[r.n])) return -1;
    if (r.low >= r.high) return -1;
    return complete(t, &r) ? t->specials[r.low] : -1;
}

/* --- what they are --- */

static bool is_blank(const struct tokenizer *t, const struct entry *e) {
    for (size_t i = 0; i < e->n; i++)
        if (!strchr(" \t\n\r\v\f", entry_text(t, e)[i]) || !entry_text(t, e)[i]) return false;
    return true;
}

/* Every user-defined token that stands in the text of a template is structure. */
static void mark_structure(struct tokenizer *t, const char *text, size_t n) {
    for (size_t at = 0; at < n; at++) {
        struct range r = begin(t, (unsigned char)text[at]);
        while (r.low < r.high) {
            struct entry *e = &t->entries[t->specials[r.low]];
            if (complete(t, &r) && e->kind == TOKEN_USER_DEFINED && !is_blank(t, e))
                e->flags |= TOKEN_STRUCTURE;
            if (at + r.n == n || !narrow(t, &r, (unsigned char)text[at + r.n])) break;
        }
    }
}

/* The templates of the file: the key, and others that go on with ".NAME". */
static void mark_templates(struct tokenizer *t) {
    static const char key[] = "tokenizer.chat_template";
    for (size_t i = 0; i < t->gguf->n_pairs; i++) {
        const struct gguf_pair *pair = &t->gguf->pairs[i];
        struct gguf_string text;
        if (pair->key.n < sizeof(key) - 1 || memcmp(pair->key.data, key, sizeof(key) - 1) != 0)
            continue;
        if (gguf_value_string(&pair->value, &text)) mark_structure(t, text.data, text.n);
    }
}

/* Phi-3: the publisher's tokeniser gives </s> and the marks of turns the white space after them; no
 * key of the file says so. These vocabularies are known by their marks, not by a name. */
static void mark_phi(struct tokenizer *t) {
    static const char *const turns[] = {"<|system|>", "<|user|>", "<|assistant|>", "<|end|>"};
    if (t->model != MODEL_SPM) return;
    for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++)
        if (specials_find(t, turns[i]) < 0) return;
    const int32_t last = specials_find(t, "<|endoftext|>"), slash_s = specials_find(t, "</s>");
    if (slash_s >= 0) t->entries[slash_s].flags |= TOKEN_EATS_SPACE;
    for (size_t i = 0; i < t->n_specials; i++) {
        struct entry *e = &t->entries[t->specials[i]];
        const char *name = entry_text(t, e);
        if (t->specials[i] != last && e->n > 4 && memcmp(name, "<|", 2) == 0 &&
            memcmp(name + e->n - 2, "|>", 2) == 0)
            e->flags |= TOKEN_EATS_SPACE;
    }
}

/* --- the ends --- */

static enum status add_end(struct tokenizer *t, int32_t id, struct error *err) {
    const int32_t *ends = t->ends.data;
    size_t at = 0;
    while (at < t->ends.n && ends[at] < id)
        at++;
    if (id < 0 || (at < t->ends.n && ends[at] == id)) return OK;
    if (!array_push(&t->ends, &id, sizeof(id)))
        return fail(err, ERR_NOMEM, _("%s: not enough memory for the vocabulary"), t->gguf->path);
    int32_t *moved = t->ends.data;
    memmove(moved + at + 1, moved + at, (t->ends.n - 1 - at) * sizeof(id));
    moved[at] = id;
    if (t->entries[id].kind == TOKEN_USER_DEFINED) t->entries[id].flags |= TOKEN_STRUCTURE;
    return OK;
}

static enum status read_end(struct tokenizer *t, const char *key, struct error *err) {
    uint32_t id = UINT32_MAX;
    const enum status st = gguf_opt_u32(t->gguf, &id, key, err);
    if (st || id == UINT32_MAX) return st;
    if (id >= t->n_vocab)
        return fail(err, ERR_INVALID,
                    _("%s: the key %s names token %u, and the vocabulary has %zu"), t->gguf->path,
                    key, (unsigned)id, t->n_vocab);
    return add_end(t, (int32_t)id, err);
}

/* What the file names, and the tokens that end a turn or a text in the families that there are.
 * "</s>" is one only beside "<s>" as the beginning: elsewhere it is a word, or a mark of HTML. */
static enum status find_ends(struct tokenizer *t, struct error *err) {
    static const char *const keys[] = {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                                       "tokenizer.ggml.eom_token_id"};
    static const char *const names[] = {"<|eot_id|>",    "<|eom_id|>",    "<|end_of_text|>",
                                        "<|im_end|>",    "<|endoftext|>", "<|end|>",
                                        "<end_of_turn>", "<eos>"};
    enum status st = OK;
    for (size_t i = 0; !st && i < sizeof(keys) / sizeof(keys[0]); i++)
        st = read_end(t, keys[i], err);
    for (size_t i = 0; !st && i < sizeof(names) / sizeof(names[0]); i++)
        st = add_end(t, specials_find(t, names[i]), err);
    if (!st && t->bos >= 0 && t->bos == specials_find(t, "<s>"))
        st = add_end(t, specials_find(t, "</s>"), err);
    return st;
}

/* Of tokens with one name only the first can be meant. */
static void drop_doubles(struct tokenizer *t) {
    size_t kept = 0;
    for (size_t i = 0; i < t->n_specials; i++) {
        const struct entry *e = special_at(t, i);
        const struct entry *before = kept ? special_at(t, kept - 1) : NULL;
        if (before && before->n == e->n && !memcmp(entry_text(t, before), entry_text(t, e), e->n))
            continue;
        t->specials[kept++] = t->specials[i];
    }
    t->n_specials = kept;
}

static enum status sort_specials(struct tokenizer *t, struct error *err) {
    size_t n = 0;
    for (size_t i = 0; i < t->n_vocab; i++)
        n += is_special(&t->entries[i]);
    t->specials = mem_alloc(n * sizeof(int32_t));
    if (!t->specials)
        return fail(err, ERR_NOMEM, _("%s: not enough memory for the vocabulary"), t->gguf->path);
    for (size_t i = 0; i < t->n_vocab; i++) {
        const struct entry *e = &t->entries[i];
        if (!is_special(e)) continue;
        if (e->n > SPECIAL_BYTES_MAX)
            return fail(err, ERR_INVALID,
                        _("%s: token %zu is a special one and has %d bytes, more than %d"),
                        t->gguf->path, i, e->n, SPECIAL_BYTES_MAX);
        t->specials[t->n_specials++] = (int32_t)i;
    }
    qsort_r(t->specials, n, sizeof(int32_t), compare, t);
    drop_doubles(t);
    size_t at = 0;
    for (unsigned c = 0; c < 256; c++) {
        t->special_range[c] = (uint32_t)at;
        while (at < t->n_specials && byte_at(t, at, 0) == c)
            at++;
    }
    t->special_range[256] = (uint32_t)at;
    return OK;
}

enum status specials_build(struct tokenizer *t, struct error *err) {
    enum status st = sort_specials(t, err);
    if (st) return st;
    mark_templates(t);
    mark_phi(t);
    return find_ends(t, err);
}
