# SPDX-License-Identifier: MIT
"""The folded view of a text, as src/text/fold.c makes it: one byte a visible character, without accents, look-alikes made
plain, what cannot be seen gone. The tagger reads that view here and in the program, so that accents, full-width digits and
zero-width blanks are no news to it.

The tables of Latin letters and of look-alikes are read from fold.c itself: they stand in one place.
"""

import functools
import pathlib
import re
from typing import Dict, List, Tuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
ORDINAL, BULLET, LETTER, SYMBOL = "\xba", "\xb7", "\xc0", "\xa4"
COMBINING = ((0x300, 0x36F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F))
INVISIBLE = (
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x61C, 0x61C),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x2064),
    (0x2066, 0x206F),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
)
DIGIT_ZEROS = (0x660, 0x6F0, 0x966, 0x9E6, 0xFF10, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6)
LATIN_1_SIGNS = {
    0xA0: " ",
    0xAA: ORDINAL,
    0xB0: ORDINAL,
    0xBA: ORDINAL,
    0xAB: '"',
    0xBB: '"',
    0xB4: "'",
    0xB7: BULLET,
    0x85: "\n",
}
PUNCTUATION = {
    0x2024: ".",
    0x2026: ".",
    0x2032: "'",
    0x2022: BULLET,
    0x2023: BULLET,
    0x2027: BULLET,
    0x2043: BULLET,
    0x2044: "/",
}


@functools.lru_cache(maxsize=1)
def _tables() -> Tuple[str, str, str, Dict[int, str]]:
    source = (ROOT / "src" / "text" / "fold.c").read_text(encoding="utf-8")

    def letters(name: str) -> str:
        body = re.search(name + r"\[\] =(.*?);", source, re.S)
        assert body, name
        return "".join(re.findall(r'"([^"]*)"', body.group(1)))

    pairs = re.findall(r"\{0x([0-9a-f]{4}), '(.)'\}", source)
    look_alikes = {int(code, 16): latin for code, latin in pairs}
    return letters("latin_base"), letters("latin_extended"), letters("latin_additional"), look_alikes


def _within(ranges: Tuple[Tuple[int, int], ...], code: int) -> bool:
    return any(low <= code <= high for low, high in ranges)


def _punctuation(code: int) -> str:
    if code in (0x2028, 0x2029):
        return "\n"
    if code <= 0x200A or code in (0x202F, 0x205F):
        return " "
    if code <= 0x2015:
        return "-"
    if 0x2018 <= code <= 0x201B:
        return "'"
    if 0x201C <= code <= 0x201F:
        return '"'
    return PUNCTUATION.get(code, SYMBOL)


def _latin(code: int) -> str:
    base, extended, additional, _ = _tables()
    if code < 0x180:
        return base[code - 0xC0]
    if code == 0x192:
        return "f"
    letter = extended[code - 0x180] if code < 0x250 else additional[code - 0x1E00]
    return LETTER if letter == "#" else letter


def _rest(code: int) -> str:
    for zero in DIGIT_ZEROS:
        if zero <= code < zero + 10:
            return chr(ord("0") + code - zero)
    if 0x1E00 <= code < 0x2000:
        return LETTER
    if 0x2000 <= code < 0x2070:
        return _punctuation(code)
    if code in (0x2116, 0x2212, 0x3000):
        return {0x2116: ORDINAL, 0x2212: "-", 0x3000: " "}[code]
    if 0xFF01 <= code <= 0xFF5E:
        return chr(code - 0xFF01 + ord("!"))
    return SYMBOL if 0x2070 <= code < 0x2C00 or 0x1F000 <= code < 0x20000 else LETTER


@functools.lru_cache(maxsize=None)
def fold_character(char: str) -> str:
    """One character of Latin-1, or "" where it vanishes."""
    code = ord(char)
    if char in "\v\f":
        return "\n"
    if code < 0x80:
        return char
    if _within(COMBINING, code) or _within(INVISIBLE, code):
        return ""
    if code < 0xC0:
        return LATIN_1_SIGNS.get(code, LETTER if code < 0xA0 else SYMBOL)
    if code < 0x250 or 0x1E00 <= code < 0x1F00:
        return _latin(code)
    if 0x370 <= code < 0x530:
        return _tables()[3].get(code, LETTER)
    return _rest(code)


def fold(text: str) -> Tuple[str, List[int]]:
    """(folded text, for each of its characters the place in `text`)"""
    out: List[str] = []
    places: List[int] = []
    for place, char in enumerate(text):
        if char == "\r":
            char = " " if text[place + 1 : place + 2] == "\n" else "\n"
        byte = fold_character(char)
        if byte:
            out.append(byte)
            places.append(place)
    return "".join(out), places
