/* SPDX-License-Identifier: MIT
 *
 * Institutions: a generic word and what makes it a name ("Hospital de Río Branco", "Escuela N° 10",
 * "Club Artesano"), and the listed ones (ASSE, CASMU, Hospital Maciel).
 */
#include "anon/rules.h"

#include <string.h>

static bool is_quality(const struct note *note, size_t i) {
    return note_has(note, i, LEX_INSTITUTION_QUALITY);
}

/* What begins another thing after an institution's name: its address, a ward, another institution.
 */
static bool ends_institution(const struct note *note, size_t i) {
    if (note_len(note, i) == 1 && note_is_mark(note, i + 1, '-') && note_glued(note, i + 1))
        return true;
    if (!note_is_capital(note, i)) return false;
    if (note_has(note, i, LEX_STREET_TYPE) && !note_word_in(note, i, "paseo|via|plaza|cuesta"))
        return true;
    return note_word_in(
        note, i,
        "servicio|servei|departamento|unidad|seccion|edificio|hermanos|email|mail|"
        "tel|calle|c|avda|plaza|paseo|dpto|area|catedra|hospital|complejo|facultad");
}

/* The abbreviations whose point does not end a name. */
static bool is_abbreviation(const struct note *note, size_t i) {
    return note_len(note, i) == 1 || note_has(note, i, LEX_TITLE) ||
           note_word_in(note, i,
                        "nac|univ|prov|gral|sta|sto|ntra|sra|dep|quir|reg|clin|hosp|inst|esc|"
                        "col|int|med|soc|fac|cnel|tte|gobo|prof|vta");
}

/* The part of a name that is being read: where it stands, the last token that surely belongs to it,
 * and whether anything of it is proper rather than generic. */
struct part {
    size_t first, at, last, end;
    bool proper;
};

static void take(struct part *p, size_t n, bool proper) {
    p->last = p->at += n;
    p->proper |= proper;
}

/* A capital that is no lone conjunction and no clinical acronym. */
static bool is_proper_word(const struct note *note, size_t i) {
    if (!note_is_capital(note, i) || (note_len(note, i) == 1 && note_word_in(note, i, "y|a|e|o")))
        return false;
    const bool known = note_has(
        note, i, LEX_PLACE | LEX_PLACE_WEAK | LEX_FIRST_NAME | LEX_SURNAME | LEX_INSTITUTION);
    return known || note_token(note, i)->shape != SHAPE_UPPER ||
           !note_has(note, i, LEX_CLINICAL | LEX_UNIT);
}

static bool take_word(const struct note *note, struct part *p) {
    const size_t at = p->at;
    if (is_quality(note, at) && (note_is_capital(note, at) || at == p->first || p->last == at)) {
        take(p, 1, note_is_capital(note, at) && note_token(note, at)->shape == SHAPE_TITLE);
        return true;
    }
    if (note_word_in(note, at, "n|no|nro") &&
        (note_is_ordinal(note, at + 1) || note_is_mark(note, at + 1, '.') ||
         note_is_number(note, at + 1))) { /* "N° 10" */
        const size_t number = note_is_number(note, at + 1) ? at + 1 : at + 2;
        if (!note_is_number(note, number)) return false;
        take(p, number + 1 - at, true);
        return true;
    }
    if (is_proper_word(note, at)) {
        take(p, 1, true);
        return true;
    }
    const bool joins = note_has(note, at, LEX_PARTICLE) ||
                       (note_word_in(note, at, "para|en") && !note_line_is_upper(note, at));
    if (!joins || (note_word_in(note, at, "el|en|para|y|e|al") && !note_is_capital(note, at + 1)))
        return false;
    p->at++; /* it belongs to the name if something proper follows */
    return true;
}

static bool take_number(const struct note *note, struct part *p) {
    const size_t at = p->at;
    if (at == p->first && note_token(note, at)->gap == 1 && note_len(note, at) <= 3) {
        take(p, note_is_ordinal(note, at + 1) ? 2 : 1, true); /* "Escuela 25" */
    } else if (note_is_ordinal(note, at + 1)) {
        take(p, 2, false); /* "de 2º Turno" */
    } else if (note_word_in(note, at + 1, "er|do|ro|to|ra|da") && note_glued(note, at + 1)) {
        take(p, note_is_mark(note, at + 2, '.') ? 3 : 2, false); /* "de 3er. Turno" */
    } else if (note_word_is(note, at + 1, "de") && note_has(note, at + 2, LEX_MONTH)) {
        take(p, 3, true); /* "Hospital 12 de Octubre" */
    } else {
        return false;
    }
    return true;
}

static bool take_mark(const struct note *note, struct part *p) {
    const size_t at = p->at;
    if (note_is_mark(note, at, '.') && at > p->first && is_abbreviation(note, at - 1) &&
        (note_is_capital(note, at + 1) || note_has(note, at + 1, LEX_PARTICLE))) {
        p->at++;
        return true;
    }
    if (note_is_mark(note, at, '"') && note_is_capital(note, at + 1)) {
        p->at++;
        while (p->at < p->end && !note_is_mark(note, p->at, '"') && p->at - p->first < 12)
            p->at++;
        if (note_is_mark(note, p->at, '"')) take(p, 1, true);
        p->proper = true;
        return true;
    }
    const bool joint = note_mark_in(note, at, "-'");
    if (!joint || !note_glued(note, at) || !note_glued(note, at + 1) ||
        !note_is_capital(note, at + 1))
        return false;
    p->at++;
    return true;
}

/* Tokens of what makes a generic word a name: capitals joined by particles, numbers after Nº,
 * quotes. */
static size_t proper_part(const struct note *note, size_t i, size_t end, bool *proper) {
    enum { STEPS_MAX = 14 };
    struct part p = {.first = i, .at = i, .last = i, .end = end};
    for (int steps = 0; steps < STEPS_MAX && p.at < end; steps++) {
        const struct token *t = note_token(note, p.at);
        if (p.proper && p.at > i && ends_institution(note, p.at)) break;
        if (t->gap > 2 || (p.at > i && !note_free(note, p.at, p.at + 1))) break;
        const bool taken = t->type == TOKEN_WORD     ? take_word(note, &p)
                           : t->type == TOKEN_NUMBER ? take_number(note, &p)
                                                     : take_mark(note, &p);
        if (!taken) break;
    }
    *proper = p.proper;
    return p.last - i;
}

static enum kind kind_of_head(uint64_t classes) {
    if (classes & LEX_HOSPITAL_HEAD) return KIND_HOSPITAL;
    if (classes & LEX_CENTRE_HEAD) return KIND_HEALTH_CENTRE;
    return KIND_INSTITUTION;
}

/* The generic word at i with its point: its tokens; 0: there is none, or it is another word. */
static size_t head_at(const struct note *note, size_t i, uint64_t *classes) {
    const size_t n = note_phrase(note, i, LEX_ANY_HEAD, classes), len = note_len(note, i);
    if (n == 0 || (note_glued(note, i) && !note_mark_in(note, i - 1, "(\""))) return 0;
    const bool abbreviation = note_is_mark(note, i + n, '.') && len <= 6 &&
                              (len <= 4 || note_word_in(note, i, "policl|hospit"));
    if (abbreviation) return n + 1;
    if (note_word_is(note, i, "san")) return 0;
    if (note_token(note, i)->shape == SHAPE_LOWER && !note_word_in(note, i + 1, "n|no|nro") &&
        note_word_in(note, i, "esc|lab|cs|rap|inst"))
        return 0;
    return n;
}

/* A word that tells one institution from the others of its sort: no clinical word ("Unidad
 * Coronaria", "Clínica Médica"), and in a line of capitals no ordinary one either. */
static bool is_distinctive(const struct note *note, size_t i, bool upper) {
    const uint64_t guards = upper ? LEX_GUARD : LEX_CLINICAL | LEX_DRUG | LEX_UNIT;
    uint64_t found;
    return !note_has(note, i, guards) ||
           note_has(note, i, LEX_FIRST_NAME | LEX_SURNAME | LEX_INSTITUTION) ||
           note_phrase(note, i, LEX_PLACE | LEX_PLACE_WEAK, &found);
}

/* Whether the tokens [first, end) after a head name one institution. */
static bool is_distinguished(const struct note *note, size_t first, size_t end, bool quality,
                             bool upper) {
    for (size_t i = first; i < end; i++) {
        if (note_is_number(note, i)) return true;
        if (!note_is_capital(note, i) || note_len(note, i) < 2 || note_has(note, i, LEX_PARTICLE))
            continue;
        /* "policl. La Vía": an article in title case opens a proper name */
        if (!upper && note_word_in(note, i - 1, "la|el|los|las") &&
            note_token(note, i - 1)->shape == SHAPE_TITLE)
            return true;
        if (is_distinctive(note, i, upper) || (quality && is_quality(note, i))) return true;
    }
    return false;
}

static bool claim_by_head(struct note *note, size_t i) {
    uint64_t classes = 0;
    const size_t n_head = head_at(note, i, &classes);
    if (n_head == 0) return false;
    const size_t at = i + n_head;
    bool proper = false;
    const size_t n = proper_part(note, at, note_line_end(note, i), &proper);
    const bool upper = note_line_is_upper(note, i);
    /* "Hospital Universitario": one hospital of a town, where the head has a capital too */
    const bool quality = !upper && (classes & LEX_HOSPITAL_HEAD) && note_is_capital(note, i) &&
                         !note_word_is(note, i, "clinica");
    if (n == 0 || !proper || !is_distinguished(note, at, at + n, quality, upper)) return false;
    if (n == 1 && note_is_number(note, at)) {
        if (classes & LEX_CENTRE_HEAD) return false; /* "consultorio 7" */
        /* "cura clínica 39 meses": in lower case a number alone names schools and stations */
        if (!note_is_capital(note, i) &&
            !note_word_in(note, i, "escuela|esc|liceo|jardin|seccional|colegio|utu|sanatorio"))
            return false;
    }
    return note_claim(note, i, at + n, kind_of_head(classes), 82, RULE_INSTITUTION_HEAD);
}

static bool claim_listed(struct note *note, size_t i) {
    uint64_t classes = 0;
    const size_t n = note_phrase(note, i, LEX_INSTITUTION, &classes);
    if (n == 0 || (note_glued(note, i) && note_is_word(note, i - 1))) return false;
    uint64_t place = 0;
    const size_t n_place = note_phrase(note, i, LEX_PLACE | LEX_PLACE_WEAK, &place);
    if (n_place > n || (n_place == n && note_token(note, i)->shape == SHAPE_TITLE)) return false;
    /* an acronym of a few letters counts in capitals only, and not when it is clinical too */
    if (n == 1) {
        const struct token *t = note_token(note, i);
        if (note_len(note, i) <= 5 && t->shape != SHAPE_UPPER && !note->caseless) return false;
        if (t->shape == SHAPE_LOWER) return false;
        if (note_has(note, i, LEX_DRUG | LEX_UNIT)) return false;
        if (note_has(note, i, LEX_CLINICAL | LEX_COMMON) && note_len(note, i) < 4) return false;
    } else if (!note_is_capital(note, i)) {
        return false;
    }
    const bool hospital = note_has(note, i, LEX_HOSPITAL_HEAD);
    return note_claim(note, i, i + n, hospital ? KIND_HOSPITAL : KIND_INSTITUTION, 86,
                      RULE_INSTITUTION_LISTED);
}

/* "al Pasteur", "del Clínicas", "en el Maciel": hospitals by the name everybody uses. */
static bool claim_nick(struct note *note, size_t i) {
    if (!note_has(note, i, LEX_HOSPITAL_NICK) || note_token(note, i)->shape == SHAPE_LOWER)
        return false;
    if (!note_word_in(note, i - 1, "al|del|el") || note_is_capital(note, i + 1)) return false;
    return note_claim(note, i, i + 1, KIND_HOSPITAL, 68, RULE_INSTITUTION_LISTED);
}

/* "A.S.S.E.", "B.P.S.": listed acronyms with points. */
static bool claim_pointed(struct note *note, size_t i) {
    unsigned char word[12];
    size_t n = 0, at = i;
    while (note_is_word(note, at) && note_len(note, at) <= 3 &&
           n + note_len(note, at) <= sizeof(word) && note_token(note, at)->shape == SHAPE_UPPER &&
           (at == i || note_glued(note, at))) {
        for (size_t j = 0; j < note_len(note, at); j++)
            word[n++] = note_text(note, at)[j];
        at++;
        if (!note_is_mark(note, at, '.') || !note_glued(note, at)) break;
        at++;
    }
    if (n < 3) return false;
    const uint64_t classes = lexicon_lookup(word, n);
    return (classes & LEX_INSTITUTION) && !(classes & (LEX_CLINICAL | LEX_DRUG)) &&
           note_claim(note, i, at, KIND_INSTITUTION, 85, RULE_INSTITUTION_LISTED);
}

void rules_institutions(struct note *note) {
    const size_t n = note_n(note);
    for (size_t i = 0; i < n; i++) {
        if (!note_is_word(note, i) || !note_free(note, i, i + 1)) continue;
        if (claim_by_head(note, i) || claim_listed(note, i) || claim_nick(note, i)) continue;
        if (note_len(note, i) <= 3 && note_is_mark(note, i + 1, '.')) claim_pointed(note, i);
    }
}
