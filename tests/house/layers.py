#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The house keeps its own rules: which folder of src/ may include which.

    layers.py ROOT          checks ROOT/src against the table in ROOT/docs/architecture.md
    layers.py --arrows ROOT draws the arrows there are, in the form of the table
    layers.py --selftest    shows that each rule is really enforced, on a tiny tree

The table of section 2 is the truth and is read from there, so a new arrow is a change of the
page, and a decision. Arrows are transitive. Two smaller rules live here: every C file opens with
its SPDX line, and a library is spoken to by its one folder.
"""
import os
import re
import sys
import tempfile

# header of a library -> the folders that may include it; one folder, whichever, where None
LIBRARIES = {
    'pcre2.h': {'text'},
    'yaml.h': None,
    'jansson.h': {'anon', 'chat', 'cli', 'engine', 'eval', 'server'},  # a plain data type
    'histedit.h': {'cli'},
    'sqlite3.h': {'store'},
    'curl/curl.h': {'net'},
    'microhttpd.h': {'server'},
}
GENERATED = {'config.h'}  # made by Meson, belongs to no folder
INCLUDE = re.compile(r'\s*#\s*include\s*(["<])([^">]+)[">]')


def read_table(page):
    """The arrows of the first code block of section 2: {folder: {folders it names}}."""
    section = re.search(r'^## 2\..*?^```\w*\n(.*?)^```', page, re.M | re.S)
    if not section:
        raise SystemExit('layers: docs/architecture.md has no code block in section 2')
    table = {}
    for line in section.group(1).splitlines():
        words = line.split()
        arrows = [i for i, word in enumerate(words) if word == '->']
        for i, at in enumerate(arrows):
            end = arrows[i + 1] - 1 if i + 1 < len(arrows) else len(words)
            table.setdefault(words[at - 1], set()).update(words[at + 1:end])
    if not table:
        raise SystemExit('layers: no arrows in the code block of section 2')
    return table


def closure(table):
    """What each folder may include: itself, what it names, and what those may include."""
    folders = (set(table) | set().union(*table.values())) - {'everything'}
    reach = {}
    for folder in folders:
        seen, todo = set(), [folder]
        while todo:
            at = todo.pop()
            if at in seen:
                continue
            seen.add(at)
            named = table.get(at, set()) | table.get('everything', set())
            todo += folders if 'everything' in named else named
        reach[folder] = seen
    for folder in folders:
        for below in reach[folder] - {folder}:
            if folder in reach[below]:
                raise SystemExit(f'layers: the table goes round: {folder} <-> {below}')
    return reach


def c_files(root):
    for top in ('src', 'include', 'tests', 'bench', 'tools'):
        for folder, folders, names in os.walk(os.path.join(root, top)):
            folders.sort()
            for name in sorted(names):
                if name.endswith(('.c', '.h')):
                    path = os.path.join(folder, name)
                    yield top, os.path.relpath(path, root), path


def includes(path):
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            match = INCLUDE.match(line)
            if match:
                yield number, match.group(1) == '"', match.group(2)


def check(root):
    """(complaints, arrows drawn, files read)"""
    with open(os.path.join(root, 'docs', 'architecture.md'), encoding='utf-8') as file:
        allowed = closure(read_table(file.read()))
    complaints, arrows, count, speakers = [], {}, 0, {}
    for top, name, path in c_files(root):
        count += 1
        with open(path, encoding='utf-8') as file:
            if 'SPDX-License-Identifier: MIT' not in file.readline():
                complaints.append(f'{name}:1: the SPDX line must come first')
        parts = name.split(os.sep)
        if top != 'src' or len(parts) < 3:
            continue  # tests may look into every room; src/sigilo.c wraps the library
        folder = parts[1]
        if folder not in allowed:
            complaints.append(f'{name}:1: folder {folder} is not in the table of layers')
            continue
        for number, ours, header in includes(path):
            where = f'{name}:{number}'
            if not ours:
                if header in LIBRARIES:
                    speakers.setdefault(header, {}).setdefault(folder, where)
                    may = LIBRARIES[header]
                    if may is not None and folder not in may:
                        complaints.append(f'{where}: <{header}> belongs to {" ".join(sorted(may))}, '
                                          f'not to {folder}')
            elif header in GENERATED:
                pass
            elif '/' not in header:
                complaints.append(f'{where}: "{header}": paths start at src/')
            else:
                target = header.split('/')[0]
                if target == '..' or target not in allowed:
                    complaints.append(f'{where}: "{header}": {target} is not in the table of layers')
                elif target not in allowed[folder]:
                    complaints.append(f'{where}: {folder} -> {target} is not an arrow of '
                                      f'docs/architecture.md section 2 ("{header}")')
                elif target != folder:
                    arrows.setdefault(folder, set()).add(target)
    for header, folders in speakers.items():
        if LIBRARIES[header] is None and len(folders) > 1:
            complaints.append(f'<{header}> is included by more than one folder: '
                              + ', '.join(sorted(folders.values())))
    return complaints, arrows, count


PAGE = '''## 2. Layers
```
top  ->  everything
anon ->  text  doc        doc -> text
everything -> base
```
'''
SPDX = '/* SPDX-License-Identifier: MIT */\n'
SELFTEST = [  # what is tried, file, its text, what the complaint must hold (None: none)
    ('a sound tree', 'src/anon/a.c', SPDX + '#include "text/t.h"\n', None),
    ('an arrow through another', 'src/doc/a.c', SPDX + '#include "base/b.h"\n', None),
    ('top may include all', 'src/top/a.c', SPDX + '#include "doc/d.h"\n', None),
    ('an arrow upwards', 'src/text/a.c', SPDX + '\n#include "anon/a.h"\n', 'src/text/a.c:3: text -> anon'),
    ('base stands on nothing', 'src/base/a.c', SPDX + '#include "text/t.h"\n', 'base -> text'),
    ('an arrow in a header', 'src/doc/a.h', SPDX + '#  include "anon/a.h"\n', 'doc -> anon'),
    ('an unknown folder', 'src/cellar/a.c', SPDX, 'cellar is not in the table'),
    ('an unknown target', 'src/anon/a.c', SPDX + '#include "cellar/c.h"\n', 'cellar is not in the table'),
    ('a path beside', 'src/anon/a.c', SPDX + '#include "b.h"\n', 'paths start at src/'),
    ('no SPDX line', 'tests/unit/a.c', 'int x;\n', 'SPDX'),
    ('a library elsewhere', 'src/anon/a.c', SPDX + '#include <pcre2.h>\n', '<pcre2.h> belongs to text'),
    ('a library at home', 'src/text/a.c', SPDX + '#include <pcre2.h>\n', None),
]


def selftest():
    failed = 0
    print(f'1..{len(SELFTEST) + 1}')
    for i, (what, name, text, wanted) in enumerate(SELFTEST, 1):
        with tempfile.TemporaryDirectory() as root:
            for path, content in (('docs/architecture.md', PAGE), (name, text)):
                path = os.path.join(root, path)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, 'w', encoding='utf-8') as file:
                    file.write(content)
            complaints, _, _ = check(root)
        good = not complaints if wanted is None else any(wanted in c for c in complaints)
        print(f'{"ok" if good else "not ok"} {i} - {what}' + ('' if good else f' # {complaints}'))
        failed += not good
    try:  # a table with a ring is no order at all
        closure({'a': {'b'}, 'b': {'a'}})
        print(f'not ok {len(SELFTEST) + 1} - a ring in the table')
        failed += 1
    except SystemExit:
        print(f'ok {len(SELFTEST) + 1} - a ring in the table')
    return 1 if failed else 0


def main(args):
    if args == ['--selftest']:
        return selftest()
    draw = args[:1] == ['--arrows']
    if len(args) != 1 + draw:
        print(__doc__, file=sys.stderr)
        return 2
    complaints, arrows, count = check(args[-1])
    if draw:
        for folder in sorted(arrows):
            print(f'{folder:10} -> ', '  '.join(sorted(arrows[folder])))
    for complaint in complaints:
        print(complaint)
    print(f'layers: {count} files, {sum(map(len, arrows.values()))} arrows, {len(complaints)} complaints')
    return 1 if complaints or not count else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
