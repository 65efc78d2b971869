/* SPDX-License-Identifier: MIT
 *
 * Reading the corpora that the tests run over.
 */
#include "documents.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

/* What scandir is to list: its filter takes no context. */
static int is_visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static bool ends_in(const char *name, const char *end) {
    const size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

static bool add(struct texts *t, const char *path, size_t name_at) {
    struct file_bytes file;
    struct error err;
    if (file_read(&file, path, (size_t)1 << 30, &err)) return false;
    const struct text text = {mem_strdup(path + name_at), file.data, file.n};
    return text.name && array_push(&t->list, &text, sizeof(text));
}

/* Every .txt below `path`; one in `step` of them. */
static bool walk(struct texts *t, const char *path, size_t name_at, size_t step) {
    struct dirent **entries;
    const int n = scandir(path, &entries, is_visible, alphasort);
    bool good = n >= 0;
    size_t seen = 0;
    for (int i = 0; i < n; i++) {
        char *below = file_join(path, entries[i]->d_name);
        struct stat sb;
        if (!below || stat(below, &sb) != 0)
            good = false;
        else if (S_ISDIR(sb.st_mode))
            good &= walk(t, below, name_at, step);
        else if (ends_in(below, ".txt") && seen++ % step == 0)
            good &= add(t, below, name_at);
        mem_free(below);
        free(entries[i]);
    }
    if (n >= 0) free(entries);
    return good;
}

bool texts_load(struct texts *out, const char *source_dir, bool shared, bool few) {
    static const struct {
        const char *path;
        bool is_shared, is_large;
    } folders[] = {
        {"corpora", false, false},
        {"examples", false, false},
        {"../shared/notes/brat", true, false},
        {"../shared/meddocan/dev", true, true},
        {"../shared/meddocan/train", true, true},
    };
    struct texts t = {0};
    bool good = true;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        struct stat sb;
        if (folders[i].is_shared != shared) continue;
        char *path = file_join(source_dir, folders[i].path);
        if (path && stat(path, &sb) == 0)
            good &= walk(&t, path, strlen(source_dir) + 1, few && folders[i].is_large ? 10 : 1);
        else
            good &= shared;
        mem_free(path);
    }
    *out = t;
    return good;
}

void texts_release(struct texts *t) {
    for (size_t i = 0; i < t->list.n; i++) {
        struct text *text = (struct text *)t->list.data + i;
        mem_free(text->name);
        mem_free(text->bytes);
    }
    array_release(&t->list);
}
