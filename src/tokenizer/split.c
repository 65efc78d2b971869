/* SPDX-License-Identifier: MIT
 *
 * Pre-tokenisers: where byte-level BPE cuts text into words before it joins anything.
 *
 * The makers publish regular expressions; here each is a scanner that looks at every character a
 * bounded number of times, so that no text can make it slow. What backtracking would find is worked
 * out by hand beside each alternative, and a test compares the cuts with those of PCRE2 on the
 * published expressions. Their alternatives, in order, numbers standing for {1,3} or nothing:
 *
 *   Llama 3, Qwen2   (?i:'s|'t|'re|'ve|'m|'ll|'d) | [^\r\n\p{L}\p{N}]?\p{L}+ | \p{N}{1,3} |
 *                     ?[^\s\p{L}\p{N}]+[\r\n]* | \s*[\r\n]+ | \s+(?!\S) | \s+
 *   Tekken           [^\r\n\p{L}\p{N}]?[Lu Lt Lm Lo M]*[Ll Lm Lo M]+ |
 *                    [^\r\n\p{L}\p{N}]?[Lu Lt Lm Lo M]+[Ll Lm Lo M]* | \p{N} |
 *                     ?[^\s\p{L}\p{N}]+[\r\n/]* | \s*[\r\n]+ | \s+(?!\S) | \s+
 */
#include <assert.h>

#include "tokenizer/unicode.h"
#include "tokenizer/vocab.h"

struct text {
    const unsigned char *p;
    size_t n;
};

/* The flags of the character at `at`, which is in the text, and its bytes. */
static inline unsigned flags_at(const struct text *t, size_t at, size_t *length) {
    uint32_t cp;
    *length = utf8_decode(t->p + at, &cp);
    return unicode_flags(cp);
}

/* Passes over the characters that have one of the flags. */
static inline size_t skip(const struct text *t, size_t at, unsigned wanted) {
    size_t length;
    while (at < t->n && flags_at(t, at, &length) & wanted)
        at += length;
    return at;
}

static inline bool has(const struct text *t, size_t at, unsigned wanted) {
    size_t length;
    return at < t->n && flags_at(t, at, &length) & wanted;
}

static inline bool is_line_end(unsigned char c) {
    return c == '\r' || c == '\n';
}

/* Bytes of 's, 't, 're, 've, 'm, 'll, 'd at `at`, where the apostrophe stands; 0: none. The long s
 * (U+017F) is an s without regard to case. */
static size_t contraction(const struct text *t, size_t at) {
    if (at + 1 >= t->n) return 0;
    const unsigned char a = t->p[at + 1] | 0x20, b = at + 2 < t->n ? t->p[at + 2] : 0;
    if (t->p[at + 1] == 0xc5 && b == 0xbf) return 3;
    if (t->p[at + 1] >= 0x80) return 0;
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
    if ((a == 'r' || a == 'v') && (b | 0x20) == 'e') return 3;
    return a == 'l' && (b | 0x20) == 'l' ? 3 : 0;
}

/* Letters, with one character before them that is none, no number and no line end; 0: not here. */
static size_t letters(const struct text *t, size_t at, unsigned flags, size_t length) {
    if (flags & UNICODE_LETTER) return skip(t, at + length, UNICODE_LETTER);
    if (flags & UNICODE_NUMBER || is_line_end(t->p[at])) return 0;
    const size_t end = skip(t, at + length, UNICODE_LETTER);
    return end > at + length ? end : 0;
}

/* Tekken's words. Of a run of capitals, marks and caseless letters the first alternative takes all
 * that a small letter follows, else up to the last that may count as small; the second alternative
 * is left with plain capitals. */
static size_t cased_from(const struct text *t, size_t at, bool *lower) {
    size_t end = at, after_last = 0, length;
    for (unsigned flags; end < t->n && (flags = flags_at(t, end, &length)) & UNICODE_UPPERISH;) {
        end += length;
        if (flags & UNICODE_LOWERISH) after_last = end;
    }
    *lower = true;
    if (has(t, end, UNICODE_LOWERISH)) return skip(t, end, UNICODE_LOWERISH);
    if (after_last) return after_last;
    *lower = false;
    return end > at ? end : 0;
}

static size_t cased_letters(const struct text *t, size_t at, unsigned flags, size_t length) {
    bool lower, lower_after;
    const size_t bare = cased_from(t, at, &lower);
    const bool may_precede = !(flags & (UNICODE_LETTER | UNICODE_NUMBER)) && !is_line_end(t->p[at]);
    if (!may_precede) return bare;
    const size_t after = cased_from(t, at + length, &lower_after);
    if (after && lower_after) return after;
    if (bare && lower) return bare;
    return after ? after : bare;
}

static size_t numbers(const struct text *t, size_t at, size_t n_max) {
    for (size_t i = 0; i < n_max && has(t, at, UNICODE_NUMBER); i++)
        at += utf8_length(t->p[at]);
    return at;
}

/* Signs, from `at` on, and the line ends (for Tekken slashes too) after them. */
static size_t signs(const struct text *t, size_t at, bool slashes) {
    size_t length;
    while (at < t->n &&
           !(flags_at(t, at, &length) & (UNICODE_SPACE | UNICODE_LETTER | UNICODE_NUMBER)))
        at += length;
    while (at < t->n && (is_line_end(t->p[at]) || (slashes && t->p[at] == '/')))
        at++;
    return at;
}

/* A run of white space: up to its last line end; else all at the end of the text; else all but the
 * last, which goes with the word that follows, unless it is the only one. */
static size_t spaces(const struct text *t, size_t at) {
    size_t end = at, after_line = 0, last = at, length;
    while (end < t->n && flags_at(t, end, &length) & UNICODE_SPACE) {
        last = end;
        end += length;
        if (is_line_end(t->p[last])) after_line = end;
    }
    if (after_line) return after_line;
    return end == t->n || last == at ? end : last;
}

size_t split_next(enum split split, const unsigned char *text, size_t n, size_t at) {
    const struct text t = {text, n};
    const bool tekken = split == SPLIT_TEKKEN;
    size_t length, end = 0;
    assert(at < n);
    const unsigned flags = flags_at(&t, at, &length);
    if (!tekken && text[at] == '\'' && (end = contraction(&t, at))) return at + end;
    end = tekken ? cased_letters(&t, at, flags, length) : letters(&t, at, flags, length);
    if (end) return end;
    if (flags & UNICODE_NUMBER) return numbers(&t, at, split == SPLIT_LLAMA3 ? 3 : 1);
    if (!(flags & UNICODE_SPACE)) return signs(&t, at, tekken);
    const unsigned none = UNICODE_SPACE | UNICODE_LETTER | UNICODE_NUMBER;
    if (text[at] == ' ' && at + 1 < n && !has(&t, at + 1, none)) return signs(&t, at + 1, tekken);
    return spaces(&t, at);
}
