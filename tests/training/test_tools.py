# SPDX-License-Identifier: MIT
"""The commands of training/ from outside: what they print, what they refuse, what they delete.

    test_tools.py SOURCE-DIR PROGRAM
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE, PROGRAM = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
sys.path[:0] = [str(SOURCE / 'tests' / 'training')]

from tap import main, test  # noqa: E402

TRAIN = SOURCE / 'corpora' / 'uruguay' / 'marked' / 'train'
LONG = (
    'ingresa por dolor abdominal de dos dias de evolucion con vomitos y fiebre, se interna para estudio y tratamiento'
)


def run(tool, *args, code=0):
    done = subprocess.run(
        [sys.executable, str(SOURCE / 'training' / tool), *map(str, args)], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, (tool, args, done.returncode, done.stdout[-500:], done.stderr[-500:])
    assert 'Traceback' not in done.stderr, done.stderr
    return done.stdout, done.stderr


def folder(scratch, name, **notes):
    path = pathlib.Path(scratch) / name
    path.mkdir()
    for stem, text in notes.items():
        (path / f'{stem}.txt').write_text(text, encoding='utf-8')
    return path


@test
def generate_writes_brat_that_eval_accepts():
    with tempfile.TemporaryDirectory() as scratch:
        run('generate.py', '--count', 40, '--out', f'{scratch}/out')
        done = subprocess.run(
            [PROGRAM, 'eval', f'{scratch}/out', '--check'], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(list(pathlib.Path(scratch, 'out').glob('*.ann'))) == 40


@test
def generate_prints_json_and_marks():
    out, _ = run('generate.py', '--jsonl', '--count', 3)
    for line in out.splitlines():
        row = json.loads(line)
        assert set(row) == {'name', 'text', 'spans'} and all(
            0 <= start < end <= len(row['text']) for start, end, _ in row['spans']
        )
    assert run('generate.py', '--marked', '--count', 2)[0].count('=== ') >= 2


@test
def generate_refuses_what_makes_no_sense():
    run('generate.py', code=2)
    run('generate.py', '--jsonl', '--count', 0, code=2)
    run('generate.py', '--jsonl', '--first', -1, code=2)
    with tempfile.TemporaryDirectory() as scratch:
        _, error = run('generate.py', '--jsonl', '--notes', folder(scratch, 'empty'), code=1)
        assert 'no marked notes' in error
        dev = folder(scratch, 'dev', a='x')
        for option in ('--notes', '--meddocan'):
            _, error = run('generate.py', '--jsonl', option, dev, code=2)
            assert 'for evaluation' in error
        _, error = run(
            'generate.py', '--jsonl', '--notes', folder(scratch, 'broken', a='Pte ⟪NAME_PATIENT|Ana'), code=1
        )
        assert 'a.txt' in error and 'stray' in error
        run('generate.py', '--jsonl', '--meddocan', f'{scratch}/nowhere', code=1)


@test
def near_finds_copies_and_removes_them_from_training_alone():
    with tempfile.TemporaryDirectory() as scratch:
        train = folder(
            scratch,
            'train',
            copy=f'{LONG}. se otorga el alta',
            own='nota distinta de todas las otras que hay aqui escritas hoy',
            line=f'otra cosa\n{LONG}\nfin',
        )
        held = folder(scratch, 'held', note=f'Evolución\n⟪AGE|57⟫\n{LONG.upper()}')
        out, _ = run('near.py', train, '--against', held, code=1)
        assert 'copy.txt shares' in out and 'line.txt shares a line' in out and 'own.txt' not in out
        assert 'dolor' not in out, 'no text of a note is printed'
        run('near.py', '--remove', train, '--against', held)
        assert [path.name for path in train.glob('*.txt')] == ['own.txt'] and (held / 'note.txt').exists()
        run('near.py', train, '--against', held)


@test
def near_reads_and_rewrites_generated_rows():
    with tempfile.TemporaryDirectory() as scratch:
        rows = pathlib.Path(scratch, 'rows.jsonl')
        rows.write_text(
            ''.join(
                json.dumps({'name': name, 'text': text, 'spans': []}) + '\n'
                for name, text in (('a', LONG), ('b', 'nada que ver con nada de lo anterior'))
            ),
            encoding='utf-8',
        )
        held = folder(scratch, 'held', note=LONG)
        run('near.py', '--remove', rows, '--against', held)
        assert [json.loads(line)['name'] for line in rows.read_text().splitlines()] == ['b']
        run('near.py', f'{scratch}/nowhere.jsonl', '--against', held, code=2)
        run('near.py', rows, '--against', held, '--share', 0, code=2)


@test
def suspects_points_at_what_has_no_mark():
    with tempfile.TemporaryDirectory() as scratch:
        notes = folder(
            scratch,
            'notes',
            a='Dr. Arbiza firma\nla hija Yanina y ⟪NAME_PATIENT|Sra. Paz⟫\n098441702 el ⟪DATE|lunes 3/5⟫\n⟪CLINICO|1.234.567 copias⟫\nvisto en marzo',
        )
        out, _ = run('suspects.py', notes)
        for piece in (
            'a.txt:1: after a title: Arbiza',
            'a.txt:2: after a kinship word: Yanina',
            'title inside: Sra. Paz',
            'five digits or more: 098441702',
            'weekday inside: lunes 3/5',
            'month: marzo',
        ):
            assert piece in out, (piece, out)
        assert '1.234.567' not in out


@test
def count_and_score_make_tables():
    out, _ = run('count.py')
    assert re.search(r'\| all \| 2[4-9]\d ', out), out[-400:]
    assert 'NOMBRE: NAME_STAFF' in out
    out, _ = run('score.py', '--program', PROGRAM, SOURCE / 'corpora' / 'uruguay' / 'apart')
    assert re.search(r'\| oncologia \| \d+ \|', out) and '| UBICACION |' in out
    run('score.py', '--program', PROGRAM, SOURCE / 'docs', code=1)
    run('score.py', '--program', '/bin/false', SOURCE / 'corpora' / 'uruguay' / 'apart', code=1)


@test
def show_draws_a_page_and_a_picture():
    with tempfile.TemporaryDirectory() as scratch:
        run('show.py', '--out', f'{scratch}/page.html', '--count', 3)
        page = pathlib.Path(scratch, 'page.html').read_text(encoding='utf-8')
        assert (
            page.count('<h2>') == 3
            and '<script' not in page
            and 'http' not in re.sub(r'<pre>.*?</pre>', '', page, flags=re.S)
        )
        run('show.py', '--svg', f'{scratch}/a.svg')
        run('show.py', '--svg', f'{scratch}/b.svg')
        picture = pathlib.Path(scratch, 'a.svg').read_bytes()
        assert picture == pathlib.Path(scratch, 'b.svg').read_bytes()
        __import__('xml.dom.minidom').dom.minidom.parseString(picture)
        run('show.py', code=2)
        run('show.py', '--plain', '--svg', f'{scratch}/a.svg', code=2)
        run('show.py', '--out', f'{scratch}/page.html', '--count', 0, code=2)
        run('show.py', '--out', f'{scratch}/page.html', '--notes', f'{scratch}/nowhere', code=1)


@test
def marks_in_a_note_are_escaped_on_the_page():
    with tempfile.TemporaryDirectory() as scratch:
        notes = folder(scratch, 'notes', a='<b>PA</b> & ⟪NAME_PATIENT|<i>Ana⟫')
        run('show.py', '--plain', '--notes', notes, '--out', f'{scratch}/page.html')
        page = pathlib.Path(scratch, 'page.html').read_text(encoding='utf-8')
        assert '<b>PA' not in page and '<i>Ana' not in page and '&lt;i&gt;Ana' in page


main()
