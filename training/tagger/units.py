# SPDX-License-Identifier: MIT
"""A text cut into units: runs of letters (cut again where a lower-case letter meets an upper-case one), runs of digits,
single signs, line ends. Blanks are no units; what stood before a unit is one of its features.

Kept simple enough to be written twice, here and in src/tagger: letters are those of Latin script below U+0250, digits the
ten of ASCII; everything else that is not blank is a sign.
"""

import functools
import re
import unicodedata
from typing import List, NamedTuple

# what stands before a unit
GLUED, ONE_BLANK, BLANKS, TAB, LINE_START, INDENT = range(6)
SPACINGS = 6

LATIN = "A-Za-zªµºÀ-ÖØ-öø-ɏ"
_UNIT = re.compile(f"[{LATIN}]+|[0-9]+|\n|[^\\s]")
_CASE_CHANGE = re.compile(r"(?<=[a-zß-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])")


class Unit(NamedTuple):
    text: str
    start: int  # in code points
    spacing: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@functools.lru_cache(maxsize=1 << 16)
def _parts(run: str) -> tuple:
    return tuple(_CASE_CHANGE.split(run))


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
        for number, part in enumerate(_parts(run) if len(run) > 1 and run[0].isalpha() else (run,)):
            out.append(Unit(part, at, spacing if number == 0 else GLUED))
            at += len(part)
        end, first = match.end(), run == "\n"
    return out


@functools.lru_cache(maxsize=1 << 16)
def folded(text: str) -> str:
    """Lower case, no accents (ñ is n: half of the scanned and typed notes have it so)."""
    return "".join(char for char in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(char))
