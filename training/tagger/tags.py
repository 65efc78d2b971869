# SPDX-License-Identifier: MIT
"""Tags of units, BIOES by kind, and spans from them under the constraints that make every row of tags a row of spans."""

from typing import List, Sequence

import numpy

from notegen.note import CLINICAL, Span

from .units import Unit

KINDS = (
    "NAME_PATIENT",
    "NAME_RELATIVE",
    "NAME_OTHER",
    "NAME_STAFF",
    "ID_NATIONAL",
    "ID_FOREIGN",
    "ID_RECORD",
    "ID_EPISODE",
    "ID_INSURANCE",
    "ID_STAFF_LICENCE",
    "ID_STAFF_EMPLOYEE",
    "ID_FISCAL",
    "ID_ACCOUNT",
    "ID_USER",
    "ID_OTHER",
    "ID_VEHICLE",
    "ID_DEVICE",
    "URL",
    "IP",
    "PHONE",
    "FAX",
    "EMAIL",
    "STREET",
    "PLACE",
    "COUNTRY",
    "HOSPITAL",
    "HEALTH_CENTRE",
    "INSTITUTION",
    "DATE",
    "AGE",
    "PROFESSION",
    "SEX",
    "KINSHIP",
    "OTHER",
)
ONLY_MEDDOCAN = ("SEX", "KINSHIP", "OTHER")  # elsewhere such words bear no mark, which says nothing of them
OUTSIDE = 0
BEGIN, INSIDE, END, SINGLE = range(4)
TAGS = 1 + 4 * len(KINDS)


def tag(kind: int, place: int) -> int:
    return 1 + 4 * kind + place


def tags_of(units: Sequence[Unit], spans: Sequence[Span]) -> List[int]:
    """A span that cuts a unit takes the whole of it."""
    out = [OUTSIDE] * len(units)
    at = 0
    for span in spans:
        if span.kind == CLINICAL:
            continue
        while at < len(units) and units[at].end <= span.start:
            at += 1
        last = at
        while last < len(units) and units[last].start < span.end:
            last += 1
        kind = KINDS.index(span.kind)
        if last - at == 1:
            out[at] = tag(kind, SINGLE)
        elif last > at:
            out[at], out[last - 1] = tag(kind, BEGIN), tag(kind, END)
            for inner in range(at + 1, last - 1):
                out[inner] = tag(kind, INSIDE)
        at = last
    return out


def allowed() -> numpy.ndarray:
    """[from, to]: whether the second tag may follow the first."""
    may = numpy.zeros((TAGS, TAGS), dtype=bool)
    for first in range(TAGS):
        kind, place = (first - 1) // 4, (first - 1) % 4
        for second in range(TAGS):
            next_kind, next_place = (second - 1) // 4, (second - 1) % 4
            opens = second == OUTSIDE or next_place in (BEGIN, SINGLE)
            if first == OUTSIDE or place in (END, SINGLE):
                may[first, second] = opens
            else:
                may[first, second] = second != OUTSIDE and kind == next_kind and next_place in (INSIDE, END)
    return may


_MAY = numpy.where(allowed(), 0.0, -1e9).astype(numpy.float32)
_START = numpy.where(allowed()[OUTSIDE], 0.0, -1e9).astype(numpy.float32)


def viterbi(scores: numpy.ndarray) -> List[int]:
    """The best row of tags that is a row of whole spans; scores: log-probabilities [units, TAGS].

    Only two kinds of step exist: from a closed state (outside, or the end of a span) to one that opens, and on within
    a span of one kind. So a step costs O(TAGS), not O(TAGS^2).
    """
    count = len(scores)
    if count == 0:
        return []
    scores = scores.astype(numpy.float64)  # sums over thousands of units
    closed = numpy.zeros(TAGS, dtype=bool)
    closed[OUTSIDE] = True
    closed[3::4] = closed[4::4] = True  # ends and singles
    opens = numpy.zeros(TAGS, dtype=bool)
    opens[OUTSIDE] = True
    opens[1::4] = opens[4::4] = True  # begins and singles
    best = numpy.where(opens, scores[0], -1e9)
    back = numpy.zeros((count, TAGS), dtype=numpy.int32)
    begins, insides, ends = (numpy.arange(place + 1, TAGS, 4) for place in (BEGIN, INSIDE, END))
    for at in range(1, count):
        from_closed = int(numpy.argmax(numpy.where(closed, best, -2e9)))
        fresh = numpy.full(TAGS, -1e9)
        fresh[opens] = best[from_closed] + scores[at][opens]
        back[at][opens] = from_closed
        inner = best[begins] >= best[insides]
        source = numpy.where(inner, begins, insides)
        fresh[insides] = best[source] + scores[at][insides]
        fresh[ends] = best[source] + scores[at][ends]
        back[at][insides] = back[at][ends] = source
        best = fresh
    last = int(numpy.argmax(numpy.where(closed, best, -2e9)))
    row = [last]
    for at in range(count - 1, 0, -1):
        row.append(int(back[at][row[-1]]))
    return row[::-1]


def joined(scores: numpy.ndarray, kinds: Sequence[str] = ONLY_MEDDOCAN) -> numpy.ndarray:
    """Some kinds' probabilities added to that of the outside tag: in notes where they are not marked only the sum is learnt."""
    out = scores.copy()
    tags = [tag(KINDS.index(kind), place) for kind in kinds for place in range(4)]
    out[:, OUTSIDE] = numpy.logaddexp.reduce(scores[:, [OUTSIDE] + tags], axis=1)
    out[:, tags] = -1e9
    return out


def spans_of_tags(units: Sequence[Unit], row: Sequence[int]) -> List[Span]:
    out: List[Span] = []
    start = 0
    for unit, number in zip(units, row):
        if number == OUTSIDE:
            continue
        kind, place = (number - 1) // 4, (number - 1) % 4
        if place in (BEGIN, SINGLE):
            start = unit.start
        if place in (END, SINGLE):
            out.append(Span(KINDS[kind], start, unit.end))
    return out
