/* SPDX-License-Identifier: MIT
 *
 * sigilo policy: what is shipped, what it says, and whether a site's own policy holds.
 */
#include <stdio.h>
#include <string.h>

#include "anon/policy.h"
#include "base/intl.h"
#include "cli/cli.h"

const struct cli_option policy_options[] = {
    {"help", 'h', NULL, N_("this text")},
    {NULL, 0, NULL, NULL},
};

static void help(void) {
    cli_help(_("sigilo policy list | show NAME | check FILE|NAME"),
             _("Lists the policies shipped with the program, prints one to copy and change, or "
               "checks one:\n"
               "a policy in which some kind of datum has no label, or a direct identifier would be "
               "kept, is\n"
               "refused."),
             policy_options, NULL);
}

static int list(void) {
    for (const char *const *name = policy_shipped_names(); *name; name++)
        puts(*name);
    return EXIT_DONE;
}

static int show(const char *name) {
    size_t n;
    const char *yaml = policy_shipped_yaml(name, &n);
    if (!yaml) return cli_misuse(false, "policy", _("no shipped policy is called %s"), name);
    fwrite(yaml, 1, n, stdout);
    return EXIT_DONE;
}

static int check(const char *name) {
    struct policy *policy;
    struct error err;
    if (policy_open(&policy, name, &err)) return cli_fail(false, &err, EXIT_FAILED);
    printf(_("%s: policy %s holds\n"), name, policy->name);
    policy_close(policy);
    return EXIT_DONE;
}

int cmd_policy(int argc, char **argv) {
    int c;
    struct error err;
    optind = 1;
    while ((c = cli_getopt(argc, argv, policy_options, &err)) != -1) {
        if (c != 'h') return cli_misuse(false, "policy", "%s", err.message);
        help();
        return EXIT_DONE;
    }
    const int n = argc - optind;
    const char *verb = n > 0 ? argv[optind] : "";
    if (n == 1 && strcmp(verb, "list") == 0) return list();
    if (n == 2 && strcmp(verb, "show") == 0) return show(argv[optind + 1]);
    if (n == 2 && strcmp(verb, "check") == 0) return check(argv[optind + 1]);
    return cli_misuse(false, "policy", _("expected list, show NAME or check FILE"));
}
