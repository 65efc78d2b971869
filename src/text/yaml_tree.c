/* SPDX-License-Identifier: MIT
 *
 * From libyaml's events to a small tree.
 */
#include "text/yaml_tree.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include <yaml.h>

#include "base/intl.h"

struct reader {
    yaml_parser_t parser;
    struct arena *arena;
    const char *name;
    struct error *err;
};

static enum status refuse(struct reader *r, size_t line, const char *why) {
    return fail(r->err, ERR_INVALID, "%s:%zu: %s", r->name, line + 1, why);
}

static enum status next_event(struct reader *r, yaml_event_t *event) {
    if (yaml_parser_parse(&r->parser, event)) return OK;
    if (r->parser.error == YAML_MEMORY_ERROR)
        return fail(r->err, ERR_NOMEM, _("%s: not enough memory"), r->name);
    return refuse(r, r->parser.problem_mark.line,
                  r->parser.problem ? r->parser.problem : _("not YAML"));
}

static bool is_marked(const yaml_event_t *e) {
    switch (e->type) {
    case YAML_SCALAR_EVENT: return e->data.scalar.anchor || e->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return e->data.sequence_start.anchor || e->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT: return e->data.mapping_start.anchor || e->data.mapping_start.tag;
    case YAML_ALIAS_EVENT: return true;
    default: return false;
    }
}

static enum status read_value(struct reader *r, const yaml_event_t *event, int depth,
                              struct yaml_value **out);

/* Items of a list or map up to its end. */
static enum status read_items(struct reader *r, struct yaml_value *parent, int depth) {
    struct yaml_value **tail = &parent->child;
    for (;;) {
        yaml_event_t event;
        const char *key = NULL;
        enum status st = next_event(r, &event);
        if (st) return st;
        const size_t line = event.start_mark.line;
        if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return OK;
        }
        if (parent->type == YAML_MAP) {
            if (event.type != YAML_SCALAR_EVENT || is_marked(&event) ||
                memchr(event.data.scalar.value, '\0', event.data.scalar.length)) {
                yaml_event_delete(&event);
                return refuse(r, line, _("a key must be a plain string"));
            }
            key = arena_strndup(r->arena, (const char *)event.data.scalar.value,
                                event.data.scalar.length);
            yaml_event_delete(&event);
            if (!key) return fail(r->err, ERR_NOMEM, _("%s: not enough memory"), r->name);
            if (yaml_get(parent, key)) return refuse(r, line, _("this key stands twice"));
            if ((st = next_event(r, &event))) return st;
        }
        st = read_value(r, &event, depth + 1, tail);
        yaml_event_delete(&event);
        if (st) return st;
        assert(*tail);
        (*tail)->key = key;
        tail = &(*tail)->sibling;
    }
}

static enum status read_value(struct reader *r, const yaml_event_t *event, int depth,
                              struct yaml_value **out) {
    const size_t line = event->start_mark.line;
    if (is_marked(event)) return refuse(r, line, _("anchors, aliases and tags are not allowed"));
    if (depth > YAML_DEPTH_MAX) return refuse(r, line, _("nested too deeply"));
    struct yaml_value *v = arena_alloc(r->arena, sizeof(*v));
    if (!v) return fail(r->err, ERR_NOMEM, _("%s: not enough memory"), r->name);
    *v = (struct yaml_value){.line = line + 1};
    *out = v;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        v->type = YAML_STRING;
        if (memchr(event->data.scalar.value, '\0', event->data.scalar.length))
            return refuse(r, line, _("a NUL character in a string"));
        v->string = arena_strndup(r->arena, (const char *)event->data.scalar.value,
                                  event->data.scalar.length);
        return v->string ? OK : fail(r->err, ERR_NOMEM, _("%s: not enough memory"), r->name);
    case YAML_SEQUENCE_START_EVENT: v->type = YAML_LIST; return read_items(r, v, depth);
    case YAML_MAPPING_START_EVENT: v->type = YAML_MAP; return read_items(r, v, depth);
    default: return refuse(r, line, _("a value is missing"));
    }
}

/* Nothing but the end may follow: a second document would be lost without a word. */
static enum status expect_end(struct reader *r) {
    for (;;) {
        yaml_event_t event;
        const enum status st = next_event(r, &event);
        if (st) return st;
        const yaml_event_type_t type = event.type;
        const size_t line = event.start_mark.line;
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT) return OK;
        if (type != YAML_DOCUMENT_END_EVENT) return refuse(r, line, _("a second document"));
    }
}

static enum status read_document(struct reader *r, struct yaml_value **out) {
    for (;;) {
        yaml_event_t event;
        enum status st = next_event(r, &event);
        if (st) return st;
        if (event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_START_EVENT) {
            yaml_event_delete(&event);
            continue;
        }
        if (event.type == YAML_STREAM_END_EVENT) {
            yaml_event_delete(&event);
            return refuse(r, 0, _("the file is empty"));
        }
        st = read_value(r, &event, 0, out);
        yaml_event_delete(&event);
        return st;
    }
}

enum status yaml_parse(struct yaml_value **out, struct arena *arena, const char *bytes, size_t n,
                       const char *name, struct error *err) {
    struct reader r = {.arena = arena, .name = name, .err = err};
    if (n > YAML_SIZE_MAX_BYTES)
        return fail(err, ERR_LIMIT, _("%s: larger than the limit of %d bytes"), name,
                    YAML_SIZE_MAX_BYTES);
    if (!yaml_parser_initialize(&r.parser))
        return fail(err, ERR_NOMEM, _("%s: not enough memory"), name);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)bytes, n);
    enum status st = read_document(&r, out);
    if (st == OK) st = expect_end(&r);
    yaml_parser_delete(&r.parser);
    return st;
}

const struct yaml_value *yaml_get(const struct yaml_value *map, const char *key) {
    if (!map || map->type != YAML_MAP) return NULL;
    for (const struct yaml_value *v = map->child; v; v = v->sibling)
        if (v->key && strcmp(v->key, key) == 0) return v;
    return NULL;
}
