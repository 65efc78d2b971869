/* SPDX-License-Identifier: MIT
 *
 * sigilo template: the chat template of a model, and what it makes of messages. For a person, one
 * rendering; for programs, one a line (--jsonl), where a line that fails is told as such and the
 * rest goes on.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/intl.h"
#include "chat/chat.h"
#include "cli/cli.h"
#include "cli/mapped.h"
#include "tokenizer/tokenizer.h"

enum {
    OPT_TEMPLATE_FILE = 256,
    OPT_JSONL,
    OPT_MESSAGES,
    OPT_TOOLS,
    OPT_KWARGS,
    OPT_NOW,
    OPT_TOKENS
};
enum { OPT_NO_PROMPT = 300, OPT_CONTINUE };
enum { JSON_FILE_MAX = 64 << 20, LINE_BYTES_MAX = 64 << 20 };

const struct cli_option template_options[] = {
    {NULL, 0, NULL, N_("What is rendered (nothing: the template itself is printed):")},
    {"user", 'u', N_("TEXT"), N_("a user message")},
    {"system", 's', N_("TEXT"), N_("a system message before it")},
    {"messages", OPT_MESSAGES, N_("FILE"),
     N_("messages as a JSON array of {\"role\",\"content\"};\n- is standard input")},
    {"tools", OPT_TOOLS, N_("FILE"), N_("tools as a JSON array")},
    {"chat-template-kwargs", OPT_KWARGS, N_("JSON"), N_("an object of more variables")},
    {"now", OPT_NOW, N_("DATE"), N_("YYYY-MM-DD, instead of today")},
    {"no-generation-prompt", OPT_NO_PROMPT, NULL, N_("do not begin the answer")},
    {"continue-final-message", OPT_CONTINUE, NULL,
     N_("the last message is the beginning of the answer")},
    {NULL, 0, NULL, N_("How:")},
    {"chat-template-file", OPT_TEMPLATE_FILE, N_("FILE"),
     N_("a Jinja template, instead of the model's")},
    {"tokens", OPT_TOKENS, NULL, N_("print the ids of the tokens, not the text")},
    {"jsonl", OPT_JSONL, NULL,
     N_("read a JSON object a line from standard input:\nmessages, tools, "
        "add_generation_prompt,\ncontinue_final_message, bos_token, eos_token,\nkwargs, now; "
        "print {\"text\",\"ids\"} or {\"error\"}")},
    {"help", 'h', NULL, N_("this text")},
    {NULL, 0, NULL, NULL},
};

struct template_args {
    const char *model, *template_file;
    const char *user, *system, *messages, *tools, *kwargs, *now;
    bool jsonl, tokens, no_prompt, continues;
};

/* The template, and the vocabulary if a model was named. */
struct source {
    struct gguf *gguf;
    struct tokenizer *tokenizer;
    struct file_bytes file;
    struct bytes text; /* of the template */
    const char *name;
    struct chat_template *template;
    char *bos_token, *eos_token; /* the model's */
};

static void source_release(struct source *s) {
    chat_template_close(s->template);
    tokenizer_close(s->tokenizer);
    gguf_close(s->gguf);
    file_bytes_release(&s->file);
    mem_free(s->bos_token);
    mem_free(s->eos_token);
}

static enum status no_memory(struct error *err) {
    return fail(err, ERR_NOMEM, _("not enough memory"));
}

/* --- opening --- */

static enum status open_model(struct source *s, const char *path, struct error *err) {
    mapped_watch(path);
    enum status st = gguf_open(&s->gguf, path, err);
    if (!st) st = tokenizer_open(&s->tokenizer, s->gguf, err);
    return st ? st : chat_special_names(s->tokenizer, &s->bos_token, &s->eos_token, err);
}

static enum status source_open(struct source *s, const struct template_args *args,
                               struct error *err) {
    enum status st = args->model ? open_model(s, args->model, err) : OK;
    if (st) return st;
    if (args->template_file) {
        st = file_read(&s->file, args->template_file, CHAT_TEMPLATE_BYTES_MAX, err);
        s->text = (struct bytes){(const char *)s->file.data, s->file.n};
        s->name = args->template_file;
    } else {
        s->text = tokenizer_chat_template(s->tokenizer, NULL);
        s->name = args->model;
        if (s->text.n == 0)
            st = fail(err, ERR_NOT_FOUND,
                      _("%s has no chat template: give one with --chat-template-file"),
                      args->model);
    }
    return st ? st : chat_template_open(&s->template, s->text.data, s->text.n, s->name, err);
}

/* --- a line of JSON --- */

static enum status wrong(struct error *err, const char *key, const char *wanted) {
    return fail(err, ERR_INVALID, _("\"%s\" must be %s"), key, wanted);
}

static enum status read_flag(bool *out, const json_t *line, const char *key, struct error *err) {
    const json_t *v = json_object_get(line, key);
    *out = json_is_true(v);
    return !v || json_is_null(v) || json_is_boolean(v) ? OK : wrong(err, key, _("true or false"));
}

/* A text; null leaves NULL, a key that is not there what *out holds. */
static enum status read_text(const char **out, const json_t *line, const char *key,
                             struct error *err) {
    const json_t *v = json_object_get(line, key);
    if (!v) return OK;
    *out = json_string_value(v);
    if (*out && strlen(*out) != json_string_length(v))
        return wrong(err, key, _("text without NUL"));
    return *out || json_is_null(v) ? OK : wrong(err, key, _("a text"));
}

static enum status read_line(struct chat_input *input, const json_t *line, struct error *err) {
    if (!json_is_object(line)) return fail(err, ERR_INVALID, _("the line is not a JSON object"));
    input->messages = json_object_get(line, "messages");
    input->tools = json_object_get(line, "tools");
    input->kwargs = json_object_get(line, "kwargs");
    if (json_is_null(input->kwargs)) input->kwargs = NULL;
    enum status st = read_flag(&input->add_generation_prompt, line, "add_generation_prompt", err);
    if (!st) st = read_flag(&input->continue_final_message, line, "continue_final_message", err);
    if (!st) st = read_text(&input->bos_token, line, "bos_token", err);
    if (!st) st = read_text(&input->eos_token, line, "eos_token", err);
    return st ? st : read_text(&input->now, line, "now", err);
}

static json_t *id_array(const struct token_list *tokens) {
    json_t *ids = json_array();
    const int32_t *id = tokens->ids.data;
    for (size_t i = 0; ids && i < tokens->ids.n; i++)
        json_array_append_new(ids, json_integer(id[i]));
    return ids;
}

static enum status set_ids(json_t *answer, const struct source *s, const struct chat_prompt *prompt,
                           struct error *err) {
    struct token_list tokens = {0};
    enum status st = chat_tokenize(s->tokenizer, &tokens, prompt, err);
    if (!st && json_object_set_new(answer, "ids", id_array(&tokens))) st = no_memory(err);
    token_list_release(&tokens);
    return st;
}

/* The answer to a line, or NULL: then why, in `err`. What the template itself refuses is an answer:
 * its own message. */
static json_t *answer_line(const struct source *s, const char *text, size_t n, struct error *err) {
    struct chat_input input = {.bos_token = s->bos_token, .eos_token = s->eos_token};
    struct chat_prompt prompt = {0};
    json_error_t why;
    json_t *line = json_loadb(text, n, JSON_ALLOW_NUL, &why), *answer = NULL;
    enum status st = line ? read_line(&input, line, err)
                          : fail(err, ERR_INVALID, _("the line is not JSON (byte %d)"),
                                 why.position);
    if (!st) st = chat_render(s->template, &prompt, &input, err);
    if (prompt.raised) {
        answer = json_pack("{s:s}", "error", prompt.raised);
        if (!answer) no_memory(err);
    } else if (!st) {
        answer = json_pack("{s:s#}", "text", strbuf_str(&prompt.text), (int)prompt.text.n);
        st = !answer ? no_memory(err) : s->tokenizer ? set_ids(answer, s, &prompt, err) : OK;
    }
    if (st && !prompt.raised) {
        json_decref(answer);
        answer = NULL;
    }
    chat_prompt_release(&prompt);
    json_decref(line);
    return answer;
}

static void print_json(json_t *answer) {
    json_dumpf(answer, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(answer);
}

/* A message may hold a file's name, which need not be UTF-8. */
static json_t *error_object(const struct error *err) {
    const char *code = status_name(err->status);
    json_t *message = json_string(err->message);
    return json_pack("{s:{s:s,s:o}}", "error", "code", code, "message",
                     message ? message : json_string(code));
}

/* One line without its end; false at the end of the input. What is longer than LINE_BYTES_MAX is
 * read to its end all the same, and the buffer failed. */
static bool next_line(struct strbuf *line) {
    int c;
    strbuf_clear(line);
    while ((c = getc_unlocked(stdin)) != EOF && c != '\n')
        strbuf_putc(line, (char)c);
    return c != EOF || line->n > 0;
}

static int run_lines(const struct source *s) {
    struct strbuf line;
    int code = EXIT_DONE;
    strbuf_init(&line, LINE_BYTES_MAX);
    for (size_t number = 1; next_line(&line); number++) {
        struct error err = {0};
        json_t *answer = NULL;
        if (line.failed)
            fail(&err, ERR_LIMIT, _("the line is longer than %d MiB"), LINE_BYTES_MAX >> 20);
        else if (line.n == strspn(strbuf_str(&line), " \t\r"))
            continue;
        else
            answer = answer_line(s, line.data, line.n, &err);
        if (!answer) {
            cli_say(_("line %zu: %s"), number, err.message);
            answer = error_object(&err);
            code = EXIT_FAILED;
        }
        print_json(answer);
    }
    if (ferror(stdin)) {
        cli_say(_("standard input: %s"), strerror(errno));
        code = EXIT_FAILED;
    }
    strbuf_release(&line);
    return code;
}

/* --- for a person --- */

static enum status read_json(json_t **out, const char *path, struct error *err) {
    struct file_bytes file = {0};
    json_error_t why;
    enum status st = file_read(&file, path, JSON_FILE_MAX, err);
    if (!st) *out = json_loadb((const char *)file.data, file.n, JSON_ALLOW_NUL, &why);
    if (!st && !*out) st = fail(err, ERR_INVALID, _("%s, line %d: not JSON"), path, why.line);
    file_bytes_release(&file);
    return st;
}

static enum status add_message(json_t *messages, const char *role, const char *text,
                               struct error *err) {
    if (!text) return OK;
    json_t *content = json_string(text);
    if (!content) return fail(err, ERR_INVALID, _("the %s message is not valid UTF-8"), role);
    const int failed =
        json_array_append_new(messages, json_pack("{s:s,s:o}", "role", role, "content", content));
    return failed ? no_memory(err) : OK;
}

static enum status make_messages(json_t **out, const struct template_args *args,
                                 struct error *err) {
    if (args->messages) return read_json(out, args->messages, err);
    *out = json_array();
    if (!*out) return no_memory(err);
    const enum status st = add_message(*out, "system", args->system, err);
    return st ? st : add_message(*out, "user", args->user, err);
}

static enum status print_prompt(const struct source *s, const struct template_args *args,
                                const struct chat_prompt *prompt, struct error *err) {
    if (!args->tokens) {
        fwrite(strbuf_str(&prompt->text), 1, prompt->text.n, stdout);
        return OK;
    }
    struct token_list tokens = {0};
    const enum status st = chat_tokenize(s->tokenizer, &tokens, prompt, err);
    const int32_t *id = tokens.ids.data;
    for (size_t i = 0; i < tokens.ids.n; i++)
        printf("%s%d", i ? "," : "", id[i]);
    if (!st) putchar('\n');
    token_list_release(&tokens);
    return st;
}

/* A template that refuses a system message gets it within the first user message, as run and chat
 * do it. */
static enum status render(const struct source *s, struct chat_prompt *prompt,
                          struct chat_input *input, struct error *err) {
    enum status st = chat_render(s->template, prompt, input, err);
    const json_t *first = json_array_get(input->messages, 0);
    const char *role = json_string_value(json_object_get(first, "role"));
    if (!prompt->raised || !role || strcmp(role, "system") != 0) return st;
    json_t *folded = chat_fold_system(input->messages);
    struct chat_input again = *input;
    struct error ignored;
    struct chat_prompt second = {0};
    again.messages = folded;
    if (folded && !chat_render(s->template, &second, &again, &ignored)) {
        chat_prompt_release(prompt);
        *prompt = second;
        cli_say(_("the template takes no system message: it stands in the first user message"));
        st = OK;
    } else {
        chat_prompt_release(&second);
    }
    json_decref(folded);
    return st;
}

static int run_once(const struct source *s, const struct template_args *args) {
    struct error err;
    struct chat_prompt prompt = {0};
    json_t *messages = NULL, *tools = NULL, *kwargs = NULL;
    enum status st = make_messages(&messages, args, &err);
    if (!st && args->tools) st = read_json(&tools, args->tools, &err);
    if (!st && args->kwargs && !(kwargs = json_loads(args->kwargs, 0, NULL)))
        st = fail(&err, ERR_INVALID, _("--chat-template-kwargs must be a JSON object"));
    struct chat_input input = {.messages = messages,
                               .tools = tools,
                               .kwargs = kwargs,
                               .bos_token = s->bos_token,
                               .eos_token = s->eos_token,
                               .add_generation_prompt = !args->no_prompt,
                               .continue_final_message = args->continues,
                               .now = args->now};
    if (!st) st = render(s, &prompt, &input, &err);
    if (!st) st = print_prompt(s, args, &prompt, &err);
    if (st) cli_say("%s", err.message);
    chat_prompt_release(&prompt);
    json_decref(messages);
    json_decref(tools);
    json_decref(kwargs);
    return st ? EXIT_FAILED : EXIT_DONE;
}

static int run(const struct template_args *args) {
    struct source s = {0};
    struct error err;
    int code;
    if (source_open(&s, args, &err)) {
        code = cli_fail(args->jsonl, &err, EXIT_FAILED);
    } else if (args->jsonl) {
        code = run_lines(&s);
    } else if (args->user || args->system || args->messages) {
        code = run_once(&s, args);
    } else {
        fwrite(s.text.data, 1, s.text.n, stdout);
        if (s.text.data[s.text.n - 1] != '\n') putchar('\n');
        code = EXIT_DONE;
    }
    source_release(&s);
    return code;
}

/* --- the command line --- */

static void help(void) {
    cli_help(_("sigilo template MODEL.gguf | --chat-template-file FILE [OPTION]..."),
             _("Prints a model's chat template, or the prompt that it makes of messages. Names of "
               "special tokens\n"
               "in messages stay text: they never become the tokens."),
             template_options, NULL);
}

static void take(struct template_args *args, int c) {
    switch (c) {
    case 'u': args->user = optarg; break;
    case 's': args->system = optarg; break;
    case OPT_MESSAGES: args->messages = optarg; break;
    case OPT_TOOLS: args->tools = optarg; break;
    case OPT_KWARGS: args->kwargs = optarg; break;
    case OPT_NOW: args->now = optarg; break;
    case OPT_NO_PROMPT: args->no_prompt = true; break;
    case OPT_CONTINUE: args->continues = true; break;
    case OPT_TEMPLATE_FILE: args->template_file = optarg; break;
    case OPT_TOKENS: args->tokens = true; break;
    default: args->jsonl = true;
    }
}

/* What is wrong with the options together; NULL: nothing. */
static const char *complaint(const struct template_args *args) {
    const bool has_text = args->user || args->system;
    if (!args->model && !args->template_file) return _("give a model or --chat-template-file");
    if (args->messages && has_text)
        return _("--messages and --user or --system exclude each other");
    if (args->jsonl && (has_text || args->messages || args->tools || args->kwargs || args->now ||
                        args->no_prompt || args->continues || args->tokens))
        return _("with --jsonl everything stands in the lines");
    if (args->tokens && !args->model) return _("--tokens needs a model");
    return NULL;
}

int cmd_template(int argc, char **argv) {
    struct template_args args = {0};
    struct error err;
    int c;
    optind = 1;
    while ((c = cli_getopt(argc, argv, template_options, &err)) != -1) {
        if (c == '?') return cli_misuse(false, "template", "%s", err.message);
        if (c == 'h') {
            help();
            return EXIT_DONE;
        }
        take(&args, c);
    }
    if (argc - optind > 1) return cli_misuse(false, "template", _("more than one model was given"));
    if (optind < argc) args.model = argv[optind];
    const char *wrong_options = complaint(&args);
    if (wrong_options) return cli_misuse(false, "template", "%s", wrong_options);
    return run(&args);
}
