"""One tile of softmax attention: grouped queries against the keys they may see.

GQA (arXiv:2305.13245) without repeating a key: the G query heads of a key/value head become rows
of one matrix product. Learned sinks (``s_aux``, gpt-oss) join the softmax and are dropped after;
``softcap`` is Gemma 2's. Legend: see the room's docstring.
"""

from __future__ import annotations

import torch
from torch import Tensor


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


def causal_(a: Tensor, size: int) -> Tensor:
    """Hide the future in place: the last ``size`` keys are the ``size`` queries themselves."""
    S = a.shape[-2]
    assert S <= size
    future = torch.ones(S, size, dtype=torch.bool, device=a.device).triu_(size - S + 1)
    a[..., -size:].masked_fill_(future, float("-inf"))
    return a
