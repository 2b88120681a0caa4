"""One tile of softmax attention: grouped queries against the keys they may see.

GQA (arXiv:2305.13245) without repeating a key: the G query heads of a key/value head become rows
of one matrix product. Learned sinks (``s_aux``, gpt-oss) join the softmax and are dropped after;
``softcap`` is Gemma 2's. Legend: see the room's docstring.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from kimidoc.attention.products import dtype_of


def scores(q: Tensor, k: Tensor, *, scaling: float, softcap: float | None = None) -> Tensor:
    """q [B, K, G, S, D], k [B, K, T, D] -> [B, K, G, S, T]"""
    B, K, G, S, D = q.shape
    flat = torch.matmul(q.reshape(B, K, G * S, D) * scaling, k.transpose(-1, -2))
    if softcap:
        flat = softcap * torch.tanh(flat / softcap)
    return flat.view(B, K, G, S, -1)


def weights(a: Tensor, s_aux: Tensor | None = None) -> Tensor:
    """Scores [B, K, G, S, T] -> probabilities; ``s_aux`` [H] takes its share and is dropped."""
    if s_aux is None:
        return torch.softmax(a, -1)
    B, K, G, S, _ = a.shape
    sink = s_aux.to(a.dtype).view(1, K, G, 1, 1).expand(B, K, G, S, 1)
    return torch.softmax(torch.cat([a, sink], -1), -1)[..., :-1]


def mix(p: Tensor, v: Tensor) -> Tensor:
    """p [B, K, G, S, T], v [B, K, T, Dv] -> [B, K, G, S, Dv]"""
    B, K, G, S, T = p.shape
    return torch.matmul(p.reshape(B, K, G * S, T).to(v.dtype), v).view(B, K, G, S, -1)


def group(query: Tensor, kv_heads: int) -> Tensor:
    """[B, H, S, D] -> [B, K, G, S, D], a view"""
    B, H, S, D = query.shape
    return query.view(B, kv_heads, H // kv_heads, S, D)


def ungroup(out: Tensor) -> Tensor:
    """[B, K, G, S, Dv] -> [B, S, H, Dv], what transformers expects back"""
    B, K, G, S, D = out.shape
    return out.reshape(B, K * G, S, D).transpose(1, 2).contiguous()


@lru_cache(maxsize=64)
def _future(rows: int, size: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.full((rows, size), float("-inf"), dtype=dtype, device=device).triu_(
        size - rows + 1
    )


def causal_(a: Tensor, size: int) -> Tensor:
    """Hide the future in place: the last ``size`` keys are the ``size`` queries themselves."""
    S = a.shape[-2]
    assert S <= size
    a[..., -size:].add_(_future(S, size, a.dtype, a.device))  # a third of masked_fill_'s time
    return a


class Tile:
    """Softmax attention of one tile after another, with one tile's memory.

    Scores never exist beyond a tile, and tiles of one size share their place: ``attend`` is
    ``mix(weights(causal_(scores(...))))`` without a new tensor for each step.
    """

    def __init__(self) -> None:
        self._scores = self._out = torch.empty(0)

    def attend(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        own: int,
        *,
        s_aux: Tensor | None = None,
        softcap: float | None = None,
    ) -> Tensor:
        """q [K, G, S, D], scaled; k [K, D, T], v [K, T, Dv]; the last ``own`` keys are causal.

        Returns [K, G, S, Dv], which the next call overwrites.
        """
        (K, G, S, D), T, dtype = q.shape, k.shape[2], dtype_of(q)
        if self._scores.shape != (K, G * S, T) or self._scores.dtype is not dtype:
            self._scores = q.new_empty(K, G * S, T, dtype=dtype)
            self._out = q.new_empty(K, G * S, v.shape[2], dtype=dtype)
        flat = torch.bmm(q.reshape(K, G * S, D).to(dtype), k.to(dtype), out=self._scores)
        if softcap:
            flat.div_(softcap).tanh_().mul_(softcap)
        causal_(flat.view(K, G, S, T), own)
        if s_aux is None:
            torch.softmax(flat, -1, out=flat)
        else:
            flat = weights(flat.view(1, K, G, S, T), s_aux).reshape(K, G * S, T)
        made = torch.bmm(flat, v.to(dtype), out=self._out).view(K, G, S, -1)
        return made.to(q.dtype)
