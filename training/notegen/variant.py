# SPDX-License-Identifier: MIT
"""The recipe: which of all the changes a variant gets, and how often."""

from typing import NamedTuple, Sequence

from . import layout, noise, ordinary
from .fields import Fields
from .headings import Headings, longest_patient
from .lists import Words
from .note import Note, Piece, Pieces, tidy
from .plant import Fragments
from .rng import Rng
from .substitute import Substitution


class Recipe(NamedTuple):
    """Probabilities a note, each in [0, 1]."""

    as_it_is: float = 0.03  # not even the values changed
    other_form: float = 0.3  # a value in another form of its kind
    plant: float = 0.45  # fragments planted
    people: float = 0.5  # of them, the share that names people
    ordinary: float = 0.4  # ordinary words changed
    fields: float = 0.45  # field names changed
    heading: float = 0.16  # a new heading
    signature: float = 0.14  # new signatures
    layout: float = 0.45  # a change of layout; half as often a second one
    noise: float = 0.5  # a kind of damage; a third as often a second one


DEFAULT = Recipe()


class Generator:
    """Endless variants of the notes it is given. Equal notes, lists, recipe and seed: equal variants."""

    def __init__(self, notes: Sequence[Note], words: Words, recipe: Recipe = DEFAULT):
        if not notes:
            raise ValueError("a generator needs at least one note")
        self._notes, self._recipe = notes, recipe
        self._substitution = Substitution(words)
        self._fields = Fields(words)
        self._headings = Headings(self._substitution, self._fields)
        self._fragments = Fragments(words)

    def variant(self, seed: object, number: int) -> Note:
        """The number-th note of a seed: each can be had without those before it."""
        rng = Rng(seed, number)
        source = self._notes[number % len(self._notes)] if rng.chance(0.5) else rng.pick(self._notes)
        return Note(f"{source.name}-{number}", self.change(source.pieces, rng))

    def change(self, pieces: Pieces, rng: Rng) -> Pieces:
        recipe = self._recipe
        if rng.chance(recipe.as_it_is):
            return tidy(pieces)
        if rng.chance(recipe.plant):
            pieces = self._fragments.plant(pieces, rng.between(1, 5), recipe.people, rng)
        pieces = self._substitution.apply(pieces, rng, recipe.other_form)
        if rng.chance(recipe.ordinary):
            pieces = ordinary.change(pieces, rng.pick((0.05, 0.12, 0.25)), rng)
        if rng.chance(recipe.fields):
            pieces = self._fields.change(pieces, rng.pick((0.3, 0.6, 0.9)), rng)
        for probability in (recipe.layout, recipe.layout / 2):
            if rng.chance(probability):
                pieces = layout.change(pieces, rng)
        if rng.chance(recipe.heading):
            pieces = self._headings.heading(rng, longest_patient(pieces) if rng.chance(0.7) else None) + pieces
        if rng.chance(recipe.signature):
            pieces = self._signed(pieces, rng)
        for probability in (recipe.noise, recipe.noise / 3):
            if rng.chance(probability):
                pieces = noise.change(pieces, rng)
        return tidy(pieces)

    def _signed(self, pieces: Pieces, rng: Rng) -> Pieces:
        out = list(pieces)
        for _ in range(rng.between(1, 3)):
            signature = self._headings.signature(rng)
            if rng.chance(0.75):
                if out and not out[-1].text.endswith("\n"):
                    out.append(Piece("\n"))
                out += signature
            else:
                out = signature + out
        return out
