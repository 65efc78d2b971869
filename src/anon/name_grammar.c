/* SPDX-License-Identifier: MIT
 *
 * The grammar of a person's name: first names, surnames, initials, particles and what joins them,
 * read from a token on. How much a guard word (a drug, an eponym, an ordinary word) weighs against
 * a name depends on what stands before it: enum name_trust.
 */
#include "anon/rules.h"

#include <string.h>

enum { NAME_WORDS_MAX = 7 };

bool name_is_guarded(const struct note *note, size_t i) {
    return note_has(note, i, LEX_GUARD) && !note_has(note, i, LEX_ANY_NAME);
}

bool name_ends(const struct note *note, size_t i) {
    const bool named = note_has(note, i, LEX_ANY_NAME);
    if (note_has(note, i, LEX_STREET_TYPE) && note_len(note, i) > 1 &&
        (!named || note_word_in(note, i + 1, "de|del")))
        return true;
    if (note_has(note, i,
                 LEX_TITLE | LEX_COURTESY | LEX_WEEKDAY | LEX_ANY_HEAD | LEX_ROLE | LEX_SEX))
        return !named || note_has(note, i, LEX_TITLE | LEX_ROLE);
    return !named && note_word_in(note, i,
                                  "tel|cel|ci|fecha|hora|servicio|edad|sexo|cama|sala|firma|nro|"
                                  "historia|registro|telefono|domicilio|email|mail|correo|ncol|"
                                  "fax");
}

/* In a line of capitals "A", "Y", "O" are words, not initials. */
static bool is_capital_vowel_word(const struct note *note, size_t i, bool upper) {
    return upper && note_word_in(note, i, "a|y|e|o|u");
}

size_t name_initial_at(const struct note *note, size_t i) {
    if (!note_is_word(note, i) || note_len(note, i) != 1 || !note_is_capital(note, i)) return 0;
    /* at a line's end the point is a full stop, unless the letter follows a name */
    if (note_is_mark(note, i + 1, '.') && note_glued(note, i + 1) &&
        (!note_is_newline(note, i + 2) || (i > 0 && note_is_capital(note, i - 1))))
        return 2;
    if (is_capital_vowel_word(note, i, note_line_is_upper(note, i))) return 0;
    return note_is_capital(note, i + 1) && note_len(note, i + 1) > 1 &&
                   note_token(note, i + 1)->gap == 1
               ? 1
               : 0;
}

/* ---- one word of a name ---- */

/* Words that open something else even in title case beside a name. */
static bool opens_another_thing(const struct note *note, size_t i) {
    if (note_has(note, i, LEX_STREET_TYPE | LEX_ANY_HEAD | LEX_WEEKDAY) &&
        !note_has(note, i, LEX_ANY_NAME))
        return true;
    return note_word_in(
        note, i,
        "servicio|servei|seccion|unidad|departamento|sala|cama|turno|edificio|institut|"
        "medicina|cirugia|control|alta|ingreso|firma|dra|dr|lic");
}

/* Nothing of the name comes after: the line's end, a column, a mark, a number's word, an address.
 */
static bool is_last_of_name(const struct note *note, size_t i) {
    const struct token *next = note_token(note, i + 1);
    if (next->type == TOKEN_NEWLINE || next->gap >= 2) return true;
    if (next->type == TOKEN_MARK && !note_mark_in(note, i + 1, ":-")) return true;
    if (note_word_in(note, i + 1, "n|ncol|num|ci|tel|cel")) return true;
    return note_is_capital(note, i + 1) &&
           note_has(note, i + 1, LEX_HOSPITAL_HEAD | LEX_STREET_TYPE);
}

/* A word in title case after a first name, or the last one before something else begins. */
static bool is_surname_place(const struct note *note, size_t i, enum name_trust trust) {
    const struct token *t = note_token(note, i);
    if (t->type != TOKEN_WORD || t->shape != SHAPE_TITLE || t->gap != 1 || note_len(note, i) < 3)
        return false;
    if (opens_another_thing(note, i)) return false;
    if (trust == NAME_LABELLED) return true;

    const bool last = is_last_of_name(note, i);
    size_t before = i - 1; /* "Gabriel de Arriba" */
    while (before > 0 && note_has(note, before, LEX_PARTICLE))
        before--;
    if (note_has(note, before, LEX_FIRST_NAME) && (last || note_is_capital(note, i + 1)))
        return true;
    const bool surname = note_has(note, before, LEX_SURNAME) || !note_token(note, before)->classes;
    return last && surname && note_is_capital(note, before) &&
           note_has(note, before - 1, LEX_ANY_NAME);
}

/* "D'Angelo", "O´Neill": a letter and an apostrophe before a capital. */
static bool is_apostrophe_name(const struct note *note, size_t i) {
    return note_len(note, i) == 1 && note_glued(note, i + 1) &&
           note_token(note, i + 1)->type == TOKEN_MARK &&
           strchr("'`", *note_text(note, i + 1)) != NULL && note_glued(note, i + 2) &&
           note_is_capital(note, i + 2);
}

/* "Médico: Concha Germán Bes": an ordinary word in title case that three words of a name follow. */
static bool heads_full_name(const struct note *note, size_t i) {
    return note_token(note, i)->shape == SHAPE_TITLE && note_is_capital(note, i + 1) &&
           note_has(note, i + 1, LEX_FIRST_NAME | LEX_SURNAME) &&
           !note_has(note, i + 1, LEX_GUARD) && note_is_capital(note, i + 2);
}

/* After a title an eponym or a drug is a person; an ordinary word only as part of a labelled name
 * ("Nombre: María Cielo Buena"). */
static bool is_guard_outweighed(const struct note *note, size_t i, enum name_trust trust,
                                bool first) {
    const bool ordinary = note_has(note, i, LEX_CLINICAL | LEX_COMMON | LEX_UNIT);
    if (trust != NAME_LISTED && !ordinary) return true;
    if (trust != NAME_LABELLED || note_has(note, i, LEX_UNIT)) return false;
    return !first || note_has(note, i + 1, LEX_ANY_NAME) ||
           (note_is_capital(note, i + 1) && !note_token(note, i + 1)->classes);
}

/* Tokens of a word and what is joined to it: "Dell'Acqua", "Sant'Anna", "Pérez-Reverte". */
static size_t joined_words(const struct note *note, size_t i) {
    size_t n = 1;
    if (note_is_mark(note, i + 1, '\'') && note_glued(note, i + 1) && note_glued(note, i + 2) &&
        note_is_capital(note, i + 2) && note_len(note, i + 2) > 1)
        n = 3;
    while (note_is_mark(note, i + n, '-') && note_glued(note, i + n) &&
           note_glued(note, i + n + 1) && note_is_capital(note, i + n + 1) &&
           note_len(note, i + n + 1) > 1 && !name_is_guarded(note, i + n + 1))
        n += 2;
    return n;
}

/* "VIII": the seventh factor, the fourth ventricle; two letters ("XI") are a month or a grade. */
static bool is_roman_number(const struct note *note, size_t i) {
    if (note_len(note, i) < 2 || note_token(note, i)->shape != SHAPE_UPPER) return false;
    return strspn((const char *)note_text(note, i), "IVXL") >= note_len(note, i);
}

/* "FT Noelia", "EU S. Wiens", "OP Ayala": the letters of a trade before a name. */
static bool is_trade_of_next(const struct note *note, size_t i) {
    const size_t len = note_len(note, i);
    return len >= 2 && len <= 4 && note_token(note, i)->shape == SHAPE_UPPER &&
           !note_has(note, i, LEX_ANY_NAME) && note_is_capital(note, i + 1) &&
           (note_token(note, i + 1)->shape == SHAPE_TITLE || note_len(note, i + 1) == 1);
}

/* One word of a name with what is joined to it: its tokens; 0: it is none. `first`: no word of the
 * name stands before it; `upper`: the line is in capitals. */
static size_t name_word(const struct note *note, size_t i, enum name_trust trust, bool first,
                        bool upper) {
    const bool sure = trust != NAME_LISTED;
    if (!note_is_word(note, i)) return 0;
    if (is_apostrophe_name(note, i)) return 3;
    if (note_len(note, i) < 2) return 0;
    const bool listed = note_has(note, i, LEX_ANY_NAME);
    if (!sure && is_roman_number(note, i)) return 0;
    if (!sure && first && !upper && is_trade_of_next(note, i)) return 0;
    if (!note_is_capital(note, i) && !(listed && sure && !note_has(note, i, LEX_COMMON))) return 0;
    /* "María José Gómez Maestra", "Jorge Subirá Ríos": inside a name where one is expected, a word
     * in title case is a surname whatever else it means */
    if (sure && !first && !upper && is_surname_place(note, i, trust)) return 1;
    if (note_has(note, i, LEX_KIN) && (first || !listed)) return 0;
    if (name_ends(note, i)) return 0;
    if (name_is_guarded(note, i)) {
        if (trust == NAME_EXPECTED && first && heads_full_name(note, i)) return 1;
        if (!is_guard_outweighed(note, i, trust, first)) return 0;
    }
    return joined_words(note, i);
}

/* "de", "de la", "da", "y" between two words of a name. */
static size_t particles_at(const struct note *note, size_t i) {
    size_t n = 0;
    while (n < 3 && note_has(note, i + n, LEX_PARTICLE) &&
           (n == 0 || note_token(note, i + n)->gap <= 2) &&
           !note_word_in(note, i + n, "e|i|el|en|al"))
        n++;
    return n;
}

/* ---- a whole name ---- */

/* "M.a José", "M.ª Luisa": María. */
static size_t short_maria(const struct note *note, size_t i) {
    if (!note_word_is(note, i, "m") || !note_is_capital(note, i)) return 0;
    size_t at = i + 1;
    if (note_is_mark(note, at, '.')) at++;
    if (!note_glued(note, at)) return 0;
    if (!note_word_is(note, at, "a") && !note_is_ordinal(note, at)) return 0;
    return note_is_capital(note, at + 1) ? at + 1 - i : 0;
}

/* A first name cut short: "M.ª", "J.", "Ma. Eugenia". `close`: it is not apart from the name. */
static size_t short_form_at(const struct note *note, size_t i, bool close) {
    size_t n = short_maria(note, i);
    if (n == 0 && close) n = name_initial_at(note, i);
    if (n == 0 && note_word_is(note, i, "ma") && note_is_capital(note, i) &&
        (note_is_mark(note, i + 1, '.') || note_is_ordinal(note, i + 1)))
        n = 2;
    return n;
}

/* Particles at i and the word of a name after them: their tokens. `start`: the name's first. */
static size_t particled_word(const struct note *note, size_t i, size_t start, enum name_trust trust,
                             bool upper) {
    const size_t p = particles_at(note, i);
    if (p == 0 || note_word_is(note, i + p - 1, "y")) return 0;
    /* "Rossi de la UEVDG": a change of case is a change of thing */
    const bool acronym = !upper && note_token(note, i + p)->shape == SHAPE_UPPER &&
                         note_token(note, start)->shape == SHAPE_TITLE && note_len(note, i + p) > 1;
    const size_t n = acronym ? 0 : name_word(note, i + p, trust, false, upper);
    return n ? p + n : 0;
}

/* "De Miguel Rivera", "Dos Santos": particles in capitals open a name. */
static size_t leading_particles(const struct note *note, size_t i, enum name_trust trust,
                                bool upper) {
    const size_t p = note_is_capital(note, i) ? particles_at(note, i) : 0;
    const size_t n = p ? name_word(note, i + p, trust, true, upper) : 0;
    return n ? p + n : 0;
}

/* "Ruiz Díaz W": an initial without its point closes a name. */
static bool is_closing_initial(const struct note *note, size_t i, bool upper) {
    if (!note_is_word(note, i) || note_len(note, i) != 1 || !note_is_capital(note, i) ||
        is_capital_vowel_word(note, i, upper))
        return false;
    if (note_is_newline(note, i + 1)) return true;
    const bool fraction = note_is_mark(note, i + 1, '/') && note_glued(note, i + 1);
    return note_token(note, i + 1)->type == TOKEN_MARK && !fraction &&
           !note_is_ordinal(note, i + 1);
}

/* A word longer than an initial. */
static bool has_whole_word(const struct note *note, size_t first, size_t end) {
    for (size_t i = first; i < end; i++)
        if (note_is_word(note, i) && note_len(note, i) > 1) return true;
    return false;
}

size_t name_at(const struct note *note, size_t i, size_t end, enum name_trust trust) {
    const bool sure = trust != NAME_LISTED;
    const bool upper = i < note_n(note) && note_line_is_upper(note, i);
    size_t at = i, words = 0;
    while (at < end && words < NAME_WORDS_MAX) {
        const unsigned gap = note_token(note, at)->gap;
        if (at > i && gap > (upper ? 1 : 2)) break; /* another column */
        size_t n = short_form_at(note, at, words == 0 || gap <= 1);
        if (n == 0 && words > 0) {
            n = particled_word(note, at, i, trust, upper);
            const size_t word = n ? at + particles_at(note, at) : at;
            if (n && note_has(note, word, LEX_PLACE | LEX_HOSPITAL_HEAD) &&
                !note_has(note, word, LEX_ANY_NAME))
                break; /* "Rossi de Salto" */
        }
        if (n == 0 && words == 0 && sure) n = leading_particles(note, at, trust, upper);
        if (n == 0) n = name_word(note, at, trust, words == 0, upper);
        if (n == 0 && words > 0) n = is_closing_initial(note, at, upper);
        if (n == 0) break;
        at += n;
        words++;
        if (!note_free(note, i, at)) return 0;
    }
    /* initials alone are a person only where a field says so */
    if (!has_whole_word(note, i, at) && (trust != NAME_LABELLED || words < 2)) return 0;
    return at - i;
}

/* "Ana, Luisa" are two people: before the comma of an inverted name stands a surname. */
static bool has_surname(const struct note *note, size_t first, size_t end) {
    for (size_t i = first; i < end; i++)
        if (note_has(note, i, LEX_SURNAME) ||
            (note_is_word(note, i) && !note_token(note, i)->classes))
            return true;
    return false;
}

size_t name_inverted(const struct note *note, size_t i, size_t n, size_t end) {
    enum { FIRST_NAMES_MAX = 4 };
    const size_t from = i + n + 1;
    if (!note_is_mark(note, i + n, ',') || from >= end) return n;
    const size_t rest = name_at(note, from, end, NAME_EXPECTED);
    if (!rest || rest > FIRST_NAMES_MAX || !note_has(note, from, LEX_FIRST_NAME)) return n;
    if (!has_surname(note, i, i + n)) return n;
    for (size_t j = from; j < from + rest; j++)
        if (note_has(note, j, LEX_SURNAME) && !note_has(note, j, LEX_FIRST_NAME)) return n;
    return n + 1 + rest;
}
