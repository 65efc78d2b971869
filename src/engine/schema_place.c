/* SPDX-License-Identifier: MIT
 *
 * Where in the document a schema stands, what a refusal says of it, and where a $ref leads.
 *
 * A place is a chain from its end: children share what is above them, and a pointer is spelt out
 * only when a message needs it.
 */
#include "engine/schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/intl.h"

enum { POINTER_SHOWN = 200, POINTER_TOKENS = 64 };

static const struct place *add_place(struct translator *t, const struct place *up,
                                     const struct place *what) {
    struct place *p = arena_alloc(&t->arena, sizeof(*p));
    if (!p) return up;
    *p = *what;
    p->up = up;
    p->depth += up ? up->depth : 0;
    return p;
}

const struct place *place_keyword(struct translator *t, const struct place *up, const char *key) {
    return add_place(t, up, &(struct place){.key = key, .depth = 1});
}

const struct place *place_name(struct translator *t, const struct place *up, const char *name) {
    return add_place(t, up, &(struct place){.key = name});
}

const struct place *place_index(struct translator *t, const struct place *up, size_t index) {
    return add_place(t, up, &(struct place){.index = index});
}

/* --- messages --- */

/* Cuts at n bytes without leaving half a character. */
static size_t whole_characters(const char *text, size_t n) {
    while (n && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    return n;
}

static void show(char *out, size_t size, const char *text) {
    size_t n = strlen(text);
    const bool cut = n >= size;
    if (cut) n = whole_characters(text, size - 4);
    memcpy(out, text, n);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)out[i] < ' ' || out[i] == 0x7F) out[i] = '?';
    memcpy(out + n, cut ? "..." : "", cut ? 4 : 1);
}

const char *schema_shown(char buffer[SCHEMA_SHOWN], const char *text) {
    show(buffer, SCHEMA_SHOWN, text);
    return buffer;
}

/* One token with ~0 and ~1 for ~ and /. */
static size_t show_token(char *out, size_t size, const struct place *p) {
    char name[SCHEMA_SHOWN];
    size_t n = 0;
    if (!p->key) return (size_t)snprintf(out, size, "/%zu", p->index);
    out[n++] = '/';
    schema_shown(name, p->key);
    for (const char *c = name; *c && n + 3 < size; c++) {
        if (*c == '~' || *c == '/') out[n++] = '~';
        out[n++] = *c == '~' ? '0' : *c == '/' ? '1' : *c;
    }
    out[n] = '\0';
    return n;
}

/* The last tokens that fit. */
static void show_pointer(char out[POINTER_SHOWN + 4], const struct place *at) {
    char tokens[POINTER_SHOWN + 1];
    size_t begin = POINTER_SHOWN, n_tokens = 0;
    tokens[begin] = '\0';
    for (; at && n_tokens < POINTER_TOKENS; at = at->up, n_tokens++) {
        char token[2 * SCHEMA_SHOWN + 2];
        const size_t n = show_token(token, sizeof(token), at);
        if (n > begin) break;
        begin -= n;
        memcpy(tokens + begin, token, n);
    }
    snprintf(out, POINTER_SHOWN + 4, "%s%s", at ? "..." : "", tokens + begin);
}

enum status(schema_refuse)(struct translator *t, enum status st, const struct place *at,
                           const char *format, ...) {
    char pointer[POINTER_SHOWN + 4], what[ERROR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    if (!at) return fail(t->err, st, _("schema: %s"), what);
    show_pointer(pointer, at);
    return fail(t->err, st, _("schema, at %s: %s"), pointer, what);
}

enum status(schema_no_memory)(struct translator *t) {
    return fail(t->err, ERR_NOMEM, _("not enough memory for the schema"));
}

enum status schema_work(struct translator *t, size_t n, const struct place *at) {
    t->work += n;
    if (t->work <= SCHEMA_WORK_MAX) return OK;
    return schema_refuse(t, ERR_LIMIT, at,
                         _("the schema's alternatives combine into too many; give fewer of them"));
}

/* --- $ref --- */

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Undoes %XX in place. */
static void decode_percent(char *s) {
    char *to = s;
    for (; *s; s++) {
        if (*s == '%' && hex_digit(s[1]) >= 0 && hex_digit(s[2]) >= 0) {
            *to++ = (char)(hex_digit(s[1]) * 16 + hex_digit(s[2]));
            s += 2;
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
}

/* Undoes ~1 and ~0 in place. */
static void decode_token(char *s) {
    char *to = s;
    for (; *s; s++) {
        if (*s == '~' && (s[1] == '0' || s[1] == '1')) {
            *to++ = s[1] == '0' ? '~' : '/';
            s++;
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
}

static json_t *at_index(json_t *array, const char *token, size_t *index) {
    size_t i = 0;
    for (const char *c = token; *c; c++) {
        if (*c < '0' || *c > '9' || i > json_array_size(array)) return NULL;
        i = i * 10 + (size_t)(*c - '0');
    }
    *index = i;
    return *token ? json_array_get(array, i) : NULL;
}

/* Follows a JSON pointer, "/a/b"; cuts it up in place, for the place's keys. */
static json_t *follow(struct translator *t, char *pointer, const struct place **target) {
    json_t *node = t->root;
    char *next = pointer;
    while (node && next) {
        char *token = next + 1;
        next = strchr(token, '/');
        if (next) *next = '\0';
        decode_token(token);
        size_t index = 0;
        if (json_is_array(node)) {
            node = at_index(node, token, &index);
            *target = place_index(t, *target, index);
        } else {
            node = json_object_get(node, token);
            *target = place_name(t, *target, token);
        }
    }
    return node;
}

static bool has_anchor(const json_t *schema, const char *name) {
    const char *anchor = json_string_value(json_object_get(schema, "$anchor"));
    const char *id = json_string_value(json_object_get(schema, "$id"));
    return (anchor && strcmp(anchor, name) == 0) ||
           (id && id[0] == '#' && strcmp(id + 1, name) == 0);
}

/* The schema with that $anchor (draft 07: with "$id": "#name"); what is data is passed over. Its
 * recursion is as deep as the text's brackets, SCHEMA_NESTING_MAX. */
static json_t *find_anchor(struct translator *t, json_t *node, const char *name) {
    const char *key;
    json_t *value, *found = NULL;
    size_t i;
    t->work++;
    if (json_is_object(node)) {
        if (has_anchor(node, name)) return node;
        json_object_foreach(node, key, value) {
            if (strcmp(key, "enum") == 0 || strcmp(key, "const") == 0) continue;
            if (strcmp(key, "default") == 0 || strcmp(key, "examples") == 0) continue;
            if (!found) found = find_anchor(t, value, name);
        }
    }
    json_array_foreach(node, i, value) if (!found) found = find_anchor(t, value, name);
    return found;
}

enum status schema_resolve(struct translator *t, const char *ref, const struct place *at,
                           json_t **schema, const struct place **target) {
    char shown[SCHEMA_SHOWN];
    const char *fragment = ref;
    const size_t n_id = t->root_id ? strcspn(t->root_id, "#") : 0;
    if (n_id && strncmp(ref, t->root_id, n_id) == 0) fragment = ref + n_id;
    if (*fragment && *fragment != '#')
        return schema_refuse(t, ERR_UNSUPPORTED, at,
                             _("\"$ref\": \"%s\" leads out of this document, and nothing is "
                               "fetched; put that schema into \"$defs\""),
                             schema_shown(shown, ref));
    char *copy = arena_strndup(&t->arena, fragment, strlen(fragment));
    if (!copy) return schema_no_memory(t);
    decode_percent(copy);
    *target = NULL;
    *schema = t->root;
    if (copy[0] && copy[1] == '/') {
        *schema = follow(t, copy + 1, target);
    } else if (copy[0] && copy[1]) {
        *schema = find_anchor(t, t->root, copy + 1);
        *target = place_name(t, NULL, copy);
    }
    if (*schema) return schema_work(t, 1, at);
    return schema_refuse(t, ERR_INVALID, at, _("\"$ref\": \"%s\" leads nowhere"),
                         schema_shown(shown, ref));
}
