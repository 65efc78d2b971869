/* SPDX-License-Identifier: MIT
 *
 * sigilo inspect: what is in a model file, and what it will need. Nothing is asked of the file but
 * to be a GGUF: where the metadata lack what a line needs, the line is left out.
 */
#include "cli/cli.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "cli/mapped.h"
#include "gguf/gguf.h"
#include "tagger/builtin.h"
#include "text/encoding.h"

struct settings {
    const char *path;
    bool json, tensors, help;
};

enum { OPT_JSON = 256, OPT_TENSORS };

const struct cli_option inspect_options[] = {
    {"json", OPT_JSON, NULL, N_("one JSON object instead: everything, tensors too")},
    {"tensors", OPT_TENSORS, NULL, N_("list the tensors too")},
    {"help", 'h', NULL, N_("this text")},
    {NULL, 0, NULL, NULL},
};

static void print_help(void) {
    cli_help(_("sigilo inspect FILE [OPTION]..."),
             _("Says what is in a GGUF model file: metadata, formats, sizes, and the memory it "
               "takes."),
             inspect_options,
             _("FILE may be the word tagger: the model linked into the program.\n\n"
               "Memory is that of the weights and of the KV cache, which is\n"
               "  context x layers x KV heads x (key length + value length) x bytes,\n"
               "the bytes being 2 in f16 and 34/32 in q8_0. Working memory comes on top."));
}

/* 0, or the exit code of a misuse. */
static int parse(struct settings *s, int argc, char **argv) {
    struct error err;
    s->json = cli_wants_json(argc, argv);
    optind = 1;
    opterr = 0;
    for (int c; (c = cli_getopt(argc, argv, inspect_options, &err)) != -1;) {
        if (c == '?') return cli_misuse(s->json, "inspect", "%s", err.message);
        if (c == OPT_TENSORS) s->tensors = true;
        if (c == 'h') {
            s->help = true;
            return 0;
        }
    }
    if (optind + 1 != argc) return cli_misuse(s->json, "inspect", _("expected one model file"));
    s->path = argv[optind];
    return 0;
}

/* Facts */

struct type_use {
    size_t n_tensors, size_bytes;
};

struct facts {
    const struct gguf *g;
    struct gguf_string architecture, name; /* empty when missing */
    uint64_t n_parameters;
    size_t tensor_bytes;
    struct type_use types[DTYPE_N];
    uint64_t kv_values; /* numbers the KV cache holds for each token; 0: the metadata do not say */
    uint64_t n_ctx;     /* the context the model was made for; 0: unknown */
};

/* A number below the architecture: "llama.block_count". False where it is missing or no number. */
static const struct gguf_value *find_of_arch(const struct facts *f, const char *key) {
    char full[160];
    snprintf(full, sizeof(full), "%.*s.%s", (int)(f->architecture.n < 64 ? f->architecture.n : 64),
             f->architecture.data, key);
    return gguf_find(f->g, full);
}

static bool get_of_arch(const struct facts *f, const char *key, uint64_t *out) {
    const struct gguf_value *value = find_of_arch(f, key);
    return value && gguf_value_u64(value, out);
}

/* The KV heads of all layers together: one number for each layer, or one for all. */
static bool sum_kv_heads(const struct facts *f, uint64_t n_layer, uint64_t *out) {
    uint64_t each;
    const struct gguf_value *value = find_of_arch(f, "attention.head_count_kv");
    if (value && value->type == GGUF_ARRAY && gguf_type_bytes(value->item_type) > 0) {
        double sum = 0;
        for (uint64_t i = 0; i < value->n_items && i < n_layer; i++)
            sum += gguf_array_number(value, i);
        *out = sum > 0 && sum < 0x1p53 ? (uint64_t)sum : 0;
        return true;
    }
    if (!get_of_arch(f, "attention.head_count_kv", &each) &&
        !get_of_arch(f, "attention.head_count", &each))
        return false;
    return size_mul(out, n_layer, each);
}

/* Numbers the cache holds for each token, 0 when they cannot be told. */
static uint64_t count_kv_values(const struct facts *f) {
    uint64_t n_layer, n_heads_kv, n_embd, n_head, n_key, n_value, n_both;
    if (!get_of_arch(f, "block_count", &n_layer)) return 0;
    if (!sum_kv_heads(f, n_layer, &n_heads_kv)) return 0;
    if (!get_of_arch(f, "attention.key_length", &n_key)) {
        if (!get_of_arch(f, "embedding_length", &n_embd)) return 0;
        if (!get_of_arch(f, "attention.head_count", &n_head) || n_head == 0) return 0;
        n_key = n_embd / n_head;
    }
    if (!get_of_arch(f, "attention.value_length", &n_value)) n_value = n_key;
    if (!size_add(&n_both, n_key, n_value) || !size_mul(&n_both, n_both, n_heads_kv)) return 0;
    return n_both;
}

static void gather(struct facts *f, const struct gguf *g) {
    *f = (struct facts){.g = g, .architecture = {"", 0}, .name = {"", 0}};
    const struct gguf_value *value = gguf_find(g, "general.architecture");
    if (value) gguf_value_string(value, &f->architecture);
    if ((value = gguf_find(g, "general.name"))) gguf_value_string(value, &f->name);
    for (size_t i = 0; i < g->n_tensors; i++) {
        const struct gguf_tensor *t = &g->tensors[i];
        f->n_parameters += t->dims[0] * t->dims[1] * t->dims[2] * t->dims[3];
        f->tensor_bytes += t->size_bytes;
        f->types[t->type].n_tensors++;
        f->types[t->type].size_bytes += t->size_bytes;
    }
    f->kv_values = count_kv_values(f);
    get_of_arch(f, "context_length", &f->n_ctx);
}

/* A context the table of memory shows, 0 where it does not; the last is the model's own. */
enum { N_CONTEXTS = 4 };
static uint64_t shown_context(const struct facts *f, size_t i) {
    static const uint64_t contexts[N_CONTEXTS - 1] = {2048, 8192, 32768};
    if (f->kv_values == 0) return 0;
    if (i == N_CONTEXTS - 1) return f->n_ctx;
    return f->n_ctx == 0 || contexts[i] < f->n_ctx ? contexts[i] : 0;
}

struct kv_bytes {
    size_t f16, q8_0;
};

/* False when the numbers are no sizes. */
static bool size_kv(struct kv_bytes *out, const struct facts *f, uint64_t n_ctx) {
    size_t n;
    if (!size_mul(&n, f->kv_values, n_ctx) || n > SIZE_MAX / 64) return false;
    *out = (struct kv_bytes){.f16 = n * 2, .q8_0 = n / 32 * 34 + n % 32 * 2};
    return true;
}

/* Bytes of the file as text: what is no text becomes U+FFFD, what would move a terminal's cursor or
 * turn its writing round is shown by number. */

static bool is_harmless(uint32_t cp) {
    if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) return false;
    if (cp == 0x200e || cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e)) return false;
    return !(cp >= 0x2066 && cp <= 0x2069) && cp != 0xfeff;
}

static void print_string(struct gguf_string s, size_t n_max) {
    const unsigned char *bytes = (const unsigned char *)s.data;
    struct strbuf text;
    strbuf_init(&text, 1 << 16);
    size_t at = 0;
    for (size_t n = 0; at < s.n && n < n_max; n++) {
        uint32_t cp;
        at += encoding_decode(ENCODING_UTF_8, bytes, s.n, at, &cp, NULL);
        if (cp == '\n')
            strbuf_puts(&text, "\\n");
        else if (is_harmless(cp))
            encoding_append(&text, ENCODING_UTF_8, cp);
        else
            strbuf_printf(&text, "\\u%04" PRIx32, cp);
    }
    fputs(strbuf_str(&text), stdout);
    if (at < s.n) fputs("...", stdout);
    strbuf_release(&text);
}

/* The shortest decimal that gives the same number again. */
static void format_real(char text[32], double number, bool is_f32) {
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, 32, "%.*g", digits, number);
        const double back = strtod(text, NULL);
        if (is_f32 ? (float)back == (float)number : back == number) return;
    }
}

/* For people */

enum { STRING_SHOWN_MAX = 60, ITEMS_SHOWN_MAX = 6, CARD_SHOWN_MAX = 1000 };

static void print_number(const struct gguf_value *v) {
    char text[32];
    double number;
    uint64_t u;
    if (gguf_value_u64(v, &u)) {
        printf("%" PRIu64, u);
    } else if (gguf_value_number(v, &number)) {
        format_real(text, number, v->type == GGUF_F32);
        fputs(text, stdout);
    }
}

static void print_value(const struct gguf_value *v) {
    struct gguf_string s;
    const unsigned char *cursor = NULL;
    if (gguf_value_string(v, &s)) {
        print_string(s, STRING_SHOWN_MAX);
    } else if (v->type == GGUF_BOOL) {
        fputs(v->data[0] ? "true" : "false", stdout);
    } else if (v->type == GGUF_ARRAY) {
        printf("[");
        for (uint64_t i = 0; i < v->n_items && i < ITEMS_SHOWN_MAX; i++) {
            const struct gguf_value item = gguf_array_next(v, &cursor);
            if (i > 0) printf(", ");
            print_value(&item);
        }
        printf(v->n_items > ITEMS_SHOWN_MAX ? ", ...] " : "] ");
        printf(_("%" PRIu64 " of %s"), v->n_items, gguf_type_name(v->item_type));
    } else {
        print_number(v);
    }
}

struct look {
    const char *heading, *plain;
};

static struct look choose_look(void) {
    const char *no_colour = getenv("NO_COLOR");
    const bool colour = isatty(STDOUT_FILENO) && !(no_colour && *no_colour);
    return colour ? (struct look){"\033[1m", "\033[0m"} : (struct look){"", ""};
}

static void print_heading(struct look look, const char *text) {
    printf("\n%s%s%s\n", look.heading, text, look.plain);
}

static void print_size(size_t n) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double shown = (double)n;
    size_t unit = 0;
    for (; shown >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
        shown /= 1024;
    printf("%8.*f %-3s", unit > 0 && shown < 100 ? 2 : 0, shown, units[unit]);
}

static void print_parameters(uint64_t n) {
    if (n >= 1000000000)
        printf(_("%.2f billion"), (double)n / 1e9);
    else if (n >= 1000000)
        printf(_("%.2f million"), (double)n / 1e6);
    else
        printf("%" PRIu64, n);
}

static void print_summary(const struct facts *f, const struct settings *s, struct look look) {
    const struct gguf *g = f->g;
    printf("%s%s%s\n", look.heading, s->path, look.plain);
    printf("  %-14s", _("name"));
    print_string(f->name, STRING_SHOWN_MAX);
    printf("\n  %-14s", _("architecture"));
    print_string(f->architecture, STRING_SHOWN_MAX);
    printf("\n  %-14s", _("parameters"));
    print_parameters(f->n_parameters);
    if (f->n_parameters)
        printf(_(", %.2f bits each"), (double)f->tensor_bytes * 8 / (double)f->n_parameters);
    printf("\n  %-14s", _("file"));
    printf(_("%zu bytes, GGUF version %" PRIu32 ", %zu tensors\n"), g->map_bytes, g->version,
           g->n_tensors);
}

static void print_types(const struct facts *f, struct look look) {
    if (f->g->n_tensors == 0) return;
    print_heading(look, _("Formats"));
    for (size_t i = 0; i < DTYPE_N; i++) {
        const struct type_use *use = &f->types[i];
        if (use->n_tensors == 0) continue;
        printf("  %-8s", dtype_traits((enum dtype)i)->name);
        printf(_("%6zu tensors"), use->n_tensors);
        print_size(use->size_bytes);
        printf("  %5.1f %%\n", 100.0 * (double)use->size_bytes / (double)f->tensor_bytes);
    }
}

static void print_memory(const struct facts *f, struct look look) {
    struct kv_bytes kv;
    print_heading(look, _("Memory"));
    printf("  %-22s", _("weights"));
    print_size(f->tensor_bytes);
    putchar('\n');
    for (size_t i = 0; i < N_CONTEXTS; i++) {
        const uint64_t n_ctx = shown_context(f, i);
        if (n_ctx == 0 || !size_kv(&kv, f, n_ctx)) continue;
        printf(_("  KV cache of %-10" PRIu64), n_ctx);
        print_size(kv.f16);
        printf(" f16");
        print_size(kv.q8_0);
        printf(" q8_0\n");
    }
}

static void print_metadata(const struct facts *f, struct look look) {
    print_heading(look, _("Metadata"));
    for (size_t i = 0; i < f->g->n_pairs; i++) {
        const struct gguf_pair *pair = &f->g->pairs[i];
        printf("  ");
        print_string(pair->key, STRING_SHOWN_MAX);
        printf(" = ");
        print_value(&pair->value);
        putchar('\n');
    }
}

static void print_tensors(const struct facts *f, struct look look) {
    print_heading(look, _("Tensors"));
    for (size_t i = 0; i < f->g->n_tensors; i++) {
        const struct gguf_tensor *t = &f->g->tensors[i];
        printf("  %-8s", dtype_traits(t->type)->name);
        print_size(t->size_bytes);
        printf("  ");
        print_string(t->name, STRING_SHOWN_MAX);
        for (uint32_t d = 0; d < t->n_dims; d++)
            printf(d == 0 ? "  %" PRIu64 : " x %" PRIu64, t->dims[d]);
        putchar('\n');
    }
}

/* What its makers say of a tagger, whole. */
static void print_card(const struct facts *f, struct look look) {
    static const char *const keys[] = {"general.description", "general.datasets", "general.license",
                                       "general.language",    "general.scores",   "general.date"};
    if (!gguf_string_is(f->architecture, "sigilo-tagger")) return;
    print_heading(look, _("Card"));
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const struct gguf_value *v = gguf_find(f->g, keys[i]);
        struct gguf_string text;
        if (!v || !gguf_value_string(v, &text)) continue;
        printf("  %-14s", strchr(keys[i], '.') + 1);
        print_string(text, CARD_SHOWN_MAX);
        putchar('\n');
    }
}

static void print_plain(const struct facts *f, const struct settings *s) {
    const struct look look = choose_look();
    print_summary(f, s, look);
    print_card(f, look);
    print_types(f, look);
    print_memory(f, look);
    print_metadata(f, look);
    if (s->tensors) print_tensors(f, look);
}

/* For programs. jansson's _new functions take NULL and pass the failure on, so the last call tells
 * whether memory was enough; an object that lacks a member would say so by its absence. */

enum { JSON_ITEMS_MAX = 128, JSON_ITEMS_FIRST = 16 };

static json_t *json_of_string(struct gguf_string s) {
    struct strbuf text;
    strbuf_init(&text, SIZE_MAX / 2);
    encoding_to_utf8(&text, ENCODING_UTF_8, (const unsigned char *)s.data, s.n);
    json_t *json = text.failed ? NULL : json_stringn(strbuf_str(&text), text.n);
    strbuf_release(&text);
    return json;
}

/* Keys are C strings to jansson: a NUL would cut them. */
static bool set_by_name(json_t *object, struct gguf_string name, json_t *value) {
    struct strbuf key;
    strbuf_init(&key, SIZE_MAX / 2);
    encoding_to_utf8(&key, ENCODING_UTF_8, (const unsigned char *)name.data, name.n);
    for (size_t i = 0; !key.failed && i < key.n; i++)
        if (key.data[i] == '\0') key.data[i] = '?';
    const bool whole = !key.failed && json_object_set_new(object, strbuf_str(&key), value) == 0;
    strbuf_release(&key);
    return whole;
}

static json_t *json_of_number(const struct gguf_value *v) {
    char text[32];
    uint64_t u;
    double number;
    if (gguf_value_u64(v, &u) && u <= INT64_MAX) return json_integer((json_int_t)u);
    if (!gguf_value_number(v, &number) || !isfinite(number)) return json_null();
    if (v->type != GGUF_F32 && v->type != GGUF_F64 && number >= -0x1p63 && number < 0x1p63)
        return json_integer((json_int_t)number);
    format_real(text, number, v->type == GGUF_F32);
    return json_real(strtod(text, NULL));
}

static json_t *json_of_value(const struct gguf_value *v);

/* The first n items. */
static json_t *json_of_items(const struct gguf_value *v, uint64_t n) {
    const unsigned char *cursor = NULL;
    json_t *items = json_array();
    for (uint64_t i = 0; i < n; i++) {
        const struct gguf_value item = gguf_array_next(v, &cursor);
        if (json_array_append_new(items, json_of_value(&item)) == 0) continue;
        json_decref(items);
        return NULL;
    }
    return items;
}

static json_t *json_of_value(const struct gguf_value *v) {
    struct gguf_string s;
    if (gguf_value_string(v, &s)) return json_of_string(s);
    if (v->type == GGUF_BOOL) return json_boolean(v->data[0]);
    if (v->type != GGUF_ARRAY) return json_of_number(v);
    if (v->n_items <= JSON_ITEMS_MAX) return json_of_items(v, v->n_items);
    return json_pack("{s:s, s:I, s:o}", "array", gguf_type_name(v->item_type), "items",
                     (json_int_t)v->n_items, "first", json_of_items(v, JSON_ITEMS_FIRST));
}

static json_t *json_of_metadata(const struct facts *f) {
    json_t *metadata = json_object();
    for (size_t i = 0; i < f->g->n_pairs; i++) {
        const struct gguf_pair *pair = &f->g->pairs[i];
        if (set_by_name(metadata, pair->key, json_of_value(&pair->value))) continue;
        json_decref(metadata);
        return NULL;
    }
    return metadata;
}

static json_t *json_of_tensors(const struct facts *f) {
    json_t *tensors = json_array();
    for (size_t i = 0; i < f->g->n_tensors; i++) {
        const struct gguf_tensor *t = &f->g->tensors[i];
        json_t *shape = json_array();
        for (uint32_t d = 0; d < t->n_dims; d++)
            json_array_append_new(shape, json_integer((json_int_t)t->dims[d]));
        json_t *tensor = json_pack("{s:o, s:s, s:o, s:I}", "name", json_of_string(t->name), "type",
                                   dtype_traits(t->type)->name, "shape", shape, "bytes",
                                   (json_int_t)t->size_bytes);
        if (json_array_append_new(tensors, tensor) == 0) continue;
        json_decref(tensors);
        return NULL;
    }
    return tensors;
}

static json_t *json_of_types(const struct facts *f) {
    json_t *types = json_object();
    for (size_t i = 0; i < DTYPE_N; i++) {
        const struct type_use *use = &f->types[i];
        if (use->n_tensors == 0) continue;
        json_object_set_new(types, dtype_traits((enum dtype)i)->name,
                            json_pack("{s:I, s:I}", "tensors", (json_int_t)use->n_tensors, "bytes",
                                      (json_int_t)use->size_bytes));
    }
    return types;
}

static json_t *json_of_memory(const struct facts *f) {
    struct kv_bytes kv;
    json_t *contexts = json_array();
    for (size_t i = 0; i < N_CONTEXTS; i++) {
        const uint64_t n_ctx = shown_context(f, i);
        if (n_ctx == 0 || !size_kv(&kv, f, n_ctx)) continue;
        json_array_append_new(contexts,
                              json_pack("{s:I, s:I, s:I}", "context", (json_int_t)n_ctx, "f16",
                                        (json_int_t)kv.f16, "q8_0", (json_int_t)kv.q8_0));
    }
    return json_pack("{s:I, s:o}", "weights", (json_int_t)f->tensor_bytes, "kv_cache", contexts);
}

static json_t *json_or_null(struct gguf_string s) {
    return s.n ? json_of_string(s) : json_null();
}

static bool print_json(const struct facts *f, const struct settings *s) {
    const struct gguf_string path = {s->path, strlen(s->path)};
    json_t *o = json_pack(
        "{s:o, s:I, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "file", json_of_string(path),
        "version", (json_int_t)f->g->version, "architecture", json_or_null(f->architecture), "name",
        json_or_null(f->name), "parameters", (json_int_t)f->n_parameters, "file_bytes",
        (json_int_t)f->g->map_bytes, "tensor_bytes", (json_int_t)f->tensor_bytes, "metadata",
        json_of_metadata(f), "tensors", json_of_tensors(f), "types", json_of_types(f), "memory",
        json_of_memory(f));
    const bool whole = o && json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15)) == 0;
    if (whole) putchar('\n');
    json_decref(o);
    return whole;
}

/* The word "tagger" is the one linked into the program, unless a file has that name. */
static enum status open_file(struct gguf **out, const char *path, struct error *err) {
    if (strcmp(path, "tagger") == 0 && access(path, F_OK) != 0)
        return gguf_open_memory(out, tagger_builtin, tagger_builtin_bytes(), path, err);
    mapped_watch(path);
    return gguf_open(out, path, err);
}

int cmd_inspect(int argc, char **argv) {
    struct settings s = {.path = ""};
    struct gguf *g;
    struct facts facts;
    struct error err;
    const int code = parse(&s, argc, argv);
    if (code) return code;
    if (s.help) {
        print_help();
        return EXIT_DONE;
    }
    if (open_file(&g, s.path, &err)) return cli_fail(s.json, &err, EXIT_FAILED);
    gather(&facts, g);
    bool whole = true;
    if (s.json)
        whole = print_json(&facts, &s);
    else
        print_plain(&facts, &s);
    gguf_close(g);
    if (!whole) {
        fail(&err, ERR_NOMEM, _("%s: not enough memory to describe it"), s.path);
        return cli_fail(s.json, &err, EXIT_FAILED);
    }
    if (fflush(stdout) == 0 && !ferror(stdout)) return EXIT_DONE;
    cli_say(_("cannot write to standard output"));
    return EXIT_FAILED;
}
