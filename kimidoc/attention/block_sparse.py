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
    window_blocks: int = 8
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

    The near keys lie in one run, and an index into it is a virtual position. What is far is put
    over the keys right before a tile's window: no later tile looks at those any more.
    """
    L, sink, end = budget.block_tokens, budget.sink_blocks, history.length
    start = end - query.shape[2]
    cut = tiles(start, end, budget.group_tokens)
    base = window_start(cut[0][2], budget) * L
    last_window = window_start(cut[-1][2], budget)
    far = (sink + budget.top_k) * L if last_window else 0
    keys, values = _near(history, base, end, far, rotary)
    group = dense.group(query, keys.shape[0])[0]  # [K, G, S, D]
    turned = rotary.rotate(group, far + start - base).mul_(scaling) if rotary else group * scaling
    if last_window:
        sinks = history.span(0, sink * L)
        means = history.means(sink, last_window) if budget.top_k else None
    out = query.new_empty(end - start, *turned.shape[:2], values.shape[-1])  # [S, K, G, Dv]
    tile = dense.Tile()
    for a, b, first in cut:
        window = window_start(first, budget)
        begin = window * L - base + (0 if window else far)
        if window:
            _put(keys, values, begin, sinks, rotary)
        if window and means is not None:
            mean_query = group[:, :, a - start : b - start].float().mean((1, 2))  # [K, D]
            promise = affinity(mean_query, means[:, : window - sink], shared=history.shared_choice)
            chosen = history.blocks(gate(promise, budget.top_k) + sink)
            _put(keys, values, begin + sink * L, chosen, rotary)
        seen = slice(begin, far + b - base)
        mixed = tile.attend(
            turned[:, :, a - start : b - start],
            keys[:, :, seen],
            values[:, seen],
            b - a,
            s_aux=s_aux,
            softcap=softcap,
        )
        out[a - start : b - start] = mixed.permute(2, 0, 1, 3)
    return out.flatten(1, 2)[None]


def _near(
    history: History, base: int, end: int, far: int, rotary: Rotary | None
) -> tuple[Tensor, Tensor]:
    """Copies of tokens [base, end) with room for ``far`` tokens before them.

    Rotated keys [K, D, far + T], in the order that makes the product of a slice of them fastest,
    and values [K, far + T, Dv].
    """
    k, v = history.span(base, end)
    keys = k.new_empty(k.shape[0], k.shape[2], far + end - base)
    values = v.new_empty(v.shape[0], far + end - base, v.shape[2])
    _put(keys, values, far, (k, v), rotary)
    return keys, values


def _put(
    keys: Tensor, values: Tensor, at: int, what: tuple[Tensor, Tensor], rotary: Rotary | None
) -> None:
    """Lay un-rotated keys and their values over what stands at ``at``."""
    k, v = what
    place = slice(at, at + k.shape[1])
    values[:, place] = v
    keys[:, :, place] = (rotary.rotate(k, at) if rotary else k).transpose(1, 2)
