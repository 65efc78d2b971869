# SPDX-License-Identifier: MIT
"""Names of fields: renamed, dropped, set on a line of their own.

A tagger that has learnt "Nombre:" has learnt nothing about the form of the next hospital. So the names change, or
go, and the value must be known by what it is.
"""

import re
from typing import Dict, List

from .lists import Words, entries, fold
from .note import Piece, Pieces
from .people import without_accents
from .rng import Rng

_TAIL = re.compile(
    r"(?P<name>(?:(?<=\n)|(?<=^)|(?<=[\s|;,(/\-·.]))[A-Za-zÁÉÍÓÚÑáéíóúñ][A-Za-zÁÉÍÓÚÑáéíóúñ0-9º°.,/ ]{0,28}?)(?P<sign>\s?[:=]\s{0,12}|\s?\.{3,}\s?)$"
)


def _known() -> Dict[str, str]:
    """Folded field name -> its group, the first one that has it."""
    known: Dict[str, str] = {}
    for entry in entries("field_names"):
        known.setdefault(_bare(entry.text), entry.section)
    return known


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9ñ]+", " ", fold(name)).strip()


class Fields:
    def __init__(self, words: Words):
        self._known = _known()
        self._names: Dict[str, List[str]] = {}
        for entry in entries("field_names"):  # field names are a language, not identities: none is held back
            self._names.setdefault(entry.section, []).append(entry.text)

    def change(self, pieces: Pieces, how_many: float, rng: Rng) -> Pieces:
        """Of the fields before values, the given share gets another name, another sign, a line of its own, or none."""
        out: Pieces = []
        for number, piece in enumerate(pieces):
            following = pieces[number + 1] if number + 1 < len(pieces) else None
            if piece.kind is None and following is not None and following.personal and rng.chance(how_many):
                piece = Piece(self._changed(piece.text, following, rng))
            out.append(piece)
        return out

    def _changed(self, text: str, value: Piece, rng: Rng) -> str:
        match = _TAIL.search(text)
        if not match or _bare(match.group("name")) not in self._known:
            return text
        group = self._known[_bare(match.group("name"))]
        if group.split("/")[0] != value.kind and group not in ("NAME_PATIENT", "NAME_STAFF", "DATE"):
            return text
        head, old, sign = text[: match.start()], match.group("name"), match.group("sign")
        how = rng.weighted(((50, "name"), (18, "sign"), (14, "drop"), (10, "line"), (8, "both")))
        if how == "drop":
            return head
        name = old if how in ("sign", "line") else self.name(group, old, rng)
        if how == "line" and (not head or head.endswith("\n")):
            return f"{head}{name}{':' if ':' in sign and rng.chance(0.5) else ''}\n"
        if how in ("sign", "both"):
            sign = rng.pick((": ", ":", " ", "  ", " : ", "- ", " = ", ":   ", " .... ", "\t", ". ", " > ", ":\t"))
        return head + name + sign

    def name(self, group: str, like: str, rng: Rng) -> str:
        new = rng.pick(self._names[group])
        if like.isupper() and len(like) > 3:
            return without_accents(new.upper())
        return new.lower() if like.islower() else new
