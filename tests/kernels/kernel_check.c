/* SPDX-License-Identifier: MIT
 *
 * kernel_check: proves every kernel this machine can run against plain C, and times them.
 *
 *   kernel_check [--isa NAME] [--type NAME] [--seed N] [--quick] [--bench] [--roi
 * M,N,K[,pack|stream]]
 *
 * Products are checked in check_gemm.c, 8-bit activations in check_quantize.c, the rest in
 * check_ops.c; here is what they share and the count. The run fails when a comparison does, or when
 * fewer kernels were checked than the processor's features call for. SIGILO_TEST_QUICK in the
 * environment is --quick: fewer sizes, for emulators. --roi runs one product (or its packing) of
 * the highest level between the marker nops of tools/ppccount.c.
 */
#include "check.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/cpu.h"

/* --- numbers ---------------------------------------------------------------------------------- */

static uint64_t random_state;

uint64_t random_next(void) { /* splitmix64 (Steele, Lea, Flood 2014) */
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

size_t random_below(size_t n) {
    return (size_t)(random_next() % n);
}

float random_unit(void) {
    return (float)((int64_t)(random_next() >> 39) - (1 << 24)) * 0x1p-24f;
}

const char *const data_names[DATA_N] = {"random", "extreme", "subnormal", "sparse"};

float random_value(enum data_kind kind) {
    switch (kind) {
    case DATA_EXTREME: return ldexpf(random_unit(), (int)random_below(111) - 55);
    case DATA_TINY: return ldexpf(random_unit(), -66 - (int)random_below(8));
    case DATA_SPARSE: return random_below(8) ? (random_below(2) ? 0.0f : -0.0f) : random_unit();
    default: return random_unit();
    }
}

bool same_float(float a, float b) {
    return memcmp(&a, &b, sizeof(a)) == 0 || (isnan(a) && isnan(b));
}

/* --- memory with a fence ---------------------------------------------------------------------- */

static size_t page_bytes(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

void *checked(void *p) {
    if (p && p != MAP_FAILED) return p;
    fprintf(stderr, "kernel_check: cannot get memory: %s\n", strerror(errno));
    exit(1);
}

struct fenced fenced_new(size_t size_bytes) {
    const size_t page = page_bytes();
    const size_t whole = (size_bytes + page - 1) / page * page;
    unsigned char *p = checked(
        mmap(NULL, whole + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (mprotect(p, page, PROT_NONE) != 0 || mprotect(p + page + whole, page, PROT_NONE) != 0)
        checked(NULL);
    return (struct fenced){p + page, whole};
}

void fenced_free(struct fenced *f) {
    const size_t page = page_bytes();
    munmap(f->data - page, f->size_bytes + 2 * page);
}

void *fenced_place(const struct fenced *f, size_t size_bytes, bool at_end) {
    if (size_bytes > f->size_bytes) checked(NULL);
    return at_end ? f->data + f->size_bytes - size_bytes : f->data;
}

static const uint32_t canary = 0x7fc5a5a5u;

void canary_fill(float *at, size_t n) {
    for (size_t c = 0; c < n; c++)
        memcpy(&at[c], &canary, sizeof(canary));
}

bool canary_intact(const float *at, size_t n) {
    for (size_t c = 0; c < n; c++)
        if (memcmp(&at[c], &canary, sizeof(canary)) != 0) return false;
    return true;
}

/* --- the run ---------------------------------------------------------------------------------- */

static struct {
    const char *isa, *kernel;
    size_t m, n, k;
    unsigned long calls, failures; /* before the kernel that is being checked */
} at = {.isa = "(none)", .kernel = "(none)"};

static struct {
    unsigned long calls, failures;
    unsigned kernels;
} count;

void running(const char *isa, const char *kernel) {
    at.isa = isa;
    at.kernel = kernel;
    running_at(0, 0, 0);
}

void running_at(size_t m, size_t n, size_t k) {
    at.m = m;
    at.n = n;
    at.k = k;
}

void failed(const char *format, ...) {
    if (count.failures++ >= 20) return;
    printf("FAIL %s %s at m=%zu n=%zu k=%zu: ", at.isa, at.kernel, at.m, at.n, at.k);
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

void kernel_begin(const char *isa, const char *kernel) {
    running(isa, kernel);
    at.calls = count.calls;
    at.failures = count.failures;
}

void kernel_called(void) {
    count.calls++;
}

void kernel_end(void) {
    printf("%s %s %s: %lu calls\n", count.failures == at.failures ? "ok  " : "FAIL", at.isa,
           at.kernel, count.calls - at.calls);
    fflush(stdout);
    count.kernels++;
}

static void fence_touched(int signal_number) {
    char line[200];
    const int n = snprintf(line, sizeof(line),
                           "FAIL %s %s: touched the fence around its data at m=%zu n=%zu k=%zu\n"
                           "kernel_check: FAILED: signal %d\n",
                           at.isa, at.kernel, at.m, at.n, at.k, signal_number);
    if (n > 0 && write(STDOUT_FILENO, line, (size_t)n) < 0) _exit(3);
    _exit(1);
}

double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double calls_per_second(void (*f)(void *context), void *context, int runs) {
    double best = 0;
    for (int done = 0; done < runs; done++) {
        const double start = now_s();
        double end;
        size_t times = 0;
        do { /* long enough for the clock */
            f(context);
            times++;
        } while ((end = now_s()) - start < 0.02);
        best = fmax(best, (double)times / (end - start));
    }
    return best;
}

/* How many kernels this processor must be given, counted apart from the table so that a line
 * missing there is noticed. */
static unsigned demanded(unsigned features) {
    enum { GEMM = DTYPE_N, GEMM_INTEGER = 5, QUANTIZE = ACT_N - 1, OPS = 8 };
    unsigned n = GEMM + GEMM_INTEGER + QUANTIZE + OPS; /* ref; integer products as --exact too */
#if defined(__x86_64__)
    enum { DECODE_ENCODE = 4 };
    if (features & CPU_X86_AVX2) n += GEMM + GEMM_INTEGER + QUANTIZE + OPS + DECODE_ENCODE;
#elif defined(__powerpc64__)
    n += GEMM; /* vsx: every little-endian POWER; those of integers as --exact only */
    if (features & CPU_PPC_MMA) n += GEMM;
#else
    (void)features;
#endif
    return n;
}

struct options {
    const char *isa; /* NULL: all */
    enum dtype type; /* DTYPE_N: all */
    uint64_t seed;
    bool quick, bench, roi;
    enum roi what;
    size_t m, n, k; /* of --roi */
};

static bool roi_parse(struct options *o, const char *value) {
    char what[8] = "run";
    const int n = sscanf(value, "%zu,%zu,%zu,%7s", &o->m, &o->n, &o->k, what);
    o->what = strcmp(what, "pack") == 0     ? ROI_PACK
              : strcmp(what, "stream") == 0 ? ROI_STREAM
                                            : ROI_RUN;
    o->roi = n >= 3 && o->m > 0 && o->n > 0 && o->k > 0;
    return o->roi;
}

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
        } else if (strcmp(argv[i], "--type") == 0 && value) {
            if (!dtype_from_name(&o->type, value)) return false;
            i++;
        } else if (strcmp(argv[i], "--seed") == 0 && value) {
            o->seed = strtoull(value, NULL, 0);
            i++;
        } else if (strcmp(argv[i], "--roi") == 0 && value) {
            if (!roi_parse(o, value)) return false;
            i++;
        } else {
            return false;
        }
    }
    return true;
}

/* Checks or times one level. */
static void level(const struct options *o, const struct kernels *t, const struct kernels *below,
                  const struct kernels *ref) {
    if (o->bench) {
        bench_gemm(t, below, o->type, o->quick);
        return;
    }
    check_gemm(t, below, o->type, o->quick);
    if (o->type != DTYPE_N) return;
    check_quantize(t, below, ref, o->quick);
    check_ops(t, ref, o->quick);
}

int main(int argc, char **argv) {
    struct options o = {.type = DTYPE_N,
                        .seed = (uint64_t)time(NULL) ^ (uint64_t)getpid() << 32,
                        .quick = getenv("SIGILO_TEST_QUICK") != NULL};
    if (!options_parse(&o, argc, argv)) {
        fprintf(stderr, "usage: kernel_check [--isa NAME] [--type NAME] [--seed N] [--quick] "
                        "[--bench] [--roi M,N,K[,pack|stream]]\n");
        return 2;
    }
    random_state = o.seed;
    const unsigned features = cpu_features();
    struct error err;
    struct kernels ref, t, below;
    if (kernels_init(&ref, "ref", features, &err) || kernels_init(&t, o.isa, features, &err)) {
        fprintf(stderr, "kernel_check: %s\n", err.message);
        return 2;
    }
    if (o.roi) {
        roi_gemm(&t, o.type == DTYPE_N ? DTYPE_F32 : o.type, o.what, o.m, o.n, o.k);
        return 0;
    }

    signal(SIGSEGV, fence_touched);
    signal(SIGBUS, fence_touched);
    printf("kernel_check: seed %llu%s\n", (unsigned long long)o.seed, o.quick ? ", quick" : "");
    fflush(stdout); /* before any fence is touched */
    unsigned n_levels = 0;
    const char *const *isas = kernels_isas();
    for (size_t i = 0; isas[i]; i++) {
        if (o.isa && strcmp(o.isa, isas[i]) != 0) continue;
        if (kernels_init(&t, isas[i], features, &err)) return 1;
        if (i > 0 && kernels_init(&below, isas[i - 1], features, &err)) return 1;
        if (strcmp(t.isa, isas[i]) != 0) {
            printf("skip %s: this processor lacks it (%s is its highest below)\n", isas[i], t.isa);
            continue;
        }
        level(&o, &t, i > 0 ? &below : NULL, &ref);
        n_levels++;
    }

    /* with --isa or --type it is one level or format that was asked for */
    const bool all = !o.isa && o.type == DTYPE_N && !o.bench;
    const unsigned wanted = all ? demanded(features) : o.bench ? 0 : 1;
    const bool good = count.failures == 0 && n_levels > 0 && count.kernels >= wanted;
    printf("kernel_check: %s: %u kernels of %u demanded, %lu calls, %lu failures, seed %llu\n",
           good ? "passed" : "FAILED", count.kernels, wanted, count.calls, count.failures,
           (unsigned long long)o.seed);
    return good ? 0 : 1;
}
