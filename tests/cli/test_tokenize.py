#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sigilo tokenize and detokenize, from outside, on small vocabularies made here.

    test_tokenize.py PROGRAM SOURCE-DIR BUILD-DIR [WORD]
"""
import json
import os
import random
import sys
import unicodedata

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import MARKER, WRAPPER, main, sigilo, test, write  # noqa: E402
import vocab_file  # noqa: E402

HOLA, BEGIN, END = 258, 260, 261  # of vocab_file.bpe


def lines(*items):
    return ''.join((item if isinstance(item, str) else json.dumps(item)) + '\n' for item in items).encode()


def bpe(**more):
    return vocab_file.write('bpe.gguf', vocab_file.bpe(**more))


def spm():
    return vocab_file.write('spm.gguf', vocab_file.spm())


def answers(command, model, *items, want=0):
    return sigilo(command, model, '--jsonl', given=lines(*items), want=want).json()


@test
def a_person_sees_id_and_piece():
    run = sigilo('tokenize', bpe(), 'hola <|end|>', want=0)
    assert run.out.decode().split('\n') == ['     260  "<|begin|>"', '     258  "hola"', '      32  " "',
                                            '     261  "<|end|>"', ''], run.out
    run = sigilo('tokenize', 'bpe.gguf', 'hola', 'hola', '--no-bos', '--ids', want=0)
    assert run.out == b'258,32,258\n'
    run = sigilo('tokenize', 'bpe.gguf', '€', '--no-bos', want=0)
    assert run.out.decode().split() == ['226', '<0xE2>', '130', '<0x82>', '172', '<0xAC>']
    run = sigilo('tokenize', 'bpe.gguf', '<|end|>', '--no-bos', '--no-special', '--json', want=0)
    assert run.json()[0]['ids'] == list(b'<|end|>')


@test
def text_from_a_file_and_standard_input():
    write('nota.txt', 'hola\n')
    for args, given in ((['-f', 'nota.txt'], None), (['-f', '-'], b'hola\n'), ([], b'hola\n')):
        run = sigilo('tokenize', bpe(), *args, '--ids', '--no-bos', given=given, want=0)
        assert run.out == b'258,10\n', (args, run.out)
    run = sigilo('tokenize', 'bpe.gguf', '--ids', '--no-bos', given=b'', want=0)
    assert run.out == b'\n'


@test
def a_line_in_a_line_out():
    given = [{'text': 'hola', 'add_bos': True, 'parse_special': False},
             {'text': 'hola', 'add_bos': False, 'parse_special': False},
             {'text': '<|end|>x', 'add_bos': False, 'parse_special': True},
             {'text': '', 'add_bos': False, 'parse_special': True},
             {'text': 'a\0b', 'add_bos': False, 'parse_special': True}]
    found = answers('tokenize', bpe(), *given)
    assert found == [{'ids': [BEGIN, HOLA], 'offsets': [[0, 0], [0, 4]]},
                     {'ids': [HOLA], 'offsets': [[0, 4]]},
                     {'ids': [END, 120], 'offsets': [[0, 7], [7, 8]]},
                     {'ids': [], 'offsets': []},
                     {'ids': [97, 0, 98], 'offsets': [[0, 1], [1, 2], [2, 3]]}], found
    assert [list(answer) for answer in found] == [['ids', 'offsets']] * 5


@test
def offsets_are_code_points():
    for model, text, offsets in ((bpe(), 'ñ€😀a', [[0, 1]] + [[1, 2]] * 3 + [[2, 3]] * 4 + [[3, 4]]),
                                 (spm(), 'ñ hola', [[0, 0]] + [[0, 1]] * 2 + [[1, 6]])):
        found = answers('tokenize', model, {'text': text, 'add_bos': False})[0]
        assert found['offsets'] == offsets, (text, found)


@test
def back_to_text():
    found = answers('detokenize', bpe(), {'ids': [BEGIN, HOLA, 32, HOLA, END], 'special': False},
                    {'ids': [BEGIN, HOLA], 'special': True}, {'ids': []},
                    {'ids': [0xe2, 0x82]}, {'ids': [0, 34, 92, 10, 127]})
    assert [answer['text'] for answer in found] == ['hola hola', '<|begin|>hola', '', '\ufffd', '\0"\\\n\x7f']
    run = sigilo('detokenize', 'bpe.gguf', '258,32,258', want=0)
    assert run.out == b'hola hola\n'
    run = sigilo('detokenize', 'bpe.gguf', '260', '258', '--special', '--json', want=0)
    assert run.json() == [{'text': '<|begin|>hola'}]


@test
def any_text_comes_back():
    draw = random.Random(5)
    texts = [''.join(chr(draw.choice((draw.randrange(128), draw.randrange(0xd800), draw.randrange(0x10000, 0x110000))))
                     for _ in range(draw.randrange(60))) for _ in range(20 if WRAPPER else 200)]
    for model in (bpe(), bpe(pre='tekken'), spm()):
        texts = [text.replace('\u2581', '_') for text in texts]
        ids = answers('tokenize', model, *({'text': text} for text in texts))
        found = answers('detokenize', model, *({'ids': answer['ids']} for answer in ids))
        assert [answer['text'] for answer in found] == texts
        for text, answer in zip(texts, ids):
            assert answer['offsets'][-1][1] == len(text)


@test
def qwen_composes_first():
    """The tokens of a text are those of its NFC, by Python's rules, on characters of Unicode 3.2."""
    draw = random.Random(6)
    pool = [chr(cp) for cp in [*range(0x41, 0x250), *range(0x300, 0x370), *range(0x900, 0xa00), *range(0x1100, 0x1200),
                               *range(0x1e00, 0x2000), *range(0xac00, 0xac80), *range(0xf900, 0xfa00),
                               *range(0x5b0, 0x5c0), *range(0x3040, 0x30ff), *range(0x1d15e, 0x1d165)]
            if unicodedata.ucd_3_2_0.category(chr(cp)) != 'Cn']
    texts = [''.join(draw.choice(pool) for _ in range(draw.randrange(1, 12))) for _ in range(100 if WRAPPER else 3000)]
    texts += [unicodedata.normalize('NFD', text) for text in ('niño', 'Łódź', 'ångström', '한글')]
    model = bpe(pre='qwen2')
    found = answers('tokenize', model, *({'text': text, 'add_bos': True} for text in texts))
    wanted = answers('tokenize', model, *({'text': unicodedata.normalize('NFC', text)} for text in texts))
    for text, a, b in zip(texts, found, wanted):
        assert a['ids'] == b['ids'], ascii(text)
        assert bytes(i for i in answers_bytes(a['ids'])) == unicodedata.normalize('NFC', text).encode(), ascii(text)


def answers_bytes(ids):
    """The bytes of ids of vocab_file.bpe."""
    made = {256: b'la', 257: b'ho', 258: b'hola', 259: 'ñ'.encode()}
    for i in ids:
        yield from made.get(i, bytes([i]) if i < 256 else b'')


@test
def a_bad_line_is_told_and_the_rest_goes_on():
    good = {'text': 'hola', 'add_bos': False}
    run = sigilo('tokenize', bpe(), '--jsonl', want=1, given=lines(
        good, 'nada', '[1]', {'texto': 1}, {'text': 3}, {'text': MARKER, 'add_bos': 'si'}, '', '  ',
        {'text': 'x', 'parse_special': 1}, '{"text":"' + MARKER, '{"text":"\\ud800"}', good))
    found = run.json()
    assert [list(answer) for answer in found] == [['ids', 'offsets']] + [['error']] * 8 + [['ids', 'offsets']]
    assert all(set(answer['error']) == {'code', 'message'} for answer in found[1:-1])
    assert found[1]['error']['code'] == 'invalid'
    run = sigilo('detokenize', 'bpe.gguf', '--jsonl', want=1, given=lines(
        {'ids': [HOLA]}, {'ids': [263]}, {'ids': [-1]}, {'ids': ['a']}, {'ids': 3}, {'ids': [2**40]},
        {'ids': [1.5]}, {'ids': [HOLA], 'special': 0}, b'\xff'.decode('latin-1')))
    found = run.json()
    assert found[0] == {'text': 'hola'}
    assert all('error' in answer for answer in found[1:]) and len(found) == 9
    assert 'outside the vocabulary of 263' in found[1]['error']['message']


@test
def a_line_that_is_too_long():
    if WRAPPER:
        return
    run = sigilo('tokenize', bpe(), '--jsonl', want=1,
                 given=b'{"text":"' + b'x' * (64 << 20) + b'"}\n' + lines({'text': 'hola', 'add_bos': False}))
    found = run.json()
    assert found[0]['error']['code'] == 'limit' and found[1]['ids'] == [HOLA], run.out[:200]


@test
def the_last_line_may_lack_its_end():
    run = sigilo('tokenize', bpe(), '--jsonl', given=b'{"text":"hola","add_bos":false}', want=0)
    assert run.json() == [{'ids': [HOLA], 'offsets': [[0, 4]]}]


@test
def misuse():
    bpe()
    for args in (['tokenize'], ['tokenize', 'bpe.gguf', 'x', '-f', 'y'], ['tokenize', 'bpe.gguf', 'x', '--jsonl'],
                 ['tokenize', 'bpe.gguf', '--nada'], ['detokenize'], ['detokenize', 'bpe.gguf'],
                 ['detokenize', 'bpe.gguf', '1', '--jsonl']):
        sigilo(*args, given=b'', want=2)
    for args in (['tokenize', 'ninguno.gguf', 'x'], ['detokenize', 'bpe.gguf', '999'], ['detokenize', 'bpe.gguf', 'x'],
                 ['tokenize', 'bpe.gguf', '-f', 'ninguno.txt']):
        run = sigilo(*args, want=1)
        assert run.err.startswith('sigilo: ') and not run.out, (args, run.err)
    run = sigilo('tokenize', 'ninguno.gguf', 'x', '--json', want=1)
    assert run.json()[0]['error']['code'] == 'not_found'
    for command in ('tokenize', 'detokenize'):
        assert b'Usage' in sigilo(command, '--help', want=0).out


@test
def a_file_that_is_no_vocabulary():
    made = vocab_file.bpe()
    for change, words in (({'tokenizer.ggml.model': 'bert'}, 'is not known'),
                          ({'tokenizer.ggml.pre': 'otro'}, 'is not known'),
                          ({'tokenizer.ggml.merges': ['la']}, 'merge 1 is not two tokens'),
                          ({'tokenizer.ggml.token_type': [1]}, 'has 1 items'),
                          ({'tokenizer.ggml.tokens': ['a' * 100000] * 263}, 'more than 4096'),
                          ({'tokenizer.ggml.eos_token_id': 1000}, 'is 1000')):
        vocab_file.write('mal.gguf', {**made, **change})
        run = sigilo('tokenize', 'mal.gguf', 'x', want=1)
        assert words in run.err and run.err.startswith('sigilo: mal.gguf: ') and run.err.count('\n') == 1, run.err


main()
