# SPDX-License-Identifier: MIT
"""Ages: within some years of what they were, so that a child stays a child, in figures or in words."""

import re

from . import spelled
from .lists import fold
from .people import cased_like
from .rng import Rng

UNITS = (" años", " años", " a", "a", " A", " AÑOS", " a.", " añ", "", "", " años de edad", "años", "A")
_WORDS = re.compile(r"\b(?:" + spelled.WORDS + r")\b")
OLDEST, OLDEST_TOLD = 103, 110


def near(years: int, rng: Rng) -> int:
    spread = max(1, years // 6)
    return min(max(1, years + rng.between(-spread, spread)), OLDEST)


def age_like(old: str, other_form: float, rng: Rng) -> str:
    """Months, days and words keep their unit; years in figures may take another."""

    def figures(match: "re.Match[str]") -> str:
        years = int(match.group())
        return str(near(years, rng)) if years <= OLDEST_TOLD else match.group()

    if re.fullmatch(r"\d+ ?(?:años|a\.?|años de edad|A|AÑOS)?", old) and rng.chance(other_form):
        return re.sub(r"\d+", figures, re.match(r"\d+", old).group()) + rng.pick(UNITS)
    new = re.sub(r"\d+", figures, old)
    folded = fold(new)
    if len(folded) != len(new):  # accents as characters of their own: places would differ
        return new
    out, at = [], 0
    for match in _WORDS.finditer(folded):
        word = new[match.start() : match.end()]
        years = near(spelled.number_of(word), rng)
        out += [new[at : match.start()], cased_like(spelled.in_words(min(years, 99)), word)]
        at = match.end()
    return "".join(out) + new[at:]
