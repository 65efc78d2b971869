/* SPDX-License-Identifier: MIT
 *
 * Walking directories. The chain of directories from the argument down is kept by device and inode:
 * meeting one of them again is a loop.
 */
#include "cli/inputs.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/intl.h"
#include "doc/doc.h"

struct ancestor {
    dev_t device;
    ino_t inode;
    const struct ancestor *parent;
};

enum { DEPTH_MAX = 200 };

static enum status nomem(struct error *err) {
    return fail(err, ERR_NOMEM, _("not enough memory for the list of documents"));
}

static enum status add(struct inputs *inputs, const char *path, const char *relative,
                       const struct error *unreadable, struct error *err) {
    struct input in = {.path = mem_strdup(path), .relative = mem_strdup(relative)};
    if (unreadable) {
        in.is_unreadable = true;
        in.error = *unreadable;
    }
    if (in.path && in.relative && array_push(&inputs->list, &in, sizeof(in))) return OK;
    mem_free(in.path);
    mem_free(in.relative);
    return nomem(err);
}

static enum status add_unreadable(struct inputs *inputs, const char *path, const char *relative,
                                  int code, struct error *err) {
    struct error why;
    fail(&why, code == ENOENT ? ERR_NOT_FOUND : ERR_IO, _("cannot read %s: %s"), path,
         code == ELOOP ? _("loop of symbolic links") : strerror(code));
    return add(inputs, path, relative, &why, err);
}

static enum status walk(struct inputs *inputs, const char *path, const char *relative,
                        const struct ancestor *parent, int depth, struct error *err);

static enum status visit(struct inputs *inputs, const char *path, const char *relative,
                         const char *name, const struct ancestor *parent, int depth,
                         struct error *err) {
    struct stat sb;
    if (name[0] == '.') {
        inputs->n_skipped++;
        return OK;
    }
    if (stat(path, &sb) != 0) return add_unreadable(inputs, path, relative, errno, err);
    if (S_ISDIR(sb.st_mode)) return walk(inputs, path, relative, parent, depth + 1, err);
    if (S_ISREG(sb.st_mode) && document_name_is_readable(name))
        return add(inputs, path, relative, NULL, err);
    inputs->n_skipped++;
    return OK;
}

static enum status walk(struct inputs *inputs, const char *path, const char *relative,
                        const struct ancestor *parent, int depth, struct error *err) {
    struct stat sb;
    struct dirent **entries = NULL;
    if (stat(path, &sb) != 0) return add_unreadable(inputs, path, relative, errno, err);
    for (const struct ancestor *a = parent; a; a = a->parent)
        if (a->device == sb.st_dev && a->inode == sb.st_ino)
            return add_unreadable(inputs, path, relative, ELOOP, err);
    if (depth > DEPTH_MAX) return add_unreadable(inputs, path, relative, ENAMETOOLONG, err);
    const struct ancestor here = {sb.st_dev, sb.st_ino, parent};
    const int n = scandir(path, &entries, NULL, alphasort);
    if (n < 0) return add_unreadable(inputs, path, relative, errno, err);
    enum status st = OK;
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        if (st == OK && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            char *below = file_join(path, name);
            char *relative_below = *relative ? file_join(relative, name) : mem_strdup(name);
            st = below && relative_below
                     ? visit(inputs, below, relative_below, name, &here, depth, err)
                     : nomem(err);
            mem_free(below);
            mem_free(relative_below);
        }
        free(entries[i]);
    }
    free(entries);
    return st;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

enum status inputs_resolve(struct inputs *out, char *const *arguments, size_t n,
                           struct error *err) {
    struct inputs inputs = {0};
    for (size_t i = 0; i < n; i++) {
        struct stat sb;
        enum status st;
        if (strcmp(arguments[i], "-") != 0 && stat(arguments[i], &sb) == 0 && S_ISDIR(sb.st_mode)) {
            inputs.has_directory = true;
            st = walk(&inputs, arguments[i], "", NULL, 0, err);
        } else {
            const char *name = strcmp(arguments[i], "-") == 0 ? "stdin.txt"
                                                              : base_name(arguments[i]);
            st = add(&inputs, arguments[i], name, NULL, err);
        }
        if (st) {
            inputs_release(&inputs);
            return st;
        }
    }
    *out = inputs;
    return OK;
}

void inputs_release(struct inputs *inputs) {
    struct input *in = inputs->list.data;
    for (size_t i = 0; i < inputs->list.n; i++) {
        mem_free(in[i].path);
        mem_free(in[i].relative);
    }
    array_release(&inputs->list);
}
