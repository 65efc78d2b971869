/* SPDX-License-Identifier: MIT
 *
 * sigilo eval: scores a corpus, or checks one. Results go to stdout, everything else to stderr.
 */
#include "cli/cli.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "eval/eval.h"

struct settings {
    const char *corpus, *policy, *predictions, *clinical_terms, *csv;
    const char *tagger;
    unsigned detectors;
    enum operating_point point;
    bool json, check, errors, show_text, help;
};

enum {
    OPT_POLICY = 256,
    OPT_DETECTORS,
    OPT_POINT,
    OPT_TAGGER,
    OPT_PREDICTIONS,
    OPT_TERMS,
    OPT_JSON,
    OPT_CSV,
    OPT_ERRORS,
    OPT_SHOW_TEXT,
    OPT_CHECK,
};

const struct cli_option eval_options[] = {
    {NULL, 0, NULL, N_("What is scored:")},
    {"policy", OPT_POLICY, N_("POLICY|FILE"),
     N_("policy (default: the shipped one that has the\ncorpus's labels)")},
    {"detectors", OPT_DETECTORS, N_("DETECTOR,..."),
     N_("rules, tagger, llm, patient or all (default: those\nthat can run)")},
    {"operating-point", OPT_POINT, "default|f1",
     N_("how sure the tagger must be (default: the policy's,\nchosen by what leaks; f1: the "
        "likeliest reading)")},
    {"tagger", OPT_TAGGER, N_("FILE"), N_("this tagger instead of the one in the program")},
    {"predictions", OPT_PREDICTIONS, N_("DIR"),
     N_("score the X.ann files of another program instead;\na missing one counts as all missed")},
    {"clinical-terms", OPT_TERMS, N_("FILE"),
     N_("terms that no redaction may touch, where the corpus\nmarks none itself (default: the list "
        "shipped with\nthe program)")},
    {NULL, 0, NULL, N_("What is written:")},
    {"json", OPT_JSON, NULL, N_("one JSON object instead of the table")},
    {"csv", OPT_CSV, N_("FILE"), N_("the same figures as CSV too; FILE is replaced")},
    {"errors", OPT_ERRORS, NULL,
     N_("list missed and spurious spans too: label, offsets\n(on standard error with --json)")},
    {"show-text", OPT_SHOW_TEXT, NULL,
     N_("with --errors: the text of each too, personal data\nand all")},
    {NULL, 0, NULL, N_("Otherwise:")},
    {"check", OPT_CHECK, NULL, N_("verify the corpus instead; exits 1 on a fault")},
    {"help", 'h', NULL, N_("this text")},
    {NULL, 0, NULL, NULL},
};

static void print_help(void) {
    cli_help(
        _("sigilo eval CORPUS [OPTION]..."),
        _("Scores the anonymiser on an annotated corpus: a directory of BRAT files, X.txt beside\n"
          "X.ann, sub-directories included."),
        eval_options, NULL);
}

static int failed(const struct settings *s, int code, const struct error *err) {
    return cli_fail(s->json, err, code);
}

/* 0, or the exit code of a misuse. */
static int take_option(struct settings *s, int c) {
    struct error err;
    switch (c) {
    case OPT_POLICY: s->policy = optarg; return 0;
    case OPT_DETECTORS:
        if (detectors_parse(&s->detectors, optarg, &err) == OK) return 0;
        return cli_misuse(s->json, "eval", "%s", err.message);
    case OPT_POINT:
        s->point = strcmp(optarg, "f1") == 0 ? POINT_F1 : POINT_DEFAULT;
        if (s->point == POINT_F1 || strcmp(optarg, "default") == 0) return 0;
        return cli_misuse(s->json, "eval", _("--operating-point is default or f1, not %s"), optarg);
    case OPT_TAGGER: s->tagger = optarg; return 0;
    case OPT_PREDICTIONS:
        s->predictions = optarg;
        if (file_check_name(optarg, &err) == OK) return 0;
        return cli_misuse(s->json, "eval", "%s", err.message);
    case OPT_TERMS: s->clinical_terms = optarg; return 0;
    case OPT_JSON: s->json = true; return 0;
    case OPT_CSV: s->csv = optarg; return 0;
    case OPT_ERRORS: s->errors = true; return 0;
    case OPT_SHOW_TEXT: s->show_text = true; return 0;
    case OPT_CHECK: s->check = true; return 0;
    case 'h': s->help = true; return 0;
    default: return 0;
    }
}

/* 0, or the exit code of a misuse. */
static int parse(struct settings *s, int argc, char **argv) {
    s->json = cli_wants_json(argc, argv);
    optind = 1;
    opterr = 0;
    struct error err;
    for (int c; (c = cli_getopt(argc, argv, eval_options, &err)) != -1;) {
        if (c == '?') return cli_misuse(s->json, "eval", "%s", err.message);
        const int code = take_option(s, c);
        if (code || s->help) return code;
    }
    if (optind + 1 != argc) return cli_misuse(s->json, "eval", _("expected one corpus directory"));
    s->corpus = argv[optind];
    if (s->show_text && !s->errors)
        return cli_misuse(s->json, "eval", _("--show-text goes with --errors"));
    return 0;
}

/* Flushes stdout: a full disk must not pass for success. */
static int finish(int code) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    cli_say(_("cannot write to standard output"));
    return EXIT_FAILED;
}

static bool print_json(json_t *o) {
    const bool whole = o && json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(10)) == 0;
    if (whole) fputc('\n', stdout);
    return whole;
}

/* --check */

struct check_context {
    const struct policy *policy;
    json_t *faults; /* NULL: print them */
};

static bool is_label(void *ctx, const char *label) {
    const struct check_context *c = ctx;
    return policy_has_label(c->policy, label);
}

static void on_fault(void *ctx, const char *file, size_t line, const char *reason) {
    const struct check_context *c = ctx;
    if (!c->faults) {
        printf("%s:%zu %s\n", file, line, reason);
        return;
    }
    json_array_append_new(c->faults, json_pack("{s:s, s:I, s:s}", "file", file, "line",
                                               (json_int_t)line, "reason", reason));
}

static int print_check(const struct settings *s, const struct check_counts *n, json_t *faults) {
    struct error err;
    if (!s->json) {
        printf(_("%s: %zu documents, %zu entities, %zu clinical marks, %zu faults\n"), s->corpus,
               n->n_documents, n->n_entities, n->n_clinical, n->n_faults);
    } else {
        json_t *o = json_pack("{s:s, s:I, s:I, s:I, s:O}", "corpus", s->corpus, "documents",
                              (json_int_t)n->n_documents, "entities", (json_int_t)n->n_entities,
                              "clinical", (json_int_t)n->n_clinical, "faults", faults);
        const bool whole = print_json(o);
        json_decref(o);
        if (!whole) {
            fail(&err, ERR_NOMEM, _("not enough memory for the report"));
            return failed(s, EXIT_FAILED, &err);
        }
    }
    return finish(n->n_faults ? EXIT_FAILED : EXIT_DONE);
}

static int check(const struct settings *s, struct corpus *corpus) {
    struct error err;
    struct policy *policy = NULL;
    struct check_counts counts;
    enum status st = corpus_read_labels(corpus, true, &err);
    if (st) return failed(s, EXIT_FAILED, &err);
    st = s->policy ? policy_open(&policy, s->policy, &err)
                   : eval_policies_nearest(&policy, corpus, &err);
    if (st) return failed(s, s->policy && st != ERR_NOMEM ? EXIT_MISUSED : EXIT_FAILED, &err);
    struct check_context context = {policy, s->json ? json_array() : NULL};
    const struct check_options opt = {
        .is_label = is_label, .labels_name = policy->name, .on_fault = on_fault, .ctx = &context};
    st = check_corpus(&counts, corpus, &opt, &err);
    if (st == OK && corpus->n == 0)
        st = fail(&err, ERR_NOT_FOUND, _("%s: no X.txt or X.ann in it"), s->corpus);
    const int code = st ? failed(s, EXIT_FAILED, &err) : print_check(s, &counts, context.faults);
    json_decref(context.faults);
    policy_close(policy);
    return code;
}

/* scoring */

struct run_context {
    const struct settings *settings;
    size_t n_failed;
};

/* Personal data goes out only where it was asked for. */
static void print_covered_text(FILE *out, const struct eval_note *note,
                               const struct eval_span *span) {
    struct strbuf sb;
    strbuf_init(&sb, 1 << 20);
    for (size_t at = span->start; at < span->end && at < note->n; at++)
        encoding_append(&sb, ENCODING_UTF_8, note->text[at] < 0x20 ? ' ' : note->text[at]);
    fprintf(out, "\t%s", strbuf_str(&sb));
    strbuf_release(&sb);
}

static void on_error(void *ctx, const char *name, const struct eval_note *note,
                     const struct eval_span *span, bool found) {
    const struct run_context *c = ctx;
    FILE *out = c->settings->json ? stderr : stdout; /* stdout is one JSON object then */
    fprintf(out, "%s\t%s\t%s\t%zu\t%zu", name, found ? _("spurious") : _("missed"), span->label,
            span->start, span->end);
    if (c->settings->show_text) print_covered_text(out, note, span);
    fputc('\n', out);
}

enum { FAILURES_TOLD_MAX = 3 };

static void on_failed(void *ctx, const char *name, const char *why) {
    struct run_context *c = ctx;
    c->n_failed++;
    if (c->n_failed <= FAILURES_TOLD_MAX) cli_say(_("%s FAILED: %s"), name, why);
    if (c->n_failed == FAILURES_TOLD_MAX + 1)
        cli_say(_("more documents FAILED; the report has their number"));
}

static int report(const struct settings *s, const struct eval_scores *scores, const char *policy) {
    struct error err;
    enum status st = OK;
    json_t *o = eval_report_json(scores, s->corpus);
    struct strbuf csv;
    strbuf_init(&csv, (size_t)64 << 20);
    if (o && s->csv) eval_report_csv(&csv, o);
    if (!o || csv.failed)
        st = fail(&err, ERR_NOMEM, _("not enough memory for the report"));
    else if (s->csv)
        st = file_write(s->csv, csv.data, csv.n, true, &err);
    if (st == OK && !s->json)
        eval_report_table(stdout, scores, s->corpus, policy);
    else if (st == OK && !print_json(o))
        st = fail(&err, ERR_IO, _("cannot write the report"));
    json_decref(o);
    strbuf_release(&csv);
    return st ? failed(s, EXIT_FAILED, &err) : finish(EXIT_DONE);
}

/* The list of clinical terms, where the corpus does not mark its own. A shipped list that is not
 * there costs one measure, not the run. */
static enum status open_terms(struct clinical_terms **out, const struct settings *s,
                              const struct corpus *corpus, struct error *err) {
    if (corpus->has_clinical) return OK;
    const enum status st = clinical_open(out, s->clinical_terms, err);
    if (st != ERR_NOT_FOUND || s->clinical_terms) return st;
    cli_say(_("%s; clinical_touched stays unknown"), err->message);
    return OK;
}

static enum status run_open(struct eval_run *run, struct clinical_terms **terms,
                            struct anonymizer **anonymizer, const struct settings *s,
                            struct error *err) {
    enum status st = open_terms(terms, s, run->corpus, err);
    if (st) return st;
    run->terms = *terms;
    run->predictions = s->predictions;
    if (s->predictions) return OK;
    const struct anonymizer_options opt = {.policy = run->policies->policy,
                                           .detectors = s->detectors,
                                           .tagger_path = s->tagger,
                                           .point = s->point};
    st = anonymizer_open(anonymizer, &opt, err);
    run->anonymizer = *anonymizer;
    return st;
}

static int score(const struct settings *s, const struct corpus *corpus,
                 const struct eval_policies *policies) {
    struct error err;
    struct run_context context = {.settings = s};
    struct eval_run run = {.corpus = corpus,
                           .policies = policies,
                           .on_error = s->errors ? on_error : NULL,
                           .on_failed = on_failed,
                           .ctx = &context};
    struct clinical_terms *terms = NULL;
    struct anonymizer *anonymizer = NULL;
    struct eval_scores scores = {0};
    enum status st = run_open(&run, &terms, &anonymizer, s, &err);
    if (st == OK) st = eval_run(&scores, &run, &err);
    const int code = st ? failed(s, EXIT_FAILED, &err) : report(s, &scores, policies->policy->name);
    eval_scores_release(&scores);
    anonymizer_close(anonymizer);
    clinical_close(terms);
    return code;
}

static int evaluate(const struct settings *s, struct corpus *corpus) {
    struct error err;
    struct eval_policies policies = {0};
    enum status st = corpus_read_labels(corpus, false, &err);
    if (st) return failed(s, EXIT_FAILED, &err);
    st = eval_policies_open(&policies, corpus, s->policy, &err);
    if (st) return failed(s, st == ERR_NOMEM ? EXIT_FAILED : EXIT_MISUSED, &err);
    if (!s->policy) cli_say(_("policy %s"), policies.policy->name);
    if (policies.reader)
        cli_say(_("labels are read as kinds through the policy %s"), policies.reader->name);
    const int code = score(s, corpus, &policies);
    eval_policies_close(&policies);
    return code;
}

int cmd_eval(int argc, char **argv) {
    struct error err;
    struct settings s = {.detectors = DETECTOR_ALL};
    struct corpus corpus = {0};
    const int misuse = parse(&s, argc, argv);
    if (misuse) return misuse;
    if (s.help) {
        print_help();
        return finish(EXIT_DONE);
    }
    if (corpus_list(&corpus, s.corpus, &err)) return failed(&s, EXIT_FAILED, &err);
    const int code = s.check ? check(&s, &corpus) : evaluate(&s, &corpus);
    corpus_release(&corpus);
    return code;
}
