/* SPDX-License-Identifier: MIT
 *
 * The ids that follow some given ones, the likeliest always taken. With libsigilo installed:
 *
 *   cc greedy.c $(pkg-config --cflags --libs sigilo) -o greedy
 *   ./greedy MODEL.gguf 1 5 9
 */
#include <sigilo/sigilo.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_NEW = 16 };

int main(int argc, char **argv) {
    struct sigilo_engine *engine = NULL;
    struct sigilo_session *session = NULL;
    struct sigilo_error error;
    float *logits = NULL;
    int failed = 1;
    if (argc < 3) {
        fprintf(stderr, "usage: greedy MODEL.gguf TOKEN...\n");
        return 2;
    }
    if (sigilo_engine_open(&engine, argv[1], NULL, &error)) goto end;
    if (sigilo_session_open(&session, engine, NULL, &error)) goto end;
    const size_t n_vocab = sigilo_engine_n_vocab(engine);
    logits = malloc(n_vocab * sizeof(float));
    if (!logits) abort();

    for (int i = 2; i < argc + N_NEW; i++) {
        int32_t token = 0;
        if (i < argc) {
            token = (int32_t)atoi(argv[i]);
        } else {
            if (sigilo_session_logits(session, logits, &error)) goto end;
            for (size_t t = 1; t < n_vocab; t++)
                if (logits[t] > logits[token]) token = (int32_t)t;
            printf("%d\n", (int)token);
        }
        if (sigilo_session_feed(session, &token, 1, &error)) goto end;
    }
    failed = 0;

end:
    if (failed) fprintf(stderr, "greedy: %s\n", error.message);
    free(logits);
    sigilo_session_close(session);
    sigilo_engine_close(engine);
    return failed;
}
