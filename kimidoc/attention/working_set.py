"""The keys one question is given: chosen once from the history, then attended to densely.

Sinks, the blocks a prior insists on, and the blocks whose mean key the question's own queries
promise most (MoBA's gate again), per key/value head, at consecutive virtual positions. Many
questions are rows of one batch: their sets are padded to one length, the shared history itself is
never repeated. Departs from Quest (arXiv:2406.10774) in choosing once per question, not per token.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from kimidoc.attention import dense
from kimidoc.attention.block_sparse import History, affinity, gate
from kimidoc.attention.positions import Rotary


@dataclass(frozen=True, slots=True)
class Choice:
    """What one row may and must look at, in block ids, and which tokens count.

    ``must`` is sorted and part of ``allowed``; ``ranges`` are the token ranges that may be seen
    (None: everything), so that a block at a document's edge shows that document only.
    """

    allowed: Tensor  # [A] int64, sorted
    must: Tensor  # [M] int64, sorted
    top_k: int
    ranges: tuple[tuple[int, int], ...] | None = None


@dataclass(slots=True)
class WorkingSet:
    """One layer's keys for B rows: k [B, K, T, D] rotated, v [B, K, T, Dv], seen [B, K, T]."""

    k: Tensor
    v: Tensor
    seen: Tensor  # bool
    lengths: Tensor  # [B]: where each row's own tokens begin
    blocks: list[Tensor]  # per row [K, C]: the block of every run of L keys


def choose(mean_query: Tensor, past: History, choice: Choice) -> Tensor:
    """The blocks of one row in window order, per head: mean_query [K, D] -> [K, C]"""
    K = mean_query.shape[0]
    room = choice.top_k + choice.must.numel()
    if choice.allowed.numel() <= room:
        return choice.allowed.expand(K, -1)
    promise = affinity(
        mean_query, past.means(0, int(choice.allowed[-1]) + 1), shared=past.shared_choice
    )[:, choice.allowed]
    promise[:, torch.isin(choice.allowed, choice.must)] = float("inf")
    return choice.allowed[gate(promise, room)]


def tokens_seen(blocks: Tensor, past_length: int, block_tokens: int, choice: Choice) -> Tensor:
    """Which keys of the chosen blocks count: [K, C] -> bool [K, C * L]"""
    inner = torch.arange(block_tokens, device=blocks.device)
    at = (blocks[..., None] * block_tokens + inner).flatten(1)
    seen = at < past_length
    if choice.ranges is None:
        return seen
    inside = torch.zeros_like(seen)
    for start, end in choice.ranges:
        inside |= (at >= start) & (at < end)
    return seen & inside


def build(
    query: Tensor,
    asked: Tensor,
    past: History,
    choices: list[Choice],
    rotary: Rotary | None,
    *,
    kv_heads: int,
    block_tokens: int,
) -> WorkingSet:
    """query [B, H, S, D] un-rotated, asked [B, S] marks the question's own tokens."""
    grouped = dense.group(query, kv_heads).float()  # [B, K, G, S, D]
    weight = asked.float()[:, None, None, :, None]
    mean = (grouped * weight).sum((2, 3)) / (weight.sum((2, 3)) * grouped.shape[2])  # [B, K, D]
    rows, blocks = [], []
    for row, choice in enumerate(choices):
        chosen = choose(mean[row], past, choice)
        k, v = past.blocks(chosen)
        rows.append((k, v, tokens_seen(chosen, past.length, block_tokens, choice)))
        blocks.append(chosen)
    T = max(k.shape[1] for k, _, _ in rows)
    k0, v0, _ = rows[0]
    out = WorkingSet(
        k0.new_zeros(len(rows), kv_heads, T, k0.shape[-1]),
        v0.new_zeros(len(rows), kv_heads, T, v0.shape[-1]),
        torch.zeros(len(rows), kv_heads, T, dtype=torch.bool, device=k0.device),
        torch.tensor([_own_start(b, past.length, block_tokens) for b in blocks], device=k0.device),
        blocks,
    )
    for row, (k, v, seen) in enumerate(rows):
        n = k.shape[1]
        out.k[row, :, :n] = rotary.rotate(k, 0) if rotary else k
        out.v[row, :, :n] = v
        out.seen[row, :, :n] = seen
    return out


def _own_start(blocks: Tensor, past_length: int, block_tokens: int) -> int:
    """Virtual position of the row's first own token: right after its last real key."""
    open_block, filled = divmod(past_length, block_tokens)
    padding = block_tokens - filled if filled and bool((blocks[:, -1] == open_block).all()) else 0
    return blocks.shape[1] * block_tokens - padding


def attend(
    query: Tensor,
    prefix_k: Tensor,
    prefix_v: Tensor,
    prefix_seen: Tensor | None,
    suffix_k: Tensor,
    suffix_v: Tensor,
    suffix_seen: Tensor,
    *,
    scaling: float,
    s_aux: Tensor | None = None,
    softcap: float | None = None,
) -> tuple[Tensor, Tensor]:
    """Rows over what they were given and over their own tokens; keys and queries rotated.

    query [B, H, S, D]; prefix [B or 1, K, T, D]; suffix [B, K, U, D]; prefix_seen [B, K or 1,
    S or 1, T] (None: all of it), suffix_seen [B, S, U] bool. A prefix of one row is every row's:
    it is not repeated, all rows' queries are one product's (as in Hydragen, arXiv:2402.05099).
    Returns [B, S, H, Dv] and the prefix's share of the attention, [B, K, G, S, T].
    """
    q = dense.group(query, prefix_k.shape[1])
    T, shared = prefix_k.shape[2], prefix_k.shape[0] == 1 < q.shape[0]
    scored = dense.scores(_as_one(q) if shared else q, prefix_k, scaling=scaling, softcap=softcap)
    far = _as_rows(scored, q.shape[0]) if shared else scored
    if prefix_seen is not None:
        far = far.masked_fill(~prefix_seen[:, :, None], float("-inf"))
    own = dense.scores(q, suffix_k, scaling=scaling, softcap=softcap)
    own = own.masked_fill(~suffix_seen[:, None, None], float("-inf"))
    p = dense.weights(torch.cat([far, own], -1), s_aux)
    out = dense.mix(p[..., T:], suffix_v)
    if shared:
        out += _as_rows(dense.mix(_as_one(p[..., :T]), prefix_v), q.shape[0])
    else:
        out += dense.mix(p[..., :T], prefix_v)
    return dense.ungroup(out), p[..., :T]


def _as_one(x: Tensor) -> Tensor:
    """All rows' queries as those of one: [B, K, G, S, D] -> [1, K, B * G, S, D]"""
    return x.transpose(0, 1).flatten(1, 2)[None]


def _as_rows(x: Tensor, rows: int) -> Tensor:
    """The inverse, a view: [1, K, B * G, S, D] -> [B, K, G, S, D]"""
    K, S, D = x.shape[1], x.shape[3], x.shape[4]
    return x[0].view(K, rows, -1, S, D).transpose(0, 1)
