/* SPDX-License-Identifier: MIT
 *
 * The directory of a GGUF file, read front to back by one cursor that knows where the file ends.
 *
 * Nothing in the file is believed: a length is compared with the bytes that are left before it is
 * used, and the tables grow by what was really read, never by what a count claims. So time and
 * memory are bounded by the size of the directory that is there. Names are found, and duplicates
 * seen, by sorting positions: no table of names can be made slow by choosing names.
 */
#include "gguf/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intl.h"
#include "base/mem.h"

enum {
    PAIR_BYTES_MIN = 8 + 1 + 4 + 1,           /* key, type, value */
    TENSOR_BYTES_MIN = 8 + 1 + 4 + 8 + 4 + 8, /* name, n_dims, one dimension, type, offset */
    VERSION_MIN = 2,
    VERSION_MAX = 3,
    BIG_ENDIAN_SHIFT = 24, /* a version read from the wrong end */
};

enum part { PART_HEADER, PART_PAIR, PART_TENSOR };

struct reader {
    const unsigned char *bytes;
    size_t n, at;
    const char *path;
    /* where we are, for messages */
    enum part part;
    size_t index, count;
    struct gguf_string name; /* of the pair or tensor, once it is known */
    struct error *err;
};

enum { PLACE_MAX = 160 };

/* "metadata pair 3 of 20 (general.name)": the start of every complaint. */
static const char *place(const struct reader *r, char text[PLACE_MAX]) {
    char name[GGUF_PRINTABLE_MAX];
    if (r->part == PART_HEADER) {
        snprintf(text, PLACE_MAX, "%s", _("the header"));
        return text;
    }
    const char *format = r->part == PART_PAIR ? _("metadata pair %zu of %zu%s%s%s")
                                              : _("tensor %zu of %zu%s%s%s");
    const bool named = r->name.n > 0;
    snprintf(text, PLACE_MAX, format, r->index + 1, r->count, named ? " (" : "",
             gguf_printable(name, r->name), named ? ")" : "");
    return text;
}

static enum status need(const struct reader *r, uint64_t n) {
    char where[PLACE_MAX];
    if (n <= r->n - r->at) return OK;
    return fail(r->err, ERR_INVALID,
                _("%s: %s is cut short: it needs %" PRIu64
                  " bytes at byte %zu, and the file ends at byte %zu"),
                r->path, place(r, where), n, r->at, r->n);
}

static enum status take(struct reader *r, void *out, size_t n) {
    const enum status st = need(r, n);
    if (st) return st;
    memcpy(out, r->bytes + r->at, n);
    r->at += n;
    return OK;
}

static enum status take_string(struct reader *r, struct gguf_string *out) {
    uint64_t n;
    enum status st = take(r, &n, sizeof(n));
    if (st || (st = need(r, n))) return st;
    *out = (struct gguf_string){(const char *)r->bytes + r->at, (size_t)n};
    r->at += (size_t)n;
    return OK;
}

/* The name of a pair or tensor, which has a length of its own to keep. */
static enum status take_name(struct reader *r, struct gguf_string *out, size_t bytes_max) {
    char where[PLACE_MAX];
    struct gguf_string name;
    r->name.n = 0;
    const enum status st = take_string(r, &name);
    if (st) return st;
    if (name.n == 0)
        return fail(r->err, ERR_INVALID, _("%s: %s has an empty name"), r->path, place(r, where));
    if (name.n > bytes_max)
        return fail(r->err, ERR_INVALID, _("%s: %s has a name of %zu bytes, more than %zu"),
                    r->path, place(r, where), name.n, bytes_max);
    *out = r->name = name;
    return OK;
}

static enum status take_type(struct reader *r, enum gguf_value_type *out) {
    char where[PLACE_MAX];
    uint32_t type;
    const enum status st = take(r, &type, sizeof(type));
    if (st) return st;
    if (type > GGUF_F64)
        return fail(r->err, ERR_INVALID,
                    _("%s: %s has a value of the unknown type %" PRIu32 " at byte %zu"), r->path,
                    place(r, where), type, r->at - sizeof(type));
    *out = (enum gguf_value_type)type;
    return OK;
}

static enum status check_bools(const struct reader *r, const unsigned char *bools, uint64_t n) {
    char where[PLACE_MAX];
    for (uint64_t i = 0; i < n; i++)
        if (bools[i] > 1)
            return fail(r->err, ERR_INVALID,
                        _("%s: %s has the bool %d at byte %zu, neither 0 nor 1"), r->path,
                        place(r, where), bools[i], (size_t)(bools + i - r->bytes));
    return OK;
}

static enum status skip_array(struct reader *r, struct gguf_value *v, int depth);

/* n items of a type without a size of its own. */
static enum status skip_items(struct reader *r, enum gguf_value_type type, uint64_t n, int depth) {
    enum status st = OK;
    for (uint64_t i = 0; i < n && st == OK; i++) {
        struct gguf_string string;
        struct gguf_value nested;
        st = type == GGUF_STRING ? take_string(r, &string) : skip_array(r, &nested, depth + 1);
    }
    return st;
}

/* Passes over an array and fills what a value says of it; its data begin after type and count. */
static enum status skip_array(struct reader *r, struct gguf_value *v, int depth) {
    char where[PLACE_MAX];
    enum status st = take_type(r, &v->item_type);
    if (st || (st = take(r, &v->n_items, sizeof(v->n_items)))) return st;
    if (v->item_type == GGUF_ARRAY && depth >= GGUF_ARRAY_DEPTH_MAX)
        return fail(r->err, ERR_INVALID, _("%s: %s has arrays in arrays more than %d deep"),
                    r->path, place(r, where), GGUF_ARRAY_DEPTH_MAX);
    const size_t fixed = gguf_type_bytes(v->item_type);
    const size_t at_least = fixed ? fixed : v->item_type == GGUF_STRING ? 8 : 12;
    if (v->n_items > (r->n - r->at) / at_least)
        return fail(r->err, ERR_INVALID,
                    _("%s: %s has an array of %" PRIu64 " items of type %s at byte %zu, and the "
                      "file ends at byte %zu"),
                    r->path, place(r, where), v->n_items, gguf_type_name(v->item_type), r->at,
                    r->n);
    v->data = r->bytes + r->at;
    if (!fixed)
        st = skip_items(r, v->item_type, v->n_items, depth);
    else
        r->at += fixed * (size_t)v->n_items;
    v->size_bytes = (size_t)(r->bytes + r->at - v->data);
    if (st == OK && v->item_type == GGUF_BOOL) st = check_bools(r, v->data, v->n_items);
    return st;
}

static enum status take_value(struct reader *r, struct gguf_value *v) {
    *v = (struct gguf_value){.n_items = 1};
    enum status st = take_type(r, &v->type);
    if (st) return st;
    if (v->type == GGUF_ARRAY) return skip_array(r, v, 1);
    v->data = r->bytes + r->at;
    if (v->type == GGUF_STRING) {
        struct gguf_string string;
        st = take_string(r, &string);
    } else {
        st = need(r, gguf_type_bytes(v->type));
        if (st == OK) r->at += gguf_type_bytes(v->type);
    }
    v->size_bytes = (size_t)(r->bytes + r->at - v->data);
    if (st == OK && v->type == GGUF_BOOL) st = check_bools(r, v->data, 1);
    return st;
}

static enum status out_of_memory(const struct reader *r) {
    return fail(r->err, ERR_NOMEM, _("%s: not enough memory for its directory"), r->path);
}

/* Magic, version and counts. */
static enum status take_header(struct reader *r, uint32_t *version, uint64_t *n_tensors,
                               uint64_t *n_pairs) {
    unsigned char magic[4];
    if (r->n == 0) return fail(r->err, ERR_INVALID, _("%s: the file is empty"), r->path);
    enum status st = take(r, magic, sizeof(magic));
    if (st) return st;
    if (memcmp(magic, "GGUF", 4) != 0) /* its bytes are not shown: it may be somebody's note */
        return fail(r->err, ERR_INVALID, _("%s: not a GGUF file: it does not begin with \"GGUF\""),
                    r->path);
    if ((st = take(r, version, sizeof(*version)))) return st;
    const uint32_t swapped = *version >> BIG_ENDIAN_SHIFT;
    if ((*version & 0xffffff) == 0 && swapped > 0 && swapped <= VERSION_MAX)
        return fail(r->err, ERR_UNSUPPORTED,
                    _("%s: a big-endian GGUF file; only little-endian ones are read"), r->path);
    if (*version < VERSION_MIN || *version > VERSION_MAX)
        return fail(r->err, ERR_UNSUPPORTED,
                    _("%s: GGUF version %" PRIu32 "; versions %d and %d are read"), r->path,
                    *version, VERSION_MIN, VERSION_MAX);
    if ((st = take(r, n_tensors, sizeof(*n_tensors)))) return st;
    if ((st = take(r, n_pairs, sizeof(*n_pairs)))) return st;
    const size_t left = r->n - r->at;
    if (*n_pairs > left / PAIR_BYTES_MIN || *n_pairs > UINT32_MAX)
        return fail(
            r->err, ERR_INVALID,
            _("%s: the header counts %" PRIu64 " metadata pairs, more than its %zu bytes can hold"),
            r->path, *n_pairs, r->n);
    if (*n_tensors > left / TENSOR_BYTES_MIN || *n_tensors > UINT32_MAX)
        return fail(
            r->err, ERR_INVALID,
            _("%s: the header counts %" PRIu64 " tensors, more than its %zu bytes can hold"),
            r->path, *n_tensors, r->n);
    return OK;
}

/* Names in order: pairs and tensors both begin with theirs. */

struct names {
    const void *items;
    size_t item_bytes;
};

static struct gguf_string name_at(const struct names *names, uint32_t i) {
    return *(const struct gguf_string *)((const char *)names->items + i * names->item_bytes);
}

static int compare_strings(struct gguf_string a, struct gguf_string b) {
    const int order = memcmp(a.data, b.data, a.n < b.n ? a.n : b.n);
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int compare_names(const void *a, const void *b, void *names) {
    return compare_strings(name_at(names, *(const uint32_t *)a),
                           name_at(names, *(const uint32_t *)b));
}

/* 0, 1, 2... sorted. NULL when memory is short. */
static uint32_t *sorted_positions(size_t n, int (*compare)(const void *, const void *, void *),
                                  void *context) {
    size_t size_bytes;
    uint32_t *index = size_mul(&size_bytes, n, sizeof(*index)) ? mem_alloc(size_bytes) : NULL;
    if (!index) return NULL;
    for (size_t i = 0; i < n; i++)
        index[i] = (uint32_t)i;
    qsort_r(index, n, sizeof(*index), compare, context);
    return index;
}

static enum status index_names(struct reader *r, uint32_t **index, const void *items,
                               size_t item_bytes, size_t n) {
    char text[GGUF_PRINTABLE_MAX];
    struct names names = {items, item_bytes};
    *index = sorted_positions(n, compare_names, &names);
    if (!*index) return out_of_memory(r);
    for (size_t i = 1; i < n; i++) {
        const struct gguf_string name = name_at(&names, (*index)[i]);
        if (compare_strings(name_at(&names, (*index)[i - 1]), name) != 0) continue;
        const char *format = r->part == PART_PAIR ? _("%s: the key %s stands twice in the metadata")
                                                  : _("%s: there are two tensors named %s");
        return fail(r->err, ERR_INVALID, format, r->path, gguf_printable(text, name));
    }
    return OK;
}

/* SIZE_MAX when there is none. */
static size_t find_name(const uint32_t *index, const void *items, size_t item_bytes, size_t n,
                        const char *name) {
    const struct names names = {items, item_bytes};
    const struct gguf_string wanted = {name, strlen(name)};
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare_strings(wanted, name_at(&names, index[middle]));
        if (order == 0) return index[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return SIZE_MAX;
}

const struct gguf_value *gguf_find(const struct gguf *g, const char *key) {
    const size_t i = find_name(g->pair_index, g->pairs, sizeof(*g->pairs), g->n_pairs, key);
    return i == SIZE_MAX ? NULL : &g->pairs[i].value;
}

const struct gguf_tensor *gguf_find_tensor(const struct gguf *g, const char *name) {
    const size_t i = find_name(g->tensor_index, g->tensors, sizeof(*g->tensors), g->n_tensors,
                               name);
    return i == SIZE_MAX ? NULL : &g->tensors[i];
}

/* The metadata */

static enum status take_pairs(struct reader *r, struct gguf *g, uint64_t n) {
    struct array pairs = {0};
    enum status st = OK;
    r->part = PART_PAIR;
    r->count = (size_t)n;
    for (r->index = 0; r->index < n && st == OK; r->index++) {
        struct gguf_pair pair;
        if ((st = take_name(r, &pair.key, GGUF_KEY_MAX))) break;
        if ((st = take_value(r, &pair.value))) break;
        if (!array_push(&pairs, &pair, sizeof(pair))) st = out_of_memory(r);
    }
    g->pairs = pairs.data;
    g->n_pairs = pairs.n;
    return st ? st : index_names(r, &g->pair_index, g->pairs, sizeof(*g->pairs), g->n_pairs);
}

/* What the metadata say of the file itself. */
static enum status read_general(struct gguf *g, struct error *err) {
    uint32_t alignment = GGUF_ALIGNMENT_DEFAULT, split = 1;
    enum status st = gguf_opt_u32(g, &alignment, "general.alignment", err);
    if (st) return st;
    if (alignment < 8 || alignment > GGUF_ALIGNMENT_MAX || (alignment & (alignment - 1)))
        return fail(
            err, ERR_INVALID,
            _("%s: general.alignment is %" PRIu32 "; a power of two from 8 to %d is wanted"),
            g->path, alignment, GGUF_ALIGNMENT_MAX);
    g->alignment = alignment;
    if ((st = gguf_opt_u32(g, &split, "split.count", err))) return st;
    if (split > 1)
        return fail(err, ERR_UNSUPPORTED,
                    _("%s: one of the %" PRIu32 " parts of a split model; join them into one file"),
                    g->path, split);
    return OK;
}

/* The tensors */

static enum status take_dims(struct reader *r, struct gguf_tensor *t) {
    char where[PLACE_MAX];
    enum status st = take(r, &t->n_dims, sizeof(t->n_dims));
    if (st) return st;
    if (t->n_dims < 1 || t->n_dims > GGUF_DIMS_MAX)
        return fail(r->err, ERR_INVALID, _("%s: %s has %" PRIu32 " dimensions; 1 to %d are read"),
                    r->path, place(r, where), t->n_dims, GGUF_DIMS_MAX);
    for (size_t i = 0; i < GGUF_DIMS_MAX; i++)
        t->dims[i] = 1;
    for (size_t i = 0; i < t->n_dims; i++) {
        if ((st = take(r, &t->dims[i], sizeof(t->dims[i])))) return st;
        if (t->dims[i] == 0)
            return fail(r->err, ERR_INVALID, _("%s: %s has the size 0 in dimension %zu"), r->path,
                        place(r, where), i + 1);
    }
    return OK;
}

/* The bytes of a tensor from its dimensions. */
static enum status size_tensor(const struct reader *r, struct gguf_tensor *t) {
    char where[PLACE_MAX];
    const struct dtype_traits *traits = dtype_traits(t->type);
    const uint64_t *d = t->dims;
    if (d[0] % traits->block_weights)
        return fail(r->err, ERR_INVALID,
                    _("%s: %s has rows of %" PRIu64 " weights, no multiple of the %d in a block of "
                      "%s"),
                    r->path, place(r, where), d[0], traits->block_weights, traits->name);
    bool fits = d[0] <= UINT32_MAX;
    size_t n = fits ? dtype_row_bytes(t->type, (size_t)d[0]) : 0;
    for (size_t i = 1; i < GGUF_DIMS_MAX && fits; i++)
        fits = size_mul(&n, n, (size_t)d[i]);
    if (!fits || n > r->n)
        return fail(r->err, ERR_INVALID,
                    _("%s: %s, %" PRIu64 "x%" PRIu64 "x%" PRIu64 "x%" PRIu64
                      " of %s, is larger than the file of %zu bytes"),
                    r->path, place(r, where), d[0], d[1], d[2], d[3], traits->name, r->n);
    t->size_bytes = n;
    return OK;
}

static enum status take_tensor(struct reader *r, struct gguf_tensor *t) {
    char where[PLACE_MAX];
    uint32_t type;
    *t = (struct gguf_tensor){0};
    enum status st = take_name(r, &t->name, GGUF_TENSOR_NAME_MAX);
    if (st || (st = take_dims(r, t))) return st;
    if ((st = take(r, &type, sizeof(type)))) return st;
    if ((st = take(r, &t->offset, sizeof(t->offset)))) return st;
    if (!dtype_from_gguf(&t->type, type))
        return fail(r->err, ERR_UNSUPPORTED,
                    _("%s: %s is of type %" PRIu32 ", which this program does not read"), r->path,
                    place(r, where), type);
    return size_tensor(r, t);
}

static enum status take_tensors(struct reader *r, struct gguf *g, uint64_t n) {
    struct array tensors = {0};
    enum status st = OK;
    r->part = PART_TENSOR;
    r->count = (size_t)n;
    for (r->index = 0; r->index < n && st == OK; r->index++) {
        struct gguf_tensor tensor;
        if ((st = take_tensor(r, &tensor))) break;
        if (!array_push(&tensors, &tensor, sizeof(tensor))) st = out_of_memory(r);
    }
    g->tensors = tensors.data;
    g->n_tensors = tensors.n;
    if (st) return st;
    return index_names(r, &g->tensor_index, g->tensors, sizeof(*g->tensors), g->n_tensors);
}

/* Where the data lie: aligned, inside the file. */
static enum status place_tensor(struct reader *r, struct gguf_tensor *t, size_t data_begin,
                                size_t alignment) {
    char where[PLACE_MAX];
    r->name = t->name;
    if (t->offset % alignment)
        return fail(r->err, ERR_INVALID,
                    _("%s: the data of %s begin at offset %" PRIu64 ", no multiple of the "
                      "alignment of %zu"),
                    r->path, place(r, where), t->offset, alignment);
    if (data_begin > r->n || t->offset > r->n - data_begin ||
        t->size_bytes > r->n - data_begin - t->offset)
        return fail(r->err, ERR_INVALID,
                    _("%s: the %zu bytes of %s at byte %zu + %" PRIu64
                      " reach past the end of the file at byte %zu"),
                    r->path, t->size_bytes, place(r, where), data_begin, t->offset, r->n);
    t->data = r->bytes + data_begin + t->offset;
    return OK;
}

static int compare_offsets(const void *a, const void *b, void *tensors) {
    const struct gguf_tensor *t = tensors;
    const uint64_t x = t[*(const uint32_t *)a].offset, y = t[*(const uint32_t *)b].offset;
    return (x > y) - (x < y);
}

static enum status check_overlap(const struct reader *r, struct gguf *g) {
    char one[GGUF_PRINTABLE_MAX], other[GGUF_PRINTABLE_MAX];
    enum status st = OK;
    uint32_t *index = sorted_positions(g->n_tensors, compare_offsets, g->tensors);
    if (!index) return out_of_memory(r);
    for (size_t i = 1; i < g->n_tensors && st == OK; i++) {
        const struct gguf_tensor *a = &g->tensors[index[i - 1]], *b = &g->tensors[index[i]];
        if (b->offset - a->offset >= a->size_bytes) continue;
        st = fail(r->err, ERR_INVALID,
                  _("%s: the %zu bytes of tensor %s at offset %" PRIu64
                    " run into tensor %s at offset %" PRIu64),
                  r->path, a->size_bytes, gguf_printable(one, a->name), a->offset,
                  gguf_printable(other, b->name), b->offset);
    }
    mem_free(index);
    return st;
}

static enum status place_tensors(struct reader *r, struct gguf *g) {
    const size_t rest = r->at % g->alignment;
    const size_t data_begin = rest ? r->at + (g->alignment - rest) : r->at;
    for (r->index = 0; r->index < g->n_tensors; r->index++) {
        const enum status st = place_tensor(r, &g->tensors[r->index], data_begin, g->alignment);
        if (st) return st;
    }
    return check_overlap(r, g);
}

enum status gguf_parse(struct gguf *g, struct error *err) {
    struct reader r = {.bytes = g->map, .n = g->map_bytes, .path = g->path, .err = err};
    uint64_t n_tensors = 0, n_pairs = 0;
    enum status st = take_header(&r, &g->version, &n_tensors, &n_pairs);
    if (st || (st = take_pairs(&r, g, n_pairs))) return st;
    if ((st = read_general(g, err))) return st;
    if ((st = take_tensors(&r, g, n_tensors))) return st;
    return place_tensors(&r, g);
}
