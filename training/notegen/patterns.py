# SPDX-License-Identifier: MIT
"""Two small languages in which forms are written down: one for codes, one for phrases."""

import re
from typing import Callable, Mapping

from .rng import Rng

CONSONANTS = "BCDFGHJKLMNPRSTVWXZ"
FIRST_YEAR, LAST_YEAR = 15, 26  # of this century

Slots = Mapping[str, Callable[[], str]]


def code(pattern: str, rng: Rng) -> str:
    """`#` a digit, `@` a consonant in capitals, `YY` a year of two digits, `_` a blank; the rest stands for itself."""
    out = []
    for part in re.findall("YY|.", pattern):
        if part == "#":
            out.append(rng.digits(1))
        elif part == "@":
            out.append(rng.pick(CONSONANTS))
        elif part == "YY":
            out.append(str(rng.between(FIRST_YEAR, LAST_YEAR)))
        else:
            out.append(" " if part == "_" else part)
    return "".join(out)


def phrase(form: str, slots: Slots) -> str:
    """`{slot}` is asked for anew at each place where it stands."""
    return re.sub(r"\{(\w+)\}", lambda match: slots[match.group(1)](), form)
