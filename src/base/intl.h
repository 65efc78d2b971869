/* SPDX-License-Identifier: MIT
 *
 * Messages in the user's language, through gettext. LC_NUMERIC is never set: under es_UY printf
 * would write 0,5 into JSON.
 */
#ifndef SIGILO_BASE_INTL_H
#define SIGILO_BASE_INTL_H

#include <libintl.h>

/* Marks and translates a message. */
#define _(text) gettext(text)
/* Marks a message that is translated where it is used (tables). */
#define N_(text) (text)

/* Chooses the language: `lang` ("es", "en", or NULL for the environment's) works without an
 * installed locale. Looks for translations in $SIGILO_LOCALEDIR, else where they were installed,
 * else beside the build. Call once, first thing in main(), before any thread exists. */
void intl_init(const char *lang);

#endif
