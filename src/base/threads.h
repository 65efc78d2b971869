/* SPDX-License-Identifier: MIT
 *
 * A pool of threads that share loops. main() makes one and passes it down; there is no global.
 *
 * A loop over [0, n) is cut into pieces of `grain`; workers take piece after piece until none is
 * left, so a slow core takes fewer. What is computed must not depend on who took which piece:
 * one piece writes what no other piece touches.
 */
#ifndef SIGILO_BASE_THREADS_H
#define SIGILO_BASE_THREADS_H

#include <stddef.h>

#include "base/error.h"

/* Does [begin, end); `worker`, 0 to pool_size() - 1, picks a scratch area: no two run at once with
 * the same. */
typedef void range_fn(void *context, size_t begin, size_t end, size_t worker);

struct pool;

/* `n_threads` counts the caller, who works too; 0 is pool_default_size(). It is clamped to what the
 * affinity mask allows. ERR_NOMEM when the system refuses a thread. */
enum status pool_open(struct pool **out, size_t n_threads, struct error *err);
void pool_close(struct pool *pool); /* NULL is accepted; no loop may be running */

size_t pool_size(const struct pool *pool);

/* Physical cores this process may run on, at least 1. */
size_t pool_default_size(void);

/* Hardware threads this process may run on, at least 1. */
size_t pool_max_size(void);

/* Runs fn over [0, n) in pieces of `grain` (at least 1) and returns when all are done. One loop at
 * a time: callers come from one thread. Allocates nothing. Idle workers sleep: they wait for the
 * next loop with their eyes open for a few microseconds, then in the kernel. */
void parallel_for(struct pool *pool, size_t n, size_t grain, range_fn *fn, void *context);

#endif
