"""int8 for sealed blocks: keys per channel, values per token (KIVI, arXiv:2402.02750).

Keys have outlier channels, values do not; so a key channel shares one scale over the L tokens of
its block, and a value token one scale over its channels. Symmetric, round to nearest. Departs
from KIVI in 8 bits instead of 2, and in block-local key scales, so that a block can be read alone.
Scales are bf16, and codes are computed against the rounded scale, so rounding it costs nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor

FORMATS = ("raw", "int8")


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
