/* SPDX-License-Identifier: MIT
 *
 * GBNF read: text to a tree of parts, by recursive descent whose depth is bounded.
 *
 * White space and comments may stand between any two parts; a line end closes a rule unless it
 * stands in parentheses, after `::=` or `|`, or before a line that begins with `|`.
 */
#include "engine/grammar_tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/intl.h"
#include "text/encoding.h"

enum { NAMES_BUCKETS_MIN = 64, CODE_POINT_MAX = 0x10FFFF, OPERATORS_MAX = 4 };

struct parser {
    struct grammar_tree *tree;
    const char *p, *end;
    uint32_t *buckets; /* [n_buckets] rules by name, 1 + number; 0: free. n_buckets a power of 2 */
    size_t n_buckets;
    uint32_t depth; /* of parentheses */
    struct error *err;
};

static enum status no_memory(struct parser *s) {
    return fail(s->err, ERR_NOMEM, _("not enough memory for the grammar"));
}

struct source_place tree_place(const struct grammar_tree *tree, size_t at) {
    struct source_place place = {1, 1};
    for (size_t i = 0; i < at; i++) {
        const unsigned char c = (unsigned char)tree->source[i];
        if (c == '\n') {
            place.line++;
            place.column = 1;
        } else if ((c & 0xC0) != 0x80) {
            place.column++;
        }
    }
    return place;
}

/* Refuses what stands at `at`; `why` is a translated phrase. */
static enum status refuse_at(struct parser *s, const char *at, const char *why) {
    const struct source_place place = tree_place(s->tree, (size_t)(at - s->tree->source));
    return fail(s->err, ERR_INVALID, _("the grammar, line %zu, column %zu: %s"), place.line,
                place.column, why);
}

static enum status refuse(struct parser *s, const char *why) {
    return refuse_at(s, s->p, why);
}

/* --- characters --- */

static bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

static bool at_char(const struct parser *s, char c) {
    return s->p < s->end && *s->p == c;
}

static void skip_space(struct parser *s, bool lines) {
    while (s->p < s->end) {
        const char c = *s->p;
        if (c == '#') {
            const char *line_end = memchr(s->p, '\n', (size_t)(s->end - s->p));
            s->p = line_end ? line_end : s->end;
        } else if (c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r'))) {
            s->p++;
        } else {
            return;
        }
    }
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* The n digits after \x, \u, \U. */
static enum status read_hex(struct parser *s, size_t n, uint32_t *cp) {
    uint32_t value = 0;
    for (size_t i = 0; i < n; i++) {
        const int digit = s->p < s->end ? hex_value(*s->p) : -1;
        if (digit < 0)
            return refuse(s, _("\\x wants two hexadecimal digits, \\u four and \\U eight"));
        value = value << 4 | (uint32_t)digit;
        s->p++;
    }
    if (value > CODE_POINT_MAX || (value >= 0xD800 && value <= 0xDFFF))
        return refuse(s, _("this number is no character of Unicode"));
    *cp = value;
    return OK;
}

static enum status read_escape(struct parser *s, uint32_t *cp) {
    static const char plain[] = "\"\\[]^-/'"; /* stand for themselves */
    const char c = s->p < s->end ? *s->p : '\0';
    if (c == 'x' || c == 'u' || c == 'U') {
        s->p++;
        return read_hex(s, c == 'x' ? 2 : c == 'u' ? 4 : 8, cp);
    }
    if (c == 'n') {
        *cp = '\n';
    } else if (c == 'r') {
        *cp = '\r';
    } else if (c == 't') {
        *cp = '\t';
    } else if (c != '\0' && strchr(plain, c)) {
        *cp = (unsigned char)c;
    } else {
        return refuse(s, _("after a backslash may stand n r t x u U \" \\ [ ] ^ - / or '"));
    }
    s->p++;
    return OK;
}

/* One character of a text or a class, escaped or not; s->p < s->end. */
static enum status read_char(struct parser *s, uint32_t *cp) {
    bool broken;
    if (*s->p == '\\') {
        s->p++;
        return read_escape(s, cp);
    }
    const size_t n = encoding_decode(ENCODING_UTF_8, (const unsigned char *)s->p,
                                     (size_t)(s->end - s->p), 0, cp, &broken);
    if (broken) return refuse(s, _("these bytes are no UTF-8"));
    s->p += n;
    return OK;
}

/* --- parts --- */

static enum status add_part(struct parser *s, const struct part *part, uint32_t *out) {
    *out = (uint32_t)s->tree->parts.n;
    return array_push(&s->tree->parts, part, sizeof(*part)) ? OK : no_memory(s);
}

static struct part new_part(enum part_kind kind) {
    return (struct part){
        .kind = kind, .last = PART_NONE, .previous = PART_NONE, .parent = PART_NONE};
}

static void hang(struct parser *s, struct part *parent, uint32_t child) {
    tree_part(s->tree, child)->previous = parent->last;
    parent->last = child;
}

/* Adds a part with the children that hang on it. */
static enum status add_parent(struct parser *s, const struct part *part, uint32_t *out) {
    const enum status st = add_part(s, part, out);
    if (st) return st;
    for (uint32_t i = part->last; i != PART_NONE; i = tree_part(s->tree, i)->previous)
        tree_part(s->tree, i)->parent = *out;
    return OK;
}

static enum status read_text(struct parser *s, uint32_t *out) {
    const char *open = s->p++;
    struct part part = new_part(PART_TEXT);
    struct strbuf bytes;
    enum status st = OK;
    strbuf_init(&bytes, (size_t)(s->end - s->p));
    while (!st && s->p < s->end && *s->p != '"') {
        uint32_t cp;
        st = read_char(s, &cp);
        if (!st) encoding_append(&bytes, ENCODING_UTF_8, cp);
    }
    if (!st && s->p == s->end) st = refuse_at(s, open, _("this \" has no partner"));
    s->p += !st;
    if (!st && (bytes.failed || !array_reserve(&s->tree->text, bytes.n, 1))) st = no_memory(s);
    if (!st) {
        part.a = (uint32_t)s->tree->text.n;
        part.b = (uint32_t)bytes.n;
        if (bytes.n) memcpy((char *)s->tree->text.data + part.a, bytes.data, bytes.n);
        s->tree->text.n += bytes.n;
        st = add_part(s, &part, out);
    }
    strbuf_release(&bytes);
    return st;
}

static int by_lo(const void *a, const void *b) {
    const struct code_range *x = a, *y = b;
    return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* Sorts n ranges and joins those that touch; returns how many are left. */
static size_t tidy_ranges(struct code_range *ranges, size_t n) {
    size_t kept = 0;
    if (!n) return 0;
    qsort(ranges, n, sizeof(*ranges), by_lo);
    for (size_t i = 0; i < n; i++) {
        if (kept && ranges[i].lo <= ranges[kept - 1].hi + 1) {
            if (ranges[i].hi > ranges[kept - 1].hi) ranges[kept - 1].hi = ranges[i].hi;
        } else {
            ranges[kept++] = ranges[i];
        }
    }
    return kept;
}

/* What lies between n tidy ranges; `out` has room for n + 1. */
static size_t invert_ranges(struct code_range *out, const struct code_range *ranges, size_t n) {
    size_t kept = 0;
    uint32_t next = 0;
    for (size_t i = 0; i < n; i++) {
        if (ranges[i].lo > next)
            out[kept++] = (struct code_range){.lo = next, .hi = ranges[i].lo - 1};
        next = ranges[i].hi + 1;
    }
    if (next <= CODE_POINT_MAX) out[kept++] = (struct code_range){.lo = next, .hi = CODE_POINT_MAX};
    return kept;
}

/* Half of a pair of UTF-16 is no character: a class of nothing else is empty. */
static bool holds_characters(const struct code_range *ranges, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (ranges[i].lo < 0xD800 || ranges[i].hi > 0xDFFF) return true;
    return false;
}

static enum status add_class(struct parser *s, struct array *ranges, bool inverted,
                             const char *open, uint32_t *out) {
    struct array *all = &s->tree->ranges;
    struct part part = new_part(PART_CLASS);
    ranges->n = tidy_ranges(ranges->data, ranges->n);
    if (!array_reserve(all, ranges->n + 1, sizeof(struct code_range))) return no_memory(s);
    struct code_range *mine = (struct code_range *)all->data + all->n;
    size_t n = ranges->n;
    if (inverted)
        n = invert_ranges(mine, ranges->data, ranges->n);
    else if (n)
        memcpy(mine, ranges->data, n * sizeof(*mine));
    if (!holds_characters(mine, n)) return refuse_at(s, open, _("this class holds no character"));
    part.a = (uint32_t)all->n;
    part.b = (uint32_t)n;
    all->n += n;
    return add_part(s, &part, out);
}

/* One character or a range; a '-' that ends the class is a character. */
static enum status read_range(struct parser *s, struct array *ranges) {
    const char *open = s->p;
    struct code_range range;
    enum status st = read_char(s, &range.lo);
    if (st) return st;
    range.hi = range.lo;
    if (s->end - s->p > 1 && s->p[0] == '-' && s->p[1] != ']') {
        s->p++;
        st = read_char(s, &range.hi);
        if (!st && range.hi < range.lo) st = refuse_at(s, open, _("this range runs backwards"));
    }
    if (st) return st;
    return array_push(ranges, &range, sizeof(range)) ? OK : no_memory(s);
}

static enum status read_class(struct parser *s, uint32_t *out) {
    const char *open = s->p++;
    struct array ranges = {0};
    enum status st = OK;
    const bool inverted = at_char(s, '^');
    s->p += inverted;
    while (!st && s->p < s->end && *s->p != ']')
        st = read_range(s, &ranges);
    if (!st && s->p == s->end) st = refuse_at(s, open, _("this [ has no partner"));
    s->p += !st;
    if (!st && !ranges.n && !inverted) st = refuse_at(s, open, _("this class holds no character"));
    if (!st) st = add_class(s, &ranges, inverted, open, out);
    array_release(&ranges);
    return st;
}

static enum status read_any(struct parser *s, uint32_t *out) {
    struct array none = {0};
    return add_class(s, &none, true, s->p++, out);
}

/* --- names --- */

static size_t name_hash(const char *name, size_t n) {
    uint64_t h = 0xCBF29CE484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)name[i]) * 0x100000001B3u;
    return (size_t)(h ^ h >> 29);
}

static uint32_t *find_bucket(const struct parser *s, const char *name, size_t n) {
    assert(s->buckets);
    size_t i = name_hash(name, n) & (s->n_buckets - 1);
    for (;; i = (i + 1) & (s->n_buckets - 1)) {
        if (!s->buckets[i]) return &s->buckets[i];
        const struct rule *r = tree_rule(s->tree, s->buckets[i] - 1);
        if (r->name_n == n && memcmp(r->name, name, n) == 0) return &s->buckets[i];
    }
}

/* Keeps the table of names at most half full. */
static enum status grow_names(struct parser *s) {
    if (s->n_buckets >= 2 * (s->tree->rules.n + 1)) return OK;
    const size_t n = s->n_buckets ? 2 * s->n_buckets : NAMES_BUCKETS_MIN;
    uint32_t *buckets = mem_zalloc(n * sizeof(*buckets));
    if (!buckets) return no_memory(s);
    mem_free(s->buckets);
    s->buckets = buckets;
    s->n_buckets = n;
    for (uint32_t i = 0; i < s->tree->rules.n; i++) {
        const struct rule *r = tree_rule(s->tree, i);
        *find_bucket(s, r->name, r->name_n) = i + 1;
    }
    return OK;
}

/* The rule of that name, made when it is the first time. */
static enum status name_rule(struct parser *s, const char *name, size_t n, uint32_t *out) {
    const enum status st = grow_names(s);
    if (st) return st;
    uint32_t *bucket = find_bucket(s, name, n);
    if (!*bucket) {
        const struct rule rule = {.name = name,
                                  .name_n = (uint32_t)n,
                                  .body = PART_NONE,
                                  .uses = PART_NONE,
                                  .at = (size_t)(name - s->tree->source)};
        if (!array_push(&s->tree->rules, &rule, sizeof(rule))) return no_memory(s);
        *bucket = (uint32_t)s->tree->rules.n;
    }
    *out = *bucket - 1;
    return OK;
}

static size_t name_length(const struct parser *s) {
    size_t n = 0;
    while (s->p + n < s->end && is_name(s->p[n]))
        n++;
    return n;
}

/* Is what stands here `name ::=`? The body of a rule must not run into the next one. */
static bool begins_rule(const struct parser *s) {
    struct parser look = *s;
    look.p += name_length(s);
    if (look.p == s->p) return false;
    skip_space(&look, false);
    return look.end - look.p >= 3 && memcmp(look.p, "::=", 3) == 0;
}

static enum status read_use(struct parser *s, uint32_t *out) {
    struct part part = new_part(PART_RULE);
    const size_t n = name_length(s);
    enum status st = name_rule(s, s->p, n, &part.a);
    if (st) return st;
    part.b = tree_rule(s->tree, part.a)->uses;
    st = add_part(s, &part, out);
    if (!st) tree_rule(s->tree, part.a)->uses = *out;
    s->p += n;
    return st;
}

/* --- repetition, sequence, choice --- */

static enum status read_number(struct parser *s, uint32_t *out) {
    const char *open = s->p;
    uint32_t n = 0;
    while (s->p < s->end && *s->p >= '0' && *s->p <= '9' && n <= GRAMMAR_REPEAT_MAX)
        n = n * 10 + (uint32_t)(*s->p++ - '0');
    if (s->p == open) return refuse(s, _("expected a number"));
    if (n > GRAMMAR_REPEAT_MAX) {
        const struct source_place place = tree_place(s->tree, (size_t)(open - s->tree->source));
        return fail(s->err, ERR_LIMIT,
                    _("the grammar, line %zu, column %zu: at most %d repetitions can be counted; "
                      "{n,} or * repeats without end"),
                    place.line, place.column, (int)GRAMMAR_REPEAT_MAX);
    }
    *out = n;
    return OK;
}

/* {n} {n,} {n,m}, and {,m} for {0,m} */
static enum status read_braces(struct parser *s, uint32_t *min, uint32_t *max) {
    const char *open = s->p++;
    enum status st = OK;
    skip_space(s, false);
    *min = 0;
    if (!at_char(s, ',')) st = read_number(s, min);
    *max = *min;
    if (!st) skip_space(s, false);
    if (!st && at_char(s, ',')) {
        s->p++;
        skip_space(s, false);
        *max = REPEAT_FOREVER;
        if (!at_char(s, '}')) st = read_number(s, max);
        if (!st) skip_space(s, false);
    }
    if (!st && !at_char(s, '}')) st = refuse(s, _("expected }"));
    if (!st && *max < *min) st = refuse_at(s, open, _("{m,n} wants m to be at most n"));
    s->p += !st;
    return st;
}

/* The operators after an item: each repeats all before it. */
static enum status read_operators(struct parser *s, bool nested, uint32_t *item) {
    for (int n = 0;; n++) {
        struct part part = new_part(PART_REPEAT);
        enum status st = OK;
        skip_space(s, nested);
        if (s->p == s->end || !*s->p || !strchr("?*+{", *s->p)) return OK;
        if (n == OPERATORS_MAX) return refuse(s, _("too many of ? * + {} follow one another"));
        if (*s->p == '{') {
            st = read_braces(s, &part.a, &part.b);
        } else {
            part.a = *s->p == '+';
            part.b = *s->p == '?' ? 1 : REPEAT_FOREVER;
            s->p++;
        }
        if (st) return st;
        hang(s, &part, *item);
        st = add_parent(s, &part, item);
        if (st) return st;
    }
}

static enum status read_choice(struct parser *s, bool nested, uint32_t *out);

static enum status read_group(struct parser *s, uint32_t *out) {
    const char *open = s->p;
    if (++s->depth > GRAMMAR_DEPTH_MAX) {
        const struct source_place place = tree_place(s->tree, (size_t)(open - s->tree->source));
        return fail(s->err, ERR_LIMIT,
                    _("the grammar, line %zu, column %zu: more than %d parentheses stand in one "
                      "another; give the inner ones a rule of their own"),
                    place.line, place.column, (int)GRAMMAR_DEPTH_MAX);
    }
    s->p++;
    enum status st = read_choice(s, true, out);
    if (!st && !at_char(s, ')')) {
        st = s->p == s->end ? refuse_at(s, open, _("this ( has no partner"))
                            : refuse(s, _("expected a text, a class, a rule, ( | or )"));
    }
    s->p += !st;
    s->depth--;
    return st;
}

/* *found false: what stands here begins no item. */
static enum status read_item(struct parser *s, bool nested, uint32_t *out, bool *found) {
    const char c = s->p < s->end ? *s->p : '\0';
    enum status st;
    *found = true;
    if (c == '"') {
        st = read_text(s, out);
    } else if (c == '[') {
        st = read_class(s, out);
    } else if (c == '.') {
        st = read_any(s, out);
    } else if (c == '(') {
        st = read_group(s, out);
    } else if (is_name(c) && !begins_rule(s)) {
        st = read_use(s, out);
    } else {
        *found = false;
        return OK;
    }
    return st ? st : read_operators(s, nested, out);
}

static enum status read_sequence(struct parser *s, bool nested, uint32_t *out) {
    struct part part = new_part(PART_SEQ);
    for (;;) {
        uint32_t item;
        bool found;
        skip_space(s, nested);
        const enum status st = read_item(s, nested, &item, &found);
        if (st) return st;
        if (!found) break;
        hang(s, &part, item);
    }
    if (part.last != PART_NONE && tree_part(s->tree, part.last)->previous == PART_NONE) {
        *out = part.last;
        return OK;
    }
    return add_parent(s, &part, out);
}

/* Is there another alternative, on this line or at the beginning of one below? */
static bool takes_bar(struct parser *s) {
    const char *before = s->p;
    skip_space(s, true);
    if (at_char(s, '|')) {
        s->p++;
        return true;
    }
    s->p = before;
    return false;
}

static enum status read_choice(struct parser *s, bool nested, uint32_t *out) {
    struct part part = new_part(PART_CHOICE);
    do {
        uint32_t sequence;
        skip_space(s, true);
        const enum status st = read_sequence(s, nested, &sequence);
        if (st) return st;
        hang(s, &part, sequence);
    } while (takes_bar(s));
    if (tree_part(s->tree, part.last)->previous == PART_NONE) {
        *out = part.last;
        return OK;
    }
    return add_parent(s, &part, out);
}

/* --- rules --- */

static enum status read_rule(struct parser *s) {
    const char *name = s->p;
    const size_t n = name_length(s);
    uint32_t rule, body;
    if (!n) return refuse(s, _("expected the name of a rule (letters, digits, - and _)"));
    if (!begins_rule(s)) {
        s->p += n;
        skip_space(s, false);
        return refuse(s, _("expected ::= after the name of a rule"));
    }
    enum status st = name_rule(s, name, n, &rule);
    if (st) return st;
    if (tree_rule(s->tree, rule)->body != PART_NONE)
        return refuse(s, _("this rule is there already"));
    s->p += n;
    skip_space(s, false);
    s->p += 3;
    st = read_choice(s, false, &body);
    if (st) return st;
    tree_rule(s->tree, rule)->body = body;
    tree_rule(s->tree, rule)->at = (size_t)(name - s->tree->source);
    skip_space(s, false);
    if (s->p == s->end || *s->p == '\n' || *s->p == '\r') return OK;
    return refuse(s, _("expected a text, a class, a rule, ( or |, or the end of the line"));
}

static enum status check_names(struct parser *s) {
    for (uint32_t i = 0; i < s->tree->rules.n; i++) {
        const struct rule *r = tree_rule(s->tree, i);
        if (r->body != PART_NONE) continue;
        const struct source_place place = tree_place(s->tree, r->at);
        return fail(s->err, ERR_INVALID,
                    _("the grammar, line %zu, column %zu: there is no rule named %.*s"), place.line,
                    place.column, rule_shown(r), r->name);
    }
    if (s->n_buckets && *find_bucket(s, "root", 4)) {
        s->tree->root = *find_bucket(s, "root", 4) - 1;
        return OK;
    }
    return fail(s->err, ERR_INVALID,
                _("the grammar has no rule named root, which is where an answer begins"));
}

enum status grammar_parse(struct grammar_tree *tree, const char *gbnf, size_t n,
                          struct error *err) {
    if (n > GRAMMAR_BYTES_MAX)
        return fail(err, ERR_LIMIT, _("the grammar has %zu bytes; at most %zu are taken"), n,
                    (size_t)GRAMMAR_BYTES_MAX);
    struct parser s = {.tree = tree, .p = gbnf, .end = gbnf + n, .err = err};
    enum status st = OK;
    tree->source = gbnf;
    tree->n = n;
    for (skip_space(&s, true); !st && s.p < s.end; skip_space(&s, true))
        st = read_rule(&s);
    if (!st) st = check_names(&s);
    mem_free(s.buckets);
    return st;
}

void grammar_tree_release(struct grammar_tree *tree) {
    array_release(&tree->parts);
    array_release(&tree->rules);
    array_release(&tree->text);
    array_release(&tree->ranges);
}
