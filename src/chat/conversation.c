/* SPDX-License-Identifier: MIT
 *
 * A conversation is its messages; what the model has seen of them is found again by comparing
 * tokens, so that nothing here has to know where a turn begins.
 */
#include "chat/conversation.h"

#include <string.h>

#include "base/intl.h"

enum { ANSWER_BYTES_MAX = 1 << 30 };

struct conversation {
    const struct tokenizer *tokenizer;
    struct chat_template *template;
    struct sequence sequence;
    json_t *messages; /* array; a system message is the first */
    json_t *kwargs;   /* NULL: none */
    char *bos_token, *eos_token;
};

static enum status no_memory(struct error *err) {
    return fail(err, ERR_NOMEM, _("not enough memory for the conversation"));
}

static enum status open_template(struct conversation *c, const struct engine *e,
                                 const struct conversation_options *opt, struct error *err) {
    if (opt->template_source)
        return chat_template_open(&c->template, opt->template_source, opt->n_template,
                                  opt->template_name, err);
    const struct bytes own = tokenizer_chat_template(c->tokenizer, opt->template_name);
    const char *path = engine_gguf(e)->path;
    if (own.n)
        return chat_template_open(&c->template, own.data, own.n, _("the file's chat template"),
                                  err);
    if (opt->template_name)
        return fail(err, ERR_NOT_FOUND, _("%s has no chat template named %s"), path,
                    opt->template_name);
    return fail(err, ERR_NOT_FOUND,
                _("%s has no chat template: give one with --chat-template-file"), path);
}

enum status conversation_open(struct conversation **out, const struct engine *e, struct session *s,
                              size_t seq, const struct conversation_options *opt,
                              struct error *err) {
    struct conversation *c = mem_zalloc(sizeof(*c));
    if (!c) return no_memory(err);
    c->tokenizer = engine_tokenizer(e);
    c->sequence = (struct sequence){.session = s, .seq = seq};
    c->messages = json_array();
    enum status st = c->messages ? OK : no_memory(err);
    if (!st && opt->kwargs && !(c->kwargs = json_deep_copy(opt->kwargs))) st = no_memory(err);
    if (!st) st = chat_special_names(c->tokenizer, &c->bos_token, &c->eos_token, err);
    if (!st) st = open_template(c, e, opt, err);
    if (st) {
        conversation_close(c);
        return st;
    }
    *out = c;
    return OK;
}

void conversation_close(struct conversation *c) {
    if (!c) return;
    chat_template_close(c->template);
    sequence_release(&c->sequence);
    json_decref(c->messages);
    json_decref(c->kwargs);
    mem_free(c->bos_token);
    mem_free(c->eos_token);
    mem_free(c);
}

const json_t *conversation_messages(const struct conversation *c) {
    return c->messages;
}

static bool begins_with_system(const json_t *messages) {
    const char *role = json_string_value(json_object_get(json_array_get(messages, 0), "role"));
    return role && strcmp(role, "system") == 0;
}

static size_t n_fixed(const struct conversation *c) {
    return begins_with_system(c->messages) ? 1 : 0;
}

static json_t *make_message(const char *role, const char *text, size_t n) {
    /* json_stringn refuses what is not UTF-8 */
    return json_pack("{s:s, s:o}", "role", role, "content", json_stringn(text, n));
}

enum status conversation_set_system(struct conversation *c, const char *text, size_t n,
                                    struct error *err) {
    json_t *message = n ? make_message("system", text, n) : NULL;
    if (n && !message) return fail(err, ERR_INVALID, _("the system message is not valid UTF-8"));
    if (begins_with_system(c->messages)) json_array_remove(c->messages, 0);
    if (!message) return OK;
    return json_array_insert_new(c->messages, 0, message) ? no_memory(err) : OK;
}

void conversation_clear(struct conversation *c) {
    while (json_array_size(c->messages) > n_fixed(c))
        json_array_remove(c->messages, json_array_size(c->messages) - 1);
}

/* The prompt of some messages. A template that refuses the system message gets it in front of the
 * first user message instead. */
static enum status render(const struct conversation *c, struct chat_prompt *out,
                          const json_t *messages, struct error *err) {
    struct chat_input input = {.messages = messages,
                               .kwargs = c->kwargs,
                               .bos_token = c->bos_token,
                               .eos_token = c->eos_token,
                               .add_generation_prompt = true};
    enum status st = chat_render(c->template, out, &input, err);
    if (!st || !out->raised || !begins_with_system(messages)) return st;
    json_t *folded = chat_fold_system(messages);
    if (!folded) return no_memory(err);
    chat_prompt_release(out);
    input.messages = folded;
    st = chat_render(c->template, out, &input, err);
    json_decref(folded);
    return st;
}

static enum status tokenize(const struct conversation *c, struct token_list *out,
                            const json_t *messages, struct error *err) {
    struct chat_prompt prompt = {0};
    enum status st = render(c, &prompt, messages, err);
    if (!st) st = chat_tokenize(c->tokenizer, out, &prompt, err);
    chat_prompt_release(&prompt);
    return st;
}

/* Leaves the oldest exchange out: messages from the first user message to the next one. False when
 * only the last one is left. */
static bool drop_exchange(json_t *messages, size_t fixed, size_t *n_dropped) {
    size_t next = fixed + 1;
    for (; next < json_array_size(messages); next++) {
        const char *role =
            json_string_value(json_object_get(json_array_get(messages, next), "role"));
        if (role && strcmp(role, "user") == 0) break;
    }
    if (next >= json_array_size(messages)) return false;
    for (size_t i = fixed; i < next; i++) {
        json_array_remove(messages, fixed);
        (*n_dropped)++;
    }
    return true;
}

/* The tokens of the messages; with `shrink`, without the oldest exchanges where they would leave
 * less than a quarter of the context to the answer. */
static enum status make_prompt(const struct conversation *c, struct token_list *out, bool shrink,
                               size_t *n_dropped, struct error *err) {
    const size_t n_ctx = session_n_ctx(c->sequence.session);
    json_t *messages = json_copy(c->messages);
    if (!messages) return no_memory(err);
    enum status st = tokenize(c, out, messages, err);
    while (!st && shrink && out->ids.n > n_ctx - n_ctx / 4 &&
           drop_exchange(messages, n_fixed(c), n_dropped)) {
        token_list_release(out);
        st = tokenize(c, out, messages, err);
    }
    json_decref(messages);
    return st;
}

struct collector { /* the answer's text on its way to the caller */
    struct strbuf text;
    generate_fn *fn;
    void *context;
};

static bool collect(void *context, const struct completion_token *token) {
    struct collector *k = context;
    strbuf_append(&k->text, token->text.data, token->text.n);
    return !k->fn || k->fn(k->context, token);
}

static enum status answer(struct conversation *c, const struct token_list *prompt,
                          const struct generate_options *opt, struct collector *k,
                          struct generated *out, struct error *err) {
    struct generate_options o = *opt;
    o.completion.at_start = true;
    enum status st = generate(&c->sequence, c->tokenizer, prompt->ids.data, prompt->ids.n, &o,
                              collect, k, out, err);
    if (st) return st;
    if (k->text.failed) return no_memory(err);
    json_t *message = make_message("assistant", strbuf_str(&k->text), k->text.n);
    return !message || json_array_append_new(c->messages, message) ? no_memory(err) : OK;
}

enum status conversation_say(struct conversation *c, const char *text, size_t n,
                             const struct generate_options *opt, generate_fn *fn, void *context,
                             struct generated *out, size_t *n_dropped, struct error *err) {
    struct token_list prompt = {0};
    struct collector k = {.fn = fn, .context = context};
    size_t dropped = 0;
    const size_t before = json_array_size(c->messages);
    json_t *message = make_message("user", text, n);
    *out = (struct generated){0};
    if (!message)
        return fail(err, ERR_INVALID,
                    _("the message is not valid UTF-8; convert it first, for example with iconv -f "
                      "WINDOWS-1252 -t UTF-8"));
    if (json_array_append_new(c->messages, message)) return no_memory(err);
    strbuf_init(&k.text, ANSWER_BYTES_MAX);
    enum status st = make_prompt(c, &prompt, opt->shift.allowed, &dropped, err);
    if (!st) st = answer(c, &prompt, opt, &k, out, err);
    if (st)
        while (json_array_size(c->messages) > before)
            json_array_remove(c->messages, json_array_size(c->messages) - 1);
    if (n_dropped) *n_dropped = dropped;
    strbuf_release(&k.text);
    token_list_release(&prompt);
    return st;
}

enum status conversation_render(struct strbuf *out, const struct engine *e, const json_t *messages,
                                const struct conversation_options *opt, struct error *err) {
    struct conversation *c = NULL;
    struct chat_prompt prompt = {0};
    enum status st = conversation_open(&c, e, NULL, 0, opt, err);
    if (!st) st = render(c, &prompt, messages, err);
    if (!st) strbuf_append(out, strbuf_str(&prompt.text), prompt.text.n);
    chat_prompt_release(&prompt);
    conversation_close(c);
    return st;
}
