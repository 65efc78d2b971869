#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seeds of fuzz_model: whole models of every architecture, a few KB each.

    make_models.py DIRECTORY        run by hand; tests/fuzz/corpus/model holds what it wrote

Weights are a fixed pattern of bytes whose halves and floats are small numbers: nothing is random.
"""
import os
import struct
import sys

TYPES = {  # number in a GGUF file, weights a block, bytes a block
    'F32': (0, 1, 4), 'F16': (1, 1, 2), 'Q4_0': (2, 32, 18), 'Q4_1': (3, 32, 20), 'Q5_0': (6, 32, 22),
    'Q5_1': (7, 32, 24), 'Q8_0': (8, 32, 34), 'Q2_K': (10, 256, 84), 'Q3_K': (11, 256, 110), 'Q4_K': (12, 256, 144),
    'Q5_K': (13, 256, 176), 'Q6_K': (14, 256, 210), 'IQ4_NL': (20, 32, 18), 'IQ4_XS': (23, 256, 136),
    'BF16': (30, 1, 2)}
VOCAB = 16


def string(text):
    return struct.pack('<Q', len(text)) + text.encode()


def u32(key, value):
    return string(key) + struct.pack('<II', 4, value)


def f32(key, value):
    return string(key) + struct.pack('<If', 6, value)


class Model:
    def __init__(self, arch, width, n_ff, n_head=2, n_head_kv=1, kind='F32', **more):
        self.arch, self.kind, self.more = arch, kind, more
        self.width, self.n_ff, self.n_head, self.n_head_kv = width, n_ff, n_head, n_head_kv
        self.head = width // n_head
        self.tensors = []

    def matrix(self, name, k, m, kind=None):
        self.tensors.append((name, [k, m], kind or self.kind))

    def vector(self, name, n):
        self.tensors.append((name, [n], 'F32'))

    def layer(self, i):
        at, q, kv = f'blk.{i}.', self.n_head * self.head, self.n_head_kv * self.head
        self.vector(at + 'attn_norm.weight', self.width)
        self.vector(at + 'ffn_norm.weight', self.width)
        self.matrix(at + 'attn_output.weight', q, self.width)
        self.matrix(at + 'ffn_down.weight', self.n_ff, self.width, self.more.get('down'))
        if self.arch == 'phi3':
            self.matrix(at + 'attn_qkv.weight', self.width, q + 2 * kv)
            self.matrix(at + 'ffn_up.weight', self.width, 2 * self.n_ff)
            return
        for name, n in (('q', q), ('k', kv), ('v', kv)):
            self.matrix(f'{at}attn_{name}.weight', self.width, n)
            if self.arch == 'qwen2':
                self.vector(f'{at}attn_{name}.bias', n)
        self.matrix(at + 'ffn_gate.weight', self.width, self.n_ff)
        self.matrix(at + 'ffn_up.weight', self.width, self.n_ff)
        if self.arch == 'gemma2':
            self.vector(at + 'post_attention_norm.weight', self.width)
            self.vector(at + 'post_ffw_norm.weight', self.width)

    def build(self):
        self.matrix('token_embd.weight', self.width, VOCAB)
        self.vector('output_norm.weight', self.width)
        if self.more.get('output'):
            self.matrix('output.weight', self.width, VOCAB)
        for name in self.more.get('factors', ()):
            self.vector(name, self.head // 2)
        for i in range(self.more.get('n_layer', 1)):
            self.layer(i)
        keys = [('block_count', self.more.get('n_layer', 1)), ('embedding_length', self.width),
                ('feed_forward_length', self.n_ff), ('attention.head_count', self.n_head),
                ('attention.head_count_kv', self.n_head_kv), ('context_length', 8)]
        keys += self.more.get('keys', [])
        pairs = [string('general.architecture') + struct.pack('<I', 8) + string(self.arch)]
        pairs += [u32(f'{self.arch}.{key}', value) for key, value in keys]
        pairs += [f32(f'{self.arch}.{key}', value) for key, value in
                  [('attention.layer_norm_rms_epsilon', 1e-5)] + self.more.get('floats', [])]
        head, data = b'GGUF' + struct.pack('<IQQ', 3, len(self.tensors), len(pairs)) + b''.join(pairs), b''
        for name, dims, kind in self.tensors:
            number, weights, size = TYPES[kind]
            n = dims[0] // weights * size * (dims[1] if len(dims) == 2 else 1)
            head += string(name) + struct.pack(f'<I{len(dims)}QIQ', len(dims), *dims, number, len(data))
            data += content(kind, n, len(self.tensors) + len(data)) + bytes(-n % 32)
        return head + bytes(-len(head) % 32) + data


def content(kind, n, seed):
    if kind == 'F32':
        return b''.join(struct.pack('<f', ((i * 37 + seed) % 23 + 1) / 32) for i in range(n // 4))
    return bytes((i * 53 + seed * 7) % 251 & 0x3b for i in range(n))


SEEDS = {
    'llama': Model('llama', 8, 12, output=True, factors=['rope_freqs.weight']),
    'llama-q8_0': Model('llama', 32, 32, kind='Q8_0'),
    'llama-linear': Model('llama', 8, 8, kind='F16', floats=[('rope.scaling.factor', 4.0), ('rope.freq_base', 5e5)]),
    'llama-two': Model('llama', 8, 8, n_layer=2, kind='BF16', keys=[('rope.dimension_count', 2)]),
    'qwen2': Model('qwen2', 8, 8),
    'qwen2-q4_0': Model('qwen2', 32, 32, kind='Q4_0', n_head=1),
    'phi3': Model('phi3', 8, 8, output=True, factors=['rope_factors_long.weight', 'rope_factors_short.weight'],
                  keys=[('rope.scaling.original_context_length', 4)], floats=[('rope.scaling.attn_factor', 1.2)]),
    'phi3-window': Model('phi3', 8, 8, output=True, keys=[('attention.sliding_window', 2)]),
    'gemma2': Model('gemma2', 8, 8, n_layer=2, keys=[('attention.sliding_window', 2)]),
    'gemma2-caps': Model('gemma2', 32, 32, kind='Q8_0', floats=[('attn_logit_softcapping', 5.0),
                                                               ('final_logit_softcapping', 3.0)]),
}
for each, (_, block, _) in TYPES.items():
    if block == 256 or each in ('Q4_1', 'Q5_0', 'Q5_1', 'IQ4_NL'):
        SEEDS[f'down-{each.lower()}'] = Model('llama', 4, block, kind='F16', down=each)


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.makedirs(sys.argv[1], exist_ok=True)
    for each, model in SEEDS.items():
        with open(os.path.join(sys.argv[1], each), 'wb') as file:
            file.write(model.build())
