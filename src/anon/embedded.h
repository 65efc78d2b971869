/* SPDX-License-Identifier: MIT
 *
 * Files that the build put into the program (tools/embed.py files).
 */
#ifndef SIGILO_ANON_EMBEDDED_H
#define SIGILO_ANON_EMBEDDED_H

#include <stddef.h>

struct embedded_file {
    const char *name; /* file name without folder and ending; NULL after the last */
    const char *data; /* [n], and a NUL that does not count */
    size_t n;
};

extern const struct embedded_file embedded_policies[];

#endif
