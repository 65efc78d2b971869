/* SPDX-License-Identifier: MIT
 *
 * The script for zsh: its own _arguments does the walking, it only wants each command's options
 * and operands as specifications, '--name=[help]:PLACEHOLDER:action'.
 */
#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "cli/completion.h"
#include "cli/places.h"

/* What of a specification's text needs a backslash. */
#define SPECIAL ":[]\\"

static void put_action(const struct place *p) {
    static const char *const files[] = {" ", "_files -/", "_files -g \"*.gguf\"", "_files"};
    if (p->is_list)
        printf("_sequence compadd - %s", p->words);
    else if (*p->words && p->files)
        printf(" _sigilo_either \"%s\" %s", p->words, files[p->files]);
    else if (*p->words)
        printf("(%s)", p->words);
    else
        printf("%s", files[p->files]);
}

static void put_option(const char *dashes, const char *name, const char *joint,
                       const struct cli_option *o) {
    struct place place;
    /* one with a value may be given again: the last one counts, or each adds something */
    printf("            '%s%s%s%s[", o->argument ? "*" : "", dashes, name,
           o->argument ? joint : "");
    completion_put(_(o->help), SPECIAL);
    putchar(']');
    if (o->argument) {
        putchar(':');
        completion_put(_(o->argument), SPECIAL);
        putchar(':');
        place_read(&place, o->argument);
        put_action(&place);
    }
    puts("' \\");
}

static void put_options(const struct cli_option *options) {
    for (const struct cli_option *o = options; o->name || o->help; o++) {
        if (!o->name) continue;
        const char letter[] = {(char)o->value, '\0'};
        put_option("--", o->name, "=", o);
        if (o->value <= 255) put_option("-", letter, "+", o);
    }
}

static void put_operands(const char *operands) {
    struct place place;
    for (int i = 1; operands; i++) {
        const char *name = operands;
        const int n = (int)strcspn(name, " ");
        if (place_repeats(name))
            printf("            '*:%.*s:", n, name);
        else
            printf("            '%d:%.*s:", i, n, name);
        operands = place_read(&place, name);
        put_action(&place);
        puts("' \\");
    }
}

static void put_command(const struct command *c) {
    printf("        %s)\n            _arguments -s -S \\\n", c->name);
    put_options(c->options);
    put_operands(c->operands);
    puts("            && ret=0 ;;");
}

void completion_zsh(void) {
    puts("#compdef sigilo\n"
         "# Completion of sigilo for zsh, written by: sigilo completion zsh\n\n"
         "# Words, or files: $1 holds the words, the rest is the command for files.\n"
         "_sigilo_either() {\n"
         "    local list=$1\n"
         "    shift\n"
         "    _alternative \"words:word:($list)\" \"files:file:$*\"\n"
         "}\n\n"
         "_sigilo() {\n"
         "    local curcontext=$curcontext state line ret=1\n"
         "    local -a commands\n"
         "    typeset -A opt_args\n"
         "    _arguments -C \\");
    put_options(program_options);
    puts("            '1:command:->command' '*:: :->argument' && ret=0\n"
         "    case $state in\n"
         "    command)\n"
         "        commands=(");
    for (const struct command *c = commands; c->name; c++) {
        printf("            '%s:", c->name);
        completion_put(_(c->help), ":\\");
        puts("'");
    }
    puts("        )\n"
         "        _describe -t commands command commands && ret=0 ;;\n"
         "    argument)\n"
         "        curcontext=${curcontext%:*}-$words[1]:\n"
         "        case $words[1] in");
    for (const struct command *c = commands; c->name; c++)
        put_command(c);
    puts(
        "        esac ;;\n"
        "    esac\n"
        "    return ret\n"
        "}\n\n"
        "# sourced: register; from fpath: this is the function's first call\n"
        "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _sigilo \"$@\"; else compdef _sigilo "
        "sigilo; fi");
}
