/* SPDX-License-Identifier: MIT
 *
 * Persons announced by a word: a title ("Dra. Zumarán"), a role ("Cirujano: ..."), a courtesy
 * ("doña Elba"), a kinship ("hija Graciela"); and the lists of names that such a word opens.
 *
 * After such a word evidence is strong enough that guard words do not count: Dr. Parkinson and
 * Sra. Crohn are people.
 */
#include "anon/rules.h"

static size_t skip_bracket(const struct note *note, size_t i, size_t end) {
    if (!note_is_mark(note, i, '(')) return i;
    for (size_t at = i + 1; at < end && at < i + 8; at++)
        if (note_is_mark(note, at, ')')) return at + 1;
    return i;
}

static bool is_title_word(const struct note *note, size_t i) {
    return note_has(note, i, LEX_TITLE) && !note_has(note, i, LEX_FIRST_NAME);
}

/* Skips "Dr.", "Lic. Enf.", "Lic. en T.S.", "Prof. Adj. Dr.": first token of the name. */
static size_t skip_titles(const struct note *note, size_t i, size_t end) {
    size_t at = i;
    for (int steps = 0; steps < 10 && at < end; steps++) {
        if (is_title_word(note, at) || note_has(note, at, LEX_COURTESY) ||
            note_word_in(note, at,
                         "adj|agdo|agda|gdo|grado|gr|enfermeria|enf|nut|univ|ped|esp|med|"
                         "jefe|jefa|mtra|turno|ts|trabajo|social|cdte|tte|cnel"))
            at++;
        else if (at > i && (note_mark_in(note, at, ".:/") || note_is_ordinal(note, at)))
            at++;
        else if (at > i && note_word_is(note, at, "en") && note_is_capital(note, at + 1) &&
                 note_len(note, at + 1) == 1)
            at += 1;
        else if (at > i && note_word_is(note, at, "t") && note_is_mark(note, at + 1, '.') &&
                 note_word_is(note, at + 2, "s"))
            at += 3; /* "Lic. en T.S." */
        else if (at > i && note_is_mark(note, at, '(') && note_word_in(note, at + 1, "a|as") &&
                 note_is_mark(note, at + 2, ')'))
            at += 3; /* "Dr(a)." */
        else
            break;
    }
    return at;
}

/* "Dres. Bonilla, Cuadro y Freire": between two names of a list an ordinary word is one too. */
static bool is_enumerated(const struct note *note, size_t i) {
    const bool goes_on = note_word_is(note, i + 1, "y") || note_is_mark(note, i + 1, ',');
    return note_token(note, i)->shape == SHAPE_TITLE && note_has(note, i, LEX_COMMON) && goes_on &&
           note_is_capital(note, i + 2) && note_has(note, i + 2, LEX_ANY_NAME);
}

/* "Dra. Amestoy, Killip I": a list goes on with names, not with eponyms. */
static bool is_no_next_name(const struct note *note, size_t i) {
    if (name_is_guarded(note, i) && !is_enumerated(note, i)) return true;
    return note_has(note, i, LEX_EPONYM) && !note_has(note, i, LEX_FIRST_NAME);
}

/* From the end of a name to where the next of its list may begin; 0 when the list ends there. */
static size_t next_of_list(const struct note *note, size_t i, size_t end) {
    enum { SEPARATOR_TOKENS_MAX = 3 };
    const size_t separator = skip_bracket(note, i, end);
    size_t at = separator;
    while (at < end && at < separator + SEPARATOR_TOKENS_MAX &&
           (note_mark_in(note, at, ",;/-+.&") || note_word_in(note, at, "y|e")))
        at++;
    if (at == separator) return 0;
    /* after a full stop only another title goes on with the list */
    if (note_is_mark(note, separator, '.') && !is_title_word(note, at)) return 0;
    if (note_is_mark(note, separator, '-') && note_glued(note, separator)) return 0;
    return at;
}

size_t names_claim(struct note *note, size_t i, size_t end, enum kind kind, int score,
                   enum name_trust trust, enum rule rule) {
    enum { NAMES_MAX = 24 };
    size_t at = i, after = i;
    for (int names = 0; names < NAMES_MAX && at < end; names++) {
        const size_t name = skip_titles(note, at, end);
        size_t n = name_at(note, name, end, trust);
        if (n == 0 && names > 0 && is_enumerated(note, name)) n = 1;
        if (n == 0 || (names > 0 && name == at && is_no_next_name(note, name))) break;
        n = name_inverted(note, name, n, end);
        note_claim(note, name, name + n, kind, score, rule);
        after = name + n;
        at = next_of_list(note, after, end);
        if (at == 0) break;
        if (rule == RULE_TITLE) rule = RULE_STAFF_LIST;
    }
    return after;
}

/* A title that is also an everyday short word needs its point or capitals: "int.", "AE", "TS". */
static bool is_sure_title(const struct note *note, size_t i) {
    const bool point = note_mark_in(note, i + 1, ".:");
    if (note_len(note, i) <= 3 && !note_word_in(note, i, "dr|dra|drs|lic|br|bra|sr|sra"))
        return point || note_token(note, i + 1)->gap >= 2 ||
               note_token(note, i)->shape == SHAPE_UPPER;
    return true;
}

static bool is_weak_title(const struct note *note, size_t i) {
    return note_word_in(note, i,
                        "int|res|tec|aux|ts|le|cr|oficial|agente|interno|interna|tecnico|"
                        "tecnica|auxiliar|maestra|maestro|residente|residentes|enfermero|"
                        "enfermera|enfermeros|enfermeras|nutricionista|abogado|abogada|"
                        "psicologo|psicologa|partera|nurse|cabo|asist|inst");
}

/* "Hospital de Clínicas "Dr. Manuel Quintela"", "Hospital Doctor Peset": the title is the name's.
 */
static bool names_an_institution(const struct note *note, size_t i) {
    for (size_t back = 1; back <= 4 && back <= i; back++) {
        const size_t j = i - back;
        if (note_has(note, j, LEX_HOSPITAL_HEAD) && note_len(note, j) > 3) return true;
        if (note_is_mark(note, j, '"') ||
            note_word_in(note, j,
                         "de|del|la|universitario|general|regional|"
                         "universitari|girona|clinicas|clinico|provincial"))
            continue;
        if (note_has(note, j, LEX_PLACE | LEX_PLACE_WEAK) && note_is_capital(note, j)) continue;
        return false;
    }
    return false;
}

/* "dr perez gomez" in a note without capitals: words that are no ordinary ones. */
static size_t claim_small_name(struct note *note, size_t name) {
    enum { WORDS_MAX = 3 };
    size_t n = 1;
    while (n < WORDS_MAX && note_is_word(note, name + n) && note_token(note, name + n)->gap == 1 &&
           !note_has(note, name + n, LEX_GUARD | LEX_TITLE | LEX_ROLE | LEX_PARTICLE))
        n++;
    note_claim(note, name, name + n, KIND_NAME_STAFF, 80, RULE_TITLE);
    return name + n;
}

/* "Doctor Esquerdo, 46. 28007 Madrid" is a street: one past its door when a postal code follows
 * it, else 0. */
static size_t street_door_end(const struct note *note, size_t name, size_t name_end) {
    size_t door = name_end;
    if (note_is_mark(note, door, ',')) door++;
    if (name_end <= name || !note_is_number(note, door) || note_len(note, door) > 3) return 0;
    size_t postal = door + 1;
    while (note_mark_in(note, postal, ".,-"))
        postal++;
    return note_is_number(note, postal) && note_len(note, postal) == 5 ? door + 1 : 0;
}

/* Claims what the title at i announces; the token to go on from. */
static size_t claim_title(struct note *note, size_t i) {
    const size_t end = note_line_end(note, i);
    if (names_an_institution(note, i)) return i + 1;
    const size_t name = skip_titles(note, i, end);
    if (name == i || !is_sure_title(note, i)) return i + 1;

    const bool capital = note_is_capital(note, name);
    const size_t n = name_at(note, name, end, NAME_EXPECTED);
    if (is_weak_title(note, i)) {
        /* "residente Ríos" yes, "residente Valora" no */
        if (!capital || (name_is_guarded(note, name) && !name_initial_at(note, name))) return i + 1;
    } else if (!capital) {
        if (!note_is_word(note, name) || note_len(note, name) < 3 || name_is_guarded(note, name) ||
            !note_word_in(note, i, "dr|dra|lic|drs|dras|doctor|doctora"))
            return i + 1;
        if (n == 0) return claim_small_name(note, name);
    }
    const size_t door_end = street_door_end(note, name, name + n);
    if (door_end && note_claim(note, i, door_end, KIND_STREET, 80, RULE_STREET)) return door_end;
    const size_t after = names_claim(note, i, end, KIND_NAME_STAFF, 92, NAME_EXPECTED, RULE_TITLE);
    return after > i ? after : i + 1;
}

/* Past what stands between a role and its name: "de guardia", "Nº 1", ':'. */
static size_t skip_role_words(const struct note *note, size_t i, size_t end, bool *colon) {
    enum { STEPS_MAX = 5 };
    size_t at = i;
    *colon = false;
    for (int steps = 0; steps < STEPS_MAX && at < end; steps++, at++) {
        if (note_is_mark(note, at, ':'))
            *colon = true;
        else if (!note_is_mark(note, at, '.') && !note_is_number(note, at) &&
                 !note_is_ordinal(note, at) && !note_has(note, at, LEX_NUMBER_WORD | LEX_ROLE) &&
                 !note_word_in(note, at,
                               "de|guardia|tratante|turno|sala|actuante|responsable|"
                               "referente|zona|cabecera|familia"))
            break;
    }
    return at;
}

/* Whether a name may stand at token `at`, to which the role at i led. */
static bool is_name_of_role(const struct note *note, size_t i, size_t at, bool colon) {
    const bool title = note_has(note, at, LEX_TITLE);
    if (!note_is_capital(note, at) && !(colon && title)) return false;
    if (note_word_is(note, at - 1, "de") && note_has(note, at, LEX_PLACE | LEX_PLACE_WEAK))
        return false;
    if (colon) return true;
    const bool wide = note_token(note, at)->gap >= 2;
    if (!wide && !title && (name_is_guarded(note, at) || note_is_mark(note, at - 1, '.')))
        return false;
    return !note_line_is_upper(note, i) || note_has(note, at, LEX_ANY_NAME | LEX_TITLE);
}

/* "Cirujano: ...", "Ayudantes Pérez y López", "Actuaron: ...", "gine Ledesma" */
static size_t claim_role(struct note *note, size_t i) {
    const size_t end = note_line_end(note, i);
    bool colon;
    const size_t at = skip_role_words(note, i + 1, end, &colon);
    if (!is_name_of_role(note, i, at, colon)) return i + 1;
    const size_t after = names_claim(note, at, end, KIND_NAME_STAFF, colon ? 90 : 78, NAME_EXPECTED,
                                     RULE_TITLE);
    return after > at ? after : i + 1;
}

/* "Sra. Elba", "don Omar"; of one letter ("D. José") it is a doctor's, before a first name. */
static size_t claim_courtesy(struct note *note, size_t i) {
    const bool letter = note_len(note, i) == 1;
    const bool point = note_is_mark(note, i + 1, '.');
    const size_t at = point ? i + 2 : i + 1;
    if (letter && (!point || !note_is_capital(note, i) || note_glued(note, i) ||
                   !note_has(note, at, LEX_FIRST_NAME)))
        return i + 1;
    if (note_has(note, at, LEX_COURTESY | LEX_TITLE)) return i + 1; /* "Sra. Dra." */
    if (!note_is_capital(note, at) &&
        (!note_has(note, at, LEX_ANY_NAME) || note_has(note, at, LEX_COMMON)))
        return i + 1;
    const size_t n = name_at(note, at, note_line_end(note, i), NAME_EXPECTED);
    if (n == 0) return i + 1;
    note_claim(note, at, at + n, letter ? KIND_NAME_STAFF : KIND_NAME_OTHER, 88, RULE_COURTESY);
    return at + n;
}

/* "Dos Hermanas, Sevilla": the kinship is part of a place's name. */
static bool is_in_place_name(const struct note *note, size_t i) {
    uint64_t found;
    return i > 0 && note_phrase(note, i - 1, LEX_PLACE | LEX_PLACE_WEAK, &found) >= 2;
}

/* What stands between a kinship and a name. */
struct kin_link {
    size_t name; /* first token of the name */
    bool mark;   /* a comma, colon, bracket, point or quote */
    bool of;     /* "mamá de Emma": the name is the patient's */
};

static struct kin_link kin_link_at(const struct note *note, size_t i) {
    struct kin_link link = {.name = i};
    if (note_mark_in(note, i, ",:(.\"")) {
        link.mark = true;
        link.name++;
    } else if (note_word_in(note, i, "de|del")) {
        link.of = true;
        link.name++;
    } else if (note_word_in(note, i,
                            "se|llamado|llamada|materno|materna|paterno|paterna|mayor|menor")) {
        link.name++;
        if (note_word_in(note, link.name, "llama|llamaba")) link.name++;
    }
    if (note_has(note, link.name, LEX_COURTESY)) link.name++;
    return link;
}

/* Whether the word that the kinship at i led to may begin a name. */
static bool is_name_of_kin(const struct note *note, size_t i, const struct kin_link *link) {
    const size_t at = link->name;
    const bool listed = note_has(note, at, LEX_ANY_NAME | LEX_NICKNAME_WEAK) ||
                        name_initial_at(note, at) == 2;
    if (!note_is_capital(note, at)) return false;
    if (!listed && (name_is_guarded(note, at) || note_token(note, at)->shape == SHAPE_UPPER ||
                    note_is_mark(note, i + 1, '.') || (link->of && note_has(note, at, LEX_PLACE))))
        return false;
    /* "Hermanos Falcó, s/n" is a street */
    return !note_is_capital(note, i) || link->mark || note_begins_sentence(note, i) ||
           note_line_is_upper(note, i);
}

/* "hija Graciela", "esposo: Omar Nader", "la mamá de Emma (Lorena)", "hermano, Íñigo," */
static size_t claim_kin(struct note *note, size_t i) {
    if (is_in_place_name(note, i)) return i + 1;
    const struct kin_link link = kin_link_at(note, i + 1);
    if (!is_name_of_kin(note, i, &link)) return i + 1;
    const size_t at = link.name;
    const size_t n = name_at(note, at, note_line_end(note, i), NAME_EXPECTED);
    if (n == 0) return i + 1;
    int score = link.of ? 75 : 85;
    /* after a bracket, point or quote a word that is ordinary too is less of a name */
    if (note_has(note, at, LEX_AMBIGUOUS) && note_has(note, at, LEX_COMMON) && link.mark &&
        !note_mark_in(note, at - 1, ",:"))
        score = 70;
    note_claim(note, at, at + n, link.of ? KIND_NAME_PATIENT : KIND_NAME_RELATIVE, score,
               RULE_KIN_NAME);
    return at + n;
}

/* "Graciela hija 099...", "Omar Nader (esposo)": the kinship after the name. */
static void claim_before_kin(struct note *note, size_t i) {
    enum { WORDS_MAX = 4 };
    const size_t after = i + 1;
    if (is_in_place_name(note, i)) return;
    if (note_is_capital(note, i) && !note_line_is_upper(note, i)) return;
    if (!note_is_number(note, after) && !note_is_newline(note, after) &&
        note_token(note, after)->type != TOKEN_MARK)
        return;
    size_t end = i; /* of the name */
    if (end > 0 && note_is_mark(note, end - 1, '(')) end--;
    if (end > 0 && note_is_mark(note, end - 1, ',')) end--;
    size_t first = end;
    while (first > 0 && end - first < WORDS_MAX && note_is_capital(note, first - 1) &&
           note_len(note, first - 1) > 1 && !name_is_guarded(note, first - 1) &&
           !name_ends(note, first - 1) && note_free(note, first - 1, first) &&
           note_token(note, first)->gap <= 2)
        first--;
    if (first == end || (!note_has(note, first, LEX_ANY_NAME) && end - first < 2)) return;
    note_claim(note, first, end, KIND_NAME_RELATIVE, 80, RULE_KIN_NAME);
}

void rules_persons(struct note *note) {
    const size_t n = note_n(note);
    for (size_t i = 0; i < n;) {
        if (!note_is_word(note, i) || !note_free(note, i, i + 1) ||
            (note_glued(note, i) && note_is_number(note, i - 1))) {
            i++;
        } else if (is_title_word(note, i)) {
            i = claim_title(note, i);
        } else if (note_has(note, i, LEX_COURTESY)) {
            i = claim_courtesy(note, i);
        } else if (note_has(note, i, LEX_ROLE)) {
            i = claim_role(note, i);
        } else if (note_has(note, i, LEX_KIN)) {
            claim_before_kin(note, i);
            i = claim_kin(note, i);
        } else {
            i++;
        }
    }
}
