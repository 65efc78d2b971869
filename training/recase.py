#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A corpus (BRAT) as other hands would have typed it: all in capitals, all in lower case, or without accents.

    training/recase.py {upper,lower,unaccented} CORPUS OUT

Offsets stay right: a character is only changed where it stays one. For measuring how much a detector leans on case and
accents: `sigilo eval OUT`.
"""

import argparse
import pathlib
import sys
import unicodedata
from typing import Callable, Dict


def same_length(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: "".join(new if len(new := change(char)) == 1 else char for char in text)


def unaccented(char: str) -> str:
    return "".join(part for part in unicodedata.normalize("NFD", char) if not unicodedata.combining(part))


CHANGES: Dict[str, Callable[[str], str]] = {
    "upper": same_length(str.upper),
    "lower": same_length(str.lower),
    "unaccented": same_length(unaccented),
}


def annotation(line: str, change: Callable[[str], str]) -> str:
    parts = line.split("\t", 2)
    return "\t".join(parts[:2] + [change(parts[2])]) if len(parts) == 3 else line


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("change", choices=sorted(CHANGES))
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    change = CHANGES[args.change]
    for path in sorted(args.corpus.rglob("*.txt")):
        to = args.out / path.relative_to(args.corpus)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(change(path.read_bytes().decode("utf-8")).encode("utf-8"))
        lines = path.with_suffix(".ann").read_text(encoding="utf-8").splitlines()
        to.with_suffix(".ann").write_text("".join(annotation(line, change) + "\n" for line in lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
