/* SPDX-License-Identifier: MIT
 *
 * Options of the engine, and token lists.
 */
#include "cli/engine_args.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cpu.h"
#include "base/file.h"
#include "base/intl.h"
#include "base/mem.h"
#include "cli/mapped.h"
#include "cli/progress.h"
#include "kernels/kernels.h"

enum { COUNT_MAX = 1 << 30, TOKEN_FILE_MAX = 64 << 20 };

enum status parse_count(size_t *out, const char *text, const char *option, size_t min, size_t max,
                        struct error *err) {
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value < min || value > max)
        return fail(err, ERR_INVALID, _("%s must be a number from %zu to %zu"), option, min, max);
    *out = (size_t)value;
    return OK;
}

static enum status parse_cache_type(enum dtype *out, const char *text, struct error *err) {
    static const enum dtype types[] = {DTYPE_F32, DTYPE_F16, DTYPE_Q8_0};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcasecmp(text, dtype_traits(types[i])->name) == 0) {
            *out = types[i];
            return OK;
        }
    return fail(err, ERR_INVALID, _("--kv must be f32, f16 or q8_0"));
}

/* A name that is none is a misuse: told here, with those that exist, not when the model opens. */
static void take_isa(struct engine_args *args, const char *name, struct error *err) {
    struct kernels ignored;
    if (kernels_init(&ignored, name, cpu_features(), err) == OK) args->engine.isa = name;
}

bool engine_args_take(struct engine_args *args, int c, const char *argument, struct error *err) {
    switch (c) {
    case OPT_CTX:
        parse_count(&args->session.n_ctx, argument, "--ctx", 1, COUNT_MAX, err);
        return true;
    case OPT_BATCH:
        parse_count(&args->session.n_batch, argument, "--batch", 1, COUNT_MAX, err);
        return true;
    case OPT_KV: parse_cache_type(&args->session.cache_type, argument, err); return true;
    case OPT_ISA: take_isa(args, argument, err); return true;
    case OPT_EXACT:
        args->engine.exact = true;
        args->session.cache_type = DTYPE_F32; /* a yardstick rounds nowhere; a --kv after it may */
        return true;
    case 't':
        parse_count(&args->engine.n_threads, argument, "--threads", 1, COUNT_MAX, err);
        return true;
    default: return false;
    }
}

static bool is_between(char c) {
    return c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* `name` is what the list came from, for messages. */
static enum status parse_list(struct array *tokens, const char *p, const char *name,
                              struct error *err) {
    for (;;) {
        while (is_between(*p))
            p++;
        if (!*p) break;
        char *end;
        errno = 0;
        const long value = strtol(p, &end, 10);
        if (end == p || errno || value < INT_MIN || value > INT_MAX || (*end && !is_between(*end)))
            return fail(err, ERR_INVALID, _("%s: token %zu of the list is not a number"), name,
                        tokens->n + 1);
        const int32_t token = (int32_t)value;
        if (!array_push(tokens, &token, sizeof(token)))
            return fail(err, ERR_NOMEM, _("not enough memory for the tokens"));
        p = end;
    }
    return tokens->n ? OK : fail(err, ERR_INVALID, _("%s: no tokens were given"), name);
}

enum status parse_tokens(int32_t **out, size_t *n, const char *text, struct error *err) {
    struct array tokens = {0};
    struct file_bytes file = {0};
    enum status st = OK;
    const char *name = "--tokens";
    if (text[0] == '@') {
        name = text + 1;
        st = file_read(&file, name, TOKEN_FILE_MAX, err);
        text = (const char *)file.data;
        if (!st && memchr(file.data, '\0', file.n))
            st = fail(err, ERR_INVALID, _("%s: the token list is not text"), name);
    }
    if (!st) st = parse_list(&tokens, text, name, err);
    file_bytes_release(&file);
    if (st) {
        array_release(&tokens);
        return st;
    }
    *out = tokens.data;
    *n = tokens.n;
    return OK;
}

enum status engine_args_fit(const struct engine_args *args, size_t n_positions, struct error *err) {
    if (n_positions <= args->session.n_ctx) return OK;
    return fail(err, ERR_FULL, _("%s: %zu tokens do not fit into a context of %zu"),
                args->engine.model_path, n_positions, args->session.n_ctx);
}

enum { LOAD_UNITS = 1000 };

static void show_load(void *context, size_t done_bytes, size_t total_bytes) {
    struct progress *bar = context;
    const size_t wanted = (size_t)((double)done_bytes / (double)total_bytes * LOAD_UNITS);
    while (bar->done < wanted)
        progress_step(bar);
}

enum status engine_args_open(struct engine **engine, struct session **session,
                             const struct engine_args *args, struct error *err) {
    mapped_watch(args->engine.model_path);
    enum status st = engine_open(engine, &args->engine, err);
    if (st) return st;
    st = session_open(session, *engine, &args->session, err);
    if (st) {
        engine_close(*engine);
        *engine = NULL;
        return st;
    }
    struct progress bar;
    progress_start(&bar, LOAD_UNITS);
    engine_load(*engine, show_load, &bar);
    progress_hide(&bar);
    return OK;
}
