/* SPDX-License-Identifier: MIT
 *
 * What the engine makes of texts, for comparing it with torch (tests/tagger/test_parity.py):
 *
 *     tagger_dump MODEL|- ISA|- OUTSIDE < list of files > binary
 *
 * For each file, little-endian: n_units u32, n_tags u32; a unit: start, end, spacing, n_rows u32,
 * the rows; then the scores f32 [n_units][n_tags]; n_spans u32; a span: start, end, kind u32,
 * score f32. MODEL -: the built-in one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anon/kinds.h"
#include "doc/doc.h"
#include "tagger/tagger.h"
#include "text/fold.h"

static void put_u32(uint32_t v) {
    fwrite(&v, sizeof(v), 1, stdout);
}

static void put_units(const struct tagger *t, const struct folded *f,
                      const struct tagger_unit *units, size_t n) {
    uint32_t rows[TAGGER_ROWS_MAX];
    for (size_t i = 0; i < n; i++) {
        const size_t n_rows = tagger_rows(t, f->text, &units[i], rows);
        put_u32(units[i].start);
        put_u32(units[i].end);
        put_u32(units[i].spacing);
        put_u32((uint32_t)n_rows);
        fwrite(rows, sizeof(*rows), n_rows, stdout);
    }
}

static enum status dump(struct tagger *t, const char *path, float outside, struct error *err) {
    struct document doc;
    struct folded folded = {0};
    struct tagger_unit *units = NULL;
    struct array spans = {0};
    float *scores = NULL;
    size_t n = 0;
    enum status st = document_read(&doc, path, err);
    if (st) return st;
    st = fold_text(&folded, doc.encoding, doc.bytes, doc.n_bytes, err);
    if (!st) st = tagger_logits(t, folded.text, folded.n, &units, &scores, &n, err);
    if (!st) st = tagger_run(t, folded.text, folded.n, outside, &spans, err);
    if (!st) {
        put_u32((uint32_t)n);
        put_u32((uint32_t)tagger_n_tags(t));
        put_units(t, &folded, units, n);
        fwrite(scores, sizeof(*scores), n * tagger_n_tags(t), stdout);
        put_u32((uint32_t)spans.n);
        for (size_t i = 0; i < spans.n; i++) {
            const struct tagger_span *s = (const struct tagger_span *)spans.data + i;
            put_u32(s->start);
            put_u32(s->end);
            put_u32(s->kind);
            fwrite(&s->score, sizeof(s->score), 1, stdout);
        }
    }
    mem_free(units);
    mem_free(scores);
    array_release(&spans);
    folded_release(&folded);
    document_close(&doc);
    return st;
}

int main(int argc, char **argv) {
    const char *kinds[KIND_COUNT];
    char path[4096];
    struct error err;
    struct tagger *t;
    if (argc != 4) return 2;
    for (int k = 0; k < KIND_COUNT; k++)
        kinds[k] = kind_name((enum kind)k);
    const struct tagger_options opt = {.path = strcmp(argv[1], "-") ? argv[1] : NULL,
                                       .isa = strcmp(argv[2], "-") ? argv[2] : NULL,
                                       .kinds = kinds,
                                       .n_kinds = KIND_COUNT};
    if (tagger_open(&t, &opt, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    while (fgets(path, sizeof(path), stdin)) {
        path[strcspn(path, "\n")] = '\0';
        if (dump(t, path, strtof(argv[3], NULL), &err)) {
            fprintf(stderr, "%s\n", err.message);
            return 1;
        }
    }
    tagger_close(t);
    return 0;
}
