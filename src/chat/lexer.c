/* SPDX-License-Identifier: MIT
 *
 * Lexemes of a template.
 *
 * The rules for white space are Jinja's with trim_blocks and lstrip_blocks: the line end right
 * after a block or comment goes; so do the blanks between the beginning of the line and a block or
 * comment; `-` beside a bracket takes all white space on its side, `+` none.
 */
#include "chat/lexer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intl.h"
#include "chat/characters.h"

void lexer_fail(struct lexer *lex, uint32_t line, enum status status, const char *format, ...) {
    if (lex->status) return;
    char text[ERROR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    lex->status = fail(lex->err, status, _("%s, line %zu: %s"), lex->name, (size_t)line, text);
}

static struct lexeme failed(struct lexer *lex) {
    return (struct lexeme){.kind = LEX_FAILED, .line = lex->line};
}

static void advance(struct lexer *lex, const char *to) {
    for (const char *p = lex->at; (p = memchr(p, '\n', (size_t)(to - p))) != NULL; p++)
        lex->line++;
    lex->at = to;
}

static bool looking_at(const struct lexer *lex, const char *p, const char *word) {
    const size_t n = strlen(word);
    return (size_t)(lex->end - p) >= n && memcmp(p, word, n) == 0;
}

static const char *skip_space(const struct lexer *lex, const char *p) {
    while (p < lex->end) {
        uint32_t cp;
        const size_t n = char_decode(p, (size_t)(lex->end - p), &cp);
        if (!char_is_space(cp)) break;
        p += n;
    }
    return p;
}

/* --- text, comments, raw blocks --- */

static const char *find(const struct lexer *lex, const char *from, const char *word) {
    return memmem(from, (size_t)(lex->end - from), word, strlen(word));
}

/* The next "{{", "{%" or "{#", or the end. */
static const char *find_tag(const struct lexer *lex) {
    for (const char *p = lex->at; p < lex->end; p++) {
        p = memchr(p, '{', (size_t)(lex->end - p));
        if (!p) break;
        if (lex->end - p > 1 && (p[1] == '{' || p[1] == '%' || p[1] == '#')) return p;
    }
    return lex->end;
}

/* Where text that runs from `start` to the tag at `tag` ends, by the sign behind the tag's opening
 * and, for `lstrip`, by what stands before it on its line. */
static const char *text_end(const struct lexer *lex, const char *start, const char *tag,
                            bool lstrip) {
    const char sign = lex->end - tag > 2 ? tag[2] : '\0';
    const char *end = tag;
    if (sign == '-') {
        while (end > start) {
            uint32_t cp;
            const size_t n = char_last(start, (size_t)(end - start));
            char_decode(end - n, n, &cp);
            if (!char_is_space(cp)) break;
            end -= n;
        }
    } else if (sign != '+' && lstrip) {
        const char *newline = memrchr(start, '\n', (size_t)(tag - start));
        const char *line = newline ? newline + 1 : start;
        const bool at_line = newline || start == lex->source || start[-1] == '\n';
        if (at_line && skip_space(lex, line) >= tag) end = line;
    }
    return end;
}

/* Behind the end of a block or comment whose last bracket ends at p: `sign` stands before it. */
static const char *after_tag(const struct lexer *lex, const char *p, char sign) {
    if (sign == '-') return skip_space(lex, p);
    return sign != '+' && p < lex->end && *p == '\n' ? p + 1 : p;
}

static bool skip_comment(struct lexer *lex) {
    const char *p = lex->at + 2;
    if (p < lex->end && (*p == '-' || *p == '+')) p++;
    const char *close = find(lex, p, "#}");
    if (!close) {
        lexer_fail(lex, lex->line, ERR_INVALID, _("the comment does not end"));
        return false;
    }
    advance(lex, after_tag(lex, close + 2, close > p ? close[-1] : '\0'));
    return true;
}

/* "{%- raw -%}": where it ends, or NULL when that is not what stands at p. *sign: the last one. */
static const char *match_tag(const struct lexer *lex, const char *p, const char *word, char *sign) {
    if (!looking_at(lex, p, "{%")) return NULL;
    p += 2;
    if (p < lex->end && (*p == '-' || *p == '+')) p++;
    p = skip_space(lex, p);
    if (!looking_at(lex, p, word)) return NULL;
    p = skip_space(lex, p + strlen(word));
    *sign = p < lex->end && (*p == '-' || *p == '+') ? *p++ : '\0';
    return looking_at(lex, p, "%}") ? p + 2 : NULL;
}

static struct lexeme lex_raw(struct lexer *lex, const char *start) {
    for (const char *p = start; (p = find(lex, p, "{%")) != NULL; p += 2) {
        char sign;
        const char *close = match_tag(lex, p, "endraw", &sign);
        if (!close) continue;
        const char *end = text_end(lex, start, p, true);
        const struct lexeme text = {
            .kind = LEX_TEXT, .line = lex->line, .text = start, .n = (size_t)(end - start)};
        advance(lex, after_tag(lex, close, sign));
        return text;
    }
    lexer_fail(lex, lex->line, ERR_INVALID, _("the raw block does not end"));
    return failed(lex);
}

static struct lexeme lex_text(struct lexer *lex) {
    for (;;) {
        const char *tag = find_tag(lex), *start = lex->at;
        const struct lexeme here = {.line = lex->line};
        const char *end = tag < lex->end ? text_end(lex, start, tag, tag[1] != '{') : tag;
        advance(lex, tag);
        if (end > start)
            return (struct lexeme){
                .kind = LEX_TEXT, .line = here.line, .text = start, .n = (size_t)(end - start)};
        if (tag == lex->end) return (struct lexeme){.kind = LEX_END, .line = lex->line};
        if (tag[1] == '#') {
            if (!skip_comment(lex)) return failed(lex);
            continue;
        }
        char sign;
        const char *raw = match_tag(lex, tag, "raw", &sign);
        if (raw) return lex_raw(lex, sign == '-' ? skip_space(lex, raw) : raw);
        lex->tag = tag[1] == '{' ? LEX_PRINT_BEGIN : LEX_BLOCK_BEGIN;
        lex->n_open = 0;
        tag += 2;
        if (tag < lex->end && (*tag == '-' || *tag == '+')) tag++;
        lex->at = tag;
        return (struct lexeme){.kind = lex->tag, .line = lex->line};
    }
}

/* --- inside a tag --- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_name(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (unsigned char)c >= 0x80;
}

static int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Digits of a base from *p on, each after at most one '_', into *value. */
static bool read_digits(const struct lexer *lex, const char **p, int base, int64_t *value) {
    bool fits = true;
    while (*p < lex->end) {
        const char *q = *p + (**p == '_');
        if (q == lex->end || hex_value(*q) >= base) break;
        fits = fits && !__builtin_mul_overflow(*value, (int64_t)base, value) &&
               !__builtin_add_overflow(*value, (int64_t)hex_value(*q), value);
        *p = q + 1;
    }
    return fits;
}

static struct lexeme lex_float(struct lexer *lex, const char *end) {
    struct lexeme f = {.kind = LEX_FLOAT, .line = lex->line};
    char text[64];
    size_t n = 0;
    for (const char *p = lex->at; p < end; p++)
        if (*p != '_' && n < sizeof(text) - 1) text[n++] = *p;
    text[n] = '\0';
    f.real = strtod(text, NULL);
    lex->at = end;
    return f;
}

static struct lexeme lex_number(struct lexer *lex) {
    struct lexeme number = {.kind = LEX_INT, .line = lex->line};
    const char *p = lex->at;
    int base = 10;
    if (*p == '0' && lex->end - p > 2) {
        const char letter = (char)(p[1] | 32);
        const int other = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
        if (other != 10 && hex_value(p[2]) < other) base = other, p += 2;
    }
    const bool fits = read_digits(lex, &p, base, &number.integer);
    const bool after_dot = lex->at > lex->source && lex->at[-1] == '.';
    if (base == 10 && !after_dot) { /* a float? */
        const char *q = p;
        int64_t ignored = 0;
        if (lex->end - q > 1 && *q == '.' && is_digit(q[1])) {
            q++;
            read_digits(lex, &q, 10, &ignored);
        }
        const char *e = q + 1;
        if (q < lex->end && (*q | 32) == 'e') {
            if (e < lex->end && (*e == '+' || *e == '-')) e++;
            if (e < lex->end && is_digit(*e)) {
                q = e;
                read_digits(lex, &q, 10, &ignored);
            }
        }
        if (q > p) return lex_float(lex, q);
    }
    if (!fits) {
        lexer_fail(lex, lex->line, ERR_INVALID, _("the number is too large"));
        return failed(lex);
    }
    lex->at = p;
    return number;
}

/* One escape behind the backslash at p[-1]: writes what it stands for, returns where it ends; NULL:
 * broken. An unknown one stands for itself, backslash and all, as in Python. */
static const char *unescape(const char *p, const char *end, char **out) {
    static const char from[] = "\\'\"abfnrtv", to[] = "\\'\"\a\b\f\n\r\t\v";
    const char c = *p++;
    const char *simple = c ? strchr(from, c) : NULL;
    if (simple) {
        *(*out)++ = to[simple - from];
        return p;
    }
    if (c == '\n') return p;
    uint32_t cp = 0;
    if (c >= '0' && c <= '7') {
        cp = (uint32_t)(c - '0');
        for (int i = 0; i < 2 && p < end && *p >= '0' && *p <= '7'; i++)
            cp = cp * 8 + (uint32_t)(*p++ - '0');
    } else if (c == 'x' || c == 'u' || c == 'U') {
        const ptrdiff_t n = c == 'x' ? 2 : c == 'u' ? 4 : 8;
        if (end - p < n) return NULL;
        for (ptrdiff_t i = 0; i < n; i++, p++) {
            if (hex_value(*p) > 15 || cp > 0x10ffff) return NULL;
            cp = cp * 16 + (uint32_t)hex_value(*p);
        }
        if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff)) return NULL;
    } else if (c == 'N') {
        return NULL;
    } else {
        *(*out)++ = '\\';
        *(*out)++ = c;
        return p;
    }
    *out += char_encode(*out, cp);
    return p;
}

static struct lexeme lex_string(struct lexer *lex) {
    struct lexeme s = {.kind = LEX_STRING, .line = lex->line, .text = lex->at + 1};
    const char quote = *lex->at;
    bool has_escapes = false;
    const char *p = lex->at + 1;
    for (; p < lex->end && *p != quote; p++)
        if (*p == '\\') has_escapes = true, p++;
    if (p >= lex->end) {
        lexer_fail(lex, lex->line, ERR_INVALID, _("the string does not end"));
        return failed(lex);
    }
    s.n = (size_t)(p - s.text);
    advance(lex, p + 1);
    if (!has_escapes) return s;
    char *bytes = arena_alloc(lex->arena, s.n + 1), *out = bytes; /* no escape grows */
    if (!bytes) {
        lexer_fail(lex, lex->line, ERR_NOMEM, _("not enough memory for the template"));
        return failed(lex);
    }
    for (const char *q = s.text; q < p;) {
        if (*q != '\\') {
            *out++ = *q++;
            continue;
        }
        q = unescape(q + 1, p, &out);
        if (!q) {
            lexer_fail(lex, s.line, ERR_INVALID, _("the string has a broken escape"));
            return failed(lex);
        }
    }
    s.text = bytes;
    s.n = (size_t)(out - bytes);
    return s;
}

/* The end of the tag, when that is what stands here. Brackets that are open hide it, so that
 * {{ {'a': {}} }} is one tag. */
static bool lex_tag_end(struct lexer *lex, struct lexeme *out) {
    if (lex->n_open) return false;
    const char *p = lex->at;
    const bool is_block = lex->tag == LEX_BLOCK_BEGIN;
    const char sign = *p == '-' || (*p == '+' && is_block) ? *p++ : '\0';
    if (!looking_at(lex, p, is_block ? "%}" : "}}")) return false;
    *out = (struct lexeme){.kind = is_block ? LEX_BLOCK_END : LEX_PRINT_END, .line = lex->line};
    if (is_block)
        advance(lex, after_tag(lex, p + 2, sign));
    else
        advance(lex, sign == '-' ? skip_space(lex, p + 2) : p + 2);
    lex->tag = 0;
    return true;
}

static struct lexeme lex_operator(struct lexer *lex) {
    static const struct {
        char text[3];
        int kind;
    } pairs[] = {{"**", LEX_POWER}, {"//", LEX_FLOOR_DIVIDE}, {"==", LEX_EQ},
                 {"!=", LEX_NE},    {"<=", LEX_LE},           {">=", LEX_GE}};
    struct lexeme op = {.kind = LEX_FAILED, .line = lex->line};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (looking_at(lex, lex->at, pairs[i].text)) {
            op.kind = pairs[i].kind;
            lex->at += 2;
            return op;
        }
    const char c = *lex->at;
    if (!c || !strchr("+-/*%~[](){}<>=.:|,;", c)) {
        lexer_fail(lex, lex->line, ERR_INVALID, _("unexpected character (byte 0x%02x)"),
                   (unsigned char)c);
        return op;
    }
    if (strchr("([{", c)) lex->n_open++;
    if (strchr(")]}", c) && lex->n_open) lex->n_open--;
    lex->at++;
    op.kind = c;
    return op;
}

struct lexeme lexer_next(struct lexer *lex) {
    if (lex->status) return failed(lex);
    if (!lex->tag) return lex_text(lex);
    advance(lex, skip_space(lex, lex->at));
    struct lexeme out;
    if (lex->at == lex->end) {
        lexer_fail(lex, lex->line, ERR_INVALID, _("the template ends inside a tag"));
        return failed(lex);
    }
    if (lex_tag_end(lex, &out)) return out;
    const char c = *lex->at;
    if (c == '"' || c == '\'') return lex_string(lex);
    if (is_digit(c)) return lex_number(lex);
    if (!is_name(c)) return lex_operator(lex);
    out = (struct lexeme){.kind = LEX_NAME, .line = lex->line, .text = lex->at};
    while (lex->at < lex->end && is_name(*lex->at))
        lex->at++;
    out.n = (size_t)(lex->at - out.text);
    return out;
}
