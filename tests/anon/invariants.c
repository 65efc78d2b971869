/* SPDX-License-Identifier: MIT
 *
 * The invariants, checked with as little of the program's own code as possible: decoding here is
 * written from the standards anew, so that a fault there is not repeated here.
 */
#include "invariants.h"

#include <string.h>

#include "base/mem.h"

enum { REPLACEMENT = 0xfffd };

/* ---- decoding, anew ---- */

static size_t decode_utf8(const unsigned char *s, size_t n, uint32_t *cp) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t length = s[0] < 0x80                    ? 1
                          : s[0] >= 0xc2 && s[0] <= 0xdf ? 2
                          : s[0] >= 0xe0 && s[0] <= 0xef ? 3
                          : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
                                                         : 0;
    uint32_t value = length == 1 ? s[0] : length ? s[0] & (0x7fu >> length) : 0;
    bool good = length > 0 && length <= n;
    for (size_t i = 1; good && i < length; i++) {
        good = (s[i] & 0xc0) == 0x80;
        value = value << 6 | (s[i] & 0x3f);
    }
    good = good && value >= least[length] && value <= 0x10ffff &&
           (value < 0xd800 || value > 0xdfff);
    *cp = good ? value : REPLACEMENT;
    return good ? length : 1; /* an undecodable byte counts one */
}

static uint32_t word_of(const unsigned char *s, size_t bytes, bool big) {
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint32_t)s[i] << 8 * (big ? bytes - 1 - i : i);
    return value;
}

static size_t decode_utf16(const unsigned char *s, size_t n, bool big, uint32_t *cp) {
    *cp = REPLACEMENT;
    if (n < 2) return n;
    const uint32_t high = word_of(s, 2, big), low = n >= 4 ? word_of(s + 2, 2, big) : 0;
    if (high < 0xd800 || high > 0xdfff) {
        *cp = high;
        return 2;
    }
    if (high > 0xdbff || low < 0xdc00 || low > 0xdfff) return 2;
    *cp = 0x10000 + (high - 0xd800) * 0x400 + (low - 0xdc00);
    return 4;
}

static size_t decode_utf32(const unsigned char *s, size_t n, bool big, uint32_t *cp) {
    *cp = REPLACEMENT;
    if (n < 4) return n;
    const uint32_t value = word_of(s, 4, big);
    if (value <= 0x10ffff && (value < 0xd800 || value > 0xdfff)) *cp = value;
    return 4;
}

size_t test_decode(enum encoding encoding, const unsigned char *s, size_t n, uint32_t *cp) {
    switch (encoding) {
    case ENCODING_UTF_8: return decode_utf8(s, n, cp);
    case ENCODING_UTF_16LE: return decode_utf16(s, n, false, cp);
    case ENCODING_UTF_16BE: return decode_utf16(s, n, true, cp);
    case ENCODING_UTF_32LE: return decode_utf32(s, n, false, cp);
    case ENCODING_UTF_32BE: return decode_utf32(s, n, true, cp);
    case ENCODING_WINDOWS_1252: break;
    }
    *cp = s[0]; /* which character it is does not matter here */
    return 1;
}

/* ---- subjects ---- */

static struct policy *policy_with_operator(const char *name, const char *action) {
    static const char line[] = "\n  operator: placeholder\n";
    size_t n;
    struct error err;
    struct policy *policy = NULL;
    const char *yaml = policy_shipped_yaml(name, &n);
    const char *at = yaml ? memmem(yaml, n, line, sizeof(line) - 1) : NULL;
    if (!at) return NULL;
    struct strbuf other;
    strbuf_init(&other, 1 << 20);
    strbuf_append(&other, yaml, (size_t)(at - yaml));
    strbuf_printf(&other, "\n  operator: %s\n", action);
    at += sizeof(line) - 1;
    strbuf_append(&other, at, n - (size_t)(at - yaml));
    if (!other.failed && policy_parse(&policy, other.data, other.n, name, &err)) policy = NULL;
    strbuf_release(&other);
    return policy;
}

bool subject_open(struct subject *s, const char *policy_name, const char *action) {
    struct error err;
    *s = (struct subject){.policy_name = policy_name, .action = action};
    s->policy = policy_with_operator(policy_name, action);
    const struct anonymizer_options opt = {.policy = s->policy, .detectors = DETECTOR_RULES};
    return s->policy && anonymizer_open(&s->anonymizer, &opt, &err) == OK;
}

void subject_close(struct subject *s) {
    anonymizer_close(s->anonymizer);
    policy_close(s->policy);
    *s = (struct subject){0};
}

/* ---- the invariants ---- */

/* Walks the document once, code point by code point, meeting each span's ends on the way. */
static bool offsets_hold(const struct anon_result *r, const struct document *doc,
                         struct error *err) {
    size_t at = 0, index = 0, last_end = 0;
    for (size_t i = 0; i < r->n_spans; i++) {
        const struct anon_span *s = &r->spans[i];
        if (s->start >= s->end || s->start_byte >= s->end_byte || s->end_byte > doc->n_bytes) {
            fail(err, ERR_INVALID, "span %zu of %zu is empty or beyond the end", i, r->n_spans);
            return false;
        }
        if (s->start < last_end) {
            fail(err, ERR_INVALID, "span %zu begins at %u, before the end of the last, %zu", i,
                 s->start, last_end);
            return false;
        }
        last_end = s->end;
        while (at < s->end_byte) {
            uint32_t cp;
            if ((index == s->start) != (at == s->start_byte)) break;
            at += test_decode(doc->encoding, doc->bytes + at, doc->n_bytes - at, &cp);
            if (index >= s->start && (cp == '\n' || cp == '\r')) {
                fail(err, ERR_INVALID, "a line end at %zu, inside span %u-%u", index, s->start,
                     s->end);
                return false;
            }
            index++;
        }
        if (at != s->end_byte || index != s->end) {
            fail(err, ERR_INVALID, "span %zu: bytes %u-%u are not code points %u-%u", i,
                 s->start_byte, s->end_byte, s->start, s->end);
            return false;
        }
    }
    return true;
}

/* Bytes that the replacement takes at out[0, n), when it stands there in the document's encoding;
 * 0 when something else does. A character that Windows-1252 lacks may be any one byte. */
static size_t replacement_here(enum encoding encoding, const char *utf8, const char *out,
                               size_t n) {
    const size_t n_utf8 = strlen(utf8);
    size_t to = 0;
    for (size_t at = 0; at < n_utf8;) {
        uint32_t wanted, got;
        at += decode_utf8((const unsigned char *)utf8 + at, n_utf8 - at, &wanted);
        if (to >= n) return 0;
        to += test_decode(encoding, (const unsigned char *)out + to, n - to, &got);
        const bool lacks = encoding == ENCODING_WINDOWS_1252 &&
                           (wanted > 0xff || (wanted & ~0x1fu) == 0x80);
        if (got != wanted && !lacks) return 0;
    }
    return to;
}

/* Input and output are walked together: the same between spans, and nothing besides. */
static bool puts_back(const struct anon_result *r, const struct document *doc,
                      const struct strbuf *out, struct error *err) {
    size_t in_at = 0, out_at = 0;
    for (size_t i = 0; i <= r->n_spans; i++) {
        const struct anon_span *s = i < r->n_spans ? &r->spans[i] : NULL;
        const size_t run = (s ? s->start_byte : doc->n_bytes) - in_at;
        if (out->n - out_at < run ||
            (run && memcmp(doc->bytes + in_at, out->data + out_at, run) != 0)) {
            fail(err, ERR_INVALID, "the output is not the input before span %zu (byte %zu)", i,
                 in_at);
            return false;
        }
        out_at += run;
        if (!s) break;
        const size_t length = replacement_here(doc->encoding, s->replacement, out->data + out_at,
                                               out->n - out_at);
        if (length == 0 && *s->replacement) {
            fail(err, ERR_INVALID, "the replacement of span %zu does not stand in the output", i);
            return false;
        }
        out_at += length;
        in_at = s->end_byte;
    }
    if (out_at == out->n) return true;
    fail(err, ERR_INVALID, "the output has %zu bytes, not %zu", out->n, out_at);
    return false;
}

static bool is_same_result(const struct anon_result *a, const struct anon_result *b) {
    bool same = a->n_spans == b->n_spans && a->verdict == b->verdict;
    for (size_t i = 0; same && i < a->n_spans; i++) {
        const struct anon_span *s = &a->spans[i], *t = &b->spans[i];
        same = s->start == t->start && s->end == t->end && s->kind == t->kind &&
               s->rules == t->rules && strcmp(s->replacement, t->replacement) == 0;
    }
    return same;
}

static bool is_deterministic(const struct subject *s, const struct document *doc,
                             const struct anon_result *first, struct error *err) {
    struct anon_result second;
    if (anonymize(&second, s->anonymizer, doc, err)) return false;
    const bool same = is_same_result(first, &second);
    anon_result_release(&second);
    if (!same) fail(err, ERR_INVALID, "a second run over the input differs");
    return same;
}

/* Runs over the output. One that is refused as binary changes nothing either. */
static bool is_stable(const struct subject *s, const struct document *from,
                      const struct strbuf *out, struct error *err) {
    struct document doc;
    struct anon_result again;
    if (document_from_bytes(&doc, strbuf_str(out), out->n, err)) return true;
    if (doc.encoding != from->encoding) { /* with its odd bytes gone, a text may read otherwise */
        document_close(&doc);
        return true;
    }
    bool stable = anonymize(&again, s->anonymizer, &doc, err) == OK;
    if (stable) {
        stable = again.n_spans == 0;
        if (!stable)
            fail(err, ERR_INVALID, "a run over the output finds %zu more, the first %s at %u-%u",
                 again.n_spans, kind_name(again.spans[0].kind), again.spans[0].start,
                 again.spans[0].end);
        anon_result_release(&again);
    }
    document_close(&doc);
    return stable;
}

static bool writes_placeholders(const struct subject *s) {
    return strcmp(s->action, "placeholder") == 0 || strcmp(s->action, "numbered") == 0;
}

bool invariants_hold(const struct subject *s, const void *bytes, size_t n, unsigned checks,
                     struct error *err) {
    struct document doc;
    struct anon_result result;
    struct strbuf out;
    const enum status read = document_from_bytes(&doc, bytes, n, err);
    if (read) return read == ERR_UNSUPPORTED;
    if (anonymize(&result, s->anonymizer, &doc, err)) {
        document_close(&doc);
        return false;
    }
    strbuf_init(&out, SIZE_MAX / 2);
    bool good = offsets_hold(&result, &doc, err) && anon_render(&out, &result, &doc, err) == OK &&
                puts_back(&result, &doc, &out, err);
    if (good && checks & CHECK_REPEAT) good = is_deterministic(s, &doc, &result, err);
    if (good && checks & CHECK_STABLE && writes_placeholders(s))
        good = is_stable(s, &doc, &out, err);
    strbuf_release(&out);
    anon_result_release(&result);
    document_close(&doc);
    return good;
}
