/* SPDX-License-Identifier: MIT
 *
 * Files that are mapped and may be shortened by somebody else meanwhile.
 */
#ifndef SIGILO_CLI_MAPPED_H
#define SIGILO_CLI_MAPPED_H

/* From here on, touching a page that the mapped file no longer has (SIGBUS) ends the program with a
 * sentence that names the file, and exit code 1. Call it before the file is opened. The last call
 * counts. */
void mapped_watch(const char *path);

#endif
