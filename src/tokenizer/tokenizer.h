/* SPDX-License-Identifier: MIT
 *
 * tokenizer: text to token ids and back, as the model's maker meant it. What a vocabulary holds and
 * how it is applied is read from the model file (keys tokenizer.ggml.*); docs/tokenizers.md tells
 * what each family does.
 *
 * Two algorithms: `llama` (SentencePiece: join the pair with the highest score) and `gpt2` (byte-
 * level BPE: join the pair with the lowest rank, after a pre-tokeniser cut the text into words).
 *
 * Text is UTF-8; each maximal invalid subsequence counts as U+FFFD (Unicode 15, section 3.9,
 * "substitution of maximal subparts") before anything else. An open tokenizer never changes; any
 * thread may use it. Time and memory are linear in the text.
 */
#ifndef SIGILO_TOKENIZER_TOKENIZER_H
#define SIGILO_TOKENIZER_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "gguf/gguf.h"

enum token_kind { /* the numbers of the file format */
                  TOKEN_NORMAL = 1,
                  TOKEN_UNKNOWN = 2,
                  TOKEN_CONTROL = 3,
                  TOKEN_USER_DEFINED = 4,
                  TOKEN_UNUSED = 5,
                  TOKEN_BYTE = 6,
};

struct tokenizer;

/* Reads the vocabulary of a model file; `g` stays open and borrowed until close.
 *
 * ERR_NOT_FOUND: the file has no tokenizer. ERR_UNSUPPORTED: a model or pre-tokeniser that this
 * program does not know, named with those it does. ERR_INVALID: ids out of range, arrays of other
 * lengths, broken merges, a byte that no token stands for, tokens over TOKEN_BYTES_MAX. */
enum { TOKEN_BYTES_MAX = 1 << 12 };
enum status tokenizer_open(struct tokenizer **out, const struct gguf *g, struct error *err);
void tokenizer_close(struct tokenizer *t); /* NULL is accepted */

size_t tokenizer_n_vocab(const struct tokenizer *t);
enum token_kind tokenizer_type(const struct tokenizer *t, int32_t id);

/* The bytes a token adds to text: "▁de" is " de", "<0x41>" is "A", a special token its own name.
 * Not NUL-terminated, borrowed. id is within the vocabulary. */
struct bytes {
    const char *data;
    size_t n;
};
struct bytes tokenizer_bytes(const struct tokenizer *t, int32_t id);

/* Special ids; -1 where the vocabulary has none. */
int32_t tokenizer_bos(const struct tokenizer *t);
int32_t tokenizer_eos(const struct tokenizer *t);
bool tokenizer_adds_bos(const struct tokenizer *t);

/* The tokens that end an answer: the working set of the family, eos and eot of the file among
 * them. */
const int32_t *tokenizer_ends(const struct tokenizer *t, size_t *n);
bool tokenizer_is_end(const struct tokenizer *t, int32_t id);

/* The token whose name that is, any type; -1: none. */
int32_t tokenizer_find(const struct tokenizer *t, const char *name, size_t n);

/* The chat template in the file; n 0: none. `name` NULL or "default", or that of another one the
 * file carries (tokenizer.chat_template.NAME). */
struct bytes tokenizer_chat_template(const struct tokenizer *t, const char *name);

/* --- encoding --- */

/* How far names of special tokens in a piece of text are taken for the tokens. */
enum specials {
    SPECIALS_PARSE, /* all of them */
    SPECIALS_TEXT,  /* control and unknown tokens are text; user-defined ones are recognised, they
                       are part of the vocabulary's way with text (Gemma's runs of line ends) */
    SPECIALS_NONE,  /* text of a message: user-defined tokens that carry structure are text too,
                       that is those that end an answer or stand in the file's chat template, white
                       space aside */
};

struct text_piece {   /* borrowed */
    const char *text; /* [n], any bytes */
    size_t n;
    enum specials specials;
};

struct token_span { /* bytes of the text (of all pieces, one after another) that a token covers */
    size_t start, end; /* a token that is part of a character has the whole character; BOS and a
                          space put in front cover nothing: start == end */
};

struct token_list {
    struct array ids;   /* int32_t */
    struct array spans; /* struct token_span; filled when wanted */
    bool wants_spans;
};

void token_list_release(struct token_list *tokens); /* wipes: token ids are text too */

/* Appends the tokens of the pieces, read as one text: tokens may span the seam between two pieces,
 * a special token must lie in pieces of SPECIALS_PARSE whole. A piece is whole characters.
 * `add_bos` puts BOS in front if the vocabulary adds one and the text does not begin with it: a
 * template may have written it. On an error `out` is as it was. ERR_NOMEM, ERR_LIMIT (over 2 GiB of
 * text). */
enum status tokenizer_encode_pieces(const struct tokenizer *t, struct token_list *out,
                                    const struct text_piece *pieces, size_t n_pieces, bool add_bos,
                                    struct error *err);

/* One piece, a text that no template made: `add_bos` puts BOS in front if the vocabulary adds one,
 * whatever the text begins with. */
enum status tokenizer_encode(const struct tokenizer *t, struct token_list *out, const char *text,
                             size_t n, enum specials specials, bool add_bos, struct error *err);

/* --- decoding --- */

enum { DETOKENIZER_HELD_MAX = 4 };

/* Turns tokens into text as they come; what it gives is whole characters: bytes that may still
 * become one are held back. */
struct detokenizer {
    const struct tokenizer *tokenizer;
    bool specials; /* special tokens appear by name; else they are left out */
    bool at_start; /* the next token begins a text: the space that encoding put there is dropped */
    unsigned char held[DETOKENIZER_HELD_MAX];
    size_t n_held;
};

/* `at_start`: the tokens are a text of their own, and not the continuation of another. */
void detokenizer_init(struct detokenizer *d, const struct tokenizer *t, bool specials,
                      bool at_start);

/* Appends what the token completes. Bytes that cannot become a character are U+FFFD. `id` is within
 * the vocabulary. */
void detokenizer_feed(struct detokenizer *d, int32_t id, struct strbuf *out);

/* What is still held can no longer become a character: U+FFFD. */
void detokenizer_finish(struct detokenizer *d, struct strbuf *out);

#endif
