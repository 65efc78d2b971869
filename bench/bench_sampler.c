/* SPDX-License-Identifier: MIT
 *
 * How long a draw takes: microseconds, median of many, by size of vocabulary and by what is on.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "engine/sampler.h"

enum { ROUNDS = 101, HISTORY = 512 };

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Logits as a model has them: most far below the few that matter. */
static void fill(float *logits, size_t n, struct random64 *r) {
    for (size_t i = 0; i < n; i++)
        logits[i] = (float)(-2 * log(random64_double(r) + 1e-12) - 6);
}

static double median_us(const struct sampling *settings, size_t n_vocab) {
    struct random64 r = {5};
    struct error err;
    struct sampler *s;
    double us[ROUNDS];
    float *model = malloc(n_vocab * sizeof(*model)), *logits = malloc(n_vocab * sizeof(*logits));
    if (!model || !logits || sampler_open(&s, settings, n_vocab, NULL, &err)) abort();
    for (int i = 0; i < HISTORY; i++) {
        const int32_t id = (int32_t)(random64_next(&r) % 300);
        if (sampler_accept(s, &id, 1, &err)) abort();
    }
    fill(model, n_vocab, &r);
    for (int i = 0; i < ROUNDS; i++) {
        int32_t id;
        memcpy(logits, model, n_vocab * sizeof(*logits));
        const double start = clock_ms();
        if (sampler_draw(s, &id, logits, NULL, &err)) abort();
        us[i] = (clock_ms() - start) * 1e3;
    }
    sampler_close(s);
    free(model);
    free(logits);
    qsort(us, ROUNDS, sizeof(us[0]), by_value);
    return us[ROUNDS / 2];
}

int main(void) {
    static const size_t sizes[] = {32000, 128256, 256000};
    struct sampling defaults, greedy, all, open;
    sampling_init(&defaults);
    defaults.seed = 1;
    greedy = all = open = defaults;
    greedy.temperature = 0;
    open.top_k = 0;
    all.top_k = 0;
    all.top_n_sigma = 3;
    all.typical_p = 0.95f;
    all.xtc_probability = 0.5f;
    all.repeat_penalty = 1.1f;
    all.repeat_last_n = all.dry_last_n = -1;
    all.dry_multiplier = 0.8f;
    printf("%10s %10s %10s %12s %10s   microseconds a draw, median of %d\n", "vocabulary", "greedy",
           "defaults", "without top-k", "all steps", ROUNDS);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        printf("%10zu %10.0f %10.0f %12.0f %10.0f\n", sizes[i], median_us(&greedy, sizes[i]),
               median_us(&defaults, sizes[i]), median_us(&open, sizes[i]),
               median_us(&all, sizes[i]));
    return 0;
}
