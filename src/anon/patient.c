/* SPDX-License-Identifier: MIT
 *
 * Reading what is known of a patient. No message ever holds a value.
 */
#include "anon/patient.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "anon/patient_values.h"
#include "base/file.h"
#include "base/intl.h"

static const char KEYS_TOLD[] = "nombre, apellidos, ci, pasaporte, hc, telefono, email, direccion, "
                                "fecha_nacimiento, familiares";

struct reader {
    struct patient *p;
    const char *path;
    struct error *err;
};

static enum status refuse_key(struct reader *r, const char *key) {
    char shown[64] = "";
    for (size_t n = 0; key[n] && n + 1 < sizeof(shown); n++) {
        shown[n] = key[n] >= ' ' && key[n] < 0x7f ? key[n] : '?';
        shown[n + 1] = '\0';
    }
    return fail(r->err, ERR_INVALID, _("%s: unknown key %s; there are %s"), r->path, shown,
                KEYS_TOLD);
}

static enum status put(struct reader *r, enum kind kind, const char *utf8) {
    if (strlen(utf8) >= PATIENT_VALUE_MAX)
        return fail(r->err, ERR_LIMIT, _("%s: a value is longer than %d bytes"), r->path,
                    PATIENT_VALUE_MAX - 1);
    if (r->p->values.n > 8 * PATIENT_VALUES_MAX)
        return fail(r->err, ERR_LIMIT, _("%s: more than %d values"), r->path, PATIENT_VALUES_MAX);
    return patient_add(r->p, kind, utf8)
               ? OK
               : fail(r->err, ERR_NOMEM, _("%s: not enough memory"), r->path);
}

/* ---- JSON ---- */

static enum status put_object(struct reader *r, const json_t *object, bool relative);

static enum status put_json(struct reader *r, enum kind kind, const char *key, json_t *value) {
    char number[32];
    size_t i;
    json_t *item;
    enum status st = OK;
    if (json_is_string(value)) return put(r, kind, json_string_value(value));
    if (json_is_null(value)) return OK;
    if (json_is_integer(value)) {
        snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return put(r, kind, number);
    }
    if (json_is_object(value) && kind == KIND_NAME_RELATIVE) return put_object(r, value, true);
    if (!json_is_array(value))
        return fail(r->err, ERR_INVALID, _("%s: %s must be a string, a number or a list of them"),
                    r->path, key);
    json_array_foreach(value, i, item) {
        if (json_is_array(item))
            return fail(r->err, ERR_INVALID,
                        _("%s: %s must be a string, a number or a list of them"), r->path, key);
        if ((st = put_json(r, kind, key, item))) return st;
    }
    return OK;
}

static enum status put_object(struct reader *r, const json_t *object, bool relative) {
    const char *key;
    json_t *value;
    enum status st = OK;
    json_object_foreach((json_t *)object, key, value) {
        enum kind kind = patient_kind_of_key(key);
        if (kind == KIND_COUNT) return refuse_key(r, key);
        if (relative && kind == KIND_NAME_RELATIVE) return refuse_key(r, key);
        if (relative && kind == KIND_NAME_PATIENT) kind = KIND_NAME_RELATIVE;
        if (json_is_object(value) && relative) return refuse_key(r, key);
        if ((st = put_json(r, kind, key, value))) return st;
    }
    return OK;
}

static enum status read_json(struct reader *r, const struct file_bytes *file) {
    json_error_t why;
    json_t *root = json_loadb((const char *)file->data, file->n, JSON_REJECT_DUPLICATES, &why);
    if (!root) return fail(r->err, ERR_INVALID, _("%s:%d: this is no JSON"), r->path, why.line);
    const enum status st = json_is_object(root) ? put_object(r, root, false)
                                                : fail(r->err, ERR_INVALID,
                                                       _("%s: expected one JSON object"), r->path);
    json_decref(root);
    return st;
}

/* ---- CSV (RFC 4180; ',' between cells) ---- */

enum { COLUMNS_MAX = 64, CELL_MAX = 4096 };

struct csv {
    const char *at, *end;
    size_t line;
    bool bad; /* an open quote, or a cell too long */
};

/* One cell into `out`; true when another one follows on its row. */
static bool read_cell(struct csv *c, char out[CELL_MAX]) {
    size_t n = 0;
    const bool quoted = c->at < c->end && *c->at == '"';
    if (quoted) c->at++;
    for (; c->at < c->end; c->at++) {
        if (quoted && *c->at == '"') {
            if (c->at + 1 == c->end || c->at[1] != '"') break;
            c->at++;
        } else if (!quoted && (*c->at == ',' || *c->at == '\n')) {
            break;
        }
        if (*c->at == '\n') c->line++;
        if (n + 1 == CELL_MAX)
            c->bad = true;
        else
            out[n++] = *c->at;
    }
    if (quoted) {
        c->bad |= c->at == c->end;
        if (c->at < c->end) c->at++;
    }
    while (n && (out[n - 1] == '\r' || out[n - 1] == ' '))
        n--;
    out[n] = '\0';
    while (c->at < c->end && *c->at == '\r')
        c->at++;
    const bool more = c->at < c->end && *c->at == ',';
    c->bad |= c->at < c->end && *c->at != ',' && *c->at != '\n';
    c->line += c->at < c->end && *c->at == '\n';
    if (c->at < c->end) c->at++;
    return more;
}

static enum status put_cell(struct reader *r, enum kind kind, char *cell) {
    enum status st = OK;
    for (char *part = cell; part && st == OK;) {
        char *next = strchr(part, ';');
        if (next) *next++ = '\0';
        st = put(r, kind, part);
        part = next;
    }
    return st;
}

static enum status read_headings(struct reader *r, struct csv *c, enum kind kinds[COLUMNS_MAX],
                                 size_t *n) {
    char cell[CELL_MAX];
    bool more = true;
    for (*n = 0; more; ++*n) {
        if (*n == COLUMNS_MAX)
            return fail(r->err, ERR_LIMIT, _("%s: more than %d columns"), r->path, COLUMNS_MAX);
        more = read_cell(c, cell);
        kinds[*n] = patient_kind_of_key(cell);
        if (kinds[*n] == KIND_COUNT) return refuse_key(r, cell);
    }
    return OK;
}

static enum status read_csv(struct reader *r, const struct file_bytes *file) {
    enum kind kinds[COLUMNS_MAX];
    char cell[CELL_MAX];
    size_t n_columns;
    struct csv c = {.at = (const char *)file->data, .line = 1};
    c.end = c.at + file->n;
    if (file->n >= 3 && memcmp(c.at, "\xef\xbb\xbf", 3) == 0) c.at += 3;
    enum status st = read_headings(r, &c, kinds, &n_columns);
    while (st == OK && c.at < c.end && !c.bad) {
        const size_t line = c.line;
        size_t i = 0;
        bool more = true;
        for (; more && st == OK; i++) {
            more = read_cell(&c, cell);
            if (i < n_columns && !c.bad) st = put_cell(r, kinds[i], cell);
        }
        if (st == OK && i > n_columns)
            st = fail(r->err, ERR_INVALID, _("%s:%zu: more cells than headings"), r->path, line);
    }
    mem_wipe(cell, sizeof(cell));
    if (st == OK && c.bad)
        st = fail(r->err, ERR_INVALID, _("%s:%zu: this is no CSV"), r->path, c.line);
    return st;
}

/* ---- both ---- */

static enum status read_file(struct reader *r) {
    struct file_bytes file;
    enum status st = file_read(&file, r->path, PATIENT_BYTES_MAX, r->err);
    if (st) return st;
    size_t at = 0;
    while (at < file.n && strchr(" \t\r\n", file.data[at]) && file.data[at])
        at++;
    const bool json = at < file.n && (file.data[at] == '{' || file.data[at] == '[');
    st = json ? read_json(r, &file) : read_csv(r, &file);
    file_bytes_release(&file);
    if (st == OK && r->p->values.n == 0)
        st = fail(r->err, ERR_INVALID, _("%s: nothing is known of the patient in it"), r->path);
    return st;
}

enum status patient_open(struct patient **out, const char *path, struct error *err) {
    struct reader r = {.p = mem_zalloc(sizeof(*r.p)), .path = path, .err = err};
    if (!r.p) return fail(err, ERR_NOMEM, _("%s: not enough memory"), path);
    enum status st = file_check_name(path, err);
    if (!st) st = read_file(&r);
    if (st) {
        patient_close(r.p);
        return st;
    }
    *out = r.p;
    return OK;
}

void patient_close(struct patient *p) {
    if (!p) return;
    if (p->values.data) mem_wipe(p->values.data, p->values.n * sizeof(struct patient_value));
    array_release(&p->values);
    mem_free(p);
}
