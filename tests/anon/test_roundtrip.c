/* SPDX-License-Identifier: MIT
 *
 * The property test: over every document of every corpus, and over mutants of them, what
 * invariants.h promises holds; and a document finds the same in every encoding it can be written
 * in.
 *
 *   test_roundtrip SOURCE-DIRECTORY own|shared
 *
 * SIGILO_MUTANTS=N tries N mutants (2,000 unless set; below 1,000 one in ten of MEDDOCAN is read).
 * Mutant k is made from seed k alone: SIGILO_MUTANT=k tries that one. Messages name document, seed
 * and offsets, never text.
 */
#include "../unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "documents.h"
#include "invariants.h"

enum { N_SUBJECTS = 8, COMPLAINTS_MAX = 20 };

static struct texts texts;
static struct subject subjects[N_SUBJECTS];
static size_t n_complaints;

/* Says it at once and goes on: a run should show all there is to mend. */
static void complain(const char *name, const char *what, const struct subject *s, const char *why) {
    if (n_complaints++ < COMPLAINTS_MAX)
        fprintf(stderr, "%s%s (%s, %s): %s\n", name, what, s->policy_name, s->action, why);
}

static void check(const char *name, const char *what, const void *bytes, size_t n,
                  const struct subject *s, unsigned checks) {
    struct error err;
    if (!invariants_hold(s, bytes, n, checks, &err)) complain(name, what, s, err.message);
}

/* ---- as they are ---- */

static void every_document_keeps_the_promises(void **state) {
    (void)state;
    for (size_t i = 0; i < texts.list.n; i++) {
        const struct text *t = texts_at(&texts, i);
        for (size_t k = 0; k < N_SUBJECTS; k++)
            check(t->name, "", t->bytes, t->n, &subjects[k],
                  k % 4 == 0 ? CHECK_REPEAT | CHECK_STABLE : CHECK_STABLE);
    }
    assert_int_equal(n_complaints, 0);
}

static void notes_that_hold_placeholders_keep_the_promises(void **state) {
    (void)state;
    static const char *const notes[] = {
        "[NOMBRE]",
        "[FECHA_2]",
        "Paciente: [NOMBRE] CI: [CI] F. Nac.: [FECHA_2]\nDr. [NOMBRE] Pérez, tel. [TELEFONO] 099 "
        "412 087\n",
        "Paciente: Graciela [NOMBRE] Etchepare\n[NOMBRE_1] y [NOMBRE_2], hija de [NOMBRE_1].\n",
        "[[NOMBRE]] [ NOMBRE ] [nombre] [NOMBRE [CI] 4.123.456-7] NOMBRE] [NOMBRE\n",
        "Dom: [DIRECCIÓN] 2847, [UBICACIÓN]. [DIRECCION] [UBICACION_12]\r\n[EDAD] años, "
        "[PROFESION]",
        "Sra. [NOMBRE]Etchepare[NOMBRE] 12/03/2025[FECHA]12/03/2025",
        "Nombre: *** *** CI: *.***.***-*\n",
        "[NOMBRE_SUJETO_ASISTENCIA] [FECHAS] [CALLE] Nombre: [NOMBRE_PERSONAL_SANITARIO] Juan "
        "Pérez",
    };
    for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
        char name[32];
        snprintf(name, sizeof(name), "placeholder note %zu", i);
        for (size_t k = 0; k < N_SUBJECTS; k++)
            check(name, "", notes[i], strlen(notes[i]), &subjects[k], CHECK_REPEAT | CHECK_STABLE);
    }
    assert_int_equal(n_complaints, 0);
}

/* ---- in other encodings ---- */

struct form {
    const char *name;
    enum encoding encoding;
    bool bom, crlf;
};

static const struct form forms[] = {
    {" as UTF-8 with BOM", ENCODING_UTF_8, true, false},
    {" as UTF-16LE", ENCODING_UTF_16LE, true, false},
    {" as UTF-16BE", ENCODING_UTF_16BE, true, false},
    {" as UTF-32LE", ENCODING_UTF_32LE, true, false},
    {" as UTF-32BE", ENCODING_UTF_32BE, true, false},
    {" as Windows-1252 with CRLF", ENCODING_WINDOWS_1252, false, true},
    {" as UTF-8 with CRLF", ENCODING_UTF_8, false, true},
};

enum { CP_BOM = 0xfeff };

/* Writes the document in the form. moved[i]: where its code point i then is, [count + 1]. False
 * when the form has no such character. */
static bool rewrite(struct strbuf *out, size_t *moved, const struct text *t, const struct form *f) {
    size_t at = 0, index = 0, to = 0;
    if (f->bom) {
        encoding_append(out, f->encoding, CP_BOM);
        to++;
    }
    for (uint32_t last = 0, cp; at < t->n; last = cp) {
        at += test_decode(ENCODING_UTF_8, t->bytes + at, t->n - at, &cp);
        if (cp == CP_BOM && index == 0) return false; /* one is enough */
        if (cp == '\n' && last != '\r' && f->crlf) {
            encoding_append(out, f->encoding, '\r');
            to++;
        }
        const size_t before = out->n;
        encoding_append(out, f->encoding, cp);
        if (f->encoding == ENCODING_WINDOWS_1252 && cp != '?' && out->data[before] == '?')
            return false;
        moved[index++] = to++;
    }
    moved[index] = to;
    return true;
}

/* A document and what is found in it. */
struct reading {
    struct document doc;
    struct anon_result result;
};

static bool read_and_anonymize(struct reading *r, const struct subject *s, const void *bytes,
                               size_t n, struct error *err) {
    *r = (struct reading){0};
    return document_from_bytes(&r->doc, bytes, n, err) == OK &&
           anonymize(&r->result, s->anonymizer, &r->doc, err) == OK;
}

static void reading_release(struct reading *r) {
    anon_result_release(&r->result);
    document_close(&r->doc);
}

/* The spans of one are those of the other, moved. */
static bool is_moved(const struct reading *a, const struct reading *b, const size_t *moved,
                     struct error *err) {
    if (a->result.n_spans != b->result.n_spans) {
        fail(err, ERR_INVALID, "%zu spans, not %zu", b->result.n_spans, a->result.n_spans);
        return false;
    }
    for (size_t i = 0; i < a->result.n_spans; i++) {
        const struct anon_span *x = &a->result.spans[i], *y = &b->result.spans[i];
        const size_t start = moved[x->start], end = moved[x->end - 1] + 1;
        if (y->start == start && y->end == end && y->kind == x->kind) continue;
        fail(err, ERR_INVALID, "span %zu is %s %u-%u, not %s %zu-%zu", i, kind_name(y->kind),
             y->start, y->end, kind_name(x->kind), start, end);
        return false;
    }
    return true;
}

/* Pure ASCII in Windows-1252 is as well UTF-8. */
static bool is_read_as(const struct reading *r, const struct form *f) {
    return r->doc.encoding == f->encoding ||
           (f->encoding == ENCODING_WINDOWS_1252 && r->doc.encoding == ENCODING_UTF_8);
}

/* False when the form lacks a character of the document, and nothing was tried. */
static bool try_form(const struct text *t, const struct reading *plain, const struct form *f,
                     const struct subject *s, size_t *moved) {
    struct strbuf other;
    struct reading r;
    struct error err;
    strbuf_init(&other, SIZE_MAX / 2);
    const bool can = rewrite(&other, moved, t, f);
    if (can) {
        check(t->name, f->name, other.data, other.n, s, f->crlf ? CHECK_STABLE : 0);
        bool good = read_and_anonymize(&r, s, other.data, other.n, &err);
        if (good && !is_read_as(&r, f)) {
            fail(&err, ERR_INVALID, "read as %s", encoding_name(r.doc.encoding));
            good = false;
        }
        if (!good || !is_moved(plain, &r, moved, &err)) complain(t->name, f->name, s, err.message);
        reading_release(&r);
    }
    strbuf_release(&other);
    return can;
}

static void every_encoding_finds_the_same(void **state) {
    (void)state;
    enum { N_FORMS = sizeof(forms) / sizeof(forms[0]) };
    const struct subject *s = &subjects[0];
    size_t n_tried[N_FORMS] = {0};
    for (size_t i = 0; i < texts.list.n; i++) {
        const struct text *t = texts_at(&texts, i);
        struct reading plain;
        struct error err;
        size_t *moved = mem_alloc((t->n + 1) * sizeof(*moved));
        assert_non_null(moved);
        assert_true(read_and_anonymize(&plain, s, t->bytes, t->n, &err));
        for (size_t f = 0; f < N_FORMS; f++)
            n_tried[f] += try_form(t, &plain, &forms[f], s, moved);
        reading_release(&plain);
        mem_free(moved);
    }
    for (size_t f = 0; f < N_FORMS; f++)
        assert_true(n_tried[f] > texts.list.n / 4); /* few hold what Windows-1252 lacks */
    assert_int_equal(n_complaints, 0);
}

/* ---- mutants ---- */

struct random {
    uint64_t state;
};

/* splitmix64: any seed, the smallest too, gives a good stream. */
static uint64_t next_random(struct random *r) {
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static size_t below(struct random *r, size_t n) {
    return n ? (size_t)(next_random(r) % n) : 0;
}

/* text[at, at + n_old) becomes n_new other bytes. */
static void edit(struct strbuf *text, size_t at, size_t n_old, const void *fresh, size_t n_new) {
    struct strbuf out;
    strbuf_init(&out, SIZE_MAX / 2);
    strbuf_append(&out, strbuf_str(text), at);
    strbuf_append(&out, fresh, n_new);
    strbuf_append(&out, strbuf_str(text) + at + n_old, text->n - at - n_old);
    strbuf_release(text);
    *text = out;
}

/* The line that holds `at`, its end with it. */
static size_t line_at(const struct strbuf *text, size_t at, size_t *n) {
    const char *data = strbuf_str(text);
    size_t end = at;
    while (at > 0 && data[at - 1] != '\n')
        at--;
    while (end < text->n && data[end] != '\n')
        end++;
    *n = end + (end < text->n) - at;
    return at;
}

static void swap_lines(struct strbuf *text, struct random *r) {
    size_t n;
    const size_t from = line_at(text, below(r, text->n), &n);
    char *line = mem_strndup(strbuf_str(text) + from, n);
    assert_non_null(line);
    edit(text, from, n, "", 0);
    size_t ignored;
    edit(text, line_at(text, below(r, text->n), &ignored), 0, line, strlen(line));
    mem_free(line);
}

static void change_case(struct strbuf *text, size_t at, size_t n, bool upper) {
    for (size_t i = at; i < at + n; i++) {
        char *c = &text->data[i];
        if (upper && *c >= 'a' && *c <= 'z') *c -= 32;
        if (!upper && *c >= 'A' && *c <= 'Z') *c += 32;
    }
}

/* What likes to break scanners: marks, broken and odd UTF-8, NULs, placeholders, titles, digits. */
static const struct {
    const char *bytes;
    size_t n;
} bits[] = {
#define BIT(s)                                                                                     \
    { s, sizeof(s) - 1 }
    BIT("\0"),
    BIT("\xff"),
    BIT("\xc3"),
    BIT("\xe2\x80"),
    BIT("\xed\xa0\x80"),
    BIT("\xf4\x90\x80\x80"),
    BIT("\xe2\x80\x8b"),
    BIT("\xcc\x81"),
    BIT("\xef\xbb\xbf"),
    BIT("\xc2\xa0"),
    BIT("\xc2\xad"),
    BIT("\n"),
    BIT("\r"),
    BIT("\r\n"),
    BIT("\n\n"),
    BIT("\t"),
    BIT("\f"),
    BIT(" "),
    BIT("   "),
    BIT(":"),
    BIT(","),
    BIT("."),
    BIT("-"),
    BIT("/"),
    BIT("("),
    BIT("["),
    BIT("]"),
    BIT("[NOMBRE]"),
    BIT("[NOMBRE_3]"),
    BIT("[FECHA"),
    BIT("[REGISTRO]"),
    BIT("Dr. "),
    BIT("Sra. "),
    BIT(" de la "),
    BIT("CI: "),
    BIT("tel "),
    BIT("@"),
    BIT("4.123.456-7"),
    BIT("099 123 456"),
    BIT("12/3/24"),
    BIT("7"),
    BIT("0"),
    BIT("x"),
    BIT("\xef\xbc\x91"),
    BIT("\xd0\xa0"),
    BIT("a\xc3\xb1os"),
    BIT("Paciente: "),
    BIT("Hospital "),
#undef BIT
};

static void mutate(struct strbuf *text, struct random *r) {
    const size_t at = below(r, text->n + 1), left = text->n - at;
    const size_t n = below(r, left < 40 ? left + 1 : 40);
    switch (below(r, 10)) {
    case 0: edit(text, at, n, "", 0); break;        /* delete */
    case 1: edit(text, at, left > 0, "", 0); break; /* one byte */
    case 2: {                                       /* duplicate */
        char copy[40];
        memcpy(copy, strbuf_str(text) + at, n);
        edit(text, at, 0, copy, n);
        break;
    }
    case 3: { /* any byte, put in or over */
        const char c = (char)below(r, 256);
        edit(text, at, left > 0 && below(r, 2), &c, 1);
        break;
    }
    case 4: swap_lines(text, r); break;
    case 5: change_case(text, at, n, below(r, 2)); break;
    case 6: { /* splice: the tail of another */
        const struct text *other = texts_at(&texts, below(r, texts.list.n));
        const size_t from = below(r, other->n + 1);
        edit(text, at, left, other->bytes + from, other->n - from);
        break;
    }
    default: {
        const size_t k = below(r, sizeof(bits) / sizeof(bits[0]));
        edit(text, at, 0, bits[k].bytes, bits[k].n);
    }
    }
}

static void try_mutant(uint64_t seed) {
    struct random r = {seed};
    const struct text *t = texts_at(&texts, below(&r, texts.list.n));
    struct strbuf text;
    char what[64];
    strbuf_init(&text, SIZE_MAX / 2);
    strbuf_append(&text, (const char *)t->bytes, t->n);
    for (size_t n = 1 + below(&r, 12); n; n--)
        mutate(&text, &r);
    assert_false(text.failed);
    snprintf(what, sizeof(what), ", mutant %llu", (unsigned long long)seed);
    check(t->name, what, strbuf_str(&text), text.n, &subjects[below(&r, N_SUBJECTS)],
          CHECK_REPEAT | CHECK_STABLE);
    strbuf_release(&text);
}

static unsigned long long setting(const char *name, unsigned long long otherwise) {
    const char *value = getenv(name);
    return value && *value ? strtoull(value, NULL, 10) : otherwise;
}

static unsigned long long n_mutants(void) {
    return setting("SIGILO_MUTANTS", 2000);
}

static void mutants_keep_the_promises(void **state) {
    (void)state;
    if (getenv("SIGILO_MUTANT")) {
        try_mutant(setting("SIGILO_MUTANT", 0));
    } else {
        for (unsigned long long seed = 1; seed <= n_mutants(); seed++)
            try_mutant(seed);
    }
    assert_int_equal(n_complaints, 0);
}

/* ---- the program ---- */

static int reset(void **state) {
    (void)state;
    n_complaints = 0;
    return 0;
}

static bool open_subjects(void) {
    static const char *const operators[] = {"placeholder", "numbered", "mask", "remove"};
    bool good = true;
    for (size_t k = 0; k < N_SUBJECTS; k++)
        good &= subject_open(&subjects[k], k < N_SUBJECTS / 2 ? "uruguay" : "meddocan",
                             operators[k % 4]);
    return good;
}

int main(int argc, char **argv) {
    const bool shared = argc == 3 && strcmp(argv[2], "shared") == 0;
    if (argc != 3 || (!shared && strcmp(argv[2], "own") != 0)) {
        fprintf(stderr, "usage: test_roundtrip SOURCE-DIRECTORY own|shared\n");
        return 1;
    }
    if (!open_subjects() || !texts_load(&texts, argv[1], shared, n_mutants() < 1000)) {
        fprintf(stderr, "test_roundtrip: policies or documents cannot be read\n");
        return 1;
    }
    if (texts.list.n == 0) {
        printf("1..0 # SKIP ../shared is absent\n");
        return !shared;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_document_keeps_the_promises, reset),
        cmocka_unit_test_setup(notes_that_hold_placeholders_keep_the_promises, reset),
        cmocka_unit_test_setup(every_encoding_finds_the_same, reset),
        cmocka_unit_test_setup(mutants_keep_the_promises, reset),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t k = 0; k < N_SUBJECTS; k++)
        subject_close(&subjects[k]);
    texts_release(&texts);
    return failed;
}
