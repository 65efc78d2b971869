/* SPDX-License-Identifier: MIT
 *
 * tagger: units, features, decoding, files that are refused, windows and pieces; and every
 * allocation failing once. With a small model made here: how well the built-in one finds is for
 * `sigilo eval`, that it computes what torch does for tests/tagger.
 */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "tagger/tags.h"
#include "tagger/units.h"
#include "tagger_make.h"
#include "text/fold.h"

static char directory[] = "/tmp/sigilo-test-XXXXXX";
static char model_path[64], wrong_path[64];

static void write_file(const char *path, const char *bytes, size_t n) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void write_model(const char *path, const struct tagger_make *make) {
    struct strbuf file;
    strbuf_init(&file, 1 << 24);
    tagger_make(&file, make);
    assert_false(file.failed);
    write_file(path, file.data, file.n);
    strbuf_release(&file);
}

static int make_directory(void **state) {
    (void)state;
    if (!mkdtemp(directory)) return -1;
    snprintf(model_path, sizeof(model_path), "%s/tiny.gguf", directory);
    snprintf(wrong_path, sizeof(wrong_path), "%s/wrong.gguf", directory);
    const struct tagger_make make = tagger_make_right();
    write_model(model_path, &make);
    return 0;
}

static int remove_directory(void **state) {
    (void)state;
    unlink(model_path);
    unlink(wrong_path);
    return rmdir(directory);
}

static enum status open_path(struct tagger **t, const char *path, size_t n_threads,
                             struct error *err) {
    const struct tagger_options opt = {
        .path = path, .kinds = made_kinds, .n_kinds = MADE_KINDS, .n_threads = n_threads};
    return tagger_open(t, &opt, err);
}

static struct tagger *open_tiny(size_t n_threads) {
    struct tagger *t = NULL;
    struct error err;
    if (open_path(&t, model_path, n_threads, &err)) fail_msg("refused: %s", err.message);
    return t;
}

static const unsigned char *bytes_of(const char *text) {
    return (const unsigned char *)text;
}

/* ---- units ---- */

/* "text/spacing" of each unit, a line end as $. */
static void cuts_into(const char *text, size_t n, const char *want) {
    struct unit_reader r = {.text = bytes_of(text), .n = n, .first = true};
    struct tagger_unit unit;
    struct strbuf got;
    strbuf_init(&got, 1 << 16);
    for (uint32_t end = 0; unit_next(&r, &unit); end = unit.end) {
        assert_true(unit.start >= end && unit.end > unit.start && unit.end <= n);
        if (got.n) strbuf_putc(&got, ' ');
        if (text[unit.start] == '\n')
            strbuf_putc(&got, '$');
        else
            strbuf_append(&got, text + unit.start, unit.end - unit.start);
        strbuf_printf(&got, "/%d", unit.spacing);
    }
    assert_false(unit_next(&r, &unit));
    assert_string_equal(strbuf_str(&got), want);
    strbuf_release(&got);
}

#define CUTS_INTO(text, want) cuts_into(text, sizeof(text) - 1, want)

static void text_is_cut_into_letters_digits_and_signs(void **state) {
    (void)state;
    CUTS_INTO("Dr.Perez", "Dr/4 ./0 Perez/0");
    CUTS_INTO("hijaYanina", "hija/4 Yanina/0");
    CUTS_INTO("JUANPerez ABc aBcD", "JUANPerez/4 ABc/1 a/1 Bc/0 D/0");
    CUTS_INTO("SUSAN1TA 98a", "SUSAN/4 1/0 TA/0 98/1 a/0");
    CUTS_INTO("3.481.207-7", "3/4 ./0 481/0 ./0 207/0 -/0 7/0");
    CUTS_INTO("((", "(/4 (/0");
    CUTS_INTO("\xc0ndu\xc0Y 3\xba", "\xc0ndu\xc0/4 Y/0 3/1 \xba/0"); /* a letter; a sign */
}

static void what_stood_before_a_unit_is_told(void **state) {
    (void)state;
    CUTS_INTO("a b  c\td,e\n f", "a/4 b/1 c/2 d/3 ,/0 e/0 $/0 f/5");
    CUTS_INTO("  a\n\nb\n", "a/5 $/0 $/4 b/4 $/0");
    CUTS_INTO("a \t b \n", "a/4 b/3 $/1"); /* a tab among blanks is a tab */
    CUTS_INTO("a\rb\r\n", "a/4 b/1 $/1");
    CUTS_INTO("\x01"
              "a\0b\x1f\x1f"
              "c\x7f",
              "a/5 b/1 c/2 \x7f/0");
}

static void a_text_of_blanks_has_no_units(void **state) {
    (void)state;
    CUTS_INTO("", "");
    CUTS_INTO("  \t\r\0", "");
    CUTS_INTO("\n", "$/4");
    CUTS_INTO(" \n ", "$/5");
}

/* ---- features ---- */

static struct tagger_unit first_unit(const char *text) {
    struct unit_reader r = {.text = bytes_of(text), .n = strlen(text), .first = true};
    struct tagger_unit unit;
    assert_true(unit_next(&r, &unit));
    return unit;
}

static size_t rows_of(const struct tagger *t, const char *text, uint32_t rows[TAGGER_ROWS_MAX]) {
    const struct tagger_unit unit = first_unit(text);
    const size_t n = tagger_rows(t, bytes_of(text), &unit, rows);
    assert_in_range(n, 5, TAGGER_ROWS_MAX);
    for (size_t i = 0; i < n; i++)
        assert_in_range(rows[i], 0, MADE_ROWS - 1);
    return n;
}

static bool has_row(const struct tagger *t, const char *text, uint32_t row) {
    uint32_t rows[TAGGER_ROWS_MAX];
    const size_t n = rows_of(t, text, rows);
    for (size_t i = 0; i < n; i++)
        if (rows[i] == row) return true;
    return false;
}

/* How many of its rows lie in [first, end). */
static size_t count_rows(const struct tagger *t, const char *text, uint32_t first, uint32_t end) {
    uint32_t rows[TAGGER_ROWS_MAX];
    size_t count = 0;
    const size_t n = rows_of(t, text, rows);
    for (size_t i = 0; i < n; i++)
        count += rows[i] >= first && rows[i] < end;
    return count;
}

static uint32_t word_row(const struct tagger *t, const char *text) {
    uint32_t rows[TAGGER_ROWS_MAX];
    rows_of(t, text, rows);
    return rows[0];
}

static void a_word_has_its_row_in_any_case(void **state) {
    (void)state;
    struct tagger *t = open_tiny(1);
    assert_int_equal(word_row(t, "perez"), 2);
    assert_int_equal(word_row(t, "Perez"), 2);
    assert_int_equal(word_row(t, "PEREZ"), 2);
    assert_int_equal(word_row(t, "\n"), 6);
    assert_int_equal(word_row(t, "zzyzzx"), 0);
    assert_int_equal(word_row(t, "pere"), 0);
    assert_int_equal(word_row(t, "."), 0);
    assert_int_equal(word_row(t, "salto"), 0); /* listed, but no word of the list of words */
    /* longer than any word that may be listed */
    char longest[400];
    memset(longest, 'a', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(word_row(t, longest), 0);
    assert_int_equal(count_rows(t, longest, MADE_GRAM, MADE_SPACING), 24);
    assert_true(has_row(t, longest, MADE_LENGTH + 15));
    tagger_close(t);
}

static void numbers_are_words_by_length(void **state) {
    (void)state;
    struct tagger *t = open_tiny(1);
    assert_int_equal(word_row(t, "12"), 5);
    assert_int_equal(word_row(t, "13"), 0);
    assert_int_equal(word_row(t, "1987"), 3);
    assert_int_equal(word_row(t, "2024"), 3);
    assert_int_equal(word_row(t, "1887"), 0);
    assert_int_equal(word_row(t, "481"), 4);
    assert_int_equal(word_row(t, "4812"), 0);
    assert_true(has_row(t, "481", MADE_CASE + 4));
    assert_int_equal(count_rows(t, "481", MADE_AFFIX, MADE_SPACING), 0); /* no affixes, no grams */
    assert_int_equal(count_rows(t, "481", MADE_FLAG, MADE_ROWS), 0);
    tagger_close(t);
}

/* Published vectors of FNV-1a: a seed XORs the first byte, so that "eoo" with seed 3 is "foo". */
static void hashes_are_fnv_1a(void **state) {
    (void)state;
    struct tagger *t = open_tiny(1);
    assert_true(has_row(t, "`", MADE_SHAPE + 0xe40c292cu % 512));      /* seed 1: "a" */
    assert_true(has_row(t, "eoobar", MADE_GRAM + 0xa9f37ed7u % 8192)); /* seed 3: "foo" */
    assert_true(has_row(t, "eoobar", MADE_GRAM + 0x3f5076efu % 8192)); /* "foob" */
    assert_true(has_row(t, "EOOBAR", MADE_GRAM + 0x3f5076efu % 8192));
    assert_int_equal(count_rows(t, "eoobar", MADE_GRAM, MADE_SPACING), 6 + 5);
    assert_int_equal(count_rows(t, "eoobar", MADE_AFFIX, MADE_GRAM), 3 + 4);
    assert_int_equal(count_rows(t, "eo", MADE_AFFIX, MADE_GRAM), 2 + 2);
    tagger_close(t);
}

static void case_spacing_and_lists_have_rows(void **state) {
    (void)state;
    static const char *const cases[] = {"casa", "CASA", "Casa", "MCasa", "12", "("};
    struct tagger *t = open_tiny(1);
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(count_rows(t, cases[i], MADE_CASE, MADE_AFFIX), 1);
        assert_true(has_row(t, cases[i], MADE_CASE + i));
    }
    assert_true(has_row(t, "casa", MADE_SPACING + UNIT_LINE_START));
    assert_true(has_row(t, " casa", MADE_SPACING + UNIT_INDENT));
    assert_true(has_row(t, "casa", MADE_FLAG)); /* in no list */
    assert_int_equal(count_rows(t, "casa", MADE_FLAG, MADE_ROWS), 1);
    assert_true(has_row(t, "Perez", MADE_FLAG + 1) && has_row(t, "Perez", MADE_FLAG + 2));
    assert_int_equal(count_rows(t, "Perez", MADE_FLAG, MADE_ROWS), 2);
    assert_true(has_row(t, "SALTO", MADE_FLAG + 1));
    assert_int_equal(count_rows(t, "SALTO", MADE_FLAG, MADE_ROWS), 1);
    tagger_close(t);
}

/* ---- decoding ---- */

enum { TWO_KINDS = 2, TAGS = 1 + 4 * TWO_KINDS, ROW_MAX = 5 };

static bool may_follow(uint16_t a, uint16_t b) {
    const int open = a && (a - 1) % 4 <= TAG_INSIDE ? (a - 1) / 4 : -1;
    const int within = b && ((b - 1) % 4 == TAG_INSIDE || (b - 1) % 4 == TAG_END) ? (b - 1) / 4
                                                                                  : -1;
    return open == within;
}

/* Whole spans: what is opened is closed, by its own kind. */
static bool is_whole(const uint16_t *tags, size_t n) {
    uint16_t before = TAG_OUTSIDE;
    for (size_t i = 0; i < n; i++) {
        if (!may_follow(before, tags[i])) return false;
        before = tags[i];
    }
    return may_follow(before, TAG_OUTSIDE);
}

static double score_of(const float *scores, const uint16_t *tags, size_t n, float outside) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)scores[i * TAGS + tags[i]] - (tags[i] == TAG_OUTSIDE ? (double)outside : 0);
    return sum;
}

/* The best of all rows there are. */
static double best_score(const float *scores, size_t n, float outside) {
    uint16_t tags[ROW_MAX] = {0};
    double best = -INFINITY;
    for (;;) {
        const double score = score_of(scores, tags, n, outside);
        if (score > best && is_whole(tags, n)) best = score;
        size_t at = 0;
        while (at < n && ++tags[at] == TAGS)
            tags[at++] = 0;
        if (at == n) return best;
    }
}

static void decoding_finds_the_best_row_of_whole_spans(void **state) {
    (void)state;
    struct error err;
    struct tagger_maker chance = {.seed = 5};
    for (int round = 0; round < 120; round++) {
        float scores[ROW_MAX * TAGS];
        uint16_t tags[ROW_MAX];
        const size_t n = 1 + (size_t)round % (round < 20 ? ROW_MAX : ROW_MAX - 1);
        const float outside = round % 3 ? (float)(round % 3) - 1.5f : 0;
        for (size_t i = 0; i < n * TAGS; i++)
            scores[i] = made_weight(&chance, 5);
        assert_int_equal(tags_decode(tags, scores, n, TWO_KINDS, outside, &err), OK);
        assert_true(is_whole(tags, n));
        const double best = best_score(scores, n, outside);
        assert_true(fabs(score_of(scores, tags, n, outside) - best) < 1e-4);
    }
    assert_int_equal(tags_decode(NULL, NULL, 0, TWO_KINDS, 0, &err), OK);
}

static void every_decoded_row_is_of_whole_spans(void **state) {
    (void)state;
    enum { LONG = 3000 };
    struct error err;
    struct tagger_maker chance = {.seed = 6};
    float *scores = mem_alloc(LONG * TAGS * sizeof(*scores));
    uint16_t *tags = mem_alloc(LONG * sizeof(*tags));
    for (size_t round = 0; round < 4; round++) {
        for (size_t i = 0; i < LONG * TAGS; i++) /* round 3: all the same */
            scores[i] = round == 3 ? 0 : made_weight(&chance, round ? 100 : 1);
        assert_int_equal(tags_decode(tags, scores, LONG, TWO_KINDS, (float)round, &err), OK);
        assert_true(is_whole(tags, LONG));
    }
    /* "begin" is likely and nothing else: a last unit cannot begin what never ends */
    for (size_t i = 0; i < 3 * TAGS; i++)
        scores[i] = i % TAGS == 1 + TAG_BEGIN ? 50 : 0;
    assert_int_equal(tags_decode(tags, scores, 3, TWO_KINDS, 0, &err), OK);
    assert_true(is_whole(tags, 3));
    mem_free(scores);
    mem_free(tags);
}

static void personal_is_what_is_not_outside(void **state) {
    (void)state;
    const float even[4] = {2, 2, 2, 2}, far[2] = {1000, -1000}, near[2] = {-1000, 1000};
    assert_true(fabsf(tags_personal(even, 4) - 0.75f) < 1e-6f);
    assert_true(tags_personal(far, 2) == 0);
    assert_true(tags_personal(near, 2) == 1);
}

/* ---- files that are refused ---- */

/* The sentence names the file and says `why`. */
static void refuse(enum status want, const char *why) {
    struct tagger *t = NULL;
    struct error err = {0};
    const enum status st = open_path(&t, wrong_path, 1, &err);
    if (st == OK) tagger_close(t);
    assert_int_equal(st, want);
    if (!strstr(err.message, "wrong.gguf") || !strstr(err.message, why))
        fail_msg("of %s: %s", why, err.message);
}

static void refuse_made(const struct tagger_make *make, enum status want, const char *why) {
    write_model(wrong_path, make);
    refuse(want, why);
}

static void a_file_that_is_no_tagger_is_refused(void **state) {
    (void)state;
    struct tagger *t = NULL;
    struct error err;
    assert_int_equal(open_path(&t, "/nowhere/wrong.gguf", 1, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "/nowhere/wrong.gguf"));
    assert_int_equal(open_path(&t, "/tmp", 1, &err), ERR_IO);
    write_file(wrong_path, "", 0);
    refuse(ERR_INVALID, "");
    write_file(wrong_path, "no model at all, but some words", 31);
    refuse(ERR_INVALID, "");

    struct tagger_make make = tagger_make_right();
    make.architecture = "llama";
    refuse_made(&make, ERR_UNSUPPORTED, "llama");
    make = tagger_make_right();
    make.version = 2;
    refuse_made(&make, ERR_UNSUPPORTED, "version 2");
}

static void each_key_must_be_there(void **state) {
    (void)state;
    static const char *const keys[] = {
        "general.architecture", "tagger.version",    "tagger.width",  "tagger.layers",
        "tagger.heads",         "tagger.inner",      "tagger.window", "tagger.overlap",
        "tagger.n_lists",       "tagger.kinds",      "tagger.words",  "tagger.listed",
        "tagger.listed_flags",  "tagger.calibration"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct tagger_make make = tagger_make_right();
        make.without = keys[i];
        refuse_made(&make, i < 9 ? ERR_NOT_FOUND : ERR_INVALID, keys[i]);
        make = tagger_make_right();
        make.number = keys[i]; /* nor may it be of another type */
        if (i == 0 || i > 8) refuse_made(&make, ERR_INVALID, keys[i]);
    }
}

static void another_shape_or_inventory_is_refused(void **state) {
    (void)state;
    struct tagger_make make = tagger_make_right();
    make.width = 48;
    refuse_made(&make, ERR_INVALID, "48");
    make = tagger_make_right();
    make.inner = 33;
    refuse_made(&make, ERR_INVALID, "33");
    make = tagger_make_right();
    make.heads = 3;
    refuse_made(&make, ERR_INVALID, "3 heads");
    make.heads = 32; /* of size 1 */
    refuse_made(&make, ERR_INVALID, "32 heads");
    make = tagger_make_right();
    make.layers = 0;
    refuse_made(&make, ERR_INVALID, "tagger.layers");
    make = tagger_make_right();
    make.window = 1 << 20;
    refuse_made(&make, ERR_INVALID, "tagger.window");

    make = tagger_make_right();
    make.n_kinds = MADE_KINDS + 1;
    refuse_made(&make, ERR_UNSUPPORTED, "4");
    make = tagger_make_right();
    make.kinds[1] = "PLAZE";
    refuse_made(&make, ERR_UNSUPPORTED, "PLAZE");

    make = tagger_make_right();
    make.overlap = make.window;
    refuse_made(&make, ERR_INVALID, "overlap");
    make = tagger_make_right();
    make.n_calibration = 1;
    refuse_made(&make, ERR_INVALID, "tagger.calibration");
    make = tagger_make_right();
    make.n_flags = 1;
    refuse_made(&make, ERR_INVALID, "tagger.listed_flags");
}

static void each_tensor_must_be_there_in_its_shape(void **state) {
    (void)state;
    static const char *const names[] = {
        "token_embd.weight",        "output.weight",          "blk.0.attn_qkv.weight",
        "blk.0.attn_output.weight", "blk.0.ffn_gate.weight",  "blk.0.ffn_up.weight",
        "blk.0.ffn_down.weight",    "token_embd_norm.weight", "output_norm.weight",
        "blk.0.attn_norm.weight",   "blk.0.ffn_norm.weight"};
    struct tagger_make make;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        make = tagger_make_right();
        make.without = names[i];
        refuse_made(&make, ERR_NOT_FOUND, names[i]);
        make = tagger_make_right();
        make.reshaped = names[i]; /* a vector: it becomes a matrix of one row */
        refuse_made(&make, ERR_INVALID, names[i]);
    }
    make = tagger_make_right();
    make.layers = 2;
    refuse_made(&make, ERR_NOT_FOUND, "blk.1.attn_norm.weight");
    make = tagger_make_right();
    make.extra = "blk.0.attn_surprise.weight";
    refuse_made(&make, ERR_UNSUPPORTED, "attn_surprise");
}

static void a_file_cut_short_is_refused(void **state) {
    (void)state;
    const struct tagger_make make = tagger_make_right();
    struct strbuf file;
    strbuf_init(&file, 1 << 24);
    tagger_make(&file, &make);
    for (size_t n = 0; n < 1400; n += 37) {
        write_file(wrong_path, file.data, n);
        refuse(ERR_INVALID, "");
    }
    write_file(wrong_path, file.data, file.n - 100);
    refuse(ERR_INVALID, "");
    strbuf_release(&file);
}

/* ---- texts ---- */

static const float MANY = 2.0f; /* nats off "nothing": the made model finds something everywhere */

static struct array run(struct tagger *t, const char *text, size_t n) {
    struct array spans = {0};
    struct error err;
    assert_int_equal(tagger_run(t, bytes_of(text), n, MANY, &spans, &err), OK);
    uint32_t end = 0;
    for (size_t i = 0; i < spans.n; i++) {
        const struct tagger_span *s = (const struct tagger_span *)spans.data + i;
        assert_true(s->start >= end && s->end > s->start && s->end <= n);
        assert_true(s->kind < MADE_KINDS && s->score >= 0 && s->score <= 1);
        end = s->end;
    }
    return spans;
}

static void assert_same_spans(const struct array *a, const struct array *b) {
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        const struct tagger_span *s = (const struct tagger_span *)a->data + i;
        const struct tagger_span *other = (const struct tagger_span *)b->data + i;
        assert_int_equal(s->start, other->start);
        assert_int_equal(s->end, other->end);
        assert_int_equal(s->kind, other->kind);
        assert_true(s->score == other->score);
    }
}

/* n characters of words, numbers and signs; line_end: every so many characters, 0: never. */
static char *made_text(size_t n, size_t line_end) {
    static const char words[] = "Viene Perez con la hijaAna el 12/3/1987, HC 44812. En Salto; ";
    char *text = mem_alloc(n + 1);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        text[i] = words[(i * 7 / 8) % (sizeof(words) - 1)];
    for (size_t i = line_end; line_end && i < n; i += line_end)
        text[i] = '\n';
    text[n] = '\0';
    return text;
}

static void short_texts(void **state) {
    (void)state;
    static const char *const texts[] = {"", " ", "\n", "a", "7", "(", "\xc0", "\n\n \n"};
    struct tagger *t = open_tiny(2);
    assert_int_equal(tagger_n_tags(t), 1 + 4 * MADE_KINDS);
    assert_non_null(tagger_isa(t));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct array spans = run(t, texts[i], strlen(texts[i]));
        assert_true(spans.n <= strlen(texts[i]));
        array_release(&spans);

        struct tagger_unit *units;
        float *logits;
        size_t n;
        struct error err;
        assert_int_equal(
            tagger_logits(t, bytes_of(texts[i]), strlen(texts[i]), &units, &logits, &n, &err), OK);
        for (size_t k = 0; k < n * tagger_n_tags(t); k++)
            assert_true(isfinite(logits[k]));
        mem_free(units);
        mem_free(logits);
    }
    tagger_close(t);
    tagger_close(NULL);
}

/* Long for two pieces and more; under an emulator, which is a hundred times slower, a window or
 * two. */
static size_t long_text(void) {
    return getenv("MESON_EXE_WRAPPER") ? 3000 : 300000;
}

static void long_texts_are_the_same_with_any_number_of_threads(void **state) {
    (void)state;
    const size_t n_long = long_text();
    static const size_t threads[] = {1, 2, 8};
    const size_t line_ends[] = {0, 80, n_long / 2};
    for (size_t k = 0; k < 3; k++) {
        char *text = made_text(n_long, line_ends[k]);
        struct array first = {0};
        for (size_t i = 0; i < 3; i++) {
            struct tagger *t = open_tiny(threads[i]);
            struct array spans = run(t, text, n_long);
            assert_true(spans.n > n_long / 300);
            if (i == 0) {
                first = spans;
            } else {
                assert_same_spans(&spans, &first);
                array_release(&spans);
            }
            tagger_close(t);
        }
        array_release(&first);
        mem_free(text);
    }
}

static void one_long_word_and_one_long_number(void **state) {
    (void)state;
    const size_t n_long = long_text();
    struct tagger *t = open_tiny(2);
    char *text = mem_alloc(n_long);
    for (size_t i = 0; i < 3; i++) {
        memset(text, "a8\n"[i], n_long);
        struct array spans = run(t, text, n_long);
        assert_true(i == 2 || spans.n <= 1);
        array_release(&spans);
    }
    mem_free(text);
    tagger_close(t);
}

/* Spans are put behind what the caller has. */
static void spans_are_appended(void **state) {
    (void)state;
    struct tagger *t = open_tiny(1);
    struct error err;
    const char *text = "Perez en Salto el 12";
    struct array spans = run(t, text, strlen(text));
    const size_t n = spans.n;
    assert_true(n > 0);
    assert_int_equal(tagger_run(t, bytes_of(text), strlen(text), MANY, &spans, &err), OK);
    assert_int_equal(spans.n, 2 * n);
    const struct array first = {.data = spans.data, .n = n};
    const struct array second = {.data = (struct tagger_span *)spans.data + n, .n = n};
    assert_same_spans(&first, &second);
    array_release(&spans);
    tagger_close(t);
}

/* With lines of 8 units a piece of 4096 ends with a line, behind which all starts anew. */
static void a_piece_ends_behind_a_line(void **state) {
    (void)state;
    enum { LINE = 30, PIECE_LINES = 512, LINES = 1000 };
    static const char line[] = "La hija de Perez en 19 Salto \n";
    struct tagger *t = open_tiny(2);
    char *text = mem_alloc((size_t)LINES * LINE);
    assert_int_equal(sizeof(line) - 1, LINE);
    for (size_t i = 0; i < LINES; i++) { /* no two neighbours alike */
        memcpy(text + i * LINE, line, LINE);
        text[i * LINE + LINE - 2] = i % 3 ? ' ' : '\t';
        text[i * LINE + 3 + i % 4] = "xyzwv"[i % 5];
    }
    struct array whole = run(t, text, (size_t)LINES * LINE);
    struct array parts = run(t, text, (size_t)PIECE_LINES * LINE);
    struct array rest = run(t, text + (size_t)PIECE_LINES * LINE,
                            (size_t)(LINES - PIECE_LINES) * LINE);
    for (size_t i = 0; i < rest.n; i++) {
        struct tagger_span s = ((const struct tagger_span *)rest.data)[i];
        s.start += PIECE_LINES * LINE;
        s.end += PIECE_LINES * LINE;
        assert_true(array_push(&parts, &s, sizeof(s)));
    }
    assert_true(whole.n > LINES);
    assert_same_spans(&whole, &parts);
    array_release(&whole);
    array_release(&parts);
    array_release(&rest);
    mem_free(text);
    tagger_close(t);
}

static float *logits_of(struct tagger *t, const char *text, size_t n, size_t want_units) {
    struct tagger_unit *units;
    float *logits;
    size_t n_units;
    struct error err;
    assert_int_equal(tagger_logits(t, bytes_of(text), n, &units, &logits, &n_units, &err), OK);
    assert_int_equal(n_units, want_units);
    mem_free(units);
    return logits;
}

/* 28 units in windows of 16 that share 4: the first tells units 0 to 13, the other the rest. */
static void each_window_tells_its_own_part(void **state) {
    (void)state;
    static const char text[] = "a b c d e f g h i j k\nl m n o "
                               "p q r s t u v w x y z 1";
    const size_t second = 22, first_end = 29; /* unit 12 stands at 22; unit 15 ends at 29 */
    struct tagger *t = open_tiny(1);
    const size_t n_tags = tagger_n_tags(t);
    float *all = logits_of(t, text, sizeof(text) - 1, 28);
    float *first = logits_of(t, text, first_end, 16);
    float *last = logits_of(t, text + second, sizeof(text) - 1 - second, 16);
    assert_memory_equal(all, first, 14 * n_tags * sizeof(*all));
    assert_memory_equal(all + 14 * n_tags, last + 2 * n_tags, 14 * n_tags * sizeof(*all));
    mem_free(all);
    mem_free(first);
    mem_free(last);
    tagger_close(t);
}

static void another_instruction_set_finds_nearly_the_same(void **state) {
    (void)state;
    struct error err;
    struct tagger *best = open_tiny(1), *ref = NULL;
    const struct tagger_options opt = {
        .path = model_path, .kinds = made_kinds, .n_kinds = MADE_KINDS, .isa = "ref"};
    assert_int_equal(tagger_open(&ref, &opt, &err), OK);
    assert_string_equal(tagger_isa(ref), "ref");
    const char *text = "Perez en Salto el 12";
    float *a = logits_of(best, text, strlen(text), 5), *b = logits_of(ref, text, strlen(text), 5);
    for (size_t i = 0; i < 5 * tagger_n_tags(ref); i++)
        assert_true(fabsf(a[i] - b[i]) < 1e-4f);
    mem_free(a);
    mem_free(b);
    tagger_close(ref);
    tagger_close(best);
    const struct tagger_options z80 = {
        .path = model_path, .kinds = made_kinds, .n_kinds = MADE_KINDS, .isa = "z80"};
    assert_int_not_equal(tagger_open(&ref, &z80, &err), OK);
    assert_non_null(strstr(err.message, "z80"));
}

/* ---- memory ---- */

/* One run with the n-th allocation failing. True: it was never reached. */
static bool run_with_failure(unsigned long n, const char *text, size_t n_text,
                             const struct array *whole) {
    struct tagger *t = NULL;
    struct array spans = {0};
    struct tagger_unit *units = NULL;
    float *logits = NULL;
    size_t n_units;
    struct error err;
    mem_fail_after(n);
    enum status st = open_path(&t, model_path, 2, &err);
    const bool opened = st == OK;
    if (opened) st = tagger_run(t, bytes_of(text), n_text, MANY, &spans, &err);
    if (st == OK) st = tagger_logits(t, bytes_of(text), n_text, &units, &logits, &n_units, &err);
    /* the countdown is still running when the last allocation was before it */
    void *after = mem_alloc(1);
    const bool done = !after;
    mem_free(after);
    mem_fail_after(0);
    if (st == OK) {
        assert_same_spans(&spans, whole);
        mem_free(units);
        mem_free(logits);
    } else {
        assert_int_equal(st, ERR_NOMEM);
    }
    array_release(&spans);
    if (opened) tagger_close(t);
    return done;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    char *text = made_text(600, 90);
    struct tagger *t = open_tiny(2);
    struct array whole = run(t, text, 600);
    tagger_close(t);
    unsigned long n = 1;
    while (!run_with_failure(n, text, 600, &whole))
        n++;
    assert_true(n > 30);
    array_release(&whole);
    mem_free(text);
}

/* ---- the built-in model ---- */

static void the_built_in_model_opens_with_the_kinds_it_was_made_for(void **state) {
    (void)state;
    struct tagger *t = NULL;
    struct error err;
    assert_int_equal(open_path(&t, NULL, 1, &err), ERR_UNSUPPORTED); /* not with other ones */
    assert_non_null(strstr(err.message, "built-in"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_cut_into_letters_digits_and_signs),
        cmocka_unit_test(what_stood_before_a_unit_is_told),
        cmocka_unit_test(a_text_of_blanks_has_no_units),
        cmocka_unit_test(a_word_has_its_row_in_any_case),
        cmocka_unit_test(numbers_are_words_by_length),
        cmocka_unit_test(hashes_are_fnv_1a),
        cmocka_unit_test(case_spacing_and_lists_have_rows),
        cmocka_unit_test(decoding_finds_the_best_row_of_whole_spans),
        cmocka_unit_test(every_decoded_row_is_of_whole_spans),
        cmocka_unit_test(personal_is_what_is_not_outside),
        cmocka_unit_test(a_file_that_is_no_tagger_is_refused),
        cmocka_unit_test(each_key_must_be_there),
        cmocka_unit_test(another_shape_or_inventory_is_refused),
        cmocka_unit_test(each_tensor_must_be_there_in_its_shape),
        cmocka_unit_test(a_file_cut_short_is_refused),
        cmocka_unit_test(short_texts),
        cmocka_unit_test(long_texts_are_the_same_with_any_number_of_threads),
        cmocka_unit_test(one_long_word_and_one_long_number),
        cmocka_unit_test(spans_are_appended),
        cmocka_unit_test(a_piece_ends_behind_a_line),
        cmocka_unit_test(each_window_tells_its_own_part),
        cmocka_unit_test(another_instruction_set_finds_nearly_the_same),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(the_built_in_model_opens_with_the_kinds_it_was_made_for),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
