/* SPDX-License-Identifier: MIT
 *
 * gguf: the model file. Opening maps it, reads header, metadata and tensor directory, and checks
 * every number in them once; what is handed out afterwards can be trusted. Versions 2 and 3,
 * little-endian. Source: the GGUF specification, ggml/docs/gguf.md of ggml-org.
 */
#ifndef SIGILO_GGUF_GGUF_H
#define SIGILO_GGUF_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "quant/quant.h"

enum gguf_value_type { /* the numbers of the file format */
                       GGUF_U8 = 0,
                       GGUF_I8 = 1,
                       GGUF_U16 = 2,
                       GGUF_I16 = 3,
                       GGUF_U32 = 4,
                       GGUF_I32 = 5,
                       GGUF_F32 = 6,
                       GGUF_BOOL = 7,
                       GGUF_STRING = 8,
                       GGUF_ARRAY = 9,
                       GGUF_U64 = 10,
                       GGUF_I64 = 11,
                       GGUF_F64 = 12,
};

struct gguf_string { /* bytes inside the mapping: no final NUL, any bytes */
    const char *data;
    size_t n;
};

struct gguf_value {
    enum gguf_value_type type;
    enum gguf_value_type item_type; /* of an array */
    uint64_t n_items;               /* of an array; else 1 */
    const unsigned char *data; /* the bytes in the mapping, unaligned; those of a string begin at
                                  its length */
    size_t size_bytes;
};

struct gguf_pair {
    struct gguf_string key;
    struct gguf_value value;
};

enum { GGUF_DIMS_MAX = 4 };

struct gguf_tensor {
    struct gguf_string name;
    enum dtype type;
    uint32_t n_dims;
    uint64_t dims[GGUF_DIMS_MAX]; /* fastest first, those past n_dims are 1 */
    uint64_t offset;              /* of the data in the data section */
    const void *data;             /* in the mapping; aligned to the file's alignment */
    size_t size_bytes;
};

struct gguf {
    char *path; /* for messages */
    uint32_t version;
    size_t alignment;
    size_t n_pairs, n_tensors;
    struct gguf_pair *pairs;     /* [n_pairs], in the file's order */
    struct gguf_tensor *tensors; /* [n_tensors], in the file's order */
    const unsigned char *map;    /* the whole file, read-only */
    size_t map_bytes;
    bool owns_map; /* gguf_open's; false: the bytes are the caller's */
    /* positions in pairs and tensors in the order of the names: gguf_find* use them */
    uint32_t *pair_index, *tensor_index;
};

/* Maps and checks a file. ERR_NOT_FOUND, ERR_IO, ERR_INVALID (whatever breaks the format, named
 * with place and numbers), ERR_UNSUPPORTED (version, byte order, tensor type, split files),
 * ERR_NOMEM. The file must not be shortened while it is open: reading past its end is SIGBUS. */
enum status gguf_open(struct gguf **out, const char *path, struct error *err);

/* As gguf_open, of bytes in memory, which are borrowed until close; `name` is for messages. Tensor
 * data are aligned as far as `bytes` is. */
enum status gguf_open_memory(struct gguf **out, const void *bytes, size_t n, const char *name,
                             struct error *err);

void gguf_close(struct gguf *g); /* NULL is accepted */

/* NULL when there is none. */
const struct gguf_value *gguf_find(const struct gguf *g, const char *key);
const struct gguf_tensor *gguf_find_tensor(const struct gguf *g, const char *name);

bool gguf_string_is(struct gguf_string s, const char *text);

/* "u8", "string", "array"...; static storage. */
const char *gguf_type_name(enum gguf_value_type type);

/* Bytes of a value of a fixed size; 0 of strings and arrays. */
size_t gguf_type_bytes(enum gguf_value_type type);

/* For messages: names from files hold any bytes; what is not plain ASCII becomes '?', what is long
 * is cut. `text` is the result. */
enum { GGUF_PRINTABLE_MAX = 81 };
const char *gguf_printable(char text[GGUF_PRINTABLE_MAX], struct gguf_string s);

/* What a value is, when it is that; else false. Integers of any width and sign count where they
 * hold the number, f32 and f64 and integers as number. */
bool gguf_value_u64(const struct gguf_value *value, uint64_t *out);
bool gguf_value_number(const struct gguf_value *value, double *out);
bool gguf_value_string(const struct gguf_value *value, struct gguf_string *out);

/* Typed reading. `_get_` of a key that is missing is ERR_NOT_FOUND, of another type ERR_INVALID,
 * each with a sentence naming file, key and types; any integer type that holds the value will do
 * for u32 and u64, any float or integer for f64. `_opt_` leaves *out as it is when the key is
 * missing. */
enum status gguf_get_u32(const struct gguf *g, uint32_t *out, const char *key, struct error *err);
enum status gguf_opt_u32(const struct gguf *g, uint32_t *out, const char *key, struct error *err);
enum status gguf_get_f32(const struct gguf *g, float *out, const char *key, struct error *err);
enum status gguf_opt_f32(const struct gguf *g, float *out, const char *key, struct error *err);
enum status gguf_opt_bool(const struct gguf *g, bool *out, const char *key, struct error *err);
enum status gguf_get_string(const struct gguf *g, struct gguf_string *out, const char *key,
                            struct error *err);
enum status gguf_opt_string(const struct gguf *g, struct gguf_string *out, const char *key,
                            struct error *err);

/* Item i of an array of numbers or bools (i < n_items). */
double gguf_array_number(const struct gguf_value *array, uint64_t i);

/* The items of any array, strings and arrays among them, by walking from *cursor, which starts at
 * NULL and is carried from item to item; n_items calls at most. */
struct gguf_value gguf_array_next(const struct gguf_value *array, const unsigned char **cursor);
struct gguf_string gguf_array_next_string(const struct gguf_value *array,
                                          const unsigned char **cursor);

/* --- writing ---
 *
 * Metadata first, then every tensor declared, then their data in the order declared:
 *
 *   gguf_writer_open, gguf_writer_put_* ..., gguf_writer_declare ..., gguf_writer_begin_data,
 *   gguf_writer_data (any number of pieces, in order), gguf_writer_commit, gguf_writer_close
 *
 * The file appears whole at commit or not at all (base/file.h). Version 3. */
struct gguf_writer;

enum status gguf_writer_open(struct gguf_writer **out, const char *path, bool replace,
                             struct error *err);
enum status gguf_writer_put_u32(struct gguf_writer *w, const char *key, uint32_t v,
                                struct error *err);
enum status gguf_writer_put_f32(struct gguf_writer *w, const char *key, float v, struct error *err);
enum status gguf_writer_put_bool(struct gguf_writer *w, const char *key, bool v, struct error *err);
enum status gguf_writer_put_string(struct gguf_writer *w, const char *key, const char *bytes,
                                   size_t n, struct error *err);
enum status gguf_writer_put_strings(struct gguf_writer *w, const char *key,
                                    const struct gguf_string *items, size_t n, struct error *err);
/* Fixed-size items as the file holds them. */
enum status gguf_writer_put_array(struct gguf_writer *w, const char *key, enum gguf_value_type type,
                                  const void *items, size_t n, struct error *err);
/* Any pair of an open file, as it is. */
enum status gguf_writer_put_pair(struct gguf_writer *w, const struct gguf_pair *pair,
                                 struct error *err);
enum status gguf_writer_declare(struct gguf_writer *w, struct gguf_string name, enum dtype type,
                                uint32_t n_dims, const uint64_t *dims, struct error *err);
enum status gguf_writer_begin_data(struct gguf_writer *w, struct error *err);
/* Data of the current tensor; it is padded and the next one begins when its bytes are complete. */
enum status gguf_writer_data(struct gguf_writer *w, const void *data, size_t n, struct error *err);
enum status gguf_writer_commit(struct gguf_writer *w, struct error *err);
void gguf_writer_close(struct gguf_writer *w); /* NULL is accepted; uncommitted: nothing is left */

#endif
