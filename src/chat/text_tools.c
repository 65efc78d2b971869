/* SPDX-License-Identifier: MIT
 *
 * Strings taken apart and put together; every byte of a result has the mark of the byte it was
 * made from.
 */
#include "chat/text_tools.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/intl.h"
#include "chat/characters.h"

/* --- case --- */

/* Where the title filter begins a word: behind these, in runs. */
static bool begins_word(uint32_t cp) {
    return char_is_space(cp) || (cp < 0x80 && cp && strchr("-({[<", (char)cp));
}

enum { CASED_NOT, CASED_UPPER, CASED_LOWER };

/* Some small letters have no capital of one character. */
static int cased(uint32_t cp) {
    if (char_lower(cp) != cp) return CASED_UPPER;
    const bool single = cp == 0xdf || cp == 0xaa || cp == 0xba || cp == 0x138 || cp == 0x149;
    return single || char_upper(cp) != cp ? CASED_LOWER : CASED_NOT;
}

const struct string *text_case(struct runtime *rt, const struct string *s, enum letter_case which) {
    struct builder b = {0};
    bool at_start = true;
    if (!rt_steps(rt, s->n / 4)) return NULL;
    for (size_t at = 0; at < s->n;) {
        uint32_t cp;
        const bool mark = string_mark(s, at);
        at += char_decode(s->data + at, s->n - at, &cp);
        const bool upper = which == CASE_UPPER || (which != CASE_LOWER && at_start);
        if (which == CASE_TITLE_FILTER) at_start = begins_word(cp);
        if (which == CASE_TITLE_METHOD) at_start = cased(cp) == CASED_NOT;
        if (which == CASE_CAPITALIZE) at_start = false;
        if (upper && cp == 0xdf) { /* ß, the one letter of German that becomes two */
            const bool title = which == CASE_TITLE_METHOD || which == CASE_CAPITALIZE;
            if (!builder_add(rt, &b, title ? "Ss" : "SS", 2, mark)) return NULL;
        } else if (!builder_codepoint(rt, &b, upper ? char_upper(cp) : char_lower(cp), mark)) {
            return NULL;
        }
    }
    return builder_string_of(rt, &b);
}

bool text_has_case(const struct string *s, bool upper) {
    bool any = false;
    for (size_t at = 0; at < s->n;) {
        uint32_t cp;
        at += char_decode(s->data + at, s->n - at, &cp);
        const int is = cased(cp);
        if (is == CASED_NOT) continue;
        if (is != (upper ? CASED_UPPER : CASED_LOWER)) return false;
        any = true;
    }
    return any;
}

/* --- replacing, splitting, joining --- */

/* An empty `from` stands before every character and at the end. */
static const struct string *replace_nothing(struct runtime *rt, const struct string *s,
                                            const struct string *to, int64_t count) {
    struct builder b = {0};
    for (size_t at = 0;; count--) {
        uint32_t cp;
        if (count != 0 && !builder_string(rt, &b, to)) return NULL;
        if (at >= s->n || !rt_steps(rt, 1)) break;
        const size_t length = char_decode(s->data + at, s->n - at, &cp);
        const struct string *one = string_slice(rt, s, at, count ? at + length : s->n);
        if (!one || !builder_string(rt, &b, one) || count == 0) break;
        at += length;
    }
    return rt->status ? NULL : builder_string_of(rt, &b);
}

const struct string *text_replace(struct runtime *rt, const struct string *s,
                                  const struct string *from, const struct string *to,
                                  int64_t count) {
    if (!rt_bytes(rt, s->n)) return NULL;
    if (from->n == 0) return replace_nothing(rt, s, to, count);
    struct builder b = {0};
    size_t start = 0, at;
    while (count != 0 && (at = string_find(s, from, start)) != SIZE_MAX) {
        const struct string *kept = string_slice(rt, s, start, at);
        if (!kept || !builder_string(rt, &b, kept) || !builder_string(rt, &b, to) ||
            !rt_steps(rt, 1))
            return NULL;
        start = at + from->n;
        count--;
    }
    if (start == 0) return s;
    const struct string *rest = string_slice(rt, s, start, s->n);
    return rest && builder_string(rt, &b, rest) ? builder_string_of(rt, &b) : NULL;
}

static bool push_slice(struct runtime *rt, struct list *out, const struct string *s, size_t start,
                       size_t end) {
    const struct string *piece = string_slice(rt, s, start, end);
    return piece && list_push(rt, out, value_of_string(piece));
}

/* The last occurrence that ends at or before `end`; SIZE_MAX: none, or failed. */
static size_t find_last(struct runtime *rt, const struct string *s, const struct string *what,
                        size_t end) {
    for (size_t at = end; at >= what->n; at--) {
        const char *p = s->data + at - what->n;
        if (p[0] != what->data[0] || p[what->n - 1] != what->data[what->n - 1]) continue;
        if (!rt_bytes(rt, what->n + RUNTIME_BYTES_PER_STEP)) return SIZE_MAX;
        if (memcmp(p, what->data, what->n) == 0) return at - what->n;
    }
    return SIZE_MAX;
}

static bool split_right(struct runtime *rt, const struct string *s, const struct string *separator,
                        int64_t count, struct list *out) {
    size_t end = s->n, at;
    while (count-- != 0 && (at = find_last(rt, s, separator, end)) != SIZE_MAX) {
        if (!push_slice(rt, out, s, at + separator->n, end)) return false;
        end = at;
    }
    if (rt->status || !push_slice(rt, out, s, 0, end)) return false;
    list_reverse(out);
    return true;
}

static bool split_left(struct runtime *rt, const struct string *s, const struct string *separator,
                       int64_t count, struct list *out) {
    size_t start = 0, at;
    while (count-- != 0 && (at = string_find(s, separator, start)) != SIZE_MAX) {
        if (!push_slice(rt, out, s, start, at)) return false;
        start = at + separator->n;
    }
    return push_slice(rt, out, s, start, s->n);
}

/* The end of the run of characters from `at` on that are, or are not, white space. */
static size_t run_end(const struct string *s, size_t at, bool space) {
    while (at < s->n) {
        uint32_t cp;
        const size_t length = char_decode(s->data + at, s->n - at, &cp);
        if (char_is_space(cp) != space) break;
        at += length;
    }
    return at;
}

static bool split_blanks(struct runtime *rt, const struct string *s, int64_t count,
                         struct list *out) {
    for (size_t at = run_end(s, 0, true); at < s->n;) {
        if (count-- == 0) return push_slice(rt, out, s, at, s->n);
        const size_t end = run_end(s, at, false);
        if (!push_slice(rt, out, s, at, end)) return false;
        at = run_end(s, end, true);
    }
    return true;
}

/* Runs of white space from the right: only a bounded count makes a difference. */
static bool split_blanks_right(struct runtime *rt, const struct string *s, int64_t count,
                               struct list *out) {
    struct list *words = list_new(rt, 0);
    if (!words || !split_blanks(rt, s, -1, words)) return false;
    const size_t n_first = count >= 0 && (uint64_t)count < words->n ? words->n - (size_t)count : 0;
    if (n_first > 0) {
        const struct string *last = words->items[n_first - 1].string;
        if (!push_slice(rt, out, s, 0, (size_t)(last->data - s->data) + last->n)) return false;
    }
    for (size_t i = n_first; i < words->n; i++)
        if (!list_push(rt, out, words->items[i])) return false;
    return true;
}

bool text_split(struct runtime *rt, const struct string *s, const struct string *separator,
                int64_t count, bool from_right, struct list *out) {
    if (!rt_bytes(rt, s->n)) return false;
    if (!separator)
        return from_right ? split_blanks_right(rt, s, count, out) : split_blanks(rt, s, count, out);
    if (separator->n == 0) return rt_fail(rt, ERR_INVALID, _("split: the separator is empty"));
    return from_right ? split_right(rt, s, separator, count, out)
                      : split_left(rt, s, separator, count, out);
}

static bool is_line_end(uint32_t cp) {
    return (cp >= 10 && cp <= 13) || (cp >= 28 && cp <= 30) || cp == 0x85 || cp == 0x2028 ||
           cp == 0x2029;
}

bool text_lines(struct runtime *rt, const struct string *s, bool keep_ends, struct list *out) {
    size_t start = 0;
    for (size_t at = 0; at < s->n;) {
        uint32_t cp;
        const size_t end = at;
        at += char_decode(s->data + at, s->n - at, &cp);
        if (!is_line_end(cp)) continue;
        if (cp == '\r' && at < s->n && s->data[at] == '\n') at++;
        if (!push_slice(rt, out, s, start, keep_ends ? at : end)) return false;
        start = at;
    }
    if (!rt_bytes(rt, s->n)) return false;
    return start == s->n || push_slice(rt, out, s, start, s->n);
}

bool text_join(struct runtime *rt, const struct string *separator, const struct list *items,
               bool only_strings, struct value *out) {
    struct builder b = {0};
    for (size_t i = 0; i < items->n; i++) {
        const struct value *v = &items->items[i];
        if (only_strings && v->type != V_STRING)
            return rt_fail(rt, ERR_INVALID, _("join: item %zu is %s, not a string"), i + 1,
                           value_type_name(v));
        const struct string *text = value_string(rt, v);
        if (!text || !rt_steps(rt, 1) || (i && separator && !builder_string(rt, &b, separator)) ||
            !builder_string(rt, &b, text))
            return false;
    }
    return builder_value(rt, &b, out);
}

/* --- numbers in text --- */

enum { NUMBER_TEXT_MAX = 400 };

/* The text without white space around it and '_' between digits, as a C string; false: none. */
static bool number_text(const struct string *s, char text[NUMBER_TEXT_MAX]) {
    size_t n = 0, start = run_end(s, 0, true);
    for (size_t at = start; at < s->n; at++) {
        const unsigned char c = (unsigned char)s->data[at];
        if (run_end(s, at, true) == s->n) break;
        if (c == '_') {
            const bool between = at > start && at + 1 < s->n &&
                                 isalnum((unsigned char)s->data[at - 1]) &&
                                 isalnum((unsigned char)s->data[at + 1]);
            if (!between) return false;
            continue;
        }
        if (n == NUMBER_TEXT_MAX - 1 || c == '\0' || c >= 0x80 || isspace(c)) return false;
        text[n++] = (char)c;
    }
    text[n] = '\0';
    return n > 0;
}

static int prefix_base(const char *p) {
    if (p[0] != '0') return 10;
    switch (p[1] | 32) {
    case 'x': return 16;
    case 'o': return 8;
    case 'b': return 2;
    default: return 10;
    }
}

bool text_to_int(const struct string *s, int base, int64_t *out) {
    char text[NUMBER_TEXT_MAX];
    if (!number_text(s, text)) return false;
    const char *p = text;
    const bool negative = *p == '-';
    if (*p == '-' || *p == '+') p++;
    if (base == 0) base = prefix_base(p);
    if (base != 10 && prefix_base(p) == base) p += 2;
    if (!*p) return false;
    int64_t value = 0;
    for (; *p; p++) {
        const int digit = isdigit((unsigned char)*p)   ? *p - '0'
                          : isalpha((unsigned char)*p) ? (*p | 32) - 'a' + 10
                                                       : 99;
        if (digit >= base || __builtin_mul_overflow(value, (int64_t)base, &value) ||
            __builtin_sub_overflow(value, (int64_t)digit,
                                   &value)) /* negative: it reaches further */
            return false;
    }
    if (!negative && value == INT64_MIN) return false;
    *out = negative ? value : -value;
    return true;
}

bool text_to_float(const struct string *s, double *out) {
    char text[NUMBER_TEXT_MAX], *end;
    if (!number_text(s, text) || strpbrk(text, "xX(")) return false;
    *out = strtod(text, &end);
    return *end == '\0';
}
