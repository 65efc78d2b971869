/* SPDX-License-Identifier: MIT
 *
 * A piece of a document as the rules see it: tokens with what the lexicon says of them, lines, and
 * who has claimed which token.
 *
 * A long document is read in pieces of about a quarter of a megabyte, cut at a line's end where
 * there is one, so memory stays bounded and work linear. Rules run in order of their evidence; a
 * token that one has claimed is closed to the next, so spans never overlap within the rules.
 */
#ifndef SIGILO_ANON_NOTE_H
#define SIGILO_ANON_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "anon/kinds.h"
#include "anon/lexicon.h"
#include "anon/placeholder.h"
#include "anon/rule.h"
#include "anon/span.h"
#include "text/fold.h"
#include "text/words.h"

enum { NOTE_PIECE_BYTES = 256 * 1024 };

struct note_line {
    uint32_t first, end; /* tokens, without the newline */
};

struct note {
    const struct placeholders *placeholders; /* borrowed */
    const unsigned char *text;               /* folded text of the whole document, borrowed */
    size_t start, end;                       /* of this piece in it */
    struct array tokens;                     /* struct token */
    struct array lines;                      /* struct note_line */
    struct array line_of;                    /* uint32_t a token: its line */
    struct array owners;                     /* uint8_t a token: 0 free, else kind + 1 */
    struct array *spans; /* struct span: the finds, of the whole document, borrowed */
    bool caseless;       /* hardly a capital in the piece: names are typed in lower case */
    bool nomem;          /* memory was short: the finds are not whole */
};

/* Prepares to read a folded document from its beginning; finds go to `spans`. */
void note_init(struct note *note, const struct folded *folded,
               const struct placeholders *placeholders, struct array *spans);
void note_release(struct note *note);

/* Reads the next piece, from where the last one ended. false at the end of the document or when
 * memory is short (note->nomem). */
bool note_next(struct note *note, size_t n_text);

/* ---- reading; every index is safe: outside the piece stands a line end ---- */

static inline size_t note_n(const struct note *note) {
    return note->tokens.n;
}

extern const struct token note_outside;

static inline const struct token *note_token(const struct note *note, size_t i) {
    return i < note->tokens.n ? (const struct token *)note->tokens.data + i : &note_outside;
}

static inline const unsigned char *note_text(const struct note *note, size_t i) {
    return note->text + note_token(note, i)->start;
}

static inline size_t note_len(const struct note *note, size_t i) {
    const struct token *t = note_token(note, i);
    return t->end - t->start;
}

static inline bool note_is_word(const struct note *note, size_t i) {
    return note_token(note, i)->type == TOKEN_WORD;
}

static inline bool note_is_number(const struct note *note, size_t i) {
    return note_token(note, i)->type == TOKEN_NUMBER;
}

static inline bool note_is_newline(const struct note *note, size_t i) {
    return note_token(note, i)->type == TOKEN_NEWLINE;
}

static inline bool note_has(const struct note *note, size_t i, uint64_t classes) {
    return note_is_word(note, i) && (note_token(note, i)->classes & classes) != 0;
}

static inline bool note_is_mark(const struct note *note, size_t i, unsigned char mark) {
    const struct token *t = note_token(note, i);
    return t->type == TOKEN_MARK && t->end - t->start == 1 && note->text[t->start] == mark;
}

/* One of several marks: ".:-". */
static inline bool note_mark_in(const struct note *note, size_t i, const char *marks) {
    const struct token *t = note_token(note, i);
    return t->type == TOKEN_MARK && t->end - t->start == 1 && note->text[t->start] != '\0' &&
           strchr(marks, note->text[t->start]) != NULL;
}

/* "º", "°" or "ª". */
static inline bool note_is_ordinal(const struct note *note, size_t i) {
    return note_is_mark(note, i, FOLD_ORDINAL);
}

/* No blank between this token and the one before it. */
static inline bool note_glued(const struct note *note, size_t i) {
    return i > 0 && i < note->tokens.n && note_token(note, i)->gap == 0 &&
           !note_is_newline(note, i) && !note_is_newline(note, i - 1);
}

/* Title case, upper case or mixed: it begins with a capital. */
static inline bool note_is_capital(const struct note *note, size_t i) {
    return note_is_word(note, i) &&
           (note_token(note, i)->shape != SHAPE_LOWER || *note_text(note, i) == FOLD_LETTER);
}

/* The kind that a token was claimed with; KIND_COUNT when it is free or closed. */
static inline enum kind note_owner(const struct note *note, size_t i) {
    const unsigned owner = i < note->owners.n ? ((const unsigned char *)note->owners.data)[i] : 0;
    return owner >= 1 && owner <= KIND_COUNT ? (enum kind)(owner - 1) : KIND_COUNT;
}

/* Part of a person's name that an earlier rule found. */
static inline bool note_is_named(const struct note *note, size_t i) {
    return kind_is_name(note_owner(note, i));
}

bool note_free(const struct note *note, size_t first, size_t end); /* nobody's yet */
bool note_is_closed(const struct note *note, size_t i);            /* clinical, or a placeholder */
bool note_word_is(const struct note *note, size_t i, const char *lower);
/* One of several words, separated by '|': "en|desde|hasta". */
bool note_word_in(const struct note *note, size_t i, const char *lower_words);
/* Value of a number of up to 9 digits; -1 for a longer one or no number. */
long note_number(const struct note *note, size_t i);

const struct note_line *note_line(const struct note *note, size_t i); /* of token i < n */
/* A number is joined to token i by a mark before it, or to the one before `end` by a mark after:
 * "3.5", "12/2024", "4-7" go on as one. */
bool note_number_joined_before(const struct note *note, size_t i);
bool note_number_joined_after(const struct note *note, size_t end);

/* Digits in the number tokens of [first, end). */
size_t note_count_digits(const struct note *note, size_t first, size_t end);

size_t note_line_first(const struct note *note, size_t i);
size_t note_line_end(const struct note *note, size_t i);
/* First word of a sentence: after a line's start, '.', ':', '-', a bullet... */
bool note_begins_sentence(const struct note *note, size_t i);
/* The line is written in capitals (so capitals tell nothing). */
bool note_line_is_upper(const struct note *note, size_t i);

/* Longest phrase of the lexicon that starts at token i and has one of the classes: number of
 * tokens it takes (0: none); its classes in *found. Single words count as phrases of one. */
size_t note_phrase(const struct note *note, size_t i, uint64_t classes, uint64_t *found);

/* ---- writing ---- */

/* Claims tokens [first, end) as one find, trimmed of marks it should not hold at its edges.
 * Nothing happens when one of them is taken already. score in percent. */
bool note_claim(struct note *note, size_t first, size_t end, enum kind kind, int score,
                enum rule rule);

/* Closes tokens to later rules without a find: this is clinical. */
void note_close(struct note *note, size_t first, size_t end);

#endif
