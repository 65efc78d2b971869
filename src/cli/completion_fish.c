/* SPDX-License-Identifier: MIT
 *
 * The script for fish: a `complete` line for each option and operand, under the condition that its
 * command stands before the cursor.
 */
#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "cli/completion.h"
#include "cli/places.h"

static const char walk[] =
    "# The command before the cursor, which may be empty, and how many operands follow it.\n"
    "function __sigilo_place\n"
    "    set -l words (commandline -opc)\n"
    "    set -l command ''\n"
    "    set -l n 0\n"
    "    set -l is_value 0\n"
    "    for word in $words[2..-1]\n"
    "        if test $is_value = 1\n"
    "            set is_value 0\n"
    "        else if string match -qr -- '^-.' $word\n"
    "            __sigilo_takes_value $command\\ $word; and set is_value 1\n"
    "        else if test -z $command\n"
    "            set command $word\n"
    "        else\n"
    "            set n (math $n + 1)\n"
    "        end\n"
    "    end\n"
    "    printf '%s\\n' $command $n\n"
    "end\n"
    "\n"
    "# Whether the cursor stands within command $argv[1], and at operand $argv[2] of it.\n"
    "function __sigilo_at\n"
    "    set -l place (__sigilo_place)\n"
    "    test \"$place[1]\" = \"$argv[1]\"; or return 1\n"
    "    test (count $argv) -lt 2; or test $argv[2] -eq (math $place[2] + 1)\n"
    "end\n"
    "\n"
    "# A list with commas: what stands before the last one stays.\n"
    "function __sigilo_list\n"
    "    set -l head (commandline -ct | string replace -r '^(--[^=]*=)?(.*,)?[^,]*$' '$2')\n"
    "    printf '%s\\n' $head$argv\n"
    "end\n"
    "\n"
    "complete -c sigilo -f\n";

/* Within single quotes fish wants a backslash before ' and \. */
static void put_quoted(const char *text) {
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\') putchar('\\');
        putchar(*text == '\n' ? ' ' : *text);
    }
    putchar('\'');
}

static void put_valued(const char *command, const struct cli_option *options) {
    for (const struct cli_option *o = options; o->name || o->help; o++) {
        if (!o->name || !o->argument) continue;
        printf(" '%s --%s'", command, o->name);
        if (o->value <= 255) printf(" '%s -%c'", command, o->value);
    }
}

static void put_place(const struct place *p) {
    static const char *const files[] = {"", "(__fish_complete_directories)",
                                        "(__fish_complete_suffix .gguf)", ""};
    if (p->files == PLACE_FILES) printf(" -F");
    if (p->files == PLACE_MODELS) printf(" -k"); /* the models first */
    if (!*p->words && !*files[p->files]) return;
    printf(" -a '");
    if (p->is_list)
        printf("(__sigilo_list %s)", p->words);
    else
        printf("%s%s%s", p->words, *p->words && *files[p->files] ? " " : "", files[p->files]);
    putchar('\'');
}

static void put_options(const char *command, const struct cli_option *options) {
    struct place place;
    for (const struct cli_option *o = options; o->name || o->help; o++) {
        if (!o->name) continue;
        printf("complete -c sigilo -n '__sigilo_at \"%s\"' -l %s", command, o->name);
        if (o->value <= 255) printf(" -s %c", o->value);
        if (o->argument) {
            place_read(&place, o->argument);
            printf(place.files == PLACE_FILES ? " -r" : " -x");
            put_place(&place);
        }
        printf(" -d ");
        put_quoted(_(o->help));
        putchar('\n');
    }
}

static void put_operands(const struct command *c) {
    struct place place;
    const char *operands = c->operands;
    for (int i = 1; operands; i++) {
        const char *name = operands;
        const int n = (int)strcspn(name, " ");
        operands = place_read(&place, name);
        if (!*place.words && !place.files) continue;
        printf("complete -c sigilo -n '__sigilo_at \"%s\"", c->name);
        if (!place_repeats(name)) printf(" %d", i);
        putchar('\'');
        put_place(&place);
        printf(" -d '%.*s'\n", n, name);
    }
}

void completion_fish(void) {
    printf("# Completion of sigilo for fish, written by: sigilo completion fish\n\n"
           "# Whether $argv, a command and an option, is one that takes a value.\n"
           "function __sigilo_takes_value\n    contains -- $argv[1]");
    put_valued("", program_options);
    for (const struct command *c = commands; c->name; c++)
        put_valued(c->name, c->options);
    printf("\nend\n\n%s\n", walk);
    put_options("", program_options);
    for (const struct command *c = commands; c->name; c++) {
        printf("complete -c sigilo -n '__sigilo_at \"\"' -a %s -d ", c->name);
        put_quoted(_(c->help));
        putchar('\n');
    }
    for (const struct command *c = commands; c->name; c++) {
        putchar('\n');
        put_options(c->name, c->options);
        put_operands(c);
    }
}
