#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts single tests in what `meson test` leaves behind.

    count-tests.py LOG...     e.g. build/meson-logs/testlog

LOG.junit.xml has every TAP subtest; LOG.json has the verdict on each program. Both are read: a
program that crashed after its last good subtest, or timed out, has no failed subtest to count, so
its verdict counts as one. Prints `passed failed skipped` on the first line, then a line for each
program that failed or skipped anything.
"""
import json
import os
import sys
import xml.etree.ElementTree as ET

GOOD, SKIPPED = {'OK', 'EXPECTEDFAIL'}, {'SKIP', 'IGNORED'}


def subtests(path):
    """{name of a TAP program: (tests, failed, skipped)}"""
    found = {}
    for suite in ET.parse(path).getroot().iter('testsuite'):
        name = suite.get('name', '')
        if '.' in name:  # project.program: a TAP program; the bare project holds the plain ones
            found[name.split('.', 1)[1]] = (
                int(suite.get('tests', 0)),
                int(suite.get('failures', 0)) + int(suite.get('errors', 0)),
                int(suite.get('skipped', 0)))
    return found


def main(logs):
    total, notes = [0, 0, 0], []
    for log in logs:
        if not (os.path.exists(log + '.json') and os.path.exists(log + '.junit.xml')):
            raise SystemExit(f'count-tests: {log}: no log, so no test ran')
        parts = subtests(log + '.junit.xml')
        with open(log + '.json', encoding='utf-8') as file:
            programs = [json.loads(line) for line in file if line.strip()]
        if not programs:
            raise SystemExit(f'count-tests: {log}: no test ran')
        for program in programs:
            name, result = program['name'], program['result']
            tests, failed, skipped = parts.get(name, (0, 0, 0))
            if result not in GOOD | SKIPPED and not failed:
                tests, failed = tests + 1, 1
            elif not tests:  # a plain program, or a TAP one that skipped itself whole
                tests, skipped = 1, int(result in SKIPPED)
            if failed:
                notes.append(f'failed: {name} ({result}, {failed} of {tests})')
            elif skipped:
                notes.append(f'skipped: {name} ({skipped} of {tests})')
            for i, n in enumerate((tests - failed - skipped, failed, skipped)):
                total[i] += n
    print(*total)
    print(*notes, sep='\n', end='\n' if notes else '')


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
