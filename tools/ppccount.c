/* SPDX-License-Identifier: MIT
 *
 * A QEMU TCG plugin (qemu-user 7.2, plugin API 1) that counts the instructions a ppc64le guest
 * executes, by class: exact figures for kernels on a machine that has no POWER10. Built and run by
 * tools/ppccount.sh.
 *
 *   qemu-ppc64le -plugin libppccount.so[,out=FILE][,roi=on][,sym=on] ...
 *
 * roi=on counts only between the marker nops "ori 21,21,0" (begin) and "ori 22,22,0" (end), per
 * guest thread. sym=on adds the 25 symbols with most instructions.
 *
 * A translation block is classified once, when it is translated, and its totals are added at each
 * execution. Blocks that hold a marker are counted instruction by instruction.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qemu-plugin.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

enum insn_class {
    GER_I8, /* the matrix unit: up to GER_F64 */
    GER_I16,
    GER_I4,
    GER_BF16,
    GER_F16,
    GER_F32,
    GER_F64,
    ACC_MOVE,
    LXVP,
    STXVP,
    LXV,
    STXV,
    VMX,
    VSX,
    FP_SCALAR,
    LOAD,
    STORE,
    BRANCH,
    INT,
    OTHER,
    CLASS_N,
    MARK_BEGIN, /* not counted */
    MARK_END,
};

static const char *const class_names[CLASS_N] = {
    "xvi8ger4*",
    "xvi16ger2*",
    "xvi4ger8*",
    "xvbf16ger2*",
    "xvf16ger2*",
    "xvf32ger*",
    "xvf64ger*",
    "xxm[ft]acc/xxsetaccz",
    "lxvp*",
    "stxvp*",
    "lxv*",
    "stxv*",
    "VMX(op4)",
    "VSX(op60)",
    "scalarFP(59/63)",
    "gpr/fp load",
    "gpr/fp store",
    "branch",
    "int alu",
    "other",
};

enum { VCPU_MAX = 256 };

struct vcpu { /* written by its own guest thread alone */
    uint64_t n_insns, n_blocks, by_class[CLASS_N];
    int counting; /* between the markers */
    char pad[64]; /* neighbours on other cache lines */
};

struct symbol {
    struct symbol *next;
    const char *name;
    uint64_t n_insns, n_ger; /* atomic: threads share them */
};

struct block { /* lives as long as its translation: never freed */
    uint32_t n_insns, n_ger;
    uint16_t by_class[CLASS_N];
    struct symbol *symbol; /* NULL without sym=on */
};

static struct vcpu vcpus[VCPU_MAX];
static struct symbol *symbols;
static int roi_only, with_symbols;
static FILE *out;

/* Prefixed instructions: 8LS and MLS loads, stores and paddi, 8RR, MMIRR (masked ger). */
static int classify_prefixed(uint32_t prefix, uint32_t suffix) {
    const uint32_t op = suffix >> 26, type = (prefix >> 24) & 3;
    switch (op) {
    case 50:
    case 51: return LXV;
    case 54:
    case 55: return STXV;
    case 58: return LXVP;
    case 62: return STXVP;
    }
    if (type == 1 || type == 3) return VSX;
    switch (op) {
    case 14: return INT;
    case 36:
    case 38:
    case 44:
    case 52:
    case 61: return STORE;
    }
    return LOAD;
}

/* Primary opcode 59: the matrix instructions and scalar single precision. */
static int classify_op59(uint32_t w) {
    const uint32_t xo = (w >> 3) & 255;
    if ((xo & 6) != 2 || xo == 211 || xo == 243) return FP_SCALAR;
    switch (xo & ~0xe0u) {
    case 0x02:
    case 0x03: return (xo & 0xe0) == 0x20 ? GER_I4 : GER_I8;
    case 0x0a:
    case 0x0b: return GER_I16;
    case 0x12:
    case 0x13:
        return xo == 0x32 || xo == 0x33 || xo == 0xb2 || xo == 0x72 || xo == 0xf2 ? GER_BF16
                                                                                  : GER_F16;
    case 0x1a:
    case 0x1b:
        return xo == 0x3a || xo == 0x3b || xo == 0xba || xo == 0x7a || xo == 0xfa ? GER_F64
                                                                                  : GER_F32;
    }
    return FP_SCALAR;
}

/* Primary opcode 31, by its ten-bit extended opcode. */
static int classify_op31(uint32_t xo) {
    switch (xo) {
    case 177: return ACC_MOVE;
    case 333: return LXVP;
    case 461: return STXVP;
    case 7:
    case 12:
    case 39:
    case 71:
    case 76:
    case 103:
    case 268:
    case 269:
    case 301:
    case 332:
    case 359:
    case 364:
    case 524:
    case 588:
    case 780:
    case 812:
    case 844:
    case 876: return LXV;
    case 135:
    case 140:
    case 167:
    case 199:
    case 231:
    case 396:
    case 397:
    case 429:
    case 487:
    case 652:
    case 716:
    case 908:
    case 940:
    case 972:
    case 1004: return STXV;
    case 20:
    case 21:
    case 23:
    case 53:
    case 55:
    case 84:
    case 87:
    case 119:
    case 279:
    case 311:
    case 341:
    case 343:
    case 373:
    case 375:
    case 532:
    case 534:
    case 535:
    case 567:
    case 599:
    case 631:
    case 790:
    case 855:
    case 887: return LOAD;
    case 149:
    case 150:
    case 151:
    case 181:
    case 183:
    case 214:
    case 215:
    case 247:
    case 407:
    case 439:
    case 660:
    case 662:
    case 663:
    case 695:
    case 727:
    case 759:
    case 918:
    case 983: return STORE;
    case 54:
    case 86:
    case 246:
    case 278:
    case 598:
    case 982:
    case 1014: return OTHER; /* cache, sync */
    }
    return INT;
}

/* By the opcode maps of Power ISA 3.1. */
static int classify(uint32_t w, uint32_t suffix, size_t size_bytes) {
    if (size_bytes == 8) {
        if (((w >> 24) & 3) == 3 && suffix >> 26 == 59) return classify_op59(suffix);
        return classify_prefixed(w, suffix);
    }
    const uint32_t op = w >> 26, xo = (w >> 1) & 1023;
    switch (op) {
    case 4: return VMX;
    case 6: return w & 15 ? STXVP : LXVP;
    case 16:
    case 18: return BRANCH;
    case 17: return OTHER;
    case 19: return xo == 16 || xo == 528 || xo == 560 ? BRANCH : OTHER;
    case 31: return classify_op31(xo);
    case 59: return classify_op59(w);
    case 60: return VSX;
    case 61: return (w & 7) == 1 ? LXV : (w & 7) == 5 ? STXV : STORE;
    case 63: return FP_SCALAR;
    case 32:
    case 33:
    case 34:
    case 35:
    case 40:
    case 41:
    case 42:
    case 43:
    case 46:
    case 48:
    case 49:
    case 50:
    case 51:
    case 56:
    case 57:
    case 58: return LOAD;
    case 36:
    case 37:
    case 38:
    case 39:
    case 44:
    case 45:
    case 47:
    case 52:
    case 53:
    case 54:
    case 55:
    case 62: return STORE;
    }
    return op >= 7 && op <= 30 ? INT : OTHER;
}

static void block_executed(unsigned index, void *data) {
    struct vcpu *v = &vcpus[index % VCPU_MAX];
    const struct block *b = data;
    if (roi_only && !v->counting) return;
    v->n_blocks++;
    v->n_insns += b->n_insns;
    for (int i = 0; i < CLASS_N; i++)
        v->by_class[i] += b->by_class[i];
    if (!b->symbol) return;
    __atomic_fetch_add(&b->symbol->n_insns, b->n_insns, __ATOMIC_RELAXED);
    __atomic_fetch_add(&b->symbol->n_ger, b->n_ger, __ATOMIC_RELAXED);
}

static void insn_executed(unsigned index, void *data) {
    struct vcpu *v = &vcpus[index % VCPU_MAX];
    const uintptr_t class = (uintptr_t)data;
    if (class == MARK_BEGIN) v->counting = 1;
    if (class == MARK_END) v->counting = 0;
    if (!v->counting || class >= CLASS_N) return;
    v->n_insns++;
    v->by_class[class]++;
}

static struct symbol *symbol_named(const char *name) {
    if (!name) name = "?";
    for (struct symbol *s = symbols; s; s = s->next)
        if (strcmp(s->name, name) == 0) return s;
    struct symbol *s = calloc(1, sizeof(*s));
    if (!s) abort();
    *s = (struct symbol){.next = symbols, .name = strdup(name)};
    symbols = s;
    return s;
}

static int classify_or_mark(struct qemu_plugin_insn *insn) {
    uint32_t w = 0, suffix = 0;
    const size_t size_bytes = qemu_plugin_insn_size(insn);
    const char *bytes = qemu_plugin_insn_data(insn);
    memcpy(&w, bytes, 4);
    if (size_bytes == 8) memcpy(&suffix, bytes + 4, 4);
    if (roi_only && w == 0x62b50000u) return MARK_BEGIN;
    if (roi_only && w == 0x62d60000u) return MARK_END;
    return classify(w, suffix, size_bytes);
}

static void block_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    const size_t n = qemu_plugin_tb_n_insns(tb);
    int marked = 0;
    struct block *b = calloc(1, sizeof(*b));
    int *classes = malloc((n + 1) * sizeof(*classes));
    if (!b || !classes) abort();
    for (size_t i = 0; i < n; i++) {
        const int class = classes[i] = classify_or_mark(qemu_plugin_tb_get_insn(tb, i));
        if (class >= CLASS_N) {
            marked = 1;
            continue;
        }
        b->n_insns++;
        b->by_class[class]++;
        b->n_ger += class <= GER_F64;
    }
    if (with_symbols && n)
        b->symbol = symbol_named(qemu_plugin_insn_symbol(qemu_plugin_tb_get_insn(tb, 0)));
    if (!marked)
        qemu_plugin_register_vcpu_tb_exec_cb(tb, block_executed, QEMU_PLUGIN_CB_NO_REGS, b);
    for (size_t i = 0; marked && i < n; i++)
        qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_tb_get_insn(tb, i), insn_executed,
                                               QEMU_PLUGIN_CB_NO_REGS,
                                               (void *)(uintptr_t)classes[i]);
    free(classes);
}

static int more_insns_first(const void *a, const void *b) {
    const struct symbol *x = *(struct symbol *const *)a, *y = *(struct symbol *const *)b;
    return (x->n_insns < y->n_insns) - (x->n_insns > y->n_insns);
}

static void print_symbols(void) {
    size_t n = 0;
    for (struct symbol *s = symbols; s; s = s->next)
        n++;
    struct symbol **sorted = malloc((n + 1) * sizeof(*sorted));
    if (!sorted) abort();
    n = 0;
    for (struct symbol *s = symbols; s; s = s->next)
        sorted[n++] = s;
    qsort(sorted, n, sizeof(*sorted), more_insns_first);
    for (size_t i = 0; i < n && i < 25; i++)
        if (sorted[i]->n_insns)
            fprintf(out, "  sym %-28s insns %llu ger %llu\n", sorted[i]->name,
                    (unsigned long long)sorted[i]->n_insns, (unsigned long long)sorted[i]->n_ger);
    free(sorted);
}

static void guest_exited(qemu_plugin_id_t id, void *data) {
    struct vcpu total = {0};
    int n_vcpus = 0;
    for (int v = 0; v < VCPU_MAX; v++) {
        n_vcpus += vcpus[v].n_insns > 0;
        total.n_insns += vcpus[v].n_insns;
        total.n_blocks += vcpus[v].n_blocks;
        for (int i = 0; i < CLASS_N; i++)
            total.by_class[i] += vcpus[v].by_class[i];
    }
    fprintf(out, "insns %llu tbs %llu vcpus %d\n", (unsigned long long)total.n_insns,
            (unsigned long long)total.n_blocks, n_vcpus);
    for (int i = 0; i < CLASS_N; i++)
        if (total.by_class[i])
            fprintf(out, "  %-22s %llu\n", class_names[i], (unsigned long long)total.by_class[i]);
    if (with_symbols) print_symbols();
    fflush(out);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv) {
    out = stderr;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0) {
            out = fopen(argv[i] + 4, "w");
            if (!out) {
                perror(argv[i] + 4);
                return -1;
            }
        } else if (strcmp(argv[i], "roi=on") == 0) {
            roi_only = 1;
        } else if (strcmp(argv[i], "sym=on") == 0) {
            with_symbols = 1;
        } else {
            fprintf(stderr, "ppccount: bad argument %s\n", argv[i]);
            return -1;
        }
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
    qemu_plugin_register_atexit_cb(id, guest_exited, NULL);
    return 0;
}
