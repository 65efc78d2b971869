/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a JSON Schema: refused with a sentence, or a grammar; and whatever that lets
 * through, byte by byte, is JSON once it may end.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "engine/grammar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { WALK_MAX = 400 };

static void require(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "fuzz_schema: %s\n", what);
    abort();
}

/* Takes the first byte that fits, from one that moves on: a walk that differs from place to place.
 */
static void walk(struct matcher *m) {
    char text[WALK_MAX];
    struct error err = {.status = OK};
    size_t n = 0;
    for (unsigned from = '"'; n < WALK_MAX; from += 37) {
        bool ok = false;
        for (unsigned i = 0; i < 256 && !ok; i++) {
            text[n] = (char)(from + i);
            if (matcher_accept_bytes(m, &text[n], 1, &ok, &err)) return;
        }
        if (!ok) break;
        n++;
        if (!matcher_may_end(m)) continue;
        json_error_t why;
        json_t *value = json_loadb(text, n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
        const enum json_error_code code = value ? json_error_unknown : json_error_code(&why);
        require(value || code == json_error_numeric_overflow || code == json_error_null_byte_in_key,
                "a grammar lets through what is no JSON");
        json_decref(value);
    }
    require(n == WALK_MAX || matcher_may_end(m), "a grammar leads to where nothing goes on");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct grammar *g = NULL;
    struct matcher *m = NULL;
    struct error err = {.status = OK};
    if (grammar_open_schema(&g, (const char *)data, n, &err)) {
        require(err.status != OK && err.message[0], "refused without a word");
        require(err.status != ERR_NOMEM, "out of memory");
        return 0;
    }
    require(!matcher_open(&m, g, NULL, &err), "no matcher");
    walk(m);
    matcher_close(m);
    grammar_close(g);
    return 0;
}
