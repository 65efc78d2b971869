#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What can be said of the sources without running them:
#
#   scripts/lint.sh [BUILD [format|tidy|scripts|man|po]...]     all of them unless named
#   scripts/lint.sh --fix                                       reformats all C in place
#
# BUILD is a configured and built directory: clang-tidy reads its compile_commands.json and the
# headers made there.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=$(nproc)

# include/ comes with the first public header
c_files() { find $(ls -d src include tests bench tools 2>/dev/null) -name '*.[ch]' -print0 | sort -z; }

# A check over no files is no check: it says so and fails.
some() { [ "$1" -gt 0 ] || { echo "lint: no $2 found"; return 1; }; echo "lint: $1 $2"; }

lint_format() {
    some "$(c_files | tr -dc '\0' | wc -c)" "C files to format"
    c_files | xargs -0 -r -P "$jobs" -n 20 clang-format --dry-run -Werror
}

# Only src/, only what this machine compiles: kernels of another processor are not in the database.
lint_tidy() {
    local list
    list=$(python3 - "$build" <<'PY'
import json, os, sys
build = sys.argv[1]
src = os.path.realpath('src') + os.sep
names = {os.path.realpath(os.path.join(c['directory'], c['file']))
         for c in json.load(open(os.path.join(build, 'compile_commands.json')))}
print('\n'.join(sorted(n for n in names if n.startswith(src) and n.endswith('.c'))))
PY
    )
    some "$(grep -c . <<<"$list")" "C files to look through"
    # gcc's own warning names are not clang's business. An analyzer's error comes with its whole
    # path as notes, so the errors alone are said again at the end.
    mkdir -p out/lint
    local log=out/lint/tidy.log rc=0
    xargs -r -P "$jobs" -n 1 clang-tidy -p "$build" --quiet --extra-arg=-Wno-unknown-warning-option \
        <<<"$list" >"$log" 2>&1 || rc=$?
    grep -v ' warnings\? \(generated\|treated as errors\)\.\?$' "$log" || true
    [ $rc -eq 0 ] || { echo "-- errors:"; sed -n "s|^.*/src/\(.*: error: \)|src/\1|p" "$log" | sort -u; }
    return $rc
}

lint_scripts() {
    local file n=0
    while IFS= read -r file; do
        case $(head -n 1 "$file") in
        '#!'*bash* | '#!'*/sh) bash -n "$file"; n=$((n + 1)) ;;
        '#!'*python*) python3 -c 'import ast, sys; ast.parse(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1])' "$file"; n=$((n + 1)) ;;
        esac
        head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || { echo "$file: no SPDX line"; return 1; }
    done < <(find .ci/run scripts tools tests training cross bench -type f \( -name '*.sh' -o -name '*.py' -o -path .ci/run \) | sort)
    some $n scripts
}

# Errors stop; mandoc's warnings and style notes are matters of taste.
lint_man() {
    local pages
    pages=$(find man -name '*.[1-8]' | sort)
    some "$(grep -c . <<<"$pages")" "manual pages"
    xargs -r mandoc -T lint -W error <<<"$pages"
}

# Each translation is well formed, and none lacks a message that the sources have today.
lint_po() {
    local po files
    mkdir -p out/lint
    files=$(find po -name '*.po' | sort)
    some "$(grep -c . <<<"$files")" translations
    find src -name '*.[ch]' | sort |
        xargs xgettext --from-code=UTF-8 --language=C --keyword=_ --keyword=N_ --output=out/lint/sigilo.pot
    while IFS= read -r po; do
        msgfmt -c -o /dev/null "$po"
        if [ -s out/lint/sigilo.pot ]; then msgcmp "$po" out/lint/sigilo.pot; fi
    done <<<"$files"
}

if [ "${1-}" = --fix ]; then
    c_files | xargs -0 -r -P "$jobs" -n 20 clang-format -i
    exit
fi
build=${1:-build}
shift || true
[ $# -gt 0 ] || set -- format tidy scripts man po

# One after another, all of them, so that one run shows everything there is to mend. Each in a
# background subshell because `if` and `||` would turn its `set -e` off.
failed=()
for check; do
    ( set -e; "lint_$check" ) &
    wait $! || failed+=("$check")
done
[ ${#failed[@]} -eq 0 ] || { echo "lint: failed: ${failed[*]}" >&2; exit 1; }
