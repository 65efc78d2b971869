/* SPDX-License-Identifier: MIT
 *
 * Error values: formatting the sentence, naming the code.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

enum status(fail)(struct error *err, enum status status, const char *format, ...) {
    if (!err) return status;
    err->status = status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof(err->message), format, args);
    va_end(args);
    return status;
}

const char *status_name(enum status status) {
    switch (status) {
    case OK: return "ok";
    case ERR_NOMEM: return "no_memory";
    case ERR_IO: return "io";
    case ERR_NOT_FOUND: return "not_found";
    case ERR_EXISTS: return "exists";
    case ERR_INVALID: return "invalid";
    case ERR_UNSUPPORTED: return "unsupported";
    case ERR_LIMIT: return "limit";
    case ERR_FULL: return "full";
    }
    return "unknown";
}
