"""Rotary positions at virtual places (RoFormer, arXiv:2104.09864; re-rotation as in StreamingLLM).

The model is run with every position id 0, where its own rotary embedding is the identity (times
YaRN's factor, which stays in q and k). Keys are therefore stored un-rotated, and we rotate what a
query actually sees to consecutive places 0, 1, 2, …: no distance is ever larger than the
attention budget, however long the window, and fp32 never loses phase. Angles are computed in
fp64. Departs from RoFormer only in *which* position a key gets.
"""

from __future__ import annotations

import torch
from torch import Tensor


class Rotary:
    """Rotates dims [first, first + 2 * len(inv_freq)) of a head, pairs split in halves."""

    def __init__(self, inv_freq: Tensor, *, first: int = 0) -> None:
        self.inv_freq = inv_freq.detach().double().cpu()  # [R/2]
        self.first = first
        self.width = 2 * self.inv_freq.numel()
        self._cos = torch.empty(0)
        self._sin = torch.empty(0)

    def _table(self, length: int, like: Tensor) -> tuple[Tensor, Tensor]:
        """cos and sin for positions [0, length), dtype and device of ``like``: [length, R]"""
        stale = self._cos.dtype != like.dtype or self._cos.device != like.device
        if stale or self._cos.shape[0] < max(length, 1):
            rows = max(length, 4096, 2 * self._cos.shape[0])
            angles = torch.arange(rows, dtype=torch.float64)[:, None] * self.inv_freq[None]
            cos, sin = angles.cos(), angles.sin()
            self._cos = torch.cat([cos, cos], -1).to(like.device, like.dtype)
            self._sin = torch.cat([-sin, sin], -1).to(like.device, like.dtype)
        return self._cos, self._sin

    def rotate(self, x: Tensor, start: int) -> Tensor:
        """x [..., S, D] at positions start, start + 1, …; a new tensor of the same shape."""
        end = start + x.shape[-2]
        cos, sin = self._table(end, x)
        return self._apply(x, cos[start:end], sin[start:end])

    def rotate_at(self, x: Tensor, positions: Tensor) -> Tensor:
        """x [B, heads, S, D] at ``positions`` [B, S]; a new tensor of the same shape."""
        cos, sin = self._table(int(positions.max()) + 1, x)
        return self._apply(x, cos[positions][:, None], sin[positions][:, None])

    def _apply(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        a, b, half = self.first, self.first + self.width, self.width // 2
        out = torch.empty_like(x)
        if self.width != x.shape[-1]:
            out[..., :a], out[..., b:] = x[..., :a], x[..., b:]
        part, turned = x[..., a:b], out[..., a:b]
        torch.mul(part, cos, out=turned)
        # sin carries the sign of rotate_half: (-x2, x1) * sin == (x2, x1) * (-sin, sin)
        turned[..., :half].addcmul_(part[..., half:], sin[..., :half])
        turned[..., half:].addcmul_(part[..., :half], sin[..., half:])
        return out
