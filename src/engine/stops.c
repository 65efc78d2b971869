/* SPDX-License-Identifier: MIT
 *
 * An automaton over all the stop strings (Aho and Corasick 1975): its state is the longest end of
 * the text so far that begins some string, so the bytes held back need not be kept: they are the
 * first of that string. A byte costs the same whatever the strings are.
 */
#include "engine/stops.h"

#include <stdint.h>
#include <string.h>

#include "base/intl.h"
#include "base/mem.h"

enum { NO_STOP = -1, ROOT = 0 };

struct node {
    uint32_t next[256]; /* while building 0: none; then the state after that byte */
    uint32_t fail;      /* the longest proper end of this text that is a beginning too */
    uint32_t depth;     /* bytes from the root */
    uint32_t string;    /* one that begins with them */
    int32_t stop;       /* the longest string that ends here; NO_STOP: none */
};

struct stops {
    struct array nodes; /* struct node */
    char *strings[STOPS_MAX];
    size_t lengths[STOPS_MAX];
    uint32_t state;
};

static struct node *node_at(const struct stops *s, uint32_t i) {
    return (struct node *)s->nodes.data + i;
}

/* The child of node i by a byte, made for string `index` if need be; false when memory is short. */
static bool descend(struct stops *s, uint32_t *i, unsigned char byte, size_t index) {
    const uint32_t child = node_at(s, *i)->next[byte];
    if (child == ROOT) {
        struct node fresh = {.stop = NO_STOP, .string = (uint32_t)index};
        fresh.depth = node_at(s, *i)->depth + 1;
        if (!array_push(&s->nodes, &fresh, sizeof(fresh))) return false;
        node_at(s, *i)->next[byte] = (uint32_t)s->nodes.n - 1;
    }
    *i = node_at(s, *i)->next[byte];
    return true;
}

static bool add_string(struct stops *s, const char *text, size_t n, size_t index) {
    uint32_t at = ROOT;
    s->strings[index] = mem_strndup(text, n);
    if (!s->strings[index]) return false;
    for (size_t i = 0; i < n; i++)
        if (!descend(s, &at, (unsigned char)text[i], index)) return false;
    if (node_at(s, at)->stop == NO_STOP) node_at(s, at)->stop = (int32_t)index;
    s->lengths[index] = n;
    return true;
}

/* In the order of depth: where a byte leads that is no child, and strings that end inside others.
 */
static bool link_nodes(struct stops *s) {
    uint32_t *queue = mem_alloc(s->nodes.n * sizeof(*queue));
    if (!queue) return false;
    size_t head = 0, tail = 0;
    queue[tail++] = ROOT;
    while (head < tail) {
        struct node *at = node_at(s, queue[head++]);
        const struct node *fallback = node_at(s, at->fail);
        if (at->stop == NO_STOP) at->stop = fallback->stop;
        for (int b = 0; b < 256; b++) {
            const uint32_t child = at->next[b];
            if (child != ROOT) {
                node_at(s, child)->fail = at->depth ? fallback->next[b] : ROOT;
                queue[tail++] = child;
            } else if (at->depth) {
                at->next[b] = fallback->next[b];
            }
        }
    }
    mem_free(queue);
    return true;
}

static enum status build(struct stops *s, const char *const *strings, size_t n, struct error *err) {
    const struct node root = {.stop = NO_STOP};
    bool good = array_push(&s->nodes, &root, sizeof(root));
    size_t total = 0; /* a node takes a kilobyte */
    for (size_t i = 0; good && i < n; i++) {
        const size_t length = strlen(strings[i]);
        if (length == 0) return fail(err, ERR_INVALID, _("a stop string is empty"));
        total += length;
        if (total > STOP_BYTES_MAX)
            return fail(err, ERR_INVALID, _("the stop strings have more than %d bytes together"),
                        STOP_BYTES_MAX);
        good = add_string(s, strings[i], length, i);
    }
    if (good && link_nodes(s)) return OK;
    return fail(err, ERR_NOMEM, _("not enough memory for the stop strings"));
}

enum status stops_open(struct stops **out, const char *const *strings, size_t n,
                       struct error *err) {
    if (n > STOPS_MAX)
        return fail(err, ERR_INVALID, _("%zu stop strings were given; at most %d are allowed"), n,
                    STOPS_MAX);
    struct stops *s = mem_zalloc(sizeof(*s));
    if (!s) return fail(err, ERR_NOMEM, _("not enough memory for the stop strings"));
    const enum status st = build(s, strings, n, err);
    if (st)
        stops_close(s);
    else
        *out = s;
    return st;
}

void stops_close(struct stops *s) {
    if (!s) return;
    for (size_t i = 0; i < STOPS_MAX; i++)
        mem_free(s->strings[i]);
    array_release(&s->nodes);
    mem_free(s);
}

void stops_reset(struct stops *s) {
    s->state = ROOT;
}

/* Appends the first n of the bytes that a node stands for. */
static void show_held(const struct stops *s, const struct node *node, size_t n,
                      struct strbuf *out) {
    if (n) strbuf_append(out, s->strings[node->string], n);
}

bool stops_feed(struct stops *s, const char *bytes, size_t n, struct strbuf *out, size_t *which) {
    for (size_t i = 0; i < n; i++) {
        const unsigned char byte = (unsigned char)bytes[i];
        const struct node *before = node_at(s, s->state);
        const uint32_t next = before->next[byte];
        const struct node *after = node_at(s, next);
        /* of what was held and this byte, what no longer leads to the new state is shown */
        const size_t held = (size_t)before->depth + 1;
        const bool complete = after->stop != NO_STOP;
        const size_t kept = complete ? s->lengths[after->stop] : after->depth;
        const size_t shown = held - kept;
        if (shown == held) {
            show_held(s, before, before->depth, out);
            strbuf_putc(out, (char)byte);
        } else {
            show_held(s, before, shown, out);
        }
        s->state = next;
        if (complete) {
            *which = (size_t)after->stop;
            stops_reset(s);
            return true;
        }
    }
    return false;
}

void stops_finish(struct stops *s, struct strbuf *out) {
    const struct node *held = node_at(s, s->state);
    show_held(s, held, held->depth, out);
    stops_reset(s);
}
