/* SPDX-License-Identifier: MIT
 *
 * model/kv_cache: sequences against a plain model of what each position should hold, under random
 * appending, rollback and sharing; and what happens when it is full.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/kv_cache.h"

enum { N_SEQ = 4, N_CTX = 300, HEAD_DIM = 32, N_LAYER = 2, N_HEAD_KV = 2 };

static struct kernels kernels;

static struct kv_shape shape_of(enum dtype type, size_t n_positions) {
    return (struct kv_shape){
        .n_layer = N_LAYER,
        .n_head_kv = N_HEAD_KV,
        .head_dim = HEAD_DIM,
        .type = type,
        .n_ctx = N_CTX,
        .n_seq_max = N_SEQ,
        .n_positions = n_positions,
    };
}

static struct kv_cache *cache_of(enum dtype type, size_t n_positions) {
    struct kv_cache *kv;
    struct error err;
    const struct kv_shape shape = shape_of(type, n_positions);
    if (kv_cache_open(&kv, &shape, &err)) fail_msg("%s", err.message);
    return kv;
}

static enum status extend(struct kv_cache *kv, size_t seq, size_t n) {
    size_t n_new[N_SEQ] = {0};
    struct error err;
    n_new[seq] = n;
    return kv_cache_extend(kv, n_new, &err);
}

/* The row that a stamp stands for, in one layer. */
static void row_of(float *row, int stamp, size_t layer, float sign) {
    for (size_t i = 0; i < N_HEAD_KV * HEAD_DIM; i++)
        row[i] = sign * (float)(stamp % 60 + (int)layer + (int)(i % 3));
}

static void append(struct kv_cache *kv, size_t seq, int stamp) {
    const size_t position = kv->sequences[seq].length;
    float key[N_HEAD_KV * HEAD_DIM], value[N_HEAD_KV * HEAD_DIM];
    assert_int_equal(extend(kv, seq, 1), OK);
    for (size_t layer = 0; layer < N_LAYER; layer++) {
        row_of(key, stamp, layer, 1);
        row_of(value, stamp, layer, -1);
        kv_cache_store(kv, &kernels, layer, seq, position, key, value);
    }
}

static void expect(const struct kv_cache *kv, size_t seq, const int *stamps, size_t n) {
    assert_int_equal(kv->sequences[seq].length, n);
    float scratch[KV_BLOCK * HEAD_DIM], scratch_v[KV_BLOCK * HEAD_DIM];
    float key[N_HEAD_KV * HEAD_DIM], value[N_HEAD_KV * HEAD_DIM];
    for (size_t at = 0; at < n; at++)
        for (size_t layer = 0; layer < N_LAYER; layer++) {
            row_of(key, stamps[at], layer, 1);
            row_of(value, stamps[at], layer, -1);
            for (size_t h = 0; h < N_HEAD_KV; h++) {
                const size_t rows = at % KV_BLOCK + 1, offset = at % KV_BLOCK * HEAD_DIM;
                const float *k = kv_cache_keys(kv, &kernels, layer, seq, at / KV_BLOCK, h, rows,
                                               scratch);
                const float *v = kv_cache_values(kv, &kernels, layer, seq, at / KV_BLOCK, h, rows,
                                                 scratch_v);
                assert_memory_equal(k + offset, key + h * HEAD_DIM, HEAD_DIM * sizeof(float));
                assert_memory_equal(v + offset, value + h * HEAD_DIM, HEAD_DIM * sizeof(float));
            }
        }
}

/* Small integers are exact in f16 too, so the plain model holds for both. */
static void sequences_hold_what_was_appended(enum dtype type, unsigned seed) {
    struct kv_cache *kv = cache_of(type, N_CTX * N_SEQ);
    static int plain[N_SEQ][N_CTX];
    size_t length[N_SEQ] = {0};
    int stamp = 0;
    srand(seed);
    for (int step = 0; step < 400; step++) {
        const size_t seq = (size_t)rand() % N_SEQ, other = (size_t)rand() % N_SEQ;
        const int what = rand() % 10;
        if (what < 7) {
            for (int n = rand() % 40; n > 0 && length[seq] < N_CTX; n--) {
                append(kv, seq, stamp);
                plain[seq][length[seq]++] = stamp++;
            }
        } else if (what < 8) {
            const size_t keep = length[seq] ? (size_t)rand() % (length[seq] + 1) : 0;
            kv_cache_truncate(kv, seq, keep);
            length[seq] = keep;
        } else {
            const size_t n = length[other] ? (size_t)rand() % (length[other] + 1) : 0;
            kv_cache_share(kv, seq, other, n);
            memmove(plain[seq], plain[other], n * sizeof(int));
            length[seq] = n;
        }
        assert_true(kv_cache_check(kv));
        if (step % 40 == 0)
            for (size_t s = 0; s < N_SEQ; s++)
                expect(kv, s, plain[s], length[s]);
    }
    for (size_t s = 0; s < N_SEQ; s++)
        expect(kv, s, plain[s], length[s]);
    kv_cache_close(kv);
}

static void f32_holds(void **state) {
    (void)state;
    sequences_hold_what_was_appended(DTYPE_F32, 1);
}

static void f16_holds(void **state) {
    (void)state;
    sequences_hold_what_was_appended(DTYPE_F16, 2);
}

static void full_changes_nothing(void **state) {
    (void)state;
    struct kv_cache *kv = cache_of(DTYPE_F32, 128);
    struct error err;
    assert_int_equal(extend(kv, 0, N_CTX + 1), ERR_FULL); /* longer than a sequence may be */
    assert_int_equal(kv->sequences[0].length, 0);
    assert_int_equal(extend(kv, 0, 128), OK);
    size_t n_new[N_SEQ] = {0, KV_BLOCK * 3, KV_BLOCK * 2, 0};
    const size_t n_free = kv->n_free;
    assert_int_equal(kv_cache_extend(kv, n_new, &err), ERR_FULL); /* no blocks left for both */
    assert_non_null(strstr(err.message, "128"));
    assert_int_equal(kv->sequences[1].length, 0);
    assert_int_equal(kv->sequences[2].length, 0);
    assert_int_equal(kv->n_free, n_free);
    kv_cache_truncate(kv, 0, 0);
    assert_int_equal(kv->n_free, kv->n_blocks);
    kv_cache_close(kv);
}

static void shapes_are_checked(void **state) {
    (void)state;
    struct kv_cache *kv;
    struct error err;
    struct kv_shape shape = shape_of(DTYPE_Q4_0, 64);
    assert_int_equal(kv_cache_open(&kv, &shape, &err), ERR_UNSUPPORTED);
    shape = shape_of(DTYPE_Q8_0, 64);
    shape.head_dim = 80;
    assert_int_equal(kv_cache_open(&kv, &shape, &err), ERR_UNSUPPORTED);
    shape = shape_of(DTYPE_F16, 0);
    assert_int_equal(kv_cache_open(&kv, &shape, &err), ERR_INVALID);
    shape = shape_of(DTYPE_F16, SIZE_MAX / 2);
    assert_int_equal(kv_cache_open(&kv, &shape, &err), ERR_NOMEM);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    const struct kv_shape shape = shape_of(DTYPE_F16, 256);
    enum status st = ERR_NOMEM;
    unsigned long n = 1;
    for (; st == ERR_NOMEM && n < 100; n++) {
        struct kv_cache *kv = NULL;
        struct error err;
        mem_fail_after(n);
        st = kv_cache_open(&kv, &shape, &err);
        mem_fail_after(0);
        if (st == OK) kv_cache_close(kv);
    }
    assert_int_equal(st, OK);
    assert_true(n > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f32_holds),
        cmocka_unit_test(f16_holds),
        cmocka_unit_test(full_changes_nothing),
        cmocka_unit_test(shapes_are_checked),
        cmocka_unit_test(every_allocation_may_fail),
    };
    struct error err;
    if (kernels_init(&kernels, NULL, 0, &err)) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
