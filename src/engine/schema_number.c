/* SPDX-License-Identifier: MIT
 *
 * Numbers between bounds, digit by digit.
 *
 * A range is first put in units of its last decimal place, which makes its ends two rows of digits;
 * a negative half is a positive one with a sign before it. Numbers with as many digits as another
 * are in order digit by digit, so between two rows of digits lie those that follow one end up to
 * some digit and leave it there to the inside, after which anything goes:
 *
 *   247 to 581:   [3-4][0-9][0-9]   2[5-9][0-9]  24[8-9]  247   5[0-7][0-9]  58[0-0]  581
 *
 * and between lengths lie whole lengths. A fraction may stop early: what lacks is zeros.
 */
#include "engine/schema.h"

#include <string.h>

#include "base/intl.h"

enum {
    WHOLE_DIGITS = 18, /* of a number without a bound on that side */
    PLACES = 15,       /* decimal places of a number between bounds, */
    PLACES_MAX = 40,   /* unless the bounds have more */
    DIGITS_MAX = DECIMAL_DIGITS_MAX + 1,
    MULTIPLES_MAX = 1000, /* written one by one */
    MULTIPLE_DIGITS = 15, /* beyond, numbers kept in binary are multiples of other things */
};

struct digits { /* a whole number, in units of the last place; 0 is "0" and not negative */
    bool negative;
    size_t n;
    char d[DIGITS_MAX];
};

struct writer {
    struct strbuf *out;
    size_t *n; /* alternatives */
    bool negative;
    size_t places;
    /* of the length being written */
    const char *lo, *hi; /* [n_digits] */
    size_t n_digits, n_whole;
};

/* --- rows of digits --- */

static void trim(struct digits *x) {
    size_t zeros = 0;
    while (zeros + 1 < x->n && x->d[zeros] == '0')
        zeros++;
    memmove(x->d, x->d + zeros, x->n - zeros);
    x->n -= zeros;
    if (x->n == 1 && x->d[0] == '0') x->negative = false;
}

static void increment(struct digits *x) {
    size_t i = x->n;
    while (i && x->d[i - 1] == '9')
        x->d[--i] = '0';
    if (i) {
        x->d[i - 1]++;
        return;
    }
    memmove(x->d + 1, x->d, x->n);
    x->d[0] = '1';
    x->n++;
}

static void decrement(struct digits *x) { /* x > 0 */
    size_t i = x->n;
    while (x->d[i - 1] == '0')
        x->d[--i] = '9';
    x->d[i - 1]--;
    trim(x);
}

static int compare(const struct digits *a, const struct digits *b) { /* magnitudes */
    if (a->n != b->n) return a->n < b->n ? -1 : 1;
    return memcmp(a->d, b->d, a->n);
}

/* The bound in units of the last place, rounded to the inside of the range. */
static void scale(struct digits *x, const struct decimal *bound, size_t places, bool up) {
    const size_t kept = bound->n_frac < places ? bound->n_frac : places;
    x->negative = bound->negative;
    x->n = bound->n_int + places;
    memset(x->d, '0', x->n);
    memcpy(x->d, bound->digits, bound->n_int + kept);
    if (bound->n_frac > places && up != bound->negative) increment(x);
    trim(x);
}

static void set_row(struct digits *x, char first, char rest, size_t n) {
    memset(x->d, rest, n);
    x->d[0] = first;
    x->n = n;
    x->negative = false;
}

/* --- alternatives --- */

/* The first n digits of a row, with sign and point; `more` digits follow. */
static void write_row(struct writer *w, const char *row, size_t n, bool more) {
    char text[DIGITS_MAX + 2];
    size_t len = 0;
    if (w->negative) text[len++] = '-';
    for (size_t i = 0; i < n + more; i++) {
        if (i == w->n_whole) text[len++] = '.';
        if (i < n) text[len++] = row[i];
    }
    gbnf_bar(w->out, w->n);
    if (len) gbnf_text(w->out, text, len);
}

/* Anything, after n digits. */
static void write_rest(struct writer *w, size_t n) {
    if (n < w->n_whole) strbuf_printf(w->out, " [0-9]{%zu}", w->n_whole - n);
    if (n <= w->n_whole && w->places) strbuf_printf(w->out, " (\".\" [0-9]{1,%zu})?", w->places);
    if (n > w->n_whole && n < w->n_digits) strbuf_printf(w->out, " [0-9]{0,%zu}", w->n_digits - n);
}

/* As a row up to digit i, there between lo and hi, and then anything. */
static void write_branch(struct writer *w, const char *row, size_t i, char lo, char hi) {
    if (lo > hi) return;
    write_row(w, row, i, true);
    strbuf_printf(w->out, " [%c-%c]", lo, hi);
    write_rest(w, i + 1);
}

/* Digits of a row without the zeros that end its fraction. */
static size_t shortest(const struct writer *w, const char *row) {
    size_t n = w->n_digits;
    while (n > w->n_whole && row[n - 1] == '0')
        n--;
    return n;
}

/* The row itself, with as many zeros at its end as there is room for. */
static void write_exactly(struct writer *w, const char *row) {
    const size_t n = shortest(w, row);
    write_row(w, row, n, false);
    if (n == w->n_digits) return;
    if (n == w->n_whole)
        strbuf_printf(w->out, " (\".\" \"0\"{1,%zu})?", w->n_digits - n);
    else
        strbuf_printf(w->out, " \"0\"{0,%zu}", w->n_digits - n);
}

static bool all_are(const char *row, size_t n, char digit) {
    for (size_t i = 0; i < n; i++)
        if (row[i] != digit) return false;
    return true;
}

/* What follows the lower end beyond the digit where the ends part, and the end itself. */
static void write_low_side(struct writer *w, size_t parted) {
    for (size_t i = parted + 1; i < w->n_digits; i++)
        write_branch(w, w->lo, i, (char)(w->lo[i] + 1), '9');
    write_exactly(w, w->lo);
}

/* The same of the upper end: what stops early is below it. */
static void write_high_side(struct writer *w, size_t parted) {
    const size_t end = shortest(w, w->hi);
    for (size_t i = parted + 1; i < w->n_digits; i++) {
        write_branch(w, w->hi, i, '0', (char)(w->hi[i] - 1));
        if (i >= w->n_whole && i < end) write_row(w, w->hi, i, false);
    }
    write_exactly(w, w->hi);
}

/* Where the lower end is zeros from some place on, texts that stop there are equal to it. */
static void write_stops(struct writer *w, size_t parted) {
    size_t n = shortest(w, w->lo);
    for (; n <= parted; n++)
        write_row(w, w->lo, n, false);
}

static void write_length(struct writer *w) {
    size_t i = 0;
    while (i < w->n_digits && w->lo[i] == w->hi[i])
        i++;
    if (i == w->n_digits) {
        write_exactly(w, w->lo);
        return;
    }
    const size_t rest = w->n_digits - i - 1;
    const bool low_whole = all_are(w->lo + i + 1, rest, '0');
    const bool high_whole = all_are(w->hi + i + 1, rest, '9');
    write_branch(w, w->lo, i, (char)(w->lo[i] + !low_whole), (char)(w->hi[i] - !high_whole));
    if (low_whole && w->lo[i] == '0') write_stops(w, i);
    if (!low_whole) write_low_side(w, i);
    if (!high_whole) write_high_side(w, i);
}

/* All numbers of `from` to `to` whole digits. */
static void write_lengths(struct writer *w, size_t from, size_t to) {
    if (from > to) return;
    gbnf_bar(w->out, w->n);
    if (w->negative) strbuf_puts(w->out, "\"-\" ");
    strbuf_printf(w->out, "[1-9] [0-9]{%zu,%zu}", from - 1, to - 1);
    if (w->places) strbuf_printf(w->out, " (\".\" [0-9]{1,%zu})?", w->places);
}

/* Fills up to a whole digit at least: "5" with two places is "005". */
static void pad(struct digits *x, size_t places) {
    if (x->n > places) return;
    const size_t zeros = places + 1 - x->n;
    memmove(x->d + zeros, x->d, x->n);
    memset(x->d, '0', zeros);
    x->n += zeros;
}

/* Magnitudes from lo to hi, which are spoilt. */
static void write_magnitudes(struct writer *w, struct digits *lo, struct digits *hi) {
    if (compare(lo, hi) > 0) return;
    pad(lo, w->places);
    pad(hi, w->places);
    const size_t first = lo->n, last = hi->n;
    size_t whole_from = 0, whole_to = 0; /* lengths that are within as a whole */
    for (size_t n = first; n <= last; n++) {
        struct digits low = *lo, high = *hi;
        if (n > first) set_row(&low, '1', '0', n);
        if (n < last) set_row(&high, '9', '9', n);
        w->lo = low.d;
        w->hi = high.d;
        w->n_digits = n;
        w->n_whole = n - w->places;
        if (low.d[0] == '1' && all_are(low.d + 1, n - 1, '0') && all_are(high.d, n, '9')) {
            whole_to = n;
            if (!whole_from) whole_from = n;
        } else {
            write_length(w);
        }
    }
    w->lo = w->hi = NULL;
    if (whole_from) write_lengths(w, whole_from - w->places, whole_to - w->places);
}

/* --- multiples --- */

/* Text for q * 10^k + r, with q a row or 0: what may follow q. */
static void write_endings(struct writer *w, json_int_t multiple, unsigned k, long from, long to) {
    long end = 1;
    size_t n = 0;
    for (unsigned i = 0; i < k; i++)
        end *= 10;
    if (to > end - 1) to = end - 1;
    strbuf_putc(w->out, '(');
    for (long r = 0; r <= to; r += multiple) {
        if (r < from) continue;
        gbnf_bar(w->out, &n);
        strbuf_printf(w->out, "\"%0*ld\"", (int)k, r);
    }
    strbuf_putc(w->out, ')');
}

/* Is there a multiple from `from` to `to`? */
static bool has_ending(json_int_t multiple, long from, long to) {
    return to / multiple * multiple >= from;
}

static long split_end(struct digits *x, unsigned k) {
    long r = 0;
    pad(x, k);
    for (size_t i = x->n - k; i < x->n; i++)
        r = r * 10 + (x->d[i] - '0');
    x->n -= k;
    trim(x);
    return r;
}

/* One value of the leading digits, and its endings; 0 in front is not written. */
static void write_edge(struct writer *w, const struct digits *q, json_int_t multiple, unsigned k,
                       long from, long to) {
    const bool zero = q->n == 1 && q->d[0] == '0';
    if (zero) { /* a number of at most k digits, without zeros before it */
        for (long r = 0; r <= to; r += multiple) {
            if (r < from) continue;
            gbnf_bar(w->out, w->n);
            strbuf_printf(w->out, "\"%s%ld\"", w->negative ? "-" : "", r);
        }
    } else if (has_ending(multiple, from, to)) {
        w->n_digits = w->n_whole = q->n;
        write_row(w, q->d, q->n, false);
        strbuf_putc(w->out, ' ');
        write_endings(w, multiple, k, from, to);
    }
}

/* Multiples in lo to hi (spoilt) where 10^k is one of them. */
static void write_multiples(struct writer *w, struct digits *lo, struct digits *hi,
                            json_int_t multiple, unsigned k) {
    long end = 1;
    if (compare(lo, hi) > 0) return;
    for (unsigned i = 0; i < k; i++)
        end *= 10;
    const long low = split_end(lo, k), high = split_end(hi, k);
    const int order = compare(lo, hi);
    write_edge(w, lo, multiple, k, low, order == 0 ? high : end - 1);
    if (order == 0) return;
    write_edge(w, hi, multiple, k, 0, high);
    increment(lo);
    decrement(hi);
    if (compare(lo, hi) > 0) return;
    size_t n = 0;
    struct writer inside = *w;
    inside.n = &n;
    gbnf_bar(w->out, w->n);
    strbuf_putc(w->out, '(');
    write_magnitudes(&inside, lo, hi);
    strbuf_puts(w->out, ") ");
    write_endings(w, multiple, k, 0, end - 1);
}

/* 1 to 4: 10^k is a multiple, and few multiples are below it; 0: not so. */
static unsigned tens_of(json_int_t multiple) {
    json_int_t power = 10;
    for (unsigned k = 1; k <= 6; k++, power *= 10)
        if (power % multiple == 0 && power / multiple <= MULTIPLES_MAX) return k;
    return 0;
}

/* --- the range --- */

struct range {
    struct digits low, high;
    bool has_low, has_high;
};

/* The magnitudes on one side of zero; false: none. */
static bool one_side(const struct range *r, bool negative, size_t places, struct digits *from,
                     struct digits *to) {
    const struct digits *near = negative ? &r->high : &r->low;
    const struct digits *far = negative ? &r->low : &r->high;
    const bool has_near = negative ? r->has_high : r->has_low;
    const bool has_far = negative ? r->has_low : r->has_high;
    set_row(from, negative ? '1' : '0', '0', 1); /* there is no -0 */
    if (has_near && near->negative == negative) *from = *near;
    if (has_far && far->negative != negative) return false;
    if (has_far) {
        *to = *far;
    } else {
        const size_t least = from->n > places ? from->n - places + 1 : 1;
        set_row(to, '9', '9', (least > WHOLE_DIGITS ? least : WHOLE_DIGITS) + places);
    }
    from->negative = to->negative = false;
    return compare(from, to) <= 0;
}

static enum status write_by_one(struct translator *t, struct writer *w, const struct facts *f,
                                struct digits *lo, struct digits *hi) {
    long long from = 0, to = 0;
    bool small = f->low && f->high && lo->n <= 15 && hi->n <= 15;
    for (size_t i = 0; small && i < lo->n; i++)
        from = from * 10 + (lo->d[i] - '0');
    for (size_t i = 0; small && i < hi->n; i++)
        to = to * 10 + (hi->d[i] - '0');
    small = small && (to - from) / f->multiple <= MULTIPLES_MAX;
    if (!small)
        return schema_refuse(t, ERR_UNSUPPORTED, f->at,
                             _("multipleOf %lld cannot be honoured unless minimum and maximum "
                               "leave at most %d multiples; those of 2, 5 and 10 and their "
                               "products can"),
                             (long long)f->multiple, (int)MULTIPLES_MAX);
    for (long long v = (from + f->multiple - 1) / f->multiple * f->multiple; v <= to;
         v += f->multiple) {
        gbnf_bar(w->out, w->n);
        strbuf_printf(w->out, "\"%s%lld\"", w->negative ? "-" : "", v);
    }
    return OK;
}

static enum status write_side(struct translator *t, struct writer *w, const struct facts *f,
                              const struct range *r) {
    struct digits from, to;
    if (!one_side(r, w->negative, w->places, &from, &to)) return OK;
    if (f->multiple <= 1) {
        write_magnitudes(w, &from, &to);
        return OK;
    }
    if (to.n > MULTIPLE_DIGITS) set_row(&to, '9', '9', MULTIPLE_DIGITS);
    const unsigned k = tens_of(f->multiple);
    if (!k) return write_by_one(t, w, f, &from, &to);
    write_multiples(w, &from, &to, f->multiple, k);
    return OK;
}

static enum status write_range(struct translator *t, struct strbuf *out, size_t *n,
                               const struct facts *f, size_t places) {
    struct range r = {.has_low = f->low, .has_high = f->high};
    struct writer w = {.out = out, .n = n, .places = places};
    if (f->low) scale(&r.low, f->low, places, true);
    if (f->high) scale(&r.high, f->high, places, false);
    const enum status st = write_side(t, &w, f, &r);
    w.negative = true;
    return st ? st : write_side(t, &w, f, &r);
}

enum status schema_write_number(struct translator *t, struct strbuf *out, size_t *n,
                                const struct facts *f) {
    const bool whole = f->multiple || !(f->types & TYPE_FRACTION);
    if (!(f->types & TYPE_INTEGER))
        return schema_refuse(t, ERR_UNSUPPORTED, f->at,
                             _("numbers that are not whole cannot be asked for"));
    if (f->low && f->high && decimal_compare(f->low, f->high) > 0) return OK;
    if (!f->low && !f->high && f->multiple <= 1) {
        gbnf_bar(out, n);
        strbuf_puts(out, schema_shared(t, whole ? SHARED_INTEGER : SHARED_NUMBER));
        return OK;
    }
    size_t places = whole ? 0 : PLACES;
    if (!whole && f->low && f->low->n_frac > places) places = f->low->n_frac;
    if (!whole && f->high && f->high->n_frac > places) places = f->high->n_frac;
    if (places > PLACES_MAX) places = PLACES;
    return write_range(t, out, n, f, places);
}
