/* SPDX-License-Identifier: MIT
 *
 * The forms of calendar dates, whole or in part. Whole dates carry themselves; "3/4" may be a
 * score, a fraction or a blood pressure, so parts need a cue or a form that nothing else has.
 */
#include "anon/rules.h"

bool date_is_day(const struct note *note, size_t i) {
    const long v = note_number(note, i);
    return v >= 1 && v <= 31 && note_len(note, i) <= 2;
}

static bool is_month_number(const struct note *note, size_t i) {
    const long v = note_number(note, i);
    return v >= 1 && v <= 12 && note_len(note, i) <= 2;
}

static bool is_year(const struct note *note, size_t i) {
    const long v = note_number(note, i);
    return note_len(note, i) == 4 && v >= YEAR_MIN && v <= YEAR_MAX;
}

static bool is_year_of_two(const struct note *note, size_t i) {
    return note_is_number(note, i) && note_len(note, i) == 2;
}

static bool has_leading_zero(const struct note *note, size_t i) {
    return note_len(note, i) == 2 && *note_text(note, i) == '0';
}

static bool is_separator(const struct note *note, size_t i) {
    return note_mark_in(note, i, "/-.") && note_token(note, i)->gap <= 1;
}

bool date_is_clock(const struct note *note, size_t i) {
    return note_is_number(note, i) && note_mark_in(note, i + 1, ":.") && note_glued(note, i + 1) &&
           note_is_number(note, i + 2) && note_len(note, i + 2) == 2;
}

bool date_runs_on_before(const struct note *note, size_t i) {
    if (!note_glued(note, i)) return false;
    return note_is_word(note, i - 1) || note_is_number(note, i - 1) ||
           note_number_joined_before(note, i);
}

static bool runs_on_after(const struct note *note, size_t end) {
    if (!note_glued(note, end)) return false;
    if (note_is_word(note, end)) return note_len(note, end) > 1;
    return note_is_number(note, end) || note_number_joined_after(note, end);
}

/* ---- whole dates in figures ---- */

/* "15/11/2024", "11 - jun - 25", "19/VIII/2023", "3.9.25" */
static size_t full_date(const struct note *note, size_t i, int *score) {
    const size_t month = i + 2;
    size_t year = i + 4;
    if (note_is_mark(note, i - 1, '-') && note_glued(note, i) && !is_year(note, year)) return 0;
    if (!is_separator(note, i + 1) || !is_separator(note, i + 3)) return 0;
    if (note_is_mark(note, i + 3, '/') && note_is_mark(note, year, '/')) year++; /* "24/08//1979" */
    if (note_token(note, month)->gap > 1 || note_token(note, year)->gap > 1) return 0;
    const bool words = note_has(note, month, LEX_MONTH | LEX_MONTH_SHORT | LEX_ROMAN_MONTH);
    const bool numbers = date_is_day(note, i) && is_month_number(note, month);
    if (!words && *note_text(note, i + 1) != *note_text(note, i + 3)) return 0; /* "5/2 - 08 hs" */
    const bool american = is_month_number(note, i) && date_is_day(note, month) &&
                          is_year(note, year);
    if (!(date_is_day(note, i) && words) && !numbers && !american) return 0;
    if (!is_year(note, year) && !is_year_of_two(note, year)) return 0;
    if (note_is_mark(note, i + 1, '.') != note_is_mark(note, i + 3, '.')) return 0;
    if (note_is_mark(note, i + 1, '.') && !note_glued(note, month)) return 0;
    *score = is_year(note, year) || words ? 98 : 90;
    return year + 1 - i;
}

/* "2024-11-15" */
static size_t iso_date(const struct note *note, size_t i) {
    return is_year(note, i) && is_separator(note, i + 1) && is_month_number(note, i + 2) &&
                   is_separator(note, i + 3) && date_is_day(note, i + 4) &&
                   note_glued(note, i + 1) && note_glued(note, i + 2) && note_glued(note, i + 3) &&
                   note_glued(note, i + 4)
               ? 5
               : 0;
}

/* ---- months in words ---- */

/* Tokens of " de 2024", " del 2024", " 2024", ", 2024", "/24" from i on; 0: no year. */
static size_t year_after(const struct note *note, size_t i) {
    size_t at = i;
    if (note_word_in(note, at, "de|del")) {
        at++;
        if (note_word_in(note, at, "ano|el")) at++;
        return is_year(note, at) || (is_year_of_two(note, at) && !note_has(note, at + 1, LEX_UNIT))
                   ? at + 1 - i
                   : 0;
    }
    if (note_is_mark(note, at, ',') && is_year(note, at + 1)) return 2;
    if (is_separator(note, at) || note_is_mark(note, at, '\'')) {
        const bool both = note_is_mark(note, at, '.') && note_is_mark(note, at + 1, '/');
        const size_t year = both ? at + 2 : at + 1; /* "nov./24" */
        const bool short_year = is_year_of_two(note, year) && note_token(note, year)->gap == 0 &&
                                !note_is_mark(note, at, '.');
        return is_year(note, year) || short_year ? year + 1 - i : 0;
    }
    return is_year(note, at) && note_token(note, at)->gap <= 2 ? 1 : 0;
}

/* From a day at i to its month: past "º", "ero", and "de" or a separator (*joined). */
static size_t month_of_day(const struct note *note, size_t i, bool *joined) {
    size_t month = i + 1;
    if (note_is_ordinal(note, month) && note_number(note, i) == 1) month++;
    if (note_word_in(note, month, "ero|er") && note_glued(note, month)) month++;
    *joined = is_separator(note, month);
    if (*joined || note_word_in(note, month, "de|del")) month++;
    return month;
}

/* One past the point of an abbreviation, if there is one. */
static size_t skip_point(const struct note *note, size_t i) {
    return note_is_mark(note, i, '.') && note_glued(note, i) ? i + 1 : i;
}

/* "25 NOV 24", "8 MAY", "2 dic.", "mié 4 jun": one past the date, 0: none. In capitals or when
 * they are no other word ("mar", "set"), short forms need no point. */
static size_t spaced_short_month(const struct note *note, size_t month) {
    const size_t after = month + 1;
    const bool sure = (note_token(note, month)->shape == SHAPE_UPPER &&
                       note_len(note, month) == 3) ||
                      !note_word_in(note, month, "mar|set|may|ago");
    if (sure && is_year_of_two(note, after) && note_number(note, after) < 40 &&
        !note_has(note, after + 1, LEX_UNIT))
        return after + 1;
    const size_t point = skip_point(note, after);
    return sure || point > after ? point : 0;
}

/* Number words from i on, joined by "y" or "mil": "treinta y uno", "dos mil veinticuatro". */
static size_t number_words(const struct note *note, size_t i) {
    enum { WORDS_MAX = 7 };
    size_t n = 0;
    while (
        n < WORDS_MAX &&
        (note_has(note, i + n, LEX_NUMBER_WORD) ||
         (n && (note_word_is(note, i + n, "mil") ||
                (note_word_is(note, i + n, "y") && note_has(note, i + n + 1, LEX_NUMBER_WORD))))))
        n++;
    return n;
}

/* "veintisiete dias del mes de noviembre de dos mil diecinueve", "8 dias del mes de mayo de 2023",
 * "diez de setiembre de dos mil veinticuatro": as certificates and deeds write it. */
static size_t date_in_words(const struct note *note, size_t i) {
    const size_t day = date_is_day(note, i) ? 1 : number_words(note, i);
    size_t at = i + day;
    if (day == 0) return 0;
    const bool days = note_word_in(note, at, "dia|dias");
    if (days) at++;
    if (note_word_in(note, at, "del|de") && note_word_is(note, at + 1, "mes")) at += 2;
    if (!note_word_in(note, at, "de|del") || !note_has(note, at + 1, LEX_MONTH)) return 0;
    at += 2;
    size_t year = note_word_in(note, at, "de|del") ? at + 1 : at;
    if (note_word_is(note, year, "ano")) year++;
    const size_t words = number_words(note, year);
    const bool mil = words >= 2 && note_word_is(note, year + 1, "mil");
    if (mil) return year + words - i;
    if (days && is_year(note, year)) return year + 1 - i;
    return days || day > 1 ? at - i : 0;
}

/* "15 de noviembre de 2024", "9 de julio", "3-mar", "29/mayo", "15 nov 2024", "1º de mayo" */
static size_t day_and_month_word(const struct note *note, size_t i, int *score) {
    const bool in_words = note_has(note, i, LEX_NUMBER_WORD) && note_word_is(note, i + 1, "de") &&
                          note_has(note, i + 2, LEX_MONTH); /* "VEINTITRES DE ABRIL" */
    const size_t words = date_in_words(note, i);
    if (words) {
        *score = 96;
        return words;
    }
    if (!date_is_day(note, i) && !in_words) return 0;
    bool joined;
    const size_t month = month_of_day(note, i, &joined), after = month + 1;
    const bool full = note_has(note, month, LEX_MONTH);
    if (note_token(note, month)->gap > 2) return 0;
    if (!full && !note_has(note, month, LEX_MONTH_SHORT)) return 0;
    const size_t year = year_after(note, after);
    *score = 96;
    if (year) return after + year - i;
    if (full) return after - i;
    if (!joined && note_token(note, month)->gap == 1 && note_is_number(note, i)) {
        *score = 72;
        const size_t end = spaced_short_month(note, month);
        if (end) return end - i;
    }
    /* "3-mar", "3 mar.": the short form alone is too short a word to stand by itself */
    if (!joined && !note_word_is(note, month - 1, "de")) return 0;
    *score = 88;
    return skip_point(note, after) - i;
}

/* "mayo" after a cue, "marzo-abril": a month without day or year. */
static size_t lone_month(const struct note *note, size_t i, int *score) {
    const bool full = note_has(note, i, LEX_MONTH), cue = note_has(note, i - 1, LEX_MONTH_CUE);
    const unsigned char first = *note_text(note, i);
    const bool capital = first >= 'A' && first <= 'Z';
    if (!full) {
        *score = 75;
        if (cue && note_is_mark(note, i + 1, '.') && note_word_in(note, i - 1, "en|desde|hasta|de"))
            return 2;
        return note_word_in(note, i - 1, "en|desde|hasta") && !note_word_in(note, i, "mar|set|may");
    }
    /* Julio, Abril with a capital are people, unless the whole line is in capitals */
    const bool person = capital && !note_line_is_upper(note, i) &&
                        note_word_in(note, i, "julio|abril|mayo");
    *score = 80;
    if (cue && !person) return 1;
    *score = 70;
    return !capital && !note_word_in(note, i, "abril|mayo");
}

/* "noviembre de 2024", "nov/24", or a month alone. */
static size_t month_word(const struct note *note, size_t i, bool expected, int *score,
                         enum rule *rule) {
    const bool full = note_has(note, i, LEX_MONTH);
    if (!full && !note_has(note, i, LEX_MONTH_SHORT)) return 0;
    const size_t year = year_after(note, i + 1);
    *rule = RULE_DATE_WORDS;
    *score = 95;
    /* "set 2024" is a date, "mar 2021" too; "set/24" as well: the year decides */
    if (year &&
        (full || !note_word_in(note, i, "set|may|mar|ago") || year > 1 || is_year(note, i + 1)))
        return 1 + year;
    *rule = RULE_DATE_PART;
    return expected ? 1 : lone_month(note, i, score);
}

/* ---- day and month in figures ---- */

/* Numbers in neighbouring columns: a table of pressures and pulses. */
static bool number_beside_wide(const struct note *note, size_t i) {
    if (note_is_number(note, i - 1)) return true;
    return note_is_number(note, i + 3) && note_len(note, i + 3) >= 2 &&
           note_token(note, i + 3)->gap >= 2 && !note_word_in(note, i + 4, "hs|hrs|h|am|pm") &&
           !note_is_number(note, i + 4);
}

/* A score ("APGAR 8/9"), a dose or a share. */
static bool is_scored_or_measured(const struct note *note, size_t i) {
    for (size_t back = 1; back <= 4 && back <= i; back++)
        if (note_word_in(note, i - back, "apgar|aldrete|eva|mallampati|silverman|tal")) return true;
    if (note_has(note, i + 3, LEX_UNIT) && !note_word_in(note, i + 3, "hs|hrs|h|a|y")) return true;
    return note_is_mark(note, i + 3, '%');
}

static bool is_day_cue(const struct note *note, size_t i) {
    return note_has(note, i, LEX_WEEKDAY | LEX_DAY_CUE);
}

/* Where evolutions put their dates: at a line's start, in a column, before an hour. 0: elsewhere.
 */
static int score_of_layout(const struct note *note, size_t i, long month) {
    const bool heads_line = note_line_first(note, i) == i;
    if (date_is_clock(note, i + 3) && heads_line) return 85;
    if (note_is_mark(note, i - 1, '[')) return 85;
    const bool opens = heads_line || note_token(note, i)->gap >= 3;
    const bool hour = note_is_number(note, i + 3) && note_word_in(note, i + 4, "hs|hrs|h|am|pm");
    if (opens && (hour || note_is_newline(note, i + 3) || note_token(note, i + 3)->gap >= 2) &&
        month != 10 && !number_beside_wide(note, i))
        return 72;
    if (heads_line && (note_mark_in(note, i + 3, ":-") || note_is_newline(note, i + 3))) return 82;
    return 0;
}

/* Within a sentence what stands before decides, and how little else the two numbers may be. */
static int score_in_prose(const struct note *note, size_t i, long day, long month) {
    if (note_is_number(note, i - 1) || (note_is_number(note, i + 3) && !date_is_clock(note, i + 3)))
        return 0; /* a table of pressures */
    if (note_word_in(note, i - 1,
                     "pa|ta|pas|pam|tas|eva|av|od|oi|soplo|fuerza|grado|apgar|"
                     "aldrete|mallampati|glasgow|apfel|lee|borg|motor|mrc"))
        return 0;
    if (note_has(note, i - 1, LEX_CLINICAL | LEX_EPONYM | LEX_UNIT) && day <= 12 && month != 8 &&
        month != 9 && month != 11)
        return 0;
    if (note_is_mark(note, i - 1, '(') && note_mark_in(note, i + 3, "),") && month != 10)
        return day > month || month > 6 ? 78 : 0;
    if (note_has(note, i - 1, LEX_DRUG)) return 0; /* "NPH 24/10", "Sinemet 25/250" */
    /* no fraction or scale has more than 20 above, and few have 7, 8, 9 or 11 below */
    if (day > 20) return 75;
    if (month == 7 || month == 8 || month == 9 || month == 11) return 60;
    if (month <= 3 && day >= 4) return 58;
    return day > 12 && month == 12 ? 62 : 0;
}

/* How likely "14/8" is a day and a month: 0 no, else percent. */
static int day_month_score(const struct note *note, size_t i) {
    const long day = note_number(note, i), month = note_number(note, i + 2);
    const bool zero = has_leading_zero(note, i) || has_leading_zero(note, i + 2);
    if (is_scored_or_measured(note, i)) return 0;
    if (is_day_cue(note, i - 1) || (note_is_mark(note, i - 1, '.') && is_day_cue(note, i - 2)))
        return 88;
    if (zero && month != 10) return note_is_number(note, i - 1) ? 60 : 80;
    if (note_has(note, i + 3, LEX_UNIT)) return 0;  /* "1/12 hs" */
    if (month == 10 && day < 10 && !zero) return 0; /* a score out of ten */
    const int layout = score_of_layout(note, i, month);
    return layout ? layout : score_in_prose(note, i, day, month);
}

/* "07-02" alone on its line. */
static bool stands_alone(const struct note *note, size_t i) {
    return note_line_first(note, i) == i && note_is_newline(note, i + 3) &&
           note_len(note, i) == 2 && note_len(note, i + 2) == 2;
}

static size_t day_and_month(const struct note *note, size_t i, bool expected, int *score) {
    if (!date_is_day(note, i) || !note_glued(note, i + 1) || !note_glued(note, i + 2) ||
        !is_month_number(note, i + 2))
        return 0;
    const bool slash = note_is_mark(note, i + 1, '/');
    const bool other = note_mark_in(note, i + 1, "-.");
    const bool alone = other && (stands_alone(note, i) || note_has(note, i - 1, LEX_WEEKDAY));
    if (!slash && !(other && expected) && !alone) return 0;
    *score = expected ? 85 : alone ? 75 : day_month_score(note, i);
    return *score ? 3 : 0;
}

/* "16/X": a Roman month in capitals. */
static size_t day_and_roman(const struct note *note, size_t i, int *score) {
    if (!date_is_day(note, i) || !note_is_mark(note, i + 1, '/') || !note_glued(note, i + 1) ||
        !note_glued(note, i + 2) || !note_has(note, i + 2, LEX_ROMAN_MONTH) ||
        !note_is_capital(note, i + 2))
        return 0;
    *score = note_len(note, i + 2) > 1 || note_word_is(note, i + 2, "x") ? 72 : 0;
    return *score ? 3 : 0;
}

/* ---- months and years ---- */

/* "03/2019" */
static size_t month_and_year(const struct note *note, size_t i, int *score) {
    if (!is_month_number(note, i) || !is_separator(note, i + 1) || !note_glued(note, i + 1) ||
        !is_year(note, i + 2) || !note_glued(note, i + 2) || note_is_mark(note, i + 1, '.'))
        return 0;
    *score = 88;
    return 3;
}

/* "hasta 3/26", "vence 11/25" */
static size_t month_and_short_year(const struct note *note, size_t i, int *score) {
    enum { SHORT_YEAR_MIN = 15, SHORT_YEAR_MAX = 40 };
    if (!is_month_number(note, i) || !note_is_mark(note, i + 1, '/') || !note_glued(note, i + 1) ||
        !is_year_of_two(note, i + 2) || !note_glued(note, i + 2))
        return 0;
    const long year = note_number(note, i + 2);
    if (year < SHORT_YEAR_MIN || year > SHORT_YEAR_MAX) return 0;
    if (!note_word_in(note, i - 1, "hasta|desde|vence|vto|vencimiento|vigencia|para")) return 0;
    *score = 75;
    return 3;
}

/* Four digits that only look like a year: a dose, a law, a version of a scale, a code. */
static bool is_no_year(const struct note *note, size_t i) {
    if (note_has(note, i + 1, LEX_UNIT) || note_is_mark(note, i + 1, '%')) return true;
    if (note_is_ordinal(note, i - 1) || (i > 1 && note_is_ordinal(note, i - 2))) return true;
    if (note_mark_in(note, i + 1, "-/") && note_glued(note, i + 1) && note_glued(note, i + 2) &&
        note_is_word(note, i + 2))
        return true; /* "2025-TB-00619" */
    if (note_is_word(note, i - 1) && note_glued(note, i - 1) && note_is_number(note, i - 2))
        return true; /* DOT-3AA 2015 */
    return note_has(note, i - 1, LEX_DRUG | LEX_UNIT) ||
           note_word_in(note, i - 1,
                        "tnm|rd|ley|decreto|icd|figo|who|oms|isup|ajcc|gold|tokio|atlanta|baveno|"
                        "nyha|aha|esc|ringer|sf|diuresis|bh");
}

/* "2019-2021", "2019/2021": another year beside this one. */
static bool is_in_range_of_years(const struct note *note, size_t i) {
    return (note_mark_in(note, i - 1, "-/") && is_year(note, i - 2)) ||
           (note_mark_in(note, i + 1, "-/") && is_year(note, i + 2));
}

/* A year alone. */
static size_t lone_year(const struct note *note, size_t i, bool expected, int *score) {
    enum { LONE_MIN = 1920, UNCUED_MIN = 1950 }; /* before, four digits are something else */
    if (!is_year(note, i) || note_number(note, i) < LONE_MIN || is_no_year(note, i)) return 0;
    const bool cue = note_has(note, i - 1, LEX_YEAR_CUE) || note_is_mark(note, i - 1, '(');
    const bool heads_line = note_line_first(note, i) == i && note_is_mark(note, i + 1, ':');
    if (expected || cue || heads_line || is_in_range_of_years(note, i)) {
        *score = 82;
        return 1;
    }
    /* between words and no number near: "IAM 2014, ACV 2019" */
    const bool number_near = note_is_number(note, i - 1) || note_is_number(note, i + 1) ||
                             (note_is_mark(note, i + 1, ',') && note_glued(note, i + 2) &&
                              note_is_number(note, i + 2));
    if (number_near || note_number(note, i) < UNCUED_MIN) return 0;
    *score = 60;
    return 1;
}

/* ---- any of them ---- */

static size_t date_of_word(const struct note *note, size_t i, bool expected, int *score,
                           enum rule *rule) {
    *rule = RULE_DATE_WORDS;
    const size_t n = note_has(note, i, LEX_NUMBER_WORD) ? day_and_month_word(note, i, score) : 0;
    if (n) return n;
    if (note_word_in(note, i, "ano|anos") && is_year(note, i + 1)) {
        *rule = RULE_DATE_PART;
        *score = 90;
        return 2;
    }
    return month_word(note, i, expected, score, rule);
}

/* A date without its year, its day or both. */
static size_t part_of_date(const struct note *note, size_t i, bool expected, int *score) {
    size_t n;
    if ((n = month_and_year(note, i, score))) return runs_on_after(note, i + n) ? 0 : n;
    if ((n = day_and_roman(note, i, score))) return n;
    if ((n = month_and_short_year(note, i, score))) return n;
    if ((n = day_and_month(note, i, expected, score))) return runs_on_after(note, i + n) ? 0 : n;
    const bool range = note_mark_in(note, i + 1, "-/") && is_year(note, i + 2);
    if (runs_on_after(note, i + 1) && !range) return 0;
    return lone_year(note, i, expected, score);
}

size_t date_at(const struct note *note, size_t i, bool expected, int *score, enum rule *rule) {
    size_t n = 0;
    *rule = RULE_DATE_NUMERIC;
    *score = 97;
    if (note_is_word(note, i)) return date_of_word(note, i, expected, score, rule);
    if (!note_is_number(note, i)) return 0;
    /* "fecha14/03/2025control": a whole date with its year stands even glued to words */
    const bool after_word = note_glued(note, i) && note_is_word(note, i - 1) &&
                            note_len(note, i - 1) > 2;
    if (!expected && !after_word && date_runs_on_before(note, i)) return 0;
    if ((n = iso_date(note, i)) || (n = full_date(note, i, score))) {
        const bool whole = n == 5 && (is_year(note, i) || is_year(note, i + 4));
        return runs_on_after(note, i + n) && !(whole && note_is_word(note, i + n)) ? 0 : n;
    }
    if (!expected && after_word) return 0;
    *rule = RULE_DATE_WORDS;
    if ((n = day_and_month_word(note, i, score))) return n;
    *rule = RULE_DATE_PART;
    return part_of_date(note, i, expected, score);
}
