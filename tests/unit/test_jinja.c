/* SPDX-License-Identifier: MIT
 *
 * The template language by example: jinja_cases.jsonl, a case a line, by feature. `want` is what
 * Jinja2 itself gives (tests/golden/test_templates.py asks it again where it is installed), but for
 * the feature "differs", where `why` says what is otherwise here; `error` is our sentence.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "chat/chat.h"

enum { CASES_BYTES_MAX = 4 << 20 };

static const char *cases_path;
static json_t *cases; /* array of objects; the first one is the context */

static json_t *read_cases(void) {
    struct file_bytes file;
    struct error err;
    json_t *all = json_array();
    if (file_read(&file, cases_path, CASES_BYTES_MAX, &err)) fail_msg("%s", err.message);
    for (const char *p = (const char *)file.data, *end; *p; p = end + 1) {
        end = strchr(p, '\n');
        json_t *one = json_loadb(p, (size_t)(end - p), JSON_ALLOW_NUL, NULL);
        assert_non_null(one);
        json_array_append_new(all, one);
    }
    file_bytes_release(&file);
    return all;
}

static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static enum status render(const json_t *one, struct chat_prompt *prompt, struct error *err) {
    const json_t *context = json_object_get(json_array_get(cases, 0), "context");
    const json_t *source = json_object_get(one, "template");
    const struct chat_input input = {
        .messages = json_object_get(context, "messages"),
        .kwargs = json_object_get(context, "kwargs"),
        .bos_token = text_of(context, "bos_token"),
        .eos_token = text_of(context, "eos_token"),
        .now = text_of(context, "now"),
        .add_generation_prompt = true,
    };
    struct chat_template *tpl;
    enum status st = chat_template_open(&tpl, json_string_value(source), json_string_length(source),
                                        "t", err);
    if (st) return st;
    st = chat_render(tpl, prompt, &input, err);
    chat_template_close(tpl);
    return st;
}

/* The pieces cover the text, one after another, and each meets another kind. */
static void check_pieces(const struct chat_prompt *prompt) {
    const struct chat_piece *piece = prompt->pieces.data;
    size_t at = 0;
    for (size_t i = 0; i < prompt->pieces.n; i++) {
        assert_int_equal(piece[i].start, at);
        assert_true(piece[i].end > at);
        if (i) assert_true(piece[i].is_data != piece[i - 1].is_data);
        at = piece[i].end;
    }
    assert_int_equal(at, prompt->text.n);
}

static bool holds(const json_t *one) {
    struct chat_prompt prompt = {0};
    struct error err = {.message = ""};
    const enum status st = render(one, &prompt, &err);
    const json_t *want = json_object_get(one, "want");
    const char *error = text_of(one, "error");
    const char *got = st ? prompt.raised ? prompt.raised : err.message : strbuf_str(&prompt.text);
    bool good;
    if (want)
        good = !st && prompt.text.n == json_string_length(want) &&
               memcmp(strbuf_str(&prompt.text), json_string_value(want), prompt.text.n) == 0;
    else
        good = st && strncmp(got, error, strlen(error)) == 0;
    if (!good)
        print_error("%s\n  want %s\n  got  %s\n", text_of(one, "template"),
                    want ? json_string_value(want) : error, got);
    check_pieces(&prompt);
    chat_prompt_release(&prompt);
    return good;
}

static void feature_is_as_in_jinja(void **state) {
    size_t n = 0, n_bad = 0;
    for (size_t i = 1; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        if (strcmp(text_of(one, "feature"), *state) != 0) continue;
        n++;
        n_bad += !holds(one);
    }
    assert_true(n > 0);
    assert_int_equal(n_bad, 0);
}

int main(int argc, char **argv) {
    static const char *const features[] = {
        "whitespace", "literals", "arithmetic", "comparison", "access",    "for",
        "if",         "set",      "macro",      "blocks",     "filters",   "tojson",
        "tests",      "methods",  "functions",  "unicode",    "undefined", "realistic",
        "fails",      "syntax",   "lines",      "differs",
    };
    enum { N_FEATURES = sizeof(features) / sizeof(features[0]) };
    struct CMUnitTest tests[N_FEATURES];
    if (argc < 2) return 2;
    cases_path = argv[1];
    cases = read_cases();
    for (size_t i = 0; i < N_FEATURES; i++)
        tests[i] = (struct CMUnitTest){.name = features[i],
                                       .test_func = feature_is_as_in_jinja,
                                       .initial_state = (void *)(uintptr_t)features[i]};
    const int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(cases);
    return n_failed;
}
