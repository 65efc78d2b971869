/* SPDX-License-Identifier: MIT
 *
 * What can be said of a grammar before it runs: which parts may match nothing, which may match
 * something, which ever end; and that no rule begins with itself.
 *
 * Facts spread from the parts that have them alone to the parts around them and, from a rule's
 * body, to all that name the rule: each part is visited once a fact, so time is linear whatever
 * the order of the rules. Rules that begin with themselves are rings among the arrows "may begin
 * with", found by a walk in depth that keeps its own stack.
 */
#include "engine/grammar_tree.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/intl.h"

struct checker {
    struct grammar_tree *tree;
    uint32_t *missing; /* [parts] of a sequence: its parts that lack the fact */
    uint32_t *owners;  /* [parts] of a rule's body: 1 + the rule; else 0 */
    uint32_t *todo;    /* [parts] parts whose new fact is not yet spread */
    size_t n_todo;
};

static bool has_alone(const struct part *p, enum part_fact fact) {
    switch (p->kind) {
    case PART_TEXT: return fact == FACT_ENDS || (fact == FACT_SOLID) == (p->b > 0);
    case PART_CLASS: return fact != FACT_EMPTY;
    case PART_SEQ: return fact != FACT_SOLID && p->last == PART_NONE;
    case PART_REPEAT: return fact != FACT_SOLID && p->a == 0;
    case PART_RULE:
    case PART_CHOICE: break;
    }
    return false;
}

static void give(struct checker *c, uint32_t i, enum part_fact fact) {
    struct part *p = tree_part(c->tree, i);
    if (p->facts & fact) return;
    p->facts |= fact;
    c->todo[c->n_todo++] = i; /* once a fact: there is room */
}

/* A part of `i` has the fact now. */
static void hear(struct checker *c, uint32_t i, enum part_fact fact) {
    const struct part *p = tree_part(c->tree, i);
    if (p->kind == PART_SEQ && fact != FACT_SOLID && --c->missing[i] > 0) return;
    if (p->kind == PART_REPEAT && fact == FACT_SOLID && p->b == 0) return;
    give(c, i, fact);
}

static void spread(struct checker *c, enum part_fact fact) {
    const struct grammar_tree *tree = c->tree;
    memset(c->missing, 0, tree->parts.n * sizeof(*c->missing));
    for (uint32_t i = 0; i < tree->parts.n; i++)
        if (tree_part(tree, i)->parent != PART_NONE) c->missing[tree_part(tree, i)->parent]++;
    for (uint32_t i = 0; i < tree->parts.n; i++)
        if (has_alone(tree_part(tree, i), fact)) give(c, i, fact);
    while (c->n_todo) {
        const uint32_t i = c->todo[--c->n_todo];
        if (tree_part(tree, i)->parent != PART_NONE) hear(c, tree_part(tree, i)->parent, fact);
        if (!c->owners[i]) continue;
        uint32_t use = tree_rule(tree, c->owners[i] - 1)->uses;
        for (; use != PART_NONE; use = tree_part(tree, use)->b)
            give(c, use, fact);
    }
}

static enum status find_facts(struct grammar_tree *tree, struct error *err) {
    const size_t n = tree->parts.n;
    struct checker c = {.tree = tree,
                        .missing = mem_alloc(n * sizeof(uint32_t)),
                        .owners = mem_zalloc(n * sizeof(uint32_t)),
                        .todo = mem_alloc(n * sizeof(uint32_t))};
    const bool enough = c.missing && c.owners && c.todo;
    if (enough) {
        for (uint32_t i = 0; i < tree->rules.n; i++)
            c.owners[tree_rule(tree, i)->body] = i + 1;
        spread(&c, FACT_EMPTY);
        spread(&c, FACT_SOLID);
        spread(&c, FACT_ENDS);
    }
    mem_free(c.missing);
    mem_free(c.owners);
    mem_free(c.todo);
    return enough ? OK : fail(err, ERR_NOMEM, _("not enough memory for the grammar"));
}

static enum status check_ends(const struct grammar_tree *tree, struct error *err) {
    for (uint32_t i = 0; i < tree->rules.n; i++) {
        const struct rule *r = tree_rule(tree, i);
        if (tree_part(tree, r->body)->facts & FACT_ENDS) continue;
        const struct source_place place = tree_place(tree, r->at);
        return fail(err, ERR_INVALID,
                    _("the grammar, line %zu, column %zu: nothing ever matches rule %.*s, since "
                      "each of its alternatives needs one that never ends"),
                    place.line, place.column, rule_shown(r), r->name);
    }
    return OK;
}

/* --- left recursion --- */

struct arrow {
    uint32_t to, next; /* next: of the same rule, 1 + number; 0: none */
};

struct walk {
    const struct grammar_tree *tree;
    struct array arrows; /* struct arrow */
    uint32_t *first;     /* [rules] 1 + number of the first arrow not yet followed */
    uint32_t *path;      /* [n_path] rules */
    size_t n_path;
    enum { UNSEEN = 0, ON_PATH, DONE } * marks; /* [rules] */
};

/* Adds the rules that part `i` of rule `from` may begin with. Its recursion is as deep as the
 * source's parentheses. */
static bool add_arrows(struct walk *w, uint32_t from, uint32_t i) {
    const struct part *p = tree_part(w->tree, i);
    uint32_t begin = p->last;
    if (p->kind == PART_RULE) {
        const struct arrow arrow = {.to = p->a, .next = w->first[from]};
        w->first[from] = (uint32_t)w->arrows.n + 1;
        return array_push(&w->arrows, &arrow, sizeof(arrow));
    }
    if (p->kind == PART_TEXT || p->kind == PART_CLASS || (p->kind == PART_REPEAT && p->b == 0))
        return true;
    /* of a sequence, those with nothing solid before them: from the last such one backwards */
    for (uint32_t at = p->last; p->kind == PART_SEQ && at != PART_NONE;) {
        const uint32_t previous = tree_part(w->tree, at)->previous;
        if (!(tree_part(w->tree, at)->facts & FACT_EMPTY)) begin = at;
        at = previous;
    }
    bool good = true;
    for (; good && begin != PART_NONE; begin = tree_part(w->tree, begin)->previous)
        good = add_arrows(w, from, begin);
    return good;
}

/* The ring that rule `to`, on the path, closes with the end of the path. */
static enum status refuse_ring(const struct walk *w, uint32_t to, struct error *err) {
    enum { SHOWN = 4 };
    char ring[SHOWN * (RULE_NAME_SHOWN + 4) + 8];
    size_t begin = 0, n = 0;
    while (w->path[begin] != to)
        begin++;
    for (size_t i = begin; i < w->n_path && i < begin + SHOWN; i++) {
        const struct rule *r = tree_rule(w->tree, w->path[i]);
        n += (size_t)snprintf(ring + n, sizeof(ring) - n, "%.*s -> ", rule_shown(r), r->name);
    }
    if (w->n_path - begin > SHOWN) snprintf(ring + n, sizeof(ring) - n, "... -> ");
    const struct rule *r = tree_rule(w->tree, to);
    const struct source_place place = tree_place(w->tree, r->at);
    return fail(err, ERR_INVALID,
                _("the grammar, line %zu, column %zu: rule %.*s begins with itself (%s%.*s); write "
                  "left recursion as a repetition"),
                place.line, place.column, rule_shown(r), r->name, ring, rule_shown(r), r->name);
}

static enum status walk_from(struct walk *w, uint32_t rule, struct error *err) {
    if (w->marks[rule] != UNSEEN) return OK;
    w->path[w->n_path++] = rule;
    w->marks[rule] = ON_PATH;
    while (w->n_path) {
        const uint32_t at = w->path[w->n_path - 1];
        if (!w->first[at]) {
            w->marks[at] = DONE;
            w->n_path--;
            continue;
        }
        assert(w->arrows.data);
        const struct arrow *arrow = (struct arrow *)w->arrows.data + w->first[at] - 1;
        w->first[at] = arrow->next;
        if (w->marks[arrow->to] == ON_PATH) return refuse_ring(w, arrow->to, err);
        if (w->marks[arrow->to] == DONE) continue;
        w->marks[arrow->to] = ON_PATH;
        w->path[w->n_path++] = arrow->to;
    }
    return OK;
}

static enum status check_left(const struct grammar_tree *tree, struct error *err) {
    const size_t n = tree->rules.n;
    struct walk w = {.tree = tree,
                     .first = mem_zalloc(n * sizeof(*w.first)),
                     .path = mem_alloc(n * sizeof(*w.path)),
                     .marks = mem_zalloc(n * sizeof(*w.marks))};
    bool enough = w.first && w.path && w.marks;
    enum status st = OK;
    for (uint32_t i = 0; enough && i < n; i++)
        enough = add_arrows(&w, i, tree_rule(tree, i)->body);
    for (uint32_t i = 0; enough && !st && i < n; i++)
        st = walk_from(&w, i, err);
    mem_free(w.first);
    mem_free(w.path);
    mem_free(w.marks);
    array_release(&w.arrows);
    return enough ? st : fail(err, ERR_NOMEM, _("not enough memory for the grammar"));
}

enum status grammar_check(struct grammar_tree *tree, struct error *err) {
    enum status st = find_facts(tree, err);
    if (!st) st = check_ends(tree, err);
    if (!st) st = check_left(tree, err);
    return st;
}
