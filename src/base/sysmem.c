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

#define GROUP "/sys/fs/cgroup"

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* The number behind a name that begins a line; 0 when there is none. */
static size_t named_in(const char *path, const char *name) {
    unsigned long long n = 0;
    char line[128];
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    while (fgets(line, sizeof(line), file))
        if (strncmp(line, name, strlen(name)) == 0) n = strtoull(line + strlen(name), NULL, 10);
    fclose(file);
    return (size_t)n;
}

static size_t of_system(void) {
    const size_t kb = named_in("/proc/meminfo", "MemAvailable:");
    return kb ? kb * 1024 : SIZE_MAX;
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

/* Where the control groups of a container are mounted its own one is the root. Pages of files count
 * as used there, those of a model that was read a minute ago among them; they can be given up. */
static size_t of_group(void) {
    const size_t max = number_in(GROUP "/memory.max");
    const size_t used = number_in(GROUP "/memory.current");
    const size_t files = named_in(GROUP "/memory.stat", "active_file ") +
                         named_in(GROUP "/memory.stat", "inactive_file ");
    if (max == SIZE_MAX || used == SIZE_MAX) return SIZE_MAX;
    const size_t kept = used > files ? used - files : 0;
    return max > kept ? max - kept : 0;
}

static size_t of_limit(size_t mapped_bytes) {
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
    const size_t kept = used > mapped_bytes ? used - mapped_bytes : 0;
    return limit.rlim_cur > kept ? (size_t)limit.rlim_cur - kept : 0;
}

size_t sysmem_available(size_t mapped_bytes) {
    return least(of_system(), least(of_group(), of_limit(mapped_bytes)));
}
