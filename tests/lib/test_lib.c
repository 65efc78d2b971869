/* SPDX-License-Identifier: MIT
 *
 * libsigilo from outside: only what sigilo.h declares, linked with the shared library. What it
 * refuses, in which words, and that nothing was changed by what it refused.
 *
 *   test_lib MODEL.gguf      a small one
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sigilo/sigilo.h>

enum { N_CTX = 8 };

static const char *model, *program; /* the second is a file too, and no model */

static struct sigilo_engine *engine_of(const struct sigilo_engine_options *options) {
    struct sigilo_engine *e = NULL;
    struct sigilo_error error = {SIGILO_OK, ""};
    if (sigilo_engine_open(&e, model, options, &error)) fail_msg("%s", error.message);
    return e;
}

static struct sigilo_session *session_of(struct sigilo_engine *e) {
    const struct sigilo_session_options options = {.n_ctx = N_CTX};
    struct sigilo_session *s = NULL;
    struct sigilo_error error = {SIGILO_OK, ""};
    if (sigilo_session_open(&s, e, &options, &error)) fail_msg("%s", error.message);
    return s;
}

/* The status came back both ways, with a sentence that has the word. */
static void expect(enum sigilo_status got, enum sigilo_status want,
                   const struct sigilo_error *error, const char *word) {
    assert_int_equal(got, want);
    assert_int_equal(error->status, want);
    if (!strstr(error->message, word)) fail_msg("no \"%s\" in: %s", word, error->message);
}

static void null_options_are_the_defaults(void **state) {
    (void)state;
    struct sigilo_engine *e = engine_of(NULL);
    struct sigilo_session *s = NULL;
    const int32_t token = 1;
    assert_true(sigilo_engine_n_vocab(e) > 1);
    assert_true(strlen(sigilo_engine_isa(e)) > 0);
    assert_int_equal(sigilo_session_open(&s, e, NULL, NULL), SIGILO_OK);
    assert_int_equal(sigilo_session_feed(s, &token, 1, NULL), SIGILO_OK);
    assert_int_equal(sigilo_session_length(s), 1);
    sigilo_session_close(s);
    sigilo_engine_close(e);
    sigilo_session_close(NULL);
    sigilo_engine_close(NULL);
    assert_non_null(strchr(sigilo_version(), '.'));
}

static void engines_that_cannot_be_opened(void **state) {
    (void)state;
    struct sigilo_engine *e = NULL;
    struct sigilo_error error;
    const struct sigilo_engine_options options = {.isa = "z80"};
    expect(sigilo_engine_open(&e, "/nonexistent/m.gguf", NULL, &error), SIGILO_NOT_FOUND, &error,
           "/nonexistent/m.gguf");
    expect(sigilo_engine_open(&e, program, NULL, &error), SIGILO_INVALID, &error, program);
    expect(sigilo_engine_open(&e, model, &options, &error), SIGILO_INVALID, &error, "z80");
    assert_int_equal(sigilo_engine_open(&e, model, &options, NULL), SIGILO_INVALID);
    assert_null(e);
}

static void sessions_that_cannot_be_opened(void **state) {
    (void)state;
    struct sigilo_engine *e = engine_of(NULL);
    struct sigilo_session *s = NULL;
    struct sigilo_error error;
    struct sigilo_session_options options = {.cache = (enum sigilo_cache)3};
    expect(sigilo_session_open(&s, e, &options, &error), SIGILO_INVALID, &error, "3");
    options = (struct sigilo_session_options){.n_ctx = SIZE_MAX / 2};
    expect(sigilo_session_open(&s, e, &options, &error), SIGILO_NO_MEMORY, &error, "too large");
    assert_null(s);
    sigilo_engine_close(e);
}

static void tokens_that_are_refused_change_nothing(void **state) {
    (void)state;
    struct sigilo_engine *e = engine_of(NULL);
    struct sigilo_session *s = session_of(e);
    struct sigilo_error error;
    const int32_t beyond[] = {1, (int32_t)sigilo_engine_n_vocab(e)}, below = -1;
    const int32_t many[N_CTX + 1] = {0};
    expect(sigilo_session_feed(s, beyond, 2, &error), SIGILO_INVALID, &error, "token");
    expect(sigilo_session_feed(s, &below, 1, &error), SIGILO_INVALID, &error, "token");
    expect(sigilo_session_feed(s, many, 0, &error), SIGILO_INVALID, &error, "");
    expect(sigilo_session_feed(s, many, N_CTX + 1, &error), SIGILO_FULL, &error, "8");
    assert_int_equal(sigilo_session_length(s), 0);
    assert_int_equal(sigilo_session_feed(s, many, N_CTX, &error), SIGILO_OK);
    expect(sigilo_session_feed(s, many, 1, &error), SIGILO_FULL, &error, "8");
    assert_int_equal(sigilo_session_length(s), N_CTX);
    sigilo_session_close(s);
    sigilo_engine_close(e);
}

static void logits_come_after_tokens(void **state) {
    (void)state;
    struct sigilo_engine *e = engine_of(NULL);
    struct sigilo_session *s = session_of(e);
    const size_t n = sigilo_engine_n_vocab(e);
    float *once = calloc(n, sizeof(*once)), *again = calloc(n, sizeof(*again));
    struct sigilo_error error;
    const int32_t tokens[] = {1, 2, 3};
    assert_non_null(once);
    assert_non_null(again);
    expect(sigilo_session_logits(s, once, &error), SIGILO_INVALID, &error, "no token");
    assert_int_equal(sigilo_session_feed(s, tokens, 3, &error), SIGILO_OK);
    assert_int_equal(sigilo_session_logits(s, once, &error), SIGILO_OK);
    for (size_t i = 0; i < n; i++)
        assert_true(isfinite(once[i]));
    sigilo_session_truncate(s, 4); /* beyond the length: nothing happens */
    assert_int_equal(sigilo_session_logits(s, again, &error), SIGILO_OK);
    assert_memory_equal(once, again, n * sizeof(*once));
    sigilo_session_truncate(s, 2);
    expect(sigilo_session_logits(s, again, &error), SIGILO_INVALID, &error, "no token");
    assert_int_equal(sigilo_session_feed(s, tokens + 2, 1, &error), SIGILO_OK);
    assert_int_equal(sigilo_session_logits(s, again, &error), SIGILO_OK);
    assert_memory_equal(once, again, n * sizeof(*once));
    free(once);
    free(again);
    sigilo_session_close(s);
    sigilo_engine_close(e);
}

static void options_reach_the_engine(void **state) {
    (void)state;
    const struct sigilo_engine_options options = {.n_threads = 1, .isa = "ref", .exact = 1};
    static const enum sigilo_cache caches[] = {SIGILO_CACHE_F16, SIGILO_CACHE_F32,
                                               SIGILO_CACHE_Q8_0};
    struct sigilo_engine *e = engine_of(&options);
    assert_string_equal(sigilo_engine_isa(e), "ref");
    for (size_t i = 0; i < sizeof(caches) / sizeof(caches[0]); i++) {
        const struct sigilo_session_options session = {
            .n_ctx = N_CTX, .n_batch = 2, .cache = caches[i]};
        const int32_t tokens[5] = {0};
        struct sigilo_session *s = NULL;
        assert_int_equal(sigilo_session_open(&s, e, &session, NULL), SIGILO_OK);
        assert_int_equal(sigilo_session_feed(s, tokens, 5, NULL), SIGILO_OK);
        sigilo_session_close(s);
    }
    sigilo_engine_close(e);
}

/* --- text --- */

static void text_becomes_tokens_and_text_again(void **state) {
    (void)state;
    static const char text[] = "Paciente de 67 a\xc3\xb1os <|eot_id|>";
    struct sigilo_engine *e = engine_of(NULL);
    struct sigilo_error error;
    int32_t ids[64], plain[64];
    size_t n = 0, n_plain = 0, n_text = 0;
    char *back = NULL;
    const int all = SIGILO_ADD_BOS | SIGILO_PARSE_SPECIAL;
    assert_int_equal(sigilo_tokenize(e, text, strlen(text), all, ids, 64, &n, &error), SIGILO_OK);
    assert_int_equal(sigilo_tokenize(e, text, strlen(text), 0, plain, 64, &n_plain, &error),
                     SIGILO_OK);
    assert_true(n_plain > n); /* the special token's name is many tokens of text */
    assert_int_equal(sigilo_detokenize(e, plain, n_plain, 0, &back, &n_text, &error), SIGILO_OK);
    assert_string_equal(back, text);
    assert_int_equal(n_text, strlen(text));
    sigilo_free(back);
    assert_int_equal(sigilo_detokenize(e, ids, n, 0, &back, NULL, &error), SIGILO_OK);
    assert_string_equal(back, "Paciente de 67 a\xc3\xb1os ");
    sigilo_free(back);
    expect(sigilo_tokenize(e, text, strlen(text), all, ids, 3, &n, &error), SIGILO_FULL, &error,
           "3");
    assert_true(n > 3);
    ids[1] = (int32_t)sigilo_engine_n_vocab(e);
    expect(sigilo_detokenize(e, ids, 2, 0, &back, NULL, &error), SIGILO_INVALID, &error,
           "vocabulary");
    sigilo_free(NULL);
    sigilo_engine_close(e);
}

static void messages_become_a_prompt(void **state) {
    (void)state;
    struct sigilo_engine *e = engine_of(NULL);
    struct sigilo_error error;
    char *text = NULL;
    const char *messages = "[{\"role\":\"user\",\"content\":\"Hola\"}]";
    assert_int_equal(sigilo_render(e, messages, NULL, &text, &error), SIGILO_OK);
    assert_string_equal(text, "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHola"
                              "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n");
    sigilo_free(text);
    assert_int_equal(sigilo_render(e, messages, "{{ messages|length }}", &text, &error), SIGILO_OK);
    assert_string_equal(text, "1");
    sigilo_free(text);
    expect(sigilo_render(e, "[", NULL, &text, &error), SIGILO_INVALID, &error, "JSON");
    expect(sigilo_render(e, messages, "{% if %}", &text, &error), SIGILO_INVALID, &error, "line 1");
    expect(sigilo_render(e, messages, "{{ raise_exception('no') }}", &text, &error), SIGILO_INVALID,
           &error, "no");
    sigilo_engine_close(e);
}

struct heard {
    char text[4096];
    size_t n, limit;
};

static int hear(void *context, const char *text, size_t n) {
    struct heard *h = context;
    if (n > sizeof(h->text) - h->n) n = sizeof(h->text) - h->n;
    memcpy(h->text + h->n, text, n);
    h->n += n;
    return h->limit && h->n >= h->limit;
}

static struct sigilo_session *roomy_session(struct sigilo_engine *e) {
    const struct sigilo_session_options options = {.n_ctx = 512};
    struct sigilo_session *s = NULL;
    assert_int_equal(sigilo_session_open(&s, e, &options, NULL), SIGILO_OK);
    return s;
}

static struct sigilo_answer_options steady(void) {
    struct sigilo_answer_options o;
    sigilo_answer_options_init(&o);
    o.seed = 4;
    o.n_tokens = 12;
    return o;
}

static void answers_come_as_asked(void **state) {
    (void)state;
    struct sigilo_engine *e = engine_of(NULL);
    struct sigilo_session *s = roomy_session(e);
    struct sigilo_answer_options o = steady();
    struct sigilo_answer answer;
    struct sigilo_error error;
    struct heard first = {.n = 0}, again = {.n = 0}, formed = {.n = 0}, cut = {.limit = 1};
    const int32_t prompt[] = {72, 111, 108, 97};
    assert_int_equal(sigilo_generate(s, prompt, 4, &o, hear, &first, &answer, &error), SIGILO_OK);
    assert_true(answer.stop == SIGILO_STOP_LIMIT || answer.stop == SIGILO_STOP_END);
    assert_int_equal(answer.n_prompt, 4);
    assert_int_equal(sigilo_generate(s, prompt, 4, &o, hear, &again, &answer, &error), SIGILO_OK);
    assert_int_equal(answer.n_reused, 3);
    assert_int_equal(first.n, again.n);
    assert_memory_equal(first.text, again.text, first.n);
    o.grammar = "root ::= \"si\" | \"no\"";
    assert_int_equal(sigilo_generate(s, prompt, 4, &o, hear, &formed, &answer, &error), SIGILO_OK);
    assert_int_equal(formed.n, 2);
    assert_int_equal(answer.stop, SIGILO_STOP_END);
    o.json_schema = "{}";
    expect(sigilo_generate(s, prompt, 4, &o, NULL, NULL, NULL, &error), SIGILO_INVALID, &error,
           "exclude");
    o.json_schema = NULL;
    o.grammar = "root ::= (";
    expect(sigilo_generate(s, prompt, 4, &o, NULL, NULL, NULL, &error), SIGILO_INVALID, &error,
           "line 1");
    o.grammar = NULL;
    assert_int_equal(sigilo_generate(s, prompt, 4, &o, hear, &cut, &answer, &error), SIGILO_OK);
    assert_int_equal(answer.stop, SIGILO_STOP_CANCELLED);
    o.top_p = 9;
    expect(sigilo_generate(s, prompt, 4, &o, NULL, NULL, NULL, &error), SIGILO_INVALID, &error,
           "top_p");
    sigilo_session_close(s);
    sigilo_engine_close(e);
}

static void a_chat_remembers(void **state) {
    (void)state;
    struct sigilo_engine *e = engine_of(NULL);
    struct sigilo_session *s = roomy_session(e);
    struct sigilo_chat *chat = NULL;
    const struct sigilo_answer_options o = steady();
    struct sigilo_answer first, second;
    struct sigilo_error error;
    struct heard heard = {.n = 0};
    assert_int_equal(sigilo_chat_open(&chat, s, NULL, &error), SIGILO_OK);
    assert_int_equal(sigilo_chat_system(chat, "Responde en breve.", &error), SIGILO_OK);
    assert_int_equal(sigilo_chat_say(chat, "Hola", &o, hear, &heard, &first, &error), SIGILO_OK);
    assert_int_equal(sigilo_chat_say(chat, "Chau", &o, hear, &heard, &second, &error), SIGILO_OK);
    assert_true(second.n_prompt > first.n_prompt && second.n_reused >= first.n_prompt);
    expect(sigilo_chat_say(chat, "\xff", &o, NULL, NULL, NULL, &error), SIGILO_INVALID, &error,
           "UTF-8");
    sigilo_chat_close(chat);
    assert_int_equal(sigilo_session_length(s), 0);
    expect(sigilo_chat_open(&chat, s, "{% for %}", &error), SIGILO_INVALID, &error, "line 1");
    sigilo_chat_close(NULL);
    sigilo_session_close(s);
    sigilo_engine_close(e);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_options_are_the_defaults),
        cmocka_unit_test(engines_that_cannot_be_opened),
        cmocka_unit_test(sessions_that_cannot_be_opened),
        cmocka_unit_test(tokens_that_are_refused_change_nothing),
        cmocka_unit_test(logits_come_after_tokens),
        cmocka_unit_test(options_reach_the_engine),
        cmocka_unit_test(text_becomes_tokens_and_text_again),
        cmocka_unit_test(messages_become_a_prompt),
        cmocka_unit_test(answers_come_as_asked),
        cmocka_unit_test(a_chat_remembers),
    };
    if (argc != 2) return 2;
    program = argv[0];
    model = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
