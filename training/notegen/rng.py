# SPDX-License-Identifier: MIT
"""Chance, the same on every machine and version of Python.

Only random.random() is promised to give the same row of numbers for a seed from one version to the next, so all else
stands on it.
"""

import random
from typing import Sequence, Tuple, TypeVar

T = TypeVar("T")


class Rng:
    def __init__(self, *seed: object):
        """Equal seeds, equal chance: Rng(7, "note", 3)."""
        self._random = random.Random(":".join(str(part) for part in seed)).random

    def real(self) -> float:
        """In [0, 1)."""
        return self._random()

    def chance(self, probability: float) -> bool:
        return self._random() < probability

    def below(self, count: int) -> int:
        return int(self._random() * count)

    def between(self, low: int, high: int) -> int:
        """low to high, both included."""
        return low + int(self._random() * (high - low + 1))

    def pick(self, things: Sequence[T]) -> T:
        return things[int(self._random() * len(things))]

    def weighted(self, things: Sequence[Tuple[float, T]]) -> T:
        """things are (weight, thing)."""
        left = self._random() * sum(weight for weight, _ in things)
        for weight, thing in things:
            left -= weight
            if left < 0:
                return thing
        return things[-1][1]

    def digits(self, count: int) -> str:
        return "".join(str(int(self._random() * 10)) for _ in range(count))

    def shuffled(self, things: Sequence[T]) -> list:
        out = list(things)
        for last in range(len(out) - 1, 0, -1):
            other = int(self._random() * (last + 1))
            out[last], out[other] = out[other], out[last]
        return out
