#!/bin/bash
# SPDX-License-Identifier: MIT
#
# `make demo`: three invented notes of different kinds seen through Sigilo, and how well it does on the notes it is scored
# by.
#
#   scripts/demo.sh [PROGRAM] [NOTE...]
set -euo pipefail
cd "$(dirname "$0")/.."
sigilo=${1:-build/sigilo}
notes=("${@:2}")
[ ${#notes[@]} -gt 0 ] || notes=(examples/nota-emergencia.txt examples/nota-enfermeria.txt examples/nota-policlinica.txt)

bold='' plain=''
[ -t 1 ] && bold=$'\e[1m' plain=$'\e[0m'
heading() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
typed() { printf '%s$ %s%s\n\n' "$bold" "$*" "$plain"; }

heading "1. What is found: every personal datum, by its label, in ${#notes[@]} notes of different kinds"
for note in "${notes[@]}"; do
  typed "$sigilo anonymize --show $note"
  "$sigilo" anonymize --show "$note"
done

heading "2. What leaves the hospital: the same note, every other byte unchanged"
typed "$sigilo anonymize ${notes[0]}"
"$sigilo" anonymize "${notes[0]}"

# The verdict stands in the JSON; told here in a line.
heading "3. The verdicts"
typed "$sigilo anonymize --json ${notes[*]}"
"$sigilo" anonymize --json "${notes[@]}" 2>/dev/null | python3 -c '
import collections, json, sys
for line in sys.stdin:
    r = json.loads(line)
    n = collections.Counter(s["label"] for s in r["spans"])
    print(r["verdict"], *(["(" + "; ".join(map(str, r["reasons"])) + ")"] if r["reasons"] else []))
    print(" ", sum(n.values()), "replaced:", ", ".join(f"{v} {k}" for k, v in n.most_common()))'

heading "4. How well: notes written to judge it by, from which nothing was learnt"
typed "$sigilo eval corpora/uruguay/dev"
"$sigilo" eval corpora/uruguay/dev | sed '/^spans /,$d'

heading "Your own notes: $sigilo anonymize NOTE.txt   (all it can do: $sigilo --help)"
