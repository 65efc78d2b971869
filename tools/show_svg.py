#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draw what `sigilo anonymize --show` prints in a terminal as an SVG picture.

    tools/show_svg.py [--program PROGRAM] [--lang en|es] NOTE OUT.svg

The picture of the README is made, and made again after a change of the rules, by

    tools/show_svg.py examples/nota-emergencia.txt docs/img/show.svg

It runs `PROGRAM --lang LANG anonymize --show --colour always NOTE` (PROGRAM: build/sigilo), and draws
the command, the note with its colours, the legend, and the verdict from standard error, each as the
program wrote it. Nothing is added or put right by hand. The same output gives the same bytes: no date,
no random identifier, no font measured. Every run of equal colour is a <text> of fixed length, so columns
stand one below the other whatever monospaced font is there; every coloured background is a <rect>.

Of the terminal's escape sequences only the colours (ESC [ ... m) are understood, which are all that the
program writes. Exit status 1 when the program fails or writes something else. Python 3.9 or later,
standard library only.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import textwrap
import unicodedata
from typing import List, NamedTuple, Optional
from xml.sax.saxutils import escape

CHAR_W, LINE_H, FONT = 8.4, 19, 14     # a cell of the terminal, in pixels
MARGIN, BAR = 18, 34                   # round the text; the window's title bar
BACKGROUND, BAR_COLOUR, TEXT, DIM, PROMPT = "#1d2330", "#2a3242", "#d7dce5", "#8b94a7", "#8bd5a0"

# The backgrounds that src/cli/show.c chooses by kind of datum, as colours that dark text can be read on.
BACKGROUNDS = {
    41: "#f28b82",   # names
    42: "#8fd6a3",   # places
    43: "#f3cf73",   # streets
    44: "#8ab4f8",   # dates
    45: "#d7a3f0",   # identifiers
    46: "#7fd9dc",   # telephones, e-mail
    100: "#b7bdc9",  # the rest
    102: "#c5e59a",  # institutions
    104: "#b9c9ff",  # ages
}
ON_COLOUR = "#14181f"


class Run(NamedTuple):
    """Text of one colour on one line; background None: the terminal's own."""
    text: str
    background: Optional[int]


def cells(text: str) -> int:
    """Columns of a terminal that the text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in text)


def parse(output: str) -> List[List[Run]]:
    """Lines of coloured runs. A colour goes on over a line's end, as it does in a terminal."""
    lines: List[List[Run]] = [[]]
    background: Optional[int] = None
    for part in re.split(r"(\x1b\[[0-9;]*m|\n)", output.rstrip("\n")):
        if part == "\n":
            lines.append([])
        elif part.startswith("\x1b["):
            background = None
            for code in part[2:-1].split(";"):
                if code not in ("", "0", "30"):
                    background = int(code)
                    if background not in BACKGROUNDS:
                        raise ValueError(f"the program uses a colour this script does not know: {code}")
        elif "\x1b" in part:
            raise ValueError("the program wrote an escape sequence that is not a colour")
        elif part:
            lines[-1].append(Run(part.expandtabs(8), background))
    return lines


def number(value: float) -> str:
    """Without trailing zeros, whatever the platform's formatting."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def draw_text(x: float, y: float, text: str, fill: str) -> str:
    width = number(cells(text) * CHAR_W)
    return (f'<text x="{number(x)}" y="{number(y)}" fill="{fill}" textLength="{width}" '
            f'lengthAdjust="spacingAndGlyphs" xml:space="preserve">{escape(text)}</text>')


def draw_line(line: List[Run], top: float, fill: str) -> List[str]:
    out, x = [], float(MARGIN)
    for run in line:
        width = cells(run.text) * CHAR_W
        if run.background is not None:
            out.append(f'<rect x="{number(x - 1)}" y="{number(top + 1)}" width="{number(width + 2)}" '
                       f'height="{LINE_H - 2}" rx="3" fill="{BACKGROUNDS[run.background]}"/>')
        stripped = run.text.strip(" ")
        if stripped:                                   # blanks at the edges only move the text
            lead = cells(run.text[:len(run.text) - len(run.text.lstrip(" "))])
            out.append(draw_text(x + lead * CHAR_W, top + LINE_H - 5, stripped,
                                 fill if run.background is None else ON_COLOUR))
        x += width
    return out


def picture(command: str, note: str, verdict: str) -> str:
    lines = parse(note)
    width = 2 * MARGIN + CHAR_W * max([cells(command) + 2] + [sum(cells(r.text) for r in line) for line in lines])
    said: List[str] = []                               # the verdict, in the width that the note takes
    for line in verdict.rstrip("\n").split("\n"):
        said += textwrap.wrap(line, int((width - 2 * MARGIN) / CHAR_W), subsequent_indent="  ",
                              break_on_hyphens=False) or [""]

    body: List[str] = []
    top = float(BAR + 10)
    body.append(draw_text(MARGIN, top + LINE_H - 5, "$", PROMPT))
    body.append(draw_text(MARGIN + 2 * CHAR_W, top + LINE_H - 5, command, TEXT))
    top += 1.5 * LINE_H
    for i, line in enumerate(lines):
        if i == len(lines) - 1:                        # the legend: the last line of --show
            top += LINE_H / 2
        body += draw_line(line, top, TEXT)
        top += LINE_H
    top += LINE_H / 2
    for line in said:
        body += draw_line([Run(line, None)], top, DIM)
        top += LINE_H
    height = top + MARGIN / 2

    buttons = "".join(f'<circle cx="{MARGIN + 4 + 20 * i}" cy="{BAR // 2}" r="6" fill="{c}"/>'
                      for i, c in enumerate(("#f28b82", "#f3cf73", "#8fd6a3")))
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}" '
        f'width="{number(width)}" height="{number(height)}" role="img" font-size="{FONT}" '
        'font-family="\'DejaVu Sans Mono\', Menlo, Consolas, \'Liberation Mono\', monospace">',
        "<!-- Made by tools/show_svg.py from the program's output. Do not edit. -->",
        f"<title>{escape(command)}</title>",
        "<desc>An invented emergency note in a terminal, its personal data coloured by label, with the "
        "legend and the verdict below.</desc>",
        f'<rect width="100%" height="100%" rx="9" fill="{BACKGROUND}"/>',
        f'<path d="M0 {BAR}V9a9 9 0 0 1 9-9H{number(width - 9)}a9 9 0 0 1 9 9V{BAR}Z" fill="{BAR_COLOUR}"/>',
        buttons,
        *body,
        "</svg>", ""])


def main(argv: List[str]) -> int:
    parser = argparse.ArgumentParser(description="Draw what `sigilo anonymize --show` prints as SVG.")
    parser.add_argument("--program", default="build/sigilo")
    parser.add_argument("--lang", default="en", choices=("en", "es"))
    parser.add_argument("note", type=pathlib.Path, metavar="NOTE")
    parser.add_argument("out", type=pathlib.Path, metavar="OUT.svg")
    args = parser.parse_args(argv)

    ran = subprocess.run([args.program, "--lang", args.lang, "anonymize", "--show", "--colour", "always",
                          str(args.note)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    said = ran.stderr.decode("utf-8", "replace")
    if ran.returncode != 0:
        sys.stderr.write(said)
        print(f"show_svg.py: {args.program} ended with {ran.returncode}", file=sys.stderr)
        return 1
    try:
        # colours are what a terminal would get; the command is what one would type there
        svg = picture(f"sigilo anonymize --show {args.note}", ran.stdout.decode("utf-8"), said)
    except ValueError as why:
        print(f"show_svg.py: {why}", file=sys.stderr)
        return 1
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_bytes(svg.encode("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
