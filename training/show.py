#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draw notes with their marks in colour: as a page to leaf through, or as a picture for the documentation.

    training/show.py --out page.html [--seed S] [--count N]      variants beside the notes they come from
    training/show.py --out page.html --notes DIR --plain         the notes of a folder as they are
    training/show.py --svg docs/img/variant.svg --seed 4 --first 12

The page stands alone: no script, nothing fetched. Equal arguments give equal bytes.
"""

import argparse
import html
import pathlib
import sys
from typing import Dict, Iterable, List, Optional, Tuple

from notegen import marked
from notegen.lists import Words
from notegen.note import CLINICAL, Piece, Pieces, lines_of
from notegen.variant import Generator

# The colours of `sigilo anonymize --show` (src/cli/show.c), by label.
COLOUR_OF_LABEL: Dict[str, str] = {
    "NOMBRE": "#f28b82",
    "UBICACION": "#8fd6a3",
    "DIRECCION": "#f3cf73",
    "FECHA": "#8ab4f8",
    "CI": "#d7a3f0",
    "REGISTRO": "#d7a3f0",
    "ID": "#d7a3f0",
    "TELEFONO": "#7fd9dc",
    "EMAIL": "#7fd9dc",
    "EDAD": "#b9c9ff",
    "PROFESION": "#b7bdc9",
}
STYLE = """body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 110em; padding: 0 1em; background: #fbfbfa; color: #1d2330 }
h2 { font-size: 1.1em; margin: 2em 0 .5em } .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(34em, 1fr)); gap: 1em }
pre { background: #fff; border: 1px solid #ddd; border-radius: 6px; padding: 1em; margin: 0; overflow-x: auto; white-space: pre-wrap; font: 13px/1.5 ui-monospace, monospace }
mark { border-radius: 3px; padding: 0 2px; color: #14181f } mark.CLINICO { background: none; border-bottom: 2px solid #6c757d }
nav mark { margin-right: .6em } figcaption { color: #667; font-size: .85em; margin: 0 0 .3em } figure { margin: 0 }"""


def coloured(pieces: Pieces) -> str:
    out = []
    for piece in pieces:
        text = html.escape(piece.text)
        if piece.kind is None:
            out.append(text)
        elif piece.kind == CLINICAL:
            out.append(f'<mark class="CLINICO" title="clinical: no redaction may touch it">{text}</mark>')
        else:
            out.append(
                f'<mark style="background:{COLOUR_OF_LABEL[marked.LABEL_OF_KIND[piece.kind]]}" title="{piece.kind}">{text}</mark>'
            )
    return "".join(out)


def page(title: str, sections: Iterable[Tuple[str, List[Tuple[str, Pieces]]]]) -> str:
    legend = "".join(f'<mark style="background:{colour}">{label}</mark>' for label, colour in COLOUR_OF_LABEL.items())
    parts = [
        f'<!doctype html>\n<html lang="es"><meta charset="utf-8"><meta name="viewport" content="width=device-width">\n<title>{html.escape(title)}</title>\n'
        f'<style>{STYLE}</style>\n<h1>{html.escape(title)}</h1>\n<nav>{legend}<mark class="CLINICO">CLINICO</mark></nav>\n'
        "<p>All people in these notes are invented. The kind of a mark shows under the pointer.</p>\n"
    ]
    for name, columns in sections:
        figures = "".join(
            f"<figure><figcaption>{html.escape(caption)}</figcaption><pre>{coloured(pieces)}</pre></figure>\n"
            for caption, pieces in columns
        )
        parts.append(f'<h2>{html.escape(name)}</h2>\n<div class="pair">\n{figures}</div>\n')
    return "".join(parts) + "</html>\n"


def rows_of(pieces: Pieces, width: int) -> List[Pieces]:
    """The lines, tabs as blanks, those longer than `width` broken at a blank."""
    rows: List[Pieces] = []
    for line in lines_of(pieces):
        chars = [(char, piece.kind) for piece in line for char in piece.text.replace("\t", "    ")]
        while len(chars) > width:
            blanks = [at for at in range(width // 2, width) if chars[at][0] == " "]
            cut = blanks[-1] + 1 if blanks else width
            rows.append(_joined(chars[:cut]))
            chars = chars[cut:]
        rows.append(_joined(chars))
    return rows


def _joined(chars: List[Tuple[str, Optional[str]]]) -> Pieces:
    out: Pieces = []
    for char, kind in chars:
        if out and out[-1].kind == kind:
            out[-1] = Piece(out[-1].text + char, kind)
        else:
            out.append(Piece(char, kind))
    return out


def picture(pieces: Pieces, width: int = 112, height: int = 30) -> str:
    """An SVG of the first lines; every run has its length fixed, so that columns stand whatever font is there."""
    cell, line_height, margin = 7.8, 18, 16
    marks: List[str] = []
    rows = rows_of(pieces, width)[:height]
    for number, row in enumerate(rows):
        y, column = margin + line_height * number, 0
        for piece in row:
            x, length = margin + column * cell, len(piece.text) * cell
            if piece.personal:
                marks.append(
                    f'<rect x="{x:.1f}" y="{y}" width="{length:.1f}" height="{line_height - 2}" rx="3" fill="{COLOUR_OF_LABEL[marked.LABEL_OF_KIND[piece.kind]]}"/>'
                )
            elif piece.kind == CLINICAL:
                marks.append(
                    f'<rect x="{x:.1f}" y="{y + line_height - 3}" width="{length:.1f}" height="1.5" fill="#8b94a7"/>'
                )
            marks.append(
                f'<text x="{x:.1f}" y="{y + 13}" textLength="{length:.1f}" fill="{"#14181f" if piece.personal else "#d7dce5"}" xml:space="preserve">{html.escape(piece.text)}</text>'
            )
            column += len(piece.text)
    box = (2 * margin + width * cell, 2 * margin + line_height * len(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {box[0]:.0f} {box[1]:.0f}" font-family="ui-monospace, DejaVu Sans Mono, monospace" font-size="13">\n'
        f'<rect width="100%" height="100%" rx="8" fill="#1d2330"/>\n' + "\n".join(marks) + "\n</svg>\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--notes",
        type=pathlib.Path,
        metavar="DIR",
        default=marked.ROOT / "corpora" / "uruguay" / "marked" / "train",
        help="marked notes",
    )
    parser.add_argument("--seed", default="1")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=12, help="variants on the page (default: 12)")
    parser.add_argument("--plain", action="store_true", help="the notes as they are, no variants")
    parser.add_argument("--out", type=pathlib.Path, metavar="PAGE")
    parser.add_argument("--svg", type=pathlib.Path, metavar="PICTURE", help="only the variant --first, as a picture")
    args = parser.parse_args()
    if bool(args.out) == bool(args.svg):
        parser.error("say one of --out PAGE and --svg PICTURE")
    if args.plain and args.svg:
        parser.error("--plain makes a page: say --out PAGE")
    if args.count < 1 or args.first < 0:
        parser.error("--count must be 1 or more, --first 0 or more")
    try:
        notes = marked.read_folder(args.notes)
    except (OSError, ValueError) as error:
        parser.exit(1, f"show: {error}\n")
    if args.plain:
        args.out.write_text(
            page(f"{len(notes)} notes", [(note.name, [("as written", note.pieces)]) for note in notes]),
            encoding="utf-8",
        )
        return 0
    generator, by_name = Generator(notes, Words()), {note.name: note for note in notes}
    variants = [
        generator.variant(args.seed, number)
        for number in range(args.first, args.first + (1 if args.svg else args.count))
    ]
    if args.svg:
        args.svg.write_text(picture(variants[0].pieces), encoding="utf-8")
        return 0
    sections = [
        (
            note.name,
            [("the variant", note.pieces), ("the note it comes from", by_name[note.name.rsplit("-", 1)[0]].pieces)],
        )
        for note in variants
    ]
    args.out.write_text(page(f"Variants of seed {args.seed}", sections), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
