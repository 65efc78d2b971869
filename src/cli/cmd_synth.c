/* SPDX-License-Identifier: MIT
 *
 * sigilo synth: a model file with random weights.
 */
#include "cli/cli.h"

#include <stdio.h>

#include "base/base.h"
#include "cli/engine_args.h"
#include "cli/mapped.h"
#include "cli/progress.h"
#include "convert/synth.h"

struct settings {
    struct synth_options synth;
    const char *out, *vocab_path;
    bool help;
};

enum {
    OPT_TYPE = 256,
    OPT_SEED,
    OPT_LAYERS,
    OPT_FORCE,
    OPT_VOCAB,
};

enum { LAYERS_MAX = 1000 };

const struct cli_option synth_options[] = {
    {"type", OPT_TYPE, N_("FORMAT"),
     N_("format of the matrices: F32, F16, BF16, Q4_0, Q4_1,\nQ5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, "
        "Q5_K, Q6_K,\nIQ4_NL, IQ4_XS: all of them so; Q4_K_M, Q4_K_S,\nQ5_K_M, Q5_K_S: the usual "
        "mixtures (default: Q4_K_M)")},
    {"seed", OPT_SEED, N_("N"), N_("another seed gives other weights (default: 1)")},
    {"layers", OPT_LAYERS, N_("N"), N_("so many layers instead of the shape's own")},
    {"vocab", OPT_VOCAB, N_("FILE.gguf"),
     N_("take tokens and chat template from this file, so\nthat run and chat work")},
    {"force", OPT_FORCE, NULL, N_("replace an existing file")},
    {"help", 'h', NULL, N_("this text")},
    {NULL, 0, NULL, NULL},
};

static void print_help(void) {
    size_t n;
    const struct synth_shape *shapes = synth_shapes(&n);
    cli_help(_("sigilo synth SHAPE OUT [OPTION]..."),
             _("Writes a model file with random weights in the shape of a real model, to measure\n"
               "speed and memory on. What such a model writes means nothing."),
             synth_options, NULL);
    printf("\n%s\n", _("Shapes:"));
    for (size_t i = 0; i < n; i++)
        printf("  %-18s %s: %u x %u\n", shapes[i].name, shapes[i].arch, shapes[i].n_layer,
               shapes[i].n_embd);
}

/* 0, or the exit code of a misuse. */
static int take_option(struct settings *s, int c) {
    struct error err;
    size_t n;
    enum status st = OK;
    switch (c) {
    case OPT_TYPE:
        if (mix_from_name(&s->synth.mix, optarg)) return 0;
        return cli_misuse(false, "synth", _("--type does not know %s"), optarg);
    case OPT_SEED:
        st = parse_count(&n, optarg, "--seed", 0, SIZE_MAX, &err);
        if (st == OK) s->synth.seed = n;
        break;
    case OPT_LAYERS:
        st = parse_count(&n, optarg, "--layers", 1, LAYERS_MAX, &err);
        if (st == OK) s->synth.n_layer = (uint32_t)n;
        break;
    case OPT_VOCAB: s->vocab_path = optarg; break;
    case OPT_FORCE: s->synth.replace = true; break;
    case 'h': s->help = true; break;
    }
    return st ? cli_misuse(false, "synth", "%s", err.message) : 0;
}

/* 0, or the exit code of a misuse. */
static int parse(struct settings *s, int argc, char **argv) {
    struct error err;
    optind = 1;
    opterr = 0;
    for (int c; (c = cli_getopt(argc, argv, synth_options, &err)) != -1;) {
        if (c == '?') return cli_misuse(false, "synth", "%s", err.message);
        const int code = take_option(s, c);
        if (code || s->help) return code;
    }
    if (optind + 2 != argc) return cli_misuse(false, "synth", _("expected a shape and a file"));
    s->synth.shape = synth_shape_find(argv[optind]);
    if (!s->synth.shape) return cli_misuse(false, "synth", _("there is no shape %s"), argv[optind]);
    s->out = argv[optind + 1];
    return 0;
}

/* The bar counts mebibytes. */
static void on_progress(void *context, size_t done_bytes, size_t total_bytes) {
    struct progress *p = context;
    const size_t done = done_bytes >> 20;
    if (p->total == 0) progress_start(p, total_bytes >> 20);
    while (p->done < done)
        progress_step(p);
}

int cmd_synth(int argc, char **argv) {
    struct settings s = {.synth = {.mix = MIX_Q4_K_M, .seed = 1}};
    struct progress progress = {0};
    struct error err;
    const int code = parse(&s, argc, argv);
    if (code) return code;
    if (s.help) {
        print_help();
        return EXIT_DONE;
    }
    s.synth.progress = on_progress;
    s.synth.context = &progress;
    struct gguf *vocab = NULL;
    if (s.vocab_path) mapped_watch(s.vocab_path);
    enum status st = s.vocab_path ? gguf_open(&vocab, s.vocab_path, &err) : OK;
    s.synth.vocab = vocab;
    if (!st) st = synth(s.out, &s.synth, &err);
    progress_hide(&progress);
    gguf_close(vocab);
    if (st == OK) return EXIT_DONE;
    return cli_fail(false, &err, EXIT_FAILED);
}
