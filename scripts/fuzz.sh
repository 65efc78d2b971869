#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds the fuzzers of tests/fuzz with clang, libFuzzer, ASan and UBSan, and runs each:
#
#   scripts/fuzz.sh [SECONDS [NAME]...]       20 s, and all of them, unless told
#
# New inputs gather in out/fuzz-corpus/NAME from run to run; the committed corpus is
# tests/fuzz/corpus/NAME, read and never written. A crash is left as out/fuzz-crash/NAME-...:
# mend it, and put the file into the committed corpus, where it replays as an ordinary test.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-20}
shift || true

if [ ! -f out/fuzz/build.ninja ]; then
    CC=clang meson setup out/fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
fi
ninja -C out/fuzz
if [ $# -eq 0 ]; then
    mapfile -t names < <(find out/fuzz/tests/fuzz -maxdepth 1 -type f -perm -u+x -name 'fuzz_*' -printf '%f\n' | sort)
    set -- "${names[@]}"
fi
[ $# -gt 0 ] || { echo "fuzz: no fuzzer was built" >&2; exit 1; }
mkdir -p out/fuzz-crash

one() {
    local name=$1 short=${1#fuzz_} corpus=out/fuzz-corpus/$1
    local seeds=()
    mkdir -p "$corpus"
    for dir in "tests/fuzz/corpus/$short" "tests/fuzz/corpus/$name"; do
        [ -d "$dir" ] && seeds+=("$dir")
    done
    local log=out/fuzz-crash/$name.log
    if ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
        "out/fuzz/tests/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="out/fuzz-crash/$name-" "$corpus" "${seeds[@]}" \
        >"$log" 2>&1 </dev/null; then
        echo "fuzz: $name: clean, $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s"
    else
        echo "fuzz: $name: FAILED"
        tail -n 40 "$log"
        return 1
    fi
}
export -f one
export seconds
printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} bash -c 'one {}'
