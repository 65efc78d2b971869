# SPDX-License-Identifier: MIT
"""The generator: right offsets, one seed one row of notes, agreement, forms, and that held-back words stay back.

    test_generator.py SOURCE-DIR
"""
import json
import pathlib
import re
import subprocess
import sys
import time
import unicodedata

SOURCE = pathlib.Path(sys.argv[1]).resolve()
sys.path[:0] = [str(SOURCE / 'training'), str(SOURCE / 'tests' / 'training')]

from notegen import ages, dates, layout, lists, marked, meddocan, noise, numbers, people, places, spelled  # noqa: E402
from notegen.fields import Fields  # noqa: E402
from notegen.headings import Headings  # noqa: E402
from notegen.note import (
    CLINICAL,
    Piece,
    lines_of,
    join_lines,
    pieces_of,
    spans_of,
    text_of,
    tidy,
    to_brat,
    to_marked,
)  # noqa: E402
from notegen.rng import Rng  # noqa: E402
from notegen.substitute import Substitution, keep_columns  # noqa: E402
from notegen.variant import Generator, Recipe  # noqa: E402
from tap import main, test  # noqa: E402

TRAIN = marked.read_folder(SOURCE / 'corpora' / 'uruguay' / 'marked' / 'train')
WORDS = lists.Words()
GENERATOR = Generator(TRAIN, WORDS)
SHARED = Substitution(WORDS)
NOTE = '''HOSPITAL DE PRUEBA - PUERTA
Pte: ⟪NAME_PATIENT|Quintela Rey, Nélida⟫   CI ⟪ID_NATIONAL|3.481.207-7⟫   ⟪AGE|57 años⟫   tel ⟪PHONE|098 441 702⟫
La trae la hija ⟪NAME_RELATIVE|Rosa Quintela⟫, el ⟪DATE|3/5/24⟫. ⟪CLINICO|Glasgow⟫ 15. Nélida está mejor. ⟪CLINICO|enalapril 10 mg⟫.
Control el ⟪DATE|17/5/24⟫ con Dr. ⟪NAME_STAFF|P. Arbiza⟫ en ⟪HOSPITAL|COMEPA⟫, ⟪PLACE|Young⟫.
Firma: Dr. ⟪NAME_STAFF|Pablo Arbiza⟫
'''


def pieces():
    return marked.read_marked(NOTE)


def values(some, *kinds):
    return [piece.text for piece in some if piece.kind in kinds]


# ---------------------------------------------------------------------------------------- pieces


@test
def offsets_are_those_of_the_text_whatever_is_done():
    for number in range(400):
        note = GENERATOR.variant('offsets', number)
        text, end = text_of(note.pieces), 0
        for span in spans_of(note.pieces):
            value = text[span.start : span.end]
            assert value and value == value.strip(), (note.name, span, value)
            assert '\n' not in value, (note.name, span, value)
            assert span.start >= end, (note.name, span)
            end = span.end


@test
def what_is_written_as_brat_or_marks_reads_back_as_it_was():
    label_of = {**meddocan.LABEL_OF_KIND, **marked.LABEL_OF_KIND}
    for number in range(60):
        note = GENERATOR.variant('brat', number)
        text, standoff = to_brat(note.pieces, label_of)
        for line in standoff.splitlines():
            _, place, value = line.split('\t')
            _, start, end = place.split(' ')
            assert text[int(start) : int(end)] == value, (note.name, line)
        assert spans_of(pieces_of(text, spans_of(note.pieces))) == spans_of(note.pieces)
        if '|' not in ''.join(values(note.pieces, *marked.LABEL_OF_KIND)):
            again = marked.read_marked(to_marked(note.pieces), note.name)
            assert text_of(again) == text and spans_of(again) == spans_of(note.pieces), note.name


@test
def lines_join_to_what_they_were():
    assert text_of(join_lines(lines_of(pieces()))) == text_of(pieces())


@test
def tidy_moves_blanks_out_of_spans():
    assert tidy([Piece('a '), Piece(' 12 ', 'AGE'), Piece(''), Piece('b')]) == [
        Piece('a  '),
        Piece('12', 'AGE'),
        Piece(' b'),
    ]


# ----------------------------------------------------------------------------------------- chance


@test
def a_seed_gives_one_row_of_notes_in_this_process_and_in_another():
    here = [to_marked(GENERATOR.variant('twice', number).pieces) for number in range(30)]
    assert here == [to_marked(Generator(TRAIN, lists.Words()).variant('twice', number).pieces) for number in range(30)]
    assert here != [to_marked(GENERATOR.variant('other', number).pieces) for number in range(30)]
    command = [
        sys.executable,
        str(SOURCE / 'training' / 'generate.py'),
        '--jsonl',
        '--seed',
        'twice',
        '--first',
        '7',
        '--count',
        '1',
    ]
    rows = {
        subprocess.run(command, capture_output=True, text=True, check=True, env={'PYTHONHASHSEED': seed}).stdout
        for seed in ('1', '2')
    }
    assert len(rows) == 1
    assert json.loads(rows.pop())['text'] == text_of(GENERATOR.variant('twice', 7).pieces)


@test
def variants_differ_from_each_other_and_from_their_source():
    names = {note.name: text_of(note.pieces) for note in TRAIN}
    texts = [
        (note.name.rsplit('-', 1)[0], text_of(note.pieces))
        for note in (GENERATOR.variant('differ', number) for number in range(300))
    ]
    assert len({text for _, text in texts}) >= 290
    assert sum(names[source] == text for source, text in texts) <= 30


@test
def fast_enough_to_feed_training():
    start = time.process_time()
    for number in range(100):
        GENERATOR.variant('speed', number)
    assert time.process_time() - start < 20, 'fifty notes a second is the aim, five would be broken'


# ---------------------------------------------------------------------------------- substitution


@test
def the_same_person_is_the_same_person_through_the_note():
    for seed in range(40):
        new = SHARED.apply(pieces(), Rng('same', seed), other_form=0)
        (patient,) = values(new, 'NAME_PATIENT')
        (daughter,) = values(new, 'NAME_RELATIVE')
        surname = patient.split(',')[0].split(' ')[0]
        assert surname in daughter.split(' ') or surname in daughter, (patient, daughter)
        initial, signature = values(new, 'NAME_STAFF')
        assert initial[0] == signature[0] and initial[3:] in signature, (initial, signature)


@test
def gender_of_given_names_is_kept():
    gender = people._given()
    for seed in range(60):
        new = SHARED.apply(pieces(), Rng('gender', seed), other_form=0)
        given = values(new, 'NAME_PATIENT')[0].rsplit(' ', 1)[1]
        assert 'f' in gender[lists.fold(given)], given
        doctor = values(new, 'NAME_STAFF')[1].split(' ')[0]
        assert 'm' in gender[lists.fold(doctor)], doctor


@test
def intervals_between_dates_stay():
    for seed in range(40):
        first, second = (
            dates.read(value) for value in values(SHARED.apply(pieces(), Rng('interval', seed), other_form=0), 'DATE')
        )
        days = [__import__('datetime').date(part.year, part.month, part.day).toordinal() for part in (first, second)]
        assert days[1] - days[0] == 14, (first, second)


@test
def clinical_terms_and_plain_text_are_not_touched_by_substitution():
    for note in TRAIN[::7]:
        new = SHARED.apply(note.pieces, Rng('clinical', note.name))
        assert values(new, CLINICAL) == values(note.pieces, CLINICAL), note.name
        old_plain, new_plain = (
            re.sub(r'[ ._]+', ' ', ''.join(piece.text for piece in some if piece.kind is None))
            for some in (note.pieces, new)
        )
        assert old_plain == new_plain, note.name


@test
def an_upper_case_name_stays_upper_case():
    new = SHARED.apply(
        marked.read_marked('Pte ⟪NAME_PATIENT|QUINTELA NELIDA⟫ y ⟪NAME_STAFF|arbiza⟫'), Rng('case'), other_form=0
    )
    assert values(new, 'NAME_PATIENT')[0].isupper() and values(new, 'NAME_STAFF')[0].islower()


@test
def columns_stay_where_they_were():
    old = [Piece('NOMBRE    '), Piece('Ana Paz', 'NAME_PATIENT'), Piece('        EDAD')]
    for name in ('Ana', 'Anahí Rosas', 'Ana Paz'):
        new = [old[0], Piece(name, 'NAME_PATIENT'), old[2]]
        assert text_of(keep_columns(old, new)).index('EDAD') == text_of(old).index('EDAD'), name
    long = [old[0], Piece('Anastasia Wenceslada Ríos', 'NAME_PATIENT'), old[2]]
    assert text_of(keep_columns(old, long)).endswith('Ríos  EDAD')


@test
def every_personal_value_changes_in_most_variants():
    same = total = 0
    for note in TRAIN[::5]:
        new = SHARED.apply(note.pieces, Rng('changes', note.name))
        for old_piece, new_piece in zip(note.pieces, new):
            if old_piece.personal and len(old_piece.text) > 3:
                total += 1
                same += old_piece.text == new_piece.text
    assert total > 500 and same < 0.04 * total, (same, total)


# ------------------------------------------------------------------------------------------ forms


@test
def dates_read_and_written_again_are_themselves():
    for value in (
        '3/5/24',
        '03/05/2024',
        '03-05-24',
        '3.5.2024',
        '2024-05-03',
        '20240503',
        '3 de mayo de 2024',
        '3 DE MAYO DE 2024',
        'mayo de 2021',
        'nov/24',
        '3-mar',
        '12/VIII/2023',
        '5/99',
        '1/6',
        '30',
        '2019',
        "mar '23",
        'setiembre',
        '7 set',
        '05 11 23',
        '1º de julio',
        'XI/23',
        'marzo 3, 2020',
    ):
        parts = dates.read(value)
        assert parts is not None, value
        assert dates.write(parts, value) == value, (value, dates.write(parts, value))


@test
def dates_in_words_move_word_for_word():
    for value, days, new in (
        ('diez de setiembre de dos mil veinticuatro', 1, 'once de setiembre de dos mil veinticuatro'),
        (
            'veintisiete días del mes de octubre de dos mil diecinueve',
            3,
            'treinta días del mes de octubre de dos mil diecinueve',
        ),
        ('27 días del mes de octubre de 2025', 365, '27 días del mes de octubre de 2026'),
        ('VEINTITRES DE ABRIL', 31, 'VEINTICUATRO DE MAYO'),
    ):
        assert dates.rewrite(value, days, 0.0, Rng(1)) == new, dates.rewrite(value, days, 0.0, Rng(1))
    for number in range(1, 100):
        assert spelled.number_of(spelled.in_words(number)) == number
    for year in range(1930, 2050):
        assert spelled.year_of(spelled.year_in_words(year)) == year
    assert re.fullmatch('[a-záéíóú ]+ años', ages.age_like('setenta y ocho años', 0.0, Rng(2)))


@test
def a_moved_date_is_as_exact_as_before():
    for value, said in (
        ('mayo', (False, True, False)),
        ('2019', (False, False, True)),
        ('11', (True, False, False)),
        ('3/5', (True, True, False)),
        ('nov/24', (False, True, True)),
    ):
        parts = dates.move(dates.read(value), 400)
        assert tuple(part is not None for part in parts[:3]) == said, value


@test
def a_moved_date_is_a_date():
    for seed in range(300):
        rng = Rng('calendar', seed)
        parts = dates.read(dates.rewrite('29/2/2024', rng.between(-3000, 3000), 0.7, rng))
        assert parts is None or 1 <= parts.day <= 31 and 1 <= parts.month <= 12, parts


@test
def cedulas_have_the_check_digit_of_the_specification():
    assert numbers.check_digit(1234567) == 2 and numbers.check_digit(123456) == 1
    right = 0
    for seed in range(400):
        digits = re.sub(r'\D', '', numbers.cedula(Rng('ci', seed)))
        assert 7 <= len(digits) <= 8, digits
        right += numbers.check_digit(int(digits[:-1])) == int(digits[-1])
    assert 240 <= right <= 340, right


@test
def a_code_keeps_the_shape_its_hospital_gives_it():
    for seed in range(50):
        new = numbers.reshaped('403-118/2022', Rng('shape', seed))
        assert re.fullmatch(r'\d{3}-\d{3}/20[12]\d', new), new


@test
def dictated_numbers_are_dictated_anew():
    for value in ('cero noventa y ocho dos doce sesenta y seis', 'tres ocho cero uno cuatro cuatro siete ocho'):
        for kind in ('PHONE', 'ID_NATIONAL', 'ID_RECORD'):
            new = numbers.renumbered(kind, value, 1.0, Rng(kind, value))
            assert new != value and re.fullmatch('[a-záéíóú ]+', new), new


@test
def phones_stay_phones():
    for seed in range(50):
        assert re.fullmatch(r'09\d \d{3} \d{3}', numbers.phone_like('098 441 702', Rng('phone', seed)))
        assert re.fullmatch(r'4\d{3} \d{4}', numbers.phone_like('4732 1234', Rng('phone', seed)))


@test
def a_trade_keeps_the_gender_it_tells():
    for trade, gender in (
        ('modista', ''),
        ('limpiadora', 'f'),
        ('peón rural', 'm'),
        ('tambero', 'm'),
        ('maestra jubilada', 'f'),
        ('policía', ''),
        ('feriante', ''),
    ):
        assert places.gender_of_trade(trade) == gender, trade
    for seed in range(30):
        new = SHARED.places.profession_like('costurera', False, Rng('trade', seed))
        assert places.gender_of_trade(new) in ('f', ''), new


@test
def a_child_stays_a_child():
    for seed in range(60):
        assert int(re.match(r'\d+', ages.age_like('7 años', 0.0, Rng('age', seed))).group()) < 13
        assert int(re.match(r'\d+', ages.age_like('81', 0.0, Rng('age', seed))).group()) > 60


# --------------------------------------------------------------------------------- layout and noise


@test
def every_change_of_layout_keeps_every_letter_of_every_value():
    def letters(some):
        return sorted(char for piece in some if piece.personal for char in piece.text if char.isalnum())

    for _, change in layout.CHANGES:
        if change is layout.crop_head:
            continue
        for note in TRAIN[::9]:
            assert letters(change(note.pieces, Rng('layout', note.name))) == letters(note.pieces), (
                change.__name__,
                note.name,
            )


@test
def a_name_cut_at_a_line_end_is_two_spans():
    cut = layout.wrap(
        [Piece('Lo ve hoy de mañana en la sala el cirujano '), Piece('Wenceslao Arrospide', 'NAME_STAFF'), Piece('.')],
        Rng('cut', 3),
    )
    for seed in range(40):
        cut = layout.wrap(
            [Piece('Lo ve hoy de mañana en sala '), Piece('Wenceslao Arrospide', 'NAME_STAFF'), Piece('.')],
            Rng('cut', seed),
        )
        assert all('\n' not in piece.text for piece in cut if piece.kind), cut
    assert any(
        sum(
            piece.kind is not None
            for piece in layout.wrap(
                [Piece('x' * 30 + ' '), Piece('Wenceslao Arrospide Ilundain', 'NAME_STAFF')], Rng('cut', seed)
            )
        )
        == 2
        for seed in range(60)
    )


@test
def damage_leaves_the_kinds_of_pieces_and_no_empty_value():
    for _, change in noise.CHANGES:
        for note in TRAIN[::11]:
            new = tidy(change(note.pieces, Rng('noise', note.name)))
            old_kinds = [piece.kind for piece in tidy(note.pieces) if piece.kind]
            assert [piece.kind for piece in new if piece.kind] == old_kinds, (change.__name__, note.name)


@test
def upper_case_and_lost_accents_are_that():
    loud = text_of(noise.upper(pieces(), Rng(1)))
    assert loud == loud.upper()
    plain = text_of(noise.no_accents(pieces(), Rng(2)))
    assert not [
        char for char in plain if unicodedata.combining(unicodedata.normalize('NFD', char)[-1]) and char not in 'ñÑ'
    ]


@test
def field_names_change_and_values_do_not():
    fields = Fields(WORDS)
    some = marked.read_marked(
        'Nombre: ⟪NAME_PATIENT|Ana Paz⟫\nCI: ⟪ID_NATIONAL|3.481.207-7⟫\nTel: ⟪PHONE|098 441 702⟫\n'
    )
    texts = set()
    for seed in range(40):
        new = fields.change(some, 0.9, Rng('fields', seed))
        assert values(new, 'NAME_PATIENT', 'ID_NATIONAL', 'PHONE') == ['Ana Paz', '3.481.207-7', '098 441 702']
        texts.add(text_of(new))
    assert len(texts) > 25 and any('Nombre' not in text for text in texts)


@test
def headings_hold_what_they_mark():
    headings = Headings(SHARED, Fields(WORDS))
    layouts = set()
    for seed in range(200):
        new = tidy(headings.heading(Rng('heading', seed)) + headings.signature(Rng('signature', seed)))
        assert any(piece.kind == 'NAME_PATIENT' for piece in new) and any(
            piece.kind == 'NAME_STAFF' for piece in new
        ), text_of(new)
        assert text_of(new).endswith('\n')
        layouts.add(re.sub(r'[\wÀ-ÿ]+', 'x', text_of(new)))
    assert len(layouts) > 150


@test
def nothing_personal_is_planted_by_clinical_fragments():
    fragments = GENERATOR._fragments
    for seed in range(200):
        fragment = fragments.clinical_fragment(Rng('fragment', seed))
        assert not any(piece.personal for piece in fragment)
        assert '{' not in text_of(fragment) and '\\' not in text_of(fragment), text_of(fragment)
    assert len(fragments.clinical) > 300 and len(fragments.people) > 300


@test
def a_recipe_of_nothing_gives_the_note_itself():
    still = Generator(TRAIN, WORDS, Recipe(as_it_is=1.0))
    assert text_of(still.change(pieces(), Rng(1))) == text_of(pieces())


# ------------------------------------------------------------------------------------------- lists


@test
def a_tenth_of_every_list_is_held_back_and_stays_back():
    evaluation = lists.Words(evaluation=True)
    for path in sorted(lists.LISTS.glob('*.txt')):
        if path.stem.startswith(('fragments', 'field_names', 'abbreviations')):
            continue
        seen, kept = {entry.text for entry in WORDS.entries(path.stem)}, {
            entry.text for entry in evaluation.entries(path.stem)
        }
        assert not {lists.fold(text) for text in seen} & {lists.fold(text) for text in kept}, path.name
        total = len(seen) + len(kept)
        assert total < 200 or 0.06 < len(kept) / total < 0.14, (path.name, len(kept), total)


@test
def variants_for_training_hold_no_surname_that_was_held_back():
    kept = {lists.fold(text) for text in lists.Words(evaluation=True).texts('surnames_uy') if ' ' not in text}
    kept -= {lists.fold(text) for text in WORDS.texts('surnames_uy')}
    plain = Generator(TRAIN, WORDS, Recipe(as_it_is=0, plant=0, fields=0, heading=0, signature=0, layout=0, noise=0))
    total = shared = 0
    for number in range(200):
        for piece in plain.variant('kept', number).pieces:
            if piece.kind and piece.kind.startswith('NAME'):
                for word in people.WORD.findall(piece.text):
                    if len(word) > 4:
                        total += 1
                        shared += lists.fold(word) in kept
    assert total > 2000 and shared < 0.012 * total, (shared, total)


@test
def lists_say_their_source_and_licence_and_hold_no_duplicates():
    for path in sorted(lists.LISTS.glob('*.txt')):
        lines = path.read_text(encoding='utf-8').splitlines()
        head = ' '.join(line for line in lines[:6] if line.startswith('#'))
        assert 'MIT licence' in head and 'Written for this project' in head, path.name
        if path.stem in ('field_names', 'fragments_people', 'fragments_clinical'):
            continue
        entries = [lists.fold(entry.text) for entry in lists.parse(lines)]
        twice = {entry for entry in entries if entries.count(entry) > 1} if len(entries) < 6000 else set()
        assert not twice, (path.name, sorted(twice)[:10])
        assert all(entry == entry.strip() and entry for entry in entries), path.name


@test
def the_lists_are_large():
    for name, least in (
        ('surnames_uy', 2500),
        ('first_names_f', 900),
        ('first_names_m', 900),
        ('nicknames_uy', 400),
        ('streets', 1000),
        ('rural_addresses', 300),
        ('hospitals', 400),
        ('health_centres', 250),
        ('institutions', 1000),
        ('professions_uy', 400),
        ('towns_uy', 1000),
        ('barrios_uy', 400),
        ('devices', 250),
        ('tests', 300),
        ('drugs', 2000),
        ('eponyms', 1500),
    ):
        assert len(lists.entries(name)) >= least, (name, len(lists.entries(name)))


@test
def evaluation_notes_are_refused_for_training():
    corpora = SOURCE / 'corpora' / 'uruguay' / 'marked'
    examples = SOURCE / '..' / 'shared' / 'notes' / 'marked'
    for folder in (corpora / 'dev', corpora / 'test', corpora / 'apart', examples):
        command = [sys.executable, str(SOURCE / 'training' / 'generate.py'), '--jsonl', '--notes', str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2 and 'never trained on' in done.stderr, (folder, done.stderr)


# ---------------------------------------------------------------------------------------- MEDDOCAN


@test
def meddocan_labels_become_kinds():
    assert meddocan.kind_of('ID_SUJETO_ASISTENCIA', '12345678Z', 'DNI: ') == 'ID_FOREIGN'
    assert meddocan.kind_of('ID_SUJETO_ASISTENCIA', '368503', 'NHC: ') == 'ID_RECORD'
    assert meddocan.kind_of('FAMILIARES_SUJETO_ASISTENCIA', '45 años', 'madre de ') == 'AGE'
    assert meddocan.kind_of('FAMILIARES_SUJETO_ASISTENCIA', 'Rosa María', 'madre ') == 'NAME_RELATIVE'
    assert meddocan.kind_of('FAMILIARES_SUJETO_ASISTENCIA', 'madre', 'La ') == 'KINSHIP'
    for label, kind in meddocan.KIND_OF_LABEL.items():
        assert meddocan.LABEL_OF_KIND[kind] == label


main()
