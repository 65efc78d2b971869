/* SPDX-License-Identifier: MIT
 *
 * sigilo quantize: a model file in other formats.
 */
#include "cli/cli.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/clock.h"
#include "cli/engine_args.h"
#include "cli/mapped.h"
#include "cli/progress.h"
#include "convert/quantize.h"

struct settings {
    const char *in, *out;
    enum mix mix;
    size_t n_threads;
    bool replace, json, help;
};

enum { OPT_FORCE = 256, OPT_JSON };

enum { THREADS_MAX = 1024 };

const struct cli_option quantize_options[] = {
    {"force", OPT_FORCE, NULL, N_("replace an existing file")},
    {"threads", 't', N_("N"), N_("threads (default: one a physical core)")},
    {"json", OPT_JSON, NULL,
     N_("one JSON object instead of the table: every tensor,\nwith its error")},
    {"help", 'h', NULL, N_("this text")},
    {NULL, 0, NULL, NULL},
};

static void print_help(void) {
    cli_help(_("sigilo quantize IN OUT TYPE [OPTION]..."),
             _("Writes the GGUF model IN to OUT with its matrices in another format.\n"
               "TYPE is one of\n"
               "  Q4_K_M Q4_K_S Q5_K_M Q5_K_S   mixtures of Q4_K, Q5_K and Q6_K\n"
               "  Q6_K Q8_0 Q4_0 Q5_0           the same for all (Q4_0, Q5_0: the output Q6_K)\n"
               "  F16 BF16 F32                  not quantised"),
             quantize_options,
             _("The error is the sum of squared differences over the sum of squares. IN is best\n"
               "in F32, BF16 or F16: what is quantised already loses a second time."));
}

static int take_option(struct settings *s, int c) {
    struct error err;
    switch (c) {
    case OPT_FORCE: s->replace = true; break;
    case OPT_JSON: s->json = true; break;
    case 'h': s->help = true; break;
    case 't':
        if (parse_count(&s->n_threads, optarg, "--threads", 1, THREADS_MAX, &err))
            return cli_misuse(s->json, "quantize", "%s", err.message);
        break;
    }
    return 0;
}

/* 0, or the exit code of a misuse. */
static int parse(struct settings *s, int argc, char **argv) {
    struct error err;
    s->json = cli_wants_json(argc, argv);
    optind = 1;
    opterr = 0;
    for (int c; (c = cli_getopt(argc, argv, quantize_options, &err)) != -1;) {
        if (c == '?') return cli_misuse(s->json, "quantize", "%s", err.message);
        const int code = take_option(s, c);
        if (code || s->help) return code;
    }
    if (optind + 3 != argc)
        return cli_misuse(s->json, "quantize", _("expected two files and a type"));
    s->in = argv[optind];
    s->out = argv[optind + 1];
    const char *type = argv[optind + 2];
    if (mix_from_name(&s->mix, type) && quantize_offers(s->mix)) return 0;
    return cli_misuse(s->json, "quantize", _("%s is no type it can write"), type);
}

/* What is gathered while the tensors go by. */
struct report {
    struct progress progress;
    struct quantize_sums total, by_type[DTYPE_N];
    size_t n_tensors[DTYPE_N], n_again, n_misfits;
    double started_s;
    json_t *tensors; /* NULL: not wanted */
};

static void add(struct quantize_sums *to, const struct quantize_sums *from) {
    to->n_weights += from->n_weights;
    to->in_bytes += from->in_bytes;
    to->out_bytes += from->out_bytes;
    to->n_undefined += from->n_undefined;
    to->error += from->error;
    to->square += from->square;
}

/* The bar counts mebibytes of the input. */
static void on_progress(void *context, size_t done_bytes, size_t total_bytes) {
    struct progress *p = &((struct report *)context)->progress;
    if (p->total == 0) progress_start(p, total_bytes >> 20);
    while (p->done < done_bytes >> 20)
        progress_step(p);
}

static void on_tensor(void *context, const struct quantize_tensor *t) {
    struct report *r = context;
    char name[GGUF_PRINTABLE_MAX];
    add(&r->total, &t->sums);
    add(&r->by_type[t->to], &t->sums);
    r->n_tensors[t->to]++;
    r->n_again += t->again;
    gguf_printable(name, t->name);
    if (t->to != t->wanted) {
        r->n_misfits++;
        progress_hide(&r->progress);
        cli_say(_("%s: its rows are no whole %s blocks; written as %s"), name,
                dtype_traits(t->wanted)->name, dtype_traits(t->to)->name);
    }
    if (t->sums.n_undefined) {
        progress_hide(&r->progress);
        cli_say(_("%s: %zu weights are infinite or not numbers"), name, t->sums.n_undefined);
    }
    if (!r->tensors) return;
    json_array_append_new(
        r->tensors,
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:f}", "name", name, "from",
                  dtype_traits(t->from)->name, "to", dtype_traits(t->to)->name, "wanted",
                  dtype_traits(t->wanted)->name, "weights", (json_int_t)t->sums.n_weights, "bytes",
                  (json_int_t)t->sums.out_bytes, "nmse", quantize_nmse(&t->sums)));
}

static double bits_each(size_t n_bytes, size_t n_weights) {
    return n_weights ? 8 * (double)n_bytes / (double)n_weights : 0;
}

static double mebibytes(size_t n_bytes) {
    return (double)n_bytes / (1 << 20);
}

static void print_row(const char *name, size_t n_tensors, const struct quantize_sums *sums) {
    printf("%-8s %8zu %14zu %10.1f %6.2f  ", name, n_tensors, sums->n_weights,
           mebibytes(sums->out_bytes), bits_each(sums->out_bytes, sums->n_weights));
    if (sums->error > 0)
        printf("%.3e\n", quantize_nmse(sums));
    else
        printf("0\n");
}

static void print_table(const struct settings *s, const struct report *r) {
    size_t n_tensors = 0;
    printf(_("%-8s %8s %14s %10s %6s  %s\n"), _("format"), _("tensors"), _("weights"), _("MiB"),
           _("bits"), _("error"));
    for (int type = 0; type < DTYPE_N; type++) {
        if (r->n_tensors[type] == 0) continue;
        print_row(dtype_traits((enum dtype)type)->name, r->n_tensors[type], &r->by_type[type]);
        n_tensors += r->n_tensors[type];
    }
    print_row(_("all"), n_tensors, &r->total);
    printf(_("%s: %s, from %.1f MiB (%.2f bits), in %.1f s\n"), s->out, mix_name(s->mix),
           mebibytes(r->total.in_bytes), bits_each(r->total.in_bytes, r->total.n_weights),
           clock_s() - r->started_s);
}

static bool print_json(const struct settings *s, const struct report *r) {
    json_t *totals = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "tensors",
        (json_int_t)json_array_size(r->tensors), "weights", (json_int_t)r->total.n_weights,
        "in_bytes", (json_int_t)r->total.in_bytes, "out_bytes", (json_int_t)r->total.out_bytes,
        "quantised_again", (json_int_t)r->n_again, "misfits", (json_int_t)r->n_misfits, "nmse",
        quantize_nmse(&r->total), "seconds", clock_s() - r->started_s);
    json_t *o = json_pack("{s:s, s:s, s:s, s:O, s:o}", "in", s->in, "out", s->out, "type",
                          mix_name(s->mix), "tensors", r->tensors, "totals", totals);
    const bool whole = o && json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6)) == 0;
    if (whole) fputc('\n', stdout);
    json_decref(o);
    return whole;
}

/* Results, and a full disk behind stdout must not pass for success. */
static int print_report(const struct settings *s, const struct report *r) {
    struct error err;
    if (r->n_again)
        cli_say(_("%zu tensors were quantised before: they have lost twice"), r->n_again);
    if (!s->json) {
        print_table(s, r);
    } else if (!print_json(s, r)) {
        fail(&err, ERR_NOMEM, _("not enough memory for the report"));
        return cli_fail(true, &err, EXIT_FAILED);
    }
    if (fflush(stdout) == 0 && !ferror(stdout)) return EXIT_DONE;
    cli_say(_("cannot write to standard output"));
    return EXIT_FAILED;
}

int cmd_quantize(int argc, char **argv) {
    struct settings s = {0};
    struct report report = {0};
    struct error err;
    int code = parse(&s, argc, argv);
    if (code) return code;
    if (s.help) {
        print_help();
        return EXIT_DONE;
    }
    struct quantize_options opt = {.mix = s.mix,
                                   .replace = s.replace,
                                   .on_progress = on_progress,
                                   .on_tensor = on_tensor,
                                   .context = &report};
    enum status st = pool_open(&opt.pool, s.n_threads, &err);
    if (st) return cli_fail(s.json, &err, EXIT_FAILED);
    if (s.json) report.tensors = json_array();
    report.started_s = clock_s();
    mapped_watch(s.in);
    st = quantize(s.in, s.out, &opt, &err);
    progress_hide(&report.progress);
    code = st ? cli_fail(s.json, &err, EXIT_FAILED) : print_report(&s, &report);
    json_decref(report.tensors);
    pool_close(opt.pool);
    return code;
}
