"""Reading with a bounded budget: sinks, top-k past blocks, a window. MoBA's gate (arXiv:2502.13189).

Every group of queries sees the first blocks (sinks, arXiv:2309.17453), the blocks of the window
before it, itself causally, and the ``top_k`` blocks in between whose mean key scores highest
against the group's mean query, in fp32, per key/value head. Departs from MoBA in choosing per
group of queries instead of per query (tiles stay dense), and in giving what was chosen
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
    """query [1, H, S, D], the last S tokens of ``history`` -> [1, S, H, Dv]"""
    S = query.shape[2]
    start, L = history.length - S, budget.block_tokens
    sink = budget.sink_blocks
    window = max(0, start // L - budget.window_blocks)  # first block of the window
    between = window - sink
    top_k = min(budget.top_k, max(between, 0))
    if between <= budget.top_k:  # everything fits: no gap to choose from
        window, top_k = 0, 0
        head = history.span(0, 0)
    else:
        head = history.span(0, sink * L)
    tail = history.span(window * L, history.length)
    near = head[0].shape[-2] + top_k * L  # virtual position of the window's first token
    q = dense.group(query, tail[0].shape[0])
    keys_head = rotary.rotate(head[0], 0) if rotary else head[0]
    keys_tail = rotary.rotate(tail[0], near) if rotary else tail[0]
    virtual = near + start - window * L  # virtual position of the chunk's first query
    out = []
    for a in range(0, S, budget.group_tokens):
        b = min(S, a + budget.group_tokens)
        group, cut = q[:, :, :, a:b], start + b - window * L
        k, v = [keys_head, keys_tail[:, :cut]], [head[1], tail[1][:, :cut]]
        if top_k:
            mean_query = group[0].float().mean((1, 2))  # [K, D]
            promise = affinity(
                mean_query, history.means(sink, window), shared=history.shared_choice
            )
            chosen = gate(promise, top_k) + sink
            far_k, far_v = history.blocks(chosen)
            k.insert(1, rotary.rotate(far_k, head[0].shape[-2]) if rotary else far_k)
            v.insert(1, far_v)
        turned = rotary.rotate(group, virtual + a) if rotary else group
        s = dense.scores(turned, torch.cat(k, -2)[None], scaling=scaling, softcap=softcap)
        p = dense.weights(dense.causal_(s, b - a), s_aux)
        out.append(dense.mix(p, torch.cat(v, -2)[None]))
    return dense.ungroup(torch.cat(out, 3))
