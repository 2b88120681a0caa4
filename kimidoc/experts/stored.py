"""Matrices as int8 codes with one scale a row, and back; small and one-dimensional ones in fp16."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

CODES, SCALE = ".codes", ".scale"
_LEAST = 4096  # numbers, from which on a matrix is worth coding


def packed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Every tensor by name, matrices as ``name.codes`` int8 [R, C] and ``name.scale`` fp16 [R].

    An entry is at most half a step of its row's largest entry off (a step is 1/127 of it).
    """
    out: dict[str, Tensor] = {}
    for name, tensor in state.items():
        value = tensor.detach().float()
        if value.dim() != 2 or value.numel() < _LEAST:
            out[name] = value.half().contiguous()
            continue
        scale = (value.abs().amax(1) / 127).clamp_min(1e-7).half()
        codes = (value / scale.float()[:, None]).round().clamp(-127, 127)
        out[name + CODES], out[name + SCALE] = codes.to(torch.int8).contiguous(), scale
    return out


def unpacked(kept: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What ``packed`` was given, in fp32. Raises KeyError where a scale is missing."""
    out: dict[str, Tensor] = {}
    for name, tensor in kept.items():
        if name.endswith(CODES):
            own = name.removesuffix(CODES)
            out[own] = tensor.float() * kept[own + SCALE].float()[:, None]
        elif not name.endswith(SCALE):
            out[name] = tensor.float()
    return out
