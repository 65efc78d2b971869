/* SPDX-License-Identifier: MIT
 *
 * The script for bash. It walks the words before the cursor, skipping options and their values, so
 * it knows which operand is next; what may stand there is looked up by command and option, or
 * command and number.
 */
#include <stdio.h>

#include "cli/completion.h"
#include "cli/places.h"

static const char walk[] =
    "# Offers the words given; @file, @directory and @model stand for files. After @list they are\n"
    "# parted by commas: what stands before the last comma stays.\n"
    "_sigilo_offer() {\n"
    "    local what head=\n"
    "    if [[ ${1-} == @list ]]; then\n"
    "        shift\n"
    "        [[ $cur == *,* ]] && head=${cur%,*},\n"
    "    fi\n"
    "    for what; do\n"
    "        case $what in\n"
    "        @file) _sigilo_files -f ;;\n"
    "        @directory) _sigilo_files -d ;;\n"
    "        @model) _sigilo_files -f -X '!*.gguf'; _sigilo_files -d ;;\n"
    "        *) [[ $head$what == \"$cur\"* ]] && COMPREPLY+=(\"$head$what\") ;;\n"
    "        esac\n"
    "    done\n"
    "}\n"
    "\n"
    "_sigilo_files() {\n"
    "    local file\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    while IFS= read -r file; do COMPREPLY+=(\"$file\"); done < <(compgen \"$@\" -- \"$cur\")\n"
    "}\n"
    "\n"
    "_sigilo() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} command= options valued option= n=0 i word\n"
    "    COMPREPLY=()\n"
    "    _sigilo_command ''\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if [[ $word == = ]]; then continue # bash makes three words of --name=value\n"
    "        elif [[ -n $option ]]; then option=\n"
    "        elif [[ $word == -?* ]]; then [[ \" $valued \" == *\" $word \"* ]] && option=$word\n"
    "        elif [[ -z $command ]]; then command=$word && _sigilo_command \"$command\"\n"
    "        else n=$((n + 1))\n"
    "        fi\n"
    "    done\n"
    "    [[ $cur == = ]] && cur=\n"
    "    if [[ -n $option ]]; then _sigilo_value \"$command\" \"$option\"\n"
    "    elif [[ $cur == -* ]]; then _sigilo_offer $options\n"
    "    else _sigilo_value \"$command\" $((n + 1))\n"
    "    fi\n"
    "}\n"
    "complete -F _sigilo sigilo\n";

static void put_names(const struct cli_option *options, bool valued_only) {
    const char *blank = "";
    for (const struct cli_option *o = options; o->name || o->help; o++) {
        if (!o->name || (valued_only && !o->argument)) continue;
        printf("%s--%s", blank, o->name);
        blank = " ";
        if (o->value <= 255) printf(" -%c", o->value);
    }
}

static void put_options(const char *command, const struct cli_option *options) {
    printf("    '%s')\n        options='", command);
    put_names(options, false);
    printf("'\n        valued='");
    put_names(options, true);
    printf("' ;;\n");
}

static void put_place(const struct place *p) {
    static const char *const files[] = {"", " @directory", " @model", " @file"};
    printf(" _sigilo_offer%s%s%s%s ;;\n", p->is_list ? " @list" : "", *p->words ? " " : "",
           p->words, files[p->files]);
}

/* A line for each option whose value is not just anything. */
static void put_values(const char *command, const struct cli_option *options) {
    struct place place;
    for (const struct cli_option *o = options; o->name || o->help; o++) {
        if (!o->name || !o->argument) continue;
        place_read(&place, o->argument);
        if (!*place.words && !place.files) continue;
        printf("    '%s --%s'", command, o->name);
        if (o->value <= 255) printf(" | '%s -%c'", command, o->value);
        putchar(')');
        put_place(&place);
    }
}

static void put_operands(const char *command, const char *operands) {
    struct place place;
    for (int i = 1; operands; i++) {
        if (place_repeats(operands))
            printf("    '%s '[0-9]*)", command);
        else
            printf("    '%s %d')", command, i);
        operands = place_read(&place, operands);
        if (*place.words || place.files)
            put_place(&place);
        else
            puts(" ;;");
    }
}

void completion_bash(void) {
    puts("# Completion of sigilo for bash, written by: sigilo completion bash\n\n"
         "# The options of command $1, and those among them that take a value.\n"
         "_sigilo_command() {\n    options= valued=\n    case $1 in");
    put_options("", program_options);
    for (const struct command *c = commands; c->name; c++)
        put_options(c->name, c->options);
    puts("    esac\n}\n\n"
         "# What may stand for the value of option $2, or operand number $2, of command $1.\n"
         "_sigilo_value() {\n    case \"$1 $2\" in");
    put_values("", program_options);
    printf("    ' 1') _sigilo_offer");
    for (const struct command *c = commands; c->name; c++)
        printf(" %s", c->name);
    puts(" ;;");
    for (const struct command *c = commands; c->name; c++) {
        put_values(c->name, c->options);
        put_operands(c->name, c->operands);
    }
    printf("    esac\n}\n\n%s", walk);
}
