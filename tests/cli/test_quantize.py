#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""quantize from outside.

    test_quantize.py PROGRAM SOURCE-DIR BUILD-DIR [WORD]      see harness.py
"""
import os
import resource
import signal

from harness import main, read, sigilo, start, finish, test, tree, write

TYPES = ['Q4_K_M', 'Q4_K_S', 'Q5_K_M', 'Q5_K_S', 'Q6_K', 'Q8_0', 'Q4_0', 'Q5_0', 'F16', 'BF16', 'F32']


def model(path='in.gguf', shape='tiny-llama', kind='F16'):
    sigilo('synth', shape, path, '--type', kind, want=0)
    return path


@test
def every_type_is_written_and_inspected():
    model()
    for kind in TYPES:
        run = sigilo('quantize', 'in.gguf', f'{kind}.gguf', kind.lower(), want=0)
        assert not run.err, run.err
        assert kind in run.out.decode()
        (answer,) = sigilo('inspect', f'{kind}.gguf', '--json', want=0).json()
        assert answer['file_bytes'] == os.path.getsize(f'{kind}.gguf')


@test
def json_tells_every_tensor():
    model()
    run = sigilo('quantize', 'in.gguf', 'out.gguf', 'Q4_K_M', '--json', want=0)
    (answer,) = run.json()
    assert list(answer) == ['in', 'out', 'type', 'tensors', 'totals'], list(answer)
    assert answer['type'] == 'Q4_K_M'
    (told,) = sigilo('inspect', 'out.gguf', '--json', want=0).json()
    assert [t['name'] for t in answer['tensors']] == [t['name'] for t in told['tensors']]
    for tensor in answer['tensors']:
        assert tensor['to'] == tensor['wanted']
        assert (tensor['nmse'] > 0) == (tensor['from'] != tensor['to']), tensor
        assert tensor['nmse'] < 0.006
    totals = answer['totals']
    assert totals['tensors'] == len(answer['tensors'])
    assert totals['out_bytes'] == sum(t['bytes'] for t in answer['tensors']) < totals['in_bytes']
    assert totals['quantised_again'] == 0


@test
def threads_do_not_show():
    model()
    for n in ('1', '2'):
        sigilo('quantize', 'in.gguf', n, 'Q5_K_M', '-t', n, want=0)
    assert read('1') == read('2')


@test
def losing_twice_is_said():
    model(kind='Q8_0')
    run = sigilo('quantize', 'in.gguf', 'out.gguf', 'Q4_K_M', want=0)
    assert 'lost twice' in run.err, run.err
    assert not sigilo('quantize', 'in.gguf', 'same.gguf', 'Q8_0', want=0).err


@test
def what_is_there_stays():
    model()
    write('out.gguf', 'mine')
    run = sigilo('quantize', 'in.gguf', 'out.gguf', 'Q8_0', want=1)
    assert '--force' in run.err and read('out.gguf') == b'mine'
    sigilo('quantize', 'in.gguf', 'out.gguf', 'Q8_0', '--force', want=0)
    before = read('in.gguf')
    os.symlink('in.gguf', 'link.gguf')
    for out in ('in.gguf', './in.gguf', 'link.gguf'):
        assert 'same file' in sigilo('quantize', 'in.gguf', out, 'Q8_0', '--force', want=1).err
    assert 'regular file' in sigilo('quantize', 'in.gguf', '.', 'Q8_0', '--force', want=1).err
    assert read('in.gguf') == before


@test
def bad_input_leaves_nothing():
    write('bad.gguf', b'GGUF' + bytes(30))
    for path in ('bad.gguf', 'missing.gguf'):
        (answer,) = sigilo('quantize', path, 'out.gguf', 'Q8_0', '--json', want=1).json()
        assert answer['error']['code'] in ('invalid', 'unsupported', 'not_found'), answer
    assert tree('.') == ['bad.gguf'], tree('.')


@test
def a_full_disk_leaves_nothing():
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write past the limit is then EFBIG
        resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))

    model()
    run = finish(start('quantize', 'in.gguf', 'out.gguf', 'Q8_0', preexec_fn=limit))
    assert run.code == 1 and 'out.gguf' in run.err, run.err
    assert tree('.') == ['in.gguf'], tree('.')


@test
def misuses():
    model()
    for args in ((), ('in.gguf',), ('in.gguf', 'out.gguf'), ('in.gguf', 'out.gguf', 'Q4_K'),
                 ('in.gguf', 'out.gguf', 'Q2_K'), ('in.gguf', 'out.gguf', 'Q8_0', 'more'),
                 ('in.gguf', 'out.gguf', 'Q8_0', '-t', '0'), ('in.gguf', 'out.gguf', 'Q8_0', '--what')):
        run = sigilo('quantize', *args, want=2)
        assert run.err and not run.out, args
    assert tree('.') == ['in.gguf']


if __name__ == '__main__':
    main()
