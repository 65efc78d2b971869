/* SPDX-License-Identifier: MIT
 *
 * The rules by example: every file of tests/rules holds lines of notes in which what must be found
 * is marked (tests/rules/README.md). A file is a test. known-gaps.txt holds lines that the rules do
 * not get right yet, and says how many of them must.
 */
#include "check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anon/anon.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/strbuf.h"

#define OPEN "\xe2\x9f\xaa"  /* U+27EA */
#define CLOSE "\xe2\x9f\xab" /* U+27EB */
#define GAPS "known-gaps.txt"

enum { FILES_MAX = 64, MARKS_MAX = 256, CASE_MAX_BYTES = 16384 };

struct mark {
    size_t start, end; /* code points */
    enum kind kind;
};

struct marked {
    struct strbuf text; /* without its marks */
    struct mark marks[MARKS_MAX];
    size_t n;
};

static struct policy *policy;
static struct anonymizer *anonymizer;
static char paths[FILES_MAX][512];

static int open_anonymizer(void **state) {
    (void)state;
    struct error err;
    if (policy_open(&policy, "meddocan", &err)) return -1;
    const struct anonymizer_options opt = {.policy = policy, .detectors = DETECTOR_RULES};
    return anonymizer_open(&anonymizer, &opt, &err) == OK ? 0 : -1;
}

static int close_anonymizer(void **state) {
    (void)state;
    anonymizer_close(anonymizer);
    policy_close(policy);
    return 0;
}

/* What is compared only where a case marks it. */
static bool is_optional(enum kind kind) {
    return kind == KIND_SEX || kind == KIND_KINSHIP || kind == KIND_OTHER;
}

static bool same_kind(enum kind a, enum kind b) {
    return a == b || (kind_is_name(a) && kind_is_name(b));
}

/* NULL, or why the marks cannot be read. */
static const char *read_marks(struct marked *m, const char *s) {
    strbuf_init(&m->text, CASE_MAX_BYTES);
    m->n = 0;
    bool inside = false;
    size_t at = 0; /* code points */
    while (*s) {
        if (strncmp(s, OPEN, 3) == 0) {
            char name[32];
            const size_t n = strcspn(s + 3, "|\n");
            if (inside || n >= sizeof(name) || s[3 + n] != '|' || m->n == MARKS_MAX)
                return "a mark that does not begin well";
            memcpy(name, s + 3, n);
            name[n] = '\0';
            const enum kind kind = strcmp(name, "any") == 0 ? KIND_NAME_OTHER
                                                            : kind_from_name(name);
            if (kind == KIND_COUNT) return "a mark of no kind";
            m->marks[m->n] = (struct mark){.start = at, .kind = kind};
            inside = true;
            s += 4 + n;
        } else if (strncmp(s, CLOSE, 3) == 0) {
            if (!inside || m->marks[m->n].start == at) return "a mark that does not end well";
            m->marks[m->n++].end = at;
            inside = false;
            s += 3;
        } else {
            at += ((unsigned char)*s & 0xc0) != 0x80;
            strbuf_putc(&m->text, *s++);
        }
    }
    if (inside) return "a mark without its end";
    return m->text.failed ? "a case that is too long" : NULL;
}

/* Writes the text with the marks again. */
static void show_marks(struct strbuf *out, const char *text, const struct mark *marks, size_t n) {
    size_t at = 0, i = 0;
    bool inside = false;
    for (const char *s = text;; s++) {
        if (((unsigned char)*s & 0xc0) == 0x80) {
            strbuf_putc(out, *s);
            continue;
        }
        if (inside && marks[i].end == at) {
            strbuf_puts(out, CLOSE);
            inside = false;
            i++;
        }
        if (!inside && i < n && marks[i].start == at) {
            strbuf_printf(out, OPEN "%s|", kind_name(marks[i].kind));
            inside = true;
        }
        if (*s == '\0') break;
        strbuf_putc(out, *s);
        at++;
    }
}

/* Whether the rules find in `text` what is marked in it; says so when not, unless `quiet`. */
static bool check_case(const char *file, size_t line, const char *text, bool quiet) {
    struct error err;
    struct marked want;
    const char *why = read_marks(&want, text);
    if (why) {
        print_error("%s:%zu: %s\n", file, line, why);
        strbuf_release(&want.text);
        fail_msg("%s", "a case cannot be read");
    }
    struct document doc;
    struct anon_result result;
    assert_int_equal(document_from_bytes(&doc, strbuf_str(&want.text), want.text.n, &err), OK);
    assert_int_equal(anonymize(&result, anonymizer, &doc, &err), OK);
    struct mark got[MARKS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < result.n_spans && n < MARKS_MAX; i++) {
        const struct anon_span *s = &result.spans[i];
        bool wanted = !is_optional(s->kind);
        for (size_t j = 0; j < want.n; j++)
            wanted = wanted || want.marks[j].kind == s->kind;
        if (wanted) got[n++] = (struct mark){s->start, s->end, s->kind};
    }
    bool same = n == want.n;
    for (size_t i = 0; same && i < n; i++)
        same = got[i].start == want.marks[i].start && got[i].end == want.marks[i].end &&
               same_kind(got[i].kind, want.marks[i].kind);
    if (!same && !quiet) {
        struct strbuf shown;
        strbuf_init(&shown, 4 * CASE_MAX_BYTES);
        show_marks(&shown, strbuf_str(&want.text), got, n);
        print_error("%s:%zu:\n  expected: %s\n     found: %s\n", file, line, text,
                    strbuf_str(&shown));
        strbuf_release(&shown);
    }
    anon_result_release(&result);
    document_close(&doc);
    strbuf_release(&want.text);
    return same;
}

struct count {
    size_t cases, right;
};

static struct count run_file(const char *path, bool quiet) {
    struct error err;
    struct file_bytes bytes;
    struct count count = {0};
    assert_int_equal(file_read(&bytes, path, 1 << 20, &err), OK);
    struct strbuf text, tail; /* the case that is being read; what is put after each ("#+") */
    strbuf_init(&text, CASE_MAX_BYTES);
    strbuf_init(&tail, CASE_MAX_BYTES);
    const char *const base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const char *s = (const char *)bytes.data;
    const char *const end = s + bytes.n;
    bool block = false;
    size_t begins = 0;
    for (size_t line = 1; s < end; line++) {
        const char *to = memchr(s, '\n', (size_t)(end - s));
        if (!to) to = end;
        const size_t n = (size_t)(to - s);
        const bool rule = n == 3 && memcmp(s, "---", 3) == 0;
        bool whole = false;
        if (rule) {
            whole = block;
            block = !block;
            if (block) begins = line + 1;
        } else if (block) {
            if (text.n) strbuf_putc(&text, '\n');
            strbuf_append(&text, s, n);
        } else if (n > 0 && *s != '#') {
            strbuf_append(&text, s, n);
            begins = line;
            whole = true;
        }
        if (!block && n > 3 && memcmp(s, "#+ ", 3) == 0) {
            strbuf_clear(&tail);
            strbuf_putc(&tail, '\n');
            strbuf_append(&tail, s + 3, n - 3);
        }
        if (whole) {
            strbuf_puts(&text, strbuf_str(&tail));
            count.cases++;
            count.right += check_case(base, begins, strbuf_str(&text), quiet);
            strbuf_clear(&text);
        }
        s = to < end ? to + 1 : end;
    }
    if (block) fail_msg("%s: the last block has no end", base);
    strbuf_release(&text);
    strbuf_release(&tail);
    file_bytes_release(&bytes);
    return count;
}

static void cases_are_found_as_marked(void **state) {
    const struct count count = run_file(*state, false);
    assert_true(count.cases > 0);
    if (count.right < count.cases)
        fail_msg("%zu of %zu cases differ", count.cases - count.right, count.cases);
}

static void known_gaps_do_not_widen(void **state) {
    struct error err;
    struct file_bytes bytes;
    unsigned long least = 0;
    char first[64] = "";
    assert_int_equal(file_read(&bytes, *state, 1 << 20, &err), OK);
    const size_t n = bytes.n < sizeof(first) - 1 ? bytes.n : sizeof(first) - 1;
    if (n) memcpy(first, bytes.data, n);
    file_bytes_release(&bytes);
    if (sscanf(first, "# at least %lu pass", &least) != 1)
        fail_msg("%s: the first line must be '# at least N pass'", GAPS);
    const struct count count = run_file(*state, getenv("SIGILO_TEST_GAPS") == NULL);
    print_message("# %s: %zu of %zu pass, at least %lu must\n", GAPS, count.right, count.cases,
                  least);
    if (count.right < least) fail_msg("%zu pass, at least %lu must", count.right, least);
}

static int by_name(const void *a, const void *b) {
    return strcmp(a, b);
}

static size_t list_files(const char *folder) {
    size_t n = 0;
    DIR *dir = opendir(folder);
    if (!dir) return 0;
    for (const struct dirent *e; (e = readdir(dir));) {
        const size_t len = strlen(e->d_name);
        if (len < 5 || strcmp(e->d_name + len - 4, ".txt") != 0 || n == FILES_MAX) continue;
        const int room = snprintf(paths[n], sizeof(paths[n]), "%s/%s", folder, e->d_name);
        n += room > 0 && (size_t)room < sizeof(paths[n]);
    }
    closedir(dir);
    qsort(paths, n, sizeof(paths[0]), by_name);
    return n;
}

int main(int argc, char **argv) {
    const char *folder = argc > 1 ? argv[1] : getenv("SIGILO_TEST_RULES");
    const size_t n = folder ? list_files(folder) : 0;
    if (n == 0) {
        fprintf(stderr, "usage: test_rules FOLDER (tests/rules), or SIGILO_TEST_RULES\n");
        return 1;
    }
    struct CMUnitTest tests[FILES_MAX];
    memset(tests, 0, sizeof(tests));
    for (size_t i = 0; i < n; i++) {
        const char *const name = strrchr(paths[i], '/') + 1;
        tests[i].name = name;
        tests[i].test_func = strcmp(name, GAPS) == 0 ? known_gaps_do_not_widen
                                                     : cases_are_found_as_marked;
        tests[i].initial_state = paths[i];
    }
    return _cmocka_run_group_tests("rules", tests, n, open_anonymizer, close_anonymizer);
}
