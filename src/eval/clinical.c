/* SPDX-License-Identifier: MIT
 *
 * Matching of terms. One hash table holds every term, folded to lower-case words with single
 * blanks; the entry of a term's first word knows how many words the longest such term has, so a
 * word of a note costs at most that many look-ups.
 */
#include "eval/clinical.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/intl.h"
#include "text/fold.h"
#include "text/words.h"

enum {
    TERM_SIZE_MAX = 256, /* folded bytes of a term; longer lines are not terms */
    TERM_WORDS_MAX = 16,
    GAP_MAX = 8, /* characters between the words of a term */
    LIST_SIZE_MAX_BYTES = 64 << 20,
};

struct slot {
    const char *key; /* [n], in the arena; NULL: empty */
    uint32_t n;
    uint8_t words_max; /* of the terms that begin with this word; 0: none does */
    bool is_term;
    bool only_upper; /* a term, but only in capitals */
};

struct clinical_terms {
    struct slot *slots; /* [size], a power of two, at most half full */
    size_t size, used;
    struct arena arena;
};

static uint64_t hash_of(const char *s, size_t n) {
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
    return h ^ h >> 29;
}

static struct slot *slot_of(const struct clinical_terms *t, const char *key, size_t n) {
    size_t at = hash_of(key, n) & (t->size - 1);
    while (t->slots[at].key && (t->slots[at].n != n || memcmp(t->slots[at].key, key, n) != 0))
        at = (at + 1) & (t->size - 1);
    return &t->slots[at];
}

static bool grow(struct clinical_terms *t) {
    if (t->size > 0 && t->used < t->size / 2) return true;
    struct clinical_terms larger = {.size = t->size ? t->size * 2 : 1024};
    size_t size_bytes;
    if (!size_mul(&size_bytes, larger.size, sizeof(struct slot))) return false;
    larger.slots = mem_zalloc(size_bytes);
    if (!larger.slots) return false;
    for (size_t i = 0; i < t->size; i++)
        if (t->slots[i].key) *slot_of(&larger, t->slots[i].key, t->slots[i].n) = t->slots[i];
    mem_free(t->slots);
    t->slots = larger.slots;
    t->size = larger.size;
    return true;
}

/* The slot of a key, made when there is none; NULL when memory is short. */
static struct slot *slot_make(struct clinical_terms *t, const char *key, size_t n) {
    if (!grow(t)) return NULL;
    struct slot *s = slot_of(t, key, n);
    if (!s->key) {
        s->key = arena_strndup(&t->arena, key, n);
        if (!s->key) return NULL;
        s->n = (uint32_t)n;
        t->used++;
    }
    return s;
}

/* At least one capital, and no small letter. */
static bool is_all_upper(const char *utf8, size_t n) {
    bool upper = false;
    for (size_t at = 0; at < n;) {
        uint32_t cp;
        at += encoding_decode(ENCODING_UTF_8, (const unsigned char *)utf8, n, at, &cp, NULL);
        const int c = fold_codepoint(cp);
        if (c >= 'a' && c <= 'z') return false;
        upper |= c >= 'A' && c <= 'Z';
    }
    return upper;
}

static bool add_term(struct clinical_terms *t, const char *line, size_t n) {
    char text[TERM_SIZE_MAX], key[TERM_SIZE_MAX];
    if (n == 0 || n >= sizeof(text) || line[0] == '#') return true;
    memcpy(text, line, n);
    text[n] = '\0';
    const size_t n_key = fold_phrase(key, sizeof(key), text);
    const char *blank = memchr(key, ' ', n_key);
    const size_t n_first = blank ? (size_t)(blank - key) : n_key;
    size_t n_words = 1;
    for (size_t i = 0; i < n_key; i++)
        n_words += key[i] == ' ';
    if (n_key == 0 || n_words > TERM_WORDS_MAX) return true;

    struct slot *first = slot_make(t, key, n_first);
    if (!first) return false;
    if (n_words > first->words_max) first->words_max = (uint8_t)n_words;
    struct slot *term = slot_make(t, key, n_key);
    if (!term) return false;
    const bool only_upper = is_all_upper(text, n);
    term->only_upper = only_upper && (!term->is_term || term->only_upper);
    term->is_term = true;
    return true;
}

enum status clinical_parse(struct clinical_terms **out, const char *bytes, size_t n,
                           struct error *err) {
    struct clinical_terms *t = mem_zalloc(sizeof(*t));
    bool whole = t && grow(t);
    for (size_t at = 0; whole && at < n;) {
        const char *line = bytes + at;
        const char *stop = memchr(line, '\n', n - at);
        size_t length = stop ? (size_t)(stop - line) : n - at;
        at += length + 1;
        if (length > 0 && line[length - 1] == '\r') length--;
        whole = add_term(t, line, length);
    }
    if (!whole) {
        clinical_close(t);
        return fail(err, ERR_NOMEM, _("not enough memory for the list of clinical terms"));
    }
    *out = t;
    return OK;
}

void clinical_close(struct clinical_terms *terms) {
    if (!terms) return;
    mem_free(terms->slots);
    arena_release(&terms->arena);
    mem_free(terms);
}

static enum status open_file(struct clinical_terms **out, const char *path, struct error *err) {
    struct file_bytes file;
    enum status st = file_read(&file, path, LIST_SIZE_MAX_BYTES, err);
    if (st) return st;
    st = clinical_parse(out, (const char *)file.data, file.n, err);
    file_bytes_release(&file);
    return st;
}

enum status clinical_open(struct clinical_terms **out, const char *path, struct error *err) {
    if (path) return open_file(out, path, err);
    const char *chosen = getenv("SIGILO_DATADIR");
    const char *const directories[] = {chosen && *chosen ? chosen : SIGILO_SOURCE_DATADIR,
                                       SIGILO_INSTALLED_DATADIR};
    enum status st = ERR_NOT_FOUND;
    for (size_t i = 0; i < 2 && st == ERR_NOT_FOUND; i++) {
        char *file = file_join(directories[i], "corpora/clinical-terms.txt");
        if (!file) return fail(err, ERR_NOMEM, _("not enough memory"));
        st = open_file(out, file, err);
        mem_free(file);
    }
    return st;
}

/* A word of the note: a run of letters and digits of the folded text. */
struct word {
    uint32_t start, end;
};

static bool is_word(unsigned char c) {
    return fold_is_letter(c) || fold_is_digit(c);
}

static bool scan_words(struct array *words, const struct folded *f) {
    for (size_t at = 0; at < f->n;) {
        size_t to = at;
        while (to < f->n && is_word(f->text[to]))
            to++;
        const struct word w = {(uint32_t)at, (uint32_t)to};
        if (to > at && !array_push(words, &w, sizeof(w))) return false;
        at = to + 1;
    }
    return true;
}

/* Between the words of one term stand blanks, a line end, or a mark that joins. */
static bool joins(const struct folded *f, size_t from, size_t to) {
    if (to - from > GAP_MAX) return false;
    for (size_t i = from; i < to; i++)
        if (!f->text[i] || !strchr(" \t\n-'/.", f->text[i])) return false;
    return true;
}

static bool in_capitals(const struct folded *f, size_t from, size_t to) {
    for (size_t i = from; i < to; i++)
        if (f->text[i] >= 'a' && f->text[i] <= 'z') return false;
    return true;
}

/* The number of words of the longest term that begins at word `at`, 0 when none does. */
static size_t longest(const struct clinical_terms *t, const struct folded *f,
                      const struct word *words, size_t n_words, size_t at) {
    char key[TERM_SIZE_MAX];
    size_t n = 0, best = 0, words_max = 1;
    for (size_t k = 0; k < words_max && at + k < n_words; k++) {
        const struct word *w = &words[at + k];
        if (n + 1 + (w->end - w->start) > sizeof(key)) break;
        if (k > 0) {
            if (!joins(f, w[-1].end, w->start)) break;
            key[n++] = ' ';
        }
        for (size_t i = w->start; i < w->end; i++)
            key[n++] = (char)fold_lower(f->text[i]);
        const struct slot *s = slot_of(t, key, n);
        if (k == 0) words_max = s->words_max;
        if (s->key && s->is_term && (!s->only_upper || in_capitals(f, words[at].start, w->end)))
            best = k + 1;
    }
    return best;
}

enum status clinical_find(const struct clinical_terms *terms, struct array *spans,
                          enum encoding encoding, const unsigned char *bytes, size_t n,
                          struct error *err) {
    struct folded f;
    struct array found = {0};
    enum status st = fold_text(&f, encoding, bytes, n, err);
    if (st) return st;
    bool whole = scan_words(&found, &f);
    const struct word *words = found.data;
    for (size_t at = 0; whole && at < found.n;) {
        const size_t k = longest(terms, &f, words, found.n, at);
        if (k > 0) {
            const struct source_range r = folded_source(&f, words[at].start, words[at + k - 1].end);
            const struct eval_span span = {.start = r.start, .end = r.end, .label = "CLINICO"};
            whole = array_push(spans, &span, sizeof(span));
        }
        at += k ? k : 1;
    }
    array_release(&found);
    folded_release(&f);
    return whole ? OK : fail(err, ERR_NOMEM, _("not enough memory to look for clinical terms"));
}
