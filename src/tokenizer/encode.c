/* SPDX-License-Identifier: MIT
 *
 * Encoding: text to tokens.
 *
 * The pieces are copied into one buffer of valid UTF-8 (SPM: U+2581 a space), special tokens are
 * looked for from left to right, and what lies between them is joined: by SPM in one run, by BPE
 * word by word. Tokens are as long as the text they stand for, so where each lies is found after
 * the fact by adding up lengths, and taken back to the caller's bytes by a list of what was
 * changed.
 */
#include <assert.h>

#include "base/intl.h"
#include "tokenizer/joiner.h"
#include "tokenizer/unicode.h"
#include "tokenizer/vocab.h"

enum { TEXT_MAX = INT32_MAX, WORTH_REMEMBERING = 1024 };

/* A way back through changes, for positions that never fall. What lies in a change is all of it. */
struct way {
    const struct nfc_change *changes;
    size_t n, start_at, end_at; /* changes before the positions asked for last */
};

static size_t way_start(struct way *w, size_t at) {
    while (w->start_at < w->n && w->changes[w->start_at].at <= at)
        w->start_at++;
    if (w->start_at == 0) return at;
    const struct nfc_change *c = &w->changes[w->start_at - 1];
    if (at < (size_t)c->at + c->n) return c->source_at;
    return (size_t)c->source_at + c->source_n + (at - c->at - c->n);
}

static size_t way_end(struct way *w, size_t at) {
    while (w->end_at < w->n && w->changes[w->end_at].at < at)
        w->end_at++;
    if (w->end_at == 0) return at;
    const struct nfc_change *c = &w->changes[w->end_at - 1];
    if (at <= (size_t)c->at + c->n) return (size_t)c->source_at + c->source_n;
    return (size_t)c->source_at + c->source_n + (at - c->at - c->n);
}

/* One call. */
struct encoder {
    const struct tokenizer *tokenizer;
    struct token_list *out;
    struct joiner joiner;
    char *buffer; /* [n_room]; a spare byte, then the text */
    char *text;   /* [n] */
    size_t n, n_room;
    struct array seams; /* struct seam, of the text */
    struct array
        changes; /* struct nfc_change: text and the caller's bytes; when spans are wanted */
    struct way way;
};

/* --- the text --- */

/* Bytes that are ASCII from the start of n. */
static size_t ascii_bytes(const unsigned char *p, size_t n) {
    size_t at = 0;
    for (uint64_t eight; n - at >= 8; at += 8) {
        memcpy(&eight, p + at, 8);
        if (eight & 0x8080808080808080u) break;
    }
    while (at < n && p[at] < 0x80)
        at++;
    return at;
}

/* What a piece's bytes at p, of n, become: bytes taken, and what is put in their place (NULL: they
 * themselves). */
static size_t take_character(const struct tokenizer *t, const unsigned char *p, size_t n,
                             const char **instead) {
    size_t bad;
    bool cut;
    const size_t length = utf8_check(p, n, &bad, &cut);
    *instead = NULL;
    if (length == 0) *instead = "\xef\xbf\xbd";
    if (length == 3 && t->model == MODEL_SPM && memcmp(p, "\xe2\x96\x81", 3) == 0) *instead = " ";
    return length ? length : bad;
}

/* The bytes that n of a piece become. */
static size_t clean_size(const struct tokenizer *t, const unsigned char *p, size_t n) {
    size_t size = 0;
    for (size_t at = 0; at < n;) {
        const size_t plain = ascii_bytes(p + at, n - at);
        const char *instead;
        at += plain;
        size += plain;
        if (at == n) break;
        const size_t length = take_character(t, p + at, n - at, &instead);
        at += length;
        size += instead ? strlen(instead) : length;
    }
    return size;
}

static bool note_change(struct encoder *e, size_t n, size_t source_at, size_t source_n) {
    const struct nfc_change change = {(uint32_t)e->n, (uint32_t)n, (uint32_t)source_at,
                                      (uint32_t)source_n};
    return !e->out->wants_spans || array_push(&e->changes, &change, sizeof(change));
}

/* Appends a piece to the text; `base` is where its bytes lie among all. */
static bool clean(struct encoder *e, const unsigned char *p, size_t n, size_t base) {
    for (size_t at = 0; at < n;) {
        const size_t plain = ascii_bytes(p + at, n - at);
        const char *instead;
        memcpy(e->text + e->n, p + at, plain);
        e->n += plain;
        at += plain;
        if (at == n) break;
        const size_t length = take_character(e->tokenizer, p + at, n - at, &instead);
        const size_t size = instead ? strlen(instead) : length;
        memcpy(e->text + e->n, instead ? instead : (const char *)p + at, size);
        if (instead && !note_change(e, size, base + at, length)) return false;
        e->n += size;
        at += length;
    }
    return true;
}

static enum status no_memory(struct error *err) {
    return fail(err, ERR_NOMEM, _("not enough memory to turn the text into tokens"));
}

static enum status take_text(struct encoder *e, const struct text_piece *pieces, size_t n_pieces,
                             struct error *err) {
    size_t given = 0, size = 0, base = 0;
    for (size_t i = 0; i < n_pieces; i++) {
        if (!size_add(&given, given, pieces[i].n) || given > TEXT_MAX) size = SIZE_MAX;
        if (size <= TEXT_MAX)
            size += clean_size(e->tokenizer, (const unsigned char *)pieces[i].text, pieces[i].n);
        if (size > TEXT_MAX)
            return fail(err, ERR_LIMIT, _("a text of more than %d bytes is too long for tokens"),
                        TEXT_MAX);
    }
    e->n_room = size + 1;
    e->buffer = mem_alloc(e->n_room);
    if (!e->buffer) return no_memory(err);
    e->text = e->buffer + 1;
    for (size_t i = 0; i < n_pieces; i++) {
        if (pieces[i].n == 0) continue;
        if (!clean(e, (const unsigned char *)pieces[i].text, pieces[i].n, base))
            return no_memory(err);
        base += pieces[i].n;
        const struct seam seam = {e->n, pieces[i].specials};
        if (!array_push(&e->seams, &seam, sizeof(seam))) return no_memory(err);
    }
    e->way = (struct way){.changes = e->changes.data, .n = e->changes.n};
    return OK;
}

/* --- tokens --- */

static bool push_span(struct encoder *e, size_t start, size_t end) {
    const struct token_span span = {way_start(&e->way, start), way_end(&e->way, end)};
    return array_push(&e->out->spans, &span, sizeof(span));
}

static bool push_token(struct encoder *e, int32_t id, size_t start, size_t end) {
    if (!array_push(&e->out->ids, &id, sizeof(id))) return false;
    return !e->out->wants_spans || push_span(e, start, end);
}

/* A stretch between special tokens: bytes of its own, which stand for `source` on in the text. */
struct stretch {
    const char *text;
    size_t n;
    size_t source;
    bool prefixed;  /* the first byte is a space that was put there */
    struct way way; /* from its bytes to the text's, which begin at source */
};

static bool is_inside(const struct stretch *s, size_t at) {
    return at < s->n && ((unsigned char)s->text[at] & 0xc0) == 0x80;
}

/* The spans of the tokens of a stretch, from number `first` on. */
static bool span_stretch(struct encoder *e, struct stretch *s, size_t first) {
    if (!array_reserve(&e->out->spans, e->out->ids.n - first, sizeof(struct token_span)))
        return false;
    for (size_t i = first, at = 0; i < e->out->ids.n; i++) {
        const int32_t id = ((const int32_t *)e->out->ids.data)[i];
        size_t start = at, end = at + e->tokenizer->entries[id].n;
        at = end;
        while (is_inside(s, start)) /* part of a character has all of it */
            start--;
        while (is_inside(s, end))
            end++;
        if (s->prefixed && start > 0) start--;
        if (s->prefixed) end--;
        const size_t from = s->source + way_start(&s->way, start);
        const size_t to = s->source +
                          (end > start ? way_end(&s->way, end) : way_start(&s->way, end));
        if (from == to) {
            const size_t place = way_start(&e->way, from);
            const struct token_span nothing = {place, place};
            if (!array_push(&e->out->spans, &nothing, sizeof(nothing))) return false;
        } else if (!push_span(e, from, to)) {
            return false;
        }
    }
    return true;
}

static bool join_words(struct encoder *e, const struct stretch *s) {
    const unsigned char *p = (const unsigned char *)s->text;
    for (size_t at = 0, end; at < s->n; at = end) {
        end = split_next(e->tokenizer->split, p, s->n, at);
        assert(end > at && end <= s->n);
        if (!joiner_word(&e->joiner, s->text + at, end - at)) return false;
    }
    return true;
}

static bool encode_stretch(struct encoder *e, struct stretch *s) {
    const size_t first = e->out->ids.n;
    const bool spm = e->tokenizer->model == MODEL_SPM;
    if (!(spm ? joiner_run(&e->joiner, s->text, s->n) : join_words(e, s))) return false;
    return !e->out->wants_spans || span_stretch(e, s, first);
}

static bool encode_composed(struct encoder *e, struct stretch *s) {
    struct array changes = {0};
    unsigned char *composed;
    size_t n;
    if (!nfc(&composed, &n, e->out->wants_spans ? &changes : NULL, (const unsigned char *)s->text,
             s->n)) {
        array_release(&changes);
        return false;
    }
    s->text = (const char *)composed;
    s->n = n;
    s->way = (struct way){.changes = changes.data, .n = changes.n};
    const bool whole = encode_stretch(e, s);
    mem_wipe_free(composed, n);
    array_release(&changes);
    return whole;
}

/* The text [start, end) between special tokens. */
static bool encode_between(struct encoder *e, size_t start, size_t end) {
    if (start == end) return true;
    struct stretch s = {.text = e->text + start, .n = end - start, .source = start};
    if (e->tokenizer->composes && !nfc_is_stable((const unsigned char *)s.text, s.n))
        return encode_composed(e, &s);
    if (e->tokenizer->space_prefix) {
        /* what stands there is the special token before, done with, or the spare byte */
        e->text[(ptrdiff_t)start - 1] = ' ';
        s.text--;
        s.n++;
        s.prefixed = true;
    }
    return encode_stretch(e, &s);
}

static size_t skip_spaces(const struct encoder *e, size_t at) {
    for (uint32_t cp; at < e->n;) {
        const size_t length = utf8_decode((const unsigned char *)e->text + at, &cp);
        if (!(unicode_flags(cp) & UNICODE_SPACE)) break;
        at += length;
    }
    return at;
}

static bool encode_text(struct encoder *e) {
    const struct tokenizer *t = e->tokenizer;
    const struct seam *seam = e->seams.data;
    size_t done = 0;
    for (size_t at = 0; at < e->n;) {
        int32_t id;
        if (!specials_begin(t, (unsigned char)e->text[at])) {
            at++;
            continue;
        }
        while (seam->end <= at)
            seam++;
        if (!specials_match(t, e->text, e->n, at, seam, &id)) {
            at++;
            continue;
        }
        if (!encode_between(e, done, at)) return false;
        done = at + t->entries[id].n;
        if (t->entries[id].flags & TOKEN_EATS_SPACE) done = skip_spaces(e, done);
        if (!push_token(e, id, at, done)) return false;
        at = done;
    }
    return encode_between(e, done, e->n);
}

/* Whether the text begins with BOS itself. */
static bool begins_with_bos(const struct encoder *e) {
    int32_t id;
    return e->n > 0 && specials_begin(e->tokenizer, (unsigned char)e->text[0]) &&
           specials_match(e->tokenizer, e->text, e->n, 0, e->seams.data, &id) &&
           id == e->tokenizer->bos;
}

enum bos { BOS_NEVER, BOS_ALWAYS, BOS_IF_MISSING };

static enum status encode(const struct tokenizer *t, struct token_list *out,
                          const struct text_piece *pieces, size_t n_pieces, enum bos bos,
                          struct error *err) {
    const size_t n_ids = out->ids.n, n_spans = out->spans.n;
    struct encoder e = {.tokenizer = t, .out = out, .joiner = {.tokenizer = t, .ids = &out->ids}};
    enum status st = take_text(&e, pieces, n_pieces, err);
    if (!st) {
        if (e.n > WORTH_REMEMBERING) joiner_remember(&e.joiner);
        if (!t->adds_bos || (bos == BOS_IF_MISSING && begins_with_bos(&e))) bos = BOS_NEVER;
        if ((bos && !push_token(&e, t->bos, 0, 0)) || !encode_text(&e)) st = no_memory(err);
    }
    if (st) {
        out->ids.n = n_ids;
        out->spans.n = n_spans;
    }
    joiner_release(&e.joiner);
    mem_wipe_free(e.buffer, e.n_room);
    array_release(&e.seams);
    array_release(&e.changes);
    return st;
}

enum status tokenizer_encode_pieces(const struct tokenizer *t, struct token_list *out,
                                    const struct text_piece *pieces, size_t n_pieces, bool add_bos,
                                    struct error *err) {
    return encode(t, out, pieces, n_pieces, add_bos ? BOS_IF_MISSING : BOS_NEVER, err);
}

enum status tokenizer_encode(const struct tokenizer *t, struct token_list *out, const char *text,
                             size_t n, enum specials specials, bool add_bos, struct error *err) {
    const struct text_piece piece = {text, n, specials};
    return encode(t, out, &piece, 1, add_bos ? BOS_ALWAYS : BOS_NEVER, err);
}

void token_list_release(struct token_list *tokens) {
    mem_wipe(tokens->ids.data, tokens->ids.capacity * sizeof(int32_t));
    mem_wipe(tokens->spans.data, tokens->spans.capacity * sizeof(struct token_span));
    array_release(&tokens->ids);
    array_release(&tokens->spans);
}
