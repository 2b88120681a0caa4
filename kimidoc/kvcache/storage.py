"""The arrays of one layer: hot in memory while it is read, sealed in files once it is.

A sealed layer is one file per array, raw little-endian, mapped read-only: blocks nobody asks for
are never paged in. Space is reserved before it is written, so a full disk is an error with a next
step and not a crash.
"""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from kimidoc.errors import SessionError
from kimidoc.kvcache import quantize

DTYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "int8": torch.int8,
    "uint8": torch.uint8,
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """How one array lies in its file."""

    file: str
    dtype: str
    shape: tuple[int, ...]


def write_array(directory: Path, name: str, x: Tensor) -> ArraySpec:
    """Write ``x`` to ``directory/name`` and flush it to the disk. Raises SessionError."""
    spec = ArraySpec(name, NAMES[x.dtype], tuple(x.shape))
    flat = x.detach().contiguous().cpu().reshape(-1).view(torch.uint8)
    write_file(directory / name, flat.numpy().data)
    return spec


def write_file(path: Path, data: bytes | memoryview) -> None:
    """Write a whole file and flush it to the disk. Raises SessionError."""
    try:
        with open(path, "wb") as f:
            if len(data) and hasattr(os, "posix_fallocate"):
                os.posix_fallocate(f.fileno(), 0, len(data))
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
    except OSError as e:
        raise disk_error(path.parent, e) from e


def disk_error(directory: Path, e: OSError) -> SessionError:
    """What a failed write to the session folder means for the user."""
    if e.errno in (errno.ENOSPC, errno.EDQUOT):
        return SessionError(
            f"the disk is full: the session under {directory.parent} could not be written",
            hint="free space, remove old sessions with `kimidoc sessions rm ID`, set "
            "KIMIDOC_CACHE_DIR to another disk, or keep nothing with `--session none`",
        )
    return SessionError(
        f"the session under {directory.parent} could not be written: {e.strerror or e}",
        hint="check the folder's permissions, set KIMIDOC_CACHE_DIR, or use `--session none`",
    )


def map_array(directory: Path, spec: ArraySpec) -> tuple[Tensor, mmap.mmap | None]:
    """The array as written, mapped read-only, and its map (None: nothing in it).

    Raises SessionError when the file is not its size.
    """
    dtype, path = DTYPES[spec.dtype], directory / spec.file
    count = 1
    for n in spec.shape:
        count *= n
    size = path.stat().st_size if path.exists() else None
    if size != count * dtype.itemsize:
        found = "is missing" if size is None else f"has {size:,} bytes"
        raise SessionError(
            f"session file {path} is damaged: it {found} instead of {count * dtype.itemsize:,}",
            hint=f"remove the session with `kimidoc sessions rm {directory.name}`; the next run "
            "rebuilds it",
        )
    if count == 0:
        return torch.empty(spec.shape, dtype=dtype), None
    with open(path, "rb") as f:
        # A private map, so that torch sees memory it might write to; nothing ever does.
        mapped = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY)
    return torch.frombuffer(mapped, dtype=dtype).view(spec.shape), mapped


def unload(maps: Iterable[mmap.mmap]) -> None:
    """Take mapped pages out of this process's memory; the system still has them cached.

    One touched page brings 15 neighbours with it, so that a few questions hold a whole session.
    """
    if hasattr(mmap, "MADV_DONTNEED"):
        for mapped in maps:
            mapped.madvise(mmap.MADV_DONTNEED)


class HotBlocks:
    """One layer being read: room for N blocks in the model's dtype, filled from the front."""

    def __init__(self, tokens: int, block_tokens: int) -> None:
        self.block_tokens = block_tokens
        self.capacity = -(-tokens // block_tokens) * block_tokens
        self.length = 0
        self.k = self.v = torch.empty(0)  # [K, N * L, D]; token-major while hot: spans are views

    def append(self, k: Tensor, v: Tensor) -> None:
        """k [K, S, D], v [K, S, Dv]: the next S tokens."""
        shape = (k.shape[0], self.capacity, k.shape[2])
        if self.length == 0 and (self.k.shape != shape or self.v.shape[2] != v.shape[2]):
            # zeros, not empty: the padding of the last block takes part in its scales
            self.k = k.new_zeros(k.shape[0], self.capacity, k.shape[2])
            self.v = v.new_zeros(v.shape[0], self.capacity, v.shape[2])
        end = self.length + k.shape[1]
        assert end <= self.capacity, (end, self.capacity)
        self.k[:, self.length : end] = k
        self.v[:, self.length : end] = v
        self.length = end

    def clear(self) -> None:
        """Empty, but keep the memory for the next layer."""
        self.length = 0
        self.k.zero_()
        self.v.zero_()

    def block_major(self) -> tuple[Tensor, Tensor]:
        """k [N, K, L, D], v [N, K, L, Dv], the last block padded with zeros."""
        N, L = -(-self.length // self.block_tokens), self.block_tokens
        return (
            self.k[:, : N * L].view(-1, N, L, self.k.shape[2]).transpose(0, 1),
            self.v[:, : N * L].view(-1, N, L, self.v.shape[2]).transpose(0, 1),
        )


def _encode(x: Tensor, encode: Callable[[Tensor], tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """``encode`` a few blocks at a time: its fp32 copies never span the window."""
    at_once = 256
    codes, scales = (y.new_empty(x.shape[0], *y.shape[1:]) for y in encode(x[:1]))
    for a in range(0, x.shape[0], at_once):
        codes[a : a + at_once], scales[a : a + at_once] = encode(x[a : a + at_once])
    return codes, scales


@dataclass(frozen=True, slots=True)
class SealedBlocks:
    """One layer as kept: codes and scales (scales None: raw), block-major."""

    length: int
    block_tokens: int
    k: Tensor
    v: Tensor
    k_scale: Tensor | None
    v_scale: Tensor | None
    dtype: torch.dtype

    @classmethod
    def of(cls, hot: HotBlocks, storage: str) -> SealedBlocks:
        """Compress a layer that has been read to its end."""
        assert storage in quantize.FORMATS, storage
        k, v = hot.block_major()
        if storage == "raw":
            # clone, not contiguous(): with one head these are still views of the hot buffer
            k, v = (x.clone(memory_format=torch.contiguous_format) for x in (k, v))
            return cls(hot.length, hot.block_tokens, k, v, None, None, k.dtype)
        if storage == "int4":
            (kc, ks), (vc, vs) = _encode(k, quantize.encode4), _encode(v, quantize.encode4)
        else:
            kc, ks = _encode(k, partial(quantize.encode, dim=-2))
            vc, vs = _encode(v, partial(quantize.encode, dim=-1))
        return cls(hot.length, hot.block_tokens, kc, vc, ks, vs, k.dtype)

    def read(self, block: Tensor, head: Tensor) -> tuple[Tensor, Tensor]:
        """Blocks ``block`` of heads ``head`` (same shape [...]): k [..., L, D], v [..., L, Dv]."""
        k, v = self.k[block, head], self.v[block, head]
        if self.k_scale is None or self.v_scale is None:
            return k, v
        return (
            quantize.decode_any(k, self.k_scale[block, head], self.dtype),
            quantize.decode_any(v, self.v_scale[block, head], self.dtype),
        )
