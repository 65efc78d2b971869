/* SPDX-License-Identifier: MIT
 *
 * `field: value` lines: the strongest evidence in clinical notes.
 *
 * A field's name is looked for at a line's start, after a wide gap, after a mark, and anywhere
 * before a colon. Its value is what follows on the line up to the next field, a wide gap or the
 * line's end; or, in forms, the line below. Tables are rules_table.c's. What the value is made of
 * depends on the field (field_values.c).
 */
#include "anon/field_values.h"
#include "anon/rules.h"

enum {
    FIELD_WORDS_MAX = 5,
    FIELD_KEY_MAX = 48,
    COLUMN_GAP = 3,        /* so many blanks on a line begin another box of a form */
    VALUE_TOKENS_MAX = 61, /* no value is longer: bounds the search for the next field */
};

/* ---- the names of fields ---- */

static bool is_name_token(const struct note *note, size_t i) {
    return note_is_word(note, i) || note_is_number(note, i);
}

/* Words that may begin a field's name: most tokens of prose are dismissed by this alone. */
static bool may_begin_field(const struct note *note, size_t i) {
    if (!is_name_token(note, i)) return false;
    if (note_is_number(note, i) && note_len(note, i) != 1) return false; /* "1er ayudante" */
    return field_may_begin(note_text(note, i), note_len(note, i));
}

/* Appends token i to a field's name of n bytes; its new length. The ending of an ordinal keeps to
 * its digit ("1er"), all else is one blank apart. */
static size_t append_to_key(char *key, size_t n, const struct note *note, size_t i) {
    const bool ordinal = note_is_word(note, i) && note_glued(note, i) &&
                         note_is_number(note, i - 1);
    const unsigned char *text = note_text(note, i);
    const size_t len = note_len(note, i);
    if (n && !ordinal) key[n++] = ' ';
    for (size_t j = 0; j < len; j++)
        key[n++] = (char)fold_lower(text[j]);
    return n;
}

/* Past the marks within a field's name: "C.I.", "F. nac.", "N° caja", "Localidad/ Provincia",
 * "Historia / Episodio". A bracket opens no name, so the first word is not followed by one. */
static size_t skip_name_marks(const struct note *note, size_t i, bool bracket) {
    while (note_mark_in(note, i, "./") || note_is_ordinal(note, i) ||
           (note_is_mark(note, i, '-') && note_glued(note, i)) ||
           (bracket && note_is_mark(note, i, '(') && note_is_word(note, i + 1)))
        i++;
    return i;
}

size_t field_at(const struct note *note, size_t i, const struct field **field) {
    char key[FIELD_KEY_MAX];
    size_t n = 0, best = 0, at = i;
    if (!may_begin_field(note, i)) return 0;
    for (int words = 0; words < FIELD_WORDS_MAX; words++) {
        if (!is_name_token(note, at) || n + note_len(note, at) + 1 >= FIELD_KEY_MAX) break;
        if (words > 0 && note_token(note, at)->gap > 1) break;
        n = append_to_key(key, n, note, at);
        at++;
        const struct field *found = field_lookup(key, n);
        if (found) {
            *field = found;
            best = at - i;
        }
        at = skip_name_marks(note, at, words > 0);
    }
    return best;
}

/* ---- where values are ---- */

/* "... Edad: 45": the name of another field and its colon. */
static bool begins_labelled(const struct note *note, size_t i) {
    const struct field *field;
    if (!note_is_word(note, i) || note_glued(note, i)) return false;
    const size_t n = field_at(note, i, &field);
    if (n == 0) return false;
    size_t colon = i + n;
    while (note_is_mark(note, colon, '.') || note_is_ordinal(note, colon))
        colon++;
    return note_is_mark(note, colon, ':');
}

/* End of a value that starts at `first`: the next field with a colon, a box's rule, a bar. */
static size_t value_end(const struct note *note, size_t first, size_t line_end) {
    size_t at = first;
    while (at < line_end && at - first < VALUE_TOKENS_MAX) {
        if (at > first && (form_is_rule_line(note, at) || note_is_mark(note, at, '|') ||
                           note_token(note, at)->gap >= COLUMN_GAP || begins_labelled(note, at)))
            break;
        at++;
    }
    return at;
}

/* True when the line that starts at token i is itself a field or heading. */
static bool is_heading(const struct note *note, size_t i) {
    const struct field *field;
    const size_t n = field_at(note, i, &field);
    const size_t end = note_line_end(note, i), after = i + n;
    if (n && (after == end || note_is_mark(note, after, ':') ||
              note_token(note, after)->gap >= COLUMN_GAP))
        return true;
    return note_is_mark(note, end - 1, ':');
}

/* The value on the next line that holds anything. */
static bool value_below(const struct note *note, size_t line_end, struct value *v) {
    size_t at = line_end;
    for (int newlines = 0; note_is_newline(note, at) && at < note_n(note); at++)
        if (++newlines > 2) return false;
    if (at >= note_n(note) || at <= line_end || is_heading(note, at)) return false;
    v->first = at;
    v->end = value_end(note, at, note_line_end(note, at));
    v->rule = RULE_FIELD_BELOW;
    return true;
}

/* ---- fields one by one ---- */

/* A line's start, a gap or a mark before it: where labels stand. */
static bool is_field_place(const struct note *note, size_t i) {
    return note_line_first(note, i) == i || note_token(note, i)->gap >= 2 ||
           note_token(note, i - 1)->type == TOKEN_MARK;
}

/* What stands between a label and its value. */
struct link {
    size_t end; /* first token of the value */
    bool colon; /* or '=' */
    bool boxes; /* the ruled boxes of a form */
};

static struct link link_at(const struct note *note, size_t i, size_t line_end) {
    enum { BRACKET_TOKENS_MAX = 6 };
    struct link link = {.end = i};
    if (note_is_mark(note, i, '(')) { /* "Nombre (s):", "Firma (y sello):" */
        size_t close = i;
        while (close < line_end && close < i + BRACKET_TOKENS_MAX &&
               !note_is_mark(note, close, ')'))
            close++;
        if (note_is_mark(note, close, ')') && note_is_mark(note, close + 1, ':'))
            link.end = close + 1;
    }
    while (link.end < line_end &&
           (form_is_filler(note, link.end) || note_is_mark(note, link.end, ';'))) {
        link.colon |= note_mark_in(note, link.end, ":=");
        link.boxes |= form_is_rule_line(note, link.end);
        link.end++;
    }
    return link;
}

/* "Impreso por poholeguy": a word of no language after it. */
static bool is_login(const struct note *note, size_t i, const struct field *field) {
    return field->type == VALUE_USER && note_is_word(note, i) &&
           note_token(note, i)->shape == SHAPE_LOWER && !note_token(note, i)->classes;
}

/* Claims the value of the field whose name takes the tokens [i, i + len), if it has one. */
static void claim_value(struct note *note, size_t i, size_t len, const struct field *field) {
    const size_t line_end = note_line_end(note, i);
    const struct link link = link_at(note, i + len, line_end);
    const bool place = is_field_place(note, i);
    struct value v = {.first = link.end, .end = link.end, .field = field, .rule = RULE_FIELD};
    if (field->type == VALUE_OTHER) return;
    /* "Informe clínico del paciente:" is a heading in prose, no field of the patient */
    if (!place && note_has(note, i - 1, LEX_PARTICLE)) return;

    const bool gap = note_token(note, v.first)->gap >= COLUMN_GAP && place;
    if (v.first < line_end && (place || link.colon) &&
        (link.colon || link.boxes || gap || is_login(note, v.first, field))) {
        if (field->needs_colon && !link.colon && !link.boxes) return;
        v.end = value_end(note, v.first, line_end);
        value_take(note, &v);
        return;
    }
    const bool alone = v.first == line_end && note_line_first(note, i) == i;
    if (alone && (!field->needs_colon || link.colon) && value_below(note, line_end, &v))
        value_take(note, &v);
}

void rules_fields(struct note *note) {
    const size_t n = note_n(note);
    for (size_t i = 0; i < n;) {
        const struct field *field;
        const bool inside = note_glued(note, i) && note_token(note, i - 1)->type != TOKEN_MARK;
        const size_t len = note_is_word(note, i) && !inside ? field_at(note, i, &field) : 0;
        if (len == 0) {
            i++;
            continue;
        }
        claim_value(note, i, len, field);
        i += len;
    }
}
