#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Running models from outside: logits, greedy and bench, on good input and on bad.

    test_engine.py PROGRAM SOURCE-DIR BUILD-DIR [WORD]      see harness.py
"""
import os
import resource
import signal
import struct

from harness import MARKER, WRAPPER, Skip, as_nobody, main, read, sigilo, start, test, tree, write

N_VOCAB = 512
BENCH_KEYS = ['test', 'tokens_per_second', 'share_of_limit', 'limit_tokens_per_second', 'model', 'isa', 'threads', 'kv',
              'exact', 'runs', 'memory']


def model(path='m.gguf', shape='tiny-llama', kind='Q8_0', *more):
    sigilo('synth', shape, path, '--type', kind, *more, want=0)
    return path


def logits(*args, tokens='1,5,9', out='l.f32'):
    sigilo('logits', 'm.gguf', '--tokens', tokens, '--out', out, *args, want=0)
    return read(out)


def refused(code, *args, words=(), **more):
    """A run that ends with `code`, says one sentence with the words, and prints nothing."""
    run = sigilo(*args, want=code, **more)
    lines = run.err.strip().split('\n')
    assert not run.out, run.out
    assert lines[0].startswith('sigilo: ') and len(lines) == (2 if code == 2 else 1), run.err
    for word in words:
        assert word in run.err, f'no "{word}" in: {run.err}'
    return run


def set_u32(data, key, value):
    name = struct.pack('<Q', len(key)) + key.encode()
    at = data.index(name) + len(name) + 4  # its type stands between
    data[at:at + 4] = struct.pack('<I', value)


def address_space(size):
    """A preexec_fn that leaves so many bytes of it."""
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
    if WRAPPER:
        raise Skip('an emulator needs address space of its own')
    child = start('--version', preexec_fn=limit)
    child.communicate()
    if child.returncode != 0:
        raise Skip('a sanitizer needs address space of its own')
    return limit


# ---- what is right ----

@test
def logits_have_the_size_that_was_asked_for():
    model()
    whole = logits()
    assert len(whole) == 3 * N_VOCAB * 4
    assert logits('--last', '1') == whole[-N_VOCAB * 4:]
    assert logits('--last', '9') == whole
    assert sigilo('logits', 'm.gguf', '--tokens', '1,5,9', '--out', '-', want=0).out == whole
    write('ids.txt', '1\n5, 9\n')
    assert logits(tokens='@ids.txt') == whole
    assert os.stat('l.f32').st_mode & 0o077 == 0, 'others may read it'


@test
def the_way_it_is_computed_does_not_show():
    model()
    whole = logits()
    for args in (['--batch', '1'], ['--batch', '2', '-t', '1'], ['-t', '9999'], ['--ctx', '4000']):
        assert logits(*args) == whole, args
    for args in (['--isa', 'ref'], ['--exact'], ['--kv', 'f16'], ['--kv', 'Q8_0']):
        other = logits(*args)
        a, b = (struct.unpack(f'<{3 * N_VOCAB}f', data) for data in (whole, other))
        error = sum((x - y) ** 2 for x, y in zip(a, b)) / sum(x * x for x in a)
        assert error < 1e-2, (args, error)


@test
def greedy_prints_ids():
    model()
    ids = sigilo('greedy', 'm.gguf', '--tokens', '1,5,9', '-n', '5', want=0).out.decode()
    assert ids.endswith('\n') and len(ids.split(',')) == 5
    assert all(0 <= int(i) < N_VOCAB for i in ids.split(','))
    longer = sigilo('greedy', 'm.gguf', '--tokens', '1,5,9', want=0).out.decode()
    assert len(longer.split(',')) == 16 and longer.startswith(ids.strip())


@test
def bench_tells_its_rates():
    model()
    rows = sigilo('bench', 'm.gguf', '-p', '20', '-n', '4', '-r', '3', '--json', want=0).json()
    assert [row['test'] for row in rows] == ['pp20', 'tg4']
    for row in rows:
        assert list(row) == BENCH_KEYS, list(row)
        rate = row['tokens_per_second']
        assert list(rate) == ['median', 'min', 'max'] and 0 < rate['min'] <= rate['median'] <= rate['max']
        assert list(row['memory']) == ['weights', 'cache', 'scratch']
        assert row['memory']['weights'] == os.path.getsize('m.gguf')
    plain = sigilo('bench', 'm.gguf', '-p', '0', '-n', '4', '-r', '1', want=0).out.decode()
    assert 'tg4' in plain and 'pp' not in plain
    assert plain.startswith('Memory: weights ') and 'scratch' in plain.split('\n', maxsplit=1)[0], plain


@test
def bench_measures_what_it_was_told_to():
    model()

    def row(*args):
        (only,) = sigilo('bench', 'm.gguf', '-p', '4', '-n', '0', '-r', '1', '--json', *args, want=0).json()
        return only
    exact = [] if WRAPPER else ['--exact']  # its limit takes an emulator a quarter of a minute
    usual, other = row(), row(*exact, '--kv', 'q8_0', '--isa', 'ref', '-t', '1', '-r', '2')
    assert (usual['kv'], usual['exact'], usual['runs']) == ('F16', False, 1), usual
    stated = [other[key] for key in ('kv', 'exact', 'isa', 'threads', 'runs')]
    assert stated == ['Q8_0', bool(exact), 'ref', 1, 2], other
    assert 0 < other['memory']['cache'] < usual['memory']['cache']
    assert 1 <= row('-t', '9999')['threads'] <= os.cpu_count()
    assert row('--batch', '8')['memory']['scratch'] < usual['memory']['scratch']
    for name in ('none.gguf', '/dev/null'):
        run = sigilo('bench', name, '--json', want=1)
        (answer,) = run.json()
        assert name in answer['error']['message'] and name in run.err, run.err


@test
def memory_stays_within_what_is_stated():
    if WRAPPER:
        raise Skip('an emulator has memory of its own')
    model('m.gguf', 'llama-3.2-1b', 'Q4_K_M', '--layers', '2')
    wide = ['--batch', '2048']  # so that the scratch is more than what is allowed for on top of it
    (row,) = sigilo('bench', 'm.gguf', '-p', '300', '-n', '0', '-r', '1', '--json', *wide, want=0).json()
    child = start('logits', 'm.gguf', '--tokens', ','.join(['7'] * 300), '--last', '1', '--kv', 'f16', '--out', '-',
                  *wide)
    out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0 and out
    allowed = 1.1 * sum(row['memory'].values()) + (16 << 20)  # the program itself, and a row of logits
    assert usage.ru_maxrss * 1024 <= allowed, (usage.ru_maxrss * 1024, row['memory'])


# ---- what is wrong ----

@test
def files_that_are_no_whole_model_are_refused():
    whole = read(model())
    head = whole.rindex(b'.weight')  # near its end; the data come after
    cuts = [0, 1, 4, 8, 23, 24, *range(100, head, 97), head + 100, len(whole) // 3, len(whole) - 1]
    for cut in cuts[::6] if WRAPPER else cuts:
        write('cut.gguf', whole[:cut])
        refused(1, 'greedy', 'cut.gguf', '--tokens', '1', words=['cut.gguf'])
    write('text.gguf', 'no es un modelo\n' * 10)
    os.mkdir('dir.gguf')
    os.mkfifo('fifo.gguf')
    for name in ('text.gguf', 'dir.gguf', 'fifo.gguf', '/dev/null', 'none.gguf'):
        refused(1, 'greedy', name, '--tokens', '1', words=[name])
        refused(1, 'logits', name, '--tokens', '1', '--out', 'o.f32', words=[name])
        assert not os.path.exists('o.f32')
    write('big-endian.gguf', b'GGUF' + struct.pack('>IQQ', 3, 0, 0))
    refused(1, 'greedy', 'big-endian.gguf', '--tokens', '1', words=['big-endian.gguf', 'little-endian'])
    run = sigilo('bench', 'text.gguf', '--json', want=1)
    assert run.json()[0]['error']['code'] == 'invalid'


@test
def a_damaged_model_is_told():
    whole = bytearray(read(model(kind='F32')))
    whole[-N_VOCAB * 256 * 4:] = b'\xff' * (N_VOCAB * 256 * 4)  # output.weight, the last: NaN
    write('m.gguf', bytes(whole))
    refused(1, 'greedy', 'm.gguf', '--tokens', '1,2', words=['m.gguf', 'not numbers'])
    values = struct.unpack(f'<{3 * N_VOCAB}f', logits())
    assert all(x != x for x in values)


@test
def no_text_of_a_note_taken_for_a_model_is_told():
    write('nota.txt', MARKER)  # every run looks for it in stderr; here not even its first letters may stand
    codes = [MARKER[:4], MARKER[:4].encode().hex(' '), MARKER[:4].encode().hex()]
    for args in (['greedy', 'nota.txt', '--tokens', '1'], ['bench', 'nota.txt'], ['inspect', 'nota.txt']):
        run = refused(1, *args, words=['nota.txt', 'GGUF'])
        assert not any(code in run.err for code in codes), run.err


@test
def a_file_that_may_not_be_read_is_told():
    model()
    os.chmod('m.gguf', 0)
    run = as_nobody('greedy', os.path.abspath('m.gguf'), '--tokens', '1')
    assert run.code == 1 and 'm.gguf' in run.err, run.err


@test
def tokens_that_make_no_sense_are_refused():
    model()
    for tokens, number in (('a', 1), ('1,b', 2), ('1;2', 1), ('99999999999', 1), ('1, 2\n1.5', 3), ('0x1', 1)):
        refused(2, 'greedy', 'm.gguf', '--tokens', tokens, words=['--tokens', f'token {number} '])
    for tokens in ('', ',', ' \n'):
        refused(2, 'greedy', 'm.gguf', '--tokens', tokens, words=['--tokens', 'no tokens'])
    write('binary', b'1,\0,2')
    write('empty', '')
    write('words', 'uno, dos')
    refused(2, 'greedy', 'm.gguf', '--tokens', '@binary', words=['binary: ', 'not text'])
    refused(2, 'greedy', 'm.gguf', '--tokens', '@empty', words=['empty: ', 'no tokens'])
    refused(2, 'greedy', 'm.gguf', '--tokens', '@words', words=['words: token 1 '])
    refused(1, 'greedy', 'm.gguf', '--tokens', '@none', words=['none'])
    refused(1, 'greedy', 'm.gguf', '--tokens', '@/', words=['/'])
    refused(1, 'greedy', 'm.gguf', '--tokens', f'1,{N_VOCAB}', words=[str(N_VOCAB)])
    refused(1, 'greedy', 'm.gguf', '--tokens', '-1')
    refused(1, 'logits', 'm.gguf', '--tokens', '3,-7', '--out', 'o.f32')
    # not even the batches before it are written
    refused(1, 'logits', 'm.gguf', '--tokens', f'1,2,3,4,{N_VOCAB}', '--batch', '2', '--out', '-',
            words=['number 5', 'm.gguf'])
    assert tree('.') == ['binary', 'empty', 'm.gguf', 'words']


@test
def a_full_context_tells_both_numbers():
    model()
    refused(1, 'logits', 'm.gguf', '--tokens', '1,2,3,4,5', '--ctx', '4', '--out', 'o.f32', words=['5', '4'])
    assert not os.path.exists('o.f32')
    refused(1, 'logits', 'm.gguf', '--tokens', '1,2,3,4,5', '--ctx', '4', '--batch', '2', '--out', '-')
    refused(1, 'greedy', 'm.gguf', '--tokens', '1,2,3', '-n', '7', '--ctx', '8', words=['9', '8'])
    sigilo('greedy', 'm.gguf', '--tokens', '1,2,3', '-n', '6', '--ctx', '8', want=0)
    refused(1, 'bench', 'm.gguf', '-p', '100', '--ctx', '99', words=['100', '99'])


@test
def a_cache_must_suit_the_heads():
    model()
    whole = bytearray(read('m.gguf'))
    for key, value in (('attention.head_count', 16), ('attention.head_count_kv', 8), ('rope.dimension_count', 16)):
        set_u32(whole, f'llama.{key}', value)  # heads of 16, no whole block of Q8_0; as wide in all
    write('m.gguf', bytes(whole))
    sigilo('greedy', 'm.gguf', '--tokens', '1', want=0)
    refused(1, 'greedy', 'm.gguf', '--tokens', '1', '--kv', 'q8_0', words=['16', '32'])


@test
def misuses_are_told():
    model()
    good = ['greedy', 'm.gguf', '--tokens', '1']
    for args, word in ((['--kv', 'q4_0'], '--kv'), (['--kv'], '--kv'), (['--batch', '0'], '--batch'),
                       (['--batch', 'x'], '--batch'), (['-t', '0'], '--threads'), (['-t', '-1'], '--threads'),
                       (['--ctx', '0'], '--ctx'), (['--ctx', '9' * 30], '--ctx'), (['-n', '0'], '-n'),
                       (['other.gguf'], 'one model'), (['--nosuch'], '--nosuch'), (['--exact=4'], '--exact=4'),
                       (['-q'], 'option -q'), (['-qz', '-t', '1'], 'option -qz'), (['-t', '1', '-qz'], 'option -qz')):
        refused(2, *good, *args, words=[word])
    refused(2, 'greedy', '--tokens', '1', words=['model'])
    refused(2, 'greedy', 'm.gguf', words=['--tokens'])
    refused(2, 'logits', 'm.gguf', '--tokens', '1', words=['--out'])
    refused(2, 'bench', words=['model'])
    refused(2, 'bench', 'm.gguf', '-p', '0', '-n', '0', words=['-p', '-n'])
    refused(2, 'bench', 'm.gguf', '-r', '0', words=['-r'])
    refused(2, *good, '--isa', 'z80', words=['z80', 'ref'])


@test
def too_little_memory_is_told_with_the_numbers():
    model()
    refused(1, 'greedy', 'm.gguf', '--tokens', '1', '--ctx', '1000000000', words=['GiB'])
    limit = address_space(150 << 20)
    refused(1, 'greedy', 'm.gguf', '--tokens', '1', '--ctx', '200000', '--kv', 'f32', words=['GiB'], preexec_fn=limit)


@test
def a_limit_on_address_space_counts_the_file_once():
    size = os.path.getsize(model('m.gguf', 'llama-3.2-1b', 'Q2_K', '--layers', '1'))
    limit = address_space(size + (80 << 20))
    assert size > 80 << 20, 'counted twice, it would fit all the same'
    sigilo('greedy', 'm.gguf', '--tokens', '1,2', '-n', '1', '-t', '1', want=0, preexec_fn=limit)
    run = refused(1, 'greedy', 'm.gguf', '--tokens', '1', '-t', '1', '--ctx', '100000', words=['GiB'],
                  preexec_fn=limit)
    assert f'weights {size / 2**30:.2f}' in run.err, run.err


@test
def a_full_disk_behind_standard_output_is_told():
    if not os.path.exists('/dev/full'):
        raise Skip('no /dev/full')
    model()
    few = ['bench', '-p', '2', '-n', '0', '-r', '1']
    for command, *args in (['greedy', '--tokens', '1'], ['logits', '--tokens', '1', '--out', '-'], few,
                           [*few, '--json']):
        with open('/dev/full', 'wb') as full:
            run = sigilo(command, 'm.gguf', *args, stdout=full, want=1)
        assert 'standard output' in run.err, run.err


@test
def an_output_is_whole_or_as_it_was():
    model()
    write('o.f32', 'before')

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    before = tree('.')
    refused(1, 'logits', 'm.gguf', '--tokens', '1,2', '--out', 'o.f32', words=['o.f32'], preexec_fn=limit)
    refused(1, 'logits', 'm.gguf', '--tokens', f'1,{N_VOCAB}', '--out', 'o.f32')
    refused(1, 'logits', 'none.gguf', '--tokens', '1', '--out', 'o.f32')
    assert read('o.f32') == b'before' and tree('.') == before
    os.mkdir('d')
    for out in ('d', 'none/o.f32', '/dev/full'):
        refused(1, 'logits', 'm.gguf', '--tokens', '1', '--out', out, words=[out])
    assert tree('.') == before
    logits(out='o.f32')
    assert len(read('o.f32')) == 3 * N_VOCAB * 4


if __name__ == '__main__':
    main()
