/* SPDX-License-Identifier: MIT
 *
 * sigilo: finds the subcommand and hands over.
 */
#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/cpu.h"
#include "base/intl.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "config.h"
#include "kernels/kernels.h"

static void print_version(void) {
    struct kernels kernels;
    struct error err;
    const char *isa = "ref";
    if (kernels_init(&kernels, NULL, cpu_features(), &err) == OK) isa = kernels.isa;
    printf("sigilo %s (%s, %s, %s)\n", SIGILO_VERSION, SIGILO_HOST, SIGILO_COMPILER, isa);
}

static void print_help(void) {
    printf("%s sigilo [--lang en|es] %s\n\n", _("Usage:"), _("COMMAND [OPTION]..."));
    printf("%s\n\n%s\n",
           _("Removes personal data from clinical notes in Spanish, on this machine."),
           _("Commands:"));
    for (const struct command *c = commands; c->name; c++)
        printf("  %-12s %s\n", c->name, _(c->help));
    putchar('\n');
    cli_help_options(program_options);
    printf("\n%s\n  sigilo anonymize --show nota.txt\n  sigilo anonymize entrada/ -o salida/\n",
           _("Examples:"));
}

/* --lang before the command, or SIGILO_LANG. Returns how many arguments it took. */
static int take_language(int argc, char **argv, const char **lang) {
    *lang = getenv("SIGILO_LANG");
    if (argc > 1 && strncmp(argv[1], "--lang=", 7) == 0) {
        *lang = argv[1] + 7;
        return 1;
    }
    if (argc > 2 && strcmp(argv[1], "--lang") == 0) {
        *lang = argv[2];
        return 2;
    }
    return 0;
}

/* Clinical text stays out of core dumps, and out of swap where the system lets a program lock all
 * it wants (LimitMEMLOCK=infinity): under a limit, locking would make later allocations fail. */
static void keep_memory_private(void) {
    struct rlimit limit;
    prctl(PR_SET_DUMPABLE, 0);
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY)
        (void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

/* What jansson frees may have been messages. */
static void free_wiped(void *p) {
    if (p) mem_wipe(p, malloc_usable_size(p));
    free(p);
}

int main(int argc, char **argv) {
    const char *lang;
    const int taken = take_language(argc, argv, &lang);
    keep_memory_private();
    json_set_alloc_funcs(malloc, free_wiped);
    intl_init(lang);
    argc -= taken;
    argv += taken;
    if (argc < 2) {
        print_help();
        return EXIT_MISUSED;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help();
        return EXIT_DONE;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        print_version();
        return EXIT_DONE;
    }
    const struct command *command = command_find(name);
    if (command) return command->run(argc - 1, argv + 1);
    cli_say(_("there is no command %s"), name);
    print_help();
    return EXIT_MISUSED;
}
