/* SPDX-License-Identifier: MIT
 *
 * A site's lists at work. Words are compared token by token through their first word's hash, so a
 * list of a thousand costs a look-up a token; patterns run over each piece of folded text.
 */
#include "anon/site.h"

#include <string.h>

#include "base/intl.h"
#include "base/mem.h"
#include "text/regex.h"

struct site_entry {
    char *word;          /* folded phrase, or NULL */
    struct regex *regex; /* or this */
    enum kind kind;
};

struct site_list {
    struct site_entry *entries; /* [n] */
    size_t n;
};

struct site {
    struct site_list always, never;
};

static enum status open_list(struct site_list *list, const struct policy_site_entry *from, size_t n,
                             struct error *err) {
    if (n == 0) return OK;
    list->entries = mem_zalloc(n * sizeof(*list->entries));
    if (!list->entries) return fail(err, ERR_NOMEM, _("not enough memory for the site's lists"));
    list->n = n;
    for (size_t i = 0; i < n; i++) {
        struct site_entry *e = &list->entries[i];
        e->kind = from[i].kind;
        if (from[i].is_regex) {
            const enum status st = regex_open(&e->regex, from[i].pattern, err);
            if (st) return st;
            continue;
        }
        const size_t room = strlen(from[i].pattern) + 2;
        e->word = mem_alloc(room);
        if (!e->word) return fail(err, ERR_NOMEM, _("not enough memory for the site's lists"));
        fold_phrase(e->word, room, from[i].pattern);
    }
    return OK;
}

enum status site_open(struct site **out, const struct policy *policy, struct error *err) {
    struct site *site = mem_zalloc(sizeof(*site));
    if (!site) return fail(err, ERR_NOMEM, _("not enough memory for the site's lists"));
    enum status st = open_list(&site->always, policy->always, policy->n_always, err);
    if (st == OK) st = open_list(&site->never, policy->never, policy->n_never, err);
    if (st) {
        site_close(site);
        return st;
    }
    *out = site;
    return OK;
}

static void close_list(struct site_list *list) {
    for (size_t i = 0; i < list->n; i++) {
        mem_free(list->entries[i].word);
        regex_close(list->entries[i].regex);
    }
    mem_free(list->entries);
}

void site_close(struct site *site) {
    if (!site) return;
    close_list(&site->always);
    close_list(&site->never);
    mem_free(site);
}

/* Tokens of the phrase `word` at token i, marks between its words allowed; 0: it is not there. */
static size_t phrase_here(const struct note *note, size_t i, const char *word) {
    size_t at = i;
    for (const char *s = word; *s;) {
        const size_t n = strcspn(s, " ");
        while (at > i && note_token(note, at)->type == TOKEN_MARK && at < i + 24)
            at++;
        /* one folded word may be several tokens ("b12" is two) */
        for (size_t seen = 0; seen < n; at++) {
            const size_t len = note_len(note, at);
            const unsigned char *text = note_text(note, at);
            const struct token *t = note_token(note, at);
            if ((t->type != TOKEN_WORD && t->type != TOKEN_NUMBER) || len > n - seen) return 0;
            if (seen > 0 && t->gap > 0) return 0;
            for (size_t j = 0; j < len; j++)
                if (fold_lower(text[j]) != (unsigned char)s[seen + j]) return 0;
            seen += len;
        }
        s += n;
        while (*s == ' ')
            s++;
    }
    return at - i;
}

static void claim_words(const struct site_list *list, struct note *note) {
    for (size_t i = 0; i < note_n(note); i++) {
        const struct token *t = note_token(note, i);
        if (t->type != TOKEN_WORD && t->type != TOKEN_NUMBER) continue;
        const unsigned char first = fold_lower(*note_text(note, i));
        for (size_t e = 0; e < list->n; e++) {
            const struct site_entry *entry = &list->entries[e];
            if (!entry->word || (unsigned char)entry->word[0] != first) continue;
            const size_t n = phrase_here(note, i, entry->word);
            if (n) note_claim(note, i, i + n, entry->kind, 100, RULE_SITE);
        }
    }
}

/* The tokens that a range of text touches. */
static void claim_range(struct note *note, size_t start, size_t end, enum kind kind) {
    size_t low = 0, high = note_n(note);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (note_token(note, middle)->end <= start)
            low = middle + 1;
        else
            high = middle;
    }
    size_t to = low;
    while (to < note_n(note) && note_token(note, to)->start < end && !note_is_newline(note, to))
        to++;
    note_claim(note, low, to, kind, 100, RULE_SITE);
}

static enum status limit_of_entry(struct error *err, const struct error *why, const char *list,
                                  size_t e) {
    return fail(err, why->status, _("entry %zu of the policy's %s list: %s"), e + 1, list,
                why->message);
}

enum status site_claim_always(const struct site *site, struct note *note, struct error *err) {
    claim_words(&site->always, note);
    for (size_t e = 0; e < site->always.n; e++) {
        const struct site_entry *entry = &site->always.entries[e];
        if (!entry->regex) continue;
        const unsigned char *text = note->text + note->start;
        const size_t n = note->end - note->start;
        for (size_t at = 0; at < n;) {
            bool found;
            size_t start, end;
            struct error why;
            if (regex_find(entry->regex, text, n, at, &found, &start, &end, &why))
                return limit_of_entry(err, &why, "always", e);
            if (!found) break;
            claim_range(note, note->start + start, note->start + end, entry->kind);
            at = end;
        }
    }
    return OK;
}

/* The text is the folded phrase `word`, blanks and marks as one. */
static bool is_phrase(const unsigned char *text, size_t n, const char *word) {
    size_t w = 0;
    for (size_t at = 0; at < n; at++) {
        const unsigned char c = fold_lower(text[at]);
        if (fold_is_letter(c) || fold_is_digit(c)) {
            if ((unsigned char)word[w] != c) return false;
            w++;
        } else if (word[w] == ' ') {
            w++;
        }
    }
    return word[w] == '\0';
}

enum status site_is_never(const struct site *site, const unsigned char *text, size_t start,
                          size_t end, bool *never, struct error *err) {
    *never = false;
    for (size_t e = 0; e < site->never.n && !*never; e++) {
        const struct site_entry *entry = &site->never.entries[e];
        if (!entry->regex) {
            *never = is_phrase(text + start, end - start, entry->word);
            continue;
        }
        size_t from, to;
        bool found;
        struct error why;
        if (regex_find(entry->regex, text + start, end - start, 0, &found, &from, &to, &why))
            return limit_of_entry(err, &why, "never", e);
        *never = found && from == 0 && to == end - start;
    }
    return OK;
}
