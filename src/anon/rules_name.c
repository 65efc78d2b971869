/* SPDX-License-Identifier: MIT
 *
 * Names that nothing announces: by the lists of first names and surnames, and by shape where a
 * person is expected (after a verb of calling, telling, being seen by).
 *
 * Guards weigh only here, where evidence is weak: an eponym, a drug or an ordinary word is no name
 * just because it has a capital.
 */
#include "anon/rules.h"

static bool is_eponym_cue(const struct note *note, size_t i) {
    return note_has(note, i, LEX_EPONYM_CUE);
}

struct evidence {
    size_t n_first, n_surname, n_nickname, n_ambiguous, n_unknown, n_guard, n_words, n_initials;
};

static struct evidence weigh(const struct note *note, size_t first, size_t end) {
    struct evidence e = {0};
    for (size_t i = first; i < end; i++) {
        e.n_initials += note_is_word(note, i) && note_len(note, i) == 1 &&
                        note_is_mark(note, i + 1, '.');
        if (!note_is_word(note, i) || note_len(note, i) < 2 || note_has(note, i, LEX_PARTICLE))
            continue;
        e.n_words++;
        const bool ambiguous =
            note_has(note, i, LEX_AMBIGUOUS | LEX_GUARD | LEX_PLACE | LEX_PLACE_WEAK | LEX_MONTH);
        if (note_has(note, i, LEX_ANY_NAME) && ambiguous) e.n_ambiguous++;
        if (note_has(note, i, LEX_FIRST_NAME) && !ambiguous) e.n_first++;
        if (note_has(note, i, LEX_SURNAME) && !ambiguous) e.n_surname++;
        if (note_has(note, i, LEX_NICKNAME) && !ambiguous) e.n_nickname++;
        if (!note_token(note, i)->classes) e.n_unknown++;
        if (note_has(note, i, LEX_GUARD) && !note_has(note, i, LEX_ANY_NAME)) e.n_guard++;
    }
    return e;
}

static bool is_person_cue(const struct note *note, size_t i) {
    if (note_has(note, i, LEX_PERSON_CUE)) return true;
    if (note_word_in(note, i, "por|con|a|y") && i > 0 && note_has(note, i - 1, LEX_PERSON_CUE))
        return true;
    return note_word_in(note, i, "por") && note_token(note, i)->shape == SHAPE_LOWER;
}

/* Alone in quotes, or in brackets after a name: a nickname. */
static bool is_set_apart(const struct note *note, size_t first, size_t end) {
    if (note_token(note, first)->shape == SHAPE_UPPER) return false;
    if (note_is_mark(note, first - 1, '"') && note_is_mark(note, end, '"')) return true;
    if (!note_is_mark(note, first - 1, '(') || !note_is_mark(note, end, ')') || first < 2)
        return false;
    return note_is_named(note, first - 2);
}

/* Where a candidate stands. */
struct setting {
    bool upper;  /* the line is in capitals, which then tell nothing */
    bool begins; /* first of a sentence, where every word has a capital */
    bool cue;    /* a person is expected: "avisó a", "contesta" */
};

/* What speaks against a name whatever its words are. */
static bool is_something_else(const struct note *note, size_t first, size_t end,
                              const struct evidence *e) {
    if (e->n_guard > 0 || note_is_mark(note, end, FOLD_SYMBOL)) return true; /* ® */
    if (first == 0) return false;
    if (is_eponym_cue(note, first - 1)) return true;
    if (note_word_in(note, first - 1, "de|del") && is_eponym_cue(note, first - 2)) return true;
    if (note_word_in(note, first - 1, "san|santa|santo|sta|sto")) return true;
    /* "descartan Wilson": the disease */
    return note_word_in(note, first - 1,
                        "descarta|descartan|descartar|descarto|sospecha|padece|probable|posible|"
                        "marca|tipo|medio|modelo|malformacion|enfermedad");
}

/* Two words or more, of which the lists know some. */
static int score_of_several(const struct note *note, size_t first, size_t end,
                            const struct evidence *e, const struct setting *at) {
    const size_t names = e->n_first + e->n_surname + e->n_nickname;
    if (e->n_first && (e->n_surname || e->n_ambiguous || e->n_unknown || e->n_first > 1)) return 86;
    if (e->n_surname >= 2) return 80;
    if (e->n_surname && e->n_ambiguous) return 74;
    if (e->n_surname && e->n_unknown) return at->upper ? 60 : 66;
    if (e->n_ambiguous >= 2 && !at->upper && !at->begins) return 58;
    if (e->n_ambiguous && e->n_unknown && at->cue) return 60;
    /* "Luz Clara Apoita": three words of which two may be names */
    if (e->n_words >= 3 && e->n_ambiguous + names >= 2 && !at->upper) return 66;
    if (e->n_words == 2 && note_has(note, first, LEX_FIRST_NAME) && !at->begins && !at->upper &&
        (e->n_unknown || e->n_surname || note_has(note, end - 1, LEX_PLACE | LEX_SURNAME)))
        return 58;
    return e->n_nickname && names ? 66 : 0;
}

/* One word that is a name and something else too: a town, a nickname, an ordinary word. */
static int score_of_ambiguous(const struct note *note, size_t first, size_t end,
                              const struct evidence *e, const struct setting *at) {
    if (at->upper) return 0;
    if (e->n_ambiguous && at->cue) return 60;
    if (is_set_apart(note, first, end) && (e->n_ambiguous || e->n_unknown || e->n_nickname))
        return 60;
    if (at->begins) return 0;
    /* "; Carolina, la mayor", "gine Ledesma": where no town can stand */
    const bool plain = !note_has(note, first, LEX_GUARD | LEX_MONTH) &&
                       !note_word_in(note, first - 1, "en|desde|hacia|de|del|hasta");
    if (plain && note_has(note, first, LEX_FIRST_NAME | LEX_SURNAME)) return 55;
    /* "la Negra" */
    if (note_word_in(note, first - 1, "la|el") && note_token(note, first)->shape == SHAPE_TITLE &&
        note_has(note, first, LEX_NICKNAME | LEX_NICKNAME_WEAK) &&
        !note_is_capital(note, first - 1))
        return 58;
    return e->n_ambiguous && !note_has(note, first, LEX_GUARD) ? 40 : 0;
}

static int score_of_one(const struct note *note, size_t first, size_t end, const struct evidence *e,
                        const struct setting *at) {
    const bool title = note_token(note, first)->shape == SHAPE_TITLE;
    /* ANA, ELISA: an acronym, unless it is too long for one or somebody is expected */
    const bool acronym = note_token(note, first)->shape == SHAPE_UPPER && !at->upper &&
                         note_len(note, first) <= 5;
    if (acronym && !note_has(note, first - 1, LEX_PERSON_CUE)) return 0;
    if (e->n_initials && (e->n_surname || e->n_unknown) && !at->upper) return 64; /* "L. Sagasti" */
    if (e->n_first) return at->begins && at->upper ? 55 : 70;
    if (e->n_surname) return at->upper ? (at->cue ? 60 : 52) : at->begins ? 58 : 68;
    if (e->n_nickname) return at->begins ? 0 : 58;
    const int ambiguous = score_of_ambiguous(note, first, end, e, at);
    if (ambiguous) return ambiguous;
    return e->n_unknown && at->cue && !at->upper && title && note_len(note, first) >= 3 ? 58 : 0;
}

/* Words of no list, by what stands around them. */
static int score_of_unknown(const struct note *note, size_t first, size_t end,
                            const struct evidence *e, const struct setting *at) {
    const bool title = note_token(note, first)->shape == SHAPE_TITLE;
    if (at->upper) return 0;
    /* "Yuli quedó tranquila": what only people do comes after */
    if (e->n_words == 1 && title && note_len(note, first) >= 4 &&
        (e->n_unknown || e->n_ambiguous || e->n_nickname) && !note_has(note, first, LEX_GUARD) &&
        note_has(note, end, LEX_HUMAN_VERB))
        return 57;
    if (e->n_unknown != e->n_words) return 0;
    if (e->n_words >= 2 && at->cue) return 60;
    /* "Idelmar Klimenko, 52, CI...": two unknown words and an age */
    if (e->n_words >= 2 && note_is_mark(note, end, ',') && note_is_number(note, end + 1) &&
        note_len(note, end + 1) == 2)
        return 62;
    /* "(Flo)", "(Saralegui)": alone in brackets; after a noun it would be a brand */
    const bool after_noun = note_token(note, first - 2)->shape == SHAPE_LOWER &&
                            note_is_word(note, first - 2) && note_len(note, first - 2) > 5 &&
                            !note_has(note, first - 2, LEX_ROLE | LEX_TITLE | LEX_KIN);
    return e->n_words == 1 && !after_noun && title && note_len(note, first) >= 3 &&
                   note_is_mark(note, first - 1, '(') && note_is_mark(note, end, ')')
               ? 55
               : 0;
}

/* How likely tokens [first, end) name a person, in percent; 0: no. The figures are ranks: what the
 * lists know of two words outranks one, one outranks a shape; the policy's threshold is 50. */
static int score_of(const struct note *note, size_t first, size_t end) {
    const struct evidence e = weigh(note, first, end);
    const struct setting at = {.upper = note_line_is_upper(note, first),
                               .begins = note_begins_sentence(note, first),
                               .cue = first > 0 && is_person_cue(note, first - 1)};
    int score = 0;
    if (is_something_else(note, first, end, &e)) return 0;
    if (e.n_words >= 2) score = score_of_several(note, first, end, &e, &at);
    if (e.n_words == 1) score = score_of_one(note, first, end, &e, &at);
    return score ? score : score_of_unknown(note, first, end, &e, &at);
}

/* Initials of a person where one signs: "E.K.", "A.F.L.C." between quotes, "n.c." in a column. */
static bool claim_initials(struct note *note, size_t i) {
    size_t at = i, n = 0;
    while (note_is_word(note, at) && note_len(note, at) == 1 && note_is_capital(note, at) &&
           note_is_mark(note, at + 1, '.') && note_glued(note, at + 1) &&
           (n == 0 || note_glued(note, at))) {
        n++;
        at += 2;
    }
    if (n < 2 || n > 5) return false;
    const bool ends_line = note_is_newline(note, at) && note_token(note, i)->gap >= 2;
    if (n < 3 && !ends_line) return false;
    if (note_line_first(note, i) == i) return false; /* "A.P.:" opens a section */
    return note_claim(note, i, at, KIND_NAME_STAFF, n >= 4 || ends_line ? 62 : 45, RULE_INITIALS);
}

/* A line with an address to write to is where authors stand. */
static bool is_signature_line(const struct note *note, size_t i) {
    const size_t end = note_line_end(note, i), limit = end > i + 60 ? i + 60 : end;
    for (size_t j = i; j < limit; j++)
        if (note_owner(note, j) == KIND_EMAIL || note_owner(note, j) == KIND_HOSPITAL ||
            note_owner(note, j) == KIND_STREET)
            return true;
    return false;
}

/* "V. Carámbula", "J. P. Ithurburu", "T. Rosas": initials and a surname, listed or not. */
static size_t claim_initialled(struct note *note, size_t i) {
    size_t at = i, n = 0;
    while (note_is_word(note, at) && note_len(note, at) == 1 && note_is_capital(note, at) &&
           note_is_mark(note, at + 1, '.') && n < 3) {
        at += 2;
        n++;
    }
    if (note_glued(note, i) && note_token(note, i - 1)->type == TOKEN_MARK &&
        !note_is_mark(note, i - 1, '(') && !note_is_mark(note, i - 1, '"') &&
        !note_is_mark(note, i - 1, '.') && !note_is_mark(note, i - 1, '^'))
        return 0; /* "1,74 g/L. Allen" */
    if (n == 0 || !note_is_word(note, at) || note_token(note, at)->shape != SHAPE_TITLE ||
        note_len(note, at) < 3 || note_token(note, at)->gap > 1)
        return 0;
    const bool name = note_has(note, at, LEX_SURNAME | LEX_FIRST_NAME);
    if (note_has(note, at, LEX_CLINICAL | LEX_DRUG | LEX_UNIT | LEX_EPONYM | LEX_COMMON) && !name)
        return 0;
    /* "A. Paciente lúcido": a letter that numbers a line; "P. Vivax": a species */
    if (note_line_first(note, i) == i && !name && note_is_word(note, at + 1)) return 0;
    while (note_is_capital(note, at + 1) && note_token(note, at + 1)->shape == SHAPE_TITLE &&
           note_token(note, at + 1)->gap == 1 && note_has(note, at + 1, LEX_SURNAME))
        at++;
    return note_claim(note, i, at + 1, KIND_NAME_STAFF, 63, RULE_INITIALS) ? at + 1 - i : 0;
}

/* HL7: components of a person, "ECHENAGUSIA^NURIMAR^ALBA". */
static size_t claim_components(struct note *note, size_t i) {
    size_t at = i, n = 0;
    bool name = false;
    while (note_is_word(note, at) && note_len(note, at) >= 2 && !note_has(note, at, LEX_CLINICAL)) {
        name |= note_has(note, at, LEX_FIRST_NAME | LEX_SURNAME);
        n++;
        if (!note_is_mark(note, at + 1, '^') || !note_is_word(note, at + 2)) break;
        at += 2;
    }
    return n >= 2 && name && note_claim(note, i, at + 1, KIND_NAME_OTHER, 80, RULE_FIELD)
               ? at + 1 - i
               : 0;
}

/* What is glued to a word, number, hyphen or at-sign before it is a piece of something else. */
static bool may_begin_name(const struct note *note, size_t i) {
    if (!note_is_word(note, i) || !note_free(note, i, i + 1)) return false;
    return !note_glued(note, i) || !(note_is_word(note, i - 1) || note_is_number(note, i - 1) ||
                                     note_mark_in(note, i - 1, "-@"));
}

/* The lists know one of its words as a name. */
static bool is_listed(const struct note *note, size_t first, size_t end) {
    for (size_t i = first; i < end; i++)
        if (note_has(note, i, LEX_ANY_NAME)) return true;
    return false;
}

/* The name that starts at i by the lists or its shape; tokens it takes, claimed or not. */
static size_t claim_unannounced(struct note *note, size_t i) {
    const size_t end = note_line_end(note, i);
    size_t len = name_at(note, i, end, NAME_LISTED);
    if (len == 0) return 0;
    const bool heads = note_line_first(note, i) == i || note_token(note, i - 1)->type != TOKEN_WORD;
    if (heads) len = name_inverted(note, i, len, end);
    /* what a hyphen or digit goes on with is a code or a compound, not a person */
    const size_t after = i + len;
    const bool runs_on = note_glued(note, after) &&
                         (note_is_number(note, after) ||
                          (note_is_mark(note, after, '-') && note_glued(note, after + 1)));
    const int score = score_of(note, i, after);
    if (score == 0 || runs_on) return len;
    note_claim(note, i, after, is_signature_line(note, i) ? KIND_NAME_STAFF : KIND_NAME_OTHER,
               score, is_listed(note, i, after) ? RULE_NAME_LISTED : RULE_NAME_SHAPE);
    return len;
}

void rules_names(struct note *note) {
    const size_t n = note_n(note);
    for (size_t i = 0; i < n;) {
        if (!may_begin_name(note, i)) {
            i++;
            continue;
        }
        size_t len = claim_initialled(note, i);
        if (!len && note_is_mark(note, i + 1, '^')) len = claim_components(note, i);
        if (!len && !claim_initials(note, i)) len = claim_unannounced(note, i);
        i += len ? len : 1;
    }
}
