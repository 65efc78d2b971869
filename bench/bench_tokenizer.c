/* SPDX-License-Identifier: MIT
 *
 * How fast text becomes tokens:
 *
 *     bench_tokenizer SOURCE-DIR [VOCABULARY.gguf]...
 *
 * For each vocabulary: opening it, then 10 MB each of Spanish prose (the notes of corpora/uruguay,
 * again and again), of the letter a, of spaces, of random bytes, as one text on one thread; and
 * decoding the prose. Each text runs in a process of its own, so that the memory told is its own:
 * what it took at most above what was there before, in bytes for each byte of text.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "tokenizer/tokenizer.h"

enum { TEXT_BYTES = 10000000, RUNS = 3 };

static double peak_mb(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1000;
}

static bool is_note(const struct dirent *entry) {
    const size_t n = strlen(entry->d_name);
    return n > 4 && strcmp(entry->d_name + n - 4, ".txt") == 0;
}

/* The notes of a folder, appended to text. */
static void add_notes(struct strbuf *text, const char *folder) {
    struct dirent **entries;
    const int n = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char *path = file_join(folder, entries[i]->d_name);
        struct file_bytes file = {0};
        if (is_note(entries[i]) && path && file_read(&file, path, 1 << 20, NULL) == OK)
            strbuf_append(text, (const char *)file.data, file.n);
        file_bytes_release(&file);
        mem_free(path);
        free(entries[i]);
    }
    if (n >= 0) free(entries);
}

static void fill_prose(char *out, const char *source) {
    struct strbuf notes;
    char *folder = file_join(source, "corpora/uruguay/dev");
    strbuf_init(&notes, TEXT_BYTES);
    if (folder) add_notes(&notes, folder);
    if (notes.n == 0) {
        fprintf(stderr, "bench_tokenizer: no notes in %s/corpora/uruguay/dev\n", source);
        exit(1);
    }
    for (size_t at = 0; at < TEXT_BYTES; at++)
        out[at] = notes.data[at % notes.n];
    strbuf_release(&notes);
    mem_free(folder);
}

static void fill_random(char *out) {
    uint64_t state = 1;
    for (size_t i = 0; i < TEXT_BYTES; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        out[i] = (char)(state >> 56);
    }
}

static void decode(const struct tokenizer *t, const struct token_list *tokens) {
    struct strbuf out;
    struct detokenizer d;
    strbuf_init(&out, 4 * (size_t)TEXT_BYTES);
    const double start = clock_s();
    detokenizer_init(&d, t, true, true);
    for (size_t i = 0; i < tokens->ids.n; i++)
        detokenizer_feed(&d, ((const int32_t *)tokens->ids.data)[i], &out);
    detokenizer_finish(&d, &out);
    printf("  decoding      %8.1f MB/s\n", (double)out.n / 1e6 / (clock_s() - start));
    strbuf_release(&out);
}

/* Encodes a text; `prose` is timed some times, then decoded. */
static void encode(const struct tokenizer *t, const char *name, const char *text, bool prose) {
    const double before = peak_mb();
    double best = 1e9;
    for (int run = 0; run < (prose ? RUNS : 1); run++) {
        struct token_list tokens = {0};
        struct error err;
        const double start = clock_s();
        if (tokenizer_encode(t, &tokens, text, TEXT_BYTES, SPECIALS_TEXT, true, &err)) {
            printf("  %s: %s\n", name, err.message);
            return;
        }
        const double seconds = clock_s() - start;
        best = seconds < best ? seconds : best;
        if (run + 1 == (prose ? RUNS : 1)) {
            printf("  %-13s %8.1f MB/s %9zu tokens %6.1f bytes a byte\n", name,
                   TEXT_BYTES / 1e6 / best, tokens.ids.n, (peak_mb() - before) * 1e6 / TEXT_BYTES);
            if (prose) decode(t, &tokens);
        }
        token_list_release(&tokens);
    }
}

/* The same in a child: the memory it takes is its own. */
static void encode_apart(const struct tokenizer *t, const char *name, const char *text,
                         bool prose) {
    fflush(stdout);
    const pid_t child = fork();
    if (child > 0) waitpid(child, NULL, 0);
    if (child != 0) return;
    encode(t, name, text, prose);
    fflush(stdout);
    _exit(0);
}

static int bench(const char *path, char *texts[4]) {
    static const char *const names[] = {"prose", "one letter", "spaces", "random bytes"};
    struct gguf *g;
    struct tokenizer *t;
    struct error err;
    double best = 1e9;
    for (int run = 0; run < RUNS; run++) {
        const double start = clock_s();
        if (gguf_open(&g, path, &err) || tokenizer_open(&t, g, &err)) {
            fprintf(stderr, "bench_tokenizer: %s\n", err.message);
            return 1;
        }
        const double seconds = clock_s() - start;
        best = seconds < best ? seconds : best;
        if (run + 1 < RUNS) {
            tokenizer_close(t);
            gguf_close(g);
        }
    }
    printf("%s: %zu tokens, opened in %.0f ms\n", path, tokenizer_n_vocab(t), best * 1e3);
    for (int i = 0; i < 4; i++)
        encode_apart(t, names[i], texts[i], i == 0);
    tokenizer_close(t);
    gguf_close(g);
    return 0;
}

int main(int argc, char **argv) {
    char *texts[4];
    int code = 0;
    if (argc < 3) {
        puts("bench_tokenizer: no vocabulary was named");
        return 0;
    }
    for (int i = 0; i < 4; i++)
        if (!(texts[i] = mem_alloc(TEXT_BYTES))) return 1;
    fill_prose(texts[0], argv[1]);
    memset(texts[1], 'a', TEXT_BYTES);
    memset(texts[2], ' ', TEXT_BYTES);
    fill_random(texts[3]);
    for (int i = 2; i < argc; i++)
        code |= bench(argv[i], texts);
    for (int i = 0; i < 4; i++)
        mem_free(texts[i]);
    return code;
}
