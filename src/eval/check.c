/* SPDX-License-Identifier: MIT
 *
 * Verifying a corpus. A note is decoded once; each annotation is then judged alone, and last all
 * of them, sorted, against their neighbours.
 */
#include "eval/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intl.h"

/* What is being checked: a pair of files. */
struct pair {
    const struct check_options *opt;
    struct check_counts *counts;
    char *txt, *ann; /* paths */
    struct document doc;
    uint32_t *text; /* [n] */
    size_t n;
    struct brat brat;
};

__attribute__((format(printf, 4, 5))) static void fault(struct pair *p, const char *file,
                                                        size_t line, const char *format, ...) {
    char reason[ERROR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    p->counts->n_faults++;
    p->opt->on_fault(p->opt->ctx, file, line, reason);
}

/* Reports a failure to read a file as a fault, without the "file:line: " it may begin with. */
static void fault_of_error(struct pair *p, const char *file, const struct error *err) {
    const char *reason = err->message;
    const size_t n = strlen(file);
    size_t line = 1;
    if (strncmp(reason, file, n) == 0 && reason[n] == ':') {
        char *end;
        const unsigned long number = strtoul(reason + n + 1, &end, 10);
        if (end > reason + n + 1 && end[0] == ':' && end[1] == ' ') {
            line = number;
            reason = end + 2;
        }
    }
    fault(p, file, line, "%s", reason);
}

static bool is_blank(uint32_t cp) {
    return cp == ' ' || (cp >= '\t' && cp <= '\r') || cp == 0xa0 || cp == 0x85 ||
           (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 || cp == 0x2029 || cp == 0x202f ||
           cp == 0x3000;
}

/* Whether the annotation's text is what stands at its offsets. */
static bool text_agrees(const struct pair *p, const struct brat_entity *e) {
    const unsigned char *s = (const unsigned char *)e->text;
    const size_t n = strlen(e->text);
    size_t at = 0, i = e->start;
    for (; at < n && i < e->end; i++) {
        uint32_t cp;
        at += encoding_decode(ENCODING_UTF_8, s, n, at, &cp, NULL);
        if (cp != p->text[i] && !(is_blank(cp) && is_blank(p->text[i]))) return false;
    }
    return at == n && i == e->end;
}

static void check_entity(struct pair *p, const struct brat_entity *e) {
    const struct check_options *opt = p->opt;
    const bool clinical = strcmp(e->label, CORPUS_CLINICAL_LABEL) == 0;
    if (clinical)
        p->counts->n_clinical++;
    else
        p->counts->n_entities++;
    if (!clinical && opt->is_label && !opt->is_label(opt->ctx, e->label))
        fault(p, p->ann, e->line, _("label %s is not one of %s"), e->label, opt->labels_name);
    if (e->start > p->n || e->end > p->n || e->start > e->end) {
        fault(p, p->ann, e->line, _("offsets %zu %zu do not fit a text of %zu characters"),
              e->start, e->end, p->n);
        return;
    }
    if (e->start == e->end) {
        fault(p, p->ann, e->line, _("the span at %zu is empty"), e->start);
        return;
    }
    if (is_blank(p->text[e->start]) || is_blank(p->text[e->end - 1]))
        fault(p, p->ann, e->line, _("the span %zu %zu begins or ends with a blank"), e->start,
              e->end);
    if (!text_agrees(p, e))
        fault(p, p->ann, e->line, _("the text is not what stands in the note at %zu %zu"), e->start,
              e->end);
}

static int compare_entities(const void *a, const void *b) {
    const struct brat_entity *x = a, *y = b;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    if (x->end != y->end) return x->end < y->end ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

/* Sorts the annotations and compares each with those before it that reach furthest. */
static void check_neighbours(struct pair *p) {
    struct brat_entity *e = p->brat.entities;
    if (p->brat.n < 2) return;
    qsort(e, p->brat.n, sizeof(*e), compare_entities);
    size_t far = 0;
    for (size_t i = 1; i < p->brat.n; i++) {
        const struct brat_entity *before = &e[i - 1];
        if (e[i].start >= e[i].end) continue;
        if (before->start == e[i].start && before->end == e[i].end &&
            strcmp(before->label, e[i].label) == 0)
            fault(p, p->ann, e[i].line, _("repeats line %zu"), before->line);
        else if (e[i].start < e[far].end)
            fault(p, p->ann, e[i].line, _("overlaps the span of line %zu"), e[far].line);
        if (e[i].end > e[far].end) far = i;
    }
}

static size_t line_of_first_broken(const struct document *doc) {
    size_t line = 1;
    for (size_t at = 0; at < doc->n_bytes;) {
        uint32_t cp;
        bool broken;
        at += encoding_decode(doc->encoding, doc->bytes, doc->n_bytes, at, &cp, &broken);
        if (broken) break;
        line += cp == '\n';
    }
    return line;
}

static enum status check_text(struct pair *p, bool *readable, struct error *err) {
    struct error why;
    *readable = false;
    const enum status st = document_read(&p->doc, p->txt, &why);
    if (st == ERR_NOMEM) return fail(err, st, "%s", why.message);
    if (st) {
        fault_of_error(p, p->txt, &why);
        return OK;
    }
    *readable = true;
    if (p->doc.faults.n_broken)
        fault(p, p->txt, line_of_first_broken(&p->doc), _("%zu characters cannot be decoded"),
              p->doc.faults.n_broken);
    p->text = corpus_decode(p->doc.encoding, p->doc.bytes, p->doc.n_bytes, &p->n);
    if (!p->text) return fail(err, ERR_NOMEM, _("%s: not enough memory to check it"), p->txt);
    return OK;
}

static enum status check_pair(struct pair *p, struct error *err) {
    p->counts->n_documents++;
    bool readable;
    struct error why;
    enum status st = check_text(p, &readable, err);
    if (st) return st;
    st = brat_read(&p->brat, p->ann, &why);
    if (st == ERR_NOMEM) return fail(err, st, "%s", why.message);
    if (st) fault_of_error(p, p->ann, &why);
    if (st || !readable) return OK;
    for (size_t i = 0; i < p->brat.n; i++)
        check_entity(p, &p->brat.entities[i]);
    check_neighbours(p);
    return OK;
}

static enum status check_file(const struct corpus *corpus, const struct corpus_file *file,
                              struct pair *p, struct error *err) {
    p->txt = corpus_path(corpus->path, file->name, ".txt");
    p->ann = corpus_path(corpus->path, file->name, ".ann");
    if (!p->txt || !p->ann)
        return fail(err, ERR_NOMEM, _("%s: not enough memory to check it"), file->name);
    if (!file->has_txt)
        fault(p, p->ann, 1, _("there is no %s.txt beside it"), file->name);
    else if (!file->has_ann)
        fault(p, p->txt, 1, _("there is no %s.ann beside it"), file->name);
    else
        return check_pair(p, err);
    return OK;
}

enum status check_corpus(struct check_counts *out, const struct corpus *corpus,
                         const struct check_options *opt, struct error *err) {
    *out = (struct check_counts){0};
    enum status st = OK;
    for (size_t i = 0; st == OK && i < corpus->n; i++) {
        struct pair p = {.opt = opt, .counts = out};
        st = check_file(corpus, &corpus->files[i], &p, err);
        brat_release(&p.brat);
        mem_wipe_free(p.text, p.n * sizeof(*p.text));
        document_close(&p.doc);
        mem_free(p.txt);
        mem_free(p.ann);
    }
    return st;
}
