#!/bin/bash
# SPDX-License-Identifier: MIT
#
# `make demo`: one invented emergency note, seen twice.
#
#   scripts/demo.sh [PROGRAM] [NOTE]
set -euo pipefail
cd "$(dirname "$0")/.."
sigilo=${1:-build/sigilo}
note=${2:-examples/nota-emergencia.txt}

bold='' plain=''
[ -t 1 ] && bold=$'\e[1m' plain=$'\e[0m'
heading() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
typed() { printf '%s$ %s%s\n\n' "$bold" "$*" "$plain"; }

heading "1. What is found: every personal datum, by its label"
typed "$sigilo anonymize --show $note"
"$sigilo" anonymize --show "$note"

heading "2. What leaves the hospital: the same note, every other byte unchanged"
typed "$sigilo anonymize $note"
"$sigilo" anonymize "$note"

# The verdict stands in the JSON; told here in a line.
heading "3. The verdict"
typed "$sigilo anonymize --json $note"
"$sigilo" anonymize --json "$note" | python3 -c '
import collections, json, sys
r = json.loads(sys.stdin.readline())
n = collections.Counter(s["label"] for s in r["spans"])
print(r["verdict"], *(["(" + "; ".join(map(str, r["reasons"])) + ")"] if r["reasons"] else []))
print(sum(n.values()), "replaced:", ", ".join(f"{v} {k}" for k, v in n.most_common()))'

heading "Your own notes: $sigilo anonymize NOTE.txt   (all it can do: $sigilo --help)"
