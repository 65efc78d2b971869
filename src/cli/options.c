/* SPDX-License-Identifier: MIT
 *
 * Options by table: getopt_long and --help read the same rows.
 */
#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "cli/cli.h"

enum { OPTIONS_MAX = 96 };

/* The argument that getopt refused. Within letters that stand together, -abc, it has not yet gone
 * on to the next argument; after the last of them, and after a long option, it has. */
static const char *refused(int argc, char **argv) {
    const char *next = optind < argc ? argv[optind] : "";
    const bool letters = next[0] == '-' && next[1] != '-' && optopt && optopt <= CHAR_MAX;
    const char *letter = letters ? strchr(next, optopt) : NULL;
    return letter && letter[1] ? next : argv[optind - 1];
}

int cli_getopt(int argc, char **argv, const struct cli_option *options, struct error *err) {
    struct option longs[OPTIONS_MAX + 1] = {{0}};
    char shorts[OPTIONS_MAX * 2 + 2] = ":";
    size_t n = 0, s = 1;
    for (const struct cli_option *o = options; o->name || o->help; o++) {
        if (!o->name) continue;
        assert(n < OPTIONS_MAX);
        longs[n++] = (struct option){o->name, o->argument ? required_argument : no_argument, NULL,
                                     o->value};
        if (o->value > 255) continue;
        shorts[s++] = (char)o->value;
        if (o->argument) shorts[s++] = ':';
    }
    shorts[s] = '\0';
    const int c = getopt_long(argc, argv, shorts, longs, NULL);
    if (c == ':') {
        fail(err, ERR_INVALID, _("%s needs a value"), argv[optind - 1]);
        return '?';
    }
    if (c == '?') fail(err, ERR_INVALID, _("unknown option %s"), refused(argc, argv));
    return c;
}

bool cli_wants_json(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--json") == 0) return true;
    return false;
}

enum { LEFT_COLUMNS = 28 }; /* of --help: options on the left, what they do on the right */

/* Of UTF-8 text; an accent takes none of its own. */
static int columns(const char *text) {
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

void cli_help_options(const struct cli_option *options) {
    for (const struct cli_option *o = options; o->name || o->help; o++) {
        char left[64];
        if (!o->name) {
            printf("\n%s\n", _(o->help));
            continue;
        }
        char letter[8] = "   ";
        if (o->value <= 255) snprintf(letter, sizeof(letter), "-%c,", o->value);
        snprintf(left, sizeof(left), "%s --%s%s%s", letter, o->name, o->argument ? " " : "",
                 o->argument ? _(o->argument) : "");
        /* the text in a column of its own, its own line ends kept */
        const int blanks = LEFT_COLUMNS - columns(left);
        printf(blanks >= 0 ? "  %s%*s " : "  %s\n%*s", left,
               blanks >= 0 ? blanks : LEFT_COLUMNS + 3, "");
        for (const char *t = _(o->help); *t; t++) {
            putchar(*t);
            if (*t == '\n') printf("%*s", LEFT_COLUMNS + 3, "");
        }
        putchar('\n');
    }
}

void cli_help(const char *usage, const char *about, const struct cli_option *options,
              const char *closing) {
    printf("%s %s\n\n%s\n", _("Usage:"), usage, about);
    if (options->name) putchar('\n');
    cli_help_options(options);
    if (closing) printf("\n%s\n", closing);
}
