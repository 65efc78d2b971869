# SPDX-License-Identifier: MIT
"""The figures of QUALITY.md that guide training: strict F1, coverage, documents with a direct leak, over-redaction.

`sigilo eval` measures the program; this measures a model before the program can run it.
"""

import collections
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy

from notegen.note import Span

from .data import Example
from .tags import KINDS, ONLY_MEDDOCAN, OUTSIDE, spans_of_tags, viterbi

DIRECT = {kind for kind in KINDS if kind.startswith(("NAME", "ID_")) or kind in ("URL", "IP", "PHONE", "FAX", "EMAIL")}


class Figures(NamedTuple):
    strict: float  # micro F1 of kind and both offsets
    span: float  # of offsets alone
    coverage: float
    direct: float  # coverage of direct identifiers
    lrdi: float  # documents in which no direct identifier leaks
    over: float  # share of characters outside all spans that are replaced
    missed: Dict[str, Tuple[int, int]]  # kind -> (missed, all)

    def line(self) -> str:
        return (
            f"strict {100 * self.strict:.2f} span {100 * self.span:.2f} coverage {100 * self.coverage:.2f} direct {100 * self.direct:.2f} "
            f"LRDI {100 * self.lrdi:.1f} over {100 * self.over:.2f}"
        )


def decode(example: Example, scores: numpy.ndarray, outside: float = 0.0) -> List[Span]:
    """scores: log-probabilities [units, tags]; outside: what is taken off that of O, in nats: more finds more."""
    if len(scores) == 0:
        return []
    lowered = scores.copy()
    lowered[:, OUTSIDE] -= outside
    return spans_of_tags(example.units, viterbi(lowered))


def gold_of(example: Example) -> List[Span]:
    return spans_of_tags(example.units, example.tags)


def measure(examples: Sequence[Example], found: Sequence[Sequence[Span]], whole: bool) -> Figures:
    """whole: sex and kinship count (MEDDOCAN's own measure); coverage never counts them."""
    right = right_span = extra = total = covered = direct = direct_covered = clean = outside = over = 0
    missed: Dict[str, List[int]] = collections.defaultdict(lambda: [0, 0])
    for example, spans in zip(examples, found):
        gold = gold_of(example)
        if not whole:
            gold = [span for span in gold if span.kind not in ONLY_MEDDOCAN]
            spans = [span for span in spans if span.kind not in ONLY_MEDDOCAN]
        right += len(set(gold) & set(spans))
        right_span += len({span[1:] for span in gold} & {span[1:] for span in spans})
        total += len(gold)
        extra += len(spans)
        replaced = numpy.zeros(len(example.text) + 1, dtype=bool)
        for span in spans:
            if span.kind not in ONLY_MEDDOCAN:
                replaced[span.start : span.end] = True
        personal = numpy.zeros(len(example.text) + 1, dtype=bool)
        leaks = False
        for span in gold:
            personal[span.start : span.end] = True
            if span.kind in ONLY_MEDDOCAN:
                continue
            whole_span = all(replaced[at] for at in range(span.start, span.end) if example.text[at].isalnum())
            missed[span.kind][0] += not whole_span
            missed[span.kind][1] += 1
            covered += whole_span
            if span.kind in DIRECT:
                direct += 1
                direct_covered += whole_span
                leaks |= not whole_span
        clean += not leaks
        letters = numpy.array([char.isalnum() for char in example.text] + [False])
        outside += int((letters & ~personal).sum())
        over += int((letters & ~personal & replaced).sum())
    countable = sum(all_ for _, all_ in missed.values())
    return Figures(
        2 * right / max(total + extra, 1),
        2 * right_span / max(total + extra, 1),
        covered / max(countable, 1),
        direct_covered / max(direct, 1),
        clean / max(len(examples), 1),
        over / max(outside, 1),
        {kind: (few, all_) for kind, (few, all_) in sorted(missed.items())},
    )
