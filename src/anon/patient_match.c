/* SPDX-License-Identifier: MIT
 *
 * Finding what is known. Every match is a run of tokens of one line.
 */
#include "anon/patient.h"

#include <string.h>

#include "anon/patient_values.h"

enum { PART_MIN = 3, SOUND_MIN = 4, EDIT_MIN = 6, WORD_MAX = 40, STREET_ALONE_MIN = 6 };

struct match {
    size_t first, end; /* tokens; first == end: none */
    enum kind kind;
};

/* ---- words ---- */

struct word {
    char text[WORD_MAX];
    size_t n;
};

static bool word_of(struct word *w, const struct note *note, size_t i) {
    if (!note_is_word(note, i) || note_len(note, i) >= WORD_MAX) return false;
    w->n = note_len(note, i);
    for (size_t k = 0; k < w->n; k++)
        w->text[k] = (char)fold_lower(note_text(note, i)[k]);
    w->text[w->n] = '\0';
    return true;
}

/* How a word sounds to who writes by ear: b is v; s, z and soft c are one; h is mute; ll is y; g
 * before e and i is j; double letters are one. */
static size_t sound_of(char out[WORD_MAX], const char *s, size_t n) {
    size_t to = 0;
    for (size_t i = 0; i < n && to + 1 < WORD_MAX; i++) {
        const char next = i + 1 < n ? s[i + 1] : '\0';
        const bool soft = next == 'e' || next == 'i';
        char c = s[i];
        if (c == 'h') continue;
        if (c == 'l' && next == 'l') c = 'y', i++;
        if (c == 'q' || c == 'k')
            c = 'k', i += next == 'u' && s[i] == 'q';
        else if (c == 'c')
            c = soft ? 's' : 'k';
        else if (c == 'z' || c == 'x')
            c = 's';
        else if (c == 'v' || c == 'w')
            c = 'b';
        else if (c == 'g' && soft)
            c = 'j';
        else if (c == 'y' && i + 1 == n)
            c = 'i';
        if (to && out[to - 1] == c) continue;
        out[to++] = c;
    }
    out[to] = '\0';
    return to;
}

/* One letter wrong, missing, too many, or two in each other's place. */
static bool within_one_edit(const char *a, size_t n_a, const char *b, size_t n_b) {
    size_t i = 0;
    if (n_a > n_b) return within_one_edit(b, n_b, a, n_a);
    if (n_b - n_a > 1) return false;
    while (i < n_a && a[i] == b[i])
        i++;
    if (n_b > n_a) return memcmp(a + i, b + i + 1, n_a - i) == 0;
    if (i + 1 >= n_a) return true;
    if (memcmp(a + i + 1, b + i + 1, n_a - i - 1) == 0) return true;
    return a[i] == b[i + 1] && a[i + 1] == b[i] && memcmp(a + i + 2, b + i + 2, n_a - i - 2) == 0;
}

static bool is_same_word(const char *known, size_t n, const struct word *w, bool exact) {
    char a[WORD_MAX], b[WORD_MAX];
    if (n == w->n && memcmp(known, w->text, n) == 0) return true;
    if (exact || n >= WORD_MAX) return false;
    if (n >= SOUND_MIN || w->n >= SOUND_MIN) {
        const size_t n_a = sound_of(a, known, n), n_b = sound_of(b, w->text, w->n);
        if (n_a == n_b && n_a >= PART_MIN && memcmp(a, b, n_a) == 0) return true;
    }
    return n >= EDIT_MIN && w->n + 1 >= EDIT_MIN && within_one_edit(known, n, w->text, w->n);
}

/* ---- names ---- */

static bool is_particle(const char *s, size_t n) {
    return lexicon_lookup((const unsigned char *)s, n) & LEX_PARTICLE;
}

/* Token i is a part of the name. A word that something else explains must be spelt right. */
static bool is_part(const struct patient_value *v, const struct note *note, size_t i) {
    struct word w;
    if (!word_of(&w, note, i) || w.n < PART_MIN) return false;
    const bool exact = (note_token(note, i)->classes & LEX_GUARD) != 0;
    for (const char *s = v->text; *s;) {
        const size_t n = strcspn(s, " ");
        if (n >= PART_MIN && !is_particle(s, n) && is_same_word(s, n, &w, exact)) return true;
        s += n + (s[n] == ' ');
    }
    return false;
}

/* "J." or "J" of somebody whose name has a word with J. */
static size_t initial(const struct patient_value *v, const struct note *note, size_t i) {
    if (!note_is_word(note, i) || note_len(note, i) != 1 || !note_is_capital(note, i)) return 0;
    for (const char *s = v->text; *s; s += strcspn(s, " "), s += *s == ' ')
        if ((unsigned char)*s == fold_lower(*note_text(note, i)))
            return note_is_mark(note, i + 1, '.') ? 2 : 1;
    return 0;
}

/* Where the name goes on after token `end`: past particles, a comma and initials; `end` itself when
 * it does not. */
static size_t name_goes_on(const struct patient_value *v, const struct note *note, size_t end) {
    size_t i = end;
    while (note_is_mark(note, i, ',') ||
           (note_has(note, i, LEX_PARTICLE) && !note_word_is(note, i, "y")))
        i++;
    const size_t n = initial(v, note, i);
    if (n) return i + n;
    return is_part(v, note, i) ? i + 1 : end;
}

/* A word that is an ordinary one too, in its ordinary dress, is the patient's only beside another
 * part of the name, or after a title. */
static bool stands_alone(const struct note *note, size_t i) {
    return !note_has(note, i, LEX_GUARD | LEX_AMBIGUOUS) ||
           note_token(note, i)->shape != SHAPE_LOWER ||
           note_has(note, i - 1, LEX_TITLE | LEX_COURTESY);
}

static struct match match_name(const struct patient_value *v, const struct note *note, size_t i) {
    struct match m = {i, i, v->kind};
    size_t end = i;
    for (size_t n; (n = initial(v, note, end)) != 0;)
        end += n;
    if (!is_part(v, note, end)) return m;
    end += 1;
    for (size_t next; (next = name_goes_on(v, note, end)) != end;)
        end = next;
    if (end == i + 1 && !stands_alone(note, i)) return m;
    m.end = end;
    return m;
}

/* ---- numbers and codes ---- */

/* The digits of the number tokens from i on spell the value, whatever marks lie between. */
static struct match match_digits(const struct patient_value *v, const struct note *note, size_t i) {
    struct match m = {i, i, v->kind};
    const char *left = v->text;
    size_t end = i;
    if (!note_is_number(note, i)) return m;
    for (size_t at = i; *left; at++) {
        if (at > i && note_mark_in(note, at, ".-/()+")) continue;
        if (!note_is_number(note, at)) return m;
        for (size_t k = 0; k < note_len(note, at); k++, left++)
            if (*left != '0' + fold_digit_value(note_text(note, at)[k])) return m;
        end = at + 1;
    }
    if (note_is_number(note, end) && note_glued(note, end)) return m;
    m.end = end;
    /* a cédula without its check digit: "-7" after it belongs to it */
    if (m.end > i && v->kind == KIND_ID_NATIONAL && note_is_mark(note, m.end, '-') &&
        note_is_number(note, m.end + 1) && note_len(note, m.end + 1) == 1)
        m.end += 2;
    return m;
}

static bool is_alnum_token(const struct note *note, size_t i) {
    return note_is_word(note, i) || note_is_number(note, i);
}

static struct match match_code(const struct patient_value *v, const struct note *note, size_t i) {
    struct match m = {i, i, v->kind};
    const char *left = v->text;
    size_t end = i;
    if (!is_alnum_token(note, i)) return m;
    for (size_t at = i; *left; at++) {
        if (at > i && note_mark_in(note, at, ".-/")) continue;
        if (!is_alnum_token(note, at)) return m;
        for (size_t k = 0; k < note_len(note, at); k++, left++)
            if (*left != (char)fold_lower(note_text(note, at)[k])) return m;
        end = at + 1;
    }
    m.end = end;
    return m;
}

static struct match match_text(const struct patient_value *v, const struct note *note, size_t i) {
    struct match m = {i, i, v->kind};
    const size_t n = strlen(v->text), start = note_token(note, i)->start;
    if (start + n > note->end) return m;
    for (size_t k = 0; k < n; k++)
        if ((char)fold_lower(note->text[start + k]) != v->text[k]) return m;
    size_t end = i;
    while (end < note_n(note) && note_token(note, end)->end <= start + n)
        end++;
    if (end > i && note_token(note, end - 1)->end == start + n) m.end = end;
    return m;
}

/* ---- dates and streets ---- */

static bool is_month(const struct note *note, size_t i, unsigned month) {
    static const char *const names[] = {"ene", "feb", "mar", "abr", "may", "jun",
                                        "jul", "ago", "se",  "oct", "nov", "dic"};
    struct word w;
    if (note_is_number(note, i)) return note_number(note, i) == (long)month;
    return note_has(note, i, LEX_MONTH | LEX_MONTH_SHORT) && word_of(&w, note, i) &&
           strncmp(w.text, names[month - 1], strlen(names[month - 1])) == 0;
}

static bool is_between(const struct note *note, size_t i) {
    return note_mark_in(note, i, "/-.") || note_word_in(note, i, "de|del");
}

static bool is_year(const struct note *note, size_t i, unsigned year) {
    const long n = note_is_number(note, i) ? note_number(note, i) : -1;
    return n == (long)year || (note_len(note, i) == 2 && n == (long)(year % 100));
}

static struct match match_date(const struct patient_value *v, const struct note *note, size_t i) {
    struct match m = {i, i, v->kind};
    size_t month = i + 1;
    if (!note_is_number(note, i)) return m;
    month += is_between(note, month);
    size_t last = month + 1;
    last += is_between(note, last);
    const bool day_first = note_number(note, i) == (long)v->day &&
                           is_month(note, month, v->month) && is_year(note, last, v->year);
    const bool year_first = note_number(note, i) == (long)v->year &&
                            is_month(note, month, v->month) &&
                            note_number(note, last) == (long)v->day;
    if (day_first || year_first) m.end = last + 1;
    return m;
}

/* The words of the street in order, its type and particles left out, then perhaps the number. */
static struct match match_street(const struct patient_value *v, const struct note *note, size_t i) {
    struct match m = {i, i, v->kind};
    size_t at = i, letters = 0;
    bool number = false;
    for (const char *s = v->text; *s;) {
        const size_t n = strcspn(s, " ");
        const uint64_t classes = lexicon_lookup((const unsigned char *)s, n);
        struct word w;
        if (classes & (LEX_STREET_TYPE | LEX_PARTICLE)) {
            while (at > i && note_has(note, at, LEX_PARTICLE))
                at++;
        } else if (*s >= '0' && *s <= '9') {
            const size_t place = at + (note_has(note, at, LEX_STREET_TYPE) ||
                                       note_is_mark(note, at, ','));
            if (!letters || !note_is_number(note, place) || note_len(note, place) != n ||
                memcmp(note_text(note, place), s, n) != 0)
                break;
            number = true;
            at = place + 1;
        } else {
            if (number || !word_of(&w, note, at) || !is_same_word(s, n, &w, false)) break;
            letters += n;
            at++;
        }
        s += n + (s[n] == ' ');
    }
    const bool told = note_is_capital(note, i) || note_has(note, i - 1, LEX_STREET_TYPE);
    if (number || (letters >= STREET_ALONE_MIN && told)) m.end = at;
    return m;
}

/* ---- all of it ---- */

static struct match match_value(const struct patient_value *v, const struct note *note, size_t i) {
    switch (v->form) {
    case PATIENT_NAME: return match_name(v, note, i);
    case PATIENT_DIGITS: return match_digits(v, note, i);
    case PATIENT_CODE: return match_code(v, note, i);
    case PATIENT_STREET: return match_street(v, note, i);
    case PATIENT_DATE: return match_date(v, note, i);
    case PATIENT_TEXT: return match_text(v, note, i);
    }
    return (struct match){i, i, v->kind};
}

/* The longest thing known that begins at token i and is free. */
static struct match longest(const struct patient *p, const struct note *note, size_t i) {
    struct match best = {i, i, KIND_COUNT};
    const struct patient_value *v = p->values.data;
    for (size_t k = 0; k < p->values.n; k++) {
        const struct match m = match_value(&v[k], note, i);
        if (m.end > best.end && note_free(note, m.first, m.end)) best = m;
    }
    return best;
}

void patient_claim(const struct patient *p, struct note *note) {
    enum { SCORE = 99 };
    for (size_t i = 0; i < note_n(note); i++) {
        if (note_is_newline(note, i) || !note_free(note, i, i + 1)) continue;
        const struct match m = longest(p, note, i);
        if (m.end == i) continue;
        note_claim(note, m.first, m.end, m.kind, SCORE, RULE_PATIENT);
        i = m.end - 1;
    }
}

size_t patient_residue(const struct patient *p, const struct note *note) {
    size_t n = 0;
    for (size_t i = 0; i < note_n(note); i++) {
        if (note_is_newline(note, i) || !note_free(note, i, i + 1)) continue;
        const struct match m = longest(p, note, i);
        if (m.end == i) continue;
        n++;
        i = m.end - 1;
    }
    return n;
}
