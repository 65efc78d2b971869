/* SPDX-License-Identifier: MIT
 *
 * Propagation by hash sets. Misspellings by deletion neighbourhoods (W. Garbe, "1000x faster
 * spelling correction", 2012): two words within one edit share a form with at most one letter
 * deleted from each.
 */
#include "anon/propagate.h"

#include <string.h>

#include "base/mem.h"

enum { PART_MIN = 4, FUZZY_MIN = 6, WORD_MAX = 40, DIGITS_MIN = 5 };

struct known_entry {
    uint64_t hash; /* 0: empty */
    uint8_t kind;
    bool guarded; /* an ordinary word as well: reported, never claimed on its own */
};

struct known {
    struct known_entry *slots; /* open addressing */
    size_t n_slots, n;
    bool nomem;
};

static uint64_t hash_bytes(const unsigned char *s, size_t n, size_t skip, char tag) {
    uint64_t h = 14695981039346656037u ^ (unsigned char)tag;
    for (size_t i = 0; i < n; i++)
        if (i != skip) h = (h ^ fold_lower(s[i])) * 1099511628211u;
    return h ? h : 1;
}

static const struct known_entry *find(const struct known *known, uint64_t hash) {
    if (known->n == 0) return NULL;
    for (size_t at = hash & (known->n_slots - 1);; at = (at + 1) & (known->n_slots - 1)) {
        if (known->slots[at].hash == 0) return NULL;
        if (known->slots[at].hash == hash) return &known->slots[at];
    }
}

static void put(struct known *known, struct known_entry entry);

static void grow(struct known *known) {
    struct known larger = {.n_slots = known->n_slots ? known->n_slots * 2 : 256};
    larger.slots = mem_zalloc(larger.n_slots * sizeof(*larger.slots));
    if (!larger.slots) {
        known->nomem = true;
        return;
    }
    for (size_t i = 0; i < known->n_slots; i++)
        if (known->slots[i].hash) put(&larger, known->slots[i]);
    mem_free(known->slots);
    *known = larger;
}

static void put(struct known *known, struct known_entry entry) {
    if (known->n * 2 >= known->n_slots) grow(known);
    if (known->nomem) return;
    size_t at = entry.hash & (known->n_slots - 1);
    while (known->slots[at].hash && known->slots[at].hash != entry.hash)
        at = (at + 1) & (known->n_slots - 1);
    if (known->slots[at].hash) return;
    known->slots[at] = entry;
    known->n++;
}

static bool is_ordinary(uint64_t classes) {
    return (classes & (LEX_GUARD | LEX_PLACE | LEX_PLACE_WEAK | LEX_INSTITUTION | LEX_MONTH |
                       LEX_TITLE | LEX_KIN | LEX_WEEKDAY | LEX_SEX | LEX_ROLE | LEX_ANY_HEAD)) != 0;
}

static void add_word(struct known *known, const unsigned char *s, size_t n, uint8_t kind) {
    if (n < PART_MIN || n > WORD_MAX) return;
    const bool guarded = is_ordinary(lexicon_lookup(s, n));
    put(known, (struct known_entry){hash_bytes(s, n, SIZE_MAX, 'w'), kind, guarded});
    if (n < FUZZY_MIN || guarded) return;
    for (size_t skip = 0; skip < n; skip++)
        put(known, (struct known_entry){hash_bytes(s, n, skip, 'd'), kind, false});
}

struct known *known_new(const unsigned char *text, const struct array *spans) {
    struct known *known = mem_zalloc(sizeof(*known));
    if (!known) return NULL;
    const struct span *span = spans_data(spans);
    for (size_t i = 0; i < spans->n; i++) {
        const bool name = kind_is_name((enum kind)span[i].kind);
        if (!kind_is_direct((enum kind)span[i].kind) || span[i].score < 50) continue;
        if (span[i].kind == KIND_EMAIL || span[i].kind == KIND_URL) continue;
        for (size_t at = span[i].start; at < span[i].end;) {
            size_t to = at;
            if (fold_is_letter(text[at])) {
                while (to < span[i].end && fold_is_letter(text[to]))
                    to++;
                if (name) add_word(known, text + at, to - at, span[i].kind);
            } else if (fold_is_digit(text[at])) {
                while (to < span[i].end && fold_is_digit(text[to]))
                    to++;
                if (to - at >= DIGITS_MIN && to - at <= WORD_MAX)
                    put(known, (struct known_entry){hash_bytes(text + at, to - at, SIZE_MAX, 'n'),
                                                    span[i].kind, false});
            } else {
                to++;
            }
            at = to;
        }
    }
    if (known->nomem) {
        known_free(known);
        return NULL;
    }
    return known;
}

void known_free(struct known *known) {
    if (!known) return;
    mem_free(known->slots);
    mem_free(known);
}

/* The entry that token i is an occurrence of, or NULL. */
static const struct known_entry *occurrence(const struct known *known, const struct note *note,
                                            size_t i) {
    const size_t n = note_len(note, i);
    const unsigned char *s = note_text(note, i);
    if (n > WORD_MAX) return NULL;
    if (note_is_number(note, i))
        return n >= DIGITS_MIN ? find(known, hash_bytes(s, n, SIZE_MAX, 'n')) : NULL;
    if (!note_is_word(note, i) || n < PART_MIN) return NULL;
    const struct known_entry *e = find(known, hash_bytes(s, n, SIZE_MAX, 'w'));
    if (e) return e;
    /* one letter wrong: only for words that nothing else explains */
    if (n < FUZZY_MIN || note_token(note, i)->classes || !note_is_capital(note, i)) return NULL;
    e = find(known, hash_bytes(s, n, SIZE_MAX, 'd')); /* a letter missing here */
    for (size_t skip = 0; !e && skip < n; skip++) {
        e = find(known, hash_bytes(s, n, skip, 'w'));         /* one too many */
        if (!e) e = find(known, hash_bytes(s, n, skip, 'd')); /* another in its place */
    }
    return e;
}

static bool is_claimable(const struct note *note, size_t i, const struct known_entry *e) {
    if (!e || e->guarded) return false;
    if (note_is_number(note, i)) return !note_has(note, i + 1, LEX_UNIT);
    /* "signo de Murphy" beside a Dr. Murphy, "descartan Wilson" beside a Wilson Techera */
    if (note_has(note, i - 1, LEX_EPONYM_CUE) ||
        (note_word_in(note, i - 1, "de|del") && note_has(note, i - 2, LEX_EPONYM_CUE)) ||
        note_word_in(note, i - 1, "descarta|descartan|descartar|sospecha"))
        return false;
    /* in lower case only a word that is nothing but a name */
    return note_token(note, i)->shape != SHAPE_LOWER ||
           !note_has(note, i, LEX_AMBIGUOUS | LEX_COMMON | LEX_CLINICAL);
}

void known_claim(const struct known *known, struct note *note) {
    if (known->n == 0) return;
    for (size_t i = 0; i < note_n(note); i++) {
        if (!note_free(note, i, i + 1)) continue;
        const struct known_entry *e = occurrence(known, note, i);
        if (is_claimable(note, i, e))
            note_claim(note, i, i + 1, (enum kind)e->kind, 75, RULE_PROPAGATED);
    }
}

size_t known_residue(const struct known *known, const struct note *note) {
    size_t n = 0;
    if (known->n == 0) return 0;
    for (size_t i = 0; i < note_n(note); i++) {
        if (!note_free(note, i, i + 1)) continue;
        const struct known_entry *e = occurrence(known, note, i);
        if (!e || note_has(note, i + 1, LEX_UNIT)) continue;
        /* an ordinary word in its ordinary dress ("sala", "Control." at a sentence's start) */
        if (note_is_word(note, i) && (note_token(note, i)->shape == SHAPE_LOWER ||
                                      note_begins_sentence(note, i) || note_line_is_upper(note, i)))
            continue;
        n++;
    }
    return n;
}
