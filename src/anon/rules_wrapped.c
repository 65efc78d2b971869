/* SPDX-License-Identifier: MIT
 *
 * What a line's end cuts in two: "del Hospital / de Clínicas", "la Dra. / Ferreira", "Ana / Pérez
 * Sosa". The rules read line by line, since in forms a line is a unit; running text that a terminal
 * or a PDF wrapped is read on here. Each half becomes a find of its own, so the lines stay as they
 * are.
 */
#include "anon/rules.h"

enum {
    WRAPPED_MIN = 50, /* characters: a shorter line was ended on purpose */
    WORDS_MAX = 5,
};

/* The line that ends before token `newline` is long, and the next one begins with a word at its
 * margin. */
static bool is_wrapped(const struct note *note, size_t newline) {
    const size_t first = newline ? note_line_first(note, newline - 1) : newline;
    if (first >= newline || !note_is_word(note, newline + 1)) return false;
    return note_token(note, newline)->start - note_token(note, first)->start >= WRAPPED_MIN &&
           note_token(note, newline + 1)->gap == 0;
}

/* "Clínicas", "de Clínicas", "de la Costa": capitals, and the particles before each. Tokens taken,
 * 0: none. */
static size_t capitals_at(const struct note *note, size_t i, size_t end) {
    size_t at = i, last = i;
    for (int words = 0; words < WORDS_MAX && at < end; words++, at++) {
        if (note_is_capital(note, at) && note_len(note, at) > 1)
            last = at + 1;
        else if (!note_has(note, at, LEX_PARTICLE))
            break;
    }
    return last - i;
}

/* A generic word that the line's end parted from its name. */
static void claim_institution(struct note *note, size_t head, size_t i) {
    const enum kind owner = note_owner(note, head);
    const bool found = owner == KIND_HOSPITAL || owner == KIND_HEALTH_CENTRE ||
                       owner == KIND_INSTITUTION;
    if (!note_has(note, head, LEX_ANY_HEAD) || !note_is_capital(note, head)) return;
    const size_t n = capitals_at(note, i, note_line_end(note, i));
    if (n == 0 || note_line_is_upper(note, i)) return;
    bool proper = false;
    for (size_t j = i; j < i + n; j++)
        proper |= note_has(note, j, LEX_HOSPITAL_NICK | LEX_PLACE | LEX_ANY_NAME) ||
                  (note_is_word(note, j) && !note_token(note, j)->classes);
    if (!proper || !note_free(note, i, i + n)) return;
    const enum kind kind = found                                     ? owner
                           : note_has(note, head, LEX_HOSPITAL_HEAD) ? KIND_HOSPITAL
                           : note_has(note, head, LEX_CENTRE_HEAD)   ? KIND_HEALTH_CENTRE
                                                                     : KIND_INSTITUTION;
    if (!found) note_claim(note, head, head + 1, kind, 75, RULE_INSTITUTION_HEAD);
    note_claim(note, i, i + n, kind, 75, RULE_INSTITUTION_HEAD);
}

/* A title alone at a line's end: "la Dra." */
static bool ends_with_title(const struct note *note, size_t newline) {
    const size_t last = newline - 1;
    const bool point = note_is_mark(note, last, '.') && newline >= 2;
    const size_t title = point ? last - 1 : last;
    return note_word_in(note, title,
                        "dr|dra|dres|dras|drs|lic|sr|sra|srta|don|dona|doctor|doctora|prof");
}

/* The surname that goes with a first name at the end of the line before. */
static size_t surname_at(const struct note *note, size_t newline, size_t i) {
    const size_t last = newline - 1;
    if (!note_is_named(note, last) || !note_has(note, last, LEX_FIRST_NAME)) return 0;
    if (note_token(note, last)->shape != note_token(note, i)->shape) return 0;
    const bool known = note_has(note, i, LEX_SURNAME | LEX_FIRST_NAME) &&
                       !note_has(note, i, LEX_GUARD);
    const bool unknown = !note_token(note, i)->classes && note_len(note, i) >= 4;
    return known || unknown ? name_at(note, i, note_line_end(note, i), NAME_EXPECTED) : 0;
}

void rules_wrapped(struct note *note) {
    const size_t n = note_n(note);
    for (size_t newline = 1; newline + 1 < n; newline++) {
        const size_t i = newline + 1;
        if (!note_is_newline(note, newline) || !is_wrapped(note, newline)) continue;
        claim_institution(note, newline - 1, i);
        if (!note_is_capital(note, i) || !note_free(note, i, i + 1)) continue;
        if (ends_with_title(note, newline)) {
            names_claim(note, i, note_line_end(note, i), KIND_NAME_STAFF, 85, NAME_EXPECTED,
                        RULE_TITLE);
            continue;
        }
        const size_t surname = surname_at(note, newline, i);
        if (surname) note_claim(note, i, i + surname, KIND_NAME_OTHER, 70, RULE_NAME_LISTED);
    }
}
