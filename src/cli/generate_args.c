/* SPDX-License-Identifier: MIT
 *
 * Options of an answer. Numbers go through one table: an option, its field, its type. Whether they
 * make sense together is for sampling_check() to say, which the server asks too.
 */
#include "cli/generate_args.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intl.h"
#include "cli/engine_args.h"

enum { TEMPLATE_FILE_MAX = CHAT_TEMPLATE_BYTES_MAX, FORM_FILE_MAX = GRAMMAR_BYTES_MAX };

void generate_args_init(struct generate_args *args) {
    *args = (struct generate_args){0};
    completion_options_init(&args->options.completion);
}

void generate_args_release(struct generate_args *args) {
    array_release(&args->stops);
    array_release(&args->breakers);
    array_release(&args->biases);
    grammar_close(args->grammar);
    token_trie_close(args->trie);
    file_bytes_release(&args->template_file);
    json_decref(args->kwargs);
}

/* --- numbers --- */

struct number_option {
    int value;
    const char *name;
    size_t offset; /* of the field in struct sampling */
    bool is_float; /* float; else int32_t */
};

#define FLOAT(option, name, field)                                                                 \
    { option, name, offsetof(struct sampling, field), true }
#define COUNT(option, name, field)                                                                 \
    { option, name, offsetof(struct sampling, field), false }

static const struct number_option numbers[] = {
    FLOAT(OPT_TEMP, "--temp", temperature),
    COUNT(OPT_TOP_K, "--top-k", top_k),
    FLOAT(OPT_TOP_P, "--top-p", top_p),
    FLOAT(OPT_MIN_P, "--min-p", min_p),
    FLOAT(OPT_TYPICAL, "--typical", typical_p),
    FLOAT(OPT_TOP_N_SIGMA, "--top-n-sigma", top_n_sigma),
    FLOAT(OPT_XTC_PROBABILITY, "--xtc-probability", xtc_probability),
    FLOAT(OPT_XTC_THRESHOLD, "--xtc-threshold", xtc_threshold),
    FLOAT(OPT_DYNATEMP_RANGE, "--dynatemp-range", dynatemp_range),
    FLOAT(OPT_DYNATEMP_EXP, "--dynatemp-exp", dynatemp_exponent),
    COUNT(OPT_MIN_KEEP, "--min-keep", min_keep),
    COUNT(OPT_REPEAT_LAST_N, "--repeat-last-n", repeat_last_n),
    FLOAT(OPT_REPEAT_PENALTY, "--repeat-penalty", repeat_penalty),
    FLOAT(OPT_PRESENCE_PENALTY, "--presence-penalty", presence_penalty),
    FLOAT(OPT_FREQUENCY_PENALTY, "--frequency-penalty", frequency_penalty),
    FLOAT(OPT_DRY_MULTIPLIER, "--dry-multiplier", dry_multiplier),
    FLOAT(OPT_DRY_BASE, "--dry-base", dry_base),
    COUNT(OPT_DRY_ALLOWED_LENGTH, "--dry-allowed-length", dry_allowed_length),
    COUNT(OPT_DRY_LAST_N, "--dry-last-n", dry_last_n),
    COUNT(OPT_MIROSTAT, "--mirostat", mirostat),
    FLOAT(OPT_MIROSTAT_TAU, "--mirostat-tau", mirostat_tau),
    FLOAT(OPT_MIROSTAT_ETA, "--mirostat-eta", mirostat_eta),
};

static bool is_number(const char *text, double *out) {
    char *end;
    errno = 0;
    *out = strtod(text, &end);
    return end != text && !*end && !errno && isfinite(*out);
}

static bool take_number(struct sampling *s, int c, const char *text, struct error *err) {
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const struct number_option *o = &numbers[i];
        double value;
        if (o->value != c) continue;
        char *field = (char *)s + o->offset;
        if (!is_number(text, &value))
            fail(err, ERR_INVALID, _("%s must be a number"), o->name);
        else if (o->is_float)
            *(float *)(void *)field = (float)value;
        else if (value != floor(value) || fabs(value) > INT32_MAX)
            fail(err, ERR_INVALID, _("%s must be a whole number"), o->name);
        else
            *(int32_t *)(void *)field = (int32_t)value;
        return true;
    }
    return false;
}

/* Up to 2^53 - 1: what JSON can hold without loss. */
static void take_seed(struct sampling *s, const char *text, struct error *err) {
    size_t seed;
    if (strcmp(text, "-1") == 0)
        s->seed = SAMPLING_SEED_RANDOM;
    else if (!parse_count(&seed, text, "--seed", 0, (size_t)SAMPLING_SEED_MAX, err))
        s->seed = seed;
}

static void take_timeout(double *ms, const char *text, struct error *err) {
    double seconds;
    if (is_number(text, &seconds) && seconds > 0)
        *ms = seconds * 1e3;
    else
        fail(err, ERR_INVALID, _("--timeout must be a number of seconds above 0"));
}

/* --- lists --- */

static void no_memory(struct error *err) {
    fail(err, ERR_NOMEM, _("not enough memory for the options"));
}

static void take_text(struct array *texts, const char *text, struct error *err) {
    if (!array_push(texts, &text, sizeof(text))) no_memory(err);
}

/* "128001=-2.5", "128001=false" */
static void take_bias(struct array *biases, const char *text, struct error *err) {
    const char *equals = strchr(text, '=');
    struct logit_bias bias = {0};
    double value = -INFINITY;
    char *end = NULL;
    errno = 0;
    const long id = strtol(text, &end, 10);
    if (!equals || end != equals || end == text || errno || id < 0 || id > INT32_MAX ||
        (strcmp(equals + 1, "false") != 0 && !is_number(equals + 1, &value))) {
        fail(err, ERR_INVALID, _("--logit-bias must be ID=NUMBER or ID=false"));
        return;
    }
    bias.id = (int32_t)id;
    bias.bias = (float)value;
    if (!array_push(biases, &bias, sizeof(bias))) no_memory(err);
}

static void take_steps(struct sampling *s, const char *text, struct error *err) {
    s->n_steps = 0;
    for (const char *p = text; *p;) {
        const size_t n = strcspn(p, ",;");
        enum sampling_step step;
        if (!sampling_step_find(&step, p, n) || s->n_steps == SAMPLING_STEP_COUNT) {
            fail(err, ERR_INVALID, _("--samplers must be a list of %s, each at most once"),
                 sampling_step_list());
            return;
        }
        s->steps[s->n_steps++] = step;
        p += n;
        if (*p) p++;
    }
}

bool generate_args_take(struct generate_args *args, int c, const char *argument,
                        struct error *err) {
    struct completion_options *o = &args->options.completion;
    if (take_number(&o->sampling, c, argument, err)) return true;
    switch (c) {
    case 'n': parse_count(&o->n_predict, argument, "-n", 1, SIZE_MAX / 2, err); return true;
    case OPT_SEED: take_seed(&o->sampling, argument, err); return true;
    case OPT_STOP: take_text(&args->stops, argument, err); return true;
    case OPT_DRY_BREAKER: take_text(&args->breakers, argument, err); return true;
    case OPT_LOGIT_BIAS: take_bias(&args->biases, argument, err); return true;
    case OPT_SAMPLERS: take_steps(&o->sampling, argument, err); return true;
    case OPT_TIMEOUT: take_timeout(&o->time_max_ms, argument, err); return true;
    case OPT_IGNORE_EOS: o->ignore_eos = true; return true;
    case OPT_CONTEXT_SHIFT: args->options.shift.allowed = true; return true;
    case OPT_KEEP:
        parse_count(&args->options.shift.n_keep, argument, "--keep", 0, SIZE_MAX / 2, err);
        return true;
    case OPT_GRAMMAR: args->grammar_path = argument; return true;
    case OPT_JSON_SCHEMA: args->schema_path = argument; return true;
    case OPT_SYSTEM: args->system = argument; return true;
    case OPT_CHAT_TEMPLATE: args->template_text = argument; return true;
    case OPT_CHAT_TEMPLATE_FILE: args->template_path = argument; return true;
    case OPT_CHAT_TEMPLATE_KWARGS: args->kwargs_text = argument; return true;
    default: return false;
    }
}

enum status generate_args_check(const struct generate_args *args, struct error *err) {
    if (args->grammar_path && args->schema_path)
        return fail(err, ERR_INVALID, _("--grammar and --json-schema exclude each other"));
    if (args->template_text && args->template_path)
        return fail(err, ERR_INVALID,
                    _("--chat-template and --chat-template-file exclude each other"));
    if (args->options.shift.n_keep && !args->options.shift.allowed)
        return fail(err, ERR_INVALID, _("--keep goes with --context-shift"));
    return sampling_check(&args->options.completion.sampling, SIZE_MAX, err); /* no biases yet */
}

/* --- what the options name --- */

static enum status prepare_form(struct generate_args *args, const struct tokenizer *t,
                                struct error *err) {
    const char *path = args->grammar_path ? args->grammar_path : args->schema_path;
    struct file_bytes file = {0};
    struct error why;
    if (!path) return OK;
    enum status st = file_read(&file, path, FORM_FILE_MAX, err);
    if (st) return st;
    st = args->grammar_path
             ? grammar_open(&args->grammar, (const char *)file.data, file.n, &why)
             : grammar_open_schema(&args->grammar, (const char *)file.data, file.n, &why);
    file_bytes_release(&file);
    if (st) return fail(err, st, "%s: %s", path, why.message);
    st = token_trie_open(&args->trie, t, err);
    args->options.completion.grammar = args->grammar;
    args->options.completion.trie = args->trie;
    return st;
}

static enum status prepare_template(struct generate_args *args, struct error *err) {
    struct conversation_options *o = &args->conversation;
    if (args->template_path) {
        const enum status st = file_read(&args->template_file, args->template_path,
                                         TEMPLATE_FILE_MAX, err);
        if (st) return st;
        o->template_source = (const char *)args->template_file.data;
        o->n_template = args->template_file.n;
        o->template_name = args->template_path;
    } else if (args->template_text && strchr(args->template_text, '{')) {
        o->template_source = args->template_text;
        o->n_template = strlen(args->template_text);
        o->template_name = "--chat-template";
    } else {
        o->template_name = args->template_text;
    }
    if (!args->kwargs_text) return OK;
    json_error_t json_error;
    args->kwargs = json_loads(args->kwargs_text, JSON_REJECT_DUPLICATES, &json_error);
    o->kwargs = args->kwargs;
    if (json_is_object(args->kwargs)) return OK;
    return fail(err, ERR_INVALID, _("--chat-template-kwargs must be a JSON object"));
}

enum status generate_args_prepare(struct generate_args *args, const struct engine *e,
                                  struct error *err) {
    struct completion_options *o = &args->options.completion;
    const struct tokenizer *t = engine_tokenizer(e);
    o->stops = args->stops.data;
    o->n_stops = args->stops.n;
    o->sampling.biases = args->biases.data;
    o->sampling.n_biases = args->biases.n;
    if (args->breakers.n) {
        const char *const *breakers = args->breakers.data;
        const bool none = args->breakers.n == 1 && strcmp(breakers[0], "none") == 0;
        o->sampling.dry_breakers = breakers;
        o->sampling.n_dry_breakers = none ? 0 : args->breakers.n;
    }
    enum status st = sampling_check(&o->sampling, tokenizer_n_vocab(t), err);
    if (!st) st = prepare_template(args, err);
    if (!st) st = prepare_form(args, t, err);
    return st;
}

double generate_per_second(size_t n, double ms) {
    return ms > 0 ? (double)n / ms * 1e3 : 0;
}

void generate_report(const struct generated *g) {
    const size_t computed = g->n_prompt - g->n_reused;
    cli_say(_("prompt: %zu tokens (%zu of them known already), %.2f s, %.1f tokens/s; answer: %zu "
              "tokens, %.2f s, %.1f tokens/s"),
            g->n_prompt, g->n_reused, g->prompt_ms / 1e3,
            generate_per_second(computed, g->prompt_ms), g->n_answer, g->answer_ms / 1e3,
            generate_per_second(g->n_answer, g->answer_ms));
}
