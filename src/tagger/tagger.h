/* SPDX-License-Identifier: MIT
 *
 * tagger: the built-in neural tagger, what rules cannot see. A small bidirectional transformer
 * that gives each unit of a note (a word, a number, a sign) a tag, and spans from the tags.
 * docs/tagger.md tells its file; docs/model-card.md what the shipped one learnt from and how well
 * it does.
 *
 *     folded text -> units -> features -> sum of embedding rows -> layers -> tag scores
 *     (windows of the text, on all threads)        -> Viterbi -> spans with scores
 *
 * Text is that of text/fold.h. The architecture: pre-norm layers with RMSNorm (Zhang and Sennrich,
 * arXiv:1910.07467), rotary positions (Su et al., arXiv:2104.09864), gated GELU (Shazeer,
 * arXiv:2002.05202); tags are BIOES by kind.
 */
#ifndef SIGILO_TAGGER_TAGGER_H
#define SIGILO_TAGGER_TAGGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "gguf/gguf.h"

struct tagger;

struct tagger_options {
    const char *path;         /* a model file; NULL: the one linked into the program */
    const char *const *kinds; /* [n_kinds]: what the caller calls the kinds, in its order */
    size_t n_kinds;           /* at most 64 */
    uint64_t joined;  /* bit k: nobody asks for kind k; what is likely of it counts as nothing */
    const char *isa;  /* highest instruction set, NULL: all the processor has */
    size_t n_threads; /* 0: as many as the process may use, at most 8 */
};

/* Maps, checks and packs a model. ERR_NOT_FOUND, ERR_IO; ERR_INVALID or ERR_UNSUPPORTED with a
 * sentence for a file of another architecture, version, shape or inventory of kinds; ERR_NOMEM. */
enum status tagger_open(struct tagger **out, const struct tagger_options *opt, struct error *err);
void tagger_close(struct tagger *t); /* NULL is accepted; wipes what it held of texts */

/* The instruction set in use. */
const char *tagger_isa(const struct tagger *t);

struct tagger_span {
    uint32_t start, end; /* bytes of the folded text, end exclusive */
    uint16_t kind;       /* index into the options' kinds */
    float score;         /* 0..1: how often such a find is personal data (calibrated) */
};

/* Finds spans in n bytes of folded text, in order, never overlapping; they are appended to `spans`
 * (struct tagger_span). `outside`: nats taken off the score of "nothing": more finds more. Any
 * thread may call; one works at a time. Memory is bounded whatever n is. ERR_NOMEM. */
enum status tagger_run(struct tagger *t, const unsigned char *text, size_t n, float outside,
                       struct array *spans, struct error *err);

/* --- for tests and tools: what lies between text and spans --- */

struct tagger_unit {
    uint32_t start, end;
    uint8_t spacing; /* enum unit_spacing (tagger/units.h) */
};

/* Tag scores before any softmax, [n_units][tagger_n_tags()], and the units themselves, of a text of
 * any length held whole; both are the caller's to mem_free. */
enum status tagger_logits(struct tagger *t, const unsigned char *text, size_t n,
                          struct tagger_unit **units, float **logits, size_t *n_units,
                          struct error *err);
size_t tagger_n_tags(const struct tagger *t);

/* The rows of the table of embeddings that a unit's features are, at most TAGGER_ROWS_MAX. */
enum { TAGGER_ROWS_MAX = 64 };
size_t tagger_rows(const struct tagger *t, const unsigned char *text,
                   const struct tagger_unit *unit, uint32_t rows[TAGGER_ROWS_MAX]);

#endif
