/* SPDX-License-Identifier: MIT
 *
 * Strings that must match several patterns at once, must not match others, are none of some words,
 * and have a length: as an automaton, and as GBNF with one rule a state.
 *
 * All patterns and words are built into one network of states that stand beside one another; a
 * state of the automaton is the set of network states that a text can lead to, and the number of
 * characters where lengths matter. Characters that no pattern tells apart are one: the network's
 * sets cut the code points into ranges (atoms).
 */
#include "engine/schema.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/intl.h"
#include "text/encoding.h"

enum {
    NETWORK_MAX = 200000,          /* states of the network */
    STATES_MAX = 20000,            /* of the automaton */
    STEPS_MAX = 4000000,           /* states times atoms */
    WORK_MAX = 50000000,           /* network states looked at */
    DEAD = 0,                      /* number of the state that leads nowhere */
    WORD_END = LANGUAGE_PARTS_MAX, /* the part that words are */
};

enum net_kind { NET_EAT, NET_SPLIT, NET_START, NET_END, NET_MATCH };

struct net_state {
    enum net_kind kind;
    uint32_t a, b;                 /* EAT, START, END: a is next; SPLIT: both; MATCH: a is a part */
    const struct code_points *set; /* EAT */
    size_t n_set;
};

struct state {
    uint32_t first, n; /* of `sets`: network states, sorted */
    uint32_t length;
    bool accepts, lives; /* lives: it can still come to accept */
};

struct machine {
    struct translator *t;
    const struct language *l;
    const struct place *at;
    struct array net;    /* struct net_state */
    struct array begins; /* uint32_t: where each part begins */
    struct array atoms;  /* uint32_t: first code point of each */
    struct array sets;   /* uint32_t */
    struct array states; /* struct state; 0 is DEAD */
    struct array steps;  /* uint32_t [states][atoms] */
    uint32_t *marks;     /* [net] equal to `mark`: in the set being gathered */
    uint32_t mark;
    struct array gathered; /* uint32_t */
    struct array todo;     /* uint32_t: network states to follow */
    uint32_t *buckets;     /* [n_buckets] states by set and length: 1 + number */
    size_t n_buckets;
    size_t work;
};

static struct net_state *net(const struct machine *m, uint32_t i) {
    return (struct net_state *)m->net.data + i;
}

static struct state *state(const struct machine *m, size_t i) {
    return (struct state *)m->states.data + i;
}

static enum status too_large(struct machine *m) {
    return schema_refuse(m->t, ERR_LIMIT, m->at,
                         _("pattern, format, length and names of properties together make too "
                           "large an automaton; loosen one of them"));
}

/* --- the network --- */

static enum status add_net(struct machine *m, struct net_state s, uint32_t *out) {
    if (m->net.n == NETWORK_MAX) return too_large(m);
    *out = (uint32_t)m->net.n;
    return array_push(&m->net, &s, sizeof(s)) ? OK : schema_no_memory(m->t);
}

static enum status build(struct machine *m, const struct pattern *p, uint32_t next, uint32_t *out);

/* The parts in a row: the last one is built first. */
static enum status build_sequence(struct machine *m, const struct pattern *part, uint32_t next,
                                  uint32_t *out) {
    size_t n = 0;
    enum status st = OK;
    for (const struct pattern *p = part; p; p = p->next)
        n++;
    const struct pattern **parts = mem_alloc(n * sizeof(struct pattern *));
    if (!parts) return schema_no_memory(m->t);
    for (size_t i = 0; part; part = part->next)
        parts[i++] = part;
    *out = next;
    while (!st && n--)
        st = build(m, parts[n], *out, out);
    mem_free(parts);
    return st;
}

static enum status build_choice(struct machine *m, const struct pattern *part, uint32_t next,
                                uint32_t *out) {
    uint32_t one, before;
    enum status st = build(m, part, next, out);
    for (part = part->next; !st && part; part = part->next) {
        before = *out;
        st = build(m, part, next, &one);
        if (!st) st = add_net(m, (struct net_state){.kind = NET_SPLIT, .a = before, .b = one}, out);
    }
    return st;
}

static enum status build_repeat(struct machine *m, const struct pattern *p, uint32_t next,
                                uint32_t *out) {
    enum status st = OK;
    uint32_t body, loop;
    *out = next;
    if (p->max == PATTERN_FOREVER) {
        st = add_net(m, (struct net_state){.kind = NET_SPLIT, .a = next, .b = next}, &loop);
        if (!st) st = build(m, p->first, loop, &body);
        if (!st) net(m, loop)->a = body;
        *out = loop;
    }
    for (uint32_t i = p->min; !st && p->max != PATTERN_FOREVER && i < p->max; i++) {
        st = build(m, p->first, *out, &body);
        if (!st) st = add_net(m, (struct net_state){.kind = NET_SPLIT, .a = body, .b = next}, out);
    }
    for (uint32_t i = 0; !st && i < p->min; i++)
        st = build(m, p->first, *out, out);
    return st;
}

/* What matches p and goes on at `next`; its recursion is as deep as the pattern's groups. */
static enum status build(struct machine *m, const struct pattern *p, uint32_t next, uint32_t *out) {
    switch (p->kind) {
    case PATTERN_SET:
        return add_net(
            m, (struct net_state){.kind = NET_EAT, .a = next, .set = p->set, .n_set = p->n_set},
            out);
    case PATTERN_START: return add_net(m, (struct net_state){.kind = NET_START, .a = next}, out);
    case PATTERN_END: return add_net(m, (struct net_state){.kind = NET_END, .a = next}, out);
    case PATTERN_SEQ: return build_sequence(m, p->first, next, out);
    case PATTERN_CHOICE: return build_choice(m, p->first, next, out);
    case PATTERN_REPEAT: return build_repeat(m, p, next, out);
    }
    assert(!"a kind of pattern");
    return OK;
}

static enum status add_part(struct machine *m, const struct pattern *p, uint32_t number) {
    uint32_t end, begin;
    enum status st = add_net(m, (struct net_state){.kind = NET_MATCH, .a = number}, &end);
    if (!st) st = build(m, p, end, &begin);
    if (!st && !array_push(&m->begins, &begin, sizeof(begin))) st = schema_no_memory(m->t);
    return st;
}

/* A word as a chain, from its end. */
static enum status add_word(struct machine *m, const char *word) {
    const size_t n = strlen(word);
    uint32_t next;
    enum status st = add_net(m, (struct net_state){.kind = NET_MATCH, .a = WORD_END}, &next);
    size_t end = n;
    while (!st && end) {
        size_t from = end - 1;
        while (from && ((unsigned char)word[from] & 0xC0) == 0x80)
            from--;
        struct code_points *c = arena_alloc(&m->t->arena, sizeof(*c));
        if (!c) return schema_no_memory(m->t);
        encoding_decode(ENCODING_UTF_8, (const unsigned char *)word, n, from, &c->lo, NULL);
        c->hi = c->lo;
        st = add_net(m, (struct net_state){.kind = NET_EAT, .a = next, .set = c, .n_set = 1},
                     &next);
        end = from;
    }
    if (!st && !array_push(&m->begins, &next, sizeof(next))) st = schema_no_memory(m->t);
    return st;
}

static enum status build_network(struct machine *m) {
    enum status st = OK;
    for (size_t i = 0; !st && i < m->l->n_parts; i++)
        st = add_part(m, m->l->parts[i].pattern, (uint32_t)i);
    for (size_t i = 0; !st && i < m->l->n_words; i++)
        st = add_word(m, m->l->words[i]);
    m->marks = st ? NULL : mem_zalloc((m->net.n + 1) * sizeof(*m->marks));
    return st ? st : m->marks ? OK : schema_no_memory(m->t);
}

/* --- sets of network states --- */

static void begin_set(struct machine *m) {
    m->mark++;
    m->gathered.n = 0;
}

static bool mark(struct machine *m, uint32_t i) {
    if (m->marks[i] == m->mark) return true;
    m->marks[i] = m->mark;
    return array_push(&m->todo, &i, sizeof(i));
}

/* Adds `from` and what it leads to without a character; START and END are passed where the text
 * begins or ends. */
static bool gather(struct machine *m, uint32_t from, bool starts, bool ends) {
    bool good = mark(m, from);
    while (good && m->todo.n) {
        const uint32_t i = ((uint32_t *)m->todo.data)[--m->todo.n];
        const struct net_state *s = net(m, i);
        m->work++;
        if (s->kind == NET_SPLIT) good = mark(m, s->a) && mark(m, s->b);
        if ((s->kind == NET_START && starts) || (s->kind == NET_END && ends)) good = mark(m, s->a);
        if (s->kind == NET_EAT || s->kind == NET_MATCH || (s->kind == NET_END && !ends))
            good = good && array_push(&m->gathered, &i, sizeof(i));
    }
    m->todo.n = 0;
    return good;
}

static bool gather_begin(struct machine *m) {
    bool good = true;
    begin_set(m);
    for (size_t i = 0; good && i < m->begins.n; i++)
        good = gather(m, ((uint32_t *)m->begins.data)[i], true, false);
    return good;
}

static bool set_has(const struct code_points *set, size_t n, uint32_t cp) {
    size_t lo = 0;
    while (lo < n) {
        const size_t mid = lo + (n - lo) / 2;
        if (set[mid].hi < cp)
            lo = mid + 1;
        else if (set[mid].lo > cp)
            n = mid;
        else
            return true;
    }
    return false;
}

/* What a character leads to from a set. */
static bool gather_step(struct machine *m, const uint32_t *set, size_t n, uint32_t cp) {
    bool good = true;
    begin_set(m);
    m->work += n;
    for (size_t i = 0; good && i < n; i++) {
        const struct net_state *s = net(m, set[i]);
        if (s->kind == NET_EAT && set_has(s->set, s->n_set, cp))
            good = gather(m, s->a, false, false);
    }
    return good;
}

/* May a text that led to this set end? Gathers anew. */
static bool accepts(struct machine *m, const uint32_t *set, size_t n, bool starts, bool *good) {
    uint32_t found = 0, wanted = 0;
    begin_set(m);
    for (size_t i = 0; *good && i < n; i++)
        *good = gather(m, set[i], starts, true);
    for (size_t i = 0; i < m->gathered.n; i++) {
        const struct net_state *s = net(m, ((uint32_t *)m->gathered.data)[i]);
        if (s->kind == NET_MATCH) found |= 1u << s->a;
    }
    for (size_t i = 0; i < m->l->n_parts; i++)
        if (!m->l->parts[i].forbidden) wanted |= 1u << i;
    return found == wanted; /* nothing forbidden, and no word */
}

/* The set that was gathered last, kept elsewhere. */
static bool copy_gathered(struct machine *m, struct array *to) {
    to->n = 0;
    if (!array_reserve(to, m->gathered.n + 1, sizeof(uint32_t))) return false;
    if (m->gathered.n) memcpy(to->data, m->gathered.data, m->gathered.n * sizeof(uint32_t));
    to->n = m->gathered.n;
    return true;
}

/* --- one text --- */

static enum status run_text(struct machine *m, const char *text, bool *has) {
    const size_t n = strlen(text);
    struct array set = {0};
    size_t length = 0;
    bool good = gather_begin(m) && copy_gathered(m, &set);
    for (size_t i = 0; good && i < n; length++) {
        uint32_t cp;
        i += encoding_decode(ENCODING_UTF_8, (const unsigned char *)text, n, i, &cp, NULL);
        good = gather_step(m, set.data, set.n, cp) && copy_gathered(m, &set);
    }
    *has = good && accepts(m, set.data, set.n, n == 0, &good) && length >= m->l->min &&
           length <= m->l->max;
    array_release(&set);
    return good ? schema_work(m->t, 1 + m->work / 64, m->at) : schema_no_memory(m->t);
}

/* --- atoms --- */

static int by_value(const void *a, const void *b) {
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static enum status find_atoms(struct machine *m) {
    static const uint32_t always[] = {1, 0xD800, 0xE000, CODE_POINTS_END};
    bool good = true;
    for (size_t i = 0; good && i < sizeof(always) / sizeof(*always); i++)
        good = array_push(&m->atoms, &always[i], sizeof(uint32_t));
    for (uint32_t i = 0; good && i < m->net.n; i++) {
        const struct net_state *s = net(m, i);
        for (size_t k = 0; good && k < s->n_set; k++) {
            const uint32_t end = s->set[k].hi + 1;
            good = array_push(&m->atoms, &s->set[k].lo, sizeof(uint32_t)) &&
                   array_push(&m->atoms, &end, sizeof(uint32_t));
        }
    }
    if (!good) return schema_no_memory(m->t);
    uint32_t *a = m->atoms.data;
    size_t kept = 0;
    qsort(a, m->atoms.n, sizeof(*a), by_value);
    for (size_t i = 0; i < m->atoms.n; i++)
        if (!kept || a[i] != a[kept - 1]) a[kept++] = a[i];
    m->atoms.n = kept - 1; /* the last one is the end: a[n] is still there */
    return OK;
}

/* --- states --- */

static size_t hash_state(const uint32_t *set, size_t n, uint32_t length) {
    uint64_t h = 0xCBF29CE484222325u ^ length;
    for (size_t i = 0; i < n; i++)
        h = (h ^ set[i]) * 0x100000001B3u;
    return (size_t)(h ^ h >> 31);
}

static uint32_t *find_bucket(struct machine *m, const uint32_t *set, size_t n, uint32_t length) {
    size_t i = hash_state(set, n, length) & (m->n_buckets - 1);
    for (; m->buckets[i]; i = (i + 1) & (m->n_buckets - 1)) {
        const struct state *s = state(m, m->buckets[i] - 1);
        if (s->n == n && s->length == length &&
            memcmp((uint32_t *)m->sets.data + s->first, set, n * sizeof(*set)) == 0)
            break;
    }
    return &m->buckets[i];
}

/* The state of what was gathered, at that length. */
static enum status find_state(struct machine *m, uint32_t length, uint32_t *out) {
    *out = DEAD;
    if (!m->gathered.n) return OK;
    qsort(m->gathered.data, m->gathered.n, sizeof(uint32_t), by_value);
    uint32_t *bucket = find_bucket(m, m->gathered.data, m->gathered.n, length);
    if (!*bucket) {
        const struct state new = {
            .first = (uint32_t)m->sets.n, .n = (uint32_t)m->gathered.n, .length = length};
        if (m->states.n == STATES_MAX || m->states.n * m->atoms.n > STEPS_MAX ||
            m->sets.n > STEPS_MAX)
            return too_large(m);
        if (!array_push(&m->states, &new, sizeof(new)) ||
            !array_reserve(&m->sets, new.n, sizeof(uint32_t)))
            return schema_no_memory(m->t);
        memcpy((uint32_t *)m->sets.data + new.first, m->gathered.data, new.n * sizeof(uint32_t));
        m->sets.n += new.n;
        *bucket = (uint32_t)m->states.n;
    }
    *out = *bucket - 1;
    return OK;
}

/* One more character; false: the text is too long. Without an upper end only the lower one counts.
 */
static bool longer(const struct machine *m, uint32_t *length) {
    if (m->l->max == SIZE_MAX)
        *length += *length < m->l->min;
    else
        ++*length;
    return *length <= m->l->max;
}

static enum status find_steps(struct machine *m, size_t i) {
    const uint32_t *atoms = m->atoms.data;
    enum status st = OK;
    bool good = true;
    for (size_t a = 0; !st && a < m->atoms.n; a++) {
        const struct state s = *state(m, i);
        uint32_t target = DEAD, length = s.length;
        if (atoms[a] != 0xD800 && longer(m, &length)) {
            good = gather_step(m, (uint32_t *)m->sets.data + s.first, s.n, atoms[a]);
            st = good ? find_state(m, length, &target) : schema_no_memory(m->t);
        }
        if (!st && !array_push(&m->steps, &target, sizeof(target))) st = schema_no_memory(m->t);
        if (!st && m->work > WORK_MAX) st = too_large(m);
    }
    const struct state *s = state(m, i);
    const bool may_end = !st &&
                         accepts(m, (uint32_t *)m->sets.data + s->first, s->n, i == 1, &good);
    state(m, i)->accepts = may_end && s->length >= m->l->min;
    return good ? st : schema_no_memory(m->t);
}

static enum status find_states(struct machine *m) {
    uint32_t start;
    m->n_buckets = 4 * STATES_MAX > 65536 ? 131072 : 65536;
    m->buckets = mem_zalloc(m->n_buckets * sizeof(*m->buckets));
    const struct state dead = {0};
    if (!m->buckets || !array_push(&m->states, &dead, sizeof(dead)) || !gather_begin(m))
        return schema_no_memory(m->t);
    enum status st = find_state(m, 0, &start);
    for (size_t a = 0; !st && a < m->atoms.n; a++) /* of DEAD */
        if (!array_push(&m->steps, &(uint32_t){DEAD}, sizeof(uint32_t)))
            st = schema_no_memory(m->t);
    for (size_t i = 1; !st && i < m->states.n; i++)
        st = find_steps(m, i);
    return st;
}

/* Finds the states that can still come to accept: a state is numbered when it is first reached, so
 * few rounds from the last to the first are enough. */
static enum status find_living(struct machine *m) {
    enum { ROUNDS_MAX = 100 };
    const uint32_t *steps = m->steps.data;
    bool changed = true;
    for (int round = 0; changed; round++) {
        if (round == ROUNDS_MAX) return too_large(m);
        changed = false;
        for (size_t i = m->states.n; i-- > 1;) {
            struct state *s = state(m, i);
            bool lives = s->lives || s->accepts;
            for (size_t a = 0; !lives && a < m->atoms.n; a++)
                lives = state(m, steps[i * m->atoms.n + a])->lives;
            changed = changed || lives != s->lives;
            s->lives = lives;
        }
    }
    return OK;
}

/* --- writing --- */

/* The characters that lead from state i to `target`, and its rule; they are marked as DEAD. */
static enum status write_step(struct machine *m, struct strbuf *out, uint32_t *steps, size_t from,
                              const char *name) {
    const uint32_t *atoms = m->atoms.data;
    const uint32_t target = steps[from];
    struct array set = {0};
    enum status st = OK;
    for (size_t a = from; !st && a < m->atoms.n; a++) {
        if (steps[a] != target) continue;
        const struct code_points range = {atoms[a], atoms[a + 1] - 1};
        struct code_points *last = set.n ? (struct code_points *)set.data + set.n - 1 : NULL;
        steps[a] = DEAD;
        if (last && last->hi + 1 == range.lo)
            last->hi = range.hi;
        else if (!array_push(&set, &range, sizeof(range)))
            st = schema_no_memory(m->t);
    }
    if (!st) gbnf_set(out, set.data, set.n);
    strbuf_printf(out, " %s-%u", name, target);
    array_release(&set);
    return st;
}

static enum status write_state(struct machine *m, size_t i, const char *name) {
    uint32_t *steps = (uint32_t *)m->steps.data + i * m->atoms.n;
    enum status st = OK;
    size_t n = 0;
    strbuf_printf(m->t->out, "%s-%zu ::= ", name, i);
    for (size_t a = 0; !st && a < m->atoms.n; a++) {
        if (!state(m, steps[a])->lives) continue;
        gbnf_bar(m->t->out, &n);
        st = write_step(m, m->t->out, steps, a, name);
    }
    if (state(m, i)->accepts) {
        gbnf_bar(m->t->out, &n);
        strbuf_puts(m->t->out, "\"\\\"\"");
    }
    strbuf_putc(m->t->out, '\n');
    return st;
}

static enum status write_states(struct machine *m, struct strbuf *out, bool *empty) {
    char name[SCHEMA_NAME_MAX];
    enum status st = OK;
    *empty = m->states.n < 2 || !state(m, 1)->lives;
    if (*empty) return OK;
    schema_new_name(m->t, name);
    for (size_t i = 1; !st && i < m->states.n; i++)
        if (state(m, i)->lives) st = write_state(m, i, name);
    strbuf_printf(out, "%s-1", name);
    return st ? st : schema_check_text(m->t, m->t->out);
}

/* --- the face --- */

static void release(struct machine *m) {
    struct array *arrays[] = {&m->net,    &m->begins, &m->atoms,    &m->sets,
                              &m->states, &m->steps,  &m->gathered, &m->todo};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(struct array *); i++)
        array_release(arrays[i]);
    mem_free(m->marks);
    mem_free(m->buckets);
}

enum status language_has(struct translator *t, const struct language *l, const char *text,
                         const struct place *at, bool *has) {
    struct machine m = {.t = t, .l = l, .at = at};
    enum status st = build_network(&m);
    if (!st) st = run_text(&m, text, has);
    release(&m);
    return st;
}

enum status language_write(struct translator *t, struct strbuf *out, const struct language *l,
                           const struct place *at, bool *empty) {
    struct machine m = {.t = t, .l = l, .at = at};
    enum status st = build_network(&m);
    if (!st) st = find_atoms(&m);
    if (!st) st = find_states(&m);
    if (!st) st = find_living(&m);
    if (!st) st = write_states(&m, out, empty);
    if (!st) st = schema_work(t, 1 + m.work / 64, at);
    release(&m);
    return st;
}
