/* SPDX-License-Identifier: MIT
 *
 * eval: how good the anonymisation of an annotated corpus is. The face of the folder.
 *
 *     corpus_list -> corpus_read_labels -> eval_policies_open -> eval_run -> eval_report_*
 *                 -> check_corpus
 *
 * Measures and their formulas: measures.h (spans) and privacy.h (privacy and utility).
 */
#ifndef SIGILO_EVAL_EVAL_H
#define SIGILO_EVAL_EVAL_H

#include "eval/check.h"
#include "eval/clinical.h"
#include "eval/corpus.h"
#include "eval/measures.h"
#include "eval/policies.h"
#include "eval/privacy.h"
#include "eval/report.h"
#include "eval/run.h"

#endif
