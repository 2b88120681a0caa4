"""Layers filled with seeded noise, and a session made of them."""

from __future__ import annotations

from array import array
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kimidoc.kvcache import snapshot
from kimidoc.kvcache.layer import Kept, Reading, Recent

K, L, D, DV = 2, 4, 6, 5
FACTS: dict[str, Any] = {
    "model": "tiny", "fingerprint": "sha256:m", "settings": "plan", "roots": ["/data"],
    "documents": [["a.txt", "s1"], ["b.txt", "s2"]],
}  # fmt: skip


def noise(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal fp32, with one loud channel as keys have."""
    x = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    x[..., 0] *= 20
    return x


def reading(tokens: int, *cuts: int, room: int | None = None, seed: int = 0) -> Reading:
    """``tokens`` tokens appended in pieces that end at ``cuts``."""
    layer = Reading(room or tokens, L)
    k, v = noise(1, K, tokens, D, seed=seed), noise(1, K, tokens, DV, seed=seed + 1)
    ends = [0, *cuts, tokens]
    for a, b in pairwise(ends):
        layer.append(k[:, :, a:b], v[:, :, a:b])
    return layer


def kept(tokens: int, storage: str = "int8", seed: int = 0) -> Kept:
    """A sealed layer."""
    return reading(tokens, seed=seed).seal(storage)


def write(root: Path, name: str, tokens: array[int], *, seed: int = 0) -> list[Kept | Recent]:
    """A session of one kept and one sliding layer; returns its layers as mapped."""
    recent = Recent(3)
    recent.append(noise(1, K, len(tokens), D, seed=7), noise(1, K, len(tokens), DV, seed=8))
    with snapshot.Writer(root, name) as writer:
        layers = [writer.add(kept(len(tokens), seed=seed)), writer.add(recent)]
        writer.finish(tokens, FACTS)
    return layers
