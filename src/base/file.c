/* SPDX-License-Identifier: MIT
 *
 * Reading whole files and replacing them atomically. The temporary file has no name, or one that
 * tells nothing, and rename (or link, where nothing may be replaced) is the only step that
 * shows the result.
 */
#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/intl.h"
#include "base/mem.h"

static enum status fail_errno(struct error *err, const char *what, const char *name, int code) {
    enum status st = ERR_IO;
    if (code == ENOENT || code == ENOTDIR) st = ERR_NOT_FOUND;
    if (code == EEXIST) st = ERR_EXISTS;
    return fail(err, st, "%s %s: %s", what, name, strerror(code));
}

enum status file_read_fd(struct file_bytes *out, int fd, const char *name, size_t size_max_bytes,
                         struct error *err) {
    struct stat sb;
    struct file_bytes b = {0};
    if (fstat(fd, &sb) != 0) return fail_errno(err, _("cannot read"), name, errno);
    if (S_ISDIR(sb.st_mode)) return fail_errno(err, _("cannot read"), name, EISDIR);
    size_t capacity = 64 * 1024;
    if (S_ISREG(sb.st_mode) && sb.st_size > 0) capacity = (size_t)sb.st_size + 1;
    if (capacity > size_max_bytes + 1) capacity = size_max_bytes + 1;
    b.data = mem_alloc(capacity + 1);
    if (!b.data) return fail(err, ERR_NOMEM, _("%s: not enough memory to read it"), name);

    for (;;) {
        if (b.n == capacity) {
            /* a fresh block and a wipe, not realloc: moved text must not stay behind */
            size_t larger = capacity * 2 > size_max_bytes + 1 ? size_max_bytes + 1 : capacity * 2;
            if (larger == capacity) break;
            unsigned char *data = mem_alloc(larger + 1);
            if (!data) {
                file_bytes_release(&b);
                return fail(err, ERR_NOMEM, _("%s: not enough memory to read it"), name);
            }
            memcpy(data, b.data, b.n);
            mem_wipe_free(b.data, b.n);
            b.data = data;
            capacity = larger;
        }
        ssize_t got = read(fd, b.data + b.n, capacity - b.n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            int code = errno;
            file_bytes_release(&b);
            return fail_errno(err, _("cannot read"), name, code);
        }
        if (got == 0) break;
        b.n += (size_t)got;
    }
    if (b.n > size_max_bytes) {
        file_bytes_release(&b);
        return fail(err, ERR_LIMIT, _("%s: larger than the limit of %zu bytes"), name,
                    size_max_bytes);
    }
    b.data[b.n] = '\0';
    *out = b;
    return OK;
}

enum status file_check_name(const char *path, struct error *err) {
    return *path ? OK : fail(err, ERR_INVALID, _("the name given for a file is empty"));
}

enum status file_read(struct file_bytes *out, const char *path, size_t size_max_bytes,
                      struct error *err) {
    enum status st = file_check_name(path, err);
    if (st) return st;
    if (strcmp(path, "-") == 0)
        return file_read_fd(out, STDIN_FILENO, _("standard input"), size_max_bytes, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return fail_errno(err, _("cannot open"), path, errno);
    st = file_read_fd(out, fd, path, size_max_bytes, err);
    close(fd);
    return st;
}

void file_bytes_release(struct file_bytes *bytes) {
    mem_wipe_free(bytes->data, bytes->n);
    *bytes = (struct file_bytes){0};
}

/* The directory of w->path, with its slash; "" for the one we are in. */
static char *directory_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return mem_strndup(path, slash ? (size_t)(slash - path) + 1 : 0);
}

/* A name beside the target, of which nothing tells what is in it. */
static char *temporary_name(const char *path) {
    char *directory = directory_of(path), *name = NULL;
    const size_t n = directory ? strlen(directory) : 0;
    if (directory) name = mem_alloc(n + sizeof(".sigilo-XXXXXX"));
    if (name) {
        memcpy(name, directory, n);
        memcpy(name + n, ".sigilo-XXXXXX", sizeof(".sigilo-XXXXXX"));
    }
    mem_free(directory);
    return name;
}

/* A file without a name vanishes with the program, however that ends. ERR_UNSUPPORTED where the
 * file system has none. */
static enum status open_nameless(struct file_writer *w, struct error *err) {
    char *directory = directory_of(w->path);
    if (!directory) return fail(err, ERR_NOMEM, _("%s: not enough memory to write it"), w->path);
    if (access("/proc/self/fd", X_OK) == 0) /* without it no name could be given */
        w->fd = open(directory[0] ? directory : ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    mem_free(directory);
    return w->fd < 0 ? ERR_UNSUPPORTED : OK; /* whatever the reason: open_named says it better */
}

static enum status open_named(struct file_writer *w, struct error *err) {
    w->temporary = temporary_name(w->path);
    if (!w->temporary) return fail(err, ERR_NOMEM, _("%s: not enough memory to write it"), w->path);
    w->fd = mkostemp(w->temporary, O_CLOEXEC);
    if (w->fd >= 0) return OK;
    const int code = errno;
    mem_free(w->temporary);
    w->temporary = NULL;
    return fail_errno(err, _("cannot write"), w->path, code);
}

/* Gives a nameless file the name `to`; errno tells why not. */
static int name_it(int fd, const char *to) {
    char self[64];
    snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, self, AT_FDCWD, to, AT_SYMLINK_FOLLOW);
}

/* A nameless file that is to replace another gets a name of its own first, for rename. */
static enum status name_temporary(struct file_writer *w, struct error *err) {
    for (int tries = 0; tries < 100; tries++) {
        char *name = temporary_name(w->path);
        if (!name) return fail(err, ERR_NOMEM, _("%s: not enough memory to write it"), w->path);
        const int fd = mkostemp(name, O_CLOEXEC); /* finds a name that is free */
        if (fd >= 0) {
            close(fd);
            unlink(name);
            if (name_it(w->fd, name) == 0) {
                w->temporary = name;
                return OK;
            }
        }
        const int code = errno;
        mem_free(name);
        if (code != EEXIST) return fail_errno(err, _("cannot write"), w->path, code);
    }
    return fail_errno(err, _("cannot write"), w->path, EEXIST);
}

enum status file_writer_open(struct file_writer *w, const char *path, bool replace,
                             struct error *err) {
    *w = (struct file_writer){.fd = -1, .replace = replace};
    struct stat sb;
    enum status st = file_check_name(path, err);
    if (st) return st;
    if (lstat(path, &sb) == 0) {
        if (!replace) return fail(err, ERR_EXISTS, _("%s exists; use --force to replace it"), path);
        if (S_ISDIR(sb.st_mode)) return fail_errno(err, _("cannot write"), path, EISDIR);
        if (!S_ISREG(sb.st_mode) && !S_ISLNK(sb.st_mode)) /* renaming would do away with it */
            return fail(err, ERR_IO, _("cannot write %s: a device or a pipe, not a file"), path);
    }
    w->path = mem_strdup(path);
    if (!w->path) return fail(err, ERR_NOMEM, _("%s: not enough memory to write it"), path);
    st = open_nameless(w, err);
    if (st == ERR_UNSUPPORTED) st = open_named(w, err);
    if (st) file_writer_close(w);
    return st;
}

enum status file_writer_write(struct file_writer *w, const void *data, size_t n,
                              struct error *err) {
    const char *p = data;
    while (n > 0) {
        ssize_t put = write(w->fd, p, n);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return fail_errno(err, _("cannot write"), w->path, errno);
        p += put;
        n -= (size_t)put;
    }
    return OK;
}

static enum status close_written(struct file_writer *w, struct error *err) {
    const int fd = w->fd;
    w->fd = -1;
    return close(fd) == 0 ? OK : fail_errno(err, _("cannot write"), w->path, errno);
}

enum status file_writer_commit(struct file_writer *w, struct error *err) {
    if (fsync(w->fd) != 0 && errno != EINVAL && errno != EROFS)
        return fail_errno(err, _("cannot write"), w->path, errno);
    assert(w->path);
    if (!w->temporary && !w->replace && name_it(w->fd, w->path) == 0) return close_written(w, err);
    if (!w->temporary && !w->replace && errno == EEXIST)
        return fail(err, ERR_EXISTS, _("%s exists; use --force to replace it"), w->path);
    if (!w->temporary) {
        const enum status st = name_temporary(w, err);
        if (st) return st;
    }
    const enum status st = close_written(w, err);
    if (st) return st;
    if (w->replace) {
        if (rename(w->temporary, w->path) != 0)
            return fail_errno(err, _("cannot write"), w->path, errno);
    } else if (link(w->temporary, w->path) == 0) {
        unlink(w->temporary);
    } else if (errno == EEXIST) {
        return fail(err, ERR_EXISTS, _("%s exists; use --force to replace it"), w->path);
    } else if (access(w->path, F_OK) == 0 || rename(w->temporary, w->path) != 0) {
        /* a file system without hard links: the check before rename is the best there is */
        return fail_errno(err, _("cannot write"), w->path, errno ? errno : EEXIST);
    }
    mem_free(w->temporary);
    w->temporary = NULL;
    return OK;
}

void file_writer_close(struct file_writer *w) {
    if (w->fd >= 0) close(w->fd);
    if (w->temporary) unlink(w->temporary);
    mem_free(w->temporary);
    mem_free(w->path);
    *w = (struct file_writer){.fd = -1};
}

enum status file_write(const char *path, const void *data, size_t n, bool replace,
                       struct error *err) {
    struct file_writer w;
    enum status st = file_writer_open(&w, path, replace, err);
    if (st == OK) st = file_writer_write(&w, data, n, err);
    if (st == OK) st = file_writer_commit(&w, err);
    file_writer_close(&w);
    return st;
}

enum status file_make_directories(const char *path, struct error *err) {
    char *copy = mem_strdup(path);
    if (!copy) return fail(err, ERR_NOMEM, _("%s: not enough memory"), path);
    for (char *p = copy + 1;; p++) {
        if (*p != '/' && *p != '\0') continue;
        const char end = *p;
        *p = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST) {
            int code = errno;
            mem_free(copy);
            return fail_errno(err, _("cannot make the directory"), path, code);
        }
        if (end == '\0') break;
        *p = end;
    }
    mem_free(copy);
    struct stat sb;
    if (stat(path, &sb) == 0 && !S_ISDIR(sb.st_mode))
        return fail_errno(err, _("cannot make the directory"), path, EEXIST);
    return OK;
}

char *file_join(const char *directory, const char *name) {
    size_t n = strlen(directory), m = strlen(name);
    while (n > 1 && directory[n - 1] == '/')
        n--;
    char *joined = mem_alloc(n + m + 2);
    if (!joined) return NULL;
    memcpy(joined, directory, n);
    if (n > 0 && directory[n - 1] != '/') joined[n++] = '/';
    memcpy(joined + n, name, m + 1);
    return joined;
}
