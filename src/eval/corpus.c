/* SPDX-License-Identifier: MIT
 *
 * Listing a corpus. Every name below the directory is collected once, without its ending, and
 * sorted by bytes: a corpus is read in the same order everywhere.
 */
#include "eval/corpus.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/intl.h"

enum { DEPTH_MAX = 32 };

static enum status nomem(struct error *err, const char *path) {
    return fail(err, ERR_NOMEM, _("%s: not enough memory to list it"), path);
}

char *corpus_path(const char *directory, const char *name, const char *ending) {
    const size_t n = strlen(name), m = strlen(ending);
    char *file = mem_alloc(n + m + 1);
    if (!file) return NULL;
    memcpy(file, name, n);
    memcpy(file + n, ending, m + 1);
    char *path = file_join(directory, file);
    mem_free(file);
    return path;
}

/* Adds "below/name" when it ends in .txt or .ann. */
static bool add_file(struct corpus *c, struct array *files, const char *name) {
    const char *dot = strrchr(name, '.');
    struct corpus_file f = {.has_txt = dot && strcmp(dot, ".txt") == 0,
                            .has_ann = dot && strcmp(dot, ".ann") == 0};
    if (!f.has_txt && !f.has_ann) return true;
    f.name = arena_strndup(&c->arena, name, (size_t)(dot - name));
    return f.name && array_push(files, &f, sizeof(f));
}

static enum status list_directory(struct corpus *c, struct array *files, const char *below,
                                  int depth, struct error *err);

static enum status list_entry(struct corpus *c, struct array *files, const char *below,
                              const char *entry, int depth, struct error *err) {
    char *name = *below ? file_join(below, entry) : mem_strdup(entry);
    char *path = name ? file_join(c->path, name) : NULL;
    enum status st = OK;
    struct stat own, target;
    if (!path)
        st = nomem(err, c->path);
    else if (lstat(path, &own) == 0 && stat(path, &target) == 0) {
        if (S_ISDIR(own.st_mode))
            st = list_directory(c, files, name, depth + 1, err);
        else if (!S_ISDIR(target.st_mode) && !add_file(c, files, name))
            st = nomem(err, c->path);
    }
    mem_free(path);
    mem_free(name);
    return st;
}

static enum status list_directory(struct corpus *c, struct array *files, const char *below,
                                  int depth, struct error *err) {
    if (depth > DEPTH_MAX)
        return fail(err, ERR_LIMIT, _("%s: directories nested deeper than %d"), c->path, DEPTH_MAX);
    char *path = *below ? file_join(c->path, below) : mem_strdup(c->path);
    if (!path) return nomem(err, c->path);
    DIR *d = opendir(path);
    enum status st = OK;
    if (!d)
        st = fail(err, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO,
                  _("cannot list %s: %s"), path, strerror(errno));
    for (struct dirent *e; d && st == OK && (e = readdir(d));)
        if (e->d_name[0] != '.') st = list_entry(c, files, below, e->d_name, depth, err);
    if (d) closedir(d);
    mem_free(path);
    return st;
}

static int compare_files(const void *a, const void *b) {
    return strcmp(((const struct corpus_file *)a)->name, ((const struct corpus_file *)b)->name);
}

/* X.txt and X.ann become one file with both. */
static size_t pair_up(struct corpus_file *files, size_t n) {
    if (n == 0) return 0;
    qsort(files, n, sizeof(*files), compare_files);
    size_t kept = 1;
    for (size_t i = 1; i < n; i++) {
        struct corpus_file *last = &files[kept - 1];
        if (strcmp(last->name, files[i].name) == 0) {
            last->has_txt |= files[i].has_txt;
            last->has_ann |= files[i].has_ann;
        } else {
            files[kept++] = files[i];
        }
    }
    return kept;
}

enum status corpus_list(struct corpus *out, const char *path, struct error *err) {
    struct corpus c = {.path = path};
    struct array files = {0};
    enum status st = file_check_name(path, err);
    if (!st) st = list_directory(&c, &files, "", 0, err);
    c.n = pair_up(files.data, files.n);
    if (st == OK && c.n > 0) {
        c.files = arena_alloc(&c.arena, c.n * sizeof(*c.files));
        if (c.files && files.data)
            memcpy(c.files, files.data, c.n * sizeof(*c.files));
        else
            st = nomem(err, path);
    }
    array_release(&files);
    if (st) {
        corpus_release(&c);
        return st;
    }
    *out = c;
    return OK;
}

void corpus_release(struct corpus *corpus) {
    arena_release(&corpus->arena);
    *corpus = (struct corpus){0};
}

/* Keeps a label if it is new, in order. */
static bool keep_label(struct corpus *c, struct array *labels, const char *label) {
    if (strcmp(label, CORPUS_CLINICAL_LABEL) == 0) {
        c->has_clinical = true;
        return true;
    }
    size_t at = 0;
    for (const char **l = labels->data; at < labels->n; at++) {
        const int order = strcmp(l[at], label);
        if (order == 0) return true;
        if (order > 0) break;
    }
    const char *kept = arena_strndup(&c->arena, label, strlen(label));
    if (!kept || !array_push(labels, &kept, sizeof(kept))) return false;
    const char **l = labels->data;
    memmove(&l[at + 1], &l[at], (labels->n - 1 - at) * sizeof(*l));
    l[at] = kept;
    return true;
}

static enum status read_labels_of(struct corpus *c, struct array *labels, const char *name,
                                  struct error *err) {
    char *path = corpus_path(c->path, name, ".ann");
    if (!path) return nomem(err, c->path);
    struct brat brat;
    enum status st = brat_read(&brat, path, err);
    mem_free(path);
    if (st) return st;
    for (size_t i = 0; st == OK && i < brat.n; i++)
        if (!keep_label(c, labels, brat.entities[i].label)) st = nomem(err, c->path);
    brat_release(&brat);
    return st;
}

enum status corpus_read_labels(struct corpus *corpus, bool pass_over, struct error *err) {
    struct array labels = {0};
    enum status st = OK;
    for (size_t i = 0; st == OK && i < corpus->n; i++) {
        if (!corpus->files[i].has_txt || !corpus->files[i].has_ann) continue;
        st = read_labels_of(corpus, &labels, corpus->files[i].name, err);
        if (pass_over && st != ERR_NOMEM) st = OK;
    }
    if (st == OK && labels.n > 0) {
        corpus->labels = arena_alloc(&corpus->arena, labels.n * sizeof(char *));
        if (!corpus->labels) {
            st = nomem(err, corpus->path);
        } else {
            memcpy(corpus->labels, labels.data, labels.n * sizeof(char *));
            corpus->n_labels = labels.n;
        }
    }
    array_release(&labels);
    return st;
}

uint32_t *corpus_decode(enum encoding encoding, const unsigned char *bytes, size_t n_bytes,
                        size_t *n) {
    *n = encoding_count(encoding, bytes, n_bytes);
    size_t size_bytes;
    if (!size_mul(&size_bytes, *n, sizeof(uint32_t))) return NULL;
    uint32_t *text = mem_alloc(size_bytes);
    if (!text) return NULL;
    size_t i = 0;
    for (size_t at = 0; at < n_bytes; i++)
        at += encoding_decode(encoding, bytes, n_bytes, at, &text[i], NULL);
    return text;
}
