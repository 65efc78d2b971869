/* SPDX-License-Identifier: MIT
 *
 * How much memory this process may still take, asked before something large is begun.
 */
#ifndef SIGILO_BASE_SYSMEM_H
#define SIGILO_BASE_SYSMEM_H

#include <stddef.h>

/* Bytes: the least of what the system has available (page cache that can be given up counts), what
 * the control group leaves, and what the address-space limit leaves. `mapped_bytes` of files that
 * this process has mapped already count as available: whoever asks counts them among what is
 * needed. SIZE_MAX when nothing is known. */
size_t sysmem_available(size_t mapped_bytes);

#endif
