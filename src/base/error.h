/* SPDX-License-Identifier: MIT
 *
 * Errors are values: an `enum status` for code, a sentence for people.
 *
 * A function that can fail returns an `enum status` and takes a `struct error *` last. On success
 * the error is untouched, so calls chain. A message says what, where, why and, if it can, what to
 * do; it never holds text of a document (lengths, counts and offsets may stand in it).
 */
#ifndef SIGILO_BASE_ERROR_H
#define SIGILO_BASE_ERROR_H

enum status {
    OK = 0,
    ERR_NOMEM,       /* memory ran out, or a ceiling was reached */
    ERR_IO,          /* the system refused a read, a write, a rename */
    ERR_NOT_FOUND,   /* a file, a name, a policy that is not there */
    ERR_EXISTS,      /* a file that would be overwritten */
    ERR_INVALID,     /* bytes from outside that break their format */
    ERR_UNSUPPORTED, /* well formed, but not something this program does */
    ERR_LIMIT,       /* a bound on work was hit; the answer would not be whole */
    ERR_FULL,        /* a fixed-size store has no room left */
};

enum { ERROR_MESSAGE_MAX = 512 };

struct error {
    enum status status;
    char message[ERROR_MESSAGE_MAX]; /* UTF-8, one sentence, no final stop */
};

/* Fills `err` (which may be NULL) with status and message, and returns the status. */
__attribute__((format(printf, 3, 4))) enum status fail(struct error *err, enum status status,
                                                       const char *format, ...);

#ifdef __clang_analyzer__ /* which does not look into error.c: what comes back is what went in */
#define fail(err, status, ...) ((void)(fail)(err, status, __VA_ARGS__), (status))
#endif

/* The status's stable name for programs: "not_found", "invalid"... Static storage. */
const char *status_name(enum status status);

#endif
