/* SPDX-License-Identifier: MIT
 *
 * Memory. Every allocation of the library passes through mem_alloc and mem_realloc, so one hook
 * can make the nth of them fail: that is how tests walk every out-of-memory path.
 */
#include "base/mem.h"

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static atomic_ulong fail_countdown; /* the fault-injection hook: global on purpose */

void mem_fail_after(unsigned long countdown) {
    atomic_store(&fail_countdown, countdown);
}

static bool fault_is_due(void) {
    unsigned long left = atomic_load_explicit(&fail_countdown, memory_order_relaxed);
    if (left == 0) return false; /* the ordinary case costs one load */
    return atomic_fetch_sub(&fail_countdown, 1) == 1;
}

void *mem_alloc(size_t size_bytes) {
    if (fault_is_due()) return NULL;
    return malloc(size_bytes ? size_bytes : 1);
}

void *mem_zalloc(size_t size_bytes) {
    if (fault_is_due()) return NULL;
    return calloc(1, size_bytes ? size_bytes : 1);
}

void *mem_realloc(void *p, size_t size_bytes) {
    if (fault_is_due()) return NULL;
    return realloc(p, size_bytes ? size_bytes : 1);
}

void *mem_alloc_aligned(size_t size_bytes, size_t align) {
    void *p;
    if (fault_is_due()) return NULL;
    return posix_memalign(&p, align, size_bytes ? size_bytes : 1) == 0 ? p : NULL;
}

void mem_free(void *p) {
    free(p);
}

void mem_wipe(void *p, size_t size_bytes) {
    if (p && size_bytes) explicit_bzero(p, size_bytes);
}

void mem_wipe_free(void *p, size_t size_bytes) {
    mem_wipe(p, size_bytes);
    mem_free(p);
}

bool size_mul(size_t *out, size_t a, size_t b) {
    return !__builtin_mul_overflow(a, b, out);
}

bool size_add(size_t *out, size_t a, size_t b) {
    return !__builtin_add_overflow(a, b, out);
}

char *mem_strndup(const char *s, size_t n) {
    char *copy = mem_alloc(n + 1);
    if (!copy) return NULL;
    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *mem_strdup(const char *s) {
    return mem_strndup(s, strlen(s));
}

bool array_reserve(struct array *a, size_t extra, size_t item_size) {
    size_t wanted, size_bytes;
    if (!size_add(&wanted, a->n, extra)) return false;
    if (wanted <= a->capacity) return true;
    size_t capacity = a->capacity + a->capacity / 2 + 16;
    if (capacity < wanted) capacity = wanted;
    if (!size_mul(&size_bytes, capacity, item_size)) return false;
    void *data = mem_realloc(a->data, size_bytes);
    if (!data) return false;
    a->data = data;
    a->capacity = capacity;
    return true;
}

bool array_push(struct array *a, const void *item, size_t item_size) {
    if (!array_reserve(a, 1, item_size)) return false;
    memcpy((char *)a->data + a->n * item_size, item, item_size);
    a->n++;
    return true;
}

void array_release(struct array *a) {
    mem_free(a->data);
    *a = (struct array){0};
}

struct arena_block {
    struct arena_block *next;
    size_t size_bytes; /* of data */
    size_t used_bytes;
    alignas(max_align_t) unsigned char data[];
};

enum { ARENA_BLOCK_BYTES = 16 * 1024 };

void *arena_alloc(struct arena *arena, size_t size_bytes) {
    const size_t align = alignof(max_align_t);
    if (size_bytes > SIZE_MAX / 2) return NULL;
    size_bytes = (size_bytes + align - 1) / align * align;
    struct arena_block *b = arena->head;
    if (!b || b->size_bytes - b->used_bytes < size_bytes) {
        size_t room = size_bytes > ARENA_BLOCK_BYTES ? size_bytes : ARENA_BLOCK_BYTES;
        b = mem_alloc(sizeof(*b) + room);
        if (!b) return NULL;
        *b = (struct arena_block){.next = arena->head, .size_bytes = room};
        arena->head = b;
    }
    void *p = b->data + b->used_bytes;
    b->used_bytes += size_bytes;
    return p;
}

char *arena_strndup(struct arena *arena, const char *s, size_t n) {
    char *copy = arena_alloc(arena, n + 1);
    if (!copy) return NULL;
    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

void arena_release(struct arena *arena) {
    while (arena->head) {
        struct arena_block *b = arena->head;
        arena->head = b->next;
        mem_wipe_free(b, sizeof(*b) + b->used_bytes);
    }
}
