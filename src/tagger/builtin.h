/* SPDX-License-Identifier: MIT
 *
 * The model linked into the program (builtin.gguf of this folder).
 */
#ifndef SIGILO_TAGGER_BUILTIN_H
#define SIGILO_TAGGER_BUILTIN_H

#include <stddef.h>

extern const unsigned char tagger_builtin[], tagger_builtin_end[];

static inline size_t tagger_builtin_bytes(void) {
    return (size_t)(tagger_builtin_end - tagger_builtin);
}

#endif
