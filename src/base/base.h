/* SPDX-License-Identifier: MIT
 *
 * base: what every other folder stands on. This is the face of the folder; it draws in its
 * parts, each of which may be included alone.
 */
#ifndef SIGILO_BASE_BASE_H
#define SIGILO_BASE_BASE_H

#include "base/error.h"
#include "base/file.h"
#include "base/intl.h"
#include "base/mem.h"
#include "base/strbuf.h"

#endif
