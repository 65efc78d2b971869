/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a chat template, and what follows the first NUL as messages: refused with a
 * sentence, or a prompt whose pieces cover it and in which nothing of the messages counts as the
 * template's. For that the messages given without a NUL are made of one character that no template
 * holds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/chat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define DATUM "\xee\x80\x80" /* U+E000 */

static const char fixed_messages[] =
    "[{\"role\":\"system\",\"content\":\"" DATUM
    "\"},{\"role\":\"user\",\"content\":\" " DATUM DATUM
    " \\n\",\"n\":1},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"" DATUM
    "\",\"function\":{\"name\":\"" DATUM "\",\"arguments\":{\"" DATUM "\":[1,2.5,true]}}}]}]";

static void require(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "fuzz_template: %s\n", what);
    abort();
}

static void check_prompt(const struct chat_prompt *prompt, bool datum_is_foreign) {
    const struct chat_piece *piece = prompt->pieces.data;
    size_t at = 0;
    for (size_t i = 0; i < prompt->pieces.n; i++) {
        require(piece[i].start == at && piece[i].end > at, "the pieces do not cover the text");
        require(i == 0 || piece[i].is_data != piece[i - 1].is_data, "two pieces are one");
        at = piece[i].end;
        if (piece[i].is_data || !datum_is_foreign) continue;
        const char *text = prompt->text.data + piece[i].start;
        require(!memmem(text, at - piece[i].start, DATUM, 3), "a message's text is the template's");
    }
    require(at == prompt->text.n, "the pieces end before the text");
}

static void render(const struct chat_template *tpl, const json_t *messages, bool datum_is_foreign) {
    struct error err = {.status = OK};
    struct chat_prompt prompt = {0};
    const struct chat_input input = {.messages = messages,
                                     .kwargs = json_array_get(messages, 0),
                                     .bos_token = "<s>",
                                     .add_generation_prompt = true,
                                     .now = "2024-02-29"};
    if (chat_render(tpl, &prompt, &input, &err))
        require(err.status != OK && err.message[0], "refused without a word");
    else
        check_prompt(&prompt, datum_is_foreign);
    chat_prompt_release(&prompt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct chat_template *tpl;
    struct error err = {.status = OK};
    const char *source = (const char *)data, *nul = memchr(source, '\0', n);
    const size_t n_source = nul ? (size_t)(nul - source) : n;
    if (chat_template_open(&tpl, source, n_source, "fuzz", &err)) {
        require(err.status != OK && strncmp(err.message, "fuzz", 4) == 0, "refused without a name");
        return 0;
    }
    json_t *messages = nul ? json_loadb(nul + 1, n - n_source - 1, JSON_ALLOW_NUL, NULL)
                           : json_loads(fixed_messages, 0, NULL);
    const bool foreign = !memchr(source, '\\', n_source) && !memmem(source, n_source, DATUM, 3);
    render(tpl, messages, foreign && !nul);
    json_decref(messages);
    chat_template_close(tpl);
    return 0;
}
