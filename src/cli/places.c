/* SPDX-License-Identifier: MIT
 *
 * Placeholders and what they stand for. Words come from the tables of the modules that know them,
 * so a new format or instruction set is offered without a change here.
 */
#include "cli/places.h"

#include <assert.h>
#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "anon/policy.h"
#include "convert/quantize.h"
#include "convert/synth.h"
#include "engine/sampler.h"
#include "kernels/kernels.h"

static void add(struct place *p, const char *word, size_t n) {
    const size_t used = strlen(p->words);
    const int more = snprintf(p->words + used, sizeof(p->words) - used, used ? " %.*s" : "%.*s",
                              (int)n, word);
    assert(more >= 0 && (size_t)more < sizeof(p->words) - used); /* the words are the program's */
    (void)more;
}

static void add_each(struct place *p, const char *const *words) {
    for (; *words; words++)
        add(p, *words, strlen(*words));
}

static void add_isas(struct place *p) {
    add_each(p, kernels_isas());
}

static void add_policies(struct place *p) {
    add_each(p, policy_shipped_names());
}

static void add_shapes(struct place *p) {
    size_t n;
    const struct synth_shape *shapes = synth_shapes(&n);
    for (size_t i = 0; i < n; i++)
        add(p, shapes[i].name, strlen(shapes[i].name));
}

static void add_formats(struct place *p) {
    for (int mix = 0; mix < MIX_N; mix++)
        add(p, mix_name((enum mix)mix), strlen(mix_name((enum mix)mix)));
}

static void add_types(struct place *p) {
    for (int mix = 0; mix < MIX_N; mix++)
        if (quantize_offers((enum mix)mix))
            add(p, mix_name((enum mix)mix), strlen(mix_name((enum mix)mix)));
}

static void add_detectors(struct place *p) {
    static const char *const names[] = {"rules", "tagger", "llm", "patient", "all", NULL};
    add_each(p, names);
}

static void add_steps(struct place *p) {
    for (const char *step = sampling_step_list(); *step;) {
        const size_t n = strcspn(step, ",");
        add(p, step, n);
        step += n;
        step += strspn(step, ", ");
    }
}

static const struct known {
    const char *placeholder;
    enum place_files files;
    void (*add)(struct place *p); /* NULL: files alone */
} known[] = {
    {"FILE", PLACE_FILES, NULL},
    {"OUT", PLACE_FILES, NULL},
    {"DIR", PLACE_DIRECTORIES, NULL},
    {"CORPUS", PLACE_DIRECTORIES, NULL},
    {"MODEL.gguf", PLACE_MODELS, NULL},
    {"FILE.gguf", PLACE_MODELS, NULL},
    {"DETECTOR", PLACE_NO_FILES, add_detectors},
    {"FORMAT", PLACE_NO_FILES, add_formats},
    {"ISA", PLACE_NO_FILES, add_isas},
    {"POLICY", PLACE_NO_FILES, add_policies},
    {"SHAPE", PLACE_NO_FILES, add_shapes},
    {"STEP", PLACE_NO_FILES, add_steps},
    {"TYPE", PLACE_NO_FILES, add_types},
};

static void add_part(struct place *p, const char *part, size_t n) {
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const struct known *k = &known[i];
        if (strlen(k->placeholder) != n || memcmp(k->placeholder, part, n) != 0) continue;
        if (k->files > p->files) p->files = k->files;
        if (k->add) k->add(p);
        return;
    }
    if (n > 0 && (islower((unsigned char)part[0]) || isdigit((unsigned char)part[0])))
        add(p, part, n);
}

bool place_repeats(const char *placeholder) {
    const size_t n = strcspn(placeholder, " ");
    return n > 3 && memcmp(placeholder + n - 3, "...", 3) == 0 && placeholder[n - 4] != ',';
}

const char *place_read(struct place *out, const char *placeholders) {
    const size_t whole = strcspn(placeholders, " ");
    const char *comma = memchr(placeholders, ',', whole);
    size_t n = comma ? (size_t)(comma - placeholders) : whole;
    if (place_repeats(placeholders)) n -= 3;
    *out = (struct place){.is_list = comma != NULL};
    for (size_t at = 0; at < n;) {
        size_t part = 0;
        while (at + part < n && placeholders[at + part] != '|')
            part++;
        add_part(out, placeholders + at, part);
        at += part + 1;
    }
    return placeholders[whole] ? placeholders + whole + 1 : NULL;
}
