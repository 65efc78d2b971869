/* SPDX-License-Identifier: MIT
 *
 * base/mem: sizes that would wrap, arrays, arenas, fault injection.
 */
#include "check.h"

#include <string.h>

#include "base/mem.h"

static void sizes_never_wrap(void **state) {
    (void)state;
    size_t out = 7;
    assert_true(size_mul(&out, 6, 7));
    assert_int_equal(out, 42);
    assert_false(size_mul(&out, SIZE_MAX, 2));
    assert_true(size_add(&out, SIZE_MAX - 1, 1));
    assert_false(size_add(&out, SIZE_MAX, 1));
}

static void array_keeps_what_was_pushed(void **state) {
    (void)state;
    struct array a = {0};
    for (int i = 0; i < 1000; i++)
        assert_true(array_push(&a, &i, sizeof(i)));
    assert_int_equal(a.n, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(((int *)a.data)[i], i);
    assert_false(array_reserve(&a, SIZE_MAX / 2, sizeof(int)));
    assert_int_equal(a.n, 1000);
    array_release(&a);
    assert_null(a.data);
}

static void arena_hands_out_aligned_memory(void **state) {
    (void)state;
    struct arena arena = {0};
    for (size_t n = 1; n < 40000; n = n * 3 + 1) {
        char *p = arena_alloc(&arena, n);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        memset(p, 0x5a, n);
    }
    assert_string_equal(arena_strndup(&arena, "sigilo!", 6), "sigilo");
    assert_null(arena_alloc(&arena, SIZE_MAX));
    arena_release(&arena);
}

static void nth_allocation_fails_once(void **state) {
    (void)state;
    mem_fail_after(2);
    void *a = mem_alloc(8);
    void *b = mem_alloc(8);
    void *c = mem_alloc(8);
    assert_non_null(a);
    assert_null(b);
    assert_non_null(c);
    mem_free(a);
    mem_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_never_wrap),
        cmocka_unit_test(array_keeps_what_was_pushed),
        cmocka_unit_test(arena_hands_out_aligned_memory),
        cmocka_unit_test(nth_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
