/* SPDX-License-Identifier: MIT
 *
 * sigilo tokenize and detokenize: text to token ids and back, with nothing of a model but its
 * vocabulary. Offsets are code points of the text.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/intl.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/engine_args.h"
#include "cli/jsonl.h"
#include "cli/mapped.h"
#include "text/encoding.h"
#include "tokenizer/tokenizer.h"

enum { OPT_JSONL = 256, OPT_JSON, OPT_IDS, OPT_NO_BOS, OPT_NO_SPECIAL, OPT_SPECIAL };
enum { TEXT_FILE_MAX = 1 << 30, TEXT_OUT_MAX = INT32_MAX };

const struct cli_option tokenize_options[] = {
    {"file", 'f', N_("FILE"), N_("take the text from a file; - is standard input")},
    {"no-bos", OPT_NO_BOS, NULL, N_("put no BOS in front, whatever the vocabulary does")},
    {"no-special", OPT_NO_SPECIAL, NULL, N_("names of special tokens are text")},
    {"ids", OPT_IDS, NULL, N_("print the ids alone, 1,5,9")},
    {"json", OPT_JSON, NULL, N_("print {\"ids\",\"offsets\"}")},
    {"jsonl", OPT_JSONL, NULL,
     N_("read {\"text\",\"add_bos\",\"parse_special\"} a line from\nstandard input, answer "
        "{\"ids\",\"offsets\"} to each")},
    {"help", 'h', NULL, N_("this text")},
    {NULL, 0, NULL, NULL},
};

const struct cli_option detokenize_options[] = {
    {"special", OPT_SPECIAL, NULL, N_("special tokens appear by name")},
    {"json", OPT_JSON, NULL, N_("print {\"text\"}")},
    {"jsonl", OPT_JSONL, NULL,
     N_("read {\"ids\",\"special\"} a line from standard input,\nanswer {\"text\"} to each")},
    {"help", 'h', NULL, N_("this text")},
    {NULL, 0, NULL, NULL},
};

struct request {
    const char *model, *file; /* file NULL: the text stands on the command line */
    const char *text;
    bool jsonl, json, ids, no_bos, no_special, special;
    struct tokenizer *tokenizer;
};

/* --- tokenize --- */

/* Code points before bytes of a text, for bytes that never fall. */
struct counter {
    const unsigned char *text;
    size_t n, at, count;
};

static size_t count_to(struct counter *c, size_t at) {
    while (c->at < at) {
        c->at += encoding_decode(ENCODING_UTF_8, c->text, c->n, c->at, &(uint32_t){0}, NULL);
        c->count++;
    }
    return c->count;
}

static void put_tokens(struct strbuf *out, const struct token_list *tokens, const char *text,
                       size_t n) {
    const int32_t *ids = tokens->ids.data;
    const struct token_span *spans = tokens->spans.data;
    struct counter starts = {(const unsigned char *)text, n, 0, 0}, ends = starts;
    strbuf_puts(out, "{\"ids\":[");
    for (size_t i = 0; i < tokens->ids.n; i++)
        strbuf_printf(out, "%s%" PRId32, i ? "," : "", ids[i]);
    strbuf_puts(out, "],\"offsets\":[");
    for (size_t i = 0; i < tokens->ids.n; i++)
        strbuf_printf(out, "%s[%zu,%zu]", i ? "," : "", count_to(&starts, spans[i].start),
                      count_to(&ends, spans[i].end));
    strbuf_puts(out, "]}");
}

static enum status tokenize_line(void *context, const json_t *line, struct strbuf *answer,
                                 struct error *err) {
    const struct request *r = context;
    const json_t *text = json_object_get(line, "text");
    struct token_list tokens = {.wants_spans = true};
    bool add_bos, parse_special;
    if (!json_is_string(text)) return fail(err, ERR_INVALID, _("\"text\" must be a text"));
    enum status st = jsonl_get_bool(&add_bos, line, "add_bos", !r->no_bos, err);
    if (!st) st = jsonl_get_bool(&parse_special, line, "parse_special", !r->no_special, err);
    if (st) return st;
    const char *bytes = json_string_value(text);
    const size_t n = json_string_length(text);
    st = tokenizer_encode(r->tokenizer, &tokens, bytes, n,
                          parse_special ? SPECIALS_PARSE : SPECIALS_TEXT, add_bos, err);
    if (!st) put_tokens(answer, &tokens, bytes, n);
    token_list_release(&tokens);
    return st;
}

static bool is_whole_text(struct bytes piece) {
    bool broken = false;
    uint32_t cp;
    for (size_t at = 0; at < piece.n && !broken;)
        at += encoding_decode(ENCODING_UTF_8, (const unsigned char *)piece.data, piece.n, at, &cp,
                              &broken);
    return !broken;
}

/* "   258  " de"", parts of a character as bytes. */
static void put_piece(struct strbuf *out, const struct tokenizer *t, int32_t id) {
    const struct bytes piece = tokenizer_bytes(t, id);
    strbuf_printf(out, "%8" PRId32 "  ", id);
    if (is_whole_text(piece)) {
        jsonl_put_string(out, piece.data, piece.n);
    } else {
        for (size_t i = 0; i < piece.n; i++)
            strbuf_printf(out, "<0x%02X>", (unsigned char)piece.data[i]);
    }
    strbuf_putc(out, '\n');
}

static void put_for_person(struct strbuf *out, const struct request *r,
                           const struct token_list *tokens) {
    const int32_t *ids = tokens->ids.data;
    for (size_t i = 0; i < tokens->ids.n; i++)
        if (r->ids)
            strbuf_printf(out, "%s%" PRId32, i ? "," : "", ids[i]);
        else
            put_piece(out, r->tokenizer, ids[i]);
    if (r->ids) strbuf_putc(out, '\n');
}

static enum status print_out(struct strbuf *out, struct error *err) {
    if (out->failed) return fail(err, ERR_NOMEM, _("not enough memory for the answer"));
    fwrite(strbuf_str(out), 1, out->n, stdout);
    return OK;
}

static enum status tokenize_once(const struct request *r, struct error *err) {
    struct token_list tokens = {.wants_spans = r->json};
    struct file_bytes file = {0};
    struct strbuf out;
    strbuf_init(&out, TEXT_OUT_MAX);
    enum status st = r->file ? file_read(&file, r->file, TEXT_FILE_MAX, err) : OK;
    const char *text = r->file ? (const char *)file.data : r->text;
    const size_t n = r->file ? file.n : strlen(r->text);
    if (!st)
        st = tokenizer_encode(r->tokenizer, &tokens, text, n,
                              r->no_special ? SPECIALS_TEXT : SPECIALS_PARSE, !r->no_bos, err);
    if (!st && r->json) {
        put_tokens(&out, &tokens, text, n);
        strbuf_putc(&out, '\n');
    } else if (!st) {
        put_for_person(&out, r, &tokens);
    }
    if (!st) st = print_out(&out, err);
    token_list_release(&tokens);
    file_bytes_release(&file);
    strbuf_release(&out);
    return st;
}

/* --- detokenize --- */

static enum status feed(struct detokenizer *d, int64_t id, size_t number, struct strbuf *out,
                        struct error *err) {
    const size_t n_vocab = tokenizer_n_vocab(d->tokenizer);
    if (id < 0 || (uint64_t)id >= n_vocab)
        return fail(err, ERR_INVALID,
                    _("token %" PRId64 " (number %zu of those given) is outside the vocabulary of "
                      "%zu"),
                    id, number, n_vocab);
    detokenizer_feed(d, (int32_t)id, out);
    return OK;
}

static enum status detokenize_line(void *context, const json_t *line, struct strbuf *answer,
                                   struct error *err) {
    const struct request *r = context;
    const json_t *ids = json_object_get(line, "ids");
    struct detokenizer d;
    struct strbuf text;
    bool special;
    if (!json_is_array(ids)) return fail(err, ERR_INVALID, _("\"ids\" must be a list of ids"));
    enum status st = jsonl_get_bool(&special, line, "special", r->special, err);
    if (st) return st;
    detokenizer_init(&d, r->tokenizer, special, true);
    strbuf_init(&text, TEXT_OUT_MAX);
    for (size_t i = 0; !st && i < json_array_size(ids); i++) {
        const json_t *id = json_array_get(ids, i);
        st = json_is_integer(id)
                 ? feed(&d, json_integer_value(id), i + 1, &text, err)
                 : fail(err, ERR_INVALID, _("number %zu of \"ids\" is no id"), i + 1);
    }
    detokenizer_finish(&d, &text);
    strbuf_puts(answer, "{\"text\":");
    jsonl_put_string(answer, strbuf_str(&text), text.n);
    strbuf_putc(answer, '}');
    if (text.failed) answer->failed = true;
    strbuf_release(&text);
    return st;
}

static enum status detokenize_once(const struct request *r, struct error *err) {
    int32_t *ids = NULL;
    size_t n = 0;
    struct strbuf text, out;
    struct detokenizer d;
    strbuf_init(&text, TEXT_OUT_MAX);
    strbuf_init(&out, TEXT_OUT_MAX);
    detokenizer_init(&d, r->tokenizer, r->special, true);
    enum status st = parse_tokens(&ids, &n, r->text, err);
    for (size_t i = 0; !st && i < n; i++)
        st = feed(&d, ids[i], i + 1, &text, err);
    detokenizer_finish(&d, &text);
    if (r->json) {
        strbuf_puts(&out, "{\"text\":");
        jsonl_put_string(&out, strbuf_str(&text), text.n);
        strbuf_putc(&out, '}');
    } else {
        strbuf_append(&out, strbuf_str(&text), text.n);
    }
    strbuf_putc(&out, '\n');
    if (!st) st = print_out(&out, err);
    mem_free(ids);
    strbuf_release(&text);
    strbuf_release(&out);
    return st;
}

/* --- the command line --- */

static void help(const char *command) {
    if (strcmp(command, "tokenize") == 0)
        cli_help(_("sigilo tokenize MODEL.gguf [TEXT | -f FILE | --jsonl] [OPTION]..."),
                 _("Shows the tokens that a model makes of a text: id and piece, one a line.\n"
                   "The file may be a vocabulary without a model."),
                 tokenize_options, NULL);
    else
        cli_help(_("sigilo detokenize MODEL.gguf [IDS... | --jsonl] [OPTION]..."),
                 _("Prints the text of token ids: 1,5,9 or 1 5 9, or @FILE."), detokenize_options,
                 NULL);
}

/* Several arguments as one text, parted by spaces. False when memory is short. */
static bool join_arguments(struct strbuf *out, int argc, char **argv) {
    for (int i = 0; i < argc; i++) {
        if (i > 0) strbuf_putc(out, ' ');
        strbuf_puts(out, argv[i]);
    }
    return !out->failed;
}

static void take(struct request *r, int c) {
    switch (c) {
    case 'f': r->file = optarg; break;
    case OPT_NO_BOS: r->no_bos = true; break;
    case OPT_NO_SPECIAL: r->no_special = true; break;
    case OPT_SPECIAL: r->special = true; break;
    case OPT_IDS: r->ids = true; break;
    case OPT_JSON: r->json = true; break;
    default: r->jsonl = true;
    }
}

static int run(struct request *r, jsonl_fn *line,
               enum status (*once)(const struct request *, struct error *)) {
    struct gguf *gguf = NULL;
    struct error err;
    int code = EXIT_DONE;
    mapped_watch(r->model);
    enum status st = gguf_open(&gguf, r->model, &err);
    if (!st) st = tokenizer_open(&r->tokenizer, gguf, &err);
    if (!st && r->jsonl) code = jsonl_run(line, r);
    if (!st && !r->jsonl) st = once(r, &err);
    if (st) code = cli_fail(r->json || r->jsonl, &err, EXIT_FAILED);
    tokenizer_close(r->tokenizer);
    gguf_close(gguf);
    return code;
}

/* Options, model, and what is left as the text. Returns -1 to go on, else the exit code. */
static int parse(struct request *r, struct strbuf *text, int argc, char **argv,
                 const struct cli_option *options) {
    const char *command = argv[0];
    struct error err;
    int c;
    optind = 1;
    r->json = cli_wants_json(argc, argv);
    while ((c = cli_getopt(argc, argv, options, &err)) != -1) {
        if (c == '?') return cli_misuse(r->json, command, "%s", err.message);
        if (c == 'h') {
            help(command);
            return EXIT_DONE;
        }
        take(r, c);
    }
    if (optind == argc) return cli_misuse(r->json, command, _("name a model file"));
    r->model = argv[optind++];
    if (r->jsonl && (r->file || optind < argc))
        return cli_misuse(r->json, command, _("with --jsonl everything stands in the lines"));
    if (r->file && optind < argc)
        return cli_misuse(r->json, command, _("give a text or a file, not both"));
    if (!join_arguments(text, argc - optind, argv + optind)) {
        fail(&err, ERR_NOMEM, _("not enough memory for the text"));
        return cli_fail(r->json, &err, EXIT_FAILED);
    }
    r->text = optind < argc ? strbuf_str(text) : NULL;
    return -1;
}

int cmd_tokenize(int argc, char **argv) {
    struct request r = {0};
    struct strbuf text;
    strbuf_init(&text, TEXT_OUT_MAX);
    int code = parse(&r, &text, argc, argv, tokenize_options);
    if (code < 0) {
        if (!r.text && !r.file) r.file = "-";
        code = run(&r, tokenize_line, tokenize_once);
    }
    strbuf_release(&text);
    return code;
}

int cmd_detokenize(int argc, char **argv) {
    struct request r = {0};
    struct strbuf text;
    strbuf_init(&text, TEXT_OUT_MAX);
    int code = parse(&r, &text, argc, argv, detokenize_options);
    if (code < 0 && !r.jsonl && !r.text)
        code = cli_misuse(r.json, argv[0], _("give token ids, or --jsonl"));
    if (code < 0) code = run(&r, detokenize_line, detokenize_once);
    strbuf_release(&text);
    return code;
}
