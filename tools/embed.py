#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns the project's data files into C at build time, so that one binary works offline.

    embed.py lexicon OUT.c LIST.txt...     word lists -> one static hash table (src/anon/lexicon.h)
    embed.py fields|cues OUT.c LIST.txt    field names, cues -> a hash table (src/anon/fields.h)
    embed.py files OUT.c SYMBOL FILE...    files -> a table {name, bytes, size}
    embed.py blob OUT.S SYMBOL FILE        a large file as it is, for the assembler to include

A list is UTF-8, one entry a line, '#' comments. What class an entry gets follows from the file's
name (CLASSES below); ' ?' after an entry marks it as needing context, ' F', ' S', ' FS' in
ambiguous_names.txt tell first names from surnames. functional.txt has '[CLASS]' headings.
Words are folded as text/fold.c folds them: no accents, lower case, single blanks.
"""
import hashlib
import pathlib
import sys
import unicodedata

# file stem -> (class of an entry, class of an entry marked ' ?')
CLASSES = {
    "first_names": ("LEX_FIRST_NAME", None),
    "surnames": ("LEX_SURNAME", None),
    "nicknames": ("LEX_NICKNAME", "LEX_NICKNAME_WEAK"),
    "departments_uy": ("LEX_PLACE", "LEX_PLACE_WEAK"),
    "towns_uy": ("LEX_PLACE", "LEX_PLACE_WEAK"),
    "barrios_uy": ("LEX_PLACE", "LEX_PLACE_WEAK"),
    "towns_es": ("LEX_PLACE", "LEX_PLACE_WEAK"),
    "places_world": ("LEX_PLACE", "LEX_PLACE_WEAK"),
    "countries": ("LEX_COUNTRY", "LEX_COUNTRY | LEX_PLACE_WEAK"),
    "institutions_uy": ("LEX_INSTITUTION", "LEX_INSTITUTION_WEAK"),
    "institutions_es": ("LEX_INSTITUTION", "LEX_INSTITUTION_WEAK"),
    "professions": ("LEX_PROFESSION", "LEX_PROFESSION_WEAK"),
    "drugs": ("LEX_DRUG", None),
    "eponyms": ("LEX_EPONYM", None),
    "clinical_words": ("LEX_CLINICAL", None),
    "common_words": ("LEX_COMMON", None),
    "corpus_words": ("LEX_COMMON", None),
}
AMBIGUOUS = {"F": "LEX_FIRST_NAME", "S": "LEX_SURNAME"}
PHRASE_WORDS_MAX = 8


# letters that have no mark to drop, as the table of text/fold.c has them
LETTERS = {"ø": "o", "Ø": "o", "æ": "a", "Æ": "a", "œ": "o", "Œ": "o", "ł": "l", "Ł": "l", "đ": "d",
           "Đ": "d", "ð": "d", "Ð": "d", "þ": "t", "Þ": "t", "ħ": "h", "Ħ": "h", "ı": "i", "ŋ": "n"}


def fold(text):
    """As fold_phrase() of text/fold.c for the letters that occur in the lists."""
    out = []
    for ch in unicodedata.normalize("NFD", text.replace("ß", "s")):
        if unicodedata.combining(ch):
            continue
        ch = LETTERS.get(ch, ch)
        ch = ch.lower()
        out.append(ch if ch.isascii() and ch.isalnum() else " ")
    return " ".join("".join(out).split())


def read_lists(paths):
    """{folded entry: set of classes}; the class LEX_PHRASE marks first words of phrases."""
    words = {}

    def add(entry, classes):
        key = fold(entry)
        parts = key.split()
        if not parts or len(parts) > PHRASE_WORDS_MAX:
            return
        words.setdefault(key, set()).update(c.strip() for c in classes.split("|"))
        if len(parts) > 1:
            words.setdefault(parts[0], set()).add("LEX_PHRASE")

    for path in paths:
        stem = path.stem
        heading = None
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if stem == "functional":
                if line.startswith("["):
                    heading = "LEX_" + line.strip("[]")
                else:
                    for entry in line.split(","):
                        add(entry, heading)
                continue
            if stem == "ambiguous_names":
                entry, _, marks = line.rpartition(" ")
                if not entry or set(marks) - set("FS"):
                    sys.exit(f"{path}:{number}: expected 'word F', 'word S' or 'word FS'")
                add(entry, "|".join([AMBIGUOUS[m] for m in marks] + ["LEX_AMBIGUOUS"]))
                continue
            if stem not in CLASSES:
                sys.exit(f"{path}: no class is known for this list (see CLASSES in embed.py)")
            strong, weak = CLASSES[stem]
            if line.endswith("?"):
                add(line[:-1], weak or strong)
            else:
                add(line, strong)
    return words


def fnv1a(data):
    h = 2166136261
    for b in data:
        h = (h ^ b) * 16777619 & 0xFFFFFFFF
    return h


def c_bytes(data):
    return "".join(f"{b}," + ("\n" if i % 24 == 23 else "") for i, b in enumerate(data))


def write_lexicon(out, paths):
    words = read_lists(paths)
    size = 1
    while size < 2 * len(words):
        size *= 2
    blob, slots = bytearray(), [None] * size
    for key in sorted(words):
        raw = key.encode("ascii")
        at = fnv1a(raw) & (size - 1)
        while slots[at] is not None:
            at = (at + 1) & (size - 1)
        slots[at] = (len(blob), len(raw), " | ".join(sorted(words[key])))
        blob += raw
    lines = ["/* Made by tools/embed.py from src/anon/lexicon/; do not edit. */",
             '#include "anon/lexicon.h"',
             f"const uint32_t lexicon_size = {size};",
             f"const char lexicon_keys[{len(blob)}] = {{{c_bytes(blob)}}};",
             f"const struct lexicon_slot lexicon_slots[{size}] = {{"]
    for at, slot in enumerate(slots):
        if slot:
            lines.append(f"[{at}] = {{{slot[0]}, {slot[1]}, {slot[2]}}},")
    lines.append("};")
    out.write_text("\n".join(lines) + "\n", encoding="ascii")


def field_row(heading, needs_colon):
    value, kind = heading.split()
    return f"{{VALUE_{value}, KIND_{kind}, {str(needs_colon).lower()}}}"


def cue_row(heading, _):
    kind, digits = heading.split()
    return f"{{KIND_{kind}, {digits}}}"


# mode -> (symbol of the slots, symbol and type of the rows, how a heading makes a row)
TABLES = {"fields": ("field_slots", "fields", "field", field_row),
          "cues": ("cue_slots", "cues", "cue", cue_row)}


def write_names(out, mode, path):
    slots_symbol, rows_symbol, row_type, make_row = TABLES[mode]
    rows, names, first_words = [], {}, set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            rows.append(make_row(line.split("]")[0].strip("["), line.endswith("?")))
            continue
        for entry in line.split(","):
            key = fold(entry)
            if not key:
                continue
            if key in names:
                sys.exit(f"{path}:{number}: '{key}' stands twice")
            names[key] = len(rows) - 1
            if " " in key:
                first_words.add(key.split()[0])
    keys = sorted(set(names) | first_words)
    size = 1
    while size < 2 * len(keys):
        size *= 2
    slots = [None] * size
    for key in keys:
        at = fnv1a(key.encode("ascii")) & (size - 1)
        while slots[at] is not None:
            at = (at + 1) & (size - 1)
        longer = str(key in first_words).lower()
        slots[at] = f'[{at}] = {{"{key}", {names.get(key, "FIELD_NONE")}, {longer}}},'
    lines = [f"/* Made by tools/embed.py from src/anon/lexicon/{path.name}; do not edit. */",
             '#include "anon/fields.h"', f"const uint32_t {slots_symbol}_size = {size};",
             f"const struct {row_type} {rows_symbol}[] = {{" + ",\n".join(rows) + "};",
             f"const struct name_slot {slots_symbol}[{size}] = {{"]
    lines += [slot for slot in slots if slot] + ["};"]
    out.write_text("\n".join(lines) + "\n", encoding="ascii")


def write_files(out, symbol, paths):
    lines = ["/* Made by tools/embed.py; do not edit. */", '#include "anon/embedded.h"']
    for i, path in enumerate(paths):
        lines.append(f"static const unsigned char file_{i}[] = {{{c_bytes(path.read_bytes() + bytes(1))}}};")
    lines.append(f"const struct embedded_file {symbol}[] = {{")
    for i, path in enumerate(paths):
        lines.append(f'{{"{path.stem}", (const char *)file_{i}, sizeof(file_{i}) - 1}},')
    lines.append("{0, 0, 0}};")
    out.write_text("\n".join(lines) + "\n", encoding="ascii")


def write_blob(out, symbol, path):
    """Aligned as a mapped file is. The digest is there so that the text changes when the file does."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    quoted = str(path.resolve()).replace("\\", "\\\\").replace('"', '\\"')
    out.write_text(
        f"""/* Made by tools/embed.py; do not edit. {digest} */
    .section .rodata
    .balign 64
    .globl {symbol}
{symbol}:
    .incbin "{quoted}"
    .globl {symbol}_end
{symbol}_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
""", encoding="utf-8")


def main():
    if len(sys.argv) < 4 or sys.argv[1] not in ("lexicon", "files", "blob", *TABLES):
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "lexicon":
        write_lexicon(out, [pathlib.Path(p) for p in sys.argv[3:]])
    elif sys.argv[1] in TABLES:
        write_names(out, sys.argv[1], pathlib.Path(sys.argv[3]))
    elif sys.argv[1] == "blob":
        write_blob(out, sys.argv[3], pathlib.Path(sys.argv[4]))
    else:
        write_files(out, sys.argv[3], [pathlib.Path(p) for p in sys.argv[4:]])


if __name__ == "__main__":
    main()
