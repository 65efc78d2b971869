/* SPDX-License-Identifier: MIT
 *
 * An open vocabulary, as the files of this folder see it.
 *
 * The bytes that tokens stand for lie one after another in one block, and every question "which
 * token is this text" is asked in these bytes: a space is a space, never U+2581 or "Ġ". So the text
 * itself can be looked up, and no token has memory of its own.
 */
#ifndef SIGILO_TOKENIZER_VOCAB_H
#define SIGILO_TOKENIZER_VOCAB_H

#include <string.h>

#include "tokenizer/tokenizer.h"

enum { VOCAB_TOKENS_MAX_OPEN = 1 << 24, VOCAB_TEXT_MAX = 256 << 20 };

enum model { MODEL_SPM, MODEL_BPE };

enum split { SPLIT_NONE, SPLIT_LLAMA3, SPLIT_QWEN2, SPLIT_TEKKEN };

enum token_flags {
    TOKEN_JOINS = 1,      /* ordinary text: encoding finds it by its bytes */
    TOKEN_STRUCTURE = 2,  /* user-defined, and no text of a message: SPECIALS_NONE */
    TOKEN_EATS_SPACE = 4, /* special: white space after it belongs to it */
};

struct entry {
    uint32_t at; /* of its bytes in the pool */
    uint16_t n;
    uint8_t kind;  /* enum token_kind */
    uint8_t flags; /* enum token_flags */
};

/* Which token a text is: open addressing, a power of two of slots, at most half of them full. */
struct text_slot {
    uint32_t tag;
    int32_t id; /* -1: empty */
};
struct text_table {
    struct text_slot *slots;
    size_t mask;
};

/* What two neighbours become. */
struct join {
    uint32_t rank; /* the lowest goes first; JOIN_NONE: they do not join */
    int32_t id;
};
#define JOIN_NONE UINT32_MAX

struct pair_slot {
    uint64_t key; /* left << 32 | right; PAIR_EMPTY */
    struct join join;
};
#define PAIR_EMPTY UINT64_MAX
struct pair_table {
    struct pair_slot *slots;
    size_t mask;
};

struct tokenizer {
    const struct gguf *gguf;
    enum model model;
    enum split split;
    bool whole_words;  /* a word that is a token is taken, however its merges would go */
    bool composes;     /* text is brought to NFC */
    bool space_prefix; /* a space is put before text, and before text after a special token */
    bool adds_bos;
    int32_t bos, eos;
    size_t n_vocab;
    struct entry *entries; /* [n_vocab] */
    char *pool;            /* the bytes of all tokens */
    size_t n_pool;
    size_t longest;                /* bytes, of the tokens that join */
    const unsigned char *scores;   /* SPM: [n_vocab] f32, unaligned, all finite */
    struct text_table texts;       /* the tokens that join */
    struct pair_table pairs;       /* BPE */
    int32_t bytes[256];            /* the token of each single byte */
    uint8_t neighbours[65536 / 8]; /* a bit each: some token that joins has this byte before that */
    int32_t *specials;             /* [n_specials] those matched in text, in the order of bytes */
    size_t n_specials;
    uint32_t special_range[257]; /* where those with a first byte begin */
    struct array ends;           /* int32_t, rising */
};

static inline const char *entry_text(const struct tokenizer *t, const struct entry *e) {
    return t->pool + e->at;
}

/* --- reading (vocab.c, merges.c) --- */

/* The token arrays: entries, pool, bytes, scores. */
enum status vocab_read_tokens(struct tokenizer *t, struct error *err);

/* BPE: the merges, when the texts are there. */
enum status vocab_read_merges(struct tokenizer *t, struct error *err);

/* The bytes that a token of a byte-level vocabulary spells: at most n, into out; false when a
 * letter stands for no byte. */
bool vocab_unspell(char *out, size_t *n_out, const char *text, size_t n);

/* --- looking up (lookup.c) --- */

/* The tokens with TOKEN_JOINS; of two with the same bytes the lower id counts. ERR_LIMIT: texts
 * that were made to collide. */
enum status texts_build(struct tokenizer *t, struct error *err);
/* -1: none. */
int32_t texts_find(const struct tokenizer *t, const char *text, size_t n);

enum status pairs_init(struct tokenizer *t, size_t n_merges, struct error *err);
/* A pair that is there already keeps its rank. */
enum status pairs_put(struct tokenizer *t, int32_t left, int32_t right, struct join join,
                      struct error *err);
struct join pairs_find(const struct tokenizer *t, int32_t left, int32_t right);

/* --- special tokens (special.c) --- */

/* Sorts them, and says which carry structure, which end an answer, which eat space. */
enum status specials_build(struct tokenizer *t, struct error *err);

/* The special token of that name, or -1. */
int32_t specials_find(const struct tokenizer *t, const char *name);

/* A piece of the text that is encoded, in the order of the text. */
struct seam {
    size_t end;
    enum specials mode;
};

/* The longest special token at text[at, n) that the pieces it lies in allow; false: none. *seam is
 * the piece that `at` is in. */
bool specials_match(const struct tokenizer *t, const char *text, size_t n, size_t at,
                    const struct seam *seam, int32_t *id);

static inline bool specials_begin(const struct tokenizer *t, unsigned char c) {
    return t->special_range[c] < t->special_range[c + 1];
}

/* --- words (split.c) --- */

/* Where the word that begins at text[at], at < n, ends: valid UTF-8, cut as the published regular
 * expression cuts it. */
size_t split_next(enum split split, const unsigned char *text, size_t n, size_t at);

#endif
