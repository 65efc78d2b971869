/* SPDX-License-Identifier: MIT
 *
 * libsigilo: run a language model from C.
 *
 *   struct sigilo_engine   a model file, mapped; what does not change
 *   struct sigilo_session  one sequence of tokens and its cache; what does
 *
 *   struct sigilo_chat     messages, and a session that answers them
 *
 * Link with `pkg-config --cflags --libs sigilo`; examples/chat.c and examples/greedy.c are whole
 * programs. An engine may be used by one thread at a time, and so may its sessions. Nothing here
 * writes to stdout or stderr or exits. Until version 1.0 functions may change between minor
 * versions.
 */
#ifndef SIGILO_SIGILO_H
#define SIGILO_SIGILO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum sigilo_status {
    SIGILO_OK = 0,
    SIGILO_NO_MEMORY,   /* less is available than is needed; the message has the numbers */
    SIGILO_IO,          /* the system refused to read */
    SIGILO_NOT_FOUND,   /* no such file; or a key or tensor that the file lacks */
    SIGILO_INVALID,     /* a broken file, a token outside the vocabulary, a bad option */
    SIGILO_UNSUPPORTED, /* well formed, but not something this library computes */
    SIGILO_FULL,        /* the context has no room for the tokens; nothing was changed */
};

struct sigilo_error {
    enum sigilo_status status;
    char message[512]; /* one sentence, English, UTF-8: what, where, and what to do */
};

struct sigilo_engine;
struct sigilo_session;

struct sigilo_engine_options { /* all zero: the defaults */
    unsigned n_threads;        /* 0: one a physical core; never more than the process may use */
    const char *isa; /* the highest instruction set to use ("ref", "avx2", "mma"...); NULL: all */
    int exact;       /* not 0: activations in f32. Slow; a yardstick */
};

enum sigilo_cache { SIGILO_CACHE_F16 = 0, SIGILO_CACHE_F32, SIGILO_CACHE_Q8_0 };

struct sigilo_session_options { /* all zero: the defaults */
    size_t n_ctx;               /* positions; 0: the model's own context, at most 8192 */
    size_t n_batch;             /* tokens that go through the layers together; 0: 256 */
    enum sigilo_cache cache;    /* how keys and values are kept */
};

/* "0.1.0". Static storage. */
const char *sigilo_version(void);

/* Maps a GGUF file and checks it. `options` may be NULL; `error` may be NULL. *out is set on
 * success alone. The file must not be shortened while it is open. */
enum sigilo_status sigilo_engine_open(struct sigilo_engine **out, const char *path,
                                      const struct sigilo_engine_options *options,
                                      struct sigilo_error *error);

/* Its sessions must have been closed. NULL is accepted. */
void sigilo_engine_close(struct sigilo_engine *engine);

/* Token ids are 0 to this less one; logits are so many. */
size_t sigilo_engine_n_vocab(const struct sigilo_engine *engine);

/* The instruction set in use. Static storage. */
const char *sigilo_engine_isa(const struct sigilo_engine *engine);

/* Takes all the memory the session will ever need. */
enum sigilo_status sigilo_session_open(struct sigilo_session **out, struct sigilo_engine *engine,
                                       const struct sigilo_session_options *options,
                                       struct sigilo_error *error);
void sigilo_session_close(struct sigilo_session *session); /* NULL is accepted */

/* Appends n tokens (at least one). On an error nothing was appended. */
enum sigilo_status sigilo_session_feed(struct sigilo_session *session, const int32_t *tokens,
                                       size_t n, struct sigilo_error *error);

/* Positions so far. */
size_t sigilo_session_length(const struct sigilo_session *session);

/* Goes back to the first n positions, so that another continuation can be fed; n beyond the length
 * changes nothing. The logits of before are then no longer to be asked for. */
void sigilo_session_truncate(struct sigilo_session *session, size_t n);

/* What the model says after the last token fed: out[n_vocab], natural logarithms up to a constant.
 * SIGILO_INVALID when nothing was fed since the session was opened or truncated. */
enum sigilo_status sigilo_session_logits(struct sigilo_session *session, float *out,
                                         struct sigilo_error *error);

/* --- text: these need a model file whose tokenizer we know (else SIGILO_UNSUPPORTED) --- */

enum sigilo_tokenize_flags {
    SIGILO_ADD_BOS = 1,       /* the beginning-of-text token in front, if the model wants one */
    SIGILO_PARSE_SPECIAL = 2, /* names of special tokens become the tokens */
};

/* Token ids of n bytes of UTF-8 (what is not valid becomes U+FFFD). At most `capacity` ids are
 * written; *n_ids is how many there are: SIGILO_FULL when they are more. ids may be NULL where
 * capacity is 0. */
enum sigilo_status sigilo_tokenize(struct sigilo_engine *engine, const char *text, size_t n,
                                   int flags, int32_t *ids, size_t capacity, size_t *n_ids,
                                   struct sigilo_error *error);

/* Text of n ids as a new NUL-terminated string (sigilo_free), its length in *n_text (may be NULL).
 * `special` not 0: special tokens appear by name. */
enum sigilo_status sigilo_detokenize(struct sigilo_engine *engine, const int32_t *ids, size_t n,
                                     int special, char **text, size_t *n_text,
                                     struct sigilo_error *error);

/* The prompt of messages, as the chat template makes it, in a new string. `messages_json`:
 * [{"role":"user","content":"..."},...]. `chat_template` NULL: the model file's own. The prompt
 * ends where the answer begins. */
enum sigilo_status sigilo_render(struct sigilo_engine *engine, const char *messages_json,
                                 const char *chat_template, char **text,
                                 struct sigilo_error *error);

void sigilo_free(void *text); /* NULL is accepted */

struct sigilo_answer_options { /* begin with sigilo_answer_options_init */
    size_t n_tokens;           /* at most; 0: until the answer ends */
    const char *const *stops;  /* [n_stops] texts before which it ends */
    size_t n_stops;
    const char *grammar;     /* GBNF that the answer keeps to; NULL: none */
    const char *json_schema; /* or a JSON Schema; NULL: none */
    int context_shift;       /* not 0: a full context forgets its oldest part */
    uint64_t seed;           /* UINT64_MAX: another one every time */
    float temperature;       /* 0.8; 0: always the likeliest token */
    int32_t top_k;           /* 40; 0: all */
    float top_p;             /* 0.95; 1: all */
    float min_p;             /* 0.05; 0: all */
    float repeat_penalty;    /* 1: none */
    int32_t repeat_last_n;   /* 64 */
};

void sigilo_answer_options_init(struct sigilo_answer_options *options);

enum sigilo_stop {
    SIGILO_STOP_END = 1,   /* the model ended its answer */
    SIGILO_STOP_WORD,      /* one of `stops` */
    SIGILO_STOP_LIMIT,     /* n_tokens */
    SIGILO_STOP_CONTEXT,   /* the context is full */
    SIGILO_STOP_CANCELLED, /* by the function that got the text */
};

struct sigilo_answer {
    enum sigilo_stop stop;
    size_t n_prompt, n_reused; /* tokens of the prompt; those that were known already */
    size_t n_answer;
    double prompt_ms, answer_ms;
};

/* Gets the text as it comes: whole characters, not NUL-terminated. Not 0: the answer ends here. */
typedef int sigilo_text_fn(void *context, const char *text, size_t n);

/* Goes on with the n tokens of a prompt. The session then holds prompt and answer; of a prompt that
 * begins as what it holds, only the rest is computed. `options`, `answer`, `error` may be NULL. */
enum sigilo_status sigilo_generate(struct sigilo_session *session, const int32_t *ids, size_t n,
                                   const struct sigilo_answer_options *options, sigilo_text_fn *fn,
                                   void *context, struct sigilo_answer *answer,
                                   struct sigilo_error *error);

struct sigilo_chat;

/* The session is borrowed, and the chat's alone until it is closed. `chat_template` NULL: the model
 * file's own. */
enum sigilo_status sigilo_chat_open(struct sigilo_chat **out, struct sigilo_session *session,
                                    const char *chat_template, struct sigilo_error *error);
void sigilo_chat_close(struct sigilo_chat *chat); /* NULL is accepted */

/* The system message; NULL or "": none. */
enum sigilo_status sigilo_chat_system(struct sigilo_chat *chat, const char *text,
                                      struct sigilo_error *error);

/* Adds a user's message and gives the model's answer to fn; both stay in the conversation. On an
 * error it is as it was. */
enum sigilo_status sigilo_chat_say(struct sigilo_chat *chat, const char *text,
                                   const struct sigilo_answer_options *options, sigilo_text_fn *fn,
                                   void *context, struct sigilo_answer *answer,
                                   struct sigilo_error *error);

#ifdef __cplusplus
}
#endif

#endif
