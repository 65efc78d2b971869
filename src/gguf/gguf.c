/* SPDX-License-Identifier: MIT
 *
 * Opening a model file: it is mapped read-only, so that its pages are the system's to share and to
 * drop, and its directory is read by gguf/parse.c.
 */
#include "gguf/gguf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/intl.h"
#include "base/mem.h"
#include "gguf/parse.h"

/* NULL when memory is short; `err` says so. */
static struct gguf *new_gguf(const char *path, struct error *err) {
    struct gguf *g = mem_zalloc(sizeof(*g));
    if (g) g->path = mem_strdup(path);
    if (g && g->path) return g;
    gguf_close(g);
    fail(err, ERR_NOMEM, _("%s: not enough memory to open it"), path);
    return NULL;
}

static enum status map_descriptor(struct gguf *g, int fd, struct error *err) {
    struct stat sb;
    if (fstat(fd, &sb) != 0)
        return fail(err, ERR_IO, _("cannot open %s: %s"), g->path, strerror(errno));
    if (S_ISDIR(sb.st_mode))
        return fail(err, ERR_IO, _("%s: a directory, not a model file"), g->path);
    if (!S_ISREG(sb.st_mode))
        return fail(err, ERR_IO, _("%s: not a regular file; a model must be one to be mapped"),
                    g->path);
    if (sb.st_size == 0) return fail(err, ERR_INVALID, _("%s: the file is empty"), g->path);
    void *map = mmap(NULL, (size_t)sb.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return fail(err, errno == ENOMEM ? ERR_NOMEM : ERR_IO,
                    _("%s: cannot map its %zu bytes: %s"), g->path, (size_t)sb.st_size,
                    strerror(errno));
    /* main() may lock all memory, for the sake of clinical text; weights may be dropped and read
     * again */
    (void)munlock(map, (size_t)sb.st_size);
    g->map = map;
    g->map_bytes = (size_t)sb.st_size;
    g->owns_map = true;
    return OK;
}

static enum status map_file(struct gguf *g, struct error *err) {
    enum status st = file_check_name(g->path, err);
    if (st) return st;
    /* not to wait at a pipe that nobody writes */
    const int fd = open(g->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        const int code = errno;
        return fail(err, code == ENOENT || code == ENOTDIR ? ERR_NOT_FOUND : ERR_IO,
                    _("cannot open %s: %s"), g->path, strerror(code));
    }
    st = map_descriptor(g, fd, err);
    close(fd);
    return st;
}

enum status gguf_open(struct gguf **out, const char *path, struct error *err) {
    struct gguf *g = new_gguf(path, err);
    if (!g) return ERR_NOMEM;
    enum status st = map_file(g, err);
    if (st == OK) st = gguf_parse(g, err);
    if (st) {
        gguf_close(g);
        return st;
    }
    *out = g;
    return OK;
}

enum status gguf_open_memory(struct gguf **out, const void *bytes, size_t n, const char *name,
                             struct error *err) {
    struct gguf *g = new_gguf(name, err);
    if (!g) return ERR_NOMEM;
    g->map = bytes;
    g->map_bytes = n;
    const enum status st = gguf_parse(g, err);
    if (st) {
        gguf_close(g);
        return st;
    }
    *out = g;
    return OK;
}

void gguf_close(struct gguf *g) {
    if (!g) return;
    if (g->owns_map) munmap((void *)g->map, g->map_bytes);
    mem_free(g->pairs);
    mem_free(g->tensors);
    mem_free(g->pair_index);
    mem_free(g->tensor_index);
    mem_free(g->path);
    mem_free(g);
}
