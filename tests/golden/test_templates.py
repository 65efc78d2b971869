#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Chat templates, through the command line.

    test_templates.py PROGRAM SHARED CASES [WORD]     WORD: only the tests with it in their name

- shared_*: the golden renderings of SHARED (../shared/tokenizers), text and token ids; skipped where
  that is absent. Messages that hold names of special tokens have other ids there: those are to be
  text here.
- family_*: templates/, in the shape of what models carry, with messages that bring every branch:
  against expected.json, which Jinja2 made (--make writes it anew), and against Jinja2 itself.
- oracle_*: CASES (tests/unit/jinja_cases.jsonl) and random templates against Jinja2 3.1, where it is
  installed for this Python; else that part is skipped.
"""
import collections
import datetime
import json
import os
import random
import re
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
WRAPPER = shlex.split(os.environ.get('MESON_EXE_WRAPPER', ''))
EXPECTED = os.path.join(HERE, 'templates', 'expected.json')
NOW = '2024-03-05'
SEED = int(os.environ.get('SIGILO_TEMPLATE_SEED', '1'))
try:
    import jinja2
    import jinja2.ext
except ImportError:
    jinja2 = None


class Skip(Exception):
    pass


# --- ours ---

def program(*args, given):
    env = dict(os.environ, SIGILO_LANG='en')
    done = subprocess.run([*WRAPPER, PROGRAM, 'template', *args, '--jsonl'],
                          input='\n'.join(map(json.dumps, given)).encode(), env=env,
                          capture_output=True, check=False, timeout=300)
    assert done.returncode in (0, 1), done.stderr.decode(errors='replace')
    answers = [json.loads(line) for line in done.stdout.decode('utf-8').split('\n') if line]
    assert len(answers) == len(given), f'{len(answers)} answers: {done.stderr.decode()[:500]}'
    return answers


# --- Jinja2, set up as transformers does ---

def environment(now):
    class Generation(jinja2.ext.Extension):
        tags = {'generation'}

        def parse(self, parser):
            line = next(parser.stream).lineno
            body = parser.parse_statements(('name:endgeneration',), drop_needle=True)
            call = self.call_method('run')
            return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

        def run(self, caller):
            return caller()

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                          sort_keys=sort_keys)

    env = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, optimized=False,
                             extensions=['jinja2.ext.loopcontrols', Generation])
    env.filters['tojson'] = tojson
    env.globals['raise_exception'] = raise_exception
    env.globals['strftime_now'] = datetime.date.fromisoformat(now).strftime
    return env


def by_jinja(source, request):
    """(text, None) or (None, message)."""
    variables = {'messages': request['messages'], 'tools': request.get('tools'), 'documents': None,
                 'add_generation_prompt': request.get('add_generation_prompt', False)}
    for name in ('bos_token', 'eos_token'):
        if request.get(name) is not None:
            variables[name] = request[name]
    variables.update(json.loads(json.dumps(request.get('kwargs', {}))))
    try:
        return environment(request['now']).from_string(source).render(**variables), None
    except Exception as e:  # pylint: disable=broad-except
        return None, str(e)


# --- templates in the shape of families ---

TOOLS = [{'type': 'function', 'function': {
    'name': 'buscar', 'description': 'Busca "algo" en ñandúes.', 'parameters': {
        'type': 'object', 'required': ['q'], 'properties': {
            'q': {'type': 'string', 'description': 'qué'},
            'n': {'type': 'integer', 'default': 3},
            'tipos': {'type': 'array', 'items': {'type': 'string', 'enum': ['a', 'b']}},
            'mapa': {'type': 'object', 'properties': {'k': {'type': 'number'}, 'v': {'type': 'boolean'}}},
            'mixto': {'type': ['string', 'null']}, 'libre': {'oneOf': [{'type': 'string'}, {'type': 'array', 'items': {'type': 'integer'}}]},
            'objeto': {'type': 'object', 'additionalProperties': {'type': 'string'}}}}}},
    {'type': 'function', 'function': {'name': 'hora', 'description': 'La hora', 'parameters': {
        'type': 'object', 'properties': {}}}}]
SYSTEM = {'role': 'system', 'content': ' Sé breve.\n'}
USER = {'role': 'user', 'content': ' ¿Qué día es? <b>"hoy"</b>\n'}
ANSWER = {'role': 'assistant', 'content': '<think>\nveamos\n</think>\n\nMartes.'}
CALL = {'role': 'assistant', 'content': None, 'tool_calls': [
    {'id': 'abc123DEF', 'type': 'function',
     'function': {'name': 'buscar', 'arguments': {'q': 'día', 'n': 2, 'x': [1.5, None, True]}}},
    {'id': 'abc123DEG', 'type': 'function', 'function': {'name': 'hora', 'arguments': {}}}]}
RESULT = {'role': 'tool', 'tool_call_id': 'abc123DEF', 'content': '{"día": "martes"}'}
RESULT_2 = {'role': 'tool', 'tool_call_id': 'abc123DEG', 'content': '6'}
PARTS = {'role': 'user', 'content': [{'type': 'text', 'text': ' uno '}, {'type': 'image'},
                                     {'type': 'text', 'text': 'dos'}]}
LISTS = {
    'user': [USER], 'system': [SYSTEM, USER], 'turns': [SYSTEM, USER, ANSWER, USER],
    'ends': [USER, ANSWER], 'tools': [SYSTEM, USER, CALL, RESULT, RESULT_2, ANSWER, USER],
    'awaits': [USER, CALL, RESULT], 'parts': [PARTS], 'twice': [USER, USER],
    'late': [USER, SYSTEM, ANSWER], 'none': [], 'alone': [SYSTEM], 'orphan': [USER, RESULT],
}


def requests():
    for name, messages in LISTS.items():
        for prompt in (False, True):
            base = {'messages': messages, 'add_generation_prompt': prompt, 'bos_token': '<s>',
                    'eos_token': '</s>', 'now': NOW}
            yield f'{name}/{prompt}', base
            if prompt and name in ('user', 'tools', 'turns'):
                yield f'{name}/with-tools', dict(base, tools=TOOLS)
                yield f'{name}/kwargs', dict(base, kwargs={
                    'enable_thinking': False, 'thinking': True, 'reasoning_effort': 'high',
                    'date_string': 'hoy', 'controls': {'citations': True, 'length': 'short'},
                    'documents': [{'doc_id': 1, 'text': 'Un texto.'}]})


def families():
    folder = os.path.join(HERE, 'templates')
    for file in sorted(os.listdir(folder)):
        if file.endswith('.jinja'):
            with open(os.path.join(folder, file), encoding='utf-8') as f:
                yield file[:-6], os.path.join(folder, file), f.read()


def make():
    """What Jinja2 gives for every family and request: a text, or null where it fails."""
    made = {}
    for name, _, source in families():
        made[name] = {id_: by_jinja(source, request)[0] for id_, request in requests()}
    return made


def family(name, path):
    def check():
        with open(EXPECTED, encoding='utf-8') as f:
            expected = json.load(f)[name]
        ids, given = zip(*requests())
        assert list(expected) == list(ids), 'expected.json is of other requests: --make'
        n_texts = 0
        for id_, answer in zip(ids, program('--chat-template-file', path, given=given)):
            want = expected[id_]
            assert answer.get('text') == want, f'{id_}: want {want!r}, got {answer}'
            n_texts += want is not None
        assert n_texts >= 10, n_texts
    check.__name__ = f'family_{name}'
    return check


def oracle_families():
    need_jinja()
    with open(EXPECTED, encoding='utf-8') as f:
        assert json.load(f) == make(), 'expected.json is not what Jinja2 gives'


def need_jinja():
    if jinja2 is None:
        raise Skip('python3-jinja2 is not installed')
    if tuple(map(int, jinja2.__version__.split('.')[:2])) < (3, 1):
        raise Skip(f'Jinja2 {jinja2.__version__} is older than 3.1')


def oracle():
    need_jinja()
    with open(CASES, encoding='utf-8') as f:
        lines = [json.loads(line) for line in f]
    context, n = lines[0]['context'], 0
    for case in lines[1:]:
        if 'why' in case:
            continue
        text, why = by_jinja(case['template'], context)
        assert text == case.get('want'), f'{case}: {text!r} {why}'
        n += 1
    assert n > 400, n


class Grammar:
    """Random templates over the variables of CASES; now and then something of the wrong type."""
    LEAVES = {
        'text': ('word', 'empty', 'text', 'accents', 'bos_token', "'a'", "'ñ,b c'", "'12'", "' x\\n y\\n'",
                 'messages[1].content', 'messages[2].role', "names[1]", "deep.a.b[1].c", "'<|a|>'"),
        'number': ('n', 'neg', 'f', '0', '1', '-2', '2.5', '7', '1e3', 'big', 'messages|length', 'map.b'),
        'list': ('list', 'names', "['b', 'A', 'a']", '[]', '[2, 1]', '(1, 2)', 'list[1:]', 'range(4)|list',
                 'names[::-1]'),
        'rows': ('people', 'messages', "people[:2]", "messages[1:]", '[map]', '[{}]'),
        'map': ('map', 'deep', 'deep.a', "{'a': 1, 'B': [1, none]}", 'messages[2]', 'people[0]', '{}'),
        'truth': ('yes', 'no', 'nul', 'nope', 'true', 'false', 'none', 'messages[9]', 'map.nope'),
    }
    FORMS = {
        'text': ('{text}|trim', '{text}|upper', '{text}|lower', '{text}|title', '{text}|capitalize',
                 '{text}|reverse', '{any}|string', '{any}|tojson', '{any}|tojson(indent=2)', '{list}|join',
                 "{list}|join('-')", "{rows}|join(', ', attribute='role')", "{text}|replace('a', {text})",
                 '{text}|indent(2, true)', '{text}|indent', '{text}|escape|urlencode', '{text}.strip()',
                 "{text}.lstrip('Á <')", "{text}.rstrip('\\no')", "{text}.replace(' ', '', 1)",
                 '{text}.title()', '{text}.capitalize()', '{text}[{slice}]', '{text}[{index}]',
                 '{text} + {text}', '{any} ~ {any}', '{text} * 2', "{text}.split(',')[0]", '{text} if {truth} else {text}',
                 "{text}|truncate(4, true, '', 0)", "{text}|default('x', true)", "{text}.removeprefix('a')",
                 "'%s|%s' % ({any}, {text})", "'{{}}'.format({any})", "{map}.get('a')|string",
                 "','.join({list}|map('string'))", '{text}|first', '{text}|last'),
        'number': ('{any}|string|length', '{text}|int', '{text}|float', '{number}|abs', '{number}|round',
                   "{number}|round(1)", '{list}|length', '{list}|count', '{number} + {number}', '{number} - {number}',
                   '{number} * {number}', '{number} / 3', '{number} // 3', '{number} % -3', '-({number})',
                   '({number})|int', "{text}.find('a')", "{text}.rfind('o')", "{text}.count('a')", '[1, 2]|sum',
                   '{text}|wordcount', "{rows}|sum(attribute='age', start=1)", '{number} if {truth} else {number}',
                   '[{number}, {number}]|max', "{map}.get('q', {number})", '{list}.index({list}[0])'),
        'list': ('{any}|string|list', '{list}|sort', '{list}|sort(reverse=true)', '{list}|unique|list',
                 '{list}|reverse|list', "{list}|map('string')|list", "{list}|select('odd')|list",
                 "{list}|reject('string')|list", "{rows}|map(attribute='name')|list",
                 "{rows}|map(attribute='age', default=0)|list", '{list}[{slice}]', '{list} + [{any}]',
                 '{text}.split()', "{text}.split(' ')", "{text}.rsplit(' ', 1)", '{text}.splitlines()',
                 '{text}.partition(" ")|list', '{map}|list', '{map}|items|list', '{map}|dictsort', '{map}.keys()|list',
                 '{list}|batch(2)|list', "{rows}|groupby('role')|map('first')|list", '[{any}, {any}]',
                 '{list} if {truth} else []', '{list}|default([], true)', '{list} * 2'),
        'rows': ("{rows}|selectattr('age')|list", "{rows}|rejectattr('tags', 'defined')|list",
                 "{rows}|selectattr('role', 'ne', {text})|list", "{rows}|rejectattr('age', 'gt', 26)|list",
                 '{rows}[{slice}]', '{rows}|reverse|list', "{rows}|sort(attribute='name')"),
        'map': ("dict(a={any}, b=2)", '{{{text}: {any}}}', '{rows}|first', '{map} if {truth} else {{}}'),
        'truth': ('{any} is {test}', '{any} is not {test}', '{any} == {any}', '{number} < {number}', '{text} >= {text}',
                  '{text} in {text}', '{any} not in {list}', 'not {truth}', '{truth} and {any}', '{truth} or {any}',
                  '{number} is odd', '{number} is divisibleby 3', '{text} is upper', '{text} is lower',
                  "{text}.startswith('a')", '{text}.isdigit()', '{text}.isalpha()', '{number} < {number} <= {number}',
                  "'a' in {map}", '{any}|first is defined'),
    }
    TESTS = ('defined', 'undefined', 'none', 'string', 'mapping', 'iterable', 'sequence', 'number',
             'integer', 'float', 'boolean', 'true', 'false', 'eq 1', 'in [1, 2]', 'callable', 'sameas none')

    def __init__(self, seed):
        self.random = random.Random(seed)

    def expression(self, depth, kind='any'):
        pick = self.random.choice
        if kind == 'test':
            return pick(self.TESTS)
        if kind == 'index':
            return pick(('0', '1', '-1', '-2', '5'))
        if kind == 'slice':
            return ':'.join(pick(('', '1', '-1', '2', '-3', '9')) for _ in range(pick((2, 2, 3))))
        if kind == 'any' or self.random.random() < .01:
            kind = pick(tuple(self.LEAVES))
        if depth <= 0 or self.random.random() < .2:
            return pick(self.LEAVES[kind])
        form = pick(self.FORMS[kind])
        made = re.sub(r'\{(\w+)\}', lambda m: self.argument(depth - 1, m.group(1)), form)
        return made.replace('{{', '{').replace('}}', '}') if '{{' in form else made

    def argument(self, depth, kind):
        made = self.expression(depth, kind)
        return made if kind in ('test', 'index', 'slice') or made.isalnum() else f'({made})'

    def piece(self, depth):
        r, e = self.random.random(), self.expression(3)
        inner = ''.join(self.piece(depth - 1) for _ in range(2)) if depth else 'x\n'
        sign = [self.random.choice(('', '', '', '-', '+')) for _ in range(8)]
        blank = self.random.choice(('', ' ', '\n', '\n  '))
        if r < .4 or not depth:
            return f'{blank}{{{{{sign[0].replace("+", "")} {e} {sign[1].replace("+", "")}}}}}{blank}'
        if r < .6:
            return (f'{blank}{{%{sign[0]} for i in {e} {sign[1]}%}}{inner}{{{{ loop.index }}}}{{{{ i }}}}'
                    f'{blank}{{%{sign[2]} else {sign[3]}%}}e{{% endfor {sign[4]}%}}{blank}')
        if r < .8:
            return (f'{blank}{{%{sign[0]} if {e} {sign[1]}%}}{inner}{{%{sign[2]} else %}}{blank}no'
                    f'{{%{sign[3]} endif {sign[4]}%}}')
        if r < .9:
            return f'{blank}{{%{sign[0]} set v {sign[1]}%}}{inner}{{% endset %}}{{{{ v|length }}}}'
        return f'{blank}{{#{sign[0]} c {sign[1]}#}}{blank}{{% set w = {e} %}}{{{{ w }}}}'


def comparable(text):
    """Not what prints as an object of Python's: a generator, a method, a view."""
    return text is None or not re.search(r'<[a-z_ .]*(object|method|function)|dict_|range\(|&#', text)


def oracle_random():
    need_jinja()
    with open(CASES, encoding='utf-8') as f:
        context = json.loads(f.readline())['context']
    n = 30 if WRAPPER else 300
    n_texts = n_more = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 't.jinja')
        for seed in range(SEED, SEED + n):
            grammar = Grammar(seed)
            source = ''.join(grammar.piece(2) for _ in range(grammar.random.randint(1, 3)))
            text, why = by_jinja(source, context)
            if not comparable(text):
                continue
            with open(path, 'w', encoding='utf-8', newline='') as f:
                f.write(source)
            answer = program('--chat-template-file', path, given=[context])[0]
            if text is None:
                n_more += 'text' in answer  # we are laxer here and there: docs/chat-templates.md
                continue
            assert answer.get('text') == text, f'seed {seed}: {source}\n{text!r} {why}\n{answer}'
            n_texts += 1
    assert n_texts > n / 3 and n_more < n / 20, (n_texts, n_more)


# --- ../shared ---

KEYS = ('messages', 'tools', 'add_generation_prompt', 'continue_final_message', 'bos_token',
        'eos_token', 'kwargs', 'now')


def shared_cases():
    path = os.path.join(SHARED, 'chat', 'golden.json')
    if not os.path.exists(path):
        raise Skip('../shared is not here')
    with open(path, encoding='utf-8') as f:
        cases = json.load(f)
    groups = collections.defaultdict(list)
    for case in cases:
        groups[case['template'], case['vocab']].append(case)
    return groups


def shared():
    """Each template with its vocabulary, and for half of the cases without."""
    n_ids = n_other = 0
    for (template, vocab), cases in shared_cases().items():
        source = os.path.join(SHARED, 'chat', 'templates', template + '.jinja')
        model = os.path.join(SHARED, 'vocab', vocab + '.gguf')
        given = [{key: case[key] for key in KEYS if key in case} for case in cases]
        answers = program(model, '--chat-template-file', source, given=given)
        for case, answer in zip(cases, answers):
            if 'error' in case:
                assert answer == {'error': case['error']}, f'{case["id"]}: {answer}'
                continue
            assert answer['text'] == case['expected'], f'{case["id"]}: {answer}'
            if 'ids' not in case:
                continue
            n_ids += 1
            same = answer['ids'] == case['ids']
            assert same == (not case['id'].split('/')[1].startswith('special-like')), case['id']
            n_other += not same
        plain = program('--chat-template-file', source, given=given[::2])
        assert plain == [{k: v for k, v in a.items() if k != 'ids'} for a in answers[::2]]
    assert n_ids > 300 and 0 < n_other < 20, (n_ids, n_other)


def shared_own_template():
    """The template and the special tokens of the file itself."""
    shared_cases()
    model = os.path.join(SHARED, 'vocab', 'llama-3.gguf')
    given = [{'messages': [USER]}, {'messages': [USER], 'bos_token': None},
             {'messages': [USER], 'bos_token': '<|x|>'}]
    own, undefined, other = program(model, given=given)
    assert own['text'].startswith('<|begin_of_text|><|start_header_id|>'), own
    assert own['ids'][0] == 128000 and own['ids'].count(128000) == 1, own
    assert undefined['text'].startswith('<|start_header_id|>'), undefined
    assert undefined['ids'] == own['ids'], 'BOS is added where the template writes none'
    assert other['text'].startswith('<|x|><|start_header_id|>'), other


# --- the command line ---

def lines_that_fail():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 't.jinja')
        with open(path, 'w', encoding='utf-8') as f:
            f.write("{% if x %}{{ raise_exception('Ñ: ' ~ messages[0].content) }}{% endif %}"
                    "{% if y %}{{ y.z.w }}{% endif %}{{ messages|length }}")
        message = {'content': 'Zorzalquemado'}
        bad = [5, [], {}, {'messages': 5}, {'messages': [1]}, {'messages': [], 'now': 'x'},
               {'messages': [], 'bos_token': 5}, {'messages': [], 'add_generation_prompt': 'x'},
               {'messages': [], 'kwargs': []}, {'messages': [], 'continue_final_message': True},
               {'messages': [message], 'kwargs': {'y': {'a': 1}}}]
        good = {'messages': [message], 'unknown': 1, 'tools': None, 'kwargs': None, 'now': None}
        answers = program('--chat-template-file', path, given=[*bad, good])
        for answer in answers[:-1]:
            assert list(answer) == ['error'] and answer['error']['code'] == 'invalid', answer
            assert 'Zorzal' not in answer['error']['message'], answer
        assert answers[-1] == {'text': '1'}, answers[-1]
        raised = {'messages': [message], 'kwargs': {'x': True}}
        assert program('--chat-template-file', path, given=[raised]) == [
            {'error': 'Ñ: Zorzalquemado'}]
        for lines, code in ((json.dumps(raised), 0), ('{"messages":[]}\n\n{', 1), ('', 0)):
            done = subprocess.run([*WRAPPER, PROGRAM, 'template', '--chat-template-file', path,
                                   '--jsonl'], input=lines.encode(), capture_output=True,
                                  check=False, timeout=60)
            assert done.returncode == code, (lines, done)
            assert b'Zorzal' not in done.stderr, done.stderr


def for_a_person():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 't.jinja')
        with open(path, 'w', encoding='utf-8') as f:
            f.write("{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}"
                    "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
                    "{% if add_generation_prompt %}[ai]{% endif %}{{ strftime_now('%Y') }}{{ x }}\n")
        messages = os.path.join(folder, 'm.json')
        with open(messages, 'w', encoding='utf-8') as f:
            json.dump([{'role': 'user', 'content': 'ñ'}], f)
        begun = os.path.join(folder, 'b.json')
        with open(begun, 'w', encoding='utf-8') as f:
            json.dump([{'role': 'user', 'content': 'ñ'}, {'role': 'assistant', 'content': 'so'}], f)

        def say(*args, want=0):
            done = subprocess.run([*WRAPPER, PROGRAM, 'template', '--chat-template-file', path,
                                   *args], capture_output=True, check=False, timeout=60,
                                  stdin=subprocess.DEVNULL, env=dict(os.environ, SIGILO_LANG='en'))
            assert done.returncode == want, (args, done)
            return done.stdout.decode()
        with open(path, encoding='utf-8') as f:
            assert say() == f.read()
        assert say('-u', 'hola', '--now', NOW) == '[user]hola[ai]2024'
        assert say('-s', 's', '-u', 'u', '--now', NOW) == '[user]s\nu[ai]2024'
        assert say('--messages', messages, '--now', NOW, '--no-generation-prompt',
                   '--chat-template-kwargs', '{"x":5}') == '[user]ñ20245'
        assert say('--messages', begun, '--continue-final-message',
                   '--now', NOW) == '[user]ñ[ai]2024so'
        for args in (('--jsonl', '-u', 'x'), ('--tokens', '-u', 'x'), ('--nope',), ('a', 'b'),
                     ('-u', 'x', '--messages', messages)):
            say(*args, want=2)
        for args in (('-u', 'x', '--now', 'x'), ('--messages', 'nope.json'), ('nope.gguf',),
                     ('-u', 'x', '--chat-template-kwargs', '[')):
            say(*args, want=1)


def main():
    tests = [family(name, path) for name, path, _ in families()]
    tests += [oracle, oracle_families, oracle_random, lines_that_fail, for_a_person, shared, shared_own_template]
    tests = [test for test in tests if WORD in test.__name__]
    failed = 0
    print(f'1..{len(tests)}')
    for i, test in enumerate(tests, 1):
        note = ''
        try:
            test()
        except Skip as why:
            note = f' # SKIP {why}'
        except Exception as e:  # pylint: disable=broad-except
            print(f'# {type(e).__name__}: {e}'.replace('\n', '\n# '))
            print(f'not ok {i} - {test.__name__}', flush=True)
            failed += 1
            continue
        print(f'ok {i} - {test.__name__}{note}', flush=True)
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    if sys.argv[1:] == ['--make']:
        with open(EXPECTED, 'w', encoding='utf-8') as out:
            json.dump(make(), out, ensure_ascii=False, indent=1)
            out.write('\n')
        sys.exit()
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    PROGRAM, SHARED, CASES = map(os.path.abspath, sys.argv[1:4])
    WORD = sys.argv[4] if len(sys.argv) > 4 else ''
    main()
