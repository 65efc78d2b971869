/* SPDX-License-Identifier: MIT
 *
 * The known patient: what the hospital's system already knows of the person a note is about. It is
 * looked for in every spelling people give it; what is known is never missed.
 *
 * A file is JSON (one object) or CSV (a header row; several values of a cell are separated by ';').
 * Keys and headings, in Spanish or English, whatever their case and accents:
 *
 *   nombre nombres apellido apellidos name first_name last_name   names
 *   familiares relatives                                          names of relatives
 *   ci cedula documento dni id   pasaporte passport   hc historia registro record   numbers
 *   telefono celular phone   email correo   direccion domicilio address
 *   fecha_nacimiento birth_date                                   1950-03-03 or 03/03/1950
 *
 * A JSON value is a string, a number, a list of them, or, of relatives, a list of objects.
 */
#ifndef SIGILO_ANON_PATIENT_H
#define SIGILO_ANON_PATIENT_H

#include "anon/note.h"
#include "base/error.h"

struct patient;

/* Reads a file, at most PATIENT_BYTES_MAX. ERR_NOT_FOUND, ERR_IO; ERR_INVALID for what is no JSON
 * or CSV of this kind, naming line or key, never a value; ERR_LIMIT, ERR_NOMEM. */
enum { PATIENT_BYTES_MAX = 1 << 20, PATIENT_VALUES_MAX = 256 };
enum status patient_open(struct patient **out, const char *path, struct error *err);
void patient_close(struct patient *p); /* NULL is accepted; wipes */

/* Claims in a piece what is known: before the site's lists and the rules. */
void patient_claim(const struct patient *p, struct note *note);

/* The known values that stand in free tokens of a piece. */
size_t patient_residue(const struct patient *p, const struct note *note);

#endif
