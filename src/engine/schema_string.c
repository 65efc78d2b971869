/* SPDX-License-Identifier: MIT
 *
 * Strings as they stand in JSON: characters that must be escaped are, lengths count characters and
 * not bytes, and patterns speak of what the string means, not of how it is escaped.
 */
#include "engine/schema.h"

#include <assert.h>
#include <string.h>

#include "base/intl.h"

void gbnf_bar(struct strbuf *out, size_t *n) {
    if ((*n)++) strbuf_puts(out, " | ");
}

/* --- one code point --- */

static void write_code_point(struct strbuf *out, uint32_t cp) {
    if ((cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') || (cp >= 'a' && cp <= 'z'))
        strbuf_putc(out, (char)cp);
    else if (cp < 0x80)
        strbuf_printf(out, "\\x%02X", cp);
    else if (cp < 0x10000)
        strbuf_printf(out, "\\u%04X", cp);
    else
        strbuf_printf(out, "\\U%08X", cp);
}

static void write_range(struct strbuf *out, uint32_t lo, uint32_t hi, bool *any) {
    if (lo > hi) return;
    if (!*any) strbuf_putc(out, '[');
    *any = true;
    write_code_point(out, lo);
    if (lo == hi) return;
    strbuf_putc(out, '-');
    write_code_point(out, hi);
}

/* Those that stand for themselves: none below the blank, no quote, no backslash. */
static bool write_plain(struct strbuf *out, const struct code_points *set, size_t n) {
    static const struct code_points plain[] = {
        {' ', '"' - 1}, {'"' + 1, '\\' - 1}, {'\\' + 1, CODE_POINTS_END - 1}};
    bool any = false;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 3; k++)
            write_range(out, set[i].lo > plain[k].lo ? set[i].lo : plain[k].lo,
                        set[i].hi < plain[k].hi ? set[i].hi : plain[k].hi, &any);
    if (any) strbuf_putc(out, ']');
    return any;
}

static bool has(const struct code_points *set, size_t n, uint32_t cp) {
    for (size_t i = 0; i < n && set[i].lo <= cp; i++)
        if (cp <= set[i].hi) return true;
    return false;
}

/* "\u00" and two digits, for the control characters that have no short escape: `row` is the first
 * digit. */
static void write_controls(struct strbuf *out, const struct code_points *set, size_t n,
                           unsigned row, size_t *n_alternatives) {
    static const char digits[] = "0123456789abcdef";
    bool any = false;
    for (unsigned low = 0; low < 16; low++) {
        const unsigned cp = row * 16 + low;
        if (cp == 0 || (cp >= 8 && cp <= 13 && cp != 11) || !has(set, n, cp)) continue;
        if (!any) {
            gbnf_bar(out, n_alternatives);
            strbuf_printf(out, "\"\\\\u00%u\" [", row);
        }
        any = true;
        strbuf_putc(out, digits[low]);
        if (low > 9) strbuf_putc(out, (char)(digits[low] - 'a' + 'A'));
    }
    if (any) strbuf_putc(out, ']');
}

static void write_escaped(struct strbuf *out, const struct code_points *set, size_t n,
                          size_t *n_alternatives) {
    static const char escapes[] = "\bb\tt\nn\ff\rr\"\"\\\\"; /* pairs */
    bool any = false;
    for (const char *pair = escapes; *pair; pair += 2) {
        if (!has(set, n, (unsigned char)*pair)) continue;
        if (!any) {
            gbnf_bar(out, n_alternatives);
            strbuf_puts(out, "\"\\\\\" [");
        }
        any = true;
        write_code_point(out, (unsigned char)pair[1]);
    }
    if (any) strbuf_putc(out, ']');
    write_controls(out, set, n, 0, n_alternatives);
    write_controls(out, set, n, 1, n_alternatives);
}

/* Does the set hold what must be escaped? */
static bool needs_escapes(const struct code_points *set, size_t n) {
    return (n && set[0].lo < ' ') || has(set, n, '"') || has(set, n, '\\');
}

void gbnf_set(struct strbuf *out, const struct code_points *set, size_t n) {
    size_t n_alternatives = 0;
    if (!needs_escapes(set, n)) {
        write_plain(out, set, n);
        return;
    }
    strbuf_putc(out, '(');
    n_alternatives += write_plain(out, set, n);
    write_escaped(out, set, n, &n_alternatives);
    strbuf_putc(out, ')');
}

/* --- a pattern alone --- */

enum { PATTERN_WEIGHT_MAX = 200000 };

static size_t add_up(size_t a, size_t b) {
    return a > SIZE_MAX / 4 - b ? SIZE_MAX / 4 : a + b;
}

static size_t times(size_t a, size_t b) {
    return b && a > SIZE_MAX / 4 / b ? SIZE_MAX / 4 : a * b;
}

struct measure {
    size_t min, max; /* characters; SIZE_MAX / 4: without end */
    size_t weight;   /* characters with what is repeated written out */
    bool anchors;
};

/* Its recursion is as deep as the pattern's groups. */
static struct measure measure(const struct pattern *p) {
    struct measure all = {0};
    if (p->kind == PATTERN_SET) return (struct measure){1, 1, 1, false};
    all.anchors = p->kind == PATTERN_START || p->kind == PATTERN_END;
    for (const struct pattern *part = p->first; part; part = part->next) {
        const struct measure m = measure(part);
        const bool is_first = part == p->first;
        all.anchors = all.anchors || m.anchors;
        all.weight = add_up(all.weight, m.weight + 1);
        if (p->kind == PATTERN_CHOICE) {
            if (is_first || m.min < all.min) all.min = m.min;
            if (m.max > all.max) all.max = m.max;
        } else {
            all.min = add_up(all.min, m.min);
            all.max = add_up(all.max, m.max);
        }
    }
    if (p->kind != PATTERN_REPEAT) return all;
    const size_t most = p->max == PATTERN_FOREVER ? SIZE_MAX / 4 : p->max;
    all.min = times(all.min, p->min);
    all.max = times(all.max, all.max ? most : 0);
    all.weight = times(all.weight, p->max == PATTERN_FOREVER ? p->min + 1 : p->max);
    return all;
}

static void write_pattern(struct strbuf *out, const struct pattern *p);

static void write_parts(struct strbuf *out, const struct pattern *part, const char *between) {
    if (!part) strbuf_puts(out, "\"\"");
    for (const struct pattern *p = part; p; p = p->next) {
        if (p != part) strbuf_puts(out, between);
        write_pattern(out, p);
    }
}

static void write_pattern(struct strbuf *out, const struct pattern *p) {
    switch (p->kind) {
    case PATTERN_SET: gbnf_set(out, p->set, p->n_set); break;
    case PATTERN_SEQ: write_parts(out, p->first, " "); break;
    case PATTERN_CHOICE:
        strbuf_putc(out, '(');
        write_parts(out, p->first, " | ");
        strbuf_putc(out, ')');
        break;
    case PATTERN_REPEAT:
        write_pattern(out, p->first);
        if (p->max == PATTERN_FOREVER)
            strbuf_printf(out, "{%u,}", p->min);
        else
            strbuf_printf(out, "{%u,%u}", p->min, p->max);
        break;
    case PATTERN_START:
    case PATTERN_END: assert(!"an anchor is for the automaton"); break;
    }
}

/* --- the strings of a leaf --- */

static enum status write_counted(struct translator *t, struct strbuf *out, size_t *n,
                                 const struct facts *f) {
    const bool endless = f->max_length == SIZE_MAX;
    const size_t most = endless ? f->min_length : f->max_length;
    if (f->min_length > f->max_length) return OK;
    if (most > GRAMMAR_REPEAT_MAX)
        return schema_refuse(t, ERR_LIMIT, f->at,
                             _("a string of %zu characters: at most %d can be counted"), most,
                             (int)GRAMMAR_REPEAT_MAX);
    gbnf_bar(out, n);
    if (endless && f->min_length == 0) {
        strbuf_puts(out, schema_shared(t, SHARED_STRING));
        return OK;
    }
    strbuf_printf(out, "\"\\\"\" %s{%zu,", schema_shared(t, SHARED_CHAR), f->min_length);
    if (!endless) strbuf_printf(out, "%zu", f->max_length);
    strbuf_puts(out, "} \"\\\"\"");
    return OK;
}

void schema_language(const struct facts *f, struct language *l) {
    *l = (struct language){.min = f->min_length, .max = f->max_length};
    for (size_t i = 0; i < f->n_patterns; i++)
        l->parts[l->n_parts++].pattern = f->patterns[i];
}

enum status schema_write_string(struct translator *t, struct strbuf *out, size_t *n,
                                const struct facts *f) {
    if (!f->n_patterns) return write_counted(t, out, n, f);
    const struct measure m = measure(f->patterns[0]);
    if (f->n_patterns == 1 && !m.anchors && m.min >= f->min_length && m.max <= f->max_length) {
        if (m.weight > PATTERN_WEIGHT_MAX)
            return schema_refuse(t, ERR_LIMIT, f->at,
                                 _("the pattern repeats too much in what is repeated"));
        gbnf_bar(out, n);
        strbuf_puts(out, "\"\\\"\" ");
        write_pattern(out, f->patterns[0]);
        strbuf_puts(out, " \"\\\"\"");
        return OK;
    }
    struct language l;
    struct strbuf text;
    bool empty = true;
    schema_language(f, &l);
    strbuf_init(&text, SCHEMA_TEXT_MAX);
    enum status st = language_write(t, &text, &l, f->at, &empty);
    if (!st && !empty) {
        gbnf_bar(out, n);
        strbuf_printf(out, "\"\\\"\" %s", strbuf_str(&text));
    }
    if (!st && text.failed) st = schema_no_memory(t);
    strbuf_release(&text);
    return st;
}
