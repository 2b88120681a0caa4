"""Reading on a budget: sinks, top-k past blocks, a window. The gate is MoBA's (arXiv:2502.13189).

Every tile of queries sees the first blocks (sinks, arXiv:2309.17453), the blocks of the window
before it, itself causally, and the ``top_k`` blocks in between whose mean key scores highest
against the tile's mean query, in fp32, per key/value head. Departs from MoBA in choosing per
tile of queries instead of per query (tiles stay dense), and in giving what was chosen
consecutive virtual positions. When the budget covers everything, this is dense attention.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from kimidoc.attention import dense
from kimidoc.attention.positions import Rotary

Expand = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True, slots=True)
class ReadBudget:
    """What a query may see while reading. Everything in blocks of ``block_tokens``."""

    block_tokens: int = 128
    sink_blocks: int = 1
    window_blocks: int = 12
    top_k: int = 8
    group_tokens: int = 128


class History(Protocol):
    """Keys and values of one layer, un-rotated. The chunk being read is already part of it."""

    length: int
    shared_choice: bool  # all heads must choose the same blocks (MLA: one latent for all)

    def span(self, start: int, end: int) -> tuple[Tensor, Tensor]:
        """Tokens [start, end): k [K, T, D], v [K, T, Dv]."""
        ...

    def blocks(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Whole blocks, ``chosen`` [K, C] per head: k [K, C * L, D], v [K, C * L, Dv]."""
        ...

    def means(self, first: int, end: int) -> Tensor:
        """Mean keys of whole blocks [first, end), fp32: [K, N, D]."""
        ...


def affinity(mean_query: Tensor, means: Tensor, *, shared: bool) -> Tensor:
    """How much each block promises each head. [K, D] x [K, N, D] -> [K, N]"""
    a = torch.einsum("kd,knd->kn", mean_query, means)
    return a.sum(0, keepdim=True).expand_as(a) if shared else a


def gate(affinity: Tensor, top_k: int) -> Tensor:
    """The ``top_k`` best blocks per head, in window order. [K, N] -> [K, top_k]"""
    return affinity.topk(top_k, -1).indices.sort(-1).values


def window_start(tile: int, budget: ReadBudget) -> int:
    """First block of the window of the tile starting at token ``tile``; 0: nothing is left out."""
    first = max(0, tile // budget.block_tokens - budget.window_blocks)
    return first if first - budget.sink_blocks > budget.top_k else 0


def tiles(start: int, end: int, size: int) -> list[tuple[int, int, int]]:
    """[start, end) cut at the multiples of ``size``: (from, to, the multiple it belongs to)."""
    firsts = range(start // size * size, end, size)
    return [(max(start, t), min(end, t + size), t) for t in firsts]


def read(
    query: Tensor,
    history: History,
    budget: ReadBudget,
    rotary: Rotary | None,
    *,
    scaling: float,
    s_aux: Tensor | None = None,
    softcap: float | None = None,
) -> Tensor:
    """query [1, H, S, D], the last S tokens of ``history`` -> [1, S, H, Dv]

    Tiles start at multiples of ``group_tokens`` of the window, not of the chunk: however the
    window is cut into chunks at those multiples, the result is the same.
    """
    L, sink, end = budget.block_tokens, budget.sink_blocks, history.length
    start = end - query.shape[2]
    cut = tiles(start, end, budget.group_tokens)
    base = window_start(cut[0][2], budget) * L
    last_window = window_start(cut[-1][2], budget)
    near_k, near_v = history.span(base, end)
    group = dense.group(query, near_k.shape[0])
    margin = (sink + budget.top_k) * L  # virtual position of token ``base``; room for what is far
    if rotary:
        near_k = rotary.rotate(near_k, margin)
        query = rotary.rotate(query, margin + start - base)
    turned = dense.group(query, near_k.shape[0])
    if last_window:
        head_k, head_v = history.span(0, sink * L)
        means = history.means(sink, last_window) if budget.top_k else None
    out = query.new_empty(1, end - start, query.shape[1], near_v.shape[-1])
    for a, b, tile in cut:
        window = window_start(tile, budget)
        near = slice(window * L - base, b - base)
        k, v = near_k[:, near], near_v[:, near]
        if window:
            at = window * L - base  # virtual position of the first sink: everything is consecutive
            keys, values = [rotary.rotate(head_k, at) if rotary else head_k], [head_v]
            if means is not None:
                mean_query = group[0, :, :, a - start : b - start].float().mean((1, 2))  # [K, D]
                promise = affinity(
                    mean_query, means[:, : window - sink], shared=history.shared_choice
                )
                far_k, far_v = history.blocks(gate(promise, budget.top_k) + sink)
                keys.append(rotary.rotate(far_k, at + sink * L) if rotary else far_k)
                values.append(far_v)
            k, v = torch.cat([*keys, k], -2), torch.cat([*values, v], -2)
        q = turned[:, :, :, a - start : b - start]
        s = dense.causal_(dense.scores(q, k[None], scaling=scaling, softcap=softcap), b - a)
        out[:, a - start : b - start] = dense.ungroup(dense.mix(dense.weights(s, s_aux), v[None]))
    return out
