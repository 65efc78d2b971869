#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count what the marked notes hold: by kind of note, by kind of mark and label; the tables of docs/training-data.md.

    training/count.py                       corpora/uruguay/marked/{train,apart}
    training/count.py DIR [DIR...]          other folders
    training/count.py --thin 30             only kinds of mark that occur fewer than 30 times
"""

import argparse
import collections
import pathlib
import sys
from typing import Counter, Dict, List

from notegen import marked
from notegen.note import CLINICAL, Note, text_of

DEFAULT = [marked.ROOT / "corpora" / "uruguay" / "marked" / name for name in ("train", "apart")]


def kind_of_note(name: str) -> str:
    """`emergencia-07` is of the kind `emergencia`."""
    return name.rsplit("-", 1)[0]


def table(head: List[str], rows: List[List[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def by_kind_of_note(notes: Dict[str, List[Note]]) -> str:
    rows = []
    total = [0] * 6
    for folder, some in notes.items():
        groups: Dict[str, List[Note]] = collections.defaultdict(list)
        for note in some:
            groups[kind_of_note(note.name)].append(note)
        for kind, group in sorted(groups.items()):
            words = sum(len(text_of(note.pieces).split()) for note in group)
            personal = sum(piece.personal for note in group for piece in note.pieces)
            clinical = sum(piece.kind == CLINICAL for note in group for piece in note.pieces)
            clean = sum(not any(piece.personal for piece in note.pieces) for note in group)
            row = [len(group), words, personal, clinical, clean, round(100 * personal / max(words, 1), 1)]
            rows.append([f"{folder}: {kind}", *row])
            total = [a + b for a, b in zip(total, row)]
    total[5] = round(100 * total[2] / max(total[1], 1), 1)
    return table(
        ["kind of note", "notes", "words", "personal", "clinical", "without any", "personal per 100 words"],
        rows + [["all", *total]],
    )


def by_mark(notes: Dict[str, List[Note]], thin: int) -> str:
    folders = list(notes)
    counts: Dict[str, Counter[str]] = {
        folder: collections.Counter(piece.kind for note in some for piece in note.pieces if piece.kind)
        for folder, some in notes.items()
    }
    different: Dict[str, set] = collections.defaultdict(set)
    for some in notes.values():
        for note in some:
            for piece in note.pieces:
                if piece.kind:
                    different[piece.kind].add(piece.text.lower())
    rows = []
    for kind in sorted(different, key=lambda kind: (marked.LABEL_OF_KIND[kind], kind)):
        total = sum(counts[folder][kind] for folder in folders)
        if not thin or total < thin:
            rows.append(
                [
                    f"{marked.LABEL_OF_KIND[kind]}: {kind}",
                    *(counts[folder][kind] for folder in folders),
                    len(different[kind]),
                ]
            )
    return table(["label: kind", *folders, "different values"], rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=pathlib.Path, metavar="DIR")
    parser.add_argument(
        "--thin", type=int, default=0, metavar="N", help="only kinds of mark that occur fewer than N times"
    )
    args = parser.parse_args()
    try:
        notes = {folder.name: marked.read_folder(folder) for folder in args.folders or DEFAULT}
    except (OSError, ValueError) as error:
        parser.exit(1, f"count: {error}\n")
    if not args.thin:
        print(by_kind_of_note(notes) + "\n")
    print(by_mark(notes, args.thin))
    return 0


if __name__ == "__main__":
    sys.exit(main())
