/* SPDX-License-Identifier: MIT
 *
 * A policy: for each kind its label, what is done with it, and how sure a detector must be; and
 * the site's own lists of words and patterns that are always, or never, replaced.
 *
 * A policy is a YAML file (policies/uruguay.yaml is the commented example): strings only, no
 * anchors, bounded depth. The shipped ones are built into the program and found by name.
 */
#ifndef SIGILO_ANON_POLICY_H
#define SIGILO_ANON_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "anon/kinds.h"
#include "base/error.h"

enum operator_type {
    OPERATOR_KEEP,        /* not touched, not reported */
    OPERATOR_PLACEHOLDER, /* [NOMBRE] */
    OPERATOR_NUMBERED,    /* [NOMBRE_1], the same number for the same value */
    OPERATOR_MASK,        /* every letter and digit becomes '*', never keeping part of it */
    OPERATOR_REMOVE,      /* nothing */
};

enum identifier_class { IDENTIFIER_NONE, IDENTIFIER_QUASI, IDENTIFIER_DIRECT };

struct policy_row {
    char *label;       /* NOMBRE; the label of spans, without accents */
    char *placeholder; /* [NOMBRE], UTF-8 */
    enum operator_type operator;
    enum identifier_class identifier;
    double replace; /* a span scoring at least this is replaced */
    double review;  /* one from here up to `replace` is left and sends the document to REVIEW */
};

/* One entry of a site's lists: a word or phrase (compared folded), or a regular expression. */
struct policy_site_entry {
    char *pattern;
    bool is_regex;
    enum kind kind; /* for `always` */
};

struct policy {
    char *name;
    struct policy_row rows[KIND_COUNT];
    double tagger_outside;            /* nats that the tagger's "nothing" loses: more finds more */
    struct policy_site_entry *always; /* [n_always] */
    size_t n_always;
    struct policy_site_entry *never; /* [n_never] */
    size_t n_never;
};

/* Opens a policy by name ("uruguay", "meddocan") or, when it holds a '/' or ends in .yaml or .yml,
 * by path. ERR_NOT_FOUND names the shipped ones; ERR_INVALID says line and reason. */
enum status policy_open(struct policy **out, const char *name_or_path, struct error *err);

/* Parses YAML bytes; `name` stands in messages. */
enum status policy_parse(struct policy **out, const char *yaml, size_t n, const char *name,
                         struct error *err);

void policy_close(struct policy *policy); /* accepts NULL */

/* Names of the shipped policies, ended by NULL; the first is the default. */
const char *const *policy_shipped_names(void);

/* The YAML of a shipped policy, or NULL. */
const char *policy_shipped_yaml(const char *name, size_t *n);

/* True when some kind has this label under the policy. */
bool policy_has_label(const struct policy *policy, const char *label);

/* The first kind with this label under the policy, or KIND_COUNT. */
enum kind policy_kind_of_label(const struct policy *policy, const char *label);

#endif
