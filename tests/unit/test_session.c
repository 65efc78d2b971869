/* SPDX-License-Identifier: MIT
 *
 * engine: one answer, whatever the company. Over every tiny shape of `sigilo synth`, the logits of
 * a sequence computed token by token are compared, to the bit, with those computed in one piece, in
 * odd pieces, among other sequences, on more threads, after a rollback, and from a shared prefix.
 * Then what happens when there is no room, no memory, or no sense in what is asked. Under an
 * emulator (MESON_EXE_WRAPPER, which Meson sets), or with SIGILO_TEST_QUICK, two shapes, and less
 * of each.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/threads.h"
#include "convert/synth.h"
#include "engine/engine.h"

enum { N_TOKENS = 150, N_CTX = 160, N_SEQ = 3, N_BATCH = 64 };

static const struct {
    const char *shape, *mix;
    enum dtype cache;
} subjects[] = {
    /* the first N_QUICK are the quick ones */
    {"tiny-llama", "Q4_K_M", DTYPE_F16},    {"tiny-gemma2", "BF16", DTYPE_Q8_0},
    {"tiny-llama3", "Q8_0", DTYPE_F32},     {"tiny-nemo", "Q5_K_M", DTYPE_F16},
    {"tiny-qwen2", "Q4_0", DTYPE_Q8_0},     {"tiny-phi3", "Q6_K", DTYPE_F16},
    {"tiny-phi3-window", "F16", DTYPE_F16}, {"tiny-llama", "F32", DTYPE_F32},
};
enum { N_SUBJECTS = sizeof(subjects) / sizeof(subjects[0]), N_QUICK = 2 };

static bool quick;
static size_t n_tokens = N_TOKENS; /* of each sequence; more than a block of the cache (64) */

/* How many of n variations to try; the first ones of each list say most. */
static size_t at_most(size_t n, size_t n_quick) {
    return quick ? n_quick : n;
}

static char directory[] = "/tmp/sigilo-session-XXXXXX";

static const char *model_path(size_t subject) {
    static char path[128];
    snprintf(path, sizeof(path), "%s/%zu.gguf", directory, subject);
    return path;
}

static int write_models(void **state) {
    struct error err;
    (void)state;
    if (!mkdtemp(directory)) return -1;
    for (size_t i = 0; i < N_SUBJECTS; i++) {
        struct synth_options opt = {.shape = synth_shape_find(subjects[i].shape), .seed = 7 + i};
        if (!opt.shape || !mix_from_name(&opt.mix, subjects[i].mix)) return -1;
        if (synth(model_path(i), &opt, &err)) {
            print_error("%s\n", err.message);
            return -1;
        }
    }
    return 0;
}

static int remove_models(void **state) {
    (void)state;
    for (size_t i = 0; i < N_SUBJECTS; i++)
        unlink(model_path(i));
    return rmdir(directory);
}

/* --- a subject under test -----------------------------------------------------------------------
 */

struct subject {
    struct engine *engine;
    struct session *session;
    size_t n_vocab;
    int32_t tokens[N_SEQ][N_TOKENS];
    float *alone[N_SEQ]; /* [n_tokens][n_vocab]: computed token by token, by itself */
};

static struct session *session_of(struct engine *e, size_t subject) {
    struct session *s;
    struct error err;
    const struct session_options opt = {.n_ctx = N_CTX,
                                        .n_batch = N_BATCH,
                                        .n_seq_max = N_SEQ,
                                        .cache_type = subjects[subject].cache};
    if (session_open(&s, e, &opt, &err)) fail_msg("%s", err.message);
    return s;
}

static struct engine *engine_of(size_t subject, size_t n_threads) {
    struct engine *e;
    struct error err;
    const struct engine_options opt = {.model_path = model_path(subject), .n_threads = n_threads};
    if (engine_open(&e, &opt, &err)) fail_msg("%s", err.message);
    return e;
}

static void run(struct session *s, const struct batch *batch) {
    struct error err;
    if (session_run(s, batch, &err)) fail_msg("%s", err.message);
}

static void open_subject(struct subject *t, size_t subject) {
    t->engine = engine_of(subject, 1);
    t->session = session_of(t->engine, subject);
    t->n_vocab = engine_hparams(t->engine)->n_vocab;
    srand(11);
    for (size_t q = 0; q < N_SEQ; q++) {
        t->alone[q] = mem_alloc(n_tokens * t->n_vocab * sizeof(float));
        for (size_t j = 0; j < n_tokens; j++) /* sequences 0 and 1 begin alike */
            t->tokens[q][j] = q == 1 && j < 100 ? t->tokens[0][j] : rand() % (int)t->n_vocab;
        for (size_t j = 0; j < n_tokens; j++) {
            const struct batch one = {.n = 1, .tokens = &t->tokens[q][j]};
            run(t->session, &one);
            session_logits(t->session, 0, 1, t->alone[q] + j * t->n_vocab);
        }
        session_truncate(t->session, 0, 0);
    }
}

static void close_subject(struct subject *t) {
    session_close(t->session);
    engine_close(t->engine);
    for (size_t q = 0; q < N_SEQ; q++)
        mem_free(t->alone[q]);
}

/* The logits at position `at` of sequence q are those it has alone. */
static void expect_row(const struct subject *t, size_t q, size_t at, const float *row,
                       const char *how) {
    if (memcmp(row, t->alone[q] + at * t->n_vocab, t->n_vocab * sizeof(float)) != 0)
        fail_msg("%s: other bits at position %zu of sequence %zu", how, at, q);
}

/* Feeds tokens [from, to) of sequence q into slot `slot` in pieces, comparing every position. */
static void feed_and_compare(struct subject *t, struct session *s, uint32_t slot, size_t q,
                             size_t from, size_t to, size_t piece, const char *how) {
    float *rows = mem_alloc(N_BATCH * t->n_vocab * sizeof(float));
    uint32_t seqs[N_BATCH];
    bool wants[N_BATCH];
    for (size_t j = from; j < to;) {
        const size_t n = to - j < piece ? to - j : piece;
        for (size_t i = 0; i < n; i++) {
            seqs[i] = slot;
            wants[i] = true;
        }
        const struct batch batch = {n, t->tokens[q] + j, seqs, wants};
        run(s, &batch);
        assert_int_equal(session_n_outputs(s), n);
        session_logits(s, 0, n, rows);
        for (size_t i = 0; i < n; i++)
            expect_row(t, q, j + i, rows + i * t->n_vocab, how);
        j += n;
    }
    mem_free(rows);
}

static void pieces_give_the_same_bits(struct subject *t) {
    static const size_t pieces[] = {7, N_BATCH, 2, 3, 5, 16, 33};
    for (size_t p = 0; p < at_most(sizeof(pieces) / sizeof(pieces[0]), 2); p++) {
        session_truncate(t->session, 0, 0);
        feed_and_compare(t, t->session, 0, 0, 0, n_tokens, pieces[p], "in pieces");
    }
    session_truncate(t->session, 0, 0);
}

static void threads_give_the_same_bits(struct subject *t, size_t subject) {
    struct engine *e = engine_of(subject, pool_max_size());
    struct session *s = session_of(e, subject);
    feed_and_compare(t, s, 0, 0, 0, n_tokens, 50, "with all threads");
    feed_and_compare(t, s, 1, 2, 0, 20, 1, "with all threads, alone");
    session_close(s);
    engine_close(e);
}

/* All sequences in one batch, in turns of a few tokens each. */
static void company_gives_the_same_bits(struct subject *t) {
    float *rows = mem_alloc(N_BATCH * t->n_vocab * sizeof(float));
    size_t at[N_SEQ] = {0}, fed = 0;
    while (fed < N_SEQ * n_tokens) {
        int32_t tokens[N_BATCH];
        uint32_t seqs[N_BATCH];
        bool wants[N_BATCH];
        size_t positions[N_BATCH], n = 0;
        for (size_t turn = 0; turn < 9; turn++) {
            const size_t q = (fed + turn) % N_SEQ;
            for (size_t i = 0; i < 1 + turn % 7 && at[q] < n_tokens && n < N_BATCH; i++, n++) {
                tokens[n] = t->tokens[q][at[q]];
                seqs[n] = (uint32_t)q;
                wants[n] = n % 3 != 1;
                positions[n] = at[q]++;
            }
        }
        fed += n;
        const struct batch batch = {n, tokens, seqs, wants};
        if (n == 0) continue;
        run(t->session, &batch);
        for (size_t i = 0, out = 0; i < n; i++) {
            if (!wants[i]) continue;
            session_logits(t->session, out++, 1, rows);
            expect_row(t, seqs[i], positions[i], rows, "in company");
        }
    }
    mem_free(rows);
    for (size_t q = 0; q < N_SEQ; q++) {
        assert_int_equal(session_length(t->session, q), n_tokens);
        session_truncate(t->session, q, 0);
    }
}

static void rollback_gives_the_same_bits(struct subject *t) {
    static const size_t keeps[] = {64, 1, 63, 65, 100, 0};
    struct error err;
    feed_and_compare(t, t->session, 0, 0, 0, n_tokens - 30, 40, "before rolling back");
    for (size_t i = 0; i < at_most(sizeof(keeps) / sizeof(keeps[0]), 2); i++) {
        const size_t keep = keeps[i];
        session_truncate(t->session, 0, keep);
        assert_int_equal(session_length(t->session, 0), keep);
        /* another continuation in between leaves no trace */
        assert_int_equal(session_feed(t->session, 0, t->tokens[2], 30, &err), OK);
        session_truncate(t->session, 0, keep);
        feed_and_compare(t, t->session, 0, 0, keep, n_tokens - 30, 17, "after rolling back");
    }
    session_truncate(t->session, 0, 0);
}

static void shared_prefix_gives_the_same_bits(struct subject *t) {
    static const size_t prefixes[] = {37, 64, 100};
    struct error err;
    for (size_t i = 0; i < at_most(sizeof(prefixes) / sizeof(prefixes[0]), 1); i++) {
        const size_t n = prefixes[i];
        feed_and_compare(t, t->session, 0, 0, 0, n, 50, "the prefix");
        assert_int_equal(session_share(t->session, 1, 0, n, &err), OK);
        assert_int_equal(session_share(t->session, 2, 1, n / 2, &err), OK);
        /* all three go on by themselves, in turn */
        feed_and_compare(t, t->session, 1, 1, n, n + 10, 3, "from a shared prefix");
        feed_and_compare(t, t->session, 0, 0, n, n_tokens, 20, "the one that was shared");
        feed_and_compare(t, t->session, 2, 0, n / 2, n + 5, 8, "from half of it");
        feed_and_compare(t, t->session, 1, 1, n + 10, n_tokens, 7, "from a shared prefix");
        for (size_t q = 0; q < N_SEQ; q++)
            session_truncate(t->session, q, 0);
    }
}

static void full_context_is_an_error(struct subject *t) {
    struct error err;
    float *row = mem_alloc(t->n_vocab * sizeof(float));
    assert_int_equal(session_feed(t->session, 0, t->tokens[0], n_tokens, &err), OK);
    assert_int_equal(session_feed(t->session, 0, t->tokens[0], N_CTX - n_tokens + 1, &err),
                     ERR_FULL);
    assert_non_null(strstr(err.message, "160"));
    assert_int_equal(session_length(t->session, 0), n_tokens);
    session_truncate(t->session, 0, n_tokens - 1);
    assert_int_equal(session_feed(t->session, 0, &t->tokens[0][n_tokens - 1], 1, &err), OK);
    session_logits(t->session, 0, 1, row);
    expect_row(t, 0, n_tokens - 1, row, "after a full context");
    session_truncate(t->session, 0, 0);
    mem_free(row);
}

static void nonsense_is_refused(struct subject *t) {
    struct error err;
    const int32_t bad[] = {3, (int32_t)t->n_vocab, -1};
    const uint32_t seqs[] = {0, N_SEQ, 0};
    int32_t many[N_BATCH + 1] = {0};
    assert_int_equal(session_feed(t->session, 0, bad, 2, &err), ERR_INVALID);
    assert_int_equal(session_feed(t->session, 0, bad + 2, 1, &err), ERR_INVALID);
    assert_int_equal(session_feed(t->session, N_SEQ, bad, 1, &err), ERR_INVALID);
    assert_int_equal(session_feed(t->session, 0, bad, 0, &err), ERR_INVALID);
    const struct batch other = {.n = 2, .tokens = many, .seqs = seqs};
    assert_int_equal(session_run(t->session, &other, &err), ERR_INVALID);
    const struct batch long_one = {.n = N_BATCH + 1, .tokens = many};
    assert_int_equal(session_run(t->session, &long_one, &err), ERR_INVALID);
    assert_int_equal(session_share(t->session, 1, 0, 1, &err), ERR_INVALID);
    assert_int_equal(session_share(t->session, N_SEQ, 0, 0, &err), ERR_INVALID);
    assert_int_equal(session_length(t->session, 0), 0);
}

/* The hook would fail the first allocation: it is still armed afterwards. */
static void pass_allocates_nothing(struct subject *t) {
    float *row = mem_alloc(t->n_vocab * sizeof(float));
    const struct batch batch = {.n = 40, .tokens = t->tokens[0]};
    mem_fail_after(1);
    run(t->session, &batch);
    session_logits(t->session, 0, 1, row);
    void *p = mem_alloc(1);
    mem_fail_after(0);
    assert_null(p);
    session_truncate(t->session, 0, 0);
    mem_free(row);
}

static void one_answer(void **state) {
    const size_t subject = *(const size_t *)*state;
    struct subject t = {0};
    open_subject(&t, subject);
    pieces_give_the_same_bits(&t);
    threads_give_the_same_bits(&t, subject);
    company_gives_the_same_bits(&t);
    rollback_gives_the_same_bits(&t);
    shared_prefix_gives_the_same_bits(&t);
    full_context_is_an_error(&t);
    nonsense_is_refused(&t);
    pass_allocates_nothing(&t);
    close_subject(&t);
}

/* --- memory -------------------------------------------------------------------------------------
 */

static void every_allocation_may_fail(void **state) {
    (void)state;
    const struct engine_options opt = {.model_path = model_path(0), .n_threads = 2};
    const struct session_options session_opt = {.n_ctx = 64, .cache_type = DTYPE_F16};
    enum status st = ERR_NOMEM;
    unsigned long n = 1;
    for (; st == ERR_NOMEM && n < 10000; n++) {
        struct engine *e = NULL;
        struct session *s = NULL;
        struct error err;
        mem_fail_after(n);
        st = engine_open(&e, &opt, &err);
        if (!st) st = session_open(&s, e, &session_opt, &err);
        mem_fail_after(0);
        if (s) session_close(s);
        if (e) engine_close(e);
    }
    assert_int_equal(st, OK);
    assert_true(n > 15);
}

static void too_large_is_said_with_the_numbers(void **state) {
    (void)state;
    struct engine *e = engine_of(0, 1);
    struct session *s;
    struct error err;
    struct session_options opt = {.n_ctx = (size_t)1 << 32, .cache_type = DTYPE_F16};
    assert_int_equal(session_open(&s, e, &opt, &err), ERR_NOMEM);
    assert_non_null(strstr(err.message, "GiB"));
    opt.n_ctx = SIZE_MAX - 1;
    assert_int_equal(session_open(&s, e, &opt, &err), ERR_NOMEM);
    opt = (struct session_options){.n_ctx = 64, .n_batch = SIZE_MAX / 8, .cache_type = DTYPE_F16};
    assert_int_equal(session_open(&s, e, &opt, &err), ERR_NOMEM);
    opt = (struct session_options){.n_ctx = 64, .cache_type = DTYPE_Q4_0};
    assert_int_equal(session_open(&s, e, &opt, &err), ERR_UNSUPPORTED);
    engine_close(e);
}

static void argmax_takes_the_first_largest_number(void **state) {
    (void)state;
    const float logits[] = {(float)(0.0 / 0.0), 1, 3, 3, 2};
    assert_int_equal(logits_argmax(logits, 5), 2);
    assert_int_equal(logits_argmax(logits, 1), -1);
}

int main(void) {
    static size_t numbers[N_SUBJECTS];
    static char names[N_SUBJECTS][64];
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(too_large_is_said_with_the_numbers),
        cmocka_unit_test(argmax_takes_the_first_largest_number),
    };
    enum { N_OTHERS = sizeof(others) / sizeof(others[0]) };
    struct CMUnitTest tests[N_SUBJECTS + N_OTHERS];
    quick = getenv("SIGILO_TEST_QUICK") || getenv("MESON_EXE_WRAPPER");
    if (quick) n_tokens = 100;
    const size_t n = at_most(N_SUBJECTS, N_QUICK);
    for (size_t i = 0; i < n; i++) {
        numbers[i] = i;
        snprintf(names[i], sizeof(names[i]), "one_answer_%s_%s_%s", subjects[i].shape,
                 subjects[i].mix, dtype_traits(subjects[i].cache)->name);
        tests[i] = (struct CMUnitTest){names[i], one_answer, NULL, NULL, &numbers[i]};
    }
    memcpy(tests + n, others, sizeof(others));
    return _cmocka_run_group_tests("session", tests, n + N_OTHERS, write_models, remove_models);
}
