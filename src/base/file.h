/* SPDX-License-Identifier: MIT
 *
 * Files: reading one whole, and writing one so that it appears complete or not at all.
 */
#ifndef SIGILO_BASE_FILE_H
#define SIGILO_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* ERR_INVALID for an empty name, of which the system would only say that there is no such file. */
enum status file_check_name(const char *path, struct error *err);

/* The bytes of a file, read whole. Release wipes them: they may be clinical text. */
struct file_bytes {
    unsigned char *data; /* [n], plus one NUL that does not count */
    size_t n;
};

/* Reads a regular file, a pipe or a device up to its end; a named pipe is waited for until somebody
 * writes, as by any program that reads one. `path` "-" is standard input.
 *
 * ERR_NOT_FOUND, ERR_IO (unreadable, vanished, a directory), ERR_LIMIT (over size_max_bytes),
 * ERR_NOMEM. A file that grows or shrinks while it is read is read to the end found. */
enum status file_read(struct file_bytes *out, const char *path, size_t size_max_bytes,
                      struct error *err);

/* As file_read, from an open descriptor, which stays open; `name` is for messages. */
enum status file_read_fd(struct file_bytes *out, int fd, const char *name, size_t size_max_bytes,
                         struct error *err);

void file_bytes_release(struct file_bytes *bytes);

/* A file being written. It lies in the target's own directory without a name (or, where the file
 * system cannot do that, under a temporary one), is flushed to disk and put into place by
 * file_writer_commit; whatever happens before, a kill included, leaves the target as it was and
 * nothing behind. It is made without access for others (0600). */
struct file_writer {
    int fd; /* -1 when closed */
    bool replace;
    char *path;      /* the target */
    char *temporary; /* its name while open; NULL: it has none */
};

/* `replace` false: an existing target is ERR_EXISTS (checked again, atomically, at commit). A
 * directory, a device or a pipe is never replaced: ERR_IO. */
enum status file_writer_open(struct file_writer *w, const char *path, bool replace,
                             struct error *err);
enum status file_writer_write(struct file_writer *w, const void *data, size_t n, struct error *err);
enum status file_writer_commit(struct file_writer *w, struct error *err);

/* Removes the temporary file if not committed; accepts a writer that was never opened ({.fd=-1}).*/
void file_writer_close(struct file_writer *w);

/* Open, write, commit, close. */
enum status file_write(const char *path, const void *data, size_t n, bool replace,
                       struct error *err);

/* Makes the directory and its parents, as mkdir -p. */
enum status file_make_directories(const char *path, struct error *err);

/* "a" and "b" -> "a/b" (one slash); NULL when memory is short. Free with mem_free. */
char *file_join(const char *directory, const char *name);

#endif
