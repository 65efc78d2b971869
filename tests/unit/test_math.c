/* SPDX-License-Identifier: MIT
 *
 * base/math: near libm, right at the edges, and the same bits on every processor.
 */
#include "check.h"

#include <math.h>
#include <string.h>

#include "base/math.h"

/* |got - want| in units of the last place of `want`; libm itself is within one. */
static double ulps(double got, double want) {
    if (got == want) return 0;
    return fabs(got - want) / (nextafter(fabs(want), INFINITY) - fabs(want));
}

static void is_near_libm(void **state) {
    (void)state;
    for (double x = -745; x < 709.7; x += 0.0137)
        if (!(ulps(math_exp(x), exp(x)) <= 4)) fail_msg("exp(%a) is %a", x, math_exp(x));
    for (double x = 0x1p-1074; x < 1e308; x *= 1.5)
        if (!(ulps(math_log(x), log(x)) <= 4)) fail_msg("log(%a) is %a", x, math_log(x));
    for (double x = 0.3; x < 3; x += 0.000137)
        if (!(ulps(math_log(x), log(x)) <= 4)) fail_msg("log(%a) is %a", x, math_log(x));
    for (double x = 1e-300; x < 30; x *= 1.013) {
        if (!(ulps(math_tanh(x), tanh(x)) <= 4)) fail_msg("tanh(%a) is %a", x, math_tanh(x));
        assert_true(math_tanh(-x) == -math_tanh(x));
    }
    for (double x = -3; x < 25; x += 0.00137)
        if (!(ulps(math_tanh(x), tanh(x)) <= 4)) fail_msg("tanh(%a) is %a", x, math_tanh(x));
}

static void the_edges(void **state) {
    (void)state;
    assert_true(math_exp(0) == 1 && math_exp(-0.0) == 1);
    assert_true(math_exp(-INFINITY) == 0 && !signbit(math_exp(-INFINITY)));
    assert_true(math_exp(INFINITY) == INFINITY && math_exp(709.8) == INFINITY);
    assert_true(isfinite(math_exp(709.78)));
    assert_true(math_exp(-745.1) == 0x1p-1074 && math_exp(-745.2) == 0);
    assert_true(math_log(1) == 0 && !signbit(math_log(1)) && math_log(INFINITY) == INFINITY);
    assert_true(math_log(0) == -INFINITY && math_log(-0.0) == -INFINITY);
    assert_true(isnan(math_log(-1)) && isnan(math_log(-INFINITY)) && isnan(math_log(NAN)));
    assert_true(math_log(0x1p-1074) < -744.4 && math_log(nextafter(1, 2)) == 0x1p-52);
    assert_true(math_tanh(INFINITY) == 1 && math_tanh(-INFINITY) == -1);
    assert_true(math_tanh(0) == 0 && signbit(math_tanh(-0.0)));
    assert_true(math_tanh(0x1p-1074) == 0x1p-1074);
    assert_true(isnan(math_exp(NAN)) && isnan(math_tanh(NAN)));
    assert_true(isnan(math_expf(NAN)) && isnan(math_tanhf(NAN)));
    assert_true(math_expf(89) == INFINITY && math_expf(-104) == 0 && math_expf(-103) == 0x1p-149f);
}

static uint64_t mix(uint64_t hash, double value) { /* FNV-1a, by words */
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return (hash ^ bits) * 0x100000001b3u;
}

/* The sums were taken on x86-64; another value elsewhere means that something contracted, or rounds
 * otherwise. */
static void every_processor_gives_the_same_bits(void **state) {
    (void)state;
    uint64_t hash = 0xcbf29ce484222325u, of_logs = hash;
    for (int i = -20000; i < 20000; i++) {
        hash = mix(hash, math_exp(i / 32.0));
        hash = mix(hash, math_tanh(i / 1024.0));
        hash = mix(hash, (double)math_expf((float)i / 128));
        hash = mix(hash, (double)math_tanhf((float)i / 999));
        of_logs = mix(of_logs, math_log((i + 20001) / 7777.0));
    }
    if (hash != 0x6c5431a68e164ce4u) fail_msg("the hash is %#llx", (unsigned long long)hash);
    if (of_logs != 0x627d43f98745538fu)
        fail_msg("that of logs is %#llx", (unsigned long long)of_logs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_near_libm),
        cmocka_unit_test(the_edges),
        cmocka_unit_test(every_processor_gives_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
