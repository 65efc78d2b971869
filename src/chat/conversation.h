/* SPDX-License-Identifier: MIT
 *
 * A conversation: the messages so far, and a model that answers the next one. The whole of it is
 * rendered for every answer; what the sequence already holds is not computed again
 * (engine/generate.h).
 */
#ifndef SIGILO_CHAT_CONVERSATION_H
#define SIGILO_CHAT_CONVERSATION_H

#include <jansson.h>

#include "chat/chat.h"
#include "engine/generate.h"

struct conversation_options {
    const char *template_source; /* Jinja text, n_template bytes; NULL: the model file's own */
    size_t n_template;
    const char *template_name; /* what to call the source in messages; with template_source NULL,
                                  which of the file's templates (NULL: its default) */
    const json_t *kwargs;      /* more variables for the template; borrowed; may be NULL */
};

struct conversation;

/* Engine (opened with wants_text) and session are borrowed; sequence `seq` of the session must be
 * empty and is the conversation's alone. ERR_NOT_FOUND: the file has no such template. */
enum status conversation_open(struct conversation **out, const struct engine *e, struct session *s,
                              size_t seq, const struct conversation_options *opt,
                              struct error *err);
void conversation_close(struct conversation *c); /* NULL is accepted; wipes */

/* Sets the system message, in place of one there was; "" takes it away. Where a template refuses a
 * system message, it is put in front of the first user message. */
enum status conversation_set_system(struct conversation *c, const char *text, size_t n,
                                    struct error *err);

/* All messages but the system message are forgotten. */
void conversation_clear(struct conversation *c);

/* The messages: an array of {"role","content"}. Borrowed. */
const json_t *conversation_messages(const struct conversation *c);

/* Adds the user's message, renders, and generates. The answer joins the messages, also when it was
 * cut short (out->stop says so); on an error neither joins. options->completion.at_start and the
 * end of answer are the conversation's to set. With a context shift allowed, the oldest exchanges
 * are left out of the prompt where it would not fit; out_dropped (may be NULL) says how many
 * messages, counted from the start. */
enum status conversation_say(struct conversation *c, const char *text, size_t n,
                             const struct generate_options *opt, generate_fn *fn, void *context,
                             struct generated *out, size_t *n_dropped, struct error *err);

/* Appends the prompt of some messages, as a conversation of them would begin its next answer. */
enum status conversation_render(struct strbuf *out, const struct engine *e, const json_t *messages,
                                const struct conversation_options *opt, struct error *err);

#endif
