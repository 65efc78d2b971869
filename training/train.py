#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Train the tagger, and say how good it is.

    training/train.py --meddocan DIR --out DIR [--seed S] [--epochs N] ...

DIR of --meddocan holds train/ and dev/. An epoch is MEDDOCAN's train part, a share of it changed by the generator, and
fresh variants of corpora/uruguay/marked/train; what is scored, on dev, apart and MEDDOCAN's dev part, is never
trained on. Writes model.pt (weights, word list, shape) and metrics.json (arguments, figures by operating point, seconds)
into --out. Runs on a CPU, or on a GPU with --device cuda.

Needs Debian's python3-torch and python3-numpy, and libopenblas0-pthread: the reference BLAS is thirty times slower.
"""

import argparse
import json
import math
import pathlib
import sys
import time
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

try:
    import torch
except ImportError as missing:
    sys.exit(f"train: {missing}: install python3-torch and python3-numpy (Debian) and run this with /usr/bin/python3")

from notegen import marked, meddocan
from notegen.lists import Words
from notegen.note import Note
from notegen.rng import Rng
from notegen.variant import Generator, Recipe
from tagger.data import Batch, Example, batch_of, example_of, log_probabilities, windows_of
from tagger.export import OVERLAP
from tagger.features import Table, word_list
from tagger.measure import Figures, decode, measure
from tagger.model import Shape, Tagger
from tagger.tags import BEGIN, KINDS, ONLY_MEDDOCAN, OUTSIDE, SINGLE, joined, tag
from tagger.units import units_of

CORPUS = marked.ROOT / "corpora" / "uruguay" / "marked"
WARM_UP = 150  # steps
EMPTY_KEPT = 0.35  # of windows in which nothing is marked
POINTS = (0.0, 1.0, 2.0, 3.0)  # what is taken off the score of O, in nats, when the model is scored
# MEDDOCAN is changed more gently than notes: its clinical prose is good as it is.
GENTLE = Recipe(
    as_it_is=0.0, other_form=0.2, plant=0.2, ordinary=0.3, heading=0.1, signature=0.05, layout=0.25, noise=0.35
)


class Sources(NamedTuple):
    notes: Generator
    documents: Sequence[Note]
    medico: Optional[Generator]


Sets = Dict[str, Tuple[List[Example], bool]]  # name -> what is scored, and whether sex and kinship count


def sources(args: argparse.Namespace) -> Sources:
    words = Words()
    documents = meddocan.read_folder(args.meddocan / "train") if args.meddocan else []
    medico = Generator(documents, words, GENTLE) if documents else None
    return Sources(Generator(marked.read_folder(args.train), words), documents, medico)


def scored(args: argparse.Namespace) -> Sets:
    sets: Sets = {
        path.name: ([example_of(note, False) for note in marked.read_folder(path)], False) for path in args.score
    }
    if args.meddocan:
        notes = meddocan.read_folder(args.meddocan / "dev")
        sets["meddocan dev"] = ([example_of(note, True) for note in notes[: args.dev_documents]], True)
    return sets


def epoch_examples(source: Sources, args: argparse.Namespace, epoch: int) -> Iterator[Example]:
    for number, note in enumerate(source.documents):
        rng = Rng(args.seed, "meddocan", epoch, number)
        pieces = source.medico.change(note.pieces, rng) if rng.chance(args.changed) else note.pieces
        yield example_of(Note(note.name, pieces), True)
    for number in range(args.notes):
        yield example_of(source.notes.variant(f"{args.seed}:{epoch}", number), False)


def loss_of(scores: torch.Tensor, batch: Batch, args: argparse.Namespace) -> torch.Tensor:
    """Cross-entropy, smoothed. Where sex and kinship are not marked their tags count as outside: a sum of probabilities."""
    hidden = [tag(KINDS.index(kind), place) for kind in ONLY_MEDDOCAN for place in range(BEGIN, SINGLE + 1)]
    log_p = scores.log_softmax(-1)
    outside = torch.where(batch.whole[:, None], log_p[..., 0], log_p[..., [OUTSIDE] + hidden].logsumexp(-1))
    picked = log_p.gather(-1, batch.tags.clamp(min=0)[..., None])[..., 0]
    picked = torch.where(batch.tags == OUTSIDE, outside, picked)
    weight = torch.where(batch.tags > 0, args.leak_weight, 1.0) * (batch.tags >= 0)
    mixed = (1 - args.smoothing) * picked + args.smoothing * log_p.mean(-1)
    return -(mixed * weight).sum() / weight.sum()


def optimizer_of(model: Tagger, rate: float) -> torch.optim.Optimizer:
    """Decay on the encoder's matrices alone."""
    decayed, others = [], []
    for name, parameter in model.named_parameters():
        (decayed if parameter.dim() == 2 and "embedding" not in name else others).append(parameter)
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))


def rate_at(step: int, total: int, rate: float) -> float:
    return rate * min((step + 1) / WARM_UP, max(0.0, (total - step) / max(total - WARM_UP, 1)))


def train(model: Tagger, table: Table, source: Sources, args: argparse.Namespace) -> None:
    optimizer = optimizer_of(model, args.rate)
    step, total, start = 0, 0, time.monotonic()
    for epoch in range(args.epochs):
        rng, losses = Rng(args.seed, "windows", epoch), []
        windows = rng.shuffled(windows_of(list(epoch_examples(source, args, epoch)), args.window, EMPTY_KEPT, rng))
        total = total or args.epochs * math.ceil(len(windows) / args.batch)
        for first in range(0, len(windows), args.batch):
            some = windows[first : first + args.batch]
            batch = Batch(
                *(part.to(args.device) for part in batch_of(some, table, args.word_dropout, args.flag_dropout, rng))
            )
            for group in optimizer.param_groups:
                group["lr"] = rate_at(step, total, args.rate)
            loss = loss_of(model(*batch[:3]), batch, args)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
            step += 1
        torch.save(
            {"model": model.state_dict(), "words": list(table.words), "shape": tuple(model.shape)},
            args.out / "model.pt",
        )
        print(
            f"epoch {epoch + 1}/{args.epochs}: loss {sum(losses) / len(losses):.4f}, {time.monotonic() - start:.0f} s",
            flush=True,
        )


def evaluate(model: Tagger, table: Table, sets: Sets, device: str) -> Dict[str, Dict[str, Figures]]:
    """Operating point -> set -> figures; what the model says of a text is computed once for all points."""
    model.eval()
    points: Dict[str, Dict[str, Figures]] = {str(outside): {} for outside in POINTS}
    for name, (examples, whole) in sets.items():
        scores = [log_probabilities(model, table, example.units, OVERLAP, device) for example in examples]
        if not whole:
            scores = [joined(some) for some in scores]
        for outside in POINTS:
            found = [decode(example, some, outside) for example, some in zip(examples, scores)]
            points[str(outside)][name] = figures = measure(examples, found, whole)
            print(f"O less {outside}: {name:12} {figures.line()}", flush=True)
    return points


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    path = pathlib.Path
    parser.add_argument("--meddocan", type=path, help="the folder that holds train/ and dev/")
    parser.add_argument("--dev-documents", type=int, default=250, help="how many of MEDDOCAN's dev part are scored")
    parser.add_argument("--train", type=path, default=CORPUS / "train", help="marked notes to learn from")
    parser.add_argument(
        "--score", type=path, nargs="*", default=[CORPUS / "dev", CORPUS / "apart"], help="marked notes to score"
    )
    parser.add_argument("--out", type=path, required=True)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--notes", type=int, default=600, help="variants an epoch (default: 600)")
    parser.add_argument("--changed", type=float, default=0.6, help="share of MEDDOCAN's documents that are changed")
    parser.add_argument("--batch", type=int, default=16, help="windows")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--smoothing", type=float, default=0.05)
    parser.add_argument("--leak-weight", type=float, default=1.5, help="of a marked unit in the loss")
    parser.add_argument("--word-dropout", type=float, default=0.15)
    parser.add_argument("--flag-dropout", type=float, default=0.15, help="how often what the word lists say is hidden")
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--inner", type=int, default=352)
    parser.add_argument("--window", type=int, default=256)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


def main() -> int:
    args = arguments()
    if args.train.name in ("dev", "apart", "test"):
        sys.exit(f"train: {args.train} is there to judge by; nothing is learnt from it")
    torch.manual_seed(int.from_bytes(str(args.seed).encode()[:6], "big"))
    torch.set_num_threads(args.threads)
    start = time.monotonic()
    source, sets = sources(args), scored(args)
    table = Table(
        word_list(units_of(example.text) for epoch in (-1, -2) for example in epoch_examples(source, args, epoch))
    )
    model = Tagger(table.rows, Shape(args.width, args.layers, 4, args.inner, args.window)).to(args.device)
    size = sum(parameter.numel() for parameter in model.parameters())
    print(
        f"{table.rows} rows, {size / 1e6:.2f} M parameters, of which encoder {(size - model.embedding.weight.numel()) / 1e6:.2f} M"
    )
    args.out.mkdir(parents=True, exist_ok=True)
    train(model, table, source, args)
    points = evaluate(model, table, sets, args.device)
    metrics = {
        "arguments": {key: str(value) for key, value in vars(args).items()},
        "seconds": round(time.monotonic() - start),
        "figures": {
            point: {name: figures._asdict() for name, figures in sets.items()} for point, sets in points.items()
        },
    }
    (args.out / "metrics.json").write_text(json.dumps(metrics, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
