/* SPDX-License-Identifier: MIT
 *
 * sigilo anonymize: plans where each output goes before anything is read, then takes the documents
 * one by one. A document that fails is said and left out; the rest goes on.
 */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "anon/anon.h"
#include "anon/patient.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/intl.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/engine_args.h"
#include "cli/inputs.h"
#include "cli/progress.h"
#include "cli/show.h"

enum {
    OPT_POLICY = 256,
    OPT_DETECTORS,
    OPT_PATIENT,
    OPT_TAGGER,
    OPT_THREADS,
    OPT_TAGGER_ISA,
    OPT_JSON,
    OPT_SHOW,
    OPT_EXPLAIN,
    OPT_FORCE,
    OPT_REVIEW,
    OPT_COLOUR
};

const struct cli_option anonymize_options[] = {
    {NULL, 0, NULL, N_("What is found and replaced:")},
    {"policy", OPT_POLICY, N_("POLICY|FILE"),
     N_("uruguay (default), meddocan, or a .yaml file of your own")},
    {"detectors", OPT_DETECTORS, N_("DETECTOR,..."),
     N_("which detectors: rules, tagger, llm, patient, or all\n(default: those that can run; now "
        "rules, tagger, and\npatient with --patient)")},
    {"patient", OPT_PATIENT, N_("FILE"),
     N_("what is known of the patient, as JSON or CSV: never left in\nthe text")},
    {"tagger", OPT_TAGGER, N_("FILE"), N_("this tagger instead of the one in the program")},
    {"threads", OPT_THREADS, N_("N"), N_("threads of the tagger (default: all, at most 8)")},
    {"isa", OPT_TAGGER_ISA, N_("ISA"), N_("highest instruction set the tagger may use")},
    {NULL, 0, NULL, N_("Where the result goes:")},
    {"output", 'o', N_("OUT"), N_("file, or directory when there are several documents")},
    {"force", OPT_FORCE, NULL, N_("replace outputs that exist")},
    {"json", OPT_JSON, NULL, N_("one JSON object a document on stdout: text, spans, verdict")},
    {"show", OPT_SHOW, NULL, N_("the note with its personal data coloured by label")},
    {"explain", OPT_EXPLAIN, NULL, N_("for each find: where, label, score, which rule and why")},
    {"colour", OPT_COLOUR, "auto|always|never", N_("colours of --show (default: auto)")},
    {NULL, 0, NULL, N_("Else:")},
    {"fail-on-review", OPT_REVIEW, NULL, N_("exit 1 when a document is for review")},
    {"help", 'h', NULL, N_("this text")},
    {NULL, 0, NULL, NULL},
};

enum form { FORM_TEXT, FORM_JSON, FORM_SHOW, FORM_EXPLAIN };

struct settings {
    const char *policy, *output;
    const char *patient, *tagger, *isa;
    size_t n_threads;
    unsigned detectors;
    enum form form;
    bool force, fail_on_review, colour;
    bool output_is_directory;
};

struct run {
    const struct settings *set;
    const struct anonymizer *anonymizer;
    struct progress progress;
    bool several;
    size_t n_pass, n_review, n_fail;
};

static void help(void) {
    cli_help(_("sigilo anonymize [OPTION]... [FILE|DIR|-]..."),
             _("Replaces the personal data of clinical notes in Spanish; every other byte stays as "
               "it was.\n"
               "The verdict is PASS, REVIEW (somebody should look, with the reasons) or FAIL "
               "(nothing is\n"
               "written). Without FILE, or with -, standard input is read. From a directory .txt "
               "and .md\n"
               "files are taken."),
             anonymize_options, _("Exit status: 0 done; 1 some document FAILED; 2 misuse."));
}

/* ---- planning ---- */

static bool is_directory(const char *path) {
    struct stat sb;
    return stat(path, &sb) == 0 && S_ISDIR(sb.st_mode);
}

static bool output_is_directory(const char *output, const struct inputs *inputs) {
    const size_t n = strlen(output);
    return inputs->has_directory || inputs->list.n > 1 || (n > 0 && output[n - 1] == '/') ||
           is_directory(output);
}

/* The real path of the part of `path` that exists, with the rest appended; NULL: no memory. */
static char *real_path(const char *path) {
    char *real = realpath(path, NULL);
    if (real) return real;
    char *copy = mem_strdup(path);
    if (!copy) return NULL;
    size_t n = strlen(copy);
    while (n > 1 && copy[n - 1] == '/')
        copy[--n] = '\0';
    char *slash = strrchr(copy, '/');
    char *parent;
    const char *name = slash ? slash + 1 : copy;
    if (slash && slash != copy) {
        *slash = '\0';
        parent = real_path(copy);
    } else {
        parent = realpath(slash ? "/" : ".", NULL);
    }
    char *joined = parent ? file_join(parent, name) : NULL;
    free(parent);
    mem_free(copy);
    return joined;
}

static bool lies_in(const char *path, const char *directory) {
    const size_t n = strlen(directory);
    return strncmp(path, directory, n) == 0 &&
           (path[n] == '/' || path[n] == '\0' || (n == 1 && directory[0] == '/'));
}

/* An output inside an input directory would be read by the next run: refuse. */
static bool output_inside_input(const char *output, char *const *arguments, size_t n) {
    char *real_output = real_path(output);
    bool inside = false;
    for (size_t i = 0; i < n && real_output; i++) {
        if (strcmp(arguments[i], "-") == 0 || !is_directory(arguments[i])) continue;
        char *real_input = realpath(arguments[i], NULL);
        inside |= real_input && lies_in(real_output, real_input);
        free(real_input);
    }
    free(real_output);
    return inside;
}

static bool is_same_file(const char *a, const char *b) {
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static char *output_path(const struct settings *set, const struct input *in) {
    return set->output_is_directory ? file_join(set->output, in->relative)
                                    : mem_strdup(set->output);
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Two inputs with one output, or an output that is an input: NULL when all is well, else a path. */
static const char *find_collision(const struct inputs *inputs) {
    const struct input *in = inputs->list.data;
    const char **names = mem_alloc(inputs->list.n * sizeof(*names));
    const char *twice = NULL;
    if (!names) return NULL;
    for (size_t i = 0; i < inputs->list.n; i++)
        names[i] = in[i].relative;
    qsort(names, inputs->list.n, sizeof(*names), compare_names);
    for (size_t i = 1; i < inputs->list.n && !twice; i++)
        if (strcmp(names[i - 1], names[i]) == 0) twice = names[i];
    mem_free(names);
    return twice;
}

static int plan(struct settings *set, const struct inputs *inputs, char *const *arguments,
                size_t n) {
    const bool json = set->form == FORM_JSON;
    const struct input *in = inputs->list.data;
    if (!set->output) {
        if (inputs->list.n > 1 && set->form == FORM_TEXT)
            return cli_misuse(
                json, "anonymize",
                _("%zu documents need -o OUT or --json: only one can go to standard output"),
                inputs->list.n);
        return EXIT_DONE;
    }
    set->output_is_directory = output_is_directory(set->output, inputs);
    if (output_inside_input(set->output, arguments, n))
        return cli_misuse(json, "anonymize", _("the output %s lies inside the input"), set->output);
    if (!set->output_is_directory) {
        if (is_same_file(set->output, in[0].path))
            return cli_misuse(json, "anonymize", _("the output %s is the input"), set->output);
        return EXIT_DONE;
    }
    const char *twice = find_collision(inputs);
    if (twice)
        return cli_misuse(json, "anonymize", _("two inputs would be written to %s/%s"), set->output,
                          twice);
    for (size_t i = 0; i < inputs->list.n; i++) {
        char *path = output_path(set, &in[i]);
        const bool same = path && is_same_file(path, in[i].path);
        mem_free(path);
        if (same) return cli_misuse(json, "anonymize", _("the output %s is the input"), in[i].path);
    }
    return EXIT_DONE;
}

/* ---- one document ---- */

static enum status make_parent(const char *path, struct error *err) {
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path) return OK;
    char *parent = mem_strndup(path, (size_t)(slash - path));
    if (!parent) return fail(err, ERR_NOMEM, _("%s: not enough memory to write it"), path);
    const enum status st = file_make_directories(parent, err);
    mem_free(parent);
    return st;
}

static enum status write_output(const struct run *run, const struct input *in,
                                const struct anon_result *result, const struct document *doc,
                                struct error *err) {
    struct strbuf out;
    strbuf_init(&out, SIZE_MAX / 2);
    enum status st = anon_render(&out, result, doc, err);
    if (st == OK && run->set->output) {
        char *path = output_path(run->set, in);
        st = path ? OK : fail(err, ERR_NOMEM, _("%s: not enough memory to write it"), in->path);
        assert(path || st);
        if (st == OK && run->set->output_is_directory) st = make_parent(path, err);
        if (st == OK) st = file_write(path, strbuf_str(&out), out.n, run->set->force, err);
        mem_free(path);
    } else if (st == OK) {
        const bool whole = fwrite(strbuf_str(&out), 1, out.n, stdout) == out.n &&
                           fflush(stdout) == 0;
        if (!whole)
            st = fail(err, ERR_IO, _("cannot write to standard output: %s"), strerror(errno));
    }
    strbuf_release(&out);
    return st;
}

static void say_failure(struct run *run, const struct input *in, const struct error *err) {
    progress_hide(&run->progress);
    /* most messages name the file; a bound that was hit does not */
    if (strstr(err->message, in->path))
        cli_say("FAIL: %s", err->message);
    else
        cli_say(_("%s: FAIL: %s"), in->path, err->message);
}

static void say_verdict(struct run *run, const struct input *in, const struct anon_result *result) {
    struct strbuf counts;
    /* of many documents only those that need eyes are told one by one */
    if (run->several && result->verdict == VERDICT_PASS) return;
    progress_hide(&run->progress);
    strbuf_init(&counts, 4096);
    show_counts(&counts, result);
    cli_say(_("%s: %s, %zu replaced%s%s%s"), in->path, verdict_name(result->verdict),
            result->n_spans, counts.n ? " (" : "", strbuf_str(&counts), counts.n ? ")" : "");
    for (size_t i = 0; i < result->n_reasons; i++)
        cli_say("  %s: %zu", anon_reason_text(result->reasons[i].code), result->reasons[i].count);
    strbuf_release(&counts);
}

static enum status put_form(const struct run *run, const struct input *in,
                            const struct anon_result *result, const struct document *doc,
                            double read_ms, struct error *err) {
    if ((run->set->form == FORM_SHOW || run->set->form == FORM_EXPLAIN) && run->several)
        printf("==> %s\n", in->path);
    switch (run->set->form) {
    case FORM_SHOW: return show_note(stdout, result, doc, run->set->colour, err);
    case FORM_EXPLAIN: return show_explanation(stdout, result, doc, err);
    case FORM_JSON: return show_json(stdout, in->path, result, doc, NULL, read_ms, err);
    case FORM_TEXT: break;
    }
    return OK;
}

static void run_document(struct run *run, const struct input *in) {
    struct error err = in->error, ignored;
    struct document doc = {0};
    struct anon_result result = {0};
    const double start = clock_ms();
    const enum form form = run->set->form;
    enum status st = in->is_unreadable ? in->error.status : document_read(&doc, in->path, &err);
    const bool is_read = st == OK;
    const double read_ms = clock_ms() - start;
    if (st == OK) st = anonymize(&result, run->anonymizer, &doc, &err);
    if (st == OK && (run->set->output || form == FORM_TEXT))
        st = write_output(run, in, &result, &doc, &err);
    if (st == OK) st = put_form(run, in, &result, &doc, read_ms, &err);
    if (st) {
        run->n_fail++;
        say_failure(run, in, &err);
        if (form == FORM_JSON)
            show_json(stdout, in->path, NULL, is_read ? &doc : NULL, &err, read_ms, &ignored);
    } else {
        run->n_pass += result.verdict == VERDICT_PASS;
        run->n_review += result.verdict == VERDICT_REVIEW;
        say_verdict(run, in, &result);
    }
    anon_result_release(&result);
    document_close(&doc);
    progress_step(&run->progress);
}

/* ---- the command ---- */

static int parse(struct settings *set, int argc, char **argv, bool *done) {
    struct error err;
    int c;
    bool json = cli_wants_json(argc, argv), show = false, explain = false;
    const char *colour = "auto";
    *done = false;
    optind = 1;
    while ((c = cli_getopt(argc, argv, anonymize_options, &err)) != -1) {
        switch (c) {
        case OPT_POLICY: set->policy = optarg; break;
        case OPT_DETECTORS:
            if (detectors_parse(&set->detectors, optarg, &err))
                return cli_misuse(json, "anonymize", "%s", err.message);
            break;
        case OPT_PATIENT: set->patient = optarg; break;
        case OPT_TAGGER: set->tagger = optarg; break;
        case OPT_TAGGER_ISA: set->isa = optarg; break;
        case OPT_THREADS:
            if (parse_count(&set->n_threads, optarg, "--threads", 1, 1024, &err))
                return cli_misuse(json, "anonymize", "%s", err.message);
            break;
        case OPT_JSON: json = true; break;
        case OPT_SHOW: show = true; break;
        case OPT_EXPLAIN: explain = true; break;
        case OPT_FORCE: set->force = true; break;
        case OPT_REVIEW: set->fail_on_review = true; break;
        case OPT_COLOUR: colour = optarg; break;
        case 'o': set->output = optarg; break;
        case 'h':
            help();
            *done = true;
            return EXIT_DONE;
        default: return cli_misuse(json, "anonymize", "%s", err.message);
        }
    }
    if (set->patient && set->detectors != DETECTOR_ALL) set->detectors |= DETECTOR_PATIENT;
    if (json + show + explain > 1)
        return cli_misuse(json, "anonymize", _("--json, --show and --explain exclude each other"));
    if (set->output && !*set->output) return cli_misuse(json, "anonymize", _("-o needs a name"));
    set->form = json ? FORM_JSON : show ? FORM_SHOW : explain ? FORM_EXPLAIN : FORM_TEXT;
    assert(colour);
    if (strcmp(colour, "auto") != 0 && strcmp(colour, "always") != 0 &&
        strcmp(colour, "never") != 0)
        return cli_misuse(json, "anonymize", _("--colour takes auto, always or never"));
    const char *no_colour = getenv("NO_COLOR");
    set->colour = strcmp(colour, "always") == 0 ||
                  (strcmp(colour, "auto") == 0 && isatty(STDOUT_FILENO) &&
                   !(no_colour && *no_colour));
    return EXIT_DONE;
}

static int run_all(const struct settings *set, const struct policy *policy,
                   const struct inputs *inputs) {
    struct error err;
    struct anonymizer *anonymizer;
    struct patient *patient = NULL;
    const bool json = set->form == FORM_JSON;
    if (set->patient && patient_open(&patient, set->patient, &err))
        return cli_fail(json, &err, EXIT_FAILED);
    const struct anonymizer_options opt = {.policy = policy,
                                           .patient = patient,
                                           .detectors = set->detectors,
                                           .tagger_path = set->tagger,
                                           .isa = set->isa,
                                           .n_threads = set->n_threads};
    if (anonymizer_open(&anonymizer, &opt, &err)) {
        patient_close(patient);
        return cli_fail(json, &err, EXIT_FAILED);
    }
    struct run run = {.set = set, .anonymizer = anonymizer, .several = inputs->list.n > 1};
    progress_start(&run.progress, set->output ? inputs->list.n : 0);
    const struct input *in = inputs->list.data;
    for (size_t i = 0; i < inputs->list.n; i++)
        run_document(&run, &in[i]);
    anonymizer_close(anonymizer);
    patient_close(patient);
    if (inputs->n_skipped)
        cli_say(_("skipped, for they are not .txt or .md documents: %zu"), inputs->n_skipped);
    if (run.several || inputs->has_directory)
        cli_say(_("documents: %zu; PASS %zu, REVIEW %zu, FAIL %zu"), inputs->list.n, run.n_pass,
                run.n_review, run.n_fail);
    if (run.n_fail || (set->fail_on_review && run.n_review)) return EXIT_FAILED;
    return EXIT_DONE;
}

int cmd_anonymize(int argc, char **argv) {
    char dash[] = "-";
    char *const standard_input[] = {dash};
    struct settings set = {.policy = policy_shipped_names()[0], .detectors = DETECTOR_ALL};
    struct inputs inputs;
    struct policy *policy = NULL;
    struct error err;
    bool done;
    int code = parse(&set, argc, argv, &done);
    if (code != EXIT_DONE || done) return code;
    const bool json = set.form == FORM_JSON;
    char *const *arguments = optind < argc ? argv + optind : standard_input;
    const size_t n = optind < argc ? (size_t)(argc - optind) : 1;
    if (optind == argc && isatty(STDIN_FILENO))
        return cli_misuse(json, "anonymize",
                          _("name a file or a directory, or - for standard input"));
    if (policy_open(&policy, set.policy, &err))
        return cli_fail(json, &err,
                        err.status == ERR_NOT_FOUND || err.status == ERR_INVALID ? EXIT_MISUSED
                                                                                 : EXIT_FAILED);
    if (inputs_resolve(&inputs, arguments, n, &err)) {
        policy_close(policy);
        return cli_fail(json, &err, EXIT_FAILED);
    }
    code = plan(&set, &inputs, arguments, n);
    if (code == EXIT_DONE) code = run_all(&set, policy, &inputs);
    inputs_release(&inputs);
    policy_close(policy);
    return code;
}
