# SPDX-License-Identifier: MIT
"""The hand-written notes: how many of each kind, what they hold, that marks and BRAT files agree, and that training and
evaluation share nothing.

    test_notes.py SOURCE-DIR
"""
import collections
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(sys.argv[1]).resolve()
sys.path[:0] = [str(SOURCE / 'training'), str(SOURCE / 'tests' / 'training')]

from notegen import marked  # noqa: E402
from notegen.note import CLINICAL, text_of  # noqa: E402
from tap import main, test  # noqa: E402

CORPUS = SOURCE / 'corpora' / 'uruguay'
TRAINED = {
    'emergencia',
    'cti',
    'enfermeria',
    'pases',
    'alta',
    'interconsulta',
    'mensajes',
    'formulario',
    'tabla',
    'psiquiatria',
    'pediatria',
    'maternidad',
    'quirofano',
    'laboratorio',
    'certificado',
    'danado',
}
APART = {'ambulancia', 'policlinica', 'social', 'oncologia'}


def notes(split):
    return marked.read_folder(CORPUS / 'marked' / split)


def kind_of(note):
    return note.name.rsplit('-', 1)[0]


def hand_of(note):
    return note.name.rsplit('-', 1)[1].rstrip('abc')


def run(*command):
    return subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, check=False)


@test
def twelve_notes_at_least_of_each_of_twenty_kinds():
    for split, kinds in (('train', TRAINED), ('apart', APART)):
        count = collections.Counter(kind_of(note) for note in notes(split))
        assert set(count) == kinds, (split, set(count) ^ kinds)
        assert min(count.values()) >= 12, (split, count)


@test
def many_hands_and_none_in_both_splits():
    hands = {split: {hand_of(note) for note in notes(split)} for split in ('train', 'apart')}
    assert len(hands['train']) >= 12 and len(hands['apart']) >= 4, hands
    assert not hands['train'] & hands['apart'], 'a hand that trains must not be what judges'


@test
def every_kind_is_written_by_several_hands():
    for split, least in (('train', 8), ('apart', 4)):
        hands = collections.defaultdict(set)
        for note in notes(split):
            hands[kind_of(note)].add(hand_of(note))
        for kind, some in hands.items():
            assert len(some) >= least, (kind, some)


@test
def thirty_notes_hold_nothing_personal_and_half_hold_traps():
    everything = notes('train') + notes('apart')
    clean = [note.name for note in everything if not any(piece.personal for piece in note.pieces)]
    assert len(clean) >= 30, len(clean)
    traps = [note.name for note in everything if sum(piece.kind == CLINICAL for piece in note.pieces) >= 8]
    assert len(traps) >= len(everything) // 2, (len(traps), len(everything))


@test
def brat_files_are_what_the_marks_yield_and_nothing_is_marked_once_and_forgotten():
    for split in ('train', 'apart', 'dev', 'test'):
        done = run(SOURCE / 'tools' / 'marks_to_brat.py', '--check', CORPUS / 'marked' / split, CORPUS / split)
        assert done.returncode == 0, (split, done.stderr[-2000:])


@test
def marks_carry_kinds_not_labels():
    for split in ('train', 'apart'):
        for path in sorted((CORPUS / 'marked' / split).glob('*.txt')):
            for kind in set(re.findall('⟪([^|⟫]*)\\|', path.read_text(encoding='utf-8'))):
                assert kind in marked.LABEL_OF_KIND or kind == '-', (path.name, kind)
                assert kind not in marked.KIND_OF_LABEL or kind == 'EMAIL', (path.name, kind)


@test
def notes_are_text_of_a_sensible_size():
    for split in ('train', 'apart'):
        for note in notes(split):
            text = text_of(note.pieces)
            assert 300 <= len(text) <= 9000, (note.name, len(text))
            assert not re.search('[\0-\b\v-\x1f\ufffd⟪⟫]', text), note.name


@test
def titles_and_weekdays_stay_outside():
    title = re.compile(r'^(?:Dra?|DRA?|Lic|LIC|LE|AE|Br|Sra?|Prof)\.? ')
    weekday = re.compile(r'(?i)^(?:lunes|martes|mi[ée]rcoles|jueves|viernes|s[áa]bado|domingo)\b')
    for split in ('train', 'apart'):
        for note in notes(split):
            for piece in note.pieces:
                if piece.kind and piece.kind.startswith('NAME'):
                    assert not title.match(piece.text), (note.name, piece.text)
                if piece.kind == 'DATE':
                    assert not weekday.match(piece.text), (note.name, piece.text)


@test
def training_and_evaluation_share_nothing():
    done = run(SOURCE / 'training' / 'near.py')
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


main()
