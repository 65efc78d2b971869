/* SPDX-License-Identifier: MIT
 *
 * The order of the rules.
 */
#include "anon/rules.h"

void rules_run(struct note *note) {
    rules_net(note);
    rules_clinical(note);
    rules_chat(note);
    rules_tables(note);
    rules_fields(note);
    rules_dates(note);
    rules_phones(note);
    rules_ids(note);
    rules_streets(note);
    rules_persons(note);
    rules_institutions(note);
    rules_ages(note);
    rules_places(note);
    rules_names(note);
    rules_about(note);
    rules_bare_ages(note);
    rules_signatures(note);
    rules_wrapped(note);
}
