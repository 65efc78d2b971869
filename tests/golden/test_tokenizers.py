#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tokenizers against golden lines, both ways, through the command line.

    test_tokenizers.py PROGRAM FOLDER [WORD]     WORD: only the vocabularies with it in their name

FOLDER is ../shared/tokenizers; skips where that is absent. For each vocabulary, all of its golden
lines: the ids are those; the spans tile the text, and where a token holds whole characters they are
those of its span; decoding gives the text again, but for what a family is known to lose. Then
the texts on which two other tokenisers disagree (the ids must be those nearer to the publisher), invalid
UTF-8, and lines that are no request.
"""
import json
import os
import shlex
import subprocess
import sys

PROGRAM, FOLDER = sys.argv[1], sys.argv[2]
WORD = sys.argv[3] if len(sys.argv) > 3 else ''
WRAPPER = shlex.split(os.environ.get('MESON_EXE_WRAPPER', ''))
NAMES = ('llama-3', 'qwen2', 'mistral-nemo', 'gemma-2', 'phi-3.5', 'mistral-7b')
SPM = ('gemma-2', 'phi-3.5', 'mistral-7b')
LINES_EMULATED = 60


def lines(path):
    with open(os.path.join(FOLDER, path), encoding='utf-8') as file:
        return [json.loads(line) for line in file if line.strip()]


def run(command, name, given, want=0):
    env = dict(os.environ, SIGILO_LANG='en')
    done = subprocess.run([*WRAPPER, PROGRAM, command, os.path.join(FOLDER, 'vocab', name + '.gguf'),
                           '--jsonl'], input=given, env=env, capture_output=True, check=False,
                          timeout=300)
    assert done.returncode == want, f'exit {done.returncode}: {done.stderr.decode(errors="replace")}'
    return [json.loads(line) for line in done.stdout.decode('utf-8').split('\n') if line]


def requests(items):
    return ''.join(json.dumps(item) + '\n' for item in items).encode()


def tokenize(name, cases):
    return run('tokenize', name, requests({key: case[key] for key in ('text', 'add_bos', 'parse_special')}
                                          for case in cases))


def check_ids(name, cases, wanted='ids'):
    answers = tokenize(name, cases)
    assert len(answers) == len(cases), f'{len(answers)} answers to {len(cases)} lines'
    wrong = [f'{case["text"][:60]!r} parse={case["parse_special"]} bos={case["add_bos"]}: '
             f'{answer["ids"][:40]}, wanted {case[wanted][:40]}'
             for case, answer in zip(cases, answers) if answer['ids'] != case[wanted]]
    assert not wrong, f'{len(wrong)} of {len(cases)} differ: ' + '\n'.join(wrong[:5])
    return answers


def check_spans(name, cases, answers):
    for case, answer in zip(cases, answers):
        text, begin, end = case['text'], 0, 0
        assert len(answer['offsets']) == len(answer['ids'])
        for start, stop in answer['offsets']:
            # tokens that share a character have all of it; else one begins where the last ended
            assert start <= stop <= len(text), (text[:40], start, stop)
            assert start == end or begin <= start < end <= stop, (text[:40], start, stop, end)
            begin, end = start, stop
        assert end == len(text), f'{text[:40]!r}: the spans end at {end} of {len(text)}'


def is_kept(name, case):
    """Whether the family can give this text again."""
    if name in SPM and '\u2581' in case['text']:
        return False  # it is a space
    return case['tag'] != 'special-rstrip'  # white space was swallowed


def check_decoding(name, cases, adds_bos):
    cases = [case for case in cases if is_kept(name, case)]
    ids = [case['ids'][1:] if adds_bos and case['add_bos'] else case['ids'] for case in cases]
    answers = run('detokenize', name, requests({'ids': i, 'special': True} for i in ids))
    wrong = [f'{case["text"][:60]!r} became {answer["text"][:60]!r} ({case["tag"]})'
             for case, answer in zip(cases, answers) if case['text'] != answer['text']]
    assert not wrong, f'{len(wrong)} of {len(cases)} are not given again: ' + '\n'.join(wrong[:5])


def golden(name, facts):
    cases = lines(f'golden/{name}.jsonl')[:LINES_EMULATED if WRAPPER else None]
    answers = check_ids(name, cases)
    check_spans(name, cases, answers)
    check_decoding(name, cases, facts['adds_bos'])


def disagreements(name, _facts):
    cases = [dict(case, ids=case[case['nearer_reference'] + '_ids'])
             for case in lines('golden/disagreements.jsonl') if case['vocab'] == name]
    check_spans(name, cases, check_ids(name, cases))


def invalid_utf8(name, _facts):
    """What the command line is given is JSON and so valid; broken bytes come from a file."""
    for case in lines('golden/invalid_utf8.jsonl'):
        if case['vocab'] != name:
            continue
        done = subprocess.run([*WRAPPER, PROGRAM, 'tokenize',
                               os.path.join(FOLDER, 'vocab', name + '.gguf'), '-f', '-', '--ids',
                               '--no-bos', '--no-special'], input=bytes.fromhex(case['bytes_hex']),
                              capture_output=True, check=True, timeout=60)
        ids = [int(word) for word in done.stdout.decode().strip().split(',') if word]
        assert ids == case['ids'], f'{case["bytes_hex"]}: {ids}, wanted {case["ids"]}'


def main():
    tests = [(name, check) for name in NAMES if WORD in name
             for check in (golden, disagreements, invalid_utf8)]
    if not os.path.isdir(os.path.join(FOLDER, 'golden')):
        print(f'1..0 # SKIP {FOLDER} is absent')
        return 0
    with open(os.path.join(FOLDER, 'vocab', 'facts.json'), encoding='utf-8') as file:
        facts = json.load(file)
    failed = 0
    print(f'1..{len(tests)}')
    for i, (name, check) in enumerate(tests, 1):
        try:
            check(name, facts[name])
            verdict = 'ok'
        except (AssertionError, subprocess.SubprocessError) as why:
            verdict = 'not ok'
            failed += 1
            print('# ' + str(why).replace('\n', '\n# '))
        print(f'{verdict} {i} - {name}: {check.__name__}', flush=True)
    return 1 if failed else 0


sys.exit(main())
