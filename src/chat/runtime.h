/* SPDX-License-Identifier: MIT
 *
 * One rendering: its memory, what it may still do, where it stands, and how it failed.
 *
 * Every loop over what comes from outside pays for itself in steps, every byte comes from one arena
 * with a ceiling, and every recursion counts its depth; so no template and no message can hold the
 * machine. The first failure sticks: what follows it does nothing.
 */
#ifndef SIGILO_CHAT_RUNTIME_H
#define SIGILO_CHAT_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"

struct builder;
struct scope;
struct chat_prompt;

enum {
    RUNTIME_BYTES_PER_STEP = 32, /* of text copied or searched */
    RUNTIME_DEPTH_MAX = 1000,    /* nested evaluations: half a MiB of C stack in all */
};

struct runtime {
    const char *name; /* of the template */
    size_t line;      /* where it stands */
    struct arena arena;
    size_t n_bytes; /* taken from the arena */
    size_t n_steps;
    unsigned depth;
    enum status status; /* of the first failure */
    struct error *err;
    char *raised; /* raise_exception's message, owned */

    struct scope *scope;
    struct builder *capture; /* where output goes inside set blocks, macros...; NULL: to `out` */
    struct chat_prompt *out;
    struct tm now; /* what strftime_now goes by */
};

/* Cleared memory that lives as long as the rendering; NULL when a bound is hit. */
void *rt_alloc(struct runtime *rt, size_t size_bytes);

/* Pays for work; false when the template has used all it may. */
bool rt_steps(struct runtime *rt, size_t n);
bool rt_bytes(struct runtime *rt, size_t n_bytes);

/* Around every recursion: false when too deep. */
bool rt_enter(struct runtime *rt);
void rt_leave(struct runtime *rt);

/* Records the first failure as "NAME, line N: ..." and returns false. */
__attribute__((format(printf, 3, 4))) bool rt_fail(struct runtime *rt, enum status status,
                                                   const char *format, ...);

#endif
