/* SPDX-License-Identifier: MIT
 *
 * The table of subcommands: main() runs by it, --help and shell completion tell it.
 */
#ifndef SIGILO_CLI_COMMANDS_H
#define SIGILO_CLI_COMMANDS_H

#include "cli/cli.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the name; returns the exit code */
    const struct cli_option *options;
    const char *operands; /* placeholders (cli/places.h) parted by blanks; "..." behind the last:
                             any number of it */
    const char *help;     /* N_() */
};

extern const struct command commands[]; /* the last has no name */

/* What stands before a command. */
extern const struct cli_option program_options[];

/* NULL when there is none of the name. */
const struct command *command_find(const char *name);

#endif
