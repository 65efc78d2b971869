/* SPDX-License-Identifier: MIT
 *
 * Printing results. JSON is streamed: small values through jansson one by one, so that a document
 * with a million spans needs no tree of them.
 */
#include "cli/show.h"

#include <jansson.h>
#include <string.h>

#include "anon/rule.h"
#include "base/intl.h"

/* Labels are few; each gets the colour of its place in this table, by what it is. */
static int colour_of(enum kind kind) {
    if (kind_is_name(kind)) return 41;
    if (kind_is_id(kind)) return 45;
    switch (kind) {
    case KIND_PHONE:
    case KIND_FAX:
    case KIND_EMAIL: return 46;
    case KIND_STREET: return 43;
    case KIND_PLACE:
    case KIND_COUNTRY: return 42;
    case KIND_HOSPITAL:
    case KIND_HEALTH_CENTRE:
    case KIND_INSTITUTION: return 102;
    case KIND_DATE: return 44;
    case KIND_AGE: return 104;
    default: return 100;
    }
}

static void put(FILE *out, const struct document *doc, size_t from, size_t to) {
    struct strbuf text;
    strbuf_init(&text, SIZE_MAX / 2);
    encoding_to_utf8(&text, doc->encoding, doc->bytes + from, to - from);
    /* a note's own escape sequences must not reach the terminal */
    for (size_t i = 0; i < text.n; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        fputc((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ? '?' : c, out);
    }
    strbuf_release(&text);
}

static void put_legend(FILE *out, const struct anon_result *result) {
    const char *seen[KIND_COUNT];
    size_t n = 0;
    for (size_t i = 0; i < result->n_spans; i++) {
        const struct anon_span *s = &result->spans[i];
        bool is_new = true;
        for (size_t j = 0; j < n; j++)
            is_new &= strcmp(seen[j], s->label) != 0;
        if (!is_new || n == KIND_COUNT) continue;
        seen[n++] = s->label;
        fprintf(out, "\033[30;%dm %s \033[0m ", colour_of(s->kind), s->label);
    }
    if (n) fputc('\n', out);
}

static enum status check_stream(FILE *out, struct error *err) {
    if (fflush(out) == 0 && !ferror(out)) return OK;
    return fail(err, ERR_IO, _("cannot write to standard output"));
}

enum status show_note(FILE *out, const struct anon_result *result, const struct document *doc,
                      bool colour, struct error *err) {
    size_t at = 0;
    for (size_t i = 0; i < result->n_spans; i++) {
        const struct anon_span *s = &result->spans[i];
        put(out, doc, at, s->start_byte);
        if (colour)
            fprintf(out, "\033[30;%dm", colour_of(s->kind));
        else
            fprintf(out, "⟪%s|", s->label);
        put(out, doc, s->start_byte, s->end_byte);
        fputs(colour ? "\033[0m" : "⟫", out);
        at = s->end_byte;
    }
    put(out, doc, at, doc->n_bytes);
    if (doc->n_bytes && doc->bytes[doc->n_bytes - 1] != '\n') fputc('\n', out);
    if (colour) put_legend(out, result);
    return check_stream(out, err);
}

enum status show_explanation(FILE *out, const struct anon_result *result,
                             const struct document *doc, struct error *err) {
    for (size_t i = 0; i < result->n_spans; i++) {
        const struct anon_span *s = &result->spans[i];
        fprintf(out, "%u-%u\t%s\t%s\t%.2f\t", s->start, s->end, s->label, kind_name(s->kind),
                s->score);
        put(out, doc, s->start_byte, s->end_byte);
        for (unsigned r = 0; r < RULE_COUNT; r++)
            if (s->rules & RULE_BIT(r)) fprintf(out, "\t%s: %s", rule_detector(r), rule_why(r));
        fputc('\n', out);
    }
    return check_stream(out, err);
}

/* ---- JSON ---- */

static void put_value(FILE *out, json_t *value) {
    if (value) json_dumpf(value, out, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(value);
}

static void put_string(FILE *out, const char *utf8, size_t n) {
    json_t *value = json_stringn(utf8, n);
    if (value)
        put_value(out, value);
    else
        fputs("null", out);
}

static void put_text(FILE *out, const char *utf8) {
    put_string(out, utf8, strlen(utf8));
}

static void put_real(FILE *out, double value) {
    put_value(out, json_real(value));
}

static void put_detectors(FILE *out, uint64_t rules) {
    const char *seen[RULE_COUNT];
    size_t n = 0;
    fputc('[', out);
    for (unsigned r = 0; r < RULE_COUNT; r++) {
        if (!(rules & RULE_BIT(r))) continue;
        bool is_new = true;
        for (size_t j = 0; j < n; j++)
            is_new &= strcmp(seen[j], rule_detector(r)) != 0;
        if (!is_new) continue;
        if (n) fputc(',', out);
        seen[n++] = rule_detector(r);
        put_text(out, rule_detector(r));
    }
    fputc(']', out);
}

static void put_span(FILE *out, const struct anon_span *s) {
    fprintf(out, "{\"start\":%u,\"end\":%u,\"start_byte\":%u,\"end_byte\":%u,\"label\":", s->start,
            s->end, s->start_byte, s->end_byte);
    put_text(out, s->label);
    fputs(",\"kind\":", out);
    put_text(out, kind_name(s->kind));
    fputs(",\"replacement\":", out);
    put_text(out, s->replacement);
    fputs(",\"score\":", out);
    put_real(out, s->score);
    fputs(",\"detectors\":", out);
    put_detectors(out, s->rules);
    fputc('}', out);
}

struct label_count {
    const char *label;
    size_t count;
};

static size_t count_labels(struct label_count *counts, const struct anon_result *result) {
    size_t n = 0;
    for (size_t i = 0; i < result->n_spans; i++) {
        size_t at = 0;
        while (at < n && strcmp(counts[at].label, result->spans[i].label) != 0)
            at++;
        if (at == n) counts[n++] = (struct label_count){result->spans[i].label, 0};
        counts[at].count++;
    }
    return n;
}

void show_counts(struct strbuf *out, const struct anon_result *result) {
    struct label_count counts[KIND_COUNT];
    const size_t n = count_labels(counts, result);
    for (size_t i = 0; i < n; i++)
        strbuf_printf(out, "%s%s %zu", i ? ", " : "", counts[i].label, counts[i].count);
}

static enum status put_output_text(FILE *out, const struct anon_result *result,
                                   const struct document *doc, struct error *err) {
    struct strbuf bytes, text;
    strbuf_init(&bytes, SIZE_MAX / 2);
    strbuf_init(&text, SIZE_MAX / 2);
    enum status st = anon_render(&bytes, result, doc, err);
    if (st == OK) {
        encoding_to_utf8(&text, doc->encoding, (const unsigned char *)bytes.data, bytes.n);
        if (text.failed) st = fail(err, ERR_NOMEM, _("not enough memory for the result"));
    }
    strbuf_release(&bytes);
    if (st == OK) put_string(out, strbuf_str(&text), text.n);
    strbuf_release(&text);
    return st;
}

static void put_file(FILE *out, const char *file) {
    struct strbuf name; /* file names may be any bytes */
    strbuf_init(&name, 1 << 20);
    encoding_to_utf8(&name, ENCODING_UTF_8, (const unsigned char *)file, strlen(file));
    fputs("{\"file\":", out);
    put_text(out, strbuf_str(&name));
    strbuf_release(&name);
}

static enum status put_failure(FILE *out, const struct document *doc, const struct error *failure,
                               struct error *err) {
    fputs(",\"encoding\":", out);
    if (doc)
        put_text(out, encoding_name(doc->encoding));
    else
        fputs("null", out);
    fputs(",\"verdict\":\"FAIL\",\"reasons\":[", out);
    put_text(out, status_name(failure->status));
    fputs("],\"text\":null,\"spans\":[],\"counts\":{},\"timings_ms\":{},\"error\":{\"code\":", out);
    put_text(out, status_name(failure->status));
    fputs(",\"message\":", out);
    put_text(out, failure->message);
    fputs("}}\n", out);
    return check_stream(out, err);
}

enum status show_json(FILE *out, const char *file, const struct anon_result *result,
                      const struct document *doc, const struct error *failure, double read_ms,
                      struct error *err) {
    put_file(out, file);
    if (failure) return put_failure(out, doc, failure, err);
    fputs(",\"encoding\":", out);
    put_text(out, encoding_name(doc->encoding));
    fputs(",\"verdict\":", out);
    put_text(out, verdict_name(result->verdict));
    fputs(",\"reasons\":[", out);
    for (size_t i = 0; i < result->n_reasons; i++) {
        if (i) fputc(',', out);
        put_text(out, result->reasons[i].code);
    }
    fputs("],\"text\":", out);
    const enum status st = put_output_text(out, result, doc, err);
    if (st) return st;
    fputs(",\"spans\":[", out);
    for (size_t i = 0; i < result->n_spans; i++) {
        if (i) fputc(',', out);
        put_span(out, &result->spans[i]);
    }
    struct label_count counts[KIND_COUNT];
    const size_t n = count_labels(counts, result);
    fputs("],\"counts\":{", out);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s\"%s\":%zu", i ? "," : "", counts[i].label, counts[i].count);
    fputs("},\"timings_ms\":{\"read\":", out);
    put_real(out, read_ms);
    fputs(",\"detect\":", out);
    put_real(out, result->detect_ms);
    fputs(",\"total\":", out);
    put_real(out, read_ms + result->total_ms);
    fputs("}}\n", out);
    return check_stream(out, err);
}
