/* SPDX-License-Identifier: MIT
 *
 * People told by where a line puts them: the author of a line of a chat, the patient of a numbered
 * bed, whoever signs a line or a column.
 */
#include "anon/rules.h"

/* What a chat's list of contacts adds to a name: a trade, a ward, "UTI". */
static bool is_contact_word(const struct note *note, size_t i) {
    if (note_has(note, i, LEX_TITLE | LEX_ROLE | LEX_COURTESY)) return true;
    if (note_has(note, i, LEX_ANY_NAME)) return false;
    return note_has(note, i, LEX_GUARD | LEX_DOOR_WORD) ||
           (note_len(note, i) <= 4 && note_token(note, i)->shape == SHAPE_UPPER);
}

/* "Dr Ariel Bertin", "Caro Enf Gomensoro", "Seba Iruleguy Neuro": the name, and the town after a
 * trade. */
static void claim_contact(struct note *note, size_t first, size_t end) {
    size_t from = first;
    while (from < end && (is_contact_word(note, from) || note_is_mark(note, from, '.')))
        from++;
    size_t to = from;
    while (to < end && (to == from || !is_contact_word(note, to)))
        to++;
    if (to > from) note_claim(note, from, to, KIND_NAME_OTHER, 85, RULE_FIELD);
    for (size_t i = to; i < end; i++) {
        uint64_t found;
        const size_t n = note_phrase(note, i, LEX_PLACE | LEX_PLACE_WEAK, &found);
        if (n && i + n <= end) note_claim(note, i, i + n, KIND_PLACE, 66, RULE_FIELD);
    }
}

/* "[12/11/24, 21:16:40] Majo Kruk: ...": whoever writes in an exported chat. */
static void claim_chat_author(struct note *note, size_t first, size_t end) {
    size_t at = first;
    if (!note_is_mark(note, first, '[')) return;
    while (at < end && at < first + 16 && !note_is_mark(note, at, ']'))
        at++;
    if (!note_is_mark(note, at, ']') || !note_is_number(note, first + 1)) return;
    size_t to = at + 1;
    while (to < end && to < at + 8 && (note_is_word(note, to) || note_is_mark(note, to, '.')))
        to++;
    if (to > at + 1 && note_is_mark(note, to, ':')) claim_contact(note, at + 1, to);
}

/* From a line's start past "2)", "101A |", "c5  ": what numbers a bed. 0: no number. */
static size_t skip_bed(const struct note *note, size_t first, bool *mark) {
    size_t at = first;
    if (note_is_word(note, at) && note_len(note, at) == 1) at++;
    if (!note_is_number(note, at) || note_len(note, at) > 3) return 0;
    at++;
    if (note_is_word(note, at) && note_len(note, at) == 1 && note_glued(note, at)) at++;
    *mark = note_mark_in(note, at, ")|-");
    return *mark ? at + 1 : at;
}

/* "J.C.B.", "y.m.": one past two or more initials glued together, or i. */
static size_t initials_end(const struct note *note, size_t i) {
    size_t at = i;
    while (note_is_word(note, at) && note_len(note, at) == 1 && note_is_mark(note, at + 1, '.') &&
           (at == i || note_glued(note, at)))
        at += 2;
    return at >= i + 4 ? at : i;
}

/* A clinical word, drug, eponym or unit that is no name: the line tells a finding, not a bed. */
static bool has_clinical_word(const struct note *note, size_t first, size_t end) {
    for (size_t i = first; i < end; i++)
        if (note_has(note, i, LEX_CLINICAL | LEX_DRUG | LEX_EPONYM | LEX_UNIT) &&
            !note_has(note, i, LEX_FIRST_NAME | LEX_SURNAME))
            return true;
    return false;
}

/* "Glasgow 15": an eponym and a number that no scale exceeds; "Wells 71" is a patient. */
static bool is_graded(const struct note *note, size_t name, size_t grade) {
    enum { GRADE_MAX = 15 };
    return grade == name + 1 && note_has(note, name, LEX_EPONYM) && note_is_number(note, grade) &&
           note_number(note, grade) <= GRADE_MAX;
}

/* "2) CACHO OLID, 58", "101A | SILVEYRA G. 56A", "c5  brites da rosa": whoever lies in a bed of a
 * list, told by the number before and the age, bracket or bar after. */
static void claim_listed_patient(struct note *note, size_t first, size_t end) {
    bool mark;
    const size_t at = skip_bed(note, first, &mark);
    if (at == 0) return;
    const size_t initials = initials_end(note, at);
    if (initials > at && !note_is_mark(note, initials, ':')) {
        note_claim(note, at, initials, KIND_NAME_PATIENT, 64, RULE_INITIALS);
        return;
    }
    if ((!mark && note_token(note, at)->gap < 1) || !note_is_capital(note, at)) return;
    const size_t n = name_at(note, at, end, NAME_EXPECTED);
    if (n == 0 || !note_free(note, at, at + n)) return;
    size_t after = at + n;
    if (note_is_mark(note, after, ',')) after++;
    const bool age = note_is_number(note, after) && note_len(note, after) == 2;
    const bool box = note_mark_in(note, after, "|(/");
    if ((age || box) && !is_graded(note, at, after) && !has_clinical_word(note, at, at + n))
        note_claim(note, at, at + n, KIND_NAME_PATIENT, 66, RULE_NAME_SHAPE);
}

void rules_chat(struct note *note) {
    const struct note_line *lines = note->lines.data;
    for (size_t l = 0; l < note->lines.n; l++)
        if (lines[l].end > lines[l].first) {
            claim_chat_author(note, lines[l].first, lines[l].end);
            claim_listed_patient(note, lines[l].first, lines[l].end);
        }
}

/* "I. Murphy" alone on a line: an initial and a name sign, whatever else the name means. */
static void claim_signature(struct note *note, size_t first, size_t end) {
    if (end < first + 3 || end > first + 7 || note_len(note, first) != 1 ||
        !note_is_capital(note, first) || !note_is_mark(note, first + 1, '.'))
        return;
    for (size_t i = first + 2; i < end; i++) {
        const bool part = note_is_mark(note, i, '.') || note_has(note, i, LEX_PARTICLE) ||
                          (note_is_capital(note, i) &&
                           (note_token(note, i)->shape == SHAPE_TITLE || note_len(note, i) == 1));
        if (!part || note_has(note, i, LEX_CLINICAL)) return;
    }
    note_claim(note, first, end, KIND_NAME_STAFF, 64, RULE_INITIALS);
}

/* "A. Mattos cir. gral 79113": a line that a name opens and a number closes is a signature. */
static void claim_signed_number(struct note *note, size_t first, size_t end) {
    if (!note_is_named(note, first) || end > first + 12) return;
    const size_t digits = note_len(note, end - 1);
    if (note_is_number(note, end - 1) && digits >= 4 && digits <= 6 && note_is_word(note, end - 2))
        note_claim(note, end - 1, end, KIND_ID_STAFF_LICENCE, 64, RULE_ID_CUED);
}

/* Initials at the end of a line of a table: "03:10  SF 500 cc    n.c." */
static void claim_last_column(struct note *note, size_t first, size_t end) {
    enum { TOKENS_MAX = 8 };
    size_t from = end;
    while (from > first && end - from < TOKENS_MAX &&
           (from == end || note_token(note, from)->gap == 0))
        from--;
    const bool short_word = note_is_word(note, from) && note_len(note, from) <= 4 &&
                            note_token(note, from)->gap >= 2;
    if (short_word && note_is_number(note, first))
        note_claim(note, from, end, KIND_NAME_STAFF, 70, RULE_INITIALS);
}

/* A table whose last column is headed "firma" ends at the first empty line. */
void rules_signatures(struct note *note) {
    const struct note_line *lines = note->lines.data;
    bool in_table = false;
    for (size_t l = 0; l < note->lines.n; l++) {
        const size_t first = lines[l].first, end = lines[l].end;
        claim_signature(note, first, end);
        claim_signed_number(note, first, end);
        const bool empty = end <= first;
        const bool heading = !empty && note_token(note, end - 1)->gap >= 2 &&
                             note_word_in(note, end - 1, "firma|firmas|firmo|enf|resp|responsable");
        if (empty || heading)
            in_table = heading;
        else if (in_table)
            claim_last_column(note, first, end);
    }
}
