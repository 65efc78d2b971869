#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Find what training and evaluation share, and take it out of training.

    training/near.py                        corpora/uruguay: train against dev, test and apart
    training/near.py TRAIN... --against EVAL...
    training/near.py --remove TRAIN... --against EVAL...

A folder holds notes as .txt (marked or plain; marks are taken out first) or is a .jsonl of training/generate.py.
Three things are looked for, all on folded text (lower case, no accents, digits as 0):

  * near-duplicates: notes that share at least --share of the five-word runs of the shorter one;
  * copied lines: the same line of 40 characters or more in a note for training and one for evaluation;
  * within the notes for training themselves: near-duplicates.

Two people may be called alike and every form says "Nombre:"; so what counts is runs of words and long lines.
--remove deletes the notes for training concerned (never one for evaluation; lines of a .jsonl are rewritten without
them). The exit status is 1 if anything was found and not removed. Nothing of a note's text is printed.
"""

import argparse
import collections
import json
import pathlib
import re
import sys
from typing import Dict, Iterable, List, NamedTuple, Set, Tuple

from notegen import marked
from notegen.lists import fold

RUN = 5
LONG_LINE = 40
CORPUS = marked.ROOT / "corpora" / "uruguay" / "marked"


class Text(NamedTuple):
    source: pathlib.Path  # a file, or a .jsonl
    name: str
    runs: Set[int]
    lines: Set[str]


def folded(text: str) -> str:
    text = re.sub(r"⟪[^|⟫]*\|([^⟫]*)⟫", r"\1", text)
    return re.sub(r"\d", "0", fold(text))


def measured(source: pathlib.Path, name: str, text: str) -> Text:
    plain = folded(text)
    words = re.findall(r"\w+", plain)
    runs = {hash(tuple(words[at : at + RUN])) for at in range(len(words) - RUN + 1)} or {hash(tuple(words))}
    lines = {
        line
        for line in (re.sub(r"\s+", " ", line).strip() for line in plain.split("\n"))
        if len(line) >= LONG_LINE and re.search("[a-z]{3}", line)
    }
    return Text(source, name, runs, lines)


def read(source: pathlib.Path) -> List[Text]:
    if source.is_dir():
        paths = sorted(source.glob("*.txt"))
        if not paths:
            raise ValueError(f"{source}: no notes (*.txt)")
        return [measured(path, path.name, path.read_text(encoding="utf-8")) for path in paths]
    with source.open(encoding="utf-8") as file:
        return [measured(source, row["name"], row["text"]) for row in map(json.loads, file)]


def shared_runs(some: List[Text], others: List[Text]) -> Dict[Tuple[int, int], int]:
    """(index in some, index in others) -> runs in common; through an index, so that many notes cost little."""
    holders: Dict[int, List[int]] = collections.defaultdict(list)
    for number, text in enumerate(others):
        for run in text.runs:
            holders[run].append(number)
    common: Dict[Tuple[int, int], int] = collections.Counter()
    for number, text in enumerate(some):
        for run in text.runs:
            for other in holders.get(run, ()):
                common[number, other] += 1
    return common


def near(some: List[Text], others: List[Text], share: float, same: bool) -> List[Tuple[Text, Text, str]]:
    found = []
    for (a, b), count in sorted(shared_runs(some, others).items()):
        if same and a <= b:
            continue
        part = count / min(len(some[a].runs), len(others[b].runs))
        if part >= share:
            found.append((some[a], others[b], f"{100 * part:.0f} % of its runs of {RUN} words"))
    return found


def copied(some: List[Text], others: List[Text]) -> List[Tuple[Text, Text, str]]:
    holders: Dict[str, List[Text]] = collections.defaultdict(list)
    for text in others:
        for line in text.lines:
            holders[line].append(text)
    return [
        (text, other, f"a line of {len(line)} characters")
        for text in some
        for line in sorted(text.lines)
        for other in holders.get(line, ())
    ]


def remove(texts: Iterable[Text]) -> int:
    by_source: Dict[pathlib.Path, Set[str]] = collections.defaultdict(set)
    for text in texts:
        by_source[text.source].add(text.name)
    for source, names in by_source.items():
        if source.suffix == ".jsonl":
            kept = [
                line
                for line in source.read_text(encoding="utf-8").splitlines(True)
                if json.loads(line)["name"] not in names
            ]
            fresh = source.with_suffix(".jsonl.new")
            fresh.write_text("".join(kept), encoding="utf-8")
            fresh.replace(source)
        else:
            source.unlink()
            source.with_suffix(".ann").unlink(missing_ok=True)
    return sum(len(names) for names in by_source.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", nargs="*", type=pathlib.Path, metavar="TRAIN", help="folders or .jsonl for training")
    parser.add_argument(
        "--against", nargs="+", type=pathlib.Path, metavar="EVAL", help="folders or .jsonl for evaluation"
    )
    parser.add_argument("--share", type=float, default=0.2, help="of the shorter note's runs (default: 0.2)")
    parser.add_argument("--remove", action="store_true", help="delete the notes for training that were found")
    args = parser.parse_args()
    if not 0 < args.share <= 1:
        parser.error("--share must be above 0 and at most 1")
    try:
        train = [text for source in args.train or [CORPUS / "train"] for text in read(source)]
        held = [
            text
            for source in args.against or [CORPUS / name for name in ("dev", "test", "apart")]
            for text in read(source)
        ]
    except (OSError, ValueError, KeyError) as error:
        parser.exit(2, f"near: {error}\n")

    found = near(train, held, args.share, False) + copied(train, held) + near(train, train, args.share, True)
    for text, other, what in found:
        print(f"{text.name} shares {what} with {other.name}")
    guilty = {(text.source, text.name): text for text, _, _ in found}
    print(f"{len(train)} notes for training, {len(held)} for evaluation: {len(found)} found in {len(guilty)} notes")
    if args.remove and guilty:
        print(f"{remove(guilty.values())} notes removed from training")
        return 0
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
