#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds `sigilo quantize` against another program's quantiser: the table of docs/formats.md.

    quantize_compare.py SIGILO LLAMA-QUANTIZE REFERENCE-DIR [MODEL.gguf]

Writes a model of one layer whose matrices are drawn from distributions between the normal and very
heavy tails (or takes MODEL), has both programs convert it, and prints for each format and matrix
"theirs → ours": the sum of squared errors over the sum of squares. Decoding and measuring is done by gguf_ref.py of
REFERENCE-DIR (shared/reference), which neither of the two knows. Needs numpy.
"""
import os
import subprocess
import sys
import tempfile

import numpy as np

D, FF = 2048, 4096


def draw(rng, kind, rows, k):
    """[rows, k] weights of deviation about 0.02."""
    if kind == 'normal':
        x = rng.standard_normal((rows, k))
    elif kind == 'Student t, 5':
        x = rng.standard_t(5, (rows, k)) / np.sqrt(5 / 3)
    elif kind == 'Student t, 3':
        x = rng.standard_t(3, (rows, k)) / np.sqrt(3)
    elif kind == 'Laplace':
        x = rng.laplace(size=(rows, k)) / np.sqrt(2)
    elif kind == 'uniform':
        x = rng.uniform(-1, 1, (rows, k)) * np.sqrt(3)
    elif kind == 'columns 12 times larger':
        x = rng.standard_normal((rows, k))
        x[:, rng.integers(0, k, k // 100)] *= 12
    elif kind == 'half normal':
        x = np.abs(rng.standard_normal((rows, k)))
    elif kind == 'rows of different size':
        x = rng.standard_normal((rows, k)) * np.exp(rng.standard_normal((rows, 1)))
    else:
        raise ValueError(kind)
    return (0.02 * x).astype(np.float32)


MATRICES = [
    ('blk.0.attn_q.weight', 'normal', D, D),
    ('blk.0.attn_k.weight', 'Student t, 3', D // 4, D),
    ('blk.0.attn_output.weight', 'Laplace', D, D),
    ('blk.0.ffn_gate.weight', 'Student t, 5', FF, D),
    ('blk.0.ffn_up.weight', 'columns 12 times larger', FF, D),
    ('token_embd.weight', 'rows of different size', 512, D),
    ('blk.0.attn_v.weight', 'uniform', D // 4, D),
    ('blk.0.ffn_down.weight', 'half normal', D, FF),
    ('output.weight', 'normal', 512, D),
]

# what to ask of the programs, and the format of most matrices then
TYPES = [('Q8_0', 'Q8_0'), ('Q6_K', 'Q6_K'), ('Q5_K_S', 'Q5_K'), ('Q5_0', 'Q5_0'), ('Q4_K_S', 'Q4_K'),
         ('Q4_0', 'Q4_0')]


def write_model(make_tiny, path):
    shape = {'arch': 'llama', 'd': 256, 'L': 1, 'H': 4, 'KV': 1, 'hd': 64, 'ff': 256, 'V': 512, 'base': 1e4,
             'ctx': 2048, 'eps': 1e-5, 'qk': 1.5}
    meta, _ = make_tiny.build('quantize_compare', shape, 1, 'f32')
    sizes = {'llama.embedding_length': D, 'llama.feed_forward_length': FF, 'llama.attention.head_count': D // 64,
             'llama.attention.head_count_kv': D // 256}
    meta = [(key, kind, sizes.get(key, value)) for key, kind, value in meta]
    rng = np.random.default_rng(1)
    tensors = []
    for name, kind, rows, k in MATRICES:
        tensors.append((name, (rows, k), *make_tiny.encode(draw(rng, kind, rows, k), 'f32')))
    for name in ('blk.0.attn_norm.weight', 'blk.0.ffn_norm.weight', 'output_norm.weight'):
        tensors.append((name, (D,), *make_tiny.encode(np.ones(D), 'f32')))
    make_tiny.write_gguf(path, meta, tensors)


def errors(gguf_ref, before, path):
    """{name: (format, error)}"""
    after = gguf_ref.GGUF(path)
    result = {}
    for name, tensor in after.tensors.items():
        if len(tensor.dims) > 1:
            x = before.load(name)
            result[name] = tensor.type_name, np.sum((after.load(name) - x) ** 2) / np.sum(x ** 2)
    return result


def main(sigilo, peer, reference, model=None):
    sys.path.insert(0, reference)
    import gguf_ref
    import make_tiny
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = (os.path.join(folder, f'{name}.gguf') for name in ('ours', 'theirs'))
        if model is None:
            model = os.path.join(folder, 'model.gguf')
            write_model(make_tiny, model)
        before = gguf_ref.GGUF(model)
        table = {}
        for column, (kind, usual) in enumerate(TYPES):
            subprocess.run([peer, '--allow-requantize', model, theirs, kind], check=True, capture_output=True)
            subprocess.run([sigilo, 'quantize', '--force', model, ours, kind], check=True, capture_output=True)
            a, b = errors(gguf_ref, before, theirs), errors(gguf_ref, before, ours)
            for name, (form, error) in a.items():
                assert b[name][0] == form, (name, form, b[name])
                if form == usual and name != 'output.weight': # more bits in most mixes
                    row = table.setdefault(name, [''] * len(TYPES))
                    row[column] = f'{error:.2e} → {b[name][1]:.2e}'
    labels = {name: kind for name, kind, _, _ in MATRICES}
    print('| weights |', ' | '.join(form for _, form in TYPES), '|\n|' + '---|' * (len(TYPES) + 1))
    for name, row in table.items():
        print('|', labels.get(name, name), '|', ' | '.join(row), '|')


if __name__ == '__main__':
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
