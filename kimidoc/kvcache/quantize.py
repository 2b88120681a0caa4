"""int8 and int4 for sealed blocks.

int8: keys per channel, values per token (KIVI, arXiv:2402.02750).

Keys have outlier channels, values do not; so a key channel shares one scale over the L tokens of
its block, and a value token one scale over its channels. Symmetric, round to nearest. Departs
from KIVI in 8 bits instead of 2, and in block-local key scales, so that a block can be read alone.
Scales are bf16, and codes are computed against the rounded scale, so rounding it costs nothing.

int4: every key and every value is turned by a Hadamard matrix first (QuaRot, arXiv:2404.00456),
which spreads an outlier channel over all of them, then coded per token; two codes in one byte.
Where the number of channels is odd it is int8 per token.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

FORMATS = ("raw", "int8", "int4")


def encode(x: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """x [..., L, D] -> int8 codes of the same shape and bf16 scales, ``dim`` reduced to 1.

    ``dim`` is the axis that shares a scale: -2 for keys (per channel), -1 for values (per token).
    """
    wide = x.float()
    scale = (wide.abs().amax(dim, keepdim=True) / 127).to(torch.bfloat16)
    # Never zero or subnormal: codes must stand for multiples of the very scale that is stored.
    scale = scale.clamp_min(torch.finfo(torch.bfloat16).tiny)
    return (wide / scale.float()).round_().clamp_(-127, 127).to(torch.int8), scale


def decode(codes: Tensor, scale: Tensor, dtype: torch.dtype) -> Tensor:
    """The values the codes stand for, in ``dtype``."""
    return codes.to(dtype) * scale.to(dtype)


@cache
def _hadamard(size: int) -> Tensor:
    """An orthogonal, symmetric matrix, its own inverse: fp32 [size, size].

    +-1 / sqrt(n), n the largest power of two that divides ``size``, repeated along the diagonal.
    """
    n = size & -size
    h = torch.ones(1, 1)
    while h.shape[0] < n:
        h = torch.cat([torch.cat([h, h], 1), torch.cat([h, -h], 1)], 0)
    return torch.kron(torch.eye(size // n), h / n**0.5)


def encode4(x: Tensor) -> tuple[Tensor, Tensor]:
    """x [..., D] -> uint8 [..., D / 2], two codes each, and bf16 scales [..., 1]"""
    if x.shape[-1] % 2:
        return encode(x, -1)
    turned = x.float() @ _hadamard(x.shape[-1]).to(x.device)
    scale = (turned.abs().amax(-1, keepdim=True) / 7).to(torch.bfloat16)
    scale = scale.clamp_min(torch.finfo(torch.bfloat16).tiny)
    codes = (turned / scale.float()).round_().clamp_(-7, 7).add_(8).to(torch.uint8)
    return codes[..., ::2] | codes[..., 1::2] << 4, scale


def decode4(codes: Tensor, scale: Tensor, dtype: torch.dtype) -> Tensor:
    """The values the codes stand for, in ``dtype``: [..., D]"""
    pairs = torch.stack([codes & 15, codes >> 4], -1).flatten(-2)
    turned = (pairs.to(dtype) - 8) * scale.to(dtype)
    return turned @ _hadamard(turned.shape[-1]).to(codes.device, dtype)


def decode_any(codes: Tensor, scale: Tensor, dtype: torch.dtype) -> Tensor:
    """``decode4`` for pairs of codes (uint8), ``decode`` for single ones (int8)."""
    return (decode4 if codes.dtype == torch.uint8 else decode)(codes, scale, dtype)
