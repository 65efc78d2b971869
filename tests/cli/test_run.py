#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Answers from outside: run and chat, on models with vocabularies of our own (tools/make_vocab.py).

    test_run.py PROGRAM SOURCE-DIR BUILD-DIR [WORD]      see harness.py

What the models write means nothing; that it is what it must be is checked against `greedy`,
`tokenize`, `detokenize` and `template`, which have tests of their own.
"""
import json
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time

from harness import (BUILD, MARKER, PROGRAM, WRAPPER, Skip, environment, finish, main, read,
                     sigilo, start, test, write)

SHAPES = {'llama3': 'tiny-llama3', 'qwen2': 'tiny-qwen2', 'tekken': 'tiny-nemo', 'mistral': 'tiny-llama',
          'phi3': 'tiny-phi3', 'gemma2': 'tiny-gemma2'}
TURNS = 4 if WRAPPER else 20
CTX = '2048'  # phi3 has other rotations beyond 4096, and `greedy` makes a context that just fits
QUESTION = 'Paciente de 67 años con disnea.'


def model(kind='llama3', *more):
    """A small model that has text; its seed gives answers with more than one token in them."""
    path = f'{kind}.gguf'
    sigilo('synth', SHAPES[kind], path, '--type', 'Q8_0', '--vocab',
           os.path.join(BUILD, 'tests', f'vocab-{kind}.gguf'), *more, want=0)
    return path


def run(path, *args, want=0, **more):
    return sigilo('run', path, '--json', '--temp', '0', '--ctx', CTX, *args, want=want, **more).json()[0]


def jsonl(command, path, *lines):
    given = ''.join(json.dumps(line) + '\n' for line in lines)
    return sigilo(command, path, '--jsonl', given=given.encode(), want=0).json()


def greedy(path, ids, n):
    out = sigilo('greedy', path, '--tokens', ','.join(map(str, ids)), '-n', str(n), '--kv', 'f16', '--ctx', CTX, want=0).out
    return [int(i) for i in out.decode().split(',')]


ENDS = ('<|end_of_text|>', '<|eot_id|>', '<|eom_id|>', '<|im_end|>', '<|endoftext|>', '<|end|>', '</s>', '<eos>',
        '<end_of_turn>')


def ends(path):
    """Token ids that end an answer: those of the names above that are one token."""
    lines = [{'text': name, 'add_bos': False, 'parse_special': True} for name in ENDS]
    ids = [line['ids'] for line in jsonl('tokenize', path, *lines)]
    return {i[0] for i in ids if len(i) == 1}


def refused(code, *args, words=(), **more):
    """One sentence with the words, nothing on stdout."""
    done = sigilo(*args, want=code, **more)
    lines = done.err.strip().split('\n')
    assert not done.out, done.out
    assert lines[0].startswith('sigilo: ') and len(lines) == (2 if code == 2 else 1), done.err
    for word in words:
        assert word in done.err, f'no "{word}" in: {done.err}'


# ---- run ----

@test
def a_raw_answer_is_what_greedy_says():
    for kind in SHAPES:
        path = model(kind)
        asked = jsonl('tokenize', path, {'text': QUESTION, 'add_bos': True, 'parse_special': True})[0]
        got = run(path, QUESTION, '--raw', '-n', '12', '--ignore-eos')
        assert got['prompt_tokens'] == len(asked['ids']), (kind, got)
        assert got['answer_tokens'] == len(got['ids']) == 12 and got['stop'] == 'limit', (kind, got)
        want = greedy(path, asked['ids'], 12)
        first_end = next((i for i, t in enumerate(want) if t in ends(path)), 12)
        assert got['ids'][:first_end] == want[:first_end], (kind, got['ids'], want)


@test
def a_message_goes_through_the_template():
    for kind in SHAPES:
        path = model(kind)
        messages = [{'role': 'user', 'content': QUESTION}]
        prompt = jsonl('template', path, {'messages': messages, 'add_generation_prompt': True})[0]
        got = run(path, QUESTION, '-n', '6', '--ignore-eos')
        assert got['prompt_tokens'] == len(prompt['ids']), (kind, got, prompt)
        want = greedy(path, prompt['ids'], 6)
        first_end = next((i for i, t in enumerate(want) if t in ends(path)), 6)
        assert got['ids'][:first_end] == want[:first_end], (kind, got['ids'], want)


@test
def text_streams_and_timings_go_to_stderr():
    path = model()
    whole = run(path, QUESTION, '-n', '8')
    done = sigilo('run', path, QUESTION, '-n', '8', '--temp', '0', want=0)
    text = done.out.decode('utf-8')
    assert text == whole['text'] + ('' if whole['text'].endswith('\n') else '\n'), (text, whole)
    assert re.search(r'prompt: \d+ tokens.*answer: 8 tokens', done.err), done.err


@test
def text_comes_from_an_operand_an_option_a_file_or_a_pipe():
    path = model('mistral')
    want = run(path, QUESTION, '-n', '4')['ids']
    assert run(path, '-p', QUESTION, '-n', '4')['ids'] == want
    assert run(path, '-f', write('q.txt', QUESTION + '\n'), '-n', '4')['ids'] == want
    assert run(path, '-n', '4', given=QUESTION.encode())['ids'] == want
    assert run(path, '-f', '-', '-n', '4', given=QUESTION.encode())['ids'] == want


@test
def a_seed_gives_one_text_whatever_the_machine_does():
    path = model('qwen2')
    seen = set()
    for more in ([], ['-t', '1'], ['-t', '2'], ['--batch', '7'], ['--batch', '1', '-t', '1']):
        seen.add(tuple(run(path, QUESTION, '-n', '12', '--temp', '1.5', '--seed', '7', *more)['ids']))
    assert len(seen) == 1, seen
    others = {tuple(run(path, QUESTION, '-n', '12', '--temp', '1.5', '--seed', str(s))['ids']) for s in range(4)}
    assert len(others) > 1, 'four seeds, one answer'
    again = run(path, QUESTION, '-n', '12', '--temp', '1.5')
    assert run(path, QUESTION, '-n', '12', '--temp', '1.5', '--seed', str(again['seed']))['ids'] == again['ids']


@test
def a_stop_string_ends_the_answer_before_it():
    path = model('tekken')
    whole = run(path, QUESTION, '-n', '24', '--ignore-eos')['text']
    word = whole[len(whole) // 2:len(whole) // 2 + 3]
    assert len(word) == 3 and whole.index(word) > 0, whole
    got = run(path, QUESTION, '-n', '24', '--ignore-eos', '--stop', 'never said', '--stop', word)
    assert got['text'] == whole[:whole.index(word)], (got, whole)
    assert got['stop'] == 'word' and got['stopping_word'] == word, got


@test
def a_context_that_is_too_small_is_an_error_with_both_numbers():
    path = model()
    n = run(path, QUESTION, '-n', '1')['prompt_tokens']
    refused(1, 'run', path, QUESTION, '--ctx', str(n - 1), words=(str(n), str(n - 1)))
    full = sigilo('run', path, QUESTION, '--ctx', str(n + 5), '--ignore-eos', '--temp', '0', want=1)
    assert full.out and str(n + 5) in full.err and '--context-shift' in full.err, full.err
    told = sigilo('run', path, QUESTION, '--ctx', str(n + 5), '--ignore-eos', '--json', want=1).json()
    assert told[0]['stop'] == 'context' and told[0]['answer_tokens'] == 6, told
    assert told[1]['error']['code'] == 'full', told


@test
def a_shifted_context_goes_on():
    path = model()
    n = run(path, QUESTION, '-n', '1')['prompt_tokens']
    got = run(path, QUESTION, '--ctx', str(n + 8), '--ignore-eos', '-n', '40', '--context-shift', '--keep', '2')
    assert got['answer_tokens'] == 40 and got['stop'] == 'limit', got
    same = run(path, QUESTION, '--ignore-eos', '-n', '8')
    assert got['ids'][:8] == same['ids'], 'before the first shift nothing differs'


@test
def log_probabilities_are_told():
    path = model('gemma2')
    got = run(path, QUESTION, '-n', '4', '--logprobs', '5')
    assert len(got['logprobs']) == len(got['ids']) > 0
    for at, token in zip(got['logprobs'], got['ids']):
        assert at['id'] == token and len(at['top_logprobs']) == 5, at
        values = [t['logprob'] for t in at['top_logprobs']]
        assert values == sorted(values, reverse=True) and values[0] <= 0, values
        assert at['top_logprobs'][0]['id'] == token, 'the likeliest is taken at temperature 0'


@test
def a_form_is_kept():
    path = model('llama3')
    grammar = write('g.gbnf', 'root ::= ("PASS" | "REVIEW") " " [0-9]{2}\n')
    for seed in range(3):
        got = sigilo('run', path, QUESTION, '--grammar', grammar, '--temp', '2', '--seed', str(seed), want=0)
        assert re.fullmatch(r'(PASS|REVIEW) \d\d\n', got.out.decode()), got.out
    schema = write('s.json', json.dumps({'type': 'object', 'required': ['edad', 'fuma'], 'properties': {
        'edad': {'type': 'integer', 'minimum': 0, 'maximum': 120}, 'fuma': {'type': 'boolean'}}}))
    got = run(path, QUESTION, '--json-schema', schema)
    value = json.loads(got['text'])
    assert list(value) == ['edad', 'fuma'] and 0 <= value['edad'] <= 120 and got['stop'] == 'end', got


@test
def misuse_is_told():
    path = model()
    for args, word in ((['run'], 'model file'), (['run', path, 'a', 'b'], 'quotation'),
                       (['run', path, 'a', '-p', 'b'], 'twice'), (['run', path, '-p', 'a', '-f', 'b'], 'exclude'),
                       (['run', path, 'a', '--temp', 'hot'], '--temp'), (['run', path, 'a', '--top-k', '1.5'], '--top-k'),
                       (['run', path, 'a', '--logprobs', '2'], '--json'), (['run', path, 'a', '--logit-bias', 'x'], 'ID='),
                       (['run', path, 'a', '--grammar', 'g', '--json-schema', 's'], 'exclude'),
                       (['run', path, 'a', '--seed', '-2'], '--seed'), (['run', path, 'a', '--keep', '2'], '--context-shift'),
                       (['run', path, 'a', '--samplers', 'top_k,nonsense'], '--samplers'),
                       (['run', path, 'a', '--top-p', '3'], 'top_p'), (['chat', 'absent', '--mirostat', '1'], 'mirostat'),
                      (['chat'], 'model file'), (['chat', path, path], 'model file')):
        refused(2, *args, words=(word,))


@test
def what_cannot_be_is_told():
    path = model()
    bad = write('bad.gbnf', 'root ::= (\n')
    for args, words in ((['run', 'absent.gguf', 'a'], ('absent.gguf',)),
                        (['run', path, 'a', '--grammar', bad], ('bad.gbnf', 'line')),
                        (['run', path, 'a', '--grammar', 'absent'], ('absent',)),
                        (['run', path, 'a', '--logit-bias', '999999=1'], ('999999',)),
                        (['run', path, 'a', '--chat-template', '{% if %}'], ('line 1',)),
                        (['run', path, 'a', '--chat-template', 'absent'], ('absent',)),
                        (['run', path, 'a', '--chat-template-kwargs', '[]'], ('object',)),
                        (['run', path, 'a', '--raw', '--system', 'b'], ('--raw',)),
                        (['run', path, '-f', '.'], ('.',))):
        refused(1, *args, words=words)
    sigilo('synth', 'tiny-llama', 'mute.gguf', want=0)
    refused(1, 'run', 'mute.gguf', 'a', words=('mute.gguf',))
    refused(1, 'chat', 'mute.gguf', words=('mute.gguf',))


@test
def no_word_of_the_prompt_is_in_an_error():
    path = model('mistral')
    secret = f'{MARKER} ' * 50
    refused(1, 'run', path, '--ctx', '10', given=secret.encode(), words=('10',))
    refused(1, 'run', path, secret, '--chat-template', '{{ raise_exception("no " ~ "way") }}', words=('no way',))
    refused(1, 'run', path, secret, '--chat-template', '{{ messages[0].content.nonsense() }}')
    refused(1, 'run', path, given=secret.encode() + b'\xff\xfe')


@test
def a_full_standard_output_ends_it():
    if not os.path.exists('/dev/full'):
        raise Skip('no /dev/full')
    path = model()
    with open('/dev/full', 'wb') as full:
        assert 'standard output' in sigilo('run', path, 'a', '-n', '3', stdout=full, want=1).err
    with open('/dev/full', 'wb') as full:
        assert 'standard output' in sigilo('run', path, 'a', '-n', '3', '--json', stdout=full, want=1).err


# ---- chat ----

def converse(path, lines, *args, want=0):
    return sigilo('chat', path, '--temp', '0', *args, given=''.join(f'{line}\n' for line in lines).encode(), want=want)


def shown(path, ids):
    return jsonl('detokenize', path, {'ids': ids, 'special': False})[0]['text']


@test
def twenty_turns_say_what_each_turn_alone_would():
    for kind in ('llama3', 'mistral', 'gemma2') if not WRAPPER else ('llama3',):
        path = model(kind)
        asked = [f'Pregunta {i}: ¿dosis de {i} mg?' for i in range(TURNS)]
        done = converse(path, asked + ['/save c.json'], '-n', '6', '--ctx', CTX)
        reused = [int(x) for x in re.findall(r'\((\d+) of them', done.err)]
        assert len(reused) == TURNS and all(b > a for a, b in zip(reused[1:], reused[2:])), reused
        messages = json.loads(read('c.json'))
        assert [m['content'] for m in messages[::2]] == asked
        os.remove('c.json')
        for i in (range(TURNS) if kind == 'llama3' else range(0, TURNS, 5)):
            prompt = jsonl('template', path, {'messages': messages[:2 * i + 1], 'add_generation_prompt': True})[0]
            want = greedy(path, prompt['ids'], 6)
            first_end = next((k for k, t in enumerate(want) if t in ends(path)), 6)
            assert messages[2 * i + 1]['content'] == shown(path, want[:first_end]), (kind, i)


@test
def a_system_message_is_set_changed_and_taken_away():
    for kind in ('llama3', 'gemma2'):  # the second refuses one: it joins the user's first
        path = model(kind)
        done = converse(path, ['/system Responde en verso.', 'Hola', '/save a.json', '/system', '/clear', 'Hola',
                               '/save b.json'], '-n', '3')
        first, second = json.loads(read('a.json')), json.loads(read('b.json'))
        assert first[0] == {'role': 'system', 'content': 'Responde en verso.'} and len(first) == 3, first
        assert [m['role'] for m in second] == ['user', 'assistant'], second
        counts = [int(x) for x in re.findall(r'prompt: (\d+) tokens', done.err)]
        assert counts[0] > counts[1], counts
        os.remove('a.json')
        os.remove('b.json')
        same = converse(path, ['Hola', '/save a.json'], '-n', '3', '--system', 'Responde en verso.')
        assert json.loads(read('a.json')) == first, same.out
        os.remove('a.json')


@test
def commands_are_known_and_nothing_is_overwritten():
    path = model()
    write('there.json', 'mine')
    done = converse(path, ['/help', '/nonsense', '/save', '/save there.json', '/quit', 'never read'])
    assert '/system' in done.out.decode(), done.out
    assert 'no such command' in done.err and 'name of a file' in done.err and 'there.json' in done.err, done.err
    assert read('there.json') == b'mine' and 'prompt:' not in done.err


@test
def a_backslash_joins_lines():
    path = model()
    converse(path, ['uno\\', 'dos', '/save a.json'], '-n', '2')
    assert json.loads(read('a.json'))[0]['content'] == 'uno\ndos'


@test
def a_full_chat_is_told_or_forgets():
    path = model()
    lines = [f'Mensaje {i} de la consulta' for i in range(8)]
    full = converse(path, lines, '-n', '4', '--ctx', '120', want=1)
    assert '120' in full.err, full.err
    done = converse(path, lines, '-n', '4', '--ctx', '120', '--context-shift')
    assert 'left out' in done.err, done.err


class Screen:
    """What comes from a terminal or a pipe, in order."""

    def __init__(self, fd):
        self.fd, self.unread = fd, b''

    def until(self, wanted, seconds=20):
        """Reads on to the end of that text."""
        end = time.monotonic() + seconds * (10 if WRAPPER else 1)
        while wanted not in self.unread:
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            assert ready, f'{wanted} never came: {self.unread}'
            self.unread += os.read(self.fd, 4096)
        self.unread = self.unread.split(wanted, 1)[1]

    def type(self, keys, seconds=20):
        """Once the editor reads keys one by one, which is a moment after it shows its prompt: before,
        Ctrl-D is the terminal's own."""
        self.until(b'> ')
        end = time.monotonic() + seconds
        while termios.tcgetattr(self.fd)[3] & termios.ICANON and time.monotonic() < end:
            time.sleep(0.01)
        os.write(self.fd, keys)

    def end(self, child, seconds=20):
        """The exit status of the process, which must end; it may first want its words to be read."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return status
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    os.read(self.fd, 4096)
                except OSError:  # the other side is gone
                    time.sleep(0.05)
        raise AssertionError('the program does not end')


@test
def interrupting_stops_the_answer_and_not_the_program():
    path = model()
    child = start('chat', path, '--ignore-eos', '--ctx', '8192', '--temp', '0', stdin=subprocess.PIPE)
    child.stdin.write(b'Hola\n')
    child.stdin.flush()
    ready, _, _ = select.select([child.stdout], [], [], 200)
    assert ready and os.read(child.stdout.fileno(), 1), 'no answer'
    child.send_signal(signal.SIGINT)
    done = finish(child, b'/save a.json\n')
    assert done.code == 0 and 'stopped' in done.err, done.err
    assert len(json.loads(read('a.json'))) == 2


@test
def a_terminal_has_editing_and_history():
    if WRAPPER:
        raise Skip('one terminal is enough')
    path = model()
    child, fd = pty.fork()
    if child == 0:
        env = environment(TERM='vt100', HOME=os.getcwd())
        os.execve(PROGRAM, [PROGRAM, 'chat', path, '-n', '2', '--temp', '0'], env)
    screen = Screen(fd)
    try:
        screen.type(b'Holaa\x7f\r')  # the last letter is rubbed out
        screen.until(b'tokens/s')
        screen.type(b'\x10\r')  # the line before, again
        screen.until(b'tokens/s')
        screen.type(b'/save a.json\r')
        screen.until(b'written to')
        screen.type(b'\x04')
        status = screen.end(child)
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        os.close(fd)
    assert status == 0, status
    messages = json.loads(read('a.json'))
    assert [m['content'] for m in messages[::2]] == ['Hola', 'Hola'], messages


if __name__ == '__main__':
    main()
