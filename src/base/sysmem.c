/* SPDX-License-Identifier: MIT
 *
 * Available memory, from /proc, the control group (version 2) and the process's own limit.
 */
#include "base/sysmem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* "MemAvailable:   123 kB" of /proc/meminfo. */
static size_t of_system(void) {
    unsigned long long kb = 0;
    char line[128];
    FILE *file = fopen("/proc/meminfo", "re");
    if (!file) return SIZE_MAX;
    while (!kb && fgets(line, sizeof(line), file))
        if (strncmp(line, "MemAvailable:", 13) == 0) kb = strtoull(line + 13, NULL, 10);
    fclose(file);
    return kb ? (size_t)(kb * 1024) : SIZE_MAX;
}

/* The number in a file; SIZE_MAX for "max", or when there is none. */
static size_t number_in(const char *path) {
    char line[64];
    FILE *file = fopen(path, "re");
    if (!file) return SIZE_MAX;
    char *end = line;
    size_t value = SIZE_MAX;
    if (fgets(line, sizeof(line), file)) {
        const unsigned long long n = strtoull(line, &end, 10);
        if (end != line) value = (size_t)n;
    }
    fclose(file);
    return value;
}

/* Where the control groups of a container are mounted its own one is the root. */
static size_t of_group(void) {
    const size_t max = number_in("/sys/fs/cgroup/memory.max");
    const size_t used = number_in("/sys/fs/cgroup/memory.current");
    if (max == SIZE_MAX || used == SIZE_MAX) return SIZE_MAX;
    return max > used ? max - used : 0;
}

static size_t of_limit(void) {
    struct rlimit limit;
    unsigned long long pages = 0;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file) {
        char line[128];
        if (fgets(line, sizeof(line), file)) pages = strtoull(line, NULL, 10);
        fclose(file);
    }
    const size_t used = (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
    return limit.rlim_cur > used ? (size_t)limit.rlim_cur - used : 0;
}

size_t sysmem_available(void) {
    return least(of_system(), least(of_group(), of_limit()));
}
