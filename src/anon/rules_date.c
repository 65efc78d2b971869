/* SPDX-License-Identifier: MIT
 *
 * Calendar dates where they stand in a note: the forms of date_grammar.c outside the names of
 * streets and hospitals, the days that share the month of a date after them, and days told by
 * their number alone.
 */
#include "anon/rules.h"

/* 20241115, 202411151030: dates of HL7 messages, told by their bars. */
static bool claim_hl7(struct note *note, size_t i) {
    const size_t len = note_len(note, i);
    const unsigned char *s = note_text(note, i);
    if (!note_is_number(note, i) || (len != 8 && len != 12 && len != 14)) return false;
    const int year = (s[0] - '0') * 1000 + (s[1] - '0') * 100 + (s[2] - '0') * 10 + (s[3] - '0');
    const int month = (s[4] - '0') * 10 + (s[5] - '0'), day = (s[6] - '0') * 10 + (s[7] - '0');
    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    const bool bars = note_is_mark(note, i - 1, '|') || note_is_mark(note, i + 1, '|') ||
                      note_is_mark(note, i - 1, '^') || note_is_mark(note, i + 1, '^');
    return bars && note_claim(note, i, i + 1, KIND_DATE, 90, RULE_DATE_NUMERIC);
}

/* "[dom 7]", "vie 12:": a short weekday and its number alone in brackets or opening a line. */
static bool is_day_of_short_weekday(const struct note *note, size_t i) {
    const bool closes = note_mark_in(note, i + 1, "]):") || note_is_newline(note, i + 1);
    return closes && note_word_in(note, i - 1, "lun|mie|jue|vie|sab|dom|lu|ma|mi|ju|vi|sa|do") &&
           (note_line_first(note, i) == i - 1 || note_mark_in(note, i - 2, "[("));
}

/* The number before token `i` counts or measures something: "el 10%", "al 3/4", "el 2º", "el 5 mg",
 * "entre el 10 y el 25%", "el 3 por ciento". */
static bool is_quantity_before(const struct note *note, size_t i) {
    enum { PERCENT_WITHIN = 5 };
    for (size_t j = i; j < i + PERCENT_WITHIN; j++)
        if (note_is_mark(note, j, '%')) return true;
    if (note_mark_in(note, i, "/-") || note_is_ordinal(note, i)) return true;
    if (note_glued(note, i) &&
        (note_is_word(note, i) || (note_glued(note, i + 1) && note_is_number(note, i + 1))))
        return true;
    if (note_has(note, i, LEX_UNIT | LEX_CLINICAL | LEX_AGE_UNIT | LEX_DRUG) &&
        !note_has(note, i, LEX_COMMON))
        return true;
    /* "el 3 a la noche" is a date all the same */
    return (note_has(note, i, LEX_UNIT | LEX_AGE_UNIT) || note_word_is(note, i, "por")) &&
           !note_word_is(note, i, "a");
}

/* "el 11", "el día 3", "lunes 9", "del 3 al 8": the number alone is the date. */
static bool is_lone_day(const struct note *note, size_t i) {
    if (!date_is_day(note, i) || note_glued(note, i) || i == 0) return false;
    if (is_day_of_short_weekday(note, i)) return true;
    if (!note_has(note, i - 1, LEX_WEEKDAY) && !note_word_in(note, i - 1, "el|al|del"))
        return false;
    if (is_quantity_before(note, i + 1)) return false;
    return !note_is_number(note, i + 1) || date_is_clock(note, i + 1);
}

/* "el 3, 4 y 5 de mayo", "3 al 8 de mayo": numbers before a date that share its month. */
static void claim_days_before(struct note *note, size_t first) {
    enum { DAYS_MAX = 4 };
    for (int days = 0; days < DAYS_MAX && first >= 2; days++) {
        const size_t day = first - 2;
        const bool joined = note_word_in(note, first - 1, "y|al|a|e") ||
                            note_mark_in(note, first - 1, ",-");
        if (!joined || !date_is_day(note, day) || !note_free(note, day, first - 1)) return;
        if (date_runs_on_before(note, day)) return;
        note_claim(note, day, day + 1, KIND_DATE, 75, RULE_DATE_PART);
        first = day;
    }
}

/* "Hospital 12 de Octubre", "Avda. 8 de Octubre", "19 de Abril 455": the date in [i, end) is the
 * name of something. */
static bool is_proper_name(const struct note *note, size_t i, size_t end) {
    const uint64_t named = LEX_HOSPITAL_HEAD | LEX_STREET_TYPE;
    if (note_has(note, i - 1, named)) return true;
    if (note_is_mark(note, i - 1, '.') && note_has(note, i - 2, named)) return true;
    if (note_word_in(note, i - 1, "universitario|clinico|general") && note_is_capital(note, i - 1))
        return true;
    /* a street and its number */
    return note_is_number(note, end) && note_len(note, end) >= 3 &&
           note_token(note, end)->gap == 1 && note_is_capital(note, end - 1);
}

void rules_dates(struct note *note) {
    const size_t n = note_n(note);
    for (size_t i = 0; i < n;) {
        int score;
        enum rule rule;
        if (claim_hl7(note, i)) {
            i++;
            continue;
        }
        const size_t len = date_at(note, i, false, &score, &rule);
        if (len && rule == RULE_DATE_WORDS && is_proper_name(note, i, i + len)) {
            i += len;
        } else if (len && note_claim(note, i, i + len, KIND_DATE, score, rule)) {
            if (rule == RULE_DATE_WORDS || rule == RULE_DATE_PART) claim_days_before(note, i);
            i += len;
        } else {
            if (is_lone_day(note, i)) note_claim(note, i, i + 1, KIND_DATE, 70, RULE_DATE_DAY);
            i++;
        }
    }
}
