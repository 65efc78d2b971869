/* SPDX-License-Identifier: MIT
 *
 * Places: towns, barrios, departments, countries of the lists, alone where the word is nothing
 * else, with a cue where it is ("de Salto", "barrio Prado", "Durazno, Uruguay").
 */
#include "anon/rules.h"

#include <string.h>

static bool is_place_cue(const struct note *note, size_t i) {
    return note_has(note, i, LEX_PLACE_CUE);
}

static bool is_strong_cue(const struct note *note, size_t i) {
    return note_has(note, i, LEX_PLACE_SURE_CUE);
}

/* A place claimed just before, with a comma, hyphen, slash or bracket between. */
static bool beside_place(const struct note *note, size_t i) {
    if (i < 2) return false;
    size_t before = i - 1;
    if (note_owner(note, before) == KIND_INSTITUTION && note_token(note, i)->gap == 1)
        return true; /* "ASSE Artigas" */
    if (note_is_number(note, before) && note_owner(note, before) == KIND_PLACE)
        return true; /* "28034 Madrid" */
    if (note_token(note, before)->type != TOKEN_MARK || !strchr(",-/(.", *note_text(note, before)))
        return false;
    before--;
    const enum kind owner = note_owner(note, before);
    return owner == KIND_PLACE || owner == KIND_STREET || owner == KIND_COUNTRY ||
           owner == KIND_HOSPITAL || owner == KIND_INSTITUTION;
}

/* "Prado - Montevideo": a listed place after this one. */
static bool before_place(const struct note *note, size_t end) {
    uint64_t classes = 0;
    if (note_token(note, end)->type != TOKEN_MARK || !strchr(",-/(", *note_text(note, end)))
        return false;
    return note_is_capital(note, end + 1) &&
           note_phrase(note, end + 1, LEX_PLACE | LEX_COUNTRY, &classes) &&
           (classes & (LEX_PLACE | LEX_COUNTRY)) && !note_has(note, end + 1, LEX_FIRST_NAME);
}

/* "Treinta y Tres, 21 de mayo de 2024" */
static bool heads_dateline(const struct note *note, size_t i, size_t end) {
    size_t at = end + 1;
    if (note_has(note, at, LEX_WEEKDAY)) at++;
    return note_line_first(note, i) == i && note_is_mark(note, end, ',') && at < note_n(note) &&
           note_owner(note, at) == KIND_DATE;
}

static bool is_in_clinical_name(const struct note *note, size_t i) {
    /* "criterios de Roma", "escala de Glasgow", "virus de Coxsackie" */
    return i >= 2 && note_word_in(note, i - 1, "de|del") &&
           note_word_in(
               note, i - 2,
               "criterio|criterios|escala|clasificacion|score|indice|test|prueba|protocolo|"
               "virus|fiebre|enfermedad|sindrome|consenso|signo|mal|cuestionario|guia|guias|"
               "estadificacion|formula|maniobra|tecnica|atlas|clase|agua|planilla|vendaje|"
               "triage|prioridad|corse|yeso|solucion|metodo|declaracion|sistema|modelo|grado|tipo|"
               "cesta|cerebros");
}

/* A phrase of the place lists at i that is part of something else. */
static bool is_part_of_another(const struct note *note, size_t i, size_t n, bool typed_small) {
    if (is_in_clinical_name(note, i)) return true;
    if (note_glued(note, i) && (note_is_word(note, i - 1) || note_is_number(note, i - 1)))
        return true;
    if (n > 1 && !typed_small && note_token(note, i + n - 1)->shape == SHAPE_LOWER)
        return true; /* "La tabla" */
    if (note_is_mark(note, i + n, '-') && note_glued(note, i + n) && note_glued(note, i + n + 1) &&
        note_token(note, i + n + 1)->shape == SHAPE_LOWER)
        return true; /* "Puño-percusión" */
    /* "Elisa Marfetán": after a first name it is a surname */
    return n == 1 && note_has(note, i - 1, LEX_FIRST_NAME) && note_is_capital(note, i - 1) &&
           note_token(note, i)->gap == 1 && !note_has(note, i - 1, LEX_PLACE | LEX_PLACE_WEAK);
}

/* "barrio", "Loc.", "Bº" just before. */
static bool follows_strong_cue(const struct note *note, size_t i) {
    return is_strong_cue(note, i - 1) ||
           (note_is_mark(note, i - 1, '.') && is_strong_cue(note, i - 2)) ||
           (i > 1 && note_is_ordinal(note, i - 1) && note_word_is(note, i - 2, "b"));
}

/* "de", "en", "hacia" before; "avisé a Zunino" is a person, "se fue a Vergara" a place. */
static bool follows_cue(const struct note *note, size_t i, uint64_t classes) {
    const bool person = (classes & (LEX_FIRST_NAME | LEX_SURNAME)) &&
                        note_word_in(note, i - 1, "a|por|para|con") &&
                        note_has(note, i - 2, LEX_PERSON_CUE);
    return !person && is_place_cue(note, i - 1) &&
           (note_token(note, i - 1)->shape == SHAPE_LOWER || is_strong_cue(note, i - 1));
}

/* Madrid and Montevideo are surnames too, and towns first. */
static bool is_name_too(uint64_t classes) {
    const bool town_first = (classes & LEX_AMBIGUOUS) && (classes & LEX_PLACE);
    return (classes & LEX_FIRST_NAME) || ((classes & LEX_SURNAME) && !town_first);
}

/* How likely the n tokens at i, a phrase of these classes, are a place: percent. */
static int place_score(const struct note *note, size_t i, size_t n, uint64_t classes) {
    const size_t end = i + n;
    const bool name_too = is_name_too(classes);
    const bool guard = n == 1 && (classes & LEX_GUARD) != 0;
    if (follows_strong_cue(note, i) || beside_place(note, i) || before_place(note, end) ||
        heads_dateline(note, i, end))
        return 85;
    if ((classes & LEX_COUNTRY) && !guard) return 86;
    if ((classes & LEX_PLACE) && !name_too && !guard) /* in capitals a short one is an acronym */
        return note_token(note, i)->shape == SHAPE_UPPER && note_len(note, i) < 4 ? 40 : 78;
    const bool whole_name = n == 1 && name_too && note_is_capital(note, end); /* "de Salto Gómez" */
    if (!follows_cue(note, i, classes) || whole_name || note_line_is_upper(note, i) ||
        note_begins_sentence(note, i))
        return 0;
    return guard || name_too ? 62 : 72;
}

static bool claim_listed(struct note *note, size_t i) {
    enum { SCORE_MIN = 50 };
    uint64_t classes = 0;
    const size_t n = note_phrase(note, i, LEX_PLACE | LEX_PLACE_WEAK | LEX_COUNTRY, &classes);
    const bool typed_small = note->caseless && n > 1 && (classes & LEX_PLACE);
    if (n == 0 || (!note_is_capital(note, i) && !typed_small)) return false;
    if (is_part_of_another(note, i, n, typed_small)) return false;
    const int score = place_score(note, i, n, classes);
    const bool listed = (classes & (LEX_PLACE | LEX_COUNTRY)) && !is_name_too(classes);
    return score >= SCORE_MIN &&
           note_claim(note, i, i + n, (classes & LEX_COUNTRY) ? KIND_COUNTRY : KIND_PLACE, score,
                      listed ? RULE_PLACE_LISTED : RULE_PLACE_CUED);
}

/* "en El Ceibo", "de Las Toscas": an article in capitals inside a phrase opens a proper name. */
static bool claim_articled(struct note *note, size_t i) {
    if (!note_word_in(note, i, "el|la|los|las") || !note_is_capital(note, i) ||
        note_token(note, i)->shape != SHAPE_TITLE ||
        !note_word_in(note, i - 1, "en|de|desde|hasta"))
        return false;
    if (note_token(note, i - 1)->shape != SHAPE_LOWER ||
        note_token(note, i + 1)->shape != SHAPE_TITLE || !note_is_word(note, i + 1) ||
        note_has(note, i + 1, LEX_CLINICAL | LEX_DRUG))
        return false;
    size_t to = i + 2;
    while (note_is_capital(note, to) && note_token(note, to)->shape == SHAPE_TITLE &&
           note_token(note, to)->gap == 1 && to < i + 4)
        to++;
    return note_claim(note, i, to, KIND_PLACE, 60, RULE_PLACE_CUED);
}

/* "en Genia", "en Sarandí": where a place or an institution is expected, a word of no list. */
static bool claim_unknown(struct note *note, size_t i) {
    const struct token *t = note_token(note, i);
    if (t->classes || t->shape != SHAPE_TITLE || note_len(note, i) < 4 || t->gap != 1) return false;
    if (!note_word_is(note, i - 1, "en") || note_is_capital(note, i - 1) ||
        note_is_capital(note, i + 1) || note_is_mark(note, i + 1, FOLD_SYMBOL) ||
        note_glued(note, i + 2))
        return false;
    return note_claim(note, i, i + 1, KIND_PLACE, 53, RULE_PLACE_CUED);
}

/* "San Leandro", "Santa Bárbara": a saint's name alone is a place, not a person. */
static bool claim_saint(struct note *note, size_t i) {
    if (!note_word_in(note, i, "san|santa|santo") || note_token(note, i)->shape != SHAPE_TITLE)
        return false;
    size_t to = i + 1;
    while (note_is_capital(note, to) && note_token(note, to)->shape == SHAPE_TITLE &&
           note_len(note, to) > 1 && note_token(note, to)->gap == 1 && to < i + 3)
        to++;
    if (to == i + 1 || note_has(note, i + 1, LEX_CLINICAL)) return false;
    return note_claim(note, i, to, KIND_PLACE, 62, RULE_PLACE_CUED);
}

/* "barrio Charrúa", "Loc.: Ismael Cortinas", "ciudad de X": capitals after a strong cue. */
static bool claim_cued(struct note *note, size_t i) {
    if (!is_strong_cue(note, i) && !(note_word_in(note, i, "b|bo") && note_is_capital(note, i) &&
                                     (note_is_ordinal(note, i + 1))))
        return false;
    if (note_word_in(note, i,
                     "natural|procedente|oriundo|oriunda|villa|municipio|depto|dpto|departamento"))
        return false;
    const size_t end = note_line_end(note, i);
    size_t at = i + 1;
    while (note_mark_in(note, at, ".:") || note_is_ordinal(note, at) ||
           note_word_is(note, at, "de") || note_is_mark(note, at, '"'))
        at++;
    size_t to = at;
    while (to < end && to - at < 5 &&
           (note_is_capital(note, to) ||
            (to > at && note_has(note, to, LEX_PARTICLE) && note_is_capital(note, to + 1)) ||
            (to > at && note_is_number(note, to) && note_len(note, to) <= 2)) &&
           note_token(note, to)->gap <= 1)
        to++;
    if (to == at ||
        (note_has(note, at, LEX_CLINICAL) && !note_has(note, at, LEX_PLACE | LEX_PLACE_WEAK)))
        return false;
    return note_claim(note, at, to, KIND_PLACE, 78, RULE_PLACE_CUED);
}

void rules_places(struct note *note) {
    const size_t n = note_n(note);
    for (size_t i = 0; i < n; i++) {
        if (!note_is_word(note, i) || !note_free(note, i, i + 1)) continue;
        if (!claim_listed(note, i) && !claim_cued(note, i) && !claim_articled(note, i))
            if (!claim_saint(note, i)) claim_unknown(note, i);
    }
}
