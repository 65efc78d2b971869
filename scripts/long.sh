#!/bin/bash
# SPDX-License-Identifier: MIT
#
# `make long`: what CI has no time for (about ten minutes a pair of fuzzers, plus ten more).
#
#   scripts/long.sh [BUILD [SECONDS-A-FUZZER]]
#
# Parts run one after another and none stops the next: a night's run should tell all it found.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build}
seconds=${2:-600}
export SIGILO_MUTANTS=${SIGILO_MUTANTS:-100000} # read by the mutation tests of tests/anon

failed=()
part() {
    local name=$1 start=$SECONDS
    shift
    echo "== $name"
    "$@" || failed+=("$name")
    echo "== $name: $((SECONDS - start)) s"
}
# Suites that are not there pass in Meson's eyes; counting what ran notices.
mutants() {
    rm -f "$build"/meson-logs/long.*
    meson test -C "$build" --no-rebuild --suite anon --suite long --timeout-multiplier 60 \
        --print-errorlogs --logbase long && python3 scripts/count-tests.py "$build/meson-logs/long"
}
part mutants mutants
part linearity bash scripts/scale.sh "$build/sigilo" 1 10 100
part fuzzers bash scripts/fuzz.sh "$seconds"
[ ${#failed[@]} -eq 0 ] || { echo "long: failed: ${failed[*]}" >&2; exit 1; }
echo "long: all clean"
