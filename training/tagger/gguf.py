# SPDX-License-Identifier: MIT
"""A model file as the program reads it (GGUF version 3: ggml/docs/gguf.md of ggml-org; what is in a tagger's: docs/tagger.md).

Writes from, and reads into, plain numpy arrays.
"""

import pathlib
import struct
from typing import Dict, List, NamedTuple, Tuple

import numpy

ALIGNMENT = 64
U32, I32, F32, STRING, ARRAY = 4, 5, 6, 8, 9
TYPE_F32, TYPE_F16, TYPE_Q8_0 = 0, 1, 8
BLOCK = 32

Value = object  # int, float, str, or a list of one of them


class File(NamedTuple):
    pairs: Dict[str, Value]
    tensors: Dict[str, numpy.ndarray]


def q8_0(x: numpy.ndarray) -> bytes:
    """Rows in blocks of 32: a scale in half precision, and 32 numbers from -127 to 127."""
    blocks = x.astype(numpy.float32).reshape(-1, BLOCK)
    scale = numpy.abs(blocks).max(1) / 127
    halves = scale.astype(numpy.float16)
    inverse = numpy.divide(1, halves.astype(numpy.float32), where=halves > 0, out=numpy.zeros_like(scale))
    out = numpy.zeros(len(blocks), dtype=[("scale", "<f2"), ("q", "i1", BLOCK)])
    out["scale"] = halves
    out["q"] = numpy.clip(numpy.rint(blocks * inverse[:, None]), -127, 127)
    return out.tobytes()


def _string(text: str) -> bytes:
    data = text.encode("utf-8")
    return struct.pack("<Q", len(data)) + data


def _value(value: Value) -> bytes:
    """Its type and its bytes."""
    if isinstance(value, list):
        items = [_value(item) for item in value]
        return (
            struct.pack("<I", ARRAY)
            + (items[0][:4] if items else struct.pack("<I", STRING))
            + struct.pack("<Q", len(items))
            + b"".join(item[4:] for item in items)
        )
    if isinstance(value, str):
        return struct.pack("<I", STRING) + _string(value)
    if isinstance(value, int):
        return struct.pack("<II", U32, value)
    assert isinstance(value, float), value
    return struct.pack("<If", F32, value)


def type_of(name: str, tensor: numpy.ndarray, quantised: bool) -> int:
    """Vectors stay F32. The table of embeddings, three quarters of all weights, goes into Q8_0; the encoder's matrices into
    F16: in Q8_0, with activations in eight bits too, one span in a hundred of a difficult note came out differently
    (docs/tagger.md)."""
    if not quantised or tensor.ndim == 1:
        return TYPE_F32
    return TYPE_Q8_0 if name == "token_embd.weight" else TYPE_F16


def encoded(tensor: numpy.ndarray, kind: int) -> bytes:
    if kind == TYPE_Q8_0:
        return q8_0(tensor)
    return tensor.astype("<f2" if kind == TYPE_F16 else "<f4").tobytes()


def write(path: pathlib.Path, pairs: Dict[str, Value], tensors: Dict[str, numpy.ndarray], quantised: bool) -> None:
    """quantised: as type_of says; else all F32."""
    directory, data = b"", b""
    for name, tensor in tensors.items():
        kind = type_of(name, tensor, quantised)
        body = encoded(tensor, kind)
        dims = struct.pack(f"<{tensor.ndim}Q", *reversed(tensor.shape))
        directory += _string(name) + struct.pack("<I", tensor.ndim) + dims
        directory += struct.pack("<IQ", kind, len(data))
        data += body + bytes(-len(body) % ALIGNMENT)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs) + 1)
    head += _string("general.alignment") + _value(ALIGNMENT)
    head += b"".join(_string(key) + _value(value) for key, value in pairs.items()) + directory
    path.write_bytes(head + bytes(-len(head) % ALIGNMENT) + data)


class _Reader:
    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, form: str) -> int:
        (value,) = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return value

    def string(self) -> str:
        size = self.take("Q")
        self.at += size
        return self.data[self.at - size : self.at].decode("utf-8")

    def value(self, kind: int) -> Value:
        if kind == ARRAY:
            item, count = self.take("I"), self.take("Q")
            return [self.value(item) for _ in range(count)]
        if kind == STRING:
            return self.string()
        return self.take({U32: "I", I32: "i", F32: "f"}[kind])


def _decoded(data: bytes, at: int, kind: int, shape: Tuple[int, ...]) -> numpy.ndarray:
    count = int(numpy.prod(shape))
    if kind == TYPE_F32:
        return numpy.frombuffer(data, "<f4", count, at).reshape(shape)
    if kind == TYPE_F16:
        return numpy.frombuffer(data, "<f2", count, at).reshape(shape).astype(numpy.float32)
    assert kind == TYPE_Q8_0, kind
    blocks = numpy.frombuffer(data, [("scale", "<f2"), ("q", "i1", BLOCK)], count // BLOCK, at)
    return (blocks["scale"].astype(numpy.float32)[:, None] * blocks["q"].astype(numpy.float32)).reshape(shape)


def read(path: pathlib.Path) -> File:
    """Matrices are decoded."""
    data = path.read_bytes()
    reader = _Reader(data)
    assert data[:4] == b"GGUF"
    reader.at = 8
    n_tensors, n_pairs = reader.take("Q"), reader.take("Q")
    pairs: Dict[str, Value] = {}
    for _ in range(n_pairs):
        key = reader.string()
        pairs[key] = reader.value(reader.take("I"))
    directory: List[Tuple[str, Tuple[int, ...], int, int]] = []
    for _ in range(n_tensors):
        name = reader.string()
        shape = tuple(reader.take("Q") for _ in range(reader.take("I")))[::-1]
        directory.append((name, shape, reader.take("I"), reader.take("Q")))
    start = reader.at + -reader.at % ALIGNMENT
    return File(pairs, {name: _decoded(data, start + at, kind, shape) for name, shape, kind, at in directory})
