/* SPDX-License-Identifier: MIT
 *
 * base/file: whole reads with a limit, and writes that appear complete or not at all.
 */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static char directory[] = "/tmp/sigilo-test-XXXXXX";

static int make_directory(void **state) {
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command);
}

static int entries(void) {
    int n = 0;
    DIR *d = opendir(directory);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static void writes_and_reads_back(void **state) {
    (void)state;
    struct error err;
    char *path = file_join(directory, "a");
    assert_int_equal(file_write(path, "uno", 3, false, &err), OK);
    assert_int_equal(file_write(path, "dos", 3, false, &err), ERR_EXISTS);
    assert_int_equal(file_write(path, "tres", 4, true, &err), OK);
    struct file_bytes b;
    assert_int_equal(file_read(&b, path, 100, &err), OK);
    assert_int_equal(b.n, 4);
    assert_memory_equal(b.data, "tres", 5);
    file_bytes_release(&b);
    assert_int_equal(file_read(&b, path, 3, &err), ERR_LIMIT);
    assert_int_equal(file_read(&b, path, 4, &err), OK);
    file_bytes_release(&b);
    unlink(path);
    assert_int_equal(file_read(&b, path, 4, &err), ERR_NOT_FOUND);
    assert_int_equal(file_read(&b, directory, 4, &err), ERR_IO);
    mem_free(path);
}

static void an_abandoned_write_leaves_nothing(void **state) {
    (void)state;
    struct error err;
    struct file_writer w;
    char *path = file_join(directory, "b");
    assert_int_equal(file_writer_open(&w, path, false, &err), OK);
    assert_int_equal(file_writer_write(&w, "x", 1, &err), OK);
    assert_true(entries() <= 1); /* none where files can be without a name */
    file_writer_close(&w);
    assert_int_equal(entries(), 0);
    mem_free(path);
}

/* A program that is killed leaves nothing, where the file system has files without a name. */
static void a_killed_program_leaves_nothing(void **state) {
    (void)state;
    const int probe = open(directory, O_TMPFILE | O_WRONLY, 0600);
    if (probe < 0) return; /* this file system has none (cmocka's skip() counts as a failure) */
    close(probe);
    char *path = file_join(directory, "k");
    const pid_t child = fork();
    if (child == 0) {
        struct error err;
        struct file_writer w;
        if (file_writer_open(&w, path, true, &err) || file_writer_write(&w, "x", 1, &err)) _exit(1);
        _exit(0); /* as if killed: nothing is closed by hand */
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    assert_int_equal(entries(), 0);
    mem_free(path);
}

static void a_target_that_appears_meanwhile_is_kept(void **state) {
    (void)state;
    struct error err;
    struct file_writer w;
    char *path = file_join(directory, "c");
    assert_int_equal(file_writer_open(&w, path, false, &err), OK);
    assert_int_equal(file_write(path, "other", 5, false, &err), OK);
    assert_int_equal(file_writer_commit(&w, &err), ERR_EXISTS);
    file_writer_close(&w);
    assert_int_equal(entries(), 1);
    unlink(path);
    mem_free(path);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    struct error err;
    struct file_bytes b;
    char *path = file_join(directory, "d");
    int failures = 0;
    for (unsigned long n = 1;; n++) {
        mem_fail_after(n);
        enum status st = file_write(path, "x", 1, true, &err);
        if (st == OK) st = file_read(&b, path, 10, &err);
        mem_fail_after(0);
        if (st == OK) break;
        assert_int_equal(st, ERR_NOMEM);
        failures++;
    }
    assert_true(failures >= 3);
    file_bytes_release(&b);
    assert_int_equal(entries(), 1);
    unlink(path);
    mem_free(path);
}

static void makes_directories(void **state) {
    (void)state;
    struct error err;
    char *deep = file_join(directory, "x/y/z");
    assert_int_equal(file_make_directories(deep, &err), OK);
    assert_int_equal(file_make_directories(deep, &err), OK);
    struct stat sb;
    assert_int_equal(stat(deep, &sb), 0);
    mem_free(deep);
    char *file = file_join(directory, "f");
    assert_int_equal(file_write(file, "", 0, false, &err), OK);
    char *below = file_join(file, "g");
    assert_int_not_equal(file_make_directories(below, &err), OK);
    mem_free(below);
    mem_free(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_reads_back),
        cmocka_unit_test(an_abandoned_write_leaves_nothing),
        cmocka_unit_test(a_killed_program_leaves_nothing),
        cmocka_unit_test(a_target_that_appears_meanwhile_is_kept),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(makes_directories),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
