/* SPDX-License-Identifier: MIT
 *
 * sigilo bench: how many tokens a second a model takes in, and gives out, on this machine; and what
 * part that is of what the machine could do at all.
 *
 * The limits are measured in the same run. Generation reads every weight once a token: its limit is
 * the rate at which all threads can read memory, by the bytes of the weights. A prompt is
 * arithmetic: its limit is the rate of the same kernels on data that stay in the cache.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/intl.h"
#include "base/mem.h"
#include "base/threads.h"
#include "cli/engine_args.h"
#include "engine/limits.h"

enum { OPT_JSON = 300, RUNS_MAX = 1000, TOKENS_MAX = 1 << 20 };

const struct cli_option bench_options[] = {
    {"prompt", 'p', N_("N"), N_("tokens of the prompt; 0: leave it out (512)")},
    {"number", 'n', N_("N"), N_("tokens to generate; 0: leave it out (32)")},
    {"runs", 'r', N_("N"), N_("times each is run (5)")},
    {"json", OPT_JSON, NULL, N_("one object a line")},
    {"help", 'h', NULL, N_("this text")},
    ENGINE_ARGS_ROWS,
    {NULL, 0, NULL, NULL},
};

struct request {
    struct engine_args args;
    size_t n_prompt, n_generate, n_runs;
    bool json;
    struct session_memory memory; /* what the session that is measured takes */
};

struct rate { /* tokens a second */
    double median, min, max, limit;
};

static int parse(struct request *r, int argc, char **argv) {
    struct error err = {0};
    int c;
    r->json = cli_wants_json(argc, argv);
    optind = 1;
    while ((c = cli_getopt(argc, argv, bench_options, &err)) != -1) {
        switch (c) {
        case 'h':
            cli_help(
                _("sigilo bench MODEL.gguf [OPTION]..."),
                _("Measures prompt and generation rates: the median of several runs, after one\n"
                  "that does not count."),
                bench_options, NULL);
            return EXIT_DONE;
        case 'p': parse_count(&r->n_prompt, optarg, "-p", 0, TOKENS_MAX, &err); break;
        case 'n': parse_count(&r->n_generate, optarg, "-n", 0, TOKENS_MAX, &err); break;
        case 'r': parse_count(&r->n_runs, optarg, "-r", 1, RUNS_MAX, &err); break;
        case OPT_JSON: r->json = true; break;
        default: engine_args_take(&r->args, c, optarg, &err);
        }
        if (err.status) return cli_misuse(r->json, "bench", "%s", err.message);
    }
    if (argc - optind != 1) return cli_misuse(r->json, "bench", _("expected one model file"));
    if (!r->n_prompt && !r->n_generate)
        return cli_misuse(r->json, "bench", _("nothing to measure: -p and -n are both 0"));
    r->args.engine.model_path = argv[optind];
    return -1;
}

/* Token ids that are all over the vocabulary; which ones does not matter to the arithmetic. */
static int32_t some_token(const struct engine *e, size_t i) {
    return (int32_t)((i * 2654435761u) % engine_hparams(e)->n_vocab);
}

/* One run of a test, in seconds. */
typedef enum status run_fn(double *seconds, const struct request *r, struct engine *e,
                           struct session *s, float *logits, struct error *err);

static enum status run_prompt(double *seconds, const struct request *r, struct engine *e,
                              struct session *s, float *logits, struct error *err) {
    int32_t *tokens = mem_alloc(r->n_prompt * sizeof(*tokens));
    if (!tokens) return fail(err, ERR_NOMEM, _("not enough memory for the tokens"));
    for (size_t i = 0; i < r->n_prompt; i++)
        tokens[i] = some_token(e, i);
    session_truncate(s, 0, 0);
    const double start = clock_s();
    const enum status st = session_feed(s, 0, tokens, r->n_prompt, err);
    if (!st) session_logits(s, 0, 1, logits);
    *seconds = clock_s() - start;
    mem_free(tokens);
    return st;
}

static enum status run_generate(double *seconds, const struct request *r, struct engine *e,
                                struct session *s, float *logits, struct error *err) {
    enum status st = OK;
    session_truncate(s, 0, 0);
    const double start = clock_s();
    for (size_t i = 0; !st && i < r->n_generate; i++) {
        const int32_t token = some_token(e, i);
        st = session_feed(s, 0, &token, 1, err);
        if (!st) session_logits(s, 0, 1, logits);
    }
    *seconds = clock_s() - start;
    return st;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static enum status measure(struct rate *rate, run_fn *fn, size_t n_tokens, const struct request *r,
                           struct engine *e, struct session *s, struct error *err) {
    float *logits = mem_alloc(engine_hparams(e)->n_vocab * sizeof(float));
    double *rates = mem_alloc(r->n_runs * sizeof(double)), seconds = 0;
    if (!logits || !rates) {
        mem_free(logits);
        mem_free(rates);
        return fail(err, ERR_NOMEM, _("not enough memory"));
    }
    enum status st = fn(&seconds, r, e, s, logits, err); /* wakes the caches; does not count */
    for (size_t i = 0; !st && i < r->n_runs; i++) {
        st = fn(&seconds, r, e, s, logits, err);
        rates[i] = (double)n_tokens / seconds;
    }
    if (!st) {
        qsort(rates, r->n_runs, sizeof(*rates), by_value);
        rate->min = rates[0];
        rate->max = rates[r->n_runs - 1];
        rate->median = (rates[(r->n_runs - 1) / 2] + rates[r->n_runs / 2]) / 2;
    }
    mem_free(logits);
    mem_free(rates);
    return st;
}

static void show(const char *test, const struct rate *rate, const struct request *r,
                 const struct engine *e) {
    const double share = rate->limit > 0 ? rate->median / rate->limit : NAN;
    if (!r->json) {
        printf("%-8s %9.2f %9.2f %9.2f %9.2f %6.0f %%\n", test, rate->median, rate->min, rate->max,
               rate->limit, 100 * share);
        return;
    }
    json_t *o = json_pack(
        "{s:s, s:{s:f,s:f,s:f}, s:o, s:f, s:s, s:s, s:I, s:s, s:b, s:I, s:{s:I,s:I,s:I}}", "test",
        test, "tokens_per_second", "median", rate->median, "min", rate->min, "max", rate->max,
        "share_of_limit", isfinite(share) ? json_real(share) : json_null(),
        "limit_tokens_per_second", rate->limit, "model", r->args.engine.model_path, "isa",
        engine_isa(e), "threads", (json_int_t)engine_n_threads(e), "kv",
        dtype_traits(r->args.session.cache_type)->name, "exact", r->args.engine.exact, "runs",
        (json_int_t)r->n_runs, "memory", "weights", (json_int_t)r->memory.weights, "cache",
        (json_int_t)r->memory.cache, "scratch", (json_int_t)r->memory.scratch);
    if (o) json_dumpf(o, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    json_decref(o);
    putchar('\n');
}

static double mib(size_t bytes) {
    return (double)bytes / (double)(1u << 20);
}

static void print_head(const struct request *r, const struct engine *e) {
    printf(_("Memory: weights %.0f MiB, cache %.1f MiB, scratch %.1f MiB\n"),
           mib(r->memory.weights), mib(r->memory.cache), mib(r->memory.scratch));
    printf(_("%s, %zu threads; tokens a second\n\n%-8s %9s %9s %9s %9s %8s\n"), engine_isa(e),
           engine_n_threads(e), _("test"), _("median"), _("least"), _("most"), _("limit"),
           _("share"));
}

static enum status bench(const struct request *r, struct engine *e, struct session *s,
                         struct error *err) {
    struct engine_limits limits;
    struct rate rate = {0};
    char test[32];
    enum status st = engine_measure_limits(&limits, e, err);
    if (!st && !r->json) print_head(r, e);
    if (!st && r->n_prompt) {
        st = measure(&rate, run_prompt, r->n_prompt, r, e, s, err);
        rate.limit = limits.prompt_tokens_per_second;
        snprintf(test, sizeof(test), "pp%zu", r->n_prompt);
        if (!st) show(test, &rate, r, e);
    }
    if (!st && r->n_generate) {
        st = measure(&rate, run_generate, r->n_generate, r, e, s, err);
        rate.limit = limits.generated_tokens_per_second;
        snprintf(test, sizeof(test), "tg%zu", r->n_generate);
        if (!st) show(test, &rate, r, e);
    }
    return st;
}

int cmd_bench(int argc, char **argv) {
    struct request r = {
        .args.session.cache_type = DTYPE_F16, .n_prompt = 512, .n_generate = 32, .n_runs = 5};
    struct engine *engine;
    struct session *session;
    struct error err;
    const int code = parse(&r, argc, argv);
    if (code >= 0) return code;
    const size_t n_positions = r.n_prompt > r.n_generate ? r.n_prompt : r.n_generate;
    if (!r.args.session.n_ctx) r.args.session.n_ctx = n_positions;
    enum status st = engine_args_fit(&r.args, n_positions, &err);
    if (!st) st = engine_args_open(&engine, &session, &r.args, &err);
    if (!st) {
        st = session_measure(&r.memory, engine, &r.args.session, &err);
        if (!st) st = bench(&r, engine, session, &err);
        session_close(session);
        engine_close(engine);
    }
    if (st) return cli_fail(r.json, &err, EXIT_FAILED);
    if (fflush(stdout) == 0 && !ferror(stdout)) return EXIT_DONE;
    cli_say(_("cannot write to standard output"));
    return EXIT_FAILED;
}
