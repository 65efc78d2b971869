#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes src/tokenizer/unicode_data.c from Python's unicodedata: what the pre-tokenisers ask of a
character, and canonical composition. Run it with the Python whose Unicode version is wanted:

    tools/make_unicode.py > src/tokenizer/unicode_data.c
"""
import unicodedata

FIRST = 0x600  # UNICODE_FIRST of unicode.h
LAST = 0x10FFFF
# White_Space of PropList.txt; it has not changed since Unicode 6.3
SPACES = {*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029,
          0x202F, 0x205F, 0x3000}
LETTER, NUMBER, SPACE, UPPER, LOWER, UNSTABLE = 1, 2, 4, 8, 16, 32
OF_CATEGORY = {'Lu': LETTER | UPPER, 'Lt': LETTER | UPPER, 'Ll': LETTER | LOWER,
               'Lm': LETTER | UPPER | LOWER, 'Lo': LETTER | UPPER | LOWER,
               'Mn': UPPER | LOWER, 'Mc': UPPER | LOWER, 'Me': UPPER | LOWER,
               'Nd': NUMBER, 'Nl': NUMBER, 'No': NUMBER}


def is_surrogate(cp):
    return 0xD800 <= cp <= 0xDFFF


def canonical(cp):
    """The canonical decomposition, one step: one or two code points, or none."""
    text = unicodedata.decomposition(chr(cp))
    return [int(word, 16) for word in text.split()] if text and text[0] != '<' else []


DECOMPOSED = [(cp, *canonical(cp)) for cp in range(LAST + 1) if canonical(cp)]
COMPOSED = {(a, rest[0]): cp for cp, a, *rest in DECOMPOSED
            if rest and unicodedata.normalize('NFC', chr(a) + chr(rest[0])) == chr(cp)}
SECONDS = {b for _, b in COMPOSED} | set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))


def flags(cp):
    if is_surrogate(cp):
        return 0
    bits = OF_CATEGORY.get(unicodedata.category(chr(cp)), 0) | (SPACE if cp in SPACES else 0)
    changes = unicodedata.normalize('NFC', chr(cp)) != chr(cp)
    if changes or unicodedata.combining(chr(cp)) or cp in SECONDS:
        bits |= UNSTABLE
    return bits


def show(declaration, values):
    print(f'\n{declaration} = {{')
    line = '   '
    for value in values:
        if len(line) + len(str(value)) + 2 > 100:
            print(line)
            line = '   '
        line += f' {value},'
    print(line + '\n};')


def main():
    runs = []  # where the flags change
    for cp in range(LAST + 1):
        value = flags(cp)
        if not runs or runs[-1][1] != value:
            runs.append((cp, value))
    ranks = []  # runs of one combining class
    for cp in range(LAST + 1):
        rank = 0 if is_surrogate(cp) else unicodedata.combining(chr(cp))
        if rank and ranks and ranks[-1][1] == cp - 1 and ranks[-1][2] == rank:
            ranks[-1][1] = cp
        elif rank:
            ranks.append([cp, cp, rank])
    places = {cp: i for i, (cp, *_) in enumerate(DECOMPOSED)}

    print('/* SPDX-License-Identifier: MIT\n *\n'
          f' * Unicode {unicodedata.unidata_version}, made by tools/make_unicode.py and not by hand: '
          'what each table\n * is stands in unicode.h.\n */\n'
          '#include "tokenizer/unicode.h"\n\n/* clang-format off */')
    show('const uint8_t unicode_first[UNICODE_FIRST]', [flags(cp) for cp in range(FIRST)])
    show('const uint32_t unicode_runs[]', [cp << 8 | value for cp, value in runs])
    show('const struct unicode_rank unicode_ranks[]',
         [f'{{{a},{b},{rank}}}' for a, b, rank in ranks])
    show('const struct unicode_decomposition unicode_decompositions[]',
         [f'{{{cp},{a},{rest[0] if rest else 0}}}' for cp, a, *rest in DECOMPOSED])
    show('const uint16_t unicode_compositions[]',
         [places[cp] for _, cp in sorted(COMPOSED.items())])
    print()
    for name, values in (('runs', runs), ('ranks', ranks), ('decompositions', DECOMPOSED),
                         ('compositions', COMPOSED)):
        print(f'const size_t unicode_n_{name} = {len(values)};')


main()
