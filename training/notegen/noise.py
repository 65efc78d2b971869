# SPDX-License-Identifier: MIT
"""Damage: letter case, accents, the scanner's and the typist's errors, abbreviations. Pieces keep their kinds through
all of it.
"""

import functools
import re
from typing import Callable, Dict, List, Tuple

from .lists import entries
from .note import CLINICAL, Piece, Pieces, tidy
from .people import without_accents
from .rng import Rng

Change = Callable[[Pieces, Rng], Pieces]


def _each(change: Callable[[str], str], pieces: Pieces) -> Pieces:
    return [Piece(change(piece.text), piece.kind) for piece in pieces]


# --------------------------------------------------------------------------------- letter case


def upper(pieces: Pieces, rng: Rng) -> Pieces:
    plain = rng.chance(0.7)
    return _each(lambda text: without_accents(text.upper()) if plain else text.upper(), pieces)


def lower(pieces: Pieces, rng: Rng) -> Pieces:
    plain = rng.chance(0.5)
    return _each(lambda text: without_accents(text.lower()) if plain else text.lower(), pieces)


def no_accents(pieces: Pieces, rng: Rng) -> Pieces:
    enye = rng.chance(0.15)
    return _each(
        lambda text: without_accents(text).replace("ñ", "n").replace("Ñ", "N") if enye else without_accents(text),
        pieces,
    )


def some_accents_lost(pieces: Pieces, rng: Rng) -> Pieces:
    return _each(
        lambda text: re.sub(
            r"[áéíóúÁÉÍÓÚ]", lambda match: without_accents(match.group()) if rng.chance(0.6) else match.group(), text
        ),
        pieces,
    )


def names_lower(pieces: Pieces, rng: Rng) -> Pieces:
    """A typist who leaves the shift key alone where names are, or everywhere but there."""
    return [Piece(piece.text.lower(), piece.kind) if piece.personal and rng.chance(0.7) else piece for piece in pieces]


def names_upper(pieces: Pieces, rng: Rng) -> Pieces:
    return [
        Piece(without_accents(piece.text.upper()), piece.kind) if piece.personal and rng.chance(0.8) else piece
        for piece in pieces
    ]


def some_lines_upper(pieces: Pieces, rng: Rng) -> Pieces:
    out: Pieces = []
    shout = rng.chance(0.3)
    for piece in pieces:
        parts = piece.text.split("\n")
        for number, part in enumerate(parts):
            if number:
                out.append(Piece("\n"))
                shout = rng.chance(0.3)
            out.append(Piece(part.upper() if shout else part, piece.kind))
    return out


# ------------------------------------------------------------------------- the scanner's errors

OCR = {
    "l": "1",
    "1": "l",
    "I": "l",
    "O": "0",
    "0": "O",
    "o": "0",
    "5": "S",
    "S": "5",
    "8": "B",
    "B": "8",
    "e": "c",
    "c": "e",
    "a": "o",
    "n": "ri",
    "i": "í",
    "ñ": "n",
    "6": "b",
    "g": "q",
    "Z": "2",
    "2": "Z",
    "rn": "m",
    "m": "rn",
    "h": "b",
    "u": "ii",
    "t": "f",
    "f": "t",
    ".": ",",
    ",": ".",
    "-": "—",
    "E": "F",
    "D": "O",
    "G": "6",
    "á": "a",
    "é": "e",
    "ó": "o",
    "é ": "6 ",
}
_OCR = re.compile("|".join(re.escape(key) for key in sorted(OCR, key=len, reverse=True)))
STRAY = ("|", "~", "'", "·", ".", "`", "_", "¬", "*", "^")


def ocr(pieces: Pieces, rng: Rng) -> Pieces:
    rate, in_names = rng.pick((0.004, 0.01, 0.02, 0.04)), rng.pick((0.5, 1.0))

    def scanned(text: str, rate: float) -> str:
        text = _OCR.sub(lambda match: OCR[match.group()] if rng.chance(rate) else match.group(), text)
        if rng.chance(rate * 4):  # a word torn apart, or two run together
            text = re.sub(r"(?<=\w{3})(?=\w{3})", lambda match: " " if rng.chance(rate) else "", text)
        return text

    out = []
    for piece in pieces:
        text = scanned(piece.text, rate * in_names if piece.personal else rate)
        if piece.kind is None:
            text = re.sub(
                r" ",
                lambda match: " " + rng.pick(STRAY) + " "
                if rng.chance(rate / 4)
                else ("" if rng.chance(rate / 2) else " "),
                text,
            )
        out.append(Piece(text, piece.kind))
    return out


# --------------------------------------------------------------------------- the typist's errors

KEYS = {
    "a": "s",
    "s": "ad",
    "d": "sf",
    "f": "dg",
    "g": "fh",
    "h": "gj",
    "j": "hk",
    "k": "jl",
    "l": "kñ",
    "q": "w",
    "w": "qe",
    "e": "wr",
    "r": "et",
    "t": "ry",
    "y": "tu",
    "u": "yi",
    "i": "uo",
    "o": "ip",
    "p": "o",
    "z": "x",
    "x": "zc",
    "c": "xv",
    "v": "cb",
    "b": "vn",
    "n": "bm",
    "m": "n",
}


def typing(pieces: Pieces, rng: Rng) -> Pieces:
    rate = rng.pick((0.003, 0.006, 0.015))

    def typed(text: str) -> str:
        out: List[str] = []
        for char in text:
            if not char.isalpha() or not rng.chance(rate):
                out.append(char)
                continue
            how = rng.below(5)
            if how == 0:
                continue
            if how == 1:
                out.append(char + char)
            elif how == 2 and char in KEYS:
                out.append(rng.pick(KEYS[char]))
            elif how == 3 and out and out[-1].isalpha():
                out.insert(len(out) - 1, char)
            else:
                out.append(char.swapcase())
        return "".join(out)

    # a value that is one letter or two must not vanish
    return [Piece(typed(piece.text), piece.kind) if len(piece.text) > 2 else piece for piece in pieces]


def spelling(pieces: Pieces, rng: Rng) -> Pieces:
    """b/v, s/c/z, h, y/ll, g/j: names are misspelt so too."""
    swaps = (
        ("v", "b"),
        ("b", "v"),
        ("ce", "se"),
        ("ci", "si"),
        ("z", "s"),
        ("ll", "y"),
        ("ge", "je"),
        ("gi", "ji"),
        ("h", ""),
        ("x", "s"),
        ("qu", "k"),
        ("que", "q"),
        ("por", "x"),
        ("y", "i"),
    )

    def misspelt(text: str) -> str:
        def one(match: "re.Match[str]") -> str:
            word = match.group()
            if len(word) < 5 or not rng.chance(0.08):
                return word
            old, new = rng.pick(swaps)
            return word.replace(old, new, 1)

        return re.sub(r"[^\W\d_]+", one, text)

    return [
        piece if piece.kind == CLINICAL else Piece(misspelt(piece.text) or piece.text, piece.kind) for piece in pieces
    ]


def signs_lost(pieces: Pieces, rng: Rng) -> Pieces:
    """No commas and points between words, or no blank after them, or blanks before."""
    change = rng.pick(
        (
            lambda text: re.sub(r"[.,;:](?=\s)", "", text),
            lambda text: re.sub(r"(?<=[a-záéíóúñ][.,;:]) (?=\S)", "", text),
            lambda text: re.sub(r"(?<=\w)([.,;:]) ", r" \1 ", text),
            lambda text: text.replace(".", ""),
            lambda text: re.sub(r"(?<=\w): ", ":", text),
            lambda text: re.sub(r"(?<=\w): ", " ", text),
        )
    )
    return [piece if piece.kind is not None else Piece(change(piece.text)) for piece in pieces]


def glued(pieces: Pieces, rng: Rng) -> Pieces:
    """Blanks missing here and there, at the edges of values too: Dr.Pérez, tel099..."""
    return [
        piece
        if piece.kind is not None
        else Piece(re.sub(r"(?<=[.:,)]) (?=\S|$)", lambda match: "" if rng.chance(0.3) else " ", piece.text))
        for piece in pieces
    ]


def spaced_digits(pieces: Pieces, rng: Rng) -> Pieces:
    """Long numbers with blanks or points inside, as some dictate and some scan."""
    sign = rng.pick((" ", ".", " ", "-", ""))

    def spaced(text: str) -> str:
        return re.sub(r"\d{6,9}", lambda match: re.sub(r"(?<=\d)(?=(?:\d{3})+$)", sign, match.group()), text)

    return [
        Piece(spaced(piece.text), piece.kind)
        if piece.kind in ("ID_NATIONAL", "ID_RECORD", "PHONE", "ID_INSURANCE", "ID_STAFF_LICENCE")
        else piece
        for piece in pieces
    ]


# --------------------------------------------------------------------------------- abbreviation


@functools.lru_cache(maxsize=None)
def _abbreviations() -> Dict[str, Tuple[str, ...]]:
    table: Dict[str, Tuple[str, ...]] = {}
    for entry in entries("abbreviations"):
        table[entry.text.lower()] = entry.attributes
    return table


@functools.lru_cache(maxsize=None)
def _abbreviable() -> "re.Pattern[str]":
    return re.compile(
        r"(?i)\b(?:" + "|".join(re.escape(key) for key in sorted(_abbreviations(), key=len, reverse=True)) + r")\b"
    )


def abbreviate(pieces: Pieces, rng: Rng) -> Pieces:
    """Words of the running text as they are shortened in notes."""
    share, table = rng.pick((0.3, 0.6, 0.9)), _abbreviations()

    def one(match: "re.Match[str]") -> str:
        word = match.group()
        forms = table.get(word.lower())
        if not forms or not rng.chance(share):
            return word
        short = rng.pick(forms)
        return (
            short.upper()
            if word.isupper() and len(word) > 1
            else (short[:1].upper() + short[1:] if word[:1].isupper() else short)
        )

    return [piece if piece.kind is not None else Piece(_abbreviable().sub(one, piece.text)) for piece in pieces]


CHANGES: Tuple[Tuple[float, Change], ...] = (
    (12, upper),
    (12, lower),
    (14, no_accents),
    (8, some_accents_lost),
    (5, names_lower),
    (5, names_upper),
    (4, some_lines_upper),
    (10, ocr),
    (9, typing),
    (5, spelling),
    (6, signs_lost),
    (5, glued),
    (3, spaced_digits),
    (12, abbreviate),
)


def change(pieces: Pieces, rng: Rng) -> Pieces:
    return tidy(rng.weighted(CHANGES)(pieces, rng))
