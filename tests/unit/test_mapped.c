/* SPDX-License-Identifier: MIT
 *
 * cli/mapped: a file that is shortened while it is mapped ends the program with a sentence.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/mapped.h"

enum { SIZE = 1 << 20 };

/* The child: maps, shortens, touches the last byte. */
static void touch_what_is_gone(const char *path, int fd, int messages) {
    dup2(messages, STDERR_FILENO);
    mapped_watch(path);
    const volatile unsigned char *map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
    if ((const void *)map == MAP_FAILED || ftruncate(fd, 100) != 0) _exit(99);
    _exit(100 + map[SIZE - 1]);
}

static void a_shortened_file_is_told(void **state) {
    (void)state;
    char path[] = "/tmp/sigilo-test-XXXXXX", message[512];
    int pipe_fds[2], status;
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, SIZE), 0);
    assert_int_equal(pipe(pipe_fds), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) touch_what_is_gone(path, fd, pipe_fds[1]);
    close(pipe_fds[1]);
    const ssize_t n = read(pipe_fds[0], message, sizeof(message) - 1);
    assert_true(n > 0);
    message[n] = '\0';
    assert_int_equal(waitpid(child, &status, 0), child);
    close(pipe_fds[0]);
    close(fd);
    unlink(path);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 1) fail_msg("status %d: %s", status, message);
    assert_non_null(strstr(message, path));
    assert_non_null(strstr(message, "shortened"));
    assert_ptr_equal(strchr(message, '\n'), message + n - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_shortened_file_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
