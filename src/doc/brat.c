/* SPDX-License-Identifier: MIT
 *
 * Reading BRAT standoff. One pass over the lines; only text-bound annotations ("T...") are kept.
 * Whether offsets and text agree with a note is not known here: src/eval/check.c asks that.
 */
#include "doc/brat.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/file.h"
#include "base/intl.h"
#include "text/encoding.h"

#define BRAT_SIZE_MAX_BYTES ((size_t)256 << 20)

/* A part of a line that is read from its front. */
struct cursor {
    const char *at, *end;
};

static bool take(struct cursor *c, char wanted) {
    if (c->at == c->end || *c->at != wanted) return false;
    c->at++;
    return true;
}

/* A decimal number below SIZE_MAX / 16. */
static bool take_number(struct cursor *c, size_t *value) {
    const char *first = c->at;
    *value = 0;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9') {
        if (*value > SIZE_MAX / 256) return false;
        *value = *value * 10 + (size_t)(*c->at++ - '0');
    }
    return c->at > first;
}

/* Letters up to the blank; UTF-8, for it is printed. */
static bool take_label(struct cursor *c, size_t *n) {
    const char *first = c->at;
    while (c->at < c->end && *c->at != ' ' && *c->at != '\t') {
        if ((unsigned char)*c->at < 0x20 || *c->at == 0x7f) return false;
        c->at++;
    }
    *n = (size_t)(c->at - first);
    for (size_t at = 0; at < *n;) {
        uint32_t cp;
        bool broken;
        at += encoding_decode(ENCODING_UTF_8, (const unsigned char *)first, *n, at, &cp, &broken);
        if (broken) return false;
    }
    return *n > 0;
}

/* "start end" or "start end;start end;...": from the first start to the last end. */
static bool take_offsets(struct cursor *c, struct brat_entity *e) {
    if (!take_number(c, &e->start) || !take(c, ' ') || !take_number(c, &e->end)) return false;
    while (take(c, ';')) {
        size_t start;
        if (!take_number(c, &start) || !take(c, ' ') || !take_number(c, &e->end)) return false;
    }
    return true;
}

/* One "T..." line without its end. */
static enum status parse_line(struct brat *b, struct array *entities, struct cursor c, size_t line,
                              const char *name, struct error *err) {
    struct brat_entity e = {.line = line};
    const char *tab = memchr(c.at, '\t', (size_t)(c.end - c.at));
    if (!tab || tab == c.at + 1)
        return fail(err, ERR_INVALID, _("%s:%zu: no identifier and tab at its start"), name, line);
    c.at = tab + 1;
    const char *label = c.at;
    size_t n_label;
    if (!take_label(&c, &n_label) || !take(&c, ' '))
        return fail(err, ERR_INVALID, _("%s:%zu: no label followed by a blank"), name, line);
    if (!take_offsets(&c, &e))
        return fail(err, ERR_INVALID, _("%s:%zu: offsets are not two numbers"), name, line);
    if (c.at < c.end && !take(&c, '\t'))
        return fail(err, ERR_INVALID, _("%s:%zu: no tab after the offsets"), name, line);
    e.label = arena_strndup(&b->arena, label, n_label);
    e.text = arena_strndup(&b->arena, c.at, (size_t)(c.end - c.at));
    if (!e.label || !e.text || !array_push(entities, &e, sizeof(e)))
        return fail(err, ERR_NOMEM, _("%s: not enough memory for its annotations"), name);
    return OK;
}

static enum status parse_lines(struct brat *b, struct array *entities, const char *bytes, size_t n,
                               const char *name, struct error *err) {
    const char *at = bytes, *end = bytes + n;
    if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) at += 3;
    for (size_t line = 1; at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        struct cursor c = {at, stop > at && stop[-1] == '\r' ? stop - 1 : stop};
        if (c.at < c.end && *c.at == 'T') {
            enum status st = parse_line(b, entities, c, line, name, err);
            if (st) return st;
        }
        at = stop < end ? stop + 1 : end;
    }
    return OK;
}

enum status brat_parse(struct brat *out, const char *bytes, size_t n, const char *name,
                       struct error *err) {
    struct brat b = {0};
    struct array entities = {0};
    enum status st = n ? parse_lines(&b, &entities, bytes, n, name, err) : OK;
    if (st == OK && entities.n > 0) {
        const size_t size_bytes = entities.n * sizeof(struct brat_entity);
        b.entities = arena_alloc(&b.arena, size_bytes);
        if (b.entities)
            memcpy(b.entities, entities.data, size_bytes);
        else
            st = fail(err, ERR_NOMEM, _("%s: not enough memory for its annotations"), name);
        b.n = entities.n;
    }
    array_release(&entities);
    if (st) {
        brat_release(&b);
        return st;
    }
    *out = b;
    return OK;
}

enum status brat_read(struct brat *out, const char *path, struct error *err) {
    struct file_bytes file;
    enum status st = file_read(&file, path, BRAT_SIZE_MAX_BYTES, err);
    if (st) return st;
    st = brat_parse(out, (const char *)file.data, file.n, path, err);
    file_bytes_release(&file);
    return st;
}

void brat_release(struct brat *b) {
    arena_release(&b->arena);
    *b = (struct brat){0};
}
