# SPDX-License-Identifier: MIT
"""Ordinary words in place of ordinary words: what is not personal must be learnt from its place and from the word lists, not
by heart. Without it a tagger takes every capitalised word that it has not seen for a surname.

The sentence makes less sense; nothing personal or clinical depends on it. Words that cues and fields are made of stay.
"""

import functools
import re
from typing import FrozenSet, List, Tuple

from .lists import Words, entries, fold
from .note import Piece, Pieces
from .rng import Rng

_WORD = re.compile("[^\\W\\d_]{4,}")
POOLS = (("common_words", 6), ("clinical_words", 3), ("drugs", 1))
NAMED = (
    "first_names",
    "surnames",
    "nicknames",
    "ambiguous_names",
    "towns_uy",
    "barrios_uy",
    "departments_uy",
    "institutions_uy",
    "professions",
    "towns_es",
    "places_world",
    "countries",
    "eponyms",
)
CUES = ("functional", "cues", "fields", "field_names")


def _words(name: str) -> List[str]:
    return [word for entry in entries(name) for word in _WORD.findall(entry.text)]


@functools.lru_cache(maxsize=1)
def _kept() -> FrozenSet[str]:
    """Words that evidence is made of, which stay."""
    return frozenset(fold(word) for name in CUES + ("professions", "institutions_uy") for word in _words(name))


@functools.lru_cache(maxsize=2)
def _pools(evaluation: bool) -> Tuple[Tuple[str, ...], ...]:
    named = {fold(word) for name in NAMED for word in _words(name)}
    words = Words(evaluation)
    return tuple(
        tuple(
            entry.text
            for entry in words.entries(name)
            if _WORD.fullmatch(entry.text) and fold(entry.text) not in named | _kept()
        )
        for name, _ in POOLS
    )


def cased_like(word: str, model: str) -> str:
    if model.isupper():
        return word.upper()
    return word.capitalize() if model[0].isupper() else word.lower()


def misspelt(word: str, rng: Rng) -> str:
    at = rng.below(len(word) - 1)
    if rng.chance(0.5):
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + word[at + 1 :]


def change(pieces: Pieces, share: float, rng: Rng, evaluation: bool = False) -> Pieces:
    """share: how many of the words outside personal values are replaced."""
    drawn = [pool for pool, (_, weight) in zip(_pools(evaluation), POOLS) for _ in range(weight)]

    def other(match: "re.Match[str]") -> str:
        word = match.group()
        if not rng.chance(share) or fold(word) in _kept():
            return word
        fresh = cased_like(rng.pick(rng.pick(drawn)), word)
        if rng.chance(0.08):
            fresh = fresh.capitalize()
        return misspelt(fresh, rng) if rng.chance(0.1) else fresh

    return [piece if piece.personal else Piece(_WORD.sub(other, piece.text), piece.kind) for piece in pieces]
