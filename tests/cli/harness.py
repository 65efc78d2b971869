# SPDX-License-Identifier: MIT
"""What the tests of the command line share: running the program, and TAP.

A test file holds functions under @test and ends with main(). It is run as

    test_X.py PROGRAM SOURCE-DIR BUILD-DIR [WORD]      WORD: only the tests with it in their name

In a cross build the program runs under $MESON_EXE_WRAPPER, which Meson sets. Each test has a
directory of its own. Every run is watched for two things: it is not killed by a signal, and no word
of a note (MARKER stands in each) is in stderr.
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import traceback

if len(sys.argv) < 4:
    sys.exit(sys.modules['__main__'].__doc__)
PROGRAM, SOURCE, BUILD = map(os.path.abspath, sys.argv[1:4])
WRAPPER = shlex.split(os.environ.get('MESON_EXE_WRAPPER', ''))
MARKER = 'Zorzalquemado'  # stands in every note, in no file name, and is no personal datum
NOBODY = 65534
TIMEOUT = 120 if WRAPPER else 30


TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Skip(Exception):
    pass


class Run:
    """One run of the program, over."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err.decode('utf-8', 'replace')

    def json(self):
        """The objects on stdout, which must be one a line and nothing else; key order is kept."""
        text = self.out.decode('utf-8')
        assert text.endswith('\n'), 'the last line does not end'
        return [json.loads(line, parse_constant=lambda c: 1 / 0) for line in text[:-1].split('\n')]


def environment(**more):
    env = dict(os.environ, SIGILO_LANG='en')  # LC_ALL stays: one pass of CI runs under es_UY
    for name in ('LANGUAGE', 'NO_COLOR', 'SIGILO_LOCALEDIR'):
        env.pop(name, None)
    return dict(env, **more)


def start(*args, **popen):
    popen.setdefault('stdin', subprocess.DEVNULL)
    popen.setdefault('stdout', subprocess.PIPE)
    popen.setdefault('env', environment())
    return subprocess.Popen([*WRAPPER, PROGRAM, *args], stderr=subprocess.PIPE, **popen)


def finish(child, given=None):
    try:
        out, err = child.communicate(given, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        child.kill()
        raise AssertionError(f'still running after {TIMEOUT} s') from None
    run = Run(child.returncode, out or b'', err)
    assert run.code in (0, 1, 2), f'exit {run.code}: {run.err}'
    assert MARKER not in run.err, f'text of the note in stderr: {run.err}'
    return run


def sigilo(*args, given=None, want=None, **popen):
    if given is not None:
        popen['stdin'] = subprocess.PIPE
    run = finish(start(*args, **popen), given)
    assert want is None or run.code == want, f'{args}: exit {run.code}, not {want}: {run.err}'
    return run


def write(path, data):
    if os.path.dirname(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(data.encode() if isinstance(data, str) else data)
    return path


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def tree(path):
    """Every file below, hidden ones too, by relative path."""
    return sorted(os.path.relpath(os.path.join(folder, name), path)
                  for folder, _, names in os.walk(path) for name in names)


def as_nobody(*args):
    """A run for which permissions count, also where the tests run as root."""
    if os.geteuid() != 0:
        return sigilo(*args)
    try:
        subprocess.run([*WRAPPER, PROGRAM, '--version'], user=NOBODY, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise Skip('another user cannot run the program where it lies') from None
    return sigilo(*args, user=NOBODY, group=NOBODY, extra_groups=[])


def perform(function, home):
    """(passed, what TAP says after it) of a test in a directory of its own."""
    directory = tempfile.mkdtemp(prefix='sigilo-cli-')
    os.chdir(directory)
    try:
        function()
        return True, ''
    except Skip as why:
        return True, f' # SKIP {why}'
    except Exception:  # pylint: disable=broad-except
        return False, '\n' + re.sub('^', '# ', traceback.format_exc().rstrip(), flags=re.M)
    finally:
        os.chdir(home)
        shutil.rmtree(directory, ignore_errors=True)


def main():
    word = sys.argv[4] if len(sys.argv) > 4 else ''
    chosen = [function for function in TESTS if word in function.__name__]
    failed = 0
    print(f'1..{len(chosen)}')
    for i, function in enumerate(chosen, 1):
        good, note = perform(function, os.getcwd())
        failed += not good
        print(f'{"ok" if good else "not ok"} {i} - {function.__name__}{note}', flush=True)
    sys.exit(1 if failed else 0)
