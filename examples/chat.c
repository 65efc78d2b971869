/* SPDX-License-Identifier: MIT
 *
 * A chat in thirty lines. With libsigilo installed:
 *
 *   cc chat.c $(pkg-config --cflags --libs sigilo) -o chat
 *   ./chat MODEL.gguf
 */
#include <sigilo/sigilo.h>
#include <stdio.h>
#include <string.h>

static int show(void *context, const char *text, size_t n) {
    return fwrite(text, 1, n, context) != n || fflush(context) != 0; /* not 0: stop */
}

int main(int argc, char **argv) {
    struct sigilo_engine *engine = NULL;
    struct sigilo_session *session = NULL;
    struct sigilo_chat *chat = NULL;
    struct sigilo_error error;
    char line[4096];
    int failed = argc != 2 || sigilo_engine_open(&engine, argv[1], NULL, &error) ||
                 sigilo_session_open(&session, engine, NULL, &error) ||
                 sigilo_chat_open(&chat, session, NULL, &error);
    while (!failed && fputs("> ", stderr) >= 0 && fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        failed = sigilo_chat_say(chat, line, NULL, show, stdout, NULL, &error) != SIGILO_OK;
        putchar('\n');
    }
    if (failed) fprintf(stderr, "chat: %s\n", argc == 2 ? error.message : "expected MODEL.gguf");
    sigilo_chat_close(chat);
    sigilo_session_close(session);
    sigilo_engine_close(engine);
    return failed;
}
