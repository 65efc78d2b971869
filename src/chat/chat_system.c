/* SPDX-License-Identifier: MIT
 *
 * For templates that refuse a system message: putting it into the first user message.
 */
#include <stdint.h>
#include <string.h>

#include "chat/chat.h"

static bool has_role(const json_t *message, const char *role) {
    const char *is = json_string_value(json_object_get(message, "role"));
    return is && strcmp(is, role) == 0;
}

static json_t *join_texts(const json_t *a, const json_t *b) {
    struct strbuf text;
    strbuf_init(&text, SIZE_MAX / 2);
    strbuf_append(&text, json_string_value(a), json_string_length(a));
    strbuf_putc(&text, '\n');
    strbuf_append(&text, json_string_value(b), json_string_length(b));
    json_t *joined = text.failed ? NULL : json_stringn(text.data, text.n);
    strbuf_release(&text);
    return joined;
}

static json_t *text_part(json_t *text) {
    return json_pack("{s:s, s:O}", "type", "text", "text", text);
}

/* Appends a content's parts; false when memory is short. */
static bool add_parts(json_t *parts, json_t *content) {
    if (json_is_array(content)) return json_array_extend(parts, content) == 0;
    return !json_is_string(content) || json_array_append_new(parts, text_part(content)) == 0;
}

/* Two contents with a line end between: as a text, or as parts if one is. NULL on failure. */
static json_t *join_contents(json_t *a, json_t *b) {
    if (json_is_string(a) && json_is_string(b)) return join_texts(a, b);
    json_t *parts = json_array(), *line_end = json_string("\n");
    const bool good = parts && line_end && add_parts(parts, a) && add_parts(parts, line_end) &&
                      add_parts(parts, b);
    json_decref(line_end);
    if (good) return parts;
    json_decref(parts);
    return NULL;
}

/* Sets what was just made; takes it over. */
static bool set_new(json_t *object, const char *key, json_t *value) {
    return value && json_object_set_new(object, key, value) == 0;
}

static bool fold(json_t *messages) {
    json_t *system = json_incref(json_array_get(messages, 0)); /* it leaves the list */
    json_t *content = json_object_get(system, "content");
    size_t at = 1;
    while (at < json_array_size(messages) && !has_role(json_array_get(messages, at), "user"))
        at++;
    const bool has_user = at < json_array_size(messages);
    json_t *from = has_user ? json_array_get(messages, at) : system, *made = json_copy(from);
    bool good;
    if (has_user) {
        json_t *joined = join_contents(content, json_object_get(from, "content"));
        good = set_new(made, "content", joined) && json_array_set(messages, at, made) == 0 &&
               json_array_remove(messages, 0) == 0;
    } else {
        good = set_new(made, "role", json_string("user")) && json_array_set(messages, 0, made) == 0;
    }
    json_decref(made);
    json_decref(system);
    return good;
}

json_t *chat_fold_system(const json_t *messages) {
    json_t *folded = json_copy((json_t *)(uintptr_t)messages); /* the list; its items are shared */
    if (!folded || !has_role(json_array_get(folded, 0), "system")) return folded;
    if (fold(folded)) return folded;
    json_decref(folded);
    return NULL;
}
