# SPDX-License-Identifier: MIT
"""Between torch and the model file: names of weights, words, lists, calibration, and the card that `sigilo inspect` shows."""

import pathlib
from typing import Dict, List, Sequence, Tuple

import numpy
import torch

from . import gguf
from .features import LISTS, Table, flags
from .model import Shape, Tagger
from .tags import KINDS

VERSION = 1
OVERLAP = 32  # units that neighbouring windows share
LAYER = {
    "norm1.weight": "attn_norm.weight",
    "qkv.weight": "attn_qkv.weight",
    "out.weight": "attn_output.weight",
    "norm2.weight": "ffn_norm.weight",
    "gate.weight": "ffn_gate.weight",
    "up.weight": "ffn_up.weight",
    "down.weight": "ffn_down.weight",
}
OTHERS = {
    "embedding.weight": "token_embd.weight",
    "norm_in.weight": "token_embd_norm.weight",
    "norm_out.weight": "output_norm.weight",
    "head.weight": "output.weight",
    "head.bias": "output.bias",
}


def tensor_name(name: str) -> str:
    """The file's name of one of torch's."""
    if not name.startswith("layers."):
        return OTHERS[name]
    _, number, rest = name.split(".", 2)
    return f"blk.{number}.{LAYER[rest]}"


def listed() -> Tuple[List[str], List[int]]:
    """Words that some list holds, and in which: bit i is LISTS[i]."""
    words = sorted(word for word in flags() if word)
    return words, [sum(1 << number for number in flags()[word]) for word in words]


def write(
    path: pathlib.Path,
    model: Tagger,
    words: Sequence[str],
    calibration: Sequence[float],
    card: Dict[str, str],
    quantised: bool,
) -> None:
    shape = model.shape
    names, sets = listed()
    pairs: Dict[str, object] = {
        "general.architecture": "sigilo-tagger",
        **{f"general.{key}": value for key, value in card.items()},
        "tagger.version": VERSION,
        "tagger.width": shape.width,
        "tagger.layers": shape.layers,
        "tagger.heads": shape.heads,
        "tagger.inner": shape.inner,
        "tagger.window": shape.window,
        "tagger.overlap": OVERLAP,
        "tagger.kinds": list(KINDS),
        "tagger.calibration": [float(point) for point in calibration],
        "tagger.words": list(words),
        "tagger.n_lists": len(LISTS),
        "tagger.lists": list(LISTS),
        "tagger.listed": names,
        "tagger.listed_flags": sets,
    }
    tensors = {tensor_name(name): tensor.numpy() for name, tensor in model.state_dict().items()}
    gguf.write(path, pairs, tensors, quantised)


def read(path: pathlib.Path) -> Tuple[Tagger, Table, Dict[str, object]]:
    """The model of a file, decoded to F32, with the words and lists that the file brings."""
    file = gguf.read(path)
    pairs = file.pairs
    bits = range(pairs["tagger.n_lists"])
    lists = {
        word: tuple(bit for bit in bits if some >> bit & 1)
        for word, some in zip(pairs["tagger.listed"], pairs["tagger.listed_flags"])
    }
    table = Table(pairs["tagger.words"], lists)
    model = Tagger(
        table.rows, Shape(*(pairs[f"tagger.{key}"] for key in ("width", "layers", "heads", "inner", "window")))
    )
    model.load_state_dict(
        {name: torch.from_numpy(numpy.array(file.tensors[tensor_name(name)])) for name in model.state_dict()}
    )
    model.eval()
    return model, table, pairs
