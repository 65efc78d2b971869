# SPDX-License-Identifier: MIT
"""Every personal value of a note replaced by another of its kind, the same value by the same one."""

import re
from typing import Callable, Dict, Tuple

from . import ages, dates, numbers
from .lists import Words, fold
from .note import CLINICAL, Piece, Pieces
from .people import Names, Renamer, WORD, sort_of, without_accents
from .places import Places
from .rng import Rng

NAMES = ("NAME_PATIENT", "NAME_RELATIVE", "NAME_STAFF", "NAME_OTHER")
KEPT = ("SEX", "KINSHIP", "OTHER")
MOST_YEARS = 4


class Substitution:
    """What is the same for every note: the lists. One object serves all of them."""

    def __init__(self, words: Words):
        self.words = words
        self.names = Names(words)
        self.places = Places(words, self.names)

    def apply(self, pieces: Pieces, rng: Rng, other_form: float = 0.3) -> Pieces:
        """A note with new people, places, dates and codes. other_form: how often a value takes another form."""
        return _OneNote(self, pieces, rng, other_form).substituted()


class _OneNote:
    def __init__(self, shared: Substitution, pieces: Pieces, rng: Rng, other_form: float):
        self._shared, self._pieces, self._rng, self._other_form = shared, pieces, rng, other_form
        people = [piece.text for piece in pieces if piece.kind in NAMES]
        self._renamer = Renamer(people, shared.names, rng)
        self._female = self._mostly_female(people)
        self._days = rng.between(-365 * MOST_YEARS, 365 * 2)
        self._habit = habit_of(pieces)
        self._seen: Dict[Tuple[str, str], str] = {}

    @staticmethod
    def _mostly_female(people: list) -> bool:
        first = people[0] if people else ""
        words = WORD.findall(first)
        return any(sort_of(word, True, False) == "f" for word in words[-2:] + words[:1])

    def substituted(self) -> Pieces:
        out = []
        for piece in self._pieces:
            if piece.kind is None or piece.kind == CLINICAL or piece.kind in KEPT:
                out.append(piece)
            else:
                out.append(Piece(self._value(piece), piece.kind))
        return keep_columns(self._pieces, out)

    def _value(self, piece: Piece) -> str:
        group = "NAME" if piece.kind in NAMES else piece.kind
        key = (group, piece.text)
        if key not in self._seen:
            new = self._new_value(piece.kind, piece.text).strip()
            plain = piece.text.isupper() and piece.text == without_accents(piece.text)
            self._seen[key] = self._habit(without_accents(new) if plain else new) or piece.text
        return self._seen[key]

    def _new_value(self, kind: str, old: str) -> str:
        rng, places = self._rng, self._shared.places
        if kind in NAMES:
            new = self._renamer.rename(old)
            return self._renamer.vary(new) if rng.chance(self._other_form * 0.4) else new
        if kind == "DATE":
            return dates.rewrite(old, self._days, self._other_form * 0.6, rng)
        if kind == "AGE":
            return ages.age_like(old, self._other_form * 0.6, rng)
        if kind == "STREET":
            return cased_whole(places.street_like(old, rng), old)
        if kind == "PROFESSION":
            return places.profession_like(old, self._female, rng)
        if kind in ("EMAIL", "ID_USER", "URL"):
            return self._handle(kind, old)
        if kind in numbers.FORMS:
            return numbers.renumbered(kind, old, self._other_form, rng)
        by_kind: Dict[str, Callable[[str, Rng], str]] = {
            "PLACE": places.place_like,
            "COUNTRY": places.country_like,
            "HOSPITAL": places.hospital_like,
            "HEALTH_CENTRE": lambda value, chance: cased_whole(places.health_centre(chance), value),
            "INSTITUTION": places.institution_like,
        }
        return by_kind[kind](old, rng)

    def _handle(self, kind: str, old: str) -> str:
        """An address of the net, called after somebody new."""
        rng = self._rng
        given, surname = (
            re.sub(r"[^a-zñ]", "", fold(word))
            for word in (self._shared.names.given(rng.pick("fm"), rng), self._shared.names.surname(rng, compound=False))
        )
        given, surname = given.replace("ñ", "n"), surname.replace("ñ", "n")
        if kind == "EMAIL":
            return cased_whole(numbers.email(given, surname, rng), old)
        if kind == "URL":
            return re.sub(
                r"(?<=//)[^/]+|^(?=www\.)[^/]+|^[\w.-]+(?=/|$)",
                lambda match: "www." + numbers.domain(rng),
                old,
                count=1,
            )
        at = "@" if old.startswith("@") else ""
        return at + numbers.user_name(given, surname, rng)


def habit_of(pieces: Pieces) -> Callable[[str], str]:
    """How the whole note is typed: all upper case, all lower case, without accents; new values are typed so too."""
    letters = [char for piece in pieces if piece.kind is None for char in piece.text if char.isalpha()]
    upper = sum(char.isupper() for char in letters)
    changes = []
    if len(letters) > 200:
        if upper > 0.9 * len(letters):
            changes.append(str.upper)
        elif upper < 0.004 * len(letters):
            changes.append(str.lower)
        if not any(char in "áéíóúÁÉÍÓÚ" for char in letters):
            changes.append(without_accents)

    def typed(text: str) -> str:
        for change in changes:
            text = change(text)
        return text

    return typed


def cased_whole(new: str, old: str) -> str:
    if old.isupper() and re.search("[A-ZÁÉÍÓÚÑ]{3}", old):
        return new.upper()
    return new.lower() if old.islower() and re.search("[a-z]{3}", old) else new


def keep_columns(old: Pieces, new: Pieces) -> Pieces:
    """Blanks after a changed value take up the difference in length, where three or more say that columns are meant."""
    out = []
    owed = 0  # how many characters the line is ahead of what it was
    for before, after in zip(old, new):
        if after.kind is not None:
            owed += len(after.text) - len(before.text)
            out.append(after)
            continue
        text = after.text
        run = re.match(r"(?: {3,}|\.{4,}|_{4,}| {2,}(?=[|│]))", text) if owed else None
        if run:
            room = max(2, len(run.group()) - owed)
            owed -= len(run.group()) - room
            text = run.group()[0] * room + text[run.end() :]
        if "\n" in text:
            owed = 0
        out.append(Piece(text))
    return out
