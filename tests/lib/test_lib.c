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

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_options_are_the_defaults),
        cmocka_unit_test(engines_that_cannot_be_opened),
        cmocka_unit_test(sessions_that_cannot_be_opened),
        cmocka_unit_test(tokens_that_are_refused_change_nothing),
        cmocka_unit_test(logits_come_after_tokens),
        cmocka_unit_test(options_reach_the_engine),
    };
    if (argc != 2) return 2;
    program = argv[0];
    model = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
