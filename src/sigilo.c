/* SPDX-License-Identifier: MIT
 *
 * The public C API over engine and chat: translates options and errors, and nothing else.
 */
#include <jansson.h>
#include <string.h>

#include "../include/sigilo/sigilo.h"
#include "base/mem.h"
#include "chat/conversation.h"
#include "config.h"
#include "engine/generate.h"

struct sigilo_engine {
    struct engine *engine;
};

struct sigilo_session {
    struct sigilo_engine *engine;
    struct session *session;
    struct sequence sequence;
    bool has_logits;
};

struct sigilo_chat {
    struct sigilo_session *session;
    struct conversation *conversation;
};

static enum sigilo_status public_status(enum status st) {
    switch (st) {
    case OK: return SIGILO_OK;
    case ERR_NOMEM:
    case ERR_LIMIT: return SIGILO_NO_MEMORY;
    case ERR_IO:
    case ERR_EXISTS: return SIGILO_IO;
    case ERR_NOT_FOUND: return SIGILO_NOT_FOUND;
    case ERR_INVALID: return SIGILO_INVALID;
    case ERR_UNSUPPORTED: return SIGILO_UNSUPPORTED;
    case ERR_FULL: return SIGILO_FULL;
    }
    return SIGILO_INVALID;
}

static enum sigilo_status report(enum status st, const struct error *err,
                                 struct sigilo_error *error) {
    if (st && error) {
        _Static_assert(sizeof(error->message) >= sizeof(err->message), "messages are copied whole");
        error->status = public_status(st);
        memcpy(error->message, err->message, sizeof(err->message));
    }
    return public_status(st);
}

const char *sigilo_version(void) {
    return SIGILO_VERSION;
}

enum sigilo_status sigilo_engine_open(struct sigilo_engine **out, const char *path,
                                      const struct sigilo_engine_options *options,
                                      struct sigilo_error *error) {
    struct error err;
    struct engine_options opt = {.model_path = path};
    if (options) {
        opt.n_threads = options->n_threads;
        opt.isa = options->isa;
        opt.exact = options->exact != 0;
    }
    struct sigilo_engine *e = mem_zalloc(sizeof(*e));
    enum status st = e ? engine_open(&e->engine, &opt, &err)
                       : fail(&err, ERR_NOMEM, "not enough memory for the engine");
    if (st) mem_free(e);
    if (!st) *out = e;
    return report(st, &err, error);
}

void sigilo_engine_close(struct sigilo_engine *engine) {
    if (!engine) return;
    engine_close(engine->engine);
    mem_free(engine);
}

size_t sigilo_engine_n_vocab(const struct sigilo_engine *engine) {
    return engine_hparams(engine->engine)->n_vocab;
}

const char *sigilo_engine_isa(const struct sigilo_engine *engine) {
    return engine_isa(engine->engine);
}

static enum status cache_type(enum dtype *out, enum sigilo_cache cache, struct error *err) {
    switch (cache) {
    case SIGILO_CACHE_F16: *out = DTYPE_F16; return OK;
    case SIGILO_CACHE_F32: *out = DTYPE_F32; return OK;
    case SIGILO_CACHE_Q8_0: *out = DTYPE_Q8_0; return OK;
    }
    return fail(err, ERR_INVALID, "there is no cache of kind %d", (int)cache);
}

enum sigilo_status sigilo_session_open(struct sigilo_session **out, struct sigilo_engine *engine,
                                       const struct sigilo_session_options *options,
                                       struct sigilo_error *error) {
    struct error err;
    struct session_options opt = {.cache_type = DTYPE_F16};
    enum status st = OK;
    if (options) {
        opt.n_ctx = options->n_ctx;
        opt.n_batch = options->n_batch;
        st = cache_type(&opt.cache_type, options->cache, &err);
    }
    struct sigilo_session *s = mem_zalloc(sizeof(*s));
    if (!s && !st) st = fail(&err, ERR_NOMEM, "not enough memory for a session");
    if (!st) st = session_open(&s->session, engine->engine, &opt, &err);
    if (st) {
        mem_free(s);
        return report(st, &err, error);
    }
    s->engine = engine;
    s->sequence = (struct sequence){.session = s->session};
    *out = s;
    return SIGILO_OK;
}

void sigilo_session_close(struct sigilo_session *session) {
    if (!session) return;
    sequence_release(&session->sequence);
    session_close(session->session);
    mem_free(session);
}

enum sigilo_status sigilo_session_feed(struct sigilo_session *session, const int32_t *tokens,
                                       size_t n, struct sigilo_error *error) {
    struct error err;
    const enum status st = sequence_append(&session->sequence, tokens, n, &err);
    if (!st) session->has_logits = true;
    return report(st, &err, error);
}

size_t sigilo_session_length(const struct sigilo_session *session) {
    return session_length(session->session, 0);
}

void sigilo_session_truncate(struct sigilo_session *session, size_t n) {
    if (n >= sigilo_session_length(session)) return;
    sequence_truncate(&session->sequence, n);
    session->has_logits = false;
}

enum sigilo_status sigilo_session_logits(struct sigilo_session *session, float *out,
                                         struct sigilo_error *error) {
    struct error err;
    if (!session->has_logits)
        return report(fail(&err, ERR_INVALID, "no token was fed, so there are no logits"), &err,
                      error);
    session_logits(session->session, 0, 1, out);
    return SIGILO_OK;
}

/* --- text --- */

static enum sigilo_status no_memory(struct sigilo_error *error) {
    struct error err;
    return report(fail(&err, ERR_NOMEM, "not enough memory for the text"), &err, error);
}

enum sigilo_status sigilo_tokenize(struct sigilo_engine *engine, const char *text, size_t n,
                                   int flags, int32_t *ids, size_t capacity, size_t *n_ids,
                                   struct sigilo_error *error) {
    struct error err;
    struct token_list tokens = {0};
    const enum specials specials = flags & SIGILO_PARSE_SPECIAL ? SPECIALS_PARSE : SPECIALS_TEXT;
    enum status st = engine_open_text(engine->engine, &err);
    if (!st)
        st = tokenizer_encode(engine_tokenizer(engine->engine), &tokens, text, n, specials,
                              flags & SIGILO_ADD_BOS, &err);
    if (!st) {
        const size_t n_copied = tokens.ids.n < capacity ? tokens.ids.n : capacity;
        if (n_copied) memcpy(ids, tokens.ids.data, n_copied * sizeof(*ids));
        *n_ids = tokens.ids.n;
        if (tokens.ids.n > capacity)
            st = fail(&err, ERR_FULL, "the text has %zu tokens, and there is room for %zu",
                      tokens.ids.n, capacity);
    }
    token_list_release(&tokens);
    return report(st, &err, error);
}

static enum status check_ids(const struct tokenizer *t, const int32_t *ids, size_t n,
                             struct error *err) {
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || (size_t)ids[i] >= tokenizer_n_vocab(t))
            return fail(err, ERR_INVALID, "token %d is outside the vocabulary of %zu", (int)ids[i],
                        tokenizer_n_vocab(t));
    return OK;
}

/* Hands a text over; "" where it is empty. */
static enum sigilo_status give_text(struct strbuf *from, char **text, size_t *n_text,
                                    struct sigilo_error *error) {
    size_t n = from->n;
    char *taken = from->failed ? NULL : n ? strbuf_take(from, &n) : mem_strdup("");
    strbuf_release(from);
    if (!taken) return no_memory(error);
    *text = taken;
    if (n_text) *n_text = n;
    return SIGILO_OK;
}

enum sigilo_status sigilo_detokenize(struct sigilo_engine *engine, const int32_t *ids, size_t n,
                                     int special, char **text, size_t *n_text,
                                     struct sigilo_error *error) {
    struct error err;
    struct strbuf out;
    struct detokenizer d;
    enum status st = engine_open_text(engine->engine, &err);
    const struct tokenizer *t = engine_tokenizer(engine->engine);
    if (!st) st = check_ids(t, ids, n, &err);
    if (st) return report(st, &err, error);
    strbuf_init(&out, SIZE_MAX / 2);
    detokenizer_init(&d, t, special != 0, true);
    for (size_t i = 0; i < n; i++)
        detokenizer_feed(&d, ids[i], &out);
    detokenizer_finish(&d, &out);
    return give_text(&out, text, n_text, error);
}

static struct conversation_options template_options(const char *chat_template) {
    return (struct conversation_options){.template_source = chat_template,
                                         .n_template = chat_template ? strlen(chat_template) : 0,
                                         .template_name = chat_template ? "chat_template" : NULL};
}

enum sigilo_status sigilo_render(struct sigilo_engine *engine, const char *messages_json,
                                 const char *chat_template, char **text,
                                 struct sigilo_error *error) {
    struct error err;
    json_error_t json_error;
    struct strbuf out;
    const struct conversation_options opt = template_options(chat_template);
    json_t *messages = json_loads(messages_json, JSON_ALLOW_NUL, &json_error);
    enum status st = messages ? OK
                              : fail(&err, ERR_INVALID, "the messages are not JSON: line %d: %s",
                                     json_error.line, json_error.text);
    strbuf_init(&out, CHAT_OUTPUT_BYTES_MAX);
    if (!st) st = engine_open_text(engine->engine, &err);
    if (!st) st = conversation_render(&out, engine->engine, messages, &opt, &err);
    json_decref(messages);
    if (!st) return give_text(&out, text, NULL, error);
    strbuf_release(&out);
    return report(st, &err, error);
}

void sigilo_free(void *text) {
    mem_free(text);
}

/* --- answers --- */

void sigilo_answer_options_init(struct sigilo_answer_options *options) {
    struct sampling s;
    sampling_init(&s);
    *options = (struct sigilo_answer_options){.seed = s.seed,
                                              .temperature = s.temperature,
                                              .top_k = s.top_k,
                                              .top_p = s.top_p,
                                              .min_p = s.min_p,
                                              .repeat_penalty = s.repeat_penalty,
                                              .repeat_last_n = s.repeat_last_n};
}

struct answer { /* what an answer needs until it is over */
    struct generate_options options;
    struct grammar *grammar;
    struct token_trie *trie;
    sigilo_text_fn *fn;
    void *context;
};

static bool hand_text(void *context, const struct completion_token *token) {
    struct answer *a = context;
    return !a->fn || token->text.n == 0 || a->fn(a->context, token->text.data, token->text.n) == 0;
}

static enum status open_form(struct answer *a, const struct sigilo_answer_options *o,
                             const struct tokenizer *t, struct error *err) {
    enum status st = OK;
    if (o->grammar && o->json_schema)
        return fail(err, ERR_INVALID, "a grammar and a JSON schema exclude each other");
    if (o->grammar) st = grammar_open(&a->grammar, o->grammar, strlen(o->grammar), err);
    if (o->json_schema)
        st = grammar_open_schema(&a->grammar, o->json_schema, strlen(o->json_schema), err);
    if (!st && a->grammar) st = token_trie_open(&a->trie, t, err);
    a->options.completion.grammar = a->grammar;
    a->options.completion.trie = a->trie;
    return st;
}

static enum status answer_open(struct answer *a, const struct sigilo_answer_options *options,
                               const struct tokenizer *t, struct error *err) {
    struct sigilo_answer_options defaults;
    sigilo_answer_options_init(&defaults);
    const struct sigilo_answer_options *o = options ? options : &defaults;
    struct completion_options *c = &a->options.completion;
    completion_options_init(c);
    if (o->n_tokens) c->n_predict = o->n_tokens;
    c->stops = o->stops;
    c->n_stops = o->n_stops;
    c->sampling.seed = o->seed;
    c->sampling.temperature = o->temperature;
    c->sampling.top_k = o->top_k;
    c->sampling.top_p = o->top_p;
    c->sampling.min_p = o->min_p;
    c->sampling.repeat_penalty = o->repeat_penalty;
    c->sampling.repeat_last_n = o->repeat_last_n;
    a->options.shift.allowed = o->context_shift != 0;
    return open_form(a, o, t, err);
}

static void answer_release(struct answer *a) {
    grammar_close(a->grammar);
    token_trie_close(a->trie);
}

static enum sigilo_stop public_stop(enum completion_stop stop) {
    switch (stop) {
    case COMPLETION_WORD: return SIGILO_STOP_WORD;
    case COMPLETION_LIMIT: return SIGILO_STOP_LIMIT;
    case COMPLETION_CONTEXT: return SIGILO_STOP_CONTEXT;
    case COMPLETION_CANCELLED: return SIGILO_STOP_CANCELLED;
    case COMPLETION_GOES_ON:
    case COMPLETION_TIME: /* nothing here asks for it */
    case COMPLETION_END: break;
    }
    return SIGILO_STOP_END;
}

static void tell(struct sigilo_answer *out, const struct generated *g) {
    if (!out) return;
    *out = (struct sigilo_answer){.stop = public_stop(g->stop),
                                  .n_prompt = g->n_prompt,
                                  .n_reused = g->n_reused,
                                  .n_answer = g->n_answer,
                                  .prompt_ms = g->prompt_ms,
                                  .answer_ms = g->answer_ms};
}

enum sigilo_status sigilo_generate(struct sigilo_session *session, const int32_t *ids, size_t n,
                                   const struct sigilo_answer_options *options, sigilo_text_fn *fn,
                                   void *context, struct sigilo_answer *answer,
                                   struct sigilo_error *error) {
    struct error err;
    struct generated g;
    struct answer a = {.fn = fn, .context = context};
    struct engine *e = session->engine->engine;
    enum status st = engine_open_text(e, &err);
    if (!st) st = answer_open(&a, options, engine_tokenizer(e), &err);
    if (!st)
        st = generate(&session->sequence, engine_tokenizer(e), ids, n, &a.options, hand_text, &a,
                      &g, &err);
    answer_release(&a);
    session->has_logits = !st;
    if (!st) tell(answer, &g);
    return report(st, &err, error);
}

/* --- conversations --- */

enum sigilo_status sigilo_chat_open(struct sigilo_chat **out, struct sigilo_session *session,
                                    const char *chat_template, struct sigilo_error *error) {
    struct error err;
    struct engine *e = session->engine->engine;
    const struct conversation_options opt = template_options(chat_template);
    struct sigilo_chat *c = mem_zalloc(sizeof(*c));
    if (!c) return no_memory(error);
    c->session = session;
    sigilo_session_truncate(session, 0);
    enum status st = engine_open_text(e, &err);
    if (!st) st = conversation_open(&c->conversation, e, session->session, 0, &opt, &err);
    if (st)
        mem_free(c);
    else
        *out = c;
    return report(st, &err, error);
}

void sigilo_chat_close(struct sigilo_chat *chat) {
    if (!chat) return;
    conversation_close(chat->conversation);
    session_truncate(chat->session->session, 0, 0);
    mem_free(chat);
}

enum sigilo_status sigilo_chat_system(struct sigilo_chat *chat, const char *text,
                                      struct sigilo_error *error) {
    struct error err;
    const enum status st = conversation_set_system(chat->conversation, text ? text : "",
                                                   text ? strlen(text) : 0, &err);
    return report(st, &err, error);
}

enum sigilo_status sigilo_chat_say(struct sigilo_chat *chat, const char *text,
                                   const struct sigilo_answer_options *options, sigilo_text_fn *fn,
                                   void *context, struct sigilo_answer *answer,
                                   struct sigilo_error *error) {
    struct error err;
    struct generated g;
    struct answer a = {.fn = fn, .context = context};
    enum status st = answer_open(&a, options, engine_tokenizer(chat->session->engine->engine),
                                 &err);
    if (!st)
        st = conversation_say(chat->conversation, text, strlen(text), &a.options, hand_text, &a, &g,
                              NULL, &err);
    answer_release(&a);
    chat->session->has_logits = false;
    if (!st) tell(answer, &g);
    return report(st, &err, error);
}
