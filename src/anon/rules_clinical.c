/* SPDX-License-Identifier: MIT
 *
 * Closes what only looks personal before weaker rules see it: eponyms in their phrase ("signo de
 * Murphy", "Child-Pugh"), drugs with a dose, codes of diseases. This vetoes only what has no
 * evidence of its own: titles and fields read the text themselves and are asked first where they
 * count (a field's rule runs on open tokens, so names and numbers are never closed here).
 */
#include "anon/rules.h"

/* I21.4, C50.9, J13: a letter and two digits, perhaps a point and one more (CIE-10). */
static size_t disease_code(const struct note *note, size_t i) {
    if (!note_is_word(note, i) || note_len(note, i) != 1 || !note_is_capital(note, i)) return 0;
    if (!note_is_number(note, i + 1) || !note_glued(note, i + 1) || note_len(note, i + 1) != 2)
        return 0;
    if (note_is_mark(note, i + 2, '.') && note_glued(note, i + 2) && note_glued(note, i + 3) &&
        note_is_number(note, i + 3) && note_len(note, i + 3) <= 2)
        return 4;
    return note_glued(note, i + 2) && (note_is_word(note, i + 2) || note_is_mark(note, i + 2, '-'))
               ? 0
               : 2;
}

/* "Child-Pugh", "Wernicke-Korsakoff": eponyms joined by a hyphen are no double surname. */
static size_t joined_eponyms(const struct note *note, size_t i) {
    size_t n = 0;
    bool eponym = note_has(note, i, LEX_EPONYM);
    if (!note_is_capital(note, i) || (!eponym && note_has(note, i, LEX_FIRST_NAME))) return 0;
    while (note_is_mark(note, i + n + 1, '-') && note_glued(note, i + n + 1) &&
           note_is_capital(note, i + n + 2) && note_glued(note, i + n + 2)) {
        eponym |= note_has(note, i + n + 2, LEX_EPONYM);
        n += 2;
    }
    return n && eponym ? n + 1 : 0;
}

/* "Charles Bonnet", "Gilles de la Tourette", "Rosa de Bengala" */
static size_t eponym_phrase(const struct note *note, size_t i) {
    uint64_t found;
    const size_t n = note_is_capital(note, i) ? note_phrase(note, i, LEX_EPONYM_PHRASE, &found) : 0;
    return n >= 2 ? n : 0;
}

/* "Hughes 3", "Stevenson B", "Garden IV": a surname with the grade of a scale. A higher number may
 * be the age of somebody of that name. */
static size_t graded_eponym(const struct note *note, size_t i) {
    enum { GRADE_MAX = 12 };
    const size_t grade = i + 1;
    if (!note_has(note, i, LEX_EPONYM_NAME) || !note_is_capital(note, i)) return 0;
    if (note_token(note, grade)->gap != 1 || note_has(note, i - 1, LEX_FIRST_NAME)) return 0;
    const bool number = note_is_number(note, grade) && note_len(note, grade) <= 2 &&
                        note_number(note, grade) <= GRADE_MAX && age_at(note, grade, false) == 0;
    const bool roman = note_has(note, grade, LEX_ROMAN_MONTH) &&
                       note_token(note, grade)->shape == SHAPE_UPPER;
    const bool letter = note_is_word(note, grade) && note_len(note, grade) == 1 &&
                        note_is_capital(note, grade) && !note_is_mark(note, grade + 1, '.');
    return number || roman || letter ? 2 : 0;
}

void rules_clinical(struct note *note) {
    const size_t n = note_n(note);
    for (size_t i = 0; i < n; i++) {
        size_t len = disease_code(note, i);
        const bool titled = i > 0 && note_has(note, i - 1, LEX_TITLE | LEX_COURTESY);
        if (len == 0 && !titled) len = joined_eponyms(note, i);
        if (len == 0 && !titled) len = eponym_phrase(note, i);
        if (len == 0 && !titled) len = graded_eponym(note, i);
        if (len) {
            note_close(note, i, i + len);
            i += len - 1;
        }
    }
}
