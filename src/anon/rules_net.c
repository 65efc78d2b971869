/* SPDX-License-Identifier: MIT
 *
 * E-mail addresses, URLs, IP addresses, messaging handles. Each is found from the one mark it
 * cannot do without ('@', "://", "www.", dots) and grown outwards, so no text is read twice.
 */
#include "anon/rules.h"

static bool is_local_part(const struct note *note, size_t i) {
    const struct token *t = note_token(note, i);
    if (t->type == TOKEN_WORD || t->type == TOKEN_NUMBER) return true;
    const unsigned char c = note->text[t->start];
    return t->type == TOKEN_MARK && (c == '.' || c == '_' || c == '-' || c == '+' || c == '%');
}

static bool is_domain_part(const struct note *note, size_t i) {
    const struct token *t = note_token(note, i);
    if (t->type == TOKEN_WORD || t->type == TOKEN_NUMBER) return true;
    return t->type == TOKEN_MARK && (note->text[t->start] == '.' || note->text[t->start] == '-');
}

enum { ADDRESS_TOKENS_MAX = 40 };

/* First token of what is glued to the left of `at`. */
static size_t glued_start(const struct note *note, size_t at) {
    size_t first = at;
    while (first > 0 && at - first < ADDRESS_TOKENS_MAX && note_glued(note, first) &&
           is_local_part(note, first - 1))
        first--;
    while (first < at && note_token(note, first)->type == TOKEN_MARK)
        first++; /* ".ana@..." begins at "ana" */
    return first;
}

static size_t domain_end(const struct note *note, size_t i) {
    size_t end = i;
    while (end - i < ADDRESS_TOKENS_MAX && (end == i || note_glued(note, end)) &&
           is_domain_part(note, end))
        end++;
    while (end > i && note_token(note, end - 1)->type == TOKEN_MARK)
        end--;
    return end;
}

static bool has_dot(const struct note *note, size_t first, size_t end) {
    for (size_t i = first; i < end; i++)
        if (note_is_mark(note, i, '.')) return true;
    return false;
}

static size_t claim_at_sign(struct note *note, size_t at) {
    const size_t first = glued_start(note, at);
    size_t domain = at + 1;
    /* "ana @ hospital.uy" and "ana@ hospital.uy" are typed too */
    size_t end = domain_end(note, domain);
    if (first < at) {
        if (end > domain && (has_dot(note, domain, end) || note_glued(note, domain))) {
            note_claim(note, first, end, KIND_EMAIL, 99, RULE_EMAIL);
            return end;
        }
        return at + 1;
    }
    const bool spaced = at > 0 && note_token(note, at)->gap == 1 && note_is_word(note, at - 1);
    if (spaced && end > domain && has_dot(note, domain, end)) {
        note_claim(note, glued_start(note, at - 1) < at ? glued_start(note, at - 1) : at - 1, end,
                   KIND_EMAIL, 95, RULE_EMAIL);
        return end;
    }
    if (end > domain && note_glued(note, domain) && note_len(note, domain) >= 3) {
        while (note_is_mark(note, end, '_') && note_glued(note, end) && note_glued(note, end + 1))
            end = domain_end(note, end + 1) > end + 1 ? domain_end(note, end + 1) : end + 1;
        note_claim(note, at, end, KIND_PHONE, 90, RULE_HANDLE);
        return end;
    }
    return at + 1;
}

static bool is_url_part(const struct note *note, size_t i) {
    const struct token *t = note_token(note, i);
    if (t->type != TOKEN_MARK) return t->type != TOKEN_NEWLINE;
    const unsigned char c = note->text[t->start];
    return c != '"' && c != '<' && c != '>' && c != ')' && c != ']' && c != '}' && c != '|';
}

static size_t claim_url(struct note *note, size_t first, size_t from) {
    size_t end = from;
    while (end - first < 200 && (end == from || note_glued(note, end)) && is_url_part(note, end))
        end++;
    while (end > from && note_token(note, end - 1)->type == TOKEN_MARK &&
           !note_is_mark(note, end - 1, '/'))
        end--;
    if (end == from) return from;
    note_claim(note, first, end, KIND_URL, 99, RULE_URL);
    return end;
}

/* "www.hospital.uy", "http://…", "hospital.com.uy/notas" */
static size_t url_at(struct note *note, size_t i) {
    if (note_is_mark(note, i + 1, ':') && note_is_mark(note, i + 2, '/') &&
        note_is_mark(note, i + 3, '/') && note_word_in(note, i, "http|https|ftp|sftp"))
        return claim_url(note, i, i + 4);
    if (note_word_is(note, i, "www") && note_is_mark(note, i + 1, '.') && note_glued(note, i + 2))
        return claim_url(note, i, i + 2);
    if (note_glued(note, i) && note_is_mark(note, i - 1, '.') &&
        note_word_in(note, i, "com|gub|edu|org|net") && note_is_mark(note, i + 1, '.') &&
        note_glued(note, i + 1) && note_glued(note, i + 2) &&
        note_word_in(note, i + 2, "uy|ar|es|br|cl|mx|co")) {
        const size_t first = glued_start(note, i);
        if (first < i && note_free(note, first, i)) return claim_url(note, first, i);
    }
    return i + 1;
}

static bool is_octet(const struct note *note, size_t i) {
    const long value = note_number(note, i);
    return value >= 0 && value <= 255 && note_len(note, i) <= 3;
}

static size_t ip_at(struct note *note, size_t i) {
    if (note_glued(note, i) &&
        (note_token(note, i - 1)->type != TOKEN_MARK || note_is_mark(note, i - 1, '.')))
        return i + 1;
    size_t at = i;
    for (int octet = 0; octet < 4; octet++, at += 2) {
        if (!is_octet(note, at)) return i + 1;
        if (octet == 3) break;
        if (!note_is_mark(note, at + 1, '.') || !note_glued(note, at + 1) ||
            !note_glued(note, at + 2))
            return i + 1;
    }
    if (note_is_mark(note, at + 1, '.') && note_glued(note, at + 2)) return i + 1;
    note_claim(note, i, at + 1, KIND_IP, 95, RULE_IP);
    return at + 1;
}

/* "usuario glacano02", "usr jsempere.tras": a word of no language with digits or points in it. */
static size_t login_at(struct note *note, size_t i) {
    const size_t first = note_is_mark(note, i + 1, ':') ? i + 2 : i + 1;
    if (!note_is_word(note, first) || note_token(note, first)->classes ||
        note_is_capital(note, first))
        return i + 1;
    size_t end = first + 1;
    bool code = false;
    while (note_glued(note, end)) {
        const bool joint = note_mark_in(note, end, "._-") && note_glued(note, end + 1);
        if (!joint && !note_is_word(note, end) && !note_is_number(note, end)) break;
        code |= joint || note_is_number(note, end);
        end++;
    }
    if (!code) return i + 1;
    note_claim(note, first, end, KIND_ID_USER, 85, RULE_ID_CUED);
    return end;
}

void rules_net(struct note *note) {
    const size_t n = note_n(note);
    for (size_t i = 0; i < n;) {
        if (note_is_mark(note, i, '@'))
            i = claim_at_sign(note, i);
        else if (note_is_word(note, i))
            i = note_word_in(note, i, "usuario|usr|user|login") ? login_at(note, i)
                                                                : url_at(note, i);
        else if (note_is_number(note, i))
            i = ip_at(note, i);
        else
            i++;
    }
}
