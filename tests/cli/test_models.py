#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Model files from outside: inspect, synth, and a file that is shortened while it is in use.

    test_models.py PROGRAM SOURCE-DIR BUILD-DIR [WORD]      see harness.py
"""
import json
import os
import resource
import signal
import struct
import time

from harness import SOURCE, Skip, finish, main, read, sigilo, start, test, tree, write

MODELS = os.path.join(SOURCE, '..', 'shared', 'reference', 'models')
KEYS = ['file', 'version', 'architecture', 'name', 'parameters', 'file_bytes', 'tensor_bytes', 'metadata', 'tensors',
        'types', 'memory']
TINY = ['tiny-llama', 'tiny-llama3', 'tiny-nemo', 'tiny-qwen2', 'tiny-phi3', 'tiny-phi3-window', 'tiny-gemma2']
REAL = ['llama-3.2-1b', 'llama-3.2-3b', 'llama-3.1-8b', 'llama-2-7b', 'mistral-7b-v0.3', 'biomistral-7b',
        'mistral-nemo-12b', 'qwen2.5-1.5b', 'qwen2.5-3b', 'qwen2.5-7b', 'qwen2.5-14b', 'phi-3.5-mini', 'gemma-2-2b',
        'gemma-2-9b']


# ---- a GGUF by hand ----

def string(s):
    data = s if isinstance(s, bytes) else s.encode()
    return struct.pack('<Q', len(data)) + data


def pair(key, kind, data):
    return string(key) + struct.pack('<I', kind) + data


def text(key, value):
    return pair(key, 8, string(value))


def number(key, value):
    return pair(key, 4, struct.pack('<I', value))


def gguf(*pairs, tensors=b'', n_tensors=0, data=0):
    head = b'GGUF' + struct.pack('<IQQ', 3, n_tensors, len(pairs)) + b''.join(pairs) + tensors
    return head + bytes(-len(head) % 32 + data)


def inspect(path, **more):
    (answer,) = sigilo('inspect', path, '--json', want=0, **more).json()
    assert list(answer) == KEYS, list(answer)
    return answer


# ---- synth ----

@test
def synth_writes_what_inspect_reads():
    for shape in TINY:
        path = f'{shape}.gguf'
        run = sigilo('synth', shape, path, want=0)
        assert not run.out and not run.err, run.err
        answer = inspect(path)
        assert 'random' in answer['name'], answer['name']
        assert answer['file_bytes'] == os.path.getsize(path)
        assert answer['tensor_bytes'] == sum(t['bytes'] for t in answer['tensors'])
        assert set(answer['types']) == {'F32', 'Q4_K', 'Q6_K'}, answer['types']
        assert sum(t['tensors'] for t in answer['types'].values()) == len(answer['tensors'])
        assert answer['metadata']['general.file_type'] == 15


@test
def synth_repeats_itself():
    sigilo('synth', 'tiny-llama', 'a', want=0)
    sigilo('synth', 'tiny-llama', 'b', '--seed', '1', '--type', 'q4_k_m', want=0)
    sigilo('synth', 'tiny-llama', 'c', '--seed', '2', want=0)
    assert read('a') == read('b') != read('c')


@test
def synth_takes_types_and_layers():
    for kind in ('F32', 'F16', 'BF16', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0', 'Q2_K', 'Q3_K', 'Q4_K', 'Q5_K', 'Q6_K',
                 'IQ4_NL', 'IQ4_XS'):
        sigilo('synth', 'tiny-gemma2', 'm', '--type', kind, '--layers', '3', '--force', want=0)
        answer = inspect('m')
        assert set(answer['types']) == {'F32', kind}, answer['types']
        assert answer['metadata']['gemma2.block_count'] == 3
        assert any(t['name'] == 'blk.2.post_ffw_norm.weight' for t in answer['tensors'])


@test
def synth_lists_its_shapes():
    helped = sigilo('synth', '--help', want=0).out.decode()
    for shape in TINY + REAL:
        assert f'  {shape} ' in helped, shape


@test
def synth_tells_a_misuse():
    for args in ([], ['tiny-llama'], ['tiny-llama', 'a', 'b'], ['no-such', 'a'], ['tiny-llama', 'a', '--type', 'Q9'],
                 ['tiny-llama', 'a', '--seed', 'x'], ['tiny-llama', 'a', '--seed', '-1'],
                 ['tiny-llama', 'a', '--layers', '0'], ['tiny-llama', 'a', '--layers', '1001'],
                 ['tiny-llama', 'a', '--nosuch']):
        run = sigilo('synth', *args, want=2)
        assert 'sigilo: ' in run.err and 'Try: sigilo synth --help' in run.err, run.err
    assert tree('.') == []


@test
def synth_keeps_an_existing_file():
    write('a', b'mine')
    run = sigilo('synth', 'tiny-llama', 'a', want=1)
    assert '--force' in run.err and read('a') == b'mine'
    sigilo('synth', 'tiny-llama', 'a', '--force', want=0)
    assert inspect('a')['architecture'] == 'llama'
    run = sigilo('synth', 'tiny-llama', 'none/a', want=1)
    assert 'none/a' in run.err, run.err


@test
def synth_leaves_nothing_on_a_full_disk():
    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that write() fails instead
        resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))
    run = sigilo('synth', 'tiny-llama', 'a', want=1, preexec_fn=small_files)
    assert 'cannot write a' in run.err, run.err
    assert tree('.') == []


# ---- inspect ----

@test
def inspect_knows_the_numbers():
    sigilo('synth', 'tiny-nemo', 'm', '--type', 'Q8_0', want=0)
    answer = inspect('m')
    shapes = {t['name']: (t['type'], t['shape'], t['bytes']) for t in answer['tensors']}
    assert shapes['token_embd.weight'] == ('Q8_0', [256, 512], 512 * 256 // 32 * 34)
    assert shapes['blk.1.attn_q.weight'] == ('Q8_0', [256, 512], 512 * 256 // 32 * 34)
    assert shapes['output_norm.weight'] == ('F32', [256], 1024)
    one_layer = 256 * 512 * 2 + 256 * 256 * 2 + 256 * 512 * 3 + 2 * 256
    assert answer['parameters'] == 2 * one_layer + 2 * 256 * 512 + 256
    memory = answer['memory']
    assert memory['weights'] == answer['tensor_bytes']
    values = 2 * 2 * (128 + 128)  # layers, KV heads, key and value
    assert memory['kv_cache'] == [{'context': 2048, 'f16': 2048 * values * 2, 'q8_0': 2048 * values // 32 * 34}]
    plain = sigilo('inspect', 'm', want=0).out.decode()
    for word in ('tiny Nemo', 'llama', 'Q8_0', 'KV cache', 'general.architecture', '8.5'):
        assert word in plain, word
    assert 'blk.1.attn_q.weight' not in plain and '\033' not in plain
    assert 'blk.1.attn_q.weight  256 x 512' in sigilo('inspect', 'm', '--tensors', want=0).out.decode()


@test
def inspect_reads_the_reference_models():
    if not os.path.isdir(MODELS):
        raise Skip(f'no {MODELS}')
    for name in sorted(os.listdir(MODELS)):
        answer = inspect(os.path.join(MODELS, name))
        assert answer['name'].startswith('tiny-'), name
        tokens = answer['metadata']['tokenizer.ggml.tokens']
        assert tokens['items'] == 512 and tokens['array'] == 'string' and len(tokens['first']) == 16, tokens
        assert answer['memory']['kv_cache'], name
        assert sigilo('inspect', os.path.join(MODELS, name), want=0).out


@test
def inspect_takes_any_architecture():
    write('a', gguf(text('general.architecture', 'mammoth')))
    answer = inspect('a')
    assert answer['architecture'] == 'mammoth' and answer['name'] is None
    assert answer['parameters'] == 0 and answer['tensors'] == [] and answer['types'] == {}
    assert answer['memory'] == {'weights': 0, 'kv_cache': []}
    assert 'mammoth' in sigilo('inspect', 'a', want=0).out.decode()
    write('b', gguf())
    assert inspect('b')['architecture'] is None
    sigilo('inspect', 'b', '--tensors', want=0)


@test
def inspect_survives_hostile_numbers():
    huge = struct.pack('<Q', 2**64 - 1)
    write('a', gguf(text('general.architecture', 'x'), pair('x.block_count', 10, huge),
                    pair('x.attention.head_count', 10, huge), pair('x.attention.head_count_kv', 10, huge),
                    pair('x.embedding_length', 10, huge), pair('x.context_length', 10, huge),
                    pair('nan', 6, struct.pack('<f', float('nan'))), pair('inf', 12, struct.pack('<d', float('inf'))),
                    pair('least', 11, struct.pack('<q', -2**63)), pair('small', 6, struct.pack('<f', 1e-6))))
    answer = inspect('a')
    assert answer['memory']['kv_cache'] == []
    assert answer['metadata']['nan'] is None and answer['metadata']['inf'] is None
    assert answer['metadata']['least'] == -2**63 and answer['metadata']['small'] == 1e-6
    assert b'nan = nan' in sigilo('inspect', 'a', want=0).out
    write('b', gguf(text('general.architecture', 'x'), number('x.block_count', 3), number('x.embedding_length', 64),
                    number('x.attention.head_count', 0)))
    assert inspect('b')['memory']['kv_cache'] == []


@test
def inspect_takes_heads_by_layer():
    heads = struct.pack('<IQ3I', 4, 3, 2, 0, 4)
    write('a', gguf(text('general.architecture', 'x'), number('x.block_count', 3),
                    pair('x.attention.head_count_kv', 9, heads), number('x.attention.key_length', 32),
                    number('x.attention.value_length', 16), number('x.context_length', 100)))
    assert inspect('a')['memory']['kv_cache'] == [{'context': 100, 'f16': 100 * 6 * 48 * 2,
                                                   'q8_0': 100 * 6 * 48 // 32 * 34}]


@test
def inspect_shows_odd_text_safely():
    name = b'a\x1b[31mb\x00c\xff\xc3\xb1\n\x9b\xe2\x80\xaed'
    tensor = string(b't\x1b\x00\xff') + struct.pack('<IQIQ', 1, 8, 0, 0)
    write('a', gguf(text('general.name', name), text(b'k\x1b[2J\x00\xfe', 'v'), tensors=tensor, n_tensors=1, data=32))
    answer = inspect('a')
    assert answer['name'] == 'a\x1b[31mb\x00c\ufffdñ\n\ufffd\u202ed', repr(answer['name'])
    assert answer['tensors'][0]['name'] == 't\x1b\x00\ufffd'
    plain = sigilo('inspect', 'a', '--tensors', want=0).out.decode()
    for harm in ('\x1b', '\x00', '\x9b', '\u202e'):
        assert harm not in plain, repr(harm)
    assert '\\u001b[31mb\\u0000c\ufffdñ\\n' in plain, plain


@test
def inspect_refuses_what_is_no_model():
    write('text', b'Paciente')
    write('empty', b'')
    os.mkdir('directory')
    for path, word in (('text', 'not a GGUF'), ('empty', 'empty'), ('directory', 'directory'), ('none', 'none'),
                       ('/dev/null', 'regular file')):
        run = sigilo('inspect', path, want=1)
        assert path in run.err and word in run.err and not run.out, run.err
        run = sigilo('inspect', '--json', path, want=1)
        assert json.loads(run.out)['error']['message'] in run.err
    for args in ([], ['a', 'b'], ['--nosuch', 'a']):
        sigilo('inspect', *args, want=2)
        assert json.loads(sigilo('inspect', '--json', *args, want=2).out)['error']['code'] == 'misuse'
    helped = sigilo('inspect', '--help', want=0).out.decode()
    assert '--tensors' in helped and '34/32' in helped


@test
def inspect_tells_a_full_disk():
    if not os.path.exists('/dev/full'):
        raise Skip('no /dev/full')
    sigilo('synth', 'tiny-llama', 'm', want=0)
    for more in ([], ['--json']):
        with open('/dev/full', 'wb') as full:
            run = sigilo('inspect', 'm', *more, stdout=full, want=1)
        assert 'standard output' in run.err, run.err


# ---- shortened while in use ----

def is_mapped(child, name):
    try:
        with open(f'/proc/{child.pid}/maps', encoding='utf-8', errors='replace') as maps:
            return name in maps.read()
    except OSError:
        return False


@test
def a_model_shortened_in_use_is_told():
    sigilo('synth', 'llama-3.2-1b', 'shortened.gguf', '--type', 'Q2_K', '--layers', '2', want=0)
    child = start('greedy', 'shortened.gguf', '--tokens', '1,2,3', '-n', '100000')
    while child.poll() is None and not is_mapped(child, 'shortened.gguf'):
        time.sleep(0.001)
    assert child.poll() is None, 'it ended before the file was mapped'
    os.truncate('shortened.gguf', 4096)
    run = finish(child)
    assert run.code == 1, run.code
    assert 'shortened.gguf' in run.err and 'shortened, or' in run.err, run.err


main()
