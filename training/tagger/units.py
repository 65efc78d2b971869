# SPDX-License-Identifier: MIT
"""A folded text (fold.py) cut into units: runs of letters (cut again where a lower-case letter meets an upper-case one),
runs of digits, single signs, line ends. Blanks are no units; what stood before a unit is one of its features.

Written twice, here and in src/tagger/units.c.
"""

import functools
import re
from typing import List, NamedTuple

# what stands before a unit
GLUED, ONE_BLANK, BLANKS, TAB, LINE_START, INDENT = range(6)
SPACINGS = 6

_UNIT = re.compile("[A-Za-z\xc0]+|[0-9]+|\n|[^\x00-\x20]")
_CASE_CHANGE = re.compile("(?<=[a-z\xc0])(?=[A-Z])")


class Unit(NamedTuple):
    text: str
    start: int  # in the folded text
    spacing: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@functools.lru_cache(maxsize=1 << 16)
def _parts(run: str) -> tuple:
    return tuple(_CASE_CHANGE.split(run))


def is_letters(text: str) -> bool:
    return text[0] in "\xc0" or ("A" <= text[0] <= "Z") or ("a" <= text[0] <= "z")


def is_digits(text: str) -> bool:
    return "0" <= text[0] <= "9"


def spacing_of(gap: str, first: bool) -> int:
    if first:
        return INDENT if gap else LINE_START
    if not gap:
        return GLUED
    if "\t" in gap:
        return TAB
    return ONE_BLANK if len(gap) == 1 else BLANKS


def units_of(text: str) -> List[Unit]:
    out: List[Unit] = []
    end, first = 0, True
    for match in _UNIT.finditer(text):
        run = match.group()
        spacing = spacing_of(text[end : match.start()], first)
        at = match.start()
        for number, part in enumerate(_parts(run) if len(run) > 1 and is_letters(run) else (run,)):
            out.append(Unit(part, at, spacing if number == 0 else GLUED))
            at += len(part)
        end, first = match.end(), run == "\n"
    return out
