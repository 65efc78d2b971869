/* SPDX-License-Identifier: MIT
 *
 * base/strbuf: growth, the ceiling, embedded NULs, failure that sticks.
 */
#include "check.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"

static void holds_any_bytes(void **state) {
    (void)state;
    struct strbuf sb;
    strbuf_init(&sb, 1000);
    assert_string_equal(strbuf_str(&sb), "");
    strbuf_append(&sb, "a\0b", 3);
    strbuf_printf(&sb, "%d-%s", 42, "x");
    strbuf_putc(&sb, '!');
    assert_int_equal(sb.n, 8);
    assert_memory_equal(sb.data, "a\0b42-x!", 9);
    strbuf_release(&sb);
}

static void stops_at_its_ceiling(void **state) {
    (void)state;
    struct strbuf sb;
    strbuf_init(&sb, 4);
    strbuf_puts(&sb, "1234");
    assert_false(sb.failed);
    strbuf_putc(&sb, '5');
    assert_true(sb.failed);
    assert_int_equal(sb.n, 4);
    assert_null(strbuf_take(&sb, NULL));
    strbuf_release(&sb);
}

static void lack_of_memory_sticks(void **state) {
    (void)state;
    struct strbuf sb;
    strbuf_init(&sb, 1 << 20);
    mem_fail_after(1);
    strbuf_puts(&sb, "x");
    strbuf_puts(&sb, "y");
    assert_true(sb.failed);
    assert_string_equal(strbuf_str(&sb), "");
    strbuf_clear(&sb);
    strbuf_puts(&sb, "y");
    assert_string_equal(strbuf_str(&sb), "y");
    size_t n = 0;
    char *taken = strbuf_take(&sb, &n);
    assert_int_equal(n, 1);
    mem_free(taken);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_any_bytes),
        cmocka_unit_test(stops_at_its_ceiling),
        cmocka_unit_test(lack_of_memory_sticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
