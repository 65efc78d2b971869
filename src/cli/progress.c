/* SPDX-License-Identifier: MIT
 *
 * The bar: redrawn at most ten times a second, so it costs nothing on many small files.
 */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum { BAR_WIDTH = 30 };

void progress_start(struct progress *p, size_t total) {
    *p = (struct progress){.total = total, .started_s = clock_s()};
    p->visible = total > 1 && isatty(STDERR_FILENO);
}

void progress_hide(const struct progress *p) {
    if (p->visible) fputs("\r\033[K", stderr);
}

void progress_step(struct progress *p) {
    const double now = clock_s();
    p->done++;
    if (!p->visible || (now - p->shown_s < 0.1 && p->done < p->total)) return;
    p->shown_s = now;
    const size_t filled = p->done * BAR_WIDTH / p->total;
    fputs("\r[", stderr);
    for (size_t i = 0; i < BAR_WIDTH; i++)
        fputs(i < filled ? "█" : "·", stderr);
    const double left = (now - p->started_s) / (double)p->done * (double)(p->total - p->done);
    fprintf(stderr, "] %zu/%zu  %.0f s ", p->done, p->total, left);
    if (p->done == p->total) progress_hide(p);
}
