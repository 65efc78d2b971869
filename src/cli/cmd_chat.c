/* SPDX-License-Identifier: MIT
 *
 * sigilo chat: a conversation in a terminal, or from a pipe, a message a line. Ctrl-C stops the
 * answer; between answers it gives up the line, and an empty line's Ctrl-D ends the program.
 */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "cli/engine_args.h"
#include "cli/generate_args.h"
#include "cli/line_reader.h"

const struct cli_option chat_options[] = {
    {"help", 'h', NULL, N_("this text")},
    GENERATE_ARGS_ROWS,
    ENGINE_ARGS_ROWS,
    {NULL, 0, NULL, NULL},
};

struct chat {
    struct engine_args engine_args;
    struct generate_args generate;
    struct engine *engine;
    struct session *session;
    struct conversation *conversation;
    struct line_reader *reader;
    struct strbuf line;
    char last;          /* character of the answer shown */
    bool stdout_failed; /* nobody listens any more */
    bool quit;
};

/* The only state that a signal may touch. */
static atomic_bool interrupted;

static void on_interrupt(int signal_number) {
    atomic_store(&interrupted, true);
}

static void help(void) {
    cli_help(_("sigilo chat MODEL.gguf [OPTION]..."),
             _("Talks with a model: a message a line; a line that ends in a backslash goes on in "
               "the\nnext one."),
             chat_options,
             _("In the conversation:\n"
               "  /system TEXT   set the system message (without a text: none)\n"
               "  /clear         forget the conversation\n"
               "  /save FILE     write the messages as JSON\n"
               "  /help, /quit\n"
               "  Ctrl-C stops the answer, Ctrl-D ends the program."));
}

/* Returns -1 to go on, else the exit code. */
static int parse(struct chat *c, int argc, char **argv) {
    struct error err = {0};
    int option;
    optind = 1;
    opterr = 0;
    while ((option = cli_getopt(argc, argv, chat_options, &err)) != -1) {
        if (option == 'h') {
            help();
            return EXIT_DONE;
        }
        if (!generate_args_take(&c->generate, option, optarg, &err))
            engine_args_take(&c->engine_args, option, optarg, &err);
        if (err.status) return cli_misuse(false, "chat", "%s", err.message);
    }
    if (argc - optind != 1) return cli_misuse(false, "chat", _("expected one model file"));
    c->engine_args.engine.model_path = argv[optind];
    if (generate_args_check(&c->generate, &err))
        return cli_misuse(false, "chat", "%s", err.message);
    return -1;
}

/* --- commands --- */

static void command_help(struct chat *c, const char *argument) {
    puts(_("/system TEXT  /clear  /save FILE  /help  /quit"));
}

static void command_quit(struct chat *c, const char *argument) {
    c->quit = true;
}

static void command_clear(struct chat *c, const char *argument) {
    conversation_clear(c->conversation);
}

static void command_system(struct chat *c, const char *argument) {
    struct error err;
    if (conversation_set_system(c->conversation, argument, strlen(argument), &err))
        cli_say("%s", err.message);
}

static void command_save(struct chat *c, const char *argument) {
    struct error err;
    if (!argument[0]) {
        cli_say(_("/save needs the name of a file"));
        return;
    }
    char *text = json_dumps(conversation_messages(c->conversation),
                            JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    if (!text) {
        cli_say(_("not enough memory for the conversation"));
        return;
    }
    const size_t n = strlen(text);
    text[n] = '\n'; /* in the place of the NUL: what is written is counted */
    if (file_write(argument, text, n + 1, false, &err))
        cli_say("%s", err.message);
    else
        cli_say(_("written to %s"), argument);
    mem_wipe(text, n);
    free(text);
}

static const struct {
    const char *name;
    void (*run)(struct chat *c, const char *argument);
} commands[] = {
    {"/help", command_help},   {"/quit", command_quit}, {"/exit", command_quit},
    {"/clear", command_clear}, {"/save", command_save}, {"/system", command_system},
};

/* Runs a line that begins with a slash. */
static void run_command(struct chat *c, const char *line) {
    const size_t n = strcspn(line, " \t");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strlen(commands[i].name) == n && memcmp(commands[i].name, line, n) == 0) {
            commands[i].run(c, line + n + strspn(line + n, " \t"));
            return;
        }
    cli_say(_("there is no such command; /help names them"));
}

/* --- answers --- */

static bool on_token(void *context, const struct completion_token *token) {
    struct chat *c = context;
    const struct bytes text = token->text;
    if (fwrite(text.data, 1, text.n, stdout) != text.n || fflush(stdout)) c->stdout_failed = true;
    if (text.n) c->last = text.data[text.n - 1];
    return !c->stdout_failed;
}

static void tell_end(struct chat *c, const struct generated *g, size_t n_dropped) {
    if (n_dropped) cli_say(_("the %zu oldest messages no longer fit and were left out"), n_dropped);
    if (g->stop == COMPLETION_CONTEXT)
        cli_say(_("the context of %zu tokens is full: give a larger --ctx, or --context-shift, or "
                  "/clear"),
                session_n_ctx(c->session));
    if (g->stop == COMPLETION_CANCELLED) cli_say(_("stopped"));
    generate_report(g);
}

/* A message that fails leaves the conversation as it was: one may go on. */
static enum status say(struct chat *c, struct error *err) {
    struct generated g;
    size_t n_dropped = 0;
    struct error why;
    struct generate_options options = c->generate.options;
    options.cancel = &interrupted;
    c->last = '\n';
    atomic_store(&interrupted, false);
    const enum status st = conversation_say(c->conversation, strbuf_str(&c->line), c->line.n,
                                            &options, on_token, c, &g, &n_dropped, &why);
    if (c->last != '\n') putchar('\n');
    if (fflush(stdout)) c->stdout_failed = true;
    if (c->stdout_failed) return fail(err, ERR_IO, _("cannot write to standard output"));
    if (st)
        cli_say("%s", why.message);
    else
        tell_end(c, &g, n_dropped);
    return st && !line_reader_is_terminal(c->reader) ? fail(err, st, "%s", why.message) : OK;
}

static enum status converse(struct chat *c, struct error *err) {
    bool end = false;
    if (line_reader_is_terminal(c->reader)) puts(_("/help names the commands; Ctrl-D ends."));
    for (;;) {
        enum status st = line_reader_next(c->reader, "> ", &c->line, &end, err);
        if (st || end) return st;
        const char *line = strbuf_str(&c->line);
        if (line[0] == '/')
            run_command(c, line);
        else if (line[0])
            st = say(c, err);
        if (st || c->quit) return st;
    }
}

static enum status open_chat(struct chat *c, struct error *err) {
    const char *system = c->generate.system;
    enum status st = engine_args_open(&c->engine, &c->session, &c->engine_args, err);
    if (!st) st = generate_args_prepare(&c->generate, c->engine, err);
    if (!st)
        st = conversation_open(&c->conversation, c->engine, c->session, 0,
                               &c->generate.conversation, err);
    if (!st && system) st = conversation_set_system(c->conversation, system, strlen(system), err);
    if (!st) st = line_reader_open(&c->reader, err);
    return st;
}

static void close_chat(struct chat *c) {
    line_reader_close(c->reader);
    conversation_close(c->conversation);
    session_close(c->session);
    engine_close(c->engine);
    strbuf_release(&c->line);
}

/* Not restarted: a read that Ctrl-C broke off gives its line up. */
static void catch_interrupts(void) {
    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, NULL);
}

int cmd_chat(int argc, char **argv) {
    struct chat c = {.engine_args = {.session.cache_type = DTYPE_F16, .engine.wants_text = true}};
    struct error err;
    generate_args_init(&c.generate);
    strbuf_init(&c.line, LINE_BYTES_MAX);
    int code = parse(&c, argc, argv);
    if (code < 0) {
        enum status st = open_chat(&c, &err);
        if (!st) catch_interrupts();
        if (!st) st = converse(&c, &err);
        code = st ? cli_fail(false, &err, EXIT_FAILED) : EXIT_DONE;
    }
    close_chat(&c);
    generate_args_release(&c.generate);
    return code;
}
