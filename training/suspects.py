#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Point out what looks personal in marked notes and bears no mark: the machine's half of checking an annotation twice.

    training/suspects.py DIR [DIR...]

Outside every mark (a CLINICO or `-` mark counts as looked at) it looks for: names and surnames of the lists in a
name's letter case; a word after a title or a kinship word; runs of five digits or more; dates with two separators;
e-mail and web addresses; two capitals that could sign at the end of a line; years; and marks that begin or end
oddly (a title inside, a weekday inside a date, a preposition at the edge). Each line is a question, not a fault:
the exit status is 0 unless a note can't be read. `tools/marks_to_brat.py` points out repeats of marked values; this
finds what was never marked.
"""

import argparse
import pathlib
import re
import sys
from typing import Iterator, List, Tuple

from notegen import marked
from notegen.lists import entries, fold
from notegen.note import CLINICAL

WEEKDAYS = r"lunes|martes|mi[ée]rcoles|jueves|viernes|s[áa]bado|domingo|lun|mar|mi[ée]|jue|vie|s[áa]b|dom"
TITLE = re.compile(
    r"\b(?:Dra?s?|Dres|Lic|LE|AE|Br|Sra?|Prof|Mtra|Psic|Ps|Doña|Don|Enf|Aux|Nurse|Tec|Téc|TS)\.? +([A-ZÁÉÍÓÚÑ][\wáéíóúñ]+)"
)
KINSHIP = re.compile(
    r"(?i:\b(?:hij[oa]|madre|padre|espos[oa]|herman[oa]|niet[oa]|t[íi]o|t[íi]a|abuel[oa]|pareja|yerno|nuera|cuñad[oa]|vecin[oa]|sobrin[oa]|prim[oa])) +([A-ZÁÉÍÓÚÑ][a-záéíóúñ]{2,})"
)
PATTERNS: Tuple[Tuple[str, "re.Pattern[str]"], ...] = (
    ("after a title", TITLE),
    ("after a kinship word", KINSHIP),
    ("five digits or more", re.compile(r"(?<![\d./-])(\d(?:[.\-/ ]?\d){4,})\b")),
    ("date", re.compile(r"\b(\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})\b")),
    ("year", re.compile(r"(?<![\d.,/-])((?:19[3-9]|20[0-3])\d)(?![\d.,/-])")),
    ("address of the net", re.compile(r"(\S+@\S+|\bwww\.\S+|https?:\S+)")),
    (
        "month",
        re.compile(
            r"(?i)\b(enero|febrero|marzo|abril|mayo|junio|julio|agosto|setiembre|septiembre|octubre|noviembre|diciembre)\b"
        ),
    ),
    ("age", re.compile(r"(?i)\b(\d{1,3} ?(?:años|años de edad))\b")),
    ("signs a line", re.compile(r"(?m)(?<=[ .])([A-Z]{2}|[A-Z]\. ?[A-Z]\.)$")),
)
SPAN_EDGES: Tuple[Tuple[str, str, "re.Pattern[str]"], ...] = (
    ("NAME", "title inside", re.compile(r"^(?:Dra?|Lic|Sra?|Prof|LE|AE|Br)\.? ", re.I)),
    ("DATE", "weekday inside", re.compile(rf"(?i)^(?:{WEEKDAYS})\.? ")),
    ("", "preposition at the edge", re.compile(r"(?i)^(?:en|a|con|por) |\s(?:en|a|con|por|y|e|-|,)$")),
    ("", "sign at the edge", re.compile(r"^[,;:]|[,;:]$")),
)


def names() -> frozenset:
    words = set()
    for name in ("first_names", "first_names_f", "first_names_m", "surnames", "surnames_uy", "nicknames_uy"):
        words |= {fold(entry.text) for entry in entries(name)}
    for name in ("common_words", "clinical_words", "corpus_words", "drugs", "eponyms", "ambiguous_names"):
        words -= {fold(entry.text) for entry in entries(name)}
    return frozenset(words)


def suspects(marked_text: str, known: frozenset) -> Iterator[Tuple[int, str, str]]:
    """(line, why, what) for each."""
    text, spans, kinds, faults = marked.marks_to_brat.parse(marked_text)
    for fault in faults:
        yield 0, "broken mark", fault
    blotted = list(text)
    for span in spans:
        blotted[span.start : span.end] = "\0" * (span.end - span.start)
    holes = "".join(blotted)
    for why, pattern in PATTERNS:
        for match in pattern.finditer(holes):
            yield text.count("\n", 0, match.start(1)) + 1, why, match.group(1)
    for match in re.finditer(r"(?<![\w\0])[^\W\d_]{4,}(?![\w\0])", holes):
        word = match.group()
        if (word.istitle() or word.isupper()) and fold(word) in known:
            yield text.count("\n", 0, match.start()) + 1, "in the lists of names", word
    for span, kind in zip(spans, kinds):
        for prefix, why, pattern in SPAN_EDGES:
            if kind.startswith(prefix) and kind not in (CLINICAL, "-") and pattern.search(span.text):
                yield text.count("\n", 0, span.start) + 1, why, span.text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=pathlib.Path, metavar="DIR")
    args = parser.parse_args()
    known, count = names(), 0
    for folder in args.folders:
        paths: List[pathlib.Path] = sorted(folder.glob("*.txt"))
        if not paths:
            parser.exit(1, f"suspects: {folder}: no notes (*.txt)\n")
        for path in paths:
            try:
                text = path.read_bytes().decode("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                parser.exit(1, f"suspects: {path}: {error}\n")
            for line, why, what in sorted(set(suspects(text, known))):
                print(f"{path.name}:{line}: {why}: {what}")
                count += 1
    print(f"{count} questions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
