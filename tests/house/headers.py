#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every header compiles alone, and twice in one file.

    headers.py ROOT BUILD CPU COMPILER [ARG]...     the compiler (and flags) that Meson uses

Headers of another processor (src/kernels/x86 on Power and the reverse) are left out by CPU,
Meson's name of the machine built for. A header named for an instruction set is compiled for it.
"""
import concurrent.futures
import os
import subprocess
import sys

FLAGS = ['-std=c17', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Wstrict-prototypes', '-Werror',
         '-fsyntax-only', '-x', 'c', '-']
ISA_FLAGS = {'avx2.h': ['-mavx2', '-mfma', '-mf16c']}
FAMILIES = {'x86': ('x86', 'x86_64'), 'ppc': ('ppc', 'ppc64')}


def headers(root, cpu):
    for folder, folders, names in os.walk(os.path.join(root, 'src')):
        folders[:] = sorted(f for f in folders if f not in FAMILIES or cpu in FAMILIES[f])
        for name in sorted(names):
            if name.endswith('.h'):
                yield os.path.relpath(os.path.join(folder, name), os.path.join(root, 'src'))


def main(root, build, cpu, *compiler):
    def compiles(header):
        text = f'#include "{header}"\n#include "{header}"\nextern int one_declaration;\n'
        isa = ISA_FLAGS.get(header.rpartition('_')[2], [])
        run = subprocess.run([*compiler, *isa, '-I' + os.path.join(root, 'src'), '-I' + root, '-I' + build, '-I' + os.path.join(build, 'src'), *FLAGS],
                             input=text, text=True, capture_output=True, check=False)
        return header, run.returncode == 0, run.stderr

    names = list(headers(root, cpu))
    print(f'1..{len(names)}')
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for i, (header, good, message) in enumerate(pool.map(compiles, names), 1):
            failed += not good
            print(f'{"ok" if good else "not ok"} {i} - {header}')
            for line in message.splitlines():
                print('#', line)
    return 1 if failed or not names else 0


if __name__ == '__main__':
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
