/* SPDX-License-Identifier: MIT
 *
 * Writing reports. The JSON is made once; CSV is the same tree flattened, so the two cannot differ.
 */
#include "eval/report.h"

#include <math.h>
#include <string.h>

#include "base/intl.h"
#include "text/encoding.h"

static double lrdi(const struct eval_scores *s) {
    return eval_share(s->n_documents - s->n_documents_direct_leak, s->n_documents);
}

static double lrqi(const struct eval_scores *s) {
    return eval_share(s->n_quasi - s->n_quasi_leaked, s->n_quasi);
}

static double alid(const struct eval_scores *s) {
    return s->n_entities ? s->replaced_share_sum / (double)s->n_entities : (double)NAN;
}

static double clinical_touched(const struct eval_scores *s) {
    return s->clinical_known ? eval_share(s->n_clinical_touched, s->n_clinical) : (double)NAN;
}

static double preservation(const struct eval_scores *s) {
    return eval_share(s->n_kept_surviving, s->n_kept);
}

static json_t *number(double value) {
    return isnan(value) ? json_null() : json_real(value);
}

static int set_count(json_t *o, const char *key, size_t value) {
    return json_object_set_new(o, key, json_integer((json_int_t)value));
}

static int set_share(json_t *o, const char *key, double value) {
    return json_object_set_new(o, key, number(value));
}

static json_t *counts_json(const struct eval_counts *c) {
    json_t *o = json_object();
    const int bad = set_share(o, "precision", eval_precision(c)) |
                    set_share(o, "recall", eval_recall(c)) | set_share(o, "f1", eval_f1(c)) |
                    set_count(o, "tp", c->tp) | set_count(o, "fp", c->fp) |
                    set_count(o, "fn", c->fn);
    if (!bad) return o;
    json_decref(o);
    return NULL;
}

static json_t *labels_json(const struct eval_scores *s) {
    json_t *o = json_object();
    const struct eval_label *row = s->labels.data;
    int bad = !o;
    for (size_t i = 0; !bad && i < s->labels.n; i++) {
        json_t *l = counts_json(&row[i].strict);
        bad = !l || set_share(l, "coverage", eval_share(row[i].n_covered, row[i].n_entities));
        bad |= json_object_set_new(o, row[i].label, l);
    }
    if (!bad) return o;
    json_decref(o);
    return NULL;
}

static json_t *characters_json(const struct eval_scores *s) {
    json_t *o = json_object();
    const int bad =
        set_share(o, "recall", eval_share(s->n_personal_replaced, s->n_personal)) |
        set_share(o, "precision",
                  eval_share(s->n_personal_replaced, s->n_personal_replaced + s->n_other_replaced));
    if (!bad) return o;
    json_decref(o);
    return NULL;
}

static int set_spans(json_t *o, const struct eval_scores *s) {
    return json_object_set_new(o, "strict",
                               s->labels_comparable ? counts_json(&s->strict) : json_null()) |
           json_object_set_new(o, "span", counts_json(&s->span)) |
           json_object_set_new(o, "merged", counts_json(&s->merged)) |
           json_object_set_new(o, "labels", labels_json(s)) |
           json_object_set_new(o, "characters", characters_json(s));
}

static int set_privacy(json_t *o, const struct eval_scores *s) {
    return set_share(o, "coverage", eval_share(s->n_covered, s->n_entities)) |
           set_share(o, "coverage_direct", eval_share(s->n_direct_covered, s->n_direct)) |
           set_count(o, "documents_with_leak", s->n_documents_leak) |
           set_count(o, "documents_with_direct_leak", s->n_documents_direct_leak) |
           set_count(o, "review", s->n_review) | set_count(o, "failed", s->n_failed) |
           set_share(o, "lrdi", lrdi(s)) | set_share(o, "lrqi", lrqi(s)) |
           set_share(o, "alid", alid(s)) |
           set_share(o, "lr", eval_share(s->n_replaced_enough, s->n_entities)) |
           set_share(o, "over_redaction", eval_share(s->n_other_replaced, s->n_other)) |
           set_share(o, "clinical_touched", clinical_touched(s)) |
           set_share(o, "preservation", preservation(s)) | set_share(o, "seconds", s->seconds);
}

/* A path is bytes, JSON is UTF-8: what cannot be decoded becomes U+FFFD. */
static json_t *path_json(const char *path) {
    struct strbuf sb;
    strbuf_init(&sb, 1 << 20);
    encoding_to_utf8(&sb, ENCODING_UTF_8, (const unsigned char *)path, strlen(path));
    json_t *s = json_string(strbuf_str(&sb));
    strbuf_release(&sb);
    return s;
}

json_t *eval_report_json(const struct eval_scores *scores, const char *corpus) {
    json_t *o = json_object();
    const int bad = json_object_set_new(o, "corpus", path_json(corpus)) |
                    set_count(o, "documents", scores->n_documents) |
                    set_count(o, "missing", scores->n_missing) |
                    set_count(o, "entities", scores->n_entities) | set_spans(o, scores) |
                    set_privacy(o, scores);
    if (!bad) return o;
    json_decref(o);
    return NULL;
}

/* A share as a percentage in a column of eight, a dash when it is unknown. */
static void print_share(FILE *out, double share) {
    if (isnan(share))
        fprintf(out, "%8s", "-");
    else
        fprintf(out, "%8.2f", 100 * share);
}

/* Words of any language in a column: padding is by characters, not bytes. */
static void print_padded(FILE *out, const char *text, size_t width) {
    const size_t n = encoding_count(ENCODING_UTF_8, (const unsigned char *)text, strlen(text));
    fprintf(out, "%s%*s", text, n < width ? (int)(width - n) : 0, "");
}

enum { NAME_WIDTH = 36 };

static void print_counts(FILE *out, const char *name, const struct eval_counts *c,
                         double coverage) {
    print_padded(out, name, NAME_WIDTH);
    print_share(out, eval_precision(c));
    print_share(out, eval_recall(c));
    print_share(out, eval_f1(c));
    fprintf(out, "%8zu%8zu%8zu", c->tp, c->fp, c->fn);
    print_share(out, coverage);
    fputc('\n', out);
}

/* The mean of each label's precision, recall and F1, over those where it is known. */
static void print_macro(FILE *out, const struct eval_scores *s) {
    double sums[3] = {0};
    size_t n[3] = {0};
    const struct eval_label *row = s->labels.data;
    for (size_t i = 0; i < s->labels.n; i++) {
        const double v[3] = {eval_precision(&row[i].strict), eval_recall(&row[i].strict),
                             eval_f1(&row[i].strict)};
        for (int k = 0; k < 3; k++) {
            if (isnan(v[k])) continue;
            sums[k] += v[k];
            n[k]++;
        }
    }
    print_padded(out, _("mean over labels (macro)"), NAME_WIDTH);
    for (int k = 0; k < 3; k++)
        print_share(out, n[k] ? sums[k] / (double)n[k] : (double)NAN);
    fputc('\n', out);
}

static void print_spans(FILE *out, const struct eval_scores *s) {
    fputc('\n', out);
    print_padded(out, _("spans"), NAME_WIDTH);
    const char *const heads[] = {N_("prec. %"), N_("recall %"), N_("F1 %"),  N_("right"),
                                 N_("extra"),   N_("missed"),   N_("cov. %")};
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        const char *head = gettext(heads[i]);
        const size_t n = encoding_count(ENCODING_UTF_8, (const unsigned char *)head, strlen(head));
        fprintf(out, "%*s%s", n < 7 ? (int)(8 - n) : 1, "", head); /* a blank at least */
    }
    fputc('\n', out);
    const double coverage = eval_share(s->n_covered, s->n_entities);
    if (s->labels_comparable)
        print_counts(out, _("strict (label and offsets)"), &s->strict, coverage);
    print_counts(out, _("span (offsets)"), &s->span, coverage);
    print_counts(out, _("merged span"), &s->merged, coverage);
    print_macro(out, s);
    const struct eval_label *row = s->labels.data;
    for (size_t i = 0; i < s->labels.n; i++)
        print_counts(out, row[i].label, &row[i].strict,
                     eval_share(row[i].n_covered, row[i].n_entities));
}

static void print_count_line(FILE *out, const char *name, size_t count, size_t whole) {
    print_padded(out, name, NAME_WIDTH);
    fprintf(out, "%8zu / %zu\n", count, whole);
}

static void print_share_line(FILE *out, const char *name, double share) {
    print_padded(out, name, NAME_WIDTH);
    print_share(out, share);
    fputs(isnan(share) ? "\n" : " %\n", out);
}

void eval_report_table(FILE *out, const struct eval_scores *s, const char *corpus,
                       const char *policy) {
    fprintf(out, _("corpus %s, policy %s: %zu documents, %zu entities\n\n"), corpus, policy,
            s->n_documents, s->n_entities);
    print_count_line(out, _("documents with a leak"), s->n_documents_leak, s->n_documents);
    print_count_line(out, _("documents with a direct leak"), s->n_documents_direct_leak,
                     s->n_documents);
    print_share_line(out, "LRDI", lrdi(s));
    print_share_line(out, "LRQI", lrqi(s));
    print_share_line(out, _("coverage"), eval_share(s->n_covered, s->n_entities));
    print_share_line(out, _("coverage of direct identifiers"),
                     eval_share(s->n_direct_covered, s->n_direct));
    print_share_line(out, "ALID", alid(s));
    print_share_line(out, "LR", eval_share(s->n_replaced_enough, s->n_entities));
    print_share_line(out, _("characters: recall"),
                     eval_share(s->n_personal_replaced, s->n_personal));
    print_share_line(
        out, _("characters: precision"),
        eval_share(s->n_personal_replaced, s->n_personal_replaced + s->n_other_replaced));
    print_share_line(out, _("over-redaction"), eval_share(s->n_other_replaced, s->n_other));
    print_share_line(out, _("clinical terms touched"), clinical_touched(s));
    print_share_line(out, _("preservation"), preservation(s));
    print_count_line(out, _("sent to review"), s->n_review, s->n_documents);
    print_count_line(out, _("failed"), s->n_failed, s->n_documents);
    if (s->n_missing)
        print_count_line(out, _("missing from the predictions"), s->n_missing, s->n_documents);
    print_spans(out, s);
    fprintf(out, _("\n%.2f s, of which %.2f s detection\n"), s->seconds, s->detect_seconds);
}

/* A cell, quoted when it must be (RFC 4180). */
static void csv_cell(struct strbuf *out, const char *text) {
    if (!strpbrk(text, ",\"\r\n")) {
        strbuf_puts(out, text);
        return;
    }
    strbuf_putc(out, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '"') strbuf_putc(out, '"');
        strbuf_putc(out, *c);
    }
    strbuf_putc(out, '"');
}

static void csv_value(struct strbuf *out, const json_t *value) {
    if (json_is_string(value)) csv_cell(out, json_string_value(value));
    if (json_is_integer(value)) strbuf_printf(out, "%lld", (long long)json_integer_value(value));
    if (json_is_real(value)) strbuf_printf(out, "%.10g", json_real_value(value));
}

static void csv_lines(struct strbuf *out, const char *prefix, const json_t *object) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        struct strbuf name;
        strbuf_init(&name, 1 << 16);
        strbuf_printf(&name, "%s%s%s", prefix, *prefix ? "." : "", key);
        if (json_is_object(value)) {
            csv_lines(out, strbuf_str(&name), value);
        } else {
            csv_cell(out, strbuf_str(&name));
            strbuf_putc(out, ',');
            csv_value(out, value);
            strbuf_putc(out, '\n');
        }
        strbuf_release(&name);
    }
}

void eval_report_csv(struct strbuf *out, const json_t *report) {
    strbuf_puts(out, "measure,value\n");
    csv_lines(out, "", report);
}
