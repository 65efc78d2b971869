/* SPDX-License-Identifier: MIT
 *
 * Memory: allocation that can be made to fail in tests, sizes that cannot wrap, wiping, arenas
 * and growable arrays.
 */
#ifndef SIGILO_BASE_MEM_H
#define SIGILO_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* As malloc, calloc, realloc, free; NULL when memory is short. A size of 0 yields one byte. */
void *mem_alloc(size_t size_bytes);
void *mem_zalloc(size_t size_bytes);
void *mem_realloc(void *p, size_t size_bytes);
void mem_free(void *p);

/* Not cleared; `align` is a power of two, at least that of a pointer. Freed by mem_free. */
void *mem_alloc_aligned(size_t size_bytes, size_t align);

/* Fault injection for tests: the `countdown`-th allocation from now fails, once (0: none does). */
void mem_fail_after(unsigned long countdown);

/* Overwrites memory that held clinical text; the compiler may not drop it. NULL is accepted. */
void mem_wipe(void *p, size_t size_bytes);

/* mem_wipe, then mem_free. */
void mem_wipe_free(void *p, size_t size_bytes);

/* a * b and a + b of sizes from outside; false when the result would wrap (out is then unset). */
bool size_mul(size_t *out, size_t a, size_t b);
bool size_add(size_t *out, size_t a, size_t b);

char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);

/* A growable array of fixed-size items. Zero-initialised is empty: `struct array a = {0};`.
 * Growth is by half, so that a large one (moved by page remapping) wastes little. */
struct array {
    void *data; /* [capacity] items; [0, n) are in use */
    size_t n;
    size_t capacity;
};

/* Makes room for `extra` more items of `item_size` bytes; false when memory is short. */
bool array_reserve(struct array *a, size_t extra, size_t item_size);

/* Appends a copy of the item; false when memory is short, the array is then unchanged. */
bool array_push(struct array *a, const void *item, size_t item_size);

void array_release(struct array *a);

/* An arena: many small objects that die together. Zero-initialised is empty. */
struct arena {
    struct arena_block *head;
};

/* Aligned for any object, not cleared; NULL when memory is short. */
void *arena_alloc(struct arena *arena, size_t size_bytes);
char *arena_strndup(struct arena *arena, const char *s, size_t n);

/* Wipes and frees every block. */
void arena_release(struct arena *arena);

#endif
