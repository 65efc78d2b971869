/* SPDX-License-Identifier: MIT
 *
 * Prompts and answers in a sequence: what is computed again, what is not, and that nobody can tell.
 * A tiny model with a vocabulary of the project's own; what it writes means nothing.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "convert/synth.h"
#include "engine/generate.h"
#include "vocab_make.h"

enum { N_CTX = 96, N_BATCH = 16, N_PROMPT = 40, N_ANSWER = 12 };

static char path[] = "/tmp/sigilo-generate-XXXXXX";
static struct engine *engine;
static struct session *session;

static int open_model(void **state) {
    struct vocab v;
    struct error err = {0};
    struct synth_options opt = {
        .shape = synth_shape_find("tiny-llama3"), .seed = 5, .replace = true};
    const struct session_options room = {
        .n_ctx = N_CTX, .n_batch = N_BATCH, .cache_type = DTYPE_F16};
    (void)state;
    const int fd = mkstemp(path);
    if (fd < 0 || !vocab_open_bpe(&v)) return -1;
    close(fd);
    opt.vocab = v.gguf;
    mix_from_name(&opt.mix, "Q8_0");
    const struct engine_options options = {.model_path = path, .n_threads = 1, .wants_text = true};
    enum status st = synth(path, &opt, &err);
    vocab_close(&v);
    if (!st) st = engine_open(&engine, &options, &err);
    if (!st) st = session_open(&session, engine, &room, &err);
    if (st) print_error("%s\n", err.message);
    return st;
}

static int close_model(void **state) {
    (void)state;
    session_close(session);
    engine_close(engine);
    return unlink(path);
}

struct answer {
    int32_t ids[N_CTX];
    size_t n, stop_after; /* 0: never */
    struct strbuf text;
    struct generated g;
};

static bool take(void *context, const struct completion_token *token) {
    struct answer *a = context;
    if (token->id >= 0 && token->stop != COMPLETION_END && a->n < N_CTX) a->ids[a->n++] = token->id;
    strbuf_append(&a->text, token->text.data, token->text.n);
    return a->stop_after == 0 || a->n < a->stop_after;
}

static struct generate_options options(size_t n_predict) {
    struct generate_options o = {0};
    completion_options_init(&o.completion);
    o.completion.sampling.temperature = 1.5f;
    o.completion.sampling.seed = 3;
    o.completion.ignore_eos = true;
    o.completion.n_predict = n_predict;
    return o;
}

static enum status ask(struct sequence *s, const int32_t *ids, size_t n,
                       const struct generate_options *o, struct answer *a, struct error *err) {
    strbuf_init(&a->text, 100000);
    return generate(s, engine_tokenizer(engine), ids, n, o, take, a, &a->g, err);
}

static void must(enum status st, const struct error *err) {
    if (st) fail_msg("%s", err->message);
}

static void make_prompt(int32_t *ids, size_t n, int32_t from) {
    for (size_t i = 0; i < n; i++)
        ids[i] = 'a' + (from + (int32_t)i * 7) % 26;
}

static void expect_same(const struct answer *a, const struct answer *b) {
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->ids, b->ids, a->n * sizeof(int32_t));
    assert_string_equal(strbuf_str(&a->text), strbuf_str(&b->text));
}

static void a_prefix_is_reused_and_nobody_can_tell(void **state) {
    (void)state;
    int32_t prompt[N_PROMPT + N_ANSWER + 4];
    struct sequence s = {.session = session};
    struct answer first = {0}, second = {0}, fresh = {0}, again = {0};
    struct error err;
    const struct generate_options o = options(N_ANSWER);
    make_prompt(prompt, N_PROMPT, 1);
    must(ask(&s, prompt, N_PROMPT, &o, &first, &err), &err);
    assert_int_equal(first.g.n_reused, 0);
    assert_int_equal(first.g.n_answer, N_ANSWER);
    assert_int_equal(first.g.stop, COMPLETION_LIMIT);
    memcpy(prompt + N_PROMPT, first.ids, first.n * sizeof(int32_t));
    make_prompt(prompt + N_PROMPT + N_ANSWER, 4, 9);
    must(ask(&s, prompt, N_PROMPT + N_ANSWER + 4, &o, &second, &err), &err);
    assert_int_equal(second.g.n_reused, N_PROMPT + N_ANSWER - 1); /* the last one was never fed */
    sequence_truncate(&s, 0);
    must(ask(&s, prompt, N_PROMPT + N_ANSWER + 4, &o, &fresh, &err), &err);
    assert_int_equal(fresh.g.n_reused, 0);
    expect_same(&second, &fresh);
    must(ask(&s, prompt, N_PROMPT, &o, &again, &err), &err); /* wholly known but for its last */
    assert_int_equal(again.g.n_reused, N_PROMPT - 1);
    expect_same(&first, &again);
    strbuf_release(&first.text);
    strbuf_release(&second.text);
    strbuf_release(&fresh.text);
    strbuf_release(&again.text);
    sequence_truncate(&s, 0);
    sequence_release(&s);
}

static void a_prompt_that_does_not_fit_changes_nothing(void **state) {
    (void)state;
    int32_t prompt[N_CTX + 1];
    struct sequence s = {.session = session};
    struct answer a = {0}, b = {0};
    struct error err;
    const struct generate_options o = options(4);
    make_prompt(prompt, N_CTX + 1, 2);
    must(ask(&s, prompt, 10, &o, &a, &err), &err);
    const size_t held = s.ids.n;
    assert_int_equal(ask(&s, prompt, N_CTX + 1, &o, &b, &err), ERR_FULL);
    assert_non_null(strstr(err.message, "97"));
    assert_non_null(strstr(err.message, "96"));
    assert_int_equal(s.ids.n, held);
    assert_int_equal(session_length(session, 0), held);
    assert_int_equal(ask(&s, prompt, 0, &o, &b, &err), ERR_INVALID);
    strbuf_release(&a.text);
    strbuf_release(&b.text);
    sequence_truncate(&s, 0);
    sequence_release(&s);
}

static void a_full_context_ends_the_answer_or_is_shifted(void **state) {
    (void)state;
    int32_t prompt[N_CTX];
    struct sequence s = {.session = session};
    struct answer full = {0}, shifted = {0}, none = {0};
    struct error err;
    struct generate_options o = options(60);
    make_prompt(prompt, N_CTX, 3);
    must(ask(&s, prompt, N_CTX - 20, &o, &full, &err), &err);
    assert_int_equal(full.g.stop, COMPLETION_CONTEXT);
    assert_int_equal(full.g.n_answer, 21);
    sequence_truncate(&s, 0);
    o.shift = (struct context_shift){.allowed = true, .n_keep = 8, .n_discard = 30};
    must(ask(&s, prompt, N_CTX - 20, &o, &shifted, &err), &err);
    assert_int_equal(shifted.g.stop, COMPLETION_LIMIT);
    assert_int_equal(shifted.g.n_answer, 60);
    assert_int_equal(shifted.g.n_shifts, 2);
    assert_memory_equal(shifted.ids, full.ids, full.n * sizeof(int32_t));
    assert_memory_equal(s.ids.data, prompt, 8 * sizeof(int32_t));
    /* what stayed is what a fresh sequence would hold: the first 8, and all but 60 of the rest */
    const int32_t *held = s.ids.data;
    assert_memory_equal(held + 8, prompt + 68, (N_CTX - 20 - 68) * sizeof(int32_t));
    o.shift = (struct context_shift){.allowed = true, .n_keep = N_CTX};
    assert_int_equal(ask(&s, prompt, N_CTX - 2, &o, &none, &err), ERR_FULL);
    strbuf_release(&none.text);
    strbuf_release(&full.text);
    strbuf_release(&shifted.text);
    sequence_truncate(&s, 0);
    sequence_release(&s);
}

static void an_answer_may_be_cancelled(void **state) {
    (void)state;
    int32_t prompt[N_PROMPT];
    struct sequence s = {.session = session};
    struct answer whole = {0}, cut = {.stop_after = 3}, none = {0};
    struct error err;
    atomic_bool cancel = true;
    struct generate_options o = options(N_ANSWER);
    make_prompt(prompt, N_PROMPT, 4);
    must(ask(&s, prompt, N_PROMPT, &o, &whole, &err), &err);
    must(ask(&s, prompt, N_PROMPT, &o, &cut, &err), &err);
    assert_int_equal(cut.g.stop, COMPLETION_CANCELLED);
    assert_int_equal(cut.n, 3);
    assert_memory_equal(cut.ids, whole.ids, 3 * sizeof(int32_t));
    sequence_truncate(&s, 0);
    o.cancel = &cancel;
    must(ask(&s, prompt, N_PROMPT, &o, &none, &err), &err);
    assert_int_equal(none.g.stop, COMPLETION_CANCELLED);
    assert_int_equal(none.n, 0);
    assert_int_equal(s.ids.n, session_length(session, 0));
    strbuf_release(&whole.text);
    strbuf_release(&cut.text);
    strbuf_release(&none.text);
    sequence_truncate(&s, 0);
    sequence_release(&s);
}

static void memory_may_be_short(void **state) {
    (void)state;
    int32_t prompt[8];
    struct error err;
    const struct generate_options o = options(3);
    enum status st = ERR_NOMEM;
    make_prompt(prompt, 8, 5);
    for (unsigned long nth = 1; st == ERR_NOMEM; nth++) {
        struct sequence s = {.session = session};
        struct generated g;
        mem_fail_after(nth);
        st = generate(&s, engine_tokenizer(engine), prompt, 8, &o, NULL, NULL, &g, &err);
        mem_fail_after(0);
        assert_int_equal(s.ids.n, session_length(session, 0));
        sequence_truncate(&s, 0);
        sequence_release(&s);
    }
    assert_int_equal(st, OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prefix_is_reused_and_nobody_can_tell),
        cmocka_unit_test(a_prompt_that_does_not_fit_changes_nothing),
        cmocka_unit_test(a_full_context_ends_the_answer_or_is_shifted),
        cmocka_unit_test(an_answer_may_be_cancelled),
        cmocka_unit_test(memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
