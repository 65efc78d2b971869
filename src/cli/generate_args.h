/* SPDX-License-Identifier: MIT
 *
 * What run and chat ask for alike: how tokens are drawn, where an answer ends, what form it must
 * have, and how messages become a prompt.
 */
#ifndef SIGILO_CLI_GENERATE_ARGS_H
#define SIGILO_CLI_GENERATE_ARGS_H

#include <jansson.h>

#include "base/file.h"
#include "chat/conversation.h"
#include "cli/cli.h"
#include "engine/generate.h"

enum generate_option { /* values above 255: long options alone */
                       OPT_TEMP = 700,
                       OPT_SEED,
                       OPT_TOP_K,
                       OPT_TOP_P,
                       OPT_MIN_P,
                       OPT_TYPICAL,
                       OPT_TOP_N_SIGMA,
                       OPT_XTC_PROBABILITY,
                       OPT_XTC_THRESHOLD,
                       OPT_DYNATEMP_RANGE,
                       OPT_DYNATEMP_EXP,
                       OPT_MIN_KEEP,
                       OPT_REPEAT_LAST_N,
                       OPT_REPEAT_PENALTY,
                       OPT_PRESENCE_PENALTY,
                       OPT_FREQUENCY_PENALTY,
                       OPT_DRY_MULTIPLIER,
                       OPT_DRY_BASE,
                       OPT_DRY_ALLOWED_LENGTH,
                       OPT_DRY_LAST_N,
                       OPT_DRY_BREAKER,
                       OPT_MIROSTAT,
                       OPT_MIROSTAT_TAU,
                       OPT_MIROSTAT_ETA,
                       OPT_LOGIT_BIAS,
                       OPT_SAMPLERS,
                       OPT_STOP,
                       OPT_TIMEOUT,
                       OPT_IGNORE_EOS,
                       OPT_CONTEXT_SHIFT,
                       OPT_KEEP,
                       OPT_GRAMMAR,
                       OPT_JSON_SCHEMA,
                       OPT_SYSTEM,
                       OPT_CHAT_TEMPLATE,
                       OPT_CHAT_TEMPLATE_FILE,
                       OPT_CHAT_TEMPLATE_KWARGS,
};

/* Rows for a command's table of options. */
#define GENERATE_ARGS_ROWS                                                                         \
    {NULL, 0, NULL, N_("The answer:")},                                                            \
        {"number", 'n', N_("N"), N_("tokens at most (until the answer ends)")},                    \
        {"stop", OPT_STOP, N_("TEXT"), N_("end before this text; may be given again")},            \
        {"timeout", OPT_TIMEOUT, N_("SECONDS"), N_("end so long after the first token")},          \
        {"ignore-eos", OPT_IGNORE_EOS, NULL, N_("never let the model end the answer")},            \
        {"grammar", OPT_GRAMMAR, N_("FILE"), N_("the answer's form, in GBNF")},                    \
        {"json-schema", OPT_JSON_SCHEMA, N_("FILE"), N_("the answer is JSON of this schema")},     \
        {"context-shift", OPT_CONTEXT_SHIFT, NULL,                                                 \
         N_("when the context is full, forget its oldest part")},                                  \
        {"keep", OPT_KEEP, N_("N"), N_("with it: tokens at the start that stay (0)")},             \
        {NULL, 0, NULL, N_("Messages:")},                                                          \
        {"system", OPT_SYSTEM, N_("TEXT"), N_("the system message")},                              \
        {"chat-template", OPT_CHAT_TEMPLATE, N_("TEXT"),                                           \
         N_("a Jinja template, or the name of one in the file")},                                  \
        {"chat-template-file", OPT_CHAT_TEMPLATE_FILE, N_("FILE"), N_("a Jinja template")},        \
        {"chat-template-kwargs", OPT_CHAT_TEMPLATE_KWARGS, N_("JSON"),                             \
         N_("an object: more variables for the template")},                                        \
        {NULL, 0, NULL, N_("Drawing tokens:")},                                                    \
        {"temp", OPT_TEMP, N_("X"), N_("temperature; 0: always the likeliest (0.8)")},             \
        {"seed", OPT_SEED, N_("N"), N_("the same seed gives the same text (another every time)")}, \
        {"top-k", OPT_TOP_K, N_("N"), N_("only the N likeliest; 0: all (40)")},                    \
        {"top-p", OPT_TOP_P, N_("X"), N_("only the likeliest that make up X (0.95)")},             \
        {"min-p", OPT_MIN_P, N_("X"), N_("only those at least X times the likeliest (0.05)")},     \
        {"typical", OPT_TYPICAL, N_("X"), N_("only the most typical that make up X (1: off)")},    \
        {"top-n-sigma", OPT_TOP_N_SIGMA, N_("X"),                                                  \
         N_("only those within X deviations of the likeliest (off)")},                             \
        {"xtc-probability", OPT_XTC_PROBABILITY, N_("X"),                                          \
         N_("how often the likeliest are left out (0)")},                                          \
        {"xtc-threshold", OPT_XTC_THRESHOLD, N_("X"), N_("of those above X, all but one (0.1)")},  \
        {"dynatemp-range", OPT_DYNATEMP_RANGE, N_("X"),                                            \
         N_("temperature varies by X with the entropy (0)")},                                      \
        {"dynatemp-exp", OPT_DYNATEMP_EXP, N_("X"), N_("exponent of that (1)")},                   \
        {"min-keep", OPT_MIN_KEEP, N_("N"), N_("tokens that every cut leaves at least (0)")},      \
        {"repeat-last-n", OPT_REPEAT_LAST_N, N_("N"),                                              \
         N_("tokens that penalties look back at; -1: all (64)")},                                  \
        {"repeat-penalty", OPT_REPEAT_PENALTY, N_("X"), N_("against repeating; 1: off (1)")},      \
        {"presence-penalty", OPT_PRESENCE_PENALTY, N_("X"), N_("for having been said (0)")},       \
        {"frequency-penalty", OPT_FREQUENCY_PENALTY, N_("X"),                                      \
         N_("for each time it was said (0)")},                                                     \
        {"dry-multiplier", OPT_DRY_MULTIPLIER, N_("X"),                                            \
         N_("against repeated sequences (0: off)")},                                               \
        {"dry-base", OPT_DRY_BASE, N_("X"), N_("how it grows with their length (1.75)")},          \
        {"dry-allowed-length", OPT_DRY_ALLOWED_LENGTH, N_("N"), N_("from which length on (2)")},   \
        {"dry-last-n", OPT_DRY_LAST_N, N_("N"), N_("tokens it looks back at; -1: all (64)")},      \
        {"dry-breaker", OPT_DRY_BREAKER, N_("TEXT"),                                               \
         N_("sequences end here; may be given again, none for none")},                             \
        {"mirostat", OPT_MIROSTAT, "0|2", N_("2: hold the surprise steady instead (0)")},          \
        {"mirostat-tau", OPT_MIROSTAT_TAU, N_("X"), N_("the surprise wanted (5)")},                \
        {"mirostat-eta", OPT_MIROSTAT_ETA, N_("X"), N_("how fast it is corrected (0.1)")},         \
        {"logit-bias", OPT_LOGIT_BIAS, N_("ID=X"),                                                 \
         N_("add X to a token's logit, \"false\" forbids it; may be given again")},                \
    {                                                                                              \
        "samplers", OPT_SAMPLERS, N_("STEP,..."), N_("which steps, in which order")                \
    }

struct generate_args {
    struct generate_options options;
    struct array stops, breakers; /* const char *, of the command line */
    struct array biases;          /* struct logit_bias */
    const char *grammar_path, *schema_path;
    const char *system;
    const char *template_text, *template_path;
    const char *kwargs_text;
    /* made by generate_args_prepare */
    struct grammar *grammar;
    struct token_trie *trie;
    struct file_bytes template_file;
    json_t *kwargs;
    struct conversation_options conversation;
};

void generate_args_init(struct generate_args *args);
void generate_args_release(struct generate_args *args);

/* Takes option c with its argument; false when it is none of these. A bad value: true, and `err`
 * filled (err->status is OK before). */
bool generate_args_take(struct generate_args *args, int c, const char *argument, struct error *err);

/* What the command line alone can tell: options that contradict each other. */
enum status generate_args_check(const struct generate_args *args, struct error *err);

/* Reads and compiles the files named; after this `options` and `conversation` are complete. */
enum status generate_args_prepare(struct generate_args *args, const struct engine *e,
                                  struct error *err);

/* n in so many milliseconds, as a rate; 0 where no time passed. */
double generate_per_second(size_t n, double ms);

/* How long prompt and answer took, on stderr. */
void generate_report(const struct generated *g);

#endif
