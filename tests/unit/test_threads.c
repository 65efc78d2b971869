/* SPDX-License-Identifier: MIT
 *
 * base/threads: every index once, no two pieces with one worker at a time, sizes clamped, idle
 * workers asleep.
 */
#include "check.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/mem.h"
#include "base/threads.h"

enum { N = 10000 };

struct marks {
    atomic_uint times[N];
    atomic_uint inside[64]; /* by worker */
    atomic_bool shared;     /* two pieces of one worker ran at once */
    size_t n_workers;
};

static void mark(void *context, size_t begin, size_t end, size_t worker) {
    struct marks *m = context;
    assert_true(worker < m->n_workers);
    if (atomic_fetch_add(&m->inside[worker % 64], 1) != 0) atomic_store(&m->shared, true);
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add(&m->times[i], 1);
    atomic_fetch_sub(&m->inside[worker % 64], 1);
}

static void every_index_is_done_once(void **state) {
    (void)state;
    static const size_t grains[] = {1, 3, 64, N - 1, N, N + 5};
    struct pool *pool;
    struct error err;
    assert_int_equal(pool_open(&pool, pool_max_size(), &err), OK);
    struct marks *m = mem_zalloc(sizeof(*m));
    m->n_workers = pool_size(pool);
    for (size_t g = 0; g < sizeof(grains) / sizeof(grains[0]); g++)
        for (size_t n = 0; n <= N; n = n * 7 + 1) {
            memset(m->times, 0, sizeof(m->times));
            parallel_for(pool, n, grains[g], mark, m);
            for (size_t i = 0; i < N; i++)
                assert_int_equal(m->times[i], i < n ? 1 : 0);
        }
    assert_false(m->shared);
    mem_free(m);
    pool_close(pool);
}

static void add_one(void *context, size_t begin, size_t end, size_t worker) {
    (void)worker;
    atomic_fetch_add((atomic_ulong *)context, end - begin);
}

/* Loops that follow each other at once, and loops that find the workers asleep. */
static void loops_follow_each_other(void **state) {
    (void)state;
    struct pool *pool;
    struct error err;
    atomic_ulong sum = 0;
    assert_int_equal(pool_open(&pool, pool_max_size(), &err), OK);
    for (int i = 0; i < 20000; i++)
        parallel_for(pool, 8, 1, add_one, &sum);
    const struct timespec pause = {.tv_nsec = 2000000};
    for (int i = 0; i < 50; i++) {
        nanosleep(&pause, NULL);
        parallel_for(pool, 8, 1, add_one, &sum);
    }
    assert_int_equal(sum, 20050 * 8);
    pool_close(pool);
}

static void size_is_clamped_to_the_affinity_mask(void **state) {
    (void)state;
    struct pool *pool;
    struct error err;
    cpu_set_t all, one;
    assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
    assert_int_equal(pool_open(&pool, 100000, &err), OK);
    assert_int_equal(pool_size(pool), CPU_COUNT(&all));
    pool_close(pool);

    int first = 0;
    while (!CPU_ISSET(first, &all))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    assert_int_equal(pool_max_size(), 1);
    assert_int_equal(pool_default_size(), 1);
    assert_int_equal(pool_open(&pool, 8, &err), OK);
    assert_int_equal(pool_size(pool), 1);
    pool_close(pool);
    assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

static void default_is_within_bounds(void **state) {
    (void)state;
    assert_true(pool_default_size() >= 1);
    assert_true(pool_default_size() <= pool_max_size());
}

/* Idle workers take no processor time: far less than the wall's, whatever the machine. */
static void idle_workers_sleep(void **state) {
    (void)state;
    struct pool *pool;
    struct error err;
    atomic_ulong sum = 0;
    struct rusage before, after;
    assert_int_equal(pool_open(&pool, pool_max_size(), &err), OK);
    parallel_for(pool, 64, 1, add_one, &sum);
    const struct timespec settle = {.tv_nsec = 100000000}, idle = {.tv_nsec = 500000000};
    nanosleep(&settle, NULL);
    getrusage(RUSAGE_SELF, &before);
    nanosleep(&idle, NULL);
    getrusage(RUSAGE_SELF, &after);
    const long used_us = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000L +
                         after.ru_utime.tv_usec - before.ru_utime.tv_usec;
    assert_true(used_us < 50000); /* a tenth: one spinning worker would use 500000 */
    pool_close(pool);
}

static void lack_of_memory_is_an_error(void **state) {
    (void)state;
    struct pool *pool;
    struct error err;
    for (unsigned long n = 1; n <= 2; n++) {
        mem_fail_after(n);
        assert_int_equal(pool_open(&pool, 2, &err), ERR_NOMEM);
    }
    mem_fail_after(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_is_done_once),
        cmocka_unit_test(loops_follow_each_other),
        cmocka_unit_test(size_is_clamped_to_the_affinity_mask),
        cmocka_unit_test(default_is_within_bounds),
        cmocka_unit_test(idle_workers_sleep),
        cmocka_unit_test(lack_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
