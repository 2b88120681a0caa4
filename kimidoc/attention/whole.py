"""A whole window in one pass: every tile's working set at once, for an accelerator.

What ``block_sparse.read`` does tile after tile, over a window of some ten thousand tokens that
lies in memory anyway: all tiles choose, gather and attend together, through torch's own SDPA.
Training reads its windows so on a GPU; the tests hold it to ``block_sparse``.

    n tiles of L tokens, K key/value heads of G queries each, C blocks in a working set
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kimidoc.attention.block_sparse import ReadBudget
from kimidoc.attention.positions import Rotary


class WholeWindow:
    """Satisfies ``register.LayerState`` for a full-attention layer that sees a window once."""

    def __init__(self, budget: ReadBudget, rotary: Rotary | None) -> None:
        self.budget, self.rotary = budget, rotary

    def attend(
        self,
        module: nn.Module,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        *,
        scaling: float,
        s_aux: Tensor | None,
        softcap: float | None,
    ) -> Tensor:
        """See ``attention.register.LayerState``; the keys are those of the queries."""
        assert s_aux is None and not softcap, "only the engine's tiles know learned sinks and caps"
        return read(query, key, value, self.budget, self.rotary, scaling=scaling)


def read(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    budget: ReadBudget,
    rotary: Rotary | None,
    *,
    scaling: float,
) -> Tensor:
    """query [1, H, T, D], key [1, K, T, D], value [1, K, T, Dv], un-rotated -> [1, T, H, Dv]"""
    L, T, (K, D) = budget.block_tokens, query.shape[2], (key.shape[1], key.shape[3])
    assert budget.group_tokens == L, "a tile is a block here"
    n = -(-T // L)
    q, k, v = (F.pad(x[0], (0, 0, 0, n * L - T)) for x in (query, key, value))
    q = q.view(K, -1, n, L, D).transpose(1, 2)  # [K, n, G, L, D]
    k, v = k.view(K, n, L, D), v.view(K, n, L, -1)
    blocks, own = _sets(q, k, T, budget)
    head = torch.arange(K, device=k.device)[:, None, None]
    keys, values = k[head, blocks].flatten(2, 3), v[head, blocks].flatten(2, 3)  # [K, n, C * L, D]
    if rotary:
        keys = rotary.rotate(keys, 0)
        at = own[:, None] * L + torch.arange(L, device=k.device)  # [n, L]
        q = rotary.rotate_at(q.permute(1, 0, 2, 3, 4).flatten(1, 2), at)  # [n, K * G, L, D]
        q = q.view(n, K, -1, L, D).transpose(0, 1)
    G = q.shape[2]
    seen = _seen(own, blocks.shape[2], L)[:, None].expand(-1, G, -1, -1).flatten(1, 2)
    mixed = F.scaled_dot_product_attention(
        q.transpose(0, 1).flatten(2, 3).contiguous(),  # [n, K, G * L, D]
        keys.transpose(0, 1), values.transpose(0, 1), attn_mask=seen[:, None], scale=scaling,
    )  # fmt: skip
    out = mixed.view(n, K * G, L, -1).transpose(1, 2).flatten(0, 1)[:T]
    return out[None]


def _sets(q: Tensor, k: Tensor, tokens: int, budget: ReadBudget) -> tuple[Tensor, Tensor]:
    """The blocks of every tile's working set, [K, n, C], and the slot that is the tile itself, [n].

    Slots behind the tile itself are filled with anything; nobody sees them.
    """
    K, n, L = k.shape[:3]
    sink, top = budget.sink_blocks, budget.top_k
    tile = torch.arange(n, device=k.device)
    window = (tile - budget.window_blocks).clamp_min(0)
    sparse = window - sink > top
    slot = torch.arange(sink + top + budget.window_blocks + 1, device=k.device)
    blocks = slot.expand(K, n, -1).clone().clamp_max_(n - 1)  # everything, in order
    near = (window[:, None] + slot - sink - top).clamp(0, n - 1)
    blocks = torch.where((sparse[:, None] & (slot >= sink + top)), near, blocks)
    if top and bool(sparse.any()):
        real = torch.full((n,), L, device=k.device)
        real[-1] = tokens - (n - 1) * L
        mean_query = q.float().sum((2, 3)) / (real[:, None] * q.shape[2])  # [K, n, D]
        promise = mean_query @ k.float().mean(2).transpose(1, 2)  # [K, n, N]
        past = (tile >= sink) & (tile < window[:, None])
        promise = promise.masked_fill(~past, float("-inf"))
        chosen = promise.topk(min(top, n), -1).indices.sort(-1).values
        here = blocks[:, :, sink : sink + top]
        blocks[:, :, sink : sink + top] = torch.where(sparse[:, None], chosen, here)
    return blocks, torch.where(sparse, slot[-1], tile)


def _seen(own: Tensor, slots: int, block_tokens: int) -> Tensor:
    """Which keys each query of each tile sees: those in slots before its own, and the past of it.

    own [n] -> bool [n, L, slots * L]
    """
    at = torch.arange(slots * block_tokens, device=own.device)
    last = own[:, None] * block_tokens + torch.arange(block_tokens, device=own.device)
    return at <= last[:, :, None]
