# SPDX-License-Identifier: MIT
"""Small vocabularies as GGUF files, for tests of the command line: byte-level BPE and SentencePiece.

    python3 vocab_file.py DIRECTORY     by hand: tests/fuzz/corpus/tokenizer holds what it wrote
"""
import os
import struct
import sys

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)


def letters():
    """The letter of each byte in byte-level vocabularies."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in plain]
    return {**{b: chr(b) for b in plain}, **{b: chr(256 + i) for i, b in enumerate(others)}}


LETTERS = letters()


def spell(data):
    return ''.join(LETTERS[b] for b in data)


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack('<Q', len(data)) + data


def pair(key, value):
    if isinstance(value, bool):
        return string(key) + struct.pack('<I?', 7, value)
    if isinstance(value, int):
        return string(key) + struct.pack('<II', 4, value)
    if isinstance(value, (str, bytes)):
        return string(key) + struct.pack('<I', 8) + string(value)
    kind = 8 if not value or isinstance(value[0], str) else 6 if isinstance(value[0], float) else 5
    items = (string(v) if kind == 8 else struct.pack('<f' if kind == 6 else '<i', v) for v in value)
    return string(key) + struct.pack('<IIQ', 9, kind, len(value)) + b''.join(items)


def file_of(pairs):
    return struct.pack('<4sIQQ', b'GGUF', 3, 0, len(pairs)) + b''.join(
        pair(key, value) for key, value in pairs.items())


def bpe(pre='llama-bpe', merges=(('l', 'a'), ('h', 'o'), ('ho', 'la'), ('\u00c3', '\u00b1')), **more):
    """Bytes 0 to 255, the merges, then <|begin|> (BOS), <|end|> (EOS), <tool> (user-defined)."""
    tokens = [LETTERS[b] for b in range(256)] + [a + b for a, b in merges]
    types = [NORMAL] * len(tokens) + [CONTROL, CONTROL, USER_DEFINED]
    n = len(tokens)
    tokens += ['<|begin|>', '<|end|>', '<tool>']
    return {'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.pre': pre, 'tokenizer.ggml.bos_token_id': n,
            'tokenizer.ggml.eos_token_id': n + 1, 'tokenizer.ggml.merges': [' '.join(m) for m in merges],
            'tokenizer.ggml.token_type': types, 'tokenizer.ggml.tokens': tokens, **more}


def spm(pieces=('\u2581hola', 'hola', 'ho', 'la', 'ola', '\u2581', 'a', 'h', 'l', 'o'), **more):
    """<unk>, <s> (BOS), </s> (EOS), the bytes, then pieces from the best score down."""
    tokens = ['<unk>', '<s>', '</s>'] + [f'<0x{b:02X}>' for b in range(256)] + list(pieces)
    types = [UNKNOWN, CONTROL, CONTROL] + [BYTE] * 256 + [NORMAL] * len(pieces)
    scores = [0.0] * 259 + [-float(i) for i in range(len(pieces))]
    return {'tokenizer.ggml.model': 'llama', 'tokenizer.ggml.bos_token_id': 1,
            'tokenizer.ggml.eos_token_id': 2, 'tokenizer.ggml.scores': scores,
            'tokenizer.ggml.token_type': types, 'tokenizer.ggml.tokens': tokens, **more}


def write(path, pairs):
    with open(path, 'wb') as file:
        file.write(file_of(pairs))
    return path


if __name__ == '__main__':
    for name, made in (('file-bpe', bpe()), ('file-tekken', bpe('tekken', **{'tokenizer.chat_template': '<tool>'})),
                       ('file-spm', spm())):
        with open(os.path.join(sys.argv[1], name), 'wb') as seed:
            seed.write(b'\0' + file_of(made))  # 0: the fuzzer reads the rest as a file
