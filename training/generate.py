#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make variants of annotated notes, without end, from a seed.

    training/generate.py --count 1000 --out DIR                  BRAT files, X.txt and X.ann
    training/generate.py --count 1000 --jsonl > variants.jsonl   {"name", "text", "spans": [[start, end, kind]...]}
    training/generate.py --count 3 --marked                      marked notes, to be read

Sources are corpora/uruguay/marked/train unless --notes names others, and MEDDOCAN's train folder where --meddocan
names it. The notes of `dev`, `test`, `apart` and ../shared/notes are for evaluation: they are refused.

One seed, one row of variants, on any machine: note 7 of seed 1 is the same whether it is made alone (--first 7
--count 1) or among a thousand. Words come from the nine tenths of every list that training may see; --held-back
takes the other tenth.
"""

import argparse
import json
import pathlib
import sys
import time
from typing import Iterator, List

from notegen import marked, meddocan
from notegen.lists import Words
from notegen.note import Note, spans_of, text_of, to_brat, to_marked
from notegen.variant import Generator

EVALUATION = {"dev", "test", "apart"}


def sources(args: argparse.Namespace, parser: argparse.ArgumentParser) -> List[Note]:
    notes: List[Note] = []
    folders = args.notes or [marked.ROOT / "corpora" / "uruguay" / "marked" / "train"]
    for folder in folders + ([args.meddocan] if args.meddocan else []):
        parts = folder.resolve().parts
        examples = ("shared", "notes") in zip(parts, parts[1:])
        if (parts[-1] in EVALUATION or examples) and not args.held_back:
            parser.error(f"{folder} is for evaluation and is never trained on (only --held-back reads it)")
    try:
        for folder in folders:
            notes += marked.read_folder(folder)
        if args.meddocan:
            notes += meddocan.read_folder(args.meddocan)
    except (OSError, ValueError) as error:
        parser.exit(1, f"generate: {error}\n")
    return notes


def progress(notes: Iterator[Note], count: int) -> Iterator[Note]:
    """A line on a terminal that says how far it is."""
    start, shown = time.monotonic(), 0.0
    tty = sys.stderr.isatty()
    for number, note in enumerate(notes, 1):
        yield note
        now = time.monotonic()
        if tty and (now - shown > 0.2 or number == count):
            shown = now
            print(f"\r{number}/{count} notes, {number / max(now - start, 1e-9):.0f} a second", end="", file=sys.stderr)
    if tty:
        print(file=sys.stderr)


def as_json(note: Note) -> str:
    return json.dumps(
        {
            "name": note.name,
            "text": text_of(note.pieces),
            "spans": [[span.start, span.end, span.kind] for span in spans_of(note.pieces)],
        },
        ensure_ascii=False,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", default="1", help="any text (default: 1)")
    parser.add_argument("--count", type=int, default=10, help="how many variants (default: 10)")
    parser.add_argument("--first", type=int, default=0, help="number of the first one (default: 0)")
    parser.add_argument(
        "--notes", type=pathlib.Path, action="append", metavar="DIR", help="marked notes; may be repeated"
    )
    parser.add_argument("--meddocan", type=pathlib.Path, metavar="DIR", help="MEDDOCAN's train folder, too")
    parser.add_argument("--held-back", action="store_true", help="words of the tenth kept for evaluation")
    form = parser.add_mutually_exclusive_group(required=True)
    form.add_argument("--out", type=pathlib.Path, metavar="DIR", help="write BRAT files there")
    form.add_argument("--jsonl", action="store_true", help="a JSON object a line to standard output")
    form.add_argument("--marked", action="store_true", help="marked notes to standard output")
    args = parser.parse_args()
    if args.count < 1 or args.first < 0:
        parser.error("--count must be 1 or more, --first 0 or more")

    generator = Generator(sources(args, parser), Words(evaluation=args.held_back))
    notes = (generator.variant(args.seed, number) for number in range(args.first, args.first + args.count))
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
    label_of = {**meddocan.LABEL_OF_KIND, **marked.LABEL_OF_KIND}
    for note in progress(notes, args.count):
        if args.out:
            text, standoff = to_brat(note.pieces, label_of)
            (args.out / f"{note.name}.txt").write_bytes(text.encode("utf-8"))
            (args.out / f"{note.name}.ann").write_bytes(standoff.encode("utf-8"))
        elif args.jsonl:
            print(as_json(note))
        else:
            print(f"=== {note.name}\n{to_marked(note.pieces)}\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        sys.exit(1)
