/* SPDX-License-Identifier: MIT
 *
 * Grammars: what an answer may look like, in GBNF or as a JSON Schema, and which tokens keep it so.
 *
 *   struct grammar   compiled once; never changes; shared by any number of matchers
 *   struct matcher   where one answer stands in a grammar, and the mask of tokens that may follow
 *
 * docs/grammars.md describes both languages and the idea of the matcher.
 */
#ifndef SIGILO_ENGINE_GRAMMAR_H
#define SIGILO_ENGINE_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "tokenizer/tokenizer.h"

enum {
    GRAMMAR_BYTES_MAX = 4 << 20, /* of GBNF */
    GRAMMAR_DEPTH_MAX = 64,      /* parentheses in GBNF, levels of a schema */
    GRAMMAR_REPEAT_MAX = 20000,  /* n of {m,n} */
    SCHEMA_BYTES_MAX = 1 << 20,
};

struct grammar;

/* Compiles GBNF text whose start is the rule `root`. Messages say line and column. ERR_INVALID
 * (syntax, a rule that is not there, left recursion, named by rule), ERR_LIMIT (size, depth,
 * expansion), ERR_NOMEM. */
enum status grammar_open(struct grammar **out, const char *gbnf, size_t n, struct error *err);
void grammar_close(struct grammar *g); /* NULL is accepted; its matchers must be closed */

/* Writes the GBNF of a JSON Schema (engine/schema.c); "{}" gives any JSON value. Output is compact
 * JSON but for single optional white space where the page says. ERR_INVALID, ERR_UNSUPPORTED (a
 * keyword that cannot be honoured, by JSON pointer), ERR_LIMIT. */
enum status schema_to_gbnf(struct strbuf *out, const char *json, size_t n, struct error *err);

/* schema_to_gbnf, then grammar_open. */
enum status grammar_open_schema(struct grammar **out, const char *json, size_t n,
                                struct error *err);

/* The vocabulary as a trie of bytes, built once and shared by all matchers: control, unknown and
 * unused tokens are not in it (they never match text), nor are the ends of answer. The tokenizer is
 * borrowed. */
struct token_trie;
enum status token_trie_open(struct token_trie **out, const struct tokenizer *t, struct error *err);
void token_trie_close(struct token_trie *trie); /* NULL is accepted */

struct matcher;

/* `trie` may be NULL for a matcher that is only asked about bytes. Both are borrowed. */
enum status matcher_open(struct matcher **out, const struct grammar *g,
                         const struct token_trie *trie, struct error *err);
void matcher_close(struct matcher *m); /* NULL is accepted */

/* Back to the start of an answer. What was learnt of the grammar is kept. */
void matcher_reset(struct matcher *m);

/* mask [TOKEN_MASK_WORDS(n_vocab)]: tokens whose bytes may follow; the ends of answer exactly where
 * the answer may end. A token that brings half a character is allowed if some character that
 * begins so is. Tokens that would nest the answer deeper than 2,048 rules are left out. Never all
 * zero unless the grammar cannot go on, which is ERR_INVALID. ERR_LIMIT: the state grew beyond
 * bounds; ERR_NOMEM. */
enum status matcher_mask(struct matcher *m, uint32_t *mask, struct error *err);

/* Goes on by a token that the mask allows (ERR_INVALID: it does not; the state is then unchanged).
 * After an end token nothing may follow. */
enum status matcher_accept(struct matcher *m, int32_t id, struct error *err);

/* The same by bytes; *ok false: they do not fit, and the state is unchanged. */
enum status matcher_accept_bytes(struct matcher *m, const char *bytes, size_t n, bool *ok,
                                 struct error *err);

/* May the answer end here? */
bool matcher_may_end(const struct matcher *m);

#endif
