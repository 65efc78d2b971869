/* SPDX-License-Identifier: MIT
 *
 * sigilo completion: what a shell reads to complete our commands, options and files.
 */
#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "cli/completion.h"

const struct cli_option completion_options[] = {
    {"help", 'h', NULL, N_("this text")},
    {NULL, 0, NULL, NULL},
};

static const struct shell {
    const char *name;
    void (*write)(void);
} shells[] = {
    {"bash", completion_bash},
    {"zsh", completion_zsh},
    {"fish", completion_fish},
};

static void help(void) {
    cli_help(_("sigilo completion bash | zsh | fish"),
             _("Writes what the shell reads to complete commands, options and files. The "
               "installation puts\n"
               "it in place; without one:\n"
               "  bash   source <(sigilo completion bash), in ~/.bashrc\n"
               "  zsh    sigilo completion zsh >DIR/_sigilo, DIR being in fpath before compinit\n"
               "  fish   sigilo completion fish >~/.config/fish/completions/sigilo.fish"),
             completion_options, NULL);
}

void completion_put(const char *text, const char *escaped) {
    for (; *text; text++) {
        if (*text == '\'') {
            fputs("'\\''", stdout);
            continue;
        }
        if (strchr(escaped, *text)) putchar('\\');
        putchar(*text == '\n' ? ' ' : *text);
    }
}

int cmd_completion(int argc, char **argv) {
    struct error err;
    optind = 1;
    for (int c; (c = cli_getopt(argc, argv, completion_options, &err)) != -1;) {
        if (c != 'h') return cli_misuse(false, "completion", "%s", err.message);
        help();
        return EXIT_DONE;
    }
    const char *name = argc - optind == 1 ? argv[optind] : "";
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (strcmp(shells[i].name, name) != 0) continue;
        shells[i].write();
        if (fflush(stdout) == 0 && !ferror(stdout)) return EXIT_DONE;
        cli_say(_("cannot write to standard output"));
        return EXIT_FAILED;
    }
    return cli_misuse(false, "completion", _("expected bash, zsh or fish"));
}
