/* SPDX-License-Identifier: MIT
 *
 * Identifiers: the Uruguayan cédula in all its forms, codes after their word (history, sample,
 * policy, register...), and documents whose shape alone tells (DNI, NIE, IBAN, RUT).
 *
 * A check digit only raises confidence. Of 14 cédulas in a published Uruguayan set 12 have a wrong
 * one; a rule that asked for it would leave them in clear.
 */
#include "anon/fields.h"
#include "anon/rules.h"

#include <string.h>

/* Check digit of the cédula: weights 2,9,8,7,6,3,4 on seven zero-padded digits, (10 - sum mod 10)
 * mod 10 (Dirección Nacional de Identificación Civil). 1.234.567 gives 2. */
static bool cedula_is_valid(const char *digits, int n) {
    static const int weights[7] = {2, 9, 8, 7, 6, 3, 4};
    int sum = 0;
    if (n < 7 || n > 8) return false;
    for (int i = 0; i < n - 1; i++)
        sum += weights[7 - (n - 1) + i] * (digits[i] - '0');
    return (10 - sum % 10) % 10 == digits[n - 1] - '0';
}

/* A lone letter that a bad scan shows for a digit: the first group of "l.874.O32-5". */
static bool is_scanned_number(const struct note *note, size_t i) {
    if (note_is_number(note, i)) return true;
    return note_is_word(note, i) && note_len(note, i) == 1 && note_word_in(note, i, "l|o|i");
}

static bool is_cedula_joint(const struct note *note, size_t i) {
    return note_token(note, i)->gap <= 1 && note_mark_in(note, i, ".-/,_");
}

size_t cedula_at(const struct note *note, size_t i, bool expected, bool *valid) {
    enum { DIGITS = 8 };
    char digits[DIGITS + 1];
    int n = 0, n_groups = 0, sizes[8];
    size_t at = i, end = i;
    bool hyphen = false, dotted = false, spaced = false;
    while (n_groups < 8) {
        const bool number = expected ? is_scanned_number(note, at) : note_is_number(note, at);
        if (!number || (n_groups > 0 && note_token(note, at)->gap > 1)) break;
        const int len = (int)note_len(note, at);
        if (n + len > DIGITS) break;
        for (int j = 0; j < len; j++)
            digits[n + j] = (char)('0' + fold_digit_value(note_text(note, at)[j]));
        n += len;
        sizes[n_groups++] = len;
        end = ++at;
        if (n == DIGITS) break;
        if (is_cedula_joint(note, at)) {
            hyphen |= note_mark_in(note, at, "-/");
            dotted |= note_mark_in(note, at, ".,");
            at++;
            /* "1.874.032 - 5" */
        } else if (note_token(note, at)->gap == 1) {
            spaced = true;
        } else if (!expected || !note_glued(note, at)) {
            break;
        }
    }
    *valid = false;
    if (n < 7 || n > DIGITS) return 0;
    *valid = cedula_is_valid(digits, n);
    if (expected) return end - i;
    /* without its word: the groups must fall as people write a cédula */
    const int last = sizes[n_groups - 1];
    if (hyphen || dotted || spaced) {
        if (last != 1 && !(dotted && !hyphen && n == 7 && last == 3)) return 0;
        if (n_groups == 2) return end - i; /* 1234567-8 */
        for (int g = 1; g < n_groups - (last == 1); g++)
            if (sizes[g] != 3) return 0;
        return sizes[0] <= 3 ? end - i : 0;
    }
    return n_groups == 1 ? end - i : 0;
}

static bool is_code_joint(const struct note *note, size_t i) {
    return note_mark_in(note, i, "-/._#");
}

size_t code_at(const struct note *note, size_t i, size_t end) {
    size_t at = i, n_digits = 0;
    while (at < end && at - i < 14) {
        const struct token *t = note_token(note, at);
        if (at > i && t->gap > 0) break;
        if (t->type == TOKEN_WORD) {
            /* letters of a code are few and in capitals, or the tail of a number */
            if (note_len(note, at) > 5) break;
            if (t->shape == SHAPE_LOWER && note_len(note, at) > 2) break;
        } else if (t->type == TOKEN_NUMBER) {
            n_digits += note_len(note, at);
        } else if (!(at > i && is_code_joint(note, at) && note_glued(note, at + 1) &&
                     (note_is_number(note, at + 1) || note_is_word(note, at + 1)))) {
            break;
        }
        at++;
    }
    return n_digits > 0 ? at - i : 0;
}

/* "C.I.", "H.C.", "C.J.P.P.U.", "R.G.": letters with points, the last of which may lack; how many
 * tokens they take. "C.P" without its last point opens too much else. */
static const struct cue *dotted_cue(const struct note *note, size_t i, size_t *n) {
    enum { LETTERS_MAX = 5 };
    char key[LETTERS_MAX];
    size_t letters = 0, at = i;
    while (letters < LETTERS_MAX && note_is_word(note, at) && note_len(note, at) == 1 &&
           (at == i || note_glued(note, at))) {
        key[letters++] = (char)fold_lower(*note_text(note, at));
        at++;
        if (!note_is_mark(note, at, '.') || !note_glued(note, at)) break;
        at++;
    }
    const bool closed = note_is_mark(note, at - 1, '.');
    if (letters < 2 || (!closed && letters == 2 && key[0] == 'c' && key[1] == 'p')) return NULL;
    *n = at - i;
    if (letters == 2 && key[0] == 'c' && key[1] == 'l') return cue_lookup("ci", 2); /* a scan's I */
    return cue_lookup(key, letters);
}

/* The cue at token i and the tokens it takes. */
static const struct cue *cue_at(const struct note *note, size_t i, size_t *n) {
    const struct cue *cue = dotted_cue(note, i, n);
    if (cue) return cue;
    *n = 1;
    return note_is_word(note, i) ? cue_lookup((const char *)note_text(note, i), note_len(note, i))
                                 : NULL;
}

static bool is_numero_word(const struct note *note, size_t i) {
    return note_word_in(note, i, "n|no|nro|num|numero|nros|nr");
}

/* Skips ". : Nº # (" and words that stand between a cue and its code. */
static size_t skip_to_code(const struct note *note, size_t i, size_t end, bool *numero) {
    size_t at = i;
    for (int steps = 0; steps < 7 && at < end; steps++) {
        const struct token *t = note_token(note, at);
        if (t->type == TOKEN_MARK && strchr(".:#(*=", *note_text(note, at))) {
            /* "Reg. 9917": an abbreviation's point announces as a colon does */
            *numero |= note_mark_in(note, at, "#:") ||
                       (at == i && note_is_mark(note, at, '.') && note_len(note, at - 1) > 1);
            at++;
        } else if (t->type == TOKEN_MARK && note_is_ordinal(note, at)) {
            at++;
        } else if (is_numero_word(note, at)) {
            *numero = true;
            at++;
        } else if (note_word_in(note, at,
                                "clinica|de|identidad|profesional|medica|judicial|es|del|"
                                "seguro|conducir|salud|anatomia|patologica|interno|rg")) {
            at++;
        } else {
            break;
        }
    }
    return at;
}

static bool is_measured(const struct note *note, size_t end) {
    return (note_has(note, end, LEX_UNIT | LEX_AGE_UNIT) && note_token(note, end)->gap <= 1) ||
           note_is_mark(note, end, '%');
}

/* A cédula after a cue: after its own word in any form, after an admission ("al ingreso
 * 5.123.456-1") in the form that people write. Its tokens; 0: none. */
static size_t claim_cued_cedula(struct note *note, size_t at, enum kind kind) {
    const bool own = kind == KIND_ID_NATIONAL;
    if (!own && kind != KIND_ID_EPISODE) return 0;
    bool valid = false;
    const size_t n = cedula_at(note, at, own, &valid);
    if (n == 0 || (!own && n < 2)) return 0;
    note_claim(note, at, at + n, KIND_ID_NATIONAL, own ? 98 : 90,
               valid ? RULE_CEDULA_CHECKED : RULE_CEDULA);
    return n;
}

/* The code at `at`, to which the cue at i led, with its groups: tokens; 0: none. */
static size_t cued_code_at(const struct note *note, size_t i, size_t at, size_t end) {
    enum { DIGITS_MAX = 14 };
    size_t n = code_at(note, at, end);
    /* "JTP 1884", "RG 8027714463", "A 02217490": letters, a blank, digits */
    const bool letters = note_is_word(note, at) && note_len(note, at) <= 3 &&
                         note_token(note, at)->shape == SHAPE_UPPER &&
                         (note_len(note, at) == 1 || !note_has(note, at, LEX_CLINICAL | LEX_UNIT) ||
                          note_word_in(note, i, "muestra|tubo|frasco"));
    if (n == 0 && letters && note_is_number(note, at + 1) && note_token(note, at + 1)->gap == 1)
        n = 2;
    /* "28 28 20943", "15 004877 0013": groups with blanks */
    while (n && at + n < end && note_is_number(note, at + n) &&
           note_token(note, at + n)->gap == 1 &&
           note_count_digits(note, at, at + n + 1) <= DIGITS_MAX &&
           !note_has(note, at + n + 1, LEX_UNIT))
        n++;
    return n;
}

/* "ingreso 3/5", "reg 2": after words of every day, without "nº" or ':', only a real code counts.
 */
static bool has_digits_enough(const struct note *note, size_t i, const struct cue *cue,
                              size_t n_digits, bool numero) {
    enum { NUMERO_DIGITS_MIN = 2, PLAIN_DIGITS_MIN = 5 };
    size_t needed = cue->digits_min;
    if (numero && needed > NUMERO_DIGITS_MIN) needed = NUMERO_DIGITS_MIN;
    if (n_digits < needed) return false;
    if (numero || n_digits >= PLAIN_DIGITS_MIN) return true;
    return cue->kind == KIND_ID_VEHICLE || cue->kind == KIND_ID_FOREIGN ||
           !note_word_in(note, i,
                         "registro|reg|rc|ingreso|estudio|informe|ap|orden|placa|ficha|causa|"
                         "socio|historia|visita|documento|doc");
}

/* Claims the code that the cue at i announces; the token to go on from. */
static size_t claim_cued(struct note *note, size_t i) {
    size_t n_cue;
    const struct cue *cue = cue_at(note, i, &n_cue);
    if (!cue || (note_glued(note, i) && note_is_word(note, i - 1))) return i + 1;
    if (note_word_is(note, i, "tubo") && note_is_number(note, i - 1)) return i + 1; /* "O2 tubo" */
    const size_t line_end = note_line_end(note, i), none = i + n_cue;
    bool numero = false;
    if (n_cue > 4) note_close(note, i, none); /* "C.J.P.P.U." is nobody's initials */
    const size_t at = skip_to_code(note, none, line_end, &numero);
    const size_t cedula = claim_cued_cedula(note, at, cue->kind);
    if (cedula) return at + cedula;

    const size_t n = cued_code_at(note, i, at, line_end);
    const size_t n_digits = note_count_digits(note, at, at + n);
    if (n == 0 || is_measured(note, at + n)) return none;
    /* "C.P. 28034": five bare digits are a postal code, not a professional's register */
    if (cue->kind == KIND_ID_STAFF_LICENCE && n == 1 && n_digits == 5 &&
        (note_word_is(note, i, "cp") || (note_len(note, i) == 1 && n_cue <= 4)))
        return none;
    if (!has_digits_enough(note, i, cue, n_digits, numero)) return none;
    note_claim(note, at, at + n, cue->kind, 92, RULE_ID_CUED);
    return at + n;
}

/* "N° 552903", "nº 23-08-1187" with no other word. */
static bool claim_numero(struct note *note, size_t i) {
    if (note_glued(note, i)) return false; /* "s/n. 29010" */
    const bool sign = note_is_ordinal(note, i + 1) || note_is_mark(note, i + 1, '.');
    if (!note_word_in(note, i, "n|nro|num") || !sign) return false;
    size_t at = i + 2; /* "N° 552903", "N.º 31.905" */
    while (note_mark_in(note, at, ".:") || note_is_ordinal(note, at))
        at++;
    const size_t n = code_at(note, at, note_line_end(note, i));
    if (note_count_digits(note, at, at + n) < 5 || is_measured(note, at + n)) return false;
    return note_claim(note, at, at + n, KIND_ID_RECORD, 80, RULE_ID_CUED);
}

/* 12345678Z, X1234567L, 12.345.678-Z: Spain; letters are checked for shape alone. */
static size_t spanish_document(const struct note *note, size_t i) {
    size_t at = i;
    if (note_is_word(note, at) && note_len(note, at) == 1 && note_word_in(note, at, "x|y|z") &&
        note_glued(note, at + 1) && note_len(note, at + 1) == 7 && note_is_number(note, at + 1))
        at += 2;
    else if (note_is_number(note, at) && note_len(note, at) == 8 && !note_glued(note, at))
        at += 1;
    else
        return 0;
    if (note_is_mark(note, at, '-') && note_glued(note, at)) at++;
    if (!note_glued(note, at) || !note_is_word(note, at) || note_len(note, at) != 1 ||
        !note_is_capital(note, at))
        return 0;
    return at + 1 - i;
}

static size_t iban_at(const struct note *note, size_t i) {
    if (!note_is_word(note, i) || note_len(note, i) != 2 || !note_is_capital(note, i) ||
        !note_glued(note, i + 1) || !note_is_number(note, i + 1))
        return 0;
    size_t at = i + 1;
    while (note_is_number(note, at) && note_token(note, at)->gap <= 1)
        at++;
    const size_t digits = note_count_digits(note, i + 1, at);
    return digits >= 16 && digits <= 30 ? at - i : 0;
}

/* Something that is counted in thousands stands just before: "plaquetas 187000", "CV 2.481.306". */
static bool follows_analyte(const struct note *note, size_t i) {
    for (size_t back = 1; back <= 3 && back <= i; back++) {
        const size_t j = i - back;
        if (note_is_newline(note, j)) return false;
        if (note_word_in(
                note, j,
                "plaquetas|plaq|plt|leucocitos|leuc|gb|gr|cv|viral|copias|ufc|colonias|recuento|"
                "rto|neutrofilos|dimero|ferritina|hcg|bhcg|ck|cpk|ldh|got|gpt|eritrocitos|"
                "hematies|wbc|rbc|celulas|linfocitos|cd4|bnp|probnp|parasitemia"))
            return true;
        if (note_is_word(note, j) && !note_has(note, j, LEX_COMMON | LEX_PARTICLE)) return false;
    }
    return false;
}

static bool is_round(const struct note *note, size_t i) {
    const size_t n = note_len(note, i);
    return n >= 3 && memcmp(note_text(note, i) + n - 3, "000", 3) == 0;
}

/* The digits in [i, end) go on as no longer number. */
static bool stands_free(const struct note *note, size_t i, size_t end) {
    if (note_glued(note, i) && note_is_number(note, i - 1)) return false;
    return !note_number_joined_before(note, i) && !note_number_joined_after(note, end);
}

static bool is_lot(const struct note *note, size_t i) {
    return i > 0 && note_word_in(note, i - 1, "lote|partida|ref|lot");
}

/* What a code is made of. */
struct composition {
    size_t n_letters, n_groups; /* words; numbers */
    size_t n_hyphens, n_slashes;
    size_t longest; /* digits of the longest number */
};

/* false when it holds small letters or a point, as no code does. */
static bool compose(struct composition *c, const struct note *note, size_t first, size_t end) {
    *c = (struct composition){0};
    for (size_t i = first; i < end; i++) {
        const size_t len = note_len(note, i);
        if (note_is_mark(note, i, '.')) return false;
        if (note_is_word(note, i) && note_token(note, i)->shape != SHAPE_UPPER) return false;
        c->n_letters += note_is_word(note, i);
        c->n_groups += note_is_number(note, i);
        if (note_is_number(note, i) && len > c->longest) c->longest = len;
        c->n_hyphens += note_is_mark(note, i, '-');
        c->n_slashes += note_is_mark(note, i, '/');
    }
    return true;
}

/* Two numbers: "25-004471", "2024-1906", "5512/24", "44/0981"; a range or a fraction is none. */
static bool is_code_of_two(const struct note *note, size_t i, bool hyphen) {
    const size_t a = note_len(note, i), b = note_len(note, i + 2);
    const bool zero = *note_text(note, i + 2) == '0';
    if (hyphen) {
        if (b == 1 && a >= 6 && a <= 7) return false; /* a cédula */
        return b >= 5 || a >= 5 || (a == 2 && b >= 4) ||
               (a == 4 && b == 4 && (zero || *note_text(note, i) == '0'));
    }
    const long year = note_number(note, i + 2);
    return (a >= 4 && b == 2 && year >= 10 && year <= 40) || (a == 2 && b >= 3 && zero) ||
           (a == 2 && b >= 5) || (a == 4 && b >= 5);
}

/* A code that its shape tells: letters and a long number joined ("M-55120", "E24-0091733",
 * "2025-TB-00619", "30917-M", "LB20240088"), or three groups with hyphens. */
static size_t coded_at(const struct note *note, size_t i) {
    if (note_glued(note, i) && !note_mark_in(note, i - 1, "(:\"#|^[=")) return 0;
    if (note_has(note, i, LEX_UNIT | LEX_MONTH_SHORT | LEX_PHRASE) && note_len(note, i) > 3)
        return 0;
    const size_t n = code_at(note, i, note_line_end(note, i));
    struct composition c;
    if (!compose(&c, note, i, i + n) || n < 2 || note_has(note, i + n, LEX_UNIT)) return 0;
    if (n == 3 && note_word_is(note, i, "e") && c.longest == 5)
        return 0; /* E-28034: a postal code */
    if (c.n_letters && (c.n_hyphens || c.n_slashes >= 2) && c.longest >= 4) return n;
    if (c.n_letters && c.longest >= 6) return n;
    if (c.n_groups >= 3 && c.n_hyphens >= 2 && c.longest >= 4) return n;
    if (c.n_groups >= 3 && c.n_hyphens && c.n_slashes && c.longest >= 3) return n;
    if (c.n_letters || n != 3) return 0;
    return is_code_of_two(note, i, c.n_hyphens > 0) ? n : 0;
}

/* "pediatra - 62044" at a line's end: the number a professional signs with. */
static bool claim_signed(struct note *note, size_t i) {
    if (!note_has(note, i, LEX_ROLE | LEX_TITLE) || !note_mark_in(note, i + 1, "-,") ||
        !note_is_number(note, i + 2) || !note_is_newline(note, i + 3))
        return false;
    const size_t digits = note_len(note, i + 2);
    return digits >= 4 && digits <= 6 &&
           note_claim(note, i + 2, i + 3, KIND_ID_STAFF_LICENCE, 75, RULE_ID_CUED);
}

/* "Camioneta MAS 3307": three letters and four digits of a plate. */
static bool claim_plate(struct note *note, size_t i) {
    const struct token *t = note_token(note, i);
    if (t->type != TOKEN_WORD || t->shape != SHAPE_UPPER || note_len(note, i) != 3 ||
        !note_is_number(note, i + 1) || note_len(note, i + 1) != 4 ||
        note_token(note, i + 1)->gap > 1 || note_has(note, i + 2, LEX_UNIT))
        return false;
    bool vehicle = false;
    for (size_t back = 1; back <= 4 && back <= i; back++)
        vehicle |=
            note_word_in(note, i - back,
                         "camioneta|auto|moto|movil|ambulancia|camion|vehiculo|mat|matr|chapa|"
                         "patrullero|coche|taxi|tractor|patente|matricula|remise|omnibus");
    if (!vehicle && t->classes) return false;
    return note_claim(note, i, i + 2, KIND_ID_VEHICLE, vehicle ? 85 : 56, RULE_ID_SHAPE);
}

/* "UNO CINCO SEIS CERO...": six or more digits dictated as words. */
static size_t claim_dictated(struct note *note, size_t i) {
    size_t at = i, n = 0;
    while (note_has(note, at, LEX_NUMBER_WORD) || (n > 0 && note_word_in(note, at, "guion|cero")) ||
           note_word_is(note, at, "cero") ||
           (n > 0 && note_word_is(note, at, "y") && note_has(note, at + 1, LEX_NUMBER_WORD))) {
        n += !note_word_in(note, at, "guion|y");
        at++;
    }
    if (n < 6) return 0;
    bool phone = false;
    for (size_t back = 1; back <= 4 && back <= i; back++)
        phone |= note_has(note, i - back, LEX_PHONE_WORD);
    note_claim(note, i, at, phone ? KIND_PHONE : KIND_ID_NATIONAL, 80, RULE_ID_SHAPE);
    return at - i;
}

/* Digits that nothing announces. */
static size_t claim_bare(struct note *note, size_t i) {
    bool valid = false;
    const size_t n = cedula_at(note, i, false, &valid);
    /* "C0071150": a letter makes it a code */
    if (n == 1 && note_glued(note, i) && note_is_word(note, i - 1) && note_len(note, i - 1) <= 2 &&
        note_token(note, i - 1)->shape == SHAPE_UPPER && !note_glued(note, i + 1) &&
        note_claim(note, i - 1, i + 1, KIND_ID_RECORD, 80, RULE_ID_SHAPE))
        return i + 1;
    if (n && stands_free(note, i, i + n) && !is_measured(note, i + n) &&
        note_free(note, i, i + n)) {
        const bool hyphen = n > 1 && note_mark_in(note, i + n - 2, "-/");
        if (hyphen || !follows_analyte(note, i) || (valid && !is_round(note, i + n - 1))) {
            note_claim(note, i, i + n, KIND_ID_NATIONAL, valid ? 97 : 85,
                       valid ? RULE_CEDULA_CHECKED : RULE_CEDULA);
            return i + n;
        }
    }
    const size_t len = note_len(note, i);
    if (is_lot(note, i)) return i + 1;
    /* no result of a laboratory begins with zero and has five digits more */
    const bool zero = *note_text(note, i) == '0';
    if (note_is_number(note, i) && len >= 6 && stands_free(note, i, i + 1) &&
        !is_measured(note, i + 1) && (zero || (!follows_analyte(note, i) && !is_round(note, i)))) {
        /* glued to a code before or after: "E24-0091733", "LB20240088" */
        size_t first = i, end = i + 1;
        while (first > 0 && i - first < 6 && note_glued(note, first) &&
               (is_code_joint(note, first - 1) ||
                (note_is_word(note, first - 1) && note_len(note, first - 1) <= 4) ||
                note_is_number(note, first - 1)))
            first--;
        const size_t tail = code_at(note, i, note_line_end(note, i));
        if (tail > 1) end = i + tail;
        note_claim(note, first, end, len == 12 ? KIND_ID_FISCAL : KIND_ID_OTHER, 70, RULE_ID_SHAPE);
        return end;
    }
    return i + 1;
}

void rules_ids(struct note *note) {
    const size_t n = note_n(note);
    for (size_t i = 0; i < n;) {
        size_t len;
        if (!note_free(note, i, i + 1)) {
            i++;
        } else if ((len = spanish_document(note, i)) || (len = iban_at(note, i))) {
            const enum kind kind = note_is_word(note, i) && note_len(note, i) == 2
                                       ? KIND_ID_ACCOUNT
                                       : KIND_ID_FOREIGN;
            note_claim(note, i, i + len, kind, 90, RULE_ID_SHAPE);
            i += len;
        } else if ((len = coded_at(note, i)) &&
                   note_claim(note, i, i + len, KIND_ID_RECORD, 72, RULE_ID_SHAPE)) {
            i += len;
        } else if (claim_plate(note, i)) {
            i += 2;
        } else if ((len = claim_dictated(note, i))) {
            i += len;
        } else if (note_is_word(note, i)) {
            if (claim_numero(note, i) || claim_signed(note, i))
                i += 2;
            else
                i = claim_cued(note, i);
        } else if (note_is_number(note, i)) {
            i = claim_bare(note, i);
        } else {
            i++;
        }
    }
}
