/* SPDX-License-Identifier: MIT
 *
 * Telephone and fax numbers: after their word in any shape, elsewhere by the shapes of Uruguay
 * (09X XXX XXX, 2XXX XXXX, 4XXX XXXX, +598) and of Spain (nine digits from 6 to 9, +34).
 * Numbering plan of Uruguay: URSEC; of Spain: Real Decreto 2296/2004.
 */
#include "anon/rules.h"

#include <string.h>

enum { GROUPS_MAX = 8, DIGITS_MAX = 14 };

struct digits {
    char value[DIGITS_MAX + 1];
    unsigned char sizes[GROUPS_MAX]; /* digits of each group */
    int n_groups;
    int n;
    bool plus; /* began with '+' */
    size_t n_tokens;
};

static bool is_joint(const struct note *note, size_t i) {
    return note_mark_in(note, i, "-.)");
}

/* Reads groups of digits joined by single blanks, hyphens, points or brackets. */
static struct digits read_digits(const struct note *note, size_t i, size_t end) {
    struct digits d = {0};
    size_t at = i;
    if (note_is_mark(note, at, '+')) {
        d.plus = true;
        at++;
    }
    if (note_is_mark(note, at, '(') && note_is_number(note, at + 1)) at++;
    while (at < end && note_is_number(note, at) && d.n_groups < GROUPS_MAX) {
        const size_t len = note_len(note, at);
        if (d.n + len > DIGITS_MAX) break;
        if (d.n_groups > 0 && note_token(note, at)->gap > 1) break;
        for (size_t j = 0; j < len; j++)
            d.value[d.n + (int)j] = (char)('0' + fold_digit_value(note_text(note, at)[j]));
        d.n += (int)len;
        d.sizes[d.n_groups++] = (unsigned char)len;
        at++;
        d.n_tokens = at - i;
        size_t joint = at;
        while (joint < at + 2 && is_joint(note, joint) && note_token(note, joint)->gap <= 1)
            joint++;
        /* "095/331/804" */
        if (joint == at && note_is_mark(note, at, '/') && note_glued(note, at) &&
            note_glued(note, at + 1) && len == 3 && note_len(note, at + 1) == 3 &&
            note_is_number(note, at + 1))
            joint++;
        if (!note_is_number(note, joint) || joint >= end) break;
        at = joint;
    }
    return d;
}

/* The longest run of leading groups that makes a whole number of some plan: its digits. */
static bool is_uruguayan(const char *v, int n) {
    if (n == 9 && v[0] == '0' && v[1] == '9') return true;
    if ((n == 8 || n == 9) && strncmp(v, "0800", 4) == 0) return true;
    return n == 8 && (v[0] == '2' || v[0] == '4');
}

static bool is_spanish(const char *v, int n) {
    return n == 9 && v[0] >= '6' && v[0] <= '9';
}

/* 912 345 678, 91 234 56 78, 912 34 56 78, 91 2345678: how Spanish numbers are grouped. */
static bool is_spanish_grouping(const struct digits *d) {
    static const char *const groupings[] = {"9",  "333",  "2322", "3222", "36",
                                            "27", "3213", "342",  "234"};
    char sizes[GROUPS_MAX + 1] = "";
    int n = 0;
    for (int g = 0; g < d->n_groups && n < 9; g++) {
        sizes[g] = (char)('0' + d->sizes[g]);
        n += d->sizes[g];
    }
    for (size_t i = 0; i < sizeof(groupings) / sizeof(groupings[0]); i++)
        if (strncmp(sizes, groupings[i], strlen(groupings[i])) == 0) return true;
    return false;
}

static size_t tokens_of_groups(const struct note *note, size_t i, int n_groups) {
    int seen = 0;
    for (size_t at = i;; at++)
        if (note_is_number(note, at) && ++seen == n_groups) return at + 1 - i;
}

/* Tokens of the shortest lead of groups whose digits satisfy a plan; 0 when none does. */
static size_t planned(const struct note *note, size_t i, const struct digits *d, bool *local) {
    int n = 0, skip = 0;
    /* "(598) 92 330 641" */
    if (!d->plus && d->n_groups > 1 && d->sizes[0] == 3 && strncmp(d->value, "598", 3) == 0 &&
        d->n >= 11)
        return tokens_of_groups(note, i, d->n_groups);
    if (d->plus || strncmp(d->value, "00598", 5) == 0 || strncmp(d->value, "0034", 4) == 0) {
        skip = d->plus ? 0 : 2;
        if (strncmp(d->value + skip, "598", 3) == 0)
            skip += 3;
        else if (strncmp(d->value + skip, "34", 2) == 0)
            skip += 2;
        else if (d->plus)
            return d->n >= 9 ? tokens_of_groups(note, i, d->n_groups) : 0;
    }
    for (int g = 0; g < d->n_groups; g++) {
        n += d->sizes[g];
        const char *v = d->value + skip;
        const int left = n - skip;
        if (left <= 0) continue;
        *local = is_uruguayan(v, left);
        if (*local || is_spanish(v, left)) return tokens_of_groups(note, i, g + 1);
        if (skip > 0 && left == 8 && v[0] == '9') return tokens_of_groups(note, i, g + 1);
    }
    return 0;
}

size_t phone_at(const struct note *note, size_t i, size_t end) {
    struct digits d = read_digits(note, i, end);
    if (d.n_groups == 0) return 0;
    bool local = false;
    const size_t whole = planned(note, i, &d, &local);
    if (whole) return whole;
    if (d.n >= 3 && d.n <= 13) return d.n_tokens;
    return 0;
}

static bool is_boundary_before(const struct note *note, size_t i) {
    if (!note_glued(note, i)) return true;
    if (note_is_word(note, i - 1) || note_is_number(note, i - 1)) return false;
    const unsigned char c = *note_text(note, i - 1);
    if (c == '(' || c == ':' || c == '"' || c == '[' || c == '|' || c == ';' || c == '=')
        return true;
    if (c == '-' && i >= 2 && note_is_word(note, i - 2) && note_glued(note, i - 1))
        return false; /* RN-2025-0067 */
    if (c == '/' || c == '-' || c == '.' || c == ',')
        return !(i >= 2 && note_is_number(note, i - 2) && note_glued(note, i - 1));
    return c != '+' && c != '<' && c != '>';
}

static bool is_boundary_after(const struct note *note, size_t end) {
    if (note_has(note, end, LEX_UNIT) && note_token(note, end)->gap <= 1) return false;
    if (note_is_mark(note, end, '%')) return false;
    if (!note_glued(note, end)) return true;
    if (note_is_word(note, end) || note_is_number(note, end)) return false;
    const unsigned char c = *note_text(note, end);
    if (c == '/' || c == '-' || c == '.' || c == ',')
        return !(note_glued(note, end + 1) && note_is_number(note, end + 1) && c != '/');
    return true;
}

/* A number whose shape alone tells a telephone: tokens, or 0. */
static size_t phone_by_shape(const struct note *note, size_t i, int *score) {
    const bool plus = note_is_mark(note, i, '+');
    if (!plus && !note_is_number(note, i) && !note_is_mark(note, i, '(')) return 0;
    if (!is_boundary_before(note, i) || note_is_ordinal(note, i - 1)) return 0; /* "Nº 2024-1906" */
    const struct digits d = read_digits(note, i, note_n(note));
    if (d.n_groups == 0) return 0;
    bool local = false;
    const size_t n = planned(note, i, &d, &local);
    if (n == 0 || !is_boundary_after(note, i + n)) return 0;
    const bool one_group = d.sizes[0] >= 8;
    if (plus || strncmp(d.value, "598", 3) == 0 || d.value[0] == '0') {
        *score = 95;
        return n;
    }
    if (local) { /* 8 digits from 2 or 4: with a joint a telephone, bare it may be a cédula */
        if (d.sizes[0] != 4 && !one_group) return 0;
        if (d.n_groups > 1 && d.sizes[0] == 4 && d.sizes[1] != 4 && d.sizes[1] != 2) return 0;
        *score = one_group ? 75 : 88;
        return n;
    }
    if (!is_spanish_grouping(&d)) return 0;
    *score = 80;
    return n;
}

static bool is_fax_word(const struct note *note, size_t i) {
    return note_word_is(note, i, "fax");
}

static bool is_phone_word(const struct note *note, size_t i) {
    return note_has(note, i, LEX_PHONE_WORD);
}

static bool is_extension_word(const struct note *note, size_t i) {
    return note_has(note, i, LEX_EXTENSION_WORD);
}

/* Past what stands between a word for telephone and its number: "Tel. y Fax:", "cel de la hija". */
static size_t skip_to_number(const struct note *note, size_t i, size_t end) {
    enum { SKIPPED_MAX = 6 };
    size_t at = i;
    for (int skipped = 0; skipped < SKIPPED_MAX && at < end; skipped++, at++) {
        if (note_is_mark(note, at, '(') && note_is_number(note, at + 1)) break;
        const bool mark = note_token(note, at)->type == TOKEN_MARK && !note_is_mark(note, at, '+');
        const bool word =
            note_has(note, at, LEX_KIN | LEX_PHONE_WORD) || is_fax_word(note, at) ||
            note_word_in(note, at,
                         "y|de|del|la|el|su|contacto|particular|casa|es|al|n|nro|numero|no");
        if (!mark && !word) break;
    }
    return at;
}

/* "int. 231" after a number: one past it, claimed; or i. */
static size_t claim_extension(struct note *note, size_t i, enum kind kind) {
    if (!note_word_in(note, i, "ext|int|extension|interno")) return i;
    size_t at = i + 1;
    while (note_token(note, at)->type == TOKEN_MARK && at < i + 3)
        at++;
    if (!note_is_number(note, at) || note_len(note, at) > 6) return i;
    note_claim(note, at, at + 1, kind, 85, RULE_PHONE_CUED);
    return at + 1;
}

/* The number at `at`, to which the word at i led: tokens, 0: none. Beside the word few digits are
 * enough; after "móvil", which is an ambulance too, a whole number is needed. */
static size_t cued_number_at(const struct note *note, size_t i, size_t at, size_t end) {
    const bool extension = is_extension_word(note, i);
    const size_t n = extension && note_is_number(note, at) ? 1 : phone_at(note, at, end);
    const size_t n_digits = note_count_digits(note, at, at + n);
    const size_t digits_min = extension ? 2 : note_word_is(note, i, "movil") ? 7 : 3;
    if (n == 0 || n_digits < digits_min || (extension && n_digits > 6)) return 0;
    return note_has(note, at + n, LEX_UNIT | LEX_AGE_UNIT) ? 0 : n;
}

/* Claims the numbers after the word at i; the token to go on from. */
static size_t claim_after_word(struct note *note, size_t i) {
    enum { NUMBERS_MAX = 5 };
    const enum kind kind = is_fax_word(note, i) ? KIND_FAX : KIND_PHONE;
    const size_t line_end = note_line_end(note, i);
    size_t at = skip_to_number(note, i + 1, line_end), next = at;
    for (int numbers = 0; numbers < NUMBERS_MAX && at < line_end; numbers++) {
        const size_t n = cued_number_at(note, i, at, line_end);
        if (n == 0) break;
        note_claim(note, at, at + n, kind, 93, RULE_PHONE_CUED);
        next = at = claim_extension(note, at + n, kind);
        if (is_fax_word(note, at)) return at; /* its own turn */
        while (at < line_end && (note_mark_in(note, at, "/,;-") || note_word_in(note, at, "y|o")))
            at++;
        if (at == next) break;
    }
    return next;
}

void rules_phones(struct note *note) {
    const size_t n = note_n(note);
    for (size_t i = 0; i < n;) {
        if (is_phone_word(note, i) || is_fax_word(note, i) || is_extension_word(note, i)) {
            i = claim_after_word(note, i);
            continue;
        }
        int score;
        const size_t len = phone_by_shape(note, i, &score);
        if (len && note_free(note, i, i + len)) {
            /* eight bare digits whose check digit agrees are left to the cédula rule */
            bool valid = false;
            const bool bare = len == 1 && note_len(note, i) == 8;
            if (!bare || !(cedula_at(note, i, true, &valid) && valid)) {
                note_claim(note, i, i + len, KIND_PHONE, score, RULE_PHONE);
                i += len;
                continue;
            }
        }
        i++;
    }
}
