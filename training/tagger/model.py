# SPDX-License-Identifier: MIT
"""The encoder: a sum of embedding rows, some bidirectional transformer layers (pre-norm, RMSNorm, rotary positions, gated GELU),
a row of tag scores a unit.

Shapes are those of src/model: [windows, units, width]. Zhang and Sennrich 2019 (RMSNorm), Su et al. 2021 (RoPE), Shazeer 2020 (gated GELU),
Vaswani et al. 2017.
"""

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from .tags import TAGS


class Shape(NamedTuple):
    width: int = 192
    layers: int = 4
    heads: int = 4
    inner: int = 352
    window: int = 256


class Norm(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


def rotations(window: int, size: int) -> torch.Tensor:
    """[window, size / 2, 2] cosines and sines."""
    speed = 10000.0 ** (-torch.arange(0, size, 2).float() / size)
    angle = torch.arange(window).float()[:, None] * speed
    return torch.stack((angle.cos(), angle.sin()), -1)


def turn(x: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
    """Pairs (i, i + size/2) of each head turned by the unit's place; x: [windows, heads, units, size]."""
    half = x.shape[-1] // 2
    a, b, cos, sin = x[..., :half], x[..., half:], by[..., 0], by[..., 1]
    return torch.cat((a * cos - b * sin, a * sin + b * cos), -1)


class Layer(nn.Module):
    def __init__(self, shape: Shape, dropout: float):
        super().__init__()
        self.heads = shape.heads
        self.norm1, self.norm2 = Norm(shape.width), Norm(shape.width)
        self.qkv = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.out = nn.Linear(shape.width, shape.width, bias=False)
        self.gate, self.up = (nn.Linear(shape.width, shape.inner, bias=False) for _ in range(2))
        self.down = nn.Linear(shape.inner, shape.width, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor, by: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        windows, units, width = x.shape
        q, k, v = (
            self.qkv(self.norm1(x)).view(windows, units, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        )
        score = turn(q, by) @ turn(k, by).transpose(-1, -2) / math.sqrt(width // self.heads) + mask
        mixed = (score.softmax(-1) @ v).transpose(1, 2).reshape(windows, units, width)
        x = x + self.dropout(self.out(mixed))
        return x + self.dropout(self.down(self._inner(self.norm2(x))))

    def _inner(self, x: torch.Tensor) -> torch.Tensor:
        return functional.gelu(self.gate(x), approximate="tanh") * self.up(x)


class Tagger(nn.Module):
    def __init__(self, rows: int, shape: Shape, dropout: float = 0.1):
        super().__init__()
        self.shape = shape
        self.embedding = nn.EmbeddingBag(rows, shape.width, mode="sum")
        nn.init.normal_(self.embedding.weight, std=0.3 / math.sqrt(12))
        self.norm_in, self.norm_out = Norm(shape.width), Norm(shape.width)
        self.layers = nn.ModuleList(Layer(shape, dropout) for _ in range(shape.layers))
        for layer in self.layers:
            for matrix in (layer.out, layer.down):
                nn.init.normal_(matrix.weight, std=0.02 / math.sqrt(2 * shape.layers))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(shape.width, TAGS)
        self.register_buffer("by", rotations(shape.window, shape.width // shape.heads), persistent=False)

    def forward(self, rows: torch.Tensor, starts: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """rows: all rows of all units; starts: where each unit's begin; there: [windows, units], which units exist."""
        windows, units = there.shape
        x = self.embedding(rows, starts).view(windows, units, -1)
        x = self.dropout(self.norm_in(x))
        mask = torch.where(there, 0.0, -1e9)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, self.by[:units], mask)
        return self.head(self.norm_out(x))
