#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The gates of quality: figures that a change may not lower (docs/testing.md).

    test_gates.py SIGILO SOURCE [--write]

gates.json holds, for each set of detectors, corpus and label, the recall of the last release; a label
may lose 0.002. Two sets: rules alone, and all that can run, whose figures move with the built-in
tagger. Beside them stand bounds that hold for ever: documents sent to review, clinical terms touched,
that more detectors leave no less of a label covered, and on MEDDOCAN dev the recall and precision of
what rules own. --write renews the figures of both.
"""
import json
import os
import pathlib
import shlex
import subprocess
import sys

ALLOWED_LOSS = 0.002
OWNED = ("FECHAS", "EDAD_SUJETO_ASISTENCIA", "SEXO_SUJETO_ASISTENCIA", "CORREO_ELECTRONICO",
         "NUMERO_TELEFONO", "NUMERO_FAX")
SECTIONS = {  # detectors -> name -> (path below the source, policy, share of documents that may go to review)
    "rules": {
        "uruguay-dev": ("corpora/uruguay/dev", "uruguay", 0.25),
        "notes": ("../shared/notes/brat", "uruguay", 0.25),
        "meddocan-dev": ("../shared/meddocan/dev", "meddocan", 0.10),
    },
    "all": {
        "uruguay-dev": ("corpora/uruguay/dev", "uruguay", 0.25),
    },
}
CLINICAL = {"rules": 0.01, "all": 0.03}  # share of clinical terms that may be touched


def score(sigilo, corpus, policy, detectors):
    wrapper = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))
    run = subprocess.run(wrapper + [sigilo, "eval", str(corpus), "--policy", policy, "--detectors", detectors, "--json"],
                         capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def check(self, ok, name):
        self.n += 1
        self.failed += not ok
        print(f"{'ok' if ok else 'not ok'} {self.n} - {name}")

    def skip(self, name, why):
        self.n += 1
        print(f"ok {self.n} - {name} # SKIP {why}")


def owned_counts(labels):
    rows = [row for label, row in labels.items() if label in OWNED or label.startswith("ID_")]
    return (sum(r["tp"] for r in rows), sum(r["fp"] for r in rows), sum(r["fn"] for r in rows))


def check_bounds(tap, name, result, review_share, clinical):
    tap.check(result["failed"] == 0 and result["missing"] == 0, f"{name}: no document failed")
    tap.check(result["review"] <= review_share * result["documents"],
              f"{name}: {result['review']} of {result['documents']} documents sent to review")
    tap.check(result["preservation"] == 1, f"{name}: everything else is preserved")
    tap.check(result["clinical_touched"] <= clinical,
              f"{name}: clinical terms touched {result['clinical_touched']:.4f}")


def check_labels(tap, name, result, gates):
    for label, was in sorted(gates.items()):
        now = result["labels"].get(label, {}).get("coverage")
        tap.check(now is not None and now >= was - ALLOWED_LOSS,
                  f"{name}: coverage of {label} {now} is not below {was}")


def check_owned(tap, name, result):
    tp, fp, fn = owned_counts(result["labels"])
    tap.check(tp / (tp + fn) >= 0.97, f"{name}: recall of what rules own {tp / (tp + fn):.4f}")
    tap.check(tp / (tp + fp) >= 0.97, f"{name}: precision of what rules own {tp / (tp + fp):.4f}")


def figures_of(result):
    """Of labels that stand often enough to say something."""
    return {label: round(row["coverage"], 4) for label, row in result["labels"].items()
            if row["coverage"] is not None and row["tp"] + row["fn"] >= 5}


def check_section(tap, sigilo, source, detectors, gates):
    """What stands in the section now; figures of corpora that are absent stay."""
    written = dict(gates)
    for corpus, (where, policy, review_share) in SECTIONS[detectors].items():
        name = f"{detectors}: {corpus}"
        if not (source / where).is_dir():
            tap.skip(name, f"{where} is absent")
            continue
        if detectors == "all" and os.environ.get("MESON_EXE_WRAPPER"):
            tap.skip(name, "34 notes of the tagger take an emulator half an hour")
            continue
        result = score(sigilo, source / where, policy, detectors)
        written[corpus] = figures_of(result)
        check_labels(tap, name, result, gates.get(corpus, {}))
        check_bounds(tap, name, result, review_share, CLINICAL[detectors])
        if detectors == "rules" and corpus == "meddocan-dev":
            check_owned(tap, name, result)
    return written


def main():
    sigilo, source = sys.argv[1], pathlib.Path(sys.argv[2])
    path = source / "tests/anon/gates.json"
    gates = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    tap = Tap()
    written = {detectors: check_section(tap, sigilo, source, detectors, gates.get(detectors, {})) for detectors in SECTIONS}
    for corpus in SECTIONS["all"]:
        if corpus not in written["all"]:
            continue
        for label, alone in sorted(written["rules"].get(corpus, {}).items()):
            both = written["all"].get(corpus, {}).get(label, 0)
            tap.check(both >= alone - ALLOWED_LOSS, f"all: {corpus}: {label} {both} is not below that of rules, {alone}")
    if "--write" in sys.argv:
        path.write_text(json.dumps(written, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"1..{tap.n}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
