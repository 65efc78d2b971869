# SPDX-License-Identifier: MIT
"""A row of test functions, and what they say as TAP. A test fails by an exception; Skip skips it with a reason."""
import sys
import traceback

TESTS = []


class Skip(Exception):
    pass


def test(function):
    TESTS.append(function)
    return function


def main():
    print(f'1..{len(TESTS)}')
    failed = 0
    for number, function in enumerate(TESTS, 1):
        name = function.__name__.replace('_', ' ')
        try:
            function()
            print(f'ok {number} - {name}')
        except Skip as why:
            print(f'ok {number} - {name} # SKIP {why}')
        except Exception:
            failed += 1
            print(f'not ok {number} - {name}')
            for line in traceback.format_exc().splitlines():
                print(f'# {line}')
        sys.stdout.flush()
    sys.exit(1 if failed else 0)
