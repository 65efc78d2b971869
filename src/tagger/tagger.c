/* SPDX-License-Identifier: MIT
 *
 * From a text to spans: in pieces of bounded size, each in windows that overlap, of which every
 * unit's scores come from the window in which it stands more in the middle.
 */
#include "tagger/tagger.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/intl.h"
#include "base/threads.h"
#include "tagger/builtin.h"
#include "tagger/encoder.h"
#include "tagger/tags.h"
#include "tagger/units.h"

enum { FILE_VERSION = 1, PIECE_UNITS = 4096, THREADS_MAX = 8, CALIBRATION_MAX = 64 };

struct tagger {
    struct gguf *gguf;
    struct features features;
    struct encoder encoder;
    size_t n_kinds, n_tags, overlap;
    uint64_t joined;                    /* kinds that count as outside */
    float calibration[CALIBRATION_MAX]; /* at 0, 1 / (n - 1), ... 1 */
    size_t n_calibration;
    struct pool *pool;
    struct encoder_scratch **scratch; /* [pool_size] */
    float *window_scores;             /* [pool_size][window][n_tags] */
    pthread_mutex_t mutex;            /* one text at a time */
    bool has_mutex;
};

/* ---- opening ---- */

static enum status check_identity(const struct gguf *g, struct error *err) {
    struct gguf_string arch;
    char name[GGUF_PRINTABLE_MAX];
    enum status st = gguf_get_string(g, &arch, "general.architecture", err);
    if (st) return st;
    if (!gguf_string_is(arch, "sigilo-tagger"))
        return fail(err, ERR_UNSUPPORTED,
                    _("%s is a model of architecture %s, not a tagger (sigilo-tagger)"), g->path,
                    gguf_printable(name, arch));
    uint32_t version;
    if ((st = gguf_get_u32(g, &version, "tagger.version", err))) return st;
    if (version != FILE_VERSION)
        return fail(err, ERR_UNSUPPORTED,
                    _("%s is a tagger file of version %u; this program reads version %d"), g->path,
                    version, FILE_VERSION);
    return OK;
}

/* The file's kinds must be the program's, name by name: tags are numbers. */
static enum status check_kinds(const struct gguf *g, const struct tagger_options *opt,
                               struct error *err) {
    const struct gguf_value *kinds = gguf_find(g, "tagger.kinds");
    const unsigned char *cursor = NULL;
    char name[GGUF_PRINTABLE_MAX];
    if (!kinds || kinds->type != GGUF_ARRAY || kinds->item_type != GGUF_STRING)
        return fail(err, ERR_INVALID, _("%s: %s is missing or no list of words"), g->path,
                    "tagger.kinds");
    if (kinds->n_items != opt->n_kinds)
        return fail(err, ERR_UNSUPPORTED, _("%s tells %llu kinds of data apart, this program %zu"),
                    g->path, (unsigned long long)kinds->n_items, opt->n_kinds);
    for (size_t i = 0; i < opt->n_kinds; i++) {
        const struct gguf_string s = gguf_array_next_string(kinds, &cursor);
        if (!gguf_string_is(s, opt->kinds[i]))
            return fail(err, ERR_UNSUPPORTED, _("%s: kind %zu is %s, for this program it is %s"),
                        g->path, i, gguf_printable(name, s), opt->kinds[i]);
    }
    return OK;
}

static enum status read_decoding(struct tagger *t, struct error *err) {
    const struct gguf_value *points = gguf_find(t->gguf, "tagger.calibration");
    uint32_t overlap;
    const enum status st = gguf_get_u32(t->gguf, &overlap, "tagger.overlap", err);
    if (st) return st;
    if (overlap >= t->encoder.shape.window)
        return fail(err, ERR_INVALID, _("%s: windows of %zu units cannot overlap by %u"),
                    t->gguf->path, t->encoder.shape.window, overlap);
    if (!points || points->type != GGUF_ARRAY || points->item_type != GGUF_F32 ||
        points->n_items < 2 || points->n_items > CALIBRATION_MAX)
        return fail(err, ERR_INVALID, _("%s: %s is missing or of the wrong size"), t->gguf->path,
                    "tagger.calibration");
    t->overlap = overlap;
    t->n_calibration = points->n_items;
    for (size_t i = 0; i < t->n_calibration; i++) {
        t->calibration[i] = (float)gguf_array_number(points, i);
        if (!(t->calibration[i] >= 0 && t->calibration[i] <= 1))
            return fail(err, ERR_INVALID, _("%s: point %zu of %s is %g; it must be from 0 to 1"),
                        t->gguf->path, i, "tagger.calibration", (double)t->calibration[i]);
    }
    return OK;
}

static enum status make_scratch(struct tagger *t, const struct tagger_options *opt,
                                struct error *err) {
    size_t n = opt->n_threads ? opt->n_threads : pool_max_size();
    if (n > THREADS_MAX) n = THREADS_MAX;
    const enum status st = pool_open(&t->pool, n, err);
    if (st) return st;
    n = pool_size(t->pool);
    t->scratch = mem_zalloc(n * sizeof(void *));
    t->window_scores = mem_alloc(n * t->encoder.shape.window * t->n_tags * sizeof(float));
    bool whole = t->scratch && t->window_scores;
    for (size_t i = 0; i < n && whole; i++)
        whole = (t->scratch[i] = encoder_scratch_new(&t->encoder)) != NULL;
    return whole ? OK : fail(err, ERR_NOMEM, _("not enough memory for the tagger"));
}

static enum status open_parts(struct tagger *t, const struct tagger_options *opt,
                              struct error *err) {
    enum status st = opt->path ? gguf_open(&t->gguf, opt->path, err)
                               : gguf_open_memory(&t->gguf, tagger_builtin, tagger_builtin_bytes(),
                                                  _("the built-in tagger"), err);
    if (!st) st = check_identity(t->gguf, err);
    if (!st) st = check_kinds(t->gguf, opt, err);
    if (!st) st = features_open(&t->features, t->gguf, err);
    if (!st) st = encoder_open(&t->encoder, t->gguf, t->features.n_rows, t->n_tags, opt->isa, err);
    if (!st) st = read_decoding(t, err);
    return st ? st : make_scratch(t, opt, err);
}

enum status tagger_open(struct tagger **out, const struct tagger_options *opt, struct error *err) {
    struct tagger *t = mem_zalloc(sizeof(*t));
    if (!t) return fail(err, ERR_NOMEM, _("not enough memory for the tagger"));
    assert(opt->n_kinds <= 64);
    t->n_kinds = opt->n_kinds;
    t->joined = opt->joined;
    t->n_tags = tags_of_kinds(opt->n_kinds);
    t->has_mutex = pthread_mutex_init(&t->mutex, NULL) == 0;
    enum status st = t->has_mutex ? OK
                                  : fail(err, ERR_NOMEM, _("not enough memory for the tagger"));
    if (!st) st = open_parts(t, opt, err);
    if (st) {
        tagger_close(t);
        return st;
    }
    *out = t;
    return OK;
}

void tagger_close(struct tagger *t) {
    if (!t) return;
    const size_t n = t->pool ? pool_size(t->pool) : 0;
    for (size_t i = 0; t->scratch && i < n; i++)
        encoder_scratch_free(t->scratch[i]);
    mem_free(t->scratch);
    if (t->window_scores)
        mem_wipe_free(t->window_scores, n * t->encoder.shape.window * t->n_tags * sizeof(float));
    if (t->pool) pool_close(t->pool);
    encoder_release(&t->encoder);
    features_release(&t->features);
    gguf_close(t->gguf);
    if (t->has_mutex) pthread_mutex_destroy(&t->mutex);
    mem_free(t);
}

const char *tagger_isa(const struct tagger *t) {
    return t->encoder.kernels.isa;
}

size_t tagger_n_tags(const struct tagger *t) {
    return t->n_tags;
}

size_t tagger_rows(const struct tagger *t, const unsigned char *text,
                   const struct tagger_unit *unit, uint32_t rows[TAGGER_ROWS_MAX]) {
    return features_rows(&t->features, text, unit, rows);
}

/* ---- windows ---- */

struct scoring { /* of n units of a text */
    struct tagger *t;
    const unsigned char *text;
    const struct tagger_unit *units;
    size_t n;
    float *scores; /* [n][n_tags] */
};

static size_t window_start(const struct tagger *t, size_t i) {
    return i * (t->encoder.shape.window - t->overlap);
}

static size_t count_windows(const struct tagger *t, size_t n) {
    size_t count = 1;
    while (window_start(t, count - 1) + t->encoder.shape.window < n)
        count++;
    return count;
}

/* Of two windows that share a stretch, the earlier one tells its first half, the later the rest. */
static void score_windows(void *context, size_t begin, size_t end, size_t worker) {
    const struct scoring *c = context;
    struct tagger *t = c->t;
    const size_t window = t->encoder.shape.window, last = count_windows(t, c->n) - 1;
    float *scores = t->window_scores + worker * window * t->n_tags;
    for (size_t i = begin; i < end; i++) {
        const size_t from = window_start(t, i), left = c->n - from;
        const size_t n = left < window ? left : window;
        encoder_run(&t->encoder, t->scratch[worker], &t->features, c->text, c->units + from, n,
                    scores);
        const size_t skip = i ? t->overlap / 2 : 0;
        const size_t tail = i < last ? t->overlap - t->overlap / 2 : 0;
        memcpy(c->scores + (from + skip) * t->n_tags, scores + skip * t->n_tags,
               (n - skip - tail) * t->n_tags * sizeof(float));
    }
}

static void score(struct tagger *t, const unsigned char *text, const struct tagger_unit *units,
                  size_t n, float *scores) {
    struct scoring c = {t, text, units, n, scores};
    if (n) parallel_for(t->pool, count_windows(t, n), 1, score_windows, &c);
}

/* ---- spans ---- */

static float calibrated(const struct tagger *t, float p) {
    const float at = p * (float)(t->n_calibration - 1);
    size_t i = (size_t)at;
    if (i > t->n_calibration - 2) i = t->n_calibration - 2;
    const float share = at - (float)i;
    return t->calibration[i] * (1 - share) + t->calibration[i + 1] * share;
}

/* A span is as sure as its surest unit: that something personal stands there is the question; its
 * edges are another one. */
static bool put_span(const struct tagger *t, struct array *spans, const struct tagger_unit *units,
                     const float *scores, size_t first, size_t last, uint16_t tag) {
    float best = 0;
    for (size_t i = first; i <= last; i++) {
        const float p = tags_personal(scores + i * t->n_tags, t->n_tags);
        if (p > best) best = p;
    }
    const struct tagger_span span = {units[first].start, units[last].end, (uint16_t)((tag - 1) / 4),
                                     calibrated(t, best)};
    return array_push(spans, &span, sizeof(span));
}

static enum status put_spans(const struct tagger *t, struct array *spans,
                             const struct tagger_unit *units, const float *scores,
                             const uint16_t *tags, size_t n, struct error *err) {
    size_t first = 0;
    for (size_t i = 0; i < n; i++) {
        if (tags[i] == TAG_OUTSIDE) continue;
        const int place = (tags[i] - 1) % 4;
        if (place == TAG_BEGIN || place == TAG_SINGLE) first = i;
        if (place != TAG_END && place != TAG_SINGLE) continue;
        if (!put_span(t, spans, units, scores, first, i, tags[i]))
            return fail(err, ERR_NOMEM, _("not enough memory for the tagger"));
    }
    return OK;
}

/* ---- texts ---- */

struct piece {                 /* what a piece of a text needs */
    struct tagger_unit *units; /* [PIECE_UNITS] */
    float *scores;             /* [n][n_tags] */
    uint16_t *tags;            /* [n] */
    size_t n;
};

/* Up to PIECE_UNITS units; where the text goes on, cut behind the last line end of the second half.
 * The reader then stands there again. */
static void read_piece(struct piece *p, struct unit_reader *r) {
    for (p->n = 0; p->n < PIECE_UNITS && unit_next(r, &p->units[p->n]);)
        p->n++;
    if (p->n < PIECE_UNITS) return;
    for (size_t i = p->n; i > PIECE_UNITS / 2; i--)
        if (r->text[p->units[i - 1].start] == '\n') {
            p->n = i;
            r->at = p->units[i - 1].end;
            r->first = true;
            return;
        }
}

static enum status run_piece(struct tagger *t, struct piece *p, const unsigned char *text,
                             float outside, struct array *spans, struct error *err) {
    p->scores = mem_alloc(p->n * t->n_tags * sizeof(*p->scores));
    p->tags = mem_alloc(p->n * sizeof(*p->tags));
    enum status st = p->scores && p->tags
                         ? OK
                         : fail(err, ERR_NOMEM, _("not enough memory for the tagger"));
    if (!st) {
        score(t, text, p->units, p->n, p->scores);
        tags_join(p->scores, p->n, t->n_kinds, t->joined);
        st = tags_decode(p->tags, p->scores, p->n, t->n_kinds, outside, err);
    }
    if (!st) st = put_spans(t, spans, p->units, p->scores, p->tags, p->n, err);
    if (p->scores) mem_wipe_free(p->scores, p->n * t->n_tags * sizeof(*p->scores));
    if (p->tags) mem_wipe_free(p->tags, p->n * sizeof(*p->tags));
    return st;
}

enum status tagger_run(struct tagger *t, const unsigned char *text, size_t n, float outside,
                       struct array *spans, struct error *err) {
    struct unit_reader reader = {.text = text, .n = n, .first = true};
    struct piece p = {.units = mem_alloc(PIECE_UNITS * sizeof(*p.units))};
    if (!p.units) return fail(err, ERR_NOMEM, _("not enough memory for the tagger"));
    enum status st = OK;
    pthread_mutex_lock(&t->mutex);
    do {
        read_piece(&p, &reader);
        if (p.n) st = run_piece(t, &p, text, outside, spans, err);
    } while (st == OK && p.n);
    pthread_mutex_unlock(&t->mutex);
    mem_wipe_free(p.units, PIECE_UNITS * sizeof(*p.units));
    return st;
}

enum status tagger_logits(struct tagger *t, const unsigned char *text, size_t n,
                          struct tagger_unit **units, float **logits, size_t *n_units,
                          struct error *err) {
    struct unit_reader reader = {.text = text, .n = n, .first = true};
    struct array list = {0};
    struct tagger_unit unit;
    bool whole = true;
    while (whole && unit_next(&reader, &unit))
        whole = array_push(&list, &unit, sizeof(unit));
    float *scores = whole ? mem_alloc(list.n * t->n_tags * sizeof(*scores)) : NULL;
    if (!scores) {
        array_release(&list);
        return fail(err, ERR_NOMEM, _("not enough memory for the tagger"));
    }
    pthread_mutex_lock(&t->mutex);
    score(t, text, list.data, list.n, scores);
    pthread_mutex_unlock(&t->mutex);
    *units = list.data;
    *n_units = list.n;
    *logits = scores;
    return OK;
}
