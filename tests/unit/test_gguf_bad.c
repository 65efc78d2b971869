/* SPDX-License-Identifier: MIT
 *
 * gguf: files that break the format are refused with a sentence that names the file, the thing and
 * the numbers. A case is a function that makes the bytes; the table says what must come of them.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gguf_make.h"

/* A right file but for what a case changes: one pair, one tensor of 32 F32. */
static void put_usual(struct strbuf *b) {
    put_head(b, 3, 1, 1);
    put_pair_string(b, "general.architecture", "llama");
    put_tensor(b, "token_embd.weight", 32, 1, 0, 0);
    put_data(b, 32, 128);
}

static void not_a_gguf(struct strbuf *b) {
    put_usual(b);
    memcpy(b->data, "GGML", 4);
}

static void three_bytes(struct strbuf *b) {
    strbuf_puts(b, "GGU");
}

static void empty(struct strbuf *b) {
    (void)b;
}

static void big_endian(struct strbuf *b) {
    put_usual(b);
    memcpy(b->data + 4, "\0\0\0\3", 4);
}

static void version_1(struct strbuf *b) {
    put_usual(b);
    b->data[4] = 1;
}

static void version_0(struct strbuf *b) {
    put_usual(b);
    b->data[4] = 0;
}

static void version_9(struct strbuf *b) {
    put_usual(b);
    b->data[4] = 9;
}

static void billions_of_pairs(struct strbuf *b) {
    put_head(b, 3, 0, 5000000000u);
    put_pair_u32(b, "a", 1);
}

static void billions_of_tensors(struct strbuf *b) {
    put_head(b, 3, UINT64_MAX, 0);
    put_data(b, 32, 128);
}

static void one_pair_too_few(struct strbuf *b) {
    put_head(b, 3, 0, 2);
    put_pair_u32(b, "general.alignment", 32);
    put_data(b, 32, 4);
}

static void key_of_an_exabyte(struct strbuf *b) {
    put_head(b, 3, 0, 1);
    put_u64(b, 1ull << 60);
    put_data(b, 32, 64);
}

static void key_too_long(struct strbuf *b) {
    put_head(b, 3, 0, 1);
    put_u64(b, 70000);
    put_data(b, 32, 80000);
}

static void key_empty(struct strbuf *b) {
    put_head(b, 3, 0, 1);
    put_pair_u32(b, "", 1);
    put_data(b, 32, 4);
}

static void key_twice(struct strbuf *b) {
    put_head(b, 3, 0, 3);
    put_pair_u32(b, "llama.block_count", 1);
    put_pair_u32(b, "other", 1);
    put_pair_u32(b, "llama.block_count", 2);
}

static void value_of_type_13(struct strbuf *b) {
    put_head(b, 3, 0, 1);
    put_key(b, "general.name", 13);
    put_u64(b, 0);
}

static void items_of_type_77(struct strbuf *b) {
    put_head(b, 3, 0, 1);
    put_key(b, "list", GGUF_ARRAY);
    put_u32(b, 77);
    put_u64(b, 0);
}

static void string_of_an_exabyte(struct strbuf *b) {
    put_head(b, 3, 0, 1);
    put_key(b, "general.name", GGUF_STRING);
    put_u64(b, UINT64_MAX);
    put_data(b, 32, 64);
}

static void array_of_2_to_62(struct strbuf *b) {
    put_head(b, 3, 0, 1);
    put_key(b, "scores", GGUF_ARRAY);
    put_u32(b, GGUF_F32);
    put_u64(b, 1ull << 62);
    put_data(b, 32, 64);
}

static void strings_of_2_to_61(struct strbuf *b) {
    put_head(b, 3, 0, 1);
    put_key(b, "tokens", GGUF_ARRAY);
    put_u32(b, GGUF_STRING);
    put_u64(b, 1ull << 61);
    put_data(b, 32, 64);
}

static void arrays_too_deep(struct strbuf *b) {
    put_head(b, 3, 0, 1);
    put_key(b, "deep", GGUF_ARRAY);
    for (int i = 0; i < 1000; i++) {
        put_u32(b, GGUF_ARRAY);
        put_u64(b, 1);
    }
    put_u32(b, GGUF_U8);
    put_u64(b, 0);
}

static void bool_of_2(struct strbuf *b) {
    put_head(b, 3, 0, 1);
    put_key(b, "flag", GGUF_BOOL);
    strbuf_putc(b, 2);
}

static void bools_of_2(struct strbuf *b) {
    put_head(b, 3, 0, 1);
    put_key(b, "flags", GGUF_ARRAY);
    put_u32(b, GGUF_BOOL);
    put_u64(b, 3);
    strbuf_append(b, "\0\1\2", 3);
}

static void put_alignment(struct strbuf *b, uint32_t alignment) {
    put_head(b, 3, 0, 1);
    put_pair_u32(b, "general.alignment", alignment);
}

static void alignment_0(struct strbuf *b) {
    put_alignment(b, 0);
}

static void alignment_48(struct strbuf *b) {
    put_alignment(b, 48);
}

static void alignment_2_to_31(struct strbuf *b) {
    put_alignment(b, 1u << 31);
}

static void alignment_a_string(struct strbuf *b) {
    put_head(b, 3, 0, 1);
    put_pair_string(b, "general.alignment", "32");
}

static void split_in_3(struct strbuf *b) {
    put_head(b, 3, 0, 2);
    put_key(b, "split.no", GGUF_U16);
    strbuf_append(b, "\0\0", 2);
    put_key(b, "split.count", GGUF_U16);
    strbuf_append(b, "\3\0", 2);
}

/* A file whose one tensor is described so. */
static void put_one_tensor(struct strbuf *b, uint64_t d0, uint64_t d1, uint32_t type,
                           uint64_t offset) {
    put_head(b, 3, 1, 0);
    put_tensor(b, "blk.0.ffn_up.weight", d0, d1, type, offset);
    put_data(b, 32, 1024);
}

static void tensor_type_4(struct strbuf *b) {
    put_one_tensor(b, 32, 1, 4, 0);
}

static void tensor_type_4_billion(struct strbuf *b) {
    put_one_tensor(b, 32, 1, UINT32_MAX, 0);
}

static void size_0(struct strbuf *b) {
    put_one_tensor(b, 32, 0, 0, 0);
}

static void sizes_overflow(struct strbuf *b) {
    put_one_tensor(b, 1u << 31, 1ull << 62, 0, 0);
}

static void row_overflows(struct strbuf *b) {
    put_one_tensor(b, 1ull << 63, 2, 0, 0);
}

static void rows_not_whole_blocks(struct strbuf *b) {
    put_one_tensor(b, 160, 1, 12, 0);
}

static void data_misaligned(struct strbuf *b) {
    put_one_tensor(b, 32, 1, 0, 16);
}

static void data_past_the_end(struct strbuf *b) {
    put_one_tensor(b, 32, 1, 0, 1024);
}

static void data_far_past_the_end(struct strbuf *b) {
    put_one_tensor(b, 32, 1, 0, UINT64_MAX - 31);
}

static void one_byte_short(struct strbuf *b) {
    put_usual(b);
    b->n--;
}

static void no_data_at_all(struct strbuf *b) {
    put_head(b, 3, 1, 0);
    put_tensor(b, "a", 32, 1, 0, 0);
}

static void five_dimensions(struct strbuf *b) {
    put_head(b, 3, 1, 0);
    put_string(b, "t");
    put_u32(b, 5);
    put_data(b, 32, 128);
}

static void no_dimensions(struct strbuf *b) {
    put_head(b, 3, 1, 0);
    put_string(b, "t");
    put_u32(b, 0);
    put_data(b, 32, 128);
}

static void tensor_twice(struct strbuf *b) {
    put_head(b, 3, 2, 0);
    put_tensor(b, "output.weight", 8, 1, 0, 0);
    put_tensor(b, "output.weight", 8, 1, 0, 32);
    put_data(b, 32, 64);
}

static void tensor_name_of_65(struct strbuf *b) {
    put_head(b, 3, 1, 0);
    put_tensor(b, "0123456789012345678901234567890123456789012345678901234567890abcd", 8, 1, 0, 0);
    put_data(b, 32, 64);
}

static void tensors_overlap(struct strbuf *b) {
    put_head(b, 3, 2, 0);
    put_tensor(b, "one", 16, 1, 0, 32);
    put_tensor(b, "two", 16, 1, 0, 0);
    put_data(b, 32, 128);
}

static void tensors_share_their_data(struct strbuf *b) {
    put_head(b, 3, 2, 0);
    put_tensor(b, "one", 8, 1, 0, 0);
    put_tensor(b, "two", 8, 1, 0, 0);
    put_data(b, 32, 128);
}

static const struct bad {
    const char *name;
    void (*put)(struct strbuf *b);
    enum status status;
    const char *says[3]; /* in the message, besides the file's name */
} bads[] = {
    {"not a GGUF", not_a_gguf, ERR_INVALID, {"not a GGUF"}},
    {"three bytes", three_bytes, ERR_INVALID, {"header", "cut short", "byte 3"}},
    {"empty", empty, ERR_INVALID, {"empty"}},
    {"big-endian", big_endian, ERR_UNSUPPORTED, {"big-endian"}},
    {"version 0", version_0, ERR_UNSUPPORTED, {"version 0"}},
    {"version 1", version_1, ERR_UNSUPPORTED, {"version 1"}},
    {"version 9", version_9, ERR_UNSUPPORTED, {"version 9"}},
    {"billions of pairs", billions_of_pairs, ERR_INVALID, {"5000000000 metadata pairs"}},
    {"billions of tensors", billions_of_tensors, ERR_INVALID, {"18446744073709551615 tensors"}},
    {"one pair too few", one_pair_too_few, ERR_INVALID, {"pair 2 of 2", "empty name"}},
    {"key of an exabyte", key_of_an_exabyte, ERR_INVALID, {"pair 1 of 1", "1152921504606846976"}},
    {"key too long", key_too_long, ERR_INVALID, {"pair 1 of 1", "70000", "65535"}},
    {"key empty", key_empty, ERR_INVALID, {"pair 1 of 1", "empty name"}},
    {"key twice", key_twice, ERR_INVALID, {"llama.block_count", "twice"}},
    {"value of type 13", value_of_type_13, ERR_INVALID, {"general.name", "type 13"}},
    {"items of type 77", items_of_type_77, ERR_INVALID, {"list", "type 77"}},
    {"string of an exabyte",
     string_of_an_exabyte,
     ERR_INVALID,
     {"general.name", "18446744073709551615"}},
    {"array of 2^62", array_of_2_to_62, ERR_INVALID, {"scores", "4611686018427387904", "f32"}},
    {"strings of 2^61", strings_of_2_to_61, ERR_INVALID, {"tokens", "2305843009213693952"}},
    {"arrays too deep", arrays_too_deep, ERR_INVALID, {"deep", "8 deep"}},
    {"bool of 2", bool_of_2, ERR_INVALID, {"flag", "bool 2"}},
    {"bools of 2", bools_of_2, ERR_INVALID, {"flags", "bool 2"}},
    {"alignment 0", alignment_0, ERR_INVALID, {"general.alignment", " 0;"}},
    {"alignment 48", alignment_48, ERR_INVALID, {"general.alignment", " 48;"}},
    {"alignment 2^31", alignment_2_to_31, ERR_INVALID, {"general.alignment", "2147483648"}},
    {"alignment a string", alignment_a_string, ERR_INVALID, {"general.alignment", "string"}},
    {"split", split_in_3, ERR_UNSUPPORTED, {"3 parts"}},
    {"tensor type 4", tensor_type_4, ERR_UNSUPPORTED, {"blk.0.ffn_up.weight", "type 4"}},
    {"tensor type 2^32-1", tensor_type_4_billion, ERR_UNSUPPORTED, {"type 4294967295"}},
    {"size 0", size_0, ERR_INVALID, {"blk.0.ffn_up.weight", "size 0", "dimension 2"}},
    {"sizes overflow",
     sizes_overflow,
     ERR_INVALID,
     {"blk.0.ffn_up.weight", "2147483648x4611686018427387904", "larger than the file"}},
    {"row overflows", row_overflows, ERR_INVALID, {"9223372036854775808x2"}},
    {"rows not whole blocks", rows_not_whole_blocks, ERR_INVALID, {"160 weights", "256", "Q4_K"}},
    {"data misaligned", data_misaligned, ERR_INVALID, {"blk.0.ffn_up.weight", "16", "32"}},
    {"data past the end", data_past_the_end, ERR_INVALID, {"blk.0.ffn_up.weight", "1024"}},
    {"data far past the end", data_far_past_the_end, ERR_INVALID, {"18446744073709551584"}},
    {"one byte short", one_byte_short, ERR_INVALID, {"token_embd.weight", "128 bytes"}},
    {"no data at all", no_data_at_all, ERR_INVALID, {"larger than the file"}},
    {"five dimensions", five_dimensions, ERR_INVALID, {"tensor 1 of 1", "5 dimensions"}},
    {"no dimensions", no_dimensions, ERR_INVALID, {"0 dimensions"}},
    {"tensor twice", tensor_twice, ERR_INVALID, {"two tensors", "output.weight"}},
    {"tensor name of 65", tensor_name_of_65, ERR_INVALID, {"65 bytes", "64"}},
    {"tensors overlap", tensors_overlap, ERR_INVALID, {"one", "two", "offset 32"}},
    {"tensors share data", tensors_share_their_data, ERR_INVALID, {"one", "two"}},
};

static void check_bad(const struct bad *bad) {
    struct strbuf b;
    unsigned char *copy;
    struct error err;
    strbuf_init(&b, 1 << 20);
    bad->put(&b);
    struct gguf *g = open_exact(&copy, strbuf_str(&b), b.n, &err);
    if (g) fail_msg("%s: was opened", bad->name);
    if (err.status != bad->status)
        fail_msg("%s: %s: %s", bad->name, status_name(err.status), err.message);
    if (strncmp(err.message, "model.gguf: ", 12) != 0)
        fail_msg("%s: the file is not named: %s", bad->name, err.message);
    for (size_t i = 0; i < 3 && bad->says[i]; i++)
        if (!strstr(err.message, bad->says[i]))
            fail_msg("%s: no \"%s\" in: %s", bad->name, bad->says[i], err.message);
    strbuf_release(&b);
}

static void each_is_refused_with_its_reason(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++)
        check_bad(&bads[i]);
}

static void the_usual_one_is_good(void **state) {
    (void)state;
    struct strbuf b;
    unsigned char *copy;
    struct error err;
    strbuf_init(&b, 1 << 20);
    put_usual(&b);
    struct gguf *g = open_exact(&copy, b.data, b.n, &err);
    assert_non_null(g);
    gguf_close(g);
    mem_free(copy);
    strbuf_release(&b);
}

static void cut_anywhere_it_is_refused(void **state) {
    (void)state;
    struct strbuf b;
    unsigned char *copy;
    struct error err;
    strbuf_init(&b, 1 << 20);
    put_usual(&b);
    for (size_t n = 0; n < b.n; n++) {
        struct gguf *g = open_exact(&copy, b.data, n, &err);
        if (g) fail_msg("opened with %zu of %zu bytes", n, b.n);
        assert_int_equal(err.status, ERR_INVALID);
    }
    strbuf_release(&b);
}

/* Any byte may have any value: opened or refused, never more than the file's bytes are read. */
static void any_byte_may_be_wrong(void **state) {
    (void)state;
    struct strbuf b;
    unsigned char *copy;
    struct error err;
    int n_refused = 0;
    strbuf_init(&b, 1 << 20);
    put_usual(&b);
    for (size_t at = 0; at < b.n - 128; at++) {
        const char right = b.data[at];
        for (int value = 0; value < 256; value++) {
            b.data[at] = (char)value;
            struct gguf *g = open_exact(&copy, b.data, b.n, &err);
            n_refused += g == NULL;
            if (g) mem_free(copy);
            gguf_close(g);
        }
        b.data[at] = right;
    }
    assert_true(n_refused > 10000);
    strbuf_release(&b);
}

static void check_path(const char *path, enum status status, const char *says) {
    struct gguf *g;
    struct error err;
    assert_int_equal(gguf_open(&g, path, &err), status);
    if (!strstr(err.message, path) || !strstr(err.message, says)) fail_msg("%s", err.message);
}

static void what_is_no_file_is_refused(void **state) {
    (void)state;
    char directory[] = "/tmp/sigilo-test-XXXXXX", path[64];
    assert_non_null(mkdtemp(directory));
    check_path(directory, ERR_IO, "directory");
    check_path("/dev/null", ERR_IO, "regular file");
    snprintf(path, sizeof(path), "%s/none.gguf", directory);
    check_path(path, ERR_NOT_FOUND, "No such file");
    assert_int_equal(mkfifo(path, 0600), 0);
    check_path(path, ERR_IO, "regular file"); /* and does not wait for a writer */
    unlink(path);
    FILE *file = fopen(path, "w");
    fclose(file);
    check_path(path, ERR_INVALID, "empty");
    unlink(path);
    rmdir(directory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_usual_one_is_good),
        cmocka_unit_test(each_is_refused_with_its_reason),
        cmocka_unit_test(cut_anywhere_it_is_refused),
        cmocka_unit_test(any_byte_may_be_wrong),
        cmocka_unit_test(what_is_no_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
