# SPDX-License-Identifier: MIT
"""What is known of a unit: rows of one table of embeddings, which the encoder's input is the sum of.

Each channel owns a stretch of the table. Words have rows of their own where training saw them often enough; all else is
hashed (FNV-1a, 32 bits, over the UTF-8 bytes of the folded text, seeded by the channel), so that src/tagger needs no list
but that of the words. Lists of the anonymiser (names, places, drugs...) speak through flags.
"""

import collections
import functools
import re
from typing import Dict, Iterable, List, Sequence, Tuple

from notegen.lists import entries

from .units import SPACINGS, Unit, folded

WORD_MINIMUM = 3
WORD_ROWS = 12_000
AFFIX_ROWS, GRAM_ROWS, SHAPE_ROWS = 4096, 8192, 512
LENGTHS, CASES = 16, 6
LOWER, UPPER, TITLE, MIXED, DIGITS, SIGN = range(6)

# The word lists of the anonymiser, in the order of their flags.
LISTS = (
    "first_names",
    "surnames",
    "nicknames",
    "ambiguous_names",
    "towns_uy",
    "barrios_uy",
    "institutions_uy",
    "professions",
    "towns_es",
    "places_world",
    "countries",
    "drugs",
    "eponyms",
    "clinical_words",
    "common_words",
    "departments_uy",
)


def fnv(text: str, seed: int) -> int:
    value = 2166136261 ^ seed
    for byte in text.encode("utf-8"):
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


def case_of(text: str) -> int:
    if text.isdigit():
        return DIGITS
    if not text.isalpha():
        return SIGN
    if text.islower():
        return LOWER
    if text.isupper():
        return UPPER
    return TITLE if text[0].isupper() and text[1:].islower() else MIXED


def word_of(text: str) -> str:
    """What a unit is called in the word list: long numbers and years are classes."""
    if text.isdigit():
        if re.fullmatch("(?:19|20)[0-9][0-9]", text):
            return "<year>"
        return text if len(text) <= 2 else f"<{min(len(text), 12)} digits>"
    return folded(text)


def shape_of(text: str) -> str:
    if text.isdigit():
        return "9" * min(len(text), 12)
    shape = re.sub("[A-ZÀ-ÖØ-Þ]", "X", re.sub("[a-zß-öø-ÿ]", "x", text))
    return re.sub(r"(.)\1{2,}", r"\1\1", shape)


@functools.lru_cache(maxsize=1)
def _flags() -> Dict[str, Tuple[int, ...]]:
    """Folded word -> the lists that hold it; of entries of several words, each word of four letters or more."""
    found: Dict[str, set] = collections.defaultdict(set)
    for number, name in enumerate(LISTS):
        for entry in entries(name):
            words = re.findall("[^\\W\\d_]+", entry.text)
            for word in words:
                if len(words) == 1 or len(word) >= 4:
                    found[folded(word)].add(number)
    return {word: tuple(sorted(numbers)) for word, numbers in found.items()}


class Table:
    """Where each channel's rows are."""

    def __init__(self, words: Sequence[str]):
        self.words = {word: number for number, word in enumerate(words, 1)}  # row 0: unknown
        sizes = (
            ("word", len(words) + 1),
            ("shape", SHAPE_ROWS),
            ("length", LENGTHS),
            ("case", CASES),
            ("affix", AFFIX_ROWS),
            ("gram", GRAM_ROWS),
            ("spacing", SPACINGS),
            ("flag", len(LISTS) + 1),
        )
        self.offset: Dict[str, int] = {}
        at = 0
        for name, size in sizes:
            self.offset[name] = at
            at += size
        self.rows = at
        self._cache: Dict[str, Tuple[int, ...]] = {}

    def of_text(self, text: str) -> Tuple[int, ...]:
        """The rows of a unit's text; the first is its word, the last ones its flags."""
        rows = self._cache.get(text)
        if rows is None:
            rows = self._cache[text] = self._of_text(text)
        return rows

    def _of_text(self, text: str) -> Tuple[int, ...]:
        offset, plain = self.offset, folded(text)
        rows = [
            offset["word"] + self.words.get(word_of(text), 0),
            offset["shape"] + fnv(shape_of(text), 1) % SHAPE_ROWS,
            offset["length"] + min(len(text), LENGTHS) - 1,
            offset["case"] + case_of(text),
        ]
        if text.isalpha():
            affixes = [("p", plain[:size]) for size in (1, 2, 3) if len(plain) >= size] + [
                ("s", plain[-size:]) for size in (1, 2, 3, 4) if len(plain) >= size
            ]
            rows += [offset["affix"] + fnv(side + part, 2) % AFFIX_ROWS for side, part in affixes]
            around = f"<{plain}>"
            rows += [
                offset["gram"] + fnv(around[at : at + size], 3) % GRAM_ROWS
                for size in (3, 4)
                for at in range(len(around) - size + 1)
            ][:24]
            flags = _flags().get(plain, ())
            rows += [offset["flag"] + 1 + flag for flag in flags] or [offset["flag"]]
        return tuple(rows)

    def of_unit(self, unit: Unit) -> Tuple[int, ...]:
        return self.of_text(unit.text) + (self.offset["spacing"] + unit.spacing,)

    def is_flag(self, row: int) -> bool:
        return row >= self.offset["flag"]


def word_list(texts: Iterable[Iterable[Unit]]) -> List[str]:
    """The words seen often enough, the most frequent first."""
    count = collections.Counter(word_of(unit.text) for units in texts for unit in units)
    return [
        word for word, times in sorted(count.items(), key=lambda item: (-item[1], item[0])) if times >= WORD_MINIMUM
    ][:WORD_ROWS]
