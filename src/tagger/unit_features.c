/* SPDX-License-Identifier: MIT
 *
 * Rows of units.
 */
#include "tagger/unit_features.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "tagger/units.h"

enum { SHAPE_ROWS = 512, LENGTHS = 16, CASES = 6, AFFIX_ROWS = 4096, GRAM_ROWS = 8192 };
enum { SEED_SHAPE = 1, SEED_AFFIX = 2, SEED_GRAM = 3 };
enum { GRAMS_MAX = 24, WORD_BYTES_MAX = 64, FLAGS_MAX = 24, DIGITS_TOLD = 12 };
enum unit_case { CASE_LOWER, CASE_UPPER, CASE_TITLE, CASE_MIXED, CASE_DIGITS, CASE_SIGN };

/* ---- the vocabulary ---- */

static uint32_t hash_step(uint32_t hash, unsigned char c) {
    return (hash ^ c) * 16777619u;
}

static uint32_t hash_start(uint32_t seed) {
    return 2166136261u ^ seed;
}

static uint32_t hash_of(const char *key, size_t n) {
    uint32_t hash = hash_start(0);
    for (size_t i = 0; i < n; i++)
        hash = hash_step(hash, (unsigned char)key[i]);
    return hash;
}

/* The slot of a key, or the empty one where it would go. */
static struct vocabulary_slot *slot_of(const struct features *f, const char *key, size_t n) {
    size_t at = hash_of(key, n) & (f->size - 1);
    while (f->slots[at].key && (f->slots[at].n != n || memcmp(f->slots[at].key, key, n) != 0))
        at = (at + 1) & (f->size - 1);
    return &f->slots[at];
}

static enum status strings_of(const struct gguf_value **out, const struct gguf *g, const char *key,
                              struct error *err) {
    const struct gguf_value *v = gguf_find(g, key);
    if (!v || v->type != GGUF_ARRAY || v->item_type != GGUF_STRING || v->n_items > 1u << 20)
        return fail(err, ERR_INVALID, _("%s: %s is missing or no list of words"), g->path, key);
    *out = v;
    return OK;
}

static struct vocabulary_slot *add(struct features *f, struct gguf_string s) {
    struct vocabulary_slot *slot = slot_of(f, s.data, s.n);
    slot->key = s.data;
    slot->n = (uint32_t)s.n;
    return slot;
}

static enum status read_flags(struct features *f, const struct gguf *g,
                              const struct gguf_value *listed, struct error *err) {
    const struct gguf_value *flags = gguf_find(g, "tagger.listed_flags");
    uint32_t n_flags;
    const enum status st = gguf_get_u32(g, &n_flags, "tagger.n_lists", err);
    if (st) return st;
    if (!flags || flags->type != GGUF_ARRAY || flags->item_type != GGUF_U32 ||
        flags->n_items != listed->n_items || n_flags > FLAGS_MAX)
        return fail(err, ERR_INVALID, _("%s: %s does not fit its words"), g->path,
                    "tagger.listed_flags");
    const unsigned char *cursor = NULL;
    for (uint64_t i = 0; i < listed->n_items; i++) {
        const uint32_t set = (uint32_t)gguf_array_number(flags, i);
        add(f, gguf_array_next_string(listed, &cursor))->flags = set & ((1u << n_flags) - 1);
    }
    f->n_flags = n_flags;
    return OK;
}

static void lay_out(struct features *f) {
    uint32_t at = (uint32_t)f->n_words + 1;
    f->shape = at, at += SHAPE_ROWS;
    f->length = at, at += LENGTHS;
    f->cases = at, at += CASES;
    f->affix = at, at += AFFIX_ROWS;
    f->gram = at, at += GRAM_ROWS;
    f->spacing = at, at += UNIT_SPACINGS;
    f->flag = at, at += (uint32_t)f->n_flags + 1;
    f->n_rows = at;
}

enum status features_open(struct features *out, const struct gguf *g, struct error *err) {
    struct features f = {0};
    const struct gguf_value *words, *listed;
    enum status st = strings_of(&words, g, "tagger.words", err);
    if (!st) st = strings_of(&listed, g, "tagger.listed", err);
    if (st) return st;
    f.n_words = words->n_items;
    for (f.size = 64; f.size < 2 * (words->n_items + listed->n_items + 1);)
        f.size *= 2;
    f.slots = mem_zalloc(f.size * sizeof(*f.slots));
    if (!f.slots) return fail(err, ERR_NOMEM, _("%s: not enough memory to open it"), g->path);
    const unsigned char *cursor = NULL;
    for (uint32_t i = 0; i < f.n_words; i++)
        add(&f, gguf_array_next_string(words, &cursor))->row = i + 1;
    st = read_flags(&f, g, listed, err);
    lay_out(&f);
    if (st) features_release(&f);
    *out = f;
    return st;
}

void features_release(struct features *f) {
    mem_free(f->slots);
    *f = (struct features){0};
}

/* ---- a unit ---- */

struct rows {
    uint32_t *row;
    size_t n;
};

static void put(struct rows *r, uint32_t row) {
    if (r->n < TAGGER_ROWS_MAX) r->row[r->n++] = row;
}

static bool is_capital(unsigned char c) {
    return c >= 'A' && c <= 'Z';
}

static unsigned char lower(unsigned char c) {
    return is_capital(c) ? (unsigned char)(c + ('a' - 'A')) : c;
}

/* Long numbers and years are classes of the word list. */
static size_t number_word(char out[WORD_BYTES_MAX], const unsigned char *s, size_t n) {
    if (n <= 2) {
        memcpy(out, s, n);
        return n;
    }
    const bool year = n == 4 && ((s[0] == '1' && s[1] == '9') || (s[0] == '2' && s[1] == '0'));
    if (year) return (size_t)snprintf(out, WORD_BYTES_MAX, "<year>");
    return (size_t)snprintf(out, WORD_BYTES_MAX, "<%zu digits>",
                            n < DIGITS_TOLD ? n : (size_t)DIGITS_TOLD);
}

static uint32_t shape_row(const struct features *f, const unsigned char *s, size_t n,
                          size_t n_capitals, enum unit_case kind) {
    uint32_t hash = hash_start(SEED_SHAPE);
    if (kind == CASE_DIGITS)
        for (size_t i = 0; i < n && i < DIGITS_TOLD; i++)
            hash = hash_step(hash, '9');
    else if (kind == CASE_SIGN)
        hash = hash_step(hash, s[0]);
    else {
        for (size_t i = 0; i < n_capitals && i < 2; i++)
            hash = hash_step(hash, 'X');
        for (size_t i = 0; i < n - n_capitals && i < 2; i++)
            hash = hash_step(hash, 'x');
    }
    return f->shape + hash % SHAPE_ROWS;
}

static uint32_t affix_row(const struct features *f, char side, const unsigned char *s, size_t n) {
    uint32_t hash = hash_step(hash_start(SEED_AFFIX), (unsigned char)side);
    for (size_t i = 0; i < n; i++)
        hash = hash_step(hash, lower(s[i]));
    return f->affix + hash % AFFIX_ROWS;
}

static void put_affixes(const struct features *f, struct rows *r, const unsigned char *s,
                        size_t n) {
    for (size_t size = 1; size <= 3 && size <= n; size++)
        put(r, affix_row(f, 'p', s, size));
    for (size_t size = 1; size <= 4 && size <= n; size++)
        put(r, affix_row(f, 's', s + n - size, size));
}

/* Of "<word>", all runs of 3, then all of 4, the first GRAMS_MAX of them. */
static void put_grams(const struct features *f, struct rows *r, const unsigned char *s, size_t n) {
    size_t left = GRAMS_MAX;
    for (size_t size = 3; size <= 4; size++)
        for (size_t at = 0; at + size <= n + 2 && left; at++, left--) {
            uint32_t hash = hash_start(SEED_GRAM);
            for (size_t i = at; i < at + size; i++)
                hash = hash_step(hash, i == 0 ? '<' : i == n + 1 ? '>' : lower(s[i - 1]));
            put(r, f->gram + hash % GRAM_ROWS);
        }
}

static enum unit_case case_of(const unsigned char *s, size_t n, size_t n_capitals) {
    if (s[0] >= '0' && s[0] <= '9') return CASE_DIGITS;
    if (!unit_is_letter(s[0])) return CASE_SIGN;
    if (n_capitals == 0) return CASE_LOWER;
    if (n_capitals == n) return CASE_UPPER;
    return n_capitals == 1 ? CASE_TITLE : CASE_MIXED;
}

/* Its slot; of a word longer than any in the list, an empty one. */
static const struct vocabulary_slot *look_up(const struct features *f, const unsigned char *s,
                                             size_t n, enum unit_case kind) {
    static const struct vocabulary_slot unknown = {0};
    char word[WORD_BYTES_MAX];
    if (kind == CASE_DIGITS) {
        n = number_word(word, s, n);
    } else {
        if (n > sizeof(word)) return &unknown;
        for (size_t i = 0; i < n; i++)
            word[i] = (char)lower(s[i]);
    }
    const struct vocabulary_slot *slot = slot_of(f, word, n);
    return slot->key ? slot : &unknown;
}

size_t features_rows(const struct features *f, const unsigned char *text,
                     const struct tagger_unit *unit, uint32_t rows[TAGGER_ROWS_MAX]) {
    const unsigned char *s = text + unit->start;
    const size_t n = unit->end - unit->start;
    struct rows r = {rows, 0};
    size_t n_capitals = 0;
    while (n_capitals < n && is_capital(s[n_capitals]))
        n_capitals++;
    const enum unit_case kind = case_of(s, n, n_capitals);
    const struct vocabulary_slot *slot = look_up(f, s, n, kind);
    put(&r, slot->row);
    put(&r, shape_row(f, s, n, n_capitals, kind));
    put(&r, f->length + (uint32_t)(n < LENGTHS ? n : LENGTHS) - 1);
    put(&r, f->cases + (uint32_t)kind);
    if (kind < CASE_DIGITS) {
        put_affixes(f, &r, s, n);
        put_grams(f, &r, s, n);
        if (!slot->flags) put(&r, f->flag);
        for (uint32_t flag = 0; flag < f->n_flags; flag++)
            if (slot->flags >> flag & 1) put(&r, f->flag + 1 + flag);
    }
    put(&r, f->spacing + unit->spacing);
    return r.n;
}
