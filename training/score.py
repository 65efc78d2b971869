#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Score the program on annotated notes, by kind of note and by label, as tables in Markdown.

    training/score.py [--program build/sigilo] [--detectors rules] [--missed] DIR [DIR...]

DIR holds BRAT files named KIND-HAND.txt (corpora/uruguay/train, apart). Every figure is `sigilo eval`'s own; this
only groups the files. --missed lists what was missed and what was wrongly replaced, with its text: the notes are
invented.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
from typing import Dict, List

from count import kind_of_note, table

COLUMNS = (
    ("coverage", "coverage"),
    ("coverage_direct", "direct"),
    ("lrdi", "LRDI"),
    ("over_redaction", "over-redaction"),
    ("clinical_touched", "clinical touched"),
)


def evaluate(program: str, folder: pathlib.Path, options: List[str]) -> Dict:
    done = subprocess.run(
        [program, "eval", str(folder), "--json", *options], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{program} eval {folder.name}: {done.stderr.strip()}")
    result = json.loads(done.stdout)
    result["errors"] = done.stderr
    return result


def grouped(paths: List[pathlib.Path], into: pathlib.Path) -> Dict[str, pathlib.Path]:
    """A folder of links for each kind of note."""
    folders: Dict[str, pathlib.Path] = {}
    for path in paths:
        kind = kind_of_note(path.stem)
        folder = folders.setdefault(kind, into / kind)
        folder.mkdir(exist_ok=True)
        for file in (path, path.with_suffix(".ann")):
            (folder / file.name).symlink_to(file.resolve())
    return folders


def percent(value: float) -> str:
    return f"{100 * value:.1f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--program", default="build/sigilo")
    parser.add_argument("--detectors", default="")
    parser.add_argument("--missed", action="store_true", help="what was missed and wrongly replaced, too")
    args = parser.parse_args()
    options = (["--detectors", args.detectors] if args.detectors else []) + (
        ["--errors", "--show-text"] if args.missed else []
    )
    if not pathlib.Path(args.program).is_file():
        parser.exit(1, f"score: there is no {args.program}: run make first, or say --program PROGRAM\n")
    paths = sorted(path for folder in args.folders for path in folder.glob("*.txt"))
    if not paths:
        parser.exit(1, "score: no notes (*.txt) there\n")
    try:
        with tempfile.TemporaryDirectory() as scratch:
            into = pathlib.Path(scratch)
            whole = into / "all"
            whole.mkdir()
            for path in paths:
                for file in (path, path.with_suffix(".ann")):
                    (whole / file.name).symlink_to(file.resolve())
            results = {
                kind: evaluate(args.program, folder, options) for kind, folder in sorted(grouped(paths, into).items())
            }
            total = evaluate(args.program, whole, options)
    except (OSError, RuntimeError, ValueError) as error:
        parser.exit(1, f"score: {error}\n")

    rows = [
        [kind, result["documents"], result["entities"], *(percent(result[key]) for key, _ in COLUMNS)]
        for kind, result in [*results.items(), ("all", total)]
    ]
    print(table(["kind of note", "notes", "entities", *(name for _, name in COLUMNS)], rows) + "\n")
    labels = [
        [
            label,
            figures["tp"] + figures["fn"],
            percent(figures["recall"]),
            percent(figures["precision"]),
            percent(figures["coverage"]),
        ]
        for label, figures in sorted(total["labels"].items())
    ]
    print(table(["label", "entities", "recall", "precision", "coverage"], labels))
    if args.missed:
        print("\n" + total["errors"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
