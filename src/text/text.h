/* SPDX-License-Identifier: MIT
 *
 * text: bytes to code points and to the folded view that detectors read, always with the way
 * back to the original bytes. The face of the folder.
 */
#ifndef SIGILO_TEXT_TEXT_H
#define SIGILO_TEXT_TEXT_H

#include "text/encoding.h"
#include "text/fold.h"
#include "text/regex.h"
#include "text/words.h"

#endif
