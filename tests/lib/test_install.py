#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""libsigilo as a stranger meets it: installed into an empty directory, found by pkg-config.

    test_install.py PROGRAM SOURCE-DIR BUILD-DIR

examples/greedy.c is built against the installed header and library alone, by cc and (the header
within) by g++, and says the ids that `sigilo greedy` says. The library shows sigilo_* and nothing
else. Tests whose tool is missing skip. Prints TAP.
"""
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

SANITIZERS = re.compile(r'__(asan|tsan|ubsan|sancov|lsan|odr_asan)')


class Skip(Exception):
    pass


def run(*args, **env):
    done = subprocess.run(args, env=dict(os.environ, **env), capture_output=True, text=True,
                          check=False, timeout=120)
    assert done.returncode == 0, f'{shlex.join(args)}: exit {done.returncode}\n{done.stderr}{done.stdout}'
    return done.stdout


def tool(name):
    path = shutil.which(name)
    if not path:
        raise Skip(f'{name} is missing')
    return path


def one(pattern):
    found = glob.glob(pattern, recursive=True)
    assert len(found) == 1, f'{pattern}: {found}'
    return found[0]


class Installed:
    """Everything below `root`, and the flags that lead there."""

    def __init__(self, source, build, scratch):
        self.source, self.build, self.scratch, self.root = source, build, scratch, os.path.join(scratch, 'root')
        run('meson', 'install', '-C', build, '--no-rebuild', '--quiet', '--destdir', self.root)
        self.library = os.path.realpath(one(f'{self.root}/**/libsigilo.so'))
        self.header = one(f'{self.root}/**/sigilo/sigilo.h')

    def flags(self):
        """What pkg-config says. The sysroot is put before what the .pc file tells; pkgconf leaves out
        a system's own -I and -L, which they are no longer with the sysroot before them."""
        folder = os.path.dirname(one(f'{self.root}/**/pkgconfig/sigilo.pc'))
        text = run(tool('pkg-config'), '--cflags', '--libs', 'sigilo', PKG_CONFIG_LIBDIR=folder,
                   PKG_CONFIG_SYSROOT_DIR=self.root, PKG_CONFIG_ALLOW_SYSTEM_CFLAGS='1',
                   PKG_CONFIG_ALLOW_SYSTEM_LIBS='1')
        return shlex.split(text)

    def compile(self, compiler, sanitizer, *args):
        return run(tool(compiler), *args, '-Wall', '-Wextra', '-Wpedantic', '-Werror', *sanitizer)


def example_says_what_the_program_says(at, program, sanitizer):
    exe, model = os.path.join(at.scratch, 'greedy'), os.path.join(at.scratch, 'm.gguf')
    at.compile('cc', sanitizer, os.path.join(at.source, 'examples', 'greedy.c'), *at.flags(), '-o', exe)
    run(program, 'synth', 'tiny-qwen2', model, '--type', 'Q4_K_M', '--seed', '3', '--force')
    ids = run(exe, model, '1', '5', '9', LD_LIBRARY_PATH=os.path.dirname(at.library)).split()
    want = run(program, 'greedy', model, '--tokens', '1,5,9', '-n', '16', '--kv', 'f16').strip().split(',')
    assert ids == want, f'{ids}, not {want}'
    assert len(set(ids)) > 1, ids


def chat_example_talks(at, program, sanitizer):
    exe, model = os.path.join(at.scratch, 'chat'), os.path.join(at.scratch, 'c.gguf')
    vocabulary = os.path.join(at.build, 'tests', 'vocab-llama3.gguf')
    at.compile('cc', sanitizer, os.path.join(at.source, 'examples', 'chat.c'), *at.flags(), '-o', exe)
    run(program, 'synth', 'tiny-llama3', model, '--vocab', vocabulary, '--force')
    talk = subprocess.run([exe, model], input='Hola\nChau\n', capture_output=True, text=True, errors='replace', check=False,
                          env=dict(os.environ, LD_LIBRARY_PATH=os.path.dirname(at.library)), timeout=120)
    assert talk.returncode in (0, 1) and talk.stdout.strip(), talk
    assert talk.returncode == 0 or 'context' in talk.stderr, talk.stderr


def cxx_program_links(at, program, sanitizer):
    path, exe = os.path.join(at.scratch, 'hello.cc'), os.path.join(at.scratch, 'hello')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('#include <sigilo/sigilo.h>\n#include <cstdio>\n'
                   'int main() { sigilo_engine *e = nullptr; sigilo_error error{};\n'
                   ' sigilo_status st = sigilo_engine_open(&e, "/nonexistent", nullptr, &error);\n'
                   ' std::puts(sigilo_version()); return st == SIGILO_NOT_FOUND ? 0 : 1; }\n')
    at.compile('g++', sanitizer, path, *at.flags(), '-o', exe)
    version = run(exe, LD_LIBRARY_PATH=os.path.dirname(at.library)).strip()
    assert f'sigilo {version} ' in run(program, '--version'), version


def header_stands_alone(at, compiler, standard, language):
    path = os.path.join(at.scratch, 'alone.' + language)
    with open(path, 'w', encoding='utf-8') as file:
        file.write('#include <sigilo/sigilo.h>\n#include <sigilo/sigilo.h>\nextern int one_declaration;\n')
    at.compile(compiler, [], '-std=' + standard, '-fsyntax-only',
               '-I' + os.path.dirname(os.path.dirname(at.header)), path)


def only_its_own_symbols(at):
    lines = run(tool('nm'), '-D', '--defined-only', at.library).splitlines()
    names = {line.split()[-1].split('@')[0] for line in lines if ' A ' not in line}
    foreign = {n for n in names if not n.startswith('sigilo_') and not SANITIZERS.match(n)}
    assert not foreign, sorted(foreign)
    with open(at.header, encoding='utf-8') as file:
        code = re.sub(r'/\*.*?\*/|typedef[^;]*;', '', file.read(), flags=re.S)
    declared = set(re.findall(r'\b(sigilo_\w+)\(', code))
    shown = {n for n in names if n.startswith('sigilo_')}
    assert declared == shown, f'declared and not shown, or the reverse: {sorted(declared ^ shown)}'


def sanitizer_of(build):
    """The -fsanitize flag of the build: a program must be linked as its library was."""
    with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as file:
        return sorted(set(re.findall(r'-fsanitize=[\w,]+', file.read())))


def main(program, source, build):
    with tempfile.TemporaryDirectory(prefix='sigilo-lib-') as scratch:
        at, sanitizer = Installed(source, build, scratch), sanitizer_of(build)
        tests = [
            ('example', lambda: example_says_what_the_program_says(at, program, sanitizer)),
            ('chat', lambda: chat_example_talks(at, program, sanitizer)),
            ('c++', lambda: cxx_program_links(at, program, sanitizer)),
            ('header_c99', lambda: header_stands_alone(at, 'cc', 'c99', 'c')),
            ('header_c17', lambda: header_stands_alone(at, 'cc', 'c17', 'c')),
            ('header_c++11', lambda: header_stands_alone(at, 'g++', 'c++11', 'cc')),
            ('symbols', lambda: only_its_own_symbols(at))]
        bad = 0
        print(f'1..{len(tests)}')
        for i, (name, check) in enumerate(tests, 1):
            try:
                check()
                print(f'ok {i} - {name}', flush=True)
            except Skip as why:
                print(f'ok {i} - {name} # SKIP {why}', flush=True)
            except (AssertionError, subprocess.TimeoutExpired) as why:
                bad += 1
                print(f'not ok {i} - {name}', *(f'# {line}' for line in str(why).splitlines()), sep='\n', flush=True)
        return 1 if bad else 0


if __name__ == '__main__':
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*map(os.path.abspath, sys.argv[1:])))
