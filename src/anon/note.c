/* SPDX-License-Identifier: MIT
 *
 * Cutting a document into pieces, pieces into classified tokens, and keeping who claimed what.
 */
#include "anon/note.h"

#include <assert.h>
#include <string.h>

const struct token note_outside = {.type = TOKEN_NEWLINE};

enum { OWNER_FREE = 0, OWNER_CLOSED = 255 };

void note_init(struct note *note, const struct folded *folded,
               const struct placeholders *placeholders, struct array *spans) {
    *note = (struct note){.text = folded->text, .placeholders = placeholders, .spans = spans};
}

void note_release(struct note *note) {
    array_release(&note->tokens);
    array_release(&note->lines);
    array_release(&note->line_of);
    array_release(&note->owners);
}

/* A blank between two words in lower case: nothing personal is cut there but a name typed small,
 * and names are looked for again everywhere. */
static bool is_soft_cut(const unsigned char *text, size_t at) {
    return text[at - 1] == ' ' && text[at - 2] >= 'a' && text[at - 2] <= 'z' && text[at] >= 'a' &&
           text[at] <= 'z';
}

/* Where the piece that starts at `start` should end: after a line end if one is near the limit,
 * else between two words, else after a blank, else at the limit. */
static size_t piece_end(const unsigned char *text, size_t start, size_t n_text) {
    if (n_text - start <= NOTE_PIECE_BYTES) return n_text;
    const size_t limit = start + NOTE_PIECE_BYTES, earliest = start + NOTE_PIECE_BYTES / 2;
    for (size_t at = limit; at > earliest; at--)
        if (text[at - 1] == '\n') return at;
    for (size_t at = limit; at > earliest; at--)
        if (is_soft_cut(text, at)) return at;
    for (size_t at = limit; at > earliest; at--)
        if (text[at - 1] == ' ' || text[at - 1] == '\t') return at;
    return limit;
}

/* Neuropediatría, angiología, toracotomía: words that medicine coins faster than lists grow. */
static bool has_clinical_ending(const unsigned char *word, size_t n) {
    static const char *const endings[] = {
        "logia",   "iatria", "scopia",  "tomia",    "grafia",  "plastia", "patia",
        "itis",    "osis",   "emia",    "metria",   "terapia", "algia",   "uria",
        "logico",  "logica", "scopica", "pectomia", "cillina", "micina",  "sartan",
        "statina", "prazol", "azepam",  "coccus",   "cocus",   "ectasia", "megalia"};
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        const size_t len = strlen(endings[i]);
        if (n < len + 3) continue;
        size_t j = 0;
        while (j < len && fold_lower(word[n - len + j]) == (unsigned char)endings[i][j])
            j++;
        if (j == len) return true;
    }
    return false;
}

static void classify(struct note *note) {
    struct token *tokens = note->tokens.data;
    for (size_t i = 0; i < note->tokens.n; i++) {
        struct token *t = &tokens[i];
        if (t->type != TOKEN_WORD) continue;
        const unsigned char *word = note->text + t->start;
        t->classes = lexicon_lookup(word, t->end - t->start);
        if (!t->classes && has_clinical_ending(word, t->end - t->start)) t->classes = LEX_CLINICAL;
    }
}

static void raise(struct token *t) {
    if (t->type == TOKEN_WORD && t->shape == SHAPE_LOWER) t->shape = SHAPE_TITLE;
}

/* Hardly a capital in the piece. */
static bool is_caseless(const struct note *note) {
    size_t n_words = 0, n_capital = 0;
    for (size_t i = 0; i < note->tokens.n; i++) {
        const struct token *t = note_token(note, i);
        if (t->type != TOKEN_WORD || t->end - t->start < 3) continue;
        n_words++;
        n_capital += t->shape != SHAPE_LOWER;
    }
    return n_words >= 20 && n_capital * 40 < n_words;
}

/* What follows a name on its line and may be its next part: "aparicio da luz", "maría zulamar". */
static bool continues_name(const struct note *note, size_t i) {
    const uint64_t names = LEX_FIRST_NAME | LEX_SURNAME;
    const struct token *t = note_token(note, i);
    size_t before = i - 1;
    if (t->gap > 1 || t->end - t->start < 3 || (t->classes & LEX_PARTICLE)) return false;
    while (before > 0 && note_has(note, before, LEX_PARTICLE))
        before--;
    if (!note_is_capital(note, before) || !note_has(note, before, names | LEX_NICKNAME))
        return false;
    return t->classes == 0 || (t->classes & names) != 0;
}

/* In a note typed without capitals the words of the name and place lists, unless they are ordinary
 * words too, are taken as if they had one: every rule then reads them as it reads others. */
static void restore_capitals(struct note *note) {
    const uint64_t proper = LEX_FIRST_NAME | LEX_SURNAME | LEX_NICKNAME | LEX_PLACE |
                            LEX_INSTITUTION;
    struct token *tokens = note->tokens.data;
    note->caseless = is_caseless(note);
    if (!note->caseless) return;
    for (size_t i = 0; i < note->tokens.n; i++) {
        struct token *t = &tokens[i];
        if ((t->classes & proper) && !(t->classes & (LEX_GUARD | LEX_PARTICLE))) raise(t);
        uint64_t found;
        const size_t n = note_phrase(note, i, LEX_PLACE, &found);
        for (size_t j = i; n > 1 && j < i + n; j++)
            raise(&tokens[j]);
    }
    for (size_t i = 1; i + 2 < note->tokens.n; i++) {
        struct token *t = &tokens[i];
        if (t->type != TOKEN_WORD || t->shape != SHAPE_LOWER) continue;
        if (continues_name(note, i)) raise(t);
        /* "m. larrañaga" */
        const bool initial = t->end - t->start == 1 && note_is_mark(note, i + 1, '.') &&
                             note_is_capital(note, i + 2) && note_has(note, i + 2, LEX_SURNAME);
        if (initial) t->shape = SHAPE_UPPER;
    }
}

static bool find_lines(struct note *note) {
    const struct token *tokens = note->tokens.data;
    note->lines.n = note->line_of.n = 0;
    if (!array_reserve(&note->line_of, note->tokens.n + 1, sizeof(uint32_t))) return false;
    struct note_line line = {0};
    for (uint32_t i = 0; i <= note->tokens.n; i++) {
        const uint32_t index = (uint32_t)note->lines.n;
        if (i < note->tokens.n) ((uint32_t *)note->line_of.data)[i] = index;
        if (i < note->tokens.n && tokens[i].type != TOKEN_NEWLINE) continue;
        line.end = i;
        if (!array_push(&note->lines, &line, sizeof(line))) return false;
        line.first = i + 1;
    }
    note->line_of.n = note->tokens.n;
    return true;
}

bool note_next(struct note *note, size_t n_text) {
    note->start = note->end;
    if (note->start >= n_text) return false;
    note->end = piece_end(note->text, note->start, n_text);
    note->tokens.n = 0;
    bool room = words_scan(&note->tokens, note->text, note->start, note->end);
    placeholders_collapse(note->placeholders, &note->tokens, note->text);
    room = room && find_lines(note) && array_reserve(&note->owners, note->tokens.n + 1, 1);
    if (!room) {
        note->nomem = true;
        return false;
    }
    note->owners.n = note->tokens.n;
    memset(note->owners.data, OWNER_FREE, note->tokens.n + 1);
    for (size_t i = 0; i < note->tokens.n; i++)
        if (token_is_placeholder(note_token(note, i)))
            ((unsigned char *)note->owners.data)[i] = OWNER_CLOSED;
    classify(note);
    restore_capitals(note);
    return true;
}

bool note_is_closed(const struct note *note, size_t i) {
    return i < note->owners.n && ((const unsigned char *)note->owners.data)[i] == OWNER_CLOSED;
}

bool note_free(const struct note *note, size_t first, size_t end) {
    const unsigned char *owners = note->owners.data;
    for (size_t i = first; i < end && i < note->owners.n; i++)
        if (owners[i] != OWNER_FREE) return false;
    return true;
}

static bool equals(const struct note *note, size_t i, const char *lower, size_t n) {
    if (note_len(note, i) != n) return false;
    const unsigned char *s = note_text(note, i);
    for (size_t j = 0; j < n; j++)
        if (fold_lower(s[j]) != (unsigned char)lower[j]) return false;
    return true;
}

bool note_word_is(const struct note *note, size_t i, const char *lower) {
    return note_is_word(note, i) && equals(note, i, lower, strlen(lower));
}

/* The hottest loop of the rules: most words of a list are dismissed by their first letter. */
bool note_word_in(const struct note *note, size_t i, const char *lower_words) {
    if (!note_is_word(note, i)) return false;
    const unsigned char *s = note_text(note, i);
    const size_t n = note_len(note, i);
    const unsigned char first = fold_lower(s[0]);
    for (const char *word = lower_words;; word++) {
        if ((unsigned char)*word == first) {
            size_t j = 1;
            while (j < n && (unsigned char)word[j] == fold_lower(s[j]))
                j++;
            if (j == n && (word[j] == '|' || word[j] == '\0')) return true;
        }
        while (*word != '|')
            if (*word++ == '\0') return false;
    }
}

long note_number(const struct note *note, size_t i) {
    if (!note_is_number(note, i) || note_len(note, i) > 9) return -1;
    const unsigned char *s = note_text(note, i);
    long value = 0;
    for (size_t j = 0; j < note_len(note, i); j++)
        value = value * 10 + fold_digit_value(s[j]);
    return value;
}

static const char number_joints[] = "/-.,";

bool note_number_joined_before(const struct note *note, size_t i) {
    return note_glued(note, i) && note_mark_in(note, i - 1, number_joints) &&
           note_glued(note, i - 1) && note_is_number(note, i - 2);
}

bool note_number_joined_after(const struct note *note, size_t end) {
    return note_glued(note, end) && note_mark_in(note, end, number_joints) &&
           note_glued(note, end + 1) && note_is_number(note, end + 1);
}

size_t note_count_digits(const struct note *note, size_t first, size_t end) {
    size_t n = 0;
    for (size_t i = first; i < end; i++)
        if (note_is_number(note, i)) n += note_len(note, i);
    return n;
}

const struct note_line *note_line(const struct note *note, size_t i) {
    assert(i < note->tokens.n);
    return (const struct note_line *)note->lines.data + ((const uint32_t *)note->line_of.data)[i];
}

size_t note_line_first(const struct note *note, size_t i) {
    return note_line(note, i)->first;
}

size_t note_line_end(const struct note *note, size_t i) {
    return note_line(note, i)->end;
}

bool note_begins_sentence(const struct note *note, size_t i) {
    if (i == 0 || i >= note->tokens.n) return true;
    const struct token *before = note_token(note, i - 1);
    if (before->type == TOKEN_NEWLINE) return true;
    if (note_token(note, i)->gap >= 3) return true;
    if (before->type != TOKEN_MARK) return false;
    const unsigned char c = note->text[before->start];
    /* a point after a short word is an abbreviation's more often than a sentence's */
    if (c == '.') return !(i >= 2 && note_is_word(note, i - 2) && note_len(note, i - 2) <= 3);
    return strchr(":-?!*\"[]|;>=+", c) != NULL || c == FOLD_BULLET;
}

bool note_line_is_upper(const struct note *note, size_t i) {
    size_t n_upper = 0, n_lower = 0;
    const struct note_line *line = note_line(note, i);
    /* a window is enough, and keeps one endless line from costing the square of its length */
    const size_t from = i > line->first + 40 ? i - 40 : line->first;
    const size_t to = line->end > i + 40 ? i + 40 : line->end;
    for (size_t j = from; j < to; j++) {
        const struct token *t = note_token(note, j);
        if (t->type != TOKEN_WORD || t->end - t->start < 3) continue;
        if (t->shape == SHAPE_UPPER)
            n_upper++;
        else
            n_lower++;
    }
    return n_upper > 2 && n_lower * 3 < n_upper;
}

size_t note_phrase(const struct note *note, size_t i, uint64_t classes, uint64_t *found) {
    enum { WORDS_MAX = 8, KEY_MAX = 96 };
    if (!note_is_word(note, i)) return 0;
    size_t best = 0;
    if (note_token(note, i)->classes & classes) {
        best = 1;
        *found = note_token(note, i)->classes;
    }
    if (!(note_token(note, i)->classes & LEX_PHRASE)) return best;

    unsigned char key[KEY_MAX];
    size_t n = 0, j = i;
    for (int words = 0; words < WORDS_MAX; words++, j++) {
        /* "Gral. Enrique Martínez", "L'Hospitalet": marks inside a phrase are not part of its key
         */
        while (words > 0 && note_mark_in(note, j, ".'-\""))
            j++;
        const struct token *t = note_token(note, j);
        const size_t len = t->end - t->start;
        if ((t->type != TOKEN_WORD && t->type != TOKEN_NUMBER) || n + len + 1 > KEY_MAX) break;
        if (words > 0 && t->gap > 2) break; /* another column */
        if (n) key[n++] = ' ';
        memcpy(key + n, note->text + t->start, len);
        n += len;
        if (words == 0) continue;
        const uint64_t c = lexicon_lookup(key, n);
        if (!(c & classes)) continue;
        best = j + 1 - i;
        *found = c;
    }
    return best;
}

static bool is_edge_mark(const struct note *note, size_t i) {
    const struct token *t = note_token(note, i);
    return t->type == TOKEN_NEWLINE ||
           (t->type == TOKEN_MARK && strchr(".,;:()[]{}\"'!?|*_<>=/\\-", note->text[t->start]) &&
            !token_is_placeholder(t));
}

static size_t count_marks(const struct note *note, size_t first, size_t end, unsigned char mark) {
    size_t n = 0;
    for (size_t i = first; i < end; i++)
        n += note_is_mark(note, i, mark);
    return n;
}

/* "(598) 92 330 641": the bracket that opens a value closes in its middle. */
static bool is_closed_inside(const struct note *note, size_t first, size_t end) {
    return note_is_mark(note, first, '(') && count_marks(note, first + 1, end - 1, ')') == 1;
}

/* 'Sanatorio 2 "Constancio Castells"': the quote that ends a value opens in its middle. */
static bool is_opened_inside(const struct note *note, size_t first, size_t end) {
    return note_is_mark(note, end - 1, '"') && count_marks(note, first + 1, end - 1, '"') == 1;
}

/* "E.K.", "Ximénez R.", "dic.", "S.R.L.": the point belongs to the value. */
static bool is_abbreviation_point(const struct note *note, size_t first, size_t point,
                                  enum kind kind) {
    if (!note_is_mark(note, point, '.') || !note_glued(note, point) || point <= first) return false;
    if (kind == KIND_DATE) return note_has(note, point - 1, LEX_MONTH_SHORT);
    if (!kind_is_name(kind) && kind != KIND_INSTITUTION) return false;
    if (note_len(note, point - 1) != 1 || !note_is_word(note, point - 1)) return false;
    return kind_is_name(kind) ? point >= first + 2
                              : point >= first + 4 && note_is_mark(note, point - 2, '.');
}

bool note_claim(struct note *note, size_t first, size_t end, enum kind kind, int score,
                enum rule rule) {
    while (first < end && is_edge_mark(note, first) && !is_closed_inside(note, first, end))
        first++;
    while (end > first && is_edge_mark(note, end - 1) &&
           !is_abbreviation_point(note, first, end - 1, kind) &&
           !is_opened_inside(note, first, end))
        end--;
    if (first >= end || end > note->tokens.n || !note_free(note, first, end)) return false;
    memset((unsigned char *)note->owners.data + first, (int)kind + 1, end - first);
    const struct span span = {.start = note_token(note, first)->start,
                              .end = note_token(note, end - 1)->end,
                              .rules = RULE_BIT(rule),
                              .kind = (uint8_t)kind,
                              .score = (uint8_t)score};
    if (!array_push(note->spans, &span, sizeof(span))) note->nomem = true;
    return true;
}

void note_close(struct note *note, size_t first, size_t end) {
    unsigned char *owners = note->owners.data;
    for (size_t i = first; i < end && i < note->owners.n; i++)
        if (owners[i] == OWNER_FREE) owners[i] = OWNER_CLOSED;
}
