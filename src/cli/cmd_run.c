/* SPDX-License-Identifier: MIT
 *
 * sigilo run: one answer. Where the file has a chat template the text is a user's message, as the
 * model's maker meant; with --raw, or without a template, it is text to go on with.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "cli/engine_args.h"
#include "cli/generate_args.h"
#include "text/encoding.h"

enum { OPT_JSON = 300, OPT_RAW, OPT_LOGPROBS, OPT_SPECIAL, PROMPT_MAX = 64 << 20 };

const struct cli_option run_options[] = {
    {"prompt", 'p', N_("TEXT"), N_("the text; else the operand, or standard input")},
    {"file", 'f', N_("FILE"), N_("the text is in this file; - is standard input")},
    {"raw", OPT_RAW, NULL, N_("go on with the text as it is: no chat template")},
    {"special", OPT_SPECIAL, NULL, N_("show special tokens by name")},
    {"json", OPT_JSON, NULL, N_("one JSON object at the end instead of text as it comes")},
    {"logprobs", OPT_LOGPROBS, N_("N"), N_("with --json: the N likeliest tokens at each place")},
    {"help", 'h', NULL, N_("this text")},
    GENERATE_ARGS_ROWS,
    ENGINE_ARGS_ROWS,
    {NULL, 0, NULL, NULL},
};

struct request {
    struct engine_args engine;
    struct generate_args generate;
    const char *text, *path; /* one of them, or neither: standard input */
    struct file_bytes file;
    bool json, raw;
};

static void help(void) {
    cli_help(_("sigilo run MODEL.gguf [TEXT] [OPTION]..."),
             _("Writes what the model answers, as it comes. The text is a user's message when the\n"
               "file has a chat template, else (or with --raw) what the model goes on with. A\n"
               "text read from a file loses one line end at its end."),
             run_options,
             _("Exit 1 when the context is full before the answer ends: --ctx gives a larger one,\n"
               "--context-shift forgets the oldest part."));
}

static int misuse(const struct request *r, const char *message) {
    return cli_misuse(r->json, "run", "%s", message);
}

/* The model and, unless an option gave it, the text. */
static int parse_operands(struct request *r, int argc, char **argv) {
    if (optind == argc) return misuse(r, _("expected a model file"));
    r->engine.engine.model_path = argv[optind++];
    if (optind < argc && (r->text || r->path)) return misuse(r, _("the text was given twice"));
    if (optind < argc) r->text = argv[optind++];
    if (optind < argc) return misuse(r, _("expected one text; put it in quotation marks"));
    if (!r->text && !r->path && isatty(STDIN_FILENO)) return misuse(r, _("no text was given"));
    if (!r->text && !r->path) r->path = "-";
    return -1;
}

/* Returns -1 to go on, else the exit code. */
static int parse(struct request *r, int argc, char **argv) {
    struct error err = {0};
    struct completion_options *o = &r->generate.options.completion;
    int c;
    optind = 1;
    opterr = 0;
    r->json = cli_wants_json(argc, argv);
    while ((c = cli_getopt(argc, argv, run_options, &err)) != -1) {
        switch (c) {
        case 'h': help(); return EXIT_DONE;
        case 'p': r->text = optarg; break;
        case 'f': r->path = optarg; break;
        case OPT_JSON: break;
        case OPT_RAW: r->raw = true; break;
        case OPT_SPECIAL: o->specials = true; break;
        case OPT_LOGPROBS:
            parse_count(&o->n_logprobs, optarg, "--logprobs", 0, COMPLETION_LOGPROBS_MAX, &err);
            o->wants_logprobs = true;
            break;
        default:
            if (!generate_args_take(&r->generate, c, optarg, &err))
                engine_args_take(&r->engine, c, optarg, &err);
        }
        if (err.status) return misuse(r, err.message);
    }
    if (r->text && r->path) return misuse(r, _("-p and -f exclude each other"));
    if (o->wants_logprobs && !r->json) return misuse(r, _("--logprobs goes with --json"));
    if (generate_args_check(&r->generate, &err)) return misuse(r, err.message);
    return parse_operands(r, argc, argv);
}

static enum status read_text(struct request *r, struct bytes *out, struct error *err) {
    if (r->text) {
        *out = (struct bytes){r->text, strlen(r->text)};
        return OK;
    }
    const enum status st = file_read(&r->file, r->path, PROMPT_MAX, err);
    if (st) return st;
    *out = (struct bytes){(const char *)r->file.data, r->file.n};
    if (out->n && out->data[out->n - 1] == '\n') out->n--;
    return OK;
}

/* --- the answer on its way out --- */

struct sink {
    const struct tokenizer *tokenizer;
    bool json, stdout_failed, wants_logprobs;
    char last; /* character written to standard output */
    struct strbuf text;
    json_t *ids, *logprobs;
};

static json_t *number_or_null(float x) {
    return isfinite(x) ? json_real((double)x) : json_null();
}

static json_t *describe(const struct sink *s, struct token_logprob token) {
    struct strbuf text;
    strbuf_init(&text, TOKEN_BYTES_MAX * 4);
    const struct bytes bytes = tokenizer_bytes(s->tokenizer, token.id);
    encoding_to_utf8(&text, ENCODING_UTF_8, (const unsigned char *)bytes.data, bytes.n);
    json_t *out = json_pack("{s:i, s:s%, s:o}", "id", (int)token.id, "token", strbuf_str(&text),
                            text.n, "logprob", number_or_null(token.logprob));
    strbuf_release(&text);
    return out;
}

static void note_logprobs(struct sink *s, const struct completion_token *token) {
    json_t *at = describe(s, token->logprob), *top = json_array();
    for (size_t i = 0; i < token->n_top; i++)
        json_array_append_new(top, describe(s, token->top[i]));
    json_object_set_new(at, "top_logprobs", top);
    json_array_append_new(s->logprobs, at);
}

static bool on_token(void *context, const struct completion_token *token) {
    struct sink *s = context;
    const struct bytes text = token->text;
    if (!s->json) {
        if (fwrite(text.data, 1, text.n, stdout) != text.n || fflush(stdout))
            s->stdout_failed = true;
        if (text.n) s->last = text.data[text.n - 1];
        return !s->stdout_failed;
    }
    strbuf_append(&s->text, text.data, text.n);
    if (token->id < 0 || token->stop == COMPLETION_END) return true;
    json_array_append_new(s->ids, json_integer(token->id));
    if (s->wants_logprobs) note_logprobs(s, token);
    return true;
}

static json_t *timings(const struct generated *g) {
    const size_t n = g->n_prompt - g->n_reused;
    return json_pack("{s:I, s:f, s:f, s:I, s:f, s:f}", "prompt_n", (json_int_t)n, "prompt_ms",
                     g->prompt_ms, "prompt_per_second", generate_per_second(n, g->prompt_ms),
                     "predicted_n", (json_int_t)g->n_answer, "predicted_ms", g->answer_ms,
                     "predicted_per_second", generate_per_second(g->n_answer, g->answer_ms));
}

static void print_json(const struct request *r, struct sink *s, const struct generated *g) {
    const char *const *stops = r->generate.stops.data;
    json_t *out =
        json_pack("{s:s%, s:O, s:s, s:s?, s:I, s:I, s:I, s:o}", "text", strbuf_str(&s->text),
                  s->text.n, "ids", s->ids, "stop", completion_stop_name(g->stop), "stopping_word",
                  g->stop == COMPLETION_WORD ? stops[g->stop_index] : NULL, "prompt_tokens",
                  (json_int_t)g->n_prompt, "answer_tokens", (json_int_t)g->n_answer, "seed",
                  (json_int_t)g->seed, "timings", timings(g));
    if (s->wants_logprobs) json_object_set(out, "logprobs", s->logprobs);
    if (!out || json_dumpf(out, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER))
        s->stdout_failed = true;
    json_decref(out);
    if (putchar('\n') == EOF || fflush(stdout)) s->stdout_failed = true;
}

/* --- running --- */

static enum status run_raw(struct request *r, struct engine *e, struct session *s,
                           struct bytes text, struct sink *sink, struct generated *g,
                           struct error *err) {
    struct token_list prompt = {0};
    struct sequence sequence = {.session = s};
    enum status st = tokenizer_encode(engine_tokenizer(e), &prompt, text.data, text.n,
                                      SPECIALS_PARSE, true, err);
    if (!st && prompt.ids.n == 0)
        st = fail(err, ERR_INVALID, _("the text is empty: there is nothing to go on with"));
    if (!st)
        st = generate(&sequence, engine_tokenizer(e), prompt.ids.data, prompt.ids.n,
                      &r->generate.options, on_token, sink, g, err);
    sequence_release(&sequence);
    token_list_release(&prompt);
    return st;
}

static enum status run_chat(struct request *r, struct engine *e, struct session *s,
                            struct bytes text, struct sink *sink, struct generated *g,
                            struct error *err) {
    struct conversation *c = NULL;
    const char *system = r->generate.system;
    enum status st = conversation_open(&c, e, s, 0, &r->generate.conversation, err);
    if (!st && system) st = conversation_set_system(c, system, strlen(system), err);
    if (!st)
        st = conversation_say(c, text.data, text.n, &r->generate.options, on_token, sink, g, NULL,
                              err);
    conversation_close(c);
    return st;
}

static bool wants_template(const struct request *r, const struct engine *e) {
    if (r->raw) return false;
    return r->generate.template_text || r->generate.template_path ||
           tokenizer_chat_template(engine_tokenizer(e), NULL).n;
}

static enum status check_messages(const struct request *r, bool chat, struct error *err) {
    if (chat || !r->generate.system) return OK;
    return fail(err, ERR_INVALID,
                r->raw ? _("--system goes with a chat template, not with --raw")
                       : _("--system needs a chat template, and %s has none"),
                r->engine.engine.model_path);
}

static enum status answer(struct request *r, struct engine *e, struct session *s, struct sink *sink,
                          struct generated *g, struct error *err) {
    struct bytes text;
    const bool chat = wants_template(r, e);
    enum status st = check_messages(r, chat, err);
    if (!st) st = read_text(r, &text, err);
    if (!st) st = generate_args_prepare(&r->generate, e, err);
    if (!st)
        st = chat ? run_chat(r, e, s, text, sink, g, err) : run_raw(r, e, s, text, sink, g, err);
    if (!sink->json && sink->last && sink->last != '\n') putchar('\n');
    return st;
}

/* What an answer that came is worth. */
static enum status judge(const struct sink *sink, const struct generated *g,
                         const struct session *s, struct error *err) {
    if (sink->stdout_failed) return fail(err, ERR_IO, _("cannot write to standard output"));
    if (g->stop != COMPLETION_CONTEXT) return OK;
    return fail(
        err, ERR_FULL,
        _("the context of %zu is full (prompt %zu tokens, answer %zu) and the answer is not "
          "at its end: give a larger --ctx, or --context-shift"),
        session_n_ctx(s), g->n_prompt, g->n_answer);
}

static enum status run(struct request *r, struct sink *sink, struct error *err) {
    struct engine *e;
    struct session *s;
    struct generated g;
    enum status st = engine_args_open(&e, &s, &r->engine, err);
    if (st) return st;
    sink->tokenizer = engine_tokenizer(e);
    st = answer(r, e, s, sink, &g, err);
    if (!st) {
        if (sink->json) print_json(r, sink, &g);
        generate_report(&g);
        st = judge(sink, &g, s, err);
    }
    session_close(s);
    engine_close(e);
    return st;
}

int cmd_run(int argc, char **argv) {
    struct request r = {.engine.session.cache_type = DTYPE_F16, .engine.engine.wants_text = true};
    struct error err;
    generate_args_init(&r.generate);
    int code = parse(&r, argc, argv);
    if (code < 0) {
        struct sink sink = {.json = r.json,
                            .wants_logprobs = r.generate.options.completion.wants_logprobs,
                            .ids = json_array(),
                            .logprobs = json_array()};
        strbuf_init(&sink.text, SIZE_MAX / 2);
        const enum status st = run(&r, &sink, &err);
        code = st ? cli_fail(r.json, &err, EXIT_FAILED) : EXIT_DONE;
        strbuf_release(&sink.text);
        json_decref(sink.ids);
        json_decref(sink.logprobs);
    }
    generate_args_release(&r.generate);
    file_bytes_release(&r.file);
    return code;
}
