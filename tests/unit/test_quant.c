/* SPDX-License-Identifier: MIT
 *
 * quant: the table, and decoding to the last bit: blocks made by hand whose weights are obvious,
 * random blocks whose weights an independent reader was asked once, and that reader's own files.
 *
 *   test_quant [REFERENCE-DIRECTORY]     without it, or where it is absent, its files are skipped
 */
#include "check.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "quant/blocks.h"
#include "quant/quant.h"

static const char *reference_dir;

static void the_table_is_whole(void **state) {
    (void)state;
    for (int i = 0; i < DTYPE_N; i++) {
        const enum dtype type = (enum dtype)i;
        const struct dtype_traits *t = dtype_traits(type);
        assert_non_null(t->decode);
        enum dtype found = DTYPE_N;
        assert_true(dtype_from_name(&found, t->name));
        assert_int_equal(found, type);
        assert_true(dtype_from_gguf(&found, t->gguf_type));
        assert_int_equal(found, type);
        assert_int_equal(dtype_row_bytes(type, 512), 512 / t->block_weights * t->block_bytes);
    }
    enum dtype found = DTYPE_N;
    assert_true(dtype_from_name(&found, "q4_k"));
    assert_int_equal(found, DTYPE_Q4_K);
    assert_false(dtype_from_name(&found, "Q4_K_M"));
    assert_false(dtype_from_name(&found, ""));
    assert_false(dtype_from_gguf(&found, 4));
    assert_false(dtype_from_gguf(&found, UINT32_MAX));
}

static void sizes_are_those_of_the_blocks(void **state) {
    (void)state;
    static const struct {
        enum dtype type;
        size_t size;
    } sizes[] = {
        {DTYPE_F32, 4},
        {DTYPE_F16, 2},
        {DTYPE_BF16, 2},
        {DTYPE_Q4_0, sizeof(struct block_q4_0)},
        {DTYPE_Q4_1, sizeof(struct block_q4_1)},
        {DTYPE_Q5_0, sizeof(struct block_q5_0)},
        {DTYPE_Q5_1, sizeof(struct block_q5_1)},
        {DTYPE_Q8_0, sizeof(struct block_q8_0)},
        {DTYPE_Q2_K, sizeof(struct block_q2_k)},
        {DTYPE_Q3_K, sizeof(struct block_q3_k)},
        {DTYPE_Q4_K, sizeof(struct block_q4_k)},
        {DTYPE_Q5_K, sizeof(struct block_q5_k)},
        {DTYPE_Q6_K, sizeof(struct block_q6_k)},
        {DTYPE_IQ4_NL, sizeof(struct block_iq4_nl)},
        {DTYPE_IQ4_XS, sizeof(struct block_iq4_xs)},
    };
    assert_int_equal(sizeof(sizes) / sizeof(sizes[0]), DTYPE_N);
    for (int i = 0; i < DTYPE_N; i++)
        assert_int_equal(dtype_traits(sizes[i].type)->block_bytes, sizes[i].size);
}

/* --- blocks made by hand --- */

enum { ONE = 0x3c00, HALF = 0x3800, TWO = 0x4000 };

static void nibbles_come_low_halves_first(void **state) {
    (void)state;
    float w[32];
    struct block_q4_0 q4_0;
    block_put_u16(q4_0.d, HALF);
    for (int i = 0; i < 16; i++)
        q4_0.codes[i] = (uint8_t)(i | (15 - i) << 4);
    dtype_traits(DTYPE_Q4_0)->decode(32, &q4_0, w);
    for (int i = 0; i < 16; i++) {
        assert_true(w[i] == 0.5f * (float)(i - 8));
        assert_true(w[16 + i] == 0.5f * (float)(7 - i));
    }
    struct block_q5_1 q5_1 = {.high = {0xff, 0, 0, 0x80}};
    block_put_u16(q5_1.d, TWO);
    block_put_u16(q5_1.m, HALF);
    memset(q5_1.codes, 0x31, sizeof(q5_1.codes));
    dtype_traits(DTYPE_Q5_1)->decode(32, &q5_1, w);
    for (int i = 0; i < 32; i++) {
        const int code = (i < 16 ? 1 : 3) + (i < 8 || i == 31 ? 16 : 0);
        assert_true(w[i] == 2.0f * (float)code + 0.5f);
    }
}

/* Every sub-block has its own scale and minimum, and every code is its sub-block's number: whatever
 * is read from the wrong place shows. */
static void sub_blocks_have_their_own_scales(void **state) {
    (void)state;
    struct block_q5_k b = {.scales = {0}};
    block_put_u16(b.d, ONE);
    block_put_u16(b.dmin, HALF);
    for (int sub = 0; sub < 8; sub++) {
        const int scale = 40 + sub, min = 63 - 5 * sub, code = 31 - 3 * sub;
        if (sub < 4) {
            b.scales[sub] |= (uint8_t)scale;
            b.scales[4 + sub] |= (uint8_t)min;
        } else {
            b.scales[4 + sub] = (uint8_t)((scale & 15) | (min & 15) << 4);
            b.scales[sub - 4] |= (uint8_t)(scale >> 4 << 6);
            b.scales[sub] |= (uint8_t)(min >> 4 << 6);
        }
        for (int i = 0; i < 32; i++) {
            b.codes[sub / 2 * 32 + i] |= (uint8_t)((code & 15) << (sub % 2 * 4));
            b.high[i] |= (uint8_t)(code >> 4 << sub);
        }
    }
    float w[256];
    dtype_traits(DTYPE_Q5_K)->decode(256, &b, w);
    for (int i = 0; i < 256; i++) {
        const int sub = i / 32;
        assert_true(w[i] == (float)((40 + sub) * (31 - 3 * sub)) - 0.5f * (float)(63 - 5 * sub));
    }
}

static void scales_of_q6_k_are_signed(void **state) {
    (void)state;
    struct block_q6_k b = {.codes = {0}};
    block_put_u16(b.d, HALF);
    for (int i = 0; i < 16; i++)
        b.scales[i] = (int8_t)(i % 2 ? i : -128 + i);
    float w[256];
    dtype_traits(DTYPE_Q6_K)->decode(256, &b, w);
    for (int i = 0; i < 256; i++)
        assert_true(w[i] == 0.5f * (float)b.scales[i / 16] * -32.0f);
}

/* --- random blocks --- */

static uint64_t fnv1a(uint64_t h, uint32_t word) {
    for (int i = 0; i < 4; i++, word >>= 8)
        h = (h ^ (word & 255)) * 0x100000001b3u;
    return h;
}

/* 4096 weights of random bytes, infinite and undefined scales among them, at an odd address. The
 * hashes are of what shared/reference/gguf_ref.py decodes; NaN counts as 0x7fc00000, -0 as 0. */
static void random_blocks_decode_to_the_last_bit(void **state) {
    (void)state;
    static const struct {
        enum dtype type;
        uint64_t hash;
    } expected[] = {
        {DTYPE_F32, 0x3316bb439fbbdc5eu},    {DTYPE_F16, 0x550eaae86ddc2ed8u},
        {DTYPE_Q4_0, 0x6be251a341e116ddu},   {DTYPE_Q4_1, 0xf7e8f8146584127cu},
        {DTYPE_Q5_0, 0x9bfd398ec21f5b13u},   {DTYPE_Q5_1, 0xc87642029d8d7d48u},
        {DTYPE_Q8_0, 0x271629fead5b020eu},   {DTYPE_Q2_K, 0x056faaac251b3457u},
        {DTYPE_Q3_K, 0xd52043948c99444cu},   {DTYPE_Q4_K, 0xa6b6dd75d0d284beu},
        {DTYPE_Q5_K, 0xacb22833efde78afu},   {DTYPE_Q6_K, 0x20cb7ca4ff127756u},
        {DTYPE_IQ4_NL, 0xdd4b32bfcaaf6468u}, {DTYPE_IQ4_XS, 0x3ce21c82fe8697bau},
        {DTYPE_BF16, 0xcc0d95750964fce3u},
    };
    static unsigned char raw[1 + 4096 * 4];
    static float w[4096];
    assert_int_equal(sizeof(expected) / sizeof(expected[0]), DTYPE_N);
    for (int t = 0; t < DTYPE_N; t++) {
        const struct dtype_traits *traits = dtype_traits(expected[t].type);
        uint64_t x = traits->gguf_type + 1;
        for (size_t i = 0; i < dtype_row_bytes(expected[t].type, 4096); i++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            raw[1 + i] = (unsigned char)(x >> 56);
        }
        traits->decode(4096, raw + 1, w);
        uint64_t h = 0xcbf29ce484222325u;
        for (int i = 0; i < 4096; i++)
            h = fnv1a(h, isnan(w[i]) ? 0x7fc00000u : w[i] == 0 ? 0 : float_bits(w[i]));
        if (h != expected[t].hash)
            fail_msg("%s: hash 0x%016llx", traits->name, (unsigned long long)h);
    }
}

/* --- the reference's files --- */

static void read_reference(struct file_bytes *out, const char *name, const char *suffix) {
    char path[512], lower[16];
    size_t n = 0;
    for (; name[n] && n < sizeof(lower) - 1; n++)
        lower[n] = (char)tolower((unsigned char)name[n]);
    lower[n] = 0;
    snprintf(path, sizeof(path), "%s/blocks/%s%s", reference_dir, lower, suffix);
    struct error err;
    if (file_read(out, path, 1 << 20, &err)) fail_msg("%s", err.message);
}

static void reference_blocks_decode_to_the_last_bit(void **state) {
    (void)state;
    for (int i = DTYPE_F32 + 1; i < DTYPE_N; i++) { /* F32 has no file */
        const struct dtype_traits *traits = dtype_traits((enum dtype)i);
        struct file_bytes raw, weights;
        static float w[4096];
        read_reference(&raw, traits->name, ".bin");
        read_reference(&weights, traits->name, ".f32");
        assert_int_equal(weights.n, sizeof(w));
        assert_int_equal(raw.n, dtype_row_bytes((enum dtype)i, 4096));
        traits->decode(4096, raw.data, w);
        for (size_t j = 0; j < 4096; j++) {
            float expected;
            memcpy(&expected, weights.data + 4 * j, sizeof(expected));
            if (w[j] != expected)
                fail_msg("%s: weight %zu: %a, not %a", traits->name, j, (double)w[j],
                         (double)expected);
        }
        file_bytes_release(&raw);
        file_bytes_release(&weights);
    }
}

/* With a directory: what is in it alone, or 77, which Meson takes for a skip, where it is absent.
 */
int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_whole),
        cmocka_unit_test(sizes_are_those_of_the_blocks),
        cmocka_unit_test(nibbles_come_low_halves_first),
        cmocka_unit_test(sub_blocks_have_their_own_scales),
        cmocka_unit_test(scales_of_q6_k_are_signed),
        cmocka_unit_test(random_blocks_decode_to_the_last_bit),
    };
    const struct CMUnitTest reference_tests[] = {
        cmocka_unit_test(reference_blocks_decode_to_the_last_bit),
    };
    if (argc < 2) return cmocka_run_group_tests(tests, NULL, NULL);
    reference_dir = argv[1];
    if (access(reference_dir, R_OK) != 0) return 77;
    return cmocka_run_group_tests(reference_tests, NULL, NULL);
}
