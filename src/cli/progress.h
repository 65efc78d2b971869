/* SPDX-License-Identifier: MIT
 *
 * A progress bar on stderr, when stderr is a terminal.
 */
#ifndef SIGILO_CLI_PROGRESS_H
#define SIGILO_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct progress {
    size_t total, done;
    double started_s, shown_s;
    bool visible;
};

void progress_start(struct progress *p, size_t total);
void progress_step(struct progress *p);

/* Takes the bar off the line, so that a message can be written. */
void progress_hide(const struct progress *p);

#endif
