/* SPDX-License-Identifier: MIT
 *
 * What every command that runs a model asks for alike, and opening one with it.
 */
#ifndef SIGILO_CLI_ENGINE_ARGS_H
#define SIGILO_CLI_ENGINE_ARGS_H

#include "cli/cli.h"
#include "engine/engine.h"

enum engine_option { /* values above 255: long options alone */
                     OPT_CTX = 600,
                     OPT_KV,
                     OPT_BATCH,
                     OPT_ISA,
                     OPT_EXACT,
};

/* Rows for a command's table of options. */
#define ENGINE_ARGS_ROWS                                                                           \
    {NULL, 0, NULL, N_("Running the model:")},                                                     \
        {"ctx", OPT_CTX, N_("N"), N_("positions a sequence may take")},                            \
        {"kv", OPT_KV, "f32|f16|q8_0", N_("cache of keys and values")},                            \
        {"batch", OPT_BATCH, N_("N"), N_("tokens that go through the layers together (256)")},     \
        {"threads", 't', N_("N"), N_("threads (one a physical core)")},                            \
        {"isa", OPT_ISA, N_("ISA"), N_("highest instruction set to use")}, {                       \
        "exact", OPT_EXACT, NULL, N_("activations in f32, for comparison: slow")                   \
    }

struct engine_args {
    struct engine_options engine;
    struct session_options session;
};

/* Takes option c with its argument; false when it is none of these. A bad value: true, and `err`
 * filled (err->status is OK before). */
bool engine_args_take(struct engine_args *args, int c, const char *argument, struct error *err);

/* A number from `min` up to `max`, digits and nothing else. */
enum status parse_count(size_t *out, const char *text, const char *option, size_t min, size_t max,
                        struct error *err);

/* Token ids: "1,5,9", or "@FILE", whose ids are parted by commas or white space. Free with
 * mem_free. ERR_INVALID: not a list of ids, or empty. */
enum status parse_tokens(int32_t **out, size_t *n, const char *text, struct error *err);

/* Is there room for n_positions? ERR_FULL, with both numbers: asked before anything is opened. */
enum status engine_args_fit(const struct engine_args *args, size_t n_positions, struct error *err);

/* Opens engine and session, then loads the file with a bar on stderr. When the file is shortened
 * while it is mapped, the program says so and exits 1 (cli/mapped.h). */
enum status engine_args_open(struct engine **engine, struct session **session,
                             const struct engine_args *args, struct error *err);

#endif
