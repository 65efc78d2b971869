/* SPDX-License-Identifier: MIT
 *
 * How long a note takes: decode, fold, find, decide, write, from memory to memory.
 *
 *   bench_anonymize SOURCE-DIRECTORY [--detectors LIST] [--threads N] [--runs N] [--json]
 *
 * Texts: each note of corpora/uruguay/dev, all of them together, and the example note over and over
 * up to 500 words. Times are also given for 500 words, so that notes of any length compare; the
 * requirement is under 3 ms by rules (the default) and under 40 with the tagger on two threads.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anon/anon.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

enum { RUNS_DEFAULT = 50, RUNS_MAX = 10000, TEXTS_MAX = 200, WORDS = 500 };

struct row {
    char name[64];
    struct strbuf text;
    size_t n_words;
    double median_ms, min_ms, max_ms;
};

/* Words as wc counts them; with `limit`, the length of the text's first `limit` words. */
static size_t count_words(const char *text, size_t n, size_t limit, size_t *length) {
    size_t n_words = 0;
    for (size_t i = 0; i < n; i++) {
        const bool blank = strchr(" \t\r\n\f", text[i]) != NULL,
                   was = i == 0 || strchr(" \t\r\n\f", text[i - 1]);
        if (blank && n_words == limit && limit) {
            *length = i;
            return n_words;
        }
        n_words += !blank && was;
    }
    if (limit) *length = n;
    return n_words;
}

static bool read_into(struct strbuf *out, const char *path) {
    struct file_bytes file;
    struct error err;
    if (file_read(&file, path, 1 << 24, &err)) return false;
    strbuf_append(out, (const char *)file.data, file.n);
    file_bytes_release(&file);
    return true;
}

static struct row *add_row(struct row *rows, size_t *n, const char *name) {
    struct row *row = &rows[(*n)++];
    snprintf(row->name, sizeof(row->name), "%s", name);
    strbuf_init(&row->text, 1 << 26);
    return row;
}

static int is_note(const struct dirent *entry) {
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".txt") == 0;
}

/* The example over and over, up to WORDS words. */
static bool add_example(struct row *rows, size_t *n, const char *source) {
    struct row *row = add_row(rows, n, "example, 500 words");
    char *path = file_join(source, "examples/nota-emergencia.txt");
    size_t length = 0;
    bool good = path != NULL;
    while (good && count_words(strbuf_str(&row->text), row->text.n, 0, NULL) < WORDS)
        good = read_into(&row->text, path) && row->text.n > 0;
    mem_free(path);
    if (!good) return false;
    count_words(row->text.data, row->text.n, WORDS, &length);
    row->text.n = length;
    return true;
}

static bool add_notes(struct row *rows, size_t *n, const char *source) {
    struct dirent **entries;
    char *folder = file_join(source, "corpora/uruguay/dev");
    const int found = folder ? scandir(folder, &entries, is_note, alphasort) : -1;
    struct row *all = add_row(rows, n, "all dev notes");
    bool good = found > 0;
    for (int i = 0; i < found; i++) {
        char *path = file_join(folder, entries[i]->d_name);
        good = good && path && *n < TEXTS_MAX &&
               read_into(&add_row(rows, n, entries[i]->d_name)->text, path) &&
               read_into(&all->text, path);
        mem_free(path);
        free(entries[i]);
    }
    if (found >= 0) free(entries);
    mem_free(folder);
    return good;
}

static bool run_once(const struct anonymizer *anonymizer, const struct strbuf *text) {
    struct document doc = {0};
    struct anon_result result = {0};
    struct strbuf out;
    struct error err;
    strbuf_init(&out, SIZE_MAX / 2);
    const bool good = document_from_bytes(&doc, text->data, text->n, &err) == OK &&
                      anonymize(&result, anonymizer, &doc, &err) == OK &&
                      anon_render(&out, &result, &doc, &err) == OK;
    strbuf_release(&out);
    anon_result_release(&result);
    document_close(&doc);
    return good;
}

static int compare_times(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool measure(struct row *row, const struct anonymizer *anonymizer, size_t n_runs) {
    static double times[RUNS_MAX];
    bool good = run_once(anonymizer, &row->text); /* caches are filled before the clock runs */
    for (size_t i = 0; good && i < n_runs; i++) {
        const double start = clock_ms();
        good = run_once(anonymizer, &row->text);
        times[i] = clock_ms() - start;
    }
    qsort(times, n_runs, sizeof(times[0]), compare_times);
    row->n_words = count_words(row->text.data, row->text.n, 0, NULL);
    row->min_ms = times[0];
    row->median_ms = times[n_runs / 2];
    row->max_ms = times[n_runs - 1];
    return good;
}

struct settings {
    const char *source, *detectors;
    size_t n_runs, n_threads;
    bool json;
};

static void print_table(const struct row *rows, size_t n, const struct settings *set) {
    printf("by %s, %zu runs, policy uruguay; ms for 500 words\n\n", set->detectors, set->n_runs);
    printf("%-24s %8s %8s %9s %9s %9s %8s %8s\n", "text", "words", "bytes", "median", "min", "max",
           "MB/s", "notes/s");
    for (size_t i = 0; i < n; i++) {
        const struct row *r = &rows[i];
        const double share = (double)WORDS / (double)r->n_words;
        printf("%-24s %8zu %8zu %9.3f %9.3f %9.3f %8.2f %8.1f\n", r->name, r->n_words, r->text.n,
               r->median_ms * share, r->min_ms * share, r->max_ms * share,
               (double)r->text.n / r->median_ms / 1e3, 1e3 / (r->median_ms * share));
    }
}

static void print_json(const struct row *rows, size_t n, const struct settings *set) {
    for (size_t i = 0; i < n; i++) {
        const struct row *r = &rows[i];
        const double share = (double)WORDS / (double)r->n_words;
        printf("{\"text\":\"%s\",\"detectors\":\"%s\",\"words\":%zu,\"bytes\":%zu,\"runs\":%zu,"
               "\"ms_per_500_words\":{\"median\":%.4f,\"min\":%.4f,\"max\":%.4f},\"mb_per_second\":"
               "%.3f}\n",
               r->name, set->detectors, r->n_words, r->text.n, set->n_runs, r->median_ms * share,
               r->min_ms * share, r->max_ms * share, (double)r->text.n / r->median_ms / 1e3);
    }
}

static int bench(const struct settings *set) {
    static struct row rows[TEXTS_MAX + 2];
    struct policy *policy;
    struct anonymizer *anonymizer = NULL;
    struct error err;
    size_t n = 0;
    bool good = add_example(rows, &n, set->source) && add_notes(rows, &n, set->source);
    if (!good) fprintf(stderr, "bench_anonymize: no notes in %s\n", set->source);
    if (policy_open(&policy, "uruguay", &err)) return 1;
    struct anonymizer_options opt = {.policy = policy, .n_threads = set->n_threads};
    if (detectors_parse(&opt.detectors, set->detectors, &err) ||
        anonymizer_open(&anonymizer, &opt, &err)) {
        fprintf(stderr, "bench_anonymize: %s\n", err.message);
        good = false;
    }
    for (size_t i = 0; i < n && good; i++)
        good = measure(&rows[i], anonymizer, set->n_runs);
    if (good) (set->json ? print_json : print_table)(rows, n, set);
    for (size_t i = 0; i < n; i++)
        strbuf_release(&rows[i].text);
    anonymizer_close(anonymizer);
    policy_close(policy);
    return !good;
}

int main(int argc, char **argv) {
    struct settings set = {.detectors = "rules", .n_runs = RUNS_DEFAULT};
    for (int i = 1; i < argc; i++) {
        const bool more = i + 1 < argc;
        if (strcmp(argv[i], "--json") == 0)
            set.json = true;
        else if (strcmp(argv[i], "--runs") == 0 && more)
            set.n_runs = strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--threads") == 0 && more)
            set.n_threads = strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--detectors") == 0 && more)
            set.detectors = argv[++i];
        else if (!set.source)
            set.source = argv[i];
    }
    if (!set.source || set.n_runs < 1 || set.n_runs > RUNS_MAX) {
        fprintf(stderr, "usage: bench_anonymize SOURCE-DIRECTORY [--detectors LIST] [--threads N] "
                        "[--runs N] [--json]\n");
        return 2;
    }
    return bench(&set);
}
