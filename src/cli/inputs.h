/* SPDX-License-Identifier: MIT
 *
 * What the arguments of a command name: files, standard input, and the documents below directories.
 */
#ifndef SIGILO_CLI_INPUTS_H
#define SIGILO_CLI_INPUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"

struct input {
    char *path;         /* as it is opened; "-" is standard input */
    char *relative;     /* below the directory named, or the base name: where its output goes */
    bool is_unreadable; /* met on the way and cannot be read: `error` says why */
    struct error error;
};

struct inputs {
    struct array list;  /* struct input, in order */
    size_t n_skipped;   /* entries of directories that are no documents */
    bool has_directory; /* some argument is a directory */
};

/* Resolves the arguments. Directories are walked in order of names; hidden entries and other
 * formats are counted as skipped, a loop of symbolic links or an unreadable directory becomes an
 * unreadable input. ERR_NOMEM alone: what cannot be read is an input that fails. */
enum status inputs_resolve(struct inputs *out, char *const *arguments, size_t n, struct error *err);
void inputs_release(struct inputs *inputs);

#endif
