/* SPDX-License-Identifier: MIT
 *
 * What the files of engine/ know of each other.
 */
#ifndef SIGILO_ENGINE_INTERNAL_H
#define SIGILO_ENGINE_INTERNAL_H

#include "base/threads.h"
#include "engine/engine.h"

struct engine {
    struct kernels kernels;
    struct gguf *gguf;
    struct model *model;
    struct pool *pool;
    struct tokenizer *tokenizer; /* NULL: not asked for */
};

#endif
