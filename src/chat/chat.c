/* SPDX-License-Identifier: MIT
 *
 * Rendering a chat: a parsed template, the caller's messages as its variables, and out comes a
 * prompt of pieces, each the template's or the caller's.
 */
#include "chat/chat.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/intl.h"
#include "chat/eval.h"
#include "chat/tree.h"
#include "chat/characters.h"

struct chat_template {
    char *name;
    char *source; /* line ends are \n */
    struct arena arena;
    struct statement *body;
};

/* --- opening --- */

/* Copies the source with \r\n and \r as \n, without the last line end; returns the length. */
static size_t normalise(char *out, const char *source, size_t n) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        const bool is_cr = source[i] == '\r';
        if (is_cr && i + 1 < n && source[i + 1] == '\n') i++;
        out[k++] = is_cr ? '\n' : source[i];
    }
    return k && out[k - 1] == '\n' ? k - 1 : k;
}

static size_t line_of(const char *source, size_t at) {
    size_t line = 1;
    for (size_t i = 0; i < at; i++)
        line += source[i] == '\n';
    return line;
}

static enum status open_source(struct chat_template *tpl, const char *source, size_t n,
                               const char *name, struct error *err) {
    tpl->name = mem_strdup(name);
    tpl->source = mem_alloc(n);
    if (!tpl->name || !tpl->source)
        return fail(err, ERR_NOMEM, _("%s: not enough memory for the template"), name);
    n = normalise(tpl->source, source, n);
    const size_t broken = char_check(tpl->source, n);
    if (broken < n)
        return fail(err, ERR_INVALID, _("%s, line %zu: the template is not valid UTF-8"), name,
                    line_of(tpl->source, broken));
    return tree_parse(&tpl->body, &tpl->arena, tpl->source, n, tpl->name, err);
}

enum status chat_template_open(struct chat_template **out, const char *source, size_t n,
                               const char *name, struct error *err) {
    if (n > CHAT_TEMPLATE_BYTES_MAX)
        return fail(err, ERR_LIMIT, _("%s: the template has %zu bytes, more than %d"), name, n,
                    CHAT_TEMPLATE_BYTES_MAX);
    struct chat_template *tpl = mem_zalloc(sizeof(*tpl));
    if (!tpl) return fail(err, ERR_NOMEM, _("%s: not enough memory for the template"), name);
    const enum status st = open_source(tpl, source, n, name, err);
    if (st) {
        chat_template_close(tpl);
        return st;
    }
    *out = tpl;
    return OK;
}

void chat_template_close(struct chat_template *tpl) {
    if (!tpl) return;
    arena_release(&tpl->arena);
    mem_free(tpl->source);
    mem_free(tpl->name);
    mem_free(tpl);
}

/* --- variables --- */

/* False when memory is short. */
static bool special_name(char **out, const struct tokenizer *t, int32_t id) {
    *out = NULL;
    if (id < 0) return true;
    const struct bytes name = tokenizer_bytes(t, id);
    if (memchr(name.data, '\0', name.n) || char_check(name.data, name.n) < name.n) return true;
    *out = mem_strndup(name.data, name.n);
    return *out != NULL;
}

enum status chat_special_names(const struct tokenizer *t, char **bos, char **eos,
                               struct error *err) {
    *eos = NULL;
    if (special_name(bos, t, tokenizer_bos(t)) && special_name(eos, t, tokenizer_eos(t))) return OK;
    mem_free(*bos);
    *bos = NULL;
    return fail(err, ERR_NOMEM, _("not enough memory for the names of special tokens"));
}

static bool set(struct runtime *rt, const char *name, struct value v) {
    const struct string *key = string_new(rt, name, strlen(name), false);
    return key && scope_set(rt, rt->scope, key, v);
}

static bool set_json(struct runtime *rt, const char *name, const json_t *json) {
    struct value v = {.type = V_NONE};
    return (!json || value_from_json(rt, json, &v)) && set(rt, name, v);
}

/* A special token is the template's own; NULL leaves it undefined. */
static bool set_token(struct runtime *rt, const char *name, const char *token) {
    if (!token) return true;
    const struct string *s = string_new(rt, token, strlen(token), false);
    return s && set(rt, name, value_of_string(s));
}

static bool set_variables(struct runtime *rt, const struct chat_input *input, size_t n_messages) {
    const bool prompts = input->add_generation_prompt || input->continue_final_message;
    struct value messages;
    if (!value_from_messages(rt, input->messages, n_messages, &messages) ||
        !set(rt, "messages", messages) || !set_json(rt, "tools", input->tools) ||
        !set_json(rt, "documents", NULL) ||
        !set(rt, "add_generation_prompt", value_of_bool(prompts)) ||
        !set_token(rt, "bos_token", input->bos_token) ||
        !set_token(rt, "eos_token", input->eos_token))
        return false;
    json_t *kwargs = (json_t *)(uintptr_t)input->kwargs; /* jansson's iterators are not const */
    for (void *it = json_object_iter(kwargs); it; it = json_object_iter_next(kwargs, it))
        if (!set_json(rt, json_object_iter_key(it), json_object_iter_value(it))) return false;
    return true;
}

/* "YYYY-MM-DD", or today. */
static enum status read_date(struct tm *out, const char *now, struct error *err) {
    static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    *out = (struct tm){.tm_isdst = -1};
    if (!now) {
        const time_t t = time(NULL);
        return localtime_r(&t, out) ? OK : fail(err, ERR_IO, _("the system has no local time"));
    }
    int year, month, day, end = 0;
    sscanf(now, "%4d-%2d-%2d%n", &year, &month, &day, &end);
    if (end != 10 || now[10] || year < 1 || month < 1 || month > 12 || day < 1 ||
        day > lengths[month - 1])
        return fail(err, ERR_INVALID, _("the date must be written YYYY-MM-DD"));
    out->tm_year = year - 1900;
    out->tm_mon = month - 1;
    out->tm_mday = day;
    for (int m = 0; m < month - 1; m++)
        out->tm_yday += m == 1 && (year % 4 || (year % 100 == 0 && year % 400)) ? 28 : lengths[m];
    out->tm_yday += day - 1;
    const int before = year - 1; /* 1 January of year 1 was a Monday, in this calendar */
    out->tm_wday = (before + before / 4 - before / 100 + before / 400 + out->tm_yday + 1) % 7;
    return OK;
}

/* --- rendering --- */

static enum status check_input(const struct chat_input *input, struct error *err) {
    if (!json_is_array(input->messages))
        return fail(err, ERR_INVALID, _("the messages are not a list"));
    const size_t n = json_array_size(input->messages);
    for (size_t i = 0; i < n; i++)
        if (!json_is_object(json_array_get(input->messages, i)))
            return fail(err, ERR_INVALID, _("message %zu is not an object"), i + 1);
    if (input->kwargs && !json_is_object(input->kwargs))
        return fail(err, ERR_INVALID, _("the template's variables are not an object"));
    const char *const tokens[] = {input->bos_token, input->eos_token};
    for (size_t i = 0; i < 2; i++)
        if (tokens[i] && char_check(tokens[i], strlen(tokens[i])) < strlen(tokens[i]))
            return fail(err, ERR_INVALID, _("the name of %s is not valid UTF-8"),
                        i == 0 ? "bos_token" : "eos_token");
    if (input->continue_final_message && n == 0)
        return fail(err, ERR_INVALID, _("there is no message to continue"));
    return OK;
}

static bool emit_data(struct runtime *rt, const json_t *text) {
    const struct string *s = string_new(rt, json_string_value(text), json_string_length(text),
                                        true);
    return s && emit(rt, s);
}

/* The content of the message to be continued: a string, or the text of its parts. */
static enum status append_content(struct runtime *rt, const json_t *message, struct error *err) {
    const json_t *content = json_object_get(message, "content");
    if (!content || json_is_null(content)) return OK;
    if (json_is_string(content)) return emit_data(rt, content) ? OK : rt->status;
    for (size_t i = 0; i < json_array_size(content); i++) {
        const json_t *text = json_object_get(json_array_get(content, i), "text");
        if (json_is_string(text) && !emit_data(rt, text)) return rt->status;
    }
    if (json_is_array(content)) return OK;
    return fail(err, ERR_INVALID, _("the content of the message to be continued is no text"));
}

static enum status render(const struct chat_template *tpl, struct runtime *rt,
                          const struct chat_input *input, struct error *err) {
    const size_t n = json_array_size(input->messages);
    struct scope root = {.is_kept = true};
    rt->scope = &root;
    if (!set_variables(rt, input, n - input->continue_final_message)) return rt->status;
    if (execute(rt, tpl->body) == FLOW_FAILED) return rt->status;
    if (!input->continue_final_message) return OK;
    return append_content(rt, json_array_get(input->messages, n - 1), err);
}

enum status chat_render(const struct chat_template *tpl, struct chat_prompt *out,
                        const struct chat_input *input, struct error *err) {
    struct runtime rt = {.name = tpl->name, .line = 1, .err = err, .out = out};
    enum status st = check_input(input, err);
    if (!st) st = read_date(&rt.now, input->now, err);
    if (st) return st;
    strbuf_init(&out->text, CHAT_OUTPUT_BYTES_MAX);
    st = render(tpl, &rt, input, err);
    arena_release(&rt.arena);
    if (st) chat_prompt_release(out);
    out->raised = rt.raised;
    return st;
}

void chat_prompt_release(struct chat_prompt *prompt) {
    strbuf_release(&prompt->text);
    array_release(&prompt->pieces);
    if (prompt->raised) mem_wipe_free(prompt->raised, strlen(prompt->raised));
    *prompt = (struct chat_prompt){0};
}

/* --- tokens --- */

enum status chat_tokenize(const struct tokenizer *t, struct token_list *out,
                          const struct chat_prompt *prompt, struct error *err) {
    struct array pieces = {0};
    const struct chat_piece *from = prompt->pieces.data;
    if (!array_reserve(&pieces, prompt->pieces.n, sizeof(struct text_piece)))
        return fail(err, ERR_NOMEM, _("not enough memory for the prompt"));
    struct text_piece *to = pieces.data;
    for (size_t i = 0; i < prompt->pieces.n; i++)
        to[i] = (struct text_piece){.text = prompt->text.data + from[i].start,
                                    .n = from[i].end - from[i].start,
                                    .specials = from[i].is_data ? SPECIALS_NONE : SPECIALS_PARSE};
    const enum status st = tokenizer_encode_pieces(t, out, to, prompt->pieces.n, true, err);
    array_release(&pieces);
    return st;
}
