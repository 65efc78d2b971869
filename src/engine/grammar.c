/* SPDX-License-Identifier: MIT
 *
 * GBNF, compiled: read (grammar_parse.c), judged (grammar_check.c), turned into nodes
 * (grammar_emit.c), and here put into the order that the matcher relies on.
 */
#include "engine/grammar_nodes.h"

#include <assert.h>
#include <string.h>

#include "base/intl.h"

struct arranger {
    struct grammar *g;
    uint32_t *stack;  /* [n_nodes] */
    uint32_t *ranks;  /* [n_nodes] the node's new number; 0: not reached */
    uint32_t *calls;  /* [n_nodes] rules in one another before the next byte */
    uint32_t *order;  /* [n_nodes] nodes as they are done: after all that they lead to */
    uint8_t *marks;   /* [n_nodes] SEEN: reached; OPEN, DONE: by the walk that ranks */
    uint32_t n_order; /* done so far */
};

enum { SEEN = 1, OPEN = 2, DONE = 4 };

static void see(struct arranger *a, size_t *n_stack, uint32_t node) {
    if (a->marks[node]) return;
    a->marks[node] = SEEN;
    a->stack[(*n_stack)++] = node;
}

static void find_reached(struct arranger *a) {
    size_t n_stack = 0;
    a->marks[NODE_NONE] = a->marks[AT_RETURN] = a->marks[AT_END] = SEEN | DONE;
    see(a, &n_stack, a->g->root);
    while (n_stack) {
        const struct node *node = &a->g->nodes[a->stack[--n_stack]];
        if (node->kind != NODE_BYTES) see(a, &n_stack, node->a);
        see(a, &n_stack, node->b);
    }
}

/* All that `node` leads to without a byte is done. */
static void finish(struct arranger *a, uint32_t i) {
    struct node *node = &a->g->nodes[i];
    uint32_t calls = 0;
    if (node->kind == NODE_CALL) {
        calls = a->calls[node->a] + (node->b != AT_RETURN);
    } else if (node->kind == NODE_SPLIT) {
        calls = a->calls[node->a] > a->calls[node->b] ? a->calls[node->a] : a->calls[node->b];
        node->returns = a->g->nodes[node->a].returns || a->g->nodes[node->b].returns;
    }
    a->calls[i] = calls;
    a->order[a->n_order++] = i;
    a->marks[i] = SEEN | DONE;
}

static bool push_undone(struct arranger *a, size_t *n_stack, uint32_t node) {
    if (a->marks[node] & DONE) return false;
    assert(!(a->marks[node] & OPEN)); /* a ring would be left recursion */
    a->stack[(*n_stack)++] = node;
    return true;
}

/* A walk in depth along what needs no byte. */
static void rank_from(struct arranger *a, uint32_t from) {
    size_t n_stack = 0;
    push_undone(a, &n_stack, from);
    while (n_stack) {
        const uint32_t i = a->stack[n_stack - 1];
        const struct node *node = &a->g->nodes[i];
        a->marks[i] |= OPEN;
        if (node->kind != NODE_BYTES && push_undone(a, &n_stack, node->a)) continue;
        if (node->kind == NODE_SPLIT && push_undone(a, &n_stack, node->b)) continue;
        finish(a, i);
        n_stack--;
    }
}

/* Moves the nodes to their new numbers. */
static enum status renumber(struct arranger *a, struct error *err) {
    struct grammar *g = a->g;
    const size_t n = NODES_FIXED + a->n_order;
    struct node *nodes = mem_alloc(n * sizeof(*nodes));
    if (!nodes) return fail(err, ERR_NOMEM, _("not enough memory for the grammar"));
    for (uint32_t i = 0; i < NODES_FIXED; i++) {
        a->ranks[i] = i;
        nodes[i] = g->nodes[i];
    }
    for (uint32_t i = 0; i < a->n_order; i++)
        a->ranks[a->order[i]] = (uint32_t)(n - 1 - i);
    for (uint32_t i = 0; i < a->n_order; i++) {
        struct node node = g->nodes[a->order[i]];
        if (node.kind != NODE_BYTES) node.a = a->ranks[node.a];
        node.b = a->ranks[node.b];
        nodes[a->ranks[a->order[i]]] = node;
    }
    mem_free(g->nodes);
    g->nodes = nodes;
    g->n_nodes = n;
    g->root = a->ranks[g->root];
    return OK;
}

static enum status arrange_nodes(struct arranger *a, struct error *err) {
    find_reached(a);
    for (uint32_t i = NODES_FIXED; i < a->g->n_nodes; i++) {
        if (a->marks[i] & SEEN) rank_from(a, i);
        if (a->calls[i] > GRAMMAR_CALLS_MAX)
            return fail(err, ERR_LIMIT,
                        _("the grammar has more than %d rules that begin with one another"),
                        (int)GRAMMAR_CALLS_MAX);
    }
    return renumber(a, err);
}

/* Bytes that no set tells apart are one class: sets cut the classes there are, one by one. */
static void sort_bytes(struct grammar *g) {
    size_t n = 1;
    memset(g->classes, 0, sizeof(g->classes));
    for (size_t s = 0; s < g->n_sets && n < 256; s++) {
        unsigned char inside[256]; /* [old class] the new class of those in the set */
        bool cut[256] = {false}, outside[256] = {false};
        for (unsigned b = 0; b < 256; b++)
            if (!byte_set_has(&g->sets[s], (unsigned char)b)) outside[g->classes[b]] = true;
        for (unsigned b = 0; b < 256; b++) {
            const unsigned char class = g->classes[b];
            if (!byte_set_has(&g->sets[s], (unsigned char)b) || !outside[class]) continue;
            if (!cut[class]) inside[class] = (unsigned char)n++;
            cut[class] = true;
            g->classes[b] = inside[class];
        }
    }
    g->n_classes = n;
    for (unsigned b = 0; b < 256; b++)
        g->samples[g->classes[b]] = (unsigned char)b;
}

enum status grammar_arrange(struct grammar *g, struct error *err) {
    const size_t n = g->n_nodes;
    struct arranger a = {.g = g,
                         .stack = mem_alloc(n * sizeof(*a.stack)),
                         .ranks = mem_zalloc(n * sizeof(*a.ranks)),
                         .calls = mem_zalloc(n * sizeof(*a.calls)),
                         .order = mem_alloc(n * sizeof(*a.order)),
                         .marks = mem_zalloc(n)};
    enum status st = OK;
    if (!a.stack || !a.ranks || !a.calls || !a.order || !a.marks)
        st = fail(err, ERR_NOMEM, _("not enough memory for the grammar"));
    if (!st) st = arrange_nodes(&a, err);
    if (!st) sort_bytes(g);
    mem_free(a.stack);
    mem_free(a.ranks);
    mem_free(a.calls);
    mem_free(a.order);
    mem_free(a.marks);
    return st;
}

enum status grammar_open(struct grammar **out, const char *gbnf, size_t n, struct error *err) {
    struct grammar *g = mem_zalloc(sizeof(*g));
    if (!g) return fail(err, ERR_NOMEM, _("not enough memory for the grammar"));
    struct grammar_tree tree = {0};
    enum status st = grammar_parse(&tree, gbnf, n, err);
    if (!st) st = grammar_check(&tree, err);
    if (!st) st = grammar_emit(g, &tree, err);
    grammar_tree_release(&tree);
    if (!st) st = grammar_arrange(g, err);
    if (st) {
        grammar_close(g);
        return st;
    }
    *out = g;
    return OK;
}

void grammar_close(struct grammar *g) {
    if (!g) return;
    mem_free(g->nodes);
    mem_free(g->sets);
    mem_free(g);
}
