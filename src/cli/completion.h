/* SPDX-License-Identifier: MIT
 *
 * Completion scripts. Each is written to stdout from the table of commands (cli/commands.h) and the
 * options' tables: what a command takes is said there and nowhere else.
 */
#ifndef SIGILO_CLI_COMPLETION_H
#define SIGILO_CLI_COMPLETION_H

#include "cli/commands.h"

void completion_bash(void);
void completion_zsh(void);
void completion_fish(void);

/* What goes between single quotes of bash or zsh: ' becomes '\'' and a line end a blank; each of
 * `escaped` gets a backslash before it. */
void completion_put(const char *text, const char *escaped);

#endif
