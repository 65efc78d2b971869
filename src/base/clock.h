/* SPDX-License-Identifier: MIT
 *
 * How long something took.
 */
#ifndef SIGILO_BASE_CLOCK_H
#define SIGILO_BASE_CLOCK_H

/* Milliseconds since some moment in the past; never goes back. */
double clock_ms(void);

/* The same in seconds. */
double clock_s(void);

#endif
