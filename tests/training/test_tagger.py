# SPDX-License-Identifier: MIT
"""The tagger as it is trained: folding, units, features, tags, windows. Parts that need numpy or torch skip without them.
That the program does the same is for tests/tagger.

    test_tagger.py SOURCE-DIR
"""
import itertools
import pathlib
import random
import sys
from bisect import bisect_left

SOURCE = pathlib.Path(sys.argv[1]).resolve()
sys.path[:0] = [str(SOURCE / 'training'), str(SOURCE / 'tests' / 'training')]

from notegen import marked  # noqa: E402
from notegen.note import CLINICAL, Note, Span, spans_of, text_of  # noqa: E402
from tagger import features, units  # noqa: E402
from tagger.fold import LETTER, ORDINAL, SYMBOL, fold  # noqa: E402
from tap import Skip, main, test  # noqa: E402

TRAIN = marked.read_folder(SOURCE / 'corpora' / 'uruguay' / 'marked' / 'train')


def numpy():
    try:
        return __import__('numpy')
    except ImportError as why:
        raise Skip('no numpy for this Python') from why


def torch():
    numpy()
    try:
        return __import__('torch')
    except ImportError as why:
        raise Skip('no torch for this Python') from why


def units_of(text):
    return units.units_of(fold(text)[0])


def cut(text):
    return [unit.text for unit in units_of(text)]


@test
def text_is_folded():
    assert fold('') == ('', [])
    assert fold('Pérez')[0] == 'Perez' and fold('Pe\u0301rez') == ('Perez', [0, 1, 3, 4, 5])
    assert fold('4\u200b.0２7') == ('4.027', [0, 2, 3, 4, 5])
    assert fold('3º N° 1ª')[0] == f'3{ORDINAL} N{ORDINAL} 1{ORDINAL}'
    assert fold('a\u00a0b\u2003c')[0] == 'a b c' and fold('x – y')[0] == 'x - y'
    assert fold('а\u05d0')[0] == f'a{LETTER}' and fold('→☎')[0] == SYMBOL * 2
    assert fold('a\r\nb\rc\vd')[0] == 'a \nb\nc\nd'


@test
def text_is_cut_into_letters_digits_and_signs():
    assert cut('Dr.Pérez, CI 3.481.207-7') == ['Dr', '.', 'Perez', ',', 'CI', '3', '.', '481', '.', '207', '-', '7']
    assert cut('hijaYanina\n98a') == ['hija', 'Yanina', '\n', '98', 'a']
    assert cut('SUSAN1TA ñandú Ñ') == ['SUSAN', '1', 'TA', 'nandu', 'N']
    assert cut('') == [] and cut('  \t') == []


@test
def units_stand_where_the_text_has_them():
    for note in TRAIN:
        text, places = fold(text_of(note.pieces))
        end = 0
        assert len(text) == len(places)
        for unit in units.units_of(text):
            assert text[unit.start : unit.end] == unit.text and unit.start >= end
            assert not text[end : unit.start].strip(' \t'), (note.name, text[end : unit.start])
            end = unit.end


@test
def what_stood_before_a_unit_is_told():
    spacing = [unit.spacing for unit in units_of('a b  c\td,e\n f')]
    u = units
    assert spacing == [u.LINE_START, u.ONE_BLANK, u.BLANKS, u.TAB, u.GLUED, u.GLUED, u.GLUED, u.INDENT], spacing


@test
def marks_rarely_cut_a_unit():
    cut_through = total = 0
    for note in TRAIN:
        text, places = fold(text_of(note.pieces))
        row = units.units_of(text)
        edges = {places[unit.start] for unit in row} | {places[unit.end - 1] + 1 for unit in row}
        for span in spans_of(note.pieces):
            if span.kind != CLINICAL:
                total += 1
                cut_through += span.start not in edges or span.end not in edges
    assert cut_through < 0.003 * total, (cut_through, total)


@test
def features_are_rows_of_one_table_and_of_their_own_stretch():
    table = features.Table(features.word_list(units_of(text_of(note.pieces)) for note in TRAIN))
    offsets = sorted(table.offset.values()) + [table.rows]
    for note in TRAIN[:20]:
        for unit in units_of(text_of(note.pieces)):
            rows = table.of_unit(unit)
            assert all(0 <= row < table.rows for row in rows)
            stretches = [sum(low <= row < high for row in rows) for low, high in zip(offsets, offsets[1:])]
            assert stretches[0] == 1 and stretches[1] == 1, (unit, stretches)
    assert table.of_text('PEREZ')[0] == table.of_text('Perez')[0], 'a word is the same in any case'
    assert table.of_text('zzyzzx')[0] == 0, 'an unknown word is row 0'


@test
def hashes_are_fnv_1a():
    assert (
        features.fnv('', 0) == 0x811C9DC5
        and features.fnv('a', 0) == 0xE40C292C
        and features.fnv('foobar', 0) == 0xBF9CF968
    )


@test
def tags_and_spans_are_each_others_inverse():
    numpy()
    from tagger import tags

    for note in TRAIN:
        text, places = fold(text_of(note.pieces))
        row = units.units_of(text)
        spans = [
            Span(span.kind, bisect_left(places, span.start), bisect_left(places, span.end))
            for span in spans_of(note.pieces)
            if span.kind != CLINICAL
        ]
        edges = {edge for unit in row for edge in (unit.start, unit.end)}
        if all(span.start in edges and span.end in edges for span in spans):
            assert tags.spans_of_tags(row, tags.tags_of(row, spans)) == spans, note.name


@test
def viterbi_finds_the_best_row_that_is_a_row_of_spans():
    np = numpy()
    from tagger import tags

    chance = random.Random(5)
    some = [0] + [tags.tag(kind, place) for kind in (0, 7) for place in range(4)]
    may = tags.allowed()
    for _ in range(60):
        count = chance.randint(1, 4)
        scores = np.full((count, tags.TAGS), -50.0, dtype=np.float32)
        for at in range(count):
            for tag in some:
                scores[at, tag] = chance.uniform(-5, 0)
        best = max(
            (
                row
                for row in itertools.product(some, repeat=count)
                if may[0, row[0]] and may[row[-1], 0] and all(may[a, b] for a, b in zip(row, row[1:]))
            ),
            key=lambda row: sum(scores[at, tag] for at, tag in enumerate(row)),
        )
        assert tuple(tags.viterbi(scores)) == best


@test
def a_long_text_is_scored_window_by_window():
    t = torch()
    from tagger.data import example_of, log_probabilities
    from tagger.features import Table
    from tagger.measure import gold_of, measure
    from tagger.model import Shape, Tagger

    t.manual_seed(1)
    table = Table(['hola'])
    model = Tagger(table.rows, Shape(width=32, layers=1, heads=4, inner=32, window=16)).eval()
    example = example_of(TRAIN[0], False)
    scores = log_probabilities(model, table, example.units, 4)
    assert scores.shape[0] == len(example.units) and abs(float(t.tensor(scores).exp().sum(-1).mean()) - 1) < 1e-4
    short = example_of(Note('short', marked.read_marked('Pte ⟪NAME_PATIENT|Ana⟫')), False)
    assert len(log_probabilities(model, table, short.units, 4)) == 2
    perfect = measure([example, short], [gold_of(example), gold_of(short)], False)
    assert perfect.strict == perfect.coverage == perfect.lrdi == 1.0 and perfect.over == 0.0
    blind = measure([example], [[]], False)
    assert blind.coverage == 0.0 and blind.over == 0.0


@test
def the_loss_forgives_sex_and_kinship_where_they_are_not_marked():
    t = torch()
    import argparse
    import train
    from tagger import tags
    from tagger.data import Batch

    args = argparse.Namespace(smoothing=0.0, leak_weight=1.0)
    scores = t.full((1, 1, tags.TAGS), -30.0)
    scores[0, 0, tags.tag(tags.KINDS.index('KINSHIP'), tags.SINGLE)] = 30.0

    def loss(whole):
        batch = Batch(None, None, t.tensor([[True]]), t.tensor([[0]]), t.tensor([whole]))
        return float(train.loss_of(scores, batch, args))

    assert loss(False) < 1e-3 and loss(True) > 10


main()
