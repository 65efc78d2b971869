# SPDX-License-Identifier: MIT
"""Logits held against golden ones: the measures of the reference, in plain Python.

A case is a dictionary as in a manifest of the reference: tokens, ctx, first_position, shape,
tolerance_nmse, tolerance_worst_position, argmax, margin, decisive_margin.
"""
import array

EXACT = 1e-9             # --exact: f32 activations and sums
# What a cache of another type may add to a case's tolerance (the command line's promise); to one
# position alone four times as much, like the tolerances themselves. (The oracle with keys and values
# rounded to q8_0: 7e-4 over tiny-gemma2-f16's prompt, 3.9e-3 at its worst position.)
CACHE_ADDS = {'f32': 0.0, 'f16': 3e-6, 'q8_0': 2e-3}
WORST_POSITION = 4


def read_floats(path):
    values = array.array('f')
    with open(path, 'rb') as file:
        values.frombytes(file.read())
    return values


def rows_of(values, n_columns):
    return [values[i:i + n_columns] for i in range(0, len(values), n_columns)]


def measure(rows, golden):
    """(NMSE over all rows, the largest NMSE of one row)."""
    errors = [sum((a - b) ** 2 for a, b in zip(row, good)) for row, good in zip(rows, golden)]
    powers = [sum(b * b for b in good) for good in golden]
    return sum(errors) / sum(powers), max(e / p for e, p in zip(errors, powers))


def first_tokens_agree(rows, case):
    """The same first token wherever the golden lead is decisive."""
    return all(max(range(len(row)), key=row.__getitem__) == want
               for row, want, margin in zip(rows, case['argmax'], case['margin'])
               if margin >= case['decisive_margin'])


def faults(values, golden, case, exact, cache):
    """What is wrong with the logits of one run; an empty list when nothing is."""
    n_rows, n_columns = case['shape']
    if len(values) != n_rows * n_columns:
        return [f'{len(values)} values, not {n_rows}x{n_columns}']
    rows = rows_of(values, n_columns)
    nmse, worst = measure(rows, rows_of(golden, n_columns))
    allowed = EXACT if exact else case['tolerance_nmse'] + CACHE_ADDS[cache]
    allowed_worst = 10 * EXACT if exact else (
        case['tolerance_worst_position'] + WORST_POSITION * CACHE_ADDS[cache])
    found = []
    if not nmse <= allowed:  # a NaN is not either
        found.append(f'NMSE {nmse:.3g}, allowed {allowed:.3g}')
    if not worst <= allowed_worst:
        found.append(f'worst position {worst:.3g}, allowed {allowed_worst:.3g}')
    if cache != 'q8_0' and not first_tokens_agree(rows, case):
        found.append('another first token where the choice is clear')
    return found
