/* SPDX-License-Identifier: MIT
 *
 * Choosing a policy for a corpus and reading labels through it.
 */
#include "eval/policies.h"

#include <assert.h>
#include <string.h>

#include "base/intl.h"

static size_t labels_missing(const struct policy *policy, const struct corpus *corpus) {
    size_t n = 0;
    for (size_t i = 0; i < corpus->n_labels; i++)
        n += !policy_has_label(policy, corpus->labels[i]);
    return n;
}

enum status eval_policies_nearest(struct policy **out, const struct corpus *corpus,
                                  struct error *err) {
    struct policy *best = NULL;
    for (const char *const *name = policy_shipped_names(); *name; name++) {
        struct policy *policy;
        enum status st = policy_open(&policy, *name, err);
        if (st) {
            policy_close(best);
            return st;
        }
        if (best && labels_missing(policy, corpus) >= labels_missing(best, corpus)) {
            policy_close(policy);
            continue;
        }
        policy_close(best);
        best = policy;
    }
    if (!best) return fail(err, ERR_NOT_FOUND, _("no policy was built in"));
    *out = best;
    return OK;
}

/* The shipped policy that has them all. */
static enum status covering(struct policy **out, const struct corpus *corpus, struct error *err) {
    struct policy *policy = NULL;
    enum status st = eval_policies_nearest(&policy, corpus, err);
    if (st) return st;
    assert(policy);
    const size_t missing = labels_missing(policy, corpus);
    if (missing > 0) {
        st = fail(err, ERR_NOT_FOUND,
                  _("no shipped policy has the labels of %s (%s lacks %zu of its %zu); name one "
                    "with --policy"),
                  corpus->path, policy->name, missing, corpus->n_labels);
        policy_close(policy);
        return st;
    }
    *out = policy;
    return OK;
}

enum status eval_policies_open(struct eval_policies *out, const struct corpus *corpus,
                               const char *name, struct error *err) {
    struct eval_policies p = {0};
    enum status st = name ? policy_open(&p.policy, name, err) : covering(&p.policy, corpus, err);
    if (st == OK && name && labels_missing(p.policy, corpus) > 0)
        st = covering(&p.reader, corpus, err);
    if (st) {
        eval_policies_close(&p);
        return st;
    }
    *out = p;
    return OK;
}

void eval_policies_close(struct eval_policies *p) {
    policy_close(p->policy);
    policy_close(p->reader);
    *p = (struct eval_policies){0};
}

/* Table of docs/anonymiser.md: direct, quasi, or neither. */
static enum identifier_class class_of(enum kind kind) {
    if (kind >= KIND_COUNT) return IDENTIFIER_NONE;
    if (kind_is_direct(kind)) return IDENTIFIER_DIRECT;
    const bool neither = kind == KIND_SEX || kind == KIND_KINSHIP || kind == KIND_OTHER;
    return neither ? IDENTIFIER_NONE : IDENTIFIER_QUASI;
}

/* Whether the policy keeps every kind of one of its own labels. */
static bool keeps_label(const struct policy *policy, const char *label) {
    bool any = false;
    for (int k = 0; k < KIND_COUNT; k++) {
        const struct policy_row *row = &policy->rows[k];
        if (!row->label || strcmp(row->label, label) != 0) continue;
        if (row->operator!= OPERATOR_KEEP) return false;
        any = true;
    }
    return any;
}

struct eval_reading eval_read_label(const struct eval_policies *p, const char *label) {
    const enum kind kind = policy_kind_of_label(p->reader ? p->reader : p->policy, label);
    struct eval_reading r = {.label = label, .identifier = class_of(kind)};
    if (!p->reader)
        r.aside = keeps_label(p->policy, label);
    else if (kind < KIND_COUNT)
        r.aside = p->policy->rows[kind].operator== OPERATOR_KEEP;
    return r;
}

struct eval_reading eval_read_prediction(const struct eval_policies *p, const char *label) {
    if (p->reader && !policy_has_label(p->reader, label)) {
        const enum kind kind = policy_kind_of_label(p->policy, label);
        if (kind < KIND_COUNT) return eval_read_kind(p, label, kind);
    }
    return eval_read_label(p, label);
}

struct eval_reading eval_read_kind(const struct eval_policies *p, const char *label,
                                   enum kind kind) {
    struct eval_reading r = {.label = label, .identifier = class_of(kind)};
    if (p->reader && p->reader->rows[kind].label) r.label = p->reader->rows[kind].label;
    r.aside = p->policy->rows[kind].operator== OPERATOR_KEEP;
    return r;
}
