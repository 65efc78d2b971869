/* SPDX-License-Identifier: MIT
 *
 * What a shell may offer in the place of an operand or an option's argument. The placeholder that
 * --help shows is all there is to know it by: FILE, OUT, DIR, MODEL.gguf; POLICY, ISA, SHAPE and
 * the like, which the program itself lists; words in lower case, which stand for themselves. They
 * are joined with |, as POLICY|FILE; ",..." makes it a list with commas. TEXT, N and others unknown
 * here: anything, so nothing is offered.
 */
#ifndef SIGILO_CLI_PLACES_H
#define SIGILO_CLI_PLACES_H

#include <stdbool.h>

enum place_files { PLACE_NO_FILES, PLACE_DIRECTORIES, PLACE_MODELS, PLACE_FILES };

enum { PLACE_WORDS_MAX = 1024 };

struct place {
    char words[PLACE_WORDS_MAX]; /* parted by blanks */
    enum place_files files;
    bool is_list;
};

/* The first place of `placeholders`, which are parted by blanks. Returns where the next begins, or
 * NULL when it was the last. */
const char *place_read(struct place *out, const char *placeholders);

/* Whether the placeholder may be given any number of times: it ends in "..." without a comma. */
bool place_repeats(const char *placeholder);

#endif
