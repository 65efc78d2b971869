/* SPDX-License-Identifier: MIT
 *
 * Scoring a corpus, note by note. A `work` is one note: what was read of it, the spans of either
 * side, and the output.
 */
#include "eval/run.h"

#include <string.h>

#include "base/clock.h"
#include "base/intl.h"
#include "eval/privacy.h"

enum { OBJECT_REPLACEMENT = 0xfffc }; /* stands for what another program found */

struct work {
    const struct eval_run *run;
    const char *name;
    struct document doc;
    struct brat gold_brat, found_brat;
    struct anon_result result;
    uint32_t *text; /* [n] */
    size_t n;
    uint32_t *output; /* [n_output]; NULL: the text itself */
    size_t n_output;
    struct array gold, aside, clinical, found, replaced; /* of struct eval_span */
};

static enum status nomem(struct error *err, const struct work *w) {
    return fail(err, ERR_NOMEM, _("%s: not enough memory to score it"), w->name);
}

static bool push(struct array *spans, size_t start, size_t end, const char *label) {
    const struct eval_span span = {.start = start, .end = end, .label = label};
    return array_push(spans, &span, sizeof(span));
}

/* Whether [start, end) is fully or partly inside one of the spans. */
static bool lies_inside(const struct array *spans, size_t start, size_t end) {
    const struct eval_span *s = spans->data;
    for (size_t i = 0; i < spans->n; i++)
        if (s[i].start <= start && end <= s[i].end) return true;
    return false;
}

static bool overlaps(const struct array *spans, size_t start, size_t end) {
    const struct eval_span *s = spans->data;
    for (size_t i = 0; i < spans->n; i++)
        if (s[i].start < end && start < s[i].end) return true;
    return false;
}

/* Sorts the marked annotations into those that count, those aside, and clinical marks. */
static enum status take_gold(struct work *w, struct error *err) {
    for (size_t i = 0; i < w->gold_brat.n; i++) {
        const struct brat_entity *e = &w->gold_brat.entities[i];
        if (e->start >= e->end || e->end > w->n)
            return fail(err, ERR_INVALID,
                        _("%s.ann:%zu: offsets %zu %zu do not fit a text of %zu characters; see "
                          "--check"),
                        w->name, e->line, e->start, e->end, w->n);
        if (strcmp(e->label, CORPUS_CLINICAL_LABEL) == 0) {
            if (!push(&w->clinical, e->start, e->end, e->label)) return nomem(err, w);
            continue;
        }
        const struct eval_reading r = eval_read_label(w->run->policies, e->label);
        const struct eval_span span = {.start = e->start,
                                       .end = e->end,
                                       .label = r.label,
                                       .identifier = r.identifier,
                                       .line = e->line};
        if (!array_push(r.aside ? &w->aside : &w->gold, &span, sizeof(span))) return nomem(err, w);
    }
    eval_spans_sort(w->gold.data, &w->gold.n);
    return OK;
}

/* Where the corpus marks no terms the list finds them; not inside what is personal. */
static enum status take_clinical(struct work *w, struct error *err) {
    if (w->run->corpus->has_clinical || !w->run->terms) return OK;
    struct array all = {0};
    enum status st = clinical_find(w->run->terms, &all, w->doc.encoding, w->doc.bytes,
                                   w->doc.n_bytes, err);
    const struct eval_span *s = all.data;
    for (size_t i = 0; st == OK && i < all.n; i++) {
        if (overlaps(&w->gold, s[i].start, s[i].end) || overlaps(&w->aside, s[i].start, s[i].end))
            continue;
        if (!array_push(&w->clinical, &s[i], sizeof(s[i]))) st = nomem(err, w);
    }
    array_release(&all);
    return st;
}

/* A found span counts unless its kind, or all that it covers, stands aside. */
static bool take_found(struct work *w, struct eval_reading r, size_t start, size_t end) {
    if (r.aside || lies_inside(&w->aside, start, end)) return true;
    return push(&w->found, start, end, r.label);
}

static size_t count_utf8(const char *s) {
    return encoding_count(ENCODING_UTF_8, (const unsigned char *)s, strlen(s));
}

static enum status take_result(struct work *w, struct error *err) {
    const struct anon_result *result = &w->result;
    for (size_t i = 0; i < result->n_spans; i++) {
        const struct anon_span *s = &result->spans[i];
        const struct eval_span span = {.start = s->start,
                                       .end = s->end,
                                       .label = s->label,
                                       .n_replacement = count_utf8(s->replacement)};
        if (!array_push(&w->replaced, &span, sizeof(span)) ||
            !take_found(w, eval_read_kind(w->run->policies, s->label, s->kind), s->start, s->end))
            return nomem(err, w);
    }
    struct strbuf out;
    strbuf_init(&out, SIZE_MAX / 2);
    enum status st = anon_render(&out, result, &w->doc, err);
    if (st == OK) {
        const unsigned char *bytes = (const unsigned char *)strbuf_str(&out);
        w->output = corpus_decode(w->doc.encoding, bytes, out.n, &w->n_output);
        if (!w->output) st = nomem(err, w);
    }
    strbuf_release(&out);
    return st;
}

static void document_failed(struct work *w, struct eval_scores *scores, const char *why) {
    scores->n_failed++;
    if (w->run->on_failed) w->run->on_failed(w->run->ctx, w->name, why);
}

static enum status anonymize_note(struct work *w, struct eval_scores *scores, struct error *err) {
    struct error why;
    const double start = clock_s();
    const enum status st = anonymize(&w->result, w->run->anonymizer, &w->doc, &why);
    scores->detect_seconds += clock_s() - start;
    if (st) {
        w->result = (struct anon_result){0};
        document_failed(w, scores, why.message);
        return OK;
    }
    if (w->result.verdict == VERDICT_FAIL) {
        document_failed(w, scores, _("its verdict is FAIL"));
        return OK;
    }
    scores->n_review += w->result.verdict == VERDICT_REVIEW;
    return take_result(w, err);
}

/* The parts of the text that somebody's spans cover, in order and apart. */
static enum status cover(struct work *w, struct array *spans, struct error *err) {
    eval_spans_sort(spans->data, &spans->n);
    const struct eval_span *s = spans->data;
    for (size_t i = 0; i < spans->n; i++) {
        struct eval_span span = s[i];
        if (span.end > w->n) span.end = w->n;
        if (span.start >= span.end) continue;
        span.n_replacement = 1;
        struct eval_span *last = w->replaced.n
                                     ? (struct eval_span *)w->replaced.data + w->replaced.n - 1
                                     : NULL;
        if (last && span.start < last->end) {
            if (span.end > last->end) last->end = span.end;
        } else if (!array_push(&w->replaced, &span, sizeof(span))) {
            return nomem(err, w);
        }
    }
    return OK;
}

/* The text with one character in place of each replaced part. */
static enum status render_covered(struct work *w, struct error *err) {
    w->output = mem_alloc((w->n + 1) * sizeof(*w->output));
    if (!w->output) return nomem(err, w);
    const struct eval_span *r = w->replaced.data;
    size_t at = 0;
    for (size_t i = 0; i < w->replaced.n; i++) {
        while (at < r[i].start)
            w->output[w->n_output++] = w->text[at++];
        w->output[w->n_output++] = OBJECT_REPLACEMENT;
        at = r[i].end;
    }
    while (at < w->n)
        w->output[w->n_output++] = w->text[at++];
    return OK;
}

static enum status take_predictions(struct work *w, struct error *err) {
    struct array spans = {0};
    enum status st = OK;
    for (size_t i = 0; st == OK && i < w->found_brat.n; i++) {
        const struct brat_entity *e = &w->found_brat.entities[i];
        if (strcmp(e->label, CORPUS_CLINICAL_LABEL) == 0) continue;
        const struct eval_reading r = eval_read_prediction(w->run->policies, e->label);
        if (r.aside) continue;
        if (!push(&spans, e->start, e->end, r.label) || !take_found(w, r, e->start, e->end))
            st = nomem(err, w);
    }
    if (st == OK) st = cover(w, &spans, err);
    array_release(&spans);
    return st ? st : render_covered(w, err);
}

static enum status read_predictions(struct work *w, struct eval_scores *scores, struct error *err) {
    char *path = corpus_path(w->run->predictions, w->name, ".ann");
    if (!path) return nomem(err, w);
    const enum status st = brat_read(&w->found_brat, path, err);
    mem_free(path);
    if (st == ERR_NOT_FOUND) {
        scores->n_missing++;
        return OK;
    }
    return st ? st : take_predictions(w, err);
}

static enum status read_note(struct work *w, struct error *err) {
    char *txt = corpus_path(w->run->corpus->path, w->name, ".txt");
    char *ann = corpus_path(w->run->corpus->path, w->name, ".ann");
    enum status st = txt && ann ? OK : nomem(err, w);
    if (st == OK) st = document_read(&w->doc, txt, err);
    if (st == OK) st = brat_read(&w->gold_brat, ann, err);
    mem_free(txt);
    mem_free(ann);
    if (st) return st;
    w->text = corpus_decode(w->doc.encoding, w->doc.bytes, w->doc.n_bytes, &w->n);
    return w->text ? OK : nomem(err, w);
}

struct error_context {
    const struct work *work;
    const struct eval_note *note;
};

static void tell_error(void *ctx, const struct eval_span *span, bool found) {
    const struct error_context *e = ctx;
    e->work->run->on_error(e->work->run->ctx, e->work->name, e->note, span, found);
}

static enum status measure(struct work *w, struct eval_scores *scores, struct error *err) {
    eval_spans_sort(w->found.data, &w->found.n);
    const struct eval_note note = {
        .text = w->text,
        .n = w->n,
        .gold = w->gold.data,
        .n_gold = w->gold.n,
        .aside = w->aside.data,
        .n_aside = w->aside.n,
        .found = w->found.data,
        .n_found = w->found.n,
        .replaced = w->replaced.data,
        .n_replaced = w->replaced.n,
        .clinical = w->clinical.data,
        .n_clinical = w->clinical.n,
        .output = w->output ? w->output : w->text,
        .n_output = w->output ? w->n_output : w->n,
    };
    scores->n_documents++;
    enum status st = eval_measure_spans(scores, &note, err);
    if (st == OK) st = eval_measure_privacy(scores, &note, err);
    if (st == OK && w->run->on_error) {
        struct error_context e = {w, &note};
        eval_errors(&note, scores->labels_comparable, tell_error, &e);
    }
    return st;
}

static void work_release(struct work *w) {
    array_release(&w->gold);
    array_release(&w->aside);
    array_release(&w->clinical);
    array_release(&w->found);
    array_release(&w->replaced);
    mem_wipe_free(w->output, w->n_output * sizeof(*w->output));
    mem_wipe_free(w->text, w->n * sizeof(*w->text));
    anon_result_release(&w->result);
    brat_release(&w->found_brat);
    brat_release(&w->gold_brat);
    document_close(&w->doc);
}

static enum status score_note(struct eval_scores *scores, const struct eval_run *run,
                              const char *name, struct error *err) {
    struct work w = {.run = run, .name = name};
    enum status st = read_note(&w, err);
    if (st == OK) st = take_gold(&w, err);
    if (st == OK) st = take_clinical(&w, err);
    if (st == OK)
        st = run->anonymizer ? anonymize_note(&w, scores, err) : read_predictions(&w, scores, err);
    if (st == OK) st = measure(&w, scores, err);
    work_release(&w);
    return st;
}

enum status eval_run(struct eval_scores *out, const struct eval_run *run, struct error *err) {
    const double start = clock_s();
    struct eval_scores scores = {
        .labels_comparable = !run->policies->reader,
        .clinical_known = run->corpus->has_clinical || run->terms,
    };
    enum status st = OK;
    for (size_t i = 0; st == OK && i < run->corpus->n; i++)
        if (run->corpus->files[i].has_txt && run->corpus->files[i].has_ann)
            st = score_note(&scores, run, run->corpus->files[i].name, err);
    if (st == OK && scores.n_documents == 0)
        st = fail(err, ERR_NOT_FOUND, _("%s: no X.txt with an X.ann beside it"), run->corpus->path);
    if (st) {
        eval_scores_release(&scores);
        return st;
    }
    scores.seconds = clock_s() - start;
    *out = scores;
    return OK;
}
