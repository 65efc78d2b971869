/* SPDX-License-Identifier: MIT
 *
 * Addresses: a street's type and its name, a name and its number, routes and kilometres, blocks and
 * plots, and the "behind the club" of places without numbers (where somebody is said to live).
 * The town stands outside the span, and one span never leaves its line.
 */
#include "anon/rules.h"

#include <string.h>

static bool is_door_word(const struct note *note, size_t i) {
    return note_has(note, i, LEX_DOOR_WORD);
}

static bool is_street_joint(const struct note *note, size_t i) {
    const struct token *t = note_token(note, i);
    if (t->type != TOKEN_MARK || t->gap > 1) return false;
    const unsigned char c = *note_text(note, i);
    return c == ',' || c == '.' || c == '/' || c == '-' || c == '\'' || c == '"' ||
           c == FOLD_ORDINAL;
}

/* The name of the street at a corner: "esq. Brasil", "casi Gral. Flores". */
static size_t corner_end(const struct note *note, size_t i, size_t end) {
    size_t at = i;
    while (at < end && note_token(note, at)->gap <= 1 &&
           (note_is_capital(note, at) || note_has(note, at, LEX_PARTICLE) ||
            (note_is_mark(note, at, '.') && note_len(note, at - 1) <= 4)))
        at++;
    return at;
}

/* "23", "46-48", "s/n", "3º D", "apto 302", "bis", "esq. Brasil": the tail after a street's name.
 */
static size_t door_end(const struct note *note, size_t i, size_t end) {
    size_t at = i, last = i;
    for (int steps = 0; steps < 24 && at < end; steps++) {
        const struct token *t = note_token(note, at);
        if (at > i && t->gap > 2) break;
        if (t->type == TOKEN_NUMBER) {
            if (note_len(note, at) == 5) break; /* a postal code */
            last = ++at;
        } else if (is_door_word(note, at)) {
            const bool corner = note_word_in(note, at, "esq|esquina|casi|entre");
            at = corner ? corner_end(note, at + 1, end) : at + 1;
            last = at;
        } else if (t->type == TOKEN_WORD && note_len(note, at) == 1 &&
                   (note_is_capital(note, at) || note_glued(note, at)) && at > i) {
            last = ++at; /* "3º D", "12B" */
        } else if (is_street_joint(note, at)) {
            at++;
        } else {
            break;
        }
    }
    return last;
}

static bool is_name_of_street(const struct note *note, size_t i) {
    if (note_is_word(note, i))
        return note_is_capital(note, i) ||
               note_has(note, i, LEX_PARTICLE | LEX_MONTH | LEX_NUMBER_WORD);
    return note_is_number(note, i) && note_len(note, i) <= 2; /* "18 de Julio" */
}

/* One past the name of a street: words, and the points, quotes and hyphens within it. */
static size_t street_name_end(const struct note *note, size_t name, size_t end,
                              size_t *n_capitals) {
    enum { TOKENS_MAX = 10 };
    size_t at = name;
    *n_capitals = 0;
    for (; at < end && at - name < TOKENS_MAX && note_token(note, at)->gap <= 2; at++) {
        const bool point = note_is_mark(note, at, '.') && at > name &&
                           note_len(note, at - 1) <= 4 && note_is_capital(note, at + 1);
        const bool hyphen = note_is_mark(note, at, '-') && note_glued(note, at) &&
                            note_glued(note, at + 1);
        if (is_name_of_street(note, at))
            *n_capitals += note_is_capital(note, at) && note_len(note, at) > 1;
        else if (!point && !hyphen && !note_mark_in(note, at, "\"'"))
            break;
    }
    while (at > name && note_has(note, at - 1, LEX_PARTICLE) && !note_is_capital(note, at - 1))
        at--;
    return at;
}

size_t street_at(const struct note *note, size_t i, size_t end) {
    if (!note_has(note, i, LEX_STREET_TYPE)) return 0;
    const bool letter = note_len(note, i) == 1; /* "c/", "C. " */
    size_t name = i + 1, n_capitals;
    if (letter && !(note_is_mark(note, name, '/') && note_glued(note, name)) &&
        !(note_is_mark(note, name, '.') && note_is_capital(note, name + 1)))
        return 0;
    while (note_mark_in(note, name, "./:") || note_word_in(note, name, "nacional|provincial"))
        name++;
    const size_t name_end = street_name_end(note, name, end, &n_capitals);
    const size_t door = door_end(note, name_end, end);
    const size_t to = door > name_end ? door : name_end;
    const bool numbered = note_is_number(note, name); /* "Ruta 5 km 263", "calle 14" */
    if (n_capitals == 0 && (!numbered || letter)) return 0;
    const bool title = note_has(note, name, LEX_TITLE); /* "C/ Dr. Esquerdo, 46" */
    /* "c/" is also "con" and "cada": a street has its number, and its name is no drug */
    if (letter && (door <= name_end || !note_is_capital(note, name) || note_len(note, name) < 2 ||
                   (!title && note_has(note, name, LEX_DRUG | LEX_CLINICAL | LEX_UNIT))))
        return 0;
    /* "av VM", "bv AO": a short type before a clinical abbreviation is another one */
    if (!title && note_len(note, i) <= 2 && note_has(note, name, LEX_CLINICAL | LEX_UNIT) &&
        note_len(note, name) <= 3)
        return 0;
    return to - i;
}

static bool has_number(const struct note *note, size_t first, size_t end) {
    for (size_t i = first; i < end; i++)
        if (note_is_number(note, i)) return true;
    return false;
}

/* "Ruta 5 km 263", "km 142,500 ruta 23", "Km 23" */
static size_t route_at(const struct note *note, size_t i, size_t end) {
    const bool km = note_word_in(note, i, "km|krn|kilometro");
    if (!km && !note_word_is(note, i, "ruta")) return 0;
    size_t at = i + 1;
    if (note_is_mark(note, at, '.')) at++;
    if (!km && (note_is_ordinal(note, at) || note_word_in(note, at, "n|no|nro|nacional|vieja")))
        at++;
    if (!note_is_number(note, at)) return 0;
    /* a distance, not a place: "camina 3 km" has its number before, "a 5 km de" too */
    at = door_end(note, at, end);
    if (note_word_is(note, at, "ruta") || note_word_in(note, at, "km|krn")) {
        size_t more = at + 1;
        while (note_is_mark(note, more, '.') || note_word_in(note, more, "n|no|nro"))
            more++;
        if (note_is_number(note, more)) at = door_end(note, more, end);
    }
    return at - i;
}

static size_t block_at(const struct note *note, size_t i, size_t end) {
    if (!note_word_in(note, i, "manzana|mz|mza|padron|solar|block|torre|vivienda|complejo|sector"))
        return 0;
    size_t at = i + 1;
    if (note_is_mark(note, at, '.')) at++;
    const bool code = note_is_number(note, at) ||
                      (note_is_word(note, at) && note_len(note, at) <= 2 &&
                       note_is_capital(note, at));
    if (!code) return 0;
    at = door_end(note, at + 1, end);
    if (note_word_in(note, i, "manzana|mz|mza|padron|solar|vivienda")) return at - i;
    /* "block 10 hs" is theatre, "sector 3" a ward: those need more of an address */
    return note_word_in(note, i, "block|torre") && at > i + 2 && !note_has(note, at, LEX_UNIT)
               ? at - i
               : 0;
}

static bool is_home_word(const struct note *note, size_t i) {
    return note_has(note, i, LEX_HOME_WORD);
}

/* ", frente a la bodega", ", pasando el silo": how a rural address goes on; up to the sentence's
 * end. */
static size_t directions_end(const struct note *note, size_t i, size_t end) {
    if (!note_is_mark(note, i, ',') ||
        !(note_has(note, i + 1, LEX_LANDMARK) ||
          note_word_in(
              note, i + 1,
              "pasando|entrada|porton|tranquera|camino|al|rancho|galpon|monte|esquina|entrando")))
        return i;
    size_t at = i + 1;
    while (at < end && at < i + 16 &&
           (note_is_word(note, at) || note_is_number(note, at) || note_is_mark(note, at, ',')))
        at++;
    while (note_is_mark(note, at - 1, ','))
        at--;
    return at;
}

/* "vive en Amorim 871 ap 2", "domiciliada en 25 de Mayo 1234" */
static bool claim_home(struct note *note, size_t i) {
    if (!is_home_word(note, i)) return false;
    const size_t end = note_line_end(note, i);
    size_t at = i + 1;
    for (size_t j = i + 1; j < i + 7 && j < end; j++) /* "Viven al lado, en Agraciada 774" */
        if (note_word_is(note, j, "en") && !note_is_capital(note, j)) at = j;
    while (note_mark_in(note, at, ":.") || note_word_in(note, at, "en|la|el|por|sobre|actual|con"))
        at++;
    size_t to = at, capitals = 0;
    while (to < end && to - at < 7 && is_name_of_street(note, to) &&
           note_token(note, to)->gap <= 1) {
        capitals += note_is_capital(note, to);
        to++;
    }
    /* "Viven en Cuaró casi Uruguay", "Domicilio Stud Los Cardos, frente al hipódromo" */
    const size_t corner = door_end(note, to, end);
    const bool crossing = note_word_in(note, to, "casi|esq|esquina|entre") && corner > to + 1;
    const size_t directed = directions_end(note, to, end);
    if (capitals && (crossing || directed > to) && !note_has(note, at, LEX_KIN))
        return note_claim(note, at, crossing ? corner : directed, KIND_STREET, 75, RULE_STREET);
    if (capitals == 0 || !note_is_number(note, to) || note_len(note, to) > 5 ||
        note_has(note, to + 1, LEX_AGE_UNIT))
        return false;
    return note_claim(note, at, door_end(note, to, end), KIND_STREET, 85, RULE_STREET);
}

/* "en Iguá 4225 blk 14 ap 203": a preposition, a name, a number that a door has. */
static bool claim_numbered(struct note *note, size_t i) {
    if (!note_word_in(note, i, "en|por")) return false;
    const size_t end = note_line_end(note, i);
    size_t to = i + 1;
    if (!note_is_capital(note, to) &&
        !(note_is_number(note, to) && note_word_is(note, to + 1, "de")))
        return false;
    while (to < end && to - i < 6 && is_name_of_street(note, to) &&
           note_token(note, to)->gap == 1 &&
           (note_token(note, to)->shape != SHAPE_UPPER || note_line_is_upper(note, i)))
        to++;
    if (to == i + 1 || !note_is_number(note, to) || note_len(note, to) < 3 ||
        note_len(note, to) > 4 || note_token(note, to)->gap != 1)
        return false;
    const long number = note_number(note, to);
    const bool door = is_door_word(note, to + 1) || note_word_in(note, to + 1, "blk");
    if (!door && number >= YEAR_MIN && number <= YEAR_MAX) return false;
    if (note_has(note, to + 1, LEX_UNIT) || note_has(note, i + 1, LEX_CLINICAL | LEX_DRUG))
        return false;
    return note_claim(note, i + 1, door_end(note, to, end), KIND_STREET, 66, RULE_STREET);
}

/* "Gral. Artigas 2217", "Sarandí 1080 esq. Dodera" at a line's start, in a column or after a dash.
 */
static bool claim_bare_street(struct note *note, size_t i) {
    const bool opens = i == 0 || note_is_newline(note, i - 1) || note_token(note, i)->gap >= 2 ||
                       (note_token(note, i - 1)->type == TOKEN_MARK && !note_glued(note, i));
    if (!opens ||
        !(note_is_capital(note, i) || (note_is_number(note, i) && note_word_is(note, i + 1, "de"))))
        return false;
    const size_t end = note_line_end(note, i);
    size_t to = i;
    bool proper = false;
    while (to < end && to - i < 6 &&
           (is_name_of_street(note, to) ||
            (note_is_mark(note, to, '.') && to > i && note_len(note, to - 1) <= 4)) &&
           (to == i || note_token(note, to)->gap <= 1)) {
        if (note_has(note, to, LEX_CLINICAL | LEX_DRUG | LEX_UNIT) &&
            !note_has(note, to, LEX_SURNAME | LEX_TITLE))
            return false;
        proper |= note_has(note, to,
                           LEX_SURNAME | LEX_FIRST_NAME | LEX_PLACE | LEX_PLACE_WEAK | LEX_MONTH);
        to++;
    }
    if (!proper || !note_is_number(note, to) || note_len(note, to) < 3 || note_len(note, to) > 4 ||
        note_token(note, to)->gap != 1)
        return false;
    const long number = note_number(note, to);
    const bool closes = note_is_newline(note, to + 1) || note_is_mark(note, to + 1, ',') ||
                        note_token(note, to + 1)->gap >= 2 || is_door_word(note, to + 1);
    if (!closes || (number >= 1950 && number <= YEAR_MAX && !is_door_word(note, to + 1)))
        return false;
    return note_claim(note, i, door_end(note, to, end), KIND_STREET, 66, RULE_STREET);
}

/* "vive pegado a la capilla", "se entra por atrás del Club Huracán" */
static bool claim_landmark(struct note *note, size_t i) {
    if (!note_has(note, i, LEX_LANDMARK)) return false;
    const size_t end = note_line_end(note, i), line = note_line_first(note, i);
    bool home = false;
    for (size_t j = i > line + 8 ? i - 8 : line; j < i; j++)
        home |= is_home_word(note, j) || note_word_in(note, j, "entra|entrando");
    size_t to = i + 1;
    if (!home || !note_word_in(note, to, "de|del|a|al")) return false;
    while (to < end && to - i < 8 && (note_is_word(note, to)) && note_token(note, to)->gap <= 1 &&
           !note_word_in(note, to, "y|que|con|pero|no|se|donde"))
        to++;
    return note_claim(note, i, to, KIND_STREET, 72, RULE_STREET_PLACE);
}

/* An address or an institution stands a few tokens before. */
static bool follows_address(const struct note *note, size_t i) {
    for (size_t back = 1; back <= 8 && back <= i; back++) {
        const enum kind owner = note_owner(note, i - back);
        if (owner == KIND_STREET || owner == KIND_HOSPITAL) return true;
        if (note_is_newline(note, i - back)) return false;
        if (note_word_in(note, i - back, "n|sn")) return true; /* s/n */
    }
    return false;
}

/* "28034 Madrid": five digits before a place, or after "CP". */
static bool claim_postal_code(struct note *note, size_t i) {
    if (note_word_is(note, i, "cp") ||
        (note_word_is(note, i, "c") && note_is_mark(note, i + 1, '.') &&
         note_word_is(note, i + 2, "p"))) {
        size_t at = note_word_is(note, i, "cp") ? i + 1 : i + 3;
        while (note_mark_in(note, at, ".:"))
            at++;
        const bool number = note_is_number(note, at) && note_len(note, at) >= 4 &&
                            note_len(note, at) <= 5;
        return number && note_claim(note, at, at + 1, KIND_PLACE, 85, RULE_POSTAL_CODE);
    }
    uint64_t found = 0;
    const bool prefixed = note_word_is(note, i, "e") && note_is_mark(note, i + 1, '-') &&
                          note_glued(note, i + 2);
    const size_t number = prefixed ? i + 2 : i;
    if (!note_is_number(note, number) || note_len(note, number) != 5 ||
        (note_glued(note, i) && !prefixed))
        return false;
    size_t after = number + 1;
    while (note_mark_in(note, after, "-,."))
        after++;
    if (!note_is_capital(note, after)) return false;
    size_t n = note_phrase(note, after, LEX_PLACE | LEX_PLACE_WEAK, &found);
    if (n == 0 && (prefixed || follows_address(note, i)) &&
        note_token(note, after)->shape == SHAPE_TITLE && !note_has(note, after, LEX_GUARD))
        n = 1; /* "30120 Mucria": a town that no list knows */
    if (n == 0) return false;
    note_claim(note, i, number + 1, KIND_PLACE, 88, RULE_POSTAL_CODE);
    return note_claim(note, after, after + n, KIND_PLACE, 86, RULE_PLACE_CUED);
}

void rules_streets(struct note *note) {
    const size_t n = note_n(note);
    for (size_t i = 0; i < n; i++) {
        if (!note_free(note, i, i + 1)) continue;
        if (!note_is_word(note, i)) continue;
        const size_t end = note_line_end(note, i);
        size_t len = route_at(note, i, end);
        if (len == 0) len = block_at(note, i, end);
        if (len) len = directions_end(note, i + len, end) - i;
        if (len && note_claim(note, i, i + len, KIND_STREET, 82, RULE_STREET)) {
            i += len - 1;
            continue;
        }
        if (claim_home(note, i) || claim_numbered(note, i) || claim_landmark(note, i)) continue;
        len = street_at(note, i, end);
        const bool strong = len && (has_number(note, i, i + len) ||
                                    note_word_in(note, i,
                                                 "avenida|avda|av|bulevar|bvar|blvr|bv|camino|"
                                                 "rambla|carretera|ctra|urbanizacion|urb|c"));
        if (strong) len = directions_end(note, i + len, end) - i;
        if (strong && note_claim(note, i, i + len, KIND_STREET, 88, RULE_STREET)) i += len - 1;
    }
    for (size_t i = 0; i < n; i++)
        if (note_free(note, i, i + 1)) claim_bare_street(note, i);
    for (size_t i = 0; i < n; i++) /* after the streets, which tell a postal code from a number */
        if (note_free(note, i, i + 1)) claim_postal_code(note, i);
}
