/* SPDX-License-Identifier: MIT
 *
 * What every unit test includes: cmocka and the headers it wants before itself.
 */
#ifndef SIGILO_TESTS_UNIT_CHECK_H
#define SIGILO_TESTS_UNIT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#undef fail /* ours is base/error.h; a test says fail_msg(), which cmocka writes with its own */
#undef fail_msg
#define fail_msg(...)                                                                              \
    do {                                                                                           \
        print_error("ERROR: " __VA_ARGS__);                                                        \
        print_error("\n");                                                                         \
        _fail(__FILE__, __LINE__);                                                                 \
    } while (0)

#endif
