/* SPDX-License-Identifier: MIT
 *
 * Joining, in three steps that each give what the plain rule gives:
 *
 * Cutting. Two bytes that stand side by side in no token can't end up in one, so a long text falls
 * apart where such two meet: before each word, if no token has a space inside.
 *
 * Remembering. Prose says the same words over and over: a table of one place each keeps the tokens
 * of short stretches.
 *
 * Joining. A short stretch is searched for its best pair over and over. A long one keeps the pairs
 * in a heap: n log n. Its pieces are not linked by pointers: the first byte of a piece says where
 * it ends, its last byte where it begins, so that going to either neighbour is one load, and what
 * is in the heap for pieces that are no more is recognised by its rank.
 */
#include "tokenizer/joiner.h"

#include <assert.h>

#include "tokenizer/unicode.h"

enum { SHORT_MAX = 32, CACHED_TEXT_MAX = 30, CACHED_IDS_MAX = 8, CACHE_BITS = 12 };

struct cached {
    uint8_t n, n_ids; /* n 0: empty */
    char text[CACHED_TEXT_MAX];
    int32_t ids[CACHED_IDS_MAX];
};

void joiner_remember(struct joiner *j) {
    j->cache = mem_zalloc(sizeof(struct cached) << CACHE_BITS);
}

void joiner_release(struct joiner *j) {
    mem_wipe_free(j->cache, j->cache ? sizeof(struct cached) << CACHE_BITS : 0);
    mem_free(j->link);
    mem_free(j->rank);
    mem_wipe_free(j->id, j->n_room * sizeof(*j->id));
    array_release(&j->heap);
}

static bool push(struct joiner *j, int32_t id) {
    return array_push(j->ids, &id, sizeof(id));
}

/* A piece that no token is gives those of its bytes. */
static bool push_piece(struct joiner *j, int32_t id, const char *text, size_t n) {
    if (id >= 0) return push(j, id);
    for (size_t i = 0; i < n; i++)
        if (!push(j, j->tokenizer->bytes[(unsigned char)text[i]])) return false;
    return true;
}

/* Order of a float's bits made that of the scores, the highest first. */
static uint32_t rank_of_score(const struct tokenizer *t, int32_t id) {
    float score;
    uint32_t bits;
    memcpy(&score, t->scores + (size_t)id * sizeof(score), sizeof(score));
    score += 0.0f; /* -0 is 0 */
    memcpy(&bits, &score, sizeof(bits));
    return bits & 0x80000000u ? bits : ~(bits | 0x80000000u);
}

/* What two neighbouring pieces make: `n` bytes at `text`. */
static inline struct join find_join(const struct tokenizer *t, int32_t left, int32_t right,
                                    const char *text, size_t n) {
    if (t->model == MODEL_BPE) return pairs_find(t, left, right);
    const int32_t id = texts_find(t, text, n);
    return (struct join){id < 0 ? JOIN_NONE : rank_of_score(t, id), id};
}

/* The piece that text begins with: a byte, or for SPM a character. */
static inline size_t first_piece(const struct tokenizer *t, const char *text, int32_t *id) {
    if (t->model == MODEL_BPE) {
        *id = t->bytes[(unsigned char)text[0]];
        return 1;
    }
    const size_t n = utf8_length((unsigned char)text[0]);
    *id = texts_find(t, text, n);
    return n;
}

/* --- a short stretch --- */

struct piece {
    uint32_t end; /* where the next begins */
    int32_t id;
    struct join join; /* with the next */
};

static bool join_short(struct joiner *j, const char *text, size_t n) {
    const struct tokenizer *t = j->tokenizer;
    struct piece pieces[SHORT_MAX + 1];
    struct piece *const p = pieces + 1; /* p[-1].end is where the first begins */
    size_t n_pieces = 0;
    assert(n > 0);
    assert(n <= SHORT_MAX);
    p[-1].end = 0;
    for (size_t at = 0; at < n; n_pieces++) {
        at += first_piece(t, text + at, &p[n_pieces].id);
        p[n_pieces].end = (uint32_t)at;
        p[n_pieces].join.rank = JOIN_NONE;
    }
    for (size_t i = 0; i + 1 < n_pieces; i++)
        p[i].join = find_join(t, p[i].id, p[i + 1].id, text + p[(ptrdiff_t)i - 1].end,
                              p[i + 1].end - p[(ptrdiff_t)i - 1].end);
    for (;;) {
        size_t best = 0;
        for (size_t i = 1; i < n_pieces; i++)
            if (p[i].join.rank < p[best].join.rank) best = i;
        if (p[best].join.rank == JOIN_NONE) break;
        const uint32_t begin = p[(ptrdiff_t)best - 1].end;
        p[best].id = p[best].join.id;
        p[best].end = p[best + 1].end;
        n_pieces--;
        memmove(p + best + 1, p + best + 2, (n_pieces - best - 1) * sizeof(*p));
        p[best].join.rank = JOIN_NONE;
        if (best + 1 < n_pieces)
            p[best].join = find_join(t, p[best].id, p[best + 1].id, text + begin,
                                     p[best + 1].end - begin);
        if (best > 0) {
            const uint32_t before = p[(ptrdiff_t)best - 2].end;
            p[best - 1].join = find_join(t, p[best - 1].id, p[best].id, text + before,
                                         p[best].end - before);
        }
    }
    for (size_t i = 0; i < n_pieces; i++) {
        const uint32_t begin = p[(ptrdiff_t)i - 1].end;
        if (!push_piece(j, p[i].id, text + begin, p[i].end - begin)) return false;
    }
    return true;
}

/* --- a long stretch --- */

/* A heap of four children a node: half the levels of the usual one. The least comes first. */

static bool heap_push(struct array *heap, uint64_t key) {
    if (!array_reserve(heap, 1, sizeof(key))) return false;
    uint64_t *h = heap->data;
    size_t at = heap->n++;
    for (; at > 0 && key < h[(at - 1) / 4]; at = (at - 1) / 4)
        h[at] = h[(at - 1) / 4];
    h[at] = key;
    return true;
}

static uint64_t heap_pop(struct array *heap) {
    uint64_t *h = heap->data;
    const uint64_t top = h[0], key = h[--heap->n];
    size_t at = 0;
    for (;;) {
        size_t least = at * 4 + 1;
        if (least >= heap->n) break;
        const size_t end = least + 4 < heap->n ? least + 4 : heap->n;
        for (size_t child = least + 1; child < end; child++)
            if (h[child] < h[least]) least = child;
        if (h[least] >= key) break;
        h[at] = h[least];
        at = least;
    }
    h[at] = key;
    return top;
}

static bool make_room(struct joiner *j, size_t n) {
    if (n <= j->n_room) return true;
    mem_free(j->link);
    mem_free(j->rank);
    mem_wipe_free(j->id, j->n_room * sizeof(*j->id));
    j->link = mem_alloc(n * sizeof(*j->link));
    j->rank = mem_alloc(n * sizeof(*j->rank));
    j->id = mem_alloc(n * sizeof(*j->id));
    j->n_room = j->id ? n : 0;
    return j->link && j->rank && j->id;
}

/* A piece [begin, end) has link[begin] = end and link[end - 1] = begin; of a single byte the first
 * holds, and is told by being the larger. */

static void set_piece(struct joiner *j, size_t begin, size_t end, int32_t id) {
    j->link[end - 1] = (uint32_t)begin;
    j->link[begin] = (uint32_t)end;
    j->id[begin] = id;
}

static size_t begin_of(const struct joiner *j, size_t end) {
    const uint32_t link = j->link[end - 1];
    return link >= end ? end - 1 : link;
}

/* How the piece at `begin` joins with the next: noted, and put in the heap. */
static bool consider(struct joiner *j, const char *text, size_t n, size_t begin) {
    const size_t middle = j->link[begin];
    j->rank[begin] = JOIN_NONE;
    if (middle == n) return true;
    const struct join join = find_join(j->tokenizer, j->id[begin], j->id[middle], text + begin,
                                       j->link[middle] - begin);
    j->rank[begin] = join.rank;
    return join.rank == JOIN_NONE || heap_push(&j->heap, (uint64_t)join.rank << 32 | begin);
}

static bool join_at(struct joiner *j, const char *text, size_t n, size_t begin) {
    const size_t middle = j->link[begin], end = j->link[middle];
    const struct join join = find_join(j->tokenizer, j->id[begin], j->id[middle], text + begin,
                                       end - begin);
    set_piece(j, begin, end, join.id);
    j->rank[middle] = JOIN_NONE;
    if (!consider(j, text, n, begin)) return false;
    return begin == 0 || consider(j, text, n, begin_of(j, begin));
}

static bool join_long(struct joiner *j, const char *text, size_t n) {
    if (!make_room(j, n)) return false;
    j->heap.n = 0;
    for (size_t at = 0, length; at < n; at += length) {
        int32_t id;
        length = first_piece(j->tokenizer, text + at, &id);
        set_piece(j, at, at + length, id);
    }
    for (size_t at = 0; at < n; at = j->link[at])
        if (!consider(j, text, n, at)) return false;
    while (j->heap.n > 0) {
        const uint64_t key = heap_pop(&j->heap);
        const size_t at = (uint32_t)key;
        if (j->rank[at] == key >> 32 && !join_at(j, text, n, at)) return false;
    }
    for (size_t at = 0; at < n; at = j->link[at])
        if (!push_piece(j, j->id[at], text + at, j->link[at] - at)) return false;
    return true;
}

/* --- remembering, cutting --- */

static struct cached *place_of(struct joiner *j, const char *text, size_t n) {
    uint64_t head = 0, tail = 0;
    if (n >= 8) {
        memcpy(&head, text, 8);
        memcpy(&tail, text + n - 8, 8);
        if (n > 16) {
            uint64_t middle;
            memcpy(&middle, text + n / 2 - 4, 8);
            tail ^= middle << 7 | middle >> 57;
        }
    } else {
        for (size_t i = 0; i < n; i++)
            head = head << 8 | (unsigned char)text[i];
    }
    uint64_t h = (head * 0x9e3779b97f4a7c15u ^ tail) + n;
    h = (h ^ h >> 32) * 0xff51afd7ed558ccdu;
    return &j->cache[h >> (64 - CACHE_BITS)];
}

/* A stretch of any length, joined as one. */
static bool join_stretch(struct joiner *j, const char *text, size_t n) {
    struct cached *place = NULL;
    if (j->cache && n <= CACHED_TEXT_MAX) {
        place = place_of(j, text, n);
        if (place->n == n && memcmp(place->text, text, n) == 0) {
            if (!array_reserve(j->ids, place->n_ids, sizeof(int32_t))) return false;
            memcpy((int32_t *)j->ids->data + j->ids->n, place->ids, place->n_ids * sizeof(int32_t));
            j->ids->n += place->n_ids;
            return true;
        }
    }
    const size_t before = j->ids->n;
    if (!(n <= SHORT_MAX ? join_short(j, text, n) : join_long(j, text, n))) return false;
    const size_t n_ids = j->ids->n - before;
    if (place && n_ids <= CACHED_IDS_MAX) {
        place->n = (uint8_t)n;
        place->n_ids = (uint8_t)n_ids;
        memcpy(place->text, text, n);
        memcpy(place->ids, (int32_t *)j->ids->data + before, n_ids * sizeof(int32_t));
    }
    return true;
}

/* Whether some token has the byte a right before b. */
static inline bool are_neighbours(const struct tokenizer *t, unsigned char a, unsigned char b) {
    return t->neighbours[a << 5 | b >> 3] >> (b & 7) & 1;
}

bool joiner_run(struct joiner *j, const char *text, size_t n) {
    const struct tokenizer *t = j->tokenizer;
    const unsigned char *p = (const unsigned char *)text;
    size_t begin = 0;
    for (size_t at = 1; at < n; at++) {
        /* SPM never cuts inside a character, whose bytes may stand side by side in none */
        if (are_neighbours(t, p[at - 1], p[at]) ||
            (t->model == MODEL_SPM && (p[at] & 0xc0) == 0x80))
            continue;
        if (!join_stretch(j, text + begin, at - begin)) return false;
        begin = at;
    }
    return begin == n || join_stretch(j, text + begin, n - begin);
}

bool joiner_word(struct joiner *j, const char *text, size_t n) {
    if (n == 1 && j->tokenizer->model == MODEL_BPE)
        return push(j, j->tokenizer->bytes[(unsigned char)text[0]]);
    if (j->tokenizer->whole_words) {
        const int32_t id = texts_find(j->tokenizer, text, n);
        if (id >= 0) return push(j, id);
    }
    return n > SHORT_MAX ? joiner_run(j, text, n) : join_stretch(j, text, n);
}
