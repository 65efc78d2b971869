/* SPDX-License-Identifier: MIT
 *
 * The thread pool. A loop is opened in one atomic word, `door`, that says whether there is work and
 * how many workers are inside. Workers who come while it is open take pieces; the caller takes
 * pieces too, closes the door when none is left, and waits for those inside to come out. A worker
 * whom the system has put aside is therefore never waited for unless it holds a piece: on a shared
 * core that is the difference between slow and stuck.
 *
 * Waiting is a short look (SPINS pauses, some microseconds: layers of a model follow each other
 * faster than a futex wakes) and then sleep in the kernel.
 */
#include "base/threads.h"

#include <assert.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/intl.h"
#include "base/mem.h"

enum { SPINS = 2000, CPUS_MAX = 8192 };

#define DOOR_OPEN 0x80000000u /* the rest of the word counts who is inside */

struct worker {
    struct pool *pool;
    size_t index;
    pthread_t thread;
};

struct pool {
    size_t n;               /* the caller included */
    struct worker *workers; /* [n - 1] */

    /* one loop; written while the door is shut */
    range_fn *fn;
    void *context;
    size_t end, grain;
    _Alignas(128) atomic_size_t next; /* first index nobody has taken */

    _Alignas(128) atomic_uint door;
    atomic_uint loops;    /* counts loops: what idle workers watch and sleep on */
    atomic_uint sleepers; /* workers asleep on `loops` */
    atomic_bool waiting;  /* the caller sleeps on `door` */
    atomic_bool stop;
};

static void futex_wait(atomic_uint *word, unsigned seen) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void futex_wake(atomic_uint *word, int n) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}

/* Lets the other hardware threads of this core have it. */
static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__powerpc64__)
    __asm__ volatile("or 27,27,27" ::: "memory"); /* the ISA's hint: yield */
#else
    atomic_signal_fence(memory_order_seq_cst);
#endif
}

static void take_pieces(struct pool *pool, size_t worker) {
    for (;;) {
        const size_t begin = atomic_fetch_add_explicit(&pool->next, pool->grain,
                                                       memory_order_relaxed);
        if (begin >= pool->end) return;
        const size_t left = pool->end - begin;
        pool->fn(pool->context, begin, begin + (left < pool->grain ? left : pool->grain), worker);
    }
}

static bool enter(struct pool *pool) {
    unsigned door = atomic_load(&pool->door);
    while (door & DOOR_OPEN)
        if (atomic_compare_exchange_weak(&pool->door, &door, door + 1)) return true;
    return false;
}

static void leave(struct pool *pool) {
    /* the last one out of a shut door wakes the caller, if he sleeps */
    if (atomic_fetch_sub(&pool->door, 1) == 1 && atomic_load(&pool->waiting))
        futex_wake(&pool->door, 1);
}

/* Returns when `loops` is no longer `seen`. */
static void await_loop(struct pool *pool, unsigned seen) {
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&pool->loops, memory_order_acquire) != seen) return;
        relax();
    }
    atomic_fetch_add(&pool->sleepers, 1);
    while (atomic_load(&pool->loops) == seen)
        futex_wait(&pool->loops, seen);
    atomic_fetch_sub(&pool->sleepers, 1);
}

static void *work(void *argument) {
    struct worker *w = argument;
    struct pool *pool = w->pool;
    unsigned seen = 0;
    for (;;) {
        await_loop(pool, seen);
        seen = atomic_load(&pool->loops);
        if (atomic_load(&pool->stop)) return NULL;
        if (!enter(pool)) continue;
        take_pieces(pool, w->index);
        leave(pool);
    }
}

static void announce(struct pool *pool) {
    atomic_fetch_add(&pool->loops, 1);
    if (atomic_load(&pool->sleepers)) futex_wake(&pool->loops, INT_MAX);
}

void parallel_for(struct pool *pool, size_t n, size_t grain, range_fn *fn, void *context) {
    assert(grain > 0);
    assert(n <= SIZE_MAX - grain * (pool->n + 1)); /* `next` runs past the end */
    pool->fn = fn;
    pool->context = context;
    pool->end = n;
    pool->grain = grain;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    if (pool->n == 1 || n <= grain) {
        take_pieces(pool, 0);
        return;
    }
    atomic_store(&pool->door, DOOR_OPEN);
    announce(pool);
    take_pieces(pool, 0);

    unsigned door = atomic_fetch_and(&pool->door, ~DOOR_OPEN) & ~DOOR_OPEN;
    for (int i = 0; door && i < SPINS; i++) {
        relax();
        door = atomic_load(&pool->door);
    }
    if (!door) return;
    atomic_store(&pool->waiting, true);
    while ((door = atomic_load(&pool->door)))
        futex_wait(&pool->door, door);
    atomic_store(&pool->waiting, false);
}

/* --- how many ----------------------------------------------------------------------------------
 */

/* The processors this process may run on; NULL when the system does not say. */
static cpu_set_t *affinity(size_t *size_bytes) {
    *size_bytes = CPU_ALLOC_SIZE(CPUS_MAX);
    cpu_set_t *set = CPU_ALLOC(CPUS_MAX);
    if (!set) return NULL;
    CPU_ZERO_S(*size_bytes, set);
    if (sched_getaffinity(0, *size_bytes, set) == 0) return set;
    CPU_FREE(set);
    return NULL;
}

size_t pool_max_size(void) {
    size_t size_bytes;
    cpu_set_t *set = affinity(&size_bytes);
    const int n = set ? CPU_COUNT_S(size_bytes, set) : 1;
    if (set) CPU_FREE(set);
    return n > 0 ? (size_t)n : 1;
}

/* The lowest processor of cpu's core, or cpu itself where the system does not say. */
static int first_sibling(int cpu) {
    char path[96];
    int first = cpu;
    snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
             cpu);
    FILE *file = fopen(path, "re");
    if (!file) return cpu;
    char line[32];
    if (fgets(line, sizeof(line), file)) {
        char *end;
        const long value = strtol(line, &end, 10);
        if (end != line && value >= 0 && value < CPUS_MAX) first = (int)value;
    }
    fclose(file);
    return first;
}

size_t pool_default_size(void) {
    size_t size_bytes, n = 0;
    cpu_set_t *set = affinity(&size_bytes), *cores = CPU_ALLOC(CPUS_MAX);
    if (set && cores) {
        CPU_ZERO_S(size_bytes, cores);
        for (int cpu = 0; cpu < CPUS_MAX; cpu++)
            if (CPU_ISSET_S(cpu, size_bytes, set)) CPU_SET_S(first_sibling(cpu), size_bytes, cores);
        n = (size_t)CPU_COUNT_S(size_bytes, cores);
    }
    if (set) CPU_FREE(set);
    if (cores) CPU_FREE(cores);
    return n ? n : 1;
}

/* --- life --------------------------------------------------------------------------------------
 */

enum status pool_open(struct pool **out, size_t n_threads, struct error *err) {
    const size_t n_max = pool_max_size();
    size_t n = n_threads ? n_threads : pool_default_size();
    if (n > n_max) n = n_max;
    struct pool *pool = mem_alloc_aligned(sizeof(*pool), 128);
    if (!pool) return fail(err, ERR_NOMEM, _("not enough memory for a thread pool"));
    memset(pool, 0, sizeof(*pool));
    pool->n = 1;
    pool->workers = mem_zalloc((n - 1) * sizeof(*pool->workers));
    if (!pool->workers) {
        pool_close(pool);
        return fail(err, ERR_NOMEM, _("not enough memory for a thread pool"));
    }
    for (size_t i = 0; i + 1 < n; i++) {
        struct worker *w = &pool->workers[i];
        *w = (struct worker){.pool = pool, .index = i + 1};
        const int code = pthread_create(&w->thread, NULL, work, w);
        if (code != 0) {
            pool_close(pool);
            return fail(err, ERR_NOMEM, _("cannot start thread %zu of %zu: %s"), i + 1, n - 1,
                        strerror(code));
        }
        pool->n++;
    }
    *out = pool;
    return OK;
}

void pool_close(struct pool *pool) {
    if (!pool) return;
    atomic_store(&pool->stop, true);
    announce(pool);
    for (size_t i = 0; i + 1 < pool->n; i++)
        pthread_join(pool->workers[i].thread, NULL);
    mem_free(pool->workers);
    mem_free(pool);
}

size_t pool_size(const struct pool *pool) {
    return pool->n;
}
