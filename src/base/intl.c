/* SPDX-License-Identifier: MIT
 *
 * Language of messages. gettext translates nothing under the plain C locale, so where no UTF-8
 * locale is installed for the user's language C.UTF-8 (always there on glibc >= 2.35, Debian and
 * RHEL 9) carries the LANGUAGE list instead.
 */
#include "base/intl.h"

#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

static const char *directory_of_translations(void) {
    const char *chosen = getenv("SIGILO_LOCALEDIR");
    if (chosen && *chosen) return chosen;
    /* a program run from its build folder speaks as it was built, whatever is installed beside */
    char program[4096];
    const ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
    const size_t build = strlen(SIGILO_BUILD_DIR);
    const bool built = n > 0 && (size_t)n > build &&
                       memcmp(program, SIGILO_BUILD_DIR "/", build + 1) == 0;
    return built ? SIGILO_BUILD_LOCALEDIR : SIGILO_INSTALLED_LOCALEDIR;
}

void intl_init(const char *lang) {
    if (lang && *lang) setenv("LANGUAGE", lang, 1);
    const char *messages = setlocale(LC_MESSAGES, "");
    const bool plain = !messages || strcmp(messages, "C") == 0 || strcmp(messages, "POSIX") == 0;
    if (plain && lang && *lang) setlocale(LC_MESSAGES, "C.UTF-8");
    const char *ctype = setlocale(LC_CTYPE, "");
    if (!ctype || strcmp(ctype, "C") == 0 || strcmp(ctype, "POSIX") == 0)
        setlocale(LC_CTYPE, "C.UTF-8");
    bindtextdomain("sigilo", directory_of_translations());
    bind_textdomain_codeset("sigilo", "UTF-8");
    textdomain("sigilo");
}
