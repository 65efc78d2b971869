/* SPDX-License-Identifier: MIT
 *
 * What a note says about a person: age, sex, kinship, profession.
 *
 * "5 años" is an age or a duration. It is an age after a word for a person ("varón de 53 años"),
 * before "de edad", and for years of adult life after "a los"; a duration otherwise.
 */
#include "anon/rules.h"

#include <string.h>

static bool is_number_or_word(const struct note *note, size_t i) {
    if (note_is_number(note, i)) {
        const long v = note_number(note, i);
        return v >= 0 && v <= 120 && note_len(note, i) <= 3;
    }
    return note_has(note, i, LEX_NUMBER_WORD);
}

/* "53", "sesenta y tres", "3,5" */
static size_t quantity_at(const struct note *note, size_t i) {
    if (!is_number_or_word(note, i)) return 0;
    size_t n = 1;
    if (note_is_number(note, i)) {
        if (note_is_mark(note, i + 1, ',') && note_glued(note, i + 1) &&
            note_is_number(note, i + 2) && note_glued(note, i + 2))
            n = 3;
        return n;
    }
    if (note_word_is(note, i + 1, "y") && note_has(note, i + 2, LEX_NUMBER_WORD)) n = 3;
    return n;
}

static bool is_year_unit(const struct note *note, size_t i) {
    return note_word_in(note, i, "anos|ano|anios|anio|aiios") ||
           (note_len(note, i) == 1 && note_word_is(note, i, "a") && note_token(note, i)->gap <= 1);
}

static bool is_unit(const struct note *note, size_t i) {
    return note_has(note, i, LEX_AGE_UNIT) || is_year_unit(note, i) ||
           (note_len(note, i) == 1 && note_word_in(note, i, "m|d") &&
            note_token(note, i)->gap <= 1);
}

size_t age_at(const struct note *note, size_t i, bool bare) {
    size_t n = quantity_at(note, i);
    if (n == 0) return 0;
    /* "20 o 21 años" */
    if (note_word_in(note, i + n, "o|a") && note_is_number(note, i + n + 1) &&
        is_unit(note, i + n + 2))
        return n + 3;
    if (!is_unit(note, i + n)) return bare && note_is_number(note, i) ? n : 0;
    n++;
    /* "7 m 18 d" */
    if (note_is_number(note, i + n) && is_unit(note, i + n + 1) && note_len(note, i + n - 1) <= 5 &&
        note_token(note, i + n)->gap <= 1 && note_len(note, i + n) <= 2)
        n += 2;
    if (note_len(note, i + n - 1) == 1 && note_is_mark(note, i + n, '.') &&
        note_glued(note, i + n) && !note_is_newline(note, i + n + 1) &&
        note_token(note, i + n + 1)->type == TOKEN_MARK)
        n++;
    /* "3 años y medio", "2 años y 4 meses" */
    if (note_word_in(note, i + n, "y|con")) {
        if (note_word_in(note, i + n + 1, "medio|media")) return n + 2;
        const size_t more = quantity_at(note, i + n + 1);
        if (more && note_has(note, i + n + 1 + more, LEX_AGE_UNIT)) return n + 2 + more;
    }
    return n;
}

static bool is_person_word(const struct note *note, size_t i) {
    return note_has(note, i, LEX_SEX | LEX_KIN) || note_has(note, i, LEX_PERSON_WORD);
}

static bool is_owned_by_person(const struct note *note, size_t i) {
    return note_owner(note, i) <= KIND_ID_FOREIGN; /* a name or a national document */
}

/* A word for a person in the few tokens before, with nothing but description between. */
static bool follows_person(const struct note *note, size_t i) {
    size_t back = 0;
    for (size_t j = i; j > 0 && back < 6; back++) {
        j--;
        if (note_is_newline(note, j)) return false;
        if (is_person_word(note, j) || is_owned_by_person(note, j)) return true;
        if (note_mark_in(note, j, ",(")) continue;
        if (note_token(note, j)->type != TOKEN_WORD) return false;
        if (note_word_in(note, j,
                         "hace|hacia|durante|desde|tras|ultimos|evolucion|cada|primeros|"
                         "despues|seguimiento|antes|siguientes|en|a|fumador|fumadora|exfumador"))
            return false;
    }
    return false;
}

static bool is_duration_after(const struct note *note, size_t end) {
    return note_word_in(note, end,
                        "de|antes|despues|previos|previo|mas|atras|desde|siguientes|"
                        "anteriores|evolucion") &&
           !(note_word_is(note, end, "de") && note_word_is(note, end + 1, "edad"));
}

/* How sure "N años" is an age; 0: it is a duration. */
static int age_score(const struct note *note, size_t i, size_t n) {
    const size_t end = i + n;
    const bool years = is_year_unit(note, end - 1) || n > 2;
    if (note_word_is(note, end, "de") && note_word_is(note, end + 1, "edad")) return 95;
    if (note_word_is(note, i - 1, "edad") ||
        (note_word_in(note, i - 1, "de|a") && note_word_in(note, i - 2, "edad|edades")))
        return 92;
    const bool of = note_word_in(note, i - 1, "de");
    const bool comma = note_mark_in(note, i - 1, ",(/~");
    const long value = note_number(note, i);
    if (is_duration_after(note, end)) {
        if (!(of && follows_person(note, i - 1) && years && value >= 12)) return 0;
    }
    if ((of || comma) && follows_person(note, i - 1)) return 92;
    if (is_person_word(note, i - 1) ||
        note_word_in(note, i - 1, "tiene|tenia|cumplio|cumple|con")) {
        if (note_word_is(note, i - 1, "con") && !follows_person(note, i - 1)) return 0;
        return years ? 80 : 70;
    }
    if (note_word_in(note, i - 1, "los") && note_word_in(note, i - 2, "a|desde|hasta") && years &&
        note_has(note, end - 1, LEX_AGE_UNIT)) {
        return value >= 12 || value < 0 ? 78 : value >= 6 ? 60 : 0;
    }
    if (comma && years && (value >= 16 || note_has(note, end - 1, LEX_AGE_UNIT)) && i >= 2 &&
        note_is_capital(note, i - 2))
        return 78; /* "Idelmar Klimenko, 52 a" */
    if (note_is_mark(note, i - 1, '~')) return 75;
    /* "setenta y ocho años": nobody tells a duration so */
    if (n == 4 && note_has(note, i, LEX_NUMBER_WORD) && years &&
        !note_word_in(note, i - 1, "hace|desde|durante|de|en"))
        return 66;
    /* "  71 a  ": a box of its own; "Sjogren solo. 47 anos, modista": it opens a sentence */
    const bool box = (note_token(note, i)->gap >= 2 || note_is_mark(note, i - 1, '|')) &&
                     (note_token(note, end)->gap >= 2 || note_mark_in(note, end, "|"));
    if (box && years && value >= 13) return 66;
    if (note_is_mark(note, i - 1, '.') && note_is_mark(note, end, ',') && years && value >= 13)
        return 64;
    if (note_line_first(note, i) == i && years && value >= 1) return 60;
    if (note_is_mark(note, i - 1, '(') && note_is_mark(note, end, ')') && years) return 70;
    if (note_is_mark(note, i - 1, '.') && note_is_mark(note, end, '.') && years && value >= 10)
        return 66;
    return 0;
}

void rules_ages(struct note *note) {
    const size_t n = note_n(note);
    for (size_t i = 0; i < n; i++) {
        if (!note_free(note, i, i + 1)) continue;
        const size_t len = age_at(note, i, false);
        if (len && i > 0 &&
            !(note_glued(note, i) && (note_is_number(note, i - 1) || note_is_word(note, i - 1)))) {
            const bool bed = note_line_first(note, i) == i &&
                             note_glued(note, i + 1); /* "101A |" */
            const int score = bed ? 0 : age_score(note, i, len);
            if (score && note_claim(note, i, i + len, KIND_AGE, score, RULE_AGE)) {
                i += len - 1;
                continue;
            }
            if (len > 1) {
                i += len - 1;
                continue;
            }
        }
    }
}

/* A number of one or two digits; of one, only with its unit ("8 m"). */
static bool may_be_bare_age(const struct note *note, size_t i) {
    return note_is_number(note, i) && note_len(note, i) <= 2 && note_number(note, i) >= 1 &&
           (note_len(note, i) == 2 || age_at(note, i, false) >= 2);
}

/* Back from an age over what may stand between it and a name: "Loureiro / 23", "(Flo), de 4 a". */
static size_t skip_back_to_name(const struct note *note, size_t i) {
    size_t before = i - 1;
    while (before > 0 &&
           (note_mark_in(note, before, ",/(~)\"") || note_word_is(note, before, "de") ||
            (note_is_mark(note, before, '-') && note_token(note, before)->gap)))
        before--;
    return before;
}

/* "tiene 73", "a los 46": years of a life, unless a unit or a finding says what they count. */
static bool is_lived(const struct note *note, size_t i) {
    if (!note_word_in(note, i - 1, "tiene|tenia|cumplio|cumple") &&
        !(note_word_is(note, i - 1, "los") && note_word_in(note, i - 2, "a|desde|hasta")))
        return false;
    if (note_glued(note, i + 1) && note_token(note, i + 1)->type != TOKEN_MARK) return false;
    return note_number(note, i) >= 10 && !note_is_number(note, i + 1) &&
           !note_has(note, i + 1, LEX_AGE_UNIT | LEX_UNIT | LEX_CLINICAL | LEX_PERSON_CUE);
}

/* What ends an age without its unit: a mark, a column, the line. */
static bool closes_age(const struct note *note, size_t i) {
    return note_is_newline(note, i) || note_mark_in(note, i, ",/.);|") ||
           note_token(note, i)->gap >= 3 ||
           (note_is_mark(note, i, '-') && note_token(note, i)->gap);
}

/* "Blanca Nieves Cebolatí 88 /", "Brahian Loureiro / 23 a": bare after a name. */
static bool is_age_of_name(const struct note *note, size_t i, size_t before, size_t after) {
    const bool dated = note_owner(note, before) == KIND_DATE && note_glued(note, i + 1) &&
                       note_word_is(note, i + 1, "a"); /* "4/5/09 16a" */
    if (!note_is_named(note, before) && !dated) return false;
    if (age_at(note, i, false) <= 1 && !closes_age(note, after)) return false;
    const bool street = note_is_number(note, after + 1) && note_len(note, after + 1) == 5;
    const bool decimal = note_glued(note, after + 1) && note_is_number(note, after + 1);
    return !street && !decimal;
}

/* "M1  Cúneo 81  ICC": in a list of beds, right after the name that opens the row. */
static bool is_age_in_row(const struct note *note, size_t i, size_t before) {
    enum { OPENING_TOKENS_MAX = 5 };
    if (note_len(note, i) != 2 || !note_is_named(note, before) || i - before > 2) return false;
    size_t name = before;
    while (name > 0 && (note_is_named(note, name - 1) || note_is_mark(note, name - 1, '.')))
        name--;
    if (name - note_line_first(note, i) > OPENING_TOKENS_MAX) return false;
    const size_t after = i + 1;
    if (note_glued(note, after) && !note_mark_in(note, after, ".,:;)")) return false;
    return !note_is_number(note, after) && !note_has(note, after, LEX_UNIT) &&
           !note_mark_in(note, after, "%/x") && note_number(note, i) >= 13;
}

/* "(madre, 88)", "masc, 56,": a person's word, a comma, a number that a mark closes. */
static bool is_age_of_person(const struct note *note, size_t i) {
    if (note_len(note, i) != 2 || note_number(note, i) < 13 || i < 2) return false;
    const size_t person = note_is_mark(note, i - 1, ',') ? i - 2 : i - 1;
    const bool told = note_has(note, person, LEX_KIN | LEX_SEX) ||
                      note_word_in(note, person, "masc|fem|aprox");
    return told && note_mark_in(note, i + 1, ",).;") &&
           !(note_is_mark(note, i + 1, ',') && note_glued(note, i + 2) &&
             note_is_number(note, i + 2));
}

void rules_bare_ages(struct note *note) {
    const size_t n = note_n(note);
    for (size_t i = 1; i < n; i++) {
        if (!note_free(note, i, i + 1) || !may_be_bare_age(note, i)) continue;
        const size_t after = i + age_at(note, i, true), before = skip_back_to_name(note, i);
        /* a column of its own after a cédula */
        const bool column = before == i - 1 && note_owner(note, before) == KIND_ID_NATIONAL &&
                            note_token(note, i)->gap >= 3 && note_token(note, after)->gap >= 3;
        if (column)
            note_claim(note, i, after, KIND_AGE, 62, RULE_AGE);
        else if (is_lived(note, i))
            note_claim(note, i, i + 1, KIND_AGE, 62, RULE_AGE);
        else if (is_age_of_name(note, i, before, after) || is_age_in_row(note, i, before) ||
                 is_age_of_person(note, i))
            note_claim(note, i, after, KIND_AGE, 66, RULE_AGE);
    }
}

/* ---- sex, kinship ---- */

static void claim_sex(struct note *note, size_t i) {
    /* "varón de 53 años", "Paciente mujer", "sexo femenino": the person the note is about */
    const bool sexed = note_word_in(note, i - 1, "sexo|genero");
    const bool patient = note_word_in(note, i - 1,
                                      "paciente|un|una|lactante|recien|adolescente|joven|neonato");
    const bool head = note_is_mark(note, i - 1, ':') || note_line_first(note, i) == i ||
                      note_is_mark(note, i - 1, '.');
    size_t after = i + 1;
    if (note_is_mark(note, after, ',')) after++;
    while (note_is_word(note, after) && after < i + 4 && !note_word_is(note, after, "de"))
        after++;
    const bool aged = note_word_is(note, after, "de") && age_at(note, after + 1, false) > 1;
    const bool aged_next = age_at(note, i + 1, false) > 1 ||
                           (note_is_mark(note, i + 1, ',') && age_at(note, i + 2, false) > 1) ||
                           (note_is_mark(note, i + 1, ',') && note_word_is(note, i + 2, "de") &&
                            age_at(note, i + 3, false) > 1);
    if (note_word_in(note, i, "varones|mujeres")) return;
    if (sexed || aged || aged_next)
        note_claim(note, i, i + 1, KIND_SEX, 85, RULE_SEX);
    else if (patient && !note_word_is(note, i - 1, "una") && !note_word_is(note, i - 1, "un"))
        note_claim(note, i, i + 1, KIND_SEX, 80, RULE_SEX);
    else if (head && note_word_in(note, i, "varon|mujer|nino|nina|masculino|femenino|femenina") &&
             note_is_capital(note, i))
        note_claim(note, i, i + 1, KIND_SEX, 70, RULE_SEX);
    else if (note_word_in(note, i, "nino|nina|varon") &&
             note_word_in(note, i - 1, "del|la|el|este|esta|una|un"))
        note_claim(note, i, i + 1, KIND_SEX, 60, RULE_SEX);
}

static bool is_close_kin(const struct note *note, size_t i) {
    return note_has(note, i, LEX_CLOSE_KIN);
}

/* ---- professions ---- */

static bool is_staff_word(const struct note *note, size_t i) {
    return note_has(note, i, LEX_TITLE | LEX_ROLE) ||
           note_word_in(note, i, "medico|medica|enfermera|enfermero|pediatra|psicologo|psicologa");
}

static bool is_job_cue(const struct note *note, size_t i) {
    return note_has(note, i, LEX_JOB_CUE);
}

/* "La nuera, que es enfermera", "cuñado médico": a relative's work, even one that staff do. */
static bool is_work_of_kin(const struct note *note, size_t i) {
    if (note_token(note, i)->shape != SHAPE_LOWER) return false;
    if (note_has(note, i - 1, LEX_KIN)) return true;
    if (!note_word_in(note, i - 1, "es|era|fue")) return false;
    for (size_t back = 2; back <= 5 && back <= i && !note_is_newline(note, i - back); back++)
        if (note_has(note, i - back, LEX_KIN)) return true;
    return false;
}

static bool claim_profession(struct note *note, size_t i) {
    if (is_staff_word(note, i) && is_work_of_kin(note, i) && !note_is_capital(note, i + 1) &&
        !note_is_mark(note, i + 1, '.') && !note_word_is(note, i, "tutor"))
        return note_claim(note, i, i + 1, KIND_PROFESSION, 66, RULE_PROFESSION);
    uint64_t classes = 0;
    const size_t n = note_phrase(note, i, LEX_PROFESSION | LEX_PROFESSION_WEAK, &classes);
    if (n == 0) return false;
    if (note_glued(note, i) && !note_is_mark(note, i - 1, '(')) return false;
    const bool strong = (classes & LEX_PROFESSION) &&
                        !(n == 1 && note_has(note, i, LEX_CLINICAL)) &&
                        !(n == 1 && note_has(note, i, LEX_SURNAME) && note_is_capital(note, i));
    const bool bracket =
        note_is_mark(note, i - 1, '(') &&
        (note_mark_in(note, i + n, "),") ||
         (note_has(note, i, LEX_PROFESSION) && note_word_in(note, i + n, "en|de|del")));
    const bool apposed = i > 1 && note_is_mark(note, i - 1, ',') && note_is_named(note, i - 2);
    const bool kin = is_work_of_kin(note, i);
    const bool commas = note_mark_in(note, i - 1, ",/") &&
                        (note_mark_in(note, i + n, ",.") || note_is_newline(note, i + n));
    const bool cue = is_job_cue(note, i - 1);
    if (is_staff_word(note, i) && !(n > 1) && !bracket && !kin) return false;
    if (note_has(note, i + n, LEX_TITLE) ||
        (note_is_capital(note, i) && !note_begins_sentence(note, i) && !bracket))
        return false;
    int score = 0;
    /* "el capataz", "la adscripta": somebody told by a trade, mostly nobody of the family */
    const bool somebody = n == 1 && note_word_in(note, i - 1, "el|la|al|del|los|las") &&
                          !note_has(note, i - 2, LEX_KIN);
    if (strong && (cue || bracket || commas || kin || apposed))
        score = 75;
    else if (strong && !somebody)
        score = 56;
    else if ((bracket || commas ||
              (cue && !note_word_in(note, i - 1, "de|es|como|fue|era|padre|madre|trabajo"))))
        score = 60;
    if (note_has(note, i, LEX_SURNAME | LEX_FIRST_NAME) && note_is_capital(note, i)) score = 0;
    return score && note_claim(note, i, i + n, KIND_PROFESSION, score, RULE_PROFESSION);
}

void rules_about(struct note *note) {
    const size_t n = note_n(note);
    for (size_t i = 0; i < n; i++) {
        if (!note_is_word(note, i) || !note_free(note, i, i + 1)) continue;
        if (note_has(note, i, LEX_SEX)) claim_sex(note, i);
        if (!note_free(note, i, i + 1)) continue;
        if (is_close_kin(note, i))
            note_claim(note, i, i + 1, KIND_KINSHIP, 60, RULE_KIN);
        else
            claim_profession(note, i);
    }
}
