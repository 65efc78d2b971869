/* SPDX-License-Identifier: MIT
 *
 * cli: one file a subcommand; main() finds it in the table of cli/commands.h. Results go to stdout,
 * the rest to stderr as "sigilo: message". Exit 0 done, 1 failed, 2 misused.
 */
#ifndef SIGILO_CLI_CLI_H
#define SIGILO_CLI_CLI_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_MISUSED = 2 };

/* One option, for getopt_long, --help and shell completion alike: the table is the only place that
 * knows it. Its placeholder tells what the argument is: words in lower case parted by |, as
 * "f32|f16|q8_0", are the ones it takes; cli/places.h knows those in upper case. */
struct cli_option {
    const char *name;     /* long name; NULL: a heading in --help */
    int value;            /* what getopt returns: the short letter, or above 255 */
    const char *argument; /* N_("FILE"), or NULL when it takes none */
    const char *help;     /* N_() */
};

/* One subcommand: argv[0] is its name. Returns the exit code. */
int cmd_anonymize(int argc, char **argv);
int cmd_chat(int argc, char **argv);
int cmd_completion(int argc, char **argv);
int cmd_detokenize(int argc, char **argv);
int cmd_eval(int argc, char **argv);
int cmd_logits(int argc, char **argv);
int cmd_greedy(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_quantize(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_synth(int argc, char **argv);
int cmd_template(int argc, char **argv);
int cmd_tokenize(int argc, char **argv);

/* Its options. */
extern const struct cli_option anonymize_options[];
extern const struct cli_option chat_options[];
extern const struct cli_option completion_options[];
extern const struct cli_option detokenize_options[];
extern const struct cli_option eval_options[];
extern const struct cli_option logits_options[];
extern const struct cli_option greedy_options[];
extern const struct cli_option bench_options[];
extern const struct cli_option inspect_options[];
extern const struct cli_option policy_options[];
extern const struct cli_option quantize_options[];
extern const struct cli_option run_options[];
extern const struct cli_option synth_options[];
extern const struct cli_option template_options[];
extern const struct cli_option tokenize_options[];

/* Reads the next option by the table, as getopt_long does; '?' with `err` filled for one that is
 * unknown or lacks its value, -1 at the end. The table ends with a row of NULLs. */
int cli_getopt(int argc, char **argv, const struct cli_option *options, struct error *err);

/* Whether --json stands anywhere: a misuse that comes before it is told as JSON too. */
bool cli_wants_json(int argc, char **argv);

/* Prints usage, the table with defaults, and a closing text, to stdout. */
void cli_help(const char *usage, const char *about, const struct cli_option *options,
              const char *closing);

/* Prints the rows alone. */
void cli_help_options(const struct cli_option *options);

/* "sigilo: message" on stderr. */
__attribute__((format(printf, 1, 2))) void cli_say(const char *format, ...);

/* Says the error; with `json` also {"error":{"code","message"}} on stdout. Returns exit_code. */
int cli_fail(bool json, const struct error *err, int exit_code);

/* A misuse: the message, a hint at --help, exit code 2. `command` is the subcommand's name. */
__attribute__((format(printf, 3, 4))) int cli_misuse(bool json, const char *command,
                                                     const char *format, ...);

#endif
