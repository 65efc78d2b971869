/* SPDX-License-Identifier: MIT
 *
 * What values of fields are made of. A label is the strongest evidence there is, so each value is
 * read more generously than the same text would be in prose: bare ages, codes in groups, names in
 * lower case, digits that a scan damaged.
 */
#include "anon/field_values.h"

#include <string.h>

#include "anon/rules.h"

bool form_is_filler(const struct note *note, size_t i) {
    if (note_token(note, i)->type != TOKEN_MARK) return false;
    const unsigned char c = *note_text(note, i);
    return strchr(".:_-=*>\"|#", c) != NULL || c == FOLD_ORDINAL || c == FOLD_BULLET;
}

bool form_is_rule_line(const struct note *note, size_t i) {
    return (note_is_mark(note, i, '.') && note_is_mark(note, i + 1, '.')) ||
           (note_is_mark(note, i, '_') && note_is_mark(note, i + 1, '_'));
}

static size_t skip_fillers(const struct note *note, size_t i, size_t end) {
    while (i < end && form_is_filler(note, i))
        i++;
    return i;
}

/* ---- people ---- */

/* "Procesó: ayc": a word of two to four letters is all there is. */
static bool is_login_initials(const struct note *note, const struct value *v) {
    const size_t len = note_len(note, v->first);
    return v->end == v->first + 1 && note_is_word(note, v->first) && len >= 2 && len <= 4 &&
           !note_has(note, v->first, LEX_COMMON | LEX_UNIT);
}

static void take_staff(struct note *note, const struct value *v) {
    const size_t after = names_claim(note, v->first, v->end, v->field->kind, 90, NAME_EXPECTED,
                                     v->rule);
    if (after == v->first && is_login_initials(note, v))
        note_claim(note, v->first, v->end, v->field->kind, 70, RULE_INITIALS);
}

/* A value typed in lower case: words that no list guards are names here, where a field asks for
 * one. */
static void take_small_name(struct note *note, const struct value *v) {
    enum { WORDS_MAX = 6 };
    size_t end = v->first, n_known = 0;
    while (end < v->end && end - v->first < WORDS_MAX && note_is_word(note, end) &&
           note_token(note, end)->gap <= 2) {
        if (note_has(note, end, LEX_GUARD) &&
            !note_has(note, end, LEX_FIRST_NAME | LEX_SURNAME | LEX_PARTICLE))
            break;
        n_known += !note_has(note, end, LEX_COMMON | LEX_PARTICLE);
        end++;
    }
    if (n_known && !note_is_capital(note, v->first))
        note_claim(note, v->first, end, v->field->kind, 85, v->rule);
}

/* "Zaba legui Kl ein , M .": what a scan left of a name; words of no list, to the value's end. */
static void take_scanned_name(struct note *note, const struct value *v, size_t after) {
    enum { TOKENS_MAX = 8 };
    size_t n_words = 0;
    if (v->end > after + TOKENS_MAX) return;
    for (size_t i = after; i < v->end; i++) {
        const bool word = note_is_word(note, i) &&
                          (!note_token(note, i)->classes || note_len(note, i) == 1);
        if (!word && !note_mark_in(note, i, ",.")) return;
        n_words += word;
    }
    if (n_words) note_claim(note, after, v->end, v->field->kind, 80, v->rule);
}

static void take_names(struct note *note, const struct value *v) {
    const size_t after = names_claim(note, v->first, v->end, v->field->kind, 96, NAME_LABELLED,
                                     v->rule);
    if (after == v->first)
        take_small_name(note, v);
    else
        take_scanned_name(note, v, after);
}

/* "Usuario: mperez7", or the name of whoever it is. */
static void take_user(struct note *note, const struct value *v) {
    if (!note_is_word(note, v->first) || note_is_capital(note, v->first)) {
        static const struct field staff = {VALUE_STAFF, KIND_NAME_STAFF, false};
        const struct value name = {v->first, v->end, &staff, v->rule};
        take_staff(note, &name);
        return;
    }
    size_t end = v->first + 1;
    while (end < v->end && note_glued(note, end))
        end++;
    note_claim(note, v->first, end, KIND_ID_USER, 90, v->rule);
}

static void take_sex(struct note *note, const struct value *v) {
    if (note_word_in(note, v->first,
                     "h|m|f|v|hombre|mujer|masculino|femenino|masc|fem|varon|nina|nino"))
        note_claim(note, v->first, v->first + 1, KIND_SEX, 97, v->rule);
}

static void take_profession(struct note *note, const struct value *v) {
    enum { WORDS_MAX = 7 };
    const size_t at = skip_fillers(note, v->first, v->end);
    size_t end = at;
    while (
        end < v->end && end - at < WORDS_MAX && note_token(note, end)->gap <= 2 &&
        (note_is_word(note, end) || (note_is_mark(note, end, '.') && note_len(note, end - 1) <= 4 &&
                                     !form_is_rule_line(note, end))) &&
        !note_word_in(note, end, "desde|hasta|hace|actualmente|niega|no"))
        end++;
    if (end > at && !note_word_in(note, at, "no|ninguna|s|desocupado|desocupada|sin"))
        note_claim(note, at, end, KIND_PROFESSION, 90, v->rule);
}

/* ---- codes and numbers ---- */

/* Past "Nº", "y", "/" and the names of documents, which are no part of a code unless digits are
 * glued to them ("CI4556"). */
static size_t skip_to_code(const struct note *note, size_t i, size_t end) {
    while (i < end &&
           (form_is_filler(note, i) || note_is_mark(note, i, '/') ||
            (note_word_in(note, i, "n|no|nro|num|y|de|es|rg|dni|ci|pasaporte|serie|expte") &&
             !(note_glued(note, i + 1) && note_is_number(note, i + 1)))))
        i++;
    return i;
}

/* A code whose groups may stand apart: "28 28 20943", "JTP 1884", "15 004877 0013". */
static size_t code_groups_at(const struct note *note, size_t i, size_t end) {
    size_t n = code_at(note, i, end);
    if (n == 0 && note_is_word(note, i) && note_len(note, i) <= 4 && note_is_number(note, i + 1))
        n = 1;
    while (n && i + n < end && note_token(note, i + n)->gap <= 2 &&
           (note_is_number(note, i + n) ||
            (note_is_mark(note, i + n, '-') && note_is_number(note, i + n + 1))))
        n++;
    return n;
}

static void take_codes(struct note *note, const struct value *v) {
    enum { CODES_MAX = 4 };
    size_t at = v->first;
    for (int codes = 0; codes < CODES_MAX && at < v->end; codes++) {
        at = skip_to_code(note, at, v->end);
        const size_t n = code_groups_at(note, at, v->end);
        if (n == 0) return;
        if (n == 1 && note_is_number(note, at) && note_has(note, at + 1, LEX_AGE_UNIT)) return;
        enum kind kind = v->field->kind;
        /* "Historia / Episodio: 448.207 / E24-0091733" */
        if (codes == 0 && kind == KIND_ID_EPISODE && note_is_mark(note, at + n, '/'))
            kind = KIND_ID_RECORD;
        note_claim(note, at, at + n, kind, 95, v->rule);
        at += n;
        if (!note_mark_in(note, at, "/,") && !note_word_is(note, at, "y")) return;
    }
}

static void take_cedula(struct note *note, const struct value *v) {
    static const struct field foreign_document = {VALUE_CODE, KIND_ID_FOREIGN, false};
    size_t at = v->first;
    while (at < v->end &&
           (form_is_filler(note, at) || note_word_in(note, at, "ci|n|no|nro|numero|c|i|uy")))
        at++;
    const bool foreign = note_word_in(note, at, "pasaporte|dni|rg|nie|cpf|ext|extranjero|pas");
    bool valid = false;
    const size_t n = foreign ? 0 : cedula_at(note, at, true, &valid);
    if (n && at + n <= v->end) {
        note_claim(note, at, at + n, KIND_ID_NATIONAL, 99, valid ? RULE_CEDULA_CHECKED : v->rule);
        return;
    }
    const struct value code = {foreign ? at + 1 : at, v->end, &foreign_document, v->rule};
    take_codes(note, &code);
}

/* The next digit, '+' or "(" with a digit; or as far as one may look for it. */
static size_t skip_to_phone(const struct note *note, size_t i, size_t end) {
    enum { SKIPPED_MAX = 8 };
    for (int skipped = 0; skipped < SKIPPED_MAX && i < end; skipped++, i++) {
        if (note_is_number(note, i) || note_is_mark(note, i, '+')) break;
        if (note_is_mark(note, i, '(') && note_is_number(note, i + 1)) break;
    }
    return i;
}

/* "O99 6l4 2O8": digits that a scan took for letters, so the whole value counts. */
static void take_scanned_phone(struct note *note, const struct value *v) {
    enum { TOKENS_MAX = 8, GAP_BEFORE_VALUE = 10 };
    size_t end = v->first, n_digits = 0, n_words = 0;
    while (end < v->end && end - v->first < TOKENS_MAX &&
           note_token(note, end)->gap <= (end == v->first ? GAP_BEFORE_VALUE : 1)) {
        if (note_is_number(note, end))
            n_digits += note_len(note, end);
        else if (note_is_word(note, end) && note_len(note, end) <= 3)
            n_words++;
        else
            break;
        end++;
    }
    if (n_words && n_digits >= 4 && note_free(note, v->first, end))
        note_claim(note, v->first, end, v->field->kind, 85, v->rule);
}

static void take_phones(struct note *note, const struct value *v) {
    enum { NUMBERS_MAX = 6 };
    size_t at = v->first;
    for (int numbers = 0; numbers < NUMBERS_MAX && at < v->end; numbers++) {
        at = skip_to_phone(note, at, v->end);
        const size_t n = phone_at(note, at, v->end);
        if (n == 0) break;
        if (note_count_digits(note, at, at + n) >= 3 &&
            !note_has(note, at + n, LEX_AGE_UNIT | LEX_UNIT))
            note_claim(note, at, at + n, v->field->kind, 96, v->rule);
        at += n;
    }
    take_scanned_phone(note, v);
}

/* ---- dates and ages ---- */

/* A date, and the age in brackets after it: "4/5/09 (16)", "09/11/1946 (77 a)". Tokens of the
 * date; 0: none. */
static size_t take_whole_date(struct note *note, const struct value *v, size_t at) {
    int score;
    enum rule rule;
    const size_t n = date_at(note, at, true, &score, &rule);
    if (n == 0 || at + n > v->end) return 0;
    note_claim(note, at, at + n, KIND_DATE, 97, v->rule);
    const size_t bracket = at + n;
    const size_t age = note_is_mark(note, bracket, '(') ? age_at(note, bracket + 1, true) : 0;
    if (age && note_is_mark(note, bracket + 1 + age, ')') && note_len(note, bracket + 1) <= 3)
        note_claim(note, bracket + 1, bracket + 1 + age, KIND_AGE, 85, v->rule);
    return n;
}

static void take_part_of_date(struct note *note, const struct value *v, size_t at) {
    if (!note_is_number(note, at)) return;
    const size_t len = note_len(note, at);
    /* "140824": day, month and year without marks */
    if ((len == 6 || len == 8) && note_number(note, at) > 0)
        note_claim(note, at, at + 1, KIND_DATE, 85, v->rule);
    /* "30 .. / .. ABR .. / .. 1989": boxes of a form */
    if (len <= 4 && form_is_rule_line(note, at + 1))
        note_claim(note, at, at + 1, KIND_DATE, 80, v->rule);
}

/* "O7/l1/l948": a scan's digits at the value's beginning; its tokens, 0: none. */
static size_t take_scanned_date(struct note *note, const struct value *v) {
    enum { TOKENS_MAX = 9 };
    size_t end = v->first, n_numbers = 0, n_marks = 0;
    while (end < v->end && end - v->first < TOKENS_MAX &&
           (end == v->first || note_token(note, end)->gap <= 1)) {
        const bool mark = note_mark_in(note, end, "/-.");
        const bool short_word = note_is_word(note, end) && note_len(note, end) <= 4;
        if (!mark && !short_word && !note_is_number(note, end)) break;
        n_numbers += note_is_number(note, end);
        n_marks += mark;
        end++;
    }
    if (n_numbers < 1 || n_marks < 2 || note_is_number(note, v->first + 5)) return 0;
    note_claim(note, v->first, end, KIND_DATE, 80, v->rule);
    return end - v->first;
}

static void take_dates(struct note *note, const struct value *v) {
    for (size_t at = v->first; at < v->end;) {
        size_t n = take_whole_date(note, v, at);
        if (n == 0) {
            take_part_of_date(note, v, at);
            if (at == v->first) n = take_scanned_date(note, v);
        }
        at += n ? n : 1;
    }
}

static void take_age(struct note *note, const struct value *v) {
    const size_t at = skip_fillers(note, v->first, v->end);
    const size_t n = age_at(note, at, true);
    if (n && at + n <= v->end) {
        note_claim(note, at, at + n, KIND_AGE, 97, v->rule);
        return;
    }
    int score;
    enum rule rule; /* "F. nac. (edad)": the date comes first */
    const size_t date = date_at(note, at, true, &score, &rule);
    if (date) note_claim(note, at, at + date, KIND_DATE, 90, v->rule);
}

/* ---- places ---- */

/* Where a town begins in an address: " - ", "(", ";", "barrio", or a comma or full stop before a
 * place of the lists. */
static bool opens_town(const struct note *note, size_t i, size_t first, size_t end) {
    if (i == first) return false;
    if (note_is_mark(note, i, '-') && note_token(note, i)->gap >= 1 &&
        note_token(note, i + 1)->gap >= 1)
        return true;
    if (note_mark_in(note, i, "(;")) return true;
    const bool abbreviated = note_is_mark(note, i, '.') && note_has(note, i - 1, LEX_STREET_TYPE);
    if (note_mark_in(note, i, ",.") && !abbreviated && i + 1 < end) {
        if (note_word_in(note, i + 1, "barrio|b|bo|loc|localidad|depto|dpto") &&
            !note_is_number(note, i + 2))
            return true;
        uint64_t found;
        const size_t n = note_phrase(note, i + 1, LEX_PLACE | LEX_PLACE_WEAK, &found);
        if (n && note_is_capital(note, i + 1) && !note_is_number(note, i + 1 + n)) return true;
    }
    if (note_word_is(note, i, "b") && note_is_ordinal(note, i + 1)) return true;
    return note_word_is(note, i, "barrio");
}

static bool ends_street(const struct note *note, size_t i, size_t first, size_t end) {
    if (opens_town(note, i, first, end)) return true;
    const bool full_stop = note_is_mark(note, i, '.') && i > first && note_len(note, i - 1) > 4 &&
                           note_is_capital(note, i + 1);
    if (full_stop) return true;
    /* a courtesy opens a name; of one letter ("D.") it may be a door */
    if (note_has(note, i, LEX_COURTESY) && note_len(note, i) > 1) return true;
    return form_is_rule_line(note, i);
}

/* Marks and generic words before the name of a place. */
static size_t skip_to_place(const struct note *note, size_t i, size_t end) {
    while (i < end &&
           (form_is_filler(note, i) || note_mark_in(note, i, ",/();") ||
            note_word_in(note, i, "barrio|b|bo|loc|depto|dpto|departamento|localidad|cp")))
        i++;
    return i;
}

/* Words, and the marks and numbers that a place's name holds: "L'Hospitalet", "Gral. Flores",
 * "Mercedes-Soriano", "Km 16". */
static bool continues_place(const struct note *note, size_t i, size_t first, size_t end) {
    if (i > first && note_token(note, i)->gap > 1) return false;
    if (i > first && note_word_in(note, i, "dpto|depto|departamento|cp|barrio|loc|tel|cel"))
        return false;
    if (note_is_word(note, i) || note_is_mark(note, i, '\'')) return true;
    if (note_is_mark(note, i, '.'))
        return i > first && note_len(note, i - 1) <= 5 && i + 1 < end && note_is_word(note, i + 1);
    if (note_is_mark(note, i, '-')) return note_glued(note, i) && note_glued(note, i + 1);
    return note_is_number(note, i) && i > first;
}

static void claim_place(struct note *note, const struct value *v, size_t first, size_t end) {
    const bool country = v->field->type == VALUE_COUNTRY;
    const bool capital = note_is_capital(note, first);
    uint64_t found = 0;
    const size_t n = note_phrase(note, first, LEX_PLACE | LEX_PLACE_WEAK | LEX_COUNTRY, &found);
    const bool listed = n == end - first;
    const bool guarded = note_has(note, first, LEX_CLINICAL | LEX_COMMON) && !listed;
    if (guarded ? !(country && capital) : !(capital || listed || country)) return;
    const enum kind kind = (found & LEX_COUNTRY) || country ? KIND_COUNTRY : KIND_PLACE;
    note_claim(note, first, end, kind, 93, v->rule);
}

static void take_places(struct note *note, const struct value *v) {
    for (size_t at = v->first; at < v->end;) {
        at = skip_to_place(note, at, v->end);
        size_t end = at;
        while (end < v->end && continues_place(note, end, at, v->end))
            end++;
        if (end == at) {
            const size_t len = note_len(note, at);
            if (at < v->end && note_is_number(note, at) && (len == 4 || len == 5))
                note_claim(note, at, at + 1, KIND_PLACE, 85, v->rule); /* a postal code */
            at++;
            continue;
        }
        if (note_word_in(note, at,
                         "uruguayo|uruguaya|oriental|emergencia|domicilio|sala|cti|puerta|"
                         "policlinica|no|si"))
            return;
        claim_place(note, v, at, end);
        at = end;
    }
}

static void take_address(struct note *note, const struct value *v) {
    static const struct field town = {VALUE_PLACE, KIND_PLACE, false};
    const size_t at = skip_fillers(note, v->first, v->end);
    if (note_word_in(note, at, "no|idem|s|desconoce|ignora")) return;
    size_t end = at;
    while (end < v->end && !ends_street(note, end, at, v->end))
        end++;
    note_claim(note, at, end, KIND_STREET, 93, v->rule);
    const struct value rest = {end, v->end, &town, v->rule};
    take_places(note, &rest);
}

static void take_postal_code(struct note *note, const struct value *v) {
    const size_t n = code_at(note, v->first, v->end);
    if (n)
        note_claim(note, v->first, v->first + n, KIND_PLACE, 95, v->rule);
    else
        take_places(note, v);
}

/* ---- institutions ---- */

static bool continues_institution(const struct note *note, size_t i, size_t first) {
    if (note_token(note, i)->gap > 2) return false;
    if (note_is_word(note, i))
        return i == first || note_is_capital(note, i) || note_has(note, i, LEX_PARTICLE);
    return note_is_number(note, i) || note_is_mark(note, i, '"') ||
           (note_is_mark(note, i, '.') && !form_is_rule_line(note, i));
}

static void take_institution(struct note *note, const struct value *v) {
    enum { TOKENS_MAX = 9 };
    size_t at = v->first;
    while (at < v->end && (form_is_filler(note, at) || note_mark_in(note, at, "[]") ||
                           note_word_is(note, at, "x"))) /* "[X] BSE" */
        at++;
    /* after a generic word its own rule knows better where the name ends */
    if (note_has(note, at, LEX_ANY_HEAD) || !note_is_capital(note, at)) return;
    if (note_has(note, at, LEX_CLINICAL | LEX_COMMON) &&
        !note_has(note, at, LEX_INSTITUTION | LEX_INSTITUTION_WEAK | LEX_PLACE))
        return;
    /* weak words say so through their own rule; a value of capitals is a name */
    size_t end = at, n_capitals = 0;
    while (end < v->end && end - at < TOKENS_MAX && continues_institution(note, end, at)) {
        n_capitals += note_is_capital(note, end) && !note_has(note, end, LEX_CLINICAL | LEX_COMMON);
        end++;
    }
    if (n_capitals) note_claim(note, at, end, v->field->kind, 72, v->rule);
}

void value_take(struct note *note, const struct value *v) {
    switch (v->field->type) {
    case VALUE_NAME: take_names(note, v); break;
    case VALUE_STAFF: take_staff(note, v); break;
    case VALUE_CEDULA: take_cedula(note, v); break;
    case VALUE_CODE: take_codes(note, v); break;
    case VALUE_PHONE: take_phones(note, v); break;
    case VALUE_DATE: take_dates(note, v); break;
    case VALUE_AGE: take_age(note, v); break;
    case VALUE_ADDRESS: take_address(note, v); break;
    case VALUE_PLACE:
    case VALUE_COUNTRY: take_places(note, v); break;
    case VALUE_INSTITUTION: take_institution(note, v); break;
    case VALUE_PROFESSION: take_profession(note, v); break;
    case VALUE_SEX: take_sex(note, v); break;
    case VALUE_USER: take_user(note, v); break;
    case VALUE_POSTAL_CODE: take_postal_code(note, v); break;
    case VALUE_EMAIL: /* has its own rule, which ran before */
    case VALUE_OTHER: break;
    }
}
