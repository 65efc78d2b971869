/* SPDX-License-Identifier: MIT
 *
 * What a grammar costs a token:
 *
 *     bench_grammar [VOCABULARY.gguf]...
 *
 * For each vocabulary, its trie; then for each grammar a JSON answer as models give them when they
 * mark a note, token by token: the time of each mask and of accepting the token, for an answer
 * whose grammar is met the first time, and for the same answer again. Requirement: under 2.5 ms a
 * token on average (5 % of 50), under 10 ms for the first mask inside a string.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/grammar.h"
#include "engine/matcher_internal.h"
#include "engine/sampler.h"

enum { TOKENS_MAX = 4096 };

static const char answer[] =
    "{\"entities\": [\n"
    "  {\"text\": \"María José Fernández Píriz\", \"type\": \"NAME\", \"start\": 12, \"end\": "
    "38},\n"
    "  {\"text\": \"4.123.456-7\", \"type\": \"ID\", \"start\": 43, \"end\": 54},\n"
    "  {\"text\": \"Hospital de Clínicas \\\"Dr. Manuel Quintela\\\"\", \"type\": \"PLACE\", "
    "\"start\": 80, \"end\": 121},\n"
    "  {\"text\": \"12 de marzo de 2024\", \"type\": \"DATE\", \"start\": 140, \"end\": 159},\n"
    "  {\"text\": \"Av. Italia 2870, apto. 301\", \"type\": \"PLACE\", \"start\": 201, \"end\": "
    "227},\n"
    "  {\"text\": \"099 123 456\", \"type\": \"PHONE\", \"start\": 240, \"end\": 251}\n"
    "], \"summary\": \"Paciente de 67 años que consulta por disnea de esfuerzo progresiva y edemas "
    "de miembros inferiores; se inicia furosemida 40 mg cada 12 horas y se coordina ecocardiograma "
    "con policlínica de cardiología.\", \"risk\": 0.25, \"reviewed\": false}";

#define JSON_PARTS                                                                                 \
    "char ::= [^\"\\\\\\x00-\\x1F\\x7F] | \"\\\\\" ([\"\\\\/bfnrt] | \"u\" [0-9a-fA-F]{4})\n"      \
    "string ::= \"\\\"\" char* \"\\\"\"\n"                                                         \
    "integer ::= \"-\"? (\"0\" | [1-9] [0-9]{0,15})\n"                                             \
    "number ::= integer (\".\" [0-9]+)? ([eE] [-+]? [0-9]+)?\n"                                    \
    "ws ::= [ \\t\\n]*\n"

static const struct {
    const char *name, *gbnf;
} grammars[] = {
    {"any JSON", "root ::= ws object\n"
                 "value ::= object | array | string | number | \"true\" | \"false\" | \"null\"\n"
                 "object ::= \"{\" ws (member (\",\" ws member)*)? \"}\"\n"
                 "member ::= string ws \":\" ws value ws\n"
                 "array ::= \"[\" ws (value ws (\",\" ws value ws)*)? \"]\"\n" JSON_PARTS},
    {"one schema, lengths bounded",
     "root ::= ws \"{\" ws \"\\\"entities\\\"\" ws \":\" ws \"[\" ws (entity (\",\" ws "
     "entity){0,199})? "
     "\"]\" ws \",\" ws \"\\\"summary\\\"\" ws \":\" ws \"\\\"\" char{0,500} \"\\\"\" ws \",\" ws "
     "\"\\\"risk\\\"\" ws \":\" ws number ws \",\" ws \"\\\"reviewed\\\"\" ws \":\" ws "
     "(\"true\" | \"false\") ws \"}\"\n"
     "entity ::= \"{\" ws \"\\\"text\\\"\" ws \":\" ws \"\\\"\" char{1,200} \"\\\"\" ws \",\" ws "
     "\"\\\"type\\\"\" ws \":\" ws (\"\\\"NAME\\\"\" | \"\\\"ID\\\"\" | \"\\\"PLACE\\\"\" | "
     "\"\\\"DATE\\\"\" | \"\\\"PHONE\\\"\") ws \",\" ws \"\\\"start\\\"\" ws \":\" ws integer ws "
     "\",\" ws \"\\\"end\\\"\" ws \":\" ws integer ws \"}\" ws\n" JSON_PARTS},
};

static void stop_on(enum status st, const struct error *err) {
    if (!st) return;
    fprintf(stderr, "bench_grammar: %s\n", err->message);
    exit(1);
}

static int by_time(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void tell(const char *what, double *ms, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += ms[i];
    qsort(ms, n, sizeof(*ms), by_time);
    printf("    %-14s mean %8.4f ms, median %8.4f, 95th of 100 %8.4f, largest %8.4f\n", what,
           sum / (double)n, ms[n / 2], ms[n * 95 / 100], ms[n - 1]);
}

/* The answer once, from its start. */
static void follow(struct matcher *m, const struct token_list *tokens, size_t n_vocab,
                   const char *what) {
    static double ms[TOKENS_MAX];
    const int32_t *ids = tokens->ids.data;
    uint32_t *mask = mem_alloc(TOKEN_MASK_WORDS(n_vocab) * sizeof(*mask));
    struct error err;
    if (!mask || tokens->ids.n > TOKENS_MAX) exit(1);
    matcher_reset(m);
    for (size_t i = 0; i < tokens->ids.n; i++) {
        const double begin = clock_ms();
        stop_on(matcher_mask(m, mask, &err), &err);
        if (!(mask[ids[i] >> 5] >> (ids[i] & 31) & 1)) {
            fprintf(stderr, "bench_grammar: token %zu of the answer is not allowed\n", i);
            exit(1);
        }
        stop_on(matcher_accept(m, ids[i], &err), &err);
        ms[i] = clock_ms() - begin;
    }
    if (!matcher_may_end(m)) exit(1);
    mem_free(mask);
    tell(what, ms, tokens->ids.n);
}

static void measure(const struct tokenizer *t, const struct token_trie *trie,
                    const struct token_list *tokens, const char *name, const char *gbnf) {
    struct grammar *g;
    struct matcher *m;
    struct error err;
    const double begin = clock_ms();
    stop_on(grammar_open(&g, gbnf, strlen(gbnf), &err), &err);
    const double opened = clock_ms();
    stop_on(matcher_open(&m, g, trie, &err), &err);
    printf("  %s: compiled in %.2f ms, %zu tokens\n", name, opened - begin, tokens->ids.n);
    follow(m, tokens, tokenizer_n_vocab(t), "first answer");
    follow(m, tokens, tokenizer_n_vocab(t), "again");
    const struct matcher_usage usage = matcher_usage(m);
    printf("    %zu states, %.1f MB, forgot %zu times\n", usage.n_states, (double)usage.bytes / 1e6,
           usage.n_forgotten);
    matcher_close(m);
    grammar_close(g);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        struct gguf *g;
        struct tokenizer *t;
        struct token_trie *trie;
        struct token_list tokens = {0};
        struct error err;
        stop_on(gguf_open(&g, argv[i], &err), &err);
        stop_on(tokenizer_open(&t, g, &err), &err);
        const double begin = clock_ms();
        stop_on(token_trie_open(&trie, t, &err), &err);
        printf("%s: %zu tokens, trie built in %.1f ms\n", argv[i], tokenizer_n_vocab(t),
               clock_ms() - begin);
        stop_on(tokenizer_encode(t, &tokens, answer, strlen(answer), SPECIALS_NONE, false, &err),
                &err);
        for (size_t k = 0; k < sizeof(grammars) / sizeof(grammars[0]); k++)
            measure(t, trie, &tokens, grammars[k].name, grammars[k].gbnf);
        token_list_release(&tokens);
        token_trie_close(trie);
        tokenizer_close(t);
        gguf_close(g);
    }
    return 0;
}
