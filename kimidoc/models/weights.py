"""Safetensors headers: names, shapes and types of all weights without reading any.

The format: https://github.com/huggingface/safetensors#format. Eight bytes give the length of a
JSON header, which gives each tensor's type, shape and place; the file ends where the last one ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import prod
from pathlib import Path
from typing import Any

from kimidoc.errors import ModelError

HEADER_BYTES = 100_000_000  # the limit of the format
SAMPLE_BYTES = 512
SAMPLES = 4096


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor as its file's header has it; ``start`` and ``end`` are bytes of the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Shard:
    """One safetensors file."""

    file: Path
    size: int
    header: bytes
    tensors: tuple[Tensor, ...]


def read(files: Sequence[Path]) -> tuple[Shard, ...]:
    """The headers of ``files``. Raises ModelError for a damaged or cut file."""
    return tuple(_shard(file) for file in files)


def _shard(file: Path) -> Shard:
    size = file.stat().st_size
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if not 2 <= length <= min(HEADER_BYTES, size - 8):
                raise ValueError("its beginning is not a header")
            header = stream.read(length)
        tensors = tuple(_tensors(json.loads(header), 8 + length))
        if (end := max((t.end for t in tensors), default=8 + length)) != size:
            raise ValueError(f"it has {size:,} bytes, its header says {end:,}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as reason:
        raise ModelError(
            f"{file} is damaged or cut short: {reason}.", hint="Download the model again."
        ) from None
    return Shard(file, size, header, tensors)


def _tensors(header: Mapping[str, Any], base: int) -> Iterator[Tensor]:
    for name, fields in header.items():
        if name != "__metadata__":
            start, end = fields["data_offsets"]
            shape = tuple(int(n) for n in fields["shape"])
            yield Tensor(name, fields["dtype"], shape, base + start, base + end)


def fingerprint(shards: Sequence[Shard]) -> bytes:
    """A digest that two sets of weights share only if they are the same, at the cost of a header.

    Over every header, file size, and 512 bytes from the middle of every tensor (of 4,096 tensors
    evenly, where there are more). Training moves every tensor; a single flipped bit elsewhere is
    what ``models verify`` is for.
    """
    hasher = sha256()
    stride = -(-sum(len(shard.tensors) for shard in shards) // SAMPLES) or 1
    at = 0
    for shard in shards:
        hasher.update(f"{shard.file.name}\0{shard.size}\0".encode() + shard.header)
        with shard.file.open("rb") as stream:
            for tensor in sorted(shard.tensors, key=lambda t: t.start):
                if at % stride == 0:
                    length = min(SAMPLE_BYTES, tensor.end - tensor.start)
                    stream.seek((tensor.start + tensor.end - length) // 2)
                    hasher.update(stream.read(length))
                at += 1
    return hasher.digest()


def parameters(shards: Sequence[Shard], config: Mapping[str, Any]) -> tuple[int, int]:
    """(all, active for one token). Tied weights are stored, and counted, once."""
    shared = expert = 0
    for shard in shards:
        for tensor in shard.tensors:
            if re.search(r"\.experts\.", tensor.name):
                expert += _count(tensor)
            else:
                shared += _count(tensor)
    text = config.get("text_config") or config
    names = ("num_local_experts", "num_experts", "n_routed_experts")
    experts = next((n for name in names if isinstance(n := text.get(name), int) and n), None)
    chosen = next(
        (
            n
            for name in ("num_experts_per_tok", "num_experts_per_token")
            if isinstance(n := text.get(name), int)
        ),
        None,
    )
    if experts is None or chosen is None:
        return shared + expert, shared + expert
    return shared + expert, shared + expert * min(chosen, experts) // experts


def _count(tensor: Tensor) -> int:
    """Weights in a tensor: MXFP4 blocks hold two in a byte, and their scales are none."""
    if tensor.dtype == "U8" and tensor.name.endswith("_scales"):
        return 0
    packed = tensor.dtype == "U8" and tensor.name.endswith("_blocks")
    return prod(tensor.shape) * (2 if packed else 1)
