/* SPDX-License-Identifier: MIT
 *
 * States, lists of stacks, and the step from one to another (matcher_states.h).
 *
 * A step has three parts. The byte takes some of the state's stacks to other nodes. Where those
 * nodes return, their callers go on, and the callers of those: each is met once. Then calls and
 * splits are followed down to nodes that eat bytes, the smallest number first: since every arrow
 * points to a greater number, all callers of a node are known when it is taken, and it is followed
 * once, however many ways lead to it.
 *
 * Callers always have smaller numbers than the lists they stand in, so lists can be copied to a
 * new store in the order of their numbers: this is how the rest is forgotten.
 */
#include "engine/matcher_states.h"

#include <assert.h>
#include <string.h>

#include "base/intl.h"

enum { TABLE_MIN = 256 };

static enum status no_memory(struct error *err) {
    return fail(err, ERR_NOMEM, _("not enough memory to follow the grammar"));
}

static enum status add_work(struct states *s, size_t n, struct error *err) {
    s->work += n;
    if (s->work <= STATES_WORK_MAX) return OK;
    return fail(err, ERR_LIMIT,
                _("the grammar can be read in too many ways at this place: make its alternatives "
                  "differ earlier, and its repetitions not repeat what repeats already"));
}

static struct list *list_at(const struct states *s, uint32_t i) {
    return (struct list *)s->lists.data + i;
}

static struct pair *pair_at(const struct states *s, uint32_t i) {
    return (struct pair *)s->pairs.data + i;
}

static size_t mix(uint64_t a, uint64_t b) {
    uint64_t h = (a << 32 ^ b) * 0x9E3779B97F4A7C15u;
    h = (h ^ h >> 29) * 0xBF58476D1CE4E5B9u;
    return (size_t)(h ^ h >> 32);
}

/* --- lists, each kept once --- */

static size_t pairs_hash(const struct pair *pairs, size_t n) {
    size_t h = n;
    for (size_t i = 0; i < n; i++)
        h = mix(h ^ pairs[i].node, pairs[i].callers);
    return h;
}

static uint32_t *find_list(const struct states *s, const struct pair *pairs, size_t n) {
    size_t i = pairs_hash(pairs, n) & (s->n_list_table - 1);
    for (; s->list_table[i]; i = (i + 1) & (s->n_list_table - 1)) {
        const struct list *list = list_at(s, s->list_table[i]);
        if (list->n == n && memcmp(pair_at(s, list->first), pairs, n * sizeof(*pairs)) == 0) break;
    }
    return &s->list_table[i];
}

static bool grow_list_table(struct states *s) {
    if (s->n_list_table >= 2 * (s->lists.n + 1)) return true;
    const size_t n = s->n_list_table ? 2 * s->n_list_table : TABLE_MIN;
    uint32_t *table = mem_zalloc(n * sizeof(*table));
    if (!table) return false;
    mem_free(s->list_table);
    s->list_table = table;
    s->n_list_table = n;
    for (uint32_t i = 1; i < s->lists.n; i++) {
        const struct list *list = list_at(s, i);
        *find_list(s, pair_at(s, list->first), list->n) = i;
    }
    return true;
}

static uint32_t list_depth(const struct states *s, const struct pair *pairs, size_t n) {
    uint32_t depth = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t callers = pairs[i].callers;
        const uint32_t below = callers ? list_at(s, callers)->depth + 1 : 0;
        if (below > depth) depth = below;
    }
    return depth;
}

/* The list of these pairs, sorted by node, each node once; they lie outside `pairs`. */
static enum status keep_list(struct states *s, const struct pair *pairs, size_t n, uint32_t *out,
                             struct error *err) {
    if (!grow_list_table(s)) return no_memory(err);
    uint32_t *place = find_list(s, pairs, n);
    if (!*place) {
        const struct list list = {
            .first = (uint32_t)s->pairs.n, .n = (uint32_t)n, .depth = list_depth(s, pairs, n)};
        if (!array_reserve(&s->pairs, n, sizeof(*pairs)) ||
            !array_push(&s->lists, &list, sizeof(list)))
            return no_memory(err);
        if (n) memcpy(pair_at(s, list.first), pairs, n * sizeof(*pairs));
        s->pairs.n += n;
        *place = (uint32_t)s->lists.n - 1;
    }
    *out = *place;
    return OK;
}

static struct joined *find_union(const struct states *s, uint32_t a, uint32_t b) {
    size_t i = mix(a, b) & (s->n_union_table - 1);
    while (s->unions[i].a && (s->unions[i].a != a || s->unions[i].b != b))
        i = (i + 1) & (s->n_union_table - 1);
    return &s->unions[i];
}

static enum status remember_union(struct states *s, uint32_t a, uint32_t b, uint32_t c,
                                  struct error *err) {
    if (s->n_union_table < 2 * (s->n_unions + 1)) {
        const size_t n_old = s->n_union_table, n = n_old ? 2 * n_old : TABLE_MIN;
        struct joined *old = s->unions, *unions = mem_zalloc(n * sizeof(*unions));
        if (!unions) return no_memory(err);
        s->unions = unions;
        s->n_union_table = n;
        for (size_t i = 0; i < n_old; i++)
            if (old[i].a) *find_union(s, old[i].a, old[i].b) = old[i];
        mem_free(old);
    }
    *find_union(s, a, b) = (struct joined){.a = a, .b = b, .c = c};
    s->n_unions++;
    return OK;
}

static enum status unite(struct states *s, uint32_t a, uint32_t b, uint32_t *out,
                         struct error *err);

/* Appends to the scratch the pairs of a and b, where both have a node with the callers of both. */
static enum status merge(struct states *s, uint32_t a, uint32_t b, struct error *err) {
    const uint32_t n_a = list_at(s, a)->n, n_b = list_at(s, b)->n;
    enum status st = add_work(s, (size_t)n_a + n_b, err);
    for (uint32_t i = 0, k = 0; !st && (i < n_a || k < n_b);) {
        /* anew each time: uniting callers may move them */
        const struct pair *x = i < n_a ? pair_at(s, list_at(s, a)->first + i) : NULL;
        const struct pair *y = k < n_b ? pair_at(s, list_at(s, b)->first + k) : NULL;
        assert(x || y);
        struct pair one = !y || (x && x->node <= y->node) ? *x : *y;
        const bool both = x && y && x->node == y->node;
        i += x && x->node == one.node;
        k += y && y->node == one.node;
        if (both) st = unite(s, one.callers, y->callers, &one.callers, err);
        if (!st && !array_push(&s->scratch, &one, sizeof(one))) st = no_memory(err);
    }
    return st;
}

/* The stacks of both lists. Its recursion is as deep as calls are, at most GRAMMAR_CALLS_MAX. */
static enum status unite(struct states *s, uint32_t a, uint32_t b, uint32_t *out,
                         struct error *err) {
    if (a == b || !a || !b) {
        *out = a ? a : b;
        return OK;
    }
    if (a > b) {
        const uint32_t swapped = a;
        a = b;
        b = swapped;
    }
    if (s->n_union_table && find_union(s, a, b)->a) {
        *out = find_union(s, a, b)->c;
        return OK;
    }
    const size_t mark = s->scratch.n;
    enum status st = merge(s, a, b, err);
    if (!st)
        st = keep_list(s, (struct pair *)s->scratch.data + mark, s->scratch.n - mark, out, err);
    s->scratch.n = mark;
    return st ? st : remember_union(s, a, b, *out, err);
}

/* --- states --- */

/* The state of the list. */
static enum status keep_state(struct states *s, uint32_t list, bool may_end, uint32_t *out,
                              struct error *err) {
    if (!list_at(s, list)->state) {
        const size_t n = s->g->n_classes;
        const struct state state = {.list = list, .may_end = may_end};
        if (!array_reserve(&s->steps, n, sizeof(uint32_t)) ||
            !array_push(&s->states, &state, sizeof(state)))
            return no_memory(err);
        memset((uint32_t *)s->steps.data + s->steps.n, 0, n * sizeof(uint32_t));
        s->steps.n += n;
        list_at(s, list)->state = (uint32_t)s->states.n - 1;
    }
    *out = list_at(s, list)->state;
    return OK;
}

/* --- a step --- */

static void heap_sink(uint32_t *heap, size_t n) {
    const uint32_t moved = heap[0];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        child += child + 1 < n && heap[child + 1] < heap[child];
        if (heap[child] >= moved) break;
        heap[i] = heap[child];
    }
    heap[i] = moved;
}

static uint32_t heap_pop(struct states *s) {
    uint32_t *heap = s->heap.data;
    const uint32_t smallest = heap[0];
    heap[0] = heap[--s->heap.n];
    if (s->heap.n) heap_sink(heap, s->heap.n);
    return smallest;
}

static bool heap_push(struct states *s, uint32_t node) {
    if (!array_push(&s->heap, &node, sizeof(node))) return false;
    uint32_t *heap = s->heap.data;
    size_t i = s->heap.n - 1;
    for (; i > 0 && heap[(i - 1) / 2] > node; i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = node;
    return true;
}

/* The node waits, with these callers among others. */
static enum status await(struct states *s, uint32_t node, uint32_t callers, struct error *err) {
    if (node == AT_RETURN) return OK; /* returns were followed before */
    if (!s->waiting[node]) {
        if (!heap_push(s, node)) return no_memory(err);
        s->waiting[node] = callers;
        return OK;
    }
    return unite(s, s->waiting[node], callers, &s->waiting[node], err);
}

/* A place is in use while it holds an entry made in this step: s->entries says which those are, so
 * the table needs no clearing but of them. */
static struct pair *find_met(const struct states *s, struct pair entry) {
    size_t i = mix(entry.node, entry.callers) & (s->n_met_table - 1);
    while (s->met[i].node && (s->met[i].node != entry.node || s->met[i].callers != entry.callers))
        i = (i + 1) & (s->n_met_table - 1);
    return &s->met[i];
}

static enum status enter(struct states *s, uint32_t node, uint32_t callers, struct error *err) {
    const struct pair entry = {.node = node, .callers = callers};
    if (s->n_met_table < 2 * (s->entries.n + 1)) {
        const size_t n = s->n_met_table ? 2 * s->n_met_table : TABLE_MIN;
        struct pair *met = mem_zalloc(n * sizeof(*met));
        if (!met) return no_memory(err);
        mem_free(s->met);
        s->met = met;
        s->n_met_table = n;
        for (size_t i = 0; i < s->entries.n; i++)
            *find_met(s, ((struct pair *)s->entries.data)[i]) = ((struct pair *)s->entries.data)[i];
    }
    const enum status st = add_work(s, 1, err);
    if (st) return st;
    struct pair *place = find_met(s, entry);
    if (place->node) return OK;
    if (!array_push(&s->entries, &entry, sizeof(entry))) return no_memory(err);
    *place = entry;
    return OK;
}

/* Where entries return, those who called go on. */
static enum status follow_returns(struct states *s, bool *may_end, struct error *err) {
    enum status st = OK;
    for (size_t i = 0; !st && i < s->entries.n; i++) {
        const struct pair entry = ((struct pair *)s->entries.data)[i];
        if (entry.node == AT_END) {
            *may_end = true;
            continue;
        }
        st = await(s, entry.node, entry.callers, err);
        if (!s->g->nodes[entry.node].returns) continue;
        const struct list callers = *list_at(s, entry.callers);
        for (uint32_t k = 0; !st && k < callers.n; k++) {
            const struct pair *caller = pair_at(s, callers.first + k);
            st = enter(s, caller->node, caller->callers, err);
        }
    }
    return st;
}

/* A call whose return has nothing left to do hands on its own callers: recursion at the end of a
 * rule does not deepen the stack. */
static enum status follow_call(struct states *s, const struct node *node, uint32_t callers,
                               struct error *err) {
    if (node->b != AT_RETURN) {
        if (list_at(s, callers)->depth >= GRAMMAR_CALLS_MAX) {
            s->was_too_deep = true;
            return OK;
        }
        const struct pair back = {.node = node->b, .callers = callers};
        const enum status st = keep_list(s, &back, 1, &callers, err);
        if (st) return st;
    }
    return await(s, node->a, callers, err);
}

/* Empties the heap into the scratch: the nodes that eat bytes. */
static enum status follow_calls(struct states *s, struct error *err) {
    enum status st = OK;
    while (!st && s->heap.n) {
        const uint32_t at = heap_pop(s), callers = s->waiting[at];
        const struct node *node = &s->g->nodes[at];
        s->waiting[at] = 0;
        st = add_work(s, 1, err);
        if (st) break;
        if (node->kind == NODE_BYTES) {
            const struct pair pair = {.node = at, .callers = callers};
            if (!array_push(&s->scratch, &pair, sizeof(pair))) st = no_memory(err);
        } else if (node->kind == NODE_SPLIT) {
            st = await(s, node->a, callers, err);
            if (!st) st = await(s, node->b, callers, err);
        } else {
            st = follow_call(s, node, callers, err);
        }
    }
    return st;
}

/* Leaves the working space as a step wants to find it. */
static void clear_step(struct states *s) {
    for (size_t i = 0; i < s->heap.n; i++)
        s->waiting[((uint32_t *)s->heap.data)[i]] = 0;
    if (s->entries.n < s->n_met_table / 8) {
        for (size_t i = s->entries.n; i > 0; i--) /* the last first: no chain is cut */
            find_met(s, ((struct pair *)s->entries.data)[i - 1])->node = 0;
    } else if (s->n_met_table) {
        memset(s->met, 0, s->n_met_table * sizeof(*s->met));
    }
    s->heap.n = 0;
    s->entries.n = 0;
    s->scratch.n = 0;
}

/* The state that the entries make. */
static enum status settle(struct states *s, uint32_t *out, struct error *err) {
    bool may_end = false;
    uint32_t list;
    enum status st = follow_returns(s, &may_end, err);
    if (!st && may_end) {
        const struct pair end = {.node = AT_END};
        if (!array_push(&s->scratch, &end, sizeof(end))) st = no_memory(err);
    }
    if (!st) st = follow_calls(s, err);
    if (!st && !array_reserve(&s->scratch, 1, sizeof(struct pair))) st = no_memory(err);
    if (!st) st = keep_list(s, s->scratch.data, s->scratch.n, &list, err);
    if (!st) st = keep_state(s, list, may_end, out, err);
    clear_step(s);
    return st;
}

enum status states_compute(struct states *s, uint32_t from, unsigned class, uint32_t *out,
                           struct error *err) {
    const struct list list = *list_at(s, states_at(s, from)->list);
    const unsigned char byte = s->g->samples[class];
    enum status st = add_work(s, list.n + 1, err);
    for (uint32_t i = 0; !st && i < list.n; i++) {
        const struct pair *pair = pair_at(s, list.first + i);
        const struct node *node = &s->g->nodes[pair->node];
        if (node->kind == NODE_BYTES && byte_set_has(&s->g->sets[node->a], byte))
            st = enter(s, node->b, pair->callers, err);
    }
    if (st)
        clear_step(s);
    else
        st = settle(s, out, err);
    if (!st) ((uint32_t *)s->steps.data)[from * s->g->n_classes + class] = *out;
    return st;
}

/* The list that the start of an answer returns to. */
static enum status keep_bottom(struct states *s, uint32_t *out, struct error *err) {
    const struct pair end = {.node = AT_END};
    return keep_list(s, &end, 1, out, err);
}

enum status states_start(struct states *s, uint32_t *out, struct error *err) {
    uint32_t bottom;
    enum status st = keep_bottom(s, &bottom, err);
    if (!st && s->g->root != NODE_NONE) st = enter(s, s->g->root, bottom, err);
    if (!st && s->g->may_empty) st = enter(s, AT_END, 0, err);
    if (st) {
        clear_step(s);
        return st;
    }
    return settle(s, out, err);
}

/* --- beginning, end, forgetting --- */

/* Empty stores: no list, and the two states that are there always. */
static enum status begin(struct states *s, struct error *err) {
    const struct list none = {0};
    const struct state unknown = {0};
    const struct pair nothing = {0};
    uint32_t empty, dead;
    if (!array_reserve(&s->pairs, 1, sizeof(nothing)) ||
        !array_push(&s->lists, &none, sizeof(none)) ||
        !array_push(&s->states, &unknown, sizeof(unknown)) ||
        !array_reserve(&s->steps, s->g->n_classes, sizeof(uint32_t)))
        return no_memory(err);
    memset(s->steps.data, 0, s->g->n_classes * sizeof(uint32_t));
    s->steps.n = s->g->n_classes;
    enum status st = keep_list(s, &nothing, 0, &empty, err);
    if (!st) st = keep_state(s, empty, false, &dead, err);
    for (size_t i = 0; !st && i < s->g->n_classes; i++)
        ((uint32_t *)s->steps.data)[STATE_DEAD * s->g->n_classes + i] = STATE_DEAD;
    return st;
}

enum status states_init(struct states *s, const struct grammar *g, size_t n_mask_words,
                        size_t ceiling_bytes, struct error *err) {
    *s = (struct states){.g = g, .n_mask_words = n_mask_words, .ceiling_bytes = ceiling_bytes};
    s->waiting = mem_zalloc(g->n_nodes * sizeof(*s->waiting));
    return s->waiting ? begin(s, err) : no_memory(err);
}

static void release_array(struct array *a, size_t item_size) {
    mem_wipe(a->data, a->n * item_size);
    array_release(a);
}

/* Wiped: steps that only the answer took tell its bytes. */
static void release_memory(struct states *s) {
    for (size_t i = 0; i < s->states.n; i++)
        mem_free(states_at(s, (uint32_t)i)->mask);
    release_array(&s->pairs, sizeof(struct pair));
    release_array(&s->lists, sizeof(struct list));
    release_array(&s->states, sizeof(struct state));
    release_array(&s->steps, sizeof(uint32_t));
    mem_free(s->list_table);
    mem_free(s->unions);
}

void states_release(struct states *s) {
    release_memory(s);
    array_release(&s->heap);
    array_release(&s->entries);
    array_release(&s->scratch);
    mem_free(s->waiting);
    mem_free(s->met);
}

void states_begin_work(struct states *s) {
    s->work = 0;
    s->was_too_deep = false;
}

size_t states_used_bytes(const struct states *s) {
    return s->pairs.capacity * sizeof(struct pair) + s->lists.capacity * sizeof(struct list) +
           s->states.capacity * sizeof(struct state) + s->steps.capacity * sizeof(uint32_t) +
           s->n_list_table * sizeof(uint32_t) + s->n_union_table * sizeof(struct joined) +
           s->mask_bytes;
}

bool states_are_full(const struct states *s) {
    return states_used_bytes(s) > s->ceiling_bytes;
}

/* Copies the lists that `news` marks, and those in them, and writes their new numbers there. */
static enum status copy_lists(struct states *to, const struct states *from, uint32_t *news,
                              struct error *err) {
    enum status st = OK;
    for (size_t i = from->lists.n; i-- > 1;) { /* callers are before those they call */
        const struct list *list = list_at(from, (uint32_t)i);
        for (uint32_t k = 0; news[i] && k < list->n; k++)
            news[pair_at(from, list->first + k)->callers] = 1;
    }
    news[0] = 0;
    for (uint32_t i = 1; !st && i < from->lists.n; i++) {
        if (!news[i]) continue;
        const struct list *list = list_at(from, i);
        to->scratch.n = 0;
        if (!array_reserve(&to->scratch, list->n, sizeof(struct pair))) return no_memory(err);
        for (uint32_t k = 0; k < list->n; k++) {
            struct pair pair = *pair_at(from, list->first + k);
            pair.callers = news[pair.callers];
            ((struct pair *)to->scratch.data)[k] = pair;
        }
        st = keep_list(to, to->scratch.data, list->n, &news[i], err);
    }
    return st;
}

/* Makes the roots' states in `to`, and writes their numbers into kept [n]. */
static enum status copy_roots(struct states *to, const struct states *from, const uint32_t *roots,
                              uint32_t *kept, size_t n, struct error *err) {
    uint32_t *news = mem_zalloc(from->lists.n * sizeof(*news));
    if (!news) return no_memory(err);
    for (size_t i = 0; i < n; i++)
        news[states_at(from, roots[i])->list] = 1;
    enum status st = copy_lists(to, from, news, err);
    for (size_t i = 0; !st && i < n; i++) {
        const struct state *root = states_at(from, roots[i]);
        st = keep_state(to, news[root->list], root->may_end, &kept[i], err);
    }
    mem_free(news);
    if (!st && states_used_bytes(to) > to->ceiling_bytes / 2)
        st = fail(err, ERR_LIMIT,
                  _("the grammar needs more than %zu MiB to be followed at this place"),
                  to->ceiling_bytes >> 20);
    return st;
}

enum status states_forget(struct states *s, uint32_t *roots, size_t n, struct error *err) {
    struct states fresh = {
        .g = s->g, .n_mask_words = s->n_mask_words, .ceiling_bytes = s->ceiling_bytes};
    uint32_t *kept = mem_alloc(n * sizeof(*kept));
    enum status st = kept ? begin(&fresh, err) : no_memory(err);
    if (!st) st = copy_roots(&fresh, s, roots, kept, n, err);
    array_release(&fresh.scratch);
    if (st) {
        release_memory(&fresh);
    } else {
        memcpy(roots, kept, n * sizeof(*kept));
        release_memory(s);
        s->pairs = fresh.pairs;
        s->lists = fresh.lists;
        s->states = fresh.states;
        s->steps = fresh.steps;
        s->list_table = fresh.list_table;
        s->unions = fresh.unions;
        s->n_list_table = fresh.n_list_table;
        s->n_union_table = fresh.n_union_table;
        s->n_unions = fresh.n_unions;
        s->mask_bytes = 0;
    }
    mem_free(kept);
    return st;
}
