/* SPDX-License-Identifier: MIT
 *
 * Canonical composition (NFC), Unicode standard annex 15. Almost all text is in that form already,
 * and which characters may need work is a flag of the table: a stretch of such characters, with the
 * one before it, is decomposed, put in canonical order and composed; everything else is copied.
 */
#include <string.h>

#include "tokenizer/unicode.h"

enum { /* Hangul is composed by rule: the Unicode standard, section 3.12 */
       HANGUL_FIRST = 0xac00,
       HANGUL_L = 0x1100,
       HANGUL_V = 0x1161,
       HANGUL_T = 0x11a7,
       HANGUL_N_L = 19,
       HANGUL_N_V = 21,
       HANGUL_N_T = 28,
       HANGUL_N = HANGUL_N_L * HANGUL_N_V * HANGUL_N_T,
};

static bool is_stable(uint32_t cp) {
    return cp < 0x300 || !(unicode_flags(cp) & UNICODE_UNSTABLE);
}

/* Bytes from the start of text, of n, that NFC leaves alone for sure. */
static size_t stable_bytes(const unsigned char *text, size_t n) {
    size_t at = 0;
    uint32_t cp;
    while (at < n) {
        if (text[at] < 0xcc) { /* below U+0300 */
            at += utf8_length(text[at]);
            continue;
        }
        const size_t length = utf8_decode(text + at, &cp);
        if (!is_stable(cp)) return at;
        at += length;
    }
    return n;
}

bool nfc_is_stable(const unsigned char *text, size_t n) {
    return stable_bytes(text, n) == n;
}

static uint8_t rank_of(uint32_t cp) {
    size_t low = 0, high = unicode_n_ranks;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (unicode_ranks[middle].last < cp)
            low = middle + 1;
        else
            high = middle;
    }
    return low < unicode_n_ranks && unicode_ranks[low].first <= cp ? unicode_ranks[low].rank : 0;
}

static const struct unicode_decomposition *decomposition_of(uint32_t cp) {
    size_t low = 0, high = unicode_n_decompositions;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (unicode_decompositions[middle].cp < cp)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == unicode_n_decompositions || unicode_decompositions[low].cp != cp) return NULL;
    return &unicode_decompositions[low];
}

/* The code point that two make; 0: none. */
static uint32_t compose(uint32_t first, uint32_t second) {
    const uint32_t l = first - HANGUL_L, v = second - HANGUL_V, s = first - HANGUL_FIRST,
                   t = second - HANGUL_T;
    if (l < HANGUL_N_L && v < HANGUL_N_V) return HANGUL_FIRST + (l * HANGUL_N_V + v) * HANGUL_N_T;
    if (s < HANGUL_N && s % HANGUL_N_T == 0 && t > 0 && t < HANGUL_N_T) return first + t;
    size_t low = 0, high = unicode_n_compositions;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct unicode_decomposition *d =
            &unicode_decompositions[unicode_compositions[middle]];
        if (d->first == first && d->second == second) return d->cp;
        if (d->first < first || (d->first == first && d->second < second))
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

static bool push(struct array *points, uint32_t cp) {
    return array_push(points, &cp, sizeof(cp));
}

/* Only the first of a decomposition decomposes further, and at most a few times. */
static bool push_decomposed(struct array *points, uint32_t cp) {
    const uint32_t s = cp - HANGUL_FIRST;
    if (s < HANGUL_N) {
        const uint32_t t = s % HANGUL_N_T;
        return push(points, HANGUL_L + s / (HANGUL_N_V * HANGUL_N_T)) &&
               push(points, HANGUL_V + s / HANGUL_N_T % HANGUL_N_V) &&
               (t == 0 || push(points, HANGUL_T + t));
    }
    uint32_t tail[8];
    size_t n = 0;
    for (const struct unicode_decomposition *d; n < 8 && (d = decomposition_of(cp));) {
        if (d->second) tail[n++] = d->second;
        cp = d->first;
    }
    bool whole = push(points, cp);
    while (whole && n > 0)
        whole = push_decomposed(points, tail[--n]); /* a second may be one to one */
    return whole;
}

/* Canonical order of a run of n combining characters: stable, by rank, by counting. */
static bool sort_run(uint32_t *run, size_t n) {
    size_t count[257] = {0};
    bool sorted = true;
    uint8_t before = 0;
    for (size_t i = 0; i < n; i++) {
        const uint8_t rank = rank_of(run[i]);
        sorted = sorted && before <= rank;
        before = rank;
        count[rank + 1]++;
    }
    if (sorted) return true;
    uint32_t *copy = mem_alloc(n * sizeof(*copy));
    if (!copy) return false;
    memcpy(copy, run, n * sizeof(*copy));
    for (size_t i = 1; i < 257; i++)
        count[i] += count[i - 1];
    for (size_t i = 0; i < n; i++)
        run[count[rank_of(copy[i])]++] = copy[i];
    mem_wipe_free(copy, n * sizeof(*copy));
    return true;
}

static bool order(uint32_t *points, size_t n) {
    for (size_t i = 0; i < n; i++) {
        size_t end = i;
        while (end < n && rank_of(points[end]) != 0)
            end++;
        if (end - i > 1 && !sort_run(points + i, end - i)) return false;
        if (end > i) i = end - 1;
    }
    return true;
}

/* Joins in place what composes; returns how many are left. */
static size_t compose_all(uint32_t *points, size_t n) {
    size_t kept = 0, starter = SIZE_MAX;
    uint8_t before = 0; /* rank of the last kept since the starter */
    for (size_t i = 0; i < n; i++) {
        const uint8_t rank = rank_of(points[i]);
        const bool adjacent = starter != SIZE_MAX && starter + 1 == kept;
        if (starter != SIZE_MAX && (adjacent || (before < rank && before != 0))) {
            const uint32_t joined = compose(points[starter], points[i]);
            if (joined) {
                points[starter] = joined;
                continue;
            }
        }
        if (rank == 0) starter = kept;
        before = rank;
        points[kept++] = points[i];
    }
    return kept;
}

static size_t utf8_encode(unsigned char *p, uint32_t cp) {
    if (cp < 0x80) {
        p[0] = (unsigned char)cp;
        return 1;
    }
    if (cp < 0x800) {
        p[0] = (unsigned char)(0xc0 | cp >> 6);
        p[1] = (unsigned char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        p[0] = (unsigned char)(0xe0 | cp >> 12);
        p[1] = (unsigned char)(0x80 | (cp >> 6 & 0x3f));
        p[2] = (unsigned char)(0x80 | (cp & 0x3f));
        return 3;
    }
    p[0] = (unsigned char)(0xf0 | cp >> 18);
    p[1] = (unsigned char)(0x80 | (cp >> 12 & 0x3f));
    p[2] = (unsigned char)(0x80 | (cp >> 6 & 0x3f));
    p[3] = (unsigned char)(0x80 | (cp & 0x3f));
    return 4;
}

/* A run of text being normalised: out and scratch. */
struct work {
    struct array out;    /* unsigned char */
    struct array points; /* uint32_t */
    struct array *changes;
};

static bool append(struct array *out, const unsigned char *bytes, size_t n) {
    if (!array_reserve(out, n, 1)) return false;
    if (n) memcpy((unsigned char *)out->data + out->n, bytes, n);
    out->n += n;
    return true;
}

/* Normalises text[start, end) by itself. */
static bool normalise_stretch(struct work *w, const unsigned char *text, size_t start, size_t end) {
    uint32_t cp;
    w->points.n = 0;
    for (size_t at = start; at < end;) {
        at += utf8_decode(text + at, &cp);
        if (!push_decomposed(&w->points, cp)) return false;
    }
    if (!order(w->points.data, w->points.n)) return false;
    const size_t n = compose_all(w->points.data, w->points.n);
    const size_t at = w->out.n;
    if (!array_reserve(&w->out, n * 4, 1)) return false;
    for (size_t i = 0; i < n; i++)
        w->out.n += utf8_encode((unsigned char *)w->out.data + w->out.n,
                                ((const uint32_t *)w->points.data)[i]);
    const struct nfc_change change = {(uint32_t)at, (uint32_t)(w->out.n - at), (uint32_t)start,
                                      (uint32_t)(end - start)};
    const bool same = change.n == change.source_n &&
                      memcmp((unsigned char *)w->out.data + at, text + start, change.n) == 0;
    return same || !w->changes || array_push(w->changes, &change, sizeof(change));
}

static bool normalise(struct work *w, const unsigned char *text, size_t n) {
    for (size_t at = 0; at < n;) {
        size_t start = at + stable_bytes(text + at, n - at);
        if (start == n) return append(&w->out, text + at, n - at);
        size_t end = start;
        for (uint32_t cp; end < n; end += utf8_length(text[end])) {
            utf8_decode(text + end, &cp);
            if (is_stable(cp)) break;
        }
        if (start > at) { /* the stable one before may take them in */
            do
                start--;
            while ((text[start] & 0xc0) == 0x80);
        }
        if (!append(&w->out, text + at, start - at)) return false;
        if (!normalise_stretch(w, text, start, end)) return false;
        at = end;
    }
    return true;
}

bool nfc(unsigned char **out, size_t *n_out, struct array *changes, const unsigned char *text,
         size_t n) {
    struct work w = {.changes = changes};
    const bool whole = array_reserve(&w.out, n + 1, 1) && normalise(&w, text, n);
    mem_wipe(w.points.data, w.points.capacity * sizeof(uint32_t));
    array_release(&w.points);
    if (!whole) {
        mem_wipe_free(w.out.data, w.out.n);
        return false;
    }
    *out = w.out.data;
    *n_out = w.out.n;
    return true;
}
