# SPDX-License-Identifier: MIT
"""A note as a row of pieces of text, some of which carry a kind.

Every change to a note is a change of pieces, and offsets are computed once, when all is done. So they are right by
construction: no step of the generator ever sees an offset.
"""

from typing import Iterable, List, NamedTuple, Optional, Tuple

OPEN, CLOSE = "⟪", "⟫"
CLINICAL = "CLINICO"  # a clinical term: not personal, never to be replaced
LEFT_ALONE = "-"  # looked at by the annotator and left: plain text


class Piece(NamedTuple):
    """A stretch of text; kind is None (plain), CLINICAL, or a kind of the anonymiser (docs/anonymiser.md)."""

    text: str
    kind: Optional[str] = None

    @property
    def personal(self) -> bool:
        return self.kind is not None and self.kind != CLINICAL


class Span(NamedTuple):
    kind: str
    start: int  # in code points
    end: int  # exclusive


Pieces = List[Piece]
Line = List[Piece]  # pieces without a line end


class Note(NamedTuple):
    name: str
    pieces: Pieces


def text_of(pieces: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def spans_of(pieces: Iterable[Piece]) -> List[Span]:
    spans, at = [], 0
    for piece in pieces:
        end = at + len(piece.text)
        if piece.kind is not None and end > at:
            spans.append(Span(piece.kind, at, end))
        at = end
    return spans


def pieces_of(text: str, spans: Iterable[Span]) -> Pieces:
    """The inverse of text_of and spans_of; spans in order, without overlap."""
    pieces, at = [], 0
    for span in spans:
        if span.start > at:
            pieces.append(Piece(text[at : span.start]))
        pieces.append(Piece(text[span.start : span.end], span.kind))
        at = span.end
    if at < len(text):
        pieces.append(Piece(text[at:]))
    return pieces


def lines_of(pieces: Iterable[Piece]) -> List[Line]:
    """The lines, without their ends. No span runs over a line end, by docs/annotation.md."""
    lines: List[Line] = [[]]
    for piece in pieces:
        first, *rest = piece.text.split("\n")
        if first:
            lines[-1].append(Piece(first, piece.kind))
        for part in rest:
            lines.append([Piece(part, piece.kind)] if part else [])
    return lines


def join_lines(lines: Iterable[Line]) -> Pieces:
    pieces: Pieces = []
    for number, line in enumerate(lines):
        if number:
            pieces.append(Piece("\n"))
        pieces.extend(line)
    return pieces


def tidy(pieces: Iterable[Piece]) -> Pieces:
    """Empty pieces dropped, plain neighbours joined, blanks at the edge of a span moved outside it."""
    out: Pieces = []

    def plain(text: str) -> None:
        if not text:
            return
        if out and out[-1].kind is None:
            out[-1] = Piece(out[-1].text + text)
        else:
            out.append(Piece(text))

    for piece in pieces:
        if piece.kind is None:
            plain(piece.text)
            continue
        body = piece.text.strip()
        if not body:
            plain(piece.text)
            continue
        lead = len(piece.text) - len(piece.text.lstrip())
        plain(piece.text[:lead])
        out.append(Piece(body, piece.kind))
        plain(piece.text[lead + len(body) :])
    return out


def to_marked(pieces: Iterable[Piece]) -> str:
    """The note with its marks in the text, the form of corpora/uruguay/marked."""
    return "".join(piece.text if piece.kind is None else f"{OPEN}{piece.kind}|{piece.text}{CLOSE}" for piece in pieces)


def to_brat(pieces: Iterable[Piece], label_of: dict) -> Tuple[str, str]:
    """(text, standoff); label_of maps kinds to the labels of the corpus."""
    pieces = list(pieces)
    text = text_of(pieces)
    lines = [
        f"T{number}\t{label_of[span.kind]} {span.start} {span.end}\t{text[span.start:span.end]}\n"
        for number, span in enumerate(spans_of(pieces), 1)
    ]
    return text, "".join(lines)
