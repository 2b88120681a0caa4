"""The naive twin of everything in this room: loops, explicit keys, explicit positions.

One query of one head at a time, over a list of the tokens it may see and the place each of them
is given. Nothing here is fast and nothing is shared with the fast code but its budget; the tests
compare the two in fp32. Legend: see the room's docstring.
"""

from __future__ import annotations

import torch
from torch import Tensor

from kimidoc.attention.block_sparse import ReadBudget


def rotate(x: Tensor, position: int, inv_freq: Tensor, first: int = 0) -> Tensor:
    """x [D] at ``position``: pairs (i, i + R/2) of the dims from ``first`` turn by an angle."""
    out, half = x.clone(), inv_freq.numel()
    for i in range(half):
        angle = torch.tensor(position, dtype=torch.float64) * inv_freq[i].double()
        a, b = x[first + i].double(), x[first + half + i].double()
        out[first + i] = a * angle.cos() - b * angle.sin()
        out[first + half + i] = b * angle.cos() + a * angle.sin()
    return out


def one(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    scaling: float,
    sink: Tensor | None = None,
    softcap: float | None = None,
) -> Tensor:
    """One query of one head: q [D], k [T, D], v [T, Dv] -> [Dv]; ``sink`` is a number or None."""
    score = (k @ q) * scaling
    if softcap:
        score = softcap * torch.tanh(score / softcap)
    weight = score.exp()
    total = weight.sum() + (sink.exp() if sink is not None else 0.0)
    return (weight[:, None] * v).sum(0) / total


def visible(
    query: Tensor, k: Tensor, at: int, start: int, budget: ReadBudget, mean_query: Tensor
) -> list[int]:
    """The tokens the query at ``at`` sees, in order, of one head: k [T, D], mean_query [D]."""
    L, sink = budget.block_tokens, budget.sink_blocks
    window = max(0, start // L - budget.window_blocks)
    between = list(range(sink, window))
    if len(between) <= budget.top_k:
        return list(range(at + 1))
    promise = {n: float(k[n * L : (n + 1) * L].mean(0) @ mean_query) for n in between}
    best = sorted(sorted(between, key=lambda n: -promise[n])[: budget.top_k])
    blocks = [*range(sink), *best, *range(window, at // L + 1)]
    return [t for n in blocks for t in range(n * L, (n + 1) * L) if t <= at]


def read(
    query: Tensor,
    k: Tensor,
    v: Tensor,
    budget: ReadBudget,
    inv_freq: Tensor | None,
    *,
    scaling: float,
    first: int = 0,
    s_aux: Tensor | None = None,
    softcap: float | None = None,
) -> Tensor:
    """``block_sparse.read`` with the history as tensors: k [K, T, D], v [K, T, Dv]."""
    _, H, S, _ = query.shape
    T, G = k.shape[1], H // k.shape[0]
    out = query.new_zeros(1, S, H, v.shape[-1])
    for s in range(S):
        at = T - S + s
        start = at // budget.group_tokens * budget.group_tokens
        here = range(max(start, T - S) - (T - S), min(start + budget.group_tokens, T) - (T - S))
        for h in range(H):
            head = h // G
            mean = query[0, head * G : (head + 1) * G][:, list(here)].mean((0, 1))
            seen = visible(query, k[head], at, start, budget, mean)
            out[0, s, h] = at_places(
                query[0, h, s], k[head][seen], v[head][seen], len(seen) - 1, inv_freq,
                scaling=scaling, first=first, sink=None if s_aux is None else s_aux[h],
                softcap=softcap,
            )  # fmt: skip
    return out


def at_places(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    place: int,
    inv_freq: Tensor | None,
    *,
    scaling: float,
    first: int = 0,
    sink: Tensor | None = None,
    softcap: float | None = None,
) -> Tensor:
    """One query at ``place``, keys at places 0, 1, 2, …: q [D], k [T, D], v [T, Dv] -> [Dv]"""
    if inv_freq is not None:
        q = rotate(q, place, inv_freq, first)
        k = torch.stack([rotate(x, i, inv_freq, first) for i, x in enumerate(k)])
    return one(q, k, v, scaling=scaling, sink=sink, softcap=softcap)


def sliding(
    query: Tensor,
    k: Tensor,
    v: Tensor,
    window: int,
    inv_freq: Tensor | None,
    *,
    scaling: float,
    s_aux: Tensor | None = None,
) -> Tensor:
    """``sliding.read``: query [B, H, S, D], k and v [B, K, T, D]."""
    B, H, S, _ = query.shape
    T, G = k.shape[2], H // k.shape[1]
    out = query.new_zeros(B, S, H, v.shape[-1])
    for b in range(B):
        for h in range(H):
            for s in range(S):
                at = T - S + s
                low = max(0, at - window + 1)
                out[b, s, h] = at_places(
                    query[b, h, s], k[b, h // G, low : at + 1], v[b, h // G, low : at + 1],
                    at - low, inv_freq, scaling=scaling,
                    sink=None if s_aux is None else s_aux[h],
                )  # fmt: skip
    return out


def choose(
    mean_query: Tensor, means: Tensor, allowed: list[int], must: list[int], top_k: int
) -> list[int]:
    """``working_set.choose`` for one head: mean_query [D], means [N, D] -> block ids in order."""
    others = [n for n in allowed if n not in must]
    others.sort(key=lambda n: -float(means[n] @ mean_query))
    return sorted([*must, *others[:top_k]])
