/* SPDX-License-Identifier: MIT
 *
 * JSON in and out: the caller's messages and tools to values, and values to JSON as Python's
 * json.dumps writes it.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intl.h"
#include "chat/chat.h"
#include "chat/characters.h"
#include "chat/value.h"

/* --- in --- */

static bool from_json(struct runtime *rt, const json_t *json, unsigned depth, struct value *out);

static bool list_from_json(struct runtime *rt, const json_t *json, unsigned depth,
                           struct value *out) {
    const size_t n = json_array_size(json);
    struct list *l = list_new(rt, n);
    if (!l) return false;
    for (size_t i = 0; i < n; i++) {
        struct value v;
        if (!from_json(rt, json_array_get(json, i), depth + 1, &v) || !list_push(rt, l, v))
            return false;
    }
    *out = value_of_list(V_LIST, l);
    return true;
}

static bool dict_from_json(struct runtime *rt, const json_t *json, unsigned depth,
                           struct value *out) {
    struct dict *d = dict_new(rt);
    if (!d) return false;
    json_t *object = (json_t *)(uintptr_t)json; /* jansson's iterators are not const */
    for (void *it = json_object_iter(object); it; it = json_object_iter_next(object, it)) {
        struct value v;
        const char *name = json_object_iter_key(it);
        const struct string *key = string_new(rt, name, strlen(name), true);
        if (!key || !from_json(rt, json_object_iter_value(it), depth + 1, &v) ||
            !dict_set(rt, d, value_of_string(key), v))
            return false;
    }
    *out = value_of_dict(V_DICT, d);
    return true;
}

static bool from_json(struct runtime *rt, const json_t *json, unsigned depth, struct value *out) {
    if (depth > CHAT_DEPTH_MAX)
        return rt_fail(rt, ERR_LIMIT,
                       _("messages, tools or variables are nested more than %d deep"),
                       CHAT_DEPTH_MAX);
    if (!rt_steps(rt, 1)) return false;
    *out = (struct value){.type = V_NONE};
    switch (json_typeof(json)) {
    case JSON_NULL: return true;
    case JSON_TRUE: *out = value_of_bool(true); break;
    case JSON_FALSE: *out = value_of_bool(false); break;
    case JSON_INTEGER: *out = value_of_int(json_integer_value(json)); break;
    case JSON_REAL: *out = value_of_float(json_real_value(json)); break;
    case JSON_STRING:
        out->type = V_STRING;
        out->string = string_new(rt, json_string_value(json), json_string_length(json), true);
        return out->string != NULL;
    case JSON_ARRAY: return list_from_json(rt, json, depth, out);
    case JSON_OBJECT: return dict_from_json(rt, json, depth, out);
    }
    out->is_data = true;
    return true;
}

bool value_from_json(struct runtime *rt, const json_t *json, struct value *out) {
    return from_json(rt, json, 1, out);
}

static bool is_word(const struct string *s) {
    for (size_t i = 0; i < s->n; i++) {
        const char c = s->data[i];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '-' && c != '_') return false;
    }
    return true;
}

bool value_from_messages(struct runtime *rt, const json_t *messages, size_t n, struct value *out) {
    struct list *l = list_new(rt, n);
    const struct string *role = string_new(rt, "role", 4, false);
    if (!l || !role) return false;
    for (size_t i = 0; i < n; i++) {
        struct value v;
        if (!from_json(rt, json_array_get(messages, i), 2, &v)) return false;
        struct entry *e = dict_find_string(rt, v.dict, role);
        if (e && e->value.type == V_STRING && is_word(e->value.string)) {
            const struct string *s = e->value.string;
            e->value.string = string_new(rt, s->data, s->n, false);
            if (!e->value.string) return false;
        }
        if (rt->status || !list_push(rt, l, v)) return false;
    }
    *out = value_of_list(V_LIST, l);
    return true;
}

/* --- out --- */

struct writer {
    struct runtime *rt;
    struct builder *out;
    const struct json_style *style;
    size_t level;
};

static bool write_json(struct writer *w, const struct value *v);

static bool write_escape(struct writer *w, uint32_t cp, bool is_data) {
    char text[16];
    static const char from[] = "\"\\\n\r\t\f\b", to[] = "\"\\nrtfb";
    const char *p = cp && cp < 0x80 ? strchr(from, (char)cp) : NULL;
    if (p)
        snprintf(text, sizeof(text), "\\%c", to[p - from]);
    else if (cp > 0xffff) /* as two halves */
        snprintf(text, sizeof(text), "\\u%04" PRIx32 "\\u%04" PRIx32,
                 0xd800 + ((cp - 0x10000) >> 10), 0xdc00 + ((cp - 0x10000) & 0x3ff));
    else
        snprintf(text, sizeof(text), "\\u%04" PRIx32, cp);
    return builder_add(w->rt, w->out, text, strlen(text), is_data);
}

/* Runs that need no escape are copied whole. */
static bool write_string(struct writer *w, const struct string *s) {
    size_t start = 0;
    bool good = builder_puts(w->rt, w->out, "\"");
    for (size_t at = 0; good && at < s->n;) {
        uint32_t cp;
        const size_t length = char_decode(s->data + at, s->n - at, &cp);
        const bool escaped = cp < 0x20 || cp == '"' || cp == '\\' || (w->style->ascii && cp > 0x7e);
        if (escaped)
            good = builder_add(w->rt, w->out, s->data + start, at - start, string_mark(s, start)) &&
                   write_escape(w, cp, string_mark(s, at));
        at += length;
        if (escaped || (at < s->n && string_mark(s, at) != string_mark(s, start))) {
            if (!escaped)
                good = builder_add(w->rt, w->out, s->data + start, at - start,
                                   string_mark(s, start));
            start = at;
        }
    }
    if (good && start < s->n)
        good = builder_add(w->rt, w->out, s->data + start, s->n - start, string_mark(s, start));
    return good && builder_puts(w->rt, w->out, "\"");
}

static bool write_break(struct writer *w) {
    if (!w->style->indent) return true;
    bool good = builder_puts(w->rt, w->out, "\n");
    for (size_t i = 0; good && i < w->level; i++)
        good = builder_string(w->rt, w->out, w->style->indent);
    return good;
}

static bool write_item_end(struct writer *w) {
    const struct json_style *style = w->style;
    if (style->item_separator) return builder_string(w->rt, w->out, style->item_separator);
    return builder_puts(w->rt, w->out, style->indent ? "," : ", ");
}

static bool write_list(struct writer *w, const struct list *l) {
    if (l->n == 0) return builder_puts(w->rt, w->out, "[]");
    bool good = builder_puts(w->rt, w->out, "[");
    w->level++;
    for (size_t i = 0; good && i < l->n; i++)
        good = (i == 0 || write_item_end(w)) && write_break(w) && write_json(w, &l->items[i]);
    w->level--;
    return good && write_break(w) && builder_puts(w->rt, w->out, "]");
}

/* A key that is no string is written as one. */
static bool write_key(struct writer *w, const struct value *key) {
    if (key->type == V_STRING) return write_string(w, key->string);
    if (!value_is_number(key) && key->type != V_NONE)
        return rt_fail(w->rt, ERR_INVALID, _("tojson: %s cannot be a key"), value_type_name(key));
    return builder_puts(w->rt, w->out, "\"") && write_json(w, key) &&
           builder_puts(w->rt, w->out, "\"");
}

static bool write_entry(struct writer *w, const struct entry *e) {
    const struct string *separator = w->style->key_separator;
    return write_break(w) && write_key(w, &e->key) &&
           (separator ? builder_string(w->rt, w->out, separator)
                      : builder_puts(w->rt, w->out, ": ")) &&
           write_json(w, &e->value);
}

/* The entries by key; Python's order of keys, which must be comparable. */
static bool sorted_entries(struct runtime *rt, const struct dict *d, struct entry *entries) {
    for (size_t i = 0; i < d->n; i++) {
        size_t low = 0, high = i; /* binary insertion */
        while (low < high) {
            const size_t middle = (low + high) / 2;
            int order;
            if (!value_compare(rt, &d->entries[i].key, &entries[middle].key, &order)) return false;
            if (order < 0)
                high = middle;
            else
                low = middle + 1;
        }
        if (!rt_bytes(rt, (i - low + 1) * sizeof(*entries))) return false;
        memmove(entries + low + 1, entries + low, (i - low) * sizeof(*entries));
        entries[low] = d->entries[i];
    }
    return true;
}

static bool write_dict(struct writer *w, const struct dict *d) {
    if (d->n == 0) return builder_puts(w->rt, w->out, "{}");
    const struct entry *entries = d->entries;
    if (w->style->sort_keys) {
        struct entry *sorted = rt_alloc(w->rt, d->n * sizeof(*sorted));
        if (!sorted || !sorted_entries(w->rt, d, sorted)) return false;
        entries = sorted;
    }
    bool good = builder_puts(w->rt, w->out, "{");
    w->level++;
    for (size_t i = 0; good && i < d->n; i++)
        good = (i == 0 || write_item_end(w)) && write_entry(w, &entries[i]);
    w->level--;
    return good && write_break(w) && builder_puts(w->rt, w->out, "}");
}

static bool write_plain(struct writer *w, const struct value *v) {
    char text[FLOAT_TEXT_MAX];
    switch (v->type) {
    case V_NONE: return builder_puts(w->rt, w->out, "null");
    case V_BOOL: snprintf(text, sizeof(text), "%s", v->boolean ? "true" : "false"); break;
    case V_INT: snprintf(text, sizeof(text), "%" PRId64, v->integer); break;
    case V_FLOAT:
        float_print(text, v->real);
        if (isnan(v->real)) snprintf(text, sizeof(text), "NaN");
        if (isinf(v->real)) snprintf(text, sizeof(text), "%sInfinity", v->real < 0 ? "-" : "");
        break;
    default:
        return rt_fail(w->rt, ERR_INVALID, _("tojson: %s has no form in JSON"), value_type_name(v));
    }
    return builder_add(w->rt, w->out, text, strlen(text), v->is_data);
}

static bool write_json(struct writer *w, const struct value *v) {
    if (!rt_steps(w->rt, 1) || !rt_enter(w->rt)) return false;
    bool good;
    switch (v->type) {
    case V_STRING: good = write_string(w, v->string); break;
    case V_LIST:
    case V_TUPLE: good = write_list(w, v->list); break;
    case V_DICT: good = write_dict(w, v->dict); break;
    default: good = write_plain(w, v);
    }
    rt_leave(w->rt);
    return good;
}

bool value_json(struct runtime *rt, const struct value *v, const struct json_style *style,
                struct value *out) {
    struct builder b = {0};
    struct writer w = {.rt = rt, .out = &b, .style = style};
    if (!write_json(&w, v)) return false;
    builder_blend(&b);
    return builder_value(rt, &b, out);
}
