/* SPDX-License-Identifier: MIT
 *
 * YAML for policies and settings, kept small on purpose: maps, lists and strings. Anchors, aliases
 * and tags are refused; depth and size are bounded. Parsing is libyaml's (YAML 1.1).
 */
#ifndef SIGILO_TEXT_YAML_TREE_H
#define SIGILO_TEXT_YAML_TREE_H

#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"

enum yaml_type { YAML_STRING, YAML_LIST, YAML_MAP };

struct yaml_value {
    enum yaml_type type;
    size_t line;                /* from 1 */
    const char *key;            /* in a map: its key; else NULL */
    const char *string;         /* of a string */
    struct yaml_value *child;   /* first item of a list or map */
    struct yaml_value *sibling; /* next item */
};

enum { YAML_DEPTH_MAX = 16, YAML_SIZE_MAX_BYTES = 1 << 20 };

/* Parses one document into the arena. ERR_INVALID says `name`, line and reason. */
enum status yaml_parse(struct yaml_value **out, struct arena *arena, const char *bytes, size_t n,
                       const char *name, struct error *err);

/* The value of a key of a map, or NULL. */
const struct yaml_value *yaml_get(const struct yaml_value *map, const char *key);

#endif
