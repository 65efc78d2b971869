/* SPDX-License-Identifier: MIT
 *
 * One answer, token by token, without a model: the test plays the model by making one logit the
 * largest.
 */
#include <math.h>
#include <string.h>

#include "check.h"
#include "base/mem.h"
#include "engine/completion.h"
#include "vocab_make.h"

struct play { /* a completion and what came of it */
    struct vocab vocab;
    struct completion_options opt;
    struct completion *completion;
    float *logits;
    size_t n_vocab;
    struct strbuf text;
    struct completion_token last;
};

static void start(struct play *p) {
    assert_true(vocab_open_bpe(&p->vocab));
    p->n_vocab = tokenizer_n_vocab(p->vocab.tokenizer);
    p->logits = mem_alloc(p->n_vocab * sizeof(float));
    assert_non_null(p->logits);
    completion_options_init(&p->opt);
    p->opt.sampling.temperature = 0;
    p->completion = NULL;
    strbuf_init(&p->text, 10000);
}

static void begin(struct play *p) {
    struct error err = {0};
    if (completion_open(&p->completion, p->vocab.tokenizer, &p->opt, &err))
        fail_msg("%s", err.message);
}

static void finish(struct play *p) {
    completion_close(p->completion);
    strbuf_release(&p->text);
    mem_free(p->logits);
    vocab_close(&p->vocab);
}

static int32_t id_of(const struct play *p, const char *name) {
    const int32_t id = tokenizer_find(p->vocab.tokenizer, name, strlen(name));
    if (id < 0) fail_msg("there is no token %s", name);
    return id;
}

/* The model would say this token, and as its second choice the other one. */
static enum completion_stop say_ids(struct play *p, int32_t first, int32_t second) {
    struct error err = {0};
    for (size_t i = 0; i < p->n_vocab; i++)
        p->logits[i] = 0;
    p->logits[first] = 9;
    if (second >= 0) p->logits[second] = 8;
    if (completion_next(p->completion, &p->last, p->logits, &err)) fail_msg("%s", err.message);
    strbuf_append(&p->text, p->last.text.data, p->last.text.n);
    return p->last.stop;
}

static enum completion_stop say(struct play *p, const char *name) {
    return say_ids(p, id_of(p, name), -1);
}

static void an_end_token_ends_it(void **state) {
    (void)state;
    struct play p;
    start(&p);
    begin(&p);
    assert_int_equal(say(&p, "hola"), COMPLETION_GOES_ON);
    assert_int_equal(say(&p, "<|eot_id|>"), COMPLETION_END);
    assert_string_equal(strbuf_str(&p.text), "hola");
    finish(&p);
}

static void no_character_comes_in_halves(void **state) {
    (void)state;
    struct play p;
    start(&p);
    p.opt.n_predict = 4;
    begin(&p);
    assert_int_equal(say_ids(&p, 0xc3, -1), COMPLETION_GOES_ON);
    assert_int_equal(p.text.n, 0);
    assert_int_equal(say_ids(&p, 0xb1, -1), COMPLETION_GOES_ON);
    assert_string_equal(strbuf_str(&p.text), "\xc3\xb1");
    assert_int_equal(say_ids(&p, 0xe2, -1), COMPLETION_GOES_ON);
    assert_int_equal(say_ids(&p, 0x82, -1), COMPLETION_LIMIT); /* cut within a character */
    assert_string_equal(strbuf_str(&p.text), "\xc3\xb1\xef\xbf\xbd");
    finish(&p);
}

static void a_stop_string_may_lie_across_tokens(void **state) {
    (void)state;
    const char *const stops[] = {"zz", "ola mun"};
    struct play p;
    start(&p);
    p.opt.stops = stops;
    p.opt.n_stops = 2;
    begin(&p);
    assert_int_equal(say(&p, "hola"), COMPLETION_GOES_ON);
    assert_string_equal(strbuf_str(&p.text), "h");
    assert_int_equal(say_ids(&p, id_of(&p, "\xc4\xa0mundo"), -1), COMPLETION_WORD);
    assert_string_equal(strbuf_str(&p.text), "h");
    assert_int_equal(p.last.stop_index, 1);
    finish(&p);
}

static void what_is_held_comes_when_the_answer_ends(void **state) {
    (void)state;
    const char *const stops[] = {"hola mundo!"};
    struct play p;
    start(&p);
    p.opt.stops = stops;
    p.opt.n_stops = 1;
    begin(&p);
    say(&p, "hola");
    assert_int_equal(p.text.n, 0);
    assert_int_equal(say(&p, "<|eot_id|>"), COMPLETION_END);
    assert_string_equal(strbuf_str(&p.text), "hola");
    completion_close(p.completion);
    begin(&p);
    say(&p, "hola");
    const struct bytes rest = completion_finish(p.completion);
    assert_int_equal(rest.n, 4);
    assert_memory_equal(rest.data, "hola", 4);
    finish(&p);
}

static void an_answer_may_be_told_not_to_end(void **state) {
    (void)state;
    struct play p;
    start(&p);
    p.opt.ignore_eos = true;
    begin(&p);
    assert_int_equal(say_ids(&p, id_of(&p, "<|eot_id|>"), id_of(&p, "hola")), COMPLETION_GOES_ON);
    assert_string_equal(strbuf_str(&p.text), "hola");
    finish(&p);
}

static void a_grammar_decides_what_may_follow(void **state) {
    (void)state;
    static const char gbnf[] = "root ::= \"hola\" | \"la\" \"de\"";
    struct error err = {0};
    struct grammar *grammar = NULL;
    struct token_trie *trie = NULL;
    struct play p;
    start(&p);
    assert_int_equal(grammar_open(&grammar, gbnf, strlen(gbnf), &err), OK);
    assert_int_equal(token_trie_open(&trie, p.vocab.tokenizer, &err), OK);
    p.opt.grammar = grammar;
    p.opt.trie = trie;
    for (int ignore = 0; ignore < 2; ignore++) {
        p.opt.ignore_eos = ignore;
        strbuf_clear(&p.text);
        begin(&p);
        assert_int_equal(say_ids(&p, id_of(&p, "de"), id_of(&p, "la")), COMPLETION_GOES_ON);
        assert_int_equal(say_ids(&p, id_of(&p, "<|eot_id|>"), id_of(&p, "de")), COMPLETION_GOES_ON);
        assert_int_equal(say(&p, "hola"), COMPLETION_END); /* nothing else is left */
        assert_string_equal(strbuf_str(&p.text), "lade");
        completion_close(p.completion);
        p.completion = NULL;
    }
    finish(&p);
    grammar_close(grammar);
    token_trie_close(trie);
}

static void log_probabilities_come_with_the_token(void **state) {
    (void)state;
    struct play p;
    start(&p);
    p.opt.n_logprobs = 2;
    begin(&p);
    say_ids(&p, id_of(&p, "hola"), id_of(&p, "la"));
    const double sum = exp(9) + exp(8) + (double)(p.n_vocab - 2);
    assert_int_equal(p.last.n_top, 2);
    assert_int_equal(p.last.top[0].id, id_of(&p, "hola"));
    assert_int_equal(p.last.top[1].id, id_of(&p, "la"));
    assert_true(fabs((double)p.last.logprob.logprob - (9 - log(sum))) < 1e-5);
    finish(&p);
}

static void time_may_end_it(void **state) {
    (void)state;
    struct play p;
    start(&p);
    p.opt.time_max_ms = 1e-9;
    begin(&p);
    enum completion_stop stop = COMPLETION_GOES_ON;
    for (int i = 0; i < 1000000 && stop == COMPLETION_GOES_ON; i++)
        stop = say(&p, "hola"); /* until the clock has moved */
    assert_int_equal(stop, COMPLETION_TIME);
    finish(&p);
}

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    const char *const empty[] = {""};
    struct error err = {0};
    struct play p;
    start(&p);
    p.opt.stops = empty;
    p.opt.n_stops = 1;
    assert_int_equal(completion_open(&p.completion, p.vocab.tokenizer, &p.opt, &err), ERR_INVALID);
    p.opt.n_stops = 0;
    p.opt.n_logprobs = COMPLETION_LOGPROBS_MAX + 1;
    assert_int_equal(completion_open(&p.completion, p.vocab.tokenizer, &p.opt, &err), ERR_INVALID);
    p.opt.n_logprobs = 0;
    p.opt.sampling.top_p = 7;
    assert_int_equal(completion_open(&p.completion, p.vocab.tokenizer, &p.opt, &err), ERR_INVALID);
    assert_null(p.completion);
    finish(&p);
}

static void memory_may_be_short(void **state) {
    (void)state;
    const char *const stops[] = {"fin"};
    enum status st = ERR_NOMEM;
    struct play p;
    start(&p);
    p.opt.stops = stops;
    p.opt.n_stops = 1;
    p.opt.ignore_eos = true;
    p.opt.n_logprobs = 3;
    for (unsigned long nth = 1; st == ERR_NOMEM; nth++) {
        struct error err = {0};
        mem_fail_after(nth);
        st = completion_open(&p.completion, p.vocab.tokenizer, &p.opt, &err);
        mem_fail_after(0);
    }
    assert_int_equal(st, OK);
    finish(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_token_ends_it),
        cmocka_unit_test(no_character_comes_in_halves),
        cmocka_unit_test(a_stop_string_may_lie_across_tokens),
        cmocka_unit_test(what_is_held_comes_when_the_answer_ends),
        cmocka_unit_test(an_answer_may_be_told_not_to_end),
        cmocka_unit_test(a_grammar_decides_what_may_follow),
        cmocka_unit_test(log_probabilities_come_with_the_token),
        cmocka_unit_test(time_may_end_it),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
