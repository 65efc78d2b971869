/* SPDX-License-Identifier: MIT
 *
 * sigilo logits and sigilo greedy: what a model says of given token ids, for tests and comparisons.
 * No token is put before those given.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/intl.h"
#include "base/mem.h"
#include "cli/engine_args.h"

enum { OPT_TOKENS = 300, OPT_LAST, OPT_OUT, ROWS_AT_ONCE = 16 };

const struct cli_option logits_options[] = {
    {"tokens", OPT_TOKENS, N_("LIST"), N_("token ids, 1,5,9, or @FILE")},
    {"last", OPT_LAST, N_("N"), N_("only the last N positions (all)")},
    {"out", OPT_OUT, N_("FILE"), N_("where to write; - is standard output")},
    {"help", 'h', NULL, N_("this text")},
    ENGINE_ARGS_ROWS,
    {NULL, 0, NULL, NULL},
};

const struct cli_option greedy_options[] = {
    {"tokens", OPT_TOKENS, N_("LIST"), N_("token ids, 1,5,9, or @FILE")},
    {"number", 'n', N_("N"), N_("ids to add (16)")},
    {"help", 'h', NULL, N_("this text")},
    ENGINE_ARGS_ROWS,
    {NULL, 0, NULL, NULL},
};

struct request {
    const char *command;
    struct engine_args args;
    const char *tokens_text, *out;
    int32_t *tokens;
    size_t n_tokens, last, n_new;
};

static void help(const char *command) {
    if (strcmp(command, "logits") == 0)
        cli_help(
            _("sigilo logits MODEL.gguf --tokens LIST --out FILE [OPTION]..."),
            _("Writes the logits of every position: raw little-endian float32,\n"
              "[position][vocabulary]. The context is the tokens given unless --ctx says more;\n"
              "the cache is f32 unless --kv says less."),
            logits_options, NULL);
    else
        cli_help(_("sigilo greedy MODEL.gguf --tokens LIST [OPTION]..."),
                 _("Prints the ids that follow when the likeliest is always taken."),
                 greedy_options, NULL);
}

/* Returns -1 to go on, else the exit code. */
static int parse(struct request *r, int argc, char **argv, const struct cli_option *options) {
    struct error err = {0};
    int c;
    optind = 1;
    while ((c = cli_getopt(argc, argv, options, &err)) != -1) {
        switch (c) {
        case 'h': help(r->command); return EXIT_DONE;
        case OPT_TOKENS: r->tokens_text = optarg; break;
        case OPT_OUT: r->out = optarg; break;
        case OPT_LAST: parse_count(&r->last, optarg, "--last", 1, SIZE_MAX / 2, &err); break;
        case 'n': parse_count(&r->n_new, optarg, "-n", 1, 1 << 24, &err); break;
        default: engine_args_take(&r->args, c, optarg, &err);
        }
        if (err.status) return cli_misuse(false, r->command, "%s", err.message);
    }
    if (argc - optind != 1) return cli_misuse(false, r->command, _("expected one model file"));
    r->args.engine.model_path = argv[optind];
    if (!r->tokens_text) return cli_misuse(false, r->command, _("--tokens is missing"));
    if (options == logits_options && !r->out)
        return cli_misuse(false, r->command, _("--out is missing"));
    const enum status st = parse_tokens(&r->tokens, &r->n_tokens, r->tokens_text, &err);
    if (st == ERR_INVALID) return cli_misuse(false, r->command, "%s", err.message);
    if (st) return cli_fail(false, &err, EXIT_FAILED);
    return -1;
}

struct sink { /* where logits go: a file that appears whole, or standard output */
    struct file_writer writer;
    bool to_stdout;
};

static enum status sink_write(struct sink *s, const void *data, size_t n, struct error *err) {
    if (!s->to_stdout) return file_writer_write(&s->writer, data, n, err);
    if (fwrite(data, 1, n, stdout) == n) return OK;
    return fail(err, ERR_IO, _("cannot write to standard output"));
}

static enum status flush_stdout(struct error *err) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return OK;
    return fail(err, ERR_IO, _("cannot write to standard output"));
}

/* Logits of the last batch's outputs, some rows at a time. */
static enum status write_outputs(struct session *s, size_t n_vocab, float *rows, struct sink *sink,
                                 struct error *err) {
    const size_t n = session_n_outputs(s);
    enum status st = OK;
    for (size_t i = 0; !st && i < n; i += ROWS_AT_ONCE) {
        const size_t piece = n - i < ROWS_AT_ONCE ? n - i : ROWS_AT_ONCE;
        session_logits(s, i, piece, rows);
        st = sink_write(sink, rows, piece * n_vocab * sizeof(float), err);
    }
    return st;
}

static enum status write_logits(const struct request *r, struct engine *e, struct session *s,
                                struct sink *sink, struct error *err) {
    const size_t n_vocab = engine_hparams(e)->n_vocab, n_batch = session_n_batch(s);
    const size_t first = r->last && r->last < r->n_tokens ? r->n_tokens - r->last : 0;
    float *rows = mem_alloc(ROWS_AT_ONCE * n_vocab * sizeof(float));
    bool *wants = mem_alloc(n_batch * sizeof(bool));
    if (!rows || !wants) {
        mem_free(rows);
        mem_free(wants);
        return fail(err, ERR_NOMEM, _("not enough memory for logits"));
    }
    enum status st = OK;
    for (size_t done = 0; !st && done < r->n_tokens;) {
        const size_t n = r->n_tokens - done < n_batch ? r->n_tokens - done : n_batch;
        for (size_t j = 0; j < n; j++)
            wants[j] = done + j >= first;
        const struct batch batch = {.n = n, .tokens = r->tokens + done, .wants_logits = wants};
        st = session_run(s, &batch, err);
        if (!st) st = write_outputs(s, n_vocab, rows, sink, err);
        done += n;
    }
    mem_free(rows);
    mem_free(wants);
    return st;
}

/* All that can be told beforehand, so that no half of an answer is written. */
static enum status check_tokens(const struct request *r, const struct engine *e,
                                struct error *err) {
    const size_t n_vocab = engine_hparams(e)->n_vocab;
    for (size_t i = 0; i < r->n_tokens; i++)
        if (r->tokens[i] < 0 || (size_t)r->tokens[i] >= n_vocab)
            return fail(err, ERR_INVALID,
                        _("token %d (number %zu of those given) is outside the vocabulary of %zu "
                          "of %s"),
                        (int)r->tokens[i], i + 1, n_vocab, engine_gguf(e)->path);
    return OK;
}

static enum status run_logits(const struct request *r, struct engine *e, struct session *s,
                              struct error *err) {
    struct sink sink = {.writer = {.fd = -1}, .to_stdout = strcmp(r->out, "-") == 0};
    enum status st = OK;
    if (!sink.to_stdout) st = file_writer_open(&sink.writer, r->out, true, err);
    if (!st) st = write_logits(r, e, s, &sink, err);
    if (!st && !sink.to_stdout) st = file_writer_commit(&sink.writer, err);
    if (!st && sink.to_stdout) st = flush_stdout(err);
    file_writer_close(&sink.writer);
    return st;
}

static enum status run_greedy(const struct request *r, struct engine *e, struct session *s,
                              struct error *err) {
    const size_t n_vocab = engine_hparams(e)->n_vocab;
    float *logits = mem_alloc(n_vocab * sizeof(float));
    if (!logits) return fail(err, ERR_NOMEM, _("not enough memory for logits"));
    size_t n_shown = 0;
    enum status st = session_feed(s, 0, r->tokens, r->n_tokens, err);
    for (size_t i = 0; !st && i < r->n_new; i++) {
        session_logits(s, 0, 1, logits);
        const int32_t token = logits_argmax(logits, n_vocab);
        if (token < 0) {
            st = fail(err, ERR_INVALID, _("%s: the logits are not numbers; the file is damaged"),
                      engine_gguf(e)->path);
            break;
        }
        printf(i ? ",%d" : "%d", (int)token);
        n_shown++;
        st = flush_stdout(err);
        if (!st && i + 1 < r->n_new) st = session_feed(s, 0, &token, 1, err);
    }
    if (n_shown) putchar('\n');
    if (!st) st = flush_stdout(err);
    mem_free(logits);
    return st;
}

static int run(struct request *r, int argc, char **argv, const struct cli_option *options,
               enum status (*job)(const struct request *, struct engine *, struct session *,
                                  struct error *)) {
    struct engine *engine;
    struct session *session;
    struct error err;
    const int code = parse(r, argc, argv, options);
    if (code >= 0) return code;
    /* the last token that greedy prints is not fed again */
    const size_t n_positions = r->n_tokens + (r->n_new ? r->n_new - 1 : 0);
    if (!r->args.session.n_ctx) r->args.session.n_ctx = r->n_tokens + r->n_new;
    enum status st = engine_args_fit(&r->args, n_positions, &err);
    if (!st) st = engine_args_open(&engine, &session, &r->args, &err);
    if (!st) {
        st = check_tokens(r, engine, &err);
        if (!st) st = job(r, engine, session, &err);
        session_close(session);
        engine_close(engine);
    }
    mem_free(r->tokens);
    return st ? cli_fail(false, &err, EXIT_FAILED) : EXIT_DONE;
}

int cmd_logits(int argc, char **argv) {
    struct request r = {.command = "logits", .args.session.cache_type = DTYPE_F32};
    return run(&r, argc, argv, logits_options, run_logits);
}

int cmd_greedy(int argc, char **argv) {
    struct request r = {.command = "greedy", .args.session.cache_type = DTYPE_F32, .n_new = 16};
    return run(&r, argc, argv, greedy_options, run_greedy);
}
