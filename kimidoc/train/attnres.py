"""Block Attention Residuals on a model that was trained without them (Kimi, arXiv 2603.15031).

A residual stream is the plain sum of what the embedding and every layer gave. Here layers come in
blocks, and what enters a layer is chosen from the sums of the blocks before it, and from that of
its own block so far, by a softmax over depth:

    h = n * sum_i a_i b_i,   a = softmax_i(w . norm(b_i)) over n sums,   norm: to RMS 1

with one w a layer, and one for what leaves the last. The factor n is ours: with w = 0 every sum
counts once, which is the stream as it was, so a pretrained model begins as itself. The softmax is
made in fp32; per layer there are C weights and nothing else.

    B contexts, S tokens, C hidden width
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class BlockResiduals(nn.Module):
    """The queries of the layers from ``first`` on. ``block``: how many layers a block has."""

    def __init__(self, hidden: int, first: int, layers: int, block: int) -> None:
        super().__init__()
        self.first, self.block = first, block
        self.queries = nn.Parameter(torch.zeros(layers - first + 1, hidden))

    def bounds(self) -> list[int]:
        """The layers below ``first`` at which a block begins."""
        return list(range(0, self.first, self.block))

    def stream(self, entered: Sequence[Tensor]) -> Stream:
        """``entered``: what enters the layers of ``bounds``, and ``first``: [B, S, C] each."""
        wide = [x.float() for x in entered]
        sums = [wide[0], *(b - a for a, b in pairwise(wide))]
        return Stream(self, sums, entered[-1].dtype)


class Stream:
    """What enters each layer, as they are gone through in turn."""

    def __init__(self, weights: BlockResiduals, sums: list[Tensor], dtype: torch.dtype) -> None:
        self._weights, self._dtype = weights, dtype
        self._sums = sums
        self._keys = [_even(b) for b in sums]
        self._part: Tensor | None = None

    def entering(self, layer: int) -> Tensor:
        """[B, S, C]; of the number behind the last layer, what leaves the model"""
        sums, keys = self._sums, self._keys
        if self._part is not None:
            sums, keys = [*sums, self._part], [*keys, _even(self._part)]
        query = self._weights.queries[layer - self._weights.first].float()
        shares = torch.softmax(torch.stack([key @ query for key in keys]), 0) * len(keys)
        mixed = torch.stack([s[..., None] * b for s, b in zip(shares, sums, strict=True)]).sum(0)
        return mixed.to(self._dtype)

    def left(self, layer: int, change: Tensor) -> None:
        """``change``: what the layer added to what entered it, [B, S, C]."""
        change = change.float()
        self._part = change if self._part is None else self._part + change
        if (layer + 1) % self._weights.block == 0:
            self._sums, self._keys = [*self._sums, self._part], [*self._keys, _even(self._part)]
            self._part = None


def _even(x: Tensor) -> Tensor:
    return F.rms_norm(x, x.shape[-1:])
