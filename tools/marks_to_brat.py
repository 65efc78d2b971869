#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turn notes with marks in their text into BRAT standoff files.

    tools/marks_to_brat.py MARKED_DIR OUT_DIR            write OUT_DIR/X.txt and X.ann for each MARKED_DIR/X.txt
    tools/marks_to_brat.py --check MARKED_DIR OUT_DIR    write nothing; OUT_DIR must already hold just that

A marked note is the note itself with every annotated stretch written as

    ⟪KIND|text⟫     KIND is a kind of the anonymiser (NAME_STAFF, HOSPITAL, DATE...), a label of the
                    `uruguay` policy without accents (NOMBRE, UBICACION, FECHA...), or CLINICO
    ⟪-|text⟫        text looked at and deliberately left alone: it yields plain text and no
                    annotation, and silences the check for omissions there

What comes out is `X.txt`, the note without marks, and `X.ann`, a line per mark in the order of the text:

    T1<TAB>NOMBRE 10 24<TAB>Nélida Arbelbide

with offsets in Unicode code points of X.txt as it is decoded (no BOM, line ends as they stand), end
exclusive.

Faults (any of them, or a folder without notes, makes the exit status 1; otherwise 0; 2 is wrong usage):

  * a mark with an unknown kind, empty, with a blank at an edge, holding `|`, or running over a line end;
  * a bracket ⟪ or ⟫ that belongs to no mark;
  * an omission: the value of a mark, or one word of a marked name, of 4 characters or more, that stands
    unmarked elsewhere in the same note, whole words, letter case and accents ignored.
    CLINICO values are exempt: those marks are a sample of the clinical terms, not all of them;
  * a file that is not UTF-8 or can't be read;
  * with --check: a file of OUT_DIR that is missing, differs, or comes from no marked note.

Notes that have a faulty mark or a stray bracket are not written. Python 3.9 or later, standard library only.
"""

import argparse
import collections
import pathlib
import re
import sys
import unicodedata
from typing import Counter, Dict, List, NamedTuple, Tuple

OPEN, CLOSE = "⟪", "⟫"

# The kinds that detectors speak, and the label that the `uruguay` policy gives to each of them.
LABEL_OF_KIND = {
    "NAME_PATIENT": "NOMBRE",
    "NAME_RELATIVE": "NOMBRE",
    "NAME_OTHER": "NOMBRE",
    "NAME_STAFF": "NOMBRE",
    "ID_NATIONAL": "CI",
    "ID_FOREIGN": "ID",
    "ID_RECORD": "REGISTRO",
    "ID_EPISODE": "REGISTRO",
    "ID_INSURANCE": "ID",
    "ID_STAFF_LICENCE": "ID",
    "ID_STAFF_EMPLOYEE": "ID",
    "ID_FISCAL": "ID",
    "ID_ACCOUNT": "ID",
    "ID_USER": "ID",
    "ID_OTHER": "ID",
    "ID_VEHICLE": "ID",
    "ID_DEVICE": "ID",
    "URL": "ID",
    "IP": "ID",
    "PHONE": "TELEFONO",
    "FAX": "TELEFONO",
    "EMAIL": "EMAIL",
    "STREET": "DIRECCION",
    "PLACE": "UBICACION",
    "COUNTRY": "UBICACION",
    "HOSPITAL": "UBICACION",
    "HEALTH_CENTRE": "UBICACION",
    "INSTITUTION": "UBICACION",
    "DATE": "FECHA",
    "AGE": "EDAD",
    "PROFESSION": "PROFESION",
}
CLINICAL = "CLINICO"      # annotated, but not personal: scored apart
NOT_PERSONAL = "-"        # no annotation at all
# A mark may also carry the label itself.
LABEL_OF_KIND.update({label: label for label in sorted(set(LABEL_OF_KIND.values()))})
LABEL_OF_KIND[CLINICAL] = CLINICAL

# Shorter values (ages, initials, "11" in "el 11") stand in a note for too many other things to look for.
MIN_REPEAT = 4
# A first name or a surname alone is as personal as the whole, so names are also looked for by word.
LABELS_FOUND_BY_WORD = {"NOMBRE"}


class Span(NamedTuple):
    """One annotation, or (label "-") one stretch that the annotator has declared clean."""
    label: str
    start: int
    end: int
    text: str


class Note(NamedTuple):
    """A marked note taken apart."""
    text: str
    spans: List[Span]
    kinds: List[str]       # as written in the marks, same order as spans
    faults: List[str]      # broken marks: the offsets after them can't be trusted
    doubts: List[str]      # omissions: the files can be written, the annotation wants a look


def line_of(text: str, offset: int) -> int:
    """Line number, from 1, for messages."""
    return text.count("\n", 0, offset) + 1


# ------------------------------------------------------------------------------------------ parsing

def parse(marked: str) -> Tuple[str, List[Span], List[str], List[str]]:
    """Take the marks out of a note: (text, spans, kinds, faults).

    It walks from bracket to bracket instead of matching whole marks with one expression, so that a broken
    mark is reported where it breaks and the rest of the note is still read.
    """
    pieces: List[str] = []       # the clean text so far
    length = 0                   # and its length in code points
    spans: List[Span] = []
    kinds: List[str] = []
    faults: List[str] = []

    def add(piece: str) -> None:
        nonlocal length
        pieces.append(piece)
        length += len(piece)

    def fault(offset: int, what: str) -> None:
        near = marked[offset:offset + 40].split("\n")[0]
        faults.append(f"line {line_of(marked, offset)}: {what}: {near!r}")

    pos = 0
    while True:
        bracket = re.compile(f"[{OPEN}{CLOSE}]").search(marked, pos)
        if bracket is None:
            add(marked[pos:])
            break
        at = bracket.start()
        add(marked[pos:at])
        if bracket.group() == CLOSE:
            fault(at, f"stray {CLOSE}")
            pos = at + 1
            continue

        # The mark ends at the first CLOSE, provided that no other OPEN comes before it.
        close = marked.find(CLOSE, at)
        inner = marked.find(OPEN, at + 1)
        if close < 0 or 0 <= inner < close:
            fault(at, f"stray {OPEN}")
            pos = at + 1
            continue
        kind, bar, value = marked[at + 1:close].partition("|")
        pos = close + 1

        wrong = None
        if not bar:
            wrong = "mark without |"
        elif kind != NOT_PERSONAL and kind not in LABEL_OF_KIND:
            wrong = f"unknown kind {kind!r}"
        elif "|" in value:
            wrong = "| in the text of a mark"
        elif not value.strip():
            wrong = "empty mark"
        elif value != value.strip():
            wrong = "mark begins or ends with a blank"
        elif len(value.splitlines()) > 1:
            wrong = "mark over a line end"
        if wrong:
            fault(at, wrong)
            add(value)
            continue

        label = LABEL_OF_KIND.get(kind, NOT_PERSONAL)
        spans.append(Span(label, length, length + len(value), value))
        kinds.append(kind)
        add(value)
    return "".join(pieces), spans, kinds, faults


# ------------------------------------------------------------------------------- looking for omissions

def fold(text: str) -> str:
    """Lower case without accents, code point for code point, so that offsets stay those of the text."""
    out = []
    for char in text:
        plain = unicodedata.normalize("NFD", char)[0].lower()
        out.append(plain if len(plain) == 1 else char)
    return "".join(out)


def values_to_look_for(spans: List[Span]) -> Dict[str, str]:
    """Folded value -> label, for the values and the words of names that are long enough."""
    wanted: Dict[str, str] = {}
    for span in spans:
        if span.label in (CLINICAL, NOT_PERSONAL):
            continue
        values = [span.text]
        if span.label in LABELS_FOUND_BY_WORD:
            values += re.findall(r"[^\W\d_]+", span.text)
        for value in values:
            if len(value) >= MIN_REPEAT:
                wanted.setdefault(fold(value), span.label)
    return wanted


def omissions(text: str, spans: List[Span]) -> List[str]:
    """Marked values that also stand outside every mark, each reported with its line."""
    covered = bytearray(len(text))
    for span in spans:
        covered[span.start:span.end] = b"\x01" * (span.end - span.start)
    folded = fold(text)
    found: Dict[Tuple[int, int], str] = {}
    for value, label in values_to_look_for(spans).items():
        for match in re.finditer(r"(?<!\w)" + re.escape(value) + r"(?!\w)", folded):
            start, end = match.span()
            # Partly covered is an omission too: "Ana Paz" once marked whole, once only "Paz".
            if 0 in covered[start:end]:
                found[start, end] = label
    return [f"line {line_of(text, start)}: unmarked repeat of {label} {text[start:end]!r} at {start}"
            for (start, end), label in sorted(found.items())]


# ------------------------------------------------------------------------------------------- files

def read_text(path: pathlib.Path) -> str:
    """The file as UTF-8 with its line ends untouched (read_text() would turn CRLF into LF)."""
    return path.read_bytes().decode("utf-8")


def read_note(path: pathlib.Path) -> Note:
    try:
        marked = read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        return Note("", [], [], [f"can't be read: {error}"], [])
    text, spans, kinds, faults = parse(marked)
    return Note(text, spans, kinds, faults, omissions(text, spans))


def standoff(note: Note) -> str:
    """The .ann file of a note."""
    annotated = [span for span in note.spans if span.label != NOT_PERSONAL]
    for span in annotated:       # the one promise of this program; it costs nothing to hold it to that
        assert note.text[span.start:span.end] == span.text, span
    return "".join(f"T{number}\t{span.label} {span.start} {span.end}\t{span.text}\n"
                   for number, span in enumerate(annotated, 1))


def compare(expected: Dict[str, str], out: pathlib.Path) -> List[str]:
    """--check: how the files in `out` differ from the expected ones."""
    faults = []
    for name, content in sorted(expected.items()):
        path = out / name
        if not path.is_file():
            faults.append(f"{name}: missing in {out}")
        elif path.read_bytes() != content.encode("utf-8"):
            faults.append(f"{name}: not what the marked note yields")
    if out.is_dir():
        for path in sorted(out.iterdir()):
            if path.suffix in (".txt", ".ann") and path.name not in expected:
                faults.append(f"{path.name}: comes from no marked note")
    return faults


def main(argv: List[str]) -> int:
    parser = argparse.ArgumentParser(description="Marked notes to BRAT standoff (X.txt and X.ann).")
    parser.add_argument("--check", action="store_true", help="only check that OUT_DIR is what MARKED_DIR yields")
    parser.add_argument("marked", type=pathlib.Path, metavar="MARKED_DIR")
    parser.add_argument("out", type=pathlib.Path, metavar="OUT_DIR")
    args = parser.parse_args(argv)
    # Notes have accents; a console or pipe that can't show one must not stop the run.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")

    if not args.marked.is_dir():
        parser.error(f"{args.marked} is not a folder")
    if args.out.exists() and not args.out.is_dir():
        parser.error(f"{args.out} is not a folder")
    if args.out.exists() and args.out.samefile(args.marked):
        parser.error("OUT_DIR must not be MARKED_DIR: the marked notes would be overwritten")

    faults: List[str] = []
    files: Dict[str, str] = {}
    labels: Counter[str] = collections.Counter()
    kinds: Counter[str] = collections.Counter()
    words = 0
    notes = sorted(args.marked.glob("*.txt"))
    for path in notes:
        note = read_note(path)
        faults += [f"{path.name}: {what}" for what in note.faults + note.doubts]
        if note.faults:
            continue
        files[path.name] = note.text
        files[path.stem + ".ann"] = standoff(note)
        labels.update(span.label for span in note.spans)
        kinds.update(note.kinds)
        words += len(note.text.split())

    if args.check:
        faults += compare(files, args.out)
    else:
        args.out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (args.out / name).write_bytes(content.encode("utf-8"))

    if not notes:
        faults.append(f"{args.marked}: no notes (*.txt)")
    for what in faults:
        print(what, file=sys.stderr)
    exceptions = labels.pop(NOT_PERSONAL, 0)
    kinds.pop(NOT_PERSONAL, None)
    print(f"{len(notes)} notes, {words} words, {sum(labels.values())} annotations, "
          f"{exceptions} exceptions, {len(faults)} faults")
    print("labels: " + ", ".join(f"{name} {count}" for name, count in sorted(labels.items())))
    if set(kinds) != set(labels):
        print("kinds: " + ", ".join(f"{name} {count}" for name, count in sorted(kinds.items())))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
