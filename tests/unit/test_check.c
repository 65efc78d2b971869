/* SPDX-License-Identifier: MIT
 *
 * eval/corpus and eval/check: what is listed, and that each fault is told once, with its place and
 * without the note's text.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "eval/check.h"

static char directory[] = "/tmp/sigilo-test-XXXXXX";

static int make_directory(void **state) {
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int empty_directory(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s/*", directory);
    return system(command);
}

static int remove_directory(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command);
}

static void put(const char *name, const char *text) {
    struct error err;
    char *path = file_join(directory, name);
    assert_int_equal(file_write(path, text, strlen(text), true, &err), OK);
    mem_free(path);
}

enum { FAULTS_MAX = 16 };

struct told {
    size_t n;
    char places[FAULTS_MAX][32]; /* "a.ann:3" */
    char reasons[FAULTS_MAX][128];
};

static void on_fault(void *ctx, const char *file, size_t line, const char *reason) {
    struct told *t = ctx;
    assert_true(t->n < FAULTS_MAX);
    assert_int_equal(strncmp(file, directory, strlen(directory)), 0);
    snprintf(t->places[t->n], sizeof(t->places[0]), "%s:%zu", file + strlen(directory) + 1, line);
    snprintf(t->reasons[t->n++], sizeof(t->reasons[0]), "%s", reason);
}

static bool is_label(void *ctx, const char *label) {
    (void)ctx;
    return strcmp(label, "NOMBRE") == 0 || strcmp(label, "FECHA") == 0;
}

static struct check_counts check(struct told *told) {
    struct error err;
    struct corpus corpus;
    struct check_counts counts;
    *told = (struct told){0};
    const struct check_options opt = {
        .is_label = is_label, .labels_name = "test", .on_fault = on_fault, .ctx = told};
    assert_int_equal(corpus_list(&corpus, directory, &err), OK);
    assert_int_equal(check_corpus(&counts, &corpus, &opt, &err), OK);
    assert_int_equal(counts.n_faults, told->n);
    corpus_release(&corpus);
    return counts;
}

static void a_sound_corpus_has_no_fault(void **state) {
    (void)state;
    struct told told;
    put("a.txt", "P\xc3\xa9rez el 3\n4");
    put("a.ann", "T1\tNOMBRE 0 5\tP\xc3\xa9rez\nT2\tFECHA 9 12\t3 4\nT3\tCLINICO 6 8\tel\n");
    put("b.txt", "");
    put("b.ann", "");
    const struct check_counts n = check(&told);
    assert_int_equal(n.n_documents, 2);
    assert_int_equal(n.n_entities, 2);
    assert_int_equal(n.n_clinical, 1);
    assert_int_equal(n.n_faults, 0);
}

/* One annotation line against the note "Juan Paz 2024"; the reason must hold `word`. */
static void one_fault(const char *ann, size_t line, const char *word) {
    struct told told;
    char place[32];
    put("a.txt", "Juan Paz 2024");
    put("a.ann", ann);
    check(&told);
    assert_int_equal(told.n, 1);
    snprintf(place, sizeof(place), "a.ann:%zu", line);
    assert_string_equal(told.places[0], place);
    assert_non_null(strstr(told.reasons[0], word));
    assert_null(strstr(told.reasons[0], "Juan"));
}

static void each_fault_is_told_once(void **state) {
    (void)state;
    one_fault("T1\tNOMBRE 0 4\tJuan\nT2\tFECHA 9 14\t2024\n", 2, "do not fit");
    one_fault("T1\tNOMBRE 4 0\tJuan\n", 1, "do not fit");
    one_fault("T1\tNOMBRE 4 4\t\n", 1, "empty");
    one_fault("T1\tNOMBRE 0 5\tJuan \n", 1, "blank");
    one_fault("T1\tNOMBRE 4 8\t Paz\n", 1, "blank");
    one_fault("T1\tNOMBRE 0 4\tPaz\n", 1, "not what stands");
    one_fault("T1\tNOMBRE 0 4\tJuanes\n", 1, "not what stands");
    one_fault("T1\tNOMBRE 0 4\tJua\n", 1, "not what stands");
    one_fault("T1\tNOMBRE 0 4\n", 1, "not what stands");
    one_fault("T1\tAPODO 0 4\tJuan\n", 1, "APODO");
    one_fault("T1\tNOMBRE 0 4\tJuan\nT2\tNOMBRE 0 4\tJuan\n", 2, "repeats line 1");
    one_fault("T1\tNOMBRE 0 4\tJuan\nT2\tFECHA 0 4\tJuan\n", 2, "overlaps the span of line 1");
    one_fault("T1\tNOMBRE 5 8\tPaz\nT2\tFECHA 0 8\tJuan Paz\n", 1, "overlaps the span of line 2");
    one_fault("T1\tNOMBRE 0 8\tJuan Paz\nT2\tCLINICO 5 8\tPaz\n", 2, "overlaps");
    one_fault("T1\tNOMBRE 0 x\tJuan\n", 1, "not two numbers");
}

static void a_long_span_is_compared_with_all_it_reaches(void **state) {
    (void)state;
    struct told told;
    put("a.txt", "Juan Paz 2024");
    put("a.ann", "T1\tNOMBRE 0 13\tJuan Paz 2024\nT2\tNOMBRE 5 8\tPaz\nT3\tFECHA 9 13\t2024\n");
    check(&told);
    assert_int_equal(told.n, 2);
    assert_non_null(strstr(told.reasons[1], "line 1"));
}

static void files_alone_and_broken_text(void **state) {
    (void)state;
    struct told told;
    struct error err;
    char *sub = file_join(directory, "sub");
    assert_int_equal(file_make_directories(sub, &err), OK);
    mem_free(sub);
    put("a.txt", "x");
    put("b.ann", "");
    put("sub/c.txt", "\xc3\xb1\xc3\xb1\n\xc3\xb1\xff y");
    put("sub/c.ann", "");
    put("sub/d.txt", "%PDF-1.4");
    put("sub/d.ann", "");
    put("sub/.e.txt", "x");
    put("notes.md", "x");
    const struct check_counts n = check(&told);
    assert_int_equal(n.n_documents, 2);
    assert_int_equal(told.n, 4);
    assert_string_equal(told.places[0], "a.txt:1");
    assert_string_equal(told.places[1], "b.ann:1");
    assert_string_equal(told.places[2], "sub/c.txt:2");
    assert_string_equal(told.places[3], "sub/d.txt:1");
}

static void a_corpus_is_listed_in_order(void **state) {
    (void)state;
    struct error err;
    struct corpus corpus;
    char *sub = file_join(directory, "m/n");
    assert_int_equal(file_make_directories(sub, &err), OK);
    mem_free(sub);
    put("z.txt", "");
    put("z.ann", "T1\tFECHA 0 1\tx\nT2\tCLINICO 0 1\tx\n");
    put("m/n/b.txt", "");
    put("m/n/b.ann", "T1\tNOMBRE 0 1\tx\nT2\tEDAD 0 1\tx\nT3\tFECHA 0 1\tx\n");
    put("a.ann", "T1\tALONE 0 1\tx\n");
    char *loop = file_join(directory, "m/loop");
    assert_int_equal(symlink("..", loop), 0);
    mem_free(loop);
    assert_int_equal(corpus_list(&corpus, directory, &err), OK);
    assert_int_equal(corpus.n, 3);
    assert_string_equal(corpus.files[0].name, "a");
    assert_false(corpus.files[0].has_txt);
    assert_string_equal(corpus.files[1].name, "m/n/b");
    assert_string_equal(corpus.files[2].name, "z");
    assert_int_equal(corpus_read_labels(&corpus, false, &err), OK);
    assert_int_equal(corpus.n_labels, 3);
    assert_string_equal(corpus.labels[0], "EDAD");
    assert_string_equal(corpus.labels[1], "FECHA");
    assert_string_equal(corpus.labels[2], "NOMBRE");
    assert_true(corpus.has_clinical);
    corpus_release(&corpus);
    assert_int_equal(corpus_list(&corpus, "/nonexistent/sigilo", &err), ERR_NOT_FOUND);
}

static void broken_annotations_stop_or_are_passed_over(void **state) {
    (void)state;
    struct error err;
    struct corpus corpus;
    put("a.txt", "");
    put("a.ann", "T1\tFECHA x\n");
    put("b.txt", "");
    put("b.ann", "T1\tEDAD 0 1\tx\n");
    assert_int_equal(corpus_list(&corpus, directory, &err), OK);
    assert_int_equal(corpus_read_labels(&corpus, false, &err), ERR_INVALID);
    assert_int_equal(corpus_read_labels(&corpus, true, &err), OK);
    assert_int_equal(corpus.n_labels, 1);
    corpus_release(&corpus);
}

#define test(name) cmocka_unit_test_setup(name, empty_directory)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(a_sound_corpus_has_no_fault),
        test(each_fault_is_told_once),
        test(a_long_span_is_compared_with_all_it_reaches),
        test(files_alone_and_broken_text),
        test(a_corpus_is_listed_in_order),
        test(broken_annotations_stop_or_are_passed_over),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
