# SPDX-License-Identifier: MIT
"""The same words set out otherwise: lines moved, merged, broken; blanks, tabs, indents."""

import re
from typing import Callable, List, Tuple

from .note import Line, Piece, Pieces, join_lines, lines_of, text_of, tidy
from .rng import Rng

SHORT = 60


def _is_short(line: Line) -> bool:
    length = len(text_of(line))
    return 0 < length <= SHORT


def merge_lines(pieces: Pieces, rng: Rng) -> Pieces:
    """Neighbouring short lines put on one, two or three at a time."""
    between = rng.pick(("   ", " - ", " / ", ", ", "  ", " | ", "; ", "\t", ". "))
    out: List[Line] = []
    left = 0
    for line in lines_of(pieces):
        if left > 0 and out and _is_short(line) and _is_short(out[-1]):
            out[-1] = out[-1] + [Piece(between)] + line
            left -= 1
        else:
            out.append(line)
            left = rng.below(4)
    return join_lines(out)


def move_lines(pieces: Pieces, rng: Rng) -> Pieces:
    """Some lines of the heading (the first dozen) in another order; the blank ones stay."""
    lines = lines_of(pieces)
    places = [number for number, line in enumerate(lines[:12]) if _is_short(line)]
    for place in places:
        if rng.chance(0.4):
            other = rng.pick(places)
            lines[place], lines[other] = lines[other], lines[place]
    return join_lines(lines)


def move_paragraphs(pieces: Pieces, rng: Rng) -> Pieces:
    """Paragraphs (between blank lines) in another order, the first one kept: evolutions pasted from elsewhere."""
    paragraphs: List[List[Line]] = [[]]
    for line in lines_of(pieces):
        if text_of(line).strip():
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    head, rest = paragraphs[:1], rng.shuffled([paragraph for paragraph in paragraphs[1:] if paragraph])
    out: List[Line] = []
    for number, paragraph in enumerate(head + rest):
        out += ([[]] if number else []) + paragraph
    return join_lines(out)


def wrap(pieces: Pieces, rng: Rng) -> Pieces:
    """Long lines broken at a column, as a terminal or a fax does; a name that is cut there is two spans."""
    width, hyphenate = rng.between(36, 100), rng.chance(0.2)
    out: Pieces = []
    column = 0
    for piece in pieces:
        parts: List[str] = [""]  # the piece, cut where lines end
        for word in re.findall(r"\n|[^\S\n]+|\S+", piece.text):
            if word == "\n":
                parts.append("")
                column = 0
                continue
            if not word.isspace() and column > 0 and column + len(word) > width:
                cut = width - column - 1
                if hyphenate and word.isalpha() and cut >= 3 and len(word) - cut >= 3:
                    parts[-1] += word[:cut] + "\0"
                    word = word[cut:]
                parts.append("")
                column = 0
            parts[-1] += word
            column += len(word)
        for number, part in enumerate(parts):
            if number:
                out.append(Piece("-\n" if parts[number - 1].endswith("\0") else "\n"))
            out.append(Piece(part.rstrip("\0"), piece.kind))
    return out


def unwrap(pieces: Pieces, rng: Rng) -> Pieces:
    """Lines of prose joined with a blank: a text pasted into a field."""
    lines = lines_of(pieces)
    out: List[Line] = []
    for line in lines:
        if out and len(text_of(out[-1])) > 45 and text_of(line).strip() and rng.chance(0.8):
            out[-1] = out[-1] + [Piece(" ")] + line
        else:
            out.append(line)
    return join_lines(out)


def _over_plain(change: Callable[[str], str], pieces: Pieces) -> Pieces:
    return [Piece(change(piece.text)) if piece.kind is None else piece for piece in pieces]


def drop_blank_lines(pieces: Pieces, rng: Rng) -> Pieces:
    return join_lines([line for line in lines_of(pieces) if text_of(line).strip()])


def double_lines(pieces: Pieces, rng: Rng) -> Pieces:
    return _over_plain(lambda text: text.replace("\n", "\n\n"), pieces)


def squeeze_blanks(pieces: Pieces, rng: Rng) -> Pieces:
    """Columns lost: any run of blanks is one."""
    return _over_plain(lambda text: re.sub(r"[ \t]+", " ", text), pieces)


def tabs(pieces: Pieces, rng: Rng) -> Pieces:
    return _over_plain(lambda text: re.sub(r" {3,}", "\t", text), pieces)


def indent(pieces: Pieces, rng: Rng) -> Pieces:
    margin = rng.pick((" ", "  ", "    ", "\t", "> ", "- ", "* ", "| "))
    return join_lines([[Piece(margin)] + line if line else line for line in lines_of(pieces)])


def all_on_one_line(pieces: Pieces, rng: Rng) -> Pieces:
    between = rng.pick((" ", " // ", " | ", ". ", "  "))
    return _over_plain(lambda text: re.sub(r"\s*\n\s*", between, text), pieces)


def crop_head(pieces: Pieces, rng: Rng) -> Pieces:
    """The first lines gone: a sheet whose heading is on another page."""
    lines = lines_of(pieces)
    count = rng.between(1, min(8, max(1, len(lines) // 3)))
    return join_lines(lines[count:]) if len(lines) > 4 else pieces


CHANGES: Tuple[Tuple[float, Callable[[Pieces, Rng], Pieces]], ...] = (
    (14, merge_lines),
    (12, move_lines),
    (8, move_paragraphs),
    (16, wrap),
    (8, unwrap),
    (9, drop_blank_lines),
    (3, double_lines),
    (8, squeeze_blanks),
    (6, tabs),
    (5, indent),
    (3, all_on_one_line),
    (10, crop_head),
)


def change(pieces: Pieces, rng: Rng) -> Pieces:
    return tidy(rng.weighted(CHANGES)(pieces, rng))
