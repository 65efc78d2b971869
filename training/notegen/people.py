# SPDX-License-Identifier: MIT
"""Persons of a note renamed, all of them at once and consistently.

Not spans but words are renamed: every word that occurs in a name of the note is given one new word of its sort
(given name of the same gender, surname, nickname), the same wherever it stands. So the patient's surname alone on
page two, the daughter who shares it, and "Sra. Teresita" stay the persons they were, and agreement of gender is
kept because the gender of each given name is. Initials follow the names of the note that they can stand for.
"""

import functools
import re
import unicodedata
from typing import Dict, Iterable, List, Optional, Tuple

from .lists import Words, entries, fold
from .rng import Rng

# A digit inside a word is a scanner's: SUSAN1TA is one word.
WORD = re.compile(r"[^\W\d_]+(?:['’´`\d][^\W\d_]+)*")
PARTICLES = {
    "de",
    "del",
    "la",
    "las",
    "los",
    "da",
    "das",
    "do",
    "dos",
    "di",
    "y",
    "e",
    "van",
    "von",
    "der",
    "san",
    "santa",
}
# A word with the particles before it: they go with the word, save a bare "de" ("Rosa de Pereyra").
_WITH_PARTICLES = re.compile(
    r"(?i)(?:\b(?:de la|de los|de las|del|de|da|das|do|dos|di|van der|von|van|san|santa) )?" + WORD.pattern
)
DIMINUTIVE = re.compile(r"(?i)(ito|ita|itos|itas|ín|ina)$")


# -------------------------------------------------------------------------------- what sort of word


@functools.lru_cache(maxsize=None)
def _given() -> Dict[str, str]:
    """Folded given name -> 'f', 'm' or 'fm', from every list whole: knowing a word is not learning from it."""
    gender: Dict[str, str] = {}
    for letter in "fm":
        for entry in entries(f"first_names_{letter}"):
            for word in WORD.findall(entry.text):
                folded = fold(word)
                if folded not in PARTICLES:
                    gender[folded] = "".join(sorted(set(gender.get(folded, "") + letter)))
    for entry in entries("first_names"):  # the rules' list has no genders: the ending tells most
        folded = fold(entry.text)
        if folded not in gender:
            gender[folded] = "f" if folded.endswith(("a", "is", "ys", "ele", "ette", "elle")) else "m"
    return gender


@functools.lru_cache(maxsize=None)
def _nicknames() -> Dict[str, str]:
    return {fold(entry.text): (entry.attributes + ("",))[0] for entry in entries("nicknames_uy")}


@functools.lru_cache(maxsize=None)
def _surnames() -> frozenset:
    return frozenset(fold(word) for entry in entries("surnames") for word in WORD.findall(entry.text))


def sort_of(word: str, first: bool, alone: bool, male_hint: Optional[bool] = None) -> str:
    """'f', 'm' (given names), 'nf', 'nm' (nicknames) or 's' (surname) for a word of a name.

    first: it opens the name; alone: it is the whole name.
    """
    folded = fold(word)
    given, surname = _given().get(folded), folded in _surnames()
    if folded in _nicknames() and alone:
        return "n" + (_nicknames()[folded] or ("f" if folded.endswith("a") else "m"))[:1]
    if given and (first or not surname):
        if given == "fm":
            return "m" if male_hint else "f"
        return given
    if given is None and not surname and alone and DIMINUTIVE.search(folded):
        return "nf" if folded.endswith("a") else "nm"
    return "s"


# --------------------------------------------------------------------------------------- new words


def cased_like(new: str, old: str) -> str:
    """A new word in the letter case of the old one."""
    if len(old) > 1 and old.isupper():
        return new.upper()
    if old.islower():
        return new.lower()
    if len(old) == 1 and old.isupper() and len(new) == 1:
        return new.upper()
    return new


def without_accents(text: str) -> str:
    """As one types who leaves accents out: ñ is kept, being a key of its own."""
    kept = text.replace("ñ", "\0").replace("Ñ", "\1")
    plain = "".join(char for char in unicodedata.normalize("NFD", kept) if not unicodedata.combining(char))
    return plain.replace("\0", "ñ").replace("\1", "Ñ")


ORIGINS = (
    ("criollo", 30),
    ("galician", 8),
    ("basque", 12),
    ("italian", 14),
    ("canarian", 5),
    ("portuguese", 9),
    ("brazilian", 4),
    ("catalan", 3),
    ("french", 3),
    ("swiss", 4),
    ("german", 2),
    ("waldensian", 2),
    ("russian", 3),
    ("slavic", 2),
    ("armenian", 2),
    ("lebanese", 3),
    ("jewish", 4),
    ("english", 2),
    ("african", 2),
    ("native", 2),
    ("common_word", 7),
    ("compound", 5),
    ("other", 2),
)


class Names:
    """Where new names come from."""

    def __init__(self, words: Words):
        self._words = words
        self._given = {letter: [text for text in words.texts(f"first_names_{letter}")] for letter in "fm"}
        self._single = {letter: [text for text in self._given[letter] if " " not in text] for letter in "fm"}
        sections = set(words.sections("surnames_uy"))
        known = [(weight, origin) for origin, weight in ORIGINS if origin in sections]
        rest = [(1, origin) for origin in sections - {origin for _, origin in known}]
        self._origins = known + rest
        self._nick = {
            letter: [
                entry.text for entry in words.entries("nicknames_uy") if entry.attributes[:1] in ((letter,), ("fm",))
            ]
            for letter in "fm"
        }

    def given(self, letter: str, rng: Rng, compound: bool = False) -> str:
        if compound:
            return rng.pick(self._given[letter])
        return rng.pick(self._single[letter])

    def surname(self, rng: Rng, compound: bool = True) -> str:
        if rng.chance(0.3):
            return rng.pick(self._words.texts("surnames"))
        for _ in range(8):
            text = rng.pick(self._words.texts("surnames_uy", rng.weighted(self._origins)))
            if compound or " " not in text:
                return text
        return rng.pick(self._words.texts("surnames"))

    def nickname(self, letter: str, rng: Rng) -> str:
        return rng.pick(self._nick[letter])

    def full(self, rng: Rng, letter: str = "") -> Tuple[List[str], List[str]]:
        """Given names and surnames of somebody new."""
        letter = letter or rng.pick("fm")
        given = (
            [self.given(letter, rng, compound=True)]
            if rng.chance(0.6)
            else [self.given(letter, rng), self.given(letter, rng)]
        )
        surnames = [self.surname(rng) for _ in range(2 if rng.chance(0.6) else 1)]
        return given, surnames


class Renamer:
    """The names of one note and what they become."""

    def __init__(self, values: Iterable[str], names: Names, rng: Rng):
        self._names, self._rng = names, rng
        self._new: Dict[str, str] = {}
        self._sort: Dict[str, str] = {}
        self._initial: Dict[str, List[str]] = {}
        values = list(values)
        for value in values:
            self._learn(value)
        self._taken = {fold(new) for new in self._new.values()}

    def _learn(self, value: str) -> None:
        words = [word for word in WORD.findall(value) if len(word) > 1]
        real = [word for word in words if fold(word) not in PARTICLES]
        for number, word in enumerate(real):
            folded = fold(word)
            if folded in self._new or looks_like_initials(word, value):
                continue
            sort = sort_of(word, number == 0 or "," in value, len(real) == 1)
            self._sort[folded] = sort
            self._new[folded] = self._fresh(sort)
            self._initial.setdefault(folded[0], []).append(folded)

    def _fresh(self, sort: str) -> str:
        for _ in range(4):
            if sort == "s":
                new = self._names.surname(self._rng)
            elif sort[0] == "n":
                new = self._names.nickname(sort[1], self._rng)
            else:
                new = self._names.given(sort, self._rng)
            if new not in self._new.values():
                break
        return new

    def initial(self, letter: str) -> str:
        """What an initial becomes: that of a name of the note that it can stand for, else any."""
        for folded in self._initial.get(fold(letter), []):
            return self._new[folded][0]
        return self._rng.pick("ABCDEFGHIJLMNOPRSTUVWZ")

    def rename(self, value: str) -> str:
        """A name with each of its words renamed; its order, signs and letter case kept."""
        plain = is_plain(value)

        def one(match: "re.Match[str]") -> str:
            *particles, word = match.group().split(" ")
            folded = fold(word)
            if looks_like_initials(word, value):
                return match.group()[: -len(word)] + "".join(
                    cased_like(self.initial(char).upper(), char) for char in word
                )
            if folded not in self._new:  # a particle that stands alone
                return match.group()
            new = cased_like(self._new[folded], word)
            if (
                [fold(particle) for particle in particles] == ["de"]
                and self._sort[folded] == "s"
                and not re.match("(?i)d[ei]", new)
            ):
                new = f"{particles[0]} {new}"
            return without_accents(new) if plain else new

        return _WITH_PARTICLES.sub(one, value)

    def vary(self, value: str) -> str:
        """Another way of writing a name of two words or more: order, initials, second surname dropped."""
        words = value.split(" ")
        if len(words) < 2 or len(words) > 4 or any(not WORD.fullmatch(word) or len(word) < 3 for word in words):
            return value
        how = self._rng.below(6)
        if how == 0:
            return f"{words[0][0]}. {' '.join(words[1:])}"
        if how == 1:
            return f"{words[-1]}, {' '.join(words[:-1])}"
        if how == 2:
            return f"{words[-1]} {' '.join(words[:-1])}"
        if how == 3 and len(words) > 2:
            return " ".join(words[:-1])
        if how == 4:
            return f"{' '.join(words[:-1])} {words[-1][0]}."
        return words[-1]


def is_plain(value: str) -> bool:
    """Upper-case names are mostly typed without accents; so the new one is, unless the old one has some."""
    return value.isupper() and value == without_accents(value)


def looks_like_initials(word: str, value: str) -> bool:
    """Initials are one letter, or a value that is nothing but two to four capitals or dotted letters."""
    if len(word) == 1:
        return True
    bare = re.sub(r"[\W_]", "", value)
    return (
        word == value.strip(".")
        and 2 <= len(bare) <= 4
        and bare.isupper()
        and not re.search("[AEIOU]", bare)
        or len(word) == 2
        and len(bare) == 2
        and fold(word) not in {"paz", "luz", "rey", "gil", "ana", "eva", "leo", "ema"}
    )
