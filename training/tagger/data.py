# SPDX-License-Identifier: MIT
"""Notes as what the encoder eats: examples (units, rows, tags), windows, batches."""

import bisect
from typing import List, NamedTuple, Sequence, Tuple

import numpy
import torch

from notegen.note import Note, Span, spans_of, text_of
from notegen.rng import Rng

from .fold import fold
from .features import Table
from .model import Tagger
from .tags import OUTSIDE, tags_of
from .units import Unit, units_of


class Example(NamedTuple):
    name: str
    text: str  # folded
    places: List[int]  # of its characters in the note
    units: List[Unit]
    tags: List[int]
    whole: bool  # MEDDOCAN: sex and kinship are marked too


class Batch(NamedTuple):
    rows: torch.Tensor  # all rows of all units
    starts: torch.Tensor  # where those of each unit begin, windows * units
    there: torch.Tensor  # [windows, units]
    tags: torch.Tensor  # [windows, units], -100 where there is none
    whole: torch.Tensor  # [windows]


def example_of(note: Note, whole: bool) -> Example:
    text, places = fold(text_of(note.pieces))
    units = units_of(text)
    spans = [
        Span(span.kind, bisect.bisect_left(places, span.start), bisect.bisect_left(places, span.end))
        for span in spans_of(note.pieces)
    ]
    return Example(note.name, text, places, units, tags_of(units, spans), whole)


Window = Tuple[Example, int, int]


def windows_of(examples: Sequence[Example], size: int, keep_empty: float, rng: Rng) -> List[Window]:
    """Cut at a random offset; of windows in which nothing is marked only a share is kept."""
    out: List[Window] = []
    for example in examples:
        at = -rng.below(size) if len(example.units) > size else 0
        while at < len(example.units):
            start, end = max(at, 0), min(at + size, len(example.units))
            at += size
            if end - start < 8 and len(example.units) > 8:
                continue
            if any(example.tags[start:end]) or rng.chance(keep_empty):
                out.append((example, start, end))
    return out


def batch_of(
    windows: Sequence[Window], table: Table, word_dropout: float = 0.0, flag_dropout: float = 0.0, rng: Rng = Rng(0)
) -> Batch:
    """Words are hidden now and then (row 0), and so are the flags of the lists: what neither knows must be told by its context."""
    longest = max(end - start for _, start, end in windows)
    rows: List[int] = []
    starts = numpy.zeros((len(windows), longest), dtype=numpy.int64)
    there = numpy.zeros((len(windows), longest), dtype=bool)
    tags = numpy.full((len(windows), longest), -100, dtype=numpy.int64)
    word, flag = table.offset["word"], table.offset["flag"]
    for number, (example, start, end) in enumerate(windows):
        for place in range(longest):
            starts[number, place] = len(rows)
            if place >= end - start:
                continue
            own = table.of_unit(example.units[start + place])
            if word_dropout and rng.chance(word_dropout):
                own = (word,) + own[1:]
            if flag_dropout and rng.chance(flag_dropout):
                own = tuple(row for row in own if row < flag) + (flag,)
            rows.extend(own)
        count = end - start
        there[number, :count] = True
        tags[number, :count] = example.tags[start:end]
    return Batch(
        torch.tensor(rows),
        torch.from_numpy(starts.reshape(-1)),
        torch.from_numpy(there),
        torch.from_numpy(tags),
        torch.tensor([example.whole for example, _, _ in windows]),
    )


def log_probabilities(
    model: Tagger, table: Table, units: Sequence[Unit], overlap: int, device: str = "cpu"
) -> numpy.ndarray:
    """[units, tags] over a whole text: windows that overlap, each unit's scores from the window in which it is more central."""
    size = model.shape.window
    starts = [0]
    while starts[-1] + size < len(units):
        starts.append(starts[-1] + size - overlap)
    example = Example("", "", [], list(units), [OUTSIDE] * len(units), True)
    out = None
    for first in range(0, len(starts), 16):
        some = starts[first : first + 16]
        batch = batch_of([(example, at, min(at + size, len(units))) for at in some], table)
        with torch.no_grad():
            scores = (
                model(batch.rows.to(device), batch.starts.to(device), batch.there.to(device))
                .log_softmax(-1)
                .cpu()
                .numpy()
            )
        if out is None:
            out = numpy.zeros((len(units), scores.shape[-1]), dtype=numpy.float32)
        for number, at in enumerate(some):
            end = min(at + size, len(units))
            begin = at + (overlap // 2 if at else 0)
            out[begin:end] = scores[number, begin - at : end - at]
    return out if out is not None else numpy.zeros((0, 1), dtype=numpy.float32)
