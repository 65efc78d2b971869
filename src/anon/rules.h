/* SPDX-License-Identifier: MIT
 *
 * The built-in rules: token grammars, each family in a file of its own, run over a piece of a
 * document in the order in which they stand here (strongest evidence first).
 */
#ifndef SIGILO_ANON_RULES_H
#define SIGILO_ANON_RULES_H

#include "anon/note.h"

/* All of the below, in order. */
void rules_run(struct note *note);

void rules_clinical(struct note *note); /* rules_clinical.c: closes what only looks personal */
void rules_chat(
    struct note *note); /* rules_signature.c: authors of an exported chat, listed patients */
void rules_net(struct note *note);          /* rules_net.c: e-mail, URL, IP, handles */
void rules_tables(struct note *note);       /* rules_table.c: values below headings */
void rules_fields(struct note *note);       /* rules_field.c: labelled values */
void rules_dates(struct note *note);        /* rules_date.c */
void rules_phones(struct note *note);       /* rules_phone.c */
void rules_ids(struct note *note);          /* rules_id.c */
void rules_streets(struct note *note);      /* rules_street.c */
void rules_persons(struct note *note);      /* rules_person.c: by title, role, kinship, courtesy */
void rules_institutions(struct note *note); /* rules_institution.c */
void rules_places(struct note *note);       /* rules_place.c */
void rules_ages(struct note *note);         /* rules_about.c: ages */
void rules_bare_ages(struct note *note);    /* rules_about.c: numbers beside a name */
void rules_about(struct note *note);        /* rules_about.c: sex, kinship, professions */
void rules_names(struct note *note);      /* rules_name.c: names by the lists and by their shape */
void rules_signatures(struct note *note); /* rules_signature.c: who signs */
void rules_wrapped(struct note *note);    /* rules_wrapped.c: what a line end cuts in two */

/* ---- pieces of grammar shared between the files ---- */

/* Years that a date of a note may have: births of the very old, appointments to come. */
enum { YEAR_MIN = 1900, YEAR_MAX = 2035 };

/* date_grammar.c: the date that starts at token i: its tokens (0: none), how sure in *score. With
 * `expected` (a field says so) forms count that elsewhere would need a cue. */
size_t date_at(const struct note *note, size_t i, bool expected, int *score, enum rule *rule);

/* A number from 1 to 31, of one or two digits. */
bool date_is_day(const struct note *note, size_t i);
/* "14:30", "9.15" */
bool date_is_clock(const struct note *note, size_t i);
/* Something before would make these digits part of a longer code or number. */
bool date_runs_on_before(const struct note *note, size_t i);

/* rules_phone.c: a phone number of any shape after its word; tokens taken, 0: none. */
size_t phone_at(const struct note *note, size_t i, size_t end);

/* rules_id.c: a code (letters, digits, joined by marks) that starts at i, before `end`: tokens
 * taken; 0 when it holds no digit or is no code. */
size_t code_at(const struct note *note, size_t i, size_t end);
/* A cédula in any of its forms; *valid tells whether its check digit agrees. */
size_t cedula_at(const struct note *note, size_t i, bool expected, bool *valid);

/* How much speaks for a name where one is read. */
enum name_trust {
    NAME_LISTED,   /* nothing but its own words */
    NAME_EXPECTED, /* a title, a role or a kinship stands before it: unknown words count */
    NAME_LABELLED, /* a field says so: ordinary words count too, beside a name */
};

/* name_grammar.c: the name of one person that starts at i: tokens taken (0: none). */
size_t name_at(const struct note *note, size_t i, size_t end, enum name_trust trust);
/* "Goñi Viera, Felipe": given the n tokens of a surname at i, those of the whole name. */
size_t name_inverted(const struct note *note, size_t i, size_t n, size_t end);
/* An initial: one capital, and a point unless the next word is a capital too; tokens taken. */
size_t name_initial_at(const struct note *note, size_t i);
/* A guard word (drug, eponym, clinical, common, unit) that is not also a name. */
bool name_is_guarded(const struct note *note, size_t i);
/* A word that ends a name even where one is expected: a title, a street, "tel", "cama"... */
bool name_ends(const struct note *note, size_t i);

/* rules_person.c: a list of names "A, B y C / D" from i on, each claimed with the kind; first token
 * after it. */
size_t names_claim(struct note *note, size_t i, size_t end, enum kind kind, int score,
                   enum name_trust trust, enum rule rule);

/* rules_about.c: an age that starts at i; `bare` allows a number without its unit. */
size_t age_at(const struct note *note, size_t i, bool bare);

/* rules_street.c: an address that starts at i, up to `end`; tokens taken. */
size_t street_at(const struct note *note, size_t i, size_t end);

#endif
