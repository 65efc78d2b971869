/* SPDX-License-Identifier: MIT
 *
 * PCRE2 with limits. No JIT: a site has a handful of patterns, the interpreter honours match and
 * depth limits on every platform, and its heap is bounded.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/regex.h"

#include <pcre2.h>
#include <string.h>

#include "base/intl.h"
#include "base/mem.h"

enum {
    MATCH_LIMIT = 200000, /* steps for one search */
    DEPTH_LIMIT = 2000,
    HEAP_LIMIT_KIB = 4096,
};

struct regex {
    pcre2_code *code;
    pcre2_match_context *limits;
};

enum status regex_open(struct regex **out, const char *pattern, struct error *err) {
    const size_t n = strlen(pattern);
    if (n > REGEX_PATTERN_MAX)
        return fail(err, ERR_INVALID, _("pattern of %zu characters; at most %d are allowed"), n,
                    REGEX_PATTERN_MAX);
    struct regex *re = mem_zalloc(sizeof(*re));
    if (!re) return fail(err, ERR_NOMEM, _("not enough memory for a pattern"));
    int code = 0;
    PCRE2_SIZE where = 0;
    const uint32_t options = PCRE2_CASELESS | PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C |
                             PCRE2_NO_AUTO_CAPTURE | PCRE2_MULTILINE;
    re->code = pcre2_compile((PCRE2_SPTR)pattern, n, options, &code, &where, NULL);
    if (!re->code) {
        PCRE2_UCHAR why[128] = "";
        pcre2_get_error_message(code, why, sizeof(why));
        regex_close(re);
        return fail(err, ERR_INVALID, _("pattern breaks at character %zu: %s"), where + 1,
                    (const char *)why);
    }
    re->limits = pcre2_match_context_create(NULL);
    if (!re->limits) {
        regex_close(re);
        return fail(err, ERR_NOMEM, _("not enough memory for a pattern"));
    }
    pcre2_set_match_limit(re->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(re->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(re->limits, HEAP_LIMIT_KIB);
    *out = re;
    return OK;
}

void regex_close(struct regex *re) {
    if (!re) return;
    pcre2_match_context_free(re->limits);
    pcre2_code_free(re->code);
    mem_free(re);
}

enum status regex_find(const struct regex *re, const unsigned char *text, size_t n, size_t at,
                       bool *found, size_t *start, size_t *end, struct error *err) {
    *found = false;
    pcre2_match_data *match = pcre2_match_data_create(1, NULL);
    if (!match) return fail(err, ERR_NOMEM, _("not enough memory for a pattern"));
    enum status st = OK;
    const int rc = pcre2_match(re->code, text, n, at, PCRE2_NOTEMPTY, match, re->limits);
    if (rc >= 0) {
        const PCRE2_SIZE *range = pcre2_get_ovector_pointer(match);
        *start = range[0];
        *end = range[1];
        /* \K in a look-ahead could turn the range round: such a match is none */
        *found = *start < *end && *start >= at;
    } else if (rc != PCRE2_ERROR_NOMATCH) {
        st = fail(err, rc == PCRE2_ERROR_NOMEMORY ? ERR_NOMEM : ERR_LIMIT,
                  _("a pattern hit its limit of %d match steps"), MATCH_LIMIT);
    }
    pcre2_match_data_free(match);
    return st;
}
