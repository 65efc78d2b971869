/* SPDX-License-Identifier: MIT
 *
 * Whatever bytes come as a document: they are decoded, folded and led back to the source without
 * loss; and as an annotation file they are parsed or refused.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../anon/invariants.h"
#include "doc/doc.h"
#include "text/fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "fuzz_reader: %s\n", what);
    abort();
}

/* Each folded character lies after the one before it, and inside. */
static void check_way_back(const struct folded *f) {
    struct source_range last = {0};
    for (size_t i = 0; i < f->n; i++) {
        const struct source_range r = folded_source(f, i, i + 1);
        require(r.start_byte < r.end_byte && r.end_byte <= f->n_source,
                "a range beyond the source");
        require(r.start < r.end && r.start_byte >= last.end_byte && r.start >= last.end,
                "ranges out of order");
        last = r;
    }
}

static void check_document(const uint8_t *data, size_t n) {
    struct document doc;
    struct folded folded;
    struct error err;
    if (document_from_bytes(&doc, data, n, &err)) return;
    size_t count = 0;
    for (size_t at = 0; at < n; count++) {
        uint32_t ours, theirs;
        const size_t length = test_decode(doc.encoding, doc.bytes + at, n - at, &ours);
        require(encoding_decode(doc.encoding, doc.bytes, n, at, &theirs, NULL) == length,
                "lengths differ");
        require(ours == theirs || doc.encoding == ENCODING_WINDOWS_1252, "code points differ");
        at += length;
    }
    require(doc.faults.n_codepoints == count, "code points are not counted right");
    if (fold_text(&folded, doc.encoding, doc.bytes, doc.n_bytes, &err) == OK) {
        check_way_back(&folded);
        folded_release(&folded);
    }
    document_close(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct brat brat;
    struct error err;
    check_document(data, n);
    if (brat_parse(&brat, (const char *)data, n, "fuzz", &err) == OK) {
        for (size_t i = 0; i < brat.n; i++) /* offsets are judged elsewhere: eval/check.h */
            require(*brat.entities[i].label && strlen(brat.entities[i].text) <= n,
                    "an entity without its strings");
        brat_release(&brat);
    }
    return 0;
}
