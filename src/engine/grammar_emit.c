/* SPDX-License-Identifier: MIT
 *
 * From the tree of a grammar to its nodes (grammar_nodes.h).
 *
 * Each part is emitted in front of the node that follows it, so rules are made from their ends.
 * Nodes that are alike are one node: alternatives that end alike share their ends, and the bytes
 * that continue characters are shared by all classes before the same node.
 *
 * A part is emitted without its empty match ("solid"), and a SPLIT goes around it where it has one.
 * This keeps repetitions of what may be empty, ("a"? "b"?)*, free of rings; and each part is
 * emitted once. x{m,n} is n copies, each of the last n-m with a way to the end; copies of anything
 * large are calls of one nameless rule, so the size of repetitions in repetitions adds up and does
 * not multiply.
 */
#include "engine/grammar_nodes.h"

#include <stdlib.h>
#include <string.h>

#include "base/intl.h"

enum { TABLE_MIN = 1024, COPIED_BYTES_MAX = 2, UTF8_MAX = 4 };

struct emitter {
    const struct grammar_tree *tree;
    struct array nodes;  /* struct node; the first NODES_FIXED are there always */
    struct array sets;   /* struct byte_set */
    struct array starts; /* uint32_t: a node for each rule, the nameless ones after those named */
    uint32_t *table;     /* [n_table] nodes by content; NODE_NONE: free; n_table a power of 2 */
    size_t n_table;
    uint32_t *set_table; /* [n_set_table] 1 + number of a set; 0: free */
    size_t n_set_table;
    enum status status; /* the first failure; from there on nothing is emitted */
    struct error *err;
};

static void no_memory(struct emitter *e) {
    if (!e->status) e->status = fail(e->err, ERR_NOMEM, _("not enough memory for the grammar"));
}

/* --- sets of bytes, each kept once --- */

static size_t set_hash(const struct byte_set *set) {
    uint64_t h = 0;
    for (size_t i = 0; i < 8; i++)
        h = (h ^ set->bits[i]) * 0x9E3779B97F4A7C15u + (h >> 32);
    return (size_t)(h ^ h >> 31);
}

static uint32_t *find_set(const struct emitter *e, const struct byte_set *set) {
    const struct byte_set *sets = e->sets.data;
    size_t i = set_hash(set) & (e->n_set_table - 1);
    while (e->set_table[i] && memcmp(&sets[e->set_table[i] - 1], set, sizeof(*set)) != 0)
        i = (i + 1) & (e->n_set_table - 1);
    return &e->set_table[i];
}

static bool grow_set_table(struct emitter *e) {
    if (e->n_set_table >= 2 * (e->sets.n + 1)) return true;
    const size_t n = e->n_set_table ? 2 * e->n_set_table : TABLE_MIN;
    uint32_t *table = mem_zalloc(n * sizeof(*table));
    if (!table) return false;
    mem_free(e->set_table);
    e->set_table = table;
    e->n_set_table = n;
    for (size_t i = 0; i < e->sets.n; i++)
        *find_set(e, (struct byte_set *)e->sets.data + i) = (uint32_t)i + 1;
    return true;
}

static uint32_t keep_set(struct emitter *e, const struct byte_set *set) {
    if (!grow_set_table(e)) {
        no_memory(e);
        return 0;
    }
    uint32_t *place = find_set(e, set);
    if (!*place) {
        if (!array_push(&e->sets, set, sizeof(*set))) {
            no_memory(e);
            return 0;
        }
        *place = (uint32_t)e->sets.n;
    }
    return *place - 1;
}

/* --- nodes --- */

static struct node *node_at(const struct emitter *e, uint32_t i) {
    return (struct node *)e->nodes.data + i;
}

static uint32_t add_node(struct emitter *e, const struct node *node) {
    if (e->status) return NODE_NONE;
    if (e->nodes.n == GRAMMAR_NODES_MAX) {
        e->status =
            fail(e->err, ERR_LIMIT,
                 _("the grammar grows to more than %d nodes: shorten its repetitions or its "
                   "lists of alternatives"),
                 (int)GRAMMAR_NODES_MAX);
        return NODE_NONE;
    }
    if (!array_push(&e->nodes, node, sizeof(*node))) {
        no_memory(e);
        return NODE_NONE;
    }
    return (uint32_t)e->nodes.n - 1;
}

static uint32_t *find_node(const struct emitter *e, const struct node *node) {
    uint64_t h = ((uint64_t)node->a << 32 | node->b) * 0x9E3779B97F4A7C15u;
    h = (h ^ h >> 29 ^ node->kind) * 0xBF58476D1CE4E5B9u;
    size_t i = (size_t)(h ^ h >> 32) & (e->n_table - 1);
    for (; e->table[i]; i = (i + 1) & (e->n_table - 1)) {
        const struct node *there = node_at(e, e->table[i]);
        if (there->kind == node->kind && there->a == node->a && there->b == node->b) break;
    }
    return &e->table[i];
}

/* Loops are not in the table, since they change after they are made; they only make it less full.
 */
static bool grow_table(struct emitter *e) {
    if (e->n_table >= 2 * (e->nodes.n + 1)) return true;
    const size_t n_old = e->n_table, n = n_old ? 2 * n_old : TABLE_MIN;
    uint32_t *old = e->table, *table = mem_zalloc(n * sizeof(*table));
    if (!table) return false;
    e->table = table;
    e->n_table = n;
    for (size_t i = 0; i < n_old; i++)
        if (old[i]) *find_node(e, node_at(e, old[i])) = old[i];
    mem_free(old);
    return true;
}

/* The node of that content, which never changes. */
static uint32_t keep_node(struct emitter *e, enum node_kind kind, uint32_t a, uint32_t b) {
    const struct node node = {.kind = (uint8_t)kind, .a = a, .b = b};
    if (!e->status && !grow_table(e)) no_memory(e);
    if (e->status) return NODE_NONE;
    uint32_t *place = find_node(e, &node);
    if (!*place) *place = add_node(e, &node);
    return *place;
}

static uint32_t split(struct emitter *e, uint32_t a, uint32_t b) {
    if (a == NODE_NONE || a == b) return b;
    return b == NODE_NONE ? a : keep_node(e, NODE_SPLIT, a, b);
}

static uint32_t eat(struct emitter *e, unsigned char lo, unsigned char hi, uint32_t next) {
    struct byte_set set = {{0}};
    for (unsigned c = lo; c <= hi; c++)
        set.bits[c >> 5] |= (uint32_t)1 << (c & 31);
    return keep_node(e, NODE_BYTES, keep_set(e, &set), next);
}

/* --- classes: ranges of code points to ranges of bytes --- */

struct byte_range {
    unsigned char lo, hi;
};

struct sequence { /* all characters whose i-th byte is in ranges[i] */
    struct byte_range ranges[UTF8_MAX];
    uint32_t n;
};

struct way { /* bytes of a set, then a node */
    uint32_t next;
    struct byte_set set;
};

static uint32_t encode(unsigned char *out, uint32_t cp) {
    if (cp < 0x80) {
        out[0] = (unsigned char)cp;
        return 1;
    }
    const uint32_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (uint32_t i = n - 1; i > 0; i--, cp >>= 6)
        out[i] = (unsigned char)(0x80 | (cp & 0x3F));
    out[0] = (unsigned char)((0xF00u >> n & 0xFF) | cp);
    return n;
}

/* The last code point, from lo on and up to hi, that makes one sequence with lo: both have as many
 * bytes, and where they differ first, all that follows runs through all its values. */
static uint32_t sequence_end(uint32_t lo, uint32_t hi) {
    static const uint32_t lasts[] = {0x7F, 0x7FF, 0xD7FF, 0xFFFF};
    for (size_t i = 0; i < sizeof(lasts) / sizeof(lasts[0]); i++)
        if (lo <= lasts[i] && hi > lasts[i]) hi = lasts[i];
    for (uint32_t bits = 6; bits <= 18 && hi >= 0x80; bits += 6) {
        const uint32_t low = ((uint32_t)1 << bits) - 1;
        if ((lo & ~low) == (hi & ~low)) break; /* the same but for these: one range of bytes */
        if (lo & low) return lo | low;         /* up to where the next block begins */
        if ((hi & low) != low) hi = (hi & ~low) - 1; /* whole blocks only */
    }
    return hi;
}

static bool add_sequences(struct array *out, uint32_t lo, uint32_t hi) {
    while (lo <= hi) {
        if (lo >= 0xD800 && lo <= 0xDFFF) { /* no characters */
            lo = 0xE000;
            continue;
        }
        unsigned char first[UTF8_MAX], last[UTF8_MAX];
        struct sequence s = {.n = encode(first, lo)};
        const uint32_t end = sequence_end(lo, hi);
        encode(last, end);
        for (uint32_t i = 0; i < s.n; i++)
            s.ranges[i] = (struct byte_range){first[i], last[i]};
        if (!array_push(out, &s, sizeof(s))) return false;
        lo = end + 1;
    }
    return true;
}

static int by_next(const void *a, const void *b) {
    const struct way *x = a, *y = b;
    return x->next < y->next ? -1 : x->next > y->next;
}

/* One node for all the ways to the same place. */
static uint32_t join_ways(struct emitter *e, struct way *ways, size_t n) {
    uint32_t all = NODE_NONE;
    qsort(ways, n, sizeof(*ways), by_next);
    for (size_t i = 0; i < n;) {
        struct way way = ways[i];
        for (i++; i < n && ways[i].next == way.next; i++)
            for (size_t w = 0; w < 8; w++)
                way.set.bits[w] |= ways[i].set.bits[w];
        all = split(e, keep_node(e, NODE_BYTES, keep_set(e, &way.set), way.next), all);
    }
    return all;
}

/* Sequences [n], sorted, alike in their first `at` ranges: from there to `next`. The ranges of two
 * sequences at one place are the same or have no byte in common. */
static uint32_t emit_sequences(struct emitter *e, const struct sequence *s, size_t n, uint32_t at,
                               uint32_t next) {
    struct array ways = {0};
    for (size_t i = 0, end; i < n && !e->status; i = end) {
        const struct byte_range r = s[i].ranges[at];
        struct way way = {.next = next};
        for (end = i + 1; end < n && s[end].ranges[at].lo == r.lo && s[end].n > at + 1; end++)
            ;
        if (s[i].n > at + 1) way.next = emit_sequences(e, s + i, end - i, at + 1, next);
        for (unsigned c = r.lo; c <= r.hi; c++)
            way.set.bits[c >> 5] |= (uint32_t)1 << (c & 31);
        if (!array_push(&ways, &way, sizeof(way))) no_memory(e);
    }
    const uint32_t all = e->status ? NODE_NONE : join_ways(e, ways.data, ways.n);
    array_release(&ways);
    return all;
}

static uint32_t emit_class(struct emitter *e, const struct part *p, uint32_t next) {
    const struct code_range *ranges = (struct code_range *)e->tree->ranges.data + p->a;
    struct array sequences = {0};
    uint32_t all = NODE_NONE;
    bool good = true;
    for (uint32_t i = 0; good && i < p->b; i++)
        good = add_sequences(&sequences, ranges[i].lo, ranges[i].hi);
    if (good)
        all = emit_sequences(e, sequences.data, sequences.n, 0, next);
    else
        no_memory(e);
    array_release(&sequences);
    return all;
}

/* --- parts --- */

static uint32_t emit_solid(struct emitter *e, uint32_t i, uint32_t next);

static uint32_t emit_text(struct emitter *e, const struct part *p, uint32_t next) {
    const unsigned char *bytes = (const unsigned char *)e->tree->text.data + p->a;
    if (!p->b) return NODE_NONE;
    for (uint32_t i = p->b; i > 0; i--)
        next = eat(e, bytes[i - 1], bytes[i - 1], next);
    return next;
}

/* If all parts may be empty, one of them is not, and those before it are: `all` gathers where each
 * of them begins. */
static uint32_t emit_sequence(struct emitter *e, const struct part *p, uint32_t next) {
    const bool may_empty = p->facts & FACT_EMPTY;
    uint32_t all = NODE_NONE;
    for (uint32_t i = p->last; i != PART_NONE; i = tree_part(e->tree, i)->previous) {
        const uint32_t solid = emit_solid(e, i, next);
        if (may_empty) all = split(e, solid, all);
        next = tree_part(e->tree, i)->facts & FACT_EMPTY ? split(e, solid, next) : solid;
    }
    return may_empty ? all : next;
}

static uint32_t emit_choice(struct emitter *e, const struct part *p, uint32_t next) {
    uint32_t all = NODE_NONE;
    for (uint32_t i = p->last; i != PART_NONE; i = tree_part(e->tree, i)->previous)
        all = split(e, emit_solid(e, i, next), all);
    return all;
}

/* Is a copy of it no larger than a call? */
static bool is_small(const struct emitter *e, const struct part *p) {
    if (p->kind == PART_TEXT) return p->b <= COPIED_BYTES_MAX;
    if (p->kind != PART_CLASS) return p->kind == PART_RULE;
    const struct code_range *ranges = (struct code_range *)e->tree->ranges.data + p->a;
    return ranges[p->b - 1].hi < 0x80;
}

/* A nameless rule that matches the part; returns its number. */
static uint32_t add_rule(struct emitter *e, uint32_t part) {
    const uint32_t start = emit_solid(e, part, AT_RETURN);
    if (!array_push(&e->starts, &start, sizeof(start))) no_memory(e);
    return (uint32_t)e->starts.n - 1;
}

struct copier {
    uint32_t part, rule; /* rule: called for each copy; UINT32_MAX: copies are the part itself */
};

static uint32_t copy(struct emitter *e, const struct copier *c, uint32_t next) {
    return c->rule == UINT32_MAX ? emit_solid(e, c->part, next)
                                 : keep_node(e, NODE_CALL, c->rule, next);
}

static uint32_t emit_repeat(struct emitter *e, const struct part *p, uint32_t next) {
    const struct part *one = tree_part(e->tree, p->last);
    const uint32_t min = p->a > 1 && !(one->facts & FACT_EMPTY) ? p->a : 1;
    if (p->b == 0 || !(one->facts & FACT_SOLID)) return NODE_NONE;
    struct copier c = {.part = p->last, .rule = UINT32_MAX};
    const uint32_t copies = p->b == REPEAT_FOREVER ? min : p->b;
    if (copies > 1 && !is_small(e, one)) c.rule = add_rule(e, p->last);
    uint32_t entry = next;
    if (p->b == REPEAT_FOREVER) { /* the last copy comes back to a node before itself */
        const uint32_t again = add_node(e, &(struct node){.kind = NODE_SPLIT});
        entry = copy(e, &c, again);
        if (e->status) return NODE_NONE;
        *node_at(e, again) = (struct node){.kind = NODE_SPLIT, .a = entry, .b = next};
    }
    for (uint32_t i = copies; i > min && !e->status; i--)
        entry = split(e, copy(e, &c, entry), next);
    for (uint32_t i = p->b == REPEAT_FOREVER; i < min && !e->status; i++)
        entry = copy(e, &c, entry);
    return entry;
}

static uint32_t emit_solid(struct emitter *e, uint32_t i, uint32_t next) {
    const struct part *p = tree_part(e->tree, i);
    if (e->status || !(p->facts & FACT_SOLID)) return NODE_NONE;
    switch (p->kind) {
    case PART_TEXT: return emit_text(e, p, next);
    case PART_CLASS: return emit_class(e, p, next);
    case PART_RULE: return keep_node(e, NODE_CALL, p->a, next);
    case PART_SEQ: return emit_sequence(e, p, next);
    case PART_CHOICE: return emit_choice(e, p, next);
    case PART_REPEAT: return emit_repeat(e, p, next);
    }
    return NODE_NONE;
}

static void emit_all(struct emitter *e) {
    const struct node fixed[NODES_FIXED] = {
        {.kind = NODE_SPLIT}, {.kind = NODE_RETURN, .returns = true}, {.kind = NODE_END}};
    const size_t n = e->tree->rules.n;
    for (size_t i = 0; i < NODES_FIXED; i++)
        if (!array_push(&e->nodes, &fixed[i], sizeof(fixed[i]))) no_memory(e);
    if (!array_reserve(&e->starts, n, sizeof(uint32_t))) no_memory(e);
    if (e->status) return;
    e->starts.n = n; /* those of nameless rules come after */
    for (uint32_t i = 0; i < n && !e->status; i++) {
        const uint32_t start = emit_solid(e, tree_rule(e->tree, i)->body, AT_RETURN);
        ((uint32_t *)e->starts.data)[i] = start;
    }
    for (uint32_t i = NODES_FIXED; i < e->nodes.n; i++) { /* from rules to their first nodes */
        struct node *node = node_at(e, i);
        if (node->kind == NODE_CALL) node->a = ((uint32_t *)e->starts.data)[node->a];
    }
}

enum status grammar_emit(struct grammar *g, const struct grammar_tree *tree, struct error *err) {
    struct emitter e = {.tree = tree, .err = err};
    emit_all(&e);
    mem_free(e.table);
    mem_free(e.set_table);
    if (!e.status) {
        g->root = ((uint32_t *)e.starts.data)[tree->root];
        g->may_empty = tree_part(tree, tree_rule(tree, tree->root)->body)->facts & FACT_EMPTY;
    }
    array_release(&e.starts);
    g->nodes = e.nodes.data; /* freed with the grammar, also after a failure */
    g->n_nodes = e.nodes.n;
    g->sets = e.sets.data;
    g->n_sets = e.sets.n;
    return e.status;
}
