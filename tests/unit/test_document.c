/* SPDX-License-Identifier: MIT
 *
 * doc/document: what is text, what is refused by name, what is refused as binary.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "doc/doc.h"

static enum status from(struct document *doc, const void *bytes, size_t n, struct error *err) {
    *doc = (struct document){0};
    return document_from_bytes(doc, bytes, n, err);
}

static void text_is_kept_byte_for_byte(void **state) {
    (void)state;
    struct error err;
    struct document doc;
    const char text[] = "\xef\xbb\xbfP\xc3\xa9rez\r\n\0\xff x";
    assert_int_equal(from(&doc, text, sizeof(text) - 1, &err), OK);
    assert_int_equal(doc.n_bytes, sizeof(text) - 1);
    assert_memory_equal(doc.bytes, text, sizeof(text));
    assert_int_equal(doc.encoding, ENCODING_UTF_8);
    assert_int_equal(doc.faults.n_broken, 1);
    assert_int_equal(doc.faults.n_nul, 1);
    assert_int_equal(doc.faults.n_codepoints, 12);
    document_close(&doc);
    assert_null(doc.bytes);
    document_close(&doc);
}

static void nothing_is_a_document(void **state) {
    (void)state;
    struct error err;
    struct document doc;
    assert_int_equal(from(&doc, NULL, 0, &err), OK);
    assert_int_equal(doc.n_bytes, 0);
    document_close(&doc);
}

static void known_formats_are_named(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *name;
    } cases[] = {
        {"%PDF-1.7\n", 9, "PDF"},
        {"PK\3\4\24\0", 6, "docx"},
        {"PK\5\6\0\0", 6, "ZIP"},
        {"\x89PNG\r\n\x1a\n", 8, "PNG"},
        {"\xff\xd8\xff\xe0", 4, "JPEG"},
        {"GIF89a..", 8, "GIF"},
        {"\x1f\x8b\x08", 3, "gzip"},
        {"\x7f"
         "ELF\2",
         5, "ELF"},
        {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, "OLE2"},
        {"GGUF\3\0\0\0", 8, "GGUF"},
        {"GGUF\0\0\0\3", 8, "GGUF"},
        {"{\\rtf1\\ansi", 11, "RTF"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err;
        struct document doc;
        assert_int_equal(from(&doc, cases[i].bytes, cases[i].n, &err), ERR_UNSUPPORTED);
        assert_non_null(strstr(err.message, cases[i].name));
    }
}

static void prose_that_begins_like_a_format_is_text(void **state) {
    (void)state;
    static const char *const texts[] = {
        "GGUF es un formato", "PK de la droga", "GIF", "%PD", "{rtf}", "\xff", "BZh"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct error err;
        struct document doc;
        assert_int_equal(from(&doc, texts[i], strlen(texts[i]), &err), OK);
        document_close(&doc);
    }
}

/* n characters of which n_controls are control characters. */
static enum status with_controls(size_t n, size_t n_controls, char control) {
    struct error err;
    struct document doc;
    char *text = mem_alloc(n);
    memset(text, 'a', n);
    memset(text, control, n_controls);
    enum status st = from(&doc, text, n, &err);
    if (st == OK) document_close(&doc);
    mem_free(text);
    return st;
}

static void binary_is_sixteen_and_more_than_one_percent(void **state) {
    (void)state;
    assert_int_equal(with_controls(15, 15, 1), OK);
    assert_int_equal(with_controls(16, 16, 1), ERR_UNSUPPORTED);
    assert_int_equal(with_controls(16, 16, 0), ERR_UNSUPPORTED);
    assert_int_equal(with_controls(16, 16, 0x7f), ERR_UNSUPPORTED);
    assert_int_equal(with_controls(1600, 16, 1), OK); /* exactly 1 % is not more */
    assert_int_equal(with_controls(1599, 16, 1), ERR_UNSUPPORTED);
    assert_int_equal(with_controls(1699, 16, 1), OK);
    assert_int_equal(with_controls(1699, 17, 1), ERR_UNSUPPORTED);
    assert_int_equal(with_controls(40, 40, '\t'), OK);
    assert_int_equal(with_controls(40, 40, '\f'), OK);
    assert_int_equal(with_controls(40, 40, '\r'), OK);
}

/* The share is of decoded characters: in UTF-16 every letter has a NUL byte that is none. */
static void controls_are_counted_after_decoding(void **state) {
    (void)state;
    struct error err;
    struct document doc;
    unsigned char wide[402] = {0xff, 0xfe};
    for (size_t i = 2; i < sizeof(wide); i += 2)
        wide[i] = 'a';
    assert_int_equal(from(&doc, wide, sizeof(wide), &err), OK);
    assert_int_equal(doc.encoding, ENCODING_UTF_16LE);
    assert_int_equal(doc.faults.n_controls, 0);
    document_close(&doc);
    assert_int_equal(from(&doc, wide + 2, sizeof(wide) - 2, &err), ERR_UNSUPPORTED);
}

static void reads_files_and_names_them_in_messages(void **state) {
    (void)state;
    struct error err;
    struct document doc = {0};
    char path[] = "/tmp/sigilo-test-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(file_write(path, "Edad: 40", 8, true, &err), OK);
    assert_int_equal(document_read(&doc, path, &err), OK);
    assert_int_equal(doc.n_bytes, 8);
    document_close(&doc);
    assert_int_equal(file_write(path, "%PDF-1.4", 8, true, &err), OK);
    assert_int_equal(document_read(&doc, path, &err), ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, path));
    unlink(path);
    assert_int_equal(document_read(&doc, path, &err), ERR_NOT_FOUND);
    assert_int_equal(document_read(&doc, "/tmp", &err), ERR_IO);
}

static void messages_never_hold_text(void **state) {
    (void)state;
    struct error err;
    struct document doc;
    char text[64];
    memset(text, 1, sizeof(text));
    memcpy(text + 30, "Fulana", 6);
    assert_int_equal(from(&doc, text, sizeof(text), &err), ERR_UNSUPPORTED);
    assert_null(strstr(err.message, "Fulana"));
}

static void lack_of_memory_is_told(void **state) {
    (void)state;
    struct error err;
    struct document doc;
    mem_fail_after(1);
    assert_int_equal(from(&doc, "x", 1, &err), ERR_NOMEM);
    mem_fail_after(0);
}

static void names_are_chosen_by_their_end(void **state) {
    (void)state;
    assert_true(document_name_is_readable("a.txt"));
    assert_true(document_name_is_readable("a.b.TXT"));
    assert_true(document_name_is_readable("a.md"));
    assert_false(document_name_is_readable("a.ann"));
    assert_false(document_name_is_readable("a"));
    assert_false(document_name_is_readable(""));
    assert_false(document_name_is_readable(".txt"));
    assert_false(document_name_is_readable(".a.txt"));
    assert_false(document_name_is_readable("a.txt~"));
    assert_false(document_name_is_readable("txt"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_kept_byte_for_byte),
        cmocka_unit_test(nothing_is_a_document),
        cmocka_unit_test(known_formats_are_named),
        cmocka_unit_test(prose_that_begins_like_a_format_is_text),
        cmocka_unit_test(binary_is_sixteen_and_more_than_one_percent),
        cmocka_unit_test(controls_are_counted_after_decoding),
        cmocka_unit_test(reads_files_and_names_them_in_messages),
        cmocka_unit_test(messages_never_hold_text),
        cmocka_unit_test(lack_of_memory_is_told),
        cmocka_unit_test(names_are_chosen_by_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
