/* SPDX-License-Identifier: MIT
 *
 * Regular expressions of JavaScript (ECMA-262, with the flag u), read into a tree.
 *
 * `^` and `$` at the ends of an alternative are taken off, and where they lack, "any text" is put
 * in: what comes out matches from end to end. Anchors elsewhere stay in the tree. Lazy quantifiers
 * are as good as greedy ones, since only the language matters, not what a group caught.
 */
#include "engine/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/intl.h"
#include "text/encoding.h"

enum { GROUPS_DEEP_MAX = 48, COUNT_MAX = GRAMMAR_REPEAT_MAX };

struct reader {
    struct translator *t;
    const char *p, *end;
    const char *source;
    const struct place *at;
    unsigned depth;
    struct array set; /* struct code_points: of the class being read */
};

struct known_pattern {
    const char *text; /* by address */
    struct pattern *pattern;
};

static enum status refuse(struct reader *r, enum status st, const char *why) {
    char shown[SCHEMA_SHOWN];
    return schema_refuse(r->t, st, r->at, _("the pattern \"%s\", byte %zu: %s"),
                         schema_shown(shown, r->source), (size_t)(r->p - r->source), why);
}

static bool at(const struct reader *r, char c) {
    return r->p < r->end && *r->p == c;
}

static bool at_text(const struct reader *r, const char *text) {
    const size_t n = strlen(text);
    return (size_t)(r->end - r->p) >= n && memcmp(r->p, text, n) == 0;
}

static struct pattern *new_node(struct reader *r, enum pattern_kind kind) {
    struct pattern *p = arena_alloc(&r->t->kept, sizeof(*p));
    if (p) *p = (struct pattern){.kind = kind};
    return p;
}

/* --- sets of code points --- */

static enum status add_range(struct reader *r, uint32_t lo, uint32_t hi) {
    const struct code_points range = {lo, hi};
    return array_push(&r->set, &range, sizeof(range)) ? OK : schema_no_memory(r->t);
}

static int by_lo(const void *a, const void *b) {
    const struct code_points *x = a, *y = b;
    return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* Sorts, and joins what touches. */
static size_t tidy(struct code_points *set, size_t n) {
    size_t kept = 0;
    qsort(set, n, sizeof(*set), by_lo);
    for (size_t i = 0; i < n; i++) {
        if (kept && set[i].lo <= set[kept - 1].hi + 1) {
            if (set[i].hi > set[kept - 1].hi) set[kept - 1].hi = set[i].hi;
        } else {
            set[kept++] = set[i];
        }
    }
    return kept;
}

/* Appends the part of lo to hi that can stand in a text: no NUL, no half of a pair. */
static size_t add_characters(struct code_points *set, size_t n, uint32_t lo, uint32_t hi) {
    static const struct code_points characters[] = {{1, 0xD7FF}, {0xE000, CODE_POINTS_END - 1}};
    for (size_t i = 0; i < 2; i++) {
        const struct code_points *c = &characters[i];
        const struct code_points cut = {lo > c->lo ? lo : c->lo, hi < c->hi ? hi : c->hi};
        if (cut.lo <= cut.hi) set[n++] = cut;
    }
    return n;
}

/* A node of the ranges gathered since `first`, which are dropped. */
static enum status finish_set(struct reader *r, size_t first, bool inverted, struct pattern **out) {
    struct code_points *ranges = r->set.data ? (struct code_points *)r->set.data + first : NULL;
    const size_t n = ranges ? tidy(ranges, r->set.n - first) : 0;
    struct pattern *p = new_node(r, PATTERN_SET);
    struct code_points *set = arena_alloc(&r->t->kept, (2 * n + 3) * sizeof(*set));
    uint32_t next = 0;
    if (!p || !set) return schema_no_memory(r->t);
    for (size_t i = 0; i < n; i++) {
        if (!inverted) p->n_set = add_characters(set, p->n_set, ranges[i].lo, ranges[i].hi);
        if (inverted && ranges[i].lo > next)
            p->n_set = add_characters(set, p->n_set, next, ranges[i].lo - 1);
        next = ranges[i].hi + 1;
    }
    if (inverted && next < CODE_POINTS_END)
        p->n_set = add_characters(set, p->n_set, next, CODE_POINTS_END - 1);
    r->set.n = first;
    p->set = set;
    *out = p;
    return p->n_set ? OK : refuse(r, ERR_INVALID, _("nothing can stand here"));
}

/* --- escapes --- */

/* \d \w \s, and what they leave with a capital letter. */
static enum status add_named(struct reader *r, char name) {
    static const struct code_points digits[] = {{'0', '9'}};
    static const struct code_points word[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    static const struct code_points space[] = {
        {9, 13},          {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
        {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
    const char lower = (char)(name | 0x20);
    const struct code_points *set = lower == 'd' ? digits : lower == 'w' ? word : space;
    const size_t n = lower == 'd' ? 1 : lower == 'w' ? 4 : sizeof(space) / sizeof(*space);
    uint32_t next = 0;
    enum status st = OK;
    for (size_t i = 0; !st && i < n; i++) {
        if (name == lower)
            st = add_range(r, set[i].lo, set[i].hi);
        else if (set[i].lo > next)
            st = add_range(r, next, set[i].lo - 1);
        next = set[i].hi + 1;
    }
    if (!st && name != lower) st = add_range(r, next, CODE_POINTS_END - 1);
    return st;
}

/* n hexadecimal digits; n 0: as many as there are before a brace. */
static enum status read_hex(struct reader *r, size_t n, uint32_t *cp) {
    uint32_t value = 0;
    size_t i = 0;
    for (; r->p < r->end && (n == 0 || i < n) && value < CODE_POINTS_END; i++, r->p++) {
        const char c = *r->p;
        if (c >= '0' && c <= '9')
            value = value * 16 + (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            value = value * 16 + (uint32_t)((c | 0x20) - 'a' + 10);
        else
            break;
    }
    *cp = value;
    if (i == 0 || (n && i < n) || value >= CODE_POINTS_END)
        return refuse(r, ERR_INVALID, _("\\x takes two hexadecimal digits, \\u four, or \\u{...}"));
    return OK;
}

/* After \u. */
static enum status read_unicode(struct reader *r, uint32_t *cp) {
    enum status st;
    uint32_t low;
    if (at(r, '{')) {
        r->p++;
        st = read_hex(r, 0, cp);
        if (!st && !at(r, '}')) st = refuse(r, ERR_INVALID, _("expected }"));
        r->p += !st;
        return st;
    }
    st = read_hex(r, 4, cp);
    if (st || *cp < 0xD800 || *cp > 0xDBFF || !at_text(r, "\\u")) return st;
    r->p += 2;
    st = read_hex(r, 4, &low);
    if (!st && (low < 0xDC00 || low > 0xDFFF))
        st = refuse(r, ERR_INVALID, _("half of a pair of \\u"));
    *cp = 0x10000 + ((*cp - 0xD800) << 10) + (low & 0x3FF);
    return st;
}

/* The character after a backslash that stands for one. */
static enum status read_escaped(struct reader *r, uint32_t *cp) {
    static const char controls[] = "t\tn\nv\vf\fr\r"; /* pairs */
    const char c = *r->p++;
    for (const char *pair = controls; *pair; pair += 2) {
        if (*pair != c) continue;
        *cp = (unsigned char)pair[1];
        return OK;
    }
    if (c == 'x') return read_hex(r, 2, cp);
    if (c == 'u') return read_unicode(r, cp);
    if (c == 'c' && r->p < r->end && (*r->p | 0x20) >= 'a' && (*r->p | 0x20) <= 'z') {
        *cp = *r->p++ & 31;
        return OK;
    }
    *cp = (unsigned char)c;
    if (c > ' ' && c < 0x7F && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(c >= '0' && c <= '9'))
        return OK;
    r->p--;
    if (c >= '1' && c <= '9')
        return refuse(r, ERR_UNSUPPORTED, _("references to groups cannot be honoured"));
    return refuse(r, ERR_UNSUPPORTED, _("this escape cannot be honoured"));
}

static enum status read_character(struct reader *r, uint32_t *cp) {
    bool broken;
    r->p += encoding_decode(ENCODING_UTF_8, (const unsigned char *)r->p, (size_t)(r->end - r->p), 0,
                            cp, &broken);
    return OK; /* jansson has refused what is no UTF-8 */
}

static bool is_named_set(const struct reader *r) {
    return r->end - r->p > 1 && *r->p == '\\' && strchr("dDwWsS", r->p[1]);
}

/* --- classes --- */

static enum status read_class_character(struct reader *r, uint32_t *cp) {
    if (!at(r, '\\')) return read_character(r, cp);
    r->p++;
    if (r->p == r->end) return refuse(r, ERR_INVALID, _("a backslash at the end"));
    if (at(r, 'b')) {
        r->p++;
        *cp = '\b';
        return OK;
    }
    return read_escaped(r, cp);
}

static enum status read_class_item(struct reader *r) {
    uint32_t lo, hi;
    if (is_named_set(r)) {
        r->p += 2;
        return add_named(r, r->p[-1]);
    }
    enum status st = read_class_character(r, &lo);
    if (st) return st;
    hi = lo;
    if (r->end - r->p > 1 && r->p[0] == '-' && r->p[1] != ']') {
        r->p++;
        if (is_named_set(r)) return refuse(r, ERR_INVALID, _("a range cannot end in a class"));
        st = read_class_character(r, &hi);
        if (!st && hi < lo) st = refuse(r, ERR_INVALID, _("this range runs backwards"));
    }
    return st ? st : add_range(r, lo, hi);
}

static enum status read_class(struct reader *r, struct pattern **out) {
    const size_t first = r->set.n;
    enum status st = OK;
    r->p++;
    const bool inverted = at(r, '^');
    r->p += inverted;
    while (!st && r->p < r->end && *r->p != ']')
        st = read_class_item(r);
    if (!st && r->p == r->end) st = refuse(r, ERR_INVALID, _("a [ has no partner"));
    r->p += !st;
    return st ? st : finish_set(r, first, inverted, out);
}

/* --- atoms --- */

static enum status read_choice(struct reader *r, struct pattern **out);

static enum status read_group(struct reader *r, struct pattern **out) {
    enum status st = OK;
    r->p++;
    if (at_text(r, "?:")) {
        r->p += 2;
    } else if (at_text(r, "?<") && !at_text(r, "?<=") && !at_text(r, "?<!")) {
        const char *close = memchr(r->p, '>', (size_t)(r->end - r->p));
        if (!close) return refuse(r, ERR_INVALID, _("a name of a group has no >"));
        r->p = close + 1;
    } else if (at(r, '?')) {
        return refuse(r, ERR_UNSUPPORTED, _("looking ahead or behind cannot be honoured"));
    }
    if (++r->depth > GROUPS_DEEP_MAX)
        return refuse(r, ERR_LIMIT, _("too many groups stand in one another"));
    st = read_choice(r, out);
    if (!st && !at(r, ')')) st = refuse(r, ERR_INVALID, _("a ( has no partner"));
    r->p += !st;
    r->depth--;
    return st;
}

static enum status read_dot(struct reader *r, struct pattern **out) {
    const size_t first = r->set.n;
    enum status st = add_range(r, '\n', '\n');
    if (!st) st = add_range(r, '\r', '\r');
    if (!st) st = add_range(r, 0x2028, 0x2029);
    r->p++;
    return st ? st : finish_set(r, first, true, out);
}

static enum status read_single(struct reader *r, struct pattern **out) {
    const size_t first = r->set.n;
    uint32_t cp;
    enum status st;
    if (is_named_set(r)) {
        r->p += 2;
        st = add_named(r, r->p[-1]);
        return st ? st : finish_set(r, first, false, out);
    }
    if (at(r, '\\') && r->end - r->p > 1 && (r->p[1] == 'b' || r->p[1] == 'B'))
        return refuse(r, ERR_UNSUPPORTED, _("\\b and \\B cannot be honoured"));
    st = read_class_character(r, &cp);
    if (!st) st = add_range(r, cp, cp);
    return st ? st : finish_set(r, first, false, out);
}

static enum status read_anchor(struct reader *r, struct pattern **out) {
    *out = new_node(r, *r->p == '^' ? PATTERN_START : PATTERN_END);
    r->p++;
    return *out ? OK : schema_no_memory(r->t);
}

static enum status read_atom(struct reader *r, struct pattern **out) {
    switch (*r->p) {
    case '(': return read_group(r, out);
    case '[': return read_class(r, out);
    case '.': return read_dot(r, out);
    case '^':
    case '$': return read_anchor(r, out);
    case '*':
    case '+':
    case '?':
    case '{': return refuse(r, ERR_INVALID, _("there is nothing to repeat"));
    default: return read_single(r, out);
    }
}

/* --- quantifiers --- */

static enum status read_count(struct reader *r, uint32_t *n) {
    const char *begin = r->p;
    for (*n = 0; r->p < r->end && *r->p >= '0' && *r->p <= '9' && *n <= COUNT_MAX; r->p++)
        *n = *n * 10 + (uint32_t)(*r->p - '0');
    if (r->p == begin) return refuse(r, ERR_INVALID, _("expected a number"));
    return *n <= COUNT_MAX ? OK : refuse(r, ERR_LIMIT, _("more than 20000 cannot be counted"));
}

static enum status read_braces(struct reader *r, uint32_t *min, uint32_t *max) {
    r->p++;
    enum status st = read_count(r, min);
    *max = *min;
    if (!st && at(r, ',')) {
        r->p++;
        *max = PATTERN_FOREVER;
        if (!at(r, '}')) st = read_count(r, max);
    }
    if (!st && !at(r, '}')) st = refuse(r, ERR_INVALID, _("expected }"));
    if (!st && *max < *min) st = refuse(r, ERR_INVALID, _("{m,n} wants m to be at most n"));
    r->p += !st;
    return st;
}

static enum status read_quantifier(struct reader *r, struct pattern **item) {
    uint32_t min = 0, max = PATTERN_FOREVER;
    enum status st = OK;
    if (r->p == r->end || !*r->p || !strchr("*+?{", *r->p)) return OK;
    if ((*item)->kind == PATTERN_START || (*item)->kind == PATTERN_END)
        return refuse(r, ERR_INVALID, _("there is nothing to repeat"));
    if (at(r, '{')) {
        st = read_braces(r, &min, &max);
    } else {
        min = at(r, '+');
        if (at(r, '?')) max = 1;
        r->p++;
    }
    if (!st && at(r, '?')) r->p++; /* lazy */
    struct pattern *p = st ? NULL : new_node(r, PATTERN_REPEAT);
    if (!p) return st ? st : schema_no_memory(r->t);
    p->min = min;
    p->max = max;
    p->first = *item;
    *item = p;
    return OK;
}

/* A node of that kind, whose parts are hung on with hang_last. */
static void hang_last(struct pattern *parent, struct pattern **last, struct pattern *child) {
    if (*last)
        (*last)->next = child;
    else
        parent->first = child;
    *last = child;
}

static enum status read_sequence(struct reader *r, struct pattern **out) {
    struct pattern *last = NULL, *item;
    enum status st = OK;
    *out = new_node(r, PATTERN_SEQ);
    if (!*out) return schema_no_memory(r->t);
    while (!st && r->p < r->end && *r->p != '|' && *r->p != ')') {
        st = read_atom(r, &item);
        if (!st) st = read_quantifier(r, &item);
        if (!st) hang_last(*out, &last, item);
    }
    return st;
}

/* Always a choice of sequences, also of one. */
static enum status read_choice(struct reader *r, struct pattern **out) {
    struct pattern *last = NULL, *sequence;
    *out = new_node(r, PATTERN_CHOICE);
    if (!*out) return schema_no_memory(r->t);
    for (;;) {
        const enum status st = read_sequence(r, &sequence);
        if (st) return st;
        hang_last(*out, &last, sequence);
        if (!at(r, '|')) return OK;
        r->p++;
    }
}

/* --- the whole --- */

static struct pattern *any_text(struct reader *r) {
    struct pattern *any = new_node(r, PATTERN_REPEAT), *set = NULL;
    if (!any || finish_set(r, r->set.n, true, &set)) return NULL;
    any->max = PATTERN_FOREVER;
    any->first = set;
    return any;
}

/* Takes ^ and $ off the ends, or puts any text there. */
static enum status close_ends(struct reader *r, struct pattern *sequence) {
    struct pattern **end = &sequence->first;
    if (*end && (*end)->kind == PATTERN_START) {
        *end = (*end)->next;
    } else {
        struct pattern *any = any_text(r);
        if (!any) return schema_no_memory(r->t);
        any->next = sequence->first;
        sequence->first = any;
    }
    while (*end && (*end)->next)
        end = &(*end)->next;
    if (*end && (*end)->kind == PATTERN_END) {
        *end = NULL;
        return OK;
    }
    struct pattern *any = any_text(r);
    if (!any) return schema_no_memory(r->t);
    *(*end ? &(*end)->next : end) = any;
    return OK;
}

static enum status read_pattern(struct reader *r, struct pattern **out) {
    enum status st = read_choice(r, out);
    if (!st && r->p < r->end) st = refuse(r, ERR_INVALID, _("a ) has no partner"));
    for (struct pattern *s = st ? NULL : (*out)->first; !st && s; s = s->next)
        st = close_ends(r, s);
    return st;
}

enum status schema_pattern(struct translator *t, const char *text, const struct place *at,
                           struct pattern **out) {
    const struct known_pattern *known = t->patterns.data;
    for (size_t i = 0; i < t->patterns.n; i++) {
        if (known[i].text != text) continue;
        *out = known[i].pattern;
        return OK;
    }
    struct reader r = {.t = t, .p = text, .end = text + strlen(text), .source = text, .at = at};
    struct known_pattern new = {.text = text};
    enum status st = read_pattern(&r, &new.pattern);
    if (!st) st = schema_work(t, 1 + strlen(text) / 64 + t->patterns.n / 64, at);
    if (!st && !array_push(&t->patterns, &new, sizeof(new))) st = schema_no_memory(t);
    array_release(&r.set);
    *out = new.pattern;
    return st;
}
