#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Does the time of `sigilo anonymize` by rules grow with the text and no faster, and does its memory? (The tagger's time is that
# of its windows, 10 s a megabyte here, its memory a constant: docs/tagger.md.)
#
#   scripts/scale.sh [PROGRAM [MB]...]       build/sigilo and 1 10 100 unless told
#
# The text is the example note over and over, each copy with names, numbers and a day of its own:
# with the same names everywhere, work that grows with the number of *different* names (the
# propagation) would not show. Fails when a MB of the largest text takes more than 1.5 times what
# it takes in the text before it, or when the peak memory exceeds 12 bytes a byte of text. Memory
# is judged from 5 MB on: below, the program's own few MB and the floor of the measurement (a child
# counts its parent's pages until it execs: Python's 15 MB) would be taken for the text's.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${1:-build/sigilo}
shift || true
[ $# -gt 0 ] || set -- 1 10 100
[ -x "$program" ] || { echo "scale: no program $program: make builds it" >&2; exit 1; }
mkdir -p out/scale

exec python3 - "$program" "$@" <<'PY'
import os, random, subprocess, sys, time

program, sizes = sys.argv[1], [float(mb) for mb in sys.argv[2:]]
note = open('examples/nota-emergencia.txt', encoding='utf-8').read()
syllables = [c + v for c in 'bcdfglmnprstv' for v in 'aeiou']
own = ['Graciela', 'Noemí', 'Etchepare', 'Lucía', 'Piriz', 'Methol', 'Camejo', 'Viera', 'Ferreira']


def copy(i):
    """The note with names and numbers of its own, the same for the same i."""
    rng, text = random.Random(i), note
    for name in own:
        text = text.replace(name, ''.join(rng.choices(syllables, k=3)).title() + rng.choice('ns'))
    return text.replace('3.456.789', f'{i // 10**6 % 10}.{i // 1000 % 1000:03}.{i % 1000:03}').replace(
        '284417', f'{100000 + i}').replace('14/03', f'{i % 28 + 1:02}/03')


def write(path, mb):
    wanted, done, i = int(mb * 1e6), 0, 0
    with open(path, 'wb') as file:
        while done < wanted:
            done += file.write((copy(i) + '\n').encode())
            i += 1
    return done


def run(path):
    """(seconds, peak resident bytes)"""
    start = time.monotonic()
    child = subprocess.Popen([program, 'anonymize', '--detectors', 'rules', path, '-o', path + '.out', '--force'],
                             stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f'scale: {program} exited {child.returncode} on {path}')
    return time.monotonic() - start, usage.ru_maxrss * 1024


print(f'{"MB":>8} {"seconds":>9} {"MB/s":>8} {"s/MB":>8} {"peak MB":>9} {"bytes a byte":>13}')
failed, before = [], None
for mb in sizes:
    path = f'out/scale/{mb:g}.txt'
    size = write(path, mb)
    # small runs are short, so noisy: the better of three
    seconds, peak = min(run(path) for _ in range(3 if mb <= 10 else 1))
    per_mb, per_byte = seconds / size * 1e6, peak / size
    print(f'{size / 1e6:8.1f} {seconds:9.2f} {1 / per_mb:8.1f} {per_mb:8.4f} {peak / 1e6:9.1f} {per_byte:13.2f}', flush=True)
    if before and per_mb > 1.5 * before:
        failed.append(f'a MB of {mb:g} takes {per_mb / before:.2f} times what it takes in the text before')
    if per_byte > 12 and mb >= 5:
        failed.append(f'{per_byte:.1f} bytes of memory a byte at {mb:g} MB')
    before = per_mb
    os.remove(path)
    os.remove(path + '.out')
for sentence in failed:
    print('scale:', sentence, file=sys.stderr)
sys.exit(bool(failed))
PY
