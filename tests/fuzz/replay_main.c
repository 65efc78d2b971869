/* SPDX-License-Identifier: MIT
 *
 * Runs a fuzzer's function over the files of a directory: how its corpus, past crashes among it,
 * is an ordinary test. A crash ends the program, and the last "# ..." line says on which file.
 *
 *   replay DIRECTORY
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int is_visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

/* The bytes go in a block of just their size, so that a sanitizer sees one read too many. */
static bool replay(const char *directory, const char *name) {
    struct file_bytes file;
    struct error err;
    char *path = file_join(directory, name);
    const bool good = path && file_read(&file, path, 1 << 24, &err) == OK;
    if (good) {
        uint8_t *exact = mem_alloc(file.n);
        for (size_t i = 0; exact && i < file.n; i++)
            exact[i] = file.data[i];
        if (exact) LLVMFuzzerTestOneInput(exact, file.n);
        mem_free(exact);
        file_bytes_release(&file);
    }
    mem_free(path);
    return good;
}

int main(int argc, char **argv) {
    struct dirent **entries;
    int n_bad = 0;
    const int n = argc == 2 ? scandir(argv[1], &entries, is_visible, alphasort) : -1;
    if (n <= 0) {
        fprintf(stderr, "usage: replay DIRECTORY, with a corpus in it\n");
        return 1;
    }
    printf("1..%d\n", n);
    for (int i = 0; i < n; i++) {
        printf("# %s\n", entries[i]->d_name);
        fflush(stdout);
        const bool good = replay(argv[1], entries[i]->d_name);
        n_bad += !good;
        printf("%s %d - %s\n", good ? "ok" : "not ok", i + 1, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return n_bad > 0;
}
