#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program's tagger against the one that was trained: folding, units, features, scores, spans; and one instruction set
against another.

    test_parity.py TAGGER_DUMP SIGILO SOURCE

Parts that need numpy or torch skip without them; where this Python has no torch and that of the system does, that one goes
on. In a cross build both programs run under $MESON_EXE_WRAPPER, on fewer notes.
"""
import json
import os
import pathlib
import shlex
import struct
import subprocess
import sys
import tempfile
from typing import List, NamedTuple, Tuple

SYSTEM_PYTHON = '/usr/bin/python3'


def has_torch(python):
    try:
        return subprocess.run([python, '-c', 'import torch'], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


if os.environ.get('SIGILO_PARITY_PYTHON') is None:  # the second Python does not look for a third
    os.environ['SIGILO_PARITY_PYTHON'] = sys.executable
    if not has_torch(sys.executable) and has_torch(SYSTEM_PYTHON):
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv])

DUMP, SIGILO, SOURCE = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
sys.dont_write_bytecode = True
sys.path[:0] = [str(SOURCE / 'training'), str(SOURCE / 'tests' / 'training')]

from tagger import features  # noqa: E402
from tagger.fold import fold  # noqa: E402
from tagger.units import units_of  # noqa: E402
from tap import Skip, main, test  # noqa: E402

WRAPPER = shlex.split(os.environ.get('MESON_EXE_WRAPPER', ''))
BUILT_IN = SOURCE / 'src' / 'tagger' / 'builtin.gguf'
NOTES = sorted((SOURCE / 'corpora' / 'uruguay' / 'dev').glob('*.txt'))
SHORT = sorted(NOTES, key=lambda path: (path.stat().st_size, path.name))
FEW = SHORT[: 1 if WRAPPER else 5]
OUTSIDE = 1.0  # nats off "nothing": as a policy may say
FAR = 1e-4  # how far log-probabilities may lie apart
TIE = 1e-3  # and whole readings: where two are as good as each other either will do
# Instruction sets are free in the last bit of a float, and no more: the encoder's activations are not rounded.
FAR_ROUNDED, SPANS_ROUNDED = 1e-3, 0.0


class Dumped(NamedTuple):  # of a text: tagger_dump.c
    units: List[Tuple[int, int, int]]  # start, end, spacing
    rows: List[Tuple[int, ...]]
    n_tags: int
    scores: bytes
    spans: List[Tuple[int, int, int]]  # start, end, kind


def read_dumped(data, at):
    n, n_tags = struct.unpack_from('<II', data, at)
    at += 8
    units, rows = [], []
    for _ in range(n):
        start, end, spacing, n_rows = struct.unpack_from('<IIII', data, at)
        units.append((start, end, spacing))
        rows.append(struct.unpack_from(f'<{n_rows}I', data, at + 16))
        at += 16 + 4 * n_rows
    scores = data[at : at + 4 * n * n_tags]
    at += len(scores)
    (n_spans,) = struct.unpack_from('<I', data, at)
    spans = [struct.unpack_from('<III', data, at + 4 + 16 * i) for i in range(n_spans)]
    return Dumped(units, rows, n_tags, scores, spans), at + 4 + 16 * n_spans


def dump(model, isa, paths):
    done = subprocess.run(
        [*WRAPPER, str(DUMP), str(model), isa, str(OUTSIDE)],
        input='\n'.join(map(str, paths)).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stderr.decode(errors='replace'))
    out, at = [], 0
    for _ in paths:
        dumped, at = read_dumped(done.stdout, at)
        out.append(dumped)
    assert at == len(done.stdout)
    return out


def read_folded(path):
    return fold(path.read_bytes().decode('utf-8'))[0]


def need(*modules):
    for module in modules:
        try:
            __import__(module)
        except ImportError as why:
            raise Skip(f'no {module} for this Python') from why


def built_in():
    """gguf.File of the built-in model. Its own lists, which may be older than those of the tree, are the ones that count."""
    need('numpy')
    from tagger import gguf

    file = gguf.read(BUILT_IN)
    pairs = file.pairs
    listed = {
        word: tuple(bit for bit in range(len(features.LISTS)) if flags >> bit & 1)
        for word, flags in zip(pairs['tagger.listed'], pairs['tagger.listed_flags'])
    }
    features.flags = lambda: listed
    return file


def check_units(name, text, dumped):
    units = units_of(text)
    assert [(unit.start, unit.end, unit.spacing) for unit in units] == dumped.units, name
    return units


# ---- what needs nothing ----

CODE_POINTS = [
    *range(0x09, 0x0E),
    *range(0x20, 0x7F),
    *range(0xA0, 0x600),
    *range(0x660, 0x670),
    *range(0x6F0, 0x700),
    *range(0x900, 0xA00),
    *range(0x1AB0, 0x1B00),
    *range(0x1DC0, 0x2C10),
    *range(0x2FF0, 0x3010),
    *(0x4E00, 0xAC00, 0xD7FF, 0xE000),
    *range(0xFE00, 0x10000 - 2),
    *range(0x1D7C0, 0x1D800),
    *(0x10000, 0x1EFFF, 0x1F000, 0x1F600, 0x1FFFF - 2, 0x20000, 0x10FFFD),
]


@test
def every_code_point_folds_as_in_training():
    """Between two digits: a digit joins them, what vanishes does too, a blank parts them, the rest is a unit whose features
    tell what it is. Words and lists are the model's, and left out."""
    some = CODE_POINTS[::300] if WRAPPER else CODE_POINTS
    text = '\n'.join(f'7{chr(code)}7' for code in some) + '\n\r7\r\n7\r7\u0085Pe\u0301rez\n'
    folded, table = fold(text)[0], features.Table([])
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'all.txt'
        path.write_bytes(text.encode('utf-8'))
        (dumped,) = dump('-', '-', [path])
    units = units_of(folded)
    for unit, there in zip(units, dumped.units):
        assert (unit.start, unit.end, unit.spacing) == there, (unit, there, folded[unit.start - 20 : unit.end + 20])
    assert len(units) == len(dumped.units)
    moved = dumped.rows[0][1] - table.of_unit(units[0])[1]  # the model's words come first
    for unit, rows in zip(units, dumped.rows):
        wanted = [row + moved for row in table.of_unit(unit)[1:] if not table.is_flag(row)]
        assert wanted == [row for row in rows[1:] if row < moved + table.offset['flag']], (unit, rows)


# ---- what needs numpy ----


@test
def units_and_features_of_notes_are_those_of_training():
    table = features.Table(built_in().pairs['tagger.words'])
    notes = FEW if WRAPPER else NOTES
    for path, dumped in zip(notes, dump('-', '-', notes)):
        for unit, rows in zip(check_units(path.name, read_folded(path), dumped), dumped.rows):
            assert sorted(rows) == sorted(table.of_unit(unit)), (path.name, unit, rows)


# ---- what needs torch ----


def behind(scores, units, spans):
    """By how many nats a reading is worse than the best one of these scores: 0 where it is the same."""
    from notegen.note import Span
    from tagger.tags import KINDS, OUTSIDE as NOTHING, tags_of, viterbi

    lowered = scores.astype('f8')
    lowered[:, NOTHING] -= OUTSIDE
    best, row = viterbi(lowered), tags_of(units, [Span(KINDS[kind], start, end) for start, end, kind in spans])
    return sum(lowered[at, best[at]] - lowered[at, row[at]] for at in range(len(units)))


def compare_with_torch(model, table, overlap, path, dumped):
    """How far apart the log-probabilities are; the spans must be as good as the best."""
    import numpy
    from tagger.data import log_probabilities

    units = check_units(path.name, read_folded(path), dumped)
    scores = numpy.frombuffer(dumped.scores, '<f4').reshape(len(units), dumped.n_tags)
    highest = scores.max(-1, keepdims=True)
    ours = scores - highest - numpy.log(numpy.exp(scores - highest).sum(-1, keepdims=True))
    theirs = log_probabilities(model, table, units, overlap)
    worse = behind(theirs, units, dumped.spans)
    assert worse <= TIE, (path.name, worse)
    return float(abs(ours - theirs).max())


@test
def scores_and_spans_are_those_of_torch():
    need('numpy', 'torch')
    import torch
    from tagger import export, gguf

    torch.set_num_threads(1)
    file = built_in()
    export.flags = features.flags
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'f32.gguf'
        pairs = {key: value for key, value in file.pairs.items() if key != 'general.alignment'}
        gguf.write(path, pairs, file.tensors, False)
        model, table, _ = export.read(path)
        for isa, notes in (('-', FEW),) if WRAPPER else (('-', NOTES), ('ref', FEW)):
            for note, dumped in zip(notes, dump(path, isa, notes)):
                furthest = compare_with_torch(model, table, pairs['tagger.overlap'], note, dumped)
                assert furthest <= FAR, f'{note.name}, isa {isa}: {furthest:.2e} apart'


# ---- one instruction set and another ----


def sigilo(*args):
    env = dict(os.environ, SIGILO_LANG='en')
    return subprocess.run([*WRAPPER, str(SIGILO), *map(str, args)], env=env, capture_output=True, check=False)


def instruction_sets():
    """All the names --isa takes, from the message that refuses another; the highest comes last."""
    refused = sigilo('anonymize', '--isa', '?', NOTES[0]).stderr.decode(errors='replace')
    names = refused.rpartition('knows ')[2].split('\n')[0].replace(',', ' ').split()
    assert 'ref' in names, refused
    return names


def apart(one, other):
    """The furthest that a score is from the other's, each told by its unit's highest."""
    furthest, size = 0.0, 4 * one.n_tags
    for at in range(0, len(one.scores), size):
        a = struct.unpack_from(f'<{one.n_tags}f', one.scores, at)
        b = struct.unpack_from(f'<{one.n_tags}f', other.scores, at)
        moved = max(a) - max(b)
        furthest = max(furthest, max(abs(x - y - moved) for x, y in zip(a, b)))
    return furthest


def check_spans(what, wanted, got):
    """Sets of spans of several notes: nearly the same."""
    allowed = 1 + int(SPANS_ROUNDED * len(wanted))
    assert wanted and len(wanted - got) <= allowed and len(got - wanted) <= allowed, (what, wanted ^ got)


@test
def the_built_in_model_finds_nearly_the_same_with_every_instruction_set():
    notes = FEW[:1] if WRAPPER else NOTES
    best = dict(zip(notes, dump('-', '-', notes)))
    for isa in ['ref'] if WRAPPER else instruction_sets():
        some = notes if WRAPPER else FEW if isa == 'ref' else notes
        wanted, got = set(), set()
        for path, dumped in zip(some, dump('-', isa, some)):
            assert dumped.units == best[path].units and dumped.rows == best[path].rows, (isa, path.name)
            assert apart(best[path], dumped) <= FAR_ROUNDED, (isa, path.name, apart(best[path], dumped))
            wanted |= {(path.name, *span) for span in best[path].spans}
            got |= {(path.name, *span) for span in dumped.spans}
        check_spans(isa, wanted, got)


@test
def documents_come_out_nearly_the_same_with_every_instruction_set():
    if WRAPPER:
        raise Skip('an emulator takes minutes a note; the test above compares the same spans')

    def spans(isa):
        done = sigilo('anonymize', '--detectors', 'tagger', '--isa', isa, *FEW, '--json')
        assert done.returncode == 0, done.stderr.decode(errors='replace')
        objects = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(objects) == len(FEW)
        return {(o['file'], span['start'], span['end'], span['label']) for o in objects for span in o['spans']}

    names = instruction_sets()
    for isa in names[:-1]:
        check_spans(isa, spans(names[-1]), spans(isa))


main()
