/* SPDX-License-Identifier: MIT
 *
 * Reading the directory of a GGUF file: what gguf_open does once the bytes are there.
 */
#ifndef SIGILO_GGUF_PARSE_H
#define SIGILO_GGUF_PARSE_H

#include "gguf/gguf.h"

/* Fills pairs, tensors and their indices from g->map; path, map and map_bytes are set. On failure
 * gguf_close frees what was built. */
enum status gguf_parse(struct gguf *g, struct error *err);

/* What is accepted. The specification wants a power of two for the alignment, a multiple of 8. */
enum { GGUF_ALIGNMENT_DEFAULT = 32, GGUF_ALIGNMENT_MAX = 1 << 20, GGUF_ARRAY_DEPTH_MAX = 8 };
enum { GGUF_KEY_MAX = 65535, GGUF_TENSOR_NAME_MAX = 64 }; /* bytes, of the specification */

#endif
