#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The engine against golden logits: every model and every case of a manifest.

    test_reference.py PROGRAM MANIFEST [WORD]        WORD: only the models with it in their name

MANIFEST is that of ../shared/reference, or tests/golden/manifest.json, whose models are made here by
`sigilo synth` and must have the sha256 it tells. For each case: --exact within 1e-9 of the oracle;
the default path within the case's tolerance, with caches of every type and with every instruction
set; the same bytes for any batch size and number of threads. For each model: the tokens that follow,
as far as they are sure. Prints TAP; skips where the manifest is absent. Under an emulator
($MESON_EXE_WRAPPER), or with SIGILO_TEST_QUICK, a part: short cases, fewer ways to run them, and
each instruction set on the first only.
"""
import functools
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import compare  # noqa: E402

WRAPPER = shlex.split(os.environ.get('MESON_EXE_WRAPPER', ''))
QUICK = bool(WRAPPER) or 'SIGILO_TEST_QUICK' in os.environ
QUICK_MODELS = ('tiny-llama-f16', 'tiny-qwen2-q4_k_m', 'tiny-phi3-q4_k_m', 'tiny-gemma2-q4_k_m',
                'tiny-llama-q5_k', 'tiny-llama-q8_0', 'tiny-llama-iq4_xs', 'tiny-phi3-window-q8_0')

QUICK_TOKENS = 100  # cases of more are left out


def start(*args):
    env = dict(os.environ, SIGILO_LANG='en')
    return subprocess.run([*WRAPPER, PROGRAM, *args], env=env, capture_output=True, check=False,
                          timeout=600)


def run(*args):
    done = start(*args)
    if done.returncode != 0:
        raise AssertionError(f'exit {done.returncode}: {done.stderr.decode(errors="replace")}')
    return done.stdout.decode()


def instruction_sets(model):
    """All the names --isa takes, from the message that refuses another. One that the processor lacks
    means the best it has."""
    done = start('logits', model, '--tokens', '1', '--out', os.devnull, '--isa', '?')
    names = done.stderr.decode(errors='replace').rpartition('knows ')[2].split('\n')[0].replace(',', ' ').split()
    if 'ref' not in names:
        raise AssertionError(f'no instruction sets in {done.stderr!r}')
    return names


def logits(model, case, *options):
    """The bytes `sigilo logits` writes of a case's stored positions."""
    with tempfile.NamedTemporaryFile(suffix='.f32') as out:
        run('logits', model, '--tokens', ','.join(map(str, case['tokens'])), '--ctx',
            str(case['ctx']), '--last', str(case['shape'][0]), '--out', out.name, *options)
        with open(out.name, 'rb') as file:
            return file.read()


def check_case(model, case, golden, every_isa):
    """One case in all the ways to run it; yields what is wrong."""
    def judge(way, options, exact=False, cache='f32'):
        with tempfile.NamedTemporaryFile() as file:
            file.write(data := logits(model, case, *options))
            file.flush()
            for fault in compare.faults(compare.read_floats(file.name), golden, case, exact, cache):
                yield f'{way}: {fault}'
        results[way] = data

    results = {}
    yield from judge('exact', ['--exact'], exact=True)
    yield from judge('default', [])
    for isa in instruction_sets(model) if every_isa else ():
        yield from judge(f'isa {isa}', ['--isa', isa])
    for cache in ('f16', 'q8_0')[:1 if QUICK else 2]:
        yield from judge(f'cache {cache}', ['--kv', cache], cache=cache)
    for options in (['--batch', '7', '-t', '2'],) if QUICK else (
            ['--batch', '1'], ['--batch', '7', '-t', '2'], ['--batch', '33', '-t', '1'],
            ['--batch', '1000', '-t', '2']):
        if logits(model, case, *options) != results['default']:
            yield f'{" ".join(options)}: other bytes than the default'
    if not QUICK and logits(model, case, '--kv', 'q8_0', '--batch', '5') != results['cache q8_0']:
        yield '--kv q8_0 --batch 5: other bytes than --kv q8_0'


def check_greedy(model, greedy):
    prompt = ','.join(map(str, greedy['prompt']))
    text = run('greedy', model, '--tokens', prompt, '-n', str(len(greedy['tokens'])), '--ctx',
               str(greedy['ctx']))
    found, sure = [int(t) for t in text.split(',')], greedy['sure']
    if len(found) != len(greedy['tokens']):
        yield f'{len(found)} tokens, not {len(greedy["tokens"])}'
    if found[:sure] != greedy['tokens'][:sure]:
        yield f'{found[:sure]}, not {greedy["tokens"][:sure]}'


def make_model(path, model):
    """The model of that name written by the program itself, the same bytes wherever it runs."""
    shape, *options = model['synth']
    run('synth', shape, path, *options)
    with open(path, 'rb') as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    if digest != model['sha256']:
        yield f'sha256 {digest}, not {model["sha256"]}'


def is_chosen(model, case):
    if not QUICK:
        return True
    if 'quick' in case:
        return case['quick']
    return model['name'] in QUICK_MODELS and len(case['tokens']) <= QUICK_TOKENS


def tests_of(root, scratch, manifest):
    """(name, function that yields what is wrong) of each test, in order."""
    first = True
    for model in manifest['models']:
        cases = [case for case in model['cases'] if is_chosen(model, case)]
        if not cases:
            continue
        path = os.path.join(root, model['file']) if 'file' in model else \
            os.path.join(scratch, model['name'] + '.gguf')
        if 'synth' in model:
            yield f'{model["name"]} synth', functools.partial(make_model, path, model)
        for case in cases:
            golden = compare.read_floats(os.path.join(root, case['logits']))
            yield (f'{model["name"]} {case["case"]}',
                   functools.partial(check_case, path, case, golden, first or not QUICK))
            first = False
        yield f'{model["name"]} greedy', functools.partial(check_greedy, path, model['greedy'])


def perform(tests):
    """Runs them in order, in TAP; the number of bad ones."""
    print(f'1..{len(tests)}')
    bad = 0
    for i, (name, check) in enumerate(tests, 1):
        try:
            wrong = list(check())
        except (AssertionError, subprocess.TimeoutExpired) as why:
            wrong = [str(why)]
        bad += bool(wrong)
        print(f'{"not ok" if wrong else "ok"} {i} - {name}', flush=True)
        for line in wrong:
            print('#', line)
    return bad


def main(path, word=''):
    if not os.path.exists(path):
        print(f'1..0 # SKIP {path} is absent')
        return 0
    with open(path, encoding='utf-8') as file:
        manifest = json.load(file)
    manifest['models'] = [m for m in manifest['models'] if word in m['name']]
    with tempfile.TemporaryDirectory(prefix='sigilo-golden-') as scratch:
        tests = list(tests_of(os.path.dirname(path), scratch, manifest))
        return 1 if perform(tests) or not tests else 0


if __name__ == '__main__':
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    PROGRAM = os.path.abspath(sys.argv[1])
    sys.exit(main(*sys.argv[2:]))
