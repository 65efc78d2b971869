# SPDX-License-Identifier: MIT
"""Lines and sentences from elsewhere, put into a note: people in the middle of prose, and clinical things that look
like them.

Fragments come from training/lists: fragments_people.txt (marked) and fragments_clinical.txt (nothing personal). In
the latter a word in braces is filled at each use: {drug} {eponym} {device} {test} {n} {nn} {nnn} {dose} {score}.
"""

import re

from .lists import LISTS, Words, held_back
from .marked import read_lines
from .note import Piece, Pieces, lines_of, join_lines, text_of
from .rng import Rng

_SENTENCE = re.compile(r"(?<=[a-záéíóúñ)0-9]\. )(?=[A-ZÁÉÍÓÚÑ¿])")


class Fragments:
    def __init__(self, words: Words):
        self._words = words
        keep = words.evaluation
        self.people = [
            pieces for pieces in read_lines(LISTS / "fragments_people.txt") if held_back(text_of(pieces)) == keep
        ]
        self.clinical = [
            pieces for pieces in read_lines(LISTS / "fragments_clinical.txt") if held_back(text_of(pieces)) == keep
        ]

    def clinical_fragment(self, rng: Rng) -> Pieces:
        return [
            Piece(re.sub(r"\{(\w+)\}", lambda match: self._fill(match.group(1), rng), piece.text), piece.kind)
            for piece in rng.pick(self.clinical)
        ]

    def _fill(self, slot: str, rng: Rng) -> str:
        if slot == "n":
            return str(rng.between(1, 9))
        if slot == "nn":
            return str(rng.between(10, 99))
        if slot == "nnn":
            return str(rng.between(100, 999))
        if slot == "dose":
            return rng.pick(
                (
                    f"{rng.pick((5, 10, 20, 25, 50, 75, 100, 150, 200, 250, 300, 400, 500, 600, 750, 850))} mg",
                    f"{rng.between(1, 4)} g",
                    f"{rng.pick((10, 20, 25, 40, 50, 100))}",
                    f"{rng.between(1, 9)}/{rng.pick((8, 12, 24))} hs",
                    f"{rng.between(1, 3)} amp",
                    f"{rng.between(2, 60)} UI",
                    f"{rng.between(1, 20)} gotas",
                )
            )
        if slot == "score":
            return rng.pick(
                (
                    str(rng.between(0, 30)),
                    f"{rng.between(0, 10)}/{10}",
                    f"{rng.between(1, 40)} pts",
                    rng.pick(("I", "II", "III", "IV", "IIIa", "A", "B", "C")),
                )
            )
        lists = {"drug": "drugs", "eponym": "eponyms", "device": "devices", "test": "tests"}
        word = rng.pick(self._words.texts(lists[slot]))
        return word[:1].upper() + word[1:] if slot == "eponym" or rng.chance(0.3) else word

    def plant(self, pieces: Pieces, count: int, people: float, rng: Rng) -> Pieces:
        """`count` fragments, the given share of them with people, at ends of lines and of sentences."""
        for _ in range(count):
            fragment = list(rng.pick(self.people)) if rng.chance(people) else self.clinical_fragment(rng)
            pieces = _insert_line(pieces, fragment, rng) if rng.chance(0.5) else _insert_sentence(pieces, fragment, rng)
        return pieces


def _insert_line(pieces: Pieces, fragment: Pieces, rng: Rng) -> Pieces:
    lines = lines_of(pieces)
    lines[rng.between(0, len(lines)) : 0] = lines_of(fragment)
    return join_lines(lines)


def _insert_sentence(pieces: Pieces, fragment: Pieces, rng: Rng) -> Pieces:
    """Between two sentences of a plain piece; where there are none, on a line of its own."""
    places = [
        (number, match.start())
        for number, piece in enumerate(pieces)
        if piece.kind is None
        for match in _SENTENCE.finditer(piece.text)
    ]
    if not places:
        return _insert_line(pieces, fragment, rng)
    number, at = rng.pick(places)
    text = pieces[number].text
    end = "" if text_of(fragment).endswith((".", "\n")) else "."
    return pieces[:number] + [Piece(text[:at])] + fragment + [Piece(end + " "), Piece(text[at:])] + pieces[number + 1 :]
