/* SPDX-License-Identifier: MIT
 *
 * A JSON Schema's grammar, walked: what tests/schema/check.mjs asks of the program.
 *
 *   walk gbnf FILE               the grammar
 *   walk random FILE SEED COUNT  strings that the grammar accepts, one a line
 *   walk accepts FILE            for each line of standard input, 1 (accepted whole) or 0
 *
 * A walk tries bytes in a random order and takes the first that is let through; the longer it gets,
 * the more it prefers those that close what is open. A schema that is refused: its sentence on
 * standard error, exit status 2.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/grammar.h"

enum { WALK_WANTED = 150, WALK_MAX = 20000, REFUSED = 2 };

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void die(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(REFUSED);
}

static char *read_all(FILE *f, size_t *n) {
    struct strbuf text;
    char buffer[4096];
    size_t got;
    strbuf_init(&text, SCHEMA_BYTES_MAX * 16);
    while ((got = fread(buffer, 1, sizeof(buffer), f)) > 0)
        strbuf_append(&text, buffer, got);
    strbuf_putc(&text, '\n');
    char *all = strbuf_take(&text, n);
    if (!all) die("walk: the input is too long");
    --*n;
    return all;
}

static char *read_file(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    if (!f) die("walk: no such file");
    char *text = read_all(f, n);
    fclose(f);
    return text;
}

/* The order in which bytes are tried: what closes first, then the letters in turn, so that any word
 * comes by; or at random, mostly with ASCII before others. */
static void order_bytes(unsigned char *order, bool closing, size_t turn, uint32_t *random) {
    char closers[] = "\"?}]:ntf0123456789abcdefghijklmopqrsuvwxyz";
    bool taken[256] = {false};
    size_t n = 0;
    closers[1] = (char)('a' + turn % 26);
    for (const char *c = closers; closing && *c; c++) {
        if (!taken[(unsigned char)*c]) order[n++] = (unsigned char)*c;
        taken[(unsigned char)*c] = true;
    }
    const size_t fixed = n;
    for (unsigned b = 0; b < 256; b++)
        if (!taken[b]) order[n++] = (unsigned char)b;
    for (size_t i = fixed; i < 256 && !closing; i++) {
        const size_t j = i + next_random(random) % (256 - i);
        const unsigned char b = order[i];
        order[i] = order[j];
        order[j] = b;
    }
    if (closing || next_random(random) % 8 == 0) return;
    size_t ascii = 0; /* mostly plain characters, so that strings are not all of escapes */
    for (size_t i = 0; i < 256; i++) {
        if (order[i] >= 0x80) continue;
        const unsigned char b = order[ascii];
        order[ascii++] = order[i];
        order[i] = b;
    }
}

static bool walk_once(struct matcher *m, uint32_t *random, struct strbuf *text) {
    unsigned char order[256];
    struct error err = {0};
    matcher_reset(m);
    strbuf_clear(text);
    while (text->n < WALK_MAX) {
        const bool closing = text->n > WALK_WANTED;
        if (matcher_may_end(m) && (closing || next_random(random) % 3 == 0)) return true;
        order_bytes(order, closing, text->n, random);
        bool ok = false;
        for (size_t i = 0; i < 256 && !ok; i++) {
            if (matcher_accept_bytes(m, (const char *)&order[i], 1, &ok, &err)) die(err.message);
            if (ok) strbuf_putc(text, (char)order[i]);
        }
        if (!ok) return matcher_may_end(m);
    }
    return false;
}

static void walk(struct matcher *m, uint32_t seed, unsigned long count) {
    struct strbuf text;
    strbuf_init(&text, WALK_MAX + 1);
    for (unsigned long i = 0; i < count; i++)
        if (walk_once(m, &seed, &text)) printf("%s\n", strbuf_str(&text));
    strbuf_release(&text);
}

static void judge(struct matcher *m) {
    size_t n;
    char *text = read_all(stdin, &n);
    for (char *line = text; line < text + n;) {
        const size_t length = strcspn(line, "\n");
        struct error err = {0};
        bool ok;
        matcher_reset(m);
        if (matcher_accept_bytes(m, line, length, &ok, &err)) die(err.message);
        printf("%d\n", ok && matcher_may_end(m));
        line += length + 1;
    }
    mem_free(text);
}

static void print_gbnf(const char *json, size_t n) {
    struct strbuf gbnf;
    struct error err = {0};
    strbuf_init(&gbnf, GRAMMAR_BYTES_MAX);
    if (schema_to_gbnf(&gbnf, json, n, &err)) die(err.message);
    printf("%s", strbuf_str(&gbnf));
    strbuf_release(&gbnf);
}

int main(int argc, char **argv) {
    struct grammar *g = NULL;
    struct matcher *m = NULL;
    struct error err = {0};
    size_t n;
    if (argc < 3) die("walk: gbnf FILE, random FILE SEED COUNT or accepts FILE");
    char *json = read_file(argv[2], &n);
    if (strcmp(argv[1], "gbnf") == 0) {
        print_gbnf(json, n);
        mem_free(json);
        return 0;
    }
    if (grammar_open_schema(&g, json, n, &err) || matcher_open(&m, g, NULL, &err)) die(err.message);
    if (strcmp(argv[1], "accepts") == 0)
        judge(m);
    else if (argc > 4)
        walk(m, (uint32_t)strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
    matcher_close(m);
    grammar_close(g);
    mem_free(json);
    return 0;
}
