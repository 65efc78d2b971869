/* SPDX-License-Identifier: MIT
 *
 * The table of subcommands, in the order in which --help tells them.
 */
#include "cli/commands.h"

#include <string.h>

#include "base/intl.h"

const struct command commands[] = {
    {"anonymize", cmd_anonymize, anonymize_options, "FILE|DIR...",
     N_("replace the personal data of clinical notes")},
    {"eval", cmd_eval, eval_options, "CORPUS", N_("score the anonymiser on an annotated corpus")},
    {"run", cmd_run, run_options, "MODEL.gguf TEXT", N_("write what a model answers")},
    {"chat", cmd_chat, chat_options, "MODEL.gguf", N_("talk with a model")},
    {"tokenize", cmd_tokenize, tokenize_options, "MODEL.gguf TEXT...",
     N_("text to a model's token ids")},
    {"detokenize", cmd_detokenize, detokenize_options, "MODEL.gguf IDS...",
     N_("token ids to text")},
    {"template", cmd_template, template_options, "MODEL.gguf",
     N_("messages to the prompt that a model is given")},
    {"logits", cmd_logits, logits_options, "MODEL.gguf", N_("write the logits of token ids")},
    {"greedy", cmd_greedy, greedy_options, "MODEL.gguf", N_("print the token ids that follow")},
    {"bench", cmd_bench, bench_options, "MODEL.gguf", N_("measure how fast a model runs here")},
    {"inspect", cmd_inspect, inspect_options, "MODEL.gguf", N_("say what is in a model file")},
    {"policy", cmd_policy, policy_options, "list|show|check POLICY|FILE",
     N_("list, show and check policies")},
    {"quantize", cmd_quantize, quantize_options, "MODEL.gguf OUT TYPE",
     N_("write a model file in other formats")},
    {"synth", cmd_synth, synth_options, "SHAPE OUT",
     N_("write a model file with random weights, to measure on")},
    {"completion", cmd_completion, completion_options, "bash|zsh|fish",
     N_("write a completion script for bash, zsh or fish")},
    {NULL, NULL, NULL, NULL, NULL},
};

const struct cli_option program_options[] = {
    {"lang", 256, "en|es", N_("language of messages, before the command")},
    {"help", 'h', NULL, N_("this text; after a command, its options")},
    {"version", 'V', NULL, N_("version, compiler and instruction set")},
    {NULL, 0, NULL, NULL},
};

const struct command *command_find(const char *name) {
    for (const struct command *c = commands; c->name; c++)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}
