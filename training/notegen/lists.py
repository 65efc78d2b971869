# SPDX-License-Identifier: MIT
"""The words that stand in for other words, and the tenth of them that training never sees.

A list is a text file of training/lists/ or of src/anon/lexicon/ (docs/training-data.md says what each holds, its
source and licence): one entry a line, `#` a comment, `[section]` a heading, attributes after a tab, ` ?` after an
entry of the lexicon that is an ordinary word too.

Which tenth is held back follows from the entry itself (a hash of its folded text), so that it is the same in every
list, on every machine and for ever, however the lists grow.
"""

import functools
import hashlib
import pathlib
import unicodedata
from typing import Dict, Iterable, List, NamedTuple, Sequence, Tuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
LISTS = ROOT / "training" / "lists"
LEXICON = ROOT / "src" / "anon" / "lexicon"
HELD_BACK_ONE_IN = 10


class Entry(NamedTuple):
    text: str
    section: str
    attributes: Tuple[str, ...]


def fold(text: str) -> str:
    """Lower case without accents; ñ stays what it is."""
    kept = text.lower().replace("ñ", "\0")
    plain = "".join(char for char in unicodedata.normalize("NFD", kept) if not unicodedata.combining(char))
    return plain.replace("\0", "ñ")


@functools.lru_cache(maxsize=None)
def held_back(text: str) -> bool:
    """Whether an entry belongs to the tenth that only evaluation uses."""
    digest = hashlib.sha256(fold(text).encode("utf-8")).digest()
    return int.from_bytes(digest[:4], "big") % HELD_BACK_ONE_IN == 0


def parse(lines: Iterable[str]) -> List[Entry]:
    entries, section = [], ""
    for line in lines:
        line = line.rstrip()
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            continue
        text, *attributes = line.split("\t")
        text = text[:-2] if text.endswith(" ?") else text
        entries.append(Entry(text.strip(), section, tuple(attributes)))
    return entries


@functools.lru_cache(maxsize=None)
def entries(name: str) -> Tuple[Entry, ...]:
    """A list by its file name without .txt; training/lists before the lexicon."""
    for folder in (LISTS, LEXICON):
        path = folder / f"{name}.txt"
        if path.is_file():
            return tuple(parse(path.read_text(encoding="utf-8").splitlines()))
    raise FileNotFoundError(f"no list {name}.txt in {LISTS} or {LEXICON}")


class Words:
    """The lists as one side sees them: training (nine tenths) or evaluation (the tenth held back)."""

    def __init__(self, evaluation: bool = False):
        self.evaluation = evaluation
        self._cache: Dict[str, Sequence[Entry]] = {}

    def entries(self, name: str) -> Sequence[Entry]:
        if name not in self._cache:
            self._cache[name] = [entry for entry in entries(name) if held_back(entry.text) == self.evaluation]
        return self._cache[name]

    @functools.lru_cache(maxsize=None)
    def texts(self, name: str, section: str = "") -> Sequence[str]:
        """The entries of a list, or of one of its sections."""
        return [entry.text for entry in self.entries(name) if not section or entry.section == section]

    @functools.lru_cache(maxsize=None)
    def sections(self, name: str) -> Sequence[str]:
        return sorted({entry.section for entry in self.entries(name)})
