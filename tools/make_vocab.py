#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Small vocabularies in the manner of each family, learnt from text of the project's own.

    make_vocab.py KIND OUT.gguf [TEXT...]     TEXT: files to learn from (corpora/uruguay/dev/*.txt)
    make_vocab.py --kinds

A kind has the algorithm, flags, special tokens and gaps of its family, and a chat template written
for it; it has 256 bytes and some 500 tokens, so a model of it is small. The same input gives the
same file. Tests build models on these (`sigilo synth tiny-llama OUT --vocab FILE`) where the real
vocabularies may not be copied to.
"""
import collections
import glob
import os
import re
import struct
import sys

N_LEARNT = 200
N_WORDS = 1000  # the most frequent ones teach enough
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6
U32, I32, F32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9


# --- chat templates ---

HEADERS = (
    "{{- bos_token }}{%- for m in messages %}{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' }}"
    "{{- m['content'] | trim + '<|eot_id|>' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}")
CHATML = (
    "{%- if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\nResponde en breve.<|im_end|>\\n' }}{%- endif %}"
    "{%- for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{%- endif %}")
LAST_SYSTEM = (
    "{%- if messages[0]['role'] == 'system' %}{%- set system = messages[0]['content'] %}{%- set turns = messages[1:] %}"
    "{%- else %}{%- set turns = messages %}{%- endif %}{{- bos_token }}{%- for m in turns %}"
    "{%- if m['role'] == 'user' %}{{- '[INST]' }}"
    "{%- if loop.last and system is defined %}{{- system + '\\n\\n' }}{%- endif %}{{- m['content'] + '[/INST]' }}"
    "{%- else %}{{- m['content'] + eos_token }}{%- endif %}{%- endfor %}")
INST = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate user/assistant') }}{% endif %}"
    "{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + m['content'] + eos_token }}{% endif %}{% endfor %}")
BARS = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>\\n' + m['content'] + '<|end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}")
TURNS = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{% for m in messages %}{% if m['role'] == 'assistant' %}{% set role = 'model' %}"
    "{% else %}{% set role = m['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\\n' + m['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}")

# kind -> algorithm, pre-tokeniser (None: the key is missing), architecture, what stands before the
# bytes and after the learnt tokens as (text, type), the ids by name, flags, template
KINDS = {
    'llama3': dict(model='gpt2', pre='llama-bpe', arch='llama', first=[], template=HEADERS, flags={},
                   last=[(t, CONTROL) for t in ('<|begin_of_text|>', '<|end_of_text|>', '<|start_header_id|>',
                                                '<|end_header_id|>', '<|eom_id|>', '<|eot_id|>')],
                   bos='<|begin_of_text|>', eos='<|eot_id|>'),
    'qwen2': dict(model='gpt2', pre='qwen2', arch='qwen2', first=[], template=CHATML, flags={'add_bos_token': False},
                  last=[('<|endoftext|>', CONTROL), ('<|im_start|>', CONTROL), ('<|im_end|>', CONTROL),
                        ('<tool_call>', USER_DEFINED), ('</tool_call>', USER_DEFINED)],
                  bos='<|endoftext|>', eos='<|im_end|>'),
    'tekken': dict(model='gpt2', pre='tekken', arch='llama', template=LAST_SYSTEM, flags={'add_bos_token': True},
                   first=[(t, CONTROL) for t in ('<unk>', '<s>', '</s>', '[INST]', '[/INST]')], last=[],
                   bos='<s>', eos='</s>'),
    'mistral': dict(model='llama', pre=None, arch='llama', template=INST, flags={'add_bos_token': True},
                    first=[('<unk>', UNKNOWN), ('<s>', CONTROL), ('</s>', CONTROL)], last=[],
                    bos='<s>', eos='</s>'),
    'phi3': dict(model='llama', pre='default', arch='phi3', template=BARS, flags={'add_bos_token': False},
                 first=[('<unk>', UNKNOWN), ('<s>', CONTROL), ('</s>', USER_DEFINED)],
                 last=[(t, CONTROL) for t in ('<|endoftext|>', '<|assistant|>', '<|system|>', '<|end|>', '<|user|>')],
                 bos='<s>', eos='<|endoftext|>'),
    'gemma2': dict(model='llama', pre='default', arch='gemma2', template=TURNS,
                   flags={'add_bos_token': True, 'add_space_prefix': False},
                   first=[('<pad>', CONTROL), ('<eos>', CONTROL), ('<bos>', CONTROL), ('<unk>', UNKNOWN)],
                   last=[('<start_of_turn>', CONTROL), ('<end_of_turn>', CONTROL), ('<b>', USER_DEFINED),
                         *[('\n' * n, USER_DEFINED) for n in range(1, 5)],
                         *[('▁' * n, USER_DEFINED) for n in range(2, 5)]],
                   bos='<bos>', eos='<eos>'),
}


# --- learning: byte pair encoding, the most frequent pair first ---

def merge_once(word, pair):
    out, i = [], 0
    while i < len(word):
        if word[i:i + 2] == pair:
            out.append(word[i] + word[i + 1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return tuple(out)


def learn(words, n):
    """The n merges, in order. words: Counter of tuples of symbols."""
    merges, words = [], collections.Counter(dict(words.most_common(N_WORDS)))
    while len(merges) < n:
        pairs = collections.Counter()
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        if not pairs:
            break
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        fresh = collections.Counter()
        for word, count in words.items():
            fresh[merge_once(word, best)] += count
        words = fresh
    return merges


def alphabet():
    """The printable character that stands for each byte in byte-level BPE."""
    plain = [*range(0x21, 0x7f), *range(0xa1, 0xad), *range(0xae, 0x100)]
    shown, extra = {}, 0
    for byte in range(256):
        if byte in plain:
            shown[byte] = chr(byte)
        else:
            shown[byte] = chr(256 + extra)
            extra += 1
    return shown


def bpe_tokens(text):
    shown = alphabet()
    words = collections.Counter()
    for word in re.findall(r' ?[^\W\d_]+| ?[^\w\s]+', text):
        words[tuple(shown[b] for b in word.encode())] += 1
    merges = learn(words, N_LEARNT)
    tokens = [(shown[b], NORMAL, 0.0) for b in range(256)]
    tokens += [(a + b, NORMAL, 0.0) for a, b in merges]
    return tokens, [f'{a} {b}' for a, b in merges]


def spm_tokens(text):
    words = collections.Counter(tuple('▁' + word) for word in re.findall(r'\S+', text))
    merges = learn(words, N_LEARNT)
    letters = sorted({c for word in words for c in word})
    tokens = [(f'<0x{b:02X}>', BYTE, 0.0) for b in range(256)]
    tokens += [(a + b, NORMAL, -float(rank)) for rank, (a, b) in enumerate(merges)]
    tokens += [(c, NORMAL, -float(len(merges) + i)) for i, c in enumerate(letters)]
    return tokens, None


# --- writing ---

def string(s):
    data = s.encode() if isinstance(s, str) else s
    return struct.pack('<Q', len(data)) + data


def pair(key, kind, value):
    head = string(key) + struct.pack('<I', kind)
    if kind == STRING:
        return head + string(value)
    return head + {U32: lambda: struct.pack('<I', value), BOOL: lambda: struct.pack('<?', value)}[kind]()


def array(key, kind, items):
    data = b''.join(map(string, items)) if kind == STRING else struct.pack(f'<{len(items)}{"f" if kind == F32 else "i"}', *items)
    return string(key) + struct.pack('<IIQ', ARRAY, kind, len(items)) + data


def vocabulary(kind, text):
    k = KINDS[kind]
    learnt, merges = (bpe_tokens if k['model'] == 'gpt2' else spm_tokens)(text)
    tokens = [(t, ty, 0.0) for t, ty in k['first']] + learnt + [(t, ty, -1000.0) for t, ty in k['last']]
    seen, kept = set(), []
    for token in tokens:  # a letter that is a merge too, say: ids name one token each
        if token[0] not in seen:
            kept.append(token)
            seen.add(token[0])
    ids = {t: i for i, (t, _, _) in enumerate(kept)}
    pairs = [pair('general.architecture', STRING, k['arch']), pair('general.name', STRING, f'vocabulary {kind}'),
             pair('tokenizer.ggml.model', STRING, k['model'])]
    if k['pre']:
        pairs.append(pair('tokenizer.ggml.pre', STRING, k['pre']))
    pairs.append(array('tokenizer.ggml.tokens', STRING, [t for t, _, _ in kept]))
    if merges is None:
        pairs.append(array('tokenizer.ggml.scores', F32, [s for _, _, s in kept]))
    else:
        pairs.append(array('tokenizer.ggml.merges', STRING, merges))
    pairs.append(array('tokenizer.ggml.token_type', I32, [t for _, t, _ in kept]))
    pairs.append(pair('tokenizer.ggml.bos_token_id', U32, ids[k['bos']]))
    pairs.append(pair('tokenizer.ggml.eos_token_id', U32, ids[k['eos']]))
    pairs += [pair(f'tokenizer.ggml.{name}', BOOL, value) for name, value in k['flags'].items()]
    pairs.append(pair('tokenizer.chat_template', STRING, k['template']))
    return b'GGUF' + struct.pack('<IQQ', 3, 0, len(pairs)) + b''.join(pairs)


def main():
    if sys.argv[1:] == ['--kinds']:
        print(*KINDS)
        return
    if len(sys.argv) < 3 or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    here = os.path.dirname(os.path.abspath(__file__))
    paths = sys.argv[3:] or sorted(glob.glob(os.path.join(here, '..', 'corpora', 'uruguay', 'dev', '*.txt')))
    text = ''.join(open(path, encoding='utf-8').read() for path in paths)
    if not text:
        sys.exit('make_vocab: no text to learn from')
    with open(sys.argv[2], 'wb') as out:
        out.write(vocabulary(sys.argv[1], text))


if __name__ == '__main__':
    main()
