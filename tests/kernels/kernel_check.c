/* SPDX-License-Identifier: MIT
 *
 * kernel_check: proves every kernel this machine can run against plain C, and times them.
 *
 *   kernel_check [--isa NAME] [--seed N] [--quick] [--bench] [--roi M,N,K]
 *
 * For each kernel, over many k and four kinds of data:
 *   1. one big product, m and n a bit over two tiles, against ref, within the bound derived below
 *      (ref itself against sums in double);
 *   2. every smaller m and n, and every place in the tile, must give the very bits of the big one:
 *      that proves each tail and, at once, that an answer does not depend on its company;
 *   3. the same with all other rows and tokens NaN.
 * Inputs and outputs lie against a page that faults, at their end or at their beginning, so that
 * each odd size is also an unaligned pointer; outputs hold canaries in front, behind and between
 * rows.
 *
 * The run fails when a comparison does, or when fewer kernels were checked than the processor's
 * features call for. SIGILO_TEST_QUICK in the environment is --quick: fewer sizes, for emulators.
 * --roi runs one product of the highest level between the marker nops of tools/ppccount.c.
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/cpu.h"
#include "kernels/kernels.h"

/* --- numbers ---------------------------------------------------------------------------------- */

static uint64_t random_state;

static uint64_t random_next(void) { /* splitmix64 (Steele, Lea, Flood 2014) */
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static size_t random_below(size_t n) {
    return (size_t)(random_next() % n);
}

/* In [-1, 1), multiples of 2^-24: exact. */
static float random_unit(void) {
    return (float)((int64_t)(random_next() >> 39) - (1 << 24)) * 0x1p-24f;
}

enum data_kind { DATA_RANDOM, DATA_LARGE_AND_SMALL, DATA_TINY, DATA_SPARSE, DATA_N };
static const char *const data_names[DATA_N] = {"random", "large and small", "subnormal", "sparse"};

/* Large and small: products reach 2^110, so a sum of a few thousand stays finite in f32 whatever
 * the order, and cancellation is as bad as it gets. Subnormal: products near 2^-140. */
static float random_value(enum data_kind kind) {
    switch (kind) {
    case DATA_LARGE_AND_SMALL: return ldexpf(random_unit(), (int)random_below(111) - 55);
    case DATA_TINY: return ldexpf(random_unit(), -66 - (int)random_below(8));
    case DATA_SPARSE: return random_below(8) ? (random_below(2) ? 0.0f : -0.0f) : random_unit();
    default: return random_unit();
    }
}

/* How far two f32 sums of the same k products may lie apart.
 *
 * Let u = 2^-24 be the unit roundoff and S = sum |w x|. A sum in any fixed order whose every
 * operation rounds once carries each product through at most k roundings: k - 1 additions and its
 * own rounding, or with fma k fused ones (the addition to 0 is one). So |computed - exact| <= g S,
 * g = k u / (1 - k u) (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
 * section 3.1), and two such sums differ by at most 2 g S. Underflow adds to a product, or to a
 * fused step, at most half the smallest subnormal, 2^-150; additions alone underflow exactly. That
 * gives k 2^-150 a sum, enlarged as S is by later roundings: by no more than 1 + g.
 *
 * S and the exact sum are taken in double, where each product is exact (48 bits; exponents fit)
 * and k additions err by at most k 2^-53 S: the last term. `roundings` is how many f32 sums stand
 * between the two numbers compared: 2, or 1 for ref against double. */
static double bound(int roundings, size_t k, double sum_abs) {
    const double ku = (double)k * 0x1p-24;
    const double g = ku / (1 - ku);
    return roundings * (g * sum_abs + (double)k * 0x1p-150 * (1 + g)) * (1 + (double)k * 0x1p-52) +
           (double)k * 0x1p-52 * sum_abs;
}

/* --- memory with a fence ---------------------------------------------------------------------- */

struct fenced { /* pages that fault, `size_bytes` that do not, pages that fault */
    unsigned char *data;
    size_t size_bytes;
};

static size_t page_bytes(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

static void *checked(void *p) {
    if (p && p != MAP_FAILED) return p;
    fprintf(stderr, "kernel_check: cannot get memory: %s\n", strerror(errno));
    exit(1);
}

static struct fenced fenced_new(size_t size_bytes) {
    const size_t page = page_bytes();
    const size_t whole = (size_bytes + page - 1) / page * page;
    unsigned char *p = checked(
        mmap(NULL, whole + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (mprotect(p, page, PROT_NONE) != 0 || mprotect(p + page + whole, page, PROT_NONE) != 0)
        checked(NULL);
    return (struct fenced){p + page, whole};
}

static void fenced_free(struct fenced *f) {
    const size_t page = page_bytes();
    munmap(f->data - page, f->size_bytes + 2 * page);
}

/* Room for n floats against the fence at the end, or at the beginning. */
static float *fenced_place(const struct fenced *f, size_t n, bool at_end) {
    return (float *)(void *)(at_end ? f->data + f->size_bytes - n * sizeof(float) : f->data);
}

/* --- one kernel ------------------------------------------------------------------------------- */

static const uint32_t canary = 0x7fc5a5a5u; /* a NaN no arithmetic makes: unwritten is caught too */
static unsigned long n_products, n_failures;

struct subject { /* the kernel under test and what it is compared with */
    const char *isa;
    const struct gemm *gemm, *ref;
    struct fenced w, packed, x, y;
};

static void report(const struct subject *s, const char *what, size_t m, size_t n, size_t k,
                   size_t i, size_t j) {
    if (n_failures++ < 20)
        printf("FAIL %s: %s at m=%zu n=%zu k=%zu, output %zu of token %zu\n", s->isa, what, m, n, k,
               i, j);
}

/* What runs now, for the handler of the fence. */
static struct {
    const char *isa;
    size_t m, n, k;
} running;

static void fence_touched(int signal_number) {
    char line[160];
    const int n = snprintf(line, sizeof(line),
                           "FAIL %s: touched the fence around its data at m=%zu n=%zu k=%zu\n"
                           "kernel_check: FAILED: signal %d\n",
                           running.isa ? running.isa : "(no kernel)", running.m, running.n,
                           running.k, signal_number);
    if (n > 0 && write(STDOUT_FILENO, line, (size_t)n) < 0) _exit(3);
    _exit(1);
}

/* y [n][m] = the product, run inside fences and looked over; w [m][k] and x [n][k] are copied
 * there. */
static void product(const struct subject *s, const struct gemm *g, size_t m, size_t n, size_t k,
                    const float *w, const float *x, float *y) {
    const bool at_end = random_below(2);
    const size_t y_stride = m + random_below(4);
    const size_t slack = at_end ? 0 : 16 + random_below(16); /* behind y, before the fence */
    const size_t y_need = (n - 1) * y_stride + m, y_room = y_need + 16 + slack;
    size_t packed_bytes;
    if (!g->pack_size(&packed_bytes, m, k) || packed_bytes > s->packed.size_bytes) checked(NULL);

    float *w_in = fenced_place(&s->w, m * k, at_end);
    float *packed = fenced_place(&s->packed, packed_bytes / sizeof(float), at_end);
    float *x_in = fenced_place(&s->x, n * k, at_end);
    float *room = fenced_place(&s->y, y_room, at_end), *y_out = room + 16;
    memcpy(w_in, w, m * k * sizeof(float));
    memcpy(x_in, x, n * k * sizeof(float));
    for (size_t c = 0; c < y_room; c++)
        memcpy(&room[c], &canary, sizeof(canary));

    running.isa = g == s->ref ? "ref" : s->isa;
    running.m = m;
    running.n = n;
    running.k = k;
    g->pack(packed, m, k, w_in);
    g->run(m, n, k, packed, x_in, y_out, y_stride);
    running.isa = NULL;
    n_products++;

    bool intact = true;
    for (size_t c = 0; c < 16; c++)
        intact &= memcmp(&room[c], &canary, sizeof(canary)) == 0;
    for (size_t c = 0; c < slack; c++)
        intact &= memcmp(&y_out[y_need + c], &canary, sizeof(canary)) == 0;
    for (size_t j = 0; j + 1 < n; j++)
        for (size_t c = m; c < y_stride; c++)
            intact &= memcmp(&y_out[j * y_stride + c], &canary, sizeof(canary)) == 0;
    if (!intact) report(s, "wrote outside the output", m, n, k, 0, 0);

    for (size_t j = 0; j < n; j++)
        memcpy(y + j * m, y_out + j * y_stride, m * sizeof(float));
}

/* Step 1: y against ref, or ref against double. */
static void compare(const struct subject *s, size_t m, size_t n, size_t k, const float *w,
                    const float *x, const float *y, const float *y_ref, enum data_kind kind) {
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < m; i++) {
            double sum = 0, sum_abs = 0;
            for (size_t p = 0; p < k; p++) {
                const double term = (double)w[i * k + p] * (double)x[j * k + p];
                sum += term;
                sum_abs += fabs(term);
            }
            const double got = (double)y[j * m + i];
            const double off = fabs(got - (y_ref ? (double)y_ref[j * m + i] : sum));
            if (!(off <= bound(y_ref ? 2 : 1, k, sum_abs)))
                report(s, data_names[kind], m, n, k, i, j);
        }
}

/* Step 2: outputs i0.. by tokens j0.., m by n of them, alone: the bits they have in `big`. */
static void same_bits(const struct subject *s, size_t m, size_t n, size_t k, const float *w,
                      const float *x, const float *big, size_t big_m, size_t i0, size_t j0,
                      float *y) {
    product(s, s->gemm, m, n, k, w + i0 * k, x + j0 * k, y);
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < m; i++)
            if (memcmp(&y[j * m + i], &big[(j0 + j) * big_m + i0 + i], sizeof(float)) != 0) {
                report(s, "other bits in other company", m, n, k, i, j);
                return;
            }
}

/* Step 3: one row of w and one of x among NaN keep their output's bits. */
static void same_among_nan(const struct subject *s, size_t m, size_t n, size_t k, const float *w,
                           const float *x, const float *big, float *w_nan, float *x_nan, float *y) {
    const size_t i = random_below(m), j = random_below(n);
    for (size_t c = 0; c < m * k; c++)
        w_nan[c] = NAN;
    for (size_t c = 0; c < n * k; c++)
        x_nan[c] = NAN;
    memcpy(w_nan + i * k, w + i * k, k * sizeof(float));
    memcpy(x_nan + j * k, x + j * k, k * sizeof(float));
    product(s, s->gemm, m, n, k, w_nan, x_nan, y);
    if (memcmp(&y[j * m + i], &big[j * m + i], sizeof(float)) != 0)
        report(s, "a neighbour's NaN came through", m, n, k, i, j);
}

static bool is_tail_size(size_t v, size_t tile) { /* what --quick keeps of a range */
    return v <= 1 || v == tile / 2 || v == tile - 1 || v == tile || v == tile + 1 ||
           v == 2 * tile - 1 || v == 2 * tile + 2;
}

static void check_at(struct subject *s, size_t m, size_t n, size_t k, enum data_kind kind,
                     bool every_tail, bool quick) {
    const size_t mr = s->gemm->mr, nr = s->gemm->nr;
    float *w = checked(malloc(2 * m * k * sizeof(float))), *w_nan = w + m * k;
    float *x = checked(malloc(2 * n * k * sizeof(float))), *x_nan = x + n * k;
    float *big = checked(malloc(3 * m * n * sizeof(float))), *y = big + m * n, *y_ref = y + m * n;
    for (size_t c = 0; c < m * k; c++)
        w[c] = random_value(kind);
    for (size_t c = 0; c < n * k; c++)
        x[c] = random_value(kind);
    size_t packed_bytes;
    if (!s->gemm->pack_size(&packed_bytes, m, k)) checked(NULL);
    s->w = fenced_new(m * k * sizeof(float));
    s->packed = fenced_new(packed_bytes + m * k * sizeof(float)); /* either layout fits */
    s->x = fenced_new(n * k * sizeof(float));
    s->y = fenced_new((n * (m + 3) + 48) * sizeof(float));

    const bool is_ref = s->gemm->run == s->ref->run;
    product(s, s->gemm, m, n, k, w, x, big);
    if (!is_ref) product(s, s->ref, m, n, k, w, x, y_ref);
    compare(s, m, n, k, w, x, big, is_ref ? NULL : y_ref, kind);

    for (size_t b = 1; every_tail && b <= n; b++)
        for (size_t a = 1; a <= m; a++) {
            if (quick && !(is_tail_size(a, mr) && is_tail_size(b, nr))) continue;
            same_bits(s, a, b, k, w, x, big, m, random_below(m - a + 1), random_below(n - b + 1),
                      y);
        }
    if (!every_tail) /* a few places: one token, one row, a ragged middle */
        for (int times = 0; times < 4; times++) {
            const size_t a = times == 0 ? 1 : 1 + random_below(m);
            const size_t b = times <= 1 ? 1 : 1 + random_below(n);
            same_bits(s, a, b, k, w, x, big, m, random_below(m - a + 1), random_below(n - b + 1),
                      y);
        }
    same_among_nan(s, m, n, k, w, x, big, w_nan, x_nan, y);

    fenced_free(&s->w);
    fenced_free(&s->packed);
    fenced_free(&s->x);
    fenced_free(&s->y);
    free(w);
    free(x);
    free(big);
}

static void check_kernel(const char *isa, const struct gemm *gemm, const struct gemm *ref,
                         bool quick) {
    struct subject s = {.isa = isa, .gemm = gemm, .ref = ref};
    const unsigned long products_before = n_products, failures_before = n_failures;
    /* ref has a tile of 1 by 1: give it some company all the same */
    const size_t m = gemm->mr > 1 ? 2u * gemm->mr + 3 : 7, n = gemm->nr > 1 ? 2u * gemm->nr + 3 : 7;

    for (int kind = 0; kind < DATA_N; kind++)
        for (size_t k = 1; k <= 19; k++) {
            if (quick && k > 5 && k != 8 && k != 17) continue;
            if (quick && kind != DATA_RANDOM && k != 5) continue;
            check_at(&s, m, n, k, (enum data_kind)kind, true, quick);
        }
    /* blocks along k, and a stride of whole pages */
    static const size_t long_k[] = {511, 512, 513, 1024, 1029, 2500};
    for (size_t c = 0; c < sizeof(long_k) / sizeof(long_k[0]); c++) {
        if (quick && long_k[c] != 513 && long_k[c] != 1029) continue;
        for (int kind = 0; kind < DATA_N; kind++)
            if (!quick || kind == DATA_RANDOM)
                check_at(&s, m, n, long_k[c], (enum data_kind)kind, false, quick);
    }
    if (!quick) {
        check_at(&s, 200, 70, 300, DATA_RANDOM, false, quick);
        check_at(&s, 65, 129, 777, DATA_LARGE_AND_SMALL, false, quick);
    }
    printf("%s gemm_f32_f32_%s: %lu products, tile %ux%u\n",
           n_failures == failures_before ? "ok  " : "FAIL", isa, n_products - products_before,
           gemm->mr, gemm->nr);
    fflush(stdout);
}

/* --- timing ----------------------------------------------------------------------------------- */

/* In tools/ppccount.c these two switch counting on and off; elsewhere they are nothing. */
#if defined(__powerpc64__)
#define ROI_BEGIN() __asm__ volatile("ori 21,21,0" ::: "memory")
#define ROI_END() __asm__ volatile("ori 22,22,0" ::: "memory")
#else
#define ROI_BEGIN() ((void)0)
#define ROI_END() ((void)0)
#endif

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median GFLOP/s of `runs` timings of one product, packing apart; runs 0 counts one instead. */
static double time_product(const struct gemm *g, size_t m, size_t n, size_t k, int runs) {
    enum { RUNS_MAX = 15 };
    double rates[RUNS_MAX];
    size_t packed_bytes;
    if (!g->pack_size(&packed_bytes, m, k)) checked(NULL);
    float *w = checked(malloc(m * k * sizeof(float))), *packed = checked(malloc(packed_bytes));
    float *x = checked(malloc(n * k * sizeof(float))), *y = checked(malloc(n * m * sizeof(float)));
    for (size_t c = 0; c < m * k; c++)
        w[c] = random_unit();
    for (size_t c = 0; c < n * k; c++)
        x[c] = random_unit();
    g->pack(packed, m, k, w);
    if (runs == 0) {
        ROI_BEGIN();
        g->run(m, n, k, packed, x, y, m);
        ROI_END();
    }
    const double flop = 2.0 * (double)m * (double)n * (double)k;
    int done = 0;
    for (; done < runs && done < RUNS_MAX; done++) {
        const double start = now_s();
        double end;
        size_t times = 0;
        do { /* long enough for the clock */
            g->run(m, n, k, packed, x, y, m);
            times++;
        } while ((end = now_s()) - start < 0.02);
        rates[done] = flop * (double)times / (end - start) * 1e-9;
    }
    free(w);
    free(packed);
    free(x);
    free(y);
    if (done == 0) return 0;
    qsort(rates, (size_t)done, sizeof(rates[0]), by_value);
    return rates[done / 2];
}

static void bench_kernel(const char *isa, const struct gemm *g, bool quick) {
    static const size_t shapes[][3] = {
        {1024, 512, 1024}, {4096, 64, 4096}, {1024, 16, 1024}, {1024, 7, 1024}, {1024, 1, 1024},
    };
    if (quick) {
        printf("bench gemm_f32_f32_%s m=64 n=64 k=512: %.3f GFLOP/s\n", isa,
               time_product(g, 64, 64, 512, 3));
        return;
    }
    for (size_t c = 0; c < sizeof(shapes) / sizeof(shapes[0]); c++) {
        const size_t m = shapes[c][0], n = shapes[c][1], k = shapes[c][2];
        printf("bench gemm_f32_f32_%s m=%zu n=%zu k=%zu: %.2f GFLOP/s\n", isa, m, n, k,
               time_product(g, m, n, k, 11));
    }
}

/* --- the run ---------------------------------------------------------------------------------- */

/* How many variants of the f32 product this processor must be given, counted apart from the table
 * so that a line missing there is noticed. */
static unsigned demanded(unsigned features) {
    unsigned count = 1; /* ref */
#if defined(__x86_64__)
    if (features & CPU_X86_AVX2) count++;
#elif defined(__powerpc64__)
    count++; /* vsx: every little-endian POWER */
    if (features & CPU_PPC_MMA) count++;
#else
    (void)features;
#endif
    return count;
}

struct options {
    const char *isa; /* NULL: all */
    uint64_t seed;
    bool quick, bench, roi;
    size_t m, n, k; /* of --roi */
};

static bool options_parse(struct options *o, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--quick") == 0) {
            o->quick = true;
        } else if (strcmp(argv[i], "--bench") == 0) {
            o->bench = true;
        } else if (strcmp(argv[i], "--isa") == 0 && value) {
            o->isa = value;
            i++;
        } else if (strcmp(argv[i], "--seed") == 0 && value) {
            o->seed = strtoull(value, NULL, 0);
            i++;
        } else if (strcmp(argv[i], "--roi") == 0 && value) {
            if (sscanf(value, "%zu,%zu,%zu", &o->m, &o->n, &o->k) != 3) return false;
            o->roi = o->m > 0 && o->n > 0 && o->k > 0;
            if (!o->roi) return false;
            i++;
        } else {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv) {
    struct options o = {.seed = (uint64_t)time(NULL) ^ (uint64_t)getpid() << 32,
                        .quick = getenv("SIGILO_TEST_QUICK") != NULL};
    if (!options_parse(&o, argc, argv)) {
        fprintf(stderr, "usage: kernel_check [--isa NAME] [--seed N] [--quick] [--bench] "
                        "[--roi M,N,K]\n");
        return 2;
    }
    random_state = o.seed;
    const unsigned features = cpu_features();
    struct error err;
    struct kernels ref, t;
    if (kernels_init(&ref, "ref", features, &err) || kernels_init(&t, o.isa, features, &err)) {
        fprintf(stderr, "kernel_check: %s\n", err.message);
        return 2;
    }
    if (o.roi) {
        time_product(&t.gemm[DTYPE_F32], o.m, o.n, o.k, 0);
        printf("roi gemm_f32_f32_%s m=%zu n=%zu k=%zu\n", t.isa, o.m, o.n, o.k);
        return 0;
    }

    signal(SIGSEGV, fence_touched);
    signal(SIGBUS, fence_touched);
    printf("kernel_check: seed %llu%s\n", (unsigned long long)o.seed, o.quick ? ", quick" : "");
    fflush(stdout); /* before any fence is touched */
    unsigned n_checked = 0, n_skipped = 0;
    const char *const *isas = kernels_isas();
    for (size_t i = 0; isas[i]; i++) {
        if (o.isa && strcmp(o.isa, isas[i]) != 0) continue;
        if (kernels_init(&t, isas[i], features, &err)) return 1;
        if (strcmp(t.isa, isas[i]) != 0) {
            printf("skip gemm_f32_f32_%s: this processor lacks it (%s is its highest below)\n",
                   isas[i], t.isa);
            n_skipped++;
            continue;
        }
        const struct gemm *g = &t.gemm[DTYPE_F32];
        if (i > 0 && g->run == ref.gemm[DTYPE_F32].run) {
            printf("skip gemm_f32_f32_%s: the level has none of its own\n", isas[i]);
            n_skipped++;
            continue;
        }
        if (o.bench)
            bench_kernel(isas[i], g, o.quick);
        else
            check_kernel(isas[i], g, &ref.gemm[DTYPE_F32], o.quick);
        n_checked++;
    }

    const unsigned wanted = o.isa ? 1 : demanded(features);
    const bool good = n_failures == 0 && n_checked >= wanted;
    printf(
        "kernel_check: %s: %u kernels %s of %u demanded, %u skipped, %lu products, %lu failures, "
        "seed %llu\n",
        good ? "passed" : "FAILED", n_checked, o.bench ? "timed" : "checked", wanted, n_skipped,
        n_products, n_failures, (unsigned long long)o.seed);
    return good ? 0 : 1;
}
