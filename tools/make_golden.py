#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes tests/golden anew: the logits of synthetic models, by an oracle that shares no code with us.

    make_golden.py PROGRAM ORACLE-DIR OUT-DIR      build/sigilo ../shared/reference tests/golden

ORACLE-DIR holds forward_ref.py (float64, exactly decoded weights; needs numpy). The models are not
kept: `sigilo synth` writes the same bytes everywhere, and the manifest has their sha256. What a case
may deviate comes from the oracle itself with activations rounded to 8 bits: three times its NMSE,
four times its worst position. Run it when synth or a case changes, never because a test fails.
"""
import hashlib
import json
import math
import os
import random
import subprocess
import sys
import tempfile

LAST = 4        # positions kept of each case
FLOOR = 1e-9    # what f32 sums cost

# shape, type, [(case, tokens, ctx, quick)]: each architecture and peculiarity once in a format that
# hides nothing, each format once, and sequences beyond the windows and a cache block. The quick ones
# are what an emulator runs.
MODELS = [
    ('tiny-llama', 'F16', [('prompt', 40, 64, True)]),
    ('tiny-llama', 'Q4_K_M', [('long', 150, 256, False), ('short', 20, 64, True)]),
    ('tiny-llama', 'Q4_1', [('prompt', 16, 64, False)]),
    ('tiny-llama', 'Q5_0', [('prompt', 16, 64, False)]),
    ('tiny-llama', 'Q5_1', [('prompt', 16, 64, False)]),
    ('tiny-llama', 'Q2_K', [('prompt', 16, 64, False)]),
    ('tiny-llama', 'IQ4_NL', [('prompt', 16, 64, False)]),
    ('tiny-llama3', 'Q8_0', [('prompt', 90, 128, True)]),
    ('tiny-llama3', 'Q3_K', [('prompt', 16, 64, False)]),
    ('tiny-nemo', 'Q5_K_M', [('prompt', 40, 64, True)]),
    ('tiny-qwen2', 'F32', [('prompt', 30, 64, False)]),
    ('tiny-qwen2', 'Q4_0', [('prompt', 40, 64, True)]),
    ('tiny-phi3', 'Q6_K', [('short', 40, 64, True), ('long', 80, 128, False)]),
    ('tiny-phi3-window', 'IQ4_XS', [('prompt', 40, 64, True)]),
    ('tiny-gemma2', 'BF16', [('prompt', 90, 128, True)]),
    ('tiny-gemma2', 'Q4_K_M', [('prompt', 40, 64, False)]),
]
N_GREEDY = 8


def measure(oracle, got, want):
    return oracle.nmse(got, want), max(oracle.nmse(g, w) for g, w in zip(got, want))


def rounded(x):
    """Three digits, upwards: a tolerance is not to be read as more than it is."""
    step = 10.0 ** (math.floor(math.log10(x)) - 2)
    return float(f'{math.ceil(x / step) * step:.3g}')


def make_case(oracle, path, rng, out, name, spec):
    case, n_tokens, ctx, quick = spec
    tokens = [rng.randrange(512) for _ in range(n_tokens)]
    exact = oracle.Model(path, ctx).logits(tokens, LAST)
    nmse, worst = measure(oracle, oracle.Model(path, ctx, act8=True).logits(tokens, LAST), exact)
    file = f'{name}.{case}.f32'
    exact.astype('<f4').tofile(os.path.join(out, file))
    order = exact.argsort(axis=1)
    margins = [float(row[o[-1]] - row[o[-2]]) for row, o in zip(exact, order)]
    tolerance_worst = rounded(max(4 * worst, 10 * FLOOR))
    # a lead of three deviations of the difference of two logits, each off by the worst position
    decisive = 3 * math.sqrt(2 * tolerance_worst * float((exact ** 2).mean()))
    return {'case': case, 'ctx': ctx, 'quick': quick, 'tokens': tokens,
            'first_position': n_tokens - LAST, 'logits': file, 'shape': list(exact.shape),
            'act8_nmse': nmse, 'tolerance_nmse': rounded(max(3 * nmse, FLOOR)),
            'tolerance_worst_position': tolerance_worst, 'argmax': [int(o[-1]) for o in order],
            'margin': [float(f'{m:.4g}') for m in margins], 'decisive_margin': rounded(decisive)}


def make_model(oracle, program, path, rng, out, shape, kind, seed, specs):
    synth = [shape, '--type', kind, '--seed', str(seed)]
    subprocess.run([program, 'synth', shape, path, *synth[1:], '--force'], check=True)
    with open(path, 'rb') as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    name = f'{shape}-{kind.lower()}'
    cases = [make_case(oracle, path, rng, out, name, spec) for spec in specs]
    first = cases[0]
    prompt = first['tokens'][:16]
    tokens, margins = oracle.Model(path, first['ctx']).greedy(prompt, N_GREEDY)
    sure = next((i for i, m in enumerate(margins) if m < first['decisive_margin']), N_GREEDY)
    return {'name': name, 'synth': synth, 'sha256': digest, 'cases': cases,
            'greedy': {'prompt': prompt, 'ctx': first['ctx'], 'tokens': tokens, 'sure': sure}}


def dump(manifest, path):
    """One line a case, so that a difference is read as such."""
    with open(path, 'w', encoding='utf-8') as file:
        file.write('{"models": [\n')
        for i, model in enumerate(manifest):
            cases = ',\n    '.join(json.dumps(c) for c in model['cases'])
            rest = json.dumps({k: v for k, v in model.items() if k != 'cases'})[:-1]
            file.write(f'  {rest},\n   "cases": [\n    {cases}]}}{"," if i + 1 < len(manifest) else ""}\n')
        file.write(']}\n')


def main(program, oracle_dir, out):
    sys.dont_write_bytecode = True
    sys.path.insert(0, oracle_dir)
    import forward_ref as oracle  # noqa: E402  pylint: disable=import-outside-toplevel,import-error
    rng = random.Random(20240229)
    for name in os.listdir(out):
        if name.endswith('.f32'):
            os.remove(os.path.join(out, name))
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, 'model.gguf')
        manifest = [make_model(oracle, program, path, rng, out, shape, kind, seed, specs)
                    for seed, (shape, kind, specs) in enumerate(MODELS, 1)]
    dump(manifest, os.path.join(out, 'manifest.json'))


if __name__ == '__main__':
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
