/* SPDX-License-Identifier: MIT
 *
 * Detection on folded text: the site's lists, the rules, propagation, and looking again at what
 * would be written.
 */
#ifndef SIGILO_ANON_DETECT_H
#define SIGILO_ANON_DETECT_H

#include "anon/anon.h"
#include "anon/patient.h"
#include "anon/site.h"
#include "anon/span.h"

struct detection {
    struct array spans;       /* struct span: in order, not overlapping, over the folded document */
    size_t n_residue;         /* values found that still stand outside the spans */
    size_t n_patient_residue; /* of them, what is known of the patient */
    size_t n_disagreements;   /* places where detectors named different direct labels */
};

struct tagger;

struct detect_options { /* all borrowed */
    const struct policy *policy;
    const struct site *site;
    bool rules;                    /* the built-in rules look; the site's lists always do */
    const struct patient *patient; /* NULL: nobody is known */
    struct tagger *tagger;         /* NULL: it does not look */
    float tagger_outside;          /* what "nothing" loses, in nats */
    bool likeliest; /* where rules and tagger both see something the tagger's reading stands
                       alone: for comparing with published figures, not for use */
};

/* Finds everything in the document. A span that the policy keeps is not in the result.
 *
 * The rules look at the text again with the replacements in place, until nothing new is found (at
 * most DETECT_ROUNDS times): so by rules a second run over the output finds nothing, and what one
 * replacement uncovers is not left. The tagger looks once, at the text as it came: a second run may
 * find a little more, never less. ERR_LIMIT, ERR_NOMEM. */
enum { DETECT_ROUNDS = 4 };
enum status detect(struct detection *out, const struct folded *folded,
                   const struct detect_options *opt, struct error *err);
void detection_release(struct detection *d);

#endif
