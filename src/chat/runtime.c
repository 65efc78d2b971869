/* SPDX-License-Identifier: MIT
 *
 * Bounds of one rendering, and its failure.
 */
#include "chat/runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "chat/chat.h"

void *rt_alloc(struct runtime *rt, size_t size_bytes) {
    if (rt->status) return NULL;
    if (size_bytes > CHAT_MEMORY_BYTES_MAX - rt->n_bytes) {
        rt_fail(rt, ERR_LIMIT, _("the template takes more than %d MiB of memory"),
                CHAT_MEMORY_BYTES_MAX >> 20);
        return NULL;
    }
    void *p = arena_alloc(&rt->arena, size_bytes);
    if (!p) {
        rt_fail(rt, ERR_NOMEM, _("not enough memory to render the template"));
        return NULL;
    }
    rt->n_bytes += size_bytes;
    return memset(p, 0, size_bytes);
}

bool rt_steps(struct runtime *rt, size_t n) {
    if (rt->status) return false;
    if (n > CHAT_STEPS_MAX - rt->n_steps)
        return rt_fail(rt, ERR_LIMIT, _("the template takes more than %d steps"), CHAT_STEPS_MAX);
    rt->n_steps += n;
    return true;
}

bool rt_bytes(struct runtime *rt, size_t n_bytes) {
    return rt_steps(rt, n_bytes / RUNTIME_BYTES_PER_STEP);
}

bool rt_enter(struct runtime *rt) {
    if (rt->status) return false;
    if (rt->depth >= RUNTIME_DEPTH_MAX)
        return rt_fail(rt, ERR_LIMIT, _("macros or values are nested too deeply"));
    rt->depth++;
    return true;
}

void rt_leave(struct runtime *rt) {
    rt->depth--;
}

bool rt_fail(struct runtime *rt, enum status status, const char *format, ...) {
    if (rt->status) return false;
    char text[ERROR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    rt->status = fail(rt->err, status, _("%s, line %zu: %s"), rt->name, rt->line, text);
    return false;
}
