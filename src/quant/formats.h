/* SPDX-License-Identifier: MIT
 *
 * The functions behind the table of quant.c, one a format; the folder's own.
 */
#ifndef SIGILO_QUANT_FORMATS_H
#define SIGILO_QUANT_FORMATS_H

#include "quant/quant.h"

DECL_DECODE(decode_f32);
DECL_DECODE(decode_f16);
DECL_DECODE(decode_bf16);
DECL_DECODE(decode_q4_0);
DECL_DECODE(decode_q4_1);
DECL_DECODE(decode_q5_0);
DECL_DECODE(decode_q5_1);
DECL_DECODE(decode_q8_0);
DECL_DECODE(decode_q2_k);
DECL_DECODE(decode_q3_k);
DECL_DECODE(decode_q4_k);
DECL_DECODE(decode_q5_k);
DECL_DECODE(decode_q6_k);
DECL_DECODE(decode_iq4_nl);
DECL_DECODE(decode_iq4_xs);

DECL_ENCODE(encode_f32);
DECL_ENCODE(encode_f16);
DECL_ENCODE(encode_bf16);
DECL_ENCODE(encode_q4_0);
DECL_ENCODE(encode_q5_0);
DECL_ENCODE(encode_q8_0);
DECL_ENCODE(encode_q4_k);
DECL_ENCODE(encode_q5_k);
DECL_ENCODE(encode_q6_k);

#endif
