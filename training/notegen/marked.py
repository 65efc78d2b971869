# SPDX-License-Identifier: MIT
"""Marked notes as pieces. The grammar of marks has one reader, tools/marks_to_brat.py; this stands on it."""

import pathlib
import sys
from typing import Iterator, List

from .note import LEFT_ALONE, Note, Pieces, Span, pieces_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import marks_to_brat  # noqa: E402  (found through the line above)

LABEL_OF_KIND = marks_to_brat.LABEL_OF_KIND
# A mark may carry a label where the kind does not matter; a generator needs some kind.
KIND_OF_LABEL = {
    "NOMBRE": "NAME_OTHER",
    "CI": "ID_NATIONAL",
    "REGISTRO": "ID_RECORD",
    "ID": "ID_OTHER",
    "TELEFONO": "PHONE",
    "FECHA": "DATE",
    "EDAD": "AGE",
    "DIRECCION": "STREET",
    "UBICACION": "INSTITUTION",
    "PROFESION": "PROFESSION",
}


class Broken(ValueError):
    """A marked note with faults; the message names the note and the lines."""


def read_marked(marked: str, name: str = "note") -> Pieces:
    text, spans, kinds, faults = marks_to_brat.parse(marked)
    if faults:
        raise Broken(f"{name}: " + "; ".join(faults))
    kept = [
        Span(KIND_OF_LABEL.get(kind, kind), span.start, span.end)
        for span, kind in zip(spans, kinds)
        if kind != LEFT_ALONE
    ]
    return pieces_of(text, kept)


def read_folder(folder: pathlib.Path) -> List[Note]:
    """Every X.txt of a folder of marked notes, in the order of their names."""
    paths = sorted(folder.glob("*.txt"))
    if not paths:
        raise Broken(f"{folder}: no marked notes (*.txt)")
    return [Note(path.stem, read_marked(path.read_bytes().decode("utf-8"), path.name)) for path in paths]


def read_lines(path: pathlib.Path) -> Iterator[Pieces]:
    """A list of marked fragments, one a line; `#` begins a comment, `\\n` inside is a line end, `\\t` a tab."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            yield read_marked(line.replace("\\n", "\n").replace("\\t", "\t"), f"{path.name}:{number}")
