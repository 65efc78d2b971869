/* SPDX-License-Identifier: MIT
 *
 * Numbers of a schema as decimal digits. A binary fraction is written with the fewest digits that
 * read back as the same, which is what its author typed.
 */
#include "engine/schema.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sets the digits of 0.DIGITS times ten to the power `point`; value 0 has no digit. */
static void place_digits(struct decimal *d, const char *digits, size_t n, long point) {
    while (n && digits[n - 1] == '0')
        n--;
    if (!n) point = 0;
    d->n_int = point > 0 ? (size_t)point : 1;
    memset(d->digits, '0', sizeof(d->digits));
    const size_t skipped = point > 0 ? 0 : 1 + (size_t)-point;
    memcpy(d->digits + skipped, digits, n);
    d->n_frac = skipped + n > d->n_int ? skipped + n - d->n_int : 0;
    if (!n) d->negative = false;
}

void decimal_from_double(struct decimal *d, double value) {
    char text[40], digits[24];
    size_t n = 0;
    long exponent = 0;
    for (int precision = 0; precision <= 16; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision, fabs(value));
        if (strtod(text, NULL) == fabs(value)) break;
    }
    const char *e = strchr(text, 'e');
    for (const char *c = text; c < e; c++)
        if (*c >= '0' && *c <= '9') digits[n++] = *c;
    exponent = strtol(e + 1, NULL, 10);
    d->negative = value < 0;
    place_digits(d, digits, n, exponent + 1);
}

void decimal_from_integer(struct decimal *d, long long value) {
    char text[24];
    const size_t sign = value < 0;
    const size_t n = (size_t)snprintf(text, sizeof(text), "%lld", value) - sign;
    d->negative = value < 0;
    place_digits(d, text + sign, n, value ? (long)n : 0);
}

void decimal_from_json(struct decimal *d, const json_t *number) {
    if (json_is_real(number))
        decimal_from_double(d, json_real_value(number));
    else
        decimal_from_integer(d, json_integer_value(number));
}

static int compare_magnitudes(const struct decimal *a, const struct decimal *b) {
    if (a->n_int != b->n_int) return a->n_int < b->n_int ? -1 : 1;
    const size_t n_frac = a->n_frac > b->n_frac ? a->n_frac : b->n_frac;
    return memcmp(a->digits, b->digits, a->n_int + n_frac); /* zeros follow the last digit */
}

int decimal_compare(const struct decimal *a, const struct decimal *b) {
    if (a->negative != b->negative) return a->negative ? -1 : 1;
    const int order = compare_magnitudes(a, b);
    return a->negative ? -order : order;
}
