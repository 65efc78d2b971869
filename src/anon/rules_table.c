/* SPDX-License-Identifier: MIT
 *
 * Tables: a line of headings that are names of fields, and the values below each of them.
 *
 * A table is set in columns (two blanks or more between cells, values under their heading) or its
 * cells are delimited by tabs, bars, semicolons or, in quotes or glued, commas. Headings of no
 * known field ("dosis", "obs.") may stand between others, if enough are known; their cells are left
 * to the other rules. A table ends at an empty line, a line of another shape, or new headings.
 */
#include "anon/field_values.h"
#include "anon/rules.h"

enum {
    HEADINGS_MAX = 24,
    CELLS_MAX = 64,  /* of a row in columns: bounds the work on a line without end */
    KNOWN_MIN = 3,   /* so many headings must be known where others are not */
    CELLS_MIN = 4,   /* and a delimited table has at least so many cells */
    HEADING_GAP = 2, /* blanks between headings in columns */
    VALUE_GAP = 3,   /* and between values: a name may hold two */
};

struct heading {
    const struct field *field; /* NULL: one that nobody knows */
    size_t column;             /* of its first character, where the table is set in columns */
};

struct headings {
    size_t n, n_known;
    struct heading at[HEADINGS_MAX];
};

/* The field that a cell names: whole ("apellido y nombre"), or up to an underscore
 * ("apellidos_nom"). */
static const struct field *field_of_cell(const struct note *note, size_t first, size_t end) {
    const struct field *field = NULL;
    while (end > first && note_mark_in(note, end - 1, ".:"))
        end--;
    const size_t n = field_at(note, first, &field);
    if (n == 0) return NULL;
    if (first + n == end || note_is_mark(note, first + n, '_')) return field;
    return NULL;
}

/* "CAA 1906" under "movil" is the plate of an ambulance. */
static bool is_plate_for_phone(const struct note *note, size_t first, const struct field *field) {
    return field->type == VALUE_PHONE && note_is_word(note, first) &&
           note_token(note, first)->shape == SHAPE_UPPER && note_is_number(note, first + 1);
}

static void take_cell(struct note *note, size_t first, size_t end, const struct field *field) {
    if (!field || first >= end || is_plate_for_phone(note, first, field)) return;
    value_take(note, &(struct value){first, end, field, RULE_FIELD_BELOW});
}

/* ---- columns ---- */

static size_t column_of(const struct note *note, size_t i) {
    size_t column = 0;
    for (size_t j = note_line_first(note, i); j < i; j++)
        column += note_len(note, j) + note_token(note, j)->gap;
    return column + note_token(note, i)->gap;
}

/* End of the cell that begins at a token: where a gap opens the next one. */
static size_t gap_end(const struct note *note, size_t i, size_t line_end, unsigned gap) {
    size_t end = i + 1;
    while (end < line_end && note_token(note, end)->gap < gap)
        end++;
    return end;
}

static bool read_columns(struct headings *h, const struct note *note, size_t first, size_t end) {
    h->n = h->n_known = 0;
    for (size_t at = first; at < end; h->n++) {
        if (h->n == HEADINGS_MAX) return false;
        const size_t cell_end = gap_end(note, at, end, HEADING_GAP);
        const struct field *field = field_of_cell(note, at, cell_end);
        h->at[h->n] = (struct heading){field, column_of(note, at)};
        h->n_known += field != NULL;
        at = cell_end;
    }
    if (h->n_known == h->n) return h->n >= 2;
    return h->n_known >= KNOWN_MIN && h->n >= CELLS_MIN;
}

/* A value's own column: that of the heading that begins nearest. */
static const struct field *nearest_field(const struct headings *h, size_t column) {
    const struct field *field = NULL;
    size_t best = SIZE_MAX;
    for (size_t c = 0; c < h->n; c++) {
        const size_t there = h->at[c].column;
        const size_t distance = there > column ? there - column : column - there;
        if (distance >= best) continue;
        best = distance;
        field = h->at[c].field;
    }
    return field;
}

/* The cells of a line; their number is returned. */
static size_t take_columns(struct note *note, const struct headings *h, size_t first, size_t end) {
    size_t cells = 0;
    const unsigned gap = h->n >= CELLS_MIN && h->n_known < h->n ? HEADING_GAP : VALUE_GAP;
    for (size_t at = first; at < end && cells < CELLS_MAX; cells++) {
        const size_t cell_end = gap_end(note, at, end, gap);
        take_cell(note, at, cell_end, nearest_field(h, column_of(note, at)));
        at = cell_end;
    }
    return cells;
}

/* ---- delimited cells ---- */

/* Past token i, or the whole of a stretch in quotes that begins there. */
static size_t past(const struct note *note, size_t i, size_t end) {
    if (!note_is_mark(note, i, '"')) return i + 1;
    size_t close = i + 1;
    while (close < end && !note_is_mark(note, close, '"'))
        close++;
    return close < end ? close + 1 : i + 1;
}

static size_t delimiter_end(const struct note *note, size_t i, size_t end, unsigned char mark) {
    while (i < end && !note_is_mark(note, i, mark))
        i = past(note, i, end);
    return i;
}

static size_t count_cells(const struct note *note, size_t first, size_t end, unsigned char mark) {
    size_t cells = 1;
    for (size_t i = first; (i = delimiter_end(note, i, end, mark)) < end; i++)
        cells++;
    return cells;
}

/* The mark that parts the cells of a line; 0: it has none. A comma between words of prose has a
 * blank after it. */
static unsigned char delimiter_of(const struct note *note, size_t first, size_t end) {
    const unsigned char marks[] = {'|', ';', ','};
    for (size_t m = 0; m < sizeof marks; m++) {
        if (count_cells(note, first, end, marks[m]) < CELLS_MIN) continue;
        const size_t at = delimiter_end(note, first, end, marks[m]);
        if (marks[m] != ',' || note_glued(note, at + 1)) return marks[m];
    }
    return 0;
}

/* A cell without its quotes. */
static void unquote(const struct note *note, size_t *first, size_t *end) {
    if (*first < *end && note_is_mark(note, *first, '"')) ++*first;
    if (*first < *end && note_is_mark(note, *end - 1, '"')) --*end;
}

static bool read_delimited(struct headings *h, const struct note *note, size_t first, size_t end,
                           unsigned char mark) {
    h->n = h->n_known = 0;
    for (size_t at = first; at <= end; h->n++) {
        if (h->n == HEADINGS_MAX) return false;
        const size_t next = delimiter_end(note, at, end, mark);
        size_t from = at, to = next;
        unquote(note, &from, &to);
        const struct field *field = from < to ? field_of_cell(note, from, to) : NULL;
        h->at[h->n] = (struct heading){field, 0};
        h->n_known += field != NULL;
        at = next + 1;
    }
    return h->n_known >= KNOWN_MIN;
}

static void take_delimited(struct note *note, const struct headings *h, size_t first, size_t end,
                           unsigned char mark) {
    size_t at = first;
    for (size_t c = 0; c < h->n && at <= end; c++) {
        const size_t next = delimiter_end(note, at, end, mark);
        size_t from = at, to = next;
        unquote(note, &from, &to);
        take_cell(note, from, to, h->at[c].field);
        at = next + 1;
    }
}

/* ---- cells between tabs ---- */

/* Tabs before token i on its line: cells that end there. */
static size_t tabs_before(const struct note *note, size_t i) {
    const size_t start = note_token(note, i)->start;
    size_t n = 0;
    for (size_t j = start; j > note->start && note->text[j - 1] != '\n'; j--) {
        const unsigned char c = note->text[j - 1];
        if (c != '\t' && c != ' ') break;
        n += c == '\t';
    }
    return n;
}

static size_t tab_end(const struct note *note, size_t i, size_t line_end) {
    size_t end = i + 1;
    while (end < line_end && tabs_before(note, end) == 0)
        end++;
    return end;
}

static bool read_tabbed(struct headings *h, const struct note *note, size_t first, size_t end) {
    h->n = h->n_known = 0;
    for (size_t at = first; at < end;) {
        for (size_t tabs = tabs_before(note, at); tabs > (h->n > 0); tabs--)
            if (h->n < HEADINGS_MAX) h->at[h->n++] = (struct heading){NULL, 0};
        if (h->n == HEADINGS_MAX) return false;
        const size_t cell_end = tab_end(note, at, end);
        const struct field *field = field_of_cell(note, at, cell_end);
        h->at[h->n++] = (struct heading){field, 0};
        h->n_known += field != NULL;
        at = cell_end;
    }
    return h->n >= CELLS_MIN && h->n_known >= KNOWN_MIN;
}

/* The cells of a line; their number is returned, empty ones too. */
static size_t take_tabbed(struct note *note, const struct headings *h, size_t first, size_t end) {
    size_t cell = 0;
    for (size_t at = first; at < end;) {
        cell += tabs_before(note, at);
        const size_t cell_end = tab_end(note, at, end);
        if (cell < h->n) take_cell(note, at, cell_end, h->at[cell].field);
        at = cell_end;
    }
    return cell + 1;
}

/* ---- whole tables ---- */

/* "+----+----+", "=====": nothing but marks. */
static bool is_rule(const struct note *note, size_t first, size_t end) {
    for (size_t i = first; i < end; i++)
        if (!note_mark_in(note, i, "+-=_|:")) return false;
    return end > first;
}

/* How the cells of a table are told apart: a mark, tabs, or columns. */
enum { BY_COLUMNS = 0, BY_TABS = '\t' };

static bool read_headings(struct headings *h, const struct note *note, size_t first, size_t end,
                          unsigned char *by) {
    *by = BY_TABS;
    if (read_tabbed(h, note, first, end)) return true;
    *by = delimiter_of(note, first, end);
    return *by ? read_delimited(h, note, first, end, *by) : read_columns(h, note, first, end);
}

/* Takes the cells of a line; false: it is no row of this table. */
static bool take_row(struct note *note, const struct headings *h, size_t first, size_t end,
                     unsigned char by) {
    struct headings other;
    if (by == BY_TABS) return take_tabbed(note, h, first, end) * 2 >= h->n;
    if (by == BY_COLUMNS)
        return !read_columns(&other, note, first, end) && take_columns(note, h, first, end) >= 2;
    if (count_cells(note, first, end, by) * 2 < h->n) return false;
    take_delimited(note, h, first, end, by);
    return true;
}

void rules_tables(struct note *note) {
    const struct note_line *lines = note->lines.data;
    for (size_t l = 0; l < note->lines.n;) {
        const size_t first = lines[l].first, end = lines[l].end;
        struct headings headings;
        unsigned char by;
        if (end <= first || !read_headings(&headings, note, first, end, &by)) {
            l++;
            continue;
        }
        note_close(note, first, end); /* headings are no values of each other */
        for (l++; l < note->lines.n && lines[l].end > lines[l].first; l++)
            if (!is_rule(note, lines[l].first, lines[l].end) &&
                !take_row(note, &headings, lines[l].first, lines[l].end, by))
                break;
    }
}
