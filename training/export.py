#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the program's model file of what train.py left.

    training/export.py DIR --out src/tagger/builtin.gguf [--f32] [--calibrate FOLDER...]

Beside it goes builtin.json: what train.py was told and what it measured.

Calibration: over marked notes (corpora/uruguay/marked/apart unless told otherwise), how often a find of each score is personal
data; the points become part of the file.
"""

import argparse
import datetime
import json
import pathlib
import sys
from typing import List, Sequence, Tuple

import numpy
import torch

from notegen import marked
from tagger import export
from tagger.data import Example, example_of, log_probabilities
from tagger.features import Table
from tagger.measure import decode, gold_of
from tagger.model import Shape, Tagger
from tagger.tags import ONLY_MEDDOCAN, OUTSIDE, joined

CORPUS = marked.ROOT / "corpora" / "uruguay" / "marked"
POINTS = 11


def finds(model: Tagger, table: Table, examples: Sequence[Example], outside: float) -> List[Tuple[float, bool]]:
    """(what the tagger makes of the surest unit, whether it touches personal data) of each find."""
    out = []
    for example in examples:
        scores = joined(log_probabilities(model, table, example.units, export.OVERLAP))
        personal = 1 - numpy.exp(scores[:, OUTSIDE])
        gold = [span for span in gold_of(example) if span.kind not in ONLY_MEDDOCAN]
        for span in decode(example, scores, outside):
            if span.kind in ONLY_MEDDOCAN:
                continue
            inside = [at for at, unit in enumerate(example.units) if span.start <= unit.start < span.end]
            right = any(other.start < span.end and span.start < other.end for other in gold)
            out.append((float(personal[inside].max()), right))
    return out


def calibration(pairs: Sequence[Tuple[float, bool]]) -> List[float]:
    """The share that is right around each point, never falling (pool adjacent violators), 0 at 0."""
    points, weights = [], []
    for number in range(POINTS):
        near = [(1 - abs(p * (POINTS - 1) - number), right) for p, right in pairs if abs(p * (POINTS - 1) - number) < 1]
        weight = sum(share for share, _ in near)
        centre = number / (POINTS - 1)
        points.append((sum(share * right for share, right in near) + centre) / (weight + 1))
        weights.append(weight + 1)
    blocks = [[point, weight, 1] for point, weight in zip(points, weights)]
    at = 0
    while at + 1 < len(blocks):
        if blocks[at][0] <= blocks[at + 1][0]:
            at += 1
            continue
        (a, wa, na), (b, wb, nb) = blocks[at], blocks.pop(at + 1)
        blocks[at] = [(a * wa + b * wb) / (wa + wb), wa + wb, na + nb]
        at = max(at - 1, 0)
    out = [point for point, _, count in blocks for _ in range(int(count))]
    return [0.0] + out[1:]


def told(metrics: pathlib.Path) -> Tuple[str, str]:
    """(seconds of training, its figures at the likeliest reading in a sentence), of the tagger alone."""
    if not metrics.is_file():
        return "0", "not measured"
    read = json.loads(metrics.read_text(encoding="utf-8"))
    figures = read["figures"]["0.0"]
    return (
        str(read["seconds"]),
        "; ".join(
            f"{name}: strict F1 {100 * one['strict']:.1f}, coverage {100 * one['coverage']:.1f}"
            for name, one in figures.items()
        )
        + " (the tagger alone, without threshold)",
    )


def keep_metrics(metrics: pathlib.Path, to: pathlib.Path) -> None:
    """What train.py measured, beside the model; of paths the last part."""
    if not metrics.is_file():
        return
    read = json.loads(metrics.read_text(encoding="utf-8"))
    read["arguments"] = {
        key: pathlib.PurePath(value).name if value.startswith("/") else value
        for key, value in read["arguments"].items()
    }
    read["arguments"]["score"] = "dev apart"
    to.write_text(json.dumps(read, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trained", type=pathlib.Path, help="the folder that train.py wrote")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--f32", action="store_true", help="weights as they are, for comparing the engine with torch")
    parser.add_argument("--calibrate", type=pathlib.Path, nargs="*", default=[CORPUS / "apart"])
    args = parser.parse_args()
    saved = torch.load(args.trained / "model.pt")
    table, model = Table(saved["words"]), None
    model = Tagger(table.rows, Shape(*saved["shape"]))
    model.load_state_dict(saved["model"])
    model.eval()
    examples = [example_of(note, False) for folder in args.calibrate for note in marked.read_folder(folder)]
    points = calibration(finds(model, table, examples, 1.0)) if examples else [0.0, 1.0]
    print("calibration:", " ".join(f"{point:.2f}" for point in points))
    seconds, scores = told(args.trained / "metrics.json")
    card = {
        "name": "Sigilo tagger",
        "description": "Finds personal data in clinical notes in Spanish; docs/model-card.md says how well.",
        "license": "MIT; trained on MEDDOCAN (CC BY 4.0) and notes of the Sigilo authors (MIT)",
        "datasets": "MEDDOCAN train part (Marimon et al. 2019, CC BY 4.0); corpora/uruguay/marked/train",
        "language": "es",
        "scores": scores,
        "training_seconds": seconds,
        "date": datetime.date.today().isoformat(),
    }
    export.write(args.out, model, saved["words"], points, card, not args.f32)
    keep_metrics(args.trained / "metrics.json", args.out.with_suffix(".json"))
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
