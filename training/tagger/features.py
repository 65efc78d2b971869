# SPDX-License-Identifier: MIT
"""What is known of a unit: rows of one table of embeddings, which the encoder's input is the sum of.

Each channel owns a stretch of the table. Words have rows of their own where training saw them often enough; affixes, grams
and shapes are hashed (FNV-1a, 32 bits, over the bytes of the folded text, seeded by the channel). Lists of the anonymiser
(names, places, drugs...) speak through flags, which travel with the model (export.py): it needs no list of the program's.

Written twice, here and in src/tagger/unit_features.c.
"""

import collections
import functools
import re
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

from notegen.lists import entries

from .fold import fold
from .units import SPACINGS, Unit, is_digits, is_letters

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
    for byte in text.encode("latin-1"):
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


def case_of(text: str) -> int:
    if is_digits(text):
        return DIGITS
    if not is_letters(text):
        return SIGN
    capitals = sum("A" <= char <= "Z" for char in text)
    if capitals == 0:
        return LOWER
    if capitals == len(text):
        return UPPER
    return (
        TITLE if capitals == 1 else MIXED
    )  # a unit is cut where a capital follows a small letter: its capitals come first


def word_of(text: str) -> str:
    """What a unit is called in the word list: long numbers and years are classes."""
    if is_digits(text):
        if re.fullmatch("(?:19|20)[0-9][0-9]", text):
            return "<year>"
        return text if len(text) <= 2 else f"<{min(len(text), 12)} digits>"
    return lower(text)


def shape_of(text: str) -> str:
    """No more than two alike in a row: Xxx, xx, XX, XXxx; 999; a sign itself."""
    if is_digits(text):
        return "9" * min(len(text), 12)
    if not is_letters(text):
        return text
    capitals = sum("A" <= char <= "Z" for char in text)
    return "X" * min(capitals, 2) + "x" * min(len(text) - capitals, 2)


def lower(text: str) -> str:
    return "".join(chr(ord(char) + 32) if "A" <= char <= "Z" else char for char in text)


@functools.lru_cache(maxsize=1)
def flags() -> Dict[str, Tuple[int, ...]]:
    """Folded word -> the lists that hold it; of entries of several words, each word of four letters or more."""
    found: Dict[str, set] = collections.defaultdict(set)
    for number, name in enumerate(LISTS):
        for entry in entries(name):
            words = re.findall("[a-z]+", lower(fold(entry.text)[0]))
            for word in words:
                if len(words) == 1 or len(word) >= 4:
                    found[word].add(number)
    return {word: tuple(sorted(numbers)) for word, numbers in found.items()}


class Table:
    """Where each channel's rows are."""

    def __init__(self, words: Sequence[str], listed: Optional[Dict[str, Tuple[int, ...]]] = None):
        """listed: which lists hold a word; those of the tree unless a model file brings its own."""
        self.listed = flags() if listed is None else listed
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
        offset, plain = self.offset, lower(text)
        rows = [
            offset["word"] + self.words.get(word_of(text), 0),
            offset["shape"] + fnv(shape_of(text), 1) % SHAPE_ROWS,
            offset["length"] + min(len(text), LENGTHS) - 1,
            offset["case"] + case_of(text),
        ]
        if is_letters(text):
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
            listed = self.listed.get(plain, ())
            rows += [offset["flag"] + 1 + flag for flag in listed] or [offset["flag"]]
        return tuple(rows)

    def of_unit(self, unit: Unit) -> Tuple[int, ...]:
        return self.of_text(unit.text) + (self.offset["spacing"] + unit.spacing,)

    def is_flag(self, row: int) -> bool:
        return row >= self.offset["flag"]


def word_list(texts: Iterable[Iterable[Unit]]) -> List[str]:
    """The words seen often enough, the most frequent first."""
    count = collections.Counter(word_of(unit.text) for units in texts for unit in units)
    return [
        word
        for word, times in sorted(count.items(), key=lambda item: (-item[1], item[0]))
        if times >= WORD_MINIMUM and word.isascii()
    ][:WORD_ROWS]
