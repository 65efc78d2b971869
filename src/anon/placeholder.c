/* SPDX-License-Identifier: MIT
 *
 * Recognising placeholders token by token, and closing the gap that the tokens of one leave.
 */
#include "anon/placeholder.h"

#include <string.h>

#include "text/fold.h"

enum { PLACEHOLDER_TOKENS_MAX = 24 };

static bool holds(const struct placeholders *p, const char *word) {
    for (size_t i = 0; i < p->words.n; i++)
        if (strcmp((const char *)p->words.data + i * PLACEHOLDER_MAX, word) == 0) return true;
    return false;
}

bool placeholders_init(struct placeholders *p, const struct policy *policy) {
    *p = (struct placeholders){0};
    for (int k = 0; k < KIND_COUNT; k++) {
        char word[PLACEHOLDER_MAX] = "";
        if (!policy->rows[k].placeholder) continue;
        fold_phrase(word, sizeof(word), policy->rows[k].placeholder);
        if (!holds(p, word) && !array_push(&p->words, word, PLACEHOLDER_MAX)) return false;
    }
    return true;
}

void placeholders_release(struct placeholders *p) {
    array_release(&p->words);
}

static bool is_mark(const struct token *t, const unsigned char *text, unsigned char mark) {
    return t->type == TOKEN_MARK && text[t->start] == mark;
}

/* Tokens of the placeholder that begins at t[0], of the n that are left; 0: none. */
static size_t length_at(const struct placeholders *p, const struct token *t, size_t n,
                        const unsigned char *text) {
    char word[PLACEHOLDER_MAX];
    size_t len = 0, at = 1;
    if (!is_mark(t, text, '[') || n < 3) return 0;
    while (at < n && is_mark(&t[at], text, PLACEHOLDER_MASK))
        at++;
    if (at > 1) return at < n && is_mark(&t[at], text, ']') ? at + 1 : 0;
    for (; at < n && at < PLACEHOLDER_TOKENS_MAX && !is_mark(&t[at], text, ']'); at++) {
        const size_t size = t[at].end - t[at].start;
        if (is_mark(&t[at], text, '_')) continue;
        const bool last = at + 1 < n && is_mark(&t[at + 1], text, ']');
        if (t[at].type == TOKEN_NUMBER && last && is_mark(&t[at - 1], text, '_'))
            continue; /* its number */
        if ((t[at].type != TOKEN_WORD && t[at].type != TOKEN_NUMBER) ||
            len + size + 2 > sizeof(word))
            return 0;
        if (len) word[len++] = ' ';
        for (size_t i = 0; i < size; i++)
            word[len++] = (char)fold_lower(text[t[at].start + i]);
    }
    if (at >= n || !is_mark(&t[at], text, ']')) return 0;
    word[len] = '\0';
    return len && holds(p, word) ? at + 1 : 0;
}

void placeholders_collapse(const struct placeholders *p, struct array *tokens,
                           const unsigned char *text) {
    struct token *t = tokens->data;
    size_t to = 0;
    for (size_t from = 0; from < tokens->n;) {
        const size_t n = length_at(p, &t[from], tokens->n - from, text);
        struct token token = t[from];
        if (n) token.end = t[from + n - 1].end;
        t[to++] = token;
        from += n ? n : 1;
    }
    tokens->n = to;
}
