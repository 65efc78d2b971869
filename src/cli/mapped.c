/* SPDX-License-Identifier: MIT
 *
 * The sentence is made beforehand, because a signal handler may do little more than write it. It is
 * the one thing here that is global: a handler gets no argument of ours.
 */
#include "cli/mapped.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/intl.h"
#include "cli/cli.h"

static char message[PATH_MAX + 256];

static void on_sigbus(int number) {
    (void)number;
    const ssize_t written = write(STDERR_FILENO, message, strlen(message));
    (void)written;
    _exit(EXIT_FAILED);
}

void mapped_watch(const char *path) {
    struct sigaction action = {.sa_handler = on_sigbus};
    snprintf(message, sizeof(message),
             _("sigilo: %s: the file was shortened, or cannot be read any more, while in use\n"),
             path);
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}
