/* SPDX-License-Identifier: MIT
 *
 * Messages of the command line.
 */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/intl.h"
#include "cli/cli.h"

static void say(const char *format, va_list args) {
    fflush(stdout);
    fputs("sigilo: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void cli_say(const char *format, ...) {
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

static void print_json_error(const char *code, const char *message) {
    json_t *error = json_pack("{s:{s:s,s:s}}", "error", "code", code, "message", message);
    if (error) json_dumpf(error, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(error);
    putchar('\n');
}

int cli_fail(bool json, const struct error *err, int exit_code) {
    cli_say("%s", err->message);
    if (json) print_json_error(status_name(err->status), err->message);
    return exit_code;
}

int cli_misuse(bool json, const char *command, const char *format, ...) {
    char message[ERROR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    cli_say("%s", message);
    fprintf(stderr, _("Try: sigilo %s --help\n"), command);
    if (json) print_json_error("misuse", message);
    return EXIT_MISUSED;
}
